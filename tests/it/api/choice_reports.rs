//! What choices reveal: how they are kept as sites choose, and what staff are told.

use actix_web::http::header::IF_MATCH;
use actix_web::test::TestRequest;
use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::support::chosen::{N_ANSWERS, N_OTHERWISE, store};
use crate::support::service::{As, TestService};

const REPORT: &str = "/api/v1/admin/choices";
const SUGGESTIONS: &str = "/api/v1/organisations/RTH/suggestions?draws=0";

/// What is kept of the choices of RTH: what it did to whom, and the place in the list and the list where there was one.
fn kept(service: &TestService) -> Vec<(String, Value, Value)> {
    let rows = service.texts(
        "SELECT act || ' ' || candidate || ';' || coalesce(CAST(chosen AS TEXT), 'null') || ';' || coalesce(shown, 'null') AS text \
         FROM choices WHERE ods_code = 'RTH' ORDER BY act, candidate",
    );
    let row = |text: String| {
        let mut parts = text.splitn(3, ';');
        let mut part = || parts.next().unwrap().to_owned();
        let json = |text: String| serde_json::from_str(&text).unwrap();
        (part(), json(part()), json(part()))
    };
    rows.into_iter().map(row).collect()
}

async fn code_at(service: &TestService, limit: usize, place: usize) -> String {
    let path = format!("{SUGGESTIONS}&limit={limit}");
    let list = service.get(As::Rth, &path).await.good();
    let code = &list["suggestions"][place]["organisation"]["odsCode"];
    code.as_str().unwrap().to_owned()
}

async fn shortlist(service: &TestService, code: &str, body: &Value) {
    let path = format!("/api/v1/organisations/RTH/shortlist/{code}");
    service.put(As::Rth, &path, body).await.good();
}

#[actix_web::test]
async fn what_a_site_chooses_is_kept_once_with_the_list_that_it_was_given() {
    let service = TestService::bundled();
    let list = service.get(As::Rth, SUGGESTIONS).await.good();
    let third = code_at(&service, 10, 2).await;
    shortlist(&service, &third, &json!({})).await;
    let first = kept(&service);
    assert_eq!(first.len(), 1);
    let (what, chosen, shown) = &first[0];
    assert_eq!((what, chosen), (&format!("shortlisted {third}"), &json!(2)));
    // The scores that the list showed, in its order, to the rounding of what is shown.
    let suggestions = list["suggestions"].as_array().unwrap();
    assert_eq!(shown.as_array().unwrap().len(), suggestions.len());
    for (suggestion, scores) in suggestions.iter().zip(shown.as_array().unwrap()) {
        assert_eq!(scores["rank"], suggestion["rank"]);
        for criterion in suggestion["criteria"].as_array().unwrap() {
            let said = criterion.pointer("/score/expected").and_then(Value::as_f64);
            let name = criterion["criterion"].as_str().unwrap();
            let stored = scores["scores"][name].as_f64();
            assert_eq!(said.is_some(), stored.is_some(), "{criterion}");
            let apart = said.unwrap_or(0.0) - stored.unwrap_or(0.0);
            assert!(apart.abs() < 1e-6, "{criterion} {scores}");
        }
    }
    // What it notes of it afterwards, and whom it puts there again, says nothing new.
    shortlist(&service, &third, &json!({ "note": "Ask in May." })).await;
    let entry = format!("/api/v1/organisations/RTH/shortlist/{third}");
    assert_eq!(service.delete(As::Rth, &entry).await.status, 204);
    shortlist(&service, &third, &json!({})).await;
    assert_eq!(kept(&service), first);
    // Who was chosen before is not passed over by the next choice.
    let fifth = code_at(&service, 10, 4).await;
    shortlist(&service, &fifth, &json!({})).await;
    let second = kept(&service);
    let (_, chosen, shown) = second
        .iter()
        .find(|(what, ..)| what.ends_with(&fifth))
        .unwrap();
    assert_eq!(chosen, 3);
    let ranks = shown
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["rank"].as_u64());
    let ranks: Vec<u64> = ranks.map(Option::unwrap).collect();
    assert_eq!(ranks, [1, 2, 4, 5, 6, 7, 8, 9, 10]);
    // One who is not in the list was found otherwise; asked again under the same key nothing more is kept.
    let far = code_at(&service, 30, 25).await;
    let approach = json!({ "to": far, "kind": "conversation" });
    for _ in 0..2 {
        let request = TestRequest::post()
            .uri("/api/v1/approaches")
            .insert_header(("Idempotency-Key", "0f8fad5b-d9cb-469f-a165-70867728950e"))
            .set_json(&approach);
        service.ask(As::Rth, request).await.good();
    }
    let all = kept(&service);
    assert_eq!(
        all[0],
        (format!("approached {far}"), Value::Null, Value::Null)
    );
    assert_eq!(all[1..], second);
}

#[actix_web::test]
async fn a_list_that_a_sites_own_wishes_make_is_not_kept() {
    let service = TestService::bundled();
    let first = code_at(&service, 10, 0).await;
    let exclusion = format!("/api/v1/organisations/RTH/exclusions/{first}");
    service.put(As::Rth, &exclusion, &json!({})).await.good();
    let next = code_at(&service, 10, 1).await;
    shortlist(&service, &next, &json!({})).await;
    let all = [(format!("shortlisted {next}"), Value::Null, Value::Null)];
    assert_eq!(kept(&service), all);
}

#[actix_web::test]
async fn what_is_refused_is_no_choice() {
    let service = TestService::bundled();
    let code = code_at(&service, 10, 0).await;
    let entry = format!("/api/v1/organisations/RTH/shortlist/{code}");
    // A version that it does not have.
    let stale = TestRequest::put()
        .uri(&entry)
        .insert_header((IF_MATCH, "\"99.0\""))
        .set_json(json!({}));
    assert_eq!(service.ask(As::Rth, stale).await.status, 412);
    let path = format!("/api/v1/admin/pauses/{code}");
    let pause = json!({ "reason": "A merger is being prepared." });
    service.put(As::Admin, &path, &pause).await.good();
    let approach = json!({ "to": code, "kind": "partnership" });
    let refused = service.post(As::Rth, "/api/v1/approaches", &approach).await;
    refused.problem(409, "/problems/site-paused");
    assert_eq!(kept(&service), []);
}

#[actix_web::test]
async fn staff_are_told_what_speaks_for_a_candidate_and_a_site_is_not() {
    let service = TestService::bundled();
    let nothing = service.get(As::Viewer, REPORT).await.good();
    for part in ["shortlisted", "approached", "accepted"] {
        assert_eq!(nothing[part], Value::Null, "{nothing}");
    }
    store(&service).await;
    let told = service.get(As::Viewer, REPORT).await.good();
    assert_eq!(told, service.get(As::Admin, REPORT).await.good());
    assert_eq!(service.get(As::Rth, REPORT).await.status, 403);
    let of = |list: &Value, name: &str| -> Value {
        let criteria = list.as_array().unwrap();
        let found = criteria.iter().find(|c| c["criterion"] == name);
        found.unwrap().clone()
    };
    let (shortlisted, approached) = (&told["shortlisted"], &told["approached"]);
    let counts = |stage: &Value, name: &str| stage["counts"][name].as_u64().unwrap();
    // A whole step, of the sites that chose from a list.
    assert_eq!(counts(shortlisted, "choiceCount"), 50);
    assert_eq!(counts(approached, "fromListCount"), 50);
    assert_eq!(counts(approached, "choiceCount") - 50, N_OTHERWISE as u64);
    // They took the nearest, and the first rather than the second.
    let shares = [&shortlisted["shares"], &approached["findings"]["criteria"]];
    for criteria in shares {
        let geography = of(criteria, "geography");
        assert!(geography["share"].as_f64().unwrap() > 0.6, "{geography}");
    }
    let place = &approached["findings"]["place"]["mean"];
    assert!(place.as_f64().unwrap() > 0.5, "{place}");
    let losses = &approached["findings"]["heldOut"];
    let loss = |name: &str| losses[name].as_f64().unwrap();
    assert!(loss("scores") < loss("places") && loss("places") < loss("chance"));
    // Of shortlists, which are private, nothing but coarse shares.
    let names: Vec<&String> = shortlisted.as_object().unwrap().keys().collect();
    assert_eq!(names, ["counts", "shares"]);
    for share in shortlisted["shares"].as_array().unwrap() {
        let twentieths = share["share"].as_f64().unwrap() * 20.0;
        assert!((twentieths - twentieths.round()).abs() < 1e-9, "{share}");
    }
    let accepted = &told["accepted"];
    let counts = ["answerCount", "leftOutCount"].map(|name| accepted[name].as_u64().unwrap());
    assert!(counts[0] >= 50 && counts.iter().sum::<u64>() <= u64::from(N_ANSWERS));
    let core = &accepted["criteria"][0];
    assert_eq!(core["criterion"], "core_system");
    assert!(core["coefficient"]["mean"].as_f64().unwrap() > 1.0);
}

#[actix_web::test]
async fn one_choice_more_changes_nothing_that_is_told() {
    let service = TestService::bundled();
    store(&service).await;
    let before = service.get(As::Admin, REPORT).await.good();
    let n_kept = kept(&service).len();
    // The last of its list, whom nobody took.
    let last = code_at(&service, 10, 9).await;
    shortlist(&service, &last, &json!({})).await;
    assert_eq!(kept(&service).len(), n_kept + 1);
    service.pass(TimeDelta::days(1));
    let before = Value::Object(
        before
            .as_object()
            .unwrap()
            .clone()
            .into_iter()
            .map(|(name, value)| match name.as_str() {
                "asOf" => (name, json!("2026-11-23")),
                _ => (name, value),
            })
            .collect(),
    );
    assert_eq!(service.get(As::Admin, REPORT).await.good(), before);
    let earlier = format!("{REPORT}?asOf=2026-11-01");
    let earlier = service.get(As::Admin, &earlier).await.good();
    assert_eq!(earlier["shortlisted"], Value::Null);
}

#[actix_web::test]
async fn what_is_wrong_is_named() {
    let service = TestService::bundled();
    for (query, pointer) in [
        ("programme=nowhere", "/query/programme"),
        ("seed=2", "/query/seed"),
        ("asOf=yesterday", "/query/asOf"),
        ("limit=3", "/query/limit"),
    ] {
        let answer = service.get(As::Admin, &format!("{REPORT}?{query}")).await;
        let body = answer.json();
        assert!((400..=422).contains(&answer.status), "{query} {body}");
        assert_eq!(body["errors"][0]["pointer"], pointer, "{body}");
    }
}
