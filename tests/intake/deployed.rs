//! The deployed function behind the API: every platform whose webhooks can be signed now, and the vendors' own libraries asked the same question.

use connectors::hooks::recipe::{Algorithm, RECIPES};
use jiff::Timestamp;
use serde_json::json;
use testkit::{plain_http::PlainHttp, stack::Stack};

use super::{Door, Headers, signed};
use crate::journey::clients::node;

const SECRET: &str = "00112233445566778899aabbccddeeff";

/// Sends a webhook through the API.
async fn post(path: &str, method: &str, headers: &Headers, body: &[u8]) -> (u16, Vec<u8>, http::HeaderMap) {
    let url = format!("{}{path}", Stack::shared().api().as_str().trim_end_matches('/'));
    let mut request = http::Request::builder().method(method).uri(url).header("content-type", "application/json");
    for (name, value) in headers {
        request = request.header(name, value);
    }
    let request = request.body(body.to_vec().into()).unwrap();
    let (head, body) = PlainHttp::default().send(request).await.unwrap().into_parts();
    (head.status.as_u16(), body.to_vec(), head.headers)
}

fn now() -> Timestamp {
    cloud::clock::Clock::system().now()
}

#[tokio::test]
async fn every_platform_is_taken_in_through_the_api() {
    let door = Door::new().await;
    let now = now().as_second();
    let body = format!(r#"{{ "eventId":"evt-1","eventCreated":{now},"name":"Café ☕" }}"#);
    for recipe in RECIPES.iter().filter(|recipe| recipe.algorithm == Algorithm::HmacSha256) {
        let store = door.store(recipe.platform, SECRET).await;
        let path = format!("/hooks/{store}");
        let headers = signed(recipe.platform, SECRET, now, body.as_bytes());
        let (status, answer, _) = post(&path, "POST", &headers, body.as_bytes()).await;
        assert_eq!((status, answer.len()), (200, 0), "{}", recipe.platform);
        let changed = body.replace("evt-1", "evt-2");
        assert_eq!(post(&path, "POST", &headers, changed.as_bytes()).await.0, 401, "{}", recipe.platform);
    }
}

#[tokio::test]
async fn what_leads_nowhere_is_told_as_everywhere() {
    let (status, body, headers) = post("/hooks/str_x", "POST", &Headers::new(), b"{}").await;
    assert_eq!((status, headers["content-type"].as_bytes()), (401, &b"application/problem+json"[..]));
    assert!(String::from_utf8(body).unwrap().contains("hook_unverified"));
    let (status, _, headers) = post("/hooks/str_x", "GET", &Headers::new(), b"").await;
    assert_eq!((status, headers["allow"].as_bytes()), (405, &b"POST"[..]));
    for nowhere in ["/hooks", "/hooks/str_x/more"] {
        assert_eq!(post(nowhere, "POST", &Headers::new(), b"{}").await.0, 404, "{nowhere}");
    }
}

/// Both sides say the same of every webhook: Shopify's library, and that of Standard Webhooks, by which BigCommerce signs.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_vendors_libraries_agree_with_what_is_taken_and_refused() {
    let Some(node) = node() else { return };
    let door = Door::new().await;
    let (shopify, bigcommerce) =
        (door.store("shopify", "hush").await, door.store("bigcommerce", "client_secret").await);
    let api = Stack::shared().api().as_str().trim_end_matches('/');
    let more = [
        ("API", api),
        ("SHOPIFY_STORE", shopify.as_str()),
        ("SHOPIFY_SECRET", "hush"),
        ("BIGCOMMERCE_STORE", bigcommerce.as_str()),
        ("BIGCOMMERCE_SECRET", "client_secret"),
    ];
    let said = node.run("intake.mjs", &shopify, "", &more).await;
    for (library, right) in [("shopify", 1), ("standard", 3)] {
        let cases = said[library].as_object().unwrap();
        assert!(cases.len() >= 7, "{library}");
        let mut valid = 0;
        for (case, said) in cases {
            let expected = if said[0] == json!(true) { 200 } else { 401 };
            assert_eq!(said[1], json!(expected), "{library}: {case}");
            valid += u32::from(expected == 200);
        }
        assert_eq!(valid, right, "{library}: neither refuses all");
    }
}
