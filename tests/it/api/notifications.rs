//! Of what a site is written to by e-mail.

use serde_json::json;

use crate::support::service::{As, TestService};

const OURS: &str = "/api/v1/organisations/RTH/notifications";

#[actix_web::test]
async fn a_site_chooses_of_what_it_is_written_to() {
    let service = TestService::bundled();
    let before = service.get(As::Rth, OURS).await.good();
    assert_eq!(before["email"].as_array().unwrap().len(), 6);
    let none = json!({ "email": [] });
    let after = service.put(As::Rth, OURS, &none).await.good();
    assert_eq!(after["email"], json!([]));
    let shown = service.get(As::Rth, OURS).await;
    assert_eq!(shown.good(), after);
    // The same again changes nothing.
    let again = service.put(As::Rth, OURS, &none).await;
    assert_eq!(again.header("etag"), shown.header("etag"));
    for bad in ["nonsense", "test"] {
        let answer = service.put(As::Rth, OURS, &json!({ "email": [bad] })).await;
        let problem = answer.problem(422, "/problems/invalid-request");
        assert_eq!(problem["errors"][0]["pointer"], "/email/0");
    }
}
