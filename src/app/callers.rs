//! Who may call: every key, in memory, so that a request waits for no database.

use std::collections::HashMap;

use chrono::{DateTime, Utc};

use crate::domain::api_key::{KeyHash, KeyRecord};
use crate::domain::caller::{Caller, CallerId};

/// The keys of one state of the database.
#[derive(Debug, Default)]
pub struct Callers {
    by_hash: HashMap<KeyHash, Known>,
}

/// A key, and its caller made ready.
#[derive(Debug)]
struct Known {
    caller: Caller,
    key: KeyRecord,
}

impl Callers {
    /// Takes the keys there are.
    pub(super) fn new(keys: Vec<KeyRecord>) -> Self {
        let known = |key: KeyRecord| {
            let caller = Caller {
                id: CallerId::of_key(&key.id),
                role: key.role,
            };
            (key.hash, Known { caller, key })
        };
        Self {
            by_hash: keys.into_iter().map(known).collect(),
        }
    }

    /// The caller that sent a key; `None` for one that is unknown, expired or revoked. Keys are looked up by their hash, so how
    /// long that takes says nothing of a key. Allocates nothing.
    #[must_use]
    pub fn find(&self, sent: &str, now: DateTime<Utc>) -> Option<Caller> {
        let known = self.by_hash.get(&KeyHash::of(sent))?;
        known.key.is_good(now).then(|| known.caller.clone())
    }

    /// What is kept of a key that was sent, good or not.
    #[must_use]
    pub fn record(&self, sent: &str) -> Option<&KeyRecord> {
        self.by_hash.get(&KeyHash::of(sent)).map(|known| &known.key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::api_key::ApiKey;
    use crate::domain::caller::Role;
    use chrono::TimeDelta;

    fn record(key: &ApiKey, expires_at: Option<DateTime<Utc>>) -> KeyRecord {
        KeyRecord {
            expires_at,
            ..KeyRecord::new(
                "00000000-0000-4000-8000-000000000001",
                key,
                Role::Viewer,
                "a test",
                DateTime::UNIX_EPOCH,
                "a test",
            )
        }
    }

    #[test]
    fn a_key_is_found_until_it_expires() {
        let key = ApiKey::from_random([1; ApiKey::N_BYTES]);
        let end = DateTime::UNIX_EPOCH + TimeDelta::hours(1);
        let callers = Callers::new(vec![record(&key, Some(end))]);
        let before = end - TimeDelta::microseconds(1);
        assert!(callers.find(key.reveal(), before).is_some());
        assert!(callers.find(key.reveal(), end).is_none());
        assert!(callers.find(key.prefix(), before).is_none());
    }

    #[test]
    fn finding_a_caller_allocates_nothing() {
        let key = ApiKey::from_random([1; ApiKey::N_BYTES]);
        let callers = Callers::new(vec![record(&key, None)]);
        let used = allocation_counter::measure(|| {
            assert!(callers.find(key.reveal(), DateTime::UNIX_EPOCH).is_some());
        });
        assert_eq!(used.count_total, 0);
    }
}
