//! Imports as they are shown.

use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::import::{ImportJob, Remark};
use crate::http::pagination::PageLinks;
use crate::http::views::text::Code;

/// A file that was handed in, and what came of it.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Import)]
pub(crate) struct ImportView {
    /// Its id.
    #[schema(min_length = 36, max_length = 36, pattern = "^[0-9a-f-]{36}$")]
    id: String,
    /// What the file is of.
    #[schema(max_length = 20, pattern = "^[a-z_]+$")]
    kind: &'static str,
    /// The site that handed it in; null for a programme admin.
    site: Option<Code>,
    /// Whether it only says what would come of it.
    dry_run: bool,
    /// Whether good rows are taken where others are refused.
    partial: bool,
    /// `queued`, `running`, `done`, `refused` (nothing was changed) or `failed` (nothing was changed).
    #[schema(max_length = 7, pattern = "^(queued|running|done|refused|failed)$")]
    state: &'static str,
    /// Rows of the file, as far as they are counted.
    #[schema(minimum = 0, maximum = 1_000_000)]
    rows: u64,
    /// Rows that were worked through.
    #[schema(minimum = 0, maximum = 1_000_000)]
    rows_done: u64,
    /// Rows of things that were not known.
    #[schema(minimum = 0, maximum = 1_000_000)]
    added: u64,
    /// Rows of things that were otherwise.
    #[schema(minimum = 0, maximum = 1_000_000)]
    changed: u64,
    /// Rows of things that were so already, or that say nothing that is recorded.
    #[schema(minimum = 0, maximum = 1_000_000)]
    unchanged: u64,
    /// Rows of which the site's own word stays.
    #[schema(minimum = 0, maximum = 1_000_000)]
    kept: u64,
    /// Rows that cannot be taken.
    #[schema(minimum = 0, maximum = 1_000_000)]
    refused: u64,
    /// The SHA-256 of the file, in hexadecimal.
    #[schema(min_length = 64, max_length = 64, pattern = "^[0-9a-f]{64}$")]
    content_hash: String,
    /// When it was handed in, in UTC.
    created_at: DateTime<Utc>,
    /// When it ended, in UTC; null until then.
    finished_at: Option<DateTime<Utc>>,
    /// The number of the write that made its changes; null where there were none.
    #[schema(minimum = 0, maximum = 9_007_199_254_740_991_i64)]
    revision: Option<u64>,
}

impl From<ImportJob> for ImportView {
    fn from(job: ImportJob) -> Self {
        Self {
            id: job.id,
            kind: job.kind.as_str(),
            site: job.site.map(Code),
            dry_run: job.is_dry_run,
            partial: job.is_partial,
            state: job.state.as_str(),
            rows: job.counts.rows,
            rows_done: job.n_done,
            added: job.counts.added,
            changed: job.counts.changed,
            unchanged: job.counts.unchanged,
            kept: job.counts.kept,
            refused: job.counts.refused,
            content_hash: job.content_hash,
            created_at: job.created_at,
            finished_at: job.finished_at,
            revision: job.revision.map(|revision| revision.0),
        }
    }
}

/// A page of imports.
#[derive(Serialize, ToSchema)]
#[schema(as = ImportPage)]
pub(crate) struct ImportPageView {
    /// The last one first.
    #[schema(max_items = 200)]
    pub(crate) items: Vec<ImportView>,
    pub(crate) links: PageLinks,
}

/// Something said of a row of a file.
#[derive(Serialize, ToSchema)]
#[schema(as = ImportRemark)]
pub(crate) struct RemarkView {
    /// The row as a spreadsheet counts it, the header being 1; in JSON the entry of the bundle, from 1; 0 for the file as a whole.
    #[schema(minimum = 0, maximum = 1_000_000)]
    row: u64,
    /// The name of the column, or the path of the field in JSON; null where it is the row or the file as a whole.
    #[schema(max_length = 500)]
    column: Option<String>,
    /// `refused`: the row cannot be taken; `kept`: the site's own word stays in its place.
    #[schema(max_length = 7, pattern = "^(refused|kept)$")]
    severity: &'static str,
    /// Why, in words; repeats at most forty characters of a cell.
    #[schema(max_length = 2000)]
    reason: String,
}

impl From<Remark> for RemarkView {
    fn from(remark: Remark) -> Self {
        Self {
            row: remark.row,
            column: remark.column,
            severity: remark.severity.as_str(),
            reason: remark.reason,
        }
    }
}

/// A page of what is said of rows.
#[derive(Serialize, ToSchema)]
#[schema(as = ImportRemarkPage)]
pub(crate) struct RemarkPageView {
    /// In the order in which it was found; at most a thousand are kept of one file.
    #[schema(max_items = 200)]
    pub(crate) items: Vec<RemarkView>,
    pub(crate) links: PageLinks,
}
