//! What the choices of sites reveal.

use chrono::NaiveDate;
use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::choice::{
    AnswerStage, ChoiceFindings, ChoiceLosses, ChoiceReport, ChoiceStage, Revealed,
};
use crate::domain::ids::Slug;
use crate::domain::model::{Coefficient, Each};
use crate::domain::programme::Criterion;
use crate::http::views::models::CoefficientView;
use crate::http::views::numbers::{Amount, Share, Signed};
use crate::http::views::text::{CriterionName, Shown};

/// What every report is told with.
const NOTE: &str = "What sites choose is not what works: nothing of this becomes a weight. A list is the one that a site is given unless it \
                    asks for another; what it saw otherwise is not known. Intervals take choices as independent, which those of one site are \
                    not quite. Answers are held against the scores of whoever approached, which is what is stored.";

/// Figures are coarse, so that they tell of many choices and of no single one: shares to a twentieth, coefficients to a tenth, losses to a
/// hundredth.
fn to(value: f64, steps: f64) -> f64 {
    // Not minus zero.
    (value * steps).round() / steps + 0.0
}

fn coarse_share(share: f64) -> Share {
    Share(to(share, 20.0))
}

fn coarse(of: Coefficient) -> CoefficientView {
    CoefficientView::from(Coefficient {
        mean: to(of.mean, 10.0),
        standard_deviation: to(of.standard_deviation, 10.0),
    })
}

fn coarse_loss(loss: f64) -> f64 {
    to(loss, 100.0)
}

/// What choices reveal of one criterion.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = RevealedCriterion)]
struct RevealedView {
    criterion: CriterionName,
    /// The programme's weight, as a share of one.
    weight_in_use: Share,
    /// By how much a score of 1 rather than 0 raises the logarithm of the odds of being chosen, place for place, to a tenth.
    coefficient: CoefficientView,
    /// Its share of all coefficients above 0, to a twentieth; where none is, the weight in use.
    share: Share,
    /// The lower end of the 90 % interval of the share.
    low: Share,
    /// The upper end.
    high: Share,
    /// What the share would be if the place in the list counted nothing.
    uncorrected_share: Share,
}

/// How choices of held-out sites are foretold: the mean over sites of the log-loss of a choice, in nats, to a hundredth; five folds, no
/// site in two of them.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ChoiceHeldOut)]
struct LossesView {
    /// By chance: any of those shown.
    chance: Amount,
    /// By places alone.
    places: Amount,
    /// By places and scores.
    scores: Amount,
    /// By how much scores do better than places alone.
    gain: Signed,
    /// The standard error of the gain.
    standard_error: Amount,
}

impl From<ChoiceLosses> for LossesView {
    fn from(losses: ChoiceLosses) -> Self {
        Self {
            chance: Amount(coarse_loss(losses.chance)),
            places: Amount(coarse_loss(losses.places)),
            scores: Amount(coarse_loss(losses.scores)),
            gain: Signed(coarse_loss(losses.gain)),
            standard_error: Amount(coarse_loss(losses.standard_error)),
        }
    }
}

/// What choices from lists reveal.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ChoiceFindings)]
struct FindingsView {
    /// How steeply notice falls with the place: the one at rank r is noticed in proportion to r to the minus this.
    place: CoefficientView,
    /// Each criterion that applied to any site that chose.
    #[schema(max_items = 6)]
    criteria: Vec<RevealedView>,
    held_out: LossesView,
}

impl FindingsView {
    fn new(of: &ChoiceFindings, in_use: &Each<f64>) -> Self {
        let view = |criterion: Criterion| {
            let found: Revealed = of.criteria[criterion.index()]?;
            Some(RevealedView {
                criterion: CriterionName(criterion),
                weight_in_use: Share(in_use[criterion.index()]),
                coefficient: coarse(found.coefficient),
                share: coarse_share(found.share),
                low: coarse_share(found.low),
                high: coarse_share(found.high),
                uncorrected_share: coarse_share(found.uncorrected),
            })
        };
        Self {
            place: coarse(of.place),
            criteria: Criterion::ALL.iter().copied().filter_map(view).collect(),
            held_out: of.held_out.into(),
        }
    }
}

/// How many choices are told of: the first of each site of each candidate.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ChoiceCounts)]
struct CountsView {
    /// How many.
    choice_count: usize,
    /// Of how many sites.
    site_count: usize,
    /// How many were of one in a list that staff see too; the others were found otherwise, or in a list that a site's own weights or
    /// exclusions make, and teach nothing.
    from_list_count: usize,
    /// How many lists another version of the formulas made; they count all the same.
    other_method_count: usize,
}

impl From<&ChoiceStage> for CountsView {
    fn from(of: &ChoiceStage) -> Self {
        Self {
            choice_count: of.n_choices,
            site_count: of.n_sites,
            from_list_count: of.n_from_list,
            other_method_count: of.n_other_method,
        }
    }
}

/// Candidates approached.
#[derive(Serialize, ToSchema)]
#[schema(as = ApproachedStage)]
struct ApproachedView {
    counts: CountsView,
    findings: FindingsView,
}

/// The share of one criterion.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = RevealedShare)]
struct ShareView {
    criterion: CriterionName,
    /// The programme's weight, as a share of one.
    weight_in_use: Share,
    /// Its share of all coefficients above 0, to a twentieth; where none is, the weight in use.
    share: Share,
}

/// Candidates kept on shortlists, which are private: the shares alone are told.
#[derive(Serialize, ToSchema)]
#[schema(as = ShortlistedStage)]
struct ShortlistedView {
    counts: CountsView,
    /// Each criterion that applied to any site that chose.
    #[schema(max_items = 6)]
    shares: Vec<ShareView>,
}

impl ShortlistedView {
    fn new(of: &ChoiceStage, in_use: &Each<f64>) -> Self {
        let view = |&criterion: &Criterion| {
            let found = of.findings.criteria[criterion.index()]?;
            Some(ShareView {
                criterion: CriterionName(criterion),
                weight_in_use: Share(in_use[criterion.index()]),
                share: coarse_share(found.share),
            })
        };
        Self {
            counts: of.into(),
            shares: Criterion::ALL.iter().filter_map(view).collect(),
        }
    }
}

/// What speaks for an approach with whoever is approached.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = AnsweredCriterion)]
struct AnsweredCriterionView {
    criterion: CriterionName,
    /// By how much a score of 1 rather than 0 raises the logarithm of the odds of being accepted.
    coefficient: CoefficientView,
}

/// Answers to approaches, each of which its recipient looks at by itself, so that there is no place to correct for.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = AnswerStage)]
struct AnswersView {
    /// How many were accepted, or declined for what the pair is.
    answer_count: usize,
    /// By how many sites.
    site_count: usize,
    /// How many of them were accepted.
    accepted_count: usize,
    /// How many were left out: declined for want of places, at a bad time, or for another partner.
    left_out_count: usize,
    /// Each criterion that applied to any sender; empty where all answers are of one kind.
    #[schema(max_items = 6)]
    criteria: Vec<AnsweredCriterionView>,
}

impl From<&AnswerStage> for AnswersView {
    fn from(of: &AnswerStage) -> Self {
        let view = |&criterion: &Criterion| {
            Some(AnsweredCriterionView {
                criterion: CriterionName(criterion),
                coefficient: coarse(of.criteria[criterion.index()]?),
            })
        };
        Self {
            answer_count: of.n_answers,
            site_count: of.n_sites,
            accepted_count: of.n_accepted,
            left_out_count: of.n_left_out,
            criteria: Criterion::ALL.iter().filter_map(view).collect(),
        }
    }
}

/// What the choices in a programme reveal.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ChoiceReport)]
pub(crate) struct ChoiceReportView {
    /// The slug of the programme.
    #[schema(value_type = String, max_length = 64)]
    programme: Shown<Slug>,
    /// The last day of which choices count.
    as_of: NaiveDate,
    /// Candidates kept on shortlists; null while there are too few.
    #[schema(required)]
    shortlisted: Option<ShortlistedView>,
    /// Candidates approached; null while there are too few.
    #[schema(required)]
    approached: Option<ApproachedView>,
    /// Approaches answered; null while there are too few.
    #[schema(required)]
    accepted: Option<AnswersView>,
    /// What to keep in mind.
    #[schema(max_length = 400)]
    note: &'static str,
}

impl From<ChoiceReport> for ChoiceReportView {
    fn from(report: ChoiceReport) -> Self {
        let in_use = &report.in_use;
        let shortlisted = report.shortlisted.as_ref();
        let approached = report.approached.as_ref();
        Self {
            shortlisted: shortlisted.map(|stage| ShortlistedView::new(stage, in_use)),
            approached: approached.map(|stage| ApproachedView {
                counts: stage.into(),
                findings: FindingsView::new(&stage.findings, in_use),
            }),
            accepted: report.accepted.as_ref().map(Into::into),
            programme: Shown(report.programme),
            as_of: report.as_of,
            note: NOTE,
        }
    }
}
