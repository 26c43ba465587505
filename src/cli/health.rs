//! `alongside health`: whether the service on this machine answers, for containers and scripts.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use ureq::tls::TlsConfig;

use crate::cli::failure::Failure;
use crate::cli::stdout::print;
use crate::config::{Config, DEFAULT_PORT, Listening};

/// How long the service may take to answer.
const TIMEOUT: Duration = Duration::from_secs(2);

/// Where the service says that it is there.
const PROBE: &str = "/_ping";

/// Asks a running service whether it is there
///
/// Ends with 0 where it answers within two seconds, and with 1 otherwise. Asks at the configured address and port unless
/// told otherwise.
#[expect(
    clippy::doc_markdown,
    reason = "these comments are the help text, which shows backticks as they are"
)]
#[derive(Args)]
#[command(after_help = "\
Examples:
  alongside health
  alongside health --url http://127.0.0.1:8090")]
pub struct Health {
    /// Where the service answers, for example http://127.0.0.1:8080 [default: the configured address and port]
    #[arg(long, value_name = "URL", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    url: Option<String>,
}

impl Health {
    /// Asks, and says what came back.
    ///
    /// # Errors
    ///
    /// [`Failure::Unhealthy`] where no good answer comes; [`Failure::NoPlainUrl`], [`Failure::UnknownPort`],
    /// [`Failure::Config`] and [`Failure::Output`].
    pub fn run(&self, config: &Config) -> Result<(), Failure> {
        let url = match &self.url {
            Some(url) => {
                let url = url.trim().trim_end_matches('/');
                if !is_plain(url) {
                    return Err(Failure::NoPlainUrl);
                }
                url.to_owned()
            }
            None => match config.port()?.unwrap_or(DEFAULT_PORT) {
                0 => return Err(Failure::UnknownPort),
                port => own_url(&config.listening()?, port),
            },
        };
        match ask(&url) {
            Ok(()) => print(&format!("{url} is healthy\n")),
            Err(error) => Err(Failure::Unhealthy {
                url,
                why: error.to_string(),
            }),
        }
    }
}

/// Where a service with these settings answers on this machine.
fn own_url(listening: &Listening, port: u16) -> String {
    let scheme = match listening.tls {
        Some(_) => "https",
        None => "http",
    };
    // One that listens on every address listens on the loopback ones too.
    let address = match listening.address {
        IpAddr::V4(address) if address.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(address) if address.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        address => address,
    };
    format!("{scheme}://{}", SocketAddr::new(address, port))
}

/// Whether a URL is `http://HOST` or `http://HOST:PORT`, which holds no password and may be repeated.
fn is_plain(url: &str) -> bool {
    let Some(place) = url.strip_prefix("http://") else {
        return false;
    };
    if place.parse::<SocketAddr>().is_ok() {
        return true;
    }
    let (host, port) = place.split_once(':').unwrap_or((place, "80"));
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-');
    !host.is_empty() && host.chars().all(is_name) && port.parse::<u16>().is_ok()
}

fn ask(url: &str) -> Result<(), ureq::Error> {
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .timeout_global(Some(TIMEOUT))
        // The service is on this machine; a proxy of the environment would answer for it.
        .proxy(None)
        // Whatever sends us elsewhere is not the service.
        .max_redirects(0)
        .max_redirects_will_error(true)
        .tls_config(
            TlsConfig::builder()
                // The certificate is for the name that callers use, not for this address; nothing secret is sent or learned.
                .disable_verification(true)
                .unversioned_rustls_crypto_provider(Arc::new(
                    rustls::crypto::aws_lc_rs::default_provider(),
                ))
                .build(),
        )
        .build()
        .into();
    agent.get(format!("{url}{PROBE}")).call().map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_url_that_holds_no_password_is_asked() {
        for url in [
            "http://127.0.0.1:8080",
            "http://[::1]:8080",
            "http://localhost",
        ] {
            assert!(is_plain(url), "{url}");
        }
        for url in [
            "",
            "nonsense",
            "http://",
            "http://u:p@h:1",
            "http://u:p",
            "http://h/x",
            "http://h?p",
            "ftp://h",
        ] {
            assert!(!is_plain(url), "{url}");
        }
    }
}
