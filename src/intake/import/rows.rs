//! The rows of a table, whichever file they come in.

use crate::domain::import::Remark;
use crate::intake::import::{delimited, xlsx};

/// A cell before anybody knows what it should be.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Raw {
    Empty,
    Text(String),
    /// A text before which an apostrophe said that it is no formula; without that.
    Guarded(String),
    Number(f64),
    /// A day, as `YYYY-MM-DD`; a cell of a workbook that is formatted as one.
    Day(String),
    Truth,
    /// What a spreadsheet shows where a calculation fails.
    Fault,
    Formula,
}

/// Takes one row after the other: its number and its cells. A remark ends the reading.
pub(super) type Sink<'a> = dyn FnMut(u64, &mut Vec<Raw>) -> Result<(), Remark> + 'a;

/// The beginnings of files that are none of ours, and what to say of them.
const OTHER_FILES: [(&[u8], &str); 8] = [
    (
        b"\xd0\xcf\x11\xe0",
        "the file is an old Excel workbook (.xls), or one with a password; save it as .xlsx without a password, or as CSV UTF-8",
    ),
    (
        b"\x1f\x8b",
        "the file is compressed with gzip; unpack it first",
    ),
    (
        b"%PDF",
        "the file is a PDF; hand in the table itself, as CSV UTF-8 or .xlsx",
    ),
    (
        b"\x89PNG",
        "the file is a picture; hand in the table itself, as CSV UTF-8 or .xlsx",
    ),
    (
        b"SQLite format 3",
        "the file is a database; hand in a table, as CSV UTF-8 or .xlsx",
    ),
    (
        b"<!DOCTYPE",
        "the file is a web page; hand in the table itself, as CSV UTF-8 or .xlsx",
    ),
    (
        b"<html",
        "the file is a web page; hand in the table itself, as CSV UTF-8 or .xlsx",
    ),
    (
        b"<?xml",
        "the file is XML; hand in the table as CSV UTF-8 or .xlsx",
    ),
];

/// Reads the rows of a table: of a workbook where the bytes are one, else of comma-separated values.
pub(super) fn each(bytes: &[u8], sheet: &str, sink: &mut Sink<'_>) -> Result<(), Remark> {
    let whole = |words: &str| Remark::refused(0, None, words);
    for (beginning, words) in OTHER_FILES {
        if bytes.starts_with(beginning) {
            return Err(whole(words));
        }
    }
    if bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(b"PK\x05\x06") {
        return xlsx::each(bytes, sheet, sink);
    }
    if bytes.starts_with(b"{") || bytes.starts_with(b"[") {
        return Err(whole(
            "the file is JSON; a table is CSV UTF-8 or .xlsx, and JSON is imported as ods_ord or fhir",
        ));
    }
    delimited::each(bytes, sink)
}
