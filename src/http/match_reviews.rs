//! What programme admins make of matches: whose one is to look after, comments, and what came of a review. None of it
//! changes what the two sites agreed, and sites see none of it.

use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, get, post, put};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::app::Alongside;
use crate::app::board::{BulkAction, bulk};
use crate::domain::board::{
    Comment, MAX_BULK, MAX_COMMENT_CHARS, MAX_REASON_CHARS, Resolution, Resolved, Review,
};
use crate::domain::error::{Error, Result};
use crate::http::access::Rule;
use crate::http::answer;
use crate::http::body::Body;
use crate::http::changing::{Changing, IdempotencyKey, created, kept, made_once, whether_new};
use crate::http::conditional::IfMatch;
use crate::http::extract::{NoParameters, Params};
use crate::http::fields::{Faults, checked};
use crate::http::match_parameters::CommentPage;
use crate::http::openapi::{
    ApiFailures, BodyFailures, Clash, ConditionFailures, NoSuchThing, RuleBroken, StorageFailures,
};
use crate::http::operation::Operation;
use crate::http::pagination;
use crate::http::path::Id;
use crate::http::problem::Problem;
use crate::http::views::matches::{CommentPageView, CommentView, ReviewView};
use crate::random::{Random, is_id};
use crate::storage::idempotency::{self, Created};
use crate::storage::{Outcome, Touches, match_reviews};

/// What is said of the operations of this file.
pub(crate) const OPERATIONS: &[Operation] = &[
    Operation::new("assign_match", Rule::Admin)
        .takes(r#"{"assignee": null}"#)
        .answers(include_str!("examples/assign_match.json")),
    Operation::new("list_match_comments", Rule::Staff)
        .answers(include_str!("examples/list_match_comments.json")),
    Operation::new("comment_on_match", Rule::Admin)
        .takes(r#"{"text": "Both asked for the same week; the regional lead knows."}"#)
        .answers(include_str!("examples/comment_on_match.json")),
    Operation::new("resolve_match", Rule::Admin)
        .takes(r#"{"resolution": "followed_up", "reason": "Talked to both; they will meet in January."}"#)
        .answers(include_str!("examples/resolve_match.json")),
    Operation::new("reopen_match", Rule::Admin)
        .answers(include_str!("examples/reopen_match.json")),
    Operation::new("change_matches", Rule::Admin)
        .takes(
            r#"{"ids": ["00000000-0000-4000-8000-000000000001", "00000000-0000-4000-8000-0000000000ff"], "action": "resolve", "resolution": "reviewed", "reason": "Looked through at the monthly meeting."}"#,
        )
        .answers(include_str!("examples/change_matches.json")),
];

/// A rough size of one review, or of one comment, in bytes.
const REVIEW_BYTES: usize = 600;

/// Whose a match is to look after.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = AssignMatch)]
pub(crate) struct GivenAssignment {
    /// The id of a programme admin's key; null for nobody.
    #[schema(max_length = 36)]
    assignee: Option<String>,
}

/// A comment.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = CommentOnMatch)]
pub(crate) struct GivenComment {
    /// What to say, for admins and viewers.
    #[schema(max_length = 2000)]
    text: String,
}

/// What came of a review.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = ResolveMatch)]
pub(crate) struct GivenResolution {
    /// `reviewed`, `followed_up`, `no_action` or `duplicate`.
    #[schema(max_length = 20)]
    resolution: String,
    /// Why, for admins and viewers.
    #[schema(max_length = 1000)]
    reason: String,
}

fn read_assignee(given: &mut Faults, assignee: Option<&str>) -> Option<String> {
    let id = assignee?.trim();
    if !is_id(id) {
        given.refuse("/assignee", "is not an id: a UUID");
    }
    Some(id.to_ascii_lowercase())
}

fn read_resolution(
    given: &mut Faults,
    resolution: Option<&str>,
    reason: Option<String>,
) -> (Option<Resolution>, Option<String>) {
    let read = (
        given.read("/resolution", resolution),
        given.text("/reason", reason, MAX_REASON_CHARS),
    );
    if resolution.is_none() {
        given.refuse("/resolution", "is missing");
    }
    read
}

/// Answers with a review under the version that a change of it names.
fn shown(request: &HttpRequest, review: Review) -> std::result::Result<HttpResponse, Problem> {
    let version = review.version;
    answer::versioned(request, &ReviewView::from(review), version, REVIEW_BYTES)
}

/// Assign a match
///
/// Gives a match to a programme admin to look after, or to nobody. `If-Match` names the tag of the match or of the last answer
/// about its review. Nothing that the two sites agreed changes.
#[utoipa::path(
    tag = "matches",
    params(Id, IfMatch),
    request_body = GivenAssignment,
    responses(
        (status = 200, description = "The review.", body = ReviewView),
        ApiFailures, BodyFailures, ConditionFailures, NoSuchThing, RuleBroken, StorageFailures
    )
)]
#[put("/admin/matches/{id}/assignment")]
pub(crate) async fn assign_match(
    request: HttpRequest,
    id: Id,
    _none: Params<NoParameters>,
    expected: IfMatch,
    body: Body<GivenAssignment>,
    changing: Changing,
    alongside: Data<Alongside>,
) -> std::result::Result<HttpResponse, Problem> {
    let mut given = Faults::default();
    let assignee = read_assignee(&mut given, body.0.assignee.as_deref());
    given.finish()?;
    let at = changing.at;
    let change = changing.change("assign_match", Touches::Nothing);
    let review = alongside
        .write_outcome(change, move |connection| {
            match_reviews::assign(connection, &id.0, assignee, &expected.0, at)
        })
        .await?;
    shown(&request, review)
}

/// Resolve a match
///
/// Says what came of the review of a match, and why. Nothing that the two sites agreed changes. A match that is resolved has to be
/// opened again before it is resolved otherwise.
#[utoipa::path(
    tag = "matches",
    params(Id),
    request_body = GivenResolution,
    responses(
        (status = 200, description = "The review.", body = ReviewView),
        ApiFailures, BodyFailures, NoSuchThing, Clash, RuleBroken, StorageFailures
    )
)]
#[post("/admin/matches/{id}/resolve")]
pub(crate) async fn resolve_match(
    request: HttpRequest,
    id: Id,
    _none: Params<NoParameters>,
    body: Body<GivenResolution>,
    changing: Changing,
    alongside: Data<Alongside>,
) -> std::result::Result<HttpResponse, Problem> {
    let mut given = Faults::default();
    let said = read_resolution(&mut given, Some(&body.0.resolution), Some(body.0.reason));
    given.finish()?;
    let resolved = Resolved {
        resolution: checked(said.0)?,
        reason: checked(said.1)?,
        by: changing.caller.id.to_string(),
        at: changing.at,
    };
    let change = changing.change("resolve_match", Touches::Nothing);
    let (review, _) = alongside
        .write(change, move |connection| {
            match_reviews::resolve(connection, &id.0, resolved)
        })
        .await?;
    shown(&request, review)
}

/// Reopen a match
///
/// Takes back that a match was resolved.
#[utoipa::path(
    tag = "matches",
    params(Id),
    responses(
        (status = 200, description = "The review.", body = ReviewView),
        ApiFailures, NoSuchThing, Clash, StorageFailures
    )
)]
#[post("/admin/matches/{id}/reopen")]
pub(crate) async fn reopen_match(
    request: HttpRequest,
    id: Id,
    _none: Params<NoParameters>,
    changing: Changing,
    alongside: Data<Alongside>,
) -> std::result::Result<HttpResponse, Problem> {
    let change = changing.change("reopen_match", Touches::Nothing);
    let (review, _) = alongside
        .write(change, move |connection| {
            match_reviews::reopen(connection, &id.0)
        })
        .await?;
    shown(&request, review)
}

/// List the comments on a match
///
/// Lists what admins wrote under a match, the first first, a page at a time. Sites see none of it.
#[utoipa::path(
    tag = "matches",
    params(Id, CommentPage),
    responses(
        (status = 200, description = "A page of comments.", body = CommentPageView,
         headers(("Link" = String, description = "The first and the next page (RFC 8288)."))),
        ApiFailures, NoSuchThing, RuleBroken, StorageFailures
    )
)]
#[get("/admin/matches/{id}/comments")]
pub(crate) async fn list_match_comments(
    request: HttpRequest,
    id: Id,
    parameters: Params<CommentPage>,
    alongside: Data<Alongside>,
) -> std::result::Result<HttpResponse, Problem> {
    let page = parameters.0.0;
    let (after, limit) = (page.after, page.limit);
    let (comments, has_more) = alongside
        .storage()
        .read(move |connection| match_reviews::comments(connection, &id.0, after, limit))
        .await?;
    let last = comments.last().filter(|_| has_more);
    let links = page.links(&request, last.map(|comment| comment.sequence));
    let header = links.header();
    let items: Vec<CommentView> = comments.into_iter().map(Into::into).collect();
    let capacity = REVIEW_BYTES * (items.len() + 1);
    pagination::answer(&CommentPageView { items, links }, &header, capacity)
}

/// Comment on a match
///
/// Writes something under a match, for admins and viewers. Sites see none of it.
#[utoipa::path(
    tag = "matches",
    params(Id, IdempotencyKey),
    request_body = GivenComment,
    responses(
        (status = 201, description = "The comment.", body = CommentView),
        ApiFailures, BodyFailures, NoSuchThing, RuleBroken, StorageFailures
    )
)]
#[post("/admin/matches/{id}/comments")]
pub(crate) async fn comment_on_match(
    id: Id,
    _none: Params<NoParameters>,
    key: IdempotencyKey,
    body: Body<GivenComment>,
    changing: Changing,
    random: Data<Random>,
    alongside: Data<Alongside>,
) -> std::result::Result<HttpResponse, Problem> {
    let claim = key.claim(&changing, &body.1);
    let mut given = Faults::default();
    let text = given.text("/text", Some(body.0.text), MAX_COMMENT_CHARS);
    given.finish()?;
    let location = format!("/api/v1/admin/matches/{}/comments", id.0);
    let comment = Comment {
        id: random.id()?,
        sequence: 0,
        match_id: id.0,
        author: changing.caller.id.to_string(),
        made_at: changing.at,
        text: checked(text)?,
    };
    let change = changing.change("comment_on_match", Touches::Nothing);
    let (comment, is_new) = made_once(&alongside, change, claim, move |connection| {
        let comment = match_reviews::comment(connection, comment)?;
        kept(&comment.id.clone(), &CommentView::from(comment))
    })
    .await?;
    Ok(created(comment, &location, is_new))
}

/// What to do to many matches.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = ChangeMatches)]
pub(crate) struct GivenBulk {
    /// Which: 1 to 200 ids, each once.
    #[schema(min_items = 1, max_items = 200)]
    ids: Vec<String>,
    /// `assign`, `resolve` or `comment`.
    #[schema(max_length = 20)]
    action: String,
    /// To assign: the id of a programme admin's key; left out or null for nobody.
    #[schema(max_length = 36)]
    assignee: Option<String>,
    /// To resolve: `reviewed`, `followed_up`, `no_action` or `duplicate`.
    #[schema(max_length = 20)]
    resolution: Option<String>,
    /// To resolve: why.
    #[schema(max_length = 1000)]
    reason: Option<String>,
    /// To comment: what to say.
    #[schema(max_length = 2000)]
    text: Option<String>,
}

impl GivenBulk {
    fn check(self) -> Result<(Vec<String>, BulkAction)> {
        let mut given = Faults::default();
        let ids = read_ids(&mut given, &self.ids);
        let fields = [
            ("/assignee", self.assignee.is_some(), "assign"),
            ("/resolution", self.resolution.is_some(), "resolve"),
            ("/reason", self.reason.is_some(), "resolve"),
            ("/text", self.text.is_some(), "comment"),
        ];
        for (pointer, is_given, action) in fields {
            if is_given && self.action != action {
                given.refuse(pointer, format!("is for the action {action} alone"));
            }
        }
        let action = match self.action.as_str() {
            "assign" => {
                let assignee = read_assignee(&mut given, self.assignee.as_deref());
                Some(BulkAction::Assign(assignee))
            }
            "resolve" => {
                if self.reason.is_none() {
                    given.refuse("/reason", "is missing");
                }
                let (resolution, reason) =
                    read_resolution(&mut given, self.resolution.as_deref(), self.reason);
                resolution
                    .zip(reason)
                    .map(|(resolution, reason)| BulkAction::Resolve(resolution, reason))
            }
            "comment" => {
                if self.text.is_none() {
                    given.refuse("/text", "is missing");
                }
                let text = given.text("/text", self.text, MAX_COMMENT_CHARS);
                text.map(BulkAction::Comment)
            }
            _ => {
                given.refuse("/action", "is one of: assign, resolve, comment");
                None
            }
        };
        given.finish()?;
        Ok((ids, checked(action)?))
    }
}

fn read_ids(given: &mut Faults, asked: &[String]) -> Vec<String> {
    if asked.is_empty() || asked.len() > MAX_BULK {
        given.refuse("/ids", format!("are 1 to {MAX_BULK} ids"));
        return Vec::new();
    }
    let mut ids: Vec<String> = Vec::with_capacity(asked.len());
    for (at, id) in asked.iter().enumerate() {
        let id = id.trim().to_ascii_lowercase();
        if !is_id(&id) {
            given.refuse(format!("/ids/{at}"), "is not an id: a UUID");
        } else if ids.contains(&id) {
            given.refuse(format!("/ids/{at}"), "is given twice");
        }
        ids.push(id);
    }
    ids
}

/// What came of one match of many.
#[derive(Serialize, ToSchema)]
#[schema(as = ChangedMatch)]
struct BulkItemView {
    /// Which.
    #[schema(max_length = 36)]
    id: String,
    /// The status that the change of this one alone would have had.
    #[schema(minimum = 200, maximum = 599)]
    status: u16,
    /// Why it was refused; null where it was done.
    #[schema(required)]
    problem: Option<RefusalView>,
}

/// Why one was refused.
#[derive(Serialize, ToSchema)]
#[schema(as = Refusal)]
struct RefusalView {
    /// What went wrong, as a stable reference that a program can match.
    #[serde(rename = "type")]
    #[schema(max_length = 100)]
    reference: String,
    /// What to tell a person.
    #[schema(max_length = 1000)]
    detail: String,
}

/// What came of many.
#[derive(Serialize, ToSchema)]
#[schema(as = ChangedMatches)]
struct BulkView {
    /// One for each id, in the order given.
    #[schema(max_items = 200)]
    items: Vec<BulkItemView>,
}

impl BulkItemView {
    fn new(id: String, outcome: std::result::Result<(), Error>) -> Self {
        let problem = outcome.err().map(Problem::from);
        Self {
            id,
            status: problem
                .as_ref()
                .map_or(200, |problem| problem.kind.status().as_u16()),
            problem: problem.map(|problem| RefusalView {
                reference: problem.kind.reference().to_owned(),
                detail: problem.detail().to_owned(),
            }),
        }
    }
}

/// Change many matches
///
/// Assigns, resolves or comments on many matches at once, in one transaction. Each has an outcome of its own: what is refused
/// of one leaves nothing of it, and the others are done. Nothing that sites agreed changes.
#[utoipa::path(
    tag = "matches",
    params(IdempotencyKey),
    request_body = GivenBulk,
    responses(
        (status = 207, description = "What came of each.", body = BulkView),
        ApiFailures, BodyFailures, RuleBroken, StorageFailures
    )
)]
#[post("/admin/matches/bulk")]
pub(crate) async fn change_matches(
    _none: Params<NoParameters>,
    key: IdempotencyKey,
    body: Body<GivenBulk>,
    changing: Changing,
    random: Data<Random>,
    alongside: Data<Alongside>,
) -> std::result::Result<HttpResponse, Problem> {
    let claim = key.claim(&changing, &body.1);
    let (ids, action) = body.0.check()?;
    let (by, at) = (changing.caller.id.to_string(), changing.at);
    let change = changing.change("change_matches", Touches::Nothing);
    let (answer, is_new) = alongside
        .write_outcome(change, move |connection| {
            let mut is_changed = true;
            let made = idempotency::once(connection, claim.as_ref(), |connection| {
                let outcome = bulk(connection, &random, &action, &ids, (&by, at))?;
                is_changed = matches!(outcome, Outcome::Changed(_));
                let items = outcome.into_inner().into_iter();
                let items = items.map(|(id, outcome)| BulkItemView::new(id, outcome));
                kept(
                    ids.first().map_or("", String::as_str),
                    &BulkView {
                        items: items.collect(),
                    },
                )
            })?;
            Ok(match whether_new(made) {
                Outcome::Changed(made) if !is_changed => Outcome::Unchanged(made),
                made => made,
            })
        })
        .await?;
    Ok(multi_status(answer, is_new))
}

/// Answers 207 with what came of each; `is_new` is false where the same request was answered before.
fn multi_status(answer: Created, is_new: bool) -> HttpResponse {
    let mut response = HttpResponse::MultiStatus();
    if !is_new {
        response.insert_header((
            HeaderName::from_static("idempotency-replayed"),
            HeaderValue::from_static("true"),
        ));
    }
    response.content_type("application/json").body(answer.body)
}
