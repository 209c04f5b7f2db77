//! Subscriptions: a developer's wish for events.

pub mod filter;

use crate::event::{Topic, UnknownTopic};

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

/// Stores that one subscription may name.
pub const MAX_STORES: usize = 100;
/// Fields that one subscription may choose.
pub const MAX_FIELDS: usize = 100;
/// Paths of one filter.
pub const MAX_FILTER_PATHS: usize = 10;
/// Values of one path of a filter.
pub const MAX_FILTER_VALUES: usize = 20;
/// Characters of one value of a filter.
pub const MAX_FILTER_VALUE: usize = 200;

/// The topics that a wish names: one by its name, all of a kind (`order.*`), or all there are (`*`).
///
/// # Errors
/// [`UnknownTopic`] where it names none.
pub fn topics(wish: &str) -> Result<Vec<Topic>, UnknownTopic> {
    let Some(kind) = wish.strip_suffix('*') else { return Ok(vec![wish.parse()?]) };
    // `order*` and `o*` would name what somebody adds one day.
    if !kind.is_empty() && !kind.ends_with('.') {
        return Err(UnknownTopic);
    }
    let named: Vec<Topic> = Topic::ALL.into_iter().filter(|topic| topic.as_str().starts_with(kind)).collect();
    if named.is_empty() { Err(UnknownTopic) } else { Ok(named) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wish_names_one_topic_or_a_kind_or_all() {
        let written = |wish| topics(wish).unwrap().into_iter().map(Topic::as_str).collect::<Vec<_>>();
        assert_eq!(written("order.updated"), ["order.updated"]);
        assert_eq!(written("order.*"), ["order.created", "order.updated", "order.deleted"]);
        assert_eq!(written("app.*"), ["app.uninstalled"]);
        assert_eq!(written("*").len(), Topic::ALL.len());
        for wrong in ["", ".*", "order", "order.", "order*", "o*", "orders.*", "**", "*.created", "basket.*", "ORDER.*"]
        {
            assert_eq!(topics(wrong), Err(UnknownTopic), "{wrong}");
        }
    }
}
