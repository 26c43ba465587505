//! Writes answers: once, from a view, into one buffer.

use std::fmt::Write;

use actix_web::http::header::{
    CACHE_CONTROL, CONTENT_TYPE, ETAG, HeaderMap, HeaderValue, IF_NONE_MATCH,
};
use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::domain::error::Error;
use crate::domain::version::Version;
use crate::http::problem::Problem;

/// What `Compress` makes of a tag's answer is another representation; its tag ends so.
const GZIP_SUFFIX: &str = "-gzip";

/// Writes a view as JSON; `capacity` is a guess of its size in bytes, so that the buffer is made once.
pub(crate) fn bytes(view: &impl Serialize, capacity: usize) -> Result<Vec<u8>, Problem> {
    let mut buffer = Vec::with_capacity(capacity);
    serde_json::to_writer(&mut buffer, view)
        .map_err(|error| Error::Internal("writing an answer", error.into()))?;
    Ok(buffer)
}

/// Answers 200 with a view as JSON.
pub(crate) fn json(view: &impl Serialize, capacity: usize) -> Result<HttpResponse, Problem> {
    bytes(view, capacity).map(json_bytes)
}

/// Answers 200 with bytes that are JSON.
pub(crate) fn json_bytes(bytes: impl Into<Bytes>) -> HttpResponse {
    let json = HeaderValue::from_static("application/json");
    HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, json))
        .body(bytes.into())
}

/// JSON with its tag.
pub(crate) struct Tagged {
    bytes: Bytes,
    tag: String,
}

impl Tagged {
    /// Tags the content by its hash.
    pub(crate) fn new(bytes: impl Into<Bytes>) -> Self {
        let bytes = bytes.into();
        Self {
            tag: tag(&bytes),
            bytes,
        }
    }

    /// Tags the content by the version of what it shows and by its hash, so that a change can name the version.
    pub(crate) fn versioned(bytes: impl Into<Bytes>, version: Version) -> Self {
        let bytes = bytes.into();
        let hash = tag(&bytes);
        Self {
            tag: format!("\"{}.{}", version.0, hash.trim_start_matches('"')),
            bytes,
        }
    }

    /// The content.
    pub(crate) fn into_bytes(self) -> Bytes {
        self.bytes
    }

    /// The tag, in its quotes.
    pub(crate) fn tag(&self) -> &str {
        &self.tag
    }

    /// Answers 200 with the content under a strong `ETag`, or 304 where the client has it already.
    pub(crate) fn answer(&self, request: &HttpRequest) -> HttpResponse {
        let known = known(request.headers(), &self.tag);
        let mut response = match known {
            Some(_) => HttpResponse::NotModified().finish(),
            None => json_bytes(self.bytes.clone()),
        };
        let headers = response.headers_mut();
        if let Ok(tag) = HeaderValue::from_str(known.as_deref().unwrap_or(&self.tag)) {
            headers.insert(ETAG, tag);
        }
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        response
    }
}

/// Answers with a view as JSON under its tag; see [`Tagged`].
pub(crate) fn tagged(
    request: &HttpRequest,
    view: &impl Serialize,
    capacity: usize,
) -> Result<HttpResponse, Problem> {
    Ok(Tagged::new(bytes(view, capacity)?).answer(request))
}

/// Answers with a view as JSON under a tag that names its version; see [`Tagged::versioned`].
pub(crate) fn versioned(
    request: &HttpRequest,
    view: &impl Serialize,
    version: Version,
    capacity: usize,
) -> Result<HttpResponse, Problem> {
    Ok(Tagged::versioned(bytes(view, capacity)?, version).answer(request))
}

/// The first 16 bytes of the SHA-256 of the content, in quotes: enough that no two contents share it by chance.
fn tag(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    let mut tag = String::with_capacity(34);
    tag.push('"');
    for byte in digest.iter().take(16) {
        // Writing to a String cannot fail.
        let _ = write!(tag, "{byte:02x}");
    }
    tag.push('"');
    tag
}

/// The tag of `If-None-Match` that stands for this content, compressed or not.
pub(crate) fn known(headers: &HeaderMap, tag: &str) -> Option<String> {
    let compressed = with_gzip(tag);
    for value in headers.get_all(IF_NONE_MATCH) {
        for candidate in value.to_str().unwrap_or_default().split(',').map(str::trim) {
            let candidate = candidate.strip_prefix("W/").unwrap_or(candidate);
            if candidate == "*" || candidate == tag {
                return Some(tag.to_owned());
            }
            if candidate == compressed {
                return Some(compressed);
            }
        }
    }
    None
}

/// The tag of the same content, compressed.
pub(crate) fn with_gzip(tag: &str) -> String {
    format!("{}{GZIP_SUFFIX}\"", tag.trim_end_matches('"'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::http::StatusCode;
    use actix_web::test::TestRequest;

    fn status(if_none_match: &str) -> StatusCode {
        let request = TestRequest::default()
            .insert_header((IF_NONE_MATCH, if_none_match))
            .to_http_request();
        Tagged::new("{}").answer(&request).status()
    }

    #[test]
    fn a_client_that_has_the_content_is_told_so() {
        let own = tag(b"{}");
        for header in [
            own.clone(),
            format!("\"x\", {own}"),
            format!("W/{own}"),
            "*".into(),
            with_gzip(&own),
        ] {
            assert_eq!(status(&header), StatusCode::NOT_MODIFIED, "{header}");
        }
        for header in ["\"x\"", "", "x"] {
            assert_eq!(status(header), StatusCode::OK, "{header}");
        }
    }

    #[test]
    fn another_content_has_another_tag() {
        assert_ne!(tag(b"{}"), tag(b"[]"));
        assert_eq!(tag(b"{}").len(), 34);
    }
}
