//! The context attributes of an organisation, as it says itself or as others say.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::web::Data;
use actix_web::{FromRequest, HttpRequest, HttpResponse, delete, get, put};
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::openapi::Required;
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::{IntoParams, ToSchema};

use crate::app::Alongside;
use crate::domain::error::Error;
use crate::domain::ids::OdsCode;
use crate::domain::organisation::CareSetting;
use crate::domain::profile::{Attribute, AttributeFact, AttributeValue};
use crate::http::access::Rule;
use crate::http::answer;
use crate::http::body::Body;
use crate::http::changing::Changing;
use crate::http::conditional::IfMatch;
use crate::http::extract::{NoParameters, Parameters, Params, Query, Seeker};
use crate::http::fields::{Faults, own_word};
use crate::http::openapi::{
    ApiFailures, BodyFailures, ConditionFailures, NoSuchOrganisation, NoSuchThing, NotModified,
    RuleBroken, StorageFailures,
};
use crate::http::operation::Operation;
use crate::http::parameters::{care_setting, care_setting_schema, in_query};
use crate::http::problem::Problem;
use crate::http::views::organisation::AttributeView;
use crate::http::views::text::{CareSettingName, Code, OriginName};
use crate::storage::attributes::{AttributeKey, AttributeRecord, DisplacedAttribute};
use crate::storage::{Touches, attributes};

/// What is said of the operations of this file.
pub(crate) const OPERATIONS: &[Operation] = &[
    Operation::new("list_attributes", Rule::Anyone)
        .answers(include_str!("examples/list_attributes.json")),
    Operation::new("put_attribute", Rule::Own)
        .takes(r#"{"value": 3.2, "careSetting": "acute", "asOf": "2026-10"}"#)
        .answers(include_str!("examples/put_attribute.json")),
    Operation::new("withdraw_attribute", Rule::Own),
];

/// A rough size of the attributes of an organisation, in bytes.
const ATTRIBUTES_BYTES: usize = 4 * 1024;

/// A context attribute of an organisation: `{odsCode}` and `{attribute}` of the path.
pub(crate) struct AttributeOf {
    code: OdsCode,
    attribute: Attribute,
}

/// The attributes that this file is about: all but the ethos.
fn context() -> impl Iterator<Item = Attribute> {
    let all = Attribute::ALL.iter().copied();
    all.filter(|attribute| !attribute.is_ethos())
}

impl FromRequest for AttributeOf {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let code = Seeker::from_request(request, payload).into_inner();
        let text = request.match_info().get("attribute").unwrap_or_default();
        ready(code.and_then(|Seeker(code)| {
            let named = context().find(|attribute| attribute.as_str() == text);
            let attribute = named.ok_or_else(|| {
                let names: Vec<&str> = context().map(Attribute::as_str).collect();
                let words = format!("a context attribute is one of: {}", names.join(", "));
                Problem::unreadable("/path/attribute", words)
            })?;
            Ok(Self { code, attribute })
        }))
    }
}

impl IntoParams for AttributeOf {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let attribute = ObjectBuilder::new()
            .schema_type(Type::String)
            .enum_values(Some(context().map(Attribute::as_str)));
        let mut parameters = Seeker::into_params(|| None);
        parameters.push(
            ParameterBuilder::new()
                .name("attribute")
                .parameter_in(ParameterIn::Path)
                .required(Required::True)
                .description(Some("The attribute."))
                .schema(Some(attribute))
                .example(Some(json!("digital_maturity")))
                .build(),
        );
        parameters
    }
}

/// For which care setting: asked of the digital maturity alone.
pub(crate) struct SettingParameter(Option<CareSetting>);

impl Parameters for SettingParameter {
    fn read(query: &mut Query) -> Self {
        Self(query.take("careSetting", care_setting))
    }
}

impl IntoParams for SettingParameter {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        vec![in_query(
            "careSetting",
            "The care setting of the score, for `digital_maturity` alone; without it, every score of the site's own.",
            care_setting_schema(),
            json!("acute"),
        )]
    }
}

/// What is wrong with a care setting for an attribute other than the digital maturity.
const NO_SETTING: &str = "is asked for digital_maturity alone";

/// The value of an attribute.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = StateAttribute)]
pub(crate) struct GivenAttribute {
    /// In the attribute's unit: `staff_fte`, `catchment` and `beds` above 0; `deprivation` (mean IMD score) 0 to 100;
    /// `urban_share` 0 to 1; `digital_maturity` 1 to 5; `teaching` 0 (no) or 1 (yes).
    #[schema(minimum = 0, maximum = 1_000_000_000)]
    value: f64,
    /// The care setting of the score, for `digital_maturity` alone.
    #[schema(value_type = Option<CareSettingName>)]
    care_setting: Option<String>,
    /// The day, month or year of which this speaks, not after today; today by default.
    #[schema(max_length = 10, pattern = "^[0-9]{4}(-[0-9]{2}(-[0-9]{2})?)?$")]
    as_of: Option<String>,
}

impl GivenAttribute {
    fn check(&self, place: &AttributeOf, today: NaiveDate) -> Result<AttributeFact, Error> {
        let mut faults = Faults::default();
        let provenance = own_word(&mut faults, self.as_of.as_deref(), today);
        let setting = self
            .care_setting
            .as_deref()
            .and_then(|name| faults.keep("/careSetting", care_setting(name.trim())));
        let is_maturity = place.attribute == Attribute::DigitalMaturity;
        if is_maturity && self.care_setting.is_none() {
            faults.refuse("/careSetting", "is missing: there is one score for each");
        } else if !is_maturity && self.care_setting.is_some() {
            faults.refuse("/careSetting", NO_SETTING);
        }
        // The bounds are the same for all, whichever is missing.
        let for_value = is_maturity.then(|| setting.unwrap_or(CareSetting::Acute));
        let value = AttributeValue::new(place.attribute, self.value, for_value);
        if value.is_none() {
            faults.refuse("/value", bounds(place.attribute));
        }
        faults.finish()?;
        let (value, provenance) = value
            .zip(provenance)
            .ok_or_else(|| Error::invalid("/value", bounds(place.attribute)))?;
        Ok(AttributeFact {
            ods_code: place.code,
            value,
            provenance,
        })
    }
}

/// The values that an attribute takes, in words.
const fn bounds(attribute: Attribute) -> &'static str {
    match attribute {
        Attribute::StaffFte | Attribute::Catchment | Attribute::Beds => {
            "is a number above 0, at most 1000000000"
        }
        Attribute::Deprivation => "is a number from 0 to 100",
        Attribute::UrbanShare => "is a number from 0 to 1",
        Attribute::Teaching => "is 0 (no) or 1 (yes)",
        Attribute::DigitalMaturity => "is a number from 1 to 5",
        Attribute::EthosSharing
        | Attribute::EthosClinicalLeadership
        | Attribute::EthosStandardisation
        | Attribute::EthosBuildOrBuy
        | Attribute::EthosPace
        | Attribute::EthosSupplierPartnership => "is a whole number from 1 to 5",
    }
}

/// The context attributes of an organisation.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Attributes)]
pub(crate) struct AttributesView {
    ods_code: Code,
    /// What is recorded, by attribute and care setting.
    #[schema(max_items = 11)]
    items: Vec<AttributeRecordView>,
}

/// One value, and the words beneath it.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = AttributeRecord)]
struct AttributeRecordView {
    #[serde(flatten)]
    fact: AttributeView,
    /// Whose word it is.
    origin: OriginName,
    /// The words that a stronger one displaced: the last one comes back when the site withdraws its own.
    displaced: Vec<DisplacedAttributeView>,
}

/// A value that does not hold.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = DisplacedAttribute)]
struct DisplacedAttributeView {
    #[serde(flatten)]
    fact: AttributeView,
    /// Whose word it is.
    origin: OriginName,
    /// Since when it does not hold, in UTC.
    displaced_at: DateTime<Utc>,
}

impl From<AttributeRecord> for AttributeRecordView {
    fn from(record: AttributeRecord) -> Self {
        Self {
            origin: OriginName(record.fact.provenance.voice),
            fact: record.fact.into(),
            displaced: record.displaced.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<DisplacedAttribute> for DisplacedAttributeView {
    fn from(displaced: DisplacedAttribute) -> Self {
        Self {
            origin: OriginName(displaced.fact.provenance.voice),
            fact: displaced.fact.into(),
            displaced_at: displaced.displaced_at,
        }
    }
}

impl AttributesView {
    fn new(code: OdsCode, records: Vec<AttributeRecord>) -> Self {
        Self {
            ods_code: Code(code),
            items: records.into_iter().map(Into::into).collect(),
        }
    }
}

/// List context attributes
///
/// Lists what the organisation is like, whose word holds, from where and of when, and the words that a stronger one displaced.
/// Answers on the ethos are not among them.
#[utoipa::path(
    tag = "profile",
    params(Seeker),
    responses(
        (status = 200, description = "The attributes.", body = AttributesView),
        NotModified, ApiFailures, NoSuchOrganisation, StorageFailures
    )
)]
#[get("/organisations/{odsCode}/attributes")]
pub(crate) async fn list_attributes(
    request: HttpRequest,
    code: Seeker,
    _none: Params<NoParameters>,
    alongside: Data<Alongside>,
) -> Result<HttpResponse, Problem> {
    let code = code.0;
    let (version, records) = alongside
        .storage()
        .read(move |connection| attributes::of(connection, code))
        .await?;
    let view = AttributesView::new(code, records);
    answer::versioned(&request, &view, version, ATTRIBUTES_BYTES)
}

/// State an attribute
///
/// Puts the site's own word on one attribute in the place of the one that holds; what others said stays beneath it and comes
/// back when the site withdraws its word. Answers with all attributes.
#[utoipa::path(
    tag = "profile",
    params(AttributeOf, IfMatch),
    request_body = GivenAttribute,
    responses(
        (status = 200, description = "The attributes as they are recorded now.", body = AttributesView),
        ApiFailures, BodyFailures, RuleBroken, ConditionFailures, NoSuchOrganisation, StorageFailures
    )
)]
#[put("/organisations/{odsCode}/attributes/{attribute}")]
pub(crate) async fn put_attribute(
    request: HttpRequest,
    place: AttributeOf,
    _none: Params<NoParameters>,
    expected: IfMatch,
    body: Body<GivenAttribute>,
    changing: Changing,
    alongside: Data<Alongside>,
) -> Result<HttpResponse, Problem> {
    let (code, at) = (place.code, changing.at);
    let fact = body.0.check(&place, at.date_naive())?;
    let change = changing.change("state_attribute", Touches::Scoring);
    let (version, records) = alongside
        .write_outcome(change, move |connection| {
            let outcome = attributes::change(connection, &fact, &expected.0, at)?;
            Ok(outcome.with(attributes::of(connection, code)?))
        })
        .await?;
    let view = AttributesView::new(code, records);
    answer::versioned(&request, &view, version, ATTRIBUTES_BYTES)
}

/// Withdraw the word on an attribute
///
/// Withdraws the site's own word on one attribute; the strongest word of others that stands comes back. Of the digital maturity,
/// the score for one care setting, or all of them.
#[utoipa::path(
    tag = "profile",
    params(AttributeOf, SettingParameter, IfMatch),
    responses(
        (status = 204, description = "The word is withdrawn."),
        ApiFailures, RuleBroken, ConditionFailures, NoSuchThing, StorageFailures
    )
)]
#[delete("/organisations/{odsCode}/attributes/{attribute}")]
pub(crate) async fn withdraw_attribute(
    place: AttributeOf,
    parameters: Params<SettingParameter>,
    expected: IfMatch,
    changing: Changing,
    alongside: Data<Alongside>,
) -> Result<HttpResponse, Problem> {
    let AttributeOf { code, attribute } = place;
    let setting = parameters.0.0;
    if attribute != Attribute::DigitalMaturity && setting.is_some() {
        return Err(Error::invalid("/query/careSetting", NO_SETTING).into());
    }
    let key = AttributeKey { attribute, setting };
    let at = changing.at;
    let change = changing.change("withdraw_attribute", Touches::Scoring);
    alongside
        .write(change, move |connection| {
            attributes::withdraw(connection, code, key, &expected.0, at)
        })
        .await?;
    Ok(HttpResponse::NoContent().finish())
}
