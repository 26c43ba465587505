//! The parameters that operations share: how each is read, and beside it how the document describes it.

use chrono::{Datelike, NaiveDate};
use serde_json::{Value, json};
use utoipa::openapi::Required;
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::{IntoParams, openapi};

use crate::domain::ids::BoardCode;
use crate::domain::organisation::CareSetting;
use crate::domain::suggestion::Limit;
use crate::http::extract::{Candidate, Fault, Seeker};

/// The longest free text, in characters.
const MAX_TEXT_CHARS: usize = 100;

/// The radii that may be asked for, in km.
pub(crate) const MIN_WITHIN_KM: f64 = 0.1;
/// See [`MIN_WITHIN_KM`].
pub(crate) const MAX_WITHIN_KM: f64 = 2000.0;

/// The years that `asOf` may lie in.
const AS_OF_YEARS: std::ops::RangeInclusive<i32> = 1900..=2200;

/// The days that `asOf` may name, leap days included: `format: date` alone would promise years that are refused.
const AS_OF_PATTERN: &str = "^(((19|20|21)[0-9]{2}|2200)-((0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])|(0[13-9]|1[0-2])-(29|30)|(0[13578]|1[02])-31)|((19|20|21)(0[48]|[2468][048]|[13579][26])|2000)-02-29)$";

/// Text without control characters that is not all spaces.
const TEXT_PATTERN: &str = "^[^\\x00-\\x1f\\x7f]*[^\\x00-\\x20\\x7f][^\\x00-\\x1f\\x7f]*$";

const BOARD_PATTERN: &str = "^[A-Za-z0-9]{1,12}$";

const CODE_PATTERN: &str = "^[A-Za-z0-9]{3,12}$";

fn parameter(
    name: &str,
    place: ParameterIn,
    description: &str,
    schema: impl Into<openapi::RefOr<openapi::Schema>>,
    example: Value,
) -> Parameter {
    let required = if place == ParameterIn::Path {
        Required::True
    } else {
        Required::False
    };
    ParameterBuilder::new()
        .name(name)
        .parameter_in(place)
        .required(required)
        .description(Some(description))
        .schema(Some(schema))
        .example(Some(example))
        .build()
}

/// Describes an optional parameter of the query. Its example is in the schema, from where Swagger UI fills in nothing.
pub(crate) fn in_query(
    name: &str,
    description: &str,
    schema: ObjectBuilder,
    example: Value,
) -> Parameter {
    ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Query)
        .required(Required::False)
        .description(Some(description))
        .schema(Some(schema.examples([example])))
        .build()
}

/// Describes how many to list, which Swagger UI fills in.
pub(crate) fn limit_in_query(
    description: &str,
    schema: ObjectBuilder,
    example: Value,
) -> Parameter {
    parameter("limit", ParameterIn::Query, description, schema, example)
}

fn string() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String)
}

// --- limit ---

/// Reads how many suggestions to give.
pub(crate) fn limit(text: &str) -> Result<Limit, Fault> {
    let number = whole(text)?;
    let rule = |_| Fault::Rule(format!("is a whole number from 1 to {}", Limit::MAX));
    Limit::new(number).map_err(rule)
}

/// Reads a whole number.
pub(crate) fn whole(text: &str) -> Result<i64, Fault> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Fault::Unreadable("is not a whole number".into()));
    }
    // Too many digits are a number all the same; it is outside any range.
    let beyond = if digits.len() == text.len() {
        i64::MAX
    } else {
        i64::MIN
    };
    Ok(text.parse().unwrap_or(beyond))
}

/// Describes a count from 1.
pub(crate) fn limit_schema(most: usize, default: usize) -> ObjectBuilder {
    ObjectBuilder::new()
        .schema_type(Type::Integer)
        .minimum(Some(1))
        .maximum(Some(most))
        .default(Some(json!(default)))
}

// --- asOf ---

/// Reads the day on which ages are counted.
pub(crate) fn as_of(text: &str) -> Result<NaiveDate, Fault> {
    let has_form = text.len() == 10
        && text.bytes().enumerate().all(|(i, byte)| match i {
            4 | 7 => byte == b'-',
            _ => byte.is_ascii_digit(),
        });
    if !has_form {
        let words = "is not a date of the form YYYY-MM-DD";
        return Err(Fault::Unreadable(words.into()));
    }
    let day = NaiveDate::parse_from_str(text, "%Y-%m-%d")
        .map_err(|_no_such_day| Fault::Unreadable("is not a day of the calendar".into()))?;
    if AS_OF_YEARS.contains(&day.year()) {
        Ok(day)
    } else {
        let (first, last) = (AS_OF_YEARS.start(), AS_OF_YEARS.end());
        Err(Fault::Rule(format!(
            "is a date from {first}-01-01 to {last}-12-31"
        )))
    }
}

/// Describes the day on which ages are counted.
pub(crate) fn as_of_schema() -> ObjectBuilder {
    string()
        .pattern(Some(AS_OF_PATTERN))
        .min_length(Some(10))
        .max_length(Some(10))
}

/// The words for `asOf`.
pub(crate) const AS_OF_WORDS: &str = "The day on which ages are counted, `YYYY-MM-DD`, from 1900-01-01 to 2200-12-31; today in UTC by default. \
     With a day given, an answer can be repeated.";

// --- text, boards, distances ---

/// Reads free text.
pub(crate) fn text(text: &str) -> Result<String, Fault> {
    if text.is_empty() {
        Err(Fault::Rule("is empty".into()))
    } else if text.chars().count() > MAX_TEXT_CHARS {
        Err(Fault::Rule(format!(
            "has at most {MAX_TEXT_CHARS} characters"
        )))
    } else if text.chars().any(|c| c.is_ascii_control()) {
        Err(Fault::Rule("has no control characters".into()))
    } else {
        Ok(text.to_owned())
    }
}

/// Describes free text.
pub(crate) fn text_schema() -> ObjectBuilder {
    string()
        .min_length(Some(1))
        .max_length(Some(MAX_TEXT_CHARS))
        .pattern(Some(TEXT_PATTERN))
}

/// Reads the code of a board or a region, in letters of either case.
pub(crate) fn board(text: &str) -> Result<BoardCode, Fault> {
    BoardCode::new(&text.to_ascii_uppercase())
        .map_err(|malformed| Fault::Unreadable(malformed.to_string()))
}

/// Describes the code of a board or a region.
pub(crate) fn board_schema() -> ObjectBuilder {
    string()
        .pattern(Some(BOARD_PATTERN))
        .min_length(Some(1))
        .max_length(Some(12))
}

/// Reads a radius.
pub(crate) fn within_km(text: &str) -> Result<f64, Fault> {
    let km = text.parse::<f64>().ok().filter(|km| km.is_finite());
    radius(km.ok_or_else(|| Fault::Unreadable("is not a number".into()))?)
}

/// Accepts a radius in km.
pub(crate) fn radius(km: f64) -> Result<f64, Fault> {
    if (MIN_WITHIN_KM..=MAX_WITHIN_KM).contains(&km) {
        Ok(km)
    } else {
        Err(Fault::Rule(format!(
            "is a distance from {MIN_WITHIN_KM} to {MAX_WITHIN_KM} km"
        )))
    }
}

/// Describes a radius.
pub(crate) fn within_km_schema() -> ObjectBuilder {
    ObjectBuilder::new()
        .schema_type(Type::Number)
        .minimum(Some(MIN_WITHIN_KM))
        .maximum(Some(MAX_WITHIN_KM))
}

/// Reads a care setting.
pub(crate) fn care_setting(text: &str) -> Result<CareSetting, Fault> {
    text.parse()
        .map_err(|malformed: crate::domain::ids::MalformedId| Fault::Rule(malformed.to_string()))
}

/// Describes a care setting.
pub(crate) fn care_setting_schema() -> ObjectBuilder {
    string().enum_values(Some(
        CareSetting::ALL.iter().map(|setting| setting.as_str()),
    ))
}

// --- codes in the path ---

/// Describes an ODS code.
pub(crate) fn code_schema() -> ObjectBuilder {
    string()
        .pattern(Some(CODE_PATTERN))
        .min_length(Some(3))
        .max_length(Some(12))
}

impl IntoParams for Seeker {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let words = "The ODS code of the organisation, in letters of either case.";
        vec![parameter(
            "odsCode",
            ParameterIn::Path,
            words,
            code_schema(),
            json!("RTH"),
        )]
    }
}

impl IntoParams for Candidate {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let words = "The ODS code of the candidate, in letters of either case.";
        vec![parameter(
            "candidate",
            ParameterIn::Path,
            words,
            code_schema(),
            json!("RHW"),
        )]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_of_is_a_day_of_three_centuries() {
        for day in ["1900-01-01", "2200-12-31", "2024-02-29"] {
            assert!(as_of(day).is_ok(), "{day}");
        }
        assert_eq!(
            as_of("2026-02-30"),
            Err(Fault::Unreadable("is not a day of the calendar".into()))
        );
        for day in [
            "2023-02-29",
            "2026-1-01",
            "+2026-1-1",
            "today",
            "2026-11-22T",
        ] {
            assert!(matches!(as_of(day), Err(Fault::Unreadable(_))), "{day}");
        }
        for day in ["1899-12-31", "2201-01-01"] {
            assert!(matches!(as_of(day), Err(Fault::Rule(_))), "{day}");
        }
    }

    #[test]
    fn a_number_of_any_length_is_a_number() {
        let rule = Err(Fault::Rule("is a whole number from 1 to 50".into()));
        assert_eq!(limit("99999999999999999999"), rule);
        assert_eq!(limit("-99999999999999999999"), rule);
        assert!(matches!(limit("1.5"), Err(Fault::Unreadable(_))));
        assert!(matches!(limit("-"), Err(Fault::Unreadable(_))));
    }

    #[test]
    fn board_codes_take_letters_of_either_case() {
        assert_eq!(board("qu9"), board("QU9"));
    }

    #[test]
    fn text_has_no_control_characters() {
        assert!(text("Oracle Health (Cerner)").is_ok());
        for broken in ["", "a\u{0}b", "a\nb", &"x".repeat(MAX_TEXT_CHARS + 1)] {
            assert!(text(broken).is_err(), "{broken:?}");
        }
    }

    #[test]
    fn a_radius_is_a_number_within_bounds() {
        assert!(within_km("25").is_ok() && within_km("0.1").is_ok());
        assert!(matches!(within_km("NaN"), Err(Fault::Unreadable(_))));
        assert!(matches!(within_km("1e999"), Err(Fault::Unreadable(_))));
        assert!(matches!(within_km("0"), Err(Fault::Rule(_))));
    }
}
