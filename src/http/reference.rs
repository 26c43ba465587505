//! What stands behind the answers: the programme's weights, the method, the sources of the data, and this document.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, get};
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::Alongside;
use crate::domain::ids::Slug;
use crate::domain::programme::{Criterion, Programme, Weights};
use crate::domain::provenance::DataSet;
use crate::domain::suggestion::METHOD_VERSION;
use crate::http::access::Rule;
use crate::http::answer;
use crate::http::extract::{NoParameters, Params};
use crate::http::openapi::{ApiFailures, Document, NotModified, StorageFailures};
use crate::http::operation::Operation;
use crate::http::problem::Problem;
use crate::http::views::numbers::Share;
use crate::http::views::text::{CriterionName, PartialDateText, Shown};
use crate::http::views::weights::WeightsView;
use crate::storage::{data_sets, programmes};

/// What is said of the operations of this file.
pub(crate) const OPERATIONS: &[Operation] = &[
    Operation::new("show_default_programme", Rule::Anyone)
        .answers(include_str!("examples/show_default_programme.json")),
    Operation::new("show_method", Rule::Open),
    Operation::new("list_sources", Rule::Anyone)
        .answers(include_str!("examples/list_sources.json")),
    Operation::new("show_openapi", Rule::Open).answers(r#"{"openapi": "3.1.0"}"#),
];

/// A rough size of these answers, in bytes.
const REFERENCE_BYTES: usize = 8 * 1024;

/// A programme and what it weighs.
#[derive(Serialize, ToSchema)]
#[schema(as = Programme)]
struct ProgrammeView {
    /// Its name in addresses.
    #[schema(value_type = String)]
    slug: Shown<Slug>,
    /// What it is called.
    name: String,
    weights: WeightsView,
}

impl From<Programme> for ProgrammeView {
    fn from(programme: Programme) -> Self {
        Self {
            slug: Shown(programme.slug),
            name: programme.name,
            weights: WeightsView(programme.weights),
        }
    }
}

/// Show the default programme
///
/// Shows the programme whose weights count unless a request gives its own, with its weights; they count by their ratio.
#[utoipa::path(
    tag = "method",
    responses(
        (status = 200, description = "The default programme.", body = ProgrammeView),
        NotModified, ApiFailures, StorageFailures
    )
)]
#[get("/programmes/default")]
pub(crate) async fn show_default_programme(
    request: HttpRequest,
    _none: Params<NoParameters>,
    alongside: Data<Alongside>,
) -> Result<HttpResponse, Problem> {
    let programme = alongside.storage().read(programmes::default).await?;
    answer::tagged(&request, &ProgrammeView::from(programme), REFERENCE_BYTES)
}

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
            order: "By expected mutual fit, best first; ties by ODS code.",
            criteria: Criterion::ALL
                .iter()
                .map(|&criterion| MethodCriterion::new(criterion))
                .collect(),
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
/// Shows the criteria, their default weights and their formulas in short, with the version that every answer names.
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
    answer::tagged(&request, &MethodView::new(), REFERENCE_BYTES)
}

/// The data sets that facts were taken from.
#[derive(Serialize, ToSchema)]
#[schema(as = Sources)]
struct SourcesView {
    items: Vec<DataSetView>,
}

/// A published data set, with the notice that its licence asks for.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = DataSet)]
struct DataSetView {
    /// Its name in addresses.
    #[schema(value_type = String)]
    slug: Shown<Slug>,
    /// What it is called.
    title: String,
    /// Who publishes it.
    publisher: String,
    /// The licence in words.
    licence: String,
    /// The notice to keep with the data.
    attribution: String,
    /// What the service takes from it.
    used_for: String,
    /// The date the copy speaks of.
    #[schema(required)]
    as_of: Option<PartialDateText>,
}

impl From<DataSet> for DataSetView {
    fn from(set: DataSet) -> Self {
        Self {
            slug: Shown(set.slug),
            title: set.title,
            publisher: set.publisher,
            licence: set.licence,
            attribution: set.attribution,
            used_for: set.used_for,
            as_of: set.as_of.map(PartialDateText),
        }
    }
}

/// List the sources
///
/// Lists the published data sets that facts were taken from, each with its licence and the notice to keep with it.
#[utoipa::path(
    tag = "method",
    responses(
        (status = 200, description = "The data sets.", body = SourcesView),
        NotModified, ApiFailures, StorageFailures
    )
)]
#[get("/sources")]
pub(crate) async fn list_sources(
    request: HttpRequest,
    _none: Params<NoParameters>,
    alongside: Data<Alongside>,
) -> Result<HttpResponse, Problem> {
    let sets = alongside.storage().read(data_sets::all).await?;
    let view = SourcesView {
        items: sets.into_iter().map(Into::into).collect(),
    };
    answer::tagged(&request, &view, REFERENCE_BYTES)
}

/// Show this document
///
/// Shows this description of the service, the same bytes as `openapi/openapi.json` in its sources.
#[utoipa::path(
    tag = "method",
    responses(
        (status = 200, description = "The OpenAPI document.", body = Object, content_type = "application/json"),
        NotModified, ApiFailures
    )
)]
#[get("/openapi.json")]
pub(crate) async fn show_openapi(
    request: HttpRequest,
    _none: Params<NoParameters>,
    document: Data<Document>,
) -> Result<HttpResponse, Problem> {
    Ok(document.tagged().answer(&request))
}
