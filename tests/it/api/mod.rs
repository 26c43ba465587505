//! The interface, resource by resource, over the bundled data.

mod attributes;
mod audit;
mod availability;
mod blueprints;
mod choices;
mod completeness;
mod contacts;
mod core_systems;
mod ethos;
mod examples;
mod expertise;
mod exports;
mod fhir;
mod history;
mod identity;
mod imports;
mod keys;
mod limits;
mod links;
mod matrix;
mod networks;
mod organisations;
mod particulars;
mod reference;
mod suggestions;
mod topics;
mod unseen;
mod visibility;
mod weights;

use std::sync::LazyLock;

use crate::support::service::{Answer, As, TestService};
use actix_web::test::TestRequest;

/// One service for all tests that do not write.
static SERVICE: LazyLock<TestService> = LazyLock::new(TestService::bundled);

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
