//! Writing many objects in one call: `POST …/batch` takes up to a hundred and answers each by itself, with an error in place of the object where
//! one was refused.
//!
//! Two things are not left to it: a batch deletes products and orders past the trash, silently; and a product with variations needs calls
//! of its own. Such writes go one by one.

use domain::model::Entity;
use domain::model::input::InventoryInput;
use http::{HeaderMap, StatusCode};
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};

use super::body::{self, Wallet};
use super::products::{self, current_currency};
use super::writes::{checked, parent};
use super::{Door, in_brackets, map, objects, path, product_writes, wire};
use crate::connector::{Credential, InboundResponse, Objects, Outcome, ReadError, Refusal, Turn};
use crate::request::OutboundRequest;
use crate::upstream::{IdText, Item, item, items, refused, success};
use crate::write::{Action, Input, Write};

type Results = Vec<Result<Outcome, ReadError>>;

/// The turn for all writes; `None` when some of them need calls of their own.
pub(super) fn bulk(door: Door, writes: &[Write<'_>]) -> Option<Turn> {
    let entity = writes.first()?.entity;
    match entity {
        Entity::Baskets => None,
        Entity::Inventory => Some(stock(door, writes)),
        Entity::Products => products(door, writes),
        Entity::Orders | Entity::Customers | Entity::Categories => {
            let mut batch = Batch::default();
            for write in writes {
                let id = match &write.action {
                    Action::Delete { .. } if entity == Entity::Orders => return None,
                    action => id_of(action),
                };
                batch.add(write, id.and_then(|id| body_of(&write.action, id)));
            }
            let include_remote = writes.first()?.include_remote;
            Some(batch.send(door, entity, move |row| {
                let outcome = objects(entity, &in_brackets(row.get().as_bytes()), include_remote)?.0;
                Ok(Outcome::One(outcome))
            }))
        }
    }
}

/// The id of what is changed or deleted, checked.
fn id_of<'a>(action: &Action<'a>) -> Result<Option<&'a str>, Refusal> {
    match action {
        Action::Create(_) => Ok(None),
        Action::Update { id, .. } | Action::Delete { id } => checked(id).map(|_| Some(*id)),
    }
}

/// The body of a write as text, with the id of what it changes; of a deletion, the id.
fn body_of(action: &Action<'_>, id: Option<&str>) -> Result<Box<RawValue>, Refusal> {
    let id = id.and_then(|id| id.parse().ok());
    let input = match action {
        Action::Create(input) | Action::Update { input, .. } => input.clone(),
        Action::Delete { .. } => return Ok(raw(&id)),
    };
    Ok(match input {
        Input::Order(input) => raw(&Numbered { id, body: body::Order::new(*input, id.is_none())? }),
        Input::Customer(input) => raw(&Numbered { id, body: body::Customer::new(*input)? }),
        Input::Category(input) => raw(&Numbered { id, body: body::Category::new(input)? }),
        Input::Product(_) | Input::Inventory(_) | Input::Basket(_) => {
            return Err(Refusal::NotSupported("This has a way of its own."));
        }
    })
}

#[derive(Serialize)]
struct Numbered<T> {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<u64>,
    #[serde(flatten)]
    body: T,
}

/// As text, so that numbers in custom fields keep their digits. Structs of texts and numbers always serialise.
fn raw(body: &impl Serialize) -> Box<RawValue> {
    to_raw_value(body).unwrap_or_else(|_| RawValue::NULL.to_owned())
}

/// The writes of one call, and where the result of each belongs.
#[derive(Default)]
struct Batch {
    results: Vec<Option<Result<Outcome, ReadError>>>,
    create: Lot,
    update: Lot,
    delete: Lot,
}

/// Writes of one kind, with their places.
#[derive(Default)]
struct Lot {
    bodies: Vec<Box<RawValue>>,
    places: Vec<usize>,
}

#[derive(Serialize)]
struct BatchBody<'a> {
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    create: &'a [Box<RawValue>],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    update: &'a [Box<RawValue>],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    delete: &'a [Box<RawValue>],
}

impl Batch {
    /// Adds a write; one that is refused keeps its place and is not sent.
    fn add(&mut self, write: &Write<'_>, body: Result<Box<RawValue>, Refusal>) {
        let place = self.results.len();
        let lot = match write.action {
            Action::Create(_) => &mut self.create,
            Action::Update { .. } => &mut self.update,
            Action::Delete { .. } => &mut self.delete,
        };
        match body {
            Ok(body) => {
                lot.bodies.push(body);
                lot.places.push(place);
                self.results.push(None);
            }
            Err(refusal) => self.results.push(Some(Err(ReadError::Refused(refusal)))),
        }
    }

    fn request(&self, door: &Door, path: &str) -> Option<OutboundRequest> {
        let body = BatchBody { create: &self.create.bodies, update: &self.update.bodies, delete: &self.delete.bodies };
        let is_empty = body.create.is_empty() && body.update.is_empty() && body.delete.is_empty();
        (!is_empty).then(|| door.post(&format!("{path}/batch"), &body))
    }

    /// Puts the store's answer in place: `read` makes the outcome of an object's row.
    fn put(
        &mut self,
        answer: &InboundResponse,
        credential: &Credential,
        mut read: impl FnMut(usize, &RawValue) -> Result<Outcome, ReadError>,
    ) -> Result<(), ReadError> {
        let rows: wire::Batch<'_> = serde_json::from_slice(success(answer, credential)?)
            .map_err(|_| ReadError::Unreadable("not the answer to a batch"))?;
        for (lot, rows, is_deletion) in
            [(&self.create, rows.create, false), (&self.update, rows.update, false), (&self.delete, rows.delete, true)]
        {
            for (place, row) in lot.places.iter().zip(rows) {
                self.results[*place] = Some(match row_error(row, credential) {
                    Some(error) => Err(error),
                    None if is_deletion => Ok(Outcome::Deleted),
                    None => read(*place, row),
                });
            }
        }
        Ok(())
    }

    fn done(self) -> Turn {
        let missing = || Err(ReadError::Unreadable("the answer to a batch is too short"));
        let results: Results = self.results.into_iter().map(|result| result.unwrap_or_else(missing)).collect();
        Turn::Done(Outcome::Batch(results))
    }

    fn send(
        mut self,
        door: Door,
        entity: Entity,
        read: impl Fn(&RawValue) -> Result<Outcome, ReadError> + Send + 'static,
    ) -> Turn {
        let Some(request) = self.request(&door, path(entity)) else { return self.done() };
        Turn::ask(request, move |answer| {
            self.put(&answer, &door.credential, |_, row| read(row))?;
            Ok(self.done())
        })
    }
}

/// The error in the place of an object: `{"id": …, "error": {"code", "message", "data": {"status"}}}`.
pub(super) fn row_error(row: &RawValue, credential: &Credential) -> Option<ReadError> {
    let wire: wire::BatchRow<'_> = serde_json::from_str(row.get()).ok()?;
    let error = wire.error?;
    let status = serde_json::from_str::<wire::RowError>(error.get()).ok().and_then(|error| error.data?.status);
    let status = status.and_then(|status| StatusCode::from_u16(status).ok()).unwrap_or(StatusCode::BAD_REQUEST);
    let answer = InboundResponse { status, headers: HeaderMap::new(), body: error.get().to_owned().into() };
    Some(refused(&answer, credential))
}

/// Products: the currency is asked first, since amounts are written in it and the answers do not name it.
fn products(door: Door, writes: &[Write<'_>]) -> Option<Turn> {
    let include_remote = writes.first()?.include_remote;
    let mut batch = Batch::default();
    let mut wallets: Vec<(usize, Wallet)> = Vec::new();
    for (place, write) in writes.iter().enumerate() {
        let input = match &write.action {
            Action::Delete { .. } => return None,
            Action::Create(Input::Product(input)) | Action::Update { input: Input::Product(input), .. } => input,
            Action::Create(_) | Action::Update { .. } => return None,
        };
        let parts = id_of(&write.action).and_then(|id| Ok((id, product_writes::alone(id, (**input).clone())?)));
        let body = match parts {
            Ok((_, None)) => return None,
            Ok((id, Some((body, wallet)))) => {
                wallets.push((place, wallet));
                Ok(raw(&Numbered { id: id.and_then(|id| id.parse().ok()), body }))
            }
            Err(refusal) => Err(refusal),
        };
        batch.add(write, body);
    }
    let ask = door.get("data/currencies/current", &[]);
    Some(Turn::ask(ask, move |answer| {
        let currency = current_currency(&answer);
        let mut batch = batch;
        for (place, wallet) in &wallets {
            if let Err(error) = product_writes::check(wallet, currency) {
                batch.withdraw(*place, error);
            }
        }
        let Some(request) = batch.request(&door, "products") else { return Ok(batch.done()) };
        Ok(Turn::ask(request, move |answer| {
            let mut made = Vec::new();
            let mut wanted = Vec::new();
            let mut places = Vec::new();
            batch.put(&answer, &door.credential, |place, row| {
                let row: Item<wire::Product<'_>> = item(row.get().as_bytes(), include_remote)?;
                wanted.extend(products::wanted(&row.wire, made.len()));
                made.push(map::product(row, currency));
                places.push(place);
                Ok(Outcome::Works)
            })?;
            let end = move |made: Vec<domain::model::Product>| {
                for (place, product) in places.into_iter().zip(made) {
                    batch.results[place] = Some(Ok(Outcome::One(Objects::Products(vec![product]))));
                }
                Ok(batch.done())
            };
            products::variations(door, made, wanted, currency, None, Box::new(end))
        }))
    }))
}

impl Batch {
    /// Takes a write out before it is sent.
    fn withdraw(&mut self, place: usize, error: ReadError) {
        for lot in [&mut self.create, &mut self.update] {
            if let Some(index) = lot.places.iter().position(|other| *other == place) {
                lot.places.remove(index);
                lot.bodies.remove(index);
            }
        }
        self.results[place] = Some(Err(error));
    }
}

/// A stock level to set, and where its result belongs.
struct Level {
    place: usize,
    id: String,
    input: InventoryInput,
}

/// Stock levels: their products are found in one call, then the products are written in one and the variations in one for each product.
fn stock(door: Door, writes: &[Write<'_>]) -> Turn {
    let include_remote = writes.first().is_some_and(|write| write.include_remote);
    let mut results: Vec<Option<Result<Outcome, ReadError>>> = Vec::new();
    let mut levels = Vec::new();
    for (place, write) in writes.iter().enumerate() {
        let level = match &write.action {
            Action::Update { id, input: Input::Inventory(input) } => checked(id).map(|id| (id, input.clone())),
            _ => Err(Refusal::NotSupported("A stock level comes and goes with its product or variant.")),
        };
        match level {
            Ok((id, input)) => {
                levels.push(Level { place, id, input });
                results.push(None);
            }
            Err(refusal) => results.push(Some(Err(ReadError::Refused(refusal)))),
        }
    }
    let ids: Vec<&str> = levels.iter().map(|level| level.id.as_str()).collect();
    let include = ids.join(",");
    let query = [("include", include.as_str()), ("per_page", "100"), ("_fields", "id,parent_id")];
    if levels.is_empty() {
        return Stocks { door, results, include_remote }.done();
    }
    // All variations of a store in one list: since WooCommerce 10.3.
    let ask = door.get("variations", &query);
    let stocks = Stocks { door, results, include_remote };
    Turn::ask(ask, move |answer| {
        if answer.status == StatusCode::NOT_FOUND {
            return Ok(stocks.find_each(levels));
        }
        let rows: Vec<Item<wire::Place<'_>>> = items(success(&answer, &stocks.door.credential)?, false)?;
        let parents: Vec<(String, Option<String>)> = rows
            .into_iter()
            .map(|row| (row.wire.id.into_string(), row.wire.parent_id.and_then(IdText::unless_zero)))
            .collect();
        let parent =
            |level: &Level| parents.iter().find(|(id, _)| *id == level.id).and_then(|(_, parent)| parent.clone());
        let found = levels.into_iter().map(|level| (parent(&level), level)).collect();
        Ok(stocks.write(found))
    })
}

struct Stocks {
    door: Door,
    results: Vec<Option<Result<Outcome, ReadError>>>,
    include_remote: bool,
}

impl Stocks {
    fn done(self) -> Turn {
        let missing = || Err(ReadError::Unreadable("the answer to a batch is too short"));
        Turn::Done(Outcome::Batch(self.results.into_iter().map(|result| result.unwrap_or_else(missing)).collect()))
    }

    /// On an older WooCommerce each level is looked at by itself, together.
    fn find_each(mut self, levels: Vec<Level>) -> Turn {
        let lookup = |level: &Level| self.door.get(&format!("products/{}", level.id), &[("_fields", "id,parent_id")]);
        let requests = levels.iter().map(lookup).collect();
        let then = move |answers: Vec<InboundResponse>| {
            let mut found = Vec::new();
            for (level, answer) in levels.into_iter().zip(&answers) {
                match success(answer, &self.door.credential).and_then(parent) {
                    Ok(parent) => found.push((parent, level)),
                    Err(error) => self.results[level.place] = Some(Err(error)),
                }
            }
            Ok(self.write(found))
        };
        Turn::Send { requests, then: Box::new(then) }
    }

    fn write(mut self, found: Vec<(Option<String>, Level)>) -> Turn {
        let mut groups: Vec<(Option<String>, Vec<Level>)> = Vec::new();
        for (parent, level) in found {
            match groups.iter_mut().find(|(other, _)| *other == parent) {
                Some((_, levels)) => levels.push(level),
                None => groups.push((parent, vec![level])),
            }
        }
        if groups.is_empty() {
            return self.done();
        }
        let request = |(parent, levels): &(Option<String>, Vec<Level>)| {
            let body = |level: &Level| raw(&body::Stock::new(&level.input.available, level.id.parse().ok()));
            let update: Vec<Box<RawValue>> = levels.iter().map(body).collect();
            let path = match parent {
                Some(parent) => format!("products/{parent}/variations/batch"),
                None => "products/batch".to_owned(),
            };
            self.door.post(&path, &BatchBody { create: &[], update: &update, delete: &[] })
        };
        let requests = groups.iter().map(request).collect();
        let then = move |answers: Vec<InboundResponse>| {
            for ((_, levels), answer) in groups.iter().zip(&answers) {
                let credential = &self.door.credential;
                let rows: Result<wire::Batch<'_>, ReadError> = success(answer, credential).and_then(|body| {
                    serde_json::from_slice(body).map_err(|_| ReadError::Unreadable("not the answer to a batch"))
                });
                match rows {
                    Err(error) => {
                        for level in levels {
                            self.results[level.place] = Some(Err(error.clone()));
                        }
                    }
                    Ok(rows) => {
                        for (level, row) in levels.iter().zip(rows.update) {
                            self.results[level.place] = Some(match row_error(row, credential) {
                                Some(error) => Err(error),
                                None => item(row.get().as_bytes(), self.include_remote).map(
                                    |row: Item<wire::Product<'_>>| {
                                        let level = map::inventory_level(&row.wire, row.remote);
                                        Outcome::One(Objects::Inventory(vec![level]))
                                    },
                                ),
                            });
                        }
                    }
                }
            }
            Ok(self.done())
        };
        Turn::Send { requests, then: Box::new(then) }
    }
}
