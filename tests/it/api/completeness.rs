//! What a site has not said, through the interface.

use serde_json::Value;

use super::{SERVICE, get};
use crate::support::service::As;

const PATH: &str = "/api/v1/organisations/RTH/completeness";

#[actix_web::test]
async fn a_site_is_told_what_is_missing_and_asked_the_next_question() {
    let found = SERVICE.get(As::Rth, PATH).await.good();
    let missing = found["missing"].as_array().unwrap();
    let effect = |fact: &Value| fact["effect"].as_f64().unwrap();
    assert_eq!(found["next"], missing[0]);
    assert!(missing.is_sorted_by(|a, b| effect(a) >= effect(b)));
    let whole = found["share"].as_f64().unwrap() + missing.iter().map(effect).sum::<f64>();
    // Each share is rounded to six decimals.
    assert!((whole - 1.0).abs() < 1e-4, "{whole}");
    assert!(found["meanWidth"].as_f64().unwrap() > 0.0);
}

#[actix_web::test]
async fn each_missing_fact_says_where_to_answer_it() {
    let found = get(PATH).await.good();
    let at = |fact: &str| {
        let missing = found["missing"].as_array().unwrap();
        let missing = missing.iter().find(|m| m["fact"] == fact);
        missing.map(|m| m["answerAt"].as_str().unwrap().to_owned())
    };
    let part = |part: &str| Some(format!("/api/v1/organisations/RTH/{part}"));
    assert_eq!(at("ethos_sharing"), part("ethos"));
    assert_eq!(at("links"), part("links"));
    assert_eq!(at("topics"), part("topics"));
}

#[actix_web::test]
async fn another_site_a_closed_and_an_unknown_organisation_are_refused() {
    let others = SERVICE.get(As::Rhw, PATH).await;
    assert_eq!(others.status, 404);
    SERVICE
        .get(As::Nobody, PATH)
        .await
        .problem(401, "/problems/unauthenticated");
    get("/api/v1/organisations/ZZZ/completeness")
        .await
        .problem(404, "/problems/organisation-not-found");
    get("/api/v1/organisations/RW6/completeness")
        .await
        .problem(409, "/problems/organisation-closed");
    get(&format!("{PATH}?asOf=yesterday"))
        .await
        .problem(400, "/problems/unreadable-request");
}
