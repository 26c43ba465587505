//! The commands that end by themselves.

use super::program::{Place, Running, run_unread, silent_port};

const FAILURE: i32 = 1;

#[test]
fn partners_for_oxford_begin_with_royal_berkshire() {
    let place = Place::new();
    let run = place.run("suggest RTH --as-of 2026-11-22");
    run.assert_worked();
    let first = run
        .stdout
        .lines()
        .find(|line| line.starts_with("  1  "))
        .unwrap();
    assert!(first.starts_with("  1  RHW"), "{first}");
    for line in run.stdout.lines() {
        assert!(line.chars().count() <= 100, "{line}");
    }
    assert_eq!(std::fs::read_dir(place.temporary()).unwrap().count(), 0);
    assert!(!place.path().join("alongside.sqlite3").exists());
}

#[test]
fn a_code_that_begins_with_k_is_answered_in_either_case() {
    for code in ["K0N6A", "k0n6a"] {
        let run = Place::new().run(&format!("suggest {code} --limit 1 --as-of 2026-11-22"));
        run.assert_worked();
        assert!(run.stdout.starts_with("Partners for K0N6A "), "{run:?}");
    }
}

#[test]
fn the_json_of_suggest_is_one_answer_with_what_was_asked_for() {
    let run = Place::new()
        .run("suggest RTH --json --limit 2 --as-of 2026-11-22 --weights core_system=3,geography=1");
    run.assert_worked();
    let answer: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(answer["seeker"]["odsCode"], "RTH");
    assert_eq!(answer["asOf"], "2026-11-22");
    assert_eq!(answer["method"]["weightsFrom"], "request");
    assert_eq!(answer["method"]["weights"]["core_system"], 0.75);
    assert_eq!(answer["suggestions"].as_array().unwrap().len(), 2);
}

#[test]
fn the_same_question_has_the_same_answer_in_a_configured_database() {
    let place = Place::new();
    let arguments = "suggest RTH --limit 5 --as-of 2026-11-22";
    let configured = format!("{arguments} --database mine.sqlite3");
    let private = place.run(arguments);
    private.assert_worked();
    place.run(&configured).assert_failed(
        FAILURE,
        &["cannot open the database sqlite://mine.sqlite3 given by --database: there is no such file"],
    );
    assert!(!place.path().join("mine.sqlite3").exists());
    let service = Running::start(&place, "serve --port 0 --json --database mine.sqlite3");
    service.url();
    let run = place.run(&configured);
    run.assert_worked();
    assert_eq!(run.stdout, private.stdout);
}

#[test]
fn a_code_that_nobody_has_is_a_failure_in_one_line() {
    let place = Place::new();
    place
        .run("suggest ZZ9ZZ")
        .assert_failed(FAILURE, &["organisation ZZ9ZZ does not exist"]);
}

#[test]
fn a_closed_trust_is_answered_with_its_successor() {
    // Basildon and Thurrock became part of Mid and South Essex, RAJ, on 2020-04-01.
    Place::new()
        .run("suggest RDD")
        .assert_failed(FAILURE, &["organisation RDD is closed", "RAJ"]);
}

#[test]
fn a_reader_that_leaves_early_is_no_failure() {
    let place = Place::new();
    for arguments in [
        "suggest RTH --limit 50",
        "suggest RTH --limit 50 --json",
        "openapi",
        "--help",
        "suggest --help",
    ] {
        run_unread(&place, arguments).assert_worked();
    }
}

#[test]
fn the_openapi_document_is_printed_without_a_database() {
    let place = Place::new();
    let run = place.run("openapi");
    run.assert_worked();
    let document: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
    assert!(!place.path().join("alongside.sqlite3").exists());
}

#[test]
fn where_nobody_listens_nothing_is_healthy() {
    let port = silent_port().to_string();
    Place::new()
        .variable("ALONGSIDE_HTTP_PORT", &port)
        .run("health")
        .assert_failed(FAILURE, &[&port, "is not healthy"]);
    Place::new()
        .run("health --url http://127.0.0.1:0/ --log off")
        .assert_failed(FAILURE, &["is not healthy"]);
}
