//! Deliveries: what became of what a subscription was told, and asking for it again.

use cloud::{
    dynamo::deliveries::{Attempt, DeliveryItem, Looking},
    events::{Replay as What, ReplayMessage},
    http::{Answer, FieldError, Problem},
    journal::Trace,
};
use domain::{
    delivery::{DeliveryState, FailedBecause},
    event::Topic,
    id::{EventId, StoreId, SubscriptionId},
};
use http::StatusCode;
use jiff::{SignedDuration, Timestamp};

use super::own;
use crate::{
    page,
    serving::{Visit, unavailable},
};

/// How long deliveries are kept, and how far back they can be asked for again.
pub(super) const KEPT: SignedDuration = SignedDuration::from_secs(cloud::dynamo::events::KEPT);

/// A delivery, as its developer sees it.
#[derive(serde::Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "Delivery"))]
pub(crate) struct ShownDelivery {
    /// The event; the `webhook-id` of every attempt.
    event: EventId,
    #[serde(rename = "type")]
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    topic: Topic,
    store: StoreId,
    /// The object that the event is about.
    object: Option<String>,
    received_at: Timestamp,
    state: DeliveryState,
    failed_because: Option<FailedBecause>,
    /// The last attempts, the newest last.
    attempts: Vec<Attempt>,
    /// When the next attempt is due.
    next_attempt_at: Option<Timestamp>,
    /// How often it was asked for again.
    replays: u32,
}

impl ShownDelivery {
    fn at(item: DeliveryItem, now: Timestamp) -> Self {
        let (state, failed_because) = item.state_at(now);
        Self {
            event: item.event,
            topic: item.topic,
            store: item.store,
            object: item.object,
            received_at: item.received_at,
            state,
            failed_because,
            attempts: item.attempts,
            next_attempt_at: item.next_at.filter(|_| state == DeliveryState::Waiting),
            replays: item.replay,
        }
    }
}

/// What a text of a query says, or what it should have said.
pub(crate) fn time(value: &str) -> Result<Timestamp, String> {
    value.parse().map_err(|_| "must be an RFC 3339 time such as 2026-11-21T09:30:00Z".to_owned())
}

/// `GET /v1/subscriptions/{subscription}/deliveries`
pub(crate) async fn list(visit: &Visit<'_>, id: &SubscriptionId, trace: &mut Trace) -> Result<Answer, Problem> {
    let mut looking = Looking::default();
    let request = page::asked_with(visit.call, trace, |name, value| {
        Some(match name {
            "state" => state(value).map(|state| looking.state = Some(state)),
            "event" => value
                .parse()
                .map(|event| looking.event = Some(event))
                .map_err(|_| "must be the id of an event".to_owned()),
            "since" => time(value).map(|since| looking.since = Some(since)),
            "until" => time(value).map(|until| looking.until = Some(until)),
            _ => return None,
        })
    })?;
    own(visit, id).await?;
    let now = visit.app.clock.now();
    let found = visit.app.deliveries.page(id, &looking, &request, now).await.map_err(page::failed)?;
    Ok(page::answer(found.map(|item| ShownDelivery::at(item, now)), trace))
}

fn state(text: &str) -> Result<DeliveryState, String> {
    match text {
        "waiting" => Ok(DeliveryState::Waiting),
        "parked" => Ok(DeliveryState::Parked),
        "delivered" => Ok(DeliveryState::Delivered),
        "failed" => Ok(DeliveryState::Failed),
        _ => Err("must be waiting, parked, delivered or failed".to_owned()),
    }
}

/// What is to be delivered again: one event, a time, or what failed.
#[derive(serde::Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(crate) struct Replay {
    /// This event, whatever became of its delivery.
    #[cfg_attr(feature = "schema", schemars(with = "Option<EventId>"))]
    event: Option<String>,
    /// With `to`: every event that came in from then on and that the subscription wants, whatever became of its delivery.
    from: Option<Timestamp>,
    /// Up to then, exclusive; without it up to now.
    to: Option<Timestamp>,
    /// `true`: every delivery that failed.
    failed: Option<bool>,
    /// With `failed`: only of events that came in since; without it all that are known of.
    since: Option<Timestamp>,
}

/// What follows.
#[derive(serde::Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct Replaying {
    id: SubscriptionId,
    status: &'static str,
    detail: &'static str,
}

impl Replay {
    /// What is asked for; exactly one of the three, within what is kept.
    fn read(self, now: Timestamp) -> Result<What, Vec<FieldError>> {
        let wrong = |pointer: &str, detail: &str| vec![FieldError::new(pointer, detail)];
        let kept = |pointer: &str, at: Timestamp| {
            let oldest = now.saturating_sub(KEPT).unwrap_or(Timestamp::MIN);
            if at < oldest { Err(wrong(pointer, "more than 14 days ago; nothing is known of then")) } else { Ok(at) }
        };
        match self {
            Self { event: Some(event), from: None, to: None, failed: None, since: None } => {
                event.parse().map(What::One).map_err(|_| wrong("/event", "must be the id of an event"))
            }
            Self { event: None, from: Some(from), to, failed: None, since: None } => {
                let to = to.unwrap_or(now);
                if to <= from {
                    return Err(wrong("/to", "must be after `from`"));
                }
                Ok(What::Between { from: kept("/from", from)?, to })
            }
            Self { event: None, from: None, to: None, failed: Some(true), since } => {
                let oldest = now.saturating_sub(KEPT).unwrap_or(Timestamp::MIN);
                Ok(What::Failed { since: since.map_or(Ok(oldest), |since| kept("/since", since))? })
            }
            _ => Err(wrong(
                "",
                "exactly one of: `event`; `from` with or without `to`; `failed: true` with or without `since`",
            )),
        }
    }
}

/// `POST /v1/subscriptions/{subscription}/replay`: the bodies are read from the stores again, for none is kept.
pub(crate) async fn replay(visit: &Visit<'_>, id: &SubscriptionId) -> Result<Answer, Problem> {
    let body: Replay = visit.call.json()?;
    let what = body.read(visit.app.clock.now()).map_err(Problem::fields)?;
    let item = own(visit, id).await?;
    if item.state != domain::subscription::SubscriptionState::Enabled {
        let detail = "the subscription is switched off; POST …/enable with {\"replay\": true} switches it on and tells what it missed";
        return Err(Problem::new(cloud::http::Code::Conflict).detail(detail));
    }
    super::may_read(visit, &item.topics)?;
    if let What::One(event) = &what {
        let known = visit.app.deliveries.get(id, event).await.map_err(unavailable)?;
        if known.is_none() {
            return Err(Problem::field(
                "/event",
                "the subscription was never told of such an event, or more than 14 days ago",
            ));
        }
    }
    ask(visit, &item, what).await?;
    let body = Replaying {
        id: id.clone(),
        status: "replaying",
        detail: "The objects are read from their stores again and delivered as they are now, with the same webhook-id. What is not there any more is marked as failed: unreadable. GET …/deliveries shows how it goes.",
    };
    Ok(Answer::json(StatusCode::ACCEPTED, &body))
}

/// Asks for deliveries to be made again.
pub(super) async fn ask(
    visit: &Visit<'_>,
    item: &cloud::dynamo::subscriptions::SubscriptionItem,
    what: What,
) -> Result<(), Problem> {
    let message =
        ReplayMessage { application: item.application.clone(), subscription: item.id.clone(), what, after: None };
    visit.app.replays.send(&message).await.map_err(unavailable)
}
