//! The parts of CoCart 4.4's carts and sessions that the unified basket needs.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use crate::upstream::{AmountText, IdText};

/// A cart, or a session's: the latter has no currency.
#[derive(Deserialize)]
pub(super) struct Cart<'a> {
    #[serde(borrow, default)]
    cart_key: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(super) currency: Option<Currency<'a>>,
    /// `{"billing_address": {…}}`; PHP writes what is empty as `[]`.
    #[serde(borrow, default)]
    pub(super) customer: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(super) items: Lines<'a>,
    #[serde(borrow, default)]
    pub(super) totals: Option<&'a RawValue>,
}

impl Cart<'_> {
    /// Its key: a text, or a customer's number. An anonymous cart that is not kept has an empty one.
    pub(super) fn key(&self) -> Option<String> {
        let key = self.cart_key?.get().trim_matches('"');
        if key.is_empty() || key == "null" { None } else { Some(key.to_owned()) }
    }
}

#[derive(Deserialize)]
pub(super) struct Currency<'a> {
    #[serde(borrow)]
    pub(super) currency_code: Cow<'a, str>,
    /// How many decimals the store's amounts have.
    pub(super) currency_minor_unit: u8,
}

#[derive(Deserialize)]
pub(super) struct Customer<'a> {
    #[serde(borrow, default)]
    pub(super) billing_address: Option<Billing<'a>>,
}

#[derive(Deserialize)]
pub(super) struct Billing<'a> {
    #[serde(borrow, default)]
    pub(super) billing_first_name: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) billing_last_name: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) billing_email: Option<Cow<'a, str>>,
}

/// The items: a list in a cart, an object by key in a session, `[]` when there are none.
#[derive(Default)]
pub(super) struct Lines<'a>(pub(super) Vec<Line<'a>>);

impl<'de: 'a, 'a> Deserialize<'de> for Lines<'a> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = Lines<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of items, or an object of them")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Lines<'de>, A::Error> {
                let mut lines = Vec::new();
                while let Some(line) = items.next_element()? {
                    lines.push(line);
                }
                Ok(Lines(lines))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut items: A) -> Result<Lines<'de>, A::Error> {
                let mut lines = Vec::new();
                while let Some((IgnoredAny, line)) = items.next_entry()? {
                    lines.push(line);
                }
                Ok(Lines(lines))
            }
        }
        deserializer.deserialize_any(Either)
    }
}

#[derive(Deserialize)]
pub(super) struct Line<'a> {
    #[serde(borrow)]
    pub(super) item_key: Cow<'a, str>,
    /// Of the variation, where there is one; its product is not named.
    #[serde(borrow)]
    pub(super) id: IdText<'a>,
    #[serde(borrow, default)]
    pub(super) name: Cow<'a, str>,
    #[serde(borrow, default)]
    pub(super) price: AmountText<'a>,
    #[serde(borrow)]
    pub(super) quantity: Quantity<'a>,
    #[serde(borrow, default)]
    pub(super) totals: Option<LineTotals<'a>>,
    #[serde(borrow, default)]
    pub(super) meta: Option<LineMeta<'a>>,
}

#[derive(Deserialize)]
pub(super) struct Quantity<'a> {
    #[serde(borrow, default)]
    pub(super) value: AmountText<'a>,
}

#[derive(Deserialize)]
pub(super) struct LineTotals<'a> {
    #[serde(borrow, default)]
    pub(super) total: AmountText<'a>,
}

#[derive(Deserialize)]
pub(super) struct LineMeta<'a> {
    #[serde(borrow, default)]
    pub(super) product_type: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) sku: Option<Cow<'a, str>>,
}

#[derive(Default, Deserialize)]
pub(super) struct Totals<'a> {
    #[serde(borrow, default)]
    pub(super) subtotal: AmountText<'a>,
    #[serde(borrow, default)]
    pub(super) discount_total: AmountText<'a>,
    #[serde(borrow, default)]
    pub(super) shipping_total: AmountText<'a>,
    #[serde(borrow, default)]
    pub(super) total_tax: AmountText<'a>,
    #[serde(borrow, default)]
    pub(super) total: AmountText<'a>,
}

/// A row of the list of sessions.
#[derive(Deserialize)]
pub(super) struct Session<'a> {
    #[serde(borrow)]
    cart_id: IdText<'a>,
    #[serde(borrow)]
    pub(super) cart_key: IdText<'a>,
    #[serde(borrow, default)]
    pub(super) customers_email: Option<Cow<'a, str>>,
    /// `m/d/Y H:i:s`, in UTC though CoCart's documents speak of the site's zone: it writes it with PHP's `gmdate`.
    #[serde(borrow, default)]
    pub(super) cart_expiry: Option<Cow<'a, str>>,
}

impl Session<'_> {
    /// Its number, by which the list is put in order.
    pub(super) fn number(&self) -> u64 {
        self.cart_id.clone().into_string().parse().unwrap_or(u64::MAX)
    }
}
