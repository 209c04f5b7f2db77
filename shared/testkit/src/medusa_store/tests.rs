use connectors::{Context, Credential, Loopback, Objects, Outcome, Read, ReadError, Target, connector};
use domain::model::Entity;
use http::{Method, Request};

use super::*;
use crate::plain_http::PlainHttp;
use crate::turns::drive;

fn credential(key: &str) -> Credential {
    [("api_key".to_owned(), key.to_owned().into())].into_iter().collect()
}

#[tokio::test]
async fn the_connectors_key_is_taken_and_another_is_not() {
    let store = MedusaStore::start().await.unwrap();
    let medusa = connector("medusa").unwrap();
    let address = medusa.address(store.url().as_str(), Loopback::Allowed).unwrap();
    let right = credential(SECRET_KEY);
    let probe = medusa.probe(&Context { address: &address, credential: &right }).unwrap();
    assert!(matches!(drive(probe).await, Ok(Outcome::Works)));
    let wrong = credential("sk_wrong");
    let probe = medusa.probe(&Context { address: &address, credential: &wrong }).unwrap();
    assert!(matches!(drive(probe).await, Err(ReadError::Upstream { status, .. }) if status == 401));
}

#[tokio::test]
async fn every_product_is_read_once_over_the_pages() {
    let store = MedusaStore::start().await.unwrap();
    let medusa = connector("medusa").unwrap();
    let address = medusa.address(store.url().as_str(), Loopback::Allowed).unwrap();
    let credential = credential(SECRET_KEY);
    let context = Context { address: &address, credential: &credential };
    let mut cursor: Option<String> = None;
    let mut seen = Vec::new();
    loop {
        let target = Target::Page { per_page: 100, cursor: cursor.as_deref(), updated_after: None };
        let read = Read { entity: Entity::Products, target, fields: None, include_remote: false };
        let Ok(Outcome::Page { objects: Objects::Products(products), next_cursor }) =
            drive(medusa.read(&context, &read).unwrap()).await
        else {
            panic!("a page of products was expected")
        };
        seen.extend(products.into_iter().map(|product| product.id));
        match next_cursor {
            Some(next) => cursor = Some(next),
            None => break,
        }
    }
    assert_eq!(seen.len(), PRODUCTS);
    assert_eq!(seen, store.product_ids());
}

/// Without these the tests of the connector would pass against anything.
#[tokio::test]
async fn medusas_traps_are_there() {
    let store = MedusaStore::start().await.unwrap();
    let get = async |path: &str| {
        let request = Request::builder().method(Method::GET).uri(format!("{}{path}", store.url()));
        let request = request.header("authorization", format!("Basic {SECRET_KEY}")).body(bytes::Bytes::new()).unwrap();
        let answer = PlainHttp::default().send(request).await.unwrap();
        (answer.status().as_u16(), serde_json::from_slice::<Value>(answer.body()).unwrap())
    };
    let (_, all) = get("admin/products?limit=9999").await;
    assert_eq!(all["products"].as_array().unwrap().len(), PRODUCTS, "no cap");
    let ids: Vec<&str> = all["products"].as_array().unwrap().iter().map(|row| row["id"].as_str().unwrap()).collect();
    assert!(!ids.is_sorted(), "no order unless one is asked for");
    assert_eq!(get("admin/products?fields=id,nonsense").await.0, 200);
    assert_eq!(get("admin/products?fields=id,nonsense.foo").await.0, 500);
    assert_eq!(get("admin/products/prod_none").await.1["type"], "not_found");
}
