//! Topics, blueprints, and whom to ask.

use serde::Serialize;
use utoipa::ToSchema;

use crate::app::expertise::{Expert, Expertise};
use crate::domain::blueprint::{Blueprint, WebAddress};
use crate::domain::ids::{OdsCode, Slug};
use crate::domain::profile::{Topic, TopicInterest};
use crate::http::views::numbers::{IntervalView, Share};
use crate::http::views::text::{
    Code, PartialDateText, ProvenanceView, Shown, TopicNeedName, TopicStageName,
};

/// A subject of learning.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Topic)]
pub(crate) struct TopicView {
    /// Its name in addresses.
    #[schema(value_type = String, max_length = 64)]
    slug: Shown<Slug>,
    /// Its name in sentences.
    #[schema(max_length = 100)]
    name: String,
}

impl From<Topic> for TopicView {
    fn from(topic: Topic) -> Self {
        Self {
            slug: Shown(topic.slug),
            name: topic.name,
        }
    }
}

/// The topics there are.
#[derive(Serialize, ToSchema)]
#[schema(as = Topics)]
pub(crate) struct TopicsView {
    /// By slug.
    #[schema(max_items = 500)]
    pub(crate) items: Vec<TopicView>,
}

/// What an organisation seeks and shows on one topic.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = TopicInterest)]
pub(crate) struct InterestView {
    /// The topic's name in addresses.
    #[schema(value_type = String, max_length = 64)]
    topic: Shown<Slug>,
    /// How much it is sought; null where it is not. Shown to the organisation itself, programme admins and viewers.
    #[schema(required)]
    need: Option<TopicNeedName>,
    /// What can be shown; null where that is not known. A published blueprint on the topic counts as `blueprint` whatever stands
    /// here.
    #[schema(required)]
    stage: Option<TopicStageName>,
    /// Since when it is live.
    #[schema(required)]
    live_since: Option<PartialDateText>,
    #[serde(flatten)]
    provenance: ProvenanceView,
}

impl From<TopicInterest> for InterestView {
    fn from(interest: TopicInterest) -> Self {
        Self {
            topic: Shown(interest.topic),
            need: interest.need.map(TopicNeedName),
            stage: interest.stage.map(TopicStageName),
            live_since: interest.live_since.map(PartialDateText),
            provenance: interest.provenance.into(),
        }
    }
}

/// What an organisation seeks and shows.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = TopicInterests)]
pub(crate) struct InterestsView {
    pub(crate) ods_code: Code,
    /// By topic.
    #[schema(max_items = 500)]
    pub(crate) topics: Vec<InterestView>,
}

/// A published account of how an organisation did something.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Blueprint)]
pub(crate) struct BlueprintView {
    /// Its id.
    #[schema(max_length = 36)]
    id: String,
    ods_code: Code,
    /// The slug of the topic.
    #[schema(value_type = String, max_length = 64)]
    topic: Shown<Slug>,
    /// What it is called.
    #[schema(max_length = 200)]
    title: String,
    /// Where it can be read.
    #[schema(value_type = String, max_length = 2000)]
    url: Shown<WebAddress>,
    /// The role of whom to ask about it.
    #[schema(required, max_length = 100)]
    contact_role: Option<String>,
    /// When it was published.
    #[schema(required)]
    published_on: Option<PartialDateText>,
    #[serde(flatten)]
    provenance: ProvenanceView,
    /// How often it was changed.
    #[schema(minimum = 1)]
    version: u64,
}

impl From<Blueprint> for BlueprintView {
    fn from(blueprint: Blueprint) -> Self {
        Self {
            id: blueprint.id,
            ods_code: Code(blueprint.ods_code),
            topic: Shown(blueprint.topic),
            title: blueprint.title,
            url: Shown(blueprint.url),
            contact_role: blueprint.contact_role,
            published_on: blueprint.published.map(PartialDateText),
            provenance: blueprint.provenance.into(),
            version: blueprint.version.0,
        }
    }
}

/// An organisation's blueprints.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Blueprints)]
pub(crate) struct BlueprintsView {
    pub(crate) ods_code: Code,
    /// By topic, then id.
    #[schema(max_items = 200)]
    pub(crate) items: Vec<BlueprintView>,
}

/// Somebody to ask.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Expert)]
pub(crate) struct ExpertView {
    /// Its place, from 1.
    #[schema(minimum = 1)]
    rank: usize,
    ods_code: Code,
    /// Its name as the register writes it.
    name: String,
    /// What it can show.
    #[schema(required)]
    stage: Option<TopicStageName>,
    /// Since when it is live.
    #[schema(required)]
    live_since: Option<PartialDateText>,
    /// What that is worth: a blueprint, or live for a year or more, 1; live 0.8; offered 0.6; implementing 0.5.
    value: Share,
    /// How well it and the one that asks suit each other; null where that cannot be worked out.
    #[schema(required)]
    mutual_fit: Option<IntervalView>,
    /// The role to ask for, where a blueprint names one.
    #[schema(required, max_length = 100)]
    contact_role: Option<String>,
    /// Its blueprints on the topic.
    #[schema(max_items = 200)]
    blueprints: Vec<BlueprintView>,
    /// Why it is named, in sentences.
    #[schema(max_items = 100)]
    reasons: Vec<String>,
    #[serde(flatten)]
    provenance: ProvenanceView,
}

/// Whom to ask about a topic.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Expertise)]
pub(crate) struct ExpertiseView {
    topic: TopicView,
    /// For whom the fit is; null where nobody is named.
    #[schema(required)]
    seeker: Option<Code>,
    /// How many can show something, listed or not.
    #[schema(minimum = 0)]
    total: usize,
    /// By what they can show, then by the fit, then by code.
    #[schema(max_items = 50)]
    items: Vec<ExpertView>,
}

impl ExpertiseView {
    pub(crate) fn new(answer: Expertise, seeker: Option<OdsCode>) -> Self {
        Self {
            topic: answer.topic.into(),
            seeker: seeker.map(Code),
            total: answer.n_experts,
            items: (1..)
                .zip(answer.experts)
                .map(|(rank, expert)| ExpertView::new(rank, expert))
                .collect(),
        }
    }
}

impl ExpertView {
    fn new(rank: usize, expert: Expert) -> Self {
        let mut roles = expert.blueprints.iter();
        Self {
            rank,
            ods_code: Code(expert.ods_code),
            name: expert.name,
            stage: expert.shown.stage.map(TopicStageName),
            live_since: expert.shown.live_since.map(PartialDateText),
            value: Share(expert.value),
            mutual_fit: expert.mutual_fit.map(Into::into),
            contact_role: roles.find_map(|blueprint| blueprint.contact_role.clone()),
            blueprints: expert.blueprints.into_iter().map(Into::into).collect(),
            reasons: expert.reasons,
            provenance: expert.shown.provenance.into(),
        }
    }
}
