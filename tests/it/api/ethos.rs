use serde_json::{Value, json};

use crate::support::service::{As, TestService};

const ETHOS: &str = "/api/v1/organisations/RTH/ethos";

/// The answers by question.
fn answers(ethos: &Value) -> Vec<(String, Value)> {
    let answers = ethos["answers"].as_array().unwrap();
    assert_eq!(answers.len(), 6);
    answers
        .iter()
        .filter(|answer| !answer["answer"].is_null())
        .map(|answer| {
            let attribute = answer["attribute"].as_str().unwrap().to_owned();
            (attribute, answer["answer"].clone())
        })
        .collect()
}

#[actix_web::test]
async fn the_questions_are_those_that_suggestions_ask() {
    let service = TestService::bundled();
    let ethos = service.get(As::Rth, ETHOS).await.good();
    let path = "/api/v1/organisations/RTH/suggestions";
    let suggestions = service.get(As::Rth, path).await.good();
    let asked = suggestions["askNext"].as_array().unwrap();
    let ask = asked
        .iter()
        .find(|ask| ask["fact"].as_str().unwrap().starts_with("ethos_"))
        .unwrap();
    let question = ethos["answers"]
        .as_array()
        .unwrap()
        .iter()
        .find(|answer| answer["attribute"] == ask["fact"])
        .unwrap();
    assert_eq!(question["question"], ask["question"]);
}

#[actix_web::test]
async fn new_answers_take_the_place_of_all_the_old_ones() {
    let service = TestService::bundled();
    let first = json!({"ethos_sharing": 4, "ethos_pace": 2});
    service.put(As::Rth, ETHOS, &first).await.good();
    let second = json!({"ethos_pace": 3.0, "ethos_sharing": null});
    let ethos = service.put(As::Rth, ETHOS, &second).await.good();
    assert_eq!(answers(&ethos), [("ethos_pace".to_owned(), json!(3.0))]);
    let none = service.put(As::Rth, ETHOS, &json!({})).await.good();
    assert_eq!(answers(&none), []);
}

#[actix_web::test]
async fn an_answer_is_a_whole_number_from_1_to_5() {
    let service = TestService::bundled();
    let body = json!({"ethos_sharing": 0, "ethos_pace": 2.5, "ethos_build_or_buy": 6});
    let problem = service.put(As::Rth, ETHOS, &body).await;
    let problem = problem.problem(422, "/problems/invalid-request");
    assert_eq!(problem["errors"].as_array().unwrap().len(), 3, "{problem}");
    let unknown = service.put(As::Rth, ETHOS, &json!({"sharing": 3})).await;
    unknown.problem(422, "/problems/invalid-request");
}

#[actix_web::test]
async fn nobody_else_reads_the_answers_anywhere() {
    let service = TestService::bundled();
    service
        .put(As::Rth, ETHOS, &json!({"ethos_sharing": 5}))
        .await
        .good();
    service
        .put(As::Rth, ETHOS, &json!({"ethos_sharing": 1}))
        .await
        .good();
    for caller in [As::Admin, As::Viewer] {
        assert_eq!(service.get(caller, ETHOS).await.status, 403, "{caller:?}");
    }
    let other = service.get(As::Rhw, ETHOS).await;
    other.problem(404, "/problems/organisation-not-found");
    for path in ["", "/attributes", "/history"] {
        let path = format!("/api/v1/organisations/RTH{path}");
        let shown = service.get(As::Admin, &path).await.good().to_string();
        assert!(!shown.contains("ethos"), "{path}: {shown}");
    }
}

#[actix_web::test]
async fn answers_change_the_next_suggestion() {
    let service = TestService::bundled();
    let path = "/api/v1/organisations/RTH/suggestions?limit=50";
    let before = service.get(As::Rth, path).await.good();
    service
        .put(As::Rth, ETHOS, &json!({"ethos_sharing": 5}))
        .await
        .good();
    let after = service.get(As::Rth, path).await.good();
    assert_ne!(before["revision"], after["revision"]);
    let asked = |answer: &Value| answer["askNext"].to_string().contains("ethos_sharing");
    assert!(asked(&before) && !asked(&after));
}
