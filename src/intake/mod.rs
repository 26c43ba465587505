//! Outside files to values of the domain.
//!
//! Knows nothing of the database or of HTTP. Files are input, not truth: each is read strictly, and what cannot be
//! read is an error that names file, line and column. Start with [`bundled`], the open data inside the binary.

pub mod bundled;
pub mod import;
pub mod pairs;
mod table;
