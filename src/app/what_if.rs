//! The picture of what would come of it if everybody chose the best that would have them.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::NaiveDate;
use tokio::sync::Semaphore;

use super::Alongside;
use crate::domain::error::{Error, Result};
use crate::domain::ids::{OdsCode, Slug};
use crate::domain::what_if::{WhatIf, WhatIfRequest};
use crate::engine::what_if;
use crate::storage;

/// How many pictures are worked out at once: the largest takes some tens of megabytes and a thread for a second, so that more of
/// them wait for their turn.
const AT_ONCE: usize = 2;

/// Whose turn it is to work out a picture.
pub(super) struct Pictures(Arc<Semaphore>);

impl Default for Pictures {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(AT_ONCE)))
    }
}

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
        let turn = Arc::clone(&self.pictures.0).acquire_owned().await;
        let turn = turn.map_err(|closed| Error::Internal("waiting for a turn", closed.into()))?;
        let work = move || {
            // Kept until the picture is worked out, be it that nobody waits for it any longer.
            let _turn = turn;
            what_if::what_if(&snapshot, &request)
        };
        tokio::task::spawn_blocking(work)
            .await
            .map_err(|panic| Error::Internal("working out a picture", panic.into()))?
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
