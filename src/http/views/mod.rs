//! What answers look like: one struct for each thing shown, filled by moving from the domain's values.

pub(crate) mod audit;
pub(crate) mod bridges;
pub(crate) mod comparison;
pub(crate) mod completeness;
pub(crate) mod contacts;
pub(crate) mod core_systems;
pub(crate) mod imports;
pub(crate) mod key;
pub(crate) mod learning;
pub(crate) mod links;
pub(crate) mod matches;
pub(crate) mod networks;
pub(crate) mod numbers;
pub(crate) mod organisation;
pub(crate) mod overview;
pub(crate) mod suggestion;
pub(crate) mod text;
pub(crate) mod weights;
