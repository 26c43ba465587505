//! The weights that a site saves for its own suggestions, which nobody else reads.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, delete, get, put};
use serde::{Deserialize, Serialize};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use crate::app::Alongside;
use crate::domain::error::Error;
use crate::domain::ids::OdsCode;
use crate::domain::programme::Weights;
use crate::http::access::Rule;
use crate::http::answer;
use crate::http::body::Body;
use crate::http::changing::Changing;
use crate::http::conditional::IfMatch;
use crate::http::extract::{NoParameters, Params, Seeker};
use crate::http::fields::Faults;
use crate::http::openapi::{
    ApiFailures, BodyFailures, ConditionFailures, NoSuchOrganisation, NoSuchThing, NotModified,
    RuleBroken, StorageFailures,
};
use crate::http::operation::Operation;
use crate::http::problem::Problem;
use crate::http::question::{GivenWeights, closed, weights_schema};
use crate::http::views::text::Code;
use crate::http::views::weights::WeightsView;
use crate::storage::{Outcome, Touches, weights};

/// What is said of the operations of this file.
pub(crate) const OPERATIONS: &[Operation] = &[
    Operation::new("show_weights", Rule::Own).answers(include_str!("examples/show_weights.json")),
    Operation::new("put_weights", Rule::Own)
        .takes(r#"{"weights": {"core_system": 3, "geography": 1, "culture": 1}}"#)
        .answers(include_str!("examples/put_weights.json")),
    Operation::new("forget_weights", Rule::Own),
];

/// A rough size of the weights, in bytes.
const WEIGHTS_BYTES: usize = 256;

/// The weights to save.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SaveWeights {
    weights: GivenWeights,
}

impl SaveWeights {
    /// The weights, where they are some.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] where they are none.
    pub(crate) fn check(self) -> Result<Weights, Error> {
        let mut faults = Faults::default();
        let weights = self.weights.check(&mut faults);
        faults.finish()?;
        weights.ok_or_else(|| Error::invalid("/weights", "has to be given"))
    }
}

impl PartialSchema for SaveWeights {
    fn schema() -> RefOr<Schema> {
        closed()
            .description(Some("The weights to save; they count by their ratio."))
            .property("weights", weights_schema())
            .required("weights")
            .into()
    }
}

impl ToSchema for SaveWeights {
    fn name() -> std::borrow::Cow<'static, str> {
        "SaveWeights".into()
    }
}

/// The weights that a site saved.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = SavedWeights)]
pub(crate) struct SavedWeightsView {
    ods_code: Code,
    /// As they were given, 0 for what was left out; null where none are saved and the programme's count.
    #[schema(required)]
    weights: Option<WeightsView>,
}

impl SavedWeightsView {
    fn new(code: OdsCode, weights: Option<Weights>) -> Self {
        Self {
            ods_code: Code(code),
            weights: weights.map(WeightsView),
        }
    }
}

/// Show the saved weights
///
/// Shows the weights that the site saved. Others see what comes of them in fits, never the weights.
#[utoipa::path(
    tag = "profile",
    params(Seeker),
    responses(
        (status = 200, description = "The saved weights.", body = SavedWeightsView),
        NotModified, ApiFailures, NoSuchOrganisation, StorageFailures
    )
)]
#[get("/organisations/{odsCode}/weights")]
pub(crate) async fn show_weights(
    request: HttpRequest,
    code: Seeker,
    _none: Params<NoParameters>,
    alongside: Data<Alongside>,
) -> Result<HttpResponse, Problem> {
    let code = code.0;
    let (version, saved) = alongside
        .storage()
        .read(move |connection| weights::of(connection, code))
        .await?;
    answer::versioned(
        &request,
        &SavedWeightsView::new(code, saved),
        version,
        WEIGHTS_BYTES,
    )
}

/// Save weights
///
/// Saves the weights of the site's own suggestions, in the place of those it saved before. A request that gives weights of its
/// own is answered with those.
#[utoipa::path(
    tag = "profile",
    params(Seeker, IfMatch),
    request_body = SaveWeights,
    responses(
        (status = 200, description = "The weights as they are saved now.", body = SavedWeightsView),
        ApiFailures, BodyFailures, RuleBroken, ConditionFailures, NoSuchOrganisation, StorageFailures
    )
)]
#[put("/organisations/{odsCode}/weights")]
pub(crate) async fn put_weights(
    request: HttpRequest,
    code: Seeker,
    _none: Params<NoParameters>,
    expected: IfMatch,
    body: Body<SaveWeights>,
    changing: Changing,
    alongside: Data<Alongside>,
) -> Result<HttpResponse, Problem> {
    let code = code.0;
    let given = body.0.check()?;
    let change = changing.change("save_weights", Touches::Scoring);
    let (version, saved) = alongside
        .write_outcome(change, move |connection| {
            let outcome = weights::change(connection, code, Some(given), &expected.0)?;
            Ok(outcome.with(weights::of(connection, code)?))
        })
        .await?;
    answer::versioned(
        &request,
        &SavedWeightsView::new(code, saved),
        version,
        WEIGHTS_BYTES,
    )
}

/// Forget the saved weights
///
/// Forgets the weights that the site saved: the programme's count again.
#[utoipa::path(
    tag = "profile",
    params(Seeker, IfMatch),
    responses(
        (status = 204, description = "The weights are forgotten."),
        ApiFailures, ConditionFailures, NoSuchThing, StorageFailures
    )
)]
#[delete("/organisations/{odsCode}/weights")]
pub(crate) async fn forget_weights(
    code: Seeker,
    _none: Params<NoParameters>,
    expected: IfMatch,
    changing: Changing,
    alongside: Data<Alongside>,
) -> Result<HttpResponse, Problem> {
    let code = code.0;
    let change = changing.change("forget_weights", Touches::Scoring);
    alongside
        .write(change, move |connection| {
            weights::change(connection, code, None, &expected.0).map(Outcome::into_inner)
        })
        .await?;
    Ok(HttpResponse::NoContent().finish())
}
