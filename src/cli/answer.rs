//! An answer as a person reads it in a terminal: [`Suggestions`] in, text out, each line at most
//! [`MAX_COLUMNS`] wide.

use std::fmt::Write as _;

use crate::cli::columns::{MAX_COLUMNS, bar, fitted, printable, width, wrapped};
use crate::domain::capacity::AvailabilityState;
use crate::domain::firmness::Firmness;
use crate::domain::interval::Interval;
use crate::domain::suggestion::{
    CriterionScore, METHOD_VERSION, NamedOrganisation, OrganisationCard, Reason, Suggestion,
    Suggestions,
};

/// How many suggestions are explained below the table.
const N_EXPLAINED: usize = 3;

/// The columns of a bar.
const BAR_COLUMNS: usize = 10;

/// The columns of a distance: `19999.9 km` is half the way around the Earth.
const DISTANCE_COLUMNS: usize = 10;

/// The most columns of a name; longer ones are cut.
const MAX_NAME_COLUMNS: usize = 46;

/// The whole answer: who asked and how, the table, the reasons of the first three, and what to ask next.
#[must_use]
pub fn full(answer: &Suggestions) -> String {
    let mut out = head(answer);
    out.push_str(&table(&answer.suggestions));
    out.push_str(&not_to_be_approached(&answer.suggestions));
    let explained = &answer.suggestions[..answer.suggestions.len().min(N_EXPLAINED)];
    let unknown_of_all = unknown_of_all(explained);
    for suggestion in explained {
        out.push('\n');
        out.push_str(&explanation(suggestion, &unknown_of_all));
    }
    if !unknown_of_all.is_empty() {
        out.push('\n');
        let unknown = format!("not known of any of these: {}", unknown_of_all.join("; "));
        out.push_str(&wrapped("? ", &unknown));
    }
    if !answer.current_partners.is_empty() {
        out.push_str("\nPartners already, not suggested again:\n");
        for partner in &answer.current_partners {
            out.push_str(&wrapped("  - ", &named(partner)));
        }
    }
    if !answer.ask_next.is_empty() {
        out.push_str("\nWhat to ask next, by how much of the fit hangs on it:\n");
        for ask in &answer.ask_next {
            let effect = format!("  - {:.2}  ", ask.effect);
            out.push_str(&wrapped(
                &effect,
                &format!("{}: {}", ask.ods_code, ask.question),
            ));
        }
    }
    out
}

/// The first look at an answer: the table, and why the first is first.
#[must_use]
pub fn teaser(answer: &Suggestions) -> String {
    let mut out = wrapped("", &format!("Partners for {}:", named(&answer.seeker)));
    out.push('\n');
    out.push_str(&table(&answer.suggestions));
    if let Some(first) = answer.suggestions.first() {
        out.push('\n');
        out.push_str(&wrapped(
            "",
            &format!("Why {} comes first:", first.organisation.ods_code),
        ));
        let mut criteria: Vec<_> = first.criteria.iter().collect();
        criteria.sort_by(|a, b| b.contribution.total_cmp(&a.contribution));
        let reasons = criteria.iter().filter_map(|c| c.reasons.first());
        for reason in reasons.take(N_EXPLAINED) {
            out.push_str(&wrapped("  - ", &reason_words(reason)));
        }
        if let Some(firmness) = first.firmness {
            let words = format!("How firm that is: {}.", firmness_words(firmness));
            out.push_str(&wrapped("", &words));
        }
    }
    out
}

/// Who asked, of which data, with which weights.
fn head(answer: &Suggestions) -> String {
    let mut out = wrapped("", &format!("Partners for {}", named(&answer.seeker)));
    let candidates = match answer.n_candidates {
        1 => "1 candidate".to_owned(),
        n => format!("{n} candidates"),
    };
    let weights: Vec<_> = answer
        .method
        .weights
        .iter()
        .filter(|(_, weight)| *weight > 0.0)
        .map(|(criterion, weight)| format!("{} {weight:.2}", criterion.words()))
        .collect();
    let whose = answer.method.weights_from;
    let how = format!(
        "{candidates}, as of {}, data revision {}, method {METHOD_VERSION}. Weights of the {whose}: {}.",
        answer.as_of,
        answer.revision.0,
        weights.join(", ")
    );
    out.push_str(&wrapped("", &how));
    out.push_str(&not_counted(answer));
    out.push('\n');
    out
}

/// Which criteria with a weight could not be asked of the seeker; nothing where all could.
fn not_counted(answer: &Suggestions) -> String {
    let Some(first) = answer.suggestions.first() else {
        return String::new();
    };
    let missing: Vec<_> = answer
        .method
        .weights
        .iter()
        .filter(|(criterion, weight)| {
            let is_asked = |c: &CriterionScore| c.criterion == *criterion && c.score.is_some();
            *weight > 0.0 && !first.criteria.iter().any(is_asked)
        })
        .map(|(criterion, _)| criterion.words())
        .collect();
    if missing.is_empty() {
        return String::new();
    }
    wrapped(
        "",
        &format!(
            "Not counted, because nothing is recorded of {}'s {}; their weight is spread over the others.",
            answer.seeker.ods_code,
            missing.join(", ")
        ),
    )
}

/// What is not known of any of several candidates, which is said once and not of each.
fn unknown_of_all(explained: &[Suggestion]) -> Vec<&str> {
    let [first, others @ ..] = explained else {
        return Vec::new();
    };
    if others.is_empty() {
        return Vec::new();
    }
    let is_unknown = |suggestion: &Suggestion, text: &str| {
        let mut criteria = suggestion.criteria.iter().filter(|c| is_shown(c));
        criteria.any(|c| c.unknown.iter().any(|unknown| unknown == text))
    };
    let shown = first.criteria.iter().filter(|c| is_shown(c));
    let mut unknown: Vec<&str> = Vec::new();
    for text in shown.flat_map(|c| &c.unknown) {
        if others.iter().all(|other| is_unknown(other, text)) && !unknown.contains(&text.as_ref()) {
            unknown.push(text);
        }
    }
    unknown
}

/// One line for each suggestion, and how to read it.
fn table(suggestions: &[Suggestion]) -> String {
    if suggestions.is_empty() {
        return "No organisation can be suggested.\n".to_owned();
    }
    let code_columns = suggestions
        .iter()
        .map(|s| width(s.organisation.ods_code.as_str()))
        .fold(width("Code"), usize::max);
    let name_columns = {
        let row = |name| row(&Cells::HEAD, code_columns, name);
        MAX_NAME_COLUMNS.min(MAX_COLUMNS - (width(&row(1)) - 1))
    };
    let mut out = row(&Cells::HEAD, code_columns, name_columns);
    out.push('\n');
    for suggestion in suggestions {
        let fit = suggestion.mutual_fit;
        let distance = suggestion.distance_km.map(|km| format!("{km:.1} km"));
        let cells = Cells {
            rank: &suggestion.rank.to_string(),
            code: suggestion.organisation.ods_code.as_str(),
            name: &suggestion.organisation.name,
            distance: distance.as_deref().unwrap_or("unknown"),
            bar: &bar(fit.expected(), fit.high(), BAR_COLUMNS),
            fit: &format!("{:.2}", fit.expected()),
            range: &range(fit),
            coverage: &format!("{:.0} %", suggestion.coverage * 100.0),
        };
        out.push_str(&row(&cells, code_columns, name_columns));
        out.push('\n');
    }
    out.push_str(&wrapped(
        "",
        "█ expected, ▒ up to what it could be once all is known. Coverage: the share of the weights that rests on \
         recorded facts.",
    ));
    out
}

/// Who of the table cannot be approached, and who else there is; nothing where all can be.
fn not_to_be_approached(suggestions: &[Suggestion]) -> String {
    let mut out = String::new();
    for suggestion in suggestions {
        let Some(state) = closed_to_approaches(suggestion) else {
            continue;
        };
        let mut words = format!("{} is {state}.", suggestion.organisation.ods_code);
        for (title, others) in [
            ("Next best", &suggestion.alternates),
            ("Have partnered with it", &suggestion.relays),
        ] {
            if !others.is_empty() {
                let others: Vec<String> = others.iter().map(short).collect();
                words.push_str(&format!(" {title}: {}.", others.join("; ")));
            }
        }
        out.push_str(&wrapped("! ", &words));
    }
    if !out.is_empty() {
        out.insert(0, '\n');
    }
    out
}

/// Why a site cannot be approached for a partnership, in words; `None` where it can be.
fn closed_to_approaches(suggestion: &Suggestion) -> Option<String> {
    let until = suggestion.availability.paused_until;
    match suggestion.availability.state {
        AvailabilityState::Open | AvailabilityState::Undeclared => None,
        AvailabilityState::Full => Some("full".to_owned()),
        AvailabilityState::Paused => Some(until.map_or_else(
            || "paused until further notice".to_owned(),
            |day| format!("paused until {day}"),
        )),
    }
}

fn short(organisation: &NamedOrganisation) -> String {
    format!(
        "{} {}",
        organisation.ods_code,
        printable(&organisation.name)
    )
}

/// The cells of one line of the table.
struct Cells<'a> {
    rank: &'a str,
    code: &'a str,
    name: &'a str,
    distance: &'a str,
    bar: &'a str,
    fit: &'a str,
    range: &'a str,
    coverage: &'a str,
}

impl Cells<'_> {
    const HEAD: Self = Self {
        rank: "#",
        code: "Code",
        name: "Organisation",
        distance: "Distance",
        bar: "Mutual fit",
        fit: "",
        range: "low–high",
        coverage: "Coverage",
    };
}

fn row(cells: &Cells<'_>, code_columns: usize, name_columns: usize) -> String {
    let Cells {
        rank,
        code,
        distance,
        bar,
        fit,
        range,
        coverage,
        ..
    } = cells;
    let name = fitted(cells.name, name_columns);
    format!(
        "{rank:>3}  {code:<code_columns$}  {name}  {distance:>DISTANCE_COLUMNS$}  {bar:<BAR_COLUMNS$} {fit:>4}  \
         {range:<9}  {coverage:>8}"
    )
}

fn range(fit: Interval) -> String {
    format!("{:.2}–{:.2}", fit.low(), fit.high())
}

/// Why one suggestion is where it is, how each side sees it, and what each gains.
fn explanation(suggestion: &Suggestion, unknown_of_all: &[&str]) -> String {
    let mut title = format!("{}. {}", suggestion.rank, named(&suggestion.organisation));
    if let Some(state) = closed_to_approaches(suggestion) {
        title.push_str(&format!(" ({state})"));
    }
    let mut out = wrapped("", &title);
    let fit = |fit: Interval| format!("{:.2} ({})", fit.expected(), range(fit));
    let mut sides = format!(
        "your fit {}, their fit {}, you are number {} in their list",
        fit(suggestion.your_fit),
        fit(suggestion.their_fit),
        suggestion.reverse_rank
    );
    if suggestion.load_price > 0.0 {
        sides.push_str(&format!(
            ", {:.2} off its place, since many see it",
            suggestion.load_price
        ));
    }
    out.push_str(&wrapped("   ", &sides));
    if let Some(firmness) = suggestion.firmness {
        out.push_str(&wrapped("   ", &firmness_words(firmness)));
    }
    for criterion in suggestion.criteria.iter().filter(|c| is_shown(c)) {
        out.push_str(&criterion_words(criterion, unknown_of_all));
    }
    for (title, sentences) in [
        ("You gain", &suggestion.you_gain),
        ("They gain", &suggestion.they_gain),
    ] {
        if !sentences.is_empty() {
            writeln!(out, "   {title}").ok();
            for sentence in sentences {
                out.push_str(&wrapped("     - ", sentence));
            }
        }
    }
    out
}

/// In how many of a hundred draws of the weights and of what is not known it comes out on top.
fn firmness_words(firmness: Firmness) -> String {
    format!(
        "first in {:.0} of 100 ways to weigh the criteria and to fill the gaps, among the first three in {:.0}",
        firmness.first * 100.0,
        firmness.top_three * 100.0
    )
}

/// Whether a criterion was asked of the seeker, and by it.
fn is_shown(criterion: &CriterionScore) -> bool {
    criterion.score.is_some() && criterion.weight > 0.0
}

/// One criterion: its score, its reasons and what is not known of this candidate alone.
fn criterion_words(criterion: &CriterionScore, unknown_of_all: &[&str]) -> String {
    let words = criterion.criterion.words();
    let weight = criterion.weight;
    let mut out = criterion.score.map_or_else(String::new, |score| {
        let (expected, range) = (score.expected(), range(score));
        wrapped(
            "   ",
            &format!("{words} {expected:.2} ({range}), weight {weight:.2}"),
        )
    });
    for reason in &criterion.reasons {
        out.push_str(&wrapped("     - ", &reason_words(reason)));
    }
    let unknown: Vec<&str> = criterion
        .unknown
        .iter()
        .map(AsRef::as_ref)
        .filter(|text| !unknown_of_all.contains(text))
        .collect();
    if !unknown.is_empty() {
        let unknown = format!("not known: {}", unknown.join("; "));
        out.push_str(&wrapped("     ? ", &unknown));
    }
    out
}

/// The sentence, then where it is from and of when.
fn reason_words(reason: &Reason) -> String {
    let as_of = reason.as_of.map(|date| date.to_string());
    let from: Vec<_> = [reason.source.as_deref(), as_of.as_deref()]
        .into_iter()
        .flatten()
        .collect();
    match from.as_slice() {
        [] => reason.text.to_string(),
        from => format!("{} [{}]", reason.text, from.join(", ")),
    }
}

fn named(organisation: &OrganisationCard) -> String {
    format!(
        "{} {}",
        organisation.ods_code,
        printable(&organisation.name)
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::capacity::{Capacity, Pause, PausedBy, Taken};
    use crate::domain::firmness::{Draws, FirmnessRequest};
    use crate::domain::ids::{OdsCode, Revision, Slug};
    use crate::domain::organisation::CareSettings;
    use crate::domain::profile::Attribute;
    use crate::domain::programme::Criterion;
    use crate::domain::suggestion::{Ask, Fact, Method, WeightsFrom};
    use chrono::NaiveDate;

    fn organisation(code: &str, name: &str) -> OrganisationCard {
        OrganisationCard {
            ods_code: OdsCode::new(code).unwrap(),
            name: name.to_owned(),
            care_settings: CareSettings::default(),
            icb: None,
            region: None,
            position: None,
        }
    }

    fn suggestion(rank: u32, code: &str, name: &str) -> Suggestion {
        let fit = Interval::new(0.58, 0.71, 0.85);
        Suggestion {
            rank,
            organisation: organisation(code, name),
            distance_km: Some(39.24),
            mutual_fit: fit,
            your_fit: fit,
            their_fit: fit,
            reverse_rank: 2,
            coverage: 0.9,
            load_price: 0.0,
            criteria: vec![
                criterion(Criterion::CoreSystem, 0.05, "Both run the same record."),
                criterion(Criterion::Geography, 0.16, "39 km between head offices."),
            ],
            you_gain: vec!["How they did it.".to_owned()],
            they_gain: vec!["How you did it.".to_owned()],
            availability: Capacity::default().availability(NaiveDate::MAX),
            alternates: Vec::new(),
            relays: Vec::new(),
            firmness: Some(Firmness {
                first: 0.423,
                top_three: 0.876,
            }),
        }
    }

    fn criterion(criterion: Criterion, contribution: f64, reason: &str) -> CriterionScore {
        CriterionScore {
            criterion,
            weight: 0.5,
            score: Some(Interval::new(0.2, 0.8, 1.0)),
            contribution,
            their_score: None,
            reasons: vec![Reason {
                code: "a_reason",
                text: reason.to_owned().into(),
                source: Some("A published list".into()),
                as_of: Some("2024-10".parse().unwrap()),
            }],
            unknown: vec!["pharmacy system".into()],
        }
    }

    fn answer(suggestions: Vec<Suggestion>) -> Suggestions {
        Suggestions {
            seeker: organisation("RTH", "OXFORD UNIVERSITY HOSPITALS NHS FOUNDATION TRUST"),
            revision: Revision(12),
            as_of: NaiveDate::from_ymd_opt(2026, 11, 22).unwrap(),
            method: Method {
                programme: Slug::new("default").unwrap(),
                weights_from: WeightsFrom::Programme,
                weights: vec![(Criterion::CoreSystem, 0.5), (Criterion::Geography, 0.5)],
                firmness: FirmnessRequest::of(Draws::DEFAULT),
                spread_load: false,
            },
            n_candidates: suggestions.len(),
            suggestions,
            current_partners: Vec::new(),
            ask_next: vec![Ask {
                ods_code: OdsCode::new("RTH").unwrap(),
                fact: Fact::Attribute(Attribute::EthosSharing),
                effect: 0.1,
                question: "How openly do you share?".to_owned(),
            }],
            firmness_tables: None,
        }
    }

    fn assert_narrow(text: &str) {
        for line in text.lines() {
            let columns = line.chars().count().max(width(line));
            assert!(columns <= MAX_COLUMNS, "{columns}: {line}");
            assert_eq!(line, line.trim_end(), "no space at the end of a line");
        }
    }

    #[test]
    fn a_row_has_rank_code_name_distance_fit_and_coverage() {
        let text = full(&answer(vec![suggestion(
            1,
            "RHW",
            "ROYAL BERKSHIRE NHS FOUNDATION TRUST",
        )]));
        let row = text
            .lines()
            .find(|line| line.starts_with("  1  RHW"))
            .unwrap();
        let cells: Vec<_> = row.split_whitespace().collect();
        assert_eq!(
            cells[cells.len() - 7..],
            ["39.2", "km", "███████▒▒░", "0.71", "0.58–0.85", "90", "%"]
        );
        assert!(row.contains("ROYAL BERKSHIRE NHS FOUNDATION TRUST"));
        assert_narrow(&text);
    }

    #[test]
    fn the_first_three_are_explained_and_what_to_ask_comes_last() {
        let rows = ["RHW", "RTK", "RXQ", "RYE"].iter().zip(1..);
        let mut rows: Vec<_> = rows
            .map(|(code, rank)| suggestion(rank, code, "A TRUST"))
            .collect();
        rows[1].criteria[0].unknown.push("its age".into());
        let text = full(&answer(rows));
        assert!(text.contains(
            "\n3. RXQ A TRUST\n   your fit 0.71 (0.58–0.85), their fit 0.71 (0.58–0.85), you are number 2 in their \
             list\n   first in 42 of 100 ways to weigh the criteria and to fill the gaps, among the first three in 88\n   core systems 0.80 (0.20–1.00), weight 0.50\n"
        ));
        assert!(!text.contains("4. RYE"));
        assert!(text.contains("     - Both run the same record. [A published list, 2024-10]\n"));
        assert!(text.contains("     ? not known: its age\n"));
        assert_eq!(text.matches("pharmacy system").count(), 1);
        assert!(text.contains("\n? not known of any of these: pharmacy system\n"));
        assert!(text.contains("   You gain\n     - How they did it.\n   They gain\n"));
        assert!(text.ends_with("  - 0.10  RTH: How openly do you share?\n"));
    }

    #[test]
    fn long_names_and_words_keep_to_the_columns() {
        let mut long = suggestion(50, "ABCDEFGHIJKL", &"VERY LONG NAME ".repeat(20));
        long.criteria[0].reasons[0].text = ("word ".repeat(60) + &"x".repeat(250)).into();
        long.criteria[0].unknown = vec!["unknown thing".into(); 20];
        long.distance_km = Some(19_999.94);
        long.you_gain = vec!["漢字".repeat(100)];
        let mut answer = answer(vec![
            long,
            suggestion(2, "RHW", "漢字\n\x1b[31m".repeat(30).as_str()),
        ]);
        answer.current_partners = vec![organisation("RTK", &"PARTNER ".repeat(30))];
        answer.ask_next[0].question = "Why? ".repeat(60);
        assert_narrow(&full(&answer));
        assert_narrow(&teaser(&answer));
        assert!(!full(&answer).contains('\x1b'));
    }

    #[test]
    fn who_cannot_be_approached_is_named_with_who_else_there_is() {
        let other = |code: &str| NamedOrganisation {
            ods_code: OdsCode::new(code).unwrap(),
            name: "ANOTHER TRUST".to_owned(),
        };
        let day = NaiveDate::from_ymd_opt(2026, 11, 22).unwrap();
        let mut full_one = suggestion(1, "RHW", "A TRUST");
        let mut capacity = Capacity {
            taken: Taken {
                partnerships: 3,
                conversations: 0,
            },
            ..Capacity::default()
        };
        full_one.availability = capacity.availability(day);
        full_one.alternates = vec![other("RXQ"), other("RYE")];
        full_one.relays = vec![other("RTK")];
        let mut paused = suggestion(2, "RJ7", "A TRUST");
        capacity.pauses.push(Pause {
            by: PausedBy::Site,
            until: Some(day),
            reason: None,
            since: chrono::DateTime::UNIX_EPOCH,
            version: crate::domain::version::Version(1),
        });
        paused.availability = capacity.availability(day);
        let text = full(&answer(vec![
            full_one,
            paused,
            suggestion(3, "RYR", "A TRUST"),
        ]));
        assert!(text.contains(
            "\n! RHW is full. Next best: RXQ ANOTHER TRUST; RYE ANOTHER TRUST. Have partnered with it: RTK ANOTHER"
        ));
        assert!(text.contains("\n! RJ7 is paused until 2026-11-22.\n"));
        assert!(text.contains("\n1. RHW A TRUST (full)\n"));
        assert!(text.contains("\n2. RJ7 A TRUST (paused until 2026-11-22)\n"));
        assert!(!text.contains("RYR is") && text.contains("\n3. RYR A TRUST\n"));
        assert_narrow(&text);
    }

    #[test]
    fn what_could_not_be_asked_of_the_seeker_is_named() {
        let mut one = suggestion(1, "RHW", "A TRUST");
        for criterion in &mut one.criteria {
            criterion.score = None;
        }
        let text = full(&answer(vec![one]));
        let words = "Not counted, because nothing is recorded of RTH's core systems, geography; their weight is spread over the";
        assert!(text.contains(&words[..60]), "{text}");
        assert_narrow(&text);
        let text = full(&answer(vec![suggestion(1, "RHW", "A TRUST")]));
        assert!(!text.contains("Not counted"));
    }

    #[test]
    fn nobody_to_suggest_is_said_in_words() {
        let text = full(&answer(Vec::new()));
        assert!(
            text.contains("0 candidates") && text.contains("No organisation can be suggested.")
        );
        assert!(teaser(&answer(Vec::new())).contains("No organisation can be suggested."));
        assert_narrow(&text);
    }

    #[test]
    fn a_distance_that_is_not_known_is_said_to_be() {
        let mut far = suggestion(1, "RHW", "A TRUST");
        far.distance_km = None;
        let text = full(&answer(vec![far]));
        assert!(text.contains("     unknown  █"), "{text}");
        assert_narrow(&text);
    }

    #[test]
    fn the_first_look_gives_the_weightiest_reason_first() {
        let text = teaser(&answer(vec![suggestion(1, "RHW", "A TRUST")]));
        let at = |reason| text.find(reason).unwrap();
        assert!(at("39 km between") < at("Both run"));
        assert_narrow(&text);
    }
}
