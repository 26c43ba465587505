//! The way up, down and up again leaves the same tables, on every database.

use alongside::storage::{DatabaseKind, Storage, revert_migrations, revision};

use crate::support::database::{TestDatabase, on_every_database, secret};

/// The tables and indexes that the service made, with what SQLite keeps of their definition.
fn tables(database: &TestDatabase) -> Vec<String> {
    let sql = match database.url().kind() {
        DatabaseKind::Sqlite => {
            "SELECT name || coalesce(sql, '') AS text FROM sqlite_master WHERE name NOT LIKE '%diesel%' ORDER BY 1"
        }
        DatabaseKind::Postgres => {
            "SELECT table_name || '.' || column_name || ' ' || data_type || ' ' || is_nullable AS text \
             FROM information_schema.columns WHERE table_schema = 'public' AND table_name NOT LIKE '%diesel%' \
             UNION ALL SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' AND tablename NOT LIKE '%diesel%' \
             ORDER BY 1"
        }
    };
    database.texts(sql)
}

#[test]
fn up_down_and_up_again_leaves_the_same_tables() {
    on_every_database(|database| {
        drop(database.open());
        let after_up = tables(database);
        assert!(after_up.len() > 16, "{after_up:?}");
        revert_migrations(&database.url()).expect("the way down");
        assert_eq!(tables(database), Vec::<String>::new());
        drop(database.open());
        assert_eq!(tables(database), after_up);
    });
}

#[test]
fn opening_again_changes_nothing() {
    on_every_database(|database| {
        let first = database.open();
        let before = tables(database);
        let second = Storage::open(&database.url(), &secret()).expect("the database opens again");
        assert_eq!(tables(database), before);
        for storage in [first, second] {
            assert_eq!(
                storage
                    .read_blocking(revision::current)
                    .expect("a revision")
                    .0,
                0
            );
        }
    });
}
