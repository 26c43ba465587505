use serde_json::{Value, json};

use crate::support::service::{As, TestService};

const HISTORY: &str = "/api/v1/organisations/RTH/history";

/// A site that spoke of its electronic patient record, of its staff and of its ethos, and took the first back.
async fn spoken() -> TestService {
    let service = TestService::bundled();
    let path = |rest: &str| format!("/api/v1/organisations/RTH/{rest}");
    let epr = json!({"systems": [{"vendor": "Epic", "status": "in_use"}]});
    service
        .put(As::Rth, &path("core-systems/epr"), &epr)
        .await
        .good();
    service
        .put(As::Rth, &path("attributes/staff_fte"), &json!({"value": 1}))
        .await
        .good();
    for answer in [1, 2] {
        service
            .put(As::Rth, &path("ethos"), &json!({"ethos_pace": answer}))
            .await
            .good();
    }
    service.delete(As::Rth, &path("core-systems/epr")).await;
    service
}

fn told(page: &Value) -> Vec<String> {
    let items = page["items"].as_array().unwrap();
    items
        .iter()
        .map(|item| {
            let text = |name: &str| item[name].as_str().unwrap().to_owned();
            format!(
                "{}/{} {} {}",
                text("kind"),
                text("key"),
                text("origin"),
                text("displacedBy")
            )
        })
        .collect()
}

#[actix_web::test]
async fn the_last_displaced_word_comes_first() {
    let service = spoken().await;
    let page = service.get(As::Rth, HISTORY).await.good();
    assert_eq!(
        told(&page),
        [
            "core_systems/epr site withdrawn",
            "ethos/ethos_pace site site",
            "attributes/staff_fte bundled site",
            "core_systems/epr bundled site",
        ]
    );
    assert_eq!(page["items"][0]["fact"]["systems"][0]["vendor"], "Epic");
    assert_eq!(page["items"][0]["displacedAt"], "2026-11-22T09:00:00Z");
}

#[actix_web::test]
async fn pages_lead_through_the_history_once() {
    let service = spoken().await;
    let mut words = Vec::new();
    let mut next = Some(format!("{HISTORY}?limit=1"));
    while let Some(path) = next {
        let page = service.get(As::Rth, &path).await.good();
        words.extend(told(&page));
        next = page["links"]["next"].as_str().map(str::to_owned);
    }
    assert_eq!(words, told(&service.get(As::Rth, HISTORY).await.good()));
    let answer = service.get(As::Rth, &format!("{HISTORY}?cursor=x")).await;
    answer.problem(400, "/problems/unreadable-request");
}

#[actix_web::test]
async fn admins_read_the_history_without_the_ethos_and_others_not_at_all() {
    let service = spoken().await;
    let page = service.get(As::Admin, HISTORY).await.good();
    assert_eq!(page["items"].as_array().unwrap().len(), 3);
    assert_eq!(service.get(As::Viewer, HISTORY).await.status, 403);
    let other = service.get(As::Rhw, HISTORY).await;
    other.problem(404, "/problems/organisation-not-found");
}
