//! How complete a site's own facts are.

use chrono::NaiveDate;
use serde::{Serialize, Serializer};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use crate::domain::completeness::{Completeness, MissingFact};
use crate::domain::ids::OdsCode;
use crate::domain::suggestion::Fact;
use crate::http::openapi::API_PREFIX;
use crate::http::views::numbers::Share;
use crate::http::views::text::{Code, FactName};

/// A change of a share, rounded to six decimals.
struct ShareChange(f64);

impl Serialize for ShareChange {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Share(self.0).serialize(serializer)
    }
}

impl PartialSchema for ShareChange {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::Number)
            .description(Some(
                "A change of a share, from -1 to 1, rounded to six decimals.",
            ))
            .minimum(Some(-1.0))
            .maximum(Some(1.0))
            .into()
    }
}

impl ToSchema for ShareChange {}

/// How complete a site's own facts are, and what to answer next.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Completeness)]
pub(crate) struct CompletenessView {
    ods_code: Code,
    /// The number of the last write that the answer saw.
    revision: u64,
    /// The day on which ages were counted.
    as_of: NaiveDate,
    /// The share of the weights for which the site's own facts are recorded; with the effects of all that is missing it makes 1.
    share: Share,
    /// The mean of `high - low` over the mutual fits of the ten best suggestions; null where nobody is suggested.
    #[schema(required)]
    mean_width: Option<Share>,
    /// The question to answer next: the greatest effect, and of several with that effect the shortest; null where nothing is
    /// missing.
    #[schema(required)]
    next: Option<MissingFactView>,
    /// What is missing, the greatest effect first.
    #[schema(max_items = 32)]
    missing: Vec<MissingFactView>,
}

impl CompletenessView {
    pub(crate) fn new(completeness: Completeness) -> Self {
        let code = completeness.ods_code;
        let view = |missing: &MissingFact| MissingFactView::new(code, missing);
        Self {
            ods_code: Code(code),
            revision: completeness.revision.0,
            as_of: completeness.as_of,
            share: Share(completeness.share),
            mean_width: completeness.mean_width.map(Share),
            next: completeness.missing.first().map(view),
            missing: completeness.missing.iter().map(view).collect(),
        }
    }
}

/// A fact that a site has not given.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = MissingFact)]
struct MissingFactView {
    /// Which: a module, an attribute, or one of `position`, `care_settings`, `links`, `topics`.
    #[schema(value_type = String, max_length = 64)]
    fact: FactName,
    /// The words to ask.
    #[schema(max_length = 200)]
    question: String,
    /// The share of completeness that it adds.
    effect: Share,
    /// How the mean width of the ten best suggestions changes if it is known; below 0 they become firmer; null where that cannot
    /// be told beforehand.
    #[schema(required)]
    width_change: Option<ShareChange>,
    /// The path at which to answer.
    #[schema(max_length = 64)]
    answer_at: String,
}

impl MissingFactView {
    fn new(code: OdsCode, missing: &MissingFact) -> Self {
        Self {
            fact: FactName(missing.fact),
            question: missing.question.clone(),
            effect: Share(missing.effect),
            width_change: missing.width_change.map(ShareChange),
            answer_at: format!(
                "{API_PREFIX}/organisations/{code}/{}",
                part_of_profile(missing.fact)
            ),
        }
    }
}

/// The part of a site's profile in which a fact is.
fn part_of_profile(fact: Fact) -> &'static str {
    match fact {
        Fact::CoreSystem(_) => "core-systems",
        Fact::Position | Fact::CareSettings => "particulars",
        Fact::Attribute(attribute) if attribute.is_ethos() => "ethos",
        Fact::Attribute(_) => "attributes",
        Fact::Links => "links",
        Fact::Topics => "topics",
    }
}
