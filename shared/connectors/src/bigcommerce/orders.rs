//! BigCommerce's v2 orders as unified ones (`platforms.md` 4.4), with their refunds, which come from a call of their own.

use domain::model::{
    Address, FinancialStatus, FulfillmentStatus, Line, LineOption, Order, OrderCustomer, OrderStatus, Refund, Region,
    ShippingLine, Totals,
};
use domain::money::{Amount, Currency, Money};
use jiff::Timestamp;

use super::wire;
use crate::upstream::{AmountText, IdText, Item, optional, time};

/// Whether an order is not one yet: a checkout that reached the payment page and went no further.
pub(super) fn is_hidden(order: &wire::Order<'_>) -> bool {
    order.status_id == 0
}

/// The three unified statuses of a status id. What the id leaves open is decided by the payment's status and by what was sent.
fn statuses(order: &wire::Order<'_>) -> (OrderStatus, FinancialStatus, FulfillmentStatus) {
    let sent = match (order.items_shipped.whole().unwrap_or(0), order.items_total.whole().unwrap_or(0)) {
        (0, _) => FulfillmentStatus::Unfulfilled,
        (sent, total) if sent < total => FulfillmentStatus::Partial,
        _ => FulfillmentStatus::Fulfilled,
    };
    let is_all_sent = sent == FulfillmentStatus::Fulfilled;
    let payment = order.payment_status.as_deref().unwrap_or_default();
    let paid = match payment {
        "authorized" | "capture pending" => FinancialStatus::Authorized,
        "partially refunded" => FinancialStatus::PartiallyRefunded,
        _ => FinancialStatus::Paid,
    };
    match order.status_id {
        2 | 10 => (OrderStatus::Completed, paid, FulfillmentStatus::Fulfilled),
        3 => (OrderStatus::Open, paid, FulfillmentStatus::Partial),
        4 => (OrderStatus::Completed, FinancialStatus::Refunded, sent),
        5 => (
            OrderStatus::Cancelled,
            if payment == "refunded" { FinancialStatus::Refunded } else { FinancialStatus::Voided },
            sent,
        ),
        6 => (OrderStatus::Open, FinancialStatus::Failed, FulfillmentStatus::Unfulfilled),
        8 | 9 | 11 => (OrderStatus::Open, paid, FulfillmentStatus::Unfulfilled),
        13 => (OrderStatus::Open, paid, sent),
        14 => (
            if is_all_sent { OrderStatus::Completed } else { OrderStatus::Open },
            FinancialStatus::PartiallyRefunded,
            sent,
        ),
        // 1 pending, 7 awaiting payment, 12 to be verified; and whatever BigCommerce may add.
        _ => (OrderStatus::Open, FinancialStatus::Pending, sent),
    }
}

/// The status id that a wish for the unified statuses means; `None` when BigCommerce has none for it.
pub(super) fn status_id(
    status: Option<OrderStatus>,
    financial: Option<FinancialStatus>,
    fulfillment: Option<FulfillmentStatus>,
) -> Option<u8> {
    Some(match (status, financial, fulfillment) {
        (
            Some(OrderStatus::Cancelled),
            None | Some(FinancialStatus::Voided),
            None | Some(FulfillmentStatus::Unfulfilled),
        ) => 5,
        (None | Some(OrderStatus::Completed), Some(FinancialStatus::Refunded), None) => 4,
        (None, Some(FinancialStatus::PartiallyRefunded), None) => 14,
        (
            None | Some(OrderStatus::Open),
            Some(FinancialStatus::Failed),
            None | Some(FulfillmentStatus::Unfulfilled),
        ) => 6,
        (
            Some(OrderStatus::Completed),
            None | Some(FinancialStatus::Paid),
            None | Some(FulfillmentStatus::Fulfilled),
        ) => 10,
        (None, None | Some(FinancialStatus::Paid), Some(FulfillmentStatus::Fulfilled)) => 2,
        (None | Some(OrderStatus::Open), None | Some(FinancialStatus::Paid), Some(FulfillmentStatus::Partial)) => 3,
        (None | Some(OrderStatus::Open), Some(FinancialStatus::Paid), None | Some(FulfillmentStatus::Unfulfilled)) => {
            11
        }
        (
            None | Some(OrderStatus::Open),
            Some(FinancialStatus::Pending),
            None | Some(FulfillmentStatus::Unfulfilled),
        ) => 7,
        (Some(OrderStatus::Open), None, None | Some(FulfillmentStatus::Unfulfilled)) => 1,
        _ => return None,
    })
}

/// An order without its refunds, which [`add_refunds`] puts in.
pub(super) fn order(item: Item<wire::Order<'_>>) -> Order {
    let Item { wire, remote } = item;
    let (status, financial_status, fulfillment_status) = statuses(&wire);
    let currency: Option<Currency> = wire.default_currency_code.parse().ok();
    let id = wire.id.into_string();
    let is_paid = matches!(
        financial_status,
        FinancialStatus::Paid | FinancialStatus::PartiallyRefunded | FinancialStatus::Refunded
    );
    let totals = Totals {
        subtotal: wire.subtotal_ex_tax.money(currency),
        discount: sum([wire.discount_amount, wire.coupon_discount]).map(|amount| Money::new(amount, currency)),
        shipping: wire.shipping_cost_ex_tax.money(currency),
        tax: wire.total_tax.money(currency),
        total: wire.total_inc_tax.money(currency),
        tax_included: wire.is_tax_inclusive_pricing,
        paid: if is_paid { wire.total_inc_tax.money(currency) } else { None },
        refunded: wire.refunded_amount.money(currency),
    };
    let consignments = wire.consignments.unwrap_or_default();
    let shipping_lines = consignments.shipping.iter().map(|shipping| shipping_line(shipping, currency)).collect();
    let shipping = consignments.shipping.first().map(|shipping| address(&shipping.address));
    Order {
        number: id.clone(),
        remote_id: id.clone(),
        status,
        financial_status,
        fulfillment_status,
        remote_status: wire.status.into_owned(),
        currency,
        totals,
        customer: buyer(wire.customer_id, wire.billing_address.as_ref()),
        billing: wire.billing_address.as_ref().map(address),
        shipping,
        lines: lines(consignments, currency),
        shipping_lines,
        refunds: Vec::new(),
        meta: Vec::new(),
        placed_at: rfc2822(wire.date_created.as_deref()),
        updated_at: rfc2822(wire.date_modified.as_deref()),
        cancelled_at: None,
        source_time: None,
        note: optional(wire.customer_message),
        source: optional(wire.order_source),
        id,
        remote,
    }
}

/// The lines of all consignments in the order of their ids, which is that of `/orders/{id}/products`.
fn lines(consignments: wire::Consignments<'_>, currency: Option<Currency>) -> Vec<Line> {
    let certificates = consignments.email.map(|email| email.gift_certificates).unwrap_or_default();
    let delivered = consignments.pickups.into_iter().chain(consignments.downloads).chain(certificates);
    let shipped = consignments.shipping.into_iter().flat_map(|shipping| shipping.line_items);
    let mut lines: Vec<Line> =
        shipped.chain(delivered.flat_map(|delivered| delivered.line_items)).map(|wire| line(wire, currency)).collect();
    lines.sort_by_key(|line| line.id.parse::<u64>().unwrap_or(u64::MAX));
    lines
}

fn line(wire: wire::Line<'_>, currency: Option<Currency>) -> Line {
    let discount = sum(wire.applied_discounts.iter().map(|discount| discount.amount));
    let total = match (wire.total_ex_tax.amount(), &discount) {
        (Some(total), Some(discount)) => total.checked_sub(discount),
        (total, _) => total,
    };
    Line {
        id: wire.id.into_string(),
        product_id: wire.product_id.and_then(IdText::unless_zero),
        variant_id: wire.variant_id.and_then(IdText::unless_zero),
        sku: optional(wire.sku),
        name: wire.name.into_owned(),
        quantity: wire.quantity.whole().unwrap_or(0),
        unit_price: wire.price_ex_tax.money(currency),
        unit_price_inc_tax: wire.price_inc_tax.money(currency),
        discount: discount.map(|amount| Money::new(amount, currency)),
        tax: wire.total_tax.money(currency),
        total: total.map(|amount| Money::new(amount, currency)),
        options: wire
            .product_options
            .into_iter()
            .map(|option| LineOption {
                name: option.display_name.into_owned(),
                value: option.display_value.into_owned(),
            })
            .collect(),
    }
}

fn shipping_line(wire: &wire::Shipping<'_>, currency: Option<Currency>) -> ShippingLine {
    ShippingLine {
        id: Some(wire.id.clone().into_string()),
        title: wire.shipping_method.clone().unwrap_or_default().into_owned(),
        code: None,
        total: wire.cost_ex_tax.money(currency),
        tax: wire.cost_tax.money(currency),
    }
}

/// Puts refunds into the orders that they belong to.
pub(super) fn add_refunds(orders: &mut [Order], refunds: Vec<Item<wire::Refund<'_>>>) {
    for Item { wire, .. } in refunds {
        let order_id = wire.order_id.into_string();
        let Some(order) = orders.iter_mut().find(|order| order.id == order_id) else { continue };
        order.refunds.push(Refund {
            id: wire.id.into_string(),
            amount: wire.total_amount.money(order.currency),
            reason: optional(wire.reason),
            created_at: time(wire.created.as_deref()),
        });
    }
}

/// Whether something was paid back on an order.
pub(super) fn has_refunds(order: &Order) -> bool {
    order.totals.refunded.as_ref().is_some_and(|refunded| !refunded.amount.is_zero())
}

/// Who bought: a guest's name and e-mail stand in the billing address only.
fn buyer(customer_id: Option<IdText<'_>>, billing: Option<&wire::OrderAddress<'_>>) -> OrderCustomer {
    let id = customer_id.and_then(IdText::unless_zero);
    OrderCustomer {
        is_guest: id.is_none(),
        id,
        email: billing.and_then(|billing| optional(billing.email.clone())),
        first_name: billing.and_then(|billing| optional(billing.first_name.clone())),
        last_name: billing.and_then(|billing| optional(billing.last_name.clone())),
    }
}

fn address(wire: &wire::OrderAddress<'_>) -> Address {
    Address {
        first_name: optional(wire.first_name.clone()),
        last_name: optional(wire.last_name.clone()),
        company: optional(wire.company.clone()),
        line1: optional(wire.street_1.clone()),
        line2: optional(wire.street_2.clone()),
        city: optional(wire.city.clone()),
        region: Region { code: None, name: optional(wire.state.clone()) },
        postcode: optional(wire.zip.clone()),
        country: optional(wire.country_iso2.clone()),
        phone: optional(wire.phone.clone()),
        tax_id: None,
    }
}

/// The exact sum of the amounts that are there.
fn sum<'a>(amounts: impl IntoIterator<Item = AmountText<'a>>) -> Option<Amount> {
    let zero = Amount::from_minor_units(0, 0).ok()?;
    amounts.into_iter().filter_map(AmountText::amount).try_fold(zero, |total, amount| total.checked_add(&amount))
}

/// `Wed, 10 Jan 2018 21:05:30 +0000`.
fn rfc2822(text: Option<&str>) -> Option<Timestamp> {
    jiff::fmt::rfc2822::parse(text?).ok().map(|time| time.timestamp())
}
