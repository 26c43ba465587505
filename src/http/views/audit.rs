//! Rows of the audit, as programme admins see them and as a site sees its own.

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::domain::audit::{AuditRecord, Checkpoint, KnownActor, without_callers};
use crate::http::pagination::PageLinks;

/// Something that was changed.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct ChangeView {
    /// The number of the row; rows are numbered from 1 without a gap.
    #[schema(minimum = 1)]
    sequence: i64,
    /// The write it belongs to.
    #[schema(minimum = 0)]
    revision: u64,
    /// When.
    recorded_at: DateTime<Utc>,
    /// What was done, in a word that never varies.
    #[schema(max_length = 100)]
    action: String,
    /// The id of the request that asked for it; null where none did.
    #[schema(required, max_length = 64)]
    request_id: Option<String>,
    /// What sort of thing was changed; null for a change as a whole.
    #[schema(required, max_length = 100)]
    subject_kind: Option<String>,
    /// Which one of the sort.
    #[schema(required, max_length = 200)]
    subject_id: Option<String>,
    /// What it was; null where it was not there, and where it is private.
    #[schema(required)]
    before: Option<Value>,
    /// What it became; null where it is no more, and where it is private.
    #[schema(required)]
    after: Option<Value>,
}

/// Null for what is not there.
fn some(text: String) -> Option<String> {
    Some(text).filter(|text| !text.is_empty())
}

impl From<AuditRecord> for ChangeView {
    fn from(row: AuditRecord) -> Self {
        Self {
            sequence: row.sequence,
            revision: row.revision.0,
            recorded_at: row.recorded_at,
            action: row.action,
            request_id: some(row.request_id),
            subject_kind: some(row.subject_kind),
            subject_id: some(row.subject_id),
            before: row.before,
            after: row.after,
        }
    }
}

/// A row of the audit.
#[derive(Serialize, ToSchema)]
#[schema(as = AuditRow)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AuditView {
    #[serde(flatten)]
    change: ChangeView,
    /// Who: `key:ID`, `oidc:DIGEST`, `alongside` or `command line`.
    #[schema(max_length = 200)]
    actor: String,
    /// To what and how, in words.
    #[schema(required, max_length = 1000)]
    detail: Option<String>,
    /// The organisation whose it is; null where it is nobody's.
    #[schema(required, max_length = 12)]
    ods_code: Option<String>,
    /// Whether it is the site's alone, as its ethos and weights are: then only that it changed is shown.
    is_private: bool,
}

impl From<AuditRecord> for AuditView {
    fn from(mut row: AuditRecord) -> Self {
        let is_private = row.is_private();
        if is_private {
            row.before = None;
            row.after = None;
        }
        Self {
            actor: std::mem::take(&mut row.actor),
            detail: some(std::mem::take(&mut row.detail)).filter(|_| !is_private),
            ods_code: some(std::mem::take(&mut row.ods_code)),
            is_private,
            change: row.into(),
        }
    }
}

/// A page of the audit.
#[derive(Serialize, ToSchema)]
#[schema(as = AuditPage)]
pub(crate) struct AuditPageView {
    /// The newest first.
    #[schema(max_items = 200)]
    pub(crate) items: Vec<AuditView>,
    pub(crate) links: PageLinks,
}

/// Who changed something, as a site is told it.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum OwnActorKind {
    /// A key of the site.
    OwnKey,
    /// Another site.
    OtherSite,
    /// A programme admin.
    ProgrammeAdmin,
    /// Somebody whom the identity provider vouches for.
    Identity,
    /// The service itself.
    Service,
    /// Whoever runs the service.
    CommandLine,
    /// None of these.
    Other,
}

/// A row of a site's part of the audit.
#[derive(Serialize, ToSchema)]
#[schema(as = OwnAuditRow)]
#[serde(rename_all = "camelCase")]
pub(crate) struct OwnAuditView {
    #[serde(flatten)]
    change: ChangeView,
    /// Who; others than the site are not told apart.
    actor: OwnActorKind,
    /// The beginning of the site's key that did it; null where none did.
    #[schema(required, max_length = 20)]
    key_prefix: Option<String>,
}

impl OwnAuditView {
    /// The row with who made the change.
    pub(crate) fn new(mut row: AuditRecord, actor: KnownActor) -> Self {
        row.before = row.before.map(without_callers);
        row.after = row.after.map(without_callers);
        let (actor, key_prefix) = match actor {
            KnownActor::OwnKey(prefix) => (OwnActorKind::OwnKey, Some(prefix)),
            KnownActor::OtherSite => (OwnActorKind::OtherSite, None),
            KnownActor::ProgrammeAdmin => (OwnActorKind::ProgrammeAdmin, None),
            KnownActor::Identity => (OwnActorKind::Identity, None),
            KnownActor::Service => (OwnActorKind::Service, None),
            KnownActor::CommandLine => (OwnActorKind::CommandLine, None),
            KnownActor::Other => (OwnActorKind::Other, None),
        };
        Self {
            change: row.into(),
            actor,
            key_prefix,
        }
    }
}

/// A page of a site's part of the audit.
#[derive(Serialize, ToSchema)]
#[schema(as = OwnAuditPage)]
pub(crate) struct OwnAuditPageView {
    /// The newest first.
    #[schema(max_items = 200)]
    pub(crate) items: Vec<OwnAuditView>,
    pub(crate) links: PageLinks,
}

/// What the audit was at one moment.
#[derive(Serialize, ToSchema)]
#[schema(as = AuditCheckpoint)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CheckpointView {
    /// The number of the last row; 0 before the first.
    #[schema(minimum = 0)]
    sequence: i64,
    /// The revision it belongs to.
    #[schema(minimum = 0)]
    revision: i64,
    /// When the checkpoint was made.
    made_at: DateTime<Utc>,
    /// What chains the last row to those before it.
    #[schema(pattern = "^[0-9a-f]{64}$", max_length = 64)]
    mac: String,
    /// What shows that this service made the checkpoint.
    #[schema(pattern = "^[0-9a-f]{64}$", max_length = 64)]
    seal: String,
}

impl From<Checkpoint> for CheckpointView {
    fn from(checkpoint: Checkpoint) -> Self {
        Self {
            sequence: checkpoint.sequence,
            revision: checkpoint.revision,
            made_at: checkpoint.made_at,
            mac: checkpoint.mac,
            seal: checkpoint.seal,
        }
    }
}
