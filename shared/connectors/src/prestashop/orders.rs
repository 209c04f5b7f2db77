//! Orders with their states, customers and addresses: two more turns a page, however many orders are in it.

use std::collections::BTreeMap;

use domain::model::{
    Address, FinancialStatus, FulfillmentStatus, Line, Order, OrderCustomer, OrderStatus, ShippingLine, Totals,
};
use domain::money::{Amount, Currency, Money};

use super::reads::{Reading, belonging, exactly};
use super::{map, wire};
use crate::connector::{InboundResponse, Objects, ReadError, Turn};
use crate::upstream::{Item, optional};

pub(super) fn finish(reading: Reading, answer: &InboundResponse) -> Result<Turn, ReadError> {
    let (rows, next) = reading.page::<wire::Order<'_>>(answer, |row| row.id.as_str())?;
    let drafts: Vec<Draft> = rows.into_iter().map(|row| draft(row, &reading)).collect();
    if drafts.is_empty() {
        return reading.end(Objects::Orders(Vec::new()), next);
    }
    let ids = |of: fn(&Draft) -> Vec<&String>| {
        let mut ids: Vec<String> = drafts.iter().flat_map(of).cloned().collect();
        ids.sort();
        ids.dedup();
        ids
    };
    let (states, customers) = (ids(|draft| draft.state.iter().collect()), ids(|draft| draft.customer.iter().collect()));
    let addresses = ids(|draft| draft.billing.iter().chain(&draft.shipping).collect());
    let requests = vec![
        reading.door.belonging("order_states", "id", &or_none(states), "full"),
        reading.door.belonging("customers", "id", &or_none(customers), "[id,email,firstname,lastname,is_guest]"),
        reading.door.belonging("addresses", "id", &or_none(addresses), "full"),
    ];
    let then = move |answers: Vec<InboundResponse>| {
        let [states, customers, addresses] = exactly(answers)?;
        let states: Vec<wire::OrderState> = belonging(&reading.door, &states)?;
        let language = reading.shop.language.clone();
        let states = states.into_iter().map(|state| (state.id.0.clone(), State::of(state, language.as_deref())));
        let states: BTreeMap<String, State> = states.collect();
        let customers: Vec<wire::OrderCustomer> = belonging(&reading.door, &customers)?;
        let addresses: Vec<wire::Address> = belonging(&reading.door, &addresses)?;
        map::Places::ask(reading.door.clone(), addresses, move |addresses, places| {
            let addresses: BTreeMap<String, Address> =
                addresses.iter().map(|address| (address.id.0.clone(), map::address(address, &places))).collect();
            let orders = drafts.into_iter().map(|draft| draft.order(&states, &customers, &addresses)).collect();
            reading.end(Objects::Orders(orders), next)
        })
    };
    Ok(Turn::Send { requests, then: Box::new(then) })
}

/// A filter by no ids would be none: 0 is nobody's.
fn or_none(ids: Vec<String>) -> Vec<String> {
    if ids.is_empty() { vec!["0".to_owned()] } else { ids }
}

/// An order whose state, customer and addresses are numbers so far.
struct Draft {
    order: Order,
    state: Option<String>,
    customer: Option<String>,
    billing: Option<String>,
    shipping: Option<String>,
}

fn draft(item: Item<wire::Order<'_>>, reading: &Reading) -> Draft {
    let Item { wire, remote } = item;
    let shop = &reading.shop;
    let id = wire.id.into_string();
    let currency = wire.id_currency.as_ref().and_then(|id| shop.currency_of(&id.0));
    let paid = wire.total_paid_real.amount().filter(|paid| !paid.is_zero());
    let tax = match (wire.total_paid_tax_incl.amount(), wire.total_paid_tax_excl.amount()) {
        (Some(with), Some(without)) => with.checked_sub(&without).map(|tax| Money::new(tax, currency)),
        _ => None,
    };
    let shipping_tax = match (wire.total_shipping_tax_incl.amount(), wire.total_shipping_tax_excl.amount()) {
        (Some(with), Some(without)) => with.checked_sub(&without).map(|tax| Money::new(tax, currency)),
        _ => None,
    };
    let lines = wire.associations.order_rows.into_iter().map(|row| line(row, currency)).collect();
    let number = |id: Option<wire::Loose>| id.as_ref().and_then(wire::Loose::id).map(str::to_owned);
    let customer = number(wire.id_customer);
    let order = Order {
        number: optional(wire.reference).unwrap_or_else(|| id.clone()),
        remote_id: id.clone(),
        id,
        status: OrderStatus::Open,
        financial_status: FinancialStatus::Pending,
        fulfillment_status: FulfillmentStatus::Unfulfilled,
        remote_status: wire.current_state.as_ref().map_or_else(String::new, |state| state.0.clone()),
        currency,
        totals: Totals {
            subtotal: wire.total_products.money(currency),
            discount: wire.total_discounts_tax_excl.money(currency),
            shipping: wire.total_shipping_tax_excl.money(currency),
            tax,
            total: wire.total_paid_tax_incl.money(currency),
            tax_included: Some(false),
            paid: paid.map(|paid| Money::new(paid, currency)),
            refunded: None,
        },
        customer: OrderCustomer {
            id: customer.clone(),
            email: None,
            first_name: None,
            last_name: None,
            is_guest: customer.is_none(),
        },
        billing: None,
        shipping: None,
        lines,
        shipping_lines: vec![ShippingLine {
            id: None,
            title: String::new(),
            code: None,
            total: wire.total_shipping_tax_excl.money(currency),
            tax: shipping_tax,
        }],
        refunds: Vec::new(),
        meta: Vec::new(),
        placed_at: shop.time(wire.date_add.as_deref()),
        updated_at: shop.time(wire.date_upd.as_deref()),
        cancelled_at: None,
        source_time: shop.source_time(wire.date_add.as_deref()),
        note: optional(wire.note),
        source: optional(wire.module),
        remote,
    };
    Draft {
        order,
        state: number(wire.current_state),
        customer,
        billing: number(wire.id_address_invoice),
        shipping: number(wire.id_address_delivery),
    }
}

fn line(wire: wire::OrderRow<'_>, currency: Option<Currency>) -> Line {
    let product = wire.product_id.as_ref().and_then(wire::Loose::id).map(str::to_owned);
    let combination = wire.product_attribute_id.as_ref().and_then(wire::Loose::id);
    let quantity = wire.product_quantity.whole().unwrap_or(0);
    let total = wire.unit_price_tax_excl.amount().and_then(|price| {
        // Prices have six decimals here.
        let total = price.to_minor_units(6)?.checked_mul(i128::from(quantity))?;
        Amount::from_minor_units(total, 6).ok()
    });
    Line {
        id: wire.id.0,
        variant_id: product.as_deref().map(|product| map::variant_id(product, combination)),
        product_id: product,
        sku: optional(wire.product_reference),
        name: optional(wire.product_name).unwrap_or_default(),
        quantity,
        unit_price: wire.unit_price_tax_excl.money(currency),
        unit_price_inc_tax: wire.unit_price_tax_incl.money(currency),
        discount: None,
        tax: None,
        total: total.map(|total| Money::new(total, currency)),
        options: Vec::new(),
    }
}

/// What a state means. Shops name and number their own; PrestaShop's switches and the mail that goes with a state tell.
struct State {
    status: OrderStatus,
    financial: FinancialStatus,
    fulfillment: FulfillmentStatus,
    name: Option<String>,
}

impl State {
    fn of(wire: wire::OrderState, language: Option<&str>) -> Self {
        let is_paid = wire.paid.as_ref().is_some_and(wire::Loose::is_on);
        let is_shipped = wire.shipped.as_ref().is_some_and(wire::Loose::is_on);
        let template = wire.template.take(language).unwrap_or_default();
        // The numbers are those of a new shop, for states whose mail was switched off.
        let (status, financial) = match (template.as_str(), wire.id.0.as_str()) {
            ("order_canceled", _) | ("", "6") => (OrderStatus::Cancelled, FinancialStatus::Voided),
            ("refund", _) | ("", "7") => (OrderStatus::Completed, FinancialStatus::Refunded),
            ("payment_error", _) | ("", "8") => (OrderStatus::Open, FinancialStatus::Failed),
            _ if is_paid && is_shipped => (OrderStatus::Completed, FinancialStatus::Paid),
            _ if is_paid => (OrderStatus::Open, FinancialStatus::Paid),
            _ => (OrderStatus::Open, FinancialStatus::Pending),
        };
        let fulfillment = if is_shipped { FulfillmentStatus::Fulfilled } else { FulfillmentStatus::Unfulfilled };
        Self { status, financial, fulfillment, name: wire.name.take(language) }
    }
}

impl Draft {
    fn order(
        self,
        states: &BTreeMap<String, State>,
        customers: &[wire::OrderCustomer],
        addresses: &BTreeMap<String, Address>,
    ) -> Order {
        let mut order = self.order;
        if let Some(state) = self.state.as_ref().and_then(|id| states.get(id)) {
            order.status = state.status;
            order.financial_status = state.financial;
            order.fulfillment_status = state.fulfillment;
            if let Some(name) = &state.name {
                order.remote_status.clone_from(name);
            }
        }
        if let Some(customer) = customers.iter().find(|customer| Some(&customer.id.0) == self.customer.as_ref()) {
            order.customer.email.clone_from(&customer.email);
            order.customer.first_name.clone_from(&customer.firstname);
            order.customer.last_name.clone_from(&customer.lastname);
            order.customer.is_guest = customer.is_guest.as_ref().is_some_and(wire::Loose::is_on);
        }
        order.billing = self.billing.and_then(|id| addresses.get(&id).cloned());
        order.shipping = self.shipping.and_then(|id| addresses.get(&id).cloned());
        order
    }
}
