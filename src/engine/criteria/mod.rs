//! One file per criterion: its columns, its formula, its tests.

pub mod care_setting;
pub mod core_system;
pub mod culture;
pub mod geography;
pub mod learning;
pub mod prior_relationships;
mod similarity;
pub mod system_match;

/// What to expect of an unknown fact where no other organisation has it either (DESIGN 4.1).
pub(crate) const MEAN_OF_NOBODY: f64 = 0.5;
