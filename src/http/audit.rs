//! Reading who changed what: everything for programme admins and viewers, its own for a site.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, get};

use crate::app::Alongside;
use crate::domain::audit::AuditQuery;
use crate::domain::error::Error;
use crate::http::access::Rule;
use crate::http::answer;
use crate::http::audit_parameters::{AuditParameters, OwnAuditList};
use crate::http::clock::Clock;
use crate::http::extract::{NoParameters, Params, Seeker};
use crate::http::openapi::{ApiFailures, Clash, NoSuchOrganisation, RuleBroken, StorageFailures};
use crate::http::operation::Operation;
use crate::http::pagination::{self, PageOf};
use crate::http::problem::Problem;
use crate::http::views::audit::{
    AuditPageView, AuditView, CheckpointView, OwnAuditPageView, OwnAuditView,
};
use crate::storage::audit;

/// What is said of the operations of this file.
pub(crate) const OPERATIONS: &[Operation] = &[
    Operation::new("list_audit", Rule::Staff).answers(include_str!("examples/list_audit.json")),
    Operation::new("show_audit_checkpoint", Rule::Admin)
        .answers(include_str!("examples/show_audit_checkpoint.json")),
    Operation::new("list_own_audit", Rule::Own).answers(
        r#"{"items": [], "links": {"first": "/api/v1/organisations/RTH/audit", "next": null}}"#,
    ),
];

/// A rough size of one row of a page, in bytes.
const ROW_BYTES: usize = 600;

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
    let AuditParameters { query, page: asked } = parameters.0;
    let (before, limit) = (asked.after, asked.limit);
    let page = alongside
        .storage()
        .read(move |connection| audit::page(connection, &query, before, limit))
        .await?;
    let last = page.items.last().filter(|_| page.has_more);
    let links = asked.links(&request, last.map(|row| row.sequence));
    let header = links.header();
    let items: Vec<AuditView> = page.items.into_iter().map(Into::into).collect();
    let capacity = ROW_BYTES * (items.len() + 1);
    pagination::answer(&AuditPageView { items, links }, &header, capacity)
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
    params(Seeker, PageOf<OwnAuditList>),
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
    parameters: Params<PageOf<OwnAuditList>>,
    alongside: Data<Alongside>,
) -> Result<HttpResponse, Problem> {
    let site = code.0;
    let asked = parameters.0.0;
    let (before, limit) = (asked.after, asked.limit);
    let query = AuditQuery {
        ods_code: Some(site),
        ..AuditQuery::default()
    };
    let (page, actors) = alongside
        .storage()
        .read(move |connection| {
            let page = audit::page(connection, &query, before, limit)?;
            let actors = audit::actors(connection, site, &page.items)?;
            Ok((page, actors))
        })
        .await?;
    let last = page.items.last().filter(|_| page.has_more);
    let links = asked.links(&request, last.map(|row| row.sequence));
    let header = links.header();
    let rows = page.items.into_iter().zip(actors);
    let items: Vec<OwnAuditView> = rows
        .map(|(row, actor)| OwnAuditView::new(row, actor))
        .collect();
    let capacity = ROW_BYTES * (items.len() + 1);
    pagination::answer(&OwnAuditPageView { items, links }, &header, capacity)
}
