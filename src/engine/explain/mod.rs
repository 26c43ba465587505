//! Why a pair scored as it did, in sentences that need no glossary, and what each side stands to gain.
//!
//! Everything is addressed to the seeker: "you" is the seeker, "they" the candidate. A site's ethos answers are its own: a
//! sentence may say how alike two answers are, never what they are.

mod context;
mod relationships;
mod systems;
mod words;

use crate::domain::programme::Criterion;
use crate::domain::provenance::Provenance;
use crate::domain::suggestion::Reason;
use crate::engine::view::{Assessment, View};

/// The explanation of one pair.
#[derive(Debug, Default)]
pub(crate) struct Explanation {
    reasons: [Vec<Reason>; Criterion::COUNT],
    unknown: [Vec<String>; Criterion::COUNT],
    pub(crate) you_gain: Vec<String>,
    pub(crate) they_gain: Vec<String>,
}

impl Explanation {
    pub(crate) fn new(view: &View<'_>, assessment: &Assessment) -> Self {
        let mut explanation = Self::default();
        let row = assessment.row;
        systems::explain(&mut explanation, view, row);
        context::explain_geography(&mut explanation, view, assessment);
        context::explain_care_setting(&mut explanation, view, row);
        context::explain_culture(&mut explanation, view, row);
        relationships::explain_prior(&mut explanation, view, row);
        relationships::explain_learning(&mut explanation, view, row);
        explanation
    }

    /// Takes the reasons and the unknown facts of one criterion out.
    pub(crate) fn take(&mut self, criterion: Criterion) -> (Vec<Reason>, Vec<String>) {
        let at = criterion.index();
        (
            std::mem::take(&mut self.reasons[at]),
            std::mem::take(&mut self.unknown[at]),
        )
    }

    fn because(
        &mut self,
        criterion: Criterion,
        code: &'static str,
        text: String,
        provenance: Option<&Provenance>,
    ) {
        self.reasons[criterion.index()].push(Reason {
            code,
            text,
            source: provenance.map(|p| p.source.clone()),
            as_of: provenance.and_then(|p| p.as_of),
        });
    }

    fn not_known(&mut self, criterion: Criterion, what: String) {
        self.unknown[criterion.index()].push(what);
    }
}
