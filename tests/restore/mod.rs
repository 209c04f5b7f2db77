//! Backups: what was erased does not come back with a table that is restored (`privacy.md` D.8, D.9).

use std::{
    collections::{BTreeMap, HashMap},
    time::Duration,
};

use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType,
};
use clap::Parser;
use cloud::{
    boot::Boot,
    clock::Clock,
    dynamo::{
        Unavailable,
        consents::Consents,
        restored::{Filtered, Restored, Table},
        tombstones::{Erased, Tombstones},
    },
};
use domain::request::{Kind, State};
use restore::{Arguments, Failure};
use testkit::stack::{Stack, deploy::STACK};

use crate::{control::house::House, dsar::bureau::Bureau, world::environment};

type Row = HashMap<String, AttributeValue>;

/// A table as it is now, in a new one: what point-in-time recovery makes. Rows of other tests are left out.
async fn copied(house: &House, bureau: &Bureau, table: Table, texts: &[String]) -> String {
    let own = match table {
        Table::Accounts => &bureau.config.accounts_table,
        Table::Stores => &bureau.config.stores_table,
        Table::Privacy => &bureau.config.privacy_table,
        _ => &format!("{STACK}-{}", table.name()),
    };
    let copy = empty(house, table).await;
    for row in of(house, own, texts).await.into_values() {
        house.sdk().put_item().table_name(&copy).set_item(Some(row)).send().await.unwrap();
    }
    copy
}

async fn empty(house: &House, table: Table) -> String {
    // The two tables that have no sort key.
    if !matches!(table, Table::Keys | Table::StoreKeys) {
        return house.own_table(table.name()).await;
    }
    let name = format!("test-{}-{}", Clock::system().new_id().simple(), table.name());
    let key = KeySchemaElement::builder().attribute_name("pk").key_type(KeyType::Hash).build().unwrap();
    let kind = ScalarAttributeType::S;
    let defined = AttributeDefinition::builder().attribute_name("pk").attribute_type(kind).build().unwrap();
    let make = house.sdk().create_table().table_name(&name).billing_mode(BillingMode::PayPerRequest);
    make.key_schema(key).attribute_definitions(defined).send().await.unwrap();
    name
}

async fn rows(house: &House, table: &str) -> Vec<Row> {
    let mut rows = Vec::new();
    let mut pages = house.sdk().scan().table_name(table).into_paginator().items().send();
    while let Some(row) = pages.next().await {
        rows.push(row.unwrap());
    }
    rows
}

/// The rows in which one of these texts stands, by their keys.
async fn of(house: &House, table: &str, texts: &[String]) -> BTreeMap<String, Row> {
    let rows = rows(house, table).await.into_iter();
    let named = rows.map(|row| (format!("{:?} {:?}", row.get("pk"), row.get("sk")), row));
    named.filter(|(_, row)| texts.iter().any(|text| format!("{row:?}").contains(text))).collect()
}

fn filter_of(bureau: &Bureau, table: Table, copy: &str) -> Restored {
    let tables = bureau.house.tables();
    let tombstones = Tombstones::new(tables.clone(), bureau.config.tombstones_table.clone());
    Restored::new(tables, table, copy.to_owned(), tombstones)
}

#[tokio::test]
async fn what_was_erased_is_taken_out_of_every_restored_table_and_nothing_of_anybody_else() {
    let bureau = Bureau::alone().await;
    let (erased, other) = (bureau.someone().await, bureau.someone().await);
    bureau.contact_of(&erased.owner).await;
    bureau.contact_of(&other.owner).await;
    let request = bureau.proven(&erased.owner, Kind::Erasure, Vec::new()).await;
    bureau.proven(&other.owner, Kind::Erasure, Vec::new()).await;
    let consents = Consents::new(bureau.house.tables(), bureau.config.consents_table.clone());
    // Ids too: what is sealed or hashed shows nothing else.
    let texts = async |who: &crate::dsar::bureau::Someone| {
        // In every marker but the address of the shop, which both have.
        let mut texts = vec![who.owner.account.body().to_owned()];
        let email = format!("{}@example.com", who.owner.account.body()).parse().unwrap();
        texts.push(consents.contact_of(&email).await.unwrap().unwrap().id.body().to_owned());
        for id in bureau.accounts().all_stores(&who.owner.account).await.unwrap() {
            texts.push(id.body().to_owned());
        }
        for item in bureau.accounts().all_applications(&who.owner.account).await.unwrap() {
            texts.push(item.id.body().to_owned());
        }
        texts
    };
    let (theirs, others) = (texts(&erased).await, texts(&other).await);
    let markers = erased.markers.iter().filter(|marker| marker.contains(&theirs[0])).cloned().collect::<Vec<_>>();
    assert!(markers.len() > 5);

    // The backup: every table as it is now.
    let both = [theirs.clone(), others.clone()].concat();
    let mut copies = Vec::new();
    for table in Table::ALL {
        copies.push((table, copied(&bureau.house, &bureau, table, &both).await));
    }
    bureau.go_on(&request).await;
    bureau.clock().advance(Duration::from_secs(3 * 86_400));
    bureau.go_on(&request).await;
    assert_eq!(bureau.state(&request).await, State::Delivered);
    let tombstones = Tombstones::new(bureau.house.tables(), bureau.config.tombstones_table.clone());
    assert!(tombstones.has(Erased::Account(&erased.owner.account)).await.unwrap());
    assert!(!tombstones.has(Erased::Account(&other.owner.account)).await.unwrap());

    for (table, copy) in copies {
        let name = table.name();
        let (before, neighbours) = (of(&bureau.house, &copy, &theirs).await, of(&bureau.house, &copy, &others).await);
        assert!(!before.is_empty() && !neighbours.is_empty(), "{name}: the backup has something of both");
        let mut filter = filter_of(&bureau, table, &copy);
        let dry = filter.filter(false).await.unwrap();
        assert!(dry.to_delete + dry.to_blank > 0 && dry.changed == 0, "{name}: {dry:?}");
        assert_eq!(of(&bureau.house, &copy, &theirs).await, before, "{name}: only looked at");
        let done = filter.filter(true).await.unwrap();
        assert_eq!(done, Filtered { changed: dry.to_delete + dry.to_blank, ..dry }, "{name}");

        assert_eq!(of(&bureau.house, &copy, &others).await, neighbours, "{name}: nobody else is touched");
        let left = of(&bureau.house, &copy, &theirs).await;
        let markers = of(&bureau.house, &copy, &markers).await;
        assert!(markers.is_empty(), "{name}: {markers:?}");
        match table {
            // The record of the request, and of the proof of consent, stays without a word of whom.
            Table::Privacy | Table::Consents => {}
            _ => assert!(left.is_empty(), "{name}: {:?}", left.keys()),
        }
        let again = filter.filter(true).await.unwrap();
        assert_eq!((again.to_delete, again.to_blank, again.changed), (0, 0, 0), "{name}: done again, nothing is left");
    }
}

#[tokio::test]
async fn the_command_takes_no_table_that_the_stack_works_with() {
    let boot = Boot::new(&environment("dsar", Stack::shared().aws()), Clock::system()).unwrap();
    let run = async |table: &str, from: &str| {
        let arguments = ["restore", "--stack", STACK, "--table", table, "--from", from];
        let arguments = Arguments::try_parse_from(arguments).map_err(|_| Failure::Own("no such table".to_owned()))?;
        restore::run(&boot, arguments).await
    };
    for own in ["accounts", "stores"] {
        let own = format!("{STACK}-{own}");
        assert_eq!(run("accounts", &own).await, Err(Failure::Own(own)));
    }
    assert!(run("events", "test-restored").await.is_err(), "a table without backups is never restored");
    assert_eq!(run("accounts", "test-no-such-table").await, Err(Failure::Unavailable(Unavailable)));
    // Looking changes nothing.
    assert_eq!(run("accounts", &format!("{STACK}-forms")).await.unwrap().changed, 0);
}
