//! What is said of each operation beside its handler: who may call it, and its examples.
//!
//! Each file of handlers has a table of its operations; the tables are gathered here. An operation that is in none is
//! refused to everybody and stops the service from starting, so that nobody forgets one.

use crate::http::access::Rule;
use crate::http::{
    admin_pauses, admin_suggestions, approach_answers, approaches, attributes, audit, balance,
    blueprints, bridges, capacity, check_ins, choice_reports, completeness, contacts, core_systems,
    ethos, evaluations, event_stream, events, exclusions, expertise, exports, fhir, flips, history,
    imports, keys, link_answers, links, links_declaration, match_reviews, matches, me, method,
    models, networks, notifications, organisations, overview, particulars, partnerships, pauses,
    peer_groups, probes, programme_weights, programmes, reference, shortlist, shown_contacts,
    site_suggestions, standings, suggestions, topics, vendors, visibility, webhook_deliveries,
    webhooks, weights, what_if, workings,
};

/// What is said of an operation.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Operation {
    /// Its id in the document: the name of its handler.
    pub(crate) id: &'static str,
    /// Who may call it.
    pub(crate) rule: Rule,
    /// An example of its body, as JSON.
    pub(crate) body: Option<&'static str>,
    /// What it answers to its examples over the bundled data, as JSON; a test asks the service the same and compares.
    pub(crate) answer: Option<&'static str>,
}

impl Operation {
    /// An operation without examples.
    pub(crate) const fn new(id: &'static str, rule: Rule) -> Self {
        Self {
            id,
            rule,
            body: None,
            answer: None,
        }
    }

    /// With an example of its body.
    pub(crate) const fn takes(mut self, body: &'static str) -> Self {
        self.body = Some(body);
        self
    }

    /// With an example of its answer.
    pub(crate) const fn answers(mut self, answer: &'static str) -> Self {
        self.answer = Some(answer);
        self
    }

    /// The operation with an id; `None` where it is in no table.
    pub(crate) fn find(id: &str) -> Option<&'static Self> {
        TABLES
            .iter()
            .copied()
            .flatten()
            .find(|operation| operation.id == id)
    }
}

/// Every table.
const TABLES: &[&[Operation]] = &[
    admin_pauses::OPERATIONS,
    admin_suggestions::OPERATIONS,
    approach_answers::OPERATIONS,
    approaches::OPERATIONS,
    attributes::OPERATIONS,
    audit::OPERATIONS,
    balance::OPERATIONS,
    blueprints::OPERATIONS,
    bridges::OPERATIONS,
    capacity::OPERATIONS,
    check_ins::OPERATIONS,
    completeness::OPERATIONS,
    contacts::OPERATIONS,
    core_systems::OPERATIONS,
    ethos::OPERATIONS,
    event_stream::OPERATIONS,
    events::OPERATIONS,
    exclusions::OPERATIONS,
    expertise::OPERATIONS,
    exports::OPERATIONS,
    fhir::OPERATIONS,
    flips::OPERATIONS,
    history::OPERATIONS,
    imports::OPERATIONS,
    keys::OPERATIONS,
    link_answers::OPERATIONS,
    links::OPERATIONS,
    links_declaration::OPERATIONS,
    match_reviews::OPERATIONS,
    matches::OPERATIONS,
    me::OPERATIONS,
    method::OPERATIONS,
    networks::OPERATIONS,
    notifications::OPERATIONS,
    organisations::OPERATIONS,
    overview::OPERATIONS,
    particulars::OPERATIONS,
    partnerships::OPERATIONS,
    pauses::OPERATIONS,
    evaluations::OPERATIONS,
    peer_groups::OPERATIONS,
    probes::OPERATIONS,
    programme_weights::OPERATIONS,
    programmes::OPERATIONS,
    reference::OPERATIONS,
    shortlist::OPERATIONS,
    shown_contacts::OPERATIONS,
    site_suggestions::OPERATIONS,
    models::OPERATIONS,
    choice_reports::OPERATIONS,
    standings::OPERATIONS,
    suggestions::OPERATIONS,
    topics::OPERATIONS,
    vendors::OPERATIONS,
    visibility::OPERATIONS,
    webhook_deliveries::OPERATIONS,
    webhooks::OPERATIONS,
    weights::OPERATIONS,
    what_if::OPERATIONS,
    workings::OPERATIONS,
];
