//! Reads a table with a header: which column is which, and the cells of each row, each fault named by row and column.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::str::FromStr;

use crate::domain::dates::PartialDate;
use crate::domain::ids::OdsCode;
use crate::domain::import::{ImportKind, Remark, Remarks, Said};
use crate::domain::provenance::{Provenance, Voice};
use crate::intake::import::columns::{Column, Form, Need, columns};
use crate::intake::import::rows::{self, Raw};
use crate::intake::import::{MAX_COLUMNS, shown};

/// A row that cannot be taken; why is in the remarks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Refused;

/// A cell as it is wanted: `None` where it is empty.
pub(super) type Field<T> = Result<Option<T>, Refused>;

/// The longest text that is stored, in characters.
const MAX_TEXT_CHARS: usize = 500;

/// How many unknown names of columns a remark lists.
const MAX_NAMES: usize = 5;

/// Reads every row of a table with `row`.
pub(super) fn each(
    kind: ImportKind,
    bytes: &[u8],
    said: &mut Said,
    row: &mut dyn FnMut(&mut Row<'_>, &mut Said) -> Result<(), Refused>,
) -> Result<(), Remark> {
    let mut header: Option<Header> = None;
    let mut n_rows = 0;
    rows::each(bytes, kind.as_str(), &mut |number, cells| {
        let Some(header) = &header else {
            header = Some(Header::read(kind, number, cells)?);
            return Ok(());
        };
        n_rows += 1;
        let mut remarks = std::mem::take(&mut said.remarks);
        if header.is_row(number, cells, &mut remarks) {
            let mut one = Row {
                number,
                header,
                cells,
                remarks,
            };
            // The remarks say why a row is refused.
            row(&mut one, said).ok();
            remarks = one.remarks;
        }
        said.remarks = remarks;
        said.n_rows = n_rows;
        Ok(())
    })?;
    if header.is_none() {
        return Err(Remark::refused(0, None, "the table is empty"));
    }
    if n_rows == 0 {
        return Err(Remark::refused(
            0,
            None,
            "the table has a header and no rows",
        ));
    }
    Ok(())
}

/// Which column is where.
pub(super) struct Header {
    places: HashMap<&'static str, (usize, Form)>,
    n_cells: usize,
}

impl Header {
    /// For tables without a header: the columns in their order.
    pub(super) fn fixed(columns: &[Column], n_cells: usize) -> Self {
        let places = columns.iter().enumerate();
        Self {
            places: places.map(|(place, c)| (c.name, (place, c.form))).collect(),
            n_cells,
        }
    }

    fn read(kind: ImportKind, row: u64, cells: &[Raw]) -> Result<Self, Remark> {
        let fault = |column: Option<&str>, words: String| Err(Remark::refused(row, column, words));
        if cells.len() > MAX_COLUMNS {
            return fault(
                None,
                format!(
                    "the header has {} columns; at most {MAX_COLUMNS} are read",
                    cells.len()
                ),
            );
        }
        let known = columns(kind);
        let names: Vec<String> = cells
            .iter()
            .map(|cell| match cell {
                Raw::Text(text) | Raw::Guarded(text) => text.trim().to_ascii_lowercase(),
                Raw::Empty
                | Raw::Number(_)
                | Raw::Day(_)
                | Raw::Truth
                | Raw::Fault
                | Raw::Formula => String::new(),
            })
            .collect();
        if let [only] = names.as_slice()
            && let Some(mark) = [';', '\t', '|']
                .into_iter()
                .find(|&mark| only.contains(mark))
        {
            let mark = if mark == '\t' {
                "tabs".to_owned()
            } else {
                format!("`{mark}`")
            };
            return fault(
                None,
                format!(
                    "the columns are separated by {mark}; save the table with commas between them"
                ),
            );
        }
        let mut places = HashMap::new();
        let mut seen = HashSet::new();
        let mut unknown = Vec::new();
        for (place, name) in names.iter().enumerate() {
            if !name.is_empty() && !seen.insert(name.as_str()) {
                return fault(
                    Some(&shown_name(name)),
                    format!("the column {} is there twice", shown(name)),
                );
            }
            match known.iter().find(|column| column.name == name) {
                Some(column) if column.need != Need::PassedOver => {
                    places.insert(column.name, (place, column.form));
                }
                Some(_) => {}
                None => unknown.push((place, name)),
            }
        }
        let needed = known.iter().filter(|column| column.need == Need::Needed);
        let missing: Vec<&str> = needed
            .map(|column| column.name)
            .filter(|name| !places.contains_key(name))
            .collect();
        // A header that has nothing of ours is none at all.
        if places.is_empty() {
            return fault(
                None,
                format!(
                    "the first row is not the header of a table of {kind}, which has {}",
                    listed(known)
                ),
            );
        }
        if let Some((place, name)) = unknown.first() {
            let words = match name.as_str() {
                "" => format!("column {} has no name", place + 1),
                _ => {
                    let names: Vec<String> = unknown
                        .iter()
                        .take(MAX_NAMES)
                        .map(|(_, name)| shown(name))
                        .collect();
                    format!(
                        "no column of a table of {kind} is called {}; the columns are {}",
                        names.join(" or "),
                        listed(known)
                    )
                }
            };
            return fault(
                Some(&shown_name(name))
                    .filter(|name| !name.is_empty())
                    .map(|name| name.as_str()),
                words,
            );
        }
        if let Some(first) = missing.first() {
            return fault(
                Some(first),
                format!("the header lacks {}", missing.join(", ")),
            );
        }
        Ok(Self {
            places,
            n_cells: names.len(),
        })
    }

    /// Whether a row has as many cells as the header; a workbook leaves empty ones at the end out.
    pub(super) fn is_row(&self, row: u64, cells: &mut Vec<Raw>, remarks: &mut Remarks) -> bool {
        let n_beyond = cells
            .iter()
            .skip(self.n_cells)
            .filter(|cell| **cell != Raw::Empty)
            .count();
        if n_beyond > 0 {
            let words = format!(
                "the row has {} cells where the header has {}",
                cells.len(),
                self.n_cells
            );
            remarks.refuse(row, None, words);
            return false;
        }
        cells.resize(self.n_cells, Raw::Empty);
        true
    }
}

fn shown_name(name: &str) -> String {
    shown(name).trim_matches('`').to_owned()
}

fn listed(known: &[Column]) -> String {
    let read = known
        .iter()
        .filter(|column| column.need != Need::PassedOver);
    read.map(|column| column.name)
        .collect::<Vec<_>>()
        .join(", ")
}

/// One row while it is read.
pub(super) struct Row<'a> {
    pub(super) number: u64,
    pub(super) header: &'a Header,
    pub(super) cells: &'a [Raw],
    pub(super) remarks: Remarks,
}

impl Row<'_> {
    /// Refuses the row for what stands in a column.
    pub(super) fn refuse(&mut self, column: &'static str, words: impl fmt::Display) -> Refused {
        self.remarks
            .refuse(self.number, Some(column), words.to_string());
        Refused
    }

    /// Refuses a cell, whose beginning is shown.
    fn refuse_cell(
        &mut self,
        column: &'static str,
        cell: &str,
        words: impl fmt::Display,
    ) -> Refused {
        self.refuse(column, format_args!("{} {words}", shown(cell)))
    }

    /// The text of a cell.
    pub(super) fn text(&mut self, column: &'static str) -> Field<String> {
        let Some(&(place, form)) = self.header.places.get(column) else {
            return Ok(None);
        };
        let raw = self.cells.get(place).cloned().unwrap_or(Raw::Empty);
        let is_guarded = matches!(raw, Raw::Guarded(_));
        let text = match (raw, form) {
            (Raw::Empty, _) => return Ok(None),
            (Raw::Text(text) | Raw::Guarded(text), _) => text,
            (Raw::Number(number), Form::Number) => number.to_string(),
            (Raw::Number(year), Form::Date) if year.fract().abs() < f64::EPSILON && (1800.0..=2200.0).contains(&year) => year.to_string(),
            (Raw::Number(number), Form::Date) => return Err(self.refuse(column, format_args!("{number} is a number and no date; format the column as text and write YYYY-MM-DD"))),
            (Raw::Number(number), Form::Code) => return Err(self.refuse(column, format_args!("{number} is a number where a code should be: a spreadsheet turns 5E1 into 50 and 00123 into 123; format the column as text and write the code again"))),
            (Raw::Number(number), Form::Text) => return Err(self.refuse(column, format_args!("{number} is a number where a text should be; format the column as text and write it again"))),
            (Raw::Day(day), Form::Date) => day,
            (Raw::Day(day), Form::Code) => return Err(self.refuse(column, format_args!("{day} is a date where a code should be: a spreadsheet turns codes such as 1MAR into dates; format the column as text and write the code again"))),
            (Raw::Day(day), Form::Text | Form::Number) => return Err(self.refuse(column, format_args!("{day} is a date, which does not belong here; format the column as text"))),
            (Raw::Truth, _) => return Err(self.refuse(column, "is TRUE or FALSE; write the word of the column")),
            (Raw::Fault, _) => return Err(self.refuse(column, "is the error of a calculation, such as #N/A; write the value")),
            (Raw::Formula, _) => return Err(self.refuse(column, "is a formula; write the value")),
        };
        self.checked(column, form, text, is_guarded).map(Some)
    }

    fn checked(
        &mut self,
        column: &'static str,
        form: Form,
        text: String,
        is_guarded: bool,
    ) -> Result<String, Refused> {
        if let Some(character) = text.chars().find(|&c| is_hidden(c)) {
            return Err(self.refuse(
                column,
                format_args!(
                    "holds the hidden character U+{:04X}; remove it",
                    u32::from(character)
                ),
            ));
        }
        let is_number = || text.parse::<f64>().is_ok();
        let is_formula = match text.bytes().next() {
            Some(b'=' | b'@') => true,
            Some(b'+' | b'-') => form != Form::Number || !is_number(),
            _ => false,
        };
        // An apostrophe, as in our exports, says that it is a text.
        if is_formula && !is_guarded && text.len() > 1 {
            return Err(self.refuse_cell(
                column,
                &text,
                "is a formula, or begins like one; write the value",
            ));
        }
        if [
            "#N/A", "#REF!", "#VALUE!", "#NAME?", "#DIV/0!", "#NUM!", "#NULL!",
        ]
        .contains(&text.as_str())
        {
            return Err(self.refuse_cell(
                column,
                &text,
                "is the error of a calculation; write the value",
            ));
        }
        if text.chars().count() > MAX_TEXT_CHARS {
            return Err(self.refuse_cell(
                column,
                &text,
                format_args!("is longer than {MAX_TEXT_CHARS} characters"),
            ));
        }
        if form == Form::Code
            && let Some(words) = mangled(&text)
        {
            return Err(self.refuse_cell(column, &text, words));
        }
        Ok(text)
    }

    /// The value that a cell stands for.
    pub(super) fn parse<T: FromStr<Err: fmt::Display>>(
        &mut self,
        column: &'static str,
    ) -> Field<T> {
        let Some(text) = self.text(column)? else {
            return Ok(None);
        };
        match text.parse() {
            Ok(value) => Ok(Some(value)),
            Err(fault) => Err(self.refuse_cell(column, &text, format_args!("cannot be: {fault}"))),
        }
    }

    /// A value that the row has to have.
    pub(super) fn needed<T>(
        &mut self,
        column: &'static str,
        field: Field<T>,
    ) -> Result<T, Refused> {
        field?.ok_or_else(|| self.refuse(column, "is empty"))
    }

    /// The code of an organisation.
    pub(super) fn code(&mut self, column: &'static str) -> Result<OdsCode, Refused> {
        let field = self.parse(column);
        self.needed(column, field)
    }

    /// A number.
    pub(super) fn number(&mut self, column: &'static str) -> Field<f64> {
        let Some(text) = self.text(column)? else {
            return Ok(None);
        };
        match text.parse::<f64>() {
            Ok(number) if number.is_finite() => Ok(Some(number)),
            Ok(_) | Err(_) => {
                let words = if text.contains(',') {
                    "is not a number; decimals stand after a point, and nothing between thousands"
                } else {
                    "is not a number"
                };
                Err(self.refuse_cell(column, &text, words))
            }
        }
    }

    /// A date: a day, a month or a year.
    pub(super) fn date(&mut self, column: &'static str) -> Field<PartialDate> {
        let Some(text) = self.text(column)? else {
            return Ok(None);
        };
        match text.parse() {
            Ok(date) => Ok(Some(date)),
            Err(fault) => Err(self.refuse_cell(column, &text, format_args!("is no date: {fault}"))),
        }
    }

    /// A date that is known to the day.
    pub(super) fn day(&mut self, column: &'static str) -> Field<chrono::NaiveDate> {
        let Some(date) = self.date(column)? else {
            return Ok(None);
        };
        if date.first_day() == date.last_day() {
            Ok(Some(date.first_day()))
        } else {
            Err(self.refuse(column, format_args!("`{date}` is no day; write YYYY-MM-DD")))
        }
    }

    /// Who says what the row says: what it says itself, or that it was imported.
    pub(super) fn provenance(&mut self, source: &'static str) -> Result<Provenance, Refused> {
        let (words, as_of) = (self.text(source), self.date("as_of"));
        Ok(Provenance {
            source: words?.unwrap_or_else(|| "an imported file".to_owned()),
            as_of: as_of?,
            voice: Voice::Import,
        })
    }
}

/// Characters that nobody sees and that change what is read: controls, and marks of direction.
fn is_hidden(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fffd}')
}

/// What a spreadsheet made of a code, where that can be told; `5E1` itself is a code.
pub(super) fn mangled(text: &str) -> Option<&'static str> {
    const AGAIN: &str = "is a number that a spreadsheet made of a code such as 5E1; format the column as text and write the code again";
    let upper = text.to_ascii_uppercase();
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    if let Some((mantissa, exponent)) = upper.split_once('E') {
        let has_sign = exponent.starts_with(['+', '-']);
        let whole = mantissa.replace(['.', ','], "");
        if digits(&whole)
            && (has_sign || whole.len() < mantissa.len())
            && digits(exponent.trim_start_matches(['+', '-']))
        {
            return Some(AGAIN);
        }
    }
    if digits(&upper) {
        if upper.len() < crate::domain::ids::MIN_ODS_CODE_LEN {
            return Some(
                "is too short for a code: a spreadsheet turns 5E1 into 50 and takes zeros from the beginning of 007; format the column as text and write the code again",
            );
        }
        if upper.trim_end_matches('0').len() == 1 {
            return Some(
                "may be what a spreadsheet made of a code such as 5E2; format the column as text and write the code again",
            );
        }
    }
    if upper.ends_with(".0") || (upper.contains('.') && upper.parse::<f64>().is_ok()) {
        return Some(AGAIN);
    }
    is_date(&upper).then_some("is a date that a spreadsheet made of a code such as 1MAR; format the column as text and write the code again")
}

fn is_date(upper: &str) -> bool {
    const MONTHS: [&str; 12] = [
        "JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC",
    ];
    let parts: Vec<&str> = upper.split(['-', '/', ' ']).collect();
    let is_part = |part: &&str| {
        !part.is_empty() && (part.bytes().all(|b| b.is_ascii_digit()) || MONTHS.contains(part))
    };
    parts.len() >= 2 && parts.iter().all(is_part)
}
