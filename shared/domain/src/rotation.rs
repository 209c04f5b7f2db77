//! When an API key has to be rotated: every twelve months at least (R118).
//!
//! A key is as old as its secret. After eleven months its owner is told that it will end, and when; the end is written down then, so that what
//! the mail says and what will happen are one. A week before, the owner is told again. A rotation takes the end away. So no key is older than
//! twelve months, unless its owner was told too late to have thirty days: then it ends thirty days after the mail.

use jiff::{SignedDuration, Span, Timestamp, ToSpan, tz::TimeZone};

/// The age at which its owner is told, in calendar months.
const TOLD_AFTER: i32 = 11;
/// The age at which it ends, in calendar months.
const ENDS_AFTER: i32 = 12;
/// How long its owner has at least from the first mail on.
const NOTICE: SignedDuration = SignedDuration::from_hours(30 * 24);
/// How long before its end the owner is told again.
const LAST_CALL: SignedDuration = SignedDuration::from_hours(7 * 24);

/// What is known of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Key {
    /// When its secret was made.
    pub since: Timestamp,
    /// From when its owner does not want it to be of use any more.
    pub ends_at: Option<Timestamp>,
    /// By when it was told that it has to be rotated.
    pub rotate_by: Option<Timestamp>,
    /// Whether that was told twice.
    pub told_again: bool,
}

/// What is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Nothing now.
    Wait,
    /// The first mail. From now on the key has an end.
    Tell {
        /// Its end.
        rotate_by: Timestamp,
    },
    /// The second mail.
    TellAgain {
        /// Its end.
        rotate_by: Timestamp,
    },
}

impl Key {
    /// What is due.
    #[must_use]
    pub fn step(&self, now: Timestamp) -> Step {
        match self.rotate_by {
            None => {
                let rotate_by = later(self.since, ENDS_AFTER.months()).max(now.saturating_add(NOTICE).unwrap_or(now));
                // One that ends by itself before needs no rotation.
                let ends_by_itself = self.ends_at.is_some_and(|end| end <= rotate_by);
                if now < later(self.since, TOLD_AFTER.months()) || ends_by_itself {
                    return Step::Wait;
                }
                Step::Tell { rotate_by }
            }
            Some(rotate_by) if !self.told_again && now < rotate_by && now >= rotate_by - LAST_CALL => {
                Step::TellAgain { rotate_by }
            }
            Some(_) => Step::Wait,
        }
    }

    /// Whether it may still be used although it is older than it may be. There is none, unless a mail was late.
    #[must_use]
    pub fn is_overdue(&self, now: Timestamp) -> bool {
        let ended = [self.ends_at, self.rotate_by].into_iter().flatten().any(|end| end <= now);
        !ended && now >= later(self.since, ENDS_AFTER.months())
    }
}

/// A time of the calendar of UTC, some months later; the last day of a month that has no such day.
fn later(at: Timestamp, months: Span) -> Timestamp {
    let then = at.to_zoned(TimeZone::UTC).saturating_add(months);
    then.timestamp()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn key(since: &str) -> Key {
        Key { since: at(since), ends_at: None, rotate_by: None, told_again: false }
    }

    #[test]
    fn r118_a_key_is_told_of_after_eleven_months_and_ends_after_twelve() {
        for (since, told, end) in [
            ("2026-01-15T10:30:00Z", "2026-12-15T10:30:00Z", "2027-01-15T10:30:00Z"),
            // Month ends: the last day where there is no such day.
            ("2026-03-31T00:00:00Z", "2027-02-28T00:00:00Z", "2027-03-31T00:00:00Z"),
            ("2027-03-30T23:59:59Z", "2028-02-29T23:59:59Z", "2028-03-30T23:59:59Z"),
            // From a leap day.
            ("2028-02-29T12:00:00Z", "2029-01-29T12:00:00Z", "2029-02-28T12:00:00Z"),
            // The nights in which clocks change are nights like any other: it is UTC.
            ("2025-11-29T01:30:00Z", "2026-10-29T01:30:00Z", "2026-11-29T01:30:00Z"),
            ("2026-04-29T02:30:00Z", "2027-03-29T02:30:00Z", "2027-04-29T02:30:00Z"),
        ] {
            let mut key = key(since);
            assert_eq!(key.step(at(told) - SignedDuration::from_secs(1)), Step::Wait, "{since}");
            // February has fewer days than the notice.
            let end = at(end).max(at(told) + NOTICE);
            assert_eq!(key.step(at(told)), Step::Tell { rotate_by: end }, "{since}");
            key.rotate_by = Some(end);
            assert_eq!(key.step(end - LAST_CALL - SignedDuration::from_secs(1)), Step::Wait);
            assert_eq!(key.step(end - LAST_CALL), Step::TellAgain { rotate_by: end });
            key.told_again = true;
            assert_eq!(key.step(end - SignedDuration::from_secs(1)), Step::Wait);
            assert!(
                key.is_overdue(end - SignedDuration::from_secs(1))
                    == (end > at(since) + NOTICE && end > later(key.since, 12.months()))
            );
            assert!(!key.is_overdue(end), "it is of no use any more");
        }
    }

    #[test]
    fn r118_nobody_has_less_than_thirty_days() {
        let old = key("2020-01-01T00:00:00Z");
        let now = at("2026-11-22T00:00:00Z");
        assert_eq!(old.step(now), Step::Tell { rotate_by: at("2026-12-22T00:00:00Z") });
        assert!(old.is_overdue(now));
        assert!(!key("2026-01-01T00:00:00Z").is_overdue(now));
        let exactly = key("2025-11-22T00:00:00Z");
        assert!(exactly.is_overdue(now), "twelve months are too many");
    }

    #[test]
    fn a_key_that_ends_by_itself_is_left_alone() {
        let now = at("2026-12-20T00:00:00Z");
        let mut key = key("2026-01-15T00:00:00Z");
        key.ends_at = Some(at("2027-01-01T00:00:00Z"));
        assert_eq!(key.step(now), Step::Wait);
        key.ends_at = Some(at("2027-06-01T00:00:00Z"));
        assert_eq!(key.step(now), Step::Tell { rotate_by: at("2027-01-19T00:00:00Z") });
    }
}
