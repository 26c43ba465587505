//! The queries of the operations that suggest: for a list, for one pair, for a comparison.

use chrono::NaiveDate;
use serde_json::json;
use utoipa::IntoParams;
use utoipa::openapi::Required;
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn, ParameterStyle};
use utoipa::openapi::schema::{ArrayBuilder, ObjectBuilder, Type};

use crate::domain::firmness::{Draws, FirmnessRequest};
use crate::domain::ids::OdsCode;
use crate::domain::suggestion::Limit;
use crate::http::extract::{Fault, Parameters, Query};
use crate::http::parameters::{
    AS_OF_WORDS, as_of, as_of_schema, code_schema, in_query, limit, limit_in_query, limit_schema,
    whole,
};
use crate::http::problem::shown;

/// What `GET suggestions` takes.
pub(crate) struct SuggestionParameters {
    pub(crate) limit: Option<Limit>,
    pub(crate) as_of: Option<NaiveDate>,
    pub(crate) drawn: Drawn,
    pub(crate) spread_load: Option<bool>,
}

impl Parameters for SuggestionParameters {
    fn read(query: &mut Query) -> Self {
        Self {
            limit: query.take("limit", limit),
            as_of: query.take("asOf", as_of),
            drawn: Drawn::read(query),
            spread_load: spread_load(query),
        }
    }
}

impl IntoParams for SuggestionParameters {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let limit = limit_schema(Limit::MAX.into(), Limit::DEFAULT.count());
        let mut parameters = vec![
            limit_in_query("How many suggestions to give.", limit, json!(3)),
            in_query("asOf", AS_OF_WORDS, as_of_schema(), json!("2026-11-22")),
        ];
        parameters.extend(Drawn::parameters());
        parameters.push(spread_load_in_query());
        parameters
    }
}

/// How often weights and unknown scores are drawn, and from which seed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Drawn {
    pub(crate) draws: Option<Draws>,
    pub(crate) seed: Option<u64>,
}

/// Whether exposure is spread by prices, where the request says so.
pub(crate) fn spread_load(query: &mut Query) -> Option<bool> {
    query.take("spreadLoad", truth)
}

fn truth(text: &str) -> Result<bool, Fault> {
    match text {
        "true" => Ok(true),
        "false" => Ok(false),
        _ => Err(Fault::Unreadable("is neither true nor false".into())),
    }
}

pub(crate) fn spread_load_in_query() -> Parameter {
    in_query("spreadLoad", SPREAD_WORDS, spread_schema(), json!(true))
}

pub(crate) fn spread_schema() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::Boolean)
}

pub(crate) const SPREAD_WORDS: &str = "Whether a price is taken off the places of candidates who are seen by more than they have room for. The fits stay. Left out, it is as the seeker's programme says.";

impl Drawn {
    fn read(query: &mut Query) -> Self {
        Self {
            draws: query.take("draws", draws),
            seed: query.take("seed", seed),
        }
    }

    /// The request for firmness that this makes, where so many draws are made for those who do not say.
    pub(crate) fn request(self, default: Draws) -> FirmnessRequest {
        FirmnessRequest {
            seed: self.seed.unwrap_or(FirmnessRequest::SEED),
            ..FirmnessRequest::of(self.draws.unwrap_or(default))
        }
    }

    fn parameters() -> [Parameter; 2] {
        [
            in_query("draws", DRAWS_WORDS, draws_schema(), json!(500)),
            in_query("seed", SEED_WORDS, seed_schema(), json!(7)),
        ]
    }
}

pub(crate) const DRAWS_WORDS: &str = "How often weights and unknown scores are drawn to find how firm the ranks are; 0 leaves that out.";
pub(crate) const SEED_WORDS: &str =
    "The seed of the random numbers: with the same seed the same question has the same answer.";

fn draws(text: &str) -> Result<Draws, Fault> {
    Draws::new(whole(text)?).map_err(|rule| Fault::Rule(format!("is out of range: {rule}")))
}

pub(crate) fn seed(text: &str) -> Result<u64, Fault> {
    seed_of(whole(text)?)
}

/// A seed that is a whole number which every reader of JSON holds exactly.
pub(crate) fn seed_of(number: i64) -> Result<u64, Fault> {
    let seed = u64::try_from(number).ok().filter(|&seed| seed <= MAX_SEED);
    seed.ok_or_else(|| Fault::Rule(format!("is a whole number from 0 to {MAX_SEED}")))
}

/// The greatest seed: 2^53 - 1, up to which whole numbers survive JSON (RFC 8259, section 6).
pub(crate) const MAX_SEED: u64 = (1 << 53) - 1;

pub(crate) fn draws_schema() -> ObjectBuilder {
    ObjectBuilder::new()
        .schema_type(Type::Integer)
        .minimum(Some(0))
        .maximum(Some(Draws::MAX))
        .default(Some(json!(Draws::DEFAULT.count())))
}

pub(crate) fn seed_schema() -> ObjectBuilder {
    ObjectBuilder::new()
        .schema_type(Type::Integer)
        .minimum(Some(0))
        .maximum(Some(MAX_SEED))
        .default(Some(json!(FirmnessRequest::SEED)))
}

/// What the question about one candidate takes.
pub(crate) struct CandidateParameters {
    pub(crate) as_of: Option<NaiveDate>,
    pub(crate) drawn: Drawn,
    pub(crate) spread_load: Option<bool>,
}

impl Parameters for CandidateParameters {
    fn read(query: &mut Query) -> Self {
        Self {
            as_of: query.take("asOf", as_of),
            drawn: Drawn::read(query),
            spread_load: spread_load(query),
        }
    }
}

impl IntoParams for CandidateParameters {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let as_of = in_query("asOf", AS_OF_WORDS, as_of_schema(), json!("2026-11-22"));
        let mut parameters = vec![as_of];
        parameters.extend(Drawn::parameters());
        parameters.push(spread_load_in_query());
        parameters
    }
}

/// What an operation about one pair takes.
pub(crate) struct PairParameters {
    pub(crate) as_of: Option<NaiveDate>,
}

impl Parameters for PairParameters {
    fn read(query: &mut Query) -> Self {
        Self {
            as_of: query.take("asOf", as_of),
        }
    }
}

impl IntoParams for PairParameters {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        vec![in_query(
            "asOf",
            AS_OF_WORDS,
            as_of_schema(),
            json!("2026-11-22"),
        )]
    }
}

/// The most candidates that one comparison takes.
pub(crate) const MAX_COMPARED: usize = 5;

/// What a comparison takes.
pub(crate) struct ComparisonParameters {
    pub(crate) with: Vec<OdsCode>,
    pub(crate) as_of: Option<NaiveDate>,
    pub(crate) drawn: Drawn,
    pub(crate) spread_load: Option<bool>,
}

impl Parameters for ComparisonParameters {
    fn read(query: &mut Query) -> Self {
        let with = query.take("with", compared);
        if with.is_none() {
            query.missing("with");
        }
        Self {
            with: with.unwrap_or_default(),
            as_of: query.take("asOf", as_of),
            drawn: Drawn::read(query),
            spread_load: spread_load(query),
        }
    }
}

/// Reads the codes to compare: 1 to [`MAX_COMPARED`], each once.
pub(crate) fn compared(text: &str) -> Result<Vec<OdsCode>, Fault> {
    let mut codes = Vec::with_capacity(MAX_COMPARED);
    for part in text.split(',') {
        let code = OdsCode::new(part)
            .map_err(|rule| Fault::Unreadable(format!("names {:?}, but {rule}", shown(part))))?;
        if codes.contains(&code) {
            return Err(Fault::Rule(format!("names {code} twice")));
        }
        if codes.len() == MAX_COMPARED {
            return Err(Fault::Rule(format!(
                "names at most {MAX_COMPARED} organisations"
            )));
        }
        codes.push(code);
    }
    Ok(codes)
}

impl IntoParams for ComparisonParameters {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let codes = ArrayBuilder::new()
            .items(code_schema())
            .min_items(Some(1))
            .max_items(Some(MAX_COMPARED))
            .unique_items(true);
        let with = ParameterBuilder::new()
            .name("with")
            .parameter_in(ParameterIn::Query)
            .required(Required::True)
            .style(Some(ParameterStyle::Form))
            .explode(Some(false))
            .description(Some(
                "The ODS codes of the candidates, 1 to 5, each once, with commas between.",
            ))
            .schema(Some(codes))
            .example(Some(json!(["RHW", "RJ7"])))
            .build();
        let mut parameters = vec![
            with,
            in_query("asOf", AS_OF_WORDS, as_of_schema(), json!("2026-11-22")),
        ];
        parameters.extend(Drawn::parameters());
        parameters.push(spread_load_in_query());
        parameters
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_to_compare_are_one_to_five_and_differ() {
        assert_eq!(compared("rhw,RJ7").map(|codes| codes.len()), Ok(2));
        for broken in ["RHW,rhw", "AA1,AA2,AA3,AA4,AA5,AA6"] {
            assert!(matches!(compared(broken), Err(Fault::Rule(_))), "{broken}");
        }
        assert!(matches!(compared("RHW,"), Err(Fault::Unreadable(_))));
        let Err(Fault::Unreadable(words)) = compared("RHW,x") else {
            panic!("x is no code");
        };
        assert!(
            words.starts_with("names \"x\", but an ODS code is"),
            "{words}"
        );
    }
}
