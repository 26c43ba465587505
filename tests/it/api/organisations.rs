use super::{ask, get};
use actix_web::test::TestRequest;

#[actix_web::test]
async fn pages_lead_through_the_whole_list_once() {
    for list in [
        "/api/v1/organisations?limit=60&status=any",
        "/api/v1/organisations?limit=20&near=51.7,-1.2&withinKm=100",
    ] {
        let mut codes = Vec::new();
        let mut next = Some(list.to_owned());
        while let Some(path) = next {
            let answer = get(&path).await;
            let page = answer.good();
            assert!(answer.header("link").contains("rel=\"first\""));
            for item in page["items"].as_array().unwrap() {
                codes.push(item["organisation"]["odsCode"].as_str().unwrap().to_owned());
            }
            next = page["links"]["next"].as_str().map(str::to_owned);
            assert_eq!(
                next.is_some(),
                answer.header("link").contains("rel=\"next\"")
            );
        }
        let n = codes.len();
        codes.sort();
        codes.dedup();
        assert!(
            n > 20 && n == codes.len(),
            "{list}: {n}, {} of them different",
            codes.len()
        );
    }
}

#[actix_web::test]
async fn filters_hold_together() {
    let page = get("/api/v1/organisations?careSetting=acute&region=Y59&vendor=oracle%20health%20(cerner)&q=oxford").await.good();
    assert_eq!(page["items"].as_array().unwrap().len(), 1, "{page}");
    assert_eq!(page["items"][0]["organisation"]["odsCode"], "RTH");
    let none = get("/api/v1/organisations?vendor=nobody").await.good();
    assert_eq!(
        (&none["items"], &none["links"]["next"]),
        (&serde_json::json!([]), &serde_json::Value::Null)
    );
}

#[actix_web::test]
async fn an_organisation_is_shown_with_the_source_of_each_fact() {
    let answer = get("/api/v1/organisations/rth").await;
    let record = answer.good();
    assert_eq!(record["organisation"]["odsCode"], "RTH");
    for list in [
        "coreSystems",
        "attributes",
        "links",
        "networks",
        "successions",
    ] {
        for fact in record[list].as_array().unwrap() {
            assert!(
                fact["source"].is_string() && fact.get("asOf").is_some(),
                "{list}: {fact}"
            );
        }
    }
    let again = ask(TestRequest::get()
        .uri("/api/v1/organisations/RTH")
        .insert_header(("if-none-match", answer.header("etag"))))
    .await;
    assert_eq!((again.status, again.body.len()), (304, 0));
}

#[actix_web::test]
async fn a_closed_organisation_is_shown_too() {
    let record = get("/api/v1/organisations/RW6").await.good();
    assert_eq!(record["organisation"]["status"], "closed");
    assert!(!record["successions"].as_array().unwrap().is_empty());
}

#[actix_web::test]
async fn an_organisation_that_does_not_exist_is_not_found() {
    get("/api/v1/organisations/ZZZ")
        .await
        .problem(404, "/problems/organisation-not-found");
}

#[actix_web::test]
async fn a_radius_needs_a_centre() {
    let problem = get("/api/v1/organisations?withinKm=10")
        .await
        .problem(422, "/problems/invalid-request");
    assert_eq!(problem["errors"][0]["pointer"], "/query/withinKm");
}

#[actix_web::test]
async fn a_cursor_belongs_to_its_question() {
    let page = get("/api/v1/organisations?q=trust&limit=1").await.good();
    let next = page["links"]["next"].as_str().unwrap();
    get(&next.replace("limit=1", "limit=2")).await.good();
    for other in ["q=royal", "near=51,0", "status=any"] {
        let problem = get(&next.replace("q=trust", other))
            .await
            .problem(400, "/problems/unreadable-request");
        assert_eq!(problem["errors"][0]["pointer"], "/query/cursor", "{other}");
    }
}
