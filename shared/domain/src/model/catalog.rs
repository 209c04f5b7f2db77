//! Products, variants, categories and stock.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{MetaField, Remote};
use crate::money::{Amount, Money};

/// What kind of product it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum ProductType {
    /// One thing with one price.
    Simple,
    /// A product with variants to choose from.
    Variable,
    /// A group of other products.
    Bundle,
    /// Nothing is shipped.
    Virtual,
}

/// Whether the product can be seen and bought.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum ProductStatus {
    /// On sale.
    Active,
    /// Not published yet.
    Draft,
    /// Taken off sale.
    Archived,
}

/// A product with all its variants.
///
/// A product without options has exactly one variant, with the product's own id, so that a client always finds price and stock
/// in `variants`.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Product {
    /// The id to use with this interface.
    pub id: String,
    /// The id as the platform writes it.
    pub remote_id: String,
    /// What kind of product it is.
    #[serde(rename = "type")]
    pub kind: ProductType,
    /// The stock-keeping unit, when the product has one of its own.
    pub sku: Option<String>,
    /// The name in the store's default language.
    pub name: String,
    /// The description as HTML.
    pub description_html: Option<String>,
    /// Whether it can be seen and bought.
    pub status: ProductStatus,
    /// The platform's own status word.
    pub remote_status: Option<String>,
    /// The brand's name.
    pub brand: Option<String>,
    /// Ids of the categories it is in.
    pub categories: Vec<String>,
    /// Tags by name.
    pub tags: Vec<String>,
    /// Pictures in the store's order.
    pub images: Vec<Image>,
    /// The options that tell its variants apart.
    pub options: Vec<ProductOption>,
    /// The variants, at least one.
    pub variants: Vec<Variant>,
    /// The price a buyer pays now, from the platform's own figure (the lowest one when variants differ).
    pub price: Option<Money>,
    /// The price before a reduction.
    pub compare_at: Option<Money>,
    /// The platform's tax class.
    pub tax_class: Option<String>,
    /// What it weighs.
    pub weight: Option<Weight>,
    /// How large it is.
    pub dimensions: Option<Dimensions>,
    /// What search engines see.
    pub seo: Seo,
    /// Custom fields.
    pub meta: Vec<MetaField>,
    /// When it was created.
    pub created_at: Option<Timestamp>,
    /// When it was last changed.
    pub updated_at: Option<Timestamp>,
    /// The creation time as the platform wrote it, when it gives a local time only.
    pub source_time: Option<String>,
    /// The platform's own object.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remote: Remote,
}

/// A picture.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Image {
    /// The platform's id of it.
    pub id: Option<String>,
    /// Where it can be fetched.
    pub url: String,
    /// The text for those who cannot see it.
    pub alt: Option<String>,
    /// Its place, from 0.
    pub position: u32,
}

/// An option such as size, with the values it can take.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ProductOption {
    /// The option's name.
    pub name: String,
    /// Its values.
    pub values: Vec<String>,
}

/// One thing that can be bought.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Variant {
    /// The variant's id.
    pub id: String,
    /// The product it belongs to.
    pub product_id: String,
    /// The stock-keeping unit.
    pub sku: Option<String>,
    /// GTIN, EAN, UPC or ISBN.
    pub barcode: Option<String>,
    /// The value of each option.
    pub options: BTreeMap<String, String>,
    /// The price a buyer pays now.
    pub price: Option<Money>,
    /// The price before a reduction.
    pub compare_at: Option<Money>,
    /// What the merchant paid.
    pub cost: Option<Money>,
    /// What it weighs.
    pub weight: Option<Weight>,
    /// How much there is.
    pub inventory: Stock,
    /// The picture that shows it.
    pub image_id: Option<String>,
}

/// How much of a variant there is.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Stock {
    /// Whether the store counts it.
    pub tracked: bool,
    /// How many there are over all locations; `null` when not counted. Below zero with back-orders.
    pub quantity: Option<i64>,
    /// Whether it can be ordered when there is none.
    pub backorder: bool,
    /// The count by location.
    pub locations: Vec<StockLocation>,
}

/// How much there is at one location.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct StockLocation {
    /// The location's id.
    pub location_id: String,
    /// How many can be sold from there.
    pub available: Option<i64>,
}

/// A weight.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Weight {
    /// The number, as the platform wrote it.
    pub value: Amount,
    /// `g`, `kg`, `lb`, `oz`; `null` when the platform keeps the unit in its settings.
    pub unit: Option<String>,
}

/// Outer measures.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Dimensions {
    /// Length.
    pub length: Option<Amount>,
    /// Width.
    pub width: Option<Amount>,
    /// Height.
    pub height: Option<Amount>,
    /// `cm`, `in`, …; `null` when the platform keeps the unit in its settings.
    pub unit: Option<String>,
}

/// What search engines see.
#[derive(Clone, Debug, Default, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Seo {
    /// The last part of the address.
    pub slug: Option<String>,
    /// The page title.
    pub title: Option<String>,
    /// The description in search results.
    pub description: Option<String>,
}

/// A category.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Category {
    /// The id to use with this interface.
    pub id: String,
    /// The id as the platform writes it.
    pub remote_id: String,
    /// The category above; `null` at the top.
    pub parent_id: Option<String>,
    /// Its name.
    pub name: String,
    /// The last part of its address.
    pub slug: Option<String>,
    /// Names from the top to here, when the platform gives them.
    pub path: Option<String>,
    /// Its place among its sisters.
    pub position: Option<i64>,
    /// Whether shoppers see it; `null` when the platform has no such switch.
    pub visible: Option<bool>,
    /// The platform's own object.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remote: Remote,
}

/// How much of a variant there is at a location.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct InventoryLevel {
    /// The variant (for a product without variants, the product).
    pub variant_id: String,
    /// The location; `null` when the platform knows only one.
    pub location_id: Option<String>,
    /// How many can be sold; `null` when not counted.
    pub available: Option<i64>,
    /// How many lie there; `null` when the platform does not say.
    pub on_hand: Option<i64>,
    /// When the count last changed.
    pub updated_at: Option<Timestamp>,
    /// The platform's own object.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remote: Remote,
}
