//! What a webhook costs, counted on the wire.

use std::time::Duration;

use cloud::clock::Clock;
use domain::id::StoreId;
use jiff::Timestamp;
use testkit::stack::Stack;

use super::{Door, signed};

const SECRET: &str = "secret";
const NOW: i64 = 1_700_000_100;

async fn door() -> (Clock, Door) {
    Stack::shared();
    let clock = Clock::steered(Timestamp::from_second(NOW).unwrap());
    (clock.clone(), Door::with(clock).await)
}

fn calls(door: &Door) -> Vec<String> {
    let mut calls: Vec<String> = door.faults.seen().iter().map(|seen| seen.target.clone()).collect();
    calls.sort();
    calls
}

const COLD: [&str; 4] =
    ["DynamoDB_20120810.GetItem", "DynamoDB_20120810.GetItem", "DynamoDB_20120810.GetItem", "TrentService.Decrypt"];
const SEND: &str = "AmazonSQS.SendMessage";

#[tokio::test]
async fn a_warm_webhook_costs_one_request_and_reads_nothing() {
    let door = Door::new().await;
    let store = door.store("woocommerce", SECRET).await;
    let headers = signed("woocommerce", SECRET, NOW, b"{}");
    assert_eq!(door.post(&store, &headers, b"{}").await, 200);
    assert_eq!(calls(&door), [&[SEND][..], &COLD].concat(), "cold: the store, its secrets, its key");
    door.faults.reset();
    assert_eq!(door.post(&store, &headers, b"{}").await, 200);
    assert_eq!(calls(&door), [SEND]);
    assert_eq!((door.faults.read_units(), door.faults.write_units()), (0.0, 0.0));
}

#[tokio::test]
async fn secrets_are_gone_by_for_a_minute() {
    let (clock, door) = door().await;
    let store = door.store("woocommerce", SECRET).await;
    let headers = signed("woocommerce", SECRET, NOW, b"{}");
    door.post(&store, &headers, b"{}").await;
    clock.advance(Duration::from_secs(59));
    door.faults.reset();
    door.post(&store, &headers, b"{}").await;
    assert_eq!(calls(&door), [SEND]);
    clock.advance(Duration::from_secs(1));
    door.faults.reset();
    door.post(&store, &headers, b"{}").await;
    assert_eq!(calls(&door), [&[SEND][..], &COLD].concat());
}

#[tokio::test]
async fn a_flood_of_forgeries_costs_one_look_every_five_seconds() {
    let (clock, door) = door().await;
    let store = door.store("woocommerce", SECRET).await;
    let good = signed("woocommerce", SECRET, NOW, b"{}");
    let forged = signed("woocommerce", "guessed", NOW, b"{}");
    door.post(&store, &good, b"{}").await;
    for _ in 0..3 {
        door.faults.reset();
        for _ in 0..40 {
            assert_eq!(door.post(&store, &forged, b"{}").await, 401);
        }
        let looked = calls(&door);
        assert!(looked.is_empty() || looked == COLD, "{looked:?}");
        assert_eq!(looked.is_empty(), clock.now().as_second() == NOW, "what was just read is not read again");
        clock.advance(Duration::from_secs(5));
    }
    // One that is not signed at all, or not as documented, is not worth a look.
    door.faults.reset();
    assert_eq!(door.post(&store, &Vec::new(), b"{}").await, 401);
    let malformed = vec![("x-wc-webhook-signature".to_owned(), "###".to_owned())];
    assert_eq!(door.post(&store, &malformed, b"{}").await, 401);
    assert_eq!(calls(&door), [""; 0]);
}

#[tokio::test]
async fn an_unknown_store_is_looked_for_once_in_five_seconds() {
    let (clock, door) = door().await;
    let unknown = StoreId::from_uuid(Clock::system().new_id());
    let headers = signed("woocommerce", SECRET, NOW, b"{}");
    for _ in 0..20 {
        assert_eq!(door.post(&unknown, &headers, b"{}").await, 401);
    }
    assert_eq!(calls(&door), ["DynamoDB_20120810.GetItem"; 3], "no key to unwrap");
    clock.advance(Duration::from_secs(5));
    door.faults.reset();
    door.post(&unknown, &headers, b"{}").await;
    assert_eq!(calls(&door).len(), 3);
    // What cannot be an id costs nothing.
    door.faults.reset();
    let call = crate::world::Calling::new("POST", "/hooks/str_nonsense").body("{}");
    assert_eq!(door.call(call).await.status, 401);
    assert_eq!(calls(&door), [""; 0]);
}

/// A secret that was rotated a moment ago at the platform and here is known here before its minute is over.
#[tokio::test]
async fn a_rotated_secret_is_taken_without_waiting() {
    let (clock, door) = door().await;
    let store = door.store("woocommerce", SECRET).await;
    assert_eq!(door.post(&store, &signed("woocommerce", SECRET, NOW, b"{}"), b"{}").await, 200);
    door.rotate(&store, "next").await;
    clock.advance(Duration::from_secs(5));
    assert_eq!(door.post(&store, &signed("woocommerce", "next", NOW, b"{}"), b"{}").await, 200);
    assert_eq!(door.post(&store, &signed("woocommerce", SECRET, NOW, b"{}"), b"{}").await, 200, "for a day");
}
