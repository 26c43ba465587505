//! The board, the pipeline and the load as files: for programme admins and viewers, without what sites wrote to each other.

use chrono::{DateTime, NaiveDate, Utc};

use crate::app::Alongside;
use crate::app::board::{may_ask, scored};
use crate::app::export::{ExportFile, ExportFormat, in_turn};
use crate::app::export_file::{Cell, Sheet};
use crate::domain::board::{MAX_EXPORT, MatchFlag, MatchQuery, PairFit, ScoredMatch};
use crate::domain::caller::Role;
use crate::domain::error::{Error, Result};
use crate::domain::ids::Slug;
use crate::domain::interval::Interval;
use crate::domain::load::SiteExposure;
use crate::domain::organisation::Board;
use crate::domain::pipeline::{PipelineEntry, Why};
use crate::engine::snapshot::Snapshot;
use crate::storage::{Connection, matches};

/// How many matches are read at a time.
const CHUNK: usize = 1000;

const MATCH_COLUMNS: &[&str] = &[
    "id",
    "kind",
    "state",
    "partnership_state",
    "from_ods",
    "from_name",
    "to_ods",
    "to_name",
    "programme",
    "sent_at",
    "age_days",
    "topics_learn",
    "topics_give",
    "fit_then_low",
    "fit_then",
    "fit_then_high",
    "from_fit_then",
    "to_fit_then",
    "coverage_then",
    "distance_km",
    "method_version",
    "revision",
    "fit_now_low",
    "fit_now",
    "fit_now_high",
    "from_fit_now",
    "to_fit_now",
    "coverage_now",
    "flags",
    "from_usefulness",
    "to_usefulness",
    "reason",
    "assignee",
    "resolution",
];

const PIPELINE_COLUMNS: &[&str] = &[
    "ods_code",
    "name",
    "icb_code",
    "region_code",
    "stage",
    "why",
    "stalled",
    "over_asked",
    "open_in",
    "open_out",
    "partnerships",
    "top_tens",
];

const LOAD_COLUMNS: &[&str] = &[
    "ods_code",
    "name",
    "icb_code",
    "region_code",
    "top_tens",
    "load",
    "share_known",
];

/// Which of these columns hold numbers.
pub(super) const BOARD_NUMBERS: &[&str] = &[
    "age_days",
    "fit_then_low",
    "fit_then",
    "fit_then_high",
    "from_fit_then",
    "to_fit_then",
    "coverage_then",
    "distance_km",
    "revision",
    "fit_now_low",
    "fit_now",
    "fit_now_high",
    "from_fit_now",
    "to_fit_now",
    "coverage_now",
    "from_usefulness",
    "to_usefulness",
    "open_in",
    "open_out",
    "partnerships",
    "top_tens",
    "load",
    "share_known",
];

impl Alongside {
    /// Writes the matches of a query into a file, in the order asked for, as a caller of this role sees them.
    ///
    /// # Errors
    ///
    /// [`Error::Conflict`] where there are more than [`MAX_EXPORT`]; those of
    /// [`match_page`](Self::match_page).
    pub async fn export_matches(
        &self,
        (query, role): (MatchQuery, Role),
        format: ExportFormat,
        now: DateTime<Utc>,
    ) -> Result<ExportFile> {
        may_ask(&query, role)?;
        let (storage, snapshot) = (self.storage().clone(), self.snapshot());
        let write = move |connection: &mut Connection| {
            write_matches(connection, &snapshot, (&query, role), format, now)
        };
        in_turn(move || storage.read_blocking(write)).await
    }

    /// Writes the whole pipeline into a file, by code, as a caller of this role sees it.
    ///
    /// # Errors
    ///
    /// Those of [`pipeline`](Self::pipeline).
    pub async fn export_pipeline(
        &self,
        (programme, role): (Option<Slug>, Role),
        format: ExportFormat,
        (as_of, now): (NaiveDate, DateTime<Utc>),
    ) -> Result<ExportFile> {
        let (_, entries) = self
            .pipeline_entries((programme, role), (as_of, now))
            .await?;
        in_turn(move || {
            let mut sheet = Sheet::named(format, "pipeline", PIPELINE_COLUMNS)?;
            for entry in &entries {
                sheet.row(&pipeline_cells(entry))?;
            }
            sheet.finish()
        })
        .await
    }

    /// Writes how every organisation is seen into a file, by code.
    ///
    /// # Errors
    ///
    /// Those of [`load`](Self::load).
    pub async fn export_load(&self, as_of: NaiveDate, format: ExportFormat) -> Result<ExportFile> {
        let (exposure, _) = self.exposure(as_of).await?;
        in_turn(move || {
            let mut sheet = Sheet::named(format, "load", LOAD_COLUMNS)?;
            for site in &exposure.sites {
                sheet.row(&load_cells(site))?;
            }
            sheet.finish()
        })
        .await
    }
}

/// Writes the matches of a query into a file, some at a time.
fn write_matches(
    connection: &mut Connection,
    snapshot: &Snapshot,
    (query, role): (&MatchQuery, Role),
    format: ExportFormat,
    now: DateTime<Utc>,
) -> Result<ExportFile> {
    let total = matches::count(connection, query, now)?;
    if total > MAX_EXPORT as u64 {
        return Err(Error::Conflict {
            rule: "/problems/too-many-rows",
            detail: format!(
                "There are {total} matches; a file has at most {MAX_EXPORT}. Ask for fewer, for example with from and until."
            ),
        });
    }
    let mut sheet = Sheet::named(format, "matches", MATCH_COLUMNS)?;
    let mut after = None;
    loop {
        let (found, has_more) = matches::page(connection, query, after, CHUNK, now)?;
        after = found.last().map(crate::domain::board::StoredMatch::place);
        for one in scored(snapshot, found, role, now.date_naive()) {
            sheet.row(&match_cells(&one, now))?;
        }
        if !has_more {
            return sheet.finish();
        }
    }
}

fn text<'a>(words: impl Into<String>) -> Cell<'a> {
    Cell::Text(words.into().into())
}

fn some<'a>(words: Option<impl ToString>) -> Cell<'a> {
    words.map_or(Cell::Empty, |words| text(words.to_string()))
}

fn number<'a>(number: Option<impl Into<f64>>) -> Cell<'a> {
    number.map_or(Cell::Empty, |number| Cell::Number(number.into()))
}

/// A score with six decimals, a distance with one, as answers show them (DESIGN 5).
fn rounded<'a>(value: Option<f64>, per_unit: f64) -> Cell<'a> {
    number(value.map(|value| (value * per_unit).round() / per_unit))
}

const SHARE: f64 = 1e6;
const KM: f64 = 10.0;

fn joined<'a>(words: impl Iterator<Item = &'a str>) -> Cell<'a> {
    text(words.collect::<Vec<_>>().join(";"))
}

fn match_cells(one: &ScoredMatch, now: DateTime<Utc>) -> Vec<Cell<'_>> {
    let found = &one.found;
    let approach = &found.approach;
    let seen = approach.seen.as_ref();
    let then = |of: fn(&crate::domain::approach::SeenFit) -> f64| {
        rounded(seen.map(|seen| of(&seen.programme)), SHARE)
    };
    let present = |of: fn(&PairFit) -> f64| rounded(one.now.as_ref().map(of), SHARE);
    let resolved = found.review.resolved.as_ref();
    let usefulness =
        |of: Option<crate::domain::partnership::Usefulness>| number(of.map(|u| u.get()));
    vec![
        text(approach.id.as_str()),
        text(approach.kind.as_str()),
        text(approach.state_at(now).as_str()),
        some(found.partnership.as_ref().map(|p| p.state)),
        text(approach.from.as_str()),
        text(found.from_name.as_str()),
        text(approach.to.as_str()),
        text(found.to_name.as_str()),
        some(approach.programme.as_ref()),
        text(
            approach
                .sent_at
                .to_rfc3339_opts(chrono::SecondsFormat::Secs, true),
        ),
        number(u32::try_from((now - approach.sent_at).num_days()).ok()),
        joined(approach.topics.learn.iter().map(Slug::as_str)),
        joined(approach.topics.give.iter().map(Slug::as_str)),
        then(|fit| fit.mutual_fit.low()),
        then(|fit| fit.mutual_fit.expected()),
        then(|fit| fit.mutual_fit.high()),
        then(|fit| fit.from_fit.expected()),
        then(|fit| fit.to_fit.expected()),
        then(|fit| fit.coverage),
        rounded(seen.and_then(|seen| seen.distance_km), KM),
        some(seen.map(|seen| seen.method_version.as_str())),
        number(seen.and_then(|seen| u32::try_from(seen.revision.0).ok())),
        present(|fit| Interval::low(fit.mutual_fit)),
        present(|fit| Interval::expected(fit.mutual_fit)),
        present(|fit| Interval::high(fit.mutual_fit)),
        present(|fit| fit.from_fit.expected()),
        present(|fit| fit.to_fit.expected()),
        present(|fit| fit.coverage),
        joined(found.flags(now).into_iter().map(MatchFlag::as_str)),
        usefulness(found.usefulness.from),
        usefulness(found.usefulness.to),
        some(approach.reason),
        some(found.review.assignee.as_ref()),
        some(resolved.map(|resolved| resolved.resolution)),
    ]
}

fn board<'a>(board: Option<&std::sync::Arc<Board>>) -> Cell<'a> {
    some(board.map(|board| board.code.to_string()))
}

fn yes_no<'a>(holds: bool) -> Cell<'a> {
    text(if holds { "yes" } else { "no" })
}

fn pipeline_cells(entry: &PipelineEntry) -> Vec<Cell<'_>> {
    vec![
        text(entry.ods_code.as_str()),
        text(entry.name.as_str()),
        board(entry.icb.as_ref()),
        board(entry.region.as_ref()),
        text(entry.stage.as_str()),
        joined(entry.why.iter().copied().map(Why::as_str)),
        yes_no(entry.is_stalled),
        yes_no(entry.is_over_asked),
        number(Some(entry.open_in)),
        number(Some(entry.open_out)),
        number(Some(entry.partnerships)),
        number(Some(entry.in_degree)),
    ]
}

fn load_cells(site: &SiteExposure) -> Vec<Cell<'_>> {
    vec![
        text(site.ods_code.as_str()),
        text(site.name.as_str()),
        board(site.icb.as_ref()),
        board(site.region.as_ref()),
        number(Some(site.in_degree)),
        rounded(Some(site.load), SHARE),
        rounded(Some(site.share_known), SHARE),
    ]
}
