//! Whether the scores of those shown foretell whom other sites choose.

use std::collections::{BTreeMap, BTreeSet};

use super::{Choices, Places, posterior};
use crate::domain::choice::ChoiceLosses;
use crate::engine::outcomes::draws::Draws;
use crate::engine::outcomes::posterior::Unlearnable;

/// Folds, none of which shares a site with another.
pub const N_FOLDS: usize = 5;

/// Compares what places and scores foretell with what places alone do and with chance, on sites that were held out: dealt to
/// [`N_FOLDS`] folds by `seed`, all choices of a site to one.
///
/// # Errors
///
/// [`Unlearnable::TooFew`] of fewer sites than folds; those of [`posterior`].
pub fn compare(choices: &Choices, seed: u64) -> Result<ChoiceLosses, Unlearnable> {
    let folds = folds(choices, seed)?;
    let places_alone = choices.of_places_alone();
    let mut found = Vec::with_capacity(choices.count());
    for fold in 0..N_FOLDS {
        let is_held = |site: u32| folds.get(&site) == Some(&fold);
        let (held, rest) = choices.parted(is_held);
        let by_scores = posterior(&rest, Places::Count)?;
        let (held_places, rest) = places_alone.parted(is_held);
        let by_places = posterior(&rest, Places::Count)?;
        let losses = held.losses(&by_scores.mean);
        let losses = losses.zip(held_places.losses(&by_places.mean));
        for (span, (scores, places)) in held.spans.iter().zip(losses) {
            let chance = ((span.end - span.start) as f64).ln();
            found.push((span.site, [chance, places, scores]));
        }
    }
    Ok(summed(&found))
}

/// For each site its fold.
fn folds(choices: &Choices, seed: u64) -> Result<BTreeMap<u32, usize>, Unlearnable> {
    let sites: BTreeSet<u32> = choices.spans.iter().map(|span| span.site).collect();
    if sites.len() < N_FOLDS {
        return Err(Unlearnable::TooFew);
    }
    let mut sites: Vec<u32> = sites.into_iter().collect();
    Draws::seeded(seed).shuffle(&mut sites);
    Ok(sites.into_iter().zip((0..N_FOLDS).cycle()).collect())
}

impl Choices {
    /// Those of some sites, and the rest.
    fn parted(&self, is_of: impl Fn(u32) -> bool) -> (Self, Self) {
        let [mut of, mut rest] = [Vec::new(), Vec::new()];
        for span in &self.spans {
            if is_of(span.site) {
                of.push(*span);
            } else {
                rest.push(*span);
            }
        }
        (self.taken(&of), self.taken(&rest))
    }

    fn taken(&self, spans: &[super::Span]) -> Self {
        let rows: Vec<usize> = spans.iter().flat_map(|span| span.start..span.end).collect();
        let mut next = 0;
        let moved = spans.iter().map(|span| {
            let start = next;
            next += span.end - span.start;
            super::Span {
                start,
                end: next,
                chosen: start + span.chosen - span.start,
                site: span.site,
            }
        });
        Self {
            spans: moved.collect(),
            rows: self.rows.select(ndarray::Axis(0), &rows),
        }
    }
}

fn mean(values: impl ExactSizeIterator<Item = f64>) -> f64 {
    let n = values.len() as f64;
    values.sum::<f64>() / n
}

/// The means over sites of losses by chance, by places and by scores, and the gain of the last over the one before.
fn summed(found: &[(u32, [f64; 3])]) -> ChoiceLosses {
    let mut by_site: BTreeMap<u32, Vec<[f64; 3]>> = BTreeMap::new();
    for &(site, losses) in found {
        by_site.entry(site).or_default().push(losses);
    }
    let sites: Vec<[f64; 3]> = by_site
        .values()
        .map(|losses| std::array::from_fn(|at| mean(losses.iter().map(|losses| losses[at]))))
        .collect();
    let [chance, places, scores] = std::array::from_fn(|at| mean(sites.iter().map(|s| s[at])));
    let gain = places - scores;
    let squares: f64 = sites
        .iter()
        .map(|[_, places, scores]| (places - scores - gain).powi(2))
        .sum();
    let n = sites.len() as f64;
    ChoiceLosses {
        chance,
        places,
        scores,
        gain,
        standard_error: (squares / (n - 1.0).max(1.0) / n).sqrt(),
    }
}
