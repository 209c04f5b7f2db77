//! Subscriptions: a developer's wishes for events, made, listed, shown, changed, deleted.
//!
//! A key of an application speaks for that application, a management key for every application of its account. What is told leaves the
//! gateway, so a key of an application can only ask to be told what it may read.

mod deliveries;
mod secrets;
mod trial;
mod wish;

use std::collections::BTreeMap;

use cloud::{
    dynamo::{
        key,
        page::Page,
        subscriptions::SubscriptionItem,
        transaction::{self, TransactionError},
    },
    http::{Answer, Code, FieldError, Problem},
    journal::{Concerning, SecurityEvent, Trace},
};
use domain::{
    account::Line,
    event::Topic,
    grant::reach,
    id::{ApplicationId, StoreId, SubscriptionId},
    model::input::Change as Wished,
    scope::ScopeSet,
    store::StoreState,
    subscription::{DisabledBecause, MAX_SUBSCRIPTIONS, Ordering, SubscriptionState},
};
use futures_util::{StreamExt, TryStreamExt, stream};
use http::StatusCode;
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};

#[cfg(feature = "schema")]
pub(crate) use deliveries::{Replay, Replaying, ShownDelivery};
pub(crate) use deliveries::{list as deliveries, replay, time};
#[cfg(feature = "schema")]
pub(crate) use secrets::Rotation;
pub(crate) use secrets::rotate;
#[cfg(feature = "schema")]
pub(crate) use trial::{Enabling, Test, Tested};
pub(crate) use trial::{enable, test};
use wish::{Filter, Wanted, Wish};

use crate::{
    applications, page,
    serving::{Visit, unavailable},
};

/// Items that are read at a time for a page of a list, or for a list of stores.
const AT_ONCE: usize = 16;

/// A subscription, as its developer sees it. The secret stands in the answers that make it and nowhere else.
#[derive(serde::Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "Subscription"))]
pub(crate) struct Shown {
    id: SubscriptionId,
    application: ApplicationId,
    name: Option<Line>,
    url: String,
    #[cfg_attr(feature = "schema", schemars(with = "Vec<String>"))]
    topics: Vec<Topic>,
    /// The stores that it is told of; `null` for every store that its application is granted.
    stores: Option<Vec<StoreId>>,
    /// The fields of the objects that it is told; `null` for all.
    fields: Option<Vec<String>>,
    filter: BTreeMap<String, Vec<String>>,
    include_remote: bool,
    ordering: Ordering,
    state: SubscriptionState,
    disabled_because: Option<DisabledBecause>,
    disabled_at: Option<Timestamp>,
    /// Since when its endpoint did nothing but fail; after 48 hours of that it is switched off.
    failing_since: Option<Timestamp>,
    /// Until when its endpoint is left alone, because it failed again and again.
    paused_until: Option<Timestamp>,
    created_at: Timestamp,
    updated_at: Timestamp,
    secret_rotated_at: Option<Timestamp>,
    /// What deliveries are signed with, in the one answer that shows it.
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<String>,
}

impl From<SubscriptionItem> for Shown {
    fn from(item: SubscriptionItem) -> Self {
        Self {
            id: item.id,
            application: item.application,
            name: item.name,
            url: item.url,
            topics: item.topics,
            stores: item.stores,
            fields: item.fields,
            filter: item.filter,
            include_remote: item.include_remote,
            ordering: item.ordering,
            state: item.state,
            disabled_because: item.disabled_because,
            disabled_at: item.disabled_at,
            failing_since: item.health.failing_since,
            paused_until: item.health.open_until,
            created_at: item.created_at,
            updated_at: item.updated_at,
            secret_rotated_at: item.rotated_at,
            secret: None,
        }
    }
}

impl Shown {
    fn with_secret(item: SubscriptionItem, secret: &SecretString) -> Self {
        Self { secret: Some(secret.expose_secret().to_owned()), ..Self::from(item) }
    }
}

/// A subscription that the caller may see: its own application's, or one of its account's.
pub(crate) async fn own(visit: &Visit<'_>, id: &SubscriptionId) -> Result<SubscriptionItem, Problem> {
    let app = visit.app;
    let application = match &visit.key.application {
        Some(application) => application.clone(),
        None => {
            let found = app.accounts.subscription(&visit.key.account, id).await.map_err(unavailable)?;
            found.ok_or(Code::NotFound)?.application
        }
    };
    let found = app.subscriptions.get(&application, id).await.map_err(unavailable)?;
    found.filter(|item| item.account == visit.key.account).ok_or(Code::NotFound.into())
}

/// `GET /v1/subscriptions`
pub(crate) async fn list(visit: &Visit<'_>, trace: &mut Trace) -> Result<Answer, Problem> {
    let mut wanted: Option<ApplicationId> = None;
    let request = page::asked_with(visit.call, trace, |name, value| {
        (name == "application").then(|| match value.parse() {
            Ok(id) => {
                wanted = Some(id);
                Ok(())
            }
            Err(_) => Err("must be the id of an application".to_owned()),
        })
    })?;
    let app = visit.app;
    if let Some(application) = visit.key.application.as_ref().or(wanted.as_ref()) {
        if wanted.as_ref().is_some_and(|wanted| wanted != application) {
            return Err(Problem::field("?application", ANOTHER));
        }
        if visit.key.application.is_none() {
            applications::own(visit, application).await?;
        }
        let found = app.subscriptions.page(application, &request).await.map_err(page::failed)?;
        return Ok(page::answer(found.map(Shown::from), trace));
    }
    let pointers = app.accounts.subscriptions(&visit.key.account, &request).await.map_err(page::failed)?;
    let found: Vec<Option<SubscriptionItem>> = stream::iter(&pointers.items)
        .map(|pointer| app.subscriptions.get(&pointer.application, &pointer.subscription))
        .buffered(AT_ONCE)
        .try_collect()
        .await
        .map_err(unavailable)?;
    // One that was deleted between the two reads is left out.
    let items = found.into_iter().flatten().map(Shown::from).collect();
    Ok(page::answer(Page { items, next_cursor: pointers.next_cursor }, trace))
}

const ANOTHER: &str = "a key of an application speaks for that application alone; leave it out";

/// `GET /v1/subscriptions/{subscription}`
pub(crate) async fn show(visit: &Visit<'_>, id: &SubscriptionId) -> Result<Answer, Problem> {
    Ok(Answer::json(StatusCode::OK, &Shown::from(own(visit, id).await?)))
}

/// A subscription to make.
#[derive(serde::Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(crate) struct NewSubscription {
    /// Whose it is. A management key must say; a key of an application speaks for its own.
    #[cfg_attr(feature = "schema", schemars(with = "Option<ApplicationId>"))]
    application: Option<String>,
    #[cfg_attr(feature = "schema", schemars(with = "Option<Line>"))]
    name: Option<String>,
    /// Where deliveries go: `https`, port 443 or 8443, a host's name.
    #[cfg_attr(feature = "schema", schemars(length(max = 2000)))]
    url: String,
    /// Topics by name (`order.updated`), by kind (`order.*`), or all (`*`).
    #[cfg_attr(feature = "schema", schemars(length(min = 1, max = 50)))]
    topics: Vec<String>,
    /// Stores that the application is granted; without it every one, those to come included.
    #[cfg_attr(feature = "schema", schemars(with = "Option<Vec<StoreId>>", length(min = 1, max = 100)))]
    stores: Option<Vec<String>>,
    /// Fields of the objects, as dotted paths; without it all.
    #[cfg_attr(feature = "schema", schemars(length(min = 1, max = 100)))]
    fields: Option<Vec<String>>,
    filter: Option<Filter>,
    /// Adds the platform's own object.
    #[serde(default)]
    include_remote: bool,
    #[cfg_attr(feature = "schema", schemars(with = "Option<Ordering>"))]
    ordering: Option<String>,
}

/// `POST /v1/subscriptions`
pub(crate) async fn create(visit: &Visit<'_>) -> Result<Answer, Problem> {
    let NewSubscription { application, name, url, topics, stores, fields, filter, include_remote, ordering } =
        visit.call.json()?;
    let filter = filter.unwrap_or_default().0;
    let app = visit.app;
    let wanted = Wanted { name, url, topics, stores, fields, filter, include_remote, ordering };
    let wish = wanted.read(app.loopback).map_err(Problem::fields)?;
    let application = whose(visit, application.as_deref()).await?;
    may_read(visit, &wish.topics)?;
    let Wish { name, url, topics, stores, fields, filter, include_remote, ordering } = wish;
    if let Some(stores) = &stores {
        granted(visit, &application, stores).await?;
    }
    let id = SubscriptionId::from_uuid(app.clock.new_id());
    let made = app.signing.make(&application, &id).await.map_err(unavailable)?;
    let now = app.clock.now();
    let account = visit.key.account.clone();
    let mut parts = Vec::from(app.accounts.adding_subscription(&account, &application, &id));
    let item = SubscriptionItem {
        pk: key::application(&application),
        sk: key::subscription(&id),
        v: 1,
        id,
        account,
        application,
        name,
        url,
        topics,
        stores,
        fields,
        filter,
        include_remote,
        ordering,
        state: SubscriptionState::Enabled,
        disabled_because: None,
        disabled_at: None,
        secrets: made.sealed,
        secrets_version: made.version,
        rotated_at: None,
        created_at: now,
        updated_at: now,
        health: domain::delivery::Health::default(),
        expires_at: None,
    };
    parts.push(app.subscriptions.creating(&item));
    transaction::write(&app.tables, parts).await.map_err(|error| match error {
        TransactionError::Condition(_) => Problem::new(Code::QuotaReached)
            .detail(format!("an application has at most {MAX_SUBSCRIPTIONS} subscriptions")),
        TransactionError::Unavailable(cause) => unavailable(cause),
    })?;
    visit.note(0, SecurityEvent::SubscriptionCreated, about(&item));
    Ok(Answer::json(StatusCode::CREATED, &Shown::with_secret(item, &made.secret)))
}

/// The application that a new subscription belongs to.
async fn whose(visit: &Visit<'_>, given: Option<&str>) -> Result<ApplicationId, Problem> {
    let wrong = |detail: &str| Problem::field("/application", detail);
    match (&visit.key.application, given) {
        (Some(own), None) => Ok(own.clone()),
        (Some(own), Some(given)) if own.as_str() == given => Ok(own.clone()),
        (Some(_), Some(_)) => Err(wrong(ANOTHER)),
        (None, None) => Err(wrong("a management key must say whose subscription it is")),
        (None, Some(given)) => {
            let id = given.parse().map_err(|_| wrong("must be the id of an application"))?;
            applications::own(visit, &id).await.map(|application| application.id).map_err(|problem| {
                match problem.code {
                    Code::NotFound => wrong("there is no such application"),
                    _ => problem,
                }
            })
        }
    }
}

/// A key of an application may have less told than its grants allow, and never more than it could read itself. A management key reads no
/// store's data and may make keys that do: for it the grants alone decide.
fn may_read(visit: &Visit<'_>, topics: &[Topic]) -> Result<(), Problem> {
    if visit.key.application.is_none() {
        return Ok(());
    }
    let mut needed = topics.iter().filter_map(|topic| topic.needs());
    needed.try_for_each(|scope| visit.app.gate.require(visit.call, visit.key, visit.key.scopes, scope))
}

/// Refuses stores that the application is granted nothing on. Which of them exist is not told.
async fn granted(visit: &Visit<'_>, application: &ApplicationId, stores: &[StoreId]) -> Result<(), Problem> {
    let allowed: Vec<bool> =
        stream::iter(stores).map(|store| reaches(visit, application, store)).buffered(AT_ONCE).try_collect().await?;
    let refused = allowed.iter().enumerate().filter(|(_, allowed)| !**allowed);
    let errors: Vec<FieldError> = refused
        .map(|(place, _)| FieldError::new(format!("/stores/{place}"), "the application is granted nothing on it"))
        .collect();
    if errors.is_empty() { Ok(()) } else { Err(Problem::fields(errors)) }
}

async fn reaches(visit: &Visit<'_>, application: &ApplicationId, store: &StoreId) -> Result<bool, Problem> {
    let found = visit.app.stores.for_application(application, store).await.map_err(unavailable)?;
    Ok(found.is_some_and(|(item, grant)| {
        let connected = item.state == StoreState::Connected;
        let grant = grant.map(|grant| grant.grant());
        let all = grant.map_or(ScopeSet::EMPTY, |grant| grant.scopes);
        reach(&item.account, &visit.key.account, grant, connected, all).is_ok()
    }))
}

/// What may be changed: absent fields stay, `null` empties one.
#[derive(serde::Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "SubscriptionChange"))]
#[serde(deny_unknown_fields)]
pub(crate) struct Change {
    #[serde(default)]
    #[cfg_attr(feature = "schema", schemars(with = "Option<Line>"))]
    name: Wished<String>,
    #[cfg_attr(feature = "schema", schemars(length(max = 2000)))]
    url: Option<String>,
    #[cfg_attr(feature = "schema", schemars(length(min = 1, max = 50)))]
    topics: Option<Vec<String>>,
    #[serde(default)]
    #[cfg_attr(feature = "schema", schemars(with = "Option<Vec<StoreId>>", length(min = 1, max = 100)))]
    stores: Wished<Vec<String>>,
    #[serde(default)]
    #[cfg_attr(feature = "schema", schemars(length(min = 1, max = 100)))]
    fields: Wished<Vec<String>>,
    #[serde(default)]
    filter: Wished<Filter>,
    include_remote: Option<bool>,
    #[cfg_attr(feature = "schema", schemars(with = "Option<Ordering>"))]
    ordering: Option<String>,
    /// `disabled` switches it off. `POST …/enable` switches it on, once its endpoint takes a test.
    #[cfg_attr(feature = "schema", schemars(extend("enum" = ["disabled", null])))]
    state: Option<String>,
}

fn wished<T>(wish: Wished<T>, present: &mut Option<T>) {
    match wish {
        Wished::Keep => {}
        Wished::Clear => *present = None,
        Wished::Set(value) => *present = Some(value),
    }
}

/// `PATCH /v1/subscriptions/{subscription}`
pub(crate) async fn change(visit: &Visit<'_>, id: &SubscriptionId) -> Result<Answer, Problem> {
    let change: Change = visit.call.json()?;
    let app = visit.app;
    let read = own(visit, id).await?;
    let mut wanted = Wanted::from(&read);
    let other_stores = matches!(change.stores, Wished::Set(_));
    let tells_otherwise = change.url.is_some()
        || change.topics.is_some()
        || change.include_remote.is_some()
        || !(change.stores.is_keep() && change.fields.is_keep() && change.filter.is_keep());
    wished(change.name, &mut wanted.name);
    wished(change.stores, &mut wanted.stores);
    wished(change.fields, &mut wanted.fields);
    match change.filter {
        Wished::Keep => {}
        Wished::Clear => wanted.filter = BTreeMap::new(),
        Wished::Set(Filter(filter)) => wanted.filter = filter,
    }
    wanted.url = change.url.unwrap_or(wanted.url);
    wanted.topics = change.topics.unwrap_or(wanted.topics);
    wanted.include_remote = change.include_remote.unwrap_or(wanted.include_remote);
    wanted.ordering = change.ordering.or(wanted.ordering);
    let off = match change.state.as_deref() {
        None => Ok(false),
        Some("disabled") => Ok(true),
        Some(_) => Err(FieldError::new("/state", "`disabled`; POST …/enable switches it on")),
    };
    let (wish, off) = match (wanted.read(app.loopback), off) {
        (Ok(wish), Ok(off)) => (wish, off),
        (wish, off) => {
            return Err(Problem::fields(wish.err().into_iter().flatten().chain(off.err()).collect()));
        }
    };
    if tells_otherwise {
        may_read(visit, &wish.topics)?;
    }
    let Wish { name, url, topics, stores, fields, filter, include_remote, ordering } = wish;
    if let Some(stores) = stores.as_ref().filter(|_| other_stores) {
        granted(visit, &read.application, stores).await?;
    }
    let now = app.clock.now();
    let mut changed = SubscriptionItem {
        name,
        url,
        topics,
        stores,
        fields,
        filter,
        include_remote,
        ordering,
        updated_at: now,
        ..read.clone()
    };
    if off && read.state == SubscriptionState::Enabled {
        changed.state = SubscriptionState::Disabled;
        changed.disabled_because = Some(DisabledBecause::Owner);
        changed.disabled_at = Some(now);
    }
    write(visit, app.subscriptions.changing(&changed, &read)).await?;
    if changed.url != read.url {
        // Another endpoint is not what the one before it was.
        trial::start_anew(visit, &mut changed).await?;
    }
    visit.note(0, SecurityEvent::SubscriptionChanged, about(&changed));
    Ok(Answer::json(StatusCode::OK, &Shown::from(changed)))
}

/// Writes what holds only for the subscription as it was read.
async fn write(visit: &Visit<'_>, part: transaction::Part) -> Result<(), Problem> {
    transaction::write(&visit.app.tables, vec![part]).await.map_err(|error| match error {
        TransactionError::Condition(_) => {
            Problem::new(Code::Conflict).detail("the subscription was changed meanwhile; read it again")
        }
        TransactionError::Unavailable(cause) => unavailable(cause),
    })
}

/// `DELETE /v1/subscriptions/{subscription}`: nothing is delivered any more. Envelopes of what was live on for their 14 days.
pub(crate) async fn delete(visit: &Visit<'_>, id: &SubscriptionId) -> Result<Answer, Problem> {
    let item = own(visit, id).await?;
    let app = visit.app;
    let mut parts = vec![app.subscriptions.deleting(&item.application, id)];
    parts.extend(app.accounts.dropping_subscriptions(&item.account, &item.application, &[id]));
    match transaction::write(&app.tables, parts).await {
        Ok(()) => visit.note(0, SecurityEvent::SubscriptionDeleted, about(&item)),
        // Somebody else was faster: what was asked for is done.
        Err(TransactionError::Condition(0)) => {}
        Err(_) => return Err(Problem::unavailable()),
    }
    Ok(Answer::empty(StatusCode::NO_CONTENT))
}

fn about(item: &SubscriptionItem) -> Concerning {
    Concerning { application: Some(item.application.clone()), ..Concerning::default() }
}
