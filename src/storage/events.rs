//! The outbox: what happened, written in the transaction in which it did, so that nothing is told that did not happen and
//! nothing that happened goes untold.

use std::collections::BTreeMap;

use chrono::{NaiveDateTime, SubsecRound as _};
use diesel::{ExpressionMethods as _, Insertable, QueryDsl as _, Queryable, RunQueryDsl as _};
use uuid::Uuid;

use crate::domain::error::Result;
use crate::domain::event::{Event, NewEvent, Recipient};
use crate::domain::ids::OdsCode;
use crate::storage::connection::{Connection, each_backend};
use crate::storage::failure::{Stored, failed};
use crate::storage::schema::events;

/// The namespace of the ids of events (UUID version 5), made for this purpose.
const NAMESPACE: Uuid = Uuid::from_u128(0x9d2f_6c1e_4b7a_5f3d_8e60_1c52_7ab9_3f48);

#[derive(Insertable, Queryable)]
#[diesel(table_name = events, treat_none_as_default_value = false)]
struct EventRow {
    sequence: i64,
    id: String,
    kind: String,
    recipient: String,
    subject: String,
    data: String,
    happened_at: NaiveDateTime,
}

/// The recipient as it is stored: a code, nothing for the admins, or what is no code for nobody.
pub(super) fn recipient_text(recipient: Recipient) -> String {
    match recipient {
        Recipient::Site(code) => code.to_string(),
        Recipient::Admins => String::new(),
        Recipient::Nobody => NOBODY.to_owned(),
    }
}

const NOBODY: &str = "-";

/// The recipient that a stored text stands for.
pub(super) fn recipient_of(row: Stored<'_>, text: &str) -> Result<Recipient> {
    match text {
        "" => Ok(Recipient::Admins),
        NOBODY => Ok(Recipient::Nobody),
        code => row.parse::<OdsCode>(code).map(Recipient::Site),
    }
}

impl EventRow {
    fn new(sequence: i64, event: &NewEvent) -> Self {
        let mut row = Self {
            sequence,
            id: String::new(),
            kind: event.kind.to_string(),
            recipient: recipient_text(event.recipient),
            subject: event.subject.clone(),
            data: event.data.to_string(),
            happened_at: event.at.naive_utc().trunc_subsecs(6),
        };
        // A database that was put back to an earlier state gives a number again, but not to the same thing.
        let parts = [
            sequence.to_string(),
            row.happened_at.to_string(),
            row.kind.clone(),
            row.recipient.clone(),
            row.subject.clone(),
            row.data.clone(),
        ];
        row.id = Uuid::new_v5(&NAMESPACE, parts.join("\n").as_bytes()).to_string();
        row
    }

    fn into_domain(self) -> Result<Event> {
        let key = [self.id.as_str()];
        let row = Stored::new("events", &key);
        let recipient = recipient_of(row, &self.recipient)?;
        let event = NewEvent {
            kind: row.parse(&self.kind)?,
            recipient,
            data: serde_json::from_str(&self.data).map_err(|fault| row.corrupt(fault))?,
            at: self.happened_at.and_utc(),
            subject: self.subject.clone(),
        };
        Ok(Event {
            sequence: self.sequence,
            id: self.id,
            event,
        })
    }
}

/// Writes down what happened. Only a writing transaction may call it: the next number is then its alone.
///
/// # Errors
///
/// [`Error::Unavailable`](crate::domain::error::Error::Unavailable) or
/// [`Error::Internal`](crate::domain::error::Error::Internal) where it cannot be written.
pub fn emit(connection: &mut Connection, event: &NewEvent) -> Result<()> {
    let row = EventRow::new(last(connection)? + 1, event);
    each_backend!(connection, c => diesel::insert_into(events::table).values(row).execute(c))
        .map_err(failed("writing an event"))?;
    Ok(())
}

/// Returns the number of the last event; 0 where there is none.
///
/// # Errors
///
/// As [`emit`].
pub fn last(connection: &mut Connection) -> Result<i64> {
    let last: Option<i64> = events::table
        .select(diesel::dsl::max(events::sequence))
        .first(&mut connection.database)
        .map_err(failed("reading the last event"))?;
    Ok(last.unwrap_or(0))
}

/// Returns everybody's events after a number, in their order, at most so many.
pub(super) fn of_everybody(
    connection: &mut Connection,
    sequence: i64,
    limit: i64,
) -> Result<Vec<Event>> {
    events::table
        .filter(events::sequence.gt(sequence))
        .order(events::sequence.asc())
        .limit(limit)
        .load::<EventRow>(&mut connection.database)
        .map_err(failed("reading events"))?
        .into_iter()
        .map(EventRow::into_domain)
        .collect()
}

/// Returns the events with these numbers, by number.
pub(super) fn numbered(
    connection: &mut Connection,
    sequences: &[i64],
) -> Result<BTreeMap<i64, Event>> {
    events::table
        .filter(events::sequence.eq_any(sequences))
        .load::<EventRow>(&mut connection.database)
        .map_err(failed("reading events"))?
        .into_iter()
        .map(|row| Ok((row.sequence, row.into_domain()?)))
        .collect()
}

/// Returns a recipient's events after a number, in their order, at most so many.
///
/// # Errors
///
/// As [`emit`].
pub fn after(
    connection: &mut Connection,
    recipient: Recipient,
    sequence: i64,
    limit: i64,
) -> Result<Vec<Event>> {
    events::table
        .filter(events::recipient.eq(recipient_text(recipient)))
        .filter(events::sequence.gt(sequence))
        .order(events::sequence.asc())
        .limit(limit)
        .load::<EventRow>(&mut connection.database)
        .map_err(failed("reading events"))?
        .into_iter()
        .map(EventRow::into_domain)
        .collect()
}
