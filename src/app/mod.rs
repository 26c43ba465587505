//! What takes more than one step: filling an empty database, keeping the snapshot, answering from it.
//!
//! Knows nothing of HTTP or SQL. [`Alongside`] is the service behind every interface.

mod fill;

use std::sync::{Arc, PoisonError, RwLock};

use chrono::{DateTime, NaiveDate, Utc};

use crate::domain::error::{Error, Result};
use crate::domain::ids::{OdsCode, Revision};
use crate::domain::suggestion::{PairAnswer, SuggestionRequest, Suggestions};
use crate::engine::answer;
use crate::engine::snapshot::Snapshot;
use crate::storage::{self, Storage};

/// Whether an empty database is filled with the bundled open data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BundledData {
    /// It is.
    Load,
    /// It stays as it is.
    Skip,
}

/// The service behind every interface: the database, and the snapshot of it that scoring reads.
///
/// Answers never wait for the database: they read the snapshot there is, and a new one replaces it whole.
pub struct Alongside {
    storage: Storage,
    snapshot: RwLock<Arc<Snapshot>>,
}

impl Alongside {
    /// Fills the database where it is empty and that is wanted, then reads the snapshot. Blocking.
    ///
    /// # Errors
    ///
    /// Those of the database, and [`Error::Internal`] where the bundled data cannot be read.
    pub fn open(storage: Storage, bundled: BundledData, now: DateTime<Utc>) -> Result<Self> {
        if bundled == BundledData::Load {
            fill::with_bundled_data(&storage, now)?;
        }
        let register = storage.read_blocking(storage::register::load)?;
        Ok(Self {
            storage,
            snapshot: RwLock::new(Arc::new(Snapshot::new(&register))),
        })
    }

    /// The database.
    #[must_use]
    pub const fn storage(&self) -> &Storage {
        &self.storage
    }

    /// The revision that answers are made from.
    #[must_use]
    pub fn revision(&self) -> Revision {
        self.snapshot().revision()
    }

    /// How many active organisations answers are made from.
    #[must_use]
    pub fn n_organisations(&self) -> usize {
        self.snapshot().n_organisations()
    }

    /// Reads a new snapshot if the database has moved on.
    ///
    /// # Errors
    ///
    /// Those of the database; the snapshot there was then stays.
    pub async fn refresh(&self) -> Result<()> {
        let held = self.revision();
        let read = move |connection: &mut storage::Connection| {
            if storage::revision::current(connection)? == held {
                return Ok(None);
            }
            storage::register::load(connection).map(Some)
        };
        let Some(register) = self.storage.read(read).await? else {
            return Ok(());
        };
        // After the transaction, which would otherwise hold its connection meanwhile.
        let building = tokio::task::spawn_blocking(move || Arc::new(Snapshot::new(&register)));
        let fresh = building
            .await
            .map_err(|panic| Error::Internal("building a snapshot", Box::new(panic)))?;
        self.replace(held, fresh);
        Ok(())
    }

    /// Puts a fresh snapshot in the place of the one that was held when it was asked for.
    ///
    /// Where another came first the newer one stays. Where none did, one that is older is right: the database went back to
    /// an earlier state, as when a backup is restored.
    fn replace(&self, held: Revision, fresh: Arc<Snapshot>) {
        let mut snapshot = self
            .snapshot
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        let is_wanted = snapshot.revision() == held || snapshot.revision() < fresh.revision();
        let replaced = is_wanted.then(|| std::mem::replace(&mut *snapshot, fresh));
        drop(snapshot);
        // Freed last, so that nobody who wants to read waits for that.
        drop(replaced);
    }

    /// Answers a request for suggestions. Takes some tens of microseconds for hundreds of organisations, some milliseconds
    /// for a hundred thousand.
    ///
    /// # Errors
    ///
    /// Those of [`answer::suggest`].
    pub fn suggest(&self, request: &SuggestionRequest) -> Result<Suggestions> {
        answer::suggest(&self.snapshot(), request)
    }

    /// Answers for one pair in full.
    ///
    /// # Errors
    ///
    /// Those of [`answer::pairs`].
    pub fn pair(
        &self,
        seeker: OdsCode,
        candidate: OdsCode,
        as_of: NaiveDate,
    ) -> Result<PairAnswer> {
        self.compare(seeker, &[candidate], as_of)
    }

    /// Answers for several candidates, in the order given.
    ///
    /// # Errors
    ///
    /// Those of [`answer::pairs`].
    pub fn compare(
        &self,
        seeker: OdsCode,
        candidates: &[OdsCode],
        as_of: NaiveDate,
    ) -> Result<PairAnswer> {
        answer::pairs(&self.snapshot(), seeker, candidates, as_of)
    }

    /// The snapshot there is. Nothing panics while the lock is held, so a poisoned lock still guards a whole snapshot.
    fn snapshot(&self) -> Arc<Snapshot> {
        Arc::clone(&self.snapshot.read().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::register::Register;
    use crate::storage::DatabaseUrl;

    #[test]
    fn a_newer_snapshot_is_not_replaced_by_an_older_one_that_was_asked_for_before() {
        let folder = tempfile::tempdir().unwrap();
        let url = DatabaseUrl::sqlite_file(&folder.path().join("a.db"));
        let storage = Storage::open(&url).unwrap();
        let register = storage.read_blocking(storage::register::load).unwrap();
        let at = |number| {
            let revision = Revision(number);
            let register = Register {
                revision,
                ..register.clone()
            };
            Arc::new(Snapshot::new(&register))
        };
        let alongside = Alongside {
            storage,
            snapshot: RwLock::new(at(4)),
        };
        alongside.replace(Revision(4), at(6));
        alongside.replace(Revision(4), at(5));
        assert_eq!(
            alongside.revision(),
            Revision(6),
            "the first to come is newer"
        );
        alongside.replace(Revision(6), at(3));
        assert_eq!(alongside.revision(), Revision(3), "a backup was restored");
    }
}
