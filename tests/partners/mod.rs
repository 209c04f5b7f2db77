//! The `partners` function: agents by the Data Rights Protocol, controllers by OpenDSR.

mod agents;
pub(crate) mod callbacks;
mod controllers;
mod counter;
mod deployed;

use std::collections::HashMap;

use cloud::{
    dynamo::partners::{PartnerItem, Speaks},
    env::Permission,
    partners::may_call_back,
};
use domain::request::life::Assessment;
use serde_json::json;
use testkit::fault_proxy::Seen;

use counter::Counter;

/// What `docs/PARTNERS.md` tells an operator to write is a partner.
#[test]
fn the_items_of_the_documentation_are_partners() {
    let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/PARTNERS.md")).unwrap();
    let items = page.split("```json\n").skip(1).map(|rest| rest.split("```").next().unwrap());
    let items: Vec<PartnerItem> = items
        .map(|item| {
            let item: HashMap<String, serde_dynamo::AttributeValue> = serde_json::from_str(item).unwrap();
            serde_dynamo::from_item(item).unwrap()
        })
        .collect();
    assert!(matches!(items[0].speaks, Speaks::Drp { .. }) && matches!(items[1].speaks, Speaks::OpenDsr { .. }));
    for item in &items {
        assert_eq!((item.pk.as_str(), item.sk.as_str()), (format!("partner#{}", item.id).as_str(), "-"));
        let origin = &item.callback_origins[0];
        assert!(may_call_back(&item.callback_origins, &format!("{origin}/status"), Permission::Deny));
    }
    assert_eq!(items.len(), 2);
}

/// What the function asks of AWS, all of it.
pub(crate) async fn everything() -> Vec<Seen> {
    let counter = Counter::new().await;
    let agent = counter.agent(5).await;
    let asked = counter.exercise(&agent, &json!({ "exercise": "access" })).await.json();
    counter.show(&agent, &asked).await;
    // Proven and looked at, so that it holds a lock that is given back.
    counter.prove(&asked, Assessment::Review).await;
    counter.revoke(&agent, &asked).await;
    let controller = counter.controller(5).await;
    let store = counter.store(&controller).await;
    for extension in [json!({}), json!({ "stores": [store] })] {
        let request = counter.request("access", &extension);
        assert_eq!(counter.ask(&controller, &request).await.status, 201);
        assert_eq!(counter.cancel(&controller, &request).await.status, 202);
    }
    assert_eq!(counter.get("/opendsr/v2/key.pem").await.status, 200);
    counter.faults.seen()
}
