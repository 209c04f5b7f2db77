//! Calls that come at the same time.

use std::rc::Rc;

use domain::scope::{Scope, ScopeSet};
use serde_json::json;
use tokio::task::{JoinSet, LocalSet};

use super::house::House;
use crate::world::Calling;

/// The statuses of `count` calls that are made at once, sorted.
async fn at_once(house: &Rc<House>, count: usize, calling: impl Fn() -> Calling) -> Vec<u16> {
    let together = async {
        let mut calls = JoinSet::new();
        for _ in 0..count {
            let (house, calling) = (house.clone(), calling());
            calls.spawn_local(async move { house.call(calling).await.status });
        }
        calls.join_all().await
    };
    let mut statuses = LocalSet::new().run_until(together).await;
    statuses.sort_unstable();
    statuses
}

#[tokio::test]
async fn a_link_that_is_followed_twice_at_once_makes_one_account() {
    let house = Rc::new(House::new().await);
    let form = json!({
        "name": "Ann", "email": format!("{}@example.com", house.clock().new_id().simple()), "phone": "+49 30 901820",
        "company": "x", "website": "https://example.com", "adult": true, "policy_version": "1",
    });
    assert_eq!(house.call(Calling::new("POST", "/v1/accounts").body(form.to_string())).await.status, 202);
    let mails = house.mails().await;
    let (_, token) = mails[0]["link"].as_str().unwrap().split_once("?token=").unwrap();
    let body = json!({ "token": token }).to_string();
    let statuses = at_once(&house, 8, || Calling::new("POST", "/v1/accounts/confirm").body(body.clone())).await;
    assert_eq!(statuses[0], 201);
    assert!(statuses[1..].iter().all(|status| [409, 410].contains(status)), "{statuses:?}");
}

#[tokio::test]
async fn bounds_hold_for_calls_at_once() {
    let house = Rc::new(House::new().await);
    let owner = house.owner().await;
    let holding = house.holding(&owner, ScopeSet::of(&[Scope::ProductsRead])).await;
    let path = format!("/v1/applications/{}/keys", holding.application);
    let calling = || Calling::new("POST", &path).key(&owner.key).body(r#"{"scopes":["raw"]}"#);
    // Some may give up because the others are in their way; none may get past the bound.
    let mut made = 0;
    for _ in 0..4 {
        let statuses = at_once(&house, 12, calling).await;
        assert!(statuses.iter().all(|status| [201, 409, 503].contains(status)), "{statuses:?}");
        made += statuses.iter().filter(|status| **status == 201).count();
    }
    assert_eq!(made, 19, "one of twenty was there before");
    let listed = house.get(&owner, &format!("{path}?per_page=100")).await.json();
    assert_eq!(listed["data"].as_array().unwrap().len(), 20);
}

#[tokio::test]
async fn a_store_that_is_disconnected_twice_at_once_leaves_once() {
    let house = Rc::new(House::new().await);
    let owner = house.owner().await;
    let store = house.store(&owner).await;
    let path = format!("/v1/stores/{store}");
    let statuses = at_once(&house, 4, || Calling::new("DELETE", &path).key(&owner.key)).await;
    assert!(statuses.iter().all(|status| *status == 202 || *status == 503), "{statuses:?}");
    assert!(statuses.contains(&202));
    let shown = house.get(&owner, &path).await.json();
    assert_eq!(shown["state"], "disconnecting");
}
