//! Requests about customers, as the account's people see them.

use cloud::dynamo::privacy::{PrivacyRequests, RequestItem};
use domain::{
    event::PrivacyTopic,
    id::{EventId, StoreId},
    role::Role,
};
use serde_json::json;

use super::house::House;
use crate::world::Calling;

#[tokio::test]
async fn requests_are_listed_as_they_are_due_and_to_their_account_only() {
    let house = House::new().await;
    let (owner, other) = (house.owner().await, house.owner().await);
    let requests = PrivacyRequests::new(house.tables(), house.config.privacy_table.clone());
    let store = StoreId::from_uuid(house.clock().new_id());
    let mut opened = Vec::new();
    for name in ["first", "second", "third"] {
        let event = EventId::from_uuid(house.clock().new_id());
        let topic = PrivacyTopic::CustomerErasure;
        let request = RequestItem::new(&event, &owner.account, &store, topic, house.clock().now());
        opened.push(request.id.to_string());
        requests.open(request, name).await.unwrap();
    }
    let first = house.get(&owner, "/v1/privacy/requests?per_page=2").await.json();
    let cursor = first["next_cursor"].as_str().unwrap();
    let rest = house.get(&owner, &format!("/v1/privacy/requests?per_page=2&cursor={cursor}")).await.json();
    let listed: Vec<&str> = [&first, &rest]
        .iter()
        .flat_map(|page| page["data"].as_array().unwrap())
        .map(|row| row["id"].as_str().unwrap())
        .collect();
    assert_eq!(listed, opened, "the first that came in is due first");
    let row = &first["data"][0];
    assert_eq!(
        (&row["kind"], &row["state"], &row["store"]),
        (&json!("customer-erasure"), &json!("running"), &json!(store))
    );
    assert_eq!(row["held"], json!({ "objects": 0, "events": 0, "deliveries": 0 }));
    assert!(row["due_at"].as_str() > row["received_at"].as_str() && row["closed_at"].is_null());

    let officer = house.person(&owner.account, Role::PrivacyOfficer).await;
    assert_eq!(
        house.call(Calling::new("GET", "/v1/privacy/requests").key(&officer)).await.json()["data"]
            .as_array()
            .unwrap()
            .len(),
        3
    );
    assert_eq!(house.get(&other, "/v1/privacy/requests").await.json()["data"], json!([]));
}
