//! Making, rotating and revoking keys: the same rules over the interface and on the command line.

use chrono::{DateTime, SubsecRound as _, TimeDelta, Utc};
use serde_json::{Value, json};

use crate::domain::api_key::{ApiKey, KeyRecord};
use crate::domain::caller::Role;
use crate::domain::error::{Error, FieldError, Result};
use crate::domain::ids::OdsCode;
use crate::domain::version::Version;
use crate::random::Random;
use crate::storage::audit::{Entry, note};
use crate::storage::names;
use crate::storage::{Change, Connection, Outcome, Storage, Touches, keys};

/// The longest label, in characters.
pub const MAX_LABEL_CHARS: usize = 100;

/// The furthest that an expiry may lie ahead.
const MAX_LIFE: TimeDelta = TimeDelta::days(3653);

/// How long a rotated key is good beside the one that takes its place, unless told otherwise.
pub const DEFAULT_OVERLAP_S: i64 = 24 * 60 * 60;

/// The longest time that a rotated key may stay good.
pub const MAX_OVERLAP_S: i64 = 30 * DEFAULT_OVERLAP_S;

/// Who makes the keys that the service makes by itself, in the audit.
const BY_ITSELF: &str = "alongside";

/// A key that is asked for, not yet checked against what is recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewKey {
    label: String,
    role: Role,
    expires_at: Option<DateTime<Utc>>,
}

/// What is asked for, as it was written.
#[derive(Clone, Copy, Debug, Default)]
pub struct AskedKey<'a> {
    /// What the key is for.
    pub label: &'a str,
    /// `site`, `programme_admin` or `viewer`.
    pub role: &'a str,
    /// The ODS code, for a site.
    pub ods_code: Option<&'a str>,
    /// When it expires (RFC 3339); `None` is never.
    pub expires_at: Option<&'a str>,
}

impl NewKey {
    /// Reads what is asked for.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] with every field that breaks a rule.
    pub fn read(asked: AskedKey<'_>, now: DateTime<Utc>) -> Result<Self> {
        let mut faults = Vec::new();
        let label = asked.label.trim();
        if label.is_empty()
            || label.chars().count() > MAX_LABEL_CHARS
            || label.chars().any(char::is_control)
        {
            faults.push(FieldError::new(
                "/label",
                format!("is 1 to {MAX_LABEL_CHARS} characters without control characters"),
            ));
        }
        let role = match role(asked) {
            Ok(role) => Some(role),
            Err(fault) => {
                faults.push(fault);
                None
            }
        };
        let expires_at = match asked.expires_at.map(|text| expiry(text, now)) {
            None => None,
            Some(Ok(at)) => Some(at),
            Some(Err(fault)) => {
                faults.push(fault);
                None
            }
        };
        match role {
            Some(role) if faults.is_empty() => Ok(Self {
                label: label.to_owned(),
                role,
                expires_at,
            }),
            Some(_) | None => Err(Error::Invalid(faults)),
        }
    }
}

fn role(asked: AskedKey<'_>) -> std::result::Result<Role, FieldError> {
    match (asked.role, asked.ods_code) {
        ("site", Some(code)) => OdsCode::new(code)
            .map(Role::Site)
            .map_err(|malformed| FieldError::new("/odsCode", malformed.to_string())),
        ("site", None) => Err(FieldError::new("/odsCode", "is missing: a site has one")),
        ("programme_admin" | "viewer", Some(_)) => Err(FieldError::new(
            "/odsCode",
            "is for keys of the role site alone",
        )),
        ("programme_admin", None) => Ok(Role::ProgrammeAdmin),
        ("viewer", None) => Ok(Role::Viewer),
        (_, _) => Err(FieldError::new(
            "/role",
            "is one of: site, programme_admin, viewer",
        )),
    }
}

fn expiry(text: &str, now: DateTime<Utc>) -> std::result::Result<DateTime<Utc>, FieldError> {
    let fault = |words| FieldError::new("/expiresAt", words);
    let at = DateTime::parse_from_rfc3339(text)
        .map_err(|_malformed| fault("is not a time such as 2027-04-01T00:00:00Z"))?
        .with_timezone(&Utc)
        .trunc_subsecs(6);
    if at <= now {
        Err(fault("is in the past"))
    } else if at - now > MAX_LIFE {
        Err(fault("is more than ten years ahead"))
    } else {
        Ok(at)
    }
}

/// Who makes or changes a key, and when.
#[derive(Clone, Debug)]
pub struct By {
    /// Who, as in the audit.
    pub actor: String,
    /// When.
    pub at: DateTime<Utc>,
}

/// Makes a key and notes it for the audit. The key itself is nowhere but in what is returned.
///
/// # Errors
///
/// [`Error::Invalid`] where its site does not exist; those of the database.
pub fn make(
    connection: &mut Connection,
    random: &Random,
    by: &By,
    new: NewKey,
) -> Result<(ApiKey, KeyRecord)> {
    if let Role::Site(code) = new.role
        && names::of(connection, [code])?.is_empty()
    {
        return Err(Error::invalid("/odsCode", "is of no organisation here"));
    }
    let id = random.id()?;
    let key = random.key()?;
    let record = KeyRecord {
        expires_at: new.expires_at,
        ..KeyRecord::new(
            id,
            &key,
            new.role,
            new.label,
            by.at.trunc_subsecs(6),
            by.actor.clone(),
        )
    };
    keys::insert(connection, &record)?;
    note_change(connection, None, &record);
    Ok((key, record))
}

/// Makes a key that takes the place of another, which stays good for `overlap`.
///
/// The new one has the role and the label of the old. Where that expires, the new one gets as long a life as it had.
///
/// # Errors
///
/// [`Error::Missing`] where there is no such key; [`Error::Conflict`] where it was rotated before or is no longer good; those
/// of the database.
pub fn rotate(
    connection: &mut Connection,
    random: &Random,
    by: &By,
    id: &str,
    overlap: TimeDelta,
) -> Result<(ApiKey, KeyRecord)> {
    let old = existing(connection, id)?;
    if let Some(next) = &old.rotated_to {
        return Err(Error::Conflict {
            rule: "/problems/key-rotated",
            detail: format!(
                "The key {} was rotated already, to {next}; rotate that one.",
                old.prefix
            ),
        });
    }
    if !old.is_good(by.at) {
        return Err(Error::Conflict {
            rule: "/problems/key-not-good",
            detail: format!(
                "The key {} is expired or revoked; make a new one.",
                old.prefix
            ),
        });
    }
    let new = NewKey {
        label: old.label.clone(),
        role: old.role,
        expires_at: old.expires_at.map(|at| by.at + (at - old.created_at)),
    };
    let (key, record) = make(connection, random, by, new)?;
    let ends = by.at + overlap;
    let mut rotated = old.clone();
    rotated.expires_at = Some(old.expires_at.map_or(ends, |at| at.min(ends)));
    rotated.rotated_to = Some(record.id.clone());
    change(connection, &old, rotated)?;
    Ok((key, record))
}

/// Revokes a key at once. One that is revoked already stays as it is.
///
/// # Errors
///
/// [`Error::Missing`] where there is no such key; [`Error::Conflict`] where no other key of a programme admin would be good;
/// those of the database.
pub fn revoke(connection: &mut Connection, by: &By, id: &str) -> Result<Outcome<KeyRecord>> {
    let old = existing(connection, id)?;
    if old.revoked_at.is_some() {
        return Ok(Outcome::Unchanged(old));
    }
    if old.role == Role::ProgrammeAdmin && old.is_good(by.at) {
        // One that was rotated is about to expire, so it does not count.
        let is_left = |key: &KeyRecord| {
            key.role == Role::ProgrammeAdmin
                && key.id != old.id
                && key.rotated_to.is_none()
                && key.is_good(by.at)
        };
        if !keys::all(connection)?.iter().any(is_left) {
            return Err(Error::Conflict {
                rule: "/problems/last-admin-key",
                detail: "It is the last good key of a programme admin; make another first."
                    .to_owned(),
            });
        }
    }
    let mut revoked = old.clone();
    revoked.revoked_at = Some(by.at.trunc_subsecs(6));
    change(connection, &old, revoked).map(Outcome::Changed)
}

/// Makes the first key of a programme admin where there never was one; `None` where there was.
///
/// `keep` is told the key before the database holds it, so that a key that cannot be kept is not made.
///
/// # Errors
///
/// Those of the database and of `keep`.
pub fn first_admin<E: From<Error>>(
    storage: &Storage,
    random: &Random,
    at: DateTime<Utc>,
    keep: impl FnOnce(&ApiKey) -> std::result::Result<(), E>,
) -> std::result::Result<Option<ApiKey>, E> {
    let has_admin = |connection: &mut Connection| {
        let keys = keys::all(connection)?;
        Ok(keys.iter().any(|key| key.role == Role::ProgrammeAdmin))
    };
    if storage.read_blocking(has_admin)? {
        return Ok(None);
    }
    let mut refused = None;
    let made = storage.write_if_needed(&by_itself("make_first_key", at), |connection| {
        // Of several replicas that start at once one makes it.
        if has_admin(connection)? {
            return Ok(None);
        }
        let (key, _) = make(
            connection,
            random,
            &by_itself_at(at),
            NewKey {
                label: "The first programme admin".to_owned(),
                role: Role::ProgrammeAdmin,
                expires_at: None,
            },
        )?;
        match keep(&key) {
            Ok(()) => Ok(Some(key)),
            Err(error) => {
                refused = Some(error);
                Ok(None)
            }
        }
    })?;
    match refused {
        Some(error) => Err(error),
        None => Ok(made.map(|(key, _)| key)),
    }
}

/// The keys of the demo.
pub struct DemoKeys {
    /// A programme admin's.
    pub admin: ApiKey,
    /// Each site's.
    pub sites: Vec<(OdsCode, ApiKey)>,
}

/// Makes a key of a programme admin and one of each of the sites.
///
/// # Errors
///
/// [`Error::Invalid`] where a site does not exist; those of the database.
pub fn for_demo(
    storage: &Storage,
    random: &Random,
    at: DateTime<Utc>,
    sites: &[OdsCode],
) -> Result<DemoKeys> {
    let (keys, _) = storage.write_blocking(&by_itself("make_demo_keys", at), |connection| {
        let mut of_role = |label: String, role| {
            let new = NewKey {
                label,
                role,
                expires_at: None,
            };
            make(connection, random, &by_itself_at(at), new).map(|(key, _)| key)
        };
        let admin = of_role("Demo: programme admin".to_owned(), Role::ProgrammeAdmin)?;
        let sites = sites
            .iter()
            .map(|&code| of_role(format!("Demo: {code}"), Role::Site(code)).map(|key| (code, key)));
        let sites = sites.collect::<Result<_>>()?;
        Ok(DemoKeys { admin, sites })
    })?;
    Ok(keys)
}

fn by_itself(action: &'static str, at: DateTime<Utc>) -> Change {
    Change {
        actor: BY_ITSELF.to_owned(),
        action,
        detail: String::new(),
        at,
        request_id: String::new(),
        touches: Touches::Callers,
    }
}

fn by_itself_at(at: DateTime<Utc>) -> By {
    By {
        actor: BY_ITSELF.to_owned(),
        at,
    }
}

/// Returns the key with an id, or with a prefix.
///
/// # Errors
///
/// [`Error::Missing`] where there is none; those of the database.
pub fn existing(connection: &mut Connection, id: &str) -> Result<KeyRecord> {
    keys::find(connection, id)?.ok_or_else(|| Error::Missing {
        what: "key",
        id: id.to_owned(),
    })
}

fn change(connection: &mut Connection, old: &KeyRecord, mut new: KeyRecord) -> Result<KeyRecord> {
    new.version = Version(old.version.0 + 1);
    keys::update(connection, &new)?;
    note_change(connection, Some(old), &new);
    Ok(new)
}

fn note_change(connection: &mut Connection, before: Option<&KeyRecord>, after: &KeyRecord) {
    note(
        connection,
        Entry {
            kind: "keys",
            id: after.id.clone(),
            ods_code: after.role.site(),
            before: before.map(audited),
            after: Some(audited(after)),
        },
    );
}

/// A key as the audit shows it. Without its label, which is free text and may name a person, and without its hash.
fn audited(key: &KeyRecord) -> Value {
    json!({
        "prefix": key.prefix,
        "role": key.role.as_str(),
        "odsCode": key.role.site().map(|code| code.to_string()),
        "createdAt": key.created_at,
        "createdBy": key.created_by,
        "expiresAt": key.expires_at,
        "revokedAt": key.revoked_at,
        "rotatedTo": key.rotated_to,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(label: &str, role: &str, code: Option<&str>, expiry: Option<&str>) -> Vec<String> {
        let asked = AskedKey {
            label,
            role,
            ods_code: code,
            expires_at: expiry,
        };
        let now = "2026-11-22T09:00:00Z".parse().unwrap();
        match NewKey::read(asked, now) {
            Ok(_) => Vec::new(),
            Err(Error::Invalid(faults)) => faults.into_iter().map(|f| f.pointer).collect(),
            Err(other) => panic!("{other}"),
        }
    }

    #[test]
    fn a_site_has_a_code_and_nobody_else() {
        assert!(read("a", "site", Some("rth"), None).is_empty());
        assert!(read("a", "viewer", None, None).is_empty());
        assert_eq!(read("a", "site", None, None), ["/odsCode"]);
        assert_eq!(read("a", "site", Some("R-H"), None), ["/odsCode"]);
        assert_eq!(
            read("a", "programme_admin", Some("RTH"), None),
            ["/odsCode"]
        );
        assert_eq!(read("a", "admin", None, None), ["/role"]);
    }

    #[test]
    fn every_fault_is_told_at_once() {
        assert_eq!(
            read(" ", "x", None, Some("tomorrow")),
            ["/label", "/role", "/expiresAt"]
        );
        assert_eq!(read("a\nb", "viewer", None, None), ["/label"]);
    }

    #[test]
    fn an_expiry_lies_within_ten_years() {
        for (at, faults) in [
            ("2026-11-22T09:00:00Z", 1),
            ("2026-11-22T10:00:01+01:00", 0),
            ("2036-11-20T00:00:00Z", 0),
            ("2037-01-01T00:00:00Z", 1),
        ] {
            assert_eq!(read("a", "viewer", None, Some(at)).len(), faults, "{at}");
        }
    }
}
