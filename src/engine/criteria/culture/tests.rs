//! Small worked tables for culture; what must hold of any facts is in `engine::properties`.

use proptest::prelude::*;

use super::*;
use crate::engine::criteria::similarity::{SimilaritySums, percentile};
use crate::engine::test_register::{Built, organisation};

const ROUNDING: f64 = 1e-12;

fn columns(built: &[Built]) -> CultureColumns {
    let settings: Vec<CareSettings> = built.iter().map(|b| b.organisation.care_settings).collect();
    let attributes: Vec<&[AttributeFact]> = built.iter().map(|b| b.attributes.as_slice()).collect();
    CultureColumns::new(&settings, &attributes)
}

fn forward(columns: &CultureColumns, mine: Row, theirs: Row) -> Option<Similarity> {
    columns.compare(&columns.row(mine), theirs).forward()
}

fn assert_similarity(found: Option<Similarity>, expected: [f64; 4]) {
    let found = found.unwrap();
    for (found, expected) in [found.low, found.expected, found.high, found.known]
        .into_iter()
        .zip(expected)
    {
        assert!(
            (found - expected).abs() < ROUNDING,
            "{found} is not {expected}"
        );
    }
}

#[test]
fn ethos_answers_differ_by_quarters() {
    let with = |answer| organisation("AAA").with(Attribute::EthosPace, answer);
    let columns = columns(&[with(1.0), with(2.0), with(5.0)]);
    assert_similarity(forward(&columns, 0, 1), [0.75, 0.75, 0.75, 1.0]);
    assert_similarity(forward(&columns, 0, 2), [0.0, 0.0, 0.0, 1.0]);
}

#[test]
fn a_data_attribute_is_compared_over_its_inner_range() {
    // The 5th and 95th percentiles of 0, 10, .., 100 are 5 and 95: a range of 90.
    let built: Vec<Built> = (0..=10_u8)
        .map(|i| organisation("AAA").with(Attribute::Deprivation, f64::from(i) * 10.0))
        .collect();
    let columns = columns(&built);
    assert_similarity(
        forward(&columns, 0, 3),
        [1.0 - 30.0 / 90.0, 1.0 - 30.0 / 90.0, 1.0 - 30.0 / 90.0, 1.0],
    );
    assert_similarity(forward(&columns, 0, 10), [0.0, 0.0, 0.0, 1.0]);
}

#[test]
fn sizes_are_compared_by_their_logarithms() {
    let built: Vec<Built> = (0..=20_i32)
        .map(|i| organisation("AAA").with(Attribute::StaffFte, 10_f64.powi(i) / 1e12))
        .collect();
    let columns = columns(&built);
    // Exponents -12 to 8 have their percentiles one step in from either end: a range of 18 decades.
    assert_similarity(forward(&columns, 3, 12), [0.5, 0.5, 0.5, 1.0]);
}

#[test]
fn what_the_seeker_lacks_is_left_out_and_what_the_candidate_lacks_stays_open() {
    let built = [
        organisation("AAA")
            .with(Attribute::EthosPace, 1.0)
            .with(Attribute::EthosSharing, 1.0),
        organisation("BBB").with(Attribute::EthosPace, 1.0),
        organisation("CCC").with(Attribute::EthosSharing, 3.0),
    ];
    let columns = columns(&built);
    // Pace is the same; of sharing the mean over the one other who answered is one half.
    assert_similarity(forward(&columns, 0, 1), [0.5, 0.75, 1.0, 0.5]);
    assert_similarity(forward(&columns, 1, 0), [1.0, 1.0, 1.0, 1.0]);
    // The two have nothing in common: all that B has is unknown of C.
    assert_similarity(forward(&columns, 1, 2), [0.0, 1.0, 1.0, 0.0]);
}

#[test]
fn acute_attributes_are_left_out_where_either_is_known_not_to_be_acute() {
    let acute = |beds| {
        organisation("AAA")
            .giving(&[CareSetting::Acute])
            .with(Attribute::Beds, beds)
    };
    let built = [
        acute(100.0).with(Attribute::EthosPace, 1.0),
        acute(1000.0).with(Attribute::EthosPace, 1.0),
        organisation("CCC")
            .giving(&[CareSetting::MentalHealth])
            .with(Attribute::Beds, 50.0)
            .with(Attribute::EthosPace, 1.0),
        organisation("DDD").with(Attribute::EthosPace, 1.0),
    ];
    let columns = columns(&built);
    assert_similarity(forward(&columns, 0, 2), [1.0, 1.0, 1.0, 1.0]);
    assert_similarity(forward(&columns, 2, 0), [1.0, 1.0, 1.0, 1.0]);
    // Of one whose settings are not recorded nobody knows that it is not acute, so its beds are unknown.
    let open = forward(&columns, 0, 3).unwrap();
    assert!((open.low - 1.0 / 1.5).abs() < ROUNDING && (open.high - 1.0).abs() < ROUNDING);
    // The beds of one who is not acute say nothing of the range over those who are: 100 to 1,000 are a decade.
    assert!((columns.ranges[4] - 0.9).abs() < ROUNDING);
}

#[test]
fn maturity_is_compared_over_the_settings_in_common() {
    let scored = |scores: &[(CareSetting, f64)]| {
        scores
            .iter()
            .fold(organisation("AAA"), |built, &(setting, score)| {
                built.with_maturity(setting, score)
            })
    };
    use CareSetting::{Acute, Community, MentalHealth};
    let built = [
        scored(&[(Acute, 2.0), (Community, 2.0)]),
        scored(&[(Acute, 2.0), (Community, 4.0)]),
        scored(&[(MentalHealth, 3.0)]),
        organisation("DDD").with(Attribute::EthosPace, 1.0),
        scored(&[(Acute, 4.0)]),
    ];
    let columns = columns(&built);
    let range = |setting: CareSetting| columns.ranges[N_NUMBERS + setting as usize];
    let both = f64::midpoint(1.0, 1.0 - (2.0 / range(Community)).min(1.0));
    assert_similarity(forward(&columns, 0, 1), [both, both, both, 1.0]);
    assert_eq!(forward(&columns, 0, 2), None, "no setting in common");
    // Of D nothing is known: the mean over the two with a setting in common, B and E.
    let acute = 1.0 - (2.0 / range(Acute)).min(1.0);
    assert_similarity(
        forward(&columns, 0, 3),
        [0.0, f64::midpoint(both, acute), 1.0, 0.0],
    );
    // Where nothing is left for a pair, the mean over those for whom something is stands in.
    let mean = (both + f64::midpoint(both, acute) + acute) / 3.0;
    assert!((columns.fallback(0) - mean).abs() < ROUNDING);
}

#[test]
fn teaching_is_the_same_or_not() {
    let with = |teaching| organisation("AAA").with(Attribute::Teaching, teaching);
    let columns = columns(&[
        with(1.0),
        with(0.0),
        with(1.0),
        organisation("DDD").with(Attribute::EthosPace, 3.0),
    ]);
    assert_similarity(forward(&columns, 0, 1), [0.0, 0.0, 0.0, 1.0]);
    assert_similarity(forward(&columns, 0, 2), [1.0, 1.0, 1.0, 1.0]);
    assert_similarity(forward(&columns, 0, 3), [0.0, 0.5, 1.0, 0.0]);
}

#[test]
fn a_row_without_attributes_does_not_apply() {
    let columns = columns(&[
        organisation("AAA"),
        organisation("BBB").with(Attribute::EthosPace, 3.0),
    ]);
    assert!(!columns.is_applicable(0) && columns.is_applicable(1));
    assert_eq!(forward(&columns, 0, 1), None);
}

#[test]
fn a_constant_column_compares_by_equality() {
    let with = |share| organisation("AAA").with(Attribute::UrbanShare, share);
    let built: Vec<Built> = (0..40)
        .map(|i| with(if i == 0 { 0.9 } else { 0.5 }))
        .collect();
    let columns = columns(&built);
    assert!(columns.ranges[2].abs() < ROUNDING);
    assert_similarity(forward(&columns, 1, 2), [1.0, 1.0, 1.0, 1.0]);
    assert_similarity(forward(&columns, 1, 0), [0.0, 0.0, 0.0, 1.0]);
}

#[test]
fn percentiles_are_linear_between_order_statistics() {
    // numpy.percentile([1, 2, 4, 8], [5, 95]) gives 1.15 and 7.4.
    assert!((percentile(&[1.0, 2.0, 4.0, 8.0], 1) - 1.15).abs() < ROUNDING);
    assert!((percentile(&[1.0, 2.0, 4.0, 8.0], 19) - 7.4).abs() < ROUNDING);
    assert!((percentile(&[3.0], 19) - 3.0).abs() < ROUNDING);
    assert!(percentile(&[], 1).abs() < ROUNDING);
}

proptest! {
    #[test]
    fn sums_of_similarities_are_what_adding_them_up_gives(
        mut values in proptest::collection::vec(0.0..10.0_f64, 1..30), at in 0..30_usize, range in 0.0..6.0_f64
    ) {
        let x = values[at % values.len()];
        let plain: f64 = values.iter().map(|&y| similarity(x, y, range)).sum();
        values.sort_unstable_by(f64::total_cmp);
        prop_assert!((SimilaritySums::new(values, range).sum(x) - plain).abs() < 1e-9);
    }
}
