//! PrestaShop through the gateway: pages by id, where every product shares its date, and writes in XML.

use domain::scope::{Scope, ScopeSet};
use secrecy::SecretString;
use serde_json::json;
use testkit::presta_store::{PrestaStore, WEBSERVICE_KEY};

use crate::world::{Calling, World};

#[tokio::test]
async fn every_product_comes_once_and_writes_come_back_as_they_stand() {
    let world = World::new().await;
    let presta = PrestaStore::start(130).await.unwrap();
    let credential = [("webservice_key".to_owned(), SecretString::from(WEBSERVICE_KEY.to_owned()))];
    let scopes: ScopeSet = Scope::ALL.iter().copied().filter(|scope| scope.is_data_plane()).collect();
    let store = world.connect("prestashop", presta.url().as_str(), credential.into_iter().collect(), scopes).await;
    let base = format!("/v1/stores/{store}/products");

    let mut ids: Vec<u64> = Vec::new();
    let mut next = format!("{base}?per_page=50&updated_after=2026-06-01T00:00:00Z");
    loop {
        let page = world.call(Calling::new("GET", &next).key(&world.key)).await;
        assert_eq!(page.status, 200, "{}", page.json());
        let page = page.json();
        ids.extend(
            page["data"].as_array().unwrap().iter().map(|row| row["id"].as_str().unwrap().parse::<u64>().unwrap()),
        );
        match page["next_cursor"].as_str() {
            Some(cursor) => next = format!("{base}?per_page=50&updated_after=2026-06-01T00:00:00Z&cursor={cursor}"),
            None => break,
        }
    }
    assert_eq!(ids, presta.product_ids());

    let call = |method: &str, path: String, body: &str| Calling::new(method, &path).key(&world.key).body(body);
    let made =
        world.call(call("POST", base.clone(), r#"{"name":"Tee <&>","price":{"amount":"9.90"},"sku":"T-1"}"#)).await;
    assert_eq!(made.status, 201, "{}", made.json());
    assert_eq!(
        (&made.json()["name"], &made.json()["price"]),
        (&json!("Tee <&>"), &json!({ "amount": "9.90", "currency": "EUR" }))
    );
    assert_eq!(made.json()["created_at"], "2026-07-01T10:00:00Z", "the shop's local time");
    let path = format!("{base}/{}", made.json()["id"].as_str().unwrap());
    let changed = world.call(call("PATCH", path.clone(), r#"{"price":{"amount":"12.00"}}"#)).await;
    assert_eq!((&changed.json()["price"]["amount"], &changed.json()["sku"]), (&json!("12.00"), &json!("T-1")));
    assert_eq!(world.call(Calling::new("DELETE", &path).key(&world.key)).await.status, 204);
    assert_eq!(world.call(Calling::new("GET", &path).key(&world.key)).await.problem(), "upstream_not_found");

    let refused = world.call(call("POST", base.clone(), r#"{"name":"No price"}"#)).await;
    assert_eq!((refused.status, refused.problem().as_str()), (422, "upstream_rejected"));
    assert!(refused.json()["upstream"]["text"].as_str().unwrap().contains("required"), "{}", refused.json());
    let customer =
        world.call(call("POST", format!("/v1/stores/{store}/customers"), r#"{"email":"a@example.com"}"#)).await;
    assert_eq!((customer.status, customer.problem().as_str()), (501, "not_supported_by_platform"));
}
