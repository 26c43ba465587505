//! Rows of approaches.

use chrono::{DateTime, NaiveDate, NaiveDateTime, SubsecRound as _, Utc};
use diesel::{AsChangeset, Insertable, Queryable};
use serde_json::{Value, json};

use crate::domain::approach::{Approach, ProposedTopics, Seen, SeenCriterion, SeenFit};
use crate::domain::error::Result;
use crate::domain::ids::Revision;
use crate::domain::interval::Interval;
use crate::domain::version::Version;
use crate::storage::connection::Connection;
use crate::storage::failure::Stored;
use crate::storage::schema::approaches;
use crate::storage::sealed::{self, Place};

/// The table, in the places of sealed texts and in the audit.
const TABLE: &str = "approaches";

#[derive(Queryable, Insertable, AsChangeset)]
#[diesel(table_name = approaches, treat_none_as_default_value = false, treat_none_as_null = true)]
pub(in crate::storage) struct ApproachRow {
    pub(in crate::storage) id: String,
    sequence: i64,
    from_code: String,
    to_code: String,
    a_code: String,
    b_code: String,
    kind: String,
    state: String,
    sealed_message: Option<String>,
    proposed_start: Option<NaiveDate>,
    proposed_end: Option<NaiveDate>,
    renews: Option<String>,
    programme: Option<String>,
    sent_at: NaiveDateTime,
    expires_at: NaiveDateTime,
    answered_at: Option<NaiveDateTime>,
    reason: Option<String>,
    reminded_at: Option<NaiveDateTime>,
    seen: Option<String>,
    fit_low: Option<f64>,
    fit_expected: Option<f64>,
    fit_high: Option<f64>,
    from_fit: Option<f64>,
    to_fit: Option<f64>,
    coverage: Option<f64>,
    distance_km: Option<f64>,
    version: i64,
}

fn time(at: DateTime<Utc>) -> NaiveDateTime {
    at.naive_utc().trunc_subsecs(6)
}

fn message_place(id: &str) -> Place<'_> {
    Place {
        table: TABLE,
        id,
        column: "message",
    }
}

impl ApproachRow {
    pub(in crate::storage) fn new(connection: &Connection, approach: &Approach) -> Result<Self> {
        let key = [approach.id.as_str()];
        let row = Stored::new(TABLE, &key);
        let (a, b) = approach.pair();
        let seen = approach.seen.as_ref();
        let programme = seen.map(|seen| &seen.programme);
        Ok(Self {
            id: approach.id.clone(),
            sequence: approach.sequence,
            from_code: approach.from.to_string(),
            to_code: approach.to.to_string(),
            a_code: a.to_string(),
            b_code: b.to_string(),
            kind: approach.kind.to_string(),
            state: approach.state.to_string(),
            sealed_message: sealed::hide(
                connection,
                message_place(&approach.id),
                approach.message.as_deref(),
            )?,
            proposed_start: approach.proposed_start,
            proposed_end: approach.proposed_end,
            renews: approach.renews.clone(),
            programme: approach.programme.as_ref().map(ToString::to_string),
            sent_at: time(approach.sent_at),
            expires_at: time(approach.expires_at),
            answered_at: approach.answered_at.map(time),
            reason: approach.reason.map(|reason| reason.to_string()),
            reminded_at: approach.reminded_at.map(time),
            seen: seen.map(|seen| seen_json(seen).to_string()),
            fit_low: programme.map(|fit| fit.mutual_fit.low()),
            fit_expected: programme.map(|fit| fit.mutual_fit.expected()),
            fit_high: programme.map(|fit| fit.mutual_fit.high()),
            from_fit: programme.map(|fit| fit.from_fit.expected()),
            to_fit: programme.map(|fit| fit.to_fit.expected()),
            coverage: programme.map(|fit| fit.coverage),
            distance_km: seen.and_then(|seen| seen.distance_km),
            version: i64::try_from(approach.version.0).map_err(|fault| row.corrupt(fault))?,
        })
    }

    /// The approach with its topics, which stand in another table.
    pub(in crate::storage) fn into_domain(
        self,
        connection: &Connection,
        topics: ProposedTopics,
    ) -> Result<Approach> {
        let key = [self.id.as_str()];
        let row = Stored::new(TABLE, &key);
        let message = sealed::show(
            connection,
            message_place(&self.id),
            self.sealed_message.as_deref(),
        )?;
        let seen = self
            .seen
            .as_deref()
            .map(|text| read_seen(&row, text))
            .transpose()?;
        Ok(Approach {
            sequence: self.sequence,
            from: row.parse(&self.from_code)?,
            to: row.parse(&self.to_code)?,
            kind: row.parse(&self.kind)?,
            state: row.parse(&self.state)?,
            message,
            topics,
            proposed_start: self.proposed_start,
            proposed_end: self.proposed_end,
            programme: row.parse_some(self.programme.as_deref())?,
            sent_at: self.sent_at.and_utc(),
            expires_at: self.expires_at.and_utc(),
            answered_at: self.answered_at.map(|at| at.and_utc()),
            reason: row.parse_some(self.reason.as_deref())?,
            reminded_at: self.reminded_at.map(|at| at.and_utc()),
            seen,
            version: u64::try_from(self.version)
                .map(Version)
                .map_err(|fault| row.corrupt(fault))?,
            renews: self.renews.clone(),
            id: self.id.clone(),
        })
    }
}

fn interval_json(interval: Interval) -> Value {
    json!([interval.low(), interval.expected(), interval.high()])
}

fn fit_json(fit: &SeenFit) -> Value {
    let criteria: Vec<Value> = fit
        .criteria
        .iter()
        .map(|c| {
            json!({
                "criterion": c.criterion.as_str(),
                "weight": c.weight,
                "score": interval_json(c.score),
            })
        })
        .collect();
    json!({
        "mutualFit": interval_json(fit.mutual_fit),
        "fromFit": interval_json(fit.from_fit),
        "toFit": interval_json(fit.to_fit),
        "coverage": fit.coverage,
        "criteria": criteria,
    })
}

fn seen_json(seen: &Seen) -> Value {
    json!({
        "revision": seen.revision.0,
        "asOf": seen.as_of.to_string(),
        "methodVersion": seen.method_version,
        "weightsFrom": seen.weights_from.as_str(),
        "site": fit_json(&seen.site),
        "programme": fit_json(&seen.programme),
        "distanceKm": seen.distance_km,
    })
}

pub(in crate::storage) fn read_seen(row: &Stored<'_>, text: &str) -> Result<Seen> {
    let value: Value = serde_json::from_str(text).map_err(|fault| row.corrupt(fault))?;
    let missing = || row.corrupt("what was seen is not whole");
    let text = |field: &str| value[field].as_str().ok_or_else(missing);
    Ok(Seen {
        revision: Revision(value["revision"].as_u64().ok_or_else(missing)?),
        as_of: row.parse(text("asOf")?)?,
        method_version: text("methodVersion")?.to_owned(),
        weights_from: row.parse(text("weightsFrom")?)?,
        site: read_fit(row, &value["site"])?,
        programme: read_fit(row, &value["programme"])?,
        distance_km: value["distanceKm"].as_f64(),
    })
}

fn read_interval(row: &Stored<'_>, value: &Value) -> Result<Interval> {
    let numbers: Option<Vec<f64>> = value
        .as_array()
        .and_then(|numbers| numbers.iter().map(Value::as_f64).collect());
    match numbers.as_deref() {
        Some(&[low, expected, high]) => Ok(Interval::new(low, expected, high)),
        Some(_) | None => Err(row.corrupt("a score is not three numbers")),
    }
}

fn read_fit(row: &Stored<'_>, value: &Value) -> Result<SeenFit> {
    let missing = || row.corrupt("what was seen of a fit is not whole");
    let criteria = value["criteria"].as_array().ok_or_else(missing)?;
    Ok(SeenFit {
        mutual_fit: read_interval(row, &value["mutualFit"])?,
        from_fit: read_interval(row, &value["fromFit"])?,
        to_fit: read_interval(row, &value["toFit"])?,
        coverage: value["coverage"].as_f64().ok_or_else(missing)?,
        criteria: criteria
            .iter()
            .map(|criterion| {
                Ok(SeenCriterion {
                    criterion: row.parse(criterion["criterion"].as_str().ok_or_else(missing)?)?,
                    weight: criterion["weight"].as_f64().ok_or_else(missing)?,
                    score: read_interval(row, &criterion["score"])?,
                })
            })
            .collect::<Result<_>>()?,
    })
}
