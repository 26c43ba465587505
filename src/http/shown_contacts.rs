//! The contact people of the other side, once both agreed. For the two sites alone.

use actix_web::HttpResponse;
use actix_web::get;
use actix_web::http::header::{CACHE_CONTROL, HeaderValue};
use actix_web::web::Data;

use crate::app::Alongside;
use crate::app::shown_contacts::{self, ShownContacts};
use crate::http::access::{Asker, Rule};
use crate::http::answer;
use crate::http::clock::Clock;
use crate::http::extract::{NoParameters, Params};
use crate::http::openapi::{ApiFailures, Clash, NoSuchThing, StorageFailures};
use crate::http::operation::Operation;
use crate::http::partnerships::side;
use crate::http::path::Id;
use crate::http::problem::Problem;
use crate::http::views::contacts::SharedContactsView;

/// What is said of the operations of this file.
pub(crate) const OPERATIONS: &[Operation] = &[
    Operation::new("list_partnership_contacts", Rule::Site)
        .answers(include_str!("examples/list_partnership_contacts.json")),
    Operation::new("list_approach_contacts", Rule::Site)
        .answers(include_str!("examples/list_approach_contacts.json")),
];

/// A rough size of one contact, in bytes.
const CONTACT_BYTES: usize = 300;

/// List a partner's contacts
///
/// Lists the contact people of the other side of a partnership, while it lasts and until 90 days after its end.
#[utoipa::path(
    tag = "partnerships",
    params(Id),
    responses(
        (status = 200, description = "The contacts. They are not to be kept.", body = SharedContactsView),
        ApiFailures, NoSuchThing, Clash, StorageFailures
    )
)]
#[get("/partnerships/{id}/contacts")]
pub(crate) async fn list_partnership_contacts(
    id: Id,
    _none: Params<NoParameters>,
    asker: Asker,
    clock: Data<Clock>,
    alongside: Data<Alongside>,
) -> Result<HttpResponse, Problem> {
    let (here, now) = (side(asker.0.role)?, clock.now());
    let found = alongside
        .storage()
        .read(move |connection| shown_contacts::of_partnership(connection, (here, &id.0), now))
        .await?;
    shown(found)
}

/// List the contacts of an approach
///
/// Lists the contact people of the other side of an approach that was accepted: of a conversation until 90 days after it was agreed
/// to, of a partnership as long as the partnership shows them.
#[utoipa::path(
    tag = "partnerships",
    params(Id),
    responses(
        (status = 200, description = "The contacts. They are not to be kept.", body = SharedContactsView),
        ApiFailures, NoSuchThing, Clash, StorageFailures
    )
)]
#[get("/approaches/{id}/contacts")]
pub(crate) async fn list_approach_contacts(
    id: Id,
    _none: Params<NoParameters>,
    asker: Asker,
    clock: Data<Clock>,
    alongside: Data<Alongside>,
) -> Result<HttpResponse, Problem> {
    let (here, now) = (side(asker.0.role)?, clock.now());
    let found = alongside
        .storage()
        .read(move |connection| shown_contacts::of_approach(connection, (here, &id.0), now))
        .await?;
    shown(found)
}

/// Answers with contacts that nobody on the way is to keep: they are shown for a time.
fn shown(found: ShownContacts) -> Result<HttpResponse, Problem> {
    let capacity = CONTACT_BYTES * (found.contacts.len() + 1);
    let mut response = answer::json(&SharedContactsView::from(found), capacity)?;
    let no_store = HeaderValue::from_static("no-store");
    response.headers_mut().insert(CACHE_CONTROL, no_store);
    Ok(response)
}
