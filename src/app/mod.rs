//! What takes more than one step: filling an empty database, keeping the snapshot, answering from it.
//!
//! Knows nothing of HTTP or SQL. [`Alongside`] is the service behind every interface.

mod fill;

use std::sync::{Arc, PoisonError, RwLock};

use chrono::{DateTime, NaiveDate, Utc};

use crate::domain::error::Result;
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
    /// Those of the database, and [`Error::Internal`](crate::domain::error::Error::Internal) where the bundled data cannot be
    /// read.
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
            storage::register::load(connection).map(|register| Some(Snapshot::new(&register)))
        };
        if let Some(fresh) = self.storage.read(read).await? {
            let mut snapshot = self
                .snapshot
                .write()
                .unwrap_or_else(PoisonError::into_inner);
            *snapshot = Arc::new(fresh);
        }
        Ok(())
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
