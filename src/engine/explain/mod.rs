//! Why a pair scored as it did, in sentences that need no glossary, and what each side stands to gain.
//!
//! Everything is addressed to the seeker: "you" is the seeker, "they" the candidate. A site's ethos answers are its own: a
//! sentence may say how alike two answers are, never what they are.

mod context;
mod relationships;
mod systems;
mod words;

use std::borrow::Cow;

use crate::domain::programme::Criterion;
use crate::domain::suggestion::Reason;
use crate::engine::snapshot::Origin;
use crate::engine::view::{Assessment, View};

/// The explanation of one pair.
#[derive(Debug, Default)]
pub(crate) struct Explanation {
    reasons: [Vec<Reason>; Criterion::COUNT],
    unknown: [Vec<Cow<'static, str>>; Criterion::COUNT],
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
    pub(crate) fn take(&mut self, criterion: Criterion) -> (Vec<Reason>, Vec<Cow<'static, str>>) {
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
        text: impl Into<Cow<'static, str>>,
        origin: Option<&Origin>,
    ) {
        self.reasons[criterion.index()].push(Reason {
            code,
            text: text.into(),
            source: origin.map(|o| o.source.clone()),
            as_of: origin.and_then(|o| o.as_of),
        });
    }

    fn not_known(&mut self, criterion: Criterion, what: impl Into<Cow<'static, str>>) {
        self.unknown[criterion.index()].push(what.into());
    }
}
