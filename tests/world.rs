//! One test's own part of the shared stack: an account with an application, a key, a connected store and a grant, and the `proxy` function in
//! this process with a fault proxy between it and AWS.

use std::{collections::BTreeMap, str::FromStr, time::Duration};

use cloud::{
    boot::Boot,
    clock::Clock,
    data_keys::DataKeys,
    dynamo::{
        key,
        key_item::{KeyHolder, KeyItem, NewKeyItem},
        store_keys::StoreKeys,
        stores::{GrantItem, StoreItem, Stores},
        transaction,
    },
    http::GatewayEvent,
    vault::Vault,
};
use connectors::Credential;
use domain::{
    id::{AccountId, ApplicationId, KeyId, StoreId},
    key::NewKey,
    scope::{Scope, ScopeSet},
    store::{Region, StoreState, VaultForm},
    tier::{Limits, PerDay, PerSecond, Tier},
};
use jiff::Timestamp;
use secrecy::SecretString;
use serde_json::Value;
use testkit::{
    demo_store::DemoStore,
    fault_proxy::FaultProxy,
    recorder::{self, Stored},
    stack::{Stack, deploy::STACK},
};

use crate::contract::openapi::assert_described;

/// How many of something a run has: as the environment's variable says, or the ordinary number.
pub(crate) fn how_many(variable: &str, ordinary: u64) -> u64 {
    #[expect(clippy::disallowed_methods, reason = "how large a run is, is for whoever runs the test to say")]
    let wanted = std::env::var(variable);
    wanted.map_or(ordinary, |number| number.parse().unwrap())
}

/// What a call was answered with.
pub(crate) struct Answered {
    pub(crate) status: u16,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: Vec<u8>,
    /// What a browser is asked to keep.
    pub(crate) cookies: Vec<String>,
}

impl Answered {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&self.body)))
    }

    /// The code of the problem that this must be.
    pub(crate) fn problem(&self) -> String {
        assert_eq!(
            self.headers.get("content-type").map(String::as_str),
            Some("application/problem+json"),
            "{} {}",
            self.status,
            String::from_utf8_lossy(&self.body)
        );
        let body = self.json();
        assert_eq!(body["status"], self.status);
        assert_eq!(body["instance"], self.headers["x-request-id"]);
        body["code"].as_str().unwrap().to_owned()
    }
}

/// A call in the making.
pub(crate) struct Calling {
    pub(crate) method: String,
    pub(crate) path: String,
    query: String,
    headers: BTreeMap<String, String>,
    body: Option<(Vec<u8>, bool)>,
    source: String,
    patience: Duration,
}

impl Calling {
    /// A call of `target`, a path with or without a query.
    pub(crate) fn new(method: &str, target: &str) -> Self {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        Self {
            method: method.to_owned(),
            path: path.to_owned(),
            query: query.to_owned(),
            headers: BTreeMap::from([("user-agent".to_owned(), "tests/1".to_owned())]),
            body: None,
            source: "198.51.100.7".to_owned(),
            patience: Duration::from_secs(20),
        }
    }

    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.insert(name.to_owned(), value.to_owned());
        self
    }

    pub(crate) fn key(self, key: &str) -> Self {
        self.header("authorization", &format!("Bearer {key}"))
    }

    pub(crate) fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = Some((body.into(), false));
        self
    }

    pub(crate) fn bytes(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = Some((body.into(), true));
        self
    }

    pub(crate) fn from(mut self, source: &str) -> Self {
        source.clone_into(&mut self.source);
        self
    }

    pub(crate) fn within(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// The call as API Gateway's event, and the invocation's context.
    pub(crate) fn event(&self) -> (GatewayEvent, lambda_runtime::Context) {
        use base64::Engine;
        let (body, encoded) = match &self.body {
            None => (Value::Null, false),
            Some((bytes, true)) => (base64::engine::general_purpose::STANDARD.encode(bytes).into(), true),
            Some((bytes, false)) => (String::from_utf8(bytes.clone()).unwrap().into(), false),
        };
        let event = serde_json::json!({
            "version": "2.0",
            "rawPath": self.path,
            "rawQueryString": self.query,
            "headers": self.headers,
            "requestContext": {"http": {"method": self.method, "path": self.path, "sourceIp": self.source}},
            "body": body,
            "isBase64Encoded": encoded,
        });
        let mut context = lambda_runtime::Context::default();
        let deadline = Clock::system().now().as_millisecond() + i64::try_from(self.patience.as_millis()).unwrap();
        context.deadline = u64::try_from(deadline).unwrap();
        (serde_json::from_value(event).unwrap(), context)
    }
}

/// Reads what a function gives to API Gateway.
pub(crate) fn answered(answer: impl serde::Serialize) -> Answered {
    use base64::Engine;
    let answer = serde_json::to_value(answer).unwrap();
    let body = answer["body"].as_str().unwrap();
    let body = match answer["isBase64Encoded"].as_bool().unwrap() {
        true => base64::engine::general_purpose::STANDARD.decode(body).unwrap(),
        false => body.as_bytes().to_vec(),
    };
    let mut headers: BTreeMap<String, String> = serde_json::from_value(answer["headers"].clone()).unwrap();
    // API Gateway takes cookies apart from the headers.
    if let Some(cookies) = answer["cookies"].as_array() {
        let cookies: Vec<&str> = cookies.iter().filter_map(Value::as_str).collect();
        headers.insert("set-cookie".to_owned(), cookies.join("\n"));
    }
    let status = u16::try_from(answer["statusCode"].as_u64().unwrap()).unwrap();
    let cookies = serde_json::from_value(answer["cookies"].clone()).unwrap_or_default();
    Answered { status, headers, body, cookies }
}

/// See the module.
pub(crate) struct World {
    pub(crate) faults: FaultProxy,
    pub(crate) demo: DemoStore,
    pub(crate) app: proxy::App,
    pub(crate) boot: Boot,
    pub(crate) config: proxy::Config,
    pub(crate) account: AccountId,
    pub(crate) application: ApplicationId,
    pub(crate) key: String,
    pub(crate) key_id: KeyId,
    pub(crate) store: StoreId,
}

/// Limits that no test but those of the limiter meets.
pub(crate) fn wide() -> Tier {
    Tier::Enterprise(Limits { rate: PerSecond::new(100).unwrap(), day: PerDay::new(1_000_000).unwrap() })
}

/// The environment of a function as the template gives it, with AWS behind `aws`.
pub(crate) fn environment(function: &str, aws: &url::Url) -> BTreeMap<String, String> {
    let mut environment = Stack::shared().function_env(function).clone();
    environment.extend([
        ("AWS_REGION".to_owned(), testkit::stack::AWS_REGION.to_owned()),
        ("AWS_ACCESS_KEY_ID".to_owned(), "test".to_owned()),
        ("AWS_SECRET_ACCESS_KEY".to_owned(), "test".to_owned()),
        ("AWS_ENDPOINT_URL".to_owned(), aws.to_string()),
    ]);
    environment
}

/// The data keys as `control` makes them.
pub(crate) fn data_keys_of(boot: &Boot) -> DataKeys {
    let environment = environment("control", Stack::shared().aws());
    let config = control::Config::from_env(&environment).unwrap();
    let keys = StoreKeys::new(cloud::dynamo::client(&boot.aws), config.store_keys_table);
    DataKeys::new(&boot.aws, keys, config.data_key, boot.clock.clone())
}

/// The vault as `control` uses it.
pub(crate) fn vault_of(boot: &Boot) -> Vault {
    let environment = environment("control", Stack::shared().aws());
    let config = control::Config::from_env(&environment).unwrap();
    let stores = Stores::new(cloud::dynamo::client(&boot.aws), config.stores_table);
    Vault::new(&boot.aws, config.vault_prefix, stores, data_keys_of(boot))
}

/// The data map's third gate, at the end of every test that goes over a fault proxy: what was stored is declared. Queues and tables that a test made
/// for itself are no part of the stack.
pub(crate) fn assert_declared(faults: &FaultProxy) {
    if std::thread::panicking() {
        return;
    }
    let of_the_stack = |stored: &Stored| match stored {
        Stored::Attribute { store, .. } => store.starts_with(STACK),
        Stored::Unread { call } => !call.starts_with("AmazonSQS.") && !call.ends_with(".CreateTable"),
        Stored::Secret { .. } | Stored::Object { .. } => true,
    };
    let undeclared = recorder::undeclared(&cloud::data_map::DATA_MAP, STACK, &faults.seen());
    let undeclared: Vec<_> = undeclared.into_iter().filter(of_the_stack).collect();
    assert!(undeclared.is_empty(), "stored and not in the data map: {undeclared:?}");
}

impl Drop for World {
    fn drop(&mut self) {
        assert_declared(&self.faults);
    }
}

impl World {
    /// A world whose store is a demo store and whose key may do everything in it.
    pub(crate) async fn new() -> Self {
        Self::with(wide(), Clock::system()).await
    }

    pub(crate) async fn with(tier: Tier, clock: Clock) -> Self {
        let faults = FaultProxy::in_front_of(Stack::shared().aws()).await.unwrap();
        let demo = DemoStore::start(testkit::demo_store::Setup::default()).await.unwrap();
        let environment = environment("proxy", faults.url());
        let boot = Boot::new(&environment, clock.clone()).unwrap();
        let config = proxy::Config::from_env(&environment).unwrap();
        let mut world = Self {
            app: proxy::App::new(&boot, config.clone()),
            account: AccountId::from_uuid(clock.new_id()),
            application: ApplicationId::from_uuid(clock.new_id()),
            key: String::new(),
            key_id: KeyId::from_uuid(clock.new_id()),
            store: StoreId::from_uuid(clock.new_id()),
            faults,
            demo,
            boot,
            config,
        };
        let everything: ScopeSet = Scope::ALL.iter().copied().filter(|scope| scope.is_data_plane()).collect();
        let key = world.add_key(tier, everything, None).await;
        world.key_id = key.id().clone();
        world.key = key.reveal().to_owned();
        let address = world.demo.url().to_string();
        let credential = [("api_key".to_owned(), SecretString::from(world.demo.api_key().to_owned()))];
        world.store = world.connect("cartos", &address, credential.into_iter().collect(), everything).await;
        world.faults.reset();
        world
    }

    /// The function as another instance would start it: nothing remembered.
    pub(crate) fn another_instance(&self) -> proxy::App {
        proxy::App::new(&self.boot, self.config.clone())
    }

    pub(crate) async fn add_key(&self, tier: Tier, scopes: ScopeSet, expires: Option<Timestamp>) -> NewKey {
        self.add_key_of(&self.account, &self.application, tier, scopes, expires).await
    }

    pub(crate) async fn add_key_of(
        &self,
        account: &AccountId,
        application: &ApplicationId,
        tier: Tier,
        scopes: ScopeSet,
        expires: Option<Timestamp>,
    ) -> NewKey {
        let id = KeyId::from_uuid(self.boot.clock.new_id());
        let new = NewKey::mint(id.clone(), &cloud::clock::random_bytes());
        let item = KeyItem::new(NewKeyItem {
            id,
            secret: new.secret_hash(),
            account: account.clone(),
            holder: KeyHolder::Application(application.clone(), scopes),
            tier,
            expires,
        });
        transaction::write(&self.tables(), vec![item.create(&self.config.keys_table)]).await.unwrap();
        new
    }

    /// Connects a store of this world's account and grants its application `scopes` on it.
    pub(crate) async fn connect(
        &self,
        platform: &str,
        address: &str,
        credential: Credential,
        scopes: ScopeSet,
    ) -> StoreId {
        self.connect_in(VaultForm::PerStore, platform, address, credential, scopes).await
    }

    /// As [`World::connect`], with the credential in this form of the vault.
    pub(crate) async fn connect_in(
        &self,
        vault: VaultForm,
        platform: &str,
        address: &str,
        credential: Credential,
        scopes: ScopeSet,
    ) -> StoreId {
        let id = StoreId::from_uuid(self.boot.clock.new_id());
        let stores = Stores::new(self.tables(), self.config.stores_table.clone());
        let store = StoreItem {
            pk: key::store(&id),
            sk: key::STORE.to_owned(),
            v: 1,
            id: id.clone(),
            account: self.account.clone(),
            platform: platform.to_owned(),
            url: address.to_owned(),
            region: Region::from_str("eu").unwrap(),
            state: StoreState::Connecting,
            generation: 1,
            cache: false,
            vault,
            credential: 0,
            changing_until: None,
            restriction_changes: 0,
            connected_at: self.boot.clock.now(),
            disconnected_at: None,
            expires_at: None,
        };
        transaction::write(&self.tables(), vec![stores.connecting(&store)]).await.unwrap();
        let kept = vault_of(&self.boot).keep(&store, vault, &credential).await.unwrap();
        transaction::write(&self.tables(), [vec![stores.connected(&store)], kept].concat()).await.unwrap();
        self.grant(&id, scopes).await;
        id
    }

    /// Gives, or replaces, the grant of this world's application.
    pub(crate) async fn grant(&self, store: &StoreId, scopes: ScopeSet) {
        let stores = Stores::new(self.tables(), self.config.stores_table.clone());
        let grant = GrantItem {
            pk: key::store(store),
            sk: key::grant(&self.application),
            v: 1,
            store: store.clone(),
            application: self.application.clone(),
            scopes,
            granted_at: self.boot.clock.now(),
            revoked_at: None,
            expires_at: None,
        };
        transaction::write(&self.tables(), stores.granting(&self.account, &grant).into()).await.unwrap();
    }

    /// The tables, for our own adapters.
    pub(crate) fn tables(&self) -> cloud::dynamo::Client {
        cloud::dynamo::client(&self.boot.aws)
    }

    /// The tables, to look into.
    pub(crate) fn sdk(&self) -> aws_sdk_dynamodb::Client {
        crate::sdk::tables(self.faults.url().as_str())
    }

    /// The path of something of the store.
    pub(crate) fn path(&self, rest: &str) -> String {
        format!("/v1/stores/{}/{rest}", self.store)
    }

    /// Answers a call in this process.
    pub(crate) async fn call(&self, calling: Calling) -> Answered {
        Self::call_on(&self.app, calling).await
    }

    pub(crate) async fn call_on(app: &proxy::App, calling: Calling) -> Answered {
        let (event, context) = calling.event();
        let answer = answered(proxy::handle(app, event, &context).await);
        // What stands above a store's data is the control plane's, and no call of it comes here.
        if calling.path == "/v1/platforms" || calling.path.split('/').count() > 4 {
            assert_described(&calling.method, &calling.path, &answer);
        }
        answer
    }

    /// `GET` of something of the store with this world's key.
    pub(crate) async fn get(&self, rest: &str) -> Answered {
        self.call(Calling::new("GET", &self.path(rest)).key(&self.key)).await
    }
}
