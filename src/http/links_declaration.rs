//! Whether an organisation's list of links is complete.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, delete, get, put};
use chrono::NaiveDate;
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;

use crate::app::Alongside;
use crate::domain::error::Error;
use crate::domain::ids::OdsCode;
use crate::domain::version::{Expected, ProfilePart, Version};
use crate::http::access::Rule;
use crate::http::answer;
use crate::http::body::Body;
use crate::http::changing::Changing;
use crate::http::conditional::IfMatch;
use crate::http::extract::{NoParameters, Params, Seeker};
use crate::http::links::LINK_BYTES;
use crate::http::openapi::{
    ApiFailures, BodyFailures, ConditionFailures, NoSuchOrganisation, NotModified, RuleBroken,
    StorageFailures,
};
use crate::http::operation::Operation;
use crate::http::problem::Problem;
use crate::http::views::links::DeclarationView;
use crate::storage::audit::{self, Entry};
use crate::storage::{Outcome, Touches, links, versions};

/// What is said of the operations of this file.
pub(crate) const OPERATIONS: &[Operation] = &[
    Operation::new("show_links_declaration", Rule::Anyone)
        .answers(r#"{"odsCode": "RTH", "complete": false, "completeOn": null}"#),
    Operation::new("change_links_declaration", Rule::Own)
        .takes(r#"{"complete": true}"#)
        .answers(r#"{"odsCode": "RTH", "complete": true, "completeOn": "2026-11-22"}"#),
    Operation::new("withdraw_links_declaration", Rule::Own),
];

/// Show whether a list of links is complete
///
/// Shows whether an organisation says that its list of links is complete, and since when.
#[utoipa::path(
    tag = "relations",
    params(Seeker),
    responses(
        (status = 200, description = "Its word.", body = DeclarationView),
        NotModified, ApiFailures, NoSuchOrganisation, StorageFailures
    )
)]
#[get("/organisations/{odsCode}/links/declaration")]
pub(crate) async fn show_links_declaration(
    request: HttpRequest,
    code: Seeker,
    _none: Params<NoParameters>,
    alongside: Data<Alongside>,
) -> Result<HttpResponse, Problem> {
    let here = code.0;
    let (on, version) = alongside
        .storage()
        .read(move |connection| {
            let on = links::complete_on(connection, here)?;
            Ok((on, versions::of(connection, here, ProfilePart::Links)?))
        })
        .await?;
    answer::versioned(
        &request,
        &DeclarationView::new(here, on),
        version,
        LINK_BYTES,
    )
}

/// Whether the list is complete.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = DeclareLinks)]
pub(crate) struct GivenDeclaration {
    /// True says today that no link is missing; false takes that back.
    complete: bool,
}

/// Say whether the list of links is complete
///
/// Says that no link of the organisation is missing, as of today, or takes that back. Where both sides said so within two years,
/// their score on prior relationships is exact.
#[utoipa::path(
    tag = "relations",
    params(Seeker, IfMatch),
    request_body = GivenDeclaration,
    responses(
        (status = 200, description = "Its word.", body = DeclarationView),
        ApiFailures, BodyFailures, ConditionFailures, NoSuchOrganisation, RuleBroken, StorageFailures
    )
)]
#[put("/organisations/{odsCode}/links/declaration")]
pub(crate) async fn change_links_declaration(
    request: HttpRequest,
    code: Seeker,
    _none: Params<NoParameters>,
    expected: IfMatch,
    body: Body<GivenDeclaration>,
    changing: Changing,
    alongside: Data<Alongside>,
) -> Result<HttpResponse, Problem> {
    let today = body.0.complete.then(|| changing.at.date_naive());
    let (here, version) = declare(&alongside, &changing, code.0, expected.0, today).await?;
    answer::versioned(
        &request,
        &DeclarationView::new(here, today),
        version,
        LINK_BYTES,
    )
}

/// Take back that the list of links is complete
///
/// Takes back the organisation's word that no link is missing; the same as saying that it is not complete.
#[utoipa::path(
    tag = "relations",
    params(Seeker, IfMatch),
    responses(
        (status = 204, description = "It is taken back."),
        ApiFailures, ConditionFailures, NoSuchOrganisation, StorageFailures
    )
)]
#[delete("/organisations/{odsCode}/links/declaration")]
pub(crate) async fn withdraw_links_declaration(
    code: Seeker,
    _none: Params<NoParameters>,
    expected: IfMatch,
    changing: Changing,
    alongside: Data<Alongside>,
) -> Result<HttpResponse, Problem> {
    declare(&alongside, &changing, code.0, expected.0, None).await?;
    Ok(HttpResponse::NoContent().finish())
}

async fn declare(
    alongside: &Alongside,
    changing: &Changing,
    here: OdsCode,
    expected: Expected,
    on: Option<NaiveDate>,
) -> Result<(OdsCode, Version), Error> {
    let change = changing.change("declare_links_complete", Touches::Scoring);
    let version = alongside
        .write_outcome(change, move |connection| {
            let before = links::complete_on(connection, here)?;
            if before == on {
                let version = versions::of(connection, here, ProfilePart::Links)?;
                return if expected.allows(version) {
                    Ok(Outcome::Unchanged(version))
                } else {
                    Err(Error::Stale)
                };
            }
            let version = versions::raise(connection, here, ProfilePart::Links, &expected)?;
            links::set_complete_on(connection, here, on)?;
            audit::note(
                connection,
                Entry {
                    kind: "links_declaration",
                    id: here.to_string(),
                    ods_code: Some(here),
                    before: Some(json!({ "completeOn": before })),
                    after: Some(json!({ "completeOn": on })),
                },
            );
            Ok(Outcome::Changed(version))
        })
        .await?;
    Ok((here, version))
}
