//! A list worked out again from the file of its workings.

use serde_json::{Value, json};

use super::program::Place;
use crate::support::service::{As, TestService};

const FAILURE: i32 = 1;
const USAGE: i32 = 2;
const FILE: &str = "RTH-workings.json";

async fn workings(query: &str) -> Value {
    let path = format!("/api/v1/organisations/RTH/suggestions/workings?asOf=2026-11-22&{query}");
    TestService::bundled().get(As::Rth, &path).await.good()
}

fn followed(text: &str) -> super::program::Run {
    Place::new()
        .file(FILE, text)
        .run(&format!("suggest --from {FILE} --limit 3"))
}

#[actix_web::test]
async fn a_list_follows_from_its_file() {
    for query in ["draws=2000&seed=7", "draws=0", "draws=500&spreadLoad=true"] {
        let file = workings(query).await;
        let run = followed(&file.to_string());
        run.assert_worked();
        let first = file["answered"][0]["odsCode"].as_str().unwrap();
        assert!(
            run.stdout.contains(&format!("\n  1  {first}")),
            "{}",
            run.stdout
        );
        assert!(
            run.stdout
                .contains("of 201 candidates follows from the file")
        );
        assert!(run.stdout.lines().all(|line| line.chars().count() <= 100));
    }
}

#[actix_web::test]
async fn a_number_that_was_changed_is_found() {
    let file = workings("draws=500&spreadLoad=true").await;
    let at = |file: &Value, code: &Value| {
        let candidates = file["candidates"].as_array().unwrap();
        candidates
            .iter()
            .position(|c| c["odsCode"] == *code)
            .unwrap()
    };
    let second = file["answered"][1]["odsCode"].clone();
    let number = |value: &Value| value.as_f64().unwrap();
    let mut changed: Vec<(&str, Value)> = Vec::new();
    let mut change = |what, edit: &dyn Fn(&mut Value)| {
        let mut other = file.clone();
        edit(&mut other);
        assert_ne!(other, file, "{what}");
        changed.push((what, other));
    };
    let row = at(&file, &second);
    change("a score", &|f| {
        let score = &mut f["candidates"][row]["scores"]["geography"];
        *score = json!({ "low": 0.1, "expected": 0.1, "high": 0.1 });
    });
    change("their fit", &|f| {
        let fit = &mut f["candidates"][row]["theirFit"];
        fit["expected"] = json!(number(&fit["expected"]) - 1e-5);
    });
    change("a price", &|f| {
        f["candidates"][row]["loadPrice"] = json!(0.4)
    });
    change("the weights", &|f| {
        f["method"]["weights"]["geography"] = json!(0.15);
        f["method"]["weights"]["culture"] = json!(0.25);
    });
    change("the seed", &|f| f["method"]["seed"] = json!(8));
    change("the draws", &|f| f["method"]["draws"] = json!(501));
    change("a fit", &|f| {
        let fit = &mut f["answered"][150]["yourFit"];
        fit["low"] = json!(number(&fit["low"]) - 1e-6);
    });
    change("a share of first places", &|f| {
        let first = &mut f["answered"][0]["firmness"]["first"];
        *first = json!(number(first) - 0.002);
    });
    change("two places", &|f| {
        f["answered"].as_array_mut().unwrap().swap(3, 40)
    });
    for (what, file) in changed {
        let run = followed(&file.to_string());
        assert_eq!(run.code, Some(FAILURE), "{what}: {run:?}");
        run.assert_failed(
            FAILURE,
            &[FILE, "cannot be followed", "from the inputs it is"],
        );
    }
}

#[actix_web::test]
async fn what_is_no_file_of_workings_is_told_in_words() {
    let file = workings("draws=0").await;
    let with = |pointer: &str, value: Value| {
        let mut other = file.clone();
        *other.pointer_mut(pointer).unwrap() = value;
        other.to_string()
    };
    let mut twice = file.clone();
    let again = twice["candidates"][0].clone();
    twice["candidates"].as_array_mut().unwrap().insert(0, again);
    let mut unknown = file.clone();
    unknown["more"] = json!(1);
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    for (text, words) in [
        (String::new(), "no file of workings"),
        ("not json".to_owned(), "no file of workings"),
        (deep.clone(), "no file of workings"),
        (format!("{{\"format\":{deep}}}"), "no file of workings"),
        (json!({ "format": "other/9" }).to_string(), "its format is"),
        (with("/method/version", json!("0")), "made with method"),
        (
            with("/method/draws", json!(100_001)),
            "draws are a whole number",
        ),
        (
            with("/method/weights/culture", json!(-1.0)),
            "not shares that add up to 1",
        ),
        (with("/candidates/0/loadPrice", json!(-0.5)), "loadPrice of"),
        (
            with("/candidates/0/theirFit/high", json!(2.0)),
            "theirFit of",
        ),
        (
            with("/candidates/0/name", json!("a\u{1b}[31mb")),
            "control character",
        ),
        (with("/candidates/0/odsCode", json!("!")), "no ODS code"),
        (
            with("/candidates/0/scores/culture", Value::Null),
            "applies to one candidate",
        ),
        (with("/answered", json!([])), "not of the candidates"),
        (twice.to_string(), "not by ODS code, each once"),
        (unknown.to_string(), "unknown field `more`"),
    ] {
        followed(&text).assert_failed(FAILURE, &[words]);
    }
    let huge = " ".repeat((32 << 20) + 1);
    followed(&huge).assert_failed(FAILURE, &["more than 32 MiB"]);
    Place::new()
        .run("suggest --from nowhere.json")
        .assert_failed(FAILURE, &["cannot read nowhere.json"]);
    let both = Place::new().run(&format!("suggest RTH --from {FILE}"));
    assert_eq!(both.code, Some(USAGE));
    assert_eq!(Place::new().run("suggest").code, Some(USAGE));
}

#[test]
fn the_method_is_printed_as_the_readme_has_it() {
    let run = Place::new().run("method --markdown");
    run.assert_worked();
    let readme = include_str!("../../../README.md");
    assert!(
        readme.contains(&run.stdout),
        "the README has another section: put in what `alongside method --markdown` prints"
    );
    let json = Place::new().run("method");
    json.assert_worked();
    let method: Value = serde_json::from_str(&json.stdout).unwrap();
    assert!(
        method["parts"]
            .as_array()
            .is_some_and(|parts| parts.len() == 17)
    );
}
