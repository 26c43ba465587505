//! How much a site takes on: declared by itself, seen by others as far as it concerns them.

use actix_web::http::header::IF_MATCH;
use actix_web::test::TestRequest;
use serde_json::{Value, json};

use crate::support::service::{As, TestService};

const CAPACITY: &str = "/api/v1/organisations/RTH/capacity";
const PAUSE: &str = "/api/v1/organisations/RTH/pause";

async fn seen(service: &TestService, caller: As) -> Value {
    service.get(caller, CAPACITY).await.good()
}

#[actix_web::test]
async fn others_see_whether_there_is_a_place_and_no_more() {
    let service = TestService::bundled();
    let nothing_said =
        json!({ "odsCode": "RTH", "state": "undeclared", "remaining": 3, "pausedUntil": null });
    assert_eq!(seen(&service, As::Rhw).await, nothing_said);
    let declared = json!({ "partnershipPlaces": 2, "conversationPlaces": null });
    let put = service.put(As::Rth, CAPACITY, &declared).await.good();
    assert_eq!(put["own"]["partnershipPlaces"], 2);
    let open = json!({ "odsCode": "RTH", "state": "open", "remaining": 2, "pausedUntil": null });
    assert_eq!(seen(&service, As::Rhw).await, open);
    for staff in [As::Admin, As::Viewer, As::Rth] {
        assert_eq!(seen(&service, staff).await["own"], put["own"], "{staff:?}");
    }
    service
        .put(As::Rth, CAPACITY, &json!({ "partnershipPlaces": 0 }))
        .await
        .good();
    assert_eq!(seen(&service, As::Rhw).await["state"], "full");
    assert_eq!(service.delete(As::Rth, CAPACITY).await.status, 204);
    assert_eq!(seen(&service, As::Rhw).await, nothing_said);
    let unknown = service
        .get(As::Rhw, "/api/v1/organisations/ZZZ99/capacity")
        .await;
    unknown.problem(404, "/problems/organisation-not-found");
}

#[actix_web::test]
async fn places_are_whole_numbers_from_0_to_100() {
    let service = TestService::bundled();
    let before = service.last_write();
    for (body, pointer) in [
        (json!({ "partnershipPlaces": -1 }), "/partnershipPlaces"),
        (json!({ "partnershipPlaces": 2.5 }), "/partnershipPlaces"),
        (json!({ "conversationPlaces": 101 }), "/conversationPlaces"),
        (json!({ "conversationPlaces": "2" }), "/conversationPlaces"),
        (json!({ "places": 2 }), "/places"),
    ] {
        let problem = service.put(As::Rth, CAPACITY, &body).await;
        let problem = problem.problem(422, "/problems/invalid-request");
        assert_eq!(problem["errors"][0]["pointer"], pointer);
    }
    // Nothing to take back.
    assert_eq!(service.delete(As::Rth, CAPACITY).await.status, 204);
    assert_eq!(service.last_write(), before);
    let most = json!({ "partnershipPlaces": 100.0, "conversationPlaces": 0 });
    service.put(As::Rth, CAPACITY, &most).await.good();
}

#[actix_web::test]
async fn nobody_changes_places_that_they_have_not_seen() {
    let service = TestService::bundled();
    let tag = service
        .get(As::Rth, CAPACITY)
        .await
        .header("etag")
        .to_owned();
    let put = |tag: String| {
        let request = TestRequest::put().insert_header((IF_MATCH, tag));
        service.send(As::Rth, request, CAPACITY, r#"{"partnershipPlaces": 4}"#)
    };
    let changed = put(tag.clone()).await;
    assert_eq!(changed.status, 200);
    put(tag).await.problem(412, "/problems/precondition-failed");
    // The same said again is a word of another day.
    let again = put(changed.header("etag").to_owned()).await;
    assert_ne!(again.header("etag"), changed.header("etag"));
    let without = service
        .send(As::Rth, TestRequest::put(), CAPACITY, "{}")
        .await;
    without.problem(428, "/problems/precondition-required");
}

#[actix_web::test]
async fn a_pause_says_until_when_to_all_and_why_to_few() {
    let service = TestService::bundled();
    let none = service.get(As::Rth, PAUSE).await;
    assert_eq!(none.good()["paused"], false);
    let past = service
        .put(As::Rth, PAUSE, &json!({ "until": "2026-11-21" }))
        .await;
    past.problem(422, "/problems/invalid-request");
    let body = json!({ "until": "2026-12-24", "reason": "A new system goes live." });
    let paused = service.put(As::Rth, PAUSE, &body).await.good();
    assert_eq!(paused["since"], "2026-11-22T09:00:00Z");
    let outside = seen(&service, As::Rhw).await;
    assert_eq!(
        outside,
        json!({ "odsCode": "RTH", "state": "paused", "remaining": 3, "pausedUntil": "2026-12-24" })
    );
    let inside = seen(&service, As::Admin).await;
    assert_eq!(
        inside["own"]["pauses"][0]["reason"],
        "A new system goes live."
    );
    assert_eq!(inside["own"]["pauses"][0]["by"], "site");
    let told = service.texts("SELECT value_after AS text FROM audit WHERE subject_kind = 'pauses'");
    assert!(told.len() == 1 && !told[0].contains("system"), "{told:?}");
    // It ends by itself after its last day.
    service.pass(chrono::TimeDelta::days(32));
    assert_eq!(seen(&service, As::Rhw).await["state"], "paused");
    service.pass(chrono::TimeDelta::days(1));
    assert_eq!(seen(&service, As::Rhw).await["state"], "undeclared");
    assert_eq!(service.get(As::Rth, PAUSE).await.good()["paused"], false);
    let nothing = service.delete(As::Rth, PAUSE).await;
    nothing.problem(404, "/problems/not-found");
}

#[actix_web::test]
async fn a_site_ends_its_own_pause_and_not_an_admins() {
    let service = TestService::bundled();
    service.database.execute(
        "INSERT INTO pauses (ods_code, paused_by, reason, since, version) \
         VALUES ('RTH', 'admin', 'Under review.', '2026-11-22 08:00:00', 1)",
    );
    service.put(As::Rth, PAUSE, &json!({})).await.good();
    let tag = service.get(As::Rth, PAUSE).await.header("etag").to_owned();
    assert_eq!(service.delete(As::Rth, PAUSE).await.status, 204);
    // What was seen of the pause that ended names nothing that comes after it.
    let late = TestRequest::put().insert_header((IF_MATCH, tag));
    let late = service.send(As::Rth, late, PAUSE, "{}").await;
    late.problem(412, "/problems/precondition-failed");
    let own = seen(&service, As::Rth).await;
    assert_eq!(
        (&own["state"], &own["pausedUntil"]),
        (&json!("paused"), &Value::Null)
    );
    assert_eq!(own["own"]["pauses"].as_array().unwrap().len(), 1);
    assert_eq!(own["own"]["pauses"][0]["reason"], "Under review.");
}
