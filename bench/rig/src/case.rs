//! What is called, and what its key may still do.

use std::str::FromStr;

use domain::limit::{Moment, attribute::Snapshot};
use serde_json::{Map, Value};

use crate::tenant::Tenant;

/// Calls that a key in steady use makes in a second: nearly its day's quota, at the professional tier.
const STEADY: u64 = 2;
const HOURS: u64 = 24;
const HOUR: u64 = 3_600_000;
const BUCKET: u64 = 50;

/// One kind of call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Case {
    /// One product in the unified form.
    One,
    /// A page of 25 products in the unified form.
    Page,
    /// The same page with a key whose calls are counted in leases.
    Leased,
    /// The same page in the platform's own form, passed through.
    Raw,
    /// A call of a key whose day is used up.
    Full,
    /// A store's webhook, verified and queued.
    Hook,
    /// Webhooks out of the queue, told to one subscription each.
    FanOut,
    /// Messages out of the queue, each delivered to an endpoint.
    Deliver,
}

/// There is no such case.
#[derive(Debug, thiserror::Error)]
#[error("a case is one, page, leased, raw, full, hook, fan-out or deliver")]
pub(crate) struct UnknownCase;

impl FromStr for Case {
    type Err = UnknownCase;

    fn from_str(text: &str) -> Result<Self, UnknownCase> {
        match text {
            "one" => Ok(Self::One),
            "page" => Ok(Self::Page),
            "leased" => Ok(Self::Leased),
            "raw" => Ok(Self::Raw),
            "full" => Ok(Self::Full),
            "hook" => Ok(Self::Hook),
            "fan-out" => Ok(Self::FanOut),
            "deliver" => Ok(Self::Deliver),
            _ => Err(UnknownCase),
        }
    }
}

impl Case {
    /// Whether the call was answered as it must be.
    pub(crate) fn is_right(self, answer: &Value) -> bool {
        match self {
            Self::One | Self::Page | Self::Leased | Self::Raw | Self::Hook => answer["statusCode"] == 200,
            Self::Full => answer["statusCode"] == 429,
            Self::FanOut | Self::Deliver => answer["batchItemFailures"].as_array().is_some_and(Vec::is_empty),
        }
    }

    /// The path below `/v1/stores/{store}/` and the query; nothing for what is no call of the proxy.
    pub(crate) const fn target(self) -> Option<(&'static str, &'static str)> {
        match self {
            Self::One => Some(("products/1001", "")),
            Self::Page | Self::Leased | Self::Full => Some(("products", "per_page=25")),
            Self::Raw => Some(("raw/api/products", "page=1&per_page=25")),
            Self::Hook | Self::FanOut | Self::Deliver => None,
        }
    }

    /// The platform of the store.
    pub(crate) const fn platform(self) -> &'static str {
        match self {
            Self::Hook => "shopify",
            _ => "cartos",
        }
    }

    /// The key's item as it stands now.
    pub(crate) fn key_item(self, tenant: &Tenant) -> Map<String, Value> {
        let now = now();
        match self {
            Self::One | Self::Page | Self::Raw | Self::Hook | Self::FanOut | Self::Deliver => {
                tenant.key_item("p", None, steady(now))
            }
            Self::Leased => tenant.key_item("e", Some((1_500, 1_000_000_000)), steady(now)),
            Self::Full => tenant.key_item("e", Some((10, 100)), (100, vec![(Snapshot::Hour(now.millis() / HOUR), 0)])),
        }
    }
}

/// The ledger of a key that has been called [`STEADY`] times a second for a day and more: the counter and its snapshots.
fn steady(now: Moment) -> (u64, Vec<(Snapshot, u64)>) {
    let apart = 1_000 / STEADY;
    let calls_before = |moment: u64| moment / apart;
    let hour = now.millis() / HOUR;
    let mut snapshots: Vec<_> =
        (hour - HOURS..=hour).map(|hour| (Snapshot::Hour(hour), calls_before(hour * HOUR))).collect();
    let last = now.millis() / apart;
    for call in last - STEADY..=last {
        snapshots.push((Snapshot::Fine(call * apart / BUCKET), call));
    }
    (last + 1, snapshots)
}

fn now() -> Moment {
    #[expect(clippy::disallowed_methods, reason = "the tables of the bench date their items as DynamoDB's callers do")]
    let now = std::time::SystemTime::now();
    let since = now.duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    Moment::from_millis(u64::try_from(since.as_millis()).unwrap_or(0))
}
