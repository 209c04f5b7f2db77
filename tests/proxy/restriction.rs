//! Customers whose data must not be used (`privacy.md` D.6): refused, left out, and nothing of it known to anybody who has no key.

use std::{collections::BTreeSet, time::Duration};

use cloud::{
    clock::Clock,
    dynamo::{
        key,
        keys::Keys,
        stores::{RestrictionItem, StoreChange, Stores},
        transaction,
    },
    restrictions::{self, Names},
};
use domain::{
    id::{ApplicationId, StoreId},
    restriction::{Ground, Identifier},
};
use http::StatusCode;
use jiff::Timestamp;
use serde_json::{Value, json};
use testkit::fault_proxy::{Calls, Fault};

use crate::world::{Answered, Calling, World, data_keys_of, environment, wide};

/// What is restricted how.
#[derive(Default)]
pub(crate) struct Wish {
    pub(crate) legal_claims: Vec<ApplicationId>,
    pub(crate) lifts_at: Option<Timestamp>,
    /// Whether the keys of the world's application are not told.
    pub(crate) quietly: bool,
}

/// Restricts a customer of a store of the world, as `control` does it.
pub(crate) async fn restrict(world: &World, store: &StoreId, known: &[Identifier<'_>], wish: Wish) {
    let stores = Stores::new(world.tables(), world.config.stores_table.clone());
    let item = stores.of_account(&world.account, store).await.unwrap().unwrap();
    let names = Names::of(store, &data_keys_of(&world.boot).obtain(store).await.unwrap());
    let names: Vec<String> = known.iter().map(|known| names.name(*known)).collect();
    let id = restrictions::id(&names);
    let restriction = RestrictionItem {
        pk: key::store(store),
        sk: key::restriction(&id),
        v: 1,
        id,
        store: store.clone(),
        names,
        by: known.iter().map(|known| known.kind()).collect(),
        ground: Ground::AccuracyContested,
        legal_claims: wish.legal_claims,
        set_at: world.boot.clock.now(),
        lifts_at: wish.lifts_at,
        expires_at: wish.lifts_at.map(Timestamp::as_second),
    };
    let mut parts: Vec<_> = stores.restricting(&world.account, &item, &restriction).into();
    if !wish.quietly {
        let accounts = control::Config::from_env(&environment("control", world.faults.url())).unwrap().accounts_table;
        let keys = Keys::new(world.tables(), world.config.keys_table.clone(), accounts, world.boot.clock.clone());
        parts.push(keys.raising_epoch(&world.key_id));
    }
    transaction::write(&world.tables(), parts).await.unwrap();
}

/// Restricts customer 7 of the demo store by id and address.
async fn restrict_seven(world: &World) {
    let known = [Identifier::Id("7"), Identifier::Email("Customer7@Example.test")];
    restrict(world, &world.store, &known, Wish::default()).await;
}

/// Orders of customer 7 and of others, as the store has them.
async fn orders(world: &World) -> (Vec<Value>, Vec<Value>) {
    let mut all = Vec::new();
    let mut next = String::new();
    loop {
        let page = world.get(&format!("orders?per_page=100{next}")).await.json();
        all.extend(page["data"].as_array().unwrap().iter().cloned());
        match page["next_cursor"].as_str() {
            Some(cursor) => next = format!("&cursor={cursor}"),
            None => return all.into_iter().partition(|order| order["customer"]["id"] == "7"),
        }
    }
}

fn id(object: &Value) -> &str {
    object["id"].as_str().unwrap()
}

async fn send(world: &World, method: &str, rest: &str, body: Value) -> Answered {
    let calling = Calling::new(method, &world.path(rest)).key(&world.key);
    world.call(if body.is_null() { calling } else { calling.body(body.to_string()) }).await
}

#[track_caller]
fn refused(answer: &Answered) {
    assert_eq!((answer.status, answer.problem().as_str()), (403, "processing_restricted"));
    assert!(!String::from_utf8_lossy(&answer.body).contains("customer7"));
}

#[tokio::test]
async fn single_objects_of_a_restricted_customer_are_refused() {
    let world = World::new().await;
    let (hers, others) = orders(&world).await;
    assert_eq!(world.get("customers/7").await.status, 200);
    restrict_seven(&world).await;
    world.demo.forget();
    refused(&world.get("customers/7").await);
    assert_eq!(world.demo.calls(), 0, "whose it is stands in the path");
    assert_eq!(world.get("customers/8").await.status, 200);
    refused(&world.get(&format!("orders/{}", id(&hers[0]))).await);
    refused(&world.get(&format!("orders/{}?fields=id,number", id(&hers[0]))).await);
    refused(&world.get(&format!("orders/{}?include=remote", id(&hers[0]))).await);
    let other = world.get(&format!("orders/{}?fields=id,number", id(&others[0]))).await;
    assert_eq!(other.json(), json!({ "id": others[0]["id"], "number": others[0]["number"] }));
    assert_eq!(world.get("products?per_page=1").await.status, 200);
}

#[tokio::test]
async fn pages_leave_out_what_must_not_be_used_and_say_how_much() {
    let world = World::new().await;
    let (hers, others) = orders(&world).await;
    restrict_seven(&world).await;
    let mut seen = BTreeSet::new();
    let mut omitted = 0;
    let mut next = String::new();
    loop {
        let page = world.get(&format!("orders?per_page=50&fields=id{next}")).await;
        let left_out = page.headers.get("x-restricted-omitted").map_or(0, |number| number.parse::<usize>().unwrap());
        assert_ne!(page.headers.get("x-restricted-omitted").map(String::as_str), Some("0"));
        let page = page.json();
        let rows = page["data"].as_array().unwrap();
        assert_eq!(rows.len() + left_out, 50);
        assert!(rows.iter().all(|row| row.as_object().unwrap().len() == 1), "no more than was asked for");
        seen.extend(rows.iter().map(|row| id(row).to_owned()));
        omitted += left_out;
        match page["next_cursor"].as_str() {
            Some(cursor) => next = format!("&cursor={cursor}"),
            None => break,
        }
    }
    assert_eq!((omitted, seen.len()), (hers.len(), others.len()));
    assert!(hers.iter().all(|order| !seen.contains(id(order))));
    let customers = world.get("customers?per_page=10").await;
    assert_eq!(customers.headers["x-restricted-omitted"], "1");
    assert!(customers.json()["data"].as_array().unwrap().iter().all(|customer| customer["id"] != "7"));
    assert!(!world.get("products?per_page=5").await.headers.contains_key("x-restricted-omitted"));
}

#[tokio::test]
async fn nothing_of_a_restricted_customer_is_changed() {
    let world = World::new().await;
    let (hers, others) = orders(&world).await;
    restrict_seven(&world).await;
    let order = format!("orders/{}", id(&hers[0]));
    refused(&send(&world, "PATCH", &order, json!({ "note": "x" })).await);
    refused(&send(&world, "DELETE", &order, Value::Null).await);
    refused(&send(&world, "PATCH", "customers/7", json!({ "first_name": "x" })).await);
    refused(&send(&world, "DELETE", "customers/7", Value::Null).await);
    refused(&send(&world, "PATCH", "customers/8", json!({ "email": "CUSTOMER7@example.test" })).await);
    for customer in [json!({ "id": "7" }), json!({ "email": "customer7@example.test" })] {
        let new = json!({ "customer": customer, "lines": [{ "product_id": "1001", "quantity": 1 }] });
        refused(&send(&world, "POST", "orders", new).await);
    }
    let free = format!("orders/{}", id(&others[0]));
    assert_eq!(send(&world, "PATCH", &free, json!({ "note": "x" })).await.status, 200);
    let items = json!({ "items": [
        { "method": "update", "id": hers[0]["id"], "data": { "note": "y" } },
        { "method": "update", "id": others[1]["id"], "data": { "note": "y" } },
        { "method": "delete", "id": hers[1]["id"] },
    ] });
    let batch = send(&world, "POST", "orders/batch", items).await.json();
    let statuses: Vec<_> = batch["data"].as_array().unwrap().iter().map(|row| row["status"].as_u64()).collect();
    assert_eq!(statuses, [Some(403), Some(200), Some(403)]);
    assert_eq!(batch["data"][0]["problem"]["code"], "processing_restricted");
    // The store has it all as it was.
    let application = [world.application.clone()];
    let known = [Identifier::Id("7"), Identifier::Email("customer7@example.test")];
    restrict(&world, &world.store, &known, Wish { legal_claims: application.into(), ..Wish::default() }).await;
    assert_eq!(world.get(&order).await.json(), hers[0], "and whom the merchant needs for legal claims may go on");
    assert_eq!(world.get(&format!("orders/{}", id(&hers[1]))).await.json(), hers[1]);
}

#[tokio::test]
async fn the_platforms_own_api_is_judged_by_whom_it_names() {
    let world = World::new().await;
    let (hers, others) = orders(&world).await;
    restrict_seven(&world).await;
    world.demo.forget();
    refused(&world.get("raw/api/customers/7").await);
    refused(&world.get("raw/api/orders?customer_id=7").await);
    refused(&world.get("raw/api/customers?email=customer7%40example.test").await);
    let body = json!({ "order": { "customer": { "id": 7 } } });
    refused(&send(&world, "POST", "raw/api/orders", body).await);
    assert_eq!(world.demo.calls(), 0);
    refused(&world.get(&format!("raw/api/orders/{}", id(&hers[0]))).await);
    refused(&world.get("raw/api/customers?per_page=10").await);
    assert_eq!(world.get("raw/api/customers/8").await.status, 200);
    assert_eq!(world.get(&format!("raw/api/orders/{}", id(&others[0]))).await.status, 200);
    assert_eq!(world.get("raw/api/products?per_page=5").await.status, 200);
}

#[tokio::test]
async fn who_is_known_by_an_address_alone_is_found_by_it() {
    let world = World::new().await;
    let (hers, _) = orders(&world).await;
    restrict(&world, &world.store, &[Identifier::Email("customer7@example.test")], Wish::default()).await;
    refused(&world.get("customers/7").await);
    refused(&world.get(&format!("orders/{}", id(&hers[0]))).await);
    refused(&send(&world, "DELETE", "customers/7", Value::Null).await);
    assert_eq!(world.get("customers/8").await.status, 200);
}

#[tokio::test]
async fn r131_the_same_customer_of_another_store_has_another_name_and_is_not_restricted() {
    let world = World::new().await;
    let credential = [("api_key".to_owned(), world.demo.api_key().to_owned().into())].into_iter().collect();
    let everything = domain::scope::Scope::ALL.iter().copied().filter(|scope| scope.is_data_plane()).collect();
    let other = world.connect("cartos", world.demo.url().as_str(), credential, everything).await;
    restrict_seven(&world).await;
    refused(&world.get("customers/7").await);
    let there = format!("/v1/stores/{other}/customers/7");
    assert_eq!(world.call(Calling::new("GET", &there).key(&world.key)).await.status, 200);
    restrict(&world, &other, &[Identifier::Id("7"), Identifier::Email("customer7@example.test")], Wish::default())
        .await;
    assert_eq!(world.call(Calling::new("GET", &there).key(&world.key)).await.problem(), "processing_restricted");
    let stores = Stores::new(world.tables(), world.config.stores_table.clone());
    let (one, two) = (stores.restrictions(&world.store).await.unwrap(), stores.restrictions(&other).await.unwrap());
    assert_eq!((one.len(), two.len()), (1, 1));
    assert!(one[0].id != two[0].id && one[0].names.iter().all(|name| !two[0].names.contains(name)));
    let rest = format!("{:?}", serde_json::to_value(&one).unwrap());
    assert!(!rest.contains("customer7") && !rest.contains("\"7\""), "{rest}");
}

#[tokio::test]
async fn what_rests_in_the_cache_is_not_served_any_more() {
    let world = World::new().await;
    data_keys_of(&world.boot).obtain(&world.store).await.unwrap();
    let stores = Stores::new(world.tables(), world.config.stores_table.clone());
    let on = StoreChange { cache: Some(true), ..StoreChange::default() };
    transaction::write(&world.tables(), vec![stores.changing(&world.account, &world.store, on)]).await.unwrap();
    for (path, came) in [("customers/7", "miss"), ("customers/7", "hit"), ("customers?per_page=10", "miss")] {
        assert_eq!(world.get(path).await.headers["x-cache"], came, "{path}");
    }
    restrict_seven(&world).await;
    refused(&world.get("customers/7").await);
    let page = world.get("customers?per_page=10").await;
    assert_eq!((page.headers["x-cache"].as_str(), page.headers["x-restricted-omitted"].as_str()), ("bypass", "1"));
    assert_eq!(world.get("products?per_page=1").await.headers["x-cache"], "miss");
    assert_eq!(world.get("products?per_page=1").await.headers["x-cache"], "hit");
}

#[tokio::test]
async fn what_cannot_be_checked_is_answered_by_nobody() {
    let world = World::new().await;
    restrict_seven(&world).await;
    let failure = || Fault::Answer(StatusCode::INTERNAL_SERVER_ERROR, "{}");
    for target in ["Query", "Decrypt"] {
        let instance = world.another_instance();
        world.faults.inject(Calls::Target(target), failure(), 10);
        world.demo.forget();
        for path in ["customers/8", "products?per_page=1"] {
            let calling = Calling::new("GET", &world.path(path)).key(&world.key);
            let answer = World::call_on(&instance, calling).await;
            assert_eq!((answer.status, answer.problem().as_str()), (503, "unavailable"), "{target} {path}");
            assert!(answer.headers.contains_key("retry-after"));
        }
        assert_eq!(world.demo.calls(), 0, "nothing is asked of the store");
        world.faults.reset();
        let calling = Calling::new("GET", &world.path("customers/8")).key(&world.key);
        assert_eq!(World::call_on(&instance, calling).await.status, 200);
    }
}

/// A store without restrictions costs what it did before; one with some a query, a data key and a call of KMS, once an instance and change.
#[tokio::test]
async fn who_restricts_nobody_pays_nothing() {
    let world = World::new().await;
    assert_eq!(world.get("customers/7").await.status, 200);
    assert_eq!((world.faults.count("Query"), world.faults.count("TrentService.Decrypt")), (0, 0));
    assert_eq!(world.faults.count("GetItem"), 3, "the ledger of the key, the store, the grant");
    restrict_seven(&world).await;
    let instance = world.another_instance();
    world.app.journal().settle().await;
    world.faults.reset();
    for (queries, keys) in [(1, 1), (1, 1)] {
        let calling = Calling::new("GET", &world.path("customers/8")).key(&world.key);
        assert_eq!(World::call_on(&instance, calling).await.status, 200);
        instance.journal().settle().await;
        assert_eq!((world.faults.count("Query"), world.faults.count("TrentService.Decrypt")), (queries, keys));
    }
    assert_eq!(world.faults.count("GetItem"), 4, "the ledger of the key, the store, the grant, the data key");
    // Two writes a call and what is read once: the item of the key, the store, the grant, the restriction, the data key.
    assert_eq!(world.faults.read_units(), 5.0);
}

/// The keys' epochs tell a change at once. Should they not have been raised, it is known a minute later.
#[tokio::test]
async fn a_change_that_no_key_was_told_is_known_within_a_minute() {
    let clock = Clock::steered(Clock::system().now());
    let world = World::with(wide(), clock.clone()).await;
    restrict(&world, &world.store, &[Identifier::Id("9")], Wish::default()).await;
    assert_eq!(world.get("customers/7").await.status, 200);
    let quietly = Wish { quietly: true, ..Wish::default() };
    restrict(&world, &world.store, &[Identifier::Id("7")], quietly).await;
    clock.advance(Duration::from_secs(30));
    assert_eq!(world.get("customers/7").await.status, 200, "the test's own premise");
    clock.advance(Duration::from_secs(30));
    refused(&world.get("customers/7").await);
    refused(&world.get("customers/9").await);
}

#[tokio::test]
async fn a_restriction_ends_in_its_time() {
    let clock = Clock::steered(Clock::system().now());
    let world = World::with(wide(), clock.clone()).await;
    let lifts_at = Some(clock.now() + Duration::from_secs(100));
    restrict(&world, &world.store, &[Identifier::Id("7")], Wish { lifts_at, ..Wish::default() }).await;
    clock.advance(Duration::from_secs(99));
    refused(&world.get("customers/7").await);
    clock.advance(Duration::from_secs(1));
    assert_eq!(world.get("customers/7").await.status, 200);
}
