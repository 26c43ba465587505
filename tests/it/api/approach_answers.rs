//! Answers to approaches: who may give which, and what comes of an agreement.

use actix_web::http::header::IF_MATCH;
use actix_web::test::TestRequest;
use alongside::domain::event::{EventKind, Recipient};
use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::support::calls::DOCUMENT;
use crate::support::choosing::ods;
use crate::support::service::{Answer, As, TestService};

const ACTIONS: [&str; 3] = ["accept", "decline", "withdraw"];

const STATES: [&str; 6] = [
    "sent",
    "accepted",
    "declined",
    "withdrawn",
    "expired",
    "ended",
];

/// Who acts on an approach of RTH to RHW.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Actor {
    Sender,
    Recipient,
    OtherSite,
    Admin,
    Viewer,
}

const ACTORS: [Actor; 5] = [
    Actor::Sender,
    Actor::Recipient,
    Actor::OtherSite,
    Actor::Admin,
    Actor::Viewer,
];

/// The table: what an action makes of an approach, and the status of every refusal.
fn wanted(state: &str, action: &str, actor: Actor) -> Result<&'static str, u16> {
    match (actor, action, state) {
        (Actor::Admin | Actor::Viewer, ..) => Err(403),
        (Actor::OtherSite, ..) => Err(404),
        (Actor::Sender, "accept" | "decline", _) | (Actor::Recipient, "withdraw", _) => Err(403),
        (Actor::Recipient, "accept", "sent") => Ok("accepted"),
        (Actor::Recipient, "decline", "sent") => Ok("declined"),
        (Actor::Sender, "withdraw", "sent") => Ok("withdrawn"),
        (Actor::Sender | Actor::Recipient, ..) => Err(409),
    }
}

/// A service with an approach of RTH to RHW in a state, its id, and a key of another site.
async fn with_approach_in(state: &str) -> (TestService, String, String) {
    let service = TestService::bundled();
    let other = service.key_of("RJ7").await;
    let id = service.approach(As::Rth, "RHW", "conversation").await;
    let done = match state {
        "accepted" => Some((As::Rhw, "accept")),
        "declined" => Some((As::Rhw, "decline")),
        "withdrawn" => Some((As::Rth, "withdraw")),
        "expired" => {
            service.pass(TimeDelta::days(28));
            None
        }
        "ended" => {
            service.database.execute(
                "UPDATE approaches SET state = 'ended', reason = 'merged', answered_at = '2026-11-22 09:00:00'",
            );
            None
        }
        _ => None,
    };
    if let Some((caller, action)) = done {
        service.act(caller, &id, action, &json!({})).await.good();
    }
    (service, id, other)
}

async fn act(service: &TestService, other: &str, actor: Actor, id: &str, action: &str) -> Answer {
    let request = TestRequest::post().uri(&format!("/api/v1/approaches/{id}/{action}"));
    match actor {
        Actor::OtherSite => service.ask_with(other, request).await,
        Actor::Sender => service.ask(As::Rth, request).await,
        Actor::Recipient => service.ask(As::Rhw, request).await,
        Actor::Admin => service.ask(As::Admin, request).await,
        Actor::Viewer => service.ask(As::Viewer, request).await,
    }
}

#[actix_web::test]
async fn only_the_transitions_of_the_table_pass_for_whom_they_are() {
    let mut n_passed = 0;
    for state in STATES {
        let (service, id, other) = with_approach_in(state).await;
        let path = format!("/api/v1/approaches/{id}");
        assert_eq!(service.get(As::Rth, &path).await.good()["state"], state);
        let before = service.last_write();
        for action in ACTIONS {
            for actor in ACTORS {
                let cell = format!("{state} {action} {actor:?}");
                match wanted(state, action, actor) {
                    Err(status) => {
                        let answer = act(&service, &other, actor, &id, action).await;
                        assert_eq!(answer.status, status, "{cell}: {}", answer.json());
                        if status == 409 {
                            let told = answer.problem(409, "/problems/approach-answered");
                            assert!(told["detail"].as_str().unwrap().contains(state), "{cell}");
                        }
                    }
                    Ok(after) => {
                        let (service, id, other) = with_approach_in(state).await;
                        let answer = act(&service, &other, actor, &id, action).await;
                        assert_eq!(answer.good()["state"], after, "{cell}");
                        n_passed += 1;
                        // The same again is no answer to what is already answered.
                        let again = act(&service, &other, actor, &id, action).await;
                        again.problem(409, "/problems/approach-answered");
                    }
                }
            }
        }
        assert_eq!(
            service.last_write(),
            before,
            "{state}: a refused action wrote something"
        );
        assert_eq!(service.get(As::Rth, &path).await.good()["state"], state);
    }
    assert_eq!(n_passed, 3);
}

#[test]
fn no_operation_lets_anybody_but_the_two_sites_make_or_accept_an_agreement() {
    let of_sites = [
        "create_approach",
        "accept_approach",
        "decline_approach",
        "withdraw_approach",
    ];
    let mut found = Vec::new();
    for (path, item) in DOCUMENT["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let id = operation["operationId"].as_str().unwrap();
            let roles = &operation["x-roles"];
            if of_sites.contains(&id) {
                assert_eq!(*roles, json!(["site"]), "{id}");
                found.push(id);
            }
            let writes = ["post", "put", "patch"].contains(&method.as_str());
            let is_admins = path.contains("/admin/") || !roles.to_string().contains("site");
            let speaks_of_agreeing = |text: &str| text.contains("accept") || text.contains("agree");
            if is_admins {
                assert!(
                    !speaks_of_agreeing(id) && !speaks_of_agreeing(path),
                    "{id} {path}"
                );
            }
            // Whatever is written below approaches or makes a partnership is for sites alone.
            let is_agreement = path.contains("/approaches")
                || path == "/api/v1/partnerships"
                || id.ends_with("_partnership");
            if writes && is_agreement {
                let sites: Vec<&str> = roles
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|role| role.as_str().unwrap())
                    .collect();
                assert_eq!(sites, ["site"], "{method} {path}");
            }
        }
    }
    found.sort_unstable();
    assert_eq!(found.len(), of_sites.len(), "{found:?}");
    // No way past approaches: a partnership is not declared as a link either.
    assert!(DOCUMENT["paths"]["/api/v1/partnerships"]["post"].is_null());
}

/// What prior relationships give RTH with RHW.
async fn prior(service: &TestService) -> f64 {
    let path = "/api/v1/organisations/RTH/suggestions/RHW?asOf=2026-11-22";
    let pair = service.get(As::Rth, path).await.good();
    let criteria = pair["suggestion"]["criteria"].as_array().unwrap();
    let found = criteria
        .iter()
        .find(|criterion| criterion["criterion"] == "prior_relationships");
    found.unwrap()["score"]["expected"].as_f64().unwrap()
}

#[actix_web::test]
async fn accepting_opens_the_partnership_and_makes_it_a_link() {
    let service = TestService::bundled();
    let before = prior(&service).await;
    let body = json!({
        "to": "RHW", "kind": "partnership", "message": "not copied anywhere",
        "topics": { "learn": ["hepma"], "give": ["benefits"] },
        "proposedStart": "2027-01-04", "proposedEnd": "2027-12-17"
    });
    let sent = service
        .post(As::Rth, "/api/v1/approaches", &body)
        .await
        .json();
    let id = sent["id"].as_str().unwrap();
    let adds = json!({ "goals": "On every ward.", "topics": { "learn": ["cyber_security"], "give": ["hepma"] } });
    let opened = service.act(As::Rhw, id, "accept", &adds).await;
    assert_eq!(opened.status, 201);
    let partnership = opened.json();
    let location = opened.header("location");
    assert_eq!(
        location,
        format!(
            "/api/v1/partnerships/{}",
            partnership["id"].as_str().unwrap()
        )
    );
    assert_eq!(
        (
            &partnership["with"],
            &partnership["startedOn"],
            &partnership["plannedEnd"],
            &partnership["goals"]
        ),
        (
            &json!("RTH"),
            &json!("2027-01-04"),
            &json!("2027-12-17"),
            &json!("On every ward.")
        )
    );
    let topics = json!([
        { "giver": "RHW", "topic": "hepma" },
        { "giver": "RTH", "topic": "benefits" },
        { "giver": "RTH", "topic": "cyber_security" }
    ]);
    assert_eq!(partnership["topics"], topics);
    // A lasting partnership of strength 0.9 (DESIGN 4.6).
    let after = prior(&service).await;
    assert!(
        ((1.0 - after) - (1.0 - before) * 0.1).abs() < 1e-5,
        "{before} {after}"
    );

    let links = service
        .get(As::Rth, "/api/v1/organisations/RTH/links?limit=200")
        .await
        .good();
    let link = links["items"]
        .as_array()
        .unwrap()
        .iter()
        .find(|link| link["kind"] == "partnership");
    let link = link.unwrap();
    assert_eq!(
        (
            &link["with"],
            &link["standing"],
            &link["started"],
            &link["source"]
        ),
        (
            &json!("RHW"),
            &json!("confirmed"),
            &json!("2026-11-22"),
            &json!("agreed on Alongside")
        )
    );
    // Such a link changes with the partnership alone.
    let at = |code: &str| {
        format!(
            "/api/v1/organisations/{code}/links/{}",
            link["id"].as_str().unwrap()
        )
    };
    let withdrawn = service.delete(As::Rth, &at("RTH")).await;
    withdrawn.problem(409, "/problems/link-agreed");
    let disputed = format!("{}/dispute", at("RHW"));
    let disputed = service.post(As::Rhw, &disputed, &json!({})).await;
    disputed.problem(409, "/problems/link-agreed");

    let opened = EventKind::PartnershipOpened;
    let of = |code| service.told(Recipient::Site(ods(code)));
    assert_eq!(of("RTH"), [EventKind::ApproachAccepted, opened]);
    assert_eq!(of("RHW"), [EventKind::ApproachReceived, opened]);
    for site in ["RTH", "RHW"] {
        let rows = service.texts(&format!(
            "SELECT subject_kind AS text FROM audit WHERE action = 'accept_approach' AND ods_code = '{site}' ORDER BY sequence"
        ));
        assert_eq!(rows, ["approaches", "links", "partnerships"], "{site}");
    }
    let told = service.texts("SELECT value_after AS text FROM audit WHERE value_after IS NOT NULL AND action LIKE '%approach'");
    assert!(
        told.iter()
            .all(|row| !row.contains("copied") && !row.contains("ward")),
        "{told:?}"
    );
    // Both are partners now, which is no place for another approach.
    let again = json!({ "to": "RTH", "kind": "conversation" });
    let again = service.post(As::Rhw, "/api/v1/approaches", &again).await;
    let again = again.problem(409, "/problems/already-partners");
    assert!(
        again["detail"]
            .as_str()
            .unwrap()
            .contains(partnership["id"].as_str().unwrap())
    );
}

#[actix_web::test]
async fn accepting_a_conversation_records_it_whatever_there_was_on_the_same_day() {
    let service = TestService::bundled();
    let declared = json!({ "with": "RHW", "kind": "conversation", "started": "2026-11-22" });
    let links = "/api/v1/organisations/RTH/links";
    assert_eq!(service.post(As::Rth, links, &declared).await.status, 201);
    for _ in 0..2 {
        let id = service.approach(As::Rth, "RHW", "conversation").await;
        let accepted = service.act(As::Rhw, &id, "accept", &json!({})).await;
        assert_eq!(
            (accepted.status, &accepted.json()["state"]),
            (200, &json!("accepted"))
        );
    }
    let found = service
        .get(As::Rth, &format!("{links}?limit=200"))
        .await
        .good();
    let talks = found["items"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|link| link["kind"] == "conversation");
    assert_eq!(talks.count(), 3);
    let capacity = service
        .get(As::Rhw, "/api/v1/organisations/RHW/capacity")
        .await
        .good();
    assert_eq!(capacity["own"]["conversationsTaken"], 2);
}

#[actix_web::test]
async fn a_partnership_goes_on_without_a_place_more() {
    let service = TestService::bundled();
    let one = json!({ "partnershipPlaces": 1 });
    for (site, code) in [(As::Rth, "RTH"), (As::Rhw, "RHW")] {
        let path = format!("/api/v1/organisations/{code}/capacity");
        service.put(site, &path, &one).await.good();
    }
    let first = service.approach(As::Rth, "RHW", "partnership").await;
    let opened = service
        .act(As::Rhw, &first, "accept", &json!({ "goals": "The first." }))
        .await
        .json();
    let renews = &opened["id"];
    let as_talk = json!({ "to": "RTH", "kind": "conversation", "renews": renews });
    let as_talk = service.post(As::Rhw, "/api/v1/approaches", &as_talk).await;
    as_talk.problem(422, "/problems/invalid-request");
    let elsewhere = json!({ "to": "RJ7", "kind": "partnership", "renews": renews });
    let elsewhere = service
        .post(As::Rhw, "/api/v1/approaches", &elsewhere)
        .await;
    elsewhere.problem(422, "/problems/invalid-request");
    let body = json!({ "to": "RTH", "kind": "partnership", "renews": renews, "topics": ["hepma"], "proposedEnd": "2028-01-01" });
    let sent = service.post(As::Rhw, "/api/v1/approaches", &body).await;
    assert_eq!(sent.status, 201, "{}", sent.json());
    let id = sent.json()["id"].as_str().unwrap().to_owned();
    let accepted = service.act(As::Rth, &id, "accept", &json!({})).await;
    assert_eq!((accepted.status, &accepted.json()["renews"]), (200, renews));
    let kept = service.texts("SELECT state || ' ' || CAST(planned_end AS TEXT) || ' ' || version AS text FROM partnerships");
    assert_eq!(kept, ["active 2028-01-01 2"]);
    let topics = service.texts("SELECT giver || ' ' || topic AS text FROM partnership_topics");
    assert_eq!(topics, ["RTH hepma"]);
    let told = service.told(Recipient::Site(ods("RTH")));
    assert_eq!(told.last(), Some(&EventKind::PartnershipRenewed));

    // One that ended is taken up again as another, which takes a place.
    service
        .database
        .execute("UPDATE partnerships SET state = 'ended', ended_at = '2026-11-22 09:00:00'");
    let sent = service
        .post(
            As::Rth,
            "/api/v1/approaches",
            &json!({ "to": "RHW", "kind": "partnership", "renews": renews }),
        )
        .await;
    let id = sent.json()["id"].as_str().unwrap().to_owned();
    let again = service.act(As::Rhw, &id, "accept", &json!({})).await;
    assert_eq!(again.status, 201, "{}", again.json());
    assert_ne!(again.json()["id"], *renews);
}

#[actix_web::test]
async fn who_is_full_when_it_comes_to_an_agreement_is_said() {
    let service = TestService::bundled();
    let id = service.approach(As::Rth, "RHW", "partnership").await;
    let none = json!({ "partnershipPlaces": 0 });
    for (site, code) in [(As::Rth, "RTH"), (As::Rhw, "RHW")] {
        let path = format!("/api/v1/organisations/{code}/capacity");
        service.put(site, &path, &none).await.good();
        let before = service.last_write();
        let full = service.act(As::Rhw, &id, "accept", &json!({})).await;
        let full = full.problem(409, "/problems/site-full");
        assert_eq!(
            full["detail"],
            format!("{code} has no place left for a partnership.")
        );
        assert_eq!(service.last_write(), before);
        assert_eq!(service.delete(site, &path).await.status, 204);
    }
    // A pause keeps nobody from agreeing to what is open.
    let pause = "/api/v1/organisations/RHW/pause";
    service.put(As::Rhw, pause, &json!({})).await.good();
    let accepted = service.act(As::Rhw, &id, "accept", &json!({})).await;
    assert_eq!(accepted.status, 201);
}

#[actix_web::test]
async fn an_answer_to_what_was_changed_meanwhile_is_refused_where_it_names_the_version() {
    let service = TestService::bundled();
    let id = service.approach(As::Rth, "RHW", "conversation").await;
    let path = format!("/api/v1/approaches/{id}");
    let seen = service.get(As::Rhw, &path).await.header("etag").to_owned();
    let with = |tag: &str, action: &str| {
        let request = TestRequest::post().uri(&format!("{path}/{action}"));
        let request = request.insert_header((IF_MATCH, tag.to_owned()));
        service.ask(As::Rhw, request)
    };
    let stale = with("\"9.abc\"", "accept").await;
    stale.problem(412, "/problems/precondition-failed");
    let body = service.ask(
        As::Rhw,
        TestRequest::post()
            .uri(&format!("{path}/decline"))
            .set_payload("{\"reason\": \"merged\"}"),
    );
    // A body says of what form it is.
    body.await.problem(415, "/problems/unsupported-media-type");
    let merged = service
        .act(As::Rhw, &id, "decline", &json!({ "reason": "merged" }))
        .await;
    let merged: Value = merged.problem(422, "/problems/invalid-request");
    assert_eq!(merged["errors"][0]["pointer"], "/reason");
    assert_eq!(with(&seen, "accept").await.status, 200);
}

#[actix_web::test]
async fn an_acceptance_that_is_asked_for_again_gets_its_first_answer_and_agrees_to_nothing_more() {
    for (kind, status) in [("partnership", 201), ("conversation", 200)] {
        let service = TestService::bundled();
        let id = service.approach(As::Rth, "RHW", kind).await;
        let path = format!("/api/v1/approaches/{id}/accept");
        let accept = |key: &str| {
            let request = TestRequest::post().insert_header(("Idempotency-Key", key));
            // Without a body, as an acceptance may be.
            service.ask(As::Rhw, request.uri(&path))
        };
        let first = accept("k-1").await;
        assert_eq!(first.status, status, "{kind}");
        let written = service.last_write();
        let second = accept("k-1").await;
        assert_eq!(second.status, status, "{kind}");
        assert_eq!(second.body, first.body, "{kind}");
        assert_eq!(second.header("etag"), first.header("etag"), "{kind}");
        assert_eq!(second.header("idempotency-replayed"), "true");
        assert_eq!(service.last_write(), written, "{kind}");
        accept("k-2")
            .await
            .problem(409, "/problems/approach-answered");
        let other = service
            .ask(
                As::Rhw,
                TestRequest::post()
                    .insert_header(("Idempotency-Key", "k-1"))
                    .set_json(json!({ "goals": "Another." }))
                    .uri(&path),
            )
            .await;
        other.problem(422, "/problems/idempotency-key-reused");
    }
}
