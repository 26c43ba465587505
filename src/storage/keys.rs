//! Keys of callers.

use chrono::{NaiveDateTime, SubsecRound as _};
use data_encoding::HEXLOWER;
use diesel::{Insertable, Queryable, RunQueryDsl as _};

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
        let time = |at: chrono::DateTime<chrono::Utc>| at.naive_utc().trunc_subsecs(6);
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
