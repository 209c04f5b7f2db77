//! By when a request is answered (`privacy.md` C.1). The shortest limit wins: what one policy or law promises to some is kept for all.
//!
//! All times are counted in UTC from when the request came in; the time that verification takes counts (11 CCR 7021), and so does the time in which
//! we wait for more information.

use jiff::{SignedDuration, Timestamp, ToSpan, civil::Weekday, tz::TimeZone};

use super::{Kind, Regime};

const DAY: i64 = 86_400;
/// Within how many days we mean to answer, whatever the law.
const TARGET: i64 = 21;
/// Within how many days an appeal is meant to be decided.
const APPEAL_TARGET: i64 = 30;
/// Within how many days an appeal must be decided: Colorado's first period, which keeps to those of Virginia and Connecticut too.
const APPEAL_LIMIT: i64 = 45;
/// For how many days a refusal can be appealed. No law sets less; the policies say "reasonable".
const APPEAL_WINDOW: i64 = 90;
/// For how many days an answer can be fetched before the request is closed: as long as its file is kept.
const DELIVERY_WINDOW: i64 = 7;
/// For how many hours an erasure waits after it was approved, so that who did not ask can stop it.
const COOLING_OFF_HOURS: i64 = 72;
/// How much of the time must be left after the cooling-off: a day for travelling bodies, and some for what has to be tried again.
const COOLING_OFF_RESERVE: i64 = 7;

/// The dates of one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub struct Deadlines {
    /// By when its arrival is confirmed: ten business days (11 CCR 7021(a)). We do it at once.
    pub acknowledge_by: Timestamp,
    /// By when we mean to answer.
    pub target: Timestamp,
    /// By when it must be answered.
    pub due: Timestamp,
    /// To when it may be extended, if that is told before `due`; `None` where no law knows an extension.
    pub extendable_to: Option<Timestamp>,
}

/// The dates of a request that came in at `received`.
#[must_use]
pub fn deadlines(kind: Kind, regime: Regime, received: Timestamp) -> Deadlines {
    // One month is what the migration policy promises to everybody (R182), the regulation's own measure too.
    let mut due = months(received, 1);
    if kind.is_at_once() {
        // 15 business days (11 CCR 7026(f)).
        due = due.min(business_days(received, 15));
    }
    if kind == Kind::Erasure {
        // R125–R128 promise 30 days, which is a day less than most months.
        due = due.min(days(received, 30));
    }
    let extendable_to = match regime {
        Regime::Gdpr => Some(months(received, 3)),
        Regime::California | Regime::Virginia | Regime::Colorado | Regime::Connecticut | Regime::Utah => {
            Some(days(received, 90))
        }
        Regime::Policies => None,
    };
    Deadlines {
        acknowledge_by: business_days(received, 10),
        target: days(received, TARGET).min(due),
        due,
        // What is spared a person takes no work that more time could be for.
        extendable_to: extendable_to.filter(|_| !kind.is_at_once()),
    }
}

/// The date to which a request's time is extended now; `None` where no law knows an extension, it was had before, or it comes after the time is over
/// (GDPR Art. 12(3): told within the first month).
#[must_use]
pub fn extended(due: Timestamp, extendable_to: Option<Timestamp>, now: Timestamp) -> Option<Timestamp> {
    extendable_to.filter(|to| now <= due && *to > due)
}

/// Until when an erasure that is approved now can still be stopped: 72 hours, or less where the answer would be late.
#[must_use]
pub fn cooling_off_until(approved: Timestamp, due: Timestamp) -> Timestamp {
    let wanted = hours(approved, COOLING_OFF_HOURS);
    wanted.min(days(due, -COOLING_OFF_RESERVE)).max(approved)
}

/// Until when a refusal of `denied` can be appealed.
#[must_use]
pub fn appealable_until(denied: Timestamp) -> Timestamp {
    days(denied, APPEAL_WINDOW)
}

/// By when an appeal is meant to be decided, and by when it must be.
#[must_use]
pub fn appeal(appealed: Timestamp) -> (Timestamp, Timestamp) {
    (days(appealed, APPEAL_TARGET), days(appealed, APPEAL_LIMIT))
}

/// Until when an answer of `delivered` can be fetched.
#[must_use]
pub fn fetchable_until(delivered: Timestamp) -> Timestamp {
    days(delivered, DELIVERY_WINDOW)
}

/// The same day and time `months` later; the last day of the month where that has no such day. No shift for weekends: Regulation 1182/71 would
/// grant more, never less.
fn months(from: Timestamp, months: i64) -> Timestamp {
    from.to_zoned(TimeZone::UTC).checked_add(months.months()).map_or(Timestamp::MAX, |zoned| zoned.timestamp())
}

fn days(from: Timestamp, days: i64) -> Timestamp {
    from.saturating_add(SignedDuration::from_secs(days * DAY)).unwrap_or(Timestamp::MAX)
}

fn hours(from: Timestamp, hours: i64) -> Timestamp {
    from.saturating_add(SignedDuration::from_hours(hours)).unwrap_or(Timestamp::MAX)
}

/// So many business days later at the same time. Only weekends are skipped: not to know the holidays gives the earlier, safe date.
#[must_use]
pub fn business_days(from: Timestamp, business_days: u32) -> Timestamp {
    let mut at = from;
    let mut left = business_days;
    while left > 0 {
        let next = days(at, 1);
        if next == at {
            break;
        }
        at = next;
        if !matches!(at.to_zoned(TimeZone::UTC).date().weekday(), Weekday::Saturday | Weekday::Sunday) {
            left -= 1;
        }
    }
    at
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn r182_an_answer_is_due_on_the_same_day_of_the_next_month_or_its_last() {
        for (received, due) in [
            ("2026-01-15T09:30:00Z", "2026-02-15T09:30:00Z"),
            ("2026-01-31T23:59:59Z", "2026-02-28T23:59:59Z"),
            ("2028-01-30T12:00:00Z", "2028-02-29T12:00:00Z"),
            ("2026-08-31T00:00:00Z", "2026-09-30T00:00:00Z"),
            // Clocks change in between; the limit does not.
            ("2026-10-20T01:30:00Z", "2026-11-20T01:30:00Z"),
            ("2026-12-31T10:00:00Z", "2027-01-31T10:00:00Z"),
        ] {
            for regime in Regime::ALL {
                assert_eq!(deadlines(Kind::Access, regime, at(received)).due, at(due), "{received} {regime:?}");
            }
        }
    }

    #[test]
    fn an_erasure_is_due_after_thirty_days_even_where_the_month_is_longer() {
        let due = |received| deadlines(Kind::Erasure, Regime::Gdpr, at(received)).due;
        assert_eq!(due("2026-01-01T00:00:00Z"), at("2026-01-31T00:00:00Z"));
        assert_eq!(due("2026-02-01T00:00:00Z"), at("2026-03-01T00:00:00Z"), "February is shorter than 30 days");
    }

    #[test]
    fn r060_an_opt_out_is_due_after_fifteen_business_days_and_never_extended() {
        let dates = deadlines(Kind::OptOutSale, Regime::California, at("2026-11-20T12:00:00Z"));
        assert_eq!(dates.due, at("2026-12-11T12:00:00Z"), "a Friday, three weekends later");
        assert_eq!(dates.extendable_to, None);
    }

    #[test]
    fn extensions_are_those_of_the_law() {
        let received = at("2026-11-30T08:00:00Z");
        let extendable = |regime| deadlines(Kind::Access, regime, received).extendable_to;
        assert_eq!(extendable(Regime::Gdpr), Some(at("2027-02-28T08:00:00Z")));
        assert_eq!(extendable(Regime::California), Some(at("2027-02-28T08:00:00Z")));
        assert_eq!(extendable(Regime::Utah), extendable(Regime::Colorado));
        assert_eq!(extendable(Regime::Policies), None);
    }

    #[test]
    fn an_extension_is_told_before_the_time_is_over() {
        let (due, to) = (at("2026-12-01T00:00:00Z"), at("2027-02-01T00:00:00Z"));
        assert_eq!(extended(due, Some(to), due), Some(to));
        assert_eq!(extended(due, Some(to), at("2026-12-01T00:00:01Z")), None);
        assert_eq!(extended(due, None, at("2026-11-01T00:00:00Z")), None);
        assert_eq!(extended(to, Some(to), at("2026-11-01T00:00:00Z")), None, "once");
    }

    #[test]
    fn a_cooling_off_never_makes_the_answer_late() {
        let (approved, due) = (at("2026-11-01T00:00:00Z"), at("2026-12-01T00:00:00Z"));
        assert_eq!(cooling_off_until(approved, due), at("2026-11-04T00:00:00Z"));
        assert_eq!(cooling_off_until(at("2026-11-23T00:00:00Z"), due), at("2026-11-24T00:00:00Z"));
        assert_eq!(
            cooling_off_until(at("2026-11-30T00:00:00Z"), due),
            at("2026-11-30T00:00:00Z"),
            "there is no time left"
        );
    }

    proptest! {
        #[test]
        fn the_dates_of_a_request_are_in_their_order(second in 0_i64..4_000_000_000) {
            let received = Timestamp::from_second(second).unwrap();
            for kind in Kind::ALL {
                for regime in Regime::ALL {
                    let Deadlines { acknowledge_by, target, due, extendable_to } = deadlines(kind, regime, received);
                    prop_assert!(received < acknowledge_by && received < target && target <= due);
                    // No law of the table gives less than this, nor a policy more.
                    prop_assert!(due <= days(received, 31));
                    prop_assert!(extendable_to.is_none_or(|to| to > due));
                    let cool = cooling_off_until(received, due);
                    prop_assert!(received <= cool && cool <= due);
                }
            }
        }

        #[test]
        fn business_days_never_end_on_a_weekend(second in 0_i64..4_000_000_000, count in 1_u32..40) {
            let end = business_days(Timestamp::from_second(second).unwrap(), count);
            prop_assert!(end.to_zoned(TimeZone::UTC).date().weekday().to_monday_zero_offset() < 5);
            let passed = (end.as_second() - second) / DAY;
            prop_assert!(passed >= i64::from(count) && passed <= i64::from(count) / 5 * 7 + 8);
        }
    }
}
