//! The `fan-out` function in this process, with queues of its own, so that no deployed worker takes a test's messages.

mod events;
mod faults;
mod replays;
mod restricted;
mod told;

use std::{collections::BTreeMap, time::Duration};

use aws_lambda_events::sqs::SqsEvent;
use aws_sdk_sqs::types::{Message, QueueAttributeName};
use cloud::{
    clock::Clock,
    dynamo::{
        deliveries::Deliveries,
        events::{EventItem, Events},
        key,
        subscriptions::SubscriptionItem,
    },
    events::{EventMessage, HookBody, News, Replay, ReplayMessage},
};
use domain::{
    delivery::Health,
    event::Topic,
    id::{EventId, StoreId, SubscriptionId},
    subscription::{Ordering, SubscriptionState},
};
use jiff::Timestamp;
use serde_json::{Value, json};
use testkit::{
    fault_proxy::{Calls, Fault},
    stack::Stack,
};

use crate::{
    sdk::group,
    world::{Calling, World, environment},
};

/// See the module.
pub(crate) struct Fan {
    pub(crate) world: World,
    pub(crate) app: fan_out::App,
    pub(crate) config: fan_out::Config,
    sqs: aws_sdk_sqs::Client,
}

/// A message that the function sent.
#[derive(Debug)]
pub(crate) struct Sent {
    pub(crate) message: Value,
    pub(crate) group: Option<String>,
}

impl Sent {
    /// What the developer gets.
    pub(crate) fn body(&self) -> &Value {
        &self.message["body"]
    }
}

impl Fan {
    pub(crate) async fn new() -> Self {
        let world = World::new().await;
        let mut config = fan_out::Config::from_env(&environment("fan-out", world.faults.url())).unwrap();
        let sqs = aws_sdk_sqs::Client::new(&crate::sdk::config(Stack::shared().aws().as_str()));
        let name = Clock::system().new_id().simple().to_string();
        for (url, queue) in [
            (&mut config.incoming_events_queue_url, "incoming"),
            (&mut config.outgoing_events_queue_url, "outgoing"),
            (&mut config.ordered_events_queue_url, "ordered.fifo"),
            (&mut config.dead_events_queue_url, "dead"),
            (&mut config.replays_queue_url, "replays"),
            (&mut config.privacy_topics_queue_url, "privacy"),
            (&mut config.offboarding_queue_url, "offboarding"),
        ] {
            let mut create = sqs.create_queue().queue_name(format!("test-{name}-{queue}"));
            if queue.ends_with(".fifo") {
                create = create.attributes(QueueAttributeName::FifoQueue, "true");
            }
            *url = create.send().await.unwrap().queue_url.unwrap();
        }
        Self { app: fan_out::App::new(&world.boot, config.clone()), world, config, sqs }
    }

    /// A subscription of the world's application to these topics, as `change` makes it.
    pub(crate) async fn subscribe(
        &self,
        topics: &[&str],
        change: impl FnOnce(&mut SubscriptionItem),
    ) -> SubscriptionItem {
        let clock = &self.world.boot.clock;
        let id = SubscriptionId::from_uuid(clock.new_id());
        let mut item = SubscriptionItem {
            pk: key::application(&self.world.application),
            sk: key::subscription(&id),
            v: 1,
            id,
            account: self.world.account.clone(),
            application: self.world.application.clone(),
            name: None,
            url: "https://developer.example/hooks".to_owned(),
            topics: topics.iter().map(|topic| topic.parse().unwrap()).collect(),
            stores: None,
            fields: None,
            filter: BTreeMap::new(),
            include_remote: false,
            ordering: Ordering::Fastest,
            state: SubscriptionState::Enabled,
            disabled_because: None,
            disabled_at: None,
            secrets: Vec::new().into(),
            secrets_version: 1,
            rotated_at: None,
            created_at: clock.now(),
            updated_at: clock.now(),
            health: Health::default(),
            expires_at: None,
        };
        change(&mut item);
        self.put(&self.config.subscriptions_table, &item).await;
        item
    }

    /// Puts an item past the fault proxy.
    pub(crate) async fn put<T: serde::Serialize>(&self, table: &str, item: &T) {
        // Not by way of JSON, which has no bytes.
        let item = serde_dynamo::aws_sdk_dynamodb_1::to_item(item).unwrap();
        crate::sdk::tables(Stack::shared().aws().as_str())
            .put_item()
            .table_name(table)
            .set_item(Some(item))
            .send()
            .await
            .unwrap();
    }

    pub(crate) fn new_event(&self) -> EventId {
        EventId::from_uuid(self.world.boot.clock.new_id())
    }

    pub(crate) fn events(&self) -> Events {
        Events::new(self.world.tables(), self.config.events_table.clone())
    }

    pub(crate) fn deliveries(&self) -> Deliveries {
        Deliveries::new(self.world.tables(), self.config.deliveries_table.clone())
    }

    /// The envelope of an event of the world's store.
    pub(crate) async fn envelope(&self, event: &EventId) -> Option<EventItem> {
        self.events().find(&self.world.store, event, self.world.boot.clock.now()).await.unwrap()
    }

    /// An object as the demo store has it, whose orders begin at 5001 and products at 1001. Nothing of the call is still to be written.
    pub(crate) async fn raw(&self, path: &str) -> Value {
        let path = self.world.path(&format!("raw/api/{path}"));
        let answer = self.world.call(Calling::new("GET", &path).key(&self.world.key)).await.json();
        self.world.app.journal().settle().await;
        let object = answer.as_object().unwrap().values().find(|value| value.get("id").is_some());
        object.unwrap_or_else(|| panic!("{answer}")).clone()
    }

    /// Orders as the demo store has them, a hundred a page.
    pub(crate) async fn raw_page(&self, page: usize) -> Vec<Value> {
        let path = self.world.path(&format!("raw/api/orders?per_page=100&page={}", page + 1));
        let answer = self.world.call(Calling::new("GET", &path).key(&self.world.key)).await.json();
        self.world.app.journal().settle().await;
        answer["orders"].as_array().unwrap().clone()
    }

    /// A message of a CartOS webhook of the world's store.
    pub(crate) fn cartos(&self, topic: &str, delivery: &str, data: &Value) -> EventMessage {
        let now = self.world.boot.clock.now();
        let body = json!({ "id": delivery, "topic": topic, "created_at": now.to_string(), "data": data }).to_string();
        let headers = [("x-cartos-topic", topic), ("x-cartos-delivery", delivery)];
        self.hook(&self.world.store, &headers, body)
    }

    pub(crate) fn hook(&self, store: &StoreId, headers: &[(&str, &str)], body: String) -> EventMessage {
        EventMessage {
            id: self.new_event(),
            store: store.clone(),
            received_at: self.world.boot.clock.now(),
            news: News::Hook {
                headers: headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
                body: HookBody::Text(body),
            },
        }
    }

    pub(crate) fn recovered(&self, topic: &str, object: &str, updated_at: Option<Timestamp>) -> EventMessage {
        EventMessage {
            id: self.new_event(),
            store: self.world.store.clone(),
            received_at: self.world.boot.clock.now(),
            news: News::Recovered { topic: topic.parse::<Topic>().unwrap(), object: object.to_owned(), updated_at },
        }
    }

    /// Hands a batch to the function; the places of those that are to come again.
    pub(crate) async fn handle(&self, messages: &[&EventMessage]) -> Vec<usize> {
        let bodies: Vec<String> = messages.iter().map(|message| serde_json::to_string(message).unwrap()).collect();
        self.hand(&self.app, "incoming-events", &bodies).await
    }

    pub(crate) async fn replay(&self, subscription: &SubscriptionItem, what: Replay) -> Vec<usize> {
        self.hand(&self.app, "replays", &[replaying(subscription, what)]).await
    }

    /// A replay in an invocation that has time for one delivery: sending it takes all there is.
    pub(crate) async fn replay_one(&self, subscription: &SubscriptionItem, what: Replay) {
        self.world.faults.inject(Calls::Target("SendMessage"), Fault::Delay(Duration::from_millis(1_200)), 1);
        let message = [replaying(subscription, what)];
        // Where the machine is so busy that there is no time for any, it comes again.
        for _ in 0..10 {
            if self.hand_within(Duration::from_secs(7), &self.app, "replays", &message).await.is_empty() {
                return;
            }
        }
        panic!("there is never time for one");
    }

    pub(crate) async fn hand(&self, app: &fan_out::App, queue: &str, bodies: &[String]) -> Vec<usize> {
        self.hand_within(Duration::from_secs(30), app, queue, bodies).await
    }

    async fn hand_within(&self, time: Duration, app: &fan_out::App, queue: &str, bodies: &[String]) -> Vec<usize> {
        let records: Vec<Value> = bodies
            .iter()
            .enumerate()
            .map(|(place, body)| {
                let arn = format!("arn:aws:sqs:eu-central-1:000000000000:test-{queue}");
                json!({ "messageId": place.to_string(), "body": body, "eventSourceARN": arn,
                    "attributes": { "ApproximateReceiveCount": "1" } })
            })
            .collect();
        let event: SqsEvent = serde_json::from_value(json!({ "Records": records })).unwrap();
        let mut context = lambda_runtime::Context::default();
        let deadline = Clock::system().now() + time;
        context.deadline = u64::try_from(deadline.as_millisecond()).unwrap();
        let answer = fan_out::handle(app, event, &context).await.unwrap();
        let mut failed: Vec<usize> =
            answer.batch_item_failures.iter().map(|failure| failure.item_identifier.parse().unwrap()).collect();
        failed.sort_unstable();
        failed
    }

    /// What is in the queue of deliveries since the last look.
    pub(crate) async fn sent(&self) -> Vec<Sent> {
        self.take(&self.config.outgoing_events_queue_url).await
    }

    pub(crate) async fn take(&self, url: &str) -> Vec<Sent> {
        let sent = |message: Message| Sent {
            group: group(&message),
            message: serde_json::from_str(message.body().unwrap()).unwrap(),
        };
        crate::sdk::drain(&self.sqs, url).await.into_iter().map(sent).collect()
    }
}

/// The envelopes' types, in the order of their sequence.
pub(crate) fn types(sent: &[Sent]) -> Vec<(u64, String)> {
    let mut types: Vec<_> = sent
        .iter()
        .map(|sent| (sent.body()["sequence"].as_u64().unwrap(), sent.body()["type"].as_str().unwrap().to_owned()))
        .collect();
    types.sort();
    types
}

/// The message that orders a replay.
fn replaying(subscription: &SubscriptionItem, what: Replay) -> String {
    let message = ReplayMessage {
        application: subscription.application.clone(),
        subscription: subscription.id.clone(),
        what,
        after: None,
    };
    serde_json::to_string(&message).unwrap()
}

/// Does everything that the function does, and gives what it called of AWS.
pub(crate) async fn everything() -> Vec<testkit::fault_proxy::Seen> {
    let fan = Fan::new().await;
    fan.subscribe(&["order.updated", "app.uninstalled"], |_| {}).await;
    let ordered = fan.subscribe(&["order.updated"], |item| item.ordering = Ordering::Entity).await;
    let everything = domain::scope::Scope::ALL.iter().copied().filter(|scope| scope.is_data_plane()).collect();
    let credential = || [("api_key".to_owned(), fan.world.demo.api_key().to_owned().into())].into_iter().collect();
    let address = fan.world.demo.url().to_string();
    let form = domain::store::VaultForm::Sealed;
    let sealed = fan.world.connect_in(form, "cartos", &address, credential(), everything).await;
    let stores = cloud::dynamo::stores::Stores::new(fan.world.tables(), fan.config.stores_table.clone());
    let change = cloud::dynamo::stores::StoreChange { cache: Some(true), ..Default::default() };
    let part = stores.changing(&fan.world.account, &sealed, change);
    cloud::dynamo::transaction::write(&fan.world.tables(), vec![part]).await.unwrap();
    let shopify = fan.world.connect("shopify", &address, credential(), everything).await;
    let now = fan.world.boot.clock.now();
    fan.world.faults.reset();

    let told = fan.recovered("order.updated", "5003", Some(now));
    let mut of_sealed = fan.recovered("order.updated", "5004", Some(now));
    of_sealed.store = sealed;
    let broken = fan.hook(&fan.world.store, &[("x-cartos-topic", "order.updated")], "{".to_owned());
    let privacy = fan.hook(&shopify, &[("x-shopify-topic", "customers/redact")], "{}".to_owned());
    let mut large = broken.clone();
    large.id = fan.new_event();
    if let News::Hook { body, .. } = &mut large.news {
        *body = HookBody::Stored(format!("{}/{}", large.store, large.id));
    }
    assert!(fan.handle(&[&told, &of_sealed, &broken, &large, &privacy]).await.is_empty());
    assert_eq!(fan.take(&fan.config.privacy_topics_queue_url).await.len(), 1);
    let (from, to) = (now - jiff::SignedDuration::from_hours(1), now + jiff::SignedDuration::from_hours(1));
    assert!(fan.replay(&ordered, Replay::Between { from, to }).await.is_empty());
    let named = SubscriptionItem { stores: Some(vec![fan.world.store.clone()]), ..ordered };
    fan.put(&fan.config.subscriptions_table, &named).await;
    fan.replay_one(&named, Replay::Between { from, to }).await;
    replays::gone(&fan, &named).await;
    assert!(fan.replay(&named, Replay::Failed { since: from }).await.is_empty());
    assert!(fan.handle(&[&fan.cartos("app.uninstalled", "u", &json!({}))]).await.is_empty());
    fan.world.faults.seen()
}

/// Makes an order of a store known, as its first event does.
pub(crate) async fn known(boot: &cloud::boot::Boot, store: &StoreId) -> Events {
    use cloud::dynamo::events::{Guard, Object, Webhook};
    let config = fan_out::Config::from_env(&environment("fan-out", Stack::shared().aws())).unwrap();
    let events = Events::new(cloud::dynamo::client(&boot.aws), config.events_table);
    let object = Object { store, entity: domain::model::Entity::Orders, id: "1" };
    let told = domain::event::news::Told { change: domain::event::Change::Updated, updated_at: None, recovered: false };
    let event = EventId::from_uuid(boot.clock.new_id());
    events.tell(object, Webhook::new("1"), &event, told, Guard::Unseen).await.unwrap();
    events
}
