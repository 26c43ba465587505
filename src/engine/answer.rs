//! Puts an answer together: finds the best, explains each, and says what to ask next.

use chrono::NaiveDate;

use crate::domain::error::{Error, Result};
use crate::domain::exclusion::Excluded;
use crate::domain::firmness::{Draws, Firmness, FirmnessRequest, MAX_COMPARED};
use crate::domain::ids::{OdsCode, Slug};
use crate::domain::peer_group::GroupNumber;
use crate::domain::price::Prices;
use crate::domain::programme::{Criterion, Weights};
use crate::domain::suggestion::{
    CriterionScore, Filters, Method, PairAnswer, PairQuestion, SeenBy, Suggestion,
    SuggestionRequest, Suggestions, WeightsFrom,
};
use crate::engine::ask::ask_next;
use crate::engine::availability::{Elsewhere, rows_of};
use crate::engine::columns::Row;
use crate::engine::explain::Explanation;
use crate::engine::firmness;
use crate::engine::fit::PerCriterion;
use crate::engine::peer_groups::group_of_seeker;
use crate::engine::snapshot::Snapshot;
use crate::engine::view::{Assessment, Day, View};

/// Answers a request for suggestions. Whom the seeker excludes is skipped; no score, mean or rank of the other side moves by it
/// (DESIGN 4.1, 4.8).
///
/// # Errors
///
/// [`Error::OrganisationNotFound`] or [`Error::OrganisationClosed`] for the seeker; [`Error::NothingApplies`] where no weighted
/// criterion can be asked of it; [`Error::Invalid`] where candidates are kept to its group and it is in none.
pub fn suggest(
    snapshot: &Snapshot,
    request: &SuggestionRequest,
    excluded: &Excluded,
    prices: Option<&Prices>,
) -> Result<Suggestions> {
    let seeker = active_row(snapshot, request.seeker)?;
    let day = Day::seen_by(snapshot, request.as_of, request.seen_by);
    let chosen = chosen_weights(&day, seeker, request.weights, request.seen_by);
    let view = View::new(&day, seeker, Some(chosen.weights()))?.priced(prices);
    let shows = Shows::new(&view, &request.filters, excluded)?;
    let limit = request.limit.count();
    let n_compared = n_compared(limit, &request.firmness);
    let (mut ranked, n_candidates) = view.top(n_compared, |row| shows.row(row));
    let compared: Vec<Assessment> = ranked.iter().map(|r| view.assess(r.row)).collect();
    let firmness = firmness::firmness(&view, &compared, &request.firmness);
    let tables = (request.firmness.tables && request.firmness.draws != Draws::NONE)
        .then(|| firmness::tables(&view, &compared, &request.firmness, n_candidates));
    let assessments = &compared[..compared.len().min(limit)];
    ranked.truncate(limit);
    let elsewhere = Elsewhere::after_list(&view, &ranked, |row| shows.row(row));
    let weights_in_use = weights_in_use(snapshot, seeker, chosen);
    let partners = view.specials.iter().filter(|s| s.is_current_partner);
    let may_relay = |row| !shows.excludes(row);
    Ok(Suggestions {
        seeker: snapshot.card(seeker),
        revision: snapshot.revision(),
        as_of: request.as_of,
        method: method(&view, chosen, request.firmness),
        n_candidates,
        ask_next: ask_next(&view, &weights_in_use, assessments),
        suggestions: (1..)
            .zip(assessments)
            .zip(firmness)
            .map(|((rank, a), firmness)| {
                suggestion(&view, (rank, firmness), a, &elsewhere, may_relay)
            })
            .collect(),
        current_partners: partners.map(|s| snapshot.card(s.row)).collect(),
        firmness_tables: tables,
    })
}

/// How many candidates are compared for so many to be shown: with draws, all that may come out on top.
fn n_compared(limit: usize, firmness: &FirmnessRequest) -> usize {
    match firmness.draws {
        Draws::NONE => limit,
        _ => limit.max(MAX_COMPARED),
    }
}

/// Answers for given candidates, in the order given, under the seeker's saved weights, where it sees the answer itself, else the
/// programme's; ranks count all candidates but those whom the seeker excludes. One of these is answered for all the same: it is
/// the seeker's own question.
///
/// # Errors
///
/// As [`suggest`], for the seeker and each candidate; [`Error::NeverSuggested`] where a candidate is the seeker or followed it.
pub fn pairs(
    snapshot: &Snapshot,
    question: PairQuestion,
    candidates: &[OdsCode],
    excluded: &Excluded,
    prices: Option<&Prices>,
) -> Result<PairAnswer> {
    let seeker = question.seeker;
    let seeker_row = active_row(snapshot, seeker)?;
    let rows: Vec<Row> = candidates
        .iter()
        .map(|&c| active_row(snapshot, c))
        .collect::<Result<_>>()?;
    for (&row, &candidate) in rows.iter().zip(candidates) {
        let refuse = |reason| {
            Err(Error::NeverSuggested {
                seeker,
                candidate,
                reason,
            })
        };
        if row == seeker_row {
            return refuse("an organisation is not suggested to itself");
        }
        if snapshot.are_related(seeker_row, row) {
            return refuse("one of the two took over from the other");
        }
    }
    let day = Day::seen_by(snapshot, question.as_of, question.seen_by);
    let chosen = chosen_weights(&day, seeker_row, None, question.seen_by);
    let view = View::new(&day, seeker_row, Some(chosen.weights()))?.priced(prices);
    let no_filters = Filters::default();
    let shows = Shows::new(&view, &no_filters, excluded)?;
    let is_shown = |row| shows.row(row);
    let asked: Vec<Assessment> = rows.iter().map(|&row| view.assess(row)).collect();
    let firmness = firmness_of(&view, &asked, &question.firmness, is_shown);
    let suggestions = asked.iter().zip(firmness).map(|(assessment, firmness)| {
        let row = assessment.row;
        let rank = view.rank_of(row, is_shown);
        let elsewhere = Elsewhere::after_one(&view, view.ranked(row), is_shown);
        suggestion(&view, (rank, firmness), assessment, &elsewhere, is_shown)
    });
    Ok(PairAnswer {
        seeker: snapshot.card(seeker_row),
        revision: snapshot.revision(),
        as_of: question.as_of,
        method: method(&view, chosen, question.firmness),
        candidates: suggestions.collect(),
    })
}

/// The firmness of some candidates among those that are shown, whatever their own place.
fn firmness_of(
    view: &View<'_>,
    asked: &[Assessment],
    request: &FirmnessRequest,
    is_shown: impl Fn(Row) -> bool,
) -> Vec<Option<Firmness>> {
    if request.draws == Draws::NONE {
        return vec![None; asked.len()];
    }
    let (ranked, _) = view.top(MAX_COMPARED, is_shown);
    let others = ranked
        .iter()
        .filter(|r| asked.iter().all(|one| one.row != r.row));
    let mut compared = asked.to_vec();
    compared.extend(others.map(|r| view.assess(r.row)));
    let mut firmness = firmness::firmness(view, &compared, request);
    firmness.truncate(asked.len());
    firmness
}

/// The programme whose weights an organisation's side has on a day unless somebody says otherwise.
///
/// # Errors
///
/// [`Error::OrganisationNotFound`] or [`Error::OrganisationClosed`].
pub fn programme_of(snapshot: &Snapshot, code: OdsCode, as_of: NaiveDate) -> Result<Slug> {
    let row = active_row(snapshot, code)?;
    Ok(Day::new(snapshot, as_of).programme(row).slug.clone())
}

/// Whether the programme of an organisation spreads exposure on a day; not where there is no such organisation.
pub(crate) fn spreads_load(snapshot: &Snapshot, code: OdsCode, as_of: NaiveDate) -> bool {
    // Without a look at the day where no programme does.
    snapshot.some_programme_spreads_load()
        && snapshot
            .row(code)
            .is_some_and(|row| Day::new(snapshot, as_of).programme(row).spread_load)
}

/// The row of an organisation that may ask or be suggested.
pub(crate) fn active_row(snapshot: &Snapshot, code: OdsCode) -> Result<Row> {
    snapshot
        .row(code)
        .ok_or_else(|| match snapshot.closed(code) {
            Some(closed) => Error::OrganisationClosed {
                code,
                on: closed.on,
                successors: closed.successors.clone(),
            },
            None => Error::OrganisationNotFound(code),
        })
}

/// The weights of the seeker's side, with whose they are.
#[derive(Clone, Copy, Debug)]
pub(super) enum Chosen {
    Request(Weights),
    Saved(Weights),
    Programme(Weights),
}

impl Chosen {
    pub(super) const fn weights(self) -> Weights {
        match self {
            Self::Request(weights) | Self::Saved(weights) | Self::Programme(weights) => weights,
        }
    }
}

/// The weights of a seeker's side that [`pairs`] answers under.
pub(crate) fn weights_of(day: &Day<'_>, seeker: Row, seen_by: SeenBy) -> Weights {
    chosen_weights(day, seeker, None, seen_by).weights()
}

pub(super) fn chosen_weights(
    day: &Day<'_>,
    seeker: Row,
    requested: Option<Weights>,
    seen_by: SeenBy,
) -> Chosen {
    let saved = match seen_by {
        SeenBy::Site => day.snapshot.saved_weights(seeker),
        SeenBy::Others => None,
    };
    requested
        .map(Chosen::Request)
        .or(saved.map(Chosen::Saved))
        .unwrap_or_else(|| Chosen::Programme(day.programme(seeker).weights))
}

/// The weights in use, summing to 1, before what does not apply is spread. Learning joins the programme's weights only where
/// the seeker names a topic; who chose weights, for a request or for good, chose that of learning too.
fn weights_in_use(snapshot: &Snapshot, seeker: Row, chosen: Chosen) -> PerCriterion {
    let seeks = snapshot
        .class(seeker)
        .applicable
        .contains(Criterion::Learning);
    let shares = match chosen {
        Chosen::Request(weights) | Chosen::Saved(weights) => weights.over(|_| true),
        Chosen::Programme(weights) => weights.over(|c| c != Criterion::Learning || seeks),
    };
    shares.unwrap_or_default()
}

pub(super) fn method(view: &View<'_>, chosen: Chosen, firmness: FirmnessRequest) -> Method {
    let in_use = weights_in_use(view.day.snapshot, view.seeker, chosen);
    Method {
        programme: view.day.programme(view.seeker).slug.clone(),
        weights_from: match chosen {
            Chosen::Request(_) => WeightsFrom::Request,
            Chosen::Saved(_) => WeightsFrom::Saved,
            Chosen::Programme(_) => WeightsFrom::Programme,
        },
        weights: Criterion::ALL
            .iter()
            .map(|&c| (c, in_use[c.index()]))
            .collect(),
        firmness,
        spread_load: view.is_priced(),
    }
}

fn suggestion(
    view: &View<'_>,
    (rank, firmness): (u32, Option<Firmness>),
    assessment: &Assessment,
    elsewhere: &Elsewhere<'_>,
    may_relay: impl Fn(Row) -> bool,
) -> Suggestion {
    let mut explanation = Explanation::new(view, assessment);
    let criteria = Criterion::ALL.iter().map(|&criterion| {
        let at = criterion.index();
        let score = assessment.forward.scores[at];
        let weight = assessment.forward.shares[at];
        let (reasons, unknown) = explanation.take(criterion);
        CriterionScore {
            criterion,
            weight,
            score,
            contribution: score.map_or(0.0, |s| weight * s.expected()),
            their_score: assessment.backward.scores[at],
            reasons,
            unknown,
        }
    });
    let criteria = criteria.collect();
    Suggestion {
        rank,
        organisation: view.day.snapshot.card(assessment.row),
        distance_km: view.distance_km(assessment.row),
        mutual_fit: assessment.mutual_fit,
        your_fit: assessment.your_fit,
        their_fit: assessment.their_fit,
        reverse_rank: View::of_candidate(view.day, assessment.row)
            .priced_as(view)
            .rank_of(view.seeker, |_| true),
        coverage: assessment.coverage,
        load_price: view.price(assessment.row),
        criteria,
        you_gain: explanation.you_gain,
        they_gain: explanation.they_gain,
        availability: view.availability(assessment.row),
        alternates: elsewhere.alternates(assessment.row),
        relays: elsewhere.relays(assessment.row, may_relay),
        firmness,
    }
}

/// The filters of a request, read once.
pub(super) struct Shows<'a> {
    view: &'a View<'a>,
    filters: &'a Filters,
    /// The number of the vendor asked for; `Some(None)` where nobody runs its systems.
    vendor: Option<Option<u32>>,
    /// The group of the seeker, where candidates are kept to it.
    group: Option<GroupNumber>,
    /// Whom the seeker excludes, sorted.
    excluded: Vec<Row>,
    shows_all: bool,
}

impl<'a> Shows<'a> {
    pub(super) fn new(
        view: &'a View<'a>,
        filters: &'a Filters,
        excluded: &Excluded,
    ) -> Result<Self> {
        let vendor = filters
            .vendor
            .as_deref()
            .map(|name| view.day.snapshot.portfolios.vendor(name));
        let group = match filters.is_peer {
            true => Some(group_of_seeker(view.day.snapshot, view.seeker)?),
            false => None,
        };
        Ok(Self {
            view,
            filters,
            vendor,
            group,
            excluded: rows_of(view.day.snapshot, excluded.iter()),
            shows_all: *filters == Filters::default() && excluded.is_empty(),
        })
    }

    /// Whether the seeker excludes a row.
    fn excludes(&self, row: Row) -> bool {
        self.excluded.binary_search(&row).is_ok()
    }

    /// Whether a candidate passes every filter that is given and is not excluded. What is not recorded does not pass.
    pub(super) fn row(&self, row: Row) -> bool {
        let snapshot = self.view.day.snapshot;
        let filters = self.filters;
        if self.shows_all {
            return true;
        }
        let class = snapshot.class(row);
        !self.excludes(row)
            && (filters.care_settings.is_empty() || class.settings.meets(filters.care_settings))
            && filters
                .icb
                .as_ref()
                .is_none_or(|code| snapshot.icb(row).is_some_and(|b| b.code == *code))
            && filters
                .region
                .as_ref()
                .is_none_or(|code| snapshot.region(row).is_some_and(|b| b.code == *code))
            && self.vendor.is_none_or(|vendor| {
                vendor.is_some_and(|v| snapshot.portfolios.has_vendor(class.portfolio, v))
            })
            && self
                .group
                .is_none_or(|group| snapshot.peer_groups().of_row(row) == Some(group))
            && filters
                .within_km
                .is_none_or(|km| self.view.distance_km(row).is_some_and(|d| d <= km))
    }
}
