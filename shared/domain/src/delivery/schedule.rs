//! When a delivery is tried again (`gateway.md` E2).
//!
//! | attempt | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9 | 10 |
//! |---|---|---|---|---|---|---|---|---|---|---|
//! | at the earliest | 0 | 10 s | 40 s | 2 m 10 s | 6 m 40 s | 20 m 10 s | 1 h 40 s | 3 h 2 m 10 s | 9 h 6 m 40 s | 23 h 55 m |
//!
//! The last would be at 24 hours sharp. It is moved to [`LAST`], because the message with the body ends with its day.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

/// Attempts of one delivery.
pub const ATTEMPTS: u32 = 10;
/// How long a delivery is tried (R139).
pub const LIFE: SignedDuration = SignedDuration::from_hours(24);
/// When the last attempt begins at the latest, from the beginning.
pub const LAST: SignedDuration = SignedDuration::from_mins(24 * 60 - 5);
/// Between the first attempt and the second, at the least. Each wait is three times the one before.
const FIRST: SignedDuration = SignedDuration::from_secs(10);
/// Something is added to each wait, so that deliveries which failed together do not come back together: up to a fifth of it, and where that
/// is less, up to so much.
const LEAST_SPREAD: SignedDuration = SignedDuration::from_secs(2);
/// An endpoint may ask for a longer wait, up to twice the next one; it is granted so much at any rate.
const GRANTED: SignedDuration = SignedDuration::from_hours(1);

/// How much is added to a wait, as a part of the most that may be: 0 to 1,000.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spread(u16);

impl Spread {
    /// Nothing is added.
    pub const NONE: Self = Self(0);
    /// The most is added.
    pub const FULL: Self = Self(1_000);

    /// A part drawn with a random number.
    #[must_use]
    pub fn drawn(random: u16) -> Self {
        Self(random % 1_001)
    }
}

/// A moment, or the last that there is where it would be later.
#[must_use]
pub(super) fn after(at: Timestamp, wait: SignedDuration) -> Timestamp {
    at.saturating_add(wait).unwrap_or(Timestamp::MAX)
}

/// The wait after so many attempts.
#[must_use]
fn wait(tried: u32) -> SignedDuration {
    FIRST.saturating_mul(3_i32.saturating_pow(tried.clamp(1, ATTEMPTS) - 1))
}

/// When a delivery that began at `begun` and was tried `tried` times, now without success, is tried again; nothing where it was the last time.
#[must_use]
pub fn next(
    begun: Timestamp,
    tried: u32,
    now: Timestamp,
    retry_after: Option<Duration>,
    spread: Spread,
) -> Option<Timestamp> {
    if tried >= ATTEMPTS {
        return None;
    }
    let least = wait(tried);
    let added = (least / 5).max(LEAST_SPREAD).as_millis() * i128::from(spread.0) / 1_000;
    let wished = retry_after.map_or(SignedDuration::ZERO, |wish| {
        SignedDuration::try_from(wish).unwrap_or(SignedDuration::MAX).min((least * 2).max(GRANTED))
    });
    let added = SignedDuration::from_millis(i64::try_from(added).unwrap_or(0));
    clamped(begun, now, after(now, (least + added).max(wished)))
}

/// The moment `at`, or the last that the delivery has where that is sooner; nothing where that one is over.
#[must_use]
pub(super) fn clamped(begun: Timestamp, now: Timestamp, at: Timestamp) -> Option<Timestamp> {
    let last = after(begun, LAST);
    (now < last).then(|| at.min(last))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    /// Every attempt fails at once.
    fn attempts(spread: Spread) -> Vec<i64> {
        let mut made = vec![0];
        while let Some(next) = next(at(0), u32::try_from(made.len()).unwrap(), at(*made.last().unwrap()), None, spread)
        {
            made.push(next.as_second());
        }
        made
    }

    #[test]
    fn r139_ten_attempts_within_a_day_at_the_published_times() {
        assert_eq!(attempts(Spread::NONE), [0, 10, 40, 130, 400, 1_210, 3_640, 10_930, 32_800, 86_100]);
    }

    #[test]
    fn spread_is_only_ever_added() {
        let (least, most) = (attempts(Spread::NONE), attempts(Spread::FULL));
        assert_eq!(most[..3], [0, 12, 48], "two seconds at the least where it may, a fifth after that");
        assert_eq!(most.len(), 10);
        assert!(least.iter().zip(&most).all(|(least, most)| least <= most));
    }

    #[test]
    fn an_endpoint_gets_the_wait_that_it_asks_for_within_bounds() {
        let next = |tried, wish| next(at(0), tried, at(0), Some(Duration::from_secs(wish)), Spread::NONE);
        assert_eq!(next(1, 1), Some(at(10)), "never sooner than scheduled");
        assert_eq!(next(1, 120), Some(at(120)));
        assert_eq!(next(1, 7_200), Some(at(3_600)), "an hour is granted");
        assert_eq!(next(8, 1_000_000), Some(at(2 * 21_870)), "twice the wait");
        assert_eq!(next(9, u64::MAX), Some(at(86_100)), "never past the last attempt");
    }

    proptest! {
        #[test]
        fn the_next_attempt_is_later_and_in_time(
            tried in 1_u32..12, passed in 0_i64..90_000, wish in proptest::option::of(any::<u64>()), random: u16,
        ) {
            let now = at(passed);
            match next(at(0), tried, now, wish.map(Duration::from_secs), Spread::drawn(random)) {
                Some(next) => prop_assert!(next > now && next <= after(at(0), LAST)),
                None => prop_assert!(tried >= ATTEMPTS || now >= after(at(0), LAST)),
            }
        }
    }
}
