//! What a caller may write: the unified objects' fields that some platform can set.
//!
//! The shapes are those of the objects that are read, so that what was read can be changed and sent back. In a change (`PATCH`) an absent field
//! stays as it is, `null` empties it and a value sets it ([`Change`]). Variants, addresses and lines of a list that is given: see each type.
//!
//! Which of these fields a platform can set is a table of its connector, published in `GET /v1/platforms`; [`super::Entity::input_fields`] is their union.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer};

use super::{FinancialStatus, FulfillmentStatus, MetaField, OrderStatus, ProductStatus};
use crate::money::{Amount, Currency, Money};

/// What a caller wants of one field.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Change<T> {
    /// The field was not sent.
    #[default]
    Keep,
    /// The field was sent as `null`.
    Clear,
    /// The field was sent with this value.
    Set(T),
}

impl<T> Change<T> {
    /// The value that was sent, if one was.
    #[must_use]
    pub fn set(&self) -> Option<&T> {
        match self {
            Self::Set(value) => Some(value),
            Self::Keep | Self::Clear => None,
        }
    }

    /// Whether nothing was sent.
    #[must_use]
    pub fn is_keep(&self) -> bool {
        matches!(self, Self::Keep)
    }

    /// The same wish for a value in another form.
    pub fn map<U>(self, to: impl FnOnce(T) -> U) -> Change<U> {
        match self {
            Self::Keep => Change::Keep,
            Self::Clear => Change::Clear,
            Self::Set(value) => Change::Set(to(value)),
        }
    }

    /// `None` where nothing was sent, else what the platform shall hold: the value or, for `null`, `empty`.
    pub fn or_empty(self, empty: T) -> Option<T> {
        match self {
            Self::Keep => None,
            Self::Clear => Some(empty),
            Self::Set(value) => Some(value),
        }
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Change<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Option::<T>::deserialize(deserializer).map(|value| value.map_or(Self::Clear, Self::Set))
    }
}

#[cfg(feature = "schema")]
impl<T: schemars::JsonSchema> schemars::JsonSchema for Change<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        Option::<T>::schema_name()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        Option::<T>::json_schema(generator)
    }
}

/// A product to create or change.
#[derive(Clone, Debug, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct ProductInput {
    /// The name; needed to create one.
    pub name: Change<String>,
    /// The stock-keeping unit.
    pub sku: Change<String>,
    /// The description as HTML.
    pub description_html: Change<String>,
    /// Whether it can be seen and bought.
    pub status: Change<ProductStatus>,
    /// The brand's name.
    pub brand: Change<String>,
    /// Ids of all the categories it shall be in.
    pub categories: Change<Vec<String>>,
    /// All its tags, by name.
    pub tags: Change<Vec<String>>,
    /// All its pictures in order.
    pub images: Change<Vec<ImageInput>>,
    /// The options that tell its variants apart.
    pub options: Change<Vec<ProductOptionInput>>,
    /// Variants to change (by id) or to add (without one); those not listed stay.
    pub variants: Change<Vec<VariantInput>>,
    /// The price a buyer pays.
    pub price: Change<Money>,
    /// The price before a reduction.
    pub compare_at: Change<Money>,
    /// The platform's tax class.
    pub tax_class: Change<String>,
    /// What it weighs.
    pub weight: Change<WeightInput>,
    /// How large it is.
    pub dimensions: Change<DimensionsInput>,
    /// What search engines see.
    pub seo: Change<SeoInput>,
    /// Custom fields; those not listed stay.
    pub meta: Change<Vec<MetaField>>,
}

/// A picture, fetched by the platform from its address.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ImageInput {
    /// Where the platform finds it.
    pub url: String,
    /// The text for those who cannot see it.
    #[serde(default)]
    pub alt: Option<String>,
}

/// An option with the values it can take.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ProductOptionInput {
    /// The option's name.
    pub name: String,
    /// Its values.
    pub values: Vec<String>,
}

/// A variant to change (with an id) or to add (without).
#[derive(Clone, Debug, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct VariantInput {
    /// Which one; absent for a new one.
    pub id: Option<String>,
    /// The stock-keeping unit.
    pub sku: Change<String>,
    /// GTIN, EAN, UPC or ISBN.
    pub barcode: Change<String>,
    /// The value of each option.
    pub options: BTreeMap<String, String>,
    /// The price a buyer pays.
    pub price: Change<Money>,
    /// The price before a reduction.
    pub compare_at: Change<Money>,
    /// What the merchant paid.
    pub cost: Change<Money>,
    /// What it weighs.
    pub weight: Change<WeightInput>,
    /// How much there is.
    pub inventory: Change<StockInput>,
}

/// How much of a variant there shall be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct StockInput {
    /// Whether the store counts it.
    pub tracked: Option<bool>,
    /// How many there are.
    pub quantity: Option<i64>,
    /// Whether it can be ordered when there is none.
    pub backorder: Option<bool>,
}

/// A weight.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct WeightInput {
    /// The number, as a decimal string.
    pub value: Amount,
    /// `g`, `kg`, `lb`, `oz`; absent for the store's own unit.
    #[serde(default)]
    pub unit: Option<String>,
}

/// Outer measures.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct DimensionsInput {
    /// Length.
    pub length: Option<Amount>,
    /// Width.
    pub width: Option<Amount>,
    /// Height.
    pub height: Option<Amount>,
    /// `cm`, `in`, …; absent for the store's own unit.
    pub unit: Option<String>,
}

/// What search engines see.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct SeoInput {
    /// The last part of the address.
    pub slug: Change<String>,
    /// The page title.
    pub title: Change<String>,
    /// The description in search results.
    pub description: Change<String>,
}

/// A category to create or change.
#[derive(Clone, Debug, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct CategoryInput {
    /// Its name; needed to create one.
    pub name: Change<String>,
    /// The category above; `null` for the top.
    pub parent_id: Change<String>,
    /// The last part of its address.
    pub slug: Change<String>,
    /// Its place among its sisters.
    pub position: Change<i64>,
    /// Whether shoppers see it.
    pub visible: Change<bool>,
}

/// A customer to create or change. No `Debug`: it is personal data throughout.
#[derive(Clone, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct CustomerInput {
    /// The e-mail address; needed to create one.
    pub email: Change<String>,
    /// The telephone number.
    pub phone: Change<String>,
    /// First name.
    pub first_name: Change<String>,
    /// Last name.
    pub last_name: Change<String>,
    /// Customer groups, as the platform names them.
    pub groups: Change<Vec<String>>,
    /// All addresses, the one for billing first.
    pub addresses: Change<Vec<AddressInput>>,
    /// What the customer agreed to be sent.
    pub marketing: Change<MarketingInput>,
    /// Custom fields; those not listed stay.
    pub meta: Change<Vec<MetaField>>,
}

/// A postal address, whole. No `Debug`: it is personal data throughout.
#[derive(Clone, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct AddressInput {
    /// First name.
    pub first_name: Option<String>,
    /// Last name.
    pub last_name: Option<String>,
    /// Company.
    pub company: Option<String>,
    /// Street and number.
    pub line1: Option<String>,
    /// Second line.
    pub line2: Option<String>,
    /// City.
    pub city: Option<String>,
    /// State, province or region.
    pub region: RegionInput,
    /// Postcode.
    pub postcode: Option<String>,
    /// ISO 3166-1 alpha-2 code.
    pub country: Option<String>,
    /// Telephone number.
    pub phone: Option<String>,
    /// Tax number.
    pub tax_id: Option<String>,
}

/// A state, province or region. No `Debug`: it is part of an address.
#[derive(Clone, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct RegionInput {
    /// The platform's code of it.
    pub code: Option<String>,
    /// Its name.
    pub name: Option<String>,
}

/// What a customer agreed to be sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct MarketingInput {
    /// By e-mail.
    pub email: Option<bool>,
    /// By text message.
    pub sms: Option<bool>,
}

/// An order to create or change. No `Debug`: it carries a buyer's data.
#[derive(Clone, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct OrderInput {
    /// Where it shall stand as a whole.
    pub status: Change<OrderStatus>,
    /// Where the money shall stand.
    pub financial_status: Change<FinancialStatus>,
    /// Where the goods shall stand.
    pub fulfillment_status: Change<FulfillmentStatus>,
    /// The currency of every amount in it; the store's own if absent.
    pub currency: Change<Currency>,
    /// Who bought.
    pub customer: Change<OrderCustomerInput>,
    /// Who pays.
    pub billing: Change<AddressInput>,
    /// Where it goes.
    pub shipping: Change<AddressInput>,
    /// What was bought; needed to create one.
    pub lines: Change<Vec<LineInput>>,
    /// What shipping was chosen.
    pub shipping_lines: Change<Vec<ShippingLineInput>>,
    /// The buyer's note.
    pub note: Change<String>,
    /// Custom fields; those not listed stay.
    pub meta: Change<Vec<MetaField>>,
}

/// Who bought. No `Debug`: it is personal data throughout.
#[derive(Clone, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct OrderCustomerInput {
    /// The customer's id; absent for a guest.
    pub id: Option<String>,
    /// The e-mail address of the order.
    pub email: Option<String>,
    /// First name.
    pub first_name: Option<String>,
    /// Last name.
    pub last_name: Option<String>,
}

/// One line of an order to create.
#[derive(Clone, Debug, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct LineInput {
    /// The product.
    pub product_id: Option<String>,
    /// The variant.
    pub variant_id: Option<String>,
    /// The name of a line without a product.
    pub name: Option<String>,
    /// How many, at least 1.
    pub quantity: i64,
    /// The price of one without tax; the product's own if absent.
    pub unit_price: Option<Money>,
}

/// A way of shipping.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ShippingLineInput {
    /// What the buyer saw.
    pub title: String,
    /// The platform's code of the method.
    #[serde(default)]
    pub code: Option<String>,
    /// Its price without tax.
    #[serde(default)]
    pub total: Option<Money>,
}

/// A stock level to set.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct InventoryInput {
    /// How many can be sold.
    pub available: Change<i64>,
    /// Where; needed on platforms with several locations.
    pub location_id: Change<String>,
}

/// A basket to create or change.
#[derive(Clone, Debug, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct BasketInput {
    /// Lines to change (by id) or to add (by product); those not listed stay. A quantity of 0 takes a line out.
    pub lines: Change<Vec<BasketLineInput>>,
}

/// A line of a basket to change or to add.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct BasketLineInput {
    /// Which line; absent for a new one.
    pub id: Option<String>,
    /// The product of a new line.
    pub product_id: Option<String>,
    /// The variant of a new line.
    pub variant_id: Option<String>,
    /// How many; 0 takes the line out.
    pub quantity: i64,
}

#[cfg(test)]
mod tests {
    use serde::de::DeserializeOwned;
    use serde_json::{Value, json};

    use super::*;
    use crate::model::Entity;

    /// An object that has every field of the list, each with a value that its type takes.
    fn whole(entity: Entity) -> Value {
        let mut object = json!({});
        for path in entity.input_fields() {
            let path = path.strip_suffix(".*").unwrap_or(path);
            let mut place = &mut object;
            let parts: Vec<&str> = path.split('.').collect();
            for (index, part) in parts.iter().enumerate() {
                let is_list = matches!(
                    *part,
                    "images" | "options" | "variants" | "meta" | "addresses" | "lines" | "shipping_lines"
                ) && index + 1 < parts.len();
                let slot = &mut place[*part];
                if slot.is_null() {
                    *slot = if is_list { json!([{}]) } else { json!({}) };
                }
                place = if is_list { &mut slot[0] } else { slot };
            }
            *place = match *parts.last().unwrap() {
                "categories" | "tags" | "values" | "groups" => json!(["1"]),
                "quantity" | "available" | "position" => json!(1),
                "tracked" | "backorder" | "visible" => json!(true),
                "email" | "sms" if path.starts_with("marketing") => json!(true),
                "status" if entity == Entity::Orders => json!("open"),
                "status" => json!("active"),
                "financial_status" => json!("paid"),
                "fulfillment_status" => json!("fulfilled"),
                "options" => json!({ "Size": "S" }),
                "amount" | "length" | "width" | "height" => json!("1.50"),
                "value" if path.starts_with("meta") => json!({ "any": [1.10] }),
                "value" => json!("2"),
                "currency" => json!("EUR"),
                _ => json!("x"),
            };
        }
        object
    }

    fn reads<T: DeserializeOwned>(entity: Entity) {
        let object = whole(entity);
        let read = serde_json::from_str::<T>(&object.to_string());
        assert!(read.is_ok(), "{entity}: {:?} in {object}", read.err());
        for name in object.as_object().unwrap().keys() {
            let mut wrong = object.clone();
            wrong[name] = json!({ "no_such_field": 1 });
            assert!(serde_json::from_str::<T>(&wrong.to_string()).is_err(), "{entity}.{name}");
        }
    }

    #[test]
    fn every_listed_field_is_one() {
        reads::<ProductInput>(Entity::Products);
        reads::<OrderInput>(Entity::Orders);
        reads::<CustomerInput>(Entity::Customers);
        reads::<CategoryInput>(Entity::Categories);
        reads::<InventoryInput>(Entity::Inventory);
        reads::<BasketInput>(Entity::Baskets);
    }

    #[test]
    fn absent_null_and_a_value_are_three_things() {
        let read = |text: &str| serde_json::from_str::<CategoryInput>(text).unwrap().parent_id;
        assert_eq!(read("{}"), Change::Keep);
        assert_eq!(read(r#"{"parent_id":null}"#), Change::Clear);
        assert_eq!(read(r#"{"parent_id":"7"}"#), Change::Set("7".to_owned()));
        assert_eq!(read("{}").or_empty("0".to_owned()), None);
        assert_eq!(read(r#"{"parent_id":null}"#).or_empty("0".to_owned()).as_deref(), Some("0"));
    }

    #[test]
    fn amounts_are_text() {
        let read = |text: &str| serde_json::from_str::<ProductInput>(text).map(|product| product.price);
        assert!(matches!(read(r#"{"price":{"amount":"10.50","currency":"EUR"}}"#), Ok(Change::Set(_))));
        assert!(matches!(read(r#"{"price":{"amount":"10.50"}}"#), Ok(Change::Set(_))));
        for wrong in [r#"{"price":10.5}"#, r#"{"price":{"amount":10.5}}"#, r#"{"price":{"amount":"ten"}}"#] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
