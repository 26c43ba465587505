//! Pages of a list: the cursor, and the links to other pages.
//!
//! A cursor is the last row of a page in hexadecimal: its ODS code and, in a list by distance, the bits of the distance.
//! It is opaque to callers, who take it from `links`; written so, every text of its form is a place in the list, and any
//! other text is refused.

use actix_web::HttpRequest;
use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::directory::After;
use crate::domain::ids::OdsCode;
use crate::http::extract::Fault;

/// What every cursor starts with: the version of its form.
const VERSION: &str = "c1";

/// What stands before the distance; no byte of a code starts with it.
const DISTANCE_MARK: char = 'd';

/// The form of a cursor: the bytes of a code, then the bits of a double in `0..32768`, which holds any distance on Earth.
pub(crate) const CURSOR_PATTERN: &str =
    "^c1(3[0-9]|4[1-9a-f]|5[0-9a]){3,12}(d(40[0-9a-d]|[0-3][0-9a-f]{2})[0-9a-f]{13})?$";

/// The longest cursor, in characters.
pub(crate) const MAX_CURSOR_LEN: usize = 2 + 24 + 1 + 16;

/// Above any distance on Earth, in km; the bound of [`CURSOR_PATTERN`].
const MAX_DISTANCE_KM: f64 = 32_768.0;

/// Writes the place after a row.
pub(crate) fn cursor(after: After) -> String {
    let mut cursor = String::from(VERSION);
    for byte in after.ods_code.as_str().bytes() {
        cursor += &format!("{byte:02x}");
    }
    if let Some(km) = after.distance_km {
        cursor.push(DISTANCE_MARK);
        cursor += &format!("{:016x}", (km + 0.0).to_bits());
    }
    cursor
}

/// Reads a place.
pub(crate) fn after(text: &str) -> Result<After, Fault> {
    place(text).ok_or_else(|| Fault::Unreadable("is not a cursor that this service gave".into()))
}

fn place(text: &str) -> Option<After> {
    let lower_hex = |c: char| matches!(c, '0'..='9' | 'a'..='f');
    let rest = text
        .strip_prefix(VERSION)
        .filter(|rest| rest.chars().all(lower_hex))?;
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
    Some(After {
        distance_km,
        ods_code,
    })
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
    /// The links of a page of the list that `request` asked for.
    pub(crate) fn new(request: &HttpRequest, next: Option<After>) -> Self {
        let mut pairs: Vec<(String, String)> =
            serde_urlencoded::from_str(request.query_string()).unwrap_or_default();
        pairs.retain(|(name, _)| name != "cursor");
        let link = |pairs: &[(String, String)]| match serde_urlencoded::to_string(pairs) {
            Ok(query) if !query.is_empty() => format!("{}?{query}", request.path()),
            Ok(_) | Err(_) => request.path().to_owned(),
        };
        let first = link(&pairs);
        let next = next.map(|after| {
            pairs.push(("cursor".to_owned(), cursor(after)));
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

    #[test]
    fn a_cursor_has_a_fixed_form() {
        assert_eq!(cursor(at("RTH", None)), "c1525448");
        assert_eq!(cursor(at("RTH", Some(1.0))), "c1525448d3ff0000000000000");
    }

    proptest! {
        #[test]
        fn a_cursor_is_read_as_it_was_written(code in "[A-Z0-9]{3,12}", km in proptest::option::of(0.0..20_100.0)) {
            let place = at(&code, km);
            let text = cursor(place);
            prop_assert!(text.len() <= MAX_CURSOR_LEN);
            prop_assert_eq!(after(&text), Ok(place));
        }
    }

    #[test]
    fn what_is_not_a_cursor_is_refused() {
        for text in [
            "",
            "c1",
            "x",
            "c2525448",
            "c15254",
            "c152544",
            "c1525448d",
            "c1525448dfff0000000000000",
            "c1525448d8000000000000000",
            "c17274 68",
            "c1727468",
            "c152544É",
            "C1525448",
        ] {
            assert!(after(text).is_err(), "{text}");
        }
    }

    #[test]
    fn links_keep_the_question_and_change_the_place() {
        let request =
            TestRequest::with_uri("/api/v1/organisations?q=st+george&cursor=c1525448&limit=2")
                .to_http_request();
        let links = PageLinks::new(&request, Some(at("RJ7", None)));
        assert_eq!(links.first, "/api/v1/organisations?q=st+george&limit=2");
        assert_eq!(
            links.next.as_deref(),
            Some("/api/v1/organisations?q=st+george&limit=2&cursor=c1524a37")
        );
        assert!(links.header().ends_with("rel=\"next\""));
    }
}
