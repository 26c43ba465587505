//! How complete a site's own facts are, and what to answer next.

use actix_web::web::Data;
use actix_web::{HttpResponse, get};

use crate::app::Alongside;
use crate::domain::suggestion::SeenBy;
use crate::http::access::{Asker, Rule};
use crate::http::answer;
use crate::http::clock::Clock;
use crate::http::extract::{Params, Seeker};
use crate::http::openapi::{
    ApiFailures, NoSuchOrganisation, NotSuggestible, RuleBroken, StorageFailures,
};
use crate::http::operation::Operation;
use crate::http::problem::Problem;
use crate::http::suggestion_parameters::PairParameters;
use crate::http::views::completeness::CompletenessView;

/// What is said of the operations of this file.
pub(crate) const OPERATIONS: &[Operation] =
    &[Operation::new("show_completeness", Rule::OwnOrStaff)
        .answers(include_str!("examples/show_completeness.json"))];

/// A rough size of the answer, in bytes.
const COMPLETENESS_BYTES: usize = 8 * 1024;

/// Show what is missing
///
/// Shows how complete a site's own facts are, what is missing, and which question to answer next. `effect` is the share of
/// completeness that a fact adds: what it weighs under the weights that the site saved, else the programme's. `widthChange`
/// is measured: each of the site's present ten best suggestions is scored again as if the fact were known and said what the
/// others make one expect, and the mean of `high - low` of the mutual fits is compared; below 0 the suggestions become firmer,
/// above 0 the fact brings in a question on which most candidates have said nothing. It is null where what the fact would say
/// decides, as for topics. Shown is which answers are missing, never one that was given. The weights that a site saved
/// are its own: staff see its side under the programme's.
#[utoipa::path(
    tag = "organisations",
    params(Seeker, PairParameters),
    responses(
        (status = 200, description = "What is missing, by effect.", body = CompletenessView),
        ApiFailures, NoSuchOrganisation, NotSuggestible, RuleBroken, StorageFailures
    )
)]
#[get("/organisations/{odsCode}/completeness")]
pub(crate) async fn show_completeness(
    asker: Asker,
    site: Seeker,
    parameters: Params<PairParameters>,
    alongside: Data<Alongside>,
    clock: Data<Clock>,
) -> Result<HttpResponse, Problem> {
    let as_of = parameters.0.as_of.unwrap_or_else(|| clock.today());
    let seen_by = SeenBy::of(asker.0.role, site.0);
    let completeness = alongside.completeness(site.0, as_of, seen_by)?;
    answer::json(&CompletenessView::new(completeness), COMPLETENESS_BYTES)
}
