//! What choices reveal: how they are kept as sites choose, and what staff are told.

use serde_json::{Value, json};

use crate::support::chosen::{N_ANSWERS, N_OTHERWISE, N_SITES, store};
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
        for (at, criterion) in (0..).zip(suggestion["criteria"].as_array().unwrap()) {
            let said = criterion.pointer("/score/expected").and_then(Value::as_f64);
            let stored: Option<f64> = scores[at].as_f64();
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
    // One who is not in the list was found otherwise.
    let far = code_at(&service, 30, 25).await;
    let approach = json!({ "to": far, "kind": "conversation" });
    let sent = service.post(As::Rth, "/api/v1/approaches", &approach).await;
    sent.good();
    let all = kept(&service);
    assert_eq!(
        all[0],
        (format!("approached {far}"), Value::Null, Value::Null)
    );
    assert_eq!(all[1..], first);
}

#[actix_web::test]
async fn what_is_refused_is_no_choice() {
    let service = TestService::bundled();
    let body = json!({ "to": "RTH", "kind": "conversation" });
    let refused = service.post(As::Rth, "/api/v1/approaches", &body).await;
    assert!(refused.status >= 400);
    let nobody = "/api/v1/organisations/RTH/shortlist/ZZZ99";
    assert_eq!(service.put(As::Rth, nobody, &json!({})).await.status, 404);
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
    let of = |stage: &str, name: &str| -> Value {
        let criteria = told[stage]["findings"]["criteria"].as_array().unwrap();
        let found = criteria.iter().find(|c| c["criterion"] == name);
        found.unwrap().clone()
    };
    assert_eq!(told["shortlisted"]["choiceCount"], N_SITES);
    assert_eq!(told["shortlisted"]["fromListCount"], N_SITES);
    let from_list = told["approached"]["fromListCount"].as_u64().unwrap();
    let all = told["approached"]["choiceCount"].as_u64().unwrap();
    assert_eq!(all - from_list, N_OTHERWISE as u64);
    // They took the nearest, and the first rather than the second.
    for stage in ["shortlisted", "approached"] {
        let geography = of(stage, "geography");
        assert!(geography["share"].as_f64().unwrap() > 0.6, "{geography}");
        let place = &told[stage]["findings"]["place"]["mean"];
        assert!(place.as_f64().unwrap() > 0.5, "{place}");
        let losses = &told[stage]["findings"]["heldOut"];
        let loss = |name: &str| losses[name].as_f64().unwrap();
        assert!(loss("scores") < loss("places") && loss("places") < loss("chance"));
    }
    let accepted = &told["accepted"];
    let counts = ["answerCount", "leftOutCount"].map(|name| accepted[name].as_u64().unwrap());
    assert!(counts[0] >= 20 && counts.iter().sum::<u64>() <= u64::from(N_ANSWERS));
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
    assert_eq!(service.get(As::Admin, REPORT).await.good(), before);
    let earlier = format!("{REPORT}?asOf=2026-11-01");
    let earlier = service.get(As::Admin, &earlier).await.good();
    assert_eq!(earlier["shortlisted"], Value::Null);
}

#[actix_web::test]
async fn nothing_of_it_becomes_a_weight() {
    let service = TestService::bundled();
    let weights = service.get(As::Admin, "/api/v1/admin/weights").await.good();
    let list = service.get(As::Rth, SUGGESTIONS).await.good();
    store(&service).await;
    service.get(As::Admin, REPORT).await.good();
    let now = service.get(As::Admin, "/api/v1/admin/weights").await;
    assert_eq!(now.good(), weights);
    let after = service.get(As::Rth, SUGGESTIONS).await.good();
    assert_eq!(after["suggestions"], list["suggestions"]);
}

#[actix_web::test]
async fn what_is_wrong_is_named() {
    let service = TestService::bundled();
    for (query, pointer) in [
        ("programme=nowhere", "/query/programme"),
        ("seed=-1", "/query/seed"),
        ("asOf=yesterday", "/query/asOf"),
        ("limit=3", "/query/limit"),
    ] {
        let answer = service.get(As::Admin, &format!("{REPORT}?{query}")).await;
        let body = answer.json();
        assert!((400..=422).contains(&answer.status), "{query} {body}");
        assert_eq!(body["errors"][0]["pointer"], pointer, "{body}");
    }
}
