//! Historical pairs, through the interface.

use actix_web::http::header::{ACCEPT, IF_NONE_MATCH};
use actix_web::test::TestRequest;
use serde_json::{Value, json};

use super::{SERVICE, get};
use crate::support::database::one_of_each;
use crate::support::service::{As, TestService};

const EVALUATIONS: &str = "/api/v1/admin/evaluations";
const PICTURE: &str = "/api/v1/admin/evaluations/picture?asOf=2026-11-22";

async fn evaluated(body: &Value) -> Value {
    let answer = SERVICE.post(As::Admin, EVALUATIONS, body).await;
    answer.good()
}

fn of<'a>(answer: &'a Value, ranking: &str) -> &'a Value {
    let rankings = answer["rankings"].as_array().unwrap();
    rankings.iter().find(|r| r["ranking"] == ranking).unwrap()
}

#[actix_web::test]
async fn the_bundled_pairs_are_evaluated_with_intervals_and_what_is_left_out_says_why() {
    let answer = evaluated(&json!({ "asOf": "2026-11-22" })).await;
    assert_eq!(
        (&answer["pairCount"], &answer["seed"]),
        (&json!(7), &json!(1))
    );
    assert_eq!(answer["cases"].as_array().unwrap().len(), 14);
    assert_eq!(answer["leftOut"].as_array().unwrap().len(), 7);
    for ranking in answer["rankings"].as_array().unwrap() {
        let mrr = &ranking["meanReciprocalRank"];
        let number = |name: &str| mrr[name].as_f64().unwrap();
        assert!(
            number("low") <= number("value") && number("value") <= number("high"),
            "{ranking}"
        );
    }
    // Chance among 201, or 200 where somebody is never suggested: the mean of 1 / rank is H(n) / n.
    let chance = of(&answer, "random")["meanReciprocalRank"]["value"]
        .as_f64()
        .unwrap();
    assert!((0.029..0.0296).contains(&chance), "{chance}");
    // The equal weights are those of the default programme.
    let (ours, equal) = (of(&answer, "alongside"), of(&answer, "equal_weights"));
    assert_eq!(ours["hitRates"], equal["hitRates"]);
    assert_eq!(equal["alongsideAheadBy"]["value"], 0.0);
}

#[actix_web::test]
async fn a_case_stands_where_the_list_of_suggestions_shows_it() {
    // No link joins these two, so that nothing is taken out.
    let pair = json!({ "pairs": [{ "site": "RTH", "partner": "RJ7" }], "asOf": "2026-11-22" });
    let answer = evaluated(&pair).await;
    assert_eq!(answer["linksLeftOut"], 0);
    for (seeker, partner) in [("RTH", "RJ7"), ("RJ7", "RTH")] {
        let cases = answer["cases"].as_array().unwrap();
        let case = cases.iter().find(|case| case["seeker"] == seeker).unwrap();
        let rank = case["ranks"][0]["rank"].as_f64().unwrap();
        let path =
            format!("/api/v1/organisations/{seeker}/suggestions/{partner}?asOf=2026-11-22&draws=0");
        let shown = get(&path).await.good();
        assert!(
            (rank - shown["suggestion"]["rank"].as_f64().unwrap()).abs() < 1e-9,
            "{case}"
        );
    }
}

#[actix_web::test]
async fn what_is_wrong_is_named() {
    let rule = "/problems/invalid-request";
    for (body, pointer) in [
        (json!({ "pairs": [] }), "/pairs"),
        (json!({ "pairs": [{ "site": "RTH" }] }), "/pairs/0/partner"),
        (
            json!({ "pairs": [{ "site": "RTH", "partner": "R-1" }] }),
            "/pairs/0/partner",
        ),
        (
            json!({ "pairs": [{ "site": "RTH", "partner": "ZZZZ" }] }),
            "/pairs",
        ),
        (
            json!({ "pairs": [{ "site": "RTH", "partner": "RTH" }] }),
            "/pairs",
        ),
        (json!({ "excludeKinds": ["friendship"] }), "/excludeKinds/0"),
        (json!({ "seed": -1 }), "/seed"),
        (json!({ "seed": 1.5 }), "/seed"),
        (json!({ "weights": { "culture": 0 } }), "/weights"),
    ] {
        let answer = SERVICE.post(As::Admin, EVALUATIONS, &body).await;
        let problem = answer.problem(422, rule);
        assert_eq!(
            problem["errors"][0]["pointer"], pointer,
            "{body}: {problem}"
        );
    }
    let many: Vec<Value> = (0..1001)
        .map(|_| json!({ "site": "RTH", "partner": "RHW" }))
        .collect();
    let answer = SERVICE
        .post(As::Admin, EVALUATIONS, &json!({ "pairs": many }))
        .await;
    assert_eq!(answer.status, 422);
}

#[actix_web::test]
async fn every_database_gives_the_same_evaluation() {
    let mut answers = Vec::new();
    for database in one_of_each() {
        let service = TestService::filled(database);
        let body =
            json!({ "asOf": "2026-11-22", "seed": 5, "excludeKinds": ["programme_pairing"] });
        let mut answer = service.post(As::Viewer, EVALUATIONS, &body).await.good();
        answer.as_object_mut().unwrap().remove("revision");
        answers.push(answer);
    }
    answers.push({
        let body =
            json!({ "asOf": "2026-11-22", "seed": 5, "excludeKinds": ["programme_pairing"] });
        let mut answer = evaluated(&body).await;
        answer.as_object_mut().unwrap().remove("revision");
        answer
    });
    assert!(answers.len() >= 2 && answers.windows(2).all(|two| two[0] == two[1]));
}

#[actix_web::test]
async fn the_picture_is_an_image_that_can_be_kept() {
    let ask = |accept: &'static str| {
        TestRequest::get()
            .uri(PICTURE)
            .insert_header((ACCEPT, accept))
    };
    let picture = SERVICE.ask(As::Admin, ask("image/svg+xml")).await;
    assert_eq!(picture.status, 200);
    let svg = String::from_utf8(picture.body.to_vec()).unwrap();
    assert!(
        svg.starts_with("<svg ") && svg.contains("7 pairs, each from both sides."),
        "{svg}"
    );
    let tag = picture.header("etag").to_owned();
    let again = ask("image/svg+xml").insert_header((IF_NONE_MATCH, tag));
    assert_eq!(SERVICE.ask(As::Admin, again).await.status, 304);
    assert_eq!(
        SERVICE.ask(As::Admin, ask("application/json")).await.status,
        406
    );
}
