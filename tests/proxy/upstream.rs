//! What stores get wrong, one row each: nothing is lost, nothing internal leaks, nothing hangs.

use std::time::{Duration, Instant};

use connectors::Credential;
use domain::scope::{Scope, ScopeSet};
use secrecy::SecretString;
use testkit::{
    demo_store::Fault,
    fault_proxy::{self, FaultProxy},
};

use crate::world::{Calling, World};

#[tokio::test]
async fn r134_a_stores_refusals_are_mapped() {
    let world = World::new().await;
    for (status, mapped, code, calls) in [
        (401, 424, "upstream_unauthorized", 1),
        (403, 424, "upstream_unauthorized", 1),
        (404, 404, "upstream_not_found", 1),
        (409, 409, "upstream_conflict", 1),
        (422, 422, "upstream_rejected", 1),
        (400, 422, "upstream_rejected", 1),
        (429, 429, "upstream_rate_limited", 3),
        (500, 502, "upstream_unavailable", 3),
        (503, 502, "upstream_unavailable", 3),
    ] {
        world.demo.forget();
        world.demo.fail_next(9, Fault::Status(status, None));
        let answer = world.get("products").await;
        assert_eq!((answer.status, answer.problem().as_str()), (mapped, code), "{status}");
        assert_eq!(world.demo.calls(), calls, "{status}: attempts (R134)");
        assert_eq!(answer.json()["upstream"]["status"], status);
        assert_eq!(answer.headers.contains_key("retry-after"), mapped == 429, "{status}");
    }
}

#[tokio::test]
async fn what_passes_by_itself_is_not_seen() {
    let world = World::new().await;
    for fault in [Fault::Status(500, None), Fault::Status(429, Some(1)), Fault::Status(503, Some(1)), Fault::Cut] {
        world.demo.forget();
        world.demo.fail_next(1, fault);
        assert_eq!(world.get("products?per_page=1").await.status, 200, "{fault:?}");
        assert_eq!(world.demo.calls(), 2, "{fault:?}");
    }
}

/// A long `Retry-After` is passed on, not waited for.
#[tokio::test]
async fn r134_retry_after_is_obeyed_and_passed_on() {
    let world = World::new().await;
    world.demo.fail_next(9, Fault::Status(429, Some(30)));
    let started = Instant::now();
    let answer = world.get("products").await;
    assert_eq!((answer.status, answer.headers["retry-after"].as_str()), (429, "30"));
    assert_eq!(world.demo.calls(), 1);
    assert!(started.elapsed() < Duration::from_secs(3));

    world.demo.forget();
    world.demo.fail_next(1, Fault::Status(429, Some(2)));
    let started = Instant::now();
    assert_eq!(world.get("products?per_page=1").await.status, 200);
    assert!(started.elapsed() >= Duration::from_secs(2), "not a moment early");
}

#[tokio::test]
async fn broken_answers_have_their_problem() {
    let world = World::new().await;
    for (fault, status, code) in [
        (Fault::Garbage, 502, "upstream_unreadable"),
        (Fault::Cut, 502, "upstream_unavailable"),
        (Fault::Huge(40_000_000), 502, "upstream_too_large"),
        (Fault::Endless, 502, "upstream_too_large"),
    ] {
        world.demo.forget();
        world.demo.fail_next(9, fault);
        let answer = world.get("products").await;
        assert_eq!((answer.status, answer.problem().as_str()), (status, code), "{fault:?}");
    }
}

/// The budget of the invocation bounds everything.
#[tokio::test]
async fn a_slow_store_ends_within_the_budget() {
    let world = World::new().await;
    world.get("products?per_page=1").await;
    for fault in [Fault::Slow(Duration::from_secs(60)), Fault::Drip] {
        world.demo.forget();
        world.demo.fail_next(9, fault);
        let started = Instant::now();
        let calling = Calling::new("GET", &world.path("products")).key(&world.key).within(Duration::from_secs(4));
        let answer = world.call(calling).await;
        assert_eq!((answer.status, answer.problem().as_str()), (504, "upstream_timeout"), "{fault:?}");
        assert!(started.elapsed() < Duration::from_secs(4), "{fault:?}: {:?}", started.elapsed());
    }
}

/// A call that is not idempotent is repeated only when nothing can have happened.
#[tokio::test]
async fn r134_a_write_is_repeated_only_when_nothing_happened() {
    let world = World::new().await;
    let write = || {
        Calling::new("POST", &world.path("raw/api/products"))
            .key(&world.key)
            .header("content-type", "application/json")
            .body("{\"title\":\"x\",\"sku\":\"W\",\"price\":\"1.00\"}")
    };
    for (fault, calls) in
        [(Fault::Status(500, None), 1), (Fault::Status(502, None), 1), (Fault::Cut, 1), (Fault::Status(429, None), 3)]
    {
        world.demo.forget();
        world.demo.fail_next(9, fault);
        world.call(write()).await;
        assert_eq!(world.demo.calls(), calls, "{fault:?}");
    }
}

#[tokio::test]
async fn an_unreachable_store_is_said_to_be() {
    let world = World::new().await;
    let credential: Credential = [("api_key".to_owned(), SecretString::from("ak_x".to_owned()))].into_iter().collect();
    let nowhere = fault_proxy::refused().await.unwrap();
    let scopes = ScopeSet::of(&[Scope::ProductsRead]);
    let store = world.connect("cartos", nowhere.as_str(), credential, scopes).await;
    let answer = world.call(Calling::new("GET", &format!("/v1/stores/{store}/products")).key(&world.key)).await;
    assert_eq!((answer.status, answer.problem().as_str()), (502, "upstream_unavailable"));
}

/// The egress guard (invariant 2): a store's address that is, or leads to, a private network is not called.
#[tokio::test]
async fn private_addresses_are_not_called() {
    let world = World::new().await;
    let credential: Credential = [("api_key".to_owned(), SecretString::from("ak_x".to_owned()))].into_iter().collect();
    let scopes = ScopeSet::of(&[Scope::ProductsRead]);
    for address in [
        "https://10.0.0.1",
        "https://169.254.169.254",
        "https://[fd00:ec2::254]",
        "https://1.1.1.1",
        "https://shop.example:22",
    ] {
        let store = world.connect("cartos", address, credential.clone(), scopes).await;
        let answer = world.call(Calling::new("GET", &format!("/v1/stores/{store}/products")).key(&world.key)).await;
        assert_eq!((answer.status, answer.problem().as_str()), (502, "upstream_unavailable"), "{address}");
        assert!(answer.json()["detail"].as_str().unwrap().contains("address"), "{address}");
    }
}

/// Without the local stack's permission, loopback is as private as the rest.
#[tokio::test]
async fn loopback_is_refused_unless_the_template_allows_it() {
    let world = World::new().await;
    let mut config = world.config.clone();
    config.egress_loopback = cloud::env::Permission::Deny;
    let app = proxy::App::new(&world.boot, config);
    let answer = World::call_on(&app, Calling::new("GET", &world.path("products")).key(&world.key)).await;
    assert_eq!((answer.status, answer.problem().as_str()), (502, "upstream_unavailable"));
    assert_eq!(world.demo.calls(), 0);
}

/// A name is judged by what it leads to, at the moment of the call.
#[tokio::test]
async fn a_name_that_leads_to_a_private_address_is_not_called() {
    let world = World::new().await;
    let mut config = world.config.clone();
    config.egress_loopback = cloud::env::Permission::Deny;
    let app = proxy::App::new(&world.boot, config);
    let credential: Credential = [("api_key".to_owned(), SecretString::from("ak_x".to_owned()))].into_iter().collect();
    let store = world.connect("cartos", "https://localhost", credential, ScopeSet::of(&[Scope::ProductsRead])).await;
    let calling = Calling::new("GET", &format!("/v1/stores/{store}/products")).key(&world.key);
    let answer = World::call_on(&app, calling).await;
    assert_eq!((answer.status, answer.problem().as_str()), (502, "upstream_unavailable"));
    assert!(answer.json()["detail"].as_str().unwrap().contains("address"), "refused, not merely out of reach");
}

/// A redirect is the store's answer, not an order to us.
#[tokio::test]
async fn redirects_are_not_followed() {
    let world = World::new().await;
    let moved = FaultProxy::in_front_of(world.demo.url()).await.unwrap();
    moved.inject(fault_proxy::Calls::All, fault_proxy::Fault::Answer(http::StatusCode::FOUND, ""), 9);
    let credential: Credential =
        [("api_key".to_owned(), SecretString::from(world.demo.api_key().to_owned()))].into_iter().collect();
    let store = world.connect("cartos", moved.url().as_str(), credential, ScopeSet::of(&[Scope::ProductsRead])).await;
    let answer = world.call(Calling::new("GET", &format!("/v1/stores/{store}/products")).key(&world.key)).await;
    assert_eq!(answer.status / 100, 5);
    assert_eq!(world.demo.calls(), 0);
}

/// R146: what a platform announces is noted with the call, through the unified and through the raw route.
#[tokio::test]
async fn r146_a_platforms_sunset_is_noted() {
    let world = World::new().await;
    assert_eq!(world.get("products?per_page=1").await.status, 200);
    world.demo.announce_sunset("Wed, 31 Mar 2027 23:59:59 GMT");
    assert_eq!(world.get("products?per_page=1").await.status, 200);
    let raw = world.get("raw/api/products").await;
    assert_eq!(raw.headers["sunset"], "Wed, 31 Mar 2027 23:59:59 GMT", "the caller of a raw route hears it too");
    world.app.journal().settle().await;
    let lines: Vec<serde_json::Value> = world
        .faults
        .seen()
        .iter()
        .filter(|seen| seen.target.ends_with("PutItem"))
        .map(|seen| serde_json::from_slice::<serde_json::Value>(&seen.body).unwrap()["Item"].clone())
        .filter(|item| item["route"].is_object())
        .collect();
    let said =
        lines.iter().map(|line| (line["upstream_deprecated"]["BOOL"].clone(), line["upstream_sunset"]["S"].clone()));
    let noted = (serde_json::json!(true), serde_json::json!("2027-03-31T23:59:59Z"));
    assert_eq!(said.collect::<Vec<_>>(), [(serde_json::Value::Null, serde_json::Value::Null), noted.clone(), noted]);
    let scopes: Vec<String> = lines.iter().map(|line| line["scopes"].to_string()).collect();
    assert!(scopes[0].contains("products:read") && scopes[2].contains("raw"), "R119: {scopes:?}");
}
