//! What is told to the outside, for those who wait for it: the number of the last event, and how many deliveries went how.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use tokio::sync::watch;

/// The outcomes of attempts, as counters name them.
const OUTCOMES: [&str; 3] = ["delivered", "failed", "refused"];

/// What was told, and what there is to tell.
pub struct Told {
    last_event: watch::Sender<i64>,
    is_ending: AtomicBool,
    counts: [AtomicU64; OUTCOMES.len()],
}

/// What came of an attempt, for the counters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The receiver took it.
    Delivered,
    /// It did not.
    Failed,
    /// It was not even asked: its address is none to send to.
    Refused,
}

impl Default for Told {
    fn default() -> Self {
        Self {
            last_event: watch::Sender::new(0),
            is_ending: AtomicBool::new(false),
            counts: Default::default(),
        }
    }
}

impl Told {
    /// Says that there are events up to a number.
    pub fn there_is(&self, last_event: i64) {
        self.last_event.send_if_modified(|known| {
            let is_other = *known != last_event;
            *known = last_event;
            is_other
        });
    }

    /// Hears of later events; the first thing it says is the last number that is known, 0 before any is.
    #[must_use]
    pub fn hear(&self) -> watch::Receiver<i64> {
        self.last_event.subscribe()
    }

    /// Says that the service stops, to all who wait.
    pub fn end(&self) {
        self.is_ending.store(true, Ordering::Release);
        self.last_event.send_modify(|_| {});
    }

    /// Whether the service stops.
    #[must_use]
    pub fn is_ending(&self) -> bool {
        self.is_ending.load(Ordering::Acquire)
    }

    /// Counts an attempt.
    pub fn count(&self, outcome: Outcome) {
        self.counts[outcome as usize].fetch_add(1, Ordering::Relaxed);
    }

    /// How many attempts went how.
    #[must_use]
    pub fn counts(&self) -> [(&'static str, u64); OUTCOMES.len()] {
        let mut counts = OUTCOMES.map(|outcome| (outcome, 0));
        for (to, from) in counts.iter_mut().zip(&self.counts) {
            to.1 = from.load(Ordering::Relaxed);
        }
        counts
    }
}
