//! The connectors register webhooks with the stand-ins, verify and read what comes, and mend what was lost.

use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};

use bytes::Bytes;
use connectors::hooks::recipe::{is_ping, recipe, verify};
use connectors::hooks::{Hook, Hooks, Registered, Says, Wanted};
use connectors::{
    Connector, Context, Credential, Loopback, Outcome, RawCall, RawPath, Read, Refusal, StoreAddress, Target, connector,
};
use domain::model::Entity;
use http::{HeaderMap, Method, Response, StatusCode};
use jiff::Timestamp;
use serde_json::json;
use url::Url;

use crate::loopback_server::{Answer, LoopbackServer, Received, Record, unix_now};
use crate::turns::{drive, send};
use crate::{big_store, medusa_store, shopify_store, woo_store};

/// What takes webhooks in, and the way into the store that sends them.
struct House {
    connector: &'static dyn Connector,
    address: StoreAddress,
    credential: Credential,
    receiver: LoopbackServer,
    taken: Record,
    status: Arc<AtomicU16>,
}

impl House {
    async fn new(platform: &str, store: &Url, credential: &[(&str, &str)]) -> Self {
        let connector = connector(platform).unwrap();
        let (taken, status) = (Record::default(), Arc::new(AtomicU16::new(200)));
        let (record, answering) = (taken.clone(), Arc::clone(&status));
        let receiver = LoopbackServer::start(0, move |received| {
            record.add(&received);
            let mut answer = Response::new(Answer::whole(""));
            *answer.status_mut() = StatusCode::from_u16(answering.load(Ordering::SeqCst)).unwrap();
            async { answer }
        });
        Self {
            connector,
            address: connector.address(store.as_str(), Loopback::Allowed).unwrap(),
            credential: credential.iter().map(|(name, value)| ((*name).to_owned(), (*value).into())).collect(),
            receiver: receiver.await.unwrap(),
            taken,
            status,
        }
    }

    fn hooks(&self) -> &'static dyn Hooks {
        self.connector.hooks().unwrap()
    }

    fn url(&self) -> String {
        self.receiver.url().join("/hooks/str_1").unwrap().to_string()
    }

    fn context(&self) -> Context<'_> {
        Context { address: &self.address, credential: &self.credential }
    }

    fn answer_with(&self, status: u16) {
        self.status.store(status, Ordering::SeqCst);
    }

    async fn register(&self, secret: &str) -> Registered {
        let turn = self.hooks().register(&self.context(), &Wanted { url: &self.url(), secret, new_secret: false });
        match drive(turn.unwrap()).await {
            Ok(Outcome::Registered(registered)) => registered,
            Ok(_) => panic!("not registered"),
            Err(error) => panic!("not registered: {error}"),
        }
    }

    async fn unregister(&self) {
        let turn = self.hooks().unregister(&self.context(), &self.url()).unwrap();
        assert!(matches!(drive(turn).await, Ok(Outcome::Deleted)));
    }

    /// What came since the last look, verified and read.
    fn hooks_since(&self, secret: &str) -> Vec<Hook> {
        let recipe = recipe(self.connector.platform().name).unwrap();
        let now = Timestamp::from_second(i64::try_from(unix_now()).unwrap()).unwrap();
        let read = |received: &Received| {
            let verified = verify(recipe, &[secret], &received.headers, &received.body, now).unwrap();
            self.hooks().read(&verified.headers, &received.body).unwrap()
        };
        let hooks = self.taken.list().iter().map(read).collect();
        self.taken.clear();
        hooks
    }

    async fn existing(&self, entity: Entity, ids: &[&str]) -> Vec<String> {
        match drive(self.connector.existing(&self.context(), entity, ids).unwrap().unwrap()).await {
            Ok(Outcome::Existing(ids)) => ids,
            _ => panic!("{entity}: not looked"),
        }
    }
}

fn told(hooks: &[Hook]) -> Vec<String> {
    let told = |hook: &Hook| match &hook.says {
        Says::Object { topic, id, object, .. } => {
            format!("{topic} {id}{}", if object.is_some() { " whole" } else { "" })
        }
        Says::AppUninstalled => "uninstalled".to_owned(),
        Says::Privacy(topic, _) => format!("{topic:?}"),
        Says::Nothing => "nothing".to_owned(),
    };
    hooks.iter().map(told).collect()
}

#[tokio::test]
async fn woocommerce_pings_tells_twice_and_says_nothing_of_a_forced_deletion() {
    let store = woo_store::WooStore::start().await.unwrap();
    let keys = [("consumer_key", woo_store::CONSUMER_KEY), ("consumer_secret", woo_store::CONSUMER_SECRET)];
    let house = House::new("woocommerce", store.url(), &keys).await;
    assert_eq!(house.register("s3cret").await.repaired, 11);
    store.settled().await;
    let pings = house.taken.list();
    let woo = recipe("woocommerce").unwrap();
    assert!(pings.len() == 11 && pings.iter().all(|ping| is_ping(woo, &ping.headers, &ping.body)));
    house.taken.clear();
    assert_eq!(house.register("s3cret").await.repaired, 0);

    let call = async |method: Method, path: &str, query, body: &str, nonce| {
        let (path, headers) = (RawPath::parse(path).unwrap(), HeaderMap::new());
        let body = Bytes::from(body.to_owned());
        let request =
            house.connector.raw(&house.context(), RawCall { method, path: &path, query, headers: &headers, body });
        let answer = send(&request.unwrap(), nonce).await;
        assert!(answer.status.is_success(), "{}", answer.status);
        serde_json::from_slice::<serde_json::Value>(&answer.body).unwrap()["id"].to_string()
    };
    let order = call(Method::POST, "wp-json/wc/v3/orders", None, r#"{"status":"processing"}"#, 101).await;
    let path = format!("wp-json/wc/v3/orders/{order}");
    call(Method::DELETE, &path, None, "", 102).await;
    call(Method::DELETE, &path, Some("force=true"), "", 103).await;
    call(Method::PUT, "wp-json/wc/v3/products/14", None, r#"{"name":"New"}"#, 104).await;
    store.settled().await;
    let bodies: Vec<Bytes> = house.taken.list().into_iter().map(|received| received.body).collect();
    assert_eq!(bodies[0], bodies[1], "created and updated in the same bytes");
    let hooks = house.hooks_since("s3cret");
    let expected = [
        format!("order.created {order} whole"),
        format!("order.updated {order} whole"),
        format!("order.deleted {order}"),
        "product.updated 14".to_owned(),
    ];
    assert_eq!(told(&hooks), expected);
    assert_ne!(hooks[0].key, hooks[1].key);

    // Off after more than five failures, silent from then on; the next look mends it.
    house.answer_with(500);
    for _ in 0..6 {
        assert_eq!(store.tell("product.deleted", r#"{"id":15}"#), 1);
        store.settled().await;
    }
    assert_eq!(store.tell("product.deleted", r#"{"id":15}"#), 0);
    house.answer_with(200);
    assert_eq!(house.register("s3cret").await.repaired, 1);
    assert_eq!(store.tell("product.deleted", r#"{"id":15}"#), 1);
    house.unregister().await;
    assert!(store.webhooks().is_empty());
    assert_eq!(house.existing(Entity::Products, &["14", "99999"]).await, ["14"]);
    assert_eq!(house.existing(Entity::Customers, &["2", "3"]).await, ["2"]);
}

#[tokio::test]
async fn shopify_tells_ids_only_and_deletes_what_nobody_takes() {
    let store = shopify_store::ShopifyStore::start(shopify_store::Setup::default()).await.unwrap();
    let keys = [("access_token", shopify_store::ACCESS_TOKEN), ("client_secret", shopify_store::CLIENT_SECRET)];
    let house = House::new("shopify", store.url(), &keys).await;
    store.forbid_webhook("customers/create");
    let first = house.register("").await;
    assert_eq!((first.ids.len(), store.webhooks().len()), (15, 15));
    assert!(first.problem.unwrap().contains("CUSTOMERS_CREATE"), "one topic is refused, the others are there");
    store.lose_webhook("orders/updated");
    assert_eq!(house.register("").await.repaired, 2, "what is lost, and another try of what is refused");

    let order = json!({ "id": 3000, "updated_at": "2026-11-22T10:00:00Z", "email": "private@example.test" });
    assert_eq!(store.tell("orders/updated", &order), 1);
    let level = json!({ "inventory_item_id": 7_020_000, "location_id": 501, "available": 3, "updated_at": "2026-11-22T10:00:00Z" });
    store.tell("inventory_levels/update", &level);
    store.tell("products/delete", &json!({ "id": 1000 }));
    store.tell("app/uninstalled", &json!({ "id": 1, "shop_owner": "Ann" }));
    store.settled().await;
    assert!(house.taken.list().iter().all(|received| {
        let body = String::from_utf8_lossy(&received.body);
        !body.contains("private") && !body.contains("Ann")
    }));
    let hooks = house.hooks_since(shopify_store::CLIENT_SECRET);
    let item = "gid://shopify/InventoryItem/7020000";
    let expected = ["order.updated 3000", &format!("inventory.updated {item}"), "product.deleted 1000", "uninstalled"];
    assert_eq!(told(&hooks), expected);
    let read = Read { entity: Entity::Inventory, target: Target::One(item), fields: None, include_remote: false };
    let Ok(Outcome::One(level)) = drive(house.connector.read(&house.context(), &read).unwrap()).await else {
        panic!("the level of the item's variant")
    };
    assert_eq!(level.first_id(), Some("20000"));

    house.answer_with(500);
    for _ in 0..8 {
        store.tell("orders/delete", &json!({ "id": 3000 }));
        store.settled().await;
    }
    assert_eq!(store.tell("orders/delete", &json!({ "id": 3000 })), 0, "the subscription is gone");
    house.unregister().await;
    assert!(store.webhooks().is_empty());
    for (entity, id) in [
        (Entity::Products, "1000"),
        (Entity::Orders, "3000"),
        (Entity::Customers, "400"),
        (Entity::Categories, "1"),
        (Entity::Inventory, "20000"),
    ] {
        assert_eq!(house.existing(entity, &["999999", id]).await, [id], "{entity}");
    }
}

#[tokio::test]
async fn bigcommerce_switches_off_what_nobody_took() {
    let store = big_store::BigStore::start(big_store::Setup::default()).await.unwrap();
    let keys = [("access_token", big_store::ACCESS_TOKEN), ("client_secret", big_store::CLIENT_SECRET)];
    let house = House::new("bigcommerce", &store.url(), &keys).await;
    assert_eq!(house.register("").await.repaired, 6);
    store.switch_off_webhooks();
    assert_eq!(store.tell("store/order/updated", &json!({ "id": 1 })), 0);
    let mended = house.register("").await;
    assert_eq!((mended.ids.len(), mended.repaired, store.webhooks().len()), (6, 6, 6));
    assert_eq!(house.register("").await.repaired, 0);
    for (scope, data) in [
        ("store/order/statusUpdated", json!({ "type": "order", "id": 250 })),
        ("store/order/archived", json!({ "type": "order", "id": 250 })),
        (
            "store/sku/inventory/updated",
            json!({ "type": "sku", "id": 461, "inventory": { "product_id": 206, "value": 5, "variant_id": 509 } }),
        ),
        (
            "store/product/inventory/updated",
            json!({ "type": "product", "id": 167, "inventory": { "product_id": 167, "value": 5 } }),
        ),
        ("store/sku/deleted", json!({ "type": "sku", "id": 461, "sku": { "product_id": 206, "variant_id": 509 } })),
        ("store/customer/address/created", json!({ "type": "customer", "id": 60, "address": { "customer_id": 32 } })),
        ("store/order/message/created", json!({ "type": "order", "id": 250 })),
        ("store/app/uninstalled", json!({ "type": "app" })),
    ] {
        assert_eq!(store.tell(scope, &data), 1, "{scope}");
    }
    store.settled().await;
    let hooks = house.hooks_since(big_store::CLIENT_SECRET);
    let expected = [
        "order.updated 250",
        "order.deleted 250",
        "inventory.updated 509",
        "product.updated 167",
        "product.updated 206",
        "customer.updated 32",
        "nothing",
        "uninstalled",
    ];
    assert_eq!(told(&hooks), expected);
    house.unregister().await;
    assert!(store.webhooks().is_empty());
    let product = store.product_ids()[0].to_string();
    assert_eq!(house.existing(Entity::Products, &[&product, "999999"]).await, [product.as_str()]);
    assert!(house.connector.existing(&house.context(), Entity::Orders, &["1"]).is_none());

    let without = House::new("bigcommerce", &store.url(), &keys[..1]).await;
    let wanted = Wanted { url: "https://x/hooks/str_1", secret: "", new_secret: false };
    assert!(matches!(without.hooks().register(&without.context(), &wanted), Err(Refusal::NotSupported(_))));
}

#[tokio::test]
async fn medusas_subscriber_file_tells_events() {
    let store = medusa_store::MedusaStore::start().await.unwrap();
    let house = House::new("medusa", store.url(), &[("api_key", medusa_store::SECRET_KEY)]).await;
    store.tell("order.placed", &json!({ "id": "order_0" }));
    store.subscribe(&house.url(), "s3cret");
    for (name, data) in [
        ("order.placed", json!({ "id": "order_1" })),
        ("order.canceled", json!({ "id": "order_1" })),
        ("order.fulfillment_created", json!({ "order_id": "order_1", "fulfillment_id": "ful_1" })),
        ("product.deleted", json!({ "id": "prod_1" })),
        ("product-variant.updated", json!({ "id": "variant_1", "product_id": "prod_1" })),
        ("product-variant.deleted", json!({ "id": "variant_1" })),
        ("product-category.created", json!({ "id": "pcat_1" })),
        ("inventory-item.updated", json!({ "id": "iitem_1", "variant_id": "variant_1" })),
        ("user.created", json!({ "id": "user_1" })),
    ] {
        store.tell(name, &data);
    }
    store.settled().await;
    let expected = [
        "order.created order_1",
        "order.updated order_1",
        "order.updated order_1",
        "product.deleted prod_1",
        "product.updated prod_1",
        "nothing",
        "category.created pcat_1",
        "inventory.updated variant_1",
        "nothing",
    ];
    assert_eq!(told(&house.hooks_since("s3cret")), expected);
    let product = &store.product_ids()[0];
    assert_eq!(house.existing(Entity::Products, &["prod_none", product]).await, [product.as_str()]);
    let wanted = Wanted { url: "https://x/hooks/str_1", secret: "", new_secret: false };
    assert!(matches!(house.hooks().register(&house.context(), &wanted), Err(Refusal::NotSupported(_))));
}
