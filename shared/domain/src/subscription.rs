//! Subscriptions: a developer's wish for events.

pub mod filter;

/// Subscriptions of one application.
pub const MAX_SUBSCRIPTIONS: u32 = 50;

/// In which order the deliveries of one subscription go out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, serde::Serialize, serde::Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Ordering {
    /// Each as soon as it can. One that has to be tried again is overtaken.
    #[default]
    Fastest,
    /// The events of one object of one store never overtake each other; one that has to be tried again holds up those behind it.
    Entity,
}

/// Whether a subscription is served.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum SubscriptionState {
    /// It is.
    Enabled,
    /// It is not, until its owner says so: see [`DisabledBecause`].
    Disabled,
}

/// Why a subscription was switched off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum DisabledBecause {
    /// Its owner wished it.
    Owner,
    /// The endpoint answered 410 Gone.
    Gone,
    /// More than 48 hours of nothing but failures (R139).
    Failing,
}
