//! A site's own events as a list.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, get};
use serde_json::json;
use utoipa::IntoParams;
use utoipa::openapi::path::{Parameter, ParameterIn};
use utoipa::openapi::schema::{ObjectBuilder, Type};

use crate::app::Alongside;
use crate::app::cloud_event::cloud_event;
use crate::http::access::{Asker, Rule};
use crate::http::extract::{Fault, Parameters, Params, Query};
use crate::http::openapi::{ApiFailures, RuleBroken, StorageFailures};
use crate::http::operation::Operation;
use crate::http::pagination::{self, Page, cut, page_parameters};
use crate::http::parameters::{in_query, whole};
use crate::http::problem::Problem;
use crate::http::views::events::{CloudEventView, EventPageView};
use crate::http::webhooks::{Outbound, owner};
use crate::storage::events;

/// What is said of the operations of this file.
pub(crate) const OPERATIONS: &[Operation] = &[Operation::new("list_events", Rule::Site)
    .answers(r#"{"items": [], "links": {"first": "/api/v1/events", "next": null}}"#)];

/// A rough size of one event, in bytes.
pub(crate) const EVENT_BYTES: usize = 400;

/// The largest number of an event: every number up to it is one in JSON too.
const MAX_NUMBER: i64 = (1 << 53) - 1;

/// Takes `after`: the number of the last event that is known.
pub(crate) fn after(query: &mut Query) -> Option<i64> {
    query.take("after", |text| match whole(text)? {
        number @ 0..=MAX_NUMBER => Ok(number),
        _ => Err(Fault::Rule(format!(
            "is a whole number from 0 to {MAX_NUMBER}"
        ))),
    })
}

/// Describes `after`.
pub(crate) fn after_in_query() -> Parameter {
    let schema = ObjectBuilder::new()
        .schema_type(Type::Integer)
        .minimum(Some(0))
        .maximum(Some(MAX_NUMBER));
    in_query(
        "after",
        "Only events after this `sequence`.",
        schema,
        json!(42),
    )
}

/// Which events to list.
pub(crate) struct EventParameters {
    after: Option<i64>,
    page: Page<i64>,
}

impl Parameters for EventParameters {
    fn read(query: &mut Query) -> Self {
        let after = after(query);
        let page = Page::read(query, &after);
        Self { after, page }
    }
}

impl IntoParams for EventParameters {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let mut parameters = vec![after_in_query()];
        let question = None::<i64>;
        parameters.extend(page_parameters(50, ("/api/v1/events", &question), &42));
        parameters
    }
}

/// List events
///
/// Lists what happened that concerns the caller's site, the oldest first, a page at a time: each as a `CloudEvent` 1.0, as webhooks
/// get it. An event is kept for 90 days. To ask again later, remember the `sequence` of the last event.
#[utoipa::path(
    tag = "events",
    params(EventParameters),
    responses(
        (status = 200, description = "A page of events.", body = EventPageView,
         headers(("Link" = String, description = "The first and the next page (RFC 8288)."))),
        ApiFailures, RuleBroken, StorageFailures
    )
)]
#[get("/events")]
pub(crate) async fn list_events(
    request: HttpRequest,
    parameters: Params<EventParameters>,
    asker: Asker,
    outbound: Data<Outbound>,
    alongside: Data<Alongside>,
) -> Result<HttpResponse, Problem> {
    let EventParameters { after, page } = parameters.0;
    let recipient = owner(asker.0.role);
    let from = page.after.or(after).unwrap_or(0);
    let most = i64::try_from(page.limit + 1).unwrap_or(i64::MAX);
    let mut found = alongside
        .storage()
        .read(move |connection| events::after(connection, recipient, from, most))
        .await?;
    let last = cut(&mut found, page.limit).map(|event| event.sequence);
    let links = page.links(&request, last);
    let header = links.header();
    let items: Vec<_> = found
        .iter()
        .map(|event| CloudEventView(cloud_event(event, &outbound.source)))
        .collect();
    let capacity = EVENT_BYTES * (items.len() + 1);
    pagination::answer(&EventPageView { items, links }, &header, capacity)
}
