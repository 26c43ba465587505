//! Everything that waits: what time alone brings about, done by one job from the time it is told.
//!
//! Every replica may run it at once. Each step looks first, without a turn to write, and then finds what is due again in the
//! writing transaction, which is the only one of its time: whoever comes second finds nothing to do and leaves nothing.
//!
//! A pause and a cool-off need nothing done: they are over when their last day is, by the day for which somebody asks.

use chrono::{DateTime, Utc};

use crate::app::{Alongside, succession};
use crate::domain::error::Result;
use crate::storage::{Change, Connection, Outcome, Touches, approach_expiry, reminders};

/// How much of a kind one transaction does, so that others who write wait for some tens of milliseconds at most.
const BATCH: i64 = 200;

/// One step of the job.
#[derive(Clone, Copy)]
struct Step {
    /// What it is called in the audit.
    action: &'static str,
    touches: Touches,
    /// Whether anything is due; reads alone.
    is_due: fn(&mut Connection, DateTime<Utc>) -> Result<bool>,
    /// Does what is due, at most [`BATCH`] of a kind, and returns whether there was any.
    work: fn(&mut Connection, DateTime<Utc>) -> Result<bool>,
}

/// The steps in their order: what expired is not reminded of or moved any more.
const STEPS: [Step; 3] = [
    Step {
        action: "expire_approaches",
        touches: Touches::Nothing,
        is_due: |connection, now| Ok(!approach_expiry::due(connection, now, 1)?.is_empty()),
        work: expire,
    },
    Step {
        action: "carry_over",
        // Partnerships and their links, and whom a site excludes.
        touches: Touches::Everything,
        is_due: succession::is_due,
        work: succession::carry_over,
    },
    Step {
        action: "send_reminders",
        touches: Touches::Nothing,
        is_due: |connection, now| {
            Ok(!reminders::approaches_due(connection, now, 1)?.is_empty()
                || !reminders::endings_due(connection, now, 1)?.is_empty()
                || !reminders::check_ins_due(connection, now, 1)?.is_empty())
        },
        work: remind,
    },
];

impl Alongside {
    /// Does what has become due by a moment. Where nothing has, it only reads.
    ///
    /// # Errors
    ///
    /// Those of the database. A step that fails does not keep the others from being done, and is tried again the next time.
    pub async fn tick(&self, now: DateTime<Utc>) -> Result<()> {
        self.kept_prices.on(now.date_naive());
        let mut outcome = Ok(());
        for step in STEPS {
            outcome = outcome.and(self.take(step, now).await);
        }
        outcome
    }

    /// Takes a step as often as anything is left to do.
    async fn take(&self, step: Step, now: DateTime<Utc>) -> Result<()> {
        let is_due = move |connection: &mut Connection| (step.is_due)(connection, now);
        while self.storage().read(is_due).await? {
            let change = Change {
                actor: "alongside".to_owned(),
                action: step.action,
                detail: String::new(),
                at: now,
                request_id: String::new(),
                touches: step.touches,
            };
            let work = move |connection: &mut Connection| {
                Ok(match (step.work)(connection, now)? {
                    true => Outcome::Changed(true),
                    false => Outcome::Unchanged(false),
                })
            };
            // Another replica may have been quicker.
            if !self.write_outcome(change, work).await? {
                break;
            }
        }
        Ok(())
    }
}

fn expire(connection: &mut Connection, now: DateTime<Utc>) -> Result<bool> {
    let due = approach_expiry::due(connection, now, BATCH)?;
    for approach in &due {
        approach_expiry::expire(connection, approach, now)?;
    }
    Ok(!due.is_empty())
}

fn remind(connection: &mut Connection, now: DateTime<Utc>) -> Result<bool> {
    let approaches = reminders::approaches_due(connection, now, BATCH)?;
    for approach in &approaches {
        reminders::remind_of_approach(connection, approach, now)?;
    }
    let endings = reminders::endings_due(connection, now, BATCH)?;
    for partnership in &endings {
        reminders::remind_of_ending(connection, partnership, now)?;
    }
    let silences = reminders::check_ins_due(connection, now, BATCH)?;
    for silence in &silences {
        reminders::remind_to_check_in(connection, silence, now)?;
    }
    Ok(!(approaches.is_empty() && endings.is_empty() && silences.is_empty()))
}
