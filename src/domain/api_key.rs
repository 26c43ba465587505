//! Keys that callers send, and what is kept of them.

use std::fmt;

use chrono::{DateTime, Utc};
use data_encoding::BASE32_NOPAD;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::domain::caller::Role;
use crate::domain::version::Version;

/// What every key begins with, so that a scanner for leaked secrets can know one.
const BEGINNING: &str = "als_";

/// How much of a key is kept to tell keys apart: 40 of its 200 bits, which leaves 160 unknown.
const PREFIX_LEN: usize = 12;

/// A key as its holder has it; shown once and never stored. `Debug` shows nothing of it.
#[derive(Clone, PartialEq, Eq)]
pub struct ApiKey(Zeroizing<String>);

impl ApiKey {
    /// How many random bytes make a key.
    pub const N_BYTES: usize = 25;

    /// Makes a key of random bytes: `als_` and 40 of `a-z2-7`.
    #[must_use]
    pub fn from_random(bytes: [u8; Self::N_BYTES]) -> Self {
        let text = BASE32_NOPAD.encode(&bytes).to_ascii_lowercase();
        Self(Zeroizing::new(format!("{BEGINNING}{text}")))
    }

    /// The key in full, for its holder alone.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// Its beginning, by which people tell keys apart.
    #[must_use]
    pub fn prefix(&self) -> &str {
        self.0.get(..PREFIX_LEN).unwrap_or_default()
    }

    /// What is stored of it.
    #[must_use]
    pub fn hash(&self) -> KeyHash {
        KeyHash::of(&self.0)
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ApiKey({}…)", self.prefix())
    }
}

/// The SHA-256 of a key. A key has 200 random bits, so nobody finds it by trying, and a slow hash would buy nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct KeyHash(pub [u8; 32]);

impl KeyHash {
    /// The hash of what a caller sent.
    #[must_use]
    pub fn of(sent: &str) -> Self {
        Self(Sha256::digest(sent.as_bytes()).into())
    }
}

/// What is kept of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyRecord {
    /// Its id.
    pub id: String,
    /// Its beginning.
    pub prefix: String,
    /// Its hash.
    pub hash: KeyHash,
    /// What it is for, in the words of who made it.
    pub label: String,
    /// What its holder may do.
    pub role: Role,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// By whom, as in the audit.
    pub created_by: String,
    /// From when on it is not taken; `None` is never.
    pub expires_at: Option<DateTime<Utc>>,
    /// Since when it is revoked.
    pub revoked_at: Option<DateTime<Utc>>,
    /// The key that takes its place.
    pub rotated_to: Option<String>,
    /// How often it was changed.
    pub version: Version,
}

impl KeyRecord {
    /// What is kept of a new key that does not expire.
    #[must_use]
    pub fn new(
        id: impl Into<String>,
        key: &ApiKey,
        role: Role,
        label: impl Into<String>,
        created_at: DateTime<Utc>,
        created_by: impl Into<String>,
    ) -> Self {
        Self {
            id: id.into(),
            prefix: key.prefix().to_owned(),
            hash: key.hash(),
            label: label.into(),
            role,
            created_at,
            created_by: created_by.into(),
            expires_at: None,
            revoked_at: None,
            rotated_to: None,
            version: Version(1),
        }
    }

    /// Whether the key is taken at a time.
    #[must_use]
    pub fn is_good(&self, now: DateTime<Utc>) -> bool {
        self.revoked_at.is_none_or(|at| now < at) && self.expires_at.is_none_or(|at| now < at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_has_the_promised_form() {
        let key = ApiKey::from_random([0xA5; ApiKey::N_BYTES]);
        assert_eq!(key.reveal().len(), 44);
        assert!(
            key.reveal()
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'_')
        );
        assert!(key.reveal().starts_with(key.prefix()) && key.prefix().len() == PREFIX_LEN);
        assert_eq!(key.hash(), KeyHash::of(key.reveal()));
        assert!(!format!("{key:?}").contains(key.reveal()));
    }
}
