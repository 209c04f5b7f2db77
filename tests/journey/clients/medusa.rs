//! `@medusajs/js-sdk` with our key, in both of the ways in which it can carry one.

use domain::scope::{Scope, ScopeSet};
use secrecy::SecretString;
use serde_json::json;
use testkit::medusa_store::{MedusaStore, PRODUCTS, SECRET_KEY};

use crate::world::World;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn medusas_client_reads_and_writes_with_our_key() {
    let Some(node) = super::node() else { return };
    let world = World::new().await;
    let medusa = MedusaStore::start().await.unwrap();
    let credential = [("api_key".to_owned(), SecretString::from(SECRET_KEY.to_owned()))];
    let scopes = ScopeSet::of(&[Scope::Raw, Scope::ProductsRead, Scope::ProductsWrite]);
    let store = world.connect("medusa", medusa.url().as_str(), credential.into_iter().collect(), scopes).await;

    let seen = node.run("medusa.mjs", &store, &world.key, &[]).await;
    for way in ["apiKey", "header"] {
        let seen = &seen[way];
        assert_eq!((&seen["count"], &seen["rows"]), (&json!(PRODUCTS), &json!(2)), "{way}");
        assert_eq!(seen["created"], format!("Made by {way}"));
        assert_eq!((&seen["price"], &seen["renamed"]), (&json!(21.99), &json!("Renamed")), "{way}");
        assert_eq!(seen["deleted"], true, "{way}");
        assert_eq!(seen["missing"], json!([404, "Product with id: prod_none was not found"]), "{way}");
        assert_eq!(seen["orders"], json!([403]), "{way}: no scope for orders");
    }

    for received in medusa.received() {
        let all = format!("{} {:?}", received.target, received.headers);
        assert!(!all.contains("ctg_") && !all.contains("x-api-key"), "a credential of the caller came through: {all}");
    }
}
