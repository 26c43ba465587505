//! What would flip the order of two candidates: the smallest change of one weight (DESIGN 4.9).
//!
//! A changed weight leaves the others in their proportions. For the seeker's fit alone the change that makes two equal has a closed form,
//! [`of_fit`]. What is shown is the order by mutual fit, in which the other sides' fits do not move with the seeker's weights; there
//! the change is found by bracketing, from the closed form and from steps on either side.

use crate::domain::error::Result;
use crate::domain::exclusion::Excluded;
use crate::domain::flip::{Flip, Flips};
use crate::domain::ids::OdsCode;
use crate::domain::price::Prices;
use crate::domain::programme::Criterion;
use crate::domain::suggestion::PairQuestion;
use crate::engine::answer;
use crate::engine::fit::{PerCriterion, harmonic_mean, weighted_sum};
use crate::engine::snapshot::Snapshot;

/// The steps in which a weight is moved from where it is to 0, and to 1, looking for a flip. The order is that of two quotients
/// whose parts are linear in the weight, so that it changes at most twice; two flips within one step would be missed.
pub(crate) const N_STEPS: u32 = 512;

/// How often a bracket is halved: to a width below 1e-15.
pub(crate) const N_HALVINGS: u32 = 52;

/// The change `t` of weight `k`, the others rescaled to sum to 1, that makes the fits of `j` and `h` equal: `-D (1 - w_k) /
/// (g_k - D)` with `D = V_j - V_h` and `g_k = s_kj - s_kh`. `None` where no change does, or the new weight is not in `0..=1`.
///
/// # References
///
/// DESIGN 4.9; Triantaphyllou and Sánchez 1997, Decision Sciences 28:151 (the least change of a weight that reverses a rank).
#[must_use]
pub(crate) fn of_fit(
    weights: &PerCriterion,
    j: &PerCriterion,
    h: &PerCriterion,
    k: usize,
) -> Option<f64> {
    let difference = weighted_sum(weights, j) - weighted_sum(weights, h);
    let slope = (j[k] - h[k]) - difference;
    let change = -difference * (1.0 - weights[k]) / slope;
    let is_weight = (0.0..=1.0).contains(&(weights[k] + change));
    (change.is_finite() && is_weight).then_some(change)
}

/// One of the two, as far as it decides the order.
#[derive(Clone, Copy, Debug)]
struct Side {
    /// The seeker's expected scores; 0 where a criterion does not apply.
    scores: PerCriterion,
    /// What the pair is worth to the other side; `None` where it sees it with the seeker's eyes.
    their_fit: Option<f64>,
    /// What is taken off: the load price.
    price: f64,
}

impl Side {
    fn value(&self, weights: &PerCriterion) -> f64 {
        let mine = weighted_sum(weights, &self.scores);
        harmonic_mean(mine, self.their_fit.unwrap_or(mine)) - self.price
    }
}

/// The weights with the one of `k` changed to `weight`, the others in their proportions.
fn moved(weights: &PerCriterion, k: usize, weight: f64) -> PerCriterion {
    let left = 1.0 - weights[k];
    let mut moved = weights.map(|other| other * (1.0 - weight) / left);
    moved[k] = weight;
    moved
}

/// The smallest change of weight `k` from which on the second stands before the first; `None` where no weight in `0..=1` does that.
/// `second_wins_ties` where the second comes first in the order of codes.
fn smallest(
    weights: &PerCriterion,
    first: &Side,
    second: &Side,
    k: usize,
    second_wins_ties: bool,
) -> Option<f64> {
    let here = weights[k];
    if here >= 1.0 {
        // There are no others to take from.
        return None;
    }
    let lead = |change: f64| {
        let weights = moved(weights, k, (here + change).clamp(0.0, 1.0));
        first.value(&weights) - second.value(&weights)
    };
    let is_flipped = |change: f64| {
        let lead = lead(change);
        lead < 0.0 || (second_wins_ties && lead <= 0.0)
    };
    let towards = |end: f64| {
        let mut stations: Vec<f64> = (1..=N_STEPS)
            .map(|step| end * f64::from(step) / f64::from(N_STEPS))
            .collect();
        // Where the fits alone are equal the mutual fits nearly are: it narrows the bracket, and finds what lies between two steps.
        let of_fit = of_fit(weights, &first.scores, &second.scores, k);
        stations.extend(of_fit.filter(|t| t.signum() == end.signum() && t.abs() < end.abs()));
        stations.sort_by(|a, b| a.abs().total_cmp(&b.abs()));
        let at = stations.iter().position(|&station| is_flipped(station))?;
        let mut before = if at == 0 { 0.0 } else { stations[at - 1] };
        let mut after = stations[at];
        for _ in 0..N_HALVINGS {
            let middle = f64::midpoint(before, after);
            if is_flipped(middle) {
                after = middle;
            } else {
                before = middle;
            }
        }
        Some(after)
    };
    let up = towards(1.0 - here);
    let down = (here > 0.0).then(|| towards(-here)).flatten();
    match (up, down) {
        (Some(up), Some(down)) => Some(if up <= down.abs() { up } else { down }),
        (one, other) => one.or(other),
    }
}

/// What would flip the order of two candidates of a seeker, the smallest change first.
///
/// # Errors
///
/// Those of [`answer::pairs`].
pub fn flips(
    snapshot: &Snapshot,
    question: PairQuestion,
    between: (OdsCode, OdsCode),
    excluded: &Excluded,
    prices: Option<&Prices>,
) -> Result<Flips> {
    let found = answer::pairs(
        snapshot,
        question,
        &[between.0, between.1],
        excluded,
        prices,
    )?;
    let mut candidates = found.candidates;
    candidates.sort_by_key(|candidate| candidate.rank);
    let mut weights = PerCriterion::default();
    let mut sides = candidates.iter().map(|candidate| {
        let mut scores = PerCriterion::default();
        let mut any_of_theirs = false;
        for criterion in &candidate.criteria {
            let at = criterion.criterion.index();
            weights[at] = criterion.weight;
            scores[at] = criterion.score.map_or(0.0, |score| score.expected());
            any_of_theirs |= criterion.their_score.is_some();
        }
        Side {
            scores,
            their_fit: any_of_theirs.then(|| candidate.their_fit.expected()),
            price: candidate.load_price,
        }
    });
    let (Some(first), Some(second)) = (sides.next(), sides.next()) else {
        return Err(crate::domain::error::Error::invalid(
            "/query/between",
            "names the same organisation twice",
        ));
    };
    drop(sides);
    let second_wins_ties =
        candidates[1].organisation.ods_code < candidates[0].organisation.ods_code;
    let (mut flips, mut never) = (Vec::new(), Vec::new());
    for &criterion in Criterion::ALL {
        let k = criterion.index();
        if weights[k] <= 0.0 {
            continue;
        }
        match smallest(&weights, &first, &second, k, second_wins_ties) {
            Some(change) => flips.push(Flip {
                criterion,
                weight: weights[k],
                change,
            }),
            None => never.push(criterion),
        }
    }
    flips.sort_by(|a, b| a.change.abs().total_cmp(&b.change.abs()));
    let mut ordered = candidates.into_iter();
    let mut next = || {
        ordered
            .next()
            .map(|candidate| (candidate.rank, candidate.organisation, candidate.mutual_fit))
    };
    let (Some(before), Some(after)) = (next(), next()) else {
        return Err(crate::domain::error::Error::Internal(
            "comparing two candidates",
            "one is missing".into(),
        ));
    };
    Ok(Flips {
        seeker: found.seeker,
        revision: found.revision,
        as_of: found.as_of,
        method: found.method,
        first: before.into(),
        second: after.into(),
        flips,
        never,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const J: PerCriterion = [0.8, 0.4, 0.5, 0.0, 0.0, 0.0];
    const H: PerCriterion = [0.6, 0.9, 0.5, 0.0, 0.0, 0.0];
    const WEIGHTS: PerCriterion = [0.5, 0.3, 0.2, 0.0, 0.0, 0.0];

    /// DESIGN 11: D = -.05 and, for the first criterion, t* = .1, where (.6, .24, .16) ties at .656.
    #[test]
    fn the_closed_form_is_that_of_the_design() {
        let change = of_fit(&WEIGHTS, &J, &H, 0).unwrap();
        assert!((change - 0.1).abs() < 1e-12, "{change}");
        let weights = moved(&WEIGHTS, 0, 0.6);
        for (found, wanted) in weights.iter().zip([0.6, 0.24, 0.16, 0.0, 0.0, 0.0]) {
            assert!((found - wanted).abs() < 1e-12, "{weights:?}");
        }
        assert!((weighted_sum(&weights, &J) - 0.656).abs() < 1e-12);
        assert!((weighted_sum(&weights, &H) - 0.656).abs() < 1e-12);
        // Of the criterion in which both are equal no change helps: with all weight on it they tie, with less they do not.
        assert_eq!(
            of_fit(&WEIGHTS, &J, &H, 2).map(|t| (t * 1e9).round() / 1e9),
            Some(0.8)
        );
    }

    fn alone(scores: PerCriterion) -> Side {
        Side {
            scores,
            their_fit: None,
            price: 0.0,
        }
    }

    #[test]
    fn bracketing_finds_the_closed_form_where_the_fit_alone_decides() {
        // H stands before J.
        let change = smallest(&WEIGHTS, &alone(H), &alone(J), 0, true).unwrap();
        assert!((change - 0.1).abs() < 1e-9, "{change}");
        let change = smallest(&WEIGHTS, &alone(H), &alone(J), 1, true).unwrap();
        let wanted = of_fit(&WEIGHTS, &H, &J, 1).unwrap();
        assert!((change - wanted).abs() < 1e-9, "{change} {wanted}");
    }

    #[test]
    fn who_is_better_in_everything_is_passed_by_no_change_of_one_weight() {
        let better = J.map(|score| (score + 0.1).min(1.0));
        for k in 0..3 {
            assert_eq!(
                smallest(&WEIGHTS, &alone(better), &alone(J), k, false),
                None
            );
        }
        let only = [1.0, 0.0, 0.0, 0.0, 0.0, 0.0];
        assert_eq!(smallest(&only, &alone(J), &alone(H), 0, false), None);
        // The same in everything: the second passes only where ties are its own, which they were before.
        assert_eq!(smallest(&WEIGHTS, &alone(J), &alone(J), 0, false), None);
    }

    proptest! {
        /// With the change found the order is flipped, with a little less it is not, and no smaller change of a grid flips it.
        #[test]
        fn the_change_found_flips_and_none_smaller_does(
            first in prop::array::uniform6(0.0_f64..1.0),
            second in prop::array::uniform6(0.0_f64..1.0),
            theirs in prop::array::uniform2(0.05_f64..1.0),
            raw in prop::array::uniform6(0.02_f64..1.0),
            k in 0_usize..6,
        ) {
            let sum: f64 = raw.iter().sum();
            let weights = raw.map(|w| w / sum);
            let mut one = Side { scores: first, their_fit: Some(theirs[0]), price: 0.0 };
            let mut other = Side { scores: second, their_fit: Some(theirs[1]), price: 0.0 };
            if one.value(&weights) < other.value(&weights) {
                std::mem::swap(&mut one, &mut other);
            }
            let lead = |change: f64| {
                let weights = moved(&weights, k, weights[k] + change);
                one.value(&weights) - other.value(&weights)
            };
            let found = smallest(&weights, &one, &other, k, false);
            let reach = found.map_or(1.0, f64::abs);
            for step in 1..2_000 {
                let size = f64::from(step) / 2_000.0;
                for change in [size, -size] {
                    let weight = weights[k] + change;
                    if (0.0..=1.0).contains(&weight) && size < reach - 1e-9 {
                        prop_assert!(lead(change) > -1e-12, "{change} flips before {found:?}");
                    }
                }
            }
            if let Some(change) = found {
                prop_assert!((0.0..=1.0).contains(&(weights[k] + change)));
                prop_assert!(lead(change) <= 1e-12);
            }
        }
    }
}
