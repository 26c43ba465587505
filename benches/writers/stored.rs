//! What the database holds after writers wrote: all they were told of, nothing half done, and an audit that agrees with it.

use std::collections::{BTreeMap, HashSet};

use alongside::domain::audit::{AuditQuery, AuditRecord};
use alongside::domain::error::Result;
use alongside::domain::ids::OdsCode;
use alongside::domain::provenance::Voice;
use alongside::secret_file;
use alongside::storage::audit;
use alongside::storage::{Connection, DatabaseUrl, Storage, facts, revision, versions};
use serde_json::Value;

use super::{Installation, Part, Writer};

/// More rows than any run leaves.
const MAX_ROWS: usize = 10_000_000;

/// What a look at the database brought.
#[derive(Default)]
pub(crate) struct Stored {
    /// How many of the writers' changes it holds.
    pub(crate) n_made: usize,
    /// How many of these nobody was told of.
    pub(crate) n_untold: usize,
    /// What is wrong; nothing, it is hoped.
    pub(crate) faults: Vec<String>,
}

impl Stored {
    /// Notes what is wrong unless the condition holds.
    fn expect(&mut self, holds: bool, words: impl FnOnce() -> String) {
        if !holds {
            self.faults.push(words());
        }
    }
}

/// Looks at one state of the database, past the program. Each writer has looked at its part since the last change.
pub(crate) fn look(installation: &Installation, writers: &[Writer]) -> Stored {
    let url = DatabaseUrl::parse(&installation.database).unwrap();
    let secret = secret_file::read(&installation.secret).unwrap();
    let storage = Storage::open_to_verify(&url, &secret).unwrap();
    let seen = storage.read_blocking(|connection| {
        let mut stored = Stored::default();
        let mut rows = audit::page(connection, &AuditQuery::default(), None, MAX_ROWS)?.items;
        rows.reverse();
        look_at_all(connection, &rows, &mut stored)?;
        let mut by_part: BTreeMap<(OdsCode, Part), Vec<&Writer>> = BTreeMap::new();
        for writer in writers {
            by_part
                .entry((writer.code, writer.part))
                .or_default()
                .push(writer);
        }
        for ((code, part), writers) in by_part {
            let own =
                |row: &&AuditRecord| row.ods_code == code.as_str() && row.action == part.action();
            let rows: Vec<&AuditRecord> = rows.iter().filter(own).collect();
            look_at_requests(&rows, &writers, &mut stored);
            look_at_part(connection, code, part, &rows, &mut stored)?;
            for writer in writers {
                let (seen, n_rows) = (writer.version_seen(), rows.len());
                stored.expect(seen == Some(n_rows as u64), || {
                    format!("{code} {part:?}: version {seen:?} is answered after {n_rows} changes")
                });
            }
        }
        Ok(stored)
    });
    seen.unwrap()
}

/// The audit is whole, and has rows of every write there was.
fn look_at_all(
    connection: &mut Connection,
    rows: &[AuditRecord],
    stored: &mut Stored,
) -> Result<()> {
    let report = audit::verify(connection, &[])?;
    stored.expect(report.is_whole(), || {
        format!("the audit is not whole: {:?}", report.findings)
    });
    let revisions: HashSet<u64> = rows.iter().map(|row| row.revision.0).collect();
    let current = revision::current(connection)?.0;
    stored.expect(current == revisions.len() as u64, || {
        format!("revision {current} after {} writes", revisions.len())
    });
    Ok(())
}

/// Every request that was acknowledged left one row, and no row is of a request that was refused or never made.
fn look_at_requests(rows: &[&AuditRecord], writers: &[&Writer], stored: &mut Stored) {
    let mut there = HashSet::new();
    for row in rows {
        stored.expect(there.insert(row.request_id.as_str()), || {
            format!("{} has two rows", row.request_id)
        });
    }
    let mut known = HashSet::new();
    for writer in writers {
        for id in &writer.acknowledged {
            stored.expect(there.contains(id.as_str()), || {
                format!("{id} was acknowledged and is lost")
            });
            known.insert(id.as_str());
        }
        known.extend(writer.untold.iter().map(String::as_str));
        let is_there = |id: &&String| there.contains(id.as_str());
        stored.n_untold += writer.untold.iter().filter(is_there).count();
    }
    for id in there.difference(&known) {
        stored.faults.push(format!(
            "{id} is there, but was not asked for or was refused"
        ));
    }
    stored.n_made += rows.len();
}

/// The facts, their history, their version and the audit of a part tell the same story.
fn look_at_part(
    connection: &mut Connection,
    code: OdsCode,
    part: Part,
    rows: &[&AuditRecord],
    stored: &mut Stored,
) -> Result<()> {
    let n_rows = rows.len();
    for row in rows {
        let says = row.after.as_ref();
        stored.expect(
            says.is_some_and(|after| part.is_said_by(&row.request_id, after)),
            || format!("{} is half done: {says:?}", row.request_id),
        );
    }
    for pair in rows.windows(2) {
        stored.expect(
            pair[0].after == pair[1].before && pair[0].revision < pair[1].revision,
            || {
                format!(
                    "{} does not follow {}",
                    pair[1].request_id, pair[0].request_id
                )
            },
        );
    }
    if let Some(last) = rows.last() {
        let held: Option<Value> = part.stored(connection, code)?;
        stored.expect(held == last.after, || {
            format!(
                "{code} {part:?}: {held:?} is stored, but {:?} was said last",
                last.after
            )
        });
    }
    let version = versions::of(connection, code, part.versioned())?.0;
    stored.expect(version == n_rows as u64, || {
        format!("{code} {part:?}: version {version} after {n_rows} changes")
    });
    let history = facts::history(connection, code, &[], None, MAX_ROWS)?;
    let own = history
        .iter()
        .filter(|past| past.kind == part.kind() && past.voice == Voice::Site);
    let (n_past, n_expected) = (own.count(), n_rows.saturating_sub(1) * part.n_words());
    stored.expect(n_past == n_expected, || {
        format!("{code} {part:?}: the history has {n_past} words of the site, not {n_expected}")
    });
    Ok(())
}
