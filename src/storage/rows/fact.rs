//! Rows of what is known of one organisation: core systems, attributes, topics.

use diesel::{Insertable, Queryable};

use crate::domain::core_system::CoreSystem;
use crate::domain::error::Result;
use crate::domain::organisation::CareSetting;
use crate::domain::profile::{AttributeFact, AttributeValue, Topic, TopicInterest};
use crate::storage::failure::Stored;
use crate::storage::rows::{ContentIds, as_of, searchable};
use crate::storage::schema::{attributes, core_systems, organisation_topics, topics};

#[derive(Queryable, Insertable)]
#[diesel(table_name = core_systems, treat_none_as_default_value = false)]
pub(in crate::storage) struct CoreSystemRow {
    id: String,
    pub(in crate::storage) sequence: i64,
    ods_code: String,
    module: String,
    vendor: Option<String>,
    vendor_key: Option<String>,
    product: Option<String>,
    version: Option<String>,
    status: String,
    live: Option<String>,
    ended: Option<String>,
    source: String,
    as_of: Option<String>,
    origin: String,
}

impl CoreSystemRow {
    pub(in crate::storage) fn new(
        system: &CoreSystem,
        sequence: i64,
        ids: &mut ContentIds,
    ) -> Self {
        let mut row = Self {
            id: String::new(),
            sequence,
            ods_code: system.ods_code.to_string(),
            module: system.module.to_string(),
            vendor: system.vendor.clone(),
            vendor_key: system.vendor.as_deref().map(searchable),
            product: system.product.clone(),
            version: system.version.clone(),
            status: system.status.to_string(),
            live: system.live.map(|date| date.to_string()),
            ended: system.ended.map(|date| date.to_string()),
            source: system.provenance.source.clone(),
            as_of: as_of(&system.provenance),
            origin: system.provenance.voice.to_string(),
        };
        let text = |part: &Option<String>| part.clone().unwrap_or_default();
        row.id = ids.next(&[
            &row.ods_code,
            &row.module,
            &text(&row.vendor),
            &text(&row.product),
            &text(&row.version),
            &row.status,
            &text(&row.live),
            &text(&row.ended),
            &row.source,
            &text(&row.as_of),
        ]);
        row
    }

    pub(in crate::storage) fn into_domain(self) -> Result<CoreSystem> {
        let key = [self.id.as_str()];
        let row = Stored::new("core_systems", &key);
        Ok(CoreSystem {
            ods_code: row.parse(&self.ods_code)?,
            module: row.parse(&self.module)?,
            vendor: self.vendor,
            product: self.product,
            version: self.version,
            status: row.parse(&self.status)?,
            live: row.parse_some(self.live.as_deref())?,
            ended: row.parse_some(self.ended.as_deref())?,
            provenance: row.provenance(self.source, self.as_of.as_deref(), &self.origin)?,
        })
    }
}

#[derive(Queryable, Insertable)]
#[diesel(table_name = attributes, treat_none_as_default_value = false)]
pub(in crate::storage) struct AttributeRow {
    ods_code: String,
    attribute: String,
    care_setting: String,
    value: f64,
    source: String,
    as_of: Option<String>,
    origin: String,
}

impl From<&AttributeFact> for AttributeRow {
    fn from(fact: &AttributeFact) -> Self {
        Self {
            ods_code: fact.ods_code.to_string(),
            attribute: fact.value.attribute().to_string(),
            care_setting: fact
                .value
                .setting()
                .map_or("", CareSetting::as_str)
                .to_owned(),
            value: fact.value.number(),
            source: fact.provenance.source.clone(),
            as_of: as_of(&fact.provenance),
            origin: fact.provenance.voice.to_string(),
        }
    }
}

impl AttributeRow {
    pub(in crate::storage) fn into_domain(self) -> Result<AttributeFact> {
        let key = [
            self.ods_code.as_str(),
            self.attribute.as_str(),
            self.care_setting.as_str(),
        ];
        let row = Stored::new("attributes", &key);
        let setting = Some(self.care_setting.as_str()).filter(|setting| !setting.is_empty());
        let value = AttributeValue::new(
            row.parse(&self.attribute)?,
            self.value,
            row.parse_some(setting)?,
        )
        .ok_or_else(|| row.corrupt(format_args!("{} is no value of the attribute", self.value)))?;
        Ok(AttributeFact {
            ods_code: row.parse(&self.ods_code)?,
            value,
            provenance: row.provenance(self.source, self.as_of.as_deref(), &self.origin)?,
        })
    }
}

#[derive(Queryable, Insertable)]
#[diesel(table_name = topics, treat_none_as_default_value = false)]
pub(in crate::storage) struct TopicRow {
    slug: String,
    name: String,
}

impl From<&Topic> for TopicRow {
    fn from(topic: &Topic) -> Self {
        Self {
            slug: topic.slug.to_string(),
            name: topic.name.clone(),
        }
    }
}

impl TopicRow {
    pub(in crate::storage) fn into_domain(self) -> Result<Topic> {
        Ok(Topic {
            slug: Stored::new("topics", &[&self.slug]).parse(&self.slug)?,
            name: self.name,
        })
    }
}

#[derive(Queryable, Insertable)]
#[diesel(table_name = organisation_topics, treat_none_as_default_value = false)]
pub(in crate::storage) struct TopicInterestRow {
    ods_code: String,
    topic: String,
    need: Option<String>,
    stage: Option<String>,
    live_since: Option<String>,
    source: String,
    as_of: Option<String>,
    origin: String,
}

impl From<&TopicInterest> for TopicInterestRow {
    fn from(interest: &TopicInterest) -> Self {
        Self {
            ods_code: interest.ods_code.to_string(),
            topic: interest.topic.to_string(),
            need: interest.need.map(|need| need.to_string()),
            stage: interest.stage.map(|stage| stage.to_string()),
            live_since: interest.live_since.map(|date| date.to_string()),
            source: interest.provenance.source.clone(),
            as_of: as_of(&interest.provenance),
            origin: interest.provenance.voice.to_string(),
        }
    }
}

impl TopicInterestRow {
    pub(in crate::storage) fn into_domain(self) -> Result<TopicInterest> {
        let key = [self.ods_code.as_str(), self.topic.as_str()];
        let row = Stored::new("organisation_topics", &key);
        Ok(TopicInterest {
            ods_code: row.parse(&self.ods_code)?,
            topic: row.parse(&self.topic)?,
            need: row.parse_some(self.need.as_deref())?,
            stage: row.parse_some(self.stage.as_deref())?,
            live_since: row.parse_some(self.live_since.as_deref())?,
            provenance: row.provenance(self.source, self.as_of.as_deref(), &self.origin)?,
        })
    }
}
