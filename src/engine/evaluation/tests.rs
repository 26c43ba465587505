use proptest::prelude::*;

use super::*;
use crate::domain::link::{Link, LinkKind};
use crate::domain::organisation::{Succession, SuccessionKind};
use crate::engine::test_register::{Built, code, link, organisation, provenance, register};

fn pair(at: u64, a: &str, b: &str) -> HistoricalPair {
    HistoricalPair {
        ends: (code(a), code(b)),
        at,
        is_confirmed: true,
    }
}

fn request(pairs: Vec<HistoricalPair>) -> EvaluationRequest {
    EvaluationRequest {
        pairs,
        exclude_kinds: Vec::new(),
        weights: None,
        as_of: "2026-11-22".parse().unwrap(),
        seed: 1,
    }
}

/// `n` sites on a line, a tenth of a degree apart, each running the record of a vendor of its own but for the first two.
fn line(n: u32) -> Vec<Built> {
    let site = |i: u32| {
        let vendor = if i < 2 {
            "Epic".to_owned()
        } else {
            format!("V{i}")
        };
        organisation(&format!("R{i:02}"))
            .at(51.0 + 0.1 * f64::from(i), -1.0)
            .running(Module::Epr, &vendor, "")
    };
    (0..n).map(site).collect()
}

fn rank(found: &Evaluation, case: usize, ranking: Ranking) -> f64 {
    let at = Ranking::ALL.iter().position(|&r| r == ranking).unwrap();
    found.cases[case].ranks[at]
}

fn figures_of(found: &Evaluation, ranking: Ranking) -> crate::domain::evaluation::RankingFigures {
    *found.figures.iter().find(|f| f.ranking == ranking).unwrap()
}

#[test]
fn places_are_those_that_one_can_count_by_hand() {
    let found = evaluate(register(&line(6)), &request(vec![pair(2, "R00", "R03")])).unwrap();
    assert_eq!((found.n_pairs, found.cases.len()), (1, 2));
    // From R00, R03 is the third nearest; from R03, R02 and R04 are nearer, R01 and R05 as far as each other but nearer too.
    assert!((rank(&found, 0, Ranking::Nearest) - 3.0).abs() < 1e-9);
    assert!((rank(&found, 1, Ranking::Nearest) - 5.0).abs() < 1e-9);
    // R00 shares a vendor with R01 alone: R03 is one of the four that share the places 2 to 5.
    assert!((rank(&found, 0, Ranking::SameVendor) - 3.5).abs() < 1e-9);
    // R03 shares one with nobody: all five are equal, as by chance.
    assert!((rank(&found, 1, Ranking::SameVendor) - 3.0).abs() < 1e-9);
    let chance = figures_of(&found, Ranking::Random);
    assert!((chance.hit_rates[0].value - 0.2).abs() < 1e-12);
    assert!(
        (chance.mean_reciprocal_rank.value - (1.0 + 0.5 + 1.0 / 3.0 + 0.25 + 0.2) / 5.0).abs()
            < 1e-12
    );
}

#[test]
fn the_order_of_suggestions_is_what_alongside_ranks_by() {
    let register = register(&line(12));
    let found = evaluate(register.clone(), &request(vec![pair(1, "R02", "R07")])).unwrap();
    let snapshot = Snapshot::new(&register);
    let day = Day::new(&snapshot, "2026-11-22".parse().unwrap());
    let view = View::new(&day, snapshot.row(code("R02")).unwrap(), None).unwrap();
    let wanted = view.rank_of(snapshot.row(code("R07")).unwrap(), |_| true);
    assert!((rank(&found, 0, Ranking::Alongside) - f64::from(wanted)).abs() < 1e-9);
}

#[test]
fn a_link_of_the_pair_changes_no_place_of_it_and_other_links_do() {
    let ends = [("R00", "R03"), ("R00", "R04")];
    let with = |links: Vec<Link>| {
        let mut register = register(&line(6));
        register.links = links;
        register
    };
    let of = |a, b, kind| link(a, b, kind, Some("2018-01"), Some("2020-01"));
    let bare = evaluate(with(vec![]), &request(vec![pair(1, "R00", "R03")])).unwrap();
    let own = LinkKind::ALL.iter().filter(|kind| !kind.is_moment());
    for &kind in own {
        let linked = with(vec![of(ends[0].0, ends[0].1, kind)]);
        let found = evaluate(linked, &request(vec![pair(1, "R03", "R00")])).unwrap();
        assert_eq!(found.cases, bare.cases, "{kind}");
        assert_eq!(found.n_links_removed, 1);
    }
    let other = with(vec![of(ends[1].0, ends[1].1, LinkKind::SharedSystem)]);
    let found = evaluate(other.clone(), &request(vec![pair(1, "R00", "R03")])).unwrap();
    assert!(rank(&found, 0, Ranking::Alongside) > rank(&bare, 0, Ranking::Alongside));
    let excluded = EvaluationRequest {
        exclude_kinds: vec![LinkKind::SharedSystem],
        ..request(vec![pair(1, "R00", "R03")])
    };
    assert_eq!(evaluate(other, &excluded).unwrap().cases, bare.cases);
}

fn followed(predecessor: &str, successor: &str) -> Succession {
    Succession {
        predecessor: code(predecessor),
        successor: code(successor),
        date: "2019-04-01".parse().unwrap(),
        kind: SuccessionKind::Merger,
        provenance: provenance(),
    }
}

#[test]
fn codes_of_the_past_are_those_of_today_and_what_is_left_out_says_why() {
    let mut built = line(6);
    for gone in ["R90", "R91", "R92", "R93"] {
        let mut closed = organisation(gone);
        closed.organisation.status = Status::Closed { on: None };
        built.push(closed);
    }
    let mut register = register(&built);
    register.successions = vec![
        followed("R90", "R02"),
        followed("R91", "R00"),
        // A split: one part went to the partner itself.
        followed("R92", "R00"),
        followed("R92", "R04"),
    ];
    register.sort();
    let proposed = HistoricalPair {
        is_confirmed: false,
        ..pair(9, "R00", "R05")
    };
    let given = vec![
        pair(2, "R00", "R90"),
        pair(3, "R00", "R91"),
        pair(4, "R00", "R92"),
        pair(5, "R01", "R92"),
        pair(6, "R01", "R93"),
        pair(7, "R01", "XXX"),
        pair(8, "R02", "R00"),
        proposed,
    ];
    let found = evaluate(register, &request(given)).unwrap();
    let ends: Vec<_> = found
        .cases
        .iter()
        .map(|case| (case.seeker, case.partner))
        .collect();
    let wanted = [
        ("R00", "R02"),
        ("R02", "R00"),
        ("R00", "R04"),
        ("R04", "R00"),
    ];
    assert_eq!(ends, wanted.map(|(a, b)| (code(a), code(b))));
    let left_out: Vec<_> = found
        .left_out
        .iter()
        .map(|(pair, why)| (pair.at, why.clone()))
        .collect();
    assert_eq!(
        left_out,
        [
            (3, LeftOut::One(code("R00"))),
            (5, LeftOut::Split(code("R92"))),
            (6, LeftOut::Closed(code("R93"))),
            (7, LeftOut::Unknown(code("XXX"))),
            (8, LeftOut::Again),
            (9, LeftOut::NotConfirmed),
        ]
    );
}

#[test]
fn no_pair_at_all_is_refused_with_the_reasons() {
    for pairs in [vec![], vec![pair(2, "R00", "XXX"), pair(3, "R01", "R01")]] {
        let refused = evaluate(register(&line(3)), &request(pairs.clone())).unwrap_err();
        let Error::Invalid(fields) = refused else {
            panic!("{refused}")
        };
        assert_eq!(fields[0].pointer, "/pairs");
        assert_eq!(
            fields[0].detail.contains("nobody has the code XXX"),
            !pairs.is_empty()
        );
    }
}

#[test]
fn two_organisations_alone_find_each_other_whatever_the_ranking() {
    let found = evaluate(register(&line(2)), &request(vec![pair(1, "R00", "R01")])).unwrap();
    for figures in &found.figures {
        assert!((figures.hit_rates[0].value - 1.0).abs() < 1e-12);
        assert!((figures.median_rank.value - 1.0).abs() < 1e-12);
    }
}

#[test]
fn organisations_of_which_nothing_is_known_are_left_out_and_give_no_number_that_is_none() {
    let bare: Vec<Built> = (0..5).map(|i| organisation(&format!("R{i:02}"))).collect();
    let pairs = vec![pair(1, "R00", "R01")];
    match evaluate(register(&bare), &request(pairs)) {
        Err(Error::Invalid(fields)) => {
            assert!(fields[0].detail.contains("no weighted criterion applies"))
        }
        Err(other) => panic!("{other}"),
        Ok(found) => {
            for figures in found.figures {
                let rank = figures.median_rank;
                assert!(rank.low.is_finite() && rank.high.is_finite() && rank.value.is_finite());
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn figures_are_in_range_and_nested(ends in prop::collection::vec((0_u32..9, 0_u32..9), 1..6)) {
        let pairs = ends.iter().zip(1..).map(|((a, b), at)| pair(at, &format!("R{a:02}"), &format!("R{b:02}")));
        if let Ok(found) = evaluate(register(&line(9)), &request(pairs.collect())) {
            for figures in &found.figures {
                let [one, three, ten] = figures.hit_rates;
                prop_assert!(one.value <= three.value && three.value <= ten.value);
                for figure in [one, three, ten, figures.mean_reciprocal_rank] {
                    prop_assert!((0.0..=1.0).contains(&figure.low) && figure.low <= figure.high && figure.high <= 1.0);
                }
                prop_assert!(figures.median_rank.low >= 1.0 && figures.median_rank.high <= 8.0);
            }
        }
    }
}
