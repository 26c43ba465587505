//! What stands between two organisations and could bring them together.

use actix_web::web::Data;
use actix_web::{HttpResponse, get};
use chrono::NaiveDate;
use serde_json::json;
use utoipa::IntoParams;
use utoipa::openapi::Required;
use utoipa::openapi::path::{Parameter, ParameterIn};

use crate::app::Alongside;
use crate::domain::error::Error;
use crate::domain::ids::{MalformedId, OdsCode};
use crate::http::access::Rule;
use crate::http::answer;
use crate::http::clock::Clock;
use crate::http::extract::{Fault, Parameters, Params, Query, Seeker};
use crate::http::openapi::{
    ApiFailures, NoSuchOrganisation, NotSuggestible, RuleBroken, StorageFailures,
};
use crate::http::operation::Operation;
use crate::http::parameters::{
    AS_OF_WORDS, as_of, as_of_schema, code_schema, in_query, limit, limit_in_query, limit_schema,
};
use crate::http::problem::Problem;
use crate::http::views::bridges::BridgesView;

/// What is said of the operations of this file.
pub(crate) const OPERATIONS: &[Operation] = &[Operation::new("list_bridges", Rule::OwnOrStaff)
    .answers(include_str!("examples/list_bridges.json"))];

/// The most organisations that are listed, and how many unless told otherwise.
const MAX_BRIDGES: usize = 50;
const DEFAULT_BRIDGES: usize = 10;

/// A rough size of one bridge, in bytes.
const BRIDGE_BYTES: usize = 1500;

/// To whom, how many and of when.
pub(crate) struct BridgeParameters {
    to: Option<OdsCode>,
    limit: usize,
    as_of: Option<NaiveDate>,
}

impl Parameters for BridgeParameters {
    fn read(query: &mut Query) -> Self {
        let to = query.take("to", |text| {
            OdsCode::new(text).map_err(|fault: MalformedId| Fault::Unreadable(fault.to_string()))
        });
        if to.is_none() {
            query.missing("to");
        }
        Self {
            to,
            limit: query
                .take("limit", limit)
                .map_or(DEFAULT_BRIDGES, crate::domain::suggestion::Limit::count),
            as_of: query.take("asOf", as_of),
        }
    }
}

impl IntoParams for BridgeParameters {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let words = "The ODS code of the other organisation, in letters of either case.";
        let mut to = in_query("to", words, code_schema(), json!("RHW"));
        to.required = Required::True;
        vec![
            to,
            limit_in_query(
                "How many organisations to list.",
                limit_schema(MAX_BRIDGES, DEFAULT_BRIDGES),
                json!(3),
            ),
            in_query("asOf", AS_OF_WORDS, as_of_schema(), json!("2026-11-22")),
        ]
    }
}

/// List what bridges two organisations
///
/// Lists the networks that two organisations share, and the organisations that have to do with both, by links or networks. Each
/// of those bridges as well as both its sides hold: its strength is what it has to do with the one, times what it has to do with
/// the other, each as in the score on prior relationships.
#[utoipa::path(
    tag = "relations",
    params(Seeker, BridgeParameters),
    responses(
        (status = 200, description = "What stands between the two.", body = BridgesView),
        ApiFailures, NoSuchOrganisation, NotSuggestible, RuleBroken, StorageFailures
    )
)]
#[get("/organisations/{odsCode}/bridges")]
pub(crate) async fn list_bridges(
    code: Seeker,
    parameters: Params<BridgeParameters>,
    alongside: Data<Alongside>,
    clock: Data<Clock>,
) -> Result<HttpResponse, Problem> {
    let BridgeParameters { to, limit, as_of } = parameters.0;
    let to = to.ok_or_else(|| Error::Internal("reading a query", "it was checked".into()))?;
    let as_of = as_of.unwrap_or_else(|| clock.today());
    let found = alongside.bridges(code.0, to, as_of, limit)?;
    let capacity = BRIDGE_BYTES * (found.organisations.len() + 1);
    answer::json(&BridgesView::new(found, (code.0, to), as_of), capacity)
}
