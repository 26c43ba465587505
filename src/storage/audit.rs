//! The record of who changed what, one row for each write, in its transaction.

use chrono::{NaiveDateTime, SubsecRound as _};
use diesel::{Insertable, QueryDsl as _, RunQueryDsl as _};

use crate::domain::error::Result;
use crate::domain::ids::Revision;
use crate::storage::Change;
use crate::storage::connection::{Connection, each_backend};
use crate::storage::failure::{Stored, failed};
use crate::storage::schema::audit;

#[derive(Insertable)]
#[diesel(table_name = audit)]
struct AuditRow<'a> {
    sequence: i64,
    revision: i64,
    recorded_at: NaiveDateTime,
    actor: &'a str,
    action: &'a str,
    detail: &'a str,
}

/// PostgreSQL keeps six digits of a second; a time with more would read differently from the two databases.
const SUBSECOND_DIGITS: u16 = 6;

/// Adds the change as the last row. Only a writing transaction may call it: the next number is then its alone.
pub(super) fn record(
    connection: &mut Connection,
    revision: Revision,
    change: &Change,
) -> Result<()> {
    let last: Option<i64> = audit::table
        .select(diesel::dsl::max(audit::sequence))
        .first(&mut connection.0)
        .map_err(failed("reading the audit"))?;
    let sequence = last.unwrap_or(0) + 1;
    let key = sequence.to_string();
    let row = AuditRow {
        sequence,
        revision: i64::try_from(revision.0)
            .map_err(|fault| Stored::new("audit", &[&key]).corrupt(fault))?,
        recorded_at: change.at.naive_utc().trunc_subsecs(SUBSECOND_DIGITS),
        actor: &change.actor,
        action: change.action,
        detail: &change.detail,
    };
    each_backend!(connection, c => diesel::insert_into(audit::table).values(&row).execute(c))
        .map_err(failed("recording a change"))?;
    Ok(())
}
