//! The register as columns: one row for each active organisation, in the order of ODS codes.
//!
//! A snapshot never changes; a write makes a new one. Whatever does not depend on the seeker or on the day is worked out
//! here, once for a revision.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use chrono::NaiveDate;
use ndarray::Array2;

use crate::domain::core_system::{CoreSystem, Module, SystemStatus};
use crate::domain::dates::PartialDate;
use crate::domain::ids::{OdsCode, Revision, Slug};
use crate::domain::organisation::{Board, CareSettings, Organisation, Position, Status};
use crate::domain::profile::{AttributeFact, AttributeValue};
use crate::domain::programme::{Criterion, JoinedProgramme, Programme, Run, Weights};
use crate::domain::provenance::Provenance;
use crate::domain::register::Register;
use crate::domain::suggestion::OrganisationCard;
use crate::engine::availability::AvailabilityLists;
use crate::engine::columns::{Interner, Lists, Row, Texts, index};
use crate::engine::criteria::care_setting::CareSettingTable;
use crate::engine::criteria::core_system::Portfolios;
use crate::engine::criteria::culture::CultureColumns;
use crate::engine::criteria::geography::{UnitVector, mean_decay_to_others, unit_vector};
use crate::engine::criteria::learning::{LearningColumns, topic_number};
use crate::engine::criteria::prior_relationships::LinkColumns;
use crate::engine::criteria::system_match::{ComparedSystem, Numbering};
use crate::engine::fit::{Applicable, Shares};
use crate::engine::lineage::Lineage;
use crate::engine::peer_groups::{Grouping, SEED};
use crate::engine::view::OwnTerms;

/// What rows have in common that a scan can score once for all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Class {
    /// The number of the set of systems.
    pub(crate) portfolio: u32,
    /// The care settings.
    pub(crate) settings: CareSettings,
    /// The criteria that can be asked of it as seeker.
    pub(crate) applicable: Applicable,
    /// The number of its own weights, the programme's or those it saved, over these criteria.
    pub(crate) shares: u32,
}

/// A system as the explanation tells it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SystemFact {
    pub(crate) module: Module,
    pub(crate) status: SystemStatus,
    /// The number of the name, vendor and product together.
    name: u32,
    pub(crate) live: Option<PartialDate>,
    /// The number of its origin.
    origin: u32,
}

/// A system's name in its parts, as recorded.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct SystemName {
    pub(crate) vendor: Option<String>,
    pub(crate) product: Option<String>,
    pub(crate) version: Option<String>,
    /// The name as compared.
    pub(crate) compared: ComparedSystem,
}

impl SystemName {
    fn bytes(&self) -> usize {
        let parts = [&self.vendor, &self.product, &self.version]
            .into_iter()
            .flatten();
        size_of::<Self>() + parts.map(String::capacity).sum::<usize>()
    }
}

/// Where a fact comes from and of when, shared by all facts of one source.
#[derive(Clone, Debug)]
pub(crate) struct Origin {
    pub(crate) source: Arc<str>,
    pub(crate) as_of: Option<PartialDate>,
}

/// Where what is known of an organisation itself comes from: numbers of origins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct IdentityOrigins {
    identity: u32,
    care_settings: Option<u32>,
    position: Option<u32>,
}

/// A closed organisation: who is there today.
#[derive(Clone, Debug, PartialEq)]
pub struct ClosedOrganisation {
    /// Its last day, where it is known.
    pub on: Option<NaiveDate>,
    /// Who carries its history today; sorted, may be empty.
    pub successors: Vec<OdsCode>,
}

impl ClosedOrganisation {
    fn bytes(&self) -> usize {
        size_of::<(OdsCode, Self)>() + self.successors.capacity() * size_of::<OdsCode>()
    }
}

/// All that scoring reads, at one revision.
#[derive(Debug)]
pub struct Snapshot {
    revision: Revision,
    programme: Programme,
    /// The programmes that sites join.
    programmes: Vec<(Programme, Run)>,
    /// Who is in them, by row; of one row in the order in which it joined.
    joined: Vec<Joined>,
    /// The rows that saved weights of their own, sorted, with the weights' number.
    saved: Vec<(Row, u32)>,
    /// The same rows, each with its class under the weights of the default programme.
    unsaved: Vec<(Row, u32)>,
    /// The default programme's weights, then each distinct set of saved ones, then those of each other programme.
    weights: Vec<Weights>,
    shares: Vec<Shares>,
    codes: Vec<OdsCode>,
    names: Texts,
    boards: Vec<Arc<Board>>,
    /// Each row's board and region: numbers in `boards`, `NO_BOARD` where unknown.
    icbs: Vec<u32>,
    regions: Vec<u32>,
    /// Degrees north and east, `(n_rows, 2)`; 0 where unknown.
    degrees: Array2<f64>,
    /// Unit vectors, `(n_rows, 3)`; 0 where the position is unknown.
    pub(crate) units: Vec<UnitVector>,
    /// The mean nearness to all others, where some position is unknown; else empty.
    mean_decays: Vec<f64>,
    pub(crate) class_of: Arc<[u32]>,
    pub(crate) classes: Vec<Class>,
    pub(crate) own_terms: OwnTerms,
    /// Worked out when first asked for.
    peer_groups: OnceLock<Grouping>,
    pub(crate) portfolios: Portfolios,
    pub(crate) care_settings: CareSettingTable,
    pub(crate) culture: CultureColumns,
    pub(crate) links: LinkColumns,
    pub(crate) learning: LearningColumns,
    pub(crate) availability: AvailabilityLists,
    /// The rows that keep what they can show from other sites; sorted.
    hides_expertise: Vec<Row>,
    topic_names: Vec<String>,
    systems: Lists<SystemFact>,
    system_names: Vec<SystemName>,
    /// Where attributes come from: the distinct sets of origins, and the number of each row's.
    attribute_origins: Lists<(AttributeKey, u32)>,
    attribute_origins_of: Vec<u32>,
    origins: Vec<Origin>,
    identities: Vec<IdentityOrigins>,
    identity_of: Vec<u32>,
    /// Pairs that are never suggested because one followed the other; sorted, each way round.
    related: Vec<(Row, Row)>,
    closed: BTreeMap<OdsCode, ClosedOrganisation>,
}

/// A row in a programme.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Joined {
    pub(crate) row: Row,
    /// The number of the programme.
    pub(crate) programme: u32,
    /// The first day and the day after the last.
    days: (NaiveDate, Option<NaiveDate>),
    /// The row's class under the programme's weights, which counts where it saved none of its own.
    pub(crate) class: u32,
}

/// An attribute with its setting, in one byte each.
type AttributeKey = (u8, u8);

/// Marks a row whose board is not known.
const NO_BOARD: u32 = u32::MAX;

/// The facts of each row, found once for all columns.
struct Rows<'a> {
    organisations: Vec<&'a Organisation>,
    systems: Vec<&'a [CoreSystem]>,
    attributes: Vec<&'a [AttributeFact]>,
}

impl<'a> Rows<'a> {
    fn new(register: &'a Register) -> Self {
        let mut organisations: Vec<&Organisation> = register
            .organisations
            .iter()
            .filter(|o| o.status.is_active())
            .collect();
        organisations.sort_unstable_by_key(|o| o.ods_code);
        let systems = organisations
            .iter()
            .map(|o| of(&register.core_systems, o.ods_code, |s| s.ods_code));
        let attributes = organisations
            .iter()
            .map(|o| of(&register.attributes, o.ods_code, |a| a.ods_code));
        Self {
            systems: systems.collect(),
            attributes: attributes.collect(),
            organisations,
        }
    }
}

/// The part of a list, sorted by code, that belongs to one code.
fn of<T>(facts: &[T], code: OdsCode, code_of: impl Fn(&T) -> OdsCode) -> &[T] {
    let start = facts.partition_point(|f| code_of(f) < code);
    let end = start + facts[start..].partition_point(|f| code_of(f) == code);
    &facts[start..end]
}

impl Snapshot {
    /// Turns a register into columns. `O(n log n)` in the number of facts; the register's lists must be sorted as it says.
    #[must_use]
    pub fn new(register: &Register) -> Self {
        let rows = Rows::new(register);
        let codes: Vec<OdsCode> = rows.organisations.iter().map(|o| o.ods_code).collect();
        let row_of = |code: OdsCode| codes.binary_search(&code).ok().map(index);
        let lineage = Lineage::new(&register.successions, |code| row_of(code).is_some());
        let mut provenances = Interner::new();

        let mut numbering = Numbering::new(rows.systems.iter().flat_map(|s| s.iter()));
        let (portfolios, portfolio_of) = Portfolios::new(&rows.systems, &mut numbering);
        let settings: Vec<CareSettings> =
            rows.organisations.iter().map(|o| o.care_settings).collect();
        let culture = CultureColumns::new(&settings, &rows.attributes);
        let complete_on = rows.organisations.iter().enumerate();
        let complete_on =
            complete_on.filter_map(|(row, o)| Some((index(row), o.links_complete_on?)));
        let links = LinkColumns::new(
            codes.len(),
            &row_of,
            &lineage,
            (&register.links, &register.networks),
            complete_on.collect(),
            &mut provenances,
        );
        let interests = register.topic_interests.iter().filter_map(|i| {
            let topic = topic_number(&register.topics, &i.topic)?;
            Some((
                row_of(i.ods_code)?,
                topic,
                provenances.number(&i.provenance),
                i,
            ))
        });
        let learning = LearningColumns::new(register.topics.len(), interests);

        let (saved, mut weights) = number_weights(register, row_of);
        let mut shares: Interner<(u32, Applicable)> = Interner::new();
        let mut classes = Interner::new();
        let class_of: Vec<u32> = rows
            .organisations
            .iter()
            .enumerate()
            .map(|(at, o)| {
                let (row, portfolio) = (index(at), portfolio_of[at]);
                let asked = [
                    (Criterion::CoreSystem, portfolios.is_applicable(portfolio)),
                    (Criterion::Geography, o.position.is_some()),
                    (Criterion::CareSetting, !o.care_settings.is_empty()),
                    (Criterion::Culture, culture.is_applicable(row)),
                    (Criterion::PriorRelationships, true),
                    (Criterion::Learning, learning.is_applicable(row)),
                ];
                let applicable = asked
                    .into_iter()
                    .filter(|(_, applies)| *applies)
                    .fold(Applicable::default(), |set, (criterion, _)| {
                        set.with(criterion)
                    });
                classes.number(&Class {
                    portfolio,
                    settings: o.care_settings,
                    applicable,
                    shares: shares.number(&(number_of_weights(&saved, row), applicable)),
                })
            })
            .collect();
        let mut under = |row: Row, number: u32| {
            let class: Class = classes.values()[class_of[row as usize] as usize];
            let shares = shares.number(&(number, class.applicable));
            classes.number(&Class { shares, ..class })
        };
        let unsaved = saved.iter().map(|&(row, _)| (row, under(row, PROGRAMMES)));
        let unsaved = unsaved.collect();
        let joined = number_joined(&register.programmes, row_of, |row, programme| {
            under(row, index(weights.len()) + programme)
        });
        weights.extend(register.programmes.iter().map(|p| p.programme.weights));
        let classes = classes.into_values();
        let mut setting_counts = [0.0; CareSettings::N_SETS];
        for set in &settings {
            setting_counts[set.index()] += 1.0;
        }
        let (boards, icbs, regions) = number_boards(&rows.organisations);
        let (systems, system_names) = tell_systems(&rows.systems, &mut numbering, &mut provenances);
        let (attribute_origins, attribute_origins_of) =
            tell_attributes(&rows.attributes, &mut provenances);
        let (identities, identity_of) = tell_identities(&rows.organisations, &mut provenances);
        let related = lineage.related_active_pairs().into_iter();
        let closed = register
            .organisations
            .iter()
            .filter_map(|o| match o.status {
                Status::Active => None,
                Status::Closed { on } => Some((
                    o.ods_code,
                    ClosedOrganisation {
                        on,
                        successors: lineage.today(o.ods_code),
                    },
                )),
            });
        Self {
            revision: register.revision,
            shares: shares
                .into_values()
                .into_iter()
                .map(|(number, applicable)| {
                    weights[number as usize].over(|criterion| applicable.contains(criterion))
                })
                .collect(),
            weights,
            saved,
            unsaved,
            programme: register.programme.clone(),
            programmes: register
                .programmes
                .iter()
                .map(|p| (p.programme.clone(), p.run))
                .collect(),
            joined,
            names: tell_names(&rows.organisations),
            degrees: degrees(&rows.organisations),
            units: rows
                .organisations
                .iter()
                .map(|o| o.position.map_or([0.0; 3], unit_vector))
                .collect(),
            mean_decays: mean_decays(&rows.organisations),
            own_terms: OwnTerms::new(classes.len()),
            peer_groups: OnceLock::new(),
            classes,
            care_settings: CareSettingTable::new(&setting_counts),
            hides_expertise: register
                .hides_expertise
                .iter()
                .filter_map(|&code| row_of(code))
                .collect(),
            topic_names: register.topics.iter().map(|t| t.name.clone()).collect(),
            attribute_origins,
            attribute_origins_of,
            related: related
                .filter_map(|(a, b)| Some((row_of(a)?, row_of(b)?)))
                .collect(),
            closed: closed.collect(),
            origins: tell_origins(provenances),
            identities,
            identity_of,
            boards,
            icbs,
            regions,
            class_of: class_of.into(),
            portfolios,
            culture,
            links,
            availability: AvailabilityLists::new(register, row_of),
            learning,
            systems,
            system_names,
            codes: codes.clone(),
        }
    }

    /// The number of the last write it holds.
    #[must_use]
    pub const fn revision(&self) -> Revision {
        self.revision
    }

    /// The default programme: that of whoever is in no other.
    #[must_use]
    pub const fn programme(&self) -> &Programme {
        &self.programme
    }

    /// A programme that sites join, by its number.
    pub(crate) fn joined_programme(&self, number: u32) -> &Programme {
        &self.programmes[number as usize].0
    }

    /// Whether any programme spreads exposure.
    pub(crate) fn some_programme_spreads_load(&self) -> bool {
        self.programme.spread_load || self.programmes.iter().any(|(p, _)| p.spread_load)
    }

    /// The number of the programme with a slug, the default one aside.
    pub(crate) fn number_of_programme(&self, slug: &Slug) -> Option<u32> {
        let at = self.programmes.iter().position(|(p, _)| p.slug == *slug);
        at.map(index)
    }

    /// Who is in which programme on a day, by row; of one row in the order in which it joined.
    pub(crate) fn joined_on(&self, day: NaiveDate) -> impl Iterator<Item = &Joined> {
        self.joined.iter().filter(move |joined| {
            let (from, until) = joined.days;
            from <= day
                && until.is_none_or(|until| day < until)
                && self.programmes[joined.programme as usize].1.holds_on(day)
        })
    }

    /// Whether the groups are worked out already.
    pub(crate) fn has_peer_groups(&self) -> bool {
        self.peer_groups.get().is_some()
    }

    /// Groups of organisations that are alike in context, worked out when first asked for, which may take a second.
    pub(crate) fn peer_groups(&self) -> &Grouping {
        self.peer_groups.get_or_init(|| Grouping::new(self, SEED))
    }

    /// How many organisations are active.
    #[must_use]
    pub fn n_organisations(&self) -> usize {
        self.codes.len()
    }

    /// The ODS codes of the active organisations, sorted.
    #[must_use]
    pub fn codes(&self) -> &[OdsCode] {
        &self.codes
    }

    /// Whether an organisation of this code is recorded, active or closed.
    #[must_use]
    pub fn knows(&self, code: OdsCode) -> bool {
        self.row(code).is_some() || self.closed.contains_key(&code)
    }

    /// What is known of a closed organisation; `None` where it is active or not recorded.
    #[must_use]
    pub fn closed(&self, code: OdsCode) -> Option<&ClosedOrganisation> {
        self.closed.get(&code)
    }

    /// Bytes on the heap, about: what the columns take, the allocator's own aside.
    #[must_use]
    pub fn heap_bytes(&self) -> usize {
        self.codes.capacity() * size_of::<OdsCode>()
            + self.names.heap_bytes()
            + [&self.icbs, &self.regions, &self.identity_of]
                .map(Vec::capacity)
                .iter()
                .sum::<usize>()
                * size_of::<u32>()
            + self.class_of.len() * size_of::<u32>()
            + self
                .programmes
                .iter()
                .map(|(p, _)| size_of::<(Programme, Run)>() + p.name.capacity())
                .sum::<usize>()
            + self.joined.capacity() * size_of::<Joined>()
            + self.degrees.len() * size_of::<f64>()
            + self.units.capacity() * size_of::<UnitVector>()
            + self.mean_decays.capacity() * size_of::<f64>()
            + self.classes.capacity() * size_of::<Class>()
            + self.own_terms.heap_bytes()
            + self.saved.capacity() * size_of::<(Row, u32)>()
            + self.hides_expertise.capacity() * size_of::<Row>()
            + self.weights.capacity() * size_of::<Weights>()
            + self.shares.capacity() * size_of::<Shares>()
            + self.portfolios.heap_bytes()
            + self.culture.heap_bytes()
            + self.links.heap_bytes()
            + self.learning.heap_bytes()
            + self.availability.heap_bytes()
            + self.systems.heap_bytes()
            + self.attribute_origins.heap_bytes()
            + self.attribute_origins_of.capacity() * size_of::<u32>()
            + self
                .origins
                .iter()
                .map(|o| size_of::<Origin>() + o.source.len())
                .sum::<usize>()
            + self.identities.capacity() * size_of::<IdentityOrigins>()
            + self
                .system_names
                .iter()
                .map(SystemName::bytes)
                .sum::<usize>()
            + self
                .boards
                .iter()
                .map(|b| size_of::<Arc<Board>>() + size_of::<Board>() + b.name.capacity())
                .sum::<usize>()
            + self.related.capacity() * size_of::<(Row, Row)>()
            + self
                .closed
                .values()
                .map(ClosedOrganisation::bytes)
                .sum::<usize>()
            + self
                .topic_names
                .iter()
                .map(|t| size_of::<String>() + t.capacity())
                .sum::<usize>()
    }

    /// The row of an active organisation.
    pub(crate) fn row(&self, code: OdsCode) -> Option<Row> {
        self.codes.binary_search(&code).ok().map(index)
    }

    pub(crate) fn code(&self, row: Row) -> OdsCode {
        self.codes[row as usize]
    }

    pub(crate) fn name(&self, row: Row) -> &str {
        self.names.at(row)
    }

    /// The class of a row by itself, whatever programme it is in: what its `shares` are on a day, the day says.
    pub(crate) fn class(&self, row: Row) -> Class {
        self.classes[self.class_of[row as usize] as usize]
    }

    /// Whether a row keeps what it can show from other sites.
    pub(crate) fn hides_expertise(&self, row: Row) -> bool {
        self.hides_expertise.binary_search(&row).is_ok()
    }

    /// The weights that a row saved for itself.
    pub(crate) fn saved_weights(&self, row: Row) -> Option<Weights> {
        let number = number_of_weights(&self.saved, row);
        (number != PROGRAMMES).then(|| self.weights[number as usize])
    }

    /// Whether a row saved weights of its own.
    pub(crate) fn has_saved_weights(&self, row: Row) -> bool {
        number_of_weights(&self.saved, row) != PROGRAMMES
    }

    /// The rows that saved weights of their own, each with its class under those of the default programme.
    pub(crate) fn unsaved_classes(&self) -> &[(Row, u32)] {
        &self.unsaved
    }

    /// The shares with this number.
    pub(crate) fn shares(&self, number: u32) -> &Shares {
        &self.shares[number as usize]
    }

    pub(crate) fn has_position(&self, row: Row) -> bool {
        self.class(row).applicable.contains(Criterion::Geography)
    }

    /// What to expect of the nearness of an organisation without a position, for one with; DESIGN 4.1.
    pub(crate) fn mean_decay(&self, row: Row) -> f64 {
        self.mean_decays
            .get(row as usize)
            .copied()
            .unwrap_or(super::criteria::MEAN_OF_NOBODY)
    }

    pub(crate) fn icb(&self, row: Row) -> Option<&Arc<Board>> {
        self.boards.get(self.icbs[row as usize] as usize)
    }

    pub(crate) fn region(&self, row: Row) -> Option<&Arc<Board>> {
        self.boards.get(self.regions[row as usize] as usize)
    }

    /// Whether two rows are in one board, or else in one region. Nobody shares a board that is not known.
    pub(crate) fn shared_board(&self, a: Row, b: Row) -> (bool, bool) {
        let same = |column: &[u32]| {
            let (a, b) = (column[a as usize], column[b as usize]);
            a == b && a != NO_BOARD
        };
        (same(&self.icbs), same(&self.regions))
    }

    /// Whether one of the two followed the other.
    pub(crate) fn are_related(&self, a: Row, b: Row) -> bool {
        self.related.binary_search(&(a, b)).is_ok()
    }

    /// The rows that followed a row or that it followed.
    pub(crate) fn relatives(&self, row: Row) -> impl Iterator<Item = Row> {
        let start = self.related.partition_point(|&(a, _)| a < row);
        self.related[start..]
            .iter()
            .take_while(move |&&(a, _)| a == row)
            .map(|&(_, b)| b)
    }

    pub(crate) fn systems(&self, row: Row) -> &[SystemFact] {
        self.systems.of(row)
    }

    pub(crate) fn system_name(&self, system: &SystemFact) -> &SystemName {
        &self.system_names[system.name as usize]
    }

    pub(crate) fn system_origin(&self, system: &SystemFact) -> &Origin {
        self.origin(system.origin)
    }

    pub(crate) fn origin(&self, number: u32) -> &Origin {
        &self.origins[number as usize]
    }

    fn identity(&self, row: Row) -> &IdentityOrigins {
        &self.identities[self.identity_of[row as usize] as usize]
    }

    /// Where the boards of a row come from.
    pub(crate) fn identity_origin(&self, row: Row) -> &Origin {
        self.origin(self.identity(row).identity)
    }

    /// Where a row's care settings come from.
    pub(crate) fn settings_origin(&self, row: Row) -> Option<&Origin> {
        self.identity(row).care_settings.map(|n| self.origin(n))
    }

    /// Where a row's position comes from.
    pub(crate) fn position_origin(&self, row: Row) -> Option<&Origin> {
        self.identity(row).position.map(|n| self.origin(n))
    }

    pub(crate) fn topic_name(&self, number: u32) -> &str {
        self.topic_names
            .get(number as usize)
            .map_or("", String::as_str)
    }

    /// Where a row's value of an attribute comes from; of digital maturity, the value of any setting.
    pub(crate) fn attribute_origin(&self, row: Row, attribute: usize) -> Option<&Origin> {
        let key = u8::try_from(attribute).unwrap_or(u8::MAX);
        let found = self
            .attribute_origins
            .of(self.attribute_origins_of[row as usize])
            .iter()
            .find(|((a, _), _)| *a == key);
        found.map(|&(_, number)| self.origin(number))
    }

    /// An organisation as an answer shows it.
    pub(crate) fn card(&self, row: Row) -> OrganisationCard {
        let degrees = self.degrees.row(row as usize);
        OrganisationCard {
            ods_code: self.code(row),
            name: self.name(row).to_owned(),
            care_settings: self.class(row).settings,
            icb: self.icb(row).cloned(),
            region: self.region(row).cloned(),
            position: self
                .has_position(row)
                .then(|| Position::new(degrees[0], degrees[1]))
                .flatten(),
        }
    }
}

/// Lists who is in which programme, by row and then by when it joined; `class_in` numbers the class of a row in a programme.
fn number_joined(
    programmes: &[JoinedProgramme],
    row_of: impl Fn(OdsCode) -> Option<Row>,
    mut class_in: impl FnMut(Row, u32) -> u32,
) -> Vec<Joined> {
    let mut found = Vec::new();
    for (programme, joined) in (0..).zip(programmes) {
        for member in &joined.members {
            let until = member.departed.map(|at| at.date_naive());
            let days = (member.joined.date_naive(), until);
            // Who left on the day it joined was never in it.
            if let Some(row) = row_of(member.ods_code)
                && until.is_none_or(|until| days.0 < until)
            {
                found.push((row, member.joined, programme, days));
            }
        }
    }
    found.sort_unstable();
    let joined = found.into_iter().map(|(row, _, programme, days)| Joined {
        row,
        programme,
        days,
        class: class_in(row, programme),
    });
    joined.collect()
}

/// The number of the default programme's weights.
const PROGRAMMES: u32 = 0;

/// Numbers the distinct sets of weights, and lists the rows that saved some with their number, sorted.
fn number_weights(
    register: &Register,
    row_of: impl Fn(OdsCode) -> Option<Row>,
) -> (Vec<(Row, u32)>, Vec<Weights>) {
    let bits = |weights: Weights| Criterion::ALL.iter().map(move |&c| weights.of(c).to_bits());
    let mut numbers: Interner<Vec<u64>> = Interner::new();
    let mut weights = vec![register.programme.weights];
    let mut saved: Vec<(Row, u32)> = Vec::with_capacity(register.saved_weights.len());
    for &(code, theirs) in &register.saved_weights {
        if let Some(row) = row_of(code) {
            let number = numbers.number(&bits(theirs).collect()) + 1;
            if number as usize == weights.len() {
                weights.push(theirs);
            }
            saved.push((row, number));
        }
    }
    saved.sort_unstable();
    saved.shrink_to_fit();
    weights.shrink_to_fit();
    (saved, weights)
}

fn number_of_weights(saved: &[(Row, u32)], row: Row) -> u32 {
    saved
        .binary_search_by_key(&row, |&(row, _)| row)
        .map_or(PROGRAMMES, |at| saved[at].1)
}

fn tell_names(organisations: &[&Organisation]) -> Texts {
    let mut names = Texts::default();
    for organisation in organisations {
        names.push(&organisation.name);
    }
    names.shrink();
    names
}

fn degrees(organisations: &[&Organisation]) -> Array2<f64> {
    let mut degrees = Array2::zeros((organisations.len(), 2));
    for (mut row, organisation) in degrees.rows_mut().into_iter().zip(organisations) {
        if let Some(position) = organisation.position {
            row[0] = position.latitude();
            row[1] = position.longitude();
        }
    }
    degrees
}

/// The means are asked for only where a position is unknown, so elsewhere they are not worked out.
fn mean_decays(organisations: &[&Organisation]) -> Vec<f64> {
    if organisations.iter().all(|o| o.position.is_some()) {
        return Vec::new();
    }
    let positions: Vec<Option<Position>> = organisations.iter().map(|o| o.position).collect();
    mean_decay_to_others(&positions)
}

fn number_boards(organisations: &[&Organisation]) -> (Vec<Arc<Board>>, Vec<u32>, Vec<u32>) {
    let mut by_code: BTreeMap<_, u32> = BTreeMap::new();
    let mut boards: Vec<Arc<Board>> = Vec::new();
    let mut number = |board: &Option<Board>| {
        board.as_ref().map_or(NO_BOARD, |board| {
            *by_code.entry(board.code.clone()).or_insert_with(|| {
                boards.push(Arc::new(board.clone()));
                index(boards.len() - 1)
            })
        })
    };
    let icbs = organisations.iter().map(|o| number(&o.icb)).collect();
    let regions = organisations.iter().map(|o| number(&o.region)).collect();
    (boards, icbs, regions)
}

fn tell_systems(
    systems_of: &[&[CoreSystem]],
    numbering: &mut Numbering,
    provenances: &mut Interner<Provenance>,
) -> (Lists<SystemFact>, Vec<SystemName>) {
    let mut names = Interner::new();
    let mut facts = Vec::new();
    for (row, systems) in systems_of.iter().enumerate() {
        for system in *systems {
            let name = SystemName {
                vendor: system.vendor.clone(),
                product: system.product.clone(),
                version: system.version.clone(),
                compared: numbering.number(system),
            };
            let fact = SystemFact {
                module: system.module,
                status: system.status,
                name: names.number(&name),
                live: system.live,
                origin: provenances.number(&system.provenance),
            };
            facts.push((index(row), fact));
        }
    }
    (
        Lists::from_sorted(systems_of.len(), facts),
        names.into_values(),
    )
}

fn tell_identities(
    organisations: &[&Organisation],
    provenances: &mut Interner<Provenance>,
) -> (Vec<IdentityOrigins>, Vec<u32>) {
    let mut identities = Interner::new();
    let identity_of = organisations
        .iter()
        .map(|o| {
            identities.number(&IdentityOrigins {
                identity: provenances.number(&o.provenance),
                care_settings: o
                    .care_settings_provenance
                    .as_ref()
                    .map(|p| provenances.number(p)),
                position: o
                    .position_provenance
                    .as_ref()
                    .map(|p| provenances.number(p)),
            })
        })
        .collect();
    (identities.into_values(), identity_of)
}

fn tell_origins(provenances: Interner<Provenance>) -> Vec<Origin> {
    let provenances = provenances.into_values().into_iter();
    provenances
        .map(|p| Origin {
            source: p.source.into(),
            as_of: p.as_of,
        })
        .collect()
}

fn tell_attributes(
    attributes_of: &[&[AttributeFact]],
    provenances: &mut Interner<Provenance>,
) -> (Lists<(AttributeKey, u32)>, Vec<u32>) {
    let key = |value: AttributeValue| -> AttributeKey {
        let setting = value.setting().map_or(u8::MAX, |s| s as u8);
        (value.attribute() as u8, setting)
    };
    let mut sets: Interner<Vec<(AttributeKey, u32)>> = Interner::new();
    let set_of = attributes_of.iter().map(|attributes| {
        let origins = attributes
            .iter()
            .map(|fact| (key(fact.value), provenances.number(&fact.provenance)));
        sets.number(&origins.collect())
    });
    let set_of = set_of.collect();
    let sets = sets.into_values();
    let origins = (0..)
        .zip(&sets)
        .flat_map(|(set, origins)| origins.iter().map(move |&origin| (set, origin)))
        .collect();
    (Lists::from_sorted(sets.len(), origins), set_of)
}
