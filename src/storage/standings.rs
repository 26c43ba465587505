//! Standings: the top tens of all sites as they stood once.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{NaiveDate, NaiveDateTime};
use diesel::{
    ExpressionMethods as _, Insertable, OptionalExtension as _, QueryDsl as _, Queryable,
    RunQueryDsl as _,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::domain::error::{Error, Result};
use crate::domain::ids::{OdsCode, Revision};
use crate::domain::programme::{Criterion, Weights};
use crate::domain::standing::{MAX_KEPT, Scores, Seen, SiteStanding, Standing, StandingHead};
use crate::domain::version::{Expected, Version};
use crate::storage::connection::{Connection, each_backend};
use crate::storage::failure::{Stored, failed};
use crate::storage::schema::{standing_sites, standings};

/// The kind of these things in the audit.
pub const KIND: &str = "standings";

/// A standing never changes, so it has but one version.
pub const VERSION: Version = Version(1);

/// The most rows in one statement, of three values each.
const MAX_ROWS: usize = 500;

#[derive(Queryable, Insertable)]
#[diesel(table_name = standings)]
struct HeadRow {
    id: String,
    sequence: i64,
    revision: i64,
    method_version: String,
    as_of: NaiveDate,
    n_sites: i64,
    kept_at: NaiveDateTime,
    kept_by: String,
}

impl HeadRow {
    fn into_domain(self) -> Result<StandingHead> {
        let key = [self.id.as_str()];
        let row = Stored::new("standings", &key);
        let revision = u64::try_from(self.revision).map_err(|fault| row.corrupt(fault))?;
        let n_sites = usize::try_from(self.n_sites).map_err(|fault| row.corrupt(fault))?;
        Ok(StandingHead {
            sequence: self.sequence,
            revision: Revision(revision),
            method_version: self.method_version,
            as_of: self.as_of,
            n_sites,
            kept: Some((self.kept_at.and_utc(), self.kept_by)),
            id: Some(self.id),
        })
    }
}

#[derive(Insertable)]
#[diesel(table_name = standing_sites)]
struct SiteRow {
    standing_id: String,
    ods_code: String,
    ranking: String,
}

/// A site's list as it is kept.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Ranking {
    region: Option<String>,
    weights: [f64; Criterion::COUNT],
    partners: Vec<String>,
    top: Vec<Place>,
    beyond: Vec<Place>,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Place {
    candidate: String,
    rank: u32,
    fit: f64,
    mine: Scores,
    theirs: Scores,
}

impl Place {
    fn new(seen: &Seen) -> Self {
        Self {
            candidate: seen.candidate.to_string(),
            rank: seen.rank,
            fit: seen.mutual_fit,
            mine: seen.mine,
            theirs: seen.theirs,
        }
    }

    fn into_domain(self, row: &Stored<'_>) -> Result<Seen> {
        Ok(Seen {
            candidate: row.parse(&self.candidate)?,
            rank: self.rank,
            mutual_fit: self.fit,
            mine: self.mine,
            theirs: self.theirs,
        })
    }
}

impl Ranking {
    fn new(site: &SiteStanding) -> Self {
        let mut weights = [0.0; Criterion::COUNT];
        for &criterion in Criterion::ALL {
            weights[criterion.index()] = site.weights.of(criterion);
        }
        Self {
            region: site.region.clone(),
            weights,
            partners: site.partners.iter().map(ToString::to_string).collect(),
            top: site.top.iter().map(Place::new).collect(),
            beyond: site.beyond.iter().map(Place::new).collect(),
        }
    }
}

fn site_of(standing: &str, code: &str, text: &str) -> Result<SiteStanding> {
    let key = [standing, code];
    let row = Stored::new("standing_sites", &key);
    let kept: Ranking = serde_json::from_str(text).map_err(|fault| row.corrupt(fault))?;
    let places = |places: Vec<Place>| -> Result<Vec<Seen>> {
        places
            .into_iter()
            .map(|place| place.into_domain(&row))
            .collect()
    };
    let partners = kept.partners.iter().map(|code| row.parse(code));
    Ok(SiteStanding {
        ods_code: row.parse(code)?,
        region: kept.region,
        weights: Weights::new(kept.weights).map_err(|fault| row.corrupt(fault))?,
        partners: partners.collect::<Result<_>>()?,
        top: places(kept.top)?,
        beyond: places(kept.beyond)?,
    })
}

/// Returns the standings without their lists, the newest first: at most [`MAX_KEPT`].
///
/// # Errors
///
/// [`Error::Unavailable`] or [`Error::Internal`] where they cannot be read.
pub fn all(connection: &mut Connection) -> Result<Vec<StandingHead>> {
    let rows: Vec<HeadRow> = standings::table
        .order(standings::sequence.desc())
        .load(&mut connection.database)
        .map_err(failed("listing the standings"))?;
    rows.into_iter().map(HeadRow::into_domain).collect()
}

/// Returns a standing without its lists.
///
/// # Errors
///
/// [`Error::Missing`] where there is none of this id; those of [`all`].
pub fn head(connection: &mut Connection, id: &str) -> Result<StandingHead> {
    let row: Option<HeadRow> = standings::table
        .find(id)
        .first(&mut connection.database)
        .optional()
        .map_err(failed("reading a standing"))?;
    let missing = || Error::Missing {
        what: "standing",
        id: id.to_owned(),
    };
    row.ok_or_else(missing)?.into_domain()
}

/// Returns a standing with its lists.
///
/// # Errors
///
/// As [`head`].
pub fn find(connection: &mut Connection, id: &str) -> Result<Standing> {
    let head = head(connection, id)?;
    let rows: Vec<(String, String)> = standing_sites::table
        .filter(standing_sites::standing_id.eq(id))
        .select((standing_sites::ods_code, standing_sites::ranking))
        .load(&mut connection.database)
        .map_err(failed("reading the lists of a standing"))?;
    let sites = rows.iter().map(|(code, text)| site_of(id, code, text));
    let mut sites: Vec<SiteStanding> = sites.collect::<Result<_>>()?;
    // By code in the order of its bytes, whatever the database sorts by.
    sites.sort_by_key(|site| site.ods_code);
    Ok(Standing { head, sites })
}

/// Returns who stood in the top tens of the kept standings, by seeker.
///
/// # Errors
///
/// Those of [`all`].
pub fn followed(connection: &mut Connection) -> Result<BTreeMap<OdsCode, BTreeSet<OdsCode>>> {
    let mut followed: BTreeMap<OdsCode, BTreeSet<OdsCode>> = BTreeMap::new();
    for head in all(connection)? {
        // One at a time: together they may be large.
        for site in find(connection, &head.id.unwrap_or_default())?.sites {
            let of_site = followed.entry(site.ods_code).or_default();
            of_site.extend(site.top.iter().map(|seen| seen.candidate));
        }
    }
    Ok(followed)
}

/// Sees to it that one more may be kept, before anything is worked out.
///
/// # Errors
///
/// [`Error::Conflict`] where [`MAX_KEPT`] are kept already; those of [`all`].
pub fn check_room(connection: &mut Connection) -> Result<()> {
    room_among(&all(connection)?)
}

fn room_among(known: &[StandingHead]) -> Result<()> {
    if known.len() < MAX_KEPT {
        return Ok(());
    }
    Err(Error::Conflict {
        rule: "/problems/too-many-standings",
        detail: format!("There are {MAX_KEPT} standings already; remove one first."),
    })
}

/// Keeps a standing at the end of the order in which they were kept, whatever its `sequence` says, and returns its head.
///
/// # Errors
///
/// [`Error::Conflict`] where [`MAX_KEPT`] are kept already; [`Error::Internal`] where its head has no id; those of [`all`].
pub fn add(connection: &mut Connection, standing: &Standing) -> Result<StandingHead> {
    let known = all(connection)?;
    room_among(&known)?;
    let (Some(id), Some((at, by))) = (&standing.head.id, &standing.head.kept) else {
        return Err(Error::Internal(
            "keeping a standing",
            "it is the present".into(),
        ));
    };
    let sequence = known.first().map_or(0, |head| head.sequence) + 1;
    let number = |number: u64| {
        i64::try_from(number).map_err(|fault| Error::Internal("keeping a standing", fault.into()))
    };
    let row = HeadRow {
        id: id.clone(),
        sequence,
        revision: number(standing.head.revision.0)?,
        method_version: standing.head.method_version.clone(),
        as_of: standing.head.as_of,
        n_sites: number(standing.sites.len() as u64)?,
        kept_at: at.naive_utc(),
        kept_by: by.clone(),
    };
    each_backend!(connection, c => diesel::insert_into(standings::table).values(row).execute(c))
        .map_err(failed("keeping a standing"))?;
    for sites in standing.sites.chunks(MAX_ROWS) {
        let rows = sites.iter().map(|site| site_row(id, site));
        let rows: Vec<SiteRow> = rows.collect::<Result<_>>()?;
        each_backend!(connection, c => diesel::insert_into(standing_sites::table).values(rows).execute(c))
            .map_err(failed("keeping the lists of a standing"))?;
    }
    Ok(StandingHead {
        sequence,
        n_sites: standing.sites.len(),
        ..standing.head.clone()
    })
}

fn site_row(id: &str, site: &SiteStanding) -> Result<SiteRow> {
    let ranking = serde_json::to_string(&Ranking::new(site))
        .map_err(|fault| Error::Internal("writing the list of a standing", fault.into()))?;
    Ok(SiteRow {
        standing_id: id.to_owned(),
        ods_code: site.ods_code.to_string(),
        ranking,
    })
}

/// Removes a standing with its lists, and returns its head.
///
/// # Errors
///
/// [`Error::Stale`] where it is of another version than expected; those of [`head`].
pub fn remove(connection: &mut Connection, id: &str, expected: &Expected) -> Result<StandingHead> {
    let before = head(connection, id)?;
    if !expected.allows(VERSION) {
        return Err(Error::Stale);
    }
    diesel::delete(standings::table.find(id))
        .execute(&mut connection.database)
        .map_err(failed("removing a standing"))?;
    Ok(before)
}

/// A standing as the audit keeps it: without its lists.
#[must_use]
pub fn json_of(head: &StandingHead) -> Value {
    json!({
        "revision": head.revision.0,
        "methodVersion": head.method_version,
        "asOf": head.as_of.to_string(),
        "siteCount": head.n_sites,
    })
}
