//! Endpoints, tried while the caller waits; and subscriptions that are switched on because theirs takes a test.

use std::time::Duration;

use cloud::clock::Clock;
use domain::{delivery::Health, subscription::DisabledBecause};
use serde_json::{Value, json};
use testkit::{
    receiver::{Behaviour, Receiver},
    stack::Stack,
};

use super::{house::House, subscriptions::Shop};

async fn subscribed(shop: &Shop, receiver: &Receiver, more: Value) -> String {
    let mut wish = more;
    wish["url"] = receiver.url().as_str().into();
    format!("/v1/subscriptions/{}", shop.subscription(&wish).await["id"].as_str().unwrap())
}

#[tokio::test]
async fn a_test_is_delivered_like_an_event_and_told_as_it_was_met() {
    let shop = Shop::new().await;
    let receiver = Receiver::start().await.unwrap();
    let path = subscribed(&shop, &receiver, json!({ "fields": ["id", "status"] })).await;
    let test = format!("{path}/test");
    let tested = shop.developer("POST", &test, None).await;
    assert_eq!(tested.status, 200, "{}", tested.json());
    let told = tested.json();
    assert_eq!((&told["delivered"], &told["status"], &told["type"]), (&json!(true), &json!(200), &json!("test")));
    assert!(told["milliseconds"].is_u64() && told["bytes"].is_u64() && told.get("body").is_none());
    let arrived = receiver.arrived().pop().unwrap();
    assert_eq!(arrived.event(), told["id"].as_str().unwrap());
    assert_eq!(arrived.json()["id"], told["id"]);
    assert!(arrived.headers["user-agent"].starts_with("Cartage/"));

    let typed = shop.developer("POST", &test, Some(json!({ "type": "order.updated" }))).await.json();
    assert_eq!(typed["type"], "order.updated");
    let arrived = receiver.arrived().pop().unwrap().json();
    assert_eq!((&arrived["type"], &arrived["test"]), (&json!("order.updated"), &json!(true)));
    assert_eq!(arrived["data"], json!({ "id": "test", "status": null }), "cut to the fields that are wanted");
    for wrong in ["product.updated", "order.*", "x"] {
        let refused = shop.developer("POST", &test, Some(json!({ "type": wrong }))).await;
        assert_eq!(refused.json()["errors"][0]["pointer"], "/type", "{wrong}");
    }

    for (behaviour, status, detail) in [
        (Behaviour::Status(500), json!(500), "the endpoint answered 500 after"),
        (Behaviour::Status(410), json!(410), "the endpoint answered 410 after"),
        (Behaviour::Redirect, json!(307), "the endpoint answered 3"),
        (Behaviour::Cut, json!(200), "the connection broke"),
    ] {
        receiver.next([behaviour.clone()]);
        let told = shop.developer("POST", &test, None).await.json();
        assert_eq!(told["delivered"], false, "{behaviour:?}");
        // An answer that is cut may be cut before its status is read.
        let open = matches!(behaviour, Behaviour::Redirect | Behaviour::Cut);
        assert!(open || told["status"] == status, "{behaviour:?} {told}");
        assert!(told["detail"].as_str().unwrap().starts_with(detail), "{behaviour:?} {told}");
    }
    // Nothing of it is held against the endpoint, and nothing recorded.
    let shown = shop.developer("GET", &path, None).await.json();
    assert_eq!((&shown["state"], &shown["failing_since"]), (&json!("enabled"), &Value::Null));
    assert_eq!(shop.developer("GET", &format!("{path}/deliveries"), None).await.json()["data"], json!([]));

    let nowhere = json!({ "url": "http://127.0.0.1:1/" });
    assert_eq!(shop.developer("PATCH", &path, Some(nowhere)).await.status, 200);
    let told = shop.developer("POST", &test, None).await.json();
    assert_eq!((&told["delivered"], &told["error"]), (&json!(false), &json!("unreachable")));
}

#[tokio::test]
async fn a_subscription_is_switched_on_when_its_endpoint_takes_a_test() {
    let shop = Shop::new().await;
    let receiver = Receiver::start().await.unwrap();
    let path = subscribed(&shop, &receiver, json!({})).await;
    let enable = format!("{path}/enable");
    assert_eq!(shop.developer("POST", &enable, None).await.json()["state"], "enabled");
    assert!(receiver.arrived().is_empty(), "what is on stays on");
    assert_eq!(shop.developer("PATCH", &path, Some(json!({ "state": "disabled" }))).await.status, 200);

    receiver.next([Behaviour::Status(503)]);
    let refused = shop.developer("POST", &enable, Some(json!({ "replay": true }))).await;
    assert_eq!((refused.status, refused.problem().as_str()), (424, "test_delivery_failed"));
    assert!(refused.json()["detail"].as_str().unwrap().starts_with("the endpoint answered 503"));
    assert_eq!(shop.developer("GET", &path, None).await.json()["state"], "disabled");
    assert!(shop.house.replays().await.is_empty());

    let off = shop.developer("GET", &path, None).await.json()["disabled_at"].clone();
    let enabled = shop.developer("POST", &enable, Some(json!({ "replay": true }))).await;
    assert_eq!(enabled.status, 200, "{}", enabled.json());
    let shown = shop.developer("GET", &path, None).await.json();
    assert_eq!(shown, enabled.json());
    assert_eq!((&shown["state"], &shown["disabled_at"]), (&json!("enabled"), &Value::Null));
    let queued = shop.house.replays().await;
    assert_eq!(queued.len(), 1);
    assert_eq!(queued[0]["what"]["between"]["from"], off, "what happened while it was off");
}

#[tokio::test]
async fn one_that_was_switched_off_for_its_failures_waits_five_minutes() {
    Stack::shared();
    let shop = Shop::in_house(House::with(Clock::steered(Clock::system().now())).await).await;
    let receiver = Receiver::start().await.unwrap();
    let path = subscribed(&shop, &receiver, json!({})).await;
    let id = path.rsplit('/').next().unwrap().parse().unwrap();
    let subscriptions = shop.house.subscriptions();
    let mut item = subscriptions.get(&shop.holding.application, &id).await.unwrap().unwrap();
    let now = shop.house.clock().now();
    let failing = Health { failing_since: Some(now), failures: 12, parked: true, ..Health::default() };
    assert!(subscriptions.note_health(&mut item, failing, Some(DisabledBecause::Failing), now).await.unwrap());
    let shown = shop.developer("GET", &path, None).await.json();
    assert_eq!((&shown["disabled_because"], shown["failing_since"].is_string()), (&json!("failing"), true));

    let enable = format!("{path}/enable");
    let early = shop.developer("POST", &enable, None).await;
    assert_eq!((early.status, early.problem().as_str()), (409, "conflict"));
    assert!(receiver.arrived().is_empty(), "the endpoint is left alone");
    shop.house.clock().advance(Duration::from_secs(301));
    let enabled = shop.developer("POST", &enable, None).await.json();
    assert_eq!((&enabled["state"], &enabled["failing_since"]), (&json!("enabled"), &Value::Null));
    assert_eq!(shop.house.replays().await[0]["what"], "parked", "what was parked is asked for");
}
