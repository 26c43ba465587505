//! Reads the fields that bodies share: lines of text, dates as exact as their source, and the day of which a site speaks.

use chrono::NaiveDate;

use crate::domain::dates::PartialDate;
use crate::domain::provenance::Provenance;
use crate::domain::vendor::single_spaced;
use crate::http::extract::Fault;
use crate::http::parameters::text;
use crate::http::question::Faults;

/// Reads text on one line: trimmed and with single spaces, 1 to 100 characters, without control characters.
pub(crate) fn line(given: &str) -> Result<String, Fault> {
    if given.chars().any(char::is_control) {
        return Err(Fault::Rule("has no control characters".into()));
    }
    text(&single_spaced(given))
}

/// Reads a date known to the day, the month or the year.
pub(crate) fn date(given: &str) -> Result<PartialDate, Fault> {
    given
        .trim()
        .parse()
        .map_err(|malformed: crate::domain::dates::MalformedDate| {
            Fault::Rule(malformed.to_string())
        })
}

/// Reads `asOf`, the day of which a site speaks: not after today, which it is unless told otherwise. Returns the provenance of
/// its own word; `None` where the day is at fault.
pub(crate) fn own_word(
    faults: &mut Faults,
    as_of: Option<&str>,
    today: NaiveDate,
) -> Option<Provenance> {
    let day = match as_of {
        Some(given) => faults.keep("/asOf", date(given))?,
        None => match PartialDate::day(today) {
            Some(day) => day,
            None => {
                faults.refuse(
                    "/asOf",
                    "has to be given: the clock of the service is wrong",
                );
                return None;
            }
        },
    };
    if day.first_day() > today {
        faults.refuse("/asOf", "is not after today");
        return None;
    }
    Some(Provenance::own_word(day))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::provenance::Voice;

    #[test]
    fn a_line_has_single_spaces_and_no_control_characters() {
        assert_eq!(line("  System  C "), Ok("System C".to_owned()));
        for bad in ["", "   ", "a\u{0}b", "a\nb", "a\u{85}b", &"x".repeat(101)] {
            assert!(line(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_site_speaks_of_today_or_before() {
        let today = NaiveDate::from_ymd_opt(2026, 11, 22).unwrap();
        let word = |as_of| {
            let mut faults = Faults::default();
            let word = own_word(&mut faults, as_of, today);
            assert_eq!(word.is_none(), faults.finish().is_err());
            word.map(|word| (word.as_of.unwrap().to_string(), word.voice))
        };
        let day = |text: &str| Some((text.to_owned(), Voice::Site));
        assert_eq!(word(None), day("2026-11-22"));
        assert_eq!(word(Some("2026-11")), day("2026-11"));
        assert_eq!(word(Some("2024")), day("2024"));
        for bad in ["2026-11-23", "2026-12", "2027", "yesterday", ""] {
            assert_eq!(word(Some(bad)), None, "{bad}");
        }
    }
}
