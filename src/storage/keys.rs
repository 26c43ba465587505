//! Keys of callers.

use chrono::{DateTime, NaiveDateTime, SubsecRound as _, Utc};
use data_encoding::HEXLOWER;
use diesel::{
    BoolExpressionMethods as _, ExpressionMethods as _, Insertable, QueryDsl as _, Queryable,
    RunQueryDsl as _,
};

use crate::domain::api_key::{KeyHash, KeyRecord};
use crate::domain::caller::Role;
use crate::domain::error::Result;
use crate::domain::version::Version;
use crate::storage::connection::{Connection, each_backend};
use crate::storage::failure::{Stored, failed};
use crate::storage::schema::api_keys;

#[derive(Queryable, Insertable)]
#[diesel(table_name = api_keys, treat_none_as_default_value = false)]
struct KeyRow {
    id: String,
    prefix: String,
    hash: String,
    label: String,
    role: String,
    ods_code: Option<String>,
    created_at: NaiveDateTime,
    created_by: String,
    expires_at: Option<NaiveDateTime>,
    revoked_at: Option<NaiveDateTime>,
    rotated_to: Option<String>,
    version: i64,
}

impl KeyRow {
    fn new(key: &KeyRecord) -> Result<Self> {
        let stored = [key.id.as_str()];
        Ok(Self {
            id: key.id.clone(),
            prefix: key.prefix.clone(),
            hash: HEXLOWER.encode(&key.hash.0),
            label: key.label.clone(),
            role: key.role.as_str().to_owned(),
            ods_code: key.role.site().map(|code| code.to_string()),
            created_at: time(key.created_at),
            created_by: key.created_by.clone(),
            expires_at: key.expires_at.map(time),
            revoked_at: key.revoked_at.map(time),
            rotated_to: key.rotated_to.clone(),
            version: i64::try_from(key.version.0)
                .map_err(|fault| Stored::new("api_keys", &stored).corrupt(fault))?,
        })
    }

    fn into_domain(self) -> Result<KeyRecord> {
        let key = [self.id.as_str()];
        let row = Stored::new("api_keys", &key);
        let role = match (self.role.as_str(), self.ods_code.as_deref()) {
            ("site", Some(code)) => Role::Site(row.parse(code)?),
            ("programme_admin", None) => Role::ProgrammeAdmin,
            ("viewer", None) => Role::Viewer,
            _ => return Err(row.corrupt("its role is none")),
        };
        let hash = HEXLOWER
            .decode(self.hash.as_bytes())
            .ok()
            .and_then(|bytes| bytes.try_into().ok())
            .ok_or_else(|| row.corrupt("its hash is none"))?;
        let version = u64::try_from(self.version).map_err(|fault| row.corrupt(fault))?;
        Ok(KeyRecord {
            hash: KeyHash(hash),
            role,
            version: Version(version),
            prefix: self.prefix,
            label: self.label,
            created_at: self.created_at.and_utc(),
            created_by: self.created_by,
            expires_at: self.expires_at.map(|at| at.and_utc()),
            revoked_at: self.revoked_at.map(|at| at.and_utc()),
            rotated_to: self.rotated_to,
            id: self.id,
        })
    }
}

/// A time as it is stored: both databases keep microseconds.
fn time(at: DateTime<Utc>) -> NaiveDateTime {
    at.naive_utc().trunc_subsecs(6)
}

/// Returns every key, the first made first.
///
/// # Errors
///
/// [`Error::Unavailable`](crate::domain::error::Error::Unavailable) or
/// [`Error::Internal`](crate::domain::error::Error::Internal) where they cannot be read.
pub fn all(connection: &mut Connection) -> Result<Vec<KeyRecord>> {
    let mut keys = api_keys::table
        .load::<KeyRow>(&mut connection.database)
        .map_err(failed("reading the keys"))?
        .into_iter()
        .map(KeyRow::into_domain)
        .collect::<Result<Vec<_>>>()?;
    keys.sort_by(|a, b| (a.created_at, &a.id).cmp(&(b.created_at, &b.id)));
    Ok(keys)
}

/// Stores a new key.
///
/// # Errors
///
/// [`Error::Internal`](crate::domain::error::Error::Internal) where its site does not exist or its id is there already.
pub fn insert(connection: &mut Connection, key: &KeyRecord) -> Result<()> {
    let row = KeyRow::new(key)?;
    each_backend!(connection, c => diesel::insert_into(api_keys::table).values(row).execute(c))
        .map_err(failed("storing a key"))?;
    Ok(())
}

/// Changes what may change of a key: until when it is good, and what takes its place.
///
/// # Errors
///
/// As [`all`].
pub fn update(connection: &mut Connection, key: &KeyRecord) -> Result<()> {
    let row = KeyRow::new(key)?;
    diesel::update(api_keys::table.filter(api_keys::id.eq(row.id)))
        .set((
            api_keys::expires_at.eq(row.expires_at),
            api_keys::revoked_at.eq(row.revoked_at),
            api_keys::rotated_to.eq(row.rotated_to),
            api_keys::version.eq(row.version),
        ))
        .execute(&mut connection.database)
        .map_err(failed("changing a key"))?;
    Ok(())
}

/// Returns the key with an id, or with a prefix; `None` where there is none.
///
/// # Errors
///
/// As [`all`].
pub fn find(connection: &mut Connection, id_or_prefix: &str) -> Result<Option<KeyRecord>> {
    api_keys::table
        .filter(
            api_keys::id
                .eq(id_or_prefix)
                .or(api_keys::prefix.eq(id_or_prefix)),
        )
        .load::<KeyRow>(&mut connection.database)
        .map_err(failed("reading a key"))?
        .pop()
        .map(KeyRow::into_domain)
        .transpose()
}

/// A place in the list of keys: after the key that was made at this time and has this id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyPlace {
    /// When it was made, to the microsecond.
    pub created_at: DateTime<Utc>,
    /// Its id.
    pub id: String,
}

/// A part of the list of keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyPage {
    /// The keys, the first made first.
    pub items: Vec<KeyRecord>,
    /// Whether more follow.
    pub has_more: bool,
}

/// Returns `limit` keys after a place, the first made first and, of those made at once, by id.
///
/// # Errors
///
/// As [`all`].
pub fn page(connection: &mut Connection, after: Option<KeyPlace>, limit: usize) -> Result<KeyPage> {
    let mut selected = api_keys::table
        .order((api_keys::created_at.asc(), api_keys::id.asc()))
        .limit(i64::try_from(limit.saturating_add(1)).unwrap_or(i64::MAX))
        .into_boxed();
    if let Some(after) = after {
        let at = time(after.created_at);
        selected = selected.filter(
            api_keys::created_at
                .gt(at)
                .or(api_keys::created_at.eq(at).and(api_keys::id.gt(after.id))),
        );
    }
    let rows: Vec<KeyRow> = selected
        .load(&mut connection.database)
        .map_err(failed("reading the keys"))?;
    let has_more = rows.len() > limit;
    let items = rows.into_iter().take(limit).map(KeyRow::into_domain);
    Ok(KeyPage {
        items: items.collect::<Result<_>>()?,
        has_more,
    })
}
