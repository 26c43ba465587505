//! The weights of programmes: those that count, and every version that there was.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, get, put};

use crate::app::Alongside;
use crate::app::models::{self, By};
use crate::domain::error::{Error, Result};
use crate::domain::ids::Slug;
use crate::domain::programme::WeightVersion;
use crate::http::access::Rule;
use crate::http::answer;
use crate::http::body::Body;
use crate::http::changing::Changing;
use crate::http::conditional::IfMatch;
use crate::http::extract::{NoParameters, Params};
use crate::http::openapi::{
    ApiFailures, BodyFailures, ConditionFailures, NoSuchThing, NotModified, RuleBroken,
    StorageFailures,
};
use crate::http::operation::Operation;
use crate::http::pagination::{self, List, PageOf, cut};
use crate::http::path::ProgrammeSlug;
use crate::http::problem::Problem;
use crate::http::views::programmes::{WeightVersionPageView, WeightVersionView};
use crate::http::weights::SaveWeights;
use crate::storage::{Connection, Outcome, Touches, programmes};

/// What is said of the operations of this file.
pub(crate) const OPERATIONS: &[Operation] = &[
    Operation::new("show_default_weights", Rule::Staff)
        .answers(include_str!("examples/show_default_weights.json")),
    Operation::new("change_default_weights", Rule::Admin)
        .takes(EXAMPLE)
        .answers(include_str!("examples/change_default_weights.json")),
    Operation::new("show_programme_weights", Rule::Staff)
        .answers(include_str!("examples/show_programme_weights.json")),
    Operation::new("change_programme_weights", Rule::Admin)
        .takes(EXAMPLE)
        .answers(include_str!("examples/change_programme_weights.json")),
    Operation::new("list_programme_weights", Rule::Staff)
        .answers(include_str!("examples/list_programme_weights.json")),
];

const EXAMPLE: &str = r#"{"weights": {"core_system": 0.4, "geography": 0.2, "care_setting": 0.1, "culture": 0.1, "prior_relationships": 0.2, "learning": 0.2}}"#;

/// A rough size of one version, in bytes.
const VERSION_BYTES: usize = 300;

/// Every version of a programme's weights, the newest first.
pub(crate) struct VersionList;

impl List for VersionList {
    type Place = u64;
    const EXAMPLE: (&'static str, usize, &'static str) = (
        "/api/v1/admin/programmes/thames-valley-2027/weights/history",
        5,
        "2",
    );
}

/// The slug of a programme (the default one's where none is given) and the weights that count, with who gave them.
fn counting(connection: &mut Connection, slug: Option<&Slug>) -> Result<(Slug, WeightVersion)> {
    let slug = programmes::find(connection, slug)?.programme.slug;
    let newest = programmes::weight_versions(connection, &slug)?
        .into_iter()
        .next();
    let newest = newest.ok_or_else(|| {
        Error::Internal("reading the weights of a programme", "it has none".into())
    })?;
    Ok((slug, newest))
}

async fn show(
    request: &HttpRequest,
    alongside: &Alongside,
    slug: Option<Slug>,
) -> std::result::Result<HttpResponse, Problem> {
    let (slug, weights) = alongside
        .storage()
        .read(move |connection| counting(connection, slug.as_ref()))
        .await?;
    let version = weights.version;
    let view = WeightVersionView::new(slug, weights);
    answer::versioned(request, &view, version, VERSION_BYTES)
}

async fn change(
    request: &HttpRequest,
    alongside: &Alongside,
    changing: &Changing,
    slug: Option<Slug>,
    (expected, body): (IfMatch, Body<SaveWeights>),
) -> std::result::Result<HttpResponse, Problem> {
    let given = body.0.check()?;
    let (by, at) = (changing.caller.id.to_string(), changing.at);
    let change = changing.change("change_programme_weights", Touches::Scoring);
    let (slug, weights) = alongside
        .write_outcome(change, move |connection| {
            let slug = slug.as_ref();
            let changed = programmes::set_weights(connection, slug, given, &expected.0, (&by, at))?;
            if let Outcome::Changed((before, after)) = &changed {
                models::note_weights(connection, before, after);
                models::weights_changed(connection, &after.programme.slug, &By { who: by, at })?;
            }
            Ok(changed.with(counting(connection, slug)?))
        })
        .await?;
    let version = weights.version;
    let view = WeightVersionView::new(slug, weights);
    answer::versioned(request, &view, version, VERSION_BYTES)
}

/// Show the default weights
///
/// Shows the weights of the default programme, which count for every site that is in no other and saved none of its own.
#[utoipa::path(
    tag = "programmes",
    responses(
        (status = 200, description = "The weights.", body = WeightVersionView),
        NotModified, ApiFailures, StorageFailures
    )
)]
#[get("/admin/weights")]
pub(crate) async fn show_default_weights(
    request: HttpRequest,
    _none: Params<NoParameters>,
    alongside: Data<Alongside>,
) -> std::result::Result<HttpResponse, Problem> {
    show(&request, &alongside, None).await
}

/// Change the default weights
///
/// Gives the default programme other weights, as their next version; a model whose weights it had is retired. Approaches and partnerships keep the weights that they
/// were made with.
#[utoipa::path(
    tag = "programmes",
    params(IfMatch),
    request_body = SaveWeights,
    responses(
        (status = 200, description = "The weights as they count now.", body = WeightVersionView),
        ApiFailures, BodyFailures, ConditionFailures, RuleBroken, StorageFailures
    )
)]
#[put("/admin/weights")]
pub(crate) async fn change_default_weights(
    request: HttpRequest,
    _none: Params<NoParameters>,
    expected: IfMatch,
    body: Body<SaveWeights>,
    changing: Changing,
    alongside: Data<Alongside>,
) -> std::result::Result<HttpResponse, Problem> {
    change(&request, &alongside, &changing, None, (expected, body)).await
}

/// Show a programme's weights
///
/// Shows the weights that count for the members of a programme who saved none of their own, and who gave them when.
#[utoipa::path(
    tag = "programmes",
    params(ProgrammeSlug),
    responses(
        (status = 200, description = "The weights.", body = WeightVersionView),
        NotModified, ApiFailures, NoSuchThing, StorageFailures
    )
)]
#[get("/admin/programmes/{slug}/weights")]
pub(crate) async fn show_programme_weights(
    request: HttpRequest,
    slug: ProgrammeSlug,
    _none: Params<NoParameters>,
    alongside: Data<Alongside>,
) -> std::result::Result<HttpResponse, Problem> {
    show(&request, &alongside, Some(slug.0)).await
}

/// Change a programme's weights
///
/// Gives a programme other weights, as their next version; a model whose weights it had is retired. Its members' suggestions change at once, where they saved none of
/// their own; approaches and partnerships keep the weights that they were made with.
#[utoipa::path(
    tag = "programmes",
    params(ProgrammeSlug, IfMatch),
    request_body = SaveWeights,
    responses(
        (status = 200, description = "The weights as they count now.", body = WeightVersionView),
        ApiFailures, BodyFailures, ConditionFailures, NoSuchThing, RuleBroken, StorageFailures
    )
)]
#[put("/admin/programmes/{slug}/weights")]
pub(crate) async fn change_programme_weights(
    request: HttpRequest,
    slug: ProgrammeSlug,
    _none: Params<NoParameters>,
    expected: IfMatch,
    body: Body<SaveWeights>,
    changing: Changing,
    alongside: Data<Alongside>,
) -> std::result::Result<HttpResponse, Problem> {
    let of = Some(slug.0);
    change(&request, &alongside, &changing, of, (expected, body)).await
}

/// List the versions of a programme's weights
///
/// Lists every version of a programme's weights, the newest first, a page at a time, each with who gave it and when.
#[utoipa::path(
    tag = "programmes",
    params(ProgrammeSlug, PageOf<VersionList>),
    responses(
        (status = 200, description = "A page of versions.", body = WeightVersionPageView,
         headers(("Link" = String, description = "The first and the next page (RFC 8288)."))),
        ApiFailures, NoSuchThing, RuleBroken, StorageFailures
    )
)]
#[get("/admin/programmes/{slug}/weights/history")]
pub(crate) async fn list_programme_weights(
    request: HttpRequest,
    slug: ProgrammeSlug,
    page: Params<PageOf<VersionList>>,
    alongside: Data<Alongside>,
) -> std::result::Result<HttpResponse, Problem> {
    let page = page.0.0;
    let of = slug.0.clone();
    let mut found = alongside
        .storage()
        .read(move |connection| programmes::weight_versions(connection, &of))
        .await?;
    found.retain(|version| page.after.is_none_or(|after| version.version.0 < after));
    let last = cut(&mut found, page.limit).map(|version| version.version.0);
    let links = page.links(&request, last);
    let header = links.header();
    let view = |version| WeightVersionView::new(slug.0.clone(), version);
    let items: Vec<WeightVersionView> = found.into_iter().map(view).collect();
    let capacity = VERSION_BYTES * (items.len() + 1);
    pagination::answer(&WeightVersionPageView { items, links }, &header, capacity)
}
