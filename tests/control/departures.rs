//! Stores that left: whether anything of them is left after four weeks (`privacy.md` D.10, R125 to R128).

use aws_sdk_dynamodb::types::AttributeValue;
use cloud::dynamo::{departures::DepartureItem, key};
use domain::id::StoreId;
use jiff::SignedDuration;
use sweep::Sweep;

use super::{
    house::{House, failed},
    inactivity::{Night, begun},
    offboarding::worker,
};

/// What is remembered of a store that left.
async fn remembered(house: &House, store: &StoreId, at: jiff::Timestamp) -> DepartureItem {
    let found = house
        .sdk()
        .get_item()
        .table_name(&house.config.stores_table)
        .key("pk", AttributeValue::S(key::departed(at.to_zoned(jiff::tz::TimeZone::UTC).date())))
        .key("sk", AttributeValue::S(key::store(store)))
        .consistent_read(true)
        .send()
        .await
        .unwrap();
    serde_dynamo::from_item(found.item.unwrap()).unwrap()
}

#[tokio::test]
async fn r125_r126_after_four_weeks_somebody_looks_and_after_thirty_days_it_is_a_broken_promise() {
    let house = begun().await;
    let night = Night::of(&house);
    let owner = house.owner().await;
    let (clean, dirty, stuck) = (house.store(&owner).await, house.store(&owner).await, house.store(&owner).await);
    let left_at = house.clock().now();
    for store in [&clean, &dirty, &stuck] {
        assert_eq!(house.delete(&owner, &format!("/v1/stores/{store}")).await.status, 202);
    }
    let mut queued = house.offboardings().await;
    queued.records.retain(|record| !record.body.as_ref().unwrap().contains(stuck.as_str()));
    let worker = worker(&house);
    assert!(failed(&offboarding::handle(&worker, queued).await.unwrap()).is_empty());
    // Something that nobody deleted.
    house
        .sdk()
        .put_item()
        .table_name(&house.config.cache_table)
        .item("pk", AttributeValue::S(key::store(&dirty)))
        .item("sk", AttributeValue::S("body#products#x".to_owned()))
        .item("expires_at", AttributeValue::N("99999999999".to_owned()))
        .send()
        .await
        .unwrap();

    night.day(27);
    assert_eq!(night.run(Sweep::Departures, false).await.swept.expired, 0);
    night.day(28);
    let dry = night.run(Sweep::Departures, true).await;
    assert_eq!((dry.swept.expired, dry.sent, dry.overdue), (3, 0, 0));
    assert!(remembered(&house, &clean, left_at).await.checked_at.is_none(), "a dry run only reports");
    let report = night.run(Sweep::Departures, false).await;
    assert_eq!((report.swept.expired, report.swept.deleted, report.sent, report.overdue), (3, 1, 2, 0));
    assert!(remembered(&house, &clean, left_at).await.is_clean());
    assert_eq!(remembered(&house, &dirty, left_at).await.found_in, ["cache"]);
    assert_eq!(remembered(&house, &stuck, left_at).await.found_in, ["stores", "accounts"]);

    // What is found is off-boarded once more, and that is the end of one of them.
    let mut again = house.offboardings().await;
    assert_eq!(again.records.len(), 2);
    again.records.retain(|record| record.body.as_ref().unwrap().contains(dirty.as_str()));
    assert!(failed(&offboarding::handle(&worker, again).await.unwrap()).is_empty());
    night.day(29);
    let report = night.run(Sweep::Departures, false).await;
    assert_eq!((report.swept.expired, report.swept.deleted, report.overdue), (2, 1, 0));
    house.clock().advance(std::time::Duration::from_secs(24 * 3_600 - 1));
    assert_eq!(night.run(Sweep::Departures, true).await.overdue, 0, "a second before the end of the thirtieth day");
    house.clock().advance(std::time::Duration::from_secs(1));
    assert_eq!(night.run(Sweep::Departures, false).await.overdue, 1, "the alarm reads this line");
    assert!(failed(&offboarding::handle(&worker, house.offboardings().await).await.unwrap()).is_empty());
    assert_eq!(night.run(Sweep::Departures, false).await.overdue, 0);
    assert!(remembered(&house, &stuck, left_at).await.is_clean());
    assert_eq!(night.run(Sweep::Departures, false).await.swept.expired, 0, "nobody looks again");
}

#[tokio::test]
async fn r125_a_secret_that_is_left_is_found_and_a_store_that_came_back_is_left_alone() {
    let house = begun().await;
    let night = Night::of(&house);
    let owner = house.owner().await;
    let (store, back) = (house.store(&owner).await, house.store(&owner).await);
    let left_at = house.clock().now();
    for store in [&store, &back] {
        house.delete(&owner, &format!("/v1/stores/{store}")).await;
    }
    let worker = worker(&house);
    assert!(failed(&offboarding::handle(&worker, house.offboardings().await).await.unwrap()).is_empty());
    // A credential that somebody put there afterwards.
    let secrets = aws_sdk_secretsmanager::Client::new(&crate::sdk::config(house.faults.url().as_str()));
    let name = format!("{}{store}", house.config.vault_prefix);
    secrets.create_secret().name(&name).secret_string("{}").send().await.unwrap();
    // Connected anew under its old id, as another generation.
    let departed = remembered(&house, &back, left_at).await;
    let item = cloud::dynamo::stores::StoreItem {
        pk: key::store(&back),
        sk: key::STORE.to_owned(),
        v: 1,
        id: back.clone(),
        account: owner.account.clone(),
        platform: "cartos".to_owned(),
        url: "https://shop.example/".to_owned(),
        region: domain::store::Region::Eu,
        state: domain::store::StoreState::Connected,
        generation: departed.generation + 1,
        cache: false,
        vault: domain::store::VaultForm::PerStore,
        credential: 1,
        changing_until: None,
        restriction_changes: 0,
        connected_at: left_at + SignedDuration::from_hours(24),
        disconnected_at: None,
        expires_at: None,
    };
    let put = house.sdk().put_item().table_name(&house.config.stores_table);
    put.set_item(Some(serde_dynamo::to_item(&item).unwrap())).send().await.unwrap();

    night.day(28);
    night.run(Sweep::Departures, false).await;
    assert_eq!(remembered(&house, &store, left_at).await.found_in, ["secrets"]);
    assert!(remembered(&house, &back, left_at).await.is_clean(), "what is there is the new one's");
    let again = house.offboardings().await;
    assert_eq!(again.records.len(), 1);
    assert!(failed(&offboarding::handle(&worker, again).await.unwrap()).is_empty());
    night.day(29);
    night.run(Sweep::Departures, false).await;
    assert!(remembered(&house, &store, left_at).await.is_clean());
}
