//! The interface, resource by resource, over the bundled data.

mod admin_pauses;
mod admin_suggestions;
mod agreed_links;
mod approach_answers;
mod approaches;
mod attributes;
mod audit;
mod availability;
mod blueprints;
mod board;
mod capacity;
mod choice_reports;
mod choices;
mod completeness;
mod contacts;
mod core_systems;
mod ethos;
mod evaluations;
mod events;
mod examples;
mod expertise;
mod exports;
mod fhir;
mod firmness;
mod history;
mod identity;
mod imports;
mod keys;
mod limits;
mod links;
mod matrix;
mod models;
mod networks;
mod notifications;
mod organisations;
mod overview;
mod particulars;
mod partnership_states;
mod partnerships;
mod peer_groups;
mod programmes;
mod reference;
mod spread;
mod standings;
mod suggestions;
mod topics;
mod unseen;
mod visibility;
mod webhooks;
mod weights;
mod what_if;
mod workings;

use std::sync::LazyLock;

use crate::support::service::{Answer, As, TestService};
use actix_web::test::TestRequest;

/// One service for all tests that do not write.
static SERVICE: LazyLock<TestService> = LazyLock::new(|| TestService::bundled().shared());

/// Asks as a programme admin.
async fn ask(request: TestRequest) -> Answer {
    SERVICE.ask(As::Admin, request).await
}

/// Asks as a programme admin.
async fn get(path: &str) -> Answer {
    SERVICE.get(As::Admin, path).await
}

/// Asks as a programme admin.
async fn post(path: &str, body: &str) -> Answer {
    SERVICE
        .send(As::Admin, TestRequest::post(), path, body)
        .await
}
