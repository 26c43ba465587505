//! What takes more than one step: filling an empty database, keeping the snapshot, answering from it.
//!
//! Knows nothing of HTTP or SQL. [`Alongside`] is the service behind every interface.

mod callers;
mod fill;
pub mod identity;
pub mod identity_keys;
pub mod keys;

use std::sync::{Arc, PoisonError, RwLock};

use chrono::{DateTime, NaiveDate, Utc};
use tokio::sync::Mutex;

pub use self::callers::Callers;
use crate::domain::error::{Error, Result};
use crate::domain::ids::{OdsCode, Revision};
use crate::domain::suggestion::{PairAnswer, SuggestionRequest, Suggestions};
use crate::engine::answer;
use crate::engine::snapshot::Snapshot;
use crate::storage::revision::Touched;
use crate::storage::{self, Change, Connection, Outcome, Storage, Touches};

/// Whether an empty database is filled with the bundled open data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BundledData {
    /// It is.
    Load,
    /// It stays as it is.
    Skip,
}

/// The service behind every interface: the database, and what of it is kept in memory.
///
/// Answers never wait for the database: they read the snapshot there is, and a new one replaces it whole.
pub struct Alongside {
    storage: Storage,
    held: RwLock<Held>,
    /// Held by who reads the database anew, so that many who write at once wait for one reading.
    catching_up: Mutex<()>,
}

/// What is kept in memory, each part of the write that touched it last.
#[derive(Clone)]
struct Held {
    snapshot: Arc<Snapshot>,
    callers: Arc<Callers>,
    touched: Touched,
}

impl Alongside {
    /// Fills the database where it is empty and that is wanted, then reads what is kept in memory. Blocking.
    ///
    /// # Errors
    ///
    /// Those of the database, and [`Error::Internal`] where the bundled data cannot be read.
    pub fn open(storage: Storage, bundled: BundledData, now: DateTime<Utc>) -> Result<Self> {
        if bundled == BundledData::Load {
            fill::with_bundled_data(&storage, now)?;
        }
        let (register, keys, touched) = storage.read_blocking(|connection| {
            Ok((
                storage::register::load(connection)?,
                storage::keys::all(connection)?,
                storage::revision::touched(connection)?,
            ))
        })?;
        Ok(Self {
            storage,
            held: RwLock::new(Held {
                snapshot: Arc::new(Snapshot::new(&register)),
                callers: Arc::new(Callers::new(keys)),
                touched,
            }),
            catching_up: Mutex::default(),
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

    /// Who may call.
    #[must_use]
    pub fn callers(&self) -> Arc<Callers> {
        Arc::clone(
            &self
                .held
                .read()
                .unwrap_or_else(PoisonError::into_inner)
                .callers,
        )
    }

    /// Changes the database in one transaction, and returns once what is kept in memory holds the change: the next answer of
    /// this process is made from it.
    ///
    /// # Errors
    ///
    /// Those of [`Storage::write`]. Where only the reading afterwards fails, the change is made all the same, and the log
    /// says so.
    pub async fn write<T: Send + 'static>(
        &self,
        change: Change,
        work: impl FnOnce(&mut Connection) -> Result<T> + Send + 'static,
    ) -> Result<(T, Revision)> {
        let touches = change.touches;
        let (value, revision) = self.storage.write(change, work).await?;
        if let Err(error) = self.catch_up(revision, touches).await {
            log::warn!("a change was made, but cannot be read yet: {error}");
        }
        Ok((value, revision))
    }

    /// The same, where the work may find nothing to change.
    ///
    /// # Errors
    ///
    /// As [`write`](Self::write).
    pub async fn write_outcome<T: Send + 'static>(
        &self,
        change: Change,
        work: impl FnOnce(&mut Connection) -> Result<Outcome<T>> + Send + 'static,
    ) -> Result<T> {
        let touches = change.touches;
        let (value, revision) = self.storage.write_outcome(change, work).await?;
        if let Some(revision) = revision
            && let Err(error) = self.catch_up(revision, touches).await
        {
            log::warn!("a change was made, but cannot be read yet: {error}");
        }
        Ok(value)
    }

    /// Reads the database anew until what a change touched is in memory.
    async fn catch_up(&self, revision: Revision, touches: Touches) -> Result<()> {
        let (scoring, callers) = match touches {
            Touches::Nothing => return Ok(()),
            Touches::Scoring => (true, false),
            Touches::Callers => (false, true),
            Touches::Everything => (true, true),
        };
        let _turn = self.catching_up.lock().await;
        let held = self.held().touched;
        if (scoring && held.scoring < revision) || (callers && held.callers < revision) {
            self.read_again().await?;
        }
        Ok(())
    }

    /// Reads anew what other replicas changed.
    ///
    /// # Errors
    ///
    /// Those of the database; what is in memory then stays.
    pub async fn refresh(&self) -> Result<()> {
        let _turn = self.catching_up.lock().await;
        self.read_again().await
    }

    /// Reads what was touched since, and puts it in the place of what is held. Only one at a time may do so.
    async fn read_again(&self) -> Result<()> {
        let held = self.held().touched;
        let read = move |connection: &mut Connection| {
            let touched = storage::revision::touched(connection)?;
            let register = if touched.scoring == held.scoring {
                None
            } else {
                Some(storage::register::load(connection)?)
            };
            let keys = if touched.callers == held.callers {
                None
            } else {
                Some(storage::keys::all(connection)?)
            };
            Ok((touched, register, keys))
        };
        let (touched, register, keys) = self.storage.read(read).await?;
        // After the transaction, which would otherwise hold its connection meanwhile.
        let snapshot = match register {
            None => None,
            Some(register) => {
                let building =
                    tokio::task::spawn_blocking(move || Arc::new(Snapshot::new(&register)));
                let built = building.await;
                Some(
                    built
                        .map_err(|panic| Error::Internal("building a snapshot", Box::new(panic)))?,
                )
            }
        };
        let callers = keys.map(|keys| Arc::new(Callers::new(keys)));
        if snapshot.is_some() || callers.is_some() {
            self.replace(touched, snapshot, callers);
        }
        Ok(())
    }

    /// Puts what was read anew in its place. What is older than what is held is right too: the database went back to an earlier
    /// state, as when a backup is restored.
    fn replace(
        &self,
        touched: Touched,
        snapshot: Option<Arc<Snapshot>>,
        callers: Option<Arc<Callers>>,
    ) {
        let mut held = self.held.write().unwrap_or_else(PoisonError::into_inner);
        held.touched = touched;
        let replaced = (
            snapshot.map(|fresh| std::mem::replace(&mut held.snapshot, fresh)),
            callers.map(|fresh| std::mem::replace(&mut held.callers, fresh)),
        );
        drop(held);
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

    /// The snapshot there is.
    fn snapshot(&self) -> Arc<Snapshot> {
        Arc::clone(
            &self
                .held
                .read()
                .unwrap_or_else(PoisonError::into_inner)
                .snapshot,
        )
    }

    /// What is held. Nothing panics while the lock is held, so a poisoned lock still guards what is whole.
    fn held(&self) -> Held {
        self.held
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}
