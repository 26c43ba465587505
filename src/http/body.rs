//! Reads a JSON body: its type, its size, its time and its fields, each fault named by a JSON pointer.

use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::error::PayloadError;
use actix_web::http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, HeaderMap};
use actix_web::web::BytesMut;
use actix_web::{FromRequest, HttpRequest};
use futures_util::StreamExt;
use serde::de::value::MapAccessDeserializer;
use serde::de::{DeserializeOwned, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::error::Category;
use serde_path_to_error::{Path, Segment};
use sha2::{Digest, Sha256};

use crate::domain::error::FieldError;
use crate::http::problem::{Kind, Problem};

/// The largest body, in bytes (DESIGN 10).
pub(crate) const MAX_BODY_BYTES: usize = 1024 * 1024;

/// How long a body may take to arrive (DESIGN 10).
pub(crate) const BODY_DEADLINE: Duration = Duration::from_secs(30);

/// A JSON object, and the hash of the bytes it was read from.
pub(crate) struct Body<T>(pub(crate) T, pub(crate) BodyHash);

/// The SHA-256 of a body as it arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct BodyHash(pub(crate) [u8; 32]);

impl BodyHash {
    /// The hash of a body.
    pub(crate) fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }
}

impl<T: DeserializeOwned + 'static> FromRequest for Body<T> {
    type Error = Problem;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Problem>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let refused = check_headers(request.headers());
        let payload = payload.take();
        Box::pin(async move {
            refused?;
            let bytes = arrived(payload).await?;
            parse(&bytes).map(|value| Self(value, BodyHash::of(&bytes)))
        })
    }
}

/// A JSON object that may be left out, which says the same as an empty one, and the hash of the bytes it was read from.
pub(crate) struct OptionalBody<T>(pub(crate) T, pub(crate) BodyHash);

impl<T: DeserializeOwned + Default + 'static> FromRequest for OptionalBody<T> {
    type Error = Problem;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Problem>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let refused = check_headers(request.headers());
        let payload = payload.take();
        Box::pin(async move {
            let bytes = arrived(payload).await?;
            let hash = BodyHash::of(&bytes);
            if bytes.is_empty() {
                return Ok(Self(T::default(), hash));
            }
            refused?;
            parse(&bytes).map(|value| Self(value, hash))
        })
    }
}

/// The whole body, where it arrives in time.
async fn arrived(payload: Payload) -> Result<BytesMut, Problem> {
    actix_web::rt::time::timeout(BODY_DEADLINE, read(payload))
        .await
        .map_err(|_elapsed| {
            let seconds = BODY_DEADLINE.as_secs();
            Problem::new(
                Kind::Timeout,
                format!("The body has to arrive within {seconds} s."),
            )
        })?
}

fn check_headers(headers: &HeaderMap) -> Result<(), Problem> {
    let text = |name| {
        headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    };
    if headers.get_all(CONTENT_TYPE).count() > 1 {
        return Err(Problem::unreadable(
            "/header/Content-Type",
            "is given twice",
        ));
    }
    let mut parts = text(CONTENT_TYPE).split(';').map(str::trim);
    let media_type = parts.next().unwrap_or_default();
    if !media_type.eq_ignore_ascii_case("application/json") {
        return Err(Problem::new(
            Kind::UnsupportedMediaType,
            "The body has to be application/json.",
        ));
    }
    if !parts.all(is_utf_8_or_no_charset) {
        return Err(Problem::new(
            Kind::UnsupportedMediaType,
            "The body has to be in UTF-8.",
        ));
    }
    let encoding = text(CONTENT_ENCODING);
    if !encoding.is_empty() && !encoding.eq_ignore_ascii_case("identity") {
        return Err(Problem::new(
            Kind::UnsupportedMediaType,
            "The body has to come without a content encoding.",
        ));
    }
    match text(CONTENT_LENGTH).parse::<usize>() {
        Ok(length) if length > MAX_BODY_BYTES => Err(too_large()),
        Ok(_) | Err(_) => Ok(()),
    }
}

fn is_utf_8_or_no_charset(parameter: &str) -> bool {
    match parameter.split_once('=') {
        Some((name, value)) if name.trim().eq_ignore_ascii_case("charset") => {
            value.trim().trim_matches('"').eq_ignore_ascii_case("utf-8")
        }
        Some(_) | None => true,
    }
}

fn too_large() -> Problem {
    Problem::new(
        Kind::BodyTooLarge,
        format!("A body has at most {MAX_BODY_BYTES} bytes."),
    )
}

async fn read(mut payload: Payload) -> Result<BytesMut, Problem> {
    let mut body = BytesMut::new();
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|error| match error {
            PayloadError::Overflow => too_large(),
            _ => Problem::unreadable("", "broke off"),
        })?;
        if body.len() + chunk.len() > MAX_BODY_BYTES {
            return Err(too_large());
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// Reads the object. What is not JSON is a 400; JSON with a field that is unknown, twice there or of a wrong type is a 422.
fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Err(Problem::unreadable(
            "",
            "is missing; {} asks for the defaults",
        ));
    }
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let read: Result<Object<T>, _> = serde_path_to_error::deserialize(&mut deserializer);
    let object = read.map_err(|error| problem(&pointer(error.path()), error.inner()))?;
    deserializer.end().map_err(|error| problem("", &error))?;
    Ok(object.0)
}

fn problem(pointer: &str, error: &serde_json::Error) -> Problem {
    let (line, column) = (error.line(), error.column());
    match error.classify() {
        Category::Data => {
            let words = data_fault(&error.to_string());
            Problem::of_fields(Kind::Invalid, vec![FieldError::new(pointer, words)])
        }
        Category::Eof => {
            Problem::unreadable("", format!("is JSON that ends too early, in line {line}"))
        }
        Category::Syntax | Category::Io => Problem::unreadable(
            "",
            format!("is not JSON that can be read: line {line}, column {column}"),
        ),
    }
}

/// Says in our words what serde says in its own. It repeats nothing that was sent: the pointer names the field.
fn data_fault(message: &str) -> String {
    let words = message
        .rsplit_once(" at line ")
        .map_or(message, |(words, _)| words);
    let expected = words.rsplit_once("expected ").map(|(_, expected)| expected);
    if words.starts_with("unknown field ") {
        // The names stand in backticks: every second part.
        let names: Vec<&str> = expected
            .unwrap_or_default()
            .split('`')
            .skip(1)
            .step_by(2)
            .collect();
        format!("is not a field here; the fields are {}", names.join(", "))
    } else if words.starts_with("duplicate field ") {
        // The name is one of ours, or it would be unknown.
        format!(
            "gives {} twice",
            words.split('`').nth(1).unwrap_or("a field")
        )
    } else if words.starts_with("invalid ") {
        let kind = match expected {
            Some("f64") => "a number",
            Some("a string") => "a text",
            Some("a sequence") => "a list",
            Some("an object of criteria and numbers") => "an object of criteria and numbers",
            Some("an object") => "an object",
            Some("an object of lists, or a list") => "an object of lists, or a list",
            Some(_) | None => return "is not of the form that is asked for".to_owned(),
        };
        format!("must be {kind}")
    } else {
        words.to_owned()
    }
}

/// The path to a value as a JSON pointer (RFC 6901).
fn pointer(path: &Path) -> String {
    let mut pointer = String::new();
    for segment in path {
        match segment {
            Segment::Map { key } => {
                pointer.push('/');
                pointer += &key.replace('~', "~0").replace('/', "~1");
            }
            Segment::Seq { index } => pointer += &format!("/{index}"),
            Segment::Enum { .. } | Segment::Unknown => {}
        }
    }
    pointer
}

/// A JSON object and nothing else: a derived `Deserialize` would take an array for a struct too.
#[derive(Debug, Default)]
pub(crate) struct Object<T>(pub(crate) T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ObjectVisitor<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for ObjectVisitor<T> {
            type Value = Object<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map)).map(Object)
            }
        }

        deserializer.deserialize_map(ObjectVisitor(PhantomData))
    }
}

/// Reads an optional field that, where it is given, has a value: `null` is refused like any other wrong type.
///
/// # Errors
///
/// As the field's own type.
pub(crate) fn given<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Default, Deserialize)]
    #[serde(deny_unknown_fields, default)]
    struct Inner {
        #[serde(deserialize_with = "given")]
        number: Option<f64>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Outer {
        #[serde(default, deserialize_with = "given")]
        inner: Option<Object<Inner>>,
    }

    fn fails(json: &str, kind: Kind, told: &str) {
        let problem = parse::<Outer>(json.as_bytes()).unwrap_err();
        assert_eq!(problem.kind, kind, "{json}");
        assert!(format!("{problem:?}").contains(told), "{json}: {problem:?}");
    }

    #[test]
    fn an_object_is_read() {
        let outer: Outer = parse(br#" {"inner": {"number": 2}} "#).unwrap();
        assert_eq!(outer.inner.unwrap().0.number, Some(2.0));
        assert!(parse::<Outer>(b"{}").unwrap().inner.is_none());
    }

    #[test]
    fn what_is_not_json_is_unreadable() {
        for json in [
            "",
            "  ",
            "{",
            "{\"inner\":{\"number\":1e999}}",
            "{\"inner\":{\"number\":NaN}}",
            "{} {}",
            "\u{feff}{}",
        ] {
            fails(json, Kind::Unreadable, "Unreadable");
        }
        let deep = "[".repeat(10_000);
        fails(&deep, Kind::Invalid, "an object");
        fails(&format!("{{\"inner\":{deep}"), Kind::Invalid, "an object");
    }

    #[test]
    fn what_has_another_shape_breaks_a_rule_and_is_named() {
        fails("[]", Kind::Invalid, "an object");
        fails("null", Kind::Invalid, "an object");
        fails(r#"{"inner": []}"#, Kind::Invalid, "/inner");
        fails(r#"{"inner": null}"#, Kind::Invalid, "/inner");
        fails(
            r#"{"inner": {"number": "x"}}"#,
            Kind::Invalid,
            "/inner/number",
        );
        fails(
            r#"{"inner": {"number": null}}"#,
            Kind::Invalid,
            "/inner/number",
        );
        fails(r#"{"inner": {"other": 1}}"#, Kind::Invalid, "/inner/other");
        fails(
            r#"{"inner": {"number": 1, "number": 2}}"#,
            Kind::Invalid,
            "gives number twice",
        );
    }

    #[test]
    fn faults_are_told_without_the_terms_of_a_library() {
        fails(
            r#"{"inner": {"number": "1"}}"#,
            Kind::Invalid,
            "must be a number",
        );
        fails("[]", Kind::Invalid, "The body must be an object.");
        let long = format!("{{\"{}\": 1}}", "expected `x`".repeat(10_000));
        let problem = parse::<Outer>(long.as_bytes()).unwrap_err();
        let told = format!("{problem:?}");
        assert!(
            told.len() < 2_000 && told.contains("the fields are inner"),
            "{told}"
        );
    }
}
