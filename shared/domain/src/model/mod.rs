//! The unified model: one shape for products, orders, customers, categories, inventory and baskets of every platform.
//!
//! Ids are strings, amounts are decimal strings with a currency ([`crate::money`]), times are RFC 3339 in UTC. Every field is
//! always present in the JSON (`null` when the platform has nothing), so that clients and the `fields` selection see one shape;
//! the one exception is `remote`, the platform's own object, which is there only when it was asked for.

mod catalog;
mod customer;
mod entity;
mod fields;
pub mod input;
mod input_fields;
mod order;

pub use catalog::{
    Category, Dimensions, Image, InventoryLevel, Product, ProductOption, ProductStatus, ProductType, Seo, Stock,
    StockLocation, Variant, Weight,
};
pub use customer::{Address, Customer, Marketing, Region};
pub use entity::{Entity, UnknownEntity};
pub use order::{
    Basket, BasketLine, FinancialStatus, FulfillmentStatus, Line, LineOption, Order, OrderCustomer, OrderStatus,
    Refund, ShippingLine, Totals,
};

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// The platform's own object, byte for byte, beside the mapped one.
pub type Remote = Option<Box<RawValue>>;

/// A custom field of the platform.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct MetaField {
    /// The platform's name of the field.
    pub key: String,
    /// The value as the platform typed it.
    pub value: Box<RawValue>,
}
