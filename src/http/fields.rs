//! Reads the fields of bodies, all faults together: lines of text, dates as exact as their source, the day of which a site
//! speaks.

use std::fmt::Display;
use std::str::FromStr;

use chrono::NaiveDate;

use crate::domain::dates::PartialDate;
use crate::domain::error::{Error, FieldError};
use crate::domain::provenance::Provenance;
use crate::domain::vendor::single_spaced;
use crate::http::extract::Fault;
use crate::http::parameters::text;

/// The faults of a body, gathered.
#[derive(Default)]
pub(crate) struct Faults(pub(crate) Vec<FieldError>);

impl Faults {
    /// Remembers what is wrong with a field.
    pub(crate) fn refuse(&mut self, pointer: impl Into<String>, words: impl Into<String>) {
        self.0.push(FieldError::new(pointer, words));
    }

    /// Reads text on one line: trimmed, 1 to `max` characters, none of them a control character. `None` where there is none.
    pub(crate) fn text(
        &mut self,
        pointer: &str,
        given: Option<String>,
        max: usize,
    ) -> Option<String> {
        let given = given?;
        let text = given.trim();
        if text.is_empty() {
            self.refuse(pointer, "is empty");
        } else if text.chars().count() > max {
            self.refuse(pointer, format!("has at most {max} characters"));
        } else if text.chars().any(char::is_control) {
            self.refuse(pointer, "has no control characters");
        } else {
            return Some(text.to_owned());
        }
        None
    }

    /// Reads text of any lines: trimmed, 1 to `max` characters, the only control characters among them tabs and ends of lines,
    /// which are then all of one form. `None` where there is none.
    pub(crate) fn prose(
        &mut self,
        pointer: &str,
        given: Option<String>,
        max: usize,
    ) -> Option<String> {
        let given = given?.replace("\r\n", "\n");
        let text = given.trim();
        if text.is_empty() {
            self.refuse(pointer, "is empty");
        } else if text.chars().count() > max {
            self.refuse(pointer, format!("has at most {max} characters"));
        } else if text
            .chars()
            .any(|c| c.is_control() && !matches!(c, '\n' | '\t'))
        {
            self.refuse(
                pointer,
                "has no control characters but tabs and ends of lines",
            );
        } else {
            return Some(text.to_owned());
        }
        None
    }

    /// Reads a value of a type that says itself what is wrong. `None` where there is none.
    pub(crate) fn read<T: FromStr<Err: Display>>(
        &mut self,
        pointer: &str,
        given: Option<&str>,
    ) -> Option<T> {
        match given?.trim().parse() {
            Ok(value) => Some(value),
            Err(fault) => {
                self.refuse(pointer, fault.to_string());
                None
            }
        }
    }

    /// Reads a date that is not after today.
    pub(crate) fn past_date(
        &mut self,
        pointer: &str,
        given: Option<&str>,
        today: NaiveDate,
    ) -> Option<PartialDate> {
        let date: PartialDate = self.read(pointer, given)?;
        if date.first_day() > today {
            self.refuse(pointer, "is not after today");
            return None;
        }
        Some(date)
    }

    /// Fails where anything was wrong.
    pub(crate) fn finish(self) -> Result<(), Error> {
        if self.0.is_empty() {
            Ok(())
        } else {
            Err(Error::Invalid(self.0))
        }
    }

    /// Returns what was read, or remembers what is wrong with the field.
    pub(crate) fn keep<T>(
        &mut self,
        pointer: impl Into<String>,
        read: Result<T, Fault>,
    ) -> Option<T> {
        match read {
            Ok(value) => Some(value),
            Err(fault) => {
                self.0.push(FieldError::new(pointer, fault.words()));
                None
            }
        }
    }
}

/// What a field that was checked holds; that it holds nothing is a bug, since its absence was refused.
pub(crate) fn checked<T>(value: Option<T>) -> Result<T, Error> {
    value
        .ok_or_else(|| Error::Internal("reading a body", "a field that was checked is gone".into()))
}

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
        Some(given) => Some(faults.past_date("/asOf", Some(given), today)?),
        None => PartialDate::day(today),
    };
    Some(Provenance::own_word(day))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::provenance::Voice;

    #[test]
    fn faults_are_told_together_and_repeat_nothing() {
        let mut given = Faults::default();
        assert_eq!(
            given.text("/name", Some(" A  ".into()), 5).as_deref(),
            Some("A")
        );
        assert_eq!(given.text("/name", None, 5), None);
        for text in ["", "  ", "secret", "a\nb", "a\u{85}b"] {
            assert_eq!(given.text("/name", Some(text.into()), 5), None);
        }
        let Err(Error::Invalid(faults)) = given.finish() else {
            panic!("nothing was refused");
        };
        assert_eq!(faults.len(), 5);
        assert!(!format!("{faults:?}").contains("secret"));
    }

    #[test]
    fn prose_keeps_its_lines() {
        let mut given = Faults::default();
        let read = given.prose("/message", Some(" a\r\n\tb\n ".into()), 5);
        assert_eq!(read.as_deref(), Some("a\n\tb"));
        for text in ["", " \n", "abcdef", "a\u{0}b", "a\rb"] {
            assert_eq!(
                given.prose("/message", Some(text.into()), 5),
                None,
                "{text:?}"
            );
        }
        assert_eq!(given.0.len(), 5);
    }

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
