//! Writing one object. The webservice takes XML; `PATCH` (since PrestaShop 8) changes what is sent and leaves the rest.

use domain::model::input::{CategoryInput, Change, CustomerInput, InventoryInput, OrderInput, ProductInput};
use domain::model::{Entity, OrderStatus, ProductStatus};
use http::Method;
use serde::Deserialize;

use super::reads::{Reading, belonging, exactly, resource};
use super::shop::Shop;
use super::xml::Xml;
use super::{Door, is_id, not_found, wire};
use crate::connector::{InboundResponse, Outcome, ReadError, Refusal, Turn};
use crate::upstream::success;
use crate::write::{Action, Input, Write};

pub(super) fn write(door: Door, write: Write<'_>) -> Result<Turn, Refusal> {
    let Write { entity, action, include_remote } = write;
    let (id, input) = match action {
        Action::Create(input) => (None, input),
        Action::Update { id, input } => (Some(id), input),
        Action::Delete { id } => {
            let request = door.request(Method::DELETE, &format!("{}/{}", resource(entity), checked(id)?), &[], None);
            return Ok(Turn::ask(request, move |answer| {
                success(&answer, &door.credential)?;
                Ok(Turn::Done(Outcome::Deleted))
            }));
        }
    };
    match (input, id) {
        (Input::Inventory(input), Some(id)) => stock(door, id, &input, include_remote),
        (Input::Order(input), Some(id)) => order(door, checked(id)?, &input, include_remote),
        (Input::Product(input), id) => {
            object(door, entity, id, include_remote, move |xml, shop| product(xml, shop, *input))
        }
        (Input::Category(input), id) => {
            object(door, entity, id, include_remote, move |xml, shop| category(xml, shop, input))
        }
        (Input::Customer(input), id) => object(door, entity, id, include_remote, move |xml, _| customer(xml, *input)),
        (Input::Inventory(_) | Input::Order(_) | Input::Basket(_), _) => {
            Err(Refusal::NotSupported("PrestaShop cannot do this."))
        }
    }
}

fn checked(id: &str) -> Result<String, Refusal> {
    if is_id(id) { Ok(id.to_owned()) } else { Err(Refusal::Id) }
}

/// Creates or changes an object whose texts need the shop's language, and reads it again: the webservice answers with every language.
fn object(
    door: Door,
    entity: Entity,
    id: Option<&str>,
    include_remote: bool,
    fill: impl FnOnce(&mut Xml, &Shop) -> Result<(), ReadError> + Send + 'static,
) -> Result<Turn, Refusal> {
    let id = id.map(checked).transpose()?;
    let name = match entity {
        Entity::Products => "product",
        Entity::Categories => "category",
        _ => "customer",
    };
    let requests = Shop::requests(&door).into();
    let then = move |answers: Vec<InboundResponse>| {
        let [settings, currencies] = exactly(answers)?;
        let shop = Shop::read(&door, &settings, &currencies);
        let mut xml = Xml::of(name);
        if let Some(id) = &id {
            xml.field("id", id);
        }
        fill(&mut xml, &shop)?;
        let request = match &id {
            Some(id) => door.send(Method::PATCH, &format!("{}/{id}", resource(entity)), xml.end(name)),
            None => door.send(Method::POST, resource(entity), xml.end(name)),
        };
        Ok(Turn::ask(request, move |answer| {
            let id = made(success(&answer, &door.credential)?)?;
            Reading::again(door, entity, &id, include_remote).map_err(ReadError::Refused)
        }))
    };
    Ok(Turn::Send { requests, then: Box::new(then) })
}

/// The id in `{"product": {"id": 7, …}}`.
fn made(body: &[u8]) -> Result<String, ReadError> {
    #[derive(Deserialize)]
    struct Made {
        #[serde(
            alias = "product",
            alias = "category",
            alias = "customer",
            alias = "order_history",
            alias = "stock_available"
        )]
        object: wire::Ref,
    }
    let made: Made =
        serde_json::from_slice(body).map_err(|_| ReadError::Unreadable("not the object that was written"))?;
    Ok(made.object.id.0)
}

fn product(xml: &mut Xml, shop: &Shop, input: ProductInput) -> Result<(), ReadError> {
    let language = shop.language.as_deref().unwrap_or("1");
    if let Some(name) = input.name.or_empty(String::new()) {
        xml.text("name", language, &name);
    }
    if let Some(description) = input.description_html.or_empty(String::new()) {
        xml.text("description", language, &description);
    }
    if let Some(sku) = input.sku.or_empty(String::new()) {
        xml.field("reference", &sku);
    }
    match input.status {
        Change::Set(ProductStatus::Active) => {
            xml.field("active", "1").field("state", "1");
        }
        Change::Set(ProductStatus::Draft | ProductStatus::Archived) | Change::Clear => {
            xml.field("active", "0").field("state", "1");
        }
        Change::Keep => {}
    }
    if let Some(price) = input.price.set() {
        if price.currency.is_some() && price.currency != shop.currency() {
            let why = "prices are in the shop's own currency";
            return Err(ReadError::Refused(Refusal::Field { pointer: "/price/currency".to_owned(), why }));
        }
        xml.field("price", price.amount.as_str());
    }
    if let Some(weight) = input.weight.set() {
        xml.field("weight", weight.value.as_str());
    }
    if let Some(dimensions) = input.dimensions.set() {
        for (name, value) in
            [("depth", &dimensions.length), ("width", &dimensions.width), ("height", &dimensions.height)]
        {
            if let Some(value) = value {
                xml.field(name, value.as_str());
            }
        }
    }
    if let Change::Set(seo) = input.seo {
        for (name, value) in
            [("link_rewrite", seo.slug), ("meta_title", seo.title), ("meta_description", seo.description)]
        {
            if let Some(value) = value.or_empty(String::new()) {
                xml.text(name, language, &value);
            }
        }
    }
    if let Some(categories) = input.categories.or_empty(Vec::new()) {
        for (index, id) in categories.iter().enumerate() {
            if !is_id(id) {
                let why = "no category can have this id";
                return Err(ReadError::Refused(Refusal::Field { pointer: format!("/categories/{index}"), why }));
            }
        }
        if let Some(first) = categories.first() {
            xml.field("id_category_default", first);
        }
        xml.links("categories", "category", &categories);
    }
    Ok(())
}

fn category(xml: &mut Xml, shop: &Shop, input: CategoryInput) -> Result<(), ReadError> {
    let language = shop.language.as_deref().unwrap_or("1");
    // Where the top is "Home", not the tree's root.
    const HOME: &str = "2";
    let slug = match (&input.slug, &input.name) {
        (Change::Keep, Change::Set(name)) => Change::Set(slug(name)),
        (slug, _) => slug.clone(),
    };
    if let Some(name) = input.name.or_empty(String::new()) {
        xml.text("name", language, &name);
    }
    if let Some(slug) = slug.or_empty(String::new()) {
        xml.text("link_rewrite", language, &slug);
    }
    if let Some(parent) = input.parent_id.or_empty(HOME.to_owned()) {
        if !is_id(&parent) {
            let why = "no category can have this id";
            return Err(ReadError::Refused(Refusal::Field { pointer: "/parent_id".to_owned(), why }));
        }
        xml.field("id_parent", &parent);
    }
    if let Some(position) = input.position.set() {
        xml.field("position", &position.to_string());
    }
    if let Some(visible) = input.visible.or_empty(false) {
        xml.field("active", if visible { "1" } else { "0" });
    }
    Ok(())
}

/// A category needs the last part of its address; the shop would make one up only in its own pages.
fn slug(name: &str) -> String {
    let mut slug = String::with_capacity(name.len());
    for character in name.to_lowercase().chars() {
        if character.is_ascii_alphanumeric() {
            slug.push(character);
        } else if !slug.ends_with('-') && !slug.is_empty() {
            slug.push('-');
        }
    }
    let slug = slug.trim_end_matches('-');
    if slug.is_empty() { "category".to_owned() } else { slug.to_owned() }
}

fn customer(xml: &mut Xml, input: CustomerInput) -> Result<(), ReadError> {
    for (name, value) in [("email", input.email), ("firstname", input.first_name), ("lastname", input.last_name)] {
        if let Some(value) = value.or_empty(String::new()) {
            xml.field(name, &value);
        }
    }
    if let Some(email) = input.marketing.set().and_then(|marketing| marketing.email) {
        xml.field("newsletter", if email { "1" } else { "0" });
    }
    Ok(())
}

/// An order's state is changed by adding to its history.
fn order(door: Door, id: String, input: &OrderInput, include_remote: bool) -> Result<Turn, Refusal> {
    let template = match input.status {
        Change::Set(OrderStatus::Cancelled) => "order_canceled",
        _ => {
            let why =
                "PrestaShop's other states are the shop's own; add one to `order_histories` through the raw route";
            return Err(Refusal::Field { pointer: "/status".to_owned(), why });
        }
    };
    let states = door.get("order_states", &[("display", "full")]);
    Ok(Turn::ask(states, move |answer| {
        let states: Vec<wire::OrderState> = belonging(&door, &answer)?;
        let found = states.into_iter().find(|state| state.template.is(template) || state.id.0 == "6");
        let why = "the shop has no state for cancelled orders";
        let state = found.ok_or(ReadError::Refused(Refusal::Field { pointer: "/status".to_owned(), why }))?;
        let mut xml = Xml::of("order_history");
        xml.field("id_order", &id).field("id_order_state", &state.id.0);
        Ok(Turn::ask(door.send(Method::POST, "order_histories", xml.end("order_history")), move |answer| {
            success(&answer, &door.credential)?;
            Reading::again(door, Entity::Orders, &id, include_remote).map_err(ReadError::Refused)
        }))
    }))
}

/// A stock level is found by its product and combination, and changed by its own id.
fn stock(door: Door, id: &str, input: &InventoryInput, include_remote: bool) -> Result<Turn, Refusal> {
    let Change::Set(available) = input.available else {
        let why = "PrestaShop counts every product: a number is needed";
        return Err(Refusal::Field { pointer: "/available".to_owned(), why });
    };
    let (product, combination) = id.split_once('-').unwrap_or((id, "0"));
    if !is_id(product) || (combination != "0" && !is_id(combination)) {
        return Err(Refusal::Id);
    }
    let (of_product, of_combination) = (format!("[{product}]"), format!("[{combination}]"));
    let query = [
        ("display", "full"),
        ("filter[id_product]", of_product.as_str()),
        ("filter[id_product_attribute]", of_combination.as_str()),
    ];
    let (lookup, variant) = (door.get("stock_availables", &query), id.to_owned());
    Ok(Turn::ask(lookup, move |answer| {
        let rows: Vec<wire::Stock> = serde_json::from_slice(door.rows(&answer)?)
            .map_err(|_| ReadError::Unreadable("not the documented list"))?;
        let row = rows.into_iter().next().ok_or_else(not_found)?;
        let mut xml = Xml::of("stock_available");
        xml.field("id", &row.id.0).field("quantity", &available.to_string());
        let request = door.send(Method::PATCH, &format!("stock_availables/{}", row.id.0), xml.end("stock_available"));
        Ok(Turn::ask(request, move |answer| {
            success(&answer, &door.credential)?;
            Reading::again(door, Entity::Inventory, &variant, include_remote).map_err(ReadError::Refused)
        }))
    }))
}
