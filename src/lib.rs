//! Alongside scores candidate partner organisations for a health-care site on core-system match, geography, care
//! setting, culture and prior relationships, explains every score to both sides, and lets sites choose each other.
//!
//! In reading order:
//!
//! - [`domain`]: the nouns and their rules
//! - [`engine`]: the mathematics; facts in, scores with reasons out
//! - [`storage`]: the only code that knows the database
//! - [`intake`]: outside files to domain values, the bundled open data among them
//! - [`app`]: what takes more than one step
//! - [`http`]: requests and responses
//! - [`config`], [`logging`], [`machine`], [`random`], [`secret_file`], [`tls`], [`signals`], [`startup`], [`cli`]: from the command line to a running
//!   service

pub mod app;
pub mod cli;
pub mod config;
pub mod domain;
pub mod engine;
pub mod http;
pub mod intake;
pub mod logging;
pub mod machine;
pub mod random;
pub mod secret_file;
pub mod signals;
pub mod startup;
pub mod storage;
pub mod tls;
