//! Unified writes. Magento addresses products by their SKU, so each write of one looks its SKU up first.

use std::collections::{BTreeMap, VecDeque};

use domain::model::Entity;
use domain::model::OrderStatus;
use domain::model::input::{AddressInput, CategoryInput, Change, CustomerInput, InventoryInput, OrderInput};
use http::Method;
use serde::Serialize;

use super::reads::{self, Place, number};
use super::search::Search;
use super::{Door, encoded, product_writes, products, stock, wire};
use crate::connector::{InboundResponse, Outcome, ReadError, Refusal, Turn};
use crate::request::OutboundRequest;
use crate::upstream::{IdText, Item, item, items, success};
use crate::write::{Action, Input, Write};

pub(super) fn write(door: Door, write: Write<'_>) -> Result<Turn, Refusal> {
    let remote = write.include_remote;
    match write.action {
        Action::Create(Input::Product(input)) => product_writes::create(door, &input, remote),
        Action::Update { id, input: Input::Product(input) } => {
            product_writes::update(door, number(id)?, &input, remote)
        }
        Action::Update { id, input: Input::Order(input) } => change_order(door, number(id)?, &input, remote),
        Action::Create(Input::Customer(input)) => create_customer(door, &input, remote),
        Action::Update { id, input: Input::Customer(input) } => update_customer(door, number(id)?, *input, remote),
        Action::Create(Input::Category(input)) => create_category(door, &input, remote),
        Action::Update { id, input: Input::Category(input) } => update_category(door, number(id)?, &input, remote),
        Action::Update { id, input: Input::Inventory(input) } => set_level(door, number(id)?, &input),
        Action::Delete { id } => delete(door, write.entity, number(id)?),
        Action::Create(Input::Order(_)) => Err(Refusal::NotSupported(super::NO_NEW_ORDERS)),
        Action::Create(Input::Inventory(_)) => Err(Refusal::NotSupported(super::NO_STOCK_OF_ITS_OWN)),
        Action::Create(Input::Basket(_)) | Action::Update { input: Input::Basket(_), .. } => {
            Err(Refusal::NotSupported(super::NO_BASKETS))
        }
    }
}

fn delete(door: Door, entity: Entity, id: &str) -> Result<Turn, Refusal> {
    let path = match entity {
        Entity::Customers => format!("customers/{id}"),
        Entity::Categories => format!("categories/{id}"),
        Entity::Products => {
            return Ok(with_skus(door, vec![id.to_owned()], |door, skus| {
                let requests =
                    skus.values().map(|known| door.delete(&format!("products/{}", encoded(known)))).collect();
                Ok(in_order(door, VecDeque::from([requests]), |_| Turn::Done(Outcome::Deleted)))
            }));
        }
        Entity::Orders => return Err(Refusal::NotSupported(super::NO_DELETED_ORDERS)),
        Entity::Inventory => return Err(Refusal::NotSupported(super::NO_STOCK_OF_ITS_OWN)),
        Entity::Baskets => return Err(Refusal::NotSupported(super::NO_BASKETS)),
    };
    let request = door.delete(&path);
    Ok(in_order(door, VecDeque::from([vec![request]]), |_| Turn::Done(Outcome::Deleted)))
}

/// The SKUs of products by their ids; the first id must be one, or nothing goes on.
pub(super) fn with_skus(
    door: Door,
    ids: Vec<String>,
    then: impl FnOnce(Door, BTreeMap<String, String>) -> Result<Turn, ReadError> + Send + 'static,
) -> Turn {
    let search = Search::of(ids.len()).filter("entity_id", "in", &ids.join(",")).showing("id,sku");
    Turn::ask(door.search("products", &search), move |answer| {
        let rows: Vec<Item<wire::Product<'_>>> = items(door.found(&answer)?.0, false)?;
        let skus: BTreeMap<String, String> =
            rows.into_iter().map(|row| (row.wire.id.into_string(), row.wire.sku.into_owned())).collect();
        if ids.first().is_none_or(|id| !skus.contains_key(id)) {
            return Err(ReadError::Refused(Refusal::Id));
        }
        then(door, skus)
    })
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
                answers.iter().try_for_each(|answer| success(answer, &door.credential).map(drop))?;
                Ok(in_order(door, steps, end))
            };
            Turn::Send { requests, then: Box::new(then) }
        }
    }
}

pub(super) fn field(pointer: &str, why: &'static str) -> Refusal {
    Refusal::Field { pointer: pointer.to_owned(), why }
}

/// A value where the platform needs one: `null` is refused.
pub(super) fn needed<'a, T>(change: &'a Change<T>, pointer: &str) -> Result<Option<&'a T>, Refusal> {
    match change {
        Change::Keep => Ok(None),
        Change::Set(value) => Ok(Some(value)),
        Change::Clear => Err(field(pointer, "Magento cannot hold this field empty.")),
    }
}

pub(super) fn id_number(id: &str, pointer: &str) -> Result<u64, Refusal> {
    id.parse().map_err(|_| field(pointer, "No object of Magento's has this id."))
}

/// An attribute beside the fixed ones of an object.
#[derive(Serialize)]
pub(super) struct AttributeBody<T> {
    pub(super) attribute_code: String,
    pub(super) value: T,
}

/// Magento moves an order on with its invoices, shipments and credit memos; the one thing that is said of the order itself is to cancel it.
fn change_order(door: Door, id: &str, input: &OrderInput, remote: bool) -> Result<Turn, Refusal> {
    match needed(&input.status, "/status")? {
        Some(OrderStatus::Cancelled) => {}
        _ => {
            return Err(field(
                "/status",
                "Magento can cancel an order; everything else follows from invoices and shipments.",
            ));
        }
    }
    let request = door.send(Method::POST, &format!("orders/{id}/cancel"), &serde_json::Map::new());
    let id = id.to_owned();
    Ok(Turn::ask(request, move |answer| {
        // `false`: the order is beyond cancelling.
        if success(&answer, &door.credential)?.trim_ascii() == b"false" {
            return Err(ReadError::Refused(field("/status", "The order can no longer be cancelled.")));
        }
        Ok(reads::orders(door, Place::One(id), None, remote))
    }))
}

#[derive(Serialize)]
struct CustomerSent {
    customer: CustomerBody,
}

#[derive(Default, Serialize)]
struct CustomerBody {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<u64>,
    email: String,
    firstname: String,
    lastname: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    group_id: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    website_id: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    store_id: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    addresses: Option<Vec<AddressBody>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    extension_attributes: Option<Subscribed>,
}

#[derive(Serialize)]
struct Subscribed {
    is_subscribed: bool,
}

#[derive(Serialize)]
struct AddressBody {
    firstname: String,
    lastname: String,
    company: String,
    street: Vec<String>,
    city: String,
    region: RegionBody,
    postcode: String,
    country_id: String,
    telephone: String,
    vat_id: String,
    default_billing: bool,
    default_shipping: bool,
}

#[derive(Serialize)]
struct RegionBody {
    #[serde(skip_serializing_if = "Option::is_none")]
    region_code: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    region: Option<String>,
}

fn addresses(list: &[AddressInput]) -> Vec<AddressBody> {
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    let address = |(index, input): (usize, &AddressInput)| AddressBody {
        firstname: text(&input.first_name),
        lastname: text(&input.last_name),
        company: text(&input.company),
        street: [&input.line1, &input.line2].into_iter().flatten().cloned().collect(),
        city: text(&input.city),
        region: RegionBody { region_code: input.region.code.clone(), region: input.region.name.clone() },
        postcode: text(&input.postcode),
        country_id: text(&input.country),
        telephone: text(&input.phone),
        vat_id: text(&input.tax_id),
        default_billing: index == 0,
        default_shipping: index == 0,
    };
    list.iter().enumerate().map(address).collect()
}

/// Fills in what the input sets.
fn change_customer(body: &mut CustomerBody, input: &CustomerInput) -> Result<(), Refusal> {
    if let Some(email) = needed(&input.email, "/email")? {
        body.email.clone_from(email);
    }
    if let Some(name) = needed(&input.first_name, "/first_name")? {
        body.firstname.clone_from(name);
    }
    if let Some(name) = needed(&input.last_name, "/last_name")? {
        body.lastname.clone_from(name);
    }
    match needed(&input.groups, "/groups")?.map(Vec::as_slice) {
        None => {}
        Some([group]) => body.group_id = Some(id_number(group, "/groups/0")?),
        Some(_) => return Err(field("/groups", "A customer of Magento's is in exactly one group.")),
    }
    body.addresses = input.addresses.clone().or_empty(Vec::new()).map(|list| addresses(&list));
    let subscribed = input.marketing.set().and_then(|marketing| marketing.email);
    body.extension_attributes = subscribed.map(|is_subscribed| Subscribed { is_subscribed });
    Ok(())
}

fn create_customer(door: Door, input: &CustomerInput, remote: bool) -> Result<Turn, Refusal> {
    let mut body = CustomerBody::default();
    change_customer(&mut body, input)?;
    for (name, pointer) in [(&body.firstname, "/first_name"), (&body.lastname, "/last_name")] {
        if name.is_empty() {
            return Err(field(pointer, "Magento needs this field of a new customer."));
        }
    }
    let request = door.send(Method::POST, "customers", &CustomerSent { customer: body });
    Ok(Turn::ask(request, move |answer| {
        let id = {
            let made: Item<wire::Customer<'_>> = item(success(&answer, &door.credential)?, false)?;
            made.wire.id.into_string()
        };
        Ok(reads::customers(door, Place::One(id), remote))
    }))
}

/// A change repeats what Magento requires of every customer, so the customer is read first. Addresses that are not sent stay.
fn update_customer(door: Door, id: &str, input: CustomerInput, remote: bool) -> Result<Turn, Refusal> {
    // Checked before anything is asked, so that a refusal comes at once.
    change_customer(&mut CustomerBody::default(), &input)?;
    let path = format!("customers/{id}");
    let id = id.to_owned();
    Ok(Turn::ask(door.get(&path), move |answer| {
        let mut body = {
            let now: Item<wire::Customer<'_>> = item(success(&answer, &door.credential)?, false)?;
            let number = |id: Option<IdText<'_>>| id.and_then(|id| id.as_str().parse().ok());
            CustomerBody {
                id: id.parse().ok(),
                email: now.wire.email.into_owned(),
                firstname: now.wire.firstname.unwrap_or_default().into_owned(),
                lastname: now.wire.lastname.unwrap_or_default().into_owned(),
                group_id: number(now.wire.group_id),
                website_id: number(now.wire.website_id),
                store_id: number(now.wire.store_id),
                ..CustomerBody::default()
            }
        };
        change_customer(&mut body, &input).map_err(ReadError::Refused)?;
        let request = door.send(Method::PUT, &path, &CustomerSent { customer: body });
        Ok(in_order(door, VecDeque::from([vec![request]]), move |door| reads::customers(door, Place::One(id), remote)))
    }))
}

#[derive(Serialize)]
struct CategorySent {
    category: CategoryBody,
}

#[derive(Default, Serialize)]
struct CategoryBody {
    #[serde(skip_serializing_if = "Option::is_none")]
    parent_id: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    is_active: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    position: Option<i64>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    custom_attributes: Vec<AttributeBody<String>>,
}

fn category_body(input: &CategoryInput) -> Result<CategoryBody, Refusal> {
    let url_key = needed(&input.slug, "/slug")?;
    Ok(CategoryBody {
        parent_id: None,
        name: needed(&input.name, "/name")?.cloned(),
        is_active: needed(&input.visible, "/visible")?.copied(),
        position: needed(&input.position, "/position")?.copied(),
        custom_attributes: url_key
            .map(|value| AttributeBody { attribute_code: "url_key".to_owned(), value: value.clone() })
            .into_iter()
            .collect(),
    })
}

/// Without a parent Magento puts a category under the root of the store's own tree.
fn create_category(door: Door, input: &CategoryInput, remote: bool) -> Result<Turn, Refusal> {
    let mut body = category_body(input)?;
    body.parent_id = input.parent_id.set().map(|id| id_number(id, "/parent_id")).transpose()?;
    body.is_active.get_or_insert(true);
    let request = door.send(Method::POST, "categories", &CategorySent { category: body });
    Ok(Turn::ask(request, move |answer| {
        let id = {
            let made: Item<wire::Category<'_>> = item(success(&answer, &door.credential)?, false)?;
            made.wire.id.into_string()
        };
        Ok(reads::categories(door, Place::One(id), remote))
    }))
}

#[derive(Serialize)]
struct Move {
    #[serde(rename = "parentId")]
    parent_id: u64,
}

/// A category changes its parent by a call of its own.
fn update_category(door: Door, id: &str, input: &CategoryInput, remote: bool) -> Result<Turn, Refusal> {
    let body = category_body(input)?;
    let mut steps = VecDeque::new();
    let is_empty = serde_json::to_vec(&body).is_ok_and(|text| text == b"{}");
    if !is_empty {
        steps.push_back(vec![door.send(Method::PUT, &format!("categories/{id}"), &CategorySent { category: body })]);
    }
    if let Some(parent) = needed(&input.parent_id, "/parent_id")? {
        let parent_id = id_number(parent, "/parent_id")?;
        steps.push_back(vec![door.send(Method::PUT, &format!("categories/{id}/move"), &Move { parent_id })]);
    }
    let id = id.to_owned();
    Ok(in_order(door, steps, move |door| reads::categories(door, Place::One(id), remote)))
}

#[derive(Serialize)]
struct SourceItems {
    #[serde(rename = "sourceItems")]
    source_items: [SourceItemBody; 1],
}

#[derive(Serialize)]
struct SourceItemBody {
    sku: String,
    source_code: String,
    quantity: i64,
    status: u8,
}

/// The source that every store has.
const DEFAULT_SOURCE: &str = "default";

/// Sets what one source holds, whatever it was.
fn set_level(door: Door, id: &str, input: &InventoryInput) -> Result<Turn, Refusal> {
    let Some(quantity) = needed(&input.available, "/available")?.copied() else {
        return Err(field("/available", "Magento can change nothing else of a stock level."));
    };
    let source_code = input.location_id.set().cloned().unwrap_or_else(|| DEFAULT_SOURCE.to_owned());
    let id = id.to_owned();
    Ok(with_skus(door, vec![id.clone()], move |door, skus| {
        let sku = skus.into_values().next().unwrap_or_default();
        let item = SourceItemBody { sku, source_code, quantity, status: u8::from(quantity > 0) };
        let request = door.send(Method::POST, "inventory/source-items", &SourceItems { source_items: [item] });
        Ok(in_order(door, VecDeque::from([vec![request]]), move |door| stock::of_product(door, id)))
    }))
}

/// Reads a product again, after a write.
pub(super) fn product_again(door: Door, id: String, remote: bool) -> Turn {
    products::read(door, Place::One(id), products::Wanted::of(None, remote), remote)
}
