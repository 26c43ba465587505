//! Sites that a programme admin paused: visible, and not to be approached until a day.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, delete, get, put};
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::app::Alongside;
use crate::app::admin_pauses as app;
use crate::domain::capacity::{Pause, PausedBy};
use crate::domain::error::{Error, Result};
use crate::domain::ids::OdsCode;
use crate::http::access::Rule;
use crate::http::answer;
use crate::http::body::Body;
use crate::http::changing::Changing;
use crate::http::clock::Clock;
use crate::http::conditional::IfMatch;
use crate::http::extract::{NoParameters, Params, Seeker};
use crate::http::fields::{Faults, checked};
use crate::http::openapi::{
    ApiFailures, BodyFailures, ConditionFailures, NoSuchThing, NotModified, RuleBroken,
    StorageFailures,
};
use crate::http::operation::Operation;
use crate::http::pagination::{self, List, PageLinks, PageOf, cut};
use crate::http::parameters;
use crate::http::problem::Problem;
use crate::http::views::text::Code;
use crate::storage::{Touches, capacity, names, organisations, pauses};

/// What is said of the operations of this file.
pub(crate) const OPERATIONS: &[Operation] = &[
    Operation::new("list_admin_pauses", Rule::Staff)
        .answers(include_str!("examples/list_admin_pauses.json")),
    Operation::new("show_admin_pause", Rule::Staff)
        .answers(include_str!("examples/show_admin_pause.json")),
    Operation::new("put_admin_pause", Rule::Admin)
        .takes(
            r#"{"until": "2027-01-31", "reason": "The site moves to another record system until the end of January."}"#,
        )
        .answers(include_str!("examples/put_admin_pause.json")),
    Operation::new("remove_admin_pause", Rule::Admin),
];

/// A rough size of one pause, in bytes.
const PAUSE_BYTES: usize = 500;

/// The longest reason, in characters.
const MAX_REASON_CHARS: usize = 1_000;

/// Every pause by an admin that holds, by code.
pub(crate) struct PauseList;

impl List for PauseList {
    type Place = OdsCode;
    const EXAMPLE: (&'static str, usize, &'static str) = ("/api/v1/admin/pauses", 5, "RTH");
}

/// A pause by an admin.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = AdminPause)]
struct PauseView {
    ods_code: Code,
    /// Its name as the register writes it.
    name: String,
    /// The last day; null until further notice.
    #[schema(required)]
    until: Option<NaiveDate>,
    /// Why, in the admin's words to the site.
    reason: String,
    /// Since when.
    since: DateTime<Utc>,
    /// How often it was changed.
    version: u64,
}

impl PauseView {
    fn new(code: OdsCode, pause: Pause, name: Option<String>) -> Self {
        Self {
            ods_code: Code(code),
            name: name.unwrap_or_default(),
            until: pause.until,
            reason: pause.reason.unwrap_or_default(),
            since: pause.since,
            version: pause.version.0,
        }
    }
}

/// A page of pauses.
#[derive(Serialize, ToSchema)]
#[schema(as = AdminPausePage)]
struct PausePageView {
    /// By code.
    #[schema(max_items = 200)]
    items: Vec<PauseView>,
    links: PageLinks,
}

/// A pause.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = PauseSite)]
pub(crate) struct GivenPause {
    /// The last day, not before today; left out, the pause lasts until it is taken back.
    #[schema(max_length = 10, pattern = "^[0-9]{4}-[0-9]{2}-[0-9]{2}$")]
    until: Option<String>,
    /// Why, in words to the site. It never names a person.
    #[schema(min_length = 1, max_length = 1000)]
    reason: String,
}

impl GivenPause {
    fn check(self, today: NaiveDate) -> Result<(Option<NaiveDate>, String)> {
        let mut given = Faults::default();
        let until = self
            .until
            .and_then(|text| given.keep("/until", parameters::as_of(&text)));
        if until.is_some_and(|until| until < today) {
            given.refuse("/until", "is not before today");
        }
        let reason = given.text("/reason", Some(self.reason), MAX_REASON_CHARS);
        given.finish()?;
        Ok((until, checked(reason)?))
    }
}

/// List the paused sites
///
/// Lists the sites that an admin paused and that are paused today, by code, a page at a time. What sites paused themselves is
/// with their capacity.
#[utoipa::path(
    tag = "programmes",
    params(PageOf<PauseList>),
    responses(
        (status = 200, description = "A page of pauses.", body = PausePageView,
         headers(("Link" = String, description = "The first and the next page (RFC 8288)."))),
        ApiFailures, RuleBroken, StorageFailures
    )
)]
#[get("/admin/pauses")]
pub(crate) async fn list_admin_pauses(
    request: HttpRequest,
    page: Params<PageOf<PauseList>>,
    alongside: Data<Alongside>,
    clock: Data<Clock>,
) -> std::result::Result<HttpResponse, Problem> {
    let (page, today) = (page.0.0, clock.today());
    let (after, limit) = (page.after, page.limit);
    let (items, last) = alongside
        .storage()
        .read(move |connection| {
            let mut found = pauses::by_admins(connection, today)?;
            found.retain(|(code, _)| after.is_none_or(|after| *code > after));
            let last = cut(&mut found, limit).map(|(code, _)| *code);
            let mut names = names::of(connection, found.iter().map(|(code, _)| *code))?;
            let view = |(code, pause)| PauseView::new(code, pause, names.remove(&code));
            Ok((found.into_iter().map(view).collect::<Vec<_>>(), last))
        })
        .await?;
    let links = page.links(&request, last);
    let header = links.header();
    let capacity = PAUSE_BYTES * (items.len() + 1);
    pagination::answer(&PausePageView { items, links }, &header, capacity)
}

/// Show the pause of a site
///
/// Shows until when an admin paused a site, and why.
#[utoipa::path(
    tag = "programmes",
    params(Seeker),
    responses(
        (status = 200, description = "The pause.", body = PauseView),
        NotModified, ApiFailures, NoSuchThing, StorageFailures
    )
)]
#[get("/admin/pauses/{odsCode}")]
pub(crate) async fn show_admin_pause(
    request: HttpRequest,
    code: Seeker,
    _none: Params<NoParameters>,
    alongside: Data<Alongside>,
    clock: Data<Clock>,
) -> std::result::Result<HttpResponse, Problem> {
    let (code, today) = (code.0, clock.today());
    let (pause, name) = alongside
        .storage()
        .read(move |connection| {
            organisations::require(connection, code)?;
            let pause = capacity::pause_by(connection, code, PausedBy::Admin)?;
            let pause = pause.filter(|pause| pause.holds_on(today));
            let pause = pause.ok_or_else(|| Error::Missing {
                what: "pause",
                id: code.to_string(),
            })?;
            Ok((pause, names::of(connection, [code])?.remove(&code)))
        })
        .await?;
    let version = pause.version;
    let view = PauseView::new(code, pause, name);
    answer::versioned(&request, &view, version, PAUSE_BYTES)
}

/// Pause a site
///
/// Pauses a site until a day, or until further notice, with a reason that the site and the admins see. A paused site stays
/// visible and cannot be approached; what is open stays open. It says nothing of a pause by the site itself. `If-Match: *` pauses
/// whatever there is.
#[utoipa::path(
    tag = "programmes",
    params(Seeker, IfMatch),
    request_body = GivenPause,
    responses(
        (status = 200, description = "The pause.", body = PauseView),
        ApiFailures, BodyFailures, ConditionFailures, NoSuchThing, RuleBroken, StorageFailures
    )
)]
#[put("/admin/pauses/{odsCode}")]
pub(crate) async fn put_admin_pause(
    request: HttpRequest,
    code: Seeker,
    _none: Params<NoParameters>,
    expected: IfMatch,
    body: Body<GivenPause>,
    changing: Changing,
    alongside: Data<Alongside>,
) -> std::result::Result<HttpResponse, Problem> {
    let (code, at) = (code.0, changing.at);
    let given = body.0.check(at.date_naive())?;
    let change = changing.change("pause_site", Touches::Scoring);
    let (pause, name) = alongside
        .write_outcome(change, move |connection| {
            let paused = app::pause(connection, code, given, &expected.0, at)?;
            let name = names::of(connection, [code])?.remove(&code);
            Ok(paused.map(|pause| (pause, name)))
        })
        .await?;
    let version = pause.version;
    let view = PauseView::new(code, pause, name);
    answer::versioned(&request, &view, version, PAUSE_BYTES)
}

/// End the pause of a site
///
/// Takes back that an admin paused a site, which is told. A pause by the site itself stays.
#[utoipa::path(
    tag = "programmes",
    params(Seeker, IfMatch),
    responses(
        (status = 204, description = "The site is paused by no admin."),
        ApiFailures, ConditionFailures, NoSuchThing, StorageFailures
    )
)]
#[delete("/admin/pauses/{odsCode}")]
pub(crate) async fn remove_admin_pause(
    code: Seeker,
    _none: Params<NoParameters>,
    expected: IfMatch,
    changing: Changing,
    alongside: Data<Alongside>,
) -> std::result::Result<HttpResponse, Problem> {
    let (code, at) = (code.0, changing.at);
    let change = changing.change("resume_site", Touches::Scoring);
    alongside
        .write(change, move |connection| {
            app::resume(connection, code, &expected.0, at)
        })
        .await?;
    Ok(HttpResponse::NoContent().finish())
}
