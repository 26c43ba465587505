//! What the two sides make of an approach: the recipient accepts or declines it, the sender withdraws it. Nobody else does any of
//! this, whatever their role (DESIGN 6).

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, post};
use chrono::{DateTime, Utc};
use serde::Deserialize;
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use crate::app::Alongside;
use crate::app::agreements::{Acceptance, Agreed, AgreementIds, accept, decline, withdraw};
use crate::domain::approach::{Approach, ApproachReason};
use crate::domain::error::Error;
use crate::domain::ids::OdsCode;
use crate::domain::partnership::MAX_GOALS_CHARS;
use crate::http::access::Rule;
use crate::http::answer;
use crate::http::approaches::{APPROACH_BYTES, site};
use crate::http::body::OptionalBody;
use crate::http::changing::{Changing, IdempotencyKey, created, kept, made_once};
use crate::http::conditional::{IfMatch, if_given};
use crate::http::extract::{NoParameters, Params};
use crate::http::fields::Faults;
use crate::http::openapi::{
    ApiFailures, BodyFailures, Clash, NoSuchThing, RuleBroken, StorageFailures,
};
use crate::http::operation::Operation;
use crate::http::path::Id;
use crate::http::problem::Problem;
use crate::http::proposed_topics::GivenTopics;
use crate::http::views::approaches::{ApproachView, OpenedView, Sides};
use crate::random::Random;
use crate::storage::idempotency::{Created, Made};
use crate::storage::{Connection, Touches};

/// What is said of the operations of this file.
pub(crate) const OPERATIONS: &[Operation] = &[
    Operation::new("accept_approach", Rule::Site)
        .takes(
            r#"{"goals": "Electronic prescribing on every ward by the end of the year.", "topics": {"learn": ["order_comms"]}}"#,
        )
        .answers(include_str!("examples/accept_approach.json")),
    Operation::new("decline_approach", Rule::Site)
        .takes(r#"{"reason": "timing"}"#)
        .answers(include_str!("examples/decline_approach.json")),
    Operation::new("withdraw_approach", Rule::Site)
        .answers(include_str!("examples/withdraw_approach.json")),
];

/// What the recipient adds when it accepts; nothing has to be.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = AcceptApproach)]
pub(crate) struct GivenAcceptance {
    /// What the partnership is for; for the two sides alone.
    #[schema(max_length = 4000)]
    goals: Option<String>,
    /// What else the recipient would learn and give.
    #[serde(default)]
    topics: GivenTopics,
}

/// Why the recipient declines; it need not say.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = DeclineApproach)]
pub(crate) struct GivenDecline {
    /// The reason: `no_capacity`, `timing`, `not_a_fit`, `other_partner` or `prefer_not_to_say`. The sender sees it, and so do
    /// programme admins. `not_a_fit` lets the sender ask again after 90 days, `no_capacity` once capacity returns.
    #[schema(value_type = Option<DeclineReason>)]
    reason: Option<String>,
}

/// A reason that a site may give, for the document.
struct DeclineReason;

impl PartialSchema for DeclineReason {
    fn schema() -> RefOr<Schema> {
        let reasons = ApproachReason::OF_A_SITE.map(ApproachReason::as_str);
        ObjectBuilder::new()
            .schema_type(Type::String)
            .description(Some("Why a site declines."))
            .enum_values(Some(reasons))
            .into()
    }
}

impl ToSchema for DeclineReason {}

impl GivenDecline {
    fn check(self) -> Result<Option<ApproachReason>, Error> {
        let mut given = Faults::default();
        let reason = given.read("/reason", self.reason.as_deref());
        if reason.is_some_and(|reason| !ApproachReason::OF_A_SITE.contains(&reason)) {
            given.refuse("/reason", "is a reason of a merger, which no site gives");
        }
        given.finish()?;
        Ok(reason)
    }
}

/// Accept an approach
///
/// Agrees to what was proposed, for the recipient alone. A `partnership` is opened in the same moment, its first day the proposed
/// one or today where that is later, and becomes a link between the two; the answer is the partnership. A `conversation` becomes a
/// link of today. To go on with a partnership that lasts moves its planned end and adds the topics; the answer is the approach then.
/// Both sides need a place: `/problems/site-full` says whose is missing. A second answer is refused with
/// `/problems/approach-answered`; the same one with the same `Idempotency-Key` gets the first answer again. With `If-Match` it is
/// refused where the approach was changed meanwhile.
#[utoipa::path(
    tag = "choosing",
    params(Id, IdempotencyKey),
    request_body = Option<GivenAcceptance>,
    responses(
        (status = 200, description = "The approach, where no partnership was opened.", body = ApproachView),
        (status = 201, description = "The partnership.", body = OpenedView),
        ApiFailures, BodyFailures, NoSuchThing, Clash, RuleBroken, StorageFailures
    )
)]
#[post("/approaches/{id}/accept")]
#[expect(clippy::too_many_arguments, reason = "each is a part of the request")]
pub(crate) async fn accept_approach(
    id: Id,
    key: IdempotencyKey,
    _none: Params<NoParameters>,
    expected: Result<IfMatch, Problem>,
    body: OptionalBody<GivenAcceptance>,
    changing: Changing,
    random: Data<Random>,
    alongside: Data<Alongside>,
) -> Result<HttpResponse, Problem> {
    let (here, at) = (site(&changing.caller)?, changing.at);
    let expected = if_given(expected)?;
    let mut given = Faults::default();
    let goals = given.prose("/goals", body.0.goals, MAX_GOALS_CHARS);
    let mut topics = body.0.topics.check(&mut given);
    given.finish()?;
    let acceptance = Acceptance {
        goals,
        topics: std::mem::take(&mut topics.topics),
    };
    let ids = AgreementIds::new(&random)?;
    let claim = key.claim(&changing, &body.1);
    let change = changing.change("accept_approach", Touches::Scoring);
    let (made, is_new) = made_once(&alongside, change, claim, move |connection| {
        topics.require(connection)?;
        let place = (here, id.0.as_str());
        let agreed = accept(connection, place, acceptance, &expected, ids, at)?;
        let sides = Sides::load(connection, std::slice::from_ref(agreed.approach()))?;
        made_of(agreed, &sides, here, at)
    })
    .await?;
    let location = format!("/api/v1/partnerships/{}", made.id);
    Ok(created(made, &location, is_new))
}

/// The answer to an acceptance: the partnership that it opened, else the approach.
fn made_of(
    agreed: Agreed,
    sides: &Sides,
    here: OdsCode,
    at: DateTime<Utc>,
) -> Result<Created, Error> {
    match agreed {
        Agreed::Opened(_, partnership) => {
            let (id, version) = (partnership.id.clone(), partnership.version);
            Ok(Created {
                version,
                ..kept(&id, &sides.opened(partnership, here))?
            })
        }
        Agreed::Renewed(approach, _) | Agreed::Conversation(approach) => {
            let (id, version) = (approach.id.clone(), approach.version);
            Ok(Created {
                made: Made::Changed,
                version,
                ..kept(&id, &sides.view(approach, here, at))?
            })
        }
    }
}

/// Decline an approach
///
/// Says no, for the recipient alone. The sender sees it, with the reason where one is given. With `If-Match` it is refused where the
/// approach was changed meanwhile.
#[utoipa::path(
    tag = "choosing",
    params(Id),
    request_body = Option<GivenDecline>,
    responses(
        (status = 200, description = "The approach.", body = ApproachView),
        ApiFailures, BodyFailures, NoSuchThing, Clash, RuleBroken, StorageFailures
    )
)]
#[post("/approaches/{id}/decline")]
pub(crate) async fn decline_approach(
    request: HttpRequest,
    id: Id,
    _none: Params<NoParameters>,
    expected: Result<IfMatch, Problem>,
    body: OptionalBody<GivenDecline>,
    changing: Changing,
    alongside: Data<Alongside>,
) -> Result<HttpResponse, Problem> {
    let expected = if_given(expected)?;
    let reason = body.0.check()?;
    let at = changing.at;
    let answer = move |connection: &mut Connection, here: OdsCode| {
        decline(connection, (here, &id.0), reason, &expected, at)
    };
    answered(&request, &alongside, changing, "decline_approach", answer).await
}

/// Withdraw an approach
///
/// Takes back what was proposed, for the sender alone, while nobody has answered it. With `If-Match` it is refused where the approach
/// was changed meanwhile.
#[utoipa::path(
    tag = "choosing",
    params(Id),
    responses(
        (status = 200, description = "The approach.", body = ApproachView),
        ApiFailures, NoSuchThing, Clash, StorageFailures
    )
)]
#[post("/approaches/{id}/withdraw")]
pub(crate) async fn withdraw_approach(
    request: HttpRequest,
    id: Id,
    _none: Params<NoParameters>,
    expected: Result<IfMatch, Problem>,
    changing: Changing,
    alongside: Data<Alongside>,
) -> Result<HttpResponse, Problem> {
    let expected = if_given(expected)?;
    let at = changing.at;
    let answer = move |connection: &mut Connection, here: OdsCode| {
        withdraw(connection, (here, &id.0), &expected, at)
    };
    answered(&request, &alongside, changing, "withdraw_approach", answer).await
}

/// Answers an approach in one transaction, and shows what became of it.
async fn answered(
    request: &HttpRequest,
    alongside: &Alongside,
    changing: Changing,
    action: &'static str,
    answer: impl FnOnce(&mut Connection, OdsCode) -> Result<Approach, Error> + Send + 'static,
) -> Result<HttpResponse, Problem> {
    let here = site(&changing.caller)?;
    let change = changing.change(action, Touches::Nothing);
    let ((approach, sides), _) = alongside
        .write(change, move |connection| {
            let approach = answer(connection, here)?;
            let sides = Sides::load(connection, std::slice::from_ref(&approach))?;
            Ok((approach, sides))
        })
        .await?;
    shown(request, approach, &sides, here, &changing)
}

fn shown(
    request: &HttpRequest,
    approach: Approach,
    sides: &Sides,
    here: OdsCode,
    changing: &Changing,
) -> Result<HttpResponse, Problem> {
    let version = approach.version;
    let view = sides.view(approach, here, changing.at);
    answer::versioned(request, &view, version, APPROACH_BYTES)
}
