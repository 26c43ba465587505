//! Keys of callers: made, rotated and revoked by admins alone, shown once, and taken or refused from then on.

use actix_web::http::header::AUTHORIZATION;
use actix_web::test::TestRequest;
use serde_json::{Value, json};

use crate::support::service::{Answer, As, TestService, now};

const KEYS: &str = "/api/v1/admin/keys";

fn for_rhw() -> Value {
    json!({ "label": "Reading", "role": "site", "odsCode": "rhw" })
}

/// Asks with a key of one's own.
async fn with_key(service: &TestService, key: &str, path: &str) -> Answer {
    let request = TestRequest::get()
        .uri(path)
        .insert_header((AUTHORIZATION, format!("Bearer {key}")));
    service.ask(As::Nobody, request).await
}

async fn made(service: &TestService, body: &Value) -> (String, String) {
    let key = service.post(As::Admin, KEYS, body).await.good();
    let text = |name: &str| key[name].as_str().unwrap().to_owned();
    (text("id"), text("key"))
}

#[actix_web::test]
async fn a_key_that_was_made_is_taken_at_once_for_its_site() {
    let service = TestService::bundled();
    let answer = service.post(As::Admin, KEYS, &for_rhw()).await;
    let key = answer.good();
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_eq!(
        answer.header("location"),
        format!("{KEYS}/{}", key["id"].as_str().unwrap())
    );
    let secret = key["key"].as_str().unwrap();
    assert!(secret.starts_with(key["prefix"].as_str().unwrap()));
    let me = with_key(&service, secret, "/api/v1/me").await.good();
    assert_eq!(
        (&me["role"], &me["odsCode"], &me["keyPrefix"]),
        (&"site".into(), &"RHW".into(), &key["prefix"])
    );
}

#[actix_web::test]
async fn a_key_is_shown_to_who_made_it_and_never_again() {
    let service = TestService::bundled();
    let (id, secret) = made(&service, &for_rhw()).await;
    for path in [format!("{KEYS}/{id}"), KEYS.to_owned()] {
        let shown = service.get(As::Admin, &path).await;
        shown.good();
        let text = String::from_utf8(shown.body.to_vec()).unwrap();
        assert!(!text.contains(&secret) && text.contains(&secret[..12]));
    }
}

#[actix_web::test]
async fn the_same_request_makes_no_other_key_and_does_not_show_it() {
    let service = TestService::bundled();
    let request = || {
        TestRequest::post()
            .uri(KEYS)
            .insert_header(("idempotency-key", "once"))
    };
    let body = for_rhw().to_string();
    let first = service.send(As::Admin, request(), KEYS, &body).await.good();
    let again = service.send(As::Admin, request(), KEYS, &body).await;
    assert_eq!(again.header("idempotency-replayed"), "true");
    let again = again.good();
    assert_eq!(again["id"], first["id"]);
    assert!(first["key"].is_string() && again.get("key").is_none());
}

#[actix_web::test]
async fn a_key_of_no_site_is_not_made() {
    let service = TestService::bundled();
    for (body, pointer) in [
        (
            json!({ "label": "x", "role": "site", "odsCode": "ZZZ" }),
            "/odsCode",
        ),
        (json!({ "label": "x", "role": "site" }), "/odsCode"),
        (json!({ "label": "", "role": "viewer" }), "/label"),
        (json!({ "label": "x", "role": "root" }), "/role"),
        (
            json!({ "label": "x", "role": "viewer", "expiresAt": "2020-01-01T00:00:00Z" }),
            "/expiresAt",
        ),
        (
            json!({ "label": "x", "role": "viewer", "key": "mine" }),
            "/key",
        ),
    ] {
        let problem = service
            .post(As::Admin, KEYS, &body)
            .await
            .problem(422, "/problems/invalid-request");
        assert_eq!(problem["errors"][0]["pointer"], pointer, "{body}");
    }
}

#[actix_web::test]
async fn a_rotated_key_is_good_until_the_overlap_ends() {
    let service = TestService::bundled();
    let (id, old) = made(&service, &for_rhw()).await;
    let path = format!("{KEYS}/{id}/rotate");
    let rotated = service
        .post(As::Admin, &path, &json!({ "overlapSeconds": 60 }))
        .await
        .good();
    let new = rotated["key"].as_str().unwrap();
    assert_eq!(
        (&rotated["role"], &rotated["label"]),
        (&"site".into(), &"Reading".into())
    );
    for key in [old.as_str(), new] {
        with_key(&service, key, "/api/v1/me").await.good();
    }
    let kept = service.get(As::Admin, &format!("{KEYS}/{id}")).await.good();
    assert_eq!(
        kept["expiresAt"],
        json!(now() + chrono::TimeDelta::minutes(1))
    );
    assert_eq!(kept["rotatedTo"], rotated["id"]);
    service
        .post(As::Admin, &path, &json!({}))
        .await
        .problem(409, "/problems/key-rotated");
}

#[actix_web::test]
async fn without_an_overlap_the_old_key_ends_at_once() {
    let service = TestService::bundled();
    let (id, old) = made(&service, &for_rhw()).await;
    let path = format!("{KEYS}/{id}/rotate");
    service
        .post(As::Admin, &path, &json!({ "overlapSeconds": 0 }))
        .await
        .good();
    with_key(&service, &old, "/api/v1/me")
        .await
        .problem(401, "/problems/invalid-key");
    for overlap in [-1, 2_592_001] {
        service
            .post(As::Admin, &path, &json!({ "overlapSeconds": overlap }))
            .await
            .problem(422, "/problems/invalid-request");
    }
}

#[actix_web::test]
async fn a_revoked_key_is_refused_at_once_and_revoking_again_changes_nothing() {
    let service = TestService::bundled();
    let (id, key) = made(&service, &for_rhw()).await;
    let revoke = format!("{KEYS}/{id}/revoke");
    let request = || TestRequest::post().uri(&revoke);
    let first = service.ask(As::Admin, request()).await.good();
    assert_eq!(first["state"], "revoked");
    with_key(&service, &key, "/api/v1/me")
        .await
        .problem(401, "/problems/invalid-key");
    assert_eq!(service.ask(As::Admin, request()).await.good(), first);
    service
        .post(As::Admin, &format!("{KEYS}/{id}/rotate"), &json!({}))
        .await
        .problem(409, "/problems/key-not-good");
}

#[actix_web::test]
async fn the_last_good_key_of_an_admin_is_not_revoked() {
    let service = TestService::bundled();
    let admin = json!({ "label": "Second", "role": "programme_admin" });
    let list = service.get(As::Admin, KEYS).await.good();
    let is_admin = |key: &&Value| key["role"] == "programme_admin";
    let first = list["items"].as_array().unwrap().iter().find(is_admin);
    let first = first.unwrap()["id"].as_str().unwrap().to_owned();
    let revoke = |id: &str| TestRequest::post().uri(&format!("{KEYS}/{id}/revoke"));
    service
        .ask(As::Admin, revoke(&first))
        .await
        .problem(409, "/problems/last-admin-key");
    let (second, _) = made(&service, &admin).await;
    service.ask(As::Admin, revoke(&second)).await.good();
    made(&service, &admin).await;
    service.ask(As::Admin, revoke(&first)).await.good();
    service
        .get(As::Admin, KEYS)
        .await
        .problem(401, "/problems/invalid-key");
}

#[actix_web::test]
async fn a_key_that_is_not_there_is_missing_and_what_is_no_id_is_refused() {
    let service = TestService::bundled();
    service
        .get(
            As::Admin,
            &format!("{KEYS}/99999999-0000-4000-8000-000000000001"),
        )
        .await
        .problem(404, "/problems/not-found");
    for text in ["x", "als_aiaaaaaa"] {
        service
            .get(As::Admin, &format!("{KEYS}/{text}"))
            .await
            .problem(400, "/problems/unreadable-request");
    }
}

#[actix_web::test]
async fn pages_lead_through_all_keys_once() {
    let service = TestService::bundled();
    for _ in 0..5 {
        made(&service, &for_rhw()).await;
    }
    let mut ids = Vec::new();
    let mut next = Some(format!("{KEYS}?limit=2"));
    while let Some(path) = next {
        let page = service.get(As::Admin, &path).await.good();
        for key in page["items"].as_array().unwrap() {
            ids.push(key["id"].as_str().unwrap().to_owned());
        }
        next = page["links"]["next"].as_str().map(str::to_owned);
    }
    let all = service.get(As::Admin, KEYS).await.good();
    let all = all["items"].as_array().unwrap().iter();
    assert_eq!(
        ids,
        all.map(|key| key["id"].as_str().unwrap())
            .collect::<Vec<_>>()
    );
    assert_eq!(ids.len(), 11);
}

#[actix_web::test]
async fn the_audit_holds_neither_keys_nor_labels() {
    let service = TestService::bundled();
    let (id, key) = made(&service, &for_rhw()).await;
    let path = format!("{KEYS}/{id}/rotate");
    let new = service.post(As::Admin, &path, &json!({})).await.good();
    let rows = service.database.texts(
        "SELECT actor || action || subject_id || ods_code || coalesce(value_before, '') \
         || coalesce(value_after, '') AS text FROM audit WHERE subject_kind = 'keys'",
    );
    let rows = rows.join("\n");
    assert_eq!(rows.lines().count(), 3, "{rows}");
    assert!(rows.contains("key:") && rows.contains("rotate_key") && rows.contains("RHW"));
    for secret in [key.as_str(), new["key"].as_str().unwrap(), "Reading"] {
        assert!(!rows.contains(secret), "{rows}");
    }
}

#[actix_web::test]
async fn only_admins_have_to_do_with_keys() {
    let service = TestService::bundled();
    for caller in [As::Rth, As::Viewer] {
        service
            .get(caller, KEYS)
            .await
            .problem(403, "/problems/forbidden");
        service
            .post(caller, KEYS, &for_rhw())
            .await
            .problem(403, "/problems/forbidden");
    }
    service
        .get(As::Nobody, "/api/v1/me")
        .await
        .problem(401, "/problems/unauthenticated");
}
