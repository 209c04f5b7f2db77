//! BigCommerce's limits: a quota for each window, shared by all apps of a store (150 in 30 s on the smaller plans), told with every answer.

use std::time::Duration;

use http::HeaderMap;

use crate::allowance::{Allowance, Refill};

/// What is left of the window: `X-Rate-Limit-Requests-Left` until `X-Rate-Limit-Time-Reset-Ms` have passed.
pub(super) fn allowance(headers: &HeaderMap) -> Option<Allowance> {
    let number = |name: &str| headers.get(name)?.to_str().ok()?.trim().parse::<u32>().ok();
    let available = number("x-rate-limit-requests-left")?;
    let after = Duration::from_millis(number("x-rate-limit-time-reset-ms")?.into());
    Some(Allowance { available, refill: Refill::All { after } })
}
