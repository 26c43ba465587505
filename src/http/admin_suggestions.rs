//! Pairs that programme admins suggest to both sites. What the sites see and say is in
//! [`site_suggestions`](super::site_suggestions).

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, get, post};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::app::{Alongside, admin_suggestions as app};
use crate::domain::admin_suggestion::{AdminSuggestion, AdminSuggestionState, MAX_REASON_CHARS};
use crate::domain::error::{Error, Result};
use crate::domain::ids::{OdsCode, Slug};
use crate::domain::version::Version;
use crate::http::access::Rule;
use crate::http::answer;
use crate::http::body::Body;
use crate::http::changing::{Changing, IdempotencyKey, created, kept, made_once};
use crate::http::conditional::IfMatch;
use crate::http::extract::{NoParameters, Params};
use crate::http::fields::{Faults, checked};
use crate::http::openapi::{
    ApiFailures, BodyFailures, Clash, ConditionFailures, NoSuchThing, NotModified, RuleBroken,
    StorageFailures,
};
use crate::http::operation::Operation;
use crate::http::pagination::{self, List, PageOf, cut};
use crate::http::path::Id;
use crate::http::problem::Problem;
use crate::http::views::admin_suggestions::{AdminSuggestionPageView, AdminSuggestionView};
use crate::http::views::text::Code;
use crate::random::Random;
use crate::storage::{Connection, Touches, admin_suggestions, names};

/// What is said of the operations of this file.
pub(crate) const OPERATIONS: &[Operation] = &[
    Operation::new("list_admin_suggestions", Rule::Staff)
        .answers(include_str!("examples/list_admin_suggestions.json")),
    Operation::new("create_admin_suggestion", Rule::Admin)
        .takes(
            r#"{"between": ["RTH", "RHW"], "reason": "Both start with electronic prescribing in the spring, on the same system."}"#,
        )
        .answers(include_str!("examples/create_admin_suggestion.json")),
    Operation::new("show_admin_suggestion", Rule::Staff)
        .answers(include_str!("examples/show_admin_suggestion.json")),
    Operation::new("withdraw_admin_suggestion", Rule::Admin)
        .answers(include_str!("examples/withdraw_admin_suggestion.json")),
];

/// A rough size of one suggestion, in bytes.
pub(crate) const SUGGESTION_BYTES: usize = 900;

/// Where the suggestions are.
const PATH: &str = "/api/v1/admin/suggestions";

/// Every suggestion, the newest first.
pub(crate) struct AdminSuggestionList;

impl List for AdminSuggestionList {
    type Place = i64;
    const EXAMPLE: (&'static str, usize, &'static str) = (PATH, 5, "42");
}

/// A pair to suggest.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = SuggestPair)]
pub(crate) struct GivenSuggestion {
    /// The two sites.
    #[schema(value_type = Vec<Code>, min_items = 2, max_items = 2)]
    between: Vec<String>,
    /// Why, in words to the two sites. It never names a person.
    #[schema(min_length = 1, max_length = 1000)]
    reason: String,
    /// The slug of the programme for which it is made.
    #[schema(max_length = 64, pattern = "^[a-z0-9_-]{1,64}$")]
    programme: Option<String>,
}

/// What was read of a pair to suggest.
struct Suggested {
    ends: (OdsCode, OdsCode),
    reason: String,
    programme: Option<Slug>,
}

impl GivenSuggestion {
    fn check(self) -> Result<Suggested> {
        let mut given = Faults::default();
        let ends = match self.between.as_slice() {
            [one, other] => {
                let one: Option<OdsCode> = given.read("/between/0", Some(one));
                let other: Option<OdsCode> = given.read("/between/1", Some(other));
                one.zip(other)
            }
            _ => {
                given.refuse("/between", "has two codes");
                None
            }
        };
        let reason = given.text("/reason", Some(self.reason), MAX_REASON_CHARS);
        let programme = given.read("/programme", self.programme.as_deref());
        given.finish()?;
        let (one, other) = checked(ends)?;
        Ok(Suggested {
            ends: (one.min(other), one.max(other)),
            reason: checked(reason)?,
            programme,
        })
    }
}

fn view(connection: &mut Connection, suggestion: AdminSuggestion) -> Result<AdminSuggestionView> {
    let names = names::of(connection, [suggestion.ends.0, suggestion.ends.1])?;
    Ok(AdminSuggestionView::new(suggestion, &names))
}

/// List the programme's suggestions
///
/// Lists the pairs that admins suggested, the newest first, a page at a time. That one of the two is not interested is told only
/// once both answered, and never which.
#[utoipa::path(
    tag = "programmes",
    params(PageOf<AdminSuggestionList>),
    responses(
        (status = 200, description = "A page of suggestions.", body = AdminSuggestionPageView,
         headers(("Link" = String, description = "The first and the next page (RFC 8288)."))),
        ApiFailures, RuleBroken, StorageFailures
    )
)]
#[get("/admin/suggestions")]
pub(crate) async fn list_admin_suggestions(
    request: HttpRequest,
    page: Params<PageOf<AdminSuggestionList>>,
    alongside: Data<Alongside>,
) -> std::result::Result<HttpResponse, Problem> {
    let page = page.0.0;
    let (after, limit) = (page.after, page.limit);
    let (items, last) = alongside
        .storage()
        .read(move |connection| {
            let mut found = admin_suggestions::page(connection, after, limit)?;
            let last = cut(&mut found, limit).map(|suggestion| suggestion.sequence);
            let ends = found.iter().flat_map(|s| [s.ends.0, s.ends.1]);
            let names = names::of(connection, ends)?;
            let view = |suggestion| AdminSuggestionView::new(suggestion, &names);
            Ok((found.into_iter().map(view).collect::<Vec<_>>(), last))
        })
        .await?;
    let links = page.links(&request, last);
    let header = links.header();
    let capacity = SUGGESTION_BYTES * (items.len() + 1);
    pagination::answer(&AdminSuggestionPageView { items, links }, &header, capacity)
}

/// Suggest a pair
///
/// Suggests two sites to each other. Both see it as a suggestion of the programme, with the reason; each says for itself whether
/// it is interested, and where both are, either may approach the other. Nothing is created on their behalf.
#[utoipa::path(
    tag = "programmes",
    params(IdempotencyKey),
    request_body = GivenSuggestion,
    responses(
        (status = 201, description = "The suggestion.", body = AdminSuggestionView),
        ApiFailures, BodyFailures, Clash, RuleBroken, StorageFailures
    )
)]
#[post("/admin/suggestions")]
pub(crate) async fn create_admin_suggestion(
    _none: Params<NoParameters>,
    key: IdempotencyKey,
    body: Body<GivenSuggestion>,
    changing: Changing,
    random: Data<Random>,
    alongside: Data<Alongside>,
) -> std::result::Result<HttpResponse, Problem> {
    let claim = key.claim(&changing, &body.1);
    let given = body.0.check()?;
    let suggestion = AdminSuggestion {
        id: random.id()?,
        sequence: 0,
        ends: given.ends,
        state: AdminSuggestionState::Open,
        reason: given.reason,
        programme: given.programme,
        created_at: changing.at,
        created_by: changing.caller.id.to_string(),
        version: Version(1),
    };
    let allowed = alongside.may_be_suggested(given.ends, changing.at.date_naive());
    let change = changing.change("suggest_pair", Touches::Nothing);
    let (made, is_new) = made_once(&alongside, change, claim, move |connection| {
        allowed.map_err(|error| match error {
            Error::OrganisationNotFound(code) => {
                Error::invalid("/between", format!("no organisation has the code {code}"))
            }
            other => other,
        })?;
        let suggestion = app::suggest(connection, suggestion)?;
        let id = suggestion.id.clone();
        kept(&id, &view(connection, suggestion)?)
    })
    .await?;
    let location = format!("{PATH}/{}", made.id);
    Ok(created(made, &location, is_new))
}

/// Show a suggestion of the programme
///
/// Shows one of the pairs that admins suggested.
#[utoipa::path(
    tag = "programmes",
    params(Id),
    responses(
        (status = 200, description = "The suggestion.", body = AdminSuggestionView),
        NotModified, ApiFailures, NoSuchThing, StorageFailures
    )
)]
#[get("/admin/suggestions/{id}")]
pub(crate) async fn show_admin_suggestion(
    request: HttpRequest,
    id: Id,
    _none: Params<NoParameters>,
    alongside: Data<Alongside>,
) -> std::result::Result<HttpResponse, Problem> {
    let (view, version) = alongside
        .storage()
        .read(move |connection| {
            let suggestion = admin_suggestions::find(connection, &id.0)?;
            let version = suggestion.version;
            Ok((view(connection, suggestion)?, version))
        })
        .await?;
    answer::versioned(&request, &view, version, SUGGESTION_BYTES)
}

/// Withdraw a suggestion of the programme
///
/// Takes a suggestion back, while not both sites are interested. It stays in the lists, as withdrawn.
#[utoipa::path(
    tag = "programmes",
    params(Id, IfMatch),
    responses(
        (status = 200, description = "The suggestion, withdrawn.", body = AdminSuggestionView),
        ApiFailures, ConditionFailures, NoSuchThing, Clash, StorageFailures
    )
)]
#[post("/admin/suggestions/{id}/withdraw")]
pub(crate) async fn withdraw_admin_suggestion(
    request: HttpRequest,
    id: Id,
    _none: Params<NoParameters>,
    expected: IfMatch,
    changing: Changing,
    alongside: Data<Alongside>,
) -> std::result::Result<HttpResponse, Problem> {
    let change = changing.change("withdraw_suggestion", Touches::Nothing);
    let ((view, version), _) = alongside
        .write(change, move |connection| {
            let suggestion = app::withdraw(connection, &id.0, &expected.0)?;
            let version = suggestion.version;
            Ok((view(connection, suggestion)?, version))
        })
        .await?;
    answer::versioned(&request, &view, version, SUGGESTION_BYTES)
}
