//! What the worker does with deliveries: makes them of new events, takes those that are due in hand, and writes down what came
//! of them. Each is safe with many replicas: writing transactions run one after another.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};
use diesel::{
    BoolExpressionMethods as _, ExpressionMethods as _, NullableExpressionMethods as _,
    OptionalExtension as _, QueryDsl as _, RunQueryDsl as _,
};
use uuid::Uuid;

use crate::domain::contact::EmailAddress;
use crate::domain::error::{Error, Result};
use crate::domain::event::{Event, EventKind, NewEvent, Recipient};
use crate::domain::ids::OdsCode;
use crate::domain::notification::can_be_mailed;
use crate::domain::version::Version;
use crate::domain::webhook::{
    Attempt, Backoff, DeliveryState, DisabledReason, FAILS_AT_MOST, Webhook, WebhookSecret,
};
use crate::storage::connection::{Connection, each_backend};
use crate::storage::deliveries::{DeliveryRow, TABLE};
use crate::storage::failure::{Stored, failed};
use crate::storage::schema::{deliveries, delivery_position, webhooks};
use crate::storage::webhooks::{WebhookRow, note, signing, time};
use crate::storage::{contacts, events, notifications};

/// The namespace of the ids of deliveries (UUID version 5), made for this purpose.
const NAMESPACE: Uuid = Uuid::from_u128(0x4f1b_88a3_52c9_5e0d_b7d6_9c31_04ea_2f76);

/// The most events of which deliveries are made at once.
const MAX_EVENTS: i64 = 500;

/// The most rows of one statement; see `register::insert`.
const MAX_ROWS: usize = 900;

/// Where a delivery goes.
#[derive(Clone, Debug, PartialEq)]
pub enum To {
    /// To a webhook: its id, its address, and what signs, the newest first.
    Webhook {
        /// Its id.
        id: String,
        /// Where to send to.
        url: String,
        /// What to sign with.
        secrets: Vec<WebhookSecret>,
    },
    /// To a contact of a site.
    Mail(EmailAddress),
    /// To nobody: the contact was erased.
    Nobody,
}

/// A delivery that was taken in hand.
#[derive(Clone, Debug, PartialEq)]
pub struct Work {
    /// The delivery's id.
    pub id: String,
    /// What to tell.
    pub event: Event,
    /// Whom.
    pub to: To,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Done {
    /// The delivery's id.
    pub id: String,
    /// The webhook's id, where it went to one.
    pub webhook: Option<String>,
    /// What came of the attempt.
    pub attempt: Attempt,
    /// Anything from 0 to 255: spreads the next attempts.
    pub chance: u8,
}

/// What there is to do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// The number of the last event.
    pub last_event: i64,
    /// Whether deliveries are to be made, or are due.
    pub is_work: bool,
}

fn position(connection: &mut Connection) -> Result<i64> {
    delivery_position::table
        .select(delivery_position::event_sequence)
        .first(&mut connection.database)
        .map_err(failed("reading how far events were told"))
}

/// Looks whether there is something to do, without doing it.
///
/// # Errors
///
/// [`Error::Unavailable`] or [`Error::Internal`] where it cannot be read.
pub fn look(connection: &mut Connection, now: DateTime<Utc>, can_mail: bool) -> Result<Found> {
    let last_event = events::last(connection)?;
    let is_work = position(connection)? < last_event
        || !ready(connection, now, "", 1)?.is_empty()
        || (can_mail && !due_mails(connection, now, 1)?.is_empty());
    Ok(Found {
        last_event,
        is_work,
    })
}

/// Makes the deliveries of new events; returns how many events there were.
///
/// # Errors
///
/// As [`look`].
pub fn fan_out(connection: &mut Connection, now: DateTime<Utc>, can_mail: bool) -> Result<usize> {
    let from = position(connection)?;
    let new = events::of_everybody(connection, from, MAX_EVENTS)?;
    let Some(last) = new.last().map(|event| event.sequence) else {
        return Ok(0);
    };
    let hooks = enabled(connection)?;
    let mut mailed = Mailed::default();
    let mut rows = Vec::new();
    for event in &new {
        let told = hooks
            .iter()
            .filter(|(hook, after)| event.sequence > *after && is_told(hook, event));
        rows.extend(told.map(|(hook, _)| made(event, Way::Webhook(&hook.id), now)));
        if can_mail && let Recipient::Site(code) = event.event.recipient {
            let contacts = mailed.contacts(connection, code, event.event.kind)?;
            rows.extend(contacts.iter().map(|id| made(event, Way::Mail(id), now)));
        }
    }
    for rows in rows.chunks(MAX_ROWS) {
        each_backend!(connection, c => diesel::insert_into(deliveries::table).values(rows).execute(c))
            .map_err(failed("making deliveries"))?;
    }
    diesel::update(delivery_position::table)
        .set(delivery_position::event_sequence.eq(last))
        .execute(&mut connection.database)
        .map_err(failed("writing how far events were told"))?;
    Ok(new.len())
}

/// Which way a delivery goes.
#[derive(Clone, Copy)]
enum Way<'a> {
    Webhook(&'a str),
    Mail(&'a str),
}

fn made(event: &Event, way: Way<'_>, now: DateTime<Utc>) -> DeliveryRow {
    let (channel, target) = match way {
        Way::Webhook(id) => ("webhook", id),
        Way::Mail(id) => ("email", id),
    };
    let name = format!("{}/{channel}/{target}", event.id);
    DeliveryRow {
        id: Uuid::new_v5(&NAMESPACE, name.as_bytes()).to_string(),
        event_id: event.id.clone(),
        event_sequence: event.sequence,
        kind: event.event.kind.to_string(),
        channel: channel.to_owned(),
        webhook_id: matches!(way, Way::Webhook(_)).then(|| target.to_owned()),
        contact_id: matches!(way, Way::Mail(_)).then(|| target.to_owned()),
        state: DeliveryState::Pending.to_string(),
        attempts: 0,
        created_at: time(now),
        due_at: Some(time(now)),
        claimed_until: None,
        last_attempt_at: None,
        status: None,
        error: None,
    }
}

/// The webhooks that are told, each with the last event there was when it was made.
fn enabled(connection: &mut Connection) -> Result<Vec<(Webhook, i64)>> {
    webhooks::table
        .filter(webhooks::disabled.is_null())
        .load::<WebhookRow>(&mut connection.database)
        .map_err(failed("reading webhooks"))?
        .into_iter()
        .map(|row| {
            let after = row.after_sequence;
            Ok((row.into_domain()?, after))
        })
        .collect()
}

/// Whether a webhook is told of an event: its owner's, of a kind that it takes. A test is for one webhook.
fn is_told(hook: &Webhook, event: &Event) -> bool {
    let NewEvent {
        kind,
        recipient,
        subject,
        ..
    } = &event.event;
    let is_its = match kind {
        EventKind::Test => subject.ends_with(hook.id.as_str()),
        kind => hook.takes(*kind),
    };
    hook.owner == *recipient && is_its
}

/// The contacts of sites that are written to, each site read once.
#[derive(Default)]
struct Mailed(BTreeMap<OdsCode, (BTreeSet<EventKind>, Vec<String>)>);

impl Mailed {
    fn contacts(
        &mut self,
        connection: &mut Connection,
        code: OdsCode,
        kind: EventKind,
    ) -> Result<&[String]> {
        if let Entry::Vacant(place) = self.0.entry(code) {
            let (_, said) = notifications::stored(connection, code)?;
            let people = contacts::of(connection, code)?;
            let ids = people.into_iter().map(|contact| contact.id).collect();
            place.insert((said.email, ids));
        }
        Ok(match self.0.get(&code) {
            Some((kinds, ids)) if can_be_mailed(kind) && kinds.contains(&kind) => ids,
            Some(_) | None => &[],
        })
    }
}

/// How many deliveries may be taken in hand.
pub struct Slots<'a> {
    /// To a webhook, of the host of its address.
    pub of_webhook: &'a mut dyn FnMut(&Webhook) -> usize,
    /// The webhook that was served last: those after it come first, so that everybody's turn comes.
    pub after: &'a str,
    /// By e-mail; 0 where none is sent.
    pub mails: usize,
}

/// The most deliveries of a webhook that is failing at once: enough to see whether it is back.
const MAX_WHILE_FAILING: usize = 4;

/// The webhooks that something is due for, those after one first and then around, and whether each failed last.
fn ready(
    connection: &mut Connection,
    now: DateTime<Utc>,
    after: &str,
    limit: usize,
) -> Result<Vec<(Webhook, bool)>> {
    let mut rows = ready_part(connection, now, (after, Part::After), limit)?;
    let n_left = limit.saturating_sub(rows.len());
    if n_left > 0 {
        rows.extend(ready_part(connection, now, (after, Part::UpTo), n_left)?);
    }
    rows.into_iter()
        .map(|row| {
            let fails = row.n_failures > 0;
            Ok((row.into_domain()?, fails))
        })
        .collect()
}

/// Which of the webhooks in their order.
#[derive(Clone, Copy)]
enum Part {
    After,
    UpTo,
}

fn ready_part(
    connection: &mut Connection,
    now: DateTime<Utc>,
    (id, part): (&str, Part),
    limit: usize,
) -> Result<Vec<WebhookRow>> {
    let now = time(now);
    let due = deliveries::table
        .filter(deliveries::webhook_id.eq(webhooks::id.nullable()))
        .filter(deliveries::due_at.le(now))
        .filter(
            deliveries::claimed_until
                .is_null()
                .or(deliveries::claimed_until.le(now)),
        );
    let selected = webhooks::table
        .filter(webhooks::disabled.is_null())
        .filter(
            webhooks::held_until
                .is_null()
                .or(webhooks::held_until.le(now)),
        )
        .filter(diesel::dsl::exists(due))
        .order(webhooks::id.asc())
        .limit(i64::try_from(limit).unwrap_or(i64::MAX))
        .into_boxed();
    let selected = match part {
        Part::After => selected.filter(webhooks::id.gt(id)),
        Part::UpTo => selected.filter(webhooks::id.le(id)),
    };
    selected
        .load(&mut connection.database)
        .map_err(failed("looking for what is due"))
}

fn due_mails(
    connection: &mut Connection,
    now: DateTime<Utc>,
    limit: usize,
) -> Result<Vec<DeliveryRow>> {
    let now = time(now);
    deliveries::table
        .filter(deliveries::webhook_id.is_null())
        .filter(deliveries::due_at.le(now))
        .filter(
            deliveries::claimed_until
                .is_null()
                .or(deliveries::claimed_until.le(now)),
        )
        .order(deliveries::due_at.asc())
        .limit(i64::try_from(limit).unwrap_or(i64::MAX))
        .load(&mut connection.database)
        .map_err(failed("looking for what is due"))
}

fn due_to(
    connection: &mut Connection,
    webhook: &str,
    now: DateTime<Utc>,
    limit: usize,
) -> Result<Vec<DeliveryRow>> {
    let now = time(now);
    deliveries::table
        .filter(deliveries::webhook_id.eq(webhook))
        .filter(deliveries::due_at.le(now))
        .filter(
            deliveries::claimed_until
                .is_null()
                .or(deliveries::claimed_until.le(now)),
        )
        .order((deliveries::due_at.asc(), deliveries::event_sequence.asc()))
        .limit(i64::try_from(limit).unwrap_or(i64::MAX))
        .load(&mut connection.database)
        .map_err(failed("looking for what is due"))
}

/// The most webhooks that are looked at in one turn.
const MAX_READY: usize = 500;

/// Until when deliveries are in hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Until {
    /// Those to webhooks.
    pub webhooks: DateTime<Utc>,
    /// Those by e-mail.
    pub mails: DateTime<Utc>,
}

/// Takes deliveries that are due in hand until a time, at which they are anybody's again unless [`record`] came first.
///
/// # Errors
///
/// As [`look`].
pub fn claim(
    connection: &mut Connection,
    now: DateTime<Utc>,
    until: Until,
    slots: Slots<'_>,
) -> Result<Vec<Work>> {
    let mut taken = Vec::new();
    for (hook, fails) in ready(connection, now, slots.after, MAX_READY)? {
        let most = if fails { MAX_WHILE_FAILING } else { usize::MAX };
        let n_free = (slots.of_webhook)(&hook).min(most);
        if n_free == 0 {
            continue;
        }
        let secrets = signing(connection, &hook.id, now)?;
        for row in due_to(connection, &hook.id, now, n_free)? {
            let to = To::Webhook {
                id: hook.id.clone(),
                url: hook.url.clone(),
                secrets: secrets.clone(),
            };
            taken.push((row, to));
        }
    }
    if slots.mails > 0 {
        for row in due_mails(connection, now, slots.mails)? {
            taken.push((row, To::Nobody));
        }
    }
    let (mails, others): (Vec<_>, Vec<_>) = taken
        .iter()
        .map(|(row, _)| row)
        .partition(|row| row.contact_id.is_some());
    for (rows, until) in [(mails, until.mails), (others, until.webhooks)] {
        for rows in rows.chunks(MAX_ROWS) {
            let ids = rows.iter().map(|row| row.id.as_str());
            diesel::update(deliveries::table.filter(deliveries::id.eq_any(ids)))
                .set(deliveries::claimed_until.eq(Some(time(until))))
                .execute(&mut connection.database)
                .map_err(failed("taking deliveries in hand"))?;
        }
    }
    let numbers: Vec<i64> = taken.iter().map(|(row, _)| row.event_sequence).collect();
    let told = events::numbered(connection, &numbers)?;
    let mut work = Vec::with_capacity(taken.len());
    for (row, to) in taken {
        let key = [row.id.as_str()];
        let event = told
            .get(&row.event_sequence)
            .cloned()
            .ok_or_else(|| Stored::new(TABLE, &key).corrupt("its event is gone"))?;
        let to = match (&row.contact_id, event.event.recipient) {
            (Some(contact), Recipient::Site(code)) => {
                match contacts::find(connection, code, contact) {
                    Ok(contact) => To::Mail(contact.person.email),
                    Err(Error::Missing { .. }) => To::Nobody,
                    Err(error) => return Err(error),
                }
            }
            (Some(_), Recipient::Admins | Recipient::Nobody) => To::Nobody,
            (None, _) => to,
        };
        let id = row.id;
        work.push(Work { id, event, to });
    }
    Ok(work)
}

/// Writes down what came of deliveries. One that was delivered meanwhile, as by a replica that was late, stays so.
///
/// # Errors
///
/// As [`look`].
pub fn record(
    connection: &mut Connection,
    now: DateTime<Utc>,
    done: &[Done],
    backoff: Backoff,
) -> Result<()> {
    let mut of_webhooks: BTreeMap<&str, Vec<&Attempt>> = BTreeMap::new();
    for one in done {
        record_one(connection, now, one, backoff)?;
        if let Some(webhook) = &one.webhook {
            of_webhooks.entry(webhook).or_default().push(&one.attempt);
        }
    }
    for (webhook, attempts) in of_webhooks {
        record_webhook(connection, now, webhook, &attempts, backoff)?;
    }
    Ok(())
}

fn record_one(
    connection: &mut Connection,
    now: DateTime<Utc>,
    done: &Done,
    backoff: Backoff,
) -> Result<()> {
    let found: Option<i64> = deliveries::table
        .find(&done.id)
        .filter(deliveries::due_at.is_not_null())
        .select(deliveries::attempts)
        .first(&mut connection.database)
        .optional()
        .map_err(failed("reading a delivery"))?;
    let Some(attempts) = found.map(|before| before + 1) else {
        return Ok(());
    };
    let attempt = &done.attempt;
    let n_attempts = u32::try_from(attempts).unwrap_or(u32::MAX);
    let wait = match attempt.error {
        None => None,
        Some(_) => backoff.wait(n_attempts, attempt.retry_after, done.chance),
    };
    let state = match (attempt.error, wait) {
        (None, _) => DeliveryState::Delivered,
        (Some(_), Some(_)) => DeliveryState::Pending,
        (Some(_), None) => DeliveryState::Failed,
    };
    diesel::update(deliveries::table.find(&done.id))
        .set((
            deliveries::state.eq(state.as_str()),
            deliveries::attempts.eq(attempts),
            deliveries::due_at.eq(wait.map(|wait| time(now + wait))),
            deliveries::claimed_until.eq(None::<NaiveDateTime>),
            deliveries::last_attempt_at.eq(Some(time(now))),
            deliveries::status.eq(attempt.status.map(i64::from)),
            deliveries::error.eq(attempt.error.map(|error| error.as_str())),
        ))
        .execute(&mut connection.database)
        .map_err(failed("writing down a delivery"))?;
    Ok(())
}

/// A webhook that fails is left alone for a while as a whole; one that is gone, or failed for days, is disabled.
fn record_webhook(
    connection: &mut Connection,
    now: DateTime<Utc>,
    id: &str,
    attempts: &[&Attempt],
    backoff: Backoff,
) -> Result<()> {
    let found: Option<WebhookRow> = webhooks::table
        .find(id)
        .first(&mut connection.database)
        .optional()
        .map_err(failed("reading a webhook"))?;
    let Some(row) = found else {
        return Ok(());
    };
    let (n_failures, held_until) = (row.n_failures, row.held_until);
    let before = row.into_domain()?;
    let is_gone = attempts.iter().any(|attempt| attempt.is_gone());
    let is_well = attempts.iter().any(|attempt| attempt.error.is_none());
    if is_well && !is_gone && n_failures == 0 && before.failing_since.is_none() {
        return Ok(());
    }
    let mut after = before.clone();
    let (mut failures, mut held) = (0, None);
    if !is_well {
        let is_held = held_until.is_some_and(|until| until > time(now));
        failures = if is_held { n_failures } else { n_failures + 1 };
        let asked = attempts.iter().filter_map(|attempt| attempt.retry_after);
        let hold = backoff.hold(u32::try_from(failures).unwrap_or(u32::MAX), asked.max());
        let until = time(now + hold);
        held = Some(held_until.map_or(until, |before| before.max(until)));
    }
    after.failing_since = match before.failing_since {
        _ if is_well => None,
        Some(since) => Some(since),
        None => Some(now),
    };
    let has_failed_for = after
        .failing_since
        .map_or(TimeDelta::zero(), |since| now - since);
    if before.disabled.is_none() {
        after.disabled = if is_gone {
            Some(DisabledReason::Gone)
        } else {
            (has_failed_for >= FAILS_AT_MOST).then_some(DisabledReason::Failing)
        };
        if after.disabled.is_some() {
            after.version = Version(before.version.0 + 1);
            note(connection, Some(&before), Some(&after));
        }
    }
    let key = [id];
    let version = i64::try_from(after.version.0)
        .map_err(|fault| Stored::new("webhooks", &key).corrupt(fault))?;
    diesel::update(webhooks::table.find(id))
        .set((
            webhooks::disabled.eq(after.disabled.map(|reason| reason.as_str())),
            webhooks::failing_since.eq(after.failing_since.map(time)),
            webhooks::held_until.eq(held),
            webhooks::n_failures.eq(failures),
            webhooks::version.eq(version),
        ))
        .execute(&mut connection.database)
        .map_err(failed("writing down how a webhook does"))?;
    Ok(())
}
