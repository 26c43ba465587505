//! The turn to write: one writer of this process at a time, so that those who wait hold no connection and readers find
//! one.

use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

/// Who writes now.
#[derive(Debug, Default)]
pub(super) struct Turn {
    is_taken: Mutex<bool>,
    given_back: Condvar,
}

/// The turn, given back when dropped, however the write ends.
pub(super) struct Taken<'a>(&'a Turn);

impl Turn {
    /// Waits for the turn; `None` where it does not come in time.
    pub(super) fn take(&self, at_most: Duration) -> Option<Taken<'_>> {
        // Nothing panics while the lock is held, so what it guards is whole.
        let is_taken = self.is_taken.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut is_taken, _) = self
            .given_back
            .wait_timeout_while(is_taken, at_most, |is_taken| *is_taken)
            .unwrap_or_else(PoisonError::into_inner);
        if *is_taken {
            return None;
        }
        *is_taken = true;
        Some(Taken(self))
    }
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        *self
            .0
            .is_taken
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = false;
        self.0.given_back.notify_one();
    }
}
