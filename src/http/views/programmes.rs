//! Programmes, their members and every version of their weights.

use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::ids::Slug;
use crate::domain::programme::{Member, ProgrammeRecord, WeightVersion};
use crate::http::pagination::PageLinks;
use crate::http::views::text::{Code, Shown};
use crate::http::views::weights::WeightsView;

/// A programme as its admins see it.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ProgrammeRecord)]
pub(crate) struct ProgrammeRecordView {
    /// Its name in addresses; it never changes.
    #[schema(value_type = String, max_length = 64)]
    slug: Shown<Slug>,
    /// What it is called.
    name: String,
    /// Whether it is the programme of every site that is in no other.
    is_default: bool,
    /// Its first day; null where it has no beginning.
    #[schema(required)]
    starts: Option<NaiveDate>,
    /// Its last day; null where it has no end.
    #[schema(required)]
    ends: Option<NaiveDate>,
    /// Whether its members' suggestions spread exposure by a price, unless a request says otherwise.
    spread_load: bool,
    weights: WeightsView,
    /// The version of the weights.
    weights_version: u64,
    /// The version of the name, the days and `spreadLoad`.
    version: u64,
}

impl From<ProgrammeRecord> for ProgrammeRecordView {
    fn from(record: ProgrammeRecord) -> Self {
        Self {
            slug: Shown(record.programme.slug),
            name: record.programme.name,
            is_default: record.is_default,
            starts: record.run.starts,
            ends: record.run.ends,
            spread_load: record.programme.spread_load,
            weights: WeightsView(record.programme.weights),
            weights_version: record.weights_version.0,
            version: record.version.0,
        }
    }
}

/// A page of programmes.
#[derive(Serialize, ToSchema)]
#[schema(as = ProgrammePage)]
pub(crate) struct ProgrammePageView {
    /// By slug.
    #[schema(max_items = 200)]
    pub(crate) items: Vec<ProgrammeRecordView>,
    pub(crate) links: PageLinks,
}

/// An organisation that is or was in a programme.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ProgrammeMember)]
pub(crate) struct MemberView {
    ods_code: Code,
    /// Its name as the register writes it.
    name: String,
    /// Since when.
    joined: DateTime<Utc>,
    /// Until when; null while it is in it.
    #[schema(required)]
    departed: Option<DateTime<Utc>>,
}

impl MemberView {
    pub(crate) fn new(member: Member, name: Option<String>) -> Self {
        Self {
            ods_code: Code(member.ods_code),
            name: name.unwrap_or_default(),
            joined: member.joined,
            departed: member.departed,
        }
    }
}

/// A page of members.
#[derive(Serialize, ToSchema)]
#[schema(as = ProgrammeMemberPage)]
pub(crate) struct MemberPageView {
    /// By code, those who left included.
    #[schema(max_items = 200)]
    pub(crate) items: Vec<MemberView>,
    pub(crate) links: PageLinks,
}

/// One version of a programme's weights.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ProgrammeWeights)]
pub(crate) struct WeightVersionView {
    /// The slug of the programme.
    #[schema(value_type = String, max_length = 64)]
    programme: Shown<Slug>,
    /// Its number, from 1.
    version: u64,
    /// As they were given, 0 for what was left out; they count by their ratio.
    weights: WeightsView,
    /// Since when they count; null of those that came with the service.
    #[schema(required)]
    changed_at: Option<DateTime<Utc>>,
    /// The id of the caller who gave them, as in the audit; null of those that came with the service.
    #[schema(required)]
    changed_by: Option<String>,
}

impl WeightVersionView {
    pub(crate) fn new(programme: Slug, version: WeightVersion) -> Self {
        Self {
            programme: Shown(programme),
            version: version.version.0,
            weights: WeightsView(version.weights),
            changed_at: version.changed_at,
            changed_by: version.changed_by,
        }
    }
}

/// A page of versions.
#[derive(Serialize, ToSchema)]
#[schema(as = ProgrammeWeightsPage)]
pub(crate) struct WeightVersionPageView {
    /// The newest first.
    #[schema(max_items = 200)]
    pub(crate) items: Vec<WeightVersionView>,
    pub(crate) links: PageLinks,
}
