//! Orders: made with their lines; afterwards Shopify lets the note, the e-mail address and the place of delivery change, and cancels.

use std::time::Duration;

use domain::model::input::{Change, LineInput, OrderCustomerInput, OrderInput, ShippingLineInput};
use domain::model::{FinancialStatus, FulfillmentStatus, OrderStatus};
use domain::money::{Currency, Money};
use serde_json::{Map, Value, json};

use super::{Errors, Step, address, change, kept, make, put, run, text, whole, wrong};
use crate::connector::{ReadError, Refusal, Turn};
use crate::shopify::answer::ask_one;
use crate::shopify::kind::{Kind, Orders, Stock};
use crate::shopify::pages::{self, Data};
use crate::shopify::query::{Document, Selection};
use crate::shopify::wire::Shop;
use crate::shopify::{Door, gid, select};

/// How long a cancellation is given before the order is read: Shopify carries it out as a job of its own.
const CANCELLING: Duration = Duration::from_millis(700);

const AT_CREATION: &str = "can be set only when the order is created";

/// Makes an order. Its stock is taken as a buyer's would be (and an order of what is sold out is refused), nobody gets a mail.
pub(super) fn create(door: Door, input: OrderInput, remote: bool) -> Result<Turn, Refusal> {
    let order = Order::read(input)?;
    let plan = select::order(whole());
    let send = move |door: Door, order: Order, currency: Option<Currency>| {
        let step = Step::new("orderCreate", "(order: $order, options: $options)", Some("order"), Errors::Coded)
            .with("order", "OrderCreateOrderInput!", order.json(currency))
            .with("options", "OrderCreateOptionsInput!", json!({ "inventoryBehaviour": "DECREMENT_OBEYING_POLICY" }));
        make::<Orders>(door, step, |_| Vec::new(), plan, remote)
    };
    if order.has_currencies() {
        return Ok(send(door, order, None));
    }
    let mut root = Selection::default();
    root.object("shop", &Selection::of("currencyCode"));
    Ok(ask_one(door.clone(), &Document::query(root), move |data| {
        let shop: Option<Shop<'_>> = Data::read(&data)?.field("shop")?;
        let currency = shop.and_then(|shop| shop.currency_code).and_then(|code| code.parse().ok());
        let currency = currency.ok_or(ReadError::Unreadable("the shop has no currency"))?;
        Ok(send(door, order, Some(currency)))
    }))
}

/// An order to make, checked.
struct Order {
    fields: Map<String, Value>,
    currency: Option<Currency>,
    lines: Vec<(Map<String, Value>, Option<Money>)>,
    shipping: Vec<(Map<String, Value>, Money)>,
}

impl Order {
    fn read(input: OrderInput) -> Result<Self, Refusal> {
        if let Some(status) = kept(input.status, "/status")?
            && status != OrderStatus::Open
        {
            return wrong("/status", "a new order is open");
        }
        let mut fields = Map::new();
        let paid = kept(input.financial_status, "/financial_status")?;
        put(&mut fields, "financialStatus", paid.map(financial));
        match kept(input.fulfillment_status, "/fulfillment_status")? {
            None | Some(FulfillmentStatus::Unfulfilled) => {}
            Some(FulfillmentStatus::Fulfilled) => put(&mut fields, "fulfillmentStatus", Some("FULFILLED")),
            Some(FulfillmentStatus::Partial) => put(&mut fields, "fulfillmentStatus", Some("PARTIAL")),
            Some(FulfillmentStatus::Returned) => {
                return wrong("/fulfillment_status", "a new order has not been returned");
            }
        }
        let ships = input.shipping.set().is_some() || input.shipping_lines.set().is_some();
        if let Change::Set(customer) = input.customer {
            put(&mut fields, "email", customer.email.clone());
            put(&mut fields, "customer", buyer(customer)?);
        }
        for (name, pointer, given) in
            [("billingAddress", "/billing", input.billing), ("shippingAddress", "/shipping", input.shipping)]
        {
            if let Change::Set(given) = given {
                fields.insert(name.to_owned(), address(given, pointer)?);
            }
        }
        put(&mut fields, "note", input.note.set().cloned());
        let currency = kept(input.currency, "/currency")?;
        put(&mut fields, "currency", currency.map(|currency| currency.as_str().to_owned()));
        let lines = kept(input.lines, "/lines")?.unwrap_or_default();
        let lines: Result<Vec<_>, Refusal> =
            lines.into_iter().enumerate().map(|(index, input)| line(input, index, ships)).collect();
        let shipping = input.shipping_lines.or_empty(Vec::new()).unwrap_or_default();
        let shipping: Result<Vec<_>, Refusal> =
            shipping.into_iter().enumerate().map(|(index, input)| shipping_line(input, index)).collect();
        Ok(Self { fields, currency, lines: lines?, shipping: shipping? })
    }

    /// Whether every amount has a currency of its own or the order's.
    fn has_currencies(&self) -> bool {
        let mut amounts =
            self.lines.iter().filter_map(|(_, price)| price.as_ref()).chain(self.shipping.iter().map(|it| &it.1));
        self.currency.is_some() || amounts.all(|money| money.currency.is_some())
    }

    /// What Shopify takes; amounts without a currency are the shop's.
    fn json(mut self, shop: Option<Currency>) -> Value {
        let currency = self.currency.or(shop);
        let bag = |money: &Money| {
            let code = money.currency.or(currency).map(|currency| currency.as_str().to_owned());
            json!({ "shopMoney": { "amount": money.amount.to_string(), "currencyCode": code } })
        };
        let lines = self.lines.into_iter().map(|(mut line, price)| {
            put(&mut line, "priceSet", price.as_ref().map(bag));
            line
        });
        let lines: Vec<Value> = lines.map(Value::from).collect();
        let shipping = self.shipping.into_iter().map(|(mut line, price)| {
            put(&mut line, "priceSet", Some(bag(&price)));
            line
        });
        let shipping: Vec<Value> = shipping.map(Value::from).collect();
        self.fields.insert("lineItems".to_owned(), lines.into());
        if !shipping.is_empty() {
            self.fields.insert("shippingLines".to_owned(), shipping.into());
        }
        self.fields.into()
    }
}

fn line(input: LineInput, index: usize, ships: bool) -> Result<(Map<String, Value>, Option<Money>), Refusal> {
    let pointer = format!("/lines/{index}");
    if input.quantity < 1 {
        return wrong(format!("{pointer}/quantity"), "must be at least 1");
    }
    let mut line = Map::new();
    line.insert("quantity".to_owned(), input.quantity.into());
    // Shopify takes a line for something that is not shipped unless it is told.
    line.insert("requiresShipping".to_owned(), ships.into());
    match (&input.variant_id, &input.name) {
        (Some(id), _) => match gid(Stock::GID, id) {
            Some(gid) => put(&mut line, "variantId", Some(gid)),
            None => return wrong(format!("{pointer}/variant_id"), "no variant can have this id"),
        },
        (None, None) => return wrong(format!("{pointer}/variant_id"), "a line needs a variant, or a name and a price"),
        (None, Some(_)) if input.unit_price.is_none() => {
            return wrong(format!("{pointer}/unit_price"), "a line without a variant needs a price");
        }
        (None, Some(_)) => {}
    }
    if let Some(id) = &input.product_id {
        match gid(crate::shopify::kind::Products::GID, id) {
            Some(gid) => put(&mut line, "productId", Some(gid)),
            None => return wrong(format!("{pointer}/product_id"), "no product can have this id"),
        }
    }
    put(&mut line, "title", input.name);
    Ok((line, input.unit_price))
}

fn shipping_line(input: ShippingLineInput, index: usize) -> Result<(Map<String, Value>, Money), Refusal> {
    let Some(total) = input.total else {
        return wrong(format!("/shipping_lines/{index}/total"), "the field is required");
    };
    let mut line = Map::new();
    line.insert("title".to_owned(), input.title.into());
    put(&mut line, "code", input.code);
    Ok((line, total))
}

/// The customer with this id, or one found or made by the e-mail address.
fn buyer(input: OrderCustomerInput) -> Result<Option<Value>, Refusal> {
    if let Some(id) = &input.id {
        return match gid(crate::shopify::kind::Customers::GID, id) {
            Some(gid) => Ok(Some(json!({ "toAssociate": { "id": gid } }))),
            None => wrong("/customer/id", "no customer can have this id"),
        };
    }
    let mut customer = Map::new();
    put(&mut customer, "email", input.email);
    put(&mut customer, "firstName", input.first_name);
    put(&mut customer, "lastName", input.last_name);
    Ok(if customer.is_empty() { None } else { Some(json!({ "toUpsert": customer })) })
}

fn financial(status: FinancialStatus) -> &'static str {
    match status {
        FinancialStatus::Pending => "PENDING",
        FinancialStatus::Authorized => "AUTHORIZED",
        FinancialStatus::Paid => "PAID",
        FinancialStatus::PartiallyRefunded => "PARTIALLY_REFUNDED",
        FinancialStatus::Refunded => "REFUNDED",
        FinancialStatus::Voided => "VOIDED",
        FinancialStatus::Failed => "EXPIRED",
    }
}

pub(super) fn update(door: Door, gid: String, input: OrderInput, remote: bool) -> Result<Turn, Refusal> {
    for (pointer, is_given) in [
        ("/financial_status", !input.financial_status.is_keep()),
        ("/fulfillment_status", !input.fulfillment_status.is_keep()),
        ("/currency", !input.currency.is_keep()),
        ("/billing", !input.billing.is_keep()),
        ("/lines", !input.lines.is_keep()),
        ("/shipping_lines", !input.shipping_lines.is_keep()),
    ] {
        if is_given {
            return wrong(pointer, AT_CREATION);
        }
    }
    let mut fields = Map::new();
    put(&mut fields, "note", text(input.note));
    if let Some(customer) = kept(input.customer, "/customer")? {
        let OrderCustomerInput { id, email, first_name, last_name } = customer;
        for (pointer, given) in
            [("/customer/id", id), ("/customer/first_name", first_name), ("/customer/last_name", last_name)]
        {
            if given.is_some() {
                return wrong(pointer, AT_CREATION);
            }
        }
        put(&mut fields, "email", email);
    }
    if let Some(shipping) = kept(input.shipping, "/shipping")? {
        fields.insert("shippingAddress".to_owned(), address(shipping, "/shipping")?);
    }
    let cancels = match kept(input.status, "/status")? {
        None => false,
        Some(OrderStatus::Cancelled) => true,
        Some(OrderStatus::Open | OrderStatus::Completed) => {
            return wrong("/status", "an order can be cancelled; the rest follows from payment and delivery");
        }
    };
    let mut steps = Vec::new();
    if !fields.is_empty() {
        fields.insert("id".to_owned(), gid.clone().into());
        steps.push(Step::new("orderUpdate", "(input: $input)", None, Errors::Plain).with(
            "input",
            "OrderInput!",
            fields,
        ));
    }
    let plan = select::order(whole());
    if !cancels {
        return Ok(change::<Orders>(door, steps, gid, plan, remote));
    }
    // Nothing is paid back and nobody gets a mail: both are decisions that a status does not carry. The goods go back into stock.
    let arguments = "(orderId: $orderId, reason: OTHER, restock: true)";
    steps.push(Step::new("orderCancel", arguments, None, Errors::Coded).with("orderId", "ID!", gid.clone()));
    let reading = door.clone();
    let then = move |_| {
        let read = pages::one::<Orders>(reading, plan, gid, remote);
        Ok(Turn::Wait { wait: CANCELLING, then: Box::new(read) })
    };
    let mut steps: std::collections::VecDeque<Step> = steps.into();
    match steps.pop_front() {
        Some(first) => Ok(run(door, first, steps, None, Box::new(then))),
        None => Err(Refusal::NotSupported(AT_CREATION)),
    }
}
