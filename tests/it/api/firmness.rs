//! How firm ranks are, and what would flip them, through the interface.

use actix_web::test::TestRequest;
use serde_json::{Value, json};

use super::{SERVICE, get};
use crate::support::database::{TestDatabase, one_of_each};
use crate::support::service::{Answer, As, TestService};

const PATH: &str = "/api/v1/organisations/RTH/suggestions";

async fn ask(body: Value) -> Answer {
    let request = TestRequest::post().uri(PATH).set_json(body);
    SERVICE.ask(As::Rth, request).await
}

fn suggestions(answer: &Value) -> &[Value] {
    answer["suggestions"].as_array().unwrap()
}

fn first(suggestion: &Value) -> f64 {
    suggestion["firmness"]["first"].as_f64().unwrap()
}

#[actix_web::test]
async fn every_suggestion_says_how_firm_it_is_and_the_answer_how_that_was_found() {
    let found = get(&format!("{PATH}?limit=50&draws=2000&seed=7"))
        .await
        .good();
    assert_eq!(
        (&found["method"]["draws"], &found["method"]["seed"]),
        (&json!(2000), &json!(7))
    );
    let (mut firsts, mut top_threes) = (0.0, 0.0);
    for suggestion in suggestions(&found) {
        let top_three = suggestion["firmness"]["topThree"].as_f64().unwrap();
        assert!(first(suggestion) <= top_three && top_three <= 1.0);
        firsts += first(suggestion);
        top_threes += top_three;
    }
    // All who are ever on top are among the best fifty of these.
    assert!((0.99..=1.0 + 1e-9).contains(&firsts), "{firsts}");
    assert!((2.9..=3.0 + 1e-9).contains(&top_threes), "{top_threes}");
    // Whoever is first in the list is first more often than the tenth.
    assert!(first(&suggestions(&found)[0]) > first(&suggestions(&found)[9]));
}

#[actix_web::test]
async fn the_same_seed_gives_the_same_shares_and_another_one_nearly_the_same() {
    // With weights of its own, so that no answer is one that was kept.
    let shares = |seed: u64| async move {
        let weights = json!({ "core_system": 2, "geography": 1, "care_setting": 1 });
        let body = json!({ "draws": 4000, "seed": seed, "weights": weights });
        let found = ask(body).await.good();
        suggestions(&found).iter().map(first).collect::<Vec<f64>>()
    };
    let (one, again, other) = (shares(1).await, shares(1).await, shares(2).await);
    assert_eq!(one, again);
    assert_ne!(one, other);
    for (one, other) in one.iter().zip(&other) {
        // Five times the half-width of a share of 4,000 draws.
        assert!((one - other).abs() < 0.08, "{one} {other}");
    }
}

#[actix_web::test]
async fn without_draws_there_is_no_firmness_and_all_else_is_the_same() {
    let mut with = get(&format!("{PATH}?draws=100")).await.good();
    let mut without = get(&format!("{PATH}?draws=0")).await.good();
    assert_eq!(without["suggestions"][0]["firmness"], Value::Null);
    for answer in [&mut with, &mut without] {
        answer["method"]["draws"] = Value::Null;
        for suggestion in answer["suggestions"].as_array_mut().unwrap() {
            suggestion["firmness"] = Value::Null;
        }
    }
    assert_eq!(with, without);
}

#[actix_web::test]
async fn one_pair_and_a_comparison_say_what_the_list_says() {
    let list = get(&format!("{PATH}?draws=1000")).await.good();
    let [one, other] = [0, 1].map(|at| &suggestions(&list)[at]);
    let code = |of: &Value| of["organisation"]["odsCode"].as_str().unwrap().to_owned();
    let pair = get(&format!("{PATH}/{}?draws=1000", code(other)))
        .await
        .good();
    assert_eq!(pair["suggestion"]["firmness"], other["firmness"]);
    let with = format!("{},{}", code(other), code(one));
    let path = format!("/api/v1/organisations/RTH/comparison?with={with}&draws=1000");
    let compared = get(&path).await.good();
    assert_eq!(compared["candidates"][0]["firmness"], other["firmness"]);
    assert_eq!(compared["candidates"][1]["firmness"], one["firmness"]);
}

#[actix_web::test]
async fn the_tables_add_up_and_agree_with_the_list() {
    let body = json!({ "limit": 3, "draws": 300, "firmness": { "tables": true } });
    let found = ask(body).await.good();
    let tables = &found["firmnessTables"];
    let candidates = tables["candidates"].as_array().unwrap();
    assert_eq!(
        (candidates.len(), &tables["candidateCount"]),
        (201, &json!(201))
    );
    let numbers = |of: &Value| -> Vec<f64> {
        let numbers = of.as_array().unwrap().iter();
        numbers.map(|n| n.as_f64().unwrap()).collect()
    };
    let mut of_rank = vec![0.0; candidates.len()];
    for (at, candidate) in candidates.iter().enumerate() {
        let shares = numbers(&candidate["rankShares"]);
        // Each share is rounded to six decimals.
        assert!((shares.iter().sum::<f64>() - 1.0).abs() < 1e-4);
        for (sum, share) in of_rank.iter_mut().zip(&shares) {
            *sum += share;
        }
        let wins = numbers(&candidate["wins"]);
        for (other, won) in wins.iter().enumerate().filter(|(other, _)| *other != at) {
            let back = numbers(&candidates[other]["wins"])[at];
            assert!((won + back - 1.0).abs() < 1e-5, "{at} {other}");
        }
        let is_ever_first = shares[0] > 0.0;
        assert_eq!(candidate["centralWeights"].is_object(), is_ever_first);
        assert_eq!(candidate["confidence"].is_number(), is_ever_first);
        if is_ever_first {
            let central = candidate["centralWeights"].as_object().unwrap().values();
            let sum: f64 = central.map(|weight| weight.as_f64().unwrap()).sum();
            assert!((sum - 1.0).abs() < 1e-4);
        }
    }
    assert!(of_rank.iter().all(|sum| (sum - 1.0).abs() < 1e-4));
    for (suggestion, candidate) in suggestions(&found).iter().zip(candidates) {
        assert_eq!(suggestion["organisation"]["odsCode"], candidate["odsCode"]);
        assert!((first(suggestion) - numbers(&candidate["rankShares"])[0]).abs() < 1e-6);
    }
    assert!(ask(json!({ "draws": 10 })).await.good()["firmnessTables"].is_null());
}

#[actix_web::test]
async fn uniform_weights_are_less_firm_than_those_around_the_ones_in_use() {
    let best = |weights: &'static str| async move {
        let body =
            json!({ "draws": 4000, "firmness": { "weights": weights, "scores": "triangular" } });
        let found = ask(body).await.good();
        first(&suggestions(&found)[0])
    };
    assert!(best("uniform").await < best("around").await);
}

#[actix_web::test]
async fn what_is_asked_wrongly_is_named() {
    for (body, pointer) in [
        (json!({ "draws": 100_001 }), "/draws"),
        (json!({ "draws": 1.5 }), "/draws"),
        (json!({ "draws": -1 }), "/draws"),
        (json!({ "draws": 1e300 }), "/draws"),
        (json!({ "seed": -1 }), "/seed"),
        (json!({ "seed": 9_007_199_254_740_992_u64 }), "/seed"),
        (
            json!({ "firmness": { "weights": "dirichlet" } }),
            "/firmness/weights",
        ),
        (
            json!({ "firmness": { "scores": "normal" } }),
            "/firmness/scores",
        ),
        (
            json!({ "draws": 20_001, "firmness": { "tables": true } }),
            "/draws",
        ),
    ] {
        let refused: Value = ask(body.clone())
            .await
            .problem(422, "/problems/invalid-request");
        assert_eq!(refused["errors"][0]["pointer"], pointer, "{body}");
    }
    for (query, status) in [
        ("draws=100001", 422),
        ("draws=x", 400),
        ("draws=99999999999999999999", 422),
        ("seed=-1", 422),
        ("tables=true", 400),
    ] {
        assert_eq!(
            get(&format!("{PATH}?{query}")).await.status,
            status,
            "{query}"
        );
    }
}

#[actix_web::test]
async fn a_great_many_draws_with_tables_are_answered_too() {
    // Of few, since a table of pairs takes long.
    let body = json!({
        "limit": 1, "draws": 12_000, "firmness": { "tables": true }, "filters": { "withinKm": 60 },
    });
    let found = ask(body).await.good();
    assert_eq!(found["method"]["draws"], 12_000);
    let tables = found["firmnessTables"]["candidates"].as_array().unwrap();
    let firsts = tables
        .iter()
        .map(|one| one["rankShares"][0].as_f64().unwrap());
    assert!(tables.len() > 1 && (firsts.sum::<f64>() - 1.0).abs() < 1e-3);
}

#[actix_web::test]
async fn two_services_and_both_databases_give_the_same_bytes() {
    let mut answers = Vec::new();
    let mut databases = one_of_each();
    databases.push(TestDatabase::sqlite());
    for database in databases {
        let service = TestService::filled(database);
        let body =
            json!({ "draws": 9_000, "firmness": { "weights": "uniform" }, "asOf": "2026-11-22" });
        let request = TestRequest::post().uri(PATH).set_json(body);
        let mut found = service.ask(As::Rth, request).await.good();
        found["generatedAt"] = Value::Null;
        found["revision"] = Value::Null;
        answers.push(found.to_string());
    }
    assert!(answers.len() >= 2 && answers[0].contains("firmness"));
    assert!(answers.windows(2).all(|two| two[0] == two[1]));
}

fn flips_path(between: &str) -> String {
    format!("/api/v1/organisations/RTH/flips?between={between}&asOf=2026-11-22")
}

#[actix_web::test]
async fn a_flip_that_is_named_flips_the_list() {
    let list = get(&format!("{PATH}?limit=2&draws=0&asOf=2026-11-22"))
        .await
        .good();
    let code = |at: usize| {
        let code = suggestions(&list)[at]["organisation"]["odsCode"].as_str();
        code.unwrap().to_owned()
    };
    let (one, other) = (code(0), code(1));
    // In either order.
    let found = get(&flips_path(&format!("{other},{one}"))).await.good();
    assert_eq!(found["first"]["organisation"]["odsCode"], one);
    assert_eq!(
        (&found["first"]["rank"], &found["second"]["rank"]),
        (&json!(1), &json!(2))
    );
    let flips = found["flips"].as_array().unwrap();
    let never = found["never"].as_array().unwrap();
    assert_eq!(flips.len() + never.len(), 5);
    let size = |flip: &Value| flip["change"].as_f64().unwrap().abs();
    assert!(flips.is_sorted_by(|a, b| size(a) <= size(b)));
    let weights = &found["method"]["weights"];
    for flip in flips {
        let criterion = flip["criterion"].as_str().unwrap();
        let (here, change) = (
            flip["weight"].as_f64().unwrap(),
            flip["change"].as_f64().unwrap(),
        );
        // A little more of it flips the two, a little less does not.
        for (share, is_flipped) in [(1.001, true), (0.999, false)] {
            let moved = (here + change * share).clamp(0.0, 1.0);
            let mut given = json!({});
            for (name, weight) in weights.as_object().unwrap() {
                let weight = weight.as_f64().unwrap();
                given[name] = json!(match name == criterion {
                    true => moved,
                    false => weight * (1.0 - moved) / (1.0 - here),
                });
            }
            let body = json!({ "weights": given, "limit": 50, "draws": 0, "asOf": "2026-11-22" });
            let answer = ask(body).await.good();
            let place = |code: &str| {
                let mut all = suggestions(&answer).iter();
                all.position(|s| s["organisation"]["odsCode"] == code)
                    .unwrap()
            };
            assert_eq!(
                place(&other) < place(&one),
                is_flipped,
                "{criterion} {share}"
            );
        }
        let text = flip["text"].as_str().unwrap();
        assert!(
            text.starts_with("If ") && text.contains(" would pass "),
            "{text}"
        );
    }
}

#[actix_web::test]
async fn flips_of_whom_they_cannot_be_told_are_refused() {
    for (between, status) in [
        ("RHW", 422),
        ("RHW,RHW", 422),
        ("RHW,RJ7,RYE", 422),
        ("RHW,RTH", 409),
        ("RHW,ZZZ", 404),
        ("RHW,x", 400),
    ] {
        let refused = SERVICE.get(As::Rth, &flips_path(between)).await;
        assert_eq!(refused.status, status, "{between}");
    }
    let missing = SERVICE
        .get(As::Rth, "/api/v1/organisations/RTH/flips")
        .await;
    assert_eq!(missing.status, 400);
    let other = SERVICE.get(As::Rhw, &flips_path("RJ7,RYE")).await;
    assert_eq!(other.status, 404);
}
