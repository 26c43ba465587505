//! Evaluations of historical pairs, worked out on threads of their own.

use super::Alongside;
use crate::domain::error::Result;
use crate::domain::evaluation::{Evaluation, EvaluationRequest};
use crate::engine::evaluation::evaluate;
use crate::storage;

pub use crate::intake::pairs;

impl Alongside {
    /// Evaluates pairs on what the database holds, when it is its turn. Writes nothing.
    ///
    /// # Errors
    ///
    /// Those of [`evaluate`], and of the database.
    pub async fn evaluate(&self, request: EvaluationRequest) -> Result<Evaluation> {
        let storage = self.storage().clone();
        // Read once it is its turn: whoever waits holds no copy of everything.
        let work = move || evaluate(storage.read_blocking(storage::register::load)?, &request);
        self.analysis_in_turn(work).await
    }

    /// The same, blocking.
    ///
    /// # Errors
    ///
    /// As [`evaluate`](Self::evaluate).
    pub fn evaluate_blocking(&self, request: &EvaluationRequest) -> Result<Evaluation> {
        let register = self.storage().read_blocking(storage::register::load)?;
        evaluate(register, request)
    }
}
