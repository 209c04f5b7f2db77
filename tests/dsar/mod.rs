//! Requests about customers that platforms pass on: what is found, what is erased, who is told, and what failures change (R127, R132).

pub(crate) mod bureau;
mod export;
mod faults;
mod holds;
pub(crate) mod people;
mod rights;
mod scale;

use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_sqs::types::QueueAttributeName;
use cloud::{
    boot::Boot,
    clock::Clock,
    dynamo::{
        deliveries::DeliveryItem,
        events::{EventItem, Events, Guard, KEPT, Object, Webhook},
        key,
        page::PageRequest,
        privacy::{PrivacyRequests, RequestItem},
    },
    events::PrivacyTopicMessage,
};
use domain::{
    delivery::DeliveryState,
    event::{
        Change, PrivacyTopic, Topic,
        news::{Told, Verdict, verdict},
    },
    id::EventId,
    model::Entity,
    privacy::{Held, RequestState},
    restriction::Identifier,
};
use serde_json::Value;
use testkit::{
    fault_proxy::{Calls, Fault, FaultProxy},
    stack::Stack,
};

use crate::{
    control::house::{batch, failed},
    deliver::hall::Hall,
    proxy::restriction::{Wish, restrict},
    world::{assert_declared, environment},
};

const CUSTOMER: &str = "191167";
const ORDERS: [&str; 2] = ["299938", "280263"];
const OF_ANOTHER: &str = "555555";
const ALL: Held = Held { objects: 3, events: 6, deliveries: 3 };

/// The `dsar` function in this process, and a store of which something is known.
pub(crate) struct Desk {
    hall: Hall,
    pub(crate) faults: FaultProxy,
    app: dsar::App,
    config: dsar::Config,
}

impl Drop for Desk {
    fn drop(&mut self) {
        assert_declared(&self.faults);
    }
}

impl Desk {
    pub(crate) async fn new() -> Self {
        let hall = Hall::new().await;
        let faults = FaultProxy::in_front_of(Stack::shared().aws()).await.unwrap();
        let environment = environment("dsar", faults.url());
        let boot = Boot::new(&environment, hall.clock.clone()).unwrap();
        let mut config = dsar::Config::from_env(&environment).unwrap();
        // No deployed function takes part.
        config.mail_queue_url.clone_from(&hall.config.mail_queue_url);
        let sqs = aws_sdk_sqs::Client::new(&crate::sdk::config(Stack::shared().aws().as_str()));
        let name = format!("test-privacy-{}", Clock::system().new_id().simple());
        let made = sqs.create_queue().queue_name(name).attributes(QueueAttributeName::VisibilityTimeout, "30");
        config.privacy_topics_queue_url = made.send().await.unwrap().queue_url.unwrap();
        let desk = Self { app: dsar::App::new(&boot, config.clone()), hall, faults, config };
        for (entity, id) in desk.theirs().into_iter().chain([(Entity::Orders, OF_ANOTHER)]) {
            for _ in 0..2 {
                desk.happened(entity, id, desk.hall.clock.now()).await;
            }
            desk.delivered(entity, id).await;
        }
        desk
    }

    fn theirs(&self) -> [(Entity, &'static str); 3] {
        [(Entity::Customers, CUSTOMER), (Entity::Orders, ORDERS[0]), (Entity::Orders, ORDERS[1])]
    }

    fn events(&self) -> Events {
        Events::new(self.hall.world.tables(), self.config.events_table.clone())
    }

    fn object<'a>(&'a self, entity: Entity, id: &'a str) -> Object<'a> {
        Object { store: &self.hall.world.store, entity, id }
    }

    /// An event of an object, as `fan-out` notes it.
    async fn happened(&self, entity: Entity, object: &str, at: jiff::Timestamp) {
        let id = EventId::from_uuid(self.hall.clock.new_id());
        let told = Told { change: Change::Updated, updated_at: Some(at.as_millisecond()), recovered: false };
        let webhook = Webhook::new(id.as_str());
        self.events().tell(self.object(entity, object), webhook, &id, told, Guard::Unseen).await.unwrap();
        let envelope = EventItem {
            pk: key::events(&self.hall.world.store, at),
            sk: id.body().to_owned(),
            v: 1,
            id,
            store: self.hall.world.store.clone(),
            topic: Topic::Object(entity, Change::Updated),
            object: Some(object.to_owned()),
            occurred_at: at,
            received_at: at,
            sequence: 1,
            recovered: false,
            restricted: false,
            superseded_by: None,
            subscriptions: 1,
            expires_at: at.as_second() + KEPT,
        };
        self.events().keep(&envelope).await.unwrap();
    }

    async fn delivered(&self, entity: Entity, object: &str) {
        let (event, now) = (EventId::from_uuid(self.hall.clock.new_id()), self.hall.clock.now());
        let item = DeliveryItem {
            pk: key::deliveries(&self.hall.subscription.id),
            sk: event.body().to_owned(),
            v: 1,
            subscription: self.hall.subscription.id.clone(),
            event,
            store: self.hall.world.store.clone(),
            topic: Topic::Object(entity, Change::Updated),
            object: Some(object.to_owned()),
            received_at: now,
            begun_at: now,
            state: DeliveryState::Delivered,
            failed_because: None,
            tried: 1,
            attempts: Vec::new(),
            next_at: None,
            claimed_until: None,
            replay: 0,
            expires_at: now.as_second() + KEPT,
        };
        let item = serde_dynamo::aws_sdk_dynamodb_1::to_item(item).unwrap();
        let put = self.hall.world.sdk().put_item().table_name(&self.config.deliveries_table);
        put.set_item(Some(item)).send().await.unwrap();
    }

    pub(crate) fn message(&self, topic: PrivacyTopic) -> PrivacyTopicMessage {
        PrivacyTopicMessage {
            event: EventId::from_uuid(self.hall.clock.new_id()),
            store: self.hall.world.store.clone(),
            account: self.hall.world.account.clone(),
            topic,
            received_at: self.hall.clock.now(),
            name: self.hall.clock.new_id().to_string(),
            customer: Some(CUSTOMER.to_owned()),
            orders: ORDERS.map(str::to_owned).into(),
        }
    }

    /// Hands a message to the function; whether it is done.
    pub(crate) async fn handle(&self, message: &PrivacyTopicMessage) -> bool {
        let event = batch(&[serde_json::to_string(message).unwrap()]);
        failed(&dsar::handle(&self.app, event, &lambda_runtime::Context::default()).await.unwrap()).is_empty()
    }

    async fn requests(&self) -> Vec<RequestItem> {
        let requests = PrivacyRequests::new(self.hall.world.tables(), self.config.privacy_table.clone());
        let all = PageRequest { per_page: 100, cursor: None };
        requests.page(&self.hall.world.account, &all).await.unwrap().items
    }

    /// Everything that is kept in the partitions in which something of the store's objects can be.
    async fn everything(&self) -> String {
        let now = self.hall.clock.now();
        let days =
            (0..15).map(|day| key::events(&self.hall.world.store, now - jiff::SignedDuration::from_hours(24 * day)));
        let events = days.chain([key::marks(&self.hall.world.store)]).map(|pk| (&self.config.events_table, pk));
        let deliveries = [(&self.config.deliveries_table, key::deliveries(&self.hall.subscription.id))];
        let requests = [(&self.config.privacy_table, key::account(&self.hall.world.account))];
        let mut found = String::new();
        for (table, pk) in events.chain(deliveries).chain(requests) {
            let query = self.hall.world.sdk().query().table_name(table).key_condition_expression("pk = :pk");
            let query = query.expression_attribute_values(":pk", AttributeValue::S(pk)).send().await.unwrap();
            found.push_str(&format!("{:?}", query.items.unwrap_or_default()));
        }
        found
    }

    async fn mails(&self) -> Vec<Value> {
        self.hall.mails().await
    }
}

#[tokio::test]
async fn r127_r132_a_customer_is_erased_everywhere_and_nobody_else() {
    let desk = Desk::new().await;
    let message = desk.message(PrivacyTopic::CustomerErasure);
    let before = desk.hall.clock.now();
    assert!(!desk.handle(&message).await, "it waits for what is still travelling");
    let kept = desk.everything().await;
    for id in [CUSTOMER, ORDERS[0], ORDERS[1]] {
        assert!(!kept.contains(&format!("\"{id}\"")), "{id} is kept: {kept}");
    }
    assert!(kept.contains(&format!("\"{OF_ANOTHER}\"")));
    let requests = desk.requests().await;
    assert_eq!((requests.len(), requests[0].state, requests[0].held), (1, RequestState::Running, ALL));
    assert!(desk.mails().await.is_empty(), "nobody is told before it is so");

    // Old news of the order is not taken any more; what happens later is.
    let mark = desk.events().known(desk.object(Entity::Orders, ORDERS[0])).await.unwrap().mark;
    let told =
        |at: jiff::Timestamp| Told { change: Change::Updated, updated_at: Some(at.as_millisecond()), recovered: false };
    assert_eq!(verdict(mark, told(before)), Verdict::Superseded);
    assert_ne!(verdict(mark, told(desk.hall.clock.now() + Duration::from_secs(60))), Verdict::Superseded);

    // What was on its way writes an id anew, and a day later that is gone too.
    desk.delivered(Entity::Orders, ORDERS[1]).await;
    desk.hall.clock.advance(Duration::from_secs(23 * 3_600));
    assert!(!desk.handle(&message).await, "not yet");
    desk.hall.clock.advance(Duration::from_secs(3_601));
    assert!(desk.handle(&message).await);
    assert!(!desk.everything().await.contains(&format!("\"{}\"", ORDERS[1])));
    let request = desk.requests().await.remove(0);
    assert_eq!((request.state, request.held), (RequestState::Closed, ALL));
    assert!(request.closed_at.is_some() && request.due_at > request.closed_at.unwrap());
    let mails = desk.mails().await;
    assert_eq!(mails.len(), 1);
    assert_eq!((&mails[0]["kind"], &mails[0]["to"]), (&"customer-erased".into(), &desk.hall.address().into()));
    assert_eq!(mails[0]["privacy"]["held"], serde_json::to_value(ALL).unwrap());
    assert!(desk.handle(&message).await, "once more");
    assert!(desk.mails().await.is_empty());
}

#[tokio::test]
async fn what_restricts_a_customer_goes_with_what_is_erased() {
    let desk = Desk::new().await;
    let world = &desk.hall.world;
    for known in [CUSTOMER, OF_ANOTHER] {
        restrict(world, &world.store, &[Identifier::Id(known)], Wish::default()).await;
    }
    assert!(!desk.handle(&desk.message(PrivacyTopic::CustomerErasure)).await, "it waits for what is still travelling");
    let stores = cloud::dynamo::stores::Stores::new(world.tables(), world.config.stores_table.clone());
    let key = crate::world::data_keys_of(&world.boot).find(&world.store).await.unwrap().unwrap();
    let left = stores.restrictions(&world.store).await.unwrap();
    let name = cloud::restrictions::Names::of(&world.store, &key).name(Identifier::Id(OF_ANOTHER));
    assert_eq!((left.len(), &left[0].names), (1, &vec![name]));
    let item = stores.of_account(&world.account, &world.store).await.unwrap().unwrap();
    assert_eq!(item.restriction_changes, 3, "whoever remembers it looks again");
}

#[tokio::test]
async fn r028_a_customer_who_asks_is_answered_at_once_and_nothing_is_changed() {
    let desk = Desk::new().await;
    let before = desk.everything().await.len();
    assert!(desk.handle(&desk.message(PrivacyTopic::CustomerAccess)).await);
    let request = desk.requests().await.remove(0);
    assert_eq!((request.state, request.held), (RequestState::Closed, ALL));
    let mails = desk.mails().await;
    assert_eq!((mails.len(), &mails[0]["kind"]), (1, &"customer-data-held".into()));
    let text = mails[0].to_string();
    assert!(!text.contains(CUSTOMER) && !text.contains(ORDERS[0]), "the mail names nobody: {text}");
    assert!(desk.everything().await.len() > before, "but for the request itself");
    assert!(desk.everything().await.contains(&format!("\"{CUSTOMER}\"")));
}

#[tokio::test]
async fn a_platform_that_repeats_itself_makes_one_request() {
    let desk = Desk::new().await;
    let message = desk.message(PrivacyTopic::CustomerAccess);
    let again = PrivacyTopicMessage { event: EventId::from_uuid(desk.hall.clock.new_id()), ..message.clone() };
    for message in [&message, &again, &message] {
        assert!(desk.handle(message).await);
    }
    assert_eq!(desk.requests().await.len(), 1);
    assert_eq!(desk.mails().await.len(), 1);
    // Another message about the same customer is another request.
    assert!(desk.handle(&desk.message(PrivacyTopic::CustomerAccess)).await);
    assert_eq!(desk.requests().await.len(), 2);
}

#[tokio::test]
async fn whichever_step_is_the_last_changes_nothing_but_time() {
    for target in ["TransactWriteItems", "GetItem", "Query", "UpdateItem", "PutItem", "SendMessage"] {
        for fault in [Fault::Cut, Fault::CutAfter, Fault::Throttle] {
            if matches!(fault, Fault::Throttle) && target == "SendMessage" {
                continue;
            }
            let desk = Desk::new().await;
            let message = desk.message(PrivacyTopic::CustomerErasure);
            let way = format!("{target} {fault:?}");
            desk.faults.inject(Calls::Target(target), fault.clone(), 50);
            desk.handle(&message).await;
            desk.faults.reset();
            assert!(!desk.handle(&message).await, "{way}");
            desk.hall.clock.advance(Duration::from_secs(86_401));
            desk.faults.inject(Calls::Target(target), fault, 50);
            desk.handle(&message).await;
            desk.faults.reset();
            assert!(desk.handle(&message).await, "{way}");
            let request = desk.requests().await.remove(0);
            assert_eq!((request.state, request.held), (RequestState::Closed, ALL), "{way}");
            let mails = desk.mails().await;
            assert!(
                !mails.is_empty() && mails.iter().all(|mail| mail["id"] == mails[0]["id"]),
                "{way}: one mail goes out"
            );
            let kept = desk.everything().await;
            assert!(!kept.contains(&format!("\"{CUSTOMER}\"")) && kept.contains(OF_ANOTHER), "{way}");
        }
    }
}

#[tokio::test]
async fn a_customer_who_is_only_an_address_is_nobody_that_is_known() {
    let desk = Desk::new().await;
    let nobody =
        PrivacyTopicMessage { customer: None, orders: Vec::new(), ..desk.message(PrivacyTopic::CustomerAccess) };
    assert!(desk.handle(&nobody).await);
    assert_eq!(desk.requests().await[0].held, Held::default());
    assert_eq!(desk.mails().await.len(), 1, "which is an answer too");
    let store = PrivacyTopicMessage { topic: PrivacyTopic::StoreErasure, ..nobody };
    assert!(desk.handle(&store).await, "nothing of this function's");
}

/// Does everything that the function does, and gives what it called of AWS.
pub(crate) async fn everything() -> Vec<testkit::fault_proxy::Seen> {
    let desk = Desk::new().await;
    let message = desk.message(PrivacyTopic::CustomerErasure);
    restrict(&desk.hall.world, &desk.hall.world.store, &[Identifier::Id(CUSTOMER)], Wish::default()).await;
    desk.handle(&message).await;
    desk.hall.clock.advance(Duration::from_secs(86_401));
    assert!(desk.handle(&message).await);
    assert!(desk.handle(&desk.message(PrivacyTopic::CustomerAccess)).await);
    assert!(desk.handle(&message).await);
    desk.faults.seen()
}
