//! The queries of the operations that suggest: for a list, for one pair, for a comparison.

use chrono::NaiveDate;
use serde_json::json;
use utoipa::IntoParams;
use utoipa::openapi::Required;
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn, ParameterStyle};
use utoipa::openapi::schema::ArrayBuilder;

use crate::domain::ids::OdsCode;
use crate::domain::suggestion::Limit;
use crate::http::extract::{Fault, Parameters, Query};
use crate::http::parameters::{
    AS_OF_WORDS, as_of, as_of_schema, code_schema, in_query, limit, limit_in_query, limit_schema,
};
use crate::http::problem::shown;

/// What `GET suggestions` takes.
pub(crate) struct SuggestionParameters {
    pub(crate) limit: Option<Limit>,
    pub(crate) as_of: Option<NaiveDate>,
}

impl Parameters for SuggestionParameters {
    fn read(query: &mut Query) -> Self {
        Self {
            limit: query.take("limit", limit),
            as_of: query.take("asOf", as_of),
        }
    }
}

impl IntoParams for SuggestionParameters {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let limit = limit_schema(Limit::MAX.into(), Limit::DEFAULT.count());
        vec![
            limit_in_query("How many suggestions to give.", limit, json!(3)),
            in_query("asOf", AS_OF_WORDS, as_of_schema(), json!("2026-11-22")),
        ]
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
        }
    }
}

/// Reads the codes to compare: 1 to [`MAX_COMPARED`], each once.
fn compared(text: &str) -> Result<Vec<OdsCode>, Fault> {
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
        vec![
            with,
            in_query("asOf", AS_OF_WORDS, as_of_schema(), json!("2026-11-22")),
        ]
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
