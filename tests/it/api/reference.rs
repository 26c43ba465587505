use super::get;

#[actix_web::test]
async fn the_default_programme_weighs_alike() {
    let programme = get("/api/v1/programmes/default").await.good();
    let weights = programme["weights"].as_object().unwrap();
    assert!(
        weights.len() == 6 && weights.values().all(|weight| *weight == 0.2),
        "{programme}"
    );
}

#[actix_web::test]
async fn every_source_has_its_notice() {
    let sources = get("/api/v1/sources").await.good();
    let items = sources["items"].as_array().unwrap();
    assert!(!items.is_empty());
    for item in items {
        assert!(
            item["licence"].is_string() && item["attribution"].is_string(),
            "{item}"
        );
    }
}

#[actix_web::test]
async fn the_probes_answer() {
    let status = get("/_status").await.good();
    assert_eq!(
        (&status["status"], &status["database"]["reachable"]),
        (&"ok".into(), &true.into())
    );
    assert_eq!(
        status["database"]["scoringRevision"],
        status["snapshot"]["revision"]
    );
    let metrics = get("/metrics").await;
    let text = String::from_utf8(metrics.body.to_vec()).unwrap();
    assert!(metrics.header("content-type").starts_with("text/plain"));
    assert!(text.contains("alongside_snapshot_revision"), "{text}");
}
