//! Groups of organisations that are alike in context (DESIGN 7): k-means, with the number of groups chosen by silhouette.
//!
//! Each attribute is transformed as for the criterion `culture`, brought to mean 0 and standard deviation 1 over those of whom
//! it is recorded, and counts by its weight there. Where it is not recorded of an organisation, the mean stands in, which
//! draws it nowhere; of whom too little is recorded, is in no group. Groups are worked out once for a snapshot, when first asked for: nothing
//! that suggestions are made from depends on them.
//!
//! # References
//!
//! Lloyd 1982, IEEE Transactions on Information Theory 28:129 (k-means); Arthur and Vassilvitskii 2007, SODA:1027 (its starts);
//! Rousseeuw 1987, Journal of Computational and Applied Mathematics 20:53 (silhouettes); Pearson 1901, Philosophical Magazine
//! 2:559 (principal components).

mod fit;

#[cfg(test)]
mod tests;

use ndarray::{Array1, Array2, ArrayView1};

pub(crate) use self::fit::N_STARTS;
use self::fit::{Fitted, fit};
use crate::domain::error::{Error, Result};
use crate::domain::exclusion::Excluded;
use crate::domain::ids::OdsCode;
use crate::domain::load::MIN_GROUP;
use crate::domain::peer_group::{
    CONTEXT, GroupMean, GroupNumber, Loading, MAX_POINTS, MIN_SHARE_KNOWN, Peer, PeerGroup,
    PeerGroups, Peers, Point, Tried,
};
use crate::domain::profile::Attribute;
use crate::domain::suggestion::Fact;
use crate::engine::answer::active_row;
use crate::engine::availability::rows_of;
use crate::engine::columns::{Row, index};
use crate::engine::criteria::culture::{ATTRIBUTE_WEIGHTS, is_compared_by_logarithm};
use crate::engine::snapshot::Snapshot;

/// The seed of the random starts: one for all, so that the same data have the same groups.
pub const SEED: u64 = 1;

/// The most organisations that groups are found from, spread evenly over the codes; the others join the nearest group. A silhouette takes
/// a time that grows with the square.
pub(crate) const MAX_FITTED: usize = 500;

/// What an attribute is brought to the same scale with.
#[derive(Clone, Copy, Debug)]
struct Scale {
    /// Its place in [`CONTEXT`].
    at: usize,
    /// Over those of whom it is recorded, transformed.
    mean: f64,
    deviation: f64,
    /// The square root of its weight, so that squared distances count by the weight.
    factor: f64,
}

impl Scale {
    const fn attribute(&self) -> Attribute {
        CONTEXT[self.at]
    }
}

/// The groups of a snapshot.
#[derive(Debug)]
pub(crate) struct Grouping {
    scales: Vec<Scale>,
    /// By row.
    group_of: Vec<Option<GroupNumber>>,
    n_fitted: usize,
    tried: Vec<Tried>,
    groups: Vec<PeerGroup>,
    /// `(2, n_scales)`: the principal components; without any where there are no groups.
    axes: Array2<f64>,
    explained: [f64; 2],
}

/// What is recorded of one organisation, transformed, and how many attributes can be asked of it.
#[derive(Clone, Copy, Debug)]
struct Context {
    known: Known,
    n_asked: u32,
}

type Known = [Option<f64>; CONTEXT.len()];

impl Context {
    fn of(snapshot: &Snapshot, row: Row) -> Self {
        let cannot_have = |attribute: &&Attribute| {
            attribute.is_acute_only() && snapshot.culture.is_known_not_acute(row)
        };
        Self {
            known: CONTEXT.map(|attribute| snapshot.culture.context(row, attribute)),
            n_asked: index(CONTEXT.len() - CONTEXT.iter().filter(cannot_have).count()),
        }
    }

    /// Whether enough of it is recorded to put it into a group.
    fn is_enough(&self) -> bool {
        let n_known = index(self.known.iter().flatten().count());
        f64::from(n_known) >= MIN_SHARE_KNOWN * f64::from(self.n_asked)
    }
}

impl Grouping {
    pub(crate) fn new(snapshot: &Snapshot, seed: u64) -> Self {
        let rows = 0..index(snapshot.n_organisations());
        let contexts: Vec<Context> = rows.map(|row| Context::of(snapshot, row)).collect();
        Self::of(&contexts, seed)
    }

    fn of(contexts: &[Context], seed: u64) -> Self {
        let known: Vec<Known> = contexts.iter().map(|context| context.known).collect();
        let rows = 0..contexts.len();
        let members: Vec<usize> = rows.filter(|&row| contexts[row].is_enough()).collect();
        let scales = scales(members.iter().map(|&row| &known[row]));
        let chosen = evenly(&members, MAX_FITTED);
        let mut fitted_on = Array2::zeros((chosen.len(), scales.len()));
        for (mut place, &row) in fitted_on.rows_mut().into_iter().zip(&chosen) {
            place.assign(&standardised(&scales, &known[row]));
        }
        let mut grouping = Self {
            scales,
            group_of: vec![None; known.len()],
            n_fitted: 0,
            tried: Vec::new(),
            groups: Vec::new(),
            axes: Array2::zeros((0, 0)),
            explained: [0.0; 2],
        };
        let Some(fitted) = fit(&fitted_on, seed) else {
            return grouping;
        };
        let mut group_of = vec![None; known.len()];
        for row in members {
            let place = standardised(&grouping.scales, &known[row]);
            group_of[row] = Some(fitted.nearest(&place));
        }
        let groups = groups(&grouping.scales, &known, &group_of, &fitted);
        if groups.iter().any(PeerGroup::is_small) {
            // Where places lie as near to two centres they may leave one of them with fewer than it was found with.
            return grouping;
        }
        (grouping.group_of, grouping.groups) = (group_of, groups);
        grouping.n_fitted = fitted_on.nrows();
        grouping.tried = fitted.tried;
        grouping.axes = fitted.axes;
        grouping.explained = fitted.explained;
        grouping
    }

    /// The group of a row; `None` where it is in none.
    pub(crate) fn of_row(&self, row: Row) -> Option<GroupNumber> {
        self.group_of.get(row as usize).copied().flatten()
    }

    fn group(&self, number: GroupNumber) -> Option<&PeerGroup> {
        self.groups.get(usize::from(number.0))
    }

    fn place(&self, snapshot: &Snapshot, row: Row) -> Array1<f64> {
        standardised(&self.scales, &Context::of(snapshot, row).known)
    }
}

/// The scales of the attributes that tell organisations apart.
fn scales<'a>(known: impl Iterator<Item = &'a Known> + Clone) -> Vec<Scale> {
    let scale = |at: usize| {
        let values = known.clone().filter_map(|values| values[at]);
        let n = values.clone().fold(0.0, |n, _| n + 1.0);
        let mean = values.clone().sum::<f64>() / n;
        let variance = values.map(|x| (x - mean) * (x - mean)).sum::<f64>() / n;
        // Not so where nobody knows it, or all say the same.
        (variance > 1e-18).then(|| Scale {
            at,
            mean,
            deviation: variance.sqrt(),
            factor: ATTRIBUTE_WEIGHTS[CONTEXT[at].index()].sqrt(),
        })
    };
    (0..CONTEXT.len()).filter_map(scale).collect()
}

fn standardised(scales: &[Scale], known: &Known) -> Array1<f64> {
    let value = |scale: &Scale| {
        known[scale.at].map_or(0.0, |x| (x - scale.mean) / scale.deviation * scale.factor)
    };
    scales.iter().map(value).collect()
}

/// At most so many of these, spread evenly.
fn evenly<T: Copy>(all: &[T], most: usize) -> Vec<T> {
    if all.len() <= most {
        return all.to_vec();
    }
    (0..most).map(|i| all[i * all.len() / most]).collect()
}

fn groups(
    scales: &[Scale],
    known: &[Known],
    group_of: &[Option<GroupNumber>],
    fitted: &Fitted,
) -> Vec<PeerGroup> {
    let group = |number: GroupNumber| {
        let members = || {
            let of_group = group_of.iter().zip(known);
            of_group
                .filter(move |(group, _)| **group == Some(number))
                .map(|(_, known)| known)
        };
        let size = index(members().count());
        let mean = |scale: &Scale| {
            let values = members().filter_map(|known| known[scale.at]);
            let n = values.clone().fold(0_u32, |n, _| n + 1);
            // The mean of few would tell of single ones.
            (n >= MIN_GROUP).then(|| {
                let mean = values.sum::<f64>() / f64::from(n);
                GroupMean {
                    attribute: scale.attribute(),
                    mean: match is_compared_by_logarithm(scale.attribute()) {
                        true => 10_f64.powf(mean),
                        false => mean,
                    },
                    deviations: (mean - scale.mean) / scale.deviation,
                }
            })
        };
        PeerGroup {
            number,
            size,
            means: scales.iter().filter_map(mean).collect(),
        }
    };
    fitted.numbers().map(group).collect()
}

/// All groups of a snapshot, with the picture.
#[must_use]
pub fn overview(snapshot: &Snapshot) -> PeerGroups {
    let grouping = snapshot.peer_groups();
    let rows =
        (0..index(snapshot.n_organisations())).filter_map(|row| Some((row, grouping.of_row(row)?)));
    let rows: Vec<(Row, GroupNumber)> = rows.collect();
    let point = |(row, group): (Row, GroupNumber)| {
        let place = grouping.place(snapshot, row);
        let on = |axis: ArrayView1<'_, f64>| axis.dot(&place);
        Point {
            ods_code: snapshot.code(row),
            group,
            at: [0, 1].map(|axis| on(grouping.axes.row(axis))),
        }
    };
    let loading = |(at, scale): (usize, &Scale)| Loading {
        attribute: scale.attribute(),
        on: [0, 1].map(|axis| grouping.axes[(axis, at)]),
    };
    let has_axes = grouping.axes.nrows() == 2;
    PeerGroups {
        revision: snapshot.revision(),
        seed: SEED,
        n_organisations: snapshot.n_organisations(),
        n_grouped: grouping.group_of.iter().flatten().count(),
        n_fitted: grouping.n_fitted,
        tried: grouping.tried.clone(),
        groups: grouping.groups.clone(),
        explained: grouping.explained,
        loadings: match has_axes {
            true => grouping.scales.iter().enumerate().map(loading).collect(),
            false => Vec::new(),
        },
        points: match has_axes {
            true => evenly(&rows, MAX_POINTS).into_iter().map(point).collect(),
            false => Vec::new(),
        },
    }
}

/// A site's group with at most `limit` others in it, the most alike first, ties by ODS code; without whom the site excludes.
///
/// # Errors
///
/// [`Error::OrganisationNotFound`] or [`Error::OrganisationClosed`] for the site.
pub fn peers(
    snapshot: &Snapshot,
    site: OdsCode,
    excluded: &Excluded,
    limit: usize,
) -> Result<Peers> {
    let row = active_row(snapshot, site)?;
    let grouping = snapshot.peer_groups();
    let number = grouping.of_row(row);
    let excluded = rows_of(snapshot, excluded.iter());
    let place = grouping.place(snapshot, row);
    let is_peer = |other: &Row| {
        *other != row
            && number.is_some()
            && grouping.of_row(*other) == number
            && excluded.binary_search(other).is_err()
    };
    let mut others: Vec<(f64, Row)> = (0..index(snapshot.n_organisations()))
        .filter(is_peer)
        .map(|other| {
            let apart = &grouping.place(snapshot, other) - &place;
            (apart.dot(&apart).sqrt(), other)
        })
        .collect();
    others.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    others.truncate(limit);
    Ok(Peers {
        revision: snapshot.revision(),
        site: snapshot.card(row),
        group: number.and_then(|number| grouping.group(number)).cloned(),
        missing: CONTEXT
            .into_iter()
            .filter(|&attribute| !snapshot.culture.has_or_cannot_have(row, attribute))
            .map(Fact::Attribute)
            .collect(),
        peers: others
            .into_iter()
            .map(|(distance, other)| Peer {
                organisation: snapshot.card(other),
                distance,
            })
            .collect(),
    })
}

/// The group that a seeker's suggestions are to be kept to.
///
/// # Errors
///
/// [`Error::Invalid`] where it is in none.
pub(crate) fn group_of_seeker(snapshot: &Snapshot, seeker: Row) -> Result<GroupNumber> {
    snapshot.peer_groups().of_row(seeker).ok_or_else(|| {
        let words = "cannot be applied: the site is in no group of sites like it; there are groups where each has five sites \
                     or more, and half of a site's context attributes have to be recorded for it to be in one";
        Error::invalid("/filters/peerGroup", words)
    })
}
