//! What takes more than one step: filling an empty database, keeping the snapshot, answering from it.
//!
//! Knows nothing of HTTP or SQL. [`Alongside`] is the service behind every interface.

pub mod admin_pauses;
pub mod admin_suggestions;
pub mod agreements;
pub mod approaches;
pub mod board;
pub mod board_export;
mod bridges;
mod callers;
pub mod choices;
pub mod cloud_event;
pub mod delivery;
pub mod evaluation;
pub mod expertise;
pub mod export;
mod export_file;
mod exposures;
mod fill;
pub mod identity;
pub mod identity_keys;
pub mod import;
mod import_facts;
pub mod import_jobs;
mod import_rows;
pub mod keys;
mod lengthy;
pub mod mail;
pub mod method;
pub mod models;
mod overview;
pub mod partnerships;
mod peer_groups;
mod prices;
pub mod sending;
mod shadow;
pub mod shortlist;
pub mod shown_contacts;
pub mod standings;
pub mod succession;
pub mod told;
mod vendors;
pub mod waiting;
pub mod webhooks;
mod what_if;
pub mod workings;

use std::sync::{Arc, PoisonError, RwLock};

use chrono::{DateTime, NaiveDate, Utc};
use tokio::sync::Mutex;

pub use self::callers::Callers;
pub use self::vendors::vendors;
use crate::domain::api_key::KeyRecord;
use crate::domain::completeness::Completeness;
use crate::domain::error::{Error, Result};
use crate::domain::exclusion::{Excluded, Exclusions};
use crate::domain::firmness::Draws;
use crate::domain::ids::{OdsCode, Revision};
use crate::domain::register::Register;
use crate::domain::suggestion::{PairAnswer, PairQuestion, SeenBy, SuggestionRequest, Suggestions};
use crate::engine::snapshot::Snapshot;
use crate::engine::{answer, completeness};
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
    state: Arc<State>,
    imports: import_jobs::ImportQueue,
    told: told::Told,
    exposures: exposures::KeptExposures,
    grouping: peer_groups::Turn,
    lengthy: lengthy::Turns,
    analyses: lengthy::Analyses,
    default_draws: Draws,
    kept_prices: prices::KeptPrices,
}

struct State {
    storage: Storage,
    held: RwLock<Held>,
    /// Held by who reads the database anew, so that many who write at once wait for one reading.
    catching_up: Mutex<()>,
}

/// What is kept in memory, each part of the write that touched it last.
#[derive(Clone)]
struct Held {
    snapshot: Arc<Snapshot>,
    edition: Edition,
    callers: Arc<Callers>,
    /// Whom each site excludes: beside the snapshot, so that nothing of it moves by an exclusion.
    exclusions: Arc<Exclusions>,
    touched: Touched,
    /// The last write that was seen, whatever it touched.
    number: Revision,
}

impl Held {
    /// Whom a site excludes, as far as whoever looks may know: the site alone.
    fn excluded(&self, site: OdsCode, seen_by: SeenBy) -> Excluded {
        match seen_by {
            SeenBy::Site => self.exclusions.of(site),
            SeenBy::Others => Excluded::default(),
        }
    }

    fn basis(&self, request: &SuggestionRequest) -> Basis {
        Basis {
            edition: self.edition,
            excluded: self.excluded(request.seeker, request.seen_by),
        }
    }
}

/// What is put in the place of what is held; `None` where that stays.
struct Fresh {
    snapshot: Option<Arc<Snapshot>>,
    callers: Option<Arc<Callers>>,
    exclusions: Option<Arc<Exclusions>>,
}

/// Which snapshot of this process an answer was made from. Unlike a revision it never comes back: after a backup was restored
/// the same revision may be given to other data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Edition(u64);

impl Edition {
    const FIRST: Self = Self(1);

    const fn next(self) -> Self {
        Self(self.0 + 1)
    }

    /// An edition with a number of the test's own.
    #[cfg(test)]
    pub(crate) const fn of(number: u64) -> Self {
        Self(number)
    }
}

/// What an answer to a request is made from: the snapshot, and whom the seeker excludes where it sees the answer itself. What
/// others exclude is no part of it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Basis {
    /// Of which snapshot.
    pub edition: Edition,
    /// Whom the seeker excludes.
    pub excluded: Excluded,
}

/// How much to read anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reading {
    /// What was touched since, by the numbers.
    Touched,
    /// Everything: the numbers say nothing of what is held.
    All,
}

/// What is read anew; `None` where what is held is up to date.
struct ReadAnew {
    number: Revision,
    touched: Touched,
    register: Option<Register>,
    keys: Option<Vec<KeyRecord>>,
    exclusions: Option<Exclusions>,
}

impl ReadAnew {
    /// Reads what was touched since, or everything where the database went back to an earlier state, as when a backup is
    /// restored: the numbers then say nothing of what is held.
    fn new(connection: &mut Connection, held: &Held, reading: Reading) -> Result<Self> {
        let number = storage::revision::current(connection)?;
        let touched = storage::revision::touched(connection)?;
        let went_back = reading == Reading::All || number < held.number;
        let register = (went_back || touched.scoring != held.touched.scoring)
            .then(|| storage::register::load(connection))
            .transpose()?;
        let keys = (went_back || touched.callers != held.touched.callers)
            .then(|| storage::keys::all(connection))
            .transpose()?;
        let exclusions = (went_back || touched.choices != held.touched.choices)
            .then(|| storage::exclusions::all(connection))
            .transpose()?;
        Ok(Self {
            number,
            touched,
            register,
            keys,
            exclusions,
        })
    }
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
        let (register, keys, exclusions, touched, number) =
            storage.read_blocking(|connection| {
                Ok((
                    storage::register::load(connection)?,
                    storage::keys::all(connection)?,
                    storage::exclusions::all(connection)?,
                    storage::revision::touched(connection)?,
                    storage::revision::current(connection)?,
                ))
            })?;
        let state = State {
            storage,
            held: RwLock::new(Held {
                snapshot: Arc::new(Snapshot::new(&register)),
                edition: Edition::FIRST,
                callers: Arc::new(Callers::new(keys)),
                exclusions: Arc::new(exclusions),
                touched,
                number,
            }),
            catching_up: Mutex::default(),
        };
        Ok(Self {
            state: Arc::new(state),
            imports: import_jobs::ImportQueue::default(),
            told: told::Told::default(),
            exposures: exposures::KeptExposures::default(),
            grouping: peer_groups::Turn::default(),
            lengthy: lengthy::Turns::default(),
            analyses: lengthy::Analyses::default(),
            default_draws: Draws::DEFAULT,
            kept_prices: prices::KeptPrices::default(),
        })
    }

    /// The same, with another number of draws for those who say none: fewer take less time and tell less.
    #[must_use]
    pub fn with_default_draws(self, draws: Draws) -> Self {
        Self {
            default_draws: draws,
            ..self
        }
    }

    /// How often weights and scores are drawn for those who do not say.
    #[must_use]
    pub const fn default_draws(&self) -> Draws {
        self.default_draws
    }

    /// What is told to the outside.
    #[must_use]
    pub fn told(&self) -> &told::Told {
        &self.told
    }

    /// The database.
    #[must_use]
    pub fn storage(&self) -> &Storage {
        &self.state.storage
    }

    /// The revision that answers are made from.
    #[must_use]
    pub fn revision(&self) -> Revision {
        self.snapshot().revision()
    }

    /// The snapshot that answers are made from.
    #[must_use]
    pub fn edition(&self) -> Edition {
        self.state.held().edition
    }

    /// What an answer to a request is made from.
    #[must_use]
    pub fn basis(&self, request: &SuggestionRequest) -> Basis {
        self.state.held().basis(request)
    }

    /// Whom a site excludes, as far as whoever looks may know: the site alone.
    #[must_use]
    pub fn excluded(&self, site: OdsCode, seen_by: SeenBy) -> Excluded {
        self.state.held().excluded(site, seen_by)
    }

    /// How many active organisations answers are made from.
    #[must_use]
    pub fn n_organisations(&self) -> usize {
        self.snapshot().n_organisations()
    }

    /// Whether an organisation of this code is recorded, active or closed.
    #[must_use]
    pub fn knows(&self, code: OdsCode) -> bool {
        self.snapshot().knows(code)
    }

    /// Whether an organisation of this code is recorded as closed.
    #[must_use]
    pub fn is_closed(&self, code: OdsCode) -> bool {
        self.snapshot().closed(code).is_some()
    }

    /// Who may call.
    #[must_use]
    pub fn callers(&self) -> Arc<Callers> {
        self.state.held().callers
    }

    /// Changes the database in one transaction, and returns once what is kept in memory holds the change: the next answer of
    /// this process is made from it. Both are done even where nobody waits for the answer any more.
    ///
    /// # Errors
    ///
    /// Those of [`Storage::write`]. Where only the reading afterwards fails, the change is made all the same, and the log
    /// says so; the next refresh reads it.
    pub async fn write<T: Send + 'static>(
        &self,
        change: Change,
        work: impl FnOnce(&mut Connection) -> Result<T> + Send + 'static,
    ) -> Result<(T, Revision)> {
        let state = Arc::clone(&self.state);
        to_its_end(async move {
            let (touches, seen) = (change.touches, state.held().number);
            let (value, revision) = state.storage.write(change, work).await?;
            state.catch_up_or_log(revision, touches, seen).await;
            Ok((value, revision))
        })
        .await
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
        let state = Arc::clone(&self.state);
        to_its_end(async move {
            let (touches, seen) = (change.touches, state.held().number);
            let (value, revision) = state.storage.write_outcome(change, work).await?;
            if let Some(revision) = revision {
                state.catch_up_or_log(revision, touches, seen).await;
            }
            Ok(value)
        })
        .await
    }

    /// Reads anew what other replicas changed.
    ///
    /// # Errors
    ///
    /// Those of the database; what is in memory then stays.
    pub async fn refresh(&self) -> Result<()> {
        let _turn = self.state.catching_up.lock().await;
        self.state.read_again(Reading::Touched).await
    }

    /// Answers a request for suggestions. Takes some tens of microseconds for hundreds of organisations, some milliseconds
    /// for a hundred thousand.
    ///
    /// # Errors
    ///
    /// Those of [`answer::suggest`].
    pub fn suggest(&self, request: &SuggestionRequest) -> Result<Suggestions> {
        self.suggest_with_basis(request).map(|(answer, _)| answer)
    }

    /// The same, with what the answer was made from.
    ///
    /// # Errors
    ///
    /// As [`suggest`](Self::suggest).
    pub fn suggest_with_basis(&self, request: &SuggestionRequest) -> Result<(Suggestions, Basis)> {
        let held = self.state.held();
        let basis = held.basis(request);
        let site = (request.seeker, request.as_of);
        let prices = match lengthy::spreads(&held, site, request.spread_load) {
            true => Some(prices::made(&held.snapshot, request.as_of)?),
            false => None,
        };
        let answer = answer::suggest(&held.snapshot, request, &basis.excluded, prices.as_ref())?;
        Ok((answer, basis))
    }

    /// Says how complete an organisation's own facts are.
    ///
    /// # Errors
    ///
    /// Those of [`completeness::completeness`].
    pub fn completeness(
        &self,
        code: OdsCode,
        as_of: NaiveDate,
        seen_by: SeenBy,
    ) -> Result<Completeness> {
        completeness::completeness(&self.snapshot(), code, as_of, seen_by)
    }

    /// Answers for one pair in full.
    ///
    /// # Errors
    ///
    /// Those of [`answer::pairs`].
    pub fn pair(&self, question: PairQuestion, candidate: OdsCode) -> Result<PairAnswer> {
        self.compare(question, &[candidate])
    }

    /// Answers for several candidates, in the order given, without prices.
    ///
    /// # Errors
    ///
    /// Those of [`answer::pairs`].
    pub fn compare(&self, question: PairQuestion, candidates: &[OdsCode]) -> Result<PairAnswer> {
        let held = self.state.held();
        let excluded = held.excluded(question.seeker, question.seen_by);
        answer::pairs(&held.snapshot, question, candidates, &excluded, None)
    }

    /// The snapshot there is.
    fn snapshot(&self) -> Arc<Snapshot> {
        self.state.held().snapshot
    }
}

/// Runs a future to its end, also where whoever waits for it gives up, as a handler does whose client went away.
async fn to_its_end<T: Send + 'static>(
    work: impl Future<Output = Result<T>> + Send + 'static,
) -> Result<T> {
    tokio::spawn(work)
        .await
        .map_err(|panic| Error::Internal("changing something", Box::new(panic)))?
}

impl State {
    async fn catch_up_or_log(&self, revision: Revision, touches: Touches, seen: Revision) {
        if let Err(error) = self.catch_up(revision, touches, seen).await {
            log::warn!("a change was made, but cannot be read yet: {error}");
        }
    }

    /// Reads the database anew until what a change touched is in memory.
    ///
    /// A write is numbered above every write that was `seen` before it, unless the database went back to an earlier state, as
    /// when a backup is restored. Where what is held is of a later write, a look at the numbers tells whether it holds this one.
    async fn catch_up(&self, revision: Revision, touches: Touches, seen: Revision) -> Result<()> {
        if matches!(touches, Touches::Nothing | Touches::Bookkeeping) {
            return Ok(());
        }
        let _turn = self.catching_up.lock().await;
        if revision <= seen {
            return self.read_again(Reading::All).await;
        }
        let held = self.held().touched;
        let is_held = match touches {
            Touches::Nothing | Touches::Bookkeeping => true,
            Touches::Scoring => held.scoring == revision,
            Touches::Callers => held.callers == revision,
            Touches::Choices => held.choices == revision,
            Touches::Everything => [held.scoring, held.callers, held.choices] == [revision; 3],
        };
        if !is_held {
            self.read_again(Reading::Touched).await?;
        }
        Ok(())
    }

    /// Reads what was touched since, and puts it in the place of what is held. Only one at a time may do so.
    async fn read_again(&self, reading: Reading) -> Result<()> {
        let held = self.held();
        let read = move |connection: &mut Connection| ReadAnew::new(connection, &held, reading);
        let read = self.storage.read(read).await?;
        // After the transaction, which would otherwise hold its connection meanwhile.
        let snapshot = match read.register {
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
        let fresh = Fresh {
            snapshot,
            callers: read.keys.map(|keys| Arc::new(Callers::new(keys))),
            exclusions: read.exclusions.map(Arc::new),
        };
        let replaced = self.replace(read.number, read.touched, fresh);
        // Freed by nobody who has requests to answer: a large snapshot takes its time.
        drop(tokio::task::spawn_blocking(move || drop(replaced)));
        Ok(())
    }

    /// Puts what was read anew in its place, and returns what was there. What is older than what is held is right too: the
    /// database went back to an earlier state.
    fn replace(&self, number: Revision, touched: Touched, fresh: Fresh) -> Fresh {
        let mut held = self.held.write().unwrap_or_else(PoisonError::into_inner);
        held.number = number;
        held.touched = touched;
        if fresh.snapshot.is_some() {
            held.edition = held.edition.next();
        }
        let Fresh {
            snapshot,
            callers,
            exclusions,
        } = fresh;
        Fresh {
            snapshot: snapshot.map(|fresh| std::mem::replace(&mut held.snapshot, fresh)),
            callers: callers.map(|fresh| std::mem::replace(&mut held.callers, fresh)),
            exclusions: exclusions.map(|fresh| std::mem::replace(&mut held.exclusions, fresh)),
        }
    }

    /// What is held. Nothing panics while the lock is held, so a poisoned lock still guards what is whole.
    fn held(&self) -> Held {
        self.held
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}
