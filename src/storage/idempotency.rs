//! Answers to what is done once, for those who ask again with the same key (DESIGN 8).

use chrono::{DateTime, NaiveDateTime, SubsecRound as _, TimeDelta, Utc};
use diesel::{ExpressionMethods as _, Insertable, QueryDsl as _, Queryable, RunQueryDsl as _};

use crate::domain::caller::CallerId;
use crate::domain::error::{Error, Result};
use crate::domain::version::Version;
use crate::storage::Outcome;
use crate::storage::connection::{Connection, each_backend};
use crate::storage::failure::failed;
use crate::storage::schema::idempotency_keys;

/// How long an answer is kept.
const KEPT: TimeDelta = TimeDelta::hours(24);

/// A request to make something, by which it is known again. Hashes are SHA-256 in hexadecimal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// Who asks.
    pub caller: CallerId,
    /// The hash of its key.
    pub key_hash: String,
    /// The hash of everything that it asks for.
    pub request_hash: String,
    /// When.
    pub at: DateTime<Utc>,
}

/// What became of a request that is done once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Made {
    /// Something new.
    New,
    /// Something that was there before, changed.
    Changed,
}

impl Made {
    /// The status of the answer, as it is stored.
    const fn status(self) -> i64 {
        match self {
            Self::New => 201,
            Self::Changed => 200,
        }
    }
}

/// What was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Created {
    /// Whether it is new.
    pub made: Made,
    /// Its id.
    pub id: String,
    /// The answer to keep, which is stored encrypted; without what may be shown only once.
    pub body: String,
    /// The version of what the answer shows.
    pub version: Version,
}

impl Created {
    /// Something new, in its first version.
    #[must_use]
    pub const fn new(id: String, body: String) -> Self {
        Self {
            made: Made::New,
            id,
            body,
            version: Version(1),
        }
    }
}

#[derive(Queryable, Insertable)]
#[diesel(table_name = idempotency_keys, treat_none_as_default_value = false)]
struct KeptRow {
    caller: String,
    key_hash: String,
    request_hash: String,
    status: i64,
    subject: String,
    sealed: String,
    created_at: NaiveDateTime,
    version: i64,
}

/// The place that a kept answer is bound to.
fn place(claim: &Claim) -> String {
    format!("idempotency_keys/{}/{}", claim.caller, claim.key_hash)
}

/// Makes something, or returns what the same request made before. Without a claim it makes it.
///
/// # Errors
///
/// [`Error::IdempotencyKeyReused`] where the key came with another request; those of `create`.
pub fn once(
    connection: &mut Connection,
    claim: Option<&Claim>,
    create: impl FnOnce(&mut Connection) -> Result<Created>,
) -> Result<Outcome<Created>> {
    let Some(claim) = claim else {
        return create(connection).map(Outcome::Changed);
    };
    let now = claim.at.naive_utc().trunc_subsecs(6);
    let kept: Option<KeptRow> = idempotency_keys::table
        .filter(idempotency_keys::caller.eq(claim.caller.as_str()))
        .filter(idempotency_keys::key_hash.eq(&claim.key_hash))
        .filter(idempotency_keys::created_at.gt(now - KEPT))
        .load(&mut connection.database)
        .map_err(failed("looking for a kept answer"))?
        .pop();
    let seal = connection
        .seal
        .clone()
        .ok_or_else(|| Error::Internal("keeping an answer", "the secret is not at hand".into()))?;
    if let Some(kept) = kept {
        if kept.request_hash != claim.request_hash {
            return Err(Error::IdempotencyKeyReused);
        }
        let body = seal.show(&place(claim), &kept.sealed).ok_or_else(|| {
            Error::Internal("reading a kept answer", "it cannot be decrypted".into())
        })?;
        return Ok(Outcome::Unchanged(Created {
            made: if kept.status == Made::Changed.status() {
                Made::Changed
            } else {
                Made::New
            },
            id: kept.subject,
            body,
            version: Version(u64::try_from(kept.version).unwrap_or(1)),
        }));
    }
    diesel::delete(idempotency_keys::table.filter(idempotency_keys::created_at.le(now - KEPT)))
        .execute(&mut connection.database)
        .map_err(failed("forgetting kept answers"))?;
    let created = create(connection)?;
    let row = KeptRow {
        caller: claim.caller.to_string(),
        key_hash: claim.key_hash.clone(),
        request_hash: claim.request_hash.clone(),
        status: created.made.status(),
        subject: created.id.clone(),
        sealed: seal.hide(&place(claim), &created.body)?,
        created_at: now,
        version: i64::try_from(created.version.0).unwrap_or(i64::MAX),
    };
    each_backend!(connection, c => diesel::insert_into(idempotency_keys::table).values(row).execute(c))
        .map_err(failed("keeping an answer"))?;
    Ok(Outcome::Changed(created))
}

/// Forgets the kept answers about something that is erased.
///
/// # Errors
///
/// [`Error::Unavailable`] or [`Error::Internal`] where they cannot be deleted.
pub fn forget(connection: &mut Connection, subject: &str) -> Result<()> {
    diesel::delete(idempotency_keys::table.filter(idempotency_keys::subject.eq(subject)))
        .execute(&mut connection.database)
        .map_err(failed("forgetting kept answers"))?;
    Ok(())
}
