//! What can go wrong, without a word of HTTP or SQL.

use chrono::NaiveDate;

use crate::domain::ids::OdsCode;
use crate::domain::suggestion::Fact;

/// The failure below one of ours; only the log may say it.
pub type Cause = Box<dyn std::error::Error + Send + Sync>;

/// The result of anything that can fail in one of our ways.
pub type Result<T> = std::result::Result<T, Error>;

/// One thing wrong with one field of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldError {
    /// Where: a JSON pointer into the body, or `/query/NAME`, `/path/NAME`, `/header/NAME`.
    pub pointer: String,
    /// What is wrong, safe to show.
    pub detail: String,
}

impl FieldError {
    /// Names a field and what is wrong with it.
    #[must_use]
    pub fn new(pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        Self {
            pointer: pointer.into(),
            detail: detail.into(),
        }
    }
}

/// A failure that a caller can be told of, or a bug that only the log may describe.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No organisation has this code.
    #[error("organisation {0} does not exist")]
    OrganisationNotFound(OdsCode),
    /// The organisation closed; its successors, if any, are the ones to ask about.
    #[error("organisation {code} is closed")]
    OrganisationClosed {
        /// Who closed.
        code: OdsCode,
        /// Its last day, where it is known.
        on: Option<NaiveDate>,
        /// Who is there today; sorted, may be empty.
        successors: Vec<OdsCode>,
    },
    /// The pair is never suggested, for a reason that the seeker may know.
    #[error("{candidate} is never suggested to {seeker}: {reason}")]
    NeverSuggested {
        /// Who asks.
        seeker: OdsCode,
        /// About whom.
        candidate: OdsCode,
        /// Why not, safe to show.
        reason: &'static str,
    },
    /// No weighted criterion can be asked of the seeker; these facts would change that.
    #[error("no weighted criterion applies to {seeker}")]
    NothingApplies {
        /// Who asks.
        seeker: OdsCode,
        /// What to supply.
        facts: Vec<Fact>,
    },
    /// Well formed, but breaking a rule: one entry per field, all at once.
    #[error("{} field(s) are invalid", .0.len())]
    Invalid(Vec<FieldError>),
    /// What was to be changed is not what the caller has seen.
    #[error("it was changed meanwhile")]
    Stale,
    /// There is no such thing, or it is not the caller's to see.
    #[error("no {what} has the id {id}")]
    Missing {
        /// What sort of thing, in words: "blueprint".
        what: &'static str,
        /// The id asked for.
        id: String,
    },
    /// The caller is a site, and this organisation is not it; whether there is one of that code makes no difference.
    #[error("organisation {0} is not the caller's")]
    NotYours(OdsCode),
    /// There is an open approach between the two already, which is answered, never crossed.
    #[error("{detail}")]
    ApproachOpen {
        /// Its id, which both sides may see.
        approach: String,
        /// What to tell a person.
        detail: String,
    },
    /// It clashes with what there is.
    #[error("{detail}")]
    Conflict {
        /// Which rule, as a reference that never varies: "/problems/link-answered".
        rule: &'static str,
        /// What to tell a person.
        detail: String,
    },
    /// The caller may not do this, whatever it is done to.
    #[error("{0}")]
    Forbidden(&'static str),
    /// The same Idempotency-Key was used for another request.
    #[error("the idempotency key was used for another request")]
    IdempotencyKeyReused,
    /// The database cannot be reached or is not one; what we were doing, and why, which only the log may say.
    #[error("the database is unavailable while {0}")]
    Unavailable(&'static str, #[source] Cause),
    /// So many ask for what takes long that no more are let wait.
    #[error("too many wait for lengthy answers")]
    Busy,
    /// A bug or a broken invariant: what we were doing, and why it failed, which only the log may say.
    #[error("failed while {0}")]
    Internal(&'static str, #[source] Cause),
}

impl Error {
    /// An [`Error::Invalid`] of one field.
    #[must_use]
    pub fn invalid(pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::Invalid(vec![FieldError::new(pointer, detail)])
    }
}
