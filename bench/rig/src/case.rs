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
}

/// There is no such case.
#[derive(Debug, thiserror::Error)]
#[error("a case is one, page, leased, raw or full")]
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
            _ => Err(UnknownCase),
        }
    }
}

impl Case {
    /// What the call is answered with.
    pub(crate) const fn status(self) -> u16 {
        match self {
            Self::One | Self::Page | Self::Leased | Self::Raw => 200,
            Self::Full => 429,
        }
    }

    /// The path below `/v1/stores/{store}/` and the query.
    pub(crate) const fn target(self) -> (&'static str, &'static str) {
        match self {
            Self::One => ("products/1001", ""),
            Self::Page | Self::Leased | Self::Full => ("products", "per_page=25"),
            Self::Raw => ("raw/api/products", "page=1&per_page=25"),
        }
    }

    /// The key's item as it stands now.
    pub(crate) fn key_item(self, tenant: &Tenant) -> Map<String, Value> {
        let now = now();
        match self {
            Self::One | Self::Page | Self::Raw => tenant.key_item("p", None, steady(now)),
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
