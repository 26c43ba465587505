//! `alongside audit`, on a database that the service made.

use serde_json::Value;

use super::program::{Place, Running};

/// A place with a database that the service filled and left.
fn served() -> Place {
    let place = Place::new();
    let service = Running::start(&place, "serve --json --port 0");
    service.line();
    service.signal("TERM");
    assert_eq!(service.ended().code, Some(0));
    place
}

/// Runs SQL past the service.
fn execute(place: &Place, sql: &str) {
    use diesel::Connection as _;
    use diesel::connection::SimpleConnection as _;
    let path = place.path().join("alongside.sqlite3");
    diesel::SqliteConnection::establish(path.to_str().unwrap())
        .unwrap()
        .batch_execute(sql)
        .unwrap();
}

#[test]
fn a_whole_audit_is_told_so_with_and_without_a_checkpoint() {
    let place = served();
    let run = place.run("audit verify");
    run.assert_worked();
    assert!(run.stdout.starts_with("The audit is whole: "), "{run:?}");
    assert!(run.stdout.contains("Without a checkpoint"), "{run:?}");
    let made = place.run("audit checkpoint");
    made.assert_worked();
    assert_eq!(made.stdout.lines().count(), 1);
    let place = place.file("checkpoints", &made.stdout.repeat(2));
    let run = place.run("audit verify --checkpoint checkpoints");
    run.assert_worked();
    assert!(run.stdout.contains("All 2 checkpoints agree."), "{run:?}");
    let json = place.run("audit verify --json --checkpoint checkpoints");
    json.assert_worked();
    let report: Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!(
        (&report["whole"], &report["checkpoints"]),
        (&true.into(), &2.into())
    );
}

#[test]
fn tampering_is_an_exit_code_and_names_the_first_row() {
    let place = served();
    let checkpoint = place.run("audit checkpoint").stdout;
    let place = place.file("checkpoint", &checkpoint);
    execute(
        &place,
        "DROP TRIGGER audit_refuses_update; UPDATE audit SET actor = 'nobody' WHERE sequence = 1",
    );
    let run = place.run("audit verify --json --checkpoint checkpoint");
    assert_eq!(run.code, Some(1));
    run.assert_says(&["the audit is not whole: row 1 is not what the service wrote there"]);
    let report: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(report["findings"][0]["code"], "row_changed");
    assert_eq!(report["findings"][0]["sequence"], 1);
    place
        .run("audit checkpoint")
        .assert_failed(1, &["the audit is not whole"]);
}

#[test]
fn what_is_no_checkpoint_is_refused() {
    let place = served().file("text", "hello\n").file("empty", "\n");
    for (file, why) in [
        ("text", "line 1 is not a checkpoint"),
        ("empty", "it holds no checkpoint"),
        ("missing", "No such file"),
    ] {
        place
            .run(&format!("audit verify --checkpoint {file}"))
            .assert_failed(1, &["cannot read checkpoints", why]);
    }
}

#[test]
fn without_a_database_or_its_secret_nothing_is_verified_or_made() {
    let place = Place::new();
    let run = place.run("audit verify");
    assert_eq!(run.code, Some(1));
    assert_eq!(
        std::fs::read_dir(place.path()).unwrap().count(),
        1,
        "its temporary folder"
    );
    let place = served();
    let secret = place.path().join("alongside.sqlite3.secret");
    let other = format!("{}\n", "0f".repeat(32));
    std::fs::write(&secret, other).unwrap();
    let run = place.run("audit verify");
    assert_eq!(run.code, Some(1));
    run.assert_says(&["another secret"]);
}
