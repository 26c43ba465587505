//! Pages of a list: which one is asked for, the cursor, and the links to other pages.
//!
//! A cursor is a hash of the path and the question, and the place of the last row of a page in hexadecimal: whatever orders the
//! list, for example a code, or a time and an id. It is opaque to callers, who take it from `links`; a text of another form and
//! a cursor of another question are refused.

use std::fmt::{Debug, Display};
use std::ops::RangeInclusive;
use std::str::FromStr;

use actix_web::http::header::LINK;
use actix_web::{HttpRequest, HttpResponse};
use chrono::{DateTime, Datelike as _, Utc};
use data_encoding::HEXLOWER;
use serde::Serialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use utoipa::openapi::path::{Parameter, ParameterIn};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::{IntoParams, ToSchema};

use crate::http::answer;
use crate::http::extract::{Fault, Parameters, Query};
use crate::http::parameters::{in_query, limit_in_query, limit_schema, whole};
use crate::http::problem::Problem;
use crate::random::is_id;

/// The most rows on one page (DESIGN 8).
pub(crate) const MAX_PAGE: usize = 200;

/// The rows on a page unless told otherwise (DESIGN 8).
const DEFAULT_PAGE: usize = 50;

/// What every cursor starts with: the version of its form.
const VERSION: &str = "c3";

/// The digits of the hash of the question.
const QUESTION_LEN: usize = 8;

/// The longest place, in bytes: that of a slug, the longest name in addresses.
const MAX_PLACE_LEN: usize = 64;

/// The form of a cursor: the version, the hash of the question, the bytes of a place.
const CURSOR_PATTERN: &str = "^c3[0-9a-f]{8}([0-9a-f]{2}){1,64}$";

/// Which page of a list is asked for; `P` is the place of a row in it, which is written as text.
#[derive(Debug)]
pub(crate) struct Page<P> {
    /// How many rows.
    pub(crate) limit: usize,
    /// The place of the last row before it.
    pub(crate) after: Option<P>,
    question: String,
}

impl<P: Display + FromStr> Page<P> {
    /// Takes `limit` and `cursor`, after all other parameters; `question` is whatever decides, beside the path, which rows there
    /// are and their order, the size of a page apart.
    pub(crate) fn read(query: &mut Query, question: &impl Debug) -> Self {
        let question = question_hash(query.path(), question);
        let limit = query.take("limit", page_size).unwrap_or(DEFAULT_PAGE);
        let cursor = query.take("cursor", |text| {
            place(text)
                .ok_or_else(|| Fault::Unreadable("is not a cursor that this service gave".into()))
        });
        // Where another parameter is at fault, the question is not known, and its fault says enough.
        if let Some((asked, _)) = &cursor
            && query.is_faultless()
            && *asked != question
        {
            query.refuse("cursor", of_another_question());
        }
        Self {
            limit,
            after: cursor.map(|(_, place)| place),
            question,
        }
    }

    /// The links of this page; `last` is the place of its last row, where more rows follow.
    pub(crate) fn links(&self, request: &HttpRequest, last: Option<P>) -> PageLinks {
        PageLinks::new(request, last.map(|place| cursor(&self.question, &place)))
    }
}

/// A list that is asked for nothing but a page: its rows and their order follow from its path.
pub(crate) trait List: 'static {
    /// The place of a row.
    type Place: Display + FromStr + 'static;
    /// An example of a path, of how many rows to ask for, and of a place.
    const EXAMPLE: (&'static str, usize, &'static str);
}

/// Which page of such a list.
pub(crate) struct PageOf<L: List>(pub(crate) Page<L::Place>);

impl<L: List> Parameters for PageOf<L> {
    fn read(query: &mut Query) -> Self {
        Self(Page::read(query, &()))
    }
}

impl<L: List> IntoParams for PageOf<L> {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let (path, limit, place) = L::EXAMPLE;
        page_parameters(limit, (path, &()), &place).into()
    }
}

/// The hash of what a cursor belongs to; `path` in capitals.
fn question_hash(path: &str, question: &impl Debug) -> String {
    let digest = Sha256::digest(format!("{path} {question:?}"));
    HEXLOWER.encode(&digest[..QUESTION_LEN / 2])
}

fn cursor(question: &str, place: &impl Display) -> String {
    let place = HEXLOWER.encode(place.to_string().as_bytes());
    format!("{VERSION}{question}{place}")
}

/// What is wrong with a cursor that was carried to another list.
pub(crate) fn of_another_question() -> Fault {
    Fault::Unreadable("belongs to another question; ask its own again, or start without it".into())
}

fn page_size(text: &str) -> Result<usize, Fault> {
    usize::try_from(whole(text)?)
        .ok()
        .filter(|number| (1..=MAX_PAGE).contains(number))
        .ok_or_else(|| Fault::Rule(format!("is a whole number from 1 to {MAX_PAGE}")))
}

/// Reads the question that a cursor belongs to, and a place. One place has one text.
fn place<P: Display + FromStr>(cursor: &str) -> Option<(String, P)> {
    let rest = cursor.strip_prefix(VERSION)?;
    let (question, place) = rest.split_at_checked(QUESTION_LEN)?;
    HEXLOWER.decode(question.as_bytes()).ok()?;
    let bytes = HEXLOWER.decode(place.as_bytes()).ok()?;
    let text = String::from_utf8(bytes)
        .ok()
        .filter(|text| (1..=MAX_PLACE_LEN).contains(&text.len()))?;
    let place: P = text.parse().ok()?;
    (place.to_string() == text).then(|| (question.to_owned(), place))
}

/// Describes `limit` and `cursor` of the list at a path, with an example of each: the page after a place.
pub(crate) fn page_parameters(
    limit: usize,
    (path, question): (&str, &impl Debug),
    place: &impl Display,
) -> [Parameter; 2] {
    let question = question_hash(&path.to_ascii_uppercase(), question);
    let schema = ObjectBuilder::new()
        .schema_type(Type::String)
        .pattern(Some(CURSOR_PATTERN))
        .max_length(Some(VERSION.len() + QUESTION_LEN + 2 * MAX_PLACE_LEN));
    [
        limit_in_query(
            "How many rows to list on a page.",
            limit_schema(MAX_PAGE, DEFAULT_PAGE),
            json!(limit),
        ),
        in_query(
            "cursor",
            "Where the page begins: taken from `links.next` of the page before, for the same question.",
            schema,
            Value::from(cursor(&question, place)),
        ),
    ]
}

/// Takes the row too many that was read to learn whether more follow; returns the last row of the page where they do.
pub(crate) fn cut<T>(rows: &mut Vec<T>, limit: usize) -> Option<&T> {
    let has_more = rows.len() > limit;
    rows.truncate(limit);
    rows.last().filter(|_| has_more)
}

/// The years in which something may have been made, all of which either database knows.
const YEARS: RangeInclusive<i32> = 1970..=9999;

/// The place of something in a list by the time it was made, and by its id where two were made at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Made {
    /// When, to the microsecond.
    pub(crate) at: DateTime<Utc>,
    /// Its id.
    pub(crate) id: String,
}

impl Display for Made {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.at.timestamp_micros(), self.id)
    }
}

impl FromStr for Made {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let made = || {
            let (micros, id) = text.split_once(' ')?;
            Some(Self {
                at: DateTime::from_timestamp_micros(micros.parse().ok()?)
                    .filter(|at| YEARS.contains(&at.year()))?,
                id: is_id(id).then(|| id.to_owned())?,
            })
        };
        made().ok_or(())
    }
}

/// Answers with a page: its view, which holds the links, and the same links as a header.
pub(crate) fn answer(
    view: &impl Serialize,
    header: &str,
    capacity: usize,
) -> Result<HttpResponse, Problem> {
    let mut response = answer::json(view, capacity)?;
    if let Ok(header) = header.parse() {
        response.headers_mut().insert(LINK, header);
    }
    Ok(response)
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

    /// The cursor after a place, read again as the answer to a question.
    fn again<P: Display + FromStr>(place: P, question: &str) -> (bool, Option<P>) {
        let asked = Page::<P>::read(&mut Query::new("/list", ""), &"a question");
        let request = TestRequest::with_uri("/list").to_http_request();
        let next = asked.links(&request, Some(place)).next.unwrap();
        let mut query = Query::new("/list", next.strip_prefix("/list?").unwrap());
        let page = Page::read(&mut query, &question);
        (query.is_faultless(), page.after)
    }

    proptest! {
        #[test]
        fn a_cursor_is_read_as_it_was_written(slug in "[a-z0-9_-]{1,64}", number in any::<i64>(), micros in 0..4_000_000_000_000_000_i64) {
            prop_assert_eq!(again(slug.clone(), "a question"), (true, Some(slug)));
            prop_assert_eq!(again(number, "a question"), (true, Some(number)));
            let made = Made {
                at: DateTime::from_timestamp_micros(micros).unwrap(),
                id: "00000000-0000-4000-8000-000000000001".to_owned(),
            };
            prop_assert_eq!(again(made.clone(), "a question"), (true, Some(made)));
        }
    }

    #[test]
    fn a_cursor_belongs_to_its_question() {
        assert!(!again("a".to_owned(), "another question").0);
    }

    #[test]
    fn a_cursor_belongs_to_its_path() {
        let cursor = cursor(&question_hash("/LISTS/A", &"q"), &1);
        let is_taken = |path: &str| {
            let mut query = Query::new(path, &format!("cursor={cursor}"));
            Page::<i64>::read(&mut query, &"q");
            query.is_faultless()
        };
        assert!(is_taken("/lists/a") && is_taken("/lists/A"));
        assert!(!is_taken("/lists/b"));
    }

    #[test]
    fn what_was_made_was_made_in_a_year_that_databases_know() {
        let id = "00000000-0000-4000-8000-000000000001";
        for (micros, is_known) in [
            (0, true),
            (253_402_300_799_999_999, true),
            (-1, false),
            (253_402_300_800_000_000, false),
            (-377_705_116_800_000_000_i64, false),
        ] {
            assert_eq!(format!("{micros} {id}").parse::<Made>().is_ok(), is_known);
        }
    }

    #[test]
    fn what_is_not_a_cursor_is_refused() {
        let is_taken = |cursor: &str| {
            let question = question_hash("/LIST", &"q");
            let cursor = cursor.replace('Q', &question);
            let mut query = Query::new("/list", &format!("cursor={cursor}"));
            Page::<i64>::read(&mut query, &"q");
            query.is_faultless()
        };
        assert!(is_taken("c3Q3432"));
        // No place; half a byte; capitals; a sign; a zero before the number; another version; no number.
        for cursor in [
            "c3Q", "c3Q343", "c3Q3A", "c3Q2b34", "c3Q3034", "c2Q34", "c3Q61", "x", "c3",
        ] {
            assert!(!is_taken(cursor), "{cursor}");
        }
    }

    #[test]
    fn a_page_has_1_to_200_rows() {
        assert_eq!(page_size("200"), Ok(200));
        for broken in ["0", "201", "-1"] {
            assert!(matches!(page_size(broken), Err(Fault::Rule(_))), "{broken}");
        }
    }

    #[test]
    fn the_row_too_many_is_cut() {
        let mut rows = vec![1, 2, 3];
        assert_eq!(cut(&mut rows, 2), Some(&2));
        assert_eq!(cut(&mut rows, 2), None);
        assert_eq!(rows, [1, 2]);
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
