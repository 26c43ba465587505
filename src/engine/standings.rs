//! All top tens to keep, and how those of two days differ.

pub mod moves;

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;

use crate::domain::ids::OdsCode;
use crate::domain::interval::Interval;
use crate::domain::load::TOP;
use crate::domain::programme::{Criterion, Weights};
use crate::domain::standing::{
    Left, Scores, Seen, SiteChange, SiteStanding, Stability, Standing, Stayed, WhyLeft,
};
use crate::engine::columns::{Row, index};
use crate::engine::fit::{PerCriterion, harmonic_mean, weighted_sum};
use crate::engine::snapshot::Snapshot;
use crate::engine::view::{Day, View};

/// Below this two fits are the same: they are shown with six decimals.
const SAME: f64 = 5e-7;

/// Whom to follow beyond the top ten, by seeker.
pub type Followed = BTreeMap<OdsCode, BTreeSet<OdsCode>>;

/// Works out what every active organisation sees on a day: its first ten, and where those stand that are followed. `O(n^2)` in
/// their number.
///
/// The weights are those that the snapshot gives each side: made without the weights that sites saved, all are the programmes'.
#[must_use]
pub fn standing(snapshot: &Snapshot, as_of: NaiveDate, followed: &Followed) -> Vec<SiteStanding> {
    let day = Day::new(snapshot, as_of);
    let rows = (0..snapshot.n_organisations()).map(index);
    rows.map(|row| of_site(&day, row, followed.get(&snapshot.code(row))))
        .collect()
}

fn of_site(day: &Day<'_>, row: Row, followed: Option<&BTreeSet<OdsCode>>) -> SiteStanding {
    let snapshot = day.snapshot;
    let mut site = SiteStanding {
        ods_code: snapshot.code(row),
        region: snapshot.region(row).map(|board| board.name.clone()),
        weights: day.weights(row),
        partners: Vec::new(),
        top: Vec::new(),
        beyond: Vec::new(),
    };
    let Ok(view) = View::new(day, row, None) else {
        // Nothing can be asked of it: it has no list, and may stand in those of others.
        return site;
    };
    let partners = view.specials.iter().filter(|s| s.is_current_partner);
    site.partners = partners.map(|s| snapshot.code(s.row)).collect();
    let (top, _) = view.top(TOP, |_| true);
    site.top = (1..)
        .zip(&top)
        .map(|(rank, r)| seen(&view, r.row, rank))
        .collect();
    let is_in_top = |other| top.iter().any(|ranked| ranked.row == other);
    let may_be_suggested = |other| view.special(other).is_none_or(|s| s.is_suggested);
    let others = followed.into_iter().flatten();
    let others = others
        .filter_map(|&code| snapshot.row(code))
        .filter(|&other| may_be_suggested(other) && !is_in_top(other));
    site.beyond = others
        .map(|other| seen(&view, other, view.rank_of(other, |_| true)))
        .collect();
    site.beyond.sort_by_key(|seen| seen.rank);
    site
}

fn seen(view: &View<'_>, row: Row, rank: u32) -> Seen {
    let found = view.assess(row);
    let expected = |scores: [Option<Interval>; Criterion::COUNT]| {
        scores.map(|score| score.map(Interval::expected))
    };
    Seen {
        candidate: view.day.snapshot.code(row),
        rank,
        mutual_fit: found.mutual_fit.expected(),
        mine: expected(found.forward.scores),
        theirs: expected(found.backward.scores),
    }
}

/// The weights of a side over what applies to it.
fn shares(weights: Weights, scores: &Scores) -> Option<PerCriterion> {
    weights.over(|criterion| scores[criterion.index()].is_some())
}

/// What a side gets of each criterion, and what it is worth to it; `None` where no weighted criterion applies.
fn parts(weights: Weights, scores: &Scores) -> Option<(PerCriterion, f64)> {
    let shares = shares(weights, scores)?;
    let scores = scores.map(|score| score.unwrap_or(0.0));
    let mut parts = shares;
    for (part, score) in parts.iter_mut().zip(scores) {
        *part *= score;
    }
    Some((parts, weighted_sum(&shares, &scores)))
}

/// The two sides of a pair under some weights; a side to which nothing applies sees it with the other's eyes (DESIGN 4.1).
fn sides(seen: &Seen, (mine, theirs): (Weights, Weights)) -> [(PerCriterion, f64); 2] {
    let one = parts(mine, &seen.mine).unwrap_or_default();
    let other = parts(theirs, &seen.theirs).unwrap_or(one);
    [one, other]
}

/// What a pair is worth under some weights.
fn worth(seen: &Seen, weights: (Weights, Weights)) -> f64 {
    let [(_, mine), (_, theirs)] = sides(seen, weights);
    harmonic_mean(mine, theirs)
}

/// The criterion whose share of the mutual fit fell most: what each side lost by it, times how much the mutual fit moves with
/// that side's fit (the derivative of the harmonic mean, `2 q^2 / (p + q)^2` by p), taken where the pair stood before. The first
/// of equals; `None` where none fell.
fn fell_most(
    (before, old): (&Seen, (Weights, Weights)),
    (after, new): (&Seen, (Weights, Weights)),
) -> Option<Criterion> {
    let (then, now) = (sides(before, old), sides(after, new));
    let (p, q) = (then[0].1, then[1].1);
    let slope = |other: f64| {
        let sum = p + q;
        if sum > 0.0 {
            2.0 * (other / sum).powi(2)
        } else {
            0.0
        }
    };
    let fall = |criterion: &Criterion| {
        let at = criterion.index();
        slope(q) * (then[0].0[at] - now[0].0[at]) + slope(p) * (then[1].0[at] - now[1].0[at])
    };
    let mut most: Option<(Criterion, f64)> = None;
    for criterion in Criterion::ALL {
        let fall = fall(criterion);
        if fall > most.map_or(0.0, |(_, most)| most) {
            most = Some((*criterion, fall));
        }
    }
    most.map(|(criterion, _)| criterion)
}

fn is_same(one: Weights, other: Weights) -> bool {
    let differs =
        |a: PerCriterion, b: PerCriterion| a.iter().zip(b).any(|(a, b)| (a - b).abs() > SAME);
    match (one.over(|_| true), other.over(|_| true)) {
        (Some(one), Some(other)) => !differs(one, other),
        (_, _) => true,
    }
}

/// Two standings, looked up by site.
struct Compared<'a> {
    from: BTreeMap<OdsCode, &'a SiteStanding>,
    to: BTreeMap<OdsCode, &'a SiteStanding>,
    is_same_method: bool,
}

impl Compared<'_> {
    /// Why one left, where the pair still has a place: the weights where they took more from it than its scores did.
    fn why(
        &self,
        old: &SiteStanding,
        new: &SiteStanding,
        before: &Seen,
        after: &Seen,
    ) -> (WhyLeft, Option<Criterion>) {
        let theirs = |sites: &BTreeMap<OdsCode, &SiteStanding>, otherwise| {
            sites
                .get(&before.candidate)
                .map_or(otherwise, |site| site.weights)
        };
        let weights_then = (old.weights, theirs(&self.from, old.weights));
        let weights_now = (new.weights, theirs(&self.to, new.weights));
        let by_scores = before.mutual_fit - worth(after, weights_then);
        let by_weights = worth(after, weights_then) - after.mutual_fit;
        let moved = (!is_same(weights_then.0, weights_now.0)
            || !is_same(weights_then.1, weights_now.1))
            && by_weights.abs() > SAME;
        // Whoever would be passed with the fit that it had left because of the others, be it that its own moved a little.
        let is_passed = new.top.len() >= old.top.len()
            && new
                .top
                .last()
                .is_some_and(|last| last.mutual_fit >= before.mutual_fit);
        if moved && (by_scores <= SAME || by_weights > by_scores) {
            (WhyLeft::WeightsChanged, None)
        } else if !is_passed && before.mutual_fit - after.mutual_fit > SAME {
            let fell = fell_most((before, weights_then), (after, weights_now));
            (WhyLeft::FitFell, fell)
        } else {
            (WhyLeft::OthersRose, None)
        }
    }

    fn left(&self, old: &SiteStanding, new: &SiteStanding, before: &Seen) -> Left {
        let mut places = new.top.iter().chain(&new.beyond);
        let after = places.find(|seen| seen.candidate == before.candidate);
        let (why, criterion) = if !self.to.contains_key(&before.candidate) {
            (WhyLeft::ClosedOrMerged, None)
        } else if new.partners.contains(&before.candidate) {
            (WhyLeft::NowPartner, None)
        } else if let Some(after) = after {
            if self.is_same_method {
                self.why(old, new, before, after)
            } else {
                (WhyLeft::MethodChanged, None)
            }
        } else {
            (WhyLeft::NoLongerSuggested, None)
        };
        Left {
            candidate: before.candidate,
            rank_before: before.rank,
            rank_after: after.map(|after| after.rank),
            fit_before: before.mutual_fit,
            fit_after: after.map(|after| after.mutual_fit),
            why,
            criterion,
        }
    }

    fn site(&self, old: &SiteStanding, new: &SiteStanding) -> SiteChange {
        let is_in = |top: &[Seen], code| top.iter().any(|seen| seen.candidate == code);
        let gone = old
            .top
            .iter()
            .filter(|seen| !is_in(&new.top, seen.candidate));
        let left: Vec<Left> = gone.map(|before| self.left(old, new, before)).collect();
        let came = new
            .top
            .iter()
            .filter(|seen| !is_in(&old.top, seen.candidate));
        SiteChange {
            ods_code: old.ods_code,
            region: old.region.clone(),
            n_before: old.top.len(),
            n_stayed: old.top.len() - left.len(),
            left,
            came: came.map(|seen| seen.candidate).collect(),
        }
    }
}

/// Compares an earlier standing with a later one, which has to hold the places of those that stood in the earlier's top tens.
#[must_use]
pub fn stability(from: &Standing, to: &Standing) -> Stability {
    let compared = Compared {
        from: from
            .sites
            .iter()
            .map(|site| (site.ods_code, site))
            .collect(),
        to: to.sites.iter().map(|site| (site.ods_code, site)).collect(),
        is_same_method: from.head.method_version == to.head.method_version,
    };
    let both = compared.from.values().filter(|old| !old.top.is_empty());
    let mut sites: Vec<SiteChange> = both
        .filter_map(|old| Some(compared.site(old, compared.to.get(&old.ods_code)?)))
        .collect();
    let mut by_region: BTreeMap<(bool, Option<String>), Vec<usize>> = BTreeMap::new();
    for site in &sites {
        let region = (site.region.is_none(), site.region.clone());
        by_region.entry(region).or_default().push(site.n_stayed);
    }
    let n_left = |why| {
        let left = sites.iter().flat_map(|site| &site.left);
        left.filter(|left| left.why == why).count()
    };
    let reasons = WhyLeft::ALL.iter().map(|&why| (why, n_left(why))).collect();
    let missing = |here: &BTreeMap<OdsCode, &SiteStanding>,
                   there: &BTreeMap<OdsCode, &SiteStanding>| {
        here.keys().filter(|code| !there.contains_key(code)).count()
    };
    let overall = stayed(sites.iter().map(|site| site.n_stayed).collect());
    sites.sort_by_key(|site| (std::cmp::Reverse(site.left.len()), site.ods_code));
    Stability {
        from: from.head.clone(),
        to: to.head.clone(),
        stayed: overall,
        regions: by_region
            .into_iter()
            .map(|((_, region), counts)| (region, stayed(counts)))
            .collect(),
        reasons,
        sites,
        n_gone: missing(&compared.from, &compared.to),
        n_new: missing(&compared.to, &compared.from),
    }
}

fn stayed(mut counts: Vec<usize>) -> Stayed {
    counts.sort_unstable();
    let n_sites = counts.len();
    let number = |count: usize| f64::from(index(count));
    let mut sites_by_count = [0; TOP + 1];
    for &count in &counts {
        sites_by_count[count.min(TOP)] += 1;
    }
    let sum = number(counts.iter().sum());
    let at = |place: usize| counts.get(place).map(|&count| number(count));
    let upper = at(n_sites / 2);
    let lower = n_sites.checked_sub(1).and_then(|last| at(last / 2));
    Stayed {
        n_sites,
        mean: (n_sites > 0).then(|| sum / number(n_sites)),
        median: lower
            .zip(upper)
            .map(|(lower, upper)| f64::midpoint(lower, upper)),
        sites_by_count,
    }
}

#[cfg(test)]
mod tests;
