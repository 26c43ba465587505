//! Looking organisations up by code, name and status, for clients of other registers.

use diesel::{
    EscapeExpressionMethods as _, ExpressionMethods as _, QueryDsl as _, RunQueryDsl as _,
    TextExpressionMethods as _,
};

use crate::domain::directory::{NamePart, OrganisationSearch, SearchPage};
use crate::domain::error::Result;
use crate::domain::ids::OdsCode;
use crate::storage::connection::{Backend, Connection};
use crate::storage::failure::{Stored, failed};
use crate::storage::organisations::{ESCAPE, completed, pattern};
use crate::storage::rows::code_order;
use crate::storage::rows::organisation::OrganisationRow;
use crate::storage::schema::organisations;

/// Returns a part of what a search finds: `limit` organisations after the given code, by code.
///
/// # Errors
///
/// [`Error::Unavailable`](crate::domain::error::Error::Unavailable) or
/// [`Error::Internal`](crate::domain::error::Error::Internal) where it cannot be read.
pub fn page(
    connection: &mut Connection,
    search: &OrganisationSearch,
    after: Option<OdsCode>,
    limit: usize,
) -> Result<SearchPage> {
    let n_found: i64 = selected(search)
        .count()
        .get_result(&mut connection.database)
        .map_err(failed("counting organisations"))?;
    let mut rows: Vec<OrganisationRow> = selected(search)
        .filter(organisations::code_order.gt(after.map_or(-1, code_order)))
        .order(organisations::code_order.asc())
        // One more than asked for tells whether more follow.
        .limit(i64::try_from(limit).unwrap_or(i64::MAX - 1) + 1)
        .load(&mut connection.database)
        .map_err(failed("searching organisations"))?;
    let has_more = rows.len() > limit;
    rows.truncate(limit);
    let mut items = completed(connection, rows)?;
    items.sort_by_key(|organisation| organisation.ods_code);
    Ok(SearchPage {
        items,
        n_found: u64::try_from(n_found)
            .map_err(|fault| Stored::new("organisations", &[]).corrupt(fault))?,
        has_more,
    })
}

fn selected(search: &OrganisationSearch) -> organisations::BoxedQuery<'static, Backend> {
    let mut selected = organisations::table.into_boxed();
    if let Some(codes) = &search.codes {
        let codes: Vec<String> = codes.iter().map(OdsCode::to_string).collect();
        selected = selected.filter(organisations::ods_code.eq_any(codes));
    }
    if let Some(name) = &search.name {
        // What is searched is the name, a line break and the code; no text that is looked for has a line break.
        let pattern = match name {
            NamePart::Start(text) => pattern(text).split_off(1),
            NamePart::Anywhere(text) => pattern(text) + "\n%",
        };
        selected = selected.filter(organisations::search_text.like(pattern).escape(ESCAPE));
    }
    if let Some(is_active) = search.is_active {
        let status = if is_active { "active" } else { "closed" };
        selected = selected.filter(organisations::status.eq(status));
    }
    selected
}
