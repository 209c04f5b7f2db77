//! Medusa's webhooks: it has none of its own, so a subscriber file that the merchant puts into the shop sends its events
//! (`docs/guides/medusa-webhooks.md`).
//!
//! The file posts `{"type", "timestamp", "data"}`, `type` being the event's name in Medusa and `data` its ids, signed as Standard Webhooks has
//! it. Medusa's events carry no more than ids; where one is of a part (a variant, a stock level), the file looks up what it belongs to.

use std::borrow::Cow;
use std::collections::BTreeMap;

use domain::event::{Change, Topic};
use domain::model::Entity;
use serde::Deserialize;

use super::door::{Door, ask_all, checked_id};
use super::read::{path_of, rows};
use crate::connector::{Context, ReadError, Refusal, Turn};
use crate::hooks::common::{self, asked, digest, told};
use crate::hooks::{Hook, HookError, Hooks, Registration, Says, SecretSource, Wanted};
use crate::upstream::{IdText, time};

const BY_HAND: &str =
    "Medusa has no interface for webhooks: put the subscriber file of the guide medusa-webhooks into the shop.";

/// A longer list in a query is no list to Express (`qs` 6.14.1, `arrayLimit`).
const MOST_IN_A_LIST: usize = 20;

pub(super) struct MedusaHooks;

#[derive(Deserialize)]
struct Event<'a> {
    #[serde(borrow, rename = "type")]
    name: Cow<'a, str>,
    #[serde(borrow, default)]
    timestamp: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    data: Option<Ids<'a>>,
}

#[derive(Deserialize)]
struct Ids<'a> {
    #[serde(borrow, default)]
    id: Option<IdText<'a>>,
    #[serde(borrow, default)]
    order_id: Option<IdText<'a>>,
    #[serde(borrow, default)]
    product_id: Option<IdText<'a>>,
    #[serde(borrow, default)]
    variant_id: Option<IdText<'a>>,
}

impl Hooks for MedusaHooks {
    fn secret(&self) -> SecretSource {
        SecretSource::Ours
    }

    fn registration(&self) -> Registration {
        Registration::Manual
    }

    fn read(&self, headers: &BTreeMap<String, String>, body: &[u8]) -> Result<Hook, HookError> {
        let event: Event<'_> = common::parse(body)?;
        let key = told(headers, "webhook-id").map_or_else(|| digest(body), str::to_owned);
        let meaning = event.data.and_then(|data| meaning(&event.name, data));
        let says = match meaning {
            None => Says::Nothing,
            Some((entity, change, id)) => Says::Object {
                topic: Topic::Object(entity, change),
                id: id.ok_or(HookError("Its object has no id."))?.into_string(),
                occurred_at: time(event.timestamp.as_deref()),
                updated_at: None,
                object: None,
            },
        };
        Ok(Hook { key, says })
    }

    fn register(&self, _: &Context<'_>, _: &Wanted<'_>) -> Result<Turn, Refusal> {
        Err(Refusal::NotSupported(BY_HAND))
    }

    fn unregister(&self, _: &Context<'_>, _: &str) -> Result<Turn, Refusal> {
        Err(Refusal::NotSupported(BY_HAND))
    }
}

/// What an event means and for which object; `None` for what the unified interface does not show.
fn meaning<'a>(name: &str, data: Ids<'a>) -> Option<(Entity, Change, Option<IdText<'a>>)> {
    let (kind, what) = name.split_once('.')?;
    let plain = match what {
        "created" => Some(Change::Created),
        "updated" => Some(Change::Updated),
        "deleted" => Some(Change::Deleted),
        _ => None,
    };
    match kind {
        "product" => Some((Entity::Products, plain?, data.id)),
        "product-category" => Some((Entity::Categories, plain?, data.id)),
        "customer" => Some((Entity::Customers, plain?, data.id)),
        "order" => {
            let change = if what == "placed" { Change::Created } else { plain.unwrap_or(Change::Updated) };
            // What is done with an order (`order.fulfillment_created`) names it so.
            Some((Entity::Orders, change, data.order_id.or(data.id)))
        }
        // A variant that is gone without a trace of its product is nothing that could be told.
        "product-variant" => data.product_id.map(|product| (Entity::Products, Change::Updated, Some(product))),
        "inventory" | "inventory-item" | "inventory-level" => {
            data.variant_id.map(|variant| (Entity::Inventory, Change::Updated, Some(variant)))
        }
        _ => None,
    }
}

/// Which of these objects exist. What was deleted softly is not listed.
pub(super) fn existing(context: &Context<'_>, entity: Entity, ids: &[&str]) -> Option<Result<Turn, Refusal>> {
    if entity == Entity::Baskets {
        return None;
    }
    let look = || {
        let door = Door::open(context)?;
        let request = |ids: &[&str]| {
            let limit = ids.len().to_string();
            let mut query = vec![("limit", limit.as_str()), ("fields", "id")];
            for id in ids {
                query.push(("id[]", checked_id(id)?));
            }
            Ok(door.get(path_of(entity), &query))
        };
        let requests = ids.chunks(MOST_IN_A_LIST).map(request).collect::<Result<Vec<_>, Refusal>>()?;
        let asked = asked(ids);
        let look = ask_all(&door, requests, move |answers| {
            let mut found = Vec::new();
            for answer in &answers {
                let rows: Vec<Row<'_>> = serde_json::from_str(rows(&answer.body)?.rows.get())
                    .map_err(|_| ReadError::Unreadable("not a list"))?;
                found.extend(rows.into_iter().map(|row| row.id.into_string()));
            }
            common::existing(&asked, found)
        });
        look.map_err(|_| Refusal::Id)
    };
    Some(look())
}

#[derive(Deserialize)]
struct Row<'a> {
    #[serde(borrow)]
    id: IdText<'a>,
}
