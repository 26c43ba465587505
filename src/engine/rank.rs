//! The order of candidates: by expected mutual fit, less the load price where exposure is spread, ties by ODS code (DESIGN 4.8).
//!
//! Rows are in the order of codes, so among equal fits the smaller row comes first. Whoever can no longer reach what is
//! looked for is passed over by the bound of its class, at the cost of one comparison.

use std::cmp::Ordering;

use crate::engine::columns::{Row, index};
use crate::engine::view::View;

/// A candidate with what decides its place.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Ranked {
    pub(crate) row: Row,
    /// The expected mutual fit less the load price.
    pub(crate) worth: f64,
}

impl Ranked {
    /// Greater worth first, then the smaller code.
    fn order(&self, other: &Self) -> Ordering {
        other
            .worth
            .total_cmp(&self.worth)
            .then(self.row.cmp(&other.row))
    }

    /// Whether it stands before another.
    pub(crate) fn is_before(&self, other: &Self) -> bool {
        self.order(other) == Ordering::Less
    }
}

/// The best so far, in order, at most so many.
struct Best {
    ranked: Vec<Ranked>,
    limit: usize,
    /// Only those after this one count.
    after: Option<Ranked>,
}

impl Best {
    /// What a candidate must reach to be among them.
    fn threshold(&self) -> f64 {
        if self.ranked.len() < self.limit {
            f64::NEG_INFINITY
        } else {
            self.ranked.last().map_or(f64::INFINITY, |last| last.worth)
        }
    }

    fn offer(&mut self, candidate: Ranked) {
        if self.after.is_some_and(|after| !after.is_before(&candidate)) {
            return;
        }
        let at = self
            .ranked
            .partition_point(|r| r.order(&candidate) == Ordering::Less);
        if at < self.limit {
            if self.ranked.len() == self.limit {
                self.ranked.pop();
            }
            self.ranked.insert(at, candidate);
        }
    }
}

impl View<'_> {
    /// The best `limit` candidates for which `is_shown` holds, in order, and how many there are to choose from.
    ///
    /// `O(n)` comparisons; allocates for the result alone.
    pub(crate) fn top(&self, limit: usize, is_shown: impl Fn(Row) -> bool) -> (Vec<Ranked>, usize) {
        self.best(limit, None, is_shown)
    }

    /// The best `limit` candidates after a given one for which `is_shown` holds, in order.
    pub(crate) fn top_after(
        &self,
        candidate: Ranked,
        limit: usize,
        is_shown: impl Fn(Row) -> bool,
    ) -> Vec<Ranked> {
        self.best(limit, Some(candidate), is_shown).0
    }

    fn best(
        &self,
        limit: usize,
        after: Option<Ranked>,
        is_shown: impl Fn(Row) -> bool,
    ) -> (Vec<Ranked>, usize) {
        let mut best = Best {
            ranked: Vec::with_capacity(limit + 1),
            limit,
            after,
        };
        let mut n_candidates = 0;
        // Those with links come first: they tend to rank high, so the threshold rises early.
        for special in self
            .specials
            .iter()
            .filter(|s| s.is_suggested && is_shown(s.row))
        {
            n_candidates += 1;
            if let Some(worth) = self.worth_from(special.row, special.prior, best.threshold()) {
                best.offer(Ranked {
                    row: special.row,
                    worth,
                });
            }
        }
        for row in self.ordinary_rows().filter(|&row| is_shown(row)) {
            n_candidates += 1;
            let threshold = best.threshold();
            if self.bound(row) >= threshold
                && let Some(worth) = self.worth_from(row, 0.0, threshold)
            {
                best.offer(Ranked { row, worth });
            }
        }
        (best.ranked, n_candidates)
    }

    /// A candidate's place among all candidates for which `is_shown` holds, from 1.
    pub(crate) fn rank_of(&self, candidate: Row, is_shown: impl Fn(Row) -> bool) -> u32 {
        let place = self.ranked(candidate);
        let is_before = |row: Row, prior: f64| {
            self.worth_from(row, prior, place.worth)
                .is_some_and(|worth| Ranked { row, worth }.order(&place) == Ordering::Less)
        };
        let special = self
            .specials
            .iter()
            .filter(|s| s.is_suggested && s.row != candidate);
        let special = special
            .filter(|s| is_shown(s.row) && is_before(s.row, s.prior))
            .count();
        let ordinary = self.ordinary_rows().filter(|&row| {
            self.bound(row) >= place.worth
                && row != candidate
                && is_shown(row)
                && is_before(row, 0.0)
        });
        index(special + ordinary.count() + 1)
    }

    /// A candidate with its expected mutual fit, as the order takes it.
    pub(crate) fn ranked(&self, row: Row) -> Ranked {
        let mutual_fit = self.mutual_from(row, self.prior(row), 0.0);
        Ranked {
            row,
            worth: mutual_fit.unwrap_or(0.0) - self.price(row),
        }
    }

    /// What a candidate is worth; `None` as soon as that is sure to be below `threshold`. A price is never below 0, so that a fit
    /// below the threshold is enough to know.
    fn worth_from(&self, row: Row, prior: f64, threshold: f64) -> Option<f64> {
        let mutual_fit = self.mutual_from(row, prior, threshold)?;
        Some(mutual_fit - self.price(row))
    }

    /// The rows that have no link to the seeker and may be suggested.
    fn ordinary_rows(&self) -> impl Iterator<Item = Row> {
        let mut next_special = self.specials.iter().map(|s| s.row).peekable();
        (0..index(self.day.snapshot.n_organisations()))
            .filter(move |row| next_special.next_if_eq(row).is_none())
    }
}
