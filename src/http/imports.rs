//! Files that are handed in, and what comes of them.

use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE, LOCATION};
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, get, post};
use data_encoding::HEXLOWER;

use crate::app::{Alongside, import};
use crate::domain::caller::Role;
use crate::domain::error::Error;
use crate::domain::ids::OdsCode;
use crate::domain::import::{Counts, ImportJob, ImportKind, ImportState};
use crate::http::access::{Asker, Rule};
use crate::http::answer;
use crate::http::changing::{Changing, IdempotencyKey, kept, whether_new};
use crate::http::clock::Clock;
use crate::http::exports::{Workbook, XLSX};
use crate::http::extract::{NoParameters, Params};
use crate::http::file_body::FileBody;
use crate::http::import_parameters::{
    ImportList, ImportParameters, RemarkList, TemplateParameters,
};
use crate::http::openapi::{ApiFailures, BodyFailures, NoSuchThing, RuleBroken, StorageFailures};
use crate::http::operation::Operation;
use crate::http::pagination::{self, Made, PageOf, cut};
use crate::http::path::Id;
use crate::http::problem::{Kind, Problem};
use crate::http::views::imports::{ImportPageView, ImportView, RemarkPageView};
use crate::random::Random;
use crate::storage::idempotency::once;
use crate::storage::{Touches, imports};

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

/// A rough size of one job or remark, in bytes.
const ROW_BYTES: usize = 600;

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
    // In a task of its own, so that a stored job is worked on even where nobody waits for the answer any more.
    let handing_in = async move {
        let FileBody { bytes, _permit, .. } = file;
        let made = alongside
            .write_outcome(change.clone(), move |connection| {
                let made = once(connection, claim.as_ref(), |connection| {
                    imports::insert(connection, &stored)?;
                    kept(&stored.id.clone(), &ImportView::from(stored))
                })?;
                Ok(whether_new(made))
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

/// List imports
///
/// Lists the files that the caller's site handed in, the last one first, a page at a time; for programme admins those of everybody.
#[utoipa::path(
    tag = "imports",
    params(PageOf<ImportList>),
    responses(
        (status = 200, description = "A page of imports.", body = ImportPageView,
         headers(("Link" = String, description = "The first and the next page (RFC 8288)."))),
        ApiFailures, RuleBroken, StorageFailures
    )
)]
#[get("/imports")]
pub(crate) async fn list_imports(
    request: HttpRequest,
    parameters: Params<PageOf<ImportList>>,
    asker: Asker,
    clock: Data<Clock>,
    alongside: Data<Alongside>,
) -> Result<HttpResponse, Problem> {
    let page = parameters.0.0;
    let (after, limit) = (page.after.clone(), page.limit);
    let after = after.map(|last| (last.at, last.id));
    let site = scope(&asker);
    let mut jobs = alongside
        .storage()
        .read(move |connection| imports::page(connection, site, after, limit + 1))
        .await?;
    let last = cut(&mut jobs, limit).map(|job| Made {
        at: job.created_at,
        id: job.id.clone(),
    });
    let links = page.links(&request, last);
    let header = links.header();
    let now = clock.now();
    let items: Vec<ImportView> = jobs
        .into_iter()
        .map(|job| alongside.import_as_it_stands(job, now).into())
        .collect();
    let capacity = ROW_BYTES * (items.len() + 1);
    pagination::answer(&ImportPageView { items, links }, &header, capacity)
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
    params(Id),
    responses(
        (status = 200, description = "The import.", body = ImportView),
        ApiFailures, NoSuchThing, StorageFailures
    )
)]
#[get("/imports/{id}")]
pub(crate) async fn show_import(
    id: Id,
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
    params(Id, PageOf<RemarkList>),
    responses(
        (status = 200, description = "A page of remarks.", body = RemarkPageView,
         headers(("Link" = String, description = "The first and the next page (RFC 8288)."))),
        ApiFailures, RuleBroken, NoSuchThing, StorageFailures
    )
)]
#[get("/imports/{id}/remarks")]
pub(crate) async fn list_import_remarks(
    request: HttpRequest,
    id: Id,
    parameters: Params<PageOf<RemarkList>>,
    asker: Asker,
    alongside: Data<Alongside>,
) -> Result<HttpResponse, Problem> {
    let page = parameters.0.0;
    let (after, limit) = (page.after.unwrap_or(0), page.limit);
    let job = found(&alongside, &id.0, &asker).await?;
    let mut remarks = alongside
        .storage()
        .read(move |connection| imports::remarks(connection, &job.id, after, limit + 1))
        .await?;
    let last = cut(&mut remarks, limit).map(|&(place, _)| place);
    let links = page.links(&request, last);
    let header = links.header();
    let items: Vec<_> = remarks
        .into_iter()
        .map(|(_, remark)| remark.into())
        .collect();
    let capacity = ROW_BYTES * (items.len() + 1);
    pagination::answer(&RemarkPageView { items, links }, &header, capacity)
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
