use proptest::prelude::*;

use super::*;
use crate::domain::programme::Weights;
use crate::engine::test_register::{code, organisation, programme, register};

/// Three seekers, X, Y and Z with one place each, and each seeker sees one (DESIGN 11).
fn example() -> Demand {
    let values = [[0.9, 0.8, 0.1], [0.9, 0.5, 0.4], [0.9, 0.85, 0.6]];
    let values = values
        .iter()
        .map(|values| (0..).zip(values.iter().copied()).collect());
    Demand::new(values.collect(), vec![Some(1); 3], 1)
}

fn seen(demand: &Demand, prices: &[f64]) -> Vec<Row> {
    let lists = demand.lists(prices, |_| true);
    lists.iter().map(|list| list[0].0).collect()
}

/// DESIGN 11: 1-Y, 2-X, 3-Z, and the least prices that support it are .35, .25 and 0.
#[test]
fn the_example_settles_at_its_assignment_near_the_least_prices_that_support_it() {
    let demand = example();
    let wanted = [1, 0, 2];
    let least = [0.35, 0.25, 0.0];
    // A little more of both supports it; less of either does not, be it that the other stays.
    let by = |x: f64, y: f64| seen(&demand, &[least[0] + x, least[1] + y, 0.0]);
    assert_eq!(by(0.003, 0.002), wanted);
    assert_ne!(by(-0.003, 0.0), wanted);
    assert_ne!(by(0.0, -0.003), wanted);
    let settled = settle(&demand);
    assert!(settled.is_still, "{settled:?}");
    assert_eq!(seen(&demand, &settled.prices), wanted);
    for (price, least) in settled.prices.iter().zip(least) {
        // A round moves a price by .04 where two too many see it.
        assert!((-1e-9..=0.06).contains(&(price - least)), "{settled:?}");
    }
}

#[test]
fn whoever_is_full_takes_no_part_and_costs_nothing() {
    let mut demand = example();
    demand.places[0] = None;
    let settled = settle(&demand);
    assert_eq!(settled.prices[0].to_bits(), 0.0_f64.to_bits());
    // It is seen all the same.
    assert!(seen(&demand, &settled.prices).contains(&0));
}

#[test]
fn nobody_one_and_those_without_anybody_to_see_cost_nothing() {
    for values in [vec![], vec![vec![]], vec![vec![], vec![]]] {
        let places = vec![Some(3); values.len()];
        let demand = Demand::new(values, places, 10);
        let settled = settle(&demand);
        assert!(settled.is_still && settled.prices.iter().all(|&price| price.to_bits() == 0));
        let spreading = spreading(&demand, &settled, 0);
        assert_eq!(spreading.fit_lost, None);
    }
}

#[test]
fn lists_are_what_sorting_everybody_gives() {
    let demand = example();
    let prices = [0.05, 0.0, 0.3];
    let sorted = |values: [f64; 3]| {
        let mut rows = [0, 1, 2];
        let worth = |row: usize| values[row] - prices[row];
        rows.sort_by(|&a, &b| worth(b).total_cmp(&worth(a)).then(a.cmp(&b)));
        index(rows[0])
    };
    let wanted = [[0.9, 0.8, 0.1], [0.9, 0.5, 0.4], [0.9, 0.85, 0.6]].map(sorted);
    assert_eq!(seen(&demand, &prices), wanted);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn prices_are_finite_and_none_is_below_nothing(
        fits in prop::collection::vec(prop::collection::vec(0.0_f64..1.0, 6), 6),
        places in prop::collection::vec(prop::option::weighted(0.8, 1_u32..5), 6),
    ) {
        let values = (0..).zip(&fits).map(|(seeker, fits): (Row, _)| {
            (0..).zip(fits.iter().copied()).filter(|(row, _)| *row != seeker).collect()
        });
        let demand = Demand::new(values.collect(), places, 2);
        let settled = settle(&demand);
        for (price, places) in settled.prices.iter().zip(&demand.places) {
            prop_assert!(price.is_finite() && *price >= 0.0);
            prop_assert!(places.is_some() || price.to_bits() == 0);
        }
    }
}

/// Neither those of who sees nor those of who is seen: else a third site could see that somebody's weights moved.
#[test]
fn prices_do_not_tell_of_weights_that_a_site_saved() {
    let codes: Vec<String> = (0..24).map(|i| format!("R{i:02}")).collect();
    let built: Vec<_> = (0_u32..)
        .zip(&codes)
        .map(|(at, one)| {
            organisation(one).at(
                50.5 + f64::from(at * at % 23) * 0.15,
                f64::from(at % 5) * 0.4,
            )
        })
        .collect();
    let mut plain = register(&built);
    let only = |at: usize| {
        let mut weights = [0.0; 6];
        weights[at] = 1.0;
        Weights::new(weights).unwrap()
    };
    plain.programmes = vec![programme(
        "near",
        only(1),
        "2026-01-01",
        &["R03", "R04", "R05"],
    )];
    let mut saved = plain.clone();
    saved.saved_weights = vec![
        (code("R02"), only(1)),
        (code("R04"), only(4)),
        (code("R09"), only(1)),
    ];
    let as_of = "2026-11-22".parse().unwrap();
    let of = |register: &_| prices(&Snapshot::new(register), as_of);
    let (before, after) = (of(&plain), of(&saved));
    assert!(before.by_row.iter().any(|&price| price > 0.0));
    assert_eq!(before, after);
    let bits =
        |prices: &Prices| -> Vec<u64> { prices.by_row.iter().map(|p| p.to_bits()).collect() };
    assert_eq!(bits(&before), bits(&after));
}
