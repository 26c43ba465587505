//! Storing and loading everything at once.

use std::fmt::Write as _;

use alongside::domain::dates::PartialDate;
use alongside::domain::error::Error;
use alongside::domain::ids::{Revision, Slug};
use alongside::domain::link::LinkStanding;
use alongside::domain::organisation::Status;
use alongside::domain::profile::{Topic, TopicInterest, TopicNeed, TopicStage};
use alongside::domain::programme::{JoinedProgramme, Programme, Run, Weights};
use alongside::domain::provenance::{Provenance, Voice};
use alongside::domain::register::Register;
use alongside::intake::bundled;
use alongside::storage::{data_sets, organisations, programmes, register};

use super::{ods, open_filled};
use crate::support::database::{TestDatabase, a_change, on_every_database, one_of_each};

fn bundle() -> bundled::Bundle {
    bundled::load().expect("the bundled data")
}

/// The topics that are there from the first day.
fn first_topics(database: &TestDatabase) -> Vec<Topic> {
    let storage = database.open();
    let register = storage.read_blocking(register::load).expect("a register");
    assert!(register.organisations.is_empty() && !register.topics.is_empty());
    register.topics
}

#[test]
fn what_was_stored_is_loaded() {
    on_every_database(|database| {
        let topics = first_topics(database);
        let storage = open_filled(database);
        let bundle = bundle();
        let loaded = storage.read_blocking(register::load).expect("a register");
        assert!(
            loaded
                == Register {
                    revision: Revision(1),
                    topics,
                    ..bundle.register
                },
            "the registers differ"
        );
        let loaded = storage.read_blocking(data_sets::all).expect("data sets");
        assert_eq!(loaded, bundle.data_sets);
    });
}

/// What the bundled data has no example of.
#[test]
fn topics_weights_standings_and_repetitions_are_kept() {
    on_every_database(|database| {
        let mut wanted = bundle().register;
        let slug = |text: &str| Slug::new(text).expect("a slug");
        let provenance = Provenance {
            source: "ünïcode, 'quoted'".to_owned(),
            as_of: "2024-02".parse().ok(),
            voice: Voice::Bundled,
        };
        wanted.topics = vec![
            Topic {
                slug: slug("a_b"),
                name: "With an underscore".to_owned(),
            },
            Topic {
                slug: slug("ab"),
                name: "Without".to_owned(),
            },
        ];
        wanted.topic_interests = vec![
            TopicInterest {
                ods_code: ods("RHW"),
                topic: slug("ab"),
                need: Some(TopicNeed::Urgent),
                stage: None,
                live_since: None,
                provenance: provenance.clone(),
            },
            TopicInterest {
                ods_code: ods("RTH"),
                topic: slug("a_b"),
                need: None,
                stage: Some(TopicStage::Live),
                live_since: "2019".parse::<PartialDate>().ok(),
                provenance,
            },
        ];
        let mut weights = [0.0; 6];
        (weights[0], weights[3]) = (0.1 + 0.2, 1e-9);
        wanted.programme = Programme {
            slug: slug("region-1"),
            name: "A region".to_owned(),
            weights: Weights::new(weights).expect("weights"),
            spread_load: true,
        };
        wanted.links[0].standing = LinkStanding::Disputed;
        let twin = wanted.links[0].clone();
        wanted.links.insert(1, twin);
        let twin = wanted.core_systems[0].clone();
        wanted.core_systems.insert(1, twin);
        wanted.organisations[0].status = Status::Closed { on: None };
        wanted.organisations[0].links_complete_on = chrono::NaiveDate::from_ymd_opt(2026, 2, 28);
        wanted.organisations[0].position = None;
        wanted.organisations[0].position_provenance = None;

        let first = first_topics(database);
        let storage = database.open();
        storage
            .write_blocking(&a_change(), |c| register::insert(c, &wanted, &[]))
            .expect("stored");
        wanted.topics.extend(first);
        // What was the default programme is one that sites can be put into.
        wanted.programmes = vec![JoinedProgramme {
            programme: bundle().register.programme,
            run: Run::default(),
            members: Vec::new(),
        }];
        wanted.sort();
        let loaded = storage.read_blocking(register::load).expect("a register");
        assert!(
            loaded
                == Register {
                    revision: Revision(1),
                    ..wanted.clone()
                },
            "the registers differ"
        );
        assert_eq!(
            storage
                .read_blocking(programmes::default)
                .expect("a programme"),
            wanted.programme
        );
    });
}

#[test]
fn every_database_holds_the_same_rows() {
    let databases = one_of_each();
    let ids = |sql| {
        databases
            .iter()
            .map(|database| database.texts(sql))
            .collect::<Vec<_>>()
    };
    for database in &databases {
        open_filled(database);
    }
    for sql in [
        "SELECT id AS text FROM links ORDER BY sequence",
        "SELECT id AS text FROM core_systems ORDER BY sequence",
    ] {
        let ids = ids(sql);
        assert!(!ids[0].is_empty() && ids.iter().all(|other| *other == ids[0]));
    }
}

#[test]
fn an_empty_database_has_a_programme_and_nothing_else() {
    on_every_database(|database| {
        let storage = database.open();
        assert!(
            storage
                .read_blocking(register::is_empty)
                .expect("an answer")
        );
        let loaded = storage.read_blocking(register::load).expect("a register");
        assert_eq!(loaded.revision, Revision(0));
        assert_eq!(loaded.programme, bundle().register.programme);
        assert!(loaded.organisations.is_empty() && loaded.links.is_empty());
        assert_eq!(
            storage.read_blocking(data_sets::all).expect("data sets"),
            []
        );
    });
}

#[test]
fn storing_twice_fails_and_leaves_the_first() {
    on_every_database(|database| {
        let storage = open_filled(database);
        assert!(
            !storage
                .read_blocking(register::is_empty)
                .expect("an answer")
        );
        let before = storage.read_blocking(register::load).expect("a register");
        let bundle = bundle();
        let again = storage.write_blocking(&a_change(), |c| {
            register::insert(c, &bundle.register, &bundle.data_sets)
        });
        assert!(matches!(again, Err(Error::Internal(..))), "{again:?}");
        assert!(
            storage.read_blocking(register::load).expect("a register") == before,
            "the registers differ"
        );
    });
}

#[test]
fn a_row_that_breaks_a_rule_is_named_in_the_cause_alone() {
    on_every_database(|database| {
        let storage = open_filled(database);
        database.execute("UPDATE attributes SET value = 7 WHERE ods_code = 'RTH' AND attribute = 'digital_maturity'");
        for error in [
            storage
                .read_blocking(register::load)
                .expect_err("a corrupt row"),
            storage
                .read_blocking(|c| organisations::find(c, ods("RTH")))
                .expect_err("a corrupt row"),
        ] {
            assert_eq!(error.to_string(), "failed while reading a stored row");
            let Error::Internal(_, cause) = error else {
                panic!("{error:?}")
            };
            assert_eq!(
                cause.to_string(),
                "table attributes, row RTH, digital_maturity, acute: 7 is no value of the attribute"
            );
        }
    });
}

#[test]
fn facts_of_unknown_organisations_and_boards_of_two_names_are_refused() {
    on_every_database(|database| {
        let storage = database.open();
        let mut nameless = bundle().register;
        nameless
            .organisations
            .retain(|organisation| organisation.ods_code != ods("RTH"));
        let mut two_names = bundle().register;
        let board = two_names
            .organisations
            .iter_mut()
            .find_map(|o| o.icb.as_mut())
            .expect("a board");
        board.name.push_str(" OF OLD");
        for wrong in [nameless, two_names] {
            let refused = storage.write_blocking(&a_change(), |c| register::insert(c, &wrong, &[]));
            assert!(matches!(refused, Err(Error::Internal(..))), "{refused:?}");
            assert!(
                storage
                    .read_blocking(register::is_empty)
                    .expect("an answer")
            );
        }
    });
}

/// Figures counted by the reference, tests/reference/score.py, which reads the same files with code of its own.
#[test]
fn the_bundle_holds_what_the_files_hold() {
    let register = bundle().register;
    let mut counts = String::new();
    let n_active = register
        .organisations
        .iter()
        .filter(|o| o.status.is_active())
        .count();
    let n_present = register
        .core_systems
        .iter()
        .filter(|s| s.status.is_present())
        .count();
    let n_absent = register
        .core_systems
        .iter()
        .filter(|s| s.status.is_known_absence())
        .count();
    let n_unnamed = register
        .core_systems
        .iter()
        .filter(|s| s.status.is_present() && s.vendor.is_none())
        .count();
    let n_members: usize = register
        .networks
        .iter()
        .map(|network| network.members.len())
        .sum();
    writeln!(
        counts,
        "{} organisations, {n_active} active",
        register.organisations.len()
    )
    .expect("text");
    writeln!(
        counts,
        "{n_present} systems, {n_unnamed} unnamed, {n_absent} absences"
    )
    .expect("text");
    writeln!(counts, "{} attributes", register.attributes.len()).expect("text");
    writeln!(
        counts,
        "{} links, {} networks, {n_members} members",
        register.links.len(),
        register.networks.len()
    )
    .expect("text");
    writeln!(counts, "{} successions", register.successions.len()).expect("text");
    assert_eq!(
        counts,
        "275 organisations, 202 active\n238 systems, 17 unnamed, 20 absences\n1392 attributes\n\
         31 links, 28 networks, 188 members\n69 successions\n"
    );
}
