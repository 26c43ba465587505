//! How firm ranks are: SMAA-2. Weights and unknown scores are drawn, the candidates ranked, and ranks counted (DESIGN 4.9).
//!
//! What varies is the seeker's side: its weights, from a Dirichlet distribution around those in use, and the scores that are not
//! known, from their intervals. The other sides keep their own weights, which are not the seeker's to doubt; their unknown scores
//! are drawn too. Each score is drawn by itself but for prior relationships, which is one score with two sides.
//!
//! Draws come in blocks, each with random numbers of its own, and what is counted of a block is added up in the order of the blocks: how
//! many threads work on them changes no bit.
//!
//! # References
//!
//! Lahdelma and Salminen 2001, Operations Research 49:444 (SMAA-2: rank acceptability, central weights, confidence factors); Lahdelma and
//! Salminen 2010, in *Trends in Multiple Criteria Decision Analysis*, 285 (pairwise winning indices); Stein and Keblis 2009,
//! Mathematical and Computer Modelling 49:1143 (the triangular distribution from two uniform numbers).

mod block;
mod count;

#[cfg(test)]
mod tests;

use std::num::NonZeroUsize;
use std::thread;

use chrono::NaiveDate;

use crate::domain::error::Result;
use crate::domain::firmness::{
    CandidateTable, Draws, Firmness, FirmnessRequest, FirmnessTables, MAX_COMPARED, WeightDraws,
};
use crate::domain::ids::OdsCode;
use crate::domain::interval::Interval;
use crate::domain::programme::Criterion;
use crate::engine::answer::active_row;
use crate::engine::columns::{Row, index};
use crate::engine::firmness::block::{BLOCK, Blocks};
use crate::engine::firmness::count::{Counts, Tables};
use crate::engine::fit::{PerCriterion, weighted_sum};
use crate::engine::snapshot::Snapshot;
use crate::engine::view::{Assessment, Day, View};

/// Times the number of criteria in use: how closely drawn weights keep to those in use (DESIGN 4.9). With five equal weights a
/// drawn one has the standard deviation 0.056.
pub const CONCENTRATION_PER_CRITERION: f64 = 10.0;

/// From how many draws on a second thread helps more than it costs.
const DRAWS_OF_TWO_THREADS: u32 = 8_192;

/// The most draws with which the confidence of each candidate is measured.
pub(crate) const MAX_DRAWS_OF_CONFIDENCE: u32 = 2_000;

/// A score that is not known: what is drawn, and what hangs on it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Open {
    /// What it is drawn from.
    pub interval: Interval,
    /// The criterion of the seeker's side that it is, by its place in [`Criterion::ALL`].
    pub mine: Option<usize>,
    /// What it weighs on the other side, `0..=1`.
    pub theirs: f64,
}

/// A candidate as it enters the draws.
#[derive(Clone, Debug, PartialEq)]
pub struct Entrant {
    /// The seeker's scores that are known; 0 for the others.
    pub known: PerCriterion,
    /// What the known scores add to the other side's fit; `None` where the seeker's fit counts alone.
    pub their_known: Option<f64>,
    /// The scores that are not known.
    pub open: Vec<Open>,
    /// What is taken off the value: the load price, 0 where exposure is not spread.
    pub price: f64,
}

/// All candidates that are compared, in the order that decides ties.
#[derive(Clone, Debug)]
pub struct Field {
    /// The candidates.
    pub entrants: Vec<Entrant>,
    /// The seeker's weights in use, by criterion, summing to 1.
    pub weights: PerCriterion,
}

impl Field {
    /// The field of candidates that a view assessed; they are put in the order of rows.
    ///
    /// Returns the rows in that order too.
    fn new(view: &View<'_>, assessments: &[Assessment]) -> (Self, Vec<Row>) {
        let mut sorted: Vec<&Assessment> = assessments.iter().collect();
        sorted.sort_unstable_by_key(|assessment| assessment.row);
        sorted.dedup_by_key(|assessment| assessment.row);
        let field = Self {
            entrants: sorted
                .iter()
                .map(|one| Entrant::of(one, view.price(one.row)))
                .collect(),
            weights: view.shares().unwrap_or_default(),
        };
        (field, sorted.iter().map(|one| one.row).collect())
    }

    /// The criteria in use: those with a weight.
    fn criteria(&self) -> Vec<usize> {
        (0..self.weights.len())
            .filter(|&k| self.weights[k] > 0.0)
            .collect()
    }

    /// Counts who is on top in the draws, in the order of the field, on so many threads, whose number changes nothing in the
    /// result. Without draws there is no share that is a number; see [`Draws::NONE`].
    #[must_use]
    pub fn firmness(&self, request: &FirmnessRequest, threads: NonZeroUsize) -> Vec<Firmness> {
        let counts: Counts = self.counted(request, threads);
        counts.shares(request.draws)
    }

    /// The same with all tables.
    fn tables(&self, request: &FirmnessRequest, threads: NonZeroUsize) -> Tables {
        self.counted(request, threads)
    }

    /// Draws, values and counts, block by block.
    fn counted<C: Count>(&self, request: &FirmnessRequest, threads: NonZeroUsize) -> C {
        let n_blocks = request.draws.count().div_ceil(index(BLOCK));
        let n_threads = index(threads.get()).min(n_blocks).max(1);
        let work = |first: u32| -> Vec<(u32, C)> {
            let mut blocks = Blocks::new(self, request);
            (first..n_blocks)
                .step_by(n_threads as usize)
                .map(|number| {
                    let n_draws = (request.draws.count() - number * index(BLOCK)).min(index(BLOCK));
                    let mut counts = C::new(self.entrants.len());
                    blocks.draw(number);
                    counts.count(&blocks, n_draws as usize);
                    (number, counts)
                })
                .collect()
        };
        let mut done: Vec<(u32, C)> = if n_threads == 1 {
            work(0)
        } else {
            let work = &work;
            thread::scope(|scope| {
                let others: Vec<_> = (1..n_threads)
                    .map(|first| scope.spawn(move || work(first)))
                    .collect();
                let mut done = work(0);
                for other in others {
                    match other.join() {
                        Ok(counted) => done.extend(counted),
                        Err(panic) => std::panic::resume_unwind(panic),
                    }
                }
                done
            })
        };
        done.sort_unstable_by_key(|(number, _)| *number);
        let mut total = C::new(self.entrants.len());
        for (_, counts) in &done {
            total.add(counts);
        }
        total
    }

    /// The share of draws of scores alone in which an entrant is first under given weights.
    fn confidence(&self, at: usize, weights: PerCriterion, request: &FirmnessRequest) -> f64 {
        let fixed = Self {
            entrants: self.entrants.clone(),
            weights,
        };
        let draws = request.draws.count().min(MAX_DRAWS_OF_CONFIDENCE);
        let request = FirmnessRequest {
            draws: Draws::new(draws.into()).unwrap_or(Draws::DEFAULT),
            ..*request
        };
        let mut first = 0;
        let mut blocks = Blocks::with_fixed_weights(&fixed, &request);
        for number in 0..draws.div_ceil(index(BLOCK)) {
            let n_draws = (draws - number * index(BLOCK)).min(index(BLOCK));
            let mut counts = Counts::new(self.entrants.len());
            blocks.draw(number);
            counts.count(&blocks, n_draws as usize);
            first += counts.n_first(at);
        }
        f64::from(first) / f64::from(draws)
    }
}

impl Entrant {
    fn of(assessment: &Assessment, price: f64) -> Self {
        const PRIOR: usize = Criterion::PriorRelationships.index();
        let (mine, theirs) = (&assessment.forward, &assessment.backward);
        let mut known = PerCriterion::default();
        let mut their_known = PerCriterion::default();
        let mut open = Vec::new();
        for k in 0..Criterion::COUNT {
            let score = mine.scores[k].unwrap_or(Interval::ZERO);
            let their_score = theirs.scores[k].unwrap_or(Interval::ZERO);
            let counts_for_them = theirs.shares[k] > 0.0;
            let counts_for_me = mine.shares[k] > 0.0;
            let is_open = |score: Interval, counts: bool| counts && score.width() > 0.0;
            // Prior relationships are one fact with two sides.
            if k == PRIOR && is_open(score, counts_for_me) && is_open(their_score, counts_for_them)
            {
                open.push(Open {
                    interval: score,
                    mine: Some(k),
                    theirs: theirs.shares[k],
                });
                continue;
            }
            match is_open(score, counts_for_me) {
                true => open.push(Open {
                    interval: score,
                    mine: Some(k),
                    theirs: 0.0,
                }),
                false => known[k] = score.expected(),
            }
            match is_open(their_score, counts_for_them) {
                true => open.push(Open {
                    interval: their_score,
                    mine: None,
                    theirs: theirs.shares[k],
                }),
                false => their_known[k] = their_score.expected(),
            }
        }
        // Who has no view of its own sees what the seeker sees, whatever is drawn of that.
        let their_known = theirs
            .has_own_view()
            .then(|| weighted_sum(&theirs.shares, &their_known));
        Self {
            known,
            their_known,
            open,
            price,
        }
    }
}

/// What is counted of blocks.
trait Count: Send + Sized {
    fn new(n_entrants: usize) -> Self;
    /// Counts the first `n_draws` of a block.
    fn count(&mut self, blocks: &Blocks<'_>, n_draws: usize);
    fn add(&mut self, other: &Self);
}

/// The field of all candidates of a seeker under its own weights, without any filter: for measuring, and for others to check.
///
/// # Errors
///
/// As [`suggest`](crate::engine::answer::suggest).
pub fn field_of(snapshot: &Snapshot, seeker: OdsCode, as_of: NaiveDate) -> Result<Field> {
    let row = active_row(snapshot, seeker)?;
    let day = Day::new(snapshot, as_of);
    let view = View::new(&day, row, None)?;
    let (ranked, _) = view.top(MAX_COMPARED, |_| true);
    let assessments: Vec<Assessment> = ranked.iter().map(|r| view.assess(r.row)).collect();
    Ok(Field::new(&view, &assessments).0)
}

/// How many threads are worth it.
pub(super) fn threads(request: &FirmnessRequest) -> NonZeroUsize {
    let most = if request.draws.count() >= DRAWS_OF_TWO_THREADS {
        thread::available_parallelism()
            .map_or(1, NonZeroUsize::get)
            .min(2)
    } else {
        1
    };
    NonZeroUsize::new(most).unwrap_or(NonZeroUsize::MIN)
}

/// The firmness of candidates, in the order given; they are compared with each other. `None` where nothing is drawn.
pub(crate) fn firmness(
    view: &View<'_>,
    assessments: &[Assessment],
    request: &FirmnessRequest,
) -> Vec<Option<Firmness>> {
    if request.draws == Draws::NONE {
        return vec![None; assessments.len()];
    }
    let (field, rows) = Field::new(view, assessments);
    let shares = field.firmness(request, threads(request));
    let of_row = |row: Row| {
        let at = rows.binary_search(&row).ok()?;
        shares.get(at).copied()
    };
    assessments.iter().map(|one| of_row(one.row)).collect()
}

/// All tables of candidates, in the order given; at most [`MAX_COMPARED`] of them.
pub(crate) fn tables(
    view: &View<'_>,
    assessments: &[Assessment],
    request: &FirmnessRequest,
    n_candidates: usize,
) -> FirmnessTables {
    let compared = &assessments[..assessments.len().min(MAX_COMPARED)];
    let (field, rows) = Field::new(view, compared);
    let counted = field.tables(request, threads(request));
    let places: Vec<usize> = compared
        .iter()
        .filter_map(|one| rows.binary_search(&one.row).ok())
        .collect();
    let draws = f64::from(request.draws.count());
    let candidate = |&at: &usize| {
        let central = counted.central_weights(at);
        CandidateTable {
            ods_code: view.day.snapshot.code(rows[at]),
            rank_shares: counted.rank_shares(at, draws),
            wins: places
                .iter()
                .map(|&other| counted.wins(at, other, draws))
                .collect(),
            confidence: central.map(|weights| field.confidence(at, weights, request)),
            central_weights: central.map(|weights| {
                let criteria = field.criteria().into_iter();
                criteria.map(|k| (Criterion::ALL[k], weights[k])).collect()
            }),
        }
    };
    FirmnessTables {
        candidates: places.iter().map(candidate).collect(),
        n_candidates,
    }
}

/// The parameters of the distribution of the weights in use.
fn alphas(field: &Field, weights: WeightDraws) -> Vec<f64> {
    let criteria = field.criteria();
    let n = f64::from(index(criteria.len()));
    criteria
        .iter()
        .map(|&k| match weights {
            WeightDraws::Around => CONCENTRATION_PER_CRITERION * n * field.weights[k],
            WeightDraws::Uniform => 1.0,
        })
        .collect()
}
