//! Text in columns of a terminal: widths, shortening, wrapping and bars. A column is what one Latin letter takes; some
//! characters take two, and some none.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// The columns that any terminal has room for, and the most that a line of an answer takes.
pub const MAX_COLUMNS: usize = 100;

/// What stands for the end of a text that was cut.
const ELLIPSIS: &str = "…";

/// The columns that a text takes.
#[must_use]
pub fn width(text: &str) -> usize {
    text.width()
}

/// The text without control characters, which in a terminal could do more than be read.
#[must_use]
pub fn printable(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect()
}

/// The text in exactly so many columns: cut with an ellipsis, or filled with spaces at its end.
#[must_use]
pub fn fitted(text: &str, columns: usize) -> String {
    let mut text = shortened(&printable(text), columns);
    text.extend(std::iter::repeat_n(' ', columns - width(&text)));
    text
}

/// The text in at most so many columns, cut with an ellipsis where it takes more.
fn shortened(text: &str, columns: usize) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    let mut cut = prefix(text, columns.saturating_sub(width(ELLIPSIS)))
        .trim_end()
        .to_owned();
    if columns >= width(ELLIPSIS) {
        cut.push_str(ELLIPSIS);
    }
    cut
}

/// The longest beginning of a text that takes at most so many columns.
fn prefix(text: &str, columns: usize) -> &str {
    let mut taken = 0;
    for (at, c) in text.char_indices() {
        taken += c.width().unwrap_or(0);
        if taken > columns {
            return &text[..at];
        }
    }
    text
}

/// The words of a text in lines of at most [`MAX_COLUMNS`], the first after `first`, the others indented as far.
///
/// A word longer than a line is cut into lines.
#[must_use]
pub fn wrapped(first: &str, text: &str) -> String {
    let indent = " ".repeat(width(first));
    // One column at least, or a deep indent would leave a long word nowhere to go.
    let room = MAX_COLUMNS.saturating_sub(indent.len()).max(1);
    let text = printable(text);
    let mut lines = vec![String::new()];
    for mut word in text.split_whitespace() {
        loop {
            let line = lines.last_mut().map_or(0, |line| width(line));
            let space = usize::from(line > 0);
            if line + space + width(word) <= room {
                if let Some(line) = lines.last_mut() {
                    line.extend(std::iter::repeat_n(' ', space));
                    line.push_str(word);
                }
                break;
            }
            if line > 0 {
                lines.push(String::new());
                continue;
            }
            // A single character wider than the room goes alone, or this would never end.
            let head = match prefix(word, room) {
                "" => &word[..word.chars().next().map_or(0, char::len_utf8)],
                head => head,
            };
            if let Some(line) = lines.last_mut() {
                line.push_str(head);
            }
            word = &word[head.len()..];
            if word.is_empty() {
                break;
            }
            lines.push(String::new());
        }
    }
    let mut out = String::new();
    for (n, line) in lines.iter().enumerate() {
        out.push_str(if n == 0 { first } else { &indent });
        out.push_str(line);
        out.truncate(out.trim_end_matches(' ').len());
        out.push('\n');
    }
    out
}

/// A bar of so many columns for two shares, `0..=1`: full to `expected`, shaded to `high`, then light.
#[must_use]
pub fn bar(expected: f64, high: f64, columns: usize) -> String {
    let cells = |share: f64| {
        (1..=columns)
            .filter(|&cell| share >= (as_f64(cell) - 0.5) / as_f64(columns))
            .count()
    };
    let full = cells(expected);
    let shaded = cells(high).saturating_sub(full);
    let light = columns - full - shaded;
    "█".repeat(full) + &"▒".repeat(shaded) + &"░".repeat(light)
}

/// A number of columns as a number to divide; a terminal has fewer than 65,536, where all are exact.
fn as_f64(columns: usize) -> f64 {
    f64::from(u16::try_from(columns).unwrap_or(u16::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_fitted_text_takes_the_columns_it_was_given(text in "\\PC{0,60}", columns in 1_usize..50) {
            prop_assert_eq!(width(&fitted(&text, columns)), columns);
        }

        #[test]
        fn wrapped_lines_keep_to_the_columns_and_lose_no_word(text in "[ -~é漢]{0,400}") {
            let lines = wrapped("    - ", &text);
            for line in lines.lines() {
                prop_assert!(width(line) <= MAX_COLUMNS, "{}", line);
            }
            let letters = |text: &str| -> String { text.chars().filter(|c| !c.is_whitespace()).collect() };
            prop_assert_eq!(letters(&lines), letters("    - ") + &letters(&text));
        }
    }

    #[test]
    fn a_long_name_is_cut_by_the_columns_it_takes() {
        assert_eq!(fitted("ROYAL BERKSHIRE", 7), "ROYAL… ");
        assert_eq!(fitted("漢字漢字", 5), "漢字…");
        assert_eq!(fitted("漢字漢字", 4), "漢… ");
        assert_eq!(fitted("a\x1b[2Jb", 8), "a [2Jb  ");
    }

    #[test]
    fn a_word_longer_than_a_line_is_cut() {
        let lines = wrapped("- ", &"x".repeat(150));
        assert_eq!(
            lines,
            format!("- {}\n  {}\n", "x".repeat(98), "x".repeat(52))
        );
    }

    #[test]
    fn a_bar_shows_what_is_expected_and_what_could_be() {
        assert_eq!(bar(0.0, 0.0, 4), "░░░░");
        assert_eq!(bar(0.5, 0.75, 4), "██▒░");
        assert_eq!(bar(1.0, 1.0, 4), "████");
        assert_eq!(bar(0.1, 0.2, 4), "▒░░░");
    }
}
