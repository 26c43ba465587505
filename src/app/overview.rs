//! The pipeline, and load and coverage: what the database says of approaches and partnerships beside what the snapshot says
//! of all top tens.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use chrono::{DateTime, Days, NaiveDate, NaiveTime, Utc};

use crate::app::Alongside;
use crate::domain::board::OVER_ASKED;
use crate::domain::error::Result;
use crate::domain::ids::{OdsCode, Slug};
use crate::domain::load::{
    Exposure, GroupLoad, GroupNumbers, LoadReport, SiteExposure, Spread, TOP, suppressed,
    suppressed_table,
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
    /// Those of the database, and where there are too many organisations to work out all top tens.
    pub async fn pipeline(
        &self,
        query: PipelineQuery,
        after: Option<OdsCode>,
        limit: usize,
        (as_of, now): (NaiveDate, DateTime<Utc>),
    ) -> Result<Pipeline> {
        let (exposure, entries) = self
            .pipeline_entries(query.programme.clone(), (as_of, now))
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
        let regions = groups(&entries, |entry| entry.region.as_ref());
        let icbs = groups(&entries, |entry| entry.icb.as_ref());
        Ok(Pipeline {
            revision: exposure.revision,
            as_of,
            items,
            has_more,
            total: count(listed.len()),
            all: stage_counts(entries.iter()),
            by_region: group_stages(regions),
            by_icb: group_stages(icbs),
        })
    }

    /// Every active organisation's place in the pipeline, by code.
    pub(super) async fn pipeline_entries(
        &self,
        programme: Option<Slug>,
        (as_of, now): (NaiveDate, DateTime<Utc>),
    ) -> Result<(Arc<Exposure>, Vec<PipelineEntry>)> {
        let at = moment(as_of, now);
        let read = move |connection: &mut _| standings(connection, programme.as_ref(), at);
        let found = self.storage().read(read).await?;
        let (exposure, _) = self.exposure(as_of).await?;
        let degrees = Degrees::new(&found);
        let entries = exposure
            .sites
            .iter()
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
        let (exposure, snapshot) = self.exposure(as_of).await?;
        let degrees = Degrees::new(&found);
        let spread = |of: &dyn Fn(&SiteExposure) -> u32| {
            let sites = exposure.sites.iter();
            spread(sites.map(|site| (site.ods_code, of(site))).collect())
        };
        let by = |board: fn(&SiteExposure) -> Option<&Arc<Board>>| {
            group_loads(groups(&exposure.sites, board), &degrees)
        };
        Ok(LoadReport {
            in_degree: spread(&|site| site.in_degree),
            load_gini: gini(exposure.sites.iter().map(|site| site.load)),
            open_approaches: spread(&|site| degrees.open_in(site.ods_code)),
            approach_mix: mix(&snapshot, as_of, &found.open),
            partnerships: spread(&|site| degrees.partnerships(site.ods_code)),
            partnership_mix: mix(&snapshot, as_of, &found.partners),
            by_icb: by(|site| site.icb.as_ref()),
            by_region: by(|site| site.region.as_ref()),
            exposure,
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
}

impl Degrees {
    fn new(found: &Standings) -> Self {
        let mut degrees = Self {
            open_in: HashMap::new(),
            open_out: HashMap::new(),
            partnerships: HashMap::new(),
        };
        for &(from, to) in &found.open {
            *degrees.open_out.entry(from).or_default() += 1;
            *degrees.open_in.entry(to).or_default() += 1;
        }
        for code in found.partners.iter().flat_map(|&(a, b)| [a, b]) {
            *degrees.partnerships.entry(code).or_default() += 1;
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
    let sent = found.sent.get(&code).copied().unwrap_or_default();
    let holds = |why: &Why| match why {
        Why::NoFacts => !site.can_ask || site.share_known < FEW_FACTS,
        Why::Paused => found.paused.contains(&code),
        Why::NoPlaces => found.places_of(code) <= partnerships,
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

/// The sizes of groups, where they may be shown.
fn sizes<T>(groups: &Groups<'_, T>) -> Vec<Option<u32>> {
    let sizes: Vec<u32> = groups
        .values()
        .map(|(_, members)| count(members.len()))
        .collect();
    suppressed(&sizes)
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

fn stage_counts<'a>(entries: impl Iterator<Item = &'a PipelineEntry>) -> StageCounts {
    let counts = stages_of(entries);
    let shown = suppressed(&counts);
    StageCounts {
        organisations: suppressed(&[counts.iter().sum()])
            .first()
            .copied()
            .flatten(),
        stages: std::array::from_fn(|at| shown.get(at).copied().flatten()),
    }
}

fn group_stages(groups: Groups<'_, PipelineEntry>) -> Vec<GroupStages> {
    let sizes = sizes(&groups);
    let table: Vec<Vec<u32>> = groups
        .values()
        .map(|(_, members)| stages_of(members.iter().copied()).to_vec())
        .collect();
    let hidden: Vec<bool> = sizes.iter().map(Option::is_none).collect();
    let shown = suppressed_table(&table, &hidden);
    groups
        .into_values()
        .zip(sizes)
        .zip(shown)
        .map(|(((board, _), size), shown)| GroupStages {
            board,
            counts: StageCounts {
                organisations: size,
                stages: std::array::from_fn(|at| shown.get(at).copied().flatten()),
            },
        })
        .collect()
}

fn group_loads(groups: Groups<'_, SiteExposure>, degrees: &Degrees) -> Vec<GroupLoad> {
    let sizes = sizes(&groups);
    groups
        .into_values()
        .zip(sizes)
        .map(|((board, members), size)| GroupLoad {
            board,
            shown: size.map(|n| group_numbers(&members, n, degrees)),
        })
        .collect()
}

fn group_numbers(members: &[&SiteExposure], n: u32, degrees: &Degrees) -> GroupNumbers {
    let mean = |of: &dyn Fn(&SiteExposure) -> f64| {
        members.iter().map(|site| of(site)).sum::<f64>() / f64::from(n)
    };
    let never = count(members.iter().filter(|site| site.in_degree == 0).count());
    GroupNumbers {
        organisations: n,
        mean_in_degree: mean(&|site| f64::from(site.in_degree)),
        mean_load: mean(&|site| site.load),
        never_suggested: suppressed(&[never, n - never]).first().copied().flatten(),
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
