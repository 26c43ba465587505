//! Files that are handed in over the interface: they wait in a short queue and are imported one after the other.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};

use crate::app::Alongside;
use crate::app::import::{self, Mode, Order, Progress, Refusals, Report};
use crate::domain::error::{Error, Result};
use crate::domain::import::{ImportJob, ImportState};
use crate::machine;
use crate::storage::{self, Change, Connection, DatabaseKind, Touches};

/// The most files that wait or are worked on; each is at most 16 MiB.
pub const MAX_WAITING: usize = 4;

/// Longer than any import takes: what has not ended after it never will.
const LONGEST: TimeDelta = TimeDelta::minutes(10);

/// Tells the time.
type Now = Box<dyn Fn() -> DateTime<Utc> + Send + Sync>;

/// A file that waits.
struct Waiting {
    job: ImportJob,
    bytes: Vec<u8>,
    change: Change,
    now: Now,
}

/// The queue.
#[derive(Default)]
pub(super) struct ImportQueue(Mutex<Queue>);

#[derive(Default)]
struct Queue {
    waiting: VecDeque<Waiting>,
    /// Places that were promised and not taken yet.
    n_promised: usize,
    is_working: bool,
    /// What is worked on, and how far that is.
    running: Option<(String, Arc<Progress>)>,
}

impl fmt::Debug for ImportQueue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ImportQueue")
    }
}

/// A place in the queue; given back when dropped.
pub struct Place {
    alongside: Arc<Alongside>,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.alongside.import_queue().n_promised -= 1;
    }
}

impl Place {
    /// Puts a file whose job is stored into the queue, and starts to work where nobody does. In an asynchronous runtime.
    pub fn take(
        self,
        job: ImportJob,
        bytes: Vec<u8>,
        change: Change,
        now: impl Fn() -> DateTime<Utc> + Send + Sync + 'static,
    ) {
        let is_idle = {
            let mut queue = self.alongside.import_queue();
            let now = Box::new(now);
            queue.waiting.push_back(Waiting {
                job,
                bytes,
                change,
                now,
            });
            !std::mem::replace(&mut queue.is_working, true)
        };
        if is_idle {
            drop(tokio::spawn(work(Arc::clone(&self.alongside))));
        }
    }
}

impl Alongside {
    /// Promises a place in the queue of imports; `None` where it is full.
    #[must_use]
    pub fn promise_import(self: &Arc<Self>) -> Option<Place> {
        let mut queue = self.import_queue();
        let n_taken = queue.waiting.len() + queue.n_promised + usize::from(queue.running.is_some());
        if n_taken >= MAX_WAITING {
            return None;
        }
        queue.n_promised += 1;
        Some(Place {
            alongside: Arc::clone(self),
        })
    }

    /// The job as it stands now: with the progress of the one that is worked on. One that nobody works on any more has failed.
    pub fn import_as_it_stands(&self, mut job: ImportJob, now: DateTime<Utc>) -> ImportJob {
        if job.state.has_ended() {
            return job;
        }
        let queue = self.import_queue();
        match &queue.running {
            Some((id, progress)) if *id == job.id => {
                job.state = ImportState::Running;
                // Two steps for each row.
                job.counts.rows = progress.total() / 2;
                job.n_done = progress.done() / 2;
            }
            _ if queue.waiting.iter().any(|waiting| waiting.job.id == job.id) => {}
            // Another replica may be at work on it.
            _ if now - job.created_at > LONGEST => job.state = ImportState::Failed,
            _ => {}
        }
        job
    }

    /// Marks the imports as failed that an earlier run of the service left behind. Blocking.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub fn abandon_imports(&self, now: DateTime<Utc>) -> Result<()> {
        // A file has one service, a server may have several, whose imports may be under way.
        let before = match self.storage().kind() {
            DatabaseKind::Sqlite => now,
            DatabaseKind::Postgres => now - LONGEST,
        };
        let change = Change {
            actor: "alongside".to_owned(),
            action: "abandon_imports",
            detail: String::new(),
            at: now,
            request_id: String::new(),
            touches: Touches::Nothing,
        };
        self.storage().write_if_needed(&change, |connection| {
            let n_abandoned = storage::imports::abandon(connection, before, now)?;
            Ok((n_abandoned > 0).then_some(()))
        })?;
        Ok(())
    }

    /// The queue. Nothing panics while its lock is held, so what it guards is whole.
    fn import_queue(&self) -> std::sync::MutexGuard<'_, Queue> {
        self.imports
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn next_import(&self) -> Option<(Waiting, Arc<Progress>)> {
        let mut queue = self.import_queue();
        queue.running = None;
        let Some(next) = queue.waiting.pop_front() else {
            queue.is_working = false;
            return None;
        };
        let progress = Arc::new(Progress::default());
        queue.running = Some((next.job.id.clone(), Arc::clone(&progress)));
        Some((next, progress))
    }
}

/// Imports what waits until nothing does.
async fn work(alongside: Arc<Alongside>) {
    while let Some((waiting, progress)) = alongside.next_import() {
        let working = Arc::clone(&alongside);
        let id = waiting.job.id.clone();
        let outcome =
            tokio::task::spawn_blocking(move || import_one(&working, &waiting, &progress)).await;
        let imported =
            outcome.unwrap_or_else(|panic| Err(Error::Internal("importing", Box::new(panic))));
        match imported {
            Ok(report) => {
                if report.revision.is_some()
                    && let Err(error) = alongside.refresh().await
                {
                    log::warn!("an import was made, but cannot be read yet: {error}");
                }
            }
            Err(error) => {
                log::error!(import = id.as_str(); "an import failed: {}", crate::logging::chain(&error))
            }
        }
    }
}

/// Imports one file and stores what came of it.
fn import_one(alongside: &Alongside, waiting: &Waiting, progress: &Progress) -> Result<Report> {
    let Waiting {
        job,
        bytes,
        change,
        now,
    } = waiting;
    let order = Order {
        kind: job.kind,
        site: job.site,
        mode: if job.is_dry_run {
            Mode::DryRun
        } else {
            Mode::Store
        },
        refusals: if job.is_partial {
            Refusals::TakeTheRest
        } else {
            Refusals::RefuseAll
        },
    };
    let change = Change {
        at: now(),
        detail: format!("import {}", job.id),
        ..change.clone()
    };
    let ended = |report: &Report| ImportJob {
        state: report.state,
        n_done: report.counts.rows,
        counts: report.counts,
        finished_at: Some(now()),
        revision: report.revision,
        ..job.clone()
    };
    let finish = |connection: &mut Connection, report: &Report| {
        storage::imports::finish(connection, &ended(report), &report.remarks)
    };
    let close = |job: &ImportJob, remarks: &[_]| {
        let change = Change {
            action: "finish_import",
            at: now(),
            touches: Touches::Nothing,
            ..change.clone()
        };
        alongside.storage().write_blocking(&change, |connection| {
            storage::imports::finish(connection, job, remarks)
        })
    };
    let storage = alongside.storage();
    let run = std::panic::AssertUnwindSafe(|| {
        machine::at_low_priority(|| import::run(storage, &order, bytes, &change, progress, finish))
            .map_err(|error| Error::Internal("starting a thread", Box::new(error)))?
    });
    let outcome = std::panic::catch_unwind(run)
        .unwrap_or_else(|_panic| Err(Error::Internal("importing", "the import panicked".into())));
    match outcome {
        Ok(report) => {
            if report.revision.is_none() {
                close(&ended(&report), &report.remarks)?;
            }
            Ok(report)
        }
        Err(error) => {
            let failed = ImportJob {
                state: ImportState::Failed,
                finished_at: Some(now()),
                ..job.clone()
            };
            close(&failed, &[])?;
            Err(error)
        }
    }
}
