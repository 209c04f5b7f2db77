//! The raw route: what goes through untouched, and what does not go through.

use crate::world::{Calling, World};

/// The id of a product of the demo store; reading it leaves no trace.
async fn product(world: &World) -> String {
    let list = world.get("products?per_page=1&fields=remote_id").await.json();
    world.demo.forget();
    list["data"][0]["remote_id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn bytes_status_and_headers_pass_untouched() {
    let world = World::new().await;
    let product = product(&world).await;
    let direct = testkit::plain_http::PlainHttp::default();
    let ours = world.get(&format!("raw/api/products/{product}?x=1&y=%20")).await;
    let request = http::Request::get(format!("{}api/products/{product}?x=1&y=%20", world.demo.url()))
        .header("x-api-key", world.demo.api_key())
        .body(bytes::Bytes::new())
        .unwrap();
    let theirs = direct.send(request).await.unwrap();
    assert_eq!((ours.status, theirs.status().as_u16()), (200, 200));
    assert_eq!(ours.body, theirs.body().as_ref(), "byte for byte");
    assert_eq!(ours.headers["content-type"], theirs.headers()["content-type"]);
    assert!(ours.headers.contains_key("upstream-x-ratelimit-limit"), "the platform's limits come under another name");
    assert_eq!(
        world.demo.received()[0].target,
        format!("/api/products/{product}?x=1&y=%20"),
        "the query is not rewritten"
    );
    assert_eq!(world.get("raw/api/products/999999").await.status, 404, "the platform's own 404");
}

#[tokio::test]
async fn any_method_and_body_passes() {
    let world = World::new().await;
    let product = "{\"title\":\"Caf\u{e9}\",\"sku\":\"RAW-1\",\"price\":\"12.50\"}";
    for (method, path, body) in [
        ("POST", "raw/api/products", Some(product)),
        ("PUT", "raw/api/products/1", Some(product)),
        ("PATCH", "raw/api/products/1", Some("{\"title\":\"x\"}")),
        ("DELETE", "raw/api/products/2", None),
        ("OPTIONS", "raw/api/products", None),
    ] {
        world.demo.forget();
        let mut calling =
            Calling::new(method, &world.path(path)).key(&world.key).header("content-type", "application/json");
        if let Some(body) = body {
            calling = calling.body(body);
        }
        world.call(calling).await;
        let received = &world.demo.received()[0];
        assert_eq!(received.method.as_str(), method);
        assert_eq!(received.body.as_ref(), body.unwrap_or_default().as_bytes());
    }
}

/// Our authentication never reaches the store, wherever it stood.
#[tokio::test]
async fn r117_credentials_of_the_caller_are_dropped() {
    use base64::Engine;
    let world = World::new().await;
    let product = product(&world).await;
    let basic = base64::engine::general_purpose::STANDARD.encode(format!("{}:secret", world.key));
    let ways = [
        ("authorization", format!("Bearer {}", world.key)),
        ("authorization", format!("Basic {basic}")),
        ("x-api-key", world.key.clone()),
    ];
    for (name, value) in ways {
        world.demo.forget();
        let calling = Calling::new("GET", &world.path(&format!("raw/api/products/{product}")))
            .header(name, &value)
            .header("cookie", "session=1")
            .header("connection", "x-named")
            .header("x-named", "1")
            .header("x-forwarded-for", "198.51.100.7")
            .header("x-kept", "Caf\u{e9}");
        assert_eq!(world.call(calling).await.status, 200);
        let headers = world.demo.received()[0].headers.clone();
        assert_eq!(headers["x-api-key"], world.demo.api_key());
        assert_eq!(headers["x-kept"].as_bytes(), "Caf\u{e9}".as_bytes());
        for gone in ["authorization", "cookie", "x-named", "x-forwarded-for"] {
            assert!(!headers.contains_key(gone), "{gone}");
        }
        assert!(!format!("{headers:?}").contains("ctg_"));
    }
}

#[tokio::test]
async fn compressed_and_binary_bodies_survive() {
    let world = World::new().await;
    let body: Vec<u8> = (0..=255).cycle().take(70_000).collect();
    let calling = Calling::new("POST", &world.path("raw/api/products"))
        .key(&world.key)
        .header("content-type", "application/octet-stream")
        .bytes(body.clone());
    world.call(calling).await;
    assert_eq!(world.demo.received()[0].body, body);
}
