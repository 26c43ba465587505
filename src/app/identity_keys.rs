//! The keys that an identity provider signs with: read from its JWKS (RFC 7517), kept, and read again when they change.
//!
//! Reading is for blocking threads alone; everything else reads what is held.

use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;
use std::{fs, io};

use chrono::{DateTime, TimeDelta, Utc};
use jsonwebtoken::jwk::{
    AlgorithmParameters, EllipticCurve, Jwk, KeyAlgorithm, KeyOperations, PublicKeyUse,
};
use jsonwebtoken::{Algorithm, DecodingKey};
use serde::Deserialize;
use tokio::sync::Mutex;
use ureq::tls::{PemItem, RootCerts, TlsConfig, parse_pem};

use crate::logging::chain;

/// The least time between two readings that tokens of unknown keys ask for.
pub(super) const MIN_BETWEEN: TimeDelta = TimeDelta::seconds(30);

/// How often the keys are read without being asked for.
pub const READ_EVERY: Duration = Duration::from_secs(10 * 60);

/// How long a JWKS may take to arrive.
const FETCH_DEADLINE: Duration = Duration::from_secs(5);

/// The largest JWKS that is read, in bytes; those of large providers have about 10,000.
const MAX_BYTES: u64 = 256 * 1024;

/// The most keys that are taken from one.
const MAX_KEYS: usize = 100;

/// Where systems keep the certificates that they trust: Debian, Red Hat, SUSE, Alpine and macOS.
const SYSTEM_ROOTS: [&str; 4] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
];

/// Where the JWKS is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeySource {
    /// In a file.
    File(PathBuf),
    /// At an address: `https://`, or `http://` on this machine.
    Url {
        /// The address.
        url: String,
        /// A PEM file of the certificates to trust; `None` is what the system trusts.
        roots: Option<PathBuf>,
    },
}

/// Why the keys cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum KeySourceError {
    /// The file cannot be read.
    #[error("cannot read the file {}", .0.display())]
    File(PathBuf, #[source] io::Error),
    /// There are no certificates to trust.
    #[error("{} holds no certificates to trust", .0.display())]
    NoRoots(PathBuf),
    /// The address does not answer as it should.
    #[error("cannot fetch {0}")]
    Fetch(String, #[source] Box<ureq::Error>),
    /// It is too large.
    #[error("the key set has more than {MAX_BYTES} bytes")]
    TooLarge,
    /// It is no JWKS.
    #[error("the key set is not one (RFC 7517)")]
    Malformed(#[source] serde_json::Error),
}

/// One key, and what it may have signed.
struct SigningKey {
    id: Option<String>,
    algorithms: Vec<Algorithm>,
    key: DecodingKey,
}

/// The keys of one reading.
pub(super) struct KeySet {
    keys: Vec<SigningKey>,
    /// Which reading it is of, so that what was verified with another is verified anew.
    pub(super) generation: u64,
    bytes: Vec<u8>,
}

impl KeySet {
    /// The key that a token names. A token that names none is of the only key there is.
    pub(super) fn find(&self, id: Option<&str>, algorithm: Algorithm) -> Option<&DecodingKey> {
        let fits = |key: &&SigningKey| key.algorithms.contains(&algorithm);
        match id {
            Some(id) => self
                .keys
                .iter()
                .filter(|key| key.id.as_deref() == Some(id))
                .find(fits)
                .map(|key| &key.key),
            None => match self.keys.as_slice() {
                [only] => Some(only).filter(fits).map(|key| &key.key),
                _ => None,
            },
        }
    }
}

/// When the keys were read last, and whether that went well.
#[derive(Debug, Default)]
struct LastReading {
    at: Option<DateTime<Utc>>,
    is_lost: bool,
}

/// The keys of a provider.
pub(super) struct SigningKeys {
    source: KeySource,
    held: RwLock<Arc<KeySet>>,
    /// Held by who reads, so that many who meet an unknown key at once wait for one reading.
    reading: Arc<Mutex<LastReading>>,
}

impl SigningKeys {
    /// Reads the keys for the first time. Blocking. A file has to be readable; an address that does not answer is asked again
    /// later, since the provider may start after us.
    pub(super) fn open(source: KeySource, now: DateTime<Utc>) -> Result<Self, KeySourceError> {
        let keys = Self {
            source,
            held: RwLock::new(Arc::new(KeySet {
                keys: Vec::new(),
                generation: 0,
                bytes: Vec::new(),
            })),
            reading: Arc::default(),
        };
        match load(&keys.source) {
            Ok(bytes) => keys.replace(bytes)?,
            Err(error) if matches!(keys.source, KeySource::File(_)) => return Err(error),
            Err(error) => {
                tell_lost(&error);
                // Nobody else has it yet.
                if let Ok(mut last) = keys.reading.try_lock() {
                    *last = LastReading {
                        at: Some(now),
                        is_lost: true,
                    };
                }
            }
        }
        Ok(keys)
    }

    /// The keys there are.
    pub(super) fn held(&self) -> Arc<KeySet> {
        Arc::clone(&self.held.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Reads the keys again on a blocking thread, unless that was done less than `least` ago. Where it fails, those that are
    /// held stay, and the log hears of it once.
    pub(super) async fn refresh(self: &Arc<Self>, now: DateTime<Utc>, least: TimeDelta) {
        let mut last = Arc::clone(&self.reading).lock_owned().await;
        // A clock that was set back makes nothing recent.
        let is_recent = last
            .at
            .is_some_and(|at| (TimeDelta::zero()..least).contains(&(now - at)));
        if is_recent {
            return;
        }
        last.at = Some(now);
        let keys = Arc::clone(self);
        // The thread takes the turn along: where nobody waits for it any longer, it ends its work all the same.
        let work = move || {
            let outcome = load(&keys.source).and_then(|bytes| keys.replace(bytes));
            match outcome {
                Ok(()) if last.is_lost => {
                    log::info!("the keys of the identity provider can be read again");
                    last.is_lost = false;
                }
                Ok(()) => {}
                Err(_) if last.is_lost => {}
                Err(error) => {
                    tell_lost(&error);
                    last.is_lost = true;
                }
            }
        };
        if let Err(panic) = tokio::task::spawn_blocking(work).await {
            log::error!("reading the keys of the identity provider failed: {panic}");
        }
    }

    /// Puts what was read in the place of what is held, where it is another.
    fn replace(&self, bytes: Vec<u8>) -> Result<(), KeySourceError> {
        let held = self.held();
        if held.bytes == bytes {
            return Ok(());
        }
        let keys = parse(&bytes)?;
        log::info!(keys = keys.len(); "read the keys of the identity provider");
        let fresh = Arc::new(KeySet {
            keys,
            generation: held.generation + 1,
            bytes,
        });
        *self.held.write().unwrap_or_else(PoisonError::into_inner) = fresh;
        Ok(())
    }
}

fn tell_lost(error: &KeySourceError) {
    log::error!(
        "cannot read the keys of the identity provider, going on with those read before: {}",
        chain(error)
    );
}

/// A key set as it is written; its keys are read one by one, so that one that is not understood spoils no other.
#[derive(Deserialize)]
struct WrittenSet {
    keys: Vec<serde_json::Value>,
}

fn parse(bytes: &[u8]) -> Result<Vec<SigningKey>, KeySourceError> {
    let written: WrittenSet = serde_json::from_slice(bytes).map_err(KeySourceError::Malformed)?;
    let keys = written.keys.into_iter().take(MAX_KEYS).filter_map(|key| {
        let key: Jwk = serde_json::from_value(key).ok()?;
        let algorithms = algorithms(&key);
        (!algorithms.is_empty()).then_some(())?;
        Some(SigningKey {
            key: DecodingKey::from_jwk(&key).ok()?,
            id: key.common.key_id,
            algorithms,
        })
    });
    Ok(keys.collect())
}

/// What a key may have signed; nothing where it is for something else, or of a kind that is not taken. Never a shared secret:
/// who can verify with one can sign with it.
fn algorithms(key: &Jwk) -> Vec<Algorithm> {
    let is_for_signatures = key
        .common
        .public_key_use
        .as_ref()
        .is_none_or(|purpose| *purpose == PublicKeyUse::Signature);
    let may_verify = key
        .common
        .key_operations
        .as_ref()
        .is_none_or(|operations| operations.contains(&KeyOperations::Verify));
    if !is_for_signatures || !may_verify {
        return Vec::new();
    }
    let of_kind: &[Algorithm] = match &key.algorithm {
        AlgorithmParameters::RSA(_) => &[
            Algorithm::RS256,
            Algorithm::RS384,
            Algorithm::RS512,
            Algorithm::PS256,
            Algorithm::PS384,
            Algorithm::PS512,
        ],
        AlgorithmParameters::EllipticCurve(curve) => match curve.curve {
            EllipticCurve::P256 => &[Algorithm::ES256],
            EllipticCurve::P384 => &[Algorithm::ES384],
            _ => &[],
        },
        AlgorithmParameters::OctetKeyPair(pair) => match pair.curve {
            EllipticCurve::Ed25519 => &[Algorithm::EdDSA],
            _ => &[],
        },
        _ => &[],
    };
    let of_kind = of_kind.iter().copied();
    match key.common.key_algorithm {
        None => of_kind.collect(),
        Some(only) => of_kind
            .filter(|&algorithm| KeyAlgorithm::from(algorithm) == only)
            .collect(),
    }
}

fn load(source: &KeySource) -> Result<Vec<u8>, KeySourceError> {
    match source {
        KeySource::File(path) => read(path),
        KeySource::Url { url, roots } => fetch(url, roots.as_deref()),
    }
}

fn read(path: &Path) -> Result<Vec<u8>, KeySourceError> {
    use io::Read as _;

    let unreadable = |error| KeySourceError::File(path.to_owned(), error);
    let mut bytes = Vec::new();
    fs::File::open(path)
        .map_err(unreadable)?
        .take(MAX_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(unreadable)?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(KeySourceError::TooLarge);
    }
    Ok(bytes)
}

fn fetch(url: &str, roots: Option<&Path>) -> Result<Vec<u8>, KeySourceError> {
    let failed = |error| KeySourceError::Fetch(url.to_owned(), Box::new(error));
    let is_secure = url.starts_with("https://");
    let mut config = ureq::Agent::config_builder()
        .timeout_global(Some(FETCH_DEADLINE))
        // Whatever sends us elsewhere is not what was set up.
        .max_redirects(0)
        .max_redirects_will_error(true);
    if is_secure {
        config = config.tls_config(trusting(roots)?);
    } else {
        // It is on this machine; a proxy of the environment would answer for it.
        config = config.proxy(None);
    }
    let agent: ureq::Agent = config.build().into();
    let mut answer = agent.get(url).call().map_err(failed)?;
    let body = answer.body_mut().with_config().limit(MAX_BYTES);
    body.read_to_vec().map_err(failed)
}

/// TLS that trusts the certificates of a file.
pub(super) fn trusting(roots: Option<&Path>) -> Result<TlsConfig, KeySourceError> {
    let path = match roots {
        Some(path) => path,
        None => SYSTEM_ROOTS
            .iter()
            .map(Path::new)
            .find(|path| path.is_file())
            .unwrap_or_else(|| Path::new(SYSTEM_ROOTS[0])),
    };
    let pem = fs::read(path).map_err(|error| KeySourceError::File(path.to_owned(), error))?;
    let roots: Vec<_> = parse_pem(&pem)
        .filter_map(|item| match item {
            Ok(PemItem::Certificate(certificate)) => Some(certificate),
            Ok(_) | Err(_) => None,
        })
        .collect();
    if roots.is_empty() {
        return Err(KeySourceError::NoRoots(path.to_owned()));
    }
    Ok(TlsConfig::builder()
        .root_certs(RootCerts::new_with_certs(&roots))
        .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
        .build())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn usable(key: &serde_json::Value) -> Vec<Algorithm> {
        let set = serde_json::json!({ "keys": [{ "kty": "new" }, 7, key] });
        let keys = parse(set.to_string().as_bytes()).unwrap();
        keys.into_iter().flat_map(|key| key.algorithms).collect()
    }

    #[test]
    fn only_public_keys_for_signatures_are_taken() {
        let x = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
        let key = |more: serde_json::Value| {
            let mut key = serde_json::json!({ "kty": "OKP", "crv": "Ed25519", "x": x, "kid": "1" });
            key.as_object_mut()
                .unwrap()
                .extend(more.as_object().unwrap().clone());
            key
        };
        let with = |more| usable(&key(more));
        assert_eq!(with(serde_json::json!({})), [Algorithm::EdDSA]);
        assert_eq!(
            with(serde_json::json!({ "alg": "EdDSA", "use": "sig", "key_ops": ["verify"] })),
            [Algorithm::EdDSA]
        );
        for other in [
            serde_json::json!({ "use": "enc" }),
            serde_json::json!({ "alg": "ES256" }),
            serde_json::json!({ "key_ops": ["encrypt"] }),
        ] {
            assert_eq!(with(other.clone()), [], "{other}");
        }
        let shared = serde_json::json!({ "kty": "oct", "k": "c2VjcmV0", "alg": "HS256" });
        assert_eq!(usable(&shared), []);
    }

    #[test]
    fn what_is_no_key_set_is_refused() {
        for bytes in ["", "{}", "[]", "{\"keys\": 1}"] {
            assert!(parse(bytes.as_bytes()).is_err(), "{bytes}");
        }
        assert!(parse(b"{\"keys\": []}").unwrap().is_empty());
    }
}
