//! Keys of callers, as they are shown and as they are asked for.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::domain::api_key::{ApiKey, KeyRecord};
use crate::domain::error::Error;
use crate::http::body::given;
use crate::http::views::text::Code;

/// A key as it is kept. The key itself is shown once, to who makes it.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Key)]
pub(crate) struct KeyView {
    /// Its id.
    #[schema(
        max_length = 36,
        pattern = "^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$"
    )]
    id: String,
    /// Its beginning, by which people tell keys apart.
    #[schema(max_length = 20, pattern = "^als_[a-z2-7]{8}$")]
    prefix: String,
    /// What it is for, in the words of who made it.
    #[schema(min_length = 1, max_length = 100)]
    label: String,
    /// What its holder may do.
    #[schema(value_type = String, pattern = "^(site|programme_admin|viewer)$", max_length = 15)]
    role: &'static str,
    /// The organisation that a site is; null for others.
    #[schema(required)]
    ods_code: Option<Code>,
    state: KeyState,
    /// When it was made.
    created_at: DateTime<Utc>,
    /// By whom, as in the audit.
    #[schema(max_length = 100)]
    created_by: String,
    /// From when on it is not taken; null is never.
    #[schema(required)]
    expires_at: Option<DateTime<Utc>>,
    /// Since when it is revoked; null where it is not.
    #[schema(required)]
    revoked_at: Option<DateTime<Utc>>,
    /// The id of the key that takes its place; null where none does.
    #[schema(
        required,
        max_length = 36,
        pattern = "^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$"
    )]
    rotated_to: Option<String>,
    /// The key itself, in the answer that makes it and nowhere else: keep it, nobody can show it again.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, max_length = 44, pattern = "^als_[a-z2-7]{40}$")]
    key: Option<String>,
}

/// Whether a key is taken.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum KeyState {
    /// It is.
    Good,
    /// It was, until it expired.
    Expired,
    /// It was, until it was revoked.
    Revoked,
}

impl KeyView {
    pub(crate) fn new(key: KeyRecord, now: DateTime<Utc>) -> Self {
        let state = if key.is_good(now) {
            KeyState::Good
        } else if key.revoked_at.is_some() {
            KeyState::Revoked
        } else {
            KeyState::Expired
        };
        Self {
            id: key.id,
            prefix: key.prefix,
            label: key.label,
            role: key.role.as_str(),
            ods_code: key.role.site().map(Code),
            state,
            created_at: key.created_at,
            created_by: key.created_by,
            expires_at: key.expires_at,
            revoked_at: key.revoked_at,
            rotated_to: key.rotated_to,
            key: None,
        }
    }

    /// The same with the key itself.
    pub(crate) fn revealing(self, key: &ApiKey) -> Self {
        Self {
            key: Some(key.reveal().to_owned()),
            ..self
        }
    }

    pub(crate) fn text(&self) -> Result<String, Error> {
        serde_json::to_string(self).map_err(|fault| Error::Internal("writing a key", fault.into()))
    }
}

/// A key to make.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = NewKey)]
pub(crate) struct NewKeyBody {
    /// What it is for, without a person's name.
    #[schema(min_length = 1, max_length = 100)]
    pub(crate) label: String,
    /// What its holder may do: `site`, `programme_admin` or `viewer`.
    #[schema(max_length = 15, pattern = "^(site|programme_admin|viewer)$")]
    pub(crate) role: String,
    /// The organisation that a site is, which has to be recorded; for other roles it is refused.
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false, max_length = 12, pattern = "^[A-Za-z0-9]{3,12}$")]
    pub(crate) ods_code: Option<String>,
    /// From when on it is not to be taken, at most ten years ahead; never by default.
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false, format = "date-time", max_length = 40)]
    pub(crate) expires_at: Option<String>,
}

/// How to rotate a key.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = KeyRotation)]
pub(crate) struct RotationBody {
    /// How long the old key stays good beside the new one, in seconds, at most 30 days; a day by default.
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false, minimum = 0, maximum = 2_592_000)]
    pub(crate) overlap_seconds: Option<i64>,
}
