use serde_json::{Value, json};

use crate::support::service::{As, TestService};

const WEIGHTS: &str = "/api/v1/organisations/RTH/weights";

#[actix_web::test]
async fn weights_are_saved_as_given_and_forgotten() {
    let service = TestService::bundled();
    let none = service.get(As::Rth, WEIGHTS).await;
    assert_eq!(none.good()["weights"], Value::Null);
    assert!(none.header("etag").starts_with("\"0."));
    let body = json!({"weights": {"core_system": 3, "geography": 0.25}});
    let saved = service.put(As::Rth, WEIGHTS, &body).await.good();
    assert_eq!(
        saved["weights"],
        json!({"core_system": 3.0, "geography": 0.25, "care_setting": 0.0, "culture": 0.0,
               "prior_relationships": 0.0, "learning": 0.0})
    );
    assert_eq!(service.get(As::Rth, WEIGHTS).await.good(), saved);
    assert_eq!(service.delete(As::Rth, WEIGHTS).await.status, 204);
    assert_eq!(
        service.get(As::Rth, WEIGHTS).await.good()["weights"],
        Value::Null
    );
    let again = service.delete(As::Rth, WEIGHTS).await;
    again.problem(404, "/problems/not-found");
}

#[actix_web::test]
async fn weights_that_mean_nothing_are_refused() {
    let service = TestService::bundled();
    for (body, pointer) in [
        (json!({"weights": {}}), "/weights"),
        (json!({"weights": {"culture": 0}}), "/weights"),
        (json!({"weights": {"culture": -1}}), "/weights/culture"),
        (json!({"weights": {"cost": 1}}), "/weights/cost"),
        (json!({"culture": 1}), "/culture"),
    ] {
        let answer = service.put(As::Rth, WEIGHTS, &body).await;
        let problem = answer.problem(422, "/problems/invalid-request");
        assert_eq!(problem["errors"][0]["pointer"], pointer, "{problem}");
    }
}

#[actix_web::test]
async fn nobody_else_reads_the_weights() {
    let service = TestService::bundled();
    for (caller, status) in [(As::Admin, 403), (As::Viewer, 403), (As::Rhw, 404)] {
        assert_eq!(
            service.get(caller, WEIGHTS).await.status,
            status,
            "{caller:?}"
        );
    }
}
