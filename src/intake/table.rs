//! Reading tables of text, strictly: what is wrong is said with file, line and column.

use std::fmt;
use std::str::FromStr;

use serde::de::DeserializeOwned;

/// What is wrong with a file, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct BadFile {
    /// The file's name.
    pub(super) file: &'static str,
    /// The line, from 1, where it is known.
    pub(super) line: Option<u64>,
    /// The name of the column, where it is known.
    pub(super) column: Option<String>,
    /// What is wrong.
    pub(super) fault: String,
}

impl fmt::Display for BadFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.file)?;
        if let Some(line) = self.line {
            write!(f, ", line {line}")?;
        }
        if let Some(column) = &self.column {
            write!(f, ", column {column}")?;
        }
        write!(f, ": {}", self.fault)
    }
}

impl std::error::Error for BadFile {}

/// The result of reading a file.
pub(super) type Read<T> = Result<T, BadFile>;

/// One row of a file and where it stands.
pub(super) struct Row<T> {
    file: &'static str,
    line: u64,
    /// The cells, by the name of their column.
    pub(super) cells: T,
}

/// Reads a file of comma-separated values with a header row into rows, in order.
///
/// Columns that `T` does not name are passed over; one that it names and the file lacks is an error, as is a row with
/// more or fewer cells than the header. Cells are trimmed.
pub(super) fn rows<T: DeserializeOwned>(file: &'static str, text: &str) -> Read<Vec<Row<T>>> {
    let mut reader = csv::ReaderBuilder::new()
        .trim(csv::Trim::All)
        .from_reader(text.as_bytes());
    let headers = reader
        .headers()
        .map_err(|error| unreadable(file, None, &error))?
        .clone();
    let mut found = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|error| unreadable(file, Some(&headers), &error))?;
        let line = record.position().map_or(0, csv::Position::line);
        let cells = record
            .deserialize(Some(&headers))
            .map_err(|error| unreadable(file, Some(&headers), &error))?;
        found.push(Row { file, line, cells });
    }
    Ok(found)
}

fn unreadable(
    file: &'static str,
    headers: Option<&csv::StringRecord>,
    error: &csv::Error,
) -> BadFile {
    let column = match error.kind() {
        csv::ErrorKind::Deserialize { err, .. } => err
            .field()
            .and_then(|index| headers?.get(usize::try_from(index).ok()?))
            .map(str::to_owned),
        _ => None,
    };
    let fault = match error.kind() {
        csv::ErrorKind::Deserialize { err, .. } => err.kind().to_string(),
        _ => error.to_string(),
    };
    BadFile {
        file,
        line: error.position().map(csv::Position::line),
        column,
        fault,
    }
}

impl<T> Row<T> {
    /// The error that a cell of this row is wrong.
    pub(super) fn fault(&self, column: &str, fault: impl fmt::Display) -> BadFile {
        BadFile {
            file: self.file,
            line: Some(self.line),
            column: Some(column.to_owned()),
            fault: fault.to_string(),
        }
    }

    /// The value that a cell holds.
    pub(super) fn parse<V: FromStr<Err: fmt::Display>>(&self, column: &str, cell: &str) -> Read<V> {
        cell.parse()
            .map_err(|fault: V::Err| self.fault(column, format_args!("{cell:?}: {fault}")))
    }

    /// The value that a cell holds; `None` where it is empty.
    pub(super) fn parse_some<V: FromStr<Err: fmt::Display>>(
        &self,
        column: &str,
        cell: &str,
    ) -> Read<Option<V>> {
        filled(cell)
            .map(|cell| self.parse(column, cell))
            .transpose()
    }
}

/// The text of a cell; `None` where it is empty.
pub(super) fn filled(cell: &str) -> Option<&str> {
    Some(cell).filter(|cell| !cell.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, serde::Deserialize)]
    struct Cells {
        code: String,
        beds: String,
    }

    fn failure(text: &str) -> String {
        match rows::<Cells>("beds.csv", text) {
            Err(fault) => fault.to_string(),
            Ok(rows) => rows
                .iter()
                .find_map(|row| row.parse::<f64>("beds", &row.cells.beds).err())
                .expect("a fault")
                .to_string(),
        }
    }

    #[test]
    fn cells_are_trimmed_and_other_columns_passed_over() {
        let rows = rows::<Cells>("beds.csv", "code,name,beds\nRTH,\"Oxford, UK\", 12 \n").unwrap();
        assert_eq!(rows[0].cells.code, "RTH");
        assert_eq!(rows[0].parse::<u32>("beds", &rows[0].cells.beds), Ok(12));
    }

    #[test]
    fn what_is_wrong_is_said_with_file_line_and_column() {
        assert_eq!(
            failure("code,beds\nRTH,1\nRHW,many\n"),
            "beds.csv, line 3, column beds: \"many\": invalid float literal"
        );
        assert_eq!(
            failure("code\nRTH\n"),
            "beds.csv, line 2: missing field `beds`"
        );
        let unequal = failure("code,beds\nRTH,1\nRHW\n");
        assert!(
            unequal.starts_with("beds.csv, line 3: ") && unequal.contains("1 fields"),
            "{unequal}"
        );
    }
}
