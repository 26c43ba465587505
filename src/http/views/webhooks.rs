//! Webhooks and what became of their deliveries, as they are shown and as they are asked for.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::domain::error::Error;
use crate::domain::webhook::{Delivery, SecretRecord, Webhook, WebhookSecret};
use crate::http::body::given;
use crate::http::pagination::PageLinks;
use crate::http::views::text::{
    AttemptErrorName, DeliveryStateName, DisabledReasonName, EventKindName,
};

/// What is known of a secret; the secret itself is shown once, when it is made.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = WebhookSecret)]
pub(crate) struct SecretView {
    /// Its number; the largest is the newest.
    #[schema(minimum = 1)]
    number: i64,
    /// When it was made.
    created_at: DateTime<Utc>,
    /// Until when it signs; null for the newest.
    #[schema(required)]
    expires_at: Option<DateTime<Utc>>,
}

/// A webhook.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Webhook)]
pub(crate) struct WebhookView {
    /// Its id.
    #[schema(max_length = 36)]
    id: String,
    /// Where events are sent.
    #[schema(max_length = 2000)]
    url: String,
    /// Of which kinds of events; null is of all.
    #[schema(required, max_items = 32)]
    events: Option<Vec<EventKindName>>,
    /// What it is for.
    #[schema(required, max_length = 200)]
    description: Option<String>,
    /// Whether anything is sent.
    enabled: bool,
    /// Why nothing is; null where something is.
    #[schema(required)]
    disabled_because: Option<DisabledReasonName>,
    /// Since when nothing could be delivered; null where all is well.
    #[schema(required)]
    failing_since: Option<DateTime<Utc>>,
    /// What it signs with, the newest first.
    #[schema(max_items = 5)]
    secrets: Vec<SecretView>,
    /// When it was made.
    created_at: DateTime<Utc>,
    /// How often its owner changed it.
    version: u64,
    /// The newest secret, in the answer that makes it and nowhere else: keep it, nobody can show it again.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(
        nullable = false,
        max_length = 60,
        pattern = "^whsec_[A-Za-z0-9+/]+=*$"
    )]
    secret: Option<String>,
}

impl WebhookView {
    pub(crate) fn new(webhook: Webhook, secrets: Vec<SecretRecord>) -> Self {
        let kinds: Vec<_> = webhook.events.into_iter().map(EventKindName).collect();
        let secrets = secrets.into_iter().map(|secret| SecretView {
            number: secret.number,
            created_at: secret.created_at,
            expires_at: secret.expires_at,
        });
        Self {
            id: webhook.id,
            url: webhook.url,
            events: (!kinds.is_empty()).then_some(kinds),
            description: webhook.description,
            enabled: webhook.disabled.is_none(),
            disabled_because: webhook.disabled.map(DisabledReasonName),
            failing_since: webhook.failing_since,
            secrets: secrets.collect(),
            created_at: webhook.created_at,
            version: webhook.version.0,
            secret: None,
        }
    }

    /// The same with its newest secret.
    pub(crate) fn revealing(self, secret: &WebhookSecret) -> Self {
        Self {
            secret: Some(secret.reveal().to_owned()),
            ..self
        }
    }

    pub(crate) fn text(&self) -> Result<String, Error> {
        serde_json::to_string(self)
            .map_err(|fault| Error::Internal("writing a webhook", fault.into()))
    }
}

/// The webhooks of the caller, at most ten.
#[derive(Serialize, ToSchema)]
#[schema(as = Webhooks)]
pub(crate) struct WebhooksView {
    /// The first made first.
    #[schema(max_items = 10)]
    pub(crate) items: Vec<WebhookView>,
}

/// A webhook to make, or what one is to be.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = GivenWebhook)]
pub(crate) struct GivenWebhook {
    /// Where to send events: `https://`, on the public internet, without user name, password or fragment.
    #[schema(min_length = 1, max_length = 2000)]
    pub(crate) url: String,
    /// Of which kinds of events; of all where it is left out or null.
    #[serde(default)]
    #[schema(value_type = Option<Vec<EventKindName>>, min_items = 1, max_items = 32)]
    pub(crate) events: Option<Vec<String>>,
    /// What it is for, without a person's name.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 200)]
    pub(crate) description: Option<String>,
    /// Whether anything is sent; true where it is left out. To enable one that was disabled forgets what it failed of.
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false)]
    pub(crate) enabled: Option<bool>,
}

/// How to rotate a secret.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = WebhookSecretRotation)]
pub(crate) struct GivenRotation {
    /// How long the old secret signs beside the new one, in seconds, at most 30 days; a day by default.
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false, minimum = 0, maximum = 2_592_000)]
    pub(crate) overlap_seconds: Option<i64>,
}

/// What became of one event on its way to a webhook.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Delivery)]
pub(crate) struct DeliveryView {
    /// Its id.
    #[schema(max_length = 36)]
    id: String,
    /// The id of the event, which the receiver has as `webhook-id`.
    #[schema(max_length = 36)]
    event_id: String,
    kind: EventKindName,
    state: DeliveryStateName,
    /// How often it was tried.
    attempts: u32,
    /// When it was made.
    created_at: DateTime<Utc>,
    /// When it is tried next; null where it is not.
    #[schema(required)]
    next_attempt_at: Option<DateTime<Utc>>,
    /// When it was tried last; null before it was.
    #[schema(required)]
    last_attempt_at: Option<DateTime<Utc>>,
    /// The status that the receiver answered last; null where it answered none.
    #[schema(required, minimum = 100, maximum = 999)]
    status: Option<u16>,
    #[schema(required)]
    error: Option<AttemptErrorName>,
}

impl From<Delivery> for DeliveryView {
    fn from(delivery: Delivery) -> Self {
        Self {
            id: delivery.id,
            event_id: delivery.event_id,
            kind: EventKindName(delivery.kind),
            state: DeliveryStateName(delivery.state),
            attempts: delivery.attempts,
            created_at: delivery.created_at,
            next_attempt_at: delivery.next_attempt_at,
            last_attempt_at: delivery.last_attempt_at,
            status: delivery.status,
            error: delivery.error.map(AttemptErrorName),
        }
    }
}

/// A page of deliveries.
#[derive(Serialize, ToSchema)]
#[schema(as = DeliveryPage)]
pub(crate) struct DeliveryPageView {
    /// The newest event first.
    #[schema(max_items = 200)]
    pub(crate) items: Vec<DeliveryView>,
    pub(crate) links: PageLinks,
}

/// What to tell again: one event, or everything since a time.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = Replay)]
pub(crate) struct GivenReplay {
    /// The id of one event; not together with `since`.
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false, min_length = 36, max_length = 36)]
    pub(crate) event_id: Option<String>,
    /// Everything that was to be told since then.
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false, format = "date-time", max_length = 40)]
    pub(crate) since: Option<String>,
    /// Also what was delivered; false by default. Only together with `since`.
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false)]
    pub(crate) delivered: Option<bool>,
}

/// How much is told again.
#[derive(Serialize, ToSchema)]
#[schema(as = Replayed)]
pub(crate) struct ReplayedView {
    /// How many events.
    pub(crate) replayed: usize,
}
