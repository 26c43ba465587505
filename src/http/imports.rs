//! Files that are handed in, and what comes of them.

use std::future::Future;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::http::StatusCode;
use actix_web::http::header::{
    CONTENT_DISPOSITION, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, LINK, LOCATION,
};
use actix_web::web::Data;
use actix_web::{FromRequest, HttpRequest, HttpResponse, get, post};
use chrono::DateTime;
use data_encoding::HEXLOWER;
use futures_util::StreamExt as _;
use serde::Serialize;
use serde_json::json;
use sha2::{Digest, Sha256};
use tokio::sync::{Semaphore, SemaphorePermit};
use utoipa::IntoParams;
use utoipa::openapi::Required;
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{ObjectBuilder, Type};

use crate::app::{Alongside, import};
use crate::domain::caller::Role;
use crate::domain::error::Error;
use crate::domain::ids::OdsCode;
use crate::domain::import::{Counts, ImportJob, ImportKind, ImportState};
use crate::http::access::{Asker, Rule};
use crate::http::answer;
use crate::http::body::{BODY_DEADLINE, BodyHash};
use crate::http::changing::{Changing, IdempotencyKey};
use crate::http::clock::Clock;
use crate::http::exports::Workbook;
use crate::http::extract::{Fault, NoParameters, Parameters, Params, Query};
use crate::http::openapi::{ApiFailures, BodyFailures, NoSuchThing, RuleBroken, StorageFailures};
use crate::http::operation::Operation;
use crate::http::pagination::PageLinks;
use crate::http::parameters::{in_query, limit_in_query, limit_schema, whole};
use crate::http::problem::{Kind, Problem};
use crate::http::views::imports::{ImportPageView, ImportView, RemarkPageView};
use crate::random::{Random, is_id};
use crate::storage::idempotency::{Created, once};
use crate::storage::{Outcome, Touches, imports};

/// What is said of the operations of this file.
pub(crate) const OPERATIONS: &[Operation] = &[
    Operation::new("create_import", Rule::SiteOrAdmin)
        .takes(r#""ods_code,topic,need,stage,live_since\nRTH,hepma,wanted,live,2019\n""#)
        .answers(include_str!("examples/create_import.json")),
    Operation::new("list_imports", Rule::SiteOrAdmin)
        .answers(r#"{"items": [], "links": {"first": "/api/v1/imports", "next": null}}"#),
    Operation::new("show_import", Rule::SiteOrAdmin)
        .answers(include_str!("examples/show_import.json")),
    Operation::new("list_import_remarks", Rule::SiteOrAdmin)
        .answers(r#"{"items": [], "links": {"first": "/api/v1/imports/00000000-0000-4000-8000-000000000001/remarks", "next": null}}"#),
    Operation::new("show_import_template", Rule::Anyone)
        .answers(r#""ods_code,topic,need,stage,live_since,as_of,source\n""#),
];

/// The largest file over the interface, in bytes (DESIGN 10).
const MAX_BYTES: usize = 16 * 1024 * 1024;

/// A rough size of one job or remark, in bytes.
const ROW_BYTES: usize = 600;

const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

/// The forms in which a file may come; what it is is read from its content.
const MEDIA_TYPES: [&str; 4] = [
    "application/json",
    "application/fhir+json",
    "text/csv",
    XLSX,
];

/// How many files are read at once: what is held of them is bounded by this and by their size.
const MAX_UPLOADS: usize = 4;

static UPLOADS: Semaphore = Semaphore::const_new(MAX_UPLOADS);

/// A file as it arrived.
pub(crate) struct FileBody {
    bytes: Vec<u8>,
    /// Taken while the file arrives, since a whole file at once would keep this thread's other callers waiting.
    hash: BodyHash,
    /// The place among those that are read at once.
    _permit: SemaphorePermit<'static>,
}

impl FromRequest for FileBody {
    type Error = Problem;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Problem>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let headers = request.headers();
        let text = |name| {
            headers
                .get(name)
                .and_then(|value| value.to_str().ok())
                .unwrap_or_default()
        };
        let media_type = text(CONTENT_TYPE)
            .split(';')
            .next()
            .unwrap_or_default()
            .trim()
            .to_ascii_lowercase();
        let too_large = || {
            Problem::new(
                Kind::BodyTooLarge,
                format!(
                    "A file has at most {MAX_BYTES} bytes; split it, or use `alongside import`."
                ),
            )
        };
        let refused = if !MEDIA_TYPES.contains(&media_type.as_str()) {
            Err(Problem::new(
                Kind::UnsupportedMediaType,
                format!("The file has to be one of: {}.", MEDIA_TYPES.join(", ")),
            ))
        } else if !text(CONTENT_ENCODING).is_empty()
            && !text(CONTENT_ENCODING).eq_ignore_ascii_case("identity")
        {
            Err(Problem::new(
                Kind::UnsupportedMediaType,
                "The file has to come without a content encoding.",
            ))
        } else if text(CONTENT_LENGTH)
            .parse::<usize>()
            .is_ok_and(|length| length > MAX_BYTES)
        {
            Err(too_large())
        } else {
            Ok(())
        };
        let mut payload = payload.take();
        Box::pin(async move {
            refused?;
            let permit = UPLOADS.try_acquire().map_err(|_none_left| {
                Problem::new(
                    Kind::TooManyRequests,
                    "Other files are being handed in; hand this one in again in some seconds.",
                )
            })?;
            let reading = async {
                let mut bytes = Vec::new();
                let mut hash = Sha256::new();
                while let Some(chunk) = payload.next().await {
                    let chunk = chunk.map_err(|_broken| Problem::unreadable("", "broke off"))?;
                    if bytes.len() + chunk.len() > MAX_BYTES {
                        return Err(too_large());
                    }
                    hash.update(&chunk);
                    bytes.extend_from_slice(&chunk);
                }
                Ok(Self {
                    bytes,
                    hash: BodyHash(hash.finalize().into()),
                    _permit: permit,
                })
            };
            let read = actix_web::rt::time::timeout(BODY_DEADLINE, reading).await;
            read.map_err(|_elapsed| {
                Problem::new(
                    Kind::Timeout,
                    format!(
                        "The file has to arrive within {} s.",
                        BODY_DEADLINE.as_secs()
                    ),
                )
            })?
        })
    }
}

/// What to do with a file.
pub(crate) struct ImportParameters {
    kind: Option<ImportKind>,
    is_dry_run: bool,
    is_partial: bool,
}

impl Parameters for ImportParameters {
    fn read(query: &mut Query) -> Self {
        let kind = query.take("kind", kind);
        if kind.is_none() {
            query.missing("kind");
        }
        Self {
            kind,
            is_dry_run: query.take("dryRun", truth).unwrap_or_default(),
            is_partial: query.take("partial", truth).unwrap_or_default(),
        }
    }
}

fn kind(text: &str) -> Result<ImportKind, Fault> {
    text.parse()
        .map_err(|fault: crate::domain::ids::MalformedId| Fault::Rule(fault.to_string()))
}

fn truth(text: &str) -> Result<bool, Fault> {
    match text {
        "true" => Ok(true),
        "false" => Ok(false),
        _ => Err(Fault::Unreadable("is true or false".into())),
    }
}

fn string() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String)
}

fn kinds(only_tables: bool) -> ObjectBuilder {
    let kinds = ImportKind::ALL
        .iter()
        .filter(|kind| !only_tables || kind.is_table());
    string().enum_values(Some(kinds.map(|kind| kind.as_str())))
}

impl IntoParams for ImportParameters {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let truth = || string().enum_values(Some(["true", "false"]));
        vec![
            ParameterBuilder::new()
                .name("kind")
                .parameter_in(ParameterIn::Query)
                .required(Required::True)
                .description(Some("What the file is of. A site may hand in `systems`, `attributes`, `links`, `memberships` and `topics`, of itself alone."))
                .schema(Some(kinds(false)))
                .example(Some(json!("topics")))
                .build(),
            in_query("dryRun", "Whether to say only what would come of it, and change nothing.", truth(), json!("true")),
            in_query("partial", "Whether to take good rows where others are refused; by default all are taken or none.", truth(), json!("true")),
        ]
    }
}

/// Which page of a list whose places are numbers or names.
pub(crate) struct PageParameters {
    limit: usize,
    after: Option<String>,
}

/// What every cursor starts with, and the longest.
const CURSOR_MARK: &str = "i1";
const MAX_CURSOR_LEN: usize = 100;

impl Parameters for PageParameters {
    fn read(query: &mut Query) -> Self {
        Self {
            limit: query
                .take("limit", |text| {
                    usize::try_from(whole(text)?)
                        .ok()
                        .filter(|n| (1..=200).contains(n))
                        .ok_or_else(|| Fault::Rule("is a whole number from 1 to 200".into()))
                })
                .unwrap_or(50),
            after: query.take("cursor", |text| decoded(text).ok_or_else(bad_cursor)),
        }
    }
}

fn bad_cursor() -> Fault {
    Fault::Unreadable("is not a cursor that this service gave".into())
}

fn encoded(place: &str) -> String {
    format!("{CURSOR_MARK}{}", HEXLOWER.encode(place.as_bytes()))
}

fn decoded(text: &str) -> Option<String> {
    let bytes = HEXLOWER
        .decode(text.strip_prefix(CURSOR_MARK)?.as_bytes())
        .ok()?;
    String::from_utf8(bytes)
        .ok()
        .filter(|_| text.len() <= MAX_CURSOR_LEN)
}

impl IntoParams for PageParameters {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let cursor = string()
            .pattern(Some("^i1([0-9a-f]{2})+$"))
            .max_length(Some(MAX_CURSOR_LEN));
        vec![
            limit_in_query(
                "How many to list on a page.",
                limit_schema(200, 50),
                json!(50),
            ),
            in_query(
                "cursor",
                "Where the page begins: taken from `links.next` of the page before.",
                cursor,
                json!("i135"),
            ),
        ]
    }
}

/// The import: `{id}` of the path.
pub(crate) struct ImportId(String);

impl FromRequest for ImportId {
    type Error = Problem;
    type Future = std::future::Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let text = request.match_info().get("id").unwrap_or_default();
        std::future::ready(if is_id(text) {
            Ok(Self(text.to_ascii_lowercase()))
        } else {
            Err(Problem::unreadable("/path/id", "is not an id: a UUID"))
        })
    }
}

impl IntoParams for ImportId {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let id = string()
            .min_length(Some(36))
            .max_length(Some(36))
            .pattern(Some("^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$"));
        vec![
            ParameterBuilder::new()
                .name("id")
                .parameter_in(ParameterIn::Path)
                .required(Required::True)
                .description(Some("The id of the import."))
                .schema(Some(id))
                .example(Some(json!("00000000-0000-4000-8000-000000000001")))
                .build(),
        ]
    }
}

/// Hand in a file
///
/// Takes a file and imports it after those that were handed in before: a table as CSV in UTF-8 or as a workbook, the `etr` file or an
/// ORD answer of the Organisation Data Service, or FHIR R4. All rows are taken or none, unless `partial`. Answers at once with the job;
/// ask for it again to see how far it is. Cells that are empty and rows that are left out change nothing, and a site's own word stays.
#[utoipa::path(
    tag = "imports",
    params(ImportParameters, IdempotencyKey),
    request_body(
        description = "The file, at most 16 MiB: `text/csv`, a workbook as `application/vnd.openxmlformats-officedocument.spreadsheetml.sheet`, \
            `application/json` or `application/fhir+json`.",
        content_type = "text/csv",
        content = String
    ),
    responses(
        (status = 202, description = "The file waits to be imported.", body = ImportView,
         headers(("Location" = String, description = "Where to ask how far it is."))),
        ApiFailures, RuleBroken, BodyFailures, StorageFailures
    )
)]
#[post("/imports")]
pub(crate) async fn create_import(
    parameters: Params<ImportParameters>,
    key: IdempotencyKey,
    changing: Changing,
    file: FileBody,
    alongside: Data<Alongside>,
    random: Data<Random>,
    clock: Data<Clock>,
) -> Result<HttpResponse, Problem> {
    let ImportParameters {
        kind: Some(kind),
        is_dry_run,
        is_partial,
    } = parameters.0
    else {
        return Err(Problem::unreadable("/query/kind", "is missing"));
    };
    let site = changing.caller.role.site();
    if site.is_some() && !kind.is_for_sites() {
        return Err(Error::Forbidden("a file of this kind is for programme admins").into());
    }
    let alongside = alongside.into_inner();
    let Some(place) = alongside.promise_import() else {
        return Err(Problem::new(
            Kind::TooManyRequests,
            "Other files wait to be imported; hand this one in again in a minute.",
        ));
    };
    let hash = file.hash;
    let job = ImportJob {
        id: random.id()?,
        kind,
        site,
        requested_by: changing.caller.id.to_string(),
        is_dry_run,
        is_partial,
        state: ImportState::Queued,
        n_done: 0,
        counts: Counts::default(),
        content_hash: HEXLOWER.encode(&hash.0),
        created_at: changing.at,
        finished_at: None,
        revision: None,
    };
    let (claim, stored) = (key.claim(&changing, &hash), job.clone());
    let change = changing.change("hand_in_import", Touches::Nothing);
    let body = String::from_utf8(answer::bytes(&ImportView::from(job.clone()), ROW_BYTES)?)
        .unwrap_or_default();
    // In a task of its own, so that a stored job is worked on even where nobody waits for the answer any more.
    let handing_in = async move {
        let FileBody { bytes, _permit, .. } = file;
        let made = alongside
            .write_outcome(change.clone(), move |connection| {
                let made = once(connection, claim.as_ref(), |connection| {
                    imports::insert(connection, &stored)?;
                    Ok(Created {
                        id: stored.id,
                        body,
                    })
                })?;
                Ok(match made {
                    Outcome::Changed(created) => Outcome::Changed((created, true)),
                    Outcome::Unchanged(created) => Outcome::Unchanged((created, false)),
                })
            })
            .await?;
        let (created, is_new) = made;
        if is_new {
            let clock = clock.get_ref().clone();
            place.take(job, bytes, change, move || clock.now());
        }
        Ok::<_, Error>(created)
    };
    let created = tokio::spawn(handing_in)
        .await
        .map_err(|panic| Error::Internal("handing in a file", Box::new(panic)))??;
    Ok(HttpResponse::build(StatusCode::ACCEPTED)
        .insert_header((LOCATION, format!("/api/v1/imports/{}", created.id)))
        .content_type("application/json")
        .body(created.body))
}

/// The site whose imports a caller sees; `None` for all.
fn scope(asker: &Asker) -> Option<OdsCode> {
    match asker.0.role {
        Role::Site(code) => Some(code),
        Role::ProgrammeAdmin | Role::Viewer => None,
    }
}

fn paged(view: &impl Serialize, links: &str, n_items: usize) -> Result<HttpResponse, Problem> {
    let mut response = answer::json(view, ROW_BYTES * (n_items + 1))?;
    if let Ok(header) = links.parse() {
        response.headers_mut().insert(LINK, header);
    }
    Ok(response)
}

/// List imports
///
/// Lists the files that the caller's site handed in, the last one first, a page at a time; for programme admins those of everybody.
#[utoipa::path(
    tag = "imports",
    params(PageParameters),
    responses(
        (status = 200, description = "A page of imports.", body = ImportPageView,
         headers(("Link" = String, description = "The first and the next page (RFC 8288)."))),
        ApiFailures, RuleBroken, StorageFailures
    )
)]
#[get("/imports")]
pub(crate) async fn list_imports(
    request: HttpRequest,
    parameters: Params<PageParameters>,
    asker: Asker,
    clock: Data<Clock>,
    alongside: Data<Alongside>,
) -> Result<HttpResponse, Problem> {
    let PageParameters { limit, after } = parameters.0;
    let after = after.map(|place| {
        let (micros, id) = place.split_once(' ')?;
        Some((
            DateTime::from_timestamp_micros(micros.parse().ok()?)?,
            id.to_owned(),
        ))
    });
    if after == Some(None) {
        return Err(Problem::unreadable("/query/cursor", bad_cursor().words()));
    }
    let site = scope(&asker);
    let mut jobs = alongside
        .storage()
        .read(move |connection| imports::page(connection, site, after.flatten(), limit + 1))
        .await?;
    let has_more = jobs.len() > limit;
    jobs.truncate(limit);
    let last = jobs.last().filter(|_| has_more);
    let next =
        last.map(|job| encoded(&format!("{} {}", job.created_at.timestamp_micros(), job.id)));
    let links = PageLinks::new(&request, next);
    let header = links.header();
    let now = clock.now();
    let items: Vec<ImportView> = jobs
        .into_iter()
        .map(|job| alongside.import_as_it_stands(job, now).into())
        .collect();
    let n_items = items.len();
    paged(&ImportPageView { items, links }, &header, n_items)
}

async fn found(alongside: &Alongside, id: &str, asker: &Asker) -> Result<ImportJob, Problem> {
    let (site, wanted) = (scope(asker), id.to_owned());
    let job = alongside
        .storage()
        .read(move |connection| imports::find(connection, &wanted, site))
        .await?;
    Ok(job.ok_or_else(|| Error::Missing {
        what: "import",
        id: id.to_owned(),
    })?)
}

/// Show an import
///
/// Shows how far the import of a file is, and what came of its rows. A site sees its own, a programme admin all.
#[utoipa::path(
    tag = "imports",
    params(ImportId),
    responses(
        (status = 200, description = "The import.", body = ImportView),
        ApiFailures, NoSuchThing, StorageFailures
    )
)]
#[get("/imports/{id}")]
pub(crate) async fn show_import(
    id: ImportId,
    _none: Params<NoParameters>,
    asker: Asker,
    clock: Data<Clock>,
    alongside: Data<Alongside>,
) -> Result<HttpResponse, Problem> {
    let job = found(&alongside, &id.0, &asker).await?;
    answer::json(
        &ImportView::from(alongside.import_as_it_stands(job, clock.now())),
        ROW_BYTES,
    )
}

/// List what is said of the rows of an import
///
/// Lists the rows that were refused, and those where the site's own word was kept, each with its column and the reason, a page at a
/// time. There are none before the import ended.
#[utoipa::path(
    tag = "imports",
    params(ImportId, PageParameters),
    responses(
        (status = 200, description = "A page of remarks.", body = RemarkPageView,
         headers(("Link" = String, description = "The first and the next page (RFC 8288)."))),
        ApiFailures, RuleBroken, NoSuchThing, StorageFailures
    )
)]
#[get("/imports/{id}/remarks")]
pub(crate) async fn list_import_remarks(
    request: HttpRequest,
    id: ImportId,
    parameters: Params<PageParameters>,
    asker: Asker,
    alongside: Data<Alongside>,
) -> Result<HttpResponse, Problem> {
    let PageParameters { limit, after } = parameters.0;
    let after = after.as_deref().unwrap_or("0").parse::<i64>();
    let after =
        after.map_err(|_fault| Problem::unreadable("/query/cursor", bad_cursor().words()))?;
    let job = found(&alongside, &id.0, &asker).await?;
    let mut remarks = alongside
        .storage()
        .read(move |connection| imports::remarks(connection, &job.id, after, limit + 1))
        .await?;
    let has_more = remarks.len() > limit;
    remarks.truncate(limit);
    let next = remarks
        .last()
        .filter(|_| has_more)
        .map(|(place, _)| encoded(&place.to_string()));
    let links = PageLinks::new(&request, next);
    let header = links.header();
    let items: Vec<_> = remarks
        .into_iter()
        .map(|(_, remark)| remark.into())
        .collect();
    let n_items = items.len();
    paged(&RemarkPageView { items, links }, &header, n_items)
}

/// Which template, and in which form.
pub(crate) struct TemplateParameters {
    is_workbook: bool,
}

impl Parameters for TemplateParameters {
    fn read(query: &mut Query) -> Self {
        let is_workbook = query.take("format", |text| match text {
            "csv" => Ok(false),
            "xlsx" => Ok(true),
            _ => Err(Fault::Rule("is one of: csv, xlsx".into())),
        });
        Self {
            is_workbook: is_workbook.unwrap_or_default(),
        }
    }
}

impl IntoParams for TemplateParameters {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let format = string().enum_values(Some(["csv", "xlsx"]));
        vec![
            ParameterBuilder::new()
                .name("kind")
                .parameter_in(ParameterIn::Path)
                .required(Required::True)
                .description(Some("What the table is of."))
                .schema(Some(kinds(true)))
                .example(Some(json!("systems")))
                .build(),
            in_query(
                "format",
                "CSV, which is the default, or a workbook whose cells are formatted as text.",
                format,
                json!("csv"),
            ),
        ]
    }
}

/// Show the template of a table
///
/// Gives the header of a table with one row of the bundled data as an example, as CSV in UTF-8 or as a workbook.
#[utoipa::path(
    tag = "imports",
    params(TemplateParameters),
    responses(
        (status = 200, description = "The template.", content(
            (String = "text/csv", example = "ods_code,topic,need,stage,live_since,as_of,source\n"),
            (Workbook = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")
        )),
        ApiFailures, RuleBroken, NoSuchThing
    )
)]
#[get("/import-templates/{kind}")]
pub(crate) async fn show_import_template(
    request: HttpRequest,
    parameters: Params<TemplateParameters>,
) -> Result<HttpResponse, Problem> {
    let text = request.match_info().get("kind").unwrap_or_default();
    let missing = || Error::Missing {
        what: "template",
        id: text.to_owned(),
    };
    let kind: ImportKind = text.parse().map_err(|_malformed| missing())?;
    let (bytes, media_type, ending) = if parameters.0.is_workbook {
        (import::template_xlsx(kind)?, XLSX, "xlsx")
    } else {
        (
            import::template_csv(kind).map(String::into_bytes),
            "text/csv; charset=utf-8",
            "csv",
        )
    };
    let bytes = bytes.ok_or_else(missing)?;
    Ok(HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, media_type))
        .insert_header((
            CONTENT_DISPOSITION,
            format!("attachment; filename=\"{kind}.{ending}\""),
        ))
        .body(bytes))
}
