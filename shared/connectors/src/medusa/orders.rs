//! Writing orders. A new one is a draft order that is turned into an order: the admin API makes them in no other way.

use std::collections::BTreeMap;

use domain::model::input::{AddressInput, Change, OrderInput};
use domain::model::{Entity, OrderStatus};
use domain::money::{Currency, Money};
use http::StatusCode;
use serde::Serialize;
use serde_json::value::RawValue;

use super::body::{AddressBody, absent, metadata, never_null};
use super::door::{Door, ask_all, checked_id, unfit};
use super::read::{fields, one, path_of, store_request};
use super::{map, wire};
use crate::connector::{InboundResponse, ReadError, Refusal, Turn};
use crate::number::Number;
use crate::upstream::success;

#[derive(Serialize)]
struct DraftBody {
    region_id: String,
    currency_code: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    sales_channel_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    customer_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    billing_address: Option<AddressBody>,
    #[serde(skip_serializing_if = "Option::is_none")]
    shipping_address: Option<AddressBody>,
    items: Vec<ItemBody>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    shipping_methods: Vec<MethodBody>,
    #[serde(skip_serializing_if = "Option::is_none")]
    metadata: Option<Option<BTreeMap<String, Box<RawValue>>>>,
    /// Nobody is mailed about an order that another system took.
    no_notification_order: bool,
}

#[derive(Serialize)]
struct ItemBody {
    #[serde(skip_serializing_if = "Option::is_none")]
    variant_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<String>,
    quantity: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    unit_price: Option<Number>,
}

#[derive(Serialize)]
struct MethodBody {
    shipping_option_id: String,
    name: String,
    amount: Number,
}

#[derive(Serialize)]
struct OrderBody {
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    billing_address: Option<AddressBody>,
    #[serde(skip_serializing_if = "Option::is_none")]
    shipping_address: Option<AddressBody>,
    #[serde(skip_serializing_if = "Option::is_none")]
    metadata: Option<Option<BTreeMap<String, Box<RawValue>>>>,
}

/// Creates an order in the region that sells in its currency and to the country it goes to.
pub(super) fn create(door: Door, input: OrderInput, remote: bool) -> Result<Turn, Refusal> {
    absent(&input.status, "/status", "A new order is open; change the status afterwards.")?;
    let draft = Draft::of(input)?;
    let regions = door.get("regions", &[("limit", "1000"), ("fields", "id,currency_code,countries.iso_2")]);
    let requests = vec![regions, store_request(&door)];
    let then = move |answers: Vec<InboundResponse>| {
        let [regions, store] = answers.as_slice() else {
            return Err(ReadError::Unreadable("an answer is missing"));
        };
        let body = draft.body(regions, store, &door)?;
        let request = door.post("draft-orders", &[("fields", "id")], &body);
        Ok(Turn::ask(request, move |answer| {
            let body = success(&answer, &door.credential)?;
            let draft: wire::DraftOrder<'_> =
                serde_json::from_slice(body).map_err(|_| ReadError::Unreadable("not a draft order"))?;
            let id = checked_id(&draft.draft_order.id).map_err(|_| ReadError::Unreadable("not an id"))?.to_owned();
            let convert = door.post(&format!("draft-orders/{id}/convert-to-order"), &[], &Nothing {});
            Ok(Turn::ask(convert, move |answer| {
                success(&answer, &door.credential)?;
                let fields = fields(Entity::Orders, None, remote);
                Ok(one(door, Entity::Orders, &id, &fields, remote))
            }))
        }))
    };
    Ok(Turn::Send { requests, then: Box::new(then) })
}

/// Changes e-mail, addresses and custom fields, and cancels or completes.
pub(super) fn update(door: Door, id: &str, input: OrderInput, remote: bool) -> Result<Turn, Refusal> {
    const FIXED: &str = "Medusa changes this of an order by an order edit only; use the raw route.";
    let id = checked_id(id)?.to_owned();
    absent(&input.lines, "/lines", FIXED)?;
    absent(&input.shipping_lines, "/shipping_lines", FIXED)?;
    absent(&input.currency, "/currency", FIXED)?;
    let path = format!("{}/{id}", path_of(Entity::Orders));
    let action = match never_null(input.status, "/status")? {
        None => None,
        Some(OrderStatus::Cancelled) => Some("cancel"),
        Some(OrderStatus::Completed) => Some("complete"),
        Some(OrderStatus::Open) => {
            return Err(Refusal::Field { pointer: "/status".to_owned(), why: "Medusa cannot open an order again." });
        }
    };
    let customer = never_null(input.customer, "/customer")?.unwrap_or_default();
    if customer.id.is_some() {
        let why = "Medusa hands an order over by a transfer that the customer confirms; use the raw route.";
        return Err(Refusal::Field { pointer: "/customer/id".to_owned(), why });
    }
    let body = OrderBody {
        email: customer.email,
        billing_address: address(input.billing, "/billing")?,
        shipping_address: address(input.shipping, "/shipping")?,
        metadata: metadata(input.meta),
    };
    let has_changes = body.email.is_some()
        || body.billing_address.is_some()
        || body.shipping_address.is_some()
        || body.metadata.is_some();
    let mut steps = Vec::new();
    if has_changes {
        steps.push(door.post(&path, &[("fields", "id")], &body));
    }
    steps.extend(action.map(|action| door.post(&format!("{path}/{action}"), &[], &Nothing {})));
    let fields = fields(Entity::Orders, None, remote);
    // One after the other: a cancelled order may refuse the change.
    let mut steps = steps.into_iter();
    let (first, second) = (steps.next(), steps.next());
    let Some(first) = first else {
        return Ok(one(door, Entity::Orders, &id, &fields, remote));
    };
    Ok(Turn::ask(first, move |answer| {
        success(&answer, &door.credential)?;
        let last = door.clone();
        ask_all(&door, second.into_iter().collect(), move |_| Ok(one(last, Entity::Orders, &id, &fields, remote)))
    }))
}

#[derive(Serialize)]
struct Nothing {}

fn address(change: Change<AddressInput>, pointer: &str) -> Result<Option<AddressBody>, Refusal> {
    never_null(change, pointer).map(|address| address.map(AddressBody::from))
}

/// A new order before its region is known.
struct Draft {
    currency: Option<Currency>,
    country: Option<String>,
    body: DraftBody,
}

impl Draft {
    fn of(input: OrderInput) -> Result<Self, Refusal> {
        let mut currency = never_null(input.currency, "/currency")?;
        let customer = never_null(input.customer, "/customer")?.unwrap_or_default();
        if customer.id.is_none() && customer.email.is_none() {
            let why = "Medusa needs the id or the e-mail of a customer.";
            return Err(Refusal::Field { pointer: "/customer".to_owned(), why });
        }
        let shipping = never_null(input.shipping, "/shipping")?;
        let country = shipping.as_ref().and_then(|address| address.country.clone());
        let mut items = Vec::new();
        for (index, line) in input.lines.or_empty(Vec::new()).unwrap_or_default().into_iter().enumerate() {
            if line.variant_id.is_none() && (line.name.is_none() || line.unit_price.is_none()) {
                let why = "A line without a variant needs a name and a unit_price.";
                return Err(Refusal::Field { pointer: format!("/lines/{index}"), why });
            }
            if line.quantity < 1 {
                let pointer = format!("/lines/{index}/quantity");
                return Err(Refusal::Field { pointer, why: "must be at least 1" });
            }
            let unit_price = amount(line.unit_price, &mut currency, &format!("/lines/{index}/unit_price"))?;
            items.push(ItemBody { variant_id: line.variant_id, title: line.name, quantity: line.quantity, unit_price });
        }
        let mut shipping_methods = Vec::new();
        for (index, line) in input.shipping_lines.or_empty(Vec::new()).unwrap_or_default().into_iter().enumerate() {
            let total = amount(line.total, &mut currency, &format!("/shipping_lines/{index}/total"))?;
            let (Some(shipping_option_id), Some(amount)) = (line.code, total) else {
                let why = "Medusa needs the id of a shipping option as `code`, and a total.";
                return Err(Refusal::Field { pointer: format!("/shipping_lines/{index}"), why });
            };
            shipping_methods.push(MethodBody { shipping_option_id, name: line.title, amount });
        }
        let body = DraftBody {
            region_id: String::new(),
            currency_code: String::new(),
            sales_channel_id: None,
            customer_id: customer.id,
            email: customer.email,
            billing_address: address(input.billing, "/billing")?,
            shipping_address: shipping.map(AddressBody::from),
            items,
            shipping_methods,
            metadata: metadata(input.meta),
            no_notification_order: true,
        };
        Ok(Self { currency, country, body })
    }

    /// The body with region, currency and channel. Among the regions of the currency the one of the country wins, then the store's own.
    fn body(self, regions: &InboundResponse, store: &InboundResponse, door: &Door) -> Result<DraftBody, ReadError> {
        let regions: wire::Regions<'_> = serde_json::from_slice(success(regions, &door.credential)?)
            .map_err(|_| ReadError::Unreadable("not a list of regions"))?;
        let store = match store.status {
            StatusCode::FORBIDDEN | StatusCode::NOT_FOUND => None,
            _ => {
                let stores: wire::Stores<'_> = serde_json::from_slice(success(store, &door.credential)?)
                    .map_err(|_| ReadError::Unreadable("not the store's settings"))?;
                stores.stores.into_iter().next()
            }
        };
        let goes_to = |region: &wire::SalesRegion<'_>| {
            let country = self.country.as_deref().unwrap_or_default();
            region.countries.iter().any(|known| known.iso_2.eq_ignore_ascii_case(country))
        };
        let is_own = |region: &wire::SalesRegion<'_>| {
            store.as_ref().is_some_and(|store| store.default_region_id.as_ref() == Some(&region.id))
        };
        let region = regions
            .regions
            .into_iter()
            .filter(|region| self.currency.is_none_or(|wanted| map::currency(&region.currency_code) == Some(wanted)))
            .max_by_key(|region| (goes_to(region), is_own(region)))
            .ok_or_else(|| unfit("/currency", "The store has no region that sells in this currency."))?;
        Ok(DraftBody {
            region_id: region.id.into_owned(),
            currency_code: region.currency_code.into_owned(),
            sales_channel_id: store.and_then(|store| store.default_sales_channel_id).map(|id| id.into_owned()),
            ..self.body
        })
    }
}

/// The number of an amount. All amounts of an order are in one currency.
fn amount(money: Option<Money>, currency: &mut Option<Currency>, pointer: &str) -> Result<Option<Number>, Refusal> {
    let Some(money) = money else { return Ok(None) };
    if money.currency.zip(*currency).is_some_and(|(given, known)| given != known) {
        return Err(Refusal::Field { pointer: pointer.to_owned(), why: "An order is in one currency." });
    }
    *currency = currency.or(money.currency);
    Ok(Some(Number::of(&money.amount)))
}
