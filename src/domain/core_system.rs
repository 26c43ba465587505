//! The clinical systems that an organisation runs, by module.

use crate::domain::dates::PartialDate;
use crate::domain::ids::OdsCode;
use crate::domain::named_enum;
use crate::domain::provenance::Provenance;

named_enum!(
    /// A part of the core clinical system landscape.
    Module, "a module" {
        /// Electronic patient record.
        Epr = "epr",
        /// Electronic prescribing and medicines administration.
        Hepma = "hepma",
        /// Patient administration.
        Pas = "pas",
        /// Maternity record.
        Maternity = "maternity",
        /// Emergency department.
        Ed = "ed",
        /// Orders and results.
        OrderComms = "order_comms",
        /// Pharmacy stock and dispensing.
        Pharmacy = "pharmacy",
        /// Integration engine.
        IntegrationEngine = "integration_engine",
        /// Chemotherapy prescribing.
        Chemotherapy = "chemotherapy",
        /// Document management.
        DocumentManagement = "document_management",
        /// Anything else.
        Other = "other",
    }
);

impl Module {
    /// The module in a sentence: "electronic patient record".
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Epr => "electronic patient record",
            Self::Hepma => "electronic prescribing system",
            Self::Pas => "patient administration system",
            Self::Maternity => "maternity record",
            Self::Ed => "emergency department system",
            Self::OrderComms => "order communications system",
            Self::Pharmacy => "pharmacy system",
            Self::IntegrationEngine => "integration engine",
            Self::Chemotherapy => "chemotherapy prescribing system",
            Self::DocumentManagement => "document management system",
            Self::Other => "other core system",
        }
    }

    /// The module's place in [`Module::ALL`].
    #[must_use]
    pub const fn index(self) -> usize {
        self as usize
    }
}

named_enum!(
    /// How far an organisation is with a system, or that it is known to have none.
    SystemStatus, "a status of a system" {
        /// Live.
        InUse = "in_use",
        /// Signed for; not live yet.
        Contracted = "contracted",
        /// Chosen; not signed yet.
        Selected = "selected",
        /// Taken out of use.
        Replaced = "replaced",
        /// Known to have none.
        NoSystem = "none",
        /// Known to have none and buying one.
        NoneProcuring = "none_procuring",
    }
);

impl SystemStatus {
    /// Whether this is a system that counts: in use, contracted or selected.
    #[must_use]
    pub const fn is_present(self) -> bool {
        matches!(self, Self::InUse | Self::Contracted | Self::Selected)
    }

    /// Whether this says that the organisation has no system for the module.
    #[must_use]
    pub const fn is_known_absence(self) -> bool {
        matches!(self, Self::NoSystem | Self::NoneProcuring)
    }
}

/// What is recorded of one system, or of its absence, in one module of one organisation.
#[derive(Clone, Debug, PartialEq)]
pub struct CoreSystem {
    /// Whose it is.
    pub ods_code: OdsCode,
    /// What it is for.
    pub module: Module,
    /// Who supplies it; `None` is an unnamed system (in-house, generic), which is like no other, or an absence.
    pub vendor: Option<String>,
    /// The product, where it is known.
    pub product: Option<String>,
    /// The version, where it is known.
    pub version: Option<String>,
    /// How far the organisation is with it.
    pub status: SystemStatus,
    /// When it went live.
    pub live: Option<PartialDate>,
    /// When it ended.
    pub ended: Option<PartialDate>,
    /// Where this is from.
    pub provenance: Provenance,
}
