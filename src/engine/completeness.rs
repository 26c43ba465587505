//! How complete an organisation's own facts are, and what each missing one would do for the firmness of its suggestions.
//!
//! What a fact would say is not known beforehand, but how much doubt it would take away mostly is: an interval's width hangs
//! on what is known, not on what it says. So each of the present top ten is scored again as if the fact were known and said
//! what the others make one expect, and the mean width of the mutual fits is compared. A fact can widen as well: it brings in
//! a question on which most candidates have said nothing.

use chrono::NaiveDate;

use crate::domain::completeness::{Completeness, MissingFact};
use crate::domain::core_system::Module;
use crate::domain::error::Result;
use crate::domain::ids::OdsCode;
use crate::domain::interval::Interval;
use crate::domain::organisation::CareSetting;
use crate::domain::profile::Attribute;
use crate::domain::programme::Criterion;
use crate::domain::suggestion::{Fact, SeenBy};
use crate::engine::answer::active_row;
use crate::engine::ask::own_question;
use crate::engine::columns::Row;
use crate::engine::criteria::MEAN_OF_NOBODY;
use crate::engine::criteria::core_system::IMPORTANCE;
use crate::engine::criteria::culture::ATTRIBUTE_WEIGHTS;
use crate::engine::criteria::prior_relationships;
use crate::engine::fit::{PerCriterion, fit, harmonic_mean};
use crate::engine::snapshot::Snapshot;
use crate::engine::view::{Assessment, Day, View};

/// Over how many suggestions widths are averaged.
const N_TOP: usize = 10;

/// Says how complete an organisation's facts are and what is missing.
///
/// Weights are the organisation's saved ones, where it looks itself, else the programme's, over all criteria. Core systems count by the importance of
/// their modules ("other" aside, which nobody can be asked for), culture by its attributes, and prior relationships half
/// while a link is recorded and the list is not declared complete.
///
/// # Errors
///
/// [`Error::OrganisationNotFound`](crate::domain::error::Error::OrganisationNotFound) or
/// [`Error::OrganisationClosed`](crate::domain::error::Error::OrganisationClosed).
pub fn completeness(
    snapshot: &Snapshot,
    code: OdsCode,
    as_of: NaiveDate,
    seen_by: SeenBy,
) -> Result<Completeness> {
    let row = active_row(snapshot, code)?;
    let day = Day::new(snapshot, as_of);
    let weights = match seen_by {
        SeenBy::Site => day.weights(row),
        SeenBy::Others => day.programme(row).weights,
    };
    let view = View::under(&day, row, weights);
    let top: Vec<Assessment> = view
        .top(N_TOP, |_| true)
        .0
        .iter()
        .map(|ranked| view.assess(ranked.row))
        .collect();
    let mean_width = mean(top.iter().map(|a| Some(a.mutual_fit.width())));
    let mut missing: Vec<MissingFact> = missing_facts(&view)
        .into_iter()
        .map(|(fact, effect)| {
            let after = mean(top.iter().map(|a| Some(if_known(&view, a, fact)?.width())));
            MissingFact {
                fact,
                effect,
                width_change: after.zip(mean_width).map(|(after, before)| after - before),
                question: own_question(fact),
            }
        })
        .collect();
    // A stable sort: among equals the order of criteria, modules and attributes stays.
    missing.sort_by(|a, b| {
        b.effect
            .total_cmp(&a.effect)
            .then(a.question.len().cmp(&b.question.len()))
    });
    Ok(Completeness {
        ods_code: code,
        revision: snapshot.revision(),
        as_of,
        share: share_left(missing.iter().map(|m| m.effect)),
        mean_width,
        missing,
    })
}

/// The share of a view's weights for which its organisation's own facts are recorded.
pub(crate) fn share_known(view: &View<'_>) -> f64 {
    share_left(missing_facts(view).into_iter().map(|(_, effect)| effect))
}

fn share_left(lacking: impl Iterator<Item = f64>) -> f64 {
    (1.0 - lacking.sum::<f64>()).clamp(0.0, 1.0)
}

/// The mean; `None` of nothing, or where one cannot be told.
fn mean(widths: impl ExactSizeIterator<Item = Option<f64>>) -> Option<f64> {
    let n = u32::try_from(widths.len()).ok().filter(|&n| n > 0)?;
    let sum = widths.sum::<Option<f64>>()?;
    Some(sum / f64::from(n))
}

/// Each fact that the view's organisation has not given, with the share of its weights that hangs on it.
fn missing_facts(view: &View<'_>) -> Vec<(Fact, f64)> {
    let snapshot = view.day.snapshot;
    let (row, class) = (view.seeker, snapshot.class(view.seeker));
    let shares: PerCriterion = view.weights.over(|_| true).unwrap_or_default();
    let share = |criterion: Criterion| shares[criterion.index()];
    let mut missing = Vec::new();

    let modules = || Module::ALL.iter().filter(|&&m| m != Module::Other);
    let total: f64 = modules().map(|m| IMPORTANCE[m.index()]).sum();
    for &module in modules() {
        if !snapshot.portfolios.is_known(class.portfolio, module) {
            let part = IMPORTANCE[module.index()] / total;
            missing.push((
                Fact::CoreSystem(module),
                share(Criterion::CoreSystem) * part,
            ));
        }
    }
    if !snapshot.has_position(row) {
        missing.push((Fact::Position, share(Criterion::Geography)));
    }
    if class.settings.is_empty() {
        missing.push((Fact::CareSettings, share(Criterion::CareSetting)));
    }
    let can_be_asked = |attribute: &Attribute| {
        !attribute.is_acute_only()
            || class.settings.is_empty()
            || class.settings.contains(CareSetting::Acute)
    };
    let attributes = || Attribute::ALL.iter().copied().filter(can_be_asked);
    let total: f64 = attributes().map(|a| ATTRIBUTE_WEIGHTS[a.index()]).sum();
    for attribute in attributes() {
        if !snapshot.culture.has_or_cannot_have(row, attribute) {
            let part = ATTRIBUTE_WEIGHTS[attribute.index()] / total;
            missing.push((Fact::Attribute(attribute), share(Criterion::Culture) * part));
        }
    }
    if !snapshot.links.is_complete(row, view.day.as_of) {
        let has_link = view.specials.iter().any(|s| s.prior > 0.0);
        let part = if has_link { 0.5 } else { 1.0 };
        missing.push((Fact::Links, share(Criterion::PriorRelationships) * part));
    }
    if !class.applicable.contains(Criterion::Learning) {
        missing.push((Fact::Topics, share(Criterion::Learning)));
    }
    missing
}

/// The scores of one criterion if a fact were known: the organisation's own, and the candidate's of it.
struct Scores {
    criterion: Criterion,
    mine: Interval,
    theirs: Interval,
}

/// The mutual fit with a candidate if a fact of the view's organisation were known; `None` where that cannot be told: what a
/// topic would be is anybody's guess.
fn if_known(view: &View<'_>, present: &Assessment, fact: Fact) -> Option<Interval> {
    let snapshot = view.day.snapshot;
    let (row, mine) = (present.row, snapshot.class(view.seeker));
    let theirs = snapshot.class(row);
    let mut changed = Vec::with_capacity(2);
    match fact {
        Fact::CoreSystem(module) => {
            let portfolios = &snapshot.portfolios;
            let (forward, backward) =
                portfolios.score_if_known(mine.portfolio, theirs.portfolio, module);
            changed.push(scores(Criterion::CoreSystem, forward, backward));
            // What the systems leave of the distance's cost changes with them.
            let (forward, backward) = view.geography_scores(row, (forward, backward), false);
            changed.push(scores(Criterion::Geography, forward, backward));
        }
        Fact::Position => {
            let core = core_scores(snapshot, view.seeker, row);
            let (forward, backward) = view.geography_scores(row, core, true);
            changed.push(scores(Criterion::Geography, forward, backward));
        }
        Fact::CareSettings => {
            let table = &snapshot.care_settings;
            let expected = table.score(theirs.settings, mine.settings).expected();
            let score = if theirs.settings.is_empty() {
                Interval::unknown(MEAN_OF_NOBODY)
            } else {
                Interval::exactly(expected)
            };
            changed.push(scores(Criterion::CareSetting, score, score));
        }
        Fact::Attribute(attribute) => {
            let pair = snapshot
                .culture
                .compare_if_known(&view.culture, row, attribute);
            let interval = |s: Option<crate::engine::criteria::culture::Similarity>| {
                s.map_or(Interval::unknown(MEAN_OF_NOBODY), |s| {
                    Interval::new(s.low, s.expected, s.high)
                })
            };
            let (forward, backward) = (interval(pair.forward()), interval(pair.backward()));
            changed.push(scores(Criterion::Culture, forward, backward));
        }
        Fact::Links => {
            let is_complete = snapshot.links.is_complete(row, view.day.as_of);
            let score = prior_relationships::score_interval(view.prior(row), is_complete);
            changed.push(scores(Criterion::PriorRelationships, score, score));
        }
        Fact::Topics => return None,
    }
    Some(mutual_fit_with(view, present, &changed))
}

const fn scores(criterion: Criterion, mine: Interval, theirs: Interval) -> Scores {
    Scores {
        criterion,
        mine,
        theirs,
    }
}

fn core_scores(snapshot: &Snapshot, a: Row, b: Row) -> (Interval, Interval) {
    let (a, b) = (snapshot.class(a).portfolio, snapshot.class(b).portfolio);
    (
        snapshot.portfolios.score(a, b),
        snapshot.portfolios.score(b, a),
    )
}

/// The mutual fit with the first changed criterion asked of the organisation too, and all changed scores in their place where
/// they are asked.
fn mutual_fit_with(view: &View<'_>, present: &Assessment, changed: &[Scores]) -> Interval {
    let snapshot = view.day.snapshot;
    let (mut mine, mut theirs) = (present.forward.scores, present.backward.scores);
    let mut applicable = snapshot.class(view.seeker).applicable;
    for (number, new) in changed.iter().enumerate() {
        let at = new.criterion.index();
        if number == 0 {
            applicable = applicable.with(new.criterion);
        }
        if applicable.contains(new.criterion) {
            mine[at] = Some(new.mine);
        }
        theirs[at] = theirs[at].map(|_| new.theirs);
    }
    let shares = view
        .weights
        .over(|criterion| applicable.contains(criterion));
    let their_shares = snapshot.shares(view.day.class(present.row).shares).as_ref();
    let (mine, theirs) = (
        shares.map(|shares| fit(&shares, &mine)),
        their_shares.map(|shares| fit(shares, &theirs)),
    );
    let with_the_others_eyes = |fit: Interval| Interval::unknown(fit.expected());
    match (mine, theirs) {
        (Some(mine), Some(theirs)) => mine.zip(theirs, harmonic_mean),
        (Some(one), None) | (None, Some(one)) => one.zip(with_the_others_eyes(one), harmonic_mean),
        (None, None) => Interval::unknown(0.0),
    }
}
