//! How much a site takes on: its places, which it declares itself.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, delete, get, put};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::app::Alongside;
use crate::app::approaches::capacity_of;
use crate::domain::caller::Role;
use crate::domain::capacity::{MAX_PLACES, Places};
use crate::domain::error::Error;
use crate::domain::ids::OdsCode;
use crate::domain::version::Expected;
use crate::http::access::{Asker, Rule};
use crate::http::answer;
use crate::http::body::Body;
use crate::http::changing::Changing;
use crate::http::clock::Clock;
use crate::http::conditional::IfMatch;
use crate::http::extract::{NoParameters, Params, Seeker};
use crate::http::fields::Faults;
use crate::http::openapi::{
    ApiFailures, BodyFailures, ConditionFailures, NoSuchOrganisation, NotModified, RuleBroken,
    StorageFailures,
};
use crate::http::operation::Operation;
use crate::http::problem::Problem;
use crate::http::views::capacity::{CapacityView, Looker};
use crate::storage::{Outcome, Touches, capacity};

/// What is said of the operations of this file.
pub(crate) const OPERATIONS: &[Operation] = &[
    Operation::new("show_capacity", Rule::Anyone)
        .answers(include_str!("examples/show_capacity.json")),
    Operation::new("put_capacity", Rule::Own)
        .takes(r#"{"partnershipPlaces": 2, "conversationPlaces": 6}"#)
        .answers(include_str!("examples/put_capacity.json")),
    Operation::new("forget_capacity", Rule::Own),
];

/// A rough size of the answer, in bytes.
const CAPACITY_BYTES: usize = 512;

/// The places of a site.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = DeclareCapacity)]
pub(crate) struct GivenPlaces {
    /// Partnerships at one time, a whole number from 0 to 100; null or left out is undeclared, which means 3.
    #[schema(minimum = 0, maximum = 100, value_type = Option<u32>)]
    partnership_places: Option<f64>,
    /// Conversations within 90 days, a whole number from 0 to 100; null or left out is undeclared, which sets no bound.
    #[schema(minimum = 0, maximum = 100, value_type = Option<u32>)]
    conversation_places: Option<f64>,
}

impl GivenPlaces {
    fn check(self) -> Result<Places, Error> {
        let mut faults = Faults::default();
        // JSON does not tell 10 from 10.0, so neither is refused.
        let mut whole = |pointer, given: Option<f64>| {
            let number = given?;
            let found = (0..=MAX_PLACES).find(|&n| f64::from(n).total_cmp(&(number + 0.0)).is_eq());
            if found.is_none() {
                let words = format!("is a whole number from 0 to {MAX_PLACES}, or null");
                faults.refuse(pointer, words);
            }
            found
        };
        let places = Places {
            partnerships: whole("/partnershipPlaces", self.partnership_places),
            conversations: whole("/conversationPlaces", self.conversation_places),
        };
        faults.finish()?;
        Ok(places)
    }
}

fn looker(role: Role, code: OdsCode) -> Looker {
    match role {
        Role::Site(site) if site != code => Looker::Outside,
        Role::Site(_) | Role::ProgrammeAdmin | Role::Viewer => Looker::Inside,
    }
}

/// Show how much a site takes on
///
/// Shows whether a site can be approached for a partnership: `open` and `undeclared` have places left, `full` has none, `paused` is
/// not approached until a day. The site itself and staff also see what that comes of: its places and how many are taken, its open
/// approaches with their limits, and the pauses that hold with their reasons.
#[utoipa::path(
    tag = "choosing",
    params(Seeker),
    responses(
        (status = 200, description = "How much it takes on.", body = CapacityView),
        NotModified, ApiFailures, NoSuchOrganisation, StorageFailures
    )
)]
#[get("/organisations/{odsCode}/capacity")]
pub(crate) async fn show_capacity(
    request: HttpRequest,
    code: Seeker,
    _none: Params<NoParameters>,
    asker: Asker,
    clock: Data<Clock>,
    alongside: Data<Alongside>,
) -> Result<HttpResponse, Problem> {
    let (code, now) = (code.0, clock.now());
    let own = alongside
        .storage()
        .read(move |connection| capacity_of(connection, code, now))
        .await?;
    let version = own.capacity.version;
    let view = CapacityView::new(code, own, now.date_naive(), looker(asker.0.role, code));
    answer::versioned(&request, &view, version, CAPACITY_BYTES)
}

/// Declare places
///
/// Declares how many partnerships the site takes on at one time, and how many conversations within 90 days. To declare the same
/// again says that it still is so: whoever was declined for want of capacity can then approach the site again, if a place is left.
#[utoipa::path(
    tag = "choosing",
    params(Seeker, IfMatch),
    request_body = GivenPlaces,
    responses(
        (status = 200, description = "How much the site takes on now.", body = CapacityView),
        ApiFailures, BodyFailures, ConditionFailures, NoSuchOrganisation, RuleBroken, StorageFailures
    )
)]
#[put("/organisations/{odsCode}/capacity")]
pub(crate) async fn put_capacity(
    request: HttpRequest,
    code: Seeker,
    _none: Params<NoParameters>,
    expected: IfMatch,
    body: Body<GivenPlaces>,
    changing: Changing,
    alongside: Data<Alongside>,
) -> Result<HttpResponse, Problem> {
    let (code, day) = (code.0, changing.at.date_naive());
    let places = body.0.check()?;
    let change = changing.change("declare_capacity", Touches::Scoring);
    let (at, expected) = (changing.at, expected.0);
    let own = alongside
        .write_outcome(change, move |connection| {
            let outcome = capacity::declare(connection, code, places, &expected, at)?;
            Ok(outcome.with(capacity_of(connection, code, at)?))
        })
        .await?;
    let version = own.capacity.version;
    let view = CapacityView::new(code, own, day, Looker::Inside);
    answer::versioned(&request, &view, version, CAPACITY_BYTES)
}

/// Take declared places back
///
/// Takes back what the site declared: 3 partnerships at one time, and conversations without a bound.
#[utoipa::path(
    tag = "choosing",
    params(Seeker, IfMatch),
    responses(
        (status = 204, description = "Nothing is declared any more."),
        ApiFailures, ConditionFailures, NoSuchOrganisation, StorageFailures
    )
)]
#[delete("/organisations/{odsCode}/capacity")]
pub(crate) async fn forget_capacity(
    code: Seeker,
    _none: Params<NoParameters>,
    expected: IfMatch,
    changing: Changing,
    alongside: Data<Alongside>,
) -> Result<HttpResponse, Problem> {
    let (code, at) = (code.0, changing.at);
    let expected: Expected = expected.0;
    let change = changing.change("forget_capacity", Touches::Scoring);
    alongside
        .write_outcome(change, move |connection| {
            let outcome = capacity::declare(connection, code, Places::default(), &expected, at)?;
            Ok(Outcome::with(outcome, ()))
        })
        .await?;
    Ok(HttpResponse::NoContent().finish())
}
