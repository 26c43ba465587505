//! Candidates that a site keeps for itself: in its own order, by its own names, with notes.

use chrono::{DateTime, Utc};

use crate::domain::error::{Error, Result};
use crate::domain::ids::OdsCode;
use crate::domain::version::Version;

/// The most entries of one shortlist: a list that is longer is short no more.
pub const MAX_ENTRIES: usize = 100;

/// The longest name that a site gives a candidate, in characters.
pub const MAX_LABEL_CHARS: usize = 100;

/// The longest note, in characters.
pub const MAX_NOTE_CHARS: usize = 2_000;

/// One candidate that is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Who.
    pub candidate: OdsCode,
    /// The site's own name for it.
    pub label: Option<String>,
    /// What the site notes of it.
    pub note: Option<String>,
    /// When it was added.
    pub added_at: DateTime<Utc>,
}

/// A site's shortlist.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shortlist {
    /// In the site's order, each candidate once.
    pub entries: Vec<Entry>,
    /// How often it was changed; 0 before the first time.
    pub version: Version,
}

impl Shortlist {
    /// The entry of a candidate.
    #[must_use]
    pub fn entry(&self, candidate: OdsCode) -> Option<&Entry> {
        self.entries
            .iter()
            .find(|entry| entry.candidate == candidate)
    }

    /// The candidates, in order.
    #[must_use]
    pub fn order(&self) -> Vec<OdsCode> {
        self.entries.iter().map(|entry| entry.candidate).collect()
    }

    /// Adds an entry, or puts it in the place of the candidate's own, which keeps the day it was added. It goes to the
    /// position, from 1, or to the end where there are fewer; without one it stays where it is, or is added at the end.
    ///
    /// # Errors
    ///
    /// [`Error::Conflict`] where there are [`MAX_ENTRIES`] others already.
    pub fn put(&mut self, mut entry: Entry, position: Option<usize>) -> Result<()> {
        let at = self
            .entries
            .iter()
            .position(|e| e.candidate == entry.candidate);
        if let Some(at) = at {
            entry.added_at = self.entries.remove(at).added_at;
        } else if self.entries.len() >= MAX_ENTRIES {
            return Err(Error::Conflict {
                rule: "/problems/shortlist-full",
                detail: format!("There are {MAX_ENTRIES} entries already; remove one first."),
            });
        }
        let asked = position.map(|position| position.saturating_sub(1));
        let place = asked.or(at).unwrap_or(self.entries.len());
        self.entries.insert(place.min(self.entries.len()), entry);
        Ok(())
    }

    /// Removes a candidate's entry and returns it.
    pub fn remove(&mut self, candidate: OdsCode) -> Option<Entry> {
        let at = self.entries.iter().position(|e| e.candidate == candidate)?;
        Some(self.entries.remove(at))
    }

    /// Puts the entries in another order.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] where the order does not name exactly the present candidates, each once.
    pub fn reorder(&mut self, order: &[OdsCode]) -> Result<()> {
        let sorted = |mut codes: Vec<OdsCode>| {
            codes.sort_unstable();
            codes
        };
        if sorted(order.to_vec()) != sorted(self.order()) {
            return Err(Error::invalid(
                "/order",
                "does not name exactly the candidates of the shortlist, each once",
            ));
        }
        let place = |code: OdsCode| order.iter().position(|&other| other == code);
        self.entries.sort_by_key(|entry| place(entry.candidate));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(text: &str) -> OdsCode {
        OdsCode::new(text).unwrap()
    }

    fn entry(candidate: &str) -> Entry {
        Entry {
            candidate: code(candidate),
            label: None,
            note: None,
            added_at: DateTime::UNIX_EPOCH,
        }
    }

    fn of(candidates: &[&str]) -> Shortlist {
        Shortlist {
            entries: candidates.iter().map(|c| entry(c)).collect(),
            version: Version(1),
        }
    }

    #[test]
    fn an_entry_goes_where_it_is_put() {
        let after = |candidate: &str, position| {
            let mut list = of(&["AAA", "BBB", "CCC"]);
            list.put(entry(candidate), position).unwrap();
            let order: Vec<String> = list.order().iter().map(ToString::to_string).collect();
            order.join(" ")
        };
        assert_eq!(after("DDD", None), "AAA BBB CCC DDD");
        assert_eq!(after("DDD", Some(1)), "DDD AAA BBB CCC");
        assert_eq!(after("DDD", Some(99)), "AAA BBB CCC DDD");
        assert_eq!(after("BBB", None), "AAA BBB CCC");
        assert_eq!(after("BBB", Some(1)), "BBB AAA CCC");
        assert_eq!(after("AAA", Some(3)), "BBB CCC AAA");
    }

    #[test]
    fn who_is_put_again_keeps_the_day_it_was_added() {
        let mut list = of(&["AAA"]);
        let later = Entry {
            label: Some("first choice".into()),
            added_at: "2026-11-26T00:00:00Z".parse().unwrap(),
            ..entry("AAA")
        };
        list.put(later, None).unwrap();
        assert_eq!(list.entries[0].added_at, DateTime::UNIX_EPOCH);
        assert_eq!(list.entries[0].label.as_deref(), Some("first choice"));
    }

    #[test]
    fn an_order_names_exactly_those_who_are_there() {
        let mut list = of(&["AAA", "BBB", "CCC"]);
        for bad in [
            &["AAA", "BBB"][..],
            &["AAA", "BBB", "CCC", "DDD"],
            &["AAA", "AAA", "BBB"],
            &["AAA", "BBB", "CCC", "CCC"],
            &[],
        ] {
            let order: Vec<OdsCode> = bad.iter().map(|c| code(c)).collect();
            assert!(list.reorder(&order).is_err(), "{bad:?}");
        }
        let order = ["CCC", "AAA", "BBB"].map(code);
        list.reorder(&order).unwrap();
        assert_eq!(list.order(), order);
    }

    #[test]
    fn a_full_list_takes_nobody_new() {
        let mut list = Shortlist::default();
        for n in 0..MAX_ENTRIES {
            list.put(entry(&format!("X{n:03}")), None).unwrap();
        }
        assert!(list.put(entry("AAA"), None).is_err());
        assert!(list.put(entry("X000"), Some(2)).is_ok());
        assert!(list.remove(code("X001")).is_some() && list.remove(code("AAA")).is_none());
    }
}
