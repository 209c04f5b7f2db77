//! Events, forwarded to a port of this machine.
//!
//! No delivery reaches a machine behind a router, and no body is kept that could be fetched later. So the list of events is read again and
//! again, and what an event is about is read from its store through the API, as it is *now*; then it is put into the envelope that a delivery
//! has, signed, and posted. What a subscription would be told is decided here by the rules that the gateway goes by (`domain`).

use std::{collections::BTreeMap, io::Read, time::Duration};

use base64::{Engine, engine::general_purpose::STANDARD};
use domain::{event::Topic, id::StoreId, model::Entity, subscription};
use ring::{hmac, rand::SecureRandom};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value, json};

use super::tail::{AGAIN, LATEST, SOON, Shown, look};
use crate::{
    arguments::Listen,
    client::{Client, segment},
    failure::Failure,
    forward::{Forward, now},
    screen::{Screen, plain},
};

const EVENTS: &str = "/v1/events";
/// What secrets start with.
const PREFIX: &str = "whsec_";
/// More than any secret has.
const LONGEST_SECRET: u64 = 1_024;

pub(crate) async fn run(listen: Listen, client: &Client, screen: &mut Screen) -> Result<(), Failure> {
    let forward = listen.forward.as_deref().map(Forward::to).transpose()?;
    let secret = if listen.secret_stdin { piped()? } else { minted()? };
    let told = match &listen.subscription {
        Some(id) => {
            let path = format!("/v1/subscriptions/{}", segment(id));
            Told::of(&client.get(&path, &[], screen).await?)?
        }
        None => Told::named(&listen.topics, &listen.stores)?,
    };
    if forward.is_some() && !listen.secret_stdin {
        screen.note(&format!("Signed with this run's own secret: {}", secret.0.expose_secret()));
    }
    let mut shown = Shown::default();
    let before = told.look(client, screen, &shown, listen.last.max(AGAIN)).await?;
    shown.note(&before);
    let last: Vec<&Value> = before.iter().filter(|event| told.wants(event)).take(listen.last).collect();
    for event in last.into_iter().rev() {
        hand_over(event, &told, forward.as_ref(), &secret, client, screen).await?;
    }
    screen.note("Waiting for events; ctrl-c ends.");
    let mut pause = SOON;
    loop {
        tokio::time::sleep(pause).await;
        let events = match told.look(client, screen, &shown, usize::MAX).await {
            Ok(events) => events,
            // The network comes and goes; whoever listens wants to hear what follows.
            Err(Failure::NoAnswer(what)) => {
                screen.progress(&format!("no answer ({what}), trying again"), true);
                pause = LATEST;
                continue;
            }
            Err(failure) => return Err(failure),
        };
        screen.clear_progress();
        shown.note(&events);
        let new: Vec<&Value> = events.iter().filter(|event| told.wants(event)).collect();
        pause = if new.is_empty() { (pause * 2).min(LATEST) } else { SOON };
        for event in new.into_iter().rev() {
            hand_over(event, &told, forward.as_ref(), &secret, client, screen).await?;
        }
    }
}

/// What is to be told.
struct Told {
    topics: Vec<Topic>,
    stores: Option<Vec<StoreId>>,
    fields: Option<Vec<String>>,
    filter: BTreeMap<String, Vec<String>>,
    include_remote: bool,
}

impl Told {
    /// What a subscription is told.
    fn of(subscription: &Value) -> Result<Self, Failure> {
        fn field<T: serde::de::DeserializeOwned>(of: &Value, name: &str) -> Result<T, Failure> {
            serde_json::from_value(of[name].clone())
                .map_err(|_| Failure::Unreadable(format!("a subscription whose `{name}` this program does not know")))
        }
        Ok(Self {
            topics: field(subscription, "topics")?,
            stores: field(subscription, "stores")?,
            fields: field(subscription, "fields")?,
            filter: field(subscription, "filter")?,
            include_remote: field(subscription, "include_remote")?,
        })
    }

    /// What is named on the command line.
    fn named(wishes: &[String], stores: &[String]) -> Result<Self, Failure> {
        let mut topics = Vec::new();
        for wish in wishes {
            let named = subscription::topics(wish);
            topics.extend(named.map_err(|_| Failure::usage(format!("there is no topic {wish}")))?);
        }
        let parsed = |text: &String| text.parse().map_err(|_| Failure::usage(format!("{text} is no id of a store")));
        let stores = (!stores.is_empty()).then(|| stores.iter().map(parsed).collect()).transpose()?;
        let topics = if wishes.is_empty() { Topic::ALL.to_vec() } else { topics };
        Ok(Self { topics, stores, fields: None, filter: BTreeMap::new(), include_remote: false })
    }

    /// The events that were not seen yet, newest first.
    async fn look(
        &self,
        client: &Client,
        screen: &mut Screen,
        shown: &Shown,
        most: usize,
    ) -> Result<Vec<Value>, Failure> {
        let Some(stores) = &self.stores else { return look((EVENTS, &[]), client, screen, shown, most).await };
        let mut events = Vec::new();
        for store in stores {
            events.extend(look((EVENTS, &[("store", store.to_string())]), client, screen, shown, most).await?);
        }
        events.sort_by(|a, b| b["id"].as_str().cmp(&a["id"].as_str()));
        Ok(events)
    }

    /// Whether an event is one that is told, as far as its envelope says.
    fn wants(&self, event: &Value) -> bool {
        let topic = topic(event);
        event["superseded_by"].is_null()
            && topic.is_some_and(|topic| self.topics.contains(&topic))
            && self.stores.as_ref().is_none_or(|stores| stores.iter().any(|store| event["store"] == store.as_str()))
    }
}

fn topic(event: &Value) -> Option<Topic> {
    event["type"].as_str()?.parse().ok()
}

/// Makes a delivery of an event and hands it over.
async fn hand_over(
    event: &Value,
    told: &Told,
    forward: Option<&Forward>,
    secret: &Secret,
    client: &Client,
    screen: &mut Screen,
) -> Result<(), Failure> {
    let (data, remote) = match object(event, told, client, screen).await {
        Ok(Some(object)) => object,
        // The filter lets it not through.
        Ok(None) => return Ok(()),
        // It is gone since, or the key may not read it: the others go on.
        Err(failure @ Failure::Refused(..)) => {
            let code = plain(failure.code().unwrap_or("refused"));
            let next = failure.next().map_or_else(String::new, |next| format!("; next: {next}"));
            screen.note(&format!("{} of {}: {code}{next}", plain(text(event, "id")), plain(text(event, "object"))));
            return Ok(());
        }
        Err(failure) => return Err(failure),
    };
    let mut envelope = Map::new();
    for name in ["id", "type", "store", "occurred_at", "sequence"] {
        envelope.insert(name.to_owned(), event[name].clone());
    }
    if event["recovered"] == true {
        envelope.insert("recovered".to_owned(), true.into());
    }
    envelope.insert("data".to_owned(), data);
    envelope.extend(remote.map(|remote| ("remote".to_owned(), remote)));
    let envelope = Value::from(envelope);
    let Some(forward) = forward else { return screen.document(&envelope) };
    let body = envelope.to_string();
    let second = now();
    let signed = secret.sign(text(event, "id"), second, body.as_bytes());
    let began = std::time::Instant::now();
    let outcome = forward.post(text(event, "id"), second, signed, body).await;
    let took = began.elapsed();
    tell(event, outcome, took, screen)
}

/// What an event is about, as it is now, and the platform's own object; nothing where the filter does not let it through.
async fn object(
    event: &Value,
    told: &Told,
    client: &Client,
    screen: &mut Screen,
) -> Result<Option<(Value, Option<Value>)>, Failure> {
    let Some(entity) = topic(event).and_then(Topic::entity) else { return Ok(Some((json!({}), None))) };
    if text(event, "type").ends_with(".deleted") {
        return Ok(Some((json!({ "id": event["object"] }), None)));
    }
    let path = format!("/v1/stores/{}/{entity}/{}", segment(text(event, "store")), segment(text(event, "object")));
    let wanted = told.fields.as_ref().map(|fields| of_entity(fields, entity));
    let mut query = Vec::new();
    if told.include_remote {
        query.push(("include", "remote".to_owned()));
    }
    if !told.filter.is_empty() {
        let whole = client.get(&path, &[], screen).await?;
        if !subscription::filter::matches(&told.filter, &whole) {
            return Ok(None);
        }
    }
    match wanted {
        // An object of which nothing is wanted is told by its id.
        Some(fields) if fields.is_empty() => query.push(("fields", "id".to_owned())),
        Some(fields) => query.push(("fields", fields.join(","))),
        None => {}
    }
    let mut object = client.get(&path, &query, screen).await?;
    let remote = object.as_object_mut().and_then(|fields| fields.remove("remote")).filter(|_| told.include_remote);
    Ok(Some((object, remote)))
}

/// The fields that objects of an entity have, out of those that are wanted of any.
fn of_entity(fields: &[String], entity: Entity) -> Vec<String> {
    let has = |path: &str| {
        entity.fields().iter().any(|known| match known.strip_suffix('*') {
            Some(open) => path.starts_with(open) || path == open.trim_end_matches('.'),
            None => *known == path,
        })
    };
    fields.iter().filter(|path| has(path)).cloned().collect()
}

fn tell(event: &Value, outcome: Result<u16, String>, took: Duration, screen: &mut Screen) -> Result<(), Failure> {
    let milliseconds = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
    if screen.json() {
        let (status, error) = (outcome.as_ref().ok(), outcome.as_ref().err());
        let line = json!({
            "event": event["id"], "type": event["type"], "store": event["store"], "object": event["object"],
            "status": status, "error": error, "milliseconds": milliseconds,
        });
        return screen.line(&line.to_string());
    }
    let time = text(event, "received_at").get(11..19).unwrap_or_default().to_owned();
    let said = match &outcome {
        Ok(status) => screen.status(u64::from(*status), &status.to_string()),
        Err(what) => screen.red(what),
    };
    let (id, kind) = (screen.dim(&plain(text(event, "id"))), plain(text(event, "type")));
    let object = plain(event["object"].as_str().unwrap_or("-"));
    screen.line(&format!("{}  {kind}  {object}  {said}  {milliseconds} ms  {id}", screen.dim(&plain(&time))))
}

fn text<'a>(of: &'a Value, name: &str) -> &'a str {
    of[name].as_str().unwrap_or_default()
}

/// What is signed with. No `Debug`.
struct Secret(SecretString);

impl Secret {
    /// Both signatures of a delivery: Standard Webhooks 1.0, and `X-CartOS-Signature`.
    fn sign(&self, id: &str, second: u64, body: &[u8]) -> (String, String) {
        let text = self.0.expose_secret();
        // It was decoded once when it was read.
        let key = STANDARD.decode(text.strip_prefix(PREFIX).unwrap_or(text)).unwrap_or_default();
        let mut context = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, &key));
        context.update(format!("{id}.{second}.").as_bytes());
        context.update(body);
        let webhook = format!("v1,{}", STANDARD.encode(context.sign()));
        let cartos = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, text.as_bytes()), body);
        (webhook, cartos.as_ref().iter().map(|byte| format!("{byte:02x}")).collect())
    }
}

/// A secret from standard input.
fn piped() -> Result<Secret, Failure> {
    let mut text = String::new();
    std::io::stdin().lock().take(LONGEST_SECRET).read_to_string(&mut text)?;
    let text = text.trim();
    if STANDARD.decode(text.strip_prefix(PREFIX).unwrap_or(text)).is_ok_and(|key| key.len() >= 16) {
        return Ok(Secret(text.to_owned().into()));
    }
    let what = "standard input is no secret of a subscription".to_owned();
    Err(Failure::Usage(what, Some("it begins with whsec_ and is shown when a subscription is made or rotated")))
}

/// A secret for this run alone.
fn minted() -> Result<Secret, Failure> {
    let mut bytes = [0; 32];
    let filled = ring::rand::SystemRandom::new().fill(&mut bytes);
    filled.map_err(|_| Failure::usage("the system gives no random numbers"))?;
    Ok(Secret(format!("{PREFIX}{}", STANDARD.encode(bytes)).into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_vector_of_standard_webhooks() {
        let secret = Secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".to_owned().into());
        let (webhook, _) = secret.sign("msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, br#"{"test": 2432232314}"#);
        assert_eq!(webhook, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn an_event_is_told_to_whom_it_concerns() {
        let (store, other) = ("str_00000000000000000000000001", "str_00000000000000000000000002");
        let told = Told::named(&["order.*".to_owned()], &[store.to_owned()]).unwrap();
        let event = |kind: &str, store: &str| json!({ "id": "evt_1", "type": kind, "store": store });
        assert!(told.wants(&event("order.created", store)));
        assert!(!told.wants(&event("order.created", other)) && !told.wants(&event("product.created", store)));
        let mut old = event("order.updated", store);
        old["superseded_by"] = "evt_2".into();
        assert!(!told.wants(&old), "nobody was told it");
        assert!(Told::named(&["orders".to_owned()], &[]).is_err() && Told::named(&[], &["x".to_owned()]).is_err());
    }

    #[test]
    fn only_fields_are_asked_for_that_the_object_has() {
        let fields = ["id", "sku", "status", "remote.x", "meta.value.y"].map(str::to_owned);
        assert_eq!(of_entity(&fields, Entity::Orders), ["id", "status", "remote.x", "meta.value.y"]);
    }
}
