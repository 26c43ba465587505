//! What admins suggest: each side's word is its own until both are interested, and nothing is created on their behalf.

use actix_web::test::TestRequest;
use alongside::domain::event::Recipient;
use alongside::domain::ids::OdsCode;
use alongside::storage::events;
use serde_json::{Value, json};

use crate::support::service::{As, TestService};

const SUGGESTIONS: &str = "/api/v1/admin/suggestions";

fn a_pair() -> Value {
    json!({ "between": ["RTH", "RHW"], "reason": "Both start in the spring." })
}

/// Suggests RTH and RHW to each other, and returns the id.
async fn suggested(service: &TestService) -> String {
    let made = service.post(As::Admin, SUGGESTIONS, &a_pair()).await;
    assert_eq!(made.status, 201, "{}", made.json());
    made.json()["id"].as_str().unwrap().to_owned()
}

async fn says(service: &TestService, who: As, code: &str, id: &str, interested: bool) -> Value {
    let path = format!("/api/v1/organisations/{code}/admin-suggestions/{id}/answer");
    let body = json!({ "interested": interested });
    service.put(who, &path, &body).await.good()
}

async fn state(service: &TestService, id: &str) -> Value {
    let path = format!("{SUGGESTIONS}/{id}");
    service.get(As::Viewer, &path).await.good()["state"].clone()
}

/// The kinds of what a recipient is told.
fn told(service: &TestService, recipient: Recipient) -> Vec<String> {
    let read = service
        .alongside
        .storage()
        .read_blocking(|connection| events::after(connection, recipient, 0, 50));
    let events = read.unwrap().into_iter();
    events.map(|event| event.event.kind.to_string()).collect()
}

fn site(code: &str) -> Recipient {
    Recipient::Site(OdsCode::new(code).unwrap())
}

/// Makes RTH exclude RHW, past the service.
fn exclude(service: &TestService) {
    service.database.execute(
        "INSERT INTO exclusions (ods_code, excluded, sealed_reason, created_at, version) \
         VALUES ('RTH', 'RHW', NULL, '2026-11-22 09:00:00', 1)",
    );
}

#[actix_web::test]
async fn where_both_are_interested_both_and_the_admins_are_told_and_nothing_is_created() {
    let service = TestService::bundled();
    let id = suggested(&service).await;
    assert_eq!(state(&service, &id).await, "open");
    let here = says(&service, As::Rth, "RTH", &id, true).await;
    assert_eq!(
        (
            &here["state"],
            &here["interested"],
            &here["suggestedBy"],
            &here["with"]["odsCode"]
        ),
        (
            &json!("open"),
            &json!(true),
            &json!("programme"),
            &json!("RHW")
        )
    );
    assert_eq!(state(&service, &id).await, "open");
    let there = says(&service, As::Rhw, "RHW", &id, true).await;
    assert_eq!(there["state"], "mutual");
    assert_eq!(state(&service, &id).await, "mutual");
    let wanted = ["suggestion.received", "suggestion.mutual"];
    assert_eq!(told(&service, site("RTH")), wanted);
    assert_eq!(told(&service, site("RHW")), wanted);
    assert_eq!(told(&service, Recipient::Admins), ["suggestion.mutual"]);
    for table in ["approaches", "partnerships"] {
        let sql = format!("SELECT CAST(count(*) AS TEXT) AS text FROM {table}");
        assert_eq!(service.texts(&sql), ["0"], "{table}");
    }
    // It is final.
    let path = format!("/api/v1/organisations/RTH/admin-suggestions/{id}/answer");
    let otherwise = service
        .put(As::Rth, &path, &json!({ "interested": false }))
        .await;
    otherwise.problem(409, "/problems/suggestion-closed");
    let withdrawn = TestRequest::post().insert_header(("if-match", "*"));
    let path = format!("{SUGGESTIONS}/{id}/withdraw");
    let withdrawn = service.send(As::Admin, withdrawn, &path, "").await;
    withdrawn.problem(409, "/problems/suggestion-closed");
}

#[actix_web::test]
async fn a_no_is_told_to_admins_once_both_answered_and_never_to_the_other_side() {
    let service = TestService::bundled();
    let id = suggested(&service).await;
    let path = format!("/api/v1/organisations/RHW/admin-suggestions/{id}");
    let list = "/api/v1/organisations/RHW/admin-suggestions";
    let audit = "/api/v1/organisations/RHW/audit";
    let world = async || {
        let shown = service.get(As::Rhw, &path).await;
        let tag = shown.header("etag").to_owned();
        let listed = service.get(As::Rhw, list).await.good();
        let seen = service.get(As::Rhw, audit).await.good();
        (shown.good(), tag, listed, seen, told(&service, site("RHW")))
    };
    let before = world().await;
    let here = says(&service, As::Rth, "RTH", &id, false).await;
    assert_eq!(here["state"], "declined");
    assert_eq!(state(&service, &id).await, "open");
    assert_eq!(world().await, before);
    let there = says(&service, As::Rhw, "RHW", &id, true).await;
    assert_eq!(there["state"], "open");
    assert_eq!(state(&service, &id).await, "declined");
    let admin = service
        .get(As::Admin, &format!("{SUGGESTIONS}/{id}"))
        .await
        .good();
    assert!(admin.get("interested").is_none());
    // What each answered is in the audit as a change alone.
    let rows = service
        .get(
            As::Admin,
            "/api/v1/admin/audit?subjectKind=admin_suggestion_answers",
        )
        .await;
    let rows = rows.good();
    assert_eq!(rows["items"].as_array().unwrap().len(), 2);
    assert!(!rows.to_string().contains("interested"), "{rows}");
    // Who said no may think again.
    says(&service, As::Rth, "RTH", &id, true).await;
    assert_eq!(state(&service, &id).await, "mutual");
}

#[actix_web::test]
async fn a_site_that_excludes_the_other_sees_nothing_and_nobody_can_tell() {
    let plain = TestService::bundled();
    let excluding = TestService::bundled();
    exclude(&excluding);
    let mut worlds = Vec::new();
    for service in [&plain, &excluding] {
        let id = suggested(service).await;
        says(service, As::Rhw, "RHW", &id, true).await;
        let admin = service.get(As::Admin, SUGGESTIONS).await.good();
        let other = service
            .get(As::Rhw, "/api/v1/organisations/RHW/admin-suggestions")
            .await;
        let other = other.good();
        let audit = service
            .get(As::Admin, "/api/v1/admin/audit?odsCode=RHW")
            .await;
        let mut audit = audit.good();
        for row in audit["items"].as_array_mut().unwrap() {
            row.as_object_mut().unwrap().remove("requestId");
        }
        let seen = [site("RHW"), Recipient::Admins].map(|r| told(service, r));
        worlds.push((admin, other, audit["items"].clone(), seen));
    }
    assert_eq!(worlds[0], worlds[1]);
    let own = excluding
        .get(As::Rth, "/api/v1/organisations/RTH/admin-suggestions")
        .await;
    assert_eq!(own.good()["items"], json!([]));
    assert!(told(&excluding, site("RTH")).is_empty());
    let id = worlds[1].0["items"][0]["id"].as_str().unwrap();
    let path = format!("/api/v1/organisations/RTH/admin-suggestions/{id}");
    let own = excluding.get(As::Rth, &path).await;
    own.problem(404, "/problems/not-found");
}

#[actix_web::test]
async fn a_pair_that_may_never_be_is_refused() {
    let service = TestService::bundled();
    for (between, status, reference) in [
        (json!(["RTH", "RTH"]), 409, "/problems/never-suggested"),
        (json!(["RTH", "RW6"]), 409, "/problems/organisation-closed"),
        (json!(["RTH", "ZZZ99"]), 422, "/problems/invalid-request"),
        (json!(["RTH"]), 422, "/problems/invalid-request"),
        (json!(["RTH", "R"]), 422, "/problems/invalid-request"),
    ] {
        let body = json!({ "between": between, "reason": "A reason." });
        let answer = service.post(As::Admin, SUGGESTIONS, &body).await;
        answer.problem(status, reference);
    }
    let body = json!({ "between": ["RTH", "RHW"], "reason": "A reason.", "programme": "none" });
    let answer = service.post(As::Admin, SUGGESTIONS, &body).await;
    let problem = answer.problem(422, "/problems/invalid-request");
    assert_eq!(problem["errors"][0]["pointer"], "/programme");
    suggested(&service).await;
    let turned = json!({ "between": ["RHW", "RTH"], "reason": "A reason." });
    let twin = service.post(As::Admin, SUGGESTIONS, &turned).await;
    twin.problem(409, "/problems/suggestion-open");
}

#[actix_web::test]
async fn the_admins_words_are_sealed_and_in_no_audit() {
    let service = TestService::bundled();
    let id = suggested(&service).await;
    let own = service
        .get(
            As::Rth,
            &format!("/api/v1/organisations/RTH/admin-suggestions/{id}"),
        )
        .await;
    assert_eq!(own.good()["reason"], "Both start in the spring.");
    let audit = service.get(As::Admin, "/api/v1/admin/audit").await.good();
    assert!(!audit.to_string().contains("in the spring"));
    let disk = service.bytes_on_disk();
    let words = b"in the spring";
    assert!(!disk.windows(words.len()).any(|part| part == words));
}

#[actix_web::test]
async fn a_withdrawn_suggestion_is_answered_no_more_and_others_do_not_see_it() {
    let service = TestService::bundled();
    let id = suggested(&service).await;
    let path = format!("{SUGGESTIONS}/{id}");
    let tag = service
        .get(As::Admin, &path)
        .await
        .header("etag")
        .to_owned();
    let withdraw = |tag: &str| TestRequest::post().insert_header(("if-match", tag));
    let to = format!("{path}/withdraw");
    let stale = service.send(As::Admin, withdraw("\"9.a\""), &to, "").await;
    stale.problem(412, "/problems/precondition-failed");
    let gone = service
        .send(As::Admin, withdraw(&tag), &to, "")
        .await
        .good();
    assert_eq!(gone["state"], "withdrawn");
    let answer = format!("/api/v1/organisations/RTH/admin-suggestions/{id}/answer");
    let late = service
        .put(As::Rth, &answer, &json!({ "interested": true }))
        .await;
    late.problem(409, "/problems/suggestion-closed");
    let elsewhere = format!("/api/v1/organisations/RJ7/admin-suggestions/{id}");
    let other = service.get(As::Rth, &elsewhere).await;
    other.problem(404, "/problems/organisation-not-found");
    // It can be suggested again.
    suggested(&service).await;
}
