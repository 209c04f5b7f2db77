//! Shopify's objects as our selections make them answer: whatever was not asked for is absent.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::upstream::{AmountText, IdText};

/// Rows of a list, and whether there are more.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", bound(deserialize = "T: Deserialize<'de>"))]
pub(super) struct Connection<T> {
    #[serde(default = "Vec::new")]
    pub(super) nodes: Vec<T>,
    #[serde(default)]
    pub(super) page_info: PageInfo,
}

impl<T> Default for Connection<T> {
    fn default() -> Self {
        Self { nodes: Vec::new(), page_info: PageInfo::default() }
    }
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PageInfo {
    #[serde(default)]
    pub(super) has_next_page: bool,
    #[serde(default)]
    pub(super) end_cursor: Option<String>,
}

impl PageInfo {
    /// Where the rest begins; `None` when this is all.
    pub(super) fn rest(self) -> Option<String> {
        if self.has_next_page { self.end_cursor } else { None }
    }
}

/// The shop, beside what was asked for.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Shop<'a> {
    #[serde(borrow, default)]
    pub(super) currency_code: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Money<'a> {
    #[serde(borrow, default)]
    pub(super) amount: AmountText<'a>,
    #[serde(borrow, default)]
    pub(super) currency_code: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct MoneyBag<'a> {
    #[serde(borrow)]
    pub(super) shop_money: Money<'a>,
    #[serde(borrow, default)]
    pub(super) presentment_money: Option<Money<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Reference<'a> {
    #[serde(borrow)]
    pub(super) legacy_resource_id: IdText<'a>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Metafield<'a> {
    #[serde(borrow, default)]
    pub(super) namespace: Cow<'a, str>,
    #[serde(borrow, default)]
    pub(super) key: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) json_value: &'a RawValue,
}

#[derive(Deserialize)]
pub(super) struct Attribute<'a> {
    #[serde(borrow, default)]
    pub(super) key: Cow<'a, str>,
    #[serde(borrow, default)]
    pub(super) value: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Product<'a> {
    #[serde(borrow)]
    pub(super) id: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) legacy_resource_id: IdText<'a>,
    #[serde(borrow, default)]
    pub(super) title: Cow<'a, str>,
    #[serde(borrow, default)]
    pub(super) description_html: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) status: Cow<'a, str>,
    #[serde(borrow, default)]
    pub(super) vendor: Option<Cow<'a, str>>,
    #[serde(default)]
    pub(super) tags: Vec<String>,
    #[serde(borrow, default)]
    pub(super) handle: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) seo: Option<Seo<'a>>,
    #[serde(default)]
    pub(super) is_gift_card: bool,
    #[serde(default)]
    pub(super) has_only_default_variant: bool,
    #[serde(default)]
    pub(super) has_variants_that_requires_components: bool,
    #[serde(default)]
    pub(super) options: Vec<OptionNames>,
    #[serde(borrow, default)]
    pub(super) price_range_v2: Option<PriceRange<'a>>,
    #[serde(borrow, default)]
    pub(super) compare_at_price_range: Option<CompareAtRange<'a>>,
    #[serde(borrow, default)]
    pub(super) media: Connection<Media<'a>>,
    #[serde(borrow, default)]
    pub(super) collections: Connection<Reference<'a>>,
    #[serde(borrow, default)]
    pub(super) metafields: Connection<Metafield<'a>>,
    #[serde(borrow, default)]
    pub(super) variants: Connection<Variant<'a>>,
    #[serde(borrow, default)]
    pub(super) created_at: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) updated_at: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
pub(super) struct Seo<'a> {
    #[serde(borrow, default)]
    pub(super) title: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) description: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
pub(super) struct OptionNames {
    #[serde(default)]
    pub(super) name: String,
    #[serde(default)]
    pub(super) values: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PriceRange<'a> {
    #[serde(borrow)]
    pub(super) min_variant_price: Money<'a>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CompareAtRange<'a> {
    #[serde(borrow)]
    pub(super) min_variant_compare_at_price: Money<'a>,
}

/// A picture, a film or a model; only pictures have an `image`.
#[derive(Deserialize)]
pub(super) struct Media<'a> {
    #[serde(borrow)]
    pub(super) id: Cow<'a, str>,
    #[serde(borrow, default)]
    pub(super) alt: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) image: Option<Image<'a>>,
}

#[derive(Deserialize)]
pub(super) struct Image<'a> {
    #[serde(borrow, default)]
    pub(super) url: Cow<'a, str>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Variant<'a> {
    #[serde(borrow)]
    pub(super) legacy_resource_id: IdText<'a>,
    #[serde(borrow, default)]
    pub(super) sku: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) barcode: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) price: AmountText<'a>,
    #[serde(borrow, default)]
    pub(super) compare_at_price: AmountText<'a>,
    #[serde(default)]
    pub(super) inventory_quantity: Option<i64>,
    #[serde(borrow, default)]
    pub(super) inventory_policy: Option<Cow<'a, str>>,
    #[serde(default)]
    pub(super) selected_options: Vec<SelectedOption>,
    #[serde(borrow, default)]
    pub(super) inventory_item: Option<InventoryItem<'a>>,
    #[serde(borrow, default)]
    pub(super) media: Connection<Node<'a>>,
}

#[derive(Deserialize)]
pub(super) struct Node<'a> {
    #[serde(borrow)]
    pub(super) id: Cow<'a, str>,
}

#[derive(Deserialize)]
pub(super) struct SelectedOption {
    #[serde(default)]
    pub(super) name: String,
    #[serde(default)]
    pub(super) value: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct InventoryItem<'a> {
    #[serde(borrow)]
    pub(super) id: Cow<'a, str>,
    #[serde(default)]
    pub(super) tracked: bool,
    #[serde(borrow, default)]
    pub(super) unit_cost: Option<Money<'a>>,
    #[serde(borrow, default)]
    pub(super) measurement: Option<Measurement<'a>>,
    #[serde(borrow, default)]
    pub(super) inventory_levels: Connection<Level<'a>>,
}

#[derive(Deserialize)]
pub(super) struct Measurement<'a> {
    #[serde(borrow, default)]
    pub(super) weight: Option<Weight<'a>>,
}

#[derive(Deserialize)]
pub(super) struct Weight<'a> {
    /// A JSON number.
    #[serde(borrow, default)]
    pub(super) value: AmountText<'a>,
    #[serde(borrow, default)]
    pub(super) unit: Cow<'a, str>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Level<'a> {
    #[serde(borrow)]
    pub(super) location: Reference<'a>,
    #[serde(borrow, default)]
    pub(super) quantities: Vec<Quantity<'a>>,
    #[serde(borrow, default)]
    pub(super) updated_at: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
pub(super) struct Quantity<'a> {
    #[serde(borrow, default)]
    pub(super) name: Cow<'a, str>,
    #[serde(default)]
    pub(super) quantity: Option<i64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Collection<'a> {
    #[serde(borrow)]
    pub(super) id: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) legacy_resource_id: IdText<'a>,
    #[serde(borrow, default)]
    pub(super) title: Cow<'a, str>,
    #[serde(borrow, default)]
    pub(super) handle: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Customer<'a> {
    #[serde(borrow)]
    pub(super) id: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) legacy_resource_id: IdText<'a>,
    #[serde(borrow, default)]
    pub(super) first_name: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) last_name: Option<Cow<'a, str>>,
    #[serde(default)]
    pub(super) tags: Vec<String>,
    #[serde(borrow, default)]
    pub(super) state: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) default_email_address: Option<EmailAddress<'a>>,
    #[serde(borrow, default)]
    pub(super) default_phone_number: Option<PhoneNumber<'a>>,
    #[serde(borrow, default)]
    pub(super) default_address: Option<Node<'a>>,
    #[serde(borrow, default)]
    pub(super) addresses_v2: Connection<Address<'a>>,
    #[serde(borrow, default)]
    pub(super) metafields: Connection<Metafield<'a>>,
    #[serde(borrow, default)]
    pub(super) created_at: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) updated_at: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct EmailAddress<'a> {
    #[serde(borrow, default)]
    pub(super) email_address: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) marketing_state: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PhoneNumber<'a> {
    #[serde(borrow, default)]
    pub(super) phone_number: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) sms_marketing_consent: Option<Consent<'a>>,
}

#[derive(Deserialize)]
pub(super) struct Consent<'a> {
    #[serde(borrow, default)]
    pub(super) state: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
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
    pub(super) address1: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) address2: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) city: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) province: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) province_code: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) zip: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) country_code_v2: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) phone: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Order<'a> {
    #[serde(borrow)]
    pub(super) id: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) legacy_resource_id: IdText<'a>,
    #[serde(borrow, default)]
    pub(super) name: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) display_financial_status: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) display_fulfillment_status: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) return_status: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) cancelled_at: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) closed_at: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) processed_at: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) updated_at: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) currency_code: Option<Cow<'a, str>>,
    #[serde(default)]
    pub(super) taxes_included: Option<bool>,
    #[serde(borrow, default)]
    pub(super) total_discounts_set: Option<MoneyBag<'a>>,
    #[serde(borrow, default)]
    pub(super) total_shipping_price_set: Option<MoneyBag<'a>>,
    #[serde(borrow, default)]
    pub(super) total_tax_set: Option<MoneyBag<'a>>,
    #[serde(borrow, default)]
    pub(super) total_price_set: Option<MoneyBag<'a>>,
    #[serde(borrow, default)]
    pub(super) total_received_set: Option<MoneyBag<'a>>,
    #[serde(borrow, default)]
    pub(super) total_refunded_set: Option<MoneyBag<'a>>,
    #[serde(borrow, default)]
    pub(super) email: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) customer: Option<Buyer<'a>>,
    #[serde(borrow, default)]
    pub(super) billing_address: Option<Address<'a>>,
    #[serde(borrow, default)]
    pub(super) shipping_address: Option<Address<'a>>,
    #[serde(borrow, default)]
    pub(super) note: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) source_name: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) custom_attributes: Vec<Attribute<'a>>,
    #[serde(borrow, default)]
    pub(super) metafields: Connection<Metafield<'a>>,
    #[serde(borrow, default)]
    pub(super) line_items: Connection<Line<'a>>,
    #[serde(borrow, default)]
    pub(super) shipping_lines: Connection<ShippingLine<'a>>,
    #[serde(borrow, default)]
    pub(super) refunds: Vec<Refund<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Buyer<'a> {
    #[serde(borrow)]
    pub(super) legacy_resource_id: IdText<'a>,
    #[serde(borrow, default)]
    pub(super) first_name: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) last_name: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) state: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Line<'a> {
    #[serde(borrow)]
    pub(super) id: Cow<'a, str>,
    #[serde(borrow, default)]
    pub(super) name: Cow<'a, str>,
    #[serde(borrow, default)]
    pub(super) sku: Option<Cow<'a, str>>,
    #[serde(default)]
    pub(super) quantity: i64,
    /// Null when the product was deleted.
    #[serde(borrow, default)]
    pub(super) product: Option<Reference<'a>>,
    #[serde(borrow, default)]
    pub(super) variant: Option<Reference<'a>>,
    #[serde(borrow, default)]
    pub(super) original_unit_price_set: Option<MoneyBag<'a>>,
    #[serde(borrow, default)]
    pub(super) original_total_set: Option<MoneyBag<'a>>,
    #[serde(borrow, default)]
    pub(super) discount_allocations: Vec<Allocation<'a>>,
    #[serde(borrow, default)]
    pub(super) tax_lines: Vec<Tax<'a>>,
    #[serde(borrow, default)]
    pub(super) custom_attributes: Vec<Attribute<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Allocation<'a> {
    #[serde(borrow)]
    pub(super) allocated_amount_set: MoneyBag<'a>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Tax<'a> {
    #[serde(borrow)]
    pub(super) price_set: MoneyBag<'a>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ShippingLine<'a> {
    #[serde(borrow, default)]
    pub(super) id: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) title: Cow<'a, str>,
    #[serde(borrow, default)]
    pub(super) code: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) discounted_price_set: Option<MoneyBag<'a>>,
    #[serde(borrow, default)]
    pub(super) tax_lines: Vec<Tax<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Refund<'a> {
    #[serde(borrow)]
    pub(super) legacy_resource_id: IdText<'a>,
    #[serde(borrow, default)]
    pub(super) note: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) created_at: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) total_refunded_set: Option<MoneyBag<'a>>,
}
