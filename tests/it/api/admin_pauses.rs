//! Pauses by admins.

use alongside::domain::event::Recipient;
use alongside::domain::ids::OdsCode;
use alongside::storage::events;
use serde_json::{Value, json};

use crate::support::service::{As, TestService};

const PAUSES: &str = "/api/v1/admin/pauses";
const RTH: &str = "/api/v1/admin/pauses/RTH";

#[actix_web::test]
async fn an_admin_pauses_a_site_with_a_reason_and_ends_the_pause() {
    let service = TestService::bundled();
    let none = service.get(As::Viewer, RTH).await;
    none.problem(404, "/problems/not-found");
    let body = json!({ "until": "2026-12-31", "reason": "Moves to another system." });
    let paused = service.put(As::Admin, RTH, &body).await.good();
    assert_eq!(
        (&paused["until"], &paused["reason"]),
        (&json!("2026-12-31"), &json!("Moves to another system."))
    );
    assert_eq!(service.get(As::Viewer, RTH).await.good(), paused);
    let listed = service.get(As::Viewer, PAUSES).await.good();
    assert_eq!(listed["items"], json!([paused]));
    // The same again is no change.
    let revision = service.alongside.revision();
    assert_eq!(service.put(As::Admin, RTH, &body).await.good(), paused);
    assert_eq!(service.alongside.revision(), revision);
    assert_eq!(service.delete(As::Admin, RTH).await.status, 204);
    let listed = service.get(As::Viewer, PAUSES).await.good();
    assert_eq!(listed["items"], json!([]));
    let again = service.delete(As::Admin, RTH).await;
    again.problem(404, "/problems/not-found");
    // The site is told of both, without the admin's words.
    let rth = Recipient::Site(OdsCode::new("RTH").unwrap());
    let told = service
        .alongside
        .storage()
        .read_blocking(|connection| events::after(connection, rth, 0, 10))
        .unwrap();
    let kinds: Vec<&str> = told.iter().map(|e| e.event.kind.as_str()).collect();
    assert_eq!(kinds, ["site.paused", "site.resumed"]);
    assert_eq!(told[0].event.data["until"], "2026-12-31");
    assert!(!format!("{told:?}").contains("another system"));
}

#[actix_web::test]
async fn a_pause_has_a_reason_and_no_end_in_the_past() {
    let service = TestService::bundled();
    for (body, pointer) in [
        (json!({ "until": "2026-12-31" }), ""),
        (json!({ "reason": " " }), "/reason"),
        (json!({ "reason": "x".repeat(1001) }), "/reason"),
        (
            json!({ "until": "2026-11-21", "reason": "A reason." }),
            "/until",
        ),
        (json!({ "until": "soon", "reason": "A reason." }), "/until"),
    ] {
        let answer = service.put(As::Admin, RTH, &body).await;
        let problem = answer.problem(422, "/problems/invalid-request");
        let told = problem["errors"][0]["pointer"].as_str().unwrap();
        assert!(pointer.is_empty() || told == pointer, "{problem}");
    }
    assert_eq!(
        service.get(As::Admin, PAUSES).await.good()["items"],
        Value::Array(Vec::new())
    );
}

#[actix_web::test]
async fn the_reason_of_a_pause_is_in_no_audit() {
    let service = TestService::bundled();
    let body = json!({ "reason": "Moves to another system." });
    service.put(As::Admin, RTH, &body).await.good();
    let audit = service
        .get(As::Admin, "/api/v1/admin/audit?action=pause_site")
        .await;
    let audit = audit.good();
    assert_eq!(audit["items"][0]["odsCode"], "RTH");
    assert!(!audit.to_string().contains("another system"));
}
