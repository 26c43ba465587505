//! `alongside import`.

use super::program::Place;

const FILE: &str = "ods_code,name\n5E1,ONE\n00T,TWO\n";

#[test]
fn a_file_goes_into_the_database_and_again_changes_nothing() {
    let place = Place::new().file("organisations.csv", FILE);
    let run =
        place.run("import organisations.csv --kind organisations --database mine.sqlite3 --json");
    run.assert_worked();
    let report: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(
        (&report["added"], &report["state"]),
        (&2.into(), &"done".into())
    );
    let run = place.run("import organisations.csv --kind organisations --database mine.sqlite3");
    run.assert_worked();
    assert!(
        run.stdout.contains("2 unchanged") && run.stdout.contains("Nothing had to be changed"),
        "{run:?}"
    );
}

#[test]
fn refused_rows_are_named_and_end_in_failure() {
    let place = Place::new().file("bad.csv", "ods_code,name\n5E+01,ONE\n");
    let run = place.run("import bad.csv --kind organisations --database mine.sqlite3");
    assert_eq!(run.code, Some(1), "{run:?}");
    assert!(
        run.stdout.contains("row 2, ods_code") && run.stdout.contains("5E1"),
        "{run:?}"
    );
    run.assert_says(&["1 row(s) were refused"]);
}

#[test]
fn a_dry_run_changes_nothing() {
    let place = Place::new().file("organisations.csv", FILE);
    for _ in 0..2 {
        let run = place
            .run("import organisations.csv --kind organisations --database mine.sqlite3 --dry-run");
        run.assert_worked();
        assert!(
            run.stdout.contains("2 to add") && run.stdout.contains("dry run"),
            "{run:?}"
        );
    }
}

#[test]
fn a_file_that_is_not_there_is_named() {
    Place::new()
        .run("import none.csv --kind systems")
        .assert_failed(1, &["cannot read none.csv"]);
}
