//! What other organisations see of a site beyond its scores.

use std::collections::BTreeMap;

use diesel::{ExpressionMethods as _, QueryDsl as _, RunQueryDsl as _};
use serde_json::{Value, json};

use crate::domain::error::Result;
use crate::domain::ids::OdsCode;
use crate::domain::profile::Visibility;
use crate::domain::version::{Expected, ProfilePart, Version};
use crate::storage::audit::{self, Entry};
use crate::storage::connection::{Connection, each_backend};
use crate::storage::failure::{Stored, failed};
use crate::storage::schema::visibility;
use crate::storage::{Outcome, organisations, versions};

/// Returns what others see of an organisation; everything where it said nothing.
///
/// # Errors
///
/// [`Error::Unavailable`](crate::domain::error::Error::Unavailable) or
/// [`Error::Internal`](crate::domain::error::Error::Internal) where it cannot be read.
pub fn of(connection: &mut Connection, code: OdsCode) -> Result<Visibility> {
    let found: Option<(bool, bool)> = visibility::table
        .filter(visibility::ods_code.eq(code.as_str()))
        .select((visibility::shows_expertise, visibility::shows_evidence))
        .load(&mut connection.database)
        .map_err(failed("reading a visibility"))?
        .pop();
    Ok(
        found.map_or_else(Visibility::default, |(expertise, evidence)| Visibility {
            expertise,
            evidence,
        }),
    )
}

/// Returns what others see of every organisation that said so, by code; of the others they see everything.
///
/// # Errors
///
/// As [`of`].
pub fn all(connection: &mut Connection) -> Result<BTreeMap<OdsCode, Visibility>> {
    let rows: Vec<(String, bool, bool)> = visibility::table
        .load(&mut connection.database)
        .map_err(failed("reading what organisations show"))?;
    rows.into_iter()
        .map(|(code, expertise, evidence)| {
            let code = Stored::new("visibility", &[&code]).parse(&code)?;
            Ok((
                code,
                Visibility {
                    expertise,
                    evidence,
                },
            ))
        })
        .collect()
}

/// Returns who keeps what it can show from other sites, sorted.
///
/// # Errors
///
/// As [`of`].
pub fn hiding_expertise(connection: &mut Connection) -> Result<Vec<OdsCode>> {
    let hiding = all(connection)?.into_iter();
    Ok(hiding
        .filter_map(|(code, shows)| (!shows.expertise).then_some(code))
        .collect())
}

/// Returns what others see of an organisation, and the version of that.
///
/// # Errors
///
/// [`Error::OrganisationNotFound`](crate::domain::error::Error::OrganisationNotFound); those of [`of`].
pub fn versioned(connection: &mut Connection, code: OdsCode) -> Result<(Version, Visibility)> {
    organisations::require(connection, code)?;
    let version = versions::of(connection, code, ProfilePart::Visibility)?;
    Ok((version, of(connection, code)?))
}

/// Sets what others see of an organisation, from a version that it has seen. Returns the version then.
///
/// # Errors
///
/// [`Error::OrganisationNotFound`](crate::domain::error::Error::OrganisationNotFound);
/// [`Error::Stale`](crate::domain::error::Error::Stale) where it is of another version; those of [`of`].
pub fn change(
    connection: &mut Connection,
    code: OdsCode,
    shows: Visibility,
    expected: &Expected,
) -> Result<Outcome<Version>> {
    let version = versions::expect(connection, code, ProfilePart::Visibility, expected)?;
    let before = of(connection, code)?;
    if before == shows {
        return Ok(Outcome::Unchanged(version));
    }
    let flags = (
        visibility::shows_expertise.eq(shows.expertise),
        visibility::shows_evidence.eq(shows.evidence),
    );
    each_backend!(connection, c => {
        diesel::insert_into(visibility::table)
            .values((visibility::ods_code.eq(code.as_str()), flags))
            .on_conflict(visibility::ods_code)
            .do_update()
            .set(flags)
            .execute(c)
    })
    .map_err(failed("storing a visibility"))?;
    audit::note(
        connection,
        Entry {
            kind: "visibility",
            id: code.to_string(),
            ods_code: Some(code),
            before: Some(word_of(before)),
            after: Some(word_of(shows)),
        },
    );
    versions::raise(connection, code, ProfilePart::Visibility, expected).map(Outcome::Changed)
}

fn word_of(shows: Visibility) -> Value {
    json!({"expertise": shows.expertise, "evidence": shows.evidence})
}
