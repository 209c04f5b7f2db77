//! The parts of BigCommerce's objects that the unified model needs, as its published OpenAPI documents (`bigcommerce/docs`, `reference/`) state
//! them: v3 for catalogue, customers, stock and carts, v2 for orders.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::upstream::{AmountText, IdText};

/// What v3 wraps every answer in.
#[derive(Deserialize)]
pub(super) struct Envelope<'a> {
    #[serde(borrow)]
    pub(super) data: &'a RawValue,
    #[serde(default)]
    pub(super) meta: Meta,
}

#[derive(Default, Deserialize)]
pub(super) struct Meta {
    #[serde(default)]
    pub(super) pagination: Option<Pagination>,
    /// How many rows of a batch could not be written (category trees).
    #[serde(default)]
    pub(super) failed: u32,
}

/// Of the rows that match the filter.
#[derive(Deserialize)]
pub(super) struct Pagination {
    #[serde(default)]
    pub(super) total: usize,
    #[serde(default)]
    pub(super) total_pages: u32,
}

#[derive(Deserialize)]
pub(super) struct Product<'a> {
    #[serde(borrow)]
    pub(super) id: IdText<'a>,
    #[serde(borrow, default)]
    pub(super) name: Cow<'a, str>,
    #[serde(borrow, rename = "type", default)]
    pub(super) kind: Cow<'a, str>,
    #[serde(borrow, default)]
    pub(super) sku: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) description: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) weight: AmountText<'a>,
    #[serde(borrow, default)]
    pub(super) width: AmountText<'a>,
    #[serde(borrow, default)]
    pub(super) depth: AmountText<'a>,
    #[serde(borrow, default)]
    pub(super) height: AmountText<'a>,
    #[serde(borrow, default)]
    pub(super) price: AmountText<'a>,
    /// 0 where there is none.
    #[serde(borrow, default)]
    pub(super) sale_price: AmountText<'a>,
    /// What a buyer pays: the sale price if there is one, else the price.
    #[serde(borrow, default)]
    pub(super) calculated_price: AmountText<'a>,
    #[serde(borrow, default)]
    pub(super) tax_class_id: Option<IdText<'a>>,
    #[serde(borrow, default)]
    pub(super) categories: Vec<IdText<'a>>,
    #[serde(borrow, default)]
    pub(super) brand_id: Option<IdText<'a>>,
    /// `none`, `product` or `variant`.
    #[serde(borrow, default)]
    pub(super) inventory_tracking: Cow<'a, str>,
    #[serde(borrow, default)]
    pub(super) inventory_level: AmountText<'a>,
    #[serde(default)]
    pub(super) is_visible: Option<bool>,
    /// `available`, `disabled` or `preorder`.
    #[serde(borrow, default)]
    pub(super) availability: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) page_title: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) meta_description: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) custom_url: Option<CustomUrl<'a>>,
    #[serde(borrow, default)]
    pub(super) date_created: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) date_modified: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) images: Vec<Image<'a>>,
    #[serde(borrow, default)]
    pub(super) custom_fields: Vec<CustomField<'a>>,
    /// With `include=variants`: never empty, for a product without options has its base variant.
    #[serde(borrow, default)]
    pub(super) variants: Vec<Variant<'a>>,
}

#[derive(Deserialize)]
pub(super) struct CustomUrl<'a> {
    #[serde(borrow, default)]
    pub(super) url: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
pub(super) struct Image<'a> {
    #[serde(borrow)]
    pub(super) id: IdText<'a>,
    #[serde(borrow, default)]
    pub(super) url_standard: Cow<'a, str>,
    #[serde(borrow, default)]
    pub(super) description: Option<Cow<'a, str>>,
    #[serde(default)]
    pub(super) sort_order: i64,
}

#[derive(Deserialize)]
pub(super) struct CustomField<'a> {
    #[serde(borrow, default)]
    pub(super) name: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) value: &'a RawValue,
}

/// A number that is null is the product's.
#[derive(Deserialize)]
pub(super) struct Variant<'a> {
    #[serde(borrow)]
    pub(super) id: IdText<'a>,
    #[serde(borrow)]
    pub(super) product_id: IdText<'a>,
    #[serde(borrow, default)]
    pub(super) sku: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) price: AmountText<'a>,
    #[serde(borrow, default)]
    pub(super) sale_price: AmountText<'a>,
    #[serde(borrow, default)]
    pub(super) calculated_price: AmountText<'a>,
    #[serde(borrow, default)]
    pub(super) cost_price: AmountText<'a>,
    #[serde(borrow, default)]
    pub(super) weight: AmountText<'a>,
    #[serde(borrow, default)]
    pub(super) upc: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) gtin: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) inventory_level: AmountText<'a>,
    /// Empty for the base variant of a product without options.
    #[serde(borrow, default)]
    pub(super) option_values: Vec<OptionValue<'a>>,
}

#[derive(Deserialize)]
pub(super) struct OptionValue<'a> {
    #[serde(borrow, default)]
    pub(super) option_display_name: Cow<'a, str>,
    #[serde(borrow, default)]
    pub(super) label: Cow<'a, str>,
}

#[derive(Deserialize)]
pub(super) struct Brand<'a> {
    #[serde(borrow)]
    pub(super) id: IdText<'a>,
    #[serde(borrow, default)]
    pub(super) name: Cow<'a, str>,
}

/// `GET /v2/store`.
#[derive(Deserialize)]
pub(super) struct Store<'a> {
    #[serde(borrow, default)]
    pub(super) currency: Cow<'a, str>,
    /// `LBS`, `Ounces`, `KGS`, `Grams` or `Tonnes`.
    #[serde(borrow, default)]
    pub(super) weight_units: Cow<'a, str>,
    /// `Inches` or `Centimeters`.
    #[serde(borrow, default)]
    pub(super) dimension_units: Cow<'a, str>,
}

/// A row of `GET /v3/catalog/trees/categories`.
#[derive(Deserialize)]
pub(super) struct Category<'a> {
    #[serde(borrow)]
    pub(super) category_id: IdText<'a>,
    #[serde(borrow, default)]
    pub(super) parent_id: Option<IdText<'a>>,
    #[serde(borrow, default)]
    pub(super) name: Cow<'a, str>,
    #[serde(default)]
    pub(super) sort_order: Option<i64>,
    #[serde(default)]
    pub(super) is_visible: Option<bool>,
    #[serde(borrow, default)]
    pub(super) url: Option<CategoryUrl<'a>>,
}

#[derive(Deserialize)]
pub(super) struct CategoryUrl<'a> {
    #[serde(borrow, default)]
    pub(super) path: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
pub(super) struct Customer<'a> {
    #[serde(borrow)]
    pub(super) id: IdText<'a>,
    #[serde(borrow, default)]
    pub(super) email: Cow<'a, str>,
    #[serde(borrow, default)]
    pub(super) first_name: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) last_name: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) phone: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) customer_group_id: Option<IdText<'a>>,
    #[serde(borrow, default)]
    pub(super) date_created: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) date_modified: Option<Cow<'a, str>>,
    /// How many there are; `addresses` holds ten of them at most.
    #[serde(default)]
    pub(super) address_count: usize,
    #[serde(borrow, default)]
    pub(super) addresses: Vec<CustomerAddress<'a>>,
}

#[derive(Deserialize)]
pub(super) struct CustomerAddress<'a> {
    #[serde(borrow)]
    pub(super) id: IdText<'a>,
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
    pub(super) state_or_province: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) postal_code: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) country_code: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) phone: Option<Cow<'a, str>>,
}

/// A row of `GET /v3/inventory/items`.
#[derive(Deserialize)]
pub(super) struct InventoryItem<'a> {
    #[serde(borrow)]
    pub(super) identity: Identity<'a>,
    #[serde(borrow, default)]
    pub(super) locations: Vec<&'a RawValue>,
}

#[derive(Deserialize)]
pub(super) struct Identity<'a> {
    #[serde(borrow)]
    pub(super) variant_id: IdText<'a>,
    #[serde(borrow)]
    pub(super) product_id: IdText<'a>,
    /// Null for the base variant of a product without options.
    #[serde(borrow, default)]
    pub(super) sku_id: Option<IdText<'a>>,
}

#[derive(Deserialize)]
pub(super) struct InventoryLocation<'a> {
    #[serde(borrow)]
    pub(super) location_id: IdText<'a>,
    #[serde(borrow, default)]
    pub(super) available_to_sell: AmountText<'a>,
    #[serde(borrow, default)]
    pub(super) total_inventory_onhand: AmountText<'a>,
}

/// A v2 order with `include=consignments.line_items&consignment_structure=object`. Amounts are text.
#[derive(Deserialize)]
pub(super) struct Order<'a> {
    #[serde(borrow)]
    pub(super) id: IdText<'a>,
    /// 0 for a guest.
    #[serde(borrow, default)]
    pub(super) customer_id: Option<IdText<'a>>,
    /// RFC 2822, as is the next.
    #[serde(borrow, default)]
    pub(super) date_created: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) date_modified: Option<Cow<'a, str>>,
    #[serde(default)]
    pub(super) status_id: i64,
    #[serde(borrow, default)]
    pub(super) status: Cow<'a, str>,
    #[serde(borrow, default)]
    pub(super) payment_status: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) subtotal_ex_tax: AmountText<'a>,
    #[serde(borrow, default)]
    pub(super) shipping_cost_ex_tax: AmountText<'a>,
    #[serde(borrow, default)]
    pub(super) total_inc_tax: AmountText<'a>,
    #[serde(borrow, default)]
    pub(super) total_tax: AmountText<'a>,
    /// What was taken off by hand and by promotions; coupons come on top.
    #[serde(borrow, default)]
    pub(super) discount_amount: AmountText<'a>,
    #[serde(borrow, default)]
    pub(super) coupon_discount: AmountText<'a>,
    #[serde(borrow, default)]
    pub(super) refunded_amount: AmountText<'a>,
    #[serde(default)]
    pub(super) is_tax_inclusive_pricing: Option<bool>,
    #[serde(borrow, default)]
    pub(super) items_total: AmountText<'a>,
    #[serde(borrow, default)]
    pub(super) items_shipped: AmountText<'a>,
    /// What the shopper pays in; `currency_code` is only what was shown.
    #[serde(borrow, default)]
    pub(super) default_currency_code: Cow<'a, str>,
    #[serde(borrow, default)]
    pub(super) customer_message: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) order_source: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) billing_address: Option<OrderAddress<'a>>,
    #[serde(borrow, default)]
    pub(super) consignments: Option<Consignments<'a>>,
}

#[derive(Deserialize)]
pub(super) struct OrderAddress<'a> {
    #[serde(borrow, default)]
    pub(super) first_name: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) last_name: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) company: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) street_1: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) street_2: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) city: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) state: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) zip: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) country_iso2: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) phone: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) email: Option<Cow<'a, str>>,
}

/// Everything that was bought stands in exactly one of these.
#[derive(Default, Deserialize)]
pub(super) struct Consignments<'a> {
    #[serde(borrow, default)]
    pub(super) shipping: Vec<Shipping<'a>>,
    #[serde(borrow, default)]
    pub(super) pickups: Vec<Delivered<'a>>,
    #[serde(borrow, default)]
    pub(super) downloads: Vec<Delivered<'a>>,
    #[serde(borrow, default)]
    pub(super) email: Option<ByEmail<'a>>,
}

#[derive(Deserialize)]
pub(super) struct Shipping<'a> {
    #[serde(borrow)]
    pub(super) id: IdText<'a>,
    #[serde(borrow, flatten)]
    pub(super) address: OrderAddress<'a>,
    #[serde(borrow, default)]
    pub(super) shipping_method: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) cost_ex_tax: AmountText<'a>,
    #[serde(borrow, default)]
    pub(super) cost_tax: AmountText<'a>,
    #[serde(borrow, default)]
    pub(super) line_items: Vec<Line<'a>>,
}

#[derive(Deserialize)]
pub(super) struct Delivered<'a> {
    #[serde(borrow, default)]
    pub(super) line_items: Vec<Line<'a>>,
}

#[derive(Deserialize)]
pub(super) struct ByEmail<'a> {
    #[serde(borrow, default)]
    pub(super) gift_certificates: Vec<Delivered<'a>>,
}

#[derive(Deserialize)]
pub(super) struct Line<'a> {
    #[serde(borrow)]
    pub(super) id: IdText<'a>,
    /// 0 for a line without a product of the catalogue.
    #[serde(borrow, default)]
    pub(super) product_id: Option<IdText<'a>>,
    #[serde(borrow, default)]
    pub(super) variant_id: Option<IdText<'a>>,
    #[serde(borrow, default)]
    pub(super) name: Cow<'a, str>,
    #[serde(borrow, default)]
    pub(super) sku: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) quantity: AmountText<'a>,
    #[serde(borrow, default)]
    pub(super) price_ex_tax: AmountText<'a>,
    #[serde(borrow, default)]
    pub(super) price_inc_tax: AmountText<'a>,
    /// Before discounts.
    #[serde(borrow, default)]
    pub(super) total_ex_tax: AmountText<'a>,
    #[serde(borrow, default)]
    pub(super) total_tax: AmountText<'a>,
    #[serde(borrow, default)]
    pub(super) applied_discounts: Vec<Discount<'a>>,
    #[serde(borrow, default)]
    pub(super) product_options: Vec<ProductOption<'a>>,
}

#[derive(Deserialize)]
pub(super) struct Discount<'a> {
    #[serde(borrow, default)]
    pub(super) amount: AmountText<'a>,
}

#[derive(Deserialize)]
pub(super) struct ProductOption<'a> {
    #[serde(borrow, default)]
    pub(super) display_name: Cow<'a, str>,
    #[serde(borrow, default)]
    pub(super) display_value: Cow<'a, str>,
}

/// A row of `GET /v3/orders/payment_actions/refunds`.
#[derive(Deserialize)]
pub(super) struct Refund<'a> {
    #[serde(borrow)]
    pub(super) id: IdText<'a>,
    #[serde(borrow)]
    pub(super) order_id: IdText<'a>,
    #[serde(borrow, default)]
    pub(super) reason: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) total_amount: AmountText<'a>,
    #[serde(borrow, default)]
    pub(super) created: Option<Cow<'a, str>>,
}

/// A v3 cart.
#[derive(Deserialize)]
pub(super) struct Cart<'a> {
    #[serde(borrow)]
    pub(super) id: IdText<'a>,
    #[serde(borrow, default)]
    pub(super) customer_id: Option<IdText<'a>>,
    #[serde(borrow, default)]
    pub(super) email: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) currency: Option<CartCurrency<'a>>,
    #[serde(default)]
    pub(super) tax_included: Option<bool>,
    /// Before discounts.
    #[serde(borrow, default)]
    pub(super) base_amount: AmountText<'a>,
    #[serde(borrow, default)]
    pub(super) discount_amount: AmountText<'a>,
    #[serde(borrow, default)]
    pub(super) cart_amount: AmountText<'a>,
    #[serde(borrow, default)]
    pub(super) line_items: CartItems<'a>,
    #[serde(borrow, default)]
    pub(super) redirect_urls: Option<RedirectUrls<'a>>,
}

#[derive(Deserialize)]
pub(super) struct CartCurrency<'a> {
    #[serde(borrow, default)]
    pub(super) code: Cow<'a, str>,
}

#[derive(Deserialize)]
pub(super) struct RedirectUrls<'a> {
    #[serde(borrow, default)]
    pub(super) cart_url: Option<Cow<'a, str>>,
}

#[derive(Default, Deserialize)]
pub(super) struct CartItems<'a> {
    #[serde(borrow, default)]
    pub(super) physical_items: Vec<CartItem<'a>>,
    #[serde(borrow, default)]
    pub(super) digital_items: Vec<CartItem<'a>>,
    #[serde(borrow, default)]
    pub(super) custom_items: Vec<CartItem<'a>>,
}

#[derive(Deserialize)]
pub(super) struct CartItem<'a> {
    #[serde(borrow)]
    pub(super) id: IdText<'a>,
    #[serde(borrow, default)]
    pub(super) product_id: Option<IdText<'a>>,
    #[serde(borrow, default)]
    pub(super) variant_id: Option<IdText<'a>>,
    #[serde(borrow, default)]
    pub(super) sku: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) name: Cow<'a, str>,
    #[serde(borrow, default)]
    pub(super) quantity: AmountText<'a>,
    #[serde(borrow, default)]
    pub(super) list_price: AmountText<'a>,
    #[serde(borrow, default)]
    pub(super) sale_price: AmountText<'a>,
    #[serde(borrow, default)]
    pub(super) extended_sale_price: AmountText<'a>,
}
