//! Unified writes as mutations, carried out one after another, each checked for what Shopify found wrong with it; then the object is read.

mod category;
mod customer;
mod inventory;
mod order;
mod product;

use std::borrow::Cow;
use std::collections::{BTreeMap, VecDeque};

use domain::model::input::{AddressInput, Change};
use domain::model::{Entity, MetaField};
use domain::money::{Currency, Money};
use http::StatusCode;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use super::answer::ask_one;
use super::kind::{Collections, Customers, Kind, Orders, Products, Stock};
use super::pages::{self, Data};
use super::query::{Document, Selection};
use super::select::{Plan, Wanted};
use super::{Door, NO_BASKETS, gid};
use crate::connector::{Outcome, ReadError, Refusal, Turn};
use crate::upstream::public;
use crate::write::{Action, Input, Write};

/// Carries out a write whose verb Shopify has for the entity.
pub(super) fn write(door: Door, write: Write<'_>) -> Result<Turn, Refusal> {
    let remote = write.include_remote;
    match write.action {
        Action::Create(Input::Product(input)) => product::create(door, *input, remote),
        Action::Create(Input::Order(input)) => order::create(door, *input, remote),
        Action::Create(Input::Customer(input)) => customer::create(door, *input, remote),
        Action::Create(Input::Category(input)) => category::create(door, input, remote),
        Action::Update { id, input: Input::Product(input) } => {
            product::update(door, known::<Products>(id)?, *input, remote)
        }
        Action::Update { id, input: Input::Order(input) } => order::update(door, known::<Orders>(id)?, *input, remote),
        Action::Update { id, input: Input::Customer(input) } => {
            customer::update(door, known::<Customers>(id)?, *input, remote)
        }
        Action::Update { id, input: Input::Category(input) } => {
            category::update(door, known::<Collections>(id)?, input, remote)
        }
        Action::Update { id, input: Input::Inventory(input) } => {
            inventory::update(door, known::<Stock>(id)?, input, remote)
        }
        Action::Delete { id } => match write.entity {
            Entity::Products => delete::<Products>(door, "productDelete", "ProductDeleteInput!", id),
            Entity::Customers => delete::<Customers>(door, "customerDelete", "CustomerDeleteInput!", id),
            Entity::Categories => delete::<Collections>(door, "collectionDelete", "CollectionDeleteInput!", id),
            Entity::Orders | Entity::Inventory | Entity::Baskets => Err(Refusal::NotSupported(NO_BASKETS)),
        },
        Action::Create(_) | Action::Update { .. } => Err(Refusal::NotSupported(NO_BASKETS)),
    }
}

fn known<K: Kind>(id: &str) -> Result<String, Refusal> {
    gid(K::GID, id).ok_or(Refusal::Id)
}

/// The field is not one that can be set so.
fn wrong<T>(pointer: impl Into<String>, why: &'static str) -> Result<T, Refusal> {
    Err(Refusal::Field { pointer: pointer.into(), why })
}

/// A mutation, by the name under which its payload stands.
struct Step {
    name: &'static str,
    document: Document,
}

/// What a mutation's errors are told with.
#[derive(Clone, Copy)]
enum Errors {
    /// `field` and `message`.
    Plain,
    /// A `code` too.
    Coded,
}

impl Step {
    /// A mutation with one argument `input` (or another name) and what it makes: the id of the object under `made`.
    fn new(name: &'static str, arguments: &str, made: Option<&str>, errors: Errors) -> Self {
        let mut payload = Selection::default();
        if let Some(made) = made {
            payload.object(made, &Selection::of("id"));
        }
        let told = match errors {
            Errors::Plain => Selection::of("field message"),
            Errors::Coded => Selection::of("field message code"),
        };
        payload.object(if name == "orderCancel" { "orderCancelUserErrors" } else { "userErrors" }, &told);
        let mut root = Selection::default();
        root.object(&format!("{name}{arguments}"), &payload);
        Self { name, document: Document::mutation(root) }
    }

    fn with(mut self, name: &str, kind: &str, value: impl Into<Value>) -> Self {
        self.document = self.document.with(name, kind, value);
        self
    }
}

/// What comes after the steps; it gets the global id of the object that they made, if they made one.
type Then = Box<dyn FnOnce(Option<String>) -> Result<Turn, ReadError> + Send>;

/// Carries out a mutation and then the others, each only when Shopify found nothing wrong with the one before.
fn run(door: Door, first: Step, mut rest: VecDeque<Step>, made: Option<String>, then: Then) -> Turn {
    let name = first.name;
    ask_one(door.clone(), &first.document, move |data| {
        let data = Data::read(&data)?;
        let payload: BTreeMap<String, &RawValue> =
            data.field(name)?.ok_or(ReadError::Unreadable("the mutation has no payload"))?;
        let mut made = made;
        for (name, text) in &payload {
            if name.ends_with("serErrors") {
                let errors: Vec<UserError<'_>> =
                    serde_json::from_str(text.get()).map_err(|_| ReadError::Unreadable("not the documented errors"))?;
                check(&errors, &door)?;
            } else if let Ok(Some(object)) = serde_json::from_str::<Option<Made<'_>>>(text.get()) {
                made = Some(object.id.into_owned());
            }
        }
        match rest.pop_front() {
            Some(next) => Ok(run(door, next, rest, made, then)),
            None => then(made),
        }
    })
}

#[derive(Deserialize)]
struct Made<'a> {
    #[serde(borrow)]
    id: Cow<'a, str>,
}

/// Carries out the steps, if there are any, and answers with the object as it is then.
fn change<K: Kind>(door: Door, steps: Vec<Step>, gid: String, plan: Plan, remote: bool) -> Turn {
    let mut steps: VecDeque<Step> = steps.into();
    let reading = door.clone();
    match steps.pop_front() {
        None => pages::one::<K>(door, plan, gid, remote),
        Some(first) => {
            let then: Then = Box::new(move |_| Ok(pages::one::<K>(reading, plan, gid, remote)));
            run(door, first, steps, None, then)
        }
    }
}

/// Carries out the step that makes an object, then those that need its id, and answers with the object.
fn make<K: Kind>(
    door: Door,
    first: Step,
    more: impl FnOnce(&str) -> Vec<Step> + Send + 'static,
    plan: Plan,
    remote: bool,
) -> Turn {
    let reading = door.clone();
    let then: Then = Box::new(move |made| {
        let gid = made.ok_or(ReadError::Unreadable("the mutation made nothing"))?;
        Ok(change::<K>(reading, more(&gid), gid, plan, remote))
    });
    run(door, first, VecDeque::new(), None, then)
}

fn delete<K: Kind>(door: Door, name: &'static str, kind: &str, id: &str) -> Result<Turn, Refusal> {
    let input = json!({ "id": known::<K>(id)? });
    let step = Step::new(name, "(input: $input)", None, Errors::Plain).with("input", kind, input);
    Ok(run(door, step, VecDeque::new(), None, Box::new(|_| Ok(Turn::Done(Outcome::Deleted)))))
}

/// Everything of an object, to answer a write with.
fn whole() -> Wanted<'static> {
    Wanted(None)
}

/// A text that can be emptied.
fn text(change: Change<String>) -> Option<Value> {
    change.or_empty(String::new()).map(Value::from)
}

/// A value that can be changed and not taken away.
fn kept<T>(change: Change<T>, pointer: &str) -> Result<Option<T>, Refusal> {
    match change {
        Change::Keep => Ok(None),
        Change::Set(value) => Ok(Some(value)),
        Change::Clear => wrong(pointer, "Shopify does not let it be empty"),
    }
}

/// Adds a member, if there is a value for it.
fn put(object: &mut Map<String, Value>, name: &str, value: Option<impl Into<Value>>) {
    if let Some(value) = value {
        object.insert(name.to_owned(), value.into());
    }
}

/// An address; Shopify wants the codes of country and region.
fn address(input: AddressInput, pointer: &str) -> Result<Value, Refusal> {
    let mut address = Map::new();
    if let Some(country) = &input.country
        && (country.len() != 2 || !country.bytes().all(|byte| byte.is_ascii_uppercase()))
    {
        return wrong(format!("{pointer}/country"), "must be an ISO 3166-1 alpha-2 code in capitals");
    }
    if input.region.code.is_none() && input.region.name.is_some() {
        return wrong(format!("{pointer}/region/code"), "Shopify needs the region's code");
    }
    for (name, value) in [
        ("firstName", input.first_name),
        ("lastName", input.last_name),
        ("company", input.company),
        ("address1", input.line1),
        ("address2", input.line2),
        ("city", input.city),
        ("provinceCode", input.region.code),
        ("zip", input.postcode),
        ("countryCode", input.country),
        ("phone", input.phone),
    ] {
        put(&mut address, name, value);
    }
    Ok(address.into())
}

/// Custom fields as mutations, at most so many of them in each as Shopify takes.
fn metafields(owner: &str, fields: Vec<Metafield>) -> Vec<Step> {
    const AT_ONCE: usize = 25;
    let inputs: Vec<Value> = fields
        .into_iter()
        .map(|Metafield { namespace, key, kind, value }| {
            json!({ "ownerId": owner, "namespace": namespace, "key": key, "type": kind, "value": value })
        })
        .collect();
    inputs
        .chunks(AT_ONCE)
        .map(|inputs| {
            Step::new("metafieldsSet", "(metafields: $metafields)", None, Errors::Coded).with(
                "metafields",
                "[MetafieldsSetInput!]!",
                inputs.to_vec(),
            )
        })
        .collect()
}

/// A custom field as Shopify types it.
struct Metafield {
    namespace: String,
    key: String,
    kind: &'static str,
    value: String,
}

/// Reads custom fields. A key without a namespace goes where the admin shows those of merchants; the type is that of the JSON value, and
/// Shopify refuses it where the shop has defined the field otherwise.
fn custom_fields(fields: Change<Vec<MetaField>>) -> Result<Vec<Metafield>, Refusal> {
    let mut read = Vec::new();
    for (index, field) in fields.or_empty(Vec::new()).unwrap_or_default().into_iter().enumerate() {
        let (namespace, key) = field.key.split_once('.').unwrap_or(("custom", &field.key));
        let value = serde_json::from_str(field.value.get()).unwrap_or(Value::Null);
        let (kind, text) = match value {
            Value::Null => return wrong(format!("/meta/{index}/value"), "Shopify keeps no empty custom field"),
            Value::String(text) if text.contains('\n') => ("multi_line_text_field", text),
            Value::String(text) => ("single_line_text_field", text),
            Value::Bool(flag) => ("boolean", flag.to_string()),
            // From its characters: a number may have more digits than fit in one of ours.
            Value::Number(_) => {
                let text = field.value.get();
                let is_whole = text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
                (if is_whole { "number_integer" } else { "number_decimal" }, text.to_owned())
            }
            Value::Array(_) | Value::Object(_) => ("json", field.value.get().to_owned()),
        };
        read.push(Metafield { namespace: namespace.to_owned(), key: key.to_owned(), kind, value: text });
    }
    Ok(read)
}

/// The currencies that a caller gave with amounts, each with its place. Shopify takes amounts without one, as the shop's own.
#[derive(Default)]
struct Currencies(Vec<(String, Currency)>);

impl Currencies {
    /// The decimal text of an amount.
    fn amount(&mut self, money: &Money, pointer: &str) -> String {
        if let Some(currency) = money.currency {
            self.0.push((format!("{pointer}/currency"), currency));
        }
        money.amount.to_string()
    }

    /// The first that is not the shop's is refused: 10 EUR must not become 10 USD.
    fn check(self, shop: Option<Currency>) -> Result<(), ReadError> {
        match self.0.into_iter().find(|(_, currency)| shop.is_some_and(|shop| shop != *currency)) {
            None => Ok(()),
            Some((pointer, _)) => {
                Err(ReadError::Refused(Refusal::Field { pointer, why: "the shop's prices are in another currency" }))
            }
        }
    }
}

/// What a mutation found wrong with its input.
#[derive(Deserialize)]
struct UserError<'a> {
    #[serde(borrow, default)]
    field: Option<Vec<Cow<'a, str>>>,
    #[serde(borrow, default)]
    message: Cow<'a, str>,
    #[serde(borrow, default)]
    code: Option<Cow<'a, str>>,
}

/// The error that a mutation's `userErrors` stand for; `Ok` when there are none.
fn check(errors: &[UserError<'_>], door: &Door) -> Result<(), ReadError> {
    let Some(first) = errors.first() else { return Ok(()) };
    let code = first.code.as_deref().unwrap_or_default();
    // Some mutations give no code: then their words are all there is to tell "no such object" from the rest.
    let says_missing = || {
        let message = first.message.to_ascii_lowercase();
        let is_of_the_id =
            first.field.as_ref().is_none_or(|field| field.last().is_none_or(|name| name.ends_with("id")));
        let is_missing = message.contains("not exist") || message.contains("t find") || message.contains("not found");
        is_of_the_id && is_missing
    };
    let status = match code {
        "CHANGE_FROM_QUANTITY_STALE" | "IDEMPOTENCY_CONCURRENT_REQUEST" => StatusCode::CONFLICT,
        code if code.ends_with("DOES_NOT_EXIST") || code.ends_with("NOT_FOUND") => StatusCode::NOT_FOUND,
        _ if says_missing() => StatusCode::NOT_FOUND,
        _ => StatusCode::UNPROCESSABLE_ENTITY,
    };
    let texts: Vec<String> = errors
        .iter()
        .map(|error| match &error.field {
            Some(field) if !field.is_empty() => format!("{}: {}", field.join("."), error.message),
            _ => error.message.clone().into_owned(),
        })
        .collect();
    Err(ReadError::Upstream { status, retry_after: None, text: public(&texts.join("; "), &door.credential) })
}
