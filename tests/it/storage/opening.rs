//! What cannot be opened is said once, clearly and without a password.

use crate::support::database::secret;
use std::error::Error as _;
use std::path::Path;
use std::time::{Duration, Instant};

use alongside::domain::error::Error;
use alongside::storage::{DatabaseKind, DatabaseUrl, Storage, Unusable};

use crate::support::database::{TestDatabase, on_every_database};

/// Longer than any wait that is bounded by five seconds.
const SOON: Duration = Duration::from_secs(15);

/// What is said in answer to opening this database, outermost first.
fn refusal(url: &DatabaseUrl) -> Vec<String> {
    let started = Instant::now();
    let error = Storage::open(url, &secret()).expect_err("no database to open");
    assert!(started.elapsed() < SOON, "it took {:?}", started.elapsed());
    let Error::Unavailable(_, cause) = &error else {
        panic!("{error:?}")
    };
    assert!(cause.is::<Unusable>(), "{error:?}");
    let mut chain = vec![error.to_string(), format!("{error:?}")];
    let mut next = error.source();
    while let Some(cause) = next {
        chain.push(cause.to_string());
        next = cause.source();
    }
    chain
}

#[test]
fn a_file_that_is_not_a_database_is_named_and_left_as_it_is() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("letter.txt");
    let letter = "Dear colleagues, this is not a database.\n".repeat(100);
    std::fs::write(&path, &letter).expect("a file");
    let said = refusal(&DatabaseUrl::sqlite_file(&path));
    assert_eq!(
        said[0],
        "the database is unavailable while opening the database file"
    );
    assert_eq!(
        said[2],
        format!("sqlite://{} is not a SQLite database", path.display())
    );
    assert_eq!(std::fs::read_to_string(&path).expect("the file"), letter);
}

#[test]
fn a_directory_and_a_file_in_no_directory_are_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let said = refusal(&DatabaseUrl::sqlite_file(folder.path()));
    assert_eq!(
        said[2],
        format!(
            "sqlite://{} is a directory, not a database file",
            folder.path().display()
        )
    );
    let path = folder.path().join("nowhere").join("alongside.db");
    let said = refusal(&DatabaseUrl::sqlite_file(&path));
    assert!(
        said[2].starts_with(&format!("sqlite://{} cannot be opened: ", path.display())),
        "{said:?}"
    );
    assert!(!path.exists() && !Path::new("nowhere").exists());
}

#[test]
fn a_server_that_does_not_answer_is_named_without_its_password() {
    // Nothing listens on port 1: it is reserved for a service that no system runs.
    for address in [
        "postgres://alongside:hunter2@127.0.0.1:1/alongside",
        "postgres://alongside:hunter%32@127.0.0.1:1/alongside",
        "postgres://alongside:hunter2%40%2F@127.0.0.1:1/alongside?application_name=x",
    ] {
        let said = refusal(&DatabaseUrl::parse(address).expect("an address"));
        assert_eq!(
            said[0],
            "the database is unavailable while connecting to the database server"
        );
        assert!(
            said[2].starts_with("postgresql://") && said[2].contains("127.0.0.1"),
            "{said:?}"
        );
        assert!(
            said.iter()
                .all(|words| !words.contains("hunter") && !words.contains('\n')),
            "{said:?}"
        );
    }
}

#[test]
fn a_database_of_a_newer_version_is_left_alone() {
    on_every_database(|database| {
        drop(database.open());
        database
            .execute("INSERT INTO __diesel_schema_migrations (version) VALUES ('29990101000000')");
        let said = refusal(&database.url());
        assert_eq!(
            said[0],
            "the database is unavailable while checking the version of the database"
        );
        assert!(
            said[2].ends_with("a newer version of this service (migration 29990101000000)"),
            "{said:?}"
        );
    });
}

#[test]
fn a_database_whose_tables_are_in_the_way_is_left_alone() {
    on_every_database(|database| {
        database.execute(
            "CREATE TABLE links (url TEXT); INSERT INTO links VALUES ('of somebody else')",
        );
        let said = refusal(&database.url());
        let doing = match database.url().kind() {
            DatabaseKind::Sqlite => "checking the version of the database",
            DatabaseKind::Postgres => "bringing the database up to date",
        };
        assert_eq!(
            said[0],
            format!("the database is unavailable while {doing}")
        );
        assert_eq!(
            database.texts("SELECT url AS text FROM links"),
            ["of somebody else"]
        );
    });
}

#[test]
fn a_file_is_opened_with_what_keeps_it_safe() {
    let database = TestDatabase::sqlite();
    let storage = database.open();
    assert_eq!(storage.kind(), DatabaseKind::Sqlite);
    assert_eq!(
        database.texts("SELECT journal_mode AS text FROM pragma_journal_mode"),
        ["wal"]
    );
    let again = storage.write_blocking(&crate::support::database::a_change(), |c| {
        let register = alongside::intake::bundled::load()?.register;
        let without = alongside::domain::register::Register {
            organisations: Vec::new(),
            ..register
        };
        alongside::storage::register::insert(c, &without, &[])
    });
    assert!(again.is_err(), "foreign keys hold");
}

#[test]
fn another_programs_file_keeps_every_byte() {
    let database = TestDatabase::sqlite();
    database.execute(
        "CREATE TABLE letters (text TEXT); INSERT INTO letters VALUES ('Dear colleagues')",
    );
    let url = database.url();
    let path = url.file().expect("a file");
    let before = std::fs::read(path).expect("the file");
    let said = refusal(&url);
    assert!(
        said[2].ends_with("is a database of another program"),
        "{said:?}"
    );
    let error = Storage::open_to_read(&url).expect_err("no database of ours");
    assert!(format!("{error:?}").contains("Foreign"), "{error:?}");
    assert_eq!(std::fs::read(path).expect("the file"), before);
    let n_files = path
        .parent()
        .expect("a folder")
        .read_dir()
        .expect("its files")
        .count();
    assert_eq!(n_files, 1, "nothing is left beside it");
}

#[test]
fn opening_to_read_makes_and_changes_nothing() {
    on_every_database(|database| {
        let error = Storage::open_to_read(&database.url()).expect_err("nothing to read yet");
        let expected = match database.url().kind() {
            DatabaseKind::Sqlite => "Missing",
            DatabaseKind::Postgres => "NoTables",
        };
        assert!(format!("{error:?}").contains(expected), "{error:?}");
        drop(super::open_filled(database));
        let bytes = || {
            database
                .url()
                .file()
                .map(|path| std::fs::read(path).expect("the file"))
        };
        let before = bytes();
        let storage = Storage::open_to_read(&database.url()).expect("the database opens");
        let read = storage.read_blocking(alongside::storage::register::is_empty);
        assert!(!read.expect("an answer"));
        drop(storage);
        assert_eq!(bytes(), before);
        database.execute("DELETE FROM __diesel_schema_migrations");
        assert!(Storage::open_to_read(&database.url()).is_err());
    });
}
