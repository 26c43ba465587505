//! Requests and responses. Names `app`, `storage` and `domain`; decides no rule of the domain.
//!
//! Start with one resource ([`suggestions`]), then how requests are read ([`extract`], [`parameters`], [`body`]), how
//! answers are written ([`answer`], [`views`], [`problem`]), and what surrounds every request ([`observe`], [`hosts`]). The document
//! is collected from the handlers in [`openapi`].

mod accept;
mod access;
mod admin_pauses;
mod admin_suggestions;
mod answer;
mod approach_answers;
mod approach_parameters;
mod approaches;
mod attributes;
mod audit;
mod audit_parameters;
mod balance;
mod blueprints;
mod body;
mod bridges;
mod capacity;
mod changing;
mod check_ins;
mod choice_reports;
mod clock;
mod completeness;
mod conditional;
mod contacts;
mod core_systems;
mod ethos;
mod evaluations;
mod event_stream;
mod events;
mod examples;
mod exclusions;
mod expertise;
mod exports;
mod extract;
mod fhir;
mod fields;
mod file_body;
mod flips;
mod history;
mod hosts;
mod import_parameters;
mod imports;
mod kept;
mod keys;
mod kind;
mod limits;
mod link_answers;
mod links;
mod links_declaration;
mod match_parameters;
mod match_reviews;
mod matches;
mod me;
mod method;
mod models;
mod networks;
mod notifications;
mod observe;
mod openapi;
mod operation;
mod organisations;
mod overview;
mod pagination;
mod parameters;
mod particulars;
mod partnership_parameters;
mod partnerships;
mod path;
mod pauses;
mod peer_groups;
mod probes;
mod problem;
mod programme_weights;
mod programmes;
mod proposed_topics;
mod question;
mod reference;
mod shortlist;
mod shown_contacts;
mod site_suggestions;
mod standings;
mod suggestion_parameters;
mod suggestions;
mod swagger_ui;
mod telemetry;
mod topics;
mod vendors;
mod views;
mod visibility;
mod webhook_deliveries;
mod webhooks;
mod weights;
mod what_if;
mod workings;

#[cfg(test)]
mod tests;

use std::io;
use std::net::TcpListener;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use actix_web::body::BoxBody;
use actix_web::dev::{Server, ServiceFactory, ServiceRequest, ServiceResponse};
use actix_web::middleware::{Compress, from_fn};
use actix_web::web::{self, Data};
use actix_web::{App, Error, HttpRequest, HttpResponse, HttpServer};
use utoipa_actix_web::AppExt;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::app::Alongside;
use crate::app::delivery::DeliverySettings;
use crate::app::identity::Identities;
use crate::domain::evaluation::Evaluation;
use crate::domain::suggestion::Suggestions;
use crate::domain::workings::Workings;
use crate::http::access::Access;
use crate::http::event_stream::Streams;
use crate::http::hosts::Hosts;
use crate::http::kept::KeptAnswers;
use crate::http::openapi::{API_PREFIX, Document};
use crate::http::problem::Problem;
use crate::http::telemetry::Telemetry;
use crate::http::views::suggestion::SuggestionsView;
use crate::http::webhooks::Outbound;
use crate::random::Random;
use chrono::{DateTime, Utc};

pub use crate::http::access::Peers;
pub use crate::http::clock::Clock;
pub use crate::http::limits::{CallerLimit, Limits, Ticks};
pub use crate::http::openapi::{openapi, openapi_json};

/// How long a client may take to send the head of a request.
const HEAD_DEADLINE: Duration = Duration::from_secs(10);

/// How long an idle connection is kept.
const KEEP_ALIVE: Duration = Duration::from_secs(75);

/// How the server runs.
#[derive(Clone)]
pub struct HttpSettings {
    /// Threads that answer requests; `None` is one for each core.
    pub workers: Option<NonZeroUsize>,
    /// How long requests under way may take when the service stops, in seconds.
    pub shutdown_timeout_s: u64,
    /// Where requests come from.
    pub peers: Peers,
    /// How often callers may ask.
    pub limits: Arc<Limits>,
    /// Whom tokens are verified with; `None` where keys alone are taken.
    pub identities: Option<Arc<Identities>>,
    /// What connections are protected with; `None` is plain HTTP.
    pub tls: Option<rustls::ServerConfig>,
    /// How events are told.
    pub delivery: DeliverySettings,
}

/// What every worker answers from; cheap to clone.
#[derive(Clone)]
pub struct Service {
    alongside: Data<Alongside>,
    parts: Parts,
}

/// What answers need besides the service itself.
#[derive(Clone)]
struct Parts {
    clock: Data<Clock>,
    random: Data<Random>,
    document: Data<Document>,
    telemetry: Data<Telemetry>,
    hosts: Data<Hosts>,
    kept: Data<KeptAnswers>,
    access: Data<Access>,
    outbound: Data<Outbound>,
    streams: Data<Streams>,
}

impl Parts {
    fn new(clock: Clock, random: Random) -> io::Result<Self> {
        Ok(Self {
            clock: Data::new(clock),
            random: Data::new(random),
            document: Data::from(Document::shared()?),
            telemetry: Data::new(Telemetry::new()),
            kept: Data::new(KeptAnswers::new()),
            hosts: Data::new(Hosts::Any),
            access: Data::default(),
            outbound: Data::new(Outbound::new(&DeliverySettings::plain())),
            streams: Data::default(),
        })
    }
}

impl Service {
    /// Prepares the document and the counters.
    ///
    /// # Errors
    ///
    /// Where the document cannot be written as JSON, which is a bug.
    pub fn new(alongside: Arc<Alongside>, clock: Clock, random: Random) -> io::Result<Self> {
        Ok(Self {
            alongside: Data::from(alongside),
            parts: Parts::new(clock, random)?,
        })
    }

    /// The same service with bounds on how often callers may ask, and with callers that an identity provider vouches for.
    #[must_use]
    pub fn admitting(
        mut self,
        limits: Option<Arc<Limits>>,
        identities: Option<Arc<Identities>>,
        peers: Peers,
    ) -> Self {
        self.parts.access = Data::new(Access {
            identities,
            limits,
            peers,
        });
        self
    }

    /// The same service, which tells events in this way.
    #[must_use]
    pub fn telling(mut self, delivery: &DeliverySettings) -> Self {
        self.parts.outbound = Data::new(Outbound::new(delivery));
        self
    }

    /// The application of one worker, or of a test.
    pub fn app(
        &self,
    ) -> App<
        impl ServiceFactory<
            ServiceRequest,
            Config = (),
            Response = ServiceResponse<BoxBody>,
            Error = Error,
            InitError = (),
        > + use<>,
    > {
        assemble(&self.parts).app_data(self.alongside.clone())
    }
}

/// Writes an answer as the API does, for the command line.
///
/// # Errors
///
/// Where it cannot be written as JSON, which is a bug.
pub fn suggestions_json(
    answer: Suggestions,
    generated_at: DateTime<Utc>,
) -> serde_json::Result<String> {
    serde_json::to_string(&SuggestionsView::new(answer, generated_at))
}

/// An evaluation as the service answers it.
///
/// # Errors
///
/// Where it cannot be written as JSON, which is a bug.
pub fn evaluation_json(found: Evaluation) -> serde_json::Result<String> {
    serde_json::to_string(&views::evaluation::EvaluationView::from(found))
}

/// An evaluation as a picture in Scalable Vector Graphics.
#[must_use]
pub fn evaluation_picture(found: &Evaluation) -> String {
    views::evaluation_picture::picture(found)
}

/// Writes the method as the API does, for the command line.
///
/// # Errors
///
/// Where it cannot be written as JSON, which is a bug.
pub fn method_json() -> serde_json::Result<String> {
    serde_json::to_string(&method::MethodView::new())
}

/// Reads the file that `GET suggestions/workings` gives, for the command line.
///
/// # Errors
///
/// What is wrong with it, in words for whoever gave it.
pub fn read_workings(text: &str) -> Result<Workings, String> {
    views::workings::read(text)
}

/// Serves until its handle stops it; the server does nothing until it is awaited. Signals are the caller's to wait for.
///
/// # Errors
///
/// Where the listener cannot be used.
pub fn serve(
    alongside: Arc<Alongside>,
    listener: TcpListener,
    settings: HttpSettings,
    clock: Clock,
) -> io::Result<Server> {
    let HttpSettings {
        workers,
        shutdown_timeout_s,
        peers,
        limits,
        identities,
        tls,
        delivery,
    } = settings;
    let service = Service::new(alongside, clock, Random::system())?;
    let mut service = service.admitting(Some(limits), identities, peers);
    service.parts.outbound = Data::new(Outbound::new(&delivery));
    service.parts.hosts = Data::new(Hosts::of_listener(listener.local_addr()?, peers));
    let mut server = HttpServer::new(move || service.app())
        .client_request_timeout(HEAD_DEADLINE)
        .keep_alive(KEEP_ALIVE)
        .disable_signals()
        .shutdown_timeout(shutdown_timeout_s);
    if let Some(workers) = workers {
        server = server.workers(workers.get());
    }
    let server = match tls {
        None => server.listen(listener)?,
        Some(tls) => server.listen_rustls_0_23(listener, tls)?,
    };
    Ok(server.run())
}

fn assemble(
    parts: &Parts,
) -> App<
    impl ServiceFactory<
        ServiceRequest,
        Config = (),
        Response = ServiceResponse<BoxBody>,
        Error = Error,
        InitError = (),
    > + use<>,
> {
    App::new()
        .into_utoipa_app()
        .configure(operations)
        .into_app()
        .configure(swagger_ui::configure)
        .default_service(web::to(unmatched))
        .app_data(parts.clock.clone())
        .app_data(parts.random.clone())
        .app_data(parts.document.clone())
        .app_data(parts.telemetry.clone())
        .app_data(parts.kept.clone())
        .app_data(parts.hosts.clone())
        .app_data(parts.access.clone())
        .app_data(parts.outbound.clone())
        .app_data(parts.streams.clone())
        .wrap(from_fn(access::check))
        .wrap(Compress::default())
        .wrap(from_fn(hosts::check))
        .wrap(from_fn(observe::observe))
}

/// Every operation, in the order of the document.
fn operations(config: &mut ServiceConfig) {
    config
        .service(
            utoipa_actix_web::scope(API_PREFIX)
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
                .service(suggestions::compare_candidates)
                .configure(choices)
                .configure(relations)
                .configure(agreed)
                .configure(choosing)
                .configure(programme_admin)
                .configure(telling)
                .service(flips::show_flips)
                .service(completeness::show_completeness)
                .service(peer_groups::show_peer_group)
                .service(reference::show_default_programme)
                .service(method::show_method)
                .service(reference::list_sources)
                .service(reference::show_openapi)
                .wrap(from_fn(access::admitted)),
        )
        .service(
            utoipa_actix_web::scope(fhir::PREFIX)
                .service(fhir::affiliations::read_fhir_affiliation)
                .service(fhir::affiliations::search_fhir_affiliations)
                .service(fhir::capability::show_fhir_capabilities)
                .service(fhir::organizations::read_fhir_organization)
                .service(fhir::organizations::search_fhir_organizations)
                .wrap(from_fn(access::admitted)),
        )
        .service(probes::ping)
        .service(probes::status)
        .service(probes::metrics);
}

/// What a site chooses for itself alone.
fn choices(config: &mut ServiceConfig) {
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
fn telling(config: &mut ServiceConfig) {
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
fn relations(config: &mut ServiceConfig) {
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
fn agreed(config: &mut ServiceConfig) {
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
fn choosing(config: &mut ServiceConfig) {
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
fn programme_admin(config: &mut ServiceConfig) {
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

/// Answers what no operation took: a path that takes other methods, or no path of ours.
async fn unmatched(
    request: HttpRequest,
    document: Data<Document>,
) -> Result<HttpResponse, Problem> {
    Err(access::not_ours(&document, &request))
}
