//! Files that somebody hands in: what they are of, what single rows say, and what came of them.

use chrono::{DateTime, NaiveDate, Utc};

use crate::domain::core_system::CoreSystem;
use crate::domain::ids::{BoardCode, OdsCode, Revision, Slug};
use crate::domain::link::{Link, NetworkKind};
use crate::domain::named_enum;
use crate::domain::organisation::{CareSettings, Position, Status, Succession};
use crate::domain::profile::{AttributeFact, TopicInterest};
use crate::domain::provenance::Provenance;

named_enum!(
    /// What a file is of, and in which form.
    ImportKind, "a kind of import" {
        /// A table of organisations.
        Organisations = "organisations",
        /// A table of core systems.
        Systems = "systems",
        /// A table of context attributes.
        Attributes = "attributes",
        /// A table of links between two organisations.
        Links = "links",
        /// A table of memberships of networks.
        Memberships = "memberships",
        /// A table of mergers and splits.
        Successions = "successions",
        /// A table of what organisations seek and show.
        Topics = "topics",
        /// The `etr` file of the Organisation Data Service: NHS trusts, without a header.
        OdsEtr = "ods_etr",
        /// An answer of the ODS ORD interface 2-0-0, as JSON.
        OdsOrd = "ods_ord",
        /// FHIR R4: a Bundle of `Organization` and `OrganizationAffiliation`, or one of them, as JSON.
        Fhir = "fhir",
    }
);

impl ImportKind {
    /// Whether a site may import it for itself: what it says of itself, but not who it is.
    #[must_use]
    pub const fn is_for_sites(self) -> bool {
        matches!(
            self,
            Self::Systems | Self::Attributes | Self::Links | Self::Memberships | Self::Topics
        )
    }

    /// Whether it is a table with a header, of which there is a template.
    #[must_use]
    pub const fn is_table(self) -> bool {
        !matches!(self, Self::OdsEtr | Self::OdsOrd | Self::Fhir)
    }
}

named_enum!(
    /// How far a job is.
    ImportState, "a state of an import" {
        /// It waits for those before it.
        Queued = "queued",
        /// It is at work.
        Running = "running",
        /// It came to its end; rows may have been refused where it was partial.
        Done = "done",
        /// Rows were refused, and nothing was changed.
        Refused = "refused",
        /// The service failed, or ended meanwhile; nothing was changed.
        Failed = "failed",
    }
);

impl ImportState {
    /// Whether nothing more will come of it.
    #[must_use]
    pub const fn has_ended(self) -> bool {
        matches!(self, Self::Done | Self::Refused | Self::Failed)
    }
}

named_enum!(
    /// Why something is said of a row.
    Severity, "a severity" {
        /// It cannot be taken.
        Refused = "refused",
        /// The site's own word stays in its place.
        Kept = "kept",
    }
);

/// Something said of a row. Repeats at most forty characters of a cell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remark {
    /// The row as a spreadsheet counts it, the header being 1; in JSON the entry of the bundle, from 1; 0 for the file as a whole.
    pub row: u64,
    /// The name of the column, or the path of the field in JSON; `None` where it is the row or the file as a whole.
    pub column: Option<String>,
    /// Why.
    pub severity: Severity,
    /// In words.
    pub reason: String,
}

impl Remark {
    /// A refusal.
    #[must_use]
    pub fn refused(row: u64, column: Option<&str>, reason: impl Into<String>) -> Self {
        Self {
            row,
            column: column.map(str::to_owned),
            severity: Severity::Refused,
            reason: reason.into(),
        }
    }

    /// That the site's own word was kept.
    #[must_use]
    pub fn kept(row: u64, column: Option<&str>, reason: impl Into<String>) -> Self {
        Self {
            severity: Severity::Kept,
            ..Self::refused(row, column, reason)
        }
    }
}

/// The most remarks that are kept of one file; beyond them rows are only counted.
pub const MAX_REMARKS: usize = 1000;

/// What is said of the rows of a file, within [`MAX_REMARKS`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Remarks {
    list: Vec<Remark>,
    /// Rows that were refused.
    pub n_refused: u64,
    /// Rows of which a stronger word was kept.
    pub n_kept: u64,
    last_refused: Option<u64>,
}

impl Remarks {
    /// Adds one. A row that is refused twice counts once.
    pub fn push(&mut self, remark: Remark) {
        match remark.severity {
            Severity::Refused => {
                if self.last_refused != Some(remark.row) {
                    self.n_refused += 1;
                    self.last_refused = Some(remark.row);
                }
            }
            Severity::Kept => self.n_kept += 1,
        }
        if self.list.len() < MAX_REMARKS {
            self.list.push(remark);
        }
    }

    /// Refuses a row.
    pub fn refuse(&mut self, row: u64, column: Option<&str>, reason: impl Into<String>) {
        self.push(Remark::refused(row, column, reason));
    }

    /// What is said, in the order in which it was found.
    #[must_use]
    pub fn list(&self) -> &[Remark] {
        &self.list
    }

    /// Whether any row was refused.
    #[must_use]
    pub const fn has_refusals(&self) -> bool {
        self.n_refused > 0
    }
}

/// What a row says, and where it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Placed<T> {
    /// The row; see [`Remark::row`].
    pub row: u64,
    /// What it says.
    pub value: T,
}

/// A board as a row names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BoardWord {
    /// Its code.
    pub code: BoardCode,
    /// Its name, where the row gives one.
    pub name: Option<String>,
}

/// What a row says of an organisation; `None` says nothing, and leaves what there is.
#[derive(Clone, Debug, PartialEq)]
pub struct OrganisationWord {
    /// Which.
    pub ods_code: OdsCode,
    /// Its name.
    pub name: Option<String>,
    /// Whether it is open.
    pub status: Option<Status>,
    /// Its first day.
    pub opened: Option<NaiveDate>,
    /// The care it gives, and who says so.
    pub care_settings: Option<(CareSettings, Provenance)>,
    /// Where it is, and who says so.
    pub position: Option<(Position, Provenance)>,
    /// Its integrated care board.
    pub icb: Option<BoardWord>,
    /// Its region.
    pub region: Option<BoardWord>,
    /// Who says all that.
    pub provenance: Provenance,
}

/// What a row says of a membership.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MembershipWord {
    /// Who is a member.
    pub ods_code: OdsCode,
    /// Of what.
    pub network: Slug,
    /// What sort of network it is.
    pub kind: NetworkKind,
    /// What it is called.
    pub name: String,
    /// When it ended, where that is known of networks of its kind.
    pub ended: Option<crate::domain::dates::PartialDate>,
    /// The code of the network as the row gives it, where that could be the name of one in addresses: one that is recorded
    /// under it is meant, as in our exports.
    pub code: Option<Slug>,
    /// Since when, where the row says so.
    pub joined: Option<crate::domain::dates::PartialDate>,
    /// When it left, where the row says so.
    pub departed: Option<crate::domain::dates::PartialDate>,
    /// Who says so.
    pub source: String,
}

/// What a row says of a link.
#[derive(Clone, Debug, PartialEq)]
pub struct LinkWord {
    /// The end that the row names first; the link itself has no direction.
    pub first: OdsCode,
    /// The link.
    pub link: Link,
}

/// What is said of one organisation and one board: an affiliation of FHIR.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AffiliationWord {
    /// Who.
    pub ods_code: OdsCode,
    /// In which board or region.
    pub board: BoardCode,
}

/// Everything that a file says.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Said {
    /// Of organisations.
    pub organisations: Vec<Placed<OrganisationWord>>,
    /// Of boards that organisations belong to.
    pub affiliations: Vec<Placed<AffiliationWord>>,
    /// Of mergers and splits.
    pub successions: Vec<Placed<Succession>>,
    /// Of core systems; those of one organisation and module belong together.
    pub systems: Vec<Placed<CoreSystem>>,
    /// Of attributes.
    pub attributes: Vec<Placed<AttributeFact>>,
    /// Of links.
    pub links: Vec<Placed<LinkWord>>,
    /// Of memberships.
    pub memberships: Vec<Placed<MembershipWord>>,
    /// Of topics.
    pub topics: Vec<Placed<TopicInterest>>,
    /// The rows that were read, the refused ones included.
    pub n_rows: u64,
    /// The rows that say nothing that is recorded: a metric of another scheme, a relation that ended.
    pub n_passed_over: u64,
    /// What was wrong with rows, or with the file.
    pub remarks: Remarks,
}

/// Rows by what came of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Read.
    pub rows: u64,
    /// Of things that were not known.
    pub added: u64,
    /// Of things that were otherwise.
    pub changed: u64,
    /// Of things that were so already, or that say nothing that is recorded.
    pub unchanged: u64,
    /// Of which the site's own word stays.
    pub kept: u64,
    /// That cannot be taken.
    pub refused: u64,
}

/// A file that was handed in, and what came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportJob {
    /// Its id.
    pub id: String,
    /// What it is of.
    pub kind: ImportKind,
    /// The site that handed it in; `None` for a programme admin.
    pub site: Option<OdsCode>,
    /// Who did: the caller's id in the audit.
    pub requested_by: String,
    /// Whether it only says what would come of it.
    pub is_dry_run: bool,
    /// Whether good rows are taken where others are refused.
    pub is_partial: bool,
    /// How far it is.
    pub state: ImportState,
    /// Rows that were worked through.
    pub n_done: u64,
    /// What came of them.
    pub counts: Counts,
    /// The SHA-256 of the file, in hexadecimal.
    pub content_hash: String,
    /// When it was handed in.
    pub created_at: DateTime<Utc>,
    /// When it ended.
    pub finished_at: Option<DateTime<Utc>>,
    /// The number of the write that made its changes; `None` where there were none.
    pub revision: Option<Revision>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_that_is_refused_twice_counts_once_and_remarks_are_bounded() {
        let mut remarks = Remarks::default();
        for row in 1..=2000 {
            remarks.refuse(row, Some("a"), "bad");
            remarks.refuse(row, Some("b"), "bad too");
        }
        assert_eq!(
            (remarks.n_refused, remarks.list().len()),
            (2000, MAX_REMARKS)
        );
    }
}
