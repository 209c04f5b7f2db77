//! Webhooks of stores: who is let in, what reaches the queue, and what it costs.

mod answers;
mod deployed;
mod recipes;
mod units;

use std::collections::BTreeMap;

use aws_sdk_sqs::types::Message;
use base64::{Engine, engine::general_purpose::STANDARD};
use cloud::{
    boot::Boot,
    clock::Clock,
    dynamo::{
        key,
        stores::{StoreItem, Stores},
        transaction,
    },
    events::{EventMessage, HookBody, News},
    hooks::{HookSecrets, HookVault},
    objects::Objects,
};
use connectors::hooks::recipe::{Algorithm, Encoding, Key, Recipe, Signed, recipe};
use domain::{
    id::{AccountId, StoreId},
    store::{HooksState, Region, StoreState, VaultForm},
};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use testkit::{fault_proxy::FaultProxy, stack::Stack};

use crate::{
    sdk::group,
    world::{Answered, Calling, answered, assert_declared, data_keys_of, environment},
};

/// The `intake` function in this process, with a queue of its own, so that no deployed worker takes a test's messages.
pub(crate) struct Door {
    pub(crate) faults: FaultProxy,
    pub(crate) app: intake::App,
    pub(crate) boot: Boot,
    pub(crate) config: intake::Config,
    /// Past the fault proxy, so that only the function is counted.
    direct: Boot,
}

impl Drop for Door {
    fn drop(&mut self) {
        assert_declared(&self.faults);
    }
}

/// A message as it stood in the queue.
pub(crate) struct Queued {
    pub(crate) message: EventMessage,
    pub(crate) group: String,
}

impl Queued {
    pub(crate) fn hook(&self) -> (&BTreeMap<String, String>, &HookBody) {
        match &self.message.news {
            News::Hook { headers, body } => (headers, body),
            News::Recovered { .. } => panic!("intake sends webhooks only"),
        }
    }
}

impl Door {
    pub(crate) async fn new() -> Self {
        Self::with(Clock::system()).await
    }

    pub(crate) async fn with(clock: Clock) -> Self {
        let faults = FaultProxy::in_front_of(Stack::shared().aws()).await.unwrap();
        let environment_of = |aws| environment("intake", aws);
        let direct = Boot::new(&environment_of(Stack::shared().aws()), clock.clone()).unwrap();
        let boot = Boot::new(&environment_of(faults.url()), clock).unwrap();
        let mut config = intake::Config::from_env(&environment_of(faults.url())).unwrap();
        let name = format!("test-incoming-{}", Clock::system().new_id().simple());
        let made = aws_sdk_sqs::Client::new(&crate::sdk::config(Stack::shared().aws().as_str()))
            .create_queue()
            .queue_name(name)
            .send()
            .await
            .unwrap();
        config.incoming_events_queue_url = made.queue_url.unwrap();
        Self { app: intake::App::new(&boot, config.clone()), faults, boot, config, direct }
    }

    /// The function as another instance would start it: nothing remembered.
    pub(crate) fn another_instance(&self) -> intake::App {
        intake::App::new(&self.boot, self.config.clone())
    }

    pub(crate) fn clock(&self) -> &Clock {
        &self.boot.clock
    }

    fn stores(&self) -> Stores {
        Stores::new(cloud::dynamo::client(&self.direct.aws), self.config.stores_table.clone())
    }

    pub(crate) fn vault(&self) -> HookVault {
        HookVault::new(self.stores(), data_keys_of(&self.direct))
    }

    /// A connected store whose webhooks are signed with this.
    pub(crate) async fn store(&self, platform: &str, secret: &str) -> StoreId {
        self.store_with(StoreState::Connected, platform, &HookSecrets::new(secret.to_owned().into())).await
    }

    pub(crate) async fn store_with(&self, state: StoreState, platform: &str, secrets: &HookSecrets) -> StoreId {
        let clock = Clock::system();
        let id = StoreId::from_uuid(clock.new_id());
        let item = StoreItem {
            pk: key::store(&id),
            sk: key::STORE.to_owned(),
            v: 1,
            id: id.clone(),
            account: AccountId::from_uuid(clock.new_id()),
            platform: platform.to_owned(),
            url: "https://shop.example".to_owned(),
            region: Region::Eu,
            state,
            generation: 1,
            cache: false,
            vault: VaultForm::Sealed,
            credential: 1,
            changing_until: None,
            restriction_changes: 0,
            connected_at: clock.now(),
            disconnected_at: None,
            expires_at: None,
        };
        let hooks = self.vault().keeping(&id, secrets, HooksState::Registered).await.unwrap();
        let parts = vec![self.stores().connecting(&item), hooks];
        transaction::write(&cloud::dynamo::client(&self.direct.aws), parts).await.unwrap();
        id
    }

    /// Puts other secrets in place of a store's.
    pub(crate) async fn rotate(&self, store: &StoreId, secret: &str) {
        let hooks = self.vault().read(store).await.unwrap().unwrap();
        let secrets = hooks.secrets.replaced(secret.to_owned().into(), self.clock().now());
        let part = self.vault().changing(store, &hooks.item, &secrets, HooksState::Pending).await.unwrap();
        transaction::write(&cloud::dynamo::client(&self.direct.aws), vec![part]).await.unwrap();
    }

    pub(crate) async fn call(&self, calling: Calling) -> Answered {
        Self::call_on(&self.app, calling).await
    }

    pub(crate) async fn call_on(app: &intake::App, calling: Calling) -> Answered {
        let (event, context) = calling.event();
        answered(intake::handle(app, event, &context).await)
    }

    /// The status that a webhook is answered with.
    pub(crate) async fn post(&self, store: &StoreId, headers: &Headers, body: &[u8]) -> u16 {
        self.call(hook(store, headers, body)).await.status
    }

    /// The bucket of bodies that no message holds.
    pub(crate) fn bucket(&self) -> Objects {
        Objects::new(&self.direct.aws, &self.config.large_hooks_bucket)
    }

    /// What has come into the queue since the last look.
    pub(crate) async fn queued(&self) -> Vec<Queued> {
        let sqs = aws_sdk_sqs::Client::new(&crate::sdk::config(Stack::shared().aws().as_str()));
        let queued = |message: Message| Queued {
            group: group(&message).unwrap_or_default(),
            message: serde_json::from_str(message.body().unwrap()).unwrap(),
        };
        crate::sdk::drain(&sqs, &self.config.incoming_events_queue_url).await.into_iter().map(queued).collect()
    }
}

/// Names and values of headers.
pub(crate) type Headers = Vec<(String, String)>;

/// A webhook as API Gateway hands it over: text where it can be.
pub(crate) fn hook(store: &StoreId, headers: &Headers, body: &[u8]) -> Calling {
    let calling = Calling::new("POST", &format!("/hooks/{store}"));
    let calling = if std::str::from_utf8(body).is_ok() { calling.body(body) } else { calling.bytes(body) };
    headers.iter().fold(calling, |calling, (name, value)| calling.header(name, value))
}

/// What a platform would sign a body with, besides what it always sends. Written after `platforms.md` 3.2 and not after the code that checks it.
pub(crate) fn signed(platform: &str, secret: &str, sent_at: i64, body: &[u8]) -> Headers {
    let recipe: &Recipe = recipe(platform).unwrap();
    assert_eq!(recipe.algorithm, Algorithm::HmacSha256, "a private key signs for {platform}");
    let key = match recipe.key {
        Key::Hex => {
            (0..secret.len()).step_by(2).map(|at| u8::from_str_radix(&secret[at..at + 2], 16).unwrap()).collect()
        }
        Key::Text | Key::Pem => secret.as_bytes().to_vec(),
    };
    let mut headers = Headers::new();
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).unwrap();
    match recipe.signed {
        Signed::IdTimeBody { id, time } => {
            headers.extend([(id.to_owned(), "msg_1".to_owned()), (time.to_owned(), sent_at.to_string())]);
            mac.update(format!("msg_1.{sent_at}.").as_bytes());
            mac.update(body);
        }
        Signed::EcwidEvent => {
            let event: serde_json::Value = serde_json::from_slice(body).unwrap();
            mac.update(format!("{}.{}", event["eventCreated"], event["eventId"].as_str().unwrap()).as_bytes());
        }
        Signed::Body | Signed::Jwt => mac.update(body),
    }
    let mac = mac.finalize().into_bytes();
    let hex = || mac.iter().map(|byte| format!("{byte:02x}")).collect();
    let signature = match recipe.encoding {
        Encoding::Base64 | Encoding::Url => STANDARD.encode(mac),
        Encoding::Hex => hex(),
        Encoding::Versioned => format!("v1,{}", STANDARD.encode(mac)),
    };
    headers.push((recipe.signature[0].to_owned(), signature));
    headers
}
