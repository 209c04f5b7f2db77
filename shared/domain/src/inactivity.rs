//! When an account that nobody uses is told about, and when it is closed (R022; the grace is ours, `privacy.md` A.6).
//!
//! Days are whole days of UTC. What is counted from is the day of the last call with one of the account's keys, of the last webhook of one of
//! its stores, or of its sign-up.

use jiff::{SignedDuration, civil::Date};

/// How long it is waited, in days.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// From the last activity to the first mail.
    pub quiet: u16,
    /// From the first mail to the second.
    pub reminder: u16,
    /// From the first mail to the closing.
    pub closing: u16,
}

/// What an account's owner was told since its last activity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Told {
    /// When the first mail was sent.
    pub first: Option<Date>,
    /// When the second was.
    pub again: Option<Date>,
}

/// What is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Nothing today.
    Wait,
    /// The first mail.
    Tell {
        /// When the account will be closed if nothing happens.
        closes_on: Date,
    },
    /// The second mail.
    Remind {
        /// When the account will be closed if nothing happens.
        closes_on: Date,
    },
    /// The end.
    Close,
}

impl Patience {
    /// 90 days as promised; then a reminder after 15 days and the end after 30, which no policy fixes.
    pub const DEFAULT: Self = Self { quiet: 90, reminder: 15, closing: 30 };

    /// What is due today. Where a mail was late, what follows it is as late: nobody has less time than the mails say.
    #[must_use]
    pub fn step(self, last_active: Date, told: Told, today: Date) -> Step {
        let Some(first) = told.first else {
            let due = today >= after(last_active, self.quiet);
            return if due { Step::Tell { closes_on: after(today, self.closing) } } else { Step::Wait };
        };
        let between = self.closing.saturating_sub(self.reminder);
        match told.again {
            None if today >= after(first, self.reminder) => {
                Step::Remind { closes_on: after(first, self.closing).max(after(today, between)) }
            }
            Some(again) if today >= after(first, self.closing).max(after(again, between)) => Step::Close,
            None | Some(_) => Step::Wait,
        }
    }
}

fn after(day: Date, days: u16) -> Date {
    day.saturating_add(SignedDuration::from_hours(i64::from(days) * 24))
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    /// The days on which something happens to an account that was last used on `last`, if the sweep runs every day but those in `missed`.
    fn life(last: Date, missed: impl Fn(Date) -> bool) -> Vec<(Date, Step)> {
        let (mut told, mut steps) = (Told::default(), Vec::new());
        for number in 0..400 {
            let today = after(last, number);
            if missed(today) {
                continue;
            }
            let step = Patience::DEFAULT.step(last, told, today);
            match step {
                Step::Wait => continue,
                Step::Tell { .. } => told.first = Some(today),
                Step::Remind { .. } => told.again = Some(today),
                Step::Close => {
                    steps.push((today, step));
                    return steps;
                }
            }
            steps.push((today, step));
        }
        panic!("{steps:?} has no end");
    }

    #[test]
    fn r022_a_mail_after_90_days_another_after_15_and_the_end_after_30() {
        for (last, tell, remind, close) in [
            (date(2026, 1, 1), date(2026, 4, 1), date(2026, 4, 16), date(2026, 5, 1)),
            // Over the end of a year, and of a February of 28 days.
            (date(2026, 11, 30), date(2027, 2, 28), date(2027, 3, 15), date(2027, 3, 30)),
            // Over a leap day, and from one.
            (date(2027, 12, 1), date(2028, 2, 29), date(2028, 3, 15), date(2028, 3, 30)),
            (date(2028, 2, 29), date(2028, 5, 29), date(2028, 6, 13), date(2028, 6, 28)),
            // Over the nights in which Europe and America change their clocks: days are those of UTC.
            (date(2026, 3, 7), date(2026, 6, 5), date(2026, 6, 20), date(2026, 7, 5)),
            (date(2026, 8, 31), date(2026, 11, 29), date(2026, 12, 14), date(2026, 12, 29)),
        ] {
            let steps = life(last, |_| false);
            let expected = [
                (tell, Step::Tell { closes_on: close }),
                (remind, Step::Remind { closes_on: close }),
                (close, Step::Close),
            ];
            assert_eq!(steps, expected, "{last}");
        }
    }

    #[test]
    fn r022_a_mail_that_is_late_shortens_nothing() {
        let last = date(2026, 1, 1);
        // No run from the reminder's day until after the day of the end.
        let down = |day: Date| (date(2026, 4, 16)..date(2026, 5, 20)).contains(&day);
        let steps = life(last, down);
        let end = date(2026, 6, 4);
        assert_eq!(steps[1], (date(2026, 5, 20), Step::Remind { closes_on: end }));
        assert_eq!(steps[2], (end, Step::Close), "fifteen days after the mail that says so");
        // No run on the day of the end itself.
        let steps = life(last, |day| day == date(2026, 5, 1));
        assert_eq!(steps[2], (date(2026, 5, 2), Step::Close));
    }

    #[test]
    fn r022_nothing_happens_a_day_too_early() {
        let patience = Patience::DEFAULT;
        let (last, first) = (date(2026, 1, 1), date(2026, 4, 1));
        assert_eq!(patience.step(last, Told::default(), date(2026, 3, 31)), Step::Wait);
        let told = Told { first: Some(first), again: None };
        assert_eq!(patience.step(last, told, date(2026, 4, 15)), Step::Wait);
        let told = Told { again: Some(date(2026, 4, 16)), ..told };
        assert_eq!(patience.step(last, told, date(2026, 4, 30)), Step::Wait);
        assert_eq!(patience.step(last, Told::default(), last), Step::Wait, "an account of today");
        assert_eq!(patience.step(date(2026, 1, 2), Told::default(), last), Step::Wait, "a clock that went back");
    }
}
