//! The webhooks of stores: their secrets, shown once, and what happens to them in a store's life.

use cloud::{events::ReconciliationMessage, events::Task, hooks::HookVault};
use domain::{id::StoreId, store::HooksState};
use jiff::Timestamp;
use serde_json::{Value, json};
use testkit::demo_store::Fault;

use super::house::{House, Owner, failed};
use crate::world::{Calling, data_keys_of, environment};

fn vault(house: &House) -> HookVault {
    HookVault::new(house.stores(), data_keys_of(&house.boot))
}

/// The secrets that are good now, the current one first.
async fn live(house: &House, store: &StoreId, now: Timestamp) -> Vec<String> {
    let hooks = vault(house).read(store).await.unwrap().unwrap();
    hooks.secrets.live(now).map(str::to_owned).collect()
}

async fn connected(house: &House, owner: &Owner) -> (StoreId, Value) {
    let made = house.post(owner, "/v1/stores", house.connection()).await;
    assert_eq!(made.status, 201, "{}", made.json());
    let made = made.json();
    (made["id"].as_str().unwrap().parse().unwrap(), made["webhooks"].clone())
}

async fn rotate(house: &House, owner: &Owner, store: &StoreId) -> crate::world::Answered {
    house.call(Calling::new("POST", &format!("/v1/stores/{store}/rotate-hook-secret")).key(&owner.key)).await
}

#[tokio::test]
async fn the_secret_is_shown_when_the_store_is_connected_and_never_again() {
    let house = House::new().await;
    let owner = house.owner().await;
    let (store, webhooks) = connected(&house, &owner).await;
    assert_eq!(webhooks["state"], "pending");
    assert_eq!(webhooks["url"], format!("{}/hooks/{store}", house.config.public_url));
    let secret = webhooks["secret"].as_str().unwrap();
    assert_eq!(secret.len(), 64);
    assert_eq!(live(&house, &store, house.clock().now()).await, [secret]);

    let path = format!("/v1/stores/{store}");
    let shown = house.get(&owner, &path).await.json();
    assert_eq!(shown["webhooks"], json!({ "state": "pending", "url": webhooks["url"] }));
    for answer in [
        shown,
        house.get(&owner, "/v1/stores").await.json(),
        house.send("PATCH", &owner, &path, r#"{"cache":true}"#).await.json(),
    ] {
        assert!(!answer.to_string().contains(secret));
    }
    let items = house.sdk().scan().table_name(&house.config.stores_table).send().await.unwrap();
    assert!(!format!("{:?}", items.items()).contains(secret));

    let orders = house.reconciliations().await;
    let of_it: Vec<&ReconciliationMessage> = orders.iter().filter(|order| order.store == store).collect();
    assert_eq!(of_it.len(), 1);
    assert_eq!((of_it[0].task, &of_it[0].account, of_it[0].generation), (Task::Hooks, &owner.account, 1));
}

/// Once the call has made the secret, a repetition of it names the store and no more.
#[tokio::test]
async fn a_rotation_gives_another_secret_once_and_leaves_the_old_one_a_day() {
    let house = House::new().await;
    let owner = house.owner().await;
    let (store, webhooks) = connected(&house, &owner).await;
    let first = webhooks["secret"].as_str().unwrap().to_owned();
    house.reconciliations().await;

    let path = format!("/v1/stores/{store}/rotate-hook-secret");
    let call = || Calling::new("POST", &path).key(&owner.key).header("idempotency-key", "rotate-1");
    let rotated = house.call(call()).await;
    assert_eq!(rotated.status, 200, "{}", rotated.json());
    let second = rotated.json()["webhooks"]["secret"].as_str().unwrap().to_owned();
    let until: Timestamp = rotated.json()["previous_valid_until"].as_str().unwrap().parse().unwrap();
    let now = house.clock().now();
    assert!((86_390..=86_400).contains(&(until.as_second() - now.as_second())));
    assert_eq!(live(&house, &store, now).await, [second.clone(), first]);
    assert_eq!(live(&house, &store, until).await, std::slice::from_ref(&second));
    assert_eq!(house.reconciliations().await.len(), 1, "the platform is told");

    let again = house.call(call()).await;
    assert_eq!((again.status, again.json()), (200, json!({ "id": store })));
    assert_eq!(live(&house, &store, now).await[0], second, "and nothing was rotated again");

    let third = rotate(&house, &owner, &store).await.json()["webhooks"]["secret"].as_str().unwrap().to_owned();
    assert_eq!(live(&house, &store, now).await, [third, second], "two at a time");
    let events = house.security_events(&owner.account).await;
    assert_eq!(events.iter().filter(|event| *event == "hook-secret-rotated").count(), 2);
}

#[tokio::test]
async fn a_stores_secret_is_its_owners_alone_to_rotate() {
    let house = House::new().await;
    let (owner, other) = (house.owner().await, house.owner().await);
    let (store, _) = connected(&house, &owner).await;
    assert_eq!(rotate(&house, &other, &store).await.problem(), "not_found");
    house.delete(&owner, &format!("/v1/stores/{store}")).await;
    assert_eq!(rotate(&house, &owner, &store).await.problem(), "conflict");
}

/// Two rotations at once: one secret is shown that is good, and whoever is told "conflict" was shown none.
#[tokio::test]
async fn rotations_at_the_same_time_do_not_lose_each_other() {
    let house = House::new().await;
    let owner = house.owner().await;
    let (store, _) = connected(&house, &owner).await;
    let answers =
        tokio::join!(rotate(&house, &owner, &store), rotate(&house, &owner, &store), rotate(&house, &owner, &store));
    let live = live(&house, &store, house.clock().now()).await;
    let mut shown = 0;
    for answer in [answers.0, answers.1, answers.2] {
        match answer.status {
            200 => shown += 1,
            status => assert_eq!((status, answer.problem().as_str()), (409, "conflict")),
        }
    }
    assert!((1..=3).contains(&shown));
    assert_eq!(live.len(), 2);
}

#[tokio::test]
async fn a_store_that_leaves_takes_its_webhooks_along() {
    let house = House::new().await;
    let owner = house.owner().await;
    let (store, webhooks) = connected(&house, &owner).await;
    // As the reconciliation would have done.
    let url = webhooks["url"].as_str().unwrap();
    let registered = json!({ "url": url, "topics": ["order.updated"], "secret": "s" });
    house.demo_api("POST", "/api/webhooks", registered.clone()).await;
    let others = json!({ "url": "https://elsewhere.example/hooks", "topics": ["order.updated"], "secret": "s" });
    house.demo_api("POST", "/api/webhooks", others).await;
    assert_eq!(house.demo.webhooks().len(), 2);

    assert_eq!(house.delete(&owner, &format!("/v1/stores/{store}")).await.status, 202);
    let left: Vec<String> = house.demo.webhooks().iter().map(|hook| hook["url"].as_str().unwrap().to_owned()).collect();
    assert_eq!(left, ["https://elsewhere.example/hooks"], "ours is gone, another's stays");
    assert!(vault(&house).read(&store).await.unwrap().is_none(), "unreadable at once");
    assert!(house.stores().hooks(&store).await.unwrap().is_some());
    let environment = environment("offboarding", testkit::stack::Stack::shared().aws());
    let app = offboarding::App::new(&house.boot, offboarding::Config::from_env(&environment).unwrap());
    let finished = offboarding::handle(&app, house.offboardings().await).await.unwrap();
    assert!(failed(&finished).is_empty());
    assert!(house.stores().hooks(&store).await.unwrap().is_none(), "and gone");
}

/// Nothing that the platform does or does not do keeps a store from leaving.
#[tokio::test]
async fn a_platform_that_fails_holds_up_no_farewell() {
    let house = House::new().await;
    let owner = house.owner().await;
    for fault in [Fault::Status(500, None), Fault::Drip] {
        let (store, _) = connected(&house, &owner).await;
        house.demo.fail_next(20, fault);
        let began = std::time::Instant::now();
        assert_eq!(house.delete(&owner, &format!("/v1/stores/{store}")).await.status, 202);
        assert!(began.elapsed() < std::time::Duration::from_secs(8), "{:?}", began.elapsed());
        assert!(house.credential(&owner, &store).await.is_err(), "the credential is destroyed");
        house.demo.forget();
    }
}

/// The daily look registers what a lost order did not.
#[tokio::test]
async fn an_order_that_is_lost_fails_no_connection() {
    let house = House::new().await;
    let owner = house.owner().await;
    let down = testkit::fault_proxy::Fault::Answer(http::StatusCode::INTERNAL_SERVER_ERROR, "{}");
    house.faults.inject(testkit::fault_proxy::Calls::Target("SendMessage"), down, 10);
    let (store, webhooks) = connected(&house, &owner).await;
    assert_eq!(webhooks["state"], "pending");
    assert_eq!(house.stores().hooks(&store).await.unwrap().unwrap().state, HooksState::Pending);
}
