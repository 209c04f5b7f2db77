//! The second platform: unified reads of a WooCommerce store over plain http, where it takes signed calls only.

use domain::scope::{Scope, ScopeSet};
use secrecy::SecretString;
use testkit::woo_store::{CONSUMER_KEY, CONSUMER_SECRET, WooStore};

use crate::world::{Answered, Calling, World};

async fn connected(secret: &str) -> (World, WooStore, String) {
    let world = World::new().await;
    let woo = WooStore::start().await.unwrap();
    let credential = [
        ("consumer_key".to_owned(), SecretString::from(CONSUMER_KEY.to_owned())),
        ("consumer_secret".to_owned(), SecretString::from(secret.to_owned())),
    ];
    let scopes: ScopeSet = Scope::ALL.iter().copied().filter(|scope| scope.is_data_plane()).collect();
    let store = world.connect("woocommerce", woo.url().as_str(), credential.into_iter().collect(), scopes).await;
    (world, woo, format!("/v1/stores/{store}"))
}

async fn get(world: &World, path: String) -> Answered {
    world.call(Calling::new("GET", &path).key(&world.key)).await
}

#[tokio::test]
async fn products_come_with_their_variants_and_orders_with_both_statuses() {
    let (world, woo, base) = connected(CONSUMER_SECRET).await;
    let answer = get(&world, format!("{base}/products")).await;
    assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.body));
    let products = answer.json()["data"].as_array().unwrap().clone();
    assert_eq!(products.len(), woo.product_ids().len());
    let tee = products.iter().find(|product| product["id"] == "16").unwrap();
    assert_eq!(tee["variants"][0]["sku"], "T-S");
    assert_eq!(tee["variants"][0]["price"]["amount"], "12.50");
    let order = get(&world, format!("{base}/orders/18")).await.json();
    assert_eq!(order["remote_status"], "processing");
    assert_eq!(order["financial_status"], "paid");
    assert_eq!(order["totals"]["total"]["amount"], "29.90");
    assert_eq!(order["lines"][0]["unit_price"]["amount"], "12.5", "a JSON number keeps its digits");
}

#[tokio::test]
async fn pages_are_followed_and_end() {
    let (world, woo, base) = connected(CONSUMER_SECRET).await;
    let mut ids = Vec::new();
    let mut next = format!("{base}/products?per_page=1&fields=id");
    loop {
        let page = get(&world, next).await.json();
        ids.extend(
            page["data"].as_array().unwrap().iter().map(|row| row["id"].as_str().unwrap().parse::<u64>().unwrap()),
        );
        match page["next_cursor"].as_str() {
            Some(cursor) => next = format!("{base}/products?per_page=1&fields=id&cursor={cursor}"),
            None => break,
        }
    }
    assert_eq!(ids, woo.product_ids());
}

#[tokio::test]
async fn a_wrong_credential_is_told_without_showing_it() {
    let (world, _woo, base) = connected("cs_wrong_wrong_wrong").await;
    let answer = get(&world, format!("{base}/products")).await;
    assert_eq!((answer.status, answer.problem().as_str()), (424, "upstream_unauthorized"));
    let text = String::from_utf8(answer.body).unwrap();
    assert!(!text.contains("cs_wrong") && !text.contains(CONSUMER_KEY), "{text}");
}
