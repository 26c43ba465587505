//! The record of who changed what: one row for each change, in its transaction, each chained to the one before.
//!
//! Here rows are written; [`verify`] finds what somebody changed past the service, and [`page`] reads them.

use std::sync::Arc;

use chrono::{NaiveDateTime, SubsecRound as _};
use diesel::{ExpressionMethods as _, Insertable, QueryDsl as _, Queryable, RunQueryDsl as _};
use serde_json::Value;

use crate::domain::error::{Error, Result};
use crate::domain::ids::{OdsCode, Revision};
use crate::storage::Change;
use crate::storage::connection::{Connection, each_backend};
use crate::storage::failure::{Stored, Unusable, failed};
use crate::storage::schema::{audit, audit_chain};
use crate::storage::seal::{Seal, is_same_mac};
use crate::storage::url::DatabaseUrl;

pub use crate::storage::audit_pages::{actors, page};
pub use crate::storage::audit_verify::{checkpoint, verified_checkpoint, verify};

/// One thing that a transaction changed. Holds personal data by reference only: an id, never a name or an address.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// What sort of thing, for example `core_systems`.
    pub kind: &'static str,
    /// Which one of the sort.
    pub id: String,
    /// Whose it is.
    pub ods_code: Option<OdsCode>,
    /// What it was; `None` where it was not there.
    pub before: Option<Value>,
    /// What it is; `None` where it is no more.
    pub after: Option<Value>,
}

/// Notes a change of the present transaction, which the audit then has a row for.
pub fn note(connection: &mut Connection, entry: Entry) {
    connection.entries.push(entry);
}

#[derive(Clone, Debug, Insertable, Queryable)]
#[diesel(table_name = audit, treat_none_as_default_value = false)]
pub(super) struct AuditRow {
    pub(super) sequence: i64,
    pub(super) revision: i64,
    pub(super) recorded_at: NaiveDateTime,
    pub(super) actor: String,
    pub(super) action: String,
    pub(super) detail: String,
    pub(super) request_id: String,
    pub(super) subject_kind: String,
    pub(super) subject_id: String,
    pub(super) ods_code: String,
    pub(super) value_before: Option<String>,
    pub(super) value_after: Option<String>,
    pub(super) mac: String,
}

impl AuditRow {
    /// The MAC of this row after another.
    pub(super) fn mac_after(&self, before: &str, seal: &Seal) -> String {
        let at = self.recorded_at.and_utc();
        let numbers = [
            self.sequence.to_be_bytes(),
            self.revision.to_be_bytes(),
            at.timestamp().to_be_bytes(),
            i64::from(at.timestamp_subsec_nanos()).to_be_bytes(),
        ];
        let texts = [
            &self.actor,
            &self.action,
            &self.detail,
            &self.request_id,
            &self.subject_kind,
            &self.subject_id,
            &self.ods_code,
        ];
        seal.mac(
            "audit row",
            std::iter::once(Some(before.as_bytes()))
                .chain(numbers.iter().map(|number| Some(&number[..])))
                .chain(texts.iter().map(|text| Some(text.as_bytes())))
                .chain(
                    [&self.value_before, &self.value_after]
                        .map(|v| v.as_deref().map(str::as_bytes)),
                ),
        )
    }
}

/// Where the chain begins and where it ends.
#[derive(Clone, Debug, Queryable)]
pub(super) struct Chain {
    /// The last row of a version without a chain; 0 where there is none.
    pub(super) begins_after: i64,
    /// The MAC that the first row follows: it stands for the key and for all rows up to the beginning.
    pub(super) mac: String,
    /// The last row.
    pub(super) head_sequence: i64,
    /// Its MAC; that of the beginning where no row follows it.
    pub(super) head_mac: String,
    head_seal: String,
}

impl Chain {
    /// Reads it; `None` where there is none, which only a database has that somebody took it from.
    pub(super) fn read(connection: &mut Connection) -> Result<Option<Self>> {
        Ok(audit_chain::table
            .select((
                audit_chain::begins_after,
                audit_chain::mac,
                audit_chain::head_sequence,
                audit_chain::head_mac,
                audit_chain::head_seal,
            ))
            .limit(1)
            .load(&mut connection.database)
            .map_err(failed("reading the ends of the audit's chain"))?
            .pop())
    }

    fn seal(&self, seal: &Seal) -> String {
        seal.mac(
            "audit head",
            [
                Some(&self.begins_after.to_be_bytes()[..]),
                Some(self.mac.as_bytes()),
                Some(&self.head_sequence.to_be_bytes()),
                Some(self.head_mac.as_bytes()),
            ],
        )
    }

    /// Whether the service wrote all of it, with this secret.
    pub(super) fn is_genuine(&self, seal: &Seal) -> bool {
        is_same_mac(&self.seal(seal), &self.head_seal)
    }
}

/// The MAC before the first row of all.
pub(super) fn start_mac(seal: &Seal, begins_after: i64) -> String {
    seal.mac("audit beginning", [Some(&begins_after.to_be_bytes()[..])])
}

/// PostgreSQL keeps six digits of a second; a time with more would read differently from the two databases.
pub(super) const SUBSECOND_DIGITS: u16 = 6;

/// The most rows of one statement; see `register::insert`.
const MAX_ROWS: usize = 900;

/// Adds what the transaction noted as the last rows, or one row for the change as a whole where it noted nothing. Only a
/// writing transaction may call it: the next number is then its alone.
///
/// The rows follow the head of the chain and not the last row there is: where somebody took the last rows away, their numbers
/// stay missing. Nothing is written after a head that the service did not write.
pub(super) fn record(
    connection: &mut Connection,
    revision: Revision,
    change: &Change,
) -> Result<()> {
    let seal = seal_of(connection)?;
    let mut chain = Chain::read(connection)?
        .filter(|chain| chain.is_genuine(&seal))
        .ok_or_else(|| {
            let words = "the end of the audit is not what the service wrote";
            Error::Internal("recording a change", words.into())
        })?;
    let (mut sequence, mut mac) = (chain.head_sequence, chain.head_mac.clone());
    let key = sequence.to_string();
    let revision =
        i64::try_from(revision.0).map_err(|fault| Stored::new("audit", &[&key]).corrupt(fault))?;
    let mut entries = std::mem::take(&mut connection.entries);
    if entries.is_empty() {
        entries.push(Entry {
            kind: "",
            id: String::new(),
            ods_code: None,
            before: None,
            after: None,
        });
    }
    let mut rows = Vec::with_capacity(entries.len());
    for entry in entries {
        sequence += 1;
        let mut row = AuditRow {
            sequence,
            revision,
            recorded_at: change.at.naive_utc().trunc_subsecs(SUBSECOND_DIGITS),
            actor: change.actor.clone(),
            action: change.action.to_owned(),
            detail: change.detail.clone(),
            request_id: change.request_id.clone(),
            subject_kind: entry.kind.to_owned(),
            subject_id: entry.id,
            ods_code: entry
                .ods_code
                .map(|code| code.to_string())
                .unwrap_or_default(),
            value_before: entry.before.map(|value| value.to_string()),
            value_after: entry.after.map(|value| value.to_string()),
            mac: String::new(),
        };
        mac = row.mac_after(&mac, &seal);
        row.mac.clone_from(&mac);
        rows.push(row);
    }
    for rows in rows.chunks(MAX_ROWS) {
        each_backend!(connection, c => diesel::insert_into(audit::table).values(rows).execute(c))
            .map_err(failed("recording a change"))?;
    }
    chain.head_sequence = sequence;
    chain.head_mac = mac;
    diesel::update(audit_chain::table)
        .set((
            audit_chain::head_sequence.eq(chain.head_sequence),
            audit_chain::head_mac.eq(&chain.head_mac),
            audit_chain::head_seal.eq(chain.seal(&seal)),
        ))
        .execute(&mut connection.database)
        .map_err(failed("moving the end of the audit's chain"))?;
    Ok(())
}

/// The keys of the installation.
pub(super) fn seal_of(connection: &Connection) -> Result<Arc<Seal>> {
    connection
        .seal
        .clone()
        .ok_or_else(|| Error::Internal("sealing the audit", "the secret is not at hand".into()))
}

/// How many rows are read at once.
pub(super) const CHUNK: i64 = 5_000;

/// The next rows after a number, in their order; none after the last.
pub(super) fn rows_after(
    connection: &mut Connection,
    sequence: i64,
) -> diesel::QueryResult<Vec<AuditRow>> {
    audit::table
        .filter(audit::sequence.gt(sequence))
        .order(audit::sequence.asc())
        .limit(CHUNK)
        .load(&mut connection.database)
}

/// Begins the chain after whatever rows there are.
pub(super) fn begin(connection: &mut Connection) -> Result<()> {
    let seal = seal_of(connection)?;
    let last: Option<i64> = audit::table
        .select(diesel::dsl::max(audit::sequence))
        .first(&mut connection.database)
        .map_err(failed("reading the audit"))?;
    let begins_after = last.unwrap_or(0);
    let mut mac = start_mac(&seal, begins_after);
    let mut read_to = i64::MIN;
    loop {
        let rows = rows_after(connection, read_to).map_err(failed("reading the audit"))?;
        let Some(last) = rows.last() else { break };
        read_to = last.sequence;
        mac = rows
            .iter()
            .fold(mac, |before, row| row.mac_after(&before, &seal));
    }
    let chain = Chain {
        begins_after,
        head_sequence: begins_after,
        head_mac: mac.clone(),
        mac,
        head_seal: String::new(),
    };
    let row = (
        audit_chain::id.eq(1_i64),
        audit_chain::begins_after.eq(begins_after),
        audit_chain::mac.eq(&chain.mac),
        audit_chain::head_sequence.eq(chain.head_sequence),
        audit_chain::head_mac.eq(&chain.head_mac),
        audit_chain::head_seal.eq(chain.seal(&seal)),
    );
    each_backend!(connection, c => diesel::insert_into(audit_chain::table).values(row).execute(c))
        .map_err(failed("beginning the audit's chain"))?;
    Ok(())
}

/// Checks that the chain was written with the same secret; what else there is to check is for [`verify`].
pub(super) fn check_secret(connection: &mut Connection, url: &DatabaseUrl) -> Result<()> {
    let seal = seal_of(connection)?;
    match Chain::read(connection)? {
        None => Err(Unusable::NoAuditChain(url.clone()).into()),
        Some(chain) if chain.is_genuine(&seal) => Ok(()),
        Some(_) => Err(Unusable::OtherSecret(url.clone()).into()),
    }
}
