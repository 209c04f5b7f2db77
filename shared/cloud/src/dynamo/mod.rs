//! DynamoDB: one module an entity, all key formats in [`key`].

pub mod accounts;
pub mod active;
pub mod activity;
pub mod admission;
pub mod breaches;
pub mod cache;
mod call;
pub mod campaigns;
pub mod chain;
pub mod consents;
pub mod counts;
pub mod deliveries;
pub mod departures;
pub mod disclosed;
pub mod events;
pub mod expired;
mod forget;
pub mod forms;
pub mod guard;
pub mod holds;
pub mod idempotency;
pub mod keep_links;
pub mod key;
pub mod key_item;
pub mod keys;
pub mod mails;
pub mod page;
pub mod partners;
pub mod privacy;
pub mod proofs;
pub mod reports;
pub mod requests;
pub mod restored;
pub mod runs;
pub mod sign_ups;
pub mod store_keys;
pub mod stores;
pub mod subscriptions;
pub mod sweeps;
pub mod tombstones;
pub mod transaction;
pub mod usage;

pub use call::{Client, Operation};

use crate::aws::{Aws, CallError};

/// A client of the tables; a function makes one and shares it.
#[must_use]
pub fn client(aws: &Aws) -> Client {
    Client::new(aws)
}

/// A table could not be asked. This is neither "no" nor "yes" (invariant 6): the caller answers 503.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the table could not be asked")]
pub struct Unavailable;

/// Logs the cause of a failed table call, once, and gives the error that carries none of it.
pub fn unavailable(what: &'static str, error: &CallError) -> Unavailable {
    tracing::error!(what, cause = %error, "a table could not be asked");
    Unavailable
}

/// An item that stands in a table in a form that this version cannot read.
pub fn unreadable(what: &'static str, error: &dyn std::error::Error) -> Unavailable {
    // The message of `serde_dynamo` names fields and types, never values.
    tracing::error!(what, cause = %error, "an item cannot be read");
    Unavailable
}
