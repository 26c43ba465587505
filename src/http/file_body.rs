//! Reads a file that is handed in: its type, its size, its time and its hash.

use std::future::Future;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE};
use actix_web::{FromRequest, HttpRequest};
use futures_util::StreamExt as _;
use sha2::{Digest, Sha256};
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::http::body::{BODY_DEADLINE, BodyHash};
use crate::http::exports::XLSX;
use crate::http::problem::{Kind, Problem};

/// The largest file over the interface, in bytes (DESIGN 10).
const MAX_BYTES: usize = 16 * 1024 * 1024;

/// The forms in which a file may come; what it is is read from its content.
const MEDIA_TYPES: [&str; 4] = [
    "application/json",
    "application/fhir+json",
    "text/csv",
    XLSX,
];

/// How many files are read at once: what is held of them is bounded by this and by their size.
const MAX_UPLOADS: usize = 4;

/// How much of a file is read before others of the same thread have their turn: one that arrives faster than it is read always has
/// a next piece.
const TURN_BYTES: usize = 64 * 1024;

static UPLOADS: Semaphore = Semaphore::const_new(MAX_UPLOADS);

/// A file as it arrived.
pub(crate) struct FileBody {
    pub(crate) bytes: Vec<u8>,
    /// Taken while the file arrives, since a whole file at once would keep this thread's other callers waiting.
    pub(crate) hash: BodyHash,
    /// The place among those that are read at once.
    pub(crate) _permit: SemaphorePermit<'static>,
}

impl FromRequest for FileBody {
    type Error = Problem;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Problem>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let headers = request.headers();
        let text = |name| {
            headers
                .get(name)
                .and_then(|value| value.to_str().ok())
                .unwrap_or_default()
        };
        let media_type = text(CONTENT_TYPE)
            .split(';')
            .next()
            .unwrap_or_default()
            .trim()
            .to_ascii_lowercase();
        let too_large = || {
            Problem::new(
                Kind::BodyTooLarge,
                format!(
                    "A file has at most {MAX_BYTES} bytes; split it, or use `alongside import`."
                ),
            )
        };
        let refused = if !MEDIA_TYPES.contains(&media_type.as_str()) {
            Err(Problem::new(
                Kind::UnsupportedMediaType,
                format!("The file has to be one of: {}.", MEDIA_TYPES.join(", ")),
            ))
        } else if !text(CONTENT_ENCODING).is_empty()
            && !text(CONTENT_ENCODING).eq_ignore_ascii_case("identity")
        {
            Err(Problem::new(
                Kind::UnsupportedMediaType,
                "The file has to come without a content encoding.",
            ))
        } else if text(CONTENT_LENGTH)
            .parse::<usize>()
            .is_ok_and(|length| length > MAX_BYTES)
        {
            Err(too_large())
        } else {
            Ok(())
        };
        let mut payload = payload.take();
        Box::pin(async move {
            refused?;
            let permit = UPLOADS.try_acquire().map_err(|_none_left| {
                Problem::new(
                    Kind::TooManyRequests,
                    "Other files are being handed in; hand this one in again in some seconds.",
                )
            })?;
            let reading = async {
                let mut bytes = Vec::new();
                let mut hash = Sha256::new();
                let mut n_in_turn = 0;
                while let Some(chunk) = payload.next().await {
                    let chunk = chunk.map_err(|_broken| Problem::unreadable("", "broke off"))?;
                    if bytes.len() + chunk.len() > MAX_BYTES {
                        return Err(too_large());
                    }
                    hash.update(&chunk);
                    bytes.extend_from_slice(&chunk);
                    n_in_turn += chunk.len();
                    if n_in_turn >= TURN_BYTES {
                        n_in_turn = 0;
                        tokio::task::yield_now().await;
                    }
                }
                Ok(Self {
                    bytes,
                    hash: BodyHash(hash.finalize().into()),
                    _permit: permit,
                })
            };
            let read = actix_web::rt::time::timeout(BODY_DEADLINE, reading).await;
            read.map_err(|_elapsed| {
                Problem::new(
                    Kind::Timeout,
                    format!(
                        "The file has to arrive within {} s.",
                        BODY_DEADLINE.as_secs()
                    ),
                )
            })?
        })
    }
}
