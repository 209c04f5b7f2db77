//! Unified reads of a CartOS store.

use serde_json::Value;

use crate::world::{Calling, World};

async fn all(world: &World, entity: &str, query: &str) -> Vec<Value> {
    let mut rows = Vec::new();
    let mut next = format!("{entity}?per_page=100{query}");
    loop {
        let answer = world.get(&next).await;
        assert_eq!(answer.status, 200, "{next}: {}", String::from_utf8_lossy(&answer.body));
        let page = answer.json();
        rows.extend(page["data"].as_array().unwrap().clone());
        match page["next_cursor"].as_str() {
            Some(cursor) => next = format!("{entity}?per_page=100{query}&cursor={cursor}"),
            None => return rows,
        }
        assert!(rows.len() < 2_000, "paging does not end");
    }
}

#[tokio::test]
async fn every_entity_is_paged_to_its_end_without_a_row_twice() {
    let world = World::new().await;
    for (entity, least) in
        [("products", 200), ("customers", 50), ("orders", 300), ("categories", 1), ("inventory", 200)]
    {
        let rows = all(&world, entity, "").await;
        assert!(rows.len() >= least, "{entity}: {}", rows.len());
        if entity != "inventory" {
            let mut ids: Vec<&str> = rows.iter().map(|row| row["id"].as_str().unwrap()).collect();
            let count = ids.len();
            ids.sort_unstable();
            ids.dedup();
            assert_eq!(ids.len(), count, "{entity}");
        }
    }
}

#[tokio::test]
async fn objects_have_the_unified_form() {
    let world = World::new().await;
    let product = world.get("products?per_page=1").await.json()["data"][0].clone();
    assert!(product["id"].is_string() && product["variants"].as_array().is_some_and(|variants| !variants.is_empty()));
    let amount = product["variants"][0]["price"]["amount"].as_str().expect("money is a string");
    assert!(amount.parse::<f64>().is_ok());
    assert!(product["remote"].is_null(), "the platform's own object comes only when it is asked for");
    let order = world.get("orders?per_page=1").await.json()["data"][0].clone();
    assert!(order["status"].is_string() && order["remote_status"].is_string() && order["lines"].is_array());
    let one = world.get(&format!("orders/{}", order["id"].as_str().unwrap())).await.json();
    assert_eq!(one["id"], order["id"]);
    let with_remote = world.get("products?per_page=1&include=remote").await.json()["data"][0].clone();
    assert!(with_remote["remote"].is_object());
}

/// R122.
#[tokio::test]
async fn r122_fields_select_and_nothing_else_comes() {
    let world = World::new().await;
    let row = world.get("products?per_page=1&fields=id,variants.sku").await.json()["data"][0].clone();
    let names: Vec<&String> = row.as_object().unwrap().keys().collect();
    assert_eq!(names, ["id", "variants"]);
    assert_eq!(row["variants"][0].as_object().unwrap().keys().collect::<Vec<_>>(), ["sku"]);
    let wrong = world.get("products?fields=variants.nonsense").await.json();
    assert_eq!(wrong["errors"][0]["pointer"], "?fields");
    assert!(wrong["errors"][0]["detail"].as_str().unwrap().contains("variants.nonsense"));
}

#[tokio::test]
async fn updated_after_and_cursors_belong_together() {
    let world = World::new().await;
    let rows = all(&world, "orders", "").await;
    let mut times: Vec<&str> = rows.iter().map(|row| row["updated_at"].as_str().unwrap()).collect();
    times.sort_unstable();
    let middle = times[times.len() / 2];
    let later = all(&world, "orders", &format!("&updated_after={middle}")).await;
    assert!(!later.is_empty() && later.len() < rows.len());
    assert!(later.iter().all(|row| row["updated_at"].as_str().unwrap() >= middle));

    let cursor = world.get("orders?per_page=100").await.json()["next_cursor"].as_str().unwrap().to_owned();
    for other in
        ["orders?per_page=50", "products?per_page=100", "orders?per_page=100&updated_after=2020-01-01T00:00:00Z"]
    {
        assert_eq!(world.get(&format!("{other}&cursor={cursor}")).await.problem(), "cursor_invalid", "{other}");
    }
}

/// R135: the store's owner sees who calls; R117: and never sees our key.
#[tokio::test]
async fn r135_the_store_sees_its_own_key_and_a_descriptive_user_agent() {
    let world = World::new().await;
    world.get("products?per_page=1").await;
    let received = world.demo.received();
    let headers = &received[0].headers;
    assert_eq!(headers["x-api-key"], world.demo.api_key());
    let agent = headers["user-agent"].to_str().unwrap();
    assert!(agent.starts_with("Cartage/") && agent.contains('('), "{agent}");
    assert!(!headers.contains_key("authorization"));
    assert!(!format!("{headers:?}").contains("ctg_"));
}

#[tokio::test]
async fn platforms_are_told_without_a_key() {
    let world = World::new().await;
    let answer = world.call(Calling::new("GET", "/v1/platforms")).await;
    assert_eq!(answer.status, 200);
    let body = answer.json();
    let names: Vec<&str> = body["data"].as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap()).collect();
    let known: Vec<&str> = connectors::catalogue().map(|platform| platform.name).collect();
    assert_eq!(names, known);
    assert_eq!(names[..2], ["cartos", "woocommerce"], "those that were there first keep their places");
    assert!(body["data"][0]["credentials"][0]["name"].is_string());
    assert_eq!(world.get("baskets").await.problem(), "not_supported_by_platform");
}
