//! Approaches: sending one, and seeing one's own. Answers to them are in [`approach_answers`](super::approach_answers).

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, get, post};
use chrono::NaiveDate;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::app::Alongside;
use crate::app::approaches::{NewApproach, send};
use crate::domain::approach::{ApproachKind, MAX_MESSAGE_CHARS, ProposedTopics};
use crate::domain::caller::Caller;
use crate::domain::choice::ChoiceAct;
use crate::domain::error::{Error, FieldError, Result};
use crate::domain::ids::OdsCode;
use crate::http::access::{Asker, Rule};
use crate::http::answer;
use crate::http::approach_parameters::ApproachParameters;
use crate::http::body::Body;
use crate::http::changing::{Changing, IdempotencyKey, created, kept, made_once};
use crate::http::clock::Clock;
use crate::http::extract::{NoParameters, Params};
use crate::http::fields::{Faults, checked};
use crate::http::openapi::{
    ApiFailures, BodyFailures, Clash, NoSuchOrganisation, NoSuchThing, NotModified, RuleBroken,
    StorageFailures,
};
use crate::http::operation::Operation;
use crate::http::pagination;
use crate::http::parameters::as_of;
use crate::http::path::Id;
use crate::http::problem::Problem;
use crate::http::proposed_topics::{GivenTopics, ReadTopics};
use crate::http::views::approaches::{ApproachPageView, ApproachView, Sides};
use crate::http::views::text::{ApproachKindName, Code, FolderName};
use crate::random::{Random, is_id};
use crate::storage::{Touches, approaches};

/// What is said of the operations of this file.
pub(crate) const OPERATIONS: &[Operation] = &[
    Operation::new("list_approaches", Rule::Site)
        .answers(include_str!("examples/list_approaches.json")),
    Operation::new("create_approach", Rule::Site)
        .takes(
            r#"{"to": "RJ7", "kind": "partnership", "message": "You went live with the same record a year before us.", "topics": {"learn": ["hepma"], "give": ["benefits"]}, "proposedStart": "2027-01-04", "proposedEnd": "2027-12-17"}"#,
        )
        .answers(include_str!("examples/create_approach.json")),
    Operation::new("show_approach", Rule::Site)
        .answers(include_str!("examples/show_approach.json")),
];

/// A rough size of one approach, in bytes.
pub(crate) const APPROACH_BYTES: usize = 1500;

/// What a site proposes to another.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = CreateApproach)]
pub(crate) struct GivenApproach {
    /// Whom: an organisation that exists and is active.
    #[schema(value_type = Code)]
    to: String,
    /// To talk, or to be partners for a time.
    #[schema(value_type = ApproachKindName)]
    kind: String,
    /// What the other side is to read; for the two sides alone.
    #[schema(max_length = 4000)]
    message: Option<String>,
    /// What about.
    #[serde(default)]
    topics: GivenTopics,
    /// From when, not before today.
    #[schema(max_length = 10, pattern = "^[0-9]{4}-[0-9]{2}-[0-9]{2}$")]
    proposed_start: Option<String>,
    /// Until when, not before the start.
    #[schema(max_length = 10, pattern = "^[0-9]{4}-[0-9]{2}-[0-9]{2}$")]
    proposed_end: Option<String>,
    /// The id of a partnership of the two, to go on with it or to take it up again.
    #[schema(max_length = 36)]
    renews: Option<String>,
}

impl GivenApproach {
    fn check(self, id: String, from: OdsCode) -> Result<(NewApproach, ReadTopics)> {
        let mut given = Faults::default();
        let to = given.read("/to", Some(&self.to));
        let kind: Option<ApproachKind> = given.read("/kind", Some(&self.kind));
        let message = given.prose("/message", self.message, MAX_MESSAGE_CHARS);
        let mut read = self.topics.check(&mut given);
        let mut day = |pointer, text: Option<String>| given.keep(pointer, as_of(text?.trim()));
        let proposed_start = day("/proposedStart", self.proposed_start);
        let proposed_end = day("/proposedEnd", self.proposed_end);
        if proposed_end.is_some_and(|end| proposed_start.is_some_and(|start| end < start)) {
            given.refuse("/proposedEnd", "is not before the start");
        }
        let renews = self.renews.map(|id| id.trim().to_ascii_lowercase());
        if renews.as_deref().is_some_and(|id| !is_id(id)) {
            given.refuse("/renews", "is the id of a partnership: a UUID");
        }
        given.finish()?;
        let topics: ProposedTopics = std::mem::take(&mut read.topics);
        let approach = NewApproach {
            id,
            from,
            to: checked(to)?,
            kind: checked(kind)?,
            message,
            topics,
            proposed_start,
            proposed_end,
            renews,
            seen: None,
            choice: None,
            programme: None,
        };
        Ok((approach, read))
    }
}

/// Refuses days that are over, which they were not when the same request was answered first.
fn not_past(new: &NewApproach, today: NaiveDate) -> Result<()> {
    let days = [
        ("/proposedStart", new.proposed_start),
        ("/proposedEnd", new.proposed_end),
    ];
    let past = days
        .into_iter()
        .filter(|(_, day)| day.is_some_and(|day| day < today))
        .map(|(pointer, _)| FieldError::new(pointer, "is not before today"));
    let past: Vec<FieldError> = past.collect();
    if past.is_empty() {
        Ok(())
    } else {
        Err(Error::Invalid(past))
    }
}

/// The site that calls; the rule of the operation let no other role through.
pub(crate) fn site(caller: &Caller) -> Result<OdsCode> {
    caller
        .role
        .site()
        .ok_or(Error::Forbidden("this is for sites alone"))
}

/// List approaches
///
/// Lists the approaches of the caller, the newest first, a page at a time: those to it, those by it, or those to it from sites that
/// it excludes. `state` is what has become of each by now; `openApproaches` says how many are open and how near the site is to the
/// limits of 10 by it and 10 to it. `seen` is what was known of the pair when the approach was sent, from the caller's side.
#[utoipa::path(
    tag = "choosing",
    params(ApproachParameters),
    responses(
        (status = 200, description = "A page of approaches.", body = ApproachPageView,
         headers(("Link" = String, description = "The first and the next page (RFC 8288)."))),
        ApiFailures, RuleBroken, StorageFailures
    )
)]
#[get("/approaches")]
pub(crate) async fn list_approaches(
    request: HttpRequest,
    parameters: Params<ApproachParameters>,
    asker: Asker,
    clock: Data<Clock>,
    alongside: Data<Alongside>,
) -> std::result::Result<HttpResponse, Problem> {
    let (here, now) = (site(&asker.0)?, clock.now());
    let ApproachParameters { query, page } = parameters.0;
    let place = (page.after, page.limit);
    let (found, has_more, sides, open) = alongside
        .storage()
        .read(move |connection| {
            let (found, has_more) = approaches::page(connection, here, query, now, place)?;
            let sides = Sides::load(connection, &found)?;
            let open = approaches::n_open(connection, here, now)?;
            Ok((found, has_more, sides, open))
        })
        .await?;
    let last = found.last().filter(|_| has_more);
    let links = page.links(&request, last.map(|approach| approach.sequence));
    let header = links.header();
    let items: Vec<ApproachView> = found
        .into_iter()
        .map(|approach| sides.view(approach, here, now))
        .collect();
    let capacity = APPROACH_BYTES * (items.len() + 1);
    let view = ApproachPageView {
        folder: FolderName(query.folder),
        items,
        open_approaches: open.into(),
        links,
    };
    pagination::answer(&view, &header, capacity)
}

/// Send an approach
///
/// Invites another site to a conversation or to a partnership. Both see it from now on, with what was known of the pair today; it
/// waits for an answer for 28 days. While it is open between the two, a second one, in either direction, is refused with
/// `/problems/approach-open` and the id of the first in `approach`. Refused too, each with its own `type`: `already-partners` (name
/// the partnership in `renews` to go on with it), `cooling-off` (90 days after a decline as not a fit), `no-capacity-yet` (after a
/// decline for want of capacity, until capacity returns), `site-paused`, `site-full`, `inbox-full` and `too-many-open` (10 open
/// approaches to a site, and by one), `too-soon` (5 to one site in a day), `organisation-closed` and `never-suggested` (itself, or whoever took over from it).
#[utoipa::path(
    tag = "choosing",
    params(IdempotencyKey),
    request_body = GivenApproach,
    responses(
        (status = 201, description = "The approach.", body = ApproachView),
        ApiFailures, BodyFailures, NoSuchOrganisation, Clash, RuleBroken, StorageFailures
    )
)]
#[post("/approaches")]
pub(crate) async fn create_approach(
    _none: Params<NoParameters>,
    key: IdempotencyKey,
    body: Body<GivenApproach>,
    changing: Changing,
    random: Data<Random>,
    alongside: Data<Alongside>,
) -> std::result::Result<HttpResponse, Problem> {
    let (here, at) = (site(&changing.caller)?, changing.at);
    let claim = key.claim(&changing, &body.1);
    let (mut new, topics) = body.0.check(random.id()?, here)?;
    // What refuses the pair counts only where the same request was not answered before.
    let seen = alongside.seen(here, new.to, at.date_naive());
    let programme = alongside.programme_of(here, at.date_naive());
    // Whoever goes on with a partner does not choose it of a list.
    if new.renews.is_none() {
        let pair = (here, new.to);
        new.choice = alongside.choice(ChoiceAct::Approached, pair, at).await?;
    }
    let change = changing.change("send_approach", Touches::Nothing);
    let (sent, is_new) = made_once(&alongside, change, claim, move |connection| {
        new.seen = seen?;
        new.programme = Some(programme?);
        not_past(&new, at.date_naive())?;
        topics.require(connection)?;
        let sent = send(connection, new, at)?;
        let sides = Sides::load(connection, std::slice::from_ref(&sent))?;
        let open = approaches::n_open(connection, here, at)?;
        kept(
            &sent.id.clone(),
            &sides.view(sent, here, at).announcing(open),
        )
    })
    .await?;
    let location = format!("/api/v1/approaches/{}", sent.id);
    Ok(created(sent, &location, is_new))
}

/// Show an approach
///
/// Shows one approach to either of the two sites; to others there is none. Its tag changes when it expires.
#[utoipa::path(
    tag = "choosing",
    params(Id),
    responses(
        (status = 200, description = "The approach.", body = ApproachView),
        NotModified, ApiFailures, NoSuchThing, StorageFailures
    )
)]
#[get("/approaches/{id}")]
pub(crate) async fn show_approach(
    request: HttpRequest,
    id: Id,
    _none: Params<NoParameters>,
    asker: Asker,
    clock: Data<Clock>,
    alongside: Data<Alongside>,
) -> std::result::Result<HttpResponse, Problem> {
    let (here, now) = (site(&asker.0)?, clock.now());
    let (approach, sides) = alongside
        .storage()
        .read(move |connection| {
            let approach = approaches::find_for(connection, here, &id.0)?;
            let sides = Sides::load(connection, std::slice::from_ref(&approach))?;
            Ok((approach, sides))
        })
        .await?;
    let version = approach.version;
    let view = sides.view(approach, here, now);
    answer::versioned(&request, &view, version, APPROACH_BYTES)
}
