//! Asking for suggestions, in full or one by one.

use actix_web::web::Data;
use actix_web::{HttpResponse, get, post};

use crate::app::Alongside;
use crate::domain::error::Error;
use crate::domain::suggestion::{
    Filters, Limit, PairAnswer, PairQuestion, SeenBy, SuggestionRequest,
};
use crate::http::access::{Asker, Rule};
use crate::http::answer;
use crate::http::body::Body;
use crate::http::clock::Clock;
use crate::http::extract::{Candidate, NoParameters, Params, Seeker};
use crate::http::kept::{KeptAnswers, PlainQuestion};
use crate::http::openapi::{
    ApiFailures, BodyFailures, NoSuchOrganisation, NotSuggestible, RuleBroken, StorageFailures,
};
use crate::http::operation::Operation;
use crate::http::problem::Problem;
use crate::http::question::Question;
use crate::http::suggestion_parameters::{
    CandidateParameters, ComparisonParameters, SuggestionParameters,
};
use crate::http::views::comparison::ComparisonView;
use crate::http::views::suggestion::{PairView, SuggestionsView};

/// A body of one's own weights and filters.
const MAKE_SUGGESTIONS: &str = r#"{
    "weights": {"core_system": 3, "geography": 1, "culture": 1},
    "filters": {"careSettings": ["acute"], "withinKm": 150},
    "limit": 1,
    "asOf": "2026-11-22",
    "draws": 2000
}"#;

/// What is said of the operations of this file.
pub(crate) const OPERATIONS: &[Operation] = &[
    Operation::new("list_suggestions", Rule::OwnOrStaff)
        .answers(include_str!("examples/list_suggestions.json")),
    Operation::new("make_suggestions", Rule::OwnOrStaff)
        .takes(MAKE_SUGGESTIONS)
        .answers(include_str!("examples/make_suggestions.json")),
    Operation::new("show_suggestion", Rule::OwnOrStaff)
        .answers(include_str!("examples/show_suggestion.json")),
    Operation::new("compare_candidates", Rule::OwnOrStaff)
        .answers(include_str!("examples/compare_candidates.json")),
];

/// A rough size of one suggestion with its explanation, in bytes.
const SUGGESTION_BYTES: usize = 4 * 1024;

/// Suggest partners
///
/// Suggests partner organisations under the weights that the site saved, else the programme's, best first, each with its scores, its reasons and what is
/// not known of it. Every number is a range: a missing fact opens the range instead of lowering the score. The weights that a site saved
/// are its own: staff see both sides of every pair under those of the programmes.
#[utoipa::path(
    tag = "suggestions",
    params(Seeker, SuggestionParameters),
    responses(
        (status = 200, description = "The suggestions.", body = SuggestionsView),
        ApiFailures, NoSuchOrganisation, NotSuggestible, RuleBroken, StorageFailures
    )
)]
#[get("/organisations/{odsCode}/suggestions")]
pub(crate) async fn list_suggestions(
    asker: Asker,
    seeker: Seeker,
    parameters: Params<SuggestionParameters>,
    alongside: Data<Alongside>,
    kept: Data<KeptAnswers>,
    clock: Data<Clock>,
) -> Result<HttpResponse, Problem> {
    let request = SuggestionRequest {
        seeker: seeker.0,
        seen_by: SeenBy::of(asker.0.role, seeker.0),
        weights: None,
        filters: Filters::default(),
        limit: parameters.0.limit.unwrap_or(Limit::DEFAULT),
        as_of: parameters.0.as_of.unwrap_or_else(|| clock.today()),
        firmness: parameters.0.drawn.request(alongside.default_draws()),
        spread_load: parameters.0.spread_load,
    };
    suggest(&alongside, &kept, &clock, &request).await
}

/// Suggest partners as asked
///
/// Suggests partner organisations under weights and filters of the request's own. Every field is optional: `{}` asks for
/// the same as the GET. Weights count by their ratio, and a criterion that is left out counts nothing; they change the
/// seeker's side only. Nothing is stored. The weights that a site saved
/// are its own: staff see both sides of every pair under those of the programmes.
#[utoipa::path(
    tag = "suggestions",
    params(Seeker),
    request_body(content = Question, description = "What to weigh, whom to show, how many and of when.", content_type = "application/json"),
    responses(
        (status = 200, description = "The suggestions.", body = SuggestionsView),
        ApiFailures, NoSuchOrganisation, NotSuggestible, BodyFailures, RuleBroken, StorageFailures
    )
)]
#[post("/organisations/{odsCode}/suggestions")]
pub(crate) async fn make_suggestions(
    asker: Asker,
    seeker: Seeker,
    _none: Params<NoParameters>,
    question: Body<Question>,
    alongside: Data<Alongside>,
    kept: Data<KeptAnswers>,
    clock: Data<Clock>,
) -> Result<HttpResponse, Problem> {
    let seen_by = SeenBy::of(asker.0.role, seeker.0);
    let request = question.0.into_request(
        (seeker.0, seen_by),
        clock.today(),
        alongside.default_draws(),
    )?;
    suggest(&alongside, &kept, &clock, &request).await
}

async fn suggest(
    alongside: &Alongside,
    kept: &KeptAnswers,
    clock: &Clock,
    request: &SuggestionRequest,
) -> Result<HttpResponse, Problem> {
    let now = clock.now();
    let question = PlainQuestion::of(request, alongside.basis(request));
    if let Some(body) = question.and_then(|question| kept.get(&question, now)) {
        return Ok(answer::json_bytes(body));
    }
    let (answer, basis) = alongside.suggest_in_turn(request).await?;
    // The data may have moved on since the question was looked up, so the answer is kept for what it was made from.
    let question = PlainQuestion::of(request, basis);
    let capacity = SUGGESTION_BYTES * (answer.suggestions.len() + 1);
    let body = answer::bytes(&SuggestionsView::new(answer, now), capacity)?;
    if let Some(question) = question {
        kept.keep(question, &body);
    }
    Ok(answer::json_bytes(body))
}

/// Explain one candidate
///
/// Explains how one candidate suits the seeker, under the weights that the seeker saved, else the programme's, whatever its
/// place in the list. The weights that a site saved
/// are its own: staff see both sides of every pair under those of the programmes.
#[utoipa::path(
    tag = "suggestions",
    params(Seeker, Candidate, CandidateParameters),
    responses(
        (status = 200, description = "The candidate with its explanation.", body = PairView),
        ApiFailures, NoSuchOrganisation, NotSuggestible, RuleBroken, StorageFailures
    )
)]
#[get("/organisations/{odsCode}/suggestions/{candidate}")]
pub(crate) async fn show_suggestion(
    asker: Asker,
    seeker: Seeker,
    candidate: Candidate,
    parameters: Params<CandidateParameters>,
    alongside: Data<Alongside>,
    clock: Data<Clock>,
) -> Result<HttpResponse, Problem> {
    let question = PairQuestion {
        seeker: seeker.0,
        seen_by: SeenBy::of(asker.0.role, seeker.0),
        as_of: parameters.0.as_of.unwrap_or_else(|| clock.today()),
        firmness: parameters.0.drawn.request(alongside.default_draws()),
        spread_load: parameters.0.spread_load,
    };
    let answer = alongside.pair_in_turn(question, candidate.0).await?;
    let view = PairView::new(answer, clock.now()).ok_or_else(|| {
        Error::Internal("explaining a pair", "the answer has no candidate".into())
    })?;
    answer::json(&view, 2 * SUGGESTION_BYTES)
}

/// Compare candidates
///
/// Shows one to five candidates side by side: each in full, and a matrix by criterion. The weights that a site saved
/// are its own: staff see both sides of every pair under those of the programmes.
#[utoipa::path(
    tag = "suggestions",
    params(Seeker, ComparisonParameters),
    responses(
        (status = 200, description = "The candidates side by side.", body = ComparisonView),
        ApiFailures, NoSuchOrganisation, NotSuggestible, RuleBroken, StorageFailures
    )
)]
#[get("/organisations/{odsCode}/comparison")]
pub(crate) async fn compare_candidates(
    asker: Asker,
    seeker: Seeker,
    parameters: Params<ComparisonParameters>,
    alongside: Data<Alongside>,
    clock: Data<Clock>,
) -> Result<HttpResponse, Problem> {
    let ComparisonParameters {
        with,
        as_of,
        drawn,
        spread_load,
    } = parameters.0;
    let question = PairQuestion {
        seeker: seeker.0,
        seen_by: SeenBy::of(asker.0.role, seeker.0),
        as_of: as_of.unwrap_or_else(|| clock.today()),
        firmness: drawn.request(alongside.default_draws()),
        spread_load,
    };
    let capacity = 2 * SUGGESTION_BYTES * (with.len() + 1);
    let answer: PairAnswer = alongside.compare_in_turn(question, with).await?;
    answer::json(&ComparisonView::new(answer, clock.now()), capacity)
}
