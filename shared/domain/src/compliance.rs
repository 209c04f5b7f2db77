//! What the daily self-check looks at, and when it holds (R029, R026, R044).
//!
//! A report holds names of resources, times and counts, and nothing of anybody.

use jiff::{SignedDuration, Timestamp};

/// How old the newest state may be that a table can be restored to: a day, as backups are promised daily (R026).
const FRESH: SignedDuration = SignedDuration::from_hours(24);

/// How often a sweep runs, and how late what it does may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct Rhythm {
    /// Hours after which it must have run again.
    pub silence_hours: u32,
    /// Hours by which the oldest of what was due may be late.
    pub late_hours: u32,
}

/// One thing that was looked at, and what was seen.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(tag = "check", rename_all = "kebab-case")]
pub enum Seen {
    /// The last run of a sweep: retention, off-boardings, keys, accounts.
    Sweep {
        /// Its name.
        of: String,
        /// What is asked of it.
        allowed: Rhythm,
        /// Its last run; none where it never ran.
        last_run: Option<Timestamp>,
        /// Whether everything was seen in it.
        complete: bool,
        /// By how much the oldest of what was due was late.
        late_seconds: u64,
        /// What should not be as it still was.
        overdue: u64,
    },
    /// The backups of a table.
    Backup {
        /// Its name in the data map.
        of: String,
        /// For how many days the data map wants it to be restorable; 0 where it wants no backup at all.
        declared_days: u16,
        /// Whether it can be restored to any second.
        enabled: bool,
        /// For how many days, where AWS says it.
        days: Option<u16>,
        /// The newest state that it can be restored to.
        restorable_until: Option<Timestamp>,
    },
    /// The audit chain (`privacy.md` D.8). What a signed report says of it, nobody can change who may only write to the tables.
    AuditChain {
        /// Its name.
        of: String,
        /// The number of its newest link.
        links: u64,
        /// That link's hash.
        head: String,
        /// Whether the last report was signed with the stack's key, and the link is still there that it named.
        stands: bool,
    },
    /// A queue of what could not be done.
    DeadLetters {
        /// Its name in the data map.
        of: String,
        /// Messages in it.
        messages: u64,
    },
}

/// One thing that was looked at, and whether it is as it was promised.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Check {
    /// What was seen.
    #[serde(flatten)]
    pub seen: Seen,
    /// Whether that is what was promised.
    pub holds: bool,
}

/// A whole report.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Report {
    /// The stack that looked at itself.
    pub stack: String,
    /// When.
    pub at: Timestamp,
    /// Whether everything holds.
    pub holds: bool,
    /// Each thing that was looked at.
    pub checks: Vec<Check>,
}

impl Seen {
    /// Which of the resources or sweeps it is about.
    #[must_use]
    pub fn of(&self) -> &str {
        match self {
            Self::Sweep { of, .. }
            | Self::Backup { of, .. }
            | Self::AuditChain { of, .. }
            | Self::DeadLetters { of, .. } => of,
        }
    }

    /// Whether it is as it was promised.
    #[must_use]
    pub fn holds(&self, now: Timestamp) -> bool {
        match self {
            Self::Sweep { allowed, last_run, complete, late_seconds, overdue, .. } => {
                let ran = last_run.is_some_and(|at| now <= at + hours(allowed.silence_hours));
                ran && *complete && *overdue == 0 && *late_seconds <= u64::from(allowed.late_hours) * 3_600
            }
            Self::Backup { declared_days: 0, enabled, .. } => !enabled,
            Self::Backup { declared_days, enabled, days, restorable_until, .. } => {
                // More days than declared would keep what was promised to be gone.
                let right = days.is_none_or(|days| days == *declared_days);
                *enabled && right && restorable_until.is_some_and(|until| now <= until + FRESH)
            }
            Self::AuditChain { stands, .. } => *stands,
            Self::DeadLetters { messages, .. } => *messages == 0,
        }
    }
}

impl Report {
    /// What was seen, judged.
    #[must_use]
    pub fn new(stack: &str, at: Timestamp, seen: Vec<Seen>) -> Self {
        let checks: Vec<_> = seen.into_iter().map(|seen| Check { holds: seen.holds(at), seen }).collect();
        Self { stack: stack.to_owned(), at, holds: checks.iter().all(|check| check.holds), checks }
    }
}

fn hours(hours: u32) -> SignedDuration {
    SignedDuration::from_hours(i64::from(hours))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn sweep(last_run: Option<&str>, complete: bool, late_seconds: u64, overdue: u64) -> Seen {
        let allowed = Rhythm { silence_hours: 26, late_hours: 48 };
        Seen::Sweep {
            of: "service-log".to_owned(),
            allowed,
            last_run: last_run.map(at),
            complete,
            late_seconds,
            overdue,
        }
    }

    fn backup(declared_days: u16, enabled: bool, days: Option<u16>, until: Option<&str>) -> Seen {
        let restorable_until = until.map(at);
        Seen::Backup { of: "accounts".to_owned(), declared_days, enabled, days, restorable_until }
    }

    #[test]
    fn r029_each_check_holds_exactly_as_long_as_it_should() {
        // The night in which Europe's clocks go back: its day has 24 hours of UTC like any other.
        let now = at("2026-10-25T05:50:00Z");
        for (seen, holds) in [
            (sweep(Some("2026-10-25T02:10:00Z"), true, 0, 0), true),
            (sweep(Some("2026-10-24T03:50:00Z"), true, 172_800, 0), true),
            (sweep(Some("2026-10-24T03:49:59Z"), true, 0, 0), false),
            (sweep(Some("2026-10-25T02:10:00Z"), true, 172_801, 0), false),
            (sweep(Some("2026-10-25T02:10:00Z"), false, 0, 0), false),
            (sweep(Some("2026-10-25T02:10:00Z"), true, 0, 1), false),
            (sweep(None, false, 0, 0), false),
            (backup(14, true, Some(14), Some("2026-10-25T05:45:00Z")), true),
            (backup(14, true, None, Some("2026-10-24T05:50:00Z")), true),
            (backup(14, true, Some(14), Some("2026-10-24T05:49:59Z")), false),
            (backup(14, true, Some(35), Some("2026-10-25T05:45:00Z")), false),
            (backup(14, true, Some(7), Some("2026-10-25T05:45:00Z")), false),
            (backup(14, false, None, None), false),
            (backup(0, false, None, None), true),
            (backup(0, true, Some(7), Some("2026-10-25T05:45:00Z")), false),
            (Seen::DeadLetters { of: "mail-dead".to_owned(), messages: 0 }, true),
            (Seen::DeadLetters { of: "mail-dead".to_owned(), messages: 1 }, false),
        ] {
            assert_eq!(seen.holds(now), holds, "{seen:?}");
            assert_eq!(Report::new("cartage", now, vec![seen]).holds, holds);
        }
    }

    #[test]
    fn r029_one_check_that_does_not_hold_is_enough() {
        let now = at("2026-10-25T05:50:00Z");
        let clean = |of: &str, messages| Seen::DeadLetters { of: of.to_owned(), messages };
        let report = Report::new("cartage", now, vec![clean("a", 0), clean("b", 3), clean("c", 0)]);
        assert!(!report.holds);
        assert_eq!(report.checks.iter().map(|check| check.holds).collect::<Vec<_>>(), [true, false, true]);
        let text = serde_json::to_string(&report).unwrap();
        assert!(text.contains(r#"{"check":"dead-letters","of":"b","messages":3,"holds":false}"#), "{text}");
    }
}
