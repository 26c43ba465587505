//! The interface, resource by resource, over the bundled data.

mod examples;
mod organisations;
mod reference;
mod suggestions;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};

use actix_web::http::header::{CONTENT_TYPE, HeaderMap};
use actix_web::test::{TestRequest, call_service, init_service, read_body};
use actix_web::web::Bytes;
use alongside::app::{Alongside, BundledData};
use alongside::http::{Clock, Service};
use alongside::storage::{DatabaseUrl, Storage};
use chrono::{DateTime, Utc};
use serde_json::Value;

/// When every test takes place.
fn now() -> DateTime<Utc> {
    "2026-11-22T09:00:00Z".parse().unwrap()
}

/// One service for all tests, since none of them writes; its database is one file, which the next run replaces.
static SERVICE: LazyLock<Service> = LazyLock::new(|| {
    let storage = Storage::open(&DatabaseUrl::sqlite_file(&database())).unwrap();
    let alongside = Alongside::open(storage, BundledData::Load, now()).unwrap();
    Service::new(Arc::new(alongside), Clock::of(now)).unwrap()
});

/// Where the database of this run is: under `target/`, without those that finished runs left.
fn database() -> PathBuf {
    const PREFIX: &str = "api-";
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    for entry in fs::read_dir(folder).unwrap().flatten() {
        let name = entry.file_name();
        let left_by = name
            .to_str()
            .and_then(|name| name.strip_prefix(PREFIX)?.split('.').next());
        if left_by.is_some_and(|id| !Path::new("/proc").join(id).exists()) {
            // Another run may be removing it too.
            fs::remove_file(entry.path()).ok();
        }
    }
    folder.join(format!("{PREFIX}{}.db", std::process::id()))
}

/// An answer, read to its end.
struct Answer {
    status: u16,
    headers: HeaderMap,
    body: Bytes,
}

impl Answer {
    fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map(|value| value.to_str().unwrap())
            .unwrap_or_default()
    }

    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// Shows that all is well, and returns what is answered.
    fn good(&self) -> Value {
        let body = self.json();
        assert_eq!(self.status, 200, "{body}");
        assert_eq!(self.header("content-type"), "application/json");
        body
    }

    /// Shows that this is a failure in the one form, and returns it.
    fn problem(&self, status: u16, reference: &str) -> Value {
        let body = self.json();
        assert_eq!(
            (self.status, &body["type"]),
            (status, &Value::from(reference)),
            "{body}"
        );
        assert_eq!(self.header("content-type"), "application/problem+json");
        assert_eq!(body["traceId"], self.header("x-request-id"));
        body
    }
}

async fn ask(request: TestRequest) -> Answer {
    let app = init_service(SERVICE.app()).await;
    let response = call_service(&app, request.to_request()).await;
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    Answer {
        status,
        headers,
        body: read_body(response).await,
    }
}

async fn get(path: &str) -> Answer {
    ask(TestRequest::get().uri(path)).await
}

async fn post(path: &str, body: &str) -> Answer {
    let request = TestRequest::post().uri(path);
    ask(request
        .insert_header((CONTENT_TYPE, "application/json"))
        .set_payload(body.to_owned()))
    .await
}
