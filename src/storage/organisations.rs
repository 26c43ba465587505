//! Looking organisations up: a page of a list, and one with everything recorded of it.

use std::collections::HashMap;

use diesel::{
    BoolExpressionMethods as _, EscapeExpressionMethods as _, ExpressionMethods as _,
    OptionalExtension as _, QueryDsl as _, RunQueryDsl as _, TextExpressionMethods as _,
};

use crate::domain::core_system::{CoreSystem, SystemStatus};
use crate::domain::directory::{
    After, Listed, Near, OrganisationPage, OrganisationQuery, OrganisationRecord, StatusFilter,
};
use crate::domain::error::{Error, Result};
use crate::domain::ids::OdsCode;
use crate::domain::link::{Link, Network};
use crate::domain::organisation::{EARTH_RADIUS_KM, Organisation, Position, Succession};
use crate::domain::profile::AttributeFact;
use crate::storage::connection::{Backend, Connection};
use crate::storage::failure::{Stored, failed};
use crate::storage::rows::fact::{AttributeRow, CoreSystemRow};
use crate::storage::rows::organisation::{
    BoardRow, CareSettingRow, OrganisationRow, SuccessionRow, boards_by_code, settings_by_code,
};
use crate::storage::rows::relation::{LinkRow, MemberRow, NetworkRow, joined};
use crate::storage::rows::{code_order, searchable};
use crate::storage::schema::{
    attributes, boards, core_systems, links, network_members, networks, organisation_care_settings,
    organisations, successions,
};

/// Returns a part of the list that the query asks for: `limit` organisations after the given one.
///
/// The list is ordered by ODS code, or by distance and then code where a circle is given; the order is the same on
/// both databases.
///
/// # Errors
///
/// [`Error::Unavailable`] or
/// [`Error::Internal`] where it cannot be read.
pub fn page(
    connection: &mut Connection,
    query: &OrganisationQuery,
    after: Option<After>,
    limit: usize,
) -> Result<OrganisationPage> {
    match query.near {
        Some(near) => page_by_distance(connection, query, near, after, limit),
        None => page_by_code(connection, query, after, limit),
    }
}

fn page_by_code(
    connection: &mut Connection,
    query: &OrganisationQuery,
    after: Option<After>,
    limit: usize,
) -> Result<OrganisationPage> {
    let mut selected = filtered(query);
    if let Some(after) = after {
        selected = selected.filter(organisations::code_order.gt(code_order(after.ods_code)));
    }
    let mut rows: Vec<OrganisationRow> = selected
        .order(organisations::code_order.asc())
        // One more than asked for tells whether more follow.
        .limit(i64::try_from(limit).unwrap_or(i64::MAX - 1) + 1)
        .load(&mut connection.database)
        .map_err(failed("listing organisations"))?;
    let has_more = rows.len() > limit;
    rows.truncate(limit);
    let items = completed(connection, rows)?
        .into_iter()
        .map(|organisation| Listed {
            organisation,
            distance_km: None,
        })
        .collect();
    Ok(OrganisationPage { items, has_more })
}

fn page_by_distance(
    connection: &mut Connection,
    query: &OrganisationQuery,
    near: Near,
    after: Option<After>,
    limit: usize,
) -> Result<OrganisationPage> {
    let found: Vec<(String, Option<f64>, Option<f64>)> = in_box(filtered(query), near)
        .select((
            organisations::ods_code,
            organisations::latitude,
            organisations::longitude,
        ))
        .load(&mut connection.database)
        .map_err(failed("looking for organisations near a place"))?;
    let mut places: Vec<(f64, OdsCode)> = Vec::new();
    for (text, latitude, longitude) in found {
        let Some((latitude, longitude)) = latitude.zip(longitude) else {
            continue;
        };
        let key = [text.as_str()];
        let row = Stored::new("organisations", &key);
        let position = Position::new(latitude, longitude)
            .ok_or_else(|| row.corrupt("its position is not on the Earth"))?;
        let distance_km = near.centre.distance_km(position);
        if distance_km <= near.within_km {
            places.push((distance_km, row.parse(&text)?));
        }
    }
    places.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    let first = after.map_or(0, |after| {
        let distance_km = after.distance_km.unwrap_or(f64::NEG_INFINITY);
        places.partition_point(|place| {
            place
                .0
                .total_cmp(&distance_km)
                .then(place.1.cmp(&after.ods_code))
                .is_le()
        })
    });
    let has_more = places.len() - first > limit;
    let on_page = places
        .into_iter()
        .skip(first)
        .take(limit)
        .collect::<Vec<_>>();
    let mut by_code = with_codes(connection, on_page.iter().map(|place| place.1))?;
    let items = on_page
        .into_iter()
        .filter_map(|(distance_km, code)| {
            let organisation = by_code.remove(&code)?;
            Some(Listed {
                organisation,
                distance_km: Some(distance_km),
            })
        })
        .collect();
    Ok(OrganisationPage { items, has_more })
}

type Selection<'a> = organisations::BoxedQuery<'a, Backend>;

/// The organisations for which every part of the query but the circle holds.
fn filtered(query: &OrganisationQuery) -> Selection<'static> {
    let mut selected = organisations::table.into_boxed();
    match query.status {
        StatusFilter::Active => selected = selected.filter(organisations::status.eq("active")),
        StatusFilter::Closed => selected = selected.filter(organisations::status.eq("closed")),
        StatusFilter::Any => {}
    }
    if let Some(text) = &query.text {
        selected = selected.filter(
            organisations::search_text
                .like(pattern(text))
                .escape(ESCAPE),
        );
    }
    if let Some(icb) = &query.icb {
        selected = selected.filter(organisations::icb_code.eq(icb.to_string()));
    }
    if let Some(region) = &query.region {
        selected = selected.filter(organisations::region_code.eq(region.to_string()));
    }
    if let Some(setting) = query.care_setting {
        let giving = organisation_care_settings::table
            .filter(organisation_care_settings::care_setting.eq(setting.as_str()))
            .select(organisation_care_settings::ods_code);
        selected = selected.filter(organisations::ods_code.eq_any(giving));
    }
    if let Some(vendor) = &query.vendor {
        let present = SystemStatus::ALL
            .iter()
            .filter(|status| status.is_present())
            .map(|status| status.as_str());
        let running = core_systems::table
            .filter(core_systems::vendor_key.eq(searchable(vendor)))
            .filter(core_systems::status.eq_any(present.collect::<Vec<_>>()))
            .select(core_systems::ods_code);
        selected = selected.filter(organisations::ods_code.eq_any(running));
    }
    selected
}

/// Takes the wildcards of LIKE their meaning.
pub(super) const ESCAPE: char = '\\';

/// The pattern that a text stands for: the text anywhere, as it is searched.
pub(super) fn pattern(text: &str) -> String {
    let mut pattern = String::from("%");
    for c in searchable(text).chars() {
        if matches!(c, '%' | '_' | ESCAPE) {
            pattern.push(ESCAPE);
        }
        pattern.push(c);
    }
    pattern.push('%');
    pattern
}

/// Narrows a selection to a box that holds the circle; who is in the circle itself is for the caller to measure.
fn in_box(selected: Selection<'static>, near: Near) -> Selection<'static> {
    /// Wider than the rounding of a position or a bound.
    const MARGIN: f64 = 1e-9;
    let angle = near.within_km / EARTH_RADIUS_KM;
    let reach = angle.to_degrees() + MARGIN;
    let (latitude, longitude) = (near.centre.latitude(), near.centre.longitude());
    let (south, north) = (latitude - reach, latitude + reach);
    let selected = selected.filter(
        organisations::latitude
            .between(south, north)
            .and(organisations::longitude.is_not_null()),
    );
    // A circle that holds a pole holds every longitude.
    if south <= -90.0 || north >= 90.0 {
        return selected;
    }
    // The circle reaches furthest east and west where it touches a meridian (Napier's rule for right triangles).
    let width = (angle.sin() / latitude.to_radians().cos())
        .asin()
        .to_degrees()
        + MARGIN;
    let (west, east) = (longitude - width, longitude + width);
    // One that crosses the antimeridian would need two bounds; it is measured without. NaN fails the comparison too.
    if west >= -180.0 && east <= 180.0 {
        selected.filter(organisations::longitude.between(west, east))
    } else {
        selected
    }
}

/// The organisations of these codes.
fn with_codes(
    connection: &mut Connection,
    codes: impl Iterator<Item = OdsCode>,
) -> Result<HashMap<OdsCode, Organisation>> {
    let codes: Vec<String> = codes.map(|code| code.to_string()).collect();
    let rows = organisations::table
        .filter(organisations::ods_code.eq_any(codes))
        .load::<OrganisationRow>(&mut connection.database)
        .map_err(failed("reading organisations"))?;
    let found = completed(connection, rows)?;
    Ok(found
        .into_iter()
        .map(|organisation| (organisation.ods_code, organisation))
        .collect())
}

/// Adds to rows of organisations what other tables hold of them.
pub(super) fn completed(
    connection: &mut Connection,
    rows: Vec<OrganisationRow>,
) -> Result<Vec<Organisation>> {
    let codes: Vec<&str> = rows.iter().map(|row| row.ods_code.as_str()).collect();
    let settings = organisation_care_settings::table
        .filter(organisation_care_settings::ods_code.eq_any(codes))
        .load::<CareSettingRow>(&mut connection.database)
        .map_err(failed("reading care settings"))?;
    let settings = settings_by_code(settings)?;
    let boards = boards::table
        .load::<BoardRow>(&mut connection.database)
        .map_err(failed("reading boards"))?;
    let boards = boards_by_code(boards)?;
    rows.into_iter()
        .map(|row| {
            let care_settings = settings.get(&row.ods_code).copied().unwrap_or_default();
            row.into_domain(&boards, care_settings)
        })
        .collect()
}

/// Checks that there is an organisation of this code, open or closed.
///
/// # Errors
///
/// [`Error::OrganisationNotFound`] where there is none;
/// [`Error::Unavailable`] or
/// [`Error::Internal`] where that cannot be read.
pub fn require(connection: &mut Connection, code: OdsCode) -> Result<()> {
    organisations::table
        .find(code.as_str())
        .select(organisations::code_order)
        .first::<i64>(&mut connection.database)
        .optional()
        .map_err(failed("looking for an organisation"))?
        .map(|_| ())
        .ok_or(Error::OrganisationNotFound(code))
}

/// The same for an organisation that has to be active.
///
/// # Errors
///
/// [`Error::OrganisationClosed`] with those that follow it at once; those of [`require`].
pub fn require_active(connection: &mut Connection, code: OdsCode) -> Result<()> {
    let found: Option<(String, Option<chrono::NaiveDate>)> = organisations::table
        .find(code.as_str())
        .select((organisations::status, organisations::closed))
        .first(&mut connection.database)
        .optional()
        .map_err(failed("looking for an organisation"))?;
    let (status, on) = found.ok_or(Error::OrganisationNotFound(code))?;
    if status == "active" {
        return Ok(());
    }
    let mut successors = successions_of(connection, code)?
        .into_iter()
        .filter(|succession| succession.predecessor == code)
        .map(|succession| succession.successor)
        .collect::<Vec<_>>();
    successors.sort_unstable();
    Err(Error::OrganisationClosed {
        code,
        on,
        successors,
    })
}

/// Returns one organisation with everything recorded of it; `None` where there is none of this code.
///
/// # Errors
///
/// [`Error::Unavailable`] or
/// [`Error::Internal`] where it cannot be read.
pub fn find(connection: &mut Connection, code: OdsCode) -> Result<Option<OrganisationRecord>> {
    let row = organisations::table
        .find(code.as_str())
        .first::<OrganisationRow>(&mut connection.database)
        .optional()
        .map_err(failed("reading an organisation"))?;
    let Some(row) = row else { return Ok(None) };
    let Some(organisation) = completed(connection, vec![row])?.pop() else {
        return Ok(None);
    };
    Ok(Some(OrganisationRecord {
        organisation,
        core_systems: core_systems_of(connection, code)?,
        attributes: attributes_of(connection, code)?,
        links: links_of(connection, code)?,
        networks: networks_of(connection, code)?,
        successions: successions_of(connection, code)?,
    }))
}

pub(super) fn core_systems_of(
    connection: &mut Connection,
    code: OdsCode,
) -> Result<Vec<CoreSystem>> {
    let rows = core_systems::table
        .filter(core_systems::ods_code.eq(code.as_str()))
        .order(core_systems::sequence.asc())
        .load::<CoreSystemRow>(&mut connection.database)
        .map_err(failed("reading the core systems of an organisation"))?;
    let mut found = rows
        .into_iter()
        .map(CoreSystemRow::into_domain)
        .collect::<Result<Vec<_>>>()?;
    found.sort_by_key(|system| system.module);
    Ok(found)
}

pub(super) fn attributes_of(
    connection: &mut Connection,
    code: OdsCode,
) -> Result<Vec<AttributeFact>> {
    let rows = attributes::table
        .filter(attributes::ods_code.eq(code.as_str()))
        .load::<AttributeRow>(&mut connection.database)
        .map_err(failed("reading the attributes of an organisation"))?;
    let mut found = rows
        .into_iter()
        .map(AttributeRow::into_domain)
        .collect::<Result<Vec<_>>>()?;
    found.sort_by_key(|fact| (fact.value.attribute(), fact.value.setting()));
    Ok(found)
}

fn links_of(connection: &mut Connection, code: OdsCode) -> Result<Vec<Link>> {
    let rows = links::table
        .filter(
            links::a_code
                .eq(code.as_str())
                .or(links::b_code.eq(code.as_str())),
        )
        .order(links::sequence.asc())
        .load::<LinkRow>(&mut connection.database)
        .map_err(failed("reading the links of an organisation"))?;
    let mut found = rows
        .into_iter()
        .map(LinkRow::into_domain)
        .collect::<Result<Vec<_>>>()?;
    // A stable sort: several links to one organisation stay as they were stored.
    found.sort_by_key(|link| {
        let (a, b) = link.ends();
        if a == code { b } else { a }
    });
    Ok(found)
}

fn networks_of(connection: &mut Connection, code: OdsCode) -> Result<Vec<Network>> {
    let mine = network_members::table
        .filter(network_members::ods_code.eq(code.as_str()))
        .load::<MemberRow>(&mut connection.database)
        .map_err(failed("reading the memberships of an organisation"))?;
    let slugs: Vec<&str> = mine.iter().map(|row| row.network.as_str()).collect();
    let rows = networks::table
        .filter(networks::slug.eq_any(&slugs))
        .load::<NetworkRow>(&mut connection.database)
        .map_err(failed("reading the networks of an organisation"))?;
    let members = network_members::table
        .filter(network_members::network.eq_any(&slugs))
        .load::<MemberRow>(&mut connection.database)
        .map_err(failed("reading the members of networks"))?;
    joined(rows, members)
}

fn successions_of(connection: &mut Connection, code: OdsCode) -> Result<Vec<Succession>> {
    let rows = successions::table
        .filter(
            successions::predecessor
                .eq(code.as_str())
                .or(successions::successor.eq(code.as_str())),
        )
        .load::<SuccessionRow>(&mut connection.database)
        .map_err(failed("reading the successions of an organisation"))?;
    let mut found = rows
        .into_iter()
        .map(SuccessionRow::into_domain)
        .collect::<Result<Vec<_>>>()?;
    found.sort_by_key(|succession| (succession.predecessor, succession.successor));
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_looked_for_as_it_is_written() {
        assert_eq!(pattern(" 100%_Sure\\ "), "%100\\%\\_sure\\\\%");
        assert_eq!(pattern("a\t\n b\0"), "%a b%");
    }
}
