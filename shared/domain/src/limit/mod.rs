//! Rate limits: one monotone counter a key, immutable snapshots of it, and one threshold (R111 to R115).
//!
//! A key's item holds `n`, the cost ever admitted, and snapshots of `n`: one for each 50 ms in which something was admitted
//! lately, one for each hour of the last day. From a copy of the item, however old, [`Ledger::plan`] computes the highest `n`
//! at which one more call is within every window; the caller writes `n + cost` *on the condition* that `n` is not above it. What
//! happened before a window's start can no longer change, and what happened since is inside `n`, so the condition is exact
//! however many callers race.
//!
//! # The three windows of a key with the rate `r`
//! | window | bound | as |
//! |---|---|---|
//! | [`Window::Peak`] | at most `2r` in any second | snapshots of 50 ms |
//! | [`Window::Sustained`] | at most `r·Δ + 5r` in any time `Δ`: twice the rate for five seconds | the same |
//! | [`Window::Day`] | at most the quota in any 24 hours | snapshots of an hour |
//!
//! # What an old copy does
//! It never lets too much through. Without knowledge of what happened since it was taken, the base of the peak window is the
//! copy's own `n`: the real `n` can then be at most `2r` above it, which keeps the sustained window too. It can only refuse
//! too much, so a write that fails is planned again from the item that comes back with the failure. A *denial* computed from
//! a copy is right whatever its age: it needs a snapshot inside the window, snapshots never change, and `n` only grows.
//!
//! # Margins
//! See [`Margin`]. Peak and day are never exceeded as long as the clocks of two instances and the times of two writes differ by
//! no more than the margin together; the sustained bound is exceeded by at most half a request under the same condition. What
//! that costs a caller: the peak window is 1 s + 50 ms + margin long, the credit of the sustained window is smaller by the part
//! of `50 ms + margin` in which `r` allows more than half a request, and a day's calls become free up to an hour late.

pub mod attribute;
mod headers;
mod ledger;
mod window;

#[cfg(test)]
mod model_tests;
#[cfg(test)]
mod tests;

pub use headers::RateHeaders;
pub use ledger::{Denial, Ledger, Standing, Threshold, Window, Write};
pub use window::{Decision, KeyWindow};

use crate::tier::Limits;

/// Milliseconds of one fine snapshot.
pub const BUCKET_MILLIS: u64 = 50;
/// Milliseconds of one hourly snapshot.
pub const HOUR_MILLIS: u64 = 3_600_000;
/// Milliseconds of the peak window.
pub const SECOND_MILLIS: u64 = 1_000;
/// Milliseconds of the day window.
pub const DAY_MILLIS: u64 = 24 * HOUR_MILLIS;
/// Above this many requests a second a key's calls are counted in leases, see [`KeyWindow`].
pub const LEASED_ABOVE: u32 = 200;
/// How long a leased token may be used.
pub const LEASE_MILLIS: u64 = 250;
/// Writes a second of a leased key whose tokens are all used.
const LEASES_A_SECOND: u32 = 50;

/// A point in time, in milliseconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Moment(u64);

impl Moment {
    /// The moment so many milliseconds after 1970.
    #[must_use]
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis)
    }

    /// Milliseconds since 1970.
    #[must_use]
    pub const fn millis(self) -> u64 {
        self.0
    }

    /// The moment `millis` later.
    #[must_use]
    pub const fn plus(self, millis: u64) -> Self {
        Self(self.0.saturating_add(millis))
    }

    /// Milliseconds from `earlier` to this moment, 0 if it is not earlier.
    #[must_use]
    pub const fn since(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }

    /// The first whole second, in unix time, that is not before this moment.
    #[must_use]
    pub const fn unix_seconds_up(self) -> u64 {
        self.0.div_ceil(1_000)
    }
}

impl From<jiff::Timestamp> for Moment {
    /// Anything before 1970 counts as 1970: no key is that old.
    fn from(time: jiff::Timestamp) -> Self {
        Self(u64::try_from(time.as_millisecond()).unwrap_or(0))
    }
}

/// How far apart two instances may see the same moment, in milliseconds: the difference of their clocks plus the difference of
/// the times that their writes take to reach the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Margin(u64);

impl Margin {
    /// For production: about the 99th percentile of the write and well above the skew of hosts that follow Amazon's time service.
    pub const DEFAULT: Self = Self(50);

    /// A margin of 0 to 500 ms; more is cut to 500.
    #[must_use]
    pub const fn from_millis(millis: u64) -> Self {
        Self(if millis > 500 { 500 } else { millis })
    }
}

/// Limits together with the margins under which they are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule {
    limits: Limits,
    margin: Margin,
}

impl Rule {
    /// The rule for a key with these limits.
    #[must_use]
    pub const fn new(limits: Limits, margin: Margin) -> Self {
        Self { limits, margin }
    }

    /// The limits it keeps.
    #[must_use]
    pub const fn limits(&self) -> Limits {
        self.limits
    }

    /// Whether calls are counted in leases of several tokens, because the rate is near what one partition can write.
    #[must_use]
    pub const fn leased(&self) -> bool {
        self.limits.rate.get() > LEASED_ABOVE
    }

    /// The most tokens that one write may lease: a fiftieth of the rate, so that fully used leases take 50 writes a second.
    #[must_use]
    pub const fn lease_size(&self) -> u32 {
        if self.leased() { self.limits.rate.get().div_ceil(LEASES_A_SECOND) } else { 1 }
    }

    /// The most that may be counted at once; nothing larger could ever get through.
    #[must_use]
    pub fn largest_cost(&self) -> u32 {
        let peak = u32::try_from(self.peak()).unwrap_or(u32::MAX);
        u32::try_from(self.limits.day.get()).unwrap_or(u32::MAX).min(peak)
    }

    const fn rate(&self) -> u64 {
        self.limits.rate.get() as u64
    }

    const fn peak(&self) -> u64 {
        2 * self.rate()
    }

    const fn credit(&self) -> u64 {
        5 * self.rate()
    }

    /// A leased token is used up to its life after it was counted, which is one more reason to see a moment differently.
    const fn lag(&self) -> u64 {
        self.margin.0 + if self.leased() { LEASE_MILLIS } else { 0 }
    }

    /// The first fine snapshot that the peak window at `now` may reach back to.
    const fn peak_floor(&self, now: Moment) -> u64 {
        now.0.saturating_sub(SECOND_MILLIS + self.lag()) / BUCKET_MILLIS
    }

    /// When a fine snapshot has left the peak window: the inverse of [`Rule::peak_floor`].
    const fn leaves_peak(&self, bucket: u64) -> Moment {
        Moment((bucket + 1) * BUCKET_MILLIS + SECOND_MILLIS + self.lag())
    }

    /// The first fine snapshot that some instance's peak window may still need.
    const fn kept_floor(&self, now: Moment) -> u64 {
        now.0.saturating_sub(SECOND_MILLIS + self.lag() + self.margin.0) / BUCKET_MILLIS
    }

    /// The first hourly snapshot that the day window at `now` may reach back to.
    const fn day_floor(&self, now: Moment) -> u64 {
        now.0.saturating_sub(DAY_MILLIS + self.lag()) / HOUR_MILLIS
    }

    /// When an hourly snapshot has left the day window: the inverse of [`Rule::day_floor`].
    const fn leaves_day(&self, hour: u64) -> Moment {
        Moment((hour + 1) * HOUR_MILLIS + DAY_MILLIS + self.lag())
    }

    /// From when on a fine snapshot's sustained line rises.
    ///
    /// Its first call came up to 50 ms after the snapshot's start, seen up to a margin earlier or later. At a low rate that is less
    /// than half a request, which is the tolerance; at a higher one the line starts later by as much as needed to keep to it.
    const fn line_starts(&self, bucket: u64) -> u64 {
        let tolerated = 500 / self.rate();
        let uncertain = (BUCKET_MILLIS + self.margin.0).saturating_sub(tolerated);
        let lease = if self.leased() { LEASE_MILLIS } else { 0 };
        bucket * BUCKET_MILLIS + uncertain + lease
    }
}
