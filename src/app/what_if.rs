//! The picture of what would come of it if everybody chose the best that would have them.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use super::Alongside;
use crate::domain::error::Result;
use crate::domain::ids::{OdsCode, Slug};
use crate::domain::what_if::{WhatIf, WhatIfRequest};
use crate::engine::what_if;
use crate::storage;

impl Alongside {
    /// Works out the stable assignment of a programme's members, or of everybody, under the places that are left, or so many for
    /// each, and tells at most `limit` of its pairs. Writes nothing.
    ///
    /// # Errors
    ///
    /// Those of [`what_if::what_if`], and of the database.
    pub async fn what_if(
        &self,
        programme: Option<Slug>,
        capacity: Option<u32>,
        as_of: NaiveDate,
        limit: usize,
    ) -> Result<WhatIf> {
        let rooms = match capacity {
            Some(_) => BTreeMap::new(),
            None => {
                let read = self.storage().read(move |c| storage::rooms::all(c, as_of));
                read.await?
            }
        };
        let request = WhatIfRequest {
            programme,
            as_of,
            capacity,
            limit,
            rooms,
        };
        let snapshot = self.snapshot();
        self.analysis_in_turn(move || what_if::what_if(&snapshot, &request))
            .await
    }

    /// Whether an admin may suggest two organisations to each other on a day.
    ///
    /// # Errors
    ///
    /// Those of [`what_if::may_be_suggested`].
    pub fn may_be_suggested(&self, pair: (OdsCode, OdsCode), as_of: NaiveDate) -> Result<()> {
        what_if::may_be_suggested(&self.snapshot(), pair, as_of)
    }
}
