//! Finds groups and the axes of their picture.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use linfa::DatasetBase;
use linfa::metrics::SilhouetteScore as _;
use linfa::traits::{Fit as _, Predict as _};
use linfa_clustering::KMeans;
use linfa_reduction::Pca;
use ndarray::{Array1, Array2, ArrayView1, Axis};
use rand_xoshiro::Xoshiro256Plus;
use rand_xoshiro::rand_core::SeedableRng as _;

use crate::domain::load::MIN_GROUP;
use crate::domain::peer_group::{GroupNumber, N_GROUPS, Tried};

/// How often k-means starts anew; the best counts.
pub(crate) const N_STARTS: usize = 10;

/// After how many rounds a start ends, converged or not.
const MAX_ROUNDS: u64 = 100;

/// By how much the centres may still move for a start to have converged.
const TOLERANCE: f64 = 1e-6;

/// Groups that were found.
pub(super) struct Fitted {
    /// `(n_groups, n_attributes)`: the centres, in the order of the groups.
    centres: Array2<f64>,
    pub(super) tried: Vec<Tried>,
    /// `(2, n_attributes)`.
    pub(super) axes: Array2<f64>,
    pub(super) explained: [f64; 2],
}

impl Fitted {
    /// The group whose centre is nearest; of two as near the first.
    pub(super) fn nearest(&self, place: &Array1<f64>) -> GroupNumber {
        let distance = |centre: ArrayView1<'_, f64>| {
            let apart = &centre - place;
            apart.dot(&apart)
        };
        let centres = self.centres.rows();
        let nearest = (0_u8..)
            .zip(centres)
            .map(|(number, centre)| (number, distance(centre)))
            .min_by(|a, b| a.1.total_cmp(&b.1));
        GroupNumber(nearest.map_or(0, |(number, _)| number))
    }

    /// The groups, in order.
    pub(super) fn numbers(&self) -> impl Iterator<Item = GroupNumber> {
        (0_u8..).take(self.centres.nrows()).map(GroupNumber)
    }
}

/// One number of groups.
struct Try {
    tried: Tried,
    centres: Array2<f64>,
}

/// Finds the groups of places, `(n, n_attributes)`; `None` where no number of groups has five in each, where nothing tells the
/// places apart, or where they are of one kind. A grouping with a smaller group is not taken even where there is no other: who is
/// in it, and what they are like, could be worked out from the others.
pub(super) fn fit(places: &Array2<f64>, seed: u64) -> Option<Fitted> {
    let least = 2 * MIN_GROUP as usize;
    if places.nrows() < least || places.ncols() == 0 {
        return None;
    }
    // More groups than kinds of places would have to share one.
    let kinds: BTreeSet<Vec<u64>> = places
        .rows()
        .into_iter()
        .map(|place| place.iter().map(|x| x.to_bits()).collect())
        .collect();
    let tries: Vec<Try> = N_GROUPS
        .filter(|&n_groups| n_groups <= kinds.len())
        .filter_map(|n_groups| attempt(places, n_groups, seed))
        .collect();
    let best = |tries: &mut dyn Iterator<Item = &'_ Try>| {
        // Of two as good the fewer groups.
        tries
            .fold(None::<&Try>, |best, one| match best {
                Some(best) if best.tried.silhouette >= one.tried.silhouette => Some(best),
                Some(_) | None => Some(one),
            })
            .map(|best| best.centres.clone())
    };
    let large = &mut tries.iter().filter(|one| one.tried.smallest >= MIN_GROUP);
    let centres = best(large)?;
    let (axes, explained) = axes(places)?;
    Some(Fitted {
        centres: in_order(&centres),
        tried: tries.into_iter().map(|one| one.tried).collect(),
        axes,
        explained,
    })
}

fn attempt(places: &Array2<f64>, n_groups: usize, seed: u64) -> Option<Try> {
    let dataset = DatasetBase::from(places.view());
    let rng = Xoshiro256Plus::seed_from_u64(seed);
    let model = KMeans::params_with_rng(n_groups, rng)
        .n_runs(N_STARTS)
        .max_n_iterations(MAX_ROUNDS)
        .tolerance(TOLERANCE)
        .fit(&dataset)
        .ok()?;
    let labels = model.predict(places);
    let mut sizes = vec![0_u32; n_groups];
    for &label in &labels {
        sizes[label] += 1;
    }
    let smallest = sizes.into_iter().min().filter(|&smallest| smallest > 0)?;
    let silhouette = dataset.with_targets(labels).silhouette_score().ok()?;
    silhouette.is_finite().then(|| Try {
        tried: Tried {
            n_groups,
            silhouette,
            smallest,
        },
        centres: model.centroids().clone(),
    })
}

/// Centres in the order of groups: by the first attribute in which two differ, the greater first. That the same groups have the same
/// names does not hang on where the random starts found them, nor on single organisations.
fn in_order(centres: &Array2<f64>) -> Array2<f64> {
    let mut order: Vec<usize> = (0..centres.nrows()).collect();
    order.sort_by(|&a, &b| {
        let pairs = centres.row(b).into_iter().zip(centres.row(a));
        pairs
            .map(|(b, a)| b.total_cmp(a))
            .find(|order| *order != Ordering::Equal)
            .unwrap_or(Ordering::Equal)
    });
    centres.select(Axis(0), &order)
}

/// The two principal components, each with its greatest loading above 0, and the share of the variance that each holds. With one
/// attribute there is one, and the other axis is empty.
fn axes(places: &Array2<f64>) -> Option<(Array2<f64>, [f64; 2])> {
    let n_axes = places.ncols().min(2);
    let model = Pca::params(n_axes)
        .fit(&DatasetBase::from(places.view()))
        .ok()?;
    let mut axes = Array2::zeros((2, places.ncols()));
    let mut explained = [0.0; 2];
    // The model's own shares are over the components that it keeps.
    let total: f64 = places.var_axis(Axis(0), 0.0).sum();
    for (at, component) in model.components().rows().into_iter().enumerate().take(2) {
        let greatest = component
            .iter()
            .copied()
            .reduce(|a, b| if b.abs() > a.abs() { b } else { a })?;
        let component = &component * greatest.signum();
        explained[at] = places.dot(&component).var(0.0) / total;
        axes.row_mut(at).assign(&component);
    }
    let is_finite = axes.iter().chain(&explained).all(|x| x.is_finite());
    is_finite.then_some((axes, explained))
}
