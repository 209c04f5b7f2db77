//! Answers that are served again, where the store's owner wants that (R141–R143), and conditional reads.

use std::{collections::BTreeMap, rc::Rc, time::Duration};

use aws_sdk_dynamodb::types::AttributeValue;
use cloud::{
    cache::ResponseCache,
    clock::Clock,
    dynamo::{
        cache::Cached,
        key,
        stores::{StoreChange, Stores},
        transaction,
    },
};
use domain::model::Entity;
use http::StatusCode;
use testkit::{
    demo_store::Fault as StoreFault,
    fault_proxy::{Calls, Fault},
};
use tokio::task::LocalSet;

use crate::world::{Answered, Calling, World, data_keys_of, wide};

/// A world whose clock is steered and whose store's owner wants answers cached.
async fn cached() -> (World, Clock) {
    let clock = Clock::steered(Clock::system().now());
    let world = World::with(wide(), clock.clone()).await;
    data_keys_of(&world.boot).obtain(&world.store).await.unwrap();
    let stores = Stores::new(world.tables(), world.config.stores_table.clone());
    let on = StoreChange { cache: Some(true), ..StoreChange::default() };
    transaction::write(&world.tables(), vec![stores.changing(&world.account, &world.store, on)]).await.unwrap();
    world.faults.reset();
    (world, clock)
}

/// `GET` of something of the store, with a header.
async fn get_with(world: &World, rest: &str, name: &str, value: &str) -> Answered {
    world.call(Calling::new("GET", &world.path(rest)).key(&world.key).header(name, value)).await
}

fn told<'a>(answer: &'a Answered, name: &str) -> Option<&'a str> {
    answer.headers.get(name).map(String::as_str)
}

#[track_caller]
fn came(answer: &Answered, how: &str) {
    assert_eq!((answer.status, told(answer, "x-cache")), (200, Some(how)), "{}", String::from_utf8_lossy(&answer.body));
}

/// What rests in the table of the store's answers: sort keys with their items' sizes as text.
async fn at_rest(world: &World) -> BTreeMap<String, String> {
    let query = world.sdk().query().table_name(&world.config.cache_table).consistent_read(true);
    let query = query.key_condition_expression("pk = :pk AND begins_with(sk, :body)");
    let query = query.expression_attribute_values(":pk", AttributeValue::S(key::store(&world.store)));
    let rows = query.expression_attribute_values(":body", AttributeValue::S(key::BODIES.to_owned())).send().await;
    let rows = rows.unwrap().items.unwrap_or_default();
    rows.into_iter().map(|row| (row["sk"].as_s().unwrap().clone(), format!("{row:?}"))).collect()
}

#[tokio::test]
async fn r141_nothing_is_cached_unless_the_owner_says_so() {
    let world = World::new().await;
    for _ in 0..2 {
        came(&world.get("products?per_page=2").await, "bypass");
    }
    assert_eq!(world.demo.calls(), 2);
    assert!(at_rest(&world).await.is_empty());
    assert_eq!(world.faults.count("TrentService.Decrypt"), 0);
    // A tag hangs on nothing but the answer's bytes.
    let first = world.get("products?per_page=2").await;
    let tag = told(&first, "etag").unwrap();
    assert_eq!(told(&first, "cache-control"), Some("private, no-cache"));
    for given in [tag.to_owned(), format!("W/{tag}"), format!("\"x\", {tag}"), "*".to_owned()] {
        let known = get_with(&world, "products?per_page=2", "if-none-match", &given).await;
        assert_eq!((known.status, known.body.len(), told(&known, "etag")), (304, 0, Some(tag)), "{given}");
        assert!(!known.headers.contains_key("content-type"));
    }
    assert_eq!(get_with(&world, "products?per_page=2", "if-none-match", "\"x\"").await.body, first.body);
    assert_eq!(get_with(&world, "products?per_page=1", "if-none-match", tag).await.status, 200, "another answer");
}

#[tokio::test]
async fn r141_an_answer_is_served_again_with_its_age() {
    let (world, clock) = cached().await;
    let first = world.get("products?per_page=3").await;
    came(&first, "miss");
    assert_eq!((told(&first, "age"), told(&first, "cache-control")), (Some("0"), Some("private, max-age=600")));
    clock.advance(Duration::from_millis(29_500));
    let again = world.get("products?per_page=3").await;
    came(&again, "hit");
    assert_eq!((told(&again, "age"), told(&again, "etag")), (Some("30"), told(&first, "etag")));
    assert_eq!(again.body, first.body);
    // One entry serves every selection, just as the store's own answer would have been cut.
    let selected = world.get("products?per_page=3&fields=id,variants.sku").await;
    came(&selected, "hit");
    assert_eq!(world.demo.calls(), 1);
    let fresh = get_with(&world, "products?per_page=3&fields=id,variants.sku", "cache-control", "no-store").await;
    assert_eq!(
        (selected.body == fresh.body, world.demo.calls()),
        (true, 2),
        "{}",
        String::from_utf8_lossy(&fresh.body)
    );
    let known = get_with(&world, "products?per_page=3", "if-none-match", told(&first, "etag").unwrap()).await;
    assert_eq!((known.status, told(&known, "x-cache"), told(&known, "age")), (304, Some("hit"), Some("30")));
    // Whatever else the answer hangs on makes another entry.
    let one = format!("products/{}", first.json()["data"][0]["id"].as_str().unwrap());
    for other in ["products?per_page=4", "products?per_page=3&include=remote", &one, "categories?per_page=3"] {
        came(&world.get(other).await, "miss");
        came(&world.get(other).await, "hit");
    }
}

/// A hit costs one read unit instead of a call of the store.
#[tokio::test]
async fn a_hit_costs_one_read_unit() {
    let (world, _clock) = cached().await;
    world.get("products?per_page=3").await;
    world.app.journal().settle().await;
    world.faults.reset();
    world.demo.forget();
    came(&world.get("products?per_page=3").await, "hit");
    world.app.journal().settle().await;
    assert_eq!((world.faults.read_units(), world.faults.write_units(), world.demo.calls()), (1.0, 2.0, 0));
    assert_eq!(world.faults.count("TrentService.Decrypt"), 0);
}

#[tokio::test]
async fn r142_no_answer_is_served_beyond_its_time() {
    let (world, clock) = cached().await;
    for (entity, seconds) in
        [("products", 600), ("categories", 1_200), ("orders", 90), ("customers", 300), ("inventory", 45)]
    {
        let path = format!("{entity}?per_page=1");
        came(&world.get(&path).await, "miss");
        clock.advance(Duration::from_secs(seconds));
        let last = world.get(&path).await;
        came(&last, "hit");
        assert_eq!(told(&last, "age"), Some(seconds.to_string().as_str()));
        clock.advance(Duration::from_millis(1));
        came(&world.get(&path).await, "miss");
    }
}

/// `product.md` decision 1: products and categories may rest, sealed; orders, customers and stock may not.
#[tokio::test]
async fn r141_another_instance_finds_what_may_rest_and_nothing_else() {
    let (world, _clock) = cached().await;
    let names = ["products", "categories", "orders", "customers", "inventory"];
    let mut bodies = BTreeMap::new();
    for entity in names {
        let answer = world.get(&format!("{entity}?per_page=2")).await;
        came(&answer, "miss");
        bodies.insert(entity, answer.body);
    }
    let rows = at_rest(&world).await;
    let kinds: Vec<&str> = rows.keys().map(|sk| sk.split('#').nth(1).unwrap()).collect();
    assert_eq!(kinds, ["categories", "products"]);
    let name = serde_json::from_slice::<serde_json::Value>(&bodies["products"]).unwrap()["data"][0]["name"].clone();
    assert!(rows.values().all(|row| !row.contains(name.as_str().unwrap())), "it is sealed");

    let other = world.another_instance();
    world.demo.forget();
    for entity in names {
        let path = world.path(&format!("{entity}?per_page=2"));
        let answer = World::call_on(&other, Calling::new("GET", &path).key(&world.key)).await;
        came(&answer, if ["products", "categories"].contains(&entity) { "hit" } else { "miss" });
        assert_eq!(answer.body, bodies[entity], "{entity}");
    }
    assert_eq!(world.demo.calls(), 3);

    // Without the data key nobody reads them.
    data_keys_of(&world.boot).destroy(&world.store).await.unwrap();
    let path = world.path("products?per_page=2");
    came(&World::call_on(&world.another_instance(), Calling::new("GET", &path).key(&world.key)).await, "miss");
}

/// R143: what has changed is not served any more, in no instance.
#[tokio::test]
async fn r143_a_change_makes_every_copy_void() {
    let (world, clock) = cached().await;
    let other = world.another_instance();
    let of_other =
        async |rest: &str| World::call_on(&other, Calling::new("GET", &world.path(rest)).key(&world.key)).await;
    let listed = world.get("products?per_page=1").await.json();
    let product = format!("products/{}", listed["data"][0]["id"].as_str().unwrap());
    for rest in [product.as_str(), "orders?per_page=1", "customers?per_page=1", "categories?per_page=1"] {
        world.get(rest).await;
        of_other(rest).await;
        came(&of_other(rest).await, "hit");
    }

    // Our own write.
    let body = r#"{"name":"Renamed"}"#;
    let written = world.call(Calling::new("PATCH", &world.path(&product)).key(&world.key).body(body)).await;
    assert_eq!(written.status, 200, "{}", String::from_utf8_lossy(&written.body));
    let seen = of_other(&product).await;
    came(&seen, "miss");
    assert_eq!(seen.json()["name"], "Renamed");
    came(&of_other("categories?per_page=1").await, "hit");

    // An event, as the function that takes them will say it.
    let keys = data_keys_of(&world.boot);
    let events = ResponseCache::new(Cached::new(world.tables(), world.config.cache_table.clone()), keys, clock);
    events.invalidate(&world.store, &[Entity::Customers]).await.unwrap();
    came(&of_other("customers?per_page=1").await, "miss");
    came(&of_other("orders?per_page=1").await, "hit");

    // The platform's own API: its path shows what changes, or it may be anything.
    world.call(Calling::new("POST", &world.path("raw/api/orders")).key(&world.key).body("{}")).await;
    came(&of_other("orders?per_page=1").await, "miss");
    came(&of_other("categories?per_page=1").await, "hit");
    world.call(Calling::new("POST", &world.path("raw/api/anything")).key(&world.key).body("{}")).await;
    came(&of_other("categories?per_page=1").await, "miss");
    world.call(Calling::new("GET", &world.path("raw/api/anything")).key(&world.key)).await;
    came(&of_other("categories?per_page=1").await, "hit");
}

/// What was read before a change and arrives after it is void.
#[tokio::test]
async fn r143_an_answer_that_a_change_overtook_is_not_served() {
    let (world, clock) = cached().await;
    world.get("products?per_page=1").await;
    clock.advance(Duration::from_secs(601));
    let events = ResponseCache::new(
        Cached::new(world.tables(), world.config.cache_table.clone()),
        data_keys_of(&world.boot),
        clock,
    );
    world.demo.forget();
    world.demo.fail_next(1, StoreFault::Slow(Duration::from_millis(400)));
    let (slow, ()) = tokio::join!(world.get("products?per_page=1"), async {
        while world.demo.calls() == 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        events.invalidate(&world.store, &[Entity::Products]).await.unwrap();
    });
    came(&slow, "miss");
    came(&world.get("products?per_page=1").await, "miss");
    came(&world.get("products?per_page=1").await, "hit");
}

#[tokio::test]
async fn callers_who_want_the_same_make_one_call() {
    let (world, _clock) = cached().await;
    let world = Rc::new(world);
    for entity in ["products", "orders"] {
        world.demo.forget();
        world.demo.fail_next(1, StoreFault::Slow(Duration::from_millis(300)));
        let together = LocalSet::new();
        let calls: Vec<_> = (0..8)
            .map(|_| {
                let world = world.clone();
                together.spawn_local(async move { world.get(&format!("{entity}?per_page=5")).await })
            })
            .collect();
        together.await;
        let mut how = Vec::new();
        for call in calls {
            let answer = call.await.unwrap();
            assert_eq!(answer.status, 200);
            how.push(told(&answer, "x-cache").unwrap().to_owned());
        }
        how.sort();
        assert_eq!((how.iter().filter(|how| *how == "hit").count(), how[7].as_str()), (7, "miss"), "{how:?}");
        assert_eq!(world.demo.calls(), 1);
    }
}

/// A caller who leaves takes nobody along.
#[tokio::test]
async fn a_caller_who_leaves_strands_nobody() {
    let (world, _clock) = cached().await;
    world.demo.fail_next(1, StoreFault::Slow(Duration::from_secs(20)));
    let followers = async {
        while world.demo.calls() == 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        tokio::join!(world.get("products?per_page=5"), world.get("products?per_page=5"))
    };
    let leader = tokio::time::timeout(Duration::from_secs(1), world.get("products?per_page=5"));
    let (left, (one, two)) = tokio::join!(leader, followers);
    assert!(left.is_err(), "the leader was given up");
    let mut how = [told(&one, "x-cache").unwrap(), told(&two, "x-cache").unwrap()];
    how.sort_unstable();
    assert_eq!(how, ["hit", "miss"]);
    assert_eq!(world.demo.calls(), 2);
}

/// What cannot be checked is not served (invariant 6), and the store is asked instead.
#[tokio::test]
async fn without_the_count_of_changes_nothing_is_served_from_the_cache() {
    let (world, _clock) = cached().await;
    came(&world.get("products?per_page=1").await, "miss");
    world.faults.inject(Calls::Target("GetItem"), Fault::Answer(StatusCode::INTERNAL_SERVER_ERROR, "{}"), 1_000);
    came(&world.get("products?per_page=1").await, "bypass");
    assert_eq!(world.demo.calls(), 2);
    world.faults.reset();
    came(&world.get("products?per_page=1").await, "hit");
    // An answer that cannot be put away is an answer.
    world.faults.inject(Calls::Target("PutItem"), Fault::Answer(StatusCode::INTERNAL_SERVER_ERROR, "{}"), 1_000);
    came(&world.get("products?per_page=2").await, "miss");
    came(&world.get("products?per_page=2").await, "hit");
    world.faults.reset();
}

#[tokio::test]
async fn a_caller_may_ask_for_what_is_there_now() {
    let (world, clock) = cached().await;
    came(&world.get("products?per_page=1").await, "miss");
    clock.advance(Duration::from_secs(100));
    for wish in ["no-cache", "max-age=0", "No-Cache, x"] {
        came(&get_with(&world, "products?per_page=1", "cache-control", wish).await, "bypass");
    }
    let refreshed = world.get("products?per_page=1").await;
    came(&refreshed, "hit");
    assert_eq!(told(&refreshed, "age"), Some("0"), "what was asked for was kept");
    came(&get_with(&world, "products?per_page=2", "cache-control", "no-store").await, "bypass");
    came(&world.get("products?per_page=2").await, "miss");
}

/// Whether a caller may read is decided before the cache is looked at.
#[tokio::test]
async fn a_cached_answer_opens_no_door() {
    let (world, _clock) = cached().await;
    came(&world.get("products?per_page=1").await, "miss");
    let path = world.path("products?per_page=1");
    let scopes = domain::scope::ScopeSet::of(&[domain::scope::Scope::OrdersRead]);
    let narrow = world.add_key(wide(), scopes, None).await;
    let refused = world.call(Calling::new("GET", &path).key(narrow.reveal())).await;
    assert_eq!(refused.problem(), "scope_missing");
    let stranger = World::new().await;
    assert_eq!(world.call(Calling::new("GET", &path).key(&stranger.key)).await.problem(), "not_found");
    assert_eq!(world.call(Calling::new("GET", &path)).await.problem(), "key_missing");
}
