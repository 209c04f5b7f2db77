//! The parts of WooCommerce's REST v3 objects that the unified model needs, as a running 11.0.1 writes them.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::upstream::{AmountText, IdText};

/// A product, or a variation: they share their fields, and `GET /products/{id}` answers with either.
#[derive(Deserialize)]
pub(super) struct Product<'a> {
    #[serde(borrow)]
    pub(super) id: IdText<'a>,
    #[serde(borrow, default)]
    pub(super) name: Cow<'a, str>,
    #[serde(borrow, default)]
    pub(super) slug: Cow<'a, str>,
    #[serde(borrow, rename = "type", default)]
    pub(super) kind: Cow<'a, str>,
    #[serde(borrow, default)]
    pub(super) status: Cow<'a, str>,
    #[serde(borrow, default)]
    pub(super) description: Cow<'a, str>,
    #[serde(borrow, default)]
    pub(super) sku: Cow<'a, str>,
    #[serde(borrow, default)]
    pub(super) global_unique_id: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) price: AmountText<'a>,
    #[serde(borrow, default)]
    pub(super) regular_price: AmountText<'a>,
    #[serde(borrow, default)]
    pub(super) sale_price: AmountText<'a>,
    #[serde(default)]
    pub(super) on_sale: bool,
    #[serde(default, rename = "virtual")]
    pub(super) is_virtual: bool,
    #[serde(borrow, default)]
    pub(super) tax_class: Option<Cow<'a, str>>,
    /// `true`, `false`, or `"parent"` on a variation whose stock the product counts.
    #[serde(borrow, default)]
    pub(super) manage_stock: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(super) stock_quantity: AmountText<'a>,
    #[serde(default)]
    pub(super) backorders_allowed: bool,
    #[serde(borrow, default)]
    pub(super) weight: AmountText<'a>,
    #[serde(borrow, default)]
    pub(super) dimensions: Option<Dimensions<'a>>,
    #[serde(borrow, default)]
    pub(super) categories: Vec<Named<'a>>,
    #[serde(borrow, default)]
    pub(super) brands: Vec<Named<'a>>,
    #[serde(borrow, default)]
    pub(super) tags: Vec<Named<'a>>,
    #[serde(borrow, default)]
    pub(super) images: Vec<Image<'a>>,
    /// A variation's one picture.
    #[serde(borrow, default)]
    pub(super) image: Option<Image<'a>>,
    #[serde(borrow, default)]
    pub(super) attributes: Vec<Attribute<'a>>,
    /// Ids of a variable product's variations.
    #[serde(borrow, default)]
    pub(super) variations: Vec<&'a RawValue>,
    #[serde(borrow, default)]
    pub(super) meta_data: Vec<Meta<'a>>,
    #[serde(borrow, default)]
    pub(super) date_created: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) date_created_gmt: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) date_modified_gmt: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
pub(super) struct Dimensions<'a> {
    #[serde(borrow, default)]
    pub(super) length: AmountText<'a>,
    #[serde(borrow, default)]
    pub(super) width: AmountText<'a>,
    #[serde(borrow, default)]
    pub(super) height: AmountText<'a>,
}

#[derive(Deserialize)]
pub(super) struct Named<'a> {
    #[serde(borrow)]
    pub(super) id: IdText<'a>,
    #[serde(borrow, default)]
    pub(super) name: Cow<'a, str>,
}

#[derive(Deserialize)]
pub(super) struct Image<'a> {
    #[serde(borrow)]
    pub(super) id: IdText<'a>,
    #[serde(borrow, default)]
    pub(super) src: Cow<'a, str>,
    #[serde(borrow, default)]
    pub(super) alt: Option<Cow<'a, str>>,
}

/// On a product `options` lists the values; on a variation `option` is the one it has.
#[derive(Deserialize)]
pub(super) struct Attribute<'a> {
    #[serde(borrow, default)]
    pub(super) name: Cow<'a, str>,
    #[serde(default)]
    pub(super) variation: bool,
    #[serde(default)]
    pub(super) options: Vec<String>,
    #[serde(borrow, default)]
    pub(super) option: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
pub(super) struct Meta<'a> {
    #[serde(borrow, default)]
    pub(super) key: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) value: &'a RawValue,
    #[serde(borrow, default)]
    pub(super) display_key: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) display_value: Option<&'a RawValue>,
}

#[derive(Deserialize)]
pub(super) struct Category<'a> {
    #[serde(borrow)]
    pub(super) id: IdText<'a>,
    #[serde(borrow, default)]
    pub(super) name: Cow<'a, str>,
    #[serde(borrow, default)]
    pub(super) slug: Cow<'a, str>,
    #[serde(borrow, default)]
    pub(super) parent: Option<IdText<'a>>,
    #[serde(default)]
    pub(super) menu_order: Option<i64>,
}

#[derive(Deserialize)]
pub(super) struct Customer<'a> {
    #[serde(borrow)]
    pub(super) id: IdText<'a>,
    #[serde(borrow, default)]
    pub(super) email: Cow<'a, str>,
    #[serde(borrow, default)]
    pub(super) first_name: Cow<'a, str>,
    #[serde(borrow, default)]
    pub(super) last_name: Cow<'a, str>,
    #[serde(borrow, default)]
    pub(super) role: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) billing: Option<Address<'a>>,
    #[serde(borrow, default)]
    pub(super) shipping: Option<Address<'a>>,
    #[serde(borrow, default)]
    pub(super) meta_data: Vec<Meta<'a>>,
    #[serde(borrow, default)]
    pub(super) date_created: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) date_created_gmt: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) date_modified_gmt: Option<Cow<'a, str>>,
}

#[derive(Default, Deserialize)]
pub(super) struct Address<'a> {
    #[serde(borrow, default)]
    pub(super) first_name: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) last_name: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) company: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) address_1: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) address_2: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) city: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) state: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) postcode: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) country: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) email: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) phone: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
pub(super) struct Order<'a> {
    #[serde(borrow)]
    pub(super) id: IdText<'a>,
    #[serde(borrow, default)]
    pub(super) number: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub(super) status: Cow<'a, str>,
    #[serde(borrow, default)]
    pub(super) currency: Cow<'a, str>,
    #[serde(default)]
    pub(super) prices_include_tax: Option<bool>,
    #[serde(borrow, default)]
    pub(super) discount_total: AmountText<'a>,
    #[serde(borrow, default)]
    pub(super) shipping_total: AmountText<'a>,
    #[serde(borrow, default)]
    pub(super) total: AmountText<'a>,
    #[serde(borrow, default)]
    pub(super) total_tax: AmountText<'a>,
    /// 0 for a guest.
    #[serde(borrow, default)]
    pub(super) customer_id: Option<IdText<'a>>,
    #[serde(borrow, default)]
    pub(super) billing: Option<Address<'a>>,
    #[serde(borrow, default)]
    pub(super) shipping: Option<Address<'a>>,
    #[serde(borrow, default)]
    pub(super) created_via: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) customer_note: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) meta_data: Vec<Meta<'a>>,
    #[serde(borrow, default)]
    pub(super) line_items: Vec<Line<'a>>,
    #[serde(borrow, default)]
    pub(super) shipping_lines: Vec<ShippingLine<'a>>,
    #[serde(borrow, default)]
    pub(super) refunds: Vec<Refund<'a>>,
    #[serde(borrow, default)]
    pub(super) date_created: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) date_created_gmt: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) date_modified_gmt: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) date_completed_gmt: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) date_paid_gmt: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
pub(super) struct Line<'a> {
    #[serde(borrow)]
    pub(super) id: IdText<'a>,
    #[serde(borrow, default)]
    pub(super) name: Option<Cow<'a, str>>,
    /// 0 or null when the product was deleted.
    #[serde(borrow, default)]
    pub(super) product_id: Option<IdText<'a>>,
    /// 0 for a product without variations.
    #[serde(borrow, default)]
    pub(super) variation_id: Option<IdText<'a>>,
    #[serde(borrow, default)]
    pub(super) quantity: AmountText<'a>,
    #[serde(borrow, default)]
    pub(super) subtotal: AmountText<'a>,
    #[serde(borrow, default)]
    pub(super) total: AmountText<'a>,
    #[serde(borrow, default)]
    pub(super) total_tax: AmountText<'a>,
    #[serde(borrow, default)]
    pub(super) sku: Option<Cow<'a, str>>,
    /// A JSON number, where every other amount is text.
    #[serde(borrow, default)]
    pub(super) price: AmountText<'a>,
    #[serde(borrow, default)]
    pub(super) meta_data: Vec<Meta<'a>>,
}

#[derive(Deserialize)]
pub(super) struct ShippingLine<'a> {
    #[serde(borrow, default)]
    pub(super) id: Option<IdText<'a>>,
    #[serde(borrow, default)]
    pub(super) method_title: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) method_id: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) total: AmountText<'a>,
    #[serde(borrow, default)]
    pub(super) total_tax: AmountText<'a>,
}

/// An order lists its refunds with negative totals and without times.
#[derive(Deserialize)]
pub(super) struct Refund<'a> {
    #[serde(borrow)]
    pub(super) id: IdText<'a>,
    #[serde(borrow, default)]
    pub(super) reason: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) total: AmountText<'a>,
}

/// The answer of `data/currencies/current`.
#[derive(Deserialize)]
pub(super) struct CurrentCurrency<'a> {
    #[serde(borrow)]
    pub(super) code: Cow<'a, str>,
}

/// Where a product or variation stands: 0 above a product.
#[derive(Deserialize)]
pub(super) struct Place<'a> {
    #[serde(borrow)]
    pub(super) id: IdText<'a>,
    #[serde(borrow, default)]
    pub(super) parent_id: Option<IdText<'a>>,
}

/// The answer to a batch: each row in the place of what was sent.
#[derive(Deserialize)]
pub(super) struct Batch<'a> {
    #[serde(borrow, default)]
    pub(super) create: Vec<&'a RawValue>,
    #[serde(borrow, default)]
    pub(super) update: Vec<&'a RawValue>,
    #[serde(borrow, default)]
    pub(super) delete: Vec<&'a RawValue>,
}

/// A row of it: the object, or an error in its place.
#[derive(Deserialize)]
pub(super) struct BatchRow<'a> {
    #[serde(borrow, default)]
    pub(super) error: Option<&'a RawValue>,
}

/// `{"code", "message", "data": {"status"}}`.
#[derive(Deserialize)]
pub(super) struct RowError {
    #[serde(default)]
    pub(super) data: Option<RowStatus>,
}

#[derive(Deserialize)]
pub(super) struct RowStatus {
    #[serde(default)]
    pub(super) status: Option<u16>,
}
