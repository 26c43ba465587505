//! Groups of sites that are alike in context.

use serde::{Serialize, Serializer};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use crate::domain::peer_group::{
    GroupMean, GroupNumber, Loading, Peer, PeerGroup, PeerGroups, Peers, Point, Tried,
};
use crate::http::views::numbers::Share;
use crate::http::views::suggestion::CardView;
use crate::http::views::text::{AttributeName, Code, FactName};

/// A number of either sign, rounded to six decimals.
#[derive(Clone, Copy)]
struct Signed(f64);

impl Serialize for Signed {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Share(self.0).serialize(serializer)
    }
}

impl PartialSchema for Signed {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::Number)
            .description(Some("A number, rounded to six decimals."))
            .minimum(Some(-1e12))
            .maximum(Some(1e12))
            .into()
    }
}

impl ToSchema for Signed {
    fn name() -> std::borrow::Cow<'static, str> {
        "SignedNumber".into()
    }
}

/// The name of a group.
#[derive(Clone, Copy)]
struct Label(GroupNumber);

impl Serialize for Label {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_char(self.0.label())
    }
}

impl PartialSchema for Label {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .description(Some("The name of a group: they are named in the order of their centres, by staff first, the most first."))
            .pattern(Some("^[A-H]$"))
            .max_length(Some(1))
            .into()
    }
}

impl ToSchema for Label {
    fn name() -> std::borrow::Cow<'static, str> {
        "PeerGroupLabel".into()
    }
}

/// What a group is like in one attribute.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = PeerGroupMean)]
struct MeanView {
    attribute: AttributeName,
    /// The mean over those of whom it is recorded, in the attribute's unit; geometric for staff, catchment and beds. Of teaching
    /// the share of teaching hospitals.
    mean: Signed,
    /// How far that is from the mean of all, in their standard deviations.
    deviations: Signed,
}

impl From<&GroupMean> for MeanView {
    fn from(mean: &GroupMean) -> Self {
        Self {
            attribute: AttributeName(mean.attribute),
            mean: Signed(mean.mean),
            deviations: Signed(mean.deviations),
        }
    }
}

/// A group of sites that are alike in context.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = PeerGroup)]
struct GroupView {
    label: Label,
    /// How many organisations are in it.
    #[schema(minimum = 5)]
    size: u32,
    /// What sets it apart, the most first: means at least half a standard deviation from those of all.
    #[schema(max_items = 3)]
    traits: Vec<&'static str>,
    /// What it is like, attribute by attribute, where it is recorded of five or more.
    #[schema(max_items = 7)]
    means: Vec<MeanView>,
}

impl From<&PeerGroup> for GroupView {
    fn from(group: &PeerGroup) -> Self {
        Self {
            label: Label(group.number),
            size: group.size,
            traits: group.traits(),
            means: group.means.iter().map(Into::into).collect(),
        }
    }
}

/// Another site of the group.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Peer)]
struct PeerView {
    organisation: CardView,
    /// How far apart the two are in context: the distance of the standardised attributes, each by its weight; 0 where nothing
    /// recorded tells them apart.
    distance: Signed,
}

impl From<Peer> for PeerView {
    fn from(peer: Peer) -> Self {
        Self {
            organisation: peer.organisation.into(),
            distance: Signed(peer.distance),
        }
    }
}

/// A site's group and who else is in it.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = PeersOfSite)]
pub(crate) struct PeersView {
    site: CardView,
    /// The number of the last write that the answer saw.
    revision: u64,
    /// The group; null where too little is recorded, or there are no groups.
    #[schema(required)]
    group: Option<GroupView>,
    /// Context attributes that are not recorded of the site.
    #[schema(max_items = 7, value_type = Vec<String>)]
    missing: Vec<FactName>,
    /// Others in the group, the most alike first.
    #[schema(max_items = 50)]
    peers: Vec<PeerView>,
}

impl From<Peers> for PeersView {
    fn from(peers: Peers) -> Self {
        Self {
            site: peers.site.into(),
            revision: peers.revision.0,
            group: peers.group.as_ref().map(Into::into),
            missing: peers.missing.into_iter().map(FactName).collect(),
            peers: peers.peers.into_iter().map(Into::into).collect(),
        }
    }
}

/// How a number of groups did.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = PeerGroupsTried)]
struct TriedView {
    /// How many groups.
    #[schema(minimum = 2, maximum = 8)]
    group_count: usize,
    /// The mean silhouette, -1 to 1: how much nearer organisations are to their own group than to the next.
    silhouette: Signed,
    /// Whether a group had fewer than five.
    has_small_group: bool,
}

impl From<Tried> for TriedView {
    fn from(tried: Tried) -> Self {
        Self {
            group_count: tried.n_groups,
            silhouette: Signed(tried.silhouette),
            has_small_group: tried.smallest < crate::domain::load::MIN_GROUP,
        }
    }
}

/// How much an attribute counts on an axis.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = PeerAxisLoading)]
struct LoadingView {
    attribute: AttributeName,
    /// On the first axis.
    first: Signed,
    /// On the second.
    second: Signed,
}

impl From<Loading> for LoadingView {
    fn from(loading: Loading) -> Self {
        let [first, second] = loading.on.map(Signed);
        Self {
            attribute: AttributeName(loading.attribute),
            first,
            second,
        }
    }
}

/// Where an organisation stands.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = PeerPoint)]
struct PointView {
    ods_code: Code,
    group: Label,
    /// On the first axis.
    first: Signed,
    /// On the second.
    second: Signed,
}

impl From<Point> for PointView {
    fn from(point: Point) -> Self {
        let [first, second] = point.at.map(Signed);
        Self {
            ods_code: Code(point.ods_code),
            group: Label(point.group),
            first,
            second,
        }
    }
}

/// The share of the variance that the axes of the picture hold.
#[derive(Serialize, ToSchema)]
#[schema(as = PeerAxes)]
struct ExplainedView {
    first: Share,
    second: Share,
}

/// All groups.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = PeerGroups)]
pub(crate) struct PeerGroupsView {
    /// The number of the last write that the answer saw.
    revision: u64,
    /// The seed of the random starts.
    seed: u64,
    /// How many active organisations there are.
    organisation_count: usize,
    /// How many of them are in a group; of the others less than half of what can be asked of them is recorded.
    grouped_count: usize,
    /// From how many the groups were found, spread evenly over the codes; the others joined the nearest.
    fitted_count: usize,
    /// The numbers of groups that were tried.
    #[schema(max_items = 7)]
    tried: Vec<TriedView>,
    /// The groups; none where too little is recorded, nothing tells organisations apart, or no grouping has five in each.
    #[schema(max_items = 8)]
    groups: Vec<GroupView>,
    explained: ExplainedView,
    /// What the axes of the picture are made of.
    #[schema(max_items = 7)]
    loadings: Vec<LoadingView>,
    /// Where organisations stand in the picture, by code.
    #[schema(max_items = 2000)]
    points: Vec<PointView>,
}

impl From<PeerGroups> for PeerGroupsView {
    fn from(groups: PeerGroups) -> Self {
        let [first, second] = groups.explained.map(Share);
        Self {
            revision: groups.revision.0,
            seed: groups.seed,
            organisation_count: groups.n_organisations,
            grouped_count: groups.n_grouped,
            fitted_count: groups.n_fitted,
            tried: groups.tried.into_iter().map(Into::into).collect(),
            groups: groups.groups.iter().map(Into::into).collect(),
            explained: ExplainedView { first, second },
            loadings: groups.loadings.into_iter().map(Into::into).collect(),
            points: groups.points.into_iter().map(Into::into).collect(),
        }
    }
}
