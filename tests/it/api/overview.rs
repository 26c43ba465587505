//! The pipeline, and load and coverage: every number is worked out here once more, from what was stored and from the
//! suggestions of every organisation.

use std::collections::{BTreeMap, BTreeSet};

use alongside::domain::approach::{ApproachReason, ApproachState};
use alongside::domain::ids::OdsCode;
use alongside::domain::partnership::PartnershipState;
use chrono::TimeDelta;
use serde_json::{Value, json};

use super::board::{filled, is_stalled, state};
use crate::support::matches::{Made, code, many, open};
use crate::support::service::{As, TestService, now};

/// An organisation as the answers tell of it.
struct Site {
    code: String,
    icb: Option<String>,
    region: Option<String>,
    settings: BTreeSet<String>,
}

/// Who is seen by whom, from everybody's suggestions.
struct Seen {
    sites: Vec<Site>,
    /// By seeker: whom it sees, in order, with the distance.
    lists: BTreeMap<String, Vec<(String, Option<f64>)>>,
}

async fn seen(service: &TestService) -> Seen {
    let mut sites = Vec::new();
    let mut lists = BTreeMap::new();
    let mut next = Some("/api/v1/organisations?status=active&limit=200".to_owned());
    while let Some(path) = next {
        let page = service.get(As::Admin, &path).await.good();
        for item in page["items"].as_array().unwrap() {
            let item = &item["organisation"];
            let text = |field: &str| item[field].as_str().map(str::to_owned);
            let settings = item["careSettings"].as_array().unwrap();
            sites.push(Site {
                code: text("odsCode").unwrap(),
                icb: text("icbCode"),
                region: text("regionCode"),
                settings: settings
                    .iter()
                    .map(|setting| setting.as_str().unwrap().to_owned())
                    .collect(),
            });
        }
        next = page["links"]["next"].as_str().map(str::to_owned);
    }
    for site in &sites {
        let path = format!("/api/v1/organisations/{}/suggestions?limit=10", site.code);
        let answer = service.get(As::Admin, &path).await.good();
        let list = answer["suggestions"].as_array().unwrap().iter().map(|s| {
            let code = s["organisation"]["odsCode"].as_str().unwrap().to_owned();
            (code, s["distanceKm"].as_f64())
        });
        lists.insert(site.code.clone(), list.collect());
    }
    Seen { sites, lists }
}

/// Half the mean absolute difference over the mean: the Gini coefficient by its definition.
fn gini(amounts: &[f64]) -> f64 {
    let n = f64::from(u32::try_from(amounts.len()).unwrap());
    let sum: f64 = amounts.iter().sum();
    let mut differences = 0.0;
    for a in amounts {
        for b in amounts {
            differences += (a - b).abs();
        }
    }
    if sum > 0.0 {
        differences / (2.0 * n * sum)
    } else {
        0.0
    }
}

fn is_close(shown: &Value, expected: f64) {
    let shown = shown.as_f64().unwrap_or_else(|| panic!("{shown}"));
    assert!((shown - expected).abs() < 2e-6, "{shown} {expected}");
}

fn check_spread(spread: &Value, counts: &BTreeMap<&str, u32>) {
    let amounts: Vec<f64> = counts.values().map(|n| f64::from(*n)).collect();
    let total: u32 = counts.values().sum();
    assert_eq!(spread["total"], total);
    assert_eq!(spread["max"], *counts.values().max().unwrap());
    let n = f64::from(u32::try_from(counts.len()).unwrap());
    is_close(&spread["mean"], f64::from(total) / n);
    is_close(&spread["gini"], gini(&amounts));
    let mut distribution: BTreeMap<u32, u32> = BTreeMap::new();
    for n in counts.values() {
        *distribution.entry(*n).or_default() += 1;
    }
    assert_eq!(
        spread["without"],
        distribution.get(&0).copied().unwrap_or_default()
    );
    let distribution: Vec<Value> = distribution
        .into_iter()
        .map(|(count, organisations)| json!({ "count": count, "organisations": organisations }))
        .collect();
    assert_eq!(spread["distribution"], Value::from(distribution));
    let mut most: Vec<(&str, u32)> = counts.iter().map(|(c, n)| (*c, *n)).collect();
    most.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
    let most: Vec<Value> = most
        .into_iter()
        .filter(|(_, n)| *n > 0)
        .take(10)
        .map(|(code, count)| json!({ "odsCode": code, "count": count }))
        .collect();
    assert_eq!(spread["most"], Value::from(most));
}

async fn filled_service(n: u32) -> (TestService, Vec<Made>) {
    let service = TestService::bundled();
    let path = "/api/v1/organisations?status=active&limit=120";
    let page = service.get(As::Admin, path).await.good();
    let codes: Vec<OdsCode> = page["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|o| code(o["organisation"]["odsCode"].as_str().unwrap()))
        .collect();
    let all = many(&codes, n, 11, now());
    filled(&service, &all);
    (service, all)
}

fn is_active(made: &Made) -> bool {
    let partnership = made.partnership.as_ref();
    partnership.is_some_and(|p| p.state == PartnershipState::Active)
}

#[actix_web::test]
async fn load_is_that_of_everybodys_suggestions() {
    let (service, all) = filled_service(300).await;
    let load = service.get(As::Viewer, "/api/v1/admin/load").await.good();
    let Seen { sites, lists } = seen(&service).await;
    assert_eq!(load["organisations"], sites.len());

    let mut degrees: BTreeMap<&str, u32> = sites.iter().map(|s| (s.code.as_str(), 0)).collect();
    let mut loads: BTreeMap<&str, f64> = sites.iter().map(|s| (s.code.as_str(), 0.0)).collect();
    let (mut n_pairs, mut n_returned) = (0.0, 0.0);
    let mut bands = [0; 5];
    let (mut same, mut cross, mut unknown) = (0, 0, 0);
    let settings: BTreeMap<&str, &BTreeSet<String>> = sites
        .iter()
        .map(|s| (s.code.as_str(), &s.settings))
        .collect();
    for (seeker, list) in &lists {
        for (rank, (other, km)) in list.iter().enumerate() {
            *degrees.get_mut(other.as_str()).unwrap() += 1;
            let rank = f64::from(u32::try_from(rank + 1).unwrap());
            *loads.get_mut(other.as_str()).unwrap() += 2.0_f64.ln() / (1.0 + rank).ln();
            n_pairs += 1.0;
            if lists[other].iter().any(|(back, _)| back == seeker) {
                n_returned += 1.0;
            }
            let km = km.expect("every bundled trust has a position");
            let edges = [25.0, 50.0, 100.0, 200.0];
            bands[edges.iter().filter(|edge| km >= **edge).count()] += 1;
            let (mine, theirs) = (settings[seeker.as_str()], settings[other.as_str()]);
            if mine.is_empty() || theirs.is_empty() {
                unknown += 1;
            } else if mine.intersection(theirs).next().is_some() {
                same += 1;
            } else {
                cross += 1;
            }
        }
    }
    let tens = &load["topTens"];
    check_spread(&tens["spread"], &degrees);
    is_close(
        &tens["loadGini"],
        gini(&loads.values().copied().collect::<Vec<_>>()),
    );
    is_close(&tens["reciprocity"], n_returned / n_pairs);
    let never: Vec<&str> = degrees
        .iter()
        .filter(|(_, n)| **n == 0)
        .map(|(c, _)| *c)
        .collect();
    assert_eq!(tens["neverSuggested"], json!(never));
    let shown: Vec<i64> = tens["mix"]["distances"]
        .as_array()
        .unwrap()
        .iter()
        .map(|band| band["pairs"].as_i64().unwrap())
        .collect();
    assert_eq!(shown, bands);
    assert_eq!(tens["mix"]["sameSetting"], same);
    assert_eq!(tens["mix"]["crossSetting"], cross);
    assert_eq!(tens["mix"]["settingUnknown"], unknown);

    let zero = || -> BTreeMap<&str, u32> { sites.iter().map(|s| (s.code.as_str(), 0)).collect() };
    let (mut asked, mut partnered) = (zero(), zero());
    for made in &all {
        if state(made, now()) == "sent" {
            *asked.get_mut(made.approach.to.as_str()).unwrap() += 1;
        }
        if is_active(made) {
            for side in [made.approach.from, made.approach.to] {
                *partnered.get_mut(side.as_str()).unwrap() += 1;
            }
        }
    }
    check_spread(&load["openApproaches"]["spread"], &asked);
    check_spread(&load["partnerships"]["spread"], &partnered);
    let n_shown: i64 = load["openApproaches"]["mix"]["distances"]
        .as_array()
        .unwrap()
        .iter()
        .map(|band| band["pairs"].as_i64().unwrap())
        .sum();
    assert_eq!(n_shown, i64::from(asked.values().sum::<u32>()));

    check_groups(
        &load["byRegion"],
        &sites,
        |s| s.region.clone(),
        (&degrees, &loads, &asked, &partnered),
    );
    check_groups(
        &load["byIcb"],
        &sites,
        |s| s.icb.clone(),
        (&degrees, &loads, &asked, &partnered),
    );
}

type Numbers<'a> = (
    &'a BTreeMap<&'a str, u32>,
    &'a BTreeMap<&'a str, f64>,
    &'a BTreeMap<&'a str, u32>,
    &'a BTreeMap<&'a str, u32>,
);

/// Shows that the numbers of groups are right where they are shown, and that none of a group under five is.
fn check_groups(
    shown: &Value,
    sites: &[Site],
    board: impl Fn(&Site) -> Option<String>,
    (degrees, loads, asked, partnered): Numbers<'_>,
) {
    let shown = shown.as_array().unwrap();
    let mut groups: BTreeMap<Option<String>, Vec<&Site>> = BTreeMap::new();
    for site in sites {
        groups.entry(board(site)).or_default().push(site);
    }
    assert_eq!(shown.len(), groups.len());
    let mut n_hidden = 0;
    for (group, (key, members)) in shown.iter().zip(&groups) {
        assert_eq!(group["board"]["code"], json!(key));
        let numbers = &group["numbers"];
        if members.len() < 5 {
            assert!(numbers.is_null(), "{group}");
            assert_eq!(group["note"], "fewer than 5");
        }
        if numbers.is_null() {
            n_hidden += 1;
            continue;
        }
        let n = f64::from(u32::try_from(members.len()).unwrap());
        let mean = |of: &dyn Fn(&str) -> f64| members.iter().map(|s| of(&s.code)).sum::<f64>() / n;
        assert_eq!(numbers["organisations"], members.len());
        is_close(&numbers["meanTopTens"], mean(&|c| f64::from(degrees[c])));
        is_close(&numbers["meanLoad"], mean(&|c| loads[c]));
        is_close(
            &numbers["meanOpenApproaches"],
            mean(&|c| f64::from(asked[c])),
        );
        is_close(
            &numbers["meanPartnerships"],
            mean(&|c| f64::from(partnered[c])),
        );
        let never = members
            .iter()
            .filter(|s| degrees[s.code.as_str()] == 0)
            .count();
        match numbers["neverSuggested"].as_u64() {
            Some(n) => {
                assert_eq!(n, never as u64);
                assert!(n == 0 || n >= 5, "{group}");
            }
            None => assert!(never > 0, "{group}"),
        }
    }
    assert_ne!(
        n_hidden, 1,
        "one hidden group could be worked out from the others"
    );
}

/// What the pipeline says of an organisation, worked out from what was stored.
fn standing(code: &str, all: &[Made]) -> (&'static str, Vec<&'static str>, u32, u32, u32) {
    let mine: Vec<&Made> = all
        .iter()
        .filter(|m| m.approach.from.as_str() == code)
        .collect();
    let theirs: Vec<&Made> = all
        .iter()
        .filter(|m| m.approach.to.as_str() == code)
        .collect();
    let count = |of: &[&Made], holds: &dyn Fn(&Made) -> bool| {
        u32::try_from(of.iter().filter(|m| holds(m)).count()).unwrap()
    };
    let is_open = |m: &Made| state(m, now()) == "sent";
    let (open_in, open_out) = (count(&theirs, &is_open), count(&mine, &is_open));
    let partnerships = count(&mine, &is_active) + count(&theirs, &is_active);
    let talks = |m: &Made| {
        m.approach.kind.as_str() == "conversation"
            && m.approach.state.as_str() == "accepted"
            && now() - m.approach.answered_at.unwrap() < TimeDelta::days(90)
    };
    let stage = if partnerships > 0 {
        "partnered"
    } else if count(&mine, &talks) + count(&theirs, &talks) > 0 {
        "in_conversation"
    } else if open_out > 0 {
        "approached"
    } else if open_in > 0 {
        "asked"
    } else {
        "none"
    };
    let mut why = Vec::new();
    if stage != "partnered" {
        let declined = |m: &Made| m.approach.state.as_str() == "declined";
        if !mine.is_empty() && mine.iter().all(|m| declined(m)) {
            why.push("declined_all");
        }
        if mine.is_empty() {
            why.push("never_asked");
        }
        let cools = |m: &Made| {
            declined(m)
                && m.approach.reason.is_some_and(|r| r.as_str() == "not_a_fit")
                && now() - m.approach.answered_at.unwrap() < TimeDelta::days(90)
        };
        if count(&mine, &cools) > 0 {
            why.push("cooling_off");
        }
    }
    (stage, why, open_in, open_out, partnerships)
}

#[actix_web::test]
async fn the_pipeline_is_that_of_what_was_stored() {
    let service = TestService::bundled();
    let Seen { sites, lists } = seen(&service).await;
    let mut shares: BTreeMap<&str, f64> = BTreeMap::new();
    for site in &sites {
        let path = format!("/api/v1/organisations/{}/completeness", site.code);
        let answer = service.get(As::Admin, &path).await.good();
        shares.insert(&site.code, answer["share"].as_f64().unwrap());
    }
    // Whoever said least has no partner, so that it shows why.
    let (least, _) = shares
        .iter()
        .min_by(|a, b| a.1.total_cmp(b.1))
        .map(|(code, share)| (code.to_string(), *share))
        .unwrap();
    let codes: Vec<OdsCode> = sites.iter().take(120).map(|s| code(&s.code)).collect();
    let mut all = many(&codes, 220, 11, now());
    all.retain(|made| !made.approach.has_party(code(&least)));
    filled(&service, &all);
    // Three of which nothing was drawn at random: paused to today, paused to yesterday, without places.
    let [paused, resumed, full] =
        [1, 2, 3].map(|from_end| sites[sites.len() - from_end].code.as_str());
    service.database.execute(&format!(
        "INSERT INTO pauses (ods_code, paused_by, until, reason, since, version) VALUES \
         ('{paused}', 'site', '2026-11-22', NULL, '2026-11-01 00:00:00', 1), \
         ('{resumed}', 'admin', '2026-11-21', 'Enough.', '2026-11-01 00:00:00', 1); \
         INSERT INTO capacities (ods_code, partnership_places, changed_at, version) VALUES \
         ('{full}', 0, '2026-11-01 00:00:00', 1), ('{resumed}', 1, '2026-11-01 00:00:00', 1);",
    ));
    let declined = open(900, resumed, full, now() - TimeDelta::days(80)).answered(
        ApproachState::Declined,
        now() - TimeDelta::days(70),
        Some(ApproachReason::NotAFit),
    );
    filled(&service, std::slice::from_ref(&declined));
    all.push(declined);
    let mut items = Vec::new();
    let mut next = Some("/api/v1/admin/pipeline?limit=60".to_owned());
    let mut first = Value::Null;
    while let Some(path) = next {
        let page = service.get(As::Admin, &path).await.good();
        items.extend(page["items"].as_array().unwrap().iter().cloned());
        next = page["links"]["next"].as_str().map(str::to_owned);
        if first.is_null() {
            first = page;
        }
    }
    assert_eq!(
        (items.len(), &first["total"]),
        (sites.len(), &json!(sites.len()))
    );
    let mut stages: BTreeMap<&str, u32> = BTreeMap::new();
    let mut by_region: BTreeMap<Option<&String>, BTreeMap<&str, u32>> = BTreeMap::new();
    let mut seen_reasons = BTreeSet::new();
    for (item, site) in items.iter().zip(&sites) {
        let code = site.code.as_str();
        assert_eq!(item["odsCode"], code);
        let (stage, mut why, open_in, open_out, partnerships) = standing(code, &all);
        assert_eq!(item["stage"], stage, "{item}");
        let in_lists = lists
            .values()
            .filter(|l| l.iter().any(|(c, _)| c == code))
            .count();
        assert_eq!(item["topTens"], in_lists);
        if stage != "partnered" {
            let share = shares[code];
            if share < 0.3 {
                why.push("no_facts");
            }
            if code == paused {
                why.push("paused");
            }
            let places = BTreeMap::from([(full, 0), (resumed, 1)]);
            if partnerships >= places.get(code).copied().unwrap_or(3) {
                why.push("no_places");
            }
            if in_lists == 0 {
                why.push("never_suggested");
            }
        }
        let shown: BTreeSet<&str> = item["why"]
            .as_array()
            .unwrap()
            .iter()
            .map(|w| w.as_str().unwrap())
            .collect();
        seen_reasons.extend(why.iter().copied());
        assert_eq!(shown, why.into_iter().collect(), "{item}");
        assert_eq!(item["openIn"], open_in);
        assert_eq!(item["openOut"], open_out);
        assert_eq!(item["partnerships"], partnerships);
        assert_eq!(item["isOverAsked"], open_in >= 8);
        let stalled = all.iter().any(|m| {
            is_stalled(m, now())
                && (m.approach.from.as_str() == code || m.approach.to.as_str() == code)
        });
        assert_eq!(item["isStalled"], stalled, "{item}");
        *stages.entry(stage).or_default() += 1;
        *by_region
            .entry(site.region.as_ref())
            .or_default()
            .entry(stage)
            .or_default() += 1;
    }
    let reasons = [
        "cooling_off",
        "declined_all",
        "never_asked",
        "no_facts",
        "no_places",
        "paused",
    ];
    assert!(
        seen_reasons.is_superset(&BTreeSet::from(reasons)),
        "{seen_reasons:?}"
    );
    for (stage, field) in FIELDS {
        let n = stages.get(stage).copied().unwrap_or_default();
        match first["counts"][field].as_u64() {
            Some(shown) => assert_eq!(shown, u64::from(n), "{stage}"),
            None => assert!(n > 0, "{stage}"),
        }
    }
    assert_eq!(first["counts"]["organisations"], sites.len());
    for (group, stages) in first["byRegion"]
        .as_array()
        .unwrap()
        .iter()
        .zip(by_region.values())
    {
        for (stage, field) in FIELDS {
            let n = stages.get(stage).copied().unwrap_or_default();
            if let Some(shown) = group["counts"][field].as_u64() {
                assert_eq!(shown, u64::from(n), "{group} {stage}");
            }
        }
    }
    for (query, holds) in [
        (
            "stage=none",
            Box::new(|item: &Value| item["stage"] == "none") as Box<dyn Fn(&Value) -> bool>,
        ),
        (
            "why=never_asked",
            Box::new(|item| item["why"].to_string().contains("never_asked")),
        ),
        (
            "region=Y59",
            Box::new(|item| item["region"]["code"] == "Y59"),
        ),
        ("icb=QE1", Box::new(|item| item["icb"]["code"] == "QE1")),
    ] {
        let path = format!("/api/v1/admin/pipeline?limit=200&{query}");
        let page = service.get(As::Admin, &path).await.good();
        let expected: Vec<&Value> = items.iter().filter(|item| holds(item)).collect();
        assert!(!expected.is_empty(), "{query}");
        assert_eq!(page["items"], json!(expected), "{query}");
        assert_eq!(page["counts"], first["counts"]);
    }
}

const FIELDS: [(&str, &str); 5] = [
    ("partnered", "partnered"),
    ("in_conversation", "inConversation"),
    ("approached", "approached"),
    ("asked", "asked"),
    ("none", "none"),
];

#[actix_web::test]
async fn no_group_under_five_shows_or_can_be_worked_out() {
    for n in [0, 6, 40, 220] {
        let (service, _) = filled_service(n).await;
        let pipeline = service
            .get(As::Viewer, "/api/v1/admin/pipeline?limit=1")
            .await
            .good();
        let groups = ["byRegion", "byIcb"].map(|by| pipeline[by].as_array().unwrap());
        for of in groups {
            for group in of {
                check_counts(&group["counts"]);
            }
            for (_, field) in FIELDS {
                let hidden = of.iter().filter(|g| g["counts"][field].is_null()).count();
                let shown = of.iter().filter(|g| g["counts"][field].as_u64() > Some(0));
                // One hidden among shown ones is their sum away from the whole.
                assert!(hidden != 1 || shown.count() == 0, "{field}: {of:?}");
            }
        }
        check_counts(&pipeline["counts"]);
        let load = service.get(As::Viewer, "/api/v1/admin/load").await.good();
        let mut sites = Vec::new();
        let mut next = Some("/api/v1/admin/pipeline?limit=200".to_owned());
        while let Some(path) = next {
            let page = service.get(As::Viewer, &path).await.good();
            sites.extend(page["items"].as_array().unwrap().iter().cloned());
            next = page["links"]["next"].as_str().map(str::to_owned);
        }
        let sizes = |group: &Value| match &group["counts"] {
            Value::Null => group["numbers"]["organisations"].clone(),
            counts => counts["organisations"].clone(),
        };
        for answer in [&pipeline, &load] {
            let icbs = answer["byIcb"].as_array().unwrap();
            for region in answer["byRegion"].as_array().unwrap() {
                let parts: Vec<&Value> = icbs
                    .iter()
                    .filter(|icb| {
                        let code = &icb["board"]["code"];
                        sites.iter().any(|site| {
                            site["icb"]["code"] == *code
                                && site["region"]["code"] == region["board"]["code"]
                        })
                    })
                    .collect();
                let line = || parts.iter().copied().chain([region]);
                check_line(&line().map(sizes).collect::<Vec<_>>());
                if answer == &load {
                    let never = |group: &Value| group["numbers"]["neverSuggested"].clone();
                    check_line(&line().map(never).collect::<Vec<_>>());
                    continue;
                }
                for (_, field) in FIELDS {
                    let of = line().map(|group| group["counts"][field].clone());
                    check_line(&of.collect::<Vec<_>>());
                }
            }
        }
    }
}

/// One hidden number among shown ones is their sum away from the others.
fn check_line(line: &[Value]) {
    let hidden = line.iter().filter(|number| number.is_null()).count();
    let shown = line.iter().filter(|number| number.as_u64() > Some(0));
    assert!(hidden != 1 || shown.count() == 0, "{line:?}");
}

fn check_counts(counts: &Value) {
    let organisations = counts["organisations"].as_u64();
    assert!(organisations.is_none_or(|n| n >= 5), "{counts}");
    let stages: Vec<Option<u64>> = FIELDS
        .iter()
        .map(|(_, field)| counts[field].as_u64())
        .collect();
    assert!(
        stages.iter().flatten().all(|n| *n == 0 || *n >= 5),
        "{counts}"
    );
    if let Some(organisations) = organisations {
        let hidden = stages.iter().filter(|n| n.is_none()).count();
        let left = organisations - stages.iter().flatten().sum::<u64>();
        assert!(hidden == 0 || (hidden >= 2 && left >= 5), "{counts}");
        assert!(hidden > 0 || left == 0, "{counts}");
    } else {
        assert!(stages.iter().all(Option::is_none), "{counts}");
    }
    let is_hidden = organisations.is_none() || stages.contains(&None);
    let note = if is_hidden {
        json!("fewer than 5")
    } else {
        Value::Null
    };
    assert_eq!(counts["note"], note);
}

#[actix_web::test]
async fn a_day_counts_ages_and_another_programme_counts_nothing() {
    let service = TestService::bundled();
    let made = open(1, "RTH", "RHW", now() - TimeDelta::days(3));
    filled(&service, std::slice::from_ref(&made));
    let stage = |page: &Value, code: &str| {
        let items = page["items"].as_array().unwrap();
        let found = items.iter().find(|item| item["odsCode"] == code);
        found.unwrap()["stage"].clone()
    };
    let on = async |query: &str| {
        let path = format!("/api/v1/admin/pipeline?limit=200{query}");
        let mut page = service.get(As::Admin, &path).await.good();
        let next = page["links"]["next"].as_str().map(str::to_owned);
        if let Some(next) = next {
            let rest = service.get(As::Admin, &next).await.good();
            let items = page["items"].as_array_mut().unwrap();
            items.extend(rest["items"].as_array().unwrap().iter().cloned());
        }
        page
    };
    let today = on("").await;
    assert_eq!(stage(&today, "RTH"), "approached");
    assert_eq!(stage(&today, "RHW"), "asked");
    // Sent on 19 November, it expires on 17 December.
    assert_eq!(stage(&on("&asOf=2026-12-16").await, "RHW"), "asked");
    assert_eq!(stage(&on("&asOf=2026-12-17").await, "RHW"), "none");
    assert_eq!(stage(&on("&programme=default").await, "RHW"), "asked");
    assert_eq!(on("&programme=other").await["items"], json!([]));
    // Of one that sites join its members are listed, and what they made in others takes their places all the same.
    let programmes = "/api/v1/admin/programmes";
    let body = json!({ "name": "Ours" });
    service.post(As::Admin, programmes, &body).await;
    let path = format!("{programmes}/ours/members/RHW");
    service.put(As::Admin, &path, &json!({})).await.good();
    let partnered =
        open(2, "RHW", "RJ7", now() - TimeDelta::days(9)).partnered(2, now() - TimeDelta::days(8));
    filled(&service, std::slice::from_ref(&partnered));
    service.database.execute(
        "INSERT INTO capacities (ods_code, partnership_places, changed_at, version) VALUES \
         ('RHW', 1, '2026-11-01 00:00:00', 1);",
    );
    let ours = on("&programme=ours").await;
    assert_eq!(ours["total"], 1);
    assert_eq!(stage(&ours, "RHW"), "none");
    let why = ours["items"][0]["why"].to_string();
    assert!(why.contains("no_places"), "{why}");
}

#[actix_web::test]
async fn the_files_say_what_the_answers_say() {
    let (service, _) = filled_service(150).await;
    let path = "/api/v1/admin/pipeline?limit=200";
    let page = service.get(As::Admin, path).await.good();
    let csv = service
        .get(As::Viewer, "/api/v1/admin/pipeline/export")
        .await;
    let rows: Vec<csv::StringRecord> = csv::Reader::from_reader(csv.body.as_ref())
        .records()
        .map(Result::unwrap)
        .collect();
    assert_eq!(page["total"], rows.len());
    for (row, item) in rows.iter().zip(page["items"].as_array().unwrap()) {
        assert_eq!(
            (&row[0], &row[4]),
            (
                item["odsCode"].as_str().unwrap(),
                item["stage"].as_str().unwrap()
            )
        );
        assert_eq!(row[11], item["topTens"].to_string());
        assert_eq!(row[8], item["openIn"].to_string());
    }
    let csv = service.get(As::Viewer, "/api/v1/admin/load/export").await;
    let load: Vec<csv::StringRecord> = csv::Reader::from_reader(csv.body.as_ref())
        .records()
        .map(Result::unwrap)
        .collect();
    assert_eq!(load.len(), rows.len());
    for (row, pipeline) in load.iter().zip(&rows) {
        assert_eq!((&row[0], &row[4]), (&pipeline[0], &pipeline[11]));
    }
    for path in ["pipeline", "load"] {
        let path = format!("/api/v1/admin/{path}/export?format=xlsx");
        let answer = service.get(As::Viewer, &path).await;
        assert_eq!((answer.status, &answer.body[..2]), (200, &b"PK"[..]));
    }
}
