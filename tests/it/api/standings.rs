//! Standings: kept, compared and removed, through the interface.

use actix_web::test::TestRequest;
use serde_json::{Value, json};

use crate::support::service::{As, TestService};

const STANDINGS: &str = "/api/v1/admin/standings";

async fn keep(service: &TestService) -> String {
    let made = service
        .post(As::Admin, STANDINGS, &json!({ "asOf": "2026-11-22" }))
        .await;
    assert_eq!(made.status, 201, "{}", made.json());
    made.json()["id"].as_str().unwrap().to_owned()
}

async fn compared(service: &TestService, id: &str, query: &str) -> Value {
    let path = format!("{STANDINGS}/{id}/stability?limit=500&{query}");
    service.get(As::Viewer, &path).await.good()
}

#[actix_web::test]
async fn nothing_changed_and_all_ten_of_every_site_stay() {
    let service = TestService::bundled();
    let id = keep(&service).await;
    let found = compared(&service, &id, "asOf=2026-11-22").await;
    assert_eq!(found["stayed"]["siteCount"], 202);
    assert_eq!(found["stayed"]["mean"], 10.0);
    assert_eq!(found["stayed"]["sitesByCount"][10], 202);
    assert_eq!(found["to"]["id"], Value::Null);
    let again = keep(&service).await;
    let kept = compared(&service, &id, &format!("to={again}")).await;
    assert_eq!(kept["stayed"], found["stayed"]);
    assert_eq!(kept["to"]["id"], json!(again));
}

/// The top ten that staff see of a site, which is what is kept, and a change that everybody may see.
#[actix_web::test]
async fn what_left_the_list_that_staff_see_is_told_with_its_reason_whether_kept_or_at_present() {
    let service = TestService::bundled();
    let id = keep(&service).await;
    let list = "/api/v1/organisations/RTH/suggestions?asOf=2026-11-22&limit=10";
    let codes = |answer: &Value| -> Vec<String> {
        let suggestions = answer["suggestions"].as_array().unwrap().iter();
        suggestions
            .map(|s| s["organisation"]["odsCode"].as_str().unwrap().to_owned())
            .collect()
    };
    let before = codes(&service.get(As::Viewer, list).await.good());
    let weights = json!({ "weights": { "geography": 1.0 } });
    let changed = service
        .put(As::Admin, "/api/v1/admin/weights", &weights)
        .await;
    assert_eq!(changed.status, 200, "{}", changed.json());
    let after = codes(&service.get(As::Viewer, list).await.good());
    let stayed = before.iter().filter(|code| after.contains(code)).count();
    assert!(stayed < before.len());
    let later = keep(&service).await;
    let now = compared(&service, &id, "asOf=2026-11-22").await;
    let kept = compared(&service, &id, &format!("to={later}")).await;
    assert_eq!(now["sites"], kept["sites"]);
    let sites = now["sites"].as_array().unwrap();
    let of = |site: &&Value| site["organisation"]["odsCode"] == "RTH";
    let rth = sites.iter().find(of).unwrap();
    assert_eq!(rth["stayedCount"], json!(stayed));
    let left: Vec<&str> = rth["left"]
        .as_array()
        .unwrap()
        .iter()
        .map(|left| left["organisation"]["odsCode"].as_str().unwrap())
        .collect();
    let gone: Vec<&String> = before.iter().filter(|code| !after.contains(code)).collect();
    assert_eq!(left, gone);
    for left in sites
        .iter()
        .flat_map(|site| site["left"].as_array().unwrap())
    {
        assert_eq!(left["reason"], "weights_changed", "{left}");
        assert!(left["rankAfter"].as_u64().unwrap() > 10, "{left}");
    }
    // The later with the earlier is no comparison.
    let path = format!("{STANDINGS}/{later}/stability?to={id}");
    let refused: Value = service
        .get(As::Admin, &path)
        .await
        .problem(422, "/problems/invalid-request");
    assert_eq!(refused["errors"][0]["pointer"], "/query/to");
}

#[actix_web::test]
async fn neither_exclusions_nor_saved_weights_move_a_standing() {
    let service = TestService::bundled();
    let id = keep(&service).await;
    service.database.execute(
        "INSERT INTO exclusions (ods_code, excluded, sealed_reason, created_at, version) \
         VALUES ('RTH', 'RHW', NULL, '2026-11-22 09:00:00', 1)",
    );
    let path = "/api/v1/organisations/RTH/weights";
    let weights = json!({ "weights": { "geography": 1.0 } });
    let saved = service.put(As::Rth, path, &weights).await;
    assert!(saved.status < 300, "{}", saved.json());
    let found = compared(&service, &id, "asOf=2026-11-22").await;
    assert_eq!(found["stayed"]["sitesByCount"][10], 202);
}

/// Puts standings of nobody there, past the service, numbered from 1.
fn of_nobody(service: &TestService, n: u32) {
    for number in 1..=n {
        service.database.execute(&format!(
            "INSERT INTO standings (id, sequence, revision, method_version, as_of, n_sites, kept_at, kept_by) \
             VALUES ('90000000-0000-4000-8000-0000000000{number:02}', {number}, 1, '1', '2026-11-22', 0, '2026-11-22 09:00:00', 'key:1')"
        ));
    }
}

#[actix_web::test]
async fn at_most_twenty_are_kept_and_one_that_is_removed_makes_room() {
    let service = TestService::bundled();
    of_nobody(&service, 20);
    let refused = service.post(As::Admin, STANDINGS, &json!({})).await;
    refused.problem(409, "/problems/too-many-standings");
    let oldest = format!("{STANDINGS}/90000000-0000-4000-8000-000000000001");
    assert_eq!(service.delete(As::Admin, &oldest).await.status, 204);
    assert_eq!(service.delete(As::Admin, &oldest).await.status, 404);
    let newest = keep(&service).await;
    let listed = service.get(As::Viewer, STANDINGS).await.good();
    let items = listed["items"].as_array().unwrap();
    assert_eq!(items.len(), 20);
    assert_eq!(items[0]["id"], json!(newest));
    // Its lists go with it.
    let lists = "SELECT CAST(count(*) AS TEXT) AS text FROM standing_sites";
    assert_eq!(service.texts(lists), ["202"]);
    let path = format!("{STANDINGS}/{newest}");
    assert_eq!(service.delete(As::Admin, &path).await.status, 204);
    assert_eq!(service.texts(lists), ["0"]);
}

#[actix_web::test]
async fn of_nobody_there_is_no_mean() {
    let service = TestService::bundled();
    of_nobody(&service, 1);
    let found = compared(&service, "90000000-0000-4000-8000-000000000001", "").await;
    assert_eq!(found["stayed"]["siteCount"], 0);
    assert_eq!(found["stayed"]["mean"], Value::Null);
    assert_eq!(
        (&found["goneCount"], &found["newCount"]),
        (&json!(0), &json!(202))
    );
}

#[actix_web::test]
async fn what_is_asked_wrongly_is_named() {
    let service = TestService::bundled();
    let id = keep(&service).await;
    for (query, status) in [
        ("to=then", 400),
        ("to=99999999-9999-4999-8999-999999999999", 422),
        ("limit=0", 422),
        ("limit=2001", 422),
        ("asOf=2026-02-30", 400),
        ("from=now", 400),
        (&format!("to={id}&asOf=2026-11-22"), 422),
    ] {
        let path = format!("{STANDINGS}/{id}/stability?{query}");
        let refused = service.get(As::Admin, &path).await;
        assert_eq!(refused.status, status, "{query} {}", refused.json());
    }
    for body in [json!({ "asOf": "soon" }), json!({ "day": "2026-11-22" })] {
        let refused = service.post(As::Admin, STANDINGS, &body).await;
        assert!(matches!(refused.status, 400 | 422), "{}", refused.json());
    }
    let removed = service
        .ask(
            As::Admin,
            TestRequest::delete().uri(&format!("{STANDINGS}/{id}")),
        )
        .await;
    assert_eq!(removed.status, 428);
}
