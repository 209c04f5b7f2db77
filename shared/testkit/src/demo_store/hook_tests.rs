//! The CartOS connector registers webhooks with the demo store, and reads and verifies what comes.

use connectors::hooks::recipe::{recipe, verify};
use connectors::hooks::{Hook, Registered, Says, Wanted};
use connectors::{Context, Credential, Loopback, Outcome, StoreAddress, connector};
use domain::model::Entity;
use jiff::Timestamp;
use serde_json::json;

use super::*;
use crate::turns::drive;

const PATH: &str = "/hooks/str_1";

/// A store, something that takes its webhooks, and the way in.
struct House {
    store: DemoStore,
    receiver: LoopbackServer,
    taken: Record,
    address: StoreAddress,
    credential: Credential,
}

impl House {
    async fn new() -> Self {
        let store = DemoStore::start(Setup::default()).await.unwrap();
        let taken = Record::default();
        let record = taken.clone();
        let receiver = LoopbackServer::start(0, move |received| {
            record.add(&received);
            async { Response::new(Answer::whole("")) }
        });
        let receiver = receiver.await.unwrap();
        let address = connector("cartos").unwrap().address(store.url().as_str(), Loopback::Allowed).unwrap();
        let credential = [("api_key".to_owned(), store.api_key().into())].into_iter().collect();
        Self { store, receiver, taken, address, credential }
    }

    fn url(&self) -> String {
        self.receiver.url().join(PATH).unwrap().to_string()
    }

    fn context(&self) -> Context<'_> {
        Context { address: &self.address, credential: &self.credential }
    }

    async fn register(&self, secret: &str, new_secret: bool) -> Registered {
        let hooks = connector("cartos").unwrap().hooks().unwrap();
        let url = self.url();
        let turn = hooks.register(&self.context(), &Wanted { url: &url, secret, new_secret }).unwrap();
        match drive(turn).await {
            Ok(Outcome::Registered(registered)) => registered,
            _ => panic!("not registered"),
        }
    }

    /// What came, verified and read.
    async fn hooks(&self, secret: &str) -> Vec<Hook> {
        self.store.settled().await;
        let taken = self.taken.list();
        self.taken.clear();
        let read = |received: &Received| {
            let now = Timestamp::from_second(1_800_000_000).unwrap();
            let verified =
                verify(recipe("cartos").unwrap(), &[secret], &received.headers, &received.body, now).unwrap();
            connector("cartos").unwrap().hooks().unwrap().read(&verified.headers, &received.body).unwrap()
        };
        taken.iter().map(read).collect()
    }
}

#[tokio::test]
async fn webhooks_are_registered_once_and_mended() {
    let house = House::new().await;
    let first = house.register("one", false).await;
    assert_eq!((first.ids.len(), first.repaired, &first.problem), (1, 1, &None));
    assert_eq!(house.register("one", false).await.repaired, 0, "there is nothing to mend");
    house.store.switch_off_webhooks();
    assert_eq!(house.register("one", false).await, first, "switched on again, under its id");
    assert_eq!(house.store.webhooks()[0]["active"], true);

    // Made anew by somebody who had our old address; and one that is none of ours.
    let hooks = [
        json!({ "url": format!("https://old.example{PATH}"), "topics": [], "secret": "x" }),
        json!({ "url": "https://other.example/hooks/str_12", "topics": ["order.created"], "secret": "x" }),
    ];
    for hook in &hooks {
        super::tests::call(&house.store, "POST", "/api/webhooks", house.store.api_key(), &hook.to_string()).await;
    }
    assert_eq!(house.register("one", false).await.repaired, 1, "the second of ours is removed");
    let urls: Vec<String> =
        house.store.webhooks().iter().map(|hook| hook["url"].as_str().unwrap().to_owned()).collect();
    assert_eq!(urls, [house.url(), "https://other.example/hooks/str_12".to_owned()]);

    let hooks = connector("cartos").unwrap().hooks().unwrap();
    assert!(matches!(drive(hooks.unregister(&house.context(), &house.url()).unwrap()).await, Ok(Outcome::Deleted)));
    assert_eq!(house.store.webhooks().len(), 1);
}

#[tokio::test]
async fn what_changes_in_the_store_is_told_whole() {
    let house = House::new().await;
    house.register("one", false).await;
    house.register("two", true).await;
    let key = house.store.api_key();
    let (_, _, made) =
        super::tests::call(&house.store, "POST", "/api/customers", key, r#"{"email":"z@example.test"}"#).await;
    let id = made["customer"]["id"].to_string();
    super::tests::call(&house.store, "PATCH", &format!("/api/customers/{id}"), key, r#"{"first_name":"Z"}"#).await;
    super::tests::call(&house.store, "DELETE", &format!("/api/customers/{id}"), key, "").await;
    let (_, _, levels) = super::tests::call(&house.store, "GET", "/api/inventory", key, "").await;
    let variant = levels["inventory"][0]["variant_id"].to_string();
    super::tests::call(&house.store, "PATCH", &format!("/api/inventory/{variant}"), key, r#"{"available":5}"#).await;
    let hooks = house.hooks("two").await;
    let told: Vec<(String, String, bool)> = hooks
        .iter()
        .map(|hook| match &hook.says {
            Says::Object { topic, id, object, occurred_at, .. } => {
                assert!(occurred_at.is_some());
                (topic.to_string(), id.clone(), object.is_some())
            }
            _ => panic!("all are of objects"),
        })
        .collect();
    let expected = [
        ("customer.created", id.as_str(), true),
        ("customer.updated", &id, true),
        ("customer.deleted", &id, false),
        ("inventory.updated", &variant, true),
    ];
    assert_eq!(told, expected.map(|(topic, id, whole)| (topic.to_owned(), id.to_owned(), whole)));
    let keys: std::collections::BTreeSet<&str> = hooks.iter().map(|hook| hook.key.as_str()).collect();
    assert_eq!(keys.len(), 4);
}

#[tokio::test]
async fn events_can_be_told_from_outside() {
    let house = House::new().await;
    house.register("one", false).await;
    for (body, status) in [
        (r#"{"topic":"order.updated","id":5001,"count":2}"#, 202),
        (r#"{"topic":"app.uninstalled","data":{}}"#, 202),
        (r#"{"topic":"order.updated","id":1}"#, 400),
        (r#"{"topic":"order.updated"}"#, 400),
        ("{}", 400),
    ] {
        assert_eq!(super::tests::call(&house.store, "POST", "/_demo/events", "", body).await.0, status, "{body}");
    }
    let hooks = house.hooks("one").await;
    assert_eq!(hooks.len(), 3);
    assert!(matches!(&hooks[0].says, Says::Object { object: Some(_), updated_at: Some(_), .. }));
    assert!(matches!(hooks[2].says, Says::AppUninstalled));
}

#[tokio::test]
async fn those_that_exist_are_found_in_one_call() {
    let house = House::new().await;
    let turn = connector("cartos").unwrap().existing(&house.context(), Entity::Orders, &["5001", "1", "5002"]);
    let Ok(Outcome::Existing(found)) = drive(turn.unwrap().unwrap()).await else { panic!("not looked") };
    assert_eq!((found, house.store.calls()), (vec!["5001".to_owned(), "5002".to_owned()], 1));
}
