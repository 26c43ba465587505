//! A site's answers on its ethos, which nobody else reads.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, get, put};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::app::Alongside;
use crate::domain::error::Error;
use crate::domain::ids::OdsCode;
use crate::domain::profile::{Attribute, AttributeFact, AttributeValue};
use crate::http::access::Rule;
use crate::http::answer;
use crate::http::body::Body;
use crate::http::changing::Changing;
use crate::http::conditional::IfMatch;
use crate::http::extract::{NoParameters, Params, Seeker};
use crate::http::fields::{Faults, own_word};
use crate::http::openapi::{
    ApiFailures, BodyFailures, ConditionFailures, NoSuchOrganisation, NotModified, RuleBroken,
    StorageFailures,
};
use crate::http::operation::Operation;
use crate::http::problem::Problem;
use crate::http::views::text::{AttributeName, Code, PartialDateText};
use crate::storage::{Touches, attributes};

/// What is said of the operations of this file.
pub(crate) const OPERATIONS: &[Operation] = &[
    Operation::new("show_ethos", Rule::Own).answers(include_str!("examples/show_ethos.json")),
    Operation::new("put_ethos", Rule::Own)
        .takes(r#"{"ethos_sharing": 4, "ethos_pace": 2}"#)
        .answers(include_str!("examples/put_ethos.json")),
];

/// A rough size of the answers and the questions, in bytes.
const ETHOS_BYTES: usize = 2 * 1024;

/// The six answers, each a whole number from 1 to 5; null or left out where there is no answer.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = EthosAnswers)]
pub(crate) struct GivenEthos {
    /// How openly it shares: 1 rarely, 5 always.
    #[schema(minimum = 1, maximum = 5, multiple_of = 1)]
    ethos_sharing: Option<f64>,
    /// How far clinicians drive digital change: 1 hardly, 5 throughout.
    #[schema(minimum = 1, maximum = 5, multiple_of = 1)]
    ethos_clinical_leadership: Option<f64>,
    /// How far it standardises: 1 each its own way, 5 one way.
    #[schema(minimum = 1, maximum = 5, multiple_of = 1)]
    ethos_standardisation: Option<f64>,
    /// Whether it builds or buys: 1 builds its own, 5 buys and configures.
    #[schema(minimum = 1, maximum = 5, multiple_of = 1)]
    ethos_build_or_buy: Option<f64>,
    /// How fast it changes: 1 in small steps, 5 in a big bang.
    #[schema(minimum = 1, maximum = 5, multiple_of = 1)]
    ethos_pace: Option<f64>,
    /// How closely it works with suppliers: 1 at arm's length, 5 as partners.
    #[schema(minimum = 1, maximum = 5, multiple_of = 1)]
    ethos_supplier_partnership: Option<f64>,
}

impl GivenEthos {
    /// The answers in the order of [`Attribute::ETHOS`].
    const fn in_order(&self) -> [Option<f64>; Attribute::ETHOS.len()] {
        [
            self.ethos_sharing,
            self.ethos_clinical_leadership,
            self.ethos_standardisation,
            self.ethos_build_or_buy,
            self.ethos_pace,
            self.ethos_supplier_partnership,
        ]
    }

    fn check(&self, code: OdsCode, today: NaiveDate) -> Result<Vec<AttributeFact>, Error> {
        let mut faults = Faults::default();
        let provenance = own_word(&mut faults, None, today);
        let mut facts = Vec::new();
        for (attribute, answer) in Attribute::ETHOS.into_iter().zip(self.in_order()) {
            let Some(number) = answer else { continue };
            match AttributeValue::new(attribute, number, None) {
                Some(value) => facts.extend(provenance.clone().map(|provenance| AttributeFact {
                    ods_code: code,
                    value,
                    provenance,
                })),
                None => faults.refuse(format!("/{attribute}"), "is a whole number from 1 to 5"),
            }
        }
        faults.finish()?;
        Ok(facts)
    }
}

/// A site's answers on its ethos, and the questions.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Ethos)]
pub(crate) struct EthosView {
    ods_code: Code,
    /// Every question, answered or not.
    #[schema(min_items = 6, max_items = 6)]
    answers: Vec<EthosAnswerView>,
}

/// One question on the ethos, and the answer where there is one.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = EthosAnswer)]
struct EthosAnswerView {
    attribute: AttributeName,
    /// The question.
    question: &'static str,
    /// From 1 to 5; null where there is none.
    #[schema(required, minimum = 1, maximum = 5)]
    answer: Option<f64>,
    /// The day on which it was given.
    #[schema(required)]
    as_of: Option<PartialDateText>,
}

impl EthosView {
    fn new(code: OdsCode, facts: &[AttributeFact]) -> Self {
        let answers = Attribute::ETHOS.into_iter().map(|attribute| {
            let fact = facts
                .iter()
                .find(|fact| fact.value.attribute() == attribute);
            EthosAnswerView {
                attribute: AttributeName(attribute),
                question: attribute.question(),
                answer: fact.map(|fact| fact.value.number()),
                as_of: fact.and_then(|fact| fact.provenance.as_of.map(PartialDateText)),
            }
        });
        Self {
            ods_code: Code(code),
            answers: answers.collect(),
        }
    }
}

/// Show the ethos
///
/// Shows the six questions on the ethos of the site and its answers. Others see what comes of them in scores, never the
/// answers.
#[utoipa::path(
    tag = "profile",
    params(Seeker),
    responses(
        (status = 200, description = "The answers.", body = EthosView),
        NotModified, ApiFailures, NoSuchOrganisation, StorageFailures
    )
)]
#[get("/organisations/{odsCode}/ethos")]
pub(crate) async fn show_ethos(
    request: HttpRequest,
    code: Seeker,
    _none: Params<NoParameters>,
    alongside: Data<Alongside>,
) -> Result<HttpResponse, Problem> {
    let code = code.0;
    let (version, facts) = alongside
        .storage()
        .read(move |connection| attributes::ethos_of(connection, code))
        .await?;
    answer::versioned(
        &request,
        &EthosView::new(code, &facts),
        version,
        ETHOS_BYTES,
    )
}

/// Answer the questions on the ethos
///
/// Puts these answers in the place of all that the site gave before; one that is null or left out is no answer. An answer that
/// stays the same keeps its date.
#[utoipa::path(
    tag = "profile",
    params(Seeker, IfMatch),
    request_body = GivenEthos,
    responses(
        (status = 200, description = "The answers as they are recorded now.", body = EthosView),
        ApiFailures, BodyFailures, RuleBroken, ConditionFailures, NoSuchOrganisation, StorageFailures
    )
)]
#[put("/organisations/{odsCode}/ethos")]
pub(crate) async fn put_ethos(
    request: HttpRequest,
    code: Seeker,
    _none: Params<NoParameters>,
    expected: IfMatch,
    body: Body<GivenEthos>,
    changing: Changing,
    alongside: Data<Alongside>,
) -> Result<HttpResponse, Problem> {
    let (code, at) = (code.0, changing.at);
    let answers = body.0.check(code, at.date_naive())?;
    let change = changing.change("put_ethos", Touches::Scoring);
    let (version, facts) = alongside
        .write_outcome(change, move |connection| {
            let outcome = attributes::change_ethos(connection, code, &answers, &expected.0, at)?;
            Ok(outcome.with(attributes::ethos_of(connection, code)?))
        })
        .await?;
    answer::versioned(
        &request,
        &EthosView::new(code, &facts),
        version,
        ETHOS_BYTES,
    )
}
