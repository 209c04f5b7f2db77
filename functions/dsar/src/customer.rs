//! A request about a customer of a store, as a platform passes it on, from its message to its end.

use cloud::{
    dynamo::{
        Unavailable,
        events::Objects,
        privacy::{Opened, RequestItem},
    },
    events::PrivacyTopicMessage,
    journal::{Concerning, SecurityEvent},
    mailer::{MailKind, MailMessage, PrivacyFacts},
    sqs::Disposition,
};
use domain::{
    event::PrivacyTopic,
    id::{MessageId, RequestId, SubscriptionId},
    model::Entity,
    privacy::{self, Action, Held, IN_TRANSIT, RequestState},
    store::StoreState,
};
use jiff::{SignedDuration, Timestamp};

use crate::App;

/// Carries out a request as far as it can be now.
pub(crate) async fn work(app: &App, message: &PrivacyTopicMessage) -> Disposition {
    let Some(action) = privacy::action(message.topic) else {
        return Disposition::GiveUp("a whole store is forgotten when it leaves");
    };
    match carry_out(app, message, action).await {
        Ok(disposition) => disposition,
        Err(Unavailable) => Disposition::Retry("a table or a queue could not be asked"),
    }
}

async fn carry_out(app: &App, message: &PrivacyTopicMessage, action: Action) -> Result<Disposition, Unavailable> {
    let PrivacyTopicMessage { event, account, store, topic, received_at, .. } = message;
    let asked = RequestItem::new(event, account, store, *topic, *received_at);
    let Opened::Request(mut request) = app.topics_requests.open(asked, &message.name).await? else {
        return Ok(Disposition::Done);
    };
    if request.state == RequestState::Closed {
        return Ok(Disposition::Done);
    }
    let person = Person {
        app,
        message,
        objects: privacy::objects(message.customer.as_deref(), &message.orders).into_iter().collect(),
        subscriptions: subscriptions(app, message).await?,
    };
    match action {
        Action::Find => request.held = person.each_place(Action::Find).await?,
        Action::Erase => {
            let erased_at = match request.erased_at {
                Some(at) => at,
                None => erase(&person, &mut request).await?,
            };
            // A message of an event may still be on its way, and write the ids anew. It lives for a day.
            let left =
                SignedDuration::try_from(IN_TRANSIT).unwrap_or_default() - app.clock.now().duration_since(erased_at);
            if let Ok(left) = std::time::Duration::try_from(left)
                && !left.is_zero()
            {
                return Ok(Disposition::RetryAfter(left, "what was travelling is looked for when it has arrived"));
            }
            person.each_place(Action::Erase).await?;
            if !person.each_place(Action::Find).await?.is_nothing() {
                return Ok(Disposition::Retry("something of the person is still there"));
            }
        }
    }
    tell(app, &request).await?;
    let now = app.clock.now();
    note(app, message, SecurityEvent::PrivacyRequestClosed);
    app.topics_requests.close(*request, now).await?;
    Ok(Disposition::Done)
}

/// Erases everything that rests. What was found stands in the request before.
async fn erase(person: &Person<'_>, request: &mut RequestItem) -> Result<Timestamp, Unavailable> {
    let Person { app, message, .. } = *person;
    if request.held.is_nothing() {
        request.held = person.each_place(Action::Find).await?;
        app.topics_requests.note(request).await?;
    }
    person.each_place(Action::Erase).await?;
    if let Some(customer) = &message.customer
        && let Some(store) = app.stores.of_account(&message.account, &message.store).await?
        && store.state == StoreState::Connected
    {
        app.restrictions.forget(&store, customer).await?;
    }
    let now = app.clock.now();
    app.cached.invalidate(&message.store, &[Entity::Customers, Entity::Orders], now).await?;
    note(app, message, SecurityEvent::CustomerErased);
    request.erased_at = Some(now);
    app.topics_requests.note(request).await?;
    Ok(now)
}

/// A person, as a request names them, and where something of them may rest.
struct Person<'a> {
    app: &'a App,
    message: &'a PrivacyTopicMessage,
    objects: Objects,
    subscriptions: Vec<SubscriptionId>,
}

impl Person<'_> {
    /// Does something in each place, and counts what was there.
    async fn each_place(&self, action: Action) -> Result<Held, Unavailable> {
        let Self { app, message, objects, .. } = self;
        if objects.is_empty() {
            return Ok(Held::default());
        }
        let now = app.clock.now();
        // What would write the ids anew comes last: a mark that says that the object is gone keeps its news away.
        let mut held = Held {
            objects: app.events.forget_objects(&message.store, objects, action, now).await?,
            events: app.events.forget_envelopes(&message.store, objects, action, now).await?,
            deliveries: 0,
        };
        for subscription in &self.subscriptions {
            let deliveries = app.deliveries.forget(subscription, &message.store, objects, action).await?;
            held = held.and(Held { deliveries, ..Held::default() });
        }
        Ok(held)
    }
}

/// The subscriptions of all applications that were ever granted something on the store.
async fn subscriptions(app: &App, message: &PrivacyTopicMessage) -> Result<Vec<SubscriptionId>, Unavailable> {
    let mut subscriptions = Vec::new();
    for grant in app.stores.grants(&message.store).await? {
        let theirs = app.subscriptions.all(&grant.application).await?;
        subscriptions.extend(theirs.into_iter().map(|subscription| subscription.id));
    }
    Ok(subscriptions)
}

/// Writes to the merchant. An account that is gone is told nothing.
async fn tell(app: &App, request: &RequestItem) -> Result<(), Unavailable> {
    let Some(account) = app.accounts.get(&request.account).await? else { return Ok(()) };
    let kind = match request.topic {
        PrivacyTopic::CustomerErasure => MailKind::CustomerErased,
        PrivacyTopic::CustomerAccess | PrivacyTopic::StoreErasure => MailKind::CustomerDataHeld,
    };
    // The same each time, so that one mail goes out.
    let id = MessageId::of_request(&request.id);
    let mail = MailMessage {
        privacy: Some(PrivacyFacts {
            request: request.id.clone(),
            store: request.store.clone(),
            received_at: request.received_at,
            held: request.held,
        }),
        ..MailMessage::plain(id, kind, account.email)
    };
    app.mails.send(&mail).await
}

fn note(app: &App, message: &PrivacyTopicMessage, event: SecurityEvent) {
    let concerning = Concerning {
        account: Some(message.account.clone()),
        store: Some(message.store.clone()),
        ..Concerning::default()
    };
    app.journal.security(&RequestId::from_uuid(app.clock.new_id()), 0, None, event, concerning);
}
