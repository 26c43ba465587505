//! What answers look like: one struct for each thing shown, filled by moving from the domain's values.

pub(crate) mod comparison;
pub(crate) mod key;
pub(crate) mod numbers;
pub(crate) mod organisation;
pub(crate) mod suggestion;
pub(crate) mod text;
pub(crate) mod weights;
