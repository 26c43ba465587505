//! Groups of sites that are alike in context: a site's own, and all of them for staff, with a picture.

use actix_web::http::header::{CONTENT_TYPE, HeaderValue};
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, get};
use serde_json::json;
use utoipa::openapi::path::{Parameter, ParameterIn};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{IntoParams, PartialSchema, ToSchema};

use crate::app::Alongside;
use crate::domain::peer_group::MAX_POINTS;
use crate::domain::suggestion::{Limit, SeenBy};
use crate::http::accept::takes;
use crate::http::access::{Asker, Rule};
use crate::http::answer::{self, Tagged};
use crate::http::extract::{Fault, NoParameters, Parameters, Params, Query, Seeker};
use crate::http::openapi::{
    API_PREFIX, ApiFailures, NoSuchOrganisation, NotModified, RuleBroken, StorageFailures,
};
use crate::http::operation::Operation;
use crate::http::parameters::{limit, limit_in_query, limit_schema, whole};
use crate::http::problem::{Kind, Problem};
use crate::http::views::peer_groups::{PeerGroupsView, PeersView};
use crate::http::views::peer_picture::picture;

/// What is said of the operations of this file.
pub(crate) const OPERATIONS: &[Operation] = &[
    Operation::new("show_peer_group", Rule::OwnOrStaff)
        .answers(include_str!("examples/show_peer_group.json")),
    Operation::new("show_peer_groups", Rule::Staff)
        .answers(include_str!("examples/show_peer_groups.json")),
    Operation::new("show_peer_picture", Rule::Staff).answers(
        r#""<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 760 560\" role=\"img\"></svg>\n""#,
    ),
];

/// A rough size of one organisation or one group, in bytes.
const ROW_BYTES: usize = 400;

pub(crate) const SVG: &str = "image/svg+xml";

/// Where the picture is, below the prefix.
const PICTURE: &str = "/admin/peer-groups/picture";

/// Whether a path is that of the picture, which is no JSON.
pub(crate) fn is_picture(path: &str) -> bool {
    path.strip_prefix(API_PREFIX) == Some(PICTURE)
}

/// What a site's group takes.
pub(crate) struct PeerParameters {
    limit: Option<Limit>,
}

impl Parameters for PeerParameters {
    fn read(query: &mut Query) -> Self {
        Self {
            limit: query.take("limit", limit),
        }
    }
}

impl IntoParams for PeerParameters {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let schema = limit_schema(Limit::MAX.into(), Limit::DEFAULT.count());
        vec![limit_in_query(
            "How many others of the group to give.",
            schema,
            json!(3),
        )]
    }
}

/// What the list of all groups takes.
pub(crate) struct PointParameters {
    limit: Option<usize>,
}

/// Reads how many points to give.
fn n_points(text: &str) -> Result<usize, Fault> {
    let rule = || Fault::Rule(format!("is a whole number from 1 to {MAX_POINTS}"));
    let number = usize::try_from(whole(text)?).ok();
    number
        .filter(|number| (1..=MAX_POINTS).contains(number))
        .ok_or_else(rule)
}

impl Parameters for PointParameters {
    fn read(query: &mut Query) -> Self {
        Self {
            limit: query.take("limit", n_points),
        }
    }
}

impl IntoParams for PointParameters {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        vec![limit_in_query(
            "How many points to give, by code.",
            limit_schema(MAX_POINTS, MAX_POINTS),
            json!(3),
        )]
    }
}

/// Show sites like one
///
/// Shows which group of sites a site belongs to by its context (staff, deprivation of patients, digital maturity, urban share,
/// catchment, beds, teaching), what sets the group apart, and the others in it, the most alike first. The group is a help to look
/// around, and no rank: it counts for no score. It is null where there are no groups, or less than half of what can be asked of the site is recorded; `missing` says what it can
/// add. `filters.peerGroup` keeps suggestions to the group. No group has fewer than five.
#[utoipa::path(
    tag = "organisations",
    params(Seeker, PeerParameters),
    responses(
        (status = 200, description = "The group, and who is in it.", body = PeersView),
        ApiFailures, NoSuchOrganisation, RuleBroken, StorageFailures
    )
)]
#[get("/organisations/{odsCode}/peer-group")]
pub(crate) async fn show_peer_group(
    asker: Asker,
    site: Seeker,
    parameters: Params<PeerParameters>,
    alongside: Data<Alongside>,
) -> Result<HttpResponse, Problem> {
    let limit = parameters.0.limit.unwrap_or(Limit::DEFAULT).count();
    let seen_by = SeenBy::of(asker.0.role, site.0);
    let peers = alongside.peers(site.0, seen_by, limit).await?;
    let capacity = ROW_BYTES * (peers.peers.len() + 3);
    answer::json(&PeersView::from(peers), capacity)
}

/// Show all groups of sites that are alike
///
/// Shows the groups that k-means finds in the context of all active organisations, what each is like, how well other numbers of groups did (mean
/// silhouette; the best with no group under five is taken), and where each organisation stands on the two principal components.
/// The groups are named in the order of their centres, by staff first. The same data give the same groups. Where no number of groups
/// has five organisations in each there are none.
#[utoipa::path(
    tag = "matches",
    params(PointParameters),
    responses(
        (status = 200, description = "The groups.", body = PeerGroupsView),
        ApiFailures, RuleBroken, StorageFailures
    )
)]
#[get("/admin/peer-groups")]
pub(crate) async fn show_peer_groups(
    parameters: Params<PointParameters>,
    alongside: Data<Alongside>,
) -> Result<HttpResponse, Problem> {
    let mut groups = alongside.peer_groups().await?;
    groups
        .points
        .truncate(parameters.0.limit.unwrap_or(MAX_POINTS));
    let capacity = 100 * groups.points.len() + 8 * ROW_BYTES;
    answer::json(&PeerGroupsView::from(groups), capacity)
}

/// An image, for the document.
pub(crate) struct Svg;

impl PartialSchema for Svg {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .description(Some("A picture in Scalable Vector Graphics."))
            .content_media_type(SVG)
            .into()
    }
}

impl ToSchema for Svg {}

/// Draw all groups of sites that are alike
///
/// Draws where each organisation stands on the two principal components of the context, a shape for each group; with a title and a
/// description for those who do not see it.
#[utoipa::path(
    tag = "matches",
    responses(
        (status = 200, description = "The picture.", body = Svg, content_type = "image/svg+xml"),
        NotModified, ApiFailures, StorageFailures
    )
)]
#[get("/admin/peer-groups/picture")]
pub(crate) async fn show_peer_picture(
    request: HttpRequest,
    _none: Params<NoParameters>,
    alongside: Data<Alongside>,
) -> Result<HttpResponse, Problem> {
    if !takes(request.headers(), SVG) {
        let words = format!("The picture is {SVG}; Accept has to allow it.");
        return Err(Problem::new(Kind::NotAcceptable, words));
    }
    let groups = alongside.peer_groups().await?;
    let mut response = Tagged::new(picture(&groups)).answer(&request);
    if response.status().is_success() {
        response
            .headers_mut()
            .insert(CONTENT_TYPE, HeaderValue::from_static(SVG));
    }
    Ok(response)
}
