//! Webhooks: addresses that are told of the caller's events.

use actix_web::http::header::{CACHE_CONTROL, HeaderValue};
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, delete, get, post, put};
use chrono::{DateTime, TimeDelta, Utc};

use crate::app::Alongside;
use crate::app::cloud_event::DEFAULT_SOURCE;
use crate::app::delivery::DeliverySettings;
use crate::app::webhooks::{address, make, test};
use crate::domain::caller::Role;
use crate::domain::destination::Destinations;
use crate::domain::error::{Error, Result as DomainResult};
use crate::domain::event::{EventKind, Recipient};
use crate::domain::webhook::{MAX_DESCRIPTION_CHARS, MAX_OVERLAP, OVERLAP, Webhook, WebhookSecret};
use crate::http::access::{Asker, Rule};
use crate::http::answer;
use crate::http::body::Body;
use crate::http::changing::{Changing, IdempotencyKey, created};
use crate::http::clock::Clock;
use crate::http::conditional::IfMatch;
use crate::http::extract::{NoParameters, Params};
use crate::http::fields::Faults;
use crate::http::openapi::{
    ApiFailures, BodyFailures, Clash, ConditionFailures, NoSuchThing, NotModified, RuleBroken,
    StorageFailures,
};
use crate::http::operation::Operation;
use crate::http::path::Id;
use crate::http::problem::Problem;
use crate::http::views::webhooks::{GivenRotation, GivenWebhook, WebhookView, WebhooksView};
use crate::random::Random;
use crate::storage::idempotency::{Created, once};
use crate::storage::webhooks::{self, Settings};
use crate::storage::{Connection, Outcome, Touches};

/// What is said of the operations of this file.
pub(crate) const OPERATIONS: &[Operation] = &[
    Operation::new("list_webhooks", Rule::SiteOrAdmin).answers(r#"{"items": []}"#),
    Operation::new("create_webhook", Rule::SiteOrAdmin)
        .takes(EXAMPLE)
        .answers(include_str!("examples/create_webhook.json")),
    Operation::new("show_webhook", Rule::SiteOrAdmin)
        .answers(include_str!("examples/show_webhook.json")),
    Operation::new("change_webhook", Rule::SiteOrAdmin)
        .takes(EXAMPLE)
        .answers(include_str!("examples/change_webhook.json")),
    Operation::new("delete_webhook", Rule::SiteOrAdmin),
    Operation::new("rotate_webhook_secret", Rule::SiteOrAdmin)
        .takes(r#"{"overlapSeconds": 86400}"#)
        .answers(include_str!("examples/rotate_webhook_secret.json")),
    Operation::new("test_webhook", Rule::SiteOrAdmin),
];

const EXAMPLE: &str = r#"{"url": "https://hooks.example.nhs.uk/alongside", "events": ["approach.received", "approach.accepted"], "description": "Patient flow dashboard"}"#;

/// A rough size of one webhook, in bytes.
const WEBHOOK_BYTES: usize = 700;

/// Where webhooks are.
const PATH: &str = "/api/v1/webhooks";

/// How events leave, as far as callers are concerned.
pub(crate) struct Outbound {
    /// Where webhooks may be.
    pub(crate) destinations: Destinations,
    /// The source of events.
    pub(crate) source: String,
}

impl Outbound {
    pub(crate) fn new(settings: &DeliverySettings) -> Self {
        Self {
            destinations: settings.destinations.clone(),
            source: settings
                .public_url
                .clone()
                .unwrap_or_else(|| DEFAULT_SOURCE.to_owned()),
        }
    }
}

/// Whose webhooks a caller has: its site's, or the programme's.
pub(crate) fn owner(role: Role) -> Recipient {
    match role {
        Role::Site(code) => Recipient::Site(code),
        Role::ProgrammeAdmin | Role::Viewer => Recipient::Admins,
    }
}

impl GivenWebhook {
    fn check(self, destinations: &Destinations) -> DomainResult<Settings> {
        let mut faults = Faults::default();
        let url = address(destinations, &self.url);
        if let Err(Error::Invalid(fields)) = &url {
            faults.0.extend(fields.iter().cloned());
        }
        let description = faults.text("/description", self.description, MAX_DESCRIPTION_CHARS);
        let mut events: Vec<EventKind> = Vec::new();
        for (at, kind) in self.events.iter().flatten().enumerate() {
            match faults.read(&format!("/events/{at}"), Some(kind)) {
                Some(kind) if events.contains(&kind) => {
                    faults.refuse(format!("/events/{at}"), "is there twice");
                }
                Some(kind) => events.push(kind),
                None => {}
            }
        }
        if self.events.is_some_and(|events| events.is_empty()) {
            faults.refuse("/events", "names at least one kind; leave it out for all");
        }
        faults.finish()?;
        Ok(Settings {
            url: url?,
            events,
            description,
            is_enabled: self.enabled.unwrap_or(true),
        })
    }
}

fn view(
    connection: &mut Connection,
    webhook: Webhook,
    at: DateTime<Utc>,
) -> DomainResult<WebhookView> {
    let secrets = webhooks::secrets(connection, &webhook.id, at)?;
    Ok(WebhookView::new(webhook, secrets))
}

/// Answers 201 with a secret, which nobody on the way is to keep.
fn secret(made: Created, is_new: bool) -> HttpResponse {
    let location = format!("{PATH}/{}", made.id);
    let mut response = created(made, &location, is_new);
    response
        .headers_mut()
        .insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// List webhooks
///
/// Lists the webhooks of the caller's site, or of the programme for its admins, the first made first.
#[utoipa::path(
    tag = "events",
    responses(
        (status = 200, description = "The webhooks.", body = WebhooksView),
        NotModified, ApiFailures, StorageFailures
    )
)]
#[get("/webhooks")]
pub(crate) async fn list_webhooks(
    request: HttpRequest,
    asker: Asker,
    _none: Params<NoParameters>,
    clock: Data<Clock>,
    alongside: Data<Alongside>,
) -> Result<HttpResponse, Problem> {
    let (owner, now) = (owner(asker.0.role), clock.now());
    let items = alongside
        .storage()
        .read(move |connection| {
            let found = webhooks::of(connection, owner)?.into_iter();
            found
                .map(|webhook| view(connection, webhook, now))
                .collect()
        })
        .await?;
    let view = WebhooksView { items };
    answer::tagged(&request, &view, WEBHOOK_BYTES * (view.items.len() + 1))
}

/// Make a webhook
///
/// Has the caller's events sent to an address from now on: each as a `CloudEvent` 1.0 in JSON, signed as Standard Webhooks say
/// (`webhook-id`, `webhook-timestamp`, `webhook-signature`), at least once, in no fixed order, and tried again for six days. The
/// secret is shown this once, in `secret`. An owner has at most ten webhooks.
#[utoipa::path(
    tag = "events",
    params(IdempotencyKey),
    request_body = GivenWebhook,
    responses(
        (status = 201, description = "The webhook, with its secret, shown this once.", body = WebhookView),
        ApiFailures, BodyFailures, Clash, RuleBroken, StorageFailures
    )
)]
#[post("/webhooks")]
pub(crate) async fn create_webhook(
    changing: Changing,
    key: IdempotencyKey,
    _none: Params<NoParameters>,
    body: Body<GivenWebhook>,
    outbound: Data<Outbound>,
    random: Data<Random>,
    alongside: Data<Alongside>,
) -> Result<HttpResponse, Problem> {
    let Body(asked, hash) = body;
    let said = asked.check(&outbound.destinations)?;
    let claim = key.claim(&changing, &hash);
    let (owner, at) = (owner(changing.caller.role), changing.at);
    let change = changing.change("create_webhook", Touches::Nothing);
    let (made, is_new) = alongside
        .write_outcome(change, move |connection| {
            let mut shown = None;
            let outcome = once(connection, claim.as_ref(), |connection| {
                let (webhook, secret) = make(connection, &random, (owner, said), at)?;
                let id = webhook.id.clone();
                let view = view(connection, webhook, at)?;
                let body = view.text()?;
                shown = Some(view.revealing(&secret).text()?);
                Ok(Created::new(id, body))
            })?;
            Ok(match (outcome, shown) {
                (Outcome::Changed(made), Some(body)) => {
                    Outcome::Changed((Created { body, ..made }, true))
                }
                (Outcome::Changed(made), None) => Outcome::Changed((made, true)),
                (Outcome::Unchanged(made), _) => Outcome::Unchanged((made, false)),
            })
        })
        .await?;
    Ok(secret(made, is_new))
}

/// Show a webhook
///
/// Shows a webhook and how it does, without its secrets.
#[utoipa::path(
    tag = "events",
    params(Id),
    responses(
        (status = 200, description = "The webhook.", body = WebhookView),
        NotModified, ApiFailures, NoSuchThing, StorageFailures
    )
)]
#[get("/webhooks/{id}")]
pub(crate) async fn show_webhook(
    request: HttpRequest,
    id: Id,
    asker: Asker,
    _none: Params<NoParameters>,
    clock: Data<Clock>,
    alongside: Data<Alongside>,
) -> Result<HttpResponse, Problem> {
    let (owner, now) = (owner(asker.0.role), clock.now());
    let (version, view) = alongside
        .storage()
        .read(move |connection| {
            let webhook = webhooks::find(connection, owner, &id.0)?;
            Ok((webhook.version, view(connection, webhook, now)?))
        })
        .await?;
    answer::versioned(&request, &view, version, WEBHOOK_BYTES)
}

/// Change a webhook
///
/// Says otherwise where events are sent, which, and whether any are. What waits while a webhook is disabled is sent once it is
/// enabled; what happens meanwhile is not.
#[utoipa::path(
    tag = "events",
    params(Id, IfMatch),
    request_body = GivenWebhook,
    responses(
        (status = 200, description = "The webhook as it is now.", body = WebhookView),
        ApiFailures, BodyFailures, ConditionFailures, NoSuchThing, RuleBroken, StorageFailures
    )
)]
#[put("/webhooks/{id}")]
#[expect(clippy::too_many_arguments, reason = "each is a part of the request")]
pub(crate) async fn change_webhook(
    request: HttpRequest,
    id: Id,
    _none: Params<NoParameters>,
    expected: IfMatch,
    body: Body<GivenWebhook>,
    changing: Changing,
    outbound: Data<Outbound>,
    alongside: Data<Alongside>,
) -> Result<HttpResponse, Problem> {
    let said = body.0.check(&outbound.destinations)?;
    let (owner, at) = (owner(changing.caller.role), changing.at);
    let change = changing.change("change_webhook", Touches::Nothing);
    let ((version, view), _) = alongside
        .write(change, move |connection| {
            let webhook = webhooks::replace(connection, (owner, &id.0), said, &expected.0)?;
            Ok((webhook.version, view(connection, webhook, at)?))
        })
        .await?;
    answer::versioned(&request, &view, version, WEBHOOK_BYTES)
}

/// Delete a webhook
///
/// Sends nothing there any more, and forgets its secrets and what became of its deliveries.
#[utoipa::path(
    tag = "events",
    params(Id, IfMatch),
    responses(
        (status = 204, description = "The webhook is deleted."),
        ApiFailures, ConditionFailures, NoSuchThing, StorageFailures
    )
)]
#[delete("/webhooks/{id}")]
pub(crate) async fn delete_webhook(
    id: Id,
    _none: Params<NoParameters>,
    expected: IfMatch,
    changing: Changing,
    alongside: Data<Alongside>,
) -> Result<HttpResponse, Problem> {
    let owner = owner(changing.caller.role);
    let change = changing.change("delete_webhook", Touches::Nothing);
    alongside
        .write(change, move |connection| {
            webhooks::remove(connection, (owner, &id.0), &expected.0)
        })
        .await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Rotate the secret of a webhook
///
/// Makes a new secret and shows it this once, in `secret`. The old one signs beside it for the overlap, so that the receiver can
/// change over without a gap: meanwhile `webhook-signature` holds a signature of each, with a space between.
#[utoipa::path(
    tag = "events",
    params(Id),
    request_body = GivenRotation,
    responses(
        (status = 201, description = "The webhook, with its new secret, shown this once.", body = WebhookView),
        ApiFailures, BodyFailures, Clash, NoSuchThing, RuleBroken, StorageFailures
    )
)]
#[post("/webhooks/{id}/secrets")]
pub(crate) async fn rotate_webhook_secret(
    id: Id,
    _none: Params<NoParameters>,
    body: Body<GivenRotation>,
    changing: Changing,
    random: Data<Random>,
    alongside: Data<Alongside>,
) -> Result<HttpResponse, Problem> {
    let overlap = match body.0.overlap_seconds {
        None => OVERLAP,
        Some(seconds) if (0..=MAX_OVERLAP.num_seconds()).contains(&seconds) => {
            TimeDelta::seconds(seconds)
        }
        Some(_) => {
            let most = MAX_OVERLAP.num_seconds();
            let words = format!("is a number of seconds from 0 to {most}");
            return Err(Error::invalid("/overlapSeconds", words).into());
        }
    };
    let (owner, at) = (owner(changing.caller.role), changing.at);
    let new = WebhookSecret::from_random(random.bytes()?);
    let change = changing.change("rotate_webhook_secret", Touches::Nothing);
    let (made, _) = alongside
        .write(change, move |connection| {
            let webhook = webhooks::rotate(connection, (owner, &id.0), &new, (at, overlap))?;
            let (id, version) = (webhook.id.clone(), webhook.version);
            let body = view(connection, webhook, at)?.revealing(&new).text()?;
            Ok(Created {
                version,
                ..Created::new(id, body)
            })
        })
        .await?;
    Ok(secret(made, true))
}

/// Test a webhook
///
/// Sends an event of the kind `test` to this webhook alone, whatever kinds it takes; its deliveries say what came of it.
#[utoipa::path(
    tag = "events",
    params(Id),
    responses(
        (status = 202, description = "The test event is on its way."),
        ApiFailures, Clash, NoSuchThing, StorageFailures
    )
)]
#[post("/webhooks/{id}/test")]
pub(crate) async fn test_webhook(
    id: Id,
    _none: Params<NoParameters>,
    changing: Changing,
    alongside: Data<Alongside>,
) -> Result<HttpResponse, Problem> {
    let (owner, at) = (owner(changing.caller.role), changing.at);
    let change = changing.change("test_webhook", Touches::Nothing);
    alongside
        .write(change, move |connection| {
            test(connection, (owner, &id.0), at)
        })
        .await?;
    Ok(HttpResponse::Accepted().finish())
}
