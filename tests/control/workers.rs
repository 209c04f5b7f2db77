//! `mail` and `sweep`: what they do with what they are handed.

use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use cloud::{boot::Boot, clock::Clock};
use serde_json::json;
use sweep::{Order, Sweep};
use testkit::{
    fault_proxy::{Calls, Fault, FaultProxy},
    stack::Stack,
};

use super::house::{House, batch, failed};
use crate::world::environment;

fn message(id: &str, to: &str) -> String {
    let link = "https://api.example/v1/accounts/confirm?token=abc";
    json!({ "id": id, "kind": "sign-up-link", "to": to, "link": link }).to_string()
}

fn new_id() -> String {
    domain::id::MessageId::from_uuid(Clock::system().new_id()).into()
}

async fn mailer() -> (FaultProxy, mail::App) {
    let faults = FaultProxy::in_front_of(Stack::shared().aws()).await.unwrap();
    let environment = environment("mail", faults.url());
    let boot = Boot::new(&environment, Clock::system()).unwrap();
    (faults, mail::App::new(&boot, mail::Config::from_env(&environment).unwrap()))
}

fn sent(faults: &FaultProxy) -> usize {
    faults.seen().iter().filter(|call| call.path.contains("outbound-emails")).count()
}

#[tokio::test]
async fn a_mail_is_sent_once_however_often_its_message_comes() {
    let (faults, app) = mailer().await;
    let id = new_id();
    let body = message(&id, "ann@example.com");
    for _ in 0..3 {
        assert!(failed(&mail::handle(&app, batch(&[&body])).await.unwrap()).is_empty());
    }
    assert_eq!(sent(&faults), 1);
}

#[tokio::test]
async fn what_cannot_be_read_fails_alone() {
    let (faults, app) = mailer().await;
    let bodies = [
        message(&new_id(), "ann@example.com"),
        "{".to_owned(),
        message(&new_id(), "ann@example.com\r\nBcc: eve@example.com"),
        message("msg_x", "ann@example.com"),
        json!({ "id": new_id(), "kind": "newsletter", "to": "ann@example.com" }).to_string(),
        message(&new_id(), "bob@example.com"),
        // A message of ours without its link is no use in coming again.
        json!({ "id": new_id(), "kind": "sign-up-link", "to": "ann@example.com" }).to_string(),
    ];
    assert_eq!(failed(&mail::handle(&app, batch(&bodies)).await.unwrap()), ["m1", "m2", "m3", "m4"]);
    assert_eq!(sent(&faults), 2);
}

#[tokio::test]
async fn a_mail_that_cannot_be_checked_or_sent_comes_again() {
    let (faults, app) = mailer().await;
    let body = message(&new_id(), "ann@example.com");
    faults.inject(Calls::Target("GetItem"), Fault::Answer(http::StatusCode::INTERNAL_SERVER_ERROR, "{}"), 50);
    assert_eq!(failed(&mail::handle(&app, batch(&[&body])).await.unwrap()), ["m0"]);
    assert_eq!(sent(&faults), 0, "nothing is sent that may have been sent");
    faults.reset();
    assert!(failed(&mail::handle(&app, batch(&[&body])).await.unwrap()).is_empty());
    assert_eq!(sent(&faults), 1);
}

async fn run(clock: &Clock, house: &House, sweep: Sweep, dry_run: bool) -> sweep::Report {
    let environment = environment("sweep", Stack::shared().aws());
    let boot = Boot::new(&environment, clock.clone()).unwrap();
    let mut config = sweep::Config::from_env(&environment).unwrap();
    config.offboarding_queue_url.clone_from(&house.config.offboarding_queue_url);
    let app = sweep::App::new(&boot, config);
    let mut context = lambda_runtime::Context::default();
    context.deadline = u64::try_from(clock.now().as_millisecond()).unwrap() + 300_000;
    sweep::handle(&app, Order { sweep, dry_run }, &context).await.unwrap()
}

async fn put_line(house: &House, table: &str, pk: &str, expires_at: i64) {
    house
        .sdk()
        .put_item()
        .table_name(table)
        .item("pk", AttributeValue::S(pk.to_owned()))
        .item("sk", AttributeValue::S("-".to_owned()))
        .item("expires_at", AttributeValue::N(expires_at.to_string()))
        .send()
        .await
        .unwrap();
}

async fn is_there(house: &House, table: &str, pk: &str) -> bool {
    let found = house
        .sdk()
        .get_item()
        .table_name(table)
        .key("pk", AttributeValue::S(pk.to_owned()))
        .key("sk", AttributeValue::S("-".to_owned()))
        .consistent_read(true)
        .send()
        .await
        .unwrap();
    found.item.is_some()
}

/// The sweeps of this test look at tables that all tests share, so they run in a past in which nothing else can have expired.
#[tokio::test]
async fn r014_r095_a_sweep_deletes_exactly_what_has_expired() {
    let house = House::new().await;
    let past = 1_000_000_000;
    let name = house.clock().new_id().simple().to_string();
    let c = &house.config;
    for (sweep, table) in [
        (Sweep::ServiceLog, &c.service_log_table),
        (Sweep::SecurityLog, &c.security_log_table),
        (Sweep::Guards, &c.guards_table),
    ] {
        let clock = Clock::steered(jiff::Timestamp::from_second(past).unwrap());
        let line = |end: i64| format!("{name}#{}", end - past);
        for end in [past - 100, past - 1, past, past + 1, past + 100] {
            put_line(&house, table, &line(end), end).await;
        }
        let dry = run(&clock, &house, sweep, true).await;
        assert_eq!((dry.swept.expired, dry.swept.deleted, dry.swept.complete), (3, 0, true), "{sweep:?}");
        assert!(is_there(&house, table, &line(past - 100)).await, "a dry run only reports");

        let wet = run(&clock, &house, sweep, false).await;
        assert_eq!((wet.swept.expired, wet.swept.deleted, wet.swept.lag_seconds), (3, 3, 100), "{sweep:?}");
        for (end, left) in [(past - 100, false), (past - 1, false), (past, false), (past + 1, true), (past + 100, true)]
        {
            assert_eq!(is_there(&house, table, &line(end)).await, left, "{sweep:?} {end}");
        }
        assert_eq!(run(&clock, &house, sweep, false).await.swept.expired, 0, "nothing is left for a second run");
        // So that what is left is not in the way of another run of this test.
        clock.advance(Duration::from_secs(100));
        assert_eq!(run(&clock, &house, sweep, false).await.swept.deleted, 2);
    }
}

#[tokio::test]
async fn a_sweep_without_time_begins_nothing() {
    let house = House::new().await;
    let environment = environment("sweep", Stack::shared().aws());
    let boot = Boot::new(&environment, Clock::system()).unwrap();
    let app = sweep::App::new(&boot, sweep::Config::from_env(&environment).unwrap());
    let mut context = lambda_runtime::Context::default();
    context.deadline = u64::try_from(house.clock().now().as_millisecond()).unwrap() + 2_000;
    let report = sweep::handle(&app, Order { sweep: Sweep::ServiceLog, dry_run: true }, &context).await.unwrap();
    assert!(!report.swept.complete && report.swept.expired == 0);
}

#[tokio::test]
async fn r125_an_off_boarding_that_is_stuck_is_sent_again() {
    let house = House::new().await;
    let owner = house.owner().await;
    let store = house.store(&owner).await;
    house.delete(&owner, &format!("/v1/stores/{store}")).await;
    house.offboardings().await;

    let later = Clock::steered(house.clock().now());
    run(&later, &house, Sweep::Offboarding, false).await;
    let mine = |event: &aws_lambda_events::sqs::SqsEvent| {
        event.records.iter().filter(|record| record.body.as_ref().unwrap().contains(store.as_str())).count()
    };
    assert_eq!(mine(&house.offboardings().await), 0, "it has fifteen minutes");
    later.advance(Duration::from_secs(16 * 60));
    assert_eq!(run(&later, &house, Sweep::Offboarding, true).await.sent, 0);
    let report = run(&later, &house, Sweep::Offboarding, false).await;
    assert!(report.sent >= 1 && report.swept.lag_seconds >= 900);
    assert_eq!(mine(&house.offboardings().await), 1);
}
