//! Carts as unified baskets. CoCart mixes its money: some amounts are texts of whole minor units, others numbers in major units, in one object.

use domain::model::{Basket, BasketLine, OrderCustomer, Totals};
use domain::money::{Currency, Money};
use http::HeaderMap;
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use super::wire;
use crate::connector::ReadError;
use crate::upstream::{AmountText, Item, optional};

/// The store's currency, and how many decimals its minor units stand for.
#[derive(Clone, Copy)]
pub(super) struct Unit {
    currency: Option<Currency>,
    decimals: u8,
}

impl Unit {
    fn money(self, amount: AmountText<'_>) -> Option<Money> {
        Some(Money::new(amount.mixed(self.decimals)?, self.currency))
    }
}

/// What a cart says of the store's currency.
pub(super) fn unit(wire: &wire::Cart<'_>) -> Option<Unit> {
    let currency = wire.currency.as_ref()?;
    Some(Unit { currency: currency.currency_code.parse().ok(), decimals: currency.currency_minor_unit })
}

/// A basket; `of_store` is the currency where the cart itself does not say it. Without any the amounts have no meaning and are left out.
pub(super) fn basket(
    item: Item<wire::Cart<'_>>,
    of_store: Option<Unit>,
    expires_at: Option<Timestamp>,
) -> Result<Basket, ReadError> {
    let Item { wire, remote } = item;
    let unit = unit(&wire).or(of_store);
    let money = |amount: AmountText<'_>| unit.and_then(|unit| unit.money(amount));
    let id = wire.key().ok_or(ReadError::Unreadable("a cart without its key"))?;
    let totals: wire::Totals<'_> = wire.totals.and_then(|raw| serde_json::from_str(raw.get()).ok()).unwrap_or_default();
    Ok(Basket {
        customer: wire.customer.and_then(|raw| customer(raw.get(), &id)),
        id,
        currency: unit.and_then(|unit| unit.currency),
        lines: wire.items.0.into_iter().map(|wire| line(wire, money)).collect(),
        totals: Totals {
            subtotal: money(totals.subtotal),
            discount: money(totals.discount_total),
            shipping: money(totals.shipping_total),
            tax: money(totals.total_tax),
            total: money(totals.total),
            tax_included: None,
            paid: None,
            refunded: None,
        },
        url: None,
        expires_at,
        remote,
    })
}

fn line<'a>(wire: wire::Line<'a>, money: impl Fn(AmountText<'a>) -> Option<Money>) -> BasketLine {
    let (kind, sku) = wire.meta.map_or((None, None), |meta| (meta.product_type, meta.sku));
    let id = wire.id.into_string();
    let is_variation = kind.is_some_and(|kind| kind.ends_with("variation"));
    BasketLine {
        id: wire.item_key.into_owned(),
        product_id: if is_variation { None } else { Some(id.clone()) },
        // A product without variations is its own variant.
        variant_id: Some(id),
        sku: optional(sku),
        name: wire.name.into_owned(),
        quantity: wire.quantity.value.whole().unwrap_or(0),
        unit_price: money(wire.price),
        total: wire.totals.and_then(|totals| money(totals.total)),
    }
}

/// Whose it is: a customer's cart has the customer's number for a key; a guest may have given a name.
fn customer(text: &str, key: &str) -> Option<OrderCustomer> {
    let billing = serde_json::from_str::<wire::Customer<'_>>(text).ok().and_then(|customer| customer.billing_address);
    let id = is_a_customers(key).then(|| key.to_owned());
    let (first_name, last_name, email) = billing.map_or((None, None, None), |billing| {
        (optional(billing.billing_first_name), optional(billing.billing_last_name), optional(billing.billing_email))
    });
    let is_known = id.is_some() || first_name.is_some() || last_name.is_some() || email.is_some();
    is_known.then(|| OrderCustomer { is_guest: id.is_none(), id, email, first_name, last_name })
}

/// Whether a cart key is a customer's number; guests' keys have letters.
pub(super) fn is_a_customers(key: &str) -> bool {
    key.bytes().all(|byte| byte.is_ascii_digit())
}

/// A row of the list of sessions as a basket without lines and sums.
pub(super) fn session(wire: wire::Session<'_>) -> Basket {
    let id = wire.cart_key.into_string();
    let customer_id = is_a_customers(&id).then(|| id.clone());
    let email = optional(wire.customers_email);
    let customer = (customer_id.is_some() || email.is_some()).then(|| OrderCustomer {
        is_guest: customer_id.is_none(),
        id: customer_id,
        email,
        first_name: None,
        last_name: None,
    });
    let none = Totals {
        subtotal: None,
        discount: None,
        shipping: None,
        tax: None,
        total: None,
        tax_included: None,
        paid: None,
        refunded: None,
    };
    Basket {
        id,
        customer,
        currency: None,
        lines: Vec::new(),
        totals: none,
        url: None,
        expires_at: wire.cart_expiry.as_deref().and_then(american),
        remote: None,
    }
}

/// `12/31/2026 23:59:59` in UTC.
fn american(text: &str) -> Option<Timestamp> {
    let time = DateTime::strptime("%m/%d/%Y %H:%M:%S", text).ok()?;
    Some(time.to_zoned(TimeZone::UTC).ok()?.timestamp())
}

/// When a cart vanishes: a header of its answer, in unix seconds; 0 for a cart that is not kept.
pub(super) fn expiry(headers: &HeaderMap) -> Option<Timestamp> {
    let seconds: i64 = headers.get("cocart-api-cart-expiration")?.to_str().ok()?.parse().ok()?;
    Timestamp::from_second(seconds).ok().filter(|_| seconds > 0)
}
