//! The turn to write: one writer of this process at a time, so that those who wait hold no connection, and the first to
//! come is the first to write.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

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
    /// How long whoever writes may take; `None` where nobody writes.
    taken: Option<Length>,
    /// When the turn was given back last.
    given_back: Option<Instant>,
    /// When the last long write ended.
    long_ended: Option<Instant>,
    waiting: VecDeque<(Arc<Waiter>, Length)>,
}

/// Somebody who waits; one condition each, so that one is woken and not all.
#[derive(Debug, Default)]
struct Waiter {
    given: Condvar,
}

/// How long a write may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Length {
    /// Some milliseconds: who waits long gives up.
    Short,
    /// As long as any write may: who waits is patient.
    Long,
}

/// How long to wait for the turn.
#[derive(Clone, Copy, Debug)]
pub(super) struct Patience {
    /// How long one short write may keep the turn.
    pub(super) short: Duration,
    /// How long a long one may.
    pub(super) long: Duration,
}

/// How many times its patience with short writes somebody waits while the turn goes round: so many may wait that each write is
/// quick and the last is still long in coming. What a long write took does not count.
const MAX_ROUNDS: u32 = 3;

/// The turn, given back when dropped, however the write ends.
pub(super) struct Taken<'a>(&'a Turn);

impl Turn {
    /// Waits for the turn; `None` where it does not come in time.
    pub(super) fn take(&self, patience: Patience, length: Length) -> Option<Taken<'_>> {
        let started = Instant::now();
        let mut queue = self.queue();
        if queue.taken.is_none() {
            queue.taken = Some(length);
            return Some(Taken(self));
        }
        let waiter = Arc::new(Waiter::default());
        queue.waiting.push_back((Arc::clone(&waiter), length));
        loop {
            // Who gives the turn takes the waiter out of the queue.
            let place = queue
                .waiting
                .iter()
                .position(|(other, _)| Arc::ptr_eq(other, &waiter));
            let Some(place) = place else {
                return Some(Taken(self));
            };
            let left = match queue.taken {
                Some(Length::Long) => patience.long.checked_sub(started.elapsed()),
                Some(Length::Short) | None => {
                    let since =
                        |event: Option<Instant>| event.map_or(started, |at| at.max(started));
                    let in_this_round = patience
                        .short
                        .checked_sub(since(queue.given_back).elapsed());
                    let in_all = (patience.short * MAX_ROUNDS)
                        .checked_sub(since(queue.long_ended).elapsed());
                    in_this_round.zip(in_all).map(|(round, all)| round.min(all))
                }
            };
            let Some(left) = left.filter(|left| !left.is_zero()) else {
                queue.waiting.remove(place);
                return None;
            };
            (queue, _) = waiter
                .given
                .wait_timeout(queue, left)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Nothing panics while the lock is held, so what it guards is whole.
    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        let mut queue = self.0.queue();
        let now = Instant::now();
        queue.given_back = Some(now);
        if queue.taken == Some(Length::Long) {
            queue.long_ended = Some(now);
        }
        queue.taken = queue.waiting.pop_front().map(|(next, length)| {
            next.given.notify_one();
            length
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;
    use std::thread;

    const LONG: Patience = Patience {
        short: Duration::from_secs(30),
        long: Duration::from_secs(30),
    };

    const NONE: Patience = Patience {
        short: Duration::ZERO,
        long: Duration::ZERO,
    };

    #[test]
    fn who_waits_for_a_long_write_is_patient() {
        let turn = Turn::default();
        let patience = Patience {
            short: Duration::ZERO,
            long: Duration::from_secs(30),
        };
        thread::scope(|scope| {
            let held = turn.take(LONG, Length::Long).unwrap();
            let waits = scope.spawn(|| turn.take(patience, Length::Short).is_some());
            until_waiting(&turn, 1);
            assert!(turn.take(NONE, Length::Short).is_none());
            drop(held);
            assert!(waits.join().unwrap());
        });
    }

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
            let held = turn.take(LONG, Length::Short).unwrap();
            for number in 0..8 {
                let (turn, tell) = (&turn, tell.clone());
                scope.spawn(move || {
                    let _held = turn.take(LONG, Length::Short).unwrap();
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
        let held = turn.take(LONG, Length::Short).unwrap();
        assert!(turn.take(NONE, Length::Short).is_none());
        assert!(turn.queue().waiting.is_empty());
        drop(held);
        assert!(turn.take(NONE, Length::Short).is_some());
    }

    #[test]
    fn a_turn_is_one_at_a_time() {
        let turn = Turn::default();
        let inside = Mutex::new(());
        thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    for _ in 0..200 {
                        let _held = turn.take(LONG, Length::Short).unwrap();
                        let _alone = inside.try_lock().unwrap();
                    }
                });
            }
        });
        assert!(turn.queue().taken.is_none());
    }
}
