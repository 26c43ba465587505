//! Webhooks and what they sign with. Secrets are kept encrypted; nothing of one goes into the audit.

use chrono::{DateTime, NaiveDateTime, SubsecRound as _, TimeDelta, Utc};
use diesel::{
    ExpressionMethods as _, Insertable, OptionalExtension as _, QueryDsl as _, Queryable,
    RunQueryDsl as _,
};
use serde_json::{Value, json};
use url::Url;

use crate::domain::error::{Error, Result};
use crate::domain::event::{EventKind, Recipient};
use crate::domain::version::{Expected, Version};
use crate::domain::webhook::{
    DisabledReason, MAX_SECRETS, MAX_WEBHOOKS, SecretRecord, Webhook, WebhookSecret,
};
use crate::storage::audit::{self, Entry};
use crate::storage::connection::{Connection, each_backend};
use crate::storage::events::{self, recipient_of, recipient_text};
use crate::storage::failure::{Stored, failed};
use crate::storage::idempotency;
use crate::storage::schema::{webhook_secrets, webhooks};
use crate::storage::sealed::{self, Place};

/// The kind of these things in the audit.
pub const KIND: &str = "webhooks";

#[derive(Queryable, Insertable)]
#[diesel(table_name = webhooks, treat_none_as_default_value = false)]
pub(super) struct WebhookRow {
    id: String,
    owner: String,
    url: String,
    events: String,
    description: Option<String>,
    disabled: Option<String>,
    failing_since: Option<NaiveDateTime>,
    pub(super) held_until: Option<NaiveDateTime>,
    pub(super) n_failures: i64,
    created_at: NaiveDateTime,
    /// The last event there was when it was made.
    pub(super) after_sequence: i64,
    version: i64,
}

/// A time as it is stored.
pub(super) fn time(at: DateTime<Utc>) -> NaiveDateTime {
    at.naive_utc().trunc_subsecs(6)
}

/// Kinds of events as they are stored: with spaces between.
pub(super) fn kinds_text<'a>(kinds: impl IntoIterator<Item = &'a EventKind>) -> String {
    let kinds: Vec<_> = kinds.into_iter().map(|kind| kind.as_str()).collect();
    kinds.join(" ")
}

impl WebhookRow {
    fn new(webhook: &Webhook, after_sequence: i64) -> Result<Self> {
        let key = [webhook.id.as_str()];
        let row = Stored::new(KIND, &key);
        Ok(Self {
            id: webhook.id.clone(),
            owner: recipient_text(webhook.owner),
            url: webhook.url.clone(),
            events: kinds_text(&webhook.events),
            description: webhook.description.clone(),
            disabled: webhook.disabled.map(|reason| reason.to_string()),
            failing_since: webhook.failing_since.map(time),
            held_until: None,
            n_failures: 0,
            created_at: time(webhook.created_at),
            after_sequence,
            version: i64::try_from(webhook.version.0).map_err(|fault| row.corrupt(fault))?,
        })
    }

    pub(super) fn into_domain(self) -> Result<Webhook> {
        let key = [self.id.as_str()];
        let row = Stored::new(KIND, &key);
        let events = self.events.split(' ').filter(|kind| !kind.is_empty());
        Ok(Webhook {
            owner: recipient_of(row, &self.owner)?,
            url: self.url,
            events: events.map(|kind| row.parse(kind)).collect::<Result<_>>()?,
            description: self.description,
            disabled: row.parse_some(self.disabled.as_deref())?,
            failing_since: self.failing_since.map(|at| at.and_utc()),
            created_at: self.created_at.and_utc(),
            version: u64::try_from(self.version)
                .map(Version)
                .map_err(|fault| row.corrupt(fault))?,
            id: self.id.clone(),
        })
    }
}

/// Returns an owner's webhooks, the first made first.
///
/// # Errors
///
/// [`Error::Unavailable`] or [`Error::Internal`] where they cannot be read.
pub fn of(connection: &mut Connection, owner: Recipient) -> Result<Vec<Webhook>> {
    webhooks::table
        .filter(webhooks::owner.eq(recipient_text(owner)))
        .order((webhooks::created_at.asc(), webhooks::id.asc()))
        .load::<WebhookRow>(&mut connection.database)
        .map_err(failed("reading webhooks"))?
        .into_iter()
        .map(WebhookRow::into_domain)
        .collect()
}

/// Returns one of an owner's webhooks.
///
/// # Errors
///
/// [`Error::Missing`] where it has none of this id; those of [`of`].
pub fn find(connection: &mut Connection, owner: Recipient, id: &str) -> Result<Webhook> {
    webhooks::table
        .find(id)
        .filter(webhooks::owner.eq(recipient_text(owner)))
        .first::<WebhookRow>(&mut connection.database)
        .optional()
        .map_err(failed("reading a webhook"))?
        .ok_or_else(|| Error::Missing {
            what: "webhook",
            id: id.to_owned(),
        })?
        .into_domain()
}

/// Adds a webhook with its first secret.
///
/// # Errors
///
/// [`Error::Conflict`] where its owner has [`MAX_WEBHOOKS`] already; those of [`of`].
pub fn add(connection: &mut Connection, webhook: &Webhook, secret: &WebhookSecret) -> Result<()> {
    if of(connection, webhook.owner)?.len() >= MAX_WEBHOOKS {
        return Err(Error::Conflict {
            rule: "/problems/too-many-webhooks",
            detail: format!("There are {MAX_WEBHOOKS} webhooks already; delete one first."),
        });
    }
    let row = WebhookRow::new(webhook, events::last(connection)?)?;
    each_backend!(connection, c => diesel::insert_into(webhooks::table).values(row).execute(c))
        .map_err(failed("adding a webhook"))?;
    add_secret(connection, &webhook.id, secret, webhook.created_at)?;
    note(connection, None, Some(webhook));
    Ok(())
}

/// What the owner of a webhook says of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Where to send to.
    pub url: String,
    /// Of which events; empty is of all.
    pub events: Vec<EventKind>,
    /// What it is for.
    pub description: Option<String>,
    /// Whether anything is sent.
    pub is_enabled: bool,
}

/// Changes a webhook. One that is enabled begins anew: what it failed of is forgotten, and what waits is tried.
///
/// # Errors
///
/// [`Error::Stale`] where it is of another version than expected; those of [`find`].
pub fn replace(
    connection: &mut Connection,
    (owner, id): (Recipient, &str),
    said: Settings,
    expected: &Expected,
) -> Result<Webhook> {
    let before = existing(connection, (owner, id), expected)?;
    let disabled = match (said.is_enabled, before.disabled) {
        (true, _) => None,
        (false, Some(reason)) => Some(reason),
        (false, None) => Some(DisabledReason::Owner),
    };
    let is_anew = before.disabled.is_some() || before.url != said.url;
    let after = Webhook {
        url: said.url,
        events: said.events,
        description: said.description,
        disabled,
        failing_since: before.failing_since.filter(|_| !is_anew),
        version: Version(before.version.0 + 1),
        ..before.clone()
    };
    // Since when it is told stays as it is.
    let row = WebhookRow::new(&after, 0)?;
    diesel::update(webhooks::table.find(id))
        .set((
            webhooks::url.eq(row.url),
            webhooks::events.eq(row.events),
            webhooks::description.eq(row.description),
            webhooks::disabled.eq(row.disabled),
            webhooks::failing_since.eq(row.failing_since),
            webhooks::held_until.eq(None::<NaiveDateTime>),
            webhooks::n_failures.eq(0),
            webhooks::version.eq(row.version),
        ))
        .execute(&mut connection.database)
        .map_err(failed("changing a webhook"))?;
    note(connection, Some(&before), Some(&after));
    Ok(after)
}

fn existing(
    connection: &mut Connection,
    (owner, id): (Recipient, &str),
    expected: &Expected,
) -> Result<Webhook> {
    let webhook = find(connection, owner, id)?;
    if expected.allows(webhook.version) {
        Ok(webhook)
    } else {
        Err(Error::Stale)
    }
}

/// Deletes a webhook with its secrets and the log of its deliveries.
///
/// # Errors
///
/// As [`replace`].
pub fn remove(
    connection: &mut Connection,
    (owner, id): (Recipient, &str),
    expected: &Expected,
) -> Result<()> {
    let before = existing(connection, (owner, id), expected)?;
    diesel::delete(webhooks::table.find(id))
        .execute(&mut connection.database)
        .map_err(failed("deleting a webhook"))?;
    idempotency::forget(connection, id)?;
    note(connection, Some(&before), None);
    Ok(())
}

#[derive(Queryable, Insertable)]
#[diesel(table_name = webhook_secrets, treat_none_as_default_value = false)]
struct SecretRow {
    webhook_id: String,
    number: i64,
    sealed: String,
    created_at: NaiveDateTime,
    expires_at: Option<NaiveDateTime>,
}

/// The secrets that sign at a time, the newest first.
fn secret_rows(connection: &mut Connection, id: &str, at: DateTime<Utc>) -> Result<Vec<SecretRow>> {
    let mut rows = webhook_secrets::table
        .filter(webhook_secrets::webhook_id.eq(id))
        .order(webhook_secrets::number.desc())
        .load::<SecretRow>(&mut connection.database)
        .map_err(failed("reading the secrets of a webhook"))?;
    rows.retain(|row| row.expires_at.is_none_or(|end| end > time(at)));
    Ok(rows)
}

/// Returns what is known of the secrets that sign at a time, the newest first.
///
/// # Errors
///
/// As [`of`].
pub fn secrets(
    connection: &mut Connection,
    id: &str,
    at: DateTime<Utc>,
) -> Result<Vec<SecretRecord>> {
    let rows = secret_rows(connection, id, at)?.into_iter();
    Ok(rows
        .map(|row| SecretRecord {
            number: row.number,
            created_at: row.created_at.and_utc(),
            expires_at: row.expires_at.map(|end| end.and_utc()),
        })
        .collect())
}

/// Returns the secrets that sign at a time, the newest first.
pub(super) fn signing(
    connection: &mut Connection,
    id: &str,
    at: DateTime<Utc>,
) -> Result<Vec<WebhookSecret>> {
    let mut secrets = Vec::new();
    for row in secret_rows(connection, id, at)? {
        let at = format!("{id}/{}", row.number);
        let shown = sealed::show(connection, place(&at), Some(&row.sealed))?;
        secrets.extend(shown.map(WebhookSecret::stored));
    }
    Ok(secrets)
}

/// The place of a secret: the webhook's id and the number.
fn place(id: &str) -> Place<'_> {
    Place {
        table: "webhook_secrets",
        id,
        column: "secret",
    }
}

fn add_secret(
    connection: &mut Connection,
    id: &str,
    secret: &WebhookSecret,
    at: DateTime<Utc>,
) -> Result<()> {
    let last: Option<i64> = webhook_secrets::table
        .filter(webhook_secrets::webhook_id.eq(id))
        .select(diesel::dsl::max(webhook_secrets::number))
        .first(&mut connection.database)
        .map_err(failed("reading the secrets of a webhook"))?;
    let number = last.unwrap_or(0) + 1;
    let at_place = format!("{id}/{number}");
    let hidden = sealed::hide(connection, place(&at_place), Some(secret.reveal()))?;
    let row = SecretRow {
        webhook_id: id.to_owned(),
        number,
        sealed: hidden.unwrap_or_default(),
        created_at: time(at),
        expires_at: None,
    };
    each_backend!(connection, c => diesel::insert_into(webhook_secrets::table).values(row).execute(c))
        .map_err(failed("adding the secret of a webhook"))?;
    Ok(())
}

/// Gives a webhook a new secret; the ones before sign beside it for a while.
///
/// # Errors
///
/// [`Error::Conflict`] where [`MAX_SECRETS`] sign already; those of [`find`].
pub fn rotate(
    connection: &mut Connection,
    (owner, id): (Recipient, &str),
    secret: &WebhookSecret,
    (at, overlap): (DateTime<Utc>, TimeDelta),
) -> Result<Webhook> {
    let before = find(connection, owner, id)?;
    if secret_rows(connection, id, at)?.len() >= MAX_SECRETS {
        return Err(Error::Conflict {
            rule: "/problems/too-many-secrets",
            detail: format!("{MAX_SECRETS} secrets sign already; wait until one expires."),
        });
    }
    diesel::delete(
        webhook_secrets::table
            .filter(webhook_secrets::webhook_id.eq(id))
            .filter(webhook_secrets::expires_at.le(time(at))),
    )
    .execute(&mut connection.database)
    .map_err(failed("forgetting secrets of a webhook"))?;
    diesel::update(
        webhook_secrets::table
            .filter(webhook_secrets::webhook_id.eq(id))
            .filter(webhook_secrets::expires_at.is_null()),
    )
    .set(webhook_secrets::expires_at.eq(time(at + overlap)))
    .execute(&mut connection.database)
    .map_err(failed("rotating the secret of a webhook"))?;
    add_secret(connection, id, secret, at)?;
    let after = Webhook {
        version: Version(before.version.0 + 1),
        ..before.clone()
    };
    diesel::update(webhooks::table.find(id))
        .set(webhooks::version.eq(WebhookRow::new(&after, 0)?.version))
        .execute(&mut connection.database)
        .map_err(failed("changing a webhook"))?;
    note(connection, Some(&before), Some(&after));
    Ok(after)
}

/// Notes a change of a webhook for the audit.
pub(super) fn note(connection: &mut Connection, before: Option<&Webhook>, after: Option<&Webhook>) {
    let Some(either) = before.or(after) else {
        return;
    };
    let entry = Entry {
        kind: KIND,
        id: either.id.clone(),
        ods_code: match either.owner {
            Recipient::Site(code) => Some(code),
            Recipient::Admins | Recipient::Nobody => None,
        },
        before: before.map(json_of),
        after: after.map(json_of),
    };
    audit::note(connection, entry);
}

/// The host of a webhook's address, which is all of it that is told elsewhere: the rest may hold a secret.
#[must_use]
pub fn host_of(url: &str) -> String {
    let url = Url::parse(url).ok();
    url.and_then(|url| url.host_str().map(str::to_owned))
        .unwrap_or_default()
}

/// A webhook as the audit keeps it.
fn json_of(webhook: &Webhook) -> Value {
    json!({
        "id": webhook.id,
        "host": host_of(&webhook.url),
        "events": webhook.events.iter().map(|kind| kind.as_str()).collect::<Vec<_>>(),
        "disabled": webhook.disabled.map(DisabledReason::as_str),
        "version": webhook.version.0,
    })
}
