//! How far organisations are with each other: counts over approaches, partnerships, places and pauses.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, NaiveDate, Utc};
use diesel::dsl::{count_star, sql};
use diesel::sql_types::Bool;
use diesel::{
    BoolExpressionMethods as _, ExpressionMethods as _, JoinOnDsl as _, OptionalExtension as _,
    QueryDsl as _, RunQueryDsl as _,
};

use crate::domain::approach::{ApproachKind, ApproachReason, ApproachState, COOL_OFF};
use crate::domain::board::{MatchFlag, MatchQuery};
use crate::domain::capacity::{CONVERSATION_TAKES, UNDECLARED_PARTNERSHIP_PLACES};
use crate::domain::error::Result;
use crate::domain::ids::{OdsCode, Slug};
use crate::domain::organisation::Status;
use crate::domain::partnership::PartnershipState;
use crate::storage::connection::{Backend, Connection};
use crate::storage::failure::{Stored, failed};
use crate::storage::matches;
use crate::storage::schema::{
    approaches, capacities, organisations, partnerships, pauses, programme_members, programmes,
    successions,
};

/// How many codes one query names.
const MAX_CODES: usize = 500;

/// What was sent by somebody, by what has become of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sent {
    /// All of it.
    pub total: u32,
    /// What was declined.
    pub declined: u32,
}

/// Where organisations stand at a moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standings {
    /// Sender and recipient of each approach that waits for an answer.
    pub open: Vec<(OdsCode, OdsCode)>,
    /// What each sent.
    pub sent: HashMap<OdsCode, Sent>,
    /// The two of each active partnership.
    pub partners: Vec<(OdsCode, OdsCode)>,
    /// The same, of all programmes: places are taken wherever it is.
    pub partners_anywhere: Vec<(OdsCode, OdsCode)>,
    /// Who is in the programme asked for; `None` where that is everybody.
    pub members: Option<HashSet<OdsCode>>,
    /// Who has a conversation that still takes a place.
    pub talks: HashSet<OdsCode>,
    /// Who waits after a decline as not a fit, its own or of whom it followed.
    pub cools_off: HashSet<OdsCode>,
    /// The two of each stalled match.
    pub stalled: HashSet<OdsCode>,
    /// The places for partnerships that were declared.
    pub places: HashMap<OdsCode, u32>,
    /// Who is paused.
    pub paused: HashSet<OdsCode>,
}

impl Standings {
    /// The places for partnerships of an organisation.
    #[must_use]
    pub fn places_of(&self, code: OdsCode) -> u32 {
        self.places
            .get(&code)
            .copied()
            .unwrap_or(UNDECLARED_PARTNERSHIP_PLACES)
    }
}

type Selection<'a> = approaches::BoxedQuery<'a, Backend>;

/// Returns where organisations stand at a moment, all approaches and partnerships counted or those of one programme.
///
/// # Errors
///
/// [`Error::Unavailable`](crate::domain::error::Error::Unavailable) or
/// [`Error::Internal`](crate::domain::error::Error::Internal) where it cannot be read.
pub fn standings(
    connection: &mut Connection,
    programme: Option<&Slug>,
    now: DateTime<Utc>,
) -> Result<Standings> {
    let quarter = (now - CONVERSATION_TAKES).naive_utc();
    let open = of_programme(programme)
        .filter(approaches::state.eq(ApproachState::Sent.as_str()))
        .filter(approaches::expires_at.gt(now.naive_utc()));
    let talks = of_programme(programme)
        .filter(approaches::kind.eq(ApproachKind::Conversation.as_str()))
        .filter(approaches::state.eq(ApproachState::Accepted.as_str()))
        .filter(approaches::answered_at.gt(quarter));
    let cooling = of_programme(programme)
        .filter(approaches::state.eq(ApproachState::Declined.as_str()))
        .filter(approaches::reason.eq(ApproachReason::NotAFit.as_str()))
        .filter(approaches::answered_at.gt((now - COOL_OFF).naive_utc()));
    let stalled = MatchQuery {
        flag: Some(MatchFlag::Stalled),
        programme: programme.cloned(),
        ..MatchQuery::default()
    };
    let stalled = matches::filtered(connection, &stalled, now)?;
    Ok(Standings {
        open: pairs(connection, open)?,
        sent: sent(connection, programme)?,
        partners: partners(connection, programme)?,
        partners_anywhere: partners(connection, None)?,
        members: members(connection, programme, now)?,
        talks: both_of(pairs(connection, talks)?),
        cools_off: {
            let senders = pairs(connection, cooling)?.into_iter();
            with_successors(connection, senders.map(|(from, _)| from).collect())?
        },
        stalled: both_of(pairs(connection, stalled)?),
        places: places(connection)?,
        paused: paused(connection, now.date_naive())?,
    })
}

/// These and who follows the closed ones of them, one after another: what was said to them holds for it.
fn with_successors(
    connection: &mut Connection,
    codes: HashSet<OdsCode>,
) -> Result<HashSet<OdsCode>> {
    let mut next: Vec<OdsCode> = codes.iter().copied().collect();
    let mut found = codes;
    while !next.is_empty() {
        let mut followed = Vec::new();
        for codes in next.chunks(MAX_CODES) {
            let rows: Vec<(String, String)> = successions::table
                .inner_join(
                    organisations::table.on(organisations::ods_code.eq(successions::predecessor)),
                )
                .filter(organisations::status.ne(Status::Active.as_str()))
                .filter(successions::predecessor.eq_any(codes.iter().map(OdsCode::as_str)))
                .select((successions::predecessor, successions::successor))
                .load(&mut connection.database)
                .map_err(failed("reading who follows whom"))?;
            followed.extend(read_pairs("successions", rows)?);
        }
        next = followed
            .into_iter()
            .map(|(_, successor)| successor)
            .collect();
        next.retain(|&successor| found.insert(successor));
    }
    Ok(found)
}

fn of_programme(programme: Option<&Slug>) -> Selection<'static> {
    let all = approaches::table.into_boxed();
    match programme {
        Some(slug) => all.filter(approaches::programme.eq(slug.to_string())),
        None => all,
    }
}

/// The members of a programme that sites join, at a moment. Everybody who is in no other is in the default one, whose matches
/// may be anybody's; in one that there is not is nobody.
fn members(
    connection: &mut Connection,
    programme: Option<&Slug>,
    now: DateTime<Utc>,
) -> Result<Option<HashSet<OdsCode>>> {
    let Some(slug) = programme else {
        return Ok(None);
    };
    let is_default: Option<bool> = programmes::table
        .find(slug.as_str())
        .select(programmes::is_default)
        .first(&mut connection.database)
        .optional()
        .map_err(failed("looking for a programme"))?;
    if is_default == Some(true) {
        return Ok(None);
    }
    let now = now.naive_utc();
    let codes: Vec<String> = programme_members::table
        .filter(programme_members::programme.eq(slug.as_str()))
        .filter(programme_members::joined.le(now))
        .filter(
            programme_members::departed
                .is_null()
                .or(programme_members::departed.gt(now)),
        )
        .select(programme_members::ods_code)
        .load(&mut connection.database)
        .map_err(failed("reading the members of a programme"))?;
    let read = |code: String| {
        let key = [slug.as_str(), code.as_str()];
        Stored::new("programme_members", &key).parse(&code)
    };
    codes.into_iter().map(read).collect::<Result<_>>().map(Some)
}

fn both_of(pairs: Vec<(OdsCode, OdsCode)>) -> HashSet<OdsCode> {
    pairs.into_iter().flat_map(|(a, b)| [a, b]).collect()
}

fn read_pairs(table: &'static str, rows: Vec<(String, String)>) -> Result<Vec<(OdsCode, OdsCode)>> {
    let read = |(a, b): (String, String)| {
        let key = [a.as_str(), b.as_str()];
        let row = Stored::new(table, &key);
        Ok((row.parse(&a)?, row.parse(&b)?))
    };
    rows.into_iter().map(read).collect()
}

fn pairs(
    connection: &mut Connection,
    selected: Selection<'static>,
) -> Result<Vec<(OdsCode, OdsCode)>> {
    let rows = selected
        .select((approaches::from_code, approaches::to_code))
        .load(&mut connection.database)
        .map_err(failed("reading who approached whom"))?;
    read_pairs("approaches", rows)
}

fn sent(connection: &mut Connection, programme: Option<&Slug>) -> Result<HashMap<OdsCode, Sent>> {
    let columns = (approaches::from_code, approaches::state);
    let grouped = approaches::table
        .group_by(columns)
        .select((approaches::from_code, approaches::state, count_star()))
        .into_boxed();
    let grouped = match programme {
        Some(slug) => grouped.filter(approaches::programme.eq(slug.to_string())),
        None => grouped,
    };
    let rows: Vec<(String, String, i64)> = grouped
        .load(&mut connection.database)
        .map_err(failed("counting approaches"))?;
    let mut sent: HashMap<OdsCode, Sent> = HashMap::new();
    for (code, state, n) in rows {
        let key = [code.as_str()];
        let row = Stored::new("approaches", &key);
        let n = u32::try_from(n).unwrap_or(u32::MAX);
        let of = sent.entry(row.parse(&code)?).or_default();
        of.total += n;
        if row.parse::<ApproachState>(&state)? == ApproachState::Declined {
            of.declined += n;
        }
    }
    Ok(sent)
}

fn partners(
    connection: &mut Connection,
    programme: Option<&Slug>,
) -> Result<Vec<(OdsCode, OdsCode)>> {
    let mut selected = partnerships::table
        .filter(partnerships::state.eq(PartnershipState::Active.as_str()))
        .select((partnerships::a_code, partnerships::b_code))
        .into_boxed();
    if let Some(slug) = programme {
        let made_in = sql::<Bool>(
            "partnerships.approach_id IN (SELECT id FROM approaches WHERE programme = ",
        )
        .bind::<diesel::sql_types::Text, _>(slug.to_string())
        .sql(")");
        selected = selected.filter(made_in);
    }
    let rows = selected
        .load(&mut connection.database)
        .map_err(failed("reading who is partnered"))?;
    read_pairs("partnerships", rows)
}

fn places(connection: &mut Connection) -> Result<HashMap<OdsCode, u32>> {
    let rows: Vec<(String, Option<i64>)> = capacities::table
        .select((capacities::ods_code, capacities::partnership_places))
        .load(&mut connection.database)
        .map_err(failed("reading places"))?;
    let declared = rows.into_iter().filter_map(|(code, n)| Some((code, n?)));
    declared
        .map(|(code, n)| {
            let key = [code.as_str()];
            let row = Stored::new("capacities", &key);
            let n = u32::try_from(n).map_err(|fault| row.corrupt(fault))?;
            Ok((row.parse(&code)?, n))
        })
        .collect()
}

fn paused(connection: &mut Connection, day: NaiveDate) -> Result<HashSet<OdsCode>> {
    let rows: Vec<(String, Option<NaiveDate>)> = pauses::table
        .select((pauses::ods_code, pauses::until))
        .load(&mut connection.database)
        .map_err(failed("reading pauses"))?;
    rows.into_iter()
        .filter(|(_, until)| until.is_none_or(|until| day <= until))
        .map(|(code, _)| {
            let key = [code.as_str()];
            Stored::new("pauses", &key).parse(&code)
        })
        .collect()
}
