//! The record of who changed what: one row for each change, in its transaction, each chained to the one before.

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
        let numbers = [
            self.sequence.to_be_bytes(),
            self.revision.to_be_bytes(),
            self.recorded_at.and_utc().timestamp_micros().to_be_bytes(),
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

/// PostgreSQL keeps six digits of a second; a time with more would read differently from the two databases.
const SUBSECOND_DIGITS: u16 = 6;

/// The most rows of one statement; see `register::insert`.
const MAX_ROWS: usize = 900;

/// Adds what the transaction noted as the last rows, or one row for the change as a whole where it noted nothing. Only a
/// writing transaction may call it: the next number is then its alone.
pub(super) fn record(
    connection: &mut Connection,
    revision: Revision,
    change: &Change,
) -> Result<()> {
    let seal = connection
        .seal
        .clone()
        .ok_or_else(|| Error::Internal("recording a change", "the secret is not at hand".into()))?;
    let last: Option<(i64, String)> = audit::table
        .order(audit::sequence.desc())
        .select((audit::sequence, audit::mac))
        .limit(1)
        .load(&mut connection.database)
        .map_err(failed("reading the audit"))?
        .pop();
    let (mut sequence, mut mac) = last.unwrap_or_default();
    // The first row of the chain follows its beginning, as rows of a version without a chain have no MAC.
    if mac.is_empty() {
        mac = beginning(connection)?
            .map(|(_, mac)| mac)
            .unwrap_or_default();
    }
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
    Ok(())
}

/// Where the chain begins: after which row, and the MAC that its first row follows. `None` before it began.
pub(super) fn beginning(connection: &mut Connection) -> Result<Option<(i64, String)>> {
    Ok(audit_chain::table
        .select((audit_chain::begins_after, audit_chain::mac))
        .limit(1)
        .load(&mut connection.database)
        .map_err(failed("reading the beginning of the audit's chain"))?
        .pop())
}

/// The MAC that stands for the key and for all rows up to the beginning.
pub(super) fn beginning_mac(
    connection: &mut Connection,
    seal: &Seal,
    begins_after: i64,
) -> Result<String> {
    let rows: Vec<AuditRow> = audit::table
        .filter(audit::sequence.le(begins_after))
        .order(audit::sequence.asc())
        .load(&mut connection.database)
        .map_err(failed("reading the audit"))?;
    let start = seal.mac([
        Some(&b"beginning"[..]),
        Some(&begins_after.to_be_bytes()[..]),
    ]);
    Ok(rows
        .iter()
        .fold(start, |before, row| row.mac_after(&before, seal)))
}

/// Begins the chain where it has not begun; else checks that it was begun with the same secret.
pub(super) fn begin_or_check(connection: &mut Connection, url: &DatabaseUrl) -> Result<()> {
    let Some(seal) = connection.seal.clone() else {
        return Ok(());
    };
    if let Some((begins_after, mac)) = beginning(connection)? {
        let expected = beginning_mac(connection, &seal, begins_after)?;
        return if is_same_mac(&expected, &mac) {
            Ok(())
        } else {
            Err(Unusable::OtherSecret(url.clone()).into())
        };
    }
    let last: Option<i64> = audit::table
        .select(diesel::dsl::max(audit::sequence))
        .first(&mut connection.database)
        .map_err(failed("reading the audit"))?;
    let begins_after = last.unwrap_or(0);
    let mac = beginning_mac(connection, &seal, begins_after)?;
    let row = (
        audit_chain::id.eq(1_i64),
        audit_chain::begins_after.eq(begins_after),
        audit_chain::mac.eq(mac),
    );
    each_backend!(connection, c => diesel::insert_into(audit_chain::table).values(row).execute(c))
        .map_err(failed("beginning the audit's chain"))?;
    Ok(())
}
