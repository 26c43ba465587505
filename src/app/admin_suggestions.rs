//! What a programme admin suggests to two sites, and what becomes of it. Nothing is created on behalf of a site: where both are
//! interested, either may approach the other, or not (DESIGN 6).

use chrono::{DateTime, Utc};
use serde_json::json;

use crate::domain::admin_suggestion::{AdminSuggestion, AdminSuggestionState, SiteAnswer};
use crate::domain::error::{Error, Result};
use crate::domain::event::{EventKind, NewEvent, Recipient};
use crate::domain::ids::OdsCode;
use crate::domain::version::{Expected, Version};
use crate::storage::audit::{self, Entry};
use crate::storage::{
    Connection, Outcome, admin_suggestions, events, exclusions, partnerships, programmes, told,
};

/// Where admins find a suggestion.
fn admin_path(id: &str) -> String {
    format!("/api/v1/admin/suggestions/{id}")
}

/// Where a site finds it.
fn site_path(code: OdsCode, id: &str) -> String {
    format!("/api/v1/organisations/{code}/admin-suggestions/{id}")
}

fn tell(
    connection: &mut Connection,
    kind: EventKind,
    recipient: Recipient,
    suggestion: &AdminSuggestion,
    at: DateTime<Utc>,
) -> Result<()> {
    let subject = match recipient {
        Recipient::Site(code) => site_path(code, &suggestion.id),
        Recipient::Admins | Recipient::Nobody => admin_path(&suggestion.id),
    };
    let (a, b) = suggestion.ends;
    let event = NewEvent {
        kind,
        recipient,
        subject,
        data: json!({ "id": suggestion.id, "between": [a.as_str(), b.as_str()] }),
        at,
    };
    events::emit(connection, &event)
}

/// Notes a change of a suggestion for the audit, where both sites see it too, unless it says what one of them answered.
fn note(connection: &mut Connection, before: Option<&AdminSuggestion>, after: &AdminSuggestion) {
    let (a, b) = after.ends;
    let seen_by: &[Option<OdsCode>] = match after.state {
        AdminSuggestionState::Declined => &[None],
        AdminSuggestionState::Open
        | AdminSuggestionState::Mutual
        | AdminSuggestionState::Withdrawn => &[Some(a), Some(b)],
    };
    for &ods_code in seen_by {
        // What it was before may say what one of them answered.
        let before = before.filter(|before| before.state != AdminSuggestionState::Declined);
        let entry = Entry {
            kind: admin_suggestions::KIND,
            id: after.id.clone(),
            ods_code,
            before: before.map(admin_suggestions::json_of),
            after: Some(admin_suggestions::json_of(after)),
        };
        audit::note(connection, entry);
    }
}

/// Suggests a pair to both sites, and returns the suggestion as it is kept. A site that excludes the other is told nothing, and
/// nobody is told that.
///
/// # Errors
///
/// [`Error::Conflict`] where the two are partners, or where the same is suggested already and open; [`Error::Invalid`] where
/// there is no such programme; those of the database.
pub fn suggest(
    connection: &mut Connection,
    suggestion: AdminSuggestion,
) -> Result<AdminSuggestion> {
    let (a, b) = suggestion.ends;
    if let Some(slug) = &suggestion.programme
        && let Err(error) = programmes::find(connection, Some(slug))
    {
        return Err(match error {
            Error::Missing { .. } => Error::invalid("/programme", "is the slug of no programme"),
            other => other,
        });
    }
    if partnerships::active_of_pair(connection, (a, b))?.is_some() {
        return Err(Error::Conflict {
            rule: "/problems/already-partners",
            detail: format!("{a} and {b} are partners already."),
        });
    }
    if let Some(open) = admin_suggestions::open_of_pair(connection, (a, b))? {
        return Err(Error::Conflict {
            rule: "/problems/suggestion-open",
            detail: format!("Suggestion {} of the same two sites is open.", open.id),
        });
    }
    let suggestion = admin_suggestions::add(connection, suggestion)?;
    note(connection, None, &suggestion);
    for (site, other) in [(a, b), (b, a)] {
        let (kind, to) = (
            EventKind::SuggestionReceived,
            told::recipient(connection, site, other)?,
        );
        tell(connection, kind, to, &suggestion, suggestion.created_at)?;
    }
    Ok(suggestion)
}

/// Takes a suggestion back, from a version that the caller has seen.
///
/// # Errors
///
/// [`Error::Missing`]; [`Error::Stale`]; [`Error::Conflict`] where both sites are interested, or it was taken back before.
pub fn withdraw(
    connection: &mut Connection,
    id: &str,
    expected: &Expected,
) -> Result<AdminSuggestion> {
    let before = admin_suggestions::find(connection, id)?;
    if !expected.allows(before.version) {
        return Err(Error::Stale);
    }
    refuse_closed(&before)?;
    let after = admin_suggestions::set_state(connection, &before, AdminSuggestionState::Withdrawn)?;
    note(connection, Some(&before), &after);
    Ok(after)
}

/// Nothing comes of what is mutual or withdrawn any more.
fn refuse_closed(suggestion: &AdminSuggestion) -> Result<()> {
    let words = match suggestion.state {
        AdminSuggestionState::Open | AdminSuggestionState::Declined => return Ok(()),
        AdminSuggestionState::Mutual => "Both sites said that they are interested.",
        AdminSuggestionState::Withdrawn => "The suggestion was withdrawn.",
    };
    Err(Error::Conflict {
        rule: "/problems/suggestion-closed",
        detail: words.to_owned(),
    })
}

/// Keeps what a site says to a suggestion, from a version of its own word that it has seen, and returns the suggestion with that
/// word. Where both are then interested, both and the admins are told.
///
/// # Errors
///
/// [`Error::Missing`] where there is no such suggestion for the site; [`Error::Stale`]; [`Error::Conflict`] where it was
/// withdrawn, or where both are interested already and the site says otherwise.
pub fn answer(
    connection: &mut Connection,
    (code, id): (OdsCode, &str),
    interested: bool,
    expected: &Expected,
    at: DateTime<Utc>,
) -> Result<Outcome<(AdminSuggestion, SiteAnswer)>> {
    let suggestion = admin_suggestions::find_for(connection, code, id)?;
    let held = admin_suggestions::answer_of(connection, code, id)?;
    let version = held.map_or(Version(0), |answer| answer.version);
    if !expected.allows(version) {
        return Err(Error::Stale);
    }
    if let Some(held) = held.filter(|held| held.interested == interested) {
        return Ok(Outcome::Unchanged((suggestion, held)));
    }
    refuse_closed(&suggestion)?;
    let said = SiteAnswer {
        interested,
        answered_at: at,
        version: Version(version.0 + 1),
    };
    admin_suggestions::put_answer(connection, code, id, said)?;
    let told = |answer: SiteAnswer| json!({ "interested": answer.interested });
    let entry = Entry {
        kind: admin_suggestions::ANSWER_KIND,
        id: id.to_owned(),
        ods_code: Some(code),
        before: held.map(told),
        after: Some(told(said)),
    };
    audit::note(connection, entry);
    let suggestion = settled(connection, suggestion, at)?;
    Ok(Outcome::Changed((suggestion, said)))
}

/// Puts a suggestion into the state that the answers of both make of it.
fn settled(
    connection: &mut Connection,
    suggestion: AdminSuggestion,
    at: DateTime<Utc>,
) -> Result<AdminSuggestion> {
    let (a, b) = suggestion.ends;
    let answers = [
        admin_suggestions::answer_of(connection, a, &suggestion.id)?,
        admin_suggestions::answer_of(connection, b, &suggestion.id)?,
    ];
    let is_excluded =
        exclusions::excludes(connection, a, b)? || exclusions::excludes(connection, b, a)?;
    let state = suggestion.state_after(answers, is_excluded);
    if state == suggestion.state {
        return Ok(suggestion);
    }
    let after = admin_suggestions::set_state(connection, &suggestion, state)?;
    note(connection, Some(&suggestion), &after);
    if state == AdminSuggestionState::Mutual {
        for to in [Recipient::Site(a), Recipient::Site(b), Recipient::Admins] {
            tell(connection, EventKind::SuggestionMutual, to, &after, at)?;
        }
    }
    Ok(after)
}
