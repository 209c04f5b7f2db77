//! Failed authentications, counted by source and slowed.
//!
//! Only failures cost anything: each adds one to a counter of its source that forgets after fifteen minutes. An instance that sees the
//! counter pass [`FREE_FAILURES`] refuses that source's *unknown* keys without asking anyone, for a time that doubles with each further
//! failure. Keys that this instance has already seen succeed are not touched, so that one careless client does not lock out an office.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use jiff::Timestamp;
use personal_data::PersonalData;
use sha2::{Digest, Sha256};

use super::{
    call::{AttributeValue, Client, ReturnValue, number_of},
    key,
};
use crate::clock::Clock;
use domain::hex::hex;

/// Failures of one source within [`WINDOW`] that have no consequence: people mistype.
pub const FREE_FAILURES: u32 = 10;
/// How long a failure counts.
pub const WINDOW: Duration = Duration::from_secs(15 * 60);
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// Sources an instance remembers. One that is forgotten costs one write more.
const REMEMBERED: usize = 4_096;

/// Failures of one source, as they stand in the `guards` table.
#[derive(serde::Serialize, serde::Deserialize, PersonalData)]
#[pd(store = "guards", subject = Caller, link = "pk", role = Controller, region = Pinned)]
pub struct SourceItem {
    /// `source#` and a keyed hash of the address.
    #[pd(cat = "user.device.ip_address", origin = Observed, basis = LegitimateInterest, purpose(Security), retain = "guard", erase = Expire, export = Never)]
    pub pk: String,
    /// Always `-`.
    #[pd(none)]
    pub sk: String,
    /// Failures in the present window.
    #[pd(none)]
    pub failures: u32,
    /// When the item is deleted, in unix seconds.
    #[pd(none)]
    pub expires_at: i64,
}

struct Paused {
    until: Timestamp,
    failures: u32,
}

/// Counts failures and refuses sources that have too many.
pub struct SourceGuard {
    client: Client,
    table: String,
    clock: Clock,
    paused: Mutex<HashMap<String, Paused>>,
}

/// What a source may still try, for the rate limit headers of calls that no key answers for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// Failures left in the window.
    pub left: u32,
    /// When the window ends.
    pub resets_at: Timestamp,
    /// Whole seconds to wait now; zero where the next try is free.
    pub wait: u64,
}

impl SourceGuard {
    /// A guard over the `guards` table.
    #[must_use]
    pub fn new(client: Client, table: String, clock: Clock) -> Self {
        Self { client, table, clock, paused: Mutex::default() }
    }

    /// Whether the source must wait before it may try a key that this instance does not know; costs nothing.
    #[must_use]
    pub fn pause(&self, source: Option<IpAddr>) -> Option<Patience> {
        let now = self.clock.now();
        let paused = self.paused.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = paused.get(&hash(source, now))?;
        (entry.until > now).then(|| patience(entry.failures, entry.until, now))
    }

    /// Counts one failure and says what is left. A table that cannot be asked costs the attacker nothing and the caller nothing:
    /// the failure itself is already certain.
    pub async fn failed(&self, source: Option<IpAddr>) -> Patience {
        let now = self.clock.now();
        let name = hash(source, now);
        let counted = self
            .client
            .update_item()
            .table_name(&self.table)
            .key("pk", AttributeValue::S(key::source(&name)))
            .key("sk", AttributeValue::S(key::ALONE.to_owned()))
            .update_expression("SET expires_at = :end ADD failures :one")
            .expression_attribute_values(":end", AttributeValue::N((window_end(now).as_second()).to_string()))
            .expression_attribute_values(":one", AttributeValue::N("1".to_owned()))
            .return_values(ReturnValue::UpdatedNew)
            .send()
            .await;
        let failures = match counted {
            Ok(answer) => answer.attributes.and_then(|attributes| number_of(&attributes, "failures")).unwrap_or(1),
            Err(error) => {
                let _ = super::unavailable("guards", &error);
                1
            }
        };
        let until = now + jiff::SignedDuration::try_from(pause_after(failures)).unwrap_or_default();
        let mut paused = self.paused.lock().unwrap_or_else(PoisonError::into_inner);
        if paused.len() >= REMEMBERED {
            paused.retain(|_, entry| entry.until > now);
        }
        if until > now && paused.len() < REMEMBERED {
            paused.insert(name, Paused { until, failures });
        }
        patience(failures, until, now)
    }

    /// What a source that has not failed may try.
    #[must_use]
    pub fn untouched(&self) -> Patience {
        let now = self.clock.now();
        patience(0, now, now)
    }
}

fn patience(failures: u32, until: Timestamp, now: Timestamp) -> Patience {
    let millis = (until.as_millisecond() - now.as_millisecond()).max(0);
    Patience {
        left: FREE_FAILURES.saturating_sub(failures),
        resets_at: window_end(now),
        wait: u64::try_from(millis).unwrap_or(0).div_ceil(1_000),
    }
}

fn pause_after(failures: u32) -> Duration {
    match failures.checked_sub(FREE_FAILURES) {
        None | Some(0) => Duration::ZERO,
        Some(excess) => FIRST_PAUSE.saturating_mul(2u32.saturating_pow((excess - 1).min(16))).min(LONGEST_PAUSE),
    }
}

/// Windows have fixed borders, so that the counter's name can carry its window and an old one simply expires.
pub(super) fn window_end(now: Timestamp) -> Timestamp {
    let width = i64::try_from(WINDOW.as_secs()).unwrap_or(i64::MAX);
    let start = now.as_second() - now.as_second().rem_euclid(width);
    Timestamp::from_second(start + width).unwrap_or(Timestamp::MAX)
}

/// A name for a source that holds for one window only: the address itself is never stored, and names of two windows cannot be joined.
pub(super) fn hash(source: Option<IpAddr>, now: Timestamp) -> String {
    let mut digest = Sha256::new();
    digest.update(window_end(now).as_second().to_be_bytes());
    match source {
        Some(IpAddr::V4(v4)) => digest.update(v4.octets()),
        // A subscriber has a whole /64; counting single v6 addresses would count nothing.
        Some(IpAddr::V6(v6)) => digest.update(&v6.octets()[..8]),
        None => digest.update(b"unknown"),
    }
    hex(&digest.finalize()[..12])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_and_have_a_bound() {
        let seconds: Vec<u64> = (9..20).map(|failures| pause_after(failures).as_secs()).collect();
        assert_eq!(seconds, [0, 0, 1, 2, 4, 8, 16, 32, 60, 60, 60]);
    }

    #[test]
    fn a_source_has_another_name_in_the_next_window() {
        let at = |seconds| Timestamp::from_second(seconds).unwrap();
        let home = Some("203.0.113.7".parse().unwrap());
        assert_eq!(hash(home, at(1)), hash(home, at(899)));
        assert_ne!(hash(home, at(1)), hash(home, at(900)));
        assert_ne!(hash(home, at(1)), hash(None, at(1)));
        assert_eq!(
            hash(Some("2001:db8::1".parse().unwrap()), at(1)),
            hash(Some("2001:db8::2".parse().unwrap()), at(1))
        );
    }
}
