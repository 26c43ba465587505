//! Identifiers, names and dates as answers show them; each is written straight from the domain's value.

use std::fmt::Display;

use serde::{Serialize, Serializer};
use utoipa::openapi::schema::{ArrayBuilder, ObjectBuilder, Ref, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use crate::domain::admin_suggestion::AdminSuggestionState;
use crate::domain::approach::{ApproachKind, ApproachReason, ApproachState, Folder};
use crate::domain::capacity::{AvailabilityState, PausedBy};
use crate::domain::core_system::{Module, SystemStatus};
use crate::domain::dates::PartialDate;
use crate::domain::evaluation::Ranking;
use crate::domain::event::EventKind;
use crate::domain::ids::{OdsCode, Slug};
use crate::domain::link::{LinkKind, LinkStanding, NetworkKind};
use crate::domain::model::{GateVerdict, ModelState, WhyRetired};
use crate::domain::organisation::{CareSetting, CareSettings, SuccessionKind};
use crate::domain::partnership::{EndReason, PartnershipState};
use crate::domain::profile::{Attribute, TopicNeed, TopicStage};
use crate::domain::programme::Criterion;
use crate::domain::provenance::{Provenance, Voice};
use crate::domain::standing::WhyLeft;
use crate::domain::suggestion::{Fact, WeightsFrom};
use crate::domain::webhook::{AttemptError, DeliveryState, DisabledReason};
use crate::domain::what_if::WhyUnmatched;

/// Anything that is shown as its `Display`.
pub(crate) struct Shown<T>(pub(crate) T);

impl<T: Display> Serialize for Shown<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

/// An ODS code.
#[derive(Clone, Copy)]
pub(crate) struct Code(pub(crate) OdsCode);

impl Serialize for Code {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.as_str())
    }
}

impl PartialSchema for Code {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .description(Some(
                "The code that the Organisation Data Service gives an organisation.",
            ))
            .pattern(Some("^[A-Z0-9]{3,12}$"))
            .max_length(Some(12))
            .examples(["RTH"])
            .into()
    }
}

impl ToSchema for Code {
    fn name() -> std::borrow::Cow<'static, str> {
        "OdsCode".into()
    }
}

/// The slug of a topic.
pub(crate) struct TopicText(pub(crate) Slug);

impl Serialize for TopicText {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.as_str())
    }
}

impl PartialSchema for TopicText {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .description(Some("The slug of a topic of learning."))
            .pattern(Some("^[a-z0-9_-]{1,64}$"))
            .max_length(Some(64))
            .examples(["hepma"])
            .into()
    }
}

impl ToSchema for TopicText {
    fn name() -> std::borrow::Cow<'static, str> {
        "TopicSlug".into()
    }
}

/// A date as exact as its source.
#[derive(Clone, Copy)]
pub(crate) struct PartialDateText(pub(crate) PartialDate);

impl Serialize for PartialDateText {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl PartialSchema for PartialDateText {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .description(Some("A date known to the day, the month or the year."))
            .pattern(Some("^[0-9]{4}(-[0-9]{2}(-[0-9]{2})?)?$"))
            .max_length(Some(10))
            .examples(["2024-10-01"])
            .into()
    }
}

impl ToSchema for PartialDateText {
    fn name() -> std::borrow::Cow<'static, str> {
        "PartialDate".into()
    }
}

/// Shows an enum of the domain by its names, which the document lists from the same place.
macro_rules! named {
    ($($view:ident($domain:ty) as $name:literal: $doc:literal;)+) => {$(
        #[doc = $doc]
        #[derive(Clone, Copy)]
        pub(crate) struct $view(pub(crate) $domain);

        impl Serialize for $view {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.0.as_str())
            }
        }

        impl PartialSchema for $view {
            fn schema() -> RefOr<Schema> {
                ObjectBuilder::new()
                    .schema_type(Type::String)
                    .description(Some($doc))
                    .enum_values(Some(<$domain>::ALL.iter().map(|value| value.as_str())))
                    .into()
            }
        }

        impl ToSchema for $view {
            fn name() -> std::borrow::Cow<'static, str> {
                $name.into()
            }
        }
    )+};
}
pub(super) use named;

named! {
    ApproachKindName(ApproachKind) as "ApproachKind": "What is proposed: to talk once, or to be partners for a time.";
    ApproachReasonName(ApproachReason) as "ApproachReason": "Why an approach was declined, or why it ended.";
    ApproachStateName(ApproachState) as "ApproachState": "What has become of an approach; all but `sent` are final.";
    AvailabilityStateName(AvailabilityState) as "AvailabilityState": "Whether a site can be approached for a partnership.";
    FolderName(Folder) as "ApproachFolder": "Where a site finds its approaches.";
    PartnershipStateName(PartnershipState) as "PartnershipState": "Whether a partnership lasts.";
    PausedByName(PausedBy) as "PausedBy": "Who paused a site: itself, or a programme admin.";
    CareSettingName(CareSetting) as "CareSetting": "A kind of care that an organisation gives.";
    CriterionName(Criterion) as "Criterion": "A named part of a fit.";
    AdminSuggestionStateName(AdminSuggestionState) as "AdminSuggestionState": "What has become of a suggestion of the programme.";
    GateVerdictName(GateVerdict) as "GateVerdict": "Whether a model may be put to use, and why not.";
    ModelStateName(ModelState) as "ModelState": "What has become of a model.";
    WhyRetiredName(WhyRetired) as "WhyRetired": "Why a model is no longer in use.";
    WhyLeftName(WhyLeft) as "WhyLeft": "Why an organisation left a top ten.";
    WhyUnmatchedName(WhyUnmatched) as "WhyUnmatched": "Why an organisation is in no pair.";
    WeightsFromName(WeightsFrom) as "WeightsFrom": "Whose weights an answer used.";
    RankingName(Ranking) as "Ranking": "A way of ranking candidates.";
    ModuleName(Module) as "Module": "A part of the core clinical system landscape.";
    SystemStatusName(SystemStatus) as "SystemStatus": "How far an organisation is with a system, or that it has none.";
    AttributeName(Attribute) as "Attribute": "A property in which two organisations may be alike.";
    AttemptErrorName(AttemptError) as "AttemptError": "Why an attempt did not deliver.";
    DeliveryStateName(DeliveryState) as "DeliveryState": "What became of a delivery.";
    DisabledReasonName(DisabledReason) as "DisabledReason": "Why a webhook is disabled: its owner said so, the receiver answered 410, or it failed for five days.";
    EventKindName(EventKind) as "EventKind": "What happened.";
    LinkKindName(LinkKind) as "LinkKind": "What two organisations have or had to do with each other.";
    LinkStandingName(LinkStanding) as "LinkStanding": "Who stands behind a link.";
    EndReasonName(EndReason) as "EndReason": "Why a partnership ended.";
    NetworkKindName(NetworkKind) as "NetworkKind": "What kind of group mediates learning.";
    OriginName(Voice) as "Origin": "Whose word a fact is: open data that comes with the service, an import, or the site itself.";
    SuccessionKindName(SuccessionKind) as "SuccessionKind": "How an organisation passed on.";
    TopicNeedName(TopicNeed) as "TopicNeed": "How much an organisation wants to learn about a topic.";
    TopicStageName(TopicStage) as "TopicStage": "What an organisation can show on a topic.";
}

/// A set of care settings; empty where none is recorded.
#[derive(Clone, Copy)]
pub(crate) struct CareSettingNames(pub(crate) CareSettings);

impl Serialize for CareSettingNames {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(CareSetting::as_str))
    }
}

impl PartialSchema for CareSettingNames {
    fn schema() -> RefOr<Schema> {
        ArrayBuilder::new()
            .items(Ref::from_schema_name("CareSetting"))
            .description(Some("The care it gives; empty where none is recorded."))
            .max_items(Some(CareSetting::ALL.len()))
            .into()
    }
}

impl ToSchema for CareSettingNames {
    fn name() -> std::borrow::Cow<'static, str> {
        "CareSettings".into()
    }

    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        schemas.push(("CareSetting".into(), CareSettingName::schema()));
    }
}

/// The name of a fact that can be asked for.
#[derive(Clone, Copy)]
pub(crate) struct FactName(pub(crate) Fact);

impl Serialize for FactName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.as_str())
    }
}

/// Where a fact comes from and of when.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Provenance)]
pub(crate) struct ProvenanceView {
    /// The source in words.
    source: String,
    /// The date the fact speaks of; null where the source gives none.
    #[schema(required)]
    as_of: Option<PartialDateText>,
}

impl From<Provenance> for ProvenanceView {
    fn from(provenance: Provenance) -> Self {
        Self {
            source: provenance.source,
            as_of: provenance.as_of.map(PartialDateText),
        }
    }
}
