use proptest::prelude::*;

use super::*;
use crate::domain::firmness::ScoreDraws;
use crate::domain::programme::Weights;
use crate::engine::test_register::{code, organisation, register};

const ONE: NonZeroUsize = NonZeroUsize::MIN;

fn two() -> NonZeroUsize {
    NonZeroUsize::new(2).unwrap()
}

/// A field whose values are the seeker's fits alone, as the published examples have it; the first so many criteria count.
fn one_sided(scores: &[&[Interval]], n_criteria: usize) -> Field {
    let mut weights = PerCriterion::default();
    for weight in &mut weights[..n_criteria] {
        *weight = 1.0 / f64::from(index(n_criteria));
    }
    let entrant = |scores: &&[Interval]| {
        let mut known = PerCriterion::default();
        let mut open = Vec::new();
        for (k, &score) in scores.iter().enumerate() {
            match score.width() > 0.0 {
                true => open.push(Open {
                    interval: score,
                    mine: Some(k),
                    theirs: 0.0,
                }),
                false => known[k] = score.expected(),
            }
        }
        Entrant {
            known,
            their_known: None,
            open,
            price: 0.0,
        }
    };
    Field {
        entrants: scores.iter().map(entrant).collect(),
        weights,
    }
}

fn exactly(scores: &[f64]) -> Vec<Interval> {
    scores
        .iter()
        .map(|&score| Interval::exactly(score))
        .collect()
}

fn uniform_weights(draws: i64) -> FirmnessRequest {
    FirmnessRequest {
        weights: WeightDraws::Uniform,
        tables: true,
        ..FirmnessRequest::of(Draws::new(draws).unwrap())
    }
}

/// Half of the interval that holds a share with 95 % is at most this (DESIGN 11); asserted at more than twice that, so that a
/// right count is refused once in some hundred thousand seeds, and the seed is fixed.
fn margin(draws: f64) -> f64 {
    2.2 * 1.96 * (0.25 / draws).sqrt()
}

fn close(found: f64, wanted: f64, margin: f64, of: &str) {
    assert!(
        (found - wanted).abs() <= margin,
        "{of}: {found}, not {wanted}"
    );
}

/// A = (1, 0), B = (0, 1), C = (.6, .6), uniform weights: the closed forms of DESIGN 11.
#[test]
fn three_candidates_on_two_criteria_have_the_shares_of_the_closed_form() {
    let (a, b, c) = (
        exactly(&[1.0, 0.0]),
        exactly(&[0.0, 1.0]),
        exactly(&[0.6, 0.6]),
    );
    let field = one_sided(&[&a, &b, &c], 2);
    let request = uniform_weights(100_000);
    let counted = field.tables(&request, ONE);
    let wanted = [[0.4, 0.1, 0.5], [0.4, 0.1, 0.5], [0.2, 0.8, 0.0]];
    for (at, wanted) in wanted.iter().enumerate() {
        let shares = counted.rank_shares(at, 100_000.0);
        for (rank, (&found, &wanted)) in shares.iter().zip(wanted).enumerate() {
            close(found, wanted, margin(1e5), &format!("{at} at {}", rank + 1));
        }
    }
    for (at, wanted) in [[0.8, 0.2], [0.2, 0.8], [0.5, 0.5]].iter().enumerate() {
        let central = counted.central_weights(at).unwrap();
        for (k, &wanted) in wanted.iter().enumerate() {
            close(
                central[k],
                wanted,
                0.005,
                &format!("central weight {k} of {at}"),
            );
        }
    }
    // A before B in half of the draws, before C where its weight is over .6.
    close(counted.wins(0, 1, 1e5), 0.5, margin(1e5), "A before B");
    close(counted.wins(0, 2, 1e5), 0.4, margin(1e5), "A before C");
    // The scores are known: under its central weights each is first for sure.
    for at in 0..3 {
        let central = counted.central_weights(at).unwrap();
        close(
            field.confidence(at, central, &request),
            1.0,
            0.0,
            "confidence",
        );
    }
    let firm = field.firmness(&request, ONE);
    for (at, firmness) in firm.iter().enumerate() {
        close(
            firmness.first,
            counted.rank_shares(at, 1e5)[0],
            0.0,
            "both count alike",
        );
        close(firmness.top_three, 1.0, 0.0, "there are three");
    }
}

/// Unit vectors on three criteria and (.5, .5, .5): each is first in exactly a quarter (DESIGN 11).
#[test]
fn unit_vectors_and_their_middle_are_first_in_a_quarter_each() {
    let scores = [
        exactly(&[1.0, 0.0, 0.0]),
        exactly(&[0.0, 1.0, 0.0]),
        exactly(&[0.0, 0.0, 1.0]),
        exactly(&[0.5, 0.5, 0.5]),
    ];
    let scores: Vec<&[Interval]> = scores.iter().map(Vec::as_slice).collect();
    let field = one_sided(&scores, 3);
    for firmness in field.firmness(&uniform_weights(100_000), two()) {
        close(firmness.first, 0.25, margin(1e5), "first");
    }
}

/// A fixed .6 against one drawn uniformly from .5 to .8: the second wins two thirds (DESIGN 11).
#[test]
fn an_interval_wins_as_often_as_it_lies_above() {
    let (fixed, open) = (exactly(&[0.6]), vec![Interval::new(0.5, 0.6, 0.8)]);
    let field = one_sided(&[&fixed, &open], 1);
    let request = FirmnessRequest {
        scores: ScoreDraws::Uniform,
        ..uniform_weights(100_000)
    };
    let shares = field.firmness(&request, ONE);
    close(shares[1].first, 2.0 / 3.0, margin(1e5), "the interval");
    // By the triangular distribution P(X > .6) = (.8 - .6)^2 / (.3 (.8 - .6)) = 2/3 as well: the mode is where the other stands.
    let triangular = field.firmness(&uniform_weights(100_000), ONE);
    close(
        triangular[1].first,
        2.0 / 3.0,
        margin(1e5),
        "the triangular interval",
    );
    // With the mode at .7, P(X > .6) = 1 - .1^2 / (.3 * .2).
    let open = vec![Interval::new(0.5, 0.7, 0.8)];
    let field = one_sided(&[&fixed, &open], 1);
    let triangular = field.firmness(&uniform_weights(100_000), ONE);
    close(
        triangular[1].first,
        1.0 - 0.01 / 0.06,
        margin(1e5),
        "another mode",
    );
}

/// Around (.5, .5) with concentration 20 the first weight is Beta(10, 10); A = (1, 0) beats (.6, .6) where it is over .6.
#[test]
fn weights_are_drawn_around_those_in_use() {
    let (a, c) = (exactly(&[1.0, 0.0]), exactly(&[0.6, 0.6]));
    let field = one_sided(&[&a, &c], 2);
    let request = FirmnessRequest::of(Draws::new(100_000).unwrap());
    let first = field.firmness(&request, ONE)[0].first;
    // P(Beta(10, 10) > .6) = the share of 19 coin throws of .6 with fewer than 10 heads.
    let choose = |n: u32, k: u32| (0..k).fold(1.0, |c, i| c * f64::from(n - i) / f64::from(i + 1));
    let wanted: f64 = (0..10)
        .map(|k| {
            choose(19, k)
                * 0.6_f64.powi(i32::try_from(k).unwrap())
                * 0.4_f64.powi(i32::try_from(19 - k).unwrap())
        })
        .sum();
    close(first, wanted, margin(1e5), "A before C");
}

#[test]
fn the_value_is_the_harmonic_mean_where_both_sides_count() {
    // Mine .5 and .4 for sure; theirs 5/12 against a drawn half: by DESIGN 11 the mean of 5/12 and 1/2 is 5/11.
    let entrant = |mine: f64, theirs: f64| Entrant {
        known: [mine, 0.0, 0.0, 0.0, 0.0, 0.0],
        their_known: Some(theirs),
        open: Vec::new(),
        price: 0.0,
    };
    let field = Field {
        entrants: vec![
            entrant(5.0 / 12.0, 0.5),
            entrant(5.0 / 11.0 - 1e-5, 5.0 / 11.0 - 1e-5),
            entrant(0.0, 1.0),
        ],
        weights: [1.0, 0.0, 0.0, 0.0, 0.0, 0.0],
    };
    let shares = field.firmness(&FirmnessRequest::of(Draws::new(10).unwrap()), ONE);
    assert_eq!(
        shares.iter().map(|s| s.first).collect::<Vec<_>>(),
        [1.0, 0.0, 0.0]
    );
}

#[test]
fn a_price_is_taken_off_the_value() {
    let (a, b) = (exactly(&[0.7, 0.7]), exactly(&[0.6, 0.6]));
    let mut field = one_sided(&[&a, &b], 2);
    let request = FirmnessRequest::of(Draws::new(10).unwrap());
    close(
        field.firmness(&request, ONE)[0].first,
        1.0,
        0.0,
        "without a price",
    );
    field.entrants[0].price = 0.15;
    close(field.firmness(&request, ONE)[0].first, 0.0, 0.0, "with one");
}

#[test]
fn ties_go_to_the_first_in_the_order_and_one_candidate_is_always_first() {
    let same = exactly(&[0.3, 0.7]);
    let field = one_sided(&[&same, &same, &same, &same], 2);
    let request = uniform_weights(1_000);
    let shares = field.firmness(&request, ONE);
    let first: Vec<f64> = shares.iter().map(|s| s.first).collect();
    let top_three: Vec<f64> = shares.iter().map(|s| s.top_three).collect();
    assert_eq!(
        (first, top_three),
        (vec![1.0, 0.0, 0.0, 0.0], vec![1.0, 1.0, 1.0, 0.0])
    );
    let alone = one_sided(&[&same], 2).firmness(&request, ONE);
    assert_eq!(
        alone,
        [Firmness {
            first: 1.0,
            top_three: 1.0
        }]
    );
    assert!(one_sided(&[], 2).firmness(&request, ONE).is_empty());
}

#[test]
fn a_weight_at_a_corner_stays_there() {
    let (a, b) = (exactly(&[0.5, 1.0]), exactly(&[0.6, 0.0]));
    let mut field = one_sided(&[&a, &b], 2);
    field.weights = [1.0, 0.0, 0.0, 0.0, 0.0, 0.0];
    for weights in [WeightDraws::Around, WeightDraws::Uniform] {
        let request = FirmnessRequest {
            weights,
            ..uniform_weights(500)
        };
        let first = field.firmness(&request, ONE)[1].first;
        close(first, 1.0, 0.0, weights.as_str());
    }
    // A weight next to nothing makes gammas of 0, and no number that is none.
    field.weights = [1.0 - 1e-12, 1e-12, 0.0, 0.0, 0.0, 0.0];
    let shares = field.firmness(&FirmnessRequest::of(Draws::new(500).unwrap()), ONE);
    close(shares[1].first, 1.0, 0.0, "the one that counts");
}

fn interval() -> impl Strategy<Value = Interval> {
    (0.0_f64..1.0, 0.0_f64..1.0, 0.0_f64..1.0, prop::bool::ANY).prop_map(|(a, b, c, known)| {
        let mut sorted = [a, b, c];
        sorted.sort_by(f64::total_cmp);
        match known {
            true => Interval::exactly(a),
            false => Interval::new(sorted[0], sorted[1], sorted[2]),
        }
    })
}

/// Who has no view of its own follows the seeker's in every draw, as in the list.
#[test]
fn who_sees_with_the_seekers_eyes_is_drawn_as_the_seeker_is() {
    let built = ["RA1", "RB1", "RC1"].map(|one| organisation(one).at(51.0, 0.1));
    let mut register = register(&built);
    let learning = Weights::new([0.0, 0.0, 0.0, 0.0, 0.0, 1.0]).unwrap();
    register.saved_weights = vec![(code("RB1"), learning)];
    let snapshot = Snapshot::new(&register);
    let day = Day::new(&snapshot, "2026-11-22".parse().unwrap());
    let seeker = active_row(&snapshot, code("RA1")).unwrap();
    let view = View::new(&day, seeker, None).unwrap();
    let of = |other| {
        let assessment = view.assess(active_row(&snapshot, code(other)).unwrap());
        Entrant::of(&assessment, 0.0)
    };
    let (follows, sees) = (of("RB1"), of("RC1"));
    assert_eq!(follows.their_known, None);
    assert!(
        follows
            .open
            .iter()
            .all(|open| open.mine.is_some() && open.theirs <= 0.0)
    );
    assert!(sees.their_known.is_some());
}

/// The same field with sides of others: what they know already, and scores of theirs that are open.
fn both_sided(scores: &[&[Interval]], theirs: &[(f64, Interval)]) -> Field {
    let mut field = one_sided(scores, 3);
    for (entrant, &(known, open)) in field.entrants.iter_mut().zip(theirs) {
        entrant.their_known = Some(known * 0.5);
        entrant.open.push(Open {
            interval: open,
            mine: None,
            theirs: 0.5,
        });
    }
    field
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn threads_change_nothing_where_both_sides_count(
        scores in prop::collection::vec(prop::collection::vec(interval(), 3), 6),
        theirs in prop::collection::vec((0.0_f64..1.0, interval()), 6),
        draws in 1_i64..1_500,
        seed in 0_u64..1_000,
    ) {
        let scores: Vec<&[Interval]> = scores.iter().map(Vec::as_slice).collect();
        let field = both_sided(&scores, &theirs);
        let request = FirmnessRequest { seed, ..uniform_weights(draws) };
        prop_assert_eq!(field.firmness(&request, ONE), field.firmness(&request, two()));
        let (one, both) = (field.tables(&request, ONE), field.tables(&request, two()));
        let total = f64::from(request.draws.count());
        for at in 0..scores.len() {
            prop_assert_eq!(one.rank_shares(at, total), both.rank_shares(at, total));
            prop_assert_eq!(one.central_weights(at), both.central_weights(at));
        }
    }

    /// Shares add up to 1 over ranks and over candidates, whatever is drawn, and two threads count what one does.
    #[test]
    fn shares_add_up_and_threads_change_nothing(
        scores in prop::collection::vec(prop::collection::vec(interval(), 3), 1..6),
        draws in 1_i64..1_500,
        seed in 0_u64..1_000,
    ) {
        let scores: Vec<&[Interval]> = scores.iter().map(Vec::as_slice).collect();
        let field = one_sided(&scores, 3);
        let request = FirmnessRequest { seed, ..uniform_weights(draws) };
        let (one, both) = (field.tables(&request, ONE), field.tables(&request, two()));
        let n = scores.len();
        let total = f64::from(request.draws.count());
        for at in 0..n {
            let shares = one.rank_shares(at, total);
            prop_assert_eq!(&shares, &both.rank_shares(at, total));
            prop_assert!((shares.iter().sum::<f64>() - 1.0).abs() < 1e-12);
            let of_rank: f64 = (0..n).map(|other| one.rank_shares(other, total)[at]).sum();
            prop_assert!((of_rank - 1.0).abs() < 1e-12);
            // To the bit.
            prop_assert_eq!(one.central_weights(at), both.central_weights(at));
            for other in (0..n).filter(|&other| other != at) {
                let wins = one.wins(at, other, total) + one.wins(other, at, total);
                prop_assert!((wins - 1.0).abs() < 1e-12);
            }
        }
        let (shares, again) = (field.firmness(&request, ONE), field.firmness(&request, two()));
        prop_assert_eq!(&shares, &again);
        for (at, firmness) in shares.iter().enumerate() {
            let ranks = one.rank_shares(at, total);
            prop_assert!((firmness.first - ranks[0]).abs() < 1e-12);
            let top: f64 = ranks.iter().take(3).sum();
            prop_assert!((firmness.top_three - top).abs() < 1e-12);
        }
    }
}
