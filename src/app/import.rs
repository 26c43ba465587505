//! Importing a file: read, compared with what is recorded, and stored whole or not at all.
//!
//! The file is read and compared before the writing transaction begins, so that other writers wait only while rows are stored.

use std::sync::atomic::{AtomicU64, Ordering};

use chrono::{DateTime, Utc};

use crate::app::import_facts::Stating;
use crate::app::{import_rows, succession};
use crate::domain::error::{Error, Result};
use crate::domain::ids::{OdsCode, Revision};
use crate::domain::import::{Counts, ImportKind, ImportState, Remark, Remarks, Said};
use crate::intake;
use crate::storage::facts::{self, Stated};
use crate::storage::{self, Change, Connection, Outcome, Storage, Touches};

pub use crate::intake::import::MAX_FILE_BYTES;

/// What to do with a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Order {
    /// What it is of.
    pub kind: ImportKind,
    /// The site whose file it is; it may speak of itself alone. `None` for a programme admin.
    pub site: Option<OdsCode>,
    /// Whether to store anything.
    pub mode: Mode,
    /// What to do with good rows where others are refused.
    pub refusals: Refusals,
}

/// Whether to store anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Store.
    Store,
    /// Work out what would come of it, and store nothing.
    DryRun,
}

/// What to do with good rows where others are refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusals {
    /// Nothing: all rows or none.
    RefuseAll,
    /// Take them.
    TakeTheRest,
}

/// What came of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// How it ended.
    pub state: ImportState,
    /// Rows by what came of them.
    pub counts: Counts,
    /// What is said of rows.
    pub remarks: Vec<Remark>,
    /// The write that made the changes; `None` where there were none.
    pub revision: Option<Revision>,
}

/// How far an import is; to be looked at from elsewhere.
#[derive(Debug, Default)]
pub struct Progress {
    total: AtomicU64,
    done: AtomicU64,
}

impl Progress {
    /// Steps to go in all, two for each row: it is compared, and it is stored. 0 while the file is read.
    pub fn total(&self) -> u64 {
        self.total.load(Ordering::Relaxed)
    }

    /// Steps that are done.
    pub fn done(&self) -> u64 {
        self.done.load(Ordering::Relaxed).min(self.total())
    }

    /// Adds steps that are done.
    pub(super) fn add(&self, steps: u64) {
        self.done.fetch_add(steps, Ordering::Relaxed);
    }

    fn start(&self, rows: u64) {
        self.done.store(0, Ordering::Relaxed);
        self.total.store(rows * 2, Ordering::Relaxed);
    }
}

/// Rows by what came of them, while they are worked through.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) added: u64,
    pub(super) changed: u64,
    pub(super) unchanged: u64,
    pub(super) remarks: Remarks,
}

impl Tally {
    /// Counts a row; `kept` says what is kept where the site's own word stays.
    pub(super) fn count(&mut self, stated: Stated, row: u64, column: &str) {
        match stated {
            Stated::Added => self.added += 1,
            Stated::Changed => self.changed += 1,
            Stated::Unchanged => self.unchanged += 1,
            Stated::Kept => {
                self.remarks
                    .push(Remark::kept(row, Some(column), "the site's own word stays"))
            }
        }
    }

    fn report(self, said: &Said, order: &Order, revision: Option<Revision>) -> Report {
        let is_refused = self.remarks.has_refusals() && order.refusals == Refusals::RefuseAll;
        Report {
            state: if is_refused {
                ImportState::Refused
            } else {
                ImportState::Done
            },
            counts: Counts {
                rows: said.n_rows,
                added: self.added,
                changed: self.changed,
                unchanged: self.unchanged + said.n_passed_over,
                kept: self.remarks.n_kept,
                refused: self.remarks.n_refused,
            },
            remarks: self.remarks.list().to_vec(),
            revision,
        }
    }
}

/// Imports a file. Blocking; takes some seconds for a hundred thousand rows. `finish` is called in the transaction that makes
/// the changes, with what will have come of them.
///
/// # Errors
///
/// Those of the database. A file that cannot be read is no error but a report with a refusal.
pub fn run(
    storage: &Storage,
    order: &Order,
    bytes: &[u8],
    change: &Change,
    progress: &Progress,
    finish: impl Fn(&mut Connection, &Report) -> Result<()>,
) -> Result<Report> {
    let mut said = intake::import::read(order.kind, bytes);
    progress.start(said.n_rows);
    if let Some(site) = order.site {
        import_rows::keep_own(&mut said, site);
    }
    let mut change = change.clone();
    change.action = action(order.kind);
    change.touches = if may_close(order.kind) {
        // What closed organisations leave goes to others.
        Touches::Everything
    } else {
        Touches::Scoring
    };
    match order.kind {
        ImportKind::Organisations | ImportKind::OdsEtr | ImportKind::OdsOrd | ImportKind::Fhir => {
            organisations(storage, order, &said, &change, progress, finish)
        }
        ImportKind::Systems
        | ImportKind::Attributes
        | ImportKind::Links
        | ImportKind::Memberships
        | ImportKind::Successions
        | ImportKind::Topics => rows(storage, order, &said, &change, progress, finish),
    }
}

/// Whether a file of this kind can say that an organisation closed, or who follows it.
const fn may_close(kind: ImportKind) -> bool {
    match kind {
        ImportKind::Organisations
        | ImportKind::Successions
        | ImportKind::OdsEtr
        | ImportKind::OdsOrd
        | ImportKind::Fhir => true,
        ImportKind::Systems
        | ImportKind::Attributes
        | ImportKind::Links
        | ImportKind::Memberships
        | ImportKind::Topics => false,
    }
}

/// What an import is called in the audit.
const fn action(kind: ImportKind) -> &'static str {
    match kind {
        ImportKind::Organisations => "import_organisations",
        ImportKind::Systems => "import_systems",
        ImportKind::Attributes => "import_attributes",
        ImportKind::Links => "import_links",
        ImportKind::Memberships => "import_memberships",
        ImportKind::Successions => "import_successions",
        ImportKind::Topics => "import_topics",
        ImportKind::OdsEtr => "import_ods_etr",
        ImportKind::OdsOrd => "import_ods_ord",
        ImportKind::Fhir => "import_fhir",
    }
}

/// Whether rows may be stored, as far as is known.
fn may_store(order: &Order, remarks: &Remarks) -> bool {
    order.mode == Mode::Store
        && (order.refusals == Refusals::TakeTheRest || !remarks.has_refusals())
}

/// How often what was compared is compared again because somebody wrote meanwhile, before it is done in the transaction.
const MAX_COMPARISONS: usize = 3;

type Compared = (Revision, storage::import_organisations::Plan, Tally);

fn compare(
    connection: &mut Connection,
    said: &Said,
    at: DateTime<Utc>,
    progress: &Progress,
) -> Result<Compared> {
    let revision = storage::revision::current(connection)?;
    let mut remarks = said.remarks.clone();
    let mut words = said.organisations.clone();
    import_rows::add_affiliations(connection, said, &mut words, &mut remarks)?;
    let step = |rows| progress.add(rows);
    let plan = storage::import_organisations::plan(
        connection,
        &words,
        at.date_naive(),
        &mut remarks,
        step,
    )?;
    let tally = Tally {
        added: plan.n_added(),
        changed: plan.n_changed(),
        unchanged: plan.n_unchanged,
        remarks,
    };
    Ok((revision, plan, tally))
}

fn organisations(
    storage: &Storage,
    order: &Order,
    said: &Said,
    change: &Change,
    progress: &Progress,
    finish: impl Fn(&mut Connection, &Report) -> Result<()>,
) -> Result<Report> {
    for n_compared in 1..=MAX_COMPARISONS {
        progress.start(said.n_rows);
        let compared =
            storage.read_blocking(|connection| compare(connection, said, change.at, progress))?;
        let (_, plan, tally) = &compared;
        let has_successions = !said.successions.is_empty();
        if !may_store(order, &tally.remarks) || (plan.is_empty() && !has_successions) {
            return Ok(compared.2.report(said, order, None));
        }
        let stored = storage.write_long_blocking(change, |connection| {
            let current = storage::revision::current(connection)?;
            let (_, plan, mut tally) = if current == compared.0 {
                compared
            } else if n_compared < MAX_COMPARISONS {
                return Ok(Outcome::Unchanged(None));
            } else {
                progress.start(said.n_rows);
                compare(connection, said, change.at, progress)?
            };
            if !may_store(order, &tally.remarks) {
                return Ok(Outcome::Unchanged(Some(tally.report(said, order, None))));
            }
            let last = facts::last_sequence(connection)?;
            let n_stated = tally.added + tally.changed;
            storage::import_organisations::store(connection, &plan, change.at, |rows| {
                progress.add(rows)
            })?;
            if has_successions {
                Stating::new(connection, order.site, change.at, &mut tally, progress)?
                    .successions_among_known(said)?;
            }
            let is_changed = plan.changes_the_register()
                || tally.added + tally.changed > n_stated
                || facts::last_sequence(connection)? > last;
            if !may_store(order, &tally.remarks) || !is_changed {
                return Ok(Outcome::Unchanged(Some(tally.report(said, order, None))));
            }
            succession::carry_over(connection, change.at)?;
            let report = tally.report(said, order, Some(Revision(current.0 + 1)));
            finish(connection, &report)?;
            Ok(Outcome::Changed(Some(report)))
        })?;
        if let Some(report) = stored.0 {
            return Ok(report);
        }
    }
    Err(Error::Internal(
        "importing",
        "what was compared never held".into(),
    ))
}

fn rows(
    storage: &Storage,
    order: &Order,
    said: &Said,
    change: &Change,
    progress: &Progress,
    finish: impl Fn(&mut Connection, &Report) -> Result<()>,
) -> Result<Report> {
    let (report, _) = storage.write_long_blocking(change, |connection| {
        let current = storage::revision::current(connection)?;
        let mut tally = Tally {
            remarks: said.remarks.clone(),
            ..Tally::default()
        };
        let last = facts::last_sequence(connection)?;
        Stating::new(connection, order.site, change.at, &mut tally, progress)?.all(said)?;
        // A word that comes to stand beneath a stronger one is written to the history; one that stood there already is not.
        let is_changed =
            tally.added + tally.changed > 0 || facts::last_sequence(connection)? > last;
        if !may_store(order, &tally.remarks) || !is_changed {
            return Ok(Outcome::Unchanged(tally.report(said, order, None)));
        }
        if may_close(order.kind) {
            succession::carry_over(connection, change.at)?;
        }
        let report = tally.report(said, order, Some(Revision(current.0 + 1)));
        finish(connection, &report)?;
        Ok(Outcome::Changed(report))
    })?;
    Ok(report)
}

/// The template of a table as CSV; `None` for what is no table.
#[must_use]
pub fn template_csv(kind: ImportKind) -> Option<String> {
    let rows = intake::import::template(kind)?;
    let mut writer = csv::Writer::from_writer(Vec::new());
    for row in &rows {
        writer.write_record(row).ok()?;
    }
    String::from_utf8(writer.into_inner().ok()?).ok()
}

/// The template of a table as a workbook, every cell formatted as text, so that a spreadsheet leaves codes as they are;
/// `None` for what is no table.
///
/// # Errors
///
/// [`Error::Internal`] where it cannot be made.
pub fn template_xlsx(kind: ImportKind) -> Result<Option<Vec<u8>>> {
    let Some(rows) = intake::import::template(kind) else {
        return Ok(None);
    };
    let fault = |fault: rust_xlsxwriter::XlsxError| {
        crate::domain::error::Error::Internal("making a workbook", Box::new(fault))
    };
    let mut book = rust_xlsxwriter::Workbook::new();
    let sheet = book.add_worksheet();
    let text = rust_xlsxwriter::Format::new().set_num_format("@");
    sheet.set_name(kind.as_str()).map_err(fault)?;
    for (at, row) in (0..).zip(&rows) {
        for (column, cell) in (0..).zip(row) {
            sheet.set_column_format(column, &text).map_err(fault)?;
            sheet
                .write_string_with_format(at, column, cell, &text)
                .map_err(fault)?;
        }
    }
    book.save_to_buffer().map(Some).map_err(fault)
}
