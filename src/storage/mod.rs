//! The only code that knows the database: SQLite in a file, or PostgreSQL, by the scheme of its address.
//!
//! Knows nothing of HTTP or of scoring. Start with [`Storage`], which runs a closure in one transaction; what the
//! closure calls is one module per resource, each a handful of functions on a [`Connection`]. Every writing
//! transaction raises the revision and leaves an audit row, but for [`Touches::Bookkeeping`].

pub mod admin_suggestions;
pub mod affiliations;
mod any_connection;
pub mod approach_expiry;
pub mod approaches;
pub mod attributes;
pub mod audit;
mod audit_pages;
mod audit_verify;
mod availability;
pub mod balance;
pub mod blueprints;
pub mod capacity;
pub mod carry_over;
pub mod check_ins;
pub mod choices;
mod connection;
pub mod contacts;
pub mod core_systems;
pub mod data_sets;
pub mod deliveries;
mod deliveries_claimed;
pub mod events;
pub mod exclusions;
pub mod expertise;
pub mod export;
pub mod facts;
mod failure;
pub mod idempotency;
pub mod import_organisations;
pub mod import_successions;
pub mod imports;
pub mod keys;
pub mod links;
pub mod match_reviews;
pub mod matches;
pub mod models;
pub mod names;
pub mod networks;
pub mod notifications;
mod open;
pub mod organisation_search;
pub mod organisations;
pub mod outcomes;
pub mod particulars;
pub mod partnership_pages;
pub mod partnerships;
pub mod pauses;
pub mod pipeline;
pub mod programmes;
pub mod register;
pub mod reminders;
pub mod revision;
pub mod rooms;
mod rows;
mod schema;
mod seal;
mod sealed;
mod server;
pub mod shortlist;
pub mod standings;
pub mod told;
pub mod topics;
mod turn;
mod url;
pub mod versions;
pub mod visibility;
pub mod webhooks;
pub mod weights;

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use diesel::r2d2::Pool;

pub use self::connection::Connection;
use self::connection::{Access, ConnectionSource, unavailable};
pub use self::failure::Unusable;
use self::open::Pools;
pub use self::open::revert_migrations;
use self::turn::{Length, Patience, Turn};
pub use self::url::{DatabaseKind, DatabaseUrl};
use crate::domain::error::{Error, Result};
use crate::domain::ids::Revision;
use crate::domain::secret::MasterSecret;
use crate::storage::seal::Seal;

/// Runs closures on the database, each in one transaction. Cheap to clone; clones share their connections.
///
/// What it prints, `Debug` included, holds no password.
#[derive(Clone, Debug)]
pub struct Storage {
    kind: DatabaseKind,
    readers: Pool<ConnectionSource>,
    /// The one connection of whoever has the turn, so that no writer waits for readers.
    writer: Pool<ConnectionSource>,
    turn: Arc<Turn>,
}

/// The longest wait for a reading transaction. A server that stops in the middle of an answer cannot be interrupted, so
/// its caller is told and the thread is left to it.
const MAX_READ_TIME: Duration = Duration::from_secs(15);

/// The longest that one short write may keep others of this process waiting. It takes milliseconds, but a disk that is busy with
/// what other programs wrote can keep a commit for seconds.
const MAX_SHORT_WRITE_TIME: Duration = Duration::from_secs(10);

/// The longest wait for a writing transaction, which may store many rows.
const MAX_WRITE_TIME: Duration = Duration::from_secs(150);

/// Who changes what, for the audit. Holds personal data by reference only: a code or an id, never a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Who does it.
    pub actor: String,
    /// What is done, in one word or two that never vary.
    pub action: &'static str,
    /// To what, and how.
    pub detail: String,
    /// When; kept to the microsecond.
    pub at: DateTime<Utc>,
    /// The id of the request that asked for it; empty where none did.
    pub request_id: String,
    /// Who has to look at the database again.
    pub touches: Touches,
}

/// What a change touches, beyond the thing itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Touches {
    /// What scoring reads: the snapshot is made anew.
    Scoring,
    /// Who may call.
    Callers,
    /// Whom a site excludes from its own suggestions; scoring stays as it is, since nobody else is to notice.
    Choices,
    /// All of it.
    Everything,
    /// None of it.
    Nothing,
    /// The service's own notes of what it told whom: of them no revision and no audit row is left, unless the transaction noted
    /// entries. Who may not know whom another site's events reach would else count them. Only for where the revision is optional,
    /// as in [`write_outcome`](Storage::write_outcome).
    Bookkeeping,
}

impl Storage {
    /// Connects, checks that there is a database and brings its tables up to date. Blocking.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] where the database cannot be reached, is not one, or is of a newer version; its cause
    /// is an [`Unusable`], whose words may be shown to who starts the service; so also where it was made with another secret.
    pub fn open(url: &DatabaseUrl, secret: &MasterSecret) -> Result<Self> {
        open::open(url, Arc::new(Seal::new(secret)?)).map(|pools| Self::on(url, pools))
    }

    /// Connects to a database that is up to date, to read it; makes and changes nothing. Blocking.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open), and where there is no database of this service, or one that is not up to date.
    pub fn open_to_read(url: &DatabaseUrl) -> Result<Self> {
        open::open_to_read(url, None).map(|pools| Self::on(url, pools))
    }

    /// Whether there is a database that was begun with a secret, without which [`open`](Self::open) refuses it; makes and
    /// changes nothing. Blocking.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] where it cannot be reached or is no database.
    pub fn is_sealed(url: &DatabaseUrl) -> Result<bool> {
        open::is_sealed(url)
    }

    /// The same with the secret at hand, for who verifies the audit. Whether it is the right one is for the verification to
    /// say. Blocking.
    ///
    /// # Errors
    ///
    /// As [`open_to_read`](Self::open_to_read).
    pub fn open_to_verify(url: &DatabaseUrl, secret: &MasterSecret) -> Result<Self> {
        open::open_to_read(url, Some(Arc::new(Seal::new(secret)?)))
            .map(|pools| Self::on(url, pools))
    }

    fn on(url: &DatabaseUrl, pools: Pools) -> Self {
        Self {
            kind: url.kind(),
            readers: pools.readers,
            writer: pools.writer,
            turn: Arc::default(),
        }
    }

    /// Which database it is.
    #[must_use]
    pub const fn kind(&self) -> DatabaseKind {
        self.kind
    }

    /// Runs the work in one reading transaction on a blocking thread; it sees one state of the database throughout.
    ///
    /// # Errors
    ///
    /// Those of the work; [`Error::Unavailable`] where no connection is to be had or the database does not answer in time.
    pub async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Connection) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let storage = self.clone();
        on_a_blocking_thread(MAX_READ_TIME, move || storage.read_blocking(work)).await
    }

    /// The same as [`read`](Self::read) on this thread, for start-up and the command line.
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read).
    pub fn read_blocking<T>(&self, work: impl FnOnce(&mut Connection) -> Result<T>) -> Result<T> {
        self.readers
            .get()
            .map_err(unavailable)?
            .in_transaction(Access::Read, work)
    }

    /// Runs the work in one writing transaction on a blocking thread, raises the revision and records the change.
    ///
    /// No other write runs at the same time, so what the work reads holds until it is done. Where any of it fails,
    /// nothing is left.
    ///
    /// # Errors
    ///
    /// Those of the work; [`Error::Unavailable`] where no connection is to be had or another writer does not finish, and where the
    /// database does not answer in time; it is then not known whether the change was made.
    pub async fn write<T: Send + 'static>(
        &self,
        change: Change,
        work: impl FnOnce(&mut Connection) -> Result<T> + Send + 'static,
    ) -> Result<(T, Revision)> {
        let storage = self.clone();
        on_a_blocking_thread(MAX_WRITE_TIME, move || {
            storage.write_blocking(&change, work)
        })
        .await
    }

    /// The same as [`write`](Self::write) on this thread, for start-up and the command line.
    ///
    /// # Errors
    ///
    /// As [`write`](Self::write).
    pub fn write_blocking<T>(
        &self,
        change: &Change,
        work: impl FnOnce(&mut Connection) -> Result<T>,
    ) -> Result<(T, Revision)> {
        let written = self.write_if_needed(change, |connection| work(connection).map(Some))?;
        written.ok_or_else(|| Error::Internal("writing", "the work came to nothing".into()))
    }

    /// The same as [`write`](Self::write), where the work may find nothing to change: then nothing is left of it, and the
    /// revision stays and is `None`, as it is after [`Touches::Bookkeeping`].
    ///
    /// # Errors
    ///
    /// As [`write`](Self::write).
    pub async fn write_outcome<T: Send + 'static>(
        &self,
        change: Change,
        work: impl FnOnce(&mut Connection) -> Result<Outcome<T>> + Send + 'static,
    ) -> Result<(T, Option<Revision>)> {
        let storage = self.clone();
        on_a_blocking_thread(MAX_WRITE_TIME, move || {
            storage.write_outcome_blocking(&change, work)
        })
        .await
    }

    /// The same as [`write_outcome`](Self::write_outcome) on this thread.
    ///
    /// # Errors
    ///
    /// As [`write`](Self::write).
    pub fn write_outcome_blocking<T>(
        &self,
        change: &Change,
        work: impl FnOnce(&mut Connection) -> Result<Outcome<T>>,
    ) -> Result<(T, Option<Revision>)> {
        self.write_for(change, Length::Short, work)
    }

    /// The same, for work that may take as long as a writer may: others of this process wait for it to end instead of giving
    /// up after some seconds.
    ///
    /// # Errors
    ///
    /// As [`write`](Self::write).
    pub fn write_long_blocking<T>(
        &self,
        change: &Change,
        work: impl FnOnce(&mut Connection) -> Result<Outcome<T>>,
    ) -> Result<(T, Option<Revision>)> {
        self.write_for(change, Length::Long, work)
    }

    fn write_for<T>(
        &self,
        change: &Change,
        length: Length,
        work: impl FnOnce(&mut Connection) -> Result<Outcome<T>>,
    ) -> Result<(T, Option<Revision>)> {
        let patience = Patience {
            short: MAX_SHORT_WRITE_TIME,
            long: MAX_WRITE_TIME,
        };
        let _turn = self.turn.take(patience, length).ok_or_else(|| {
            Error::Unavailable("waiting for another writer", "it takes too long".into())
        })?;
        let write = |connection: &mut Connection| match work(connection)? {
            Outcome::Unchanged(value) => Ok((value, None, false)),
            Outcome::Changed(value) => {
                let is_silent =
                    change.touches == Touches::Bookkeeping && connection.entries.is_empty();
                if is_silent {
                    return Ok((value, None, true));
                }
                let revision = revision::raise(connection, change.touches)?;
                audit::record(connection, revision, change)?;
                Ok((value, Some(revision), true))
            }
        };
        let mut writer = self.writer.get().map_err(unavailable)?;
        let (value, revision, _) =
            writer.in_transaction_kept(Access::Write, write, |(_, _, is_kept)| *is_kept)?;
        Ok((value, revision))
    }

    /// The same, where the work may find that there is nothing to do and return `None`: then nothing is left of it, and
    /// the revision stays.
    ///
    /// # Errors
    ///
    /// As [`write`](Self::write); [`Error::Internal`] for [`Touches::Bookkeeping`], of which no revision comes.
    pub fn write_if_needed<T>(
        &self,
        change: &Change,
        work: impl FnOnce(&mut Connection) -> Result<Option<T>>,
    ) -> Result<Option<(T, Revision)>> {
        if change.touches == Touches::Bookkeeping {
            return Err(Error::Internal(
                "writing",
                "bookkeeping leaves no revision".into(),
            ));
        }
        let work = |connection: &mut Connection| {
            work(connection).map(|value| match value {
                Some(value) => Outcome::Changed(Some(value)),
                None => Outcome::Unchanged(None),
            })
        };
        let (value, revision) = self.write_outcome_blocking(change, work)?;
        Ok(value.zip(revision))
    }
}

/// What came of a writing transaction that may find nothing to change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome<T> {
    /// Something was changed.
    Changed(T),
    /// Nothing was, and nothing is left of the transaction.
    Unchanged(T),
}

impl<T> Outcome<T> {
    /// The same outcome with something else to return.
    pub fn with<U>(self, value: U) -> Outcome<U> {
        match self {
            Self::Changed(_) => Outcome::Changed(value),
            Self::Unchanged(_) => Outcome::Unchanged(value),
        }
    }

    /// The same outcome with what is made of what the work returned.
    pub fn map<U>(self, make: impl FnOnce(T) -> U) -> Outcome<U> {
        match self {
            Self::Changed(value) => Outcome::Changed(make(value)),
            Self::Unchanged(value) => Outcome::Unchanged(make(value)),
        }
    }

    /// What the work returned.
    pub fn into_inner(self) -> T {
        match self {
            Self::Changed(value) | Self::Unchanged(value) => value,
        }
    }
}

async fn on_a_blocking_thread<T: Send + 'static>(
    at_most: Duration,
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    match tokio::time::timeout(at_most, tokio::task::spawn_blocking(work)).await {
        Ok(Ok(outcome)) => outcome,
        Ok(Err(panic)) => Err(Error::Internal(
            "running a database transaction",
            Box::new(panic),
        )),
        Err(elapsed) => Err(Error::Unavailable(
            "waiting for the database to answer",
            Box::new(elapsed),
        )),
    }
}
