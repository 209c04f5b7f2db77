//! Baskets of a WooCommerce store, through CoCart's cart API.

use serde_json::{Value, json};
use testkit::woo_store::{CONSUMER_KEY, CONSUMER_SECRET, WooStore};

use super::woocommerce::{connected_to, get, send};

#[tokio::test]
async fn a_basket_is_filled_changed_and_deleted_as_the_guest() {
    let (world, woo, base) = connected_to(WooStore::start().await.unwrap(), CONSUMER_SECRET).await;
    let sent = json!({ "lines": [{ "product_id": "14", "quantity": 2 }, { "product_id": "16", "variant_id": "17", "quantity": 1 }] });
    let made = send(&world, "POST", format!("{base}/baskets"), &sent).await;
    assert_eq!(made.status, 201, "{}", String::from_utf8_lossy(&made.body));
    let basket = made.json();
    let usd = |amount: &str| json!({ "amount": amount, "currency": "USD" });
    assert_eq!(
        (&basket["totals"]["total"], &basket["lines"][1]["unit_price"]),
        (&usd("16.50"), &usd("12.50")),
        "minor units"
    );
    assert_eq!(basket["lines"][0]["total"]["amount"], "4", "a major-unit number in the same object");
    assert!(basket["expires_at"].is_string());
    let path = format!("{base}/baskets/{}", basket["id"].as_str().unwrap());
    assert!(made.headers["location"].ends_with(&path));

    let line = basket["lines"][0]["id"].as_str().unwrap();
    let change = json!({ "lines": [{ "id": line, "quantity": 5 }, { "variant_id": "17", "quantity": 0 }, { "product_id": "12", "quantity": 1 }] });
    for _ in 0..2 {
        let changed = send(&world, "PATCH", path.clone(), &change).await;
        assert_eq!(changed.status, 200, "{}", String::from_utf8_lossy(&changed.body));
        let lines = changed.json()["lines"].clone();
        let quantities: Vec<(&str, i64)> = lines
            .as_array()
            .unwrap()
            .iter()
            .map(|line| (line["variant_id"].as_str().unwrap(), line["quantity"].as_i64().unwrap()))
            .collect();
        assert_eq!(quantities, [("14", 5), ("12", 1)], "the same change made twice does no harm");
    }
    assert_eq!(get(&world, path.clone()).await.json()["lines"].as_array().unwrap().len(), 2);
    for received in woo.received() {
        let all = format!("{} {:?}", received.target, received.headers);
        assert_eq!(
            all.contains(CONSUMER_KEY),
            received.target.contains("/session"),
            "the store's keys are for the sessions: {all}"
        );
    }

    let unknown = send(&world, "PATCH", path.clone(), &json!({ "lines": [{ "id": "nope", "quantity": 1 }] })).await;
    assert_eq!((unknown.status, &unknown.json()["errors"][0]["pointer"]), (422, &json!("/lines/0/id")));
    let too_many =
        send(&world, "PATCH", path.clone(), &json!({ "lines": [{ "variant_id": "17", "quantity": 99 }] })).await;
    assert_eq!(
        (too_many.status, too_many.problem().as_str()),
        (422, "upstream_rejected"),
        "CoCart says 404; the basket is there"
    );
    let emptied = send(&world, "PATCH", path.clone(), &json!({ "lines": null })).await.json();
    assert_eq!((&emptied["lines"], &emptied["totals"]["total"]["amount"]), (&json!([]), &json!("0.00")));
    assert_eq!(get(&world, path.clone()).await.status, 200, "an empty basket is one");
    assert_eq!(send(&world, "DELETE", path.clone(), &Value::Null).await.status, 204);
    for method in ["GET", "DELETE"] {
        let gone = send(&world, method, path.clone(), &Value::Null).await;
        assert_eq!((gone.status, gone.problem().as_str()), (404, "upstream_not_found"), "{method}: {path}");
    }
}

#[tokio::test]
async fn a_basket_that_cannot_be_made_whole_is_not_made() {
    let (world, woo, base) = connected_to(WooStore::start().await.unwrap(), CONSUMER_SECRET).await;
    let sent = json!({ "lines": [{ "product_id": "14", "quantity": 2 }, { "variant_id": "17", "quantity": 99 }] });
    let refused = send(&world, "POST", format!("{base}/baskets"), &sent).await;
    assert_eq!((refused.status, refused.problem().as_str()), (422, "upstream_rejected"));
    assert!(refused.json()["upstream"]["text"].as_str().unwrap().contains("only (3) remaining"));
    assert_eq!(woo.carts(), 0);
}

#[tokio::test]
async fn baskets_are_listed_to_the_end() {
    let (world, woo, base) = connected_to(WooStore::start().await.unwrap(), CONSUMER_SECRET).await;
    assert_eq!(
        get(&world, format!("{base}/baskets")).await.json(),
        json!({ "data": [], "next_cursor": null }),
        "CoCart says 404"
    );
    let mut made = Vec::new();
    for quantity in 1..=3 {
        let sent = json!({ "lines": [{ "product_id": "14", "quantity": quantity }] });
        made.push(send(&world, "POST", format!("{base}/baskets"), &sent).await.json()["id"].clone());
    }
    let (mut ids, mut next) = (Vec::new(), format!("{base}/baskets?per_page=2"));
    loop {
        let page = get(&world, next).await.json();
        for basket in page["data"].as_array().unwrap() {
            assert_eq!(basket["totals"]["total"]["currency"], "USD");
            ids.push(basket["id"].clone());
        }
        match page["next_cursor"].as_str() {
            Some(cursor) => next = format!("{base}/baskets?per_page=2&cursor={cursor}"),
            None => break,
        }
    }
    assert_eq!(ids, made);
    woo.forget();
    let thin = get(&world, format!("{base}/baskets?fields=id,expires_at")).await.json();
    assert_eq!((thin["data"].as_array().unwrap().len(), woo.calls()), (3, 2), "the carts themselves are not asked for");
    assert!(thin["data"][0]["expires_at"].is_string());
    let filtered = get(&world, format!("{base}/baskets?updated_after=2026-01-01T00:00:00Z")).await;
    assert_eq!((filtered.status, filtered.problem().as_str()), (501, "not_supported_by_platform"));
}

#[tokio::test]
async fn a_store_without_cocart_has_no_baskets() {
    let (world, _woo, base) = connected_to(WooStore::without_cocart().await.unwrap(), CONSUMER_SECRET).await;
    let sent = json!({ "lines": [{ "product_id": "14", "quantity": 1 }] });
    for (method, path, body) in [
        ("GET", "baskets", &Value::Null),
        ("GET", "baskets/t_1", &Value::Null),
        ("POST", "baskets", &sent),
        ("DELETE", "baskets/t_1", &Value::Null),
    ] {
        let answer = send(&world, method, format!("{base}/{path}"), body).await;
        assert_eq!((answer.status, answer.problem().as_str()), (501, "not_supported_by_platform"), "{method} {path}");
        assert!(answer.json()["detail"].as_str().unwrap().contains("CoCart"));
    }
}
