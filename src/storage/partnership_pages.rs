//! Lists of partnerships, as their sites ask for them.

use diesel::{
    BoolExpressionMethods as _, ExpressionMethods as _, OptionalExtension as _, QueryDsl as _,
    RunQueryDsl as _,
};

use crate::domain::error::Result;
use crate::domain::ids::OdsCode;
use crate::domain::partnership::{Partnership, PartnershipState};
use crate::storage::connection::Connection;
use crate::storage::failure::failed;
use crate::storage::partnerships::with_topics;
use crate::storage::rows::partnership::PartnershipRow;
use crate::storage::schema::partnerships;

/// Which of a site's partnerships to list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PartnershipQuery {
    /// Those in this state alone.
    pub state: Option<PartnershipState>,
    /// Those with this organisation alone.
    pub with: Option<OdsCode>,
}

/// Returns at most `limit` partnerships of a site, the newest first, from before a place on, and whether more follow.
///
/// # Errors
///
/// [`Error::Unavailable`](crate::domain::error::Error::Unavailable) or
/// [`Error::Internal`](crate::domain::error::Error::Internal) where they cannot be read.
pub fn page(
    connection: &mut Connection,
    code: OdsCode,
    query: PartnershipQuery,
    before: Option<i64>,
    limit: usize,
) -> Result<(Vec<Partnership>, bool)> {
    let is_party = partnerships::a_code
        .eq(code.to_string())
        .or(partnerships::b_code.eq(code.to_string()));
    let mut rows = partnerships::table
        .filter(is_party)
        .filter(partnerships::sequence.lt(before.unwrap_or(i64::MAX)))
        .order(partnerships::sequence.desc())
        .into_boxed();
    if let Some(state) = query.state {
        rows = rows.filter(partnerships::state.eq(state.as_str()));
    }
    if let Some(with) = query.with {
        let (a, b) = (code.min(with), code.max(with));
        rows = rows
            .filter(partnerships::a_code.eq(a.to_string()))
            .filter(partnerships::b_code.eq(b.to_string()));
    }
    let mut rows = rows
        // One more than asked for tells whether more follow.
        .limit(i64::try_from(limit).unwrap_or(i64::MAX - 1) + 1)
        .load::<PartnershipRow>(&mut connection.database)
        .map_err(failed("listing partnerships"))?;
    let has_more = rows.len() > limit;
    rows.truncate(limit);
    Ok((with_topics(connection, rows)?, has_more))
}

/// Returns the partnership that an approach opened or renewed last; `None` where there is none.
///
/// # Errors
///
/// As [`page`].
pub fn of_approach(connection: &mut Connection, approach_id: &str) -> Result<Option<Partnership>> {
    let row = partnerships::table
        .filter(partnerships::approach_id.eq(approach_id))
        .order(partnerships::sequence.desc())
        .first::<PartnershipRow>(&mut connection.database)
        .optional()
        .map_err(failed("reading the partnership of an approach"))?;
    Ok(with_topics(connection, row.into_iter().collect())?.pop())
}
