//! Deliveries: one event to one subscription, tried until it is taken or until its time is over (R139).

pub mod health;
pub mod life;
pub mod schedule;

#[cfg(test)]
mod model_tests;
#[cfg(test)]
mod week_tests;

pub use health::{Debt, Failure, Gate, Health, Notice};

/// Where a delivery is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum DeliveryState {
    /// A message with its body waits in the queue for the next attempt.
    Waiting,
    /// Its body was given up, because the endpoint is known to be out of order; it is read from the store again when the endpoint is back.
    Parked,
    /// The endpoint took it.
    Delivered,
    /// It was given up: see [`FailedBecause`].
    Failed,
}

/// Why a delivery was given up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum FailedBecause {
    /// 24 hours after the event nobody had taken it (R139).
    Expired,
    /// The endpoint answered 410 Gone, which switches its subscription off.
    Gone,
    /// The endpoint answered 413: the same body will be too large again.
    TooLarge,
    /// The endpoint's address is not one that the gateway calls.
    Refused,
    /// The subscription is switched off or deleted.
    Disabled,
    /// The merchant took the grant back, or the grant's scopes do not cover the topic any more (R121).
    Revoked,
    /// It was to be read from the store again and is not there any more.
    Unreadable,
}

/// What one attempt met, apart from an HTTP status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum AttemptError {
    /// The address is not one that the gateway calls.
    Refused,
    /// No connection could be opened, or the certificate is not valid.
    Unreachable,
    /// The connection broke before the answer was complete.
    Broken,
    /// No complete answer within ten seconds (R137).
    Timeout,
}
