//! What must hold of every answer, whatever the facts; and small worked answers.

use chrono::NaiveDate;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

use crate::domain::core_system::{Module, SystemStatus};
use crate::domain::error::Error;
use crate::domain::exclusion::Excluded;
use crate::domain::firmness::{Draws, FirmnessRequest};
use crate::domain::interval::Interval;
use crate::domain::link::{LinkKind, LinkStanding};
use crate::domain::organisation::{CareSetting, Position, Status};
use crate::domain::profile::{Attribute, TopicNeed, TopicStage};
use crate::domain::programme::{Criterion, Weights};
use crate::domain::register::Register;
use crate::domain::suggestion::{
    Fact, Filters, Limit, PairQuestion, SeenBy, Suggestion, SuggestionRequest, Suggestions,
    WeightsFrom,
};
use crate::engine::answer::{pairs, suggest};
use crate::engine::columns::index;
use crate::engine::completeness::completeness;
use crate::engine::snapshot::Snapshot;
use crate::engine::test_register::{
    Built, code, link, network, organisation, programme, register, succession,
};
use crate::engine::view::{Day, View};

/// Rounding of a few dozen operations on numbers of size 1.
const ROUNDING: f64 = 1e-9;

fn day() -> NaiveDate {
    "2026-11-22".parse().unwrap()
}

fn request(seeker: &str) -> SuggestionRequest {
    SuggestionRequest {
        seeker: code(seeker),
        seen_by: SeenBy::Site,
        weights: None,
        filters: Filters::default(),
        limit: Limit::new(50).unwrap(),
        as_of: day(),
        firmness: FirmnessRequest::of(Draws::NONE),
        spread_load: None,
    }
}

fn answer(register: &Register, seeker: &str) -> Suggestions {
    suggest(
        &Snapshot::new(register),
        &request(seeker),
        &Excluded::default(),
        None,
    )
    .unwrap()
}

fn pair(register: &Register, seeker: &str, candidate: &str) -> Suggestion {
    let answer = pairs(
        &Snapshot::new(register),
        PairQuestion::plain(code(seeker), SeenBy::Site, day()),
        &[code(candidate)],
        &Excluded::default(),
        None,
    )
    .unwrap();
    answer.candidates.into_iter().next().unwrap()
}

const NAMES: [&str; 8] = ["AAA", "BBB", "CCC", "DDD", "EEE", "FFF", "GGG", "HHH"];

/// Any organisation: each fact may be there or not.
fn any_organisation(name: &'static str) -> impl Strategy<Value = Built> {
    let systems = proptest::collection::vec(
        (
            select(&[Module::Epr, Module::Hepma, Module::Pas][..]),
            select(&["", "Epic", "TPP"][..]),
            select(&["", "One", "Two (local)"][..]),
            select(&["", "1.2", "1.10", "x"][..]),
            select(SystemStatus::ALL),
        ),
        0..4,
    );
    let ethos = subsequence(&Attribute::ETHOS[..], 0..=3);
    let numbers = (
        proptest::option::of(1.0..20_000.0_f64),
        proptest::option::of(0.0..60.0_f64),
        proptest::option::of(0.0..=1.0_f64),
        proptest::option::of(1.0..2_000_000.0_f64),
        proptest::option::of(1.0..3_000.0_f64),
        proptest::option::of(select(&[0.0, 1.0][..])),
    );
    let maturity = proptest::collection::btree_map(select(CareSetting::ALL), 1.0..=5.0_f64, 0..3);
    let topics = proptest::collection::btree_map(
        select(&["hepma", "pas"][..]),
        (
            proptest::option::of(select(TopicNeed::ALL)),
            proptest::option::of(select(TopicStage::ALL)),
        ),
        0..2,
    );
    let place = proptest::option::of((50.0..55.0_f64, -4.0..1.0_f64));
    let settings = subsequence(CareSetting::ALL, 0..=2);
    let boards = (select(&["", "QA", "QB"][..]), select(&["", "Y1"][..]));
    (
        systems,
        ethos,
        1..=5_u8,
        numbers,
        maturity,
        topics,
        place,
        settings,
        boards,
    )
        .prop_map(
            move |(systems, ethos, answer, numbers, maturity, topics, place, settings, boards)| {
                let mut built = organisation(name)
                    .giving(&settings)
                    .in_boards(boards.0, boards.1);
                if let Some((latitude, longitude)) = place {
                    built = built.at(latitude, longitude);
                }
                for (module, vendor, product, version, status) in systems {
                    built = built.with_system(module, vendor, product, version, status, None);
                }
                for attribute in ethos {
                    built = built.with(attribute, f64::from(answer));
                }
                let singles = [
                    (Attribute::StaffFte, numbers.0),
                    (Attribute::Deprivation, numbers.1),
                    (Attribute::UrbanShare, numbers.2),
                    (Attribute::Catchment, numbers.3),
                    (Attribute::Beds, numbers.4),
                    (Attribute::Teaching, numbers.5),
                ];
                for (attribute, number) in singles {
                    if let Some(number) = number {
                        built = built.with(attribute, number);
                    }
                }
                for (setting, number) in maturity {
                    built = built.with_maturity(setting, number);
                }
                for (topic, (need, stage)) in topics {
                    built = built.on_topic(topic, need, stage);
                }
                built
            },
        )
}

/// Any register of two to eight organisations with some links and a network.
fn any_register() -> impl Strategy<Value = Register> {
    let organisations = (
        any_organisation(NAMES[0]),
        any_organisation(NAMES[1]),
        any_organisation(NAMES[2]),
        any_organisation(NAMES[3]),
        any_organisation(NAMES[4]),
        any_organisation(NAMES[5]),
    );
    let links = proptest::collection::vec(
        (
            0..6_usize,
            0..6_usize,
            select(LinkKind::ALL),
            1990..2026_i32,
        ),
        0..6,
    );
    (
        organisations,
        links,
        2..=6_usize,
        (
            subsequence(&NAMES[..6], 2..5),
            subsequence(&NAMES[..6], 0..3),
        ),
        proptest::collection::btree_map(select(&NAMES[..6]), any_weights(), 0..4),
        (subsequence(&NAMES[..6], 0..4), any_weights()),
    )
        .prop_map(
            |(organisations, links, n, (members, departed), saved, (joined, weights))| {
                let (a, b, c, d, e, f) = organisations;
                let mut register = register(&[a, b, c, d, e, f][..n]);
                let links = links
                    .into_iter()
                    .filter(|(a, b, ..)| a != b && *a < n && *b < n);
                register.links = links
                    .map(|(a, b, kind, year)| {
                        link(NAMES[a], NAMES[b], kind, Some(&year.to_string()), None)
                    })
                    // A partner is listed apart; the properties are about candidates.
                    .filter(|l| l.kind() != LinkKind::Partnership)
                    .collect();
                register.networks = vec![network("n", &members)];
                register.networks[0].departed = departed
                    .into_iter()
                    .filter(|name| !members.contains(name))
                    .map(|name| (code(name), "2019-05".parse().unwrap()))
                    .collect();
                register.saved_weights = saved
                    .into_iter()
                    .filter(|(name, _)| NAMES[..n].contains(name))
                    .map(|(name, weights)| (code(name), weights))
                    .collect();
                register.programmes = vec![programme("p", weights, "2010-07-01", &joined)];
                register.sort();
                register
            },
        )
}

/// The same, where the first has no weights of its own and none of a programme that it joined, which may leave nothing that applies to it.
fn any_register_that_applies() -> impl Strategy<Value = Register> {
    any_register().prop_map(|mut register| {
        register
            .saved_weights
            .retain(|(site, _)| *site != code("AAA"));
        let joined = &mut register.programmes[0];
        joined
            .members
            .retain(|member| member.ods_code != code("AAA"));
        register
    })
}

/// Any weights, some of them nothing.
fn any_weights() -> impl Strategy<Value = Weights> {
    proptest::array::uniform6(prop_oneof![Just(0.0), 0.0..1.0_f64])
        .prop_filter_map("all zero", |weights| Weights::new(weights).ok())
}

fn check_interval(interval: Interval) -> Result<(), TestCaseError> {
    prop_assert!(0.0 <= interval.low() && interval.low() <= interval.expected());
    prop_assert!(interval.expected() <= interval.high() && interval.high() <= 1.0);
    Ok(())
}

proptest! {
    #[test]
    fn every_figure_is_finite_and_within_its_bounds(register in any_register()) {
        let snapshot = Snapshot::new(&register);
        for &seeker in snapshot.codes() {
            let Ok(answer) = suggest(&snapshot, &SuggestionRequest { seeker, ..request("AAA") }, &Excluded::default(), None) else { continue };
            for suggestion in &answer.suggestions {
                for interval in [suggestion.mutual_fit, suggestion.your_fit, suggestion.their_fit] {
                    check_interval(interval)?;
                }
                prop_assert!((0.0..=1.0).contains(&suggestion.coverage));
                let mut contributions = 0.0;
                for criterion in &suggestion.criteria {
                    prop_assert!(criterion.weight.is_finite() && criterion.contribution.is_finite());
                    contributions += criterion.contribution;
                    for interval in [criterion.score, criterion.their_score].into_iter().flatten() {
                        check_interval(interval)?;
                    }
                }
                prop_assert!((contributions - suggestion.your_fit.expected()).abs() < ROUNDING);
                let (p, q) = (suggestion.your_fit.expected(), suggestion.their_fit.expected());
                let r = suggestion.mutual_fit.expected();
                prop_assert!(p.min(q) - ROUNDING <= r && r <= (p * q).sqrt() + ROUNDING);
            }
        }
    }

    #[test]
    fn mutual_fit_and_places_are_the_same_from_both_sides(mut register in any_register(), weights in any_weights()) {
        register.programme.weights = weights;
        let snapshot = Snapshot::new(&register);
        for &a in snapshot.codes() {
            let Ok(from_a) = suggest(&snapshot, &SuggestionRequest { seeker: a, ..request("AAA") }, &Excluded::default(), None) else { continue };
            for suggestion in &from_a.suggestions {
                let b = suggestion.organisation.ods_code;
                let Ok(from_b) = suggest(&snapshot, &SuggestionRequest { seeker: b, ..request("AAA") }, &Excluded::default(), None) else { continue };
                let back = from_b.suggestions.iter().find(|s| s.organisation.ods_code == a).unwrap();
                prop_assert_eq!(back.mutual_fit, suggestion.mutual_fit);
                prop_assert_eq!(back.their_fit, suggestion.your_fit);
                prop_assert_eq!((back.rank, back.reverse_rank), (suggestion.reverse_rank, suggestion.rank));
            }
        }
    }

    #[test]
    fn passing_candidates_over_changes_nothing(
        mut register in any_register(), limit in 1..4_i64, theirs in any_weights(), year in 2000..2030_i32,
        requested in proptest::option::of(any_weights())
    ) {
        register.programme.weights = theirs;
        let snapshot = Snapshot::new(&register);
        let day = Day::new(&snapshot, NaiveDate::from_ymd_opt(year, 7, 1).unwrap());
        for seeker in 0..index(snapshot.n_organisations()) {
            let view = match requested {
                None => View::of_candidate(&day, seeker),
                requested => match View::new(&day, seeker, requested) {
                    Ok(view) => view,
                    Err(_) => continue,
                },
            };
            let mut all: Vec<(u32, f64)> = (0..index(snapshot.n_organisations()))
                .filter(|&row| view.special(row).is_none_or(|s| s.is_suggested))
                .map(|row| (row, view.mutual_from(row, view.prior(row), 0.0).unwrap()))
                .collect();
            all.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
            let limit = usize::try_from(limit).unwrap();
            let (top, n) = view.top(limit, |_| true);
            prop_assert_eq!(n, all.len());
            let top: Vec<(u32, f64)> = top.into_iter().map(|r| (r.row, r.worth)).collect();
            prop_assert_eq!(&top[..], &all[..limit.min(all.len())]);
            for (place, &(row, mutual_fit)) in (1..).zip(&all) {
                prop_assert_eq!(view.rank_of(row, |_| true), place);
                let assessed = view.assess(row).mutual_fit.expected();
                prop_assert!((assessed - mutual_fit).abs() < ROUNDING);
            }
        }
    }

    #[test]
    fn a_class_scored_when_asked_for_is_scored_as_one_kept(register in any_register(), requested in any_weights()) {
        // The same weights, saved and so kept by class, or given in the request and so asked for.
        let mut saving = register.clone();
        let seeker = register.organisations[0].ods_code;
        saving.saved_weights.retain(|(code, _)| *code != seeker);
        saving.saved_weights.push((seeker, requested));
        saving.sort();
        let mut asking = register;
        asking.saved_weights.retain(|(code, _)| *code != seeker);
        let kept = suggest(&Snapshot::new(&saving), &SuggestionRequest { seeker, ..request("AAA") }, &Excluded::default(), None);
        let weights = Some(requested);
        let asked = suggest(&Snapshot::new(&asking), &SuggestionRequest { seeker, weights, ..request("AAA") }, &Excluded::default(), None);
        if let (Ok(kept), Ok(asked)) = (kept, asked) {
            prop_assert_eq!(kept.method.weights_from, WeightsFrom::Saved);
            prop_assert_eq!(asked.method.weights_from, WeightsFrom::Request);
            prop_assert_eq!(&kept.method.weights, &asked.method.weights);
            for (kept, asked) in kept.suggestions.iter().zip(&asked.suggestions) {
                prop_assert_eq!((kept.rank, &kept.organisation), (asked.rank, &asked.organisation));
                prop_assert_eq!((kept.mutual_fit, &kept.criteria), (asked.mutual_fit, &asked.criteria));
            }
        }
    }

    #[test]
    fn what_is_there_and_what_is_missing_make_a_whole(register in any_register()) {
        let snapshot = Snapshot::new(&register);
        for &site in snapshot.codes() {
            let found = completeness(&snapshot, site, day(), SeenBy::Site).unwrap();
            let missing: f64 = found.missing.iter().map(|m| m.effect).sum();
            prop_assert!((found.share + missing - 1.0).abs() < ROUNDING);
            prop_assert!(found.missing.iter().all(|m| (0.0..=1.0).contains(&m.effect)));
            prop_assert!(found.missing.iter().flat_map(|m| m.width_change).all(|w| (-1.0..=1.0).contains(&w)));
            prop_assert!(found.missing.is_sorted_by(|a, b| a.effect >= b.effect));
        }
    }

    #[test]
    fn what_a_fact_would_do_is_what_it_does(mut register in any_register(), settings in any::<bool>()) {
        // Of two organisations both measures are exact: the width hangs on what is known, not on what it says.
        register.organisations.truncate(2);
        let kept = [code("AAA"), code("BBB")];
        register.core_systems.retain(|s| kept.contains(&s.ods_code));
        register.attributes.retain(|a| kept.contains(&a.ods_code));
        register.topic_interests.retain(|i| kept.contains(&i.ods_code));
        register.saved_weights.retain(|(c, _)| kept.contains(c));
        register.links.retain(|l| kept.contains(&l.ends().0) && kept.contains(&l.ends().1));
        register.networks.clear();
        let fact = if settings { Fact::Links } else { Fact::Attribute(Attribute::EthosPace) };
        let before = completeness(&Snapshot::new(&register), kept[0], day(), SeenBy::Site).unwrap();
        let Some(promised) = before.missing.iter().find(|m| m.fact == fact).and_then(|m| m.width_change) else { return Ok(()) };
        if settings {
            register.organisations[0].links_complete_on = day().pred_opt();
        } else if suggest(&Snapshot::new(&register), &request("AAA"), &Excluded::default(), None).is_ok_and(|a| !a.suggestions.is_empty())
            && register.attributes.iter().all(|a| a.ods_code != kept[1] || a.value.attribute() != Attribute::EthosPace) {
            // A candidate that lacks the answer leaves it open, whatever it is; what it does not lack decides the fit itself.
            register.attributes.extend(organisation("AAA").with(Attribute::EthosPace, 3.0).attributes);
        } else {
            return Ok(());
        }
        register.sort();
        let after = completeness(&Snapshot::new(&register), kept[0], day(), SeenBy::Site).unwrap();
        let change = after.mean_width.unwrap_or_default() - before.mean_width.unwrap_or_default();
        prop_assert!((change - promised).abs() < 1e-6, "{promised} was promised, {change} came");
    }

    #[test]
    fn the_order_of_input_is_irrelevant_and_answers_repeat(register in any_register(), turn in 1..5_usize) {
        let mut turned = register.clone();
        let by = turn % turned.organisations.len();
        turned.organisations.rotate_left(by);
        turned.attributes.reverse();
        turned.topic_interests.reverse();
        turned.sort();
        let answers = |register: &Register| {
            let snapshot = Snapshot::new(register);
            let asked = snapshot.codes().iter().map(|&seeker| {
                format!("{:?}", suggest(&snapshot, &SuggestionRequest { seeker, ..request("AAA") }, &Excluded::default(), None))
            });
            asked.collect::<Vec<String>>()
        };
        prop_assert_eq!(answers(&register), answers(&turned));
    }

    #[test]
    fn a_fact_more_of_a_candidate_never_widens_its_interval(register in any_register(), which in 0..4_usize) {
        let before = register.clone();
        let mut after = register;
        let candidate = code("BBB");
        let lacks = |attribute| {
            before.attributes.iter().all(|a| a.ods_code != candidate || a.value.attribute() != attribute)
        };
        match which {
            0 if lacks(Attribute::StaffFte) => {
                after.attributes.extend(organisation("BBB").with(Attribute::StaffFte, 4000.0).attributes);
            }
            1 if lacks(Attribute::DigitalMaturity) => {
                let scored = organisation("BBB").with_maturity(CareSetting::Acute, 3.0);
                after.attributes.extend(scored.attributes);
            }
            2 if before.core_systems.iter().all(|s| s.ods_code != candidate || s.module != Module::Epr) => {
                after.core_systems.extend(organisation("BBB").running(Module::Epr, "Epic", "One").systems);
            }
            3 if before.organisations[1].care_settings.is_empty() => {
                after.organisations[1].care_settings = [CareSetting::Acute].into_iter().collect();
            }
            _ => return Ok(()),
        }
        after.sort();
        let width = |register: &Register| {
            pairs(&Snapshot::new(register), PairQuestion::plain(code("AAA"), SeenBy::Site, day()), &[candidate], &Excluded::default(), None).map(|p| p.candidates[0].your_fit.width())
        };
        if let (Ok(before), Ok(after)) = (width(&before), width(&after)) {
            prop_assert!(after <= before + ROUNDING, "{before} became {after}");
        }
    }

    #[test]
    fn a_link_more_never_lowers(register in any_register_that_applies(), kind in select(LinkKind::ALL), year in 1990..2026_i32) {
        let before = pair(&register, "AAA", "BBB").mutual_fit;
        let mut with_link = register;
        with_link.links.push(link("AAA", "BBB", kind, Some(&year.to_string()), None));
        with_link.sort();
        let after = pair(&with_link, "AAA", "BBB").mutual_fit;
        prop_assert!(after.expected() >= before.expected() - ROUNDING);
        prop_assert!(after.low() >= before.low() - ROUNDING && after.high() >= before.high() - ROUNDING);
    }

    #[test]
    fn moving_nearer_never_lowers(register in any_register_that_applies(), nearer in 0.0..1.0_f64) {
        let (Some(here), Some(there)) = (register.organisations[0].position, register.organisations[1].position)
        else { return Ok(()) };
        let before = pair(&register, "AAA", "BBB");
        let mut moved = register;
        // Halfway along both degrees is nearer on so small a part of the Earth.
        let between = |from: f64, to: f64| from + (to - from) * nearer;
        moved.organisations[1].position =
            Position::new(between(here.latitude(), there.latitude()), between(here.longitude(), there.longitude()));
        let after = pair(&moved, "AAA", "BBB");
        if after.distance_km <= before.distance_km {
            prop_assert!(after.mutual_fit.expected() >= before.mutual_fit.expected() - ROUNDING);
        }
    }
}

fn two_trusts() -> [Built; 2] {
    let trust = |name| {
        organisation(name)
            .at(51.5, -1.0)
            .giving(&[CareSetting::Acute])
            .running(Module::Epr, "Epic", "Hyperspace")
            .with(Attribute::StaffFte, 5000.0)
    };
    [trust("AAA"), trust("BBB")]
}

#[test]
fn a_register_of_nobody_and_of_one_answers() {
    let snapshot = Snapshot::new(&register(&[]));
    assert!(matches!(
        suggest(&snapshot, &request("AAA"), &Excluded::default(), None),
        Err(Error::OrganisationNotFound(_))
    ));
    assert!(
        answer(&register(&two_trusts()[..1]), "AAA")
            .suggestions
            .is_empty()
    );
}

#[test]
fn a_twin_fits_all_but_what_nobody_recorded() {
    let answer = answer(&register(&two_trusts()), "AAA");
    let twin = &answer.suggestions[0];
    // Same product without versions .9, no distance 1, same setting 1, alike 1, no links 0; five criteria of one fifth.
    assert!((twin.mutual_fit.expected() - (0.9 + 1.0 + 1.0 + 1.0) / 5.0).abs() < ROUNDING);
    assert!((twin.coverage - 0.8).abs() < ROUNDING);
    assert_eq!(
        (twin.rank, twin.reverse_rank, twin.distance_km),
        (1, 1, Some(0.0))
    );
}

#[test]
fn a_closed_seeker_is_told_who_is_there_today() {
    let [a, b] = two_trusts();
    let mut register = register(&[a, b, organisation("CCC").closed()]);
    register.successions = vec![succession("CCC", "BBB")];
    let error = suggest(
        &Snapshot::new(&register),
        &request("CCC"),
        &Excluded::default(),
        None,
    )
    .unwrap_err();
    assert!(
        matches!(error, Error::OrganisationClosed { successors, .. } if successors == [code("BBB")])
    );
}

#[test]
fn links_of_the_closed_count_for_their_successors_and_within_one_are_dropped() {
    let [a, b] = two_trusts();
    let mut register = register(&[a, b, organisation("CCC").closed()]);
    register.successions = vec![succession("CCC", "BBB")];
    register.links = vec![
        link("AAA", "CCC", LinkKind::SharedSystem, None, None),
        link("BBB", "CCC", LinkKind::SharedSystem, None, None),
    ];
    let suggestion = pair(&register, "AAA", "BBB");
    let prior = &suggestion.criteria[Criterion::PriorRelationships.index()];
    assert!((prior.score.unwrap().expected() - 0.9).abs() < ROUNDING);
    assert_eq!(prior.reasons.len(), 1);
}

#[test]
fn after_a_split_each_successor_carries_the_link() {
    let [a, b] = two_trusts();
    let mut register = register(&[a, b, organisation("CCC"), organisation("DDD").closed()]);
    register.successions = vec![succession("DDD", "BBB"), succession("DDD", "CCC")];
    register.links = vec![link("AAA", "DDD", LinkKind::SharedSystem, None, None)];
    for successor in ["BBB", "CCC"] {
        let prior = pair(&register, "AAA", successor).criteria[4].score.unwrap();
        assert!((prior.expected() - 0.9).abs() < ROUNDING);
    }
}

#[test]
fn a_shared_network_is_one_link_unless_it_is_too_large() {
    let [a, b] = two_trusts();
    let others: Vec<Built> = (0..59).map(|i| organisation(&format!("X{i:02}"))).collect();
    let mut register = register(&[&[a, b][..], &others].concat());
    let mut members: Vec<String> = (0..58).map(|i| format!("X{i:02}")).collect();
    members.extend(["AAA".to_owned(), "BBB".to_owned()]);
    let network_of =
        |members: &[String]| network("n", &members.iter().map(String::as_str).collect::<Vec<_>>());
    register.networks = vec![network_of(&members)];
    assert!(
        (pair(&register, "AAA", "BBB").criteria[4]
            .score
            .unwrap()
            .expected()
            - 0.1)
            .abs()
            < ROUNDING
    );
    members.push("X58".to_owned());
    register.networks = vec![network_of(&members)];
    assert!(
        pair(&register, "AAA", "BBB").criteria[4]
            .score
            .unwrap()
            .expected()
            < ROUNDING
    );
}

#[test]
fn current_partners_are_listed_apart_and_relatives_not_at_all() {
    let [a, b] = two_trusts();
    let mut register = register(&[a, b, organisation("CCC").at(51.0, -1.0)]);
    register.links = vec![link(
        "AAA",
        "BBB",
        LinkKind::Partnership,
        Some("2025"),
        None,
    )];
    register.successions = vec![succession("CCC", "AAA")];
    let found = answer(&register, "AAA");
    assert!(found.suggestions.is_empty());
    assert_eq!(found.current_partners[0].ods_code, code("BBB"));
    let refused = pairs(
        &Snapshot::new(&register),
        PairQuestion::plain(code("AAA"), SeenBy::Site, day()),
        &[code("CCC")],
        &Excluded::default(),
        None,
    );
    assert!(matches!(refused, Err(Error::NeverSuggested { .. })));
}

#[test]
fn complete_lists_close_the_interval_of_prior_relationships() {
    let mut built = two_trusts();
    for b in &mut built {
        b.organisation.links_complete_on = "2025-06-01".parse().ok();
    }
    let prior = &pair(&register(&built), "AAA", "BBB").criteria[4];
    assert!(prior.score.unwrap().width() < ROUNDING && prior.unknown.is_empty());
    for b in &mut built {
        b.organisation.links_complete_on = "2024-06-01".parse().ok();
    }
    assert!(
        (pair(&register(&built), "AAA", "BBB").criteria[4]
            .score
            .unwrap()
            .width()
            - 0.5)
            .abs()
            < ROUNDING
    );
}

#[test]
fn where_nothing_applies_to_the_seeker_the_request_is_refused_with_the_facts() {
    let register = register(&[organisation("AAA").at(51.0, 0.0), organisation("BBB")]);
    let weights = Weights::new([0.3, 0.0, 0.7, 0.0, 0.0, 0.0]).ok();
    let error = suggest(
        &Snapshot::new(&register),
        &SuggestionRequest {
            weights,
            ..request("AAA")
        },
        &Excluded::default(),
        None,
    )
    .unwrap_err();
    let expected = [Fact::CareSettings, Fact::CoreSystem(Module::Epr)];
    assert!(matches!(error, Error::NothingApplies { facts, .. } if facts == expected));
}

#[test]
fn where_nothing_applies_to_the_candidate_it_sees_with_the_seekers_eyes() {
    let [a, _] = two_trusts();
    let mut register = register(&[a, organisation("BBB")]);
    register.programme.weights = Weights::new([1.0, 0.0, 0.0, 0.0, 0.0, 0.0]).unwrap();
    let suggestion = pair(&register, "AAA", "BBB");
    assert!((suggestion.their_fit.expected() - suggestion.your_fit.expected()).abs() < ROUNDING);
    assert!((suggestion.their_fit.width() - 1.0).abs() < ROUNDING);
}

#[test]
fn a_trust_of_which_nothing_is_known_is_asked_for_what_would_say_most() {
    let [a, b] = two_trusts();
    let answer = answer(&register(&[a, b, organisation("CCC").at(51.0, 0.0)]), "CCC");
    let asked: Vec<Fact> = answer.ask_next.iter().map(|a| a.fact).collect();
    let expected = [
        Fact::CoreSystem(Module::Epr),
        Fact::CareSettings,
        Fact::Attribute(Attribute::EthosSharing),
    ];
    assert_eq!(asked, expected);
    assert!(
        answer
            .ask_next
            .iter()
            .all(|a| (a.effect - 0.2).abs() < ROUNDING && a.ods_code == code("CCC"))
    );
    assert!(
        answer
            .suggestions
            .iter()
            .all(|s| s.mutual_fit.width() > 0.2)
    );
}

#[test]
fn gains_say_who_is_ahead() {
    let seeker = organisation("AAA").with_system(
        Module::Epr,
        "Epic",
        "",
        "",
        SystemStatus::Contracted,
        None,
    );
    let ahead = organisation("BBB").with_system(
        Module::Epr,
        "Epic",
        "",
        "",
        SystemStatus::InUse,
        Some("2015-10"),
    );
    let register = register(&[seeker, ahead]);
    let gains = pair(&register, "AAA", "BBB").you_gain;
    let told = "They went live with Epic as their electronic patient record in 2015; you are still implementing it.";
    assert_eq!(gains, [told]);
    let back = pair(&register, "BBB", "AAA").they_gain;
    assert_eq!(
        back,
        [
            "You went live with Epic as your electronic patient record in 2015; they are still implementing it."
        ]
    );
}

#[test]
fn an_ethos_answer_is_never_told() {
    let with = |name, answers: [f64; 3]| {
        let ethos = Attribute::ETHOS.into_iter().zip(answers);
        ethos.fold(organisation(name), |built, (attribute, answer)| {
            built.with(attribute, answer)
        })
    };
    // Two sets of hidden answers that are as far from the seeker's on the whole: nothing that is said may tell them apart.
    let said = |hidden: [f64; 3]| {
        let register = register(&[with("AAA", [3.0, 3.0, 3.0]), with("BBB", hidden)]);
        let suggestion = pair(&register, "AAA", "BBB");
        format!(
            "{:?} {:?} {:?}",
            suggestion.criteria, suggestion.you_gain, suggestion.they_gain
        )
    };
    assert_eq!(said([1.0, 3.0, 3.0]), said([3.0, 3.0, 5.0]));
    assert_eq!(said([2.0, 4.0, 3.0]), said([3.0, 2.0, 2.0]));
    // Of one or two answers nothing is said at all.
    let few = |name| {
        organisation(name)
            .with(Attribute::EthosPace, 2.0)
            .with(Attribute::EthosSharing, 2.0)
    };
    let suggestion = pair(&register(&[few("AAA"), few("BBB")]), "AAA", "BBB");
    assert!(
        suggestion.criteria[Criterion::Culture.index()]
            .reasons
            .is_empty()
    );
}

#[test]
fn one_sides_word_takes_nobody_off_a_list() {
    let [a, b] = two_trusts();
    let mut register = register(&[a, b]);
    let mut declared = link("AAA", "BBB", LinkKind::Partnership, Some("2025"), None);
    declared.standing = LinkStanding::Declared;
    register.links = vec![declared];
    let found = answer(&register, "AAA");
    assert!(found.current_partners.is_empty());
    let prior = &found.suggestions[0].criteria[Criterion::PriorRelationships.index()];
    assert!((prior.score.unwrap().expected() - 0.45).abs() < ROUNDING);
    assert!(prior.reasons[0].text.contains("not yet confirmed"));
}

#[test]
fn distance_is_said_to_count_for_less_only_where_a_match_is_recorded() {
    let seeker = organisation("AAA")
        .at(51.0, 0.0)
        .running(Module::Epr, "Epic", "")
        .running(Module::Pas, "TPP", "");
    let unlike = organisation("BBB")
        .at(52.0, 0.0)
        .running(Module::Epr, "Better", "");
    let like = organisation("CCC")
        .at(52.0, 0.0)
        .running(Module::Epr, "Epic", "");
    let register = register(&[seeker, unlike, like]);
    let says = |candidate| {
        let reasons = pair(&register, "AAA", candidate).criteria[Criterion::Geography.index()]
            .reasons
            .clone();
        reasons.iter().any(|r| r.code == "softened_by_benefit")
    };
    assert!(says("CCC") && !says("BBB"));
}

#[test]
fn filters_show_fewer_and_rank_what_is_shown() {
    let [a, b] = two_trusts();
    let c = organisation("CCC")
        .at(53.0, -1.0)
        .giving(&[CareSetting::MentalHealth])
        .in_boards("QA", "Y1");
    let snapshot = Snapshot::new(&register(&[a, b, c]));
    let shown = |filters: Filters| {
        let answer = suggest(
            &snapshot,
            &SuggestionRequest {
                filters,
                ..request("AAA")
            },
            &Excluded::default(),
            None,
        )
        .unwrap();
        assert_eq!(answer.n_candidates, answer.suggestions.len());
        answer
            .suggestions
            .iter()
            .map(|s| (s.rank, s.organisation.ods_code))
            .collect::<Vec<_>>()
    };
    let only = |name| vec![(1, code(name))];
    let none = Filters::default;
    let mental_health = [CareSetting::MentalHealth].into_iter().collect();
    assert_eq!(
        shown(Filters {
            care_settings: mental_health,
            ..none()
        }),
        only("CCC")
    );
    assert_eq!(
        shown(Filters {
            icb: "QA".parse().ok(),
            ..none()
        }),
        only("CCC")
    );
    assert_eq!(
        shown(Filters {
            region: "Y1".parse().ok(),
            ..none()
        }),
        only("CCC")
    );
    assert_eq!(
        shown(Filters {
            vendor: Some("epic".into()),
            ..none()
        }),
        only("BBB")
    );
    assert_eq!(
        shown(Filters {
            vendor: Some("nobody".into()),
            ..none()
        }),
        []
    );
    assert_eq!(
        shown(Filters {
            within_km: Some(50.0),
            ..none()
        }),
        only("BBB")
    );
}

#[test]
fn a_closed_organisation_is_never_suggested() {
    let [a, mut b] = two_trusts();
    b.organisation.status = Status::Closed { on: None };
    assert!(answer(&register(&[a, b]), "AAA").suggestions.is_empty());
}

#[test]
fn the_weights_of_a_site_that_saved_some_are_its_sides_own_in_every_pair() {
    let apart = |name, latitude| {
        organisation(name)
            .at(latitude, 0.0)
            .giving(&[CareSetting::Acute])
    };
    let mut register = register(&[apart("AAA", 51.0), apart("BBB", 54.0)]);
    let plain = pair(&register, "AAA", "BBB");
    let near_alone = Weights::new([0.0, 1.0, 0.0, 0.0, 0.0, 0.0]).unwrap();
    register.saved_weights = vec![(code("BBB"), near_alone)];
    let pair_of = pair(&register, "AAA", "BBB");
    // The seeker's side stays; the other's is its distance alone.
    assert_eq!(pair_of.your_fit, plain.your_fit);
    let geography = pair_of.criteria[Criterion::Geography.index()].their_score;
    assert_eq!(Some(pair_of.their_fit), geography);
    let found = answer(&register, "BBB");
    assert_eq!(found.method.weights_from, WeightsFrom::Saved);
    assert_eq!(found.suggestions[0].mutual_fit, pair_of.mutual_fit);
    let with_request = SuggestionRequest {
        weights: Some(Weights::EQUAL),
        ..request("BBB")
    };
    let asked = suggest(
        &Snapshot::new(&register),
        &with_request,
        &Excluded::default(),
        None,
    )
    .unwrap();
    assert_eq!(asked.method.weights_from, WeightsFrom::Request);
    assert_eq!(
        answer(&register, "AAA").method.weights_from,
        WeightsFrom::Programme
    );
}

#[test]
fn the_weights_of_the_other_side_never_appear_in_an_answer() {
    let [a, b] = two_trusts();
    let mut register = register(&[a, b]);
    register.saved_weights = vec![(
        code("BBB"),
        Weights::new([7.0, 1.0, 2.0, 0.0, 3.0, 0.0]).unwrap(),
    )];
    let found = answer(&register, "AAA");
    let fifth = |share: f64| (share - 0.2).abs() < ROUNDING;
    let shown = &found.suggestions[0];
    assert!(shown.criteria.iter().take(5).all(|c| fifth(c.weight)));
    assert!(found.method.weights.iter().take(5).all(|&(_, w)| fifth(w)));
    // Of the other's side there are its fit and its scores, and nothing else.
    let told = format!("{found:?}");
    for share in [7.0, 1.0, 2.0, 3.0].map(|weight: f64| weight / 13.0) {
        assert!(!told.contains(&format!("{share:.6}")), "{share}");
    }
}

#[test]
fn who_left_a_network_shared_it_until_that_day() {
    let [a, b] = two_trusts();
    let mut register = register(&[a, b, organisation("CCC"), organisation("DDD").closed()]);
    register.networks = vec![network("n", &["AAA", "CCC"])];
    register.networks[0].departed = vec![(code("BBB"), "2023-11-22".parse().unwrap())];
    let prior = |register: &Register, of: &str| {
        let pair = pair(register, "AAA", of);
        pair.criteria[Criterion::PriorRelationships.index()].clone()
    };
    // 1096 days at a half-life of three years: as good as half of 0.1.
    let left = prior(&register, "BBB");
    let expected = 0.1 * 0.5_f64.powf(1096.0 / 365.25 / 3.0);
    assert!((left.score.unwrap().expected() - expected).abs() < ROUNDING);
    assert!(
        left.reasons[0].text.contains("belonged")
            && left.reasons[0].text.contains("until 2023-11-22")
    );
    assert!((prior(&register, "CCC").score.unwrap().expected() - 0.1).abs() < ROUNDING);
    // A network that had ended before counts from its own end.
    register.networks[0].ended = "2020-11-22".parse().ok();
    let ended = 0.1 * 0.5_f64.powf(2191.0 / 365.25 / 3.0);
    assert!((prior(&register, "BBB").score.unwrap().expected() - ended).abs() < ROUNDING);
    // Whoever follows one that left and is a member itself is a member.
    register.networks[0].ended = None;
    register.networks[0].departed = vec![(code("DDD"), "2023-11-22".parse().unwrap())];
    register.successions = vec![succession("DDD", "CCC")];
    assert!((prior(&register, "CCC").score.unwrap().expected() - 0.1).abs() < ROUNDING);
}

#[test]
fn members_who_left_do_not_make_a_network_too_large() {
    let [a, b] = two_trusts();
    let others: Vec<Built> = (0..60).map(|i| organisation(&format!("X{i:02}"))).collect();
    let mut register = register(&[&[a, b][..], &others].concat());
    register.networks = vec![network("n", &["AAA", "BBB"])];
    register.networks[0].departed = (0..60)
        .map(|i| (code(&format!("X{i:02}")), "2024".parse().unwrap()))
        .collect();
    let prior = pair(&register, "AAA", "BBB").criteria[4].score.unwrap();
    assert!((prior.expected() - 0.1).abs() < ROUNDING);
}

#[test]
fn the_next_question_is_the_shortest_of_those_that_do_most() {
    let [a, b] = two_trusts();
    let found = completeness(
        &Snapshot::new(&register(&[a, b])),
        code("AAA"),
        day(),
        SeenBy::Site,
    )
    .unwrap();
    let most = found.missing[0].effect;
    let best = found
        .missing
        .iter()
        .filter(|m| (m.effect - most).abs() < ROUNDING);
    let shortest = best.map(|m| m.question.len()).min();
    assert_eq!(Some(found.missing[0].question.len()), shortest);
    // Six criteria of one sixth: links and topics are the whole of theirs.
    assert!((most - 1.0 / 6.0).abs() < ROUNDING);
    let topics = found
        .missing
        .iter()
        .find(|m| m.fact == Fact::Topics)
        .unwrap();
    assert_eq!(topics.width_change, None);
}
