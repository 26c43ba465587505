//! How a list was made, as a file to take away and work out again.

use actix_web::http::header::{CONTENT_DISPOSITION, HeaderValue};
use actix_web::web::Data;
use actix_web::{HttpResponse, get, post};

use crate::app::Alongside;
use crate::domain::error::Error;
use crate::domain::firmness::FirmnessRequest;
use crate::domain::suggestion::{Filters, Limit, SeenBy, SuggestionRequest};
use crate::http::access::{Asker, Rule};
use crate::http::answer;
use crate::http::body::Body;
use crate::http::clock::Clock;
use crate::http::extract::{NoParameters, Params, Seeker};
use crate::http::openapi::{
    ApiFailures, BodyFailures, Clash, NoSuchOrganisation, NotSuggestible, RuleBroken,
    StorageFailures,
};
use crate::http::operation::Operation;
use crate::http::problem::Problem;
use crate::http::question::Question;
use crate::http::suggestion_parameters::CandidateParameters;
use crate::http::views::workings::WorkingsView;

/// What is said of the operations of this file.
pub(crate) const OPERATIONS: &[Operation] = &[
    Operation::new("show_workings", Rule::OwnOrStaff)
        .answers(include_str!("examples/show_workings.json")),
    Operation::new("make_workings", Rule::OwnOrStaff)
        .takes(r#"{"asOf": "2026-11-22", "draws": 2000, "seed": 1}"#)
        .answers(include_str!("examples/show_workings.json")),
];

/// A rough size of one candidate, in bytes.
const CANDIDATE_BYTES: usize = 1024;

/// Take away how a list was made
///
/// Gives a file with everything that the list of suggestions is made of: every candidate's scores, the weights, the seed, and what
/// came out. `alongside suggest --from FILE` works the list out again without any database, and says where it differs. The
/// weights of other sites are their own and not in it: what a pair is worth to the other side goes in as a number with its bounds.
/// The weights that a site saved are its own: staff see both sides of every pair under those of the programmes.
#[utoipa::path(
    tag = "suggestions",
    params(Seeker, CandidateParameters),
    responses(
        (status = 200, description = "The workings.", body = WorkingsView,
         headers(("Content-Disposition" = String, description = "A name for the file."))),
        ApiFailures, NoSuchOrganisation, NotSuggestible, Clash, RuleBroken, StorageFailures
    )
)]
#[get("/organisations/{odsCode}/suggestions/workings")]
pub(crate) async fn show_workings(
    asker: Asker,
    seeker: Seeker,
    parameters: Params<CandidateParameters>,
    alongside: Data<Alongside>,
    clock: Data<Clock>,
) -> Result<HttpResponse, Problem> {
    let parameters = parameters.0;
    let request = SuggestionRequest {
        seeker: seeker.0,
        seen_by: SeenBy::of(asker.0.role, seeker.0),
        weights: None,
        filters: Filters::default(),
        limit: Limit::DEFAULT,
        as_of: parameters.as_of.unwrap_or_else(|| clock.today()),
        firmness: parameters.drawn.request(alongside.default_draws()),
        spread_load: parameters.spread_load,
    };
    taken_away(&alongside, request).await
}

/// Take away how a list as asked was made
///
/// Gives the same file for a list under weights and filters of the request's own, with the body of the list's own operation; its
/// limit does not matter, since the file has all candidates that pass the filters. Nothing is stored.
#[utoipa::path(
    tag = "suggestions",
    params(Seeker),
    request_body(content = Question, description = "What to weigh, whom to show and of when.", content_type = "application/json"),
    responses(
        (status = 200, description = "The workings.", body = WorkingsView,
         headers(("Content-Disposition" = String, description = "A name for the file."))),
        ApiFailures, NoSuchOrganisation, NotSuggestible, BodyFailures, Clash, RuleBroken, StorageFailures
    )
)]
#[post("/organisations/{odsCode}/suggestions/workings")]
pub(crate) async fn make_workings(
    asker: Asker,
    seeker: Seeker,
    _none: Params<NoParameters>,
    question: Body<Question>,
    alongside: Data<Alongside>,
    clock: Data<Clock>,
) -> Result<HttpResponse, Problem> {
    let seen_by = SeenBy::of(asker.0.role, seeker.0);
    let request = question.0.into_request(
        (seeker.0, seen_by),
        clock.today(),
        alongside.default_draws(),
    )?;
    let plain = FirmnessRequest {
        seed: request.firmness.seed,
        ..FirmnessRequest::of(request.firmness.draws)
    };
    if request.firmness != plain {
        return Err(Error::invalid(
            "/firmness",
            "is not for workings, which draw weights around those in use and scores from triangles",
        )
        .into());
    }
    taken_away(&alongside, request).await
}

async fn taken_away(
    alongside: &Alongside,
    request: SuggestionRequest,
) -> Result<HttpResponse, Problem> {
    let seeker = request.seeker;
    let workings = alongside.workings(request).await?;
    let capacity = CANDIDATE_BYTES * (workings.answered.len() + 1);
    let mut response = answer::json(&WorkingsView::from(workings), capacity)?;
    let name = format!("attachment; filename=\"{seeker}-workings.json\"");
    if let Ok(name) = HeaderValue::from_str(&name) {
        response.headers_mut().insert(CONTENT_DISPOSITION, name);
    }
    Ok(response)
}
