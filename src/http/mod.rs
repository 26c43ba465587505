//! Requests and responses. Names `app`, `storage` and `domain`; decides no rule of the domain.
//!
//! Start with one resource ([`suggestions`]), then how requests are read ([`extract`], [`parameters`], [`body`]), how
//! answers are written ([`answer`], [`views`], [`problem`]), and what surrounds every request ([`observe`], [`hosts`]). Every operation
//! is entered in [`routes`], for the workers and for the document, which [`openapi`] completes.

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
mod routes;
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
use crate::http::openapi::Document;
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
        .configure(routes::operations)
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

/// Answers what no operation took: a path that takes other methods, or no path of ours.
async fn unmatched(
    request: HttpRequest,
    document: Data<Document>,
) -> Result<HttpResponse, Problem> {
    Err(access::not_ours(&document, &request))
}
