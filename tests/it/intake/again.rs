//! Files that meet what is recorded already: whose word stays, what counts as a change, and what the history and the audit say.

use alongside::app::import::{Mode, Order, Report};
use alongside::domain::ids::{OdsCode, Slug};
use alongside::domain::import::{ImportKind, ImportState};
use alongside::domain::link::{Link, LinkRecord, LinkStanding, Membership, Network, NetworkKind};
use alongside::domain::organisation::{CareSetting, CareSettings};
use alongside::domain::profile::{TopicInterest, TopicNeed};
use alongside::domain::provenance::{Provenance, Voice};
use alongside::domain::version::Expected;
use alongside::intake::bundled;
use alongside::storage::links::{self, Answer};
use alongside::storage::particulars::{self, Particular, ParticularFact};
use alongside::storage::{Connection, Outcome, Storage, facts, networks, register, topics};

use super::importing::open_bundled;
use super::{import, import_as, order};
use crate::support::database::{a_change, on_every_database};
use crate::support::service::{As, TestService};

fn ods(text: &str) -> OdsCode {
    OdsCode::new(text).unwrap()
}

fn write<T>(
    storage: &Storage,
    work: impl FnOnce(&mut Connection) -> alongside::domain::error::Result<T>,
) -> T {
    storage.write_blocking(&a_change(), work).unwrap().0
}

fn links_of(storage: &Storage, code: &str) -> Vec<LinkRecord> {
    storage
        .read_blocking(|c| links::page(c, ods(code), None, 200))
        .unwrap()
        .0
}

/// Imports a site's own file.
fn import_of(storage: &Storage, site: &str, kind: ImportKind, text: &str) -> Report {
    let own = Order {
        site: Some(ods(site)),
        ..order(kind)
    };
    import_as(storage, own, text.as_bytes())
}

const LINK: &str = "a_ods,b_ods,kind,since,note\nRTH,RHW,joint_programme,2020,";

fn declared(storage: &Storage) -> LinkRecord {
    links_of(storage, "RTH")
        .into_iter()
        .find(|record| record.link.declared_by == Some(ods("RTH")))
        .unwrap()
}

#[test]
fn a_sites_file_leaves_published_links_as_they_are() {
    on_every_database(|database| {
        let storage = open_bundled(database);
        let bundle = bundled::load().unwrap();
        let link = &bundle.register.links[0];
        let site = link.ends().0;
        let before = links_of(&storage, site.as_str());
        let since = link.started().map(|date| date.to_string());
        let text = format!(
            "a_ods,b_ods,kind,since,note\n{},{},{},{},rewritten\n",
            link.ends().0,
            link.ends().1,
            link.kind(),
            since.unwrap_or_default()
        );
        let report = import_of(&storage, site.as_str(), ImportKind::Links, &text);
        assert_eq!((report.counts.kept, report.revision), (1, None));
        assert_eq!(
            report.remarks[0].reason,
            "another's word, which stays; confirm or dispute it"
        );
        assert_eq!(links_of(&storage, site.as_str()), before);
    });
}

#[test]
fn a_sites_file_leaves_what_the_other_side_declared_as_it_is() {
    on_every_database(|database| {
        let storage = open_bundled(database);
        import_of(&storage, "RTH", ImportKind::Links, &format!("{LINK}ours\n"));
        let before = links_of(&storage, "RTH");
        let report = import_of(
            &storage,
            "RHW",
            ImportKind::Links,
            &format!("{LINK}theirs\n"),
        );
        assert_eq!((report.counts.kept, report.revision), (1, None));
        assert_eq!(links_of(&storage, "RTH"), before);
    });
}

#[test]
fn a_confirmed_link_that_its_declarer_imports_otherwise_is_declared_again_and_keeps_its_evidence() {
    on_every_database(|database| {
        let storage = open_bundled(database);
        import_of(&storage, "RTH", ImportKind::Links, &format!("{LINK}ours\n"));
        let id = declared(&storage).id;
        write(&storage, |c| {
            let with_evidence = |before: &LinkRecord| {
                let mut link = before.link.clone();
                link.evidence = Some("https://example.org".to_owned());
                Ok(link)
            };
            links::change(
                c,
                (ods("RTH"), &id),
                with_evidence,
                &Expected::Any,
                a_change().at,
            )
        });
        let confirmed = write(&storage, |c| {
            links::answer(
                c,
                (ods("RHW"), &id),
                Answer::Confirm,
                &Expected::Any,
                a_change().at,
            )
        });
        assert!(matches!(confirmed, Outcome::Changed(_)));
        assert_eq!(declared(&storage).link.standing, LinkStanding::Confirmed);
        let report = import_of(
            &storage,
            "RTH",
            ImportKind::Links,
            &format!("{LINK}otherwise\n"),
        );
        assert_eq!(report.counts.changed, 1, "{:?}", report.remarks);
        let after = declared(&storage).link;
        assert_eq!(after.standing, LinkStanding::Declared);
        assert_eq!(after.evidence.as_deref(), Some("https://example.org"));
    });
}

#[test]
fn a_file_that_is_imported_again_leaves_a_link_that_its_site_corrected() {
    on_every_database(|database| {
        let storage = open_bundled(database);
        let text = format!("{LINK}ours\n");
        import_of(&storage, "RTH", ImportKind::Links, &text);
        let id = declared(&storage).id;
        write(&storage, |c| {
            let corrected = |before: &LinkRecord| {
                let mut provenance = before.link.provenance.clone();
                provenance.voice = Voice::Site;
                let (ends, kind) = (before.link.ends(), before.link.kind());
                let started = "2021".parse().ok();
                Ok(Link::published(ends, kind, started, None, provenance).unwrap())
            };
            links::change(
                c,
                (ods("RTH"), &id),
                corrected,
                &Expected::Any,
                a_change().at,
            )
        });
        let before = links_of(&storage, "RTH");
        let report = import_of(&storage, "RTH", ImportKind::Links, &text);
        assert_eq!(
            (report.state, report.counts.kept),
            (ImportState::Done, 1),
            "{:?}",
            report.remarks
        );
        assert_eq!(links_of(&storage, "RTH"), before);
    });
}

#[test]
fn two_rows_that_differ_in_their_notes_alone_are_one_link_said_twice() {
    on_every_database(|database| {
        let storage = open_bundled(database);
        let text = format!("{LINK}one\nRHW,RTH,joint_programme,2020,another\n");
        let report = import_of(&storage, "RTH", ImportKind::Links, &text);
        assert_eq!(
            (report.state, report.counts.refused),
            (ImportState::Refused, 1),
            "{:?}",
            report.counts
        );
    });
}

#[test]
fn the_care_settings_that_an_import_displaces_are_kept_as_they_were() {
    on_every_database(|database| {
        let storage = open_bundled(database);
        import(
            &storage,
            ImportKind::Organisations,
            b"ods_code,care_setting\nRTH,ambulance\n",
        );
        let past = storage
            .read_blocking(|c| facts::history(c, ods("RTH"), &[], None, 10))
            .unwrap();
        let [settings] = past.as_slice() else {
            panic!("{past:?}");
        };
        let fact = settings.fact.to_string();
        assert!(
            fact.contains("acute") && !fact.contains("ambulance"),
            "{fact}"
        );
    });
}

#[test]
fn a_word_that_stands_beneath_the_sites_own_already_is_no_change() {
    on_every_database(|database| {
        let storage = open_bundled(database);
        write(&storage, |c| {
            let provenance = Provenance {
                source: "the site's own word".to_owned(),
                as_of: None,
                voice: Voice::Site,
            };
            let topic = TopicInterest {
                ods_code: ods("RTH"),
                topic: Slug::new("hepma").unwrap(),
                need: Some(TopicNeed::Urgent),
                stage: None,
                live_since: None,
                provenance: provenance.clone(),
            };
            topics::state(c, &topic, a_change().at)?;
            let settings = ParticularFact {
                value: Particular::CareSettings(
                    CareSettings::default().with(CareSetting::Ambulance),
                ),
                provenance: provenance.clone(),
            };
            particulars::state(c, ods("RTH"), &settings, a_change().at)?;
            let alliance = Slug::new("cancer-alliance-n89").unwrap();
            let on = "2026-11".parse().unwrap();
            networks::leave(c, (ods("RTH"), &alliance), on, provenance, a_change().at)
        });
        for (kind, text) in [
            (
                ImportKind::Topics,
                "ods_code,topic,need\nRTH,hepma,wanted\n",
            ),
            (
                ImportKind::Memberships,
                "ods_code,group_kind,group_code\nRTH,cancer_alliance,N89\n",
            ),
            (
                ImportKind::Organisations,
                "ods_code,care_setting\nRTH,community\n",
            ),
        ] {
            let first = import(&storage, kind, text.as_bytes());
            assert!(first.revision.is_some(), "{kind}: {:?}", first.remarks);
            let past = || {
                storage
                    .read_blocking(|c| facts::history(c, ods("RTH"), &[], None, 50))
                    .unwrap()
            };
            let before = past();
            let again = import(&storage, kind, text.as_bytes());
            assert_eq!((again.counts.kept, again.revision), (1, None), "{kind}");
            assert_eq!(past(), before, "{kind}");
        }
    });
}

#[test]
fn imports_say_in_the_audit_what_was_under_the_ids_of_the_interface() {
    on_every_database(|database| {
        let storage = open_bundled(database);
        for need in ["wanted", "urgent"] {
            let text = format!("ods_code,topic,need\nRTH,hepma,{need}\n");
            import(&storage, ImportKind::Topics, text.as_bytes());
        }
        for vendor in ["Epic", "Oracle Health"] {
            let text = format!("ods_code,module,vendor,status\nRTH,epr,{vendor},in_use\n");
            import(&storage, ImportKind::Systems, text.as_bytes());
        }
        for value in ["4", "3"] {
            let text = format!("ods_code,attribute,value\nRTH,staff_fte,{value}000\n");
            let report = import(&storage, ImportKind::Attributes, text.as_bytes());
            assert_eq!(report.state, ImportState::Done, "{:?}", report.remarks);
        }
        for note in ["one", "another"] {
            import_of(
                &storage,
                "RTH",
                ImportKind::Links,
                &format!("{LINK}{note}\n"),
            );
        }
        for until in ["", "2025"] {
            let text =
                format!("ods_code,group_kind,group_name,until\nRTH,user_group,Weavers,{until}\n");
            import(&storage, ImportKind::Memberships, text.as_bytes());
        }
        let text = "ods_code,icb_code,icb_name\nRTH,QZZ9,A NEW BOARD\n";
        let report = import(&storage, ImportKind::Organisations, text.as_bytes());
        assert_eq!(report.state, ImportState::Done, "{:?}", report.remarks);
        let id = declared(&storage).id;
        let rows = database.texts(
            "SELECT subject_kind || ' ' || subject_id || (CASE WHEN value_before IS NULL THEN ' new' ELSE ' was' END) AS text \
             FROM audit WHERE action LIKE 'import%' ORDER BY 1",
        );
        let mut wanted = vec![
            format!("links {id} new"),
            format!("links {id} was"),
            "attributes RTH/staff_fte was".to_owned(),
            "attributes RTH/staff_fte was".to_owned(),
            "boards QZZ9 new".to_owned(),
            "core_systems RTH/epr was".to_owned(),
            "core_systems RTH/epr was".to_owned(),
            "network_members user-group-weavers new".to_owned(),
            "network_members user-group-weavers was".to_owned(),
            "networks user-group-weavers new".to_owned(),
            "organisation RTH was".to_owned(),
            "organisation_topics hepma new".to_owned(),
            "organisation_topics hepma was".to_owned(),
        ];
        wanted.sort();
        let mut rows = rows;
        rows.sort();
        assert_eq!(rows, wanted);
    });
}

/// A database in which each table has what is hard to take back: a text that begins like a formula, somebody who left, a
/// network whose name in addresses does not begin with its kind.
fn with_hard_rows(storage: &Storage) {
    let link = format!("{LINK}'-20 % in a year\n");
    import_of(storage, "RTH", ImportKind::Links, &link);
    import(
        storage,
        ImportKind::Topics,
        b"ods_code,topic,need\nRTH,hepma,wanted\n",
    );
    write(storage, |c| {
        let provenance = Provenance {
            source: "=a list".to_owned(),
            as_of: None,
            voice: Voice::Site,
        };
        let slug = Slug::new("the-weavers").unwrap();
        let network = Network {
            slug: slug.clone(),
            kind: NetworkKind::UserGroup,
            name: "@Weavers".to_owned(),
            ended: None,
            members: Vec::new(),
            departed: Vec::new(),
            provenance: provenance.clone(),
        };
        networks::add(c, &network)?;
        let membership = Membership {
            network: slug,
            ods_code: ods("RTH"),
            joined: "2019".parse().ok(),
            departed: "2024-05".parse().ok(),
            provenance,
        };
        networks::state(c, &membership, a_change().at)
    });
}

#[actix_web::test]
async fn what_is_exported_is_imported_again_without_a_refusal() {
    let service = TestService::bundled();
    let storage = service.alongside.storage().clone();
    with_hard_rows(&storage);
    assert_eq!(
        declared(&storage).link.note.as_deref(),
        Some("-20 % in a year")
    );
    let register = || {
        let register = storage.read_blocking(register::load).unwrap();
        let links = register.links.iter().map(|link| link.note.clone());
        let networks = register.networks.iter().map(|network| {
            let (slug, name) = (network.slug.clone(), network.name.clone());
            (
                slug,
                name,
                network.members.clone(),
                network.departed.clone(),
            )
        });
        (links.collect::<Vec<_>>(), networks.collect::<Vec<_>>())
    };
    let before = register();
    for kind in [
        ImportKind::Organisations,
        ImportKind::Systems,
        ImportKind::Attributes,
        ImportKind::Links,
        ImportKind::Memberships,
        ImportKind::Successions,
        ImportKind::Topics,
    ] {
        for format in ["csv", "xlsx"] {
            let path = format!("/api/v1/exports/{kind}?format={format}");
            let file = service.get(As::Admin, &path).await;
            assert_eq!(file.status, 200, "{kind}");
            for mode in [Mode::DryRun, Mode::Store] {
                // In a workbook nothing says that a text that begins like a formula is none.
                if format == "xlsx" && matches!(kind, ImportKind::Links | ImportKind::Memberships) {
                    continue;
                }
                let report = import_as(
                    &storage,
                    Order {
                        mode,
                        ..order(kind)
                    },
                    &file.body,
                );
                assert_eq!(
                    (report.state, report.counts.refused, report.counts.added),
                    (ImportState::Done, 0, 0),
                    "{kind} {format} {mode:?}: {:?}",
                    report.remarks
                );
            }
        }
    }
    assert_eq!(register(), before);
}
