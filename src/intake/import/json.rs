//! Reads JSON files, each fault named by its entry and its path. Fields that are not asked for cost no memory.

use std::fmt;

use serde::de::DeserializeOwned;
use serde_path_to_error::{Path, Segment};

use crate::domain::ids::OdsCode;
use crate::domain::import::Remark;
use crate::intake::import::cells::mangled;
use crate::intake::import::{delimited, rows, shown};

/// The longest name, in characters.
pub(super) const MAX_NAME_CHARS: usize = 200;

/// Reads the whole file.
pub(super) fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Remark> {
    let text = delimited::text(bytes)?;
    if !text.trim_start().starts_with('{') {
        // Other files that are known are named.
        rows::each(bytes, "", &mut |_, _| Ok(()))?;
        return Err(Remark::refused(0, None, "the file is not a JSON object"));
    }
    check_depth(text)?;
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let read = serde_path_to_error::deserialize(&mut deserializer);
    let value = read.map_err(|fault| {
        let (row, column) = place(fault.path());
        Remark::refused(row, column.as_deref(), words(fault.inner()))
    })?;
    deserializer
        .end()
        .map_err(|fault| Remark::refused(0, None, words(&fault)))?;
    Ok(value)
}

/// The deepest nesting that is read; the samples reach twelve.
const MAX_DEPTH: usize = 64;

/// Refuses what is nested deeply, also in fields that nobody asks for.
fn check_depth(text: &str) -> Result<(), Remark> {
    let (mut depth, mut line, mut is_text, mut is_escaped) = (0_usize, 1_u64, false, false);
    for byte in text.bytes() {
        match byte {
            b'\n' => line += 1,
            _ if is_escaped => is_escaped = false,
            b'\\' if is_text => is_escaped = true,
            b'"' => is_text = !is_text,
            b'[' | b'{' if !is_text => depth += 1,
            b']' | b'}' if !is_text => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > MAX_DEPTH {
            let words = format!("the JSON is nested more than {MAX_DEPTH} deep, in line {line}");
            return Err(Remark::refused(0, None, words));
        }
    }
    Ok(())
}

fn words(fault: &serde_json::Error) -> String {
    use serde_json::error::Category;

    let at = format!("line {}, column {}", fault.line(), fault.column());
    let told = fault.to_string();
    match fault.classify() {
        Category::Eof => format!("the JSON ends too early, in line {}", fault.line()),
        Category::Syntax | Category::Io => format!("the file is not JSON that can be read ({at})"),
        Category::Data => {
            let cut = told
                .rsplit_once(" at line ")
                .map_or(told.as_str(), |(words, _)| words);
            let expected = cut
                .rsplit_once("expected ")
                .map_or("another form", |(_, expected)| expected);
            if cut.starts_with("duplicate field") {
                format!("a field is there twice ({at})")
            } else if cut.starts_with("missing field") {
                format!("{} ({at})", shown(cut).trim_matches('`'))
            } else {
                format!(
                    "is not of the form that is asked for: {} ({at})",
                    shown(expected).trim_matches('`')
                )
            }
        }
    }
}

/// The entry of a bundle, from 1, and the path within it; of a file that is one thing, the path alone.
fn place(path: &Path) -> (u64, Option<String>) {
    let mut row = 0;
    let mut names: Vec<String> = Vec::new();
    for segment in path {
        match segment {
            Segment::Seq { index } if row == 0 && names.len() == 1 => {
                row = (*index as u64) + 1;
                names.clear();
            }
            Segment::Seq { index } => names.push(index.to_string()),
            Segment::Map { key } => names.push(shown(key).trim_matches('`').to_owned()),
            Segment::Enum { .. } | Segment::Unknown => {}
        }
    }
    (row, (!names.is_empty()).then(|| names.join(".")))
}

/// The code that a field holds.
pub(super) fn code(text: &str) -> Result<OdsCode, String> {
    OdsCode::new(text).map_err(|fault| refused(text, fault))
}

/// The code that a field holds, where a spreadsheet may have had its hands on it.
pub(super) fn code_of_register(text: &str) -> Result<OdsCode, String> {
    // JSON keeps texts as they are: 500 is a code here, and 5.00E+02 is not.
    match mangled(text) {
        Some(words) if text.contains(['.', '+', '-', '/']) => {
            Err(format!("{} {words}", shown(text)))
        }
        Some(_) | None => code(text),
    }
}

/// What to say of a text that cannot be.
pub(super) fn refused(text: &str, fault: impl fmt::Display) -> String {
    format!("{} cannot be: {fault}", shown(text))
}

/// A name: not empty, without control characters, not too long.
pub(super) fn name(text: &str) -> Result<String, String> {
    let text = text.trim();
    if text.is_empty() {
        Err("is empty".to_owned())
    } else if text.chars().any(char::is_control) {
        Err("holds a control character".to_owned())
    } else if text.chars().count() > MAX_NAME_CHARS {
        Err(format!(
            "{} is longer than {MAX_NAME_CHARS} characters",
            shown(text)
        ))
    } else {
        Ok(text.to_owned())
    }
}

/// A day: `YYYY-MM-DD`, or a time that begins so.
pub(super) fn day(text: &str) -> Result<chrono::NaiveDate, String> {
    let fault = || format!("{} is no day of the form YYYY-MM-DD", shown(text));
    let day = text
        .get(..10)
        .filter(|_| text.len() == 10 || text.as_bytes().get(10) == Some(&b'T'));
    let date: crate::domain::dates::PartialDate =
        day.and_then(|day| day.parse().ok()).ok_or_else(fault)?;
    Ok(date.first_day())
}
