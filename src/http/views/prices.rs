//! Prices that spread exposure, and what they do.

use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::ids::OdsCode;
use crate::domain::price::{Exposed, Prices};
use crate::http::views::numbers::{Amount, Share};
use crate::http::views::text::Code;

/// How the top tens look.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Exposed)]
struct ExposedView {
    /// In how many top tens the one stands that stands in the most.
    #[schema(minimum = 0)]
    highest_in_degree: u32,
    /// In how many one stands on average.
    mean_in_degree: Amount,
    /// How many stand in nobody's.
    #[schema(minimum = 0)]
    never_suggested: u32,
    /// How unequal the numbers are, 0 where all are equal (Gini).
    #[schema(required)]
    in_degree_gini: Option<Share>,
    /// The share of suggestions that are returned.
    #[schema(required)]
    reciprocity: Option<Share>,
    /// The mean mutual fit of those in the top tens.
    #[schema(required)]
    mean_fit: Option<Share>,
}

impl From<Exposed> for ExposedView {
    fn from(of: Exposed) -> Self {
        Self {
            highest_in_degree: of.highest_in_degree,
            mean_in_degree: Amount(of.mean_in_degree),
            never_suggested: of.never_suggested,
            in_degree_gini: of.in_degree_gini.map(Share),
            reciprocity: of.reciprocity.map(Share),
            mean_fit: of.mean_fit.map(Share),
        }
    }
}

/// The price of one organisation.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = LoadPrice)]
struct PriceView {
    ods_code: Code,
    price: Amount,
}

impl From<&(OdsCode, f64)> for PriceView {
    fn from(&(code, price): &(OdsCode, f64)) -> Self {
        Self {
            ods_code: Code(code),
            price: Amount(price),
        }
    }
}

/// What prices make of the top tens.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = LoadPrices)]
pub(crate) struct PricesView {
    without: ExposedView,
    with: ExposedView,
    /// The share of the mean mutual fit that prices cost; below 0 where they gain some. Null where there is none.
    #[schema(required, minimum = -1, maximum = 1, value_type = Option<f64>)]
    fit_lost: Option<Share>,
    /// After how many rounds they were made.
    #[schema(maximum = 500)]
    rounds: u32,
    /// Whether no price moved any more by then; else the best round is taken.
    is_settled: bool,
    /// How many organisations have a price above 0.
    #[schema(minimum = 0)]
    priced: u32,
    /// The highest prices.
    #[schema(max_items = 10)]
    highest: Vec<PriceView>,
}

impl From<&Prices> for PricesView {
    fn from(prices: &Prices) -> Self {
        let spreading = &prices.spreading;
        Self {
            without: spreading.without.into(),
            with: spreading.with.into(),
            fit_lost: spreading.fit_lost.map(Share),
            rounds: spreading.rounds,
            is_settled: spreading.is_settled,
            priced: spreading.n_priced,
            highest: prices.highest.iter().map(Into::into).collect(),
        }
    }
}
