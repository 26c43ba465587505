//! Standings: the top tens of all sites, kept to say later what stayed of them and why the rest did not.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, delete, get, post};
use chrono::NaiveDate;
use serde::Deserialize;
use serde_json::json;
use utoipa::openapi::path::{Parameter, ParameterIn};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::{IntoParams, ToSchema};

use crate::app::Alongside;
use crate::app::standings::{self as app, With};
use crate::domain::error::Error;
use crate::domain::standing::MAX_SITES;
use crate::http::access::Rule;
use crate::http::answer;
use crate::http::body::Body;
use crate::http::changing::{Changing, IdempotencyKey, created, kept, made_once};
use crate::http::clock::Clock;
use crate::http::conditional::IfMatch;
use crate::http::extract::{Fault, NoParameters, Parameters, Params, Query};
use crate::http::fields::Faults;
use crate::http::openapi::{
    ApiFailures, BodyFailures, Clash, ConditionFailures, NoSuchThing, NotModified, RuleBroken,
    StorageFailures,
};
use crate::http::operation::Operation;
use crate::http::parameters::{
    AS_OF_WORDS, as_of, as_of_schema, in_query, limit_in_query, limit_schema, whole,
};
use crate::http::path::Id;
use crate::http::problem::Problem;
use crate::http::views::standings::{StabilityView, StandingView, StandingsView};
use crate::random::{Random, is_id};
use crate::storage::{Touches, standings};

/// What is said of the operations of this file.
pub(crate) const OPERATIONS: &[Operation] = &[
    Operation::new("list_standings", Rule::Staff)
        .answers(include_str!("examples/list_standings.json")),
    Operation::new("keep_standing", Rule::Admin)
        .takes(r#"{"asOf": "2026-11-22"}"#)
        .answers(include_str!("examples/keep_standing.json")),
    Operation::new("show_standing", Rule::Staff)
        .answers(include_str!("examples/show_standing.json")),
    Operation::new("remove_standing", Rule::Admin),
    Operation::new("show_stability", Rule::Staff)
        .answers(include_str!("examples/show_stability.json")),
];

/// Where the standings are.
const PATH: &str = "/api/v1/admin/standings";

/// A rough size of one standing in an answer, in bytes.
const STANDING_BYTES: usize = 256;

/// A rough size of one site in a comparison, in bytes.
const SITE_BYTES: usize = 2048;

/// How many sites a comparison lists unless told otherwise.
const DEFAULT_SITES: usize = 50;

/// Of which day.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = KeepStanding)]
pub(crate) struct GivenStanding {
    /// The day on which ages are counted; today in UTC where it is null or left out.
    #[schema(max_length = 10, pattern = "^[0-9]{4}-[0-9]{2}-[0-9]{2}$")]
    as_of: Option<String>,
}

/// List the standings
///
/// Lists the standings that are kept, at most twenty, the newest first.
#[utoipa::path(
    tag = "matches",
    responses(
        (status = 200, description = "The standings.", body = StandingsView),
        ApiFailures, StorageFailures
    )
)]
#[get("/admin/standings")]
pub(crate) async fn list_standings(
    _none: Params<NoParameters>,
    alongside: Data<Alongside>,
) -> Result<HttpResponse, Problem> {
    let found = alongside.storage().read(standings::all).await?;
    let items: Vec<StandingView> = found.into_iter().map(Into::into).collect();
    let capacity = STANDING_BYTES * (items.len() + 1);
    answer::json(&StandingsView { items }, capacity)
}

/// Keep a standing
///
/// Keeps the top ten of every site as it is, with the scores of both sides, to compare with later. It is of what programme staff
/// see: the programmes' weights on every side and no exclusions. At most twenty are kept; the one that is needed least has to be
/// removed first. Approaches and partnerships are not touched by it.
#[utoipa::path(
    tag = "matches",
    params(IdempotencyKey),
    request_body = GivenStanding,
    responses(
        (status = 201, description = "The standing.", body = StandingView),
        ApiFailures, BodyFailures, Clash, RuleBroken, StorageFailures
    )
)]
#[post("/admin/standings")]
pub(crate) async fn keep_standing(
    _none: Params<NoParameters>,
    key: IdempotencyKey,
    body: Body<GivenStanding>,
    changing: Changing,
    random: Data<Random>,
    alongside: Data<Alongside>,
) -> Result<HttpResponse, Problem> {
    let claim = key.claim(&changing, &body.1);
    let mut faults = Faults::default();
    let given = body.0.as_of.as_deref().map(str::trim);
    let day = given.and_then(|day| faults.keep("/asOf", as_of(day)));
    faults.finish()?;
    let day = day.unwrap_or_else(|| changing.at.date_naive());
    let mark = (random.id()?, changing.at, changing.caller.id.to_string());
    let change = changing.change("keep_standing", Touches::Nothing);
    let (made, is_new) = made_once(&alongside, change, claim, move |connection| {
        let id = mark.0.clone();
        let head = app::keep(connection, mark, day)?;
        kept(&id, &StandingView::from(head))
    })
    .await?;
    let location = format!("{PATH}/{}", made.id);
    Ok(created(made, &location, is_new))
}

/// Show a standing
///
/// Shows of which revision, method and day a standing is, and who kept it when.
#[utoipa::path(
    tag = "matches",
    params(Id),
    responses(
        (status = 200, description = "The standing.", body = StandingView),
        NotModified, ApiFailures, NoSuchThing, StorageFailures
    )
)]
#[get("/admin/standings/{id}")]
pub(crate) async fn show_standing(
    request: HttpRequest,
    id: Id,
    _none: Params<NoParameters>,
    alongside: Data<Alongside>,
) -> Result<HttpResponse, Problem> {
    let read = move |connection: &mut _| standings::head(connection, &id.0);
    let head = alongside.storage().read(read).await?;
    let view = StandingView::from(head);
    answer::versioned(&request, &view, standings::VERSION, STANDING_BYTES)
}

/// Remove a standing
///
/// Removes a standing with its lists. That it was there stays in the audit.
#[utoipa::path(
    tag = "matches",
    params(Id, IfMatch),
    responses(
        (status = 204, description = "The standing is removed."),
        ApiFailures, ConditionFailures, NoSuchThing, StorageFailures
    )
)]
#[delete("/admin/standings/{id}")]
pub(crate) async fn remove_standing(
    id: Id,
    _none: Params<NoParameters>,
    expected: IfMatch,
    changing: Changing,
    alongside: Data<Alongside>,
) -> Result<HttpResponse, Problem> {
    let change = changing.change("remove_standing", Touches::Nothing);
    alongside
        .write(change, move |connection| {
            app::remove(connection, &id.0, &expected.0)
        })
        .await?;
    Ok(HttpResponse::NoContent().finish())
}

/// With what a standing is compared, and how much of it to tell.
pub(crate) struct StabilityParameters {
    to: Option<String>,
    as_of: Option<NaiveDate>,
    limit: usize,
}

/// Reads the id of a standing; `None` for the present.
fn to(text: &str) -> Result<Option<String>, Fault> {
    match text {
        "now" => Ok(None),
        id if is_id(id) => Ok(Some(id.to_ascii_lowercase())),
        _ => Err(Fault::Unreadable(
            "is neither `now` nor the id of a standing: a UUID".into(),
        )),
    }
}

/// Reads how many sites to list.
fn n_sites(text: &str) -> Result<usize, Fault> {
    let rule = || Fault::Rule(format!("is a whole number from 1 to {MAX_SITES}"));
    let number = usize::try_from(whole(text)?).ok();
    number
        .filter(|number| (1..=MAX_SITES).contains(number))
        .ok_or_else(rule)
}

impl Parameters for StabilityParameters {
    fn read(query: &mut Query) -> Self {
        Self {
            to: query.take("to", to).flatten(),
            as_of: query.take("asOf", as_of),
            limit: query.take("limit", n_sites).unwrap_or(DEFAULT_SITES),
        }
    }
}

impl IntoParams for StabilityParameters {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let other = ObjectBuilder::new()
            .schema_type(Type::String)
            .max_length(Some(36))
            .pattern(Some(
                "^(now|[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12})$",
            ));
        let words = "With what to compare: the id of a standing that was kept later, or `now`, which is the default.";
        vec![
            in_query("to", words, other, json!("now")),
            in_query("asOf", AS_OF_WORDS, as_of_schema(), json!("2026-11-22")),
            limit_in_query(
                "How many of the sites whose list changed to give, the most changed first.",
                limit_schema(MAX_SITES, DEFAULT_SITES),
                json!(1),
            ),
        ]
    }
}

/// Compare a standing
///
/// Shows how many of each site's top ten are still in it, in a later standing or at present, and why those left that did: closed
/// or merged, a partner now, no longer suggested, another method, other weights, a lower fit (with the criterion that took most
/// from it), or others that rose. A standing that was kept while another was remembers where those went who stood in its top tens.
/// Of a region with fewer than five sites no numbers are shown.
#[utoipa::path(
    tag = "matches",
    params(Id, StabilityParameters),
    responses(
        (status = 200, description = "What stayed and what left.", body = StabilityView),
        ApiFailures, Clash, NoSuchThing, RuleBroken, StorageFailures
    )
)]
#[get("/admin/standings/{id}/stability")]
pub(crate) async fn show_stability(
    id: Id,
    parameters: Params<StabilityParameters>,
    clock: Data<Clock>,
    alongside: Data<Alongside>,
) -> Result<HttpResponse, Problem> {
    let StabilityParameters { to, as_of, limit } = parameters.0;
    let with = match to {
        Some(_) if as_of.is_some() => {
            let words = "goes with the present alone: a kept standing is of its own day";
            return Err(Error::invalid("/query/asOf", words).into());
        }
        Some(other) => With::Kept(other),
        None => With::Now(as_of.unwrap_or_else(|| clock.today())),
    };
    let (found, names) = alongside.stability(id.0, with, limit).await?;
    let capacity = SITE_BYTES * (found.sites.len() + 2);
    answer::json(&StabilityView::new(found, &names), capacity)
}
