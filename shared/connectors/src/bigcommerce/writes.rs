//! Unified writes of customers, categories and stock, and what all writes share.

use std::collections::VecDeque;

use domain::model::Entity;
use domain::model::input::{AddressInput, CategoryInput, Change, CustomerInput, InventoryInput};
use http::Method;
use serde::Serialize;

use super::reads::{self, Place, number};
use super::{Door, baskets, not_found, order_writes, product_writes, wire};
use crate::connector::{InboundResponse, Outcome, ReadError, Refusal, Turn};
use crate::request::OutboundRequest;
use crate::upstream::{Item, items, success};
use crate::write::{Action, Input, Write};

pub(super) fn write(door: Door, write: Write<'_>) -> Result<Turn, Refusal> {
    let remote = write.include_remote;
    match write.action {
        Action::Create(Input::Product(input)) => product_writes::create(door, &input, remote),
        Action::Update { id, input: Input::Product(input) } => {
            product_writes::update(door, number(id)?, &input, remote)
        }
        Action::Create(Input::Order(input)) => order_writes::create(door, &input, remote),
        Action::Update { id, input: Input::Order(input) } => order_writes::update(door, number(id)?, &input, remote),
        Action::Create(Input::Customer(input)) => create_customer(door, &input, remote),
        Action::Update { id, input: Input::Customer(input) } => update_customer(door, number(id)?, &input, remote),
        Action::Create(Input::Category(input)) => create_category(door, &input, remote),
        Action::Update { id, input: Input::Category(input) } => update_category(door, number(id)?, &input, remote),
        Action::Update { id, input: Input::Inventory(input) } => set_level(door, number(id)?, &input, remote),
        Action::Create(Input::Basket(input)) => baskets::create(door, &input, remote),
        Action::Update { id, input: Input::Basket(input) } => baskets::update(door, baskets::id(id)?, &input, remote),
        Action::Create(Input::Inventory(_)) => Err(Refusal::NotSupported(super::NO_STOCK_OF_ITS_OWN)),
        Action::Delete { id } => delete(door, write.entity, id),
    }
}

fn delete(door: Door, entity: Entity, id: &str) -> Result<Turn, Refusal> {
    let request = match entity {
        Entity::Products => door.delete(&format!("v3/catalog/products/{}", number(id)?), &[]),
        // BigCommerce archives it: the order leaves the lists and stays in the control panel.
        Entity::Orders => door.delete(&format!("v2/orders/{}", number(id)?), &[]),
        Entity::Customers => door.delete("v3/customers", &[("id:in", number(id)?)]),
        Entity::Categories => door.delete("v3/catalog/trees/categories", &[("category_id:in", number(id)?)]),
        Entity::Baskets => door.delete(&format!("v3/carts/{}", baskets::id(id)?), &[]),
        Entity::Inventory => return Err(Refusal::NotSupported(super::NO_STOCK_OF_ITS_OWN)),
    };
    Ok(Turn::ask(request, move |answer| {
        door.check(&answer)?;
        Ok(Turn::Done(Outcome::Deleted))
    }))
}

/// A value where the platform needs one: `null` is refused.
pub(super) fn needed<'a, T>(change: &'a Change<T>, pointer: &str) -> Result<Option<&'a T>, Refusal> {
    match change {
        Change::Keep => Ok(None),
        Change::Set(value) => Ok(Some(value)),
        Change::Clear => Err(field(pointer, "BigCommerce cannot hold this field empty.")),
    }
}

/// A text, where `null` becomes an empty one.
pub(super) fn or_empty(change: &Change<String>) -> Option<String> {
    change.clone().or_empty(String::new())
}

/// An id that a caller sent in a body.
pub(super) fn id_number(id: &str, pointer: &str) -> Result<u64, Refusal> {
    id.parse().map_err(|_| field(pointer, "No object of BigCommerce's has this id."))
}

pub(super) fn field(pointer: &str, why: &'static str) -> Refusal {
    Refusal::Field { pointer: pointer.to_owned(), why }
}

/// Sends steps one after the other, the requests of each together; goes on when all went well.
pub(super) fn in_order(
    door: Door,
    mut steps: VecDeque<Vec<OutboundRequest>>,
    end: impl FnOnce(Door) -> Turn + Send + 'static,
) -> Turn {
    match steps.pop_front() {
        None => end(door),
        Some(requests) if requests.is_empty() => in_order(door, steps, end),
        Some(requests) => {
            let then = move |answers: Vec<InboundResponse>| {
                answers.iter().try_for_each(|answer| door.check(answer))?;
                Ok(in_order(door, steps, end))
            };
            Turn::Send { requests, then: Box::new(then) }
        }
    }
}

#[derive(Default, Serialize)]
struct CustomerBody {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    first_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    phone: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    customer_group_id: Option<u64>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    addresses: Vec<AddressBody>,
}

#[derive(Serialize)]
struct AddressBody {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    customer_id: Option<u64>,
    first_name: String,
    last_name: String,
    company: String,
    address1: String,
    address2: String,
    city: String,
    state_or_province: String,
    postal_code: String,
    country_code: String,
    phone: String,
}

impl AddressBody {
    fn of(input: &AddressInput) -> Self {
        let text = |value: &Option<String>| value.clone().unwrap_or_default();
        Self {
            id: None,
            customer_id: None,
            first_name: text(&input.first_name),
            last_name: text(&input.last_name),
            company: text(&input.company),
            address1: text(&input.line1),
            address2: text(&input.line2),
            city: text(&input.city),
            // BigCommerce wants the name of the state; a code is better than nothing.
            state_or_province: input.region.name.clone().or_else(|| input.region.code.clone()).unwrap_or_default(),
            postal_code: text(&input.postcode),
            country_code: text(&input.country),
            phone: text(&input.phone),
        }
    }
}

/// The customer without addresses.
fn customer_body(input: &CustomerInput) -> Result<CustomerBody, Refusal> {
    let group = match &input.groups {
        Change::Keep => None,
        Change::Clear => Some(0),
        Change::Set(groups) => match groups.as_slice() {
            [] => Some(0),
            [group] => Some(id_number(group, "/groups/0")?),
            [..] => return Err(field("/groups", "A customer of BigCommerce's is in one group at most.")),
        },
    };
    Ok(CustomerBody {
        email: needed(&input.email, "/email")?.cloned(),
        first_name: needed(&input.first_name, "/first_name")?.cloned(),
        last_name: needed(&input.last_name, "/last_name")?.cloned(),
        phone: or_empty(&input.phone),
        customer_group_id: group,
        ..CustomerBody::default()
    })
}

fn create_customer(door: Door, input: &CustomerInput, remote: bool) -> Result<Turn, Refusal> {
    let mut body = customer_body(input)?;
    for (name, pointer) in [(&body.first_name, "/first_name"), (&body.last_name, "/last_name")] {
        if name.is_none() {
            return Err(field(pointer, "BigCommerce needs this field of a new customer."));
        }
    }
    body.addresses = input.addresses.set().into_iter().flatten().map(AddressBody::of).collect();
    let request = door.send(Method::POST, "v3/customers", &[], &[body]);
    Ok(Turn::ask(request, move |answer| {
        let id = {
            let envelope = door.envelope(&answer)?;
            let rows: Vec<Item<wire::Customer<'_>>> = items(envelope.data.get().as_bytes(), false)?;
            rows.into_iter().next().ok_or(ReadError::Unreadable("no customer in the answer"))?.wire.id.into_string()
        };
        Ok(reads::customers(door, Place::One(id), None, remote))
    }))
}

fn update_customer(door: Door, id: &str, input: &CustomerInput, remote: bool) -> Result<Turn, Refusal> {
    let mut body = customer_body(input)?;
    let customer_id = id_number(id, "")?;
    body.id = Some(customer_id);
    let has_more =
        serde_json::to_value(&body).is_ok_and(|body| body.as_object().is_some_and(|fields| fields.len() > 1));
    let mut steps = VecDeque::new();
    if has_more {
        steps.push_back(vec![door.send(Method::PUT, "v3/customers", &[], &[body])]);
    }
    let id = id.to_owned();
    let addresses: Option<Vec<AddressBody>> =
        input.addresses.clone().or_empty(Vec::new()).map(|addresses| addresses.iter().map(AddressBody::of).collect());
    Ok(in_order(door, steps, move |door| match addresses {
        None => reads::customers(door, Place::One(id), None, remote),
        Some(addresses) => replace_addresses(door, id, customer_id, addresses, remote),
    }))
}

/// Addresses are a resource of their own: those that are there take the new ones' place in order, the rest is added or deleted.
fn replace_addresses(door: Door, id: String, customer_id: u64, wanted: Vec<AddressBody>, remote: bool) -> Turn {
    let request = door.get("v3/customers/addresses", &[("customer_id:in", &id), ("limit", "250")]);
    Turn::ask(request, move |answer| {
        let known: Vec<u64> = {
            let envelope = door.envelope(&answer)?;
            let rows: Vec<Item<wire::CustomerAddress<'_>>> = items(envelope.data.get().as_bytes(), false)?;
            rows.into_iter().filter_map(|row| row.wire.id.into_string().parse().ok()).collect()
        };
        let surplus: Vec<String> = known.iter().skip(wanted.len()).map(u64::to_string).collect();
        let (mut changed, mut added) = (Vec::new(), Vec::new());
        for (index, mut address) in wanted.into_iter().enumerate() {
            match known.get(index) {
                Some(known) => {
                    address.id = Some(*known);
                    changed.push(address);
                }
                None => {
                    address.customer_id = Some(customer_id);
                    added.push(address);
                }
            }
        }
        let path = "v3/customers/addresses";
        let mut steps = VecDeque::new();
        if !changed.is_empty() {
            steps.push_back(vec![door.send(Method::PUT, path, &[], &changed)]);
        }
        if !added.is_empty() {
            steps.push_back(vec![door.send(Method::POST, path, &[], &added)]);
        }
        if !surplus.is_empty() {
            steps.push_back(vec![door.delete(path, &[("id:in", &surplus.join(","))])]);
        }
        Ok(in_order(door, steps, move |door| reads::customers(door, Place::One(id), None, remote)))
    })
}

#[derive(Default, Serialize)]
struct CategoryBody {
    #[serde(skip_serializing_if = "Option::is_none")]
    category_id: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    parent_id: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tree_id: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sort_order: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    is_visible: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<UrlBody>,
}

#[derive(Serialize)]
struct UrlBody {
    path: String,
    is_customized: bool,
}

fn category_body(input: &CategoryInput) -> Result<CategoryBody, Refusal> {
    let parent_id = match &input.parent_id {
        Change::Keep => None,
        Change::Clear => Some(0),
        Change::Set(id) => Some(id_number(id, "/parent_id")?),
    };
    Ok(CategoryBody {
        parent_id,
        name: needed(&input.name, "/name")?.cloned(),
        sort_order: input.position.clone().or_empty(0),
        is_visible: needed(&input.visible, "/visible")?.copied(),
        url: needed(&input.slug, "/slug")?.map(|slug| address(slug)),
        ..CategoryBody::default()
    })
}

fn address(slug: &str) -> UrlBody {
    UrlBody { path: format!("/{}/", slug.trim_matches('/')), is_customized: true }
}

/// A new category needs an address, and a parent or a tree: without them the address is made of the name and the tree is the store's first.
fn create_category(door: Door, input: &CategoryInput, remote: bool) -> Result<Turn, Refusal> {
    let mut body = category_body(input)?;
    if body.url.is_none() {
        body.url = body.name.as_deref().map(|name| address(&slug_of(name)));
    }
    if body.parent_id.is_some_and(|parent| parent != 0) {
        return Ok(post_category(door, body, remote));
    }
    body.parent_id = None;
    let request = door.get("v3/catalog/trees", &[]);
    Ok(Turn::ask(request, move |answer| {
        #[derive(serde::Deserialize)]
        struct Tree {
            id: u64,
        }
        let envelope = door.envelope(&answer)?;
        let trees: Vec<Tree> =
            serde_json::from_str(envelope.data.get()).map_err(|_| ReadError::Unreadable("not a list of trees"))?;
        body.tree_id = Some(trees.first().ok_or(ReadError::Unreadable("no category tree"))?.id);
        Ok(post_category(door, body, remote))
    }))
}

fn post_category(door: Door, body: CategoryBody, remote: bool) -> Turn {
    let request = door.send(Method::POST, "v3/catalog/trees/categories", &[], &[body]);
    Turn::ask(request, move |answer| {
        let id = {
            let envelope = door.envelope(&answer)?;
            let rows: Vec<Item<wire::Category<'_>>> = items(envelope.data.get().as_bytes(), false)?;
            let row = rows.into_iter().next().ok_or(ReadError::Unreadable("no category in the answer"))?;
            row.wire.category_id.into_string()
        };
        Ok(reads::categories(door, Place::One(id), remote))
    })
}

fn update_category(door: Door, id: &str, input: &CategoryInput, remote: bool) -> Result<Turn, Refusal> {
    let mut body = category_body(input)?;
    body.category_id = Some(id_number(id, "")?);
    let request = door.send(Method::PUT, "v3/catalog/trees/categories", &[], &[body]);
    let id = id.to_owned();
    Ok(in_order(door, VecDeque::from([vec![request]]), move |door| reads::categories(door, Place::One(id), remote)))
}

/// Letters and digits of a name, with hyphens for the rest.
fn slug_of(name: &str) -> String {
    let hyphenated: String =
        name.chars().map(|c| if c.is_alphanumeric() { c.to_ascii_lowercase() } else { '-' }).collect();
    hyphenated.split('-').filter(|part| !part.is_empty()).collect::<Vec<_>>().join("-")
}

#[derive(Serialize)]
struct Adjustment {
    reason: &'static str,
    items: [AdjustedItem; 1],
}

#[derive(Serialize)]
struct AdjustedItem {
    location_id: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    variant_id: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    product_id: Option<u64>,
    quantity: i64,
}

/// The location that every store has, and the only one of most.
const DEFAULT_LOCATION: u64 = 1;

/// Sets a level to a number, whatever it was. The stock of a product without options is addressed by the product and not by its base
/// variant, so the item is read first.
fn set_level(door: Door, id: &str, input: &InventoryInput, remote: bool) -> Result<Turn, Refusal> {
    let Some(quantity) = needed(&input.available, "/available")?.copied() else {
        return Err(field("/available", "BigCommerce can change nothing else of a stock level."));
    };
    let location_id = match input.location_id.set() {
        None => DEFAULT_LOCATION,
        Some(location) => id_number(location, "/location_id")?,
    };
    let id = id.to_owned();
    let request = door.get("v3/inventory/items", &[("variant_id:in", &id)]);
    Ok(Turn::ask(request, move |answer| {
        let item = {
            let envelope = door.envelope(&answer)?;
            let rows: Vec<Item<wire::InventoryItem<'_>>> = items(envelope.data.get().as_bytes(), false)?;
            let identity = rows.into_iter().next().ok_or_else(not_found)?.wire.identity;
            let of = |id: crate::upstream::IdText<'_>| id.into_string().parse::<u64>().ok();
            let is_base = identity.sku_id.is_none();
            AdjustedItem {
                location_id,
                variant_id: if is_base { None } else { of(identity.variant_id) },
                product_id: if is_base { of(identity.product_id) } else { None },
                quantity,
            }
        };
        let body = Adjustment { reason: "Set through the API", items: [item] };
        let request = door.send(Method::PUT, "v3/inventory/adjustments/absolute", &[], &body);
        Ok(in_order(door, VecDeque::from([vec![request]]), move |door| reads::inventory(door, Place::One(id), remote)))
    }))
}

impl Door {
    /// Whether a write went well, all of it.
    pub(super) fn check(&self, answer: &InboundResponse) -> Result<(), ReadError> {
        #[derive(Default, serde::Deserialize)]
        struct Answer {
            #[serde(default)]
            meta: wire::Meta,
        }
        let body = success(answer, &self.credential)?;
        // A 204, a v2 answer or a transaction's id have no `meta`.
        let failed = serde_json::from_slice::<Answer>(body).unwrap_or_default().meta.failed;
        self.all_went_well(answer, failed)
    }
}
