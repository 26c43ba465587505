//! What one organisation seeks to learn and another can show (DESIGN 4.7).

use chrono::{Months, NaiveDate};

use crate::domain::dates::PartialDate;
use crate::domain::interval::Interval;
use crate::domain::profile::{TopicInterest, TopicNeed, TopicStage};
use crate::engine::columns::{Row, index};

/// A topic counts as long live from so many months on (DESIGN 4.7).
pub(crate) const LONG_LIVE_MONTHS: u32 = 12;
const LONG_LIVE: Months = Months::new(LONG_LIVE_MONTHS);

/// How much a need counts (DESIGN 4.7).
pub(crate) const fn need_weight(need: TopicNeed) -> f64 {
    match need {
        TopicNeed::Wanted => 1.0,
        TopicNeed::Urgent => 2.0,
    }
}

/// What a stage is worth on a day, `0..=1`; something live of which no date is recorded counts as live for less than a year.
///
/// # References
///
/// DESIGN 4.7.
#[must_use]
pub fn stage_value(stage: TopicStage, live_since: Option<PartialDate>, as_of: NaiveDate) -> f64 {
    match stage {
        TopicStage::Blueprint => 1.0,
        // What goes live later is being put in today.
        TopicStage::Live if live_since.is_some_and(|d| d.first_day() > as_of) => 0.5,
        TopicStage::Live => {
            let long_live = live_since
                .and_then(|d| d.first_day().checked_add_months(LONG_LIVE))
                .is_some_and(|anniversary| anniversary <= as_of);
            if long_live { 1.0 } else { 0.8 }
        }
        TopicStage::Offered => 0.6,
        TopicStage::Implementing => 0.5,
        TopicStage::Nothing => 0.0,
    }
}

/// What one row seeks or shows on one topic.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Interest {
    row: Row,
    topic: u32,
    need: Option<TopicNeed>,
    stage: Option<(TopicStage, Option<PartialDate>)>,
    /// The number of its origin.
    origin: u32,
}

/// What one row shows on a topic that another seeks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shown {
    pub(crate) stage: TopicStage,
    /// The number of its origin.
    pub(crate) origin: u32,
}

/// The topics of all active organisations; few have any, so this is a list, not a column.
#[derive(Debug, Default)]
pub(crate) struct LearningColumns {
    /// By row, then topic.
    interests: Vec<Interest>,
    n_topics: usize,
}

/// The topics on one day: for each, what those who show it are worth together, and how many they are.
#[derive(Debug)]
pub(crate) struct LearningOnDay {
    totals: Vec<(f64, f64)>,
    as_of: NaiveDate,
}

impl LearningColumns {
    /// Lists the interests, each with its row, the number of its topic below `n_topics`, and that of its origin.
    pub(crate) fn new<'a>(
        n_topics: usize,
        interests: impl Iterator<Item = (Row, u32, u32, &'a TopicInterest)>,
    ) -> Self {
        let mut interests: Vec<Interest> = interests
            .map(|(row, topic, origin, interest)| Interest {
                row,
                topic,
                need: interest.need,
                stage: interest.stage.map(|stage| (stage, interest.live_since)),
                origin,
            })
            .collect();
        interests.sort_unstable_by_key(|i| (i.row, i.topic));
        interests.shrink_to_fit();
        Self {
            interests,
            n_topics,
        }
    }

    fn of(&self, row: Row) -> &[Interest] {
        let start = self.interests.partition_point(|i| i.row < row);
        let end = start + self.interests[start..].partition_point(|i| i.row == row);
        &self.interests[start..end]
    }

    /// The topics that a row seeks.
    pub(crate) fn sought(&self, row: Row) -> impl Iterator<Item = u32> {
        let interests = self.of(row).iter();
        interests.filter(|i| i.need.is_some()).map(|i| i.topic)
    }

    /// Whether the criterion can be asked of a row: it seeks a topic.
    pub(crate) fn is_applicable(&self, row: Row) -> bool {
        self.sought(row).next().is_some()
    }

    /// What the topics are worth on a day; `None` where nobody seeks any, and the criterion applies to nobody.
    pub(crate) fn on_day(&self, as_of: NaiveDate) -> Option<LearningOnDay> {
        if self.interests.iter().all(|i| i.need.is_none()) {
            return None;
        }
        let mut totals = vec![(0.0, 0.0); self.n_topics];
        for interest in &self.interests {
            if let Some((stage, live_since)) = interest.stage {
                let (sum, n) = &mut totals[interest.topic as usize];
                *sum += stage_value(stage, live_since, as_of);
                *n += 1.0;
            }
        }
        Some(LearningOnDay { totals, as_of })
    }

    /// The score of a seeker for a candidate with the share of needs for which the candidate's fact is recorded; `None` where
    /// the seeker seeks nothing.
    pub(crate) fn score(
        &self,
        day: &LearningOnDay,
        seeker: Row,
        candidate: Row,
    ) -> Option<(Interval, f64)> {
        let shown = self.of(candidate);
        let value =
            |stage: (TopicStage, Option<PartialDate>)| stage_value(stage.0, stage.1, day.as_of);
        let (mut total, mut known, mut sums) = (0.0, 0.0, [0.0; 3]);
        for interest in self.of(seeker) {
            let Some(need) = interest.need.map(need_weight) else {
                continue;
            };
            let have = match interest_in(shown, interest.topic).and_then(|s| s.stage) {
                Some(stage) => {
                    known += need;
                    [value(stage); 3]
                }
                None => [0.0, day.mean_of_others(interest), 1.0],
            };
            total += need;
            for (sum, have) in sums.iter_mut().zip(have) {
                *sum += need * have;
            }
        }
        (total > 0.0).then(|| {
            let [low, expected, high] = sums.map(|sum| sum / total);
            (Interval::new(low, expected, high), known / total)
        })
    }

    /// The topics that a seeker seeks, with what a candidate shows of each.
    pub(crate) fn sought_and_shown(
        &self,
        seeker: Row,
        candidate: Row,
    ) -> impl Iterator<Item = (u32, Option<Shown>)> {
        let shown = self.of(candidate);
        self.of(seeker)
            .iter()
            .filter(|i| i.need.is_some())
            .map(move |i| {
                let interest = interest_in(shown, i.topic);
                let shown = interest.and_then(|s| {
                    Some(Shown {
                        stage: s.stage?.0,
                        origin: s.origin,
                    })
                });
                (i.topic, shown)
            })
    }

    /// Bytes on the heap.
    pub(crate) fn heap_bytes(&self) -> usize {
        self.interests.capacity() * size_of::<Interest>()
    }
}

/// The interest in a topic among those of one row, which are in the order of topics.
fn interest_in(interests: &[Interest], topic: u32) -> Option<&Interest> {
    interests
        .binary_search_by_key(&topic, |i| i.topic)
        .ok()
        .map(|at| &interests[at])
}

impl LearningOnDay {
    /// What to expect of an organisation of which nothing is recorded on a topic: the mean over those other than the seeker.
    fn mean_of_others(&self, seeker: &Interest) -> f64 {
        let (mut sum, mut n) = self.totals[seeker.topic as usize];
        if let Some((stage, live_since)) = seeker.stage {
            sum -= stage_value(stage, live_since, self.as_of);
            n -= 1.0;
        }
        if n > 0.0 {
            (sum / n).clamp(0.0, 1.0)
        } else {
            super::MEAN_OF_NOBODY
        }
    }
}

/// Numbers topics by the order of a sorted list of slugs.
pub(crate) fn topic_number(
    topics: &[crate::domain::profile::Topic],
    slug: &crate::domain::ids::Slug,
) -> Option<u32> {
    topics
        .binary_search_by(|t| t.slug.cmp(slug))
        .ok()
        .map(index)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::{OdsCode, Slug};
    use crate::domain::provenance::{Provenance, Voice};

    const ROUNDING: f64 = 1e-12;

    fn day() -> NaiveDate {
        "2026-11-22".parse().unwrap()
    }

    fn interest(need: Option<TopicNeed>, stage: Option<TopicStage>) -> TopicInterest {
        TopicInterest {
            ods_code: OdsCode::new("RTH").unwrap(),
            topic: Slug::new("hepma").unwrap(),
            need,
            stage,
            live_since: None,
            provenance: Provenance {
                source: "a test".into(),
                as_of: None,
                voice: Voice::Bundled,
            },
        }
    }

    #[test]
    fn the_stages_are_worth_what_the_design_says() {
        let live = |since: &str| stage_value(TopicStage::Live, since.parse().ok(), day());
        let values = [live("2025-11-22"), live("2025-11-23"), live("")];
        for (value, expected) in values.into_iter().zip([1.0, 0.8, 0.8]) {
            assert!((value - expected).abs() < ROUNDING);
        }
        let plain = [
            TopicStage::Blueprint,
            TopicStage::Offered,
            TopicStage::Implementing,
            TopicStage::Nothing,
        ];
        for (stage, expected) in plain.into_iter().zip([1.0, 0.6, 0.5, 0.0]) {
            assert!((stage_value(stage, None, day()) - expected).abs() < ROUNDING);
        }
    }

    #[test]
    fn an_urgent_need_counts_twice_and_an_unknown_topic_stays_open() {
        let seeks = [
            interest(Some(TopicNeed::Urgent), None),
            interest(Some(TopicNeed::Wanted), None),
        ];
        let shows = interest(None, Some(TopicStage::Offered));
        let other = interest(None, Some(TopicStage::Nothing));
        let rows = [
            (0, 0, 0, &seeks[0]),
            (0, 1, 0, &seeks[1]),
            (1, 0, 0, &shows),
            (2, 1, 0, &other),
        ];
        let columns = LearningColumns::new(2, rows.into_iter());
        let on_day = columns.on_day(day()).unwrap();
        let (score, known) = columns.score(&on_day, 0, 1).unwrap();
        // Topic 0 is offered (0.6, counting twice); topic 1 is unknown, and the only one who says shows nothing.
        assert!(
            (score.low() - 1.2 / 3.0).abs() < ROUNDING
                && (score.expected() - 1.2 / 3.0).abs() < ROUNDING
        );
        assert!((score.high() - 2.2 / 3.0).abs() < ROUNDING);
        assert!((known - 2.0 / 3.0).abs() < ROUNDING);
        assert!(columns.is_applicable(0) && !columns.is_applicable(1));
        assert_eq!(columns.score(&on_day, 1, 0), None);
    }

    #[test]
    fn where_nobody_seeks_the_criterion_applies_to_nobody() {
        let shows = interest(None, Some(TopicStage::Live));
        assert!(
            LearningColumns::new(1, std::iter::once((0, 0, 0, &shows)))
                .on_day(day())
                .is_none()
        );
    }
}
