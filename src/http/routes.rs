//! Which operations there are.

use actix_web::dev::HttpServiceFactory;
use actix_web::middleware::from_fn;
use actix_web::web;
use utoipa_actix_web::OpenApiFactory;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::http::openapi::API_PREFIX;
use crate::http::{
    access, admin_pauses, admin_suggestions, approach_answers, approaches, attributes, audit,
    balance, blueprints, bridges, capacity, check_ins, choice_reports, completeness, contacts,
    core_systems, ethos, evaluations, event_stream, events, exclusions, expertise, exports, fhir,
    flips, history, imports, keys, link_answers, links, links_declaration, match_reviews, matches,
    me, method, models, networks, notifications, organisations, overview, particulars,
    partnerships, pauses, peer_groups, probes, programme_weights, programmes, reference, shortlist,
    shown_contacts, site_suggestions, standings, suggestions, topics, vendors, visibility,
    webhook_deliveries, webhooks, weights, what_if, workings,
};

/// Where operations are entered: among the routes of a worker, or in the document.
///
/// The document is made once: a worker that collected it with its routes would only throw it away.
pub(super) trait Entries {
    /// Enters an operation.
    fn enter<F>(&mut self, operation: F) -> &mut Self
    where
        F: HttpServiceFactory + OpenApiFactory + 'static;

    /// Enters a list of operations under its path.
    fn enter_all<L: List>(&mut self) -> &mut Self;
}

/// Operations whose paths start alike, and which nobody reaches but by a rule.
pub(super) trait List {
    /// What their paths start with.
    const PREFIX: &'static str;

    /// Enters them.
    fn enter(entries: &mut impl Entries);
}

impl Entries for web::ServiceConfig {
    fn enter<F>(&mut self, operation: F) -> &mut Self
    where
        F: HttpServiceFactory + OpenApiFactory + 'static,
    {
        self.service(operation)
    }

    fn enter_all<L: List>(&mut self) -> &mut Self {
        self.service(
            web::scope(L::PREFIX)
                .configure(L::enter)
                .wrap(from_fn(access::admitted)),
        )
    }
}

impl Entries for ServiceConfig<'_> {
    fn enter<F>(&mut self, operation: F) -> &mut Self
    where
        F: HttpServiceFactory + OpenApiFactory + 'static,
    {
        self.service(operation)
    }

    fn enter_all<L: List>(&mut self) -> &mut Self {
        self.service(utoipa_actix_web::scope(L::PREFIX).configure(|entries| L::enter(entries)))
    }
}

/// Every operation, in the order of the document.
pub(super) fn operations(entries: &mut impl Entries) {
    entries
        .enter_all::<Own>()
        .enter_all::<Fhir>()
        .enter(probes::ping)
        .enter(probes::status)
        .enter(probes::metrics);
}

/// The service's own operations.
struct Own;

impl List for Own {
    const PREFIX: &'static str = API_PREFIX;

    fn enter(entries: &mut impl Entries) {
        entries
            .enter(matches::list_matches)
            .enter(matches::export_matches)
            .enter(match_reviews::change_matches)
            .enter(matches::show_match)
            .enter(match_reviews::assign_match)
            .enter(match_reviews::list_match_comments)
            .enter(match_reviews::comment_on_match)
            .enter(match_reviews::resolve_match)
            .enter(match_reviews::reopen_match)
            .enter(overview::show_pipeline)
            .enter(overview::export_pipeline)
            .enter(overview::show_load)
            .enter(overview::export_load)
            .enter(evaluations::make_evaluation)
            .enter(evaluations::show_evaluation_picture)
            .enter(peer_groups::show_peer_groups)
            .enter(peer_groups::show_peer_picture)
            .enter(models::list_models)
            .enter(models::create_model)
            .enter(models::show_model)
            .enter(models::activate_model)
            .enter(models::roll_back_model)
            .enter(models::show_model_shadow)
            .enter(choice_reports::show_choices)
            .enter(standings::list_standings)
            .enter(standings::keep_standing)
            .enter(standings::show_standing)
            .enter(standings::remove_standing)
            .enter(standings::show_stability)
            .enter(keys::list_keys)
            .enter(keys::create_key)
            .enter(keys::show_key)
            .enter(keys::rotate_key)
            .enter(keys::revoke_key)
            .enter(me::show_me)
            .enter(exports::export_table)
            .enter(exports::list_exports)
            .enter(audit::list_audit)
            .enter(audit::show_audit_checkpoint)
            .enter(audit::list_own_audit)
            .enter(imports::create_import)
            .enter(imports::list_imports)
            .enter(imports::show_import_template)
            .enter(imports::show_import)
            .enter(imports::list_import_remarks)
            .enter(organisations::list_organisations)
            .enter(organisations::show_organisation)
            .enter(core_systems::list_core_systems)
            .enter(core_systems::put_core_systems)
            .enter(core_systems::withdraw_core_systems)
            .enter(vendors::list_vendors)
            .enter(ethos::show_ethos)
            .enter(ethos::put_ethos)
            .enter(attributes::list_attributes)
            .enter(attributes::put_attribute)
            .enter(attributes::withdraw_attribute)
            .enter(particulars::show_particulars)
            .enter(particulars::put_particulars)
            .enter(particulars::withdraw_particulars)
            .enter(weights::show_weights)
            .enter(weights::put_weights)
            .enter(weights::forget_weights)
            .enter(visibility::show_visibility)
            .enter(visibility::put_visibility)
            .enter(history::list_history)
            .enter(suggestions::list_suggestions)
            .enter(suggestions::make_suggestions)
            // Before the candidates, of which none is called so.
            .enter(workings::show_workings)
            .enter(workings::make_workings)
            .enter(suggestions::show_suggestion)
            .enter(suggestions::compare_candidates);
        choices(entries);
        relations(entries);
        agreed(entries);
        choosing(entries);
        programme_admin(entries);
        telling(entries);
        entries
            .enter(flips::show_flips)
            .enter(completeness::show_completeness)
            .enter(peer_groups::show_peer_group)
            .enter(reference::show_default_programme)
            .enter(method::show_method)
            .enter(reference::list_sources)
            .enter(reference::show_openapi);
    }
}

/// What is answered as FHIR.
struct Fhir;

impl List for Fhir {
    const PREFIX: &'static str = fhir::PREFIX;

    fn enter(entries: &mut impl Entries) {
        entries
            .enter(fhir::affiliations::read_fhir_affiliation)
            .enter(fhir::affiliations::search_fhir_affiliations)
            .enter(fhir::capability::show_fhir_capabilities)
            .enter(fhir::organizations::read_fhir_organization)
            .enter(fhir::organizations::search_fhir_organizations);
    }
}

/// What a site chooses for itself alone.
fn choices(entries: &mut impl Entries) {
    entries
        .enter(exclusions::list_exclusions)
        .enter(exclusions::show_exclusion)
        .enter(exclusions::put_exclusion)
        .enter(exclusions::withdraw_exclusion)
        .enter(shortlist::show_shortlist)
        .enter(shortlist::order_shortlist)
        .enter(shortlist::put_shortlist_entry)
        .enter(shortlist::remove_shortlist_entry);
}

/// What is told to those who want to hear.
fn telling(entries: &mut impl Entries) {
    entries
        .enter(events::list_events)
        .enter(event_stream::stream_events)
        .enter(webhooks::list_webhooks)
        .enter(webhooks::create_webhook)
        .enter(webhooks::show_webhook)
        .enter(webhooks::change_webhook)
        .enter(webhooks::delete_webhook)
        .enter(webhooks::rotate_webhook_secret)
        .enter(webhooks::test_webhook)
        .enter(webhook_deliveries::list_deliveries)
        .enter(webhook_deliveries::replay_deliveries)
        .enter(notifications::show_notifications)
        .enter(notifications::put_notifications);
}

/// What joins organisations, and the people to ask.
fn relations(entries: &mut impl Entries) {
    entries
        .enter(links::list_links)
        .enter(links::declare_link)
        .enter(links_declaration::show_links_declaration)
        .enter(links_declaration::change_links_declaration)
        .enter(links_declaration::withdraw_links_declaration)
        .enter(links::show_link)
        .enter(links::change_link)
        .enter(links::withdraw_link)
        .enter(link_answers::confirm_link)
        .enter(link_answers::dispute_link)
        .enter(networks::list_networks)
        .enter(networks::create_network)
        .enter(networks::show_network)
        .enter(networks::list_memberships)
        .enter(networks::join_network)
        .enter(networks::leave_network)
        .enter(bridges::list_bridges)
        .enter(topics::list_topics)
        .enter(topics::create_topic)
        .enter(topics::list_organisation_topics)
        .enter(topics::state_topic)
        .enter(topics::withdraw_topic)
        .enter(blueprints::list_blueprints)
        .enter(blueprints::publish_blueprint)
        .enter(blueprints::show_blueprint)
        .enter(blueprints::change_blueprint)
        .enter(blueprints::withdraw_blueprint)
        .enter(contacts::list_contacts)
        .enter(contacts::add_contact)
        .enter(contacts::show_contact)
        .enter(contacts::change_contact)
        .enter(contacts::erase_contact)
        .enter(contacts::export_contact)
        .enter(expertise::list_expertise);
}

/// What two sites agreed to.
fn agreed(entries: &mut impl Entries) {
    entries
        .enter(partnerships::list_partnerships)
        .enter(partnerships::show_partnership)
        .enter(partnerships::change_partnership)
        .enter(partnerships::end_partnership)
        .enter(check_ins::list_check_ins)
        .enter(check_ins::make_check_in)
        .enter(shown_contacts::list_partnership_contacts)
        .enter(shown_contacts::list_approach_contacts)
        .enter(balance::show_balance);
}

/// What sites agree with each other, and how much each takes on.
fn choosing(entries: &mut impl Entries) {
    entries
        .enter(approaches::list_approaches)
        .enter(approaches::create_approach)
        .enter(approaches::show_approach)
        .enter(approach_answers::accept_approach)
        .enter(approach_answers::decline_approach)
        .enter(approach_answers::withdraw_approach)
        .enter(capacity::show_capacity)
        .enter(capacity::put_capacity)
        .enter(capacity::forget_capacity)
        .enter(pauses::show_pause)
        .enter(pauses::pause_site)
        .enter(pauses::resume_site);
}

/// What the admins of programmes do.
fn programme_admin(entries: &mut impl Entries) {
    entries
        .enter(programmes::list_programmes)
        .enter(programmes::create_programme)
        .enter(programmes::show_programme)
        .enter(programmes::change_programme)
        .enter(programmes::list_programme_members)
        .enter(programmes::add_programme_member)
        .enter(programmes::remove_programme_member)
        .enter(programme_weights::show_default_weights)
        .enter(programme_weights::change_default_weights)
        .enter(programme_weights::show_programme_weights)
        .enter(programme_weights::change_programme_weights)
        .enter(programme_weights::list_programme_weights)
        .enter(what_if::show_what_if)
        .enter(admin_suggestions::list_admin_suggestions)
        .enter(admin_suggestions::create_admin_suggestion)
        .enter(admin_suggestions::show_admin_suggestion)
        .enter(admin_suggestions::withdraw_admin_suggestion)
        .enter(site_suggestions::list_own_admin_suggestions)
        .enter(site_suggestions::show_own_admin_suggestion)
        .enter(site_suggestions::answer_admin_suggestion)
        .enter(admin_pauses::list_admin_pauses)
        .enter(admin_pauses::show_admin_pause)
        .enter(admin_pauses::put_admin_pause)
        .enter(admin_pauses::remove_admin_pause);
}
