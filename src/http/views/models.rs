//! Models of what outcomes teach about weights.

use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::models::gate_words;
use crate::domain::ids::Slug;
use crate::domain::model::{
    Activation, CalibrationBin, Coefficient, HeldOut, Learnt, Model, ModelFindings, Retirement,
};
use crate::domain::programme::Criterion;
use crate::http::pagination::PageLinks;
use crate::http::views::numbers::{Amount, Share, Signed};
use crate::http::views::text::{
    CriterionName, GateVerdictName, ModelStateName, Shown, WhyRetiredName,
};

/// A coefficient of the regression.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ModelCoefficient)]
pub(crate) struct CoefficientView {
    /// Its mode.
    mean: Signed,
    /// Its standard deviation, by the curvature there.
    standard_deviation: Amount,
}

impl From<Coefficient> for CoefficientView {
    fn from(of: Coefficient) -> Self {
        Self {
            mean: Signed(of.mean),
            standard_deviation: Amount(of.standard_deviation),
        }
    }
}

/// What a model says of one criterion; weights are shares of one.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ModelCriterion)]
struct CriterionView {
    criterion: CriterionName,
    /// The weight that was given by hand last, of which the prior is made.
    prior_weight: Share,
    /// The weight in use when the model was learnt.
    weight_in_use: Share,
    /// The weight that the model would put to use: drawn toward the prior's.
    weight: Share,
    /// The lower end of the 90 % interval of what stands before that; the weight may lie outside.
    low: Share,
    /// The upper end.
    high: Share,
    /// Its coefficient; null where it applied in no outcome, and the criterion keeps its prior weight.
    #[schema(required)]
    coefficient: Option<CoefficientView>,
}

impl CriterionView {
    fn new(model: &Model, criterion: Criterion) -> Self {
        let at = criterion.index();
        let share = model.learnt.weights[at];
        Self {
            criterion: CriterionName(criterion),
            prior_weight: Share(model.basis.prior[at]),
            weight_in_use: Share(model.basis.in_use[at]),
            weight: Share(share.weight),
            low: Share(share.low),
            high: Share(share.high),
            coefficient: model.learnt.coefficients[at].map(Into::into),
        }
    }
}

/// The mean log-loss of three sets of weights on held-out outcomes, in nats: five folds, no pair of sites on both sides of one.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ModelHeldOut)]
struct HeldOutView {
    /// Of the learnt weights.
    learnt: Amount,
    /// Of those that were given by hand last.
    prior: Amount,
    /// Of those in use, which may have been learnt of some of these outcomes.
    in_use: Amount,
    /// By how much the learnt ones do better than those in use, in the mean over pairs of sites.
    gain: Signed,
    /// The standard error of the gain.
    standard_error: Amount,
    /// The mean squared error of the learnt probabilities.
    brier: Share,
}

impl From<HeldOut> for HeldOutView {
    fn from(found: HeldOut) -> Self {
        Self {
            learnt: Amount(found.learnt),
            prior: Amount(found.prior),
            in_use: Amount(found.in_use),
            gain: Signed(found.gain),
            standard_error: Amount(found.standard_error),
            brier: Share(found.brier),
        }
    }
}

/// Outcomes of about the same held-out probability of success.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = CalibrationBin)]
struct BinView {
    /// The lowest probability of the bin.
    from: Share,
    /// Its end.
    to: Share,
    /// How many outcomes it holds; null, as what follows, for fewer than five.
    #[schema(required)]
    outcome_count: Option<usize>,
    /// Their mean probability.
    #[schema(required)]
    predicted: Option<Share>,
    /// The share of them that succeeded.
    #[schema(required)]
    observed: Option<Share>,
}

impl From<&CalibrationBin> for BinView {
    fn from(bin: &CalibrationBin) -> Self {
        Self {
            from: Share(bin.from),
            to: Share(bin.to),
            outcome_count: bin.found.map(|found| found.n_outcomes),
            predicted: bin.found.map(|found| Share(found.predicted)),
            observed: bin.found.map(|found| Share(found.observed)),
        }
    }
}

/// Whether a model may be put to use.
#[derive(Serialize, ToSchema)]
#[schema(as = ModelGate)]
struct GateView {
    verdict: GateVerdictName,
    /// Why not, or that it may.
    #[schema(max_length = 300)]
    text: String,
}

impl From<&Learnt> for GateView {
    fn from(learnt: &Learnt) -> Self {
        let passed = "On held-out outcomes its weights do better than those in use beyond what chance explains.";
        Self {
            verdict: GateVerdictName(learnt.gate),
            text: gate_words(learnt).unwrap_or_else(|| passed.to_owned()),
        }
    }
}

/// What to keep in mind of the outcomes.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ModelFindings)]
struct FindingsView {
    /// Criteria that applied in no outcome: they keep their prior weight.
    #[schema(max_items = 6)]
    never_applied: Vec<CriterionName>,
    /// Criteria on which all outcomes score the same: their weight is the prior's word alone.
    #[schema(max_items = 6)]
    constant: Vec<CriterionName>,
    /// Pairs of criteria that rise and fall together: only the sum of their coefficients is learnt.
    #[schema(max_items = 15)]
    collinear: Vec<[CriterionName; 2]>,
    /// Outcomes to which no weighted criterion applied, which teach nothing.
    left_out_count: usize,
    /// Outcomes that another version of the formulas scored; they count all the same.
    other_method_count: usize,
}

impl From<&ModelFindings> for FindingsView {
    fn from(findings: &ModelFindings) -> Self {
        let names = |of: &[Criterion]| of.iter().copied().map(CriterionName).collect();
        let pairs = findings.collinear.iter();
        Self {
            never_applied: names(&findings.never_applied),
            constant: names(&findings.constant),
            collinear: pairs.map(|&(a, b)| [a, b].map(CriterionName)).collect(),
            left_out_count: findings.n_left_out,
            other_method_count: findings.n_other_method,
        }
    }
}

/// How a model was put to use.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ModelActivation)]
struct ActivationView {
    at: DateTime<Utc>,
    /// The id of the caller, as in the audit.
    #[schema(max_length = 300)]
    by: String,
    /// Why, in the admin's words.
    #[schema(max_length = 1000)]
    reason: String,
    /// The version that its weights have among the programme's.
    weights_version: u64,
    /// The version that held before, and is put back where the model is rolled back.
    version_before: u64,
}

impl From<Activation> for ActivationView {
    fn from(of: Activation) -> Self {
        Self {
            at: of.at,
            by: of.by,
            reason: of.reason,
            weights_version: of.weights_version.0,
            version_before: of.version_before.0,
        }
    }
}

/// How a model went out of use.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ModelRetirement)]
struct RetirementView {
    at: DateTime<Utc>,
    /// The id of the caller, as in the audit.
    #[schema(max_length = 300)]
    by: String,
    why: WhyRetiredName,
    /// The admin's words; null unless it was rolled back.
    #[schema(required, max_length = 1000)]
    reason: Option<String>,
}

impl From<Retirement> for RetirementView {
    fn from(of: Retirement) -> Self {
        Self {
            at: of.at,
            by: of.by,
            why: WhyRetiredName(of.why),
            reason: of.reason,
        }
    }
}

/// A model in a list.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ModelHead)]
pub(crate) struct ModelHeadView {
    #[schema(max_length = 36)]
    id: String,
    /// The slug of the programme.
    #[schema(value_type = String, max_length = 64)]
    programme: Shown<Slug>,
    made_at: DateTime<Utc>,
    /// The last day of which outcomes count.
    as_of: NaiveDate,
    /// Of how many outcomes it was learnt.
    outcome_count: usize,
    gate: GateVerdictName,
    state: ModelStateName,
    /// How often its state changed, from 1.
    version: u64,
}

impl From<&Model> for ModelHeadView {
    fn from(model: &Model) -> Self {
        Self {
            id: model.id.clone(),
            programme: Shown(model.basis.programme.clone()),
            made_at: model.made_at,
            as_of: model.basis.as_of,
            outcome_count: model.learnt.n_outcomes,
            gate: GateVerdictName(model.learnt.gate),
            state: ModelStateName(model.state),
            version: model.version.0,
        }
    }
}

/// A page of models.
#[derive(Serialize, ToSchema)]
#[schema(as = ModelPage)]
pub(crate) struct ModelPageView {
    /// The newest first.
    #[schema(max_items = 200)]
    pub(crate) items: Vec<ModelHeadView>,
    pub(crate) links: PageLinks,
}

/// What the outcomes of a programme taught about its weights, and what became of it.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Model)]
pub(crate) struct ModelView {
    #[schema(max_length = 36)]
    id: String,
    /// The slug of the programme.
    #[schema(value_type = String, max_length = 64)]
    programme: Shown<Slug>,
    made_at: DateTime<Utc>,
    /// The id of the caller who had it learnt, as in the audit.
    #[schema(max_length = 300)]
    made_by: String,
    /// The last day of which outcomes count.
    as_of: NaiveDate,
    /// Until when they were known: the end of that day, or when the model was made.
    known_until: DateTime<Utc>,
    /// The number of the last write that it saw.
    revision: u64,
    /// The version of the formulas.
    #[schema(max_length = 20)]
    method_version: String,
    /// What folds and draws were dealt by.
    #[schema(maximum = 9007199254740991_u64)]
    seed: u64,
    /// Of how many outcomes it was learnt.
    outcome_count: usize,
    /// Between how many pairs of sites they are.
    pair_count: usize,
    /// The version of the weights in use when it was learnt.
    weights_version: u64,
    /// The coefficient of no criterion.
    intercept: CoefficientView,
    #[schema(min_items = 6, max_items = 6)]
    criteria: Vec<CriterionView>,
    held_out: HeldOutView,
    /// Whether the held-out probabilities come true.
    #[schema(max_items = 5)]
    calibration: Vec<BinView>,
    gate: GateView,
    findings: FindingsView,
    state: ModelStateName,
    /// How it was put to use; null while it never was.
    #[schema(required)]
    activation: Option<ActivationView>,
    /// How it went out of use; null unless it is retired.
    #[schema(required)]
    retirement: Option<RetirementView>,
    /// How often its state changed, from 1.
    version: u64,
}

impl From<Model> for ModelView {
    fn from(model: Model) -> Self {
        let criteria = Criterion::ALL.iter();
        let basis = &model.basis;
        Self {
            criteria: criteria.map(|&c| CriterionView::new(&model, c)).collect(),
            programme: Shown(basis.programme.clone()),
            made_at: model.made_at,
            as_of: basis.as_of,
            known_until: basis.known_until,
            revision: basis.revision.0,
            method_version: basis.method_version.clone(),
            seed: basis.seed,
            outcome_count: model.learnt.n_outcomes,
            pair_count: model.learnt.n_pairs,
            weights_version: basis.weights_version.0,
            intercept: model.learnt.intercept.into(),
            held_out: model.learnt.held_out.into(),
            calibration: model.learnt.calibration.iter().map(Into::into).collect(),
            gate: GateView::from(&model.learnt),
            findings: FindingsView::from(&model.learnt.findings),
            state: ModelStateName(model.state),
            activation: model.activation.map(Into::into),
            retirement: model.retirement.map(Into::into),
            version: model.version.0,
            made_by: model.made_by,
            id: model.id,
        }
    }
}
