//! Check-ins, for the two sides of their partnership.

use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::ids::Slug;
use crate::domain::partnership::CheckIn;
use crate::http::pagination::PageLinks;
use crate::http::views::text::{Code, TopicText};

/// A side's dated word on how a partnership goes.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = CheckIn)]
pub(crate) struct CheckInView {
    /// Its id.
    #[schema(max_length = 36)]
    id: String,
    /// Whose word it is.
    by: Code,
    /// When, in UTC.
    made_at: DateTime<Utc>,
    /// How useful the partnership is to this side.
    #[schema(minimum = 1, maximum = 5)]
    usefulness: u8,
    /// The slugs of what this side learned.
    #[schema(max_items = 20)]
    learned: Vec<TopicText>,
    /// The slugs of what this side gave.
    #[schema(max_items = 20)]
    given: Vec<TopicText>,
    /// A remark; for the two sides alone.
    #[schema(required, max_length = 2000)]
    note: Option<String>,
}

impl From<CheckIn> for CheckInView {
    fn from(check_in: CheckIn) -> Self {
        let slugs = |topics: Vec<Slug>| topics.into_iter().map(TopicText).collect();
        Self {
            by: Code(check_in.ods_code),
            made_at: check_in.made_at,
            usefulness: check_in.usefulness.get(),
            learned: slugs(check_in.learned),
            given: slugs(check_in.given),
            note: check_in.note,
            id: check_in.id,
        }
    }
}

/// A page of the check-ins of a partnership.
#[derive(Serialize, ToSchema)]
#[schema(as = CheckInPage)]
pub(crate) struct CheckInPageView {
    /// Those of both sides, the newest first.
    #[schema(max_items = 200)]
    pub(crate) items: Vec<CheckInView>,
    pub(crate) links: PageLinks,
}
