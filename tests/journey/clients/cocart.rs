//! `@cocart/cocart-rest-api` with our key: a guest's cart from the first product to the last, and the sessions that the store's keys may see.

use domain::scope::{Scope, ScopeSet};
use secrecy::SecretString;
use serde_json::json;
use testkit::woo_store::{CONSUMER_KEY, CONSUMER_SECRET, WooStore};

use crate::world::World;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cocarts_client_fills_a_guests_cart_with_our_key() {
    let Some(node) = super::node() else { return };
    let world = World::new().await;
    let woo = WooStore::start().await.unwrap();
    let credential = [
        ("consumer_key".to_owned(), SecretString::from(CONSUMER_KEY.to_owned())),
        ("consumer_secret".to_owned(), SecretString::from(CONSUMER_SECRET.to_owned())),
    ];
    let scopes = ScopeSet::of(&[Scope::Raw, Scope::BasketsRead, Scope::BasketsWrite]);
    let store = world.connect("woocommerce", woo.url().as_str(), credential.into_iter().collect(), scopes).await;

    let seen = node.run("cocart.mjs", &store, &world.key, &[]).await;
    assert_eq!(seen["status"], 200);
    let lines = json!({ "first": 1, "second": 2, "removed": 1, "restored": 2, "cleared": 0, "stranger": 0 });
    assert_eq!(seen["lines"], lines);
    assert_eq!(seen["quantity"], 3);
    assert_eq!(seen["short"], json!([404, "cocart_not_enough_in_stock"]), "the platform's own status and code");
    // Both ways of writing money come through as they are; the unified baskets mend them.
    assert_eq!(
        (&seen["price"], &seen["item"]["subtotal"], &seen["item"]["total"]),
        (&json!("200"), &json!("400"), &json!(4))
    );
    assert_eq!(seen["totals"]["total"], "4150");
    assert_eq!(seen["sessions"], json!([seen["key"]]));
    assert_eq!(seen["session"], 2);
    assert!(seen["expires"].as_u64().unwrap() > 1_700_000_000);
    assert_eq!(seen["limit"], "200");

    // The store's keys would make every cart their owner's: they go to the sessions and nowhere else.
    for received in woo.received() {
        let all = format!("{} {:?}", received.target, received.headers);
        assert!(!all.contains("ctg_"), "our key came through: {all}");
        assert_eq!(all.contains(CONSUMER_KEY), received.target.contains("/session"), "{all}");
    }
}
