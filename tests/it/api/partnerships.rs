//! Partnerships after they were opened: what they are for, how they go, and their end.

use actix_web::test::TestRequest;
use alongside::domain::event::Recipient;
use alongside::domain::ids::OdsCode;
use alongside::storage::events;
use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::support::agreed::{Agreed, conversation};
use crate::support::service::{Answer, As, TestService};

const LIST: &str = "/api/v1/partnerships";

fn site(code: &str) -> Recipient {
    Recipient::Site(OdsCode::new(code).unwrap())
}

/// What somebody was told: the kind and the data of each event.
fn told(service: &TestService, recipient: Recipient) -> Vec<(String, Value)> {
    service
        .alongside
        .storage()
        .read_blocking(|connection| events::after(connection, recipient, 0, 100))
        .unwrap()
        .into_iter()
        .map(|event| (event.event.kind.to_string(), event.event.data))
        .collect()
}

fn kinds(service: &TestService, recipient: Recipient) -> Vec<String> {
    told(service, recipient)
        .into_iter()
        .map(|(kind, _)| kind)
        .collect()
}

/// The actions of a site's own audit on things of a kind, the newest first.
async fn audited(service: &TestService, caller: As, code: &str, kind: &str) -> Vec<String> {
    let path = format!("/api/v1/organisations/{code}/audit");
    let rows = service.get(caller, &path).await.good();
    let rows = rows["items"].as_array().unwrap().clone();
    let of_kind = rows.iter().filter(|row| row["subjectKind"] == kind);
    of_kind
        .map(|row| row["action"].as_str().unwrap().to_owned())
        .collect()
}

#[actix_web::test]
async fn each_side_sees_a_partnership_from_its_own_side_and_neither_comes_first() {
    let service = TestService::bundled();
    let id = Agreed::between("RTH", "RHW")
        .without_topics()
        .giving("RTH", "hepma")
        .giving("RHW", "maternity")
        .open(&service)
        .await;
    let path = format!("{LIST}/{id}");
    let ours = service.get(As::Rth, &path).await.good();
    let theirs = service.get(As::Rhw, &path).await.good();
    assert_eq!(
        (&ours["with"], &theirs["with"]),
        (&json!("RHW"), &json!("RTH"))
    );
    assert_eq!(ours["withName"], "ROYAL BERKSHIRE NHS FOUNDATION TRUST");
    assert_eq!(ours["youGive"], json!(["hepma"]));
    assert_eq!(ours["youLearn"], theirs["youGive"]);
    assert_eq!(ours["youGive"], theirs["youLearn"]);
    assert_eq!(ours["between"], theirs["between"]);
    assert_eq!(ours["between"][0]["odsCode"], "RHW");
    let listed = service.get(As::Rth, LIST).await.good();
    assert_eq!(listed["items"], json!([ours]));
}

#[actix_web::test]
async fn a_site_lists_its_own_alone_by_state_and_by_whom_they_are_with() {
    let service = TestService::bundled();
    let old = Agreed::between("RTH", "RHW")
        .ended("RHW", TimeDelta::days(10))
        .open(&service)
        .await;
    let new = Agreed::between("RTH", "RJ7").open(&service).await;
    Agreed::between("RHW", "RJ7").open(&service).await;
    let ids = async |question: &str| {
        let page = service.get(As::Rth, &format!("{LIST}{question}")).await;
        let items = page.good()["items"].as_array().unwrap().clone();
        let ids = items
            .iter()
            .map(|item| item["id"].as_str().unwrap().to_owned());
        ids.collect::<Vec<_>>()
    };
    assert_eq!(ids("").await, [new.clone(), old.clone()]);
    assert_eq!(
        ids("?state=active").await.as_slice(),
        std::slice::from_ref(&new)
    );
    assert_eq!(
        ids("?state=ended").await.as_slice(),
        std::slice::from_ref(&old)
    );
    assert_eq!(
        ids("?with=rj7").await.as_slice(),
        std::slice::from_ref(&new)
    );
    assert_eq!(ids("?with=RTH").await, Vec::<String>::new());
    let first = service.get(As::Rth, &format!("{LIST}?limit=1")).await;
    let next = first.good()["links"]["next"].as_str().unwrap().to_owned();
    assert!(first.header("link").contains("rel=\"next\""));
    let second = service.get(As::Rth, &next).await.good();
    assert_eq!(second["items"][0]["id"], json!(old));
    assert_eq!(second["links"]["next"], Value::Null);
    service
        .get(As::Rth, &format!("{LIST}?state=merged"))
        .await
        .problem(422, "/problems/invalid-request");
    service
        .get(As::Rth, &format!("{LIST}?between=RTH"))
        .await
        .problem(400, "/problems/unreadable-request");
}

#[actix_web::test]
async fn either_side_puts_down_what_it_is_for_and_the_other_is_told() {
    let service = TestService::bundled();
    let id = Agreed::between("RTH", "RHW").open(&service).await;
    let path = format!("{LIST}/{id}");
    let tag = service.get(As::Rth, &path).await.header("etag").to_owned();
    let purpose = json!({
        "goals": "One formulary.\nA visit in March.", "youLearn": ["maternity", "hepma", "hepma"], "youGive": ["pas"],
    });
    let put = |tag: &str| TestRequest::put().insert_header(("if-match", tag.to_owned()));
    let changed = service
        .send(As::Rth, put(&tag), &path, &purpose.to_string())
        .await
        .good();
    assert_eq!(changed["goals"], "One formulary.\nA visit in March.");
    assert_eq!(changed["youLearn"], json!(["hepma", "maternity"]));
    assert_eq!(changed["version"], 2);
    let theirs = service.get(As::Rhw, &path).await.good();
    assert_eq!(
        (&theirs["goals"], &theirs["youLearn"]),
        (&changed["goals"], &json!(["pas"]))
    );
    service
        .send(As::Rhw, put(&tag), &path, &purpose.to_string())
        .await
        .problem(412, "/problems/precondition-failed");
    service
        .send(As::Rhw, TestRequest::put(), &path, &purpose.to_string())
        .await
        .problem(428, "/problems/precondition-required");
    assert_eq!(kinds(&service, site("RHW")), ["partnership.changed"]);
    assert_eq!(kinds(&service, site("RTH")), Vec::<String>::new());
    // Who says the same again changes nothing and tells nobody.
    service.put(As::Rth, &path, &purpose).await.good();
    assert_eq!(kinds(&service, site("RHW")).len(), 1);
    for (caller, code) in [(As::Rth, "RTH"), (As::Rhw, "RHW")] {
        let actions = audited(&service, caller, code, "partnerships").await;
        assert_eq!(actions[0], "change_partnership");
    }
}

#[actix_web::test]
async fn what_is_no_purpose_is_refused() {
    let service = TestService::bundled();
    let id = Agreed::between("RTH", "RHW").open(&service).await;
    for (field, value, pointer) in [
        ("goals", json!("x".repeat(4001)), "/goals"),
        ("goals", json!("a\u{0}b"), "/goals"),
        ("youLearn", json!(["no_such_topic"]), "/youLearn"),
        ("youGive", json!(["Not a slug"]), "/youGive/0"),
        ("youGive", json!(vec!["hepma"; 21]), "/youGive"),
    ] {
        let mut body = json!({ "goals": null, "youLearn": [], "youGive": [] });
        body[field] = value;
        let problem = service
            .put(As::Rth, &format!("{LIST}/{id}"), &body)
            .await
            .problem(422, "/problems/invalid-request");
        assert_eq!(problem["errors"][0]["pointer"], pointer, "{body}");
    }
}

#[actix_web::test]
async fn both_sides_say_how_it_goes_and_read_each_other() {
    let service = TestService::bundled();
    let id = Agreed::between("RTH", "RHW").open(&service).await;
    let path = format!("{LIST}/{id}/check-ins");
    let said = json!({ "usefulness": 5, "learned": ["hepma"], "given": [], "note": "The wards\nhelped most." });
    let made = service.post(As::Rth, &path, &said).await;
    assert_eq!(made.status, 201);
    let ours = made.json();
    assert_eq!(
        (&ours["by"], &ours["usefulness"]),
        (&json!("RTH"), &json!(5))
    );
    let theirs = service
        .post(As::Rhw, &path, &json!({ "usefulness": 2 }))
        .await
        .good();
    let again = service
        .post(As::Rth, &path, &json!({ "usefulness": 3 }))
        .await
        .good();
    let listed = service.get(As::Rhw, &path).await.good();
    assert_eq!(listed["items"], json!([again, theirs, ours]));
    let shown = service.get(As::Rhw, &format!("{LIST}/{id}")).await.good();
    assert_eq!(
        shown["latestCheckIns"],
        json!({ "yours": theirs, "theirs": again })
    );
    let events = told(&service, site("RHW"));
    assert_eq!(events.len(), 2);
    assert_eq!(
        events[0],
        (
            "partnership.checked_in".to_owned(),
            json!({ "partnership": id, "between": ["RHW", "RTH"], "state": "active", "by": "RTH", "checkIn": ours["id"] }),
        )
    );
    assert_eq!(kinds(&service, Recipient::Admins).len(), 3);
    assert_eq!(
        audited(&service, As::Rhw, "RHW", "check_ins").await,
        ["make_check_in"; 3]
    );
    for (body, pointer) in [
        (json!({ "usefulness": 0 }), "/usefulness"),
        (json!({ "usefulness": 6 }), "/usefulness"),
        (
            json!({ "usefulness": 3, "learned": ["no_such_topic"] }),
            "/learned",
        ),
        (
            json!({ "usefulness": 3, "note": "x".repeat(2001) }),
            "/note",
        ),
    ] {
        let problem = service
            .post(As::Rth, &path, &body)
            .await
            .problem(422, "/problems/invalid-request");
        assert_eq!(problem["errors"][0]["pointer"], pointer, "{body}");
    }
}

#[actix_web::test]
async fn a_check_in_that_is_sent_twice_is_made_once() {
    let service = TestService::bundled();
    let id = Agreed::between("RTH", "RHW").open(&service).await;
    let path = format!("{LIST}/{id}/check-ins");
    let send = async |body: &str| {
        let request = TestRequest::post().insert_header(("idempotency-key", "once"));
        service.send(As::Rth, request, &path, body).await
    };
    let first = send(r#"{"usefulness": 4}"#).await.good();
    let second = send(r#"{"usefulness": 4}"#).await;
    assert_eq!(second.header("idempotency-replayed"), "true");
    assert_eq!(second.good(), first);
    assert_eq!(send(r#"{"usefulness": 5}"#).await.status, 422);
    let listed = service.get(As::Rth, &path).await.good();
    assert_eq!(listed["items"], json!([first]));
    assert_eq!(kinds(&service, site("RHW")).len(), 1);
}

#[actix_web::test]
async fn what_the_two_write_to_each_other_is_kept_encrypted_and_told_to_nobody_else() {
    const SECRET: &str = "between the two of us alone";
    let service = TestService::bundled();
    let id = Agreed::between("RTH", "RHW").open(&service).await;
    let path = format!("{LIST}/{id}");
    let purpose = json!({ "goals": SECRET, "youLearn": [], "youGive": [] });
    service.put(As::Rth, &path, &purpose).await.good();
    let said = json!({ "usefulness": 4, "note": SECRET });
    let check_ins = format!("{path}/check-ins");
    service.post(As::Rth, &check_ins, &said).await.good();
    let is_in = |bytes: &[u8]| {
        bytes
            .windows(SECRET.len())
            .any(|at| at == SECRET.as_bytes())
    };
    assert!(!is_in(&service.bytes_on_disk()));
    for recipient in [site("RHW"), Recipient::Admins] {
        let told = told(&service, recipient);
        assert!(!told.is_empty() && !is_in(format!("{told:?}").as_bytes()));
    }
    let audit = service.get(As::Admin, "/api/v1/admin/audit").await;
    assert!(!is_in(&audit.body));
    assert!(is_in(&service.get(As::Rhw, &check_ins).await.body));
    assert!(is_in(&service.get(As::Rhw, &path).await.body));
}

#[actix_web::test]
async fn either_side_ends_a_partnership_and_its_link_ends_that_day() {
    let service = TestService::bundled();
    let id = Agreed::between("RTH", "RHW").open(&service).await;
    let path = format!("{LIST}/{id}");
    for reason in ["merged", "duplicate", "no such reason"] {
        let problem = service
            .send_end(As::Rhw, &path, &json!({ "reason": reason }))
            .await
            .problem(422, "/problems/invalid-request");
        assert_eq!(problem["errors"][0]["pointer"], "/reason");
    }
    let ended = service
        .send_end(As::Rhw, &path, &json!({ "reason": "goals_met" }))
        .await
        .good();
    for (field, value) in [
        ("state", "ended"),
        ("endedAt", "2026-11-22T09:00:00Z"),
        ("endedBy", "RHW"),
        ("endReason", "goals_met"),
    ] {
        assert_eq!(ended[field], value, "{field}");
    }
    let link = ended["linkId"].as_str().unwrap();
    let link = format!("/api/v1/organisations/RTH/links/{link}");
    let link = service.get(As::Rth, &link).await.good();
    assert_eq!(
        (&link["ended"], &link["version"]),
        (&json!("2026-11-22"), &json!(2))
    );
    assert_eq!(link["standing"], "confirmed");
    assert_eq!(kinds(&service, site("RTH")), ["partnership.ended"]);
    assert_eq!(kinds(&service, site("RHW")), Vec::<String>::new());
    let admins = told(&service, Recipient::Admins);
    assert_eq!(
        admins[0].1,
        json!({ "partnership": id, "between": ["RHW", "RTH"], "state": "ended", "by": "RHW", "reason": "goals_met" })
    );
    for (caller, code) in [(As::Rth, "RTH"), (As::Rhw, "RHW")] {
        for kind in ["partnerships", "links"] {
            let actions = audited(&service, caller, code, kind).await;
            assert_eq!(actions[0], "end_partnership", "{code} {kind}");
        }
    }
    let problem = service
        .send_end(As::Rth, &path, &json!({}))
        .await
        .problem(409, "/problems/partnership-ended");
    assert_eq!(problem["detail"], "The partnership ended on 2026-11-22.");
}

#[actix_web::test]
async fn a_partnership_that_was_to_begin_later_leaves_no_link() {
    let service = TestService::bundled();
    let id = Agreed::between("RTH", "RHW")
        .since("2026-12-01")
        .open(&service)
        .await;
    let path = format!("{LIST}/{id}");
    let link = service.get(As::Rth, &path).await.good()["linkId"].clone();
    let ended = service.send_end(As::Rth, &path, &json!({})).await.good();
    assert_eq!(
        (&ended["endReason"], &ended["linkId"]),
        (&json!("other"), &Value::Null)
    );
    let link = format!("/api/v1/organisations/RTH/links/{}", link.as_str().unwrap());
    service
        .get(As::Rth, &link)
        .await
        .problem(404, "/problems/not-found");
}

#[actix_web::test]
async fn contacts_of_the_other_side_are_shown_while_it_lasts_and_for_ninety_days() {
    let service = TestService::bundled();
    let contact = json!({ "role": "Chief nurse", "name": "A. N. Example", "email": "an.example@example.nhs.uk" });
    service
        .post(As::Rhw, "/api/v1/organisations/RHW/contacts", &contact)
        .await
        .good();
    let lasting = Agreed::between("RTH", "RHW").open(&service).await;
    let contacts = async |id: &str| {
        let path = format!("{LIST}/{id}/contacts");
        service.get(As::Rth, &path).await
    };
    let shown = contacts(&lasting).await;
    assert_eq!(shown.header("cache-control"), "no-store");
    assert_eq!(
        shown.good(),
        json!({ "odsCode": "RHW", "shownUntil": null, "items": [{
            "role": "Chief nurse", "name": "A. N. Example", "email": "an.example@example.nhs.uk", "phone": null,
        }] })
    );
    let own = format!("{LIST}/{lasting}/contacts");
    let own = service.get(As::Rhw, &own).await.good();
    assert_eq!(
        own,
        json!({ "odsCode": "RTH", "shownUntil": null, "items": [] })
    );
    let almost = TimeDelta::days(90) - TimeDelta::seconds(1);
    let recent = Agreed::between("RTH", "RHW")
        .ended("RTH", almost)
        .since("2025-01-01");
    let recent = contacts(&recent.open(&service).await).await.good();
    assert_eq!(recent["shownUntil"], "2026-11-22T09:00:01Z");
    let long_ago = Agreed::between("RTH", "RHW")
        .ended("RTH", TimeDelta::days(90))
        .since("2024-01-01");
    let long_ago = long_ago.open(&service).await;
    contacts(&long_ago)
        .await
        .problem(409, "/problems/contacts-hidden");
}

#[actix_web::test]
async fn contacts_are_shown_after_a_conversation_was_agreed_to_for_ninety_days() {
    let service = TestService::bundled();
    let shown = async |ago| {
        let id = conversation(&service, ("RTH", "RHW"), ago).await;
        let path = format!("/api/v1/approaches/{id}/contacts");
        service.get(As::Rhw, &path).await
    };
    let recent = shown(TimeDelta::days(1)).await.good();
    assert_eq!(recent["odsCode"], "RTH");
    assert_eq!(recent["shownUntil"], "2027-02-19T09:00:00Z");
    shown(TimeDelta::days(90))
        .await
        .problem(409, "/problems/contacts-hidden");
    for state in ["declined", "withdrawn", "expired", "ended"] {
        let id = conversation(&service, ("RTH", "RHW"), TimeDelta::days(1)).await;
        service.database.execute(&format!(
            "UPDATE approaches SET state = '{state}' WHERE id = '{id}'"
        ));
        service
            .get(As::Rth, &format!("/api/v1/approaches/{id}/contacts"))
            .await
            .problem(409, "/problems/contacts-hidden");
    }
}

#[actix_web::test]
async fn an_approach_that_opened_a_partnership_shows_contacts_as_long_as_that_does() {
    let service = TestService::bundled();
    let approach = async |agreed: Agreed| {
        let id = agreed.open(&service).await;
        let shown = service.get(As::Rth, &format!("{LIST}/{id}")).await.good();
        let approach = shown["approachId"].as_str().unwrap();
        format!("/api/v1/approaches/{approach}/contacts")
    };
    let agreed = Agreed::between("RTH", "RHW");
    let lasting = approach(agreed.clone()).await;
    assert_eq!(service.get(As::Rth, &lasting).await.status, 200);
    let over = approach(agreed.since("2025-01-01").ended("RHW", TimeDelta::days(91))).await;
    service
        .get(As::Rth, &over)
        .await
        .problem(409, "/problems/contacts-hidden");
}

#[actix_web::test]
async fn the_balance_counts_what_went_both_ways() {
    const BALANCE: &str = "/api/v1/organisations/RTH/balance";
    let service = TestService::bundled();
    let id = Agreed::between("RTH", "RHW")
        .without_topics()
        .giving("RTH", "hepma")
        .giving("RHW", "maternity")
        .open(&service)
        .await;
    Agreed::between("RTH", "RJ7")
        .without_topics()
        .giving("RTH", "hepma")
        .ended("RTH", TimeDelta::days(1))
        .open(&service)
        .await;
    conversation(&service, ("RJ7", "RTH"), TimeDelta::days(200)).await;
    let path = format!("{LIST}/{id}/check-ins");
    for (caller, said) in [
        (
            As::Rth,
            json!({ "usefulness": 4, "given": ["hepma"], "learned": ["pas"] }),
        ),
        (As::Rhw, json!({ "usefulness": 4, "learned": ["hepma"] })),
        (
            As::Rhw,
            json!({ "usefulness": 4, "learned": ["hepma"], "given": ["pas"] }),
        ),
    ] {
        service.post(caller, &path, &said).await.good();
    }
    let count = |agreed: u32, reported: u32| json!({ "agreed": agreed, "reported": reported });
    let topic = |slug: &str, given: Value, received: Value| json!({ "topic": slug, "given": given, "received": received });
    let balance = service.get(As::Admin, BALANCE).await.good();
    assert_eq!(
        balance,
        json!({
            "odsCode": "RTH", "partnerships": { "active": 1, "ended": 1 }, "conversations": 1,
            "checkIns": { "made": 1, "received": 2 },
            "topics": { "given": count(2, 1), "received": count(1, 1) },
            "byTopic": [
                topic("hepma", count(2, 1), count(0, 0)),
                topic("maternity", count(0, 0), count(1, 0)),
                topic("pas", count(0, 0), count(0, 1)),
            ],
        })
    );
    assert_eq!(service.get(As::Rth, BALANCE).await.good(), balance);
}

impl TestService {
    /// Ends a partnership, whatever its version.
    async fn send_end(&self, caller: As, path: &str, body: &Value) -> Answer {
        let request = TestRequest::post().insert_header(("if-match", "*"));
        let path = format!("{path}/end");
        self.send(caller, request, &path, &body.to_string()).await
    }
}
