//! `standardwebhooks` for Node and for Python accept what we sign, and what a rotated secret signs, and refuse what was changed on its way.

use cloud::{clock::Clock, egress::Egress, endpoint, env::Permission};
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use testkit::receiver::Receiver;

use crate::deliver::hall::Hall;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r138_receivers_in_node_and_python_accept_our_deliveries() {
    let hall = Hall::new().await;
    let signing = hall.signing();
    let endpoint = Receiver::start().await.unwrap();
    // A verifier goes by the machine's clock.
    let clock = Clock::system();
    let egress = Egress::new(cloud::aws::tls(), Permission::Allow, "webhooks", clock.clone());
    let first = signing.open(&hall.subscription).await.unwrap();
    let made = signing.rotate(&hall.subscription, cloud::signing::OVERLAP).await.unwrap();
    let mut rotated = hall.subscription.clone();
    (rotated.secrets, rotated.secrets_version) = (made.sealed, made.version);
    let both = signing.open(&rotated).await.unwrap();
    let body = r#"{"id":"evt_1","data":{"name":"Ünïcode 🧵","price":"12.50"}}"#;
    for secrets in [&first, &both] {
        let url = endpoint.url();
        endpoint::attempt(&egress, url.as_str(), secrets, "evt_1", clock.now(), body.into()).await;
    }
    let arrived = endpoint.arrived();
    let (old, new) = (hall.secret(), made.secret.expose_secret());
    let delivery = |number: usize, secret: &str, changed: &str| {
        let body = String::from_utf8(arrived[number].body.clone()).unwrap() + changed;
        json!({ "secret": secret, "headers": arrived[number].headers, "body": body })
    };
    let deliveries = json!([
        delivery(0, old, ""),
        delivery(1, old, ""),
        delivery(1, new, ""),
        delivery(0, new, ""),
        delivery(0, old, " "),
    ]);
    let wanted = json!([true, true, true, false, false]);
    let more = [("DELIVERIES", deliveries.to_string())];
    let more: Vec<(&str, &str)> = more.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let store = &hall.world.store;
    let by_python: Value = super::python().run("standard_webhooks.py", store, "", &more).await;
    assert_eq!(by_python, wanted, "Python");
    let Some(node) = super::node() else { return };
    assert_eq!(node.run("standardwebhooks.mjs", store, "", &more).await, wanted, "Node");
}
