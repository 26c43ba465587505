//! Finds what somebody changed in the audit past the service, and makes the checkpoints that help.

use std::collections::HashMap;

use chrono::{DateTime, SubsecRound as _, Utc};
use diesel::{ExpressionMethods as _, QueryDsl as _, RunQueryDsl as _};

use crate::domain::audit::{Checkpoint, Finding, Report};
use crate::domain::error::{Error, Result};
use crate::storage::audit::{
    AuditRow, CHUNK, Chain, SUBSECOND_DIGITS, rows_after, seal_of, start_mac,
};
use crate::storage::connection::Connection;
use crate::storage::failure::failed;
use crate::storage::schema::{audit, revision};
use crate::storage::seal::{Seal, is_same_mac};

/// Reads the whole audit, some thousand rows at a time, and says what is wrong with it.
///
/// Found without a checkpoint: rows that were changed, inserted, moved or removed, the last ones too, a beginning or an end
/// that was changed, and a count of revisions that was put back. Not found without one: an earlier copy of the whole database
/// in its place, or an end of the audit that somebody kept from earlier and put back together with the rows and the revision
/// of its day. A checkpoint that was made since finds both. Nothing of this finds what who holds the secret writes.
///
/// # Errors
///
/// [`Error::Unavailable`] or [`Error::Internal`] where the database cannot be read, and where the secret is not at hand.
pub fn verify(connection: &mut Connection, checkpoints: &[Checkpoint]) -> Result<Report> {
    let seal = seal_of(connection)?;
    let chain = Chain::read(connection)?;
    let mut walk = Walk::new(&seal, chain.as_ref(), checkpoints);
    let mut read_to = i64::MIN;
    loop {
        let rows = match rows_after(connection, read_to) {
            Err(diesel::result::Error::DeserializationError(_)) => one_by_one(connection, read_to)?,
            rows => rows
                .map_err(failed("reading the audit"))?
                .into_iter()
                .map(|row| (row.sequence, Some(row)))
                .collect(),
        };
        let n_before = walk.report.n_rows;
        for (sequence, row) in rows {
            if sequence <= read_to {
                // A number that is none sorts where its text does, and could be read for ever.
                walk.find(Finding::Inserted(sequence));
                break;
            }
            walk.take(sequence, row.as_ref());
            read_to = sequence;
        }
        if walk.report.n_rows == n_before {
            break;
        }
    }
    walk.end(stored_revision(connection)?);
    Ok(walk.report)
}

/// Makes a checkpoint of the present end; `None` where the end is not what the service wrote, or rows before it were seen to
/// be gone. Looks at the end alone: whether the rest is whole is for [`verify`] to say.
///
/// # Errors
///
/// As [`verify`].
pub fn checkpoint(connection: &mut Connection, at: DateTime<Utc>) -> Result<Option<Checkpoint>> {
    let seal = seal_of(connection)?;
    let Some(chain) = Chain::read(connection)?.filter(|chain| chain.is_genuine(&seal)) else {
        return Ok(None);
    };
    let last: Option<AuditRow> = audit::table
        .order(audit::sequence.desc())
        .limit(1)
        .load(&mut connection.database)
        .map_err(failed("reading the audit"))?
        .pop();
    let (sequence, audited) = last
        .as_ref()
        .map_or((0, 0), |row| (row.sequence, row.revision));
    let is_end = sequence == chain.head_sequence
        && (sequence == chain.begins_after
            || last.is_some_and(|row| is_same_mac(&row.mac, &chain.head_mac)))
        && audited == stored_revision(connection)?;
    Ok(is_end.then(|| {
        let mut checkpoint = Checkpoint {
            sequence,
            revision: audited,
            made_at: at.trunc_subsecs(SUBSECOND_DIGITS),
            mac: chain.head_mac,
            seal: String::new(),
        };
        checkpoint.seal = sealed(&checkpoint, &seal);
        checkpoint
    }))
}

fn sealed(checkpoint: &Checkpoint, seal: &Seal) -> String {
    let numbers = [
        checkpoint.sequence,
        checkpoint.revision,
        checkpoint.made_at.timestamp(),
        i64::from(checkpoint.made_at.timestamp_subsec_nanos()),
    ]
    .map(i64::to_be_bytes);
    seal.mac(
        "audit checkpoint",
        numbers
            .iter()
            .map(|number| Some(&number[..]))
            .chain([Some(checkpoint.mac.as_bytes())]),
    )
}

/// The number of the last write, as the database has it.
fn stored_revision(connection: &mut Connection) -> Result<i64> {
    revision::table
        .select(revision::number)
        .first(&mut connection.database)
        .map_err(failed("reading the revision"))
}

/// The next rows one by one, `None` for those that cannot be read.
fn one_by_one(connection: &mut Connection, sequence: i64) -> Result<Vec<(i64, Option<AuditRow>)>> {
    let sequences: Vec<i64> = audit::table
        .filter(audit::sequence.gt(sequence))
        .order(audit::sequence.asc())
        .select(audit::sequence)
        .limit(CHUNK)
        .load(&mut connection.database)
        .map_err(failed("reading the audit"))?;
    let mut rows = Vec::with_capacity(sequences.len());
    for sequence in sequences {
        let row = audit::table
            .filter(audit::sequence.eq(sequence))
            .first::<AuditRow>(&mut connection.database);
        rows.push(match row {
            Err(
                diesel::result::Error::DeserializationError(_) | diesel::result::Error::NotFound,
            ) => (sequence, None),
            row => (sequence, Some(row.map_err(failed("reading the audit"))?)),
        });
    }
    Ok(rows)
}

/// The walk along the chain.
struct Walk<'a> {
    seal: &'a Seal,
    chain: Option<&'a Chain>,
    checkpoints: &'a [Checkpoint],
    /// The MACs of the rows at which checkpoints were made, once they were passed.
    passed: HashMap<i64, Option<String>>,
    /// What the next row follows; `None` after a gap, where nobody knows.
    before: Option<String>,
    /// The revision of the row before; `None` after a gap.
    revision: Option<i64>,
    last_revision: i64,
    is_past_beginning: bool,
    report: Report,
}

impl<'a> Walk<'a> {
    fn new(seal: &'a Seal, chain: Option<&'a Chain>, checkpoints: &'a [Checkpoint]) -> Self {
        let mut walk = Self {
            seal,
            chain,
            checkpoints,
            passed: checkpoints
                .iter()
                .map(|checkpoint| (checkpoint.sequence, None))
                .collect(),
            before: chain.map(|chain| start_mac(seal, chain.begins_after)),
            revision: Some(0),
            last_revision: 0,
            is_past_beginning: false,
            report: Report {
                n_rows: 0,
                last_sequence: 0,
                revision: 0,
                n_checkpoints: checkpoints.len(),
                findings: Vec::new(),
                n_findings: 0,
            },
        };
        if chain.is_none() {
            walk.find(Finding::NoChain);
        }
        walk
    }

    fn find(&mut self, finding: Finding) {
        self.report.n_findings += 1;
        if self.report.findings.len() < Report::MAX_FINDINGS {
            self.report.findings.push(finding);
        }
    }

    fn begins_after(&self) -> i64 {
        self.chain.map_or(0, |chain| chain.begins_after)
    }

    /// Compares what the rows up to the beginning come to, once, and goes on from what the service wrote there.
    fn pass_beginning(&mut self) {
        self.is_past_beginning = true;
        let Some(chain) = self.chain else { return };
        let came_to = self.before.replace(chain.mac.clone());
        if !came_to.is_some_and(|mac| is_same_mac(&mac, &chain.mac)) {
            self.find(Finding::Beginning(chain.begins_after));
        }
        if let Some(passed) = self.passed.get_mut(&chain.begins_after) {
            *passed = Some(chain.mac.clone());
        }
    }

    fn take(&mut self, sequence: i64, row: Option<&AuditRow>) {
        if !self.is_past_beginning && sequence > self.begins_after() {
            self.pass_beginning();
        }
        self.report.n_rows += 1;
        let expected = self.report.last_sequence.saturating_add(1);
        if sequence < expected {
            self.find(Finding::Inserted(sequence));
            return;
        }
        if sequence > expected {
            self.find(Finding::Missing {
                from: expected,
                to: sequence - 1,
            });
            if self.is_past_beginning {
                self.before = None;
            }
            self.revision = None;
        }
        self.report.last_sequence = sequence;
        let Some(row) = row else {
            self.find(Finding::Unreadable(sequence));
            self.before = None;
            self.revision = None;
            return;
        };
        if self.is_past_beginning {
            self.link(row);
        } else {
            self.before = self.before.take().map(|mac| row.mac_after(&mac, self.seal));
            if !row.mac.is_empty() {
                self.find(Finding::Changed(sequence));
            }
        }
        self.revision = Some(row.revision);
        self.last_revision = row.revision;
        if sequence != self.begins_after()
            && let Some(passed) = self.passed.get_mut(&sequence)
        {
            *passed = Some(row.mac.clone());
        }
    }

    /// Checks that a row follows the one before it.
    fn link(&mut self, row: &AuditRow) {
        let is_genuine = self
            .before
            .as_ref()
            .is_none_or(|before| is_same_mac(&row.mac_after(before, self.seal), &row.mac));
        if !is_genuine {
            self.find(Finding::Changed(row.sequence));
        } else if let Some(before) = self.revision
            && !(before..=before.saturating_add(1)).contains(&row.revision)
        {
            self.find(Finding::Revision {
                sequence: row.sequence,
                found: row.revision,
                before,
            });
        }
        // The rows after a changed one are held against what stands there, so that each change is found at its own place.
        self.before = Some(row.mac.clone());
    }

    /// Compares the end with what the service wrote of it, with the revision and with the checkpoints.
    fn end(&mut self, stored_revision: i64) {
        if !self.is_past_beginning {
            let (last, begins_after) = (self.report.last_sequence, self.begins_after());
            if last < begins_after {
                self.find(Finding::Missing {
                    from: last + 1,
                    to: begins_after,
                });
            }
            self.pass_beginning();
        }
        self.report.revision = stored_revision;
        let last = self.report.last_sequence;
        if let Some(chain) = self.chain {
            if !chain.is_genuine(self.seal) {
                self.find(Finding::Head);
            } else if last < chain.head_sequence {
                self.find(Finding::Tail {
                    from: last + 1,
                    to: chain.head_sequence,
                });
            } else if last > chain.head_sequence {
                self.find(Finding::AfterHead(chain.head_sequence + 1));
            } else if self
                .before
                .as_ref()
                .is_some_and(|mac| !is_same_mac(mac, &chain.head_mac))
            {
                self.find(Finding::OtherHead(last));
            }
        }
        if stored_revision != self.last_revision {
            self.find(Finding::OtherRevision {
                found: stored_revision,
                audited: self.last_revision,
            });
        }
        for (number, checkpoint) in (1..).zip(self.checkpoints) {
            let sequence = checkpoint.sequence;
            if !is_same_mac(&sealed(checkpoint, self.seal), &checkpoint.seal) {
                self.find(Finding::ForgedCheckpoint(number));
            } else if sequence > last {
                self.find(Finding::BeforeCheckpoint {
                    number,
                    sequence,
                    last,
                });
            } else if !self
                .passed
                .get(&sequence)
                .and_then(Option::as_ref)
                .is_some_and(|mac| is_same_mac(mac, &checkpoint.mac))
            {
                self.find(Finding::OtherThanCheckpoint { number, sequence });
            }
        }
    }
}

/// Makes a checkpoint of an audit that was verified in whole; the report says why there is none.
///
/// # Errors
///
/// As [`verify`].
pub fn verified_checkpoint(
    connection: &mut Connection,
    at: DateTime<Utc>,
) -> Result<std::result::Result<Checkpoint, Report>> {
    let report = verify(connection, &[])?;
    if !report.is_whole() {
        return Ok(Err(report));
    }
    let checkpoint = checkpoint(connection, at)?;
    checkpoint
        .map(Ok)
        .ok_or_else(|| Error::Internal("making a checkpoint", "the end changed meanwhile".into()))
}
