//! Events: the envelopes of what happened in stores. An application sees those of stores that it is granted, as far as key and grant let it
//! read what they are about; a person of an account those of the account's own stores.

use cloud::{
    dynamo::{
        events::{EventItem, Happened, MAX_LISTED_STORES, Seen},
        page::PageRequest,
    },
    http::{Answer, Code, Problem},
    journal::Trace,
};
use domain::{
    event::Topic,
    grant::{AccessRefused, reach},
    id::{ApplicationId, EventId, StoreId},
    scope::ScopeSet,
    store::StoreState,
    subscription::topics,
};
use futures_util::{StreamExt, TryStreamExt, stream};
use jiff::Timestamp;

use crate::{
    page,
    serving::{Visit, unavailable},
    stores,
    subscriptions::time,
};

/// Stores that are looked at a time.
const AT_ONCE: usize = 16;

/// An envelope, as those see it who may know of the event.
#[derive(serde::Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "Event"))]
pub(crate) struct Shown {
    id: EventId,
    #[serde(rename = "type")]
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    topic: Topic,
    store: StoreId,
    /// The object that it is about; nothing where its customer's data must not be used.
    object: Option<String>,
    occurred_at: Timestamp,
    received_at: Timestamp,
    /// Which of the object's events it is, counted from one.
    sequence: u64,
    /// Whether no webhook told it and it was found by looking.
    recovered: bool,
    /// Whether the data of the object's customer must not be used, so that nobody was told more than that it happened.
    restricted: bool,
    /// The event that had told newer news of the object before, so that nobody was told this one.
    superseded_by: Option<EventId>,
    /// How many subscriptions were told; only the store's owner sees it.
    #[serde(skip_serializing_if = "Option::is_none")]
    subscriptions: Option<u32>,
}

impl Shown {
    fn of(item: EventItem, to_owner: bool) -> Self {
        Self {
            id: item.id,
            topic: item.topic,
            store: item.store,
            object: item.object.filter(|_| !item.restricted),
            occurred_at: item.occurred_at,
            received_at: item.received_at,
            sequence: item.sequence,
            recovered: item.recovered,
            restricted: item.restricted,
            superseded_by: item.superseded_by,
            subscriptions: to_owner.then_some(item.subscriptions),
        }
    }
}

/// `GET /v1/events`
pub(crate) async fn list(visit: &Visit<'_>, trace: &mut Trace) -> Result<Answer, Problem> {
    let mut looking = Happened::default();
    let mut store: Option<StoreId> = None;
    let request = page::asked_with(visit.call, trace, |name, value| {
        Some(match name {
            "store" => value.parse().map(|id| store = Some(id)).map_err(|_| "must be the id of a store".to_owned()),
            "topic" => {
                topics(value).map(|named| looking.topics.extend(named)).map_err(|_| "there is no such topic".to_owned())
            }
            "since" => time(value).map(|since| looking.since = Some(since)),
            "until" => time(value).map(|until| looking.until = Some(until)),
            _ => return None,
        })
    })?;
    let seen = match (&visit.key.application, store) {
        (Some(application), Some(store)) => vec![granted(visit, application, store).await?],
        (Some(application), None) => of_application(visit, application).await?,
        (None, Some(store)) => {
            stores::own(visit, &store).await?;
            vec![Seen { store, scopes: None }]
        }
        (None, None) => of_account(visit).await?.into_iter().map(|store| Seen { store, scopes: None }).collect(),
    };
    let app = visit.app;
    let to_owner = visit.key.application.is_none();
    let found = app.events.page(visit.key.account.as_str(), &seen, &looking, &request, app.clock.now()).await;
    Ok(page::answer(found.map_err(page::failed)?.map(|item| Shown::of(item, to_owner)), trace))
}

/// A store by its id, as a call of its data would find it.
async fn granted(visit: &Visit<'_>, application: &ApplicationId, store: StoreId) -> Result<Seen, Problem> {
    match scopes(visit, application, &store).await? {
        Ok(scopes) => Ok(Seen { store, scopes: Some(scopes) }),
        Err(AccessRefused::NotFound) => Err(Code::NotFound.into()),
        Err(AccessRefused::Revoked) => Err(Code::StoreAccessRevoked.into()),
    }
}

/// What of a store's objects a key may read.
async fn scopes(
    visit: &Visit<'_>,
    application: &ApplicationId,
    store: &StoreId,
) -> Result<Result<ScopeSet, AccessRefused>, Problem> {
    let found = visit.app.stores.for_application(application, store).await.map_err(unavailable)?;
    let Some((item, grant)) = found else { return Ok(Err(AccessRefused::NotFound)) };
    let connected = item.state == StoreState::Connected;
    let grant = grant.map(|grant| grant.grant());
    Ok(reach(&item.account, &visit.key.account, grant, connected, visit.key.scopes))
}

/// The stores that an application can be known to be granted without asking every store there is: those of its own account, and those that
/// its subscriptions name. Another one is named with `store`.
async fn of_application(visit: &Visit<'_>, application: &ApplicationId) -> Result<Vec<Seen>, Problem> {
    let mut candidates = of_account(visit).await?;
    let subscriptions = visit.app.subscriptions.all(application).await.map_err(unavailable)?;
    for store in subscriptions.into_iter().filter_map(|item| item.stores).flatten() {
        if !candidates.contains(&store) {
            candidates.push(store);
        }
    }
    if candidates.len() > MAX_LISTED_STORES {
        return Err(too_many());
    }
    let reached: Vec<Option<Seen>> = stream::iter(candidates)
        .map(async |store| {
            let scopes = scopes(visit, application, &store).await?;
            Ok::<_, Problem>(scopes.ok().map(|scopes| Seen { store, scopes: Some(scopes) }))
        })
        .buffered(AT_ONCE)
        .try_collect()
        .await?;
    Ok(reached.into_iter().flatten().collect())
}

async fn of_account(visit: &Visit<'_>) -> Result<Vec<StoreId>, Problem> {
    let request = PageRequest { per_page: cloud::dynamo::page::MAX_PER_PAGE, cursor: None };
    let found = visit.app.accounts.stores(&visit.key.account, &request).await.map_err(page::failed)?;
    if found.items.len() > MAX_LISTED_STORES { Err(too_many()) } else { Ok(found.items) }
}

fn too_many() -> Problem {
    Problem::field("?store", format!("name one: there are more than {MAX_LISTED_STORES} stores to look through"))
}
