//! Of which events a site is written to by e-mail.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, get, put};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::app::Alongside;
use crate::domain::error::Result as DomainResult;
use crate::domain::event::EventKind;
use crate::domain::ids::OdsCode;
use crate::domain::notification::{Notifications, can_be_mailed};
use crate::http::access::Rule;
use crate::http::answer;
use crate::http::body::Body;
use crate::http::changing::Changing;
use crate::http::conditional::IfMatch;
use crate::http::extract::{NoParameters, Params, Seeker};
use crate::http::fields::Faults;
use crate::http::openapi::{
    ApiFailures, BodyFailures, ConditionFailures, NoSuchOrganisation, NotModified, RuleBroken,
    StorageFailures,
};
use crate::http::operation::Operation;
use crate::http::problem::Problem;
use crate::http::views::text::{Code, EventKindName};
use crate::storage::{Touches, notifications};

/// What is said of the operations of this file.
pub(crate) const OPERATIONS: &[Operation] = &[
    Operation::new("show_notifications", Rule::Own)
        .answers(include_str!("examples/show_notifications.json")),
    Operation::new("put_notifications", Rule::Own)
        .takes(r#"{"email": ["approach.received", "approach.reminder"]}"#)
        .answers(r#"{"odsCode": "RTH", "email": ["approach.received", "approach.reminder"]}"#),
];

/// A rough size of these answers, in bytes.
const NOTIFICATIONS_BYTES: usize = 512;

/// What a site is written to of.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Notifications)]
pub(crate) struct NotificationsView {
    ods_code: Code,
    /// The kinds of events of which its contacts get e-mail, where the service sends any.
    #[schema(max_items = 32)]
    email: Vec<EventKindName>,
}

impl NotificationsView {
    fn new(code: OdsCode, said: Notifications) -> Self {
        Self {
            ods_code: Code(code),
            email: said.email.into_iter().map(EventKindName).collect(),
        }
    }
}

/// What to write to a site of.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = GivenNotifications)]
pub(crate) struct GivenNotifications {
    /// The kinds of events of which its contacts get e-mail; none where it is empty. `test` is not one of them.
    #[schema(value_type = Vec<EventKindName>, max_items = 32)]
    email: Vec<String>,
}

impl GivenNotifications {
    fn check(self) -> DomainResult<Notifications> {
        let mut faults = Faults::default();
        let mut said = Notifications {
            email: std::collections::BTreeSet::new(),
        };
        for (at, kind) in self.email.iter().enumerate() {
            let pointer = format!("/email/{at}");
            match faults.read::<EventKind>(&pointer, Some(kind)) {
                Some(kind) if !can_be_mailed(kind) => {
                    faults.refuse(pointer, "is not a kind that is written of");
                }
                Some(kind) => {
                    said.email.insert(kind);
                }
                None => {}
            }
        }
        faults.finish()?;
        Ok(said)
    }
}

/// Show notifications
///
/// Shows of which events the contacts of the site get e-mail: where it never said, of what waits for its answer, of answers to its
/// approaches, and of the end of a partnership.
#[utoipa::path(
    tag = "events",
    params(Seeker),
    responses(
        (status = 200, description = "What the site is written to of.", body = NotificationsView),
        NotModified, ApiFailures, NoSuchOrganisation, StorageFailures
    )
)]
#[get("/organisations/{odsCode}/notifications")]
pub(crate) async fn show_notifications(
    request: HttpRequest,
    code: Seeker,
    _none: Params<NoParameters>,
    alongside: Data<Alongside>,
) -> Result<HttpResponse, Problem> {
    let here = code.0;
    let (version, said) = alongside
        .storage()
        .read(move |connection| notifications::of(connection, here))
        .await?;
    let view = NotificationsView::new(here, said);
    answer::versioned(&request, &view, version, NOTIFICATIONS_BYTES)
}

/// Set notifications
///
/// Says of which events the contacts of the site get e-mail.
#[utoipa::path(
    tag = "events",
    params(Seeker, IfMatch),
    request_body = GivenNotifications,
    responses(
        (status = 200, description = "What the site is written to of now.", body = NotificationsView),
        ApiFailures, BodyFailures, ConditionFailures, NoSuchOrganisation, RuleBroken, StorageFailures
    )
)]
#[put("/organisations/{odsCode}/notifications")]
pub(crate) async fn put_notifications(
    request: HttpRequest,
    code: Seeker,
    _none: Params<NoParameters>,
    expected: IfMatch,
    body: Body<GivenNotifications>,
    changing: Changing,
    alongside: Data<Alongside>,
) -> Result<HttpResponse, Problem> {
    let here = code.0;
    let said = body.0.check()?;
    let change = changing.change("set_notifications", Touches::Nothing);
    let (version, said) = alongside
        .write_outcome(change, move |connection| {
            let outcome = notifications::change(connection, here, &said, &expected.0)?;
            Ok(outcome.with(notifications::of(connection, here)?))
        })
        .await?;
    let view = NotificationsView::new(here, said);
    answer::versioned(&request, &view, version, NOTIFICATIONS_BYTES)
}
