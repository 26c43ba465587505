//! What programme admins suggest: as they see it, and as each of the two sites does.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::admin_suggestion::{AdminSuggestion, SiteAnswer};
use crate::domain::ids::{OdsCode, Slug};
use crate::domain::what_if::Named;
use crate::http::pagination::PageLinks;
use crate::http::views::text::{AdminSuggestionStateName, Shown};
use crate::http::views::what_if::NamedView;

/// What a site is told of every suggestion.
const NOTE: &str = "Suggested by the programme. Nothing comes of it unless both sites say that they are interested, and then either \
                    may approach the other, or not; until then neither is told what the other said.";

/// The names of organisations.
type Names = BTreeMap<OdsCode, String>;

fn named(code: OdsCode, names: &Names) -> NamedView {
    NamedView::new(Named {
        ods_code: code,
        name: names.get(&code).cloned().unwrap_or_default(),
    })
}

/// A suggestion as programme admins and viewers see it.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = AdminSuggestion)]
pub(crate) struct AdminSuggestionView {
    /// Its id.
    #[schema(max_length = 36)]
    id: String,
    /// The two sites, by code.
    #[schema(min_items = 2, max_items = 2)]
    between: [NamedView; 2],
    state: AdminSuggestionStateName,
    /// Why, in the admin's words to the two.
    reason: String,
    /// The slug of the programme for which it was made.
    #[schema(required, value_type = Option<String>)]
    programme: Option<Shown<Slug>>,
    /// When it was made.
    created_at: DateTime<Utc>,
    /// The id of the caller who made it, as in the audit.
    created_by: String,
    /// How often its state changed.
    version: u64,
}

impl AdminSuggestionView {
    pub(crate) fn new(suggestion: AdminSuggestion, names: &Names) -> Self {
        let (a, b) = suggestion.ends;
        Self {
            id: suggestion.id,
            between: [a, b].map(|code| named(code, names)),
            state: AdminSuggestionStateName(suggestion.state),
            reason: suggestion.reason,
            programme: suggestion.programme.map(Shown),
            created_at: suggestion.created_at,
            created_by: suggestion.created_by,
            version: suggestion.version.0,
        }
    }
}

/// A page of suggestions.
#[derive(Serialize, ToSchema)]
#[schema(as = AdminSuggestionPage)]
pub(crate) struct AdminSuggestionPageView {
    /// The newest first.
    #[schema(max_items = 200)]
    pub(crate) items: Vec<AdminSuggestionView>,
    pub(crate) links: PageLinks,
}

/// A suggestion as one of the two sites sees it.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = OwnAdminSuggestion)]
pub(crate) struct OwnAdminSuggestionView {
    /// Its id.
    #[schema(max_length = 36)]
    id: String,
    /// Who suggests it: always the programme, never the other site.
    suggested_by: &'static str,
    /// The other site.
    with: NamedView,
    state: AdminSuggestionStateName,
    /// Why, in the admin's words.
    reason: String,
    /// The slug of the programme for which it was made.
    #[schema(required, value_type = Option<String>)]
    programme: Option<Shown<Slug>>,
    /// Whether this site is interested; null until it said so.
    #[schema(required)]
    interested: Option<bool>,
    /// When it said so.
    #[schema(required)]
    answered_at: Option<DateTime<Utc>>,
    /// When the suggestion was made.
    created_at: DateTime<Utc>,
    /// What comes of it, and what does not.
    note: &'static str,
    /// How often this site said something.
    version: u64,
}

impl OwnAdminSuggestionView {
    /// For the site that is not `other`, with its own answer.
    pub(crate) fn new(
        suggestion: AdminSuggestion,
        other: OdsCode,
        answer: Option<SiteAnswer>,
        names: &Names,
    ) -> Self {
        Self {
            suggested_by: "programme",
            with: named(other, names),
            state: AdminSuggestionStateName(suggestion.state_seen_with(answer)),
            id: suggestion.id,
            reason: suggestion.reason,
            programme: suggestion.programme.map(Shown),
            interested: answer.map(|answer| answer.interested),
            answered_at: answer.map(|answer| answer.answered_at),
            created_at: suggestion.created_at,
            note: NOTE,
            version: answer.map_or(0, |answer| answer.version.0),
        }
    }
}

/// A page of suggestions for a site.
#[derive(Serialize, ToSchema)]
#[schema(as = OwnAdminSuggestionPage)]
pub(crate) struct OwnAdminSuggestionPageView {
    /// The newest first.
    #[schema(max_items = 200)]
    pub(crate) items: Vec<OwnAdminSuggestionView>,
    pub(crate) links: PageLinks,
}
