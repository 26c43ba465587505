//! All top tens at once, and single pairs as they are now: each seeker under the weights of its own programme, as programme admins see them.

use chrono::NaiveDate;

use crate::domain::board::PairFit;
use crate::domain::ids::OdsCode;
use crate::domain::load::{BANDS_KM, Exposure, PairMix, SiteExposure, TOP};
use crate::engine::columns::{Row, index};
use crate::engine::completeness::share_known;
use crate::engine::load;
use crate::engine::snapshot::Snapshot;
use crate::engine::view::{Day, View};

/// Works out the top ten of every active organisation, and who stands in how many. `O(n^2)` in their number.
///
/// One to which nothing can be suggested has no top ten, and may stand in those of others.
#[must_use]
pub fn exposure(snapshot: &Snapshot, as_of: NaiveDate) -> Exposure {
    let day = Day::new(snapshot, as_of);
    let n = snapshot.n_organisations();
    let rows = || (0..n).map(index);
    let mut pairs = PairCounter::default();
    let mut lists: Vec<Vec<Row>> = Vec::with_capacity(n);
    let mut known = Vec::with_capacity(n);
    for row in rows() {
        let weights = day.programme(row).weights;
        let under = View::under(&day, row, weights);
        known.push(share_known(&under));
        let list = match View::new(&day, row, Some(weights)) {
            Ok(view) => view.top(TOP, |_| true).0.iter().map(|r| r.row).collect(),
            Err(_nothing_applies) => Vec::new(),
        };
        for &seen in &list {
            pairs.add(&under, seen);
        }
        lists.push(list);
    }
    let degrees = load::in_degrees(n, &lists);
    let loads = load::loads(n, &lists);
    let sites = rows().map(|row| {
        let card = snapshot.card(row);
        SiteExposure {
            ods_code: card.ods_code,
            name: card.name,
            icb: card.icb,
            region: card.region,
            in_degree: degrees[row as usize],
            load: loads[row as usize],
            share_known: known[row as usize],
            can_ask: day
                .programme(row)
                .weights
                .over(|criterion| snapshot.class(row).applicable.contains(criterion))
                .is_some(),
        }
    });
    Exposure {
        revision: snapshot.revision(),
        as_of,
        sites: sites.collect(),
        reciprocity: load::reciprocity(&lists),
        mix: pairs.0,
    }
}

/// How far apart and how alike the two of some pairs are; a closed organisation counts as unknown.
#[must_use]
pub fn mix(snapshot: &Snapshot, as_of: NaiveDate, pairs: &[(OdsCode, OdsCode)]) -> PairMix {
    let day = Day::new(snapshot, as_of);
    let mut counter = PairCounter::default();
    for &(from, to) in pairs {
        match (snapshot.row(from), snapshot.row(to)) {
            (Some(from), Some(to)) => counter.count(
                View::distance_between(&day, from, to),
                snapshot.class(from).settings,
                snapshot.class(to).settings,
            ),
            (_, _) => {
                counter.0.distances.unknown += 1;
                counter.0.settings.unknown += 1;
            }
        }
    }
    counter.0
}

#[derive(Default)]
struct PairCounter(PairMix);

impl PairCounter {
    fn add(&mut self, view: &View<'_>, seen: Row) {
        let snapshot = view.day.snapshot;
        self.count(
            view.distance_km(seen),
            snapshot.class(view.seeker).settings,
            snapshot.class(seen).settings,
        );
    }

    fn count(
        &mut self,
        km: Option<f64>,
        mine: crate::domain::organisation::CareSettings,
        theirs: crate::domain::organisation::CareSettings,
    ) {
        let distances = &mut self.0.distances;
        match km.and_then(|km| BANDS_KM.iter().rposition(|&from| km >= from)) {
            Some(band) => distances.bands[band] += 1,
            None => distances.unknown += 1,
        }
        let settings = &mut self.0.settings;
        if mine.is_empty() || theirs.is_empty() {
            settings.unknown += 1;
        } else if mine.meets(theirs) {
            settings.same += 1;
        } else {
            settings.cross += 1;
        }
    }
}

/// The scores of pairs as they are on a day, the first one's side under its programme's weights: what a suggestion of the second
/// to the first says to staff. `None` where one of the two is closed or never suggested to the other, or nothing can be
/// asked of the first.
#[must_use]
pub fn fits(
    snapshot: &Snapshot,
    as_of: NaiveDate,
    pairs: &[(OdsCode, OdsCode)],
) -> Vec<Option<PairFit>> {
    let day = Day::new(snapshot, as_of);
    let fit = |&(from, to): &(OdsCode, OdsCode)| {
        let (from, to) = (snapshot.row(from)?, snapshot.row(to)?);
        if from == to || snapshot.are_related(from, to) {
            return None;
        }
        let view = View::new(&day, from, Some(day.programme(from).weights)).ok()?;
        let found = view.assess(to);
        Some(PairFit {
            mutual_fit: found.mutual_fit,
            from_fit: found.your_fit,
            to_fit: found.their_fit,
            coverage: found.coverage,
            distance_km: view.distance_km(to),
        })
    };
    pairs.iter().map(fit).collect()
}
