//! Links between organisations: declared by one side, confirmed or disputed by the other, or published.
//!
//! A link that a site changes or withdraws stays in its history. Both ends may dispute a publication; only the end that
//! disputes a link takes that back.

use std::collections::BTreeSet;

use chrono::{DateTime, NaiveDate, Utc};
use diesel::{
    BoolExpressionMethods as _, ExpressionMethods as _, OptionalExtension as _, QueryDsl as _,
    RunQueryDsl as _,
};
use serde_json::{Value, json};

use crate::domain::dates::PartialDate;
use crate::domain::error::{Error, Result};
use crate::domain::ids::OdsCode;
use crate::domain::link::{Link, LinkKind, LinkRecord, LinkStanding};
use crate::domain::version::{Expected, Version};
use crate::storage::Outcome;
use crate::storage::connection::{Connection, each_backend};
use crate::storage::facts::{self, DisplacedBy, Slot, Stated};
use crate::storage::failure::failed;
use crate::storage::rows::relation::LinkRow;
use crate::storage::schema::{links, organisations, visibility};

/// The kind of these facts in the history and in the audit.
pub const KIND: &str = "links";

/// The field of the evidence in the history and in the audit.
pub const EVIDENCE: &str = "evidence";

/// What a link is called where it is not there.
const WHAT: &str = "link";

/// Returns links of an organisation in the order in which they were recorded, after the place given, and whether more follow.
///
/// # Errors
///
/// [`Error::Unavailable`] or [`Error::Internal`] where they cannot be read.
pub fn page(
    connection: &mut Connection,
    code: OdsCode,
    after: Option<i64>,
    limit: usize,
) -> Result<(Vec<LinkRecord>, bool)> {
    let rows = links::table
        .filter(
            links::a_code
                .eq(code.as_str())
                .or(links::b_code.eq(code.as_str())),
        )
        .filter(links::sequence.gt(after.unwrap_or(i64::MIN)))
        .order(links::sequence.asc())
        // One more than asked for tells whether more follow.
        .limit(i64::try_from(limit).unwrap_or(i64::MAX - 1) + 1)
        .load::<LinkRow>(&mut connection.database)
        .map_err(failed("listing the links of an organisation"))?;
    let has_more = rows.len() > limit;
    let records = rows.into_iter().take(limit).map(LinkRow::into_record);
    Ok((records.collect::<Result<_>>()?, has_more))
}

/// Returns one of an organisation's links.
///
/// # Errors
///
/// [`Error::Missing`] where it has none of this id; those of [`page`].
pub fn find(connection: &mut Connection, code: OdsCode, id: &str) -> Result<LinkRecord> {
    let row = links::table
        .find(id)
        .first::<LinkRow>(&mut connection.database)
        .optional()
        .map_err(failed("reading a link"))?;
    row.map(LinkRow::into_record)
        .transpose()?
        .filter(|record| record.has_end(code))
        .ok_or_else(|| Error::Missing {
            what: WHAT,
            id: id.to_owned(),
        })
}

/// Those of these organisations that keep the evidence of their links to themselves and the other side.
///
/// # Errors
///
/// As [`page`].
pub fn evidence_is_hidden(
    connection: &mut Connection,
    codes: impl IntoIterator<Item = OdsCode>,
) -> Result<BTreeSet<OdsCode>> {
    let asked: BTreeSet<OdsCode> = codes.into_iter().collect();
    let texts: Vec<&str> = asked.iter().map(OdsCode::as_str).collect();
    let hiding: Vec<String> = visibility::table
        .filter(visibility::ods_code.eq_any(texts))
        .filter(visibility::shows_evidence.eq(false))
        .select(visibility::ods_code)
        .load(&mut connection.database)
        .map_err(failed("reading who shows evidence"))?;
    Ok(asked
        .into_iter()
        .filter(|code| hiding.iter().any(|hiding| hiding == code.as_str()))
        .collect())
}

/// Adds a link at the end of the order in which links are recorded, and returns it as it is kept.
///
/// # Errors
///
/// [`Error::Conflict`] where there is one of the same pair, kind and start; those of [`page`].
pub fn add(connection: &mut Connection, id: String, link: Link) -> Result<LinkRecord> {
    no_twin(connection, &id, &link)?;
    append(connection, id, link, None)
}

/// Adds the link that an agreement is: of a partnership, by its id, or of a conversation, by that of its approach. What two sites
/// agreed to is theirs, whatever else there is of the same kind and day.
///
/// # Errors
///
/// Those of [`page`].
pub fn agree(
    connection: &mut Connection,
    id: String,
    link: Link,
    agreement: String,
) -> Result<LinkRecord> {
    append(connection, id, link, Some(agreement))
}

fn append(
    connection: &mut Connection,
    id: String,
    link: Link,
    agreement: Option<String>,
) -> Result<LinkRecord> {
    let last: Option<i64> = links::table
        .select(diesel::dsl::max(links::sequence))
        .first(&mut connection.database)
        .map_err(failed("reading the last link"))?;
    let record = LinkRecord {
        id,
        sequence: last.unwrap_or(0) + 1,
        link,
        answered_at: None,
        disputed_by: None,
        dispute_reason: None,
        agreement,
        version: Version(1),
    };
    insert(connection, &record)?;
    Ok(record)
}

/// Links of the same pair and kind, and the same start.
fn twins(connection: &mut Connection, link: &Link) -> Result<Vec<LinkRecord>> {
    let (a, b) = link.ends();
    let rows = links::table
        .filter(links::a_code.eq(a.as_str()))
        .filter(links::b_code.eq(b.as_str()))
        .filter(links::kind.eq(link.kind().as_str()))
        .order(links::sequence.asc())
        .load::<LinkRow>(&mut connection.database)
        .map_err(failed("looking for the same link"))?;
    let records = rows
        .into_iter()
        .map(LinkRow::into_record)
        .collect::<Result<Vec<_>>>()?;
    let same = records
        .into_iter()
        .filter(|other| other.link.started() == link.started());
    Ok(same.collect())
}

fn no_twin(connection: &mut Connection, id: &str, link: &Link) -> Result<()> {
    match twins(connection, link)?.iter().find(|twin| twin.id != id) {
        None => Ok(()),
        Some(twin) => Err(Error::Conflict {
            rule: "/problems/link-exists",
            detail: format!(
                "Link {} joins the same two organisations, is of the same kind and has the same start.",
                twin.id
            ),
        }),
    }
}

/// What came of stating a link.
#[derive(Clone, Debug, PartialEq)]
pub struct StatedLink {
    /// What came of it.
    pub stated: Stated,
    /// The link that was there before; `None` where there was none.
    pub before: Option<LinkRecord>,
    /// The link that is there now.
    pub after: LinkRecord,
}

/// States a link of a publication or an import. One that is there under the same pair, kind and start is brought up to date
/// where the new word is at least as strong, but one side does not change what the other, or a publication, says: it may
/// confirm or dispute that. A link that was confirmed and that its declarer changes is declared again; any other standing
/// stays, and so does the evidence of which nothing is said. One that has the id already is what its declarer made of this
/// link since, and stays; so does one that comes of an agreement.
///
/// # Errors
///
/// Those of [`page`].
pub fn state(
    connection: &mut Connection,
    id: String,
    said: Link,
    at: DateTime<Utc>,
) -> Result<StatedLink> {
    let voice = said.provenance.voice;
    let stays = |stated, held: LinkRecord| StatedLink {
        stated,
        before: Some(held.clone()),
        after: held,
    };
    let Some(held) = twins(connection, &said)?.into_iter().next() else {
        let corrected = links::table
            .find(&id)
            .first::<LinkRow>(&mut connection.database)
            .optional()
            .map_err(failed("looking for the same link"))?;
        if let Some(row) = corrected {
            return Ok(stays(Stated::Kept, row.into_record()?));
        }
        return Ok(StatedLink {
            stated: Stated::Added,
            before: None,
            after: add(connection, id, said)?,
        });
    };
    let is_anothers = said.declared_by.is_some() && held.link.declared_by != said.declared_by;
    if held.agreement.is_some() || is_anothers || held.link.provenance.voice > voice {
        return Ok(stays(Stated::Kept, held));
    }
    let mut after = held.clone();
    let by_declarer = said.declared_by.is_some();
    let (standing, declared_by) = (held.link.standing, held.link.declared_by);
    after.link = said;
    (after.link.standing, after.link.declared_by) = (standing, declared_by);
    if after.link.evidence.is_none() {
        after.link.evidence.clone_from(&held.link.evidence);
    }
    if after.link == held.link {
        return Ok(stays(Stated::Unchanged, held));
    }
    if by_declarer && held.link.standing == LinkStanding::Confirmed {
        after.link.standing = LinkStanding::Declared;
    }
    after.version = Version(held.version.0 + 1);
    remember(connection, &held, DisplacedBy::Word(voice), at)?;
    replace(connection, &after)?;
    Ok(StatedLink {
        stated: Stated::Changed,
        before: Some(held),
        after,
    })
}

/// Puts other words in the place of a link's, for the side that declared it, and returns what it was and what it is. A link
/// that was confirmed is declared again; one that is disputed stays so until the other side agrees.
///
/// # Errors
///
/// [`Error::Forbidden`] where the organisation did not declare it; [`Error::Stale`] where it is of another version than
/// expected; [`Error::Conflict`] as in [`add`], and where it comes of an agreement; those of [`find`].
pub fn change(
    connection: &mut Connection,
    (code, id): (OdsCode, &str),
    said: impl FnOnce(&LinkRecord) -> Result<Link>,
    expected: &Expected,
    at: DateTime<Utc>,
) -> Result<(LinkRecord, LinkRecord)> {
    let before = own(connection, (code, id), expected)?;
    let mut link = said(&before)?;
    no_twin(connection, id, &link)?;
    link.declared_by = Some(code);
    link.standing = match before.link.standing {
        LinkStanding::Disputed => LinkStanding::Disputed,
        LinkStanding::Published | LinkStanding::Declared | LinkStanding::Confirmed => {
            LinkStanding::Declared
        }
    };
    let voice = link.provenance.voice;
    let after = LinkRecord {
        link,
        version: Version(before.version.0 + 1),
        ..before.clone()
    };
    remember(connection, &before, DisplacedBy::Word(voice), at)?;
    replace(connection, &after)?;
    Ok((before, after))
}

/// Withdraws a link, for the side that declared it, and returns it.
///
/// # Errors
///
/// As [`change`].
pub fn withdraw(
    connection: &mut Connection,
    (code, id): (OdsCode, &str),
    expected: &Expected,
    at: DateTime<Utc>,
) -> Result<LinkRecord> {
    let before = own(connection, (code, id), expected)?;
    remember(connection, &before, DisplacedBy::Withdrawal, at)?;
    delete(connection, id)?;
    Ok(before)
}

/// Refuses a link that comes of an agreement: what the two agreed to is changed where they agreed to it.
fn not_agreed(record: &LinkRecord) -> Result<()> {
    let Some(agreement) = &record.agreement else {
        return Ok(());
    };
    let (what, paths) = if record.link.kind() == LinkKind::Conversation {
        ("approach", "approaches")
    } else {
        ("partnership", "partnerships")
    };
    Err(Error::Conflict {
        rule: "/problems/link-agreed",
        detail: format!(
            "Link {} comes of what both sides agreed to and changes with it alone: see {what} /api/v1/{paths}/{agreement}.",
            record.id
        ),
    })
}

/// A link that the organisation declared, of a version that the caller has seen.
fn own(
    connection: &mut Connection,
    (code, id): (OdsCode, &str),
    expected: &Expected,
) -> Result<LinkRecord> {
    let record = find(connection, code, id)?;
    not_agreed(&record)?;
    if record.link.declared_by != Some(code) {
        return Err(Error::Forbidden(
            "only the side that declared a link changes it; the other confirms or disputes it",
        ));
    }
    if !expected.allows(record.version) {
        return Err(Error::Stale);
    }
    Ok(record)
}

/// What an end says to a link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It is so.
    Confirm,
    /// It is not, with the reason for the two ends.
    Dispute(Option<String>),
}

/// Answers a link, for the side that did not declare it (each end, where it is a publication), and returns what it was and
/// what it is; they are the same where that had been said before.
///
/// # Errors
///
/// [`Error::Forbidden`] where the organisation declared it itself; [`Error::Conflict`] where the other end disputes a
/// publication, and where it comes of an agreement; [`Error::Stale`] as in [`change`]; those of [`find`].
pub fn answer(
    connection: &mut Connection,
    (code, id): (OdsCode, &str),
    answer: Answer,
    expected: &Expected,
    at: DateTime<Utc>,
) -> Result<Outcome<(LinkRecord, LinkRecord)>> {
    let before = find(connection, code, id)?;
    not_agreed(&before)?;
    if before.link.declared_by == Some(code) {
        return Err(Error::Forbidden(
            "the side that declared a link does not answer it",
        ));
    }
    if !expected.allows(before.version) {
        return Err(Error::Stale);
    }
    if before.disputed_by.is_some_and(|by| by != code) {
        return Err(Error::Conflict {
            rule: "/problems/link-disputed",
            detail: "The other end disputes the link, and only that end takes it back.".to_owned(),
        });
    }
    let mut after = before.clone();
    match answer {
        Answer::Confirm => {
            after.link.standing = before.agreed();
            (after.disputed_by, after.dispute_reason) = (None, None);
        }
        Answer::Dispute(reason) => {
            after.link.standing = LinkStanding::Disputed;
            (after.disputed_by, after.dispute_reason) = (Some(code), reason);
        }
    }
    if after == before {
        return Ok(Outcome::Unchanged((before, after)));
    }
    after.answered_at = Some(at);
    after.version = Version(before.version.0 + 1);
    replace(connection, &after)?;
    // As it was kept: a time of the database has six digits of a second.
    let after = find(connection, code, id)?;
    Ok(Outcome::Changed((before, after)))
}

/// Ends a link that comes of an agreement, on the day of a moment, and returns what it was and what it is. One that was to start
/// later never began: it is removed, and only the history keeps it. One that ended before stays as it is.
///
/// # Errors
///
/// [`Error::Missing`] where there is no link of this id; [`Error::Internal`] where it comes of no agreement; those of [`page`].
pub fn end_agreed(
    connection: &mut Connection,
    id: &str,
    at: DateTime<Utc>,
) -> Result<(LinkRecord, Option<LinkRecord>)> {
    let row = links::table
        .find(id)
        .first::<LinkRow>(&mut connection.database)
        .optional()
        .map_err(failed("reading the link of an agreement"))?;
    let before = row
        .map(LinkRow::into_record)
        .transpose()?
        .ok_or_else(|| Error::Missing {
            what: WHAT,
            id: id.to_owned(),
        })?;
    if before.agreement.is_none() {
        return Err(Error::Internal(
            "ending the link of an agreement",
            "it comes of none".into(),
        ));
    }
    if before.link.ended().is_some() {
        return Ok((before.clone(), Some(before)));
    }
    let today = PartialDate::day(at.date_naive())
        .ok_or_else(|| Error::Internal("ending a link", "the day cannot be kept".into()))?;
    let Ok(ended) = before.link.clone().ending(today) else {
        remember(connection, &before, DisplacedBy::Withdrawal, at)?;
        delete(connection, id)?;
        return Ok((before, None));
    };
    let voice = before.link.provenance.voice;
    let after = LinkRecord {
        link: ended,
        version: Version(before.version.0 + 1),
        ..before.clone()
    };
    remember(connection, &before, DisplacedBy::Word(voice), at)?;
    replace(connection, &after)?;
    Ok((before, Some(after)))
}

fn insert(connection: &mut Connection, record: &LinkRecord) -> Result<()> {
    let row = LinkRow::of_record(record)?;
    each_backend!(connection, c => diesel::insert_into(links::table).values(row).execute(c))
        .map_err(failed("storing a link"))?;
    Ok(())
}

fn delete(connection: &mut Connection, id: &str) -> Result<()> {
    diesel::delete(links::table.find(id))
        .execute(&mut connection.database)
        .map_err(failed("removing a link"))?;
    Ok(())
}

fn replace(connection: &mut Connection, record: &LinkRecord) -> Result<()> {
    delete(connection, &record.id)?;
    insert(connection, record)
}

fn remember(
    connection: &mut Connection,
    record: &LinkRecord,
    by: DisplacedBy,
    at: DateTime<Utc>,
) -> Result<()> {
    let slot = Slot {
        ods_code: record.link.declared_by.unwrap_or(record.link.ends().0),
        kind: KIND,
        key: &record.id,
    };
    let voice = record.link.provenance.voice;
    facts::remember(connection, slot, voice, &json_of(record), by, at)
}

/// A link as the audit tells it: that there is evidence, not what it says, which the declaring side may hide.
#[must_use]
pub fn audited(record: &LinkRecord) -> Value {
    let mut told = json_of(record);
    told[EVIDENCE] = record.link.evidence.is_some().into();
    told
}

/// A link as the history keeps it: without the reason of a dispute, which is for the two ends alone.
fn json_of(record: &LinkRecord) -> Value {
    let link = &record.link;
    let (a, b) = link.ends();
    json!({
        "id": record.id,
        "ends": [a.as_str(), b.as_str()],
        "kind": link.kind().as_str(),
        "started": link.started().map(|date| date.to_string()),
        "ended": link.ended().map(|date| date.to_string()),
        "standing": link.standing.as_str(),
        "declaredBy": link.declared_by.map(|code| code.to_string()),
        "disputedBy": record.disputed_by.map(|code| code.to_string()),
        EVIDENCE: link.evidence,
        "note": link.note,
        "source": link.provenance.source,
        "asOf": link.provenance.as_of.map(|date| date.to_string()),
    })
}

/// The day on which an organisation declared its list of links complete; `None` where it did not.
///
/// # Errors
///
/// [`Error::OrganisationNotFound`] where there is none of this code; those of [`page`].
pub fn complete_on(connection: &mut Connection, code: OdsCode) -> Result<Option<NaiveDate>> {
    organisations::table
        .find(code.as_str())
        .select(organisations::links_complete_on)
        .first::<Option<NaiveDate>>(&mut connection.database)
        .optional()
        .map_err(failed("reading whether a list of links is complete"))?
        .ok_or(Error::OrganisationNotFound(code))
}

/// Keeps the day on which an organisation declares its list of links complete, or that it no longer does.
///
/// # Errors
///
/// Those of [`page`].
pub fn set_complete_on(
    connection: &mut Connection,
    code: OdsCode,
    on: Option<NaiveDate>,
) -> Result<()> {
    diesel::update(organisations::table.find(code.as_str()))
        .set(organisations::links_complete_on.eq(on))
        .execute(&mut connection.database)
        .map_err(failed("keeping whether a list of links is complete"))?;
    Ok(())
}
