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

/// Where operations are entered: among the routes of a worker, or in the document as well.
///
/// The document is made once. A worker that collected it with its routes would throw it away, and keep the megabytes.
trait Entries {
    /// Enters an operation.
    fn service<F>(&mut self, operation: F) -> &mut Self
    where
        F: HttpServiceFactory + OpenApiFactory + 'static;
}

impl Entries for web::ServiceConfig {
    fn service<F>(&mut self, operation: F) -> &mut Self
    where
        F: HttpServiceFactory + OpenApiFactory + 'static,
    {
        self.service(operation)
    }
}

impl Entries for ServiceConfig<'_> {
    fn service<F>(&mut self, operation: F) -> &mut Self
    where
        F: HttpServiceFactory + OpenApiFactory + 'static,
    {
        self.service(operation)
    }
}

/// The routes of every operation.
pub(super) fn answered(config: &mut web::ServiceConfig) {
    config
        .service(
            web::scope(API_PREFIX)
                .configure(own)
                .wrap(from_fn(access::admitted)),
        )
        .service(
            web::scope(fhir::PREFIX)
                .configure(of_fhir)
                .wrap(from_fn(access::admitted)),
        );
    of_probes(config);
}

/// Every operation, in the order of the document, with what is said of it.
pub(super) fn documented(config: &mut ServiceConfig<'_>) {
    config
        .service(utoipa_actix_web::scope(API_PREFIX).configure(|config| own(config)))
        .service(utoipa_actix_web::scope(fhir::PREFIX).configure(|config| of_fhir(config)));
    of_probes(config);
}

/// The service's own operations.
fn own(config: &mut impl Entries) {
    config
        .service(matches::list_matches)
        .service(matches::export_matches)
        .service(match_reviews::change_matches)
        .service(matches::show_match)
        .service(match_reviews::assign_match)
        .service(match_reviews::list_match_comments)
        .service(match_reviews::comment_on_match)
        .service(match_reviews::resolve_match)
        .service(match_reviews::reopen_match)
        .service(overview::show_pipeline)
        .service(overview::export_pipeline)
        .service(overview::show_load)
        .service(overview::export_load)
        .service(evaluations::make_evaluation)
        .service(evaluations::show_evaluation_picture)
        .service(peer_groups::show_peer_groups)
        .service(peer_groups::show_peer_picture)
        .service(models::list_models)
        .service(models::create_model)
        .service(models::show_model)
        .service(models::activate_model)
        .service(models::roll_back_model)
        .service(models::show_model_shadow)
        .service(choice_reports::show_choices)
        .service(standings::list_standings)
        .service(standings::keep_standing)
        .service(standings::show_standing)
        .service(standings::remove_standing)
        .service(standings::show_stability)
        .service(keys::list_keys)
        .service(keys::create_key)
        .service(keys::show_key)
        .service(keys::rotate_key)
        .service(keys::revoke_key)
        .service(me::show_me)
        .service(exports::export_table)
        .service(exports::list_exports)
        .service(audit::list_audit)
        .service(audit::show_audit_checkpoint)
        .service(audit::list_own_audit)
        .service(imports::create_import)
        .service(imports::list_imports)
        .service(imports::show_import_template)
        .service(imports::show_import)
        .service(imports::list_import_remarks)
        .service(organisations::list_organisations)
        .service(organisations::show_organisation)
        .service(core_systems::list_core_systems)
        .service(core_systems::put_core_systems)
        .service(core_systems::withdraw_core_systems)
        .service(vendors::list_vendors)
        .service(ethos::show_ethos)
        .service(ethos::put_ethos)
        .service(attributes::list_attributes)
        .service(attributes::put_attribute)
        .service(attributes::withdraw_attribute)
        .service(particulars::show_particulars)
        .service(particulars::put_particulars)
        .service(particulars::withdraw_particulars)
        .service(weights::show_weights)
        .service(weights::put_weights)
        .service(weights::forget_weights)
        .service(visibility::show_visibility)
        .service(visibility::put_visibility)
        .service(history::list_history)
        .service(suggestions::list_suggestions)
        .service(suggestions::make_suggestions)
        // Before the candidates, of which none is called so.
        .service(workings::show_workings)
        .service(workings::make_workings)
        .service(suggestions::show_suggestion)
        .service(suggestions::compare_candidates);
    choices(config);
    relations(config);
    agreed(config);
    choosing(config);
    programme_admin(config);
    telling(config);
    config
        .service(flips::show_flips)
        .service(completeness::show_completeness)
        .service(peer_groups::show_peer_group)
        .service(reference::show_default_programme)
        .service(method::show_method)
        .service(reference::list_sources)
        .service(reference::show_openapi);
}

/// What is answered as FHIR.
fn of_fhir(config: &mut impl Entries) {
    config
        .service(fhir::affiliations::read_fhir_affiliation)
        .service(fhir::affiliations::search_fhir_affiliations)
        .service(fhir::capability::show_fhir_capabilities)
        .service(fhir::organizations::read_fhir_organization)
        .service(fhir::organizations::search_fhir_organizations);
}

/// What those ask who run the service.
fn of_probes(config: &mut impl Entries) {
    config
        .service(probes::ping)
        .service(probes::status)
        .service(probes::metrics);
}

/// What a site chooses for itself alone.
fn choices(config: &mut impl Entries) {
    config
        .service(exclusions::list_exclusions)
        .service(exclusions::show_exclusion)
        .service(exclusions::put_exclusion)
        .service(exclusions::withdraw_exclusion)
        .service(shortlist::show_shortlist)
        .service(shortlist::order_shortlist)
        .service(shortlist::put_shortlist_entry)
        .service(shortlist::remove_shortlist_entry);
}

/// What is told to those who want to hear.
fn telling(config: &mut impl Entries) {
    config
        .service(events::list_events)
        .service(event_stream::stream_events)
        .service(webhooks::list_webhooks)
        .service(webhooks::create_webhook)
        .service(webhooks::show_webhook)
        .service(webhooks::change_webhook)
        .service(webhooks::delete_webhook)
        .service(webhooks::rotate_webhook_secret)
        .service(webhooks::test_webhook)
        .service(webhook_deliveries::list_deliveries)
        .service(webhook_deliveries::replay_deliveries)
        .service(notifications::show_notifications)
        .service(notifications::put_notifications);
}

/// What joins organisations, and the people to ask.
fn relations(config: &mut impl Entries) {
    config
        .service(links::list_links)
        .service(links::declare_link)
        .service(links_declaration::show_links_declaration)
        .service(links_declaration::change_links_declaration)
        .service(links_declaration::withdraw_links_declaration)
        .service(links::show_link)
        .service(links::change_link)
        .service(links::withdraw_link)
        .service(link_answers::confirm_link)
        .service(link_answers::dispute_link)
        .service(networks::list_networks)
        .service(networks::create_network)
        .service(networks::show_network)
        .service(networks::list_memberships)
        .service(networks::join_network)
        .service(networks::leave_network)
        .service(bridges::list_bridges)
        .service(topics::list_topics)
        .service(topics::create_topic)
        .service(topics::list_organisation_topics)
        .service(topics::state_topic)
        .service(topics::withdraw_topic)
        .service(blueprints::list_blueprints)
        .service(blueprints::publish_blueprint)
        .service(blueprints::show_blueprint)
        .service(blueprints::change_blueprint)
        .service(blueprints::withdraw_blueprint)
        .service(contacts::list_contacts)
        .service(contacts::add_contact)
        .service(contacts::show_contact)
        .service(contacts::change_contact)
        .service(contacts::erase_contact)
        .service(contacts::export_contact)
        .service(expertise::list_expertise);
}

/// What two sites agreed to.
fn agreed(config: &mut impl Entries) {
    config
        .service(partnerships::list_partnerships)
        .service(partnerships::show_partnership)
        .service(partnerships::change_partnership)
        .service(partnerships::end_partnership)
        .service(check_ins::list_check_ins)
        .service(check_ins::make_check_in)
        .service(shown_contacts::list_partnership_contacts)
        .service(shown_contacts::list_approach_contacts)
        .service(balance::show_balance);
}

/// What sites agree with each other, and how much each takes on.
fn choosing(config: &mut impl Entries) {
    config
        .service(approaches::list_approaches)
        .service(approaches::create_approach)
        .service(approaches::show_approach)
        .service(approach_answers::accept_approach)
        .service(approach_answers::decline_approach)
        .service(approach_answers::withdraw_approach)
        .service(capacity::show_capacity)
        .service(capacity::put_capacity)
        .service(capacity::forget_capacity)
        .service(pauses::show_pause)
        .service(pauses::pause_site)
        .service(pauses::resume_site);
}

/// What the admins of programmes do.
fn programme_admin(config: &mut impl Entries) {
    config
        .service(programmes::list_programmes)
        .service(programmes::create_programme)
        .service(programmes::show_programme)
        .service(programmes::change_programme)
        .service(programmes::list_programme_members)
        .service(programmes::add_programme_member)
        .service(programmes::remove_programme_member)
        .service(programme_weights::show_default_weights)
        .service(programme_weights::change_default_weights)
        .service(programme_weights::show_programme_weights)
        .service(programme_weights::change_programme_weights)
        .service(programme_weights::list_programme_weights)
        .service(what_if::show_what_if)
        .service(admin_suggestions::list_admin_suggestions)
        .service(admin_suggestions::create_admin_suggestion)
        .service(admin_suggestions::show_admin_suggestion)
        .service(admin_suggestions::withdraw_admin_suggestion)
        .service(site_suggestions::list_own_admin_suggestions)
        .service(site_suggestions::show_own_admin_suggestion)
        .service(site_suggestions::answer_admin_suggestion)
        .service(admin_pauses::list_admin_pauses)
        .service(admin_pauses::show_admin_pause)
        .service(admin_pauses::put_admin_pause)
        .service(admin_pauses::remove_admin_pause);
}
