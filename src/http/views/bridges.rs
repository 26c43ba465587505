//! What stands between two organisations.

use chrono::NaiveDate;
use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::bridge::{Bridge, BridgeTie, Bridges};
use crate::domain::ids::OdsCode;
use crate::http::views::numbers::Share;
use crate::http::views::text::{Code, LinkKindName, PartialDateText};

/// What stands between two organisations and could bring them together.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Bridges)]
pub(crate) struct BridgesView {
    ods_code: Code,
    /// The other organisation.
    to: Code,
    /// Of which data.
    #[schema(minimum = 0)]
    revision: u64,
    /// The day on which ages were counted.
    as_of: NaiveDate,
    /// The networks that both are in, strongest first, then by name.
    #[schema(max_items = 50)]
    networks: Vec<TieView>,
    /// How many other organisations have to do with both, listed or not.
    #[schema(minimum = 0)]
    total: usize,
    /// Those organisations, strongest first, then by code.
    #[schema(max_items = 50)]
    organisations: Vec<BridgeView>,
}

/// An organisation that has to do with both.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Bridge)]
struct BridgeView {
    ods_code: Code,
    /// Its name as the register writes it.
    name: String,
    /// How well it bridges: what it has to do with one side, times what it has to do with the other.
    strength: Share,
    /// What it has to do with the organisation that asks, strongest first.
    #[schema(max_items = 10)]
    here: Vec<TieView>,
    /// What it has to do with the other, strongest first.
    #[schema(max_items = 10)]
    there: Vec<TieView>,
}

/// A link or a shared network.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = BridgeTie)]
struct TieView {
    kind: LinkKindName,
    /// The name of the network, where it is one.
    #[schema(required)]
    network: Option<String>,
    /// When it started, where it is known.
    #[schema(required)]
    started: Option<PartialDateText>,
    /// When it ended; null while it lasts.
    #[schema(required)]
    ended: Option<PartialDateText>,
    /// What it is worth on the day.
    value: Share,
    /// The source in words.
    source: String,
    /// The date that the source speaks of.
    #[schema(required)]
    as_of: Option<PartialDateText>,
}

impl From<BridgeTie> for TieView {
    fn from(tie: BridgeTie) -> Self {
        Self {
            kind: LinkKindName(tie.kind),
            network: tie.network,
            started: tie.started.map(PartialDateText),
            ended: tie.ended.map(PartialDateText),
            value: Share(tie.value),
            source: tie.source,
            as_of: tie.as_of.map(PartialDateText),
        }
    }
}

impl From<Bridge> for BridgeView {
    fn from(bridge: Bridge) -> Self {
        Self {
            ods_code: Code(bridge.ods_code),
            name: bridge.name,
            strength: Share(bridge.strength),
            here: bridge.here.into_iter().map(Into::into).collect(),
            there: bridge.there.into_iter().map(Into::into).collect(),
        }
    }
}

impl BridgesView {
    pub(crate) fn new(found: Bridges, (here, to): (OdsCode, OdsCode), as_of: NaiveDate) -> Self {
        Self {
            ods_code: Code(here),
            to: Code(to),
            revision: found.revision.0,
            as_of,
            networks: found.networks.into_iter().map(Into::into).collect(),
            total: found.n_organisations,
            organisations: found.organisations.into_iter().map(Into::into).collect(),
        }
    }
}
