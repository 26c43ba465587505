//! What good files say is stored, as the bundled loader stores it.

use alongside::app::import::{Mode, Refusals};
use alongside::domain::ids::OdsCode;
use alongside::domain::import::{ImportKind, ImportState, Severity};
use alongside::domain::link::Link;
use alongside::domain::organisation::{CareSetting, CareSettings, Organisation};
use alongside::domain::provenance::{Provenance, Voice};
use alongside::domain::register::Register;
use alongside::intake::bundled;
use alongside::storage::particulars::{self, Particular, ParticularFact};
use alongside::storage::{Storage, register};

use super::{import, import_as, order};
use crate::support::database::{TestDatabase, a_change, on_every_database};

fn ods(text: &str) -> OdsCode {
    OdsCode::new(text).unwrap()
}

fn loaded(storage: &Storage) -> Register {
    storage.read_blocking(register::load).unwrap()
}

pub(super) fn open_bundled(database: &TestDatabase) -> Storage {
    let storage = database.open();
    let bundle = bundled::load().unwrap();
    storage
        .write_blocking(&a_change(), |c| {
            register::insert(c, &bundle.register, &bundle.data_sets)
        })
        .unwrap();
    storage
}

const ORGANISATIONS: &str = include_str!("../../../src/intake/bundled/organisations.csv");

/// An organisation without what the two loaders word differently: who says so.
fn without_sources(organisation: &Organisation) -> Organisation {
    let nobody = Provenance {
        source: String::new(),
        as_of: None,
        voice: Voice::Bundled,
    };
    Organisation {
        care_settings_provenance: None,
        position_provenance: None,
        provenance: nobody,
        ..organisation.clone()
    }
}

#[test]
fn the_bundled_files_import_into_an_empty_database_as_the_bundled_loader_reads_them() {
    on_every_database(|database| {
        let storage = database.open();
        let done = |kind, text: &str| {
            let report = import(&storage, kind, text.as_bytes());
            assert_eq!(
                (report.state, report.counts.refused),
                (ImportState::Done, 0),
                "{kind}: {:?}",
                report.remarks.first()
            );
        };
        done(ImportKind::Organisations, ORGANISATIONS);
        done(
            ImportKind::Successions,
            include_str!("../../../src/intake/bundled/mergers.csv"),
        );
        done(
            ImportKind::Links,
            include_str!("../../../src/intake/bundled/relationships.csv"),
        );
        done(
            ImportKind::Memberships,
            include_str!("../../../src/intake/bundled/memberships.csv"),
        );
        done(
            ImportKind::Attributes,
            include_str!("../../../src/intake/bundled/digital_maturity.csv"),
        );
        // Systems of closed organisations are refused by name, where the bundled loader leaves them out.
        let systems = include_str!("../../../src/intake/bundled/systems.csv");
        let partial = super::Order {
            refusals: Refusals::TakeTheRest,
            ..order(ImportKind::Systems)
        };
        let report = import_as(&storage, partial, systems.as_bytes());
        assert!(
            report
                .remarks
                .iter()
                .all(|remark| remark.reason.contains("is closed")),
            "{:?}",
            report.remarks
        );

        let (ours, theirs) = (loaded(&storage), bundled::load().unwrap().register);
        let bare = |register: &Register| {
            register
                .organisations
                .iter()
                .map(without_sources)
                .collect::<Vec<_>>()
        };
        assert_eq!(bare(&ours), bare(&theirs));
        let systems = |register: &Register| {
            let mut all: Vec<String> = register
                .core_systems
                .iter()
                .map(|s| {
                    format!(
                        "{} {} {:?} {:?} {} {:?} {:?} {:?}",
                        s.ods_code,
                        s.module,
                        s.vendor,
                        s.product,
                        s.status,
                        s.live,
                        s.ended,
                        s.provenance.as_of
                    )
                })
                .collect();
            all.sort();
            all
        };
        assert_eq!(systems(&ours), systems(&theirs));
        let links = |register: &Register| {
            register
                .links
                .iter()
                .map(|l: &Link| (l.ends(), l.kind(), l.started(), l.ended(), l.note.clone()))
                .collect::<Vec<_>>()
        };
        assert_eq!(links(&ours).len(), links(&theirs).len());
        for link in links(&theirs) {
            assert!(links(&ours).contains(&link), "{link:?}");
        }
        let networks = |register: &Register| {
            register
                .networks
                .iter()
                .map(|n| {
                    (
                        n.slug.clone(),
                        n.kind,
                        n.name.clone(),
                        n.ended,
                        n.members.clone(),
                    )
                })
                .collect::<Vec<_>>()
        };
        assert_eq!(networks(&ours), networks(&theirs));
        let successions = |register: &Register| {
            register
                .successions
                .iter()
                .map(|s| (s.predecessor, s.successor, s.date, s.kind))
                .collect::<Vec<_>>()
        };
        assert_eq!(successions(&ours), successions(&theirs));
        let maturity = |register: &Register| {
            let of = register
                .attributes
                .iter()
                .filter(|a| a.value.setting().is_some());
            of.map(|a| (a.ods_code, a.value)).collect::<Vec<_>>()
        };
        assert_eq!(maturity(&ours), maturity(&theirs));

        let again = import(
            &storage,
            ImportKind::Organisations,
            ORGANISATIONS.as_bytes(),
        );
        assert_eq!(
            (again.counts.unchanged, again.revision),
            (275, None),
            "what is so already is no change"
        );
    });
}

#[test]
fn every_sample_imports() {
    on_every_database(|database| {
        let storage = database.open();
        for (kind, bytes, n_added) in [
            (ImportKind::OdsEtr, &include_bytes!("samples/etr_2021_raw_excerpt.csv")[..], 7),
            (ImportKind::OdsEtr, include_bytes!("samples/etr_2026-07_raw_excerpt.csv"), 0),
            (ImportKind::OdsOrd, include_bytes!("samples/ods_ord_2-0-0_organisation_RWR.json"), 1),
            (ImportKind::OdsOrd, include_bytes!("samples/ods_ord_2-0-0_search_item_RWR.json"), 0),
            (ImportKind::Fhir, include_bytes!("samples/fhir_r4_organization_RR8.json"), 0),
            (ImportKind::Fhir, include_bytes!("samples/fhir_r4_eps_organization_RBA.json"), 1),
            (ImportKind::Fhir, include_bytes!("samples/fhir_r4_organization_search_bundle.json"), 2),
            (ImportKind::Organisations, b"ods_code,name,icb_code,icb_name\nFDC49,A PRACTICE,QXX,ANOTHER BOARD\nRWR,X,QF7,SOUTH YORKSHIRE\n", 1),
            (ImportKind::Fhir, include_bytes!("samples/fhir_r4_organizationaffiliation_search_bundle.json"), 0),
        ] {
            let report = import(&storage, kind, bytes);
            assert_eq!((report.state, report.counts.added), (ImportState::Done, n_added), "{kind}: {:?}", report.remarks);
        }
        let register = loaded(&storage);
        let one = |code| {
            register
                .organisations
                .iter()
                .find(|o| o.ods_code == ods(code))
                .unwrap()
        };
        assert_eq!(
            one("RC1").status.as_str(),
            "closed",
            "the file of 2026 carries the closure"
        );
        assert_eq!(one("RC1").icb.as_ref().unwrap().code.as_str(), "S1Y5D");
        assert_eq!(
            one("FDC49").icb.as_ref().unwrap().code.as_str(),
            "QF7",
            "where it is today"
        );
        assert_eq!(one("AQN").opened.unwrap().to_string(), "2015-04-01");
    });
}

#[test]
fn codes_that_spreadsheets_mangle_survive() {
    let database = TestDatabase::sqlite();
    let storage = database.open();
    let report = import(
        &storage,
        ImportKind::Organisations,
        "\u{feff}NAME,ods_code\nA,5E1\nB,00T\nC,1MAR\nD,007\n".as_bytes(),
    );
    assert_eq!(report.counts.added, 4, "{:?}", report.remarks);
    for code in ["5E1", "00T", "1MAR", "007"] {
        assert!(
            loaded(&storage)
                .organisations
                .iter()
                .any(|o| o.ods_code == ods(code)),
            "{code}"
        );
    }
}

#[test]
fn a_dry_run_says_the_same_and_changes_nothing() {
    on_every_database(|database| {
        let storage = open_bundled(database);
        let before = loaded(&storage);
        for (kind, text) in [
            (
                ImportKind::Organisations,
                "ods_code,name\nRTH,OXFORD\nZZZ9,NEW\n",
            ),
            (
                ImportKind::Topics,
                "ods_code,topic,need\nRTH,hepma,wanted\nRHW,hepma,urgent\n",
            ),
        ] {
            let dry = super::Order {
                mode: Mode::DryRun,
                ..order(kind)
            };
            let told = import_as(&storage, dry, text.as_bytes());
            assert!(
                loaded(&storage) == before && told.revision.is_none(),
                "{kind}"
            );
            assert_eq!(told.counts.added + told.counts.changed, 2, "{kind}");
        }
    });
}

#[test]
fn all_rows_are_taken_or_none_unless_partial() {
    on_every_database(|database| {
        let storage = open_bundled(database);
        let text = "ods_code,topic,need\nRTH,hepma,wanted\nZZZ,hepma,wanted\n";
        let report = import(&storage, ImportKind::Topics, text.as_bytes());
        assert_eq!(
            (report.state, report.counts.refused),
            (ImportState::Refused, 1)
        );
        assert!(loaded(&storage).topic_interests.is_empty());
        let partial = super::Order {
            refusals: Refusals::TakeTheRest,
            ..order(ImportKind::Topics)
        };
        let report = import_as(&storage, partial, text.as_bytes());
        assert_eq!(
            (report.state, report.counts.added, report.counts.refused),
            (ImportState::Done, 1, 1)
        );
        assert_eq!(loaded(&storage).topic_interests.len(), 1);
    });
}

#[test]
fn a_sites_own_word_stays_and_empty_cells_say_nothing() {
    on_every_database(|database| {
        let storage = open_bundled(database);
        let word = ParticularFact {
            value: Particular::CareSettings(CareSettings::default().with(CareSetting::Ambulance)),
            provenance: Provenance {
                source: "the site's own word".to_owned(),
                as_of: None,
                voice: Voice::Site,
            },
        };
        let at = a_change().at;
        storage
            .write_blocking(&a_change(), |c| {
                particulars::state(c, ods("RTH"), &word, at)
            })
            .unwrap();
        let before = loaded(&storage);
        let report = import(
            &storage,
            ImportKind::Organisations,
            b"ods_code,name,care_setting\nRTH,RENAMED,community\nRHW,,\n",
        );
        assert_eq!(
            (
                report.counts.kept,
                report.counts.changed,
                report.counts.unchanged
            ),
            (1, 1, 1)
        );
        assert_eq!(report.remarks[0].severity, Severity::Kept);
        let after = loaded(&storage);
        let one = |register: &Register, code| {
            register
                .organisations
                .iter()
                .find(|o| o.ods_code == ods(code))
                .unwrap()
                .clone()
        };
        assert!(
            one(&after, "RTH")
                .care_settings
                .contains(CareSetting::Ambulance)
        );
        assert_eq!(one(&after, "RTH").name, "RENAMED");
        assert_eq!(one(&after, "RHW"), one(&before, "RHW"));
    });
}

#[test]
fn a_sites_file_is_of_itself_alone_and_others_and_made_up_ones_are_refused_alike() {
    let database = TestDatabase::sqlite();
    let storage = open_bundled(&database);
    let own = super::Order {
        site: Some(ods("RTH")),
        ..order(ImportKind::Topics)
    };
    let refusals = |code: &str| {
        let text = format!("ods_code,topic,need\n{code},hepma,wanted\n");
        import_as(&storage, own, text.as_bytes()).remarks
    };
    assert!(refusals("RTH").is_empty());
    assert_eq!(refusals("RHW"), refusals("ZZZ"));
    assert_eq!(refusals("RHW").len(), 1);
}

#[test]
fn every_organisation_that_a_file_changes_has_its_audit_row() {
    on_every_database(|database| {
        let storage = open_bundled(database);
        import(
            &storage,
            ImportKind::Organisations,
            b"ods_code,name\nRTH,OXFORD\nZZZ9,NEW\nRHW,READING\n",
        );
        let rows = database.texts("SELECT subject_id || ' ' || (CASE WHEN value_before IS NULL THEN 'new' ELSE 'was' END) AS text FROM audit WHERE action = 'import_organisations' ORDER BY subject_id");
        assert_eq!(rows, ["RHW was", "RTH was", "ZZZ9 new"]);
    });
}

/// The bar of the issue, with a tenth of the rows, since tests run without optimisation.
#[test]
fn ten_thousand_organisations_import_at_once() {
    on_every_database(|database| {
        let storage = database.open();
        let mut text =
            "ods_code,name,status,opened,care_setting,latitude,longitude,icb_code\n".to_owned();
        for n in 0..10_000 {
            text += &format!(
                "Z{n:05},ORGANISATION {n},active,2001-04-01,acute;community,5{}.{n:05},-1.{n:05},QU{}\n",
                n % 5,
                n % 10
            );
        }
        let report = import(&storage, ImportKind::Organisations, text.as_bytes());
        assert!(
            report.counts.added == 10_000 || report.counts.refused > 0,
            "{:?}",
            report.counts
        );
        assert_eq!(report.counts.refused, 0, "{:?}", report.remarks.first());
    });
}
