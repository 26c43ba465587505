//! The kinds of failure: the reference, title and status of each, once.

use actix_web::http::StatusCode;

/// What went wrong, in a form that a program can match.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Unreadable,
    NotFound,
    OrganisationNotFound,
    /// Nothing was sent by which to know the caller.
    Unauthenticated,
    /// What was sent is not good.
    InvalidKey,
    Forbidden,
    MethodNotAllowed,
    NotAcceptable,
    Timeout,
    OrganisationClosed,
    NeverSuggested,
    /// A clash, with the slug of the rule.
    Conflict(&'static str),
    PreconditionFailed,
    PreconditionRequired,
    TooManyRequests,
    IdempotencyKeyReused,
    BodyTooLarge,
    MisdirectedHost,
    UriTooLong,
    UnsupportedMediaType,
    Invalid,
    NothingApplies,
    Internal,
    Unavailable,
    /// A status that the server library chose.
    Other(StatusCode),
}

impl Kind {
    /// The status of every occurrence.
    pub(crate) fn status(self) -> StatusCode {
        match self {
            Self::Unreadable => StatusCode::BAD_REQUEST,
            Self::NotFound | Self::OrganisationNotFound => StatusCode::NOT_FOUND,
            Self::Unauthenticated | Self::InvalidKey => StatusCode::UNAUTHORIZED,
            Self::Forbidden => StatusCode::FORBIDDEN,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::NotAcceptable => StatusCode::NOT_ACCEPTABLE,
            Self::Timeout => StatusCode::REQUEST_TIMEOUT,
            Self::OrganisationClosed | Self::NeverSuggested | Self::Conflict(_) => {
                StatusCode::CONFLICT
            }
            Self::PreconditionFailed => StatusCode::PRECONDITION_FAILED,
            Self::PreconditionRequired => StatusCode::PRECONDITION_REQUIRED,
            Self::TooManyRequests => StatusCode::TOO_MANY_REQUESTS,
            Self::BodyTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::MisdirectedHost => StatusCode::MISDIRECTED_REQUEST,
            Self::UriTooLong => StatusCode::URI_TOO_LONG,
            Self::UnsupportedMediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::Invalid | Self::NothingApplies | Self::IdempotencyKeyReused => {
                StatusCode::UNPROCESSABLE_ENTITY
            }
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            Self::Other(status) => status,
        }
    }

    /// The reference that names it; stable.
    pub(crate) fn reference(self) -> &'static str {
        match self {
            Self::Unreadable => "/problems/unreadable-request",
            Self::NotFound => "/problems/not-found",
            Self::OrganisationNotFound => "/problems/organisation-not-found",
            Self::Unauthenticated => "/problems/unauthenticated",
            Self::InvalidKey => "/problems/invalid-key",
            Self::Forbidden => "/problems/forbidden",
            Self::MethodNotAllowed => "/problems/method-not-allowed",
            Self::NotAcceptable => "/problems/not-acceptable",
            Self::Timeout => "/problems/request-timeout",
            Self::OrganisationClosed => "/problems/organisation-closed",
            Self::NeverSuggested => "/problems/never-suggested",
            Self::Conflict(reference) => reference,
            Self::PreconditionFailed => "/problems/precondition-failed",
            Self::PreconditionRequired => "/problems/precondition-required",
            Self::TooManyRequests => "/problems/too-many-requests",
            Self::IdempotencyKeyReused => "/problems/idempotency-key-reused",
            Self::BodyTooLarge => "/problems/body-too-large",
            Self::MisdirectedHost => "/problems/misdirected-host",
            Self::UriTooLong => "/problems/uri-too-long",
            Self::UnsupportedMediaType => "/problems/unsupported-media-type",
            Self::Invalid => "/problems/invalid-request",
            Self::NothingApplies => "/problems/nothing-applies",
            Self::Internal => "/problems/internal-error",
            Self::Unavailable => "/problems/unavailable",
            Self::Other(_) => "about:blank",
        }
    }

    /// What it is called; the same for every occurrence.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::Unreadable => "The request cannot be read",
            Self::NotFound => "There is nothing at this path",
            Self::OrganisationNotFound => "The organisation does not exist",
            Self::Unauthenticated => "The request does not say who calls",
            Self::InvalidKey => "The key is not good",
            Self::Forbidden => "The caller may not do this",
            Self::MethodNotAllowed => "The path does not take this method",
            Self::NotAcceptable => "The answer cannot be given in an accepted form",
            Self::Timeout => "The request took too long to arrive",
            Self::OrganisationClosed => "The organisation is closed",
            Self::NeverSuggested => "The two are never suggested to each other",
            Self::Conflict(_) => "The request clashes with what there is",
            Self::PreconditionFailed => "It was changed meanwhile",
            Self::PreconditionRequired => "The request does not say what it changes",
            Self::TooManyRequests => "The caller asks too often",
            Self::IdempotencyKeyReused => "The idempotency key was used for another request",
            Self::BodyTooLarge => "The body is too large",
            Self::MisdirectedHost => "The request names another host",
            Self::UriTooLong => "The address is too long",
            Self::UnsupportedMediaType => "The body has a form that is not understood",
            Self::Invalid => "The request breaks a rule",
            Self::NothingApplies => "No weighted criterion applies to the organisation",
            Self::Internal => "The service failed",
            Self::Unavailable => "The service cannot answer just now",
            Self::Other(status) => status.canonical_reason().unwrap_or("The request failed"),
        }
    }
}
