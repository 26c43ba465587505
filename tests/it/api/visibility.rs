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

#[actix_web::test]
async fn expertise_that_a_site_hides_is_not_told_in_suggestions() {
    let service = TestService::bundled();
    let need = json!({"need": "urgent"});
    let path = "/api/v1/organisations/RTH/topics/hepma";
    service.put(As::Rth, path, &need).await.good();
    let stage = json!({"stage": "live", "liveSince": "2019"});
    let path = "/api/v1/organisations/RHW/topics/hepma";
    service.put(As::Rhw, path, &stage).await.good();
    let learning = async || {
        let path = "/api/v1/organisations/RTH/suggestions/RHW";
        let suggestion = service.get(As::Rth, path).await.good()["suggestion"].take();
        let criteria = suggestion["criteria"].as_array().unwrap().iter();
        let found = criteria.filter(|c| c["criterion"] == "learning").cloned();
        let tells = suggestion.to_string().contains("they have taken it live");
        (found.collect::<Vec<_>>().remove(0), tells)
    };
    let (open, is_told) = learning().await;
    assert!(is_told);
    let hides = json!({"expertise": false, "evidence": true});
    let path = "/api/v1/organisations/RHW/visibility";
    service.put(As::Rhw, path, &hides).await.good();
    let (hidden, is_told) = learning().await;
    assert!(!is_told);
    assert_eq!(hidden["score"], open["score"]);
    assert_eq!(
        (&hidden["reasons"], &hidden["unknown"]),
        (&json!([]), &json!([]))
    );
}
