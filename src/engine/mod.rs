//! The mathematics: recorded facts in, scores with their reasons out.
//!
//! Pure: no clock, no files, no database; the day is an argument. Start with [`snapshot`], which turns a
//! [`Register`](crate::domain::register::Register) into columns, then [`view`], one seeker's view of all others,
//! then the formulas in [`criteria`], and last [`answer`], which puts an answer together.
//!
//! # References
//!
//! The formulas are those of DESIGN section 4; each is cited where it stands.

pub mod answer;
pub mod ask;
pub mod assignment;
pub mod availability;
pub mod bridges;
pub mod choices;
pub mod completeness;
pub mod criteria;
pub mod evaluation;
pub mod explain;
pub mod exposure;
pub mod firmness;
pub mod fit;
pub mod flips;
pub mod load;
pub mod outcomes;
pub mod peer_groups;
pub mod prices;
pub mod rank;
pub mod snapshot;
pub mod standings;
pub mod view;
pub mod what_if;
pub mod workings;

mod columns;
pub(crate) mod lineage;
mod newton;

#[cfg(test)]
mod programmes;
#[cfg(test)]
mod properties;
#[cfg(test)]
pub(crate) mod test_register;
