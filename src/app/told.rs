//! What is told to those who wait for it: the number of the last event, and that the service stops.

use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::watch;

/// What there is to tell.
pub struct Told {
    last_event: watch::Sender<i64>,
    is_ending: AtomicBool,
}

impl Default for Told {
    fn default() -> Self {
        Self {
            last_event: watch::Sender::new(0),
            is_ending: AtomicBool::new(false),
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
}
