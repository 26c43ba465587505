//! Files that somebody hands in: bytes in, what they say and what is wrong with them out. Changes nothing and knows nothing of
//! what is recorded; whether a code is known is for the database to say.
//!
//! Every file is read within bounds that are written here, so that none costs more than some seconds and some hundred
//! megabytes, whatever it was made for.

mod attributes;
mod cells;
mod columns;
mod delimited;
mod fhir;
mod json;
mod ods_etr;
mod ods_ord;
mod organisations;
mod relations;
mod rows;
mod systems;
mod template;
mod topics;
mod xlsx;

#[cfg(test)]
mod tests;

pub use self::columns::{Column, Form, Need, columns};
pub use self::template::template;
use crate::domain::import::{ImportKind, Remark, Said};

/// The largest file, in bytes.
pub const MAX_FILE_BYTES: usize = 64 * 1024 * 1024;

/// The most rows of one file.
const MAX_ROWS: u64 = 250_000;

/// The most columns of a table.
const MAX_COLUMNS: usize = 100;

/// The longest cell that is looked at, in bytes; texts that are stored are shorter.
const MAX_CELL_BYTES: usize = 10_000;

/// The most of a cell that is repeated, in characters.
const MAX_SHOWN_CHARS: usize = 40;

/// Reads a file of a kind. What is wrong is in the remarks, row by row; where the file as a whole cannot be read, a remark on
/// row 0 or on the row where reading stopped says why, and what was read before it is not returned.
#[must_use]
pub fn read(kind: ImportKind, bytes: &[u8]) -> Said {
    let mut said = Said::default();
    if let Err(fault) = read_into(kind, bytes, &mut said) {
        let mut remarks = std::mem::take(&mut said.remarks);
        remarks.push(fault);
        said = Said {
            n_rows: said.n_rows.max(1),
            remarks,
            ..Said::default()
        };
    }
    said
}

fn read_into(kind: ImportKind, bytes: &[u8], said: &mut Said) -> Result<(), Remark> {
    if bytes.len() > MAX_FILE_BYTES {
        let words = format!(
            "the file has {} bytes; at most {MAX_FILE_BYTES} are read",
            bytes.len()
        );
        return Err(Remark::refused(0, None, words));
    }
    match kind {
        ImportKind::Organisations => organisations::read(bytes, said),
        ImportKind::Systems => systems::read(bytes, said),
        ImportKind::Attributes => attributes::read(bytes, said),
        ImportKind::Links => relations::read_links(bytes, said),
        ImportKind::Memberships => relations::read_memberships(bytes, said),
        ImportKind::Successions => relations::read_successions(bytes, said),
        ImportKind::Topics => topics::read(bytes, said),
        ImportKind::OdsEtr => ods_etr::read(bytes, said),
        ImportKind::OdsOrd => ods_ord::read(bytes, said),
        ImportKind::Fhir => fhir::read(bytes, said),
    }
}

/// The beginning of a cell, for a remark.
fn shown(cell: &str) -> String {
    match cell.char_indices().nth(MAX_SHOWN_CHARS - 1) {
        Some((end, last)) if end + last.len_utf8() < cell.len() => format!("`{}…`", &cell[..end]),
        _ => format!("`{cell}`"),
    }
}
