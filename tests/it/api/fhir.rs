use super::{SERVICE, ask, get};
use crate::support::service::{Answer, As};
use actix_web::http::header::ACCEPT;
use actix_web::test::TestRequest;
use serde_json::Value;

const BASE: &str = "/fhir/R4";

/// Asks for a resource that is there.
async fn resource(path: &str) -> Value {
    let answer = get(&format!("{BASE}{path}")).await;
    let body = answer.json();
    assert_eq!(
        (answer.status, answer.header("content-type")),
        (200, "application/fhir+json"),
        "{path}: {body}"
    );
    body
}

/// Shows that this is a failure in the form of FHIR, and returns its first issue.
fn outcome(answer: &Answer, status: u16, code: &str) -> Value {
    let body = answer.json();
    assert_eq!(answer.status, status, "{body}");
    assert_eq!(answer.header("content-type"), "application/fhir+json");
    assert_eq!(body["resourceType"], "OperationOutcome");
    assert_eq!(body["issue"][0]["code"], code, "{body}");
    body["issue"][0].clone()
}

fn ids(bundle: &Value) -> Vec<&str> {
    bundle["entry"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|entry| entry["resource"]["id"].as_str().unwrap())
        .collect()
}

fn link<'a>(bundle: &'a Value, relation: &str) -> Option<&'a str> {
    let links = bundle["link"].as_array().unwrap();
    let found = links.iter().find(|link| link["relation"] == relation)?;
    found["url"].as_str()
}

#[actix_web::test]
async fn an_organisation_is_read_by_its_code() {
    let oxford = resource("/Organization/RTH").await;
    assert_eq!(
        (&oxford["resourceType"], &oxford["id"], &oxford["active"]),
        (&"Organization".into(), &"RTH".into(), &true.into())
    );
    assert_eq!(
        oxford["identifier"][0],
        serde_json::json!({
            "use": "official", "system": "https://fhir.nhs.uk/Id/ods-organization-code", "value": "RTH"
        })
    );
    assert_eq!(oxford["type"][0]["coding"][0]["code"], "acute");
    assert_eq!(resource("/Organization/RW6").await["active"], false);
}

#[actix_web::test]
async fn a_resource_that_the_client_has_is_not_sent_again() {
    for path in [
        "/Organization/RTH",
        "/Organization?name=oxford",
        "/metadata",
    ] {
        let path = format!("{BASE}{path}");
        let tag = get(&path).await.header("etag").to_owned();
        let again = TestRequest::get()
            .uri(&path)
            .insert_header(("if-none-match", tag));
        let again = ask(again).await;
        assert_eq!((again.status, again.body.len()), (304, 0), "{path}");
    }
}

#[actix_web::test]
async fn organisations_are_found_by_identifier_name_and_status() {
    let system = "https://fhir.nhs.uk/Id/ods-organization-code%7C";
    for (query, found) in [
        ("identifier=RTH".to_owned(), vec!["RTH"]),
        (format!("identifier={system}rth"), vec!["RTH"]),
        (format!("identifier={system}RTH,RHW"), vec!["RHW", "RTH"]),
        ("identifier=https://example.org%7CRTH".to_owned(), vec![]),
        ("_id=RTH&name=oxford%20uni".to_owned(), vec!["RTH"]),
        ("_id=RTH&name=university".to_owned(), vec![]),
        ("_id=RTH&name:contains=university".to_owned(), vec!["RTH"]),
        ("_id=RTH&name:contains=rth".to_owned(), vec![]),
        ("_id=RTH,RW6&active=false".to_owned(), vec!["RW6"]),
        ("_id=RTH&identifier=RHW".to_owned(), vec![]),
        ("name=100%25_".to_owned(), vec![]),
    ] {
        let bundle = resource(&format!("/Organization?{query}")).await;
        assert_eq!(ids(&bundle), found, "{query}");
        assert_eq!(bundle["total"], found.len(), "{query}");
        assert_eq!(bundle["entry"].is_null(), found.is_empty(), "{query}");
    }
}

#[actix_web::test]
async fn pages_follow_their_links_to_the_end() {
    for (path, n_found) in [
        ("/Organization?active=true&_count=90", None),
        ("/OrganizationAffiliation?_count=150", None),
        (
            "/OrganizationAffiliation?primary-organization=RTH,RHW&_count=1",
            Some("RTH"),
        ),
    ] {
        let mut seen: Vec<String> = Vec::new();
        let mut bundle = resource(path).await;
        let total = bundle["total"].as_u64();
        loop {
            let page = ids(&bundle);
            assert!(!page.is_empty(), "{path}");
            seen.extend(page.into_iter().map(str::to_owned));
            let Some(next) = link(&bundle, "next") else {
                break;
            };
            let next = next.strip_prefix("http://localhost:8080/fhir/R4").unwrap();
            bundle = resource(next).await;
        }
        let mut once = seen.clone();
        once.sort();
        once.dedup();
        assert_eq!(once.len(), seen.len(), "{path}: one is there twice");
        assert!(
            total.is_none_or(|total| total == seen.len() as u64),
            "{path}"
        );
        assert!(n_found.is_none() || seen.len() > 1, "{path}");
    }
}

#[actix_web::test]
async fn a_page_says_which_it_is() {
    let bundle = resource("/Organization?_count=1&_format=json").await;
    assert_eq!(
        link(&bundle, "self"),
        Some("http://localhost:8080/fhir/R4/Organization?_count=1&_format=json")
    );
    let entry = &bundle["entry"][0];
    let id = entry["resource"]["id"].as_str().unwrap();
    assert_eq!(
        entry["fullUrl"],
        format!("http://localhost:8080/fhir/R4/Organization/{id}")
    );
}

#[actix_web::test]
async fn a_succession_is_read_from_either_side() {
    let read = resource("/OrganizationAffiliation/succession-RW6-R0A").await;
    assert_eq!(read["organization"]["reference"], "Organization/RW6");
    assert_eq!(
        read["participatingOrganization"]["identifier"]["value"],
        "R0A"
    );
    for query in [
        "primary-organization=Organization/RW6",
        "participating-organization=R0A",
        "_id=succession-RW6-R0A",
        "_id=succession-RW6-R0A&primary-organization=RW6&participating-organization=R0A",
    ] {
        let bundle = resource(&format!("/OrganizationAffiliation?{query}")).await;
        assert!(ids(&bundle).contains(&"succession-RW6-R0A"), "{query}");
    }
    let none = resource("/OrganizationAffiliation?_id=succession-RW6-R0A&primary-organization=RTH");
    assert!(ids(&none.await).is_empty());
}

#[actix_web::test]
async fn every_affiliation_of_a_page_is_read_by_its_id() {
    let bundle = resource("/OrganizationAffiliation?_count=100").await;
    let mut kinds: Vec<&str> = Vec::new();
    for entry in bundle["entry"].as_array().unwrap() {
        let id = entry["resource"]["id"].as_str().unwrap();
        kinds.push(id.split('-').next().unwrap());
        if kinds.len().is_multiple_of(20) {
            let read = resource(&format!("/OrganizationAffiliation/{id}")).await;
            assert_eq!(read, entry["resource"]);
        }
    }
    assert!(kinds.contains(&"link") && kinds.contains(&"member"));
}

#[actix_web::test]
async fn a_membership_names_its_network() {
    let bundle = resource("/OrganizationAffiliation?primary-organization=RTH&_count=200").await;
    let member = bundle["entry"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| &entry["resource"])
        .find(|resource| resource["id"].as_str().unwrap().starts_with("member-"))
        .unwrap();
    assert_eq!(
        member["network"][0]["identifier"]["system"],
        "urn:alongside:network"
    );
    assert!(member["network"][0]["display"].is_string());
    assert!(member.get("participatingOrganization").is_none());
}

#[actix_web::test]
async fn failures_are_outcomes() {
    let at = |path: &str| format!("{BASE}{path}");
    for (path, status, code) in [
        ("/Organization/ZZZ", 404, "not-found"),
        ("/Organization/not-a-code", 404, "not-found"),
        (
            "/OrganizationAffiliation/succession-RW6-RTH",
            404,
            "not-found",
        ),
        ("/OrganizationAffiliation/1", 404, "not-found"),
        ("/Patient/1", 404, "not-found"),
        ("/Organization?address=Oxford", 400, "invalid"),
        ("/Organization?_count=0", 400, "invalid"),
        ("/Organization?_count=201", 400, "invalid"),
        ("/Organization?active=yes", 400, "invalid"),
        ("/Organization?name=a&name:contains=b", 400, "invalid"),
        ("/Organization?name=a&name=b", 400, "invalid"),
        ("/OrganizationAffiliation?role=x", 400, "invalid"),
        ("/OrganizationAffiliation?_after=x", 400, "invalid"),
        ("/metadata?mode=full", 400, "invalid"),
        ("/metadata?_format=xml", 406, "not-supported"),
    ] {
        outcome(&get(&at(path)).await, status, code);
    }
    let issue = outcome(&get(&at("/Organization?address=x")).await, 400, "invalid");
    assert!(issue["diagnostics"].as_str().unwrap().contains("address"));
    let nobody = SERVICE.get(As::Nobody, &at("/Organization/RTH")).await;
    outcome(&nobody, 401, "login");
    assert_eq!(
        nobody.header("www-authenticate"),
        "Bearer realm=\"alongside\""
    );
    let made = ask(TestRequest::post().uri(&at("/Organization"))).await;
    outcome(&made, 405, "not-supported");
    assert_eq!(made.header("allow"), "GET, HEAD");
    let xml = TestRequest::get()
        .uri(&at("/Organization/RTH"))
        .insert_header((ACCEPT, "application/fhir+xml"));
    outcome(&ask(xml).await, 406, "not-supported");
    let long = at(&format!("/Organization?name={}", "x".repeat(9000)));
    outcome(&get(&long).await, 414, "too-long");
}

#[actix_web::test]
async fn json_is_given_under_each_of_its_names() {
    for accept in [
        "application/fhir+json",
        "application/json",
        "application/fhir+xml, application/fhir+json;q=0.5",
        "*/*",
    ] {
        let request = TestRequest::get()
            .uri("/fhir/R4/Organization/RTH")
            .insert_header((ACCEPT, accept));
        assert_eq!(ask(request).await.status, 200, "{accept}");
    }
    for format in ["json", "application/fhir+json", "application/fhir%2Bjson"] {
        let request = TestRequest::get()
            .uri(&format!("/fhir/R4/Organization/RTH?_format={format}"))
            .insert_header((ACCEPT, "application/fhir+xml"));
        assert_eq!(ask(request).await.status, 200, "{format}");
    }
}

#[actix_web::test]
async fn what_it_can_do_is_stated_to_everybody() {
    let answer = SERVICE.get(As::Nobody, "/fhir/R4/metadata").await;
    let statement = answer.json();
    assert_eq!(
        (answer.status, &statement["fhirVersion"]),
        (200, &"4.0.1".into())
    );
    // What is stated is what the document says, paging and form aside.
    let document: Value = serde_json::from_str(&alongside::http::openapi_json().unwrap()).unwrap();
    for resource in statement["rest"][0]["resource"].as_array().unwrap() {
        let path = format!("{BASE}/{}", resource["type"].as_str().unwrap());
        let taken: Vec<&str> = document["paths"][&path]["get"]["parameters"]
            .as_array()
            .unwrap()
            .iter()
            .map(|parameter| parameter["name"].as_str().unwrap())
            .collect();
        for parameter in resource["searchParam"].as_array().unwrap() {
            let name = parameter["name"].as_str().unwrap();
            assert!(taken.contains(&name), "{path}: {name}");
        }
    }
}
