use alongside::domain::api_key::{ApiKey, KeyRecord};
use alongside::domain::caller::Role;
use alongside::domain::secret::MasterSecret;
use alongside::domain::version::Version;
use alongside::storage::keys::{self, KeyPlace};
use alongside::storage::{DatabaseKind, Storage};
use chrono::{DateTime, TimeDelta, Utc};

use crate::support::database::{a_change, on_every_database};

fn key(number: u8, created_at: DateTime<Utc>) -> KeyRecord {
    let key = ApiKey::from_random([number; ApiKey::N_BYTES]);
    KeyRecord::new(
        format!("00000000-0000-4000-8000-0000000000{number:02}"),
        &key,
        Role::Viewer,
        format!("number {number}"),
        created_at,
        "a test",
    )
}

#[test]
fn pages_of_keys_are_in_the_order_they_were_made_on_every_database() {
    on_every_database(|database| {
        let storage = database.open();
        let start: DateTime<Utc> = "2026-11-22T09:00:00Z".parse().unwrap();
        // Whole seconds, parts of one, and two at once.
        let micros = [0, 0, 500_000, 500_001, 1_000_000, -1];
        let made: Vec<_> = (1..)
            .zip(micros)
            .map(|(number, micros)| key(number, start + TimeDelta::microseconds(micros)))
            .collect();
        storage
            .write_blocking(&a_change(), |connection| {
                made.iter()
                    .try_for_each(|key| keys::insert(connection, key))
            })
            .unwrap();
        let mut seen = Vec::new();
        let mut after = None;
        loop {
            let place = after.take();
            let page = storage
                .read_blocking(|connection| keys::page(connection, place, 2))
                .unwrap();
            seen.extend(page.items.iter().map(|key| key.label.clone()));
            match page.items.last() {
                Some(last) if page.has_more => {
                    after = Some(KeyPlace {
                        created_at: last.created_at,
                        id: last.id.clone(),
                    });
                }
                _ => break,
            }
        }
        assert_eq!(
            seen,
            [6, 1, 2, 3, 4, 5].map(|number| format!("number {number}"))
        );
    });
}

#[test]
fn a_key_is_found_by_id_and_by_prefix_as_it_was_changed() {
    on_every_database(|database| {
        let storage = database.open();
        let at: DateTime<Utc> = "2026-11-22T09:00:00.123456Z".parse().unwrap();
        let mut changed = key(1, at);
        storage
            .write_blocking(&a_change(), |connection| {
                keys::insert(connection, &changed)?;
                keys::insert(connection, &key(2, at))?;
                changed.revoked_at = Some(at);
                changed.version = Version(2);
                keys::update(connection, &changed)
            })
            .unwrap();
        for name in [changed.id.clone(), changed.prefix.clone()] {
            let found = storage.read_blocking(|connection| keys::find(connection, &name));
            assert_eq!(found.unwrap().as_ref(), Some(&changed));
        }
        let other = storage.read_blocking(|connection| keys::find(connection, "als_"));
        assert_eq!(other.unwrap(), None);
    });
}

#[test]
fn a_database_is_sealed_once_it_was_opened_with_a_secret() {
    on_every_database(|database| {
        let url = database.url();
        assert!(!Storage::is_sealed(&url).unwrap());
        if url.kind() == DatabaseKind::Sqlite {
            assert!(!url.file().unwrap().exists());
        }
        drop(database.open());
        assert!(Storage::is_sealed(&url).unwrap());
        let other = MasterSecret::new([9; MasterSecret::N_BYTES]);
        assert!(Storage::open(&url, &other).is_err());
    });
}
