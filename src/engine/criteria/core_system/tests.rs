//! Small worked tables for core systems; what must hold of any facts is in `engine::properties`.

use super::*;
use crate::domain::core_system::SystemStatus;
use crate::domain::ids::OdsCode;
use crate::domain::provenance::{Provenance, Voice};

const ROUNDING: f64 = 1e-12;

fn system(module: Module, vendor: &str, product: &str, version: &str) -> CoreSystem {
    let named = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    CoreSystem {
        ods_code: OdsCode::new("RTH").unwrap(),
        module,
        vendor: named(vendor),
        product: named(product),
        version: named(version),
        status: SystemStatus::InUse,
        live: None,
        ended: None,
        provenance: Provenance {
            source: "a test".into(),
            as_of: None,
            voice: Voice::Bundled,
        },
    }
}

fn portfolios(systems_of: &[&[CoreSystem]]) -> (Portfolios, Vec<u32>) {
    let mut numbering = Numbering::new(systems_of.iter().flat_map(|s| s.iter()));
    Portfolios::new(systems_of, &mut numbering)
}

fn epr(vendor: &str, product: &str, version: &str) -> CoreSystem {
    system(Module::Epr, vendor, product, version)
}

fn absent(module: Module) -> CoreSystem {
    CoreSystem {
        status: SystemStatus::NoSystem,
        ..system(module, "", "", "")
    }
}

/// The score of a seeker with the first list for a candidate with the second.
fn score(mine: &[CoreSystem], theirs: &[CoreSystem]) -> (f64, f64, f64) {
    let (portfolios, numbers) = portfolios(&[mine, theirs]);
    let i = portfolios.score(numbers[0], numbers[1]);
    (i.low(), i.expected(), i.high())
}

#[test]
fn the_table_of_the_design_holds() {
    let cases = [
        (
            epr("Epic", "Hyperspace", "1.2"),
            epr("EPIC", "hyperspace", "1.2.0"),
            (1.0, 1.0, 1.0),
        ),
        (
            epr("Epic", "Hyperspace", "1.9"),
            epr("Epic", "Hyperspace", "1.10"),
            (1.0, 1.0, 1.0),
        ),
        (
            epr("Epic", "Hyperspace", "1.10"),
            epr("Epic", "Hyperspace", "1.9"),
            (0.8, 0.8, 0.8),
        ),
        (
            epr("Epic", "Hyperspace", "1.10"),
            epr("Epic", "Hyperspace", ""),
            (0.8, 0.9, 1.0),
        ),
        (
            epr("Epic", "Hyperspace", "R2023b"),
            epr("Epic", "Hyperspace", "R2023b"),
            (0.8, 0.9, 1.0),
        ),
        (
            epr("Epic", "Hyperspace (local name X)", ""),
            epr("Epic", " Hyperspace", ""),
            (0.8, 0.9, 1.0),
        ),
        (
            epr("Epic", "", ""),
            epr("Epic", "Hyperspace", ""),
            (0.2, 0.8, 1.0),
        ),
        (
            epr("Epic", "(local name X)", ""),
            epr("Epic", "Hyperspace", ""),
            (0.2, 0.8, 1.0),
        ),
        (
            epr("Epic", "Other", ""),
            epr("Epic", "Hyperspace", ""),
            (0.2, 0.2, 0.2),
        ),
        (epr("Epic", "", ""), epr("TPP", "", ""), (0.0, 0.0, 0.0)),
        (epr("Epic", "", ""), epr("", "", ""), (0.0, 0.0, 0.0)),
        (epr("Epic", "", ""), absent(Module::Epr), (0.0, 0.0, 0.0)),
    ];
    for (mine, theirs, expected) in cases {
        assert_eq!(
            score(std::slice::from_ref(&mine), std::slice::from_ref(&theirs)),
            expected,
            "{mine:?} {theirs:?}"
        );
    }
}

#[test]
fn modules_count_by_their_importance() {
    let mine = [
        epr("Epic", "", ""),
        system(Module::Hepma, "Better", "Meds", ""),
    ];
    let theirs = [
        epr("Epic", "", ""),
        system(Module::Hepma, "WellSky", "EPMA", ""),
    ];
    let (low, expected, high) = score(&mine, &theirs);
    assert!((low - 0.2 / 1.5).abs() < ROUNDING);
    assert!((expected - 0.8 / 1.5).abs() < ROUNDING);
    assert!((high - 1.0 / 1.5).abs() < ROUNDING);
}

#[test]
fn of_several_systems_the_best_pair_counts_for_each_bound() {
    let mine = [epr("Epic", "", ""), epr("TPP", "SystmOne", "")];
    let theirs = [epr("Epic", "Hyperspace", ""), epr("TPP", "SystmOne", "")];
    assert_eq!(score(&mine, &theirs), (0.8, 0.9, 1.0));
}

#[test]
fn an_unknown_module_is_expected_to_match_as_often_as_the_others_do() {
    let epic = [epr("Epic", "", "")];
    let tpp = [epr("TPP", "", "")];
    let none = [absent(Module::Epr)];
    let (portfolios, numbers) = portfolios(&[&epic, &epic, &tpp, &none, &[]]);
    let unknown = portfolios.score(numbers[0], numbers[4]);
    // Of the three others that are known, one runs Epic; the known absence counts among them.
    assert!((unknown.expected() - 1.0 / 3.0).abs() < ROUNDING);
    assert!((unknown.width() - 1.0).abs() < ROUNDING);
    assert!(portfolios.known_share(numbers[0], numbers[4]).abs() < ROUNDING);
    assert!((portfolios.known_share(numbers[0], numbers[3]) - 1.0).abs() < ROUNDING);
    let open: Vec<(Module, f64)> = portfolios.open_modules(numbers[0], numbers[4]).collect();
    assert_eq!(open, [(Module::Epr, 1.0)]);
}

#[test]
fn with_nobody_to_take_a_mean_over_a_half_is_expected() {
    let (portfolios, numbers) = portfolios(&[&[epr("Epic", "", "")], &[]]);
    assert!((portfolios.score(numbers[0], numbers[1]).expected() - 0.5).abs() < ROUNDING);
}

#[test]
fn an_unnamed_system_is_like_no_other_and_alone_does_not_apply() {
    let unnamed = [epr("", "PICS", "")];
    let both = [epr("", "", ""), system(Module::Pas, "TPP", "", "")];
    let (portfolios, numbers) = portfolios(&[&unnamed, &both, &[], &[absent(Module::Epr)]]);
    assert!(!portfolios.is_applicable(numbers[0]));
    assert!(portfolios.is_applicable(numbers[1]));
    assert!(!portfolios.is_applicable(numbers[2]) && !portfolios.is_applicable(numbers[3]));
    // The unnamed record counts nothing, whatever the candidate runs; the named module is unknown.
    let score = portfolios.score(numbers[1], numbers[2]);
    assert!((score.high() - 0.4 / 1.4).abs() < ROUNDING);
    assert!(score.low().abs() < ROUNDING);
}

#[test]
fn a_replaced_system_is_neither_a_system_nor_an_absence() {
    let replaced = [CoreSystem {
        status: SystemStatus::Replaced,
        ..epr("Epic", "", "")
    }];
    let (portfolios, numbers) = portfolios(&[&replaced, &[]]);
    assert_eq!(numbers, [0, 0]);
    assert!(!portfolios.is_applicable(0));
    assert_eq!(portfolios.vendor("Epic"), None);
}

#[test]
fn vendors_are_found_whatever_the_case() {
    let (portfolios, numbers) = portfolios(&[&[epr("Epic", "", "")], &[epr("TPP", "", "")]]);
    let epic = portfolios.vendor(" epic ").unwrap();
    assert!(portfolios.has_vendor(numbers[0], epic) && !portfolios.has_vendor(numbers[1], epic));
}
