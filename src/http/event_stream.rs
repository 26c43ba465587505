//! A site's own events as they happen: server-sent events (HTML, 9.2).
//!
//! Between events a stream holds nothing but its connection: it waits for word that there are later ones, and asks the database
//! then. It ends by itself, and its reader comes back with the last id.

use std::collections::{HashMap, VecDeque};
use std::future::{Ready, ready};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::http::header::{ACCEPT, CACHE_CONTROL, ContentEncoding, HeaderName, HeaderValue};
use actix_web::web::{Bytes, Data};
use actix_web::{FromRequest, HttpRequest, HttpResponse, get};
use futures_util::stream::{self, Stream};
use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};
use utoipa::IntoParams;
use utoipa::openapi::Required;
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{ObjectBuilder, Type};

use crate::app::Alongside;
use crate::app::cloud_event::cloud_event;
use crate::domain::caller::CallerId;
use crate::domain::error::Result as DomainResult;
use crate::domain::event::{Event, Recipient};
use crate::http::access::{Asker, Rule};
use crate::http::events::{EVENT_BYTES, after, after_in_query};
use crate::http::extract::{Parameters, Params, Query};
use crate::http::openapi::{ApiFailures, RuleBroken, StorageFailures};
use crate::http::operation::Operation;
use crate::http::problem::{Kind, Problem};
use crate::http::webhooks::{Outbound, owner};
use crate::storage::events;

/// What is said of the operations of this file.
pub(crate) const OPERATIONS: &[Operation] =
    &[Operation::new("stream_events", Rule::Site).answers(r#"": alongside\n\n""#)];

/// Where the stream is.
pub(crate) const PATH: &str = "/api/v1/events/stream";

/// The media type of a stream.
pub(crate) const EVENT_STREAM: &str = "text/event-stream";

/// The most streams of one caller at once.
const MAX_STREAMS: usize = 4;

/// How often a stream says that it is there while nothing happens, so that nothing between takes it for dead.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// How long a stream lasts, so that nobody holds a connection whose key was revoked long ago.
const LASTS: Duration = Duration::from_secs(10 * 60);

/// How many events are read at once.
const MAX_READ: i64 = 100;

/// What a stream begins with, which tells a reader that it is there.
const HELLO: &str = ": alongside\n\n";

/// What it says while nothing happens.
const STILL_HERE: &str = ": still here\n\n";

/// The streams there are, by caller.
#[derive(Clone, Default)]
pub(crate) struct Streams(Arc<Mutex<HashMap<CallerId, usize>>>);

/// One of a caller's streams; its place is free once this is gone.
struct Open {
    streams: Streams,
    caller: CallerId,
}

impl Streams {
    /// Takes a place; `None` where the caller has [`MAX_STREAMS`] already.
    fn open(&self, caller: &CallerId) -> Option<Open> {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let n = held.entry(caller.clone()).or_default();
        (*n < MAX_STREAMS).then(|| {
            *n += 1;
            Open {
                streams: self.clone(),
                caller: caller.clone(),
            }
        })
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        let mut held = self
            .streams
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(n) = held.get_mut(&self.caller) {
            *n -= 1;
            if *n == 0 {
                held.remove(&self.caller);
            }
        }
    }
}

/// From where a reader goes on.
pub(crate) struct StreamParameters {
    after: Option<i64>,
}

impl Parameters for StreamParameters {
    fn read(query: &mut Query) -> Self {
        Self {
            after: after(query),
        }
    }
}

impl IntoParams for StreamParameters {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        vec![after_in_query()]
    }
}

/// The id of the last event that a reader had before it came back.
const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

/// The longest id, in digits.
const MAX_ID_LEN: usize = 16;

/// `Last-Event-ID`, where a reader comes back.
pub(crate) struct LastEventId(Option<i64>);

impl FromRequest for LastEventId {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let Some(value) = request.headers().get(LAST_EVENT_ID) else {
            return ready(Ok(Self(None)));
        };
        let number = value.to_str().ok().filter(|text| {
            (1..=MAX_ID_LEN).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit())
        });
        ready(match number.and_then(|text| text.parse().ok()) {
            Some(number) => Ok(Self(Some(number))),
            None => Err(Problem::unreadable(
                "/header/Last-Event-ID",
                "is not an id that this stream gave",
            )),
        })
    }
}

impl IntoParams for LastEventId {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let id = ObjectBuilder::new()
            .schema_type(Type::String)
            .pattern(Some("^[0-9]{1,16}$"))
            .max_length(Some(MAX_ID_LEN));
        vec![
            ParameterBuilder::new()
                .name("Last-Event-ID")
                .parameter_in(ParameterIn::Header)
                .required(Required::False)
                .description(Some(
                    "The id of the last event that a reader had: the stream goes on after it. Browsers send it by themselves.",
                ))
                .schema(Some(id))
                .example(Some(serde_json::json!("42")))
                .build(),
        ]
    }
}

/// Stream events
///
/// Sends what happens that concerns the caller's site as it happens, as server-sent events: `id` to come back with, `event` the kind,
/// `data` a `CloudEvent` 1.0 as webhooks get it. Begins after `Last-Event-ID` or `after`, or with the oldest event there is.
///
/// The stream stays open where `Accept` names `text/event-stream`, as that of browsers does, and ends after ten minutes, for its
/// reader to come back; for others it ends once everything was sent, or after as long. A caller has at most four streams at once.
#[utoipa::path(
    tag = "events",
    params(StreamParameters, LastEventId),
    responses(
        (status = 200, description = "The stream.", body = String, content_type = "text/event-stream"),
        ApiFailures, RuleBroken, StorageFailures
    )
)]
#[get("/events/stream")]
pub(crate) async fn stream_events(
    request: HttpRequest,
    parameters: Params<StreamParameters>,
    last: LastEventId,
    asker: Asker,
    streams: Data<Streams>,
    outbound: Data<Outbound>,
    alongside: Data<Alongside>,
) -> Result<HttpResponse, Problem> {
    let Some(open) = streams.open(&asker.0.id) else {
        return Err(Problem::new(
            Kind::TooManyRequests,
            format!("At most {MAX_STREAMS} streams at once; end another first."),
        ));
    };
    let reader = Reader {
        _open: open,
        heard: alongside.told().hear(),
        alongside,
        outbound,
        recipient: owner(asker.0.role),
        after: last.0.or(parameters.0.after).unwrap_or(0),
        stays: stays(&request),
        ends_at: Instant::now() + LASTS,
        step: Step::Greet,
        waiting: VecDeque::new(),
    };
    Ok(HttpResponse::Ok()
        .content_type(EVENT_STREAM)
        .insert_header((CACHE_CONTROL, HeaderValue::from_static("no-store")))
        // A proxy that gathers answers before it passes them on would keep events back.
        .insert_header((
            HeaderName::from_static("x-accel-buffering"),
            HeaderValue::from_static("no"),
        ))
        // What compresses gathers too.
        .insert_header(ContentEncoding::Identity)
        .streaming(events_of(reader)))
}

/// Whether the caller asked for a stream by its name, and not for whatever there is.
fn stays(request: &HttpRequest) -> bool {
    request.headers().get_all(ACCEPT).any(|value| {
        let types = value.to_str().unwrap_or_default().split(',');
        types
            .map(|kind| kind.split(';').next().unwrap_or_default().trim())
            .any(|kind| kind.eq_ignore_ascii_case(EVENT_STREAM))
    })
}

/// What a stream does next.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Step {
    /// It says that it is there.
    Greet,
    /// It reads what there is.
    Read,
    /// It waits for word of more.
    Wait,
}

/// One stream.
struct Reader {
    _open: Open,
    heard: watch::Receiver<i64>,
    alongside: Data<Alongside>,
    outbound: Data<Outbound>,
    recipient: Recipient,
    after: i64,
    stays: bool,
    ends_at: Instant,
    step: Step,
    waiting: VecDeque<Event>,
}

fn events_of(reader: Reader) -> impl Stream<Item = DomainResult<Bytes>> {
    stream::try_unfold(reader, |mut reader| async move {
        let next = reader.next().await?;
        Ok(next.map(|bytes| (bytes, reader)))
    })
}

impl Reader {
    /// What to send next; `None` at the end.
    async fn next(&mut self) -> DomainResult<Option<Bytes>> {
        loop {
            if !self.waiting.is_empty() {
                return Ok(Some(self.written()));
            }
            match self.step {
                Step::Greet => {
                    self.step = Step::Read;
                    return Ok(Some(Bytes::from_static(HELLO.as_bytes())));
                }
                // Also with more to read, where the reader is slow: it comes back from its last number.
                Step::Read if Instant::now() >= self.ends_at => return Ok(None),
                Step::Read => self.read().await?,
                Step::Wait => {
                    let until = (Instant::now() + HEARTBEAT).min(self.ends_at);
                    match timeout_at(until, self.heard.changed()).await {
                        // Its reader comes back to another replica, or to this one once it has started again.
                        Ok(Ok(())) if self.alongside.told().is_ending() => return Ok(None),
                        Ok(Ok(())) => self.step = Step::Read,
                        Ok(Err(_)) => return Ok(None),
                        Err(_) if Instant::now() >= self.ends_at => return Ok(None),
                        Err(_) => return Ok(Some(Bytes::from_static(STILL_HERE.as_bytes()))),
                    }
                }
            }
            let is_at_its_end = self.step == Step::Wait && self.waiting.is_empty();
            let is_over = Instant::now() >= self.ends_at || self.alongside.told().is_ending();
            if is_at_its_end && (!self.stays || is_over) {
                return Ok(None);
            }
        }
    }

    async fn read(&mut self) -> DomainResult<()> {
        // Before reading, so that what is written meanwhile is heard of.
        self.heard.mark_unchanged();
        let (recipient, after) = (self.recipient, self.after);
        let found = self
            .alongside
            .storage()
            .read(move |connection| events::after(connection, recipient, after, MAX_READ))
            .await?;
        match found.last() {
            Some(last) => self.after = last.sequence,
            None => self.step = Step::Wait,
        }
        self.waiting = found.into();
        Ok(())
    }

    /// What waits, as lines.
    fn written(&mut self) -> Bytes {
        let mut text = String::with_capacity(EVENT_BYTES * self.waiting.len());
        for event in self.waiting.drain(..) {
            let (id, kind) = (event.sequence, event.event.kind);
            let data = cloud_event(&event, &self.outbound.source);
            text += &format!("id: {id}\nevent: {kind}\ndata: {data}\n\n");
        }
        text.into()
    }
}
