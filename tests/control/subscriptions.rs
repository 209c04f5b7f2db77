//! Subscriptions: made, listed, shown, changed, rotated, deleted; and every way in which a wish can be wrong.

use domain::{
    id::StoreId,
    role::Role,
    scope::{Scope, ScopeSet},
    subscription::MAX_SUBSCRIPTIONS,
};
use serde_json::{Value, json};

use super::house::{Holding, House, Owner};
use crate::world::{Answered, Calling};

/// An account, its application and its store, on which the application may read products and orders.
pub(crate) struct Shop {
    pub(crate) house: House,
    pub(crate) owner: Owner,
    pub(crate) holding: Holding,
    pub(crate) store: StoreId,
}

/// What keys of applications hold in these tests.
pub(crate) const SCOPES: ScopeSet = ScopeSet::of(&[
    Scope::ProductsRead,
    Scope::OrdersRead,
    Scope::SubscriptionsRead,
    Scope::SubscriptionsWrite,
    Scope::EventsRead,
]);

impl Shop {
    pub(crate) async fn new() -> Self {
        Self::in_house(House::new().await).await
    }

    pub(crate) async fn in_house(house: House) -> Self {
        let owner = house.owner().await;
        let holding = house.holding(&owner, SCOPES).await;
        let store = house.store(&owner).await;
        let shop = Self { house, owner, holding, store };
        shop.grant(&shop.holding, &shop.store).await;
        shop
    }

    /// Lets an application read products and orders of a store.
    pub(crate) async fn grant(&self, holding: &Holding, store: &StoreId) {
        let path = format!("/v1/stores/{store}/grants/{}", holding.application);
        let granted = self.house.send("PUT", &self.owner, &path, r#"{"scopes":["products:read","orders:read"]}"#).await;
        assert_eq!(granted.status, 200, "{}", granted.json());
    }

    /// A call with the application's key.
    pub(crate) async fn developer(&self, method: &str, path: &str, body: Option<Value>) -> Answered {
        let calling = Calling::new(method, path).key(&self.holding.key);
        let calling = match body {
            Some(body) => calling.body(body.to_string()),
            None => calling,
        };
        self.house.call(calling).await
    }

    /// A subscription that its application's key makes.
    pub(crate) async fn subscription(&self, more: &Value) -> Value {
        let made = self.developer("POST", "/v1/subscriptions", Some(wish(more))).await;
        assert_eq!(made.status, 201, "{}", made.json());
        made.json()
    }
}

/// A wish with these fields in place of what is there, or beside it.
pub(crate) fn wish(more: &Value) -> Value {
    let mut wish = json!({ "url": "https://hooks.example.com/in", "topics": ["order.*"] });
    for (name, value) in more.as_object().unwrap() {
        wish[name] = value.clone();
    }
    wish
}

#[tokio::test]
async fn a_subscription_is_made_shown_changed_and_deleted() {
    let shop = Shop::new().await;
    let made = shop
        .subscription(&json!({
            "name": "orders to the warehouse",
            "topics": ["product.deleted", "order.*", "order.created"],
            "stores": [shop.store],
            "fields": ["id", "status", "lines.sku"],
            "filter": { "status": ["open", "completed"] },
            "ordering": "entity",
        }))
        .await;
    let secret = made["secret"].as_str().unwrap();
    assert!(secret.starts_with("whsec_") && secret.len() == 50, "32 bytes in base64 behind the prefix");
    assert_eq!(made["topics"], json!(["product.deleted", "order.created", "order.updated", "order.deleted"]));
    assert_eq!(made["application"], json!(shop.holding.application));
    assert_eq!((&made["state"], &made["include_remote"]), (&json!("enabled"), &json!(false)));
    let path = format!("/v1/subscriptions/{}", made["id"].as_str().unwrap());

    let shown = shop.developer("GET", &path, None).await.json();
    assert!(shown.get("secret").is_none(), "it is shown once");
    let mut without = made.clone();
    without.as_object_mut().unwrap().remove("secret");
    assert_eq!(shown, without);
    assert_eq!(shop.house.get(&shop.owner, &path).await.json(), shown, "its account's people see it too");

    // Absent fields stay, `null` empties one.
    let change = json!({ "name": null, "stores": null, "filter": null, "url": "https://hooks.example.com:8443/b" });
    let changed = shop.developer("PATCH", &path, Some(change)).await;
    assert_eq!(changed.status, 200, "{}", changed.json());
    let shown = shop.developer("GET", &path, None).await.json();
    assert_eq!(shown, changed.json());
    assert_eq!((&shown["name"], &shown["stores"], &shown["filter"]), (&Value::Null, &Value::Null, &json!({})));
    assert_eq!((&shown["fields"], &shown["ordering"]), (&made["fields"], &json!("entity")));

    let off = shop.developer("PATCH", &path, Some(json!({ "state": "disabled" }))).await.json();
    assert_eq!((&off["state"], &off["disabled_because"]), (&json!("disabled"), &json!("owner")));
    assert!(off["disabled_at"].is_string());
    let refused = shop.developer("PATCH", &path, Some(json!({ "state": "enabled" }))).await;
    assert_eq!(refused.json()["errors"][0]["pointer"], "/state", "that takes a test");

    assert_eq!(shop.developer("DELETE", &path, None).await.status, 204);
    assert_eq!(shop.developer("GET", &path, None).await.problem(), "not_found");
    assert_eq!(shop.developer("DELETE", &path, None).await.problem(), "not_found");
    assert_eq!(shop.house.get(&shop.owner, "/v1/subscriptions").await.json()["data"], json!([]));
    let told = shop.house.security_events(&shop.owner.account).await;
    for event in ["subscription-created", "subscription-changed", "subscription-deleted"] {
        assert!(told.contains(&event.to_owned()), "{told:?}");
    }
}

#[tokio::test]
async fn every_wrong_field_is_named() {
    let shop = Shop::new().await;
    let (unknown, other) = ("str_00000000000000000000000000", shop.house.store(&shop.owner).await);
    let paths: serde_json::Map<_, _> = (0..11).map(|n| (format!("meta.{n}"), json!(["x"]))).collect();
    for (more, pointers) in [
        (json!({ "url": "http://hooks.example.com/" }), vec!["/url"]),
        (json!({ "url": "https://user:pass@hooks.example.com/" }), vec!["/url"]),
        (json!({ "url": "https://93.184.216.34/" }), vec!["/url"]),
        (json!({ "url": "https://[fd00:ec2::254]/" }), vec!["/url"]),
        (json!({ "url": "https://hooks.example.com:8080/" }), vec!["/url"]),
        (json!({ "url": "http://169.254.169.254/latest/meta-data" }), vec!["/url"]),
        (json!({ "topics": [] }), vec!["/topics"]),
        (json!({ "topics": ["order.updated", "orders.updated", "basket.*"] }), vec!["/topics/1", "/topics/2"]),
        (json!({ "stores": [] }), vec!["/stores"]),
        (json!({ "stores": ["str_1", shop.store, shop.store] }), vec!["/stores/0", "/stores/2"]),
        (json!({ "stores": vec![unknown; 101] }), vec!["/stores"]),
        (json!({ "stores": [shop.store, unknown, other] }), vec!["/stores/1", "/stores/2"]),
        (json!({ "fields": [] }), vec!["/fields"]),
        (json!({ "fields": ["id", "sku", "status,id", " id"] }), vec!["/fields/1", "/fields/2", "/fields/3"]),
        (json!({ "topics": ["app.uninstalled"], "fields": ["id"] }), vec!["/fields/0"]),
        (json!({ "fields": vec!["id"; 101] }), vec!["/fields"]),
        (json!({ "filter": paths }), vec!["/filter"]),
        (json!({ "filter": { "no/such~path": ["x"] } }), vec!["/filter/no~1such~0path"]),
        (json!({ "filter": { "remote.x": ["x"] } }), vec!["/filter/remote.x"]),
        (json!({ "filter": { "status": [], "number": vec!["1"; 21] } }), vec!["/filter/number", "/filter/status"]),
        (json!({ "filter": { "status": ["open", "x".repeat(201)] } }), vec!["/filter/status/1"]),
        (json!({ "ordering": "none", "name": "", "url": "x" }), vec!["/name", "/url", "/ordering"]),
        (json!({ "application": "app_00000000000000000000000000" }), vec!["/application"]),
        (json!({ "secret": "whsec_mine" }), vec!["/secret"]),
    ] {
        let answer = shop.developer("POST", "/v1/subscriptions", Some(wish(&more))).await;
        assert_eq!((answer.status, answer.problem().as_str()), (422, "validation_failed"), "{more}");
        let errors = answer.json()["errors"].clone();
        let named: Vec<&str> =
            errors.as_array().unwrap().iter().map(|error| error["pointer"].as_str().unwrap()).collect();
        assert_eq!(named, pointers, "{more} {errors}");
    }
    let twice = r#"{"url":"https://hooks.example.com/","topics":["*"],"filter":{"status":["a"],"status":["b"]}}"#;
    let calling = Calling::new("POST", "/v1/subscriptions").key(&shop.holding.key).body(twice);
    assert_eq!(shop.house.call(calling).await.problem(), "validation_failed");
    assert_eq!(shop.developer("GET", "/v1/subscriptions", None).await.json()["data"], json!([]));

    // A change is held to the same, as a whole: a topic cannot leave behind a field that nobody has any more.
    let made = shop.subscription(&json!({ "topics": ["order.*"], "fields": ["id", "status"] })).await;
    let path = format!("/v1/subscriptions/{}", made["id"].as_str().unwrap());
    for (change, pointer) in [
        (json!({ "topics": ["product.created"], "fields": ["id", "placed_at"] }), "/fields/1"),
        (json!({ "url": "https://intranet/" }), "/url"),
        (json!({ "stores": [unknown] }), "/stores/0"),
        (json!({ "filter": { "sku": ["x"] } }), "/filter/sku"),
        (json!({ "application": shop.holding.application }), "/application"),
    ] {
        let answer = shop.developer("PATCH", &path, Some(change.clone())).await;
        assert_eq!((answer.status, &answer.json()["errors"][0]["pointer"]), (422, &json!(pointer)), "{change}");
    }
}

#[tokio::test]
async fn who_makes_one_says_for_which_application_and_asks_for_no_more_than_it_may_read() {
    let shop = Shop::new().await;
    let (house, owner) = (&shop.house, &shop.owner);
    let nobody = house.post(owner, "/v1/subscriptions", wish(&json!({}))).await;
    assert_eq!(nobody.json()["errors"][0]["pointer"], "/application", "a management key must say");
    let stranger = house.owner().await;
    let foreign = house.holding(&stranger, SCOPES).await.application;
    for application in ["x", "app_00000000000000000000000000", foreign.as_str()] {
        let refused = house.post(owner, "/v1/subscriptions", wish(&json!({ "application": application }))).await;
        assert_eq!(refused.json()["errors"][0]["pointer"], "/application", "{application}");
    }
    let own = json!({ "application": shop.holding.application });
    assert_eq!(house.post(owner, "/v1/subscriptions", wish(&own)).await.status, 201);
    assert_eq!(shop.subscription(&own).await["application"], own["application"], "its own may be said");

    let refused = shop.developer("POST", "/v1/subscriptions", Some(wish(&json!({ "topics": ["*"] })))).await;
    assert_eq!((refused.status, refused.problem().as_str()), (403, "scope_missing"));
    assert_eq!(refused.json()["detail"], "needs customers:read");
    let everything = json!({ "application": shop.holding.application, "topics": ["*"], "name": "all" });
    let all = house.post(owner, "/v1/subscriptions", wish(&everything)).await.json();
    let path = format!("/v1/subscriptions/{}", all["id"].as_str().unwrap());
    let elsewhere = json!({ "url": "https://evil.example.com/" });
    assert_eq!(shop.developer("PATCH", &path, Some(elsewhere)).await.problem(), "scope_missing");
    assert_eq!(shop.developer("PATCH", &path, Some(json!({ "name": "everything" }))).await.status, 200);

    // Another application of the same account has none of them.
    let other = house.holding(owner, SCOPES).await;
    let answer = house.call(Calling::new("GET", &path).key(&other.key)).await;
    assert_eq!(answer.problem(), "not_found");
    let answer = house.call(Calling::new("GET", "/v1/subscriptions").key(&other.key)).await;
    assert_eq!(answer.json()["data"], json!([]));
}

#[tokio::test]
async fn lists_show_an_applications_or_the_accounts() {
    let shop = Shop::new().await;
    let other = shop.house.holding(&shop.owner, SCOPES).await;
    let mut made = Vec::new();
    for number in 0..3 {
        made.push(shop.subscription(&json!({ "name": format!("number {number}") })).await["id"].clone());
    }
    let of_other = json!({ "application": other.application, "name": "number 3" });
    made.push(shop.house.post(&shop.owner, "/v1/subscriptions", wish(&of_other)).await.json()["id"].clone());
    let ids = |page: &Value| page["data"].as_array().unwrap().iter().map(|row| row["id"].clone()).collect::<Vec<_>>();
    let first = shop.house.get(&shop.owner, "/v1/subscriptions?per_page=3").await.json();
    assert_eq!(ids(&first), made[..3]);
    let cursor = first["next_cursor"].as_str().unwrap();
    let next = shop.house.get(&shop.owner, &format!("/v1/subscriptions?per_page=3&cursor={cursor}")).await.json();
    assert_eq!((ids(&next), &next["next_cursor"]), (made[3..].to_vec(), &Value::Null));
    assert_eq!(ids(&shop.developer("GET", "/v1/subscriptions", None).await.json()), made[..3]);
    let path = format!("/v1/subscriptions?application={}", other.application);
    assert_eq!(ids(&shop.house.get(&shop.owner, &path).await.json()), made[3..]);
    assert_eq!(shop.developer("GET", &path, None).await.json()["errors"][0]["pointer"], "?application");
    assert!(!first.to_string().contains("whsec_"));
}

#[tokio::test]
async fn a_secret_is_rotated_while_the_old_one_is_good() {
    let shop = Shop::new().await;
    let made = shop.subscription(&json!({})).await;
    let path = format!("/v1/subscriptions/{}/rotate-secret", made["id"].as_str().unwrap());
    let mut seen = vec![made["secret"].clone()];
    for body in [None, Some(json!({ "overlap_hours": 72 }))] {
        let rotated = shop.developer("POST", &path, body).await;
        assert_eq!(rotated.status, 200, "{}", rotated.json());
        assert!(rotated.json()["secret_rotated_at"].is_string() && !seen.contains(&rotated.json()["secret"]));
        seen.push(rotated.json()["secret"].clone());
    }
    let full = shop.developer("POST", &path, Some(json!({ "overlap_hours": 1 }))).await;
    assert_eq!((full.status, full.problem().as_str()), (409, "conflict"), "three are good already");
    assert_eq!(shop.developer("POST", &path, Some(json!({ "overlap_hours": 0 }))).await.status, 200);
    for wrong in [json!({ "overlap_hours": 73 }), json!({ "overlap_hours": -1 }), json!({ "overlap": 1 })] {
        assert_eq!(shop.developer("POST", &path, Some(wrong.clone())).await.status, 422, "{wrong}");
    }
    // With an Idempotency-Key it is rotated once, and the secret shown once.
    let once = || Calling::new("POST", &path).key(&shop.holding.key).header("idempotency-key", "r");
    let (first, second) = (shop.house.call(once()).await, shop.house.call(once()).await);
    assert!(first.json()["secret"].is_string());
    assert_eq!(second.json(), json!({ "id": made["id"] }));
    assert_eq!(second.headers["idempotency-replayed"], "true");
    let told = shop.house.security_events(&shop.owner.account).await;
    assert_eq!(told.iter().filter(|event| *event == "subscription-secret-rotated").count(), 4);
}

#[tokio::test]
async fn the_same_wish_twice_is_one_subscription() {
    let shop = Shop::new().await;
    let post = async |token: &str| {
        let calling = Calling::new("POST", "/v1/subscriptions").key(&shop.holding.key);
        shop.house.call(calling.header("idempotency-key", token).body(wish(&json!({})).to_string())).await
    };
    let (first, second) = (post("a").await, post("a").await);
    assert_eq!((first.status, second.status), (201, 201));
    assert!(first.json()["secret"].is_string());
    assert_eq!(second.json(), json!({ "id": first.json()["id"] }), "the secret is shown once");
    assert_ne!(post("b").await.json()["id"], first.json()["id"]);
}

#[tokio::test]
async fn an_application_has_fifty_at_most_and_takes_them_along() {
    let shop = Shop::new().await;
    for number in 0..MAX_SUBSCRIPTIONS {
        shop.subscription(&json!({ "name": format!("number {number}") })).await;
    }
    let refused = shop.developer("POST", "/v1/subscriptions", Some(wish(&json!({})))).await;
    assert_eq!((refused.status, refused.problem().as_str()), (409, "quota_reached"));
    let list = shop.developer("GET", "/v1/subscriptions?per_page=100", None).await.json();
    let gone = list["data"][0]["id"].as_str().unwrap();
    assert_eq!(shop.developer("DELETE", &format!("/v1/subscriptions/{gone}"), None).await.status, 204);
    shop.subscription(&json!({ "name": "one more" })).await;

    let application = format!("/v1/applications/{}", shop.holding.application);
    assert_eq!(shop.house.delete(&shop.owner, &application).await.status, 204);
    assert_eq!(shop.house.get(&shop.owner, "/v1/subscriptions").await.json()["data"], json!([]));
    let subscriptions = shop.house.subscriptions().all(&shop.holding.application).await.unwrap();
    assert!(subscriptions.is_empty());
    let key = crate::world::data_keys_of(&shop.house.boot).find(&shop.holding.application).await.unwrap();
    assert!(key.is_none(), "what sealed the secrets is shredded");
}

#[tokio::test]
async fn a_revoked_grant_leaves_subscriptions_and_a_closed_account_none() {
    let shop = Shop::new().await;
    let made = shop.subscription(&json!({ "stores": [shop.store] })).await;
    let path = format!("/v1/subscriptions/{}", made["id"].as_str().unwrap());
    let grant = format!("/v1/stores/{}/grants/{}", shop.store, shop.holding.application);
    assert_eq!(shop.house.delete(&shop.owner, &grant).await.status, 204);
    assert_eq!(shop.developer("GET", &path, None).await.json()["stores"], json!([shop.store]));
    assert_eq!(shop.developer("PATCH", &path, Some(json!({ "name": "still" }))).await.status, 200);

    assert_eq!(shop.house.delete(&shop.owner, "/v1/account").await.status, 202);
    let left = shop.house.subscriptions().all(&shop.holding.application).await.unwrap();
    assert!(left.is_empty());
}

#[tokio::test]
async fn two_changes_at_once_do_not_undo_each_other() {
    let shop = Shop::new().await;
    let made = shop.subscription(&json!({})).await;
    let id = made["id"].as_str().unwrap().parse().unwrap();
    let subscriptions = shop.house.subscriptions();
    let read = subscriptions.get(&shop.holding.application, &id).await.unwrap().unwrap();
    let path = format!("/v1/subscriptions/{id}");
    assert_eq!(shop.developer("PATCH", &path, Some(json!({ "state": "disabled" }))).await.status, 200);
    let late = subscriptions.changing(&read, &read);
    let outcome = cloud::dynamo::transaction::write(&shop.house.tables(), vec![late]).await;
    assert_eq!(outcome, Err(cloud::dynamo::transaction::TransactionError::Condition(0)));
    assert_eq!(shop.developer("GET", &path, None).await.json()["state"], "disabled");
}

#[tokio::test]
async fn people_who_only_look_change_nothing() {
    let shop = Shop::new().await;
    let path = format!("/v1/subscriptions/{}", shop.subscription(&json!({})).await["id"].as_str().unwrap());
    let support = shop.house.person(&shop.owner.account, Role::Support).await;
    assert_eq!(shop.house.call(Calling::new("GET", &path).key(&support)).await.status, 200);
    let change = Calling::new("PATCH", &path).key(&support).body(r#"{"name":"x"}"#);
    assert_eq!(shop.house.call(change).await.problem(), "scope_missing");
}
