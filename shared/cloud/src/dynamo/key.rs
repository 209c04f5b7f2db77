//! Every key format of every table, in one place and built from typed ids, so that no two things can share a key.
//!
//! Keys hold ids only: names of items end up in metrics, traces and backups, where nothing personal may be.

use std::fmt;

use domain::id::{AccountId, ApplicationId, KeyId, RequestId, StoreId};
use jiff::Timestamp;

/// Lines of one account and day are spread over so many partitions: one takes 1,000 writes a second.
pub const JOURNAL_SHARDS: u8 = 8;

/// `keys`: the item that authenticates and counts one API key.
#[must_use]
pub fn api_key(key: &KeyId) -> String {
    format!("key#{}", key.body())
}

/// `stores`: the partition of one store.
#[must_use]
pub fn store(store: &StoreId) -> String {
    format!("store#{}", store.body())
}

/// `stores`: the store itself, within its partition.
pub const STORE: &str = "store";

/// `stores`: the grant of one application, within the store's partition.
#[must_use]
pub fn grant(application: &ApplicationId) -> String {
    format!("grant#{}", application.body())
}

/// `guards`: failed authentications from one source. The source is a hash, see [`crate::dynamo::guard`].
#[must_use]
pub fn source(hash: &str) -> String {
    format!("source#{hash}")
}

/// Sort key of items that are alone in their partition.
pub const ALONE: &str = "-";

/// `service-log`, `security-log`: one account's lines of one day, one of [`JOURNAL_SHARDS`].
#[must_use]
pub fn journal(account: Option<&AccountId>, at: Timestamp, shard: u8) -> String {
    let day = Day(at);
    match account {
        Some(account) => format!("{}#{day}#{shard}", account.body()),
        None => format!("-#{day}#{shard}"),
    }
}

/// `service-log`, `security-log`: the line of one call, or its n-th where it leaves several.
#[must_use]
pub fn line(call: &RequestId, number: u32) -> String {
    if number == 0 { call.body().to_owned() } else { format!("{}#{number}", call.body()) }
}

/// The day of a time in UTC, as `20261121`.
struct Day(Timestamp);

impl fmt::Display for Day {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let date = self.0.to_zoned(jiff::tz::TimeZone::UTC).date();
        write!(out, "{:04}{:02}{:02}", date.year(), date.month(), date.day())
    }
}
