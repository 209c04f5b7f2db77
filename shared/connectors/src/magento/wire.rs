//! The parts of Magento 2's REST objects that the unified model needs, as its service contracts (`Magento\*\Api\Data`) serialise them.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::upstream::{AmountText, IdText};

/// What a search answers with.
#[derive(Deserialize)]
pub(super) struct Found<'a> {
    /// Null where a search finds nothing.
    #[serde(borrow, default)]
    pub(super) items: Option<&'a RawValue>,
    /// Of all rows that match, whatever the page.
    #[serde(default)]
    pub(super) total_count: usize,
}

#[derive(Deserialize)]
pub(super) struct Product<'a> {
    #[serde(borrow)]
    pub(super) id: IdText<'a>,
    #[serde(borrow, default)]
    pub(super) sku: Cow<'a, str>,
    #[serde(borrow, default)]
    pub(super) name: Option<Cow<'a, str>>,
    /// 1 enabled, 2 disabled.
    #[serde(borrow, default)]
    pub(super) status: Option<IdText<'a>>,
    #[serde(borrow, default)]
    pub(super) type_id: Cow<'a, str>,
    /// With four decimals; 0 for a configurable product, whose children have the prices.
    #[serde(borrow, default)]
    pub(super) price: AmountText<'a>,
    #[serde(borrow, default)]
    pub(super) weight: AmountText<'a>,
    #[serde(borrow, default)]
    pub(super) created_at: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) updated_at: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) extension_attributes: Option<ProductExtension<'a>>,
    #[serde(borrow, default)]
    pub(super) media_gallery_entries: Option<Vec<Media<'a>>>,
    #[serde(borrow, default)]
    pub(super) custom_attributes: Option<Vec<Attribute<'a>>>,
}

#[derive(Deserialize)]
pub(super) struct ProductExtension<'a> {
    #[serde(borrow, default)]
    pub(super) category_links: Option<Vec<CategoryLink<'a>>>,
    #[serde(borrow, default)]
    pub(super) configurable_product_options: Option<Vec<ConfigurableOption<'a>>>,
    /// Ids of the children. Older versions leave it out of lists.
    #[serde(borrow, default)]
    pub(super) configurable_product_links: Option<Vec<IdText<'a>>>,
}

#[derive(Deserialize)]
pub(super) struct CategoryLink<'a> {
    #[serde(borrow)]
    pub(super) category_id: IdText<'a>,
}

#[derive(Deserialize)]
pub(super) struct ConfigurableOption<'a> {
    #[serde(borrow)]
    pub(super) attribute_id: IdText<'a>,
    #[serde(borrow, default)]
    pub(super) label: Cow<'a, str>,
    #[serde(default)]
    pub(super) position: i64,
    #[serde(borrow, default)]
    pub(super) values: Option<Vec<OptionValue<'a>>>,
}

#[derive(Deserialize)]
pub(super) struct OptionValue<'a> {
    #[serde(borrow)]
    pub(super) value_index: IdText<'a>,
}

#[derive(Deserialize)]
pub(super) struct Media<'a> {
    #[serde(borrow)]
    pub(super) id: IdText<'a>,
    #[serde(borrow, default)]
    pub(super) media_type: Cow<'a, str>,
    #[serde(borrow, default)]
    pub(super) label: Option<Cow<'a, str>>,
    #[serde(default)]
    pub(super) position: i64,
    #[serde(default)]
    pub(super) disabled: bool,
    #[serde(borrow, default)]
    pub(super) file: Cow<'a, str>,
}

/// A text, a list of texts, or whatever an extension puts there.
#[derive(Deserialize)]
pub(super) struct Attribute<'a> {
    #[serde(borrow, default)]
    pub(super) attribute_code: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) value: &'a RawValue,
}

/// A row of `GET /products/attributes`.
#[derive(Deserialize)]
pub(super) struct AttributeType<'a> {
    #[serde(borrow)]
    pub(super) attribute_id: IdText<'a>,
    #[serde(borrow, default)]
    pub(super) attribute_code: Cow<'a, str>,
    #[serde(borrow, default)]
    pub(super) options: Option<Vec<AttributeOption<'a>>>,
}

#[derive(Deserialize)]
pub(super) struct AttributeOption<'a> {
    #[serde(borrow, default)]
    pub(super) label: Option<Cow<'a, str>>,
    /// The empty choice has an empty value.
    #[serde(borrow, default)]
    pub(super) value: Option<Cow<'a, str>>,
}

/// A row of `GET /store/storeConfigs`.
#[derive(Deserialize)]
pub(super) struct StoreConfig<'a> {
    #[serde(borrow, default)]
    pub(super) base_currency_code: Cow<'a, str>,
    #[serde(borrow, default)]
    pub(super) secure_base_media_url: Option<Cow<'a, str>>,
    /// `lbs` or `kgs`.
    #[serde(borrow, default)]
    pub(super) weight_unit: Cow<'a, str>,
}

/// A row of `GET /inventory/source-items`.
#[derive(Deserialize)]
pub(super) struct SourceItem<'a> {
    #[serde(borrow)]
    pub(super) sku: Cow<'a, str>,
    #[serde(borrow, default)]
    pub(super) source_code: Cow<'a, str>,
    #[serde(borrow, default)]
    pub(super) quantity: AmountText<'a>,
    /// 1 in stock, 0 not.
    #[serde(borrow, default)]
    pub(super) status: Option<IdText<'a>>,
}

/// `GET /stockItems/{sku}`.
#[derive(Deserialize)]
pub(super) struct StockItem<'a> {
    #[serde(borrow, default)]
    pub(super) qty: AmountText<'a>,
    #[serde(default)]
    pub(super) is_in_stock: bool,
}

#[derive(Deserialize)]
pub(super) struct Category<'a> {
    #[serde(borrow)]
    pub(super) id: IdText<'a>,
    #[serde(borrow, default)]
    pub(super) parent_id: Option<IdText<'a>>,
    #[serde(borrow, default)]
    pub(super) name: Option<Cow<'a, str>>,
    #[serde(default)]
    pub(super) is_active: Option<bool>,
    #[serde(default)]
    pub(super) position: Option<i64>,
    #[serde(borrow, default)]
    pub(super) custom_attributes: Option<Vec<Attribute<'a>>>,
}

#[derive(Deserialize)]
pub(super) struct Customer<'a> {
    #[serde(borrow)]
    pub(super) id: IdText<'a>,
    #[serde(borrow, default)]
    pub(super) group_id: Option<IdText<'a>>,
    #[serde(borrow, default)]
    pub(super) email: Cow<'a, str>,
    #[serde(borrow, default)]
    pub(super) firstname: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) lastname: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) website_id: Option<IdText<'a>>,
    #[serde(borrow, default)]
    pub(super) store_id: Option<IdText<'a>>,
    #[serde(borrow, default)]
    pub(super) created_at: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) updated_at: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) addresses: Option<Vec<Address<'a>>>,
    #[serde(default)]
    pub(super) extension_attributes: Option<CustomerExtension>,
    #[serde(borrow, default)]
    pub(super) custom_attributes: Option<Vec<Attribute<'a>>>,
}

#[derive(Deserialize)]
pub(super) struct CustomerExtension {
    #[serde(default)]
    pub(super) is_subscribed: Option<bool>,
}

/// A customer's address, where `region` is an object, or an order's, where it is a text.
#[derive(Clone, Deserialize)]
pub(super) struct Address<'a> {
    #[serde(borrow, default)]
    pub(super) firstname: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) lastname: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) company: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) street: Option<Vec<Cow<'a, str>>>,
    #[serde(borrow, default)]
    pub(super) city: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) region: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(super) region_code: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) postcode: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) country_id: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) telephone: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) vat_id: Option<Cow<'a, str>>,
    #[serde(default)]
    pub(super) default_billing: bool,
}

#[derive(Deserialize)]
pub(super) struct Region<'a> {
    #[serde(borrow, default)]
    pub(super) region_code: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) region: Option<Cow<'a, str>>,
}

/// Every amount comes twice: in the order's currency, and as `base_…` in the store's.
#[derive(Deserialize)]
pub(super) struct Order<'a> {
    #[serde(borrow)]
    pub(super) entity_id: IdText<'a>,
    #[serde(borrow, default)]
    pub(super) increment_id: Option<Cow<'a, str>>,
    /// Magento's own.
    #[serde(borrow, default)]
    pub(super) state: Option<Cow<'a, str>>,
    /// The merchant's word for it.
    #[serde(borrow, default)]
    pub(super) status: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) order_currency_code: Cow<'a, str>,
    #[serde(borrow, default)]
    pub(super) subtotal: AmountText<'a>,
    /// Zero or negative.
    #[serde(borrow, default)]
    pub(super) discount_amount: AmountText<'a>,
    #[serde(borrow, default)]
    pub(super) shipping_amount: AmountText<'a>,
    #[serde(borrow, default)]
    pub(super) shipping_tax_amount: AmountText<'a>,
    #[serde(borrow, default)]
    pub(super) tax_amount: AmountText<'a>,
    #[serde(borrow, default)]
    pub(super) grand_total: AmountText<'a>,
    #[serde(borrow, default)]
    pub(super) total_paid: AmountText<'a>,
    #[serde(borrow, default)]
    pub(super) total_refunded: AmountText<'a>,
    #[serde(borrow, default)]
    pub(super) customer_id: Option<IdText<'a>>,
    #[serde(borrow, default)]
    pub(super) customer_email: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) customer_firstname: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) customer_lastname: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) customer_note: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) shipping_description: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) created_at: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) updated_at: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) billing_address: Option<Address<'a>>,
    #[serde(borrow, default)]
    pub(super) items: Option<Vec<Line<'a>>>,
    #[serde(borrow, default)]
    pub(super) extension_attributes: Option<OrderExtension<'a>>,
}

#[derive(Deserialize)]
pub(super) struct OrderExtension<'a> {
    #[serde(borrow, default)]
    pub(super) shipping_assignments: Option<Vec<Assignment<'a>>>,
}

#[derive(Deserialize)]
pub(super) struct Assignment<'a> {
    #[serde(borrow, default)]
    pub(super) shipping: Option<Shipping<'a>>,
}

#[derive(Deserialize)]
pub(super) struct Shipping<'a> {
    #[serde(borrow, default)]
    pub(super) address: Option<Address<'a>>,
    #[serde(borrow, default)]
    pub(super) method: Option<Cow<'a, str>>,
}

/// A row of an order. What was bought of a configurable product comes as two: the parent with the money, and the child with the product.
#[derive(Deserialize)]
pub(super) struct Line<'a> {
    #[serde(borrow)]
    pub(super) item_id: IdText<'a>,
    #[serde(borrow, default)]
    pub(super) parent_item_id: Option<IdText<'a>>,
    #[serde(borrow, default)]
    pub(super) product_id: Option<IdText<'a>>,
    #[serde(borrow, default)]
    pub(super) sku: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) name: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) qty_ordered: AmountText<'a>,
    #[serde(borrow, default)]
    pub(super) qty_shipped: AmountText<'a>,
    #[serde(borrow, default)]
    pub(super) price: AmountText<'a>,
    #[serde(borrow, default)]
    pub(super) price_incl_tax: AmountText<'a>,
    #[serde(borrow, default)]
    pub(super) row_total: AmountText<'a>,
    #[serde(borrow, default)]
    pub(super) discount_amount: AmountText<'a>,
    #[serde(borrow, default)]
    pub(super) tax_amount: AmountText<'a>,
}

/// A row of `GET /creditmemos`.
#[derive(Deserialize)]
pub(super) struct CreditMemo<'a> {
    #[serde(borrow)]
    pub(super) entity_id: IdText<'a>,
    #[serde(borrow)]
    pub(super) order_id: IdText<'a>,
    #[serde(borrow, default)]
    pub(super) grand_total: AmountText<'a>,
    #[serde(borrow, default)]
    pub(super) created_at: Option<Cow<'a, str>>,
}
