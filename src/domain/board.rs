//! What programme admins look at: matches, how they stand, what to watch, and what admins made of them (DESIGN 2 and 6).
//!
//! A match is an approach, with its partnership where there is one. Reviewing one changes nothing of what the sites agreed.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};

use crate::domain::approach::{Approach, ApproachKind, ApproachState};
use crate::domain::ids::{BoardCode, OdsCode, Revision, Slug};
use crate::domain::interval::Interval;
use crate::domain::named_enum;
use crate::domain::partnership::{Partnership, PartnershipState, Usefulness};
use crate::domain::version::Version;

named_enum!(
    /// What to watch in a match.
    MatchFlag, "a flag" {
        /// Less than half of what counts was known when it was sent.
        LowCoverage = "low_coverage",
        /// One side gets much more of it than the other.
        OneSided = "one_sided",
        /// The head offices are far from each other.
        Far = "far",
        /// It waits for an answer of a site that has nearly as many open approaches as it may.
        OverAsked = "over_asked",
        /// It waits for an answer, or for a check-in, for long.
        Stalled = "stalled",
        /// It was declined as not a fit so lately that the sender still waits.
        CooledOff = "cooled_off",
    }
);

/// Below this coverage, fewer than half of the weights rest on recorded facts: the fit is more guess than knowledge.
pub const LOW_COVERAGE: f64 = 0.5;

/// From this difference of the two fits on a match is one-sided: a quarter of the scale, more than one of the five criteria
/// of equal weight can make by itself (DESIGN 4.8: 0.2).
pub const ONE_SIDED: f64 = 0.25;

/// From this distance on, in km, two sites are far: nearness counts under a fifth there (2^(-200/80) = 0.18, DESIGN 4.3), and a
/// visit takes more than a day.
pub const FAR_KM: f64 = 200.0;

/// From this many open approaches on a site is over-asked: eight of the ten that it may have (DESIGN 6).
pub const OVER_ASKED: u32 = 8;

/// How long an approach may wait before it counts as stalled: half of its 28 days (DESIGN 6).
pub const STALLED_APPROACH: TimeDelta = TimeDelta::days(14);

/// How long a partnership may go without a check-in before it counts as stalled: when a side is reminded to check in.
pub const STALLED_PARTNERSHIP: TimeDelta = crate::domain::partnership::CHECK_IN_DUE_AFTER;

/// The longest reason of a resolution, in characters.
pub const MAX_REASON_CHARS: usize = 1000;

/// The longest comment, in characters.
pub const MAX_COMMENT_CHARS: usize = 2000;

/// The most matches that one request changes.
pub const MAX_BULK: usize = 200;

/// The most rows of an export of matches.
pub const MAX_EXPORT: usize = 100_000;

named_enum!(
    /// What came of a review.
    Resolution, "a resolution" {
        /// An admin looked at it.
        Reviewed = "reviewed",
        /// An admin talked to the sites.
        FollowedUp = "followed_up",
        /// There is nothing to do.
        NoAction = "no_action",
        /// Another match says the same.
        Duplicate = "duplicate",
    }
);

named_enum!(
    /// The order of the board.
    MatchOrder, "an order" {
        /// The newest first.
        Newest = "newest",
        /// The oldest first.
        Age = "age",
        /// The greatest mutual fit as it was seen first; those without one last.
        Fit = "fit",
    }
);

/// Which matches to list; everything that is given has to hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MatchQuery {
    /// What has become of the approach by now.
    pub state: Option<ApproachState>,
    /// Whether the partnership lasts; those without one are left out.
    pub partnership: Option<PartnershipState>,
    /// What was proposed.
    pub kind: Option<ApproachKind>,
    /// In which programme it was made.
    pub programme: Option<Slug>,
    /// One of the two.
    pub ods_code: Option<OdsCode>,
    /// The NHS region of one of the two.
    pub region: Option<BoardCode>,
    /// The integrated care board of one of the two.
    pub icb: Option<BoardCode>,
    /// What to watch.
    pub flag: Option<MatchFlag>,
    /// Whose it is to look after: the id of a key.
    pub assignee: Option<String>,
    /// Whether it was resolved.
    pub resolved: Option<bool>,
    /// Sent on this day or later.
    pub from: Option<NaiveDate>,
    /// Sent on this day or earlier.
    pub until: Option<NaiveDate>,
    /// The order.
    pub order: MatchOrder,
}

#[expect(clippy::derivable_impls, reason = "the macro derives no default")]
impl Default for MatchOrder {
    fn default() -> Self {
        Self::Newest
    }
}

/// The place of a match in any of the orders.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MatchPlace {
    /// Its fit as it was seen, [`NO_FIT`] where it has none.
    pub fit: f64,
    /// Its place in the order of sending.
    pub sequence: i64,
}

/// Stands for the fit of a match that has none: it orders after all others.
pub const NO_FIT: f64 = -1.0;

impl std::fmt::Display for MatchPlace {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.sequence, self.fit)
    }
}

impl std::str::FromStr for MatchPlace {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (sequence, fit) = text.split_once(' ').ok_or(())?;
        let fit: f64 = fit.parse().map_err(|_malformed| ())?;
        Ok(Self {
            sequence: sequence.parse().map_err(|_malformed| ())?,
            fit: Some(fit).filter(|fit| fit.is_finite()).ok_or(())?,
        })
    }
}

/// What admins made of a match; before they did anything, nothing under version 0.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Review {
    /// Whose it is to look after: the id of an admin's key.
    pub assignee: Option<String>,
    /// What came of it.
    pub resolved: Option<Resolved>,
    /// How many comments there are.
    pub n_comments: u32,
    /// How often it was assigned, resolved or opened again.
    pub version: Version,
}

/// What came of a review.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resolved {
    /// In a word.
    pub resolution: Resolution,
    /// Why; for admins and viewers.
    pub reason: String,
    /// Who resolved it: a caller's id.
    pub by: String,
    /// When.
    pub at: DateTime<Utc>,
}

/// What an admin wrote under a match; for admins and viewers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comment {
    /// Its id.
    pub id: String,
    /// Its place in the order in which comments were made.
    pub sequence: i64,
    /// Under which match: the approach's id.
    pub match_id: String,
    /// Who wrote it: a caller's id.
    pub author: String,
    /// When.
    pub made_at: DateTime<Utc>,
    /// What.
    pub text: String,
}

/// The last word of each side on a partnership.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LatestUsefulness {
    /// The sender's.
    pub from: Option<Usefulness>,
    /// The recipient's.
    pub to: Option<Usefulness>,
}

/// A match as it is kept. What the two wrote to each other stays out of whatever is shown of it.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredMatch {
    /// The approach.
    pub approach: Approach,
    /// The name of who sent it.
    pub from_name: String,
    /// The name of whom it was sent to.
    pub to_name: String,
    /// The partnership that came of it; after a renewal it belongs to the match that renewed it.
    pub partnership: Option<Partnership>,
    /// The last check-in of each side.
    pub usefulness: LatestUsefulness,
    /// When either side checked in last.
    pub checked_in_at: Option<DateTime<Utc>>,
    /// What admins made of it.
    pub review: Review,
    /// How many approaches wait for the recipient's answer.
    pub open_to_recipient: u32,
}

impl StoredMatch {
    /// What to watch at a moment, in the order of [`MatchFlag::ALL`].
    #[must_use]
    pub fn flags(&self, now: DateTime<Utc>) -> Vec<MatchFlag> {
        let holds = |flag: &MatchFlag| match flag {
            MatchFlag::LowCoverage => self.seen(|seen| seen.coverage < LOW_COVERAGE),
            MatchFlag::OneSided => self.seen(|seen| {
                let (from, to) = (seen.from_fit.expected(), seen.to_fit.expected());
                from - to >= ONE_SIDED || to - from >= ONE_SIDED
            }),
            MatchFlag::Far => {
                let seen = self.approach.seen.as_ref();
                seen.and_then(|seen| seen.distance_km)
                    .is_some_and(|km| km > FAR_KM)
            }
            MatchFlag::OverAsked => self.is_open(now) && self.open_to_recipient >= OVER_ASKED,
            MatchFlag::Stalled => self.is_stalled(now),
            MatchFlag::CooledOff => cools_off(&self.approach, now),
        };
        MatchFlag::ALL.iter().copied().filter(holds).collect()
    }

    /// Forgets why it was declined, where a site says so, and with it that the sender waits for that: nobody is shown that but
    /// the two and programme admins (DESIGN 6).
    pub fn keep_decline_reason(&mut self) {
        let reason = &mut self.approach.reason;
        *reason = reason.filter(|reason| !reason.is_of_a_site());
    }

    fn seen(&self, holds: impl Fn(&crate::domain::approach::SeenFit) -> bool) -> bool {
        let seen = self.approach.seen.as_ref();
        seen.is_some_and(|seen| holds(&seen.programme))
    }

    fn is_open(&self, now: DateTime<Utc>) -> bool {
        self.approach.state_at(now) == ApproachState::Sent
    }

    fn is_stalled(&self, now: DateTime<Utc>) -> bool {
        if self.is_open(now) {
            return self.approach.sent_at < now - STALLED_APPROACH;
        }
        let latest = now - STALLED_PARTNERSHIP;
        self.partnership.as_ref().is_some_and(|partnership| {
            partnership.state == PartnershipState::Active
                && partnership.started_on < latest.date_naive()
                && self.checked_in_at.is_none_or(|at| at < latest)
        })
    }
}

/// Whether the sender of an approach still waits because it was declined as not a fit.
#[must_use]
pub fn cools_off(approach: &Approach, now: DateTime<Utc>) -> bool {
    use crate::domain::approach::{ApproachReason, COOL_OFF};
    approach.state == ApproachState::Declined
        && approach.reason == Some(ApproachReason::NotAFit)
        && approach.answered_at.is_some_and(|at| at > now - COOL_OFF)
}

/// The scores of a pair as they are now, under the programme's weights.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PairFit {
    /// The reciprocal value of the pair.
    pub mutual_fit: Interval,
    /// The second one's value to the first.
    pub from_fit: Interval,
    /// The first one's value to the second.
    pub to_fit: Interval,
    /// The share of the weights for which the second one's facts are recorded.
    pub coverage: f64,
    /// Between the head offices, in km.
    pub distance_km: Option<f64>,
}

/// A match with its scores as they are now; `None` where the two are not suggested to each other any more.
#[derive(Clone, Debug, PartialEq)]
pub struct ScoredMatch {
    /// The match.
    pub found: StoredMatch,
    /// Its scores.
    pub now: Option<PairFit>,
}

/// A page of the board.
#[derive(Clone, Debug, PartialEq)]
pub struct MatchPage {
    /// The matches, in the order asked for.
    pub items: Vec<ScoredMatch>,
    /// Whether more follow.
    pub has_more: bool,
    /// How many there are on all pages.
    pub total: u64,
    /// The data that the scores as they are now come from.
    pub revision: Revision,
}

impl StoredMatch {
    /// Its place in the orders.
    #[must_use]
    pub fn place(&self) -> MatchPlace {
        let seen = self.approach.seen.as_ref();
        MatchPlace {
            fit: seen.map_or(NO_FIT, |seen| seen.programme.mutual_fit.expected()),
            sequence: self.approach.sequence,
        }
    }
}

/// Something that happened to a match.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HistoryEntry {
    /// What was done, in a word that never varies.
    pub action: String,
    /// When.
    pub at: DateTime<Utc>,
    /// The side whose caller did it; `None` where it was neither's key.
    pub side: Option<OdsCode>,
    /// Whether it is the partnership that was changed, not the approach.
    pub is_partnership: bool,
    /// The state that it had afterwards.
    pub state: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_read_as_it_was_written() {
        for fit in [NO_FIT, 0.0, 0.1 + 0.2, 1.0] {
            let place = MatchPlace { fit, sequence: 7 };
            assert_eq!(place.to_string().parse(), Ok(place));
        }
        for broken in ["", "1", "x 1", "1 x", "1 NaN", "1 inf"] {
            assert_eq!(broken.parse::<MatchPlace>(), Err(()), "{broken}");
        }
    }
}
