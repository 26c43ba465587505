//! The published data sets that the stored facts are from.

use diesel::{Insertable, Queryable, RunQueryDsl as _};

use crate::domain::error::Result;
use crate::domain::provenance::DataSet;
use crate::storage::connection::Connection;
use crate::storage::failure::{Stored, failed};
use crate::storage::schema::data_sets;

#[derive(Queryable, Insertable)]
#[diesel(table_name = data_sets, treat_none_as_default_value = false)]
pub(super) struct DataSetRow {
    slug: String,
    title: String,
    publisher: String,
    licence: String,
    attribution: String,
    used_for: String,
    as_of: Option<String>,
}

impl From<&DataSet> for DataSetRow {
    fn from(data_set: &DataSet) -> Self {
        Self {
            slug: data_set.slug.to_string(),
            title: data_set.title.clone(),
            publisher: data_set.publisher.clone(),
            licence: data_set.licence.clone(),
            attribution: data_set.attribution.clone(),
            used_for: data_set.used_for.clone(),
            as_of: data_set.as_of.map(|date| date.to_string()),
        }
    }
}

impl DataSetRow {
    fn into_domain(self) -> Result<DataSet> {
        let key = [self.slug.as_str()];
        let row = Stored::new("data_sets", &key);
        Ok(DataSet {
            slug: row.parse(&self.slug)?,
            title: self.title,
            publisher: self.publisher,
            licence: self.licence,
            attribution: self.attribution,
            used_for: self.used_for,
            as_of: row.parse_some(self.as_of.as_deref())?,
        })
    }
}

/// Returns every data set, by slug.
///
/// # Errors
///
/// [`Error::Unavailable`](crate::domain::error::Error::Unavailable) or
/// [`Error::Internal`](crate::domain::error::Error::Internal) where they cannot be read.
pub fn all(connection: &mut Connection) -> Result<Vec<DataSet>> {
    let mut found = data_sets::table
        .load::<DataSetRow>(&mut connection.database)
        .map_err(failed("reading the data sets"))?
        .into_iter()
        .map(DataSetRow::into_domain)
        .collect::<Result<Vec<_>>>()?;
    found.sort_by(|a, b| a.slug.cmp(&b.slug));
    Ok(found)
}
