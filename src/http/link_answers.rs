//! What the other side says to a link: that it is so, or that it is not.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, post};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::app::Alongside;
use crate::domain::ids::OdsCode;
use crate::domain::version::Expected;
use crate::http::access::Rule;
use crate::http::body::Body;
use crate::http::changing::Changing;
use crate::http::conditional::{IfMatch, if_given};
use crate::http::extract::{NoParameters, Params, Seeker};
use crate::http::fields::Faults;
use crate::http::links::{note, shown};
use crate::http::openapi::{
    ApiFailures, BodyFailures, Clash, NoSuchThing, RuleBroken, StorageFailures,
};
use crate::http::operation::Operation;
use crate::http::path::Id;
use crate::http::problem::Problem;
use crate::http::views::links::{Around, LinkRecordView};
use crate::storage::links::{self, Answer};
use crate::storage::{Outcome, Touches};

/// What is said of the operations of this file.
pub(crate) const OPERATIONS: &[Operation] = &[
    Operation::new("confirm_link", Rule::Own).answers(include_str!("examples/confirm_link.json")),
    Operation::new("dispute_link", Rule::Own)
        .takes(r#"{"reason": "The visit was called off."}"#)
        .answers(include_str!("examples/dispute_link.json")),
];

/// The longest reason, in characters.
const MAX_REASON_CHARS: usize = 1000;

/// Confirm a link
///
/// Agrees with a link that the other side declared, which then counts in full; or takes back the organisation's own dispute of
/// a link. Confirming again changes nothing. With `If-Match` it is refused where the link was changed meanwhile; without, it
/// confirms the link as it is.
#[utoipa::path(
    tag = "relations",
    params(Seeker, Id),
    responses(
        (status = 200, description = "The link.", body = LinkRecordView),
        ApiFailures, NoSuchThing, Clash, StorageFailures
    )
)]
#[post("/organisations/{odsCode}/links/{id}/confirm")]
pub(crate) async fn confirm_link(
    request: HttpRequest,
    code: Seeker,
    id: Id,
    _none: Params<NoParameters>,
    expected: Result<IfMatch, Problem>,
    changing: Changing,
    alongside: Data<Alongside>,
) -> Result<HttpResponse, Problem> {
    let place = (code.0, id.0);
    let expected = if_given(expected)?;
    answer_link(
        &request,
        &alongside,
        changing,
        place,
        Answer::Confirm,
        expected,
    )
    .await
}

/// Why a link is disputed.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = DisputeLink)]
pub(crate) struct GivenDispute {
    /// The reason, for the two ends alone. It never names a person.
    #[schema(max_length = 1000)]
    reason: Option<String>,
}

/// Dispute a link
///
/// Denies a link that the other side declared, or one that a publication names, which then does not count. Confirming it takes
/// that back. With `If-Match` it is refused where the link was changed meanwhile; without, it disputes the link as it is.
#[utoipa::path(
    tag = "relations",
    params(Seeker, Id),
    request_body = GivenDispute,
    responses(
        (status = 200, description = "The link.", body = LinkRecordView),
        ApiFailures, BodyFailures, NoSuchThing, Clash, RuleBroken, StorageFailures
    )
)]
#[post("/organisations/{odsCode}/links/{id}/dispute")]
#[expect(clippy::too_many_arguments, reason = "each is a part of the request")]
pub(crate) async fn dispute_link(
    request: HttpRequest,
    code: Seeker,
    id: Id,
    _none: Params<NoParameters>,
    expected: Result<IfMatch, Problem>,
    body: Body<GivenDispute>,
    changing: Changing,
    alongside: Data<Alongside>,
) -> Result<HttpResponse, Problem> {
    let mut given = Faults::default();
    let reason = given.text("/reason", body.0.reason, MAX_REASON_CHARS);
    given.finish()?;
    let place = (code.0, id.0);
    let expected = if_given(expected)?;
    let dispute = Answer::Dispute(reason);
    answer_link(&request, &alongside, changing, place, dispute, expected).await
}

async fn answer_link(
    request: &HttpRequest,
    alongside: &Alongside,
    changing: Changing,
    (here, id): (OdsCode, String),
    said: Answer,
    expected: Expected,
) -> Result<HttpResponse, Problem> {
    let action = match said {
        Answer::Confirm => "confirm_link",
        Answer::Dispute(_) => "dispute_link",
    };
    let at = changing.at;
    let change = changing.change(action, Touches::Scoring);
    let (record, around) = alongside
        .write_outcome(change, move |connection| {
            let outcome = links::answer(connection, (here, &id), said, &expected, at)?;
            if let Outcome::Changed((before, after)) = &outcome {
                note(connection, here, Some(before), Some(after));
            }
            let is_changed = matches!(outcome, Outcome::Changed(_));
            let (_, after) = outcome.into_inner();
            let around = Around::load(connection, std::slice::from_ref(&after))?;
            let shown = (after, around);
            Ok(if is_changed {
                Outcome::Changed(shown)
            } else {
                Outcome::Unchanged(shown)
            })
        })
        .await?;
    shown(request, record, &around, here, &changing)
}
