//! The sentences about systems, for every standing of one to another: a number can be checked, a sentence must be read.

use chrono::NaiveDate;

use crate::domain::core_system::{Module, SystemStatus};
use crate::domain::exclusion::Excluded;
use crate::domain::suggestion::{PairQuestion, SeenBy, Suggestion};
use crate::engine::answer::pairs;
use crate::engine::snapshot::Snapshot;
use crate::engine::test_register::{code, organisation, register};

/// A vendor, a product, a version, a status and when it went live.
type Told<'a> = (&'a str, &'a str, &'a str, SystemStatus, Option<&'a str>);

const LIVE: SystemStatus = SystemStatus::InUse;

fn told(mine: Told<'_>, theirs: Told<'_>) -> Suggestion {
    let with = |name, (vendor, product, version, status, live): Told<'_>| {
        organisation(name).with_system(Module::Epr, vendor, product, version, status, live)
    };
    let register = register(&[with("AAA", mine), with("BBB", theirs)]);
    let day: NaiveDate = "2026-11-22".parse().unwrap();
    let answer = pairs(
        &Snapshot::new(&register),
        PairQuestion::plain(code("AAA"), SeenBy::Site, day),
        &[code("BBB")],
        &Excluded::default(),
        None,
    )
    .unwrap();
    answer.candidates.into_iter().next().unwrap()
}

fn reason(suggestion: &Suggestion) -> (&str, &str) {
    let reason = &suggestion.criteria[0].reasons[0];
    (reason.code, &reason.text)
}

#[test]
fn the_same_product_says_how_far_each_is() {
    use SystemStatus::{Contracted, Selected};
    let epr = |status| ("Epic", "Hyperspace", "", status, None);
    let words = "Epic Hyperspace as their electronic patient record";
    for (mine, theirs, text) in [
        (LIVE, LIVE, format!("Both run {words}.")),
        (
            LIVE,
            Selected,
            "You run Epic Hyperspace as your electronic patient record; they have chosen it."
                .to_owned(),
        ),
        (
            Contracted,
            LIVE,
            format!("They run {words}; you have signed for it."),
        ),
        (
            Contracted,
            Contracted,
            format!("Both have signed for {words}."),
        ),
    ] {
        assert_eq!(
            reason(&told(epr(mine), epr(theirs))),
            ("same_product", text.as_str())
        );
    }
}

#[test]
fn different_products_and_vendors_are_named_with_what_is_done_with_them() {
    let other = told(
        ("TPP", "SystmOne", "", SystemStatus::Contracted, None),
        ("TPP", "Airmid", "", SystemStatus::Selected, None),
    );
    let text = "Both get their electronic patient record from TPP, but different products: you have signed for SystmOne, \
                they have chosen Airmid.";
    assert_eq!(reason(&other), ("other_product", text));
    assert!(other.you_gain.is_empty() && other.they_gain.is_empty());
    let unnamed = told(("", "PICS", "", LIVE, None), ("Epic", "", "", LIVE, None));
    let text = "Your electronic patient record is PICS, built in-house or generic; theirs is Epic. Without a \
                supplier's name the two cannot be compared, so this counts nothing.";
    assert_eq!(reason(&unnamed), ("unnamed_system", text));
}

#[test]
fn an_absence_says_whether_one_is_being_bought() {
    let buying = told(
        ("Epic", "", "", LIVE, None),
        ("", "", "", SystemStatus::NoneProcuring, None),
    );
    assert_eq!(
        reason(&buying),
        (
            "no_system",
            "As of 2024-10-01 they had no electronic patient record and were buying one."
        )
    );
    assert_eq!(
        buying.they_gain,
        ["You run Epic as the electronic patient record; they were buying one."]
    );
    let without = told(
        ("", "", "", SystemStatus::NoSystem, None),
        ("Epic", "", "", LIVE, None),
    );
    assert_eq!(
        without.you_gain,
        ["They run Epic as the electronic patient record; you were without one."]
    );
}

#[test]
fn versions_are_told_of_one_live_product_alone() {
    let epr = |version| ("Epic", "Hyperspace", version, LIVE, None);
    let newer = told(epr("1.9"), epr("1.10"));
    assert_eq!(reason(&newer).0, "same_product_current_version");
    assert!(
        newer
            .you_gain
            .contains(&"They run version 1.10 of Epic Hyperspace; you run version 1.9.".to_owned())
    );
    let older = told(epr("1.10"), epr("1.9"));
    assert_eq!(reason(&older).0, "same_product_older_version");
    assert!(
        older
            .they_gain
            .contains(&"You run version 1.10 of Epic Hyperspace; they run version 1.9.".to_owned())
    );
    let chosen = told(
        epr("3"),
        ("Epic", "Hyperspace", "5", SystemStatus::Selected, None),
    );
    let vendor_only = told(
        ("Epic", "", "3", LIVE, None),
        ("Epic", "Hyperspace", "5", LIVE, None),
    );
    for suggestion in [chosen, vendor_only] {
        let gains = [suggestion.you_gain, suggestion.they_gain].concat();
        assert!(gains.iter().all(|g| !g.contains("version")), "{gains:?}");
    }
}

#[test]
fn a_version_that_cannot_be_compared_is_not_known() {
    let suggestion = told(
        ("Epic", "Hyperspace", "1.2", LIVE, None),
        ("Epic", "Hyperspace", "R2023b", LIVE, None),
    );
    assert_eq!(
        suggestion.criteria[0].unknown,
        ["version of the electronic patient record"]
    );
}

#[test]
fn who_is_ahead_is_told_to_who_can_learn() {
    let epr = |status, live| ("Epic", "Hyperspace", "", status, live);
    let earlier = told(epr(LIVE, Some("2019")), epr(LIVE, Some("2014-10-26")));
    let text = "They went live with Epic Hyperspace as their electronic patient record in 2014, you in 2019.";
    assert_eq!(earlier.you_gain[0], text);
    let chosen = told(epr(LIVE, Some("2019")), epr(SystemStatus::Selected, None));
    let text = "You went live with Epic Hyperspace as your electronic patient record in 2019; they have chosen it.";
    assert_eq!(chosen.they_gain, [text]);
    let neither = told(
        epr(SystemStatus::Selected, None),
        epr(SystemStatus::Contracted, None),
    );
    let text = "Neither is live with Epic Hyperspace as the electronic patient record yet: you can prepare for it together.";
    assert_eq!(neither.you_gain, [text]);
}

#[test]
fn one_vendor_without_products_promises_nothing() {
    let vendor = ("Epic", "", "", LIVE, None);
    let suggestion = told(vendor, vendor);
    assert_eq!(
        reason(&suggestion),
        (
            "same_vendor",
            "Both run Epic as their electronic patient record."
        )
    );
    assert_eq!(
        suggestion.criteria[0].unknown,
        ["product of the electronic patient record"]
    );
    assert!(suggestion.you_gain[0].contains("if it is the same product"));
}
