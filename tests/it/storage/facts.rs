//! Whose word holds: the site's over an import's over open data, and what comes back when the site withdraws its own.

use std::sync::atomic::{AtomicU64, Ordering};

use alongside::domain::core_system::{CoreSystem, Module, SystemStatus};
use alongside::domain::error::{Error, Result};
use alongside::domain::ids::Revision;
use alongside::domain::organisation::{CareSetting, CareSettings, Position};
use alongside::domain::profile::{Attribute, AttributeFact, AttributeValue, Visibility};
use alongside::domain::programme::Weights;
use alongside::domain::provenance::{Provenance, Voice};
use alongside::domain::register::Register;
use alongside::domain::version::{Expected, ProfilePart, Version};
use alongside::storage::attributes::AttributeKey;
use alongside::storage::facts::Stated;
use alongside::storage::particulars::{Particular, ParticularFact};
use alongside::storage::{
    Connection, Outcome, Storage, attributes, core_systems, facts, particulars, register, revision,
    versions, visibility, weights,
};
use chrono::{DateTime, Utc};

use super::{ods, open_filled};
use crate::support::database::{TestDatabase, a_change, on_every_database};

fn at() -> DateTime<Utc> {
    a_change().at
}

fn by(voice: Voice) -> Provenance {
    Provenance {
        source: format!("said by {voice}"),
        as_of: Some("2026-11".parse().unwrap()),
        voice,
    }
}

fn system(vendor: &str, voice: Voice) -> CoreSystem {
    CoreSystem {
        ods_code: ods("RTH"),
        module: Module::Epr,
        vendor: Some(vendor.to_owned()),
        product: Some("A product".to_owned()),
        version: None,
        status: SystemStatus::InUse,
        live: Some("2020".parse().unwrap()),
        ended: None,
        provenance: by(voice),
    }
}

fn write<T>(storage: &Storage, work: impl FnOnce(&mut Connection) -> Result<T>) -> T {
    storage.write_blocking(&a_change(), work).unwrap().0
}

fn read<T>(storage: &Storage, work: impl FnOnce(&mut Connection) -> Result<T>) -> T {
    storage.read_blocking(work).unwrap()
}

/// States RTH's electronic patient record.
fn state_epr(storage: &Storage, vendor: &str, voice: Voice) -> Stated {
    let systems = [system(vendor, voice)];
    write(storage, |c| {
        core_systems::state(c, ods("RTH"), Module::Epr, &systems, voice, at())
    })
}

fn withdraw_epr(storage: &Storage) {
    write(storage, |c| {
        core_systems::withdraw(c, ods("RTH"), Module::Epr, &Expected::Any, at())
    });
}

/// Who supplies RTH's electronic patient record, by whose word, and whose words stand beneath it.
fn epr(storage: &Storage) -> (Option<(Voice, Option<String>)>, Vec<Voice>) {
    let (_, modules) = read(storage, |c| core_systems::of(c, ods("RTH")));
    let record = modules
        .into_iter()
        .find(|r| r.module == Module::Epr)
        .unwrap();
    let held = record
        .held
        .map(|(voice, systems)| (voice, systems[0].vendor.clone()));
    (held, record.displaced.iter().map(|d| d.voice).collect())
}

fn is(voice: Voice, vendor: &str) -> Option<(Voice, Option<String>)> {
    Some((voice, Some(vendor.to_owned())))
}

/// The register as it scores, whatever its revision.
fn scored(storage: &Storage) -> Register {
    let mut register = read(storage, register::load);
    register.revision = Revision(0);
    register
}

#[test]
fn a_site_that_withdraws_its_word_leaves_all_as_it_was() {
    on_every_database(|database| {
        let storage = open_filled(database);
        let before = scored(&storage);
        assert_eq!(state_epr(&storage, "Epic", Voice::Site), Stated::Changed);
        assert_eq!(
            epr(&storage),
            (is(Voice::Site, "Epic"), vec![Voice::Bundled])
        );
        assert_ne!(scored(&storage), before);
        withdraw_epr(&storage);
        assert_eq!(scored(&storage), before);
    });
}

#[test]
fn an_import_is_kept_beneath_the_word_of_the_site_and_comes_back() {
    on_every_database(|database| {
        let storage = open_filled(database);
        state_epr(&storage, "Epic", Voice::Site);
        assert_eq!(state_epr(&storage, "TPP", Voice::Import), Stated::Kept);
        assert_eq!(state_epr(&storage, "Civica", Voice::Import), Stated::Kept);
        assert_eq!(
            epr(&storage),
            (is(Voice::Site, "Epic"), vec![Voice::Bundled, Voice::Import])
        );
        withdraw_epr(&storage);
        assert_eq!(
            epr(&storage),
            (is(Voice::Import, "Civica"), vec![Voice::Bundled])
        );
    });
}

#[test]
fn a_file_that_is_imported_again_changes_nothing() {
    on_every_database(|database| {
        let storage = open_filled(database);
        assert_eq!(state_epr(&storage, "TPP", Voice::Import), Stated::Changed);
        assert_eq!(state_epr(&storage, "TPP", Voice::Import), Stated::Unchanged);
        state_epr(&storage, "Epic", Voice::Site);
        assert_eq!(state_epr(&storage, "TPP", Voice::Import), Stated::Kept);
        let past = read(&storage, |c| facts::history(c, ods("RTH"), &[], None, 10));
        assert_eq!(past.len(), 2, "{past:?}");
    });
}

#[test]
fn what_nobody_spoke_of_is_gone_when_the_site_withdraws_its_word() {
    on_every_database(|database| {
        let storage = open_filled(database);
        let before = scored(&storage);
        let systems = [
            system("A vendor", Voice::Site),
            system("Another", Voice::Site),
        ];
        let stated = write(&storage, |c| {
            core_systems::state(c, ods("RTH"), Module::Other, &systems, Voice::Site, at())
        });
        assert_eq!(stated, Stated::Added);
        write(&storage, |c| {
            core_systems::withdraw(c, ods("RTH"), Module::Other, &Expected::Any, at())
        });
        assert_eq!(scored(&storage), before);
    });
}

#[test]
fn who_said_nothing_has_nothing_to_withdraw() {
    on_every_database(|database| {
        let storage = open_filled(database);
        state_epr(&storage, "TPP", Voice::Import);
        let refused = storage.write_blocking(&a_change(), |c| {
            core_systems::withdraw(c, ods("RTH"), Module::Epr, &Expected::Any, at())
        });
        assert!(matches!(refused, Err(Error::Missing { .. })), "{refused:?}");
        assert_eq!(epr(&storage).0, is(Voice::Import, "TPP"));
    });
}

fn staff(number: f64, voice: Voice) -> AttributeFact {
    AttributeFact {
        ods_code: ods("RTH"),
        value: AttributeValue::new(Attribute::StaffFte, number, None).unwrap(),
        provenance: by(voice),
    }
}

#[test]
fn an_attribute_follows_the_same_rule() {
    on_every_database(|database| {
        let storage = open_filled(database);
        let before = scored(&storage);
        let state = |number, voice| {
            write(&storage, |c| {
                attributes::state(c, &staff(number, voice), at())
            })
        };
        assert_eq!(state(13_500.0, Voice::Site), Stated::Changed);
        assert_eq!(state(13_500.0, Voice::Site), Stated::Unchanged);
        assert_eq!(state(9.0, Voice::Import), Stated::Kept);
        let key = AttributeKey {
            attribute: Attribute::StaffFte,
            setting: None,
        };
        let withdraw = || {
            write(&storage, |c| {
                attributes::withdraw(c, ods("RTH"), key, &Expected::Any, at())
            })
        };
        withdraw();
        let (_, records) = read(&storage, |c| attributes::of(c, ods("RTH")));
        let record = records
            .iter()
            .find(|record| record.fact.value.attribute() == Attribute::StaffFte)
            .unwrap();
        assert_eq!(record.fact, staff(9.0, Voice::Import));
        assert_eq!(record.displaced.len(), 1);
        assert_eq!(record.displaced[0].fact.provenance.voice, Voice::Bundled);
        assert_ne!(scored(&storage), before, "the import holds now");
    });
}

#[test]
fn a_score_for_one_care_setting_leaves_the_others_alone() {
    on_every_database(|database| {
        let storage = open_filled(database);
        let maturity = |setting| AttributeFact {
            ods_code: ods("RTH"),
            value: AttributeValue::new(Attribute::DigitalMaturity, 4.5, Some(setting)).unwrap(),
            provenance: by(Voice::Site),
        };
        let before = scored(&storage).attributes.len();
        write(&storage, |c| {
            attributes::state(c, &maturity(CareSetting::Acute), at())?;
            attributes::state(c, &maturity(CareSetting::Ambulance), at())
        });
        assert_eq!(scored(&storage).attributes.len(), before + 1);
    });
}

fn settings(settings: &[CareSetting]) -> Particular {
    Particular::CareSettings(settings.iter().copied().collect::<CareSettings>())
}

fn particular(value: Particular, voice: Voice) -> ParticularFact {
    ParticularFact {
        value,
        provenance: by(voice),
    }
}

#[test]
fn care_settings_and_position_are_two_facts() {
    on_every_database(|database| {
        let storage = open_filled(database);
        let before = scored(&storage);
        let place = Particular::Position(Position::new(50.0, -1.0).unwrap());
        let said = [particular(place, Voice::Site)];
        write(&storage, |c| {
            particulars::change(c, ods("RTH"), &said, &Expected::Any, at())
        });
        let (version, now) = read(&storage, |c| particulars::of(c, ods("RTH")));
        assert_eq!(version, Version(1));
        assert_eq!(now.position, Some(said[0].clone()));
        assert_eq!(
            now.care_settings.map(|fact| fact.provenance.voice),
            Some(Voice::Bundled)
        );
        assert_eq!(now.displaced.len(), 1);
        // What the next word leaves out is withdrawn.
        let said = [particular(settings(&[CareSetting::Community]), Voice::Site)];
        write(&storage, |c| {
            particulars::change(c, ods("RTH"), &said, &Expected::Any, at())
        });
        let (_, now) = read(&storage, |c| particulars::of(c, ods("RTH")));
        assert_eq!(
            now.position.map(|fact| fact.provenance.voice),
            Some(Voice::Bundled)
        );
        assert_eq!(now.care_settings, Some(said[0].clone()));
        write(&storage, |c| {
            particulars::withdraw(c, ods("RTH"), &Expected::Any, at())
        });
        assert_eq!(scored(&storage), before);
    });
}

#[test]
fn a_site_of_which_nothing_is_recorded_can_say_what_care_it_gives() {
    on_every_database(|database| {
        let storage = open_filled(database);
        let before = scored(&storage);
        let fact = particular(settings(&[CareSetting::Acute]), Voice::Import);
        let stated = write(&storage, |c| {
            particulars::state(c, ods("K0N6A"), &fact, at())
        });
        assert_eq!(stated, Stated::Added);
        let own = particular(settings(&[CareSetting::Community]), Voice::Site);
        let stated = write(&storage, |c| {
            particulars::state(c, ods("K0N6A"), &own, at())
        });
        assert_eq!(stated, Stated::Changed);
        write(&storage, |c| {
            particulars::withdraw(c, ods("K0N6A"), &Expected::Any, at())
        });
        let (_, now) = read(&storage, |c| particulars::of(c, ods("K0N6A")));
        assert_eq!(now.care_settings, Some(fact));
        assert_ne!(scored(&storage), before);
    });
}

#[test]
fn the_audit_tells_what_the_answers_on_the_ethos_were_and_are() {
    on_every_database(|database| {
        let storage = open_filled(database);
        let answer = |attribute, number| AttributeFact {
            ods_code: ods("RTH"),
            value: AttributeValue::new(attribute, number, None).unwrap(),
            provenance: by(Voice::Site),
        };
        let change = |answers: &[AttributeFact]| {
            write(&storage, |c| {
                attributes::change_ethos(c, ods("RTH"), answers, &Expected::Any, at())
            })
        };
        change(&[
            answer(Attribute::EthosPace, 2.0),
            answer(Attribute::EthosSharing, 5.0),
        ]);
        let changed = change(&[answer(Attribute::EthosPace, 3.0)]);
        assert_eq!(changed, Outcome::Changed(Version(2)));
        let (_, answers) = read(&storage, |c| attributes::ethos_of(c, ods("RTH")));
        assert_eq!(answers, [answer(Attribute::EthosPace, 3.0)]);
        let audited = audited(database, "ethos");
        assert_eq!(
            audited,
            [
                r#"{} {"ethos_pace":2.0,"ethos_sharing":5.0}"#,
                r#"{"ethos_pace":2.0,"ethos_sharing":5.0} {"ethos_pace":3.0}"#,
            ]
        );
    });
}

/// What the audit says of the changes of one kind.
fn audited(database: &TestDatabase, kind: &str) -> Vec<String> {
    database.texts(&format!(
        "SELECT coalesce(value_before, '') || ' ' || coalesce(value_after, '') AS text FROM audit \
         WHERE subject_kind = '{kind}' ORDER BY sequence"
    ))
}

#[test]
fn saved_weights_are_loaded_as_given_and_forgotten() {
    on_every_database(|database| {
        let storage = open_filled(database);
        let given = Weights::new([3.0, 1.0, 0.0, 0.5, 0.0, 0.0]).unwrap();
        let change = |weights| {
            storage.write_outcome_blocking(&a_change(), |c| {
                weights::change(c, ods("RTH"), weights, &Expected::Any)
            })
        };
        assert!(change(Some(given)).unwrap().1.is_some());
        assert!(change(Some(given)).unwrap().1.is_none(), "nothing changed");
        assert_eq!(scored(&storage).saved_weights, [(ods("RTH"), given)]);
        change(None).unwrap();
        assert!(scored(&storage).saved_weights.is_empty());
        assert!(matches!(change(None), Err(Error::Missing { .. })));
        let audited = audited(database, "weights");
        let text = r#"{"care_setting":0.0,"core_system":3.0,"culture":0.5,"geography":1.0,"learning":0.0,"prior_relationships":0.0}"#;
        assert_eq!(audited, [format!(" {text}"), format!("{text} ")]);
    });
}

#[test]
fn everything_is_shown_unless_the_site_says_otherwise() {
    on_every_database(|database| {
        let storage = open_filled(database);
        let shows = |code| read(&storage, |c| visibility::of(c, ods(code)));
        assert_eq!(shows("RTH"), Visibility::default());
        let hidden = Visibility {
            expertise: false,
            evidence: true,
        };
        for shown in [hidden, Visibility::default(), hidden] {
            write(&storage, |c| {
                visibility::change(c, ods("RTH"), shown, &Expected::Any)
            });
            assert_eq!(shows("RTH"), shown);
        }
        let all = read(&storage, visibility::all);
        assert_eq!(all.into_iter().collect::<Vec<_>>(), [(ods("RTH"), hidden)]);
        assert_eq!(shows("RHW"), Visibility::default());
    });
}

#[test]
fn an_organisation_that_does_not_exist_says_nothing() {
    on_every_database(|database| {
        let storage = open_filled(database);
        let systems = [system("Epic", Voice::Site)];
        let refused = storage.write_blocking(&a_change(), |c| {
            core_systems::change(c, ods("ZZZ"), Module::Epr, &systems, &Expected::Any, at())
        });
        assert!(matches!(refused, Err(Error::OrganisationNotFound(_))));
    });
}

#[test]
fn a_change_from_another_version_is_refused_and_leaves_nothing() {
    on_every_database(|database| {
        let storage = open_filled(database);
        let before = read(&storage, revision::current);
        let systems = [system("Epic", Voice::Site)];
        let refused = storage.write_blocking(&a_change(), |c| {
            let stale = Expected::OneOf(vec![Version(1)]);
            core_systems::change(c, ods("RTH"), Module::Epr, &systems, &stale, at())
        });
        assert!(matches!(refused, Err(Error::Stale)), "{refused:?}");
        assert_eq!(read(&storage, revision::current), before);
        assert_eq!(epr(&storage).1, Vec::new());
    });
}

#[test]
fn of_a_thousand_racing_changes_each_success_is_one_version() {
    const N_CHANGES: u64 = 1_000;
    const N_THREADS: u64 = 8;
    on_every_database(|database| {
        let storage = open_filled(database);
        let before = read(&storage, revision::current);
        let number = AtomicU64::new(0);
        let n_made: u64 = std::thread::scope(|scope| {
            let racers: Vec<_> = (0..N_THREADS)
                .map(|_| scope.spawn(|| race(&storage, &number, N_CHANGES)))
                .collect();
            racers.into_iter().map(|racer| racer.join().unwrap()).sum()
        });
        let part = ProfilePart::CoreSystems;
        let version = read(&storage, |c| versions::of(c, ods("RTH"), part));
        assert_eq!(version, Version(n_made));
        assert!(
            (1..N_CHANGES).contains(&n_made),
            "{n_made} of them were made"
        );
        assert_eq!(
            read(&storage, revision::current),
            Revision(before.0 + n_made)
        );
        let n_audited = audited(database, "core_systems").len();
        assert_eq!(n_audited.to_string(), n_made.to_string());
        let past = read(&storage, |c| {
            facts::history(c, ods("RTH"), &[], None, 2_000)
        });
        assert_eq!(past.len().to_string(), n_made.to_string());
    });
}

/// Changes what it has just read, until all are tried; returns how many changes were made.
fn race(storage: &Storage, number: &AtomicU64, n_changes: u64) -> u64 {
    let mut n_made = 0;
    loop {
        let mine = number.fetch_add(1, Ordering::Relaxed);
        if mine >= n_changes {
            return n_made;
        }
        let part = ProfilePart::CoreSystems;
        let seen = read(storage, |c| versions::of(c, ods("RTH"), part));
        let systems = [system(&format!("Vendor {mine}"), Voice::Site)];
        let made = storage.write_outcome_blocking(&a_change(), |c| {
            let expected = Expected::OneOf(vec![seen]);
            core_systems::change(c, ods("RTH"), Module::Epr, &systems, &expected, at())
        });
        match made {
            Ok((_, Some(_))) => n_made += 1,
            Err(Error::Stale) => {}
            other => panic!("{other:?}"),
        }
    }
}
