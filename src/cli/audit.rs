//! `alongside audit`: whether anybody changed the record of changes.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use serde_json::json;

use crate::cli::Now;
use crate::cli::failure::Failure;
use crate::cli::flags::{DatabaseFlags, SecretFlags};
use crate::cli::stdout::print;
use crate::config::{Config, DatabaseSetting, Flags};
use crate::domain::audit::{Checkpoint, Finding, Report};
use crate::secret_file;
use crate::startup::StartError;
use crate::storage::{Storage, audit};

/// The largest file of checkpoints that is read, in bytes: some thousand of them.
const MAX_CHECKPOINT_BYTES: u64 = 1 << 20;

/// Verifies the audit, and makes checkpoints of it
///
/// Every change leaves a row in the audit, chained to the row before it with the installation's secret. Reads the database
/// and changes nothing; the service may run meanwhile.
#[derive(Args)]
#[command(after_help = "\
Examples:
  alongside audit checkpoint >> /mnt/elsewhere/alongside.checkpoints
  alongside audit verify --checkpoint /mnt/elsewhere/alongside.checkpoints
  alongside audit verify --json")]
pub struct Audit {
    #[command(subcommand)]
    action: Action,
    #[command(flatten)]
    database: DatabaseFlags,
    #[command(flatten)]
    secret: SecretFlags,
}

#[derive(Subcommand)]
enum Action {
    /// Reads the whole audit and says what is wrong with it
    ///
    /// Finds rows that were changed, inserted, moved or removed, the last ones too. That the whole database was put back to
    /// an earlier copy of itself is seen only with a checkpoint that was made since. Exits with 1 where anything is wrong.
    Verify {
        /// Holds the audit against the checkpoints in this file, one a line
        #[arg(long, value_name = "FILE")]
        checkpoint: Option<PathBuf>,
        /// Prints JSON
        #[arg(long)]
        json: bool,
    },
    /// Verifies the audit and prints a checkpoint of it, one line of JSON to keep where the database is not
    Checkpoint {},
}

impl Audit {
    /// Adds the command's settings.
    #[must_use]
    pub fn flags(&self, flags: Flags) -> Flags {
        let flags = self.database.clone().add_to(flags);
        self.secret.clone().add_to(flags)
    }

    /// Does what is asked for.
    ///
    /// # Errors
    ///
    /// [`Failure::Tampered`] where the audit is not whole; [`Failure::Checkpoint`], [`Failure::Config`],
    /// [`Failure::Database`], [`Failure::Start`], [`Failure::Answer`] and [`Failure::Output`].
    pub fn run(&self, config: &Config, now: Now) -> Result<(), Failure> {
        let database = config
            .database()?
            .unwrap_or_else(DatabaseSetting::default_file);
        let checkpoints = match &self.action {
            Action::Verify {
                checkpoint: Some(path),
                ..
            } => read_checkpoints(path)?,
            Action::Verify {
                checkpoint: None, ..
            }
            | Action::Checkpoint {} => Vec::new(),
        };
        let path = config
            .secret_file()
            .unwrap_or_else(|| secret_file::default_path(&database.url));
        let secret = secret_file::read(&path).map_err(StartError::Secret)?;
        let storage = Storage::open_to_verify(&database.url, &secret)
            .map_err(|error| Failure::of_database(StartError::Open(error), database))?;
        match &self.action {
            Action::Verify { json, .. } => {
                let report = storage
                    .read_blocking(|connection| audit::verify(connection, &checkpoints))
                    .map_err(Failure::Answer)?;
                print(&if *json {
                    json_of(&report)
                } else {
                    words_of(&report)
                })?;
                is_whole(&report)
            }
            Action::Checkpoint {} => {
                let at = now();
                let made = storage
                    .read_blocking(|connection| audit::verified_checkpoint(connection, at))
                    .map_err(Failure::Answer)?;
                match made {
                    Ok(checkpoint) => {
                        let line = serde_json::to_string(&checkpoint).map_err(Failure::Json)?;
                        print(&(line + "\n"))
                    }
                    Err(report) => is_whole(&report),
                }
            }
        }
    }
}

fn is_whole(report: &Report) -> Result<(), Failure> {
    match report.findings.first() {
        None => Ok(()),
        Some(first) => Err(Failure::Tampered {
            first: first.clone(),
            n_others: report.n_findings - 1,
        }),
    }
}

fn read_checkpoints(path: &Path) -> Result<Vec<Checkpoint>, Failure> {
    let refused = |why: String| Failure::Checkpoint {
        file: path.to_owned(),
        why,
    };
    let size = path
        .metadata()
        .map_err(|error| refused(error.to_string()))?
        .len();
    if size > MAX_CHECKPOINT_BYTES {
        return Err(refused(format!(
            "it has more than {MAX_CHECKPOINT_BYTES} bytes"
        )));
    }
    let text = std::fs::read_to_string(path).map_err(|error| refused(error.to_string()))?;
    let checkpoints = (1..)
        .zip(text.lines())
        .filter(|(_, line)| !line.trim().is_empty())
        .map(|(number, line)| {
            serde_json::from_str(line)
                .map_err(|error| refused(format!("line {number} is not a checkpoint: {error}")))
        })
        .collect::<Result<Vec<Checkpoint>, _>>()?;
    if checkpoints.is_empty() {
        return Err(refused("it holds no checkpoint".to_owned()));
    }
    Ok(checkpoints)
}

fn words_of(report: &Report) -> String {
    let mut text = String::new();
    let n_rows = report.n_rows;
    if report.is_whole() {
        let revision = report.revision;
        let checkpoints = match report.n_checkpoints {
            0 => String::new(),
            1 => " The checkpoint agrees.".to_owned(),
            n => format!(" All {n} checkpoints agree."),
        };
        // Writing to a String cannot fail.
        writeln!(
            text,
            "The audit is whole: {n_rows} rows, up to revision {revision}.{checkpoints}"
        )
        .ok();
    } else {
        for finding in &report.findings {
            writeln!(text, "{finding}").ok();
        }
        let n_untold = report.n_findings - report.findings.len() as u64;
        if n_untold > 0 {
            writeln!(text, "and {n_untold} more findings").ok();
        }
        writeln!(text, "{n_rows} rows were read.").ok();
    }
    if report.n_checkpoints == 0 {
        text.push_str(
            "Without a checkpoint nobody can see whether the database is an earlier copy of itself; give one with --checkpoint.\n",
        );
    }
    text
}

fn json_of(report: &Report) -> String {
    let finding = |finding: &Finding| {
        json!({
            "code": finding.code(),
            "sequence": finding.sequence(),
            "detail": finding.to_string(),
        })
    };
    let report = json!({
        "whole": report.is_whole(),
        "rows": report.n_rows,
        "lastSequence": report.last_sequence,
        "revision": report.revision,
        "checkpoints": report.n_checkpoints,
        "findingsTotal": report.n_findings,
        "findings": report.findings.iter().map(finding).collect::<Vec<_>>(),
    });
    format!("{report}\n")
}
