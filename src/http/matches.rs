//! The match board: every approach and partnership with its scores then and now, for programme admins and viewers.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, get};

use crate::app::Alongside;
use crate::http::access::{Asker, Rule};
use crate::http::answer;
use crate::http::clock::Clock;
use crate::http::exports::{Workbook, as_file, check_form};
use crate::http::extract::{NoParameters, Params};
use crate::http::match_parameters::{MatchExportParameters, MatchParameters};
use crate::http::openapi::{
    ApiFailures, Clash, NoSuchThing, NotModified, RuleBroken, StorageFailures,
};
use crate::http::operation::Operation;
use crate::http::pagination;
use crate::http::path::Id;
use crate::http::problem::Problem;
use crate::http::views::matches::{MatchInFullView, MatchPageView, MatchView};

/// What is said of the operations of this file.
pub(crate) const OPERATIONS: &[Operation] = &[
    Operation::new("list_matches", Rule::Staff).answers(include_str!("examples/list_matches.json")),
    Operation::new("show_match", Rule::Staff).answers(include_str!("examples/show_match.json")),
    Operation::new("export_matches", Rule::Staff).answers(
        r#""id,kind,state,partnership_state,from_ods,from_name,to_ods,to_name,programme,sent_at,age_days,topics_learn,topics_give,fit_then_low,fit_then,fit_then_high,from_fit_then,to_fit_then,coverage_then,distance_km,method_version,revision,fit_now_low,fit_now,fit_now_high,from_fit_now,to_fit_now,coverage_now,flags,from_usefulness,to_usefulness,reason,assignee,resolution\r\n""#,
    ),
];

/// A rough size of one match, in bytes.
const MATCH_BYTES: usize = 1600;

/// List matches
///
/// Lists approaches, each with its partnership where there is one, a page at a time: as they stand now, with the scores that
/// were seen when they were sent and the scores of today, what to watch, and what programme admins made of them. Every parameter
/// that is given has to hold. What the two sites wrote to each other is shown to nobody else.
///
/// Flags: `low_coverage` where the coverage then was below 0.5; `one_sided` where the two expected fits then differed by 0.25
/// or more; `far` where the head offices are more than 200 km apart; `over_asked` where it waits for a recipient with 8 or more
/// open approaches, of the 10 that a site may have; `stalled` where it has waited for more than 14 days, or its active
/// partnership has gone without a check-in for more than 90; `cooled_off` where it was declined as not a fit within 90 days.
/// Viewers see no reasons for declining, and nothing of `cooled_off`: these are the two sites' and programme admins'.
#[utoipa::path(
    tag = "matches",
    params(MatchParameters),
    responses(
        (status = 200, description = "A page of matches.", body = MatchPageView,
         headers(("Link" = String, description = "The first and the next page (RFC 8288)."))),
        ApiFailures, RuleBroken, StorageFailures
    )
)]
#[get("/admin/matches")]
pub(crate) async fn list_matches(
    request: HttpRequest,
    asker: Asker,
    parameters: Params<MatchParameters>,
    alongside: Data<Alongside>,
    clock: Data<Clock>,
) -> Result<HttpResponse, Problem> {
    let MatchParameters { query, page: asked } = parameters.0;
    let now = clock.now();
    let page = alongside
        .match_page((query, asker.0.role), asked.after, asked.limit, now)
        .await?;
    let last = page.items.last().filter(|_| page.has_more);
    let links = asked.links(&request, last.map(|scored| scored.found.place()));
    let header = links.header();
    let items: Vec<MatchView> = page
        .items
        .into_iter()
        .map(|scored| MatchView::new(scored, now))
        .collect();
    let capacity = MATCH_BYTES * (items.len() + 1);
    let view = MatchPageView {
        items,
        total: page.total,
        revision: page.revision.0,
        links,
    };
    pagination::answer(&view, &header, capacity)
}

/// Show a match
///
/// Shows one match in full: what the board lists of it, what happened to it, and the first comments.
#[utoipa::path(
    tag = "matches",
    params(Id),
    responses(
        (status = 200, description = "The match.", body = MatchInFullView),
        NotModified, ApiFailures, NoSuchThing, StorageFailures
    )
)]
#[get("/admin/matches/{id}")]
pub(crate) async fn show_match(
    request: HttpRequest,
    id: Id,
    asker: Asker,
    _none: Params<NoParameters>,
    alongside: Data<Alongside>,
    clock: Data<Clock>,
) -> Result<HttpResponse, Problem> {
    let now = clock.now();
    let (scored, history, comments) = alongside.match_in_full((id.0, asker.0.role), now).await?;
    let version = scored.found.review.version;
    let capacity = MATCH_BYTES * 4;
    let view = MatchInFullView::new(scored, history, comments, now);
    answer::versioned(&request, &view, version, capacity)
}

/// Export matches
///
/// Gives the matches that the board would list, in its order, as a file of at most 100,000 rows. Codes are texts, and no text is a
/// formula, as in the other exports. What the two sites wrote to each other, and what admins wrote, is not in it.
#[utoipa::path(
    tag = "matches",
    params(MatchExportParameters),
    responses(
        (status = 200, description = "The matches.",
         content(
            (String = "text/csv"),
            (Workbook = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")
         ),
         headers(("Content-Disposition" = String, description = "The name of the file."))),
        NotModified, ApiFailures, RuleBroken, Clash, StorageFailures
    )
)]
#[get("/admin/matches/export")]
pub(crate) async fn export_matches(
    request: HttpRequest,
    asker: Asker,
    parameters: Params<MatchExportParameters>,
    alongside: Data<Alongside>,
    clock: Data<Clock>,
) -> Result<HttpResponse, Problem> {
    let MatchExportParameters { query, format } = parameters.0;
    check_form(&request, format)?;
    let file = alongside
        .export_matches((query, asker.0.role), format, clock.now())
        .await?;
    Ok(as_file(&request, "matches", format, file))
}
