//! What stands between two organisations and could bring them together.

use crate::domain::dates::PartialDate;
use crate::domain::ids::{OdsCode, Revision};
use crate::domain::link::LinkKind;

/// The most networks that an answer lists.
pub const MAX_NETWORKS: usize = 50;

/// The most ties that an answer lists for one side of one bridge, strongest first.
pub const MAX_TIES: usize = 10;

/// One thing that joins two organisations.
#[derive(Clone, Debug, PartialEq)]
pub struct BridgeTie {
    /// What it is.
    pub kind: LinkKind,
    /// The name of the network, where it is one.
    pub network: Option<String>,
    /// When it started, where it is known.
    pub started: Option<PartialDate>,
    /// When it ended; `None` while it lasts.
    pub ended: Option<PartialDate>,
    /// What it is worth on the day, `0..=1` (DESIGN 4.6).
    pub value: f64,
    /// Where this is from.
    pub source: String,
    /// The date that the source speaks of.
    pub as_of: Option<PartialDate>,
}

/// An organisation that has to do with both.
#[derive(Clone, Debug, PartialEq)]
pub struct Bridge {
    /// Who.
    pub ods_code: OdsCode,
    /// Its name.
    pub name: String,
    /// How well it bridges, `0..=1`.
    pub strength: f64,
    /// What it has to do with the one that asks.
    pub here: Vec<BridgeTie>,
    /// What it has to do with the other.
    pub there: Vec<BridgeTie>,
}

/// What stands between two organisations.
#[derive(Clone, Debug, PartialEq)]
pub struct Bridges {
    /// Of which data.
    pub revision: Revision,
    /// The networks that both are in, best first, then by name.
    pub networks: Vec<BridgeTie>,
    /// Third organisations, best first, then by code.
    pub organisations: Vec<Bridge>,
    /// How many third organisations there are, listed or not.
    pub n_organisations: usize,
}
