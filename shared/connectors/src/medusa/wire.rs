//! The parts of Medusa's admin objects that are read, as a running 2.15 writes them (`fixtures/medusa`).
//!
//! An answer holds what its `fields` parameter asked for, so whatever is not an id may be missing. Amounts are numbers in major units; beside
//! most of them stands a `raw_…` twin for Medusa's own arithmetic, which is skipped.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use crate::upstream::AmountText;

/// `null` where a list or an object would be.
fn or_empty<'de, D: Deserializer<'de>, T: Default + Deserialize<'de>>(deserializer: D) -> Result<T, D::Error> {
    Option::<T>::deserialize(deserializer).map(Option::unwrap_or_default)
}

/// Custom fields by name.
pub(super) type Metadata<'a> = BTreeMap<String, &'a RawValue>;

#[derive(Deserialize)]
pub(super) struct Product<'a> {
    #[serde(borrow)]
    pub(super) id: Cow<'a, str>,
    #[serde(borrow, default)]
    pub(super) title: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) description: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) handle: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) status: Option<Cow<'a, str>>,
    #[serde(default)]
    pub(super) is_giftcard: Option<bool>,
    #[serde(borrow, default)]
    pub(super) weight: AmountText<'a>,
    #[serde(borrow, default)]
    pub(super) length: AmountText<'a>,
    #[serde(borrow, default)]
    pub(super) width: AmountText<'a>,
    #[serde(borrow, default)]
    pub(super) height: AmountText<'a>,
    #[serde(borrow, default, deserialize_with = "or_empty")]
    pub(super) categories: Vec<Reference<'a>>,
    #[serde(borrow, default, deserialize_with = "or_empty")]
    pub(super) tags: Vec<Tag<'a>>,
    #[serde(borrow, default, deserialize_with = "or_empty")]
    pub(super) images: Vec<Image<'a>>,
    #[serde(borrow, default, deserialize_with = "or_empty")]
    pub(super) options: Vec<ProductOption<'a>>,
    #[serde(borrow, default, deserialize_with = "or_empty")]
    pub(super) variants: Vec<Variant<'a>>,
    #[serde(borrow, default, deserialize_with = "or_empty")]
    pub(super) metadata: Metadata<'a>,
    #[serde(borrow, default)]
    pub(super) created_at: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) updated_at: Option<Cow<'a, str>>,
}

/// An object of which only the id is read.
#[derive(Deserialize)]
pub(super) struct Reference<'a> {
    #[serde(borrow)]
    pub(super) id: Cow<'a, str>,
}

#[derive(Deserialize)]
pub(super) struct Tag<'a> {
    #[serde(borrow, default)]
    pub(super) id: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub(super) value: Cow<'a, str>,
}

#[derive(Deserialize)]
pub(super) struct Image<'a> {
    #[serde(borrow, default)]
    pub(super) id: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub(super) url: Cow<'a, str>,
    #[serde(default)]
    pub(super) rank: Option<u32>,
}

#[derive(Deserialize)]
pub(super) struct ProductOption<'a> {
    #[serde(borrow, default)]
    pub(super) id: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub(super) title: Cow<'a, str>,
    #[serde(borrow, default, deserialize_with = "or_empty")]
    pub(super) values: Vec<Value<'a>>,
}

#[derive(Deserialize)]
pub(super) struct Value<'a> {
    #[serde(borrow)]
    pub(super) value: Cow<'a, str>,
}

#[derive(Deserialize)]
pub(super) struct Variant<'a> {
    #[serde(borrow)]
    pub(super) id: Cow<'a, str>,
    #[serde(borrow, default)]
    pub(super) sku: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) barcode: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) ean: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) upc: Option<Cow<'a, str>>,
    /// The address of the picture that shows it.
    #[serde(borrow, default)]
    pub(super) thumbnail: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) weight: AmountText<'a>,
    #[serde(default)]
    pub(super) manage_inventory: Option<bool>,
    #[serde(default)]
    pub(super) allow_backorder: Option<bool>,
    #[serde(borrow, default, deserialize_with = "or_empty")]
    pub(super) options: Vec<ChosenOption<'a>>,
    #[serde(borrow, default, deserialize_with = "or_empty")]
    pub(super) prices: Vec<Price<'a>>,
    #[serde(borrow, default, deserialize_with = "or_empty")]
    pub(super) inventory_items: Vec<Part<'a>>,
}

/// The value that a variant takes of an option.
#[derive(Deserialize)]
pub(super) struct ChosenOption<'a> {
    #[serde(borrow)]
    pub(super) value: Cow<'a, str>,
    #[serde(borrow, default)]
    pub(super) option: Option<OptionTitle<'a>>,
}

#[derive(Deserialize)]
pub(super) struct OptionTitle<'a> {
    #[serde(borrow, default)]
    pub(super) title: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
pub(super) struct Price<'a> {
    #[serde(borrow, default)]
    pub(super) id: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) amount: AmountText<'a>,
    #[serde(borrow)]
    pub(super) currency_code: Cow<'a, str>,
    #[serde(borrow, default)]
    pub(super) min_quantity: AmountText<'a>,
    #[serde(borrow, default)]
    pub(super) max_quantity: AmountText<'a>,
    /// What the price depends on: a region, a customer group.
    #[serde(borrow, default, deserialize_with = "or_empty")]
    pub(super) rules: Metadata<'a>,
}

/// What lies on the shelf for a variant; a kit has several.
#[derive(Deserialize)]
pub(super) struct Part<'a> {
    #[serde(borrow, default)]
    pub(super) inventory_item_id: Option<Cow<'a, str>>,
    /// How many of it one piece of the variant takes.
    #[serde(borrow, default)]
    pub(super) required_quantity: AmountText<'a>,
    #[serde(borrow, default)]
    pub(super) inventory: Option<InventoryItem<'a>>,
}

#[derive(Deserialize)]
pub(super) struct InventoryItem<'a> {
    #[serde(borrow, default, deserialize_with = "or_empty")]
    pub(super) location_levels: Vec<Level<'a>>,
}

/// `available_quantity` is left out on purpose: asked for through a variant it is missing unless the other two are asked for as well.
#[derive(Deserialize)]
pub(super) struct Level<'a> {
    #[serde(borrow)]
    pub(super) location_id: Cow<'a, str>,
    #[serde(borrow, default)]
    pub(super) stocked_quantity: AmountText<'a>,
    #[serde(borrow, default)]
    pub(super) reserved_quantity: AmountText<'a>,
    #[serde(borrow, default)]
    pub(super) updated_at: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
pub(super) struct Category<'a> {
    #[serde(borrow)]
    pub(super) id: Cow<'a, str>,
    #[serde(borrow, default)]
    pub(super) name: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) handle: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) parent_category_id: Option<Cow<'a, str>>,
    #[serde(default)]
    pub(super) rank: Option<i64>,
    #[serde(default)]
    pub(super) is_active: Option<bool>,
    #[serde(default)]
    pub(super) is_internal: Option<bool>,
}

#[derive(Deserialize)]
pub(super) struct Customer<'a> {
    #[serde(borrow)]
    pub(super) id: Cow<'a, str>,
    #[serde(borrow, default)]
    pub(super) email: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) phone: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) first_name: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) last_name: Option<Cow<'a, str>>,
    #[serde(default)]
    pub(super) has_account: Option<bool>,
    #[serde(borrow, default, deserialize_with = "or_empty")]
    pub(super) groups: Vec<Group<'a>>,
    #[serde(borrow, default, deserialize_with = "or_empty")]
    pub(super) addresses: Vec<Address<'a>>,
    #[serde(borrow, default, deserialize_with = "or_empty")]
    pub(super) metadata: Metadata<'a>,
    #[serde(borrow, default)]
    pub(super) created_at: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) updated_at: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
pub(super) struct Group<'a> {
    #[serde(borrow)]
    pub(super) name: Cow<'a, str>,
}

#[derive(Deserialize)]
pub(super) struct Address<'a> {
    #[serde(borrow, default)]
    pub(super) id: Option<Cow<'a, str>>,
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
    /// A code or a name: Medusa checks neither.
    #[serde(borrow, default)]
    pub(super) province: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) postal_code: Option<Cow<'a, str>>,
    /// In lower case.
    #[serde(borrow, default)]
    pub(super) country_code: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) phone: Option<Cow<'a, str>>,
    #[serde(default)]
    pub(super) is_default_billing: Option<bool>,
}

#[derive(Deserialize)]
pub(super) struct Order<'a> {
    #[serde(borrow)]
    pub(super) id: Cow<'a, str>,
    #[serde(default)]
    pub(super) display_id: Option<u64>,
    /// The merchant's own numbering, where there is one.
    #[serde(borrow, default)]
    pub(super) custom_display_id: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) status: Option<Cow<'a, str>>,
    #[serde(default)]
    pub(super) is_draft_order: Option<bool>,
    #[serde(borrow, default)]
    pub(super) payment_status: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) fulfillment_status: Option<Cow<'a, str>>,
    /// In lower case.
    #[serde(borrow, default)]
    pub(super) currency_code: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) email: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) customer_id: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) customer: Option<Buyer<'a>>,
    #[serde(borrow, default)]
    pub(super) sales_channel: Option<Channel<'a>>,
    /// The lines without tax, before discounts; `subtotal` would hold the shipping too.
    #[serde(borrow, default)]
    pub(super) item_subtotal: AmountText<'a>,
    #[serde(borrow, default)]
    pub(super) discount_subtotal: AmountText<'a>,
    #[serde(borrow, default)]
    pub(super) shipping_subtotal: AmountText<'a>,
    #[serde(borrow, default)]
    pub(super) tax_total: AmountText<'a>,
    /// The lines with tax, after discounts.
    #[serde(borrow, default)]
    pub(super) item_total: AmountText<'a>,
    /// The shipping with tax, after discounts.
    #[serde(borrow, default)]
    pub(super) shipping_total: AmountText<'a>,
    /// Less what was refunded.
    #[serde(borrow, default)]
    pub(super) total: AmountText<'a>,
    #[serde(borrow, default)]
    pub(super) summary: Option<Summary<'a>>,
    #[serde(borrow, default)]
    pub(super) billing_address: Option<Address<'a>>,
    #[serde(borrow, default)]
    pub(super) shipping_address: Option<Address<'a>>,
    #[serde(borrow, default, deserialize_with = "or_empty")]
    pub(super) items: Vec<Line<'a>>,
    #[serde(borrow, default, deserialize_with = "or_empty")]
    pub(super) shipping_methods: Vec<ShippingMethod<'a>>,
    #[serde(borrow, default, deserialize_with = "or_empty")]
    pub(super) payment_collections: Vec<PaymentCollection<'a>>,
    #[serde(borrow, default, deserialize_with = "or_empty")]
    pub(super) metadata: Metadata<'a>,
    #[serde(borrow, default)]
    pub(super) created_at: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) updated_at: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) canceled_at: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
pub(super) struct Buyer<'a> {
    #[serde(borrow, default)]
    pub(super) first_name: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) last_name: Option<Cow<'a, str>>,
    #[serde(default)]
    pub(super) has_account: Option<bool>,
}

#[derive(Deserialize)]
pub(super) struct Channel<'a> {
    #[serde(borrow, default)]
    pub(super) name: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
pub(super) struct Summary<'a> {
    #[serde(borrow, default)]
    pub(super) paid_total: AmountText<'a>,
    #[serde(borrow, default)]
    pub(super) refunded_total: AmountText<'a>,
}

#[derive(Deserialize)]
pub(super) struct Line<'a> {
    #[serde(borrow)]
    pub(super) id: Cow<'a, str>,
    #[serde(borrow, default)]
    pub(super) title: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) product_id: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) variant_id: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) variant_sku: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) quantity: AmountText<'a>,
    #[serde(borrow, default)]
    pub(super) unit_price: AmountText<'a>,
    #[serde(default)]
    pub(super) is_tax_inclusive: Option<bool>,
    #[serde(borrow, default)]
    pub(super) subtotal: AmountText<'a>,
    #[serde(borrow, default)]
    pub(super) discount_subtotal: AmountText<'a>,
    #[serde(borrow, default)]
    pub(super) tax_total: AmountText<'a>,
    /// The variant as it is now; gone with it.
    #[serde(borrow, default)]
    pub(super) variant: Option<LineVariant<'a>>,
}

#[derive(Deserialize)]
pub(super) struct LineVariant<'a> {
    #[serde(borrow, default, deserialize_with = "or_empty")]
    pub(super) options: Vec<ChosenOption<'a>>,
}

#[derive(Deserialize)]
pub(super) struct ShippingMethod<'a> {
    #[serde(borrow, default)]
    pub(super) id: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) name: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) shipping_option_id: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) subtotal: AmountText<'a>,
    #[serde(borrow, default)]
    pub(super) tax_total: AmountText<'a>,
}

#[derive(Deserialize)]
pub(super) struct PaymentCollection<'a> {
    #[serde(borrow, default, deserialize_with = "or_empty")]
    pub(super) payments: Vec<Payment<'a>>,
}

#[derive(Deserialize)]
pub(super) struct Payment<'a> {
    #[serde(borrow, default, deserialize_with = "or_empty")]
    pub(super) refunds: Vec<Refund<'a>>,
}

#[derive(Deserialize)]
pub(super) struct Refund<'a> {
    #[serde(borrow)]
    pub(super) id: Cow<'a, str>,
    #[serde(borrow, default)]
    pub(super) amount: AmountText<'a>,
    #[serde(borrow, default)]
    pub(super) note: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) created_at: Option<Cow<'a, str>>,
}

/// What the store itself says: its currencies and where new products go.
#[derive(Deserialize)]
pub(super) struct Stores<'a> {
    #[serde(borrow, default, deserialize_with = "or_empty")]
    pub(super) stores: Vec<Store<'a>>,
}

#[derive(Deserialize)]
pub(super) struct Store<'a> {
    #[serde(borrow, default, deserialize_with = "or_empty")]
    pub(super) supported_currencies: Vec<StoreCurrency<'a>>,
    #[serde(borrow, default)]
    pub(super) default_sales_channel_id: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) default_region_id: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
pub(super) struct StoreCurrency<'a> {
    #[serde(borrow)]
    pub(super) currency_code: Cow<'a, str>,
    #[serde(default)]
    pub(super) is_default: Option<bool>,
}

/// The regions that an order can be in.
#[derive(Deserialize)]
pub(super) struct Regions<'a> {
    #[serde(borrow, default, deserialize_with = "or_empty")]
    pub(super) regions: Vec<SalesRegion<'a>>,
}

#[derive(Deserialize)]
pub(super) struct SalesRegion<'a> {
    #[serde(borrow)]
    pub(super) id: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) currency_code: Cow<'a, str>,
    #[serde(borrow, default, deserialize_with = "or_empty")]
    pub(super) countries: Vec<Country<'a>>,
}

#[derive(Deserialize)]
pub(super) struct Country<'a> {
    /// In lower case.
    #[serde(borrow)]
    pub(super) iso_2: Cow<'a, str>,
}

/// The answer to a new draft order.
#[derive(Deserialize)]
pub(super) struct DraftOrder<'a> {
    #[serde(borrow)]
    pub(super) draft_order: Reference<'a>,
}

/// The tags of a name.
#[derive(Deserialize)]
pub(super) struct Tags<'a> {
    #[serde(borrow, default, deserialize_with = "or_empty")]
    pub(super) product_tags: Vec<Tag<'a>>,
}

/// The answer to a new tag.
#[derive(Deserialize)]
pub(super) struct NewTag<'a> {
    #[serde(borrow)]
    pub(super) product_tag: Tag<'a>,
}

/// The profiles by which products are shipped.
#[derive(Deserialize)]
pub(super) struct ShippingProfiles<'a> {
    #[serde(borrow, default, deserialize_with = "or_empty")]
    pub(super) shipping_profiles: Vec<Reference<'a>>,
}

/// `{"product": {…}}`.
#[derive(Deserialize)]
pub(super) struct OneProduct<'a> {
    #[serde(borrow)]
    pub(super) product: Product<'a>,
}

/// `{"customer": {…}}`.
#[derive(Deserialize)]
pub(super) struct OneCustomer<'a> {
    #[serde(borrow)]
    pub(super) customer: Customer<'a>,
}
