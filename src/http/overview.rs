//! The pipeline, and load and coverage, for programme admins and viewers.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, get};

use crate::app::Alongside;
use crate::http::access::{Asker, Rule};
use crate::http::answer;
use crate::http::clock::Clock;
use crate::http::exports::{Workbook, as_file, check_form};
use crate::http::extract::Params;
use crate::http::match_parameters::{
    DayExportParameters, PipelineExportParameters, PipelineParameters,
};
use crate::http::openapi::{ApiFailures, Clash, NotModified, RuleBroken, StorageFailures};
use crate::http::operation::Operation;
use crate::http::pagination;
use crate::http::problem::Problem;
use crate::http::suggestion_parameters::PairParameters;
use crate::http::views::overview::{LoadView, PipelineView};

/// What is said of the operations of this file.
pub(crate) const OPERATIONS: &[Operation] = &[
    Operation::new("show_pipeline", Rule::Staff)
        .answers(include_str!("examples/show_pipeline.json")),
    Operation::new("export_pipeline", Rule::Staff).answers(
        r#""ods_code,name,icb_code,region_code,stage,why,stalled,over_asked,open_in,open_out,partnerships,top_tens\r\n""#,
    ),
    Operation::new("show_load", Rule::Staff).answers(include_str!("examples/show_load.json")),
    Operation::new("export_load", Rule::Staff).answers(
        r#""ods_code,name,icb_code,region_code,top_tens,load,share_known\r\n""#,
    ),
];

/// A rough size of one organisation or one group, in bytes.
const ROW_BYTES: usize = 400;

/// Show the pipeline
///
/// Lists how far each active organisation is on its way to a partner and, where it has none, why, by ODS code, a page at a time;
/// with the counts of all organisations by stage, NHS region and integrated care board. Stages: `partnered`, `in_conversation` (one was agreed to
/// within 90 days), `approached` (its own approaches wait), `asked` (approaches wait for its answer), `none`; the first that
/// holds. Counts from 1 to 4, and as many more that these cannot be worked out, are null.
///
/// Reasons: `no_facts` where no criterion can be asked of it or less than 0.3 of the weights rest on facts of its own; `paused`;
/// `no_places`; `declined_all` where every approach that it made was declined; `never_asked` where it made none;
/// `never_suggested` where it stands in nobody's top ten; `cooling_off` where it was declined as not a fit within 90 days,
/// which is not shown to viewers. With a programme that sites join, its members alone are listed and counted.
#[utoipa::path(
    tag = "matches",
    params(PipelineParameters),
    responses(
        (status = 200, description = "A page of the pipeline.", body = PipelineView,
         headers(("Link" = String, description = "The first and the next page (RFC 8288)."))),
        ApiFailures, RuleBroken, Clash, StorageFailures
    )
)]
#[get("/admin/pipeline")]
pub(crate) async fn show_pipeline(
    request: HttpRequest,
    asker: Asker,
    parameters: Params<PipelineParameters>,
    alongside: Data<Alongside>,
    clock: Data<Clock>,
) -> Result<HttpResponse, Problem> {
    let PipelineParameters { query, as_of, page } = parameters.0;
    let now = clock.now();
    let as_of = as_of.unwrap_or_else(|| now.date_naive());
    let found = alongside
        .pipeline((query, asker.0.role), page.after, page.limit, (as_of, now))
        .await?;
    let last = found.items.last().filter(|_| found.has_more);
    let links = page.links(&request, last.map(|entry| entry.ods_code));
    let header = links.header();
    let n_rows = found.items.len() + found.by_icb.len() + found.by_region.len() + 1;
    let view = PipelineView::new(found, links);
    pagination::answer(&view, &header, ROW_BYTES * n_rows)
}

/// Export the pipeline
///
/// Gives how far each active organisation is as a file, by ODS code.
#[utoipa::path(
    tag = "matches",
    params(PipelineExportParameters),
    responses(
        (status = 200, description = "The pipeline.",
         content(
            (String = "text/csv"),
            (Workbook = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")
         ),
         headers(("Content-Disposition" = String, description = "The name of the file."))),
        NotModified, ApiFailures, RuleBroken, Clash, StorageFailures
    )
)]
#[get("/admin/pipeline/export")]
pub(crate) async fn export_pipeline(
    request: HttpRequest,
    asker: Asker,
    parameters: Params<PipelineExportParameters>,
    alongside: Data<Alongside>,
    clock: Data<Clock>,
) -> Result<HttpResponse, Problem> {
    let PipelineExportParameters { programme, day } = parameters.0;
    check_form(&request, day.format)?;
    let now = clock.now();
    let as_of = day.as_of.unwrap_or_else(|| now.date_naive());
    let file = alongside
        .export_pipeline((programme, asker.0.role), day.format, (as_of, now))
        .await?;
    Ok(as_file(&request, "pipeline", day.format, file))
}

/// Show load and coverage
///
/// Shows whether a few organisations carry the many: in how many top tens each stands (by mutual fit, under the programme's
/// weights), who stands in none, how unequal that is, how many suggestions are returned, how far apart and how alike the two are; the same of open
/// approaches and active partnerships; and by board and region, where nothing is shown of fewer than five organisations.
#[utoipa::path(
    tag = "matches",
    params(PairParameters),
    responses(
        (status = 200, description = "Load and coverage.", body = LoadView),
        ApiFailures, RuleBroken, Clash, StorageFailures
    )
)]
#[get("/admin/load")]
pub(crate) async fn show_load(
    parameters: Params<PairParameters>,
    alongside: Data<Alongside>,
    clock: Data<Clock>,
) -> Result<HttpResponse, Problem> {
    let now = clock.now();
    let as_of = parameters.0.as_of.unwrap_or_else(|| now.date_naive());
    let report = alongside.load(as_of, now).await?;
    let n_rows = report.by_icb.len() + report.by_region.len() + report.exposure.sites.len();
    answer::json(&LoadView::from(report), ROW_BYTES * n_rows / 2)
}

/// Export the load
///
/// Gives in how many top tens each active organisation stands, and with what load, as a file, by ODS code.
#[utoipa::path(
    tag = "matches",
    params(DayExportParameters),
    responses(
        (status = 200, description = "The load.",
         content(
            (String = "text/csv"),
            (Workbook = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")
         ),
         headers(("Content-Disposition" = String, description = "The name of the file."))),
        NotModified, ApiFailures, RuleBroken, Clash, StorageFailures
    )
)]
#[get("/admin/load/export")]
pub(crate) async fn export_load(
    request: HttpRequest,
    parameters: Params<DayExportParameters>,
    alongside: Data<Alongside>,
    clock: Data<Clock>,
) -> Result<HttpResponse, Problem> {
    let DayExportParameters { as_of, format } = parameters.0;
    check_form(&request, format)?;
    let as_of = as_of.unwrap_or_else(|| clock.today());
    let file = alongside.export_load(as_of, format).await?;
    Ok(as_file(&request, "load", format, file))
}
