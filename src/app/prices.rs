//! The prices that spread exposure, made once for a snapshot and a day.

use std::sync::Arc;

use chrono::NaiveDate;
use tokio::sync::{Mutex, OwnedMutexGuard};

use super::{Alongside, Edition, Held};
use crate::domain::error::{Error, Result};
use crate::domain::price::{MAX_ORGANISATIONS, Prices};
use crate::engine::prices::prices;
use crate::engine::snapshot::Snapshot;

/// How many are kept: of today, and of the days that somebody looks back or ahead to.
const N_KEPT: usize = 4;

struct Kept {
    edition: Edition,
    as_of: NaiveDate,
    prices: Arc<Prices>,
}

/// Those that are kept, the last one used last. Whoever makes some holds the lock, so that many who ask at once wait for one
/// working.
#[derive(Default)]
pub(super) struct KeptPrices(Arc<Mutex<Vec<Kept>>>);

/// Makes the prices of a snapshot, where it is not too large.
///
/// # Errors
///
/// [`Error::Conflict`] where there are too many organisations to make prices while somebody waits.
pub(super) fn made(snapshot: &Snapshot, as_of: NaiveDate) -> Result<Prices> {
    if snapshot.n_organisations() > MAX_ORGANISATIONS {
        return Err(Error::Conflict {
            rule: "/problems/too-many-organisations",
            detail: format!(
                "Prices that spread exposure are made for at most {MAX_ORGANISATIONS} active organisations."
            ),
        });
    }
    Ok(prices(snapshot, as_of))
}

impl Alongside {
    /// The prices of a day, and what they are of.
    ///
    /// # Errors
    ///
    /// Those of [`made`]; [`Error::Internal`] where the work breaks off.
    pub(super) async fn prices(&self, as_of: NaiveDate) -> Result<(Arc<Prices>, Held)> {
        let all = Arc::clone(&self.kept_prices.0).lock_owned().await;
        let held = self.state.held();
        let is_it = |kept: &Kept| kept.edition == held.edition && kept.as_of == as_of;
        if let Some(at) = all.iter().position(is_it) {
            return Ok((used(all, at), held));
        }
        let (edition, snapshot) = (held.edition, Arc::clone(&held.snapshot));
        // The lock goes along: whoever hangs up leaves what is made to the next one, who does not begin it again.
        let work = move || -> Result<Arc<Prices>> {
            let prices = Arc::new(made(&snapshot, as_of)?);
            keep(all, edition, as_of, &prices);
            Ok(prices)
        };
        let prices = tokio::task::spawn_blocking(work)
            .await
            .map_err(|panic| Error::Internal("making prices", Box::new(panic)))??;
        Ok((prices, held))
    }
}

/// One of those that are kept, which is the last one used from now on.
fn used(mut all: OwnedMutexGuard<Vec<Kept>>, at: usize) -> Arc<Prices> {
    let kept = all.remove(at);
    let prices = Arc::clone(&kept.prices);
    all.push(kept);
    prices
}

/// Keeps what was made. What is of an older snapshot is never asked for again.
fn keep(
    mut all: OwnedMutexGuard<Vec<Kept>>,
    edition: Edition,
    as_of: NaiveDate,
    prices: &Arc<Prices>,
) {
    all.retain(|kept| kept.edition == edition);
    if all.len() >= N_KEPT {
        all.remove(0);
    }
    all.push(Kept {
        edition,
        as_of,
        prices: Arc::clone(prices),
    });
}
