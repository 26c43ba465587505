use actix_web::http::header::IF_MATCH;
use actix_web::test::TestRequest;
use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::support::service::{Answer, As, TestService};

const ALL: &str = "/api/v1/organisations/RTH/core-systems";
const EPR: &str = "/api/v1/organisations/RTH/core-systems/epr";
const SUGGESTIONS: &str = "/api/v1/organisations/RTH/suggestions?limit=50&asOf=2026-11-22";

fn one(vendor: &str) -> Value {
    json!({"systems": [{"vendor": vendor, "status": "in_use"}]})
}

/// One module of the list.
async fn module(service: &TestService, name: &str) -> Value {
    let list = service.get(As::Viewer, ALL).await.good();
    let modules = list["modules"].as_array().unwrap();
    assert_eq!(modules.len(), 11);
    modules
        .iter()
        .find(|module| module["module"] == name)
        .unwrap()
        .clone()
}

#[actix_web::test]
async fn every_module_is_listed_with_whose_word_holds() {
    let service = TestService::bundled();
    let epr = module(&service, "epr").await;
    assert_eq!(epr["origin"], "bundled");
    assert_eq!(epr["systems"][0]["vendor"], "Oracle Health (Cerner)");
    assert!(epr["systems"][0]["source"].is_string() && epr["systems"][0]["asOf"].is_string());
    let chemotherapy = module(&service, "chemotherapy").await;
    assert_eq!(
        (&chemotherapy["origin"], &chemotherapy["systems"]),
        (&Value::Null, &json!([]))
    );
}

#[actix_web::test]
async fn a_vendor_is_recorded_under_its_canonical_name_and_the_answer_says_so() {
    let service = TestService::bundled();
    let body = json!({"systems": [
        {"vendor": " sunrise ", "status": "in_use", "liveOn": "2019-03"},
        {"vendor": "Epic", "product": null, "status": "contracted"},
        {"vendor": "in-house or generic", "product": "PICS", "status": "replaced", "endedOn": "2018"}
    ], "asOf": "2026-11"});
    let module = service.put(As::Rth, EPR, &body).await.good();
    let named = |i: usize| {
        (
            &module["systems"][i]["vendor"],
            &module["systems"][i]["product"],
        )
    };
    assert_eq!(
        named(0),
        (&json!("Altera Digital Health"), &json!("Sunrise"))
    );
    assert_eq!(named(1), (&json!("Epic"), &Value::Null));
    assert_eq!(named(2), (&Value::Null, &json!("PICS")));
    assert_eq!(
        module["readAs"],
        json!([
            {"given": "sunrise", "vendor": "Altera Digital Health", "product": "Sunrise"},
            {"given": "in-house or generic", "vendor": null, "product": null}
        ])
    );
    assert_eq!(module["origin"], "site");
    assert_eq!(
        (
            &module["systems"][0]["source"],
            &module["systems"][0]["asOf"]
        ),
        (&json!("the site's own word"), &json!("2026-11"))
    );
}

#[actix_web::test]
async fn a_new_vendor_is_recorded_as_written_and_compared_without_case() {
    let service = TestService::bundled();
    service
        .put(As::Rth, EPR, &one("  New   Supplier "))
        .await
        .good();
    let theirs = "/api/v1/organisations/RHW/core-systems/epr";
    service
        .put(As::Rhw, theirs, &one("NEW supplier"))
        .await
        .good();
    let both = service
        .get(As::Rth, "/api/v1/organisations?vendor=new%20supplier")
        .await
        .good();
    assert_eq!(both["items"].as_array().unwrap().len(), 2);
    let pair = service
        .get(As::Rth, "/api/v1/organisations/RTH/suggestions/RHW")
        .await
        .good();
    let reason = &pair["suggestion"]["criteria"][0]["reasons"][0];
    assert_eq!(reason["code"], "same_vendor", "{pair}");
}

#[actix_web::test]
async fn a_changed_fact_is_in_the_next_suggestion_and_its_withdrawal_too() {
    let service = TestService::bundled();
    let before = service.get(As::Rth, SUGGESTIONS).await;
    assert!(String::from_utf8_lossy(&before.body).contains("Both run Oracle Health (Cerner)"));
    service.put(As::Rth, EPR, &one("Epic")).await.good();
    let changed = service.get(As::Rth, SUGGESTIONS).await;
    let text = String::from_utf8_lossy(&changed.body).into_owned();
    assert!(text.contains("Both run Epic as their electronic patient record"));
    assert!(!text.contains("Both run Oracle Health (Cerner) as their electronic patient record"));
    assert_eq!(service.delete(As::Rth, EPR).await.status, 204);
    let after = service.get(As::Rth, SUGGESTIONS).await;
    assert_eq!(without_revision(&after), without_revision(&before));
}

/// The bytes of an answer but for the number of its revision.
fn without_revision(answer: &Answer) -> String {
    let text = String::from_utf8(answer.body.to_vec()).unwrap();
    let revision = format!("\"revision\":{},", answer.good()["revision"]);
    assert!(text.contains(&revision), "{text}");
    text.replace(&revision, "")
}

#[actix_web::test]
async fn the_words_beneath_are_shown_and_come_back() {
    let service = TestService::bundled();
    let bundled = module(&service, "epr").await;
    service.put(As::Rth, EPR, &one("Epic")).await.good();
    let stated = module(&service, "epr").await;
    assert_eq!(stated["displaced"][0]["origin"], "bundled");
    assert_eq!(stated["displaced"][0]["systems"], bundled["systems"]);
    assert_eq!(
        stated["displaced"][0]["displacedAt"],
        "2026-11-22T09:00:00Z"
    );
    service.delete(As::Rth, EPR).await;
    assert_eq!(module(&service, "epr").await, bundled);
    let again = service.delete(As::Rth, EPR).await;
    again.problem(404, "/problems/not-found");
}

#[actix_web::test]
async fn a_known_absence_is_one_entry_of_its_own() {
    let service = TestService::bundled();
    let path = "/api/v1/organisations/RTH/core-systems/hepma";
    let none = json!({"systems": [{"status": "none_procuring"}]});
    let module = service.put(As::Rth, path, &none).await.good();
    assert_eq!(module["systems"][0]["status"], "none_procuring");
    for bad in [
        json!({"systems": [{"status": "none"}, {"vendor": "Epic", "status": "in_use"}]}),
        json!({"systems": [{"status": "none"}, {"status": "none_procuring"}]}),
        json!({"systems": [{"status": "none", "vendor": "Epic"}]}),
        json!({"systems": []}),
    ] {
        let problem = service.put(As::Rth, path, &bad).await;
        problem.problem(422, "/problems/invalid-request");
    }
}

#[actix_web::test]
async fn every_broken_rule_is_named_at_once() {
    let service = TestService::bundled();
    let body = json!({"asOf": "2026-12", "systems": [
        {"vendor": "a\u{0}b", "status": "in_use"},
        {"status": "running", "vendor": "x".repeat(101), "liveOn": "2026-13"},
        {"status": "in_use"},
        {"vendor": "Epic", "status": "in_use", "liveOn": "2020", "endedOn": "2019-12"}
    ]});
    let problem = service.put(As::Rth, EPR, &body).await;
    let problem = problem.problem(422, "/problems/invalid-request");
    let pointers: Vec<&str> = problem["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|error| error["pointer"].as_str().unwrap())
        .collect();
    assert_eq!(
        pointers,
        [
            "/asOf",
            "/systems/0/vendor",
            "/systems/1/status",
            "/systems/1/vendor",
            "/systems/1/liveOn",
        ]
    );
    let body = json!({"systems": [
        {"status": "in_use"},
        {"vendor": "Epic", "status": "in_use", "liveOn": "2020", "endedOn": "2019-12"},
        {"vendor": "Epic", "status": "in_use", "liveOn": "2027"}
    ]});
    let problem = service.put(As::Rth, EPR, &body).await;
    let problem = problem.problem(422, "/problems/invalid-request");
    for (i, pointer) in ["/systems/0", "/systems/1/endedOn", "/systems/2/liveOn"]
        .iter()
        .enumerate()
    {
        assert_eq!(problem["errors"][i]["pointer"], *pointer, "{problem}");
    }
}

#[actix_web::test]
async fn an_unknown_field_and_an_unknown_module_are_refused_by_name() {
    let service = TestService::bundled();
    let body = json!({"systems": [{"vendor": "Epic", "status": "in_use", "live": "2020"}]});
    let problem = service.put(As::Rth, EPR, &body).await;
    let problem = problem.problem(422, "/problems/invalid-request");
    assert_eq!(problem["errors"][0]["pointer"], "/systems/0/live");
    let path = "/api/v1/organisations/RTH/core-systems/erp";
    let problem = service.put(As::Rth, path, &one("Epic")).await;
    let problem = problem.problem(400, "/problems/unreadable-request");
    assert_eq!(problem["errors"][0]["pointer"], "/path/module");
}

#[actix_web::test]
async fn the_same_word_again_changes_nothing() {
    let service = TestService::bundled();
    let first = service.put(As::Rth, EPR, &one("Epic")).await;
    let revision = service.alongside.revision();
    let second = service.put(As::Rth, EPR, &one("Epic")).await;
    assert_eq!(second.good(), first.good());
    assert_eq!(second.header("etag"), first.header("etag"));
    assert_eq!(service.alongside.revision(), revision);
}

#[actix_web::test]
async fn only_the_site_itself_speaks_for_itself() {
    let service = TestService::bundled();
    let path = "/api/v1/organisations/RHW/core-systems/epr";
    let theirs = service.put(As::Rth, path, &one("Epic")).await;
    let theirs = theirs.problem(404, "/problems/organisation-not-found");
    let nobodys = "/api/v1/organisations/ZZZ/core-systems/epr";
    let nobodys = service.put(As::Rth, nobodys, &one("Epic")).await;
    let nobodys = nobodys.problem(404, "/problems/organisation-not-found");
    assert_eq!(
        theirs["detail"].as_str().unwrap().replace("RHW", "ZZZ"),
        nobodys["detail"].as_str().unwrap()
    );
    for caller in [As::Admin, As::Viewer] {
        let refused = service.put(caller, EPR, &one("Epic")).await;
        assert_eq!(refused.status, 403, "{caller:?}");
    }
}

/// Changes the record from the version that a tag names.
async fn put_from(service: &TestService, tag: &str, vendor: &str) -> Answer {
    let request = TestRequest::put().insert_header((IF_MATCH, tag));
    let body = one(vendor).to_string();
    service.send(As::Rth, request, EPR, &body).await
}

#[actix_web::test]
async fn of_changes_that_race_from_one_version_one_is_made() {
    const N_ROUNDS: usize = 10;
    const N_RACERS: usize = 8;
    let service = TestService::bundled();
    let mut tag = service.get(As::Rth, ALL).await.header("etag").to_owned();
    for round in 0..N_ROUNDS {
        let names: Vec<String> = (0..N_RACERS).map(|i| format!("V{round} {i}")).collect();
        let racing = names.iter().map(|name| put_from(&service, &tag, name));
        let answers = join_all(racing).await;
        let (made, refused): (Vec<&Answer>, Vec<&Answer>) =
            answers.iter().partition(|answer| answer.status == 200);
        assert_eq!(made.len(), 1);
        for answer in refused {
            answer.problem(412, "/problems/precondition-failed");
        }
        tag = made[0].header("etag").to_owned();
        assert!(tag.starts_with(&format!("\"{}.", round + 1)), "{tag}");
    }
}

#[actix_web::test]
async fn a_change_names_the_version_it_was_made_from() {
    let service = TestService::bundled();
    let body = one("Epic").to_string();
    let answer = service.send(As::Rth, TestRequest::put(), EPR, &body).await;
    answer.problem(428, "/problems/precondition-required");
}

#[actix_web::test]
async fn vendors_are_listed_with_their_other_names() {
    let service = TestService::bundled();
    let list = service.get(As::Rhw, "/api/v1/vendors").await.good();
    let items = list["items"].as_array().unwrap();
    let oracle = items
        .iter()
        .find(|vendor| vendor["name"] == "Oracle Health (Cerner)")
        .unwrap();
    assert_eq!(oracle["aliases"], json!(["Cerner", "Millennium"]));
    assert!(
        items
            .iter()
            .all(|vendor| vendor["name"] != "In-house or generic")
    );
}
