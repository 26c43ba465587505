//! Every example of the document: it can be sent as it is, and is what the service answers.

use super::{get, post};
use serde_json::Value;
use std::fs;
use std::path::Path;

/// An example as it stands in an address.
fn text(example: &Value) -> String {
    match example {
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(text).collect::<Vec<_>>().join(","),
        other => other.to_string(),
    }
}

/// The path with its parameters' examples; `optional` says which of the optional ones.
fn address(path: &str, operation: &Value, optional: impl Fn(&str) -> bool) -> String {
    let mut path = path.to_owned();
    let mut query = Vec::new();
    for parameter in operation["parameters"].as_array().into_iter().flatten() {
        let name = parameter["name"].as_str().unwrap();
        let example = match &parameter["example"] {
            Value::Null => text(&parameter["schema"]["examples"][0]),
            example => text(example),
        };
        if parameter["in"] == "path" {
            path = path.replace(&format!("{{{name}}}"), &example);
        } else if parameter["required"] == true || optional(name) {
            query.push((name, example));
        }
    }
    let query = serde_urlencoded::to_string(query).unwrap();
    if query.is_empty() {
        path
    } else {
        format!("{path}?{query}")
    }
}

#[actix_web::test]
async fn every_example_is_answered() {
    let document: Value = serde_json::from_str(&alongside::http::openapi_json().unwrap()).unwrap();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            for optional in [true, false] {
                // A cursor belongs to its question, so its example is a place in no list of ours.
                let address = address(path, operation, |name| optional && name != "cursor");
                let answer = match method.as_str() {
                    "post" => {
                        let body =
                            &operation["requestBody"]["content"]["application/json"]["example"];
                        post(&address, &body.to_string()).await
                    }
                    _ => get(&address).await,
                };
                assert_eq!(answer.status, 200, "{address}");
            }
        }
    }
}

/// The files of `src/http/examples`, each with the question that it answers.
const QUESTIONS: [(&str, &str); 10] = [
    ("list_organisations", "/api/v1/organisations?limit=1"),
    ("show_organisation", "/api/v1/organisations/RTH"),
    (
        "list_suggestions",
        "/api/v1/organisations/RTH/suggestions?limit=1&asOf=2026-11-22",
    ),
    ("make_suggestions", "/api/v1/organisations/RTH/suggestions"),
    (
        "show_suggestion",
        "/api/v1/organisations/RTH/suggestions/RHW?asOf=2026-11-22",
    ),
    (
        "compare_candidates",
        "/api/v1/organisations/RTH/comparison?with=RHW&asOf=2026-11-22",
    ),
    ("show_default_programme", "/api/v1/programmes/default"),
    ("list_sources", "/api/v1/sources"),
    ("ping", "/_ping"),
    ("status", "/_status"),
];

#[actix_web::test]
async fn every_example_is_a_real_answer() {
    let document: Value = serde_json::from_str(&alongside::http::openapi_json().unwrap()).unwrap();
    let operations: Vec<&Value> = document["paths"]
        .as_object()
        .unwrap()
        .values()
        .flat_map(|item| item.as_object().unwrap().values())
        .collect();
    let made = Path::new(env!("CARGO_TARGET_TMPDIR")).join("examples");
    fs::create_dir_all(&made).unwrap();
    let mut differ = Vec::new();
    for (id, question) in QUESTIONS {
        let operation = operations
            .iter()
            .find(|operation| operation["operationId"] == id)
            .unwrap();
        let answer = match operation["requestBody"]["content"]["application/json"].get("example") {
            Some(body) => post(question, &body.to_string()).await.good(),
            None => get(question).await.good(),
        };
        let example = &operation["responses"]["200"]["content"]["application/json"]["example"];
        if *example != answer {
            let text = serde_json::to_string_pretty(&answer).unwrap() + "\n";
            fs::write(made.join(format!("{id}.json")), text).unwrap();
            differ.push(id);
        }
    }
    assert!(
        differ.is_empty(),
        "{differ:?}: copy what the service answers from {} to src/http/examples/",
        made.display()
    );
}

#[actix_web::test]
async fn the_examples_in_words_are_real_too() {
    let metrics = get("/metrics").await;
    let text = String::from_utf8(metrics.body.to_vec()).unwrap();
    let document = get("/api/v1/openapi.json").await.good();
    let example = &document["paths"]["/metrics"]["get"]["responses"]["200"]["content"]["text/plain"]
        ["example"];
    for line in example.as_str().unwrap().lines() {
        assert!(text.contains(line), "{line} in {text}");
    }
    let closed = get("/api/v1/organisations/RW6/suggestions").await.json();
    let example = &document["components"]["responses"]["NotSuggestible"]["content"]["application/problem+json"]
        ["example"];
    for field in ["type", "title", "status", "detail", "successors"] {
        assert_eq!(closed[field], example[field], "{field}");
    }
}
