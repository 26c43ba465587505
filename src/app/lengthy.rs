//! Answers that take long, worked out on threads of their own.

use std::sync::Arc;

use chrono::NaiveDate;
use tokio::sync::Semaphore;

use super::{Alongside, Basis, Held};
use crate::domain::error::{Error, Result};
use crate::domain::firmness::FirmnessRequest;
use crate::domain::flip::Flips;
use crate::domain::ids::OdsCode;
use crate::domain::price::Prices;
use crate::domain::suggestion::{PairAnswer, PairQuestion, SuggestionRequest, Suggestions};
use crate::engine::{answer, flips};

/// How many are worked out at once, each on up to two threads; others wait for their turn.
const AT_ONCE: usize = 2;

/// The most draws that an answer takes where it is asked for: some 15 ms.
const MAX_DRAWS_AT_HAND: u32 = 10_000;

/// Whose turn it is.
pub(super) struct Turns(Arc<Semaphore>);

impl Default for Turns {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(AT_ONCE)))
    }
}

/// Whether the firmness of a list takes so long that nobody else should wait for it.
const fn is_lengthy(request: &FirmnessRequest) -> bool {
    request.tables || request.draws.count() > MAX_DRAWS_AT_HAND
}

impl Alongside {
    /// Answers a request for suggestions with what the answer was made from: at once where that is quick, else on a thread of its
    /// own when it is its turn.
    ///
    /// # Errors
    ///
    /// Those of [`answer::suggest`]; [`Error::Internal`] where the work breaks off.
    pub async fn suggest_in_turn(
        &self,
        request: &SuggestionRequest,
    ) -> Result<(Suggestions, Basis)> {
        let (prices, held) = self.priced(request.spread_load, request.as_of).await?;
        let suggest = move |held: &Held, request: &SuggestionRequest| {
            let basis = held.basis(request);
            let prices = prices.as_deref();
            let answer = answer::suggest(&held.snapshot, request, &basis.excluded, prices)?;
            Ok((answer, basis))
        };
        if !is_lengthy(&request.firmness) {
            return suggest(&held, request);
        }
        let request = request.clone();
        self.in_turn(move || suggest(&held, &request)).await
    }

    /// Answers for one pair in full, as [`suggest_in_turn`](Self::suggest_in_turn).
    ///
    /// # Errors
    ///
    /// Those of [`answer::pairs`]; [`Error::Internal`] where the work breaks off.
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
    /// Those of [`answer::pairs`]; [`Error::Internal`] where the work breaks off.
    pub async fn compare_in_turn(
        &self,
        question: PairQuestion,
        candidates: Vec<OdsCode>,
    ) -> Result<PairAnswer> {
        let (prices, held) = self.priced(question.spread_load, question.as_of).await?;
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
    /// Those of [`flips::flips`]; [`Error::Internal`] where the work breaks off.
    pub async fn flips(
        &self,
        question: PairQuestion,
        between: (OdsCode, OdsCode),
    ) -> Result<Flips> {
        let (prices, held) = self.priced(question.spread_load, question.as_of).await?;
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
    async fn priced(
        &self,
        spread_load: bool,
        as_of: NaiveDate,
    ) -> Result<(Option<Arc<Prices>>, Held)> {
        if !spread_load {
            return Ok((None, self.state.held()));
        }
        let (prices, held) = self.prices(as_of).await?;
        Ok((Some(prices), held))
    }

    pub(super) async fn in_turn<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let turn = Arc::clone(&self.lengthy.0).acquire_owned().await;
        let turn = turn.map_err(|closed| Error::Internal("waiting for a turn", closed.into()))?;
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
