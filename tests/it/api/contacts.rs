//! Contact people: for the site alone, encrypted, exported and erased.

use actix_web::test::TestRequest;
use serde_json::{Value, json};

use crate::support::service::{As, TestService};

const OURS: &str = "/api/v1/organisations/RTH/contacts";

fn a_person() -> Value {
    json!({ "role": "Chief nurse", "name": "Florence Quillfeather", "email": "f.quillfeather@example.nhs.uk", "phone": "01632 960123" })
}

/// What of a person must be found nowhere.
const PERSONAL: [&str; 4] = ["Quillfeather", "quillfeather", "960123", "Nightjar"];

fn assert_unseen(service: &TestService, when: &str) {
    let bytes = service.bytes_on_disk();
    assert!(bytes.len() > 100_000);
    for text in PERSONAL {
        let found = bytes
            .windows(text.len())
            .any(|window| window == text.as_bytes());
        assert!(!found, "{text} is in the database {when}");
    }
    // The search does find what is in the clear.
    assert!(bytes.windows(11).any(|window| window == b"Chief nurse"));
}

#[actix_web::test]
async fn a_person_is_nowhere_in_the_database_in_the_clear() {
    let service = TestService::bundled();
    let keyed = TestRequest::post().insert_header(("idempotency-key", "once"));
    let made = service
        .send(As::Rth, keyed, OURS, &a_person().to_string())
        .await;
    assert_eq!(made.status, 201);
    let path = made.header("location").to_owned();
    assert_unseen(&service, "after adding");
    let mut other = a_person();
    other["name"] = json!("Flora Nightjar");
    service.put(As::Rth, &path, &other).await.good();
    assert_eq!(
        service.get(As::Rth, &path).await.good()["name"],
        "Flora Nightjar"
    );
    assert_unseen(&service, "after changing");
    assert_eq!(service.delete(As::Rth, &path).await.status, 204);
    assert_unseen(&service, "after erasing");
    service
        .get(As::Rth, &path)
        .await
        .problem(404, "/problems/not-found");
}

#[actix_web::test]
async fn an_erased_person_does_not_come_back_with_the_same_key() {
    let service = TestService::bundled();
    let add = async || {
        let keyed = TestRequest::post().insert_header(("idempotency-key", "once"));
        service
            .send(As::Rth, keyed, OURS, &a_person().to_string())
            .await
    };
    let (first, again) = (add().await, add().await);
    assert_eq!(first.body, again.body);
    let path = first.header("location").to_owned();
    assert_eq!(service.delete(As::Rth, &path).await.status, 204);
    // What was kept is forgotten, so this is another contact.
    let third = add().await;
    assert_eq!(third.status, 201);
    assert_ne!(third.header("location"), path);
}

#[actix_web::test]
async fn everything_that_is_held_can_be_downloaded() {
    let service = TestService::bundled();
    let keyed = TestRequest::post().insert_header(("idempotency-key", "once"));
    let made = service
        .send(As::Rth, keyed, OURS, &a_person().to_string())
        .await;
    let id = made.json()["id"].as_str().unwrap().to_owned();
    let path = format!("{OURS}/{id}/export");
    let export = service.get(As::Rth, &path).await;
    let held = export.good();
    assert_eq!(
        export.header("content-disposition"),
        format!("attachment; filename=\"contact-{id}.json\"")
    );
    assert_eq!(held["contact"], made.json());
    assert_eq!(held["keptAnswers"], 1);
    assert_eq!(held["changes"][0]["action"], "add_contact");
    for other in [As::Rhw, As::Admin, As::Viewer] {
        let refused = service.get(other, &path).await;
        assert!([403, 404].contains(&refused.status), "{other:?}");
    }
}

#[actix_web::test]
async fn the_audit_knows_a_contact_by_id_and_role() {
    let service = TestService::bundled();
    service.post(As::Rth, OURS, &a_person()).await.good();
    let entry =
        service.texts("SELECT value_after AS text FROM audit WHERE subject_kind = 'contacts'");
    let after: Value = serde_json::from_str(&entry[0]).unwrap();
    assert_eq!(
        after,
        json!({ "id": "00000000-0000-4000-8000-000000000001", "role": "Chief nurse" })
    );
}

#[actix_web::test]
async fn a_refusal_repeats_nothing_of_a_person() {
    let service = TestService::bundled();
    let body = json!({ "role": "x", "name": "Quillfeather\n", "email": "quillfeather at home", "phone": "960123 call me" });
    let problem = service
        .post(As::Rth, OURS, &body)
        .await
        .problem(422, "/problems/invalid-request");
    let pointers: Vec<&str> = problem["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|error| error["pointer"].as_str().unwrap())
        .collect();
    assert_eq!(pointers, ["/email", "/phone"]);
    for text in PERSONAL {
        assert!(!problem.to_string().contains(text), "{problem}");
    }
}

#[actix_web::test]
async fn there_are_at_most_a_hundred_contacts() {
    let service = TestService::bundled();
    for _ in 0..100 {
        assert_eq!(service.post(As::Rth, OURS, &a_person()).await.status, 201);
    }
    service
        .post(As::Rth, OURS, &a_person())
        .await
        .problem(409, "/problems/too-many-contacts");
    let listed = service.get(As::Rth, OURS).await.good();
    assert_eq!(listed["items"].as_array().unwrap().len(), 100);
}
