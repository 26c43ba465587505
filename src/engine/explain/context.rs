//! Where the two are, which care they give, and how alike they are.

use crate::domain::interval::Interval;
use crate::domain::organisation::CareSetting;
use crate::domain::profile::Attribute;
use crate::domain::programme::Criterion;
use crate::engine::columns::Row;
use crate::engine::criteria::care_setting::best_affinity;
use crate::engine::criteria::culture::AttributePair;
use crate::engine::explain::Explanation;
use crate::engine::explain::words::{percent, thousands};
use crate::engine::view::{Assessment, View};

/// From here on a distance costs enough for its softening to be worth a sentence.
const WORTH_SOFTENING_KM: f64 = 20.0;

const GEOGRAPHY: Criterion = Criterion::Geography;
const CULTURE: Criterion = Criterion::Culture;

/// Says how far apart the two are, which boards they share, and whether benefit softens the distance.
pub(super) fn explain_geography(
    explanation: &mut Explanation,
    view: &View<'_>,
    assessment: &Assessment,
) {
    let snapshot = view.day.snapshot;
    let row = assessment.row;
    match view.distance_km(row) {
        Some(km) => {
            let text = format!("{km:.1} km apart, from head office to head office.");
            explanation.because(GEOGRAPHY, "distance", text, snapshot.position_origin(row));
        }
        None if !snapshot.has_position(row) => {
            explanation.not_known(GEOGRAPHY, "position of the head office");
        }
        None => {}
    }
    let identity = Some(snapshot.identity_origin(row));
    match (
        snapshot.shared_board(view.seeker, row),
        snapshot.icb(row),
        snapshot.region(row),
    ) {
        ((true, _), Some(icb), _) => {
            explanation.because(
                GEOGRAPHY,
                "same_icb",
                format!("Both belong to {}.", icb.name),
                identity,
            );
        }
        ((false, true), _, Some(region)) => {
            let text = format!("Both are in the NHS region {}.", region.name);
            explanation.because(GEOGRAPHY, "same_region", text, identity);
        }
        _ => {}
    }
    if snapshot.icb(row).is_none() {
        explanation.not_known(GEOGRAPHY, "integrated care board");
    }
    // Only what is recorded softens for certain; an unknown module may. Next door there is nothing to soften.
    let benefit =
        assessment.forward.scores[Criterion::CoreSystem.index()].map_or(0.0, Interval::low);
    if benefit > 0.0
        && view
            .distance_km(row)
            .is_some_and(|km| km >= WORTH_SOFTENING_KM)
    {
        let text = "Distance counts for less, because you share core systems.";
        explanation.because(GEOGRAPHY, "softened_by_benefit", text, None);
    }
}

/// Says for each of the seeker's settings what the candidate has that is nearest to it.
pub(super) fn explain_care_setting(explanation: &mut Explanation, view: &View<'_>, row: Row) {
    const CARE: Criterion = Criterion::CareSetting;
    let snapshot = view.day.snapshot;
    let (mine, theirs) = (
        snapshot.class(view.seeker).settings,
        snapshot.class(row).settings,
    );
    if theirs.is_empty() {
        explanation.not_known(CARE, "care settings");
        return;
    }
    let origin = snapshot.settings_origin(row);
    for setting in mine.iter() {
        match best_affinity(setting, theirs) {
            Some((same, _)) if same == setting => {
                explanation.because(
                    CARE,
                    "same_setting",
                    format!("Both give {}.", setting.words()),
                    origin,
                );
            }
            Some((nearest, affinity)) => {
                let text = format!(
                    "You give {}; the nearest that they give is {}, {} of a full match.",
                    setting.words(),
                    nearest.words(),
                    percent(affinity)
                );
                explanation.because(CARE, "near_setting", text, origin);
            }
            None => {}
        }
    }
    if !mine.is_empty() && snapshot.shared_board(view.seeker, row).0 {
        gain_from_neighbours(explanation, (mine, theirs));
    }
}

/// Two organisations of one board see the same patients in different settings.
fn gain_from_neighbours(
    explanation: &mut Explanation,
    (mine, theirs): (
        crate::domain::organisation::CareSettings,
        crate::domain::organisation::CareSettings,
    ),
) {
    if let Some(setting) = theirs.iter().find(|&s| !mine.contains(s)) {
        let gain = format!(
            "They give {} to patients of the board that you share.",
            setting.words()
        );
        explanation.you_gain.push(gain);
    }
    if let Some(setting) = mine.iter().find(|&s| !theirs.contains(s)) {
        let gain = format!(
            "You give {} to patients of the board that you share.",
            setting.words()
        );
        explanation.they_gain.push(gain);
    }
}

/// How alike two must be to be called alike, and how unlike to be called different.
const ALIKE_FROM: f64 = 0.8;
const DIFFERENT_BELOW: f64 = 0.5;
/// A difference in digital maturity, on its scale of 1 to 5, that is worth a sentence.
const WORTH_TELLING: f64 = 0.3;

/// How many ethos questions both must have answered before a sentence says how alike the answers are: from fewer, who knows
/// its own answers could tell the other's.
const MIN_ETHOS_ANSWERS: usize = 3;

/// Says in what the two are alike and in what they differ; what lies between needs no words.
pub(super) fn explain_culture(explanation: &mut Explanation, view: &View<'_>, row: Row) {
    let culture = &view.day.snapshot.culture;
    let mut ethos = Vec::with_capacity(Attribute::ETHOS.len());
    for &attribute in Attribute::ALL {
        match culture.attribute_pair(&view.culture, row, attribute) {
            AttributePair::Compared(similarity) if attribute.is_ethos() => ethos.push(similarity),
            AttributePair::Compared(similarity) => {
                if let Some(verdict) = Verdict::of(similarity) {
                    let text = attribute_sentence(view, row, attribute, verdict);
                    let origin = view.day.snapshot.attribute_origin(row, attribute.index());
                    explanation.because(CULTURE, verdict.code(), text, origin);
                }
            }
            AttributePair::Unknown => explanation.not_known(CULTURE, attribute.words()),
            AttributePair::LeftOut => {}
        }
    }
    explain_ethos(explanation, &ethos);
    gain_from_maturity(explanation, view, row);
}

/// One sentence over all answers together: a site's answers are its own, so none is spoken of by itself.
fn explain_ethos(explanation: &mut Explanation, similarities: &[f64]) {
    if similarities.len() < MIN_ETHOS_ANSWERS {
        return;
    }
    let (sum, n) = similarities
        .iter()
        .fold((0.0, 0.0), |(sum, n), s| (sum + s, n + 1.0));
    let verdict = Verdict::of(sum / n);
    let (code, text) = match verdict {
        Some(Verdict::Alike) => (
            "ethos_alike",
            "Your answers on ethos are alike on the whole.",
        ),
        Some(Verdict::Different) => (
            "ethos_different",
            "Your answers on ethos differ on the whole.",
        ),
        None => ("ethos_mixed", "Your answers on ethos are partly alike."),
    };
    explanation.because(CULTURE, code, text, None);
}

/// Whether two values are so near or so far that it is worth a sentence.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Alike,
    Different,
}

impl Verdict {
    fn of(similarity: f64) -> Option<Self> {
        if similarity >= ALIKE_FROM {
            Some(Self::Alike)
        } else if similarity < DIFFERENT_BELOW {
            Some(Self::Different)
        } else {
            None
        }
    }

    const fn code(self) -> &'static str {
        match self {
            Self::Alike => "alike",
            Self::Different => "different",
        }
    }

    const fn word(self) -> &'static str {
        match self {
            Self::Alike => "Similar",
            Self::Different => "Different",
        }
    }
}

fn attribute_sentence(view: &View<'_>, row: Row, attribute: Attribute, verdict: Verdict) -> String {
    let culture = &view.day.snapshot.culture;
    let (opening, words) = (verdict.word(), attribute.words());
    let value = |row| culture.value(row, attribute, None).unwrap_or_default();
    let (mine, theirs) = (value(view.seeker), value(row));
    let counted = |unit: &str| {
        format!(
            "{opening} {words}: {} and {} {unit}.",
            thousands(mine),
            thousands(theirs)
        )
    };
    match attribute {
        Attribute::StaffFte => counted("full-time equivalents"),
        Attribute::Catchment => counted("people"),
        Attribute::Beds => counted("general and acute beds"),
        Attribute::Deprivation => {
            format!("{opening} {words}: mean IMD scores of {mine:.1} and {theirs:.1}.")
        }
        Attribute::UrbanShare => format!(
            "{opening} {words}: {} and {}.",
            percent(mine),
            percent(theirs)
        ),
        Attribute::DigitalMaturity => {
            let scores: Vec<String> = maturity_in_common(view, row)
                .map(|(setting, mine, theirs)| {
                    format!("{mine:.1} and {theirs:.1} in {}", setting.words())
                })
                .collect();
            format!(
                "{opening} {words}: {}, on a scale of 1 to 5.",
                scores.join(", ")
            )
        }
        Attribute::Teaching => match (culture.is_teaching(view.seeker), culture.is_teaching(row)) {
            (Some(true), Some(true)) => "Both are teaching hospitals.".to_owned(),
            (Some(false), Some(false)) => "Neither is a teaching hospital.".to_owned(),
            (Some(true), _) => "You are a teaching hospital; they are not.".to_owned(),
            _ => "They are a teaching hospital; you are not.".to_owned(),
        },
        Attribute::EthosSharing
        | Attribute::EthosClinicalLeadership
        | Attribute::EthosStandardisation
        | Attribute::EthosBuildOrBuy
        | Attribute::EthosPace
        | Attribute::EthosSupplierPartnership => format!("{opening} {words}."),
    }
}

/// The settings in which both were scored, with both scores.
fn maturity_in_common<'a>(
    view: &'a View<'_>,
    row: Row,
) -> impl Iterator<Item = (CareSetting, f64, f64)> + 'a {
    let score = move |row, setting| {
        view.day
            .snapshot
            .culture
            .value(row, Attribute::DigitalMaturity, Some(setting))
    };
    CareSetting::ALL.iter().filter_map(move |&setting| {
        Some((setting, score(view.seeker, setting)?, score(row, setting)?))
    })
}

fn gain_from_maturity(explanation: &mut Explanation, view: &View<'_>, row: Row) {
    for (setting, mine, theirs) in maturity_in_common(view, row) {
        let care = setting.words();
        if theirs - mine >= WORTH_TELLING {
            explanation
                .you_gain
                .push(format!("They score higher for digital maturity in {care}: {theirs:.1} against your {mine:.1}."));
        } else if mine - theirs >= WORTH_TELLING {
            explanation
                .they_gain
                .push(format!("You score higher for digital maturity in {care}: {mine:.1} against their {theirs:.1}."));
        }
    }
}
