//! How far the top tens of some sites move from one standing to another of the same sites.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;

use super::stayed;
use crate::domain::ids::{OdsCode, Slug};
use crate::domain::model::ListChange;
use crate::domain::standing::{SiteStanding, Standing};
use crate::engine::columns::index;
use crate::engine::snapshot::Snapshot;
use crate::engine::view::Day;

/// What became of one list.
struct Moved<'a> {
    region: Option<&'a str>,
    n_before: usize,
    n_stayed: usize,
    /// By how many places each moved that has a place in both.
    places: Vec<u32>,
}

/// Returns who is in a programme on a day: those whose side of a pair has its weights unless they saved their own.
#[must_use]
pub fn sites_of(snapshot: &Snapshot, as_of: NaiveDate, programme: &Slug) -> BTreeSet<OdsCode> {
    let day = Day::new(snapshot, as_of);
    let rows = (0..snapshot.n_organisations()).map(index);
    rows.filter(|&row| day.programme(row).slug == *programme)
        .map(|row| snapshot.code(row))
        .collect()
}

/// Returns how the top tens of `sites` change from one standing to another, which has to hold the places of those that stood in
/// the former's: over all of them, and by region, those without one last. A site without a list counts for nothing.
#[must_use]
pub fn moves(
    from: &Standing,
    to: &Standing,
    sites: &BTreeSet<OdsCode>,
) -> (ListChange, Vec<(Option<String>, ListChange)>) {
    let later: BTreeMap<OdsCode, &SiteStanding> =
        to.sites.iter().map(|site| (site.ods_code, site)).collect();
    let lists = from.sites.iter().filter(|site| !site.top.is_empty());
    let found: Vec<Moved<'_>> = lists
        .filter(|site| sites.contains(&site.ods_code))
        .filter_map(|old| Some(moved(old, later.get(&old.ods_code)?)))
        .collect();
    let mut by_region: BTreeMap<(bool, Option<&str>), Vec<&Moved<'_>>> = BTreeMap::new();
    for site in &found {
        let region = (site.region.is_none(), site.region);
        by_region.entry(region).or_default().push(site);
    }
    let regions = by_region
        .into_iter()
        .map(|((_, region), sites)| (region.map(str::to_owned), change(&sites)));
    (change(&found.iter().collect::<Vec<_>>()), regions.collect())
}

fn moved<'a>(old: &'a SiteStanding, new: &SiteStanding) -> Moved<'a> {
    let in_top: BTreeSet<OdsCode> = new.top.iter().map(|seen| seen.candidate).collect();
    let all = new.top.iter().chain(&new.beyond);
    let ranks: BTreeMap<OdsCode, u32> = all.map(|seen| (seen.candidate, seen.rank)).collect();
    let place = |seen: &crate::domain::standing::Seen| {
        let now = ranks.get(&seen.candidate)?;
        Some(now.abs_diff(seen.rank))
    };
    Moved {
        region: old.region.as_deref(),
        n_before: old.top.len(),
        n_stayed: old
            .top
            .iter()
            .filter(|seen| in_top.contains(&seen.candidate))
            .count(),
        places: old.top.iter().filter_map(place).collect(),
    }
}

fn change(sites: &[&Moved<'_>]) -> ListChange {
    let total = |of: fn(&Moved<'_>) -> usize| -> usize { sites.iter().map(|site| of(site)).sum() };
    let n_before = total(|site| site.n_before);
    let n_stayed = total(|site| site.n_stayed);
    let n_places = total(|site| site.places.len());
    let sum: f64 = sites
        .iter()
        .flat_map(|site| &site.places)
        .map(|&places| f64::from(places))
        .sum();
    ListChange {
        stayed: stayed(sites.iter().map(|site| site.n_stayed).collect()),
        share_staying: (n_before > 0).then(|| n_stayed as f64 / n_before as f64),
        mean_change_of_place: (n_places > 0).then(|| sum / n_places as f64),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::Revision;
    use crate::domain::programme::Weights;
    use crate::domain::standing::{Seen, StandingHead};

    fn code(text: &str) -> OdsCode {
        OdsCode::new(text).unwrap()
    }

    fn seen(candidate: &str, rank: u32) -> Seen {
        Seen {
            candidate: code(candidate),
            rank,
            mutual_fit: 0.5,
            mine: [None; 6],
            theirs: [None; 6],
        }
    }

    fn site(of: &str, region: Option<&str>, top: &[&str], beyond: &[(&str, u32)]) -> SiteStanding {
        SiteStanding {
            ods_code: code(of),
            region: region.map(str::to_owned),
            weights: Weights::EQUAL,
            partners: Vec::new(),
            top: (1..).zip(top).map(|(rank, c)| seen(c, rank)).collect(),
            beyond: beyond.iter().map(|&(c, rank)| seen(c, rank)).collect(),
        }
    }

    fn standing(sites: Vec<SiteStanding>) -> Standing {
        Standing {
            head: StandingHead {
                id: None,
                sequence: 0,
                revision: Revision(1),
                method_version: "1".to_owned(),
                as_of: "2026-11-22".parse().unwrap(),
                n_sites: sites.len(),
                kept: None,
            },
            sites,
        }
    }

    #[test]
    fn who_stays_and_by_how_many_places_is_counted_over_the_sites_asked_for() {
        let from = standing(vec![
            site("AAA", Some("North"), &["BBB", "CCC"], &[]),
            site("BBB", None, &["AAA", "CCC"], &[]),
            site("CCC", Some("North"), &["AAA"], &[]),
            site("DDD", Some("North"), &[], &[]),
        ]);
        let to = standing(vec![
            site("AAA", Some("North"), &["CCC", "DDD"], &[("BBB", 5)]),
            site("BBB", None, &["AAA", "CCC"], &[]),
            site("CCC", Some("North"), &["BBB"], &[("AAA", 12)]),
            site("DDD", Some("North"), &["AAA"], &[]),
        ]);
        let all = ["AAA", "BBB", "DDD"].map(code).into();
        let (overall, regions) = moves(&from, &to, &all);
        assert_eq!(overall.stayed.n_sites, 2);
        assert_eq!(overall.share_staying, Some(0.75));
        // BBB from 1 to 5, CCC from 2 to 1, and two that stay where they are.
        assert_eq!(overall.mean_change_of_place, Some(1.25));
        let names: Vec<Option<&str>> = regions.iter().map(|(name, _)| name.as_deref()).collect();
        assert_eq!(names, [Some("North"), None]);
        assert_eq!(regions[0].1.share_staying, Some(0.5));
        assert_eq!(regions[1].1.mean_change_of_place, Some(0.0));
        let (nobody, none) = moves(&from, &to, &BTreeSet::new());
        assert_eq!(
            (nobody.share_staying, nobody.mean_change_of_place),
            (None, None)
        );
        assert_eq!(none, []);
    }
}
