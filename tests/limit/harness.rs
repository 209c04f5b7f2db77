//! Keys in the emulated table, and instances that admit calls by it.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use aws_sdk_dynamodb::types::AttributeValue;
use cloud::{
    clock::{Clock, random_bytes},
    dynamo::{
        Client,
        admission::{Admission, Admitted, Refused},
        key_item::{KeyHolder, KeyItem, NewKeyItem},
        transaction::{Part, write},
    },
};
use domain::{
    id::{AccountId, ApplicationId, KeyId},
    key::{NewKey, PresentedKey},
    limit::{Margin, Moment},
    scope::{Scope, ScopeSet},
    tier::Tier,
};
use jiff::Timestamp;
use testkit::{
    fault_proxy::FaultProxy,
    stack::{AWS_REGION, Stack},
};
use tokio::task::JoinSet;
use url::Url;

/// The margin of these tests, in milliseconds. Clocks of one test differ by less.
pub(super) const MARGIN: u64 = 20;

/// The table of keys, behind a proxy that counts.
pub(super) struct Keys {
    pub(super) proxy: FaultProxy,
    pub(super) table: String,
    client: Client,
    sdk: aws_sdk_dynamodb::Client,
}

/// A key as its holder has it, with its id.
pub(super) struct Key {
    pub(super) id: KeyId,
    pub(super) presented: PresentedKey,
}

impl Keys {
    pub(super) async fn open() -> Self {
        // Making the stack ready blocks for as long as it takes.
        let stack = tokio::task::spawn_blocking(Stack::shared).await.unwrap();
        let proxy = FaultProxy::in_front_of(stack.aws()).await.unwrap();
        let table = stack.function_env("proxy")["KEYS_TABLE"].clone();
        let (client, sdk) = (client(stack.aws()), crate::sdk::tables(stack.aws().as_str()));
        Self { proxy, table, client, sdk }
    }

    /// A new key for an application, expiring at a unix second if one is given.
    pub(super) async fn key(&self, tier: Tier, expires: Option<i64>) -> Key {
        let new = mint(KeyId::from_uuid(Clock::system().new_id()));
        let ids = Clock::system();
        let holder = KeyHolder::Application(
            ApplicationId::from_uuid(ids.new_id()),
            ScopeSet::of(&[Scope::ProductsRead, Scope::OrdersRead]),
        );
        let item = KeyItem::new(NewKeyItem {
            id: new.id().clone(),
            secret: new.secret_hash(),
            account: AccountId::from_uuid(ids.new_id()),
            holder,
            tier,
            expires: expires.map(|seconds| Timestamp::from_second(seconds).unwrap()),
        });
        self.change(item.create(&self.table)).await;
        Key { id: new.id().clone(), presented: PresentedKey::parse(new.reveal()).unwrap() }
    }

    /// Makes a change beside the proxy, so that it is not counted.
    pub(super) async fn change(&self, part: Part) {
        write(&self.client, vec![part]).await.unwrap();
    }

    /// One instance of a function, with its own memory.
    pub(super) fn instance(&self, clock: &Clock) -> Arc<Admission> {
        self.instance_at(self.proxy.url(), clock)
    }

    /// An instance that asks another address.
    pub(super) fn instance_at(&self, url: &Url, clock: &Clock) -> Arc<Admission> {
        let admission = Admission::new(client(url), self.table.clone(), clock.clone());
        Arc::new(admission.with_margin(Margin::from_millis(MARGIN)))
    }

    /// The key's item as it stands.
    pub(super) async fn item(&self, key: &Key) -> HashMap<String, AttributeValue> {
        let pk = format!("key#{}", key.id.body());
        let answer = self.sdk.get_item().table_name(&self.table).key("pk", AttributeValue::S(pk));
        answer.consistent_read(true).send().await.unwrap().item.unwrap()
    }

    /// What the key's ledger has admitted.
    pub(super) async fn admitted(&self, key: &Key) -> u64 {
        self.item(key).await["n"].as_n().unwrap().parse().unwrap()
    }
}

impl Key {
    /// The same key with another secret.
    pub(super) fn with_secret_of(&self, other: &NewKey) -> PresentedKey {
        PresentedKey { id: self.id.clone(), secret_hash: other.secret_hash() }
    }

    /// The same key with a wrong secret.
    pub(super) fn wrong(&self) -> PresentedKey {
        self.with_secret_of(&mint(self.id.clone()))
    }
}

/// A new secret for a key.
pub(super) fn mint(id: KeyId) -> NewKey {
    NewKey::mint(id, &random_bytes())
}

/// A clock that stands a few seconds behind the machine's, away from the border of a second.
pub(super) fn standing_clock() -> Clock {
    Clock::steered(Timestamp::from_millisecond(Clock::system().now().as_second() * 1_000 + 310).unwrap())
}

/// A clock that is ahead of another by some milliseconds.
pub(super) fn ahead_of(clock: &Clock, millis: i64) -> Clock {
    Clock::steered(Timestamp::from_millisecond(clock.now().as_millisecond() + millis).unwrap())
}

/// Moves clocks forward together.
pub(super) fn advance<'a>(clocks: impl IntoIterator<Item = &'a Clock>, millis: u64) {
    for clock in clocks {
        clock.advance(std::time::Duration::from_millis(millis));
    }
}

/// Makes calls at the same time, one for each instance named, and says what became of them.
pub(super) async fn together(
    instances: impl IntoIterator<Item = &Arc<Admission>>,
    presented: &PresentedKey,
) -> Vec<Result<Admitted, Refused>> {
    let mut calls = JoinSet::new();
    for instance in instances {
        let (instance, presented) = (Arc::clone(instance), presented.clone());
        calls.spawn(async move { instance.admit(&presented, 1).await });
    }
    calls.join_all().await
}

/// How many calls were admitted.
pub(super) fn granted(answers: &[Result<Admitted, Refused>]) -> usize {
    answers.iter().filter(|answer| answer.is_ok()).count()
}

/// When the call gets through, by what the refusal says.
pub(super) fn retry_after(answer: &Result<Admitted, Refused>) -> u64 {
    match answer {
        Err(Refused::Limited { retry_after, .. }) => *retry_after,
        other => panic!("{other:?} is not a refusal for limits"),
    }
}

/// The moment a clock shows, in milliseconds.
pub(super) fn millis(clock: &Clock) -> u64 {
    Moment::from(clock.now()).millis()
}

fn client(url: &Url) -> Client {
    let variables = [
        ("AWS_ACCESS_KEY_ID", "test"),
        ("AWS_SECRET_ACCESS_KEY", "test"),
        ("AWS_REGION", AWS_REGION),
        ("AWS_ENDPOINT_URL", url.as_str()),
    ];
    let variables: BTreeMap<String, String> =
        variables.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    cloud::dynamo::client(&cloud::aws::Aws::new(&variables, cloud::aws::tls()).unwrap())
}
