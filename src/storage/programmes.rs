//! Programmes and their weights.

use diesel::{ExpressionMethods as _, Insertable, QueryDsl as _, RunQueryDsl as _};

use crate::domain::error::Result;
use crate::domain::programme::{Criterion, Programme, Weights};
use crate::storage::connection::{Connection, each_backend};
use crate::storage::failure::{Stored, failed};
use crate::storage::schema::{programme_weights, programmes};

#[derive(Insertable)]
#[diesel(table_name = programme_weights)]
struct WeightRow<'a> {
    programme: &'a str,
    criterion: &'a str,
    weight: f64,
}

/// Returns the programme whose weights hold unless somebody says otherwise.
///
/// # Errors
///
/// [`Error::Unavailable`](crate::domain::error::Error::Unavailable) or
/// [`Error::Internal`](crate::domain::error::Error::Internal) where it cannot be read.
pub fn default(connection: &mut Connection) -> Result<Programme> {
    let (slug, name): (String, String) = programmes::table
        .filter(programmes::is_default.eq(true))
        .select((programmes::slug, programmes::name))
        .first(&mut connection.database)
        .map_err(failed("reading the default programme"))?;
    let stored: Vec<(String, f64)> = programme_weights::table
        .filter(programme_weights::programme.eq(&slug))
        .select((programme_weights::criterion, programme_weights::weight))
        .load(&mut connection.database)
        .map_err(failed("reading the weights of the default programme"))?;
    let key = [slug.as_str()];
    let row = Stored::new("programme_weights", &key);
    let mut weights = [0.0; Criterion::COUNT];
    for (criterion, weight) in stored {
        weights[row.parse::<Criterion>(&criterion)?.index()] = weight;
    }
    Ok(Programme {
        slug: Stored::new("programmes", &key).parse(&slug)?,
        name,
        weights: Weights::new(weights).map_err(|fault| row.corrupt(fault))?,
    })
}

/// Makes this the default programme, with exactly these weights; one of the same slug is replaced.
///
/// # Errors
///
/// [`Error::Unavailable`](crate::domain::error::Error::Unavailable) or
/// [`Error::Internal`](crate::domain::error::Error::Internal) where it cannot be stored.
pub fn set_default(connection: &mut Connection, programme: &Programme) -> Result<()> {
    let slug = programme.slug.as_str();
    let weights: Vec<_> = Criterion::ALL
        .iter()
        .map(|&criterion| WeightRow {
            programme: slug,
            criterion: criterion.as_str(),
            weight: programme.weights.of(criterion),
        })
        .collect();
    each_backend!(connection, c => {
        diesel::update(programmes::table)
            .set(programmes::is_default.eq(false))
            .execute(c)
            .and_then(|_| diesel::delete(programmes::table.filter(programmes::slug.eq(slug))).execute(c))
            .and_then(|_| {
                diesel::insert_into(programmes::table)
                    .values((
                        programmes::slug.eq(slug),
                        programmes::name.eq(&programme.name),
                        programmes::is_default.eq(true),
                    ))
                    .execute(c)
            })
            .and_then(|_| diesel::insert_into(programme_weights::table).values(&weights).execute(c))
    })
    .map_err(failed("setting the default programme"))?;
    Ok(())
}
