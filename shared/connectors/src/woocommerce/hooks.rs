//! WooCommerce's webhooks: one for each topic, signed with our secret.
//!
//! Traps that are handled here (`platforms.md` 0.1 to 0.3, 5.3, 6; issues woocommerce#15642, #28329): delivery ids are not unique; one new order
//! is told twice, byte for byte alike, by two webhooks; a product does not say its currency, so it is read anew; what was deleted for good is
//! not told at all; a webhook is switched off after more than five failures in a row, and nothing switches it on again; what the store could
//! not build arrives with an empty topic or without an id, and says nothing.

use std::borrow::Cow;
use std::collections::BTreeMap;

use domain::event::{Change, Topic};
use domain::model::Entity;
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::batch::row_error;
use super::door::Door;
use super::{in_brackets, map, objects, path, wire, writes};
use crate::connector::{Context, Outcome, ReadError, Refusal, Turn};
use crate::hooks::common::{self, Wish, asked, digest, leads_here, told};
use crate::hooks::{Hook, HookError, Hooks, Registered, Registration, Says, SecretSource, Wanted};
use crate::upstream::{IdText, success};

/// What is registered, and what each means. Coupons, and what plugins add, are nothing that the unified interface shows.
const TOPICS: &[(&str, Entity, Change)] = &[
    ("product.created", Entity::Products, Change::Created),
    ("product.updated", Entity::Products, Change::Updated),
    ("product.deleted", Entity::Products, Change::Deleted),
    // It was deleted for everybody who was told so, and is there again.
    ("product.restored", Entity::Products, Change::Created),
    ("order.created", Entity::Orders, Change::Created),
    ("order.updated", Entity::Orders, Change::Updated),
    ("order.deleted", Entity::Orders, Change::Deleted),
    ("order.restored", Entity::Orders, Change::Created),
    ("customer.created", Entity::Customers, Change::Created),
    ("customer.updated", Entity::Customers, Change::Updated),
    ("customer.deleted", Entity::Customers, Change::Deleted),
];

/// Newer stores tell this too, each time beside another of the above.
const PUBLISHED: &str = "product.published";

/// The rows of a page of webhooks, the most that WooCommerce gives.
const PER_PAGE: usize = 100;

/// The most pages of webhooks that are looked through.
const MOST_PAGES: u32 = 10;

pub(super) struct WooHooks;

/// What is read of every object.
#[derive(Deserialize)]
struct Thing<'a> {
    #[serde(borrow, default)]
    id: Option<IdText<'a>>,
    #[serde(borrow, default, rename = "type")]
    kind: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    parent_id: Option<IdText<'a>>,
    #[serde(borrow, default)]
    date_modified_gmt: Option<Cow<'a, str>>,
}

impl Hooks for WooHooks {
    fn secret(&self) -> SecretSource {
        SecretSource::Ours
    }

    fn registration(&self) -> Registration {
        Registration::Api
    }

    fn read(&self, headers: &BTreeMap<String, String>, body: &[u8]) -> Result<Hook, HookError> {
        let part = |name| told(headers, name).unwrap_or_default();
        let key = format!("{}.{}.{}", part("x-wc-webhook-id"), part("x-wc-webhook-delivery-id"), digest(body));
        Ok(Hook { key, says: says(part("x-wc-webhook-topic"), body)? })
    }

    fn register(&self, context: &Context<'_>, wanted: &Wanted<'_>) -> Result<Turn, Refusal> {
        let wanted = Wish::of(wanted);
        let url = wanted.url.clone();
        Ok(list(Door::open(context)?, url, 1, Vec::new(), move |door, ours| repair(door, &wanted, ours)))
    }

    fn unregister(&self, context: &Context<'_>, url: &str) -> Result<Turn, Refusal> {
        Ok(list(Door::open(context)?, url.to_owned(), 1, Vec::new(), |door, ours| {
            if ours.is_empty() {
                return Ok(Turn::Done(Outcome::Deleted));
            }
            let batch = Batch {
                create: Vec::new(),
                update: Vec::new(),
                delete: ours.iter().filter_map(Ours::number).collect(),
            };
            Ok(Turn::ask(door.post("webhooks/batch", &batch), move |answer| {
                // What somebody else removed before is an error in its row, and gone all the same.
                success(&answer, &door.credential)?;
                Ok(Turn::Done(Outcome::Deleted))
            }))
        }))
    }
}

fn says(topic: &str, body: &[u8]) -> Result<Says, HookError> {
    let known = TOPICS.iter().find(|(name, ..)| *name == topic).map(|(_, entity, change)| (*entity, *change));
    let known = known.or((topic == PUBLISHED).then_some((Entity::Products, Change::Updated)));
    let Some((mut entity, mut change)) = known else { return Ok(Says::Nothing) };
    let thing: Thing<'_> = common::parse(body)?;
    let updated_at = map::gmt(thing.date_modified_gmt.as_deref());
    let Some(mut id) = thing.id.and_then(IdText::unless_zero) else { return Ok(Says::Nothing) };
    if entity == Entity::Products
        && thing.kind.as_deref() == Some("variation")
        && let Some(product) = thing.parent_id.and_then(IdText::unless_zero)
    {
        // Whatever becomes of a variation changes the product that it is a part of.
        (entity, change, id) = (Entity::Products, Change::Updated, product);
    }
    let is_whole = matches!(entity, Entity::Orders | Entity::Customers) && change != Change::Deleted;
    let object = if is_whole {
        let (objects, _) = objects(entity, &in_brackets(body), true)
            .map_err(|_| HookError("Its object is not as the platform documents it."))?;
        if objects.is_empty() {
            // Not an order yet, or one in the trash, of which another webhook tells.
            return Ok(Says::Nothing);
        }
        Some(objects)
    } else {
        None
    };
    Ok(Says::Object { topic: Topic::Object(entity, change), id, occurred_at: None, updated_at, object })
}

/// What a store shows of a webhook. Its secret is not shown.
#[derive(Deserialize)]
struct Shown<'a> {
    #[serde(borrow)]
    id: IdText<'a>,
    #[serde(borrow, default)]
    status: Cow<'a, str>,
    #[serde(borrow, default)]
    topic: Cow<'a, str>,
    #[serde(borrow, default)]
    delivery_url: Cow<'a, str>,
}

/// One that leads here.
struct Ours {
    id: String,
    topic: String,
    /// Whether it leads to the very address and is not switched off.
    works: bool,
}

impl Ours {
    /// Its id, as a batch wants it.
    fn number(&self) -> Option<u64> {
        self.id.parse().ok()
    }
}

#[derive(Serialize)]
struct Batch<'a> {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    create: Vec<Body<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    update: Vec<Body<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    delete: Vec<u64>,
}

#[derive(Serialize)]
struct Body<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    topic: Option<&'a str>,
    delivery_url: &'a str,
    secret: &'a str,
    status: &'static str,
}

/// Lists what leads here, page by page, and goes on with it.
fn list(
    door: Door,
    url: String,
    page: u32,
    mut found: Vec<Ours>,
    then: impl FnOnce(Door, Vec<Ours>) -> Result<Turn, ReadError> + Send + 'static,
) -> Turn {
    let (number, per_page) = (page.to_string(), PER_PAGE.to_string());
    let query =
        [("page", number.as_str()), ("per_page", &per_page), ("status", "all"), ("orderby", "id"), ("order", "asc")];
    Turn::ask(door.get("webhooks", &query), move |answer| {
        let rows: Vec<Shown<'_>> = serde_json::from_slice(success(&answer, &door.credential)?)
            .map_err(|_| ReadError::Unreadable("not a list of webhooks"))?;
        let is_full = rows.len() >= PER_PAGE;
        found.extend(rows.into_iter().filter(|shown| leads_here(&shown.delivery_url, &url)).map(|shown| Ours {
            works: shown.status == "active" && shown.delivery_url == url,
            topic: shown.topic.into_owned(),
            id: shown.id.into_string(),
        }));
        if is_full && page < MOST_PAGES {
            return Ok(list(door, url, page + 1, found, then));
        }
        then(door, found)
    })
}

/// Makes what is missing, mends what was switched off or leads elsewhere, and removes what is there twice or is no longer wanted: all in one call.
/// WooCommerce tries the address with an unsigned ping for each that is made or mended.
fn repair(door: Door, wanted: &Wish, ours: Vec<Ours>) -> Result<Turn, ReadError> {
    let mut kept: BTreeMap<&str, Ours> = BTreeMap::new();
    let mut superfluous = Vec::new();
    for hook in ours {
        match TOPICS.iter().find(|(topic, ..)| *topic == hook.topic) {
            None => superfluous.push(hook),
            Some((topic, ..)) => match kept.get(topic) {
                Some(first) if first.works || !hook.works => superfluous.push(hook),
                _ => superfluous.extend(kept.insert(topic, hook)),
            },
        }
    }
    let body = |id, topic: Option<&'static str>| Body {
        id,
        name: topic.map(|topic| format!("Cartage: {topic}")),
        topic,
        delivery_url: &wanted.url,
        secret: wanted.secret.expose_secret(),
        status: "active",
    };
    let missing = TOPICS.iter().filter(|(topic, ..)| !kept.contains_key(topic));
    let batch = Batch {
        create: missing.map(|(topic, ..)| body(None, Some(*topic))).collect(),
        update: kept
            .values()
            .filter(|hook| !hook.works || wanted.new_secret)
            .filter_map(|hook| Some(body(Some(hook.number()?), None)))
            .collect(),
        delete: superfluous.iter().filter_map(Ours::number).collect(),
    };
    let repaired = u32::try_from(batch.create.len() + batch.update.len() + batch.delete.len()).unwrap_or(u32::MAX);
    let mut ids: Vec<String> = kept.values().map(|hook| hook.id.clone()).collect();
    if repaired == 0 {
        return Ok(Turn::Done(Outcome::Registered(Registered { ids, repaired, problem: None })));
    }
    Ok(Turn::ask(door.post("webhooks/batch", &batch), move |answer| {
        let rows: wire::Batch<'_> = serde_json::from_slice(success(&answer, &door.credential)?)
            .map_err(|_| ReadError::Unreadable("not the answer to a batch"))?;
        for row in rows.create.iter().chain(&rows.update) {
            if let Some(error) = row_error(row, &door.credential) {
                return Err(error);
            }
        }
        for row in rows.create {
            ids.push(id_of(row)?);
        }
        Ok(Turn::Done(Outcome::Registered(Registered { ids, repaired, problem: None })))
    }))
}

fn id_of(row: &RawValue) -> Result<String, ReadError> {
    let row: Shown<'_> = serde_json::from_str(row.get()).map_err(|_| ReadError::Unreadable("not a webhook"))?;
    Ok(row.id.into_string())
}

/// Which of these objects exist. A variation is no row of the products, so that stock cannot be looked for; a customer may have any role.
pub(super) fn existing(context: &Context<'_>, entity: Entity, ids: &[&str]) -> Option<Result<Turn, Refusal>> {
    let role: &[(&str, &str)] = match entity {
        Entity::Products | Entity::Orders | Entity::Categories => &[],
        Entity::Customers => &[("role", "all")],
        Entity::Inventory | Entity::Baskets => return None,
    };
    let look = || {
        let door = Door::open(context)?;
        for id in ids {
            writes::checked(id)?;
        }
        let (wanted, per_page, asked) = (ids.join(","), ids.len().to_string(), asked(ids));
        let mut query = vec![("include", wanted.as_str()), ("per_page", &per_page), ("_fields", "id,status")];
        query.extend(role);
        Ok(Turn::ask(door.get(path(entity), &query), move |answer| {
            let rows: Vec<Row<'_>> = serde_json::from_slice(success(&answer, &door.credential)?)
                .map_err(|_| ReadError::Unreadable("not a list"))?;
            // What lies in the trash is gone, though a store may be set up to list it.
            let there = rows.into_iter().filter(|row| row.status.as_deref() != Some(super::status::TRASH));
            common::existing(&asked, there.map(|row| row.id.into_string()).collect())
        }))
    };
    Some(look())
}

#[derive(Deserialize)]
struct Row<'a> {
    #[serde(borrow)]
    id: IdText<'a>,
    #[serde(borrow, default)]
    status: Option<Cow<'a, str>>,
}
