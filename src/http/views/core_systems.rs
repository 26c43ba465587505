//! What is said of the core systems of an organisation, by module, and by whom.

use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::ids::OdsCode;
use crate::domain::vendor::Vendor;
use crate::http::views::organisation::CoreSystemView;
use crate::http::views::text::{Code, ModuleName, OriginName};
use crate::storage::core_systems::{DisplacedSystems, ModuleRecord};

/// The core systems of an organisation.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = CoreSystems)]
pub(crate) struct CoreSystemsView {
    ods_code: Code,
    /// Every module; those of which nothing is recorded have no origin and no systems.
    #[schema(max_items = 11)]
    modules: Vec<ModuleView>,
}

impl CoreSystemsView {
    pub(crate) fn new(code: OdsCode, modules: Vec<ModuleRecord>) -> Self {
        Self {
            ods_code: Code(code),
            modules: modules.into_iter().map(Into::into).collect(),
        }
    }
}

/// What is said of one module.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ModuleSystems)]
pub(crate) struct ModuleView {
    module: ModuleName,
    /// Whose word holds; null where nothing is recorded.
    #[schema(required)]
    origin: Option<OriginName>,
    /// Its systems, or its known absence, each with its source and date.
    systems: Vec<CoreSystemView>,
    /// The words that a stronger one displaced: the last one comes back when the site withdraws its own.
    displaced: Vec<DisplacedView>,
}

impl From<ModuleRecord> for ModuleView {
    fn from(record: ModuleRecord) -> Self {
        let (origin, systems) = record.held.unzip();
        Self {
            module: ModuleName(record.module),
            origin: origin.map(OriginName),
            systems: systems
                .unwrap_or_default()
                .into_iter()
                .map(Into::into)
                .collect(),
            displaced: record.displaced.into_iter().map(Into::into).collect(),
        }
    }
}

/// A word on a module that does not hold.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = DisplacedSystems)]
struct DisplacedView {
    /// Whose word it is.
    origin: OriginName,
    /// What it says.
    systems: Vec<CoreSystemView>,
    /// Since when it does not hold, in UTC.
    displaced_at: DateTime<Utc>,
}

impl From<DisplacedSystems> for DisplacedView {
    fn from(displaced: DisplacedSystems) -> Self {
        Self {
            origin: OriginName(displaced.voice),
            systems: displaced.systems.into_iter().map(Into::into).collect(),
            displaced_at: displaced.displaced_at,
        }
    }
}

/// A module as it is recorded now, and how the names of its vendors were read.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = StatedModule)]
pub(crate) struct StatedModuleView {
    #[serde(flatten)]
    pub(crate) module: ModuleView,
    /// The vendors that are recorded under another name than the one given.
    #[schema(max_items = 20)]
    pub(crate) read_as: Vec<ReadAsView>,
}

/// A vendor that is recorded under another name than the one given.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = VendorReadAs)]
pub(crate) struct ReadAsView {
    /// The name given.
    pub(crate) given: String,
    /// The name recorded; null for an unnamed system.
    #[schema(required)]
    pub(crate) vendor: Option<String>,
    /// The product recorded, where the name given was that of a product.
    #[schema(required)]
    pub(crate) product: Option<String>,
}

/// The vendors that are known.
#[derive(Serialize, ToSchema)]
#[schema(as = Vendors)]
pub(crate) struct VendorsView {
    /// By name.
    items: Vec<VendorView>,
}

impl VendorsView {
    pub(crate) fn new(vendors: Vec<Vendor>) -> Self {
        let items = vendors.into_iter().map(|vendor| VendorView {
            name: vendor.name,
            aliases: vendor.aliases,
        });
        Self {
            items: items.collect(),
        }
    }
}

/// A vendor of core systems.
#[derive(Serialize, ToSchema)]
#[schema(as = Vendor)]
struct VendorView {
    /// The name under which its systems are recorded.
    name: String,
    /// Other names that are read as this one, products among them.
    aliases: Vec<String>,
}
