//! Rows of partnerships.

use chrono::{DateTime, NaiveDate, NaiveDateTime, SubsecRound as _, Utc};
use diesel::{AsChangeset, Insertable, Queryable};

use crate::domain::error::Result;
use crate::domain::partnership::{GivenTopic, Partnership};
use crate::domain::version::Version;
use crate::storage::connection::Connection;
use crate::storage::failure::Stored;
use crate::storage::schema::partnerships;
use crate::storage::sealed::{self, Place};

/// The table, in the places of sealed texts and in the audit.
const TABLE: &str = "partnerships";

#[derive(Queryable, Insertable, AsChangeset)]
#[diesel(table_name = partnerships, treat_none_as_default_value = false, treat_none_as_null = true)]
pub(in crate::storage) struct PartnershipRow {
    pub(in crate::storage) id: String,
    sequence: i64,
    approach_id: String,
    a_code: String,
    b_code: String,
    state: String,
    started_on: NaiveDate,
    planned_end: Option<NaiveDate>,
    sealed_goals: Option<String>,
    ended_at: Option<NaiveDateTime>,
    ended_by: Option<String>,
    end_reason: Option<String>,
    link_id: Option<String>,
    reminded_at: Option<NaiveDateTime>,
    version: i64,
}

fn time(at: DateTime<Utc>) -> NaiveDateTime {
    at.naive_utc().trunc_subsecs(6)
}

fn goals_place(id: &str) -> Place<'_> {
    Place {
        table: TABLE,
        id,
        column: "goals",
    }
}

impl PartnershipRow {
    pub(in crate::storage) fn new(
        connection: &Connection,
        partnership: &Partnership,
    ) -> Result<Self> {
        let key = [partnership.id.as_str()];
        let row = Stored::new(TABLE, &key);
        let goals = partnership.goals.as_deref();
        Ok(Self {
            id: partnership.id.clone(),
            sequence: partnership.sequence,
            approach_id: partnership.approach_id.clone(),
            a_code: partnership.ends.0.to_string(),
            b_code: partnership.ends.1.to_string(),
            state: partnership.state.to_string(),
            started_on: partnership.started_on,
            planned_end: partnership.planned_end,
            sealed_goals: sealed::hide(connection, goals_place(&partnership.id), goals)?,
            ended_at: partnership.ended_at.map(time),
            ended_by: partnership.ended_by.map(|code| code.to_string()),
            end_reason: partnership.end_reason.map(|reason| reason.to_string()),
            link_id: partnership.link_id.clone(),
            reminded_at: partnership.reminded_at.map(time),
            version: i64::try_from(partnership.version.0).map_err(|fault| row.corrupt(fault))?,
        })
    }

    /// The partnership with its topics, which stand in another table.
    pub(in crate::storage) fn into_domain(
        self,
        connection: &Connection,
        topics: Vec<GivenTopic>,
    ) -> Result<Partnership> {
        let key = [self.id.as_str()];
        let row = Stored::new(TABLE, &key);
        Ok(Partnership {
            sequence: self.sequence,
            approach_id: self.approach_id.clone(),
            ends: (row.parse(&self.a_code)?, row.parse(&self.b_code)?),
            state: row.parse(&self.state)?,
            started_on: self.started_on,
            planned_end: self.planned_end,
            goals: sealed::show(
                connection,
                goals_place(&self.id),
                self.sealed_goals.as_deref(),
            )?,
            topics,
            ended_at: self.ended_at.map(|at| at.and_utc()),
            ended_by: row.parse_some(self.ended_by.as_deref())?,
            end_reason: row.parse_some(self.end_reason.as_deref())?,
            link_id: self.link_id.clone(),
            reminded_at: self.reminded_at.map(|at| at.and_utc()),
            version: u64::try_from(self.version)
                .map(Version)
                .map_err(|fault| row.corrupt(fault))?,
            id: self.id.clone(),
        })
    }
}
