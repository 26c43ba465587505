//! Who an organisation is today: links and memberships of a closed organisation count for its successors.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::ids::OdsCode;
use crate::domain::organisation::Succession;

/// The successors of every organisation that has some.
pub(crate) struct Lineage<'a> {
    next: BTreeMap<OdsCode, Vec<OdsCode>>,
    is_active: Box<dyn Fn(OdsCode) -> bool + 'a>,
}

impl<'a> Lineage<'a> {
    pub(crate) fn new(
        successions: &[Succession],
        is_active: impl Fn(OdsCode) -> bool + 'a,
    ) -> Self {
        let mut next: BTreeMap<OdsCode, Vec<OdsCode>> = BTreeMap::new();
        for succession in successions {
            next.entry(succession.predecessor)
                .or_default()
                .push(succession.successor);
        }
        Self {
            next,
            is_active: Box::new(is_active),
        }
    }

    /// Who carries an organisation's history today, in order: itself while it is active, else its active successors, each of
    /// them after a split. Empty where nobody does. A circle of successions ends where it closes.
    pub(crate) fn today(&self, code: OdsCode) -> Vec<OdsCode> {
        if (self.is_active)(code) {
            return vec![code];
        }
        self.reached_from(code)
            .into_iter()
            .filter(|&c| (self.is_active)(c))
            .collect()
    }

    /// Pairs of active organisations of which one followed the other, whole or in part; each way round once.
    pub(crate) fn related_active_pairs(&self) -> BTreeSet<(OdsCode, OdsCode)> {
        let mut pairs = BTreeSet::new();
        for &predecessor in self.next.keys().filter(|&&c| (self.is_active)(c)) {
            for successor in self.reached_from(predecessor) {
                if (self.is_active)(successor) && successor != predecessor {
                    pairs.insert((predecessor, successor));
                    pairs.insert((successor, predecessor));
                }
            }
        }
        pairs
    }

    /// Everyone along the successions after `code`; past an active successor the history has arrived.
    fn reached_from(&self, code: OdsCode) -> BTreeSet<OdsCode> {
        let mut seen = BTreeSet::new();
        let mut open: Vec<OdsCode> = self.next.get(&code).cloned().unwrap_or_default();
        while let Some(code) = open.pop() {
            if seen.insert(code) && !(self.is_active)(code) {
                open.extend(self.next.get(&code).into_iter().flatten());
            }
        }
        seen
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::organisation::SuccessionKind;
    use crate::domain::provenance::{Provenance, Voice};

    fn code(text: &str) -> OdsCode {
        OdsCode::new(text).unwrap()
    }

    fn lineage(steps: &[(&str, &str)], active: &'static [&'static str]) -> Lineage<'static> {
        let steps: Vec<Succession> = steps
            .iter()
            .map(|(from, to)| Succession {
                predecessor: code(from),
                successor: code(to),
                date: "2020".parse().unwrap(),
                kind: SuccessionKind::Merger,
                provenance: Provenance {
                    source: "a test".into(),
                    as_of: None,
                    voice: Voice::Bundled,
                },
            })
            .collect();
        Lineage::new(&steps, move |c| active.contains(&c.as_str()))
    }

    #[test]
    fn history_goes_to_every_active_successor() {
        let lineage = lineage(
            &[("AAA", "BBB"), ("BBB", "CCC"), ("BBB", "DDD")],
            &["CCC", "DDD"],
        );
        assert_eq!(lineage.today(code("AAA")), [code("CCC"), code("DDD")]);
        assert_eq!(lineage.today(code("CCC")), [code("CCC")]);
    }

    #[test]
    fn a_circle_of_successions_ends() {
        let lineage = lineage(&[("AAA", "BBB"), ("BBB", "AAA")], &[]);
        assert!(lineage.today(code("AAA")).is_empty());
    }

    #[test]
    fn an_active_predecessor_and_its_successor_are_related_both_ways() {
        let lineage = lineage(&[("AAA", "BBB")], &["AAA", "BBB"]);
        let pairs = lineage.related_active_pairs();
        assert!(
            pairs.contains(&(code("AAA"), code("BBB")))
                && pairs.contains(&(code("BBB"), code("AAA")))
        );
    }
}
