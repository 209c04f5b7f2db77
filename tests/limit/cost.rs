//! What calls cost in units of the table.

use std::time::Duration;

use domain::tier::Tier;
use testkit::fault_proxy::{Calls, Fault};

use super::harness::{Keys, advance, granted, retry_after, standing_clock, together};

#[tokio::test(flavor = "multi_thread")]
async fn a_warm_call_costs_one_write_and_no_read() {
    let keys = Keys::open().await;
    let key = keys.key(Tier::Professional, None).await;
    let clock = standing_clock();
    let instance = keys.instance(&clock);
    instance.admit(&key.presented, 1).await.unwrap();
    // Right after, a second later, an hour later, two days later.
    for pause in [0, 1_000, 3_600_000, 2 * 86_400_000] {
        advance([&clock], pause);
        keys.proxy.reset();
        instance.admit(&key.presented, 1).await.unwrap();
        assert_eq!((keys.proxy.write_units(), keys.proxy.read_units()), (1.0, 0.0), "after {pause} ms");
    }
    assert_eq!(keys.admitted(&key).await, 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_storm_on_a_full_window_writes_nothing() {
    let keys = Keys::open().await;
    let key = keys.key(Tier::Standard, None).await;
    let clock = standing_clock();
    let instance = keys.instance(&clock);
    while instance.admit(&key.presented, 1).await.is_ok() {}
    keys.proxy.reset();
    let answers = together(std::iter::repeat_n(&instance, 500), &key.presented).await;
    assert_eq!(granted(&answers), 0);
    assert!(answers.iter().all(|answer| retry_after(answer) <= 2));
    assert_eq!(keys.proxy.seen().len(), 0, "the table is not asked at all");
    // A second's storm up to the moment when the window opens.
    for _ in 0..90 {
        advance([&clock], 10);
        let answers = together(std::iter::repeat_n(&instance, 10), &key.presented).await;
        assert_eq!(granted(&answers), 0);
    }
    assert_eq!(keys.proxy.count("UpdateItem"), 0);
    assert_eq!(keys.admitted(&key).await, 4, "a refused call is never counted");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_day_costs_a_read_a_second_at_most() {
    let keys = Keys::open().await;
    let tier = Tier::from_parts("enterprise", Some(10), Some(3)).unwrap();
    let key = keys.key(tier, None).await;
    let clock = standing_clock();
    let instance = keys.instance(&clock);
    while instance.admit(&key.presented, 1).await.is_ok() {}
    keys.proxy.reset();
    for _ in 0..100 {
        advance([&clock], 100);
        let answer = instance.admit(&key.presented, 1).await;
        assert!(retry_after(&answer) > 3_600);
    }
    assert_eq!(keys.proxy.count("UpdateItem"), 0);
    assert!(keys.proxy.count("GetItem") <= 10, "{} reads in 10 s", keys.proxy.count("GetItem"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_answer_counts_once_too_often_at_most() {
    let keys = Keys::open().await;
    let key = keys.key(Tier::Growth, None).await;
    let instance = keys.instance(&standing_clock());
    instance.admit(&key.presented, 1).await.unwrap();
    keys.proxy.inject(Calls::Target("UpdateItem"), Fault::CutAfter, 1);
    instance.admit(&key.presented, 1).await.unwrap();
    assert_eq!(keys.admitted(&key).await, 3, "two calls, one of them counted twice");
    // Where every answer is lost the call is not admitted, and not counted without end either.
    keys.proxy.inject(Calls::Target("UpdateItem"), Fault::CutAfter, 100);
    assert!(instance.admit(&key.presented, 1).await.is_err());
    assert_eq!(keys.admitted(&key).await, 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn guessing_costs_reads_and_no_writes() {
    let keys = Keys::open().await;
    let key = keys.key(Tier::Growth, None).await;
    let instance = keys.instance(&standing_clock());
    instance.admit(&key.presented, 1).await.unwrap();
    keys.proxy.reset();
    for _ in 0..20 {
        assert!(instance.admit(&key.wrong(), 1).await.is_err());
    }
    assert_eq!((keys.proxy.count("UpdateItem"), keys.proxy.count("GetItem")), (0, 20));
    assert_eq!(keys.admitted(&key).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_table_does_not_hang_a_call() {
    let keys = Keys::open().await;
    let key = keys.key(Tier::Growth, None).await;
    let instance = keys.instance(&standing_clock());
    instance.admit(&key.presented, 1).await.unwrap();
    keys.proxy.inject(Calls::All, Fault::Silence, 100);
    let answer = tokio::time::timeout(Duration::from_secs(6), instance.admit(&key.presented, 1)).await;
    assert!(answer.expect("it answers within its budget").is_err());
}
