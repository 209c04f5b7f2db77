//! Subscriptions, deliveries and events from the terminal, and `listen`, which forwards to a port of this machine.

use std::{io::Write, time::Duration};

use serde_json::{Value, json};
use testkit::receiver::Receiver;

use super::{Terminal, piped};
use crate::{
    control::{deliveries::happened, subscriptions::Shop},
    guides::verify::verify,
};

const PATIENCE: Duration = Duration::from_secs(40);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_subscription_is_kept_from_the_terminal() {
    let shop = Shop::new().await;
    let (developer, owner) = (Terminal::with(&shop.holding.key), Terminal::with(&shop.owner.key));
    let receiver = Receiver::start().await.unwrap();
    let create = format!(
        "subscriptions create --to {} --topics order.*,product.deleted --fields id,status --filter status=open \
         --filter status=completed --ordering entity --json",
        receiver.url()
    );
    let made = developer.run(&create).await.json();
    let id = made["id"].as_str().unwrap();
    assert!(made["secret"].as_str().unwrap().starts_with("whsec_"));
    assert_eq!(made["filter"], json!({ "status": ["open", "completed"] }));
    let listed = owner.run("subscriptions list").await.fine();
    assert!(listed.contains(id) && !listed.contains("whsec_"), "{listed}");
    let changed =
        developer.run(&format!("subscriptions update {id} --clear filter --name warehouse --json")).await.json();
    assert_eq!(
        (&changed["filter"], &changed["name"], &changed["fields"]),
        (&json!({}), &json!("warehouse"), &made["fields"])
    );

    let tested = developer.run(&format!("subscriptions test {id} --type order.created --json")).await.json();
    assert_eq!((&tested["delivered"], receiver.arrived().len()), (&json!(true), 1));
    assert_eq!(developer.run(&format!("subscriptions disable {id} --json")).await.json()["state"], "disabled");
    receiver.next([testkit::receiver::Behaviour::Status(500)]);
    let refused = developer.run(&format!("subscriptions enable {id}")).await;
    assert_eq!(refused.code, Some(1));
    assert!(refused.err.contains("test_delivery_failed") && refused.err.contains("answered 500"), "{}", refused.err);
    assert!(refused.err.contains("next: "), "{}", refused.err);
    assert_eq!(developer.run(&format!("subscriptions enable {id} --json")).await.json()["state"], "enabled");
    let rotated = developer.run(&format!("subscriptions rotate-secret {id} --overlap 1")).await;
    assert!(rotated.err.contains("shown this once"), "{}", rotated.err);
    assert!(rotated.fine().contains("whsec_"));

    assert_eq!(
        developer.run(&format!("subscriptions deliveries {id} --state failed --json")).await.rows(),
        [] as [Value; 0]
    );
    let replayed = developer.run(&format!("subscriptions replay {id} --failed --json")).await.json();
    assert_eq!(replayed["status"], "replaying");
    assert_eq!(developer.run(&format!("subscriptions replay {id}")).await.code, Some(2), "which?");
    let unasked = developer.run(&format!("subscriptions delete {id}")).await;
    assert_eq!(unasked.code, Some(2), "{}", unasked.err);
    developer.run(&format!("subscriptions delete {id} --yes")).await.fine();
    assert_eq!(developer.run(&format!("subscriptions show {id}")).await.code, Some(1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn events_are_listed_and_forwarded_to_this_machine() {
    let shop = Shop::new().await;
    let developer = Terminal::with(&shop.holding.key);
    let list = format!("/v1/stores/{}/orders?per_page=2", shop.store);
    let orders = developer.run(&format!("get orders --store {} --limit 2 --json", shop.store)).await.rows();
    let (first, second) = (orders[0]["id"].as_str().unwrap(), orders[1]["id"].as_str().unwrap());
    happened(&shop, &shop.store, 3, "order.created", first).await;
    happened(&shop, &shop.store, 2, "product.deleted", "gone").await;
    let newest = happened(&shop, &shop.store, 1, "order.updated", second).await;
    let events = developer.run("events --json").await.rows();
    assert_eq!((events.len(), &events[0]["id"]), (3, &json!(newest)), "{list}");
    let wish = json!({ "topics": ["order.*"], "fields": ["id", "status"] });
    let made = shop.subscription(&wish).await;

    let receiver = Receiver::start().await.unwrap();
    let line = format!(
        "listen --subscription {} --forward {} --last 5 --secret-stdin --json",
        made["id"].as_str().unwrap(),
        receiver.url()
    );
    let mut child = piped(&mut developer.command(&line));
    let secret = made["secret"].as_str().unwrap();
    writeln!(child.stdin.take().unwrap(), "{secret}").unwrap();
    let arrived = async |number: usize| {
        let began = std::time::Instant::now();
        while receiver.arrived().len() < number {
            assert!(began.elapsed() < PATIENCE, "{} arrived", receiver.arrived().len());
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        receiver.arrived()
    };
    let before = arrived(2).await;
    assert_eq!(before[0].json()["type"], "order.created", "oldest first");
    let delivery = &before[1];
    assert_eq!(delivery.json()["data"], json!({ "id": second, "status": orders[1]["status"] }));
    assert_eq!((delivery.event(), &delivery.json()["id"]), (newest.as_str(), &json!(newest)));
    let now = delivery.headers["webhook-timestamp"].parse().unwrap();
    let header = |name: &str| delivery.headers.get(name).map(String::as_str);
    assert!(verify(&[secret], header, &delivery.body, now), "a receiver verifies it like any other");
    // What happens from now on follows.
    let later = happened(&shop, &shop.store, 0, "order.updated", first).await;
    assert_eq!(arrived(3).await[2].event(), later.as_str());
    child.kill().unwrap();
    child.wait().unwrap();

    let elsewhere = developer.run("listen --forward https://example.com/").await;
    assert_eq!(elsewhere.code, Some(2));
    assert!(elsewhere.err.contains("no place on this machine"), "{}", elsewhere.err);
}
