//! Where the service listens, how connections are protected, and how callers are known.

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::path::PathBuf;

use chrono::TimeDelta;
use ureq::http::Uri;

use super::{Config, ConfigError, DEFAULT_ADDRESS, Given, Setting};
use crate::app::identity::{IdentitySettings, RoleNames};
use crate::app::identity_keys::KeySource;
use crate::http::{CallerLimit, Peers};

/// The most requests in a minute that a limit may allow.
const MAX_PER_MINUTE: u32 = 1_000_000;

/// How far the clocks of the service and of the identity provider may be apart unless told otherwise, in seconds.
const DEFAULT_LEEWAY_S: u16 = 60;

/// The most that they may be apart.
const MAX_LEEWAY_S: u16 = 600;

/// Where the service listens, and what protects the connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listening {
    /// The address.
    pub address: IpAddr,
    /// The certificate of the service and its key; `None` is plain HTTP.
    pub tls: Option<TlsFiles>,
    /// Whether a proxy stands between.
    pub peers: Peers,
}

/// A certificate and its key, each a PEM file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsFiles {
    /// The certificate, and those between it and a trusted one.
    pub certificate: PathBuf,
    /// Its key.
    pub key: PathBuf,
}

impl Config {
    /// Where to listen. An address that other machines can reach needs TLS, or a proxy that has it: keys would cross the
    /// network for all to read.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Refused`] for what is no address, and for one that others can reach without protection;
    /// [`ConfigError::Lacks`] for a certificate without its key or the other way round.
    pub fn listening(&self) -> Result<Listening, ConfigError> {
        let listening = Listening {
            address: self.address()?,
            tls: self.tls()?,
            peers: self.peers()?,
        };
        if let Some(given) = self.given(Setting::Address)
            && !listening.address.is_loopback()
            && listening.tls.is_none()
            && listening.peers == Peers::Direct
        {
            let address = listening.address;
            return Err(given.refused(format!(
                "must be a loopback address such as 127.0.0.1 or ::1, not {address}, unless the connection is protected: \
                 keys would cross the network for all to read; give --tls-certificate and --tls-key, or --behind-proxy \
                 where a proxy has them"
            )));
        }
        Ok(listening)
    }

    fn address(&self) -> Result<IpAddr, ConfigError> {
        let Some(given) = self.given(Setting::Address) else {
            return Ok(DEFAULT_ADDRESS);
        };
        given.text.trim().parse().map_err(|_malformed| {
            let text = &given.text;
            given.refused(format!(
                "is an IP address such as 127.0.0.1 or ::1, not {text:?}"
            ))
        })
    }

    fn tls(&self) -> Result<Option<TlsFiles>, ConfigError> {
        let (certificate, key) = (Setting::TlsCertificate, Setting::TlsKey);
        match (self.given(certificate), self.given(key)) {
            (None, None) => Ok(None),
            (Some(certificate), Some(key)) => Ok(Some(TlsFiles {
                certificate: PathBuf::from(&certificate.text),
                key: PathBuf::from(&key.text),
            })),
            (Some(given), None) => Err(given.lacks(key)),
            (None, Some(given)) => Err(given.lacks(certificate)),
        }
    }

    fn peers(&self) -> Result<Peers, ConfigError> {
        let Some(given) = self.given(Setting::BehindProxy) else {
            return Ok(Peers::Direct);
        };
        match given.text.as_str() {
            "true" => Ok(Peers::BehindProxy),
            "false" => Ok(Peers::Direct),
            other => Err(given.refused(format!("is true or false, not {other:?}"))),
        }
    }

    /// The file of the installation's secret, where one was given.
    #[must_use]
    pub fn secret_file(&self) -> Option<PathBuf> {
        self.path(Setting::SecretFile)
    }

    /// The file to write the first key of a programme admin to, where one was given.
    #[must_use]
    pub fn admin_key_file(&self) -> Option<PathBuf> {
        self.path(Setting::AdminKeyFile)
    }

    fn path(&self, setting: Setting) -> Option<PathBuf> {
        self.given(setting).map(|given| PathBuf::from(&given.text))
    }

    /// How often a caller may ask; `None` is as often as it likes.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Refused`] for anything but a number from 0, which is no limit, to a million.
    pub fn rate_limit(&self) -> Result<Option<CallerLimit>, ConfigError> {
        let Some(given) = self.given(Setting::RateLimit) else {
            return Ok(Some(CallerLimit::DEFAULT));
        };
        match given.text.trim().parse::<u32>() {
            Ok(number) if number <= MAX_PER_MINUTE => {
                Ok(NonZeroU32::new(number).map(|per_minute| CallerLimit { per_minute }))
            }
            Ok(_) | Err(_) => Err(given.refused(format!(
                "is a number of requests a minute from 0, which is no limit, to {MAX_PER_MINUTE}, not {:?}",
                given.text
            ))),
        }
    }

    /// Whose tokens are taken beside keys; `None` where nobody's are.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Lacks`] where some of the issuer, the audience and its keys are given and others are not;
    /// [`ConfigError::Refused`] for an address of keys that is neither `https://` nor of this machine, and for a wrong leeway.
    pub fn identity(&self) -> Result<Option<IdentitySettings>, ConfigError> {
        let needed = [
            Setting::OidcIssuer,
            Setting::OidcAudience,
            Setting::OidcJwks,
        ];
        let Some(any) = Setting::ALL
            .iter()
            .filter(|setting| setting.as_str().starts_with("oidc_"))
            .find_map(|&setting| self.given(setting))
        else {
            return Ok(None);
        };
        let [Some(issuer), Some(audience), Some(jwks)] = needed.map(|setting| self.given(setting))
        else {
            let missing = needed.into_iter().find(|&s| self.given(s).is_none());
            return Err(any.lacks(missing.unwrap_or(Setting::OidcIssuer)));
        };
        let text = |setting, default: &str| match self.given(setting) {
            Some(given) => given.text.trim().to_owned(),
            None => default.to_owned(),
        };
        let audiences = audience.text.split(',').map(str::trim);
        Ok(Some(IdentitySettings {
            issuer: issuer.text.trim().to_owned(),
            audiences: audiences
                .filter(|audience| !audience.is_empty())
                .map(str::to_owned)
                .collect(),
            keys: self.key_source(jwks)?,
            role_claim: text(Setting::OidcRoleClaim, "roles"),
            ods_claim: text(Setting::OidcOdsClaim, "ods_code"),
            roles: RoleNames {
                site: text(Setting::OidcSiteRole, "site"),
                programme_admin: text(Setting::OidcAdminRole, "programme_admin"),
                viewer: text(Setting::OidcViewerRole, "viewer"),
            },
            leeway: self.leeway()?,
        }))
    }

    fn key_source(&self, jwks: &Given) -> Result<KeySource, ConfigError> {
        let text = jwks.text.trim();
        if !text.contains("://") {
            return Ok(KeySource::File(PathBuf::from(text)));
        }
        if !is_fetchable(text) {
            // Not repeated, since an address can hold a password.
            return Err(jwks.refused(
                "is a file, an address https://HOST/PATH, or http://HOST/PATH of this machine, without a password",
            ));
        }
        Ok(KeySource::Url {
            url: text.to_owned(),
            roots: self.path(Setting::OidcCaFile),
        })
    }

    fn leeway(&self) -> Result<TimeDelta, ConfigError> {
        let Some(given) = self.given(Setting::OidcLeeway) else {
            return Ok(TimeDelta::seconds(DEFAULT_LEEWAY_S.into()));
        };
        match given.text.trim().parse::<u16>() {
            Ok(seconds) if seconds <= MAX_LEEWAY_S => Ok(TimeDelta::seconds(seconds.into())),
            Ok(_) | Err(_) => Err(given.refused(format!(
                "is a number of seconds from 0 to {MAX_LEEWAY_S}, not {:?}",
                given.text
            ))),
        }
    }
}

impl Given {
    pub(super) fn lacks(&self, other: Setting) -> ConfigError {
        ConfigError::Lacks(self.origin.clone(), other.flag())
    }
}

/// Whether keys may be fetched from an address: nobody on the way can change them, and it holds no password.
fn is_fetchable(url: &str) -> bool {
    let Ok(uri) = url.parse::<Uri>() else {
        return false;
    };
    let (Some(authority), Some(host)) = (uri.authority(), uri.host()) else {
        return false;
    };
    if authority.as_str().contains('@') || host.is_empty() {
        return false;
    }
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    match uri.scheme_str() {
        Some("https") => true,
        Some("http") => {
            host.eq_ignore_ascii_case("localhost")
                || bare
                    .parse::<IpAddr>()
                    .is_ok_and(|address| address.is_loopback())
        }
        Some(_) | None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_fetched_where_nobody_can_change_them() {
        for good in [
            "https://id.example.nhs.uk/jwks",
            "http://localhost:8081/certs?x=1",
            "http://127.0.0.1/x",
            "http://[::1]:80/x",
        ] {
            assert!(is_fetchable(good), "{good}");
        }
        for bad in [
            "http://id.example.nhs.uk/jwks",
            "https://u:p@id.example.nhs.uk/jwks",
            "ftp://localhost/x",
            "http://localhost.example.org/x",
            "https://",
            "https:///x",
        ] {
            assert!(!is_fetchable(bad), "{bad}");
        }
    }
}
