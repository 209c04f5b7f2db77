//! The parts of the webservice's JSON that the unified model needs, as the vendor documents them. Numbers come as text or as numbers, by version.

use std::borrow::Cow;
use std::fmt;

use serde::de::{IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use crate::upstream::{AmountText, IdText};

/// `{"products": […]}`, or `[]` where there are none.
pub(super) struct List<'a>(Option<&'a RawValue>);

impl<'a> List<'a> {
    pub(super) fn rows(&self) -> &'a [u8] {
        self.0.map_or(b"[]", |rows| rows.get().as_bytes())
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for List<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Rows;
        impl<'de> Visitor<'de> for Rows {
            type Value = Option<&'de RawValue>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object with one list, or an empty list")
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
                match list.next_element::<IgnoredAny>()? {
                    None => Ok(None),
                    Some(_) => Err(serde::de::Error::custom("a list without its name")),
                }
            }
            fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self::Value, A::Error> {
                let mut rows = None;
                while let Some((IgnoredAny, value)) = members.next_entry::<IgnoredAny, &'de RawValue>()? {
                    rows = Some(value);
                }
                rows.map(Some).ok_or_else(|| serde::de::Error::custom("nothing in it"))
            }
        }
        deserializer.deserialize_any(Rows).map(List)
    }
}

/// A text once a language, or the only one.
#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum Texts {
    /// Every language's.
    Many(Vec<Translation>),
    /// The only one.
    One(String),
    /// None: `false` or `null`, by version.
    None(IgnoredAny),
}

#[derive(Deserialize)]
pub(super) struct Translation {
    id: Loose,
    value: Option<String>,
}

impl Default for Texts {
    fn default() -> Self {
        Self::Many(Vec::new())
    }
}

impl Texts {
    /// Whether some language's text is this one.
    pub(super) fn is(&self, text: &str) -> bool {
        match self {
            Self::None(_) => false,
            Self::One(one) => one == text,
            Self::Many(all) => all.iter().any(|translation| translation.value.as_deref() == Some(text)),
        }
    }

    /// The text in a language, or else in the first that has one.
    pub(super) fn take(self, language: Option<&str>) -> Option<String> {
        let text = match self {
            Self::None(_) => None,
            Self::One(text) => Some(text),
            Self::Many(mut all) => {
                all.retain(|translation| translation.value.as_ref().is_some_and(|text| !text.trim().is_empty()));
                let wanted =
                    all.iter().position(|translation| Some(translation.id.0.as_str()) == language).unwrap_or(0);
                if wanted < all.len() { all.swap_remove(wanted).value } else { None }
            }
        };
        text.filter(|text| !text.trim().is_empty())
    }
}

/// A number or a text, as text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Loose(pub(super) String);

impl<'de> Deserialize<'de> for Loose {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any;
        impl Visitor<'_> for Any {
            type Value = String;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number, a text or a switch")
            }
            fn visit_u64<E>(self, value: u64) -> Result<String, E> {
                Ok(value.to_string())
            }
            fn visit_i64<E>(self, value: i64) -> Result<String, E> {
                Ok(value.to_string())
            }
            fn visit_bool<E>(self, value: bool) -> Result<String, E> {
                Ok(if value { "1" } else { "0" }.to_owned())
            }
            fn visit_str<E>(self, value: &str) -> Result<String, E> {
                Ok(value.to_owned())
            }
            fn visit_unit<E>(self) -> Result<String, E> {
                Ok(String::new())
            }
        }
        deserializer.deserialize_any(Any).map(Loose)
    }
}

impl Loose {
    /// Whether a switch is on.
    pub(super) fn is_on(&self) -> bool {
        self.0 == "1"
    }

    /// The id of something, unless it is 0 or empty: PrestaShop writes "none" so.
    pub(super) fn id(&self) -> Option<&str> {
        super::is_id(&self.0).then_some(self.0.as_str())
    }
}

#[derive(Deserialize)]
pub(super) struct Ref {
    pub(super) id: Loose,
}

#[derive(Deserialize)]
pub(super) struct Setting {
    pub(super) name: String,
    pub(super) value: Option<Loose>,
}

#[derive(Deserialize)]
pub(super) struct CurrencyRow {
    pub(super) id: Loose,
    pub(super) iso_code: String,
}

#[derive(Deserialize)]
pub(super) struct Product<'a> {
    #[serde(borrow)]
    pub(super) id: IdText<'a>,
    #[serde(borrow, default)]
    pub(super) reference: Option<Cow<'a, str>>,
    #[serde(default)]
    pub(super) name: Texts,
    #[serde(default)]
    pub(super) description: Texts,
    #[serde(default)]
    pub(super) link_rewrite: Texts,
    #[serde(default)]
    pub(super) meta_title: Texts,
    #[serde(default)]
    pub(super) meta_description: Texts,
    #[serde(borrow, default)]
    pub(super) price: AmountText<'a>,
    pub(super) active: Option<Loose>,
    pub(super) is_virtual: Option<Loose>,
    #[serde(borrow, default)]
    pub(super) product_type: Option<Cow<'a, str>>,
    pub(super) manufacturer_name: Option<Loose>,
    pub(super) id_tax_rules_group: Option<Loose>,
    #[serde(borrow, default)]
    pub(super) ean13: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) upc: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) isbn: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) weight: AmountText<'a>,
    #[serde(borrow, default)]
    pub(super) width: AmountText<'a>,
    #[serde(borrow, default)]
    pub(super) height: AmountText<'a>,
    #[serde(borrow, default)]
    pub(super) depth: AmountText<'a>,
    #[serde(borrow, default)]
    pub(super) wholesale_price: AmountText<'a>,
    #[serde(borrow, default)]
    pub(super) date_add: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) date_upd: Option<Cow<'a, str>>,
    #[serde(default)]
    pub(super) associations: ProductLinks,
}

#[derive(Default, Deserialize)]
pub(super) struct ProductLinks {
    #[serde(default)]
    pub(super) categories: Vec<Ref>,
    #[serde(default)]
    pub(super) images: Vec<Ref>,
    #[serde(default)]
    pub(super) combinations: Vec<Ref>,
}

#[derive(Deserialize)]
pub(super) struct Combination<'a> {
    pub(super) id: Loose,
    pub(super) id_product: Loose,
    #[serde(borrow, default)]
    pub(super) reference: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) ean13: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) upc: Option<Cow<'a, str>>,
    /// What it costs more than its product.
    #[serde(borrow, default)]
    pub(super) price: AmountText<'a>,
    #[serde(borrow, default)]
    pub(super) wholesale_price: AmountText<'a>,
    #[serde(default)]
    pub(super) associations: CombinationLinks,
}

#[derive(Default, Deserialize)]
pub(super) struct CombinationLinks {
    #[serde(default)]
    pub(super) product_option_values: Vec<Ref>,
    #[serde(default)]
    pub(super) images: Vec<Ref>,
}

#[derive(Deserialize)]
pub(super) struct OptionValue {
    pub(super) id: Loose,
    pub(super) id_attribute_group: Loose,
    #[serde(default)]
    pub(super) name: Texts,
}

#[derive(Deserialize)]
pub(super) struct OptionRow {
    pub(super) id: Loose,
    #[serde(default)]
    pub(super) name: Texts,
}

#[derive(Clone, Deserialize)]
pub(super) struct Stock {
    pub(super) id: Loose,
    pub(super) id_product: Loose,
    pub(super) id_product_attribute: Loose,
    pub(super) quantity: Loose,
    /// 0 never, 1 yes, 2 as the shop's settings say.
    pub(super) out_of_stock: Option<Loose>,
}

#[derive(Deserialize)]
pub(super) struct Category<'a> {
    #[serde(borrow)]
    pub(super) id: IdText<'a>,
    pub(super) id_parent: Option<Loose>,
    pub(super) active: Option<Loose>,
    pub(super) position: Option<Loose>,
    #[serde(default)]
    pub(super) name: Texts,
    #[serde(default)]
    pub(super) link_rewrite: Texts,
}

#[derive(Deserialize)]
pub(super) struct Customer<'a> {
    #[serde(borrow)]
    pub(super) id: IdText<'a>,
    #[serde(borrow, default)]
    pub(super) email: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) firstname: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) lastname: Option<Cow<'a, str>>,
    pub(super) newsletter: Option<Loose>,
    pub(super) is_guest: Option<Loose>,
    #[serde(borrow, default)]
    pub(super) date_add: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) date_upd: Option<Cow<'a, str>>,
    #[serde(default)]
    pub(super) associations: CustomerLinks,
}

#[derive(Default, Deserialize)]
pub(super) struct CustomerLinks {
    #[serde(default)]
    pub(super) groups: Vec<Ref>,
}

#[derive(Clone, Deserialize)]
pub(super) struct Address {
    pub(super) id: Loose,
    pub(super) id_customer: Option<Loose>,
    pub(super) id_country: Option<Loose>,
    pub(super) id_state: Option<Loose>,
    pub(super) company: Option<String>,
    pub(super) firstname: Option<String>,
    pub(super) lastname: Option<String>,
    pub(super) address1: Option<String>,
    pub(super) address2: Option<String>,
    pub(super) postcode: Option<String>,
    pub(super) city: Option<String>,
    pub(super) phone: Option<String>,
    pub(super) phone_mobile: Option<String>,
    pub(super) vat_number: Option<String>,
    pub(super) deleted: Option<Loose>,
}

#[derive(Deserialize)]
pub(super) struct Country {
    pub(super) id: Loose,
    pub(super) iso_code: String,
}

#[derive(Deserialize)]
pub(super) struct StateRow {
    pub(super) id: Loose,
    pub(super) iso_code: Option<String>,
    pub(super) name: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Order<'a> {
    #[serde(borrow)]
    pub(super) id: IdText<'a>,
    pub(super) id_address_delivery: Option<Loose>,
    pub(super) id_address_invoice: Option<Loose>,
    pub(super) id_currency: Option<Loose>,
    pub(super) id_customer: Option<Loose>,
    pub(super) current_state: Option<Loose>,
    #[serde(borrow, default)]
    pub(super) module: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) reference: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) note: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) total_discounts_tax_excl: AmountText<'a>,
    #[serde(borrow, default)]
    pub(super) total_paid_tax_incl: AmountText<'a>,
    #[serde(borrow, default)]
    pub(super) total_paid_tax_excl: AmountText<'a>,
    #[serde(borrow, default)]
    pub(super) total_paid_real: AmountText<'a>,
    #[serde(borrow, default)]
    pub(super) total_products: AmountText<'a>,
    #[serde(borrow, default)]
    pub(super) total_shipping_tax_excl: AmountText<'a>,
    #[serde(borrow, default)]
    pub(super) total_shipping_tax_incl: AmountText<'a>,
    #[serde(borrow, default)]
    pub(super) date_add: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) date_upd: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) associations: OrderLinks<'a>,
}

#[derive(Default, Deserialize)]
pub(super) struct OrderLinks<'a> {
    #[serde(borrow, default)]
    pub(super) order_rows: Vec<OrderRow<'a>>,
}

#[derive(Deserialize)]
pub(super) struct OrderRow<'a> {
    pub(super) id: Loose,
    pub(super) product_id: Option<Loose>,
    pub(super) product_attribute_id: Option<Loose>,
    #[serde(borrow, default)]
    pub(super) product_quantity: AmountText<'a>,
    #[serde(borrow, default)]
    pub(super) product_name: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) product_reference: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) unit_price_tax_incl: AmountText<'a>,
    #[serde(borrow, default)]
    pub(super) unit_price_tax_excl: AmountText<'a>,
}

/// A state of orders; shops add their own, so its switches count and not its number.
#[derive(Deserialize)]
pub(super) struct OrderState {
    pub(super) id: Loose,
    pub(super) paid: Option<Loose>,
    pub(super) shipped: Option<Loose>,
    #[serde(default)]
    pub(super) template: Texts,
    #[serde(default)]
    pub(super) name: Texts,
}

#[derive(Deserialize)]
pub(super) struct OrderCustomer {
    pub(super) id: Loose,
    pub(super) email: Option<String>,
    pub(super) firstname: Option<String>,
    pub(super) lastname: Option<String>,
    pub(super) is_guest: Option<Loose>,
}
