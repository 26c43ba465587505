//! The one stable assignment of pairs under places (DESIGN 6).
//!
//! Both sides of a pair see the same number, so preferences cannot run in a circle: whoever holds the best pair that is left
//! can do no better, and taking the best pair again and again gives a stable assignment, and the only one.
//!
//! # References
//!
//! Gai, Lebedev, Mathieu, de Montgolfier, Reynier and Viennot, *Acyclic preference systems in P2P networks*, Euro-Par 2007,
//! arXiv 0704.3904, sections 3 and 4.

use std::cmp::Ordering;

use crate::engine::columns::Row;

/// A pair that either side accepts, with what it is worth to both. The first row is the smaller one, and rows are in the order
/// of ODS codes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pair {
    /// The two.
    pub rows: (Row, Row),
    /// The mutual fit.
    pub fit: f64,
}

impl Pair {
    /// The greater fit first, then the pair with the smaller codes: no two pairs of one set are equal.
    #[must_use]
    pub fn order(&self, other: &Self) -> Ordering {
        other
            .fit
            .total_cmp(&self.fit)
            .then(self.rows.cmp(&other.rows))
    }

    const fn sides(&self) -> [Row; 2] {
        [self.rows.0, self.rows.1]
    }
}

/// Takes the best pair whose two both have a place left, again and again, and returns what was taken, the best first.
///
/// Puts `pairs` in their order. `places` has one number for each row. `O(n log n)` in the number of pairs; none of no pairs.
///
/// # Panics
///
/// If a pair names a row that has no number of places.
#[must_use]
pub fn assign(pairs: &mut [Pair], places: &[u32]) -> Vec<Pair> {
    pairs.sort_unstable_by(Pair::order);
    let mut left = places.to_vec();
    let mut taken = Vec::new();
    for pair in &*pairs {
        let [a, b] = pair.sides().map(|row| row as usize);
        if left[a] > 0 && left[b] > 0 {
            left[a] -= 1;
            left[b] -= 1;
            taken.push(*pair);
        }
    }
    taken
}

/// What every row holds of an assignment: how many pairs, and the least of them.
#[derive(Clone, Copy, Debug, Default)]
struct Held {
    n: u32,
    least: Option<Pair>,
}

impl Held {
    /// Whether it would rather have this pair, in a place that is left or in that of its least.
    fn would_have(&self, pair: &Pair, places: u32) -> bool {
        self.n < places
            || self
                .least
                .is_some_and(|least| pair.order(&least) == Ordering::Less)
    }
}

/// Looks for pairs that are not in an assignment although both sides would rather have them: none where it is stable.
///
/// `pairs` are all that are accepted, in any order. `O(n log n)` in their number.
///
/// # Panics
///
/// As [`assign`].
#[must_use]
pub fn blocking_pairs(pairs: &[Pair], places: &[u32], assigned: &[Pair]) -> Vec<Pair> {
    let mut held = vec![Held::default(); places.len()];
    let mut rows: Vec<(Row, Row)> = Vec::with_capacity(assigned.len());
    for pair in assigned {
        rows.push(pair.rows);
        for row in pair.sides() {
            let held = &mut held[row as usize];
            held.n += 1;
            let is_less = held
                .least
                .is_none_or(|least| least.order(pair) == Ordering::Less);
            if is_less {
                held.least = Some(*pair);
            }
        }
    }
    rows.sort_unstable();
    let would_have = |row: Row, pair: &Pair| {
        let places = places[row as usize];
        places > 0 && held[row as usize].would_have(pair, places)
    };
    let blocking = pairs.iter().filter(|pair| {
        pair.sides().iter().all(|&row| would_have(row, pair))
            && rows.binary_search(&pair.rows).is_err()
    });
    blocking.copied().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Pairs of letters with their fits.
    fn pairs(of: &[(&str, f64)]) -> Vec<Pair> {
        let row = |letter: u8| Row::from(letter - b'A');
        of.iter()
            .map(|&(letters, fit)| Pair {
                rows: (row(letters.as_bytes()[0]), row(letters.as_bytes()[1])),
                fit,
            })
            .collect()
    }

    fn letters(pairs: &[Pair]) -> Vec<String> {
        let letter = |row: Row| char::from(b'A' + u8::try_from(row).unwrap());
        pairs
            .iter()
            .map(|p| [letter(p.rows.0), letter(p.rows.1)].iter().collect())
            .collect()
    }

    /// Every assignment that keeps to the places, stable or not.
    fn all_assignments(pairs: &[Pair], places: &[u32]) -> Vec<Vec<Pair>> {
        let keeps = |chosen: &[Pair]| {
            (0..places.len()).all(|at| {
                let row = Row::try_from(at).unwrap();
                let n = chosen.iter().filter(|p| p.sides().contains(&row)).count();
                n <= places[at] as usize
            })
        };
        (0_u32..1 << pairs.len())
            .map(|set| {
                let is_in = |at: usize| set & (1 << at) != 0;
                let chosen = pairs.iter().enumerate().filter(|&(at, _)| is_in(at));
                chosen.map(|(_, pair)| *pair).collect::<Vec<_>>()
            })
            .filter(|chosen| keeps(chosen))
            .collect()
    }

    /// The same search, written as the definition says it: a pair blocks where each of the two has a place left or holds
    /// something that it likes less.
    fn blocks(pair: &Pair, places: &[u32], chosen: &[Pair]) -> bool {
        !chosen.contains(pair)
            && pair.sides().iter().all(|row| {
                let held: Vec<&Pair> = chosen.iter().filter(|p| p.sides().contains(row)).collect();
                let places = places[*row as usize] as usize;
                held.len() < places
                    || held
                        .iter()
                        .any(|other| places > 0 && pair.order(other) == Ordering::Less)
            })
    }

    #[test]
    fn the_vectors_of_the_design_hold() {
        // DESIGN 11, stable assignment.
        let mut five = pairs(&[
            ("AB", 0.91),
            ("AC", 0.88),
            ("AD", 0.86),
            ("AE", 0.83),
            ("CD", 0.72),
            ("BC", 0.60),
            ("BD", 0.55),
            ("BE", 0.40),
            ("CE", 0.35),
            ("DE", 0.30),
        ]);
        let places = [2, 1, 2, 1, 1];
        let assigned = assign(&mut five, &places);
        assert_eq!(letters(&assigned), ["AB", "AC", "CD"]);
        assert!(blocking_pairs(&five, &places, &assigned).is_empty());

        let mut four = pairs(&[("AB", 0.9), ("AC", 0.85), ("BD", 0.85), ("CD", 0.1)]);
        let assigned = assign(&mut four, &[1; 4]);
        assert_eq!(letters(&assigned), ["AB", "CD"]);
    }

    #[test]
    fn what_is_worth_more_in_all_need_not_be_stable() {
        // AC and BD are worth 1.7 together, AB and CD 1.0; but A and B would rather have each other.
        let four = pairs(&[("AB", 0.9), ("AC", 0.85), ("BD", 0.85), ("CD", 0.1)]);
        let other = pairs(&[("AC", 0.85), ("BD", 0.85)]);
        assert_eq!(letters(&blocking_pairs(&four, &[1; 4], &other)), ["AB"]);
    }

    #[test]
    fn among_equal_pairs_the_smaller_codes_come_first() {
        let mut equal = pairs(&[("BC", 0.5), ("AC", 0.5), ("AB", 0.5)]);
        assert_eq!(letters(&assign(&mut equal, &[1; 3])), ["AB"]);
    }

    #[test]
    fn nobody_is_assigned_without_places_or_pairs() {
        assert!(assign(&mut [], &[]).is_empty());
        let mut one = pairs(&[("AB", 0.5)]);
        assert!(assign(&mut one, &[0, 1]).is_empty());
        assert!(blocking_pairs(&one, &[0, 1], &[]).is_empty());
        assert_eq!(letters(&blocking_pairs(&one, &[1, 1], &[])), ["AB"]);
    }

    proptest! {
        #[test]
        fn the_assignment_is_stable_and_the_only_one(
            fits in prop::collection::vec(0_u8..6, 10),
            is_pair in prop::collection::vec(prop::bool::weighted(0.8), 10),
            places in prop::collection::vec(0_u32..4, 5),
        ) {
            // Few fits, so that many are equal.
            let all = (0..5).flat_map(|a| (a + 1..5).map(move |b| (a, b)));
            let mut pairs: Vec<Pair> = all
                .zip(fits)
                .zip(is_pair)
                .filter(|(_, is_pair)| *is_pair)
                .map(|((rows, fit), _)| Pair { rows, fit: f64::from(fit) })
                .collect();
            let assigned = assign(&mut pairs, &places);
            let is_stable = |chosen: &[Pair]| !pairs.iter().any(|p| blocks(p, &places, chosen));
            let stable: Vec<Vec<Pair>> = all_assignments(&pairs, &places)
                .into_iter()
                .filter(|chosen| is_stable(chosen))
                .collect();
            prop_assert_eq!(&stable, &vec![assigned.clone()]);
            // The search finds what the definition says, of whatever assignment.
            for chosen in all_assignments(&pairs, &places).iter().take(40) {
                let found = blocking_pairs(&pairs, &places, chosen);
                let wanted: Vec<Pair> = pairs.iter().filter(|p| blocks(p, &places, chosen)).copied().collect();
                prop_assert_eq!(found, wanted);
            }
        }

        #[test]
        fn no_pair_blocks_a_large_assignment(
            fits in prop::collection::vec(0.0..1.0_f64, 780),
            places in prop::collection::vec(0_u32..5, 40),
        ) {
            let all = (0..40).flat_map(|a| (a + 1..40).map(move |b| (a, b)));
            let mut pairs: Vec<Pair> = all.zip(fits).map(|(rows, fit)| Pair { rows, fit }).collect();
            let assigned = assign(&mut pairs, &places);
            prop_assert!(!pairs.iter().any(|p| blocks(p, &places, &assigned)));
            prop_assert!(blocking_pairs(&pairs, &places, &assigned).is_empty());
        }
    }
}
