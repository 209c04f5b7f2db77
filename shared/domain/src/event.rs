//! Events: what can happen in a store, under the names that developers subscribe to.

pub mod news;

use std::{fmt, str::FromStr};

use crate::{
    model::Entity,
    scope::{Scope, scope_of},
};

/// What became of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Change {
    /// It is new.
    Created,
    /// Something of it is different.
    Updated,
    /// It is gone.
    Deleted,
}

/// What happened, as an event's `type` has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Topic {
    /// Something became of an object: `order.updated`.
    Object(Entity, Change),
    /// The merchant removed the app that the store was connected through: `app.uninstalled`.
    AppUninstalled,
}

/// A text that names no topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no such topic")]
pub struct UnknownTopic;

impl Topic {
    /// Every topic, in the order in which documents list them. Baskets change with every click and have none.
    pub const ALL: [Self; 16] = {
        use Change::{Created, Deleted, Updated};
        use Entity::{Categories, Customers, Inventory, Orders, Products};
        [
            Self::Object(Products, Created),
            Self::Object(Products, Updated),
            Self::Object(Products, Deleted),
            Self::Object(Orders, Created),
            Self::Object(Orders, Updated),
            Self::Object(Orders, Deleted),
            Self::Object(Customers, Created),
            Self::Object(Customers, Updated),
            Self::Object(Customers, Deleted),
            Self::Object(Categories, Created),
            Self::Object(Categories, Updated),
            Self::Object(Categories, Deleted),
            Self::Object(Inventory, Created),
            Self::Object(Inventory, Updated),
            Self::Object(Inventory, Deleted),
            Self::AppUninstalled,
        ]
    };

    /// The topic as it is written.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        use Change::{Created, Deleted, Updated};
        match self {
            Self::Object(Entity::Products, Created) => "product.created",
            Self::Object(Entity::Products, Updated) => "product.updated",
            Self::Object(Entity::Products, Deleted) => "product.deleted",
            Self::Object(Entity::Orders, Created) => "order.created",
            Self::Object(Entity::Orders, Updated) => "order.updated",
            Self::Object(Entity::Orders, Deleted) => "order.deleted",
            Self::Object(Entity::Customers, Created) => "customer.created",
            Self::Object(Entity::Customers, Updated) => "customer.updated",
            Self::Object(Entity::Customers, Deleted) => "customer.deleted",
            Self::Object(Entity::Categories, Created) => "category.created",
            Self::Object(Entity::Categories, Updated) => "category.updated",
            Self::Object(Entity::Categories, Deleted) => "category.deleted",
            Self::Object(Entity::Inventory, Created) => "inventory.created",
            Self::Object(Entity::Inventory, Updated) => "inventory.updated",
            Self::Object(Entity::Inventory, Deleted) => "inventory.deleted",
            Self::Object(Entity::Baskets, Created) => "basket.created",
            Self::Object(Entity::Baskets, Updated) => "basket.updated",
            Self::Object(Entity::Baskets, Deleted) => "basket.deleted",
            Self::AppUninstalled => "app.uninstalled",
        }
    }

    /// The kind of object that it is about, if it is about one.
    #[must_use]
    pub const fn entity(self) -> Option<Entity> {
        match self {
            Self::Object(entity, _) => Some(entity),
            Self::AppUninstalled => None,
        }
    }

    /// The scope that the grant on the store must hold for an application to be told; nothing for what concerns the grant itself.
    #[must_use]
    pub const fn needs(self) -> Option<Scope> {
        match self {
            Self::Object(entity, _) => Some(scope_of(entity, false)),
            Self::AppUninstalled => None,
        }
    }
}

impl FromStr for Topic {
    type Err = UnknownTopic;

    fn from_str(text: &str) -> Result<Self, UnknownTopic> {
        Self::ALL.into_iter().find(|topic| topic.as_str() == text).ok_or(UnknownTopic)
    }
}

impl fmt::Display for Topic {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.as_str())
    }
}

impl serde::Serialize for Topic {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(self.as_str())
    }
}

impl<'de> serde::Deserialize<'de> for Topic {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(from)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// What a platform asks of us about people, by law (Shopify's three privacy webhooks; `platforms.md` 3.5). Developers are not told: it is
/// handed over to the machine that answers data-subject requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PrivacyTopic {
    /// `customers/data_request`: a customer wants to know what is held.
    CustomerAccess,
    /// `customers/redact`: a customer is to be forgotten.
    CustomerErasure,
    /// `shop/redact`: a store that removed the app is to be forgotten.
    StoreErasure,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_topic_reads_back_as_it_is_written() {
        for topic in Topic::ALL {
            assert_eq!(topic.as_str().parse(), Ok(topic));
            assert_eq!(serde_json::to_value(topic).unwrap(), topic.as_str());
        }
        assert_eq!("orders.updated".parse::<Topic>(), Err(UnknownTopic));
    }

    #[test]
    fn what_is_told_of_an_object_needs_the_scope_to_read_it() {
        let orders = Topic::Object(Entity::Orders, Change::Deleted);
        assert_eq!(orders.needs(), Some(Scope::OrdersRead));
        assert_eq!(Topic::AppUninstalled.needs(), None);
    }
}
