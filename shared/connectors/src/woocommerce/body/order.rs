//! Orders as they are written.

use domain::model::MetaField;
use domain::model::input::{AddressInput, Change, LineInput, OrderInput, ShippingLineInput};
use domain::money::{Amount, Currency};
use serde::Serialize;

use super::customer::Address;
use super::{Wallet, cannot_be_emptied, field, meta, number};
use crate::connector::Refusal;
use crate::woocommerce::status;

/// An order.
#[derive(Serialize)]
pub(in crate::woocommerce) struct Order {
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    currency: Option<Currency>,
    #[serde(skip_serializing_if = "Option::is_none")]
    customer_id: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    billing: Option<Address>,
    #[serde(skip_serializing_if = "Option::is_none")]
    shipping: Option<Address>,
    #[serde(skip_serializing_if = "Option::is_none")]
    line_items: Option<Vec<Line>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    shipping_lines: Option<Vec<ShippingLine>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    customer_note: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    meta_data: Option<Vec<MetaField>>,
}

#[derive(Serialize)]
struct Line {
    #[serde(skip_serializing_if = "Option::is_none")]
    product_id: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    variation_id: Option<u64>,
    quantity: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    subtotal: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    total: Option<String>,
}

#[derive(Serialize)]
struct ShippingLine {
    method_id: String,
    method_title: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    total: Option<String>,
}

impl Order {
    /// An order to create, or with `is_new` false the change of one: WooCommerce would add lines to those that are there.
    pub(in crate::woocommerce) fn new(input: OrderInput, is_new: bool) -> Result<Self, Refusal> {
        const AT_BIRTH: &str = "WooCommerce takes lines with a new order only";
        if !is_new && !input.lines.is_keep() {
            return Err(field("/lines", AT_BIRTH));
        }
        if !is_new && !input.shipping_lines.is_keep() {
            return Err(field("/shipping_lines", AT_BIRTH));
        }
        let mut currency = Wallet::default();
        match input.currency {
            Change::Keep => {}
            Change::Clear => return Err(cannot_be_emptied("/currency")),
            Change::Set(given) => currency.currency = Some(given),
        }
        let lines = input.lines.or_empty(Vec::new()).map(|lines| {
            let line = |(index, line)| Line::new(line, index, &mut currency);
            lines.into_iter().enumerate().map(line).collect::<Result<_, Refusal>>()
        });
        let shipping_lines = input.shipping_lines.or_empty(Vec::new()).map(|lines| {
            let line = |(index, line): (usize, ShippingLineInput)| {
                let total = line.total.map(|total| {
                    currency.put(&total, || format!("/shipping_lines/{index}/total/currency"))?;
                    Ok(total.amount.to_string())
                });
                let code = line.code.unwrap_or_default();
                Ok(ShippingLine { method_id: code, method_title: line.title, total: total.transpose()? })
            };
            lines.into_iter().enumerate().map(line).collect::<Result<_, Refusal>>()
        });
        let mut billing = input.billing.or_empty(AddressInput::default()).map(Address::new);
        let customer_id = match input.customer {
            Change::Keep => None,
            Change::Clear => Some(0),
            Change::Set(customer) => {
                // The order has no names of its own: they stand in the billing address.
                let parts = [customer.email, customer.first_name, customer.last_name];
                if parts.iter().any(Option::is_some) {
                    let billing = billing.get_or_insert_default();
                    let [email, first_name, last_name] = parts;
                    billing.email = email;
                    billing.first_name = first_name.or(billing.first_name.take());
                    billing.last_name = last_name.or(billing.last_name.take());
                }
                customer.id.map(|id| number(&id, || "/customer/id".to_owned())).transpose()?
            }
        };
        Ok(Self {
            status: status::wanted(input.status, input.financial_status, input.fulfillment_status, is_new)?,
            line_items: lines.transpose()?,
            shipping_lines: shipping_lines.transpose()?,
            currency: currency.currency,
            customer_id,
            billing,
            shipping: input.shipping.or_empty(AddressInput::default()).map(Address::new),
            customer_note: input.note.or_empty(String::new()),
            meta_data: meta(input.meta),
        })
    }
}

impl Line {
    fn new(input: LineInput, index: usize, currency: &mut Wallet) -> Result<Self, Refusal> {
        let at = |name: &str| format!("/lines/{index}/{name}");
        if input.quantity < 1 {
            return Err(Refusal::Field { pointer: at("quantity"), why: "must be at least 1" });
        }
        if input.product_id.is_none() && input.variant_id.is_none() {
            return Err(Refusal::Field { pointer: at("product_id"), why: "WooCommerce has no line without a product" });
        }
        // A product without variations is its own variant.
        let variant_id = input.variant_id.filter(|variant| Some(variant) != input.product_id.as_ref());
        let total = match input.unit_price {
            None => None,
            Some(price) => {
                currency.put(&price, || at("unit_price/currency"))?;
                let too_large = || Refusal::Field { pointer: at("unit_price"), why: "the sum is too large" };
                Some(times(&price.amount, input.quantity).ok_or_else(too_large)?)
            }
        };
        Ok(Self {
            product_id: input.product_id.map(|id| number(&id, || at("product_id"))).transpose()?,
            variation_id: variant_id.map(|id| number(&id, || at("variant_id"))).transpose()?,
            quantity: input.quantity,
            subtotal: total.clone(),
            total,
        })
    }
}

/// The exact product of an amount and a number of pieces; `None` when it does not fit.
fn times(amount: &Amount, count: i64) -> Option<String> {
    let scale = amount.as_str().split_once('.').map_or(0, |(_, fraction)| fraction.len());
    let scale = u8::try_from(scale).ok().filter(|scale| *scale <= 9)?;
    let units = amount.to_minor_units(scale)?.checked_mul(i128::from(count))?;
    Some(Amount::from_minor_units(units, scale).ok()?.to_string())
}
