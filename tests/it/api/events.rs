//! Events of a site as a list and as a stream.

use std::future::poll_fn;
use std::pin::Pin;

use actix_web::body::MessageBody;
use actix_web::http::header::AUTHORIZATION;
use actix_web::test::{TestRequest, call_service, init_service};
use actix_web::web::Bytes;
use alongside::domain::event::{EventKind, NewEvent, Recipient};
use alongside::domain::ids::OdsCode;
use alongside::storage::events;
use serde_json::{Value, json};

use crate::support::database::a_change;
use crate::support::service::{As, TestService, now};

const LIST: &str = "/api/v1/events";
const STREAM: &str = "/api/v1/events/stream";

fn happened(service: &TestService, code: &str, kind: EventKind) {
    let event = NewEvent {
        kind,
        recipient: Recipient::Site(OdsCode::new(code).unwrap()),
        subject: "/api/v1/approaches/00000000-0000-4000-8000-000000000001".to_owned(),
        data: json!({ "from": "RHW" }),
        at: now(),
    };
    let storage = service.alongside.storage();
    storage
        .write_blocking(&a_change(), |connection| events::emit(connection, &event))
        .unwrap();
}

fn sequences(page: &Value) -> Vec<&str> {
    let items = page["items"].as_array().unwrap().iter();
    items
        .map(|event| event["sequence"].as_str().unwrap())
        .collect()
}

#[actix_web::test]
async fn a_site_lists_its_own_events_from_where_it_was() {
    let service = TestService::bundled();
    for code in ["RTH", "RHW", "RTH", "RTH"] {
        happened(&service, code, EventKind::ApproachReceived);
    }
    let all = service.get(As::Rth, LIST).await.good();
    assert_eq!(sequences(&all), ["1", "3", "4"]);
    assert_eq!(all["items"][0]["type"], "approach.received");
    let later = service
        .get(As::Rth, &format!("{LIST}?after=1"))
        .await
        .good();
    assert_eq!(sequences(&later), ["3", "4"]);
    let page = service
        .get(As::Rth, &format!("{LIST}?limit=2"))
        .await
        .good();
    let next = page["links"]["next"].as_str().unwrap();
    let rest = service.get(As::Rth, next).await.good();
    assert_eq!(sequences(&rest), ["4"]);
    let theirs = service.get(As::Rhw, LIST).await.good();
    assert_eq!(sequences(&theirs), ["2"]);
    assert_eq!(
        service
            .get(As::Rth, &format!("{LIST}?after=-1"))
            .await
            .status,
        422
    );
}

#[actix_web::test]
async fn a_stream_that_nobody_waits_for_ends_with_what_there_is() {
    let service = TestService::bundled();
    happened(&service, "RTH", EventKind::ApproachReceived);
    happened(&service, "RHW", EventKind::ApproachReceived);
    happened(&service, "RTH", EventKind::ApproachExpired);
    let request = TestRequest::get()
        .uri(STREAM)
        .insert_header(("accept-encoding", "gzip"));
    let answer = service.ask(As::Rth, request).await;
    assert_eq!(answer.header("content-type"), "text/event-stream");
    let text = String::from_utf8(answer.body.to_vec()).unwrap();
    let of = |name: &str| -> Vec<String> {
        let lines = text.lines().filter_map(|line| line.strip_prefix(name));
        lines.map(str::to_owned).collect()
    };
    assert_eq!(of("id: "), ["1", "3"]);
    assert_eq!(of("event: "), ["approach.received", "approach.expired"]);
    let event: Value = serde_json::from_str(&of("data: ")[1]).unwrap();
    assert_eq!(event["sequence"], "3");
    let request = TestRequest::get()
        .uri(STREAM)
        .insert_header(("last-event-id", "1"));
    let rest = service.ask(As::Rth, request).await;
    let rest = String::from_utf8(rest.body.to_vec()).unwrap();
    assert!(rest.contains("id: 3") && !rest.contains("id: 1"), "{rest}");
    let request = TestRequest::get()
        .uri(STREAM)
        .insert_header(("last-event-id", "x"));
    assert_eq!(service.ask(As::Rth, request).await.status, 400);
}

/// The next part of a body.
async fn next(body: &mut Pin<Box<impl MessageBody>>) -> Bytes {
    let part = poll_fn(|context| body.as_mut().poll_next(context)).await;
    match part {
        Some(Ok(bytes)) => bytes,
        Some(Err(_)) | None => panic!("the stream ended"),
    }
}

#[actix_web::test]
async fn a_stream_tells_what_happens_while_it_is_open_and_a_caller_has_four() {
    let service = TestService::bundled();
    let app = init_service(service.app()).await;
    let key = As::Rth.key().unwrap();
    let request = || {
        TestRequest::get()
            .uri(STREAM)
            .insert_header(("accept", "text/event-stream"))
            .insert_header(("accept-encoding", "gzip"))
            .insert_header((AUTHORIZATION, format!("Bearer {}", key.reveal())))
            .to_request()
    };
    let mut open = Vec::new();
    for _ in 0..4 {
        let answer = call_service(&app, request()).await;
        assert_eq!(answer.status(), 200);
        open.push(Box::pin(answer.into_body()));
    }
    assert_eq!(call_service(&app, request()).await.status(), 429);
    let stream = &mut open[0];
    let hello = next(stream).await;
    assert!(hello.starts_with(b":"), "{hello:?}");
    happened(&service, "RTH", EventKind::ApproachReceived);
    service.alongside.told().there_is(1);
    let event = next(stream).await;
    assert!(
        event.starts_with(b"id: 1\nevent: approach.received\ndata: {"),
        "{event:?}"
    );
    // A service that stops keeps nobody waiting.
    service.alongside.told().end();
    let mut parts = 0;
    while let Some(part) = poll_fn(|context| open[1].as_mut().poll_next(context)).await {
        assert!(part.is_ok());
        parts += 1;
    }
    // The greeting and the event.
    assert_eq!(parts, 2);
    drop(open);
    assert_eq!(call_service(&app, request()).await.status(), 200);
}
