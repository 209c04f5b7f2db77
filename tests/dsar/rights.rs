//! Whoever uses a right stands afterwards as before: the same limits, the same scopes, the same answers (R035, R058).

use aws_sdk_dynamodb::types::AttributeValue;
use cloud::dynamo::{
    key,
    requests::{CorrectedField, Correction},
};
use control::routes::{Need, ROUTES};
use domain::{
    id::StoreId,
    request::{Kind, State},
    scope::{Scope, ScopeSet},
};
use serde_json::json;

use super::bureau::Bureau;
use crate::{
    control::house::{Holding, Owner},
    world::{Answered, Calling, answered},
};

/// What an answer says of what its caller may: whether it was let in, and its limits.
fn treated(answer: &Answered) -> String {
    let header = |name: &str| answer.headers.get(name).cloned().unwrap_or_default();
    format!("{} {} {}", answer.status, header("x-ratelimit-limit"), header("ratelimit-policy"))
}

struct Person {
    owner: Owner,
    holding: Holding,
    store: StoreId,
}

impl Person {
    async fn new(bureau: &Bureau) -> Self {
        let house = &bureau.house;
        let owner = house.owner().await;
        let store = house.store(&owner).await;
        let holding = house.holding(&owner, ScopeSet::of(&[Scope::ProductsRead])).await;
        let grant = format!("/v1/stores/{store}/grants/{}", holding.application);
        let given = house.send("PUT", &owner, &grant, r#"{"scopes":["products:read"]}"#).await;
        assert_eq!(given.status, 200, "{}", given.json());
        Self { owner, holding, store }
    }

    /// All by which somebody could be treated worse: what each route that looks says to the owner's key and each read to the application's, and in the
    /// application's key its tier, its scopes and its state.
    async fn standing(&self, bureau: &Bureau) -> Vec<String> {
        let house = &bureau.house;
        // The windows of the last look are over.
        bureau.clock().advance(std::time::Duration::from_secs(60));
        let mut seen = Vec::new();
        let looks = ROUTES.iter().filter(|route| matches!(route.need, Need::Scope(_)));
        for path in looks.filter_map(|route| route.name.strip_prefix("GET ")).filter(|path| !path.contains('{')) {
            seen.push(format!("{path} {}", treated(&house.get(&self.owner, path).await)));
        }
        let proxy = house.proxy();
        for entity in ["products", "orders"] {
            let path = format!("/v1/stores/{}/{entity}?per_page=1", self.store);
            let (event, context) = Calling::new("GET", &path).key(&self.holding.key).event();
            seen.push(format!("{entity} {}", treated(&answered(proxy::handle(&proxy, event, &context).await))));
        }
        let item = house.sdk().get_item().table_name(&house.config.keys_table).consistent_read(true);
        let item =
            item.key("pk", AttributeValue::S(key::api_key(&self.holding.key_id))).send().await.unwrap().item.unwrap();
        for name in ["t", "r", "q", "s", "st", "e"] {
            seen.push(format!("{name} {:?}", item.get(name)));
        }
        seen
    }
}

#[tokio::test]
async fn r035_r058_whoever_uses_a_right_has_the_same_limits_and_answers_as_before() {
    let bureau = Bureau::new().await;
    let person = Person::new(&bureau).await;
    let before = person.standing(&bureau).await;
    assert!(before.iter().any(|line| line.starts_with("products 200 ")), "{before:#?}");
    // An erasure ends all that there is to be treated in.
    for kind in Kind::ALL.into_iter().filter(|kind| *kind != Kind::Erasure) {
        let right = Correction { field: CorrectedField::Company, value: "Another GmbH".to_owned() };
        let corrections = if kind == Kind::Rectification { vec![right] } else { Vec::new() };
        let request = if kind.is_at_once() {
            bureau.ask(&person.owner, kind, corrections).await
        } else {
            bureau.proven(&person.owner, kind, corrections).await
        };
        bureau.go_on(&request).await;
        assert_eq!(bureau.state(&request).await, State::Delivered, "{kind:?}");
        assert_eq!(person.standing(&bureau).await, before, "{kind:?}");
    }
    // And by the routes of the account, where a consent is taken back.
    let taken = bureau
        .house
        .send("PUT", &person.owner, "/v1/account/consents/monthly", &json!({ "granted": false }).to_string())
        .await;
    assert_eq!(taken.status, 200, "{}", taken.json());
    assert_eq!(person.standing(&bureau).await, before);
}
