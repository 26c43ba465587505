//! Where the service sends what happened: webhooks and e-mail.

use std::net::IpAddr;

use lettre::SmtpTransport;
use url::{Host, Url};

use super::{Config, ConfigError, Given, Setting};
use crate::app::delivery::DeliverySettings;
use crate::app::mail::MailSettings;
use crate::domain::contact::EmailAddress;
use crate::domain::destination::Destinations;
use crate::domain::webhook::{Backoff, FIRST_WAIT_MS};

impl Config {
    /// How events are told.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Refused`] for what is no range of addresses, no address of a mail server or none that protects a password, no
    /// e-mail address and no address of the web; [`ConfigError::Lacks`] for a mail server without a sender or a public address.
    pub fn delivery(&self) -> Result<DeliverySettings, ConfigError> {
        let public_url = self.public_url()?;
        Ok(DeliverySettings {
            destinations: self.destinations()?,
            backoff: self.backoff()?,
            mail: self.mail(public_url.as_deref())?,
            public_url,
        })
    }

    fn destinations(&self) -> Result<Destinations, ConfigError> {
        let mut allowed = Vec::new();
        if let Some(given) = self.given(Setting::WebhookAllow) {
            for range in given.text.split(',') {
                let range = range.parse().map_err(|fault| {
                    given.refused(format!("{fault}; several with commas between"))
                })?;
                allowed.push(range);
            }
        }
        let allows_http = match self.given(Setting::WebhookAllowHttp) {
            None => false,
            Some(given) => match given.text.as_str() {
                "true" => true,
                "false" => false,
                other => return Err(given.refused(format!("is true or false, not {other:?}"))),
            },
        };
        Ok(Destinations {
            allowed,
            allows_http,
        })
    }

    fn backoff(&self) -> Result<Backoff, ConfigError> {
        let Some(given) = self.given(Setting::WebhookRetryMs) else {
            return Ok(Backoff::default());
        };
        match given.text.trim().parse::<u32>() {
            Ok(first_ms @ 1..=FIRST_WAIT_MS) => Ok(Backoff { first_ms }),
            Ok(_) | Err(_) => Err(given.refused(format!(
                "is a number of milliseconds from 1 to {FIRST_WAIT_MS}, not {:?}",
                given.text
            ))),
        }
    }

    fn public_url(&self) -> Result<Option<String>, ConfigError> {
        let Some(given) = self.given(Setting::PublicUrl) else {
            return Ok(None);
        };
        let text = given.text.trim().trim_end_matches('/');
        let url = Url::parse(text).ok().filter(|url| {
            matches!(url.scheme(), "http" | "https")
                && url.has_host()
                && url.username().is_empty()
                && url.password().is_none()
                && url.query().is_none()
                && url.fragment().is_none()
        });
        match url {
            Some(_) => Ok(Some(text.to_owned())),
            // Not repeated, since an address can hold a password.
            None => Err(given.refused("is an address such as https://alongside.example.nhs.uk")),
        }
    }

    /// How mail is sent; `None` where it is not.
    ///
    /// # Errors
    ///
    /// As [`delivery`](Self::delivery).
    fn mail(&self, public_url: Option<&str>) -> Result<Option<MailSettings>, ConfigError> {
        let Some(server) = self.given(Setting::SmtpUrl) else {
            return match self.given(Setting::MailFrom) {
                None => Ok(None),
                Some(from) => Err(from.lacks(Setting::SmtpUrl)),
            };
        };
        let Some(from) = self.given(Setting::MailFrom) else {
            return Err(server.lacks(Setting::MailFrom));
        };
        let Some(public_url) = public_url else {
            return Err(server.lacks(Setting::PublicUrl));
        };
        let from = EmailAddress::new(&from.text).map_err(|rule| from.refused(rule.to_string()))?;
        Ok(Some(MailSettings {
            server: mail_server(server)?,
            from,
            public_url: public_url.to_owned(),
        }))
    }
}

/// Reads the address of a mail server. It is not repeated, since it holds a password.
fn mail_server(given: &Given) -> Result<String, ConfigError> {
    let text = given.text.trim();
    let refused = || {
        given.refused(
            "is smtps://USER:PASSWORD@HOST, smtp://USER:PASSWORD@HOST?tls=required, or smtp://HOST of this machine",
        )
    };
    let url = Url::parse(text).map_err(|_secret| refused())?;
    let is_protected = match url.scheme() {
        "smtps" => true,
        "smtp" => url
            .query_pairs()
            .any(|(name, value)| name == "tls" && value == "required"),
        _ => return Err(refused()),
    };
    // The parser takes the host of a scheme that is not the web's as a name, whatever it is.
    let is_loopback = match url.host() {
        Some(Host::Domain(name)) => {
            name == "localhost" || name.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
        }
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    if !(is_protected || is_loopback) || SmtpTransport::from_url(text).is_err() {
        return Err(refused());
    }
    Ok(text.to_owned())
}
