//! Where the two are, which care they give, and how alike they are.

use crate::domain::organisation::CareSetting;
use crate::domain::profile::Attribute;
use crate::domain::programme::Criterion;
use crate::engine::columns::Row;
use crate::engine::criteria::care_setting::best_affinity;
use crate::engine::criteria::culture::AttributePair;
use crate::engine::explain::Explanation;
use crate::engine::explain::words::{capitalised, percent, thousands};
use crate::engine::view::{Assessment, View};

/// Says how far apart the two are, which boards they share, and whether benefit softens the distance.
pub(super) fn explain_geography(
    explanation: &mut Explanation,
    view: &View<'_>,
    assessment: &Assessment,
) {
    const GEOGRAPHY: Criterion = Criterion::Geography;
    let snapshot = view.day.snapshot;
    let row = assessment.row;
    match view.distance_km(row) {
        Some(km) => {
            let text = format!("{km:.1} km apart, from head office to head office.");
            explanation.because(
                GEOGRAPHY,
                "distance",
                text,
                snapshot.position_provenance(row),
            );
        }
        None if !snapshot.has_position(row) => {
            explanation.not_known(GEOGRAPHY, "position of the head office".to_owned());
        }
        None => {}
    }
    let identity = Some(snapshot.identity_provenance(row));
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
        explanation.not_known(GEOGRAPHY, "integrated care board".to_owned());
    }
    let benefit =
        assessment.forward.scores[Criterion::CoreSystem.index()].map_or(0.0, |s| s.expected());
    if benefit > 0.0 {
        let text = "Distance counts for less, because your core systems have something in common."
            .to_owned();
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
        explanation.not_known(CARE, "care settings".to_owned());
        return;
    }
    let provenance = snapshot.settings_provenance(row);
    for setting in mine.iter() {
        match best_affinity(setting, theirs) {
            Some((same, _)) if same == setting => {
                explanation.because(
                    CARE,
                    "same_setting",
                    format!("Both give {}.", setting.words()),
                    provenance,
                );
            }
            Some((nearest, affinity)) => {
                let text = format!(
                    "You give {}; the nearest they give is {}, which counts {affinity}.",
                    setting.words(),
                    nearest.words()
                );
                explanation.because(CARE, "near_setting", text, provenance);
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

/// Says in what the two are alike and in what they differ; what lies between needs no words.
pub(super) fn explain_culture(explanation: &mut Explanation, view: &View<'_>, row: Row) {
    const CULTURE: Criterion = Criterion::Culture;
    let culture = &view.day.snapshot.culture;
    for &attribute in Attribute::ALL {
        match culture.attribute_pair(view.seeker, row, attribute) {
            AttributePair::Compared(similarity) => {
                let code = if similarity >= ALIKE_FROM {
                    "alike"
                } else if similarity < DIFFERENT_BELOW {
                    "different"
                } else {
                    continue;
                };
                let text = attribute_sentence(view, row, attribute, code == "alike");
                let provenance = view
                    .day
                    .snapshot
                    .attribute_provenance(row, attribute.index());
                explanation.because(CULTURE, code, text, provenance);
            }
            AttributePair::Unknown => explanation.not_known(CULTURE, attribute.words().to_owned()),
            AttributePair::LeftOut => {}
        }
    }
    gain_from_maturity(explanation, view, row);
}

fn attribute_sentence(view: &View<'_>, row: Row, attribute: Attribute, is_alike: bool) -> String {
    let culture = &view.day.snapshot.culture;
    let opening = if is_alike { "Similar" } else { "Different" };
    let values = |attribute| {
        let value = |row| culture.value(row, attribute, None).unwrap_or_default();
        (value(view.seeker), value(row))
    };
    let counted = |unit: &str| {
        let (mine, theirs) = values(attribute);
        format!(
            "{opening} {}: {} and {} {unit}.",
            attribute.words(),
            thousands(mine),
            thousands(theirs)
        )
    };
    match attribute {
        Attribute::StaffFte => counted("full-time equivalents"),
        Attribute::Catchment => counted("people"),
        Attribute::Beds => counted("general and acute beds"),
        Attribute::Deprivation => {
            let (mine, theirs) = values(attribute);
            format!(
                "{opening} {}: mean IMD scores of {mine:.1} and {theirs:.1}.",
                attribute.words()
            )
        }
        Attribute::UrbanShare => {
            let (mine, theirs) = values(attribute);
            format!(
                "{opening} {}: {} and {}.",
                attribute.words(),
                percent(mine),
                percent(theirs)
            )
        }
        Attribute::DigitalMaturity => {
            let scores: Vec<String> = maturity_in_common(view, row)
                .map(|(setting, mine, theirs)| {
                    format!("{mine:.1} and {theirs:.1} in {}", setting.words())
                })
                .collect();
            format!(
                "{opening} digital maturity: {}, on a scale of 1 to 5.",
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
        | Attribute::EthosSupplierPartnership => {
            let verdict = if is_alike {
                "you think alike"
            } else {
                "you think differently"
            };
            format!("{}: {verdict}.", capitalised(attribute.words()))
        }
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
