//! Sends one event to one webhook: signed, to an address that was checked, and to no other.
//!
//! What is checked is what is connected to: the name is looked up once, every address of it is checked, and the connection is
//! made to those and not to the name. No redirect is followed and no proxy of the environment is asked. Everything here blocks.

use std::fmt;
use std::io::{self, Read as _};
use std::net::{IpAddr, SocketAddr, ToSocketAddrs as _};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use data_encoding::BASE64;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use ureq::http::header::{CONTENT_TYPE, HeaderMap, RETRY_AFTER};
use ureq::http::{Response, Uri};
use ureq::unversioned::resolver::{ArrayVec, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{
    ConnectionDetails, Connector, NextTimeout, RustlsConnector, TcpConnector,
};
use ureq::{Agent, Body};

use crate::app::cloud_event::MEDIA_TYPE;
use crate::app::identity_keys::{KeySourceError, trusting};
use crate::domain::destination::{Destinations, Refused};
use crate::domain::webhook::{Attempt, AttemptError, WebhookSecret};

/// How long a connection may take, the protection of it included.
const CONNECT_DEADLINE: Duration = Duration::from_secs(5);

/// How long the name of a host may take to be looked up.
const RESOLVE_DEADLINE: Duration = Duration::from_secs(5);

/// How long the whole may take.
const SEND_DEADLINE: Duration = Duration::from_secs(15);

/// How much of an answer's body is read, and thrown away, so that a receiver is not cut off in the middle of a word.
const MAX_ANSWER_BYTES: u64 = 4 * 1024;

/// The most addresses of a host that are tried, which is how many `ureq` takes.
const MAX_ADDRESSES: usize = 16;

/// Looks the addresses of a host up.
type Resolve = dyn Fn(&str, u16) -> io::Result<Vec<SocketAddr>> + Send + Sync;

/// Is told of each address before it is connected to, and may refuse.
type Admit = dyn Fn(SocketAddr) -> io::Result<()> + Send + Sync;

/// The network, as far as sending needs it; a test puts its own in the place of both.
#[derive(Clone)]
pub struct Network {
    /// Looks the addresses of a host up.
    pub resolve: Arc<Resolve>,
    /// Is told of each address, right before it is connected to.
    pub admit: Arc<Admit>,
}

impl Network {
    /// The network of this machine.
    #[must_use]
    pub fn system() -> Self {
        Self {
            resolve: Arc::new(|host, port| Ok((host, port).to_socket_addrs()?.collect())),
            admit: Arc::new(|_| Ok(())),
        }
    }
}

impl fmt::Debug for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Network")
    }
}

/// Looks up and checks. What it returns was checked, all of it.
#[derive(Debug)]
struct Checked {
    destinations: Destinations,
    network: Network,
}

impl Checked {
    fn addresses(&self, host: &str, port: u16) -> Result<Vec<SocketAddr>, ureq::Error> {
        // The system's resolver knows no deadline, so it gets a thread of its own, which ends when it does.
        let (tell, told) = mpsc::sync_channel(1);
        let (resolve, name) = (Arc::clone(&self.network.resolve), host.to_owned());
        std::thread::Builder::new()
            .spawn(move || tell.send(resolve(&name, port)).ok())
            .map_err(ureq::Error::Io)?;
        let found = match told.recv_timeout(RESOLVE_DEADLINE) {
            Ok(Ok(found)) => found,
            Ok(Err(_)) => return Err(ureq::Error::HostNotFound),
            Err(_) => return Err(ureq::Error::Timeout(ureq::Timeout::Resolve)),
        };
        if found.is_empty() {
            return Err(ureq::Error::HostNotFound);
        }
        let addresses: Vec<IpAddr> = found.iter().map(SocketAddr::ip).collect();
        self.destinations
            .check_all(&addresses)
            .map_err(|refused| ureq::Error::Other(Box::new(refused)))?;
        Ok(found)
    }
}

impl Resolver for Checked {
    fn resolve(
        &self,
        uri: &Uri,
        _: &ureq::config::Config,
        _: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let host = uri.host().unwrap_or_default();
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        let default = if uri.scheme_str() == Some("http") {
            80
        } else {
            443
        };
        let port = uri.port_u16().unwrap_or(default);
        let nowhere = SocketAddr::from(([0, 0, 0, 0], 0));
        let mut checked = ArrayVec::from_fn(|_| nowhere);
        for address in self.addresses(bare, port)?.into_iter().take(MAX_ADDRESSES) {
            checked.push(address);
        }
        Ok(checked)
    }
}

/// Stands before every connection: whatever is about to be connected to is checked once more, and told.
#[derive(Debug)]
struct Gate {
    destinations: Destinations,
    network: Network,
}

impl Connector<()> for Gate {
    type Out = ();

    fn connect(
        &self,
        details: &ConnectionDetails,
        _: Option<()>,
    ) -> Result<Option<()>, ureq::Error> {
        for address in details.addrs.iter() {
            self.destinations
                .check(address.ip())
                .map_err(|refused| ureq::Error::Other(Box::new(refused)))?;
            (self.network.admit)(*address).map_err(ureq::Error::Io)?;
        }
        Ok(None)
    }
}

/// What is sent.
pub(super) struct Message<'a> {
    /// The id by which a receiver knows it again.
    pub(super) id: &'a str,
    /// When it is sent.
    pub(super) at: DateTime<Utc>,
    /// The event.
    pub(super) body: &'a [u8],
    /// What to sign it with, the newest first.
    pub(super) secrets: &'a [WebhookSecret],
}

impl Message<'_> {
    /// The signatures of Standard Webhooks, one for each secret, with spaces between; `None` where there is none to sign with.
    pub(super) fn signatures(&self) -> Option<String> {
        let at = self.at.timestamp().to_string();
        let sign = |secret: &WebhookSecret| {
            let key = secret.key()?;
            let mut mac = Hmac::<Sha256>::new_from_slice(&key).ok()?;
            for part in [self.id.as_bytes(), b".", at.as_bytes(), b".", self.body] {
                mac.update(part);
            }
            Some(format!(
                "v1,{}",
                BASE64.encode(&mac.finalize().into_bytes())
            ))
        };
        let signatures: Vec<_> = self.secrets.iter().filter_map(sign).collect();
        (!signatures.is_empty()).then(|| signatures.join(" "))
    }
}

/// Sends to webhooks.
pub struct Sender {
    destinations: Destinations,
    agent: Agent,
}

impl Sender {
    /// Prepares to send, where the settings allow it. Reads the certificates that the system trusts; where there are none, only
    /// what is allowed unprotected can be sent, and the log says so.
    #[must_use]
    pub fn new(destinations: Destinations, network: Network) -> Self {
        let mut config = Agent::config_builder()
            .timeout_global(Some(SEND_DEADLINE))
            .timeout_connect(Some(CONNECT_DEADLINE))
            // Whoever answers with a redirect is not who was asked for.
            .max_redirects(0)
            .max_redirects_will_error(false)
            .http_status_as_error(false)
            // A proxy of the environment would connect to what was not checked.
            .proxy(None)
            // Each connection is checked, so none is kept.
            .max_idle_connections(0)
            .max_idle_connections_per_host(0)
            .user_agent(concat!("Alongside/", env!("CARGO_PKG_VERSION")));
        match trusting(None) {
            Ok(tls) => config = config.tls_config(tls),
            Err(KeySourceError::File(path, _) | KeySourceError::NoRoots(path)) => log::warn!(
                path = path.display().to_string().as_str();
                "no certificates to trust are here: nothing can be sent to webhooks by https"
            ),
            Err(_) => {}
        }
        let gate = Gate {
            destinations: destinations.clone(),
            network: network.clone(),
        };
        let checked = Checked {
            destinations: destinations.clone(),
            network,
        };
        let connector = gate
            .chain(TcpConnector::default())
            .chain(RustlsConnector::default());
        Self {
            destinations,
            agent: Agent::with_parts(config.build(), connector, checked),
        }
    }

    /// Sends a message and says what came of it.
    pub(super) fn send(&self, url: &str, message: &Message<'_>) -> Attempt {
        let failed = |error| Attempt {
            error: Some(error),
            status: None,
            retry_after: None,
        };
        // Checked when it was given, and again: what is allowed may have changed since.
        let Ok(destination) = self.destinations.read(url) else {
            return failed(AttemptError::Address);
        };
        let Some(signatures) = message.signatures() else {
            return failed(AttemptError::Internal);
        };
        let sent = self
            .agent
            .post(destination.as_str())
            .header(CONTENT_TYPE, MEDIA_TYPE)
            .header("webhook-id", message.id)
            .header("webhook-timestamp", message.at.timestamp().to_string())
            .header("webhook-signature", signatures)
            .send(message.body);
        match sent {
            Ok(answer) => attempt(answer, message.at),
            Err(error) => failed(why(&error)),
        }
    }
}

/// What an answer says. Its body is read a little, and thrown away.
fn attempt(answer: Response<Body>, now: DateTime<Utc>) -> Attempt {
    let status = answer.status();
    let error = if status.is_success() {
        None
    } else if status.is_redirection() {
        Some(AttemptError::Redirect)
    } else {
        Some(AttemptError::Status)
    };
    let asks = matches!(status.as_u16(), 429 | 503);
    let retry_after = asks.then(|| retry_after(answer.headers(), now)).flatten();
    let mut body = answer.into_body().into_reader().take(MAX_ANSWER_BYTES);
    // Whatever it says, and however it breaks off, the answer was given.
    io::copy(&mut body, &mut io::sink()).ok();
    Attempt {
        error,
        status: Some(status.as_u16()),
        retry_after,
    }
}

/// How long a receiver asks us to wait: in seconds, or until a date.
fn retry_after(headers: &HeaderMap, now: DateTime<Utc>) -> Option<TimeDelta> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse::<u32>() {
        return TimeDelta::try_seconds(seconds.into());
    }
    let at = DateTime::parse_from_rfc2822(text).ok()?;
    Some(at.with_timezone(&Utc) - now)
}

/// Why nothing was answered.
fn why(error: &ureq::Error) -> AttemptError {
    match error {
        ureq::Error::Timeout(_) => AttemptError::Timeout,
        ureq::Error::HostNotFound => AttemptError::Name,
        ureq::Error::Io(error) => match error.kind() {
            io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => AttemptError::Timeout,
            io::ErrorKind::InvalidData
                if error
                    .get_ref()
                    .is_some_and(|inner| inner.is::<rustls::Error>()) =>
            {
                AttemptError::Tls
            }
            _ => AttemptError::Connection,
        },
        ureq::Error::ConnectionFailed => AttemptError::Connection,
        ureq::Error::Tls(_) | ureq::Error::Pem(_) | ureq::Error::Rustls(_) => AttemptError::Tls,
        ureq::Error::Other(cause) if cause.is::<Refused>() => AttemptError::Address,
        _ => AttemptError::Protocol,
    }
}

#[cfg(test)]
#[path = "sending_tests.rs"]
mod tests;
