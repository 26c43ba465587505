//! Whom to ask about a topic: those who can show something on it, ranked by what they can show and then by how well they and
//! the one that asks suit each other.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::NaiveDate;

use super::Alongside;
use crate::domain::blueprint::Blueprint;
use crate::domain::core_system::CoreSystem;
use crate::domain::error::{Error, Result};
use crate::domain::exclusion::Excluded;
use crate::domain::ids::{OdsCode, Slug};
use crate::domain::interval::Interval;
use crate::domain::profile::{Topic, TopicInterest, TopicStage};
use crate::domain::suggestion::{PairQuestion, SeenBy};
use crate::engine::criteria::learning::stage_value;
use crate::storage::expertise::{Holder, holders};

/// The most organisations whose fit is worked out for one answer. Where more can show the same, those beyond come after them,
/// by code.
pub const MAX_COMPARED: usize = 200;

/// Who asks what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExpertiseQuestion {
    /// About what.
    pub topic: Slug,
    /// A vendor or a product that has to be in use, in part or whole.
    pub system: Option<String>,
    /// Whose fit orders those who can show the same; without it their codes do.
    pub seeker: Option<OdsCode>,
    /// The site that asks, which sees its own expertise even where it hides it from others.
    pub asker: Option<OdsCode>,
    /// How many to name.
    pub limit: usize,
    /// The day on which ages are counted.
    pub as_of: NaiveDate,
}

/// Somebody to ask.
#[derive(Clone, Debug, PartialEq)]
pub struct Expert {
    /// Who.
    pub ods_code: OdsCode,
    /// Its name.
    pub name: String,
    /// What it can show, and where that is from.
    pub shown: TopicInterest,
    /// What that is worth on the day, `0..=1` (DESIGN 4.7).
    pub value: f64,
    /// How well it and the seeker suit each other; `None` without a seeker, and where that cannot be worked out.
    pub mutual_fit: Option<Interval>,
    /// Its blueprints on the topic.
    pub blueprints: Vec<Blueprint>,
    /// Why it is named, in sentences.
    pub reasons: Vec<String>,
}

/// Whom to ask.
#[derive(Clone, Debug, PartialEq)]
pub struct Expertise {
    /// About what.
    pub topic: Topic,
    /// The best, in order.
    pub experts: Vec<Expert>,
    /// How many there are, named or not.
    pub n_experts: usize,
}

/// Answers whom to ask about a topic; whom the seeker excludes is left out where it asks itself.
///
/// # Errors
///
/// Those of [`holders`]; [`Error::OrganisationNotFound`] where the seeker does not exist.
pub async fn ask(alongside: Arc<Alongside>, question: ExpertiseQuestion) -> Result<Expertise> {
    let asked = question.clone();
    let (topic, found) = alongside
        .storage()
        .read(move |connection| {
            if let Some(seeker) = asked.seeker {
                crate::storage::organisations::require(connection, seeker)?;
            }
            holders(
                connection,
                &asked.topic,
                asked.system.as_deref(),
                asked.asker,
            )
        })
        .await?;
    let excluded = match question.seeker {
        Some(seeker) => alongside.excluded(seeker, seen_by(&question, seeker)),
        None => Excluded::default(),
    };
    let found = found
        .into_iter()
        .filter(|holder| !excluded.contains(holder.ods_code))
        .collect();
    // Comparing takes a while where there are many.
    tokio::task::spawn_blocking(move || {
        ranked(&topic, found, &question, |codes| {
            fits(&alongside, &question, codes)
        })
    })
    .await
    .map_err(|panic| Error::Internal("ranking whom to ask", Box::new(panic)))?
}

/// Ranks those who can show something: by its value, then by the fit (an unknown one last), then by code.
fn ranked(
    topic: &Topic,
    found: Vec<Holder>,
    question: &ExpertiseQuestion,
    fits: impl FnOnce(Vec<OdsCode>) -> Result<BTreeMap<OdsCode, Interval>>,
) -> Result<Expertise> {
    let mut valued: Vec<(f64, Holder)> = found
        .into_iter()
        .filter(|holder| Some(holder.ods_code) != question.seeker)
        .filter_map(|holder| {
            let (stage, live_since) = (holder.shown.stage?, holder.shown.live_since);
            Some((stage_value(stage, live_since, question.as_of), holder))
        })
        .collect();
    valued.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.ods_code.cmp(&b.1.ods_code)));
    let n_experts = valued.len();
    // Nobody who can show less than the last one named comes into question.
    if let Some(least) = valued
        .get(question.limit.saturating_sub(1))
        .map(|last| last.0)
    {
        valued.retain(|(value, _)| *value >= least);
    }
    let compared = valued.iter().take(MAX_COMPARED);
    let fits = fits(compared.map(|(_, holder)| holder.ods_code).collect())?;
    let expected = |code| fits.get(&code).map_or(-1.0, |fit| fit.expected());
    valued.sort_by(|(a_value, a), (b_value, b)| {
        b_value
            .total_cmp(a_value)
            .then(expected(b.ods_code).total_cmp(&expected(a.ods_code)))
            .then(a.ods_code.cmp(&b.ods_code))
    });
    let experts = valued.into_iter().take(question.limit);
    Ok(Expertise {
        topic: topic.clone(),
        experts: experts
            .map(|(value, holder)| Expert {
                value,
                mutual_fit: fits.get(&holder.ods_code).copied(),
                reasons: reasons(topic, &holder, question.as_of),
                ods_code: holder.ods_code,
                name: holder.name,
                shown: holder.shown,
                blueprints: holder.blueprints,
            })
            .collect(),
        n_experts,
    })
}

/// Who looks at an answer for a seeker.
fn seen_by(question: &ExpertiseQuestion, seeker: OdsCode) -> SeenBy {
    if question.asker == Some(seeker) {
        SeenBy::Site
    } else {
        SeenBy::Others
    }
}

/// The mutual fit of the seeker with each of these, as far as it can be worked out: not with whoever took over from it or the
/// other way round, and not where nothing can be asked of the seeker.
fn fits(
    alongside: &Alongside,
    question: &ExpertiseQuestion,
    mut codes: Vec<OdsCode>,
) -> Result<BTreeMap<OdsCode, Interval>> {
    let Some(seeker) = question.seeker else {
        return Ok(BTreeMap::new());
    };
    let seen_by = seen_by(question, seeker);
    let plain = PairQuestion::plain(seeker, seen_by, question.as_of);
    // Every turn but the last leaves one out.
    while !codes.is_empty() {
        let without = match alongside.compare(plain, &codes) {
            Ok(answer) => {
                let fits = answer.candidates.into_iter();
                return Ok(fits
                    .map(|fit| (fit.organisation.ods_code, fit.mutual_fit))
                    .collect());
            }
            Err(Error::NeverSuggested { candidate, .. }) => candidate,
            // The database may be ahead of what is in memory.
            Err(Error::OrganisationNotFound(code) | Error::OrganisationClosed { code, .. }) => code,
            Err(Error::NothingApplies { .. }) => break,
            Err(other) => return Err(other),
        };
        if without == seeker {
            break;
        }
        codes.retain(|&code| code != without);
    }
    Ok(BTreeMap::new())
}

/// Why somebody is named.
fn reasons(topic: &Topic, holder: &Holder, as_of: NaiveDate) -> Vec<String> {
    let name = &topic.name;
    let mut reasons = Vec::new();
    match holder.blueprints.first() {
        Some(first) => {
            let more = match holder.blueprints.len() - 1 {
                0 => String::new(),
                n => format!(" and {n} more"),
            };
            reasons.push(format!("Published “{}”{more} on {name}.", first.title));
        }
        None => {
            let since = |words: &str| match holder.shown.live_since {
                Some(date) => format!("{words} {date}"),
                None => String::new(),
            };
            let is_future = holder
                .shown
                .live_since
                .is_some_and(|date| date.first_day() > as_of);
            reasons.extend(match holder.shown.stage {
                Some(TopicStage::Blueprint) => Some(format!("Published how it did {name}.")),
                Some(TopicStage::Live) if is_future => {
                    Some(format!("Goes live with {name}{}.", since(" in")))
                }
                Some(TopicStage::Live) => Some(format!("Is live with {name}{}.", since(" since"))),
                Some(TopicStage::Offered) => Some(format!("Offers to talk about {name}.")),
                Some(TopicStage::Implementing) => Some(format!("Is putting {name} in.")),
                Some(TopicStage::Nothing) | None => None,
            });
        }
    }
    reasons.extend(holder.systems.iter().map(running));
    reasons
}

fn running(system: &CoreSystem) -> String {
    let named: Vec<&str> = [&system.product, &system.vendor]
        .into_iter()
        .filter_map(|part| part.as_deref())
        .collect();
    format!("Has {} for {}.", named.join(" by "), system.module.words())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::provenance::Provenance;

    fn holder(code: &str, stage: TopicStage) -> Holder {
        let ods_code = OdsCode::new(code).unwrap();
        Holder {
            ods_code,
            name: format!("{code} TRUST"),
            shown: TopicInterest {
                ods_code,
                topic: Slug::new("hepma").unwrap(),
                need: None,
                stage: Some(stage),
                live_since: None,
                provenance: Provenance::bundled("a list", None),
            },
            blueprints: Vec::new(),
            systems: Vec::new(),
        }
    }

    fn ask_of(limit: usize, seeker: Option<&str>, fit: &[(&str, f64)]) -> Vec<String> {
        let found = [
            ("RTH", TopicStage::Offered),
            ("RHW", TopicStage::Live),
            ("RJ7", TopicStage::Live),
            ("RJ1", TopicStage::Live),
            ("RA2", TopicStage::Blueprint),
        ];
        let topic = Topic {
            slug: Slug::new("hepma").unwrap(),
            name: "Electronic prescribing".into(),
        };
        let question = ExpertiseQuestion {
            topic: topic.slug.clone(),
            system: None,
            seeker: seeker.map(|code| OdsCode::new(code).unwrap()),
            asker: None,
            limit,
            as_of: NaiveDate::from_ymd_opt(2026, 11, 22).unwrap(),
        };
        let found = found.map(|(code, stage)| holder(code, stage)).to_vec();
        let answer = ranked(&topic, found, &question, |codes| {
            Ok(fit
                .iter()
                .map(|&(code, fit)| (OdsCode::new(code).unwrap(), Interval::exactly(fit)))
                .filter(|(code, _)| codes.contains(code))
                .collect())
        });
        let experts = answer.unwrap().experts.into_iter();
        experts.map(|expert| expert.ods_code.to_string()).collect()
    }

    #[test]
    fn who_can_show_more_comes_first_and_then_who_suits_better() {
        let fit = [("RJ7", 0.9), ("RHW", 0.2), ("RTH", 1.0), ("RA2", 0.1)];
        assert_eq!(ask_of(10, None, &fit), ["RA2", "RJ7", "RHW", "RJ1", "RTH"]);
        assert_eq!(ask_of(10, None, &[]), ["RA2", "RHW", "RJ1", "RJ7", "RTH"]);
    }

    #[test]
    fn a_short_list_is_the_beginning_of_a_long_one() {
        let fit = [("RJ7", 0.9), ("RHW", 0.2), ("RTH", 1.0)];
        let long = ask_of(10, None, &fit);
        for limit in 1..=5 {
            assert_eq!(ask_of(limit, None, &fit), long[..limit]);
        }
    }

    #[test]
    fn nobody_is_told_to_ask_itself() {
        assert!(!ask_of(10, Some("RA2"), &[]).contains(&"RA2".to_owned()));
    }
}
