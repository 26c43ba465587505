//! What would come of it if everybody chose the best that would have them.

use actix_web::web::Data;
use actix_web::{HttpResponse, get};
use chrono::NaiveDate;
use serde_json::json;
use utoipa::IntoParams;
use utoipa::openapi::path::{Parameter, ParameterIn};
use utoipa::openapi::schema::{ObjectBuilder, Type};

use crate::app::Alongside;
use crate::domain::ids::Slug;
use crate::domain::what_if::{MAX_GIVEN_PLACES, MAX_LISTED_PAIRS};
use crate::http::access::Rule;
use crate::http::answer;
use crate::http::clock::Clock;
use crate::http::extract::{Fault, Parameters, Params, Query};
use crate::http::openapi::{ApiFailures, RuleBroken, StorageFailures};
use crate::http::operation::Operation;
use crate::http::parameters::{
    AS_OF_WORDS, as_of, as_of_schema, in_query, limit_in_query, limit_schema, whole,
};
use crate::http::path::slug_schema;
use crate::http::problem::Problem;
use crate::http::views::what_if::WhatIfView;

/// What is said of the operations of this file.
pub(crate) const OPERATIONS: &[Operation] =
    &[Operation::new("show_what_if", Rule::Staff)
        .answers(include_str!("examples/show_what_if.json"))];

/// A rough size of one pair, in bytes.
const PAIR_BYTES: usize = 600;

/// Of whom, with how many places, of when.
pub(crate) struct WhatIfParameters {
    programme: Option<Slug>,
    capacity: Option<u32>,
    limit: usize,
    as_of: Option<NaiveDate>,
}

impl Parameters for WhatIfParameters {
    fn read(query: &mut Query) -> Self {
        Self {
            programme: query.take("programme", |text| {
                Slug::new(text).map_err(|fault| Fault::Unreadable(fault.to_string()))
            }),
            capacity: query.take("capacity", places),
            limit: query.take("limit", listed).unwrap_or(MAX_LISTED_PAIRS),
            as_of: query.take("asOf", as_of),
        }
    }
}

fn places(text: &str) -> Result<u32, Fault> {
    u32::try_from(whole(text)?)
        .ok()
        .filter(|places| *places <= MAX_GIVEN_PLACES)
        .ok_or_else(|| Fault::Rule(format!("is a whole number from 0 to {MAX_GIVEN_PLACES}")))
}

fn listed(text: &str) -> Result<usize, Fault> {
    usize::try_from(whole(text)?)
        .ok()
        .filter(|number| (1..=MAX_LISTED_PAIRS).contains(number))
        .ok_or_else(|| Fault::Rule(format!("is a whole number from 1 to {MAX_LISTED_PAIRS}")))
}

impl IntoParams for WhatIfParameters {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let places = ObjectBuilder::new()
            .schema_type(Type::Integer)
            .minimum(Some(0))
            .maximum(Some(MAX_GIVEN_PLACES));
        vec![
            in_query(
                "programme",
                "The slug of the programme whose members are in the picture; every active organisation unless it is given, of \
                 which there may then be 2,000 at most.",
                slug_schema(),
                json!("default"),
            ),
            in_query(
                "capacity",
                "So many places for each, instead of those that are left today.",
                places,
                json!(2),
            ),
            limit_in_query(
                "How many pairs to list, the best first; the summary counts all.",
                limit_schema(MAX_LISTED_PAIRS, MAX_LISTED_PAIRS),
                json!(3),
            ),
            in_query("asOf", AS_OF_WORDS, as_of_schema(), json!("2026-11-22")),
        ]
    }
}

/// Show what a stable assignment would be
///
/// Works out who would pair with whom if everybody chose the best that would have them, under the places that are left (three
/// where a site declared none; a paused site has none), or as many as `capacity` gives to each. Each pair counts under the
/// weights that its two sites saved, or else those of their programmes, so that both see the same mutual fit; taking the best
/// pair whose two both have a place left, again and again, gives the one assignment in which no two would rather have each other
/// (Gai et al. 2007, arXiv 0704.3904). Writes nothing.
#[utoipa::path(
    tag = "programmes",
    params(WhatIfParameters),
    responses(
        (status = 200, description = "The picture.", body = WhatIfView),
        ApiFailures, RuleBroken, StorageFailures
    )
)]
#[get("/admin/what-if")]
pub(crate) async fn show_what_if(
    parameters: Params<WhatIfParameters>,
    alongside: Data<Alongside>,
    clock: Data<Clock>,
) -> Result<HttpResponse, Problem> {
    let WhatIfParameters {
        programme,
        capacity,
        limit,
        as_of,
    } = parameters.0;
    let as_of = as_of.unwrap_or_else(|| clock.today());
    let found = alongside
        .what_if(programme.clone(), capacity, as_of, limit)
        .await?;
    let bytes = PAIR_BYTES * (found.pairs.len() + found.unmatched.len() + 1);
    answer::json(&WhatIfView::new(found, programme, capacity), bytes)
}
