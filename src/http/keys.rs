//! Keys of callers: made, listed, rotated and revoked by programme admins.

use actix_web::http::header::{CACHE_CONTROL, HeaderValue};
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, get, post};
use chrono::TimeDelta;
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::Alongside;
use crate::app::keys::{AskedKey, By, DEFAULT_OVERLAP_S, MAX_OVERLAP_S, NewKey};
use crate::app::keys::{existing, make, revoke, rotate};
use crate::domain::error::Error;
use crate::http::access::Rule;
use crate::http::answer;
use crate::http::body::Body;
use crate::http::changing::{Changing, IdempotencyKey, created};
use crate::http::clock::Clock;
use crate::http::extract::{NoParameters, Params};
use crate::http::openapi::{
    ApiFailures, BodyFailures, Clash, NoSuchThing, NotModified, RuleBroken, StorageFailures,
};
use crate::http::operation::Operation;
use crate::http::pagination::{self, List, Made, PageLinks, PageOf};
use crate::http::path::Id;
use crate::http::problem::Problem;
use crate::http::views::key::{KeyView, NewKeyBody, RotationBody};
use crate::random::Random;
use crate::storage::idempotency::{Created, once};
use crate::storage::keys::{self, KeyPlace};
use crate::storage::{Outcome, Touches};

/// What is said of the operations of this file.
pub(crate) const OPERATIONS: &[Operation] = &[
    Operation::new("list_keys", Rule::Admin).answers(include_str!("examples/list_keys.json")),
    Operation::new("create_key", Rule::Admin)
        .takes(
            r#"{"label": "Patient flow dashboard", "role": "site", "odsCode": "RTH", "expiresAt": "2027-11-22T00:00:00Z"}"#,
        )
        .answers(include_str!("examples/create_key.json")),
    Operation::new("show_key", Rule::Admin).answers(include_str!("examples/show_key.json")),
    Operation::new("rotate_key", Rule::Admin)
        .takes(r#"{"overlapSeconds": 86400}"#)
        .answers(include_str!("examples/rotate_key.json")),
    Operation::new("revoke_key", Rule::Admin).answers(include_str!("examples/revoke_key.json")),
];

/// A rough size of one key, in bytes.
const KEY_BYTES: usize = 512;

/// Where the keys are.
const PATH: &str = "/api/v1/admin/keys";

/// Every key, by the time it was made.
pub(crate) struct KeyList;

impl List for KeyList {
    type Place = Made;
    const EXAMPLE: (&'static str, usize, &'static str) = (
        PATH,
        5,
        "1795305600000000 00000000-0000-4000-8000-000000000001",
    );
}

/// A page of keys.
#[derive(Serialize, ToSchema)]
#[schema(as = KeyPage)]
struct PageView {
    /// The first made first.
    #[schema(max_items = 200)]
    items: Vec<KeyView>,
    links: PageLinks,
}

/// List keys
///
/// Lists every key, the first made first, a page at a time: what it is for, whose it is and whether it is good. The keys
/// themselves are kept nowhere.
#[utoipa::path(
    tag = "keys",
    params(PageOf<KeyList>),
    responses(
        (status = 200, description = "A page of keys.", body = PageView,
         headers(("Link" = String, description = "The first and the next page (RFC 8288)."))),
        ApiFailures, RuleBroken, StorageFailures
    )
)]
#[get("/admin/keys")]
pub(crate) async fn list_keys(
    request: HttpRequest,
    parameters: Params<PageOf<KeyList>>,
    alongside: Data<Alongside>,
    clock: Data<Clock>,
) -> Result<HttpResponse, Problem> {
    let page = parameters.0.0;
    let (after, limit) = (page.after.clone(), page.limit);
    let after = after.map(|last| KeyPlace {
        created_at: last.at,
        id: last.id,
    });
    let found = alongside
        .storage()
        .read(move |connection| keys::page(connection, after, limit))
        .await?;
    let last = found.items.last().filter(|_| found.has_more);
    let last = last.map(|key| Made {
        at: key.created_at,
        id: key.id.clone(),
    });
    let links = page.links(&request, last);
    let header = links.header();
    let now = clock.now();
    let items = found.items.into_iter();
    let items: Vec<_> = items.map(|key| KeyView::new(key, now)).collect();
    let capacity = KEY_BYTES * (items.len() + 1);
    pagination::answer(&PageView { items, links }, &header, capacity)
}

/// Make a key
///
/// Makes a key and shows it once, in `key`. The same request with the same `Idempotency-Key` makes no other, and does not
/// show it again.
#[utoipa::path(
    tag = "keys",
    params(IdempotencyKey),
    request_body = NewKeyBody,
    responses(
        (status = 201, description = "The key, shown this once.", body = KeyView),
        ApiFailures, BodyFailures, RuleBroken, StorageFailures
    )
)]
#[post("/admin/keys")]
pub(crate) async fn create_key(
    changing: Changing,
    idempotency: IdempotencyKey,
    _none: Params<NoParameters>,
    body: Body<NewKeyBody>,
    alongside: Data<Alongside>,
    random: Data<Random>,
) -> Result<HttpResponse, Problem> {
    let Body(asked, hash) = body;
    let new = NewKey::read(
        AskedKey {
            label: &asked.label,
            role: &asked.role,
            ods_code: asked.ods_code.as_deref(),
            expires_at: asked.expires_at.as_deref(),
        },
        changing.at,
    )?;
    let claim = idempotency.claim(&changing, &hash);
    let change = changing.change("create_key", Touches::Callers);
    let by = by(&changing);
    let (answer, is_new) = alongside
        .write_outcome(change, move |connection| {
            let mut shown = None;
            let outcome = once(connection, claim.as_ref(), |connection| {
                let (key, record) = make(connection, &random, &by, new)?;
                let id = record.id.clone();
                let view = KeyView::new(record, by.at);
                let body = view.text()?;
                shown = Some(view.revealing(&key).text()?);
                Ok(Created::new(id, body))
            })?;
            Ok(match (outcome, shown) {
                (Outcome::Changed(made), Some(body)) => {
                    Outcome::Changed((Created { body, ..made }, true))
                }
                (Outcome::Changed(made), None) => Outcome::Changed((made, true)),
                (Outcome::Unchanged(made), _) => Outcome::Unchanged((made, false)),
            })
        })
        .await?;
    Ok(secret(answer, is_new))
}

/// Show a key
///
/// Shows what is kept of a key, which is not the key itself.
#[utoipa::path(
    tag = "keys",
    params(Id),
    responses(
        (status = 200, description = "The key.", body = KeyView),
        NotModified, ApiFailures, NoSuchThing, StorageFailures
    )
)]
#[get("/admin/keys/{id}")]
pub(crate) async fn show_key(
    request: HttpRequest,
    id: Id,
    _none: Params<NoParameters>,
    alongside: Data<Alongside>,
    clock: Data<Clock>,
) -> Result<HttpResponse, Problem> {
    let key = alongside
        .storage()
        .read(move |connection| existing(connection, &id.0))
        .await?;
    let version = key.version;
    let view = KeyView::new(key, clock.now());
    answer::versioned(&request, &view, version, KEY_BYTES)
}

/// Rotate a key
///
/// Makes a key of the same role and label and shows it once, in `key`; the old one stays good for the overlap, so that its
/// holder can change over without a gap. Where the old one expires by itself, the new one gets as long a life as it had. A
/// key is rotated once: the next time it is the new one's turn.
#[utoipa::path(
    tag = "keys",
    params(Id),
    request_body = RotationBody,
    responses(
        (status = 201, description = "The new key, shown this once.", body = KeyView),
        ApiFailures, BodyFailures, RuleBroken, NoSuchThing, Clash, StorageFailures
    )
)]
#[post("/admin/keys/{id}/rotate")]
pub(crate) async fn rotate_key(
    changing: Changing,
    id: Id,
    _none: Params<NoParameters>,
    body: Body<RotationBody>,
    alongside: Data<Alongside>,
    random: Data<Random>,
) -> Result<HttpResponse, Problem> {
    let overlap = body.0.overlap_seconds.unwrap_or(DEFAULT_OVERLAP_S);
    if !(0..=MAX_OVERLAP_S).contains(&overlap) {
        let words = format!("is a number of seconds from 0 to {MAX_OVERLAP_S}");
        return Err(Error::invalid("/overlapSeconds", words).into());
    }
    let change = changing.change("rotate_key", Touches::Callers);
    let by = by(&changing);
    let (answer, _) = alongside
        .write(change, move |connection| {
            let overlap = TimeDelta::seconds(overlap);
            let (key, record) = rotate(connection, &random, &by, &id.0, overlap)?;
            let id = record.id.clone();
            let body = KeyView::new(record, by.at).revealing(&key).text()?;
            Ok(Created::new(id, body))
        })
        .await?;
    Ok(secret(answer, true))
}

/// Revoke a key
///
/// Revokes a key at once, for good; one that is revoked already stays so. The last good key of a programme admin is not
/// revoked, since nobody could make another; one that was rotated does not count as good here.
#[utoipa::path(
    tag = "keys",
    params(Id),
    responses(
        (status = 200, description = "The key, revoked.", body = KeyView),
        ApiFailures, NoSuchThing, Clash, StorageFailures
    )
)]
#[post("/admin/keys/{id}/revoke")]
pub(crate) async fn revoke_key(
    request: HttpRequest,
    changing: Changing,
    id: Id,
    _none: Params<NoParameters>,
    alongside: Data<Alongside>,
) -> Result<HttpResponse, Problem> {
    let change = changing.change("revoke_key", Touches::Callers);
    let by = by(&changing);
    let key = alongside
        .write_outcome(change, move |connection| revoke(connection, &by, &id.0))
        .await?;
    let version = key.version;
    let view = KeyView::new(key, changing.at);
    answer::versioned(&request, &view, version, KEY_BYTES)
}

fn by(changing: &Changing) -> By {
    By {
        actor: changing.caller.id.to_string(),
        at: changing.at,
    }
}

/// Answers 201 with a key, which nobody on the way is to keep.
fn secret(answer: Created, is_new: bool) -> HttpResponse {
    let location = format!("{PATH}/{}", answer.id);
    let mut response = created(answer, &location, is_new);
    response
        .headers_mut()
        .insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
