//! Links as they are kept, seen from one end.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::error::Result;
use crate::domain::ids::OdsCode;
use crate::domain::link::LinkRecord;
use crate::http::pagination::PageLinks;
use crate::http::views::text::{
    Code, LinkKindName, LinkStandingName, PartialDateText, ProvenanceView,
};
use crate::storage::{Connection, links, names};

/// A link, seen from one end.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = LinkRecord)]
pub(crate) struct LinkRecordView {
    /// Its id.
    #[schema(max_length = 36)]
    id: String,
    /// The end it is seen from.
    ods_code: Code,
    /// The other end.
    with: Code,
    /// The name of the other end.
    with_name: String,
    kind: LinkKindName,
    /// When it started.
    #[schema(required)]
    started: Option<PartialDateText>,
    /// When it ended; null while it lasts.
    #[schema(required)]
    ended: Option<PartialDateText>,
    standing: LinkStandingName,
    /// The end whose word it is; null for a publication.
    #[schema(required)]
    declared_by: Option<Code>,
    /// When the other side agreed or an end disputed it, the last time.
    #[schema(required)]
    answered_at: Option<DateTime<Utc>>,
    /// The end that disputes it.
    #[schema(required)]
    disputed_by: Option<Code>,
    /// Why it is disputed; shown to the two ends alone.
    #[schema(required, max_length = 1000)]
    dispute_reason: Option<String>,
    /// Where it can be read about. Shown to the two ends, and to others unless the declaring side hides its evidence.
    #[schema(required, max_length = 2000)]
    evidence: Option<String>,
    /// A remark. It names nobody.
    #[schema(required, max_length = 1000)]
    note: Option<String>,
    /// What it came of: the id of a partnership, or of the approach of a conversation, with which alone it changes. Shown to the two
    /// ends alone.
    #[schema(required, max_length = 36)]
    agreement: Option<String>,
    #[serde(flatten)]
    provenance: ProvenanceView,
    /// How often it was changed.
    #[schema(minimum = 1)]
    version: u64,
}

/// What is needed to show links besides the links: the names of their ends, and who hides its evidence.
pub(crate) struct Around {
    names: BTreeMap<OdsCode, String>,
    hiding: BTreeSet<OdsCode>,
}

impl Around {
    /// Reads what is needed to show these links.
    pub(crate) fn load(connection: &mut Connection, records: &[LinkRecord]) -> Result<Self> {
        let ends = records.iter().flat_map(|record| {
            let (a, b) = record.link.ends();
            [a, b]
        });
        let declarers = records.iter().filter_map(|record| record.link.declared_by);
        Ok(Self {
            names: names::of(connection, ends)?,
            hiding: links::evidence_is_hidden(connection, declarers)?,
        })
    }

    /// A link as a caller may see it, from the end `here`; `asker` is the site that calls.
    pub(crate) fn view(
        &self,
        record: LinkRecord,
        here: OdsCode,
        asker: Option<OdsCode>,
    ) -> LinkRecordView {
        let (a, b) = record.link.ends();
        let with = if a == here { b } else { a };
        let is_end = asker.is_some_and(|code| record.has_end(code));
        let shows_evidence = is_end
            || record
                .link
                .declared_by
                .is_none_or(|code| !self.hiding.contains(&code));
        let link = record.link;
        LinkRecordView {
            id: record.id,
            ods_code: Code(here),
            with: Code(with),
            with_name: self.names.get(&with).cloned().unwrap_or_default(),
            kind: LinkKindName(link.kind()),
            started: link.started().map(PartialDateText),
            ended: link.ended().map(PartialDateText),
            standing: LinkStandingName(link.standing),
            declared_by: link.declared_by.map(Code),
            answered_at: record.answered_at,
            disputed_by: record.disputed_by.map(Code),
            dispute_reason: record.dispute_reason.filter(|_| is_end),
            evidence: link.evidence.filter(|_| shows_evidence),
            note: link.note,
            agreement: record.agreement.filter(|_| is_end),
            provenance: link.provenance.into(),
            version: record.version.0,
        }
    }
}

/// A page of an organisation's links.
#[derive(Serialize, ToSchema)]
#[schema(as = LinkPage)]
pub(crate) struct LinkPageView {
    /// In the order in which they were recorded.
    #[schema(max_items = 200)]
    pub(crate) items: Vec<LinkRecordView>,
    pub(crate) links: PageLinks,
}

/// Whether an organisation's list of links is complete.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = LinksDeclaration)]
pub(crate) struct DeclarationView {
    pub(crate) ods_code: Code,
    /// Whether it says so.
    pub(crate) complete: bool,
    /// The day on which it said so; it counts for two years.
    #[schema(required)]
    pub(crate) complete_on: Option<NaiveDate>,
}

impl DeclarationView {
    pub(crate) fn new(code: OdsCode, complete_on: Option<NaiveDate>) -> Self {
        Self {
            ods_code: Code(code),
            complete: complete_on.is_some(),
            complete_on,
        }
    }
}
