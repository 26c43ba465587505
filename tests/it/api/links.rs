//! Links: what one side declares, the other answers.

use actix_web::test::TestRequest;
use alongside::domain::ids::OdsCode;
use alongside::domain::link::{Link, LinkKind};
use alongside::domain::provenance::Provenance;
use alongside::storage::links;
use serde_json::{Value, json};

use crate::support::database::a_change;
use crate::support::service::{As, TestService, now};

const OURS: &str = "/api/v1/organisations/RTH/links";
const THEIRS: &str = "/api/v1/organisations/RHW/links";

fn a_visit() -> Value {
    json!({ "with": "RHW", "kind": "site_visit", "started": "2026-05", "evidence": "minutes of May" })
}

/// Declares a visit as RTH and returns its id.
async fn declared(service: &TestService) -> String {
    let link = service.post(As::Rth, OURS, &a_visit()).await;
    assert_eq!(link.status, 201);
    link.json()["id"].as_str().unwrap().to_owned()
}

/// What prior relationships give RTH with RHW.
async fn prior(service: &TestService) -> f64 {
    let path = "/api/v1/organisations/RTH/suggestions/RHW?asOf=2026-11-22";
    let pair = service.get(As::Rth, path).await.good();
    let found = pair["suggestion"]["criteria"]
        .as_array()
        .unwrap()
        .iter()
        .find(|criterion| criterion["criterion"] == "prior_relationships")
        .unwrap();
    found["score"]["expected"].as_f64().unwrap()
}

#[actix_web::test]
async fn a_link_counts_half_when_declared_in_full_when_confirmed_and_not_when_disputed() {
    let service = TestService::bundled();
    let before = prior(&service).await;
    let id = declared(&service).await;
    let declared = prior(&service).await;
    let confirm = format!("{THEIRS}/{id}/confirm");
    let confirmed = service.post(As::Rhw, &confirm, &json!({})).await.good();
    assert_eq!(confirmed["standing"], "confirmed");
    assert_eq!(confirmed["answeredAt"], "2026-11-22T09:00:00Z");
    let full = prior(&service).await;
    let dispute = format!("{THEIRS}/{id}/dispute");
    let reason = json!({ "reason": "It was called off." });
    let disputed = service.post(As::Rhw, &dispute, &reason).await.good();
    assert_eq!(
        (&disputed["standing"], &disputed["disputeReason"]),
        (&json!("disputed"), &json!("It was called off."))
    );
    assert!((prior(&service).await - before).abs() < 1e-9);
    // What is left to add halves: 1 - (1 - before) (1 - v / 2), and then with v.
    let share = |r: f64| (r - before) / (1.0 - before);
    assert!(
        share(declared) > 0.0 && (share(full) - 2.0 * share(declared)).abs() < 1e-4,
        "{before} {declared} {full}"
    );
    let again = service.post(As::Rhw, &confirm, &json!({})).await.good();
    assert_eq!(
        (&again["standing"], &again["disputeReason"]),
        (&json!("confirmed"), &Value::Null)
    );
}

#[actix_web::test]
async fn saying_the_same_again_changes_nothing() {
    let service = TestService::bundled();
    let id = declared(&service).await;
    let confirm = format!("{THEIRS}/{id}/confirm");
    let first = service.post(As::Rhw, &confirm, &json!({})).await.good();
    let revision = service.alongside.revision();
    let second = service.post(As::Rhw, &confirm, &json!({})).await.good();
    assert_eq!(first, second);
    assert_eq!(service.alongside.revision(), revision);
}

#[actix_web::test]
async fn nobody_confirms_what_it_declared_or_changes_what_another_did() {
    let service = TestService::bundled();
    let id = declared(&service).await;
    for (who, path) in [
        (As::Rth, format!("{OURS}/{id}/confirm")),
        (As::Rth, format!("{OURS}/{id}/dispute")),
    ] {
        service
            .post(who, &path, &json!({}))
            .await
            .problem(403, "/problems/forbidden");
    }
    let theirs = format!("{THEIRS}/{id}");
    let change = json!({ "kind": "other" });
    service
        .put(As::Rhw, &theirs, &change)
        .await
        .problem(403, "/problems/forbidden");
    service
        .delete(As::Rhw, &theirs)
        .await
        .problem(403, "/problems/forbidden");
    // A link of others is not there, seen from here.
    let elsewhere = format!("/api/v1/organisations/RJ7/links/{id}");
    service
        .get(As::Rth, &elsewhere)
        .await
        .problem(404, "/problems/not-found");
}

#[actix_web::test]
async fn a_changed_link_has_to_be_confirmed_again_and_a_disputed_one_stays_disputed() {
    let service = TestService::bundled();
    let id = declared(&service).await;
    let link = format!("{OURS}/{id}");
    let change = json!({ "kind": "secondment", "started": "2025" });
    let confirm = format!("{THEIRS}/{id}/confirm");
    service.post(As::Rhw, &confirm, &json!({})).await.good();
    let changed = service.put(As::Rth, &link, &change).await.good();
    assert_eq!(
        (&changed["standing"], &changed["kind"], &changed["evidence"]),
        (&json!("declared"), &json!("secondment"), &Value::Null)
    );
    let dispute = format!("{THEIRS}/{id}/dispute");
    service.post(As::Rhw, &dispute, &json!({})).await.good();
    let change = json!({ "kind": "secondment", "started": "2024" });
    let changed = service.put(As::Rth, &link, &change).await.good();
    assert_eq!(changed["standing"], "disputed");
}

#[actix_web::test]
async fn a_change_names_the_version_it_was_made_from() {
    let service = TestService::bundled();
    let id = declared(&service).await;
    let path = format!("{OURS}/{id}");
    let change = json!({ "kind": "other" }).to_string();
    service
        .send(As::Rth, TestRequest::put(), &path, &change)
        .await
        .problem(428, "/problems/precondition-required");
    let tag = service.get(As::Rth, &path).await.header("etag").to_owned();
    let with = |tag: &str| TestRequest::put().insert_header(("if-match", tag));
    let changed = service.send(As::Rth, with(&tag), &path, &change).await;
    assert_eq!(changed.status, 200);
    service
        .send(As::Rth, with(&tag), &path, &change)
        .await
        .problem(412, "/problems/precondition-failed");
    let confirm = format!("{THEIRS}/{id}/confirm");
    let stale = TestRequest::post().insert_header(("if-match", tag.as_str()));
    service
        .send(As::Rhw, stale, &confirm, "{}")
        .await
        .problem(412, "/problems/precondition-failed");
    let seen = changed.header("etag").to_owned();
    let confirmed = TestRequest::post().insert_header(("if-match", seen));
    service
        .send(As::Rhw, confirmed, &confirm, "{}")
        .await
        .good();
}

#[actix_web::test]
async fn each_end_may_dispute_a_publication_and_only_that_end_takes_it_back() {
    let service = TestService::bundled();
    let id = "00000000-0000-4000-8000-00000000000a";
    let source = Provenance::bundled("a list of visits", None);
    let ends = (OdsCode::new("RTH").unwrap(), OdsCode::new("RHW").unwrap());
    let published = Link::published(ends, LinkKind::JointProgramme, None, None, source).unwrap();
    service
        .alongside
        .storage()
        .write_blocking(&a_change(), |connection| {
            links::state(connection, id.to_owned(), published, now())
        })
        .unwrap();
    let disputed = service
        .post(
            As::Rth,
            &format!("{OURS}/{id}/dispute"),
            &json!({"reason": "Not us."}),
        )
        .await
        .good();
    assert_eq!(
        (&disputed["standing"], &disputed["disputedBy"]),
        (&json!("disputed"), &json!("RTH"))
    );
    // Others see that it is disputed and by whom, not why.
    let seen = service
        .get(As::Viewer, &format!("{OURS}/{id}"))
        .await
        .good();
    assert_eq!(
        (&seen["disputedBy"], &seen["disputeReason"]),
        (&json!("RTH"), &Value::Null)
    );
    let back = service
        .post(As::Rth, &format!("{OURS}/{id}/confirm"), &json!({}))
        .await
        .good();
    assert_eq!(
        (&back["standing"], &back["disputedBy"]),
        (&json!("published"), &Value::Null)
    );
    service
        .delete(As::Rth, &format!("{OURS}/{id}"))
        .await
        .problem(403, "/problems/forbidden");
}

#[actix_web::test]
async fn everything_that_is_wrong_is_told_at_once() {
    let service = TestService::bundled();
    let errors = async |body: Value| {
        let problem = service
            .post(As::Rth, OURS, &body)
            .await
            .problem(422, "/problems/invalid-request");
        let errors = problem["errors"].as_array().unwrap().iter();
        errors
            .map(|error| error["pointer"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    let many = json!({
        "with": "R", "kind": "friendship", "started": "May", "ended": "2026-13", "note": "", "evidence": "x".repeat(2001),
    });
    assert_eq!(
        errors(many).await,
        ["/with", "/kind", "/started", "/ended", "/evidence", "/note"]
    );
    for (body, pointer) in [
        (json!({ "with": "RTH", "kind": "other" }), "/with"),
        (json!({ "with": "ZZZ", "kind": "other" }), "/with"),
        (json!({ "with": "RHW", "kind": "partnership" }), "/kind"),
        (json!({ "with": "RHW", "kind": "shared_network" }), "/kind"),
        (json!({ "with": "RHW", "kind": "site_visit" }), "/started"),
        (
            json!({ "with": "RHW", "kind": "other", "started": "2020", "ended": "2019" }),
            "/ended",
        ),
        (
            json!({ "with": "RHW", "kind": "other", "who": "x" }),
            "/who",
        ),
    ] {
        assert_eq!(errors(body).await, [pointer]);
    }
}

#[actix_web::test]
async fn a_link_is_declared_once() {
    let service = TestService::bundled();
    declared(&service).await;
    let twin = service.post(As::Rth, OURS, &a_visit()).await;
    twin.problem(409, "/problems/link-exists");
    let mirrored = json!({ "with": "RTH", "kind": "site_visit", "started": "2026-05" });
    let theirs = service.post(As::Rhw, THEIRS, &mirrored).await;
    theirs.problem(409, "/problems/link-exists");
    let keyed = || TestRequest::post().insert_header(("idempotency-key", "a-key"));
    let other = json!({ "with": "RHW", "kind": "other" }).to_string();
    let first = service.send(As::Rth, keyed(), OURS, &other).await;
    let again = service.send(As::Rth, keyed(), OURS, &other).await;
    assert_eq!((first.status, again.status), (201, 201));
    assert_eq!(first.body, again.body);
    assert_eq!(again.header("idempotency-replayed"), "true");
    assert_eq!(first.header("etag"), again.header("etag"));
    let reused = service
        .send(As::Rth, keyed(), OURS, &a_visit().to_string())
        .await;
    reused.problem(422, "/problems/idempotency-key-reused");
}

#[actix_web::test]
async fn a_withdrawn_link_is_gone_for_both_ends() {
    let service = TestService::bundled();
    let id = declared(&service).await;
    assert_eq!(
        service
            .delete(As::Rth, &format!("{OURS}/{id}"))
            .await
            .status,
        204
    );
    for path in [OURS, THEIRS] {
        service
            .get(As::Rhw, &format!("{path}/{id}"))
            .await
            .problem(404, "/problems/not-found");
    }
}

#[actix_web::test]
async fn pages_lead_through_every_link_once() {
    let service = TestService::bundled();
    for year in 2001..2012 {
        let body = json!({ "with": "RHW", "kind": "conversation", "started": year.to_string() });
        assert_eq!(service.post(As::Rth, OURS, &body).await.status, 201);
    }
    let whole = service
        .get(As::Rhw, &format!("{OURS}?limit=200"))
        .await
        .good();
    let mut ids = Vec::new();
    let mut next = Some(format!("{OURS}?limit=4"));
    while let Some(path) = next {
        let page = service.get(As::Rhw, &path).await.good();
        ids.extend(page["items"].as_array().unwrap().iter().cloned());
        next = page["links"]["next"].as_str().map(str::to_owned);
    }
    assert_eq!(ids.len(), 11);
    assert_eq!(json!(ids), whole["items"]);
}

#[actix_web::test]
async fn a_list_is_declared_complete_and_no_longer() {
    let service = TestService::bundled();
    let path = format!("{OURS}/declaration");
    let word = service
        .put(As::Rth, &path, &json!({ "complete": true }))
        .await;
    assert_eq!(word.good()["completeOn"], "2026-11-22");
    let shown = service.get(As::Viewer, &path).await;
    assert_eq!(shown.header("etag"), word.header("etag"));
    let organisation = service
        .get(As::Viewer, "/api/v1/organisations/RTH")
        .await
        .good();
    assert_eq!(
        organisation["organisation"]["linksCompleteOn"],
        "2026-11-22"
    );
    let stale = TestRequest::put().insert_header(("if-match", "\"0.00\""));
    service
        .send(As::Rth, stale, &path, r#"{"complete": true}"#)
        .await
        .problem(412, "/problems/precondition-failed");
    assert_eq!(service.delete(As::Rth, &path).await.status, 204);
    assert_eq!(service.get(As::Rth, &path).await.good()["complete"], false);
}

#[actix_web::test]
async fn evidence_is_not_told_in_the_audit_and_in_the_history_only_while_it_is_shown() {
    let service = TestService::bundled();
    let id = declared(&service).await;
    service.delete(As::Rth, &format!("{OURS}/{id}")).await;
    let says = async |caller: As, path: &str, words: &str| {
        let page = service.get(caller, path).await.good().to_string();
        assert!(page.contains(&id), "{path} {page}");
        page.contains(words)
    };
    for caller in [As::Admin, As::Viewer] {
        assert!(!says(caller, "/api/v1/admin/audit", "minutes of May").await);
        assert!(says(caller, "/api/v1/admin/audit", "\"evidence\":true").await);
    }
    let history = "/api/v1/organisations/RTH/history";
    assert!(says(As::Admin, history, "minutes of May").await);
    let hides = json!({ "expertise": true, "evidence": false });
    let path = "/api/v1/organisations/RTH/visibility";
    service.put(As::Rth, path, &hides).await.good();
    assert!(!says(As::Admin, history, "evidence").await);
    assert!(says(As::Rth, history, "minutes of May").await);
}
