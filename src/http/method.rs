//! The method: every formula, default and source, and its version.

use actix_web::{HttpRequest, HttpResponse, get};
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::method::{self, DefaultValue, Part, Source};
use crate::domain::programme::{Criterion, Weights};
use crate::domain::suggestion::METHOD_VERSION;
use crate::http::access::Rule;
use crate::http::answer;
use crate::http::extract::{NoParameters, Params};
use crate::http::openapi::{ApiFailures, NotModified};
use crate::http::operation::Operation;
use crate::http::problem::Problem;
use crate::http::views::numbers::Share;
use crate::http::views::text::CriterionName;

/// What is said of the operations of this file; its example is the answer itself.
pub(crate) const OPERATIONS: &[Operation] = &[Operation::new("show_method", Rule::Open)];

/// A rough size of the answer, in bytes.
const METHOD_BYTES: usize = 40 * 1024;

/// How suggestions are made.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Method)]
pub(crate) struct MethodView {
    /// The version of the formulas; a change of any formula or default raises it.
    version: &'static str,
    /// How the criteria become the fit of a candidate to a seeker.
    fit: &'static str,
    /// How the two fits of a pair become one.
    mutual_fit: &'static str,
    /// What a range means.
    uncertainty: &'static str,
    /// What the order of the list is.
    order: &'static str,
    /// The criteria of a fit.
    #[schema(max_items = 6)]
    criteria: Vec<MethodCriterion>,
    /// Everything in full, in the order in which a list is made.
    #[schema(max_items = 50)]
    parts: Vec<MethodPart>,
}

/// A part of the method: a criterion, or what is made of the criteria.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct MethodPart {
    /// A stable name that a program can match.
    key: &'static str,
    /// What it is called.
    title: &'static str,
    /// Its formulas in plain text, one step each; the names in them are those of `defaults`.
    #[schema(max_items = 20, value_type = Vec<String>)]
    formulas: &'static [&'static str],
    /// Every number that it takes unless told otherwise, as the service uses it.
    #[schema(max_items = 100)]
    defaults: Vec<MethodDefault>,
    /// Where it comes from.
    #[schema(max_items = 20)]
    sources: Vec<MethodSource>,
}

impl From<Part> for MethodPart {
    fn from(part: Part) -> Self {
        Self {
            key: part.key,
            title: part.title,
            formulas: part.formulas,
            defaults: part.defaults.into_iter().map(Into::into).collect(),
            sources: part.sources.iter().map(Into::into).collect(),
        }
    }
}

/// A number that a formula takes.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct MethodDefault {
    /// Its name in the formulas.
    name: String,
    /// The number in use.
    #[schema(minimum = -1_000_000, maximum = 1_000_000)]
    value: f64,
    /// Its unit; null where it is a share or a count.
    #[schema(required)]
    unit: Option<&'static str>,
    /// What it does.
    meaning: String,
}

impl From<DefaultValue> for MethodDefault {
    fn from(default: DefaultValue) -> Self {
        Self {
            name: default.name,
            value: default.value,
            unit: Some(default.unit).filter(|unit| !unit.is_empty()),
            meaning: default.meaning,
        }
    }
}

/// Where a formula comes from.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct MethodSource {
    /// Author, year, place.
    citation: &'static str,
    /// A DOI or an arXiv page; null where it has none.
    #[schema(required)]
    link: Option<&'static str>,
}

impl From<&Source> for MethodSource {
    fn from(source: &Source) -> Self {
        Self {
            citation: source.citation,
            link: source.link,
        }
    }
}

/// One criterion of the method.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct MethodCriterion {
    criterion: CriterionName,
    /// The criterion in words.
    name: &'static str,
    /// What it counts unless weights are given, before it is taken as a share.
    default_weight: Share,
    /// Whether it may differ between the two sides.
    is_directional: bool,
    /// How it is scored, in short.
    formula: &'static str,
}

impl MethodView {
    pub(crate) fn new() -> Self {
        Self {
            version: METHOD_VERSION,
            fit: "The sum over the applicable criteria of weight times score, the weights taken as shares of one.",
            mutual_fit: "The harmonic mean of the two fits, 2 / (1/p + 1/q); 0 when either is 0.",
            uncertainty: "A missing fact gives low 0, high 1 and the mean of the known as expected, for its share; \
                          coverage says how much is known.",
            order: "By expected mutual fit, less the load price where exposure is spread, best first; ties by ODS code.",
            criteria: Criterion::ALL
                .iter()
                .map(|&criterion| MethodCriterion::new(criterion))
                .collect(),
            parts: method::parts().into_iter().map(Into::into).collect(),
        }
    }
}

impl MethodCriterion {
    fn new(criterion: Criterion) -> Self {
        let (is_directional, formula) = match criterion {
            Criterion::CoreSystem => (
                true,
                "By module, weighted: same product and version, or a newer one, 1; an older one 0.8; same vendor with \
                 another product 0.2; another vendor 0.",
            ),
            Criterion::Geography => (
                true,
                "Half for every 80 km, softened by the core-system score; raised by 0.5 in the same integrated care \
                 board, else by 0.2 in the same region.",
            ),
            Criterion::CareSetting => (
                true,
                "The mean over the seeker's settings of the best affinity to one of the candidate's.",
            ),
            Criterion::Culture => (
                true,
                "Gower similarity over the context attributes and, where answered, the ethos of both.",
            ),
            Criterion::PriorRelationships => (
                false,
                "1 minus the product over links of (1 - strength * factor); the factor halves with the years since a \
                 link ended.",
            ),
            Criterion::Learning => (
                true,
                "What the seeker needs times what the candidate can show, over what it needs.",
            ),
        };
        Self {
            criterion: CriterionName(criterion),
            name: criterion.words(),
            default_weight: Share(Weights::EQUAL.of(criterion)),
            is_directional,
            formula,
        }
    }
}

/// Show the method
///
/// Shows every formula, every default and where it comes from, with the version that every answer names. The defaults are the
/// numbers that the service works with. A change of any formula or default raises the version.
#[utoipa::path(
    tag = "method",
    responses(
        (status = 200, description = "The method.", body = MethodView),
        NotModified, ApiFailures
    )
)]
#[get("/method")]
pub(crate) async fn show_method(
    request: HttpRequest,
    _none: Params<NoParameters>,
) -> Result<HttpResponse, Problem> {
    answer::tagged(&request, &MethodView::new(), METHOD_BYTES)
}
