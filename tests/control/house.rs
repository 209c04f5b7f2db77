//! The `control` function in this process, with queues of its own, so that no deployed worker takes a test's messages.

use std::collections::{BTreeMap, HashMap};

use aws_lambda_events::sqs::SqsEvent;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType,
};
use cloud::{
    boot::Boot,
    clock::Clock,
    dynamo::{
        accounts::{AccountItem, Accounts},
        key,
        keys::{Holder, KeyOrder, Keys, ShownKeyItem},
        stores::Stores,
        subscriptions::Subscriptions,
        transaction,
    },
    events::ReconciliationMessage,
    requests::RequestMessage,
    vault::VaultError,
};
use connectors::Credential;
use domain::{
    account::Consents,
    id::{AccountId, ApplicationId, KeyId, StoreId},
    role::Role,
    scope::{Scope, ScopeSet},
};
use serde_json::{Value, json};
use testkit::{
    demo_store::{DemoStore, Setup},
    fault_proxy::FaultProxy,
    stack::Stack,
};

use crate::contract::openapi::assert_described;
use crate::world::{Answered, Calling, answered, assert_declared, environment, vault_of, wide};

/// An account with the key of its owner.
pub(crate) struct Owner {
    pub(crate) account: AccountId,
    pub(crate) key: String,
}

/// An application with a key of its own.
pub(crate) struct Holding {
    pub(crate) application: ApplicationId,
    pub(crate) key: String,
    pub(crate) key_id: KeyId,
}

/// See the module.
pub(crate) struct House {
    pub(crate) app: control::App,
    pub(crate) boot: Boot,
    pub(crate) config: control::Config,
    pub(crate) demo: DemoStore,
    /// Between the function and AWS.
    pub(crate) faults: FaultProxy,
    sqs: aws_sdk_sqs::Client,
    /// Calls of different tests must not be counted as one source's.
    pub(crate) source: String,
}

impl Drop for House {
    fn drop(&mut self) {
        assert_declared(&self.faults);
    }
}

impl House {
    pub(crate) async fn new() -> Self {
        Self::with(Clock::system()).await
    }

    pub(crate) async fn with(clock: Clock) -> Self {
        let faults = FaultProxy::in_front_of(Stack::shared().aws()).await.unwrap();
        let environment = environment("control", faults.url());
        let boot = Boot::new(&environment, clock).unwrap();
        let mut config = control::Config::from_env(&environment).unwrap();
        let sqs = aws_sdk_sqs::Client::new(&crate::sdk::config(faults.url().as_str()));
        let name = Clock::system().new_id().simple().to_string();
        for (url, queue) in [
            (&mut config.mail_queue_url, "mail"),
            (&mut config.offboarding_queue_url, "offboarding"),
            (&mut config.replays_queue_url, "replays"),
            (&mut config.reconciliations_queue_url, "reconciliations"),
            (&mut config.requests_queue_url, "requests"),
        ] {
            let made = sqs.create_queue().queue_name(format!("test-{queue}-{name}")).send().await.unwrap();
            *url = made.queue_url.unwrap();
        }
        let random = cloud::clock::random_bytes();
        Self {
            app: control::App::new(&boot, config.clone()),
            demo: DemoStore::start(Setup::default()).await.unwrap(),
            source: format!("10.{}.{}.{}", random[0], random[1], random[2]),
            boot,
            config,
            faults,
            sqs,
        }
    }

    /// A house whose accounts no other test's sweep sees, and whose sweeps see no other's.
    pub(crate) async fn in_own_tables(clock: Clock) -> Self {
        let mut house = Self::with(clock).await;
        house.config.accounts_table = house.own_table("accounts").await;
        house.config.stores_table = house.own_table("stores").await;
        house.config.privacy_table = house.own_table("privacy").await;
        house.config.service_log_table = house.own_table("service-log").await;
        house.config.usage_table = house.own_table("usage").await;
        house.app = control::App::new(&house.boot, house.config.clone());
        house
    }

    /// The same, whose campaigns no other test's sweep walks for either.
    pub(crate) async fn in_own_consents(clock: Clock) -> Self {
        let mut house = Self::in_own_tables(clock).await;
        house.config.consents_table = house.own_table("consents").await;
        house.app = control::App::new(&house.boot, house.config.clone());
        house
    }

    pub(crate) fn clock(&self) -> &Clock {
        &self.boot.clock
    }

    /// The tables, for our own adapters.
    pub(crate) fn tables(&self) -> cloud::dynamo::Client {
        cloud::dynamo::client(&self.boot.aws)
    }

    /// The tables, to look into and to make others.
    pub(crate) fn sdk(&self) -> aws_sdk_dynamodb::Client {
        crate::sdk::tables(self.faults.url().as_str())
    }

    /// A table of a test's own, for what it must not share: another test's sweep could be quicker.
    pub(crate) async fn own_table(&self, name: &str) -> String {
        let table = format!("test-{}-{name}", Clock::system().new_id().simple());
        let part = |name: &str, kind| KeySchemaElement::builder().attribute_name(name).key_type(kind).build().unwrap();
        let text = |name: &str| {
            let kind = ScalarAttributeType::S;
            AttributeDefinition::builder().attribute_name(name).attribute_type(kind).build().unwrap()
        };
        self.sdk()
            .create_table()
            .table_name(&table)
            .billing_mode(BillingMode::PayPerRequest)
            .key_schema(part("pk", KeyType::Hash))
            .key_schema(part("sk", KeyType::Range))
            .attribute_definitions(text("pk"))
            .attribute_definitions(text("sk"))
            .send()
            .await
            .unwrap();
        table
    }

    pub(crate) fn keys(&self) -> Keys {
        let (keys, accounts) = (self.config.keys_table.clone(), self.config.accounts_table.clone());
        Keys::new(self.tables(), keys, accounts, self.boot.clock.clone())
    }

    /// An account whose owner's key has wide limits.
    pub(crate) async fn owner(&self) -> Owner {
        let id = AccountId::from_uuid(self.clock().new_id());
        let now = self.clock().now();
        let item = AccountItem {
            pk: key::account(&id),
            sk: key::ACCOUNT.to_owned(),
            v: 1,
            id: id.clone(),
            name: "Ann Example".parse().unwrap(),
            email: format!("{}@example.com", id.body()).parse().unwrap(),
            phone: "+49 30 901820".parse().unwrap(),
            company: "Example".parse().unwrap(),
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
        let accounts = Accounts::new(self.tables(), self.config.accounts_table.clone());
        transaction::write(&self.tables(), accounts.creating(&item).into()).await.unwrap();
        let key = self.person(&id, Role::Owner).await;
        Owner { account: id, key }
    }

    /// A management key of `account` with wide limits.
    pub(crate) async fn person(&self, account: &AccountId, role: Role) -> String {
        self.make(account, Holder::Person(role)).await.0
    }

    async fn make(&self, account: &AccountId, holder: Holder) -> (String, ShownKeyItem) {
        let order = KeyOrder { account: account.clone(), holder, name: None, tier: wide(), ends_at: None };
        let (new, shown, parts) = self.keys().creating(order);
        transaction::write(&self.tables(), parts).await.unwrap();
        (new.reveal().to_owned(), shown)
    }

    /// An application of `owner` with a key of wide limits.
    pub(crate) async fn holding(&self, owner: &Owner, scopes: ScopeSet) -> Holding {
        let made = self.post(owner, "/v1/applications", json!({ "name": "shop sync" })).await;
        assert_eq!(made.status, 201);
        let application: ApplicationId = made.json()["id"].as_str().unwrap().parse().unwrap();
        let (key, shown) = self.make(&owner.account, Holder::Application(application.clone(), scopes)).await;
        Holding { application, key, key_id: shown.id }
    }

    /// One more key of an application.
    pub(crate) async fn another_key(&self, owner: &Owner, holding: &Holding) -> String {
        let scopes = ScopeSet::of(&[Scope::ProductsRead]);
        self.make(&owner.account, Holder::Application(holding.application.clone(), scopes)).await.0
    }

    /// The epoch of every key of these applications.
    pub(crate) async fn epochs(&self, holdings: &[Holding]) -> BTreeMap<KeyId, u64> {
        let mut epochs = BTreeMap::new();
        for holding in holdings {
            for shown in self.keys().all_of_application(&holding.application).await.unwrap() {
                let item = self
                    .sdk()
                    .get_item()
                    .table_name(&self.config.keys_table)
                    .key("pk", AttributeValue::S(key::api_key(&shown.id)))
                    .consistent_read(true)
                    .send()
                    .await
                    .unwrap();
                let epoch = item.item.unwrap()["ep"].as_n().unwrap().parse().unwrap();
                epochs.insert(shown.id, epoch);
            }
        }
        epochs
    }

    pub(crate) fn stores(&self) -> Stores {
        Stores::new(self.tables(), self.config.stores_table.clone())
    }

    pub(crate) fn subscriptions(&self) -> Subscriptions {
        Subscriptions::new(self.tables(), self.config.subscriptions_table.clone())
    }

    /// The credential of a store, as a call of it would read it.
    pub(crate) async fn credential(&self, owner: &Owner, store: &StoreId) -> Result<Credential, VaultError> {
        let item = self.stores().of_account(&owner.account, store).await?.ok_or(VaultError::Missing)?;
        vault_of(&self.boot).read(&item).await
    }

    /// What it takes to connect the demo store.
    pub(crate) fn connection(&self) -> Value {
        json!({
            "platform": "cartos",
            "url": self.demo.url().as_str(),
            "credentials": { "api_key": self.demo.api_key() },
        })
    }

    /// The demo store, connected.
    pub(crate) async fn store(&self, owner: &Owner) -> StoreId {
        let made = self.post(owner, "/v1/stores", self.connection()).await;
        assert_eq!(made.status, 201, "{}", made.json());
        made.json()["id"].as_str().unwrap().parse().unwrap()
    }

    pub(crate) async fn call(&self, calling: Calling) -> Answered {
        let calling = calling.from(&self.source);
        let (event, context) = calling.event();
        let answer = answered(control::handle(&self.app, event, &context).await);
        assert_described(&calling.method, &calling.path, &answer);
        answer
    }

    pub(crate) async fn get(&self, owner: &Owner, path: &str) -> Answered {
        self.call(Calling::new("GET", path).key(&owner.key)).await
    }

    pub(crate) async fn delete(&self, owner: &Owner, path: &str) -> Answered {
        self.call(Calling::new("DELETE", path).key(&owner.key)).await
    }

    pub(crate) async fn post(&self, owner: &Owner, path: &str, body: Value) -> Answered {
        self.send("POST", owner, path, &body.to_string()).await
    }

    pub(crate) async fn send(&self, method: &str, owner: &Owner, path: &str, body: &str) -> Answered {
        self.call(Calling::new(method, path).key(&owner.key).body(body)).await
    }

    /// What the function has put into its mail queue since the last look.
    pub(crate) async fn mails(&self) -> Vec<Value> {
        crate::sdk::drain_mails(&self.sqs, &self.config.mail_queue_url).await
    }

    /// What the function has put into its off-boarding queue since the last look, as Lambda would hand it on.
    pub(crate) async fn offboardings(&self) -> SqsEvent {
        batch(&self.take(&self.config.offboarding_queue_url).await)
    }

    /// What is to be delivered again, as the function has asked since the last look.
    pub(crate) async fn replays(&self) -> Vec<Value> {
        crate::sdk::drain_as(&self.sqs, &self.config.replays_queue_url).await
    }

    /// What the function has put into its queue of reconciliations since the last look.
    pub(crate) async fn reconciliations(&self) -> Vec<ReconciliationMessage> {
        crate::sdk::drain_as(&self.sqs, &self.config.reconciliations_queue_url).await
    }

    /// The requests of people that are to be looked at, as the function has asked since the last look.
    pub(crate) async fn request_work(&self) -> Vec<RequestMessage> {
        crate::sdk::drain_as(&self.sqs, &self.config.requests_queue_url).await
    }

    /// Calls the demo store's own API, past the gateway.
    pub(crate) async fn demo_api(&self, method: &str, path: &str, body: Value) {
        let url = self.demo.url().join(path).unwrap();
        let request =
            http::Request::builder().method(method).uri(url.as_str()).header("x-api-key", self.demo.api_key());
        let request = request.body(body.to_string().into()).unwrap();
        let answer = testkit::plain_http::PlainHttp::default().send(request).await.unwrap();
        assert!(answer.status().is_success(), "{method} {path}: {:?}", answer.body());
    }

    /// All messages of a queue, which has them no more.
    pub(crate) async fn take(&self, url: &str) -> Vec<String> {
        crate::sdk::drain_as_text(&self.sqs, url).await
    }

    /// The `proxy` function in this process, as one instance that remembers what it has seen.
    pub(crate) fn proxy(&self) -> proxy::App {
        let environment = environment("proxy", Stack::shared().aws());
        proxy::App::new(&self.boot, proxy::Config::from_env(&environment).unwrap())
    }

    /// The events that the security log holds of an account, as it names them.
    pub(crate) async fn security_events(&self, account: &AccountId) -> Vec<String> {
        let lines = self.security_lines(account).await;
        let mut events: Vec<_> = lines.iter().map(|line| line["event"].as_s().unwrap().clone()).collect();
        events.sort();
        events
    }

    /// The lines that the security log holds of an account.
    pub(crate) async fn security_lines(&self, account: &AccountId) -> Vec<HashMap<String, AttributeValue>> {
        self.app.journal().settle().await;
        let mut found = Vec::new();
        for shard in 0..key::JOURNAL_SHARDS {
            let pk = key::journal(Some(account), self.clock().now(), shard);
            let lines = self
                .sdk()
                .query()
                .table_name(&self.config.security_log_table)
                .key_condition_expression("pk = :pk")
                .expression_attribute_values(":pk", AttributeValue::S(pk))
                .send()
                .await
                .unwrap();
            found.extend(lines.items.unwrap_or_default());
        }
        found
    }
}

/// A batch of messages as Lambda hands it to a function; the ids are `m0`, `m1`, …
pub(crate) fn batch(bodies: &[impl AsRef<str>]) -> SqsEvent {
    let records: Vec<Value> = bodies
        .iter()
        .enumerate()
        .map(|(number, body)| json!({ "messageId": format!("m{number}"), "body": body.as_ref() }))
        .collect();
    serde_json::from_value(json!({ "Records": records })).unwrap()
}

/// Which messages of a batch are to come again.
pub(crate) fn failed(answer: &impl serde::Serialize) -> Vec<String> {
    let answer = serde_json::to_value(answer).unwrap();
    let failures = answer["batchItemFailures"].as_array().unwrap();
    failures.iter().map(|failure| failure["itemIdentifier"].as_str().unwrap().to_owned()).collect()
}
