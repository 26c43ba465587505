//! Links that come of an agreement: they change with it alone, and count among the prior relationships of the two.

use actix_web::test::TestRequest;
use alongside::storage::links;
use serde_json::{Value, json};

use crate::support::agreed::Agreed;
use crate::support::service::{As, TestService};

/// The prior relationships of RTH with RHW on a day, `0..=1`.
async fn prior(service: &TestService, day: &str) -> f64 {
    let path = format!("/api/v1/organisations/RTH/suggestions/RHW?asOf={day}");
    let pair = service.get(As::Rth, &path).await.good();
    let criteria = pair["suggestion"]["criteria"].as_array().unwrap().clone();
    let found = criteria
        .iter()
        .find(|criterion| criterion["criterion"] == "prior_relationships");
    found.unwrap()["score"]["expected"].as_f64().unwrap()
}

/// Whether RTH has RHW among its partners on a day.
async fn is_partner(service: &TestService, day: &str) -> bool {
    let path = format!("/api/v1/organisations/RTH/suggestions?limit=50&asOf={day}");
    let answer = service.get(As::Rth, &path).await.good();
    let names = |list: &Value| {
        let mut codes = list.as_array().unwrap().iter();
        codes.any(|item| item.to_string().contains("\"RHW\""))
    };
    let is_partner = names(&answer["currentPartners"]);
    assert_ne!(is_partner, names(&answer["suggestions"]));
    is_partner
}

#[actix_web::test]
async fn an_agreed_partnership_raises_the_fit_and_fades_after_its_end() {
    const FIVE_YEARS_LATER: &str = "2031-11-22";
    let without = TestService::bundled();
    let service = TestService::bundled();
    assert!(!is_partner(&service, "2026-11-22").await);
    let id = Agreed::between("RTH", "RHW").open(&service).await;
    assert!(is_partner(&service, "2026-11-22").await);
    assert!(!is_partner(&service, "2026-08-31").await);
    let before = prior(&without, "2026-11-22").await;
    let lasting = prior(&service, "2026-11-22").await;
    // What one more link adds to the others: 1 - (1 - before) (1 - value), with the strength of 0.9 (DESIGN 4.6).
    let value = |with: f64, without: f64| 1.0 - (1.0 - with) / (1.0 - without);
    assert!(
        (value(lasting, before) - 0.9).abs() < 1e-4,
        "{before} {lasting}"
    );
    let request = TestRequest::post().insert_header(("if-match", "*"));
    let path = format!("/api/v1/partnerships/{id}/end");
    service.send(As::Rhw, request, &path, "{}").await.good();
    assert!(!is_partner(&service, "2026-11-23").await);
    let faded = prior(&service, FIVE_YEARS_LATER).await;
    let rest = prior(&without, FIVE_YEARS_LATER).await;
    // 1,826 days after the end, with a half-life of five years of 365.25 days.
    let left = 0.9 * (-1826.0_f64 / 365.25 / 5.0).exp2();
    assert!(
        (value(faded, rest) - left).abs() < 1e-4,
        "{rest} {faded} {left}"
    );
}

#[actix_web::test]
async fn an_agreed_link_is_changed_and_answered_by_nobody() {
    let service = TestService::bundled();
    let id = Agreed::between("RTH", "RHW").open(&service).await;
    let shown = service
        .get(As::Rth, &format!("/api/v1/partnerships/{id}"))
        .await;
    let link = shown.good()["linkId"].as_str().unwrap().to_owned();
    let before = service.alongside.revision();
    for (caller, code) in [(As::Rth, "RTH"), (As::Rhw, "RHW")] {
        let path = format!("/api/v1/organisations/{code}/links/{link}");
        let other = json!({ "kind": "other" });
        let answers = [
            service.put(caller, &path, &other).await,
            service.delete(caller, &path).await,
            service
                .post(caller, &format!("{path}/confirm"), &json!({}))
                .await,
            service
                .post(caller, &format!("{path}/dispute"), &json!({}))
                .await,
        ];
        for answer in answers {
            let problem = answer.problem(409, "/problems/link-agreed");
            let detail = problem["detail"].as_str().unwrap();
            assert!(
                detail.contains(&format!("/api/v1/partnerships/{id}")),
                "{detail}"
            );
        }
    }
    assert_eq!(service.alongside.revision(), before);
}

#[actix_web::test]
async fn what_a_link_came_of_is_shown_to_its_ends_alone() {
    let service = TestService::bundled();
    let id = Agreed::between("RHW", "RJ7").open(&service).await;
    let kept = service
        .alongside
        .storage()
        .read_blocking(|connection| {
            let code = "RHW".parse().unwrap();
            links::page(connection, code, None, 200)
        })
        .unwrap();
    let link = kept.0.iter().find(|link| link.agreement.is_some()).unwrap();
    let path = format!("/api/v1/organisations/RHW/links/{}", link.id);
    for (caller, agreement) in [
        (As::Rhw, json!(id)),
        (As::Rth, Value::Null),
        (As::Admin, Value::Null),
        (As::Viewer, Value::Null),
    ] {
        let shown = service.get(caller, &path).await.good();
        assert_eq!(shown["agreement"], agreement, "{caller:?}");
    }
}
