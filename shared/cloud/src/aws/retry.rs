//! When a call is sent again: the SDK's standard mode, in which a function that meets a service in trouble soon stops adding to it.

use std::{
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use super::CallError;
use crate::clock::jitter;

/// What a function may spend on retries until calls succeed again.
const FULL: u32 = 500;
/// What a retry costs, and what one costs after no answer in time.
const COST: u32 = 5;
const COST_OF_SLOW: u32 = 10;
/// The longest pause before the first retry; each further one may be twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(25);

/// Codes that mean "not now", with whatever status they come.
const PASSING: [&str; 15] = [
    "BandwidthLimitExceeded",
    "LimitExceededException",
    "PriorRequestNotComplete",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "RequestThrottled",
    "RequestThrottledException",
    "RequestTimeout",
    "RequestTimeoutException",
    "SlowDown",
    "ThrottledException",
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
    "TransactionInProgressException",
];

/// What another attempt after this error costs; nothing where it would be of no use.
pub(super) fn cost(error: &CallError) -> Option<u32> {
    match error {
        CallError::Slow => Some(COST_OF_SLOW),
        CallError::NoAnswer(_) => Some(COST),
        CallError::Unreadable => None,
        CallError::Refused(refusal) => {
            let passing =
                matches!(refusal.status.as_u16(), 500 | 502 | 503 | 504) || PASSING.contains(&refusal.code.as_str());
            passing.then_some(COST)
        }
    }
}

/// How long to wait after this attempt, the first of which is 1: anything up to a bound that doubles, so that functions that failed together do
/// not come back together.
pub(super) fn pause(attempt: u32) -> Duration {
    jitter(FIRST_PAUSE * 2u32.saturating_pow(attempt.saturating_sub(1).min(8)))
}

/// What is left for retries, over all calls of a function.
pub(super) struct Quota(AtomicU32);

impl Default for Quota {
    fn default() -> Self {
        Self(AtomicU32::new(FULL))
    }
}

impl Quota {
    /// Pays for a retry; false where there is not enough left.
    pub(super) fn take(&self, cost: u32) -> bool {
        self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(cost)).is_ok()
    }

    /// A call succeeded: what its last retry cost comes back, and 1 where there was none.
    pub(super) fn give_back(&self, spent: u32) {
        let fuller = |left: u32| (left < FULL).then(|| (left + spent.max(1)).min(FULL));
        let _ = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, fuller);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retries_end_when_nothing_succeeds_and_begin_again_when_something_does() {
        let quota = Quota::default();
        assert_eq!((0..1_000).filter(|_| quota.take(COST)).count(), 100);
        assert!(!quota.take(COST));
        quota.give_back(COST);
        assert!(quota.take(COST) && !quota.take(COST));
        for _ in 0..4 {
            quota.give_back(0);
        }
        assert!(!quota.take(COST));
        quota.give_back(0);
        assert!(quota.take(COST));
    }

    #[test]
    fn a_quota_never_grows_beyond_its_size() {
        let quota = Quota::default();
        quota.give_back(1_000);
        assert_eq!((0..1_000).filter(|_| quota.take(COST)).count(), 100);
    }
}
