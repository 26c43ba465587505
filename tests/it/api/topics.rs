//! Topics: what sites seek and show.

use serde_json::{Value, json};

use crate::support::service::{As, TestService};

const OURS: &str = "/api/v1/organisations/RTH/topics";

#[actix_web::test]
async fn what_is_sought_is_for_the_site_and_staff_and_what_is_shown_for_all() {
    let service = TestService::bundled();
    let body = json!({ "need": "urgent", "stage": "implementing" });
    service
        .put(As::Rth, &format!("{OURS}/hepma"), &body)
        .await
        .good();
    let body = json!({ "need": "wanted" });
    service
        .put(As::Rth, &format!("{OURS}/epr"), &body)
        .await
        .good();
    let needs = async |who: As| {
        let topics = service.get(who, OURS).await.good();
        let topics = topics["topics"].as_array().unwrap().iter();
        topics
            .map(|topic| (topic["topic"].clone(), topic["need"].clone()))
            .collect::<Vec<_>>()
    };
    let all = [
        (json!("epr"), json!("wanted")),
        (json!("hepma"), json!("urgent")),
    ];
    for who in [As::Rth, As::Admin, As::Viewer] {
        assert_eq!(needs(who).await, all);
    }
    assert_eq!(needs(As::Rhw).await, [(json!("hepma"), Value::Null)]);
}

#[actix_web::test]
async fn a_word_on_a_topic_is_stated_once_and_withdrawn() {
    let service = TestService::bundled();
    let path = format!("{OURS}/hepma");
    let body = json!({ "stage": "live", "liveSince": "2019" });
    let first = service.put(As::Rth, &path, &body).await;
    let revision = service.alongside.revision();
    let again = service.put(As::Rth, &path, &body).await;
    assert_eq!(
        (first.body.clone(), first.header("etag")),
        (again.body.clone(), again.header("etag"))
    );
    assert_eq!(service.alongside.revision(), revision);
    assert_eq!(service.delete(As::Rth, &path).await.status, 204);
    service
        .delete(As::Rth, &path)
        .await
        .problem(404, "/problems/not-found");
}

#[actix_web::test]
async fn what_makes_no_sense_is_refused() {
    let service = TestService::bundled();
    for (body, pointer) in [
        (json!({}), ""),
        (json!({ "stage": "expert" }), "/stage"),
        (json!({ "need": "much" }), "/need"),
        (
            json!({ "stage": "offered", "liveSince": "2019" }),
            "/liveSince",
        ),
        (
            json!({ "stage": "live", "liveSince": "once" }),
            "/liveSince",
        ),
    ] {
        let problem = service
            .put(As::Rth, &format!("{OURS}/hepma"), &body)
            .await
            .problem(422, "/problems/invalid-request");
        assert_eq!(problem["errors"][0]["pointer"], pointer, "{body}");
    }
    service
        .put(
            As::Rth,
            &format!("{OURS}/no-such"),
            &json!({ "stage": "live" }),
        )
        .await
        .problem(404, "/problems/not-found");
}

#[actix_web::test]
async fn admins_add_topics() {
    let service = TestService::bundled();
    let body = json!({ "name": "Bed management" });
    let made = service.post(As::Admin, "/api/v1/topics", &body).await;
    assert_eq!(
        (made.status, &made.json()["slug"]),
        (201, &json!("bed_management"))
    );
    let listed = service.get(As::Rth, "/api/v1/topics").await.good();
    assert!(listed["items"].as_array().unwrap().contains(&made.json()));
    service
        .post(
            As::Admin,
            "/api/v1/topics",
            &json!({ "name": "BED MANAGEMENT" }),
        )
        .await
        .problem(409, "/problems/topic-exists");
    service
        .post(As::Admin, "/api/v1/topics", &json!({ "name": "–" }))
        .await
        .problem(422, "/problems/invalid-request");
}

#[actix_web::test]
async fn what_one_shows_and_another_seeks_is_in_the_next_suggestion() {
    let service = TestService::bundled();
    let ask = async || {
        let path = "/api/v1/organisations/RTH/suggestions/RHW?asOf=2026-11-22";
        service.get(As::Rth, path).await.good()["suggestion"].clone()
    };
    let need = json!({ "need": "wanted" });
    service
        .put(As::Rth, &format!("{OURS}/hepma"), &need)
        .await
        .good();
    let before = ask().await;
    let stage = json!({ "stage": "live", "liveSince": "2019" });
    let theirs = "/api/v1/organisations/RHW/topics/hepma";
    service.put(As::Rhw, theirs, &stage).await.good();
    assert_ne!(ask().await, before);
}
