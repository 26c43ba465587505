use std::collections::BTreeSet;

use chrono::NaiveDate;

use super::*;
use crate::domain::firmness::Draws;
use crate::domain::organisation::CareSetting;
use crate::domain::profile::TopicStage;
use crate::domain::programme::Criterion;
use crate::engine::criteria::care_setting::affinity;
use crate::engine::criteria::geography::{decay, residual_cost};
use crate::engine::criteria::learning::stage_value;

fn value(key: &str, name: &str) -> f64 {
    let parts = parts();
    let part = parts.iter().find(|part| part.key == key).unwrap();
    let default = part.defaults.iter().find(|default| default.name == name);
    default.unwrap_or_else(|| panic!("{key} {name}")).value
}

/// Copied by hand from the design, sections 4 and 7, so that a constant changed by mistake is seen.
const DESIGN: &[(&str, &str, f64)] = &[
    ("fit", "weight.core_system", 0.2),
    ("fit", "weight.learning", 0.2),
    ("fit", "mean_of_nobody", 0.5),
    ("core_system", "importance.epr", 1.0),
    ("core_system", "importance.hepma", 0.5),
    ("core_system", "importance.pas", 0.4),
    ("core_system", "importance.maternity", 0.2),
    ("core_system", "importance.other", 0.1),
    ("core_system", "same_product_older.expected", 0.8),
    ("core_system", "same_product.expected", 0.9),
    ("core_system", "same_vendor.low", 0.2),
    ("core_system", "same_vendor.expected", 0.8),
    ("core_system", "match_from", 0.5),
    ("geography", "earth_radius", 6371.0088),
    ("geography", "halving_distance", 80.0),
    ("geography", "softening", 0.5),
    ("geography", "same_board", 0.5),
    ("geography", "same_region", 0.2),
    ("care_setting", "affinity.acute.specialist", 0.7),
    ("culture", "attribute.ethos_pace", 1.0),
    ("culture", "attribute.beds", 0.5),
    ("culture", "ethos_range", 4.0),
    ("culture", "range_from", 5.0),
    ("culture", "range_to", 95.0),
    ("prior_relationships", "strength.partnership", 0.9),
    ("prior_relationships", "half_life.partnership", 5.0),
    ("prior_relationships", "strength.programme_pairing", 0.7),
    ("prior_relationships", "strength.site_visit", 0.3),
    ("prior_relationships", "half_life.site_visit", 2.0),
    ("prior_relationships", "strength.shared_network", 0.1),
    ("prior_relationships", "declared", 0.5),
    ("prior_relationships", "unrecorded", 0.5),
    ("prior_relationships", "complete_for", 24.0),
    ("prior_relationships", "largest_network", 60.0),
    ("prior_relationships", "year", 365.25),
    ("learning", "need.urgent", 2.0),
    ("learning", "stage.blueprint", 1.0),
    ("learning", "stage.live", 0.8),
    ("learning", "stage.offered", 0.6),
    ("learning", "long_live", 12.0),
    ("firmness", "draws", 2000.0),
    ("firmness", "concentration", 10.0),
    ("ask_next", "asked", 3.0),
    ("load_price", "top", 10.0),
    ("load_price", "undeclared_places", 3.0),
    ("load_price", "step", 0.02),
    ("load_price", "tolerance", 0.0001),
    ("load_price", "rounds", 500.0),
    ("outcomes", "intercept_mean", -2.5),
    ("outcomes", "slope_mean", 5.0),
    ("outcomes", "prior_sd", 2.5),
    ("outcomes", "shrink_outcomes", 20.0),
];

#[test]
fn what_is_stated_is_what_the_design_says() {
    for &(key, name, expected) in DESIGN {
        assert_eq!(
            value(key, name).to_bits(),
            expected.to_bits(),
            "{key} {name}"
        );
    }
}

/// What the engine does, worked out with the numbers that are stated.
#[test]
fn what_is_stated_is_what_is_done() {
    let half = value("geography", "halving_distance");
    assert!((decay(2.0 * half) - 0.25).abs() < 1e-12);
    let softened = (1.0 - 0.9_f64).powf(value("geography", "softening"));
    assert!((residual_cost(0.9) - softened).abs() < 1e-12);
    for &one in CareSetting::ALL {
        for &other in CareSetting::ALL {
            let (a, b) = (one.min(other), one.max(other));
            let stated = value("care_setting", &format!("affinity.{a}.{b}"));
            assert_eq!(affinity(one, other).to_bits(), stated.to_bits());
        }
    }
    let on = NaiveDate::from_ymd_opt(2026, 11, 22).unwrap();
    for &stage in TopicStage::ALL {
        let stated = value("learning", &format!("stage.{stage}"));
        assert_eq!(stage_value(stage, None, on).to_bits(), stated.to_bits());
    }
    let draws = value("firmness", "draws");
    assert_eq!(draws.to_bits(), f64::from(Draws::DEFAULT.count()).to_bits());
}

#[test]
fn every_part_is_stated_once_with_formulas_and_no_name_twice() {
    let parts = parts();
    let keys: BTreeSet<&str> = parts.iter().map(|part| part.key).collect();
    assert_eq!(keys.len(), parts.len());
    for criterion in Criterion::ALL {
        assert!(keys.contains(criterion.as_str()), "{criterion}");
    }
    for part in &parts {
        assert!(!part.formulas.is_empty(), "{}", part.key);
        let names: BTreeSet<&str> = part.defaults.iter().map(|d| d.name.as_str()).collect();
        assert_eq!(names.len(), part.defaults.len(), "{}", part.key);
        assert!(part.defaults.iter().all(|d| d.value.is_finite()));
        let links = part.sources.iter().filter_map(|source| source.link);
        for link in links {
            let is_known = ["https://doi.org/10.", "https://arxiv.org/abs/"];
            assert!(
                is_known.iter().any(|known| link.starts_with(known)),
                "{link}"
            );
        }
    }
}

#[test]
fn the_section_states_every_default() {
    let text = markdown();
    for part in parts() {
        assert!(text.contains(&format!("\n### {}\n", part.title)));
        for default in part.defaults {
            assert!(text.contains(&format!("| `{}` | {}", default.name, default.value)));
        }
    }
    assert!(text.starts_with(SECTION_BEGINS) && text.ends_with(&format!("{SECTION_ENDS}\n")));
}
