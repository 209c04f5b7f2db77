//! The six kinds of object that the unified interface knows.

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};

use super::fields::{BASKET, CATEGORY, CUSTOMER, INVENTORY, ORDER, PRODUCT};

/// A kind of object, as it stands in a route (`/v1/stores/{store}/orders`) and in a scope (`orders:read`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Entity {
    /// Products with their variants.
    Products,
    /// Orders with their lines.
    Orders,
    /// Customers with their addresses.
    Customers,
    /// Categories (a tree).
    Categories,
    /// Stock levels by variant and location.
    Inventory,
    /// Carts that are not orders yet.
    Baskets,
}

/// The text names no entity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no such entity")]
pub struct UnknownEntity;

impl Entity {
    /// Every entity, in the order in which documents list them.
    pub const ALL: [Self; 6] =
        [Self::Products, Self::Orders, Self::Customers, Self::Categories, Self::Inventory, Self::Baskets];

    /// The name in routes and scopes.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Products => "products",
            Self::Orders => "orders",
            Self::Customers => "customers",
            Self::Categories => "categories",
            Self::Inventory => "inventory",
            Self::Baskets => "baskets",
        }
    }

    /// The dotted paths of every field of the unified object. A path that ends in `.*` is open below: its keys are the
    /// platform's.
    #[must_use]
    pub fn fields(self) -> &'static [&'static str] {
        match self {
            Self::Products => PRODUCT,
            Self::Orders => ORDER,
            Self::Customers => CUSTOMER,
            Self::Categories => CATEGORY,
            Self::Inventory => INVENTORY,
            Self::Baskets => BASKET,
        }
    }
}

impl FromStr for Entity {
    type Err = UnknownEntity;

    fn from_str(text: &str) -> Result<Self, UnknownEntity> {
        Self::ALL.into_iter().find(|entity| entity.as_str() == text).ok_or(UnknownEntity)
    }
}

impl fmt::Display for Entity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for Entity {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}
