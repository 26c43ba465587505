//! Texts that a spreadsheet would take for formulas, and the apostrophe that keeps them from being ones in CSV.
//!
//! A spreadsheet takes a text that begins with one of `= + - @`, a tab or a carriage return for a formula. In CSV nothing else
//! says that it is a text; so [`escaped`] puts an apostrophe before it, and [`unescaped`] takes it away again.

use std::borrow::Cow;

/// Whether a spreadsheet would take a text for a formula, apostrophes before it aside.
fn is_formula(text: &str) -> bool {
    text.trim_start_matches('\'')
        .starts_with(['=', '+', '-', '@', '\t', '\r'])
}

/// A text as it stands in CSV.
#[must_use]
pub fn escaped(text: &str) -> Cow<'_, str> {
    if is_formula(text) {
        format!("'{text}").into()
    } else {
        text.into()
    }
}

/// The text that a cell of CSV stands for where an apostrophe keeps it from being a formula; `None` where there is no such one.
#[must_use]
pub fn unescaped(cell: &str) -> Option<&str> {
    cell.strip_prefix('\'').filter(|text| is_formula(text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_text_is_read_as_it_was_written(words in "['=+@a\t\r -]{0,5}") {
            let cell = escaped(&words);
            prop_assert!(!cell.starts_with(['=', '+', '-', '@', '\t', '\r']));
            prop_assert_eq!(unescaped(&cell).unwrap_or(&cell), words.as_str());
        }
    }
}
