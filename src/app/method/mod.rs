//! The method in words: every formula, default and source, with the version that every answer names.
//!
//! Each default is read from the constant that the engine works with, so that what is stated is what is done. The same parts
//! make the answer of `GET /method` and the section of the README.

mod around;
mod scoring;

#[cfg(test)]
mod tests;

use std::fmt::Write as _;

use crate::domain::suggestion::METHOD_VERSION;

/// A part of the method: a criterion, or what is made of the criteria.
#[derive(Clone, Debug, PartialEq)]
pub struct Part {
    /// A stable name that a program can match.
    pub key: &'static str,
    /// What it is called.
    pub title: &'static str,
    /// Its formulas in plain text, one step each; names in them are those of `defaults`.
    pub formulas: &'static [&'static str],
    /// Every number that it takes unless told otherwise.
    pub defaults: Vec<DefaultValue>,
    /// Where it comes from.
    pub sources: &'static [Source],
}

/// A number that a formula takes.
#[derive(Clone, Debug, PartialEq)]
pub struct DefaultValue {
    /// Its name in the formulas.
    pub name: String,
    /// The number in use.
    pub value: f64,
    /// Its unit; empty where it is a share or a count.
    pub unit: &'static str,
    /// What it does.
    pub meaning: String,
}

impl DefaultValue {
    fn new(
        name: impl Into<String>,
        value: impl Into<f64>,
        unit: &'static str,
        meaning: impl Into<String>,
    ) -> Self {
        Self {
            name: name.into(),
            value: value.into(),
            unit,
            meaning: meaning.into(),
        }
    }
}

/// Where a formula comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Source {
    /// Author, year, place.
    pub citation: &'static str,
    /// Where it can be read, where it has an address of its own: a DOI or an arXiv page.
    pub link: Option<&'static str>,
}

/// A number of things as a default shows it; those of the method are far below what a double holds exactly.
fn count(n: usize) -> f64 {
    f64::from(u32::try_from(n).unwrap_or(u32::MAX))
}

/// Every part, in the order in which a list is made.
#[must_use]
pub fn parts() -> Vec<Part> {
    let mut parts = scoring::parts();
    parts.extend(around::parts());
    parts
}

/// The line before the section that is made by [`markdown`].
pub const SECTION_BEGINS: &str = "<!-- method: made by `alongside method --markdown` -->";

/// The line after it.
pub const SECTION_ENDS: &str = "<!-- end of method -->";

/// The method as a section of Markdown, between the lines that tell where it begins and ends.
#[must_use]
pub fn markdown() -> String {
    let mut text = format!("{SECTION_BEGINS}\n\nMethod version {METHOD_VERSION}.\n");
    for part in parts() {
        // Writing to a String cannot fail.
        let _ = write!(text, "\n### {}\n\n", part.title);
        for formula in part.formulas {
            let _ = writeln!(text, "- {formula}");
        }
        if !part.defaults.is_empty() {
            text.push_str("\n| default | value | what it does |\n| --- | --- | --- |\n");
        }
        for default in &part.defaults {
            let unit = match default.unit {
                "" => String::new(),
                unit => format!(" {unit}"),
            };
            let _ = writeln!(
                text,
                "| `{}` | {}{unit} | {} |",
                default.name, default.value, default.meaning
            );
        }
        if !part.sources.is_empty() {
            text.push_str("\nSources: ");
            let sources = part.sources.iter().map(|source| match source.link {
                Some(link) => format!("{} (<{link}>)", source.citation),
                None => source.citation.to_owned(),
            });
            text.push_str(&sources.collect::<Vec<_>>().join("; "));
            text.push_str(".\n");
        }
    }
    let _ = write!(text, "\n{SECTION_ENDS}\n");
    text
}
