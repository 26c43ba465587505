//! Where historical partners stand in each other's lists, beside simpler ways of ranking (DESIGN 7).
//!
//! Every pair is looked at from both of its sides. Links between two of a pair are taken out first, for everybody, so that
//! nobody is found by having been a partner. Ranks, ties and intervals are in `figures`.

mod figures;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use self::figures::{Place, figures};
use crate::domain::core_system::Module;
use crate::domain::error::{Error, Result};
use crate::domain::evaluation::{
    EvaluatedCase, Evaluation, EvaluationRequest, HistoricalPair, LeftOut, Ranking,
};
use crate::domain::ids::OdsCode;
use crate::domain::interval::Interval;
use crate::domain::organisation::Status;
use crate::domain::programme::{Criterion, Weights};
use crate::domain::register::Register;
use crate::engine::columns::{Row, index};
use crate::engine::criteria::system_match::compared_name;
use crate::engine::fit::{Shares, harmonic_mean, weighted_sum};
use crate::engine::lineage::Lineage;
use crate::engine::snapshot::Snapshot;
use crate::engine::view::{Assessment, Day, Direction, View};

/// The most candidates that are looked at, over all cases: some seconds of one core.
const MAX_ASSESSMENTS: usize = 4_000_000;

/// The default weights: the same for each of the five criteria that every pair has; learning joins where topics are named.
const FIVE: [f64; Criterion::COUNT] = {
    let mut weights = [0.2; Criterion::COUNT];
    weights[Criterion::Learning.index()] = 0.0;
    weights
};

/// Culture alone.
const CULTURE: [f64; Criterion::COUNT] = {
    let mut weights = [0.0; Criterion::COUNT];
    weights[Criterion::Culture.index()] = 1.0;
    weights
};

/// Evaluates pairs on what is recorded. `O(pairs x organisations)`.
///
/// # Errors
///
/// [`Error::Invalid`] where no pair is left to evaluate, with the reason of each; [`Error::Conflict`] where there are too many pairs for
/// so many organisations.
pub fn evaluate(register: Register, request: &EvaluationRequest) -> Result<Evaluation> {
    let (pairs, mut left_out) = today(&register, &request.pairs);
    let n_active = register
        .organisations
        .iter()
        .filter(|o| is_active(o.status))
        .count();
    if 2 * pairs.len() * n_active > MAX_ASSESSMENTS {
        return Err(Error::Conflict {
            rule: "/problems/too-many-organisations",
            detail: format!(
                "{} pairs among {n_active} organisations are too many to evaluate at once: at most {MAX_ASSESSMENTS} candidates \
                 are looked at.",
                pairs.len()
            ),
        });
    }
    let (register, n_links_removed) = without_links(register, &pairs, request);
    let vendors = Vendors::of(&register);
    let snapshot = Snapshot::new(&register);
    // What a site saved for itself is nobody's to learn from the figures.
    let day = Day::of_programmes(&snapshot, request.as_of);
    let mut cases = Vec::new();
    let mut places: Vec<Vec<Vec<Place>>> = Vec::new();
    for pair in &pairs {
        match sides(&day, pair.today, request.weights, &vendors) {
            Ok(sides) => {
                places.push(sides.iter().map(|(_, places)| places.clone()).collect());
                cases.extend(sides.into_iter().map(|(case, _)| case));
            }
            Err(why) => left_out.push((pair.given, why)),
        }
    }
    left_out.sort_by_key(|(pair, _)| pair.at);
    if places.is_empty() {
        return Err(nothing_left(&left_out));
    }
    Ok(Evaluation {
        revision: register.revision,
        as_of: request.as_of,
        seed: request.seed,
        n_pairs: index(places.len()),
        n_links_removed,
        figures: figures(&places, request.seed),
        cases,
        left_out,
    })
}

/// The most reasons that a refusal lists.
const N_REASONS: usize = 20;

fn nothing_left(left_out: &[(HistoricalPair, LeftOut)]) -> Error {
    let reasons: Vec<String> = left_out
        .iter()
        .take(N_REASONS)
        .map(|(pair, why)| format!("{} {}-{}: {why}", pair.at, pair.ends.0, pair.ends.1))
        .collect();
    let detail = match reasons.is_empty() {
        true => "has no pair".to_owned(),
        false => format!("has no pair that can be evaluated: {}", reasons.join("; ")),
    };
    Error::invalid("/pairs", detail)
}

const fn is_active(status: Status) -> bool {
    matches!(status, Status::Active)
}

/// A pair with the codes of today, the smaller first.
struct Pair {
    given: HistoricalPair,
    today: (OdsCode, OdsCode),
}

/// The pairs by the codes of today, and those of which there is none.
fn today(
    register: &Register,
    given: &[HistoricalPair],
) -> (Vec<Pair>, Vec<(HistoricalPair, LeftOut)>) {
    let known: BTreeMap<OdsCode, bool> = register
        .organisations
        .iter()
        .map(|o| (o.ods_code, is_active(o.status)))
        .collect();
    let lineage = Lineage::new(&register.successions, |code| {
        known.get(&code) == Some(&true)
    });
    let related = lineage.related_active_pairs();
    let one = |code: OdsCode, partners: &[OdsCode]| -> std::result::Result<OdsCode, LeftOut> {
        if !known.contains_key(&code) {
            return Err(LeftOut::Unknown(code));
        }
        let mut heirs = lineage.today(code);
        if heirs.len() > 1 {
            // Where one of the heirs of a split is the partner itself, the rest of it is the other.
            heirs.retain(|heir| !partners.contains(heir));
        }
        match heirs[..] {
            [] => Err(LeftOut::Closed(code)),
            [heir] => Ok(heir),
            [..] => Err(LeftOut::Split(code)),
        }
    };
    let resolve = |pair: &HistoricalPair| -> std::result::Result<(OdsCode, OdsCode), LeftOut> {
        if !pair.is_confirmed {
            return Err(LeftOut::NotConfirmed);
        }
        let (a, b) = pair.ends;
        let heirs = (lineage.today(a), lineage.today(b));
        let (a, b) = (one(a, &heirs.1)?, one(b, &heirs.0)?);
        if a == b || related.contains(&(a, b)) {
            return Err(LeftOut::One(a));
        }
        Ok((a.min(b), a.max(b)))
    };
    let mut seen = BTreeSet::new();
    let (mut pairs, mut left_out) = (Vec::new(), Vec::new());
    for &given in given {
        match resolve(&given) {
            Ok(today) if seen.insert(today) => pairs.push(Pair { given, today }),
            Ok(_) => left_out.push((given, LeftOut::Again)),
            Err(why) => left_out.push((given, why)),
        }
    }
    (pairs, left_out)
}

/// The register without links between two of a pair, whatever their kind, and without those of the excluded kinds.
fn without_links(
    mut register: Register,
    pairs: &[Pair],
    request: &EvaluationRequest,
) -> (Register, u32) {
    let active: BTreeSet<OdsCode> = register
        .organisations
        .iter()
        .filter(|o| is_active(o.status))
        .map(|o| o.ods_code)
        .collect();
    let lineage = Lineage::new(&register.successions, |code| active.contains(&code));
    let evaluated: BTreeSet<(OdsCode, OdsCode)> = pairs.iter().map(|pair| pair.today).collect();
    let is_evaluated = |(a, b): (OdsCode, OdsCode)| {
        let (of_a, of_b) = (lineage.today(a), lineage.today(b));
        let mut met = of_a
            .iter()
            .flat_map(|&a| of_b.iter().map(move |&b| (a.min(b), a.max(b))));
        met.any(|ends| evaluated.contains(&ends))
    };
    let all = std::mem::take(&mut register.links);
    let n_before = all.len();
    let kept = all
        .into_iter()
        .filter(|link| !request.exclude_kinds.contains(&link.kind()) && !is_evaluated(link.ends()))
        .collect();
    drop(lineage);
    register.links = kept;
    let n_removed = index(n_before - register.links.len());
    (register, n_removed)
}

/// Who supplies whose electronic patient record.
struct Vendors(BTreeMap<OdsCode, BTreeSet<String>>);

impl Vendors {
    fn of(register: &Register) -> Self {
        let mut vendors: BTreeMap<OdsCode, BTreeSet<String>> = BTreeMap::new();
        for system in &register.core_systems {
            if system.module == Module::Epr
                && system.status.is_present()
                && let Some(vendor) = &system.vendor
            {
                vendors
                    .entry(system.ods_code)
                    .or_default()
                    .extend(compared_name(vendor));
            }
        }
        Self(vendors)
    }

    fn is_shared(&self, a: OdsCode, b: OdsCode) -> bool {
        match (self.0.get(&a), self.0.get(&b)) {
            (Some(of_a), Some(of_b)) => !of_a.is_disjoint(of_b),
            _ => false,
        }
    }
}

type Side = (EvaluatedCase, Vec<Place>);

/// Both sides of a pair as seekers.
fn sides(
    day: &Day<'_>,
    (a, b): (OdsCode, OdsCode),
    weights: Option<Weights>,
    vendors: &Vendors,
) -> std::result::Result<[Side; 2], LeftOut> {
    Ok([
        side(day, (a, b), weights, vendors)?,
        side(day, (b, a), weights, vendors)?,
    ])
}

fn side(
    day: &Day<'_>,
    (seeker, partner): (OdsCode, OdsCode),
    weights: Option<Weights>,
    vendors: &Vendors,
) -> std::result::Result<Side, LeftOut> {
    let snapshot = day.snapshot;
    let row = |code| snapshot.row(code).ok_or(LeftOut::Unknown(code));
    let (seeker_row, partner_row) = (row(seeker)?, row(partner)?);
    let weights = weights.unwrap_or_else(|| day.programme(seeker_row).weights);
    let view = View::new(day, seeker_row, Some(weights))
        .map_err(|_nothing_applies| LeftOut::NothingApplies(seeker))?;
    let is_suggested = |row: Row| view.special(row).is_none_or(|special| special.is_suggested);
    if !is_suggested(partner_row) {
        return Err(LeftOut::One(seeker));
    }
    let rows = (0..index(snapshot.n_organisations())).filter(|&row| is_suggested(row));
    let mut partners: Option<Values> = None;
    let mut others = Vec::with_capacity(snapshot.n_organisations());
    for row in rows {
        let values = values(&view, row, vendors.is_shared(seeker, snapshot.code(row)));
        if row == partner_row {
            partners = Some(values);
        } else {
            others.push(values);
        }
    }
    let partners = partners.ok_or(LeftOut::One(seeker))?;
    let place = |ranking: usize| Place::of(partners[ranking], others.iter().map(|v| v[ranking]));
    let places: Vec<Place> = (0..Ranking::ALL.len()).map(place).collect();
    let case = EvaluatedCase {
        seeker,
        partner,
        n_candidates: index(others.len() + 1),
        ranks: places.iter().map(|place| place.rank()).collect(),
    };
    Ok((case, places))
}

/// What each ranking says of a candidate, the more the better, in the order of [`Ranking::ALL`].
type Values = [f64; Ranking::ALL.len()];

fn values(view: &View<'_>, row: Row, is_vendor_shared: bool) -> Values {
    let assessment = view.assess(row);
    let value = |ranking: &Ranking| match ranking {
        Ranking::Alongside => assessment.mutual_fit.expected(),
        Ranking::EqualWeights => mutual_fit(&assessment, FIVE),
        Ranking::Nearest => view.distance_km(row).map_or(f64::NEG_INFINITY, |km| -km),
        Ranking::SameVendor => f64::from(u8::from(is_vendor_shared)),
        Ranking::CultureOnly => mutual_fit(&assessment, CULTURE),
        Ranking::Random => 0.0,
    };
    let mut values = [0.0; Ranking::ALL.len()];
    for (value_of, ranking) in values.iter_mut().zip(Ranking::ALL) {
        *value_of = value(ranking);
    }
    values
}

/// The expected mutual fit with the same weights on both sides (DESIGN 4.8); where nothing applies to one side it sees the pair
/// with the other's eyes (DESIGN 4.1), and 0 where nothing applies to either.
fn mutual_fit(assessment: &Assessment, weights: [f64; Criterion::COUNT]) -> f64 {
    let fit = |direction: &Direction| -> Option<f64> {
        let applies = |criterion: Criterion| direction.scores[criterion.index()].is_some();
        let shares: Shares = Weights::new(weights).ok()?.over(applies);
        let expected = direction
            .scores
            .map(|score| score.map_or(0.0, Interval::expected));
        shares.map(|shares| weighted_sum(&shares, &expected))
    };
    match (fit(&assessment.forward), fit(&assessment.backward)) {
        (Some(mine), theirs) => harmonic_mean(mine, theirs.unwrap_or(mine)),
        (None, Some(theirs)) => theirs,
        (None, None) => 0.0,
    }
}
