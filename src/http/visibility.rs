//! What others see of a site beyond its scores, as it decides.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, get, put};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::app::Alongside;
use crate::domain::ids::OdsCode;
use crate::domain::profile::Visibility;
use crate::http::access::Rule;
use crate::http::answer;
use crate::http::body::Body;
use crate::http::changing::Changing;
use crate::http::conditional::IfMatch;
use crate::http::extract::{NoParameters, Params, Seeker};
use crate::http::openapi::{
    ApiFailures, BodyFailures, ConditionFailures, NoSuchOrganisation, NotModified, RuleBroken,
    StorageFailures,
};
use crate::http::operation::Operation;
use crate::http::problem::Problem;
use crate::http::views::text::Code;
use crate::storage::{Touches, visibility};

/// What is said of the operations of this file.
pub(crate) const OPERATIONS: &[Operation] = &[
    Operation::new("show_visibility", Rule::Own)
        .answers(r#"{"odsCode": "RTH", "expertise": true, "evidence": true}"#),
    Operation::new("put_visibility", Rule::Own)
        .takes(r#"{"expertise": true, "evidence": false}"#)
        .answers(r#"{"odsCode": "RTH", "expertise": true, "evidence": false}"#),
];

/// A rough size of the answer, in bytes.
const VISIBILITY_BYTES: usize = 128;

/// What others are to see.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = SetVisibility)]
pub(crate) struct GivenVisibility {
    /// Whether others find the site among those who can show a topic.
    expertise: bool,
    /// Whether others see the evidence of the links that it declared.
    evidence: bool,
}

/// What others see of a site beyond its scores.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Visibility)]
pub(crate) struct VisibilityView {
    ods_code: Code,
    /// Whether others find it among those who can show a topic.
    expertise: bool,
    /// Whether others see the evidence of the links that it declared.
    evidence: bool,
}

impl VisibilityView {
    const fn new(code: OdsCode, shows: Visibility) -> Self {
        Self {
            ods_code: Code(code),
            expertise: shows.expertise,
            evidence: shows.evidence,
        }
    }
}

/// Show the visibility
///
/// Shows what others see of the site beyond its scores: everything, unless it says otherwise.
#[utoipa::path(
    tag = "profile",
    params(Seeker),
    responses(
        (status = 200, description = "The visibility.", body = VisibilityView),
        NotModified, ApiFailures, NoSuchOrganisation, StorageFailures
    )
)]
#[get("/organisations/{odsCode}/visibility")]
pub(crate) async fn show_visibility(
    request: HttpRequest,
    code: Seeker,
    _none: Params<NoParameters>,
    alongside: Data<Alongside>,
) -> Result<HttpResponse, Problem> {
    let code = code.0;
    let (version, shows) = alongside
        .storage()
        .read(move |connection| visibility::versioned(connection, code))
        .await?;
    answer::versioned(
        &request,
        &VisibilityView::new(code, shows),
        version,
        VISIBILITY_BYTES,
    )
}

/// Set the visibility
///
/// Sets what others see of the site beyond its scores.
#[utoipa::path(
    tag = "profile",
    params(Seeker, IfMatch),
    request_body = GivenVisibility,
    responses(
        (status = 200, description = "The visibility as it is now.", body = VisibilityView),
        ApiFailures, BodyFailures, RuleBroken, ConditionFailures, NoSuchOrganisation, StorageFailures
    )
)]
#[put("/organisations/{odsCode}/visibility")]
pub(crate) async fn put_visibility(
    request: HttpRequest,
    code: Seeker,
    _none: Params<NoParameters>,
    expected: IfMatch,
    body: Body<GivenVisibility>,
    changing: Changing,
    alongside: Data<Alongside>,
) -> Result<HttpResponse, Problem> {
    let code = code.0;
    let shows = Visibility {
        expertise: body.0.expertise,
        evidence: body.0.evidence,
    };
    let change = changing.change("set_visibility", Touches::Scoring);
    let (version, shows) = alongside
        .write_outcome(change, move |connection| {
            let outcome = visibility::change(connection, code, shows, &expected.0)?;
            Ok(outcome.with(visibility::versioned(connection, code)?))
        })
        .await?;
    answer::versioned(
        &request,
        &VisibilityView::new(code, shows),
        version,
        VISIBILITY_BYTES,
    )
}
