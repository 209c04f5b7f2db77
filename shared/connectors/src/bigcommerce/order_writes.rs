//! Creating and changing orders (v2).

use std::collections::VecDeque;

use domain::model::input::{AddressInput, Change, LineInput, OrderInput};
use http::Method;
use serde::Serialize;

use super::orders::status_id;
use super::reads::{self, Place};
use super::writes::{field, id_number, in_order, needed, or_empty};
use super::{Door, wire};
use crate::connector::{Refusal, Turn};
use crate::number::Number;
use crate::upstream::{Item, item, success};

#[derive(Default, Serialize)]
struct OrderBody {
    #[serde(skip_serializing_if = "Option::is_none")]
    status_id: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    customer_id: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    default_currency_code: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    billing_address: Option<AddressBody>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    shipping_addresses: Vec<AddressBody>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    products: Vec<LineBody>,
    #[serde(skip_serializing_if = "Option::is_none")]
    customer_message: Option<String>,
}

#[derive(Serialize)]
struct AddressBody {
    first_name: String,
    last_name: String,
    company: String,
    street_1: String,
    street_2: String,
    city: String,
    state: String,
    zip: String,
    country_iso2: String,
    phone: String,
    email: String,
}

impl AddressBody {
    fn of(input: &AddressInput, email: &str) -> Self {
        let text = |value: &Option<String>| value.clone().unwrap_or_default();
        Self {
            first_name: text(&input.first_name),
            last_name: text(&input.last_name),
            company: text(&input.company),
            street_1: text(&input.line1),
            street_2: text(&input.line2),
            city: text(&input.city),
            state: input.region.name.clone().or_else(|| input.region.code.clone()).unwrap_or_default(),
            zip: text(&input.postcode),
            country_iso2: text(&input.country),
            phone: text(&input.phone),
            email: email.to_owned(),
        }
    }
}

/// A product of the catalogue, or one that is only named.
#[derive(Serialize)]
struct LineBody {
    #[serde(skip_serializing_if = "Option::is_none")]
    product_id: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    variant_id: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    quantity: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    price_ex_tax: Option<Number>,
    #[serde(skip_serializing_if = "Option::is_none")]
    price_inc_tax: Option<Number>,
}

impl LineBody {
    fn of(input: &LineInput, at: &str) -> Result<Self, Refusal> {
        let id = |id: &Option<String>, name: &str| {
            id.as_deref().map(|id| id_number(id, &format!("{at}/{name}"))).transpose()
        };
        let (product_id, variant_id) = (id(&input.product_id, "product_id")?, id(&input.variant_id, "variant_id")?);
        if product_id.is_none() && (input.name.is_none() || input.unit_price.is_none()) {
            return Err(field(at, "A line without a product needs a name and a price."));
        }
        let price = input.unit_price.as_ref().map(|price| Number::of(&price.amount));
        Ok(Self {
            product_id,
            variant_id,
            name: input.name.clone(),
            quantity: input.quantity,
            // BigCommerce wants both or none and computes no tax for orders that are sent to it.
            price_ex_tax: price.clone(),
            price_inc_tax: price,
        })
    }
}

/// What a new order and a change share.
fn body(input: &OrderInput) -> Result<OrderBody, Refusal> {
    let status = needed(&input.status, "/status")?.copied();
    let financial = needed(&input.financial_status, "/financial_status")?.copied();
    let fulfillment = needed(&input.fulfillment_status, "/fulfillment_status")?.copied();
    let status_id = match (status, financial, fulfillment) {
        (None, None, None) => None,
        (status, financial, fulfillment) => Some(
            status_id(status, financial, fulfillment)
                .ok_or_else(|| field("/status", "BigCommerce has no status that means these together."))?,
        ),
    };
    let customer = input.customer.set();
    let customer_id =
        customer.and_then(|customer| customer.id.as_deref()).map(|id| id_number(id, "/customer/id")).transpose()?;
    let email = customer.and_then(|customer| customer.email.as_deref()).unwrap_or_default();
    Ok(OrderBody {
        status_id,
        customer_id,
        default_currency_code: needed(&input.currency, "/currency")?.map(|currency| currency.as_str().to_owned()),
        billing_address: needed(&input.billing, "/billing")?.map(|address| AddressBody::of(address, email)),
        customer_message: or_empty(&input.note),
        ..OrderBody::default()
    })
}

pub(super) fn create(door: Door, input: &OrderInput, remote: bool) -> Result<Turn, Refusal> {
    let mut body = body(input)?;
    if body.billing_address.is_none() {
        return Err(field("/billing", "BigCommerce needs a billing address of a new order."));
    }
    let email = input.customer.set().and_then(|customer| customer.email.as_deref()).unwrap_or_default();
    body.shipping_addresses = input.shipping.set().map(|address| AddressBody::of(address, email)).into_iter().collect();
    body.products = input
        .lines
        .set()
        .into_iter()
        .flatten()
        .enumerate()
        .map(|(index, line)| LineBody::of(line, &format!("/lines/{index}")))
        .collect::<Result<_, _>>()?;
    let request = door.send(Method::POST, "v2/orders", &[], &body);
    Ok(Turn::ask(request, move |answer| {
        let id = {
            let made: Item<wire::Order<'_>> = item(success(&answer, &door.credential)?, false)?;
            made.wire.id.into_string()
        };
        Ok(reads::orders(door, Place::One(id), None, remote))
    }))
}

/// Lines, addresses of shipping, customer and currency stand once the order is made: BigCommerce takes discounts off an order whose lines
/// are changed.
pub(super) fn update(door: Door, id: &str, input: &OrderInput, remote: bool) -> Result<Turn, Refusal> {
    let why = "BigCommerce sets this field when an order is created; use the raw route to change it.";
    for (is_given, pointer) in [
        (!input.lines.is_keep(), "/lines"),
        (!input.shipping.is_keep(), "/shipping"),
        (!input.currency.is_keep(), "/currency"),
        (!matches!(&input.customer, Change::Keep), "/customer"),
    ] {
        if is_given {
            return Err(field(pointer, why));
        }
    }
    let request = door.send(Method::PUT, &format!("v2/orders/{id}"), &[], &body(input)?);
    let id = id.to_owned();
    Ok(in_order(door, VecDeque::from([vec![request]]), move |door| reads::orders(door, Place::One(id), None, remote)))
}
