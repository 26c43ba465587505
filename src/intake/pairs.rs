//! Files of historical pairs: two codes in each row, and whether the pair came about.

use csv::StringRecord;

use crate::domain::error::{Error, Result};
use crate::domain::evaluation::{HistoricalPair, MAX_PAIRS};
use crate::domain::ids::OdsCode;

/// The most bytes that a file may have.
pub const MAX_BYTES: u64 = 1024 * 1024;

/// The pairs that the Global Digital Exemplar programme announced or proposed.
const BUNDLED: &str = include_str!("bundled/pairs.csv");

/// What the name of a column ends in that holds a code.
const CODE: &str = "_ods";

/// What a status begins with where a pair came about, be it that it ended early.
const CONFIRMED: &str = "confirmed";

/// Why a file is not one of pairs.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadPairs {
    /// It has no two columns of codes.
    #[error(
        "there are no two columns of codes; their names end in {CODE}, as in site_ods and partner_ods"
    )]
    NoColumns,
    /// It has no rows.
    #[error("there are no rows")]
    NoRows,
    /// It has too many.
    #[error("there are more than {MAX_PAIRS} pairs")]
    TooMany,
    /// A row cannot be read.
    #[error("line {line}: {fault}")]
    Row {
        /// Which, from 1.
        line: u64,
        /// What is wrong, without what stands there.
        fault: String,
    },
    /// A cell is no code.
    #[error("line {line}, column {column}: {fault}")]
    Cell {
        /// Which, from 1.
        line: u64,
        /// The name of the column.
        column: String,
        /// What is wrong.
        fault: String,
    },
}

/// Reads pairs from comma-separated values with a header row.
///
/// The codes are in the first two columns whose names end in `_ods`. Where there is a column `status`, a pair counts as confirmed where
/// that begins with `confirmed`; without one all are.
///
/// # Errors
///
/// [`BadPairs`], with the line.
pub fn read(text: &str) -> std::result::Result<Vec<HistoricalPair>, BadPairs> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut reader = csv::ReaderBuilder::new()
        .trim(csv::Trim::All)
        .from_reader(text.as_bytes());
    let headers = reader
        .headers()
        .map_err(|error| unreadable(&error))?
        .clone();
    let codes = headers
        .iter()
        .enumerate()
        .filter(|(_, name)| name.to_lowercase().ends_with(CODE));
    let codes: Vec<usize> = codes.map(|(at, _)| at).take(2).collect();
    let [one, other] = codes[..] else {
        return Err(BadPairs::NoColumns);
    };
    let status = headers
        .iter()
        .position(|name| name.eq_ignore_ascii_case("status"));
    let mut pairs = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|error| unreadable(&error))?;
        if pairs.len() == MAX_PAIRS {
            return Err(BadPairs::TooMany);
        }
        let status = status.and_then(|at| record.get(at));
        pairs.push(HistoricalPair {
            ends: (
                code(&headers, &record, one)?,
                code(&headers, &record, other)?,
            ),
            at: line(&record),
            is_confirmed: status.is_none_or(|s| s.to_lowercase().starts_with(CONFIRMED)),
        });
    }
    if pairs.is_empty() {
        return Err(BadPairs::NoRows);
    }
    Ok(pairs)
}

/// The bundled pairs.
///
/// # Errors
///
/// [`Error::Internal`] where they are not as they should be, which is a bug: they are part of the program.
pub fn bundled() -> Result<Vec<HistoricalPair>> {
    read(BUNDLED).map_err(|fault| Error::Internal("reading the bundled pairs", Box::new(fault)))
}

fn code(
    headers: &StringRecord,
    record: &StringRecord,
    at: usize,
) -> std::result::Result<OdsCode, BadPairs> {
    OdsCode::new(record.get(at).unwrap_or_default()).map_err(|fault| BadPairs::Cell {
        line: line(record),
        column: headers.get(at).unwrap_or_default().to_owned(),
        fault: fault.to_string(),
    })
}

fn line(record: &StringRecord) -> u64 {
    record.position().map_or(0, csv::Position::line)
}

fn unreadable(error: &csv::Error) -> BadPairs {
    let fault = match error.kind() {
        csv::ErrorKind::UnequalLengths {
            expected_len, len, ..
        } => {
            format!("there are {len} cells in the place of {expected_len}")
        }
        csv::ErrorKind::Utf8 { .. } => "it is not UTF-8".to_owned(),
        _ => "it cannot be read".to_owned(),
    };
    BadPairs::Row {
        line: error.position().map_or(0, csv::Position::line),
        fault,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bundled_pairs_are_read_and_only_some_are_confirmed() {
        let pairs = bundled().unwrap();
        assert_eq!(pairs.len(), 14);
        assert_eq!(pairs.iter().filter(|pair| pair.is_confirmed).count(), 10);
        assert_eq!(pairs[0].ends.0, OdsCode::new("RBS").unwrap());
    }

    #[test]
    fn columns_are_found_by_their_names() {
        let text = "\u{feff}no,A_ODS,name,b_ods,c_ods\n1,rth,Oxford,RHW ,RJ7\n";
        let pairs = read(text).unwrap();
        let code = |text| OdsCode::new(text).unwrap();
        assert_eq!(pairs[0].ends, (code("RTH"), code("RHW")));
        assert_eq!((pairs[0].at, pairs[0].is_confirmed), (2, true));
    }

    #[test]
    fn what_is_wrong_with_a_file_is_said_with_its_line() {
        let many = "a_ods,b_ods\n".to_owned() + &"RTH,RHW\n".repeat(MAX_PAIRS + 1);
        for (text, wanted) in [
            ("", "there are no two columns"),
            ("a_ods,b\nRTH,RHW\n", "there are no two columns"),
            ("a_ods,b_ods\n", "there are no rows"),
            (
                "a_ods,b_ods\nRTH\n",
                "line 2: there are 1 cells in the place of 2",
            ),
            ("a_ods,b_ods\nRTH,RHW\n,RHW\n", "line 3, column a_ods: "),
            ("a_ods,b_ods\nRTH,R-W\n", "line 2, column b_ods: "),
            (&many, "more than 1000 pairs"),
        ] {
            let refused = read(text).unwrap_err().to_string();
            assert!(refused.contains(wanted), "{text:.40}: {refused}");
        }
    }
}
