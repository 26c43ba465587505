//! Reads the audit for those who may.

use std::collections::{BTreeSet, HashMap};

use diesel::{ExpressionMethods as _, QueryDsl as _, RunQueryDsl as _};
use serde_json::Value;

use crate::domain::audit::{AuditPage, AuditQuery, AuditRecord, KnownActor};
use crate::domain::error::Result;
use crate::domain::ids::{OdsCode, Revision};
use crate::storage::audit::AuditRow;
use crate::storage::connection::Connection;
use crate::storage::failure::{Stored, failed};
use crate::storage::schema::{api_keys, audit};

impl AuditRow {
    fn into_domain(self) -> Result<AuditRecord> {
        let key = self.sequence.to_string();
        let revision = u64::try_from(self.revision)
            .map_err(|fault| Stored::new("audit", &[&key]).corrupt(fault))?;
        // What is no JSON was changed past the service; it is shown as it stands, and the verification says the rest.
        let value = |text: String| serde_json::from_str(&text).unwrap_or(Value::String(text));
        Ok(AuditRecord {
            sequence: self.sequence,
            revision: Revision(revision),
            recorded_at: self.recorded_at.and_utc(),
            actor: self.actor,
            action: self.action,
            detail: self.detail,
            request_id: self.request_id,
            subject_kind: self.subject_kind,
            subject_id: self.subject_id,
            ods_code: self.ods_code,
            before: self.value_before.map(value),
            after: self.value_after.map(value),
        })
    }
}

/// Returns the `limit` rows that the query asks for, the newest first, from before a number on.
///
/// # Errors
///
/// [`Error::Unavailable`](crate::domain::error::Error::Unavailable) or
/// [`Error::Internal`](crate::domain::error::Error::Internal) where they cannot be read.
pub fn page(
    connection: &mut Connection,
    query: &AuditQuery,
    before: Option<i64>,
    limit: usize,
) -> Result<AuditPage> {
    let mut rows = audit::table.order(audit::sequence.desc()).into_boxed();
    if let Some(before) = before {
        rows = rows.filter(audit::sequence.lt(before));
    }
    if let Some(actor) = &query.actor {
        rows = rows.filter(audit::actor.eq(actor));
    }
    if let Some(action) = &query.action {
        rows = rows.filter(audit::action.eq(action));
    }
    if let Some(code) = query.ods_code {
        rows = rows.filter(audit::ods_code.eq(code.to_string()));
    }
    if let Some(kind) = &query.subject_kind {
        rows = rows.filter(audit::subject_kind.eq(kind));
    }
    if let Some(id) = &query.subject_id {
        rows = rows.filter(audit::subject_id.eq(id));
    }
    if let Some(request) = &query.request_id {
        rows = rows.filter(audit::request_id.eq(request));
    }
    if let Some(since) = query.since {
        rows = rows.filter(audit::recorded_at.ge(since.naive_utc()));
    }
    if let Some(until) = query.until {
        rows = rows.filter(audit::recorded_at.lt(until.naive_utc()));
    }
    let mut rows: Vec<AuditRow> = rows
        // One more than asked for tells whether more follow.
        .limit(i64::try_from(limit).unwrap_or(i64::MAX - 1) + 1)
        .load(&mut connection.database)
        .map_err(failed("reading the audit"))?;
    let has_more = rows.len() > limit;
    rows.truncate(limit);
    let items = rows
        .into_iter()
        .map(AuditRow::into_domain)
        .collect::<Result<_>>()?;
    Ok(AuditPage { items, has_more })
}

/// Says of each row who made the change, as the site is told it.
///
/// # Errors
///
/// As [`page`].
pub fn actors(
    connection: &mut Connection,
    site: OdsCode,
    rows: &[AuditRecord],
) -> Result<Vec<KnownActor>> {
    let ids: BTreeSet<&str> = rows
        .iter()
        .filter_map(|row| row.actor.strip_prefix("key:"))
        .collect();
    let keys: Vec<(String, String, String, Option<String>)> = api_keys::table
        .filter(api_keys::id.eq_any(ids))
        .select((
            api_keys::id,
            api_keys::prefix,
            api_keys::role,
            api_keys::ods_code,
        ))
        .load(&mut connection.database)
        .map_err(failed("reading the keys"))?;
    let known: HashMap<String, KnownActor> = keys
        .into_iter()
        .map(|(id, prefix, role, code)| {
            let actor = match (role.as_str(), code) {
                ("programme_admin", _) => KnownActor::ProgrammeAdmin,
                ("site", Some(code)) if code == site.as_str() => KnownActor::OwnKey(prefix),
                ("site", _) => KnownActor::OtherSite,
                _ => KnownActor::Other,
            };
            (id, actor)
        })
        .collect();
    let actor = |row: &AuditRecord| match row.actor.as_str() {
        "alongside" => KnownActor::Service,
        "command line" => KnownActor::CommandLine,
        actor if actor.starts_with("oidc:") => KnownActor::Identity,
        actor => actor
            .strip_prefix("key:")
            .and_then(|id| known.get(id).cloned())
            .unwrap_or(KnownActor::Other),
    };
    Ok(rows.iter().map(actor).collect())
}
