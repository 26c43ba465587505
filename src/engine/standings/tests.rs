//! Small registers of which it is plain by hand what stays and why the rest leaves, and a second way to count the same.

use chrono::NaiveDate;
use proptest::prelude::*;

use super::*;
use crate::domain::ids::Revision;
use crate::domain::link::LinkKind;
use crate::domain::register::Register;
use crate::domain::standing::StandingHead;
use crate::engine::test_register::{Built, code, link, organisation, programme, register};

const DAY: &str = "2026-11-22";

fn of_day(register: &Register, day: &str, followed: &Followed, method: &str) -> Standing {
    let as_of: NaiveDate = day.parse().unwrap();
    let sites = standing(&Snapshot::new(register), as_of, followed);
    let head = StandingHead {
        id: None,
        sequence: 1,
        revision: Revision(1),
        method_version: method.to_owned(),
        as_of,
        n_sites: sites.len(),
        kept: None,
    };
    Standing { head, sites }
}

fn first(register: &Register) -> Standing {
    of_day(register, DAY, &Followed::new(), "1")
}

fn then(from: &Standing, register: &Register) -> Standing {
    let follow = |site: &SiteStanding| {
        let top = site.top.iter().map(|seen| seen.candidate);
        (site.ods_code, top.collect())
    };
    let followed = from.sites.iter().map(follow).collect();
    of_day(register, DAY, &followed, "1")
}

/// Only geography counts.
fn near() -> Weights {
    Weights::new([0.0, 1.0, 0.0, 0.0, 0.0, 0.0]).unwrap()
}

/// Twelve on a meridian, each a tenth of a degree north of the one before: A00 sees A01 to A10 and not A11.
fn twelve() -> Vec<Built> {
    let at = |number: u32| {
        organisation(&format!("A{number:02}")).at(51.0 + 0.1 * f64::from(number), 0.0)
    };
    (0..12).map(at).collect()
}

fn near_register(built: &[Built]) -> Register {
    let mut register = register(built);
    register.programme.weights = near();
    register
}

fn change<'a>(found: &'a Stability, of: &str) -> &'a SiteChange {
    found
        .sites
        .iter()
        .find(|site| site.ods_code == code(of))
        .unwrap()
}

/// The one that left the list of A00.
fn only_left(found: &Stability) -> &Left {
    let left = &change(found, "A00").left;
    assert_eq!(left.len(), 1, "{left:?}");
    &left[0]
}

#[test]
fn the_same_twice_stays_whole() {
    let register = near_register(&twelve());
    let from = first(&register);
    let found = stability(&from, &then(&from, &register));
    assert_eq!(found.stayed.n_sites, 12);
    assert_eq!(found.stayed.mean, Some(10.0));
    assert_eq!(found.stayed.median, Some(10.0));
    assert_eq!(
        found.stayed.sites_by_count,
        [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 12]
    );
    assert!(found.reasons.iter().all(|&(_, count)| count == 0));
    assert_eq!((found.n_gone, found.n_new), (0, 0));
}

#[test]
fn one_that_closed_is_named_so_and_the_next_comes() {
    let mut built = twelve();
    let from = first(&near_register(&built));
    built[3] = built[3].clone().closed();
    let to = near_register(&built);
    let found = stability(&from, &then(&from, &to));
    let left = only_left(&found);
    assert_eq!((left.candidate, left.rank_before), (code("A03"), 3));
    assert_eq!(
        (left.why, left.rank_after, left.fit_after),
        (WhyLeft::ClosedOrMerged, None, None)
    );
    assert_eq!(change(&found, "A00").came, [code("A11")]);
    assert_eq!((found.n_gone, found.n_new), (1, 0));
    // A03 itself is in neither mean nor list.
    assert_eq!(found.stayed.n_sites, 11);
}

#[test]
fn one_that_became_a_partner_is_named_so() {
    let mut register = near_register(&twelve());
    let from = first(&register);
    register.links = vec![link(
        "A00",
        "A03",
        LinkKind::Partnership,
        Some("2026-01-01"),
        None,
    )];
    register.sort();
    let found = stability(&from, &then(&from, &register));
    let left = only_left(&found);
    assert_eq!(
        (left.candidate, left.why),
        (code("A03"), WhyLeft::NowPartner)
    );
}

#[test]
fn one_that_moved_away_fell_by_geography() {
    let mut built = twelve();
    let from = first(&near_register(&built));
    built[3] = built[3].clone().at(58.0, 0.0);
    let found = stability(&from, &then(&from, &near_register(&built)));
    let left = only_left(&found);
    assert_eq!(left.candidate, code("A03"));
    assert_eq!(
        (left.why, left.criterion),
        (WhyLeft::FitFell, Some(Criterion::Geography))
    );
    assert_eq!(left.rank_after, Some(11));
    assert!(left.fit_after.unwrap() < left.fit_before);
}

#[test]
fn one_that_fell_a_little_was_passed_where_it_would_have_been_anyway() {
    let mut built = twelve();
    let from = first(&near_register(&built));
    built[10] = built[10].clone().at(52.001, 0.0);
    built[11] = built[11].clone().at(51.01, 0.0);
    let found = stability(&from, &then(&from, &near_register(&built)));
    let left = only_left(&found);
    assert_eq!(left.candidate, code("A10"));
    assert!(left.fit_after.unwrap() < left.fit_before);
    assert_eq!((left.why, left.criterion), (WhyLeft::OthersRose, None));
}

#[test]
fn one_that_stood_still_was_passed() {
    let mut built = twelve();
    let from = first(&near_register(&built));
    built[11] = built[11].clone().at(51.01, 0.0);
    let found = stability(&from, &then(&from, &near_register(&built)));
    let left = only_left(&found);
    assert_eq!((left.candidate, left.rank_before), (code("A10"), 10));
    assert_eq!((left.why, left.criterion), (WhyLeft::OthersRose, None));
    assert_eq!(
        (left.rank_after, left.fit_after),
        (Some(11), Some(left.fit_before))
    );
}

#[test]
fn other_weights_are_named_before_scores_that_did_not_change() {
    let mut built = twelve();
    let acute = [crate::domain::organisation::CareSetting::Acute];
    for one in &mut built {
        *one = one.clone().giving(&acute);
    }
    // The nearest gives other care, which counts for nothing yet.
    let ambulance = [crate::domain::organisation::CareSetting::Ambulance];
    built[1] = built[1].clone().giving(&ambulance);
    let mut register = near_register(&built);
    let from = first(&register);
    register.programme.weights = Weights::new([0.0, 0.0, 1.0, 0.0, 0.0, 0.0]).unwrap();
    let found = stability(&from, &then(&from, &register));
    let left = only_left(&found);
    assert_eq!(
        (left.candidate, left.why),
        (code("A01"), WhyLeft::WeightsChanged)
    );
    let n = found
        .reasons
        .iter()
        .find(|(why, _)| *why == WhyLeft::WeightsChanged);
    let all: usize = found.sites.iter().map(|site| site.left.len()).sum();
    assert_eq!(n, Some(&(WhyLeft::WeightsChanged, all)));
}

#[test]
fn the_weights_of_a_programme_that_one_joined_are_changed_weights() {
    let mut register = near_register(&twelve());
    let from = first(&register);
    let far = Weights::new([0.0, 0.0, 0.0, 0.0, 1.0, 0.0]).unwrap();
    register.programmes = vec![programme("links", far, "2026-01-01", &["A00"])];
    register.links = vec![link(
        "A00",
        "A11",
        LinkKind::JointProgramme,
        Some("2026-01-01"),
        None,
    )];
    register.sort();
    let found = stability(&from, &then(&from, &register));
    let left = &change(&found, "A00").left;
    assert!(!left.is_empty() && left.iter().all(|left| left.why == WhyLeft::WeightsChanged));
}

#[test]
fn another_version_of_the_method_is_named_before_all_scores() {
    let mut built = twelve();
    let from = first(&near_register(&built));
    built[3] = built[3].clone().at(58.0, 0.0);
    let mut to = then(&from, &near_register(&built));
    to.head.method_version = "2".to_owned();
    assert_eq!(
        only_left(&stability(&from, &to)).why,
        WhyLeft::MethodChanged
    );
}

#[test]
fn one_that_cannot_be_found_is_no_longer_suggested() {
    let mut built = twelve();
    let from = first(&near_register(&built));
    built[3] = built[3].clone().at(58.0, 0.0);
    // As where the later was kept without the earlier.
    let to = first(&near_register(&built));
    assert_eq!(
        only_left(&stability(&from, &to)).why,
        WhyLeft::NoLongerSuggested
    );
}

#[test]
fn nothing_one_and_two_give_no_number_that_is_none() {
    for n in 0..3 {
        let register = near_register(&twelve()[..n]);
        let from = first(&register);
        let found = stability(&from, &then(&from, &register));
        let n_with_list = if n < 2 { 0 } else { n };
        assert_eq!(found.stayed.n_sites, n_with_list);
        assert_eq!(found.stayed.mean, (n == 2).then_some(1.0));
        assert_eq!(found.stayed.median, (n == 2).then_some(1.0));
    }
}

#[test]
fn the_median_of_an_even_number_lies_between_the_middle_two() {
    let found = stayed(vec![10, 3, 4, 9]);
    assert_eq!((found.mean, found.median), (Some(6.5), Some(6.5)));
    assert_eq!(stayed(vec![2, 9, 3]).median, Some(3.0));
    assert_eq!(
        (stayed(Vec::new()).mean, stayed(Vec::new()).median),
        (None, None)
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// What is kept of a pair is enough to work its fit out again, and what stayed is what a count of both lists says.
    #[test]
    fn what_is_kept_tells_the_fit_and_what_stayed(
        places in prop::collection::vec((50.0..56.0_f64, -3.0..1.0_f64), 14),
        others in prop::collection::vec((50.0..56.0_f64, -3.0..1.0_f64), 14),
    ) {
        let built = |places: &[(f64, f64)]| -> Vec<Built> {
            let places = places.iter().enumerate();
            places.map(|(n, &(north, east))| organisation(&format!("B{n:02}")).at(north, east)).collect()
        };
        let from = first(&register(&built(&places)));
        let to = then(&from, &register(&built(&others)));
        for site in from.sites.iter().chain(&to.sites) {
            for seen in site.top.iter().chain(&site.beyond) {
                let again = worth(seen, (site.weights, Weights::EQUAL));
                prop_assert!((again - seen.mutual_fit).abs() < 1e-12);
            }
        }
        let found = stability(&from, &to);
        for (old, new) in from.sites.iter().zip(&to.sites) {
            let names = |site: &SiteStanding| -> BTreeSet<OdsCode> {
                site.top.iter().map(|seen| seen.candidate).collect()
            };
            let kept = names(old).intersection(&names(new)).count();
            let told = change(&found, old.ods_code.as_str());
            prop_assert_eq!(told.n_stayed, kept);
            prop_assert_eq!(told.left.len(), told.came.len());
            for left in &told.left {
                prop_assert!(left.rank_after.is_some_and(|rank| rank > 10));
            }
        }
    }
}
