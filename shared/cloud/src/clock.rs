//! The one place that reads the clock and draws randomness.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use jiff::{Timestamp, civil::Date, tz::TimeZone};
use uuid::Uuid;

/// The day of UTC that a time is in.
#[must_use]
pub fn day_of(at: Timestamp) -> Date {
    at.to_zoned(TimeZone::UTC).date()
}

/// When a day of UTC begins.
#[must_use]
pub fn midnight(day: Date) -> Timestamp {
    // Every civil day that a timestamp can be of begins within what timestamps reach, but for the very last.
    day.to_zoned(TimeZone::UTC).map_or(Timestamp::MAX, |start| start.timestamp())
}

/// Tells the time: the machine's, or one that a test steers.
#[derive(Clone, Debug, Default)]
pub struct Clock {
    /// Milliseconds since 1970 where the time is steered, else the machine's clock is read.
    steered: Option<Arc<AtomicI64>>,
}

impl Clock {
    /// The machine's clock.
    #[must_use]
    pub fn system() -> Self {
        Self::default()
    }

    /// A clock that stands at `start` until [`Clock::advance`] moves it; clones move together.
    #[must_use]
    pub fn steered(start: Timestamp) -> Self {
        Self { steered: Some(Arc::new(AtomicI64::new(start.as_millisecond()))) }
    }

    /// Moves a steered clock forward. The machine's clock is not moved.
    pub fn advance(&self, by: Duration) {
        if let Some(millis) = &self.steered {
            millis.fetch_add(i64::try_from(by.as_millis()).unwrap_or(i64::MAX), Ordering::SeqCst);
        }
    }

    /// The time now.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the clock")]
    pub fn now(&self) -> Timestamp {
        match &self.steered {
            // A steered clock starts from a `Timestamp`; one that is moved past year 9999 stands there.
            Some(millis) => Timestamp::from_millisecond(millis.load(Ordering::SeqCst)).unwrap_or(Timestamp::MAX),
            None => Timestamp::now(),
        }
    }

    /// A new time-ordered id.
    #[must_use]
    pub fn new_id(&self) -> Uuid {
        let now = self.now();
        let (seconds, nanos) = (now.as_second(), now.subsec_nanosecond());
        Uuid::new_v7(uuid::Timestamp::from_unix(
            uuid::NoContext,
            u64::try_from(seconds).unwrap_or_default(),
            u32::try_from(nanos).unwrap_or_default(),
        ))
    }
}

/// Thirty-two bytes from the system's generator.
///
/// # Panics
/// If the system has no randomness to give: nothing that needs a secret may go on without.
#[must_use]
pub fn random_bytes() -> [u8; 32] {
    let mut bytes = [0; 32];
    #[expect(clippy::expect_used, reason = "a process without randomness must not mint secrets")]
    getrandom::fill(&mut bytes).expect("the system gives random bytes");
    bytes
}

/// A number drawn evenly from `0..=most`, for jitter. Not for secrets.
#[must_use]
pub fn jitter(most: Duration) -> Duration {
    let bytes = random_bytes();
    let mut word = [0; 8];
    word.copy_from_slice(&bytes[..8]);
    let most = u64::try_from(most.as_millis()).unwrap_or(u64::MAX);
    Duration::from_millis(u64::from_le_bytes(word) % most.saturating_add(1))
}
