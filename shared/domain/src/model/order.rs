//! Orders and baskets.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Address, MetaField, Remote};
use crate::money::{Currency, Money};

/// Where an order stands as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum OrderStatus {
    /// Something is still to be done.
    Open,
    /// Done.
    Completed,
    /// Called off.
    Cancelled,
}

/// Where the money stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum FinancialStatus {
    /// Not paid yet.
    Pending,
    /// Reserved on the buyer's side.
    Authorized,
    /// Paid.
    Paid,
    /// Part of it was paid back.
    PartiallyRefunded,
    /// All of it was paid back.
    Refunded,
    /// The payment was called off.
    Voided,
    /// The payment failed.
    Failed,
}

/// Where the goods stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum FulfillmentStatus {
    /// Nothing was sent.
    Unfulfilled,
    /// Part of it was sent.
    Partial,
    /// All was sent.
    Fulfilled,
    /// It came back.
    Returned,
}

/// An order. No `Debug`: it carries a buyer's data.
#[derive(Clone, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Order {
    /// The id to use with this interface.
    pub id: String,
    /// The id as the platform writes it.
    pub remote_id: String,
    /// The number that the buyer sees.
    pub number: String,
    /// Where it stands as a whole.
    pub status: OrderStatus,
    /// Where the money stands.
    pub financial_status: FinancialStatus,
    /// Where the goods stand.
    pub fulfillment_status: FulfillmentStatus,
    /// The platform's own status, unmodified.
    pub remote_status: String,
    /// The currency of every amount in it.
    pub currency: Option<Currency>,
    /// The sums.
    pub totals: Totals,
    /// Who bought.
    pub customer: OrderCustomer,
    /// Who pays.
    pub billing: Option<Address>,
    /// Where it goes; `null` when nothing is shipped.
    pub shipping: Option<Address>,
    /// What was bought.
    pub lines: Vec<Line>,
    /// What shipping was chosen.
    pub shipping_lines: Vec<ShippingLine>,
    /// What was paid back.
    pub refunds: Vec<Refund>,
    /// Custom fields.
    pub meta: Vec<MetaField>,
    /// When it was placed.
    pub placed_at: Option<Timestamp>,
    /// When it was last changed.
    pub updated_at: Option<Timestamp>,
    /// When it was called off.
    pub cancelled_at: Option<Timestamp>,
    /// The time of placing as the platform wrote it, when it gives a local time only.
    pub source_time: Option<String>,
    /// The buyer's note.
    pub note: Option<String>,
    /// Where it came from (checkout, API, admin), in the platform's words.
    pub source: Option<String>,
    /// The platform's own object.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remote: Remote,
}

/// The sums of an order.
#[derive(Clone, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Totals {
    /// The lines before discounts, without shipping.
    pub subtotal: Option<Money>,
    /// What was taken off.
    pub discount: Option<Money>,
    /// Shipping without tax.
    pub shipping: Option<Money>,
    /// Tax.
    pub tax: Option<Money>,
    /// What the buyer owes in all.
    pub total: Option<Money>,
    /// Whether the lines' prices contain tax; `null` when the platform does not say.
    pub tax_included: Option<bool>,
    /// What was paid.
    pub paid: Option<Money>,
    /// What was paid back.
    pub refunded: Option<Money>,
}

/// Who bought.
#[derive(Clone, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct OrderCustomer {
    /// The customer's id; `null` for a guest.
    pub id: Option<String>,
    /// The e-mail address given with the order.
    pub email: Option<String>,
    /// First name.
    pub first_name: Option<String>,
    /// Last name.
    pub last_name: Option<String>,
    /// Whether there is no account behind it.
    pub is_guest: bool,
}

/// One line of an order.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "OrderLine"))]
pub struct Line {
    /// The line's id.
    pub id: String,
    /// The product; `null` when it was deleted since.
    pub product_id: Option<String>,
    /// The variant; `null` when it was deleted since.
    pub variant_id: Option<String>,
    /// The stock-keeping unit at the time.
    pub sku: Option<String>,
    /// The name at the time.
    pub name: String,
    /// How many.
    pub quantity: i64,
    /// The price of one without tax.
    pub unit_price: Option<Money>,
    /// The price of one with tax, when the platform says it.
    pub unit_price_inc_tax: Option<Money>,
    /// What was taken off the line.
    pub discount: Option<Money>,
    /// The line's tax.
    pub tax: Option<Money>,
    /// The line's sum after discounts, without tax.
    pub total: Option<Money>,
    /// What was chosen.
    pub options: Vec<LineOption>,
}

/// A choice made for a line.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct LineOption {
    /// The option's name.
    pub name: String,
    /// The chosen value.
    pub value: String,
}

/// A way of shipping that was chosen.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ShippingLine {
    /// The line's id.
    pub id: Option<String>,
    /// What the buyer saw.
    pub title: String,
    /// The platform's code of the method.
    pub code: Option<String>,
    /// Its price without tax.
    pub total: Option<Money>,
    /// Its tax.
    pub tax: Option<Money>,
}

/// Money paid back.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Refund {
    /// The refund's id.
    pub id: String,
    /// How much, as a positive number.
    pub amount: Option<Money>,
    /// Why.
    pub reason: Option<String>,
    /// When, if the platform says it.
    pub created_at: Option<Timestamp>,
}

/// A cart that is not an order yet. No `Debug`: it may carry a buyer's data.
#[derive(Clone, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Basket {
    /// The id or key of the basket.
    pub id: String,
    /// Whose it is, when known.
    pub customer: Option<OrderCustomer>,
    /// The currency of every amount in it.
    pub currency: Option<Currency>,
    /// What is in it.
    pub lines: Vec<BasketLine>,
    /// The sums.
    pub totals: Totals,
    /// Where the buyer can go on with it.
    pub url: Option<String>,
    /// When it vanishes.
    pub expires_at: Option<Timestamp>,
    /// The platform's own object.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remote: Remote,
}

/// One line of a basket.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct BasketLine {
    /// The line's id or key.
    pub id: String,
    /// The product.
    pub product_id: Option<String>,
    /// The variant.
    pub variant_id: Option<String>,
    /// The stock-keeping unit.
    pub sku: Option<String>,
    /// The name.
    pub name: String,
    /// How many.
    pub quantity: i64,
    /// The price of one.
    pub unit_price: Option<Money>,
    /// The line's sum.
    pub total: Option<Money>,
}
