//! Files that were handed in: what came of each, and what is said of their rows.

use chrono::{DateTime, NaiveDateTime, SubsecRound as _, Utc};
use diesel::{ExpressionMethods as _, Insertable, QueryDsl as _, Queryable, RunQueryDsl as _};

use crate::domain::error::Result;
use crate::domain::ids::{OdsCode, Revision};
use crate::domain::import::{Counts, ImportJob, ImportState, Remark};
use crate::storage::connection::{Connection, each_backend};
use crate::storage::failure::{Stored, failed};
use crate::storage::schema::{import_remarks, imports};

#[derive(Insertable, Queryable)]
#[diesel(table_name = imports, treat_none_as_default_value = false)]
struct ImportRow {
    id: String,
    kind: String,
    ods_code: Option<String>,
    requested_by: String,
    is_dry_run: bool,
    is_partial: bool,
    state: String,
    n_rows: i64,
    n_done: i64,
    n_added: i64,
    n_changed: i64,
    n_unchanged: i64,
    n_kept: i64,
    n_refused: i64,
    content_hash: String,
    created_at: NaiveDateTime,
    finished_at: Option<NaiveDateTime>,
    revision: Option<i64>,
}

fn stored(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

impl From<&ImportJob> for ImportRow {
    fn from(job: &ImportJob) -> Self {
        Self {
            id: job.id.clone(),
            kind: job.kind.to_string(),
            ods_code: job.site.map(|code| code.to_string()),
            requested_by: job.requested_by.clone(),
            is_dry_run: job.is_dry_run,
            is_partial: job.is_partial,
            state: job.state.to_string(),
            n_rows: stored(job.counts.rows),
            n_done: stored(job.n_done),
            n_added: stored(job.counts.added),
            n_changed: stored(job.counts.changed),
            n_unchanged: stored(job.counts.unchanged),
            n_kept: stored(job.counts.kept),
            n_refused: stored(job.counts.refused),
            content_hash: job.content_hash.clone(),
            created_at: job.created_at.naive_utc().trunc_subsecs(6),
            finished_at: job.finished_at.map(|at| at.naive_utc().trunc_subsecs(6)),
            revision: job.revision.map(|revision| stored(revision.0)),
        }
    }
}

impl ImportRow {
    fn into_domain(self) -> Result<ImportJob> {
        let key = [self.id.as_str()];
        let row = Stored::new("imports", &key);
        let count = |number: i64| u64::try_from(number).map_err(|fault| row.corrupt(fault));
        Ok(ImportJob {
            kind: row.parse(&self.kind)?,
            site: row.parse_some(self.ods_code.as_deref())?,
            requested_by: self.requested_by.clone(),
            is_dry_run: self.is_dry_run,
            is_partial: self.is_partial,
            state: row.parse(&self.state)?,
            n_done: count(self.n_done)?,
            counts: Counts {
                rows: count(self.n_rows)?,
                added: count(self.n_added)?,
                changed: count(self.n_changed)?,
                unchanged: count(self.n_unchanged)?,
                kept: count(self.n_kept)?,
                refused: count(self.n_refused)?,
            },
            content_hash: self.content_hash.clone(),
            created_at: self.created_at.and_utc(),
            finished_at: self.finished_at.map(|at| at.and_utc()),
            revision: self.revision.map(|n| count(n).map(Revision)).transpose()?,
            id: self.id.clone(),
        })
    }
}

/// Stores a job that was handed in.
///
/// # Errors
///
/// [`Error::Unavailable`](crate::domain::error::Error::Unavailable) or
/// [`Error::Internal`](crate::domain::error::Error::Internal) where it cannot be stored.
pub fn insert(connection: &mut Connection, job: &ImportJob) -> Result<()> {
    let row = ImportRow::from(job);
    each_backend!(connection, c => diesel::insert_into(imports::table).values(row).execute(c))
        .map_err(failed("storing an import"))?;
    Ok(())
}

/// The most rows of one statement.
const MAX_ROWS: usize = 900;

/// Stores what came of a job, with what is said of its rows.
///
/// # Errors
///
/// As [`insert`].
pub fn finish(connection: &mut Connection, job: &ImportJob, remarks: &[Remark]) -> Result<()> {
    diesel::update(imports::table.find(&job.id))
        .set((
            imports::state.eq(job.state.as_str()),
            imports::n_rows.eq(stored(job.counts.rows)),
            imports::n_done.eq(stored(job.n_done)),
            imports::n_added.eq(stored(job.counts.added)),
            imports::n_changed.eq(stored(job.counts.changed)),
            imports::n_unchanged.eq(stored(job.counts.unchanged)),
            imports::n_kept.eq(stored(job.counts.kept)),
            imports::n_refused.eq(stored(job.counts.refused)),
            imports::finished_at.eq(job.finished_at.map(|at| at.naive_utc().trunc_subsecs(6))),
            imports::revision.eq(job.revision.map(|revision| stored(revision.0))),
        ))
        .execute(&mut connection.database)
        .map_err(failed("storing what came of an import"))?;
    let rows: Vec<_> = (1..)
        .zip(remarks)
        .map(|(sequence, remark)| {
            (
                import_remarks::import_id.eq(&job.id),
                import_remarks::sequence.eq::<i64>(sequence),
                import_remarks::row_number.eq(stored(remark.row)),
                import_remarks::column_name.eq(remark.column.as_deref()),
                import_remarks::severity.eq(remark.severity.as_str()),
                import_remarks::reason.eq(&remark.reason),
            )
        })
        .collect();
    for rows in rows.chunks(MAX_ROWS) {
        each_backend!(connection, c => diesel::insert_into(import_remarks::table).values(rows.to_vec()).execute(c))
            .map_err(failed("storing the remarks of an import"))?;
    }
    Ok(())
}

/// Returns a job; for a site only its own.
///
/// # Errors
///
/// As [`insert`].
pub fn find(
    connection: &mut Connection,
    id: &str,
    site: Option<OdsCode>,
) -> Result<Option<ImportJob>> {
    let mut query = imports::table.filter(imports::id.eq(id)).into_boxed();
    if let Some(site) = site {
        query = query.filter(imports::ods_code.eq(site.to_string()));
    }
    let row = query
        .load::<ImportRow>(&mut connection.database)
        .map_err(failed("reading an import"))?
        .pop();
    row.map(ImportRow::into_domain).transpose()
}

/// A place in the list of jobs: when one was handed in, and its id.
pub type After = (DateTime<Utc>, String);

/// Returns jobs, the last one first, after a place where one is given; for a site only its own.
///
/// # Errors
///
/// As [`insert`].
pub fn page(
    connection: &mut Connection,
    site: Option<OdsCode>,
    after: Option<After>,
    limit: usize,
) -> Result<Vec<ImportJob>> {
    let mut query = imports::table.into_boxed();
    if let Some(site) = site {
        query = query.filter(imports::ods_code.eq(site.to_string()));
    }
    if let Some((at, id)) = after {
        use diesel::BoolExpressionMethods as _;
        let at = at.naive_utc();
        query = query.filter(
            imports::created_at
                .lt(at)
                .or(imports::created_at.eq(at).and(imports::id.lt(id))),
        );
    }
    query
        .order((imports::created_at.desc(), imports::id.desc()))
        .limit(i64::try_from(limit).unwrap_or(i64::MAX))
        .load::<ImportRow>(&mut connection.database)
        .map_err(failed("reading the imports"))?
        .into_iter()
        .map(ImportRow::into_domain)
        .collect()
}

/// Returns what is said of the rows of a job, after a place in that list, each with its place.
///
/// # Errors
///
/// As [`insert`].
pub fn remarks(
    connection: &mut Connection,
    id: &str,
    after: i64,
    limit: usize,
) -> Result<Vec<(i64, Remark)>> {
    type Row = (i64, i64, Option<String>, String, String);
    let rows: Vec<Row> = import_remarks::table
        .filter(import_remarks::import_id.eq(id))
        .filter(import_remarks::sequence.gt(after))
        .order(import_remarks::sequence.asc())
        .select((
            import_remarks::sequence,
            import_remarks::row_number,
            import_remarks::column_name,
            import_remarks::severity,
            import_remarks::reason,
        ))
        .limit(i64::try_from(limit).unwrap_or(i64::MAX))
        .load(&mut connection.database)
        .map_err(failed("reading the remarks of an import"))?;
    let key = [id];
    let stored = Stored::new("import_remarks", &key);
    rows.into_iter()
        .map(|(sequence, row, column, severity, reason)| {
            let remark = Remark {
                row: u64::try_from(row).map_err(|fault| stored.corrupt(fault))?,
                column,
                severity: stored.parse(&severity)?,
                reason,
            };
            Ok((sequence, remark))
        })
        .collect()
}

/// Marks jobs as failed that were handed in before a time and never ended: whoever worked on them is gone. Returns how many.
///
/// # Errors
///
/// As [`insert`].
pub fn abandon(
    connection: &mut Connection,
    before: DateTime<Utc>,
    at: DateTime<Utc>,
) -> Result<usize> {
    let open = imports::table
        .filter(
            imports::state.eq_any([ImportState::Queued.as_str(), ImportState::Running.as_str()]),
        )
        .filter(imports::created_at.lt(before.naive_utc()));
    diesel::update(open)
        .set((
            imports::state.eq(ImportState::Failed.as_str()),
            imports::finished_at.eq(Some(at.naive_utc().trunc_subsecs(6))),
        ))
        .execute(&mut connection.database)
        .map_err(failed("marking imports as failed"))
}
