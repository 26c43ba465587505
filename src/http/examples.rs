//! The examples of the document. Those of failures are made by the code that makes the failures; the others are answers of
//! the service over the bundled data, kept in `examples/`. Where one no longer is, the test `every_example_is_a_real_answer`
//! writes the new one and says where.

use chrono::NaiveDate;
use serde_json::Value;

use crate::domain::error::{Error, FieldError};
use crate::domain::ids::OdsCode;
use crate::http::hosts;
use crate::http::method::MethodView;
use crate::http::operation::Operation;
use crate::http::problem::{Kind, Occurrence, Problem};

/// The body that an operation takes.
pub(crate) fn body(operation: &str) -> Option<Value> {
    let body = Operation::find(operation)?.body?;
    serde_json::from_str(body).ok()
}

/// What an operation answers when all is well, over the bundled data; a test asks the service the same and compares.
pub(crate) fn answer(operation: &str) -> Option<Value> {
    if operation == "show_method" {
        return serde_json::to_value(MethodView::new()).ok();
    }
    let answer = Operation::find(operation)?.answer?;
    serde_json::from_str(answer).ok()
}

/// Every failure that the document lists: its name, its words and an example.
pub(crate) fn failures() -> Vec<(&'static str, &'static str, Value)> {
    let suggestions = "/api/v1/organisations/RTH/suggestions";
    vec![
        failure(
            "Unreadable",
            "The request cannot be read: a malformed, unknown, repeated or empty parameter, or broken JSON.",
            suggestions,
            Problem::unreadable("/query/limit", "is not a whole number"),
        ),
        failure(
            "Unauthenticated",
            "The request has no key, or one that is unknown, expired or revoked.",
            suggestions,
            Problem::new(Kind::InvalidKey, "The key is unknown, expired or revoked."),
        ),
        failure(
            "Forbidden",
            "The role of the caller may not do this.",
            suggestions,
            Error::Forbidden("this is for programme admins"),
        ),
        failure(
            "TooManyRequests",
            "The caller asks more often than it may; `Retry-After` says when to ask again.",
            suggestions,
            Problem::new(
                Kind::TooManyRequests,
                "At most 600 requests a minute; ask again in 1 s.",
            ),
        ),
        failure(
            "NotFound",
            "There is no such thing, or it is not the caller's to see.",
            suggestions,
            Error::Missing {
                what: "blueprint",
                id: "0199d3c4-7c6a-7b52-b3c8-d2f3b1f6a001".into(),
            },
        ),
        failure(
            "Conflict",
            "The request clashes with what there is; `type` says which rule.",
            suggestions,
            Error::Conflict {
                rule: "/problems/link-answered",
                detail: "The link was confirmed already.".into(),
            },
        ),
        failure(
            "PreconditionFailed",
            "It was changed since the version that `If-Match` names.",
            suggestions,
            Error::Stale,
        ),
        failure(
            "PreconditionRequired",
            "`If-Match` is missing: a change names the version it was made from.",
            suggestions,
            Problem::new(
                Kind::PreconditionRequired,
                "A change has to name the version it was made from: send the ETag of the last answer in If-Match.",
            ),
        ),
        failure(
            "OrganisationNotFound",
            "No organisation has this ODS code.",
            "/api/v1/organisations/ZZZ",
            Error::OrganisationNotFound(code("ZZZ")),
        ),
        failure(
            "MethodNotAllowed",
            "The path takes other methods, which `Allow` lists.",
            "/api/v1/method",
            Problem::method_not_allowed("GET, HEAD".into()),
        ),
        failure(
            "NotAcceptable",
            "The answer cannot be given in an accepted form.",
            suggestions,
            Problem::new(
                Kind::NotAcceptable,
                "The answer is application/json; Accept has to allow it.",
            ),
        ),
        failure(
            "Timeout",
            "The body took too long to arrive.",
            suggestions,
            Problem::new(Kind::Timeout, "The body has to arrive within 30 s."),
        ),
        failure(
            "NotSuggestible",
            "The organisation is closed, and `successors` says whom to ask about; or the two are never suggested to each other.",
            "/api/v1/organisations/RW6/suggestions",
            Error::OrganisationClosed {
                code: code("RW6"),
                on: NaiveDate::from_ymd_opt(2021, 9, 30),
                successors: vec![code("R0A"), code("RM3")],
            },
        ),
        failure(
            "BodyTooLarge",
            "The body is too large.",
            suggestions,
            Problem::new(Kind::BodyTooLarge, "A body has at most 1048576 bytes."),
        ),
        failure(
            "UriTooLong",
            "The path with its query is too long.",
            suggestions,
            Problem::new(
                Kind::UriTooLong,
                "A path with its query has at most 8192 bytes.",
            ),
        ),
        failure(
            "Misdirected",
            "The service listens on this machine alone, and `Host` names another.",
            suggestions,
            Problem::new(Kind::MisdirectedHost, hosts::DETAIL),
        ),
        failure(
            "UnsupportedMediaType",
            "The body is not `application/json` in UTF-8, or comes with a content encoding.",
            suggestions,
            Problem::new(
                Kind::UnsupportedMediaType,
                "The body has to be application/json.",
            ),
        ),
        failure(
            "Invalid",
            "The request can be read but breaks a rule; or no weighted criterion applies to the organisation, and `facts` says what to supply.",
            suggestions,
            Error::Invalid(vec![FieldError::new(
                "/query/limit",
                "is a whole number from 1 to 50",
            )]),
        ),
        failure(
            "Internal",
            "The service failed; the log has the cause under the trace id.",
            suggestions,
            Problem::from_status(actix_web::http::StatusCode::INTERNAL_SERVER_ERROR),
        ),
        failure(
            "Unavailable",
            "The database cannot be reached.",
            suggestions,
            Problem::new(
                Kind::Unavailable,
                "The database cannot be reached; try again shortly.",
            ),
        ),
    ]
}

fn failure(
    name: &'static str,
    words: &'static str,
    instance: &str,
    problem: impl Into<Problem>,
) -> (&'static str, &'static str, Value) {
    let occurrence = Occurrence {
        request_id: "0199d3c47c6a7b52b3c8d2f3b1f6a001".into(),
        instance: instance.to_owned(),
    };
    (
        name,
        words,
        serde_json::to_value(problem.into().view(&occurrence)).unwrap_or_default(),
    )
}

fn code(text: &str) -> OdsCode {
    // Written here, and shown by a test to be codes.
    OdsCode::new(text).unwrap_or_else(|_| unreachable!("a code written in the source"))
}
