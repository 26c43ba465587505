//! Looking organisations up: which to list, and one with everything recorded of it.

use crate::domain::core_system::CoreSystem;
use crate::domain::ids::{BoardCode, OdsCode};
use crate::domain::link::{Link, Network};
use crate::domain::organisation::{CareSetting, Organisation, Position, Succession};
use crate::domain::profile::AttributeFact;

/// A circle to look in.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Near {
    /// Its centre.
    pub centre: Position,
    /// Its radius in km, above 0.
    pub within_km: f64,
}

/// Which organisations to list. Every part that is given must hold.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OrganisationQuery {
    /// Part of the name or of the ODS code, whatever the case of the letters.
    pub text: Option<String>,
    /// Gives this care.
    pub care_setting: Option<CareSetting>,
    /// In this integrated care board.
    pub icb: Option<BoardCode>,
    /// In this NHS region.
    pub region: Option<BoardCode>,
    /// Has a present system (in use, contracted or selected) of this vendor, whatever the case of the letters.
    pub vendor: Option<String>,
    /// Has its head office in this circle; the list is then ordered by distance, then code.
    pub near: Option<Near>,
    /// Open, closed or both.
    pub status: StatusFilter,
}

/// Whether to list open or closed organisations.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum StatusFilter {
    /// Open ones.
    #[default]
    Active,
    /// Closed ones.
    Closed,
    /// Both.
    Any,
}

/// The last row of a page, after which the next begins.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct After {
    /// Its distance in km from the centre, where the list is ordered by distance.
    pub distance_km: Option<f64>,
    /// Its code.
    pub ods_code: OdsCode,
}

/// One row of a list.
#[derive(Clone, Debug, PartialEq)]
pub struct Listed {
    /// The organisation.
    pub organisation: Organisation,
    /// From the centre of the circle, where one was given.
    pub distance_km: Option<f64>,
}

/// A part of a list, in its order.
#[derive(Clone, Debug, PartialEq)]
pub struct OrganisationPage {
    /// The rows.
    pub items: Vec<Listed>,
    /// Whether more follow.
    pub has_more: bool,
}

/// One organisation with everything that is recorded of it.
#[derive(Clone, Debug, PartialEq)]
pub struct OrganisationRecord {
    /// Who it is.
    pub organisation: Organisation,
    /// Its core systems and known absences, by module.
    pub core_systems: Vec<CoreSystem>,
    /// Its attributes, by attribute and setting.
    pub attributes: Vec<AttributeFact>,
    /// Its links, by the other end.
    pub links: Vec<Link>,
    /// The networks it is a member of, by slug, with all their members.
    pub networks: Vec<Network>,
    /// What it took over, and what took it over.
    pub successions: Vec<Succession>,
}

/// How a name is looked for, whatever the case of the letters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NamePart {
    /// It begins so.
    Start(String),
    /// It has this in it.
    Anywhere(String),
}

/// Which organisations another register's client looks for. Every part that is given must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OrganisationSearch {
    /// Has one of these codes.
    pub codes: Option<Vec<OdsCode>>,
    /// Has such a name.
    pub name: Option<NamePart>,
    /// Is open, or is not.
    pub is_active: Option<bool>,
}

/// A part of what was found, by ODS code.
#[derive(Clone, Debug, PartialEq)]
pub struct SearchPage {
    /// The organisations.
    pub items: Vec<Organisation>,
    /// How many were found on all pages.
    pub n_found: u64,
    /// Whether more follow.
    pub has_more: bool,
}
