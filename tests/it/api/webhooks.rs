//! Webhooks: made by their owner, told of its events, signed, tried again, and never a way into a network.

use std::sync::Arc;

use actix_web::test::TestRequest;
use alongside::app::delivery::{DeliverySettings, Worker};
use alongside::app::sending::Network;
use alongside::domain::destination::Destinations;
use alongside::domain::event::{EventKind, NewEvent, Recipient};
use alongside::domain::ids::OdsCode;
use alongside::domain::webhook::WebhookSecret;
use alongside::random::Random;
use alongside::storage::events;
use chrono::{DateTime, TimeDelta, Utc};
use data_encoding::BASE64;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha2::Sha256;

use crate::support::database::a_change;
use crate::support::receiver::{Received, Receiver};
use crate::support::service::{As, TestService, now};

const HOOKS: &str = "/api/v1/webhooks";

/// To this machine, unprotected.
fn local() -> DeliverySettings {
    DeliverySettings {
        destinations: Destinations {
            allowed: vec!["127.0.0.0/8".parse().unwrap()],
            allows_http: true,
        },
        ..DeliverySettings::plain()
    }
}

fn worker(service: &TestService) -> Worker {
    let alongside = Arc::clone(&service.alongside);
    Worker::new(alongside, local(), Network::system(), Random::system()).unwrap()
}

/// Tells what there is to tell at a time, and writes down what came of it.
async fn tell(worker: &mut Worker, at: DateTime<Utc>) {
    worker.turn(at).await.unwrap();
    worker.settle().await;
    worker.turn(at).await.unwrap();
    worker.settle().await;
}

fn happened(service: &TestService, code: &str, kind: EventKind) {
    let event = NewEvent {
        kind,
        recipient: Recipient::Site(OdsCode::new(code).unwrap()),
        subject: "/api/v1/approaches/00000000-0000-4000-8000-000000000001".to_owned(),
        data: json!({ "from": "RHW" }),
        at: now(),
    };
    let storage = service.alongside.storage();
    storage
        .write_blocking(&a_change(), |connection| events::emit(connection, &event))
        .unwrap();
}

async fn hook(service: &TestService, caller: As, url: &str) -> Value {
    let made = service.post(caller, HOOKS, &json!({ "url": url })).await;
    assert_eq!(made.status, 201);
    assert_eq!(made.header("cache-control"), "no-store");
    made.json()
}

fn local_service() -> TestService {
    TestService::bundled().telling(&local())
}

fn signature(secret: &str, received: &Received) -> String {
    let key = WebhookSecret::stored(secret.to_owned()).key().unwrap();
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).unwrap();
    let (id, at) = (
        received.header("webhook-id"),
        received.header("webhook-timestamp"),
    );
    mac.update(format!("{id}.{at}.{}", received.body).as_bytes());
    format!("v1,{}", BASE64.encode(&mac.finalize().into_bytes()))
}

async fn deliveries(service: &TestService, id: &str) -> Value {
    let path = format!("{HOOKS}/{id}/deliveries");
    service.get(As::Rth, &path).await.good()["items"].clone()
}

#[actix_web::test]
async fn a_webhook_is_made_changed_and_deleted() {
    let service = TestService::bundled();
    let body = json!({ "url": "https://hooks.example.nhs.uk/x", "events": ["approach.received"] });
    let made = service.post(As::Rth, HOOKS, &body).await.good();
    assert!(made["secret"].as_str().unwrap().starts_with("whsec_"));
    let path = format!("{HOOKS}/{}", made["id"].as_str().unwrap());
    let shown = service.get(As::Rth, &path).await.good();
    assert!(shown.get("secret").is_none() && shown["enabled"] == true);
    let other = json!({ "url": "https://hooks.example.nhs.uk/y", "enabled": false });
    let changed = service.put(As::Rth, &path, &other).await.good();
    assert_eq!(
        (
            &changed["disabledBecause"],
            &changed["version"],
            &changed["events"]
        ),
        (&json!("owner"), &json!(2), &Value::Null)
    );
    let without = TestRequest::put();
    let stale = without.insert_header(("if-match", "\"1.x\""));
    let answer = service
        .send(As::Rth, stale, &path, &other.to_string())
        .await;
    answer.problem(412, "/problems/precondition-failed");
    assert_eq!(service.delete(As::Rth, &path).await.status, 204);
    assert_eq!(service.get(As::Rth, &path).await.status, 404);
    let audit = "SELECT coalesce(value_after, '') || coalesce(value_before, '') AS text FROM audit WHERE subject_kind = 'webhooks'";
    let audit = service.texts(audit).join("\n");
    assert!(
        audit.contains("hooks.example.nhs.uk") && !audit.contains("whsec_"),
        "{audit}"
    );
    let bytes = service.bytes_on_disk();
    let secret = made["secret"].as_str().unwrap().as_bytes();
    assert!(!bytes.windows(secret.len()).any(|part| part == secret));
}

#[actix_web::test]
async fn a_secret_is_shown_once_even_to_who_asks_again() {
    let service = TestService::bundled();
    let body = json!({ "url": "https://hooks.example.nhs.uk/x" }).to_string();
    let request = || TestRequest::post().insert_header(("idempotency-key", "k1"));
    let first = service.send(As::Rth, request(), HOOKS, &body).await.good();
    let again = service.send(As::Rth, request(), HOOKS, &body).await.good();
    assert!(first["secret"].is_string() && again.get("secret").is_none());
    assert_eq!(first["id"], again["id"]);
}

#[actix_web::test]
async fn an_address_that_leads_inside_is_refused_when_it_is_given() {
    let service = TestService::bundled();
    for url in [
        "http://hooks.example.nhs.uk/x",
        "https://127.0.0.1/x",
        "https://2130706433/x",
        "https://[::ffff:10.0.0.1]/x",
        "https://169.254.169.254/latest",
        "https://a:secret@hooks.example.nhs.uk/",
        "nonsense",
    ] {
        let answer = service.post(As::Rth, HOOKS, &json!({ "url": url })).await;
        let problem = answer.problem(422, "/problems/invalid-request");
        assert_eq!(problem["errors"][0]["pointer"], "/url", "{url}");
        assert!(!problem.to_string().contains("secret"));
    }
    for (field, value) in [
        ("/events/0", json!({ "events": ["nonsense"] })),
        ("/events/1", json!({ "events": ["test", "test"] })),
        ("/events", json!({ "events": [] })),
        ("/description", json!({ "description": " " })),
    ] {
        let mut body = value;
        body["url"] = json!("https://hooks.example.nhs.uk/x");
        let answer = service.post(As::Rth, HOOKS, &body).await;
        let problem = answer.problem(422, "/problems/invalid-request");
        assert_eq!(problem["errors"][0]["pointer"], field);
    }
}

#[actix_web::test]
async fn an_owner_has_ten_webhooks_at_most() {
    let service = TestService::bundled();
    for _ in 0..10 {
        hook(&service, As::Rth, "https://hooks.example.nhs.uk/x").await;
    }
    let body = json!({ "url": "https://hooks.example.nhs.uk/x" });
    let answer = service.post(As::Rth, HOOKS, &body).await;
    answer.problem(409, "/problems/too-many-webhooks");
    hook(&service, As::Rhw, "https://hooks.example.nhs.uk/x").await;
    hook(&service, As::Admin, "https://hooks.example.nhs.uk/x").await;
    let listed = service.get(As::Admin, HOOKS).await.good();
    assert_eq!(listed["items"].as_array().unwrap().len(), 1);
}

#[actix_web::test]
async fn an_event_is_told_once_signed_and_to_its_own_site_alone() {
    let service = local_service();
    let (mine, theirs) = (Receiver::new(), Receiver::new());
    let made = hook(&service, As::Rth, &mine.url).await;
    hook(&service, As::Rhw, &theirs.url).await;
    happened(&service, "RTH", EventKind::ApproachReceived);
    let mut worker = worker(&service);
    tell(&mut worker, now()).await;
    tell(&mut worker, now() + TimeDelta::hours(1)).await;
    assert!(theirs.received().is_empty());
    let [one] = &mine.received()[..] else {
        panic!("{:?}", mine.received());
    };
    let event = one.json();
    assert_eq!(one.header("content-type"), "application/cloudevents+json");
    assert_eq!(one.header("webhook-id"), event["id"].as_str().unwrap());
    let wanted = signature(made["secret"].as_str().unwrap(), one);
    assert_eq!(one.header("webhook-signature"), wanted);
    for (field, value) in [
        ("specversion", "1.0"),
        ("source", "/alongside"),
        ("type", "approach.received"),
        ("datacontenttype", "application/json"),
        ("sequence", "1"),
        ("time", "2026-11-22T09:00:00Z"),
    ] {
        assert_eq!(event[field], value, "{field}");
    }
    let log = deliveries(&service, made["id"].as_str().unwrap()).await;
    assert_eq!(log.as_array().unwrap().len(), 1);
    assert_eq!(
        (&log[0]["state"], &log[0]["attempts"], &log[0]["status"]),
        (&json!("delivered"), &json!(1), &json!(204))
    );
}

#[actix_web::test]
async fn a_receiver_that_fails_is_tried_again_and_what_it_asks_for_is_honoured() {
    let service = local_service();
    let receiver = Receiver::new();
    let made = hook(&service, As::Rth, &receiver.url).await;
    let id = made["id"].as_str().unwrap();
    receiver.answer(&["500 Oops", "503 Busy\r\nRetry-After: 3600"]);
    happened(&service, "RTH", EventKind::ApproachReceived);
    let mut worker = worker(&service);
    tell(&mut worker, now()).await;
    let log = deliveries(&service, id).await;
    assert_eq!(
        (&log[0]["state"], &log[0]["status"], &log[0]["error"]),
        (&json!("pending"), &json!(500), &json!("status"))
    );
    let shown = service.get(As::Rth, &format!("{HOOKS}/{id}")).await.good();
    assert_eq!(shown["failingSince"], "2026-11-22T09:00:00Z");
    // Not before it is due.
    tell(&mut worker, now() + TimeDelta::seconds(2)).await;
    assert_eq!(receiver.received().len(), 1);
    let second = now() + TimeDelta::seconds(10);
    tell(&mut worker, second).await;
    assert_eq!(receiver.received().len(), 2);
    tell(&mut worker, second + TimeDelta::minutes(59)).await;
    assert_eq!(receiver.received().len(), 2);
    tell(&mut worker, second + TimeDelta::minutes(61)).await;
    let received = receiver.received();
    assert_eq!(received.len(), 3);
    let ids: Vec<_> = received
        .iter()
        .map(|one| one.header("webhook-id"))
        .collect();
    assert!(ids.windows(2).all(|pair| pair[0] == pair[1]), "{ids:?}");
    let shown = service.get(As::Rth, &format!("{HOOKS}/{id}")).await.good();
    assert_eq!(shown["failingSince"], Value::Null);
}

#[actix_web::test]
async fn a_receiver_that_is_gone_is_told_nothing_more_until_its_owner_says_so() {
    let service = local_service();
    let receiver = Receiver::new();
    let made = hook(&service, As::Rth, &receiver.url).await;
    let path = format!("{HOOKS}/{}", made["id"].as_str().unwrap());
    receiver.answer(&["410 Gone"]);
    happened(&service, "RTH", EventKind::ApproachReceived);
    let mut worker = worker(&service);
    tell(&mut worker, now()).await;
    let shown = service.get(As::Rth, &path).await.good();
    assert_eq!(
        (
            &shown["enabled"],
            &shown["disabledBecause"],
            &shown["version"]
        ),
        (&json!(false), &json!("gone"), &json!(2))
    );
    let test = service
        .post(As::Rth, &format!("{path}/test"), &json!({}))
        .await;
    test.problem(409, "/problems/webhook-disabled");
    tell(&mut worker, now() + TimeDelta::days(1)).await;
    assert_eq!(receiver.received().len(), 1);
    let body = json!({ "url": receiver.url });
    service.put(As::Rth, &path, &body).await.good();
    tell(&mut worker, now() + TimeDelta::days(2)).await;
    assert_eq!(receiver.received().len(), 2);
}

#[actix_web::test]
async fn a_receiver_that_fails_for_five_days_is_disabled() {
    let service = local_service();
    let receiver = Receiver::new();
    let made = hook(&service, As::Rth, &receiver.url).await;
    let path = format!("{HOOKS}/{}", made["id"].as_str().unwrap());
    receiver.answer(&["500 x"; 50]);
    happened(&service, "RTH", EventKind::ApproachReceived);
    let mut worker = worker(&service);
    let mut at = now();
    while at < now() + TimeDelta::days(7) {
        tell(&mut worker, at).await;
        at += TimeDelta::hours(4);
    }
    let shown = service.get(As::Rth, &path).await.good();
    assert_eq!(shown["disabledBecause"], "failing");
    assert_eq!(shown["failingSince"], "2026-11-22T09:00:00Z");
}

#[actix_web::test]
async fn a_redirect_is_not_followed() {
    let service = local_service();
    let receiver = Receiver::new();
    let made = hook(&service, As::Rth, &receiver.url).await;
    let location = format!("302 Found\r\nLocation: {}/elsewhere", receiver.url);
    receiver.answer(&[&location]);
    happened(&service, "RTH", EventKind::ApproachReceived);
    tell(&mut worker(&service), now()).await;
    assert_eq!(receiver.received().len(), 1);
    let log = deliveries(&service, made["id"].as_str().unwrap()).await;
    assert_eq!(
        (&log[0]["status"], &log[0]["error"]),
        (&json!(302), &json!("redirect"))
    );
}

#[actix_web::test]
async fn both_secrets_sign_while_one_is_rotated() {
    let service = local_service();
    let receiver = Receiver::new();
    let made = hook(&service, As::Rth, &receiver.url).await;
    let path = format!("{HOOKS}/{}/secrets", made["id"].as_str().unwrap());
    let rotated = service.post(As::Rth, &path, &json!({})).await.good();
    let secrets = [&rotated, &made].map(|answer| answer["secret"].as_str().unwrap());
    assert_ne!(secrets[0], secrets[1]);
    assert_eq!(rotated["secrets"][1]["expiresAt"], "2026-11-23T09:00:00Z");
    happened(&service, "RTH", EventKind::ApproachReceived);
    let mut worker = worker(&service);
    tell(&mut worker, now()).await;
    happened(&service, "RTH", EventKind::ApproachExpired);
    tell(&mut worker, now() + TimeDelta::hours(25)).await;
    let received = receiver.received();
    let both = secrets
        .map(|secret| signature(secret, &received[0]))
        .join(" ");
    assert_eq!(received[0].header("webhook-signature"), both);
    assert_eq!(
        received[1].header("webhook-signature"),
        signature(secrets[0], &received[1])
    );
    for _ in 0..4 {
        service.post(As::Rth, &path, &json!({})).await;
    }
    let one_more = service.post(As::Rth, &path, &json!({})).await;
    one_more.problem(409, "/problems/too-many-secrets");
}

#[actix_web::test]
async fn a_test_goes_to_one_webhook_and_what_was_told_is_told_again() {
    let service = local_service();
    let (one, other) = (Receiver::new(), Receiver::new());
    let made = hook(&service, As::Rth, &one.url).await;
    hook(&service, As::Rth, &other.url).await;
    let path = format!("{HOOKS}/{}", made["id"].as_str().unwrap());
    let test = service
        .post(As::Rth, &format!("{path}/test"), &json!({}))
        .await;
    assert_eq!(test.status, 202);
    let mut worker = worker(&service);
    tell(&mut worker, now()).await;
    let received = one.received();
    assert_eq!((received.len(), other.received().len()), (1, 0));
    assert_eq!(received[0].json()["type"], "test");
    let replay = async |body: Value| {
        let path = format!("{path}/replay");
        service.post(As::Rth, &path, &body).await
    };
    let id = received[0].header("webhook-id");
    assert_eq!(replay(json!({ "eventId": id })).await.good()["replayed"], 1);
    tell(&mut worker, now() + TimeDelta::minutes(1)).await;
    assert_eq!(one.received().len(), 2);
    assert_eq!(one.received()[1].header("webhook-id"), id);
    let since = "2026-11-22T00:00:00Z";
    let all = json!({ "since": since, "delivered": true });
    assert_eq!(
        replay(json!({ "since": since })).await.good()["replayed"],
        0
    );
    assert_eq!(replay(all).await.good()["replayed"], 1);
    let unknown = json!({ "eventId": "99999999-9999-4999-8999-999999999999" });
    replay(unknown).await.problem(404, "/problems/not-found");
    for bad in [
        json!({}),
        json!({ "eventId": id, "since": since }),
        json!({ "eventId": "x" }),
        json!({ "since": "yesterday" }),
    ] {
        replay(bad).await.problem(422, "/problems/invalid-request");
    }
}

#[actix_web::test]
async fn the_log_is_read_a_page_at_a_time_and_by_state() {
    let service = local_service();
    let receiver = Receiver::new();
    let made = hook(&service, As::Rth, &receiver.url).await;
    let path = format!("{HOOKS}/{}/deliveries", made["id"].as_str().unwrap());
    for _ in 0..3 {
        happened(&service, "RTH", EventKind::ApproachReceived);
    }
    receiver.answer(&["500 x"]);
    tell(&mut worker(&service), now()).await;
    let page = service
        .get(As::Rth, &format!("{path}?limit=2"))
        .await
        .good();
    assert_eq!(page["items"].as_array().unwrap().len(), 2);
    let next = page["links"]["next"].as_str().unwrap();
    let rest = service.get(As::Rth, next).await.good();
    assert_eq!(rest["items"].as_array().unwrap().len(), 1);
    assert_eq!(rest["links"]["next"], Value::Null);
    let of = async |state: &str| {
        let path = format!("{path}?state={state}");
        service.get(As::Rth, &path).await.good()["items"]
            .as_array()
            .unwrap()
            .len()
    };
    assert_eq!((of("pending").await, of("delivered").await), (1, 2));
}
