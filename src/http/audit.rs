//! Reading who changed what: everything for programme admins and viewers, its own for a site.

use actix_web::http::header::LINK;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, get};
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use utoipa::openapi::path::{Parameter, ParameterIn};
use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, SchemaFormat, Type};
use utoipa::{IntoParams, ToSchema};

use crate::app::Alongside;
use crate::domain::audit::{AuditPage, AuditQuery, AuditRecord, Checkpoint, KnownActor};
use crate::domain::error::Error;
use crate::domain::ids::OdsCode;
use crate::http::access::Rule;
use crate::http::answer;
use crate::http::clock::Clock;
use crate::http::extract::{Fault, NoParameters, Parameters, Params, Query, Seeker};
use crate::http::openapi::{ApiFailures, Clash, NoSuchOrganisation, RuleBroken, StorageFailures};
use crate::http::operation::Operation;
use crate::http::pagination::PageLinks;
use crate::http::parameters::{in_query, limit_in_query, limit_schema, text, text_schema, whole};
use crate::http::problem::Problem;
use crate::storage::audit;

/// What is said of the operations of this file.
pub(crate) const OPERATIONS: &[Operation] = &[
    Operation::new("list_audit", Rule::Staff).answers(include_str!("examples/list_audit.json")),
    Operation::new("show_audit_checkpoint", Rule::Admin)
        .answers(include_str!("examples/show_audit_checkpoint.json")),
    Operation::new("list_own_audit", Rule::Own)
        .answers(r#"{"items": [], "links": {"first": "/api/v1/organisations/RTH/audit?limit=1", "next": null}}"#),
];

/// The most rows on one page.
const MAX_PAGE: usize = 200;

/// The rows on a page unless told otherwise.
const DEFAULT_PAGE: usize = 50;

/// A rough size of one row of a page, in bytes.
const ROW_BYTES: usize = 600;

/// What every cursor of the audit starts with: the version of its form.
const CURSOR_VERSION: &str = "a1";

/// The digits of the hash of the question in a cursor.
const QUESTION_LEN: usize = 8;

/// The digits of the number of a row in a cursor.
const SEQUENCE_LEN: usize = 16;

/// The form of a cursor: the hash of the question, then the number of a row.
const CURSOR_PATTERN: &str = "^a1[0-9a-f]{8}[0-7][0-9a-f]{15}$";

/// A time of day, with its offset from UTC.
const TIME_PATTERN: &str = "^[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\\.[0-9]{1,9})?([Zz]|[+-][0-9]{2}:[0-9]{2})$";

const EXAMPLE_CURSOR: &str = "a10123abcd000000000000002a";

/// The longest time, in characters.
const MAX_TIME_LEN: usize = 35;

/// A place in the list that a question gives.
struct Place {
    question: String,
    before: i64,
}

impl Place {
    fn question_of(query: &AuditQuery) -> String {
        let digest = Sha256::digest(format!("{query:?}"));
        let bytes = digest.iter().take(QUESTION_LEN / 2);
        bytes.map(|byte| format!("{byte:02x}")).collect()
    }

    fn write(&self) -> String {
        format!("{CURSOR_VERSION}{}{:016x}", self.question, self.before)
    }

    fn read(text: &str) -> Result<Self, Fault> {
        let place = || {
            let rest = text.strip_prefix(CURSOR_VERSION)?;
            let has_form = rest.len() == QUESTION_LEN + SEQUENCE_LEN
                && rest.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
            let (question, sequence) = has_form.then(|| rest.split_at(QUESTION_LEN))?;
            Some(Self {
                question: question.to_owned(),
                before: i64::from_str_radix(sequence, 16).ok()?,
            })
        };
        place().ok_or_else(|| Fault::Unreadable("is not a cursor that this service gave".into()))
    }
}

/// Which rows of the audit to list, and which page.
struct Asked {
    query: AuditQuery,
    before: Option<i64>,
    limit: usize,
}

impl Asked {
    /// Reads the page; the cursor belongs to the question.
    fn read(parameters: &mut Query, query: AuditQuery) -> Self {
        let limit = parameters.take("limit", page_size).unwrap_or(DEFAULT_PAGE);
        let place = parameters.take("cursor", Place::read);
        if let Some(place) = &place
            && parameters.is_faultless()
            && place.question != Place::question_of(&query)
        {
            let words = "belongs to another question; ask its own again, or start without it";
            parameters.refuse("cursor", Fault::Unreadable(words.into()));
        }
        Self {
            query,
            before: place.map(|place| place.before),
            limit,
        }
    }

    fn links(&self, request: &HttpRequest, page: &AuditPage) -> PageLinks {
        let last = page.items.last().filter(|_| page.has_more);
        let next = last.map(|last| {
            let question = Place::question_of(&self.query);
            let before = last.sequence;
            Place { question, before }.write()
        });
        PageLinks::new(request, next)
    }
}

fn page_size(text: &str) -> Result<usize, Fault> {
    let number = whole(text)?;
    usize::try_from(number)
        .ok()
        .filter(|number| (1..=MAX_PAGE).contains(number))
        .ok_or_else(|| Fault::Rule(format!("is a whole number from 1 to {MAX_PAGE}")))
}

fn code(text: &str) -> Result<OdsCode, Fault> {
    OdsCode::new(text).map_err(|malformed| Fault::Unreadable(malformed.to_string()))
}

fn time(text: &str) -> Result<DateTime<Utc>, Fault> {
    DateTime::parse_from_rfc3339(text)
        .ok()
        .filter(|_| text.len() <= MAX_TIME_LEN && !text.contains(' '))
        .map(|time| time.to_utc())
        .ok_or_else(|| Fault::Unreadable("is not a time such as 2026-11-22T09:00:00Z".into()))
}

/// Which rows of the whole audit to list.
pub(crate) struct AuditParameters(Asked);

impl Parameters for AuditParameters {
    fn read(parameters: &mut Query) -> Self {
        let query = AuditQuery {
            actor: parameters.take("actor", text),
            action: parameters.take("action", text),
            ods_code: parameters.take("odsCode", code),
            subject_kind: parameters.take("subjectKind", text),
            subject_id: parameters.take("subjectId", text),
            request_id: parameters.take("requestId", text),
            since: parameters.take("since", time),
            until: parameters.take("until", time),
        };
        Self(Asked::read(parameters, query))
    }
}

/// Which of a site's rows to list.
pub(crate) struct OwnAuditParameters(Asked);

impl Parameters for OwnAuditParameters {
    fn read(parameters: &mut Query) -> Self {
        Self(Asked::read(parameters, AuditQuery::default()))
    }
}

fn string() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String)
}

fn page_parameters() -> [Parameter; 2] {
    let cursor = string()
        .pattern(Some(CURSOR_PATTERN))
        .max_length(Some(EXAMPLE_CURSOR.len()));
    [
        limit_in_query(
            "How many rows to list on a page.",
            limit_schema(MAX_PAGE, DEFAULT_PAGE),
            json!(1),
        ),
        in_query(
            "cursor",
            "Where the page begins: taken from `links.next` of the page before, for the same question.",
            cursor,
            json!(EXAMPLE_CURSOR),
        ),
    ]
}

impl IntoParams for AuditParameters {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let code = string()
            .pattern(Some("^[A-Za-z0-9]{3,12}$"))
            .max_length(Some(12));
        let time = || {
            string()
                .format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
                .pattern(Some(TIME_PATTERN))
                .max_length(Some(MAX_TIME_LEN))
        };
        let text =
            |name, words, example: &str| in_query(name, words, text_schema(), json!(example));
        let mut parameters = vec![
            text(
                "actor",
                "Only what this actor did: `key:ID`, `oidc:DIGEST`, `alongside` or `command line`.",
                "alongside",
            ),
            text(
                "action",
                "Only what was done in this word.",
                "load_bundled_data",
            ),
            in_query(
                "odsCode",
                "Only what is this organisation's.",
                code,
                json!("RTH"),
            ),
            text("subjectKind", "Only things of this sort.", "core_systems"),
            text("subjectId", "Only the thing with this id.", "epr"),
            text(
                "requestId",
                "Only what this request changed.",
                "0199d3c47c6a7b52b3c8d2f3b1f6a001",
            ),
            in_query(
                "since",
                "Only what was recorded then or later.",
                time(),
                json!("2026-11-22T00:00:00Z"),
            ),
            in_query(
                "until",
                "Only what was recorded before then.",
                time(),
                json!("2026-11-23T00:00:00Z"),
            ),
        ];
        parameters.extend(page_parameters());
        parameters
    }
}

impl IntoParams for OwnAuditParameters {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        page_parameters().into()
    }
}

/// Something that was changed.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct ChangeView {
    /// The number of the row; rows are numbered from 1 without a gap.
    #[schema(minimum = 1)]
    sequence: i64,
    /// The write it belongs to.
    #[schema(minimum = 0)]
    revision: u64,
    /// When.
    recorded_at: DateTime<Utc>,
    /// What was done, in a word that never varies.
    #[schema(max_length = 100)]
    action: String,
    /// The id of the request that asked for it; null where none did.
    #[schema(required, max_length = 64)]
    request_id: Option<String>,
    /// What sort of thing was changed; null for a change as a whole.
    #[schema(required, max_length = 100)]
    subject_kind: Option<String>,
    /// Which one of the sort.
    #[schema(required, max_length = 200)]
    subject_id: Option<String>,
    /// What it was; null where it was not there, and where it is private.
    #[schema(required)]
    before: Option<Value>,
    /// What it became; null where it is no more, and where it is private.
    #[schema(required)]
    after: Option<Value>,
}

/// Null for what is not there.
fn some(text: String) -> Option<String> {
    Some(text).filter(|text| !text.is_empty())
}

impl From<AuditRecord> for ChangeView {
    fn from(row: AuditRecord) -> Self {
        Self {
            sequence: row.sequence,
            revision: row.revision.0,
            recorded_at: row.recorded_at,
            action: row.action,
            request_id: some(row.request_id),
            subject_kind: some(row.subject_kind),
            subject_id: some(row.subject_id),
            before: row.before,
            after: row.after,
        }
    }
}

/// A row of the audit.
#[derive(Serialize, ToSchema)]
#[schema(as = AuditRow)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AuditView {
    #[serde(flatten)]
    change: ChangeView,
    /// Who: `key:ID`, `oidc:DIGEST`, `alongside` or `command line`.
    #[schema(max_length = 200)]
    actor: String,
    /// To what and how, in words.
    #[schema(required, max_length = 1000)]
    detail: Option<String>,
    /// The organisation whose it is; null where it is nobody's.
    #[schema(required, max_length = 12)]
    ods_code: Option<String>,
    /// Whether it is the site's alone, as its ethos and weights are: then only that it changed is shown.
    is_private: bool,
}

impl From<AuditRecord> for AuditView {
    fn from(mut row: AuditRecord) -> Self {
        let is_private = row.is_private();
        if is_private {
            row.before = None;
            row.after = None;
        }
        Self {
            actor: std::mem::take(&mut row.actor),
            detail: some(std::mem::take(&mut row.detail)).filter(|_| !is_private),
            ods_code: some(std::mem::take(&mut row.ods_code)),
            is_private,
            change: row.into(),
        }
    }
}

/// A page of the audit.
#[derive(Serialize, ToSchema)]
#[schema(as = AuditPage)]
pub(crate) struct AuditPageView {
    /// The newest first.
    #[schema(max_items = 200)]
    items: Vec<AuditView>,
    links: PageLinks,
}

/// Who changed something, as a site is told it.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum OwnActorKind {
    /// A key of the site.
    OwnKey,
    /// Another site.
    OtherSite,
    /// A programme admin.
    ProgrammeAdmin,
    /// Somebody whom the identity provider vouches for.
    Identity,
    /// The service itself.
    Service,
    /// Whoever runs the service.
    CommandLine,
    /// None of these.
    Other,
}

/// A row of a site's part of the audit.
#[derive(Serialize, ToSchema)]
#[schema(as = OwnAuditRow)]
#[serde(rename_all = "camelCase")]
pub(crate) struct OwnAuditView {
    #[serde(flatten)]
    change: ChangeView,
    /// Who; others than the site are not told apart.
    actor: OwnActorKind,
    /// The beginning of the site's key that did it; null where none did.
    #[schema(required, max_length = 20)]
    key_prefix: Option<String>,
}

impl OwnAuditView {
    fn new(row: AuditRecord, actor: KnownActor) -> Self {
        let (actor, key_prefix) = match actor {
            KnownActor::OwnKey(prefix) => (OwnActorKind::OwnKey, Some(prefix)),
            KnownActor::OtherSite => (OwnActorKind::OtherSite, None),
            KnownActor::ProgrammeAdmin => (OwnActorKind::ProgrammeAdmin, None),
            KnownActor::Identity => (OwnActorKind::Identity, None),
            KnownActor::Service => (OwnActorKind::Service, None),
            KnownActor::CommandLine => (OwnActorKind::CommandLine, None),
            KnownActor::Other => (OwnActorKind::Other, None),
        };
        Self {
            change: row.into(),
            actor,
            key_prefix,
        }
    }
}

/// A page of a site's part of the audit.
#[derive(Serialize, ToSchema)]
#[schema(as = OwnAuditPage)]
pub(crate) struct OwnAuditPageView {
    /// The newest first.
    #[schema(max_items = 200)]
    items: Vec<OwnAuditView>,
    links: PageLinks,
}

/// What the audit was at one moment.
#[derive(Serialize, ToSchema)]
#[schema(as = AuditCheckpoint)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CheckpointView {
    /// The number of the last row; 0 before the first.
    #[schema(minimum = 0)]
    sequence: i64,
    /// The revision it belongs to.
    #[schema(minimum = 0)]
    revision: i64,
    /// When the checkpoint was made.
    made_at: DateTime<Utc>,
    /// What chains the last row to those before it.
    #[schema(pattern = "^[0-9a-f]{64}$", max_length = 64)]
    mac: String,
    /// What shows that this service made the checkpoint.
    #[schema(pattern = "^[0-9a-f]{64}$", max_length = 64)]
    seal: String,
}

impl From<Checkpoint> for CheckpointView {
    fn from(checkpoint: Checkpoint) -> Self {
        Self {
            sequence: checkpoint.sequence,
            revision: checkpoint.revision,
            made_at: checkpoint.made_at,
            mac: checkpoint.mac,
            seal: checkpoint.seal,
        }
    }
}

fn paged(view: &impl Serialize, header: &str, n_rows: usize) -> Result<HttpResponse, Problem> {
    let mut response = answer::json(view, ROW_BYTES * (n_rows + 1))?;
    if let Ok(header) = header.parse() {
        response.headers_mut().insert(LINK, header);
    }
    Ok(response)
}

/// List the audit
///
/// Lists who changed what, the newest first, a page at a time. Every parameter that is given has to hold. What is a site's alone, as
/// its ethos and its weights are, is listed without what it was and became.
#[utoipa::path(
    tag = "audit",
    params(AuditParameters),
    responses(
        (status = 200, description = "A page of the audit.", body = AuditPageView,
         headers(("Link" = String, description = "The first and the next page (RFC 8288)."))),
        ApiFailures, RuleBroken, StorageFailures
    )
)]
#[get("/admin/audit")]
pub(crate) async fn list_audit(
    request: HttpRequest,
    parameters: Params<AuditParameters>,
    alongside: Data<Alongside>,
) -> Result<HttpResponse, Problem> {
    let asked = parameters.0.0;
    let (query, before, limit) = (asked.query.clone(), asked.before, asked.limit);
    let page = alongside
        .storage()
        .read(move |connection| audit::page(connection, &query, before, limit))
        .await?;
    let links = asked.links(&request, &page);
    let header = links.header();
    let items: Vec<AuditView> = page.items.into_iter().map(Into::into).collect();
    let n_rows = items.len();
    paged(&AuditPageView { items, links }, &header, n_rows)
}

/// Show a checkpoint of the audit
///
/// Makes a checkpoint of the end of the audit, to be kept where the database is not: `alongside audit verify --checkpoint` then
/// finds what was taken away or put back since. It is made where the end is what the service wrote; whether all rows before it
/// are, `alongside audit verify` says.
#[utoipa::path(
    tag = "audit",
    responses(
        (status = 200, description = "The checkpoint.", body = CheckpointView),
        ApiFailures, Clash, StorageFailures
    )
)]
#[get("/admin/audit/checkpoint")]
pub(crate) async fn show_audit_checkpoint(
    _none: Params<NoParameters>,
    alongside: Data<Alongside>,
    clock: Data<Clock>,
) -> Result<HttpResponse, Problem> {
    let at = clock.now();
    let made = alongside
        .storage()
        .read(move |connection| audit::checkpoint(connection, at))
        .await?;
    let checkpoint = made.ok_or_else(|| Error::Conflict {
        rule: "/problems/audit-not-whole",
        detail:
            "The end of the audit is not what the service wrote; alongside audit verify says more."
                .into(),
    })?;
    answer::json(&CheckpointView::from(checkpoint), ROW_BYTES)
}

/// List a site's own audit
///
/// Lists who changed what is the site's own, the newest first, a page at a time. Other callers are told by what they are, never by
/// their ids.
#[utoipa::path(
    tag = "audit",
    params(Seeker, OwnAuditParameters),
    responses(
        (status = 200, description = "A page of the site's part of the audit.", body = OwnAuditPageView,
         headers(("Link" = String, description = "The first and the next page (RFC 8288)."))),
        ApiFailures, RuleBroken, NoSuchOrganisation, StorageFailures
    )
)]
#[get("/organisations/{odsCode}/audit")]
pub(crate) async fn list_own_audit(
    request: HttpRequest,
    code: Seeker,
    parameters: Params<OwnAuditParameters>,
    alongside: Data<Alongside>,
) -> Result<HttpResponse, Problem> {
    let site = code.0;
    let asked = parameters.0.0;
    let (before, limit) = (asked.before, asked.limit);
    let query = AuditQuery {
        ods_code: Some(site),
        ..asked.query.clone()
    };
    let (page, actors) = alongside
        .storage()
        .read(move |connection| {
            let page = audit::page(connection, &query, before, limit)?;
            let actors = audit::actors(connection, site, &page.items)?;
            Ok((page, actors))
        })
        .await?;
    let links = asked.links(&request, &page);
    let header = links.header();
    let rows = page.items.into_iter().zip(actors);
    let items: Vec<OwnAuditView> = rows
        .map(|(row, actor)| OwnAuditView::new(row, actor))
        .collect();
    let n_rows = items.len();
    paged(&OwnAuditPageView { items, links }, &header, n_rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_read_as_it_was_written() {
        for before in [1, 42, i64::MAX] {
            let question = Place::question_of(&AuditQuery::default());
            let text = Place { question, before }.write();
            let read = Place::read(&text).map(|place| place.before);
            assert_eq!((read, text.len()), (Ok(before), EXAMPLE_CURSOR.len()));
        }
        for broken in [
            "",
            "a1",
            "a10123abcd",
            "a10123abcdf00000000000002a",
            "a10123abcd0+0000000000002a",
        ] {
            assert!(Place::read(broken).is_err(), "{broken}");
        }
    }

    #[test]
    fn a_time_has_its_offset() {
        assert!(
            time("2026-11-22T09:00:00Z").is_ok() && time("2026-11-22T09:00:00.5+01:00").is_ok()
        );
        for broken in [
            "2026-11-22",
            "2026-11-22T09:00:00",
            "yesterday",
            "2026-11-22 09:00:00Z",
        ] {
            assert!(time(broken).is_err(), "{broken}");
        }
    }
}
