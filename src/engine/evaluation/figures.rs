//! Figures of ranks with ties, and their intervals.

use rand_xoshiro::Xoshiro256Plus;
use rand_xoshiro::rand_core::{RngCore, SeedableRng};

use crate::domain::evaluation::{CONFIDENCE, Figure, RESAMPLES, Ranking, RankingFigures, WITHIN};
use crate::engine::columns::index;

/// Where a partner stands: how many are before it, and how many share its place, itself among them (from 1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) n_before: u32,
    pub(super) n_equal: u32,
}

impl Place {
    /// The place of a value among others, greater values first.
    pub(super) fn of(value: f64, others: impl Iterator<Item = f64>) -> Self {
        let mut place = Self {
            n_before: 0,
            n_equal: 1,
        };
        for other in others {
            let order = other.total_cmp(&value);
            place.n_before += u32::from(order.is_gt());
            place.n_equal += u32::from(order.is_eq());
        }
        place
    }

    /// The middle of the places that equals share, from 1.
    pub(super) fn rank(self) -> f64 {
        f64::from(self.n_before) + (f64::from(self.n_equal) + 1.0) / 2.0
    }

    /// What is expected of it when equals are put in any order with the same chance.
    fn score(self) -> Score {
        let (before, equal) = (f64::from(self.n_before), f64::from(self.n_equal));
        let within = |k: u32| ((f64::from(k) - before) / equal).clamp(0.0, 1.0);
        let reciprocals: f64 = (1..=self.n_equal)
            .map(|place| 1.0 / (before + f64::from(place)))
            .sum();
        Score {
            hits: WITHIN.map(within),
            reciprocal: reciprocals / equal,
            rank: self.rank(),
        }
    }
}

/// What one case adds to the figures of a ranking.
#[derive(Clone, Copy, Debug)]
struct Score {
    hits: [f64; WITHIN.len()],
    reciprocal: f64,
    rank: f64,
}

/// The figures of a ranking over some cases.
#[derive(Clone, Copy, Debug)]
struct Point {
    hits: [f64; WITHIN.len()],
    reciprocal: f64,
    median: f64,
}

/// How many numbers a ranking has: its hit rates, its mean reciprocal rank, its median rank and how far it is behind.
const N_NUMBERS: usize = WITHIN.len() + 3;

/// The figures of each ranking over pairs, each of which is given as the places in each ranking of its cases.
///
/// `pairs[p][c][r]` is the place of case `c` of pair `p` in ranking `r`, in the order of [`Ranking::ALL`]; each pair has a case
/// and there is a pair. The intervals hold the middle [`CONFIDENCE`] of [`RESAMPLES`] resamples of pairs with replacement, so
/// that the two sides of a pair stay together.
///
/// # References
///
/// Efron and Tibshirani 1993, *An Introduction to the Bootstrap*, chapters 8 (the unit of resampling) and 13 (percentile
/// intervals). Reciprocal ranks: Voorhees 1999, TREC-8. Expectation over ties: `McSherry` and Najork 2008, ECIR.
pub(super) fn figures(pairs: &[Vec<Vec<Place>>], seed: u64) -> Vec<RankingFigures> {
    let scores: Vec<Vec<Vec<Score>>> = pairs
        .iter()
        .map(|cases| {
            cases
                .iter()
                .map(|c| c.iter().map(|p| p.score()).collect())
                .collect()
        })
        .collect();
    let every: Vec<usize> = (0..pairs.len()).collect();
    let found = numbers(&scores, &every);
    let mut resampled: Vec<[Vec<f64>; N_NUMBERS]> = Ranking::ALL
        .iter()
        .map(|_| <[Vec<f64>; N_NUMBERS]>::default())
        .collect();
    let mut rng = Xoshiro256Plus::seed_from_u64(seed);
    let mut drawn = vec![0; pairs.len()];
    for _ in 0..RESAMPLES {
        for place in &mut drawn {
            *place = below(&mut rng, pairs.len());
        }
        for (kept, numbers) in resampled.iter_mut().zip(numbers(&scores, &drawn)) {
            for (kept, number) in kept.iter_mut().zip(numbers) {
                kept.push(number);
            }
        }
    }
    let rankings = Ranking::ALL.iter().zip(found).zip(&mut resampled);
    rankings
        .map(|((&ranking, values), drawn)| {
            let [one, three, ten, reciprocal, median, ahead] =
                std::array::from_fn(|number| interval(values[number], &mut drawn[number]));
            RankingFigures {
                ranking,
                hit_rates: [one, three, ten],
                mean_reciprocal_rank: reciprocal,
                median_rank: median,
                alongside_ahead_by: ahead,
            }
        })
        .collect()
}

/// The numbers of each ranking over the pairs that were drawn.
fn numbers(scores: &[Vec<Vec<Score>>], drawn: &[usize]) -> Vec<[f64; N_NUMBERS]> {
    let points: Vec<Point> = (0..Ranking::ALL.len())
        .map(|ranking| {
            let cases = drawn.iter().flat_map(|&pair| scores[pair].iter());
            point(cases.map(|case| case[ranking]))
        })
        .collect();
    // The first is Alongside's.
    let ahead = points[0].reciprocal;
    points
        .iter()
        .map(|p| {
            let [one, three, ten] = p.hits;
            [
                one,
                three,
                ten,
                p.reciprocal,
                p.median,
                ahead - p.reciprocal,
            ]
        })
        .collect()
}

fn point(scores: impl Iterator<Item = Score>) -> Point {
    let mut hits = [0.0; WITHIN.len()];
    let mut reciprocal = 0.0;
    let mut ranks = Vec::new();
    for score in scores {
        for (sum, hit) in hits.iter_mut().zip(score.hits) {
            *sum += hit;
        }
        reciprocal += score.reciprocal;
        ranks.push(score.rank);
    }
    let n = f64::from(index(ranks.len()));
    ranks.sort_by(f64::total_cmp);
    Point {
        hits: hits.map(|sum| sum / n),
        reciprocal: reciprocal / n,
        median: quantile(&ranks, 0.5),
    }
}

fn interval(value: f64, drawn: &mut [f64]) -> Figure {
    drawn.sort_by(f64::total_cmp);
    let tail = (1.0 - CONFIDENCE) / 2.0;
    Figure {
        value,
        low: quantile(drawn, tail),
        high: quantile(drawn, 1.0 - tail),
    }
}

/// A quantile of sorted values, between the two nearest in proportion (Hyndman and Fan 1996, definition 7); 0 of none.
fn quantile(sorted: &[f64], share: f64) -> f64 {
    let Some(last) = sorted.len().checked_sub(1) else {
        return 0.0;
    };
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "a few thousand values, and a share in 0..=1"
    )]
    let (at, within) = {
        let at = last as f64 * share;
        (at as usize, at.fract())
    };
    let (lower, upper) = (sorted[at], sorted[(at + 1).min(last)]);
    lower + (upper - lower) * within
}

/// A whole number below `n`, which is small beside 2^32: by the high half of a product, whose bias is below `n / 2^32`
/// (Lemire 2019, doi:10.1145/3230636).
fn below(rng: &mut Xoshiro256Plus, n: usize) -> usize {
    let high = rng.next_u64() >> 32;
    usize::try_from((high * n as u64) >> 32).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(n_before: u32, n_equal: u32) -> Place {
        Place { n_before, n_equal }
    }

    fn close(a: f64, b: f64) -> bool {
        (a - b).abs() < 1e-12
    }

    #[test]
    fn ties_count_as_what_any_order_of_them_would_give() {
        // Every order of four equals after two others, one by one.
        let score = place(2, 4).score();
        let places = [3.0, 4.0, 5.0, 6.0];
        let mean = |of: &dyn Fn(f64) -> f64| places.iter().map(|&p| of(p)).sum::<f64>() / 4.0;
        assert!(close(score.reciprocal, mean(&|p| 1.0 / p)));
        assert!(close(score.rank, mean(&|p| p)));
        for (hit, k) in score.hits.iter().zip(WITHIN) {
            assert!(
                close(*hit, mean(&|p| f64::from(u8::from(p <= f64::from(k))))),
                "{k}"
            );
        }
    }

    #[test]
    fn chance_is_worked_out_exactly() {
        // All of 10 equal: k / n within k, and the harmonic number over n.
        let score = place(0, 10).score();
        assert!(
            close(score.hits[0], 0.1) && close(score.hits[1], 0.3) && close(score.hits[2], 1.0)
        );
        assert!(close(score.reciprocal, 2.928_968_253_968_254 / 10.0));
        assert!(close(score.rank, 5.5));
    }

    #[test]
    fn a_place_counts_who_is_before_and_who_is_equal() {
        assert_eq!(
            Place::of(0.5, [0.9, 0.5, 0.1, 0.5].into_iter()),
            place(1, 3)
        );
        assert_eq!(Place::of(0.5, std::iter::empty()), place(0, 1));
    }

    #[test]
    fn quantiles_are_those_of_definition_seven() {
        // numpy.quantile([1, 2, 3, 10], [0, .025, .5, .9, 1])
        let values = [1.0, 2.0, 3.0, 10.0];
        for (share, wanted) in [
            (0.0, 1.0),
            (0.025, 1.075),
            (0.5, 2.5),
            (0.9, 7.9),
            (1.0, 10.0),
        ] {
            assert!(close(quantile(&values, share), wanted), "{share}");
        }
        assert!(close(quantile(&[4.0], 0.3), 4.0));
    }

    fn all(places: [Place; 2]) -> Vec<Vec<Place>> {
        let rankings = Ranking::ALL.len();
        places.iter().map(|&place| vec![place; rankings]).collect()
    }

    #[test]
    fn figures_are_means_over_the_cases_and_the_same_for_the_same_seed() {
        let pairs = [
            all([place(0, 1), place(1, 1)]),
            all([place(3, 1), place(19, 1)]),
        ];
        let found = figures(&pairs, 7);
        assert_eq!(found.len(), Ranking::ALL.len());
        let first = found[0];
        let [one, three, ten] = first.hit_rates.map(|figure| figure.value);
        assert!(close(one, 0.25) && close(three, 0.5) && close(ten, 0.75));
        assert!(close(
            first.mean_reciprocal_rank.value,
            (1.0 + 0.5 + 0.25 + 0.05) / 4.0
        ));
        assert!(close(first.median_rank.value, 3.0));
        // Of two pairs a resample holds the one, the other or both: the bounds are the figures of either alone.
        let (low, high) = (
            first.mean_reciprocal_rank.low,
            first.mean_reciprocal_rank.high,
        );
        assert!(close(low, 0.15) && close(high, 0.75), "{low} {high}");
        for other in &found {
            assert!(close(other.alongside_ahead_by.value, 0.0));
            assert!(
                close(other.alongside_ahead_by.low, 0.0)
                    && close(other.alongside_ahead_by.high, 0.0)
            );
        }
        assert_eq!(found, figures(&pairs, 7));
    }

    #[test]
    fn one_pair_has_intervals_without_width() {
        let found = figures(&[all([place(4, 1), place(4, 1)])], 1);
        let rank = found[0].median_rank;
        assert!(close(rank.value, 5.0) && close(rank.low, 5.0) && close(rank.high, 5.0));
    }

    #[test]
    fn numbers_below_a_bound_are_spread_over_it() {
        let mut rng = Xoshiro256Plus::seed_from_u64(1);
        let mut seen = [0_u32; 7];
        for _ in 0..70_000 {
            seen[below(&mut rng, 7)] += 1;
        }
        // Five standard deviations of a count.
        assert!(seen.iter().all(|&n| n.abs_diff(10_000) < 470), "{seen:?}");
    }
}
