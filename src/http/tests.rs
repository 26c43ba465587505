//! What surrounds every operation, shown on those that need no data.

use actix_web::get;
use actix_web::http::header::{ACCEPT, ALLOW, CONTENT_ENCODING, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use actix_web::http::{Method, StatusCode};
use actix_web::test::{TestRequest, init_service, read_body};
use chrono::DateTime;
use serde_json::Value;

use super::*;
use crate::app::BundledData;
use crate::domain::api_key::{ApiKey, KeyRecord};
use crate::domain::caller::Role;
use crate::domain::secret::MasterSecret;
use crate::storage::{self, Change, DatabaseUrl, Storage, Touches};

struct Answer {
    status: StatusCode,
    headers: actix_web::http::header::HeaderMap,
    body: web::Bytes,
}

impl Answer {
    fn header(&self, name: impl actix_web::http::header::AsHeaderName) -> &str {
        self.headers
            .get(name)
            .map(|value| value.to_str().unwrap())
            .unwrap_or_default()
    }

    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// Shows that this is a failure in the one form, and returns it.
    fn problem(&self, status: u16, reference: &str) -> Value {
        let body = self.json();
        assert_eq!(self.status.as_u16(), status, "{body}");
        assert_eq!(self.header(CONTENT_TYPE), "application/problem+json");
        assert_eq!(
            (&body["type"], &body["status"]),
            (&Value::from(reference), &Value::from(status))
        );
        assert_eq!(body["traceId"], self.header("x-request-id"));
        assert!(
            body["detail"].is_string() && body["instance"].is_string() && body["errors"].is_array()
        );
        body
    }
}

#[get("/panics")]
async fn panics() -> HttpResponse {
    panic!("as asked")
}

/// A service without organisations, and the key of its one caller.
fn with_an_admin(folder: &tempfile::TempDir) -> (Data<Alongside>, ApiKey) {
    let url = DatabaseUrl::sqlite_file(&folder.path().join("a.db"));
    let storage = Storage::open(&url, &MasterSecret::new([7; MasterSecret::N_BYTES])).unwrap();
    let key = ApiKey::from_random([1; ApiKey::N_BYTES]);
    let record = KeyRecord::new(
        "00000000-0000-4000-8000-000000000001",
        &key,
        Role::ProgrammeAdmin,
        "a test",
        DateTime::UNIX_EPOCH,
        "a test",
    );
    let change = Change {
        actor: "a test".to_owned(),
        action: "test",
        detail: String::new(),
        at: DateTime::UNIX_EPOCH,
        request_id: String::new(),
        touches: Touches::Everything,
    };
    storage
        .write_blocking(&change, |connection| {
            storage::keys::insert(connection, &record)
        })
        .unwrap();
    let alongside = Alongside::open(storage, BundledData::Skip, DateTime::UNIX_EPOCH).unwrap();
    (Data::new(alongside), key)
}

async fn ask(request: TestRequest) -> Answer {
    let clock = Clock::of(|| DateTime::UNIX_EPOCH);
    let parts = Parts::new(clock, Random::counted()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let (alongside, key) = with_an_admin(&folder);
    let app = init_service(assemble(&parts).app_data(alongside).service(panics)).await;
    let request = request.insert_header(("authorization", format!("Bearer {}", key.reveal())));
    let answer = match actix_web::test::try_call_service(&app, request.to_request()).await {
        Ok(response) => {
            let (status, headers) = (response.status(), response.headers().clone());
            return Answer {
                status,
                headers,
                body: read_body(response).await,
            };
        }
        Err(error) => error.error_response(),
    };
    let (status, headers) = (answer.status(), answer.headers().clone());
    let body = actix_web::body::to_bytes(answer.into_body()).await.unwrap();
    Answer {
        status,
        headers,
        body,
    }
}

fn asked(path: &str) -> TestRequest {
    TestRequest::get().uri(path)
}

fn post(body: &'static str) -> TestRequest {
    let path = "/api/v1/organisations/RTH/suggestions";
    TestRequest::post()
        .uri(path)
        .insert_header((CONTENT_TYPE, "application/json"))
        .set_payload(body)
}

#[actix_web::test]
async fn an_unknown_path_is_a_problem() {
    let body = ask(asked("/api/v1/nothing"))
        .await
        .problem(404, "/problems/not-found");
    assert_eq!(body["instance"], "/api/v1/nothing");
    let body = ask(asked("/swagger-ui/nothing.js"))
        .await
        .problem(404, "/problems/not-found");
    assert!(body["detail"].as_str().unwrap().contains("Swagger UI"));
}

#[actix_web::test]
async fn a_wrong_method_says_which_are_right() {
    let answer = ask(TestRequest::delete().uri("/api/v1/organisations/RTH/suggestions")).await;
    answer.problem(405, "/problems/method-not-allowed");
    assert_eq!(answer.header(ALLOW), "GET, HEAD, POST");
    for (method, path) in [
        (Method::POST, "/api/v1/method"),
        (Method::OPTIONS, "/_ping"),
        (Method::TRACE, "/"),
        (Method::PUT, "/swagger-ui/index.html"),
    ] {
        let answer = ask(TestRequest::with_uri(path).method(method)).await;
        answer.problem(405, "/problems/method-not-allowed");
        assert_eq!(answer.header(ALLOW), "GET, HEAD", "{path}");
    }
}

#[actix_web::test]
async fn a_broken_path_or_query_is_named() {
    for (path, pointer) in [
        ("/api/v1/organisations/R-H", "/path/odsCode"),
        ("/api/v1/organisations/%FF%FE%FD", "/path/odsCode"),
        (
            "/api/v1/organisations/RTH/suggestions/%00%00%00",
            "/path/candidate",
        ),
        ("/api/v1/method?verbose=1", "/query/verbose"),
        ("/api/v1/method?%FF=1", "/query/\u{fffd}"),
        ("/api/v1/organisations?limit=ten", "/query/limit"),
        ("/api/v1/organisations?cursor=tampered", "/query/cursor"),
        ("/api/v1/organisations/RTH/comparison", "/query/with"),
    ] {
        let body = ask(asked(path))
            .await
            .problem(400, "/problems/unreadable-request");
        assert_eq!(body["errors"][0]["pointer"], pointer, "{path}");
    }
    let body = ask(asked("/api/v1/organisations/RTH/suggestions?limit=51")).await;
    assert_eq!(
        body.problem(422, "/problems/invalid-request")["errors"][0]["pointer"],
        "/query/limit"
    );
}

#[actix_web::test]
async fn a_broken_body_is_a_problem() {
    ask(post("{"))
        .await
        .problem(400, "/problems/unreadable-request");
    ask(post(""))
        .await
        .problem(400, "/problems/unreadable-request");
    let body = ask(post(r#"{"weights": {"geography": "much"}}"#)).await;
    let body = body.problem(422, "/problems/invalid-request");
    assert_eq!(body["errors"][0]["pointer"], "/weights/geography");
    let body = ask(post(r#"{"wieghts": {}}"#))
        .await
        .problem(422, "/problems/invalid-request");
    assert_eq!(body["errors"][0]["pointer"], "/wieghts");
    let body = ask(post(r#"{"weights": {"cost": 1}}"#))
        .await
        .problem(422, "/problems/invalid-request");
    assert_eq!(body["errors"][0]["pointer"], "/weights/cost");
    let text = post("{}").insert_header((CONTENT_TYPE, "text/plain"));
    ask(text)
        .await
        .problem(415, "/problems/unsupported-media-type");
    let squeezed = post("{}").insert_header((CONTENT_ENCODING, "gzip"));
    ask(squeezed)
        .await
        .problem(415, "/problems/unsupported-media-type");
    for (kind, status) in [
        ("application/json; charset=\"UTF-8\"", 422),
        ("application/json; charset=utf-16", 415),
    ] {
        let answer = ask(post("[]").insert_header((CONTENT_TYPE, kind))).await;
        assert_eq!(answer.status.as_u16(), status, "{kind}");
    }
    let twice = post("{}").append_header((CONTENT_TYPE, "application/json"));
    ask(twice)
        .await
        .problem(400, "/problems/unreadable-request");
    let large = post("").set_payload(vec![b' '; body::MAX_BODY_BYTES + 1]);
    ask(large).await.problem(413, "/problems/body-too-large");
}

#[actix_web::test]
async fn what_cannot_be_accepted_is_a_problem() {
    ask(asked("/api/v1/method").insert_header((ACCEPT, "text/html")))
        .await
        .problem(406, "/problems/not-acceptable");
    let path = format!("/api/v1/method?q={}", "x".repeat(9000));
    ask(asked(&path))
        .await
        .problem(414, "/problems/uri-too-long");
}

#[actix_web::test]
async fn a_service_of_this_machine_refuses_other_hosts() {
    let mut parts = Parts::new(Clock::system(), Random::counted()).unwrap();
    parts.hosts = Data::new(Hosts::Loopback);
    let app = init_service(assemble(&parts)).await;
    for (host, status) in [("127.0.0.1:8080", 200), ("rebound.example", 421)] {
        let request = asked("/_ping").insert_header(("host", host)).to_request();
        let answer = actix_web::test::call_service(&app, request).await;
        assert_eq!(answer.status().as_u16(), status, "{host}");
    }
}

#[actix_web::test]
async fn a_panic_is_an_internal_error() {
    let answer = ask(asked("/panics").insert_header(("x-request-id", "mine"))).await;
    let body = answer.problem(500, "/problems/internal-error");
    assert!(body["traceId"] == "mine" && !body.to_string().contains("as asked"));
}

#[actix_web::test]
async fn every_answer_has_its_headers() {
    let answer = ask(asked("/_ping").insert_header(("x-request-id", "a.b-c_1"))).await;
    assert_eq!(answer.json(), serde_json::json!({"status": "ok"}));
    assert_eq!(answer.header("x-request-id"), "a.b-c_1");
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
    assert_eq!(answer.header("referrer-policy"), "no-referrer");
    assert_eq!(
        answer.header("content-security-policy"),
        "default-src 'none'; frame-ancestors 'none'"
    );
    assert_eq!(
        ask(asked("/_ping").insert_header(("x-request-id", "a b")))
            .await
            .header("x-request-id")
            .len(),
        32
    );
}

#[actix_web::test]
async fn a_document_that_the_client_has_is_not_sent_again() {
    for path in ["/api/v1/openapi.json", "/api/v1/method"] {
        let first = ask(asked(path)).await;
        assert_eq!(
            (first.status.as_u16(), first.header(CONTENT_TYPE)),
            (200, "application/json")
        );
        let tag = first.header(ETAG).to_owned();
        let again = ask(asked(path).insert_header((IF_NONE_MATCH, tag.as_str()))).await;
        assert_eq!(
            (again.status.as_u16(), again.header(ETAG)),
            (304, tag.as_str())
        );
        assert!(again.body.is_empty());
    }
}

#[actix_web::test]
async fn a_compressed_answer_has_another_tag() {
    let gzip = || asked("/api/v1/openapi.json").insert_header(("accept-encoding", "gzip"));
    let answer = ask(gzip()).await;
    assert_eq!(answer.header(CONTENT_ENCODING), "gzip");
    assert_eq!(answer.headers.get_all("vary").count(), 1);
    assert!(
        answer.header(ETAG).ends_with("-gzip\""),
        "{}",
        answer.header(ETAG)
    );
    let again = ask(gzip().insert_header((IF_NONE_MATCH, answer.header(ETAG)))).await;
    assert_eq!(
        (again.status.as_u16(), again.header(ETAG)),
        (304, answer.header(ETAG))
    );
}

#[actix_web::test]
async fn head_is_answered_as_get() {
    let answer = ask(TestRequest::with_uri("/api/v1/method").method(Method::HEAD)).await;
    assert_eq!(
        (answer.status.as_u16(), answer.header(CONTENT_TYPE)),
        (200, "application/json")
    );
}

#[actix_web::test]
async fn over_a_connection_head_has_the_length_and_no_body() {
    use std::io::{Read, Write};

    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let address = listener.local_addr().unwrap();
    let parts = Parts::new(Clock::system(), Random::counted()).unwrap();
    let server = HttpServer::new(move || assemble(&parts))
        .workers(1)
        .disable_signals();
    let server = server.listen(listener).unwrap().run();
    let handle = server.handle();
    drop(actix_web::rt::spawn(server));
    let heard = web::block(move || {
        let mut connection = std::net::TcpStream::connect(address).unwrap();
        let request = "HEAD /api/v1/method HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n";
        connection.write_all(request.as_bytes()).unwrap();
        let mut heard = String::new();
        connection.read_to_string(&mut heard).unwrap();
        heard
    });
    let heard = heard.await.unwrap();
    handle.stop(false).await;
    assert!(
        heard.starts_with("HTTP/1.1 200 OK") && heard.ends_with("\r\n\r\n"),
        "{heard}"
    );
    assert!(
        heard.contains("content-length: ") && !heard.contains("content-length: 0"),
        "{heard}"
    );
}

#[actix_web::test]
async fn swagger_ui_works_from_inside() {
    let answer = ask(asked("/")).await;
    assert_eq!(
        (answer.status.as_u16(), answer.header("location")),
        (302, "/swagger-ui/")
    );
    for path in ["/swagger-ui/", "/swagger-ui/swagger-initializer.js"] {
        let page = ask(asked(path)).await;
        let text = String::from_utf8(page.body.to_vec()).unwrap();
        assert_eq!(page.status, StatusCode::OK);
        assert!(
            !text.contains("http://") && !text.contains("https://"),
            "{text}"
        );
        let runs_scripts = page
            .header("content-security-policy")
            .contains("script-src 'self'");
        assert_eq!(runs_scripts, path == "/swagger-ui/", "{path}");
    }
    let settings = ask(asked("/swagger-ui/swagger-initializer.js")).await;
    let settings = String::from_utf8(settings.body.to_vec()).unwrap();
    for setting in [
        "/api/v1/openapi.json",
        "\"tryItOutEnabled\": true",
        "\"validatorUrl\": \"none\"",
    ] {
        assert!(settings.contains(setting), "{setting} in {settings}");
    }
}
