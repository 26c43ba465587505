//! The parts that score: the criteria, and what makes one number of them.

use super::{DefaultValue, Part, Source, count};
use crate::domain::core_system::Module;
use crate::domain::link::LinkKind;
use crate::domain::organisation::{CareSetting, EARTH_RADIUS_KM};
use crate::domain::profile::{Attribute, TopicNeed, TopicStage};
use crate::domain::programme::{Criterion, Weights};
use crate::engine::criteria::MEAN_OF_NOBODY;
use crate::engine::criteria::care_setting::affinity;
use crate::engine::criteria::core_system::{IMPORTANCE, MATCH_FROM};
use crate::engine::criteria::culture::{ATTRIBUTE_WEIGHTS, ETHOS_RANGE, RANGE_TWENTIETHS};
use crate::engine::criteria::geography::{HALVING_KM, SAME_ICB, SAME_REGION, SOFTENING};
use crate::engine::criteria::learning::{LONG_LIVE_MONTHS, need_weight, stage_value};
use crate::engine::criteria::prior_relationships::{
    COMPLETE_MONTHS, DAYS_A_YEAR, DECLARED_FACTOR, MAX_NETWORK_MEMBERS, UNRECORDED_SHARE,
    strength_and_half_life,
};
use crate::engine::criteria::system_match::SystemMatch;

/// The published evaluations from which the criteria are taken.
const EVALUATIONS: [Source; 2] = [
    Source {
        citation: "Evaluation of the Global Digital Exemplar programme, Journal of Medical Internet Research 2021, 23(8):e23372",
        link: Some("https://doi.org/10.2196/23372"),
    },
    Source {
        citation: "Evaluation of the Global Digital Exemplar programme, PLOS ONE 2021, 0255220",
        link: Some("https://doi.org/10.1371/journal.pone.0255220"),
    },
];

pub(super) fn parts() -> Vec<Part> {
    vec![
        fit(),
        core_system(),
        geography(),
        care_setting(),
        culture(),
        prior_relationships(),
        learning(),
        mutual_fit(),
        coverage(),
    ]
}

fn fit() -> Part {
    let weight = |&criterion: &Criterion| {
        DefaultValue::new(
            format!("weight.{criterion}"),
            Weights::EQUAL.of(criterion),
            "",
            format!(
                "the weight of {}, before it is taken as a share",
                criterion.words()
            ),
        )
    };
    let mut defaults: Vec<DefaultValue> = Criterion::ALL.iter().map(weight).collect();
    defaults.push(DefaultValue::new(
        "mean_of_nobody",
        MEAN_OF_NOBODY,
        "",
        "expected value of an unknown fact that no other organisation has either",
    ));
    Part {
        key: "fit",
        title: "Fit",
        formulas: &[
            "fit(i, j) = sum over k of w_k * s_k(i, j), at low, expected and high alike; w_k are the weights as shares of one.",
            "Weights: those of the request, else those that the seeker saved, else the programme's; `learning` joins the programme's only where the seeker names a topic.",
            "A criterion that cannot be asked of the seeker is left out for all candidates, and its weight is spread over the others in proportion.",
            "A fact that the candidate lacks gives low 0, high 1 and, as expected, the mean over all active organisations other than the seeker of which it is known, for its share.",
        ],
        defaults,
        sources: &[
            EVALUATIONS[0],
            EVALUATIONS[1],
            Source {
                citation: "Dawes 1979, The robust beauty of improper linear models in decision making, American Psychologist 34:571 (equal weights)",
                link: Some("https://doi.org/10.1037/0003-066X.34.7.571"),
            },
        ],
    }
}

fn core_system() -> Part {
    let module = |(&module, importance): (&Module, f64)| {
        DefaultValue::new(
            format!("importance.{}", module.as_str()),
            importance,
            "",
            format!("what the {} counts", module.words()),
        )
    };
    let mut defaults: Vec<DefaultValue> = Module::ALL.iter().zip(IMPORTANCE).map(module).collect();
    for (name, case, words) in [
        (
            "same_product_current",
            SystemMatch::SameProductCurrent,
            "same product, the same version or a newer one of the candidate's",
        ),
        (
            "same_product_older",
            SystemMatch::SameProductOlder,
            "same product, an older version of the candidate's",
        ),
        (
            "same_product",
            SystemMatch::SameProduct,
            "same product, a version unknown",
        ),
        (
            "same_vendor",
            SystemMatch::SameVendor,
            "same vendor, a product unknown",
        ),
        (
            "other_product",
            SystemMatch::OtherProduct,
            "same vendor, another product",
        ),
        (
            "different",
            SystemMatch::Different,
            "another vendor, an unnamed system or a known absence",
        ),
    ] {
        for (bound, value) in ["low", "expected", "high"].into_iter().zip(case.value()) {
            defaults.push(DefaultValue::new(
                format!("{name}.{bound}"),
                value,
                "",
                words,
            ));
        }
    }
    defaults.push(DefaultValue::new(
        "match_from",
        MATCH_FROM,
        "",
        "an expected value from which another's system counts as a match in m",
    ));
    Part {
        key: "core_system",
        title: "Core systems",
        formulas: &[
            "core_system = sum over f of importance_f * c_f / sum over f of importance_f, f the modules for which the seeker has a system in use, contracted or selected.",
            "c_f = the value of the best pair of systems of the module, taken for low, expected and high each, by the cases below.",
            "Where the candidate's module is unknown c_f = (0, m, 1), m the share of the other organisations with the module known whose best expected value reaches match_from; mean_of_nobody where there is none.",
            "Not applicable where the seeker has no named system.",
        ],
        defaults,
        sources: &EVALUATIONS,
    }
}

fn geography() -> Part {
    Part {
        key: "geography",
        title: "Geography",
        formulas: &[
            "d = the great-circle distance of the head offices by the haversine formula, on a sphere of earth_radius.",
            "G = 2^(-d / halving_distance); softened by benefit: G' = 1 - (1 - G) * (1 - B)^softening, B the score of core systems, 0 where it does not apply.",
            "geography = 1 - (1 - G') * (1 - A), A = same_board in one integrated care board, else same_region in one NHS region, else 0.",
            "An unknown position gives G = (0, the mean nearness to the others, 1).",
        ],
        defaults: vec![
            DefaultValue::new(
                "earth_radius",
                EARTH_RADIUS_KM,
                "km",
                "the mean radius of the Earth",
            ),
            DefaultValue::new(
                "halving_distance",
                HALVING_KM,
                "km",
                "the distance over which nearness halves",
            ),
            DefaultValue::new(
                "softening",
                SOFTENING,
                "",
                "how far benefit makes up for distance",
            ),
            DefaultValue::new(
                "same_board",
                SAME_ICB,
                "",
                "alignment in one integrated care board",
            ),
            DefaultValue::new(
                "same_region",
                SAME_REGION,
                "",
                "alignment in one NHS region",
            ),
        ],
        sources: &[
            EVALUATIONS[1],
            Source {
                citation: "Sinnott 1984, Virtues of the Haversine, Sky and Telescope 68(2):159",
                link: None,
            },
        ],
    }
}

fn care_setting() -> Part {
    let mut defaults = Vec::new();
    for (at, &one) in CareSetting::ALL.iter().enumerate() {
        for &other in &CareSetting::ALL[at..] {
            defaults.push(DefaultValue::new(
                format!("affinity.{one}.{other}"),
                affinity(one, other),
                "",
                format!("{} and {} care", one.words(), other.words()),
            ));
        }
    }
    Part {
        key: "care_setting",
        title: "Care setting",
        formulas: &[
            "care_setting = the mean over the seeker's settings of the best affinity to one of the candidate's; affinities are symmetric.",
        ],
        defaults,
        sources: &EVALUATIONS,
    }
}

fn culture() -> Part {
    let weight = |(&attribute, weight): (&Attribute, f64)| {
        DefaultValue::new(
            format!("attribute.{attribute}"),
            weight,
            "",
            format!("what {} counts", attribute.words()),
        )
    };
    let mut defaults: Vec<DefaultValue> = Attribute::ALL
        .iter()
        .zip(ATTRIBUTE_WEIGHTS)
        .map(weight)
        .collect();
    let (low, high) = RANGE_TWENTIETHS;
    defaults.extend([
        DefaultValue::new(
            "ethos_range",
            ETHOS_RANGE,
            "",
            "the range of an ethos answer, 1 to 5",
        ),
        DefaultValue::new(
            "range_from",
            count(low * 5),
            "%",
            "the percentile at which the range of a data attribute begins",
        ),
        DefaultValue::new(
            "range_to",
            count(high * 5),
            "%",
            "the percentile at which it ends",
        ),
    ]);
    Part {
        key: "culture",
        title: "Culture",
        formulas: &[
            "culture = sum over a of v_a * s_a / sum over a of v_a (Gower similarity), v_a the weights of the attributes below.",
            "s_a = 1 - min(1, |x_i - x_j| / range_a); staff, catchment and beds by their logarithm to base 10; a category counts 1 where equal, else 0; digital maturity is the mean similarity over the care settings in which both were scored.",
            "range_a = the difference of the percentiles range_to and range_from over active organisations, by linear interpolation between order statistics.",
            "An attribute that the seeker lacks is left out; one that the candidate alone lacks is unknown for its weight; one that cannot be compared is left out of the pair.",
        ],
        defaults,
        sources: &[
            EVALUATIONS[0],
            Source {
                citation: "Gower 1971, A general coefficient of similarity and some of its properties, Biometrics 27:857",
                link: Some("https://doi.org/10.2307/2528823"),
            },
        ],
    }
}

fn prior_relationships() -> Part {
    let mut defaults = Vec::new();
    for &kind in LinkKind::ALL {
        let (strength, half_life) = strength_and_half_life(kind);
        defaults.push(DefaultValue::new(
            format!("strength.{kind}"),
            strength,
            "",
            "what a current link of the kind counts",
        ));
        defaults.push(DefaultValue::new(
            format!("half_life.{kind}"),
            half_life,
            "years",
            "after its end, what it counts halves over this time",
        ));
    }
    defaults.extend([
        DefaultValue::new("declared", DECLARED_FACTOR, "", "what a link counts that one side declared and the other has not confirmed, as a factor"),
        DefaultValue::new("unrecorded", UNRECORDED_SHARE, "", "how far links that nobody recorded can raise the score"),
        DefaultValue::new("complete_for", COMPLETE_MONTHS, "months", "how long a list that was declared complete counts as complete"),
        DefaultValue::new("largest_network", count(MAX_NETWORK_MEMBERS), "members", "the largest network whose shared membership counts"),
        DefaultValue::new("year", DAYS_A_YEAR, "days", "a year of age"),
    ]);
    Part {
        key: "prior_relationships",
        title: "Prior relationships",
        formulas: &[
            "r = 1 - product over links of (1 - strength * factor); factor = 1 for a current link, 2^(-years since its end / half_life) for an ended one; staff moves, conversations and site visits end on the day they begin.",
            "prior_relationships = (r, r, 1 - (1 - r) * (1 - unrecorded)), and (r, r, r) where both lists are declared complete.",
            "A disputed link does not count; shared membership of a network is one link of its kind.",
        ],
        defaults,
        sources: &EVALUATIONS,
    }
}

fn learning() -> Part {
    let need = |&need: &TopicNeed| {
        DefaultValue::new(
            format!("need.{need}"),
            need_weight(need),
            "",
            "what a topic counts that is sought so",
        )
    };
    let mut defaults: Vec<DefaultValue> = TopicNeed::ALL.iter().map(need).collect();
    // A stage without a date counts as a new one.
    let stage = |&stage: &TopicStage| {
        let value = stage_value(stage, None, chrono::NaiveDate::MIN);
        DefaultValue::new(
            format!("stage.{stage}"),
            value,
            "",
            "what a candidate at this stage can show",
        )
    };
    defaults.extend(TopicStage::ALL.iter().map(stage));
    defaults.push(DefaultValue::new(
        "long_live",
        LONG_LIVE_MONTHS,
        "months",
        "from so long on what is live counts as much as a blueprint",
    ));
    Part {
        key: "learning",
        title: "Learning",
        formulas: &[
            "learning = sum over the topics sought of need * stage / sum of need; an unknown stage as in Fit.",
            "Not applicable while the seeker names no topic.",
        ],
        defaults,
        sources: &[EVALUATIONS[0]],
    }
}

fn mutual_fit() -> Part {
    Part {
        key: "mutual_fit",
        title: "Mutual fit and order",
        formulas: &[
            "R = 2 / (1 / p_ij + 1 / p_ji), 0 where either is 0, at low, expected and high each; p_ij is the seeker's fit and p_ji the candidate's, under the candidate's own weights or its programme's.",
            "Where no weighted criterion applies to the candidate its side is (0, the seeker's expected fit, 1).",
            "The list is in the order of expected R, less the load price where exposure is spread; ties by ODS code. Rank starts at 1.",
            "Left out: the seeker, closed organisations, its successors and predecessors, its own exclusions and its current partners.",
        ],
        defaults: Vec::new(),
        sources: &[Source {
            citation: "Neve and Palomares 2019, Latent factor models and aggregation operators for collaborative filtering in reciprocal recommender systems, RecSys '19:219 (the harmonic mean of two directions)",
            link: Some("https://doi.org/10.1145/3298689.3347026"),
        }],
    }
}

fn coverage() -> Part {
    Part {
        key: "coverage",
        title: "Coverage",
        formulas: &[
            "coverage = sum over k of w_k * known_k, known_k the share of the criterion's own weight (modules, attributes, topics) for which the candidate's fact is recorded.",
            "Prior relationships: 1 with both lists declared complete, else half with any link, else 0. Geography: 1 where both positions are known. Care setting: 1 or 0.",
        ],
        defaults: Vec::new(),
        sources: &[],
    }
}
