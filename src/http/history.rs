//! The words on an organisation that do not hold: displaced, corrected or withdrawn.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, get};
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::app::Alongside;
use crate::domain::caller::Role;
use crate::http::access::{Asker, Rule};
use crate::http::extract::{Params, Seeker};
use crate::http::openapi::{ApiFailures, NoSuchOrganisation, RuleBroken, StorageFailures};
use crate::http::operation::Operation;
use crate::http::pagination::{self, List, PageLinks, PageOf, cut};
use crate::http::problem::Problem;
use crate::http::views::text::OriginName;
use crate::storage::facts::PastFact;
use crate::storage::{attributes, facts, links, organisations, visibility};

/// What is said of the operations of this file.
pub(crate) const OPERATIONS: &[Operation] = &[Operation::new("list_history", Rule::OwnOrAdmin)
    .answers(
        r#"{"items": [], "links": {"first": "/api/v1/organisations/RTH/history", "next": null}}"#,
    )];

/// A rough size of one word, in bytes.
const WORD_BYTES: usize = 600;

/// Every word that does not hold, the last displaced first.
pub(crate) struct HistoryList;

impl List for HistoryList {
    type Place = i64;
    const EXAMPLE: (&'static str, usize, &'static str) =
        ("/api/v1/organisations/RTH/history", 50, "7");
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
    params(Seeker, PageOf<HistoryList>),
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
    parameters: Params<PageOf<HistoryList>>,
    alongside: Data<Alongside>,
) -> Result<HttpResponse, Problem> {
    let code = code.0;
    let hidden = hidden_from(asker.0.role);
    let is_own = asker.0.role.site() == Some(code);
    let page = parameters.0.0;
    let (before, limit) = (page.after, page.limit);
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
    let last = cut(&mut items, limit).map(|last| last.sequence);
    let links = page.links(&request, last);
    let header = links.header();
    let items: Vec<PastFactView> = items.into_iter().map(Into::into).collect();
    let capacity = WORD_BYTES * (items.len() + 1);
    pagination::answer(&HistoryView { items, links }, &header, capacity)
}
