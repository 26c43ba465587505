//! Approaches and partnerships as two sites would have made them, and many of them at random: the same seed gives the same.

use std::collections::{BTreeMap, BTreeSet};

use alongside::domain::approach::{
    Approach, ApproachKind, ApproachReason, ApproachState, EXPIRES_AFTER, ProposedTopics, Seen,
    SeenCriterion, SeenFit,
};
use alongside::domain::ids::{OdsCode, Revision, Slug};
use alongside::domain::interval::Interval;
use alongside::domain::partnership::{EndReason, GivenTopic, Partnership, PartnershipState};
use alongside::domain::programme::Criterion;
use alongside::domain::suggestion::WeightsFrom;
use alongside::domain::version::Version;
use alongside::storage::{Change, Storage, Touches, approaches, partnerships};
use chrono::{DateTime, TimeDelta, Utc};

/// Words that no answer to staff may show.
pub(crate) const SECRET_WORDS: &str = "what the two wrote to each other";

/// A match as it was made.
#[derive(Clone, Debug)]
pub(crate) struct Made {
    pub(crate) approach: Approach,
    pub(crate) partnership: Option<Partnership>,
    /// Who said when how useful it is.
    pub(crate) check_ins: Vec<(OdsCode, DateTime<Utc>, u8)>,
}

pub(crate) fn code(text: &str) -> OdsCode {
    OdsCode::new(text).unwrap()
}

/// The id of the thing with a number; `kind` tells sorts of things apart.
pub(crate) fn id(kind: u32, number: u32) -> String {
    format!("{kind:08}-0000-4000-8000-{number:012}")
}

/// An interval around an expected value.
fn around(expected: f64) -> Interval {
    Interval::new(
        (expected - 0.1).max(0.0),
        expected,
        (expected + 0.1).min(1.0),
    )
}

/// What was seen of a pair.
pub(crate) fn seen(from_fit: f64, to_fit: f64, coverage: f64, distance_km: Option<f64>) -> Seen {
    let fit = SeenFit {
        mutual_fit: around(2.0 * from_fit * to_fit / (from_fit + to_fit)),
        from_fit: around(from_fit),
        to_fit: around(to_fit),
        coverage,
        criteria: vec![SeenCriterion {
            criterion: Criterion::Geography,
            weight: 1.0,
            score: around(from_fit),
        }],
    };
    Seen {
        revision: Revision(1),
        as_of: "2026-11-01".parse().unwrap(),
        method_version: "1".into(),
        weights_from: WeightsFrom::Programme,
        site: fit.clone(),
        programme: fit,
        distance_km,
    }
}

/// An approach that waits since a moment.
pub(crate) fn open(number: u32, from: &str, to: &str, sent_at: DateTime<Utc>) -> Made {
    let approach = Approach {
        id: id(0, number),
        sequence: 0,
        from: code(from),
        to: code(to),
        kind: ApproachKind::Partnership,
        state: ApproachState::Sent,
        message: Some(SECRET_WORDS.into()),
        topics: ProposedTopics {
            learn: vec![Slug::new("hepma").unwrap()],
            give: vec![Slug::new("epr").unwrap()],
        },
        proposed_start: None,
        proposed_end: None,
        renews: None,
        programme: Some(Slug::new("default").unwrap()),
        sent_at,
        expires_at: sent_at + EXPIRES_AFTER,
        answered_at: None,
        reason: None,
        reminded_at: None,
        seen: Some(seen(0.7, 0.6, 0.8, Some(39.2))),
        version: Version(1),
    };
    Made {
        approach,
        partnership: None,
        check_ins: Vec::new(),
    }
}

impl Made {
    /// The same, answered.
    pub(crate) fn answered(
        mut self,
        state: ApproachState,
        at: DateTime<Utc>,
        reason: Option<ApproachReason>,
    ) -> Self {
        self.approach.state = state;
        self.approach.answered_at = Some(at);
        self.approach.reason = reason;
        self
    }

    /// The same, accepted and become a partnership.
    pub(crate) fn partnered(self, number: u32, at: DateTime<Utc>) -> Self {
        let mut made = self.answered(ApproachState::Accepted, at, None);
        let ends = made.approach.pair();
        made.partnership = Some(Partnership {
            id: id(1, number),
            sequence: 0,
            approach_id: made.approach.id.clone(),
            ends,
            state: PartnershipState::Active,
            started_on: at.date_naive(),
            planned_end: None,
            goals: Some(SECRET_WORDS.into()),
            topics: vec![GivenTopic {
                giver: made.approach.to,
                topic: Slug::new("hepma").unwrap(),
            }],
            ended_at: None,
            ended_by: None,
            end_reason: None,
            link_id: None,
            reminded_at: None,
            version: Version(1),
        });
        made
    }
}

/// `SplitMix64` (Steele, Lea and Flood, OOPSLA 2014): small, seeded and the same everywhere.
struct SplitMix64(u64);

impl SplitMix64 {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) % n
    }

    fn one_of<T: Copy>(&mut self, all: &[T]) -> T {
        all[usize::try_from(self.below(all.len() as u64)).unwrap()]
    }

    /// Evenly in hundredths from 0.01 to 1.
    fn share(&mut self) -> f64 {
        f64::from(u8::try_from(1 + self.below(100)).unwrap()) / 100.0
    }
}

/// Makes `n` matches among organisations: of every state, some long ago and some lately, a few without scores; at most one open approach
/// and one active partnership of a pair, and at most ten open ones to one site.
pub(crate) fn many(codes: &[OdsCode], n: u32, seed: u64, now: DateTime<Utc>) -> Vec<Made> {
    let mut random = SplitMix64(seed);
    let mut open_pairs = BTreeSet::new();
    let mut active_pairs = BTreeSet::new();
    let mut n_open: BTreeMap<OdsCode, u32> = BTreeMap::new();
    let mut all = Vec::new();
    // A few are asked much more often than others.
    let asked = &codes[..codes.len().div_ceil(16)];
    for number in 1..=n {
        let from = random.one_of(codes);
        let among = if random.below(3) == 0 { asked } else { codes };
        let to = random.one_of(among);
        let to = if to == from {
            codes[(codes.iter().position(|c| *c == from).unwrap() + 1) % codes.len()]
        } else {
            to
        };
        let sent = now - TimeDelta::hours(i64::try_from(random.below(24 * 300)).unwrap() + 1);
        let mut made = open(number, from.as_str(), to.as_str(), sent);
        let approach = &mut made.approach;
        approach.seen = (random.below(20) > 0).then(|| {
            let known = random.below(10) > 0;
            let km = f64::from(u32::try_from(random.below(4000)).unwrap()) / 10.0;
            seen(
                random.share(),
                random.share(),
                random.share(),
                known.then_some(km),
            )
        });
        if random.below(3) == 0 {
            approach.kind = ApproachKind::Conversation;
        }
        if random.below(4) == 0 {
            approach.programme = None;
        }
        let pair = approach.pair();
        let days = i64::try_from(random.below(27)).unwrap();
        let answered = (sent + TimeDelta::days(days)).min(now);
        let may_be_open =
            !open_pairs.contains(&pair) && n_open.get(&to).copied().unwrap_or_default() < 10;
        made = match random.below(8) {
            0..=2 if may_be_open => {
                // Half of them wait still, others expired without being written down as that.
                if random.below(2) == 0 {
                    let hours = i64::try_from(random.below(24 * 28)).unwrap();
                    made.approach.sent_at = now - TimeDelta::hours(hours);
                    made.approach.expires_at = made.approach.sent_at + EXPIRES_AFTER;
                }
                open_pairs.insert(pair);
                if made.approach.expires_at > now {
                    *n_open.entry(to).or_default() += 1;
                }
                made
            }
            0 | 3 => made.answered(ApproachState::Withdrawn, answered, None),
            1 | 4 => {
                let reasons = ApproachReason::OF_A_SITE;
                let reason = (random.below(4) > 0).then(|| random.one_of(&reasons));
                made.answered(ApproachState::Declined, answered, reason)
            }
            2 => {
                let at = made.approach.expires_at.min(now);
                made.answered(ApproachState::Expired, at, None)
            }
            5 => made.answered(
                ApproachState::Ended,
                answered,
                Some(ApproachReason::OrganisationClosed),
            ),
            _ if made.approach.kind == ApproachKind::Conversation => {
                made.answered(ApproachState::Accepted, answered, None)
            }
            _ => partnered(
                made,
                number,
                answered,
                now,
                (&mut random, &mut active_pairs),
            ),
        };
        all.push(made);
    }
    all
}

fn partnered(
    made: Made,
    number: u32,
    at: DateTime<Utc>,
    now: DateTime<Utc>,
    (random, active): (&mut SplitMix64, &mut BTreeSet<(OdsCode, OdsCode)>),
) -> Made {
    let mut made = made.partnered(number, at);
    let sides = [made.approach.from, made.approach.to];
    let partnership = made.partnership.as_mut().unwrap();
    if !active.insert(partnership.ends) || random.below(3) == 0 {
        partnership.state = PartnershipState::Ended;
        partnership.ended_at = Some(now);
        partnership.ended_by = Some(sides[0]);
        partnership.end_reason = Some(EndReason::GoalsMet);
    }
    for _ in 0..random.below(4) {
        let whole = u64::try_from((now - at).num_hours().max(1)).unwrap();
        let said = at + TimeDelta::hours(i64::try_from(random.below(whole)).unwrap());
        let usefulness = u8::try_from(1 + random.below(5)).unwrap();
        made.check_ins
            .push((random.one_of(&sides), said, usefulness));
    }
    made.check_ins.sort_by_key(|(_, at, _)| *at);
    made
}

/// Stores matches; check-ins are written past the service by the statements of [`check_ins_sql`].
pub(crate) fn store(storage: &Storage, all: &[Made]) {
    let change = Change {
        actor: "a test".to_owned(),
        action: "test",
        detail: String::new(),
        at: "2026-11-22T08:00:00Z".parse().unwrap(),
        request_id: String::new(),
        touches: Touches::Nothing,
    };
    storage
        .write_blocking(&change, |connection| {
            for made in all {
                approaches::add(connection, made.approach.clone())?;
                if let Some(partnership) = &made.partnership {
                    partnerships::add(connection, partnership.clone())?;
                }
            }
            Ok(())
        })
        .unwrap();
}

/// The statements that store the check-ins of matches.
pub(crate) fn check_ins_sql(all: &[Made]) -> String {
    let mut sql = String::new();
    let mut number = 0;
    for made in all {
        let Some(partnership) = &made.partnership else {
            continue;
        };
        for (code, at, usefulness) in &made.check_ins {
            number += 1;
            sql += &format!(
                "INSERT INTO check_ins (id, sequence, partnership_id, ods_code, made_at, usefulness) \
                 VALUES ('{}', {number}, '{}', '{code}', '{}', {usefulness});\n",
                id(2, number),
                partnership.id,
                at.format("%Y-%m-%d %H:%M:%S%.6f"),
            );
        }
    }
    sql
}
