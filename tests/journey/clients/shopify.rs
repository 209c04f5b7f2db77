//! Shopify's `@shopify/admin-api-client` (GraphQL) and the Python client `ShopifyAPI` (REST, and GraphQL beside it) with our key.

use domain::scope::{Scope, ScopeSet};
use secrecy::SecretString;
use serde_json::{Value, json};
use testkit::shopify_store::{ACCESS_TOKEN, Setup, ShopifyStore};

use crate::world::World;

/// A shop and the id under which it is connected.
async fn connected(world: &World, scopes: &[Scope]) -> (ShopifyStore, domain::id::StoreId) {
    let shop = ShopifyStore::start(Setup::default()).await.unwrap();
    let credential = [("access_token".to_owned(), SecretString::from(ACCESS_TOKEN.to_owned()))];
    let scopes = ScopeSet::of(scopes);
    let store = world.connect("shopify", shop.url().as_str(), credential.into_iter().collect(), scopes).await;
    (shop, store)
}

/// The shop's token went in, and nothing of the caller's came through.
fn assert_only_the_shops_token(shop: &ShopifyStore) {
    assert!(!shop.received().is_empty());
    for received in shop.received() {
        let all = format!("{} {:?}", received.target, received.headers);
        assert!(
            !all.contains("ctg_") && !all.contains("of_the_client"),
            "a credential of the caller came through: {all}"
        );
        assert_eq!(received.headers["x-shopify-access-token"], ACCESS_TOKEN);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn shopifys_client_queries_and_mutates_with_our_key() {
    let Some(node) = super::node() else { return };
    let world = World::new().await;
    // A GraphQL call shows nothing of what it is about: `raw` is what it needs.
    let (shop, store) = connected(&world, &[Scope::Raw]).await;
    let seen = node.run("shopify.mjs", &store, &world.key, &[]).await;
    let ids: Vec<String> = shop.product_ids().iter().map(|id| format!("gid://shopify/Product/{id}")).collect();
    assert_eq!(seen["ids"], json!(ids));
    assert_eq!(
        seen["cost"]["throttleStatus"]["maximumAvailable"].as_f64(),
        Some(20_000.0),
        "the platform's own numbers"
    );
    assert_eq!((&seen["title"], &seen["deleted"]), (&json!("Made by Shopify's client"), &json!(true)));
    assert_eq!(seen["refused"], json!([{ "field": ["input", "title"], "message": "Title can't be blank" }]));
    assert_eq!(seen["wrong"], json!(["Field 'nonsense' doesn't exist on type 'Product'"]));
    for status in seen["statuses"].as_array().unwrap() {
        assert_eq!(*status, json!([200, "200"]), "the platform's status, and our limit beside it");
    }
    assert_only_the_shops_token(&shop);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_python_client_reads_and_writes_rest_with_our_key() {
    let world = World::new().await;
    let (shop, store) = connected(&world, &[Scope::Raw, Scope::ProductsRead, Scope::ProductsWrite]).await;
    let seen: Value = super::python().run("shopify_api.py", &store, &world.key, &[]).await;
    assert_eq!((&seen["shop"], &seen["count"]), (&json!("Stand-in"), &json!(30)));
    assert_eq!(seen["ids"], json!(shop.product_ids()));
    assert_eq!((&seen["saved"], &seen["price"]), (&json!(true), &json!("21.99")));
    assert_eq!((&seen["title"], &seen["missing"]), (&json!("Changed by ShopifyAPI"), &json!(404)));
    assert_eq!(seen["blank"], json!([false, ["title can't be blank"]]), "the platform's own refusal");
    assert_eq!(seen["graphql"], "Product 0");
    assert_only_the_shops_token(&shop);
}
