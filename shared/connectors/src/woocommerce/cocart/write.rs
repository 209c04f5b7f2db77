//! Writing baskets. CoCart takes one line a call, and a cart is one row of the store: lines follow each other, never at the same time.

use bytes::Bytes;
use domain::model::Basket;
use domain::model::input::{BasketInput, BasketLineInput};
use http::{Method, StatusCode};
use serde::Serialize;

use super::{Door, checked, failed, find, map, shown};
use crate::connector::{InboundResponse, Objects, Outcome, ReadError, Refusal, Turn};
use crate::request::{OutboundRequest, json};
use crate::woocommerce::body::number;
use crate::write::{Action, Input};

pub(in crate::woocommerce) fn write(door: Door, action: Action<'_>, include_remote: bool) -> Result<Turn, Refusal> {
    match action {
        Action::Create(Input::Basket(input)) => create(door, input, include_remote),
        Action::Update { id, input: Input::Basket(input) } => update(door, checked(id)?, input, include_remote),
        Action::Delete { id } => {
            let request = door.session(Method::DELETE, &format!("session/{}", checked(id)?));
            Ok(Turn::ask(request, move |answer| {
                if answer.status.is_success() { Ok(Turn::Done(Outcome::Deleted)) } else { Err(failed(&answer, &door)) }
            }))
        }
        Action::Create(_) | Action::Update { .. } => Err(Refusal::NotSupported("A basket is made of lines.")),
    }
}

/// What is done to a cart, one call each.
enum Step {
    Add { id: String, quantity: i64 },
    Set { line: String, quantity: i64 },
    Remove { line: String },
    Clear,
}

/// Ids and quantities must be texts there.
#[derive(Serialize)]
struct AddBody {
    id: String,
    quantity: String,
}

#[derive(Serialize)]
struct SetBody {
    quantity: String,
}

impl Step {
    fn request(&self, door: &Door, key: Option<&str>) -> OutboundRequest {
        let post = |path: &str, body: Bytes| door.guest(Method::POST, path, key, body);
        match self {
            Self::Add { id, quantity } => {
                post("cart/add-item", json(&AddBody { id: id.clone(), quantity: quantity.to_string() }))
            }
            Self::Set { line, quantity } => {
                post(&format!("cart/item/{line}"), json(&SetBody { quantity: quantity.to_string() }))
            }
            Self::Remove { line } => door.guest(Method::DELETE, &format!("cart/item/{line}"), key, Bytes::new()),
            Self::Clear => post("cart/clear", Bytes::from_static(b"{}")),
        }
    }
}

fn field(index: usize, name: &str, why: &'static str) -> Refusal {
    Refusal::Field { pointer: format!("/lines/{index}/{name}"), why }
}

/// What a line without an id adds; CoCart finds a variation by its own id.
fn product(line: &BasketLineInput, index: usize) -> Result<String, Refusal> {
    let (name, id) = match (&line.variant_id, &line.product_id) {
        (Some(id), _) => ("variant_id", id),
        (None, Some(id)) => ("product_id", id),
        (None, None) => return Err(field(index, "product_id", "the field is required")),
    };
    number(id, || format!("/lines/{index}/{name}"))?;
    Ok(id.clone())
}

fn create(door: Door, input: BasketInput, include_remote: bool) -> Result<Turn, Refusal> {
    let lines = input.lines.or_empty(Vec::new()).unwrap_or_default();
    let mut steps = Vec::new();
    for (index, line) in lines.iter().enumerate() {
        if line.id.is_some() {
            return Err(field(index, "id", "a new basket has no lines yet"));
        }
        if line.quantity < 1 {
            return Err(field(index, "quantity", "must be at least 1"));
        }
        steps.push(Step::Add { id: product(line, index)?, quantity: line.quantity });
    }
    if steps.is_empty() {
        return Err(Refusal::Field { pointer: "/lines".to_owned(), why: "CoCart makes a cart with its first line" });
    }
    Ok(take(Job { door, key: None, is_new: true, include_remote }, steps.into_iter()))
}

fn update(door: Door, key: String, input: BasketInput, include_remote: bool) -> Result<Turn, Refusal> {
    if map::is_a_customers(&key) {
        return Err(Refusal::NotSupported(
            "This basket belongs to a customer, who alone can change it; guests' baskets can be changed.",
        ));
    }
    for (index, line) in input.lines.set().into_iter().flatten().enumerate() {
        if line.quantity < 0 {
            return Err(field(index, "quantity", "must be at least 0"));
        }
    }
    let found = move |door: Door, basket: Basket| {
        let steps = steps(&basket, input).map_err(ReadError::Refused)?;
        if steps.is_empty() {
            return Ok(Turn::Done(Outcome::One(Objects::Baskets(vec![basket]))));
        }
        Ok(take(Job { door, key: Some(basket.id), is_new: false, include_remote }, steps.into_iter()))
    };
    Ok(find(door, key, include_remote, Box::new(found)))
}

/// The steps from a basket to what is wanted of it. A quantity is what there shall be, also for a product that is in it already, so that the same
/// change made twice does no harm.
fn steps(basket: &Basket, input: BasketInput) -> Result<Vec<Step>, Refusal> {
    let Some(lines) = input.lines.set() else {
        let is_emptied = !input.lines.is_keep() && !basket.lines.is_empty();
        return Ok(if is_emptied { vec![Step::Clear] } else { Vec::new() });
    };
    let mut steps = Vec::new();
    for (index, line) in lines.iter().enumerate() {
        let here = match &line.id {
            Some(id) => {
                let here = basket.lines.iter().find(|here| here.id == *id);
                Some(here.ok_or_else(|| field(index, "id", "the basket has no such line"))?)
            }
            None => {
                let id = product(line, index)?;
                let mut same = basket.lines.iter().filter(|here| here.variant_id.as_ref() == Some(&id));
                // Several lines of one product differ in what was chosen; then a new one is meant.
                let here = same.next().filter(|_| same.next().is_none());
                if here.is_none() && line.quantity > 0 {
                    steps.push(Step::Add { id, quantity: line.quantity });
                }
                here
            }
        };
        let Some(here) = here.filter(|here| here.quantity != line.quantity) else { continue };
        let id = here.id.clone();
        steps.push(match line.quantity {
            0 => Step::Remove { line: id },
            quantity => Step::Set { line: id, quantity },
        });
    }
    Ok(steps)
}

/// What stays the same over the steps of one write.
struct Job {
    door: Door,
    /// `None` before CoCart has given one.
    key: Option<String>,
    is_new: bool,
    include_remote: bool,
}

/// Takes the steps one after the other; the last answer shows the whole cart.
fn take(mut job: Job, mut steps: std::vec::IntoIter<Step>) -> Turn {
    let Some(step) = steps.next() else { return Turn::Done(Outcome::One(Objects::Baskets(Vec::new()))) };
    Turn::ask(step.request(&job.door, job.key.as_deref()), move |answer| {
        if !answer.status.is_success() {
            let error = rejected(&answer, &job.door);
            // The caller gets an error and no key: a cart that was made halfway must not stay.
            return match job.key.filter(|_| job.is_new) {
                Some(key) => {
                    let undo = job.door.session(Method::DELETE, &format!("session/{key}"));
                    Ok(Turn::ask(undo, move |_| Err(error)))
                }
                None => Err(error),
            };
        }
        let basket = shown(&answer, job.include_remote)?;
        if steps.as_slice().is_empty() {
            return Ok(Turn::Done(Outcome::One(Objects::Baskets(vec![basket]))));
        }
        job.key = Some(checked(&basket.id).map_err(|_| ReadError::Unreadable("a cart key of another form"))?);
        Ok(take(job, steps))
    })
}

/// The error of a step. CoCart says 404 when stock is short, 405 for a quantity and 403 for what cannot be bought: whatever it blames on the
/// request is a rejection, and says nothing about the basket or the credential.
fn rejected(answer: &InboundResponse, door: &Door) -> ReadError {
    match failed(answer, door) {
        ReadError::Upstream { status, retry_after, text }
            if status.is_client_error() && status != StatusCode::TOO_MANY_REQUESTS =>
        {
            ReadError::Upstream { status: StatusCode::UNPROCESSABLE_ENTITY, retry_after, text }
        }
        error => error,
    }
}
