//! Trying an endpoint: one signed delivery of a test event while the caller waits, and switching on what takes one.

use bytes::Bytes;
use cloud::{
    clock::Clock,
    dynamo::{deliveries::Attempt, subscriptions::SubscriptionItem},
    endpoint::{Tried, attempt},
    events::Replay,
    http::{Answer, Call, Code, Problem},
    journal::SecurityEvent,
};
use domain::{
    delivery::{AttemptError, life::Met},
    event::{Change, Topic},
    id::{EventId, SubscriptionId},
    subscription::{DisabledBecause, SubscriptionState},
};
use http::StatusCode;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};

use super::{Shown, about, deliveries, may_read, own, write};
use crate::serving::{Visit, unavailable};

/// How long an endpoint that was switched off for its failures is left alone (`gateway.md` E3).
const COOL_DOWN: SignedDuration = SignedDuration::from_mins(5);
/// How often the endpoint's health is written anew because somebody else was quicker.
const TURNS: u32 = 8;
/// The type of an event that says nothing but that it came.
const TEST: &str = "test";

/// Which event the endpoint is tried with.
#[derive(Default, serde::Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "SubscriptionTest"))]
#[serde(deny_unknown_fields)]
pub(crate) struct Test {
    /// One of the subscription's topics, or `test`, which it is where nothing is said.
    #[serde(rename = "type")]
    kind: Option<String>,
}

/// What was seen of the endpoint.
#[derive(serde::Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "SubscriptionTested"))]
pub(crate) struct Tested {
    /// The `webhook-id` of the test.
    id: EventId,
    subscription: SubscriptionId,
    #[serde(rename = "type")]
    kind: String,
    /// Whether the endpoint took it: any 2xx within ten seconds.
    delivered: bool,
    #[serde(flatten)]
    attempt: Attempt,
    /// The same in words.
    detail: String,
}

/// `POST /v1/subscriptions/{subscription}/test`
pub(crate) async fn test(visit: &Visit<'_>, id: &SubscriptionId) -> Result<Answer, Problem> {
    let Test { kind } = optional(visit.call)?;
    let item = own(visit, id).await?;
    let topic = match kind.as_deref() {
        None | Some(TEST) => None,
        Some(text) => {
            let topic = text.parse().ok().filter(|topic| item.topics.contains(topic));
            Some(topic.ok_or_else(|| Problem::field("/type", "`test`, or one of the subscription's topics"))?)
        }
    };
    let (event, tried) = try_out(visit, &item, topic).await?;
    let body = Tested {
        id: event,
        subscription: item.id,
        kind: topic.map_or(TEST, Topic::as_str).to_owned(),
        delivered: tried.met == Met::Taken,
        detail: seen(&tried),
        attempt: tried.attempt,
    };
    Ok(Answer::json(StatusCode::OK, &body))
}

/// One delivery of a test, signed like any other. Nothing of it is recorded and nothing held against the endpoint.
async fn try_out(
    visit: &Visit<'_>,
    item: &SubscriptionItem,
    topic: Option<Topic>,
) -> Result<(EventId, Tried), Problem> {
    let app = visit.app;
    let secrets = app.signing.open(item).await.map_err(unavailable)?;
    let event = EventId::from_uuid(app.clock.new_id());
    let body = envelope(item, &event, topic, &app.clock);
    let tried = attempt(&app.egress, &item.url, &secrets, event.as_str(), app.clock.now(), body).await;
    Ok((event, tried))
}

/// What is sent: as an event, with `test` in it and an object that is not there.
fn envelope(item: &SubscriptionItem, event: &EventId, topic: Option<Topic>, clock: &Clock) -> Bytes {
    let data = match topic {
        None => json!({ "message": "A test of Cartage. Viele Grüße!" }),
        Some(topic) => object(topic, item.fields.as_deref(), item.include_remote),
    };
    let envelope = json!({
        "id": event,
        "type": topic.map_or(TEST, Topic::as_str),
        "store": "str_00000000000000000000000000",
        "occurred_at": clock.now(),
        "sequence": 1,
        "test": true,
        "data": data,
    });
    envelope.to_string().into()
}

/// An object of a topic's kind without values, cut to the fields that a subscription wants.
fn object(topic: Topic, fields: Option<&[String]>, include_remote: bool) -> Value {
    let mut object = Map::from_iter([("id".to_owned(), Value::from(TEST))]);
    let Topic::Object(entity, Change::Created | Change::Updated) = topic else { return object.into() };
    let is_wanted =
        |name: &str| fields.is_none_or(|fields| fields.iter().any(|field| field.split('.').next() == Some(name)));
    let top: Vec<&str> = entity.fields().iter().copied().filter(|path| !path.contains('.')).collect();
    for name in top.into_iter().filter(|name| is_wanted(name)) {
        object.entry(name).or_insert(Value::Null);
    }
    if include_remote {
        object.insert("remote".to_owned(), json!({}));
    }
    object.into()
}

/// What was seen, in our words: nothing of what the endpoint said.
fn seen(tried: &Tried) -> String {
    let Attempt { status, error, milliseconds, .. } = &tried.attempt;
    match (error, status) {
        (None, Some(status)) => format!("the endpoint answered {status} after {milliseconds} ms"),
        (Some(AttemptError::Refused), _) => "its address is not one that the gateway calls".to_owned(),
        (Some(AttemptError::Unreachable), _) => {
            "no connection could be opened, or its certificate is not valid".to_owned()
        }
        (Some(AttemptError::Timeout), _) => "no complete answer came within ten seconds".to_owned(),
        (Some(AttemptError::Broken), _) | (None, None) => {
            "the connection broke before the answer was complete".to_owned()
        }
    }
}

/// How a subscription is to be switched on.
#[derive(Default, serde::Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "SubscriptionEnabling"))]
#[serde(deny_unknown_fields)]
pub(crate) struct Enabling {
    /// Tells it what happened while it was off, 14 days back at most.
    #[serde(default)]
    replay: bool,
}

/// `POST /v1/subscriptions/{subscription}/enable`: one that takes a test is switched on. One that is on stays on.
pub(crate) async fn enable(visit: &Visit<'_>, id: &SubscriptionId) -> Result<Answer, Problem> {
    let Enabling { replay } = optional(visit.call)?;
    let app = visit.app;
    let read = own(visit, id).await?;
    if read.state == SubscriptionState::Enabled {
        return Ok(Answer::json(StatusCode::OK, &Shown::from(read)));
    }
    if replay {
        may_read(visit, &read.topics)?;
    }
    let now = app.clock.now();
    let off_since = read.disabled_at.unwrap_or(now);
    let until = off_since.saturating_add(COOL_DOWN).unwrap_or(now);
    if read.disabled_because != Some(DisabledBecause::Owner) && now < until {
        let detail = format!("the endpoint is left alone for five minutes, until {until}");
        return Err(Problem::new(Code::Conflict).detail(detail));
    }
    let (_, tried) = try_out(visit, &read, None).await?;
    if tried.met != Met::Taken {
        return Err(Problem::new(Code::TestDeliveryFailed).detail(seen(&tried)));
    }
    let mut read = read;
    start_anew(visit, &mut read).await?;
    let enabled = SubscriptionItem {
        state: SubscriptionState::Enabled,
        disabled_because: None,
        disabled_at: None,
        updated_at: app.clock.now(),
        ..read.clone()
    };
    write(visit, app.subscriptions.changing(&enabled, &read)).await?;
    visit.note(0, SecurityEvent::SubscriptionChanged, about(&enabled));
    // What was parked before it was switched off. Should this not be done, the next delivery that is taken does it.
    if enabled.health.parked {
        deliveries::ask(visit, &enabled, Replay::Parked).await?;
    }
    if replay {
        let oldest = now.saturating_sub(deliveries::KEPT).unwrap_or(Timestamp::MIN);
        let missed = Replay::Between { from: off_since.max(oldest), to: app.clock.now() };
        deliveries::ask(visit, &enabled, missed)
            .await
            .map_err(|problem| problem.detail("it is switched on; ask for what it missed with POST …/replay"))?;
    }
    Ok(Answer::json(StatusCode::OK, &Shown::from(enabled)))
}

/// Forgets what was known of the endpoint; deliveries that end meanwhile write to it too.
pub(super) async fn start_anew(visit: &Visit<'_>, item: &mut SubscriptionItem) -> Result<(), Problem> {
    let app = visit.app;
    for _ in 0..TURNS {
        let health = item.health.anew();
        if app.subscriptions.note_health(item, health, None, app.clock.now()).await.map_err(unavailable)? {
            return Ok(());
        }
        let now = app.subscriptions.get(&item.application, &item.id).await.map_err(unavailable)?;
        item.health = now.ok_or(Code::NotFound)?.health;
    }
    Err(Problem::unavailable())
}

/// A body that may be left out.
fn optional<T: Default + serde::de::DeserializeOwned>(call: &Call) -> Result<T, Problem> {
    if call.body.is_empty() { Ok(T::default()) } else { call.json() }
}

#[cfg(test)]
mod tests {
    use domain::model::Entity;

    use super::*;

    #[test]
    fn a_test_object_has_the_fields_that_are_wanted() {
        let updated = Topic::Object(Entity::Orders, Change::Updated);
        let fields = ["status".to_owned(), "lines.sku".to_owned()];
        let cut = object(updated, Some(&fields), false);
        assert_eq!(cut, json!({ "id": "test", "status": null, "lines": null }));
        let whole = object(updated, None, true);
        assert!(whole.get("totals").is_some() && whole["remote"].is_object());
        assert_eq!(object(Topic::Object(Entity::Orders, Change::Deleted), None, true), json!({ "id": "test" }));
        assert_eq!(object(Topic::AppUninstalled, None, false), json!({ "id": "test" }));
    }
}
