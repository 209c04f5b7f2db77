//! What an answer says about its key's limits (R113 and the IETF draft on `RateLimit` fields).

use super::{Denial, Moment, Rule, Standing, Window};

/// The values of the rate-limit headers of one answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateHeaders {
    /// `X-RateLimit-Limit`: calls that the burst window allows in a second.
    pub limit: u64,
    /// `X-RateLimit-Remaining`: calls that could be made at once now. 0 on a refusal.
    pub remaining: u64,
    /// `X-RateLimit-Reset`: the unix second from which `remaining` is larger; on a refusal, from which the call gets through.
    pub reset: u64,
    day_limit: u64,
    burst_left: u64,
    burst_seconds: u64,
    day_left: u64,
    day_seconds: u64,
}

impl RateHeaders {
    /// The headers of an admitted call.
    #[must_use]
    pub fn admitted(rule: &Rule, standing: &Standing, now: Moment) -> Self {
        let remaining = standing.burst_remaining.min(standing.day_remaining);
        let reset =
            if standing.day_remaining < standing.burst_remaining { standing.day_reset } else { standing.burst_reset };
        Self {
            limit: rule.peak(),
            remaining,
            reset: reset.unix_seconds_up(),
            day_limit: rule.limits().day.get(),
            burst_left: standing.burst_remaining,
            burst_seconds: standing.burst_reset.since(now).div_ceil(1_000),
            day_left: standing.day_remaining,
            day_seconds: standing.day_reset.since(now).div_ceil(1_000),
        }
    }

    /// The headers of a refusal.
    #[must_use]
    pub fn refused(rule: &Rule, standing: &Standing, denial: &Denial, now: Moment) -> Self {
        let mut headers = Self::admitted(rule, standing, now);
        let wait = denial.retry_after_seconds(rule, now);
        headers.remaining = 0;
        headers.reset = now.plus(wait * 1_000).unix_seconds_up();
        match denial.window {
            Window::Day => (headers.day_left, headers.day_seconds) = (0, wait),
            Window::Peak | Window::Sustained => {
                (headers.burst_left, headers.burst_seconds) = (0, wait);
            }
        }
        headers
    }

    /// `RateLimit-Policy`: both windows with their quota and length in seconds.
    #[must_use]
    pub fn policy(&self) -> String {
        format!("\"burst\";q={};w=1, \"day\";q={};w=86400", self.limit, self.day_limit)
    }

    /// `RateLimit`: for both windows what is left, and in how many seconds there will be more.
    #[must_use]
    pub fn rate_limit(&self) -> String {
        format!(
            "\"burst\";r={};t={}, \"day\";r={};t={}",
            self.burst_left, self.burst_seconds, self.day_left, self.day_seconds
        )
    }
}
