use serde_json::{Value, json};

use crate::support::service::{As, TestService};

const ALL: &str = "/api/v1/organisations/RTH/attributes";
const STAFF: &str = "/api/v1/organisations/RTH/attributes/staff_fte";
const MATURITY: &str = "/api/v1/organisations/RTH/attributes/digital_maturity";

async fn item(service: &TestService, attribute: &str, setting: Value) -> Option<Value> {
    let list = service.get(As::Viewer, ALL).await.good();
    list["items"]
        .as_array()
        .unwrap()
        .iter()
        .find(|item| item["attribute"] == attribute && item["careSetting"] == setting)
        .cloned()
}

#[actix_web::test]
async fn a_site_corrects_an_attribute_and_takes_it_back() {
    let service = TestService::bundled();
    let bundled = item(&service, "staff_fte", Value::Null).await.unwrap();
    assert_eq!(bundled["origin"], "bundled");
    let body = json!({"value": 13_500, "asOf": "2026-10"});
    service.put(As::Rth, STAFF, &body).await.good();
    let own = item(&service, "staff_fte", Value::Null).await.unwrap();
    assert_eq!(
        (&own["value"], &own["origin"], &own["asOf"]),
        (&json!(13_500.0), &json!("site"), &json!("2026-10"))
    );
    assert_eq!(own["displaced"][0]["value"], bundled["value"]);
    assert_eq!(service.delete(As::Rth, STAFF).await.status, 204);
    assert_eq!(
        item(&service, "staff_fte", Value::Null).await,
        Some(bundled)
    );
    let again = service.delete(As::Rth, STAFF).await;
    again.problem(404, "/problems/not-found");
}

#[actix_web::test]
async fn a_maturity_score_is_for_one_care_setting() {
    let service = TestService::bundled();
    let body = json!({"value": 3.5, "careSetting": "ambulance"});
    service.put(As::Rth, MATURITY, &body).await.good();
    let own = item(&service, "digital_maturity", json!("ambulance")).await;
    assert_eq!(own.unwrap()["value"], 3.5);
    let acute = item(&service, "digital_maturity", json!("acute")).await;
    assert_eq!(acute.unwrap()["origin"], "bundled");
    let without = service.put(As::Rth, MATURITY, &json!({"value": 3.5})).await;
    let problem = without.problem(422, "/problems/invalid-request");
    assert_eq!(problem["errors"][0]["pointer"], "/careSetting");
    let path = format!("{MATURITY}?careSetting=ambulance");
    assert_eq!(service.delete(As::Rth, &path).await.status, 204);
    let gone = item(&service, "digital_maturity", json!("ambulance")).await;
    assert_eq!(gone, None);
}

#[actix_web::test]
async fn a_value_keeps_the_bounds_of_its_attribute() {
    let service = TestService::bundled();
    for (attribute, value) in [
        ("staff_fte", 0.0),
        ("catchment", -1.0),
        ("beds", 1e10),
        ("deprivation", 100.5),
        ("urban_share", 1.5),
        ("teaching", 2.0),
    ] {
        let path = format!("{ALL}/{attribute}");
        let answer = service.put(As::Rth, &path, &json!({"value": value})).await;
        let problem = answer.problem(422, "/problems/invalid-request");
        assert_eq!(problem["errors"][0]["pointer"], "/value", "{attribute}");
    }
    let path = format!("{STAFF}?careSetting=acute");
    let answer = service.delete(As::Rth, &path).await;
    let problem = answer.problem(422, "/problems/invalid-request");
    assert_eq!(problem["errors"][0]["pointer"], "/query/careSetting");
    let setting = json!({"value": 10, "careSetting": "acute"});
    let answer = service.put(As::Rth, STAFF, &setting).await;
    let problem = answer.problem(422, "/problems/invalid-request");
    assert_eq!(problem["errors"][0]["pointer"], "/careSetting");
}

#[actix_web::test]
async fn an_answer_on_the_ethos_is_no_context_attribute() {
    let service = TestService::bundled();
    let path = format!("{ALL}/ethos_pace");
    let answer = service.put(As::Rth, &path, &json!({"value": 3})).await;
    let problem = answer.problem(400, "/problems/unreadable-request");
    assert_eq!(problem["errors"][0]["pointer"], "/path/attribute");
}

#[actix_web::test]
async fn the_scores_of_all_care_settings_are_taken_back_at_once() {
    let service = TestService::bundled();
    let before = service.get(As::Rth, ALL).await.good();
    for setting in ["acute", "ambulance"] {
        let body = json!({"value": 5, "careSetting": setting});
        service.put(As::Rth, MATURITY, &body).await.good();
    }
    assert_eq!(service.delete(As::Rth, MATURITY).await.status, 204);
    assert_eq!(service.get(As::Rth, ALL).await.good(), before);
    let again = service.delete(As::Rth, MATURITY).await;
    again.problem(404, "/problems/not-found");
}
