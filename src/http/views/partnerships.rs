//! Partnerships, as one of their two sites sees them.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::error::Result;
use crate::domain::ids::OdsCode;
use crate::domain::partnership::{CheckIn, Partnership};
use crate::http::pagination::PageLinks;
use crate::http::views::check_ins::CheckInView;
use crate::http::views::text::{Code, EndReasonName, PartnershipStateName, TopicText};
use crate::storage::{Connection, check_ins, names};

/// One of the two.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Side)]
struct SideView {
    ods_code: Code,
    /// Its name.
    #[schema(max_length = 200)]
    name: String,
}

/// The last check-in of each side.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = LatestCheckIns)]
struct LatestView {
    /// The caller's; null where it made none.
    #[schema(required)]
    yours: Option<CheckInView>,
    /// The other side's; null where it made none.
    #[schema(required)]
    theirs: Option<CheckInView>,
}

/// What two sites agreed to, seen from one of them.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Partnership)]
pub(crate) struct PartnershipView {
    /// Its id.
    #[schema(max_length = 36)]
    id: String,
    /// The two, by code; neither comes before the other.
    #[schema(min_items = 2, max_items = 2)]
    between: Vec<SideView>,
    /// The other of the two.
    with: Code,
    /// Its name.
    #[schema(max_length = 200)]
    with_name: String,
    state: PartnershipStateName,
    /// The approach that was accepted, or the last one that renewed it.
    #[schema(max_length = 36)]
    approach_id: String,
    /// Its first day.
    started_on: NaiveDate,
    /// Its last day, as agreed. It ends when one of the two ends it.
    #[schema(required)]
    planned_end: Option<NaiveDate>,
    /// What it is for; for the two sides alone.
    #[schema(required, max_length = 4000)]
    goals: Option<String>,
    /// The slugs of what the other side gives.
    #[schema(max_items = 20)]
    you_learn: Vec<TopicText>,
    /// The slugs of what the caller gives.
    #[schema(max_items = 20)]
    you_give: Vec<TopicText>,
    /// When it ended, in UTC.
    #[schema(required)]
    ended_at: Option<DateTime<Utc>>,
    /// Which side ended it; null while it lasts, and where a merger or a closure did.
    #[schema(required)]
    ended_by: Option<Code>,
    /// Why it ended.
    #[schema(required)]
    end_reason: Option<EndReasonName>,
    /// The link that it is among the prior relationships of the two.
    #[schema(required, max_length = 36)]
    link_id: Option<String>,
    latest_check_ins: LatestView,
    /// How often it was changed.
    #[schema(minimum = 1)]
    version: u64,
}

/// What is needed to show partnerships besides them: the names of their sides, and their last check-ins.
pub(crate) struct Around {
    names: BTreeMap<OdsCode, String>,
    latest: BTreeMap<String, Vec<CheckIn>>,
}

impl Around {
    /// Reads what is needed to show these partnerships.
    pub(crate) fn load(connection: &mut Connection, partnerships: &[Partnership]) -> Result<Self> {
        let ids: Vec<&str> = partnerships.iter().map(|of| of.id.as_str()).collect();
        let codes = partnerships.iter().flat_map(|of| [of.ends.0, of.ends.1]);
        Ok(Self {
            names: names::of(connection, codes)?,
            latest: check_ins::latest(connection, &ids)?,
        })
    }

    /// A partnership as the side `here` sees it.
    pub(crate) fn view(&self, partnership: Partnership, here: OdsCode) -> PartnershipView {
        let name = |code| self.names.get(&code).cloned().unwrap_or_default();
        let side = |code| SideView {
            ods_code: Code(code),
            name: name(code),
        };
        let slugs = |code| partnership.given_by(code).cloned().map(TopicText).collect();
        let with = partnership.other_than(here);
        let (a, b) = partnership.ends;
        let latest = self.latest.get(&partnership.id);
        let last_of = |code| {
            let of = latest?.iter().find(|check_in| check_in.ods_code == code)?;
            Some(CheckInView::from(of.clone()))
        };
        PartnershipView {
            between: vec![side(a), side(b)],
            with: Code(with),
            with_name: name(with),
            state: PartnershipStateName(partnership.state),
            started_on: partnership.started_on,
            planned_end: partnership.planned_end,
            you_learn: slugs(with),
            you_give: slugs(here),
            ended_at: partnership.ended_at,
            ended_by: partnership.ended_by.map(Code),
            end_reason: partnership.end_reason.map(EndReasonName),
            latest_check_ins: LatestView {
                yours: last_of(here),
                theirs: last_of(with),
            },
            version: partnership.version.0,
            link_id: partnership.link_id,
            goals: partnership.goals,
            approach_id: partnership.approach_id,
            id: partnership.id,
        }
    }
}

/// A page of a site's partnerships.
#[derive(Serialize, ToSchema)]
#[schema(as = PartnershipPage)]
pub(crate) struct PartnershipPageView {
    /// The newest first.
    #[schema(max_items = 200)]
    pub(crate) items: Vec<PartnershipView>,
    pub(crate) links: PageLinks,
}
