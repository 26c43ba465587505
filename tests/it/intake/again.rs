//! Files that meet what is recorded already: whose word stays, what counts as a change, and what the history and the audit say.

use alongside::app::import::{Order, Report};
use alongside::domain::ids::{OdsCode, Slug};
use alongside::domain::import::{ImportKind, ImportState};
use alongside::domain::link::{Link, LinkRecord, LinkStanding};
use alongside::domain::organisation::{CareSetting, CareSettings};
use alongside::domain::profile::{TopicInterest, TopicNeed};
use alongside::domain::provenance::{Provenance, Voice};
use alongside::domain::version::Expected;
use alongside::intake::bundled;
use alongside::storage::links::{self, Answer};
use alongside::storage::particulars::{self, Particular, ParticularFact};
use alongside::storage::{Connection, Outcome, Storage, facts, networks, topics};

use super::importing::open_bundled;
use super::{import, import_as, order};
use crate::support::database::{a_change, on_every_database};

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
