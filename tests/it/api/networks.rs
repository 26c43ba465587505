//! Networks: who joins and leaves them, and what bridges two sites.

use serde_json::{Value, json};

use crate::support::service::{As, TestService};

const OURS: &str = "/api/v1/organisations/RTH/networks";
const ALLIANCE: &str = "cancer-alliance-n89";

#[actix_web::test]
async fn networks_are_listed_by_slug_and_found_by_kind_and_name() {
    let service = TestService::bundled();
    let list = async |path: &str| service.get(As::Rth, path).await.good();
    let whole = list("/api/v1/networks?limit=200").await;
    let mut slugs = Vec::new();
    let mut next = Some("/api/v1/networks?limit=7".to_owned());
    while let Some(path) = next {
        let page = list(&path).await;
        slugs.extend(page["items"].as_array().unwrap().iter().cloned());
        next = page["links"]["next"].as_str().map(str::to_owned);
    }
    assert!(slugs.len() > 20);
    assert_eq!(json!(slugs), whole["items"]);
    let thames = list("/api/v1/networks?kind=cancer_alliance&q=THAMES").await;
    assert_eq!(thames["items"][0]["slug"], ALLIANCE);
    assert_eq!(thames["items"].as_array().unwrap().len(), 1);
    service
        .get(As::Rth, "/api/v1/networks?kind=club")
        .await
        .problem(422, "/problems/invalid-request");
}

#[actix_web::test]
async fn a_network_is_founded_joined_and_left() {
    let service = TestService::bundled();
    let body = json!({ "kind": "user_group", "name": "Thames Valley Prescribing Users" });
    let made = service.post(As::Admin, "/api/v1/networks", &body).await;
    let slug = "thames-valley-prescribing-users";
    assert_eq!((made.status, &made.good()["slug"]), (201, &json!(slug)));
    assert_eq!(made.header("location"), format!("/api/v1/networks/{slug}"));
    let shown = service.get(As::Rth, made.header("location")).await;
    assert_eq!(shown.header("etag"), made.header("etag"));
    service
        .post(As::Admin, "/api/v1/networks", &body)
        .await
        .problem(409, "/problems/network-exists");
    service
        .post(As::Rth, "/api/v1/networks", &body)
        .await
        .problem(403, "/problems/forbidden");

    let ours = format!("{OURS}/{slug}");
    let joined = service
        .put(As::Rth, &ours, &json!({ "since": "2026-03" }))
        .await
        .good();
    assert_eq!(
        (&joined["since"], &joined["until"]),
        (&json!("2026-03"), &Value::Null)
    );
    assert_eq!(service.delete(As::Rth, &ours).await.status, 204);
    let member = &service
        .get(As::Rhw, &format!("/api/v1/networks/{slug}"))
        .await
        .good()["members"][0];
    assert_eq!(
        (&member["odsCode"], &member["since"], &member["until"]),
        (&json!("RTH"), &json!("2026-03"), &json!("2026-11-22"))
    );
    service
        .delete(As::Rth, &ours)
        .await
        .problem(404, "/problems/not-found");
    let again = service.put(As::Rth, &ours, &json!({})).await.good();
    assert_eq!(
        (&again["since"], &again["until"]),
        (&Value::Null, &Value::Null)
    );
}

#[actix_web::test]
async fn a_membership_that_a_publication_named_stays_as_past_when_the_site_leaves() {
    let service = TestService::bundled();
    let path = format!("{OURS}/{ALLIANCE}");
    let same = service.put(As::Rth, &path, &json!({})).await.good();
    assert_ne!(same["source"], "the site's own word");
    assert_eq!(service.delete(As::Rth, &path).await.status, 204);
    let all = service.get(As::Rhw, OURS).await.good();
    let left = all["networks"]
        .as_array()
        .unwrap()
        .iter()
        .find(|network| network["slug"] == ALLIANCE)
        .unwrap();
    assert_eq!(
        (&left["until"], &left["source"]),
        (&json!("2026-11-22"), &json!("the site's own word"))
    );
}

#[actix_web::test]
async fn nobody_joins_what_is_not_there_or_is_over_or_in_the_future() {
    let service = TestService::bundled();
    let join = async |slug: &str, body: Value| {
        service
            .put(
                As::Rhw,
                &format!("/api/v1/organisations/RHW/networks/{slug}"),
                &body,
            )
            .await
    };
    join("no-such", json!({}))
        .await
        .problem(404, "/problems/not-found");
    join("gde-exemplar-acute", json!({}))
        .await
        .problem(409, "/problems/network-ended");
    let problem = join(ALLIANCE, json!({ "since": "2026-12" }))
        .await
        .problem(422, "/problems/invalid-request");
    assert_eq!(problem["errors"][0]["pointer"], "/since");
}

#[actix_web::test]
async fn bridges_are_ordered_by_how_well_both_sides_hold() {
    let service = TestService::bundled();
    let path = "/api/v1/organisations/RTH/bridges?to=RHW&limit=50&asOf=2026-11-22";
    let found = service.get(As::Rth, path).await.good();
    assert_eq!(
        found["networks"][0]["network"],
        "Thames Valley Cancer Alliance"
    );
    let bridges = found["organisations"].as_array().unwrap();
    assert!(!bridges.is_empty());
    let strengths: Vec<f64> = bridges
        .iter()
        .map(|bridge| bridge["strength"].as_f64().unwrap())
        .collect();
    assert!(strengths.is_sorted_by(|a, b| a >= b), "{strengths:?}");
    for bridge in bridges {
        assert!(!bridge["here"].as_array().unwrap().is_empty(), "{bridge}");
        assert!(!bridge["there"].as_array().unwrap().is_empty(), "{bridge}");
    }
    // The best of many are the same whatever the limit.
    let short = service
        .get(As::Viewer, &path.replace("50", "2"))
        .await
        .good();
    assert_eq!(short["organisations"].as_array().unwrap()[..], bridges[..2]);
    service
        .get(As::Rth, "/api/v1/organisations/RTH/bridges")
        .await
        .problem(400, "/problems/unreadable-request");
    service
        .get(As::Rth, "/api/v1/organisations/RTH/bridges?to=ZZZ")
        .await
        .problem(404, "/problems/organisation-not-found");
}
