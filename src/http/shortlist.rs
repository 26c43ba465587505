//! The candidates that a site keeps for itself, in its own order, by its own names, with notes.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, delete, get, put};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::app::{Alongside, shortlist};
use crate::domain::error::{Error, Result};
use crate::domain::ids::OdsCode;
use crate::domain::shortlist::{Entry, MAX_ENTRIES, MAX_LABEL_CHARS, MAX_NOTE_CHARS, Shortlist};
use crate::http::access::Rule;
use crate::http::answer;
use crate::http::body::Body;
use crate::http::changing::Changing;
use crate::http::clock::Clock;
use crate::http::conditional::IfMatch;
use crate::http::extract::{Candidate, NoParameters, Params, Seeker};
use crate::http::fields::Faults;
use crate::http::openapi::{
    ApiFailures, BodyFailures, Clash, ConditionFailures, NoSuchOrganisation, NoSuchThing,
    NotModified, RuleBroken, StorageFailures,
};
use crate::http::operation::Operation;
use crate::http::problem::Problem;
use crate::http::views::choices::ShortlistView;
use crate::storage::Touches;

/// What is said of the operations of this file.
pub(crate) const OPERATIONS: &[Operation] = &[
    Operation::new("show_shortlist", Rule::Own)
        .answers(r#"{"odsCode": "RTH", "entries": [], "version": 0}"#),
    Operation::new("order_shortlist", Rule::Own)
        .takes(r#"{"order": ["RJ7"]}"#)
        .answers(include_str!("examples/order_shortlist.json")),
    Operation::new("put_shortlist_entry", Rule::Own)
        .takes(
            r#"{"label": "Second choice", "note": "Ask how they trained the night staff.", "position": 1}"#,
        )
        .answers(include_str!("examples/put_shortlist_entry.json")),
    Operation::new("remove_shortlist_entry", Rule::Own),
];

/// A rough size of a shortlist, in bytes.
const SHORTLIST_BYTES: usize = 4 * 1024;

/// How a candidate is kept.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = PutShortlistEntry)]
pub(crate) struct GivenEntry {
    /// The site's own name for it. It is encrypted, and only the site is shown it.
    #[schema(max_length = 100)]
    label: Option<String>,
    /// What the site notes of it. It is encrypted, and only the site is shown it.
    #[schema(max_length = 2000)]
    note: Option<String>,
    /// Its place in the site's order, from 1; beyond the end it is the last. Without one it stays where it is, or is added at the
    /// end.
    #[schema(minimum = 1, maximum = 100)]
    position: Option<f64>,
}

/// What is said of an entry, checked: its name, its note and its place.
type Said = (Option<String>, Option<String>, Option<usize>);

impl GivenEntry {
    fn check(self) -> Result<Said> {
        let mut given = Faults::default();
        let label = given.text("/label", self.label, MAX_LABEL_CHARS);
        let note = given.prose("/note", self.note, MAX_NOTE_CHARS);
        let position = self.position.and_then(|number| {
            // A number is whole however it is written: 2 and 2.0 are the same in JSON.
            let whole = (1..=MAX_ENTRIES).find(|&place| is_same(place, number));
            if whole.is_none() {
                given.refuse(
                    "/position",
                    format!("is a whole number from 1 to {MAX_ENTRIES}"),
                );
            }
            whole
        });
        given.finish()?;
        Ok((label, note, position))
    }
}

fn is_same(place: usize, number: f64) -> bool {
    u32::try_from(place).is_ok_and(|place| f64::from(place).total_cmp(&number).is_eq())
}

/// Another order of the shortlist.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = OrderShortlist)]
pub(crate) struct GivenOrder {
    /// The ODS codes of exactly the candidates that are on the list, each once, in letters of either case.
    #[schema(max_items = 100, value_type = Vec<crate::http::views::text::Code>)]
    order: Vec<String>,
}

impl GivenOrder {
    fn check(self) -> Result<Vec<OdsCode>> {
        let mut given = Faults::default();
        if self.order.len() > MAX_ENTRIES {
            return Err(Error::invalid(
                "/order",
                format!("has at most {MAX_ENTRIES} codes"),
            ));
        }
        let codes = (0..).zip(&self.order);
        let codes = codes
            .filter_map(|(at, code)| given.read(&format!("/order/{at}"), Some(code)))
            .collect();
        given.finish()?;
        Ok(codes)
    }
}

/// Show the shortlist
///
/// Shows the candidates that the site keeps, in its order: each with the site's own name for it and its note, whether it is still
/// active (else who carries its history) and whether it can be approached today. Nobody else is shown it; programme admins see in
/// the audit only that something changed.
#[utoipa::path(
    tag = "choices",
    params(Seeker),
    responses(
        (status = 200, description = "The shortlist.", body = ShortlistView),
        NotModified, ApiFailures, NoSuchOrganisation, StorageFailures
    )
)]
#[get("/organisations/{odsCode}/shortlist")]
pub(crate) async fn show_shortlist(
    request: HttpRequest,
    code: Seeker,
    _none: Params<NoParameters>,
    alongside: Data<Alongside>,
    clock: Data<Clock>,
) -> std::result::Result<HttpResponse, Problem> {
    let found = shortlist::show(&alongside, code.0, clock.today()).await?;
    shown(&request, code.0, found)
}

fn shown(
    request: &HttpRequest,
    code: OdsCode,
    found: shortlist::KnownShortlist,
) -> std::result::Result<HttpResponse, Problem> {
    let version = found.version;
    let view = ShortlistView::new(code, found);
    answer::versioned(request, &view, version, SHORTLIST_BYTES)
}

/// Order the shortlist
///
/// Puts the candidates of the shortlist in another order. The version is that of the whole list.
#[utoipa::path(
    tag = "choices",
    params(Seeker, IfMatch),
    request_body = GivenOrder,
    responses(
        (status = 200, description = "The shortlist.", body = ShortlistView),
        ApiFailures, BodyFailures, ConditionFailures, NoSuchOrganisation, RuleBroken, StorageFailures
    )
)]
#[put("/organisations/{odsCode}/shortlist")]
pub(crate) async fn order_shortlist(
    request: HttpRequest,
    code: Seeker,
    _none: Params<NoParameters>,
    expected: IfMatch,
    body: Body<GivenOrder>,
    changing: Changing,
    alongside: Data<Alongside>,
) -> std::result::Result<HttpResponse, Problem> {
    let order = body.0.check()?;
    let change = changing.change("order_shortlist", Touches::Nothing);
    let work = move |list: &mut Shortlist| list.reorder(&order);
    let found = shortlist::change(&alongside, change, (code.0, expected.0), work).await?;
    shown(&request, code.0, found)
}

/// Keep a candidate
///
/// Adds a candidate to the shortlist, or names, annotates and places it anew: a name or a note that is left out is removed. The
/// version is that of the whole list.
#[utoipa::path(
    tag = "choices",
    params(Seeker, Candidate, IfMatch),
    request_body = GivenEntry,
    responses(
        (status = 200, description = "The shortlist.", body = ShortlistView),
        ApiFailures, BodyFailures, ConditionFailures, NoSuchOrganisation, Clash, RuleBroken, StorageFailures
    )
)]
#[put("/organisations/{odsCode}/shortlist/{candidate}")]
#[expect(clippy::too_many_arguments, reason = "each is a part of the request")]
pub(crate) async fn put_shortlist_entry(
    request: HttpRequest,
    code: Seeker,
    candidate: Candidate,
    _none: Params<NoParameters>,
    expected: IfMatch,
    body: Body<GivenEntry>,
    changing: Changing,
    alongside: Data<Alongside>,
) -> std::result::Result<HttpResponse, Problem> {
    let (here, candidate) = (code.0, candidate.0);
    let (label, note, position) = body.0.check()?;
    if here == candidate {
        return Err(Error::invalid("/path/candidate", "is the site itself").into());
    }
    let entry = Entry {
        candidate,
        label,
        note,
        added_at: changing.at,
    };
    let change = changing.change("put_shortlist_entry", Touches::Nothing);
    let expected = (here, expected.0);
    let found = shortlist::put(&alongside, change, expected, (entry, position)).await?;
    shown(&request, here, found)
}

/// Remove a candidate
///
/// Removes a candidate from the shortlist, its name and note with it. The version is that of the whole list.
#[utoipa::path(
    tag = "choices",
    params(Seeker, Candidate, IfMatch),
    responses(
        (status = 204, description = "The candidate is removed."),
        ApiFailures, ConditionFailures, NoSuchThing, StorageFailures
    )
)]
#[delete("/organisations/{odsCode}/shortlist/{candidate}")]
pub(crate) async fn remove_shortlist_entry(
    code: Seeker,
    candidate: Candidate,
    _none: Params<NoParameters>,
    expected: IfMatch,
    changing: Changing,
    alongside: Data<Alongside>,
) -> std::result::Result<HttpResponse, Problem> {
    let candidate = candidate.0;
    let change = changing.change("remove_shortlist_entry", Touches::Nothing);
    let work = move |list: &mut Shortlist| {
        let gone = list.remove(candidate);
        gone.map(|_| ()).ok_or_else(|| Error::Missing {
            what: "entry of the shortlist",
            id: candidate.to_string(),
        })
    };
    shortlist::change(&alongside, change, (code.0, expected.0), work).await?;
    Ok(HttpResponse::NoContent().finish())
}
