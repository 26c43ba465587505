//! Files that are handed in over the interface.

use actix_web::http::header::CONTENT_TYPE;
use actix_web::test::TestRequest;
use serde_json::Value;

use crate::support::service::{Answer, As, TestService};

const FILE: &str = "ods_code,topic,need\nRTH,hepma,wanted\n";

async fn hand_in(
    service: &TestService,
    caller: As,
    query: &str,
    media_type: &str,
    file: &str,
) -> Answer {
    let request = TestRequest::post()
        .uri(&format!("/api/v1/imports?{query}"))
        .insert_header((CONTENT_TYPE, media_type))
        .set_payload(file.to_owned());
    service.ask(caller, request).await
}

/// Asks for the job again and again until it ended.
async fn ended(service: &TestService, location: &str) -> Value {
    for _ in 0..2000 {
        let job = service.get(As::Admin, location).await.json();
        if job["finishedAt"].is_string() {
            return job;
        }
        actix_web::rt::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    panic!("the import did not end");
}

#[actix_web::test]
async fn a_file_is_taken_at_once_and_imported_after() {
    let service = TestService::bundled();
    let answer = hand_in(&service, As::Rth, "kind=topics", "text/csv", FILE).await;
    assert_eq!(answer.status, 202);
    let job = ended(&service, answer.header("location")).await;
    assert_eq!(
        (&job["state"], &job["added"], &job["site"]),
        (&"done".into(), &1.into(), &"RTH".into())
    );
    let remarks = format!("{}/remarks", answer.header("location"));
    let remarks = service.get(As::Rth, &remarks).await.json();
    assert_eq!(remarks["items"], serde_json::json!([]));
}

#[actix_web::test]
async fn a_refused_row_is_told_with_its_column_and_nothing_is_changed() {
    let service = TestService::bundled();
    let file = "ods_code,topic,need\nRTH,knitting,wanted\n";
    let answer = hand_in(&service, As::Admin, "kind=topics", "text/csv", file).await;
    let job = ended(&service, answer.header("location")).await;
    assert_eq!(
        (&job["state"], &job["revision"]),
        (&"refused".into(), &Value::Null)
    );
    let remarks = format!("{}/remarks", answer.header("location"));
    let remark = service.get(As::Admin, &remarks).await.json()["items"][0].clone();
    assert_eq!(
        (&remark["row"], &remark["column"], &remark["severity"]),
        (&2.into(), &"topic".into(), &"refused".into())
    );
}

#[actix_web::test]
async fn others_imports_and_made_up_ones_answer_alike() {
    let service = TestService::bundled();
    let answer = hand_in(&service, As::Rth, "kind=topics", "text/csv", FILE).await;
    let own = answer.header("location").to_owned();
    ended(&service, &own).await;
    let made_up = "/api/v1/imports/00000000-0000-4000-8000-0000000000ff";
    for path in [own.as_str(), made_up] {
        for path in [path.to_owned(), format!("{path}/remarks")] {
            service
                .get(As::Rhw, &path)
                .await
                .problem(404, "/problems/not-found");
        }
    }
    assert_eq!(
        service.get(As::Rhw, "/api/v1/imports").await.json()["items"],
        serde_json::json!([])
    );
    assert_eq!(
        service.get(As::Rth, "/api/v1/imports").await.json()["items"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
}

#[actix_web::test]
async fn what_cannot_be_handed_in_is_refused_at_once() {
    let service = TestService::bundled();
    for (caller, query, media_type, status, reference) in [
        (
            As::Rth,
            "kind=organisations",
            "text/csv",
            403,
            "/problems/forbidden",
        ),
        (
            As::Viewer,
            "kind=topics",
            "text/csv",
            403,
            "/problems/forbidden",
        ),
        (
            As::Nobody,
            "kind=topics",
            "text/csv",
            401,
            "/problems/unauthenticated",
        ),
        (
            As::Admin,
            "kind=poems",
            "text/csv",
            422,
            "/problems/invalid-request",
        ),
        (
            As::Admin,
            "dryRun=true",
            "text/csv",
            400,
            "/problems/unreadable-request",
        ),
        (
            As::Admin,
            "kind=topics&dryRun=maybe",
            "text/csv",
            400,
            "/problems/unreadable-request",
        ),
        (
            As::Admin,
            "kind=topics",
            "image/png",
            415,
            "/problems/unsupported-media-type",
        ),
    ] {
        hand_in(&service, caller, query, media_type, FILE)
            .await
            .problem(status, reference);
    }
    let large = "x".repeat(16 * 1024 * 1024 + 1);
    hand_in(&service, As::Admin, "kind=topics", "text/csv", &large)
        .await
        .problem(413, "/problems/body-too-large");
}

#[actix_web::test]
async fn every_table_has_a_template_that_names_its_columns() {
    let service = TestService::bundled();
    for kind in [
        "organisations",
        "systems",
        "attributes",
        "links",
        "memberships",
        "successions",
        "topics",
    ] {
        let path = format!("/api/v1/import-templates/{kind}");
        let csv = service.get(As::Rth, &path).await;
        let text = String::from_utf8(csv.body.to_vec()).unwrap();
        // Nothing is published on topics, so there is no row to show.
        let n_lines = if kind == "topics" { 1 } else { 2 };
        assert_eq!((csv.status, text.lines().count()), (200, n_lines), "{text}");
        let workbook = service.get(As::Rth, &format!("{path}?format=xlsx")).await;
        let read = |bytes: &[u8]| alongside::intake::import::read(kind.parse().unwrap(), bytes);
        let (from_csv, from_workbook) = (read(&csv.body), read(&workbook.body));
        if kind == "topics" {
            // A header alone is no table.
            assert_eq!(from_csv.remarks.list().len(), 1);
            continue;
        }
        assert!(
            from_csv.remarks.list().is_empty(),
            "{kind}: {:?}",
            from_csv.remarks
        );
        if kind != "organisations" && kind != "attributes" {
            assert_eq!(from_csv, from_workbook, "{kind}");
        }
    }
    service
        .get(As::Rth, "/api/v1/import-templates/fhir")
        .await
        .problem(404, "/problems/not-found");
}
