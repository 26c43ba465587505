//! What several tests need.

pub(crate) mod database;
pub(crate) mod service;
pub(crate) mod synthetic;
