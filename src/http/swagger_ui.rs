//! Swagger UI, from files inside the binary, and the ways to it.

use actix_web::http::header::LOCATION;
use actix_web::web::ServiceConfig;
use actix_web::{HttpResponse, get};
use utoipa_swagger_ui::{Config, SwaggerUi};

use crate::http::openapi::DOCUMENT_PATH;

/// Where the page is.
pub(crate) const PAGE: &str = "/swagger-ui/";

/// What to tell of a file below the page that is not there.
pub(crate) const NO_SUCH_FILE: &str = "Swagger UI has no such file; its page is /swagger-ui/.";

/// Whether this is the path of the page itself, not of one of its files or of anything else.
pub(crate) fn is_page(path: &str) -> bool {
    path == PAGE || path == "/swagger-ui/index.html"
}

/// What of it the document does not list: path templates that take GET and HEAD.
pub(crate) const TEMPLATES: [&str; 3] = ["/", "/swagger-ui", "/swagger-ui/{_:.*}"];

/// Adds the page. It asks nobody to validate the document, so that it works without a network.
pub(crate) fn configure(config: &mut ServiceConfig) {
    let settings = Config::new([DOCUMENT_PATH])
        .try_it_out_enabled(true)
        .display_request_duration(true)
        .validator_url("none");
    config
        .service(root)
        .service(without_slash)
        .service(SwaggerUi::new(TEMPLATES[2]).config(settings));
}

#[get("/")]
async fn root() -> HttpResponse {
    to_page()
}

#[get("/swagger-ui")]
async fn without_slash() -> HttpResponse {
    to_page()
}

fn to_page() -> HttpResponse {
    HttpResponse::Found()
        .insert_header((LOCATION, PAGE))
        .finish()
}
