use std::collections::BTreeMap;

use domain::event::PrivacyTopic;
use proptest::prelude::*;

use super::recipe::{RECIPES, recipe};
use super::*;
use crate::{CONNECTORS, Connector, connector};

fn read(platform: &str, headers: &[(&str, &str)], body: &str) -> Result<Hook, HookError> {
    let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    connector(platform).unwrap().hooks().unwrap().read(&headers, body.as_bytes())
}

#[test]
fn whoever_has_webhooks_has_a_recipe_and_a_secret() {
    let with: Vec<&str> = CONNECTORS.iter().filter(|it| it.hooks().is_some()).map(|it| it.platform().name).collect();
    assert_eq!(with, ["cartos", "woocommerce", "shopify", "bigcommerce", "medusa"]);
    for name in with {
        let connector = connector(name).unwrap();
        assert!(recipe(name).is_some(), "{name}");
        if let SecretSource::Credential(field) = connector.hooks().unwrap().secret() {
            let known = connector.platform().credentials.iter().find(|known| known.name == field).unwrap();
            assert!(known.secret && !known.required, "{name}: a store without it works, and has no webhooks");
        }
    }
}

#[test]
fn shopifys_three_privacy_topics_are_handed_over() {
    let person = |customer: Option<&str>, orders: &[&str]| Person {
        customer: customer.map(str::to_owned),
        orders: orders.iter().map(|id| (*id).to_owned()).collect(),
    };
    // As Shopify documents them (shopify.dev, privacy law compliance); the last has no more than an address.
    for (topic, body, expected, whom) in [
        (
            "customers/data_request",
            r#"{"shop_id":954889,"shop_domain":"a.myshopify.com","orders_requested":[299938,280263],"customer":{"id":191167,"email":"j@example.com","phone":"555"},"data_request":{"id":9999}}"#,
            PrivacyTopic::CustomerAccess,
            person(Some("191167"), &["299938", "280263"]),
        ),
        (
            "customers/redact",
            r#"{"shop_id":954889,"customer":{"id":191167,"email":"j@example.com"},"orders_to_redact":[299938]}"#,
            PrivacyTopic::CustomerErasure,
            person(Some("191167"), &["299938"]),
        ),
        (
            "customers/redact",
            r#"{"customer":{"email":"j@example.com"}}"#,
            PrivacyTopic::CustomerErasure,
            person(None, &[]),
        ),
        (
            "shop/redact",
            r#"{"shop_id":954889,"shop_domain":"a.myshopify.com"}"#,
            PrivacyTopic::StoreErasure,
            person(None, &[]),
        ),
    ] {
        let hook = read("shopify", &[("x-shopify-topic", topic), ("x-shopify-webhook-id", "w")], body).unwrap();
        assert_eq!(hook.key, "w");
        let Says::Privacy(found, who) = hook.says else { panic!("{topic}") };
        assert_eq!((found, who), (expected, whom), "{body}");
    }
    for body in ["7", r#"{"orders_to_redact":[{}]}"#, r#"{"customer":7}"#] {
        assert!(read("shopify", &[("x-shopify-topic", "customers/redact")], body).is_err(), "{body}");
    }
}

#[test]
fn shopifys_webhooks_are_known_by_what_stays_the_same() {
    let key = |headers: &[(&str, &str)]| {
        let headers = [&[("x-shopify-topic", "orders/updated")], headers].concat();
        read("shopify", &headers, r#"{"id":1}"#).unwrap().key
    };
    assert_eq!(key(&[("x-shopify-webhook-id", "w"), ("x-shopify-event-id", "e")]), "w");
    assert_eq!(key(&[("x-shopify-event-id", "e")]), "orders/updated.e");
    assert!(key(&[]).starts_with("orders/updated."));
    for (topic, body) in [("orders/updated", "{}"), ("orders/updated", "x"), ("inventory_levels/update", r#"{"id":1}"#)]
    {
        assert!(read("shopify", &[("x-shopify-topic", topic)], body).is_err(), "{topic} {body}");
    }
    assert!(read("shopify", &[], r#"{"id":1}"#).is_err());
    let nothing = read("shopify", &[("x-shopify-topic", "carts/update")], "not even JSON").unwrap();
    assert!(matches!(nothing.says, Says::Nothing));
}

proptest! {
    /// Whatever a platform signs, reading it ends, and what is told has a name.
    #[test]
    fn no_body_crashes_the_reader(
        body in prop_oneof![
            prop::collection::vec(any::<u8>(), 0..200).prop_map(|bytes| String::from_utf8_lossy(&bytes).into_owned()),
            r#"\{"(id|topic|type|scope|data|variant_id)":("(order|product|inventory|store/order|store/sku/inventory)[./](updated|created|deleted)"|[0-9]{1,25}|null|\{"id":[0-9]{1,3}\}),"(data|id)":(\{"id":"?[a-z0-9]{1,5}"?\}|[0-9]|\[\])\}"#,
        ],
        topic in "(orders|products|order|product|inventory|inventory_levels)[./](updated?|created?|deleted?)|[ -~]{0,20}",
    ) {
        for recipe in RECIPES {
            let Some(hooks) = connector(recipe.platform).and_then(Connector::hooks) else { continue };
            let headers: BTreeMap<String, String> =
                recipe.kept.iter().map(|name| ((*name).to_owned(), topic.clone())).collect();
            if let Ok(hook) = hooks.read(&headers, body.as_bytes()) {
                prop_assert!(!hook.key.is_empty());
                if let Says::Object { id, .. } = hook.says {
                    prop_assert!(!id.is_empty());
                }
            }
        }
    }
}
