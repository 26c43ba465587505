//! How a command says that it failed: one line and an exit code.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use chrono::{DateTime, Utc};

use crate::app::evaluation::pairs::BadPairs;
use crate::app::mail::MailError;
use crate::config::{ConfigError, DatabaseSetting};
use crate::domain::audit::Finding;
use crate::domain::error::Error;
use crate::logging::{self, LogFormat};
use crate::startup::StartError;
use crate::storage::Unusable;

/// The exit code of a failure.
pub const EXIT_FAILURE: u8 = 1;

/// The exit code of a command line, an environment or a settings file that is wrong.
pub const EXIT_USAGE: u8 = 2;

/// Why a command did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// A setting is wrong.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The service did not start.
    #[error(transparent)]
    Start(#[from] StartError),
    /// The database did not open, and why.
    #[error("cannot open {}: {}", database_words(.0), why(.1))]
    Database(DatabaseSetting, Error),
    /// The question has no answer.
    #[error("{}", answer_words(.0))]
    Answer(Error),
    /// The answer cannot be put as JSON, which is a bug.
    #[error("cannot put the answer as JSON")]
    Json(#[source] serde_json::Error),
    /// The answer could not be written.
    #[error("cannot write to the standard output")]
    Output(#[source] std::io::Error),
    /// A file that was named cannot be read.
    #[error("cannot read {}", .0.display())]
    File(std::path::PathBuf, #[source] std::io::Error),
    /// A file of pairs cannot be read.
    #[error("cannot read pairs from {}: {why}", .file.display())]
    Pairs {
        /// Which.
        file: PathBuf,
        /// Why not.
        #[source]
        why: BadPairs,
    },
    /// A file could not be written.
    #[error("cannot write {}", .0.display())]
    Written(PathBuf, #[source] std::io::Error),
    /// A file of workings is none, or something in it does not follow from its inputs.
    #[error("{} cannot be followed: {why}", .file.display())]
    Workings {
        /// Which.
        file: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// Rows of a file were refused; the report says why.
    #[error("{0} row(s) were refused")]
    Refused(u64),
    /// The service does not answer, or not well.
    #[error("{url} is not healthy: {why}")]
    Unhealthy {
        /// What was asked.
        url: String,
        /// What came back.
        why: String,
    },
    /// The audit is not what the service wrote.
    #[error("the audit is not whole: {first}{}", others_words(*.n_others))]
    Tampered {
        /// What was found first.
        first: Finding,
        /// How much was found besides.
        n_others: u64,
    },
    /// A file of checkpoints cannot be read.
    #[error("cannot read checkpoints from {}: {why}", .file.display())]
    Checkpoint {
        /// Which.
        file: PathBuf,
        /// Why not.
        why: String,
    },
    /// No mail server is set.
    #[error("no mail server is set; give --smtp-url, --mail-from and --public-url")]
    NoMailServer,
    /// A test message did not go out. The recipient is not repeated: logs hold no person's address.
    #[error("cannot send the test message")]
    Mail(#[from] MailError),
    /// The port of the service is chosen by the system, so nobody but the service knows it.
    #[error("the port is set to 0, any that is free; say which with --url")]
    UnknownPort,
    /// What is to be asked is not to be repeated: it may hold a password.
    #[error("--url must be http://HOST or http://HOST:PORT, with nothing before or after that")]
    NoPlainUrl,
}

impl Failure {
    /// The failure of opening a database that was given in some place.
    #[must_use]
    pub fn of_database(error: StartError, database: DatabaseSetting) -> Self {
        match error {
            StartError::Open(error) => Self::Database(database, error),
            error @ (StartError::PortInUse(_)
            | StartError::Listen(..)
            | StartError::Temporary(_)
            | StartError::Secret(_)
            | StartError::AdminKey(..)
            | StartError::Tls(_)
            | StartError::Identity(_)
            | StartError::Mail(_)
            | StartError::Serve(_)) => Self::Start(error),
        }
    }

    /// Writes the line; the exit code.
    #[must_use]
    pub fn tell(&self, format: LogFormat, now: DateTime<Utc>) -> ExitCode {
        logging::write_failure(format, now, &logging::chain(self));
        ExitCode::from(match self {
            Self::Config(_) | Self::UnknownPort | Self::NoPlainUrl | Self::NoMailServer => {
                EXIT_USAGE
            }
            Self::Start(_)
            | Self::Database(..)
            | Self::Answer(_)
            | Self::Json(_)
            | Self::Output(_)
            | Self::Tampered { .. }
            | Self::Checkpoint { .. }
            | Self::Workings { .. }
            | Self::File(..)
            | Self::Mail(_)
            | Self::Refused(_)
            | Self::Pairs { .. }
            | Self::Written(..)
            | Self::Unhealthy { .. } => EXIT_FAILURE,
        })
    }
}

fn others_words(n_others: u64) -> String {
    match n_others {
        0 => String::new(),
        1 => " (and one more finding)".to_owned(),
        n => format!(" (and {n} more findings)"),
    }
}

fn database_words(database: &DatabaseSetting) -> String {
    let url = &database.url;
    match &database.origin {
        Some(origin) => format!("the database {url} given by {origin}"),
        None => format!("the default database {url}"),
    }
}

/// Why a database does not open, as a clause after its name.
fn why(error: &Error) -> String {
    match error {
        Error::Unavailable(_, cause) => match cause.downcast_ref::<Unusable>() {
            Some(unusable) => unusable.why(),
            None => logging::chain(error),
        },
        Error::Internal(..)
        | Error::OrganisationNotFound(_)
        | Error::OrganisationClosed { .. }
        | Error::NeverSuggested { .. }
        | Error::NothingApplies { .. }
        | Error::Invalid(_)
        | Error::Stale
        | Error::Missing { .. }
        | Error::NotYours(_)
        | Error::ApproachOpen { .. }
        | Error::Conflict { .. }
        | Error::Forbidden(_)
        | Error::IdempotencyKeyReused
        | Error::Busy => logging::chain(error),
    }
}

/// The error in words that say what to do next, where the caller can do something.
fn answer_words(error: &Error) -> String {
    match error {
        Error::OrganisationClosed {
            code,
            on,
            successors,
        } => {
            let on = on.map_or_else(String::new, |on| format!(" since {on}"));
            let successors: Vec<_> = successors.iter().map(ToString::to_string).collect();
            match successors.as_slice() {
                [] => format!("organisation {code} is closed{on}; no successor is recorded"),
                [one] => format!("organisation {code} is closed{on}; ask for its successor {one}"),
                many => format!(
                    "organisation {code} is closed{on}; ask for one of its successors {}",
                    many.join(", ")
                ),
            }
        }
        Error::NothingApplies { seeker, facts } => {
            let facts: Vec<_> = facts.iter().map(|fact| fact.as_str()).collect();
            format!(
                "no criterion with a weight can be asked of {seeker}; what would change that: {}",
                facts.join(", ")
            )
        }
        Error::Invalid(fields) => {
            let fields: Vec<_> = fields
                .iter()
                .map(|field| format!("{} {}", field.pointer, field.detail))
                .collect();
            fields.join("; ")
        }
        Error::OrganisationNotFound(_)
        | Error::NeverSuggested { .. }
        | Error::Stale
        | Error::Missing { .. }
        | Error::NotYours(_)
        | Error::ApproachOpen { .. }
        | Error::Conflict { .. }
        | Error::Forbidden(_)
        | Error::IdempotencyKeyReused
        | Error::Unavailable(..)
        | Error::Internal(..)
        | Error::Busy => logging::chain(error),
    }
}

/// Why the command line led to no command: it is wrong, or it asked for help or for the version.
#[derive(Debug)]
pub struct Stop(clap::Error);

impl Stop {
    pub(super) fn new(error: clap::Error) -> Self {
        Self(error)
    }

    /// Prints what there is to say; the exit code.
    #[must_use]
    pub fn tell(&self) -> ExitCode {
        if !self.0.use_stderr() {
            // A reader that has seen enough of the help is no failure.
            self.0.print().ok();
            return ExitCode::SUCCESS;
        }
        let text = self.0.render().to_string();
        let mut out = std::io::stderr().lock();
        for line in text.lines() {
            // A mistyped command can carry a database URL with a password, and it is quoted here.
            writeln!(out, "{}", logging::clean(&without_addresses(line))).ok();
        }
        ExitCode::from(EXIT_USAGE)
    }
}

/// The text without what follows a scheme: wherever a password stands in an address, it is gone.
fn without_addresses(text: &str) -> String {
    let mut parts = text.split("://");
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let end = part.find(|c: char| c.is_whitespace() || c == '\'');
        out.push_str("://***");
        out.push_str(&part[end.unwrap_or(part.len())..]);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Origin;
    use crate::domain::ids::OdsCode;
    use crate::storage::DatabaseUrl;

    fn code(text: &str) -> OdsCode {
        OdsCode::new(text).unwrap()
    }

    fn closed(successors: &[&str]) -> String {
        let error = Error::OrganisationClosed {
            code: code("RDD"),
            on: chrono::NaiveDate::from_ymd_opt(2020, 3, 31),
            successors: successors.iter().map(|s| code(s)).collect(),
        };
        logging::chain(&Failure::Answer(error))
    }

    #[test]
    fn a_closed_organisation_is_followed_by_its_successors() {
        assert_eq!(
            closed(&["RAJ"]),
            "organisation RDD is closed since 2020-03-31; ask for its successor RAJ"
        );
        assert!(closed(&["R0A", "RAJ"]).contains("one of its successors R0A, RAJ"));
        assert!(closed(&[]).contains("no successor is recorded"));
    }

    #[test]
    fn a_database_that_does_not_open_is_named_by_where_it_was_given() {
        let words = |url: &str, origin| {
            let url = DatabaseUrl::parse(url).unwrap();
            let error = StartError::Open(Unusable::Directory(url.clone()).into());
            logging::chain(&Failure::of_database(
                error,
                DatabaseSetting { url, origin },
            ))
        };
        assert_eq!(
            words("x", Some(Origin::Variable("DATABASE_URL"))),
            "cannot open the database sqlite://x given by DATABASE_URL: it is a directory"
        );
        assert_eq!(
            words("alongside.sqlite3", None),
            "cannot open the default database sqlite://alongside.sqlite3: it is a directory"
        );
    }

    #[test]
    fn an_address_in_a_mistyped_command_is_not_repeated() {
        assert_eq!(
            without_addresses("unexpected argument 'postgres://u:S3CRET/p@h' found; a://b c"),
            "unexpected argument 'postgres://***' found; a://*** c"
        );
    }
}
