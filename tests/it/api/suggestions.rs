use super::{get, post};
use serde_json::Value;

const PATH: &str = "/api/v1/organisations/RTH/suggestions";

#[actix_web::test]
async fn suggestions_are_ranked_and_explained() {
    let answer = get(&format!("{PATH}?limit=3&asOf=2026-11-22")).await.good();
    assert_eq!(
        (&answer["generatedAt"], &answer["asOf"]),
        (&"2026-11-22T09:00:00Z".into(), &"2026-11-22".into())
    );
    let suggestions = answer["suggestions"].as_array().unwrap();
    assert_eq!(suggestions.len(), 3);
    for (i, suggestion) in suggestions.iter().enumerate() {
        assert_eq!(suggestion["rank"], i + 1);
        let criteria = suggestion["criteria"].as_array().unwrap();
        let sum: f64 = criteria
            .iter()
            .map(|score| score["contribution"].as_f64().unwrap())
            .sum();
        let fit = suggestion["yourFit"]["expected"].as_f64().unwrap();
        // Six rounded contributions against one rounded fit.
        assert!((sum - fit).abs() < 5e-6, "{sum} {fit}");
        for score in criteria {
            assert_eq!(
                score["applicable"] == true,
                score["score"].is_object(),
                "{score}"
            );
        }
    }
}

#[actix_web::test]
async fn the_same_request_gives_the_same_bytes() {
    let path = format!("{PATH}?asOf=2026-11-22");
    assert_eq!(get(&path).await.body, get(&path).await.body);
}

#[actix_web::test]
async fn an_empty_question_asks_for_the_same_as_the_get() {
    assert_eq!(post(PATH, "{}").await.body, get(PATH).await.body);
}

#[actix_web::test]
async fn weights_and_filters_of_a_request_count() {
    let body = r#"{"weights": {"geography": 2}, "filters": {"withinKm": 60}, "limit": 50}"#;
    let answer = post(PATH, body).await.good();
    assert_eq!(answer["method"]["weightsFrom"], "request");
    assert_eq!(answer["method"]["weights"]["geography"], 1.0);
    for suggestion in answer["suggestions"].as_array().unwrap() {
        assert!(suggestion["distanceKm"].as_f64().unwrap() <= 60.0);
    }
}

#[actix_web::test]
async fn broken_questions_are_refused_by_name() {
    for (body, pointer) in [
        (r#"{"weights": {"geography": -1}}"#, "/weights/geography"),
        (r#"{"weights": {"geography": 0}}"#, "/weights"),
        (r#"{"limit": 51}"#, "/limit"),
        (r#"{"filters": {"icb": "q u"}}"#, "/filters/icb"),
    ] {
        let problem = post(PATH, body)
            .await
            .problem(422, "/problems/invalid-request");
        assert_eq!(problem["errors"][0]["pointer"], pointer, "{body}");
    }
}

#[actix_web::test]
async fn a_closed_organisation_is_told_who_took_over() {
    let problem = get("/api/v1/organisations/RW6/suggestions")
        .await
        .problem(409, "/problems/organisation-closed");
    let successors = problem["successors"].as_array().unwrap();
    assert!(!successors.is_empty());
    for code in successors {
        assert!(
            problem["detail"]
                .as_str()
                .unwrap()
                .contains(code.as_str().unwrap())
        );
    }
}

#[actix_web::test]
async fn nobody_is_suggested_to_itself() {
    get(&format!("{PATH}/RTH"))
        .await
        .problem(409, "/problems/never-suggested");
    get(&format!("{PATH}/ZZZ"))
        .await
        .problem(404, "/problems/organisation-not-found");
    get("/api/v1/organisations/ZZZ/suggestions")
        .await
        .problem(404, "/problems/organisation-not-found");
}

#[actix_web::test]
async fn one_candidate_is_explained_as_in_the_list() {
    let list = get(&format!("{PATH}?limit=1&asOf=2026-11-22")).await.good();
    let first = &list["suggestions"][0];
    let code = first["organisation"]["odsCode"].as_str().unwrap();
    let one = get(&format!("{PATH}/{code}?asOf=2026-11-22")).await.good();
    for field in ["yourFit", "theirFit", "mutualFit", "criteria"] {
        assert_eq!(one["suggestion"][field], first[field], "{field}");
    }
}

#[actix_web::test]
async fn candidates_are_compared_by_criterion() {
    let answer = get("/api/v1/organisations/RTH/comparison?with=RHW,RJ7")
        .await
        .good();
    let codes: Vec<&Value> = answer["candidates"]
        .as_array()
        .unwrap()
        .iter()
        .map(|candidate| &candidate["organisation"]["odsCode"])
        .collect();
    assert_eq!(codes, ["RHW", "RJ7"]);
    for row in answer["matrix"].as_array().unwrap() {
        let cells = row["cells"].as_array().unwrap();
        assert_eq!(
            cells
                .iter()
                .map(|cell| &cell["odsCode"])
                .collect::<Vec<_>>(),
            ["RHW", "RJ7"]
        );
    }
    get("/api/v1/organisations/RTH/comparison?with=RHW,rhw")
        .await
        .problem(422, "/problems/invalid-request");
}
