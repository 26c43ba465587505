//! What would flip the order of two candidates.

use actix_web::web::Data;
use actix_web::{HttpResponse, get};
use chrono::NaiveDate;
use serde_json::json;
use utoipa::IntoParams;
use utoipa::openapi::Required;
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn, ParameterStyle};
use utoipa::openapi::schema::ArrayBuilder;

use crate::app::Alongside;
use crate::domain::ids::OdsCode;
use crate::domain::suggestion::{PairQuestion, SeenBy};
use crate::http::access::{Asker, Rule};
use crate::http::answer;
use crate::http::clock::Clock;
use crate::http::extract::{Fault, Parameters, Params, Query, Seeker};
use crate::http::openapi::{
    ApiFailures, NoSuchOrganisation, NotSuggestible, RuleBroken, StorageFailures,
};
use crate::http::operation::Operation;
use crate::http::parameters::{AS_OF_WORDS, as_of, as_of_schema, code_schema, in_query};
use crate::http::problem::Problem;
use crate::http::suggestion_parameters::{compared, spread_load, spread_load_in_query};
use crate::http::views::flips::FlipsView;

/// What is said of the operations of this file.
pub(crate) const OPERATIONS: &[Operation] = &[Operation::new("show_flips", Rule::OwnOrStaff)
    .answers(include_str!("examples/show_flips.json"))];

/// A rough size of the answer, in bytes.
const FLIPS_BYTES: usize = 4 * 1024;

/// What the question takes.
pub(crate) struct FlipParameters {
    between: Option<(OdsCode, OdsCode)>,
    as_of: Option<NaiveDate>,
    spread_load: Option<bool>,
}

impl Parameters for FlipParameters {
    fn read(query: &mut Query) -> Self {
        let between = query.take("between", two);
        if between.is_none() {
            query.missing("between");
        }
        Self {
            between,
            as_of: query.take("asOf", as_of),
            spread_load: spread_load(query),
        }
    }
}

/// Reads two different codes.
fn two(text: &str) -> Result<(OdsCode, OdsCode), Fault> {
    match *compared(text)? {
        [one, other] => Ok((one, other)),
        _ => Err(Fault::Rule("names two organisations".into())),
    }
}

impl IntoParams for FlipParameters {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let codes = ArrayBuilder::new()
            .items(code_schema())
            .min_items(Some(2))
            .max_items(Some(2))
            .unique_items(true);
        let between = ParameterBuilder::new()
            .name("between")
            .parameter_in(ParameterIn::Query)
            .required(Required::True)
            .style(Some(ParameterStyle::Form))
            .explode(Some(false))
            .description(Some(
                "The ODS codes of the two candidates, with a comma between.",
            ))
            .schema(Some(codes))
            .example(Some(json!(["RHW", "RJ7"])))
            .build();
        vec![
            between,
            in_query("asOf", AS_OF_WORDS, as_of_schema(), json!("2026-11-22")),
            spread_load_in_query(),
        ]
    }
}

/// Show what would flip two candidates
///
/// Shows by how much a single weight would have to change, the others in their proportions, for the second of two candidates to
/// pass the first; the smallest change first, in numbers and in words. `never` names the criteria whose weight flips them in no
/// way. The order is that of the list, by mutual fit, under the weights that the seeker saved, else the programme's; the other
/// sides' weights stay. The weights that a site saved are its own: staff see both sides of every pair under those of the programmes.
#[utoipa::path(
    tag = "suggestions",
    params(Seeker, FlipParameters),
    responses(
        (status = 200, description = "What would flip the two.", body = FlipsView),
        ApiFailures, NoSuchOrganisation, NotSuggestible, RuleBroken, StorageFailures
    )
)]
#[get("/organisations/{odsCode}/flips")]
pub(crate) async fn show_flips(
    asker: Asker,
    seeker: Seeker,
    parameters: Params<FlipParameters>,
    alongside: Data<Alongside>,
    clock: Data<Clock>,
) -> Result<HttpResponse, Problem> {
    let FlipParameters {
        between,
        as_of,
        spread_load,
    } = parameters.0;
    let Some(between) = between else {
        return Err(Problem::unreadable("/query/between", "is missing"));
    };
    let seen_by = SeenBy::of(asker.0.role, seeker.0);
    let as_of = as_of.unwrap_or_else(|| clock.today());
    let question = PairQuestion {
        spread_load,
        ..PairQuestion::plain(seeker.0, seen_by, as_of)
    };
    let flips = alongside.flips(question, between).await?;
    answer::json(&FlipsView::from(flips), FLIPS_BYTES)
}
