//! Pages of a list: the cursor, and the links to other pages.
//!
//! A cursor is a hash of the question, and the last row of a page in hexadecimal: its ODS code and, in a list by distance,
//! the bits of the distance. It is opaque to callers, who take it from `links`; a text of another form and a cursor of
//! another question are refused.

use actix_web::HttpRequest;
use serde::Serialize;
use sha2::{Digest, Sha256};
use utoipa::ToSchema;

use crate::domain::directory::{After, OrganisationQuery};
use crate::domain::ids::OdsCode;
use crate::http::extract::Fault;

/// What every cursor starts with: the version of its form.
const VERSION: &str = "c2";

/// The digits of the hash of the question.
const QUESTION_LEN: usize = 8;

/// What stands before the distance; no byte of a code starts with it.
const DISTANCE_MARK: char = 'd';

/// The form of a cursor: the hash, the bytes of a code, then the bits of a double in `0..32768`, which holds any distance on Earth.
pub(crate) const CURSOR_PATTERN: &str =
    "^c2[0-9a-f]{8}(3[0-9]|4[1-9a-f]|5[0-9a]){3,12}(d(40[0-9a-d]|[0-3][0-9a-f]{2})[0-9a-f]{13})?$";

/// The longest cursor, in characters.
pub(crate) const MAX_CURSOR_LEN: usize = 2 + QUESTION_LEN + 24 + 1 + 16;

/// Above any distance on Earth, in km; the bound of [`CURSOR_PATTERN`].
const MAX_DISTANCE_KM: f64 = 32_768.0;

/// Which list a cursor is a place in, in a few digits: enough to notice a cursor that was carried to another question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct QuestionHash(String);

impl QuestionHash {
    /// Hashes what decides which rows there are and their order; the size of a page does not.
    pub(crate) fn of(query: &OrganisationQuery) -> Self {
        let digest = Sha256::digest(format!("{query:?}"));
        let bytes = digest.iter().take(QUESTION_LEN / 2);
        Self(bytes.map(|byte| format!("{byte:02x}")).collect())
    }
}

/// Writes the place after a row of the list that a question gives.
pub(crate) fn cursor(question: &QuestionHash, after: After) -> String {
    let mut cursor = format!("{VERSION}{}", question.0);
    for byte in after.ods_code.as_str().bytes() {
        cursor += &format!("{byte:02x}");
    }
    if let Some(km) = after.distance_km {
        cursor.push(DISTANCE_MARK);
        cursor += &format!("{:016x}", (km + 0.0).to_bits());
    }
    cursor
}

/// Reads a place, and the question it belongs to.
pub(crate) fn read(text: &str) -> Result<(QuestionHash, After), Fault> {
    place(text).ok_or_else(|| Fault::Unreadable("is not a cursor that this service gave".into()))
}

fn place(text: &str) -> Option<(QuestionHash, After)> {
    let lower_hex = |c: char| matches!(c, '0'..='9' | 'a'..='f');
    let rest = text
        .strip_prefix(VERSION)
        .filter(|rest| rest.chars().all(lower_hex))?;
    let (question, rest) = rest.split_at_checked(QUESTION_LEN)?;
    // A code is whole pairs of digits and the mark stands at an even place, followed by 16 digits.
    let (code, distance) = match rest.len().checked_sub(17) {
        Some(at) if at % 2 == 0 && rest[at..].starts_with(DISTANCE_MARK) => {
            (&rest[..at], Some(&rest[at + 1..]))
        }
        Some(_) | None => (rest, None),
    };
    let distance_km = match distance {
        Some(bits) => {
            let km = f64::from_bits(u64::from_str_radix(bits, 16).ok()?);
            Some(km)
                .filter(|km| (0.0..MAX_DISTANCE_KM).contains(km) && km.is_sign_positive())
                .map(Some)?
        }
        None => None,
    };
    let bytes: Vec<u8> = (0..code.len())
        .step_by(2)
        .map(|at| {
            code.get(at..at + 2)
                .and_then(|pair| u8::from_str_radix(pair, 16).ok())
        })
        .collect::<Option<_>>()?;
    let code = std::str::from_utf8(&bytes).ok()?;
    let ods_code = OdsCode::new(code)
        .ok()
        .filter(|read| read.as_str() == code)?;
    let after = After {
        distance_km,
        ods_code,
    };
    Some((QuestionHash(question.to_owned()), after))
}

/// Where the other pages of a list are.
#[derive(Serialize, ToSchema)]
pub(crate) struct PageLinks {
    /// The first page.
    first: String,
    /// The page after this one; null on the last.
    #[schema(required)]
    next: Option<String>,
}

impl PageLinks {
    /// The links of a page of the list that `request` asked for; `next` is the cursor of the page after it.
    pub(crate) fn new(request: &HttpRequest, next: Option<String>) -> Self {
        let mut pairs: Vec<(String, String)> =
            serde_urlencoded::from_str(request.query_string()).unwrap_or_default();
        pairs.retain(|(name, _)| name != "cursor");
        let link = |pairs: &[(String, String)]| match serde_urlencoded::to_string(pairs) {
            Ok(query) if !query.is_empty() => format!("{}?{query}", request.path()),
            Ok(_) | Err(_) => request.path().to_owned(),
        };
        let first = link(&pairs);
        let next = next.map(|cursor| {
            pairs.push(("cursor".to_owned(), cursor));
            link(&pairs)
        });
        Self { first, next }
    }

    /// The same as the value of a `Link` header (RFC 8288).
    pub(crate) fn header(&self) -> String {
        let first = format!("<{}>; rel=\"first\"", self.first);
        match &self.next {
            Some(next) => format!("{first}, <{next}>; rel=\"next\""),
            None => first,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;
    use proptest::prelude::*;

    fn at(code: &str, distance_km: Option<f64>) -> After {
        After {
            distance_km,
            ods_code: OdsCode::new(code).unwrap(),
        }
    }

    fn question() -> QuestionHash {
        QuestionHash("0123abcd".into())
    }

    #[test]
    fn a_cursor_has_a_fixed_form() {
        assert_eq!(cursor(&question(), at("RTH", None)), "c20123abcd525448");
        assert_eq!(
            cursor(&question(), at("RTH", Some(1.0))),
            "c20123abcd525448d3ff0000000000000"
        );
    }

    #[test]
    fn another_question_has_another_hash() {
        let all = OrganisationQuery::default();
        let some = OrganisationQuery {
            text: Some("st".into()),
            ..OrganisationQuery::default()
        };
        assert_eq!(QuestionHash::of(&all), QuestionHash::of(&all));
        assert_ne!(QuestionHash::of(&all), QuestionHash::of(&some));
    }

    proptest! {
        #[test]
        fn a_cursor_is_read_as_it_was_written(code in "[A-Z0-9]{3,12}", km in proptest::option::of(0.0..20_100.0)) {
            let place = at(&code, km);
            let text = cursor(&question(), place);
            prop_assert!(text.len() <= MAX_CURSOR_LEN);
            prop_assert_eq!(read(&text), Ok((question(), place)));
        }
    }

    #[test]
    fn what_is_not_a_cursor_is_refused() {
        for text in [
            "",
            "c2",
            "c20123abcd",
            "x",
            "c10123abcd525448",
            "c20123abcd5254",
            "c20123abcd52544",
            "c20123abcd525448d",
            "c20123abcd525448dfff0000000000000",
            "c20123abcd525448d8000000000000000",
            "c20123abcd7274 68",
            "c20123abcd727468",
            "c20123abcd52544É",
            "C20123abcd525448",
        ] {
            assert!(read(text).is_err(), "{text}");
        }
    }

    #[test]
    fn links_keep_the_question_and_change_the_place() {
        let request = TestRequest::with_uri(
            "/api/v1/organisations?q=st+george&cursor=c20123abcd525448&limit=2",
        )
        .to_http_request();
        let links = PageLinks::new(&request, Some("c2x".into()));
        assert_eq!(links.first, "/api/v1/organisations?q=st+george&limit=2");
        assert_eq!(
            links.next.as_deref(),
            Some("/api/v1/organisations?q=st+george&limit=2&cursor=c2x")
        );
        assert!(links.header().ends_with("rel=\"next\""));
    }
}
