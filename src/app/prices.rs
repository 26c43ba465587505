//! The prices that spread exposure, made once for a snapshot and a day.

use std::sync::{Arc, Mutex, PoisonError};

use chrono::NaiveDate;
use tokio::sync::{Semaphore, watch};

use super::{Alongside, Edition, Held};
use crate::domain::error::{Error, Result};
use crate::domain::price::{MAX_ORGANISATIONS, Prices};
use crate::engine::prices::prices;
use crate::engine::snapshot::Snapshot;

/// How many are kept: of today, and of the days that somebody looks back or ahead to.
const N_KEPT: usize = 4;

/// Of how many days but today they are made or waited for at most; whoever asks for another day then is asked to try again.
const MAX_MAKING: usize = 4;

/// What prices are of.
type Key = (Edition, NaiveDate);

/// What somebody makes: there once it is made, never where the making broke off.
type Making = watch::Receiver<Option<Arc<Prices>>>;

#[derive(Default)]
struct Shelf {
    /// The last one used last.
    kept: Vec<(Key, Arc<Prices>)>,
    making: Vec<(Key, Making)>,
    /// The day on which most ask, whose prices stay while others are made.
    today: Option<NaiveDate>,
}

/// What becomes of somebody who asks.
enum Asked {
    Kept(Arc<Prices>),
    Waits(Making),
    /// Nobody makes them yet.
    Makes(watch::Sender<Option<Arc<Prices>>>, Making),
}

impl Shelf {
    /// Finds what is asked for, or who makes it. The lock is held for that alone.
    fn ask(&mut self, key: Key) -> Result<Asked> {
        if let Some(at) = self.kept.iter().position(|(kept, _)| *kept == key) {
            let found = self.kept.remove(at);
            let prices = Arc::clone(&found.1);
            self.kept.push(found);
            return Ok(Asked::Kept(prices));
        }
        if let Some((_, making)) = self.making.iter().find(|(making, _)| *making == key) {
            return Ok(Asked::Waits(making.clone()));
        }
        let is_other = |making: &&(Key, Making)| Some(making.0.1) != self.today;
        if self.today != Some(key.1) && self.making.iter().filter(is_other).count() >= MAX_MAKING {
            return Err(Error::Busy);
        }
        let (sender, making) = watch::channel(None);
        self.making.push((key, making.clone()));
        Ok(Asked::Makes(sender, making))
    }

    /// Keeps what was made, but for what is of an older snapshot, which nobody asks for again.
    fn keep(&mut self, key: Key, prices: &Arc<Prices>) {
        let newest = self.kept.iter().map(|(kept, _)| kept.0).max();
        if newest.is_some_and(|newest| newest > key.0) {
            return;
        }
        self.kept.retain(|(kept, _)| kept.0 == key.0);
        if self.kept.len() >= N_KEPT {
            let of_another_day = |(kept, _): &(Key, _)| Some(kept.1) != self.today;
            let oldest = self.kept.iter().position(of_another_day).unwrap_or(0);
            self.kept.remove(oldest);
        }
        self.kept.push((key, Arc::clone(prices)));
    }
}

/// Those that are kept, and those that somebody makes. Many who ask for the same at once wait for one making; whoever asks for what
/// is there waits for nobody.
pub(super) struct KeptPrices {
    shelf: Arc<Mutex<Shelf>>,
    /// Those of other days than today are made one after the other.
    other_days: Arc<Semaphore>,
}

impl Default for KeptPrices {
    fn default() -> Self {
        Self {
            shelf: Arc::default(),
            other_days: Arc::new(Semaphore::new(1)),
        }
    }
}

impl KeptPrices {
    /// Says which day it is.
    pub(super) fn on(&self, today: NaiveDate) {
        within(&self.shelf, |shelf| shelf.today = Some(today));
    }

    /// Prices that are kept, else that `make` makes on a thread of its own, whoever of those who ask still waits for them.
    async fn get(
        &self,
        key: Key,
        make: impl FnOnce() -> Prices + Send + 'static,
    ) -> Result<Arc<Prices>> {
        let (asked, is_today) = within(&self.shelf, |shelf| {
            (shelf.ask(key), shelf.today == Some(key.1))
        });
        let mut making = match asked? {
            Asked::Kept(prices) => return Ok(prices),
            Asked::Waits(making) => making,
            Asked::Makes(sender, making) => {
                let (shelf, turns) = (Arc::clone(&self.shelf), Arc::clone(&self.other_days));
                // By itself: whoever hangs up leaves what is made to the next one, who does not begin it again.
                drop(tokio::spawn(async move {
                    let turn = match is_today {
                        true => None,
                        false => turns.acquire_owned().await.ok(),
                    };
                    let made = tokio::task::spawn_blocking(make).await;
                    drop(turn);
                    within(&shelf, |shelf| {
                        shelf.making.retain(|(making, _)| *making != key);
                        if let Ok(prices) = made {
                            let prices = Arc::new(prices);
                            shelf.keep(key, &prices);
                            sender.send_replace(Some(prices));
                        }
                    });
                }));
                making
            }
        };
        let made = making.wait_for(Option::is_some).await;
        let made = made.map_err(|gone| Error::Internal("making prices", gone.into()))?;
        let made = made.as_ref().map(Arc::clone);
        made.ok_or_else(|| Error::Internal("making prices", "they are not there".into()))
    }
}

fn within<T>(shelf: &Mutex<Shelf>, look: impl FnOnce(&mut Shelf) -> T) -> T {
    // Nothing between two of its changes can fail.
    look(&mut shelf.lock().unwrap_or_else(PoisonError::into_inner))
}

/// Refuses a snapshot that is too large to make prices of.
fn is_small_enough(snapshot: &Snapshot) -> Result<()> {
    if snapshot.n_organisations() > MAX_ORGANISATIONS {
        return Err(Error::Conflict {
            rule: "/problems/too-many-organisations",
            detail: format!(
                "Prices that spread exposure are made for at most {MAX_ORGANISATIONS} active organisations."
            ),
        });
    }
    Ok(())
}

/// Makes the prices of a snapshot, where it is not too large.
///
/// # Errors
///
/// [`Error::Conflict`] where there are too many organisations to make prices while somebody waits.
pub(super) fn made(snapshot: &Snapshot, as_of: NaiveDate) -> Result<Prices> {
    is_small_enough(snapshot)?;
    Ok(prices(snapshot, as_of))
}

impl Alongside {
    /// The prices of a day, and what they are of.
    ///
    /// # Errors
    ///
    /// Those of [`made`]; [`Error::Busy`] where those of too many days are asked for at once; [`Error::Internal`] where the work breaks off.
    pub(super) async fn prices(&self, as_of: NaiveDate) -> Result<(Arc<Prices>, Held)> {
        let held = self.state.held();
        is_small_enough(&held.snapshot)?;
        let snapshot = Arc::clone(&held.snapshot);
        let make = move || prices(&snapshot, as_of);
        let prices = self.kept_prices.get((held.edition, as_of), make).await?;
        Ok((prices, held))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::sync::mpsc;

    use super::*;
    use crate::engine::test_register::{organisation, register};

    fn some() -> Prices {
        let snapshot = Snapshot::new(&register(&[organisation("RA1")]));
        prices(&snapshot, "2026-11-22".parse().unwrap())
    }

    fn day(n: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(2026, 11, n).unwrap()
    }

    fn key(n: u32) -> Key {
        (Edition::FIRST, day(n))
    }

    fn never() -> Prices {
        unreachable!("they are kept")
    }

    #[tokio::test]
    async fn those_of_today_stay_whatever_else_is_asked_for() {
        let kept = KeptPrices::default();
        kept.on(day(1));
        for n in 1..20 {
            kept.get(key(n), some).await.unwrap();
        }
        kept.get(key(1), never).await.unwrap();
        kept.get(key(19), never).await.unwrap();
        // Those of an older snapshot take no place of newer ones, and are gone with them.
        let newer = (Edition::FIRST.next(), day(1));
        kept.get(newer, some).await.unwrap();
        kept.get(key(2), some).await.unwrap();
        kept.get(newer, never).await.unwrap();
    }

    #[tokio::test]
    async fn what_is_kept_waits_for_no_making_and_many_wait_for_one() {
        let kept = KeptPrices::default();
        kept.on(day(1));
        kept.get(key(1), some).await.unwrap();
        let n_made = Arc::new(AtomicU32::new(0));
        let (go, wait) = mpsc::channel::<()>();
        let counted = Arc::clone(&n_made);
        let slow = move || {
            wait.recv().unwrap();
            counted.fetch_add(1, Ordering::Relaxed);
            some()
        };
        let (first, second, at_hand) =
            tokio::join!(kept.get(key(2), slow), kept.get(key(2), never), async {
                let at_hand = kept.get(key(1), never).await;
                go.send(()).unwrap();
                at_hand
            });
        assert!(at_hand.is_ok());
        assert!(Arc::ptr_eq(&first.unwrap(), &second.unwrap()));
        assert_eq!(n_made.load(Ordering::Relaxed), 1);
    }

    #[tokio::test]
    async fn too_many_days_at_once_are_refused_but_never_today() {
        let kept = KeptPrices::default();
        kept.on(day(1));
        let mut gates = Vec::new();
        let mut slow = || {
            let (go, wait) = mpsc::channel::<()>();
            gates.push(go);
            move || {
                wait.recv().unwrap();
                some()
            }
        };
        let (two, three, four, five) = (slow(), slow(), slow(), slow());
        let (a, b, c, d, refused) = tokio::join!(
            kept.get(key(2), two),
            kept.get(key(3), three),
            kept.get(key(4), four),
            kept.get(key(5), five),
            async {
                let refused = kept.get(key(6), never).await;
                kept.get(key(1), some).await.unwrap();
                for gate in &gates {
                    gate.send(()).unwrap();
                }
                refused
            }
        );
        assert!(matches!(refused, Err(Error::Busy)));
        assert!(a.is_ok() && b.is_ok() && c.is_ok() && d.is_ok());
    }

    #[tokio::test]
    async fn a_making_that_breaks_off_is_told_and_can_be_begun_again() {
        let kept = KeptPrices::default();
        let broken = kept.get(key(1), || panic!("on purpose")).await;
        assert!(matches!(broken, Err(Error::Internal(..))));
        kept.get(key(1), some).await.unwrap();
    }
}
