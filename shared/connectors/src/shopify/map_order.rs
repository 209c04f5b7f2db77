//! Shopify's orders as unified ones (`platforms.md` 4.2 to 4.4): amounts in the shop's currency, the buyer's own beside them in `meta`.
//!
//! Where a shop's prices contain tax, so do Shopify's line and shipping prices; what the unified model wants without tax is computed
//! exactly, and left out where that cannot be done.

use domain::model::{Line, LineOption, MetaField, Order, OrderCustomer, Refund, ShippingLine, Totals};
use domain::money::{Amount, Currency, Money};
use serde_json::value::{RawValue, to_raw_value};

use super::map::{address, is_guest, meta, number};
use super::{status, wire};
use crate::upstream::{IdText, Item, optional, time};

/// What holds for every line of an order.
#[derive(Clone, Copy)]
pub(super) struct Terms {
    currency: Option<Currency>,
    /// Whether prices contain tax.
    gross: bool,
}

/// An order with what its lines are read with, as they may come in several answers.
pub(super) struct Reading {
    pub(super) order: Order,
    pub(super) terms: Terms,
}

pub(super) fn order(item: Item<wire::Order<'_>>) -> Reading {
    let Item { wire, remote } = item;
    let status = status::unified(&wire);
    let id = wire.legacy_resource_id.into_string();
    let currency: Option<Currency> = wire.currency_code.and_then(|code| code.parse().ok());
    let terms = Terms { currency, gross: wire.taxes_included == Some(true) };
    let mut fields: Vec<MetaField> =
        wire.custom_attributes.into_iter().filter_map(|it| attribute(&it.key, it.value.as_deref())).collect();
    fields.extend(presentment(wire.total_price_set.as_ref(), currency));
    fields.extend(meta(wire.metafields.nodes));
    let totals = Totals {
        subtotal: None,
        discount: shop(wire.total_discounts_set.as_ref(), currency),
        shipping: shop(wire.total_shipping_price_set.as_ref(), currency),
        tax: shop(wire.total_tax_set.as_ref(), currency),
        total: shop(wire.total_price_set.as_ref(), currency),
        tax_included: wire.taxes_included,
        paid: shop(wire.total_received_set.as_ref(), currency),
        refunded: shop(wire.total_refunded_set.as_ref(), currency),
    };
    let order = Order {
        number: optional(wire.name).unwrap_or_else(|| id.clone()),
        id,
        remote_id: wire.id.into_owned(),
        status: status.order,
        financial_status: status.financial,
        fulfillment_status: status.fulfillment,
        remote_status: status.remote,
        currency,
        totals,
        customer: buyer(wire.customer, optional(wire.email)),
        billing: wire.billing_address.and_then(address),
        shipping: wire.shipping_address.and_then(address),
        lines: Vec::new(),
        shipping_lines: Vec::new(),
        refunds: wire.refunds.into_iter().map(|it| refund(it, currency)).collect(),
        meta: fields,
        placed_at: time(wire.processed_at.as_deref()),
        updated_at: time(wire.updated_at.as_deref()),
        cancelled_at: time(wire.cancelled_at.as_deref()),
        source_time: None,
        note: optional(wire.note),
        source: optional(wire.source_name),
        remote,
    };
    let mut reading = Reading { order, terms };
    reading.add_lines(wire.line_items.nodes);
    reading.add_shipping(wire.shipping_lines.nodes);
    reading
}

impl Reading {
    /// Adds lines, and what they come to before discounts to the subtotal.
    pub(super) fn add_lines(&mut self, lines: Vec<wire::Line<'_>>) {
        for line in lines {
            let gross = line.original_total_set.as_ref().and_then(amount);
            let subtotal = match &self.order.totals.subtotal {
                None if self.order.lines.is_empty() => gross,
                None => None,
                Some(sum) => gross.and_then(|amount| sum.amount.checked_add(&amount)),
            };
            self.order.totals.subtotal = subtotal.map(|amount| Money::new(amount, self.terms.currency));
            self.order.lines.push(self::line(line, self.terms));
        }
    }

    /// Adds shipping lines, and takes their tax out of the total for shipping where prices contain it.
    pub(super) fn add_shipping(&mut self, lines: Vec<wire::ShippingLine<'_>>) {
        for line in lines {
            let line = shipping_line(line, self.terms);
            if let (true, Some(total), Some(tax)) = (self.terms.gross, &mut self.order.totals.shipping, &line.tax)
                && let Some(net) = total.amount.checked_sub(&tax.amount)
            {
                total.amount = net;
            }
            self.order.shipping_lines.push(line);
        }
    }
}

fn line(wire: wire::Line<'_>, terms: Terms) -> Line {
    let in_currency = |amount: Option<Amount>| amount.map(|amount| Money::new(amount, terms.currency));
    let unit_price = wire.original_unit_price_set.as_ref().and_then(amount);
    let tax = sum(wire.tax_lines.iter().map(|tax| amount(&tax.price_set)));
    let discount = sum(wire.discount_allocations.iter().map(|it| amount(&it.allocated_amount_set)));
    let has_tax = tax.as_ref().is_none_or(|tax| !tax.is_zero());
    let total = wire.original_total_set.as_ref().and_then(amount).and_then(|total| {
        let discounted = total.checked_sub(discount.as_ref()?)?;
        if terms.gross { discounted.checked_sub(tax.as_ref()?) } else { Some(discounted) }
    });
    Line {
        id: number(&wire.id),
        product_id: wire.product.map(|product| product.legacy_resource_id.into_string()),
        variant_id: wire.variant.map(|variant| variant.legacy_resource_id.into_string()),
        sku: optional(wire.sku),
        name: wire.name.into_owned(),
        quantity: wire.quantity,
        // The tax of one piece is not told, and the line's divided would be rounded.
        unit_price: in_currency(if terms.gross && has_tax { None } else { unit_price.clone() }),
        unit_price_inc_tax: in_currency(if terms.gross { unit_price } else { None }),
        discount: in_currency(discount),
        tax: in_currency(tax),
        total: in_currency(total),
        options: wire
            .custom_attributes
            .into_iter()
            // By the habit of Shopify's apps, these are for themselves.
            .filter(|it| !it.key.starts_with('_'))
            .filter_map(|it| Some(LineOption { name: it.key.into_owned(), value: it.value?.into_owned() }))
            .collect(),
    }
}

fn shipping_line(wire: wire::ShippingLine<'_>, terms: Terms) -> ShippingLine {
    let tax = sum(wire.tax_lines.iter().map(|tax| amount(&tax.price_set)));
    let price = wire.discounted_price_set.as_ref().and_then(amount);
    let total = price.and_then(|price| if terms.gross { price.checked_sub(tax.as_ref()?) } else { Some(price) });
    ShippingLine {
        id: wire.id.map(|id| number(&id)),
        title: wire.title.into_owned(),
        code: optional(wire.code),
        total: total.map(|amount| Money::new(amount, terms.currency)),
        tax: tax.map(|amount| Money::new(amount, terms.currency)),
    }
}

fn refund(wire: wire::Refund<'_>, currency: Option<Currency>) -> Refund {
    Refund {
        id: wire.legacy_resource_id.into_string(),
        amount: shop(wire.total_refunded_set.as_ref(), currency),
        reason: optional(wire.note),
        created_at: time(wire.created_at.as_deref()),
    }
}

fn buyer(wire: Option<wire::Buyer<'_>>, email: Option<String>) -> OrderCustomer {
    let Some(wire) = wire else {
        return OrderCustomer { id: None, email, first_name: None, last_name: None, is_guest: true };
    };
    OrderCustomer {
        is_guest: is_guest(wire.state.as_deref()),
        id: Some(IdText::into_string(wire.legacy_resource_id)),
        email,
        first_name: optional(wire.first_name),
        last_name: optional(wire.last_name),
    }
}

/// What the buyer saw, where that is another currency than the shop's: `presentment` with an amount and a currency.
fn presentment(total: Option<&wire::MoneyBag<'_>>, currency: Option<Currency>) -> Option<MetaField> {
    let money = total?.presentment_money.as_ref()?;
    let seen = Money::new(money.amount.amount()?, money.currency_code.as_ref().and_then(|code| code.parse().ok()));
    if seen.currency == currency {
        return None;
    }
    Some(MetaField { key: "presentment_total".to_owned(), value: to_raw_value(&seen).ok()? })
}

fn attribute(key: &str, value: Option<&str>) -> Option<MetaField> {
    let value: Box<RawValue> = to_raw_value(&value).ok()?;
    Some(MetaField { key: key.to_owned(), value })
}

fn amount(bag: &wire::MoneyBag<'_>) -> Option<Amount> {
    bag.shop_money.amount.amount()
}

fn shop(bag: Option<&wire::MoneyBag<'_>>, currency: Option<Currency>) -> Option<Money> {
    amount(bag?).map(|amount| Money::new(amount, currency))
}

/// The exact sum; `None` when a part of it cannot be read.
fn sum(mut amounts: impl Iterator<Item = Option<Amount>>) -> Option<Amount> {
    let zero = Amount::from_minor_units(0, 0).ok()?;
    amounts.try_fold(zero, |total, amount| total.checked_add(&amount?))
}
