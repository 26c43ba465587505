//! Who may call: every good key, in memory, so that a request waits for no database.

use std::collections::HashMap;

use chrono::{DateTime, Utc};

use crate::domain::api_key::{KeyHash, KeyRecord};
use crate::domain::caller::{Caller, CallerId};

/// The keys of one state of the database.
#[derive(Debug, Default)]
pub struct Callers {
    by_hash: HashMap<KeyHash, KeyRecord>,
}

impl Callers {
    /// Takes the keys there are.
    pub(super) fn new(keys: Vec<KeyRecord>) -> Self {
        Self {
            by_hash: keys.into_iter().map(|key| (key.hash, key)).collect(),
        }
    }

    /// The caller that sent a key; `None` for one that is unknown, expired or revoked. Keys are looked up by their hash, so how
    /// long that takes says nothing of a key.
    #[must_use]
    pub fn find(&self, sent: &str, now: DateTime<Utc>) -> Option<Caller> {
        let key = self.by_hash.get(&KeyHash::of(sent))?;
        key.is_good(now).then(|| Caller {
            id: CallerId::of_key(&key.id),
            role: key.role,
        })
    }
}
