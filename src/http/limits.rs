//! How often a caller may ask, and how often an address may fail to say who it is.
//!
//! Both are buckets that refill steadily (the generic cell rate algorithm, ITU-T I.371): a caller may spend a full bucket at
//! once and then as fast as it refills. Callers with good keys are not held up by what others at their address send, since a
//! hospital may stand behind one address.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::{Duration, Instant};

use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use governor::clock::Clock as GovernorClock;
use governor::middleware::StateInformationMiddleware;
use governor::state::keyed::DashMapStateStore;
use governor::{Quota, RateLimiter};

use crate::domain::caller::CallerId;

/// How many requests a caller may make at once, unless its whole minute has fewer.
const BURST: NonZeroU32 = not_zero(100);

/// How many failures to say who calls an address has at once, and in a minute.
const FAILURES: NonZeroU32 = not_zero(30);

/// How many addresses are counted apart; those beyond share one bucket until others are forgotten.
const MAX_ADDRESSES: usize = 50_000;

/// A number that is written here and is not 0.
const fn not_zero(number: u32) -> NonZeroU32 {
    match NonZeroU32::new(number) {
        Some(number) => number,
        None => NonZeroU32::MIN,
    }
}

const MINUTE: Duration = Duration::from_secs(60);

pub(crate) const RATE_LIMIT_LIMIT: HeaderName = HeaderName::from_static("ratelimit-limit");
pub(crate) const RATE_LIMIT_REMAINING: HeaderName = HeaderName::from_static("ratelimit-remaining");
pub(crate) const RATE_LIMIT_RESET: HeaderName = HeaderName::from_static("ratelimit-reset");

/// How often a caller may ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CallerLimit {
    /// Requests in a minute.
    pub per_minute: NonZeroU32,
}

impl CallerLimit {
    /// The limit unless told otherwise.
    pub const DEFAULT: Self = Self {
        per_minute: not_zero(600),
    };

    /// How many may come at once.
    #[must_use]
    pub fn burst(self) -> NonZeroU32 {
        self.per_minute.min(BURST)
    }
}

/// A clock that only goes forward, from any start.
#[derive(Clone)]
pub struct Ticks(Arc<dyn Fn() -> Duration + Send + Sync>);

impl Ticks {
    /// The clock of the machine.
    #[must_use]
    pub fn monotonic() -> Self {
        let start = Instant::now();
        Self(Arc::new(move || start.elapsed()))
    }

    /// A clock that asks `now`, for tests.
    #[must_use]
    pub fn of(now: impl Fn() -> Duration + Send + Sync + 'static) -> Self {
        Self(Arc::new(now))
    }
}

impl fmt::Debug for Ticks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Ticks")
    }
}

impl GovernorClock for Ticks {
    type Instant = Duration;

    fn now(&self) -> Duration {
        (self.0)()
    }
}

type Buckets<K> = RateLimiter<K, DashMapStateStore<K>, Ticks, StateInformationMiddleware>;

fn buckets<K: std::hash::Hash + Eq + Clone>(quota: Quota, ticks: Ticks) -> Buckets<K> {
    RateLimiter::dashmap_with_clock(quota, ticks).with_middleware()
}

/// The buckets of callers and of addresses.
pub struct Limits {
    callers: Option<(CallerLimit, Buckets<CallerId>)>,
    failures: Buckets<IpAddr>,
    ticks: Ticks,
}

impl Limits {
    /// Full buckets; `None` lets everybody ask as often as they like, with keys that are good or not.
    #[must_use]
    pub fn new(callers: Option<CallerLimit>, ticks: Ticks) -> Self {
        let callers = callers.map(|limit| {
            let quota = Quota::per_minute(limit.per_minute).allow_burst(limit.burst());
            (limit, buckets(quota, ticks.clone()))
        });
        Self {
            callers,
            failures: buckets(Quota::per_minute(FAILURES), ticks.clone()),
            ticks,
        }
    }

    /// How often a caller may ask; `None` where that is not bounded.
    pub(crate) fn of_callers(&self) -> Option<CallerLimit> {
        self.callers.as_ref().map(|(limit, _)| *limit)
    }

    /// Takes one from a caller's bucket; `None` where there are no buckets.
    pub(crate) fn spend(&self, caller: &CallerId) -> Option<Spent> {
        let (limit, buckets) = self.callers.as_ref()?;
        let left = match buckets.check_key(caller) {
            Ok(state) => Left::Some(state.remaining_burst_capacity()),
            Err(refused) => Left::Nothing(refused.wait_time_from(self.ticks.now())),
        };
        Some(Spent {
            limit: *limit,
            left,
        })
    }

    /// Takes one from the bucket of an address that failed to say who calls; how long to wait where that was empty.
    pub(crate) fn fail(&self, address: IpAddr) -> Option<Duration> {
        // Whoever switches the limits off has others in front.
        self.callers.as_ref()?;
        let mut address = network(address);
        if self.failures.len() >= MAX_ADDRESSES {
            address = IpAddr::V6(Ipv6Addr::UNSPECIFIED);
        }
        let refused = self.failures.check_key(&address).err()?;
        Some(refused.wait_time_from(self.ticks.now()))
    }

    /// Forgets buckets that are full again: there is nothing to remember of them.
    pub fn forget_the_full(&self) {
        if let Some((_, buckets)) = &self.callers {
            buckets.retain_recent();
            buckets.shrink_to_fit();
        }
        self.failures.retain_recent();
        self.failures.shrink_to_fit();
    }
}

/// What one holder of addresses is likely to have: one of IPv4, or the 2^64 of IPv6 that one line gets.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
    }
}

/// What is left in a caller's bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Left {
    Some(u32),
    /// How long until there is something.
    Nothing(Duration),
}

/// What came of taking one from a caller's bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Spent {
    limit: CallerLimit,
    left: Left,
}

impl Spent {
    /// How long to wait, where the bucket was empty.
    pub(crate) fn wait(&self) -> Option<Duration> {
        match self.left {
            Left::Some(_) => None,
            Left::Nothing(wait) => Some(wait),
        }
    }

    /// How often the caller may ask.
    pub(crate) fn limit(&self) -> CallerLimit {
        self.limit
    }

    /// Tells the caller what is left: of how many, how many, and in how many seconds all will be there again.
    pub(crate) fn write(&self, headers: &mut HeaderMap) {
        let most = self.limit.burst().get();
        let (remaining, wait) = match self.left {
            Left::Some(remaining) => (remaining.min(most), Duration::ZERO),
            Left::Nothing(wait) => (0, wait),
        };
        let refill = MINUTE * (most - remaining) / self.limit.per_minute.get();
        headers.insert(RATE_LIMIT_LIMIT, HeaderValue::from(most));
        headers.insert(RATE_LIMIT_REMAINING, HeaderValue::from(remaining));
        headers.insert(
            RATE_LIMIT_RESET,
            HeaderValue::from(whole_seconds(refill.max(wait))),
        );
    }
}

/// A time in whole seconds, rounded up, so that who waits that long has waited long enough.
pub(crate) fn whole_seconds(time: Duration) -> u64 {
    time.as_secs() + u64::from(time.subsec_nanos() > 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU64, Ordering};

    fn with_a_clock(per_minute: u32) -> (Limits, Arc<AtomicU64>) {
        let now = Arc::new(AtomicU64::new(0));
        let clock = Arc::clone(&now);
        let ticks = Ticks::of(move || Duration::from_millis(clock.load(Ordering::Relaxed)));
        let limit = CallerLimit {
            per_minute: NonZeroU32::new(per_minute).unwrap(),
        };
        (Limits::new(Some(limit), ticks), now)
    }

    fn caller(id: &str) -> CallerId {
        CallerId::of_key(id)
    }

    #[test]
    fn a_bucket_holds_a_hundred_and_refills_ten_a_second() {
        let (limits, now) = with_a_clock(600);
        for left in (0..100).rev() {
            assert_eq!(limits.spend(&caller("a")).unwrap().left, Left::Some(left));
        }
        let refused = limits.spend(&caller("a")).unwrap();
        assert_eq!(refused.wait(), Some(Duration::from_millis(100)));
        assert_eq!(limits.spend(&caller("b")).unwrap().left, Left::Some(99));
        now.store(100, Ordering::Relaxed);
        assert_eq!(limits.spend(&caller("a")).unwrap().left, Left::Some(0));
    }

    #[test]
    fn a_caller_is_told_when_all_is_there_again() {
        let (limits, _) = with_a_clock(600);
        let mut headers = HeaderMap::new();
        for _ in 0..12 {
            limits.spend(&caller("a")).unwrap().write(&mut headers);
        }
        assert_eq!(headers.get(RATE_LIMIT_LIMIT).unwrap(), "100");
        assert_eq!(headers.get(RATE_LIMIT_REMAINING).unwrap(), "88");
        assert_eq!(headers.get(RATE_LIMIT_RESET).unwrap(), "2");
    }

    #[test]
    fn a_small_limit_has_a_small_burst() {
        let (limits, _) = with_a_clock(2);
        assert_eq!(limits.spend(&caller("a")).unwrap().left, Left::Some(1));
        assert_eq!(limits.spend(&caller("a")).unwrap().left, Left::Some(0));
        let wait = limits.spend(&caller("a")).unwrap().wait().unwrap();
        assert_eq!(whole_seconds(wait), 30);
    }

    #[test]
    fn an_address_fails_thirty_times_at_once() {
        let (limits, now) = with_a_clock(600);
        let address = |text: &str| -> IpAddr { text.parse().unwrap() };
        for _ in 0..FAILURES.get() {
            assert_eq!(limits.fail(address("2001:db8::1")), None);
        }
        // Another address of the same line is the same.
        let wait = limits.fail(address("2001:db8::2")).unwrap();
        assert_eq!(wait, Duration::from_secs(2));
        assert_eq!(limits.fail(address("2001:db8:0:1::1")), None);
        now.store(2000, Ordering::Relaxed);
        assert_eq!(limits.fail(address("2001:db8::1")), None);
    }

    #[test]
    fn full_buckets_are_forgotten() {
        let (limits, now) = with_a_clock(600);
        for number in 0..1000 {
            limits.spend(&caller(&number.to_string()));
        }
        let kept = || limits.callers.as_ref().unwrap().1.len();
        assert_eq!(kept(), 1000);
        now.store(1000, Ordering::Relaxed);
        limits.forget_the_full();
        assert_eq!(kept(), 0);
    }
}
