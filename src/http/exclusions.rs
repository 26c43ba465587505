//! "Not with": whom a site does not want to be suggested, for the site itself alone.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, delete, get, put};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::app::Alongside;
use crate::domain::error::Result;
use crate::domain::exclusion::{Exclusion, MAX_REASON_CHARS};
use crate::domain::version::Version;
use crate::http::access::Rule;
use crate::http::answer;
use crate::http::body::Body;
use crate::http::changing::Changing;
use crate::http::conditional::IfMatch;
use crate::http::extract::{Candidate, NoParameters, Params, Seeker};
use crate::http::fields::Faults;
use crate::http::openapi::{
    ApiFailures, BodyFailures, Clash, ConditionFailures, NoSuchOrganisation, NoSuchThing,
    NotModified, RuleBroken, StorageFailures,
};
use crate::http::operation::Operation;
use crate::http::problem::Problem;
use crate::http::views::choices::{ExclusionView, ExclusionsView};
use crate::http::views::text::Code;
use crate::storage::{Touches, exclusions, names};

/// What is said of the operations of this file.
pub(crate) const OPERATIONS: &[Operation] = &[
    Operation::new("list_exclusions", Rule::Own).answers(r#"{"odsCode": "RTH", "items": []}"#),
    Operation::new("show_exclusion", Rule::Own)
        .answers(include_str!("examples/show_exclusion.json")),
    Operation::new("put_exclusion", Rule::Own)
        .takes(r#"{"reason": "We run two programmes with them already."}"#)
        .answers(include_str!("examples/put_exclusion.json")),
    Operation::new("withdraw_exclusion", Rule::Own),
];

/// A rough size of one exclusion, in bytes.
const EXCLUSION_BYTES: usize = 300;

/// Why the site excludes an organisation.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = Exclude)]
pub(crate) struct GivenExclusion {
    /// Why, in words to oneself. They are encrypted, and only the site is shown them.
    #[schema(max_length = 1000)]
    reason: Option<String>,
}

impl GivenExclusion {
    fn check(self) -> Result<Option<String>> {
        let mut given = Faults::default();
        let reason = given.prose("/reason", self.reason, MAX_REASON_CHARS);
        given.finish()?;
        Ok(reason)
    }
}

/// List exclusions
///
/// Lists whom the site excludes from its own suggestions. Nobody else is told: neither those who are excluded nor programme
/// admins, who see in the audit only that something changed.
#[utoipa::path(
    tag = "choices",
    params(Seeker),
    responses(
        (status = 200, description = "The exclusions.", body = ExclusionsView),
        NotModified, ApiFailures, NoSuchOrganisation, StorageFailures
    )
)]
#[get("/organisations/{odsCode}/exclusions")]
pub(crate) async fn list_exclusions(
    request: HttpRequest,
    code: Seeker,
    _none: Params<NoParameters>,
    alongside: Data<Alongside>,
) -> std::result::Result<HttpResponse, Problem> {
    let here = code.0;
    let (found, mut names) = alongside
        .storage()
        .read(move |connection| {
            let found = exclusions::of(connection, here)?;
            let names = names::of(connection, found.iter().map(|one| one.excluded))?;
            Ok((found, names))
        })
        .await?;
    let capacity = EXCLUSION_BYTES * (found.len() + 1);
    let items = found.into_iter().map(|exclusion| {
        let name = names.remove(&exclusion.excluded).unwrap_or_default();
        ExclusionView::new(exclusion, name)
    });
    let view = ExclusionsView {
        ods_code: Code(here),
        items: items.collect(),
    };
    answer::tagged(&request, &view, capacity)
}

/// Show an exclusion
///
/// Shows one of the site's exclusions.
#[utoipa::path(
    tag = "choices",
    params(Seeker, Candidate),
    responses(
        (status = 200, description = "The exclusion.", body = ExclusionView),
        NotModified, ApiFailures, NoSuchThing, StorageFailures
    )
)]
#[get("/organisations/{odsCode}/exclusions/{candidate}")]
pub(crate) async fn show_exclusion(
    request: HttpRequest,
    code: Seeker,
    candidate: Candidate,
    _none: Params<NoParameters>,
    alongside: Data<Alongside>,
) -> std::result::Result<HttpResponse, Problem> {
    let pair = (code.0, candidate.0);
    let (found, mut names) = alongside
        .storage()
        .read(move |connection| {
            let found = exclusions::require(connection, pair)?;
            Ok((found, names::of(connection, [pair.1])?))
        })
        .await?;
    let version = found.version;
    let view = ExclusionView::new(found, names.remove(&pair.1).unwrap_or_default());
    answer::versioned(&request, &view, version, EXCLUSION_BYTES)
}

/// Exclude an organisation
///
/// Keeps an organisation out of the site's own suggestions, alternates, relays and lists of whom to ask, or says another
/// reason. Silently: whoever is excluded sees what it would see without, and scores, means and the ranks in others' lists stay
/// as they are. Asked about by its code, it is still explained to the site. `If-Match: *` excludes one that is not yet.
#[utoipa::path(
    tag = "choices",
    params(Seeker, Candidate, IfMatch),
    request_body = GivenExclusion,
    responses(
        (status = 200, description = "The exclusion.", body = ExclusionView),
        ApiFailures, BodyFailures, ConditionFailures, NoSuchOrganisation, Clash, RuleBroken, StorageFailures
    )
)]
#[put("/organisations/{odsCode}/exclusions/{candidate}")]
#[expect(clippy::too_many_arguments, reason = "each is a part of the request")]
pub(crate) async fn put_exclusion(
    request: HttpRequest,
    code: Seeker,
    candidate: Candidate,
    _none: Params<NoParameters>,
    expected: IfMatch,
    body: Body<GivenExclusion>,
    changing: Changing,
    alongside: Data<Alongside>,
) -> std::result::Result<HttpResponse, Problem> {
    let said = Exclusion {
        ods_code: code.0,
        excluded: candidate.0,
        reason: body.0.check()?,
        created_at: changing.at,
        version: Version(0),
    };
    let change = changing.change("put_exclusion", Touches::Choices);
    let (kept, mut names) = alongside
        .write_outcome(change, move |connection| {
            let names = names::of(connection, [said.excluded])?;
            let outcome = exclusions::put(connection, said, &expected.0)?;
            let kept = outcome.clone().into_inner();
            Ok(outcome.with((kept, names)))
        })
        .await?;
    let version = kept.version;
    let view = ExclusionView::new(kept, names.remove(&candidate.0).unwrap_or_default());
    answer::versioned(&request, &view, version, EXCLUSION_BYTES)
}

/// Withdraw an exclusion
///
/// Lets an organisation into the site's own suggestions again.
#[utoipa::path(
    tag = "choices",
    params(Seeker, Candidate, IfMatch),
    responses(
        (status = 204, description = "The exclusion is withdrawn."),
        ApiFailures, ConditionFailures, NoSuchThing, StorageFailures
    )
)]
#[delete("/organisations/{odsCode}/exclusions/{candidate}")]
pub(crate) async fn withdraw_exclusion(
    code: Seeker,
    candidate: Candidate,
    _none: Params<NoParameters>,
    expected: IfMatch,
    changing: Changing,
    alongside: Data<Alongside>,
) -> std::result::Result<HttpResponse, Problem> {
    let pair = (code.0, candidate.0);
    let change = changing.change("withdraw_exclusion", Touches::Choices);
    alongside
        .write(change, move |connection| {
            exclusions::withdraw(connection, pair, &expected.0)
        })
        .await?;
    Ok(HttpResponse::NoContent().finish())
}
