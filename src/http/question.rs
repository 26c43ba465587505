//! The body of a request for suggestions: weights and filters of the request's own.

use std::fmt;

use chrono::NaiveDate;
use serde::de::{Error as _, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::json;
use utoipa::openapi::schema::{
    AdditionalProperties, AllOfBuilder, AnyOfBuilder, ArrayBuilder, ObjectBuilder, Type,
};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use crate::domain::error::{Error, FieldError};
use crate::domain::firmness::{Draws, FirmnessRequest, ScoreDraws, WeightDraws};
use crate::domain::ids::OdsCode;
use crate::domain::organisation::{CareSetting, CareSettings};
use crate::domain::programme::{Criterion, MAX_WEIGHT, Weights};
use crate::domain::suggestion::{Filters, Limit, SeenBy, SuggestionRequest};
use crate::http::body::{Object, given};
use crate::http::extract::Fault;
use crate::http::fields::Faults;
use crate::http::parameters::{
    AS_OF_WORDS, as_of, as_of_schema, board, board_schema, care_setting, care_setting_schema,
    limit_schema, radius, text, text_schema, within_km_schema,
};
use crate::http::suggestion_parameters::{
    DRAWS_WORDS, Drawn, SEED_WORDS, SPREAD_WORDS, draws_schema, seed_of, seed_schema, spread_schema,
};

/// What to weigh, whom to show, how many and of when.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(crate) struct Question {
    #[serde(deserialize_with = "given")]
    weights: Option<GivenWeights>,
    #[serde(deserialize_with = "given")]
    filters: Option<Object<GivenFilters>>,
    #[serde(deserialize_with = "given")]
    limit: Option<f64>,
    #[serde(deserialize_with = "given")]
    as_of: Option<String>,
    #[serde(deserialize_with = "given")]
    draws: Option<f64>,
    #[serde(deserialize_with = "given")]
    seed: Option<f64>,
    #[serde(deserialize_with = "given")]
    firmness: Option<Object<GivenFirmness>>,
    #[serde(deserialize_with = "given")]
    spread_load: Option<bool>,
}

/// How firmness is found, beyond how often.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
struct GivenFirmness {
    #[serde(deserialize_with = "given")]
    weights: Option<String>,
    #[serde(deserialize_with = "given")]
    scores: Option<String>,
    #[serde(deserialize_with = "given")]
    tables: Option<bool>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
struct GivenFilters {
    care_settings: Vec<String>,
    #[serde(deserialize_with = "given")]
    icb: Option<String>,
    #[serde(deserialize_with = "given")]
    region: Option<String>,
    #[serde(deserialize_with = "given")]
    vendor: Option<String>,
    #[serde(deserialize_with = "given")]
    within_km: Option<f64>,
    #[serde(deserialize_with = "given")]
    peer_group: Option<bool>,
}

/// A number for each criterion that is named, at most once each.
#[derive(Debug, Default)]
pub(crate) struct GivenWeights([Option<f64>; Criterion::COUNT]);

impl<'de> Deserialize<'de> for GivenWeights {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct WeightsVisitor;

        impl<'de> Visitor<'de> for WeightsVisitor {
            type Value = GivenWeights;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of criteria and numbers")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut weights = GivenWeights::default();
                while let Some(CriterionKey(criterion)) = map.next_key()? {
                    let weight = map.next_value()?;
                    if weights.0[criterion.index()].replace(weight).is_some() {
                        return Err(A::Error::custom(format!("{criterion} is given twice")));
                    }
                }
                Ok(weights)
            }
        }

        deserializer.deserialize_map(WeightsVisitor)
    }
}

struct CriterionKey(Criterion);

impl<'de> Deserialize<'de> for CriterionKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        name.parse().map(Self).map_err(D::Error::custom)
    }
}

impl Question {
    /// Checks every rule and makes the request.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] with everything that is wrong.
    pub(crate) fn into_request(
        self,
        (seeker, seen_by): (OdsCode, SeenBy),
        today: NaiveDate,
        default_draws: Draws,
    ) -> Result<SuggestionRequest, Error> {
        let mut faults = Faults::default();
        let weights = self.weights.and_then(|given| given.check(&mut faults));
        let filters = self
            .filters
            .map(|given| given.0.check(&mut faults))
            .unwrap_or_default();
        let limit = self
            .limit
            .and_then(|number| faults.keep("/limit", whole_limit(number)));
        let day = self
            .as_of
            .and_then(|day| faults.keep("/asOf", as_of(day.trim())));
        let drawn = Drawn {
            draws: self
                .draws
                .and_then(|number| faults.keep("/draws", whole_draws(number))),
            seed: self
                .seed
                .and_then(|number| faults.keep("/seed", whole_seed(number))),
        };
        let given = self.firmness.map(|given| given.0).unwrap_or_default();
        let firmness = given.check(drawn.request(default_draws), &mut faults);
        if !faults.0.is_empty() {
            return Err(Error::Invalid(faults.0));
        }
        Ok(SuggestionRequest {
            seeker,
            seen_by,
            weights,
            filters,
            limit: limit.unwrap_or(Limit::DEFAULT),
            as_of: day.unwrap_or(today),
            firmness,
            spread_load: self.spread_load,
        })
    }
}

/// JSON does not tell 10 from 10.0, so neither is refused.
fn whole_limit(number: f64) -> Result<Limit, Fault> {
    let limit = (1..=Limit::MAX).find(|&limit| f64::from(limit).total_cmp(&number).is_eq());
    let rule = || Fault::Rule(format!("is a whole number from 1 to {}", Limit::MAX));
    limit
        .and_then(|limit| Limit::new(limit.into()).ok())
        .ok_or_else(rule)
}

/// Reads a whole number that JSON may write with a point.
fn whole_number(number: f64) -> Option<i64> {
    // Beyond this not every whole number is one of its own.
    const MOST: f64 = 9_007_199_254_740_992.0;
    #[expect(
        clippy::cast_possible_truncation,
        reason = "whole and far inside the range"
    )]
    let whole = number as i64;
    (number.abs() < MOST && number.fract().abs() < f64::MIN_POSITIVE).then_some(whole)
}

fn whole_draws(number: f64) -> Result<Draws, Fault> {
    let rule = || Fault::Rule(format!("is a whole number from 0 to {}", Draws::MAX));
    let whole = whole_number(number).ok_or_else(rule)?;
    Draws::new(whole).map_err(|_out_of_range| rule())
}

pub(crate) fn whole_seed(number: f64) -> Result<u64, Fault> {
    seed_of(whole_number(number).unwrap_or(-1))
}

impl GivenFirmness {
    fn check(self, plain: FirmnessRequest, faults: &mut Faults) -> FirmnessRequest {
        let request = FirmnessRequest {
            weights: faults
                .read("/firmness/weights", self.weights.as_deref())
                .unwrap_or(plain.weights),
            scores: faults
                .read("/firmness/scores", self.scores.as_deref())
                .unwrap_or(plain.scores),
            tables: self.tables.unwrap_or_default(),
            ..plain
        };
        if request.tables && request.draws.count() > Draws::MAX_OF_TABLES {
            let words = format!(
                "is at most {} where tables are wanted",
                Draws::MAX_OF_TABLES
            );
            faults.refuse("/draws", words);
        }
        request
    }
}

impl GivenWeights {
    /// Checks every weight, and that they are not all zero.
    pub(crate) fn check(self, faults: &mut Faults) -> Option<Weights> {
        let before = faults.0.len();
        let mut weights = [0.0; Criterion::COUNT];
        for (&criterion, given) in Criterion::ALL.iter().zip(self.0) {
            let Some(weight) = given else { continue };
            if (0.0..=MAX_WEIGHT).contains(&weight) {
                weights[criterion.index()] = weight;
            } else {
                let words = format!("is a number from 0 to {MAX_WEIGHT}");
                faults
                    .0
                    .push(FieldError::new(format!("/weights/{criterion}"), words));
            }
        }
        if faults.0.len() > before {
            return None;
        }
        faults.keep(
            "/weights",
            Weights::new(weights).map_err(|impossible| Fault::Rule(impossible.to_string())),
        )
    }
}

impl GivenFilters {
    fn check(self, faults: &mut Faults) -> Filters {
        let most = CareSetting::ALL.len();
        if self.care_settings.len() > most {
            faults.0.push(FieldError::new(
                "/filters/careSettings",
                format!("has at most {most} care settings"),
            ));
        }
        let settings = self.care_settings.iter().take(most).enumerate();
        let care_settings: CareSettings = settings
            .filter_map(|(i, name)| {
                faults.keep(
                    format!("/filters/careSettings/{i}"),
                    care_setting(name.trim()),
                )
            })
            .collect();
        Filters {
            care_settings,
            icb: self
                .icb
                .and_then(|code| faults.keep("/filters/icb", board(&code))),
            region: self
                .region
                .and_then(|code| faults.keep("/filters/region", board(&code))),
            vendor: self.vendor.and_then(|name| {
                let name = name.trim_matches(|c: char| c.is_ascii_whitespace());
                faults.keep("/filters/vendor", text(name))
            }),
            within_km: self
                .within_km
                .and_then(|km| faults.keep("/filters/withinKm", radius(km))),
            is_peer: self.peer_group.unwrap_or_default(),
        }
    }
}

impl PartialSchema for Question {
    fn schema() -> RefOr<Schema> {
        closed()
            .description(Some(
                "What to weigh, whom to show, how many and of when. Every field is optional.",
            ))
            .property("weights", weights_schema())
            .property("filters", filters_schema())
            .property(
                "limit",
                limit_schema(Limit::MAX.into(), Limit::DEFAULT.count())
                    .description(Some("How many suggestions to give.")),
            )
            .property("asOf", as_of_schema().description(Some(AS_OF_WORDS)))
            .property("draws", draws_schema().description(Some(DRAWS_WORDS)))
            .property("seed", seed_schema().description(Some(SEED_WORDS)))
            .property("firmness", firmness_schema())
            .property(
                "spreadLoad",
                spread_schema().description(Some(SPREAD_WORDS)),
            )
            .examples([json!({
                "weights": {"core_system": 3, "geography": 1, "culture": 1},
                "filters": {"careSettings": ["acute"], "withinKm": 150},
                "limit": 3,
                "asOf": "2026-11-22"
            })])
            .into()
    }
}

impl ToSchema for Question {
    fn name() -> std::borrow::Cow<'static, str> {
        "SuggestionQuestion".into()
    }
}

/// An object that takes no other fields.
pub(crate) fn closed() -> ObjectBuilder {
    ObjectBuilder::new()
        .schema_type(Type::Object)
        .additional_properties(Some(AdditionalProperties::<Schema>::FreeForm(false)))
}

/// Describes weights.
pub(crate) fn weights_schema() -> Schema {
    let number = || {
        ObjectBuilder::new()
            .schema_type(Type::Number)
            .minimum(Some(0.0))
            .maximum(Some(MAX_WEIGHT))
    };
    let words = "What each criterion counts, by ratio; one that is left out counts nothing. At least one besides \
                 `learning` has to be above 0: `learning` alone says nothing of a site that named no topic.";
    let named = Criterion::ALL
        .iter()
        .fold(closed().description(Some(words)), |object, criterion| {
            object.property(criterion.as_str(), number())
        });
    let above_zero = Criterion::ALL
        .iter()
        .filter(|&&criterion| criterion != Criterion::Learning);
    let some = above_zero.fold(AnyOfBuilder::new(), |any, criterion| {
        let positive = ObjectBuilder::new()
            .schema_type(Type::Number)
            .exclusive_minimum(Some(0.0));
        any.item(
            ObjectBuilder::new()
                .schema_type(Type::Object)
                .property(criterion.as_str(), positive)
                .required(criterion.as_str()),
        )
    });
    AllOfBuilder::new().item(named).item(some).into()
}

fn firmness_schema() -> ObjectBuilder {
    let one_of = |names: Vec<&'static str>, default: &str| {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .default(Some(json!(default)))
            .enum_values(Some(names))
    };
    let weights = one_of(
        WeightDraws::ALL.iter().map(|w| w.as_str()).collect(),
        WeightDraws::Around.as_str(),
    );
    let scores = one_of(
        ScoreDraws::ALL.iter().map(|s| s.as_str()).collect(),
        ScoreDraws::Triangular.as_str(),
    );
    let tables = ObjectBuilder::new()
        .schema_type(Type::Boolean)
        .default(Some(json!(false)));
    closed()
        .description(Some("How it is found how firm the ranks are."))
        .property(
            "weights",
            weights.description(Some(
                "Whether weights are drawn `around` those in use, or are `uniform` over all weights of the criteria in use.",
            )),
        )
        .property(
            "scores",
            scores.description(Some(
                "Whether a score that is not known is drawn from the `triangular` distribution whose mode is the expected score, or \
                 `uniform` over its range.",
            )),
        )
        .property(
            "tables",
            tables.description(Some(
                "Whether every rank and every pair of candidates is counted, with the weights that put each first; with at most \
                 20000 draws.",
            )),
        )
}

fn filters_schema() -> ObjectBuilder {
    let settings = ArrayBuilder::new()
        .items(care_setting_schema())
        .max_items(Some(CareSetting::ALL.len()))
        .description(Some(
            "Only those that give some of this care; an empty list asks for any.",
        ));
    closed()
        .description(Some("Which candidates to show; ranks count what is shown."))
        .property("careSettings", settings)
        .property(
            "icb",
            board_schema().description(Some(
                "Only those in the integrated care board with this code, in letters of either case.",
            )),
        )
        .property(
            "region",
            board_schema().description(Some("Only those in the NHS region with this code, in letters of either case.")),
        )
        .property(
            "vendor",
            text_schema().description(Some(
                "Only those with a present core system of this vendor.",
            )),
        )
        .property(
            "withinKm",
            within_km_schema()
                .description(Some("Only those whose head office is this near, in km.")),
        )
        .property(
            "peerGroup",
            ObjectBuilder::new()
                .schema_type(Type::Boolean)
                .default(Some(json!(false)))
                .description(Some(
                    "Only those in the site's group of sites that are alike in context; refused where it is in none.",
                )),
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(json: &str) -> Result<SuggestionRequest, Vec<String>> {
        let question: Question =
            serde_json::from_str(json).map_err(|error| vec![error.to_string()])?;
        let day = NaiveDate::from_ymd_opt(2026, 11, 22).unwrap();
        question
            .into_request(
                (OdsCode::new("RTH").unwrap(), SeenBy::Site),
                day,
                Draws::DEFAULT,
            )
            .map_err(|error| match error {
                Error::Invalid(errors) => errors.into_iter().map(|error| error.pointer).collect(),
                other => vec![other.to_string()],
            })
    }

    #[test]
    fn an_empty_question_asks_for_the_defaults() {
        let request = request("{}").unwrap();
        assert_eq!((request.weights, request.limit), (None, Limit::DEFAULT));
        assert_eq!(request.filters, Filters::default());
        assert_eq!(request.as_of.to_string(), "2026-11-22");
    }

    #[test]
    fn a_full_question_is_read() {
        let request = request(
            r#"{"weights": {"core_system": 3, "culture": 1.5}, "filters": {"careSettings": ["acute", "community"], "icb": "QU9",
                "region": "Y59", "vendor": "Epic", "withinKm": 40}, "limit": 5.0, "asOf": "2025-01-31"}"#,
        )
        .unwrap();
        assert_eq!(
            request.weights,
            Weights::new([3.0, 0.0, 0.0, 1.5, 0.0, 0.0]).ok()
        );
        assert_eq!(
            (request.limit.count(), request.filters.within_km),
            (5, Some(40.0))
        );
        assert_eq!(request.filters.care_settings.iter().count(), 2);
    }

    #[test]
    fn every_broken_rule_is_named_at_once() {
        let broken = request(
            r#"{"weights": {"geography": -1, "culture": 1e7}, "limit": 51, "asOf": "2026-02-30",
                "filters": {"careSettings": ["acute", "dental"], "vendor": "", "withinKm": 0}}"#,
        );
        let pointers = [
            "/weights/geography",
            "/weights/culture",
            "/filters/careSettings/1",
            "/filters/vendor",
            "/filters/withinKm",
            "/limit",
            "/asOf",
        ];
        assert_eq!(broken.unwrap_err(), pointers);
    }

    #[test]
    fn a_weight_just_above_the_most_is_refused() {
        let most = request(r#"{"weights": {"culture": 1000000}}"#);
        assert!(most.is_ok());
        let more = request(r#"{"weights": {"culture": 1000000.0000000001}}"#);
        assert_eq!(more.unwrap_err(), ["/weights/culture"]);
    }

    #[test]
    fn weights_that_are_all_zero_are_refused() {
        assert_eq!(request(r#"{"weights": {}}"#).unwrap_err(), ["/weights"]);
        assert_eq!(
            request(r#"{"weights": {"culture": 0}}"#).unwrap_err(),
            ["/weights"]
        );
    }

    #[test]
    fn unknown_and_repeated_names_are_refused() {
        for json in [
            r#"{"weigths": {}}"#,
            r#"{"weights": {"cost": 1}}"#,
            r#"{"weights": {"culture": 1, "culture": 2}}"#,
            r#"{"limit": null}"#,
            r#"{"limit": 1.5}"#,
        ] {
            assert!(request(json).is_err(), "{json}");
        }
    }
}
