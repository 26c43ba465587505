//! What stands behind the answers: the programme's weights, the sources of the data, and this document.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, get};
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::Alongside;
use crate::domain::ids::Slug;
use crate::domain::programme::Programme;
use crate::domain::provenance::DataSet;
use crate::http::access::Rule;
use crate::http::answer;
use crate::http::extract::{NoParameters, Params};
use crate::http::openapi::{ApiFailures, Document, NotModified, StorageFailures};
use crate::http::operation::Operation;
use crate::http::problem::Problem;
use crate::http::views::text::{PartialDateText, Shown};
use crate::http::views::weights::WeightsView;
use crate::storage::{data_sets, programmes};

/// What is said of the operations of this file.
pub(crate) const OPERATIONS: &[Operation] = &[
    Operation::new("show_default_programme", Rule::Anyone)
        .answers(include_str!("examples/show_default_programme.json")),
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
