//! Programmes: their days, their members, and the weights that count for them.

use actix_web::test::TestRequest;
use serde_json::{Value, json};

use crate::support::service::{As, TestService};

const PROGRAMMES: &str = "/api/v1/admin/programmes";
const OURS: &str = "/api/v1/admin/programmes/thames-valley";

/// Opens a programme without days, as an admin.
async fn opened(service: &TestService) {
    let body = json!({ "name": "Thames Valley" });
    let made = service.post(As::Admin, PROGRAMMES, &body).await;
    assert_eq!((made.status, made.header("location")), (201, OURS));
}

async fn weigh(service: &TestService, criterion: &str) -> Value {
    let mut weights = json!({});
    weights[criterion] = json!(1);
    let body = json!({ "weights": weights });
    let answer = service
        .put(As::Admin, &format!("{OURS}/weights"), &body)
        .await;
    answer.good()
}

async fn join(service: &TestService, code: &str) {
    let path = format!("{OURS}/members/{code}");
    service.put(As::Admin, &path, &json!({})).await.good();
}

/// What a site is suggested.
async fn suggested(service: &TestService, who: As, code: &str) -> Value {
    let path = format!("/api/v1/organisations/{code}/suggestions?limit=50&asOf=2026-11-22");
    service.get(who, &path).await.good()
}

/// The mutual fit with an organisation, as listed.
fn mutual(answer: &Value, with: &str) -> Option<Value> {
    let items = answer["suggestions"].as_array().unwrap().iter();
    let mut found = items.filter(|item| item["organisation"]["odsCode"] == with);
    found.next().map(|item| item["mutualFit"].clone())
}

#[actix_web::test]
async fn a_programmes_weights_change_its_members_suggestions_and_stay_symmetric() {
    let service = TestService::bundled();
    let before = suggested(&service, As::Rth, "RTH").await;
    assert_eq!(before["method"]["programme"], "default");
    opened(&service).await;
    weigh(&service, "geography").await;
    assert_eq!(
        suggested(&service, As::Rth, "RTH").await["suggestions"],
        before["suggestions"]
    );
    join(&service, "RTH").await;
    let with = suggested(&service, As::Rth, "RTH").await;
    assert_eq!(
        (
            &with["method"]["programme"],
            &with["method"]["weightsFrom"],
            &with["method"]["weights"]["geography"]
        ),
        (&json!("thames-valley"), &json!("programme"), &json!(1.0))
    );
    assert_ne!(with["suggestions"], before["suggestions"]);
    // RHW is not in it and keeps its weights; both see the same mutual fit, whoever looks.
    let there = suggested(&service, As::Rhw, "RHW").await;
    assert_eq!(there["method"]["programme"], "default");
    let seen = mutual(&with, "RHW").unwrap();
    assert_eq!(mutual(&there, "RTH"), Some(seen.clone()));
    let staff = suggested(&service, As::Admin, "RTH").await;
    assert_eq!(mutual(&staff, "RHW"), Some(seen));
    // Weights that the site saves come before the programme's.
    let saved = json!({ "weights": { "culture": 1 } });
    let path = "/api/v1/organisations/RTH/weights";
    service.put(As::Rth, path, &saved).await.good();
    let own = suggested(&service, As::Rth, "RTH").await;
    assert_eq!(own["method"]["weightsFrom"], "saved");
    assert_eq!(service.delete(As::Rth, path).await.status, 204);
    // Out of it, all is as before.
    let member = format!("{OURS}/members/RTH");
    assert_eq!(service.delete(As::Admin, &member).await.status, 204);
    assert_eq!(
        suggested(&service, As::Rth, "RTH").await["suggestions"],
        before["suggestions"]
    );
    let gone = service.delete(As::Admin, &member).await;
    gone.problem(404, "/problems/not-found");
}

#[actix_web::test]
async fn a_programme_counts_from_its_first_day_to_its_last() {
    let service = TestService::bundled();
    opened(&service).await;
    weigh(&service, "culture").await;
    join(&service, "RTH").await;
    for (starts, ends, programme) in [
        ("2026-11-01", "2026-11-22", "thames-valley"),
        ("2026-11-22", "2026-12-31", "thames-valley"),
        ("2026-11-23", "2026-12-31", "default"),
        ("2026-01-01", "2026-11-21", "default"),
    ] {
        let body = json!({ "name": "Thames Valley", "starts": starts, "ends": ends });
        let changed = service.put(As::Admin, OURS, &body).await.good();
        assert_eq!(changed["starts"], starts);
        let answer = suggested(&service, As::Rth, "RTH").await;
        assert_eq!(answer["method"]["programme"], programme, "{starts} {ends}");
    }
}

#[actix_web::test]
async fn every_version_of_the_weights_is_kept_with_who_gave_it_and_when() {
    let service = TestService::bundled();
    opened(&service).await;
    weigh(&service, "geography").await;
    let newest = weigh(&service, "culture").await;
    assert_eq!(newest["version"], 3);
    // The same again is no new version.
    assert_eq!(weigh(&service, "culture").await["version"], 3);
    let history = service
        .get(As::Viewer, &format!("{OURS}/weights/history"))
        .await;
    let items = history.good()["items"].clone();
    let versions: Vec<u64> = items
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item["version"].as_u64().unwrap())
        .collect();
    assert_eq!(versions, [3, 2, 1]);
    assert_eq!(items[1]["weights"]["geography"], 1.0);
    assert_eq!(items[2]["weights"]["geography"], 0.2);
    assert_eq!(items[0]["changedAt"], "2026-11-22T09:00:00Z");
    assert!(items[0]["changedBy"].as_str().unwrap().starts_with("key:"));
    // A page at a time.
    let page = service
        .get(As::Admin, &format!("{OURS}/weights/history?limit=2"))
        .await;
    let page = page.good();
    let next = page["links"]["next"].as_str().unwrap();
    let rest = service.get(As::Admin, next).await.good();
    assert_eq!(rest["items"], json!([items[2]]));
    assert_eq!(rest["links"]["next"], Value::Null);
}

#[actix_web::test]
async fn the_default_weights_have_a_path_of_their_own_and_count_for_everybody_else() {
    let service = TestService::bundled();
    let shown = service.get(As::Viewer, "/api/v1/admin/weights").await;
    let tag = shown.header("etag").to_owned();
    let shown = shown.good();
    assert_eq!(
        (&shown["programme"], &shown["version"], &shown["changedBy"]),
        (&json!("default"), &json!(1), &Value::Null)
    );
    let body = json!({ "weights": { "geography": 1 } }).to_string();
    let with = |tag: &str| TestRequest::put().insert_header(("if-match", tag));
    let path = "/api/v1/admin/weights";
    let changed = service.send(As::Admin, with(&tag), path, &body).await;
    assert_eq!(changed.good()["version"], 2);
    let stale = service.send(As::Admin, with(&tag), path, &body).await;
    stale.problem(412, "/problems/precondition-failed");
    let answer = suggested(&service, As::Rth, "RTH").await;
    assert_eq!(answer["method"]["weights"]["geography"], 1.0);
    let open = service.get(As::Rth, "/api/v1/programmes/default").await;
    assert_eq!(open.good()["weights"]["geography"], 1.0);
}

#[actix_web::test]
async fn a_programme_is_listed_shown_and_changed_from_a_version_that_was_seen() {
    let service = TestService::bundled();
    opened(&service).await;
    let again = json!({ "name": "Thames Valley" });
    let twin = service.post(As::Admin, PROGRAMMES, &again).await;
    assert_eq!(twin.header("location"), format!("{OURS}-2"));
    let listed = service.get(As::Viewer, PROGRAMMES).await.good();
    let slugs: Vec<&str> = listed["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item["slug"].as_str().unwrap())
        .collect();
    assert_eq!(slugs, ["default", "thames-valley", "thames-valley-2"]);
    let shown = service.get(As::Admin, OURS).await;
    let tag = shown.header("etag").to_owned();
    let body = json!({ "name": "Thames and Isis" }).to_string();
    let with = |tag: &str| TestRequest::put().insert_header(("if-match", tag));
    let changed = service.send(As::Admin, with(&tag), OURS, &body).await;
    assert_eq!(changed.good()["name"], "Thames and Isis");
    let stale = service.send(As::Admin, with(&tag), OURS, &body).await;
    stale.problem(412, "/problems/precondition-failed");
    let bare = service
        .send(As::Admin, TestRequest::put(), OURS, &body)
        .await;
    bare.problem(428, "/problems/precondition-required");
    let missing = service.get(As::Admin, &format!("{PROGRAMMES}/none")).await;
    missing.problem(404, "/problems/not-found");
}

#[actix_web::test]
async fn what_a_programme_cannot_be_is_told_at_once() {
    let service = TestService::bundled();
    for (body, pointer) in [
        (json!({ "name": " " }), "/name"),
        (json!({ "name": "A", "starts": "May" }), "/starts"),
        (
            json!({ "name": "A", "starts": "2027-01-01", "ends": "2026-12-31" }),
            "/ends",
        ),
        (json!({ "name": "A", "spreadLoad": "yes" }), "/spreadLoad"),
        (json!({ "name": "–" }), "/name"),
        (json!({ "name": "A", "weights": {} }), "/weights"),
    ] {
        let problem = service.post(As::Admin, PROGRAMMES, &body).await;
        let problem = problem.problem(422, "/problems/invalid-request");
        assert_eq!(problem["errors"][0]["pointer"], pointer);
    }
    let default = format!("{PROGRAMMES}/default");
    let days = json!({ "name": "Default programme", "starts": "2026-01-01" });
    let problem = service.put(As::Admin, &default, &days).await;
    problem.problem(422, "/problems/invalid-request");
    let joined = service
        .put(As::Admin, &format!("{default}/members/RTH"), &json!({}))
        .await;
    joined.problem(409, "/problems/default-programme");
}

#[actix_web::test]
async fn members_are_listed_with_those_who_left_and_a_site_sees_its_own_in_its_audit() {
    let service = TestService::bundled();
    opened(&service).await;
    join(&service, "RTH").await;
    join(&service, "RHW").await;
    let member = format!("{OURS}/members/RHW");
    assert_eq!(service.delete(As::Admin, &member).await.status, 204);
    let members = service.get(As::Viewer, &format!("{OURS}/members")).await;
    let items = members.good()["items"].clone();
    assert_eq!(
        (&items[0]["odsCode"], &items[0]["departed"]),
        (&json!("RHW"), &json!("2026-11-22T09:00:00Z"))
    );
    assert_eq!(
        (&items[1]["odsCode"], &items[1]["departed"]),
        (&json!("RTH"), &Value::Null)
    );
    let audit = service
        .get(As::Rth, "/api/v1/organisations/RTH/audit")
        .await;
    let told = audit.good()["items"][0].clone();
    assert_eq!(told["action"], "add_programme_member");
    let nobody = service
        .put(As::Admin, &format!("{OURS}/members/ZZZ99"), &json!({}))
        .await;
    nobody.problem(404, "/problems/organisation-not-found");
}
