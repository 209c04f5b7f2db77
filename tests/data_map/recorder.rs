//! Gate 3: what is stored while the stack works is declared, attribute by attribute.
//!
//! Twice: at rest, every item of every table after the whole flow through the deployed functions; and on the wire, every call
//! that an adapter makes. Both read names and not types, so attributes that are made at run time are seen too.

use std::collections::BTreeSet;

use aws_sdk_dynamodb::types::AttributeValue;
use cloud::data_map::DATA_MAP;
use http::StatusCode;
use personal_data::Kind;
use testkit::fault_proxy::{Calls, Fault, FaultProxy};
use testkit::recorder::{self, Stored};
use testkit::stack::{Stack, deploy::STACK};

/// Each attribute at rest in the stack's tables, with the number of items that were looked at.
async fn at_rest(client: &aws_sdk_dynamodb::Client) -> (BTreeSet<Stored>, usize) {
    let mut found = BTreeSet::new();
    let mut looked_at = 0;
    let tables = client.list_tables().send().await.unwrap().table_names.unwrap_or_default();
    for table in tables.iter().filter(|table| table.starts_with(STACK)) {
        let mut pages = client.scan().table_name(table).into_paginator().items().send();
        while let Some(item) = pages.next().await {
            let item = item.unwrap();
            looked_at += 1;
            found.extend(item.into_keys().map(|attribute| Stored::Attribute { store: table.clone(), attribute }));
        }
    }
    (found, looked_at)
}

/// Fails when an item of the stack has an attribute that no record declares.
pub(crate) async fn assert_declared_at_rest(stack: &Stack) {
    let (found, looked_at) = at_rest(&crate::sdk::tables(stack.aws().as_str())).await;
    let undeclared: Vec<&Stored> =
        found.iter().filter(|stored| !recorder::declared(&DATA_MAP, STACK, stored)).collect();
    assert!(undeclared.is_empty(), "not in the data map: {undeclared:#?}");

    // Each table was really written, and the families of the ledger were met.
    assert!(looked_at > 10, "{looked_at} items");
    let tables = DATA_MAP.resources.iter().filter(|resource| matches!(resource.kind, Kind::Table { .. }));
    let unmet: Vec<&str> = tables
        .map(|table| table.name)
        .filter(|table| {
            let name = format!("{STACK}-{table}");
            !found.iter().any(|stored| matches!(stored, Stored::Attribute { store, .. } if *store == name))
        })
        .collect();
    assert!(unmet.is_empty(), "nothing was ever written to {unmet:?}");
}

#[tokio::test]
async fn an_undeclared_attribute_is_seen_on_the_wire() {
    // Nothing is stored: the proxy answers in place of the table.
    let proxy = FaultProxy::in_front_of(&testkit::fault_proxy::refused().await.unwrap()).await.unwrap();
    proxy.inject(Calls::All, Fault::Answer(StatusCode::OK, "{}"), u32::MAX);
    let client = crate::sdk::tables(proxy.url().as_str());
    let guards = format!("{STACK}-guards");
    let text = |value: &str| AttributeValue::S(value.to_owned());
    let put = client.put_item().table_name(&guards).item("pk", text("source#1")).item("sk", text("-"));
    put.clone().send().await.unwrap();
    assert_eq!(recorder::undeclared(&DATA_MAP, STACK, &proxy.seen()), BTreeSet::new());

    put.item("shadow", text("a@example.com")).send().await.unwrap();
    let update = client.update_item().table_name(&guards).key("pk", text("source#1")).key("sk", text("-"));
    let update = update.update_expression("SET #made = :at").expression_attribute_names("#made", "made_up");
    update.expression_attribute_values(":at", text("1")).send().await.unwrap();
    client.put_item().table_name(format!("{STACK}-else")).item("pk", text("1")).send().await.unwrap();
    let attribute = |store: &str, attribute: &str| Stored::Attribute {
        store: format!("{STACK}-{store}"),
        attribute: attribute.to_owned(),
    };
    let expected = [attribute("guards", "shadow"), attribute("guards", "made_up"), attribute("else", "pk")];
    assert_eq!(recorder::undeclared(&DATA_MAP, STACK, &proxy.seen()), BTreeSet::from(expected));
}
