//! Writes that carry an `Idempotency-Key` happen once, whatever the store does meanwhile.

use std::time::Duration;

use serde_json::json;
use testkit::demo_store::Fault;

use crate::world::{Answered, Calling, World};

/// The name is a marker: nothing of a body may rest anywhere.
const NAME: &str = "Idempotent marker tee";

fn creating(world: &World, token: &str) -> Calling {
    let calling = Calling::new("POST", &world.path("products")).key(&world.key).header("idempotency-key", token);
    calling.body(json!({ "name": NAME, "price": { "amount": "10.00" } }).to_string())
}

fn is_replayed(answer: &Answered) -> bool {
    answer.headers.get("idempotency-replayed").map(String::as_str) == Some("true")
}

/// How many products the store has by the name, on all its pages.
async fn products(world: &World) -> usize {
    let (mut count, mut next) = (0, "products?per_page=100&fields=name".to_owned());
    loop {
        let page = world.get(&next).await.json();
        count += page["data"].as_array().unwrap().iter().filter(|product| product["name"] == NAME).count();
        match page["next_cursor"].as_str() {
            Some(cursor) => next = format!("products?per_page=100&fields=name&cursor={cursor}"),
            None => return count,
        }
    }
}

#[tokio::test]
async fn a_product_is_created_once_and_read_again_as_it_stands() {
    let world = World::new().await;
    let first = world.call(creating(&world, "a")).await;
    assert_eq!(first.status, 201, "{}", first.json());
    let id = first.json()["id"].as_str().unwrap().to_owned();
    assert_eq!(first.headers["location"], world.path(&format!("products/{id}")));

    let path = world.path(&format!("products/{id}"));
    let changed =
        world.call(Calling::new("PATCH", &path).key(&world.key).body(r#"{"price":{"amount":"12.00"}}"#)).await;
    assert_eq!(changed.json()["price"]["amount"], "12.00");
    // On another instance: what is known of the first call is in the table.
    let second = World::call_on(&world.another_instance(), creating(&world, "a")).await;
    assert_eq!((second.status, is_replayed(&second)), (201, true));
    assert_eq!(second.json()["id"], id.as_str());
    assert_eq!(second.json()["price"]["amount"], "12.00", "no body was kept: it is read again");
    assert_eq!(products(&world).await, 1);
    for call in world.faults.seen() {
        let text = String::from_utf8_lossy(&call.body);
        assert!(!text.contains(NAME), "a body went to {}", call.target);
    }

    let other = Calling::new("POST", &world.path("products")).key(&world.key).header("idempotency-key", "a");
    assert_eq!(world.call(other.body(r#"{"name":"x"}"#)).await.problem(), "idempotency_key_reused");

    let deleting = || Calling::new("DELETE", &path).key(&world.key).header("idempotency-key", "d");
    assert_eq!(world.call(deleting()).await.status, 204);
    let again = world.call(deleting()).await;
    assert_eq!((again.status, is_replayed(&again)), (204, true));
}

#[tokio::test]
async fn what_certainly_did_nothing_may_be_tried_again_and_what_nobody_knows_may_not() {
    let world = World::new().await;
    world.demo.fail_next(3, Fault::Status(429, None));
    assert_eq!(world.call(creating(&world, "a")).await.problem(), "upstream_rate_limited");
    let now = world.call(creating(&world, "a")).await;
    assert_eq!((now.status, is_replayed(&now)), (201, false));

    world.demo.fail_next(1, Fault::Status(500, None));
    assert_eq!(world.call(creating(&world, "b")).await.status, 502);
    let unknown = world.call(creating(&world, "b")).await;
    assert_eq!((unknown.status, unknown.problem().as_str()), (409, "idempotency_outcome_unknown"));

    let refused = || {
        let path = world.path("products/999999999");
        Calling::new("PATCH", &path).key(&world.key).header("idempotency-key", "c").body(r#"{"name":"x"}"#)
    };
    let (first, second) = (world.call(refused()).await, world.call(refused()).await);
    assert_eq!((first.problem(), is_replayed(&first)), ("upstream_not_found".to_owned(), false));
    assert_eq!((second.problem(), is_replayed(&second)), ("upstream_not_found".to_owned(), true));

    // The call itself is wrong: that takes no key.
    let wrong = Calling::new("POST", &world.path("products")).key(&world.key).header("idempotency-key", "w");
    assert_eq!(world.call(wrong.body(r#"{"nme":"x"}"#)).await.problem(), "validation_failed");
    let calling = Calling::new("POST", &world.path("products")).key(&world.key).header("idempotency-key", "w");
    assert_eq!(world.call(calling.body(r#"{"name":"right"}"#)).await.status, 201);
}

/// The invocation's deadline bounds how long a second call is told to wait.
#[tokio::test]
async fn a_second_call_waits_for_no_longer_than_the_first_may_take() {
    let world = World::new().await;
    world.demo.fail_next(1, Fault::Slow(Duration::from_millis(1_500)));
    let patience = Duration::from_secs(6);
    let (first, second) = tokio::join!(world.call(creating(&world, "a").within(patience)), async {
        tokio::time::sleep(Duration::from_millis(700)).await;
        world.call(creating(&world, "a").within(patience)).await
    });
    assert_eq!(first.status, 201, "{}", first.json());
    assert_eq!((second.status, second.problem().as_str()), (409, "idempotency_in_progress"));
    let wait: u64 = second.headers["retry-after"].parse().unwrap();
    assert!((1..=6).contains(&wait), "{wait}");
    assert_eq!(products(&world).await, 1);
}

#[tokio::test]
async fn a_batch_has_a_result_for_each_item_and_happens_once() {
    let world = World::new().await;
    let batch = || {
        let calling = Calling::new("POST", &world.path("products/batch")).key(&world.key);
        let items = json!({ "items": [
            { "method": "create", "data": { "name": NAME } },
            { "method": "create", "data": { "name": NAME, "nope": 1 } },
            { "method": "update", "id": "999999999", "data": { "name": "x" } },
            { "method": "delete", "data": {} },
            { "method": "create", "data": { "name": NAME, "sku": "B-2" } },
        ] });
        calling.header("idempotency-key", "batch").body(items.to_string())
    };
    let first = world.call(batch()).await;
    assert_eq!(first.status, 200, "{}", first.json());
    let results = first.json()["data"].as_array().unwrap().clone();
    let statuses: Vec<u64> = results.iter().map(|result| result["status"].as_u64().unwrap()).collect();
    assert_eq!(statuses, [201, 422, 404, 422, 201]);
    assert_eq!(results[0]["data"]["name"], NAME);
    assert_eq!(results[1]["problem"]["errors"][0]["pointer"], "/data/nope");
    assert_eq!(results[2]["problem"]["code"], "upstream_not_found");
    assert_eq!(results[3]["problem"]["errors"][0]["pointer"], "/id");
    assert_eq!(results[4]["data"]["sku"], "B-2");

    let second = world.call(batch()).await;
    assert!(is_replayed(&second));
    assert_eq!(second.json()["data"][4], json!({ "status": 201, "id": results[4]["data"]["id"] }));
    assert_eq!(products(&world).await, 2);

    for (body, pointer) in [
        (json!({ "items": [] }), "/items"),
        (json!({ "items": vec![json!({ "method": "delete", "id": "1" }); 101] }), "/items"),
        (json!({}), "/items"),
        (json!({ "items": [], "x": 1 }), "/x"),
    ] {
        let calling = Calling::new("POST", &world.path("products/batch")).key(&world.key).body(body.to_string());
        let answer = world.call(calling).await;
        assert_eq!((answer.status, answer.json()["errors"][0]["pointer"].as_str()), (422, Some(pointer)), "{body}");
    }
}
