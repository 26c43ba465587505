//! Models: learnt, looked at in shadow, put to use and rolled back, through the interface.

use actix_web::test::TestRequest;
use serde_json::{Value, json};

use crate::support::outcomes::{ENOUGH, Outcomes, Truth};
use crate::support::service::{As, TestService};

const MODELS: &str = "/api/v1/admin/models";

fn store(service: &TestService, outcomes: &Outcomes) {
    outcomes.store(&service.database, service.alongside.storage());
}

async fn learn(service: &TestService, body: &Value) -> String {
    let made = service.post(As::Admin, MODELS, body).await;
    assert_eq!(made.status, 201, "{}", made.json());
    let id = made.json()["id"].as_str().unwrap().to_owned();
    assert_eq!(made.header("location"), format!("{MODELS}/{id}"));
    id
}

async fn act(service: &TestService, id: &str, verb: &str) -> Value {
    let path = format!("{MODELS}/{id}/{verb}");
    let body = json!({ "reason": "The board decided." });
    service.post(As::Admin, &path, &body).await.good()
}

async fn refused(service: &TestService, id: &str, verb: &str, rule: &str) -> Value {
    let path = format!("{MODELS}/{id}/{verb}");
    let body = json!({ "reason": "The board decided." });
    let answer = service.post(As::Admin, &path, &body).await;
    answer.problem(409, rule)
}

async fn top(service: &TestService, code: &str) -> Vec<String> {
    let path = format!("/api/v1/organisations/{code}/suggestions?asOf=2026-11-22&limit=10");
    let answer = service.get(As::Viewer, &path).await.good();
    let suggestions = answer["suggestions"].as_array().unwrap().iter();
    suggestions
        .map(|s| s["organisation"]["odsCode"].as_str().unwrap().to_owned())
        .collect()
}

async fn weights(service: &TestService) -> Value {
    let shown = service.get(As::Viewer, "/api/v1/admin/weights").await;
    shown.good()
}

#[actix_web::test]
async fn a_model_changes_nothing_until_it_is_activated_and_all_of_it_can_be_put_back() {
    let service = TestService::bundled();
    store(&service, &Outcomes::of(ENOUGH));
    let (lists, before) = (top(&service, "RTH").await, weights(&service).await);
    let id = learn(&service, &json!({})).await;
    assert_eq!(top(&service, "RTH").await, lists);
    assert_eq!(weights(&service).await, before);
    let path = format!("{MODELS}/{id}");
    let model = service.get(As::Viewer, &path).await.good();
    assert_eq!(model["gate"]["verdict"], "passed", "{model}");
    assert_eq!(model["state"], "candidate");
    let of = |name: &str| -> Value {
        let criteria = model["criteria"].as_array().unwrap().iter();
        criteria
            .clone()
            .find(|c| c["criterion"] == name)
            .unwrap()
            .clone()
    };
    assert!(of("core_system")["weight"].as_f64().unwrap() > 0.5);
    assert_eq!(of("learning")["coefficient"], Value::Null);
    assert_eq!(of("learning")["weight"], of("learning")["priorWeight"]);
    // What the shadow said is what comes.
    let shadow = service
        .get(As::Viewer, &format!("{path}/shadow?asOf=2026-11-22"))
        .await;
    let shadow = shadow.good();
    assert_eq!(shadow["lists"]["stayed"]["siteCount"], 202);
    assert!(shadow["lists"]["shareStaying"].as_f64().unwrap() < 1.0);
    assert!(shadow["lists"]["meanChangeOfPlace"].as_f64().unwrap() > 0.0);
    let active = act(&service, &id, "activate").await;
    assert_eq!(active["state"], "active");
    assert_eq!(active["activation"]["reason"], "The board decided.");
    assert_ne!(top(&service, "RTH").await, lists);
    let now = weights(&service).await;
    assert_eq!(now["version"], active["activation"]["weightsVersion"]);
    assert_ne!(now["weights"], before["weights"]);
    // In use, it differs from nothing.
    let shadow = service
        .get(As::Viewer, &format!("{path}/shadow?asOf=2026-11-22"))
        .await;
    let shadow = shadow.good();
    assert_eq!(shadow["lists"]["shareStaying"], 1.0);
    assert_eq!(shadow["lists"]["meanChangeOfPlace"], 0.0);
    refused(&service, &id, "activate", "/problems/model-active").await;
    let retired = act(&service, &id, "roll-back").await;
    assert_eq!(retired["retirement"]["why"], "rolled_back");
    assert_eq!(weights(&service).await["weights"], before["weights"]);
    assert_eq!(top(&service, "RTH").await, lists);
    refused(&service, &id, "roll-back", "/problems/model-not-active").await;
    refused(&service, &id, "activate", "/problems/model-retired").await;
}

#[actix_web::test]
async fn the_shadow_is_what_an_activation_does_to_the_top_tens() {
    let service = TestService::bundled();
    store(&service, &Outcomes::of(ENOUGH));
    let standings = "/api/v1/admin/standings";
    let day = json!({ "asOf": "2026-11-22" });
    let kept = service.post(As::Admin, standings, &day).await.json();
    let id = learn(&service, &json!({})).await;
    let shadow = format!("{MODELS}/{id}/shadow?asOf=2026-11-22");
    let shadow = service.get(As::Admin, &shadow).await.good();
    act(&service, &id, "activate").await;
    let path = format!(
        "{standings}/{}/stability?asOf=2026-11-22",
        kept["id"].as_str().unwrap()
    );
    let came = service.get(As::Admin, &path).await.good();
    assert_eq!(shadow["lists"]["stayed"], came["stayed"]);
    let of = |answer: &Value, field: &str| -> Vec<Value> {
        let regions = answer["regions"].as_array().unwrap().iter();
        regions
            .map(|region| json!([region["region"], region.pointer(field).unwrap()]))
            .collect()
    };
    assert_eq!(of(&shadow, "/lists/stayed"), of(&came, "/stayed"));
}

#[actix_web::test]
async fn a_model_that_the_gate_stops_is_kept_and_never_used() {
    let service = TestService::bundled();
    store(&service, &Outcomes::of(60));
    let few = learn(&service, &json!({})).await;
    let told = refused(&service, &few, "activate", "/problems/model-gate").await;
    assert!(told["detail"].as_str().unwrap().contains("200"), "{told}");
    let other = TestService::bundled();
    store(&other, &Outcomes::of(ENOUGH).by(Truth::Nothing));
    let blind = learn(&other, &json!({})).await;
    let model = other
        .get(As::Viewer, &format!("{MODELS}/{blind}"))
        .await
        .good();
    let verdict = model["gate"]["verdict"].as_str().unwrap();
    assert!(
        ["no_gain", "not_beyond_chance"].contains(&verdict),
        "{verdict}"
    );
    refused(&other, &blind, "activate", "/problems/model-gate").await;
    let listed = service.get(As::Viewer, MODELS).await.good();
    assert_eq!(listed["items"][0]["state"], "candidate");
}

#[actix_web::test]
async fn weights_given_by_hand_retire_the_model_in_use_and_outdate_candidates() {
    let service = TestService::bundled();
    store(&service, &Outcomes::of(ENOUGH));
    let used = learn(&service, &json!({})).await;
    let waiting = learn(&service, &json!({ "seed": 2 })).await;
    act(&service, &used, "activate").await;
    let body = json!({ "weights": { "geography": 1.0 } });
    let changed = service.put(As::Admin, "/api/v1/admin/weights", &body).await;
    assert_eq!(changed.status, 200, "{}", changed.json());
    let model = service
        .get(As::Viewer, &format!("{MODELS}/{used}"))
        .await
        .good();
    assert_eq!(model["state"], "retired");
    assert_eq!(model["retirement"]["why"], "weights_changed");
    refused(&service, &used, "roll-back", "/problems/model-not-active").await;
    refused(&service, &waiting, "activate", "/problems/model-outdated").await;
}

#[actix_web::test]
async fn newer_outcomes_of_other_pairs_are_told_from_five_on() {
    let service = TestService::bundled();
    store(&service, &Outcomes::of(100));
    let id = learn(&service, &json!({ "asOf": "2026-11-20" })).await;
    let newer = |from, n| Outcomes::of(n).from(from).known_at("2026-11-21T09:00:00Z");
    store(&service, &newer(101, 4));
    let path = format!("{MODELS}/{id}/shadow?asOf=2026-11-22");
    let few = service.get(As::Viewer, &path).await.good();
    assert_eq!(
        few["newer"],
        json!({ "outcomeCount": 4, "leftOutCount": 0, "losses": null })
    );
    store(&service, &newer(105, 60));
    let many = service.get(As::Viewer, &path).await.good();
    assert_eq!(many["newer"]["outcomeCount"], 64);
    let losses = &many["newer"]["losses"];
    assert!(
        losses["model"].as_f64().unwrap() < losses["inUse"].as_f64().unwrap(),
        "{losses}"
    );
    // The model stays as it was.
    let model = service
        .get(As::Viewer, &format!("{MODELS}/{id}"))
        .await
        .good();
    assert_eq!(model["outcomeCount"], 100);
}

#[actix_web::test]
async fn the_same_key_learns_once_and_the_pages_lead_through_all() {
    let service = TestService::bundled();
    store(&service, &Outcomes::of(60));
    let ask = || {
        TestRequest::post()
            .uri(MODELS)
            .insert_header(("Idempotency-Key", "once"))
            .set_json(json!({}))
    };
    let first = service.ask(As::Admin, ask()).await;
    let second = service.ask(As::Admin, ask()).await;
    assert_eq!((first.status, second.status), (201, 201));
    assert_eq!(first.body, second.body);
    let other = learn(&service, &json!({ "seed": 3 })).await;
    let page = service
        .get(As::Viewer, &format!("{MODELS}?limit=1"))
        .await
        .good();
    assert_eq!(page["items"][0]["id"], json!(other));
    let next = page["links"]["next"].as_str().unwrap();
    let page = service.get(As::Viewer, next).await.good();
    assert_eq!(page["items"][0]["id"], first.json()["id"]);
    assert_eq!(page["links"]["next"], Value::Null);
}

#[actix_web::test]
async fn what_is_asked_wrongly_is_named() {
    let service = TestService::bundled();
    for (body, pointer) in [
        (json!({}), "/programme"),
        (json!({ "programme": "nowhere" }), "/programme"),
        (json!({ "programme": "no slug" }), "/programme"),
        (json!({ "seed": -1 }), "/seed"),
        (json!({ "seed": 0.5 }), "/seed"),
        (json!({ "asOf": "2026-11-23" }), "/asOf"),
        (json!({ "asOf": "soon" }), "/asOf"),
        (json!({ "weights": {} }), "/weights"),
    ] {
        let answer = service.post(As::Admin, MODELS, &body).await;
        let told = answer.problem(422, "/problems/invalid-request");
        assert_eq!(told["errors"][0]["pointer"], pointer, "{body} {told}");
    }
    let missing = format!("{MODELS}/99999999-9999-4999-8999-999999999999/activate");
    let answer = service
        .post(As::Admin, &missing, &json!({ "reason": "x" }))
        .await;
    assert_eq!(answer.status, 404);
    for body in [
        json!({}),
        json!({ "reason": " " }),
        json!({ "reason": "a\nb" }),
    ] {
        let answer = service.post(As::Admin, &missing, &body).await;
        answer.problem(422, "/problems/invalid-request");
    }
    let path = format!("{MODELS}/99999999-9999-4999-8999-999999999999/shadow");
    assert_eq!(service.get(As::Admin, &path).await.status, 404);
    let revision = |service: &TestService| {
        let read = service.alongside.storage();
        read.read_blocking(alongside::storage::revision::current)
            .unwrap()
    };
    let before = revision(&service);
    service.post(As::Admin, MODELS, &json!({})).await;
    assert_eq!(revision(&service), before, "what is refused leaves nothing");
}
