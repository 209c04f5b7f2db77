//! What many clients together are granted.

use std::sync::Arc;

use cloud::{clock::Clock, dynamo::admission::Admission};
use domain::tier::Tier;
use testkit::recorder;

use super::harness::{Key, Keys, advance, ahead_of, granted, millis, retry_after, standing_clock, together};

fn custom(rate: u32, day: u64) -> Tier {
    Tier::from_parts("enterprise", Some(rate), Some(day)).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn sixty_four_clients_are_granted_one_window_and_not_one_call_more() {
    let keys = Keys::open().await;
    for (tier, window) in [(Tier::Standard, 4), (Tier::Growth, 10), (Tier::Professional, 20)] {
        let key = keys.key(tier, None).await;
        let clock = standing_clock();
        // Eight instances with eight clients each; none has seen the key before, then all have.
        let instances: Vec<_> = (0..8).map(|_| keys.instance(&clock)).collect();
        for second in 0..3 {
            let clients = instances.iter().cycle().take(64);
            let answers = together(clients, &key.presented).await;
            assert_eq!(granted(&answers), window, "{tier} in second {second}");
            advance([&clock], 1_100);
        }
        assert_eq!(keys.admitted(&key).await, 3 * window as u64);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_day_is_exact_for_sixty_four_clients() {
    let keys = Keys::open().await;
    let key = keys.key(custom(50, 30), None).await;
    let clock = standing_clock();
    let instances: Vec<_> = (0..8).map(|_| keys.instance(&clock)).collect();
    let answers = together(instances.iter().cycle().take(64), &key.presented).await;
    assert_eq!(granted(&answers), 30);
    // Full until the hour of these calls is a day old, over midnight and all.
    advance([&clock], 23 * 3_600_000);
    let answers = together(instances.iter().cycle().take(64), &key.presented).await;
    assert_eq!(granted(&answers), 0);
    let wait = retry_after(&answers[0]);
    assert!(wait <= 2 * 3_600 + 1, "{wait} s");
    advance([&clock], wait * 1_000);
    let answers = together(instances.iter().cycle().take(64), &key.presented).await;
    assert_eq!(granted(&answers), 30);
}

/// One case of the matrix: `nodes` instances with clocks up to 12 ms apart, at `percent` of the rate for ten seconds.
async fn case(keys: Arc<Keys>, nodes: usize, rate: u32, percent: u64) {
    const STEP: u64 = 50;
    const SECONDS: u64 = 10;
    let key: Key = keys.key(custom(rate, 1_000_000), None).await;
    let base = standing_clock();
    let clocks: Vec<Clock> = (0..nodes).map(|node| ahead_of(&base, (node as i64 * 5) % 13)).collect();
    let instances: Vec<Arc<Admission>> = clocks.iter().map(|clock| keys.instance(clock)).collect();
    let start = millis(&base);
    let (mut offered, mut log) = (0, Vec::new());
    for step in 0..SECONDS * 1_000 / STEP {
        let due = (step * STEP * u64::from(rate) * percent / 100_000 + 1) as usize;
        let arriving: Vec<_> = (offered..due).map(|number| &instances[number * 7 % nodes]).collect();
        offered = offered.max(due);
        let answers = together(arriving, &key.presented).await;
        log.extend(std::iter::repeat_n(start + step * STEP, granted(&answers)));
        advance(&clocks, STEP);
        advance([&base], STEP);
    }
    let name = format!("{nodes} nodes, {rate}/s at {percent} %");
    assert!(most_in_a_second(&log) <= 2 * rate as usize, "{name}: {} in a second", most_in_a_second(&log));
    assert!(overdraft(&log, rate) <= 500, "{name}: over by {} thousandths", overdraft(&log, rate));
    // Ten seconds at the rate and the credit of five; the end may find it one call early, or in a hold of up to half a second.
    let fair = offered.min((rate * 15) as usize);
    let late = 1 + if percent > 100 { (rate / 2) as usize } else { 0 };
    assert!(log.len() + late >= fair, "{name}: {} of {fair}", log.len());
    let item = keys.item(&key).await;
    assert!(item.len() <= 8 + 52, "{name}: {} attributes", item.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_matrix_of_nodes_limits_and_loads_stays_within_its_windows() {
    let keys = Arc::new(Keys::open().await);
    let mut cases = tokio::task::JoinSet::new();
    for nodes in [1, 5] {
        for rate in [1, 2, 10] {
            for percent in [90, 200, 1_000] {
                cases.spawn(case(Arc::clone(&keys), nodes, rate, percent));
            }
        }
    }
    cases.join_all().await;
    // What all that wrote is what the data map says of the table, and each write was of one unit.
    let stack = keys.table.strip_suffix("-keys").unwrap();
    let seen = keys.proxy.seen();
    assert!(seen.len() > 1_000, "{} calls", seen.len());
    assert_eq!(recorder::undeclared(&cloud::data_map::DATA_MAP, stack, &seen), std::collections::BTreeSet::new());
    for call in seen.iter().filter(|call| call.target.ends_with("UpdateItem")) {
        assert!(call.units <= 1.0, "{} units", call.units);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lone_client_at_its_rate_is_never_refused() {
    let keys = Keys::open().await;
    // The real clock, and one warm instance.
    let clock = Clock::system();
    let (steady, instance) = (keys.key(Tier::Professional, None).await, keys.instance(&clock));
    let mut pace = tokio::time::interval(std::time::Duration::from_millis(100));
    for call in 0..40 {
        pace.tick().await;
        let answer = instance.admit(&steady.presented, 1).await;
        assert!(answer.is_ok(), "call {call}: {answer:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_waits_as_told_gets_through() {
    let keys = Keys::open().await;
    let key = keys.key(Tier::Growth, None).await;
    let clock = standing_clock();
    let instances: Vec<_> = (0..3).map(|_| keys.instance(&clock)).collect();
    for round in 0..25 {
        // A storm at all three, and then the polite client alone, at whichever.
        let answers = together(instances.iter().cycle().take(30), &key.presented).await;
        let refused = answers.iter().find(|answer| answer.is_err()).unwrap();
        let wait = retry_after(refused);
        assert!((1..=2).contains(&wait), "round {round}: {wait} s");
        advance([&clock], wait * 1_000);
        let polite = instances[round % 3].admit(&key.presented, 1).await;
        assert!(polite.is_ok(), "round {round} after {wait} s: {polite:?}");
    }
}

fn most_in_a_second(log: &[u64]) -> usize {
    let within = |end: u64| log.iter().filter(|at| **at <= end && **at + 1_000 > end).count();
    log.iter().map(|end| within(*end)).max().unwrap_or(0)
}

/// By how many thousandths of a call the log exceeds `rate · time + 5 · rate` at worst.
fn overdraft(log: &[u64], rate: u32) -> i64 {
    let rate = i64::from(rate);
    let mut worst = i64::MIN;
    for (first, from) in log.iter().enumerate() {
        for (last, to) in log.iter().enumerate().skip(first) {
            let calls = (last - first + 1) as i64;
            let line = rate * (*to as i64 - *from as i64) + 5_000 * rate;
            worst = worst.max(1_000 * calls - line);
        }
    }
    worst
}
