//! What can go wrong with a database, in the words of the domain.

use std::fmt;
use std::str::FromStr;

use diesel::result::{DatabaseErrorKind, Error as QueryError};

use crate::domain::dates::PartialDate;
use crate::domain::error::{Cause, Error, Result};
use crate::domain::provenance::Provenance;
use crate::storage::url::DatabaseUrl;

/// Why a database cannot be opened. Its words name the database without its password and may be shown to who starts
/// the service.
#[derive(Debug, thiserror::Error)]
pub enum Unusable {
    /// The path leads to a directory.
    #[error("{0} is a directory, not a database file")]
    Directory(DatabaseUrl),
    /// There is no such file, and it may not be made.
    #[error("{0} does not exist")]
    Missing(DatabaseUrl),
    /// The file holds something else.
    #[error("{0} is not a SQLite database")]
    NotADatabase(DatabaseUrl),
    /// The tables in it are another program's.
    #[error("{0} is a database of another program")]
    Foreign(DatabaseUrl),
    /// There are no tables in it, and they may not be made.
    #[error("{0} has no tables yet; the command serve makes them")]
    NoTables(DatabaseUrl),
    /// The file cannot be opened or made.
    #[error("{database} cannot be opened: {reason}")]
    Unreadable {
        /// Which.
        database: DatabaseUrl,
        /// The library's words.
        reason: String,
    },
    /// The server does not answer or does not let us in.
    #[error("{database} cannot be reached: {reason}")]
    Unreachable {
        /// Which.
        database: DatabaseUrl,
        /// The library's words; it was given the password apart, and repeats none.
        reason: String,
    },
    /// A newer version of the service wrote it.
    #[error("{database} has the schema of a newer version of this service (migration {migration})")]
    NewerSchema {
        /// Which.
        database: DatabaseUrl,
        /// The first migration that this version does not know.
        migration: String,
    },
    /// An older version of the service wrote it, and it may not be changed.
    #[error(
        "{0} has the schema of an older version of this service; the command serve brings it up to date"
    )]
    OlderSchema(DatabaseUrl),
    /// It was made with another secret than the one at hand.
    #[error("{0} was made with another secret; give the one that it was made with")]
    OtherSecret(DatabaseUrl),
    /// Somebody took away where the chain of its audit begins.
    #[error(
        "{0} has lost the beginning of its audit, which the service never removes; restore a backup"
    )]
    NoAuditChain(DatabaseUrl),
    /// Its tables cannot be made or brought up to date.
    #[error("the tables of {database} cannot be brought up to date: {reason}")]
    NotMigrated {
        /// Which.
        database: DatabaseUrl,
        /// The library's words.
        reason: String,
    },
}

impl Unusable {
    /// Why, as a clause that follows the name of the database.
    #[must_use]
    pub fn why(&self) -> String {
        match self {
            Self::Directory(_) => "it is a directory".to_owned(),
            Self::Missing(_) => "there is no such file".to_owned(),
            Self::NotADatabase(_) => "it is not a SQLite database".to_owned(),
            Self::Foreign(_) => "it is a database of another program".to_owned(),
            Self::NoTables(_) => "it has no tables yet; `alongside serve` makes them".to_owned(),
            Self::Unreadable { reason, .. } | Self::Unreachable { reason, .. } => reason.clone(),
            Self::NewerSchema { migration, .. } => format!(
                "it has the schema of a newer version of this service (migration {migration})"
            ),
            Self::OlderSchema(_) => {
                "it has the schema of an older version of this service; `alongside serve` \
                                     brings it up to date"
                    .to_owned()
            }
            Self::OtherSecret(_) => {
                "it was made with another secret; give the file of the one that it was made with (--secret-file)".to_owned()
            }
            Self::NoAuditChain(_) => {
                "the beginning of its audit is gone, which the service never removes; `alongside audit verify` says what is left, \
                 and a backup brings it back"
                    .to_owned()
            }
            Self::NotMigrated { reason, .. } => {
                format!("its tables cannot be brought up to date: {reason}")
            }
        }
    }

    pub(super) fn unreadable(database: &DatabaseUrl, reason: impl fmt::Display) -> Self {
        let reason = one_line(&reason.to_string());
        Self::Unreadable {
            database: database.clone(),
            reason,
        }
    }

    pub(super) fn unreachable(database: &DatabaseUrl, reason: impl fmt::Display) -> Self {
        let reason = one_line(&reason.to_string());
        Self::Unreachable {
            database: database.clone(),
            reason,
        }
    }

    pub(super) fn not_migrated(database: &DatabaseUrl, reason: impl fmt::Display) -> Self {
        let reason = one_line(&reason.to_string());
        Self::NotMigrated {
            database: database.clone(),
            reason,
        }
    }
}

impl From<Unusable> for Error {
    fn from(unusable: Unusable) -> Self {
        let doing = match unusable {
            Unusable::Directory(_)
            | Unusable::Missing(_)
            | Unusable::NotADatabase(_)
            | Unusable::Unreadable { .. } => "opening the database file",
            Unusable::Unreachable { .. } => "connecting to the database server",
            Unusable::Foreign(_)
            | Unusable::NoTables(_)
            | Unusable::OtherSecret(_)
            | Unusable::NoAuditChain(_)
            | Unusable::NewerSchema { .. }
            | Unusable::OlderSchema(_) => "checking the version of the database",
            Unusable::NotMigrated { .. } => "bringing the database up to date",
        };
        Self::Unavailable(doing, Box::new(unusable))
    }
}

/// libpq ends its words with a line break and repeats them for every address of a host.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Words of failures that diesel gives no kind: another writer took too long, or the file or its disk is at fault.
const PASSING: [&str; 8] = [
    "database is locked",
    "lock timeout",
    "statement timeout",
    "readonly database",
    "disk is full",
    "disk I/O error",
    "disk image is malformed",
    "not a database",
];

/// Gives a query's failure its place: unavailable where the database itself is at fault, else a bug of ours.
pub(super) fn failed(doing: &'static str) -> impl FnOnce(QueryError) -> Error {
    move |error| {
        let is_passing = match &error {
            QueryError::DatabaseError(kind, information) => {
                matches!(
                    kind,
                    DatabaseErrorKind::ClosedConnection
                        | DatabaseErrorKind::UnableToSendCommand
                        | DatabaseErrorKind::SerializationFailure
                        | DatabaseErrorKind::ReadOnlyTransaction
                ) || PASSING
                    .iter()
                    .any(|words| information.message().contains(words))
            }
            QueryError::BrokenTransactionManager => true,
            _ => false,
        };
        if is_passing {
            Error::Unavailable(doing, Box::new(error))
        } else {
            Error::Internal(doing, Box::new(error))
        }
    }
}

/// A stored row that breaks a rule of the domain: somebody else wrote it, or the database is damaged.
#[derive(Debug, thiserror::Error)]
#[error("table {table}, row {key}: {fault}")]
struct CorruptRow {
    table: &'static str,
    key: String,
    fault: String,
}

/// A stored row on its way to the domain: names table and key where a value of it cannot be.
#[derive(Clone, Copy)]
pub(super) struct Stored<'a> {
    table: &'static str,
    key: &'a [&'a str],
}

impl<'a> Stored<'a> {
    pub(super) const fn new(table: &'static str, key: &'a [&'a str]) -> Self {
        Self { table, key }
    }

    /// The error that this row is corrupt.
    pub(super) fn corrupt(self, fault: impl fmt::Display) -> Error {
        let row = CorruptRow {
            table: self.table,
            key: self.key.join(", "),
            fault: fault.to_string(),
        };
        Error::Internal("reading a stored row", Cause::from(row))
    }

    /// The value that a text stands for.
    pub(super) fn parse<T: FromStr<Err: fmt::Display>>(self, text: &str) -> Result<T> {
        text.parse()
            .map_err(|fault: T::Err| self.corrupt(format_args!("{text:?}: {fault}")))
    }

    /// The value that a text stands for, where there is one.
    pub(super) fn parse_some<T: FromStr<Err: fmt::Display>>(
        self,
        text: Option<&str>,
    ) -> Result<Option<T>> {
        text.map(|text| self.parse(text)).transpose()
    }

    /// The provenance that two columns hold.
    pub(super) fn provenance(
        self,
        source: String,
        as_of: Option<&str>,
        origin: &str,
    ) -> Result<Provenance> {
        Ok(Provenance {
            source,
            as_of: self.parse_some::<PartialDate>(as_of)?,
            voice: self.parse(origin)?,
        })
    }
}
