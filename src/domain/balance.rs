//! What a site gives to the others and what it has of them, for itself and the programme's admins (DESIGN 6).

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::ids::{OdsCode, Slug};
use crate::domain::partnership::{GivenTopic, PartnershipState};

/// A topic of one partnership, and which way it goes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Passing {
    /// In which partnership.
    pub partnership_id: String,
    /// Who gives what.
    pub given: GivenTopic,
}

/// What the balance of an organisation is made of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BalanceFacts {
    /// The states of its partnerships.
    pub partnerships: Vec<PartnershipState>,
    /// How many conversations it agreed to, or had agreed to.
    pub n_conversations: usize,
    /// Who made each check-in of its partnerships.
    pub check_ins: Vec<OdsCode>,
    /// What was agreed, each once.
    pub agreed: BTreeSet<Passing>,
    /// What one of the two says in a check-in that it gave or learned, each once however often and by however many it is said.
    pub reported: BTreeSet<Passing>,
}

/// How many topics, each counted once for a partnership.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TopicCount {
    /// As agreed.
    pub agreed: usize,
    /// As one of the two reports in a check-in.
    pub reported: usize,
}

/// What went both ways.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Exchange {
    /// What the organisation gives to others.
    pub given: TopicCount,
    /// What others give to it.
    pub received: TopicCount,
}

/// What an organisation gives to the others and what it has of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Balance {
    /// Partnerships that last.
    pub n_active: usize,
    /// Partnerships that ended.
    pub n_ended: usize,
    /// Conversations that were agreed to.
    pub n_conversations: usize,
    /// Check-ins that it made.
    pub n_check_ins_made: usize,
    /// Check-ins of the other sides.
    pub n_check_ins_received: usize,
    /// All topics together.
    pub total: Exchange,
    /// By topic.
    pub topics: BTreeMap<Slug, Exchange>,
}

impl Balance {
    /// Counts from one organisation's side.
    #[must_use]
    pub fn of(code: OdsCode, facts: &BalanceFacts) -> Self {
        let count = |state| facts.partnerships.iter().filter(|&&s| s == state).count();
        let made = facts.check_ins.iter().filter(|&&by| by == code).count();
        let mut balance = Self {
            n_active: count(PartnershipState::Active),
            n_ended: count(PartnershipState::Ended),
            n_conversations: facts.n_conversations,
            n_check_ins_made: made,
            n_check_ins_received: facts.check_ins.len() - made,
            ..Self::default()
        };
        let agreed = facts.agreed.iter().map(|passing| (passing, true));
        let reported = facts.reported.iter().map(|passing| (passing, false));
        for (Passing { given, .. }, is_agreed) in agreed.chain(reported) {
            let of_topic = balance.topics.entry(given.topic.clone()).or_default();
            for exchange in [of_topic, &mut balance.total] {
                let way = if given.giver == code {
                    &mut exchange.given
                } else {
                    &mut exchange.received
                };
                if is_agreed {
                    way.agreed += 1;
                } else {
                    way.reported += 1;
                }
            }
        }
        balance
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_one_gives_the_other_receives() {
        let code = |text: &str| OdsCode::new(text).unwrap();
        let passing = |id: &str, giver: &str, topic: &str| Passing {
            partnership_id: id.to_owned(),
            given: GivenTopic {
                giver: code(giver),
                topic: topic.parse().unwrap(),
            },
        };
        let facts = BalanceFacts {
            partnerships: vec![PartnershipState::Active, PartnershipState::Ended],
            n_conversations: 3,
            check_ins: vec![code("RTH"), code("RHW"), code("RHW")],
            agreed: [
                passing("1", "RTH", "hepma"),
                passing("2", "RTH", "hepma"),
                passing("1", "RHW", "maternity"),
            ]
            .into(),
            reported: [passing("1", "RHW", "hepma")].into(),
        };
        let ours = Balance::of(code("RTH"), &facts);
        assert_eq!(
            (ours.n_active, ours.n_ended, ours.n_conversations),
            (1, 1, 3)
        );
        assert_eq!((ours.n_check_ins_made, ours.n_check_ins_received), (1, 2));
        let count = |agreed, reported| TopicCount { agreed, reported };
        let hepma = ours.topics[&"hepma".parse().unwrap()];
        assert_eq!((hepma.given, hepma.received), (count(2, 0), count(0, 1)));
        assert_eq!(
            (ours.total.given, ours.total.received),
            (count(2, 0), count(1, 1))
        );
        assert_eq!(
            Balance::of(code("RTH"), &BalanceFacts::default()),
            Balance::default()
        );
    }
}
