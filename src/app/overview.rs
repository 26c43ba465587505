//! The pipeline, and load and coverage: what the database says of approaches and partnerships beside what the snapshot says
//! of all top tens.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use chrono::{DateTime, Days, NaiveDate, NaiveTime, Utc};

use crate::app::Alongside;
use crate::app::board::REASONS_ARE_ADMINS;
use crate::domain::board::OVER_ASKED;
use crate::domain::caller::Role;
use crate::domain::error::{Error, Result};
use crate::domain::ids::{OdsCode, Slug};
use crate::domain::load::{
    Exposure, GroupLoad, GroupNumbers, LoadReport, SiteExposure, Spread, TOP, suppressed,
    suppressed_cells,
};
use crate::domain::organisation::Board;
use crate::domain::pipeline::{
    FEW_FACTS, GroupStages, Pipeline, PipelineEntry, PipelineQuery, Stage, StageCounts, Why,
};
use crate::engine::exposure::mix;
use crate::engine::load::gini;
use crate::storage::pipeline::{Standings, standings};

/// The moment that stands for a day: now for today, else the end of the day.
fn moment(as_of: NaiveDate, now: DateTime<Utc>) -> DateTime<Utc> {
    if as_of == now.date_naive() {
        return now;
    }
    let next = as_of.checked_add_days(Days::new(1)).unwrap_or(as_of);
    next.and_time(NaiveTime::MIN).and_utc() - chrono::TimeDelta::microseconds(1)
}

impl Alongside {
    /// Returns a page of the pipeline: at most `limit` organisations after a code.
    ///
    /// # Errors
    ///
    /// [`Error::Forbidden`] where a viewer asks who waits after a decline; those of the database, and where there are too many organisations to work out all top tens.
    pub async fn pipeline(
        &self,
        (query, role): (PipelineQuery, Role),
        after: Option<OdsCode>,
        limit: usize,
        (as_of, now): (NaiveDate, DateTime<Utc>),
    ) -> Result<Pipeline> {
        if role == Role::Viewer && query.why == Some(Why::CoolingOff) {
            return Err(Error::Forbidden(REASONS_ARE_ADMINS));
        }
        let (exposure, entries) = self
            .pipeline_entries((query.programme.clone(), role), (as_of, now))
            .await?;
        let listed: Vec<&PipelineEntry> = entries
            .iter()
            .filter(|entry| is_listed(entry, &query))
            .collect();
        let rest = listed
            .iter()
            .filter(|entry| after.is_none_or(|after| entry.ods_code > after));
        let mut items: Vec<PipelineEntry> =
            rest.take(limit + 1).map(|&entry| entry.clone()).collect();
        let has_more = items.len() > limit;
        items.truncate(limit);
        let grouped = Grouped::new(&entries, |entry| {
            (entry.region.as_ref(), entry.icb.as_ref())
        });
        let (all, by_region, by_icb) = group_stages(grouped, &entries);
        Ok(Pipeline {
            revision: exposure.revision,
            as_of,
            items,
            has_more,
            total: count(listed.len()),
            all,
            by_region,
            by_icb,
        })
    }

    /// Every active organisation's place in the pipeline, by code, or every member's; to a caller of this role.
    pub(super) async fn pipeline_entries(
        &self,
        (programme, role): (Option<Slug>, Role),
        (as_of, now): (NaiveDate, DateTime<Utc>),
    ) -> Result<(Arc<Exposure>, Vec<PipelineEntry>)> {
        let at = moment(as_of, now);
        let read = move |connection: &mut _| standings(connection, programme.as_ref(), at);
        let mut found = self.storage().read(read).await?;
        if role == Role::Viewer {
            // Who waits was declined as not a fit, which viewers are not shown (DESIGN 6).
            found.cools_off.clear();
        }
        let (exposure, _) = self.exposure(as_of).await?;
        let degrees = Degrees::new(&found);
        let entries = exposure
            .sites
            .iter()
            .filter(|site| {
                let members = found.members.as_ref();
                members.is_none_or(|members| members.contains(&site.ods_code))
            })
            .map(|site| entry(site, &found, &degrees))
            .collect();
        Ok((exposure, entries))
    }

    /// Returns load and coverage on a day.
    ///
    /// # Errors
    ///
    /// As [`pipeline`](Self::pipeline).
    pub async fn load(&self, as_of: NaiveDate, now: DateTime<Utc>) -> Result<LoadReport> {
        let at = moment(as_of, now);
        let read = move |connection: &mut _| standings(connection, None, at);
        let found = self.storage().read(read).await?;
        // Both of one snapshot, whatever is written meanwhile.
        let (prices, held) = match self.prices(as_of).await {
            Ok((prices, held)) => (Some(prices), held),
            Err(Error::Conflict { .. }) => (None, self.state.held()),
            Err(other) => return Err(other),
        };
        let (exposure, snapshot) = self.exposure_of(held, as_of).await?;
        let degrees = Degrees::new(&found);
        let spread = |of: &dyn Fn(&SiteExposure) -> u32| {
            let sites = exposure.sites.iter();
            spread(sites.map(|site| (site.ods_code, of(site))).collect())
        };
        let grouped = Grouped::new(&exposure.sites, |site| {
            (site.region.as_ref(), site.icb.as_ref())
        });
        let (by_region, by_icb) = group_loads(grouped, &exposure.sites, &degrees);
        Ok(LoadReport {
            in_degree: spread(&|site| site.in_degree),
            load_gini: gini(exposure.sites.iter().map(|site| site.load)),
            open_approaches: spread(&|site| degrees.open_in(site.ods_code)),
            approach_mix: mix(&snapshot, as_of, &found.open),
            partnerships: spread(&|site| degrees.partnerships(site.ods_code)),
            partnership_mix: mix(&snapshot, as_of, &found.partners),
            by_icb,
            by_region,
            exposure,
            prices,
        })
    }
}

fn count(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

/// How often each organisation is on either end.
struct Degrees {
    open_in: HashMap<OdsCode, u32>,
    open_out: HashMap<OdsCode, u32>,
    partnerships: HashMap<OdsCode, u32>,
    /// Those of all programmes.
    partnerships_anywhere: HashMap<OdsCode, u32>,
}

impl Degrees {
    fn new(found: &Standings) -> Self {
        let mut degrees = Self {
            open_in: HashMap::new(),
            open_out: HashMap::new(),
            partnerships: HashMap::new(),
            partnerships_anywhere: HashMap::new(),
        };
        for &(from, to) in &found.open {
            *degrees.open_out.entry(from).or_default() += 1;
            *degrees.open_in.entry(to).or_default() += 1;
        }
        for code in found.partners.iter().flat_map(|&(a, b)| [a, b]) {
            *degrees.partnerships.entry(code).or_default() += 1;
        }
        for code in found.partners_anywhere.iter().flat_map(|&(a, b)| [a, b]) {
            *degrees.partnerships_anywhere.entry(code).or_default() += 1;
        }
        degrees
    }

    fn open_in(&self, code: OdsCode) -> u32 {
        self.open_in.get(&code).copied().unwrap_or_default()
    }

    fn open_out(&self, code: OdsCode) -> u32 {
        self.open_out.get(&code).copied().unwrap_or_default()
    }

    fn partnerships(&self, code: OdsCode) -> u32 {
        self.partnerships.get(&code).copied().unwrap_or_default()
    }
}

fn entry(site: &SiteExposure, found: &Standings, degrees: &Degrees) -> PipelineEntry {
    let code = site.ods_code;
    let (open_in, open_out) = (degrees.open_in(code), degrees.open_out(code));
    let partnerships = degrees.partnerships(code);
    let stage = if partnerships > 0 {
        Stage::Partnered
    } else if found.talks.contains(&code) {
        Stage::InConversation
    } else if open_out > 0 {
        Stage::Approached
    } else if open_in > 0 {
        Stage::Asked
    } else {
        Stage::None
    };
    let taken = degrees.partnerships_anywhere.get(&code);
    let taken = taken.copied().unwrap_or_default();
    let sent = found.sent.get(&code).copied().unwrap_or_default();
    let holds = |why: &Why| match why {
        Why::NoFacts => !site.can_ask || site.share_known < FEW_FACTS,
        Why::Paused => found.paused.contains(&code),
        Why::NoPlaces => found.places_of(code) <= taken,
        Why::DeclinedAll => sent.total > 0 && sent.declined == sent.total,
        Why::NeverAsked => sent.total == 0,
        Why::NeverSuggested => site.in_degree == 0,
        Why::CoolingOff => found.cools_off.contains(&code),
    };
    let why = if stage == Stage::Partnered {
        Vec::new()
    } else {
        Why::ALL.iter().copied().filter(holds).collect()
    };
    PipelineEntry {
        ods_code: code,
        name: site.name.clone(),
        icb: site.icb.clone(),
        region: site.region.clone(),
        stage,
        why,
        is_stalled: found.stalled.contains(&code),
        is_over_asked: open_in >= OVER_ASKED,
        open_in,
        open_out,
        partnerships,
        in_degree: site.in_degree,
    }
}

fn is_listed(entry: &PipelineEntry, query: &PipelineQuery) -> bool {
    let is_in = |board: &Option<Arc<Board>>, asked: &Option<crate::domain::ids::BoardCode>| {
        asked
            .as_ref()
            .is_none_or(|code| board.as_ref().is_some_and(|board| board.code == *code))
    };
    query.stage.is_none_or(|stage| entry.stage == stage)
        && query.why.is_none_or(|why| entry.why.contains(&why))
        && is_in(&entry.region, &query.region)
        && is_in(&entry.icb, &query.icb)
}

/// The members of each board by its code; those without one first.
type Groups<'a, T> = BTreeMap<Option<String>, (Option<Arc<Board>>, Vec<&'a T>)>;

fn groups<T>(all: &[T], board: impl Fn(&T) -> Option<&Arc<Board>>) -> Groups<'_, T> {
    let mut groups: Groups<'_, T> = BTreeMap::new();
    for one in all {
        let of = board(one);
        let key = of.map(|board| board.code.to_string());
        let group = groups
            .entry(key)
            .or_insert_with(|| (of.cloned(), Vec::new()));
        group.1.push(one);
    }
    groups
}

/// The same things by NHS region and by integrated care board: two tables whose numbers add up to each other.
struct Grouped<'a, T> {
    regions: Groups<'a, T>,
    icbs: Groups<'a, T>,
    /// For each region, the places of its boards among all groups, regions first.
    parts: Vec<Vec<usize>>,
}

impl<'a, T> Grouped<'a, T> {
    fn new(
        all: &'a [T],
        boards: impl Fn(&T) -> (Option<&Arc<Board>>, Option<&Arc<Board>>),
    ) -> Self {
        let regions = groups(all, |one| boards(one).0);
        let icbs = groups(all, |one| boards(one).1);
        let parts = regions.values().map(|(region, _)| {
            let is_in =
                |one: &&T| boards(one).0.map(|b| &b.code) == region.as_ref().map(|b| &b.code);
            let places = (regions.len()..).zip(icbs.values());
            places
                .filter(|(_, (_, members))| members.iter().any(is_in))
                .map(|(place, _)| place)
                .collect()
        });
        let parts = parts.collect();
        Self {
            regions,
            icbs,
            parts,
        }
    }

    /// Every group's members, regions first.
    fn members(&self) -> impl Iterator<Item = &Vec<&'a T>> {
        let all = self.regions.values().chain(self.icbs.values());
        all.map(|(_, members)| members)
    }

    /// Which groups add up to a whole that may be shown: all regions, all boards, and each region with its boards.
    fn sums(&self) -> Vec<Vec<usize>> {
        let n_regions = self.regions.len();
        let n = n_regions + self.icbs.len();
        let of_regions = self.parts.iter().enumerate();
        let of_regions = of_regions.map(|(region, parts)| {
            let mut sum = vec![region];
            sum.extend(parts);
            sum
        });
        let wholes = [(0..n_regions).collect(), (n_regions..n).collect()];
        wholes.into_iter().chain(of_regions).collect()
    }

    /// The sizes of the groups, where they may be shown, and last that of the whole.
    fn sizes(&self, whole: usize) -> Vec<Option<u32>> {
        let sizes: Vec<u32> = self.members().map(|members| count(members.len())).collect();
        let mut shown = suppressed_cells(&sizes, &vec![false; sizes.len()], &self.sums());
        shown.extend(suppressed(&[count(whole)]));
        shown
    }

    /// What may be shown of counts that add up to the size of each group, and last of those of the whole.
    fn shown<const N: usize>(
        &self,
        sizes: &[Option<u32>],
        whole: [u32; N],
        counts: impl Fn(&[&'a T]) -> [u32; N],
    ) -> Vec<[Option<u32>; N]> {
        let groups = self.members().flat_map(|members| counts(members));
        let cells: Vec<u32> = groups.chain(whole).collect();
        let hidden: Vec<bool> = sizes.iter().flat_map(|size| [size.is_none(); N]).collect();
        let shown_rows = (0..sizes.len()).filter(|&group| sizes[group].is_some());
        let rows = shown_rows.map(|group| (group * N..(group + 1) * N).collect());
        let mut sums = self.sums();
        // As if the whole were known, and so that it cannot be worked out where it is hidden.
        for sum in [0, 1] {
            let with_whole = sums[sum].iter().copied().chain([sizes.len() - 1]);
            sums.push(with_whole.collect());
        }
        let columns = sums.iter().flat_map(|sum| {
            (0..N).map(move |column| sum.iter().map(|group| group * N + column).collect())
        });
        let lines: Vec<Vec<usize>> = rows.chain(columns).collect();
        let shown = suppressed_cells(&cells, &hidden, &lines);
        let groups = shown.chunks(N);
        groups
            .map(|row| std::array::from_fn(|at| row.get(at).copied().flatten()))
            .collect()
    }

    /// The boards of the groups, of the regions and of the integrated care boards.
    fn into_groups(self) -> (Groups<'a, T>, Groups<'a, T>) {
        (self.regions, self.icbs)
    }
}

/// How many organisations are in each stage.
fn stages_of<'a>(entries: impl Iterator<Item = &'a PipelineEntry>) -> [u32; Stage::ALL.len()] {
    let mut counts = [0_u32; Stage::ALL.len()];
    for entry in entries {
        let at = Stage::ALL.iter().position(|&stage| stage == entry.stage);
        if let Some(of) = at.and_then(|at| counts.get_mut(at)) {
            *of += 1;
        }
    }
    counts
}

fn group_stages(
    grouped: Grouped<'_, PipelineEntry>,
    all: &[PipelineEntry],
) -> (StageCounts, Vec<GroupStages>, Vec<GroupStages>) {
    let sizes = grouped.sizes(all.len());
    let whole = stages_of(all.iter());
    let shown = grouped.shown(&sizes, whole, |members| stages_of(members.iter().copied()));
    let whole = StageCounts {
        organisations: sizes.last().copied().flatten(),
        stages: shown.last().copied().unwrap_or_default(),
    };
    let mut counts = sizes.into_iter().zip(shown);
    let (regions, icbs) = grouped.into_groups();
    let mut of = |groups: Groups<'_, PipelineEntry>| {
        let zipped = groups.into_values().zip(counts.by_ref());
        let groups = zipped.map(|((board, _), (organisations, stages))| GroupStages {
            board,
            counts: StageCounts {
                organisations,
                stages,
            },
        });
        groups.collect()
    };
    (whole, of(regions), of(icbs))
}

fn group_loads(
    grouped: Grouped<'_, SiteExposure>,
    all: &[SiteExposure],
    degrees: &Degrees,
) -> (Vec<GroupLoad>, Vec<GroupLoad>) {
    let split = |n: usize, never: usize| [count(never), count(n - never)];
    let is_never = |site: &&SiteExposure| site.in_degree == 0;
    let sizes = grouped.sizes(all.len());
    let whole = split(all.len(), all.iter().filter(is_never).count());
    let shown = grouped.shown(&sizes, whole, |members| {
        let never = members.iter().copied().filter(is_never);
        split(members.len(), never.count())
    });
    let mut counts = sizes.into_iter().zip(shown);
    let (regions, icbs) = grouped.into_groups();
    let mut of = |groups: Groups<'_, SiteExposure>| {
        let zipped = groups.into_values().zip(counts.by_ref());
        let groups = zipped.map(|((board, members), (size, [never, _]))| GroupLoad {
            board,
            shown: size.map(|n| group_numbers(&members, (n, never), degrees)),
        });
        groups.collect()
    };
    (of(regions), of(icbs))
}

fn group_numbers(
    members: &[&SiteExposure],
    (n, never_suggested): (u32, Option<u32>),
    degrees: &Degrees,
) -> GroupNumbers {
    let mean = |of: &dyn Fn(&SiteExposure) -> f64| {
        members.iter().map(|site| of(site)).sum::<f64>() / f64::from(n)
    };
    GroupNumbers {
        organisations: n,
        mean_in_degree: mean(&|site| f64::from(site.in_degree)),
        mean_load: mean(&|site| site.load),
        never_suggested,
        mean_open_approaches: mean(&|site| f64::from(degrees.open_in(site.ods_code))),
        mean_partnerships: mean(&|site| f64::from(degrees.partnerships(site.ods_code))),
    }
}

/// How a count is spread over organisations, given by code.
fn spread(counts: Vec<(OdsCode, u32)>) -> Spread {
    let mut distribution: BTreeMap<u32, u32> = BTreeMap::new();
    for (_, n) in &counts {
        *distribution.entry(*n).or_default() += 1;
    }
    let total: u32 = counts.iter().map(|(_, n)| n).sum();
    let mut most: Vec<(OdsCode, u32)> = counts.iter().copied().filter(|(_, n)| *n > 0).collect();
    most.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(&b.0)));
    most.truncate(TOP);
    let n = counts.len();
    Spread {
        total,
        max: counts.iter().map(|(_, n)| *n).max().unwrap_or_default(),
        mean: (n > 0).then(|| f64::from(total) / f64::from(count(n))),
        gini: gini(counts.iter().map(|(_, n)| f64::from(*n))),
        distribution: distribution.into_iter().collect(),
        most,
    }
}
