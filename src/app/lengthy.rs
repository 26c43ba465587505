//! Answers that take long, worked out on threads of their own.

use std::sync::Arc;

use chrono::NaiveDate;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{Alongside, Basis, Held};
use crate::domain::error::{Error, Result};
use crate::domain::firmness::FirmnessRequest;
use crate::domain::flip::Flips;
use crate::domain::ids::OdsCode;
use crate::domain::price::{MAX_ORGANISATIONS, Prices};
use crate::domain::suggestion::{
    Filters, PairAnswer, PairQuestion, SuggestionRequest, Suggestions,
};
use crate::engine::snapshot::Snapshot;
use crate::engine::{answer, flips};

/// How many are worked out at once, each on up to two threads; others wait for their turn.
const AT_ONCE: usize = 2;

/// The most draws that an answer takes where it is asked for: some 15 ms.
const MAX_DRAWS_AT_HAND: u32 = 10_000;

/// How many wait for their turn at most; whoever comes then is asked to try again.
const MAX_WAITING: usize = 32;

/// How many wait at most for an analysis of the whole register.
const MAX_ANALYSES_WAITING: usize = 8;

/// Whose turn it is, and who may wait for one.
pub(super) struct Turns {
    turns: Arc<Semaphore>,
    places: Arc<Semaphore>,
}

impl Default for Turns {
    fn default() -> Self {
        Self::new(AT_ONCE, MAX_WAITING)
    }
}

/// Whose turn it is to have something worked out from the whole register.
pub(super) struct Analyses(Turns);

impl Default for Analyses {
    fn default() -> Self {
        Self(Turns::new(1, MAX_ANALYSES_WAITING))
    }
}

impl Turns {
    fn new(at_once: usize, waiting: usize) -> Self {
        Self {
            turns: Arc::new(Semaphore::new(at_once)),
            places: Arc::new(Semaphore::new(at_once + waiting)),
        }
    }

    /// Waits for a turn, which lasts until what is returned is dropped.
    async fn turn(&self) -> Result<(OwnedSemaphorePermit, OwnedSemaphorePermit)> {
        let Ok(place) = Arc::clone(&self.places).try_acquire_owned() else {
            return Err(Error::Busy);
        };
        let turn = Arc::clone(&self.turns).acquire_owned().await;
        let turn = turn.map_err(|closed| Error::Internal("waiting for a turn", closed.into()))?;
        Ok((turn, place))
    }

    /// Works something out on a thread of its own when it is its turn.
    async fn work<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let turn = self.turn().await?;
        let work = move || {
            // Kept until the answer is there, be it that nobody waits for it any longer.
            let _turn = turn;
            work()
        };
        tokio::task::spawn_blocking(work)
            .await
            .map_err(|panic| Error::Internal("working out an answer", panic.into()))?
    }
}

/// Whether the firmness of a list takes so long that nobody else should wait for it.
const fn is_lengthy(request: &FirmnessRequest) -> bool {
    request.tables || request.draws.count() > MAX_DRAWS_AT_HAND
}

/// Whether somebody's suggestions are to be kept to a group where the groups are yet to be worked out: they were for another
/// snapshot, if at all.
fn makes_groups(filters: &Filters, snapshot: &Snapshot) -> bool {
    filters.is_peer && !snapshot.has_peer_groups()
}

/// Whether exposure is spread for a seeker on a day: as the request says, else as its programme does. A programme of more
/// organisations than prices are made for gets none, which the answer tells; who asks for them outright is refused.
pub(super) fn spreads(
    held: &Held,
    (seeker, as_of): (OdsCode, NaiveDate),
    asked: Option<bool>,
) -> bool {
    asked.unwrap_or_else(|| {
        held.snapshot.n_organisations() <= MAX_ORGANISATIONS
            && answer::spreads_load(&held.snapshot, seeker, as_of)
    })
}

impl Alongside {
    /// Answers a request for suggestions with what the answer was made from: at once where that is quick, else on a thread of its
    /// own when it is its turn.
    ///
    /// # Errors
    ///
    /// Those of [`answer::suggest`]; [`Error::Busy`] where too many wait; [`Error::Internal`] where the work
    /// breaks off.
    pub async fn suggest_in_turn(
        &self,
        request: &SuggestionRequest,
    ) -> Result<(Suggestions, Basis)> {
        let (prices, held) = self
            .priced(request.seeker, request.as_of, request.spread_load)
            .await?;
        let suggest = move |held: &Held, request: &SuggestionRequest| {
            let basis = held.basis(request);
            let prices = prices.as_deref();
            let answer = answer::suggest(&held.snapshot, request, &basis.excluded, prices)?;
            Ok((answer, basis))
        };
        if !is_lengthy(&request.firmness) && !makes_groups(&request.filters, &held.snapshot) {
            return suggest(&held, request);
        }
        let request = request.clone();
        self.in_turn(move || suggest(&held, &request)).await
    }

    /// Answers for one pair in full, as [`suggest_in_turn`](Self::suggest_in_turn).
    ///
    /// # Errors
    ///
    /// Those of [`answer::pairs`]; [`Error::Busy`] where too many wait; [`Error::Internal`] where the work
    /// breaks off.
    pub async fn pair_in_turn(
        &self,
        question: PairQuestion,
        candidate: OdsCode,
    ) -> Result<PairAnswer> {
        self.compare_in_turn(question, vec![candidate]).await
    }

    /// Answers for several candidates in the order given, as [`suggest_in_turn`](Self::suggest_in_turn).
    ///
    /// # Errors
    ///
    /// Those of [`answer::pairs`]; [`Error::Busy`] where too many wait; [`Error::Internal`] where the work
    /// breaks off.
    pub async fn compare_in_turn(
        &self,
        question: PairQuestion,
        candidates: Vec<OdsCode>,
    ) -> Result<PairAnswer> {
        let (prices, held) = self
            .priced(question.seeker, question.as_of, question.spread_load)
            .await?;
        let compare = move || {
            let excluded = held.excluded(question.seeker, question.seen_by);
            let prices = prices.as_deref();
            answer::pairs(&held.snapshot, question, &candidates, &excluded, prices)
        };
        if !is_lengthy(&question.firmness) {
            return compare();
        }
        self.in_turn(compare).await
    }

    /// What would flip the order of two candidates.
    ///
    /// # Errors
    ///
    /// Those of [`flips::flips`]; [`Error::Busy`] where too many wait; [`Error::Internal`] where the work
    /// breaks off.
    pub async fn flips(
        &self,
        question: PairQuestion,
        between: (OdsCode, OdsCode),
    ) -> Result<Flips> {
        let (prices, held) = self
            .priced(question.seeker, question.as_of, question.spread_load)
            .await?;
        let excluded = held.excluded(question.seeker, question.seen_by);
        flips::flips(
            &held.snapshot,
            question,
            between,
            &excluded,
            prices.as_deref(),
        )
    }

    /// What an answer is made from, with the prices of the day where exposure is spread.
    pub(super) async fn priced(
        &self,
        seeker: OdsCode,
        as_of: NaiveDate,
        asked: Option<bool>,
    ) -> Result<(Option<Arc<Prices>>, Held)> {
        let held = self.state.held();
        if !spreads(&held, (seeker, as_of), asked) {
            return Ok((None, held));
        }
        // Made of what is held by then, whose programme may say otherwise.
        let (prices, held) = self.prices(as_of).await?;
        let is_wanted = spreads(&held, (seeker, as_of), asked);
        Ok((is_wanted.then_some(prices), held))
    }

    /// Works out what staff ask of the whole register, one at a time, so that no site waits for it.
    pub(super) async fn analysis_in_turn<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.analyses.0.work(work).await
    }

    pub(super) async fn in_turn<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.lengthy.work(work).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::test_register::{organisation, register};

    #[tokio::test]
    async fn whoever_finds_all_places_taken_is_asked_to_try_again() {
        let turns = Turns::new(1, 1);
        let first = turns.turn().await.unwrap();
        let (waits, refused) = tokio::join!(
            async {
                let turn = turns.turn().await;
                turn.is_ok()
            },
            async {
                let refused = turns.turn().await;
                drop(first);
                refused
            }
        );
        assert!(waits && matches!(refused, Err(Error::Busy)));
        assert!(turns.turn().await.is_ok());
    }

    #[test]
    fn suggestions_kept_to_a_group_are_lengthy_until_the_groups_are_there() {
        let snapshot = Snapshot::new(&register(&[organisation("RA1")]));
        let kept = Filters {
            is_peer: true,
            ..Filters::default()
        };
        assert!(makes_groups(&kept, &snapshot));
        assert!(!makes_groups(&Filters::default(), &snapshot));
        snapshot.peer_groups();
        assert!(!makes_groups(&kept, &snapshot));
    }
}
