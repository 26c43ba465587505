//! What-if: a stable assignment of the bundled trusts, which writes nothing.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::get;
use crate::support::service::{As, TestService};

const WHAT_IF: &str = "/api/v1/admin/what-if?asOf=2026-11-22";

fn codes(pair: &Value) -> [String; 2] {
    [0, 1].map(|at| pair["between"][at]["odsCode"].as_str().unwrap().to_owned())
}

#[actix_web::test]
async fn with_two_places_each_the_bundled_trusts_are_paired_stably_and_whoever_is_left_out_is_told_why()
 {
    let found = get(&format!("{WHAT_IF}&capacity=2")).await.good();
    let summary = &found["summary"];
    assert_eq!(summary["organisations"], 202);
    assert_eq!(found["blockingPairs"], json!([]));
    assert!(found["pairsSearched"].as_u64().unwrap() > 10_000);
    let pairs = found["pairs"].as_array().unwrap();
    assert_eq!(summary["pairs"], pairs.len());
    let mut taken: BTreeMap<String, u32> = BTreeMap::new();
    for pair in pairs {
        for code in codes(pair) {
            *taken.entry(code).or_default() += 1;
        }
        assert!(
            pair["reasons"].as_array().is_some_and(|r| !r.is_empty()),
            "{pair}"
        );
    }
    assert!(taken.values().all(|&n| n <= 2));
    assert_eq!(summary["matched"], taken.len());
    for left_out in found["unmatched"].as_array().unwrap() {
        assert!(!left_out["text"].as_str().unwrap().is_empty());
        let code = left_out["organisation"]["odsCode"].as_str().unwrap();
        assert!(!taken.contains_key(code));
    }
    let n_left_out = found["unmatched"].as_array().unwrap().len();
    assert_eq!(taken.len() + n_left_out, 202);
    // The best first, by what both sides see of each other.
    let fits: Vec<f64> = pairs
        .iter()
        .map(|pair| pair["mutualFit"]["expected"].as_f64().unwrap())
        .collect();
    assert!(fits.is_sorted_by(|a, b| a >= b));
    let [a, b] = codes(&pairs[0]);
    let path = format!("/api/v1/organisations/{a}/suggestions/{b}?asOf=2026-11-22");
    let shown = get(&path).await.good();
    assert_eq!(shown["suggestion"]["mutualFit"], pairs[0]["mutualFit"]);
}

/// The same search by other means: from the answers that each trust gets, without the engine's own.
#[actix_web::test]
async fn nobody_would_rather_have_somebody_who_would_rather_have_it() {
    let found = get(&format!("{WHAT_IF}&capacity=1")).await.good();
    let mut partner: BTreeMap<String, (f64, String)> = BTreeMap::new();
    for pair in found["pairs"].as_array().unwrap() {
        let [a, b] = codes(pair);
        let fit = pair["mutualFit"]["expected"].as_f64().unwrap();
        partner.insert(a.clone(), (fit, b.clone()));
        partner.insert(b, (fit, a));
    }
    let held = |code: &str| partner.get(code).map_or(0.0, |(fit, _)| *fit);
    for (code, (fit, _)) in partner.iter().take(40) {
        let path = format!("/api/v1/organisations/{code}/suggestions?limit=50&asOf=2026-11-22");
        let answer = get(&path).await.good();
        for suggestion in answer["suggestions"].as_array().unwrap() {
            let other = suggestion["organisation"]["odsCode"].as_str().unwrap();
            let with = suggestion["mutualFit"]["expected"].as_f64().unwrap();
            // Answers are rounded to six decimals.
            let blocks = with > fit + 1e-6 && with > held(other) + 1e-6;
            assert!(!blocks, "{code} and {other}: {with} against {fit}");
        }
    }
}

#[actix_web::test]
async fn a_picture_writes_nothing_and_is_the_same_again() {
    let service = TestService::bundled();
    let revision = service.alongside.revision();
    let first = service.get(As::Viewer, WHAT_IF).await.good();
    let again = service.get(As::Viewer, WHAT_IF).await.good();
    assert_eq!(first, again);
    assert_eq!(service.alongside.revision(), revision);
    let few = service
        .get(As::Viewer, &format!("{WHAT_IF}&limit=2"))
        .await
        .good();
    assert_eq!(few["pairs"].as_array().unwrap().len(), 2);
    assert_eq!(few["summary"], first["summary"]);
}

#[actix_web::test]
async fn a_paused_site_has_no_place() {
    let service = TestService::bundled();
    let body = json!({ "reason": "Moves to another system." });
    let path = "/api/v1/admin/pauses/RTH";
    service.put(As::Admin, path, &body).await.good();
    let found = service.get(As::Admin, WHAT_IF).await.good();
    let left_out = found["unmatched"].as_array().unwrap();
    let told = left_out
        .iter()
        .find(|item| item["organisation"]["odsCode"] == "RTH")
        .unwrap();
    assert_eq!(told["why"], "paused");
}

#[actix_web::test]
async fn what_cannot_be_asked_is_refused() {
    for (query, status) in [
        ("programme=none", 422),
        ("capacity=21", 422),
        ("capacity=-1", 422),
        ("capacity=two", 400),
        ("limit=0", 422),
        ("places=2", 400),
    ] {
        let answer = get(&format!("/api/v1/admin/what-if?{query}")).await;
        assert_eq!(answer.status, status, "{query}");
    }
}
