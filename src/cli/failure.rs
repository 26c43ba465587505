//! How a command says that it failed: one line and an exit code.

use std::io::Write;
use std::process::ExitCode;

use chrono::{DateTime, Utc};

use crate::config::{ConfigError, Origin};
use crate::domain::error::Error;
use crate::domain::ids::MalformedId;
use crate::logging::{self, LogFormat};
use crate::startup::StartError;

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
    /// The database did not open; where it was given.
    #[error("the database of {} does not open", origin_words(.0.as_ref()))]
    Database(Option<Origin>, #[source] Error),
    /// A text that should be an ODS code is none.
    #[error("{text:?} is no ODS code: {rule}")]
    Code {
        /// The text.
        text: String,
        /// What it breaks.
        rule: MalformedId,
    },
    /// The question has no answer.
    #[error("{}", answer_words(.0))]
    Answer(Error),
    /// The answer cannot be put as JSON, which is a bug.
    #[error("cannot put the answer as JSON")]
    Json(#[source] serde_json::Error),
    /// The answer could not be written.
    #[error("cannot write to the standard output")]
    Output(#[source] std::io::Error),
    /// The service does not answer, or not well.
    #[error("{url} is not healthy: {why}")]
    Unhealthy {
        /// What was asked.
        url: String,
        /// What came back.
        why: String,
    },
    /// The port of the service is chosen by the system, so nobody but the service knows it.
    #[error("the port is set to 0, any that is free; say which with --url")]
    UnknownPort,
}

impl Failure {
    /// The failure of opening a database that was given in some place.
    #[must_use]
    pub fn of_database(error: StartError, origin: Option<Origin>) -> Self {
        match error {
            StartError::Open(error) => Self::Database(origin, error),
            error @ (StartError::PortInUse(_)
            | StartError::Listen(..)
            | StartError::Temporary(_)
            | StartError::Serve(_)) => Self::Start(error),
        }
    }

    /// Writes the line; the exit code.
    #[must_use]
    pub fn tell(&self, format: LogFormat, now: DateTime<Utc>) -> ExitCode {
        logging::write_failure(format, now, &logging::chain(self));
        ExitCode::from(match self {
            Self::Config(_) | Self::UnknownPort => EXIT_USAGE,
            Self::Start(_)
            | Self::Database(..)
            | Self::Code { .. }
            | Self::Answer(_)
            | Self::Json(_)
            | Self::Output(_)
            | Self::Unhealthy { .. } => EXIT_FAILURE,
        })
    }
}

fn origin_words(origin: Option<&Origin>) -> String {
    match origin {
        Some(origin) => origin.to_string(),
        None => format!("the default, {},", crate::config::DEFAULT_DATABASE),
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
        | Error::Unavailable(..)
        | Error::Internal(..) => logging::chain(error),
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
            writeln!(out, "{}", logging::clean(line)).ok();
        }
        ExitCode::from(EXIT_USAGE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::OdsCode;

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
        let error = || StartError::Open(Error::Unavailable("opening it", "not a database".into()));
        let origin = Some(Origin::Variable("DATABASE_URL"));
        assert_eq!(
            logging::chain(&Failure::of_database(error(), origin)),
            "the database of DATABASE_URL does not open: the database is unavailable while opening it: not a database"
        );
        assert!(logging::chain(&Failure::of_database(error(), None)).contains("alongside.sqlite3"));
    }
}
