//! The turn to write: one writer of this process at a time, so that those who wait hold no connection and readers find
//! one.

use std::sync::{Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Who writes now.
#[derive(Debug, Default)]
pub(super) struct Turn {
    taken: Mutex<Option<Length>>,
    given_back: Condvar,
}

/// The turn, given back when dropped, however the write ends.
pub(super) struct Taken<'a>(&'a Turn);

/// How long a write may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Length {
    /// Some milliseconds: who waits longer gives up.
    Short,
    /// As long as any write may: who waits is patient.
    Long,
}

impl Turn {
    /// Waits for the turn; `None` where it does not come in time: within `at_most`, or within `patient` where who has it said
    /// that it would take long.
    pub(super) fn take(
        &self,
        at_most: Duration,
        patient: Duration,
        length: Length,
    ) -> Option<Taken<'_>> {
        let started = Instant::now();
        // Nothing panics while the lock is held, so what it guards is whole.
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        while let Some(other) = *taken {
            let most = match other {
                Length::Short => at_most,
                Length::Long => patient,
            };
            let left = most.checked_sub(started.elapsed())?;
            (taken, _) = self
                .given_back
                .wait_timeout(taken, left)
                .unwrap_or_else(PoisonError::into_inner);
        }
        *taken = Some(length);
        Some(Taken(self))
    }
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        *self.0.taken.lock().unwrap_or_else(PoisonError::into_inner) = None;
        self.0.given_back.notify_one();
    }
}
