//! Making webhooks and trying them.

use chrono::{DateTime, Utc};
use serde_json::json;

use crate::domain::destination::{Destinations, Refused};
use crate::domain::error::{Error, Result};
use crate::domain::event::{EventKind, NewEvent, Recipient};
use crate::domain::version::Version;
use crate::domain::webhook::{DisabledReason, Webhook, WebhookSecret};
use crate::random::Random;
use crate::storage::webhooks::{self, Settings};
use crate::storage::{Connection, events};

/// Reads the address of a webhook as it will be sent to.
///
/// # Errors
///
/// [`Error::Invalid`] where nothing is ever sent to such an address.
pub fn address(destinations: &Destinations, url: &str) -> Result<String> {
    destinations
        .read(url)
        .map(|destination| destination.as_str().to_owned())
        .map_err(|refused: Refused| Error::invalid("/url", refused.to_string()))
}

/// Makes a webhook and its first secret.
///
/// # Errors
///
/// Those of [`webhooks::add`].
pub fn make(
    connection: &mut Connection,
    random: &Random,
    (owner, said): (Recipient, Settings),
    at: DateTime<Utc>,
) -> Result<(Webhook, WebhookSecret)> {
    let webhook = Webhook {
        id: random.id()?,
        owner,
        url: said.url,
        events: said.events,
        description: said.description,
        disabled: (!said.is_enabled).then_some(DisabledReason::Owner),
        failing_since: None,
        created_at: at,
        version: Version(1),
    };
    let secret = WebhookSecret::from_random(random.bytes()?);
    webhooks::add(connection, &webhook, &secret)?;
    Ok((webhook, secret))
}

/// Has a test event told to one webhook.
///
/// # Errors
///
/// [`Error::Missing`] where its owner has no such webhook; [`Error::Conflict`] where it is disabled.
pub fn test(
    connection: &mut Connection,
    (owner, id): (Recipient, &str),
    at: DateTime<Utc>,
) -> Result<()> {
    let webhook = webhooks::find(connection, owner, id)?;
    if webhook.disabled.is_some() {
        return Err(Error::Conflict {
            rule: "/problems/webhook-disabled",
            detail: "The webhook is disabled; enable it first.".to_owned(),
        });
    }
    let event = NewEvent {
        kind: EventKind::Test,
        recipient: owner,
        subject: format!("/api/v1/webhooks/{}", webhook.id),
        data: json!({ "webhookId": webhook.id }),
        at,
    };
    events::emit(connection, &event)
}
