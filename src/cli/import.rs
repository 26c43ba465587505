//! `alongside import`: a file into the database, with a report on the standard output.

use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;

use crate::app::import::{self, MAX_FILE_BYTES, Mode, Order, Progress, Refusals, Report};
use crate::cli::Now;
use crate::cli::failure::Failure;
use crate::cli::flags::{DatabaseFlags, SecretFlags};
use crate::cli::stdout::print;
use crate::config::{Config, DatabaseSetting, Flags};
use crate::domain::ids::OdsCode;
use crate::domain::import::{ImportKind, ImportState, Severity};
use crate::startup::{self, StartError};
use crate::storage::{Change, Storage, Touches};

/// How often the progress is told: redrawn on a terminal, and a line elsewhere.
const REDRAW_EVERY: Duration = Duration::from_millis(100);
const LINES_EVERY: u32 = 20;

/// The most remarks that are printed; with --json all that are kept.
const MAX_PRINTED: usize = 50;

/// Imports a file into the database
///
/// Reads the whole file first, says what is wrong with which row and column, and stores all rows or none, unless --partial.
/// A file says what it says and no more: empty cells and rows that are left out change nothing, and a site's own word stays.
#[expect(
    clippy::doc_markdown,
    reason = "these comments are the help text, which shows backticks as they are"
)]
#[derive(Args)]
#[command(after_help = "\
Examples:
  alongside import etr.csv --kind ods_etr
  alongside import organisations.xlsx --kind organisations --dry-run
  alongside import systems.csv --kind systems --site RTH --partial

Exit codes:
  0  every row was taken, or would be
  1  rows were refused, or it failed")]
pub struct Import {
    /// The file: CSV in UTF-8 or .xlsx for tables, JSON for ods_ord and fhir
    #[arg(value_name = "FILE")]
    file: PathBuf,

    /// What it is of: organisations, systems, attributes, links, memberships, successions, topics, ods_etr, ods_ord or fhir
    #[arg(long, value_name = "KIND", value_parser = kind)]
    kind: ImportKind,

    /// Says what would come of it, and changes nothing
    #[arg(long)]
    dry_run: bool,

    /// Takes the good rows where others are refused
    #[arg(long)]
    partial: bool,

    /// Takes only rows of this organisation, as if it had handed the file in
    #[arg(long, value_name = "ODS", value_parser = OdsCode::new)]
    site: Option<OdsCode>,

    /// Prints the report as one line of JSON
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    database: DatabaseFlags,
    #[command(flatten)]
    secret: SecretFlags,
}

fn kind(text: &str) -> Result<ImportKind, String> {
    text.parse()
        .map_err(|fault: crate::domain::ids::MalformedId| fault.to_string())
}

impl Import {
    /// Adds the command's settings.
    #[must_use]
    pub fn flags(&self, flags: Flags) -> Flags {
        let flags = self.database.clone().add_to(flags);
        self.secret.clone().add_to(flags)
    }

    /// Imports the file and prints the report.
    ///
    /// # Errors
    ///
    /// [`Failure::Refused`] where rows were refused; [`Failure::File`] where the file cannot be read; [`Failure::Config`],
    /// [`Failure::Database`], [`Failure::Answer`] and [`Failure::Output`].
    pub fn run(&self, config: &Config, now: Now) -> Result<(), Failure> {
        let bytes = read(&self.file)?;
        let database = config
            .database()?
            .unwrap_or_else(DatabaseSetting::default_file);
        let secret = startup::secret(&database.url, config.secret_file())?;
        let storage = Storage::open(&database.url, &secret)
            .map_err(|error| Failure::of_database(StartError::Open(error), database))?;
        let order = Order {
            kind: self.kind,
            site: self.site,
            mode: if self.dry_run {
                Mode::DryRun
            } else {
                Mode::Store
            },
            refusals: if self.partial {
                Refusals::TakeTheRest
            } else {
                Refusals::RefuseAll
            },
        };
        let change = Change {
            actor: "alongside import".to_owned(),
            action: "import",
            detail: format!("{} bytes of {}", bytes.len(), self.kind),
            at: now(),
            request_id: String::new(),
            touches: Touches::Scoring,
        };
        let progress = Arc::new(Progress::default());
        let shown = Shown::start(Arc::clone(&progress));
        let report = import::run(&storage, &order, &bytes, &change, &progress, |_, _| Ok(()));
        shown.end();
        let report = report.map_err(Failure::Answer)?;
        print(&if self.json {
            self.as_json(&report)
        } else {
            self.in_words(&report)
        })?;
        match report.counts.refused {
            0 => Ok(()),
            n_refused => Err(Failure::Refused(n_refused)),
        }
    }

    fn as_json(&self, report: &Report) -> String {
        let counts = report.counts;
        let remarks = report.remarks.iter().map(|remark| {
            json!({
                "row": remark.row, "column": remark.column, "severity": remark.severity.as_str(), "reason": remark.reason,
            })
        });
        let report = json!({
            "kind": self.kind.as_str(),
            "state": report.state.as_str(),
            "dryRun": self.dry_run,
            "partial": self.partial,
            "rows": counts.rows, "added": counts.added, "changed": counts.changed, "unchanged": counts.unchanged,
            "kept": counts.kept, "refused": counts.refused,
            "revision": report.revision.map(|revision| revision.0),
            "remarks": remarks.collect::<Vec<_>>(),
        });
        format!("{report}\n")
    }

    fn in_words(&self, report: &Report) -> String {
        let counts = report.counts;
        let mut text = String::new();
        for remark in report.remarks.iter().take(MAX_PRINTED) {
            let place = match (remark.row, &remark.column) {
                (0, None) => "file".to_owned(),
                (0, Some(column)) => column.clone(),
                (row, None) => format!("row {row}"),
                (row, Some(column)) => format!("row {row}, {column}"),
            };
            let mark = match remark.severity {
                Severity::Refused => "refused",
                Severity::Kept => "kept",
            };
            text += &format!("{mark}  {place}: {}\n", remark.reason);
        }
        let n_more = report.remarks.len().saturating_sub(MAX_PRINTED);
        if n_more > 0 {
            text += &format!("and {n_more} more; --json prints them\n");
        }
        let (added, changed) = match (report.state, self.dry_run) {
            (ImportState::Done, false) => ("added", "changed"),
            _ => ("to add", "to change"),
        };
        text += &format!(
            "{} rows of {}: {} {added}, {} {changed}, {} unchanged, {} kept, {} refused\n",
            counts.rows,
            self.kind,
            counts.added,
            counts.changed,
            counts.unchanged,
            counts.kept,
            counts.refused
        );
        text += match (report.state, self.dry_run, report.revision) {
            (ImportState::Refused, ..) => {
                "Nothing was changed: rows were refused. --partial takes the others.\n"
            }
            (_, true, _) => "Nothing was changed: this was a dry run.\n",
            (_, false, None) => "Nothing had to be changed.\n",
            (_, false, Some(_)) => "",
        };
        text
    }
}

fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    use std::io::Read as _;

    let fault = |error| Failure::File(path.to_owned(), error);
    let file = std::fs::File::open(path).map_err(fault)?;
    let mut bytes = Vec::new();
    // One byte more than is read says that there are more.
    file.take(MAX_FILE_BYTES as u64 + 1)
        .read_to_end(&mut bytes)
        .map_err(fault)?;
    Ok(bytes)
}

/// The progress while it is shown: a bar on a terminal, now and then a line elsewhere. On the standard error output.
struct Shown {
    is_over: Arc<AtomicBool>,
    thread: std::thread::JoinHandle<()>,
}

impl Shown {
    fn start(progress: Arc<Progress>) -> Self {
        let is_over = Arc::new(AtomicBool::new(false));
        let over = Arc::clone(&is_over);
        let thread = std::thread::spawn(move || show(&progress, &over));
        Self { is_over, thread }
    }

    /// Clears the bar.
    fn end(self) {
        self.is_over.store(true, Ordering::Relaxed);
        self.thread.thread().unpark();
        // A progress that cannot be shown is no failure of the import.
        self.thread.join().ok();
    }
}

fn show(progress: &Progress, is_over: &AtomicBool) {
    let bar = std::io::stderr().is_terminal().then(|| {
        let bar = ProgressBar::new(0);
        if let Ok(style) = ProgressStyle::with_template("{bar:40} {percent:>3} % {elapsed} {msg}") {
            bar.set_style(style);
        }
        bar
    });
    for round in 1_u32.. {
        std::thread::park_timeout(REDRAW_EVERY);
        if is_over.load(Ordering::Relaxed) {
            break;
        }
        let (done, total) = (progress.done(), progress.total());
        let step = match total {
            0 => "reading the file",
            _ if done * 2 < total => "comparing",
            _ => "storing",
        };
        match &bar {
            Some(bar) => {
                bar.set_length(total);
                bar.set_position(done);
                bar.set_message(step);
            }
            None if round.is_multiple_of(LINES_EVERY) => {
                use std::io::Write as _;
                writeln!(
                    std::io::stderr(),
                    "{step}: {} %",
                    (done * 100).checked_div(total).unwrap_or(0)
                )
                .ok();
            }
            None => {}
        }
    }
    if let Some(bar) = bar {
        bar.finish_and_clear();
    }
}
