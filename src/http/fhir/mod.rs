//! The organisations and what joins them as FHIR R4 (4.0.1), to read: for clients that know ODS by its FHIR interface.
//!
//! How ours becomes theirs is in [`organizations`] and [`affiliations`]; the types of FHIR that this takes are in [`types`]. A
//! failure below [`PREFIX`] is an [`outcome`], made where every other failure is written.
//!
//! Names of our own code systems and extensions begin with `urn:alongside:`. Resources have no `meta`: facts are dated, not
//! resources, and a version that is not known is better left out.

pub(crate) mod affiliations;
pub(crate) mod bundle;
pub(crate) mod capability;
pub(crate) mod form;
pub(crate) mod organizations;
pub(crate) mod outcome;
pub(crate) mod types;

use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_TYPE, HeaderValue};
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;

use crate::http::access::Rule;
use crate::http::answer;
use crate::http::operation::Operation;
use crate::http::problem::Problem;

/// What is said of the operations of this folder.
pub(crate) const OPERATIONS: &[Operation] = &[
    Operation::new("read_fhir_affiliation", Rule::Anyone)
        .answers(include_str!("../examples/read_fhir_affiliation.json")),
    Operation::new("read_fhir_organization", Rule::Anyone)
        .answers(include_str!("../examples/read_fhir_organization.json")),
    Operation::new("search_fhir_affiliations", Rule::Anyone)
        .answers(include_str!("../examples/search_fhir_affiliations.json")),
    Operation::new("search_fhir_organizations", Rule::Anyone)
        .answers(include_str!("../examples/search_fhir_organizations.json")),
    Operation::new("show_fhir_capabilities", Rule::Open)
        .answers(include_str!("../examples/show_fhir_capabilities.json")),
];

/// What the paths of the interface start with.
pub(crate) const PREFIX: &str = "/fhir/R4";

/// The tag of its operations in the document.
pub(crate) const TAG: &str = "fhir";

/// The media type of its answers, failures included.
pub(crate) const FHIR_JSON: &str = "application/fhir+json";

/// The system of ODS codes.
pub(crate) const ODS_SYSTEM: &str = "https://fhir.nhs.uk/Id/ods-organization-code";

/// The name of our system of care settings.
pub(crate) const CARE_SETTING_SYSTEM: &str = "urn:alongside:care-setting";

/// A rough size of one resource, in bytes.
const RESOURCE_BYTES: usize = 1536;

/// The longest host that an address of ours repeats, in characters.
const MAX_HOST_CHARS: usize = 255;

/// Whether a path is one whose failures are outcomes.
pub(crate) fn is_fhir(path: &str) -> bool {
    path == "/fhir" || path.starts_with("/fhir/")
}

/// Where the service is, as the client addressed it: behind a proxy as the proxy says. The prefix is not in it.
pub(crate) fn server(request: &HttpRequest) -> String {
    let info = request.connection_info();
    let scheme = if info.scheme() == "https" {
        "https"
    } else {
        "http"
    };
    let is_host = |host: &&str| {
        (1..=MAX_HOST_CHARS).contains(&host.len())
            && host
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"-._:[]".contains(&b))
    };
    let host = Some(info.host()).filter(is_host).unwrap_or("localhost");
    format!("{scheme}://{host}")
}

/// Answers with a resource under its tag, or 304 where the client has it already.
fn answered(
    request: &HttpRequest,
    resource: &impl Serialize,
    n_resources: usize,
) -> Result<HttpResponse, Problem> {
    let mut response = answer::tagged(request, resource, RESOURCE_BYTES * (n_resources + 1))?;
    if response.status() == StatusCode::OK {
        let form = HeaderValue::from_static(FHIR_JSON);
        response.headers_mut().insert(CONTENT_TYPE, form);
    }
    Ok(response)
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    #[test]
    fn addresses_are_as_the_client_addressed_us() {
        let of = |name: &'static str, value: &'static str| {
            server(
                &TestRequest::default()
                    .insert_header((name, value))
                    .to_http_request(),
            )
        };
        assert_eq!(
            of("host", "alongside.example:8080"),
            "http://alongside.example:8080"
        );
        assert_eq!(of("x-forwarded-proto", "https"), "https://localhost:8080");
        assert_eq!(of("host", "a<script>"), "http://localhost");
    }

    #[test]
    fn only_paths_of_the_interface_are_its_own() {
        assert!(is_fhir("/fhir") && is_fhir("/fhir/R4/Patient") && is_fhir("/fhir/R5"));
        assert!(!is_fhir("/fhirx") && !is_fhir("/api/v1/fhir"));
    }
}
