//! The `partners` function in this process, with queues of its own, and partners that an operator has registered.

use aws_sdk_dynamodb::types::AttributeValue;
use base64::{Engine, engine::general_purpose::STANDARD};
use cloud::{
    boot::Boot,
    clock::{Clock, random_bytes},
    dynamo::{
        accounts::Accounts,
        requests::{Requests, SubjectRequestItem, With},
        stores::StoreItem,
        transaction,
    },
    partners::Bearer,
};
use domain::{
    id::{AccountId, StoreId},
    request::{Evidence, Step, life::Assessment},
    store::{Region, StoreState, VaultForm},
};
use jiff::{SignedDuration, Timestamp};
use ring::signature::{Ed25519KeyPair, KeyPair};
use serde_json::{Value, json};
use testkit::{fault_proxy::FaultProxy, stack::Stack};

use crate::world::{Answered, Calling, answered, assert_declared, environment};

/// What the network of the tests' agents calls us.
pub(crate) const BUSINESS: &str = "CARTAGE";

/// An authorised agent.
pub(crate) struct Agent {
    pub(crate) id: String,
    pub(crate) pair: Ed25519KeyPair,
    pub(crate) token: String,
}

impl Agent {
    /// An agent that nobody has heard of.
    pub(crate) fn stranger() -> Self {
        let id = format!("AGENT_{}", Clock::system().new_id().simple());
        let pair = Ed25519KeyPair::from_seed_unchecked(&random_bytes()).unwrap();
        Self { id, pair, token: String::new() }
    }

    /// A signed message.
    pub(crate) fn sign(&self, document: &Value) -> String {
        let document = document.to_string();
        let mut signed = self.pair.sign(document.as_bytes()).as_ref().to_vec();
        signed.extend(document.as_bytes());
        STANDARD.encode(signed)
    }

    /// The item that an operator registers it with.
    pub(crate) fn item(&self, per_day: u32) -> Value {
        json!({
            "pk": format!("partner#{}", self.id), "sk": "-", "v": 1, "id": self.id, "enabled": true, "per_day": per_day,
            "speaks": { "drp": { "verify_key": STANDARD.encode(self.pair.public_key()), "business": BUSINESS } },
            "callback_origins": ["https://agent.example"],
        })
    }
}

/// A controller.
pub(crate) struct Controller {
    pub(crate) id: String,
    pub(crate) token: String,
    pub(crate) account: AccountId,
}

/// See the module.
pub(crate) struct Counter {
    pub(crate) app: partners::App,
    pub(crate) config: partners::Config,
    pub(crate) faults: FaultProxy,
    pub(crate) clock: Clock,
    /// Past the fault proxy, so that only the function is counted.
    pub(crate) direct: Boot,
    sqs: aws_sdk_sqs::Client,
}

impl Drop for Counter {
    fn drop(&mut self) {
        assert_declared(&self.faults);
    }
}

impl Counter {
    pub(crate) async fn new() -> Self {
        let stack = Stack::shared();
        let clock = Clock::steered(Clock::system().now());
        let faults = FaultProxy::in_front_of(stack.aws()).await.unwrap();
        let environment_of = |aws| environment("partners", aws);
        let boot = Boot::new(&environment_of(faults.url()), clock.clone()).unwrap();
        let direct = Boot::new(&environment_of(stack.aws()), clock.clone()).unwrap();
        let mut config = partners::Config::from_env(&environment_of(faults.url())).unwrap();
        let sqs = aws_sdk_sqs::Client::new(&crate::sdk::config(stack.aws().as_str()));
        let name = Clock::system().new_id().simple().to_string();
        for (url, queue) in [
            (&mut config.requests_queue_url, "requests"),
            (&mut config.privacy_topics_queue_url, "privacy"),
            (&mut config.callbacks_queue_url, "callbacks"),
        ] {
            let made = sqs.create_queue().queue_name(format!("test-{queue}-{name}")).send().await.unwrap();
            *url = made.queue_url.unwrap();
        }
        Self { app: partners::App::new(&boot, config.clone()), config, faults, clock, direct, sqs }
    }

    /// Writes a partner's item, as an operator does.
    pub(crate) async fn register(&self, item: &Value) {
        register(&self.config.privacy_table, item).await;
    }

    /// Switches a partner off, as an operator does.
    pub(crate) async fn switch_off(&self, id: &str) {
        self.change(id, "SET enabled = :value", AttributeValue::Bool(false)).await;
    }

    /// Registers where a partner may be called back, as an operator does.
    pub(crate) async fn may_be_called(&self, id: &str, origins: &[&str]) {
        let origins = origins.iter().map(|&origin| AttributeValue::S(origin.to_owned())).collect();
        self.change(id, "SET callback_origins = :value", AttributeValue::L(origins)).await;
    }

    async fn change(&self, id: &str, change: &str, value: AttributeValue) {
        let sdk = crate::sdk::tables(Stack::shared().aws().as_str());
        let update = sdk.update_item().table_name(&self.config.privacy_table).update_expression(change);
        let update =
            update.key("pk", AttributeValue::S(format!("partner#{id}"))).key("sk", AttributeValue::S("-".into()));
        update.expression_attribute_values(":value", value).send().await.unwrap();
    }

    /// An agent that has shaken hands and may make so many requests a day.
    pub(crate) async fn agent(&self, per_day: u32) -> Agent {
        let mut agent = Agent::stranger();
        self.register(&agent.item(per_day)).await;
        let answer = self.shake(&agent, &agent.sign(&self.envelope(&agent))).await;
        assert_eq!(answer.status, 200);
        answer.json()["token"].as_str().unwrap().clone_into(&mut agent.token);
        agent
    }

    pub(crate) async fn controller(&self, per_day: u32) -> Controller {
        let id = format!("controller-{}", Clock::system().new_id().simple());
        let (token, bearer) = Bearer::mint(&id.parse().unwrap());
        let account = AccountId::from_uuid(Clock::system().new_id());
        let item = json!({
            "pk": format!("partner#{id}"), "sk": "-", "v": 1, "id": id, "enabled": true, "per_day": per_day,
            "speaks": { "opendsr": { "account": account } }, "token": bearer.hash(),
            "callback_origins": ["https://controller.example"],
        });
        self.register(&item).await;
        Controller { id, token, account }
    }

    /// A store of a controller's account.
    pub(crate) async fn store(&self, controller: &Controller) -> StoreId {
        let tables = cloud::dynamo::client(&self.direct.aws);
        let id = StoreId::from_uuid(Clock::system().new_id());
        let store = StoreItem {
            pk: cloud::dynamo::key::store(&id),
            sk: cloud::dynamo::key::STORE.to_owned(),
            v: 1,
            id: id.clone(),
            account: controller.account.clone(),
            platform: "shopify".to_owned(),
            url: "https://shop.example".to_owned(),
            region: Region::Eu,
            state: StoreState::Connecting,
            generation: 1,
            cache: false,
            vault: VaultForm::PerStore,
            credential: 0,
            changing_until: None,
            restriction_changes: 0,
            connected_at: self.clock.now(),
            disconnected_at: None,
            expires_at: None,
        };
        let stores = cloud::dynamo::stores::Stores::new(tables.clone(), self.config.stores_table.clone());
        let accounts = Accounts::new(tables.clone(), self.config.accounts_table.clone());
        let [pointer, _] = accounts.adding_store(&controller.account, &id);
        transaction::write(&tables, vec![stores.connecting(&store), pointer]).await.unwrap();
        id
    }

    pub(crate) fn requests(&self) -> Requests {
        let tables = cloud::dynamo::client(&self.direct.aws);
        Requests::new(tables, self.config.privacy_table.clone(), self.config.verifications_table.clone())
    }

    /// An envelope that counts now and for ten minutes.
    pub(crate) fn envelope(&self, agent: &Agent) -> Value {
        let now = self.clock.now();
        json!({
            "agent-id": agent.id, "business-id": BUSINESS, "drp.version": "1.0",
            "issued-at": time(now), "expires-at": time(now + SignedDuration::from_mins(10)),
            // Two messages of one moment are two messages.
            "jti": Clock::system().new_id().to_string(),
        })
    }

    /// What an agent asks for a person, in an envelope.
    pub(crate) fn wish(&self, agent: &Agent, more: &Value) -> Value {
        let mut wish = self.envelope(agent);
        let person = json!({
            "regime": "ccpa", "relationships": ["customer"], "agent-request-id": "4711", "name": "Ann Marker",
            "email": "ann.marker@example.com", "email_verified": true, "phone_number": "+14155550123",
        });
        for fields in [&person, more] {
            wish.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        }
        wish
    }

    pub(crate) async fn call(&self, calling: Calling) -> Answered {
        let (event, context) = calling.event();
        answered(partners::handle(&self.app, event, &context).await)
    }

    pub(crate) async fn get(&self, path: &str) -> Answered {
        self.call(Calling::new("GET", path)).await
    }

    pub(crate) async fn shake(&self, agent: &Agent, message: &str) -> Answered {
        let path = format!("/drp/v1/agent/{}", agent.id);
        self.call(Calling::new("POST", &path).header("content-type", "text/plain").body(message)).await
    }

    /// Sends a message with the agent's token.
    pub(crate) async fn say(&self, agent: &Agent, method: &str, path: &str, message: &str) -> Answered {
        let calling = Calling::new(method, path).key(&agent.token).header("content-type", "text/plain; charset=utf-8");
        self.call(calling.body(message)).await
    }

    pub(crate) async fn exercise(&self, agent: &Agent, more: &Value) -> Answered {
        let message = agent.sign(&self.wish(agent, more));
        self.say(agent, "POST", "/drp/v1/data-rights-request", &message).await
    }

    pub(crate) async fn show(&self, agent: &Agent, request: &Value) -> Answered {
        self.call(Calling::new("GET", &path_of(request)).key(&agent.token)).await
    }

    pub(crate) async fn revoke(&self, agent: &Agent, request: &Value) -> Answered {
        let message = agent.sign(&json!({ "reason": "I have changed my mind" }));
        self.say(agent, "DELETE", &path_of(request), &message).await
    }

    /// The person follows the link, and is found to be the owner of an account.
    pub(crate) async fn prove(&self, request: &Value, assessment: Assessment) -> SubjectRequestItem {
        let account = AccountId::from_uuid(Clock::system().new_id());
        let evidence = Evidence { mailbox: true, matched: 2, declared: true, reviewed: false };
        let with = With { proven: Some((Some(account), evidence)), ..With::default() };
        self.advance(request, Step::Prove(assessment), with).await
    }

    pub(crate) async fn advance(&self, request: &Value, step: Step, with: With) -> SubjectRequestItem {
        let read = self.record(request).await;
        self.requests().advance(&read, step, with, self.clock.now()).await.unwrap()
    }

    /// The record of a request.
    pub(crate) async fn record(&self, request: &Value) -> SubjectRequestItem {
        let id = request["request_id"].as_str().unwrap().parse().unwrap();
        self.requests().get(&id).await.unwrap().unwrap()
    }

    /// A request of a controller, about the customer 191167, with this extension for us.
    pub(crate) fn request(&self, kind: &str, extension: &Value) -> Value {
        let identity =
            |kind, value, format| json!({ "identity_type": kind, "identity_value": value, "identity_format": format });
        let domain = url::Url::parse(&self.config.public_url).unwrap().host_str().unwrap().to_owned();
        json!({
            "regulation": "gdpr", "subject_request_id": uuid_v4(), "subject_request_type": kind,
            "submitted_time": "2026-11-20T12:00:00Z", "api_version": "2.0",
            "subject_identities": [
                identity("controller_customer_id", "191167", "raw"),
                identity("email", "5d41402abc4b2a76b9719d911017c592", "md5"),
            ],
            "status_callback_urls": ["https://controller.example/callbacks"],
            "extensions": { domain: extension },
        })
    }

    pub(crate) async fn ask(&self, controller: &Controller, request: &Value) -> Answered {
        let calling = Calling::new("POST", "/opendsr/v2/requests").key(&controller.token);
        self.call(calling.body(request.to_string())).await
    }

    pub(crate) async fn standing(&self, controller: &Controller, request: &Value) -> Answered {
        self.call(Calling::new("GET", &path_in_opendsr(request)).key(&controller.token)).await
    }

    pub(crate) async fn cancel(&self, controller: &Controller, request: &Value) -> Answered {
        self.call(Calling::new("DELETE", &path_in_opendsr(request)).key(&controller.token)).await
    }

    /// The messages that the function sent, of one of its queues.
    pub(crate) async fn sent(&self, queue: &str) -> Vec<Value> {
        crate::sdk::drain_as(&self.sqs, queue).await
    }
}

/// Writes a partner's item, as an operator does.
pub(crate) async fn register(table: &str, item: &Value) {
    let item: std::collections::HashMap<String, AttributeValue> = serde_dynamo::to_item(item).unwrap();
    let sdk = crate::sdk::tables(Stack::shared().aws().as_str());
    sdk.put_item().table_name(table).set_item(Some(item)).send().await.unwrap();
}

pub(crate) fn path_of(request: &Value) -> String {
    format!("/drp/v1/data-rights-request/{}", request["request_id"].as_str().unwrap())
}

fn path_in_opendsr(request: &Value) -> String {
    format!("/opendsr/v2/requests/{}", request["subject_request_id"].as_str().unwrap())
}

pub(crate) fn time(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S%.6f+00:00").to_string()
}

/// A random UUID, as a controller makes one.
pub(crate) fn uuid_v4() -> String {
    uuid::Builder::from_random_bytes(random_bytes()[..16].try_into().unwrap()).into_uuid().to_string()
}
