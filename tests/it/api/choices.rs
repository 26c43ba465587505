//! What a site chooses for itself alone: exclusions and the shortlist.

use actix_web::http::header::{IF_MATCH, IF_NONE_MATCH};
use actix_web::test::TestRequest;
use serde_json::{Value, json};

use crate::support::service::{As, TestService};

const EXCLUSIONS: &str = "/api/v1/organisations/RTH/exclusions";
const SHORTLIST: &str = "/api/v1/organisations/RTH/shortlist";
const SUGGESTIONS: &str = "/api/v1/organisations/RTH/suggestions";

fn of(code: &str) -> String {
    format!("{EXCLUSIONS}/{code}")
}

fn entry(code: &str) -> String {
    format!("{SHORTLIST}/{code}")
}

/// The codes of a list of suggestions.
fn suggested(answer: &Value) -> Vec<String> {
    codes(&answer["suggestions"], "/organisation/odsCode")
}

fn codes(list: &Value, pointer: &str) -> Vec<String> {
    let items = list.as_array().unwrap().iter();
    items
        .map(|item| item.pointer(pointer).unwrap().as_str().unwrap().to_owned())
        .collect()
}

fn order(answer: &Value) -> String {
    codes(&answer["entries"], "/candidate/odsCode").join(" ")
}

#[actix_web::test]
async fn whom_a_site_excludes_is_suggested_to_it_no_more() {
    let service = TestService::bundled();
    // How firm a place is depends on who else is suggested, so that it changes: the draws are left out.
    let undrawn = format!("{SUGGESTIONS}?draws=0");
    let before = service.get(As::Rth, &undrawn).await.good();
    let first = suggested(&before)[0].clone();
    let reason = json!({ "reason": "We tried it twice.\nIt did not work." });
    let made = service.put(As::Rth, &of(&first), &reason).await.good();
    assert_eq!(made["odsCode"], json!(first));
    assert_eq!(made["reason"], reason["reason"]);
    assert_eq!(made["createdAt"], "2026-11-22T09:00:00Z");
    for answer in [
        service.get(As::Rth, SUGGESTIONS).await.good(),
        service.post(As::Rth, SUGGESTIONS, &json!({})).await.good(),
        service
            .post(
                As::Rth,
                SUGGESTIONS,
                &json!({ "weights": { "culture": 1 }, "limit": 50 }),
            )
            .await
            .good(),
    ] {
        assert!(!suggested(&answer).contains(&first));
        let count = |answer: &Value| answer["candidateCount"].as_u64().unwrap();
        assert_eq!(count(&answer), count(&before) - 1);
        assert_eq!(answer["revision"], before["revision"]);
    }
    // Whoever follows moves up, and no score of it moves.
    let after = service.get(As::Rth, &undrawn).await.good();
    let mut second = before["suggestions"][1].clone();
    second["rank"] = json!(1);
    assert_eq!(after["suggestions"][0], second);
    // The site's own question about it is answered.
    let pair = format!("{SUGGESTIONS}/{first}?draws=0");
    let pair = service.get(As::Rth, &pair).await.good();
    assert_eq!(pair["suggestion"], before["suggestions"][0]);
    let compared = format!("/api/v1/organisations/RTH/comparison?with={first},RJ7");
    let compared = service.get(As::Rth, &compared).await.good();
    assert_eq!(compared["candidates"][0]["rank"], 1);

    let list = service.get(As::Rth, EXCLUSIONS).await.good();
    assert_eq!(list["items"], json!([made]));
    assert_eq!(service.delete(As::Rth, &of(&first)).await.status, 204);
    assert_eq!(service.get(As::Rth, &undrawn).await.good(), before);
    assert_eq!(service.get(As::Rth, &of(&first)).await.status, 404);
    assert_eq!(service.delete(As::Rth, &of(&first)).await.status, 404);
}

#[actix_web::test]
async fn staff_see_a_sites_suggestions_as_if_it_excluded_nobody() {
    let service = TestService::bundled();
    let hepma = "/api/v1/organisations/RHW/topics/hepma";
    let live = json!({ "need": null, "stage": "live" });
    assert_eq!(service.put(As::Rhw, hepma, &live).await.status, 200);
    let expertise = "/api/v1/expertise?topic=hepma&for=RTH";
    let paths = [
        SUGGESTIONS,
        "/api/v1/organisations/RTH/suggestions/RJ7",
        expertise,
    ];
    let mut seen = Vec::new();
    for path in paths {
        for caller in [As::Admin, As::Viewer] {
            seen.push((caller, path, service.get(caller, path).await.good()));
        }
    }
    let own = service.get(As::Rth, expertise).await.good();
    assert_eq!(codes(&own["items"], "/odsCode"), ["RHW"]);
    assert_eq!(
        service.put(As::Rth, &of("RHW"), &json!({})).await.status,
        200
    );
    for (caller, path, before) in seen {
        assert_eq!(service.get(caller, path).await.good(), before, "{path}");
    }
    let own = service.get(As::Rth, expertise).await.good();
    assert_eq!(own["items"], json!([]));
    assert_eq!(own["total"], 0);
    // Nor may they ask.
    for path in [EXCLUSIONS.to_owned(), of("RHW"), SHORTLIST.to_owned()] {
        assert_eq!(service.get(As::Admin, &path).await.status, 403);
        assert_eq!(service.get(As::Rhw, &path).await.status, 404);
    }
}

#[actix_web::test]
async fn the_audit_tells_whom_it_is_about_to_the_site_alone() {
    let service = TestService::bundled();
    let reason = json!({ "reason": "quarrelsome" });
    service.put(As::Rth, &of("RHW"), &reason).await.good();
    service.put(As::Rth, &of("RHW"), &json!({})).await.good();
    service.delete(As::Rth, &of("RHW")).await;
    let note = json!({ "label": "dark horse", "note": "quarrelsome" });
    service.put(As::Rth, &entry("RHW"), &note).await.good();
    for kind in ["exclusions", "shortlist"] {
        let page = format!("/api/v1/admin/audit?subjectKind={kind}");
        let rows = service.get(As::Admin, &page).await.good();
        let items = rows["items"].as_array().unwrap();
        assert_eq!(items.len(), if kind == "exclusions" { 3 } else { 1 });
        for row in items {
            assert_eq!(row["isPrivate"], true);
            assert_eq!(
                (&row["subjectId"], &row["odsCode"]),
                (&json!("RTH"), &json!("RTH"))
            );
            assert!(row["before"].is_null() && row["after"].is_null() && row["detail"].is_null());
        }
        assert!(!rows.to_string().contains("RHW"));
        let by_id = format!("{page}&subjectId=RHW");
        let found = service.get(As::Admin, &by_id).await.good();
        assert_eq!(found["items"], json!([]));
    }
    let own = service
        .get(As::Rth, "/api/v1/organisations/RTH/audit")
        .await;
    let own = own.good().to_string();
    assert!(own.contains("RHW") && !own.contains("quarrelsome") && !own.contains("dark horse"));
    let other = service
        .get(As::Rhw, "/api/v1/organisations/RHW/audit")
        .await;
    assert!(!other.good().to_string().contains("exclu"));
    // What was written for oneself is nowhere in the clear.
    let bytes = service.bytes_on_disk();
    for text in ["quarrelsome", "dark horse"] {
        assert!(
            !bytes
                .windows(text.len())
                .any(|part| part == text.as_bytes()),
            "{text}"
        );
    }
}

#[actix_web::test]
async fn an_exclusion_is_changed_from_the_version_that_was_seen() {
    let service = TestService::bundled();
    let put = |tag: &'static str, body: &'static str| {
        let request = TestRequest::put().insert_header((IF_MATCH, tag));
        service.send(
            As::Rth,
            request,
            "/api/v1/organisations/RTH/exclusions/RHW",
            body,
        )
    };
    let request = TestRequest::put();
    let blind = service.send(As::Rth, request, &of("RHW"), "{}").await;
    blind.problem(428, "/problems/precondition-required");
    put("\"1.x\"", "{}")
        .await
        .problem(412, "/problems/precondition-failed");
    assert_eq!(put("*", "{}").await.good()["version"], 1);
    // The same again changes nothing.
    assert_eq!(put("*", "{}").await.good()["version"], 1);
    assert_eq!(
        put("\"1.x\"", r#"{"reason": "why"}"#).await.good()["version"],
        2
    );
    put("\"1.x\"", "{}")
        .await
        .problem(412, "/problems/precondition-failed");
    let shown = service.get(As::Rth, &of("RHW")).await;
    let request = TestRequest::get()
        .uri("/api/v1/organisations/RTH/exclusions/RHW")
        .insert_header((IF_NONE_MATCH, shown.header("etag")));
    assert_eq!(service.ask(As::Rth, request).await.status, 304);
    let request = TestRequest::delete()
        .uri("/api/v1/organisations/RTH/exclusions/RHW")
        .insert_header((IF_MATCH, "\"1.x\""));
    service
        .ask(As::Rth, request)
        .await
        .problem(412, "/problems/precondition-failed");
}

#[actix_web::test]
async fn nobody_excludes_itself_or_an_organisation_that_does_not_exist() {
    let service = TestService::bundled();
    let put = |code: &str, body: Value| {
        let path = of(code);
        let service = &service;
        async move { service.put(As::Rth, &path, &body).await }
    };
    put("RTH", json!({}))
        .await
        .problem(422, "/problems/invalid-request");
    put("ZZZ99", json!({}))
        .await
        .problem(404, "/problems/organisation-not-found");
    for reason in ["", " \n", &"x".repeat(1001), "a\u{0}b"] {
        put("RHW", json!({ "reason": reason }))
            .await
            .problem(422, "/problems/invalid-request");
    }
    put("RHW", json!({ "why": "" }))
        .await
        .problem(422, "/problems/invalid-request");
    assert_eq!(
        service.get(As::Rth, EXCLUSIONS).await.good()["items"],
        json!([])
    );
}

#[actix_web::test]
async fn a_site_keeps_orders_names_and_annotates_candidates() {
    let service = TestService::bundled();
    let empty = service.get(As::Rth, SHORTLIST).await;
    assert_eq!(
        empty.good(),
        json!({ "odsCode": "RTH", "entries": [], "version": 0 })
    );
    assert!(empty.header("etag").starts_with("\"0."));
    for code in ["RHW", "RJ7", "RTK"] {
        service.put(As::Rth, &entry(code), &json!({})).await.good();
    }
    let named = json!({ "label": "Night shift", "note": "Ask\nabout training.", "position": 1 });
    let list = service.put(As::Rth, &entry("RTK"), &named).await.good();
    assert_eq!(
        (order(&list), &list["version"]),
        ("RTK RHW RJ7".into(), &json!(4))
    );
    let first = &list["entries"][0];
    assert_eq!(first["label"], "Night shift");
    assert_eq!(first["note"], "Ask\nabout training.");
    assert_eq!(first["position"], 1);
    assert_eq!(first["isActive"], true);
    let availability = json!({ "state": "undeclared", "remaining": null, "pausedUntil": null });
    assert_eq!(first["availability"], availability);
    let other = json!({ "order": ["RJ7", "rtk", "RHW"] });
    let list = service.put(As::Rth, SHORTLIST, &other).await.good();
    assert_eq!(order(&list), "RJ7 RTK RHW");
    assert_eq!(list["entries"][1]["label"], "Night shift");
    assert_eq!(service.get(As::Rth, SHORTLIST).await.good(), list);
    assert_eq!(service.delete(As::Rth, &entry("RTK")).await.status, 204);
    assert_eq!(service.delete(As::Rth, &entry("RTK")).await.status, 404);
    assert_eq!(
        order(&service.get(As::Rth, SHORTLIST).await.good()),
        "RJ7 RHW"
    );
    // It is no part of scoring, and no other site's.
    let theirs = "/api/v1/organisations/RHW/shortlist";
    assert_eq!(
        service.get(As::Rhw, theirs).await.good()["entries"],
        json!([])
    );
    let suggestions = service.get(As::Rth, SUGGESTIONS).await.good();
    assert_eq!(suggestions["revision"], 1);
}

#[actix_web::test]
async fn a_shortlist_is_ordered_whole_and_from_the_version_that_was_seen() {
    let service = TestService::bundled();
    for code in ["RHW", "RJ7"] {
        service.put(As::Rth, &entry(code), &json!({})).await.good();
    }
    for order in [
        json!(["RHW"]),
        json!(["RHW", "RHW"]),
        json!(["RHW", "RJ7", "RTK"]),
        json!([]),
    ] {
        let answer = service
            .put(As::Rth, SHORTLIST, &json!({ "order": order }))
            .await;
        let problem = answer.problem(422, "/problems/invalid-request");
        assert_eq!(problem["errors"][0]["pointer"], "/order");
    }
    let malformed = service
        .put(As::Rth, SHORTLIST, &json!({ "order": ["RHW", "?"] }))
        .await;
    let problem = malformed.problem(422, "/problems/invalid-request");
    assert_eq!(problem["errors"][0]["pointer"], "/order/1");
    let request = TestRequest::put().insert_header((IF_MATCH, "\"1.x\""));
    let order = r#"{"order": ["RJ7", "RHW"]}"#;
    let stale = service.send(As::Rth, request, SHORTLIST, order).await;
    stale.problem(412, "/problems/precondition-failed");
    for body in [
        json!({ "position": 0 }),
        json!({ "position": 101 }),
        json!({ "position": 1.5 }),
        json!({ "label": "two\nlines" }),
        json!({ "label": "x".repeat(101) }),
        json!({ "note": "x".repeat(2001) }),
    ] {
        let answer = service.put(As::Rth, &entry("RHW"), &body).await;
        answer.problem(422, "/problems/invalid-request");
    }
    let itself = service.put(As::Rth, &entry("RTH"), &json!({})).await;
    itself.problem(422, "/problems/invalid-request");
    let nobody = service.put(As::Rth, &entry("ZZZ99"), &json!({})).await;
    nobody.problem(404, "/problems/organisation-not-found");
    let list = service.get(As::Rth, SHORTLIST).await.good();
    assert_eq!(
        (self::order(&list), &list["version"]),
        ("RHW RJ7".into(), &json!(2))
    );
}

#[actix_web::test]
async fn who_closed_is_shown_with_its_successors() {
    let service = TestService::bundled();
    // RW6 (Pennine Acute) went to two trusts.
    let list = service.put(As::Rth, &entry("RW6"), &json!({})).await.good();
    let closed = &list["entries"][0];
    assert_eq!(
        (&closed["isActive"], &closed["availability"]),
        (&json!(false), &Value::Null)
    );
    assert_eq!(codes(&closed["successors"], "/odsCode"), ["R0A", "RM3"]);
    assert!(
        closed["successors"][0]["name"]
            .as_str()
            .unwrap()
            .contains("MANCHESTER")
    );
}
