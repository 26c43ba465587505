//! The turn to write: one writer of this process at a time, so that those who wait hold no connection, and the first to
//! come is the first to write.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How many times its patience somebody waits while others write: so many may wait that each write is quick and the last is
/// still long in coming.
const MAX_ROUNDS: u32 = 6;

/// Who writes now, and who waits.
///
/// A turn that is given back goes to whoever waits longest and is never free in between: whoever comes just then would else
/// take it before the one who is woken for it, and under load somebody would wait for ever.
#[derive(Debug, Default)]
pub(super) struct Turn {
    queue: Mutex<Queue>,
}

#[derive(Debug, Default)]
struct Queue {
    is_taken: bool,
    /// How often the turn was given back.
    n_given_back: u64,
    waiting: VecDeque<Arc<Waiter>>,
}

/// Somebody who waits; one condition each, so that one is woken and not all.
#[derive(Debug, Default)]
struct Waiter {
    given: Condvar,
}

/// The turn, given back when dropped, however the write ends.
pub(super) struct Taken<'a>(&'a Turn);

impl Turn {
    /// Waits for the turn as long as it goes round, [`MAX_ROUNDS`] times `patience` at most; `None` where it does not come, or
    /// where one writer keeps it for longer than `patience`.
    pub(super) fn take(&self, patience: Duration) -> Option<Taken<'_>> {
        let mut queue = self.queue();
        if !queue.is_taken {
            queue.is_taken = true;
            return Some(Taken(self));
        }
        let waiter = Arc::new(Waiter::default());
        queue.waiting.push_back(Arc::clone(&waiter));
        // Who gives the turn takes the waiter out of the queue.
        let place = |queue: &Queue| {
            queue
                .waiting
                .iter()
                .position(|other| Arc::ptr_eq(other, &waiter))
        };
        for _ in 0..MAX_ROUNDS {
            let n_before = queue.n_given_back;
            (queue, _) = waiter
                .given
                .wait_timeout_while(queue, patience, |queue| place(queue).is_some())
                .unwrap_or_else(PoisonError::into_inner);
            if place(&queue).is_none() {
                return Some(Taken(self));
            }
            if queue.n_given_back == n_before {
                break;
            }
        }
        if let Some(place) = place(&queue) {
            queue.waiting.remove(place);
        }
        None
    }

    /// Nothing panics while the lock is held, so what it guards is whole.
    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        let mut queue = self.0.queue();
        queue.n_given_back += 1;
        match queue.waiting.pop_front() {
            Some(next) => next.given.notify_one(),
            None => queue.is_taken = false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;
    use std::thread;

    const LONG: Duration = Duration::from_secs(30);

    /// Waits until this many wait.
    fn until_waiting(turn: &Turn, n: usize) {
        while turn.queue().waiting.len() != n {
            thread::yield_now();
        }
    }

    #[test]
    fn the_turn_goes_to_whoever_waits_longest() {
        let turn = Turn::default();
        let (tell, told) = mpsc::channel();
        thread::scope(|scope| {
            let held = turn.take(LONG).unwrap();
            for number in 0..8 {
                let (turn, tell) = (&turn, tell.clone());
                scope.spawn(move || {
                    let _held = turn.take(LONG).unwrap();
                    tell.send(number).unwrap();
                });
                until_waiting(turn, number + 1);
            }
            drop(held);
        });
        drop(tell);
        assert_eq!(told.iter().collect::<Vec<_>>(), [0, 1, 2, 3, 4, 5, 6, 7]);
    }

    #[test]
    fn who_gives_up_waiting_is_given_nothing() {
        let turn = Turn::default();
        let held = turn.take(LONG).unwrap();
        assert!(turn.take(Duration::ZERO).is_none());
        assert!(turn.queue().waiting.is_empty());
        drop(held);
        assert!(turn.take(Duration::ZERO).is_some());
    }

    #[test]
    fn a_turn_is_one_at_a_time() {
        let turn = Turn::default();
        let inside = Mutex::new(());
        thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    for _ in 0..200 {
                        let _held = turn.take(LONG).unwrap();
                        let _alone = inside.try_lock().unwrap();
                    }
                });
            }
        });
        assert!(!turn.queue().is_taken);
    }
}
