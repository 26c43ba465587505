//! Organisations with what is recorded of them, each fact with its source.

use chrono::NaiveDate;
use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::core_system::CoreSystem;
use crate::domain::directory::{Listed, OrganisationRecord};
use crate::domain::ids::{BoardCode, OdsCode, Slug};
use crate::domain::link::{Link, Network};
use crate::domain::organisation::{Organisation, Status, Succession};
use crate::domain::profile::AttributeFact;
use crate::http::views::numbers::Km;
use crate::http::views::text::{
    AttributeName, CareSettingName, CareSettingNames, Code, LinkKindName, LinkStandingName,
    ModuleName, NetworkKindName, PartialDateText, ProvenanceView, Shown, SuccessionKindName,
    SystemStatusName,
};

/// Whether an organisation is open.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = OrganisationStatus)]
enum StatusView {
    /// Open: it may ask and be suggested.
    Active,
    /// Closed; its history counts for its successors.
    Closed,
}

/// Who an organisation is and where.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Organisation)]
pub(crate) struct OrganisationView {
    ods_code: Code,
    /// Its name as the register writes it.
    name: String,
    status: StatusView,
    /// The first day, where it is known.
    #[schema(required)]
    opened_on: Option<NaiveDate>,
    /// The last day; null while it is open or where it is not known.
    #[schema(required)]
    closed_on: Option<NaiveDate>,
    care_settings: CareSettingNames,
    /// The code of its integrated care board.
    #[schema(required, value_type = Option<String>)]
    icb_code: Option<Shown<BoardCode>>,
    /// The name of its integrated care board.
    #[schema(required)]
    icb_name: Option<String>,
    /// The code of its NHS region.
    #[schema(required, value_type = Option<String>)]
    region_code: Option<Shown<BoardCode>>,
    /// The name of its NHS region.
    #[schema(required)]
    region: Option<String>,
    /// Of its head office, in degrees north.
    #[schema(required, minimum = -90, maximum = 90)]
    latitude: Option<f64>,
    /// Of its head office, in degrees east.
    #[schema(required, minimum = -180, maximum = 180)]
    longitude: Option<f64>,
    /// The day on which it declared its list of links complete.
    #[schema(required)]
    links_complete_on: Option<NaiveDate>,
    provenance: OrganisationProvenance,
}

/// Where what is said of an organisation comes from.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct OrganisationProvenance {
    /// Of its name, status and boards.
    register: ProvenanceView,
    /// Of its care settings.
    #[schema(required)]
    care_settings: Option<ProvenanceView>,
    /// Of its position.
    #[schema(required)]
    position: Option<ProvenanceView>,
}

impl From<Organisation> for OrganisationView {
    fn from(organisation: Organisation) -> Self {
        let (status, closed_on) = match organisation.status {
            Status::Active => (StatusView::Active, None),
            Status::Closed { on } => (StatusView::Closed, on),
        };
        let (icb_code, icb_name) = organisation
            .icb
            .map(|board| (Shown(board.code), board.name))
            .unzip();
        let (region_code, region) = organisation
            .region
            .map(|board| (Shown(board.code), board.name))
            .unzip();
        Self {
            ods_code: Code(organisation.ods_code),
            name: organisation.name,
            status,
            opened_on: organisation.opened,
            closed_on,
            care_settings: CareSettingNames(organisation.care_settings),
            icb_code,
            icb_name,
            region_code,
            region,
            latitude: organisation.position.map(|position| position.latitude()),
            longitude: organisation.position.map(|position| position.longitude()),
            links_complete_on: organisation.links_complete_on,
            provenance: OrganisationProvenance {
                register: organisation.provenance.into(),
                care_settings: organisation.care_settings_provenance.map(Into::into),
                position: organisation.position_provenance.map(Into::into),
            },
        }
    }
}

/// One row of a list of organisations.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ListedOrganisation)]
pub(crate) struct ListedView {
    organisation: OrganisationView,
    /// From the point asked about; null where none was.
    #[schema(required)]
    distance_km: Option<Km>,
}

impl From<Listed> for ListedView {
    fn from(listed: Listed) -> Self {
        Self {
            organisation: listed.organisation.into(),
            distance_km: listed.distance_km.map(Km),
        }
    }
}

/// One organisation with everything that may be shown of it.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = OrganisationRecord)]
pub(crate) struct RecordView {
    organisation: OrganisationView,
    /// Its core systems and known absences, by module.
    core_systems: Vec<CoreSystemView>,
    /// What it is like. A site's answers on its ethos are its own and are not shown.
    attributes: Vec<AttributeView>,
    /// Its prior relationships, by the other end.
    links: Vec<LinkView>,
    /// The networks it is a member of.
    networks: Vec<NetworkView>,
    /// What it took over, and what took it over.
    successions: Vec<SuccessionView>,
}

impl From<OrganisationRecord> for RecordView {
    fn from(record: OrganisationRecord) -> Self {
        let code = record.organisation.ods_code;
        let shown = record
            .attributes
            .into_iter()
            .filter(|fact| !fact.value.attribute().is_ethos());
        Self {
            organisation: record.organisation.into(),
            core_systems: record.core_systems.into_iter().map(Into::into).collect(),
            attributes: shown.map(Into::into).collect(),
            links: record
                .links
                .into_iter()
                .map(|link| LinkView::seen_from(code, link))
                .collect(),
            networks: record.networks.into_iter().map(Into::into).collect(),
            successions: record.successions.into_iter().map(Into::into).collect(),
        }
    }
}

/// What is recorded of one core system, or of its absence.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = CoreSystem)]
pub(crate) struct CoreSystemView {
    module: ModuleName,
    /// Who supplies it; null for an unnamed system and for an absence.
    #[schema(required)]
    vendor: Option<String>,
    /// The product, where it is known.
    #[schema(required)]
    product: Option<String>,
    /// The version, where it is known.
    #[schema(required)]
    version: Option<String>,
    status: SystemStatusName,
    /// When it went live.
    #[schema(required)]
    live_on: Option<PartialDateText>,
    /// When it ended.
    #[schema(required)]
    ended_on: Option<PartialDateText>,
    #[serde(flatten)]
    provenance: ProvenanceView,
}

impl From<CoreSystem> for CoreSystemView {
    fn from(system: CoreSystem) -> Self {
        Self {
            module: ModuleName(system.module),
            vendor: system.vendor,
            product: system.product,
            version: system.version,
            status: SystemStatusName(system.status),
            live_on: system.live.map(PartialDateText),
            ended_on: system.ended.map(PartialDateText),
            provenance: system.provenance.into(),
        }
    }
}

/// A property of an organisation.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = AttributeFact)]
pub(crate) struct AttributeView {
    attribute: AttributeName,
    /// In the attribute's unit; 0 or 1 for teaching.
    value: f64,
    /// The care setting that a maturity score is for.
    #[schema(required)]
    care_setting: Option<CareSettingName>,
    #[serde(flatten)]
    provenance: ProvenanceView,
}

impl From<AttributeFact> for AttributeView {
    fn from(fact: AttributeFact) -> Self {
        Self {
            attribute: AttributeName(fact.value.attribute()),
            value: fact.value.number(),
            care_setting: fact.value.setting().map(CareSettingName),
            provenance: fact.provenance.into(),
        }
    }
}

/// A prior relationship.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Link)]
struct LinkView {
    /// The other end.
    ods_code: Code,
    kind: LinkKindName,
    /// When it started.
    #[schema(required)]
    started_on: Option<PartialDateText>,
    /// When it ended; null while it lasts.
    #[schema(required)]
    ended_on: Option<PartialDateText>,
    standing: LinkStandingName,
    /// A remark of the source.
    #[schema(required)]
    note: Option<String>,
    #[serde(flatten)]
    provenance: ProvenanceView,
}

impl LinkView {
    fn seen_from(here: OdsCode, link: Link) -> Self {
        let (a, b) = link.ends();
        Self {
            ods_code: Code(if a == here { b } else { a }),
            kind: LinkKindName(link.kind()),
            started_on: link.started().map(PartialDateText),
            ended_on: link.ended().map(PartialDateText),
            standing: LinkStandingName(link.standing),
            note: link.note,
            provenance: link.provenance.into(),
        }
    }
}

/// A group that mediates learning.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Network)]
struct NetworkView {
    /// Its name in addresses.
    #[schema(value_type = String)]
    slug: Shown<Slug>,
    kind: NetworkKindName,
    /// What it is called.
    name: String,
    /// When it ended; null while it lasts.
    #[schema(required)]
    ended_on: Option<PartialDateText>,
    /// Its members as recorded, closed organisations included.
    members: Vec<Code>,
    #[serde(flatten)]
    provenance: ProvenanceView,
}

impl From<Network> for NetworkView {
    fn from(network: Network) -> Self {
        Self {
            slug: Shown(network.slug),
            kind: NetworkKindName(network.kind),
            name: network.name,
            ended_on: network.ended.map(PartialDateText),
            members: network.members.into_iter().map(Code).collect(),
            provenance: network.provenance.into(),
        }
    }
}

/// One organisation took over from another, wholly or in part.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Succession)]
struct SuccessionView {
    /// Who it was.
    predecessor: Code,
    /// Who it is since.
    successor: Code,
    /// The first day of the new arrangement.
    date: PartialDateText,
    kind: SuccessionKindName,
    #[serde(flatten)]
    provenance: ProvenanceView,
}

impl From<Succession> for SuccessionView {
    fn from(succession: Succession) -> Self {
        Self {
            predecessor: Code(succession.predecessor),
            successor: Code(succession.successor),
            date: PartialDateText(succession.date),
            kind: SuccessionKindName(succession.kind),
            provenance: succession.provenance.into(),
        }
    }
}
