//! Approaches: what each side sees of one, what refuses one, and what nobody learns.

use actix_web::http::header::{IF_NONE_MATCH, LOCATION};
use actix_web::test::TestRequest;
use alongside::domain::approach::ApproachKind;
use alongside::domain::event::{EventKind, Recipient};
use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::support::choosing::{ods, plain};
use crate::support::service::{As, TestService};

const APPROACHES: &str = "/api/v1/approaches";

/// Sends an approach as RTH to RHW and shows by which rule it is refused, and that nothing is left of it.
async fn refused(service: &TestService, to: &str, status: u16, rule: &str) -> Value {
    let before = service.last_write();
    let body = json!({ "to": to, "kind": "partnership" });
    let problem = service.post(As::Rth, APPROACHES, &body).await;
    let problem = problem.problem(status, &format!("/problems/{rule}"));
    assert_eq!(service.last_write(), before, "{rule}");
    problem
}

fn page_of(folder: &str) -> String {
    format!("{APPROACHES}?folder={folder}")
}

#[actix_web::test]
async fn both_sides_see_an_approach_each_from_its_own() {
    let service = TestService::bundled();
    let weights = json!({ "weights": { "core_system": 3, "geography": 1 } });
    let own = "/api/v1/organisations/RTH/weights";
    service.put(As::Rth, own, &weights).await.good();
    let body = json!({
        "to": "rhw", "kind": "partnership", "message": "Two lines,\r\nfor your eyes alone.",
        "topics": ["hepma"], "proposedStart": "2027-01-04", "proposedEnd": "2027-12-17"
    });
    let sent = service.post(As::Rth, APPROACHES, &body).await;
    assert_eq!(sent.status, 201);
    let location = sent.headers.get(LOCATION).unwrap().to_str().unwrap();
    let mine = service.get(As::Rth, location).await.good();
    let theirs = service.get(As::Rhw, location).await.good();
    assert_eq!(mine["message"], "Two lines,\nfor your eyes alone.");
    for field in [
        "id",
        "from",
        "to",
        "message",
        "topics",
        "sentAt",
        "expiresAt",
        "state",
    ] {
        assert_eq!(mine[field], theirs[field], "{field}");
        assert_eq!(mine[field], sent.json()[field], "{field}");
    }
    assert_eq!(
        (
            &mine["with"],
            &mine["awaitsYou"],
            &theirs["with"],
            &theirs["awaitsYou"]
        ),
        (&json!("RHW"), &json!(false), &json!("RTH"), &json!(true))
    );
    assert_eq!(
        theirs["withName"],
        "OXFORD UNIVERSITY HOSPITALS NHS FOUNDATION TRUST"
    );
    assert_eq!(mine["expiresAt"], "2026-12-20T09:00:00Z");
    assert_eq!(mine["topics"], json!({ "learn": ["hepma"], "give": [] }));

    // The sender's view has the sender's weights; the recipient's has none, and is what staff see of the sender.
    let (mine, theirs) = (&mine["seen"], &theirs["seen"]);
    let of = |view: &Value| {
        let weights = view["criteria"].as_array().unwrap().iter();
        weights
            .map(|one| one["weight"].as_f64().unwrap())
            .sum::<f64>()
    };
    assert!((of(mine) - 1.0).abs() < 1e-5 && mine["weightsFrom"] == "saved");
    assert!(theirs["criteria"] == json!([]) && theirs["weightsFrom"].is_null());
    let pair = "/api/v1/organisations/RTH/suggestions/RHW?asOf=2026-11-22";
    let (site, staff) = (
        service.get(As::Rth, pair).await.good(),
        service.get(As::Admin, pair).await.good(),
    );
    let (site, staff) = (&site["suggestion"], &staff["suggestion"]);
    assert_ne!(site["yourFit"], staff["yourFit"]);
    assert_eq!(
        (&mine["mutualFit"], &mine["yourFit"], &mine["theirFit"]),
        (&site["mutualFit"], &site["yourFit"], &site["theirFit"])
    );
    assert_eq!(
        (
            &theirs["mutualFit"],
            &theirs["yourFit"],
            &theirs["theirFit"]
        ),
        (&staff["mutualFit"], &staff["theirFit"], &staff["yourFit"])
    );

    let third = service.key_of("RJ7").await;
    let unseen = service
        .ask_with(&third, TestRequest::get().uri(location))
        .await;
    unseen.problem(404, "/problems/not-found");
    let on_disk = service.bytes_on_disk();
    assert!(!on_disk.windows(14).any(|part| part == b"your eyes alon"));
    assert_eq!(
        service.told(Recipient::Site(ods("RHW"))),
        [EventKind::ApproachReceived]
    );
    assert_eq!(service.told(Recipient::Site(ods("RTH"))), []);
    assert_eq!(
        service.told(Recipient::Admins),
        [EventKind::ApproachReceived]
    );
    for site in ["RTH", "RHW"] {
        let rows = service.texts(&format!(
            "SELECT value_after AS text FROM audit WHERE action = 'send_approach' AND ods_code = '{site}'"
        ));
        assert!(rows.len() == 1 && !rows[0].contains("message"), "{rows:?}");
    }
}

#[actix_web::test]
async fn a_second_approach_in_either_direction_points_to_the_open_one() {
    let service = TestService::bundled();
    let id = service.approach(As::Rth, "RHW", "conversation").await;
    for (caller, to, kind) in [
        (As::Rth, "RHW", "partnership"),
        (As::Rhw, "RTH", "conversation"),
    ] {
        let before = service.last_write();
        let body = json!({ "to": to, "kind": kind });
        let problem = service.post(caller, APPROACHES, &body).await;
        let problem = problem.problem(409, "/problems/approach-open");
        assert_eq!(problem["approach"], json!(id));
        assert!(problem["detail"].as_str().unwrap().contains(&id));
        assert_eq!(service.last_write(), before);
        let shown = service.get(caller, &format!("{APPROACHES}/{id}")).await;
        assert_eq!(shown.status, 200);
    }
    service
        .act(As::Rth, &id, "withdraw", &json!({}))
        .await
        .good();
    service.approach(As::Rhw, "RTH", "conversation").await;
}

#[actix_web::test]
async fn who_cannot_be_approached_is_said_at_once() {
    let service = TestService::bundled();
    refused(&service, "ZZZ99", 404, "organisation-not-found").await;
    let closed = refused(&service, "RW6", 409, "organisation-closed").await;
    assert_eq!(closed["successors"], json!(["R0A", "RM3"]));
    refused(&service, "RTH", 409, "never-suggested").await;
    let pause = "/api/v1/organisations/RHW/pause";
    let until = json!({ "until": "2026-12-24" });
    service.put(As::Rhw, pause, &until).await.good();
    let paused = refused(&service, "RHW", 409, "site-paused").await;
    assert!(paused["detail"].as_str().unwrap().contains("2026-12-24"));
    assert_eq!(service.delete(As::Rhw, pause).await.status, 204);
    let theirs = "/api/v1/organisations/RHW/capacity";
    let none = json!({ "partnershipPlaces": 0, "conversationPlaces": 0 });
    service.put(As::Rhw, theirs, &none).await.good();
    let full = refused(&service, "RHW", 409, "site-full").await;
    assert_eq!(full["detail"], "RHW has no place left for a partnership.");
    let talk = json!({ "to": "RHW", "kind": "conversation" });
    let full = service.post(As::Rth, APPROACHES, &talk).await;
    let full = full.problem(409, "/problems/site-full");
    assert_eq!(full["detail"], "RHW has no place left for a conversation.");
    assert_eq!(service.delete(As::Rhw, theirs).await.status, 204);
    let ours = "/api/v1/organisations/RTH/capacity";
    service.put(As::Rth, ours, &none).await.good();
    let full = refused(&service, "RHW", 409, "site-full").await;
    assert_eq!(full["detail"], "RTH has no place left for a partnership.");
    assert_eq!(service.delete(As::Rth, ours).await.status, 204);
    service.approach(As::Rth, "RHW", "partnership").await;
}

#[actix_web::test]
async fn what_breaks_a_rule_is_named_all_at_once() {
    let service = TestService::bundled();
    let before = service.last_write();
    let body = json!({
        "to": "R", "kind": "friendship", "message": "a\u{0}b", "topics": { "give": ["No slug"] },
        "proposedStart": "2027-02-01", "proposedEnd": "2027-01-01", "renews": "1"
    });
    let problem = service.post(As::Rth, APPROACHES, &body).await;
    let problem = problem.problem(422, "/problems/invalid-request");
    let at: Vec<&str> = problem["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|error| error["pointer"].as_str().unwrap())
        .collect();
    let all = [
        "/to",
        "/kind",
        "/message",
        "/topics/give/0",
        "/proposedEnd",
        "/renews",
    ];
    assert_eq!(at, all);
    for (body, pointer) in [
        (
            json!({ "to": "RHW", "kind": "partnership", "topics": { "learn": ["hepma", "no_such"] } }),
            "/topics/learn/1",
        ),
        (
            json!({ "to": "RHW", "kind": "partnership", "topics": ["no_such"] }),
            "/topics/0",
        ),
        (
            json!({ "to": "RHW", "kind": "partnership", "topics": "hepma" }),
            "/topics",
        ),
        (
            json!({ "to": "RHW", "kind": "partnership", "topics": { "teach": [] } }),
            "/topics/teach",
        ),
        (
            json!({ "to": "RHW", "kind": "partnership", "proposedStart": "2026-11-21" }),
            "/proposedStart",
        ),
        (
            json!({ "to": "RHW", "kind": "partnership", "proposedStart": "soon" }),
            "/proposedStart",
        ),
        (
            json!({ "to": "RHW", "kind": "partnership", "renews": "99999999-9999-4999-8999-999999999999" }),
            "/renews",
        ),
        (
            json!({ "to": "RHW", "kind": "partnership", "priority": 1 }),
            "/priority",
        ),
    ] {
        let problem = service.post(As::Rth, APPROACHES, &body).await;
        let problem = problem.problem(422, "/problems/invalid-request");
        assert_eq!(problem["errors"][0]["pointer"], pointer);
    }
    assert_eq!(service.last_write(), before);
}

#[actix_web::test]
async fn a_decline_as_not_a_fit_cools_off_for_ninety_days_in_that_direction_alone() {
    let service = TestService::bundled();
    let id = service.approach(As::Rth, "RHW", "partnership").await;
    let reason = json!({ "reason": "not_a_fit" });
    let declined = service.act(As::Rhw, &id, "decline", &reason).await.good();
    assert_eq!(declined["reason"], "not_a_fit");
    let told = refused(&service, "RHW", 409, "cooling-off").await;
    // 90 days after 22 November.
    assert!(told["detail"].as_str().unwrap().contains("2027-02-20"));
    service.pass(TimeDelta::days(90) - TimeDelta::seconds(1));
    refused(&service, "RHW", 409, "cooling-off").await;
    let other_way = service.approach(As::Rhw, "RTH", "partnership").await;
    service
        .act(As::Rhw, &other_way, "withdraw", &json!({}))
        .await
        .good();
    service.pass(TimeDelta::seconds(1));
    service.approach(As::Rth, "RHW", "partnership").await;
}

#[actix_web::test]
async fn a_decline_without_a_reason_or_with_another_cools_nothing_off() {
    let service = TestService::bundled();
    for body in [
        json!({}),
        json!({ "reason": "timing" }),
        json!({ "reason": "other_partner" }),
        json!({ "reason": "prefer_not_to_say" }),
    ] {
        let id = service.approach(As::Rth, "RHW", "partnership").await;
        service.act(As::Rhw, &id, "decline", &body).await.good();
    }
    service.approach(As::Rth, "RHW", "partnership").await;
}

#[actix_web::test]
async fn a_decline_for_want_of_capacity_lifts_when_capacity_returns() {
    let service = TestService::bundled();
    let id = service.approach(As::Rth, "RHW", "partnership").await;
    let reason = json!({ "reason": "no_capacity" });
    service.act(As::Rhw, &id, "decline", &reason).await.good();
    service.pass(TimeDelta::days(200));
    // Three places are left as nothing was declared, but the site said that it has none.
    refused(&service, "RHW", 409, "no-capacity-yet").await;
    let capacity = "/api/v1/organisations/RHW/capacity";
    let none = json!({ "partnershipPlaces": 0 });
    service.put(As::Rhw, capacity, &none).await.good();
    refused(&service, "RHW", 409, "site-full").await;
    let one = json!({ "partnershipPlaces": 1 });
    service.put(As::Rhw, capacity, &one).await.good();
    service.approach(As::Rth, "RHW", "partnership").await;
}

#[actix_web::test]
async fn ten_may_be_open_by_a_site_and_ten_to_it_and_that_is_announced() {
    let service = TestService::bundled();
    let others = [
        "RJ7", "RAL", "RYJ", "RQM", "R1K", "RBS", "REN", "REP", "RRV", "RJ1", "RKB",
    ];
    for (n, to) in (1..).zip(&others[..10]) {
        let body = json!({ "to": to, "kind": "conversation" });
        let sent = service.post(As::Rth, APPROACHES, &body).await;
        assert_eq!(sent.status, 201, "{to} {}", sent.json());
        let open = &sent.json()["openApproaches"];
        assert_eq!((&open["sent"], &open["limit"]), (&json!(n), &json!(10)));
        assert_eq!(open["warning"].is_string(), n >= 8, "{open}");
    }
    refused(&service, "RKB", 409, "too-many-open").await;
    for (n, from) in (0..).zip(&others[..10]) {
        let id = format!("00000000-0000-4000-8000-0000000001{n:02}");
        let new = plain(id, from, "RHW", ApproachKind::Partnership);
        service.sent(new).await.unwrap();
    }
    let inbox = service.get(As::Rhw, &page_of("inbox")).await.good();
    assert_eq!(inbox["openApproaches"]["received"], 10);
    assert!(inbox["openApproaches"]["warning"].is_string());
    let capacity = "/api/v1/organisations/RHW/capacity";
    let capacity = service.get(As::Rhw, capacity).await.good();
    assert_eq!(capacity["own"]["openApproaches"], inbox["openApproaches"]);
    // What is past its time is no longer open, by either.
    let (from, to) = (ods("RKB"), "RHW");
    let late = plain(
        "00000000-0000-4000-8000-000000000199".into(),
        from.as_str(),
        to,
        ApproachKind::Partnership,
    );
    let told = service.sent(late.clone()).await.unwrap_err();
    assert!(
        told.to_string()
            .starts_with("10 approaches to RHW are open"),
        "{told}"
    );
    service.pass(TimeDelta::days(28));
    service.sent(late).await.unwrap();
    service.approach(As::Rth, "RKB", "conversation").await;
}

#[actix_web::test]
async fn an_approach_expires_when_its_time_is_over_whether_or_not_that_is_written_down() {
    let service = TestService::bundled();
    let id = service.approach(As::Rth, "RHW", "partnership").await;
    let path = format!("{APPROACHES}/{id}");
    service.pass(TimeDelta::days(28) - TimeDelta::seconds(1));
    let open = service.get(As::Rhw, &path).await;
    assert_eq!(open.good()["state"], "sent");
    service.pass(TimeDelta::seconds(1));
    let known = open.header("etag").to_owned();
    let request = TestRequest::get()
        .uri(&path)
        .insert_header((IF_NONE_MATCH, known));
    let expired = service.ask(As::Rhw, request).await.good();
    assert_eq!(
        (
            &expired["state"],
            &expired["awaitsYou"],
            &expired["answeredAt"]
        ),
        (&json!("expired"), &json!(false), &expired["expiresAt"])
    );
    let listed = |state: &str| format!("{APPROACHES}?folder=outbox&state={state}");
    let n = async |state| {
        let page = service.get(As::Rth, &listed(state)).await.good();
        page["items"].as_array().unwrap().len()
    };
    assert_eq!((n("sent").await, n("expired").await), (0, 1));
    // The next one of the pair finds it, and both are told.
    let next = service.approach(As::Rhw, "RTH", "conversation").await;
    assert_eq!((n("sent").await, n("expired").await), (0, 1));
    let kept = service.get(As::Rhw, &path).await.good();
    assert_eq!(
        (&kept["state"], &kept["version"]),
        (&json!("expired"), &json!(2))
    );
    assert_eq!(kept["answeredAt"], expired["answeredAt"]);
    let told = service.told(Recipient::Site(ods("RTH")));
    assert_eq!(
        told,
        [EventKind::ApproachExpired, EventKind::ApproachReceived]
    );
    service
        .act(As::Rth, &next, "accept", &json!({}))
        .await
        .good();
}

#[actix_web::test]
async fn the_same_request_again_sends_nothing_new() {
    let service = TestService::bundled();
    let send = |body: &'static str| {
        let request = TestRequest::post().insert_header(("Idempotency-Key", "k-1"));
        service.send(As::Rth, request, APPROACHES, body)
    };
    let body = r#"{"to": "RHW", "kind": "conversation", "message": "for you"}"#;
    let (first, second) = (send(body).await, send(body).await);
    assert_eq!((first.status, second.status), (201, 201));
    assert_eq!(first.body, second.body);
    assert_eq!(second.header("idempotency-replayed"), "true");
    let other = send(r#"{"to": "RJ7", "kind": "conversation"}"#).await;
    other.problem(422, "/problems/idempotency-key-reused");
}

#[actix_web::test]
async fn lists_are_filtered_and_paged_the_newest_first() {
    let service = TestService::bundled();
    let mut ids = Vec::new();
    for (to, kind) in [
        ("RJ7", "partnership"),
        ("RAL", "conversation"),
        ("RHW", "partnership"),
    ] {
        ids.push(service.approach(As::Rth, to, kind).await);
    }
    service
        .act(As::Rhw, &ids[2], "decline", &json!({}))
        .await
        .good();
    let found = async |question: &str| {
        let page = service
            .get(As::Rth, &format!("{APPROACHES}?{question}"))
            .await
            .good();
        let items = page["items"].as_array().unwrap().clone();
        let ids = items
            .iter()
            .map(|item| item["id"].as_str().unwrap().to_owned());
        (
            ids.collect::<Vec<_>>(),
            page["links"]["next"].as_str().map(str::to_owned),
        )
    };
    let newest_first: Vec<String> = ids.iter().rev().cloned().collect();
    assert_eq!(found("folder=outbox").await.0, newest_first);
    assert_eq!(found("folder=inbox").await.0, Vec::<String>::new());
    assert_eq!(
        found("folder=outbox&kind=conversation").await.0,
        [ids[1].clone()]
    );
    assert_eq!(found("folder=outbox&with=RJ7").await.0, [ids[0].clone()]);
    assert_eq!(
        found("folder=outbox&state=declined").await.0,
        [ids[2].clone()]
    );
    assert_eq!(
        found("folder=outbox&state=sent&with=RHW").await.0,
        Vec::<String>::new()
    );
    let (first, next) = found("folder=outbox&limit=2").await;
    assert_eq!(first, newest_first[..2]);
    let next = next.unwrap();
    let (last, end) = found(next.split_once('?').unwrap().1).await;
    assert_eq!((last, end), (newest_first[2..].to_vec(), None));
    for (question, status) in [
        ("folder=sent", 422),
        ("state=open", 422),
        ("with=!", 400),
        ("of=RTH", 400),
    ] {
        let answer = service
            .get(As::Rth, &format!("{APPROACHES}?{question}"))
            .await;
        assert_eq!(answer.status, status, "{question}");
    }
}

/// Everything that RTH is answered around an approach to RHW, and what it could read afterwards.
async fn world_of_the_sender(is_excluded: bool) -> (Vec<Value>, TestService) {
    let service = TestService::bundled();
    if is_excluded {
        service.database.execute(
            "INSERT INTO exclusions (ods_code, excluded, created_at, version) VALUES ('RHW', 'RTH', '2026-11-21 00:00:00', 1)",
        );
    }
    let mut seen = Vec::new();
    let sent = service
        .post(
            As::Rth,
            APPROACHES,
            &json!({ "to": "RHW", "kind": "partnership" }),
        )
        .await;
    let id = sent.json()["id"].as_str().unwrap().to_owned();
    seen.push(json!([sent.status, sent.header("etag"), sent.json()]));
    let body = json!({ "to": "RHW", "kind": "conversation" });
    let again = service.post(As::Rth, APPROACHES, &body).await.json();
    seen.push(json!([again["type"], again["detail"]]));
    for wait in [0, 28] {
        service.pass(TimeDelta::days(wait));
        for path in [
            format!("{APPROACHES}/{id}"),
            page_of("outbox"),
            page_of("inbox"),
            "/api/v1/organisations/RHW/capacity".to_owned(),
            "/api/v1/organisations/RTH/capacity".to_owned(),
            "/api/v1/organisations/RTH/audit".to_owned(),
            "/api/v1/organisations/RTH/suggestions?asOf=2026-11-22&limit=50".to_owned(),
        ] {
            let mut answer = service.get(As::Rth, &path).await.json();
            if let Some(fields) = answer.as_object_mut() {
                fields.remove("generatedAt");
            }
            // Made anew for each request.
            for item in answer["items"].as_array_mut().into_iter().flatten() {
                if let Some(fields) = item.as_object_mut() {
                    fields.remove("requestId");
                }
            }
            seen.push(answer);
        }
    }
    (seen, service)
}

#[actix_web::test]
async fn an_exclusion_changes_nothing_that_the_excluded_site_sees() {
    let (with, excluding) = world_of_the_sender(true).await;
    let (without, _) = world_of_the_sender(false).await;
    for (one, other) in with.iter().zip(&without) {
        assert_eq!(one, other);
    }
    assert_eq!(with.len(), without.len());
    // The excluding site finds it where it looks for it, and is told nothing.
    let folder = async |name: &str| {
        let page = excluding.get(As::Rhw, &page_of(name)).await.good();
        page["items"].as_array().unwrap().len()
    };
    assert_eq!((folder("inbox").await, folder("excluded").await), (0, 1));
    assert_eq!(excluding.told(Recipient::Site(ods("RHW"))), []);
    assert_eq!(excluding.told(Recipient::Admins).len(), 1);
}

#[actix_web::test]
async fn an_excluding_site_is_not_told_of_a_withdrawal_but_may_answer_all_the_same() {
    let (_, service) = world_of_the_sender(true).await;
    let first = service.approach(As::Rth, "RHW", "partnership").await;
    service
        .act(As::Rth, &first, "withdraw", &json!({}))
        .await
        .good();
    let second = service.approach(As::Rth, "RHW", "partnership").await;
    assert_eq!(service.told(Recipient::Site(ods("RHW"))), []);
    service
        .act(As::Rhw, &second, "decline", &json!({}))
        .await
        .good();
    let told = service.told(Recipient::Site(ods("RTH")));
    assert_eq!(
        told,
        [EventKind::ApproachExpired, EventKind::ApproachDeclined]
    );
}
