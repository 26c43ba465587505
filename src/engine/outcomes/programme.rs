//! What the outcomes of a programme teach about its weights: rows for the regression, and what comes of them by criterion.

use std::collections::{BTreeMap, BTreeSet};

use ndarray::{Array2, ArrayView2};

use super::calibration::Bin;
use super::held_out::{Comparison, Given, Outcomes, compare_on_newer};
use super::model::{Model, learn};
use super::posterior::{Posterior, Unlearnable};
use crate::domain::ids::OdsCode;
use crate::domain::model::{
    BinFound, CalibrationBin, Coefficient, Each, HeldOut, Learnt, LearntShare, MIN_NEWER,
    ModelFindings, Newer, NewerLosses,
};
use crate::domain::outcome::PartnershipOutcome;
use crate::domain::programme::Criterion;

/// Two sites, the code that orders first first.
type Pair = (OdsCode, OdsCode);

/// Outcomes as rows, over the criteria that applied in any of them.
struct Table {
    scores: Array2<f64>,
    successes: Vec<bool>,
    pairs: Vec<u32>,
    n_left_out: usize,
}

impl Table {
    /// Takes the outcomes with scores under `weights`, over the criteria at `columns`.
    fn new(outcomes: &[&PartnershipOutcome], weights: &Each<f64>, columns: &[usize]) -> Self {
        let mut numbers: BTreeMap<Pair, u32> = BTreeMap::new();
        let (mut rows, mut successes, mut pairs) = (Vec::new(), Vec::new(), Vec::new());
        for outcome in outcomes {
            let Some(scores) = outcome.filled(weights) else {
                continue;
            };
            let next = u32::try_from(numbers.len()).unwrap_or(u32::MAX);
            pairs.push(*numbers.entry(outcome.between).or_insert(next));
            successes.push(outcome.is_success);
            rows.push(scores);
        }
        let shape = (rows.len(), columns.len());
        Self {
            scores: Array2::from_shape_fn(shape, |(row, column)| rows[row][columns[column]]),
            n_left_out: outcomes.len() - rows.len(),
            successes,
            pairs,
        }
    }

    fn view(&self) -> Outcomes<'_> {
        let scores: ArrayView2<'_, f64> = self.scores.view();
        Outcomes {
            scores,
            successes: &self.successes,
            pairs: &self.pairs,
        }
    }

    fn n_pairs(&self) -> usize {
        self.pairs.iter().collect::<BTreeSet<_>>().len()
    }
}

/// The criteria that applied in any of some rows of scores, by place.
pub(in crate::engine) fn applied<'a>(
    rows: impl IntoIterator<Item = &'a Each<Option<f64>>>,
) -> Vec<usize> {
    let mut applies = [false; Criterion::COUNT];
    for row in rows {
        for (applies, score) in applies.iter_mut().zip(row) {
            *applies |= score.is_some();
        }
    }
    (0..Criterion::COUNT).filter(|&at| applies[at]).collect()
}

/// Those that applied in any of some outcomes.
fn applied_in<'a>(outcomes: impl IntoIterator<Item = &'a &'a PartnershipOutcome>) -> Vec<usize> {
    applied(outcomes.into_iter().map(|outcome| &outcome.scores))
}

/// The weights at some places, summing to 1; `None` where none of them counts.
fn part(weights: &Each<f64>, columns: &[usize]) -> Option<Vec<f64>> {
    let sum: f64 = columns.iter().map(|&at| weights[at]).sum();
    (sum > 0.0).then(|| columns.iter().map(|&at| weights[at] / sum).collect())
}

/// Counts outcomes from which a model can be made, and the pairs of sites that they are between.
#[must_use]
pub fn counted(outcomes: &[PartnershipOutcome], prior: &Each<f64>) -> (usize, usize) {
    let all: Vec<&PartnershipOutcome> = outcomes.iter().collect();
    let table = Table::new(&all, prior, &applied_in(&all));
    (table.successes.len(), table.n_pairs())
}

/// Learns from the outcomes of a programme, in their order, with the weights that were given by hand and those in use, each as
/// shares of 1. A score that did not apply counts as [`filled`](PartnershipOutcome::filled) under the former.
///
/// A criterion that applied in no outcome is left out of the regression: it keeps the share that it was given, and the others
/// share the rest by what they taught. Where it does apply later, it counts what it did; where not, its share is spread over the
/// others as they were learnt (DESIGN 4.1).
///
/// `method_version` is that of the formulas, to say how many outcomes were scored by another.
///
/// # Errors
///
/// [`Unlearnable`], as [`learn`]; too few where no criterion applied in any outcome.
pub fn learnt(
    outcomes: &[PartnershipOutcome],
    (prior, in_use): (&Each<f64>, &Each<f64>),
    method_version: &str,
    seed: u64,
) -> Result<Learnt, Unlearnable> {
    let all: Vec<&PartnershipOutcome> = outcomes.iter().collect();
    let columns = applied_in(&all);
    let table = Table::new(&all, prior, &columns);
    let prior_part = part(prior, &columns).ok_or(Unlearnable::TooFew)?;
    let in_use_part = part(in_use, &columns).unwrap_or_else(|| prior_part.clone());
    let given = Given {
        prior: &prior_part,
        in_use: &in_use_part,
    };
    let model = learn(table.view(), given, seed)?;
    let other = |o: &&PartnershipOutcome| o.method_version != method_version;
    let mut findings = findings(&model, &columns);
    findings.n_left_out = table.n_left_out;
    findings.n_other_method = outcomes.iter().filter(other).count();
    Ok(Learnt {
        n_outcomes: table.successes.len(),
        n_pairs: table.n_pairs(),
        intercept: model.posterior.coefficient(0),
        coefficients: coefficients(&model.posterior, &columns),
        weights: weights(&model, prior, &columns),
        held_out: held_out(&model.held_out),
        calibration: model.calibration.iter().map(bin).collect(),
        gate: model.held_out.verdict(),
        findings,
    })
}

fn coefficients(posterior: &Posterior, columns: &[usize]) -> Each<Option<Coefficient>> {
    let mut found = [None; Criterion::COUNT];
    for (at, &column) in (1..).zip(columns) {
        found[column] = Some(posterior.coefficient(at));
    }
    found
}

fn weights(model: &Model, prior: &Each<f64>, columns: &[usize]) -> Each<LearntShare> {
    let kept = |share: f64| LearntShare {
        weight: share,
        low: share,
        high: share,
    };
    let mut shares = prior.map(kept);
    let learnt: f64 = columns.iter().map(|&at| prior[at]).sum();
    for (&column, weight) in columns.iter().zip(&model.weights) {
        shares[column] = LearntShare {
            weight: learnt * weight.weight,
            low: learnt * weight.low,
            high: learnt * weight.high,
        };
    }
    shares
}

fn held_out(found: &Comparison) -> HeldOut {
    HeldOut {
        learnt: found.learnt,
        prior: found.prior,
        in_use: found.in_use,
        gain: found.gain,
        standard_error: found.standard_error,
        brier: found.brier,
    }
}

fn bin(bin: &Bin) -> CalibrationBin {
    CalibrationBin {
        from: bin.from,
        to: bin.to,
        found: bin.found.map(|found| BinFound {
            n_outcomes: found.n_outcomes,
            predicted: found.predicted,
            observed: found.observed,
        }),
    }
}

fn findings(model: &Model, columns: &[usize]) -> ModelFindings {
    let at = |place: usize| Criterion::ALL[columns[place]];
    let is_applied = |criterion: &&Criterion| columns.contains(&criterion.index());
    let constant = model.findings.constant.iter().map(|&place| at(place));
    let pairs = model.findings.collinear.iter();
    ModelFindings {
        never_applied: Criterion::ALL
            .iter()
            .filter(|c| !is_applied(c))
            .copied()
            .collect(),
        constant: constant.collect(),
        collinear: pairs.map(|&(a, b)| (at(a), at(b))).collect(),
        n_left_out: 0,
        n_other_method: 0,
    }
}

/// Compares learnt weights with those in use, each as shares of 1, on what became known after the former were learnt.
///
/// `known` are the outcomes that they were learnt of, `now` all that there are. A pair of sites that was learnt of tells nothing
/// new, so only outcomes of other pairs count. Base rate and slope of either are those of `known`.
#[must_use]
pub fn newer(
    known: &[PartnershipOutcome],
    now: &[PartnershipOutcome],
    (learnt, in_use): (&Each<f64>, &Each<f64>),
) -> Newer {
    let pairs: BTreeSet<Pair> = known.iter().map(|o| o.between).collect();
    let before: BTreeMap<&str, _> = known
        .iter()
        .map(|o| (o.partnership_id.as_str(), o.known_at))
        .collect();
    let is_newer =
        |o: &&PartnershipOutcome| before.get(o.partnership_id.as_str()) != Some(&o.known_at);
    let (fresh, again): (Vec<_>, Vec<_>) = now
        .iter()
        .filter(is_newer)
        .partition(|o| !pairs.contains(&o.between));
    let known: Vec<&PartnershipOutcome> = known.iter().collect();
    let columns = applied_in(known.iter().chain(&fresh));
    let table = Table::new(&fresh, in_use, &columns);
    let known = Table::new(&known, in_use, &columns);
    let n_outcomes = table.successes.len();
    let losses = (n_outcomes >= MIN_NEWER).then(|| {
        let (learnt, in_use) = part(learnt, &columns).zip(part(in_use, &columns))?;
        let found = compare_on_newer(known.view(), table.view(), (&learnt, &in_use)).ok()?;
        Some(NewerLosses {
            learnt: found.learnt,
            in_use: found.in_use,
            gain: found.gain,
            standard_error: found.standard_error,
        })
    });
    Newer {
        n_outcomes,
        n_left_out: again.len() + table.n_left_out,
        losses: losses.flatten(),
    }
}

#[cfg(test)]
mod tests;
