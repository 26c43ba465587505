//! Networks and memberships.

use std::collections::BTreeMap;

use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::ids::{OdsCode, Slug};
use crate::domain::link::{Membership, Network};
use crate::http::pagination::PageLinks;
use crate::http::views::text::{Code, NetworkKindName, PartialDateText, ProvenanceView, Shown};
use crate::storage::networks::NetworkRecord;

/// A network without its members.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ListedNetwork)]
pub(crate) struct ListedNetworkView {
    /// Its name in addresses.
    #[schema(value_type = String, max_length = 64)]
    slug: Shown<Slug>,
    kind: NetworkKindName,
    /// What it is called.
    name: String,
    /// When it ended; null while it lasts.
    #[schema(required)]
    ended: Option<PartialDateText>,
    /// How many are in it today, closed organisations included.
    #[schema(minimum = 0)]
    members: usize,
    #[serde(flatten)]
    provenance: ProvenanceView,
}

impl From<Network> for ListedNetworkView {
    fn from(network: Network) -> Self {
        Self {
            slug: Shown(network.slug),
            kind: NetworkKindName(network.kind),
            name: network.name,
            ended: network.ended.map(PartialDateText),
            members: network.members.len(),
            provenance: network.provenance.into(),
        }
    }
}

/// A page of networks.
#[derive(Serialize, ToSchema)]
#[schema(as = NetworkPage)]
pub(crate) struct NetworkPageView {
    /// By slug.
    #[schema(max_items = 200)]
    pub(crate) items: Vec<ListedNetworkView>,
    pub(crate) links: PageLinks,
}

/// A network with everybody who is or was in it.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = NetworkRecord)]
pub(crate) struct NetworkRecordView {
    /// Its name in addresses.
    #[schema(value_type = String, max_length = 64)]
    slug: Shown<Slug>,
    kind: NetworkKindName,
    /// What it is called.
    name: String,
    /// When it ended; null while it lasts.
    #[schema(required)]
    ended: Option<PartialDateText>,
    /// By ODS code; those who left are there with the day.
    #[schema(max_items = 100_000)]
    members: Vec<MemberView>,
    #[serde(flatten)]
    provenance: ProvenanceView,
}

impl NetworkRecordView {
    pub(crate) fn new(record: NetworkRecord, names: &BTreeMap<OdsCode, String>) -> Self {
        let network = record.network;
        let members = record.memberships.into_iter().map(|membership| MemberView {
            ods_code: Code(membership.ods_code),
            name: names.get(&membership.ods_code).cloned().unwrap_or_default(),
            since: membership.joined.map(PartialDateText),
            until: membership.departed.map(PartialDateText),
            provenance: membership.provenance.into(),
        });
        Self {
            slug: Shown(network.slug),
            kind: NetworkKindName(network.kind),
            name: network.name,
            ended: network.ended.map(PartialDateText),
            members: members.collect(),
            provenance: network.provenance.into(),
        }
    }
}

/// Somebody in a network.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = NetworkMember)]
struct MemberView {
    ods_code: Code,
    /// Its name as the register writes it.
    name: String,
    /// Since when, where it is known.
    #[schema(required)]
    since: Option<PartialDateText>,
    /// When it left; null while it is a member.
    #[schema(required)]
    until: Option<PartialDateText>,
    #[serde(flatten)]
    provenance: ProvenanceView,
}

/// A network that an organisation is or was in.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Membership)]
pub(crate) struct MembershipView {
    /// The network's name in addresses.
    #[schema(value_type = String, max_length = 64)]
    slug: Shown<Slug>,
    kind: NetworkKindName,
    /// What the network is called.
    name: String,
    /// When the network ended; null while it lasts.
    #[schema(required)]
    ended: Option<PartialDateText>,
    /// Since when the organisation is in it, where that is known.
    #[schema(required)]
    since: Option<PartialDateText>,
    /// When it left; null while it is a member.
    #[schema(required)]
    until: Option<PartialDateText>,
    #[serde(flatten)]
    provenance: ProvenanceView,
}

impl From<(Network, Membership)> for MembershipView {
    fn from((network, membership): (Network, Membership)) -> Self {
        Self {
            slug: Shown(network.slug),
            kind: NetworkKindName(network.kind),
            name: network.name,
            ended: network.ended.map(PartialDateText),
            since: membership.joined.map(PartialDateText),
            until: membership.departed.map(PartialDateText),
            provenance: membership.provenance.into(),
        }
    }
}

/// The networks that an organisation is or was in.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Memberships)]
pub(crate) struct MembershipsView {
    pub(crate) ods_code: Code,
    /// By slug.
    #[schema(max_items = 10_000)]
    pub(crate) networks: Vec<MembershipView>,
}
