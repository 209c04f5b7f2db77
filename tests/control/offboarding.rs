//! A store leaves: what the call does, and what the queue finishes (R125, `privacy.md` D.10).

use cloud::{boot::Boot, dynamo::stores::Stores, vault::VaultError};
use domain::scope::{Scope, ScopeSet};
use serde_json::json;
use testkit::stack::Stack;

use super::house::{House, batch, failed};
use crate::world::environment;

pub(crate) fn worker(house: &House) -> offboarding::App {
    let environment = environment("offboarding", Stack::shared().aws());
    let boot = Boot::new(&environment, house.clock().clone()).unwrap();
    let mut config = offboarding::Config::from_env(&environment).unwrap();
    for (ours, of_the_house) in [
        (&mut config.accounts_table, &house.config.accounts_table),
        (&mut config.stores_table, &house.config.stores_table),
        (&mut config.privacy_table, &house.config.privacy_table),
        (&mut config.mail_queue_url, &house.config.mail_queue_url),
        (&mut config.offboarding_queue_url, &house.config.offboarding_queue_url),
    ] {
        ours.clone_from(of_the_house);
    }
    offboarding::App::new(&boot, config)
}

#[tokio::test]
async fn r125_nothing_of_a_store_is_left() {
    let house = House::new().await;
    let owner = house.owner().await;
    let store = house.store(&owner).await;
    let holding = house.holding(&owner, ScopeSet::of(&[Scope::ProductsRead])).await;
    let path = format!("/v1/stores/{store}");
    let grant = format!("{path}/grants/{}", holding.application);
    house.send("PUT", &owner, &grant, r#"{"scopes":["products:read"]}"#).await;

    let left = house.delete(&owner, &path).await;
    assert_eq!(left.status, 202, "{}", left.json());
    assert_eq!(left.json()["state"], "disconnecting");
    assert_eq!(
        house.credential(&owner, &store).await.err(),
        Some(VaultError::Missing),
        "the credential is gone with the call"
    );
    assert_eq!(house.delete(&owner, &path).await.status, 202, "it may be asked twice");

    let events = crate::fan_out::known(&house.boot, &store).await;
    let queued = house.offboardings().await;
    assert_eq!(queued.records.len(), 2);
    let worker = worker(&house);
    assert!(failed(&offboarding::handle(&worker, queued.clone()).await.unwrap()).is_empty());
    assert!(failed(&offboarding::handle(&worker, queued).await.unwrap()).is_empty(), "and be finished twice");

    let marks = events.marks(&store, domain::model::Entity::Orders, None, 10).await.unwrap();
    assert!(marks.marks.is_empty(), "what was known of its objects is gone");

    assert_eq!(house.get(&owner, &path).await.problem(), "not_found");
    assert_eq!(house.get(&owner, "/v1/stores").await.json()["data"], json!([]));
    let stores = Stores::new(house.tables(), house.config.stores_table.clone());
    assert!(stores.grants(&store).await.unwrap().is_empty());
    let accounts = cloud::dynamo::accounts::Accounts::new(house.tables(), house.config.accounts_table.clone());
    assert_eq!(accounts.get(&owner.account).await.unwrap().unwrap().stores, 0, "room for another one");
    let events = house.security_events(&owner.account).await;
    for event in ["store-disconnected", "credential-destroyed", "store-removed"] {
        assert_eq!(events.iter().filter(|found| *found == event).count(), 1, "{event}");
    }
}

#[tokio::test]
async fn a_message_touches_no_store_that_it_is_not_about() {
    let house = House::new().await;
    let (owner, other) = (house.owner().await, house.owner().await);
    let store = house.store(&owner).await;
    let message = |account: &str, generation: u32| {
        json!({ "account": account, "store": store, "generation": generation }).to_string()
    };
    let bodies = [
        // Still connected; another generation; another account; not a message.
        message(owner.account.as_str(), 1),
        message(owner.account.as_str(), 2),
        "{}".to_owned(),
        "no json".to_owned(),
        json!({ "account": "acc_x", "store": store, "generation": 1 }).to_string(),
    ];
    let answer = offboarding::handle(&worker(&house), batch(&bodies)).await.unwrap();
    assert_eq!(failed(&answer), ["m2", "m3", "m4"], "what cannot be read fails alone");
    let shown = house.get(&owner, &format!("/v1/stores/{store}")).await.json();
    assert_eq!(shown["state"], "connected");
    assert!(house.credential(&owner, &store).await.is_ok());
    drop(other);
}

#[tokio::test]
async fn more_keys_than_one_transaction_holds_are_all_reached() {
    let house = House::new().await;
    let owner = house.owner().await;
    let store = house.store(&owner).await;
    let path = format!("/v1/stores/{store}");
    let mut holdings = Vec::new();
    for _ in 0..6 {
        let holding = house.holding(&owner, ScopeSet::of(&[Scope::ProductsRead])).await;
        for _ in 1..20 {
            house.another_key(&owner, &holding).await;
        }
        let grant = format!("{path}/grants/{}", holding.application);
        house.send("PUT", &owner, &grant, r#"{"scopes":["products:read"]}"#).await;
        holdings.push(holding);
    }
    let before = house.epochs(&holdings).await;
    assert_eq!(before.len(), 120);
    assert_eq!(house.delete(&owner, &path).await.status, 202);
    let after = house.epochs(&holdings).await;
    for (key, epoch) in &before {
        assert!(after[key] > *epoch, "{key}");
    }
}
