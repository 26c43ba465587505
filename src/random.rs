//! Where ids and keys come from: the system's randomness, or a count for tests.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use uuid::Uuid;

use crate::domain::api_key::ApiKey;
use crate::domain::error::{Error, Result};

/// Makes ids and keys that nobody can guess; cheap to clone.
#[derive(Clone)]
pub struct Random(Source);

#[derive(Clone)]
enum Source {
    System,
    Counted(Arc<AtomicU64>),
}

impl Random {
    /// The randomness of the system.
    #[must_use]
    pub const fn system() -> Self {
        Self(Source::System)
    }

    /// 1, 2, 3 and so on, for tests: ids are `00000000-0000-4000-8000-000000000001` and so on.
    #[must_use]
    pub fn counted() -> Self {
        Self(Source::Counted(Arc::default()))
    }

    /// A new id: a random UUID (version 4, RFC 9562), which tells nothing of when it was made.
    ///
    /// # Errors
    ///
    /// [`Error::Internal`] where the system gives no random bytes.
    pub fn id(&self) -> Result<String> {
        let bytes = self.bytes::<16>()?;
        Ok(uuid::Builder::from_random_bytes(bytes)
            .into_uuid()
            .to_string())
    }

    /// A new key.
    ///
    /// # Errors
    ///
    /// As [`id`](Self::id).
    pub fn key(&self) -> Result<ApiKey> {
        let mut bytes = self.bytes()?;
        // Counted bytes end in the count, and keys are told apart by their beginning.
        bytes.reverse();
        Ok(ApiKey::from_random(bytes))
    }

    /// Random bytes.
    ///
    /// # Errors
    ///
    /// As [`id`](Self::id).
    pub fn bytes<const N: usize>(&self) -> Result<[u8; N]> {
        let mut bytes = [0; N];
        match &self.0 {
            Source::System => aws_lc_rs::rand::fill(&mut bytes).map_err(|_unspecified| {
                Error::Internal("asking for random bytes", "the system gives none".into())
            })?,
            Source::Counted(last) => {
                let number = last.fetch_add(1, Ordering::Relaxed) + 1;
                for (to, from) in bytes.iter_mut().rev().zip(number.to_le_bytes()) {
                    *to = from;
                }
            }
        }
        Ok(bytes)
    }
}

impl fmt::Debug for Random {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Random")
    }
}

/// Reads an id: a UUID in its usual form; `None` for anything else.
#[must_use]
pub fn is_id(text: &str) -> bool {
    text.len() == 36 && Uuid::try_parse(text).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counted_ids_are_known_and_the_systems_are_not() {
        let counted = Random::counted();
        assert_eq!(
            counted.id().unwrap(),
            "00000000-0000-4000-8000-000000000001"
        );
        assert_eq!(
            counted.id().unwrap(),
            "00000000-0000-4000-8000-000000000002"
        );
        let (one, other) = (
            Random::system().id().unwrap(),
            Random::system().id().unwrap(),
        );
        assert!(one != other && is_id(&one));
        assert!(!is_id("x") && !is_id("00000000000040008000000000000001"));
    }
}
