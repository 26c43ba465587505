//! Whom to ask about a topic.

use serde_json::{Value, json};

use crate::support::service::{As, TestService};

const ASK: &str = "/api/v1/expertise?topic=hepma&asOf=2026-11-22";

async fn show(service: &TestService, who: As, code: &str, stage: &str) {
    let path = format!("/api/v1/organisations/{code}/topics/hepma");
    service
        .put(who, &path, &json!({ "stage": stage }))
        .await
        .good();
}

fn codes(answer: &Value) -> Vec<&str> {
    let items = answer["items"].as_array().unwrap().iter();
    items
        .map(|item| item["odsCode"].as_str().unwrap())
        .collect()
}

#[actix_web::test]
async fn who_can_show_more_comes_first_with_the_blueprint_and_the_role_to_ask_for() {
    let service = TestService::bundled();
    show(&service, As::Rth, "RTH", "live").await;
    let blueprint = json!({
        "topic": "hepma", "title": "Prescribing", "url": "https://example.nhs.uk/x", "contactRole": "Chief pharmacist",
    });
    let path = "/api/v1/organisations/RHW/blueprints";
    assert_eq!(service.post(As::Rhw, path, &blueprint).await.status, 201);
    let found = service.get(As::Viewer, ASK).await.good();
    assert_eq!(
        (codes(&found), &found["total"]),
        (vec!["RHW", "RTH"], &json!(2))
    );
    let best = &found["items"][0];
    assert_eq!(
        (&best["stage"], &best["contactRole"], &best["mutualFit"]),
        (
            &json!("blueprint"),
            &json!("Chief pharmacist"),
            &Value::Null
        )
    );
    assert_eq!(best["blueprints"][0]["title"], "Prescribing");
    assert!(best["reasons"][0].as_str().unwrap().contains("Prescribing"));
    assert_eq!(best["source"], "the site's own word");
}

#[actix_web::test]
async fn a_site_is_not_told_to_ask_itself_and_sees_the_fit() {
    let service = TestService::bundled();
    show(&service, As::Rth, "RTH", "live").await;
    show(&service, As::Rhw, "RHW", "offered").await;
    let found = service.get(As::Rth, ASK).await.good();
    assert_eq!(codes(&found), ["RHW"]);
    let fit = found["items"][0]["mutualFit"]["expected"].as_f64().unwrap();
    let pair = service
        .get(
            As::Rth,
            "/api/v1/organisations/RTH/suggestions/RHW?asOf=2026-11-22",
        )
        .await
        .good();
    assert!(
        pair.to_string().contains(&format!("\"expected\":{fit}")),
        "{fit}"
    );
    let for_rth = service
        .get(As::Admin, &format!("{ASK}&for=RTH"))
        .await
        .good();
    assert_eq!(for_rth["items"], found["items"]);
    service
        .get(As::Rth, &format!("{ASK}&for=RHW"))
        .await
        .problem(422, "/problems/invalid-request");
    service
        .get(As::Admin, &format!("{ASK}&for=ZZZ"))
        .await
        .problem(404, "/problems/organisation-not-found");
}

#[actix_web::test]
async fn nothing_to_show_is_nobody_to_ask() {
    let service = TestService::bundled();
    show(&service, As::Rth, "RTH", "nothing").await;
    let found = service.get(As::Viewer, ASK).await.good();
    assert_eq!((codes(&found), &found["total"]), (vec![], &json!(0)));
    service
        .get(As::Viewer, "/api/v1/expertise?topic=no-such")
        .await
        .problem(404, "/problems/not-found");
    service
        .get(As::Viewer, "/api/v1/expertise")
        .await
        .problem(400, "/problems/unreadable-request");
}

#[actix_web::test]
async fn only_those_who_run_the_system_are_named() {
    let service = TestService::bundled();
    show(&service, As::Rth, "RTH", "live").await;
    show(&service, As::Rhw, "RHW", "live").await;
    let found = service
        .get(As::Viewer, &format!("{ASK}&system=oracle"))
        .await
        .good();
    assert!(codes(&found).contains(&"RTH"), "{found}");
    assert!(found["items"][0]["reasons"].to_string().contains("Oracle"));
    let none = service
        .get(As::Viewer, &format!("{ASK}&system=abacus"))
        .await
        .good();
    assert_eq!(none["total"], 0);
}
