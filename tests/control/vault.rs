//! The vault's two forms, and a credential on its way from one to the other (`product.md` decision 4).

use std::{cell::Cell, rc::Rc, time::Duration};

use aws_sdk_dynamodb::types::AttributeValue;
use cloud::{boot::Boot, clock::Clock, dynamo::key, vault::VaultError};
use domain::{
    id::StoreId,
    scope::{Scope, ScopeSet},
    store::VaultForm,
};
use http::StatusCode;
use serde_json::{Value, json};
use testkit::{
    fault_proxy::{Calls, Fault},
    stack::Stack,
};
use tokio::task::LocalSet;

use super::{
    house::{House, Owner, batch, failed},
    offboarding::worker,
};
use crate::world::{Answered, Calling, World, environment};

type Item = std::collections::HashMap<String, AttributeValue>;

/// The demo store, connected with its credential sealed.
async fn sealed(house: &House, owner: &Owner) -> StoreId {
    let mut connection = house.connection();
    connection["vault"] = json!("sealed");
    let made = house.post(owner, "/v1/stores", connection).await;
    assert_eq!((made.status, &made.json()["vault"]), (201, &json!("sealed")), "{}", made.json());
    made.json()["id"].as_str().unwrap().parse().unwrap()
}

async fn move_to(house: &House, owner: &Owner, store: &StoreId, form: &str) -> Answered {
    house.post(owner, &format!("/v1/stores/{store}/move-credential"), json!({ "to": form })).await
}

/// An item beside the store.
async fn beside(house: &House, store: &StoreId, sk: &str) -> Option<Item> {
    let get = house.sdk().get_item().table_name(&house.config.stores_table).consistent_read(true);
    let get = get.key("pk", AttributeValue::S(key::store(store))).key("sk", AttributeValue::S(sk.to_owned()));
    get.send().await.unwrap().item
}

async fn data_key(house: &House, store: &StoreId) -> Option<Item> {
    let get = house.sdk().get_item().table_name(&house.config.store_keys_table).consistent_read(true);
    get.key("pk", AttributeValue::S(key::store(store))).send().await.unwrap().item
}

async fn put(house: &House, table: &str, item: Item) {
    house.sdk().put_item().table_name(table).set_item(Some(item)).send().await.unwrap();
}

async fn has_secret(house: &House, store: &StoreId) -> bool {
    let secrets = aws_sdk_secretsmanager::Client::new(&crate::sdk::config(house.faults.url().as_str()));
    secrets.get_secret_value().secret_id(format!("{}{store}", house.config.vault_prefix)).send().await.is_ok()
}

/// Makes a call and drops it as soon as `reached` says so, as a function does that dies.
async fn die(house: &House, calling: Calling, reached: impl Fn(&House) -> bool) {
    let there = async {
        while !reached(house) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::select! {
        answer = house.call(calling) => panic!("it answered {}", answer.status),
        () = there => {}
    }
}

#[tokio::test]
async fn a_sealed_store_has_no_secret_and_works() {
    let house = House::new().await;
    let owner = house.owner().await;
    let store = sealed(&house, &owner).await;
    let path = format!("/v1/stores/{store}");
    assert_eq!(house.get(&owner, &path).await.json()["vault"], "sealed");
    assert_eq!(house.call(Calling::new("POST", &format!("{path}/check")).key(&owner.key)).await.status, 200);
    assert!(!has_secret(&house, &store).await);
    let first = beside(&house, &store, key::CREDENTIAL).await.unwrap();

    // A new credential overwrites the old one.
    house.demo.add_key("ak_live_second", &["products:read", "orders:read", "customers:read"]);
    let second = json!({ "credentials": { "api_key": "ak_live_second" } }).to_string();
    assert_eq!(house.send("PATCH", &owner, &path, &second).await.status, 200);
    assert_eq!(house.credential(&owner, &store).await.unwrap().get("api_key"), Some("ak_live_second"));
    let replaced = beside(&house, &store, key::CREDENTIAL).await.unwrap();
    assert_eq!(
        (&first["number"], &replaced["number"]),
        (&AttributeValue::N("1".into()), &AttributeValue::N("2".into()))
    );
    // Nobody can put the old one back in its place, neither as it was nor under the new one's number.
    let stores_table = &house.config.stores_table;
    put(&house, stores_table, first.clone()).await;
    assert_eq!(house.credential(&owner, &store).await.err(), Some(VaultError::Missing));
    let renumbered = Item::from([("number".to_owned(), replaced["number"].clone())]);
    put(&house, stores_table, first.into_iter().chain(renumbered).collect()).await;
    assert_eq!(house.credential(&owner, &store).await.err(), Some(VaultError::Unavailable));
    assert_eq!(house.faults.count("secretsmanager.CreateSecret"), 0);
}

#[tokio::test]
async fn what_is_sealed_for_one_store_opens_for_no_other() {
    let house = House::new().await;
    let owner = house.owner().await;
    let (one, two) = (sealed(&house, &owner).await, sealed(&house, &owner).await);
    let of_two = |item: Item| -> Item {
        item.into_iter().chain([("pk".to_owned(), AttributeValue::S(key::store(&two)))]).collect()
    };
    let moved = of_two(beside(&house, &one, key::CREDENTIAL).await.unwrap());
    put(&house, &house.config.stores_table, moved).await;
    assert_eq!(house.credential(&owner, &two).await.err(), Some(VaultError::Unavailable), "another store's key");
    let key = of_two(data_key(&house, &one).await.unwrap());
    put(&house, &house.config.store_keys_table, key).await;
    assert_eq!(house.credential(&owner, &two).await.err(), Some(VaultError::Unavailable), "KMS binds the key, too");
    assert!(house.credential(&owner, &one).await.is_ok());
}

/// Deleting the data key shreds the credential, wherever a copy of it rests.
#[tokio::test]
async fn a_kept_copy_cannot_be_read_when_the_store_has_left() {
    let house = House::new().await;
    let owner = house.owner().await;
    let store = sealed(&house, &owner).await;
    let item = house.stores().of_account(&owner.account, &store).await.unwrap().unwrap();
    let copy = beside(&house, &store, key::CREDENTIAL).await.unwrap();
    assert!(data_key(&house, &store).await.is_some());

    assert_eq!(house.delete(&owner, &format!("/v1/stores/{store}")).await.status, 202);
    assert!(data_key(&house, &store).await.is_none(), "the key is gone with the call");
    assert!(beside(&house, &store, key::CREDENTIAL).await.is_none());
    put(&house, &house.config.stores_table, copy).await;
    let read = crate::world::vault_of(&house.boot).read(&item).await;
    assert_eq!(read.err(), Some(VaultError::Missing), "a copy from a backup is of no use");
    let queued = house.offboardings().await;
    assert!(failed(&offboarding::handle(&worker(&house), queued).await.unwrap()).is_empty());
    assert!(beside(&house, &store, key::CREDENTIAL).await.is_none(), "the worker deletes what it finds");
}

#[tokio::test]
async fn a_credential_moves_there_and_back() {
    let house = House::new().await;
    let owner = house.owner().await;
    let store = house.store(&owner).await;
    let there = move_to(&house, &owner, &store, "sealed").await;
    assert_eq!((there.status, &there.json()["vault"]), (200, &json!("sealed")), "{}", there.json());
    assert!(!has_secret(&house, &store).await, "the other form holds nothing any more");
    assert_eq!(house.credential(&owner, &store).await.unwrap().get("api_key"), Some(house.demo.api_key()));
    assert_eq!(move_to(&house, &owner, &store, "sealed").await.status, 200, "it may be asked twice");

    assert_eq!(move_to(&house, &owner, &store, "per-store").await.status, 200);
    assert!(has_secret(&house, &store).await);
    assert!(beside(&house, &store, key::CREDENTIAL).await.is_none());
    assert_eq!(house.credential(&owner, &store).await.unwrap().get("api_key"), Some(house.demo.api_key()));
    assert!(!beside(&house, &store, key::STORE).await.unwrap().contains_key("changing_until"), "nobody has to wait");
    let events = house.security_events(&owner.account).await;
    let expected = ["credential-moved", "credential-moved", "credential-read", "credential-read", "store-connected"];
    assert_eq!(events, expected);

    for (body, pointer) in [(r#"{"to":"paper"}"#, "/to"), ("{}", "/to"), (r#"{"to":"sealed","now":true}"#, "/now")] {
        let refused = house.send("POST", &owner, &format!("/v1/stores/{store}/move-credential"), body).await;
        assert_eq!((refused.status, &refused.json()["errors"][0]["pointer"]), (422, &json!(pointer)), "{body}");
    }
    let stranger = house.owner().await;
    assert_eq!(move_to(&house, &stranger, &store, "sealed").await.problem(), "not_found");
}

/// No call fails while the credential moves. Each call is another instance's first, so that none is served from memory.
#[tokio::test]
async fn calls_go_on_while_a_credential_moves() {
    let house = Rc::new(House::new().await);
    let owner = house.owner().await;
    let store = house.store(&owner).await;
    let holding = house.holding(&owner, ScopeSet::of(&[Scope::ProductsRead])).await;
    let grant = format!("/v1/stores/{store}/grants/{}", holding.application);
    assert_eq!(house.send("PUT", &owner, &grant, r#"{"scopes":["products:read"]}"#).await.status, 200);

    let moving = Rc::new(Cell::new(true));
    let path = format!("/v1/stores/{store}/products?per_page=1");
    let together = LocalSet::new();
    let callers: Vec<_> = (0..3)
        .map(|_| {
            let (house, moving, path, key) = (house.clone(), moving.clone(), path.clone(), holding.key.clone());
            together.spawn_local(async move {
                let mut calls = 0;
                while moving.get() {
                    let answer = World::call_on(&house.proxy(), Calling::new("GET", &path).key(&key)).await;
                    assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.body));
                    calls += 1;
                }
                calls
            })
        })
        .collect();
    let moves = async {
        for form in ["sealed", "per-store"].repeat(5) {
            let moved = move_to(&house, &owner, &store, form).await;
            assert_eq!(moved.status, 200, "{}", moved.json());
        }
        moving.set(false);
    };
    together.run_until(moves).await;
    together
        .run_until(async {
            let mut calls = 0;
            for caller in callers {
                calls += caller.await.unwrap();
            }
            assert!(calls >= 10, "only {calls} calls went on meanwhile");
        })
        .await;
}

#[tokio::test]
async fn moves_at_once_are_one_after_another() {
    let house = House::new().await;
    let owner = house.owner().await;
    let store = house.store(&owner).await;
    for _ in 0..4 {
        let (one, two) =
            tokio::join!(move_to(&house, &owner, &store, "sealed"), move_to(&house, &owner, &store, "per-store"));
        for answer in [one, two] {
            assert!(answer.status == 200 || answer.problem() == "conflict", "{}", answer.json());
        }
        let kept = house.credential(&owner, &store).await.unwrap();
        assert_eq!(kept.get("api_key"), Some(house.demo.api_key()));
    }
}

/// Whatever step is the last, the store works, and asking again finishes the move.
#[tokio::test]
async fn a_move_that_is_cut_short_leaves_the_store_usable() {
    let clock = Clock::steered(Clock::system().now());
    let house = House::with(clock.clone()).await;
    let owner = house.owner().await;
    let store = house.store(&owner).await;
    let path = format!("/v1/stores/{store}/move-credential");
    let calling = |form: &str| Calling::new("POST", &path).key(&owner.key).body(json!({ "to": form }).to_string());
    let usable = async || {
        let kept = house.credential(&owner, &store).await.unwrap();
        assert_eq!(kept.get("api_key"), Some(house.demo.api_key()));
    };

    // Between the flip and the clearing: the function dies.
    house.faults.inject(Calls::Target("DeleteSecret"), Fault::Silence, 1);
    die(&house, calling("sealed"), |house| house.faults.count("DeleteSecret") == 1).await;
    house.faults.reset();
    assert!(has_secret(&house, &store).await, "left behind");
    usable().await;
    assert_eq!(house.call(calling("sealed")).await.problem(), "conflict", "it could still be at work");
    clock.advance(cloud::dynamo::stores::LEASE);
    assert_eq!(house.call(calling("sealed")).await.status, 200);
    assert!(!has_secret(&house, &store).await);
    usable().await;

    // Before the flip: the secret is there and the store's item does not name it.
    house.faults.reset();
    house.faults.inject(Calls::Target("GetSecretValue"), Fault::Silence, 1);
    die(&house, calling("per-store"), |house| house.faults.count("GetSecretValue") == 1).await;
    house.faults.reset();
    usable().await;
    clock.advance(cloud::dynamo::stores::LEASE);
    assert_eq!(house.call(calling("per-store")).await.status, 200);
    usable().await;

    // AWS says no: the lease is given back with the answer.
    house.faults.inject(Calls::Target("GenerateDataKey"), Fault::Answer(StatusCode::INTERNAL_SERVER_ERROR, "{}"), 9);
    house.faults.inject(Calls::Target("Decrypt"), Fault::Answer(StatusCode::INTERNAL_SERVER_ERROR, "{}"), 9);
    assert_eq!(house.call(calling("sealed")).await.problem(), "unavailable");
    house.faults.reset();
    usable().await;
    assert_eq!(house.call(calling("sealed")).await.status, 200);
    usable().await;
}

/// What a change keeps after the off-boarding began is destroyed: by the change, or by the worker, which waits for it.
#[tokio::test]
async fn a_store_that_leaves_while_its_credential_moves_leaves_nothing() {
    let clock = Clock::steered(Clock::system().now());
    let house = House::with(clock.clone()).await;
    let owner = house.owner().await;
    let store = house.store(&owner).await;
    let path = format!("/v1/stores/{store}");
    let before = house.faults.count("TrentService.Decrypt");
    house.faults.inject(Calls::Target("Decrypt"), Fault::Delay(Duration::from_millis(1_500)), 1);
    let (moved, left) = tokio::join!(move_to(&house, &owner, &store, "sealed"), async {
        while house.faults.count("TrentService.Decrypt") == before {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let left = house.delete(&owner, &path).await;
        let early = offboarding::handle(&worker(&house), house.offboardings().await).await.unwrap();
        assert_eq!(failed(&early), ["m0"], "the change could still keep something");
        left
    });
    assert_eq!((left.status, moved.problem().as_str()), (202, "conflict"));
    assert!(data_key(&house, &store).await.is_none() && !has_secret(&house, &store).await);
    clock.advance(cloud::dynamo::stores::LEASE);
    let message = json!({ "account": owner.account, "store": store, "generation": 1 }).to_string();
    let finished = offboarding::handle(&worker(&house), batch(&[message])).await.unwrap();
    assert!(failed(&finished).is_empty());
    assert_eq!(house.get(&owner, &path).await.problem(), "not_found");
}

/// A function that dies while it connects a store leaves no secret that nobody finds.
#[tokio::test]
async fn a_store_that_was_never_connected_is_swept() {
    let house = House::new().await;
    let owner = house.owner().await;
    house.faults.inject(Calls::Target("GetSecretValue"), Fault::Silence, 1);
    let connect = Calling::new("POST", "/v1/stores").key(&owner.key).body(house.connection().to_string());
    die(&house, connect, |house| house.faults.count("GetSecretValue") == 1).await;
    house.faults.reset();
    let listed = house.get(&owner, "/v1/stores").await.json();
    assert_eq!(listed["data"][0]["state"], "connecting");
    let store: StoreId = listed["data"][0]["id"].as_str().unwrap().parse().unwrap();
    assert!(has_secret(&house, &store).await);
    let checked = house.call(Calling::new("POST", &format!("/v1/stores/{store}/check")).key(&owner.key)).await;
    assert_eq!(checked.problem(), "conflict", "it is not usable");

    let environment = environment("sweep", Stack::shared().aws());
    let soon = Clock::steered(house.clock().now() + Duration::from_secs(16 * 60));
    let boot = Boot::new(&environment, soon.clone()).unwrap();
    let mut config = sweep::Config::from_env(&environment).unwrap();
    config.offboarding_queue_url.clone_from(&house.config.offboarding_queue_url);
    let mut context = lambda_runtime::Context::default();
    context.deadline = u64::try_from(soon.now().as_millisecond()).unwrap() + 300_000;
    let order = serde_json::from_value(json!({ "sweep": "offboarding" })).unwrap();
    sweep::handle(&sweep::App::new(&boot, config), order, &context).await.unwrap();

    // It finds what other tests have under way, too.
    let bodies = house.offboardings().await.records.into_iter().filter_map(|record| record.body);
    let ours: Vec<String> = bodies.filter(|body| body.contains(store.as_str())).collect();
    assert_eq!(ours.len(), 1);
    assert!(failed(&offboarding::handle(&worker(&house), batch(&ours)).await.unwrap()).is_empty());
    assert!(!has_secret(&house, &store).await);
    assert_eq!(house.get(&owner, "/v1/stores").await.json()["data"], Value::Array(Vec::new()));
    let accounts = cloud::dynamo::accounts::Accounts::new(house.tables(), house.config.accounts_table.clone());
    assert_eq!(accounts.get(&owner.account).await.unwrap().unwrap().stores, 0, "room for another one");
}

/// A sealed credential costs a call's first read four read units and one call of KMS, and a warm call nothing.
#[tokio::test]
async fn a_sealed_credential_costs_a_warm_call_nothing() {
    let world = World::new().await;
    let credential = [("api_key".to_owned(), world.demo.api_key().to_owned().into())].into_iter().collect();
    let address = world.demo.url().to_string();
    let scopes = ScopeSet::of(&[Scope::ProductsRead]);
    // An instance's very first call reads its key's item, too.
    assert_eq!(world.get("products").await.status, 200);
    let store = world.connect_in(VaultForm::Sealed, "cartos", &address, credential, scopes).await;
    world.faults.reset();
    let calling = || Calling::new("GET", &format!("/v1/stores/{store}/products")).key(&world.key);
    assert_eq!(world.call(calling()).await.status, 200);
    world.app.journal().settle().await;
    assert_eq!((world.faults.read_units(), world.faults.count("TrentService.Decrypt")), (4.0, 1));
    assert_eq!(world.faults.count("GetSecretValue"), 0);
    world.faults.reset();
    assert_eq!(world.call(calling()).await.status, 200);
    world.app.journal().settle().await;
    assert_eq!((world.faults.read_units(), world.faults.write_units()), (0.0, 2.0));
    assert_eq!(world.faults.count("TrentService.Decrypt"), 0);
}

/// Turning the cache off deletes what rests there, and so does leaving.
#[tokio::test]
async fn r141_a_cache_that_is_turned_off_holds_nothing() {
    let house = House::new().await;
    let owner = house.owner().await;
    let store = house.store(&owner).await;
    let path = format!("/v1/stores/{store}");
    let holding = house.holding(&owner, ScopeSet::of(&[Scope::ProductsRead])).await;
    let grant = format!("{path}/grants/{}", holding.application);
    assert_eq!(house.send("PUT", &owner, &grant, r#"{"scopes":["products:read"]}"#).await.status, 200);
    assert!(data_key(&house, &store).await.is_some(), "the secret of its webhooks is sealed under it");
    let proxy = house.proxy();
    let read = async |how: &str| {
        let calling = Calling::new("GET", &format!("{path}/products?per_page=1")).key(&holding.key);
        let answer = World::call_on(&proxy, calling).await;
        assert_eq!((answer.status, answer.headers["x-cache"].as_str()), (200, how));
    };
    let resting = async || {
        let query = house.sdk().query().table_name(&house.config.cache_table).consistent_read(true);
        let query = query.key_condition_expression("pk = :pk AND begins_with(sk, :body)");
        let query = query.expression_attribute_values(":pk", AttributeValue::S(key::store(&store)));
        let query = query.expression_attribute_values(":body", AttributeValue::S(key::BODIES.to_owned()));
        query.send().await.unwrap().count
    };

    read("bypass").await;
    assert_eq!(house.send("PATCH", &owner, &path, r#"{"cache":true}"#).await.status, 200);
    assert!(data_key(&house, &store).await.is_some());
    read("miss").await;
    read("hit").await;
    assert_eq!(resting().await, 1);
    assert_eq!(house.send("PATCH", &owner, &path, r#"{"cache":false}"#).await.status, 200);
    assert_eq!(resting().await, 0);
    read("bypass").await;

    assert_eq!(house.send("PATCH", &owner, &path, r#"{"cache":true}"#).await.status, 200);
    read("miss").await;
    read("hit").await;
    assert_eq!(resting().await, 1, "what was remembered from before is void");
    assert_eq!(house.delete(&owner, &path).await.status, 202);
    assert!(data_key(&house, &store).await.is_none(), "what rests is unreadable at once");
    assert!(failed(&offboarding::handle(&worker(&house), house.offboardings().await).await.unwrap()).is_empty());
    assert_eq!(resting().await, 0);
}
