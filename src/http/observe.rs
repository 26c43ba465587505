//! What surrounds every request: its id, the form of its failure, its headers, its counters and its line in the log.

use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::Poll;
use std::time::{Duration, Instant};

use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{
    CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, HeaderMap, HeaderValue,
    REFERRER_POLICY, RETRY_AFTER, VARY, X_CONTENT_TYPE_OPTIONS,
};
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::Next;
use actix_web::web::Data;
use actix_web::{Error, HttpMessage, HttpResponse};
use uuid::Uuid;

use crate::domain::error::Error as DomainError;
use crate::http::accept::takes_json;
use crate::http::answer::with_gzip;
use crate::http::changing::RequestId;
use crate::http::limits::{RATE_LIMIT_LIMIT, RATE_LIMIT_REMAINING, RATE_LIMIT_RESET};
use crate::http::openapi::API_PREFIX;
use crate::http::problem::{Kind, Occurrence, PROBLEM_JSON, Problem, X_REQUEST_ID};
use crate::http::telemetry::Telemetry;
use crate::http::{evaluations, event_stream, exports, fhir, peer_groups, swagger_ui};

/// The longest path with its query, in bytes; any link that the service gives is far shorter.
const MAX_URI_BYTES: usize = 8 * 1024;

/// The longest request id that is taken from a client, in bytes (DESIGN 8).
const MAX_REQUEST_ID_BYTES: usize = 64;

/// The most of a path that the log repeats, in characters; those of operations are far shorter.
const MAX_LOGGED_PATH_CHARS: usize = 200;

/// The operation of a request that no operation took, or that is gone, in the counters.
const UNMATCHED: &str = "unmatched";

/// Answers load nothing and are shown in no frame.
const CSP: HeaderValue = HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'");

/// Swagger UI loads its own files, asks its own service, and sets styles and small images inline.
const CSP_SWAGGER_UI: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
     font-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
);

/// Surrounds every request. `HEAD` is answered as `GET`; the connection leaves the body out.
pub(crate) async fn observe(
    telemetry: Data<Telemetry>,
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let started = Instant::now();
    let _counted = telemetry.begin();
    let method = known_method(request.method());
    let occurrence = Occurrence {
        request_id: request_id(request.headers()),
        instance: instance(&request),
    };
    request
        .extensions_mut()
        .insert(RequestId(occurrence.request_id.clone()));
    if request.method() == Method::HEAD {
        request.head_mut().method = Method::GET;
    }
    let outcome = match refusal(&request) {
        Some(problem) => Ok(request.error_response(problem)),
        None => caught(next.call(request))
            .await
            .map(ServiceResponse::map_into_boxed_body),
    };
    let mut response = match outcome {
        Ok(response) => in_form(response, &occurrence),
        // The request is gone with the handler, so nothing but the answer itself can be written here.
        Err(problem) => {
            let (status, elapsed) = (problem.kind.status().as_u16(), started.elapsed());
            report(
                &occurrence,
                method,
                &occurrence.instance,
                status,
                Some(0),
                elapsed,
            );
            telemetry.answered(UNMATCHED.to_owned(), method, status, elapsed);
            return Err(problem.of(occurrence).into());
        }
    };
    let is_page = swagger_ui::is_page(&occurrence.instance);
    dress(
        response.headers_mut(),
        &occurrence,
        if is_page { CSP_SWAGGER_UI } else { CSP },
    );
    let bytes = match response.response().body().size() {
        BodySize::Sized(bytes) => Some(bytes),
        BodySize::None => Some(0),
        // Compressed on the way out: the size is not known here.
        BodySize::Stream => None,
    };
    let elapsed = started.elapsed();
    let status = response.status().as_u16();
    let operation = response.request().match_pattern();
    report(
        &occurrence,
        method,
        operation.as_deref().unwrap_or(&occurrence.instance),
        status,
        bytes,
        elapsed,
    );
    telemetry.answered(
        operation.unwrap_or_else(|| UNMATCHED.to_owned()),
        method,
        status,
        elapsed,
    );
    Ok(response)
}

/// The method in the log and in counters; those that nobody serves are one, so that a caller cannot make more.
fn known_method(method: &Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "POST" => "POST",
        "PUT" => "PUT",
        "PATCH" => "PATCH",
        "DELETE" => "DELETE",
        "OPTIONS" => "OPTIONS",
        _ => "OTHER",
    }
}

/// The client's id of the request, where it is one; else a new one, which orders by time.
fn request_id(headers: &HeaderMap) -> String {
    let taken = headers
        .get(X_REQUEST_ID)
        .and_then(|value| value.to_str().ok())
        .filter(|id| {
            (1..=MAX_REQUEST_ID_BYTES).contains(&id.len())
                && id
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'))
        });
    taken.map_or_else(|| Uuid::now_v7().simple().to_string(), str::to_owned)
}

/// The path as it was asked for, at most as long as a path may be.
fn instance(request: &ServiceRequest) -> String {
    let path = request.uri().path();
    path.get(..MAX_URI_BYTES).unwrap_or(path).to_owned()
}

/// What is refused before anything looks at the path.
fn refusal(request: &ServiceRequest) -> Option<Problem> {
    let uri = request.uri();
    let length = uri.path_and_query().map_or(0, |path| path.as_str().len());
    if length > MAX_URI_BYTES {
        let detail = format!("A path with its query has at most {MAX_URI_BYTES} bytes.");
        return Some(Problem::new(Kind::UriTooLong, detail));
    }
    let path = uri.path();
    if fhir::is_fhir(path) {
        return fhir::form::refusal(request);
    }
    let is_json = path.starts_with(API_PREFIX)
        && !exports::is_file(path)
        && !peer_groups::is_picture(path)
        && !evaluations::is_picture(path)
        && path != event_stream::PATH;
    if is_json && !takes_json(request.headers()) {
        return Some(Problem::new(
            Kind::NotAcceptable,
            "The answer is application/json; Accept has to allow it.",
        ));
    }
    None
}

/// Waits for an answer; a panic below becomes an internal error instead of a broken connection.
async fn caught<B>(
    answer: impl Future<Output = Result<ServiceResponse<B>, Error>>,
) -> Result<ServiceResponse<B>, Problem> {
    let mut answer = pin!(answer);
    poll_fn(
        |context| match catch_unwind(AssertUnwindSafe(|| answer.as_mut().poll(context))) {
            Ok(Poll::Pending) => Poll::Pending,
            Ok(Poll::Ready(Ok(response))) => Poll::Ready(Ok(response)),
            Ok(Poll::Ready(Err(error))) => {
                let status = error.as_response_error().status_code();
                Poll::Ready(Err(Problem::from_status(status)))
            }
            Err(panic) => {
                let words = panic.downcast_ref::<String>().map(String::as_str);
                let words = words
                    .or_else(|| panic.downcast_ref::<&str>().copied())
                    .unwrap_or("no message");
                let cause =
                    DomainError::Internal("answering a request, which panicked", words.into());
                Poll::Ready(Err(cause.into()))
            }
        },
    )
    .await
}

/// Writes a failure as `application/problem+json`: ours with its request, the server library's by its status. What the caller
/// was told of its rate stays.
fn in_form(
    response: ServiceResponse<BoxBody>,
    occurrence: &Occurrence,
) -> ServiceResponse<BoxBody> {
    let status = response.status();
    if !status.is_client_error() && !status.is_server_error() {
        return response;
    }
    let answer = response.response();
    let rendered: HttpResponse = match answer.error().and_then(|error| error.as_error::<Problem>())
    {
        Some(problem) => problem.render(occurrence),
        None if answer.headers().get(CONTENT_TYPE).is_some_and(|kind| {
            [PROBLEM_JSON, fhir::FHIR_JSON]
                .iter()
                .any(|form| kind.as_bytes() == form.as_bytes())
        }) =>
        {
            return response;
        }
        None if status == StatusCode::NOT_FOUND
            && occurrence.instance.starts_with(swagger_ui::PAGE) =>
        {
            Problem::new(Kind::NotFound, swagger_ui::NO_SUCH_FILE).render(occurrence)
        }
        None => Problem::from_status(status).render(occurrence),
    };
    let kept = answer.headers().clone();
    let mut response = response.into_response(rendered);
    for name in [
        RETRY_AFTER,
        RATE_LIMIT_LIMIT,
        RATE_LIMIT_REMAINING,
        RATE_LIMIT_RESET,
    ] {
        if let Some(value) = kept.get(&name) {
            response.headers_mut().insert(name, value.clone());
        }
    }
    response
}

/// Adds the headers that every answer has.
fn dress(headers: &mut HeaderMap, occurrence: &Occurrence, csp: HeaderValue) {
    if let Ok(id) = HeaderValue::from_str(&occurrence.request_id) {
        headers.insert(X_REQUEST_ID, id);
    }
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(CONTENT_SECURITY_POLICY, csp);
    // Once, whether or not this answer came out compressed.
    headers.insert(VARY, HeaderValue::from_static("accept-encoding"));
    if headers.contains_key(CONTENT_ENCODING)
        && let Some(tag) = headers.get(ETAG).and_then(|tag| tag.to_str().ok())
        && let Ok(tag) = HeaderValue::from_str(&with_gzip(tag))
    {
        headers.insert(ETAG, tag);
    }
}

/// One line in the log; probes come every few seconds, so theirs are for debugging only.
fn report(
    occurrence: &Occurrence,
    method: &str,
    path: &str,
    status: u16,
    bytes: Option<u64>,
    elapsed: Duration,
) {
    let is_probe = matches!(path, "/_ping" | "/_status" | "/metrics");
    let level = if is_probe {
        log::Level::Debug
    } else {
        log::Level::Info
    };
    let path: String = path.chars().take(MAX_LOGGED_PATH_CHARS).collect();
    let path = path.as_str();
    let duration_ms = (elapsed.as_secs_f64() * 1e6).round() / 1e3;
    let request_id = occurrence.request_id.as_str();
    match bytes {
        Some(bytes) => {
            log::log!(level, method, path, status, duration_ms, bytes, request_id; "request");
        }
        None => log::log!(level, method, path, status, duration_ms, request_id; "request"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_id_is_taken_where_it_is_one() {
        let id_of = |given: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(X_REQUEST_ID, HeaderValue::from_static(given));
            request_id(&headers)
        };
        assert_eq!(id_of("a-1_b.C"), "a-1_b.C");
        for given in [
            "",
            "a b",
            "a/b",
            "12345678901234567890123456789012345678901234567890123456789012345",
        ] {
            let made = id_of(given);
            assert!(made != given && made.len() == 32, "{given}: {made}");
        }
    }
}
