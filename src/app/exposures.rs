//! All top tens at once, worked out once for a snapshot and a day.

use std::sync::Arc;

use chrono::NaiveDate;
use tokio::sync::Mutex;

use crate::app::{Alongside, Edition};
use crate::domain::error::{Error, Result};
use crate::domain::load::{Exposure, MAX_ORGANISATIONS};
use crate::engine::exposure::exposure;
use crate::engine::snapshot::Snapshot;

/// How many are kept: of today, and of the days that somebody looks back or ahead to.
const N_KEPT: usize = 4;

struct Kept {
    edition: Edition,
    as_of: NaiveDate,
    exposure: Arc<Exposure>,
}

/// Those that are kept, the last one used last. Whoever works one out holds the lock, so that many who ask at once wait for
/// one working.
#[derive(Default)]
pub(super) struct KeptExposures(Mutex<Vec<Kept>>);

impl Alongside {
    /// All top tens on a day, and the snapshot they are of.
    ///
    /// # Errors
    ///
    /// [`Error::Conflict`] where there are too many organisations to work them out while somebody waits.
    pub(super) async fn exposure(
        &self,
        as_of: NaiveDate,
    ) -> Result<(Arc<Exposure>, Arc<Snapshot>)> {
        let mut all = self.exposures.0.lock().await;
        let held = self.state.held();
        let (edition, snapshot) = (held.edition, held.snapshot);
        if snapshot.n_organisations() > MAX_ORGANISATIONS {
            return Err(Error::Conflict {
                rule: "/problems/too-many-organisations",
                detail: format!(
                    "All top tens are worked out for at most {MAX_ORGANISATIONS} active organisations."
                ),
            });
        }
        let found = all
            .iter()
            .position(|kept| kept.edition == edition && kept.as_of == as_of);
        let kept = match found {
            Some(at) => all.remove(at),
            None => {
                let working = Arc::clone(&snapshot);
                let worked_out =
                    tokio::task::spawn_blocking(move || Arc::new(exposure(&working, as_of))).await;
                let exposure = worked_out
                    .map_err(|panic| Error::Internal("working out top tens", Box::new(panic)))?;
                Kept {
                    edition,
                    as_of,
                    exposure,
                }
            }
        };
        // What is of an older snapshot is never asked for again.
        all.retain(|kept| kept.edition == edition);
        if all.len() >= N_KEPT {
            all.remove(0);
        }
        let exposure = Arc::clone(&kept.exposure);
        all.push(kept);
        Ok((exposure, snapshot))
    }
}
