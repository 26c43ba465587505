//! A site's own pause: while it holds, nobody approaches the site; what is open stays open.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, delete, get, put};
use chrono::NaiveDate;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::app::Alongside;
use crate::domain::capacity::PausedBy;
use crate::domain::error::Error;
use crate::domain::version::Version;
use crate::http::access::Rule;
use crate::http::answer;
use crate::http::body::Body;
use crate::http::changing::Changing;
use crate::http::clock::Clock;
use crate::http::conditional::IfMatch;
use crate::http::extract::{NoParameters, Params, Seeker};
use crate::http::fields::Faults;
use crate::http::openapi::{
    ApiFailures, BodyFailures, ConditionFailures, NoSuchOrganisation, NoSuchThing, NotModified,
    RuleBroken, StorageFailures,
};
use crate::http::operation::Operation;
use crate::http::parameters::as_of;
use crate::http::problem::Problem;
use crate::http::views::capacity::OwnPauseView;
use crate::storage::{Touches, capacity, organisations};

/// What is said of the operations of this file.
pub(crate) const OPERATIONS: &[Operation] = &[
    Operation::new("show_pause", Rule::Own).answers(
        r#"{"odsCode": "RTH", "paused": false, "until": null, "reason": null, "since": null}"#,
    ),
    Operation::new("pause_site", Rule::Own)
        .takes(r#"{"until": "2027-01-31", "reason": "We go live with a new system."}"#)
        .answers(
            r#"{"odsCode": "RTH", "paused": true, "until": "2027-01-31", "reason": "We go live with a new system.", "since": "2026-11-22T09:00:00Z"}"#,
        ),
    Operation::new("resume_site", Rule::Own),
];

/// A rough size of the answer, in bytes.
const PAUSE_BYTES: usize = 256;

/// The longest reason, in characters.
const MAX_REASON_CHARS: usize = 1000;

/// How long to be paused, and why.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = PauseSite)]
pub(crate) struct GivenPause {
    /// The last day, not before today; null or left out is until further notice.
    #[schema(max_length = 10, pattern = "^[0-9]{4}-[0-9]{2}-[0-9]{2}$")]
    until: Option<String>,
    /// Why, for the site itself and the programme's staff. It never names a person.
    #[schema(max_length = 1000)]
    reason: Option<String>,
}

impl GivenPause {
    fn check(self, today: NaiveDate) -> Result<(Option<NaiveDate>, Option<String>), Error> {
        let mut faults = Faults::default();
        let given = self.until.as_deref().map(str::trim);
        let until = given.and_then(|day| faults.keep("/until", as_of(day)));
        if until.is_some_and(|day| day < today) {
            faults.refuse("/until", "is not before today");
        }
        let reason = faults.text("/reason", self.reason, MAX_REASON_CHARS);
        faults.finish()?;
        Ok((until, reason))
    }
}

/// Show the site's pause
///
/// Shows whether the site paused itself. A pause by a programme admin is another, and stands in the site's capacity with its reason.
#[utoipa::path(
    tag = "choosing",
    params(Seeker),
    responses(
        (status = 200, description = "The pause, or that there is none.", body = OwnPauseView),
        NotModified, ApiFailures, NoSuchOrganisation, StorageFailures
    )
)]
#[get("/organisations/{odsCode}/pause")]
pub(crate) async fn show_pause(
    request: HttpRequest,
    code: Seeker,
    _none: Params<NoParameters>,
    clock: Data<Clock>,
    alongside: Data<Alongside>,
) -> Result<HttpResponse, Problem> {
    let code = code.0;
    let pause = alongside
        .storage()
        .read(move |connection| {
            organisations::require(connection, code)?;
            capacity::pause_by(connection, code, PausedBy::Site)
        })
        .await?;
    let version = pause.as_ref().map_or(Version(0), |pause| pause.version);
    let view = OwnPauseView::new(code, pause, clock.today());
    answer::versioned(&request, &view, version, PAUSE_BYTES)
}

/// Pause the site
///
/// Lets nobody approach the site up to and including a day, or until further notice. The site stays visible, and others see until
/// when; what is open stays open and can be answered.
#[utoipa::path(
    tag = "choosing",
    params(Seeker, IfMatch),
    request_body = GivenPause,
    responses(
        (status = 200, description = "The pause.", body = OwnPauseView),
        ApiFailures, BodyFailures, ConditionFailures, NoSuchOrganisation, RuleBroken, StorageFailures
    )
)]
#[put("/organisations/{odsCode}/pause")]
pub(crate) async fn pause_site(
    request: HttpRequest,
    code: Seeker,
    _none: Params<NoParameters>,
    expected: IfMatch,
    body: Body<GivenPause>,
    changing: Changing,
    alongside: Data<Alongside>,
) -> Result<HttpResponse, Problem> {
    let (code, at) = (code.0, changing.at);
    let (until, reason) = body.0.check(at.date_naive())?;
    let change = changing.change("pause_site", Touches::Scoring);
    let pause = alongside
        .write_outcome(change, move |connection| {
            let (by, reason) = (PausedBy::Site, reason.as_deref());
            capacity::pause(connection, code, by, until, reason, &expected.0, at)
        })
        .await?;
    let version = pause.version;
    let view = OwnPauseView::new(code, Some(pause), at.date_naive());
    answer::versioned(&request, &view, version, PAUSE_BYTES)
}

/// End the site's pause
///
/// Takes back the pause that the site made itself. One that a programme admin made stays.
#[utoipa::path(
    tag = "choosing",
    params(Seeker, IfMatch),
    responses(
        (status = 204, description = "The site is no longer paused by itself."),
        ApiFailures, ConditionFailures, NoSuchThing, StorageFailures
    )
)]
#[delete("/organisations/{odsCode}/pause")]
pub(crate) async fn resume_site(
    code: Seeker,
    _none: Params<NoParameters>,
    expected: IfMatch,
    changing: Changing,
    alongside: Data<Alongside>,
) -> Result<HttpResponse, Problem> {
    let (code, at) = (code.0, changing.at);
    let change = changing.change("resume_site", Touches::Scoring);
    alongside
        .write(change, move |connection| {
            capacity::resume(connection, code, PausedBy::Site, &expected.0, at)
        })
        .await?;
    Ok(HttpResponse::NoContent().finish())
}
