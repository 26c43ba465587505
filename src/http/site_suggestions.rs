//! What the programme suggests to a site, and what the site says to it.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, get, put};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::app::{Alongside, admin_suggestions as app};
use crate::domain::admin_suggestion::{AdminSuggestion, SiteAnswer};
use crate::domain::error::Result;
use crate::domain::ids::OdsCode;
use crate::domain::version::Version;
use crate::http::access::Rule;
use crate::http::admin_suggestions::SUGGESTION_BYTES;
use crate::http::answer;
use crate::http::body::Body;
use crate::http::changing::Changing;
use crate::http::conditional::IfMatch;
use crate::http::extract::{NoParameters, Params, Seeker};
use crate::http::openapi::{
    ApiFailures, BodyFailures, Clash, ConditionFailures, NoSuchOrganisation, NoSuchThing,
    NotModified, RuleBroken, StorageFailures,
};
use crate::http::operation::Operation;
use crate::http::pagination::{self, List, PageOf, cut};
use crate::http::path::Id;
use crate::http::problem::Problem;
use crate::http::views::admin_suggestions::{OwnAdminSuggestionPageView, OwnAdminSuggestionView};
use crate::storage::{Connection, Outcome, Touches, admin_suggestions, names, organisations};

/// What is said of the operations of this file.
pub(crate) const OPERATIONS: &[Operation] = &[
    Operation::new("list_own_admin_suggestions", Rule::Own)
        .answers(include_str!("examples/list_own_admin_suggestions.json")),
    Operation::new("show_own_admin_suggestion", Rule::Own)
        .answers(include_str!("examples/show_own_admin_suggestion.json")),
    Operation::new("answer_admin_suggestion", Rule::Own)
        .takes(r#"{"interested": true}"#)
        .answers(include_str!("examples/answer_admin_suggestion.json")),
];

/// Every suggestion for a site, the newest first.
pub(crate) struct OwnAdminSuggestionList;

impl List for OwnAdminSuggestionList {
    type Place = i64;
    const EXAMPLE: (&'static str, usize, &'static str) =
        ("/api/v1/organisations/RTH/admin-suggestions", 5, "42");
}

/// Views for a site, and the versions of its own words.
fn views(
    connection: &mut Connection,
    here: OdsCode,
    found: Vec<(AdminSuggestion, Option<SiteAnswer>)>,
) -> Result<Vec<(OwnAdminSuggestionView, Version)>> {
    let others = found.iter().filter_map(|(s, _)| s.other(here));
    let names = names::of(connection, others)?;
    let views = found.into_iter().filter_map(|(suggestion, answer)| {
        let other = suggestion.other(here)?;
        let version = answer.map_or(Version(0), |answer| answer.version);
        let view = OwnAdminSuggestionView::new(suggestion, other, answer, &names);
        Some((view, version))
    });
    Ok(views.collect())
}

fn view(
    connection: &mut Connection,
    here: OdsCode,
    suggestion: AdminSuggestion,
    answer: Option<SiteAnswer>,
) -> Result<(OwnAdminSuggestionView, Version)> {
    let id = suggestion.id.clone();
    let found = views(connection, here, vec![(suggestion, answer)])?.pop();
    found.ok_or(crate::domain::error::Error::Missing {
        what: "suggestion of the programme",
        id,
    })
}

/// List what the programme suggests
///
/// Lists the sites that the programme suggests to this one, the newest first, a page at a time. What this site says of one is its
/// own until the other is interested too.
#[utoipa::path(
    tag = "suggestions",
    params(Seeker, PageOf<OwnAdminSuggestionList>),
    responses(
        (status = 200, description = "A page of suggestions.", body = OwnAdminSuggestionPageView,
         headers(("Link" = String, description = "The first and the next page (RFC 8288)."))),
        ApiFailures, NoSuchOrganisation, RuleBroken, StorageFailures
    )
)]
#[get("/organisations/{odsCode}/admin-suggestions")]
pub(crate) async fn list_own_admin_suggestions(
    request: HttpRequest,
    code: Seeker,
    page: Params<PageOf<OwnAdminSuggestionList>>,
    alongside: Data<Alongside>,
) -> std::result::Result<HttpResponse, Problem> {
    let (here, page) = (code.0, page.0.0);
    let (after, limit) = (page.after, page.limit);
    let (items, last) = alongside
        .storage()
        .read(move |connection| {
            organisations::require(connection, here)?;
            let mut found = admin_suggestions::page_of(connection, here, after, limit)?;
            let last = cut(&mut found, limit).map(|suggestion| suggestion.sequence);
            let ids: Vec<&str> = found.iter().map(|s| s.id.as_str()).collect();
            let mut answers = admin_suggestions::answers_of(connection, here, &ids)?;
            let found = found.into_iter().map(|suggestion| {
                let answer = answers.remove(&suggestion.id);
                (suggestion, answer)
            });
            let found = found.collect();
            Ok((views(connection, here, found)?, last))
        })
        .await?;
    let links = page.links(&request, last);
    let header = links.header();
    let items: Vec<OwnAdminSuggestionView> = items.into_iter().map(|(view, _)| view).collect();
    let capacity = SUGGESTION_BYTES * (items.len() + 1);
    pagination::answer(
        &OwnAdminSuggestionPageView { items, links },
        &header,
        capacity,
    )
}

/// Show what the programme suggests
///
/// Shows one of the sites that the programme suggests to this one, with what this one said to it.
#[utoipa::path(
    tag = "suggestions",
    params(Seeker, Id),
    responses(
        (status = 200, description = "The suggestion.", body = OwnAdminSuggestionView),
        NotModified, ApiFailures, NoSuchThing, StorageFailures
    )
)]
#[get("/organisations/{odsCode}/admin-suggestions/{id}")]
pub(crate) async fn show_own_admin_suggestion(
    request: HttpRequest,
    code: Seeker,
    id: Id,
    _none: Params<NoParameters>,
    alongside: Data<Alongside>,
) -> std::result::Result<HttpResponse, Problem> {
    let here = code.0;
    let (view, version) = alongside
        .storage()
        .read(move |connection| {
            let suggestion = admin_suggestions::find_for(connection, here, &id.0)?;
            let answer = admin_suggestions::answer_of(connection, here, &id.0)?;
            view(connection, here, suggestion, answer)
        })
        .await?;
    answer::versioned(&request, &view, version, SUGGESTION_BYTES)
}

/// Whether a site is interested.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = AnswerAdminSuggestion)]
pub(crate) struct GivenAnswer {
    /// True or false; it can be said otherwise until both are interested.
    interested: bool,
}

/// Say whether a suggestion of the programme interests the site
///
/// Says that the site is interested in what the programme suggests, or that it is not. The other side is told nothing until both
/// are interested; then both are told, and the admins, and either may send an approach. Nothing is created by itself.
#[utoipa::path(
    tag = "suggestions",
    params(Seeker, Id, IfMatch),
    request_body = GivenAnswer,
    responses(
        (status = 200, description = "The suggestion, with what the site said.", body = OwnAdminSuggestionView),
        ApiFailures, BodyFailures, ConditionFailures, NoSuchThing, Clash, RuleBroken, StorageFailures
    )
)]
#[put("/organisations/{odsCode}/admin-suggestions/{id}/answer")]
#[expect(clippy::too_many_arguments, reason = "each is a part of the request")]
pub(crate) async fn answer_admin_suggestion(
    request: HttpRequest,
    code: Seeker,
    id: Id,
    _none: Params<NoParameters>,
    expected: IfMatch,
    body: Body<GivenAnswer>,
    changing: Changing,
    alongside: Data<Alongside>,
) -> std::result::Result<HttpResponse, Problem> {
    let (here, at, interested) = (code.0, changing.at, body.0.interested);
    let change = changing.change("answer_suggestion", Touches::Nothing);
    let (view, version) = alongside
        .write_outcome(change, move |connection| {
            let said = app::answer(connection, (here, &id.0), interested, &expected.0, at)?;
            let (is_changed, (suggestion, answer)) = match said {
                Outcome::Changed(found) => (true, found),
                Outcome::Unchanged(found) => (false, found),
            };
            let seen = view(connection, here, suggestion, Some(answer))?;
            Ok(if is_changed {
                Outcome::Changed(seen)
            } else {
                Outcome::Unchanged(seen)
            })
        })
        .await?;
    answer::versioned(&request, &view, version, SUGGESTION_BYTES)
}
