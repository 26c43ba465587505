//! What several tests need.

pub(crate) mod agreed;
pub(crate) mod calls;
pub(crate) mod choosing;
pub(crate) mod chosen;
pub(crate) mod database;
pub(crate) mod logs;
pub(crate) mod matches;
pub(crate) mod outcomes;
pub(crate) mod receiver;
pub(crate) mod service;
pub(crate) mod synthetic;
