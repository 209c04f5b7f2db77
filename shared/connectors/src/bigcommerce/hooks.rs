//! BigCommerce's webhooks: one for each scope, signed with the client secret of the API account (Standard Webhooks).
//!
//! Traps that are handled here (`platforms.md` 3.2, 3.3; the vendor's documents): a webhook brings an id and nothing else; one that nobody took
//! for 48 hours, or that had nothing to say for 90 days, is switched off; there may be ten for an address and a scope, so whole families of
//! scopes are asked for; an order is told before it is one, so what is not there when it is read was none yet; a customer's addresses are told
//! apart from the customer, a product's variants apart from the product; the stock of a product without options is told as the product's.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use domain::event::{Change, Topic};
use domain::model::Entity;
use http::{Method, StatusCode};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Door;
use super::reads::number;
use crate::connector::{Context, InboundResponse, Outcome, ReadError, Refusal, Turn};
use crate::hooks::common::{self, asked, digest, gone, leads_here, send_all, told};
use crate::hooks::{Hook, HookError, Hooks, Registered, Registration, Says, SecretSource, Wanted};
use crate::upstream::{IdText, refused};

/// The field of the credential that webhooks are signed with.
pub(super) const CLIENT_SECRET: &str = "client_secret";

/// What is registered.
const SCOPES: &[&str] = &[
    "store/product/*",
    "store/sku/*",
    "store/category/*",
    "store/order/*",
    "store/customer/*",
    "store/app/uninstalled",
];

/// The most pages of webhooks that are looked through.
const MOST_PAGES: u32 = 10;

pub(super) struct BigHooks;

/// `{"scope", "store_id", "data": {…}, "hash", "created_at", "producer"}`.
#[derive(Deserialize)]
struct Event<'a> {
    #[serde(borrow)]
    scope: Cow<'a, str>,
    #[serde(borrow, default)]
    data: Option<Data<'a>>,
    /// Unix seconds.
    #[serde(default)]
    created_at: Option<i64>,
}

#[derive(Deserialize)]
struct Data<'a> {
    #[serde(borrow, default)]
    id: Option<IdText<'a>>,
    #[serde(borrow, default)]
    order_id: Option<IdText<'a>>,
    #[serde(borrow, default)]
    sku: Option<Part<'a>>,
    #[serde(borrow, default)]
    inventory: Option<Part<'a>>,
    #[serde(borrow, default)]
    address: Option<Part<'a>>,
}

/// What a part belongs to.
#[derive(Deserialize)]
struct Part<'a> {
    #[serde(borrow, default)]
    product_id: Option<IdText<'a>>,
    #[serde(borrow, default)]
    variant_id: Option<IdText<'a>>,
    #[serde(borrow, default)]
    customer_id: Option<IdText<'a>>,
}

impl Hooks for BigHooks {
    fn secret(&self) -> SecretSource {
        SecretSource::Credential(CLIENT_SECRET)
    }

    fn registration(&self) -> Registration {
        Registration::Api
    }

    fn read(&self, headers: &BTreeMap<String, String>, body: &[u8]) -> Result<Hook, HookError> {
        let event: Event<'_> = common::parse(body)?;
        let key = told(headers, "webhook-id").map_or_else(|| digest(body), str::to_owned);
        if event.scope == "store/app/uninstalled" {
            return Ok(Hook { key, says: Says::AppUninstalled });
        }
        let Some((entity, change, whose)) = meaning(&event.scope) else { return Ok(Hook { key, says: Says::Nothing }) };
        let id = event.data.and_then(|data| match whose {
            Whose::Own => data.id,
            Whose::Order => data.order_id.or(data.id),
            Whose::ProductOfSku => data.sku?.product_id,
            Whose::ProductOfStock => data.inventory.and_then(|part| part.product_id).or(data.id),
            Whose::VariantOfStock => data.inventory?.variant_id,
            Whose::CustomerOfAddress => data.address?.customer_id,
        });
        let says = Says::Object {
            topic: Topic::Object(entity, change),
            id: id.ok_or(HookError("Its object has no id."))?.into_string(),
            occurred_at: event.created_at.and_then(|second| Timestamp::from_second(second).ok()),
            updated_at: None,
            object: None,
        };
        Ok(Hook { key, says })
    }

    fn register(&self, context: &Context<'_>, wanted: &Wanted<'_>) -> Result<Turn, Refusal> {
        if context.credential.get(CLIENT_SECRET).is_none() {
            return Err(Refusal::NotSupported(
                "BigCommerce signs webhooks with the API account's client secret: give the store's credential its client_secret.",
            ));
        }
        let url = wanted.url.to_owned();
        let then = move |door, ours| repair(door, &url, ours);
        Ok(list(Door::open(context)?, wanted.url.to_owned(), 1, Vec::new(), then))
    }

    fn unregister(&self, context: &Context<'_>, url: &str) -> Result<Turn, Refusal> {
        Ok(list(Door::open(context)?, url.to_owned(), 1, Vec::new(), |door, ours| {
            let deletes = ours.iter().map(|hook| door.delete(&format!("v3/hooks/{}", hook.id), &[])).collect();
            send_all(deletes, move |answers| {
                answers.iter().try_for_each(|answer| gone(answer, &door.credential))?;
                Ok(Turn::Done(Outcome::Deleted))
            })
        }))
    }
}

/// Which id of a webhook is the object's.
#[derive(Clone, Copy)]
enum Whose {
    Own,
    Order,
    ProductOfSku,
    ProductOfStock,
    VariantOfStock,
    CustomerOfAddress,
}

/// What a scope means; `None` for what the unified interface does not show.
fn meaning(scope: &str) -> Option<(Entity, Change, Whose)> {
    use Change::{Created, Deleted, Updated};
    let (kind, what) = scope.strip_prefix("store/")?.split_once('/')?;
    let plain = || match what {
        "created" => Some(Created),
        "updated" => Some(Updated),
        "deleted" => Some(Deleted),
        _ => None,
    };
    Some(match (kind, what) {
        ("product", "inventory/updated" | "inventory/order/updated") => {
            (Entity::Products, Updated, Whose::ProductOfStock)
        }
        ("product", _) => (Entity::Products, plain()?, Whose::Own),
        ("sku", "inventory/updated" | "inventory/order/updated") => (Entity::Inventory, Updated, Whose::VariantOfStock),
        ("sku", _) => (Entity::Products, plain().map(|_| Updated)?, Whose::ProductOfSku),
        ("category", _) => (Entity::Categories, plain()?, Whose::Own),
        ("order", "created") => (Entity::Orders, Created, Whose::Own),
        // What BigCommerce's `DELETE` does: it is shown no more.
        ("order", "archived") => (Entity::Orders, Deleted, Whose::Own),
        ("order", "updated" | "statusUpdated" | "refund/created") => (Entity::Orders, Updated, Whose::Own),
        ("order", "transaction/created" | "transaction/updated") => (Entity::Orders, Updated, Whose::Order),
        ("customer", "address/created" | "address/updated" | "address/deleted") => {
            (Entity::Customers, Updated, Whose::CustomerOfAddress)
        }
        ("customer", _) => (Entity::Customers, plain()?, Whose::Own),
        _ => return None,
    })
}

/// What BigCommerce shows of a webhook.
#[derive(Deserialize)]
struct Shown<'a> {
    #[serde(borrow)]
    id: IdText<'a>,
    #[serde(borrow)]
    scope: Cow<'a, str>,
    #[serde(borrow, default)]
    destination: Cow<'a, str>,
    #[serde(default)]
    is_active: bool,
}

/// One that leads here.
struct Ours {
    id: String,
    scope: String,
    /// Whether it leads to the very address and is not switched off.
    works: bool,
}

#[derive(Serialize)]
struct Body<'a> {
    scope: &'a str,
    destination: &'a str,
    is_active: bool,
}

/// Lists what leads here, page by page, and goes on with it.
fn list(
    door: Door,
    url: String,
    page: u32,
    mut found: Vec<Ours>,
    then: impl FnOnce(Door, Vec<Ours>) -> Result<Turn, ReadError> + Send + 'static,
) -> Turn {
    let request = door.get("v3/hooks", &[("page", &page.to_string()), ("limit", "250")]);
    Turn::ask(request, move |answer| {
        let envelope = door.envelope(&answer)?;
        let rows: Vec<Shown<'_>> =
            serde_json::from_str(envelope.data.get()).map_err(|_| ReadError::Unreadable("not a list of webhooks"))?;
        let pages = envelope.meta.pagination.map_or(1, |pagination| pagination.total_pages);
        found.extend(rows.into_iter().filter(|shown| leads_here(&shown.destination, &url)).map(|shown| Ours {
            works: shown.is_active && shown.destination == url,
            scope: shown.scope.into_owned(),
            id: shown.id.into_string(),
        }));
        if page < pages.min(MOST_PAGES) {
            return Ok(list(door, url, page + 1, found, then));
        }
        then(door, found)
    })
}

/// Makes what is missing, mends what was switched off or leads elsewhere, and removes what is there twice or is no longer wanted.
fn repair(door: Door, url: &str, ours: Vec<Ours>) -> Result<Turn, ReadError> {
    let mut kept: BTreeMap<&str, Ours> = BTreeMap::new();
    let mut superfluous = Vec::new();
    for hook in ours {
        match SCOPES.iter().find(|scope| **scope == hook.scope) {
            None => superfluous.push(hook),
            Some(scope) => match kept.get(scope) {
                Some(first) if first.works || !hook.works => superfluous.push(hook),
                _ => superfluous.extend(kept.insert(scope, hook)),
            },
        }
    }
    let mut requests = Vec::new();
    let mut scopes = Vec::new();
    for scope in SCOPES {
        let body = Body { scope, destination: url, is_active: true };
        match kept.get(scope) {
            Some(hook) if hook.works => continue,
            Some(hook) => requests.push(door.send(Method::PUT, &format!("v3/hooks/{}", hook.id), &[], &body)),
            None => requests.push(door.send(Method::POST, "v3/hooks", &[], &body)),
        }
        scopes.push(*scope);
    }
    requests.extend(superfluous.iter().map(|hook| door.delete(&format!("v3/hooks/{}", hook.id), &[])));
    let repaired = u32::try_from(requests.len()).unwrap_or(u32::MAX);
    let mut ids: BTreeSet<String> = kept.into_values().map(|hook| hook.id).collect();
    send_all(requests, move |answers| {
        let mut problems = Vec::new();
        for (place, answer) in answers.iter().enumerate() {
            match scopes.get(place) {
                None => gone(answer, &door.credential)?,
                Some(scope) => match made(answer, &door) {
                    Ok(id) => {
                        ids.insert(id);
                    }
                    // The token lacks the permission for it, or BigCommerce does not want it: the others work all the same.
                    Err(ReadError::Upstream {
                        status: StatusCode::FORBIDDEN | StatusCode::CONFLICT | StatusCode::UNPROCESSABLE_ENTITY,
                        text,
                        ..
                    }) => {
                        problems.push(format!("{scope}: {text}"));
                    }
                    Err(error) => return Err(error),
                },
            }
        }
        let problem = (!problems.is_empty()).then(|| problems.join("; "));
        match problem {
            Some(text) if ids.is_empty() => {
                Err(ReadError::Upstream { status: StatusCode::FORBIDDEN, retry_after: None, text })
            }
            problem => {
                let ids = ids.into_iter().collect();
                Ok(Turn::Done(Outcome::Registered(Registered { ids, repaired, problem })))
            }
        }
    })
}

/// The id of what was made or mended.
fn made(answer: &InboundResponse, door: &Door) -> Result<String, ReadError> {
    if answer.status.is_client_error() {
        return Err(refused(answer, &door.credential));
    }
    let envelope = door.envelope(answer)?;
    let shown: Shown<'_> =
        serde_json::from_str(envelope.data.get()).map_err(|_| ReadError::Unreadable("not a webhook"))?;
    Ok(shown.id.into_string())
}

/// Which of these objects exist. Orders (v2) know no such filter.
pub(super) fn existing(context: &Context<'_>, entity: Entity, ids: &[&str]) -> Option<Result<Turn, Refusal>> {
    let (path, filter, fields) = match entity {
        Entity::Products => ("v3/catalog/products", "id:in", Some("id")),
        Entity::Customers => ("v3/customers", "id:in", None),
        Entity::Categories => ("v3/catalog/trees/categories", "category_id:in", None),
        Entity::Inventory => ("v3/inventory/items", "variant_id:in", None),
        Entity::Orders | Entity::Baskets => return None,
    };
    let look = || {
        let door = Door::open(context)?;
        for id in ids {
            number(id)?;
        }
        let (wanted, asked) = (ids.join(","), asked(ids));
        let mut query = vec![(filter, wanted.as_str()), ("limit", "250")];
        query.extend(fields.map(|fields| ("include_fields", fields)));
        Ok(Turn::ask(door.get(path, &query), move |answer| {
            let envelope = door.envelope(&answer)?;
            if envelope.meta.pagination.as_ref().is_some_and(|pagination| pagination.total_pages > 1) {
                return Err(ReadError::Unreadable("more objects than were asked for"));
            }
            let rows: Vec<Row<'_>> =
                serde_json::from_str(envelope.data.get()).map_err(|_| ReadError::Unreadable("not a list"))?;
            let id = |row: Row<'_>| match entity {
                Entity::Categories => row.category_id.map(IdText::into_string),
                Entity::Inventory => row.identity.and_then(|part| part.variant_id).map(IdText::into_string),
                _ => row.id.map(IdText::into_string),
            };
            common::existing(&asked, rows.into_iter().filter_map(id).collect())
        }))
    };
    Some(look())
}

#[derive(Deserialize)]
struct Row<'a> {
    #[serde(borrow, default)]
    id: Option<IdText<'a>>,
    #[serde(borrow, default)]
    category_id: Option<IdText<'a>>,
    #[serde(borrow, default)]
    identity: Option<Part<'a>>,
}
