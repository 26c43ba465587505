//! The match board: every match with its scores then and now, and what admins make of many at once.

use chrono::{DateTime, NaiveDate, Utc};

use crate::app::Alongside;
use crate::domain::board::{
    Comment, HistoryEntry, MatchFlag, MatchPage, MatchPlace, MatchQuery, Resolution, Resolved,
    ScoredMatch, StoredMatch,
};
use crate::domain::caller::Role;
use crate::domain::error::{Error, Result};
use crate::domain::version::Expected;
use crate::engine::exposure::fits;
use crate::engine::snapshot::Snapshot;
use crate::random::Random;
use crate::storage::{Connection, Outcome, match_reviews, matches};

/// How many comments a match shows with itself.
const FIRST_COMMENTS: usize = 50;

/// What viewers are told who ask for what would tell them a reason.
pub(super) const REASONS_ARE_ADMINS: &str = "decline reasons are for programme admins";

impl Alongside {
    /// Returns a page of the board, as a caller of this role sees it.
    ///
    /// # Errors
    ///
    /// [`Error::Forbidden`] where a viewer asks for what was declined as not a fit; those of the database.
    pub async fn match_page(
        &self,
        (query, role): (MatchQuery, Role),
        after: Option<MatchPlace>,
        limit: usize,
        now: DateTime<Utc>,
    ) -> Result<MatchPage> {
        may_ask(&query, role)?;
        let read = move |connection: &mut Connection| {
            let (found, has_more) = matches::page(connection, &query, after, limit, now)?;
            Ok((found, has_more, matches::count(connection, &query, now)?))
        };
        let (found, has_more, total) = self.storage().read(read).await?;
        let snapshot = self.snapshot();
        Ok(MatchPage {
            items: scored(&snapshot, found, role, now.date_naive()),
            has_more,
            total,
            revision: snapshot.revision(),
        })
    }

    /// Returns one match with its history and its first comments, as a caller of this role sees it.
    ///
    /// # Errors
    ///
    /// [`Error::Missing`] where there is none of this id; those of the database.
    pub async fn match_in_full(
        &self,
        (id, role): (String, Role),
        now: DateTime<Utc>,
    ) -> Result<(ScoredMatch, Vec<HistoryEntry>, Vec<Comment>)> {
        let read = move |connection: &mut Connection| {
            let found = matches::find(connection, &id, now)?;
            let history = matches::history(connection, &found)?;
            let (comments, _) = match_reviews::comments(connection, &id, None, FIRST_COMMENTS)?;
            Ok((found, history, comments))
        };
        let (found, history, comments) = self.storage().read(read).await?;
        let scored = scored(&self.snapshot(), vec![found], role, now.date_naive());
        let scored = scored.into_iter().next();
        let scored = scored
            .ok_or_else(|| Error::Internal("scoring a match", "there is no score of it".into()))?;
        Ok((scored, history, comments))
    }
}

/// Refuses a question whose answer would tell a viewer why something was declined (DESIGN 6).
pub(super) fn may_ask(query: &MatchQuery, role: Role) -> Result<()> {
    if role == Role::Viewer && query.flag == Some(MatchFlag::CooledOff) {
        return Err(Error::Forbidden(REASONS_ARE_ADMINS));
    }
    Ok(())
}

/// Adds to matches what their scores are now, and takes from them what a caller of this role does not see.
pub(super) fn scored(
    snapshot: &Snapshot,
    found: Vec<StoredMatch>,
    role: Role,
    as_of: NaiveDate,
) -> Vec<ScoredMatch> {
    let pairs: Vec<_> = found
        .iter()
        .map(|found| (found.approach.from, found.approach.to))
        .collect();
    let scores = fits(snapshot, as_of, &pairs);
    let scored = found.into_iter().zip(scores).map(|(mut found, now)| {
        if role == Role::Viewer {
            found.keep_decline_reason();
        }
        ScoredMatch { found, now }
    });
    scored.collect()
}

/// What is done to many matches at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BulkAction {
    /// Give them to an admin to look after, or to nobody.
    Assign(Option<String>),
    /// Resolve them.
    Resolve(Resolution, String),
    /// Write the same under each.
    Comment(String),
}

/// A match, by its id, and what came of it.
pub type BulkOutcome = (String, std::result::Result<(), Error>);

/// Does one thing to each of many matches in one transaction. Each has an outcome of its own: what is refused of one leaves
/// nothing, and the others are done. Where nothing was changed, nothing is left of the transaction.
///
/// # Errors
///
/// Those of the database, which undo everything.
pub fn bulk(
    connection: &mut Connection,
    random: &Random,
    action: &BulkAction,
    ids: &[String],
    (by, at): (&str, DateTime<Utc>),
) -> Result<Outcome<Vec<BulkOutcome>>> {
    let mut is_changed = false;
    let mut outcomes = Vec::with_capacity(ids.len());
    for id in ids {
        let done = match action {
            BulkAction::Assign(assignee) => {
                match_reviews::assign(connection, id, assignee.clone(), &Expected::Any, at)
                    .map(|outcome| matches!(outcome, Outcome::Changed(_)))
            }
            BulkAction::Resolve(resolution, reason) => {
                let resolved = Resolved {
                    resolution: *resolution,
                    reason: reason.clone(),
                    by: by.to_owned(),
                    at,
                };
                match_reviews::resolve(connection, id, resolved).map(|_| true)
            }
            BulkAction::Comment(text) => {
                let comment = Comment {
                    id: random.id()?,
                    sequence: 0,
                    match_id: id.clone(),
                    author: by.to_owned(),
                    made_at: at,
                    text: text.clone(),
                };
                match_reviews::comment(connection, comment).map(|_| true)
            }
        };
        let outcome = match done {
            Ok(changed) => {
                is_changed |= changed;
                Ok(())
            }
            Err(fault @ (Error::Unavailable(..) | Error::Internal(..))) => return Err(fault),
            Err(refused) => Err(refused),
        };
        outcomes.push((id.clone(), outcome));
    }
    Ok(if is_changed {
        Outcome::Changed(outcomes)
    } else {
        Outcome::Unchanged(outcomes)
    })
}
