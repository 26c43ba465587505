//! Events on their way: which are to be told to whom, and what came of it.
//!
//! Here they are listed, asked for again and forgotten; `deliveries_claimed` has what the worker does.

use chrono::{DateTime, NaiveDateTime, Utc};
use diesel::{
    BoolExpressionMethods as _, ExpressionMethods as _, Insertable, NullableExpressionMethods as _,
    QueryDsl as _, Queryable, RunQueryDsl as _,
};

use crate::domain::error::{Error, Result};
use crate::domain::event::Recipient;
use crate::domain::webhook::{Delivery, DeliveryState, KEPT};
use crate::storage::connection::Connection;
use crate::storage::events;
use crate::storage::failure::{Stored, failed};
use crate::storage::schema::{deliveries, delivery_position, events as event_table, webhooks};
use crate::storage::webhooks::{find, time};

pub use crate::storage::deliveries_claimed::{
    Done, Found, Slots, To, Until, Work, claim, fan_out, look, record,
};

/// The table, in faults.
pub(super) const TABLE: &str = "deliveries";

#[derive(Clone, Queryable, Insertable)]
#[diesel(table_name = deliveries, treat_none_as_default_value = false)]
pub(super) struct DeliveryRow {
    pub(super) id: String,
    pub(super) event_id: String,
    pub(super) event_sequence: i64,
    pub(super) kind: String,
    pub(super) channel: String,
    pub(super) webhook_id: Option<String>,
    pub(super) contact_id: Option<String>,
    pub(super) state: String,
    pub(super) attempts: i64,
    pub(super) created_at: NaiveDateTime,
    pub(super) due_at: Option<NaiveDateTime>,
    pub(super) claimed_until: Option<NaiveDateTime>,
    pub(super) last_attempt_at: Option<NaiveDateTime>,
    pub(super) status: Option<i64>,
    pub(super) error: Option<String>,
}

impl DeliveryRow {
    fn into_domain(self) -> Result<Delivery> {
        let key = [self.id.as_str()];
        let row = Stored::new(TABLE, &key);
        let status = self.status.map(u16::try_from).transpose();
        Ok(Delivery {
            event_id: self.event_id,
            kind: row.parse(&self.kind)?,
            state: row.parse(&self.state)?,
            attempts: u32::try_from(self.attempts).map_err(|fault| row.corrupt(fault))?,
            created_at: self.created_at.and_utc(),
            next_attempt_at: self.due_at.map(|at| at.and_utc()),
            last_attempt_at: self.last_attempt_at.map(|at| at.and_utc()),
            status: status.map_err(|fault| row.corrupt(fault))?,
            error: row.parse_some(self.error.as_deref())?,
            id: self.id.clone(),
        })
    }
}

/// A part of the log of a webhook: the place of a row is the number of its event.
pub type Placed = (i64, Delivery);

/// Returns what became of the deliveries of a webhook, the newest event first, before a place, at most so many.
///
/// # Errors
///
/// [`Error::Missing`] where the owner has no such webhook; [`Error::Unavailable`] or [`Error::Internal`] where they cannot be
/// read.
pub fn page(
    connection: &mut Connection,
    (owner, webhook): (Recipient, &str),
    state: Option<DeliveryState>,
    before: Option<i64>,
    limit: usize,
) -> Result<Vec<Placed>> {
    find(connection, owner, webhook)?;
    let mut selected = deliveries::table
        .filter(deliveries::webhook_id.eq(webhook))
        .order(deliveries::event_sequence.desc())
        .limit(i64::try_from(limit).unwrap_or(i64::MAX))
        .into_boxed();
    if let Some(state) = state {
        selected = selected.filter(deliveries::state.eq(state.as_str()));
    }
    if let Some(before) = before {
        selected = selected.filter(deliveries::event_sequence.lt(before));
    }
    selected
        .load::<DeliveryRow>(&mut connection.database)
        .map_err(failed("reading deliveries"))?
        .into_iter()
        .map(|row| Ok((row.event_sequence, row.into_domain()?)))
        .collect()
}

/// What is to be told again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Again {
    /// One event, by its id.
    Event(String),
    /// Everything that was tried to the end since then, or is tried still.
    NotDeliveredSince(DateTime<Utc>),
    /// Everything since then, delivered or not.
    AllSince(DateTime<Utc>),
}

/// Begins deliveries of a webhook anew, now; returns how many. The receiver knows the events by their ids, which stay.
///
/// # Errors
///
/// [`Error::Missing`] where the owner has no such webhook, or the webhook no such delivery; those of [`page`].
pub fn replay(
    connection: &mut Connection,
    (owner, webhook): (Recipient, &str),
    again: &Again,
    now: DateTime<Utc>,
) -> Result<usize> {
    find(connection, owner, webhook)?;
    let mine = deliveries::webhook_id.eq(webhook);
    let set = (
        deliveries::state.eq(DeliveryState::Pending.as_str()),
        deliveries::attempts.eq(0),
        deliveries::due_at.eq(Some(time(now))),
        deliveries::claimed_until.eq(None::<NaiveDateTime>),
    );
    let changed = match again {
        Again::Event(id) => diesel::update(deliveries::table.filter(mine))
            .filter(deliveries::event_id.eq(id))
            .set(set)
            .execute(&mut connection.database),
        Again::NotDeliveredSince(at) => diesel::update(deliveries::table.filter(mine))
            .filter(deliveries::created_at.ge(time(*at)))
            .filter(deliveries::state.ne(DeliveryState::Delivered.as_str()))
            .set(set)
            .execute(&mut connection.database),
        Again::AllSince(at) => diesel::update(deliveries::table.filter(mine))
            .filter(deliveries::created_at.ge(time(*at)))
            .set(set)
            .execute(&mut connection.database),
    };
    let changed = changed.map_err(failed("beginning deliveries anew"))?;
    match again {
        Again::Event(id) if changed == 0 => Err(Error::Missing {
            what: "delivery",
            id: id.clone(),
        }),
        Again::Event(_) | Again::NotDeliveredSince(_) | Again::AllSince(_) => Ok(changed),
    }
}

/// Forgets events that happened long ago and that nobody waits for, with the log of their deliveries; returns how many. What waits
/// for a webhook that is disabled does not keep them, and the last event stays, since the next takes its number from it.
///
/// # Errors
///
/// [`Error::Unavailable`] or [`Error::Internal`] where they cannot be deleted.
pub fn forget(connection: &mut Connection, now: DateTime<Utc>, limit: i64) -> Result<usize> {
    let ids = forgettable(connection, now, limit)?;
    diesel::delete(event_table::table.filter(event_table::id.eq_any(&ids)))
        .execute(&mut connection.database)
        .map_err(failed("forgetting events"))
}

/// Whether there are events to forget.
///
/// # Errors
///
/// As [`forget`].
pub fn has_forgettable(connection: &mut Connection, now: DateTime<Utc>) -> Result<bool> {
    forgettable(connection, now, 1).map(|ids| !ids.is_empty())
}

fn forgettable(connection: &mut Connection, now: DateTime<Utc>, limit: i64) -> Result<Vec<String>> {
    let last = events::last(connection)?;
    let told: i64 = delivery_position::table
        .select(delivery_position::event_sequence)
        .first(&mut connection.database)
        .map_err(failed("reading how far events were told"))?;
    let is_of_disabled = deliveries::webhook_id.eq_any(
        webhooks::table
            .filter(webhooks::disabled.is_not_null())
            .select(webhooks::id.nullable()),
    );
    let waiting = deliveries::table
        .filter(deliveries::event_id.eq(event_table::id))
        .filter(deliveries::due_at.is_not_null())
        .filter(
            deliveries::webhook_id
                .is_null()
                .or(diesel::dsl::not(is_of_disabled)),
        );
    event_table::table
        .filter(event_table::happened_at.lt(time(now - KEPT)))
        .filter(event_table::sequence.lt(last))
        .filter(event_table::sequence.le(told))
        .filter(diesel::dsl::not(diesel::dsl::exists(waiting)))
        .order(event_table::sequence.asc())
        .limit(limit)
        .select(event_table::id)
        .load(&mut connection.database)
        .map_err(failed("looking for events to forget"))
}
