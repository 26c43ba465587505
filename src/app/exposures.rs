//! All top tens at once, worked out once for a snapshot and a day.

use std::sync::Arc;

use chrono::NaiveDate;
use tokio::sync::{Mutex, OwnedMutexGuard};

use crate::app::{Alongside, Edition, Held};
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
pub(super) struct KeptExposures(Arc<Mutex<Vec<Kept>>>);

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
        self.exposure_of(self.state.held(), as_of).await
    }

    /// The same of what is held, be it that something newer is there by now.
    ///
    /// # Errors
    ///
    /// As [`exposure`](Self::exposure).
    pub(super) async fn exposure_of(
        &self,
        held: Held,
        as_of: NaiveDate,
    ) -> Result<(Arc<Exposure>, Arc<Snapshot>)> {
        let all = Arc::clone(&self.exposures.0).lock_owned().await;
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
        if let Some(at) = found {
            return Ok((used(all, at), snapshot));
        }
        let working = Arc::clone(&snapshot);
        // The lock goes along: whoever hangs up leaves what is worked out to the next one, who does not begin it again.
        let work = move || {
            let exposure = Arc::new(exposure(&working, as_of));
            keep(all, edition, as_of, &exposure);
            exposure
        };
        let exposure = tokio::task::spawn_blocking(work)
            .await
            .map_err(|panic| Error::Internal("working out top tens", Box::new(panic)))?;
        Ok((exposure, snapshot))
    }
}

/// One of those that are kept, which is the last one used from now on.
fn used(mut all: OwnedMutexGuard<Vec<Kept>>, at: usize) -> Arc<Exposure> {
    let kept = all.remove(at);
    let exposure = Arc::clone(&kept.exposure);
    all.push(kept);
    exposure
}

/// Keeps what was worked out. What is of an older snapshot is never asked for again.
fn keep(
    mut all: OwnedMutexGuard<Vec<Kept>>,
    edition: Edition,
    as_of: NaiveDate,
    exposure: &Arc<Exposure>,
) {
    all.retain(|kept| kept.edition >= edition);
    if all.len() >= N_KEPT {
        all.remove(0);
    }
    all.push(Kept {
        edition,
        as_of,
        exposure: Arc::clone(exposure),
    });
}
