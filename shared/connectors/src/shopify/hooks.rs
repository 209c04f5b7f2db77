//! Shopify's webhooks: one subscription for each topic, signed with the client secret of the app.
//!
//! Traps that are handled here (`platforms.md` 3.2, 3.5; shopify.dev): a subscription is deleted after eight failed tries; only ids and times are
//! asked for, since what a webhook brings is in the REST form, may be old, and is personal (R122); stock is told by its inventory item, which
//! is no variant's id; a topic that the token lacks the permission for refuses its own subscription only; the three privacy topics are
//! set up in the app and cannot be subscribed to here.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use domain::event::{Change, PrivacyTopic, Topic};
use domain::model::Entity;
use http::StatusCode;
use serde::Deserialize;
use serde_json::json;

use super::answer::{Answers, ask, ask_one};
use super::kind::{Collections, Customers, Kind, Orders, Products, Stock};
use super::pages::{self, Data};
use super::query::{Document, Selection};
use super::select::Plan;
use super::wire::Connection;
use super::{Door, gid, map};
use crate::connector::{Context, Outcome, ReadError, Refusal, Turn};
use crate::hooks::common::{self, asked, digest, leads_here, told};
use crate::hooks::{Hook, HookError, Hooks, Person, Registered, Registration, Says, SecretSource, Wanted};
use crate::upstream::{IdText, public, time};

/// The field of the credential that webhooks are signed with.
pub(super) const CLIENT_SECRET: &str = "client_secret";

/// What is read of a privacy topic's body (`platforms.md` 3.5).
#[derive(Deserialize)]
struct AskedAbout<'a> {
    #[serde(borrow, default)]
    customer: Option<Customer<'a>>,
    #[serde(borrow, default, alias = "orders_to_redact")]
    orders_requested: Vec<IdText<'a>>,
}

#[derive(Deserialize)]
struct Customer<'a> {
    #[serde(borrow, default)]
    id: Option<IdText<'a>>,
}

fn person(body: &[u8]) -> Result<Person, HookError> {
    let asked: AskedAbout<'_> = common::parse(body)?;
    Ok(Person {
        customer: asked.customer.and_then(|customer| customer.id).map(IdText::into_string),
        orders: asked.orders_requested.into_iter().map(IdText::into_string).collect(),
    })
}

/// What a webhook is asked to bring.
const THIN: &[&str] = &["id", "updated_at"];
/// The same for stock, which has no id.
const STOCK: &[&str] = &["inventory_item_id", "location_id", "updated_at"];
/// The same for the end of an app: the shop's other fields are its owner's name and addresses.
const SHOP: &[&str] = &["id"];

/// What is subscribed to. Cancelled, paid and fulfilled orders are updated ones too.
const TOPICS: &[(&str, &[&str])] = &[
    ("PRODUCTS_CREATE", THIN),
    ("PRODUCTS_UPDATE", THIN),
    ("PRODUCTS_DELETE", THIN),
    ("ORDERS_CREATE", THIN),
    ("ORDERS_UPDATED", THIN),
    ("ORDERS_DELETE", THIN),
    ("CUSTOMERS_CREATE", THIN),
    ("CUSTOMERS_UPDATE", THIN),
    ("CUSTOMERS_DELETE", THIN),
    ("COLLECTIONS_CREATE", THIN),
    ("COLLECTIONS_UPDATE", THIN),
    ("COLLECTIONS_DELETE", THIN),
    ("INVENTORY_LEVELS_CONNECT", STOCK),
    ("INVENTORY_LEVELS_UPDATE", STOCK),
    ("INVENTORY_LEVELS_DISCONNECT", STOCK),
    ("APP_UNINSTALLED", SHOP),
];

/// The rows of a page of subscriptions, the most that Shopify gives.
const PER_PAGE: u32 = 250;
/// The most pages of them that are looked through.
const MOST_PAGES: u32 = 10;
/// How many mutations travel in one document.
const AT_ONCE: usize = 10;

/// The start of the global id of what is counted at locations: a variant has one.
pub(super) const INVENTORY_ITEM: &str = "InventoryItem";

pub(super) struct ShopifyHooks;

/// What is read of a webhook's body.
#[derive(Deserialize)]
struct Thing<'a> {
    #[serde(borrow, default)]
    id: Option<IdText<'a>>,
    #[serde(borrow, default)]
    inventory_item_id: Option<IdText<'a>>,
    #[serde(borrow, default)]
    updated_at: Option<Cow<'a, str>>,
}

impl Hooks for ShopifyHooks {
    fn secret(&self) -> SecretSource {
        SecretSource::Credential(CLIENT_SECRET)
    }

    fn registration(&self) -> Registration {
        Registration::Api
    }

    fn read(&self, headers: &BTreeMap<String, String>, body: &[u8]) -> Result<Hook, HookError> {
        let topic = told(headers, "x-shopify-topic").ok_or(HookError("It says no topic."))?;
        let key = match (told(headers, "x-shopify-webhook-id"), told(headers, "x-shopify-event-id")) {
            (Some(webhook), _) => webhook.to_owned(),
            // The same event is told to several subscriptions under one id.
            (None, Some(event)) => format!("{topic}.{event}"),
            (None, None) => format!("{topic}.{}", digest(body)),
        };
        let says = match topic {
            "app/uninstalled" => Says::AppUninstalled,
            "customers/data_request" => Says::Privacy(PrivacyTopic::CustomerAccess, person(body)?),
            "customers/redact" => Says::Privacy(PrivacyTopic::CustomerErasure, person(body)?),
            "shop/redact" => Says::Privacy(PrivacyTopic::StoreErasure, Person::default()),
            _ => match object(topic) {
                None => Says::Nothing,
                Some((entity, change)) => {
                    let thing: Thing<'_> = common::parse(body)?;
                    let id = match entity {
                        // The variant is looked up when it is read; here it is called by what is known of it.
                        Entity::Inventory => thing.inventory_item_id.and_then(|id| gid(INVENTORY_ITEM, id.as_str())),
                        _ => thing.id.map(IdText::into_string),
                    };
                    Says::Object {
                        topic: Topic::Object(entity, change),
                        id: id.ok_or(HookError("Its object has no id."))?,
                        occurred_at: time(told(headers, "x-shopify-triggered-at")),
                        updated_at: time(thing.updated_at.as_deref()),
                        object: None,
                    }
                }
            },
        };
        Ok(Hook { key, says })
    }

    fn register(&self, context: &Context<'_>, wanted: &Wanted<'_>) -> Result<Turn, Refusal> {
        if context.credential.get(CLIENT_SECRET).is_none() {
            return Err(Refusal::NotSupported(
                "Shopify signs webhooks with the client secret of the app: give the store's credential its client_secret.",
            ));
        }
        let url = wanted.url.to_owned();
        let then = move |door, ours| repair(door, &url, ours);
        Ok(list(Door::open(context)?, wanted.url.to_owned(), None, 1, Vec::new(), then))
    }

    fn unregister(&self, context: &Context<'_>, url: &str) -> Result<Turn, Refusal> {
        Ok(list(Door::open(context)?, url.to_owned(), None, 1, Vec::new(), |door, ours| {
            let deletes = ours.iter().map(|hook| Job::Delete(hook.id.clone())).collect();
            run(door, deletes, |_, _| Ok(Turn::Done(Outcome::Deleted)))
        }))
    }
}

/// What a topic means.
fn object(topic: &str) -> Option<(Entity, Change)> {
    let (kind, what) = topic.split_once('/')?;
    let entity = match kind {
        "products" => Entity::Products,
        "orders" => Entity::Orders,
        "customers" => Entity::Customers,
        "collections" => Entity::Categories,
        "inventory_levels" => Entity::Inventory,
        _ => return None,
    };
    let change = match (entity, what) {
        // At a location: the level itself is of the variant, and stays.
        (Entity::Inventory, "connect" | "update" | "disconnect") => Change::Updated,
        (Entity::Inventory, _) => return None,
        (_, "create") => Change::Created,
        (_, "delete") => Change::Deleted,
        (_, "update" | "updated" | "edited" | "cancelled" | "paid" | "fulfilled" | "partially_fulfilled") => {
            Change::Updated
        }
        _ => return None,
    };
    Some((entity, change))
}

/// What Shopify shows of a subscription.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Shown<'a> {
    #[serde(borrow)]
    id: Cow<'a, str>,
    #[serde(borrow)]
    topic: Cow<'a, str>,
    #[serde(borrow, default)]
    uri: Cow<'a, str>,
    #[serde(borrow, default)]
    format: Cow<'a, str>,
    #[serde(borrow, default)]
    include_fields: Vec<Cow<'a, str>>,
}

/// One that leads here.
struct Ours {
    id: String,
    topic: String,
    /// Whether it leads to the very address and brings what it should.
    works: bool,
}

/// Lists what leads here, page by page, and goes on with it.
fn list(
    door: Door,
    url: String,
    after: Option<String>,
    page: u32,
    mut found: Vec<Ours>,
    then: impl FnOnce(Door, Vec<Ours>) -> Result<Turn, ReadError> + Send + 'static,
) -> Turn {
    let mut root = Selection::default();
    let row = Selection::of("id topic uri format includeFields");
    root.connection("webhookSubscriptions", PER_PAGE, ", after: $after, sortKey: ID", &row);
    let document = Document::query(root).with("after", "String", after);
    ask_one(door.clone(), &document, move |data| {
        let rows: Connection<Shown<'_>> =
            Data::read(&data)?.field("webhookSubscriptions")?.ok_or(ReadError::Unreadable("the list is missing"))?;
        let ours = rows.nodes.into_iter().filter(|shown| leads_here(&shown.uri, &url));
        found.extend(ours.map(|shown| {
            let wanted = TOPICS.iter().find(|(topic, _)| *topic == shown.topic).map(|(_, fields)| *fields);
            let brings: BTreeSet<&str> = shown.include_fields.iter().map(AsRef::as_ref).collect();
            Ours {
                works: shown.uri == url
                    && shown.format == "JSON"
                    && wanted.is_some_and(|fields| brings == fields.iter().copied().collect()),
                topic: shown.topic.into_owned(),
                id: shown.id.into_owned(),
            }
        }));
        match rows.page_info.rest() {
            Some(after) if page < MOST_PAGES => Ok(list(door, url, Some(after), page + 1, found, then)),
            _ => then(door, found),
        }
    })
}

/// A change of one subscription.
enum Job {
    Create(&'static str, &'static [&'static str]),
    Update(String, &'static [&'static str]),
    Delete(String),
}

/// Makes what is missing, mends what leads elsewhere, and removes what is there twice or is no longer wanted.
fn repair(door: Door, url: &str, ours: Vec<Ours>) -> Result<Turn, ReadError> {
    let mut kept: BTreeMap<&str, Ours> = BTreeMap::new();
    let mut jobs = Vec::new();
    for hook in ours {
        match TOPICS.iter().find(|(topic, _)| *topic == hook.topic) {
            None => jobs.push(Job::Delete(hook.id)),
            Some((topic, _)) => match kept.get(topic) {
                Some(first) if first.works || !hook.works => jobs.push(Job::Delete(hook.id)),
                _ => jobs.extend(kept.insert(topic, hook).map(|other| Job::Delete(other.id))),
            },
        }
    }
    for (topic, fields) in TOPICS {
        match kept.get(topic) {
            None => jobs.push(Job::Create(topic, fields)),
            Some(hook) if !hook.works => jobs.push(Job::Update(hook.id.clone(), fields)),
            Some(_) => {}
        }
    }
    let repaired = u32::try_from(jobs.len()).unwrap_or(u32::MAX);
    let mut ids: Vec<String> = kept.into_values().map(|hook| hook.id).collect();
    run_at(door, url, jobs, move |made, problems| {
        ids.extend(made);
        let problem = (!problems.is_empty()).then(|| problems.join("; "));
        match problem {
            Some(text) if ids.is_empty() => {
                Err(ReadError::Upstream { status: StatusCode::FORBIDDEN, retry_after: None, text })
            }
            problem => Ok(Turn::Done(Outcome::Registered(Registered { ids, repaired, problem }))),
        }
    })
}

/// What comes after the changes: the ids of what was made, and what Shopify refused, in its words.
type Then = Box<dyn FnOnce(Vec<String>, Vec<String>) -> Result<Turn, ReadError> + Send>;

fn run(
    door: Door,
    jobs: Vec<Job>,
    then: impl FnOnce(Vec<String>, Vec<String>) -> Result<Turn, ReadError> + Send + 'static,
) -> Result<Turn, ReadError> {
    run_at(door, "", jobs, then)
}

/// Carries out changes, several in a document.
fn run_at(
    door: Door,
    url: &str,
    jobs: Vec<Job>,
    then: impl FnOnce(Vec<String>, Vec<String>) -> Result<Turn, ReadError> + Send + 'static,
) -> Result<Turn, ReadError> {
    let then: Then = Box::new(then);
    if jobs.is_empty() {
        return then(Vec::new(), Vec::new());
    }
    let documents: Vec<Document> = jobs.chunks(AT_ONCE).map(|jobs| document(url, jobs)).collect();
    let asking = door.clone();
    let next = move |answers: Answers| {
        let (mut made, mut problems) = (Vec::new(), Vec::new());
        for (text, jobs) in answers.data()?.iter().zip(jobs.chunks(AT_ONCE)) {
            let data = Data::read(text)?;
            for (place, job) in jobs.iter().enumerate() {
                let payload: Option<Payload<'_>> = data.field(&format!("m{place}"))?;
                match (payload.map(Payload::outcome), job) {
                    (Some(Ok(id)), Job::Create(..)) => made.extend(id),
                    // What somebody else removed before is gone too.
                    (Some(_), Job::Delete(_)) | (Some(Ok(_)), Job::Update(..)) => {}
                    (Some(Err(why)), Job::Create(topic, _)) => {
                        problems.push(public(&format!("{topic}: {why}"), &door.credential))
                    }
                    (Some(Err(why)), Job::Update(..)) => problems.push(public(&why, &door.credential)),
                    (None, Job::Create(topic, _)) => problems.push(format!("{topic}: the token lacks the permission")),
                    (None, _) => problems.push("the token lacks the permission".to_owned()),
                }
            }
        }
        then(made, problems)
    };
    Ok(ask(asking, &documents, Box::new(next)))
}

fn document(url: &str, jobs: &[Job]) -> Document {
    let mut told = Selection::default();
    told.object("userErrors", &Selection::of("field message"));
    let mut with_id = told.clone();
    with_id.object("webhookSubscription", &Selection::of("id"));
    let mut root = Selection::default();
    let mut variables = Vec::new();
    for (place, job) in jobs.iter().enumerate() {
        let (arguments, payload, input, id) = match job {
            Job::Create(topic, fields) => (
                format!("webhookSubscriptionCreate(topic: {topic}, webhookSubscription: $w{place})"),
                &with_id,
                Some(fields),
                None,
            ),
            Job::Update(id, fields) => (
                format!("webhookSubscriptionUpdate(id: $i{place}, webhookSubscription: $w{place})"),
                &with_id,
                Some(fields),
                Some(id),
            ),
            Job::Delete(id) => (format!("webhookSubscriptionDelete(id: $i{place})"), &told, None, Some(id)),
        };
        root.mutation(&format!("m{place}: {arguments}"), payload, place > 0);
        if let Some(fields) = input {
            let input = json!({ "uri": url, "format": "JSON", "includeFields": fields });
            variables.push((format!("w{place}"), "WebhookSubscriptionInput!", input));
        }
        variables.extend(id.map(|id| (format!("i{place}"), "ID!", json!(id))));
    }
    let document = Document::mutation(root);
    variables.into_iter().fold(document, |document, (name, kind, value)| document.with(&name, kind, value))
}

/// What became of one change.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Payload<'a> {
    #[serde(borrow, default)]
    user_errors: Vec<UserError<'a>>,
    #[serde(borrow, default)]
    webhook_subscription: Option<Made<'a>>,
}

#[derive(Deserialize)]
struct UserError<'a> {
    #[serde(borrow)]
    message: Cow<'a, str>,
}

#[derive(Deserialize)]
struct Made<'a> {
    #[serde(borrow)]
    id: Cow<'a, str>,
}

impl Payload<'_> {
    fn outcome(self) -> Result<Option<String>, String> {
        match self.user_errors.into_iter().next() {
            Some(error) => Err(error.message.into_owned()),
            None => Ok(self.webhook_subscription.map(|made| made.id.into_owned())),
        }
    }
}

/// Reads the stock of the variant that is counted as this inventory item: all that a webhook says of it.
pub(super) fn stock_of_item(door: Door, plan: Plan, item: String, include_remote: bool) -> Turn {
    let mut variants = Selection::default();
    variants.connection("variants", 1, "", &Selection::of("id"));
    let mut root = Selection::default();
    root.object("inventoryItem(id: $id)", &variants);
    let document = Document::query(root).with("id", "ID!", item);
    ask_one(door.clone(), &document, move |data| {
        let item: Data<'_> = Data::read(&data)?.field("inventoryItem")?.ok_or_else(pages::not_found)?;
        let variants: Connection<Made<'_>> = item.field("variants")?.ok_or_else(pages::not_found)?;
        let variant = variants.nodes.into_iter().next().ok_or_else(pages::not_found)?;
        Ok(pages::one::<Stock>(door, plan, variant.id.into_owned(), include_remote))
    })
}

/// Which of these objects exist.
pub(super) fn existing(context: &Context<'_>, entity: Entity, ids: &[&str]) -> Option<Result<Turn, Refusal>> {
    let kind = match entity {
        Entity::Products => Products::GID,
        Entity::Orders => Orders::GID,
        Entity::Customers => Customers::GID,
        Entity::Categories => Collections::GID,
        Entity::Inventory => Stock::GID,
        Entity::Baskets => return None,
    };
    let look = || {
        let door = Door::open(context)?;
        let gids: Option<Vec<String>> = ids.iter().map(|id| gid(kind, id)).collect();
        let gids = gids.ok_or(Refusal::Id)?;
        let asked = asked(
            &gids.iter().map(|gid| map::number(gid)).collect::<Vec<_>>().iter().map(String::as_str).collect::<Vec<_>>(),
        );
        let mut root = Selection::default();
        root.object("nodes(ids: $ids)", &Selection::of("id"));
        let document = Document::query(root).with("ids", "[ID!]!", gids);
        Ok(ask_one(door, &document, move |data| {
            let rows: Vec<Option<Made<'_>>> =
                Data::read(&data)?.field("nodes")?.ok_or(ReadError::Unreadable("the list is missing"))?;
            common::existing(&asked, rows.into_iter().flatten().map(|row| map::number(&row.id)).collect())
        }))
    };
    Some(look())
}
