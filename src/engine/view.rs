//! One seeker's view of all the others: what it would gain from each, and each from it.
//!
//! A view is made in two steps. What depends on a candidate's class alone (its set of systems, its settings, what can be
//! asked of it, its weights) is scored once for each class; what depends on the candidate itself (distance, culture, links)
//! once for each candidate, and only while it can still matter. No candidate allocates.

use std::borrow::Cow;
use std::sync::{Arc, OnceLock};

use chrono::NaiveDate;

use crate::domain::error::{Error, Result};
use crate::domain::interval::Interval;
use crate::domain::price::Prices;
use crate::domain::programme::{Criterion, Programme, Weights};
use crate::domain::suggestion::SeenBy;
use crate::engine::columns::Row;
use crate::engine::criteria::core_system::CoreView;
use crate::engine::criteria::culture::CultureRow;
use crate::engine::criteria::geography::{
    SAME_ICB, SAME_REGION, decay, distance_km, residual_cost, score, score_interval,
};
use crate::engine::criteria::learning::LearningOnDay;
use crate::engine::criteria::prior_relationships;
use crate::engine::fit::{Applicable, PerCriterion, Shares, fit, harmonic_mean, weighted_sum};
use crate::engine::snapshot::{Class, Snapshot};

/// A day, with what is the same for every seeker on it.
#[derive(Debug)]
pub struct Day<'a> {
    pub(crate) snapshot: &'a Snapshot,
    pub(crate) as_of: NaiveDate,
    learning: Option<LearningOnDay>,
    /// The rows that are in a programme, sorted, with the number of the one that counts.
    programme_of: Vec<(Row, u32)>,
    /// Each row's class: the snapshot's own, unless the weights of a programme make it another.
    class_of: Arc<[u32]>,
    /// Whose weights count.
    sides: SideWeights,
}

/// Whose weights each side of a pair has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum SideWeights {
    /// Its own where it saved some, else its programme's.
    Saved,
    /// Its programme's, whatever it saved.
    Programmes,
}

impl<'a> Day<'a> {
    /// Looks at a snapshot on a day.
    #[must_use]
    pub fn new(snapshot: &'a Snapshot, as_of: NaiveDate) -> Self {
        Self::under(snapshot, as_of, SideWeights::Saved)
    }

    /// The same, but each side has the weights of its programme, whatever it saved: nothing that is made from it tells of what a
    /// site saved.
    pub(crate) fn of_programmes(snapshot: &'a Snapshot, as_of: NaiveDate) -> Self {
        Self::under(snapshot, as_of, SideWeights::Programmes)
    }

    /// The day as somebody sees it: a site with each side's saved weights, everybody else with those of the programmes, since from
    /// many fits and scores of one site its weights could be worked out.
    pub(crate) fn seen_by(snapshot: &'a Snapshot, as_of: NaiveDate, seen_by: SeenBy) -> Self {
        match seen_by {
            SeenBy::Site => Self::new(snapshot, as_of),
            SeenBy::Others => Self::of_programmes(snapshot, as_of),
        }
    }

    fn under(snapshot: &'a Snapshot, as_of: NaiveDate, sides: SideWeights) -> Self {
        let mut programme_of: Vec<(Row, u32)> = Vec::new();
        let mut class_of = Arc::clone(&snapshot.class_of);
        let unsaved = snapshot.unsaved_classes();
        if sides == SideWeights::Programmes && !unsaved.is_empty() {
            let classes = Arc::make_mut(&mut class_of);
            for &(row, class) in unsaved {
                classes[row as usize] = class;
            }
        }
        for joined in snapshot.joined_on(as_of) {
            // Of one row the last counts.
            match programme_of.last_mut() {
                Some(last) if last.0 == joined.row => last.1 = joined.programme,
                Some(_) | None => programme_of.push((joined.row, joined.programme)),
            }
            if sides == SideWeights::Programmes || !snapshot.has_saved_weights(joined.row) {
                // Copied once, where anybody is in a programme.
                Arc::make_mut(&mut class_of)[joined.row as usize] = joined.class;
            }
        }
        Self {
            snapshot,
            as_of,
            learning: snapshot.learning.on_day(as_of),
            programme_of,
            class_of,
            sides,
        }
    }

    /// The programme of a row: the one that it joined last of those that run, else the default one.
    pub(crate) fn programme(&self, row: Row) -> &'a Programme {
        let found = self
            .programme_of
            .binary_search_by_key(&row, |&(row, _)| row);
        match found {
            Ok(at) => self.snapshot.joined_programme(self.programme_of[at].1),
            Err(_) => self.snapshot.programme(),
        }
    }

    /// The weights that a row's side of every pair has unless a request says otherwise: its own where they count, else its
    /// programme's.
    pub(crate) fn weights(&self, row: Row) -> Weights {
        let saved = match self.sides {
            SideWeights::Saved => self.snapshot.saved_weights(row),
            SideWeights::Programmes => None,
        };
        saved.unwrap_or_else(|| self.programme(row).weights)
    }

    /// The class of a row under the weights of its side.
    pub(crate) fn class(&self, row: Row) -> Class {
        self.snapshot.classes[self.class_of[row as usize] as usize]
    }
}

/// The terms of each class as a seeker of each class sees them under its own weights.
///
/// They depend on neither the seeker itself nor the day, so they are worked out once for a revision, when first asked for, and
/// only where the classes are few enough to keep; else for each view anew.
#[derive(Debug)]
pub(crate) struct OwnTerms(Vec<OnceLock<Vec<ClassTerms>>>);

impl OwnTerms {
    /// The most classes for which terms are kept: their squares take 48 bytes each, three million together.
    pub(crate) const MAX_CLASSES: usize = 256;

    pub(crate) fn new(n_classes: usize) -> Self {
        let n_kept = if n_classes <= Self::MAX_CLASSES {
            n_classes
        } else {
            0
        };
        Self((0..n_kept).map(|_| OnceLock::new()).collect())
    }

    fn of(&self, class: u32) -> Option<&OnceLock<Vec<ClassTerms>>> {
        self.0.get(class as usize)
    }

    /// Bytes on the heap, once all are worked out.
    pub(crate) fn heap_bytes(&self) -> usize {
        self.0.len()
            * (size_of::<OnceLock<Vec<ClassTerms>>>() + self.0.len() * size_of::<ClassTerms>())
    }
}

/// What a candidate's class settles of the expected mutual fit.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ClassTerms {
    /// What core systems and care setting add to the seeker's fit and to the candidate's.
    settled: Sides,
    /// What the core systems leave of the distance's cost.
    cost: Sides,
    /// The number of the candidate's shares.
    shares: u32,
    applicable: Applicable,
    /// The most that the mutual fit can be for a candidate of this class without a link.
    bound: f64,
}

/// A number as the seeker sees it and as the candidate does.
#[derive(Clone, Copy, Debug, Default)]
struct Sides {
    mine: f64,
    theirs: f64,
}

impl Sides {
    const fn both(value: f64) -> Self {
        Self {
            mine: value,
            theirs: value,
        }
    }
}

/// What the candidate itself settles: the scores of the criteria that its class leaves open.
#[derive(Clone, Copy, Debug)]
struct OpenScores {
    geography: Sides,
    culture: Sides,
    prior: f64,
    learning: Sides,
}

/// A candidate that the scan must treat by itself: one with a link, or one that is never suggested.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Special {
    pub(crate) row: Row,
    /// The expected score of prior relationships.
    pub(crate) prior: f64,
    pub(crate) is_suggested: bool,
    pub(crate) is_current_partner: bool,
}

/// One seeker's view on a day, under its weights.
#[derive(Debug)]
pub struct View<'a> {
    pub(crate) day: &'a Day<'a>,
    pub(crate) seeker: Row,
    seeker_class: Class,
    /// The seeker's weights, over all criteria.
    pub(crate) weights: Weights,
    /// The seeker's shares; `None` where no weighted criterion applies to it.
    shares: Shares,
    pub(crate) culture: CultureRow<'a>,
    /// By class; the snapshot's own where it keeps them.
    terms: Cow<'a, [ClassTerms]>,
    /// By row.
    pub(crate) specials: Vec<Special>,
    /// By row, where exposure is spread.
    prices: Option<&'a [f64]>,
}

/// A score with the share of it for which the candidate's fact is recorded.
type WithShareKnown = (Interval, f64);

const CORE_SYSTEM: usize = Criterion::CoreSystem.index();
const GEOGRAPHY: usize = Criterion::Geography.index();
const CARE_SETTING: usize = Criterion::CareSetting.index();
const CULTURE: usize = Criterion::Culture.index();
const PRIOR_RELATIONSHIPS: usize = Criterion::PriorRelationships.index();
const LEARNING: usize = Criterion::Learning.index();

/// A bound must hold through the rounding of a few sums, so it is raised by more than that and less than matters.
const BOUND_SLACK: f64 = 1e-9;

impl<'a> View<'a> {
    /// The view of a seeker under the weights it asks for, else under its own.
    ///
    /// # Errors
    ///
    /// [`Error::NothingApplies`] where no weighted criterion can be asked of the seeker.
    pub(crate) fn new(day: &'a Day<'a>, seeker: Row, requested: Option<Weights>) -> Result<Self> {
        let weights = requested.unwrap_or_else(|| day.weights(seeker));
        let view = Self::under(day, seeker, weights);
        if view.shares.is_none() {
            return Err(Error::NothingApplies {
                seeker: day.snapshot.code(seeker),
                facts: super::ask::facts_that_would_apply(day.snapshot, seeker, weights),
            });
        }
        Ok(view)
    }

    /// The view of a seeker under weights, be it that none of them applies to it.
    pub(crate) fn under(day: &'a Day<'a>, seeker: Row, weights: Weights) -> Self {
        if weights == day.weights(seeker) {
            return Self::of_candidate(day, seeker);
        }
        let applicable = day.snapshot.class(seeker).applicable;
        let shares = weights.over(|criterion| applicable.contains(criterion));
        Self::with_shares(day, seeker, (weights, shares), None)
    }

    /// The view that another has by itself, under the weights it saved or else the programme's. Where no weighted criterion
    /// applies to it, it sees each pair with the other's eyes (DESIGN 4.1).
    pub(crate) fn of_candidate(day: &'a Day<'a>, candidate: Row) -> Self {
        let snapshot = day.snapshot;
        let class = day.class_of[candidate as usize];
        let shares = *snapshot.shares(snapshot.classes[class as usize].shares);
        let weights = day.weights(candidate);
        let kept = snapshot.own_terms.of(class);
        Self::with_shares(day, candidate, (weights, shares), kept)
    }

    fn with_shares(
        day: &'a Day<'a>,
        seeker: Row,
        (weights, shares): (Weights, Shares),
        kept: Option<&'a OnceLock<Vec<ClassTerms>>>,
    ) -> Self {
        let snapshot = day.snapshot;
        let mut view = Self {
            day,
            seeker,
            seeker_class: day.class(seeker),
            weights,
            shares,
            culture: snapshot.culture.row(seeker),
            terms: Cow::Borrowed(&[]),
            specials: specials(day, seeker),
            prices: None,
        };
        view.terms = match kept {
            Some(kept) => Cow::Borrowed(kept.get_or_init(|| view.class_terms())),
            None => Cow::Owned(view.class_terms()),
        };
        view
    }

    fn class_terms(&self) -> Vec<ClassTerms> {
        let core = self
            .day
            .snapshot
            .portfolios
            .view(self.seeker_class.portfolio);
        let most = OpenScores {
            geography: Sides::both(1.0),
            culture: Sides::both(1.0),
            prior: 0.0,
            learning: self.most_of_learning(),
        };
        let classes = self.day.snapshot.classes.iter();
        let terms = classes.map(|class| {
            let mut terms = self.terms_of(class, &core);
            terms.bound = self.mutual(&terms, &most) + BOUND_SLACK;
            terms
        });
        terms.collect()
    }

    /// The terms of one class, but for their bound.
    fn terms_of(&self, class: &Class, core: &CoreView<'_>) -> ClassTerms {
        let (core_mine, core_theirs) = core.expected(class.portfolio);
        let table = &self.day.snapshot.care_settings;
        let (mine, settings) = (self.seeker_class.settings, class.settings);
        let care_mine = table.score(mine, settings).expected();
        let care_theirs = table.score(settings, mine).expected();
        let settled = |shares: Option<&PerCriterion>, core, care| {
            shares.map_or(0.0, |w| w[CORE_SYSTEM] * core + w[CARE_SETTING] * care)
        };
        let their_shares = self.day.snapshot.shares(class.shares);
        ClassTerms {
            settled: Sides {
                mine: settled(self.shares.as_ref(), core_mine, care_mine),
                theirs: settled(their_shares.as_ref(), core_theirs, care_theirs),
            },
            cost: Sides {
                mine: residual_cost(core_mine),
                theirs: residual_cost(core_theirs),
            },
            shares: class.shares,
            applicable: class.applicable,
            bound: 0.0,
        }
    }

    /// The most that learning can be: all, where anybody seeks anything.
    fn most_of_learning(&self) -> Sides {
        Sides::both(if self.day.learning.is_some() {
            1.0
        } else {
            0.0
        })
    }

    /// The expected mutual fit from its parts.
    ///
    /// Either side adds its parts in the same order, so that the two who see a pair from its two ends get the same bits.
    #[inline]
    fn mutual(&self, terms: &ClassTerms, open: &OpenScores) -> f64 {
        let fit =
            |shares: &PerCriterion, settled: f64, geography: f64, culture: f64, learning: f64| {
                settled
                    + shares[GEOGRAPHY] * geography
                    + shares[CULTURE] * culture
                    + shares[PRIOR_RELATIONSHIPS] * open.prior
                    + shares[LEARNING] * learning
            };
        let mine = self.shares.as_ref().map(|shares| {
            fit(
                shares,
                terms.settled.mine,
                open.geography.mine,
                open.culture.mine,
                open.learning.mine,
            )
        });
        let theirs = self
            .day
            .snapshot
            .shares(terms.shares)
            .as_ref()
            .map(|shares| {
                fit(
                    shares,
                    terms.settled.theirs,
                    open.geography.theirs,
                    open.culture.theirs,
                    open.learning.theirs,
                )
            });
        // Where nothing applies to one side, it sees the pair with the other's eyes.
        let (mine, theirs) = match (mine, theirs) {
            (Some(mine), theirs) => (mine, theirs.unwrap_or(mine)),
            (None, Some(theirs)) => (theirs, theirs),
            (None, None) => (0.0, 0.0),
        };
        harmonic_mean(mine, theirs)
    }

    /// The expected mutual fit with a candidate; `None` as soon as it is sure to be below `threshold`.
    pub(crate) fn mutual_from(&self, row: Row, prior: f64, threshold: f64) -> Option<f64> {
        let snapshot = self.day.snapshot;
        let terms = &self.terms[self.day.class_of[row as usize] as usize];
        let mut open = OpenScores {
            geography: self.geography(row, terms),
            culture: Sides::both(1.0),
            prior,
            learning: self.most_of_learning(),
        };
        if self.mutual(terms, &open) + BOUND_SLACK < threshold {
            return None;
        }
        let comparison = snapshot.culture.compare(&self.culture, row);
        open.culture = Sides {
            mine: comparison
                .forward()
                .map_or_else(|| self.culture_fallback(self.seeker), |s| s.expected),
            theirs: comparison
                .backward()
                .map_or_else(|| self.culture_fallback(row), |s| s.expected),
        };
        open.learning = self.learning(row);
        Some(self.mutual(terms, &open))
    }

    /// The most that the mutual fit with a candidate of the same class without a link can be.
    pub(crate) fn bound(&self, row: Row) -> f64 {
        self.terms[self.day.class_of[row as usize] as usize].bound
    }

    /// The expected score of geography, from both sides.
    fn geography(&self, row: Row, terms: &ClassTerms) -> Sides {
        let alignment = self.alignment(row);
        let (mine, theirs) = self.expected_decay(row, terms.applicable);
        Sides {
            mine: score(mine, terms.cost.mine, alignment),
            theirs: score(theirs, terms.cost.theirs, alignment),
        }
    }

    /// The nearness to expect, from both sides; they differ only where a position is unknown.
    fn expected_decay(&self, row: Row, theirs: Applicable) -> (f64, f64) {
        let snapshot = self.day.snapshot;
        let i_have = self.seeker_class.applicable.contains(Criterion::Geography);
        let they_have = theirs.contains(Criterion::Geography);
        if i_have && they_have {
            let near = decay(distance_km(
                &snapshot.units[self.seeker as usize],
                &snapshot.units[row as usize],
            ));
            (near, near)
        } else {
            (snapshot.mean_decay(self.seeker), snapshot.mean_decay(row))
        }
    }

    fn alignment(&self, row: Row) -> f64 {
        match self.day.snapshot.shared_board(self.seeker, row) {
            (true, _) => SAME_ICB,
            (false, true) => SAME_REGION,
            (false, false) => 0.0,
        }
    }

    fn culture_fallback(&self, row: Row) -> f64 {
        if self.day.snapshot.culture.is_applicable(row) {
            self.day.snapshot.culture.fallback(row)
        } else {
            0.0
        }
    }

    fn learning(&self, row: Row) -> Sides {
        let (mine, theirs) = self.learning_intervals(row);
        let expected = |score: Option<WithShareKnown>| score.map_or(0.0, |(i, _)| i.expected());
        Sides {
            mine: expected(mine),
            theirs: expected(theirs),
        }
    }

    /// The score of learning from both sides, each with the share that is recorded.
    fn learning_intervals(&self, row: Row) -> (Option<WithShareKnown>, Option<WithShareKnown>) {
        let Some(learning) = &self.day.learning else {
            return (None, None);
        };
        let columns = &self.day.snapshot.learning;
        (
            columns.score(learning, self.seeker, row),
            columns.score(learning, row, self.seeker),
        )
    }

    /// The same with the load prices of these taken off (DESIGN 4.11); they are of the same snapshot.
    pub(crate) fn priced(self, prices: Option<&'a Prices>) -> Self {
        Self {
            prices: prices.map(|prices| prices.by_row.as_slice()),
            ..self
        }
    }

    /// The same with the prices of another view of the same day.
    pub(crate) fn priced_as(self, other: &Self) -> Self {
        Self {
            prices: other.prices,
            ..self
        }
    }

    /// Whether exposure is spread by prices.
    pub(crate) const fn is_priced(&self) -> bool {
        self.prices.is_some()
    }

    /// The load price of a candidate; 0 where exposure is not spread.
    pub(crate) fn price(&self, row: Row) -> f64 {
        let price = self.prices.and_then(|prices| prices.get(row as usize));
        price.copied().unwrap_or(0.0)
    }

    /// The seeker's shares; `None` where no weighted criterion applies to it.
    pub(crate) const fn shares(&self) -> Shares {
        self.shares
    }

    /// The distance to a candidate in km; `None` where a position is unknown.
    pub(crate) fn distance_km(&self, row: Row) -> Option<f64> {
        Self::distance_between(self.day, self.seeker, row)
    }

    /// The distance between two in km; `None` where a position is unknown.
    pub(crate) fn distance_between(day: &Day<'_>, one: Row, other: Row) -> Option<f64> {
        let snapshot = day.snapshot;
        let known = snapshot.has_position(one) && snapshot.has_position(other);
        known.then(|| {
            distance_km(
                &snapshot.units[one as usize],
                &snapshot.units[other as usize],
            )
        })
    }

    /// How much of the width of geography's score comes from an unknown position: what is left of the distance's cost.
    pub(crate) fn width_of_position(&self, assessment: &Assessment) -> f64 {
        let benefit = assessment.forward.scores[CORE_SYSTEM].map_or(0.0, Interval::expected);
        residual_cost(benefit) * (1.0 - self.alignment(assessment.row))
    }

    /// What is special about a candidate, if anything.
    pub(crate) fn special(&self, row: Row) -> Option<&Special> {
        self.specials
            .binary_search_by_key(&row, |s| s.row)
            .ok()
            .map(|at| &self.specials[at])
    }

    /// The expected score of prior relationships with a candidate.
    pub(crate) fn prior(&self, row: Row) -> f64 {
        self.special(row).map_or(0.0, |s| s.prior)
    }

    /// The scores of geography from both sides, softened by those of core systems; as if the seeker's position were known too,
    /// where it is `assumed`, and as near as one expects of the others.
    pub(crate) fn geography_scores(
        &self,
        row: Row,
        (core_mine, core_theirs): (Interval, Interval),
        assumed: bool,
    ) -> (Interval, Interval) {
        let snapshot = self.day.snapshot;
        let is_known = |row| snapshot.has_position(row);
        let (mut mine, theirs) = self.expected_decay(row, snapshot.class(row).applicable);
        if assumed {
            mine = if is_known(row) {
                theirs
            } else {
                super::criteria::MEAN_OF_NOBODY
            };
        }
        let near = |expected| {
            if (assumed || is_known(self.seeker)) && is_known(row) {
                Interval::exactly(expected)
            } else {
                Interval::unknown(expected)
            }
        };
        let alignment = self.alignment(row);
        (
            score_interval(near(mine), core_mine, alignment),
            score_interval(near(theirs), core_theirs, alignment),
        )
    }

    /// Everything about one pair, with bounds.
    pub(crate) fn assess(&self, row: Row) -> Assessment {
        let snapshot = self.day.snapshot;
        let (mine, theirs) = (self.seeker_class, self.day.class(row));
        let core_forward = snapshot.portfolios.score(mine.portfolio, theirs.portfolio);
        let core_backward = snapshot.portfolios.score(theirs.portfolio, mine.portfolio);
        let (near_forward, near_backward) =
            self.geography_scores(row, (core_forward, core_backward), false);
        let both_known = snapshot.has_position(self.seeker) && snapshot.has_position(row);
        let comparison = snapshot.culture.compare(&self.culture, row);
        let similar = |s: Option<crate::engine::criteria::culture::Similarity>, row| match s {
            Some(s) => (Interval::new(s.low, s.expected, s.high), s.known),
            None => (Interval::unknown(self.culture_fallback(row)), 0.0),
        };
        let (culture_forward, culture_known) = similar(comparison.forward(), self.seeker);
        let (culture_backward, _) = similar(comparison.backward(), row);
        let complete = |row| snapshot.links.is_complete(row, self.day.as_of);
        let both_complete = complete(self.seeker) && complete(row);
        let special = self.special(row);
        let prior =
            prior_relationships::score_interval(special.map_or(0.0, |s| s.prior), both_complete);
        let (learning_forward, learning_backward) = self.learning_intervals(row);

        let forward = Direction::new(
            mine.applicable,
            self.shares,
            [
                core_forward,
                near_forward,
                snapshot.care_settings.score(mine.settings, theirs.settings),
                culture_forward,
                prior,
                learning_forward.map_or(Interval::ZERO, |(i, _)| i),
            ],
        );
        let backward = Direction::new(
            theirs.applicable,
            *snapshot.shares(theirs.shares),
            [
                core_backward,
                near_backward,
                snapshot.care_settings.score(theirs.settings, mine.settings),
                culture_backward,
                prior,
                learning_backward.map_or(Interval::ZERO, |(i, _)| i),
            ],
        );
        let flag = |known: bool| if known { 1.0 } else { 0.0 };
        let prior_known = if both_complete {
            1.0
        } else if special.is_some_and(|s| s.prior > 0.0) {
            0.5
        } else {
            0.0
        };
        let known: PerCriterion = [
            snapshot
                .portfolios
                .known_share(mine.portfolio, theirs.portfolio),
            flag(both_known),
            flag(!theirs.settings.is_empty()),
            culture_known,
            prior_known,
            learning_forward.map_or(0.0, |(_, known)| known),
        ];
        let coverage = weighted_sum(&forward.shares, &known).clamp(0.0, 1.0);
        let seen_by_the_other = |fit: Interval| Interval::unknown(fit.expected());
        let (your_fit, their_fit) = match (forward.fit, backward.fit) {
            (Some(mine), Some(theirs)) => (mine, theirs),
            (Some(mine), None) => (mine, seen_by_the_other(mine)),
            (None, Some(theirs)) => (seen_by_the_other(theirs), theirs),
            (None, None) => (Interval::unknown(0.0), Interval::unknown(0.0)),
        };
        Assessment {
            row,
            mutual_fit: your_fit.zip(their_fit, harmonic_mean),
            your_fit,
            their_fit,
            forward,
            backward,
            coverage,
        }
    }
}

/// One direction of a pair: what applies, what it weighs and how it scores.
#[derive(Clone, Debug)]
pub(crate) struct Direction {
    /// In the order of [`Criterion::ALL`]; 0 where a criterion does not apply.
    pub(crate) shares: PerCriterion,
    /// `None` where a criterion does not apply.
    pub(crate) scores: [Option<Interval>; Criterion::COUNT],
    /// `None` where no weighted criterion applies.
    fit: Option<Interval>,
}

impl Direction {
    fn new(
        applicable: Applicable,
        shares: Option<PerCriterion>,
        scores: [Interval; Criterion::COUNT],
    ) -> Self {
        let mut applied = [None; Criterion::COUNT];
        for &criterion in Criterion::ALL {
            if applicable.contains(criterion) {
                applied[criterion.index()] = Some(scores[criterion.index()]);
            }
        }
        Self {
            fit: shares.as_ref().map(|shares| fit(shares, &applied)),
            shares: shares.unwrap_or_default(),
            scores: applied,
        }
    }

    /// Whether a weighted criterion applies to this side; else it sees the pair with the other's eyes.
    pub(crate) const fn has_own_view(&self) -> bool {
        self.fit.is_some()
    }
}

/// Everything about one pair, with bounds, from both sides.
#[derive(Clone, Debug)]
pub(crate) struct Assessment {
    pub(crate) row: Row,
    pub(crate) mutual_fit: Interval,
    pub(crate) your_fit: Interval,
    pub(crate) their_fit: Interval,
    pub(crate) forward: Direction,
    pub(crate) backward: Direction,
    pub(crate) coverage: f64,
}

/// The rows that a scan must treat by themselves: the seeker, its relatives, and everyone it has something to do with.
fn specials(day: &Day<'_>, seeker: Row) -> Vec<Special> {
    let snapshot = day.snapshot;
    let never = |row| Special {
        row,
        prior: 0.0,
        is_suggested: false,
        is_current_partner: false,
    };
    let relations = snapshot.links.relations(seeker, day.as_of);
    let mut specials: Vec<Special> = relations
        .into_iter()
        .map(|relation| Special {
            row: relation.other,
            prior: relation.r,
            is_suggested: !relation.is_current_partner
                && !snapshot.are_related(seeker, relation.other),
            is_current_partner: relation.is_current_partner,
        })
        .collect();
    specials.push(never(seeker));
    for relative in snapshot.relatives(seeker) {
        if !specials.iter().any(|s| s.row == relative) {
            specials.push(never(relative));
        }
    }
    specials.sort_unstable_by_key(|s| s.row);
    specials
}
