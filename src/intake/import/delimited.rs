//! Comma-separated values in UTF-8.

use crate::domain::import::Remark;
use crate::domain::spreadsheet::unescaped;
use crate::intake::import::rows::{Raw, Sink};
use crate::intake::import::{MAX_CELL_BYTES, MAX_COLUMNS, MAX_ROWS};

/// How many times the columns that are allowed a row may have before the rest of it is not even looked at.
const MANY: usize = 4;

/// The text of a file, without the mark of its encoding.
///
/// # Errors
///
/// A remark that names the encoding where that can be told, and the row where it cannot.
pub(super) fn text(bytes: &[u8]) -> Result<&str, Remark> {
    const SAVE: &str = "save it as \"CSV UTF-8\"";
    if bytes.is_empty() || bytes.iter().all(u8::is_ascii_whitespace) {
        return Err(Remark::refused(0, None, "the file is empty"));
    }
    if bytes.starts_with(b"\xff\xfe\0\0") || bytes.starts_with(b"\0\0\xfe\xff") {
        return Err(Remark::refused(
            0,
            None,
            format!("the file is in UTF-32; {SAVE}"),
        ));
    }
    let is_utf_16 = bytes.starts_with(b"\xff\xfe")
        || bytes.starts_with(b"\xfe\xff")
        || bytes
            .iter()
            .take(200)
            .skip(1)
            .step_by(2)
            .filter(|&&b| b == 0)
            .count()
            > 20
        || bytes
            .iter()
            .take(200)
            .step_by(2)
            .filter(|&&b| b == 0)
            .count()
            > 20;
    if is_utf_16 {
        return Err(Remark::refused(
            0,
            None,
            format!("the file is in UTF-16; {SAVE}"),
        ));
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    std::str::from_utf8(bytes).map_err(|fault| {
        let before = bytes.get(..fault.valid_up_to()).unwrap_or_default();
        let row = 1 + count(before, b'\n');
        let words =
            format!("the file is not in UTF-8 but in Latin-1 (Windows-1252) or the like; {SAVE}");
        Remark::refused(row, None, words)
    })
}

fn count(bytes: &[u8], wanted: u8) -> u64 {
    bytes
        .iter()
        .fold(0, |n, &byte| n + u64::from(byte == wanted))
}

/// Reads the rows.
pub(super) fn each(bytes: &[u8], sink: &mut Sink<'_>) -> Result<(), Remark> {
    let text = text(bytes)?;
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .trim(csv::Trim::All)
        .from_reader(text.as_bytes());
    let mut record = csv::StringRecord::new();
    // A spreadsheet counts rows, the reader lines: they part where a cell holds line breaks.
    let mut n_breaks_in_cells = 0;
    let mut cells = Vec::new();
    loop {
        let line = reader.position().line();
        match reader.read_record(&mut record) {
            Ok(true) => {}
            Ok(false) => return Ok(()),
            Err(_fault) => {
                let words = "the row cannot be read as comma-separated values";
                return Err(Remark::refused(line, None, words));
            }
        }
        // Empty lines before the row were passed over.
        let line = record
            .position()
            .map_or(line, csv::Position::line)
            .max(line);
        let breaks: u64 = record
            .iter()
            .map(|cell| count(cell.as_bytes(), b'\n'))
            .sum();
        let row = (line - n_breaks_in_cells.min(line)).max(1);
        n_breaks_in_cells += breaks;
        if row > MAX_ROWS + 1 {
            let words = format!("a file has at most {MAX_ROWS} rows; split it");
            return Err(Remark::refused(row, None, words));
        }
        if record.len() > MAX_COLUMNS * MANY {
            let words = format!(
                "the row has {} columns; at most {MAX_COLUMNS} are read",
                record.len()
            );
            return Err(Remark::refused(row, None, words));
        }
        cells.clear();
        for cell in &record {
            if cell.len() > MAX_CELL_BYTES {
                let words = format!(
                    "a cell has {} bytes, at most {MAX_CELL_BYTES} are read; perhaps a quotation mark is not closed",
                    cell.len()
                );
                return Err(Remark::refused(row, None, words));
            }
            cells.push(match (cell, unescaped(cell)) {
                ("", _) => Raw::Empty,
                (_, Some(text)) => Raw::Guarded(text.to_owned()),
                (text, None) => Raw::Text(text.to_owned()),
            });
        }
        if cells.iter().all(|cell| *cell == Raw::Empty) && row > 1 {
            continue;
        }
        sink(row, &mut cells)?;
    }
}
