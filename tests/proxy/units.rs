//! What a call costs, counted on the wire.

use std::time::Duration;

use domain::tier::Tier;
use testkit::fault_proxy::{Calls, Fault};

use crate::world::{Calling, World};

/// `spec`: 2 write units, 0 read units, 0 vault calls, 1 upstream call.
#[tokio::test]
async fn a_warm_proxied_get_costs_two_writes_and_one_call_of_the_store() {
    let world = World::new().await;
    assert_eq!(world.get("products").await.status, 200);
    world.app.journal().settle().await;
    world.faults.reset();
    world.demo.forget();

    assert_eq!(world.get("products").await.status, 200);
    world.app.journal().settle().await;
    assert_eq!(world.faults.write_units(), 2.0);
    assert_eq!(world.faults.read_units(), 0.0);
    assert_eq!(world.faults.count("GetSecretValue"), 0);
    assert_eq!(world.demo.calls(), 1);
    let targets: Vec<String> = world.faults.seen().iter().map(|seen| seen.target.clone()).collect();
    assert_eq!(targets, ["DynamoDB_20120810.UpdateItem", "DynamoDB_20120810.PutItem"]);
}

/// A rejected call costs nothing once the instance knows that the window is full.
#[tokio::test]
async fn a_call_into_a_known_full_window_costs_nothing() {
    let world = World::with(Tier::Standard, cloud::clock::Clock::system()).await;
    let mut refused = None;
    for _ in 0..30 {
        let answer = world.get("products?per_page=1&fields=id").await;
        if answer.status == 429 {
            refused = Some(answer);
            break;
        }
    }
    let refused = refused.expect("the window of the standard tier fills");
    assert_eq!(refused.problem(), "rate_limited");
    world.app.journal().settle().await;
    world.faults.reset();
    world.demo.forget();

    let answer = world.get("products").await;
    world.app.journal().settle().await;
    assert_eq!(answer.status, 429);
    assert_eq!(world.faults.seen().len(), 0, "no call of AWS at all");
    assert_eq!(world.demo.calls(), 0);
}

/// R014: a line is written behind the answer.
#[tokio::test]
async fn r014_nobody_waits_for_the_journal() {
    let world = World::new().await;
    world.get("products").await;
    world.app.journal().settle().await;
    world.faults.reset();
    let slow = Duration::from_millis(900);
    world.faults.inject(Calls::Target("PutItem"), Fault::Delay(slow), 1);

    let started = std::time::Instant::now();
    assert_eq!(world.get("products").await.status, 200);
    let answered_after = started.elapsed();
    world.app.journal().settle().await;
    let written_after = started.elapsed();
    assert!(written_after >= slow, "the line took its time: {written_after:?}");
    assert!(answered_after < slow, "the answer did not: {answered_after:?}");
    assert_eq!(world.faults.count("PutItem"), 1);
}

/// The first call of an instance reads the store, the grant and the credential; none of it is read again.
#[tokio::test]
async fn a_cold_call_reads_the_vault_once() {
    let world = World::new().await;
    for _ in 0..3 {
        assert_eq!(world.get("orders?per_page=1").await.status, 200);
    }
    assert_eq!(world.faults.count("GetSecretValue"), 1);
    assert_eq!(world.faults.count("GetItem"), 3, "the ledger of the key, the store, the grant");
}

#[tokio::test]
async fn r012_the_journal_says_how_the_credential_was_come_by() {
    let world = World::new().await;
    world.get("orders?per_page=1").await;
    let answer = world.call(Calling::new("GET", &world.path("orders?per_page=1")).key(&world.key)).await;
    world.app.journal().settle().await;
    let lines: Vec<String> = world
        .faults
        .seen()
        .iter()
        .filter(|seen| seen.target.ends_with("PutItem"))
        .map(|seen| serde_json::from_slice::<serde_json::Value>(&seen.body).unwrap())
        // Before the first line of an account stands the mark that it is active.
        .filter(|body| body["Item"]["route"].is_object())
        .map(|body| {
            assert_eq!(body["Item"]["route"]["S"], "GET /v1/stores/{store}/orders");
            body["Item"]["credential"]["S"].as_str().unwrap().to_owned()
        })
        .collect();
    assert_eq!(lines, ["read", "memory"]);
    assert_eq!(answer.status, 200);
}
