//! Workbooks of Excel and of programs like it.
//!
//! A workbook is a zip file, so a small one can hold very much. Every part is unpacked once into nothing, within a bound, before
//! anything reads it for what it says: the sizes in the directory of a zip file are only what its maker says.

use std::io::{Cursor, Read as _};

use calamine::{DataRef, Reader as _, SheetType, Xlsx, XlsxError};
use zip::ZipArchive;

use crate::domain::import::Remark;
use crate::intake::import::rows::{Raw, Sink};
use crate::intake::import::{MAX_CELL_BYTES, MAX_COLUMNS, MAX_ROWS, shown};

/// The most bytes of a workbook once it is unpacked.
const MAX_UNPACKED_BYTES: u64 = 160 * 1024 * 1024;

/// The most bytes of any part beside the sheets: shared texts, styles, the list of sheets, which are kept in memory.
const MAX_PART_BYTES: u64 = 48 * 1024 * 1024;

/// The most bytes that one byte of a large part may become; sheets of numbers reach some tens.
const MAX_RATIO: u64 = 150;

/// Parts below this size may have any ratio.
const SMALL_PART_BYTES: u64 = 1024 * 1024;

/// The most parts and the most sheets.
const MAX_PARTS: usize = 500;
const MAX_SHEETS: usize = 20;

/// The most cells of a sheet, the empty ones that are formatted included.
const MAX_CELLS: u64 = 5_000_000;

fn whole(words: impl Into<String>) -> Remark {
    Remark::refused(0, None, words)
}

const DAMAGED: &str =
    "the workbook is damaged or was not transferred whole; save it again as .xlsx";

/// Reads the rows of the sheet of this name, or of the only one there is.
pub(super) fn each(bytes: &[u8], sheet: &str, sink: &mut Sink<'_>) -> Result<(), Remark> {
    check_size(bytes)?;
    // What calamine does with a workbook that was made to harm it is not ours to know; a panic is a refusal too.
    let read = std::panic::AssertUnwindSafe(|| each_within_bounds(bytes, sheet, sink));
    std::panic::catch_unwind(read).unwrap_or_else(|_panic| Err(whole(DAMAGED)))
}

/// Unpacks every part into nothing, within the bounds.
fn check_size(bytes: &[u8]) -> Result<(), Remark> {
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(|_fault| whole(DAMAGED))?;
    if archive.len() > MAX_PARTS {
        let words = format!(
            "the workbook has {} parts; at most {MAX_PARTS} are read",
            archive.len()
        );
        return Err(whole(words));
    }
    let mut total = 0_u64;
    let mut has_workbook = false;
    for index in 0..archive.len() {
        let part = archive.by_index(index).map_err(|_fault| {
            whole("the workbook is damaged, has a password, or is packed in a way that is not read; save it again as .xlsx")
        })?;
        let name = part.name().map_err(|_fault| whole(DAMAGED))?.into_owned();
        has_workbook |= name.ends_with("workbook.xml");
        let packed = part.compressed_size().max(1);
        let most = if name.contains("worksheets/") {
            MAX_UNPACKED_BYTES - total
        } else {
            MAX_PART_BYTES.min(MAX_UNPACKED_BYTES - total)
        };
        // For small parts any ratio will do.
        let most = most.min(packed.saturating_mul(MAX_RATIO).max(SMALL_PART_BYTES));
        if part.size() > most {
            return Err(too_large(&name));
        }
        let unpacked = std::io::copy(&mut part.take(most + 1), &mut std::io::sink())
            .map_err(|_fault| whole(DAMAGED))?;
        if unpacked > most {
            return Err(too_large(&name));
        }
        total += unpacked;
    }
    if has_workbook {
        Ok(())
    } else {
        Err(whole(
            "the file is a zip file but no workbook; hand in the table itself, as CSV UTF-8 or .xlsx",
        ))
    }
}

fn too_large(part: &str) -> Remark {
    whole(format!(
        "the part {} of the workbook unpacks to more than is read (a zip bomb, or far too large a table)",
        shown(part)
    ))
}

fn each_within_bounds(bytes: &[u8], sheet: &str, sink: &mut Sink<'_>) -> Result<(), Remark> {
    let mut book = Xlsx::new(Cursor::new(bytes)).map_err(|fault| match fault {
        XlsxError::Password => whole("the workbook has a password; save it without one"),
        _ => whole(DAMAGED),
    })?;
    let sheets: Vec<String> = book
        .sheets_metadata()
        .iter()
        .filter(|sheet| sheet.typ == SheetType::WorkSheet)
        .map(|sheet| sheet.name.clone())
        .collect();
    if sheets.len() > MAX_SHEETS {
        let words = format!(
            "the workbook has {} sheets; at most {MAX_SHEETS} are read",
            sheets.len()
        );
        return Err(whole(words));
    }
    let chosen = match sheets.as_slice() {
        [] => return Err(whole("the workbook has no sheet")),
        [only] => only.clone(),
        several => match several.iter().find(|name| name.eq_ignore_ascii_case(sheet)) {
            Some(named) => named.clone(),
            None => {
                let words = format!(
                    "the workbook has {} sheets; keep one, or call the one to import {sheet}",
                    several.len()
                );
                return Err(whole(words));
            }
        },
    };
    let mut reader = book
        .worksheet_cells_reader(&chosen)
        .map_err(|_fault| whole(DAMAGED))?;
    let mut present: Option<u64> = None;
    let mut cells = Vec::new();
    for n_cells in 1_u64.. {
        let cell = reader
            .next_cell_with_formula_metadata()
            .map_err(|_fault| Remark::refused(present.unwrap_or(0), None, DAMAGED))?;
        let Some(cell) = cell else { break };
        let (row, column) = (u64::from(cell.pos.0) + 1, cell.pos.1);
        if n_cells > MAX_CELLS || row > MAX_ROWS + 1 {
            let words =
                format!("a sheet has at most {MAX_ROWS} rows and {MAX_CELLS} cells; split it");
            return Err(Remark::refused(row, None, words));
        }
        if present != Some(row) {
            if present.is_some_and(|before| before > row) {
                return Err(Remark::refused(
                    row,
                    None,
                    "the rows of the sheet are out of order; save it again",
                ));
            }
            finish(present, &mut cells, sink)?;
            present = Some(row);
        }
        let raw = if cell.formula.is_some() {
            Raw::Formula
        } else {
            raw(&cell.value)
        };
        if let Raw::Text(text) = &raw
            && text.len() > MAX_CELL_BYTES
        {
            let words = format!(
                "a cell has {} bytes; at most {MAX_CELL_BYTES} are read",
                text.len()
            );
            return Err(Remark::refused(row, None, words));
        }
        if raw == Raw::Empty {
            continue;
        }
        let place = usize::try_from(column).unwrap_or(usize::MAX);
        if place >= MAX_COLUMNS {
            let words = format!(
                "the row has {} columns; at most {MAX_COLUMNS} are read",
                place.saturating_add(1)
            );
            return Err(Remark::refused(row, None, words));
        }
        if cells.len() <= place {
            cells.resize(place + 1, Raw::Empty);
        }
        if let Some(there) = cells.get_mut(place) {
            *there = raw;
        }
    }
    finish(present, &mut cells, sink)
}

/// Hands over a row that is read whole; one with nothing in it is none.
fn finish(row: Option<u64>, cells: &mut Vec<Raw>, sink: &mut Sink<'_>) -> Result<(), Remark> {
    if let Some(row) = row
        && !cells.is_empty()
    {
        sink(row, cells)?;
    }
    cells.clear();
    Ok(())
}

fn raw(value: &DataRef<'_>) -> Raw {
    let text = |text: &str| match text.trim() {
        "" => Raw::Empty,
        text => Raw::Text(text.to_owned()),
    };
    match value {
        DataRef::Empty => Raw::Empty,
        #[expect(
            clippy::cast_precision_loss,
            reason = "a workbook holds its numbers as doubles"
        )]
        DataRef::Int(number) => Raw::Number(*number as f64),
        DataRef::Float(number) => Raw::Number(*number),
        DataRef::String(words) => text(words),
        DataRef::SharedString(words) => text(words),
        DataRef::Bool(_) => Raw::Truth,
        DataRef::DateTime(time) => {
            let (year, month, day, ..) = time.to_ymd_hms_milli();
            Raw::Day(format!("{year:04}-{month:02}-{day:02}"))
        }
        DataRef::DateTimeIso(words) => Raw::Day(words.chars().take(10).collect()),
        DataRef::DurationIso(_) | DataRef::Error(_) => Raw::Fault,
    }
}
