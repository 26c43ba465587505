//! Whose word holds: a stronger word displaces a weaker one of the same slot, which stays in the history and comes back when
//! the stronger is withdrawn.
//!
//! What a slot is depends on the kind: for core systems a module of an organisation with all its systems, for attributes one
//! attribute (and care setting), for topics one topic. The tables of facts hold the word that holds; this one the others.

use chrono::{DateTime, NaiveDateTime, SubsecRound as _, Utc};
use diesel::{ExpressionMethods as _, Insertable, QueryDsl as _, Queryable, RunQueryDsl as _};
use serde_json::Value;

use crate::domain::error::Result;
use crate::domain::ids::OdsCode;
use crate::domain::provenance::Voice;
use crate::storage::connection::{Connection, each_backend};
use crate::storage::failure::{Stored, failed};
use crate::storage::schema::past_facts;

/// What came of stating a fact.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stated {
    /// Nothing was known of it.
    Added,
    /// It was something else, or another's word.
    Changed,
    /// It was so already.
    Unchanged,
    /// A stronger word holds, and stays.
    Kept,
}

/// What a fact is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slot<'a> {
    /// Whose fact.
    pub ods_code: OdsCode,
    /// Its kind: the name of its table.
    pub kind: &'static str,
    /// Which one of the kind.
    pub key: &'a str,
}

/// What took the place of a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DisplacedBy {
    /// Another word.
    Word(Voice),
    /// Nothing: it was withdrawn.
    Withdrawal,
}

/// A word that does not hold.
#[derive(Clone, Debug, PartialEq)]
pub struct PastFact {
    /// Its place in the order in which words were displaced.
    pub sequence: i64,
    /// Its kind: the name of its table.
    pub kind: String,
    /// Which one of the kind.
    pub key: String,
    /// Whose word it was.
    pub voice: Voice,
    /// What it said.
    pub fact: Value,
    /// What took its place: an origin, or `withdrawn`.
    pub displaced_by: String,
    /// When.
    pub displaced_at: DateTime<Utc>,
}

#[derive(Queryable, Insertable)]
#[diesel(table_name = past_facts, treat_none_as_default_value = false)]
struct PastFactRow {
    sequence: i64,
    ods_code: String,
    kind: String,
    slot: String,
    origin: String,
    fact: String,
    displaced_by: String,
    displaced_at: NaiveDateTime,
    is_standing: bool,
}

impl PastFactRow {
    fn into_domain(self) -> Result<PastFact> {
        let key = [
            self.ods_code.as_str(),
            self.kind.as_str(),
            self.slot.as_str(),
        ];
        let row = Stored::new("past_facts", &key);
        Ok(PastFact {
            sequence: self.sequence,
            voice: row.parse(&self.origin)?,
            fact: row.parse(&self.fact)?,
            displaced_by: self.displaced_by.clone(),
            displaced_at: self.displaced_at.and_utc(),
            kind: self.kind.clone(),
            key: self.slot.clone(),
        })
    }
}

/// Keeps a word that is about to be replaced or withdrawn.
///
/// Call it only inside a writing transaction. A word that a stronger one displaces still stands: it comes back when that one
/// is withdrawn. One that the same voice corrects or withdraws is history alone.
///
/// # Errors
///
/// [`Error::Unavailable`](crate::domain::error::Error::Unavailable) or
/// [`Error::Internal`](crate::domain::error::Error::Internal) where it cannot be stored.
pub fn remember(
    connection: &mut Connection,
    slot: Slot<'_>,
    voice: Voice,
    fact: &Value,
    displaced_by: DisplacedBy,
    at: DateTime<Utc>,
) -> Result<()> {
    let row = PastFactRow {
        sequence: last_sequence(connection)? + 1,
        ods_code: slot.ods_code.to_string(),
        kind: slot.kind.to_owned(),
        slot: slot.key.to_owned(),
        origin: voice.to_string(),
        fact: fact.to_string(),
        displaced_by: match displaced_by {
            DisplacedBy::Word(voice) => voice.to_string(),
            DisplacedBy::Withdrawal => "withdrawn".to_owned(),
        },
        displaced_at: at.naive_utc().trunc_subsecs(6),
        is_standing: matches!(displaced_by, DisplacedBy::Word(by) if by > voice),
    };
    each_backend!(connection, c => diesel::insert_into(past_facts::table).values(row).execute(c))
        .map_err(failed("keeping a past fact"))?;
    Ok(())
}

/// Takes back the strongest word that still stands in a slot, the last one of its voice, for the caller to put in its place
/// again; `None` where there is none.
///
/// # Errors
///
/// As [`remember`].
pub fn take_standing(connection: &mut Connection, slot: Slot<'_>) -> Result<Option<PastFact>> {
    let rows = past_facts::table
        .filter(past_facts::ods_code.eq(slot.ods_code.as_str()))
        .filter(past_facts::kind.eq(slot.kind))
        .filter(past_facts::slot.eq(slot.key))
        .filter(past_facts::is_standing.eq(true))
        .order(past_facts::sequence.asc())
        .load::<PastFactRow>(&mut connection.database)
        .map_err(failed("reading past facts"))?;
    let mut standing = rows
        .into_iter()
        .map(PastFactRow::into_domain)
        .collect::<Result<Vec<_>>>()?;
    standing.sort_by_key(|fact| (fact.voice, fact.sequence));
    let Some(strongest) = standing.pop() else {
        return Ok(None);
    };
    diesel::update(past_facts::table.filter(past_facts::sequence.eq(strongest.sequence)))
        .set(past_facts::is_standing.eq(false))
        .execute(&mut connection.database)
        .map_err(failed("taking back a past fact"))?;
    Ok(Some(strongest))
}

/// Replaces the standing word of a voice that is weaker than the one that holds: an import, say, where the site has spoken.
/// What stood before becomes history.
///
/// # Errors
///
/// As [`remember`].
pub fn restate_standing(
    connection: &mut Connection,
    slot: Slot<'_>,
    voice: Voice,
    fact: &Value,
    holder: Voice,
    at: DateTime<Utc>,
) -> Result<()> {
    diesel::update(
        past_facts::table
            .filter(past_facts::ods_code.eq(slot.ods_code.as_str()))
            .filter(past_facts::kind.eq(slot.kind))
            .filter(past_facts::slot.eq(slot.key))
            .filter(past_facts::origin.eq(voice.as_str())),
    )
    .set(past_facts::is_standing.eq(false))
    .execute(&mut connection.database)
    .map_err(failed("replacing a past fact"))?;
    remember(connection, slot, voice, fact, DisplacedBy::Word(holder), at)
}

/// The place of the last word that was displaced, from 1; 0 where none was.
///
/// # Errors
///
/// As [`remember`].
pub fn last_sequence(connection: &mut Connection) -> Result<i64> {
    let last: Option<i64> = past_facts::table
        .select(diesel::dsl::max(past_facts::sequence))
        .first(&mut connection.database)
        .map_err(failed("reading past facts"))?;
    Ok(last.unwrap_or(0))
}

/// What somebody says in a slot.
#[derive(Clone, Debug, PartialEq)]
pub struct Word {
    /// Whose it is.
    pub voice: Voice,
    /// What it says, with its source and date.
    pub fact: Value,
}

impl Word {
    /// The word as the audit shows it: with whose it is.
    #[must_use]
    pub fn shown(mut self) -> Value {
        self.fact["origin"] = self.voice.as_str().into();
        self.fact
    }
}

/// Weighs a word against the one that holds, and keeps the one that does not come to hold: after [`Stated::Added`] and
/// [`Stated::Changed`] the caller has to put the new word in the place of the old one; otherwise nothing is left to do.
///
/// # Errors
///
/// As [`remember`].
pub fn weigh(
    connection: &mut Connection,
    slot: Slot<'_>,
    held: Option<&Word>,
    said: &Word,
    at: DateTime<Utc>,
) -> Result<Stated> {
    let Some(held) = held else {
        return Ok(Stated::Added);
    };
    if held == said {
        return Ok(Stated::Unchanged);
    }
    if said.voice >= held.voice {
        let by = DisplacedBy::Word(said.voice);
        remember(connection, slot, held.voice, &held.fact, by, at)?;
        return Ok(Stated::Changed);
    }
    // A file that is imported again leaves no second row.
    let stands = standing(connection, slot.ods_code, slot.kind)?
        .iter()
        .any(|past| past.key == slot.key && past.voice == said.voice && past.fact == said.fact);
    if !stands {
        restate_standing(connection, slot, said.voice, &said.fact, held.voice, at)?;
    }
    Ok(Stated::Kept)
}

/// What came of withdrawing a site's word.
#[derive(Clone, Debug, PartialEq)]
pub enum Withdrawn {
    /// The site had said nothing; nothing changes.
    NothingSaid,
    /// Nobody else had said anything: the caller has to take the fact away.
    Gone,
    /// The word that stood comes back: the caller has to put it in the place of the site's.
    Back(PastFact),
}

/// Withdraws the site's word of a slot, where it is the one that holds.
///
/// # Errors
///
/// As [`remember`].
pub fn withdraw(
    connection: &mut Connection,
    slot: Slot<'_>,
    held: Option<&Word>,
    at: DateTime<Utc>,
) -> Result<Withdrawn> {
    let Some(held) = held.filter(|held| held.voice == Voice::Site) else {
        return Ok(Withdrawn::NothingSaid);
    };
    let by = DisplacedBy::Withdrawal;
    remember(connection, slot, held.voice, &held.fact, by, at)?;
    Ok(match take_standing(connection, slot)? {
        Some(past) => Withdrawn::Back(past),
        None => Withdrawn::Gone,
    })
}

/// Returns the words of one kind that a stronger one displaced and that still stand, in the order in which they were
/// displaced.
///
/// # Errors
///
/// As [`remember`].
pub fn standing(
    connection: &mut Connection,
    code: OdsCode,
    kind: &'static str,
) -> Result<Vec<PastFact>> {
    past_facts::table
        .filter(past_facts::ods_code.eq(code.as_str()))
        .filter(past_facts::kind.eq(kind))
        .filter(past_facts::is_standing.eq(true))
        .order(past_facts::sequence.asc())
        .load::<PastFactRow>(&mut connection.database)
        .map_err(failed("reading past facts"))?
        .into_iter()
        .map(PastFactRow::into_domain)
        .collect()
}

/// Returns the words of an organisation that do not hold, the last displaced first, before a sequence number where one is
/// given; those of the hidden kinds are left out.
///
/// # Errors
///
/// As [`remember`].
pub fn history(
    connection: &mut Connection,
    code: OdsCode,
    hidden_kinds: &[&'static str],
    before: Option<i64>,
    limit: usize,
) -> Result<Vec<PastFact>> {
    past_facts::table
        .filter(past_facts::ods_code.eq(code.as_str()))
        .filter(past_facts::kind.ne_all(hidden_kinds))
        .filter(past_facts::sequence.lt(before.unwrap_or(i64::MAX)))
        .order(past_facts::sequence.desc())
        .limit(i64::try_from(limit).unwrap_or(i64::MAX))
        .load::<PastFactRow>(&mut connection.database)
        .map_err(failed("reading past facts"))?
        .into_iter()
        .map(PastFactRow::into_domain)
        .collect()
}
