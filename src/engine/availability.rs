//! Who can be approached, and who else there is where somebody cannot: the next best of the seeker's own ranking, and relays,
//! who have partnered with the one that is full or paused (DESIGN 4.11).

use chrono::NaiveDate;

use crate::domain::capacity::{Availability, AvailabilityState, Capacity};
use crate::domain::ids::OdsCode;
use crate::domain::register::Register;
use crate::domain::suggestion::NamedOrganisation;
use crate::engine::columns::Row;
use crate::engine::criteria::learning::topic_number;
use crate::engine::rank::Ranked;
use crate::engine::snapshot::Snapshot;
use crate::engine::view::View;

/// The most alternates, and the most relays, of one suggestion: enough to choose from, few enough to read.
pub const MAX_ELSEWHERE: usize = 3;

/// What limits the sites that have something to say of it; few have, so these are lists and no columns.
#[derive(Debug)]
pub(crate) struct AvailabilityLists {
    /// By row. Who is not in it declared nothing, has no partner and is not paused.
    capacities: Vec<(Row, Capacity)>,
    /// Who gave whom which topic in a partnership: giver, receiver, number of the topic; sorted.
    taught: Vec<(Row, Row, u32)>,
}

impl AvailabilityLists {
    pub(crate) fn new(register: &Register, row_of: impl Fn(OdsCode) -> Option<Row>) -> Self {
        let capacities = register.capacities.iter();
        let mut capacities: Vec<(Row, Capacity)> = capacities
            .filter_map(|(code, capacity)| Some((row_of(*code)?, capacity.clone())))
            .collect();
        capacities.sort_unstable_by_key(|&(row, _)| row);
        capacities.shrink_to_fit();
        let mut taught: Vec<(Row, Row, u32)> = register
            .taught
            .iter()
            .filter_map(|taught| {
                let topic = topic_number(&register.topics, &taught.topic)?;
                Some((row_of(taught.giver)?, row_of(taught.receiver)?, topic))
            })
            .collect();
        taught.sort_unstable();
        taught.shrink_to_fit();
        Self { capacities, taught }
    }

    /// Whether a row can be approached for a partnership on a day.
    pub(crate) fn of(&self, row: Row, day: NaiveDate) -> Availability {
        match self.capacities.binary_search_by_key(&row, |&(row, _)| row) {
            Ok(at) => self.capacities[at].1.availability(day),
            Err(_) => Capacity::default().availability(day),
        }
    }

    /// The topics that one row gave another, in order.
    fn taught(&self, giver: Row, receiver: Row) -> impl Iterator<Item = u32> {
        let start = self
            .taught
            .partition_point(|&(g, r, _)| (g, r) < (giver, receiver));
        self.taught[start..]
            .iter()
            .take_while(move |&&(g, r, _)| (g, r) == (giver, receiver))
            .map(|&(_, _, topic)| topic)
    }

    /// Bytes on the heap.
    pub(crate) fn heap_bytes(&self) -> usize {
        let pauses = self.capacities.iter().map(|(_, capacity)| {
            capacity.pauses.capacity() * size_of::<crate::domain::capacity::Pause>()
        });
        self.capacities.capacity() * size_of::<(Row, Capacity)>()
            + pauses.sum::<usize>()
            + self.taught.capacity() * size_of::<(Row, Row, u32)>()
    }
}

/// Whether a site in this state can be approached.
const fn is_approachable(state: AvailabilityState) -> bool {
    matches!(
        state,
        AvailabilityState::Open | AvailabilityState::Undeclared
    )
}

impl Snapshot {
    /// Whether an active organisation can be approached for a partnership on a day; `None` where it is not one.
    #[must_use]
    pub fn availability(&self, code: OdsCode, day: NaiveDate) -> Option<Availability> {
        Some(self.availability.of(self.row(code)?, day))
    }

    fn named(&self, row: Row) -> NamedOrganisation {
        NamedOrganisation {
            ods_code: self.code(row),
            name: self.name(row).to_owned(),
        }
    }
}

/// Where else to go, for candidates that cannot be approached.
pub(crate) struct Elsewhere<'a> {
    view: &'a View<'a>,
    /// Those who can be approached, in the seeker's order: enough of them to find the next after every candidate that is told.
    open: Vec<Ranked>,
}

impl<'a> Elsewhere<'a> {
    /// Looks after the candidates of a list, in its order. Takes another scan only where one of them cannot be approached.
    pub(crate) fn after_list(
        view: &'a View<'a>,
        ranked: &[Ranked],
        is_shown: impl Fn(Row) -> bool,
    ) -> Self {
        let open = if ranked.iter().all(|r| view.is_open(r.row)) {
            Vec::new()
        } else {
            // Before any of them there are fewer than they are together.
            let enough = ranked.len() + MAX_ELSEWHERE;
            view.top(enough, |row| is_shown(row) && view.is_open(row)).0
        };
        Self { view, open }
    }

    /// Looks after one candidate, whatever its place.
    pub(crate) fn after_one(
        view: &'a View<'a>,
        candidate: Ranked,
        is_shown: impl Fn(Row) -> bool,
    ) -> Self {
        let open = if view.is_open(candidate.row) {
            Vec::new()
        } else {
            let is_shown = |row| is_shown(row) && view.is_open(row);
            view.top_after(candidate, MAX_ELSEWHERE, is_shown)
        };
        Self { view, open }
    }

    /// The next best who can be approached; nobody where the candidate itself can be.
    pub(crate) fn alternates(&self, candidate: Row) -> Vec<NamedOrganisation> {
        if self.view.is_open(candidate) {
            return Vec::new();
        }
        let candidate = self.view.ranked(candidate);
        let after = self.open.iter().filter(|other| candidate.is_before(other));
        after
            .take(MAX_ELSEWHERE)
            .map(|other| self.view.day.snapshot.named(other.row))
            .collect()
    }

    /// Those who have partnered with the candidate; nobody where the candidate itself can be approached. First those to whom
    /// it gave most of what the seeker seeks, then who can be approached, then by how much the partnership counts today.
    pub(crate) fn relays(
        &self,
        candidate: Row,
        is_shown: impl Fn(Row) -> bool,
    ) -> Vec<NamedOrganisation> {
        let view = self.view;
        if view.is_open(candidate) {
            return Vec::new();
        }
        let snapshot = view.day.snapshot;
        let sought: Vec<u32> = snapshot.learning.sought(view.seeker).collect();
        let partners = snapshot.links.partners(candidate, view.day.as_of);
        let mut relays: Vec<(usize, bool, f64, Row)> = partners
            .into_iter()
            .filter(|&(row, _)| {
                row != view.seeker && !snapshot.are_related(view.seeker, row) && is_shown(row)
            })
            .map(|(row, value)| {
                let taught = snapshot.availability.taught(candidate, row);
                let n_sought = taught.filter(|topic| sought.contains(topic)).count();
                (n_sought, view.is_open(row), value, row)
            })
            .collect();
        relays.sort_by(|a, b| {
            (b.0, b.1)
                .cmp(&(a.0, a.1))
                .then(b.2.total_cmp(&a.2))
                .then(a.3.cmp(&b.3))
        });
        relays
            .into_iter()
            .take(MAX_ELSEWHERE)
            .map(|(_, _, _, row)| snapshot.named(row))
            .collect()
    }
}

impl View<'_> {
    /// Whether a row can be approached on the day.
    pub(crate) fn is_open(&self, row: Row) -> bool {
        is_approachable(self.availability(row).state)
    }

    /// Whether a row can be approached on the day, and until when not.
    pub(crate) fn availability(&self, row: Row) -> Availability {
        self.day.snapshot.availability.of(row, self.day.as_of)
    }
}

/// The rows of active organisations among codes that are sorted; sorted.
pub(crate) fn rows_of(snapshot: &Snapshot, codes: impl Iterator<Item = OdsCode>) -> Vec<Row> {
    codes.filter_map(|code| snapshot.row(code)).collect()
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;
    use crate::domain::capacity::{Pause, PausedBy, Places, Taken};
    use crate::domain::exclusion::Excluded;
    use crate::domain::firmness::{Draws, FirmnessRequest};
    use crate::domain::ids::Slug;
    use crate::domain::link::LinkKind;
    use crate::domain::profile::TopicNeed;
    use crate::domain::register::Taught;
    use crate::domain::suggestion::{
        Filters, Limit, PairQuestion, SeenBy, Suggestion, SuggestionRequest, Suggestions,
    };
    use crate::domain::version::Version;
    use crate::engine::answer::{pairs, suggest};
    use crate::engine::test_register::{code, link, organisation, register};

    fn day() -> NaiveDate {
        "2026-11-22".parse().unwrap()
    }

    /// AAA seeks hepma; the others lie ever farther away.
    fn trusts() -> Register {
        let seeker = organisation("AAA").on_topic("hepma", Some(TopicNeed::Wanted), None);
        let mut built = vec![seeker.at(51.0, 0.0)];
        for (north, name) in (1_u8..).zip(["BBB", "CCC", "DDD", "EEE", "FFF", "GGG"]) {
            built.push(organisation(name).at(51.0 + f64::from(north) / 10.0, 0.0));
        }
        register(&built)
    }

    fn full(taken: u32) -> Capacity {
        Capacity {
            places: Places {
                partnerships: Some(taken),
                conversations: None,
            },
            taken: Taken {
                partnerships: taken,
                conversations: 0,
            },
            ..Capacity::default()
        }
    }

    fn paused(until: &str) -> Capacity {
        Capacity {
            pauses: vec![Pause {
                by: PausedBy::Admin,
                until: until.parse().ok(),
                reason: None,
                since: DateTime::UNIX_EPOCH,
                version: Version(1),
            }],
            ..Capacity::default()
        }
    }

    fn with(capacities: &[(&str, Capacity)]) -> Register {
        let mut register = trusts();
        register.capacities = capacities
            .iter()
            .map(|(name, capacity)| (code(name), capacity.clone()))
            .collect();
        register.sort();
        register
    }

    fn excluding(codes: &[&str]) -> Excluded {
        codes.iter().map(|name| code(name)).collect()
    }

    fn asked(register: &Register, limit: i64, excluded: &[&str]) -> Suggestions {
        let request = SuggestionRequest {
            seeker: code("AAA"),
            seen_by: SeenBy::Site,
            weights: None,
            filters: Filters::default(),
            limit: Limit::new(limit).unwrap(),
            as_of: day(),
            firmness: FirmnessRequest::of(Draws::NONE),
            spread_load: None,
        };
        suggest(
            &Snapshot::new(register),
            &request,
            &excluding(excluded),
            None,
        )
        .unwrap()
    }

    fn pair(register: &Register, candidate: &str, excluded: &[&str]) -> Suggestion {
        let candidates = [code(candidate)];
        let snapshot = Snapshot::new(register);
        let excluded = excluding(excluded);
        let answer = pairs(
            &snapshot,
            PairQuestion::plain(code("AAA"), SeenBy::Site, day()),
            &candidates,
            &excluded,
            None,
        );
        answer.unwrap().candidates.remove(0)
    }

    fn names(named: &[NamedOrganisation]) -> String {
        let codes: Vec<&str> = named.iter().map(|n| n.ods_code.as_str()).collect();
        codes.join(" ")
    }

    #[test]
    fn who_said_nothing_is_undeclared_and_has_no_one_in_its_stead() {
        let answer = asked(&trusts(), 10, &[]);
        assert_eq!(answer.suggestions.len(), 6);
        for suggestion in answer.suggestions {
            assert_eq!(suggestion.availability.state, AvailabilityState::Undeclared);
            assert!(suggestion.alternates.is_empty() && suggestion.relays.is_empty());
        }
    }

    #[test]
    fn who_is_full_stays_in_its_place_with_the_next_best_who_can_be_approached() {
        let register = with(&[("BBB", full(2)), ("DDD", paused("2027-01-01"))]);
        let answer = asked(&register, 3, &[]);
        let places: Vec<_> = answer
            .suggestions
            .iter()
            .map(|s| (s.organisation.ods_code.to_string(), s.availability.state))
            .collect();
        let expected = [
            ("BBB", AvailabilityState::Full),
            ("CCC", AvailabilityState::Undeclared),
            ("DDD", AvailabilityState::Paused),
        ];
        assert_eq!(
            places,
            expected.map(|(name, state)| (name.to_owned(), state))
        );
        assert_eq!(names(&answer.suggestions[0].alternates), "CCC EEE FFF");
        assert_eq!(names(&answer.suggestions[2].alternates), "EEE FFF GGG");
        // Asked for by itself, each is told the same.
        for suggestion in answer.suggestions {
            let name = suggestion.organisation.ods_code.to_string();
            assert_eq!(pair(&register, &name, &[]), suggestion);
        }
    }

    #[test]
    fn a_pause_ends_with_its_last_day() {
        let register = with(&[("BBB", paused("2026-11-21"))]);
        let state = pair(&register, "BBB", &[]).availability.state;
        assert_eq!(state, AvailabilityState::Undeclared);
    }

    #[test]
    fn nobody_comes_after_the_last() {
        let answer = asked(&with(&[("GGG", full(1))]), 10, &[]);
        assert!(answer.suggestions[5].alternates.is_empty());
    }

    #[test]
    fn whom_the_seeker_excludes_is_no_alternate_no_relay_and_no_suggestion() {
        let mut register = with(&[("BBB", full(1))]);
        let partnered = |with| link("BBB", with, LinkKind::Partnership, Some("2020"), None);
        register.links = vec![partnered("CCC"), partnered("DDD")];
        register.sort();
        let answer = asked(&register, 10, &["CCC", "EEE"]);
        let first = &answer.suggestions[0];
        assert_eq!(names(&first.alternates), "DDD FFF GGG");
        assert_eq!(names(&first.relays), "DDD");
        assert_eq!(answer.n_candidates, 4);
        let ranks: Vec<u32> = answer.suggestions.iter().map(|s| s.rank).collect();
        assert_eq!(ranks, [1, 2, 3, 4]);
        assert_eq!(pair(&register, "BBB", &["CCC", "EEE"]), *first);
        // The site's own question about one that it excludes is answered, and others' ranks pass over it.
        assert_eq!(pair(&register, "CCC", &["CCC", "EEE"]).rank, 2);
        assert_eq!(pair(&register, "DDD", &["CCC", "EEE"]).rank, 2);
        assert_eq!(pair(&register, "DDD", &[]).rank, 3);
    }

    #[test]
    fn an_exclusion_moves_no_score() {
        let register = trusts();
        let all = asked(&register, 10, &[]);
        let some = asked(&register, 10, &["BBB", "EEE"]);
        let kept = all.suggestions.into_iter().filter(|s| {
            let name = s.organisation.ods_code.as_str();
            name != "BBB" && name != "EEE"
        });
        let (kept, some): (Vec<_>, Vec<_>) = kept
            .zip(some.suggestions)
            .map(|(mut before, after)| {
                before.rank = after.rank;
                (before, after)
            })
            .unzip();
        assert_eq!(kept, some);
        assert_eq!(kept.len(), 4);
    }

    #[test]
    fn relays_are_those_who_learned_what_the_seeker_seeks_then_who_can_be_approached() {
        let mut register = with(&[("BBB", full(4)), ("DDD", full(1))]);
        let partnered = |with, ended| link("BBB", with, LinkKind::Partnership, Some("2010"), ended);
        let declared = |with| {
            let mut link = partnered(with, None);
            link.standing = crate::domain::link::LinkStanding::Declared;
            link
        };
        register.links = vec![
            partnered("CCC", Some("2015")),
            partnered("DDD", None),
            partnered("EEE", None),
            partnered("FFF", Some("2012")),
            declared("GGG"),
            link("BBB", "GGG", LinkKind::SharedSystem, None, None),
            partnered("AAA", Some("2016")),
        ];
        register.taught = vec![
            Taught {
                giver: code("BBB"),
                receiver: code("FFF"),
                topic: Slug::new("hepma").unwrap(),
            },
            Taught {
                giver: code("CCC"),
                receiver: code("BBB"),
                topic: Slug::new("hepma").unwrap(),
            },
        ];
        register.sort();
        // FFF learned it from BBB; EEE can be approached and is a partner today; CCC was one; DDD is full; GGG is none by its
        // own word alone, and AAA is the seeker.
        assert_eq!(names(&pair(&register, "BBB", &[]).relays), "FFF EEE CCC");
        register.links.retain(|link| link.ends().1 != code("CCC"));
        assert_eq!(names(&pair(&register, "BBB", &[]).relays), "FFF EEE DDD");
    }
}
