//! The `deliver` function in this process, an endpoint, and a queue that a steered clock turns: what the function asks to be hidden comes again
//! when its time has come, in an instant.

use std::{collections::BTreeMap, time::Duration};

use aws_lambda_events::sqs::SqsEvent;
use cloud::{
    boot::Boot,
    clock::Clock,
    dynamo::{
        accounts::{AccountItem, Accounts},
        deliveries::DeliveryItem,
        key,
        store_keys::StoreKeys,
        subscriptions::SubscriptionItem,
        transaction,
    },
    events::DeliveryMessage,
    signing::Signing,
};
use domain::{
    account::Consents,
    delivery::Health,
    event::{Change, Topic},
    id::{EventId, SubscriptionId},
    model::Entity,
    subscription::{Ordering, SubscriptionState},
};
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json, value::RawValue};
use testkit::{
    fault_proxy::{FaultProxy, Seen},
    receiver::Receiver,
    stack::Stack,
};

use crate::world::{World, assert_declared, environment, wide};

/// A message and when it is to be seen.
#[derive(Clone)]
pub(crate) struct Queued {
    pub(crate) due: Timestamp,
    pub(crate) message: DeliveryMessage,
    receives: u32,
    id: String,
}

/// See the module.
pub(crate) struct Hall {
    pub(crate) world: World,
    pub(crate) clock: Clock,
    pub(crate) faults: FaultProxy,
    pub(crate) config: deliver::Config,
    pub(crate) app: deliver::App,
    pub(crate) endpoint: Receiver,
    pub(crate) subscription: SubscriptionItem,
    pub(crate) secret: SecretString,
    pub(crate) queue: Vec<Queued>,
    sqs: aws_sdk_sqs::Client,
    sent: u64,
}

impl Drop for Hall {
    fn drop(&mut self) {
        assert_declared(&self.faults);
    }
}

impl Hall {
    /// A hall whose subscription wants its deliveries as fast as can be.
    pub(crate) async fn new() -> Self {
        Self::with(Ordering::Fastest).await
    }

    pub(crate) async fn with(ordering: Ordering) -> Self {
        let faults = FaultProxy::in_front_of(Stack::shared().aws()).await.unwrap();
        let clock = Clock::steered(Timestamp::from_second(Clock::system().now().as_second()).unwrap());
        let world = World::with(wide(), clock.clone()).await;
        let environment = environment("deliver", faults.url());
        let boot = Boot::new(&environment, clock.clone()).unwrap();
        let mut config = deliver::Config::from_env(&environment).unwrap();
        let sqs = aws_sdk_sqs::Client::new(&crate::sdk::config(Stack::shared().aws().as_str()));
        let name = Clock::system().new_id().simple().to_string();
        for (url, queue) in [
            (&mut config.dead_events_queue_url, "dead"),
            (&mut config.replays_queue_url, "replays"),
            (&mut config.mail_queue_url, "mail"),
        ] {
            let made = sqs.create_queue().queue_name(format!("test-{queue}-{name}")).send().await.unwrap();
            *url = made.queue_url.unwrap();
        }
        let endpoint = Receiver::start().await.unwrap();
        let id = SubscriptionId::from_uuid(clock.new_id());
        let signing = signing_of(&world, &config);
        let made = signing.make(&world.application, &id).await.unwrap();
        let subscription = SubscriptionItem {
            pk: key::application(&world.application),
            sk: key::subscription(&id),
            v: 1,
            id,
            account: world.account.clone(),
            application: world.application.clone(),
            name: None,
            url: endpoint.url().to_string(),
            topics: vec![Topic::Object(Entity::Orders, Change::Updated)],
            stores: None,
            fields: None,
            filter: BTreeMap::new(),
            include_remote: false,
            ordering,
            state: SubscriptionState::Enabled,
            disabled_because: None,
            disabled_at: None,
            secrets: made.sealed,
            secrets_version: made.version,
            rotated_at: None,
            created_at: clock.now(),
            updated_at: clock.now(),
            health: Health::default(),
            expires_at: None,
        };
        let hall = Self {
            app: deliver::App::new(&boot, config.clone()),
            world,
            clock,
            faults,
            config,
            endpoint,
            subscription,
            secret: made.secret,
            queue: Vec::new(),
            sqs,
            sent: 0,
        };
        hall.keep().await;
        hall.sign_up().await;
        hall.faults.reset();
        hall
    }

    /// Writes the subscription as it stands in `self.subscription`.
    pub(crate) async fn keep(&self) {
        let item = serde_dynamo::aws_sdk_dynamodb_1::to_item(&self.subscription).unwrap();
        let put = self.world.sdk().put_item().table_name(&self.config.subscriptions_table);
        put.set_item(Some(item)).send().await.unwrap();
    }

    /// The account of the world, whose owner gets the mails.
    async fn sign_up(&self) {
        let account = &self.world.account;
        let now = self.clock.now();
        let item = AccountItem {
            pk: key::account(account),
            sk: key::ACCOUNT.to_owned(),
            v: 1,
            id: account.clone(),
            name: "Ann".parse().unwrap(),
            email: self.address().parse().unwrap(),
            phone: "+49 30 901820".parse().unwrap(),
            company: "x".parse().unwrap(),
            website: "https://example.com".parse().unwrap(),
            consents: Consents::default(),
            unsubscribed_from_marketing: false,
            opted_out_of_sale: false,
            policy_version: "1".to_owned(),
            created_at: now,
            updated_at: now,
            applications: 0,
            stores: 0,
            active_on: None,
            idle_told_on: None,
            idle_told_again_on: None,
            closing_since: None,
        };
        let accounts = Accounts::new(self.world.tables(), self.config.accounts_table.clone());
        transaction::write(&self.world.tables(), accounts.creating(&item).into()).await.unwrap();
    }

    /// The owner's address.
    pub(crate) fn address(&self) -> String {
        format!("{}@example.com", self.world.account.body())
    }

    pub(crate) fn signing(&self) -> Signing {
        signing_of(&self.world, &self.config)
    }

    /// An event of an order, as `fan-out` would send it now.
    pub(crate) fn event(&mut self) -> EventId {
        self.event_of("1001")
    }

    pub(crate) fn event_of(&mut self, object: &str) -> EventId {
        let event = EventId::from_uuid(self.clock.new_id());
        self.sent += 1;
        let now = self.clock.now();
        let body = json!({
            "id": event, "type": "order.updated", "store": self.world.store, "occurred_at": now,
            "sequence": self.sent, "data": { "id": object, "number": self.sent },
        });
        let message = DeliveryMessage {
            application: self.world.application.clone(),
            subscription: self.subscription.id.clone(),
            event: event.clone(),
            store: self.world.store.clone(),
            topic: Topic::Object(Entity::Orders, Change::Updated),
            object: Some(object.to_owned()),
            received_at: now,
            begun_at: now,
            ordering: self.subscription.ordering,
            replay: 0,
            whose: Default::default(),
            body: RawValue::from_string(body.to_string()).unwrap(),
        };
        self.send(message);
        event
    }

    /// Puts a message into the queue.
    pub(crate) fn send(&mut self, message: DeliveryMessage) {
        let id = format!("m{}", Clock::system().new_id().simple());
        self.queue.push(Queued { due: self.clock.now(), message, receives: 0, id });
    }

    /// Hands over what is due, ten at most, to an instance of its own if `afresh`, and puts back what is to come again. How many were handed over.
    pub(crate) async fn step(&mut self) -> usize {
        let now = self.clock.now();
        let ordered = self.subscription.ordering == Ordering::Entity;
        let mut batch: Vec<Queued> = Vec::new();
        let mut rest: Vec<Queued> = Vec::new();
        let mut shut = std::collections::BTreeSet::new();
        for queued in std::mem::take(&mut self.queue) {
            // A FIFO queue shows nothing of a group that has a message in hiding.
            let group = queued.message.object.clone().filter(|_| ordered);
            let is_shut = group.as_ref().is_some_and(|group| shut.contains(group));
            if queued.due <= now && batch.len() < 10 && !is_shut {
                batch.push(queued);
            } else {
                shut.extend(group);
                rest.push(queued);
            }
        }
        self.queue = rest;
        let handed = batch.len();
        if handed == 0 {
            return 0;
        }
        let waits = self.faults.seen().len();
        let answer = deliver::handle(&self.app, event_of(&batch, ordered), &self.context()).await.unwrap();
        let failed: Vec<String> = crate::control::house::failed(&answer);
        let hidden = hidden(&self.faults.seen()[waits..]);
        let again: Vec<Queued> = batch
            .into_iter()
            .filter(|queued| failed.contains(&queued.id))
            .map(|queued| {
                let wait = hidden.get(&queued.id).copied().unwrap_or(180);
                Queued { due: now + Duration::from_secs(wait), receives: queued.receives + 1, ..queued }
            })
            .collect();
        // What comes again stands before what came later, as in a queue.
        self.queue.splice(0..0, again);
        handed
    }

    /// Works through everything that is due now.
    pub(crate) async fn settle(&mut self) {
        while self.step().await > 0 {}
    }

    /// Works through everything that becomes due within so long, the clock turning from one to the next.
    pub(crate) async fn pass(&mut self, time: Duration) {
        let end = self.clock.now() + time;
        self.settle().await;
        while let Some(due) = self.queue.iter().map(|queued| queued.due).min().filter(|due| *due <= end) {
            self.turn_to(due);
            if self.step().await == 0 {
                // The first of a group hides the others.
                let now = self.clock.now() + Duration::from_secs(1);
                self.turn_to(now);
            }
        }
        self.turn_to(end);
    }

    fn turn_to(&self, moment: Timestamp) {
        let left = moment.duration_since(self.clock.now());
        self.clock.advance(Duration::try_from(left).unwrap_or_default());
    }

    fn context(&self) -> lambda_runtime::Context {
        let mut context = lambda_runtime::Context::default();
        context.deadline = u64::try_from(self.clock.now().as_millisecond()).unwrap() + 150_000;
        context
    }

    /// The delivery of an event as it stands.
    pub(crate) async fn delivery(&self, event: &EventId) -> Option<DeliveryItem> {
        use aws_sdk_dynamodb::types::AttributeValue;
        let found = self
            .world
            .sdk()
            .get_item()
            .table_name(&self.config.deliveries_table)
            .key("pk", AttributeValue::S(key::deliveries(&self.subscription.id)))
            .key("sk", AttributeValue::S(event.body().to_owned()))
            .consistent_read(true)
            .send()
            .await
            .unwrap();
        found.item.map(|item| serde_dynamo::aws_sdk_dynamodb_1::from_item(item).unwrap())
    }

    /// The subscription as it stands.
    pub(crate) async fn standing(&self) -> SubscriptionItem {
        let table = self.config.subscriptions_table.clone();
        let subscriptions = cloud::dynamo::subscriptions::Subscriptions::new(self.world.tables(), table);
        subscriptions.get(&self.world.application, &self.subscription.id).await.unwrap().unwrap()
    }

    /// Takes what was sent to one of the hall's own queues.
    pub(crate) async fn take(&self, url: &str) -> Vec<Value> {
        crate::sdk::drain_as(&self.sqs, url).await
    }

    pub(crate) async fn mails(&self) -> Vec<Value> {
        crate::sdk::drain_mails(&self.sqs, &self.config.mail_queue_url).await
    }

    pub(crate) async fn replays(&self) -> Vec<Value> {
        self.take(&self.config.replays_queue_url).await
    }

    /// The secret, whole.
    pub(crate) fn secret(&self) -> &str {
        self.secret.expose_secret()
    }
}

fn signing_of(world: &World, config: &deliver::Config) -> Signing {
    let keys = StoreKeys::new(world.tables(), config.store_keys_table.clone());
    let keys =
        cloud::data_keys::DataKeys::new(&world.boot.aws, keys, config.data_key.clone(), world.boot.clock.clone());
    Signing::new(keys, world.boot.clock.clone())
}

fn event_of(batch: &[Queued], ordered: bool) -> SqsEvent {
    let source = if ordered {
        "arn:aws:sqs:eu-central-1:1:ordered-events.fifo"
    } else {
        "arn:aws:sqs:eu-central-1:1:outgoing-events"
    };
    let records: Vec<Value> = batch
        .iter()
        .map(|queued| {
            json!({
                "messageId": queued.id, "receiptHandle": queued.id, "eventSourceARN": source,
                "body": serde_json::to_string(&queued.message).unwrap(),
                "attributes": {
                    "ApproximateReceiveCount": (queued.receives + 1).to_string(),
                    "MessageGroupId": queued.message.object.as_deref().unwrap_or("none"),
                },
            })
        })
        .collect();
    serde_json::from_value(json!({ "Records": records })).unwrap()
}

/// For how many seconds each message was asked to be hidden.
fn hidden(calls: &[Seen]) -> BTreeMap<String, u64> {
    let mut hidden = BTreeMap::new();
    for call in calls.iter().filter(|call| call.target.ends_with("ChangeMessageVisibilityBatch")) {
        let body: Value = serde_json::from_slice(&call.body).unwrap();
        for entry in body["Entries"].as_array().unwrap() {
            let seconds = entry["VisibilityTimeout"].as_u64().unwrap();
            assert!(seconds <= 43_200, "SQS hides nothing for longer");
            hidden.insert(entry["ReceiptHandle"].as_str().unwrap().to_owned(), seconds);
        }
    }
    hidden
}
