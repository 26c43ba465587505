//! What became of the deliveries of a webhook, and telling again.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, get, post};
use serde_json::json;
use utoipa::IntoParams;
use utoipa::openapi::path::{Parameter, ParameterIn};
use utoipa::openapi::schema::{ObjectBuilder, Type};

use crate::app::Alongside;
use crate::domain::error::{Error, Result as DomainResult};
use crate::domain::webhook::DeliveryState;
use crate::http::access::{Asker, Rule};
use crate::http::answer;
use crate::http::audit_parameters::time;
use crate::http::body::Body;
use crate::http::changing::Changing;
use crate::http::extract::{Fault, NoParameters, Parameters, Params, Query};
use crate::http::openapi::{ApiFailures, BodyFailures, NoSuchThing, RuleBroken, StorageFailures};
use crate::http::operation::Operation;
use crate::http::pagination::{self, Page, cut, page_parameters};
use crate::http::parameters::in_query;
use crate::http::path::Id;
use crate::http::problem::Problem;
use crate::http::views::webhooks::{DeliveryPageView, DeliveryView, GivenReplay, ReplayedView};
use crate::http::webhooks::owner;
use crate::random::is_id;
use crate::storage::deliveries::{self, Again};
use crate::storage::{Outcome, Touches};

/// What is said of the operations of this file.
pub(crate) const OPERATIONS: &[Operation] = &[
    Operation::new("list_deliveries", Rule::SiteOrAdmin)
        .answers(include_str!("examples/list_deliveries.json")),
    Operation::new("replay_deliveries", Rule::SiteOrAdmin)
        .takes(r#"{"since": "2026-11-20T00:00:00Z"}"#)
        .answers(r#"{"replayed": 0}"#),
];

/// A rough size of one delivery, in bytes.
const DELIVERY_BYTES: usize = 400;

/// Which deliveries to list.
pub(crate) struct DeliveryParameters {
    state: Option<DeliveryState>,
    page: Page<i64>,
}

impl Parameters for DeliveryParameters {
    fn read(query: &mut Query) -> Self {
        let state = query.take("state", |text| {
            text.parse()
                .map_err(|fault: crate::domain::ids::MalformedId| {
                    Fault::Unreadable(fault.to_string())
                })
        });
        let page = Page::read(query, &state);
        Self { state, page }
    }
}

impl IntoParams for DeliveryParameters {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let names = DeliveryState::ALL.iter().map(|state| state.as_str());
        let schema = ObjectBuilder::new()
            .schema_type(Type::String)
            .enum_values(Some(names));
        let mut parameters = vec![in_query(
            "state",
            "Only those of which this has become.",
            schema,
            json!("failed"),
        )];
        let path = "/api/v1/webhooks/00000000-0000-4000-8000-000000000001/deliveries";
        let question = None::<DeliveryState>;
        parameters.extend(page_parameters(50, (path, &question), &42));
        parameters
    }
}

/// List deliveries
///
/// Lists what became of the events of a webhook, the newest event first, a page at a time: how often each was tried, what the
/// receiver answered, and when it is tried next. Kept for 90 days.
#[utoipa::path(
    tag = "events",
    params(Id, DeliveryParameters),
    responses(
        (status = 200, description = "A page of deliveries.", body = DeliveryPageView,
         headers(("Link" = String, description = "The first and the next page (RFC 8288)."))),
        ApiFailures, NoSuchThing, RuleBroken, StorageFailures
    )
)]
#[get("/webhooks/{id}/deliveries")]
pub(crate) async fn list_deliveries(
    request: HttpRequest,
    id: Id,
    parameters: Params<DeliveryParameters>,
    asker: Asker,
    alongside: Data<Alongside>,
) -> Result<HttpResponse, Problem> {
    let DeliveryParameters { state, page } = parameters.0;
    let (owner, before, limit) = (owner(asker.0.role), page.after, page.limit);
    let mut found = alongside
        .storage()
        .read(move |connection| {
            deliveries::page(connection, (owner, &id.0), state, before, limit + 1)
        })
        .await?;
    let last = cut(&mut found, limit).map(|(place, _)| *place);
    let links = page.links(&request, last);
    let header = links.header();
    let items: Vec<_> = found
        .into_iter()
        .map(|(_, delivery)| DeliveryView::from(delivery))
        .collect();
    let capacity = DELIVERY_BYTES * (items.len() + 1);
    pagination::answer(&DeliveryPageView { items, links }, &header, capacity)
}

impl GivenReplay {
    fn check(self) -> DomainResult<Again> {
        match (self.event_id, self.since, self.delivered) {
            (Some(id), None, None) if is_id(&id) => Ok(Again::Event(id.to_ascii_lowercase())),
            (Some(_), None, None) => Err(Error::invalid("/eventId", "is not an id: a UUID")),
            (None, Some(since), delivered) => {
                let since =
                    time(since.trim()).map_err(|fault| Error::invalid("/since", fault.words()))?;
                Ok(if delivered.unwrap_or(false) {
                    Again::AllSince(since)
                } else {
                    Again::NotDeliveredSince(since)
                })
            }
            (Some(_), Some(_), _) => Err(Error::invalid(
                "/since",
                "does not go together with eventId",
            )),
            (Some(_), None, Some(_)) => Err(Error::invalid(
                "/delivered",
                "does not go together with eventId",
            )),
            (None, None, _) => Err(Error::invalid("/since", "is missing; give it or eventId")),
        }
    }
}

/// Replay deliveries
///
/// Tells one event again, or everything since a time that was not delivered, or all of it. Each event keeps its id, by which the
/// receiver knows it again.
#[utoipa::path(
    tag = "events",
    params(Id),
    request_body = GivenReplay,
    responses(
        (status = 200, description = "How many events are told again.", body = ReplayedView),
        ApiFailures, BodyFailures, NoSuchThing, RuleBroken, StorageFailures
    )
)]
#[post("/webhooks/{id}/replay")]
pub(crate) async fn replay_deliveries(
    id: Id,
    _none: Params<NoParameters>,
    body: Body<GivenReplay>,
    changing: Changing,
    alongside: Data<Alongside>,
) -> Result<HttpResponse, Problem> {
    let again = body.0.check()?;
    let (owner, at) = (owner(changing.caller.role), changing.at);
    let change = changing.change("replay_deliveries", Touches::Nothing);
    let replayed = alongside
        .write_outcome(change, move |connection| {
            let n = deliveries::replay(connection, (owner, &id.0), &again, at)?;
            Ok(if n == 0 {
                Outcome::Unchanged(n)
            } else {
                Outcome::Changed(n)
            })
        })
        .await?;
    answer::json(&ReplayedView { replayed }, 32)
}
