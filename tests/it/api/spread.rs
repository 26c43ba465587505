//! Exposure that is spread by prices, through the interface.

use std::collections::BTreeMap;

use actix_web::test::TestRequest;
use serde_json::{Value, json};

use super::{SERVICE, get};
use crate::support::service::{As, TestService};

const DAY: &str = "asOf=2026-11-22&draws=0";

fn suggestions(answer: &Value) -> &[Value] {
    answer["suggestions"].as_array().unwrap()
}

fn expected(suggestion: &Value) -> f64 {
    suggestion["mutualFit"]["expected"].as_f64().unwrap()
}

fn price(suggestion: &Value) -> f64 {
    suggestion["loadPrice"].as_f64().unwrap()
}

fn code(suggestion: &Value) -> &str {
    suggestion["organisation"]["odsCode"].as_str().unwrap()
}

#[actix_web::test]
async fn prices_change_the_order_and_no_fit() {
    let path = format!("/api/v1/organisations/RTH/suggestions?limit=50&{DAY}");
    let (plain, spread) = (
        get(&path).await,
        get(&format!("{path}&spreadLoad=true")).await,
    );
    let (plain, spread) = (plain.good(), spread.good());
    assert_eq!(
        (
            &plain["method"]["spreadLoad"],
            &spread["method"]["spreadLoad"]
        ),
        (&json!(false), &json!(true))
    );
    assert!(suggestions(&plain).iter().all(|s| price(s).to_bits() == 0));
    let fits: BTreeMap<&str, &Value> = suggestions(&plain).iter().map(|s| (code(s), s)).collect();
    let mut n_moved = 0;
    for suggestion in suggestions(&spread) {
        assert!(price(suggestion) >= 0.0);
        let Some(before) = fits.get(code(suggestion)) else {
            continue;
        };
        for part in ["mutualFit", "yourFit", "theirFit", "criteria", "coverage"] {
            assert_eq!(before[part], suggestion[part], "{part}");
        }
        n_moved += u32::from(before["rank"] != suggestion["rank"]);
    }
    assert!(n_moved > 0, "some are moved");
    // Fits and prices are shown with six decimals.
    let worth = |s: &Value| expected(s) - price(s);
    let all = suggestions(&spread);
    assert!(all.is_sorted_by(|a, b| worth(a) >= worth(b) - 2e-6));
    // Pair and comparison say the same.
    let third = &all[2];
    let path = format!(
        "/api/v1/organisations/RTH/suggestions/{}?{DAY}&spreadLoad=true",
        code(third)
    );
    let pair = get(&path).await.good();
    assert_eq!(&pair["suggestion"], third);
    let body = json!({ "limit": 3, "draws": 0, "asOf": "2026-11-22", "spreadLoad": true });
    let request = TestRequest::post().uri("/api/v1/organisations/RTH/suggestions");
    let posted = SERVICE.ask(As::Rth, request.set_json(body)).await.good();
    assert_eq!(&posted["suggestions"][2], third);
}

#[actix_web::test]
async fn a_place_in_the_others_list_is_told_under_the_same_prices() {
    let path = format!("/api/v1/organisations/RTH/suggestions?limit=5&{DAY}&spreadLoad=true");
    for suggestion in suggestions(&get(&path).await.good()) {
        let path = format!(
            "/api/v1/organisations/{}/suggestions?limit=50&{DAY}&spreadLoad=true",
            code(suggestion)
        );
        let theirs = get(&path).await.good();
        let here = suggestions(&theirs).iter().find(|s| code(s) == "RTH");
        if let Some(here) = here {
            assert_eq!(
                here["rank"],
                suggestion["reverseRank"],
                "{}",
                code(suggestion)
            );
        }
    }
}

#[actix_web::test]
async fn flips_are_told_under_prices_too() {
    let path = format!("/api/v1/organisations/RTH/suggestions?limit=2&{DAY}&spreadLoad=true");
    let list = get(&path).await.good();
    let [one, other] = [0, 1].map(|at| code(&suggestions(&list)[at]).to_owned());
    let path = format!(
        "/api/v1/organisations/RTH/flips?between={other},{one}&asOf=2026-11-22&spreadLoad=true"
    );
    let flips = get(&path).await.good();
    assert_eq!(flips["first"]["organisation"]["odsCode"], one);
    assert_eq!(flips["method"]["spreadLoad"], true);
}

/// What the report says prices do is counted again from everybody's list.
#[actix_web::test]
async fn the_load_report_says_what_prices_do() {
    let report = get("/api/v1/admin/load?asOf=2026-11-22").await.good();
    let prices = &report["prices"];
    let sites: Vec<String> = {
        let page = get("/api/v1/organisations?limit=200&status=active")
            .await
            .good();
        let next = page["links"]["next"].as_str().unwrap().to_owned();
        let rest = get(&next).await.good();
        let items = [&page, &rest]
            .into_iter()
            .flat_map(|p| p["items"].as_array().unwrap());
        items.map(|item| code(item).to_owned()).collect()
    };
    assert_eq!(sites.len(), 202);
    for (key, spread_load) in [("without", false), ("with", true)] {
        let mut degrees: BTreeMap<String, u32> = sites.iter().map(|s| (s.clone(), 0)).collect();
        let (mut fits, mut n_seen) = (0.0, 0.0);
        for site in &sites {
            let path =
                format!("/api/v1/organisations/{site}/suggestions?{DAY}&spreadLoad={spread_load}");
            for suggestion in suggestions(&get(&path).await.good()) {
                *degrees.get_mut(code(suggestion)).unwrap() += 1;
                fits += expected(suggestion);
                n_seen += 1.0;
            }
        }
        let said = &prices[key];
        assert_eq!(
            said["highestInDegree"].as_u64(),
            degrees.values().max().map(|&n| n.into()),
            "{key}"
        );
        let never = degrees.values().filter(|&&n| n == 0).count();
        assert_eq!(said["neverSuggested"].as_u64(), Some(never as u64), "{key}");
        let number = |name: &str| said[name].as_f64().unwrap();
        assert!(
            (number("meanInDegree") - n_seen / 202.0).abs() < 1e-6,
            "{key}"
        );
        assert!((number("meanFit") - fits / n_seen).abs() < 1e-6, "{key}");
    }
    let fit = |key: &str| prices[key]["meanFit"].as_f64().unwrap();
    let lost = (fit("without") - fit("with")) / fit("without");
    assert!((prices["fitLost"].as_f64().unwrap() - lost).abs() < 1e-5);
    // The bars: twice the mean at most, nobody forgotten, at most three hundredths of the fit.
    assert!(prices["with"]["highestInDegree"].as_u64().unwrap() <= 20);
    assert_eq!(prices["with"]["neverSuggested"], 0);
    assert!(lost <= 0.03, "{lost}");
}

#[actix_web::test]
async fn what_is_neither_true_nor_false_is_refused() {
    let path = "/api/v1/organisations/RTH/suggestions";
    assert_eq!(get(&format!("{path}?spreadLoad=yes")).await.status, 400);
    let request = TestRequest::post()
        .uri(path)
        .set_json(json!({ "spreadLoad": "true" }));
    let refused: Value = SERVICE
        .ask(As::Rth, request)
        .await
        .problem(422, "/problems/invalid-request");
    assert_eq!(refused["errors"][0]["pointer"], "/spreadLoad");
}

/// A programme's own choice counts for its members where the request says nothing, from the write on.
#[actix_web::test]
async fn a_programme_spreads_exposure_for_its_members() {
    let service = TestService::bundled();
    let programmes = "/api/v1/admin/programmes";
    let body = json!({ "name": "Fair shares", "spreadLoad": true });
    let opened = service.post(As::Admin, programmes, &body).await;
    assert_eq!(
        (opened.status, &opened.json()["spreadLoad"]),
        (201, &json!(true))
    );
    let ours = format!("{programmes}/fair-shares");
    let joined = service
        .put(As::Admin, &format!("{ours}/members/RTH"), &json!({}))
        .await;
    joined.good();
    let list =
        |site: &str, said: &str| format!("/api/v1/organisations/{site}/suggestions?draws=0{said}");
    let asked = async |path: String| service.get(As::Admin, &path).await.good();
    let used = |answer: &Value| answer["method"]["spreadLoad"].clone();
    let plain = asked(list("RTH", "")).await;
    assert_eq!(used(&plain), true);
    let spread = asked(list("RTH", "&spreadLoad=true")).await;
    assert_eq!(plain["suggestions"], spread["suggestions"]);
    let without = asked(list("RTH", "&spreadLoad=false")).await;
    assert_eq!(used(&without), false);
    assert_ne!(plain["suggestions"], without["suggestions"]);
    // The seeker's programme decides: RHW is in none.
    assert_eq!(used(&asked(list("RHW", "")).await), false);
    let pair = "/api/v1/organisations/RTH/suggestions/RHW?draws=0";
    assert_eq!(used(&asked(pair.into()).await), true);
    let posted = service
        .post(
            As::Admin,
            "/api/v1/organisations/RTH/suggestions",
            &json!({}),
        )
        .await;
    assert_eq!(used(&posted.good()), true);
    let flips = "/api/v1/organisations/RTH/flips?between=RHW,RJ7";
    assert_eq!(used(&asked(flips.into()).await), true);
    // Off again; the audit has both.
    let off = service
        .put(As::Admin, &ours, &json!({ "name": "Fair shares" }))
        .await;
    assert_eq!(off.good()["spreadLoad"], false);
    assert_eq!(
        asked(list("RTH", "")).await["suggestions"],
        without["suggestions"]
    );
    let audit = asked("/api/v1/admin/audit?limit=5".into()).await;
    assert!(
        audit.to_string().contains("\"spreadLoad\":false"),
        "{audit}"
    );
}
