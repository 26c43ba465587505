//! Programmes, what admins suggest, and what is left of places, on every database.

use alongside::app::admin_suggestions as app;
use alongside::domain::admin_suggestion::{AdminSuggestion, AdminSuggestionState};
use alongside::domain::capacity::{PausedBy, Places};
use alongside::domain::error::Error;
use alongside::domain::ids::Slug;
use alongside::domain::programme::{Programme, Run, Weights};
use alongside::domain::version::{Expected, Version};
use alongside::domain::what_if::Room;
use alongside::storage::{
    Outcome, admin_suggestions, capacity, pauses, programmes, register, rooms,
};
use chrono::{DateTime, TimeDelta, Utc};

use super::{ods, open_filled};
use crate::support::database::{a_change, on_every_database};

fn now() -> DateTime<Utc> {
    "2026-11-22T09:00:00Z".parse().expect("a time")
}

fn slug(text: &str) -> Slug {
    Slug::new(text).expect("a slug")
}

fn a_programme() -> Programme {
    Programme {
        slug: slug("a-programme"),
        name: "A programme".to_owned(),
        weights: Weights::new([1.0, 0.5, 0.0, 0.25, 0.125, 1e-9]).expect("weights"),
        spread_load: true,
    }
}

#[test]
fn a_programme_its_members_and_its_weights_are_kept() {
    on_every_database(|database| {
        let storage = open_filled(database);
        let run = Run {
            starts: "2026-01-01".parse().ok(),
            ends: None,
        };
        let programme = a_programme();
        let of = programme.slug.clone();
        storage
            .write_blocking(&a_change(), |c| {
                programmes::add(c, &programme, run, "key:1", now())?;
                programmes::join(c, (&of, ods("RTH")), now())?;
                programmes::join(c, (&of, ods("RHW")), now())?;
                programmes::leave(c, (&of, ods("RHW")), now() + TimeDelta::hours(1))
            })
            .expect("stored");
        let loaded = storage.read_blocking(register::load).expect("a register");
        let joined = &loaded.programmes[0];
        assert_eq!((&joined.programme, joined.run), (&programme, run));
        let members: Vec<_> = joined
            .members
            .iter()
            .map(|m| (m.ods_code.to_string(), m.departed.is_some()))
            .collect();
        assert_eq!(
            members,
            [("RHW".to_owned(), true), ("RTH".to_owned(), false)]
        );
        // Joining again begins anew.
        let again = now() + TimeDelta::days(1);
        let joined = storage
            .write_blocking(&a_change(), |c| {
                programmes::join(c, (&of, ods("RHW")), again)
            })
            .expect("joined");
        assert!(matches!(joined.0, Outcome::Changed((Some(_), after)) if after.joined == again));
        // Stored as one with the rest, it is loaded as it was.
        let other = crate::support::database::TestDatabase::sqlite();
        let empty = other.open();
        let loaded = storage.read_blocking(register::load).expect("a register");
        let topics = empty.read_blocking(register::load).expect("topics").topics;
        empty
            .write_blocking(&a_change(), |c| register::insert(c, &loaded, &[]))
            .expect("stored");
        let copied = empty.read_blocking(register::load).expect("a register");
        assert_eq!(copied.programmes, loaded.programmes);
        assert_eq!(topics.len(), copied.topics.len());
    });
}

#[test]
fn weights_are_changed_from_a_version_that_was_seen_and_every_version_stays() {
    on_every_database(|database| {
        let storage = open_filled(database);
        let change = |version: u64, weights: Weights| {
            let expected = Expected::OneOf(vec![Version(version)]);
            storage.write_blocking(&a_change(), |c| {
                programmes::set_weights(c, None, weights, &expected, ("key:2", now()))
            })
        };
        let other = a_programme().weights;
        let (changed, _) = change(1, other).expect("changed");
        let Outcome::Changed((before, after)) = changed else {
            panic!("nothing was changed");
        };
        assert_eq!(before.programme.weights, Weights::EQUAL);
        assert_eq!(
            (after.programme.weights, after.weights_version),
            (other, Version(2))
        );
        assert!(matches!(change(1, Weights::EQUAL), Err(Error::Stale)));
        let versions = storage
            .read_blocking(|c| programmes::weight_versions(c, &slug("default")))
            .expect("versions");
        let told: Vec<_> = versions
            .iter()
            .map(|v| {
                (
                    v.version.0,
                    v.weights,
                    v.changed_by.as_deref(),
                    v.changed_at,
                )
            })
            .collect();
        assert_eq!(
            told,
            [
                (2, other, Some("key:2"), Some(now())),
                (1, Weights::EQUAL, None, None)
            ]
        );
    });
}

fn a_suggestion(id: u32) -> AdminSuggestion {
    AdminSuggestion {
        id: format!("00000000-0000-4000-8000-{id:012}"),
        sequence: 0,
        ends: (ods("RHW"), ods("RTH")),
        state: AdminSuggestionState::Open,
        reason: "Beide fangen im Frühjahr an.".to_owned(),
        programme: Some(slug("default")),
        created_at: now(),
        created_by: "key:1".to_owned(),
        version: Version(1),
    }
}

#[test]
fn a_suggestion_is_kept_found_for_its_two_sites_and_open_once_for_a_pair() {
    on_every_database(|database| {
        let storage = open_filled(database);
        let (kept, _) = storage
            .write_blocking(&a_change(), |c| app::suggest(c, a_suggestion(1)))
            .expect("suggested");
        assert_eq!(
            kept,
            AdminSuggestion {
                sequence: 1,
                ..a_suggestion(1)
            }
        );
        let found = storage
            .read_blocking(|c| admin_suggestions::find(c, &kept.id))
            .expect("found");
        assert_eq!(found, kept);
        let twin = storage.write_blocking(&a_change(), |c| app::suggest(c, a_suggestion(2)));
        assert!(matches!(twin, Err(Error::Conflict { .. })));
        let page = |code: &str| {
            let code = ods(code);
            let page = storage.read_blocking(|c| admin_suggestions::page_of(c, code, None, 10));
            page.expect("a page").len()
        };
        assert_eq!((page("RTH"), page("RHW"), page("RJ7")), (1, 1, 0));
        let stranger = storage
            .read_blocking(|c| admin_suggestions::find_for(c, ods("RJ7"), &kept.id).map(|_| ()));
        assert!(matches!(stranger, Err(Error::Missing { .. })));
        database.execute(
            "INSERT INTO exclusions (ods_code, excluded, sealed_reason, created_at, version) \
             VALUES ('RTH', 'RHW', NULL, '2026-11-22 09:00:00', 1)",
        );
        assert_eq!((page("RTH"), page("RHW")), (0, 1));
        // Nothing comes of it while one excludes the other.
        let answer = |code: &str| {
            let code = ods(code);
            storage.write_blocking(&a_change(), |c| {
                app::answer(c, (code, &kept.id), true, &Expected::Any, now())
            })
        };
        assert!(answer("RTH").is_err());
        answer("RHW").expect("answered");
        let state = |storage: &alongside::storage::Storage| {
            let found = storage.read_blocking(|c| admin_suggestions::find(c, &kept.id));
            found.expect("found").state
        };
        assert_eq!(state(&storage), AdminSuggestionState::Open);
        database.execute("DELETE FROM exclusions");
        answer("RTH").expect("answered");
        assert_eq!(state(&storage), AdminSuggestionState::Mutual);
    });
}

#[test]
fn what_is_left_to_each_site_is_read_at_once() {
    on_every_database(|database| {
        let storage = open_filled(database);
        storage
            .write_blocking(&a_change(), |c| {
                let places = Places {
                    partnerships: Some(5),
                    conversations: None,
                };
                capacity::declare(c, ods("RTH"), places, &Expected::Any, now())?;
                let by = PausedBy::Admin;
                let until = "2026-11-30".parse().ok();
                capacity::pause(
                    c,
                    ods("RHW"),
                    by,
                    until,
                    Some("A reason."),
                    &Expected::Any,
                    now(),
                )
            })
            .expect("written");
        let on = |day: &str| {
            let day = day.parse().expect("a day");
            let rooms = storage
                .read_blocking(|c| rooms::all(c, day))
                .expect("rooms");
            let paused = storage
                .read_blocking(|c| pauses::by_admins(c, day))
                .expect("pauses");
            (
                rooms.get(&ods("RTH")).copied(),
                rooms.get(&ods("RHW")).copied(),
                paused.len(),
            )
        };
        let five = Some(Room::Places(5));
        assert_eq!(on("2026-11-30"), (five, Some(Room::Paused), 1));
        assert_eq!(on("2026-12-01"), (five, None, 0));
    });
}
