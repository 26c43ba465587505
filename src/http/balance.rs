//! The give and receive balance of a site, for itself and programme admins alone: there is no table of sites (DESIGN 6).

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, get};

use crate::app::Alongside;
use crate::http::access::Rule;
use crate::http::answer;
use crate::http::extract::{NoParameters, Params, Seeker};
use crate::http::openapi::{ApiFailures, NoSuchOrganisation, NotModified, StorageFailures};
use crate::http::operation::Operation;
use crate::http::problem::Problem;
use crate::http::views::balance::BalanceView;
use crate::storage::{balance, organisations};

/// What is said of the operations of this file.
pub(crate) const OPERATIONS: &[Operation] = &[Operation::new("show_balance", Rule::OwnOrAdmin)
    .answers(include_str!("examples/show_balance.json"))];

/// A rough size of a balance, in bytes.
const BALANCE_BYTES: usize = 2 * 1024;

/// Show the balance
///
/// Shows what an organisation gives to the others and what it has of them: its partnerships and conversations, the check-ins of
/// both sides, and the topics each way, as agreed and as check-ins report them.
#[utoipa::path(
    tag = "partnerships",
    params(Seeker),
    responses(
        (status = 200, description = "The balance.", body = BalanceView),
        NotModified, ApiFailures, NoSuchOrganisation, StorageFailures
    )
)]
#[get("/organisations/{odsCode}/balance")]
pub(crate) async fn show_balance(
    request: HttpRequest,
    code: Seeker,
    _none: Params<NoParameters>,
    alongside: Data<Alongside>,
) -> Result<HttpResponse, Problem> {
    let here = code.0;
    let balance = alongside
        .storage()
        .read(move |connection| {
            organisations::require(connection, here)?;
            balance::of(connection, here)
        })
        .await?;
    answer::tagged(&request, &BalanceView::new(here, balance), BALANCE_BYTES)
}
