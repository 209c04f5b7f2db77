//! Scopes: the single things a key may do. Sets of them are one machine word.

use std::{fmt, str::FromStr};

use crate::model::Entity;

macro_rules! scopes {
    ($($(#[$doc:meta])* $name:ident = $text:literal,)+) => {
        /// One thing a key may do. The texts are part of the contract and never change their meaning.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[repr(u8)]
        pub enum Scope { $($(#[$doc])* $name,)+ }

        impl Scope {
            /// Every scope there is, in the order of their declaration.
            pub const ALL: &'static [Scope] = &[$(Scope::$name,)+];

            /// The scope as it is written in requests and answers.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Scope::$name => $text,)+ }
            }
        }
    };
}

scopes! {
    /// Read products with their variants.
    ProductsRead = "products:read",
    /// Create, change and delete products.
    ProductsWrite = "products:write",
    /// Read orders.
    OrdersRead = "orders:read",
    /// Create, change and delete orders.
    OrdersWrite = "orders:write",
    /// Read customers.
    CustomersRead = "customers:read",
    /// Create, change and delete customers.
    CustomersWrite = "customers:write",
    /// Read categories.
    CategoriesRead = "categories:read",
    /// Create, change and delete categories.
    CategoriesWrite = "categories:write",
    /// Read stock levels.
    InventoryRead = "inventory:read",
    /// Change stock levels.
    InventoryWrite = "inventory:write",
    /// Read baskets.
    BasketsRead = "baskets:read",
    /// Create, change and delete baskets.
    BasketsWrite = "baskets:write",
    /// Call the platform's own API through the raw route; where the path shows an entity, its scope is needed too.
    Raw = "raw",
    /// See the account and its activity.
    AccountRead = "account:read",
    /// Change or close the account.
    AccountWrite = "account:write",
    /// See applications and their keys (never a key's secret).
    ApplicationsRead = "applications:read",
    /// Create and delete applications.
    ApplicationsWrite = "applications:write",
    /// Create, rotate and revoke keys.
    KeysWrite = "keys:write",
    /// See connected stores (never a credential).
    StoresRead = "stores:read",
    /// Connect, change, check and disconnect stores.
    StoresWrite = "stores:write",
    /// Grant applications access to a store and take it away.
    GrantsWrite = "grants:write",
    /// See webhook subscriptions and their deliveries.
    SubscriptionsRead = "subscriptions:read",
    /// Create, change, replay and delete webhook subscriptions.
    SubscriptionsWrite = "subscriptions:write",
    /// See the list of events (envelopes only).
    EventsRead = "events:read",
    /// See counts of calls.
    UsageRead = "usage:read",
    /// See and decide data-subject requests.
    PrivacyWrite = "privacy:write",
    /// Run the deployment: tiers, enforcement, suspensions.
    Operator = "operator",
}

impl Scope {
    const fn bit(self) -> u64 {
        1 << (self as u8)
    }

    /// Whether this scope opens a route of the data plane; such scopes can be granted on a store.
    #[must_use]
    pub const fn is_data_plane(self) -> bool {
        (self as u8) <= (Scope::Raw as u8)
    }
}

/// The scope that an entity needs, to be read or to be written.
#[must_use]
pub const fn scope_of(entity: Entity, writes: bool) -> Scope {
    match (entity, writes) {
        (Entity::Products, false) => Scope::ProductsRead,
        (Entity::Products, true) => Scope::ProductsWrite,
        (Entity::Orders, false) => Scope::OrdersRead,
        (Entity::Orders, true) => Scope::OrdersWrite,
        (Entity::Customers, false) => Scope::CustomersRead,
        (Entity::Customers, true) => Scope::CustomersWrite,
        (Entity::Categories, false) => Scope::CategoriesRead,
        (Entity::Categories, true) => Scope::CategoriesWrite,
        (Entity::Inventory, false) => Scope::InventoryRead,
        (Entity::Inventory, true) => Scope::InventoryWrite,
        (Entity::Baskets, false) => Scope::BasketsRead,
        (Entity::Baskets, true) => Scope::BasketsWrite,
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.as_str())
    }
}

/// A text that names no scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no such scope")]
pub struct UnknownScope;

impl FromStr for Scope {
    type Err = UnknownScope;

    fn from_str(text: &str) -> Result<Self, UnknownScope> {
        Self::ALL.iter().copied().find(|scope| scope.as_str() == text).ok_or(UnknownScope)
    }
}

impl serde::Serialize for Scope {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(self.as_str())
    }
}

impl<'de> serde::Deserialize<'de> for Scope {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(from)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// A set of scopes. As JSON and in tables it is a list of texts in the order of [`Scope::ALL`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ScopeSet(u64);

impl ScopeSet {
    /// The set with nothing in it.
    pub const EMPTY: Self = Self(0);

    /// A set of the given scopes; usable in constants.
    #[must_use]
    pub const fn of(scopes: &[Scope]) -> Self {
        let mut bits = 0;
        let mut place = 0;
        while place < scopes.len() {
            bits |= scopes[place].bit();
            place += 1;
        }
        Self(bits)
    }

    /// Whether `scope` is in the set.
    #[must_use]
    pub const fn contains(self, scope: Scope) -> bool {
        self.0 & scope.bit() != 0
    }

    /// Whether everything in `other` is in this set too.
    #[must_use]
    pub const fn covers(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// What is in both sets: a key's scopes and a grant's give what a call may do.
    #[must_use]
    pub const fn intersection(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// What is in either set.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether nothing is in the set.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The scopes in the set, in the order of [`Scope::ALL`].
    pub fn iter(self) -> impl Iterator<Item = Scope> {
        Scope::ALL.iter().copied().filter(move |scope| self.contains(*scope))
    }
}

impl FromIterator<Scope> for ScopeSet {
    fn from_iter<I: IntoIterator<Item = Scope>>(scopes: I) -> Self {
        Self(scopes.into_iter().fold(0, |bits, scope| bits | scope.bit()))
    }
}

impl serde::Serialize for ScopeSet {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq(self.iter())
    }
}

impl<'de> serde::Deserialize<'de> for ScopeSet {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Ok(Vec::<Scope>::deserialize(from)?.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_scope_has_its_own_text_and_bit() {
        assert!(Scope::ALL.len() <= 64, "a set is one word");
        for (place, scope) in Scope::ALL.iter().enumerate() {
            assert_eq!(scope.as_str().parse(), Ok(*scope));
            assert_eq!(ScopeSet::of(&[*scope]).iter().collect::<Vec<_>>(), [*scope]);
            assert!(Scope::ALL[..place].iter().all(|other| other.as_str() != scope.as_str()));
        }
        assert_eq!("products".parse::<Scope>(), Err(UnknownScope));
    }

    #[test]
    fn a_call_may_do_what_key_and_grant_both_allow() {
        let key = ScopeSet::of(&[Scope::ProductsRead, Scope::OrdersRead]);
        let grant = ScopeSet::of(&[Scope::OrdersRead, Scope::Raw]);
        let both = key.intersection(grant);
        assert_eq!(both.iter().collect::<Vec<_>>(), [Scope::OrdersRead]);
        assert!(key.covers(both) && grant.covers(both) && !both.covers(key));
    }
}
