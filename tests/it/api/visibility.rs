use alongside::domain::ids::OdsCode;
use alongside::storage::visibility;
use serde_json::json;

use crate::support::service::{As, TestService};

const VISIBILITY: &str = "/api/v1/organisations/RTH/visibility";

#[actix_web::test]
async fn a_site_decides_what_others_see() {
    let service = TestService::bundled();
    let all = json!({"odsCode": "RTH", "expertise": true, "evidence": true});
    assert_eq!(service.get(As::Rth, VISIBILITY).await.good(), all);
    let body = json!({"expertise": true, "evidence": false});
    service.put(As::Rth, VISIBILITY, &body).await.good();
    let code = OdsCode::new("RTH").unwrap();
    let shows = service
        .alongside
        .storage()
        .read(move |connection| visibility::of(connection, code))
        .await
        .unwrap();
    assert!(shows.expertise && !shows.evidence);
    let half = service
        .put(As::Rth, VISIBILITY, &json!({"expertise": true}))
        .await;
    half.problem(422, "/problems/invalid-request");
}

#[actix_web::test]
async fn what_a_site_decided_is_its_own() {
    let service = TestService::bundled();
    for (caller, status) in [(As::Admin, 403), (As::Viewer, 403), (As::Rhw, 404)] {
        let answer = service.get(caller, VISIBILITY).await;
        assert_eq!(answer.status, status, "{caller:?}");
    }
}
