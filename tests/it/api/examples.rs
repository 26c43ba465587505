//! Every example of the document can be sent as it is.

use super::{get, post};
use serde_json::Value;

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
        let example = text(&parameter["example"]);
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

/// Shows that what is answered has the fields of the example, at the top.
fn alike(answer: &Value, example: &Value, of: &str) {
    let names = |value: &Value| {
        value
            .as_object()
            .map(|fields| fields.keys().cloned().collect::<Vec<_>>())
    };
    assert_eq!(names(answer), names(example), "{of}");
}

#[actix_web::test]
async fn every_example_is_answered() {
    let document: Value = serde_json::from_str(&alongside::http::openapi_json().unwrap()).unwrap();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let good = &operation["responses"]["200"]["content"];
            let example = &good["application/json"]["example"];
            for optional in [true, false] {
                let address = address(path, operation, |_| optional);
                let answer = match method.as_str() {
                    "post" => {
                        let body =
                            &operation["requestBody"]["content"]["application/json"]["example"];
                        post(&address, &body.to_string()).await
                    }
                    _ => get(&address).await,
                };
                assert_eq!(answer.status, 200, "{address}");
                if example.is_object() && operation["operationId"] != "show_openapi" {
                    alike(&answer.json(), example, &address);
                }
            }
        }
    }
}
