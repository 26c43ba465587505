//! Every example of the document: it can be sent as it is, and is what the service answers.

use std::fs;
use std::path::Path;

use super::{SERVICE, get};
use crate::support::calls::{Call, DOCUMENT, calls};
use crate::support::service::Answer;

/// Asks an operation as its examples do: on the shared service where that changes nothing, else on one of its own.
async fn asked(call: &Call, optional: impl Fn(&str) -> bool) -> (String, Answer) {
    if call.only_reads() && !call.is_prepared() {
        let address = call.address(&call.instead(), optional);
        let answer = SERVICE.ask(call.caller(), call.request(&address)).await;
        (address, answer)
    } else {
        call.ask_fresh(optional).await
    }
}

#[actix_web::test]
async fn every_example_is_answered() {
    for call in calls() {
        // A cursor belongs to its question: the one of no other parameters.
        let all_but_cursor = |name: &str| name != "cursor";
        let only_cursor = |name: &str| name == "cursor";
        let nothing = |_: &str| false;
        let optional: [&dyn Fn(&str) -> bool; 3] = [&all_but_cursor, &only_cursor, &nothing];
        for optional in optional {
            // The list of remarks is of an import whose id is made anew for the test.
            if call.id == "list_import_remarks" && optional("cursor") {
                continue;
            }
            let (address, answer) = asked(&call, optional).await;
            assert!(
                (200..300).contains(&answer.status),
                "{} {address}: {} {}",
                call.method,
                answer.status,
                String::from_utf8_lossy(&answer.body)
            );
        }
    }
}

/// Answers that are shortened in the document: the question to which each is the answer.
const QUESTIONS: &[(&str, &str)] = &[
    (
        "show_what_if",
        "/api/v1/admin/what-if?capacity=2&limit=2&asOf=2026-11-22",
    ),
    (
        "show_pipeline",
        "/api/v1/admin/pipeline?limit=1&asOf=2026-11-22",
    ),
    (
        "search_fhir_affiliations",
        "/fhir/R4/OrganizationAffiliation?primary-organization=RW6&_count=1",
    ),
    (
        "search_fhir_organizations",
        "/fhir/R4/Organization?active=true&_count=1",
    ),
    ("list_organisations", "/api/v1/organisations?limit=1"),
    (
        "show_flips",
        "/api/v1/organisations/RTH/flips?between=RHW,RJ7&asOf=2026-11-22",
    ),
    (
        "show_peer_group",
        "/api/v1/organisations/RTH/peer-group?limit=2",
    ),
    ("show_peer_groups", "/api/v1/admin/peer-groups?limit=2"),
    (
        "list_suggestions",
        "/api/v1/organisations/RTH/suggestions?limit=1&asOf=2026-11-22&draws=2000",
    ),
    (
        "show_suggestion",
        "/api/v1/organisations/RTH/suggestions/RHW?asOf=2026-11-22&draws=2000",
    ),
    (
        "compare_candidates",
        "/api/v1/organisations/RTH/comparison?with=RHW&asOf=2026-11-22&draws=2000",
    ),
];

/// Answers that differ from run to run, or that another test compares.
const OTHERWISE_SHOWN: [&str; 4] = ["show_openapi", "metrics", "show_workings", "make_workings"];

#[actix_web::test]
async fn every_example_is_a_real_answer() {
    let made = Path::new(env!("CARGO_TARGET_TMPDIR")).join("examples");
    fs::create_dir_all(&made).unwrap();
    let mut differ = Vec::new();
    for call in calls() {
        if OTHERWISE_SHOWN.contains(&call.id) {
            continue;
        }
        let question = QUESTIONS.iter().find(|(id, _)| *id == call.id);
        let answer = match question {
            Some((_, address)) => SERVICE.ask(call.caller(), call.request(address)).await,
            None => asked(&call, |_| false).await.1,
        };
        let form = answer.header("content-type");
        if !["application/json", "application/fhir+json"].contains(&form) {
            continue;
        }
        let example =
            &call.operation["responses"][answer.status.to_string()]["content"][form]["example"];
        if *example != answer.json() {
            let text = serde_json::to_string_pretty(&answer.json()).unwrap() + "\n";
            fs::write(made.join(format!("{}.json", call.id)), text).unwrap();
            differ.push(call.id);
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
    let document = &*DOCUMENT;
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
