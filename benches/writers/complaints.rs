//! What the log of a program complains of.

use std::path::Path;

use serde_json::Value;

/// The lines of a log, written as JSON, that are warnings or worse, are no line of the log (as what a panic prints), or name a
/// lock. A line that the program was killed in has no end and does not count.
pub(crate) fn complaints(log: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(log).unwrap();
    let lines = text
        .split_inclusive('\n')
        .filter(|line| line.ends_with('\n'));
    lines
        .map(str::trim_end)
        .filter(|line| !is_ordinary(line))
        .map(str::to_owned)
        .collect()
}

fn is_ordinary(line: &str) -> bool {
    let event: Value = serde_json::from_str(line).unwrap_or_default();
    let is_calm = ["INFO", "DEBUG", "TRACE"]
        .iter()
        .any(|level| event["level"] == *level);
    is_calm && !line.to_ascii_lowercase().contains("locked")
}
