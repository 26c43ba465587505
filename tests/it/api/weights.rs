use serde_json::{Value, json};

use crate::support::service::{As, TestService};

const WEIGHTS: &str = "/api/v1/organisations/RTH/weights";

#[actix_web::test]
async fn weights_are_saved_as_given_and_forgotten() {
    let service = TestService::bundled();
    let none = service.get(As::Rth, WEIGHTS).await;
    assert_eq!(none.good()["weights"], Value::Null);
    assert!(none.header("etag").starts_with("\"0."));
    let body = json!({"weights": {"core_system": 3, "geography": 0.25}});
    let saved = service.put(As::Rth, WEIGHTS, &body).await.good();
    assert_eq!(
        saved["weights"],
        json!({"core_system": 3.0, "geography": 0.25, "care_setting": 0.0, "culture": 0.0,
               "prior_relationships": 0.0, "learning": 0.0})
    );
    assert_eq!(service.get(As::Rth, WEIGHTS).await.good(), saved);
    assert_eq!(service.delete(As::Rth, WEIGHTS).await.status, 204);
    assert_eq!(
        service.get(As::Rth, WEIGHTS).await.good()["weights"],
        Value::Null
    );
    let again = service.delete(As::Rth, WEIGHTS).await;
    again.problem(404, "/problems/not-found");
}

#[actix_web::test]
async fn weights_that_mean_nothing_are_refused() {
    let service = TestService::bundled();
    for (body, pointer) in [
        (json!({"weights": {}}), "/weights"),
        (json!({"weights": {"culture": 0}}), "/weights"),
        (json!({"weights": {"culture": -1}}), "/weights/culture"),
        (json!({"weights": {"cost": 1}}), "/weights/cost"),
        (json!({"culture": 1}), "/culture"),
    ] {
        let answer = service.put(As::Rth, WEIGHTS, &body).await;
        let problem = answer.problem(422, "/problems/invalid-request");
        assert_eq!(problem["errors"][0]["pointer"], pointer, "{problem}");
    }
}

#[actix_web::test]
async fn nobody_else_reads_the_weights() {
    let service = TestService::bundled();
    for (caller, status) in [(As::Admin, 403), (As::Viewer, 403), (As::Rhw, 404)] {
        assert_eq!(
            service.get(caller, WEIGHTS).await.status,
            status,
            "{caller:?}"
        );
    }
}

/// An answer without what another site's view of the seeker and the number of the write make of it.
fn compared(mut answer: Value) -> Value {
    match &mut answer {
        Value::Object(fields) => {
            fields.retain(|name, _| name != "reverseRank" && name != "revision");
            fields
                .values_mut()
                .for_each(|value| *value = compared(value.take()));
        }
        Value::Array(items) => items
            .iter_mut()
            .for_each(|value| *value = compared(value.take())),
        _ => {}
    }
    answer
}

#[actix_web::test]
async fn staff_see_a_site_under_the_programmes_weights_whatever_it_saved() {
    let service = TestService::bundled();
    let path = |rest: &str| format!("/api/v1/organisations/RTH/{rest}");
    let paths = [
        "suggestions",
        "suggestions/RHW",
        "comparison?with=RHW",
        "completeness",
    ]
    .map(path);
    let post = path("suggestions");
    let mut before = Vec::new();
    for path in &paths {
        before.push(service.get(As::Admin, path).await.good());
    }
    let body = json!({"weights": {"core_system": 3, "geography": 0.25}});
    service.put(As::Rth, WEIGHTS, &body).await.good();
    for (path, before) in paths.iter().zip(before) {
        // The site first: what is kept for it is not for others.
        let own = service.get(As::Rth, path).await.good();
        assert_ne!(compared(own), compared(before.clone()), "{path}");
        for staff in [As::Admin, As::Viewer] {
            let seen = service.get(staff, path).await.good();
            assert_eq!(compared(seen), compared(before.clone()), "{path} {staff:?}");
        }
    }
    for (caller, from) in [(As::Rth, "saved"), (As::Admin, "programme")] {
        let answer = service.post(caller, &post, &json!({})).await.good();
        assert_eq!(answer["method"]["weightsFrom"], from);
    }
}

/// From many fits and scores of one site its weights could be worked out, so what staff see holds nothing made from them.
#[actix_web::test]
async fn staff_see_the_same_whatever_a_site_saved() {
    let service = TestService::bundled();
    let evaluation = json!({ "asOf": "2026-11-22" });
    let seen = async || {
        let day = "asOf=2026-11-22&draws=64";
        let mut answers = Vec::new();
        for path in [
            format!("/api/v1/organisations/RTH/suggestions?limit=50&{day}"),
            format!("/api/v1/organisations/RTH/suggestions/RHW?{day}"),
            format!("/api/v1/organisations/RTH/comparison?with=RHW,RJ7&{day}"),
            "/api/v1/organisations/RTH/flips?between=RHW,RJ7&asOf=2026-11-22".to_owned(),
            format!("/api/v1/organisations/RTH/suggestions/workings?{day}"),
        ] {
            answers.push(service.get(As::Viewer, &path).await.good());
        }
        let path = "/api/v1/admin/evaluations";
        answers.push(service.post(As::Viewer, path, &evaluation).await.good());
        for answer in &mut answers {
            let fields = answer.as_object_mut().unwrap();
            for changing in ["revision", "generatedAt"] {
                fields.remove(changing);
            }
        }
        answers
    };
    let before = seen().await;
    let of_site = async || {
        let path = "/api/v1/organisations/RTH/suggestions/RHW?asOf=2026-11-22&draws=0";
        service.get(As::Rth, path).await.good()["suggestion"]["theirFit"].clone()
    };
    let shown_before = of_site().await;
    let path = "/api/v1/organisations/RHW/weights";
    let weights = json!({ "weights": { "geography": 0.9, "culture": 0.1 } });
    service.put(As::Rhw, path, &weights).await.good();
    for (at, (was, is)) in before.iter().zip(seen().await).enumerate() {
        assert_eq!(*was, is, "answer {at}");
    }
    // The site with which it would pair sees what the pair is worth to it.
    assert_ne!(shown_before, of_site().await);
}
