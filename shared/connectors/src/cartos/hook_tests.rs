use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::hooks::CartOsHooks;
use super::*;
use crate::hooks::{Hook, HookError, Says};
use crate::tests::{address_of, credential_of, drive, ok};

fn read(headers: &[(&str, &str)], body: &Value) -> Result<Hook, HookError> {
    let headers: BTreeMap<String, String> =
        headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    CartOsHooks.read(&headers, body.to_string().as_bytes())
}

/// The rows of the samples that the reads are tested with.
fn sample(entity: Entity) -> Value {
    let (_, list) = tests::SAMPLES.iter().find(|(of, _)| *of == entity).unwrap();
    serde_json::from_str::<Value>(list).unwrap()[entity.as_str()][0].clone()
}

#[test]
fn every_object_is_read_as_it_is_when_asked_for() {
    for entity in [Entity::Products, Entity::Orders, Entity::Customers, Entity::Categories, Entity::Inventory] {
        let row = sample(entity);
        let name = match entity {
            Entity::Categories => "category",
            Entity::Inventory => "inventory",
            _ => entity.as_str().trim_end_matches('s'),
        };
        let body = json!({ "id": "evt_1", "topic": format!("{name}.updated"), "created_at": "2026-11-22T10:00:00Z", "data": row });
        let hook =
            read(&[("x-cartos-delivery", "dlv_1"), ("x-cartos-topic", &format!("{name}.updated"))], &body).unwrap();
        let Says::Object { topic, id, occurred_at, updated_at, object } = hook.says else { panic!("an object") };
        assert_eq!((hook.key.as_str(), topic.entity()), ("dlv_1", Some(entity)));
        assert_eq!(occurred_at.unwrap().to_string(), "2026-11-22T10:00:00Z");
        assert_eq!(updated_at.is_some(), row.get("updated_at").is_some(), "{entity}");
        let object = object.unwrap();
        assert_eq!((object.len(), object.first_id()), (1, Some(id.as_str())));
        let told = serde_json::to_value(&object).unwrap()[0].clone();
        assert_eq!(told["remote"], row, "the platform's own object is kept with it");
    }
}

#[test]
fn what_is_signed_decides() {
    let order = json!({ "id": 5 });
    let body = json!({ "id": "evt_1", "topic": "order.deleted", "data": order });
    let key = |headers: &[(&str, &str)]| read(headers, &body).map(|hook| hook.key);
    assert_eq!(key(&[]).unwrap(), "evt_1");
    assert_eq!(key(&[("x-cartos-delivery", "d")]).unwrap(), "d");
    assert!(key(&[("x-cartos-topic", "order.updated")]).is_err(), "the header is not signed");
    let deleted = read(&[], &body).unwrap().says;
    assert!(matches!(deleted, Says::Object { object: None, ref id, .. } if id == "5"));
    let uninstalled = json!({ "id": "evt_2", "topic": "app.uninstalled", "data": {} });
    assert!(matches!(read(&[], &uninstalled).unwrap().says, Says::AppUninstalled));
    assert!(matches!(read(&[], &json!({ "topic": "basket.updated" })).unwrap().says, Says::Nothing));
    for wrong in [
        json!([]),
        json!({}),
        json!({ "topic": 1 }),
        json!({ "topic": "order.updated" }),
        json!({ "topic": "order.updated", "data": {} }),
        json!({ "topic": "order.updated", "data": [] }),
        json!({ "topic": "product.updated", "data": { "id": 1, "name": 7 } }),
        json!({ "topic": "inventory.deleted", "data": { "id": 1 } }),
    ] {
        assert!(read(&[], &wrong).is_err(), "{wrong}");
    }
}

#[test]
fn a_store_that_cannot_look_by_id_says_nothing_of_what_is_gone() {
    let (address, credential) = (address_of(&CartOs), credential_of(&CartOs));
    let context = Context { address: &address, credential: &credential };
    let look = |answer: &str| {
        let turn = CartOs.existing(&context, Entity::Orders, &["1", "2"]).unwrap().unwrap();
        drive(turn, |request| {
            assert_eq!(request.unsigned_url().query(), Some("page=1&per_page=100&ids=1,2"));
            ok(answer)
        })
        .map(|(outcome, _)| match outcome {
            Outcome::Existing(ids) => ids,
            _ => panic!("not the ids"),
        })
    };
    let page = |rows: &str, pages: u32| {
        format!(r#"{{"orders":[{rows}],"pagination":{{"total":1,"page":1,"per_page":100,"total_pages":{pages}}}}}"#)
    };
    assert_eq!(look(&page(r#"{"id":2}"#, 1)), Ok(vec!["2".to_owned()]));
    assert_eq!(look(&page("", 1)), Ok(vec![]));
    assert!(look(&page(r#"{"id":3}"#, 1)).is_err());
    assert!(look(&page(r#"{"id":2}"#, 2)).is_err());
    assert!(CartOs.existing(&context, Entity::Baskets, &["1"]).is_none());
    assert!(matches!(CartOs.existing(&context, Entity::Orders, &["1,2"]), Some(Err(Refusal::Id))));
}
