//! How rows become a file: CSV by RFC 4180, or a workbook with one sheet.
//!
//! In CSV a text that a spreadsheet would take for a formula gets an apostrophe before it; see
//! [`spreadsheet`](crate::domain::spreadsheet). In a workbook every text says of itself that it is one.

use std::borrow::Cow;
use std::io::{Read, Seek, SeekFrom, Write};

use csv::{Terminator, WriterBuilder};
use data_encoding::HEXLOWER;
use rust_xlsxwriter::{DocProperties, ExcelDateTime, Format, Workbook, XlsxError};
use sha2::{Digest, Sha256};
use tempfile::SpooledTempFile;

use crate::app::board_export::BOARD_NUMBERS;
use crate::app::export::{ExportFormat, ExportTable, WORKBOOK_DAY};
use crate::domain::error::{Cause, Error, Result};
use crate::domain::spreadsheet::escaped;

/// The largest file that is kept in memory, in bytes; a larger one is kept on disk.
const MAX_IN_MEMORY_BYTES: usize = 256 * 1024;

/// How much of a file is read at a time, in bytes.
const PIECE_BYTES: usize = 64 * 1024;

/// The most rows of a sheet, its header included (Office Open XML as Excel keeps to it).
const MAX_SHEET_ROWS: u32 = 1_048_576;

/// The digits of the digest that tell two files apart.
const DIGEST_DIGITS: usize = 32;

/// One cell of a row.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Cell<'a> {
    /// A text, a code or a date, whatever it looks like.
    Text(Cow<'a, str>),
    /// A number; always finite.
    Number(f64),
    /// Nothing is known.
    Empty,
}

/// A file that was written, ready to be read from its beginning. It is gone with this value.
#[derive(Debug)]
pub struct ExportFile {
    content: SpooledTempFile,
    len: u64,
    digest: String,
}

impl ExportFile {
    /// Its size in bytes.
    #[must_use]
    pub const fn len(&self) -> u64 {
        self.len
    }

    /// Whether there is nothing in it.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// A digest of its content: 32 hexadecimal digits.
    #[must_use]
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// Reads the next piece; an empty one is the end. Blocking where the file is on disk.
    ///
    /// # Errors
    ///
    /// [`Error::Internal`] where it cannot be read.
    pub fn next_piece(&mut self) -> Result<Vec<u8>> {
        let mut piece = vec![0; PIECE_BYTES];
        let n_read = self.content.read(&mut piece).map_err(unwritten)?;
        piece.truncate(n_read);
        Ok(piece)
    }

    fn of(mut content: SpooledTempFile) -> Result<Self> {
        content.seek(SeekFrom::Start(0)).map_err(unwritten)?;
        let (mut hash, mut len) = (Sha256::new(), 0);
        let mut piece = vec![0; PIECE_BYTES];
        loop {
            let n_read = content.read(&mut piece).map_err(unwritten)?;
            if n_read == 0 {
                break;
            }
            hash.update(&piece[..n_read]);
            len += n_read as u64;
        }
        content.seek(SeekFrom::Start(0)).map_err(unwritten)?;
        let mut digest = HEXLOWER.encode(&hash.finalize());
        digest.truncate(DIGEST_DIGITS);
        Ok(Self {
            content,
            len,
            digest,
        })
    }
}

/// A file that is being written, row by row.
pub(super) enum Sheet {
    Csv(Box<csv::Writer<SpooledTempFile>>),
    Workbook {
        workbook: Box<Workbook>,
        text: Format,
        next_row: u32,
    },
}

impl Sheet {
    /// Starts a file with its header.
    pub(super) fn new(format: ExportFormat, table: ExportTable) -> Result<Self> {
        Self::named(format, table.as_str(), table.columns())
    }

    /// Starts a file of a table that is none of the imported ones.
    pub(super) fn named(format: ExportFormat, name: &str, columns: &[&str]) -> Result<Self> {
        let mut sheet = match format {
            ExportFormat::Csv => Self::Csv(Box::new(
                WriterBuilder::new()
                    .terminator(Terminator::CRLF)
                    .from_writer(SpooledTempFile::new(MAX_IN_MEMORY_BYTES)),
            )),
            ExportFormat::Xlsx => workbook(name, columns).map_err(unwritten)?,
        };
        let header: Vec<Cell<'_>> = columns
            .iter()
            .map(|&name| Cell::Text(name.into()))
            .collect();
        sheet.row(&header)?;
        Ok(sheet)
    }

    /// Adds a row.
    pub(super) fn row(&mut self, cells: &[Cell<'_>]) -> Result<()> {
        match self {
            Self::Csv(writer) => {
                for cell in cells {
                    let field = match cell {
                        Cell::Text(text) => escaped(text),
                        Cell::Number(number) => number.to_string().into(),
                        Cell::Empty => "".into(),
                    };
                    writer.write_field(field.as_bytes()).map_err(unwritten)?;
                }
                writer.write_record(None::<&[u8]>).map_err(unwritten)
            }
            Self::Workbook {
                workbook,
                text,
                next_row,
            } => {
                if *next_row >= MAX_SHEET_ROWS {
                    return Err(Error::Conflict {
                        rule: "/problems/too-many-rows",
                        detail: format!(
                            "A sheet has at most {MAX_SHEET_ROWS} rows; ask for format=csv."
                        ),
                    });
                }
                write_row(workbook, *next_row, cells, text).map_err(unwritten)?;
                *next_row += 1;
                Ok(())
            }
        }
    }

    /// Ends the file.
    pub(super) fn finish(self) -> Result<ExportFile> {
        match self {
            Self::Csv(writer) => {
                let mut content = writer
                    .into_inner()
                    .map_err(|fault| unwritten(fault.into_error()))?;
                content.flush().map_err(unwritten)?;
                ExportFile::of(content)
            }
            Self::Workbook { mut workbook, .. } => {
                let mut content = SpooledTempFile::new(MAX_IN_MEMORY_BYTES);
                workbook.save_to_writer(&mut content).map_err(unwritten)?;
                ExportFile::of(content)
            }
        }
    }
}

/// A workbook with an empty sheet, whose rows go to disk as they are written.
fn workbook(name: &str, columns: &[&str]) -> std::result::Result<Sheet, XlsxError> {
    let (year, month, day) = WORKBOOK_DAY;
    let made = ExcelDateTime::from_ymd(year, month, day)?;
    let mut workbook = Box::new(Workbook::new());
    workbook.set_properties(&DocProperties::new().set_creation_datetime(&made));
    // What is typed into a column of texts later stays a text too: `5E1` does not become 50.
    let text = Format::new().set_num_format("@");
    let sheet = workbook.add_worksheet_with_constant_memory()?;
    sheet.set_name(name)?;
    sheet.set_freeze_panes(1, 0)?;
    for (column, name) in (0..).zip(columns) {
        if !is_number(name) {
            sheet.set_column_format(column, &text)?;
        }
    }
    Ok(Sheet::Workbook {
        workbook,
        text,
        next_row: 0,
    })
}

/// Whether a column holds numbers.
fn is_number(column: &str) -> bool {
    matches!(column, "latitude" | "longitude" | "value") || BOARD_NUMBERS.contains(&column)
}

fn write_row(
    workbook: &mut Workbook,
    row: u32,
    cells: &[Cell<'_>],
    format: &Format,
) -> std::result::Result<(), XlsxError> {
    let sheet = workbook.worksheet_from_index(0)?;
    for (column, cell) in (0..).zip(cells) {
        match cell {
            Cell::Text(text) if text.is_empty() => {}
            Cell::Text(text) => {
                sheet.write_string_with_format(row, column, text.as_ref(), format)?;
            }
            Cell::Number(number) => {
                sheet.write_number(row, column, *number)?;
            }
            Cell::Empty => {}
        }
    }
    Ok(())
}

fn unwritten(cause: impl Into<Cause>) -> Error {
    Error::Internal("writing an export", cause.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use calamine::{Data, Reader as _, Xlsx};

    fn read(mut file: ExportFile) -> Vec<u8> {
        let mut content = Vec::new();
        loop {
            let piece = file.next_piece().unwrap();
            if piece.is_empty() {
                assert_eq!(content.len() as u64, file.len());
                return content;
            }
            content.extend(piece);
        }
    }

    fn written(format: ExportFormat, rows: &[&[Cell<'_>]]) -> Vec<u8> {
        let table = ExportTable::Successions;
        let mut sheet = Sheet::new(format, table).unwrap();
        for row in rows {
            // A row has a cell for each column.
            let mut row = row.to_vec();
            row.resize(table.columns().len(), Cell::Empty);
            sheet.row(&row).unwrap();
        }
        read(sheet.finish().unwrap())
    }

    fn text(words: &str) -> Cell<'_> {
        Cell::Text(words.into())
    }

    #[test]
    fn csv_is_that_of_the_rfc_and_no_text_is_a_formula() {
        let row = [
            text("5E1"),
            text("a \"b\", c"),
            text("=1+1"),
            Cell::Number(-1.5),
            Cell::Empty,
        ];
        assert_eq!(
            String::from_utf8(written(ExportFormat::Csv, &[&row])).unwrap(),
            "predecessor_ods,successor_ods,date,kind,source\r\n5E1,\"a \"\"b\"\", c\",'=1+1,-1.5,\r\n"
        );
    }

    #[test]
    fn a_workbook_has_texts_as_texts_and_no_formula() {
        let texts = ["5E1", "00T", "=1+1", "-1", "2024-10", "a\nb", "<&>"];
        let rows: Vec<[Cell<'_>; 2]> = texts
            .iter()
            .map(|words| [text(words), Cell::Number(-0.07)])
            .collect();
        let rows: Vec<&[Cell<'_>]> = rows.iter().map(<[_; 2]>::as_slice).collect();
        let bytes = written(ExportFormat::Xlsx, &rows);
        let mut workbook: Xlsx<_> =
            calamine::open_workbook_from_rs(std::io::Cursor::new(bytes)).unwrap();
        let formulas = workbook.worksheet_formula("successions").unwrap();
        assert!(formulas.cells().all(|(_, _, formula)| formula.is_empty()));
        let sheet = workbook.worksheet_range("successions").unwrap();
        for (row, words) in sheet.rows().skip(1).zip(texts) {
            assert_eq!(row[0], Data::String(words.to_owned()));
            assert_eq!(row[1], Data::Float(-0.07));
        }
        assert_eq!(sheet.height(), 1 + texts.len());
    }

    #[test]
    fn the_same_rows_are_the_same_bytes() {
        let row: [Cell<'_>; 2] = [text("RW6"), Cell::Number(1.0)];
        for &format in ExportFormat::ALL {
            assert_eq!(
                written(format, &[&row]),
                written(format, &[&row]),
                "{format}"
            );
        }
    }

    #[test]
    fn a_large_file_is_whole() {
        let long = "x".repeat(1000);
        let row = [text(&long)];
        let rows: Vec<&[Cell<'_>]> = (0..1000).map(|_| row.as_slice()).collect();
        let bytes = written(ExportFormat::Csv, &rows);
        assert!(bytes.len() > MAX_IN_MEMORY_BYTES + 1_000_000 / 2);
        assert_eq!(
            bytes.iter().filter(|&&byte| byte == b'x').count(),
            1_000_000
        );
    }
}
