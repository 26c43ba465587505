//! How a list was made, through the interface.

use std::collections::BTreeSet;

use actix_web::test::TestRequest;
use serde_json::{Value, json};

use super::{SERVICE, get};
use crate::support::service::{As, TestService};

const WORKINGS: &str =
    "/api/v1/organisations/RTH/suggestions/workings?asOf=2026-11-22&draws=2000&seed=1";
const LIST: &str =
    "/api/v1/organisations/RTH/suggestions?limit=50&asOf=2026-11-22&draws=2000&seed=1";

fn rows<'a>(answer: &'a Value, key: &str) -> &'a Vec<Value> {
    answer[key].as_array().unwrap()
}

#[actix_web::test]
async fn the_workings_tell_the_list_that_is_answered() {
    let workings = get(WORKINGS).await;
    let name = workings.header("content-disposition").to_owned();
    assert_eq!(name, "attachment; filename=\"RTH-workings.json\"");
    let workings = workings.good();
    let list = get(LIST).await.good();
    assert_eq!(rows(&workings, "candidates").len(), 201);
    assert_eq!(workings["revision"], list["revision"]);
    for (said, listed) in rows(&workings, "answered")
        .iter()
        .zip(rows(&list, "suggestions"))
    {
        assert_eq!(said["odsCode"], listed["organisation"]["odsCode"]);
        assert_eq!(said["yourFit"], listed["yourFit"]);
        assert_eq!(said["mutualFit"], listed["mutualFit"]);
        assert_eq!(said["firmnessShown"], listed["firmness"]);
    }
    // The same request on the same revision gives the same bytes.
    assert_eq!(get(WORKINGS).await.body, get(WORKINGS).await.body);
}

#[actix_web::test]
async fn firmness_from_the_file_is_near_to_what_is_shown() {
    let workings = get(WORKINGS).await.good();
    let mut sum = 0.0;
    for place in rows(&workings, "answered") {
        let first = |key: &str| place[key]["first"].as_f64().unwrap();
        sum += first("firmness");
        let apart = (first("firmness") - first("firmnessShown")).abs();
        assert!(apart < 0.15, "{place}");
    }
    assert!((sum - 1.0).abs() < 1e-3, "{sum}");
}

/// What another site saved changes what a pair is worth to it, and stands nowhere.
#[actix_web::test]
async fn another_sites_weights_are_in_no_workings() {
    let service = TestService::bundled();
    let before = service.get(As::Rth, WORKINGS).await.good();
    let weights = json!({ "weights": { "core_system": 0.917_351, "geography": 0.082_649 } });
    let path = "/api/v1/organisations/RHW/weights";
    let request = TestRequest::put()
        .uri(path)
        .insert_header(("If-Match", "*"))
        .set_json(weights);
    service.ask(As::Rhw, request).await.good();
    let after = service.get(As::Rth, WORKINGS).await;
    let text = String::from_utf8(after.body.to_vec()).unwrap();
    for secret in ["0.917351", "0.082649", "0.91735", "saved"] {
        assert!(!text.contains(secret), "{secret}");
    }
    let after = after.good();
    let keys = ["loadPrice", "name", "odsCode", "scores", "theirFit"];
    for (one, other) in rows(&before, "candidates")
        .iter()
        .zip(rows(&after, "candidates"))
    {
        let own: BTreeSet<&str> = other
            .as_object()
            .unwrap()
            .keys()
            .map(String::as_str)
            .collect();
        assert_eq!(own, keys.into_iter().collect());
        for key in ["scores", "loadPrice", "odsCode"] {
            assert_eq!(one[key], other[key]);
        }
        let is_it = other["odsCode"] == "RHW";
        assert_eq!(one["theirFit"] != other["theirFit"], is_it, "{other}");
    }
}

/// What a site saved is its own: staff take away its list under the programme's weights.
#[actix_web::test]
async fn staff_see_the_workings_under_the_programmes_weights() {
    let service = TestService::bundled();
    let request = TestRequest::put()
        .uri("/api/v1/organisations/RTH/weights")
        .insert_header(("If-Match", "*"))
        .set_json(json!({ "weights": { "geography": 1.0 } }));
    service.ask(As::Rth, request).await.good();
    let own = service.get(As::Rth, WORKINGS).await.good();
    let staff = service.get(As::Admin, WORKINGS).await.good();
    assert_eq!(own["method"]["weightsFrom"], "saved");
    assert_eq!(own["method"]["weights"]["geography"], 1.0);
    assert_eq!(staff["method"]["weightsFrom"], "programme");
    assert_eq!(staff["method"]["weights"]["geography"], 0.2);
}

/// A list of the request's own weights and filters has workings too.
#[actix_web::test]
async fn a_list_as_asked_has_workings_of_whom_it_shows() {
    let question = json!({
        "weights": { "core_system": 3, "geography": 1 },
        "filters": { "careSettings": ["mental_health"], "withinKm": 150 },
        "limit": 50, "asOf": "2026-11-22", "draws": 500, "seed": 3
    });
    let path = "/api/v1/organisations/RTH/suggestions";
    let list = SERVICE.post(As::Rth, path, &question).await.good();
    let workings = SERVICE
        .post(As::Rth, &format!("{path}/workings"), &question)
        .await
        .good();
    assert_eq!(workings["method"]["weightsFrom"], "request");
    assert_eq!(workings["method"]["weights"]["core_system"], 0.75);
    let count = rows(&workings, "candidates").len();
    assert_eq!(list["candidateCount"], count);
    assert!(0 < count && count < 50, "{count}");
    for (said, listed) in rows(&workings, "answered")
        .iter()
        .zip(rows(&list, "suggestions"))
    {
        assert_eq!(said["odsCode"], listed["organisation"]["odsCode"]);
        assert_eq!(said["firmnessShown"], listed["firmness"]);
    }
}

/// The example of the document is the real answer, with its first two places and their candidates alone.
#[actix_web::test]
async fn the_example_is_a_real_answer_cut_short() {
    let mut real = SERVICE.get(As::Rth, WORKINGS).await.good();
    real["answered"].as_array_mut().unwrap().truncate(2);
    let shown: Vec<Value> = rows(&real, "answered")
        .iter()
        .map(|p| p["odsCode"].clone())
        .collect();
    let candidates = real["candidates"].as_array_mut().unwrap();
    candidates.retain(|candidate| shown.contains(&candidate["odsCode"]));
    let example: Value = serde_json::from_str(include_str!(
        "../../../src/http/examples/show_workings.json"
    ))
    .unwrap();
    if example != real {
        let made = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("examples");
        std::fs::create_dir_all(&made).unwrap();
        let text = serde_json::to_string_pretty(&real).unwrap() + "\n";
        std::fs::write(made.join("show_workings.json"), text).unwrap();
    }
    assert_eq!(
        example, real,
        "copy target/tmp/examples/show_workings.json to src/http/examples"
    );
}
