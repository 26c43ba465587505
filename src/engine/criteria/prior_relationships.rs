//! What two organisations have had to do with each other (DESIGN 4.6).

use chrono::{Months, NaiveDate};

use crate::domain::dates::PartialDate;
use crate::domain::ids::OdsCode;
use crate::domain::interval::Interval;
use crate::domain::link::{Link, LinkKind, LinkStanding, Network};
use crate::domain::provenance::Provenance;
use crate::engine::columns::{Interner, Lists, Row, Texts, index};
use crate::engine::lineage::Lineage;

/// The largest network in which membership counts as knowing each other (DESIGN 4.6).
pub const MAX_NETWORK_MEMBERS: usize = 60;
/// What a link that one side declared counts for until the other confirms (DESIGN 4.6).
pub const DECLARED_FACTOR: f64 = 0.5;
/// How far a link that nobody recorded can raise the score: at most by this share of what is left (DESIGN 4.6).
pub const UNRECORDED_SHARE: f64 = 0.5;
/// The days in a year (DESIGN 4.6).
pub(crate) const DAYS_A_YEAR: f64 = 365.25;
/// A list declared complete counts as complete for so many months (DESIGN 4.6).
pub(crate) const COMPLETE_MONTHS: u32 = 24;
const COMPLETE_FOR: Months = Months::new(COMPLETE_MONTHS);

/// A kind's strength, `0..=1`, and the years in which it halves after its end.
///
/// # References
///
/// The table of DESIGN 4.6.
#[must_use]
pub const fn strength_and_half_life(kind: LinkKind) -> (f64, f64) {
    match kind {
        LinkKind::Partnership | LinkKind::SharedSystem | LinkKind::HospitalGroup => (0.9, 5.0),
        LinkKind::SharedLeadership | LinkKind::JointProgramme => (0.8, 5.0),
        LinkKind::ProgrammePairing => (0.7, 5.0),
        LinkKind::JointProcurement => (0.6, 4.0),
        LinkKind::ProviderCollaborative | LinkKind::Secondment => (0.5, 4.0),
        LinkKind::StaffMove => (0.4, 4.0),
        LinkKind::Conversation | LinkKind::SiteVisit => (0.3, 2.0),
        LinkKind::SharedNetwork => (0.1, 3.0),
        LinkKind::Other => (0.3, 3.0),
    }
}

/// A link or a shared membership, reduced to what its value needs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LinkFact {
    pub(crate) kind: LinkKind,
    pub(crate) started: Option<PartialDate>,
    pub(crate) ended: Option<PartialDate>,
    pub(crate) standing: LinkStanding,
    /// The number of its provenance.
    pub(crate) provenance: u32,
}

impl LinkFact {
    /// What the link is worth on a day, `0..=1`; `None` where it does not count: disputed, or not begun.
    ///
    /// A date known to the month or the year counts as its first day where it is a start, as its last where it is an end.
    pub(crate) fn value(&self, as_of: NaiveDate) -> Option<f64> {
        if self.started.is_some_and(|d| d.first_day() > as_of) {
            return None;
        }
        let standing = match self.standing {
            LinkStanding::Published | LinkStanding::Confirmed => 1.0,
            LinkStanding::Declared => DECLARED_FACTOR,
            LinkStanding::Disputed => return None,
        };
        let end = if self.kind.is_moment() {
            self.started.map(PartialDate::first_day)
        } else {
            self.ended.map(PartialDate::last_day)
        };
        let (strength, half_life) = strength_and_half_life(self.kind);
        let factor = match end {
            Some(end) if end < as_of => (-years_between(end, as_of) / half_life).exp2(),
            Some(_) | None => 1.0,
        };
        Some(strength * standing * factor)
    }
}

impl LinkFact {
    /// Whether it had ended by a day.
    pub(crate) fn is_over(&self, as_of: NaiveDate) -> bool {
        self.kind.is_moment() || self.ended.is_some_and(|d| d.last_day() < as_of)
    }

    /// Whether it is a partnership that both sides, or a publication, stand behind.
    fn is_partnership(&self) -> bool {
        self.kind == LinkKind::Partnership
            && matches!(
                self.standing,
                LinkStanding::Published | LinkStanding::Confirmed
            )
    }

    /// Whether it is such a partnership and lasts on a day: the word of one side takes nobody off anybody's list.
    fn is_current_partnership(&self, as_of: NaiveDate) -> bool {
        self.is_partnership() && !self.is_over(as_of)
    }
}

fn years_between(earlier: NaiveDate, later: NaiveDate) -> f64 {
    let days = i32::try_from((later - earlier).num_days()).unwrap_or(i32::MAX);
    f64::from(days) / DAYS_A_YEAR
}

/// The score as an interval: a link that nobody recorded can still add, unless both lists are declared complete.
pub(crate) fn score_interval(r: f64, both_complete: bool) -> Interval {
    let high = if both_complete {
        r
    } else {
        1.0 - (1.0 - r) * (1.0 - UNRECORDED_SHARE)
    };
    Interval::new(r, r, high)
}

/// One row's edge to another.
#[derive(Clone, Copy, Debug)]
struct Edge {
    other: Row,
    link: u32,
}

/// Something that joins a row to another: a link, or a network by its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tie {
    /// The number of a link.
    Link(u32),
    /// The number of a network, and when the membership of both ended, where one of the two left or the network is over.
    Network(u32, Option<PartialDate>),
}

/// A member of a network, and when it left, where it did.
type Member = (Row, Option<PartialDate>);

/// The earlier of two ends, of which either may not have come.
fn earlier(a: Option<PartialDate>, b: Option<PartialDate>) -> Option<PartialDate> {
    let days = |date: &PartialDate| (date.last_day(), date.first_day());
    a.into_iter().chain(b).min_by_key(days)
}

/// Who is a member today, and who was until when. Whoever is a member today, by itself or for one that it followed, did not
/// leave; whoever left more than once, or for several that it followed, left last of all.
fn members_today(network: &Network, rows_today: impl Fn(OdsCode) -> Vec<Row>) -> Vec<Member> {
    let members = network.members.iter().map(|&code| (code, None));
    let departed = network.departed.iter().map(|&(code, on)| (code, Some(on)));
    let mut found: Vec<Member> = members
        .chain(departed)
        .flat_map(|(code, left)| rows_today(code).into_iter().map(move |row| (row, left)))
        .collect();
    // Those who are members come first, then the latest departure; the first of each row stays.
    found.sort_by_key(|&(row, left)| {
        (
            row,
            std::cmp::Reverse(left.map_or(NaiveDate::MAX, PartialDate::last_day)),
        )
    });
    found.dedup_by_key(|&mut (row, _)| row);
    found
}

/// What joins one row to one other, folded into a number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Relation {
    pub(crate) other: Row,
    /// `1 - product of (1 - value)`, `0..=1`.
    pub(crate) r: f64,
    /// Whether a partnership lasts between the two.
    pub(crate) is_current_partner: bool,
}

/// The links and networks of all active organisations.
#[derive(Debug)]
pub(crate) struct LinkColumns {
    links: Vec<LinkFact>,
    edges: Lists<Edge>,
    networks: Vec<LinkFact>,
    network_names: Texts,
    network_members: Vec<Box<[Member]>>,
    networks_of: Lists<u32>,
    /// Rows that declared their list complete, with the day; sorted.
    complete_on: Vec<(Row, NaiveDate)>,
}

impl LinkColumns {
    /// Carries every link and membership to who is there today, and lists them by row.
    pub(crate) fn new(
        n_rows: usize,
        row_of: &dyn Fn(OdsCode) -> Option<Row>,
        lineage: &Lineage<'_>,
        (links, networks): (&[Link], &[Network]),
        mut complete_on: Vec<(Row, NaiveDate)>,
        provenances: &mut Interner<Provenance>,
    ) -> Self {
        let rows_today = |code| {
            lineage
                .today(code)
                .into_iter()
                .filter_map(row_of)
                .collect::<Vec<Row>>()
        };
        let mut facts = Vec::with_capacity(links.len());
        let mut edges: Vec<(Row, Edge)> = Vec::new();
        for link in links {
            let (ours, theirs) = (rows_today(link.ends().0), rows_today(link.ends().1));
            // After a split each successor carries the link; where both ends came to the same two, it is still one link.
            let mut pairs: Vec<(Row, Row)> = ours
                .iter()
                .flat_map(|&a| theirs.iter().map(move |&b| (a.min(b), a.max(b))))
                .filter(|(a, b)| a != b)
                .collect();
            pairs.sort_unstable();
            pairs.dedup();
            if pairs.is_empty() {
                continue;
            }
            let number = index(facts.len());
            facts.push(LinkFact {
                kind: link.kind(),
                started: link.started(),
                ended: link.ended(),
                standing: link.standing,
                provenance: provenances.number(&link.provenance),
            });
            for (a, b) in pairs {
                edges.push((
                    a,
                    Edge {
                        other: b,
                        link: number,
                    },
                ));
                edges.push((
                    b,
                    Edge {
                        other: a,
                        link: number,
                    },
                ));
            }
        }
        edges.sort_unstable_by_key(|&(row, edge)| (row, edge.other, edge.link));
        let mut columns = Self {
            links: facts,
            edges: Lists::from_sorted(n_rows, edges),
            networks: Vec::new(),
            network_names: Texts::default(),
            network_members: Vec::new(),
            networks_of: Lists::from_sorted(n_rows, Vec::new()),
            complete_on: Vec::new(),
        };
        let mut memberships = Vec::new();
        for network in networks {
            let members = members_today(network, rows_today);
            let n_current = members.iter().filter(|(_, left)| left.is_none()).count();
            let number = index(columns.networks.len());
            if members.len() > 1 && n_current <= MAX_NETWORK_MEMBERS {
                memberships.extend(members.iter().map(|&(row, _)| (row, number)));
                columns.networks.push(LinkFact {
                    kind: LinkKind::SharedNetwork,
                    started: None,
                    ended: network.ended,
                    standing: LinkStanding::Published,
                    provenance: provenances.number(&network.provenance),
                });
                columns.network_names.push(&network.name);
                columns.network_members.push(members.into_boxed_slice());
            }
        }
        memberships.sort_unstable();
        columns.networks_of = Lists::from_sorted(n_rows, memberships);
        complete_on.sort_unstable();
        columns.complete_on = complete_on;
        columns.network_names.shrink();
        columns
    }

    /// Everyone whom a row has something to do with on a day, by row.
    ///
    /// The values of one pair are multiplied in the order of links, then networks, whichever side asks, so that both get the
    /// same bits.
    pub(crate) fn relations(&self, row: Row, as_of: NaiveDate) -> Vec<Relation> {
        let edges = self
            .edges
            .of(row)
            .iter()
            .map(|edge| (edge.other, Tie::Link(edge.link)));
        let shared = self.networks_of.of(row).iter().flat_map(|&network| {
            let ended = self.membership_ended(network, row);
            let others = self.network_members[network as usize]
                .iter()
                .filter(move |(other, _)| *other != row);
            others.map(move |&(other, left)| (other, Tie::Network(network, earlier(ended, left))))
        });
        let mut ties: Vec<(Row, Tie, f64)> = edges
            .chain(shared)
            .filter_map(|(other, tie)| Some((other, tie, self.fact(tie).value(as_of)?)))
            .collect();
        ties.sort_by_key(|&(other, _, _)| other);
        let mut relations: Vec<Relation> = Vec::with_capacity(ties.len());
        for (other, tie, value) in ties {
            let is_partnership = self.fact(tie).is_current_partnership(as_of);
            match relations.last_mut() {
                Some(last) if last.other == other => {
                    last.r = 1.0 - (1.0 - last.r) * (1.0 - value);
                    last.is_current_partner |= is_partnership;
                }
                _ => relations.push(Relation {
                    other,
                    r: value,
                    is_current_partner: is_partnership,
                }),
            }
        }
        relations
    }

    /// Who is or was a row's partner by a link that both sides, or a publication, stand behind, by row; each with what the
    /// link counts for on a day.
    pub(crate) fn partners(&self, row: Row, as_of: NaiveDate) -> Vec<(Row, f64)> {
        let mut partners: Vec<(Row, f64)> = Vec::new();
        for edge in self.edges.of(row) {
            let fact = self.links[edge.link as usize];
            if !fact.is_partnership() {
                continue;
            }
            let Some(value) = fact.value(as_of) else {
                continue;
            };
            match partners.last_mut() {
                Some((last, best)) if *last == edge.other => *best = best.max(value),
                Some(_) | None => partners.push((edge.other, value)),
            }
        }
        partners
    }

    /// What joins two rows on a day, strongest first, then in the order of their numbers.
    pub(crate) fn ties(&self, row: Row, other: Row, as_of: NaiveDate) -> Vec<(Tie, f64)> {
        let edges = self
            .edges
            .of(row)
            .iter()
            .filter(|e| e.other == other)
            .map(|e| Tie::Link(e.link));
        let theirs = self.networks_of.of(other);
        let shared = self
            .networks_of
            .of(row)
            .iter()
            .filter(|n| theirs.contains(n))
            .map(|&n| {
                let (mine, theirs) = (
                    self.membership_ended(n, row),
                    self.membership_ended(n, other),
                );
                Tie::Network(n, earlier(mine, theirs))
            });
        let mut ties: Vec<(Tie, f64)> = edges
            .chain(shared)
            .filter_map(|tie| Some((tie, self.fact(tie).value(as_of)?)))
            .collect();
        ties.sort_by(|a, b| b.1.total_cmp(&a.1));
        ties
    }

    /// When a row's membership of a network ended: when it left, or when the network ended, whichever was first.
    fn membership_ended(&self, network: u32, row: Row) -> Option<PartialDate> {
        let members = &self.network_members[network as usize];
        let left = members
            .binary_search_by_key(&row, |&(row, _)| row)
            .ok()
            .and_then(|at| members[at].1);
        earlier(self.networks[network as usize].ended, left)
    }

    /// The link or membership behind a tie.
    pub(crate) fn fact(&self, tie: Tie) -> LinkFact {
        match tie {
            Tie::Link(number) => self.links[number as usize],
            Tie::Network(number, ended) => LinkFact {
                ended,
                ..self.networks[number as usize]
            },
        }
    }

    /// The name of a network.
    pub(crate) fn network_name(&self, number: u32) -> &str {
        self.network_names.at(number)
    }

    /// Whether a row's list of links counts as complete on a day.
    pub(crate) fn is_complete(&self, row: Row, as_of: NaiveDate) -> bool {
        let declared = self.complete_on.binary_search_by_key(&row, |&(row, _)| row);
        declared.is_ok_and(|at| {
            let on = self.complete_on[at].1;
            on <= as_of
                && on
                    .checked_add_months(COMPLETE_FOR)
                    .is_none_or(|end| as_of <= end)
        })
    }

    /// Bytes on the heap.
    pub(crate) fn heap_bytes(&self) -> usize {
        (self.links.capacity() + self.networks.capacity()) * size_of::<LinkFact>()
            + self.edges.heap_bytes()
            + self.networks_of.heap_bytes()
            + self.network_names.heap_bytes()
            + self
                .network_members
                .iter()
                .map(|m| size_of_val(&**m) + size_of::<Box<[Member]>>())
                .sum::<usize>()
            + self.complete_on.capacity() * size_of::<(Row, NaiveDate)>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ROUNDING: f64 = 1e-12;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn link(kind: LinkKind, started: Option<&str>, ended: Option<&str>) -> LinkFact {
        let date = |d: &str| d.parse().unwrap();
        LinkFact {
            kind,
            started: started.map(date),
            ended: ended.map(date),
            standing: LinkStanding::Published,
            provenance: 0,
        }
    }

    #[test]
    fn the_worked_table_holds() {
        let as_of = day("2026-03-31");
        let cases = [
            (link(LinkKind::SharedSystem, None, None), 0.9),
            // 1826 days after its end a pairing has all but halved.
            (
                link(LinkKind::ProgrammePairing, Some("2017-09"), Some("2021-03")),
                0.7 * 0.5_f64.powf(1826.0 / 365.25 / 5.0),
            ),
            (
                link(LinkKind::SharedNetwork, None, Some("2023-03-31")),
                0.1 * 0.5_f64.powf(1096.0 / 365.25 / 3.0),
            ),
            // An end that is not reached does not count yet.
            (link(LinkKind::HospitalGroup, None, Some("2027")), 0.9),
            // A moment ends on its start.
            (
                link(LinkKind::SiteVisit, Some("2024-03-31"), None),
                0.3 * 0.5_f64.powf(730.0 / 365.25 / 2.0),
            ),
        ];
        for (link, expected) in cases {
            assert!(
                (link.value(as_of).unwrap() - expected).abs() < ROUNDING,
                "{link:?}"
            );
        }
    }

    #[test]
    fn a_declared_link_counts_half_a_disputed_or_future_one_not_at_all() {
        let as_of = day("2026-03-31");
        let link = link(LinkKind::Other, Some("2020"), None);
        let with = |standing| LinkFact { standing, ..link }.value(as_of);
        assert!((with(LinkStanding::Declared).unwrap() - 0.15).abs() < ROUNDING);
        assert!((with(LinkStanding::Confirmed).unwrap() - 0.3).abs() < ROUNDING);
        assert_eq!(with(LinkStanding::Disputed), None);
        assert_eq!(link.value(day("2019-12-31")), None);
    }

    #[test]
    fn only_complete_lists_close_the_interval() {
        let open = score_interval(0.4, false);
        assert!((open.high() - 0.7).abs() < ROUNDING && (open.low() - 0.4).abs() < ROUNDING);
        assert!(score_interval(0.4, true).width() < ROUNDING);
    }

    #[test]
    fn a_year_is_365_and_a_quarter_days() {
        assert!((years_between(day("2020-01-01"), day("2024-01-01")) - 4.0).abs() < ROUNDING);
    }

    proptest! {
        #[test]
        fn no_link_fades_below_nothing_or_grows(days in 0..40_000_i64, kind in 0..LinkKind::ALL.len()) {
            let kind = LinkKind::ALL[kind];
            let end = day("1990-06-15");
            let fact = link(kind, Some("1990-06-15"), Some("1990-06-15"));
            let value = fact.value(end + chrono::Duration::days(days)).unwrap();
            let later = fact.value(end + chrono::Duration::days(days + 1)).unwrap();
            prop_assert!(0.0 <= later && later <= value && value <= strength_and_half_life(kind).0);
        }
    }
}
