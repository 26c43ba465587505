//! Where historical partners stand in each other's lists, for staff: in numbers, and as a picture.

use actix_web::http::header::{CONTENT_TYPE, HeaderValue};
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, get, post};
use chrono::NaiveDate;
use serde::Deserialize;
use serde_json::json;
use utoipa::openapi::path::{Parameter, ParameterIn};
use utoipa::openapi::schema::ArrayBuilder;
use utoipa::openapi::{RefOr, Schema};
use utoipa::{IntoParams, PartialSchema, ToSchema};

use crate::app::Alongside;
use crate::app::evaluation::pairs;
use crate::domain::error::Error;
use crate::domain::evaluation::{EvaluationRequest, HistoricalPair, MAX_PAIRS};
use crate::domain::ids::OdsCode;
use crate::domain::link::LinkKind;
use crate::http::accept::takes;
use crate::http::access::Rule;
use crate::http::answer::{self, Tagged};
use crate::http::body::{Body, Object, given};
use crate::http::clock::Clock;
use crate::http::extract::{Fault, NoParameters, Parameters, Params, Query};
use crate::http::fields::Faults;
use crate::http::openapi::{
    API_PREFIX, ApiFailures, BodyFailures, Clash, NotModified, RuleBroken, StorageFailures,
};
use crate::http::operation::Operation;
use crate::http::parameters::{AS_OF_WORDS, as_of, as_of_schema, code_schema, in_query};
use crate::http::peer_groups::{SVG, Svg};
use crate::http::problem::{Kind, Problem};
use crate::http::question::{GivenWeights, closed, weights_schema, whole_seed};
use crate::http::suggestion_parameters::{seed, seed_schema};
use crate::http::views::evaluation::EvaluationView;
use crate::http::views::evaluation_picture::picture;
use crate::http::views::text::LinkKindName;

/// What is said of the operations of this file.
pub(crate) const OPERATIONS: &[Operation] = &[
    Operation::new("make_evaluation", Rule::Staff)
        .takes(MAKE_EVALUATION)
        .answers(include_str!("examples/make_evaluation.json")),
    Operation::new("show_evaluation_picture", Rule::Staff).answers(
        r#""<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 760 364\" role=\"img\"></svg>\n""#,
    ),
];

/// The seed of the intervals unless another is given.
const DEFAULT_SEED: u64 = 1;

/// Two pairs of the Global Digital Exemplar programme.
const MAKE_EVALUATION: &str = r#"{
    "pairs": [{"site": "RTD", "partner": "RR7"}, {"site": "RBA", "partner": "RLQ"}],
    "excludeKinds": ["programme_pairing"],
    "asOf": "2026-11-22"
}"#;

/// A rough size of one pair with its two cases, in bytes.
const PAIR_BYTES: usize = 1_200;

/// Where the picture is, below the prefix.
const PICTURE: &str = "/admin/evaluations/picture";

/// Whether a path is that of the picture, which is no JSON.
pub(crate) fn is_picture(path: &str) -> bool {
    path.strip_prefix(API_PREFIX) == Some(PICTURE)
}

/// What to evaluate.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(crate) struct EvaluationQuestion {
    #[serde(deserialize_with = "given")]
    pairs: Option<Vec<Object<GivenPair>>>,
    exclude_kinds: Vec<String>,
    #[serde(deserialize_with = "given")]
    weights: Option<GivenWeights>,
    #[serde(deserialize_with = "given")]
    as_of: Option<String>,
    #[serde(deserialize_with = "given")]
    seed: Option<f64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
struct GivenPair {
    #[serde(deserialize_with = "given")]
    site: Option<String>,
    #[serde(deserialize_with = "given")]
    partner: Option<String>,
}

impl EvaluationQuestion {
    /// Checks every rule and makes the request.
    fn into_request(self, today: NaiveDate) -> Result<EvaluationRequest, Error> {
        let mut faults = Faults::default();
        let given = match self.pairs {
            None => Some(pairs::bundled()?),
            Some(given) if given.len() > MAX_PAIRS => {
                faults.refuse("/pairs", format!("has at most {MAX_PAIRS} pairs"));
                None
            }
            Some(given) => pairs_of(given, &mut faults),
        };
        let exclude_kinds: Vec<LinkKind> = self
            .exclude_kinds
            .iter()
            .enumerate()
            .take(LinkKind::ALL.len())
            .filter_map(|(at, kind)| faults.read(&format!("/excludeKinds/{at}"), Some(kind)))
            .collect();
        if self.exclude_kinds.len() > LinkKind::ALL.len() {
            let most = LinkKind::ALL.len();
            faults.refuse("/excludeKinds", format!("has at most {most} kinds"));
        }
        let weights = self.weights.and_then(|given| given.check(&mut faults));
        let as_of = self
            .as_of
            .and_then(|day| faults.keep("/asOf", as_of(day.trim())));
        let seed = self
            .seed
            .and_then(|number| faults.keep("/seed", whole_seed(number)));
        faults.finish()?;
        Ok(EvaluationRequest {
            pairs: given.unwrap_or_default(),
            exclude_kinds,
            weights,
            as_of: as_of.unwrap_or(today),
            seed: seed.unwrap_or(DEFAULT_SEED),
        })
    }
}

/// Reads pairs of codes, each of which has to be one; nothing else is known of a pair that is handed in, so all are confirmed.
fn pairs_of(given: Vec<Object<GivenPair>>, faults: &mut Faults) -> Option<Vec<HistoricalPair>> {
    let mut read = Vec::with_capacity(given.len());
    for (at, Object(pair)) in given.into_iter().enumerate() {
        let mut end = |name: &str, text: Option<String>| -> Option<OdsCode> {
            let pointer = format!("/pairs/{at}/{name}");
            match text {
                None => {
                    faults.refuse(pointer, "is missing");
                    None
                }
                Some(text) => faults.keep(
                    &pointer,
                    OdsCode::new(&text).map_err(|fault| Fault::Unreadable(fault.to_string())),
                ),
            }
        };
        let ends = (end("site", pair.site), end("partner", pair.partner));
        if let (Some(site), Some(partner)) = ends {
            read.push(HistoricalPair {
                ends: (site, partner),
                at: at as u64 + 1,
                is_confirmed: true,
            });
        }
    }
    Some(read)
}

impl PartialSchema for EvaluationQuestion {
    fn schema() -> RefOr<Schema> {
        let pair = closed()
            .property("site", code_schema())
            .property("partner", code_schema())
            .required("site")
            .required("partner");
        let pairs = ArrayBuilder::new()
            .items(pair)
            .max_items(Some(MAX_PAIRS))
            .description(Some(
                "Who were partners, by the codes of then or of today; the bundled pairs of the Global Digital Exemplar programme \
                 unless they are given.",
            ));
        let kinds = ArrayBuilder::new()
            .items(LinkKindName::schema())
            .max_items(Some(LinkKind::ALL.len()))
            .description(Some("Kinds of link that count for nobody."));
        closed()
            .description(Some("What to evaluate. Every field is optional."))
            .property("pairs", pairs)
            .property("excludeKinds", kinds)
            .property("weights", weights_schema())
            .property("asOf", as_of_schema().description(Some(AS_OF_WORDS)))
            .property(
                "seed",
                seed_schema().description(Some("The seed of the intervals.")),
            )
            .into()
    }
}

impl ToSchema for EvaluationQuestion {}

/// Evaluate historical pairs
///
/// Shows where historical partners stand in each other's lists, beside simpler rankings: chance, the nearest first, a shared vendor
/// first, culture alone, equal weights. Each pair is looked at from both sides, under the weights of the request or else those of
/// the seeker's programme. Links between two of a pair count for nobody, so that no pair is found by having been one. Places that
/// equals share count as what any order of them would give. The intervals are of 2,000 resamples of pairs. How pairs were chosen is
/// not what worked: the figures say how far a ranking agrees with whoever chose them. Writes nothing.
#[utoipa::path(
    tag = "matches",
    request_body(content = EvaluationQuestion, description = "The pairs, and under what to evaluate them.", content_type = "application/json"),
    responses(
        (status = 200, description = "The figures.", body = EvaluationView),
        ApiFailures, BodyFailures, Clash, RuleBroken, StorageFailures
    )
)]
#[post("/admin/evaluations")]
pub(crate) async fn make_evaluation(
    _none: Params<NoParameters>,
    question: Body<EvaluationQuestion>,
    alongside: Data<Alongside>,
    clock: Data<Clock>,
) -> Result<HttpResponse, Problem> {
    let is_bundled = question.0.pairs.is_none();
    let request = question.0.into_request(clock.today())?;
    let n_pairs = request.pairs.len();
    let found = alongside.evaluate(request).await;
    let found = found.map_err(|error| of_register(error, is_bundled))?;
    answer::json(&EvaluationView::from(found), PAIR_BYTES * (n_pairs + 2))
}

/// Where the pairs are the bundled ones, that none can be evaluated is the register's doing, not the request's.
fn of_register(error: Error, is_bundled: bool) -> Error {
    match error {
        Error::Invalid(_) if is_bundled => Error::Conflict {
            rule: "/problems/nothing-to-evaluate",
            detail: "Of the bundled pairs none is of two organisations that are recorded and active here; give your own."
                .to_owned(),
        },
        other => other,
    }
}

/// Of which day, and the seed of the intervals.
pub(crate) struct PictureParameters {
    as_of: Option<NaiveDate>,
    seed: Option<u64>,
}

impl Parameters for PictureParameters {
    fn read(query: &mut Query) -> Self {
        Self {
            as_of: query.take("asOf", as_of),
            seed: query.take("seed", seed),
        }
    }
}

impl IntoParams for PictureParameters {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        vec![
            in_query("asOf", AS_OF_WORDS, as_of_schema(), json!("2026-11-22")),
            in_query(
                "seed",
                "The seed of the intervals.",
                seed_schema(),
                json!(1),
            ),
        ]
    }
}

/// Draw the evaluation of the bundled pairs
///
/// Draws the hit rate within ten places and the mean reciprocal rank of each ranking on the bundled pairs of the Global Digital Exemplar
/// programme, with intervals; with a title and a description for those who do not see it.
#[utoipa::path(
    tag = "matches",
    params(PictureParameters),
    responses(
        (status = 200, description = "The picture.", body = Svg, content_type = "image/svg+xml"),
        NotModified, ApiFailures, Clash, RuleBroken, StorageFailures
    )
)]
#[get("/admin/evaluations/picture")]
pub(crate) async fn show_evaluation_picture(
    request: HttpRequest,
    parameters: Params<PictureParameters>,
    alongside: Data<Alongside>,
    clock: Data<Clock>,
) -> Result<HttpResponse, Problem> {
    if !takes(request.headers(), SVG) {
        let words = format!("The picture is {SVG}; Accept has to allow it.");
        return Err(Problem::new(Kind::NotAcceptable, words));
    }
    let question = EvaluationRequest {
        pairs: pairs::bundled()?,
        exclude_kinds: Vec::new(),
        weights: None,
        as_of: parameters.0.as_of.unwrap_or_else(|| clock.today()),
        seed: parameters.0.seed.unwrap_or(DEFAULT_SEED),
    };
    let found = alongside.evaluate(question).await;
    let found = found.map_err(|error| of_register(error, true))?;
    let mut response = Tagged::new(picture(&found)).answer(&request);
    if response.status().is_success() {
        response
            .headers_mut()
            .insert(CONTENT_TYPE, HeaderValue::from_static(SVG));
    }
    Ok(response)
}
