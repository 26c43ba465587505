//! Numbers drawn from a seed: the same on every machine.

#[cfg(test)]
use rand_distr::Open01;
use rand_distr::{Distribution as _, StandardNormal};
use rand_xoshiro::Xoshiro256Plus;
use rand_xoshiro::rand_core::{RngCore as _, SeedableRng as _};

/// Draws from one seed.
pub(in crate::engine) struct Draws(Xoshiro256Plus);

impl Draws {
    pub(in crate::engine) fn seeded(seed: u64) -> Self {
        Self(Xoshiro256Plus::seed_from_u64(seed))
    }

    /// A number strictly between 0 and 1.
    #[cfg(test)]
    pub(in crate::engine) fn uniform(&mut self) -> f64 {
        Open01.sample(&mut self.0)
    }

    /// A standard normal number.
    pub(in crate::engine) fn normal(&mut self) -> f64 {
        StandardNormal.sample(&mut self.0)
    }

    /// Puts `items` into a random order: that of a random number for each.
    pub(in crate::engine) fn shuffle<T>(&mut self, items: &mut [T]) {
        items.sort_by_cached_key(|_| self.0.next_u64());
    }
}
