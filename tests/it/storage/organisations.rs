//! Looking organisations up.

use alongside::domain::directory::{After, OrganisationPage, OrganisationQuery, StatusFilter};
use alongside::domain::ids::BoardCode;
use alongside::domain::organisation::{CareSetting, Organisation, Status};
use alongside::domain::register::Register;
use alongside::storage::{Storage, organisations, register};

use super::{ods, open_filled};
use crate::support::database::{a_change, on_every_database};

pub(super) fn page(
    storage: &Storage,
    query: &OrganisationQuery,
    after: Option<After>,
    limit: usize,
) -> OrganisationPage {
    storage
        .read_blocking(|c| organisations::page(c, query, after, limit))
        .expect("a page")
}

/// The codes of all pages of a list.
pub(super) fn all(storage: &Storage, query: &OrganisationQuery, limit: usize) -> Vec<String> {
    let (mut found, mut after) = (Vec::new(), None);
    loop {
        let page = page(storage, query, after, limit);
        assert!(page.items.len() <= limit);
        found.extend(
            page.items
                .iter()
                .map(|listed| listed.organisation.ods_code.to_string()),
        );
        let last = page.items.last().filter(|_| page.has_more);
        let Some(last) = last else { return found };
        after = Some(After {
            distance_km: last.distance_km,
            ods_code: last.organisation.ods_code,
        });
    }
}

fn expected(wanted: impl Fn(&Organisation) -> bool) -> Vec<String> {
    let register = alongside::intake::bundled::load()
        .expect("the bundled data")
        .register;
    register
        .organisations
        .iter()
        .filter(|o| wanted(o))
        .map(|o| o.ods_code.to_string())
        .collect()
}

pub(super) fn any() -> OrganisationQuery {
    OrganisationQuery {
        status: StatusFilter::Any,
        ..OrganisationQuery::default()
    }
}

#[test]
fn pages_follow_one_another_without_gap_or_repetition() {
    on_every_database(|database| {
        let storage = open_filled(database);
        for limit in [1, 7, 101, 202, 500] {
            assert_eq!(
                all(&storage, &OrganisationQuery::default(), limit),
                expected(|o| o.status.is_active())
            );
        }
        assert_eq!(all(&storage, &any(), 200), expected(|_| true));
        let closed = OrganisationQuery {
            status: StatusFilter::Closed,
            ..any()
        };
        assert_eq!(
            all(&storage, &closed, 50),
            expected(|o| !o.status.is_active())
        );
        let exact = page(&storage, &OrganisationQuery::default(), None, 202);
        assert!(!exact.has_more && exact.items.len() == 202);
        let none = page(&storage, &OrganisationQuery::default(), None, 0);
        assert!(none.has_more && none.items.is_empty());
    });
}

#[test]
fn a_listed_organisation_is_whole() {
    on_every_database(|database| {
        let storage = open_filled(database);
        let listed: Vec<_> = page(&storage, &any(), None, 500)
            .items
            .into_iter()
            .map(|listed| listed.organisation)
            .collect();
        let register = alongside::intake::bundled::load()
            .expect("the bundled data")
            .register;
        assert!(listed == register.organisations, "the organisations differ");
    });
}

#[test]
fn every_filter_narrows_the_list() {
    on_every_database(|database| {
        let storage = open_filled(database);
        let list = |query: OrganisationQuery| all(&storage, &query, 50);
        let active = OrganisationQuery::default;
        let is = |wanted: &dyn Fn(&Organisation) -> bool| {
            expected(|o| o.status.is_active() && wanted(o))
        };

        let setting = OrganisationQuery {
            care_setting: Some(CareSetting::Ambulance),
            ..active()
        };
        assert_eq!(
            list(setting),
            is(&|o| o.care_settings.contains(CareSetting::Ambulance))
        );
        let board = BoardCode::new("QU9").expect("a code");
        let of_board = is(&|o| o.icb.as_ref().is_some_and(|icb| icb.code.as_str() == "QU9"));
        assert_eq!(
            list(OrganisationQuery {
                icb: Some(board),
                ..active()
            }),
            of_board
        );
        let region = BoardCode::new("Y59").expect("a code");
        let of_region = is(&|o| {
            o.region
                .as_ref()
                .is_some_and(|region| region.code.as_str() == "Y59")
        });
        assert!(!of_region.is_empty());
        assert_eq!(
            list(OrganisationQuery {
                region: Some(region.clone()),
                ..active()
            }),
            of_region
        );
        let both = OrganisationQuery {
            region: Some(region),
            text: Some("oxford".to_owned()),
            ..active()
        };
        assert_eq!(list(both), ["RNU", "RTH"]);
    });
}

#[test]
fn text_is_found_in_name_and_code_as_it_is_written() {
    on_every_database(|database| {
        let storage = open_filled(database);
        let find = |text: &str| {
            all(
                &storage,
                &OrganisationQuery {
                    text: Some(text.to_owned()),
                    ..any()
                },
                50,
            )
        };
        assert_eq!(
            find("rth"),
            expected(|o| o.ods_code == ods("RTH") || o.name.contains("RTH"))
        );
        assert_eq!(find(" Royal\t BERKSHIRE \0"), ["RHW"]);
        assert_eq!(find("").len(), 275);
        for nothing in ["%", "_", "\\", "r_h", "100%", "trust\nrth"] {
            assert_eq!(find(nothing), Vec::<String>::new(), "{nothing:?}");
        }
        let mut odd = an_empty_register();
        odd.organisations = vec![
            an_organisation("AAA", "50% of A_B\\C, Ünïted"),
            an_organisation("AAB", "A-B"),
        ];
        let storage = in_a_fresh_one(database, &odd);
        let find = |text: &str| {
            all(
                &storage,
                &OrganisationQuery {
                    text: Some(text.to_owned()),
                    ..any()
                },
                50,
            )
        };
        for text in ["50% OF", "a_b", "\\c", "ÜNÏTED"] {
            assert_eq!(find(text), ["AAA"], "{text:?}");
        }
    });
}

#[test]
fn a_vendor_is_found_by_its_present_systems() {
    on_every_database(|database| {
        let storage = open_filled(database);
        let find = |vendor: &str| {
            all(
                &storage,
                &OrganisationQuery {
                    vendor: Some(vendor.to_owned()),
                    ..any()
                },
                50,
            )
        };
        let systems = alongside::intake::bundled::load()
            .expect("the bundled data")
            .register
            .core_systems;
        let mut epic: Vec<_> = systems
            .iter()
            .filter(|s| s.status.is_present() && s.vendor.as_deref() == Some("Epic"))
            .map(|s| s.ods_code.to_string())
            .collect();
        epic.dedup();
        assert!(epic.len() > 3);
        assert_eq!(find("ePIC"), epic);
        assert_eq!(find("Epi"), Vec::<String>::new(), "the whole name is meant");
    });
}

#[test]
fn a_record_holds_everything_of_one_organisation() {
    on_every_database(|database| {
        let storage = open_filled(database);
        let register = storage.read_blocking(register::load).expect("a register");
        for code in ["RTH", "RBA", "R0A", "RYG", "K0N6A"].map(ods) {
            let record = storage
                .read_blocking(|c| organisations::find(c, code))
                .expect("an answer")
                .expect("a record");
            assert_eq!(record.organisation.ods_code, code);
            assert!(
                register
                    .core_systems
                    .iter()
                    .filter(|s| s.ods_code == code)
                    .eq(&record.core_systems)
            );
            assert!(
                register
                    .attributes
                    .iter()
                    .filter(|f| f.ods_code == code)
                    .eq(&record.attributes)
            );
            assert!(
                register
                    .networks
                    .iter()
                    .filter(|n| n.members.contains(&code))
                    .eq(&record.networks)
            );
            let takes_part = |s: &&alongside::domain::organisation::Succession| {
                s.predecessor == code || s.successor == code
            };
            assert!(
                register
                    .successions
                    .iter()
                    .filter(takes_part)
                    .eq(&record.successions)
            );
            let other_end = |link: &alongside::domain::link::Link| {
                let (a, b) = link.ends();
                if a == code { b } else { a }
            };
            assert!(record.links.is_sorted_by_key(other_end));
            let n_links = register
                .links
                .iter()
                .filter(|l| l.ends().0 == code || l.ends().1 == code)
                .count();
            assert_eq!(record.links.len(), n_links);
        }
        assert_eq!(
            storage
                .read_blocking(|c| organisations::find(c, ods("XXX")))
                .expect("an answer"),
            None
        );
    });
}

pub(super) fn an_organisation(code: &str, name: &str) -> Organisation {
    let register = alongside::intake::bundled::load()
        .expect("the bundled data")
        .register;
    let one = register
        .organisations
        .into_iter()
        .next()
        .expect("an organisation");
    Organisation {
        ods_code: ods(code),
        name: name.to_owned(),
        status: Status::Active,
        ..one
    }
}

pub(super) fn an_empty_register() -> Register {
    let register = alongside::intake::bundled::load()
        .expect("the bundled data")
        .register;
    Register {
        organisations: Vec::new(),
        successions: Vec::new(),
        core_systems: Vec::new(),
        attributes: Vec::new(),
        links: Vec::new(),
        networks: Vec::new(),
        ..register
    }
}

/// Empties the database and stores the register in it.
pub(super) fn in_a_fresh_one(
    database: &crate::support::database::TestDatabase,
    register: &Register,
) -> Storage {
    drop(database.open());
    alongside::storage::revert_migrations(&database.url()).expect("the way down");
    let storage = database.open();
    storage
        .write_blocking(&a_change(), |c| register::insert(c, register, &[]))
        .expect("the register is stored");
    storage
}
