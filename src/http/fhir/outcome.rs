//! Failures as `OperationOutcome`.

use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::domain::error::Error;
use crate::http::fhir::form;
use crate::http::hosts;
use crate::http::problem::{Kind, Problem};

/// Why a request failed (FHIR R4 `OperationOutcome`).
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = FhirOperationOutcome)]
pub(crate) struct OperationOutcome {
    /// What this is: `OperationOutcome`.
    #[schema(pattern = "^OperationOutcome$", max_length = 16)]
    resource_type: &'static str,
    /// What went wrong, one for each parameter at fault.
    #[schema(min_items = 1, max_items = 50)]
    issue: Vec<Issue>,
}

/// One thing that went wrong.
#[derive(Serialize, ToSchema)]
#[schema(as = FhirIssue)]
struct Issue {
    /// `error`, or `fatal` where the service is at fault.
    #[schema(max_length = 5)]
    severity: &'static str,
    /// What sort of thing, as FHIR calls it.
    #[schema(max_length = 20)]
    code: &'static str,
    details: Details,
    /// What to tell a person.
    #[schema(max_length = 20_000)]
    diagnostics: String,
}

/// What sort of thing went wrong, as every other interface of the service calls it.
#[derive(Serialize, ToSchema)]
#[schema(as = FhirIssueDetails)]
struct Details {
    /// The stable name of the failure; absent where it has none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(max_items = 1)]
    coding: Vec<ProblemCoding>,
    /// The same in words; it never varies with the occurrence.
    #[schema(max_length = 200)]
    text: &'static str,
}

/// The name of a failure.
#[derive(Serialize, ToSchema)]
#[schema(as = FhirProblemCoding)]
struct ProblemCoding {
    /// Our code system of failures.
    #[schema(max_length = 30)]
    system: &'static str,
    /// The last part of the failure's `type` elsewhere, for example `unreadable-request`.
    #[schema(max_length = 100)]
    code: &'static str,
}

impl From<&Problem> for OperationOutcome {
    fn from(problem: &Problem) -> Self {
        let issue = |diagnostics: String| Issue {
            severity: if problem.kind.status().is_server_error() {
                "fatal"
            } else {
                "error"
            },
            code: issue_type(problem.kind),
            details: Details {
                coding: coding(problem.kind).into_iter().collect(),
                text: problem.kind.title(),
            },
            diagnostics,
        };
        let issues: Vec<Issue> = problem
            .errors()
            .iter()
            .map(|error| issue(format!("{}: {}.", error.pointer, error.detail)))
            .collect();
        Self {
            resource_type: "OperationOutcome",
            issue: if issues.is_empty() {
                vec![issue(problem.detail().to_owned())]
            } else {
                issues
            },
        }
    }
}

fn coding(kind: Kind) -> Option<ProblemCoding> {
    let code = kind.reference().strip_prefix("/problems/")?;
    Some(ProblemCoding {
        system: "urn:alongside:problem",
        code,
    })
}

/// The word of FHIR for a kind of failure (code system `issue-type`).
fn issue_type(kind: Kind) -> &'static str {
    match kind {
        Kind::Unreadable | Kind::Invalid => "invalid",
        Kind::NotFound | Kind::OrganisationNotFound => "not-found",
        Kind::Unauthenticated | Kind::InvalidKey => "login",
        Kind::Forbidden => "forbidden",
        Kind::MethodNotAllowed | Kind::NotAcceptable | Kind::UnsupportedMediaType => {
            "not-supported"
        }
        Kind::Timeout => "timeout",
        Kind::OrganisationClosed | Kind::NeverSuggested | Kind::NothingApplies => "business-rule",
        Kind::Conflict(_) | Kind::PreconditionFailed | Kind::IdempotencyKeyReused => "conflict",
        Kind::PreconditionRequired => "required",
        Kind::TooManyRequests => "throttled",
        Kind::BodyTooLarge | Kind::UriTooLong => "too-long",
        Kind::MisdirectedHost => "security",
        Kind::Internal => "exception",
        Kind::Unavailable => "transient",
        Kind::Other(_) => "processing",
    }
}

/// Every failure that the document lists for this interface: its name, its words and an example.
pub(crate) fn failures() -> Vec<(&'static str, &'static str, Value)> {
    let failure = |name, words, problem: Problem| {
        let outcome = OperationOutcome::from(&problem);
        let example = serde_json::to_value(&outcome).unwrap_or_default();
        (name, words, example)
    };
    vec![
        failure(
            "FhirUnreadable",
            "The search cannot be read: a malformed, unknown, repeated or empty parameter.",
            Problem::unreadable("/query/_count", "is not a whole number"),
        ),
        failure(
            "FhirUnauthenticated",
            "The request has no key, or one that is unknown, expired or revoked.",
            Problem::new(Kind::InvalidKey, "The key is unknown, expired or revoked."),
        ),
        failure(
            "FhirNotFound",
            "There is no such resource.",
            Problem::from(Error::Missing {
                what: "Organization",
                id: "ZZZ".into(),
            }),
        ),
        failure(
            "FhirMethodNotAllowed",
            "The path takes other methods, which `Allow` lists.",
            Problem::method_not_allowed("GET, HEAD".into()),
        ),
        failure(
            "FhirNotAcceptable",
            "The answer cannot be given in an accepted form.",
            Problem::new(Kind::NotAcceptable, form::DETAIL),
        ),
        failure(
            "FhirUriTooLong",
            "The path with its query is too long.",
            Problem::new(
                Kind::UriTooLong,
                "A path with its query has at most 8192 bytes.",
            ),
        ),
        failure(
            "FhirMisdirected",
            "The service listens on this machine alone, and `Host` names another.",
            Problem::new(Kind::MisdirectedHost, hosts::DETAIL),
        ),
        failure(
            "FhirTooManyRequests",
            "The caller asks more often than it may; `Retry-After` says when to ask again.",
            Problem::new(
                Kind::TooManyRequests,
                "At most 600 requests a minute; ask again in 1 s.",
            ),
        ),
        failure(
            "FhirInternal",
            "The service failed; the log has the cause under the request's id.",
            Problem::from_status(actix_web::http::StatusCode::INTERNAL_SERVER_ERROR),
        ),
        failure(
            "FhirUnavailable",
            "The database cannot be reached.",
            Problem::new(
                Kind::Unavailable,
                "The database cannot be reached; try again shortly.",
            ),
        ),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_parameter_at_fault_is_an_issue() {
        let errors = ["/query/a", "/query/b"]
            .map(|at| crate::domain::error::FieldError::new(at, "is unknown"));
        let problem = Problem::of_fields(Kind::Unreadable, errors.to_vec());
        let outcome = serde_json::to_value(OperationOutcome::from(&problem)).unwrap();
        assert_eq!(outcome["issue"].as_array().unwrap().len(), 2);
        let first = &outcome["issue"][0];
        assert_eq!(
            (&first["severity"], &first["code"], &first["diagnostics"]),
            (
                &"error".into(),
                &"invalid".into(),
                &"/query/a: is unknown.".into()
            )
        );
        assert_eq!(first["details"]["coding"][0]["code"], "unreadable-request");
    }

    #[test]
    fn a_failure_without_a_name_has_words() {
        let gone = Problem::from_status(actix_web::http::StatusCode::GONE);
        let outcome = serde_json::to_value(OperationOutcome::from(&gone)).unwrap();
        assert_eq!(outcome["issue"][0]["code"], "processing");
        assert_eq!(outcome["issue"][0]["details"]["text"], "Gone");
        assert!(outcome["issue"][0]["details"].get("coding").is_none());
    }
}
