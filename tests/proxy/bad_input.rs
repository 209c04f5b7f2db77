//! What callers get wrong, one row each.

use cloud::dynamo::{
    key_item::{KeyState, raise_epoch, set_state},
    stores::Stores,
    transaction,
};
use domain::{
    id::{AccountId, ApplicationId, StoreId},
    scope::{Scope, ScopeSet},
};
use testkit::fault_proxy::{Calls, Fault};

use crate::world::{Calling, World, wide};

#[tokio::test]
async fn every_wrong_call_has_its_problem() {
    let world = World::new().await;
    let key = world.key.as_str();
    let products = world.path("products");
    let mistyped = format!("{}{}", &key[..key.len() - 1], if key.ends_with('x') { 'y' } else { 'x' });
    let get = |target: &str| Calling::new("GET", target).key(key);
    let other_store = StoreId::from_uuid(world.boot.clock.new_id());
    let basic = |user: &str| {
        use base64::Engine;
        format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(format!("{user}:x")))
    };
    let rows = [
        (Calling::new("GET", &products), 401, "key_missing"),
        (Calling::new("GET", &products).key("ctg_short"), 401, "key_malformed"),
        (Calling::new("GET", &products).key("sk_live_of_someone_else"), 401, "key_malformed"),
        (Calling::new("GET", &products).key(&mistyped), 401, "key_mistyped"),
        (Calling::new("GET", &products).header("authorization", "Basic %%%"), 401, "key_missing"),
        (Calling::new("GET", &format!("{products}?api_key={key}")), 400, "key_in_url"),
        (get(&format!("{products}?api_key={key}")), 400, "key_in_url"),
        (Calling::new("GET", &format!("/v1/platforms?k={key}")), 400, "key_in_url"),
        (get(&products).header("x-api-key", &mistyped), 400, "keys_conflict"),
        (get(&products).header("origin", "https://shop.example"), 403, "key_in_browser"),
        (get(&format!("/v1/stores/{other_store}/products")), 404, "not_found"),
        (get("/v1/stores/str_nonsense/products"), 404, "not_found"),
        (get(&world.path("unicorns")), 404, "unknown_entity"),
        (get(&world.path("products/1/2")), 404, "not_found"),
        (Calling::new("PUT", &products).key(key), 405, "method_not_allowed"),
        (Calling::new("POST", &products).key(key).body("{}"), 422, "validation_failed"),
        (Calling::new("POST", &products).key(key).body("{"), 400, "body_invalid"),
        (Calling::new("POST", &world.path("baskets")).key(key).body("{}"), 501, "not_supported_by_platform"),
        (Calling::new("POST", &world.path("baskets/batch")).key(key).body("{}"), 422, "validation_failed"),
        (Calling::new("PATCH", &world.path("products/batch")).key(key).body("{}"), 422, "validation_failed"),
        (get(&format!("{products}?per_page=101")), 422, "validation_failed"),
        (get(&format!("{products}?per_page=0")), 422, "validation_failed"),
        (get(&format!("{products}?per_page=x")), 422, "validation_failed"),
        (get(&format!("{products}?per_page=5&per_page=6")), 422, "validation_failed"),
        (get(&format!("{products}?page=2")), 422, "validation_failed"),
        (get(&format!("{products}?fields=id,nonsense")), 422, "validation_failed"),
        (get(&format!("{products}?include=everything")), 422, "validation_failed"),
        (get(&format!("{products}?updated_after=yesterday")), 422, "validation_failed"),
        (get(&format!("{products}?cursor=nonsense")), 422, "cursor_invalid"),
        (get(&world.path("products/no-such-id")), 404, "upstream_not_found"),
        (get(&world.path("raw/../secret")), 400, "path_refused"),
        (get(&world.path("raw/a/%2e%2e/b")), 400, "path_refused"),
        (get(&world.path("raw//evil.example/x")), 400, "path_refused"),
        (get(&world.path("raw/https://evil.example/x")), 400, "path_refused"),
        (get(&world.path("raw/api/products")).header("x_api_key", "a"), 400, "header_refused"),
        (get(&world.path("raw/api/products")).header("x-note", "a\r\nx-evil: b"), 400, "header_refused"),
        (get(&world.path("raw/api/products")).header("x-http-method-override", "DELETE"), 400, "header_refused"),
        (get(&world.path("raw/api/products")).header("transfer-encoding", "chunked"), 400, "header_refused"),
        (
            Calling::new("POST", &world.path("raw/api/products")).key(key).bytes(vec![7; 11_000_000]),
            413,
            "body_too_large",
        ),
        (get(&products).header("authorization", &basic(&mistyped)), 401, "key_mistyped"),
    ];
    for (number, (calling, status, code)) in rows.into_iter().enumerate() {
        let answer = world.call(calling).await;
        assert_eq!((answer.status, answer.problem().as_str()), (status, code), "row {number}");
        let text = String::from_utf8(answer.body).unwrap();
        assert!(!text.contains(key) && !text.contains("nonsense-value"), "row {number} repeats the key");
    }
    assert_eq!(
        world.call(get(&products).header("authorization", &basic(key))).await.status,
        200,
        "the key as user name"
    );
    let own = Calling::new("GET", &products).header("x-api-key", key).header("authorization", &basic("ck_of_a_vendor"));
    assert_eq!(world.call(own).await.status, 200, "beside a vendor's own credential");
}

#[tokio::test]
async fn keys_that_are_revoked_expired_suspended_or_unknown_say_so() {
    let world = World::new().await;
    let scopes = ScopeSet::of(&[Scope::ProductsRead]);
    let products = world.path("products");
    let now = world.boot.clock.now();
    let expired = world.add_key(wide(), scopes, Some(now - jiff::SignedDuration::from_secs(1))).await;
    let revoked = world.add_key(wide(), scopes, None).await;
    let suspended = world.add_key(wide(), scopes, None).await;
    for (key, state) in [(&revoked, KeyState::Revoked), (&suspended, KeyState::Suspended)] {
        assert_eq!(world.call(Calling::new("GET", &products).key(key.reveal())).await.status, 200, "before");
        let change = set_state(&world.config.keys_table, key.id(), state, None);
        transaction::write(&world.tables(), vec![change]).await.unwrap();
    }
    let unknown = domain::key::NewKey::mint(
        domain::id::KeyId::from_uuid(world.boot.clock.new_id()),
        &cloud::clock::random_bytes(),
    );
    let forged = domain::key::NewKey::mint(world.key_id.clone(), &cloud::clock::random_bytes());
    for (key, status, code) in [
        (&expired, 401, "key_expired"),
        (&revoked, 401, "key_revoked"),
        (&suspended, 403, "key_suspended"),
        (&unknown, 401, "key_invalid"),
        (&forged, 401, "key_invalid"),
    ] {
        let answer = world.call(Calling::new("GET", &products).key(key.reveal()).from("203.0.113.12")).await;
        assert_eq!((answer.status, answer.problem().as_str()), (status, code));
    }
}

/// What a key and a grant both allow, and nothing else.
#[tokio::test]
async fn r119_scopes_are_the_keys_and_the_grants() {
    let world = World::new().await;
    let narrow = world.add_key(wide(), ScopeSet::of(&[Scope::ProductsRead, Scope::Raw]), None).await;
    let call = |rest: &str, method: &str| Calling::new(method, &world.path(rest)).key(narrow.reveal());
    assert_eq!(world.call(call("products?per_page=1", "GET")).await.status, 200);
    assert_eq!(world.call(call("orders", "GET")).await.problem(), "scope_missing");
    assert_eq!(world.call(call("raw/api/products?per_page=1", "GET")).await.status, 200);
    assert_eq!(world.call(call("raw/api/orders", "GET")).await.problem(), "scope_missing", "the path shows the entity");
    assert_eq!(
        world.call(call("raw/api/products", "POST").body("{}")).await.problem(),
        "scope_missing",
        "writing is more"
    );
    world.demo.forget();

    world.grant(&world.store, ScopeSet::of(&[Scope::OrdersRead])).await;
    let raised = vec![raise_epoch(&world.config.keys_table, narrow.id())];
    transaction::write(&world.tables(), raised).await.unwrap();
    assert_eq!(world.call(call("products", "GET")).await.problem(), "scope_missing", "the grant was narrowed");
    assert_eq!(world.call(call("raw/api/products", "GET")).await.problem(), "scope_missing");
    assert_eq!(world.demo.calls(), 0, "the store was never asked");
}

/// R121: revocation bites on the very next call, and another tenant's store does not exist.
#[tokio::test]
async fn r121_access_is_the_merchants_to_give_and_take() {
    let world = World::new().await;
    assert_eq!(world.get("products").await.status, 200);
    let stranger_account = AccountId::from_uuid(world.boot.clock.new_id());
    let stranger_application = ApplicationId::from_uuid(world.boot.clock.new_id());
    let all: ScopeSet = Scope::ALL.iter().copied().collect();
    let stranger = world.add_key_of(&stranger_account, &stranger_application, wide(), all, None).await;
    let unknown = format!("/v1/stores/{}/products", StoreId::from_uuid(world.boot.clock.new_id()));
    let theirs = world.call(Calling::new("GET", &world.path("products")).key(stranger.reveal())).await;
    let nothing = world.call(Calling::new("GET", &unknown).key(stranger.reveal())).await;
    assert_eq!((theirs.status, theirs.problem()), (404, "not_found".to_owned()));
    let without_instance = |answer: &crate::world::Answered| {
        let mut body = answer.json();
        body.as_object_mut().unwrap().remove("instance");
        body
    };
    assert_eq!(without_instance(&theirs), without_instance(&nothing), "the two cannot be told apart");

    let ungranted_application = ApplicationId::from_uuid(world.boot.clock.new_id());
    let ungranted = world.add_key_of(&world.account, &ungranted_application, wide(), all, None).await;
    let refused = world.call(Calling::new("GET", &world.path("products")).key(ungranted.reveal())).await;
    assert_eq!((refused.status, refused.problem().as_str()), (403, "store_access_revoked"), "own store, no grant");

    let stores = Stores::new(world.tables(), world.config.stores_table.clone());
    let revoke = stores.revoking(&world.store, &world.application, world.boot.clock.now(), None);
    transaction::write(&world.tables(), vec![revoke, raise_epoch(&world.config.keys_table, &world.key_id)])
        .await
        .unwrap();
    world.demo.forget();
    let refused = world.get("products").await;
    assert_eq!((refused.status, refused.problem().as_str()), (403, "store_access_revoked"));
    assert_eq!(world.demo.calls(), 0);
}

/// Invariant 6: "could not check" is 503, neither denied nor allowed.
#[tokio::test]
async fn what_cannot_be_checked_is_503() {
    let world = World::new().await;
    let lost = [
        (Calls::Target("UpdateItem"), Fault::Throttle),
        (Calls::Target("UpdateItem"), Fault::Cut),
        (Calls::Target("GetItem"), Fault::Throttle),
        (
            Calls::Target("GetSecretValue"),
            Fault::Answer(http::StatusCode::INTERNAL_SERVER_ERROR, "{\"__type\":\"InternalServiceError\"}"),
        ),
        (Calls::All, Fault::Cut),
    ];
    for (number, (calls, fault)) in lost.into_iter().enumerate() {
        world.faults.reset();
        world.faults.inject(calls, fault, 99);
        let app = world.another_instance();
        let started = std::time::Instant::now();
        let answer = World::call_on(&app, Calling::new("GET", &world.path("products")).key(&world.key)).await;
        assert_eq!((answer.status, answer.problem().as_str()), (503, "unavailable"), "row {number}");
        assert!(answer.headers.contains_key("retry-after"), "row {number}");
        assert!(started.elapsed() < std::time::Duration::from_secs(6), "row {number}");
        let text = String::from_utf8(answer.body).unwrap().to_lowercase();
        assert!(!text.contains("dynamo") && !text.contains("throughput") && !text.contains("secret"), "{text}");
    }
    assert_eq!(world.demo.calls(), 0);
}

#[tokio::test]
async fn r135_a_call_without_user_agent_is_served_and_told() {
    let world = World::new().await;
    let answer = world
        .call(Calling::new("GET", &world.path("products?per_page=1")).key(&world.key).header("user-agent", ""))
        .await;
    assert_eq!(answer.status, 200);
    assert!(answer.headers["warning"].contains("User-Agent"));
    assert!(!world.get("products?per_page=1").await.headers.contains_key("warning"));
}
