//! The CartOS connector reads the whole demo store.

use connectors::{Context, Credential, Loopback, Outcome, Read, Target, connector};
use domain::model::Entity;

use super::*;
use crate::turns::drive;

async fn read_all(store: &DemoStore, entity: Entity) -> Vec<serde_json::Value> {
    let cartos = connector("cartos").unwrap();
    let address = cartos.address(store.url().as_str(), Loopback::Allowed).unwrap();
    let credential: Credential = [("api_key".to_owned(), store.api_key().into())].into_iter().collect();
    let context = Context { address: &address, credential: &credential };
    let mut cursor: Option<String> = None;
    let mut all = Vec::new();
    loop {
        let target = Target::Page { per_page: 100, cursor: cursor.as_deref(), updated_after: None };
        let read = Read { entity, target, fields: None, include_remote: true };
        let outcome = drive(cartos.read(&context, &read).unwrap()).await.unwrap();
        let body: serde_json::Value = serde_json::from_slice(&outcome.to_json(None).unwrap()).unwrap();
        all.extend(body["data"].as_array().unwrap().iter().cloned());
        match outcome {
            Outcome::Page { next_cursor: Some(next), .. } => cursor = Some(next),
            _ => return all,
        }
    }
}

#[tokio::test]
async fn everything_is_read_once_and_nothing_is_lost_in_mapping() {
    let store = DemoStore::start(Setup::default()).await.unwrap();
    let products = read_all(&store, Entity::Products).await;
    assert_eq!(products.len(), 220);
    assert!(products.iter().all(|product| !product["variants"].as_array().unwrap().is_empty()));
    for product in &products {
        assert_eq!(product["price"]["amount"], product["remote"]["price"]);
        assert_eq!(
            product["variants"].as_array().unwrap().len(),
            product["remote"]["variants"].as_array().unwrap().len()
        );
        assert!(product["created_at"].is_string() && product["updated_at"].is_string());
    }
    let orders = read_all(&store, Entity::Orders).await;
    assert_eq!(orders.len(), 300);
    for order in &orders {
        let remote = &order["remote"];
        assert_eq!((&order["status"], &order["financial_status"]), (&remote["status"], &remote["payment_status"]));
        assert_eq!(
            (&order["totals"]["total"]["amount"], &order["fulfillment_status"]),
            (&remote["total"], &remote["fulfillment_status"])
        );
    }
    assert!(orders.iter().any(|order| order["customer"]["is_guest"] == true));
    assert!(orders.iter().any(|order| order["lines"][0]["product_id"].is_null()));
    assert_eq!(read_all(&store, Entity::Customers).await.len(), 50);
    assert_eq!(read_all(&store, Entity::Categories).await.len(), 12);
    let variants: usize = products.iter().map(|product| product["variants"].as_array().unwrap().len()).sum();
    assert_eq!(read_all(&store, Entity::Inventory).await.len(), variants);
}
