//! What the choices in a programme reveal: which may be told, rows for the regressions, and what comes of them by criterion.

use std::collections::{BTreeMap, BTreeSet};

use ndarray::Array2;

use super::held_out::compare;
use super::{Choices, Places, posterior};
use crate::domain::choice::{
    AnswerStage, Answered, Choice, ChoiceFindings, ChoiceStage, Revealed, STEP, STEP_OF_SITE,
    STEP_SITES, ShownList,
};
use crate::domain::ids::OdsCode;
use crate::domain::model::{Coefficient, Each};
use crate::domain::programme::Criterion;
use crate::engine::outcomes::posterior::{
    Posterior, Prior, Unlearnable, posterior as logistic_posterior,
};
use crate::engine::outcomes::programme::applied;
use crate::engine::outcomes::weights::{intervals, shares};

/// How many of some acts, in the order in which they were done, may be told of: whole steps of at least [`STEP`] by at least
/// [`STEP_SITES`] sites each, of each of which no more than [`STEP_OF_SITE`] count toward it.
///
/// `acts` are who did each, and whether it counts toward a step.
fn n_told(acts: impl Iterator<Item = (OdsCode, bool)>) -> usize {
    let mut told = 0;
    let mut counted: BTreeMap<OdsCode, usize> = BTreeMap::new();
    for (at, (site, counts)) in (1..).zip(acts) {
        if counts {
            let of_site = counted.entry(site).or_default();
            *of_site = (*of_site + 1).min(STEP_OF_SITE);
        }
        if counted.len() >= STEP_SITES && counted.values().sum::<usize>() >= STEP {
            told = at;
            counted.clear();
        }
    }
    told
}

/// Looks at the choices of one act in a programme, in the order in which they were made, with the weights in use as shares of 1. `None`
/// while there are too few to be told of.
///
/// # Errors
///
/// [`Unlearnable`], of what no list that was made by the formulas holds.
pub fn chosen(
    choices: &[Choice],
    in_use: &Each<f64>,
    method_version: &str,
    seed: u64,
) -> Result<Option<ChoiceStage>, Unlearnable> {
    let counts = choices.iter().map(|c| (c.by, c.from.is_some()));
    let told = &choices[..n_told(counts)];
    let listed: Vec<(OdsCode, &ShownList)> = told
        .iter()
        .filter_map(|c| Some((c.by, c.from.as_ref()?)))
        .collect();
    let other = |c: &&Choice| c.from.is_some() && c.method_version != method_version;
    if told.is_empty() {
        return Ok(None);
    }
    Ok(Some(ChoiceStage {
        n_choices: told.len(),
        n_sites: sites(told.iter().map(|choice| choice.by)),
        n_from_list: listed.len(),
        n_other_method: told.iter().filter(other).count(),
        findings: findings(&listed, in_use, seed)?,
    }))
}

fn sites(of: impl Iterator<Item = OdsCode>) -> usize {
    of.collect::<BTreeSet<_>>().len()
}

fn findings(
    listed: &[(OdsCode, &ShownList)],
    in_use: &Each<f64>,
    seed: u64,
) -> Result<ChoiceFindings, Unlearnable> {
    let shown = listed.iter().flat_map(|(_, list)| &list.shown);
    let columns = applied(shown.map(|one| &one.scores));
    let mut numbers: BTreeMap<OdsCode, u32> = BTreeMap::new();
    let mut choices = Choices::of_criteria(columns.len());
    for (site, list) in listed {
        let next = u32::try_from(numbers.len()).unwrap_or(u32::MAX);
        let site = *numbers.entry(*site).or_insert(next);
        // What does not apply to a site does not apply to any candidate of its list, and tells none from another.
        let score = |(row, column): (usize, usize)| list.shown[row].scores[columns[column]];
        let shape = (list.shown.len(), columns.len());
        let scores = Array2::from_shape_fn(shape, |at| score(at).unwrap_or(0.0));
        let ranks: Vec<usize> = list.shown.iter().map(|one| one.rank).collect();
        choices.push(site, (scores.view(), &ranks), list.chosen)?;
    }
    let held_out = compare(&choices, seed)?;
    let fit = posterior(&choices, Places::Count)?;
    let placeless = posterior(&choices, Places::AreIgnored)?;
    let in_use: Vec<f64> = columns.iter().map(|&at| in_use[at]).collect();
    let found = intervals(&fit, &in_use, seed);
    let of = |fit: &Posterior| shares(&fit.slopes(), &in_use);
    let (corrected, uncorrected) = (of(&fit), of(&placeless));
    let mut criteria = [None; Criterion::COUNT];
    for (at, &column) in columns.iter().enumerate() {
        let (low, high) = found[at];
        criteria[column] = Some(Revealed {
            coefficient: fit.coefficient(at + 1),
            share: corrected[at],
            low,
            high,
            uncorrected: uncorrected[at],
        });
    }
    Ok(ChoiceFindings {
        place: fit.coefficient(0),
        criteria,
        held_out,
    })
}

/// Looks at the answers to approaches in a programme, in the order in which they were given. There is no list whose places would have
/// to be corrected for: an approach is put before its recipient by itself. `None` while there are too few to be told of.
///
/// # Errors
///
/// [`Unlearnable`], of what no approach holds; that all answers are of one kind is none.
pub fn answered(answers: &[Answered]) -> Result<Option<AnswerStage>, Unlearnable> {
    let told = &answers[..n_told(answers.iter().map(|a| (a.by, a.is_accepted.is_some())))];
    let counted: Vec<(&Answered, bool)> = told
        .iter()
        .filter_map(|answer| Some((answer, answer.is_accepted?)))
        .collect();
    if told.is_empty() {
        return Ok(None);
    }
    let criteria = match coefficients(&counted) {
        Err(Unlearnable::OneClass) => [None; Criterion::COUNT],
        found => found?,
    };
    Ok(Some(AnswerStage {
        n_answers: counted.len(),
        n_sites: sites(counted.iter().map(|(answer, _)| answer.by)),
        n_accepted: counted.iter().filter(|(_, yes)| *yes).count(),
        n_left_out: told.len() - counted.len(),
        criteria,
    }))
}

/// The coefficients of a logistic regression with priors around 0.
fn coefficients(counted: &[(&Answered, bool)]) -> Result<Each<Option<Coefficient>>, Unlearnable> {
    let columns = applied(counted.iter().map(|(answer, _)| &answer.scores));
    let shape = (counted.len(), columns.len());
    let score = |row: usize, column: usize| counted[row].0.scores[columns[column]];
    // A score that did not apply is the mean of those that did, which tells nothing.
    let mean = |column: usize| {
        let known: Vec<f64> = (0..counted.len())
            .filter_map(|row| score(row, column))
            .collect();
        known.iter().sum::<f64>() / known.len().max(1) as f64
    };
    let means: Vec<f64> = (0..columns.len()).map(mean).collect();
    let scores = Array2::from_shape_fn(shape, |(row, column)| {
        score(row, column).unwrap_or(means[column])
    });
    let accepted: Vec<bool> = counted.iter().map(|(_, accepted)| *accepted).collect();
    let fit = logistic_posterior(scores.view(), &accepted, &Prior::around_zero(columns.len()))?;
    let mut found = [None; Criterion::COUNT];
    for (at, &column) in (1..).zip(&columns) {
        found[column] = Some(fit.coefficient(at));
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::choice::ShownCandidate;

    fn code(number: usize) -> OdsCode {
        OdsCode::new(&format!("R{number:03}")).unwrap()
    }

    /// A choice of two: the better core system, at place `chosen`.
    fn choice(site: usize, chosen: usize) -> Choice {
        let one = |rank, score: f64| ShownCandidate {
            rank,
            scores: [Some(score), Some(0.5), None, None, Some(0.1), None],
        };
        let mut shown = vec![one(1, 0.2), one(2, 0.3)];
        shown[chosen] = one(chosen + 1, 0.9);
        Choice {
            by: code(site),
            method_version: "1".to_owned(),
            from: Some(ShownList { shown, chosen }),
        }
    }

    fn choices(n: usize, n_sites: usize) -> Vec<Choice> {
        (0..n).map(|at| choice(at % n_sites, at % 2)).collect()
    }

    const EQUAL: Each<f64> = [0.2, 0.2, 0.2, 0.2, 0.2, 0.0];

    fn stage(choices: &[Choice]) -> Option<ChoiceStage> {
        chosen(choices, &EQUAL, "1", 1).unwrap()
    }

    #[test]
    fn whole_steps_of_enough_sites_are_told() {
        let told = |sites: &dyn Fn(usize) -> usize, n: usize| {
            n_told((0..n).map(|at| (code(sites(at)), true)))
        };
        let twelve: &dyn Fn(usize) -> usize = &|at| at % 12;
        assert_eq!(told(twelve, 49), 0);
        assert_eq!(told(twelve, 50), 50);
        assert_eq!(told(twelve, 99), 50);
        assert_eq!(told(twelve, 101), 100);
        // Nine sites are too few, however much they choose.
        assert_eq!(told(&|at| at % 9, 900), 0);
        // What one site chooses fills no step: of its forty, five count.
        let one_chooses: &dyn Fn(usize) -> usize = &|at| at.saturating_sub(39);
        assert_eq!(told(one_chooses, 84), 0);
        assert_eq!(told(one_chooses, 85), 85);
    }

    #[test]
    fn what_is_not_told_yet_changes_nothing() {
        let mut made = choices(50, 12);
        assert_eq!(stage(&made[..49]), None);
        let found = stage(&made).unwrap();
        let counts = (found.n_choices, found.n_sites, found.n_from_list);
        assert_eq!(counts, (50, 12, 50));
        made.push(choice(7, 1));
        assert_eq!(stage(&made).unwrap(), found);
    }

    #[test]
    fn what_was_found_otherwise_is_counted_and_teaches_nothing() {
        let mut made = choices(50, 12);
        let found = stage(&made).unwrap();
        for at in [3, 9] {
            let mut other = choice(1, 0);
            other.from = None;
            made.insert(at, other);
        }
        let more = stage(&made).unwrap();
        assert_eq!((more.n_choices, more.n_from_list), (52, 50));
        assert_eq!(more.findings, found.findings);
    }

    #[test]
    fn what_every_site_takes_is_found_and_what_never_applied_is_left_out() {
        let findings = stage(&choices(60, 12)).unwrap().findings;
        let of = |criterion: Criterion| findings.criteria[criterion.index()];
        let core = of(Criterion::CoreSystem).unwrap();
        assert!(core.coefficient.mean > 2.0 && core.share > 0.99, "{core:?}");
        assert!(core.low <= core.share && core.share <= core.high);
        assert_eq!(of(Criterion::CareSetting), None);
        // The same for both of each list: its prior.
        let constant = of(Criterion::Geography).unwrap().coefficient;
        assert!(constant.mean.abs() < 1e-9 && (constant.standard_deviation - 2.5).abs() < 1e-9);
        let losses = findings.held_out;
        assert!((losses.chance - 2.0_f64.ln()).abs() < 1e-12);
        assert!(losses.scores < losses.places && losses.gain > 0.0);
    }

    #[test]
    fn answers_for_reasons_of_ones_own_are_counted_and_left_out() {
        let answer = |at: usize, is_accepted| {
            let score = if is_accepted == Some(true) { 0.8 } else { 0.3 };
            Answered {
                by: code(at % 12),
                is_accepted,
                scores: [Some(score), Some(0.4), None, None, None, None],
            }
        };
        let mut answers: Vec<Answered> = (0..50).map(|at| answer(at, Some(at % 2 == 0))).collect();
        answers.insert(5, answer(5, None));
        assert_eq!(answered(&answers[..50]), Ok(None));
        let found = answered(&answers).unwrap().unwrap();
        let counts = (
            found.n_answers,
            found.n_accepted,
            found.n_left_out,
            found.n_sites,
        );
        assert_eq!(counts, (50, 25, 1, 12));
        assert!(found.criteria[0].unwrap().mean > 1.0);
        assert_eq!(found.criteria[2], None);
        // Of one kind, nothing tells one from the other.
        let all: Vec<Answered> = (0..50).map(|at| answer(at, Some(true))).collect();
        assert_eq!(
            answered(&all).unwrap().unwrap().criteria,
            [None; Criterion::COUNT]
        );
    }
}
