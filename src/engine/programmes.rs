//! What a programme does to the scores of its members, and to those of nobody else.

use crate::domain::core_system::Module;
use crate::domain::exclusion::Excluded;
use crate::domain::firmness::{Draws, FirmnessRequest};
use crate::domain::ids::Slug;
use crate::domain::organisation::CareSetting;
use crate::domain::programme::{Run, Weights};
use crate::domain::register::Register;
use crate::domain::suggestion::{
    Filters, Limit, SeenBy, SuggestionRequest, Suggestions, WeightsFrom,
};
use crate::domain::what_if::{Room, WhatIfRequest, WhyUnmatched};
use crate::engine::answer::suggest;
use crate::engine::snapshot::Snapshot;
use crate::engine::test_register::{code, link, organisation, programme, register};
use crate::engine::what_if::{may_be_suggested, what_if};

/// Core systems alone, and nearness alone.
fn one(at: usize) -> Weights {
    let mut weights = [0.0; 6];
    weights[at] = 1.0;
    Weights::new(weights).unwrap()
}

/// Two that run the same system far apart, and a third near the first with another system.
fn three() -> Register {
    let acute = [CareSetting::Acute];
    register(&[
        organisation("AAA")
            .at(51.5, -0.1)
            .giving(&acute)
            .running(Module::Epr, "Epic", "Epic"),
        organisation("BBB")
            .at(54.9, -1.6)
            .giving(&acute)
            .running(Module::Epr, "Epic", "Epic"),
        organisation("CCC").at(51.6, -0.2).giving(&acute).running(
            Module::Epr,
            "Oracle",
            "Millennium",
        ),
    ])
}

fn ask(register: &Register, seeker: &str, day: &str, seen_by: SeenBy) -> Suggestions {
    let request = SuggestionRequest {
        seeker: code(seeker),
        seen_by,
        weights: None,
        filters: Filters::default(),
        limit: Limit::DEFAULT,
        as_of: day.parse().unwrap(),
        firmness: FirmnessRequest::of(Draws::NONE),
        spread_load: None,
    };
    suggest(
        &Snapshot::new(register),
        &request,
        &Excluded::default(),
        None,
    )
    .unwrap()
}

fn order(answer: &Suggestions) -> Vec<String> {
    let codes = answer.suggestions.iter().map(|s| s.organisation.ods_code);
    codes.map(|code| code.to_string()).collect()
}

fn used(answer: &Suggestions) -> &str {
    answer.method.programme.as_str()
}

const DAY: &str = "2026-11-22";

#[test]
fn the_weights_of_a_programme_count_for_its_members_and_the_mutual_fit_stays_the_same_from_both_sides()
 {
    let mut register = three();
    register.programmes = vec![programme("near", one(1), "2026-01-01", &["AAA", "CCC"])];
    let here = ask(&register, "AAA", DAY, SeenBy::Site);
    assert_eq!(here.method.weights_from, WeightsFrom::Programme);
    assert_eq!(
        (used(&here), order(&here)),
        ("near", vec!["CCC".to_owned(), "BBB".to_owned()])
    );
    let weighed: Vec<f64> = here
        .method
        .weights
        .iter()
        .map(|&(_, weight)| weight)
        .collect();
    assert_eq!(weighed, [0.0, 1.0, 0.0, 0.0, 0.0, 0.0]);
    // BBB is in no programme: its side keeps the default weights, as AAA sees it and as it does itself.
    let there = ask(&register, "BBB", DAY, SeenBy::Site);
    assert_eq!(used(&there), "default");
    for (a, b) in [("AAA", "BBB"), ("AAA", "CCC"), ("BBB", "CCC")] {
        let of = |seeker: &str, candidate: &str| {
            let answer = ask(&register, seeker, DAY, SeenBy::Site);
            let found = answer.suggestions.into_iter();
            found
                .filter(|s| s.organisation.ods_code == code(candidate))
                .map(|s| (s.mutual_fit, s.your_fit, s.their_fit))
                .next()
                .unwrap()
        };
        let ((r, mine, theirs), back) = (of(a, b), of(b, a));
        assert_eq!(back, (r, theirs, mine), "{a} {b}");
    }
}

#[test]
fn a_programme_counts_as_if_its_members_had_saved_its_weights() {
    let mut in_programme = three();
    in_programme.programmes = vec![programme(
        "same-system",
        one(0),
        "2026-01-01",
        &["AAA", "BBB"],
    )];
    let mut saved = three();
    saved.saved_weights = vec![(code("AAA"), one(0)), (code("BBB"), one(0))];
    for seeker in ["AAA", "BBB", "CCC"] {
        let scores = |register: &Register| {
            let answer = ask(register, seeker, DAY, SeenBy::Site);
            let scores = answer.suggestions.into_iter();
            scores
                .map(|s| {
                    (
                        s.rank,
                        s.organisation.ods_code,
                        s.mutual_fit,
                        s.your_fit,
                        s.reverse_rank,
                    )
                })
                .collect::<Vec<_>>()
        };
        assert_eq!(scores(&in_programme), scores(&saved), "{seeker}");
    }
}

#[test]
fn a_programme_counts_while_it_runs_and_while_a_site_is_in_it() {
    let mut register = three();
    register.programmes = vec![programme("near", one(1), "2026-03-01", &["AAA"])];
    register.programmes[0].run = Run {
        starts: "2026-02-01".parse().ok(),
        ends: "2026-11-30".parse().ok(),
    };
    register.programmes[0].members[0].departed = "2026-10-01T09:00:00Z".parse().ok();
    let on = |day: &str| used(&ask(&register, "AAA", day, SeenBy::Site)).to_owned();
    let days = ["2026-02-28", "2026-03-01", "2026-09-30", "2026-10-01"];
    assert_eq!(days.map(on), ["default", "near", "near", "default"]);
    register.programmes[0].members[0].departed = None;
    let on = |day: &str| used(&ask(&register, "AAA", day, SeenBy::Site)).to_owned();
    assert_eq!(["2026-11-30", "2026-12-01"].map(on), ["near", "default"]);
}

#[test]
fn of_two_programmes_the_one_joined_last_counts_and_saved_weights_come_before_both() {
    let mut register = three();
    register.programmes = vec![
        programme("a-later", one(0), "2026-06-01", &["AAA"]),
        programme("b-first", one(1), "2026-01-01", &["AAA", "CCC"]),
    ];
    let answer = ask(&register, "AAA", DAY, SeenBy::Site);
    assert_eq!(
        (used(&answer), &order(&answer)[0]),
        ("a-later", &"BBB".to_owned())
    );
    assert_eq!(
        used(&ask(&register, "AAA", "2026-05-01", SeenBy::Site)),
        "b-first"
    );
    register.saved_weights = vec![(code("AAA"), one(1))];
    let own = ask(&register, "AAA", DAY, SeenBy::Site);
    assert_eq!(
        (own.method.weights_from, used(&own), &order(&own)[0]),
        (WeightsFrom::Saved, "a-later", &"CCC".to_owned())
    );
    // Others see its side under its programme's.
    let seen = ask(&register, "AAA", DAY, SeenBy::Others);
    assert_eq!(
        (seen.method.weights_from, &order(&seen)[0]),
        (WeightsFrom::Programme, &"BBB".to_owned())
    );
}

#[test]
fn programmes_without_members_of_today_change_no_bit_of_any_answer() {
    let plain = three();
    let mut with = three();
    with.programmes = vec![
        programme("empty", one(1), "2026-01-01", &[]),
        programme("later", one(1), "2027-01-01", &["AAA", "BBB"]),
    ];
    for seeker in ["AAA", "BBB", "CCC"] {
        let answers = [&plain, &with].map(|r| ask(r, seeker, DAY, SeenBy::Site));
        assert_eq!(answers[0], answers[1]);
    }
}

fn a_request() -> WhatIfRequest {
    WhatIfRequest {
        programme: None,
        as_of: DAY.parse().unwrap(),
        capacity: Some(1),
        limit: 10,
        rooms: std::collections::BTreeMap::new(),
    }
}

#[test]
fn a_picture_pairs_the_best_and_says_why_somebody_is_left_out() {
    let snapshot = Snapshot::new(&three());
    let found = what_if(&snapshot, &a_request()).unwrap();
    assert_eq!(
        (found.n_organisations, found.n_searched, found.n_pairs),
        (3, 3, 1)
    );
    let pair = &found.pairs[0];
    let codes = [0, 1].map(|at: usize| pair.between[at].ods_code.to_string());
    assert!(codes[0] < codes[1]);
    assert!(!pair.reasons.is_empty() && pair.distance_km.is_some());
    let left_out = &found.unmatched[0];
    assert_eq!(left_out.why, WhyUnmatched::CandidatesFull);
    for code in &codes {
        assert!(left_out.text.contains(code), "{}", left_out.text);
    }
    assert!(found.blocking_pairs.is_empty());
}

#[test]
fn who_is_paused_or_full_is_in_no_pair_and_told_so() {
    let snapshot = Snapshot::new(&three());
    let rooms = [(code("AAA"), Room::Paused), (code("BBB"), Room::Places(0))];
    let request = WhatIfRequest {
        capacity: None,
        rooms: rooms.into_iter().collect(),
        ..a_request()
    };
    let found = what_if(&snapshot, &request).unwrap();
    let why: Vec<WhyUnmatched> = found.unmatched.iter().map(|u| u.why).collect();
    assert_eq!(
        why,
        [
            WhyUnmatched::Paused,
            WhyUnmatched::NoPlaces,
            WhyUnmatched::CandidatesFull
        ]
    );
    assert_eq!((found.n_pairs, found.mean_fit), (0, None));
    // Places that are given count for everybody.
    let given = WhatIfRequest {
        capacity: Some(2),
        ..request
    };
    let found = what_if(&snapshot, &given).unwrap();
    assert_eq!((found.n_pairs, found.unmatched.len()), (3, 0));
}

#[test]
fn partners_and_those_who_followed_each_other_are_not_paired() {
    let mut register = three();
    register.links = vec![link(
        "AAA",
        "BBB",
        crate::domain::link::LinkKind::Partnership,
        Some("2026"),
        None,
    )];
    let snapshot = Snapshot::new(&register);
    let found = what_if(
        &snapshot,
        &WhatIfRequest {
            capacity: Some(3),
            ..a_request()
        },
    )
    .unwrap();
    assert_eq!(found.n_searched, 2);
    let today = DAY.parse().unwrap();
    let may = |a: &str, b: &str| may_be_suggested(&snapshot, (code(a), code(b)), today);
    assert!(may("AAA", "BBB").is_err() && may("AAA", "AAA").is_err() && may("AAA", "ZZZ").is_err());
    assert!(may("AAA", "CCC").is_ok());
}

#[test]
fn a_picture_is_of_the_members_of_a_programme() {
    let mut register = three();
    register.programmes = vec![programme(
        "two",
        Weights::EQUAL,
        "2026-01-01",
        &["AAA", "BBB"],
    )];
    let snapshot = Snapshot::new(&register);
    let of = |slug: &str| {
        let programme = Slug::new(slug).ok();
        let request = WhatIfRequest {
            programme,
            ..a_request()
        };
        what_if(&snapshot, &request).map(|found| found.n_organisations)
    };
    assert_eq!((of("two").unwrap(), of("default").unwrap()), (2, 1));
    assert!(of("none").is_err());
}

#[test]
fn a_picture_of_too_many_is_refused() {
    let many: Vec<_> = (0..=2000)
        .map(|n| organisation(&format!("A{n:04}")))
        .collect();
    let snapshot = Snapshot::new(&register(&many));
    assert!(what_if(&snapshot, &a_request()).is_err());
}
