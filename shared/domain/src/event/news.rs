//! What a webhook's news leads to, by what is already known of the object that it is about.
//!
//! Platforms send webhooks twice, late and in any order (`platforms.md` 6, point 3). What is known of an object is its [`Mark`]: how new the
//! newest news of it was that developers were told, and whether that was its end. Developers are never told that an object is as it was before
//! something that they know already; what came into being and what ended they are always told once.

use std::time::Duration;

use super::Change;

/// What is known of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Mark {
    /// How new the newest news of it is: the platform's own time of change, in unix milliseconds.
    pub newest: Option<i64>,
    /// Whether the newest news is that it is gone.
    pub gone: bool,
}

/// News of an object, as it came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Told {
    /// What became of it.
    pub change: Change,
    /// How new the object is that it speaks of, in unix milliseconds by the platform's clock, if it tells.
    pub updated_at: Option<i64>,
    /// Whether it was found by looking, and no webhook told it.
    pub recovered: bool,
}

/// What news of an object leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Nobody was told newer news: it is told with the object that it brought.
    Tell,
    /// It is told, but with the object as the store has it now: what it brought, if anything, may be out of date.
    TellAnew,
    /// Developers know newer news: nobody is told.
    Superseded,
}

/// Decides what news leads to that was not seen before. `mark` is empty where nothing is known of the object.
#[must_use]
pub fn verdict(mark: Mark, told: Told) -> Verdict {
    // Found by looking, it is news only where no webhook has told the same meanwhile.
    let known = |updated_at: i64| match mark.newest {
        Some(newest) if told.recovered => updated_at <= newest,
        Some(newest) => updated_at < newest,
        None => false,
    };
    let is_old = told.updated_at.is_some_and(known);
    match told.change {
        // There is nothing newer than an end, and it is told once.
        Change::Deleted if mark.gone => Verdict::Superseded,
        Change::Deleted => Verdict::Tell,
        _ if told.recovered && is_old && !mark.gone => Verdict::Superseded,
        // What came into being is told, however late.
        Change::Created if mark.gone || is_old => Verdict::TellAnew,
        // A change from before the end, as far as one can tell.
        Change::Updated
            if mark.gone && told.updated_at.is_some_and(|at| mark.newest.is_some_and(|newest| at <= newest)) =>
        {
            Verdict::Superseded
        }
        // It may be back, as a product that was taken out of the trash. The store knows.
        Change::Updated if mark.gone => Verdict::TellAnew,
        Change::Updated if is_old => Verdict::Superseded,
        Change::Created | Change::Updated => Verdict::Tell,
    }
}

/// What is known of an object once news of it was told: the newest never grows older.
#[must_use]
pub fn after(mark: Mark, told: Told) -> Mark {
    Mark { newest: mark.newest.max(told.updated_at), gone: told.change == Change::Deleted }
}

/// How long an event is tried whose object cannot be read from the store. After that it is told without it: its time to be delivered is a day
/// from when it came in (R139), and some of that must be left.
pub const PATIENCE: Duration = Duration::from_secs(20 * 3600);

/// How long anything is tried that came in. A message is kept for a day, and what is given up must leave its envelope before.
pub const LAST: Duration = Duration::from_secs(23 * 3600);

const FIRST_WAIT: Duration = Duration::from_secs(5);
const LONGEST_WAIT: Duration = Duration::from_secs(2 * 3600);

/// How long to wait before an event is tried again that was tried `tries` times and came in `age` ago: 5 s, doubling up to two hours, and not past
/// the moments at which something else is done about it ([`PATIENCE`], [`LAST`]). `jitter` (0 to 1) makes it up to a fifth longer.
#[must_use]
pub fn wait(tries: u32, age: Duration, jitter: f64) -> Duration {
    let doubled = FIRST_WAIT.saturating_mul(1 << tries.saturating_sub(1).min(16));
    let wait = doubled.min(LONGEST_WAIT).mul_f64(1.0 + jitter.clamp(0.0, 1.0) / 5.0);
    match [PATIENCE, LAST].into_iter().find(|moment| age < *moment) {
        Some(moment) => wait.min(moment - age).max(Duration::from_secs(1)),
        None => Duration::ZERO,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const UNKNOWN: Mark = Mark { newest: None, gone: false };
    const AT_5: Mark = Mark { newest: Some(5), gone: false };
    const GONE: Mark = Mark { newest: None, gone: true };
    const GONE_AFTER_5: Mark = Mark { newest: Some(5), gone: true };

    fn hook(change: Change, updated_at: Option<i64>) -> Told {
        Told { change, updated_at, recovered: false }
    }

    #[test]
    fn every_combination_has_one_verdict() {
        use Change::{Created, Deleted, Updated};
        use Verdict::{Superseded, Tell, TellAnew};
        #[rustfmt::skip]
        let cases = [
            // What is known, what came, its time: none, older, the same, newer.
            (UNKNOWN,      Created, [Tell, Tell, Tell, Tell]),
            (UNKNOWN,      Updated, [Tell, Tell, Tell, Tell]),
            (UNKNOWN,      Deleted, [Tell, Tell, Tell, Tell]),
            (AT_5,         Created, [Tell, TellAnew, Tell, Tell]),
            (AT_5,         Updated, [Tell, Superseded, Tell, Tell]),
            (AT_5,         Deleted, [Tell, Tell, Tell, Tell]),
            (GONE,         Created, [TellAnew, TellAnew, TellAnew, TellAnew]),
            (GONE,         Updated, [TellAnew, TellAnew, TellAnew, TellAnew]),
            (GONE,         Deleted, [Superseded, Superseded, Superseded, Superseded]),
            (GONE_AFTER_5, Created, [TellAnew, TellAnew, TellAnew, TellAnew]),
            (GONE_AFTER_5, Updated, [TellAnew, Superseded, Superseded, TellAnew]),
            (GONE_AFTER_5, Deleted, [Superseded, Superseded, Superseded, Superseded]),
        ];
        for (mark, change, expected) in cases {
            for (time, expected) in [None, Some(4), Some(5), Some(6)].into_iter().zip(expected) {
                assert_eq!(verdict(mark, hook(change, time)), expected, "{mark:?} {change:?} {time:?}");
            }
        }
    }

    #[test]
    fn what_was_found_by_looking_is_news_only_where_no_webhook_told_it() {
        for change in [Change::Created, Change::Updated] {
            let found = |at| Told { change, updated_at: Some(at), recovered: true };
            assert_eq!(verdict(AT_5, found(4)), Verdict::Superseded);
            assert_eq!(verdict(AT_5, found(5)), Verdict::Superseded);
            assert_eq!(verdict(AT_5, found(6)), Verdict::Tell);
            assert_eq!(verdict(UNKNOWN, found(1)), Verdict::Tell);
        }
    }

    proptest! {
        /// Whatever comes in whatever order: nobody is told with what a webhook brought that is older than what was told before.
        #[test]
        fn what_is_told_never_grows_older(
            news in prop::collection::vec((0..3_u8, prop::option::of(0..6_i64), any::<bool>()), 0..24)
        ) {
            let (mut mark, mut newest) = (Mark::default(), None);
            for (change, updated_at, recovered) in news {
                let change = [Change::Created, Change::Updated, Change::Deleted][usize::from(change)];
                let told = Told { change, updated_at, recovered };
                let (verdict, before) = (verdict(mark, told), mark);
                if verdict == Verdict::Superseded {
                    // There was something newer, or its end.
                    prop_assert!(before.gone || before.newest >= updated_at);
                    continue;
                }
                mark = after(mark, told);
                prop_assert!(mark.newest >= before.newest);
                if change == Change::Deleted {
                    prop_assert!(!before.gone, "an end is told once");
                } else if verdict == Verdict::Tell {
                    prop_assert!(updated_at.is_none() || updated_at >= newest);
                }
                newest = newest.max(updated_at);
                prop_assert!(mark.gone == (change == Change::Deleted));
            }
        }

        #[test]
        fn a_wait_ends_before_the_time_is_over(tries in 0..200_u32, age in 0..90_000_u64, jitter in 0.0..1.0_f64) {
            let age = Duration::from_secs(age);
            let wait = wait(tries, age, jitter);
            if age < LAST {
                prop_assert!(wait >= Duration::from_secs(1));
                prop_assert!(wait <= LONGEST_WAIT.mul_f64(1.2));
                prop_assert!(age + wait <= LAST + Duration::from_secs(1));
                prop_assert!(age >= PATIENCE || age + wait <= PATIENCE + Duration::from_secs(1));
            } else {
                prop_assert!(wait.is_zero());
            }
        }
    }

    #[test]
    fn waits_double_up_to_two_hours() {
        let waits: Vec<u64> = (1..=13).map(|tries| wait(tries, Duration::ZERO, 0.0).as_secs()).collect();
        assert_eq!(waits, [5, 10, 20, 40, 80, 160, 320, 640, 1280, 2560, 5120, 7200, 7200]);
    }
}
