//! Magento's orders as unified ones (`platforms.md` 4.4): amounts in the order's currency, and one line for what Magento writes as two rows.

use std::collections::BTreeMap;

use domain::model::{
    FinancialStatus, FulfillmentStatus, Line, Order, OrderCustomer, OrderStatus, Refund, ShippingLine, Totals,
};
use domain::money::{Amount, Currency, Money};

use super::map::{address, utc};
use super::wire;
use crate::upstream::{AmountText, IdText, Item, optional};

/// An order without its refunds, which [`add_refunds`] puts in.
pub(super) fn order(item: Item<wire::Order<'_>>) -> Order {
    let Item { wire, remote } = item;
    let currency: Option<Currency> = wire.order_currency_code.parse().ok();
    let (status, financial_status, fulfillment_status) = statuses(&wire);
    let id = wire.entity_id.clone().into_string();
    let assignments = wire.extension_attributes.and_then(|extension| extension.shipping_assignments);
    let shipping = assignments.into_iter().flatten().find_map(|assignment| assignment.shipping);
    let method = shipping.as_ref().and_then(|shipping| optional(shipping.method.clone()));
    let customer_id = wire.customer_id.and_then(IdText::unless_zero);
    let shipping_lines = optional(wire.shipping_description).map(|title| ShippingLine {
        id: None,
        title,
        code: method,
        total: wire.shipping_amount.money(currency),
        tax: wire.shipping_tax_amount.money(currency),
    });
    Order {
        number: optional(wire.increment_id).unwrap_or_else(|| id.clone()),
        remote_id: id.clone(),
        id,
        status,
        financial_status,
        fulfillment_status,
        remote_status: wire.status.or(wire.state).unwrap_or_default().into_owned(),
        currency,
        totals: Totals {
            subtotal: wire.subtotal.money(currency),
            discount: positive(wire.discount_amount).map(|amount| Money::new(amount, currency)),
            shipping: wire.shipping_amount.money(currency),
            tax: wire.tax_amount.money(currency),
            total: wire.grand_total.money(currency),
            tax_included: None,
            paid: wire.total_paid.money(currency),
            refunded: wire.total_refunded.money(currency),
        },
        customer: OrderCustomer {
            is_guest: customer_id.is_none(),
            id: customer_id,
            email: optional(wire.customer_email),
            first_name: optional(wire.customer_firstname),
            last_name: optional(wire.customer_lastname),
        },
        billing: wire.billing_address.as_ref().map(address),
        shipping: shipping.and_then(|shipping| shipping.address).as_ref().map(address),
        lines: lines(wire.items.unwrap_or_default(), currency),
        shipping_lines: shipping_lines.into_iter().collect(),
        refunds: Vec::new(),
        meta: Vec::new(),
        placed_at: utc(wire.created_at.as_deref()),
        updated_at: utc(wire.updated_at.as_deref()),
        cancelled_at: None,
        source_time: None,
        note: optional(wire.customer_note),
        source: None,
        remote,
    }
}

fn statuses(order: &wire::Order<'_>) -> (OrderStatus, FinancialStatus, FulfillmentStatus) {
    let refunded = order.total_refunded.amount().is_some_and(|amount| !amount.is_zero());
    let paid = if refunded { FinancialStatus::PartiallyRefunded } else { FinancialStatus::Paid };
    let sent = sent(order.items.as_deref().unwrap_or_default());
    match order.state.as_deref().unwrap_or_default() {
        "processing" => (OrderStatus::Open, paid, sent),
        "complete" => (OrderStatus::Completed, paid, FulfillmentStatus::Fulfilled),
        "canceled" => (OrderStatus::Cancelled, FinancialStatus::Voided, sent),
        "closed" => (OrderStatus::Completed, FinancialStatus::Refunded, sent),
        // On hold for whatever reason: the money tells.
        "holded" if order.total_paid.amount().is_some_and(|amount| !amount.is_zero()) => {
            (OrderStatus::Open, paid, sent)
        }
        // new, pending_payment, payment_review, holded.
        _ => (OrderStatus::Open, FinancialStatus::Pending, sent),
    }
}

fn sent(lines: &[wire::Line<'_>]) -> FulfillmentStatus {
    // The child of a configurable product repeats its parent's numbers.
    let of_parents = || lines.iter().filter(|line| line.parent_item_id.is_none());
    let sum = |quantity: fn(&wire::Line<'_>) -> Option<i64>| of_parents().filter_map(quantity).sum::<i64>();
    match (sum(|line| line.qty_shipped.whole()), sum(|line| line.qty_ordered.whole())) {
        (0, _) => FulfillmentStatus::Unfulfilled,
        (sent, ordered) if sent < ordered => FulfillmentStatus::Partial,
        _ => FulfillmentStatus::Fulfilled,
    }
}

/// The rows without children; a child tells which variant its parent was bought as.
fn lines(rows: Vec<wire::Line<'_>>, currency: Option<Currency>) -> Vec<Line> {
    let mut variants: BTreeMap<String, String> = BTreeMap::new();
    for row in &rows {
        if let (Some(parent), Some(product)) = (row.parent_item_id.clone(), row.product_id.clone()) {
            variants.entry(parent.into_string()).or_insert_with(|| product.into_string());
        }
    }
    rows.into_iter().filter(|row| row.parent_item_id.is_none()).map(|row| line(row, &variants, currency)).collect()
}

fn line(wire: wire::Line<'_>, variants: &BTreeMap<String, String>, currency: Option<Currency>) -> Line {
    let id = wire.item_id.into_string();
    let product_id = wire.product_id.and_then(IdText::unless_zero);
    let discount = positive(wire.discount_amount);
    let total = match (wire.row_total.amount(), &discount) {
        (Some(total), Some(discount)) => total.checked_sub(discount),
        (total, _) => total,
    };
    Line {
        variant_id: variants.get(&id).cloned().or_else(|| product_id.clone()),
        id,
        product_id,
        sku: optional(wire.sku),
        name: wire.name.unwrap_or_default().into_owned(),
        quantity: wire.qty_ordered.whole().unwrap_or(0),
        unit_price: wire.price.money(currency),
        unit_price_inc_tax: wire.price_incl_tax.money(currency),
        discount: discount.map(|amount| Money::new(amount, currency)),
        tax: wire.tax_amount.money(currency),
        total: total.map(|amount| Money::new(amount, currency)),
        options: Vec::new(),
    }
}

/// Magento writes an order's discount below zero and a row's above.
fn positive(amount: AmountText<'_>) -> Option<Amount> {
    let amount = amount.amount()?;
    if amount.as_str().starts_with('-') {
        Amount::from_minor_units(0, 0).ok()?.checked_sub(&amount)
    } else {
        Some(amount)
    }
}

/// Puts credit memos into the orders that they belong to.
pub(super) fn add_refunds(orders: &mut [Order], memos: Vec<Item<wire::CreditMemo<'_>>>) {
    for Item { wire, .. } in memos {
        let order_id = wire.order_id.into_string();
        let Some(order) = orders.iter_mut().find(|order| order.id == order_id) else { continue };
        order.refunds.push(Refund {
            id: wire.entity_id.into_string(),
            amount: wire.grand_total.money(order.currency),
            reason: None,
            created_at: utc(wire.created_at.as_deref()),
        });
    }
}

/// Whether something was paid back on an order.
pub(super) fn has_refunds(order: &Order) -> bool {
    order.totals.refunded.as_ref().is_some_and(|refunded| !refunded.amount.is_zero())
}
