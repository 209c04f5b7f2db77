//! Rates near what one partition can write: counted in leases, authenticated by a read.

use domain::tier::Tier;

use super::harness::{Keys, advance, granted, standing_clock, together};

#[tokio::test(flavor = "multi_thread")]
async fn leases_never_grant_more_than_the_window() {
    let keys = Keys::open().await;
    let rate = 210;
    let key = keys.key(Tier::from_parts("enterprise", Some(rate), Some(1_000_000)).unwrap(), None).await;
    let clock = standing_clock();
    let instances: Vec<_> = (0..6).map(|_| keys.instance(&clock)).collect();
    let mut all = 0;
    for _ in 0..9 {
        all += granted(&together(instances.iter().cycle().take(60), &key.presented).await);
    }
    let peak = 2 * rate as usize;
    // Each instance may be left with one lease that it has no call for.
    let unused = 6 * (rate as usize).div_ceil(50);
    assert!(all <= peak && all + unused >= peak, "{all} of {peak}");
    assert!(keys.admitted(&key).await <= peak as u64);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_leased_call_reads_and_seldom_writes() {
    let keys = Keys::open().await;
    let key = keys.key(Tier::from_parts("enterprise", Some(1_000), Some(1_000_000)).unwrap(), None).await;
    let clock = standing_clock();
    let instance = keys.instance(&clock);
    // 100 calls in 200 ms, one after the other, teach it the demand.
    for _ in 0..2 {
        keys.proxy.reset();
        for _ in 0..100 {
            instance.admit(&key.presented, 1).await.unwrap();
            advance([&clock], 2);
        }
    }
    assert_eq!(keys.proxy.count("GetItem"), 100, "each call authenticates");
    assert!(keys.proxy.count("UpdateItem") <= 8, "{} writes for 100 calls", keys.proxy.count("UpdateItem"));
}
