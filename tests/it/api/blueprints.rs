//! Blueprints: published accounts that lead to whom to ask.

use serde_json::{Value, json};

use crate::support::service::{As, TestService};

const OURS: &str = "/api/v1/organisations/RTH/blueprints";

fn an_account() -> Value {
    json!({
        "topic": "hepma", "title": "Prescribing in nine months", "url": "https://example.nhs.uk/hepma",
        "contactRole": "Chief pharmacist", "publishedOn": "2020-02",
    })
}

#[actix_web::test]
async fn a_blueprint_is_published_changed_and_withdrawn() {
    let service = TestService::bundled();
    let made = service.post(As::Rth, OURS, &an_account()).await;
    assert_eq!(made.status, 201);
    let path = made.header("location").to_owned();
    let shown = service.get(As::Rhw, &path).await;
    assert_eq!(
        (shown.good(), shown.header("etag")),
        (made.json(), made.header("etag"))
    );
    let mut other = an_account();
    other["title"] = json!("In eight months");
    let changed = service.put(As::Rth, &path, &other).await.good();
    assert_eq!(
        (&changed["title"], &changed["version"]),
        (&json!("In eight months"), &json!(2))
    );
    assert_eq!(service.delete(As::Rth, &path).await.status, 204);
    service
        .get(As::Rth, &path)
        .await
        .problem(404, "/problems/not-found");
    let listed = service.get(As::Rth, OURS).await.good();
    assert_eq!(listed["items"], json!([]));
}

#[actix_web::test]
async fn an_address_that_could_harm_a_reader_is_refused() {
    let service = TestService::bundled();
    for url in [
        "javascript:alert(1)",
        "ftp://example.org",
        "https://user:secret@example.org",
        "https://",
        "example.org",
    ] {
        let mut body = an_account();
        body["url"] = json!(url);
        let problem = service
            .post(As::Rth, OURS, &body)
            .await
            .problem(422, "/problems/invalid-request");
        assert_eq!(problem["errors"][0]["pointer"], "/url", "{url}");
        assert!(!problem.to_string().contains("secret"));
    }
}

#[actix_web::test]
async fn a_blueprint_is_of_a_topic_that_there_is_and_of_the_past() {
    let service = TestService::bundled();
    for (field, value) in [
        ("topic", json!("no-such")),
        ("publishedOn", json!("2026-12")),
        ("title", json!(" ")),
        ("contactRole", json!("x".repeat(101))),
    ] {
        let mut body = an_account();
        body[field] = value;
        let problem = service
            .post(As::Rth, OURS, &body)
            .await
            .problem(422, "/problems/invalid-request");
        assert_eq!(problem["errors"][0]["pointer"], format!("/{field}"));
    }
    assert_eq!(service.post(As::Rth, OURS, &an_account()).await.status, 201);
    service
        .post(As::Rth, OURS, &an_account())
        .await
        .problem(409, "/problems/blueprint-exists");
}

#[actix_web::test]
async fn a_blueprint_counts_as_showing_the_topic_in_full() {
    let service = TestService::bundled();
    let need = json!({ "need": "wanted" });
    let topic = "/api/v1/organisations/RHW/topics/hepma";
    service.put(As::Rhw, topic, &need).await.good();
    let learning = async || {
        let path = "/api/v1/organisations/RHW/suggestions/RTH?asOf=2026-11-22";
        let pair = service.get(As::Rhw, path).await.good();
        let criteria = pair["suggestion"]["criteria"].as_array().unwrap().iter();
        let learning = criteria.filter(|criterion| criterion["criterion"] == "learning");
        learning.cloned().collect::<Vec<_>>()
    };
    let before = learning().await;
    let made = service.post(As::Rth, OURS, &an_account()).await;
    let with = learning().await;
    assert_ne!(with, before);
    assert_eq!(with[0]["score"]["expected"], 1.0);
    let path = made.header("location").to_owned();
    assert_eq!(service.delete(As::Rth, &path).await.status, 204);
    assert_eq!(learning().await, before);
}
