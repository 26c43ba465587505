//! Check-ins: what each side says of how a partnership goes.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, get, post};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::app::Alongside;
use crate::app::partnerships::{self, SaidAtCheckIn};
use crate::domain::error::Result;
use crate::domain::partnership::{MAX_NOTE_CHARS, Usefulness};
use crate::http::access::{Asker, Rule};
use crate::http::body::Body;
use crate::http::changing::{Changing, IdempotencyKey, created, kept, made_once};
use crate::http::extract::{NoParameters, Params};
use crate::http::fields::{Faults, checked};
use crate::http::openapi::{
    ApiFailures, BodyFailures, Clash, NoSuchThing, RuleBroken, StorageFailures,
};
use crate::http::operation::Operation;
use crate::http::pagination::{self, PageOf};
use crate::http::partnership_parameters::CheckInList;
use crate::http::partnerships::{prose, side, slugs};
use crate::http::path::Id;
use crate::http::problem::Problem;
use crate::http::views::check_ins::{CheckInPageView, CheckInView};
use crate::http::views::text::TopicText;
use crate::random::Random;
use crate::storage::{Touches, check_ins, partnerships as kept_partnerships};

/// What is said of the operations of this file.
pub(crate) const OPERATIONS: &[Operation] = &[
    Operation::new("list_check_ins", Rule::Site)
        .answers(include_str!("examples/list_check_ins.json")),
    Operation::new("make_check_in", Rule::Site)
        .takes(
            r#"{"usefulness": 4, "learned": ["hepma"], "given": ["order_comms"], "note": "The visit to the wards helped most."}"#,
        )
        .answers(include_str!("examples/make_check_in.json")),
];

/// A rough size of one check-in, in bytes.
const CHECK_IN_BYTES: usize = 400;

/// What a side says of how a partnership goes.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = MakeCheckIn)]
pub(crate) struct GivenCheckIn {
    /// How useful it is to this side, from 1, not at all, to 5, very.
    #[schema(minimum = 1, maximum = 5)]
    usefulness: i64,
    /// The slugs of what this side learned.
    #[serde(default)]
    #[schema(max_items = 20, value_type = Vec<TopicText>)]
    learned: Vec<String>,
    /// The slugs of what this side gave.
    #[serde(default)]
    #[schema(max_items = 20, value_type = Vec<TopicText>)]
    given: Vec<String>,
    /// A remark, for the two sides alone.
    #[schema(max_length = 2000)]
    note: Option<String>,
}

impl GivenCheckIn {
    fn check(self) -> Result<SaidAtCheckIn> {
        let mut faults = Faults::default();
        let usefulness = Usefulness::new(self.usefulness);
        if usefulness.is_none() {
            faults.refuse("/usefulness", "is a whole number from 1 to 5");
        }
        let learned = slugs(&mut faults, "/learned", &self.learned);
        let given = slugs(&mut faults, "/given", &self.given);
        let note = prose(&mut faults, "/note", self.note, MAX_NOTE_CHARS);
        faults.finish()?;
        Ok(SaidAtCheckIn {
            usefulness: checked(usefulness)?,
            learned,
            given,
            note,
        })
    }
}

/// List check-ins
///
/// Lists what both sides said of how a partnership goes, the newest first.
#[utoipa::path(
    tag = "partnerships",
    params(Id, PageOf<CheckInList>),
    responses(
        (status = 200, description = "A page of check-ins.", body = CheckInPageView,
         headers(("Link" = String, description = "The first and the next page (RFC 8288)."))),
        ApiFailures, NoSuchThing, RuleBroken, StorageFailures
    )
)]
#[get("/partnerships/{id}/check-ins")]
pub(crate) async fn list_check_ins(
    request: HttpRequest,
    id: Id,
    parameters: Params<PageOf<CheckInList>>,
    asker: Asker,
    alongside: Data<Alongside>,
) -> std::result::Result<HttpResponse, Problem> {
    let (here, page) = (side(asker.0.role)?, parameters.0.0);
    let (limit, before) = (page.limit, page.after);
    let (found, has_more) = alongside
        .storage()
        .read(move |connection| {
            let partnership = kept_partnerships::find_for(connection, here, &id.0)?;
            check_ins::page(connection, &partnership.id, before, limit)
        })
        .await?;
    let last = found.last().filter(|_| has_more);
    let links = page.links(&request, last.map(|check_in| check_in.sequence));
    let header = links.header();
    let items: Vec<CheckInView> = found.into_iter().map(Into::into).collect();
    let capacity = CHECK_IN_BYTES * (items.len() + 1);
    pagination::answer(&CheckInPageView { items, links }, &header, capacity)
}

/// Make a check-in
///
/// Says how a partnership goes, while it lasts and until 90 days after its end. The other side and programme admins see how useful
/// it is and which topics passed; the note is for the two sides alone. A check-in is never changed: make another.
#[utoipa::path(
    tag = "partnerships",
    params(Id, IdempotencyKey),
    request_body = GivenCheckIn,
    responses(
        (status = 201, description = "The check-in.", body = CheckInView),
        ApiFailures, BodyFailures, NoSuchThing, Clash, RuleBroken, StorageFailures
    )
)]
#[post("/partnerships/{id}/check-ins")]
pub(crate) async fn make_check_in(
    id: Id,
    _none: Params<NoParameters>,
    key: IdempotencyKey,
    body: Body<GivenCheckIn>,
    changing: Changing,
    random: Data<Random>,
    alongside: Data<Alongside>,
) -> std::result::Result<HttpResponse, Problem> {
    let (here, at) = (side(changing.caller.role)?, changing.at);
    let claim = key.claim(&changing, &body.1);
    let said = (random.id()?, body.0.check()?);
    let location = format!("/api/v1/partnerships/{}/check-ins", id.0);
    let change = changing.change("make_check_in", Touches::Nothing);
    let (made, is_new) = made_once(&alongside, change, claim, move |connection| {
        let made = partnerships::check_in(connection, (here, &id.0), said, at)?;
        kept(&made.id.clone(), &CheckInView::from(made))
    })
    .await?;
    Ok(created(made, &location, is_new))
}
