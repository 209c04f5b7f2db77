//! DynamoDB: one module an entity, all key formats in [`key`].

pub mod accounts;
pub mod activity;
pub mod admission;
pub mod cache;
pub mod deliveries;
pub mod events;
pub mod expired;
pub mod guard;
pub mod idempotency;
pub mod key;
pub mod key_item;
pub mod keys;
pub mod mails;
pub mod page;
pub mod sign_ups;
pub mod store_keys;
pub mod stores;
pub mod subscriptions;
pub mod transaction;
pub mod usage;

pub use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::{DisplayErrorContext, SdkError};

/// A client of the tables; a function makes one and shares it.
#[must_use]
pub fn client(config: &aws_types::SdkConfig) -> Client {
    Client::new(config)
}

/// A table could not be asked. This is neither "no" nor "yes" (invariant 6): the caller answers 503.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the table could not be asked")]
pub struct Unavailable;

/// Logs the cause of a failed table call, once, and gives the error that carries none of it.
pub fn unavailable<E, R>(what: &'static str, error: &SdkError<E, R>) -> Unavailable
where
    E: std::error::Error + 'static,
    R: std::fmt::Debug,
{
    tracing::error!(what, cause = %DisplayErrorContext(error), "a table could not be asked");
    Unavailable
}

/// An item that stands in a table in a form that this version cannot read.
pub fn unreadable(what: &'static str, error: &dyn std::error::Error) -> Unavailable {
    // The message of `serde_dynamo` names fields and types, never values.
    tracing::error!(what, cause = %error, "an item cannot be read");
    Unavailable
}
