//! Tables as files that spreadsheets open and that can be imported again: what each holds, and what its columns are called.
//!
//! A file has everything that every caller may see: no answers on ethos, no evidence of links, nothing that an organisation
//! keeps from other sites. Start with [`Alongside::export`]; how a file is written is in
//! [`export_file`](super::export_file).

use std::time::Duration;

use tokio::sync::Semaphore;

use crate::app::Alongside;
pub use crate::app::export_file::ExportFile;
use crate::app::export_file::{Cell, Sheet};
use crate::domain::affiliation::Membership;
use crate::domain::caller::Role;
use crate::domain::core_system::CoreSystem;
use crate::domain::dates::PartialDate;
use crate::domain::error::{Error, Result as DomainResult};
use crate::domain::link::Link;
use crate::domain::named_enum;
use crate::domain::organisation::{CareSetting, Organisation, Position, Status, Succession};
use crate::domain::profile::{AttributeFact, TopicInterest};
use crate::domain::provenance::Provenance;
use crate::storage::{Connection, export};

named_enum!(
    /// A table that can be exported.
    ExportTable, "a table" {
        /// Who they are and where.
        Organisations = "organisations",
        /// Core systems and known absences.
        Systems = "systems",
        /// Context attributes, without the ethos.
        Attributes = "attributes",
        /// Relationships between two.
        Links = "links",
        /// Memberships of networks.
        Memberships = "memberships",
        /// Mergers and splits.
        Successions = "successions",
        /// What they seek and can show.
        Topics = "topics",
    }
);

impl ExportTable {
    /// What the table holds, in a sentence.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Organisations => {
                "Organisations, open and closed; care settings are joined by semicolons."
            }
            Self::Systems => {
                "Core systems by module, former ones and known absences with their status."
            }
            Self::Attributes => {
                "Context attributes; answers on the ethos are each site's own and not exported."
            }
            Self::Links => {
                "Links between two organisations but disputed ones; their evidence is not exported."
            }
            Self::Memberships => {
                "Memberships of networks; the code of a group is its name in addresses."
            }
            Self::Successions => "Which organisation took over from which.",
            Self::Topics => {
                "What organisations seek and can show; what one seeks, or keeps from other sites, is left out for them."
            }
        }
    }

    /// The names of the columns, in order: those of the files that are imported.
    #[must_use]
    pub const fn columns(self) -> &'static [&'static str] {
        match self {
            Self::Organisations => &[
                "ods_code",
                "name",
                "status",
                "opened",
                "closed",
                "care_setting",
                "latitude",
                "longitude",
                "icb_code",
                "icb_name",
                "region_code",
                "nhs_region",
                "source",
            ],
            Self::Systems => &[
                "ods_code",
                "module",
                "vendor",
                "product",
                "version",
                "status",
                "live_date",
                "end_date",
                "as_of",
                "source",
            ],
            Self::Attributes => &[
                "ods_code",
                "attribute",
                "care_setting",
                "value",
                "as_of",
                "source",
            ],
            Self::Links => &["a_ods", "b_ods", "kind", "since", "until", "note", "source"],
            Self::Memberships => &[
                "ods_code",
                "group_kind",
                "group_code",
                "group_name",
                "since",
                "until",
                "source",
            ],
            Self::Successions => &["predecessor_ods", "successor_ods", "date", "kind", "source"],
            Self::Topics => &["ods_code", "topic", "need", "stage", "live_since", "source"],
        }
    }
}

named_enum!(
    /// A form in which a table is exported.
    ExportFormat, "a format" {
        /// Comma-separated values: RFC 4180, UTF-8.
        Csv = "csv",
        /// A workbook of Office Open XML with one sheet.
        Xlsx = "xlsx",
    }
);

/// How many exports are written at once; others wait, so that connections to the database are left to those who ask for less.
static AT_ONCE: Semaphore = Semaphore::const_new(2);

/// The longest wait for an export: a hundred thousand organisations take some seconds.
const MAX_TIME: Duration = Duration::from_secs(120);

/// The day on which every workbook says that it was made, so that the same content is the same bytes.
pub(super) const WORKBOOK_DAY: (u16, u8, u8) = (2000, 1, 1);

impl Alongside {
    /// Writes a table as a file, for a caller of this role. What it reads is one state of the database; what it needs of
    /// memory does not grow with the table, since the file is kept on disk once it is large.
    ///
    /// # Errors
    ///
    /// Those of reading; [`Error::Conflict`] where a workbook cannot hold so many rows; [`Error::Internal`] where the file cannot
    /// be written; [`Error::Unavailable`] where that takes too long.
    pub async fn export(
        &self,
        table: ExportTable,
        format: ExportFormat,
        role: Role,
    ) -> DomainResult<ExportFile> {
        let storage = self.storage().clone();
        in_turn(move || storage.read_blocking(|connection| write(connection, table, format, role)))
            .await
    }
}

/// Writes a file on a thread of its own once it is its turn.
///
/// # Errors
///
/// Those of writing it; [`Error::Unavailable`] where that takes too long.
pub(super) async fn in_turn(
    write: impl FnOnce() -> DomainResult<ExportFile> + Send + 'static,
) -> DomainResult<ExportFile> {
    let written = async {
        let turn = AT_ONCE.acquire().await;
        let work = move || {
            // Kept until the file is written, be it that nobody waits for it any longer.
            let _turn = turn;
            write()
        };
        tokio::task::spawn_blocking(work).await
    };
    match tokio::time::timeout(MAX_TIME, written).await {
        Ok(Ok(outcome)) => outcome,
        Ok(Err(panic)) => Err(Error::Internal("writing an export", Box::new(panic))),
        Err(elapsed) => Err(Error::Unavailable(
            "waiting for an export to be written",
            Box::new(elapsed),
        )),
    }
}

fn write(
    connection: &mut Connection,
    table: ExportTable,
    format: ExportFormat,
    role: Role,
) -> DomainResult<ExportFile> {
    let mut sheet = Sheet::new(format, table)?;
    match table {
        ExportTable::Organisations => export::organisations(connection, &mut |organisation| {
            sheet.row(&organisation_cells(&organisation))
        }),
        ExportTable::Systems => {
            export::core_systems(connection, &mut |system| sheet.row(&system_cells(&system)))
        }
        ExportTable::Attributes => {
            export::attributes(connection, &mut |fact| sheet.row(&attribute_cells(&fact)))
        }
        ExportTable::Links => export::links(connection, &mut |link| sheet.row(&link_cells(&link))),
        ExportTable::Memberships => export::memberships(connection, &mut |membership| {
            sheet.row(&membership_cells(&membership))
        }),
        ExportTable::Successions => export::successions(connection, &mut |succession| {
            sheet.row(&succession_cells(&succession))
        }),
        ExportTable::Topics => export::topics(
            connection,
            &mut |(interest, is_shown)| match as_shown(interest, is_shown, role) {
                Some(interest) => sheet.row(&topic_cells(&interest)),
                None => Ok(()),
            },
        ),
    }?;
    sheet.finish()
}

/// What a caller sees of an interest: other sites see nothing of what an organisation seeks, and of what it can show only
/// what it does not keep to itself.
fn as_shown(mut interest: TopicInterest, is_shown: bool, role: Role) -> Option<TopicInterest> {
    if role.site().is_some_and(|own| own != interest.ods_code) {
        interest.need = None;
        if !is_shown {
            interest.stage = None;
            interest.live_since = None;
        }
    }
    (interest.need.is_some() || interest.stage.is_some()).then_some(interest)
}

fn text(words: &str) -> Cell<'_> {
    Cell::Text(words.into())
}

fn some<'a>(words: Option<&'a str>) -> Cell<'a> {
    words.map_or(Cell::Empty, text)
}

fn date<'a>(date: Option<PartialDate>) -> Cell<'a> {
    date.map_or(Cell::Empty, |date| Cell::Text(date.to_string().into()))
}

fn source(provenance: &Provenance) -> Cell<'_> {
    text(&provenance.source)
}

fn organisation_cells(organisation: &Organisation) -> Vec<Cell<'_>> {
    let closed = match organisation.status {
        Status::Active => None,
        Status::Closed { on } => on,
    };
    let day = |day: Option<chrono::NaiveDate>| {
        day.map_or(Cell::Empty, |day| Cell::Text(day.to_string().into()))
    };
    let settings: Vec<&str> = organisation
        .care_settings
        .iter()
        .map(CareSetting::as_str)
        .collect();
    let degrees = |of: fn(Position) -> f64| {
        organisation
            .position
            .map_or(Cell::Empty, |position| Cell::Number(of(position)))
    };
    let board = |board: &'_ Option<crate::domain::organisation::Board>| {
        board.as_ref().map_or((Cell::Empty, Cell::Empty), |board| {
            (
                Cell::Text(board.code.to_string().into()),
                Cell::Text(board.name.clone().into()),
            )
        })
    };
    let (icb_code, icb_name) = board(&organisation.icb);
    let (region_code, region) = board(&organisation.region);
    vec![
        text(organisation.ods_code.as_str()),
        text(&organisation.name),
        text(organisation.status.as_str()),
        day(organisation.opened),
        day(closed),
        Cell::Text(settings.join(";").into()),
        degrees(Position::latitude),
        degrees(Position::longitude),
        icb_code,
        icb_name,
        region_code,
        region,
        source(&organisation.provenance),
    ]
}

fn system_cells(system: &CoreSystem) -> Vec<Cell<'_>> {
    vec![
        text(system.ods_code.as_str()),
        text(system.module.as_str()),
        some(system.vendor.as_deref()),
        some(system.product.as_deref()),
        some(system.version.as_deref()),
        text(system.status.as_str()),
        date(system.live),
        date(system.ended),
        date(system.provenance.as_of),
        source(&system.provenance),
    ]
}

fn attribute_cells(fact: &AttributeFact) -> Vec<Cell<'_>> {
    vec![
        text(fact.ods_code.as_str()),
        text(fact.value.attribute().as_str()),
        some(fact.value.setting().map(CareSetting::as_str)),
        Cell::Number(fact.value.number()),
        date(fact.provenance.as_of),
        source(&fact.provenance),
    ]
}

fn link_cells(link: &Link) -> Vec<Cell<'_>> {
    let (a, b) = link.ends();
    vec![
        Cell::Text(a.to_string().into()),
        Cell::Text(b.to_string().into()),
        text(link.kind().as_str()),
        date(link.started()),
        date(link.ended()),
        some(link.note.as_deref()),
        source(&link.provenance),
    ]
}

fn membership_cells(membership: &Membership) -> Vec<Cell<'_>> {
    vec![
        text(membership.ods_code.as_str()),
        text(membership.kind.as_str()),
        text(membership.network.as_str()),
        text(&membership.name),
        date(membership.joined),
        date(membership.departed),
        source(&membership.provenance),
    ]
}

fn succession_cells(succession: &Succession) -> Vec<Cell<'_>> {
    vec![
        text(succession.predecessor.as_str()),
        text(succession.successor.as_str()),
        date(Some(succession.date)),
        text(succession.kind.as_str()),
        source(&succession.provenance),
    ]
}

fn topic_cells(interest: &TopicInterest) -> Vec<Cell<'_>> {
    vec![
        text(interest.ods_code.as_str()),
        text(interest.topic.as_str()),
        some(interest.need.map(|need| need.as_str())),
        some(interest.stage.map(|stage| stage.as_str())),
        date(interest.live_since),
        source(&interest.provenance),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::{OdsCode, Slug};
    use crate::domain::profile::{TopicNeed, TopicStage};

    fn interest(need: Option<TopicNeed>) -> TopicInterest {
        TopicInterest {
            ods_code: OdsCode::new("RTH").unwrap(),
            topic: Slug::new("hepma").unwrap(),
            need,
            stage: Some(TopicStage::Live),
            live_since: "2020".parse().ok(),
            provenance: Provenance::bundled("a test", None),
        }
    }

    fn site(code: &str) -> Role {
        Role::Site(OdsCode::new(code).unwrap())
    }

    #[test]
    fn what_a_site_seeks_or_keeps_to_itself_other_sites_do_not_get() {
        let of = |need, is_shown, role| as_shown(interest(need), is_shown, role);
        let wanted = Some(TopicNeed::Wanted);
        for role in [site("RTH"), Role::ProgrammeAdmin, Role::Viewer] {
            assert_eq!(of(wanted, false, role), Some(interest(wanted)), "{role:?}");
        }
        for need in [wanted, None] {
            assert_eq!(of(need, true, site("RHW")), Some(interest(None)));
            assert_eq!(of(need, false, site("RHW")), None);
        }
    }

    #[test]
    fn a_row_has_a_cell_for_each_column() {
        let interest = interest(None);
        assert_eq!(
            topic_cells(&interest).len(),
            ExportTable::Topics.columns().len()
        );
    }
}
