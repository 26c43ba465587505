//! What would flip the order of two candidates: the smallest change of one weight (DESIGN 4.9).
//!
//! A changed weight leaves the others in their proportions. For the seeker's fit alone the change that makes two equal has a closed form,
//! [`of_fit`]. What is shown is the order by mutual fit, in which the other sides' fits do not move with the seeker's weights; there
//! the change is found by bracketing, from the closed form and from steps on either side.

use crate::domain::error::{Error, Result};
use crate::domain::exclusion::Excluded;
use crate::domain::flip::{Flip, Flips, Placed};
use crate::domain::ids::OdsCode;
use crate::domain::interval::Interval;
use crate::domain::price::Prices;
use crate::domain::programme::Criterion;
use crate::domain::suggestion::{PairQuestion, Suggestion};
use crate::engine::answer::{self, active_row};
use crate::engine::fit::{PerCriterion, harmonic_mean, weighted_sum};
use crate::engine::snapshot::Snapshot;
use crate::engine::view::{Assessment, Day, View};

/// The steps in which a weight is moved from where it is to 0, and to 1, looking for a flip. The order is that of two quotients
/// whose parts are linear in the weight, so that it changes at most twice; two flips within one step would be missed.
pub(crate) const N_STEPS: u32 = 512;

/// How often a bracket is halved: to a width below 1e-15.
pub(crate) const N_HALVINGS: u32 = 52;

/// The most digits of a point that are said after the decimal point.
const MAX_DIGITS: u8 = 9;

/// What the rounding of a few sums may take or add.
const ROUNDING_SLACK: f64 = 1e-12;

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

/// Two candidates of a seeker, and the weights under which the first stands before the second.
#[derive(Debug)]
struct Duel {
    weights: PerCriterion,
    first: Side,
    second: Side,
    /// Whether the second comes first in the order of codes.
    second_wins_ties: bool,
}

impl Duel {
    /// Whether the second stands before the first once weight `k` has changed by so much, the others in their proportions.
    fn is_flipped(&self, k: usize, change: f64) -> bool {
        let weights = moved(&self.weights, k, (self.weights[k] + change).clamp(0.0, 1.0));
        let lead = self.first.value(&weights) - self.second.value(&weights);
        lead < 0.0 || (self.second_wins_ties && lead <= 0.0)
    }

    /// The smallest change of weight `k` at which the second stands before the first; `None` where no weight in `0..=1` does that.
    fn smallest(&self, k: usize) -> Option<f64> {
        let here = self.weights[k];
        if here >= 1.0 {
            // There are no others to take from.
            return None;
        }
        let up = self.towards(k, 1.0 - here);
        let down = (here > 0.0).then(|| self.towards(k, -here)).flatten();
        match (up, down) {
            (Some(up), Some(down)) => Some(if up <= down.abs() { up } else { down }),
            (one, other) => one.or(other),
        }
    }

    /// The smallest change between none and `end` that flips the two.
    fn towards(&self, k: usize, end: f64) -> Option<f64> {
        let mut stations: Vec<f64> = (1..=N_STEPS)
            .map(|step| end * f64::from(step) / f64::from(N_STEPS))
            .collect();
        // Where the fits alone are equal the mutual fits nearly are: it narrows the bracket, and finds what lies between two steps.
        let of_fit = of_fit(&self.weights, &self.first.scores, &self.second.scores, k);
        stations.extend(of_fit.filter(|t| t.signum() == end.signum() && t.abs() < end.abs()));
        stations.sort_by(|a, b| a.abs().total_cmp(&b.abs()));
        let at = stations
            .iter()
            .position(|&station| self.is_flipped(k, station))?;
        let mut before = if at == 0 { 0.0 } else { stations[at - 1] };
        let mut after = stations[at];
        for _ in 0..N_HALVINGS {
            let middle = f64::midpoint(before, after);
            if self.is_flipped(k, middle) {
                after = middle;
            } else {
                before = middle;
            }
        }
        Some(after)
    }

    /// A change of weight `k` that flips, rounded up to as few digits of a point of a hundred as flip too: a little more may lie
    /// beyond 0 or 1, or where the order is back.
    fn said(&self, k: usize, change: f64) -> f64 {
        let rounded = |digits: u8| {
            let scale = 100.0 * 10_f64.powi(i32::from(digits));
            let steps = (change.abs() * scale - ROUNDING_SLACK).ceil().max(1.0);
            (steps / scale).copysign(change)
        };
        let is_enough = |&said: &f64| {
            let weight = self.weights[k] + said;
            (-ROUNDING_SLACK..=1.0 + ROUNDING_SLACK).contains(&weight) && self.is_flipped(k, said)
        };
        (0..=MAX_DIGITS)
            .map(rounded)
            .find(is_enough)
            .unwrap_or(change)
    }
}

/// What the order of a pair is made from, with the other's own view of it where it has one.
fn side(view: &View<'_>, assessment: &Assessment) -> Side {
    let scores = assessment.forward.scores;
    Side {
        scores: scores.map(|score| score.map_or(0.0, Interval::expected)),
        their_fit: assessment
            .backward
            .has_own_view()
            .then(|| assessment.their_fit.expected()),
        price: view.price(assessment.row),
    }
}

/// What would flip the order of two candidates of a seeker, the smallest change first. They stand as the list would put them, be it
/// that it does not show one of them.
///
/// # Errors
///
/// Those of [`answer::pairs`]; [`Error::Invalid`] where both are the same.
pub fn flips(
    snapshot: &Snapshot,
    question: PairQuestion,
    between: (OdsCode, OdsCode),
    excluded: &Excluded,
    prices: Option<&Prices>,
) -> Result<Flips> {
    if between.0 == between.1 {
        return Err(Error::invalid(
            "/query/between",
            "names the same organisation twice",
        ));
    }
    let found = answer::pairs(
        snapshot,
        question,
        &[between.0, between.1],
        excluded,
        prices,
    )?;
    let [one, other] = <[Suggestion; 2]>::try_from(found.candidates).map_err(|found| {
        let cause = format!("{} are there", found.len());
        Error::Internal("comparing two candidates", cause.into())
    })?;
    let day = Day::seen_by(snapshot, question.as_of, question.seen_by);
    let seeker = active_row(snapshot, question.seeker)?;
    let weights = answer::weights_of(&day, seeker, question.seen_by);
    let view = View::new(&day, seeker, Some(weights))?.priced(prices);
    let rows = (
        active_row(snapshot, between.0)?,
        active_row(snapshot, between.1)?,
    );
    // Not by rank, in which neither whom the seeker excludes nor its partners count.
    let (first, second, before, after) = match view.ranked(rows.1).is_before(&view.ranked(rows.0)) {
        true => (rows.1, rows.0, other, one),
        false => (rows.0, rows.1, one, other),
    };
    let (ahead, behind) = (view.assess(first), view.assess(second));
    let duel = Duel {
        weights: ahead.forward.shares,
        first: side(&view, &ahead),
        second: side(&view, &behind),
        second_wins_ties: second < first,
    };
    let applies = |criterion: &&Criterion| {
        let at = criterion.index();
        ahead.forward.scores[at].is_some() || behind.forward.scores[at].is_some()
    };
    let (mut flips, mut never) = (Vec::new(), Vec::new());
    for &criterion in Criterion::ALL.iter().filter(applies) {
        let k = criterion.index();
        match duel.smallest(k) {
            Some(change) => flips.push(Flip {
                criterion,
                weight: duel.weights[k],
                change,
                said: duel.said(k, change),
            }),
            None => never.push(criterion),
        }
    }
    flips.sort_by(|a, b| a.change.abs().total_cmp(&b.change.abs()));
    let placed = |one: Suggestion| Placed::from((one.rank, one.organisation, one.mutual_fit));
    Ok(Flips {
        seeker: found.seeker,
        revision: found.revision,
        as_of: found.as_of,
        method: found.method,
        first: placed(before),
        second: placed(after),
        flips,
        never,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::link::LinkKind;
    use crate::domain::organisation::CareSetting;
    use crate::domain::programme::Weights;
    use crate::domain::register::Register;
    use crate::domain::suggestion::SeenBy;
    use crate::engine::test_register::{code, link, organisation, register};

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

    fn duel(weights: PerCriterion, first: Side, second: Side, second_wins_ties: bool) -> Duel {
        Duel {
            weights,
            first,
            second,
            second_wins_ties,
        }
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
        let change = duel(WEIGHTS, alone(H), alone(J), true).smallest(0).unwrap();
        assert!((change - 0.1).abs() < 1e-9, "{change}");
        let change = duel(WEIGHTS, alone(H), alone(J), true).smallest(1).unwrap();
        let wanted = of_fit(&WEIGHTS, &H, &J, 1).unwrap();
        assert!((change - wanted).abs() < 1e-9, "{change} {wanted}");
    }

    #[test]
    fn who_is_better_in_everything_is_passed_by_no_change_of_one_weight() {
        let better = J.map(|score| (score + 0.1).min(1.0));
        for k in 0..3 {
            assert_eq!(
                duel(WEIGHTS, alone(better), alone(J), false).smallest(k),
                None
            );
        }
        let only = [1.0, 0.0, 0.0, 0.0, 0.0, 0.0];
        assert_eq!(duel(only, alone(J), alone(H), false).smallest(0), None);
        // The same in everything: the second passes only where ties are its own, which they were before.
        assert_eq!(duel(WEIGHTS, alone(J), alone(J), false).smallest(0), None);
    }

    /// The other of the first sees the pair with the seeker's eyes: frozen at .6 the flip would be told at -.033.
    #[test]
    fn who_sees_with_the_seekers_eyes_follows_its_weights() {
        let weights = [0.5, 0.5, 0.0, 0.0, 0.0, 0.0];
        let first = alone([0.8, 0.4, 0.0, 0.0, 0.0, 0.0]);
        let second = Side {
            scores: [0.4, 0.75, 0.0, 0.0, 0.0, 0.0],
            their_fit: Some(0.6),
            price: 0.0,
        };
        let change = duel(weights, first, second, false).smallest(0).unwrap();
        // .6 + .4 t = 2 (.575 - .35 t) .6 / (1.175 - .35 t)
        assert!((change + 0.0219).abs() < 2e-4, "{change}");
    }

    #[test]
    fn what_is_said_is_enough_at_the_edge_and_where_the_order_turns_back() {
        let said = |first, second, weights: PerCriterion, ties| {
            let duel = duel(weights, alone(first), alone(second), ties);
            let change = duel.smallest(0).unwrap();
            (change, duel.said(0, change))
        };
        // Only with all weight on the first are they equal: .004 of it are left, less than a point.
        let even = [0.5, 0.9, 0.0, 0.0, 0.0, 0.0];
        let lower = [0.5, 0.1, 0.0, 0.0, 0.0, 0.0];
        let (change, words) = said(even, lower, [0.996, 0.004, 0.0, 0.0, 0.0, 0.0], true);
        assert!((change - 0.004).abs() < 1e-9, "{change}");
        assert!((words - 0.004).abs() < 1e-9, "{words}");
        // One point less would be more than all of it.
        let (change, words) = said(
            [0.9, 0.5, 0.0, 0.0, 0.0, 0.0],
            [0.1, 0.5, 0.0, 0.0, 0.0, 0.0],
            [0.004, 0.996, 0.0, 0.0, 0.0, 0.0],
            true,
        );
        assert!((change + 0.004).abs() < 1e-9, "{change}");
        assert!((words + 0.004).abs() < 1e-9, "{words}");
        // Nearly enough is rounded up.
        let (_, words) = said(H, J, WEIGHTS, false);
        assert!((words - 0.11).abs() < 0.011 && words >= 0.1, "{words}");
    }

    fn small_register() -> Register {
        let mut built = ["RA1", "RB1", "RC1", "RD1", "RE1"]
            .map(organisation)
            .to_vec();
        for (at, (one, latitude)) in built
            .iter_mut()
            .zip([51.0, 52.6, 51.4, 51.8, 52.2])
            .enumerate()
        {
            let settings = match at % 2 {
                0 => &[CareSetting::Acute][..],
                _ => &[CareSetting::Acute, CareSetting::MentalHealth][..],
            };
            *one = one.clone().at(latitude, 0.0).giving(settings);
        }
        register(&built)
    }

    fn of(register: &Register, between: (&str, &str), excluded: &Excluded) -> Flips {
        let snapshot = Snapshot::new(register);
        let as_of = "2026-11-22".parse().unwrap();
        let question = PairQuestion::plain(code("RA1"), SeenBy::Site, as_of);
        let between = (code(between.0), code(between.1));
        flips(&snapshot, question, between, excluded, None).unwrap()
    }

    fn assert_in_order(found: &Flips, reversed: &Flips) {
        let first = &found.first;
        assert!(first.mutual_fit.expected() >= found.second.mutual_fit.expected());
        assert_eq!(found, reversed);
        assert!(found.flips.iter().all(|flip| flip.change.abs() > 1e-6));
    }

    /// Neither counts in ranks, so that the one directly behind has the same rank.
    #[test]
    fn who_is_excluded_or_a_partner_stands_where_its_fit_puts_it() {
        let pairs = ["RB1", "RC1", "RD1", "RE1"];
        let mut n_flips = 0;
        for a in pairs {
            let excluded: Excluded = [code(a)].into_iter().collect();
            let mut partners = small_register();
            partners.links = vec![link(
                "RA1",
                a,
                LinkKind::Partnership,
                Some("2026-01-01"),
                None,
            )];
            for b in pairs.into_iter().filter(|&b| b != a) {
                for (register, excluded) in [
                    (small_register(), &excluded),
                    (partners.clone(), &Excluded::default()),
                ] {
                    let found = of(&register, (a, b), excluded);
                    let reversed = of(&register, (b, a), excluded);
                    assert_in_order(&found, &reversed);
                    n_flips += found.flips.len();
                }
            }
        }
        assert!(n_flips > 0);
    }

    #[test]
    fn a_criterion_without_weight_can_flip_too() {
        let mut weighted = small_register();
        let none = Weights::new([0.0, 1.0, 0.0, 0.0, 0.0, 0.0]).unwrap();
        weighted.saved_weights = vec![(code("RA1"), none)];
        let found = of(&weighted, ("RC1", "RD1"), &Excluded::default());
        let named: Vec<Criterion> = found
            .flips
            .iter()
            .map(|flip| flip.criterion)
            .chain(found.never)
            .collect();
        assert!(named.contains(&Criterion::CareSetting), "{named:?}");
        assert!(!named.contains(&Criterion::Learning), "{named:?}");
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
            let found = duel(weights, one, other, false).smallest(k);
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
                let duel = duel(weights, one, other, false);
                let said = duel.said(k, change);
                prop_assert!(duel.is_flipped(k, said), "{said} is not enough");
                prop_assert!(said.abs() >= change.abs() - 1e-9);
                prop_assert!((-1e-9..=1.0 + 1e-9).contains(&(weights[k] + said)));
            }
        }
    }
}
