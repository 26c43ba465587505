//! Numbers drawn from a seed: the same on every machine.

use std::f64::consts::TAU;

/// `SplitMix64`: 64 bits of state, every seed as good as another.
///
/// # References
///
/// Steele, Lea and Flood, *Fast Splittable Pseudorandom Number Generators*, OOPSLA 2014, figure 17.
pub(super) struct Draws(u64);

impl Draws {
    pub(super) const fn seeded(seed: u64) -> Self {
        Self(seed)
    }

    const fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number strictly between 0 and 1: the middle of one of `2^52` equal steps.
    pub(super) const fn uniform(&mut self) -> f64 {
        ((self.bits() >> 12) as f64 + 0.5) / (1_u64 << 52) as f64
    }

    /// A standard normal number (Box and Muller 1958, *Annals of Mathematical Statistics* 29:610).
    pub(super) fn normal(&mut self) -> f64 {
        let radius = (-2.0 * self.uniform().ln()).sqrt();
        radius * (TAU * self.uniform()).cos()
    }

    /// Puts `items` into a random order (Fisher and Yates).
    pub(super) fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            let bound = last as u64 + 1;
            let other = usize::try_from(self.bits() % bound).unwrap_or(last);
            items.swap(last, other);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Seed 1234567 gives 6457827717110365317, 3203168211198807973 (Rosetta Code, *Pseudo-random numbers/Splitmix64*).
    #[test]
    fn the_published_sequence_comes_out() {
        let mut draws = Draws::seeded(1_234_567);
        assert_eq!(draws.bits(), 6_457_827_717_110_365_317);
        assert_eq!(draws.bits(), 3_203_168_211_198_807_973);
    }
}
