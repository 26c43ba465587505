use actix_web::http::header::{AUTHORIZATION, CONTENT_TYPE, IF_MATCH};
use actix_web::test::TestRequest;
use alongside::domain::api_key::{ApiKey, KeyRecord};
use alongside::domain::caller::Role;
use alongside::domain::ids::OdsCode;
use alongside::storage::keys;
use serde_json::{Value, json};

use crate::support::database::a_change;
use crate::support::service::{Answer, As, TestService, now};

const RTH: &str = "/api/v1/organisations/RTH/particulars";

#[actix_web::test]
async fn a_site_says_where_it_is_and_what_care_it_gives() {
    let service = TestService::bundled();
    let before = service.get(As::Viewer, RTH).await.good();
    let body = json!({"careSettings": ["community", "acute"], "position": {"latitude": 51.7, "longitude": -1.2}});
    let own = service.put(As::Rth, RTH, &body).await.good();
    assert_eq!(own["careSettings"]["value"], json!(["acute", "community"]));
    assert_eq!(own["position"]["value"], body["position"]);
    assert_eq!(own["position"]["origin"], "site");
    let beneath = |which: &str| own["displaced"][which][0]["value"].clone();
    assert_eq!(beneath("careSettings"), before["careSettings"]["value"]);
    assert_eq!(beneath("position"), before["position"]["value"]);
    let record = service
        .get(As::Viewer, "/api/v1/organisations/RTH")
        .await
        .good();
    assert_eq!(record["organisation"]["latitude"], 51.7);
    assert_eq!(service.delete(As::Rth, RTH).await.status, 204);
    assert_eq!(service.get(As::Viewer, RTH).await.good(), before);
    let again = service.delete(As::Rth, RTH).await;
    again.problem(404, "/problems/not-found");
}

#[actix_web::test]
async fn what_is_nowhere_or_nothing_is_refused() {
    let service = TestService::bundled();
    for (body, pointer) in [
        (json!({}), ""),
        (json!({"careSettings": []}), "/careSettings"),
        (json!({"careSettings": ["dental"]}), "/careSettings/0"),
        (
            json!({"position": {"latitude": 91, "longitude": 0}}),
            "/position",
        ),
        (json!({"careSettings": ["acute"], "asOf": "2027"}), "/asOf"),
    ] {
        let answer = service.put(As::Rth, RTH, &body).await;
        let problem = answer.problem(422, "/problems/invalid-request");
        assert_eq!(problem["errors"][0]["pointer"], pointer, "{problem}");
    }
}

/// Asks as the site of which the open data knows no care settings.
async fn as_k0n6a(service: &TestService, request: TestRequest) -> Answer {
    let key = ApiKey::from_random([99; ApiKey::N_BYTES]);
    let authorization = (AUTHORIZATION, format!("Bearer {}", key.reveal()));
    service
        .ask(As::Nobody, request.insert_header(authorization))
        .await
}

#[actix_web::test]
async fn a_site_of_which_nothing_is_known_answers_what_it_is_asked() {
    let service = TestService::bundled();
    let key = ApiKey::from_random([99; ApiKey::N_BYTES]);
    let record = KeyRecord::new(
        "00000000-0000-4000-8000-000000000099",
        &key,
        Role::Site(OdsCode::new("K0N6A").unwrap()),
        "K0N6A",
        now(),
        "a test",
    );
    let insert =
        move |connection: &mut alongside::storage::Connection| keys::insert(connection, &record);
    service.alongside.write(a_change(), insert).await.unwrap();
    let path = "/api/v1/organisations/K0N6A";
    let ask = |answer: &Value| -> Vec<String> {
        let asked = answer["askNext"].as_array().unwrap();
        let own = asked.iter().filter(|ask| ask["odsCode"] == "K0N6A");
        own.map(|ask| ask["fact"].as_str().unwrap().to_owned())
            .collect()
    };
    let suggestions = format!("{path}/suggestions");
    let before = as_k0n6a(&service, TestRequest::get().uri(&suggestions))
        .await
        .good();
    assert!(
        ask(&before).contains(&"care_settings".to_owned()),
        "{before}"
    );
    let put = TestRequest::put()
        .uri(&format!("{path}/particulars"))
        .insert_header((IF_MATCH, "*"))
        .insert_header((CONTENT_TYPE, "application/json"))
        .set_payload(r#"{"careSettings": ["community"]}"#);
    as_k0n6a(&service, put).await.good();
    let after = as_k0n6a(&service, TestRequest::get().uri(&suggestions))
        .await
        .good();
    assert!(
        !ask(&after).contains(&"care_settings".to_owned()),
        "{after}"
    );
}
