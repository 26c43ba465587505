//! How often callers may ask, and how often an address may fail to say who it is.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use alongside::http::{CallerLimit, Clock, Limits, Peers, Service, Ticks};
use alongside::random::Random;

use super::identity::ask;
use crate::support::service::{As, TestService, now};

/// A service with a limit, whose clock stands still.
fn limited(inner: &TestService, per_minute: u32) -> (Service, Arc<AtomicU64>) {
    let millis = Arc::new(AtomicU64::new(0));
    let moved = Arc::clone(&millis);
    let ticks = Ticks::of(move || Duration::from_millis(moved.load(Ordering::Relaxed)));
    let limit = NonZeroU32::new(per_minute).map(|per_minute| CallerLimit { per_minute });
    let limits = Arc::new(Limits::new(limit, ticks));
    let service = Service::new(
        Arc::clone(&inner.alongside),
        Clock::of(now),
        Random::counted(),
    );
    let service = service
        .unwrap()
        .admitting(Some(limits), None, Peers::Direct);
    (service, millis)
}

#[actix_web::test]
async fn a_caller_that_asks_too_often_is_told_when_to_ask_again() {
    let inner = TestService::bundled();
    let (service, millis) = limited(&inner, 3);
    let (rth, rhw) = (As::Rth.key().unwrap(), As::Rhw.key().unwrap());
    for left in ["2", "1", "0"] {
        let answer = ask(&service, rth.reveal(), "/api/v1/me").await;
        assert_eq!(answer.good()["limits"]["requestsPerMinute"], 3);
        assert_eq!(answer.header("ratelimit-limit"), "3");
        assert_eq!(answer.header("ratelimit-remaining"), left);
    }
    let refused = ask(&service, rth.reveal(), "/api/v1/me").await;
    refused.problem(429, "/problems/too-many-requests");
    assert_eq!(refused.header("retry-after"), "20");
    assert_eq!(refused.header("ratelimit-remaining"), "0");
    assert_eq!(refused.header("ratelimit-reset"), "60");
    ask(&service, rhw.reveal(), "/api/v1/me").await.good();
    millis.store(20_000, Ordering::Relaxed);
    ask(&service, rth.reveal(), "/api/v1/me").await.good();
}

#[actix_web::test]
async fn a_failure_says_what_is_left_too() {
    let inner = TestService::bundled();
    let (service, _) = limited(&inner, 600);
    let key = As::Rth.key().unwrap();
    for (path, status) in [
        ("/api/v1/organisations/ZZZ", 404),
        ("/api/v1/organisations?limit=x", 400),
        ("/api/v1/admin/keys", 403),
    ] {
        let answer = ask(&service, key.reveal(), path).await;
        assert_eq!(answer.status, status);
        assert_eq!(answer.header("ratelimit-limit"), "100", "{path}");
    }
}

#[actix_web::test]
async fn an_address_that_guesses_keys_is_slowed_down_and_good_keys_are_not() {
    let inner = TestService::bundled();
    let (service, millis) = limited(&inner, 600);
    let guess = As::Bad.key().unwrap();
    for _ in 0..30 {
        ask(&service, guess.reveal(), "/api/v1/me")
            .await
            .problem(401, "/problems/invalid-key");
    }
    let refused = ask(&service, guess.reveal(), "/api/v1/me").await;
    refused.problem(429, "/problems/too-many-requests");
    assert_eq!(refused.header("retry-after"), "2");
    let good = As::Rth.key().unwrap();
    ask(&service, good.reveal(), "/api/v1/me").await.good();
    millis.store(2000, Ordering::Relaxed);
    ask(&service, guess.reveal(), "/api/v1/me")
        .await
        .problem(401, "/problems/invalid-key");
}

#[actix_web::test]
async fn without_limits_nobody_is_slowed_down() {
    let inner = TestService::bundled();
    let (service, _) = limited(&inner, 0);
    let guess = As::Bad.key().unwrap();
    for _ in 0..40 {
        ask(&service, guess.reveal(), "/api/v1/me")
            .await
            .problem(401, "/problems/invalid-key");
    }
}
