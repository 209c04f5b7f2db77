//! Another tenant's thing answers exactly like one that does not exist (invariant 5).

use domain::scope::{Scope, ScopeSet};
use serde_json::{Value, json};

use super::house::House;
use crate::world::Calling;

const RESTRICTION: &str = r#"{"customer":{"id":"7"},"ground":"unlawful-use"}"#;

#[tokio::test]
async fn another_accounts_things_are_not_there() {
    let house = House::new().await;
    let (victim, eve) = (house.owner().await, house.owner().await);
    let holding = house.holding(&victim, ScopeSet::of(&[Scope::ProductsRead])).await;
    let store = house.store(&victim).await;
    let own = house.holding(&eve, ScopeSet::of(&[Scope::ProductsRead])).await;
    let victims_key = house.get(&victim, "/v1/keys").await.json()["data"][0]["id"].as_str().unwrap().to_owned();
    let wish = json!({ "application": holding.application, "url": "https://hooks.example.com/", "topics": ["*"] });
    let subscription = house.post(&victim, "/v1/subscriptions", wish).await.json()["id"].as_str().unwrap().to_owned();
    let nothing = "00000000000000000000000000";
    let scopes = r#"{"scopes":["products:read"]}"#;

    // (method, path, body): with the victim's ids first, then with ids of nothing.
    let routes = |application: &str, key: &str, store: &str, subscription: &str| {
        vec![
            ("GET", format!("/v1/applications/{application}"), ""),
            ("DELETE", format!("/v1/applications/{application}"), ""),
            ("GET", format!("/v1/applications/{application}/keys"), ""),
            ("POST", format!("/v1/applications/{application}/keys"), scopes),
            ("POST", format!("/v1/keys/{key}/rotate"), ""),
            ("DELETE", format!("/v1/keys/{key}"), ""),
            ("GET", format!("/v1/stores/{store}"), ""),
            ("PATCH", format!("/v1/stores/{store}"), r#"{"cache":true}"#),
            ("DELETE", format!("/v1/stores/{store}"), ""),
            ("POST", format!("/v1/stores/{store}/check"), ""),
            ("PUT", format!("/v1/stores/{store}/grants/{}", own.application), scopes),
            ("DELETE", format!("/v1/stores/{store}/grants/{}", own.application), ""),
            ("GET", format!("/v1/stores/{store}/restrictions"), ""),
            ("POST", format!("/v1/stores/{store}/restrictions"), RESTRICTION),
            ("GET", format!("/v1/stores/{store}/restrictions/rst_{nothing}"), ""),
            ("DELETE", format!("/v1/stores/{store}/restrictions/rst_{nothing}"), ""),
            ("GET", format!("/v1/subscriptions/{subscription}"), ""),
            ("PATCH", format!("/v1/subscriptions/{subscription}"), r#"{"state":"disabled"}"#),
            ("POST", format!("/v1/subscriptions/{subscription}/rotate-secret"), ""),
            ("POST", format!("/v1/subscriptions/{subscription}/replay"), r#"{"failed":true}"#),
            ("GET", format!("/v1/subscriptions/{subscription}/deliveries"), ""),
            ("DELETE", format!("/v1/subscriptions/{subscription}"), ""),
            ("GET", format!("/v1/subscriptions?application={application}"), ""),
            ("GET", format!("/v1/events?store={store}"), ""),
        ]
    };
    let foreign = [
        routes(holding.application.as_str(), holding.key_id.as_str(), store.as_str(), &subscription),
        routes(holding.application.as_str(), &victims_key, store.as_str(), &subscription),
    ];
    let absent = routes(
        &format!("app_{nothing}"),
        &format!("key_{nothing}"),
        &format!("str_{nothing}"),
        &format!("sub_{nothing}"),
    );
    for foreign in foreign {
        for ((method, path, body), (_, absent, _)) in foreign.into_iter().zip(&absent) {
            let calling = |path: &str| {
                let calling = Calling::new(method, path).key(&eve.key);
                if body.is_empty() { calling } else { calling.body(body) }
            };
            let (theirs, none) = (house.call(calling(&path)).await, house.call(calling(absent)).await);
            assert_eq!((theirs.status, theirs.problem().as_str()), (404, "not_found"), "{method} {path}");
            let mut bodies = [theirs.json(), none.json()];
            bodies.iter_mut().for_each(|body| body["instance"] = "".into());
            assert_eq!(bodies[0], bodies[1], "{method} {path}");
        }
    }
    // Nothing happened to any of it.
    assert_eq!(house.get(&victim, &format!("/v1/stores/{store}")).await.json()["state"], "connected");
    assert_eq!(house.get(&victim, &format!("/v1/applications/{}", holding.application)).await.status, 200);
    assert_eq!(house.call(Calling::new("GET", "/v1/account").key(&holding.key)).await.problem(), "scope_missing");
    let left = house.get(&victim, &format!("/v1/subscriptions/{subscription}")).await.json();
    assert_eq!((&left["state"], &left["secret_rotated_at"]), (&json!("enabled"), &Value::Null));
    for list in ["/v1/applications", "/v1/stores", "/v1/keys", "/v1/subscriptions"] {
        let seen = house.get(&eve, list).await;
        let text = String::from_utf8(seen.body).unwrap();
        for id in [holding.application.as_str(), store.as_str(), &victims_key, &subscription] {
            assert!(!text.contains(id), "{list}");
        }
    }
}

#[tokio::test]
async fn what_cannot_be_an_id_names_nothing() {
    let house = House::new().await;
    let owner = house.owner().await;
    for id in
        ["x", "str_", "app_00000000000000000000000000", "str_0000000000000000000000000I", "%00", "..", "str_1%2fgrants"]
    {
        let answer = house.get(&owner, &format!("/v1/stores/{id}")).await;
        assert_eq!((answer.status, answer.problem().as_str()), (404, "not_found"), "{id}");
    }
}
