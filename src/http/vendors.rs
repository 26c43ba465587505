//! The vendors of core systems, by the names that count.

use actix_web::{HttpRequest, HttpResponse, get};

use crate::app::vendors;
use crate::http::access::Rule;
use crate::http::answer;
use crate::http::extract::{NoParameters, Params};
use crate::http::openapi::{ApiFailures, NotModified};
use crate::http::operation::Operation;
use crate::http::problem::Problem;
use crate::http::views::core_systems::VendorsView;

/// What is said of the operations of this file.
pub(crate) const OPERATIONS: &[Operation] = &[Operation::new("list_vendors", Rule::Anyone)
    .answers(include_str!("examples/list_vendors.json"))];

/// A rough size of the list, in bytes.
const VENDORS_BYTES: usize = 4 * 1024;

/// List vendors
///
/// Lists the vendors that are known, each with the other names that are read as its own. A site may name others: a new name is
/// recorded as it is written, and compared without regard to case.
#[utoipa::path(
    tag = "profile",
    responses(
        (status = 200, description = "The vendors.", body = VendorsView),
        NotModified, ApiFailures
    )
)]
#[get("/vendors")]
pub(crate) async fn list_vendors(
    request: HttpRequest,
    _none: Params<NoParameters>,
) -> Result<HttpResponse, Problem> {
    let view = VendorsView::new(vendors()?.list());
    answer::tagged(&request, &view, VENDORS_BYTES)
}
