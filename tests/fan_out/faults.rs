//! The function dies, or AWS does, between any two steps.

use std::time::Duration;

use domain::id::EventId;
use testkit::{
    demo_store::{self, DemoStore},
    fault_proxy::{Calls, Fault},
};

use super::Fan;

#[tokio::test]
async fn nothing_is_lost_whichever_step_is_the_last() {
    let fan = Fan::new().await;
    fan.subscribe(&["order.updated"], |_| {}).await;
    let order = fan.raw("orders/5021").await;
    let mut told = 0;
    for (step, target) in ["Query", "UpdateItem", "SendMessageBatch", "PutItem"].into_iter().enumerate() {
        for (way, fault) in [Fault::Cut, Fault::CutAfter, Fault::Throttle].into_iter().enumerate() {
            if matches!(fault, Fault::Throttle) && target == "SendMessageBatch" {
                continue;
            }
            let message = fan.cartos("order.updated", &format!("{step}-{way}"), &order);
            fan.world.faults.inject(Calls::Target(target), fault, 50);
            assert_eq!(fan.handle(&[&message]).await, [0], "{target} {way}: it is not acknowledged");
            fan.world.faults.reset();
            assert!(fan.handle(&[&message]).await.is_empty(), "{target} {way}");
            told += 1;
            let sent = fan.sent().await;
            assert!(!sent.is_empty(), "{target} {way}: it is told");
            for sent in &sent {
                assert_eq!(sent.message["event"], message.id.as_str());
                assert_eq!(sent.body()["sequence"], told, "{target} {way}: the same each time");
            }
            let envelope = fan.envelope(&message.id).await.unwrap();
            assert_eq!((envelope.sequence, envelope.subscriptions), (told, 1));
        }
    }
}

#[tokio::test]
async fn r143_the_cache_is_void_before_anyone_is_told() {
    let fan = Fan::new().await;
    fan.subscribe(&["product.updated"], |_| {}).await;
    let stores = cloud::dynamo::stores::Stores::new(fan.world.tables(), fan.config.stores_table.clone());
    let change = cloud::dynamo::stores::StoreChange { cache: Some(true), ..Default::default() };
    let part = stores.changing(&fan.world.account, &fan.world.store, change);
    cloud::dynamo::transaction::write(&fan.world.tables(), vec![part]).await.unwrap();
    let product = fan.raw("products/1005").await;
    let first = fan.world.get("products/1005").await;
    assert_eq!((first.status, fan.world.get("products/1005").await.headers["x-cache"].as_str()), (200, "hit"));

    fan.world.app.journal().settle().await;
    fan.world.faults.reset();
    let message = fan.cartos("product.updated", "1", &product);
    assert!(fan.handle(&[&message]).await.is_empty());
    let calls = fan.world.faults.seen();
    let is_cache = |call: &testkit::fault_proxy::Seen| {
        call.target.ends_with("UpdateItem") && String::from_utf8_lossy(&call.body).contains("generation#")
    };
    let voided = calls.iter().rposition(is_cache).expect("the cache is told");
    let sent = calls.iter().position(|call| call.target.ends_with("SendMessageBatch")).expect("developers are told");
    assert!(voided < sent);
    assert!(
        (fan.world.faults.write_units() - 5.0).abs() < f64::EPSILON,
        "one for each entity that is touched, and the account's day"
    );
    assert_eq!(fan.world.get("products/1005").await.headers["x-cache"], "miss");
    assert_eq!(fan.sent().await.len(), 1);
}

/// One store is slow: those beside it in the batch are told at once, and those of another batch do not notice.
#[tokio::test]
async fn a_slow_store_holds_up_nobody_but_itself() {
    let fan = Fan::new().await;
    fan.subscribe(&["order.updated"], |_| {}).await;
    let slow = DemoStore::start(demo_store::Setup::default()).await.unwrap();
    let credential = [("api_key".to_owned(), slow.api_key().to_owned().into())].into_iter().collect();
    let everything = domain::scope::Scope::ALL.iter().copied().filter(|scope| scope.is_data_plane()).collect();
    let slow_id = fan.world.connect("cartos", slow.url().as_str(), credential, everything).await;
    slow.fail_next(20, demo_store::Fault::Slow(Duration::from_secs(3)));
    let order = fan.raw("orders/5022").await;
    let mut messages: Vec<_> = (0..9).map(|n| fan.recovered("order.updated", &(n + 5030).to_string(), None)).collect();
    for message in &mut messages {
        message.store = slow_id.clone();
    }
    messages.push(fan.cartos("order.updated", "quick", &order));
    let quick: EventId = messages[9].id.clone();
    let batch: Vec<_> = messages.iter().collect();
    let started = tokio::time::Instant::now();
    let (failed, quick_after) = tokio::join!(fan.handle(&batch), async {
        loop {
            tokio::time::sleep(Duration::from_millis(20)).await;
            if fan.envelope(&quick).await.is_some() {
                return started.elapsed();
            }
        }
    });
    assert!(quick_after < Duration::from_millis(2_500), "{quick_after:?}");
    assert!(started.elapsed() < Duration::from_secs(17), "and the batch ends in time: {:?}", started.elapsed());
    assert!(!failed.contains(&9));
}
