//! The parts around the scores: how firm ranks are, what would change them, how exposure is spread, what is learnt.

use super::{DefaultValue, Part, Source, count};
use crate::domain::capacity::UNDECLARED_PARTNERSHIP_PLACES;
use crate::domain::choice::{N_SHOWN, STEP as CHOICE_STEP, STEP_OF_SITE, STEP_SITES};
use crate::domain::firmness::{Draws, FirmnessRequest, MAX_COMPARED};
use crate::domain::load::{MIN_GROUP, TOP};
use crate::domain::peer_group::{MIN_SHARE_KNOWN, N_GROUPS};
use crate::domain::price::{MAX_ORGANISATIONS, MAX_ROUNDS, STEP, TOLERANCE};
use crate::engine::ask::N_ASKED;
use crate::engine::choices::{COEFFICIENT_SD, PLACE_MEAN, PLACE_SD};
use crate::engine::firmness::{CONCENTRATION_PER_CRITERION, MAX_DRAWS_OF_CONFIDENCE};
use crate::engine::flips::{N_HALVINGS, N_STEPS};
use crate::engine::outcomes::held_out::{GATE_STANDARD_ERRORS, MIN_PAIRS};
use crate::engine::outcomes::posterior::{INTERCEPT_MEAN, PRIOR_SD, SLOPE_MEAN};
use crate::engine::outcomes::weights::SHRINK_OUTCOMES;
use crate::engine::peer_groups::{MAX_FITTED, N_STARTS, SEED};

pub(super) fn parts() -> Vec<Part> {
    vec![
        firmness(),
        flips(),
        ask_next(),
        load_price(),
        peer_groups(),
        stable_assignment(),
        outcomes(),
        choices(),
    ]
}

/// A seed as a default shows it.
fn seed(seed: u64) -> f64 {
    f64::from(u32::try_from(seed).unwrap_or(u32::MAX))
}

fn firmness() -> Part {
    Part {
        key: "firmness",
        title: "How firm a rank is (SMAA-2)",
        formulas: &[
            "In each draw: weights w from Dirichlet(alpha), alpha_k = concentration * n * w_k over the n criteria with a weight (or 1 each, uniform over all weights, where asked); every score that is not known from the triangular distribution over its interval with mode expected (or uniformly, where asked); then R as above, less the load price.",
            "first = the share of draws in which a candidate has the greatest value, top three = in which it is among the three greatest; on request every rank, every pair, the mean weights of the draws in which it is first (central weights), and the share of draws of scores alone in which it is first under these (confidence factor).",
            "The other sides' weights stay as they are. The half-width of a share at 95 % is at most 1.96 * sqrt(0.25 / draws).",
        ],
        defaults: vec![
            DefaultValue::new(
                "draws",
                Draws::DEFAULT.count(),
                "",
                "how often weights and scores are drawn",
            ),
            DefaultValue::new(
                "seed",
                seed(FirmnessRequest::SEED),
                "",
                "of the random numbers",
            ),
            DefaultValue::new(
                "concentration",
                CONCENTRATION_PER_CRITERION,
                "",
                "how closely drawn weights keep to those in use, for each criterion",
            ),
            DefaultValue::new(
                "compared",
                count(MAX_COMPARED),
                "candidates",
                "the best so many by rank are compared",
            ),
            DefaultValue::new(
                "draws_of_confidence",
                MAX_DRAWS_OF_CONFIDENCE,
                "",
                "the most draws behind a confidence factor",
            ),
        ],
        sources: &[
            Source {
                citation: "Lahdelma and Salminen 2001, SMAA-2: stochastic multicriteria acceptability analysis for group decision making, Operations Research 49:444",
                link: Some("https://doi.org/10.1287/opre.49.3.444.11220"),
            },
            Source {
                citation: "Stein and Keblis 2009, A new method to simulate the triangular distribution, Mathematical and Computer Modelling 49:1143",
                link: Some("https://doi.org/10.1016/j.mcm.2008.06.013"),
            },
        ],
    }
}

fn flips() -> Part {
    Part {
        key: "flips",
        title: "What would flip two candidates",
        formulas: &[
            "For the fit alone: t = -D * (1 - w_k) / (g_k - D), D = V_j - V_h, g_k = s_kj - s_kh: the change of w_k, the others rescaled, that makes the two equal; valid where the new weight stays in 0..=1.",
            "What is shown is the smallest change that flips the order by R, found from there by steps and by halving the bracket.",
        ],
        defaults: vec![
            DefaultValue::new(
                "steps",
                N_STEPS,
                "",
                "in which a weight is moved to 0 and to 1, looking for a flip",
            ),
            DefaultValue::new(
                "halvings",
                N_HALVINGS,
                "",
                "of the step in which the order changes",
            ),
        ],
        sources: &[Source {
            citation: "Triantaphyllou and Sánchez 1997, A sensitivity analysis approach for some deterministic multi-criteria decision-making methods, Decision Sciences 28:151",
            link: Some("https://doi.org/10.1111/j.1540-5915.1997.tb01306.x"),
        }],
    }
}

fn ask_next() -> Part {
    Part {
        key: "ask_next",
        title: "What to ask next",
        formulas: &[
            "First the seeker's own missing facts that keep a criterion or an attribute out, by the weight that hangs on them; then the unknown facts of the candidates shown, by the width of the interval they carry times the weight.",
        ],
        defaults: vec![DefaultValue::new(
            "asked",
            count(N_ASKED),
            "facts",
            "how many are named",
        )],
        sources: &[],
    }
}

fn load_price() -> Part {
    Part {
        key: "load_price",
        title: "Load price",
        formulas: &[
            "Where a request or the seeker's programme spreads exposure, a candidate's place is by R - lambda_j; no fit changes. Off in the default programme unless its admins say otherwise.",
            "load_j = sum of 1 / log2(1 + rank) over the seekers who see j in their top list; allowance_j = j's remaining places, scaled so that allowances add up to the total load; who is full or paused takes no part.",
            "From 0: lambda_j = max(0, lambda_j + step * (load_j - allowance_j) / allowance_j), until none moves by more than tolerance, or for rounds; the best round is kept, which is that whose greatest load for its allowance is the least.",
        ],
        defaults: vec![
            DefaultValue::new("top", count(TOP), "suggestions", "the length of a top list"),
            DefaultValue::new(
                "undeclared_places",
                UNDECLARED_PARTNERSHIP_PLACES,
                "places",
                "of a site that declared none",
            ),
            DefaultValue::new(
                "step",
                STEP,
                "",
                "how far a price moves where the load is twice the allowance",
            ),
            DefaultValue::new(
                "tolerance",
                TOLERANCE,
                "",
                "prices stand where none moves by more",
            ),
            DefaultValue::new("rounds", MAX_ROUNDS, "", "the most rounds"),
            DefaultValue::new(
                "largest",
                count(MAX_ORGANISATIONS),
                "organisations",
                "the most for which prices are made",
            ),
        ],
        sources: &[Source {
            citation: "Järvelin and Kekäläinen 2002, Cumulated gain-based evaluation of IR techniques, ACM Transactions on Information Systems 20:422 (the discount by rank)",
            link: Some("https://doi.org/10.1145/582415.582418"),
        }],
    }
}

fn peer_groups() -> Part {
    Part {
        key: "peer_groups",
        title: "Groups of sites that are alike",
        formulas: &[
            "k-means on the seven context attributes (never the ethos answers), standardised and weighted as in Culture; what is not recorded stands at the mean. The number of groups with the best mean silhouette is taken, of those that leave no group too small. They count for no score.",
        ],
        defaults: vec![
            DefaultValue::new(
                "fewest",
                count(*N_GROUPS.start()),
                "groups",
                "that are tried",
            ),
            DefaultValue::new("most", count(*N_GROUPS.end()), "groups", "that are tried"),
            DefaultValue::new("smallest", MIN_GROUP, "members", "of a group"),
            DefaultValue::new(
                "known",
                MIN_SHARE_KNOWN,
                "",
                "the share of the attributes that has to be recorded",
            ),
            DefaultValue::new("starts", count(N_STARTS), "", "of k-means; the best counts"),
            DefaultValue::new("seed", seed(SEED), "", "of the starts"),
            DefaultValue::new(
                "fitted",
                count(MAX_FITTED),
                "organisations",
                "the most that groups are found from; others join the nearest",
            ),
        ],
        sources: &[
            Source {
                citation: "Lloyd 1982, Least squares quantization in PCM, IEEE Transactions on Information Theory 28:129",
                link: Some("https://doi.org/10.1109/TIT.1982.1056489"),
            },
            Source {
                citation: "Rousseeuw 1987, Silhouettes, Journal of Computational and Applied Mathematics 20:53",
                link: Some("https://doi.org/10.1016/0377-0427(87)90125-7"),
            },
        ],
    }
}

fn stable_assignment() -> Part {
    Part {
        key: "stable_assignment",
        title: "Stable assignment",
        formulas: &[
            "Pairs by descending R, ties to the pair with the smaller ODS codes: a pair is taken where both have a place left. Since R is the same from both sides this gives the one stable assignment. A picture for admins; it writes nothing.",
        ],
        defaults: vec![DefaultValue::new(
            "undeclared_places",
            UNDECLARED_PARTNERSHIP_PLACES,
            "places",
            "of a site that declared none",
        )],
        sources: &[Source {
            citation: "Gai et al. 2007, Acyclic preference systems in P2P networks, arXiv 0704.3904",
            link: Some("https://arxiv.org/abs/0704.3904"),
        }],
    }
}

fn outcomes() -> Part {
    Part {
        key: "outcomes",
        title: "Learning from outcomes",
        formulas: &[
            "Never by itself: an admin has a model learnt, looks at it beside the weights in use, and puts it to use or not.",
            "An outcome is a partnership with a check-in from both sides; success = both usefulness >= 4 of 5.",
            "Logistic regression of success on the expected scores with priors alpha ~ N(intercept_mean, prior_sd^2), beta_k ~ N(slope_mean * w_k, prior_sd^2), w the weights that the programme was given by hand last; weights = max(0, beta) normalised (the prior's where all are 0), drawn to the prior by n / (n + shrink_outcomes); a criterion that applied in no outcome keeps its share, the others share the rest.",
            "A model passes the gate with held-out outcomes of at least least_pairs pairs of sites, whose mean gain in log-loss over the weights in use lies gate standard errors above 0; only an admin puts it to use.",
        ],
        defaults: vec![
            DefaultValue::new(
                "intercept_mean",
                INTERCEPT_MEAN,
                "",
                "prior mean of the intercept",
            ),
            DefaultValue::new(
                "slope_mean",
                SLOPE_MEAN,
                "",
                "prior mean of a coefficient, times the criterion's weight",
            ),
            DefaultValue::new(
                "prior_sd",
                PRIOR_SD,
                "",
                "standard deviation of every prior",
            ),
            DefaultValue::new(
                "shrink_outcomes",
                SHRINK_OUTCOMES,
                "outcomes",
                "at which learnt and prior weights count alike",
            ),
            DefaultValue::new(
                "least_pairs",
                count(MIN_PAIRS),
                "pairs",
                "below which no model passes",
            ),
            DefaultValue::new(
                "gate",
                GATE_STANDARD_ERRORS,
                "standard errors",
                "by which the gain has to lie above 0",
            ),
        ],
        sources: &[Source {
            citation: "Gelman, Jakulin, Pittau and Su 2008, A weakly informative default prior distribution for logistic and other regression models, Annals of Applied Statistics 2:1360",
            link: Some("https://doi.org/10.1214/08-AOAS191"),
        }],
    }
}

fn choices() -> Part {
    Part {
        key: "choices",
        title: "Learning from choices",
        formulas: &[
            "Kept apart from outcomes, and never made into weights: what sites choose is not what works.",
            "The first time that a site keeps or approaches a candidate, the scores and places of the first `shown` of its list as it stands then are kept with the choice, without those whom it chose before; one who is not among them was found otherwise and teaches nothing, nor does a list that is not as staff see it.",
            "P(chosen) is in proportion to rank^-eta * exp(sum of beta_k x_k), over those shown; eta ~ N(place_mean, place_sd^2), beta_k ~ N(0, coefficient_sd^2), the mode of the posterior and the curvature there; shares = max(0, beta) normalised.",
            "Accepted approaches against those declined as not a fit or without a reason: a logistic regression on the scores stored, every prior N(0, coefficient_sd^2). There is no place to correct for.",
            "Told of in steps of at least `step` choices that count, by at least `step_sites` sites and at most `step_of_site` of each, in the order in which they were made, from the next day on; shares to a twentieth, coefficients to a tenth.",
        ],
        defaults: vec![
            DefaultValue::new(
                "shown",
                count(N_SHOWN),
                "suggestions",
                "of a list that count as shown",
            ),
            DefaultValue::new("place_mean", PLACE_MEAN, "", "prior mean of eta"),
            DefaultValue::new("place_sd", PLACE_SD, "", "its standard deviation"),
            DefaultValue::new(
                "coefficient_sd",
                COEFFICIENT_SD,
                "",
                "standard deviation of the prior of a coefficient",
            ),
            DefaultValue::new("step", count(CHOICE_STEP), "choices", "in a step, at least"),
            DefaultValue::new(
                "step_sites",
                count(STEP_SITES),
                "sites",
                "in a step, at least",
            ),
            DefaultValue::new(
                "step_of_site",
                count(STEP_OF_SITE),
                "choices",
                "of one site that count in a step, at most",
            ),
        ],
        sources: &[
            Source {
                citation: "McFadden 1974, Conditional logit analysis of qualitative choice behavior, in Zarembka (ed.), Frontiers in Econometrics, 105-142",
                link: None,
            },
            Source {
                citation: "Joachims, Swaminathan and Schnabel 2017, Unbiased learning-to-rank with biased feedback, WSDM '17:781 (notice falls with the place as rank^-eta)",
                link: Some("https://doi.org/10.1145/3018661.3018699"),
            },
        ],
    }
}
