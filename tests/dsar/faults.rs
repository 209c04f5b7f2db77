//! The function dies, or AWS does, between any two steps of a request; its messages come twice, and at once.

use std::time::Duration;

use domain::request::{Kind, State};
use testkit::fault_proxy::{Calls, Fault};

use super::bureau::Bureau;

const TARGETS: [&str; 7] =
    ["GetItem", "Query", "UpdateItem", "PutItem", "TransactWriteItems", "SendMessage", "DeleteSecret"];

/// What a request comes to, whatever happened on the way.
async fn ends_well(bureau: &Bureau, kind: Kind, way: &str, fail: impl AsyncFn()) {
    let someone = bureau.someone().await;
    let request = bureau.proven(&someone.owner, kind, Vec::new()).await;
    bureau.clock().advance(Duration::from_secs(3 * 86_400));
    for _ in 0..3 {
        fail().await;
        bureau.handle(&Bureau::settling(&request)).await;
        for body in bureau.house.take(&bureau.config.requests_queue_url).await {
            bureau.handle(&serde_json::from_str(&body).unwrap()).await;
        }
        bureau.faults.reset();
        bureau.clock().advance(Duration::from_secs(300));
    }
    bureau.go_on(&request).await;
    assert_eq!(bureau.state(&request).await, State::Delivered, "{way}");
    for place in bureau.places(&request).await {
        assert!(place.done_at.is_some() && place.found == place.acted, "{way}: {place:?}");
    }
    let mails = bureau.house.mails().await;
    let ends = if kind == Kind::Erasure { "done" } else { "ready" };
    let last: Vec<_> = mails.iter().filter(|mail| mail["request"]["letter"] == ends).collect();
    assert!(!last.is_empty() && last.iter().all(|mail| mail["id"] == last[0]["id"]), "{way}: one letter goes out");
    let account = bureau.accounts().get(&someone.owner.account).await.unwrap();
    assert_eq!(account.is_none(), kind == Kind::Erasure, "{way}");
    if kind == Kind::Access {
        let files = bureau.file(&request).await;
        for marker in &someone.markers {
            assert!(files.values().any(|content| content.contains(marker)), "{way}: {marker}");
        }
    }
}

async fn whichever_call_is_the_last(kind: Kind) {
    let bureau = Bureau::new().await;
    for target in TARGETS {
        for fault in [Fault::Cut, Fault::CutAfter] {
            let way = format!("{kind:?} {target} {fault:?}");
            ends_well(&bureau, kind, &way, async || bureau.faults.inject(Calls::Target(target), fault.clone(), 50))
                .await;
        }
    }
}

#[tokio::test]
async fn an_erasure_comes_to_its_end_whichever_call_is_the_last() {
    whichever_call_is_the_last(Kind::Erasure).await;
}

#[tokio::test]
async fn a_file_comes_to_its_end_whichever_call_is_the_last() {
    whichever_call_is_the_last(Kind::Access).await;
    let bureau = Bureau::new().await;
    // The bucket has no targets.
    for fault in [Fault::Cut, Fault::CutAfter] {
        let way = format!("the bucket {fault:?}");
        let path = Calls::Path("/cartage");
        ends_well(&bureau, Kind::Access, &way, async || bureau.faults.inject(path.clone(), fault.clone(), 50)).await;
    }
}

#[tokio::test]
async fn a_message_that_comes_twice_or_at_once_changes_nothing() {
    let bureau = Bureau::new().await;
    let someone = bureau.someone().await;
    let request = bureau.proven(&someone.owner, Kind::Access, Vec::new()).await;
    let settling = Bureau::settling(&request);
    tokio::join!(bureau.handle(&settling), bureau.handle(&settling), bureau.handle(&settling));
    let work = bureau.house.take(&bureau.config.requests_queue_url).await;
    assert!(!work.is_empty());
    let place: cloud::requests::RequestMessage = serde_json::from_str(&work[0]).unwrap();
    tokio::join!(bureau.handle(&place), bureau.handle(&place), bureau.handle(&settling));
    bureau.go_on(&request).await;
    assert_eq!(bureau.state(&request).await, State::Delivered);
    assert!(bureau.handle(&place).await && bureau.handle(&settling).await, "long after");
    let mails = bureau.house.mails().await;
    let ids = |letter: &str| {
        let ids = mails.iter().filter(|mail| mail["request"]["letter"] == letter).map(|mail| mail["id"].to_string());
        ids.collect::<std::collections::BTreeSet<_>>().len()
    };
    assert_eq!((ids("received"), ids("ready")), (1, 1));
    let once = bureau.places(&request).await;
    assert_eq!(once.iter().find(|place| place.place == "account").unwrap().found, 1);
}

#[tokio::test]
async fn a_place_that_cannot_be_done_is_told_then_shown_to_an_operator_and_never_given_up() {
    let bureau = Bureau::new().await;
    let someone = bureau.someone().await;
    let request = bureau.proven(&someone.owner, Kind::Erasure, Vec::new()).await;
    bureau.clock().advance(Duration::from_secs(3 * 86_400));
    let mut states = Vec::new();
    for _ in 0..8 {
        bureau.faults.inject(Calls::Target("DeleteSecret"), Fault::Cut, 50);
        assert!(!bureau.handle(&Bureau::settling(&request)).await, "it comes again");
        bureau.faults.reset();
        states.push(bureau.state(&request).await);
        bureau.clock().advance(Duration::from_secs(7_200));
    }
    let first = |state| states.iter().position(|found| *found == state);
    // What came on before it counts: the keys were revoked with the first try.
    assert!(first(State::Partial).unwrap() < first(State::NeedsOperator).unwrap(), "{states:?}");
    let stores = bureau.places(&request).await.into_iter().find(|place| place.place == "stores").unwrap();
    assert!(stores.attempts >= 6 && stores.done_at.is_none(), "{stores:?}");
    bureau.go_on(&request).await;
    assert_eq!(bureau.state(&request).await, State::Delivered, "once it can be done, it is");
    assert!(bureau.letters().await.contains(&"partial".to_owned()));
}
