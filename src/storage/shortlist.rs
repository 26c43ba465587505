//! A site's shortlist, read and changed as a whole; names and notes are encrypted.
//!
//! The audit has it as one thing that is the site's: who is on it stands in the values, which only the site is shown.

use chrono::{NaiveDateTime, SubsecRound as _};
use diesel::{
    ExpressionMethods as _, Insertable, OptionalExtension as _, QueryDsl as _, Queryable,
    RunQueryDsl as _,
};
use serde_json::{Value, json};

use crate::domain::error::{Error, Result};
use crate::domain::ids::OdsCode;
use crate::domain::shortlist::{Entry, Shortlist};
use crate::domain::version::{Expected, Version};
use crate::storage::Outcome;
use crate::storage::audit;
use crate::storage::connection::{Connection, each_backend};
use crate::storage::failure::{Stored, failed};
use crate::storage::schema::{shortlist_entries, shortlists};
use crate::storage::sealed::{self, Place};

/// The kind of these things in the audit.
pub const KIND: &str = "shortlist";

/// The table of the entries, in the places of sealed texts.
const TABLE: &str = "shortlist_entries";

#[derive(Queryable, Insertable)]
#[diesel(table_name = shortlist_entries, treat_none_as_default_value = false)]
struct EntryRow {
    ods_code: String,
    candidate: String,
    place: i64,
    sealed_label: Option<String>,
    sealed_note: Option<String>,
    added_at: NaiveDateTime,
}

/// Where a text of an entry is kept.
fn in_column<'a>(id: &'a str, column: &'static str) -> Place<'a> {
    Place {
        table: TABLE,
        id,
        column,
    }
}

impl EntryRow {
    fn new(connection: &Connection, code: OdsCode, place: i64, entry: &Entry) -> Result<Self> {
        let id = format!("{code}/{}", entry.candidate);
        let hide = |column, text: &Option<String>| {
            sealed::hide(connection, in_column(&id, column), text.as_deref())
        };
        Ok(Self {
            ods_code: code.to_string(),
            candidate: entry.candidate.to_string(),
            place,
            sealed_label: hide("label", &entry.label)?,
            sealed_note: hide("note", &entry.note)?,
            added_at: entry.added_at.naive_utc().trunc_subsecs(6),
        })
    }

    fn into_domain(self, connection: &Connection) -> Result<Entry> {
        let id = format!("{}/{}", self.ods_code, self.candidate);
        let key = [id.as_str()];
        let show = |column, text: &Option<String>| {
            sealed::show(connection, in_column(&id, column), text.as_deref())
        };
        Ok(Entry {
            candidate: Stored::new(TABLE, &key).parse(&self.candidate)?,
            label: show("label", &self.sealed_label)?,
            note: show("note", &self.sealed_note)?,
            added_at: self.added_at.and_utc(),
        })
    }
}

/// Returns a site's shortlist; empty and of version 0 where it never kept one.
///
/// # Errors
///
/// [`Error::Unavailable`] or [`Error::Internal`] where it cannot be read.
pub fn of(connection: &mut Connection, code: OdsCode) -> Result<Shortlist> {
    let version: Option<i64> = shortlists::table
        .find(code.as_str())
        .select(shortlists::version)
        .first(&mut connection.database)
        .optional()
        .map_err(failed("reading the version of a shortlist"))?;
    let key = [code.as_str()];
    let stored = Stored::new("shortlists", &key);
    let rows = shortlist_entries::table
        .filter(shortlist_entries::ods_code.eq(code.as_str()))
        .order(shortlist_entries::place.asc())
        .load::<EntryRow>(&mut connection.database)
        .map_err(failed("reading a shortlist"))?;
    let entries = rows.into_iter().map(|row| row.into_domain(connection));
    Ok(Shortlist {
        entries: entries.collect::<Result<_>>()?,
        version: u64::try_from(version.unwrap_or(0))
            .map(Version)
            .map_err(|fault| stored.corrupt(fault))?,
    })
}

/// Changes a site's shortlist from a version that it has seen, and returns it as it is kept.
///
/// # Errors
///
/// [`Error::Stale`] where it is of another version; those of the change and of [`of`].
pub fn change(
    connection: &mut Connection,
    code: OdsCode,
    expected: &Expected,
    change: impl FnOnce(&mut Shortlist) -> Result<()>,
) -> Result<Outcome<Shortlist>> {
    let before = of(connection, code)?;
    if !expected.allows(before.version) {
        return Err(Error::Stale);
    }
    let mut after = before.clone();
    change(&mut after)?;
    if after == before {
        return Ok(Outcome::Unchanged(before));
    }
    after.version = Version(before.version.0 + 1);
    store(connection, code, &after)?;
    let entry = audit::Entry {
        kind: KIND,
        id: code.to_string(),
        ods_code: Some(code),
        before: Some(json_of(&before)),
        after: Some(json_of(&after)),
    };
    audit::note(connection, entry);
    Ok(Outcome::Changed(after))
}

fn store(connection: &mut Connection, code: OdsCode, shortlist: &Shortlist) -> Result<()> {
    let number = i64::try_from(shortlist.version.0)
        .map_err(|fault| Error::Internal("raising a version", fault.into()))?;
    let row = (
        shortlists::ods_code.eq(code.as_str()),
        shortlists::version.eq(number),
    );
    each_backend!(connection, c => {
        diesel::insert_into(shortlists::table)
            .values(row)
            .on_conflict(shortlists::ods_code)
            .do_update()
            .set(shortlists::version.eq(number))
            .execute(c)
    })
    .map_err(failed("raising the version of a shortlist"))?;
    let entries = shortlist_entries::table.filter(shortlist_entries::ods_code.eq(code.as_str()));
    diesel::delete(entries)
        .execute(&mut connection.database)
        .map_err(failed("replacing a shortlist"))?;
    let rows: Vec<EntryRow> = (1..)
        .zip(&shortlist.entries)
        .map(|(place, entry)| EntryRow::new(connection, code, place, entry))
        .collect::<Result<_>>()?;
    if !rows.is_empty() {
        each_backend!(connection, c => diesel::insert_into(shortlist_entries::table).values(&rows).execute(c))
            .map_err(failed("storing a shortlist"))?;
    }
    Ok(())
}

/// A shortlist as the audit keeps it: who is on it in which order, without names and notes.
fn json_of(shortlist: &Shortlist) -> Value {
    let order = shortlist.order();
    let codes: Vec<&str> = order.iter().map(OdsCode::as_str).collect();
    json!({ "order": codes, "version": shortlist.version.0 })
}
