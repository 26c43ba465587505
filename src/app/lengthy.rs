//! Answers that take long, worked out on threads of their own.

use std::sync::Arc;

use tokio::sync::Semaphore;

use super::{Alongside, Basis, Held};
use crate::domain::error::{Error, Result};
use crate::domain::firmness::FirmnessRequest;
use crate::domain::ids::OdsCode;
use crate::domain::suggestion::{PairAnswer, PairQuestion, SuggestionRequest, Suggestions};
use crate::engine::answer;

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
        if !is_lengthy(&request.firmness) {
            return self.suggest_with_basis(request);
        }
        let request = request.clone();
        self.in_turn(move |held| {
            let basis = held.basis(&request);
            let answer = answer::suggest(&held.snapshot, &request, &basis.excluded)?;
            Ok((answer, basis))
        })
        .await
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
        if !is_lengthy(&question.firmness) {
            return self.compare(question, &candidates);
        }
        self.in_turn(move |held| {
            let excluded = held.excluded(question.seeker, question.seen_by);
            answer::pairs(&held.snapshot, question, &candidates, &excluded)
        })
        .await
    }

    async fn in_turn<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Held) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let turn = Arc::clone(&self.lengthy.0).acquire_owned().await;
        let turn = turn.map_err(|closed| Error::Internal("waiting for a turn", closed.into()))?;
        let held = self.state.held();
        let work = move || {
            // Kept until the answer is there, be it that nobody waits for it any longer.
            let _turn = turn;
            work(&held)
        };
        tokio::task::spawn_blocking(work)
            .await
            .map_err(|panic| Error::Internal("working out an answer", panic.into()))?
    }
}
