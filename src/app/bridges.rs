//! What stands between two organisations.

use chrono::NaiveDate;

use super::Alongside;
use crate::domain::bridge::Bridges;
use crate::domain::error::Result;
use crate::domain::ids::OdsCode;
use crate::engine::bridges;

impl Alongside {
    /// Finds what could bring two organisations together: networks that both are in, and at most `limit` third organisations
    /// that have to do with both.
    ///
    /// # Errors
    ///
    /// Those of [`bridges::between`].
    pub fn bridges(
        &self,
        here: OdsCode,
        there: OdsCode,
        as_of: NaiveDate,
        limit: usize,
    ) -> Result<Bridges> {
        bridges::between(&self.snapshot(), here, there, as_of, limit)
    }
}
