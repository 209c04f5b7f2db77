//! The ledger of one key: a copy of its counter and snapshots, and what they allow.

use std::collections::BTreeMap;

use super::{Moment, Rule, attribute::Snapshot};

/// A copy of what a key's item says about past calls.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Ledger {
    admitted: u64,
    fine: BTreeMap<u64, u64>,
    hours: BTreeMap<u64, u64>,
}

/// Which limit a call would break.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Window {
    /// Twice the rate in a second.
    Peak,
    /// The rate, with a credit of five seconds' worth.
    Sustained,
    /// The quota of 24 hours.
    Day,
}

/// The highest counts at which each window is still kept, counted like [`Ledger::admitted`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Threshold {
    /// Of the peak window.
    pub peak: u64,
    /// Of the sustained window.
    pub sustained: u64,
    /// Of the day window.
    pub day: u64,
}

impl Threshold {
    /// The lowest of the three.
    #[must_use]
    pub fn lowest(&self) -> u64 {
        self.peak.min(self.sustained).min(self.day)
    }
}

/// What one admission writes: `n += cost` and the two snapshots if they are absent, minus the stale ones, all on the
/// condition that `n` is at most [`Write::no_more_than`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Write {
    /// The highest counter at which the call is within every window.
    pub no_more_than: u64,
    /// What the call adds to the counter.
    pub cost: u32,
    /// The snapshots to set to the counter *before* this call, unless they exist.
    pub snapshots: [Snapshot; 2],
    /// Snapshots that no window needs any more. Removing one twice does no harm.
    pub stale: Vec<Snapshot>,
}

/// A refusal, with the moment from which the call would be admitted if no other call came before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Denial {
    /// The limit that holds the call back the longest.
    pub window: Window,
    /// When it lets go.
    pub retry_at: Moment,
}

impl Denial {
    /// The value for `Retry-After`, in whole seconds of at least 1: whoever waits that long and is alone gets through, on an
    /// instance whose clock is behind by the margin, too.
    #[must_use]
    pub fn retry_after_seconds(&self, rule: &Rule, now: Moment) -> u64 {
        let wait = self.retry_at.plus(rule.margin.0).since(now);
        wait.div_ceil(1_000).max(1)
    }
}

/// What is left of each limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// Calls that could be made at once: what the peak and the sustained window both allow.
    pub burst_remaining: u64,
    /// When `burst_remaining` next grows; now if it cannot.
    pub burst_reset: Moment,
    /// Calls left in the last 24 hours.
    pub day_remaining: u64,
    /// When `day_remaining` next grows; now if it cannot.
    pub day_reset: Moment,
}

impl Ledger {
    /// A ledger that has admitted `admitted` in all, without snapshots.
    #[must_use]
    pub fn new(admitted: u64) -> Self {
        Self { admitted, ..Self::default() }
    }

    /// Adds a snapshot read from the item.
    pub fn insert(&mut self, snapshot: Snapshot, admitted_before: u64) {
        match snapshot {
            Snapshot::Fine(bucket) => self.fine.insert(bucket, admitted_before),
            Snapshot::Hour(hour) => self.hours.insert(hour, admitted_before),
        };
    }

    /// The cost ever admitted.
    #[must_use]
    pub fn admitted(&self) -> u64 {
        self.admitted
    }

    /// How many snapshots the item carries.
    #[must_use]
    pub fn snapshots(&self) -> usize {
        self.fine.len() + self.hours.len()
    }

    /// Up to where the counter may go at `now`.
    #[must_use]
    pub fn threshold(&self, rule: &Rule, now: Moment) -> Threshold {
        let sustained =
            self.fine.iter().map(|(bucket, before)| before + grown(rule, *bucket, now)).min().unwrap_or(self.admitted);
        Threshold {
            peak: self.base(&self.fine, rule.peak_floor(now)) + rule.peak(),
            sustained: sustained + rule.credit(),
            day: self.base(&self.hours, rule.day_floor(now)) + rule.limits.day.get(),
        }
    }

    /// What to write for a call of `cost` at `now`; a cost above [`Rule::largest_cost`] counts as that.
    ///
    /// # Errors
    /// The denial, if this copy alone shows that the call is over a limit. It then is, however old the copy.
    pub fn plan(&self, rule: &Rule, now: Moment, cost: u32) -> Result<Write, Denial> {
        let cost = cost.clamp(1, rule.largest_cost());
        let Some(no_more_than) =
            self.threshold(rule, now).lowest().checked_sub(u64::from(cost)).filter(|highest| self.admitted <= *highest)
        else {
            return Err(self.denial(rule, now, cost));
        };
        Ok(Write {
            no_more_than,
            cost,
            snapshots: [Snapshot::Fine(now.0 / super::BUCKET_MILLIS), Snapshot::Hour(now.0 / super::HOUR_MILLIS)],
            stale: self.stale(rule, now),
        })
    }

    /// How much of `wanted` could be admitted at once at `now`; 0 where [`Ledger::plan`] denies even 1.
    #[must_use]
    pub fn affordable(&self, rule: &Rule, now: Moment, wanted: u32) -> u32 {
        let left = self.threshold(rule, now).lowest().saturating_sub(self.admitted);
        u32::try_from(left).unwrap_or(u32::MAX).min(wanted)
    }

    /// What is left at `now`.
    #[must_use]
    pub fn standing(&self, rule: &Rule, now: Moment) -> Standing {
        let threshold = self.threshold(rule, now);
        let left = |highest: u64| highest.saturating_sub(self.admitted);
        let burst_remaining = left(threshold.peak).min(left(threshold.sustained));
        let day_remaining = left(threshold.day);
        // The moment from which one more than what is left could be admitted.
        let next = |remaining: u64, full: u64, at: &dyn Fn(u64) -> Moment| {
            if remaining >= full { now } else { at(remaining + 1).max(now) }
        };
        Standing {
            burst_remaining,
            burst_reset: next(burst_remaining, rule.peak(), &|cost| {
                self.peak_lets(rule, now, cost).max(self.line_lets(rule, now, cost))
            }),
            day_remaining,
            day_reset: next(day_remaining, rule.limits.day.get(), &|cost| self.day_lets(rule, now, cost)),
        }
    }

    /// Applies a write as the table does. For models and tests; an instance takes its copies from the table.
    ///
    /// Returns whether the condition held.
    pub fn apply(&mut self, write: &Write) -> bool {
        if self.admitted > write.no_more_than {
            return false;
        }
        let before = self.admitted;
        for snapshot in write.snapshots {
            match snapshot {
                Snapshot::Fine(bucket) => self.fine.entry(bucket).or_insert(before),
                Snapshot::Hour(hour) => self.hours.entry(hour).or_insert(before),
            };
        }
        for snapshot in &write.stale {
            match snapshot {
                Snapshot::Fine(bucket) => self.fine.remove(bucket),
                Snapshot::Hour(hour) => self.hours.remove(hour),
            };
        }
        self.admitted += u64::from(write.cost);
        true
    }

    /// The counter at the start of a window: the lowest snapshot inside it, or the counter itself if nothing happened in it.
    fn base(&self, snapshots: &BTreeMap<u64, u64>, floor: u64) -> u64 {
        snapshots.range(floor..).map(|(_, before)| *before).min().unwrap_or(self.admitted)
    }

    fn denial(&self, rule: &Rule, now: Moment, cost: u32) -> Denial {
        let cost = u64::from(cost);
        let (window, retry_at) = [
            (Window::Peak, self.peak_lets(rule, now, cost)),
            (Window::Sustained, self.line_lets(rule, now, cost)),
            (Window::Day, self.day_lets(rule, now, cost)),
        ]
        .into_iter()
        .max_by_key(|(_, at)| *at)
        .unwrap_or((Window::Peak, now));
        Denial { window, retry_at }
    }

    /// When the peak window admits `cost` more: when the last snapshot with too low a count has left it.
    fn peak_lets(&self, rule: &Rule, now: Moment, cost: u64) -> Moment {
        last_below(&self.fine, (self.admitted + cost).saturating_sub(rule.peak()))
            .map_or(now, |bucket| rule.leaves_peak(bucket))
            .max(now)
    }

    /// The same for the day window.
    fn day_lets(&self, rule: &Rule, now: Moment, cost: u64) -> Moment {
        let quota = rule.limits.day.get();
        last_below(&self.hours, (self.admitted + cost).saturating_sub(quota))
            .map_or(now, |hour| rule.leaves_day(hour))
            .max(now)
    }

    /// When every snapshot's line has risen far enough for `cost` more.
    fn line_lets(&self, rule: &Rule, now: Moment, cost: u64) -> Moment {
        self.fine
            .iter()
            .filter_map(|(bucket, before)| {
                let missing = (self.admitted + cost).checked_sub(before + rule.credit())?;
                let wait = (missing * 1_000).div_ceil(rule.rate());
                (missing > 0).then(|| Moment(rule.line_starts(*bucket) + wait))
            })
            .max()
            .map_or(now, |at| at.max(now))
    }

    /// Every snapshot that no window needs at `now` or later: older than the windows and, among the fine ones, not the one whose
    /// line is the lowest, which holds the sustained bound. Two lines rise alike, so the lowest stays the lowest.
    fn stale(&self, rule: &Rule, now: Moment) -> Vec<Snapshot> {
        let old = || self.fine.range(..rule.kept_floor(now));
        let binding = old().min_by_key(|(bucket, before)| height(rule, **bucket, **before)).map(|(bucket, _)| *bucket);
        old()
            .map(|(bucket, _)| *bucket)
            .filter(|bucket| Some(*bucket) != binding)
            .map(Snapshot::Fine)
            .chain(self.hours.range(..rule.day_floor(now)).map(|(hour, _)| Snapshot::Hour(*hour)))
            .collect()
    }
}

/// How far the sustained line of a snapshot has risen at `now`.
fn grown(rule: &Rule, bucket: u64, now: Moment) -> u64 {
    rule.rate() * now.0.saturating_sub(rule.line_starts(bucket)) / 1_000
}

/// Where a snapshot's line stands relative to others', in thousandths of a call.
fn height(rule: &Rule, bucket: u64, before: u64) -> i128 {
    i128::from(before) * 1_000 - i128::from(rule.rate()) * i128::from(rule.line_starts(bucket))
}

/// The last snapshot that counted less than `needed`.
fn last_below(snapshots: &BTreeMap<u64, u64>, needed: u64) -> Option<u64> {
    snapshots.iter().rev().find(|(_, before)| **before < needed).map(|(number, _)| *number)
}
