//! What a site chooses for itself, and what limits the sites, on every database.

use alongside::domain::capacity::{Capacity, PausedBy};
use alongside::domain::error::{Error, Result};
use alongside::domain::exclusion::{Exclusion, MAX_EXCLUSIONS};
use alongside::domain::ids::OdsCode;
use alongside::domain::shortlist::Entry;
use alongside::domain::version::{Expected, Version};
use alongside::storage::{
    Change, Connection, Outcome, Storage, Touches, exclusions, register, revision, shortlist,
};

use super::open_filled;
use crate::support::database::{a_change, on_every_database};
use crate::support::service::now;

fn code(text: &str) -> OdsCode {
    OdsCode::new(text).unwrap()
}

fn exclusion(site: &str, excluded: &str, reason: Option<&str>) -> Exclusion {
    Exclusion {
        ods_code: code(site),
        excluded: code(excluded),
        reason: reason.map(str::to_owned),
        created_at: now(),
        version: Version(0),
    }
}

fn write<T>(
    storage: &Storage,
    work: impl FnOnce(&mut Connection) -> Result<Outcome<T>>,
) -> Result<T> {
    let change = Change {
        touches: Touches::Choices,
        ..a_change()
    };
    storage
        .write_outcome_blocking(&change, work)
        .map(|(value, _)| value)
}

#[test]
fn an_exclusion_is_kept_with_its_reason_and_touches_no_scoring() {
    on_every_database(|database| {
        let storage = open_filled(database);
        let before = storage.read_blocking(revision::touched).unwrap();
        let made = write(&storage, |c| {
            exclusions::put(c, exclusion("RTH", "RHW", Some("a reason")), &Expected::Any)
        });
        let made = made.unwrap();
        assert_eq!(made.version, Version(1));
        write(&storage, |c| {
            exclusions::put(c, exclusion("RTH", "RJ7", None), &Expected::Any)
        })
        .unwrap();
        let after = storage.read_blocking(revision::touched).unwrap();
        assert_eq!(
            (after.scoring, after.callers),
            (before.scoring, before.callers)
        );
        assert_eq!(
            after.choices,
            storage.read_blocking(revision::current).unwrap()
        );
        let read = |c: &mut Connection| Ok((exclusions::all(c)?, exclusions::of(c, code("RTH"))?));
        let (all, own) = storage.read_blocking(read).unwrap();
        assert_eq!(own[0], made);
        let excluded: Vec<_> = own.iter().map(|one| one.excluded).collect();
        assert_eq!(excluded, ["RHW", "RJ7"].map(code));
        assert_eq!(all.of(code("RTH")), excluded.into_iter().collect());
        assert!(all.of(code("RHW")).is_empty());
        let told = database.texts("SELECT coalesce(sealed_reason, '-') AS text FROM exclusions");
        assert!(!told.join(" ").contains("a reason"));
        // Another reason, then none of it.
        let changed = write(&storage, |c| {
            let expected = Expected::OneOf(vec![Version(1)]);
            exclusions::put(c, exclusion("RTH", "RHW", None), &expected)
        });
        let changed = changed.unwrap();
        assert_eq!((changed.version, changed.reason), (Version(2), None));
        let pair = (code("RTH"), code("RHW"));
        storage
            .write_blocking(&a_change(), |c| {
                exclusions::withdraw(c, pair, &Expected::Any)
            })
            .unwrap();
        let gone = storage
            .read_blocking(|c| exclusions::find(c, pair))
            .unwrap();
        assert_eq!(gone, None);
    });
}

#[test]
fn a_site_excludes_so_many_and_no_more() {
    on_every_database(|database| {
        let storage = open_filled(database);
        let register = storage.read_blocking(register::load).unwrap();
        let one = register.organisations[0].ods_code;
        // There are fewer real organisations than a site may exclude; others are made beside them.
        let rows: Vec<String> = (0..=MAX_EXCLUSIONS).map(|n| format!("X{n:03}")).collect();
        for (n, other) in rows.iter().enumerate() {
            database.execute(&format!(
                "INSERT INTO organisations (ods_code, code_order, name, search_text, status, source, origin,
                    care_settings_origin, position_origin)
                 SELECT '{other}', {n}, name, search_text, 'active', source, origin, care_settings_origin,
                    position_origin FROM organisations WHERE ods_code = '{one}'"
            ));
        }
        let put_all = |c: &mut Connection| {
            for other in &rows[1..] {
                exclusions::put(c, exclusion("RTH", other, None), &Expected::Any)?;
            }
            Ok(Outcome::Changed(()))
        };
        write(&storage, put_all).unwrap();
        let beyond = write(&storage, |c| {
            exclusions::put(c, exclusion("RTH", &rows[0], None), &Expected::Any)
        });
        assert!(matches!(beyond, Err(Error::Conflict { .. })));
        // One that is there can be changed.
        write(&storage, |c| {
            exclusions::put(
                c,
                exclusion("RTH", &rows[1], Some("a reason")),
                &Expected::Any,
            )
        })
        .unwrap();
    });
}

#[test]
fn a_shortlist_is_kept_in_its_order_and_changed_from_the_version_that_was_seen() {
    on_every_database(|database| {
        let storage = open_filled(database);
        let entry = |candidate: &str, label: Option<&str>| Entry {
            candidate: code(candidate),
            label: label.map(str::to_owned),
            note: label.map(|label| format!("of {label}")),
            added_at: now(),
        };
        let rth = code("RTH");
        let change = |seen: Expected, entry: Entry, position| {
            write(&storage, move |c| {
                shortlist::change(c, rth, &seen, |list| list.put(entry, position))
            })
        };
        let first = Expected::OneOf(vec![Version(0)]);
        change(first.clone(), entry("RHW", None), None).unwrap();
        let stale = change(first, entry("RJ7", None), None);
        assert!(matches!(stale, Err(Error::Stale)));
        let list = change(Expected::Any, entry("RJ7", Some("a name")), Some(1)).unwrap();
        assert_eq!(list.version, Version(2));
        assert_eq!(
            storage.read_blocking(|c| shortlist::of(c, rth)).unwrap(),
            list
        );
        assert_eq!(list.order(), ["RJ7", "RHW"].map(code));
        let told = database.texts(
            "SELECT coalesce(sealed_label, '-') || coalesce(sealed_note, '-') AS text FROM shortlist_entries",
        );
        assert!(!told.join(" ").contains("a name"));
        // The same again is no change.
        let before = storage.read_blocking(revision::current).unwrap();
        change(Expected::Any, entry("RJ7", Some("a name")), None).unwrap();
        assert_eq!(storage.read_blocking(revision::current).unwrap(), before);
    });
}

#[test]
fn places_pauses_and_partners_are_in_the_register() {
    on_every_database(|database| {
        let storage = open_filled(database);
        let approach = |n: u8, a: &str, b: &str| {
            format!(
                "INSERT INTO approaches (id, sequence, from_code, to_code, a_code, b_code, kind, state, sent_at, expires_at,
                    answered_at, version)
                 VALUES ('00000000-0000-4000-8000-00000000000{n}', {n}, '{a}', '{b}', '{a}', '{b}', 'partnership', 'accepted',
                    '2026-11-01 00:00:00', '2026-11-29 00:00:00', '2026-11-02 00:00:00', 2);"
            )
        };
        let partnership = |n: u8, a: &str, b: &str, state: &str, ended: &str| {
            format!(
                "INSERT INTO partnerships (id, sequence, approach_id, a_code, b_code, state, started_on, ended_at, version)
                 VALUES ('00000000-0000-4000-8000-00000000001{n}', {n}, '00000000-0000-4000-8000-00000000000{n}', '{a}', '{b}',
                    '{state}', '2026-11-02', {ended}, 1);"
            )
        };
        let sql = [
            approach(1, "RHW", "RTH"),
            approach(2, "RJ7", "RTH"),
            approach(3, "RHW", "RJ7"),
            partnership(1, "RHW", "RTH", "active", "NULL"),
            partnership(2, "RJ7", "RTH", "active", "NULL"),
            partnership(3, "RHW", "RJ7", "ended", "'2026-11-20 00:00:00'"),
            "INSERT INTO partnership_topics (partnership_id, giver, topic)
             SELECT '00000000-0000-4000-8000-000000000013', 'RJ7', slug FROM topics WHERE slug = 'hepma';
             INSERT INTO capacities (ods_code, partnership_places, changed_at, version)
             VALUES ('RTH', 4, '2026-11-01 00:00:00', 1), ('RTK', NULL, '2026-11-01 00:00:00', 1);
             INSERT INTO pauses (ods_code, paused_by, until, reason, since, version)
             VALUES ('RJ7', 'admin', NULL, 'a reason', '2026-11-01 00:00:00', 1);"
                .to_owned(),
        ];
        database.execute(&sql.concat());
        let register = storage.read_blocking(register::load).unwrap();
        let told: Vec<_> = register
            .capacities
            .iter()
            .map(|(code, capacity)| {
                let Capacity {
                    places,
                    taken,
                    pauses,
                    ..
                } = capacity;
                (
                    code.to_string(),
                    places.partnerships,
                    taken.partnerships,
                    pauses.len(),
                )
            })
            .collect();
        let expected = [
            ("RHW", None, 1, 0),
            ("RJ7", None, 1, 1),
            ("RTH", Some(4), 2, 0),
        ];
        assert_eq!(
            told,
            expected.map(|(code, places, taken, n)| (code.to_owned(), places, taken, n))
        );
        let pause = &register.capacities[1].1.pauses[0];
        assert_eq!(
            (pause.by, pause.until, &pause.reason),
            (PausedBy::Admin, None, &None)
        );
        let taught = &register.taught[0];
        assert_eq!((taught.giver, taught.receiver), (code("RJ7"), code("RHW")));
        assert_eq!((taught.topic.as_str(), register.taught.len()), ("hepma", 1));
    });
}
