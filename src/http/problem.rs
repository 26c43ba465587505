//! Every failure as `application/problem+json` (RFC 9457); below `/fhir` as an `OperationOutcome`.
//!
//! Extractors and handlers return a [`Problem`]; the [`observe`](super::observe) middleware writes it, since only it
//! knows the request that failed. The match from the domain's [`Error`] is here, once.

use std::borrow::Cow;
use std::fmt;

use actix_web::body::BoxBody;
use actix_web::http::StatusCode;
use actix_web::http::header::{
    ALLOW, CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE,
};
use actix_web::{HttpResponse, ResponseError};
use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::error::{Error, FieldError};
use crate::domain::ids::OdsCode;
use crate::http::fhir::{self, outcome::OperationOutcome};
pub(crate) use crate::http::kind::Kind;
use crate::http::views::text::Code;
use crate::logging::chain;

/// The media type of a failure.
pub(crate) const PROBLEM_JSON: &str = "application/problem+json";

/// How long a client should wait before it asks again while the database is away or a queue is full, in seconds.
const RETRY_AFTER_S: &str = "5";

/// The rule that an approach is answered, never crossed.
const APPROACH_OPEN: &str = "/problems/approach-open";

/// The most fields that an answer lists.
const MAX_ERRORS: usize = 50;

/// The most of a client's own words that an answer repeats, in characters.
const MAX_SHOWN_CHARS: usize = 100;

/// A client's own words, cut where they are long.
pub(crate) fn shown(words: &str) -> String {
    match words.char_indices().nth(MAX_SHOWN_CHARS) {
        Some((end, _)) => format!("{}…", &words[..end]),
        None => words.to_owned(),
    }
}

/// The header that carries the request's id, both ways.
pub(crate) const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// A failure to be told to the client, with the cause that only the log may say.
#[derive(Debug)]
pub(crate) struct Problem {
    pub(crate) kind: Kind,
    detail: Cow<'static, str>,
    errors: Vec<FieldError>,
    extension: Extension,
    cause: Option<Box<Error>>,
    occurrence: Option<Box<Occurrence>>,
}

/// What some kinds say besides.
#[derive(Debug)]
enum Extension {
    None,
    /// The methods that a path takes, for the `Allow` header.
    Allow(String),
    /// Who took over from a closed organisation.
    Successors(Vec<OdsCode>),
    /// What to supply so that a criterion applies.
    Facts(Vec<&'static str>),
    /// The approach that is open between the two.
    Approach(String),
}

/// Which request failed.
#[derive(Clone, Debug)]
pub(crate) struct Occurrence {
    /// The request's id.
    pub(crate) request_id: String,
    /// The path asked for.
    pub(crate) instance: String,
}

impl Problem {
    /// A failure of this kind; `detail` is for a person and safe to show.
    pub(crate) fn new(kind: Kind, detail: impl Into<Cow<'static, str>>) -> Self {
        Self {
            kind,
            detail: detail.into(),
            errors: Vec::new(),
            extension: Extension::None,
            cause: None,
            occurrence: None,
        }
    }

    /// A failure with its fields; the detail says the first and how many more there are.
    pub(crate) fn of_fields(kind: Kind, mut errors: Vec<FieldError>) -> Self {
        let n_more = errors.len().saturating_sub(1);
        errors.truncate(MAX_ERRORS);
        for error in &mut errors {
            error.pointer = shown(&error.pointer);
        }
        let detail = match errors.first() {
            None => String::from(kind.title()),
            Some(first) => {
                let told = if first.pointer.is_empty() {
                    format!("The body {}", first.detail)
                } else {
                    format!("{}: {}", first.pointer, first.detail)
                };
                match n_more {
                    0 => told + ".",
                    more => format!("{told}; and {more} more."),
                }
            }
        };
        Self {
            errors,
            ..Self::new(kind, detail)
        }
    }

    /// One field that cannot be read.
    pub(crate) fn unreadable(pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::of_fields(Kind::Unreadable, vec![FieldError::new(pointer, detail)])
    }

    /// A method that the path does not take; `allow` lists those it does.
    pub(crate) fn method_not_allowed(allow: String) -> Self {
        let detail = format!("This path takes {allow}.");
        Self {
            extension: Extension::Allow(allow),
            ..Self::new(Kind::MethodNotAllowed, detail)
        }
    }

    /// What the server library answered by itself, in our form.
    pub(crate) fn from_status(status: StatusCode) -> Self {
        let kind = match status {
            StatusCode::BAD_REQUEST => Kind::Unreadable,
            StatusCode::NOT_FOUND => Kind::NotFound,
            StatusCode::NOT_ACCEPTABLE => Kind::NotAcceptable,
            StatusCode::REQUEST_TIMEOUT => Kind::Timeout,
            StatusCode::PAYLOAD_TOO_LARGE => Kind::BodyTooLarge,
            StatusCode::UNSUPPORTED_MEDIA_TYPE => Kind::UnsupportedMediaType,
            StatusCode::INTERNAL_SERVER_ERROR => Kind::Internal,
            other => Kind::Other(other),
        };
        let detail = match kind {
            Kind::Internal => INTERNAL_DETAIL,
            Kind::NotFound => NOT_FOUND_DETAIL,
            Kind::NotAcceptable => {
                "Accept-Encoding has to allow identity, or a coding that the service has."
            }
            _ => "The request was refused.",
        };
        Self::new(kind, detail)
    }

    /// What to tell a person.
    pub(crate) fn detail(&self) -> &str {
        &self.detail
    }

    /// Which fields are at fault.
    pub(crate) fn errors(&self) -> &[FieldError] {
        &self.errors
    }

    /// The same for a request that is no longer at hand when the answer is written.
    pub(crate) fn of(mut self, occurrence: Occurrence) -> Self {
        self.occurrence = Some(Box::new(occurrence));
        self
    }

    /// Writes the answer. Logs the whole chain of causes, where there is one; this happens once a request.
    pub(crate) fn render(&self, occurrence: &Occurrence) -> HttpResponse {
        if let Some(cause) = &self.cause {
            log::error!(request_id = occurrence.request_id.as_str(); "{}", chain(cause.as_ref()));
        }
        let (form, body) = if fhir::is_fhir(&occurrence.instance) {
            let outcome = OperationOutcome::from(self);
            (fhir::FHIR_JSON, serde_json::to_vec(&outcome))
        } else {
            (PROBLEM_JSON, serde_json::to_vec(&self.view(occurrence)))
        };
        let body = body.unwrap_or_default();
        let mut response = HttpResponse::build(self.kind.status());
        response.insert_header((CONTENT_TYPE, HeaderValue::from_static(form)));
        if let Extension::Allow(allow) = &self.extension {
            response.insert_header((ALLOW, allow.as_str()));
        }
        if matches!(self.kind, Kind::Unauthenticated | Kind::InvalidKey) {
            let challenge = if self.kind == Kind::InvalidKey {
                "Bearer realm=\"alongside\", error=\"invalid_token\""
            } else {
                "Bearer realm=\"alongside\""
            };
            response.insert_header((WWW_AUTHENTICATE, challenge));
        }
        if matches!(self.kind, Kind::Unavailable | Kind::TooManyRequests) {
            response.insert_header((RETRY_AFTER, RETRY_AFTER_S));
        }
        response.body(body)
    }

    /// The body of the answer.
    pub(crate) fn view<'a>(&'a self, occurrence: &'a Occurrence) -> ProblemView<'a> {
        let (mut successors, mut facts, mut approach) = (None, None, None);
        match &self.extension {
            Extension::None | Extension::Allow(_) => {}
            Extension::Successors(codes) => {
                successors = Some(codes.iter().copied().map(Code).collect());
            }
            Extension::Facts(names) => facts = Some(names.as_slice()),
            Extension::Approach(id) => approach = Some(id.as_str()),
        }
        ProblemView {
            reference: self.kind.reference(),
            title: self.kind.title(),
            status: self.kind.status().as_u16(),
            detail: &self.detail,
            instance: &occurrence.instance,
            trace_id: &occurrence.request_id,
            errors: self.errors.iter().map(FieldErrorView::from).collect(),
            successors,
            facts,
            approach,
        }
    }
}

/// What to tell of a path that is none of ours.
pub(crate) const NOT_FOUND_DETAIL: &str = "See /api/v1/openapi.json for the paths there are.";

const INTERNAL_DETAIL: &str = "This is our fault. The log has the cause under the trace id.";

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        match error {
            Error::OrganisationNotFound(code) => Self::new(
                Kind::OrganisationNotFound,
                format!("No organisation has the ODS code {code}."),
            ),
            Error::OrganisationClosed {
                code,
                on,
                successors,
            } => {
                let mut detail = format!("{code} closed");
                if let Some(on) = on {
                    detail += &format!(" on {on}");
                }
                if successors.is_empty() {
                    detail += "; no successor is recorded.";
                } else {
                    let noun = if successors.len() == 1 {
                        "successor"
                    } else {
                        "successors"
                    };
                    detail += &format!("; ask about its {noun}: {}.", list(&successors));
                }
                Self {
                    extension: Extension::Successors(successors),
                    ..Self::new(Kind::OrganisationClosed, detail)
                }
            }
            Error::NeverSuggested {
                seeker,
                candidate,
                reason,
            } => Self::new(
                Kind::NeverSuggested,
                format!("{candidate} is never suggested to {seeker}: {reason}."),
            ),
            Error::NothingApplies { seeker, facts } => {
                let facts: Vec<&'static str> =
                    facts.into_iter().map(|fact| fact.as_str()).collect();
                let detail = format!(
                    "None of the weighted criteria can be asked of {seeker}; supply one of: {}.",
                    facts.join(", ")
                );
                Self {
                    extension: Extension::Facts(facts),
                    ..Self::new(Kind::NothingApplies, detail)
                }
            }
            Error::Invalid(errors) => Self::of_fields(Kind::Invalid, errors),
            Error::Stale => Self::new(
                Kind::PreconditionFailed,
                "It was changed since the version that If-Match names; read it again.",
            ),
            Error::Missing { what, id } => Self::new(
                Kind::NotFound,
                format!("There is no {what} {} that you may see here.", shown(&id)),
            ),
            Error::NotYours(code) => Self::new(
                Kind::OrganisationNotFound,
                format!("No organisation that is yours has the ODS code {code}."),
            ),
            Error::ApproachOpen { approach, detail } => Self {
                extension: Extension::Approach(approach),
                ..Self::new(Kind::Conflict(APPROACH_OPEN), detail)
            },
            Error::Conflict { rule, detail } => Self::new(Kind::Conflict(rule), detail),
            Error::Forbidden(words) => Self::new(Kind::Forbidden, format!("Not allowed: {words}.")),
            Error::IdempotencyKeyReused => Self::new(
                Kind::IdempotencyKeyReused,
                "The Idempotency-Key came before with another request; take a new one.",
            ),
            unavailable @ Error::Unavailable(..) => Self {
                cause: Some(Box::new(unavailable)),
                ..Self::new(
                    Kind::Unavailable,
                    "The database cannot be reached; try again shortly.",
                )
            },
            Error::Busy => Self::new(
                Kind::Unavailable,
                "Too many wait for answers that take long; try again shortly.",
            ),
            internal @ Error::Internal(..) => Self {
                cause: Some(Box::new(internal)),
                ..Self::new(Kind::Internal, INTERNAL_DETAIL)
            },
        }
    }
}

fn list(codes: &[OdsCode]) -> String {
    codes
        .iter()
        .map(OdsCode::as_str)
        .collect::<Vec<_>>()
        .join(", ")
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind.title())
    }
}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        self.kind.status()
    }

    /// Writes the whole answer where the problem knows its request; else only the status, for the middleware to fill.
    fn error_response(&self) -> HttpResponse<BoxBody> {
        match &self.occurrence {
            Some(occurrence) => {
                let mut response = self.render(occurrence);
                if let Ok(id) = HeaderValue::from_str(&occurrence.request_id) {
                    response.headers_mut().insert(X_REQUEST_ID, id);
                }
                response
            }
            None => HttpResponse::new(self.kind.status()),
        }
    }
}

/// Why a request failed (RFC 9457).
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Problem)]
pub(crate) struct ProblemView<'a> {
    /// What went wrong, as a stable reference that a program can match.
    #[serde(rename = "type")]
    #[schema(format = "uri-reference")]
    reference: &'a str,
    /// The same in words; it never varies with the occurrence.
    title: &'a str,
    /// The status of the answer.
    #[schema(minimum = 400, maximum = 599)]
    status: u16,
    /// What to tell a person.
    detail: &'a str,
    /// The path that was asked for.
    instance: &'a str,
    /// The id of the request, as in `X-Request-ID` and in the log.
    trace_id: &'a str,
    /// Which fields are at fault; empty where none is.
    errors: Vec<FieldErrorView<'a>>,
    /// For a closed organisation: who took over; sorted.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    successors: Option<Vec<Code>>,
    /// Where no criterion applies: the facts that would change that.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    facts: Option<&'a [&'static str]>,
    /// Where an approach is open between the two: its id.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, max_length = 36)]
    approach: Option<&'a str>,
}

/// One field at fault.
#[derive(Serialize, ToSchema)]
#[schema(as = FieldError)]
pub(crate) struct FieldErrorView<'a> {
    /// A JSON pointer into the body, or `/query/NAME`, `/path/NAME`, `/header/NAME`.
    pointer: &'a str,
    /// What is wrong.
    detail: &'a str,
}

impl<'a> From<&'a FieldError> for FieldErrorView<'a> {
    fn from(error: &'a FieldError) -> Self {
        Self {
            pointer: &error.pointer,
            detail: &error.detail,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::core_system::Module;
    use crate::domain::suggestion::Fact;
    use actix_web::body::MessageBody;

    fn body(problem: impl Into<Problem>) -> serde_json::Value {
        let occurrence = Occurrence {
            request_id: "abc".into(),
            instance: "/api/v1/x".into(),
        };
        let bytes = problem
            .into()
            .render(&occurrence)
            .into_body()
            .try_into_bytes()
            .unwrap();
        serde_json::from_slice(&bytes).unwrap()
    }

    fn code(text: &str) -> OdsCode {
        OdsCode::new(text).unwrap()
    }

    #[test]
    fn a_closed_organisation_names_its_successors() {
        let body = body(Error::OrganisationClosed {
            code: code("RW6"),
            on: "2021-09-30".parse().ok(),
            successors: vec![code("R0A"), code("RM3")],
        });
        assert_eq!(body["type"], "/problems/organisation-closed");
        assert_eq!(body["status"], 409);
        assert_eq!(body["successors"], serde_json::json!(["R0A", "RM3"]));
        assert_eq!(
            body["detail"],
            "RW6 closed on 2021-09-30; ask about its successors: R0A, RM3."
        );
        assert_eq!(
            (&body["traceId"], &body["instance"]),
            (&"abc".into(), &"/api/v1/x".into())
        );
    }

    #[test]
    fn a_bug_says_nothing_of_its_cause() {
        let body = body(Error::Internal("reading a row", "secret column".into()));
        assert_eq!(body["status"], 500);
        assert!(!body.to_string().contains("secret") && !body.to_string().contains("row"));
    }

    #[test]
    fn nothing_applies_lists_what_to_supply() {
        let facts = vec![Fact::CoreSystem(Module::Epr), Fact::Position];
        let body = body(Error::NothingApplies {
            seeker: code("RTH"),
            facts,
        });
        assert_eq!(body["status"], 422);
        assert_eq!(body["facts"], serde_json::json!(["epr", "position"]));
    }

    #[test]
    fn every_field_is_listed_and_the_first_is_in_the_detail() {
        let errors = vec![
            FieldError::new("/limit", "is 1 to 50"),
            FieldError::new("/asOf", "is a date"),
        ];
        let body = body(Error::Invalid(errors));
        assert_eq!(body["errors"][1]["pointer"], "/asOf");
        assert_eq!(body["detail"], "/limit: is 1 to 50; and 1 more.");
    }

    #[test]
    fn a_fault_of_the_whole_body_is_a_sentence_of_its_own() {
        let body = body(Problem::unreadable("", "is missing"));
        assert_eq!(body["detail"], "The body is missing.");
        assert_eq!(body["errors"][0]["pointer"], "");
    }

    #[test]
    fn an_answer_repeats_little_of_what_was_sent() {
        let errors = vec![FieldError::new(format!("/{}", "é".repeat(1_000_000)), "is x"); 1000];
        let body = body(Error::Invalid(errors));
        assert!(body.to_string().len() < 20_000);
        assert!(body["detail"].as_str().unwrap().ends_with("and 999 more."));
    }
}
