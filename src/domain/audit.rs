//! What the audit says, who may see how much of it, and what its verification finds.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::domain::ids::{OdsCode, Revision};

/// One row of the audit.
#[derive(Clone, Debug, PartialEq)]
pub struct AuditRecord {
    /// Its number, from 1.
    pub sequence: i64,
    /// The write it belongs to.
    pub revision: Revision,
    /// When.
    pub recorded_at: DateTime<Utc>,
    /// Who: `key:ID`, `oidc:DIGEST`, `alongside` or `command line`.
    pub actor: String,
    /// What was done, in a word that never varies.
    pub action: String,
    /// To what, and how; may be empty.
    pub detail: String,
    /// The request that asked for it; empty where none did.
    pub request_id: String,
    /// What sort of thing was changed; empty for a change as a whole.
    pub subject_kind: String,
    /// Which one of the sort.
    pub subject_id: String,
    /// Whose it is, as text; empty where it is nobody's.
    pub ods_code: String,
    /// What it was.
    pub before: Option<Value>,
    /// What it became.
    pub after: Option<Value>,
}

/// What a site says for itself alone, by the kind of row.
const PRIVATE_KINDS: &[&str] = &[
    "admin_suggestion_answers",
    "contacts",
    "ethos",
    "exclusions",
    "notifications",
    "saved_weights",
    "shortlist",
    "visibility",
    "webhooks",
    "weights",
];

/// What everybody, or every admin, may see anyway, by the kind of row. A kind that is in neither list counts as private.
const OPEN_KINDS: &[&str] = &[
    "",
    "admin_suggestions",
    "approaches",
    "attributes",
    "blueprints",
    "boards",
    "capacities",
    "care_settings",
    "check_ins",
    "core_systems",
    "imports",
    "keys",
    "links",
    "links_declaration",
    "match_reviews",
    "models",
    "network_members",
    "networks",
    "organisation",
    "organisation_topics",
    "organisations",
    "particulars",
    "partnerships",
    "pauses",
    "programme_members",
    "programme_weights",
    "programmes",
    "standings",
    "succession",
    "successions",
    "topics",
];

impl AuditRecord {
    /// Whether what was changed is the site's alone, so that programme admins and viewers see only that it changed.
    ///
    /// Ethos answers may stand among attributes, where an import brings both, so anything that names one is private too.
    #[must_use]
    pub fn is_private(&self) -> bool {
        let kind = self.subject_kind.as_str();
        PRIVATE_KINDS.contains(&kind)
            || !OPEN_KINDS.contains(&kind)
            || names_ethos(&self.subject_id)
            || [&self.before, &self.after]
                .into_iter()
                .flatten()
                .any(speaks_of_ethos)
    }
}

fn names_ethos(text: &str) -> bool {
    text.contains("ethos")
}

fn speaks_of_ethos(value: &Value) -> bool {
    match value {
        Value::String(text) => names_ethos(text),
        Value::Array(values) => values.iter().any(speaks_of_ethos),
        Value::Object(fields) => fields
            .iter()
            .any(|(name, value)| names_ethos(name) || speaks_of_ethos(value)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

/// The value without the ids of callers that stand in it, as who made a key: a site is not told other callers' ids.
#[must_use]
pub fn without_callers(value: Value) -> Value {
    match value {
        Value::String(text) if text.starts_with("key:") || text.starts_with("oidc:") => Value::Null,
        Value::Array(values) => values.into_iter().map(without_callers).collect(),
        Value::Object(fields) => fields
            .into_iter()
            .map(|(name, value)| (name, without_callers(value)))
            .collect(),
        other @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_)) => other,
    }
}

/// Which rows of the audit to read; everything that is given has to hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditQuery {
    /// Who, exactly.
    pub actor: Option<String>,
    /// What was done, exactly.
    pub action: Option<String>,
    /// Whose.
    pub ods_code: Option<OdsCode>,
    /// What sort of thing.
    pub subject_kind: Option<String>,
    /// Which one.
    pub subject_id: Option<String>,
    /// For which request.
    pub request_id: Option<String>,
    /// Recorded then or later.
    pub since: Option<DateTime<Utc>>,
    /// Recorded before then.
    pub until: Option<DateTime<Utc>>,
}

/// A part of the audit, the newest row first.
#[derive(Clone, Debug, PartialEq)]
pub struct AuditPage {
    /// The rows.
    pub items: Vec<AuditRecord>,
    /// Whether older ones follow.
    pub has_more: bool,
}

/// Who changed something, as a site is told it: other callers are not told apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KnownActor {
    /// A key of the site, by the beginning by which people tell keys apart.
    OwnKey(String),
    /// Another site.
    OtherSite,
    /// A programme admin.
    ProgrammeAdmin,
    /// Somebody whom the identity provider vouches for; the audit keeps a digest, which says no role.
    Identity,
    /// The service itself, as when it loads the bundled data.
    Service,
    /// Whoever runs the service, at its command line.
    CommandLine,
    /// None of these.
    Other,
}

/// What the audit was at one moment, to be kept elsewhere: with it, a verification sees what was taken away or put back since.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Checkpoint {
    /// The number of the last row; 0 before the first.
    pub sequence: i64,
    /// The revision it belongs to.
    pub revision: i64,
    /// When the checkpoint was made.
    pub made_at: DateTime<Utc>,
    /// The MAC of the last row.
    pub mac: String,
    /// The MAC of the above, so that nobody without the secret makes a checkpoint that fits what they changed.
    pub seal: String,
}

/// What a verification found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// How many rows were read.
    pub n_rows: u64,
    /// The number of the last one; 0 where there is none.
    pub last_sequence: i64,
    /// The revision that the database is at.
    pub revision: i64,
    /// How many checkpoints it was held against. Without one, an earlier copy in the place of the whole database looks whole.
    pub n_checkpoints: usize,
    /// What is wrong, the first row first; at most [`MAX_FINDINGS`](Self::MAX_FINDINGS).
    pub findings: Vec<Finding>,
    /// How many things are wrong.
    pub n_findings: u64,
}

impl Report {
    /// How many findings are told one by one.
    pub const MAX_FINDINGS: usize = 100;

    /// Whether nothing is wrong.
    #[must_use]
    pub const fn is_whole(&self) -> bool {
        self.n_findings == 0
    }
}

/// One thing that is wrong with the audit.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Finding {
    /// Where the chain begins is gone.
    #[error("where the chain begins was removed")]
    NoChain,
    /// The beginning is not what the secret makes of it.
    #[error(
        "the beginning of the chain was changed, or a row up to it (number {0}), or it was made with another secret"
    )]
    Beginning(i64),
    /// A row cannot be read.
    #[error("row {0} was changed: it cannot be read")]
    Unreadable(i64),
    /// Rows are gone.
    #[error("{} missing", rows_words(*.from, *.to))]
    Missing {
        /// The first.
        from: i64,
        /// The last.
        to: i64,
    },
    /// A row has a number that the service gives none.
    #[error("row {0} was inserted: the service gives no row that number")]
    Inserted(i64),
    /// A row is not what was written at its place.
    #[error(
        "row {0} is not what the service wrote there: it, or the row before it, was changed, moved or inserted"
    )]
    Changed(i64),
    /// The revisions of two rows do not follow each other.
    #[error(
        "row {sequence} is of revision {found} and follows one of {before}: the count of revisions was put back"
    )]
    Revision {
        /// The row.
        sequence: i64,
        /// Its revision.
        found: i64,
        /// That of the row before it.
        before: i64,
    },
    /// The end of the chain is not what the secret makes of it.
    #[error("where the chain ends was changed, or it was made with another secret")]
    Head,
    /// The last rows are gone.
    #[error("{} missing at the end", rows_words(*.from, *.to))]
    Tail {
        /// The first.
        from: i64,
        /// The last.
        to: i64,
    },
    /// There are rows after the end of the chain.
    #[error("row {0} was inserted after the end of the chain")]
    AfterHead(i64),
    /// The last row is not the one at the end of the chain.
    #[error("row {0} is not the one with which the chain ends")]
    OtherHead(i64),
    /// The database is at another revision than its last row.
    #[error("the database is at revision {found}, but the last row is of revision {audited}")]
    OtherRevision {
        /// What the table of the revision says.
        found: i64,
        /// What the last row says.
        audited: i64,
    },
    /// A checkpoint is not genuine.
    #[error("checkpoint {0} was changed, or made with another secret")]
    ForgedCheckpoint(usize),
    /// The audit ends before a checkpoint.
    #[error(
        "checkpoint {number} was made at row {sequence}, but the audit ends at row {last}: rows were removed, or the \
         database is an earlier copy"
    )]
    BeforeCheckpoint {
        /// Which checkpoint, from 1.
        number: usize,
        /// Its row.
        sequence: i64,
        /// The last row.
        last: i64,
    },
    /// The row of a checkpoint is another one.
    #[error(
        "row {sequence} is not the one that checkpoint {number} was made at: the audit was replaced by another"
    )]
    OtherThanCheckpoint {
        /// Which checkpoint, from 1.
        number: usize,
        /// Its row.
        sequence: i64,
    },
}

impl Finding {
    /// A word for programs.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NoChain => "no_chain",
            Self::Beginning(_) => "beginning_changed",
            Self::Unreadable(_) => "row_unreadable",
            Self::Missing { .. } => "rows_missing",
            Self::Inserted(_) => "row_inserted",
            Self::Changed(_) => "row_changed",
            Self::Revision { .. } => "revision_put_back",
            Self::Head => "end_changed",
            Self::Tail { .. } => "last_rows_missing",
            Self::AfterHead(_) => "row_after_end",
            Self::OtherHead(_) => "other_end",
            Self::OtherRevision { .. } => "other_revision",
            Self::ForgedCheckpoint(_) => "checkpoint_forged",
            Self::BeforeCheckpoint { .. } => "before_checkpoint",
            Self::OtherThanCheckpoint { .. } => "other_than_checkpoint",
        }
    }

    /// The row it is about, or the first of them; `None` where it is about none.
    #[must_use]
    pub const fn sequence(&self) -> Option<i64> {
        match self {
            Self::NoChain | Self::Head | Self::OtherRevision { .. } | Self::ForgedCheckpoint(_) => {
                None
            }
            Self::Beginning(sequence)
            | Self::Unreadable(sequence)
            | Self::Inserted(sequence)
            | Self::Changed(sequence)
            | Self::AfterHead(sequence)
            | Self::OtherHead(sequence)
            | Self::Missing { from: sequence, .. }
            | Self::Tail { from: sequence, .. }
            | Self::Revision { sequence, .. }
            | Self::BeforeCheckpoint { sequence, .. }
            | Self::OtherThanCheckpoint { sequence, .. } => Some(*sequence),
        }
    }
}

fn rows_words(from: i64, to: i64) -> String {
    if from == to {
        format!("row {from} is")
    } else {
        format!("rows {from} to {to} are")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn row(kind: &str, id: &str, after: Value) -> AuditRecord {
        AuditRecord {
            sequence: 1,
            revision: Revision(1),
            recorded_at: DateTime::UNIX_EPOCH,
            actor: "key:1".to_owned(),
            action: "put".to_owned(),
            detail: String::new(),
            request_id: String::new(),
            subject_kind: kind.to_owned(),
            subject_id: id.to_owned(),
            ods_code: "RTH".to_owned(),
            before: None,
            after: Some(after),
        }
    }

    #[test]
    fn ids_of_callers_are_taken_out_wherever_they_stand() {
        let value = json!({"createdBy": "key:1", "all": ["oidc:2", "als_abcd", 3]});
        let without = json!({"createdBy": null, "all": [null, "als_abcd", 3]});
        assert_eq!(without_callers(value), without);
    }

    #[test]
    fn what_is_a_sites_alone_is_private_wherever_it_stands() {
        for private in [
            row("ethos", "RTH", json!({"sharing": 4})),
            row("weights", "RTH", json!({})),
            row("contacts", "1", json!({})),
            row("attributes", "ethos_pace", json!(4)),
            row("attributes", "RTH", json!([{"attribute": "ethos_pace"}])),
            row("attributes", "RTH", json!({"ethos_pace": 4})),
            row("something_new", "RTH", json!({})),
        ] {
            assert!(private.is_private(), "{private:?}");
        }
        for open in [
            row("core_systems", "epr", json!({"vendor": "Epic"})),
            row("attributes", "beds", json!({"number": 900})),
        ] {
            assert!(!open.is_private(), "{open:?}");
        }
    }
}
