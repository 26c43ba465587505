//! The words on an organisation that do not hold: displaced, corrected or withdrawn.

use actix_web::http::header::LINK;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, get};
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::openapi::path::{Parameter, ParameterIn};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::{IntoParams, ToSchema};

use crate::app::Alongside;
use crate::domain::caller::Role;
use crate::http::access::{Asker, Rule};
use crate::http::answer;
use crate::http::extract::{Fault, Parameters, Params, Query, Seeker};
use crate::http::openapi::{ApiFailures, NoSuchOrganisation, RuleBroken, StorageFailures};
use crate::http::operation::Operation;
use crate::http::pagination::PageLinks;
use crate::http::parameters::{in_query, limit_in_query, limit_schema, whole};
use crate::http::problem::Problem;
use crate::http::views::text::OriginName;
use crate::storage::facts::PastFact;
use crate::storage::{attributes, facts, links, organisations, visibility};

/// What is said of the operations of this file.
pub(crate) const OPERATIONS: &[Operation] = &[Operation::new("list_history", Rule::OwnOrAdmin)
    .answers(
        r#"{"items": [], "links": {"first": "/api/v1/organisations/RTH/history", "next": null}}"#,
    )];

/// The most words on one page.
const MAX_PAGE: usize = 200;

/// The words on a page unless told otherwise.
const DEFAULT_PAGE: usize = 50;

/// A rough size of one word, in bytes.
const WORD_BYTES: usize = 600;

/// What every cursor starts with: the version of its form.
const CURSOR_VERSION: &str = "h1";

/// The form of a cursor: a place in the order in which words were displaced, in hexadecimal.
const CURSOR_PATTERN: &str = "^h1[0-7][0-9a-f]{15}$";

/// The length of a cursor, in characters.
const CURSOR_LEN: usize = 18;

/// Which page of the history.
pub(crate) struct HistoryParameters {
    limit: usize,
    before: Option<i64>,
}

impl Parameters for HistoryParameters {
    fn read(query: &mut Query) -> Self {
        Self {
            limit: query.take("limit", page_size).unwrap_or(DEFAULT_PAGE),
            before: query.take("cursor", place),
        }
    }
}

fn page_size(text: &str) -> Result<usize, Fault> {
    usize::try_from(whole(text)?)
        .ok()
        .filter(|number| (1..=MAX_PAGE).contains(number))
        .ok_or_else(|| Fault::Rule(format!("is a whole number from 1 to {MAX_PAGE}")))
}

/// Reads a cursor: the place before which the page begins.
fn place(text: &str) -> Result<i64, Fault> {
    let is_small = |c: char| matches!(c, '0'..='9' | 'a'..='f');
    text.strip_prefix(CURSOR_VERSION)
        .filter(|rest| text.len() == CURSOR_LEN && rest.chars().all(is_small))
        .and_then(|rest| i64::from_str_radix(rest, 16).ok())
        .ok_or_else(|| Fault::Unreadable("is not a cursor that this service gave".into()))
}

fn cursor(sequence: i64) -> String {
    format!("{CURSOR_VERSION}{sequence:016x}")
}

impl IntoParams for HistoryParameters {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let cursor = ObjectBuilder::new()
            .schema_type(Type::String)
            .pattern(Some(CURSOR_PATTERN))
            .min_length(Some(CURSOR_LEN))
            .max_length(Some(CURSOR_LEN));
        vec![
            limit_in_query(
                "How many words to list on a page.",
                limit_schema(MAX_PAGE, DEFAULT_PAGE),
                json!(DEFAULT_PAGE),
            ),
            in_query(
                "cursor",
                "Where the page begins: taken from `links.next` of the page before.",
                cursor,
                json!("h10000000000000007"),
            ),
        ]
    }
}

/// A page of words that do not hold.
#[derive(Serialize, ToSchema)]
#[schema(as = History)]
pub(crate) struct HistoryView {
    /// The last displaced first.
    #[schema(max_items = 200)]
    items: Vec<PastFactView>,
    links: PageLinks,
}

/// A word that does not hold.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = PastFact)]
struct PastFactView {
    /// The kind of fact: `core_systems`, `attributes`, `ethos`, `particulars`, ...
    kind: String,
    /// Which one of the kind: a module, an attribute, a topic.
    key: String,
    /// Whose word it was.
    origin: OriginName,
    /// What it said, in the fields that the kind is shown with.
    #[schema(value_type = Object)]
    fact: Value,
    /// What took its place: the origin of another word, or `withdrawn`.
    #[schema(pattern = "^(bundled|import|site|withdrawn)$", max_length = 9)]
    displaced_by: String,
    /// When, in UTC.
    displaced_at: DateTime<Utc>,
}

impl From<PastFact> for PastFactView {
    fn from(past: PastFact) -> Self {
        Self {
            kind: past.kind,
            key: past.key,
            origin: OriginName(past.voice),
            fact: past.fact,
            displaced_by: past.displaced_by,
            displaced_at: past.displaced_at,
        }
    }
}

/// The kinds of facts that a caller does not see of an organisation that it may ask about.
const fn hidden_from(role: Role) -> &'static [&'static str] {
    match role {
        Role::Site(_) => &[],
        Role::ProgrammeAdmin | Role::Viewer => &[attributes::ETHOS_KIND],
    }
}

/// Takes the evidence out of past links.
fn without_evidence(items: &mut [PastFact]) {
    let links = items.iter_mut().filter(|past| past.kind == links::KIND);
    for fact in links.filter_map(|past| past.fact.as_object_mut()) {
        fact.remove(links::EVIDENCE);
    }
}

/// List the history
///
/// Lists the words on the organisation that were displaced, corrected or withdrawn, the last one first. Answers on the ethos
/// are shown to the site alone, and so is the evidence of past links where the site hides evidence.
#[utoipa::path(
    tag = "profile",
    params(Seeker, HistoryParameters),
    responses(
        (status = 200, description = "A page of the history.", body = HistoryView,
         headers(("Link" = String, description = "The first and the next page (RFC 8288)."))),
        ApiFailures, RuleBroken, NoSuchOrganisation, StorageFailures
    )
)]
#[get("/organisations/{odsCode}/history")]
pub(crate) async fn list_history(
    request: HttpRequest,
    asker: Asker,
    code: Seeker,
    parameters: Params<HistoryParameters>,
    alongside: Data<Alongside>,
) -> Result<HttpResponse, Problem> {
    let code = code.0;
    let hidden = hidden_from(asker.0.role);
    let is_own = asker.0.role.site() == Some(code);
    let HistoryParameters { limit, before } = parameters.0;
    let mut items = alongside
        .storage()
        .read(move |connection| {
            organisations::require(connection, code)?;
            // One more than asked for tells whether more follow.
            let mut items = facts::history(connection, code, hidden, before, limit + 1)?;
            if !is_own && !visibility::of(connection, code)?.evidence {
                without_evidence(&mut items);
            }
            Ok(items)
        })
        .await?;
    let has_more = items.len() > limit;
    items.truncate(limit);
    let next = items
        .last()
        .filter(|_| has_more)
        .map(|last| cursor(last.sequence));
    let links = PageLinks::new(&request, next);
    let header = links.header();
    let items: Vec<PastFactView> = items.into_iter().map(Into::into).collect();
    let capacity = WORD_BYTES * (items.len() + 1);
    let mut response = answer::json(&HistoryView { items, links }, capacity)?;
    if let Ok(header) = header.parse() {
        response.headers_mut().insert(LINK, header);
    }
    Ok(response)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_read_as_it_was_written() {
        for sequence in [1, 7, i64::MAX] {
            assert_eq!(place(&cursor(sequence)), Ok(sequence));
        }
    }

    #[test]
    fn what_is_not_a_cursor_is_refused() {
        for text in [
            "",
            "h1",
            "h1000000000000000g",
            "h2000000000000000a",
            "h1-00000000000000a",
            "h1ffffffffffffffff",
        ] {
            assert!(place(text).is_err(), "{text}");
        }
    }
}
