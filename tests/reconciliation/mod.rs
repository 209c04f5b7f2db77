//! `reconciliation`: registers a store's webhooks, and finds what none of them told.

use std::time::Duration;

use aws_lambda_events::sqs::SqsEvent;
use aws_sdk_dynamodb::types::AttributeValue;
use cloud::{
    boot::Boot,
    clock::Clock,
    dynamo::{key, stores::Stores},
    events::{EventMessage, News},
};
use domain::{
    event::{Change, Topic},
    id::StoreId,
    model::Entity,
    scope::{Scope, ScopeSet},
    store::HooksState,
};
use serde_json::{Value, json};
use testkit::{demo_store::Fault, fault_proxy::FaultProxy, plain_http::PlainHttp, stack::Stack};

use crate::{
    control::house::{House, Owner, batch, failed},
    world::environment,
};

/// The function in this process, over a store that is connected, with queues that no deployed worker empties.
struct Office {
    house: House,
    owner: Owner,
    store: StoreId,
    clock: Clock,
    faults: FaultProxy,
    app: reconciliation::App,
    config: reconciliation::Config,
    sqs: aws_sdk_sqs::Client,
}

impl Office {
    async fn new() -> Self {
        let house = House::new().await;
        let owner = house.owner().await;
        let store = house.store(&owner).await;
        let clock = Clock::steered(Clock::system().now());
        let faults = FaultProxy::in_front_of(Stack::shared().aws()).await.unwrap();
        let environment = environment("reconciliation", faults.url());
        let boot = Boot::new(&environment, clock.clone()).unwrap();
        let mut config = reconciliation::Config::from_env(&environment).unwrap();
        let sqs = aws_sdk_sqs::Client::new(&crate::sdk::config(faults.url().as_str()));
        let name = Clock::system().new_id().simple().to_string();
        for (url, queue) in [
            (&mut config.incoming_events_queue_url, "incoming"),
            (&mut config.reconciliations_queue_url, "reconciliations"),
        ] {
            *url =
                sqs.create_queue().queue_name(format!("test-{queue}-{name}")).send().await.unwrap().queue_url.unwrap();
        }
        let app = reconciliation::App::new(&boot, config.clone());
        Self { house, owner, store, clock, faults, app, config, sqs }
    }

    /// An application that may see the store and listens to it.
    async fn with_a_listener(self) -> Self {
        let holding = self.house.holding(&self.owner, ScopeSet::of(&[Scope::ProductsRead])).await;
        let grant = format!("/v1/stores/{}/grants/{}", self.store, holding.application);
        let given = self.house.send("PUT", &self.owner, &grant, r#"{"scopes":["products:read"]}"#).await;
        assert!(given.status < 300, "{}", given.json());
        let wish = json!({ "url": "https://receiver.example/", "topics": ["*"], "application": holding.application });
        let made = self.house.post(&self.owner, "/v1/subscriptions", wish).await;
        assert_eq!(made.status, 201, "{}", made.json());
        self
    }

    fn message(&self, task: &str) -> String {
        json!({ "account": self.owner.account, "store": self.store, "generation": 1, "task": task }).to_string()
    }

    async fn run(&self, event: SqsEvent, patience: Duration) -> Vec<String> {
        let mut context = lambda_runtime::Context::default();
        context.deadline =
            u64::try_from(self.clock.now().as_millisecond()).unwrap() + u64::try_from(patience.as_millis()).unwrap();
        failed(&reconciliation::handle(&self.app, event, &context).await.unwrap())
    }

    /// Looks for changes, an invocation after another until the work is done; how many it took.
    async fn look_within(&self, patience: Duration) -> usize {
        let mut work = vec![self.message("changes")];
        let mut runs = 0;
        while !work.is_empty() {
            assert!(self.run(batch(&work), patience).await.is_empty());
            work = self.take(&self.config.reconciliations_queue_url).await;
            runs += 1;
        }
        runs
    }

    async fn look(&self) -> Vec<(Topic, String)> {
        self.look_within(Duration::from_secs(120)).await;
        self.found().await
    }

    /// What it has sent on since the last look.
    async fn found(&self) -> Vec<(Topic, String)> {
        let bodies = self.take(&self.config.incoming_events_queue_url).await;
        let mut found: Vec<_> = bodies
            .iter()
            .map(|body| {
                let message: EventMessage = serde_json::from_str(body).unwrap();
                assert_eq!(message.store, self.store);
                match message.news {
                    News::Recovered { topic, object, .. } => (topic, object),
                    News::Hook { .. } => panic!("it is no webhook"),
                }
            })
            .collect();
        found.sort();
        found
    }

    async fn take(&self, url: &str) -> Vec<String> {
        crate::sdk::drain_as_text(&self.sqs, url).await
    }

    /// Does something in the store, past us.
    async fn in_the_store(&self, method: &str, path: &str, body: Value) -> Value {
        let request = http::Request::builder()
            .method(method)
            .uri(self.house.demo.url().join(path).unwrap().as_str())
            .header("x-api-key", self.house.demo.api_key())
            .header("content-type", "application/json")
            .body(if body.is_null() { Vec::new().into() } else { body.to_string().into() })
            .unwrap();
        let answer = PlainHttp::default().send(request).await.unwrap();
        assert!(answer.status().is_success(), "{}", String::from_utf8_lossy(answer.body()));
        serde_json::from_slice(answer.body()).unwrap_or_default()
    }

    /// Notes that a webhook has told how new an object is.
    async fn told(&self, entity: Entity, id: &str, newest: jiff::Timestamp) {
        let update = crate::sdk::tables(self.faults.url().as_str()).update_item().table_name(&self.config.events_table);
        update
            .key("pk", AttributeValue::S(key::marks(&self.store)))
            .key("sk", AttributeValue::S(key::mark(entity, id)))
            .update_expression("SET #o = :o, #s = :one, newest = :n")
            .expression_attribute_names("#o", "object")
            .expression_attribute_names("#s", "sequence")
            .expression_attribute_values(":o", AttributeValue::S(id.to_owned()))
            .expression_attribute_values(":one", AttributeValue::N("1".to_owned()))
            .expression_attribute_values(":n", AttributeValue::N(newest.as_millisecond().to_string()))
            .send()
            .await
            .unwrap();
    }

    fn hours_later(&self, hours: u64) {
        self.clock.advance(Duration::from_secs(hours * 3_600));
    }
}

fn product(change: Change) -> Topic {
    Topic::Object(Entity::Products, change)
}

#[tokio::test]
async fn what_changed_without_a_webhook_is_found_once_and_what_was_told_is_not() {
    let office = Office::new().await.with_a_listener().await;
    assert_eq!(office.look().await, [], "what there was before is nobody's news");

    office.in_the_store("PATCH", "/api/products/1001", json!({ "name": "Changed" })).await;
    let told = office.in_the_store("PATCH", "/api/products/1002", json!({ "name": "Told" })).await;
    let made = office.in_the_store("POST", "/api/products", json!({ "name": "Made", "price": "1.00" })).await;
    let newest = told["product"]["updated_at"].as_str().unwrap().parse().unwrap();
    office.told(Entity::Products, "1002", newest).await;
    assert_eq!(office.look().await, [], "their webhooks are still on their way");

    office.hours_later(1);
    let made = made["product"]["id"].to_string();
    let found = office.look().await;
    assert_eq!(found, [(product(Change::Created), made), (product(Change::Updated), "1001".to_owned())]);
    office.hours_later(1);
    assert_eq!(office.look().await, [], "once is enough");
}

#[tokio::test]
async fn what_was_deleted_without_a_word_is_missed() {
    let office = Office::new().await.with_a_listener().await;
    office.look().await;
    office.in_the_store("DELETE", "/api/products/1003", Value::Null).await;
    office.hours_later(1);
    assert_eq!(office.look().await, [(product(Change::Deleted), "1003".to_owned())]);
}

#[tokio::test]
async fn a_look_that_is_cut_short_goes_on_where_it_stopped() {
    let office = Office::new().await.with_a_listener().await;
    // No time for a single page: the message comes again, and again.
    let cut = office.run(batch(&[office.message("changes")]), Duration::from_secs(10)).await;
    assert_eq!(cut, Vec::<String>::new());
    let rest = office.take(&office.config.reconciliations_queue_url).await;
    assert_eq!(rest.len(), 1);
    assert!(office.run(batch(&rest), Duration::from_secs(120)).await.is_empty());

    office.in_the_store("PATCH", "/api/products/1004", json!({ "name": "Changed" })).await;
    office.hours_later(1);
    assert_eq!(office.look().await, [(product(Change::Updated), "1004".to_owned())]);
}

#[tokio::test]
async fn a_store_that_nobody_listens_to_is_left_in_peace() {
    let office = Office::new().await;
    let before = office.house.demo.calls();
    office.look().await;
    office.in_the_store("PATCH", "/api/products/1001", json!({ "name": "Changed" })).await;
    office.hours_later(1);
    assert_eq!(office.look().await, []);
    assert_eq!(office.house.demo.calls(), before + 1, "the change itself");
}

#[tokio::test]
async fn a_store_that_is_down_is_looked_through_when_it_is_back() {
    let office = Office::new().await.with_a_listener().await;
    office.look().await;
    office.in_the_store("PATCH", "/api/products/1001", json!({ "name": "Changed" })).await;
    office.hours_later(1);
    // As often as a read is tried.
    office.house.demo.fail_next(3, Fault::Status(500, None));
    assert_eq!(office.look().await, []);
    office.hours_later(5);
    assert_eq!(office.look().await, [(product(Change::Updated), "1001".to_owned())]);
}

#[tokio::test]
async fn webhooks_are_registered_repaired_and_signed_with_the_present_secret() {
    let office = Office::new().await;
    let stores = Stores::new(office.house.tables(), office.config.stores_table.clone());
    let hooks = async || stores.hooks(&office.store).await.unwrap().unwrap();
    assert!(office.run(batch(&[office.message("hooks")]), Duration::from_secs(60)).await.is_empty());
    let first = hooks().await;
    assert_eq!((first.state, first.problem), (HooksState::Registered, None));
    assert!(!first.registered.is_empty());
    assert_eq!(first.registered_version, Some(first.secrets_version));
    let there = office.house.demo.webhooks();
    assert!(there.iter().all(|hook| hook["url"].as_str().unwrap().ends_with(&format!("/hooks/{}", office.store))));

    office.house.demo.switch_off_webhooks();
    assert!(office.house.demo.webhooks().iter().all(|hook| hook["active"] == false));
    office.run(batch(&[office.message("hooks")]), Duration::from_secs(60)).await;
    assert!(office.house.demo.webhooks().iter().all(|hook| hook["active"] == true), "switched on again");
    assert_eq!(office.house.demo.webhooks().len(), there.len(), "and none is there twice");

    office.house.demo.fail_next(1, Fault::Status(403, None));
    office.run(batch(&[office.message("hooks")]), Duration::from_secs(60)).await;
    let refused = hooks().await;
    assert_eq!(refused.state, HooksState::Failed);
    assert_eq!(refused.problem.as_deref(), Some("the store answered 403 Forbidden"));
    assert_eq!(refused.registered, first.registered, "what is registered is not forgotten");
}

#[tokio::test]
async fn a_message_about_a_store_that_is_not_there_any_more_does_nothing() {
    let office = Office::new().await.with_a_listener().await;
    let other = json!({ "account": office.owner.account, "store": office.store, "generation": 2, "task": "changes" });
    let calls = office.house.demo.calls();
    assert!(office.run(batch(&[other.to_string()]), Duration::from_secs(60)).await.is_empty());
    assert_eq!(office.run(batch(&["{"]), Duration::from_secs(60)).await, ["m0"], "what cannot be read comes again");
    office.house.delete(&office.owner, &format!("/v1/stores/{}", office.store)).await;
    let calls_of_leaving = office.house.demo.calls() - calls;
    assert!(
        office
            .run(batch(&[office.message("changes"), office.message("hooks")]), Duration::from_secs(60))
            .await
            .is_empty()
    );
    assert_eq!(office.house.demo.calls() - calls, calls_of_leaving);
}

#[tokio::test]
async fn nothing_is_lost_where_a_table_or_the_queue_is_out_of_order() {
    use testkit::fault_proxy::{Calls, Fault};
    let office = Office::new().await.with_a_listener().await;
    office.look().await;
    office.in_the_store("PATCH", "/api/products/1001", json!({ "name": "Changed" })).await;
    office.hours_later(1);
    // The vault first: what was read of it once is remembered.
    for target in ["GetSecretValue", "GetItem", "Query", "SendMessageBatch", "PutItem"] {
        office.faults.inject(Calls::Target(target), Fault::Answer(http::StatusCode::INTERNAL_SERVER_ERROR, "{}"), 100);
        let came = office.run(batch(&[office.message("changes")]), Duration::from_secs(120)).await;
        assert_eq!(came, ["m0"], "{target}");
        office.faults.reset();
    }
    let found = office.look().await;
    assert!(found.contains(&(product(Change::Updated), "1001".to_owned())));
}
