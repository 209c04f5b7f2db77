//! CartOS's webhooks.
//!
//! The policy fixes only the signature; headers and body are those of `api.md`. How a webhook is registered is documented nowhere: that they
//! are one of the entities of the API is all that the public pages say. The form that is spoken here follows those of the other entities,
//! and the demo store serves it: `{"id", "url", "topics": […], "active"}`, and `secret`, which is taken and never shown.

use std::borrow::Cow;
use std::collections::BTreeMap;

use bytes::Bytes;
use domain::event::{Change, Topic};
use domain::model::Entity;
use http::Method;
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::{Envelope, Pagination, checked, request, single_object};
use crate::address::StoreAddress;
use crate::connector::{Context, Credential, Outcome, ReadError, Refusal, Turn};
use crate::hooks::common::{self, Wish, gone, leads_here, send_all, told};
use crate::hooks::{Hook, HookError, Hooks, Registered, Registration, Says, SecretSource, Wanted};
use crate::request::{OutboundRequest, json};
use crate::upstream::{IdText, parse, success, time};

/// Everything that CartOS tells.
const TOPICS: &[&str] = &[
    "product.created",
    "product.updated",
    "product.deleted",
    "order.created",
    "order.updated",
    "order.deleted",
    "customer.created",
    "customer.updated",
    "customer.deleted",
    "category.created",
    "category.updated",
    "category.deleted",
    "inventory.created",
    "inventory.updated",
    "inventory.deleted",
    "app.uninstalled",
];

/// The most pages of webhooks that are looked through.
const MOST_PAGES: u32 = 10;

pub(super) struct CartOsHooks;

/// `{"id", "topic", "created_at", "data": {…}}`.
#[derive(Deserialize)]
struct Event<'a> {
    #[serde(borrow, default)]
    id: Option<IdText<'a>>,
    #[serde(borrow, default)]
    topic: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    created_at: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    data: Option<&'a RawValue>,
}

/// What is read of every object.
#[derive(Deserialize)]
struct Thing<'a> {
    #[serde(borrow, default)]
    id: Option<IdText<'a>>,
    #[serde(borrow, default)]
    variant_id: Option<IdText<'a>>,
    #[serde(borrow, default)]
    updated_at: Option<Cow<'a, str>>,
}

impl Hooks for CartOsHooks {
    fn secret(&self) -> SecretSource {
        SecretSource::Ours
    }

    fn registration(&self) -> Registration {
        Registration::Api
    }

    /// The topic is taken from the body, which is signed; a header that says something else is refused.
    fn read(&self, headers: &BTreeMap<String, String>, body: &[u8]) -> Result<Hook, HookError> {
        let event: Event<'_> = common::parse(body)?;
        let header = told(headers, "x-cartos-topic");
        let topic = event.topic.as_deref().or(header).ok_or(HookError("It says no topic."))?;
        if header.is_some_and(|header| header != topic) {
            return Err(HookError("Its header and its body say different topics."));
        }
        let key = match (told(headers, "x-cartos-delivery"), event.id) {
            (Some(delivery), _) => delivery.to_owned(),
            (None, Some(id)) => id.into_string(),
            (None, None) => common::digest(body),
        };
        let says = match topic.parse::<Topic>() {
            Err(_) => Says::Nothing,
            Ok(Topic::AppUninstalled) => Says::AppUninstalled,
            Ok(topic @ Topic::Object(entity, change)) => {
                let data = event.data.ok_or(HookError("It has no object."))?.get().as_bytes();
                let thing: Thing<'_> = common::parse(data)?;
                let id = if entity == Entity::Inventory { thing.variant_id } else { thing.id };
                let id = id.ok_or(HookError("Its object has no id."))?.into_string();
                let object = match change {
                    Change::Deleted => None,
                    Change::Created | Change::Updated => Some(
                        single_object(entity, data, true)
                            .map_err(|_| HookError("Its object is not as the platform documents it."))?,
                    ),
                };
                Says::Object {
                    topic,
                    id,
                    occurred_at: time(event.created_at.as_deref()),
                    updated_at: time(thing.updated_at.as_deref()),
                    object,
                }
            }
        };
        Ok(Hook { key, says })
    }

    fn register(&self, context: &Context<'_>, wanted: &Wanted<'_>) -> Result<Turn, Refusal> {
        let wanted = Wish::of(wanted);
        list(Door::new(context), wanted.url.clone(), 1, Vec::new(), move |door, ours| repair(door, &wanted, &ours))
    }

    fn unregister(&self, context: &Context<'_>, url: &str) -> Result<Turn, Refusal> {
        list(Door::new(context), url.to_owned(), 1, Vec::new(), |door, ours| {
            let deletes = ours.iter().map(|hook| door.delete(&hook.id)).collect::<Result<Vec<_>, _>>();
            let deletes = deletes.map_err(ReadError::Refused)?;
            send_all(deletes, move |answers| {
                answers.iter().try_for_each(|answer| gone(answer, &door.credential))?;
                Ok(Turn::Done(Outcome::Deleted))
            })
        })
    }
}

struct Door {
    address: StoreAddress,
    credential: Credential,
}

impl Door {
    fn new(context: &Context<'_>) -> Self {
        Self { address: context.address.clone(), credential: context.credential.clone() }
    }

    fn request(
        &self,
        method: Method,
        path: &str,
        query: Option<&str>,
        body: Bytes,
    ) -> Result<OutboundRequest, Refusal> {
        let context = Context { address: &self.address, credential: &self.credential };
        request(&context, method, path, query, body)
    }

    fn delete(&self, id: &str) -> Result<OutboundRequest, Refusal> {
        self.request(Method::DELETE, &format!("/api/webhooks/{}", checked(id)?), None, Bytes::new())
    }
}

/// What a store shows of a webhook.
#[derive(Deserialize)]
struct Shown<'a> {
    #[serde(borrow)]
    id: IdText<'a>,
    #[serde(borrow)]
    url: Cow<'a, str>,
    #[serde(borrow, default)]
    topics: Vec<Cow<'a, str>>,
    #[serde(default)]
    active: bool,
}

/// One that leads here.
struct Ours {
    id: String,
    /// Whether it leads to the very address, tells everything and is not switched off.
    works: bool,
}

/// `{"webhook": {…}}`.
#[derive(Deserialize)]
struct Made<'a> {
    #[serde(borrow)]
    webhook: MadeHook<'a>,
}

#[derive(Deserialize)]
struct MadeHook<'a> {
    #[serde(borrow)]
    id: IdText<'a>,
}

#[derive(Serialize)]
struct Body<'a> {
    url: &'a str,
    topics: &'a [&'a str],
    secret: &'a str,
    active: bool,
}

/// Lists what leads here, page by page, and goes on with it.
fn list(
    door: Door,
    url: String,
    page: u32,
    mut found: Vec<Ours>,
    then: impl FnOnce(Door, Vec<Ours>) -> Result<Turn, ReadError> + Send + 'static,
) -> Result<Turn, Refusal> {
    let query = format!("page={page}&per_page=100");
    let request = door.request(Method::GET, "/api/webhooks", Some(&query), Bytes::new())?;
    Ok(Turn::ask(request, move |answer| {
        let body = success(&answer, &door.credential)?;
        let Envelope { rows, pagination: Pagination { total_pages, .. } }: Envelope<Vec<Shown<'_>>> =
            parse(body, "not a list of webhooks")?;
        let ours = rows.into_iter().filter(|shown| leads_here(&shown.url, &url));
        found.extend(ours.map(|shown| Ours {
            works: shown.active
                && shown.url == url
                && TOPICS.iter().all(|topic| shown.topics.iter().any(|it| it == topic)),
            id: shown.id.into_string(),
        }));
        if page < total_pages.min(MOST_PAGES) {
            return list(door, url, page + 1, found, then).map_err(ReadError::Refused);
        }
        then(door, found)
    }))
}

/// Makes what is missing, mends the first that is there, and removes the others.
fn repair(door: Door, wanted: &Wish, ours: &[Ours]) -> Result<Turn, ReadError> {
    let body = || json(&Body { url: &wanted.url, topics: TOPICS, secret: wanted.secret.expose_secret(), active: true });
    let kept = ours.iter().find(|hook| hook.works).or(ours.first());
    let mut requests = Vec::new();
    match kept {
        Some(hook) if hook.works && !wanted.new_secret => {}
        Some(hook) => {
            let path = checked(&hook.id).map(|id| format!("/api/webhooks/{id}")).map_err(ReadError::Refused)?;
            requests.push(door.request(Method::PATCH, &path, None, body()).map_err(ReadError::Refused)?);
        }
        None => requests.push(door.request(Method::POST, "/api/webhooks", None, body()).map_err(ReadError::Refused)?),
    }
    let writes = requests.len();
    for other in ours.iter().filter(|hook| kept.is_none_or(|kept| kept.id != hook.id)) {
        requests.push(door.delete(&other.id).map_err(ReadError::Refused)?);
    }
    let (known, repaired) = (kept.map(|hook| hook.id.clone()), u32::try_from(requests.len()).unwrap_or(u32::MAX));
    send_all(requests, move |answers| {
        let mut id = known;
        for (index, answer) in answers.iter().enumerate() {
            if index >= writes {
                gone(answer, &door.credential)?;
                continue;
            }
            let made: Made<'_> = parse(success(answer, &door.credential)?, "not a webhook")?;
            id = Some(made.webhook.id.into_string());
        }
        Ok(Turn::Done(Outcome::Registered(Registered { ids: id.into_iter().collect(), repaired, problem: None })))
    })
}
