//! The document: the same as its file, and complete.

use std::collections::BTreeSet;

use serde_json::Value;

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/openapi/openapi.json");

fn document() -> Value {
    serde_json::from_str(&alongside::http::openapi_json().unwrap()).unwrap()
}

/// Every operation with its path and method.
fn operations(document: &Value) -> Vec<(String, &Value)> {
    let paths = document["paths"].as_object().unwrap();
    let of = |path: &str, item: &'static str| format!("{item} {path}");
    let mut operations = Vec::new();
    for (path, item) in paths {
        for method in ["get", "put", "post", "patch", "delete"] {
            if let Some(operation) = item.get(method) {
                operations.push((of(path, method), operation));
            }
        }
    }
    operations
}

/// Follows a reference within the document.
fn resolve<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    match value["$ref"].as_str() {
        Some(reference) => document
            .pointer(reference.trim_start_matches('#'))
            .expect(reference),
        None => value,
    }
}

#[test]
fn the_file_is_what_the_code_says() {
    let file = std::fs::read_to_string(FILE).unwrap_or_default();
    let code = alongside::http::openapi_json().unwrap();
    assert!(
        file == code,
        "write the output of `alongside openapi` to {FILE}"
    );
}

#[test]
fn every_operation_is_described() {
    let document = document();
    let tags: BTreeSet<&str> = document["tags"]
        .as_array()
        .unwrap()
        .iter()
        .map(|tag| tag["name"].as_str().unwrap())
        .collect();
    let mut ids = BTreeSet::new();
    for (name, operation) in operations(&document) {
        for field in ["operationId", "summary", "description"] {
            assert!(
                operation[field]
                    .as_str()
                    .is_some_and(|text| !text.is_empty()),
                "{name}: {field}"
            );
        }
        assert!(
            ids.insert(operation["operationId"].as_str().unwrap()),
            "{name}: the id is there twice"
        );
        for tag in operation["tags"].as_array().unwrap() {
            assert!(tags.contains(tag.as_str().unwrap()), "{name}: {tag}");
        }
    }
    assert!(ids.len() > 70, "{}", ids.len());
}

#[test]
fn every_parameter_and_body_has_an_example_and_bounds() {
    let document = document();
    for (name, operation) in operations(&document) {
        for parameter in operation["parameters"].as_array().into_iter().flatten() {
            assert!(
                (!parameter["example"].is_null() || parameter["schema"]["examples"].is_array())
                    && parameter["description"].is_string(),
                "{name}: {parameter}"
            );
            let schema = &parameter["schema"];
            let is_bounded = match schema["type"].as_str().unwrap() {
                "string" => schema["maxLength"].is_u64() || schema["enum"].is_array(),
                "integer" | "number" => {
                    !schema["minimum"].is_null() && !schema["maximum"].is_null()
                }
                "array" => schema["maxItems"].is_u64(),
                "boolean" => true,
                _ => false,
            };
            assert!(is_bounded, "{name}: {parameter}");
        }
        for (kind, content) in operation["requestBody"]["content"]
            .as_object()
            .into_iter()
            .flatten()
        {
            // Files that are handed in are text.
            if kind == "text/csv" {
                assert!(content["example"].is_string(), "{name}: {kind}");
                continue;
            }
            assert!(
                kind == "application/json" && content["example"].is_object(),
                "{name}: {kind}"
            );
            let schema = resolve(&document, &content["schema"]);
            assert_eq!(schema["additionalProperties"], false, "{name}");
        }
    }
}

#[test]
fn every_answer_has_words_and_an_example() {
    let document = document();
    for (name, operation) in operations(&document) {
        let responses = operation["responses"].as_object().unwrap();
        assert!(
            responses.keys().any(|status| status.starts_with('4')),
            "{name}"
        );
        for (status, response) in responses {
            let response = resolve(&document, response);
            assert!(
                response["description"]
                    .as_str()
                    .is_some_and(|words| !words.is_empty()),
                "{name} {status}"
            );
            assert!(
                response["headers"]["X-Request-ID"].is_object(),
                "{name} {status}"
            );
            for (kind, content) in response["content"].as_object().into_iter().flatten() {
                // A workbook is no text, and cannot be shown.
                let is_text = !kind.starts_with("application/vnd.");
                // Of two good answers the example is of the one that says what was made.
                let is_other = status == "200" && responses.contains_key("201");
                assert_eq!(
                    is_text && !is_other,
                    !content["example"].is_null(),
                    "{name} {status} {kind}"
                );
                let is_failure = !status.starts_with('2');
                let is_fhir = name.contains(" /fhir/");
                if is_fhir {
                    assert_eq!(kind, "application/fhir+json", "{name} {status}");
                    let is_outcome = content["example"]["resourceType"] == "OperationOutcome";
                    assert_eq!(is_failure, is_outcome, "{name} {status}");
                    continue;
                }
                assert_eq!(
                    is_failure,
                    kind == "application/problem+json",
                    "{name} {status} {kind}"
                );
                if is_failure {
                    assert_eq!(content["example"]["status"].to_string(), *status, "{name}");
                }
            }
        }
    }
}

#[test]
fn every_component_is_used_and_every_reference_leads_somewhere() {
    fn gather(value: &Value, into: &mut BTreeSet<String>) {
        match value {
            Value::Object(fields) => {
                for (name, field) in fields {
                    if name == "$ref" {
                        into.insert(field.as_str().unwrap().to_owned());
                    }
                    gather(field, into);
                }
            }
            Value::Array(items) => items.iter().for_each(|item| gather(item, into)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
    let document = document();
    let mut references = BTreeSet::new();
    gather(&document, &mut references);
    for reference in &references {
        assert!(
            document
                .pointer(reference.trim_start_matches('#'))
                .is_some(),
            "{reference}"
        );
    }
    for (section, components) in document["components"].as_object().unwrap() {
        for name in components.as_object().unwrap().keys() {
            let reference = format!("#/components/{section}/{name}");
            // Operations name the way in which callers say who they are without a reference.
            assert!(
                section == "securitySchemes" || references.contains(&reference),
                "nothing uses {reference}"
            );
        }
    }
}
