//! The shapes of CartOS objects on the wire.
//!
//! Ids are numbers or texts, amounts decimal text or numbers in major units, times RFC 3339, weights numbers with a unit. A product
//! without options has one variant. Fields that a store leaves out are read as null.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Deserialize;

use crate::upstream::{AmountText, IdText};

#[derive(Deserialize)]
pub(super) struct Product<'a> {
    #[serde(borrow)]
    pub(super) id: IdText<'a>,
    #[serde(borrow, rename = "type", default)]
    pub(super) kind: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) sku: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub(super) name: Cow<'a, str>,
    #[serde(borrow, default)]
    pub(super) slug: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) description: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub(super) status: Cow<'a, str>,
    #[serde(borrow, default)]
    pub(super) brand: Option<Cow<'a, str>>,
    #[serde(default)]
    pub(super) tags: Vec<String>,
    #[serde(borrow, default)]
    pub(super) category_ids: Vec<IdText<'a>>,
    #[serde(borrow, default)]
    pub(super) images: Vec<Image<'a>>,
    #[serde(default)]
    pub(super) options: Vec<ProductOption>,
    #[serde(borrow, default)]
    pub(super) currency: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) price: AmountText<'a>,
    #[serde(borrow, default)]
    pub(super) compare_at_price: AmountText<'a>,
    #[serde(borrow, default)]
    pub(super) tax_class: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) weight: AmountText<'a>,
    #[serde(borrow, default)]
    pub(super) weight_unit: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) seo_title: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) seo_description: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) variants: Vec<Variant<'a>>,
    #[serde(borrow, default)]
    pub(super) created_at: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) updated_at: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
pub(super) struct Image<'a> {
    #[serde(borrow, default)]
    pub(super) id: Option<IdText<'a>>,
    #[serde(borrow)]
    pub(super) url: Cow<'a, str>,
    #[serde(borrow, default)]
    pub(super) alt: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
pub(super) struct ProductOption {
    pub(super) name: String,
    #[serde(default)]
    pub(super) values: Vec<String>,
}

#[derive(Deserialize)]
pub(super) struct Variant<'a> {
    #[serde(borrow)]
    pub(super) id: IdText<'a>,
    #[serde(borrow, default)]
    pub(super) sku: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) barcode: Option<Cow<'a, str>>,
    #[serde(default)]
    pub(super) options: BTreeMap<String, String>,
    #[serde(borrow, default)]
    pub(super) price: AmountText<'a>,
    #[serde(borrow, default)]
    pub(super) compare_at_price: AmountText<'a>,
    #[serde(borrow, default)]
    pub(super) cost: AmountText<'a>,
    #[serde(borrow, default)]
    pub(super) weight: AmountText<'a>,
    #[serde(borrow, default)]
    pub(super) weight_unit: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) image_id: Option<IdText<'a>>,
    #[serde(default)]
    pub(super) track_inventory: bool,
    #[serde(default)]
    pub(super) stock: Option<i64>,
    #[serde(default)]
    pub(super) allow_backorder: bool,
}

#[derive(Deserialize)]
pub(super) struct Category<'a> {
    #[serde(borrow)]
    pub(super) id: IdText<'a>,
    #[serde(borrow, default)]
    pub(super) parent_id: Option<IdText<'a>>,
    #[serde(borrow)]
    pub(super) name: Cow<'a, str>,
    #[serde(borrow, default)]
    pub(super) slug: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) path: Option<Cow<'a, str>>,
    #[serde(default)]
    pub(super) position: Option<i64>,
    #[serde(default)]
    pub(super) visible: Option<bool>,
}

#[derive(Deserialize)]
pub(super) struct InventoryLevel<'a> {
    #[serde(borrow)]
    pub(super) variant_id: IdText<'a>,
    #[serde(borrow, default)]
    pub(super) location_id: Option<IdText<'a>>,
    #[serde(default)]
    pub(super) available: Option<i64>,
    #[serde(default)]
    pub(super) on_hand: Option<i64>,
    #[serde(borrow, default)]
    pub(super) updated_at: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
pub(super) struct Customer<'a> {
    #[serde(borrow)]
    pub(super) id: IdText<'a>,
    #[serde(borrow, default)]
    pub(super) email: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) phone: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) first_name: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) last_name: Option<Cow<'a, str>>,
    #[serde(default)]
    pub(super) groups: Vec<String>,
    #[serde(borrow, default)]
    pub(super) addresses: Vec<Address<'a>>,
    #[serde(default)]
    pub(super) accepts_email_marketing: Option<bool>,
    #[serde(default)]
    pub(super) accepts_sms_marketing: Option<bool>,
    #[serde(borrow, default)]
    pub(super) created_at: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) updated_at: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
pub(super) struct Address<'a> {
    #[serde(borrow, default)]
    pub(super) first_name: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) last_name: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) company: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) line1: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) line2: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) city: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) region_code: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) region: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) postcode: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) country: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) phone: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) tax_id: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
pub(super) struct Order<'a> {
    #[serde(borrow)]
    pub(super) id: IdText<'a>,
    #[serde(borrow)]
    pub(super) number: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) status: Cow<'a, str>,
    #[serde(borrow, default)]
    pub(super) payment_status: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) fulfillment_status: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub(super) currency: Cow<'a, str>,
    #[serde(borrow, default)]
    pub(super) subtotal: AmountText<'a>,
    #[serde(borrow, default)]
    pub(super) discount: AmountText<'a>,
    #[serde(borrow, default)]
    pub(super) shipping: AmountText<'a>,
    #[serde(borrow, default)]
    pub(super) tax: AmountText<'a>,
    #[serde(borrow, default)]
    pub(super) total: AmountText<'a>,
    #[serde(default)]
    pub(super) tax_included: Option<bool>,
    #[serde(borrow, default)]
    pub(super) paid: AmountText<'a>,
    #[serde(borrow, default)]
    pub(super) refunded: AmountText<'a>,
    #[serde(borrow, default)]
    pub(super) customer: Option<Buyer<'a>>,
    #[serde(borrow, default)]
    pub(super) billing_address: Option<Address<'a>>,
    #[serde(borrow, default)]
    pub(super) shipping_address: Option<Address<'a>>,
    #[serde(borrow, default)]
    pub(super) lines: Vec<Line<'a>>,
    #[serde(borrow, default)]
    pub(super) shipping_lines: Vec<ShippingLine<'a>>,
    #[serde(borrow, default)]
    pub(super) refunds: Vec<Refund<'a>>,
    #[serde(borrow, default)]
    pub(super) note: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) source: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) created_at: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) updated_at: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) cancelled_at: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
pub(super) struct Buyer<'a> {
    #[serde(borrow, default)]
    pub(super) id: Option<IdText<'a>>,
    #[serde(borrow, default)]
    pub(super) email: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) first_name: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) last_name: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
pub(super) struct Line<'a> {
    #[serde(borrow)]
    pub(super) id: IdText<'a>,
    #[serde(borrow, default)]
    pub(super) product_id: Option<IdText<'a>>,
    #[serde(borrow, default)]
    pub(super) variant_id: Option<IdText<'a>>,
    #[serde(borrow, default)]
    pub(super) sku: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub(super) name: Cow<'a, str>,
    pub(super) quantity: i64,
    #[serde(borrow, default)]
    pub(super) unit_price: AmountText<'a>,
    #[serde(borrow, default)]
    pub(super) unit_price_inc_tax: AmountText<'a>,
    #[serde(borrow, default)]
    pub(super) discount: AmountText<'a>,
    #[serde(borrow, default)]
    pub(super) tax: AmountText<'a>,
    #[serde(borrow, default)]
    pub(super) total: AmountText<'a>,
    #[serde(default)]
    pub(super) options: BTreeMap<String, String>,
}

#[derive(Deserialize)]
pub(super) struct ShippingLine<'a> {
    #[serde(borrow, default)]
    pub(super) id: Option<IdText<'a>>,
    #[serde(borrow)]
    pub(super) title: Cow<'a, str>,
    #[serde(borrow, default)]
    pub(super) code: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) total: AmountText<'a>,
    #[serde(borrow, default)]
    pub(super) tax: AmountText<'a>,
}

#[derive(Deserialize)]
pub(super) struct Refund<'a> {
    #[serde(borrow)]
    pub(super) id: IdText<'a>,
    #[serde(borrow, default)]
    pub(super) amount: AmountText<'a>,
    #[serde(borrow, default)]
    pub(super) reason: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) created_at: Option<Cow<'a, str>>,
}
