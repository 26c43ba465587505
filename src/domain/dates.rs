//! Dates as exact as their source: a day, a month or a year.

use std::fmt;
use std::str::FromStr;

use chrono::{Datelike, Days, Months, NaiveDate};

/// A date known to the day, the month or the year, between the years 1800 and 2200.
///
/// A date known to the month or the year alone stands for a span; [`first_day`](Self::first_day) and
/// [`last_day`](Self::last_day) are its ends. A start counts as its first day, an end as its last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PartialDate {
    first: NaiveDate,
    precision: Precision,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Precision {
    Day,
    Month,
    Year,
}

/// The text is not `YYYY-MM-DD`, `YYYY-MM` or `YYYY`, or no such day exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a date is YYYY-MM-DD, YYYY-MM or YYYY, between 1800 and 2200")]
pub struct MalformedDate;

impl PartialDate {
    /// A date known to the day; `None` outside the years 1800 to 2200.
    #[must_use]
    pub fn day(date: NaiveDate) -> Option<Self> {
        (1800..=2200).contains(&date.year()).then_some(Self {
            first: date,
            precision: Precision::Day,
        })
    }

    /// The first day of the span.
    #[must_use]
    pub fn first_day(self) -> NaiveDate {
        self.first
    }

    /// The last day of the span.
    #[must_use]
    pub fn last_day(self) -> NaiveDate {
        let next = match self.precision {
            Precision::Day => return self.first,
            Precision::Month => self.first.checked_add_months(Months::new(1)),
            Precision::Year => self.first.checked_add_months(Months::new(12)),
        };
        next.and_then(|next| next.checked_sub_days(Days::new(1)))
            .unwrap_or(self.first)
    }

    /// The year.
    #[must_use]
    pub fn year(self) -> i32 {
        self.first.year()
    }
}

impl FromStr for PartialDate {
    type Err = MalformedDate;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (full, precision) = match text.len() {
            10 => (text.to_owned(), Precision::Day),
            7 => (format!("{text}-01"), Precision::Month),
            4 => (format!("{text}-01-01"), Precision::Year),
            _ => return Err(MalformedDate),
        };
        let digits_and_dashes = full.bytes().enumerate().all(|(i, b)| {
            if i == 4 || i == 7 {
                b == b'-'
            } else {
                b.is_ascii_digit()
            }
        });
        if !digits_and_dashes {
            return Err(MalformedDate);
        }
        NaiveDate::parse_from_str(&full, "%Y-%m-%d")
            .ok()
            .and_then(Self::day)
            .map(|day| Self { precision, ..day })
            .ok_or(MalformedDate)
    }
}

impl fmt::Display for PartialDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = (self.first.year(), self.first.month(), self.first.day());
        match self.precision {
            Precision::Day => write!(f, "{year:04}-{month:02}-{day:02}"),
            Precision::Month => write!(f, "{year:04}-{month:02}"),
            Precision::Year => write!(f, "{year:04}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_month_and_a_year_stand_for_their_spans() {
        let month: PartialDate = "2024-02".parse().unwrap();
        assert_eq!(month.first_day().to_string(), "2024-02-01");
        assert_eq!(month.last_day().to_string(), "2024-02-29");
        let year: PartialDate = "2020".parse().unwrap();
        assert_eq!(year.last_day().to_string(), "2020-12-31");
        let day: PartialDate = "2018-01-26".parse().unwrap();
        assert_eq!(day.first_day(), day.last_day());
    }

    #[test]
    fn a_date_is_written_as_it_was_read() {
        for text in ["2024-10-01", "2018-01", "1999"] {
            assert_eq!(text.parse::<PartialDate>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn what_is_not_a_date_is_refused() {
        for text in [
            "",
            "2024-13",
            "2024-02-30",
            "24-01-01",
            "+024",
            "2024/01/01",
            "0001",
            "20245",
        ] {
            assert_eq!(text.parse::<PartialDate>(), Err(MalformedDate), "{text:?}");
        }
    }
}
