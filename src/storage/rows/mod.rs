//! The rows as they are stored, and how they become values of the domain and come from them.

pub(super) mod approach;
pub(super) mod fact;
pub(super) mod model;
pub(super) mod organisation;
pub(super) mod partnership;
pub(super) mod relation;

use uuid::Uuid;

use crate::domain::ids::OdsCode;
use crate::domain::provenance::Provenance;

/// The ODS code as a number to base 37, padded on the right: it orders as the bytes of the code do, wherever it is
/// compared. The longest code, 12 characters, stays below 37^12, which is below 2^63.
pub(super) fn code_order(code: OdsCode) -> i64 {
    let mut digits = [0_u8; crate::domain::ids::MAX_ODS_CODE_LEN];
    for (digit, byte) in digits.iter_mut().zip(code.as_str().bytes()) {
        *digit = match byte {
            b'0'..=b'9' => byte - b'0' + 1,
            _ => byte - b'A' + 11,
        };
    }
    digits
        .iter()
        .fold(0, |number, &digit| number * 37 + i64::from(digit))
}

/// A text as it is searched: in small letters, with single spaces and without control characters, of which PostgreSQL
/// refuses one and nobody means any.
pub(super) fn searchable(text: &str) -> String {
    let lower = text.to_lowercase();
    let words: Vec<&str> = lower
        .split(|c: char| c.is_whitespace() || c.is_control())
        .filter(|word| !word.is_empty())
        .collect();
    words.join(" ")
}

/// Makes the ids of stored facts from their content, so that the same data has the same ids in every database.
pub(super) struct ContentIds {
    space: Uuid,
    seen: std::collections::HashMap<Uuid, u32>,
}

impl ContentIds {
    /// Starts the ids of one table.
    pub(super) fn of(table: &str) -> Self {
        let space = Uuid::new_v5(
            &Uuid::NAMESPACE_URL,
            format!("urn:alongside:{table}").as_bytes(),
        );
        Self {
            space,
            seen: std::collections::HashMap::new(),
        }
    }

    /// The id of a fact: the UUID (version 5, RFC 9562) of its parts; a fact that occurs again gets another.
    pub(super) fn next(&mut self, parts: &[&str]) -> String {
        let id = Uuid::new_v5(&self.space, parts.join("\u{1f}").as_bytes());
        let n_before = self.seen.entry(id).and_modify(|n| *n += 1).or_insert(0);
        match n_before {
            0 => id.to_string(),
            n => Uuid::new_v5(&id, &n.to_be_bytes()).to_string(),
        }
    }
}

/// The date of a provenance as it is stored.
pub(super) fn as_of(provenance: &Provenance) -> Option<String> {
    provenance.as_of.map(|date| date.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_of_a_code_is_that_of_its_bytes() {
        let mut codes = [
            "RTHA",
            "RTH",
            "R0A",
            "K0N6A",
            "000",
            "ZZZZZZZZZZZZ",
            "ZZZ",
            "AAA",
            "R0",
            "R00",
        ]
        .iter()
        .filter_map(|text| OdsCode::new(text).ok())
        .collect::<Vec<_>>();
        codes.sort_unstable();
        assert_eq!(codes.len(), 9);
        assert!(
            codes
                .windows(2)
                .all(|pair| code_order(pair[0]) < code_order(pair[1]))
        );
    }

    #[test]
    fn the_same_content_has_the_same_id_and_its_repetition_another() {
        let mut ids = ContentIds::of("links");
        let (first, again) = (ids.next(&["a", "b"]), ids.next(&["a", "b"]));
        assert_ne!(first, again);
        assert_ne!(first, ids.next(&["ab", ""]));
        assert_eq!(ContentIds::of("links").next(&["a", "b"]), first);
        assert_ne!(ContentIds::of("core_systems").next(&["a", "b"]), first);
    }
}
