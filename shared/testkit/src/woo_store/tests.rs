use bytes::Bytes;
use connectors::{Context, Credential, Loopback, Objects, Outcome, RawCall, RawPath, Read, Target, connector};
use domain::model::Entity;
use http::{HeaderMap, Method};

use super::*;
use crate::turns::{drive, send};

fn credential(secret: &str) -> Credential {
    [("consumer_key", CONSUMER_KEY), ("consumer_secret", secret)]
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value.into()))
        .collect()
}

#[tokio::test]
async fn the_connectors_signature_is_taken_and_a_wrong_or_used_one_is_not() {
    let store = WooStore::start().await.unwrap();
    let woo = connector("woocommerce").unwrap();
    let address = woo.address(store.url().as_str(), Loopback::Allowed).unwrap();
    let right = credential(CONSUMER_SECRET);
    let context = Context { address: &address, credential: &right };
    assert!(matches!(drive(woo.probe(&context).unwrap()).await, Ok(Outcome::Works)));
    let wrong = credential("cs_wrong");
    let refused = drive(woo.probe(&Context { address: &address, credential: &wrong }).unwrap()).await;
    assert!(matches!(refused, Err(connectors::ReadError::Upstream { status, .. }) if status == 401));

    let path = RawPath::parse("wp-json/wc/v3/products").unwrap();
    let mut headers = HeaderMap::new();
    headers.insert("authorization", "Basic b3VyOmtleQ==".parse().unwrap());
    let query = Some("search=a%20b%2Bc&consumer_key=ck_other&consumer_secret=cs_other&oauth_nonce=x&per_page=2");
    let call = RawCall { method: Method::GET, path: &path, query, headers: &headers, body: Bytes::new() };
    let request = woo.raw(&context, call).unwrap();
    assert_eq!(send(&request, 77).await.status, 200);
    assert_eq!(send(&request, 77).await.status, 401);
    assert_eq!(send(&request, 78).await.status, 200);
    let received = store.received();
    let last = received.last().unwrap();
    assert!(!last.headers.contains_key("authorization") && !last.target.contains("_other"));
    assert!(last.target.starts_with("/wp-json/wc/v3/products?search=a%20b%2Bc&per_page=2&oauth_consumer_key="));
}

#[tokio::test]
async fn every_product_is_read_once_over_the_pages() {
    let store = WooStore::start().await.unwrap();
    let woo = connector("woocommerce").unwrap();
    let address = woo.address(store.url().as_str(), Loopback::Allowed).unwrap();
    let credential = credential(CONSUMER_SECRET);
    let context = Context { address: &address, credential: &credential };
    let mut cursor: Option<String> = None;
    let mut seen = Vec::new();
    loop {
        let target = Target::Page { per_page: 3, cursor: cursor.as_deref(), updated_after: None };
        let read = Read { entity: Entity::Products, target, fields: None, include_remote: false };
        // Each page draws its nonces anew in this test; the stand-in would refuse them.
        lock(&store.shared.used_nonces).clear();
        let Ok(Outcome::Page { objects: Objects::Products(products), next_cursor }) =
            drive(woo.read(&context, &read).unwrap()).await
        else {
            panic!("a page of products was expected")
        };
        seen.extend(products.into_iter().map(|product| (product.id, product.variants.len(), product.price)));
        match next_cursor {
            Some(next) => cursor = Some(next),
            None => break,
        }
    }
    let ids: Vec<&str> = seen.iter().map(|(id, ..)| id.as_str()).collect();
    assert_eq!(ids, ["12", "13", "14", "16"]);
    assert!(seen.iter().all(|(_, variants, _)| *variants == 1));
    assert_eq!(serde_json::to_value(&seen[3].2).unwrap(), serde_json::json!({ "amount": "12.50", "currency": "USD" }));
}
