//! What programme admins make of matches: whose a match is to look after, what came of the review, and comments.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDateTime, SubsecRound as _, Utc};
use diesel::{ExpressionMethods as _, Insertable, QueryDsl as _, Queryable, RunQueryDsl as _};
use serde_json::json;

use crate::domain::board::{Comment, Resolution, Resolved, Review};
use crate::domain::caller::Role;
use crate::domain::error::{Error, Result};
use crate::domain::version::{Expected, Version};
use crate::storage::audit::{self, Entry};
use crate::storage::connection::{Connection, each_backend};
use crate::storage::failure::{Stored, failed};
use crate::storage::schema::{match_comments, match_reviews};
use crate::storage::sealed::{self, Place};
use crate::storage::{Outcome, keys, matches};

/// The kind of these things in the audit.
pub const KIND: &str = "match_reviews";

#[derive(Queryable, Insertable)]
#[diesel(table_name = match_reviews, treat_none_as_default_value = false)]
struct ReviewRow {
    approach_id: String,
    assignee: Option<String>,
    resolution: Option<String>,
    sealed_reason: Option<String>,
    resolved_by: Option<String>,
    resolved_at: Option<NaiveDateTime>,
    version: i64,
}

#[derive(Queryable, Insertable)]
#[diesel(table_name = match_comments, treat_none_as_default_value = false)]
struct CommentRow {
    id: String,
    sequence: i64,
    approach_id: String,
    author: String,
    made_at: NaiveDateTime,
    sealed_text: String,
}

fn time(at: DateTime<Utc>) -> NaiveDateTime {
    at.naive_utc().trunc_subsecs(6)
}

fn reason_place(id: &str) -> Place<'_> {
    Place {
        table: "match_reviews",
        id,
        column: "reason",
    }
}

fn text_place(id: &str) -> Place<'_> {
    Place {
        table: "match_comments",
        id,
        column: "text",
    }
}

impl ReviewRow {
    fn new(connection: &Connection, id: &str, review: &Review) -> Result<Self> {
        let key = [id];
        let resolved = review.resolved.as_ref();
        let reason = resolved.map(|resolved| resolved.reason.as_str());
        Ok(Self {
            approach_id: id.to_owned(),
            assignee: review.assignee.clone(),
            resolution: resolved.map(|resolved| resolved.resolution.to_string()),
            sealed_reason: sealed::hide(connection, reason_place(id), reason)?,
            resolved_by: resolved.map(|resolved| resolved.by.clone()),
            resolved_at: resolved.map(|resolved| time(resolved.at)),
            version: i64::try_from(review.version.0)
                .map_err(|fault| Stored::new(KIND, &key).corrupt(fault))?,
        })
    }

    fn into_domain(self, connection: &Connection) -> Result<Review> {
        let key = [self.approach_id.as_str()];
        let row = Stored::new(KIND, &key);
        let reason = sealed::show(
            connection,
            reason_place(&self.approach_id),
            self.sealed_reason.as_deref(),
        )?;
        let resolution: Option<Resolution> = row.parse_some(self.resolution.as_deref())?;
        let resolved = resolution
            .zip(self.resolved_at)
            .map(|(resolution, at)| Resolved {
                resolution,
                reason: reason.unwrap_or_default(),
                by: self.resolved_by.unwrap_or_default(),
                at: at.and_utc(),
            });
        Ok(Review {
            assignee: self.assignee,
            resolved,
            n_comments: 0,
            version: u64::try_from(self.version)
                .map(Version)
                .map_err(|fault| row.corrupt(fault))?,
        })
    }
}

/// The reviews of matches, by id; those of which nothing was made are left out.
pub(super) fn of(connection: &mut Connection, ids: &[&str]) -> Result<BTreeMap<String, Review>> {
    let mut found = BTreeMap::new();
    for ids in ids.chunks(MAX_IDS) {
        let rows = match_reviews::table
            .filter(match_reviews::approach_id.eq_any(ids))
            .load::<ReviewRow>(&mut connection.database)
            .map_err(failed("reading the reviews of matches"))?;
        for row in rows {
            found.insert(row.approach_id.clone(), row.into_domain(connection)?);
        }
        let counts: Vec<(String, i64)> = match_comments::table
            .filter(match_comments::approach_id.eq_any(ids))
            .group_by(match_comments::approach_id)
            .select((match_comments::approach_id, diesel::dsl::count_star()))
            .load(&mut connection.database)
            .map_err(failed("counting comments"))?;
        for (id, n) in counts {
            found.entry(id).or_insert_with(Review::default).n_comments =
                u32::try_from(n).unwrap_or(u32::MAX);
        }
    }
    Ok(found)
}

/// The most ids in one statement; each is one of its values, of which SQLite takes 32,766.
const MAX_IDS: usize = 10_000;

/// Returns what admins made of a match.
///
/// # Errors
///
/// [`Error::Missing`] where there is no match of this id; [`Error::Unavailable`] or [`Error::Internal`] where it cannot be read.
pub fn find(connection: &mut Connection, id: &str) -> Result<Review> {
    matches::require(connection, id)?;
    Ok(of(connection, &[id])?.remove(id).unwrap_or_default())
}

/// Gives a match to an admin to look after, or to nobody; says whether that is new.
///
/// # Errors
///
/// [`Error::Stale`] where the review is of another version than expected; [`Error::Invalid`] where the assignee is not the id of a
/// good admin's key; those of [`find`].
pub fn assign(
    connection: &mut Connection,
    id: &str,
    assignee: Option<String>,
    expected: &Expected,
    now: DateTime<Utc>,
) -> Result<Outcome<Review>> {
    let before = find(connection, id)?;
    if !expected.allows(before.version) {
        return Err(Error::Stale);
    }
    if let Some(assignee) = &assignee {
        let key = keys::find(connection, assignee)?;
        let is_admin = key.is_some_and(|key| {
            key.id == *assignee
                && key.role == Role::ProgrammeAdmin
                && key.revoked_at.is_none_or(|at| now < at)
                && key.expires_at.is_none_or(|at| now < at)
        });
        if !is_admin {
            return Err(Error::invalid(
                "/assignee",
                "is the id of no good key of a programme admin",
            ));
        }
    }
    if before.assignee == assignee {
        return Ok(Outcome::Unchanged(before));
    }
    let after = Review {
        assignee,
        ..before.clone()
    };
    keep(connection, id, &before, after).map(Outcome::Changed)
}

/// Says what came of a review.
///
/// # Errors
///
/// [`Error::Conflict`] where the match is resolved; those of [`find`].
pub fn resolve(connection: &mut Connection, id: &str, resolved: Resolved) -> Result<Review> {
    let before = find(connection, id)?;
    if before.resolved.is_some() {
        return Err(Error::Conflict {
            rule: "/problems/match-resolved",
            detail: "The match is resolved already; open it again first.".into(),
        });
    }
    let after = Review {
        resolved: Some(resolved),
        ..before.clone()
    };
    keep(connection, id, &before, after)
}

/// Opens a review again.
///
/// # Errors
///
/// [`Error::Conflict`] where the match is not resolved; those of [`find`].
pub fn reopen(connection: &mut Connection, id: &str) -> Result<Review> {
    let before = find(connection, id)?;
    if before.resolved.is_none() {
        return Err(Error::Conflict {
            rule: "/problems/match-not-resolved",
            detail: "The match is not resolved.".into(),
        });
    }
    let after = Review {
        resolved: None,
        ..before.clone()
    };
    keep(connection, id, &before, after)
}

fn keep(
    connection: &mut Connection,
    id: &str,
    before: &Review,
    mut after: Review,
) -> Result<Review> {
    after.version = Version(before.version.0 + 1);
    let row = ReviewRow::new(connection, id, &after)?;
    diesel::delete(match_reviews::table.find(id))
        .execute(&mut connection.database)
        .map_err(failed("changing the review of a match"))?;
    each_backend!(connection, c => diesel::insert_into(match_reviews::table).values(row).execute(c))
        .map_err(failed("changing the review of a match"))?;
    let entry = Entry {
        kind: KIND,
        id: id.to_owned(),
        ods_code: None,
        before: (before.version != Version(0)).then(|| json_of(before)),
        after: Some(json_of(&after)),
    };
    audit::note(connection, entry);
    Ok(after)
}

/// A review as the audit keeps it: without what admins wrote.
fn json_of(review: &Review) -> serde_json::Value {
    let resolved = review.resolved.as_ref();
    json!({
        "assignee": review.assignee,
        "resolution": resolved.map(|resolved| resolved.resolution.as_str()),
        "version": review.version.0,
    })
}

/// Adds a comment at the end, whatever its `sequence` says.
///
/// # Errors
///
/// Those of [`find`].
pub fn comment(connection: &mut Connection, comment: Comment) -> Result<Comment> {
    matches::require(connection, &comment.match_id)?;
    let last: Option<i64> = match_comments::table
        .select(diesel::dsl::max(match_comments::sequence))
        .first(&mut connection.database)
        .map_err(failed("reading the last comment"))?;
    let comment = Comment {
        sequence: last.unwrap_or(0) + 1,
        ..comment
    };
    let sealed = sealed::hide(connection, text_place(&comment.id), Some(&comment.text))?;
    let row = CommentRow {
        id: comment.id.clone(),
        sequence: comment.sequence,
        approach_id: comment.match_id.clone(),
        author: comment.author.clone(),
        made_at: time(comment.made_at),
        sealed_text: sealed.unwrap_or_default(),
    };
    each_backend!(connection, c => diesel::insert_into(match_comments::table).values(row).execute(c))
        .map_err(failed("adding a comment"))?;
    let entry = Entry {
        kind: KIND,
        id: comment.match_id.clone(),
        ods_code: None,
        before: None,
        after: Some(json!({ "comment": comment.id })),
    };
    audit::note(connection, entry);
    Ok(comment)
}

/// Returns `limit` comments of a match after a place, the first first, and whether more follow.
///
/// # Errors
///
/// Those of [`find`].
pub fn comments(
    connection: &mut Connection,
    id: &str,
    after: Option<i64>,
    limit: usize,
) -> Result<(Vec<Comment>, bool)> {
    matches::require(connection, id)?;
    let mut rows = match_comments::table
        .filter(match_comments::approach_id.eq(id))
        .filter(match_comments::sequence.gt(after.unwrap_or(0)))
        .order(match_comments::sequence.asc())
        .limit(i64::try_from(limit).unwrap_or(i64::MAX - 1) + 1)
        .load::<CommentRow>(&mut connection.database)
        .map_err(failed("reading comments"))?;
    let has_more = rows.len() > limit;
    rows.truncate(limit);
    let comments = rows.into_iter().map(|row| {
        let text = sealed::show(connection, text_place(&row.id), Some(&row.sealed_text))?;
        Ok(Comment {
            text: text.unwrap_or_default(),
            id: row.id,
            sequence: row.sequence,
            match_id: row.approach_id,
            author: row.author,
            made_at: row.made_at.and_utc(),
        })
    });
    Ok((comments.collect::<Result<_>>()?, has_more))
}
