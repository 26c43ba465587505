//! What a site chooses for itself alone: exclusions and the shortlist.

use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::shortlist::{CandidateToday, KnownEntry, KnownShortlist};
use crate::domain::exclusion::Exclusion;
use crate::domain::ids::OdsCode;
use crate::domain::suggestion::NamedOrganisation;
use crate::http::views::availability::AvailabilityView;
use crate::http::views::text::Code;

/// An organisation by its name.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = NamedOrganisation)]
pub(crate) struct NamedView {
    ods_code: Code,
    /// Its name as the register writes it.
    name: String,
}

impl From<NamedOrganisation> for NamedView {
    fn from(named: NamedOrganisation) -> Self {
        Self {
            ods_code: Code(named.ods_code),
            name: named.name,
        }
    }
}

/// Whom the site excludes.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Exclusion)]
pub(crate) struct ExclusionView {
    /// Who is excluded.
    ods_code: Code,
    /// Its name as the register writes it.
    name: String,
    /// Why, in words to oneself.
    #[schema(required, max_length = 1000)]
    reason: Option<String>,
    /// Since when, in UTC.
    created_at: DateTime<Utc>,
    /// How often it was changed.
    #[schema(minimum = 1)]
    version: u64,
}

impl ExclusionView {
    /// The exclusion with the name of whom it is about.
    pub(crate) fn new(exclusion: Exclusion, name: String) -> Self {
        Self {
            ods_code: Code(exclusion.excluded),
            name,
            reason: exclusion.reason,
            created_at: exclusion.created_at,
            version: exclusion.version.0,
        }
    }
}

/// A site's exclusions.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Exclusions)]
pub(crate) struct ExclusionsView {
    pub(crate) ods_code: Code,
    /// By code.
    #[schema(max_items = 500)]
    pub(crate) items: Vec<ExclusionView>,
}

/// A candidate that the site keeps.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ShortlistEntry)]
struct EntryView {
    /// Its place in the site's order, from 1.
    #[schema(minimum = 1, maximum = 100)]
    position: usize,
    candidate: NamedView,
    /// The site's own name for it.
    #[schema(required, max_length = 100)]
    label: Option<String>,
    /// What the site notes of it.
    #[schema(required, max_length = 2000)]
    note: Option<String>,
    /// When it was added, in UTC.
    added_at: DateTime<Utc>,
    /// Whether it is active.
    is_active: bool,
    /// Where it is closed: who carries its history today.
    #[schema(max_items = 100)]
    successors: Vec<NamedView>,
    /// Whether it can be approached for a partnership today; null where it is closed.
    #[schema(required)]
    availability: Option<AvailabilityView>,
}

impl EntryView {
    fn new(position: usize, known: KnownEntry) -> Self {
        let (is_active, successors, availability) = match known.today {
            CandidateToday::Active(availability) => (true, Vec::new(), availability),
            CandidateToday::Closed(successors) => (false, successors, None),
        };
        Self {
            position,
            candidate: NamedView {
                ods_code: Code(known.entry.candidate),
                name: known.name,
            },
            label: known.entry.label,
            note: known.entry.note,
            added_at: known.entry.added_at,
            is_active,
            successors: successors.into_iter().map(Into::into).collect(),
            availability: availability.map(Into::into),
        }
    }
}

/// The candidates that a site keeps.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Shortlist)]
pub(crate) struct ShortlistView {
    ods_code: Code,
    /// In the site's order.
    #[schema(max_items = 100)]
    entries: Vec<EntryView>,
    /// How often the list was changed.
    #[schema(minimum = 0)]
    version: u64,
}

impl ShortlistView {
    /// The shortlist of a site.
    pub(crate) fn new(code: OdsCode, known: KnownShortlist) -> Self {
        let entries = (1..).zip(known.entries);
        Self {
            ods_code: Code(code),
            entries: entries
                .map(|(position, entry)| EntryView::new(position, entry))
                .collect(),
            version: known.version.0,
        }
    }
}
