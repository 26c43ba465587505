//! What the choices of sites reveal, for staff.

use actix_web::web::Data;
use actix_web::{HttpResponse, get};
use chrono::NaiveDate;
use serde_json::json;
use utoipa::IntoParams;
use utoipa::openapi::path::{Parameter, ParameterIn};

use crate::app::Alongside;
use crate::app::choices::Asked;
use crate::domain::ids::Slug;
use crate::http::access::Rule;
use crate::http::answer;
use crate::http::clock::Clock;
use crate::http::extract::{Parameters, Params, Query};
use crate::http::match_parameters::{programme_parameter, slug};
use crate::http::openapi::{ApiFailures, Clash, RuleBroken, StorageFailures};
use crate::http::operation::Operation;
use crate::http::parameters::{AS_OF_WORDS, as_of, as_of_schema, in_query};
use crate::http::problem::Problem;
use crate::http::views::choice_reports::ChoiceReportView;

/// What is said of the operations of this file.
pub(crate) const OPERATIONS: &[Operation] =
    &[Operation::new("show_choices", Rule::Staff)
        .answers(include_str!("examples/show_choices.json"))];

/// A rough size of the answer, in bytes.
const REPORT_BYTES: usize = 4_096;

/// In which programme, and until when.
pub(crate) struct ChoiceParameters {
    programme: Option<Slug>,
    as_of: Option<NaiveDate>,
}

impl Parameters for ChoiceParameters {
    fn read(query: &mut Query) -> Self {
        Self {
            programme: query.take("programme", slug),
            as_of: query.take("asOf", as_of),
        }
    }
}

impl IntoParams for ChoiceParameters {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        vec![
            programme_parameter(),
            in_query("asOf", AS_OF_WORDS, as_of_schema(), json!("2026-11-22")),
        ]
    }
}

/// Show what choices reveal
///
/// Shows what speaks for a candidate when sites choose: of those in the ten places of the list that a site is given unless it asks for another,
/// which it kept on its shortlist and which it approached; and which approaches were accepted. Who stands first is taken
/// more often wherever it stands for something else, so that what the place does is estimated beside the scores (a conditional logit with
/// propensities by place) and `uncorrectedShare` shows what leaving it out would come to.
///
/// What sites choose is not what works: nothing of this becomes a weight, and models are learnt from outcomes alone. A part is null until there
/// are 50 choices that count, by ten sites or more and at most five of each, and more are added in such steps; of shortlists, which are
/// private, the shares alone are told, and all figures are coarse. Choices of today are told of tomorrow. Writes nothing.
#[utoipa::path(
    tag = "programmes",
    params(ChoiceParameters),
    responses(
        (status = 200, description = "What choices reveal.", body = ChoiceReportView),
        ApiFailures, Clash, RuleBroken, StorageFailures
    )
)]
#[get("/admin/choices")]
pub(crate) async fn show_choices(
    parameters: Params<ChoiceParameters>,
    clock: Data<Clock>,
    alongside: Data<Alongside>,
) -> Result<HttpResponse, Problem> {
    let now = clock.now();
    let asked = Asked {
        programme: parameters.0.programme,
        as_of: parameters.0.as_of.unwrap_or_else(|| now.date_naive()),
    };
    let found = alongside.choice_report(asked, now).await?;
    answer::json(&ChoiceReportView::from(found), REPORT_BYTES)
}
