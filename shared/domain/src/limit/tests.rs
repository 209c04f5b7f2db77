//! Single cases: the smallest limit, clocks that jump, lost answers, storms, headers.

use super::{attribute::Snapshot, *};
use crate::tier::{PerDay, PerSecond, Tier};

const NOW: Moment = Moment::from_millis(1_795_298_400_000);

fn rule(rate: u32, day: u64) -> Rule {
    Rule::new(Limits { rate: PerSecond::new(rate).unwrap(), day: PerDay::new(day).unwrap() }, Margin::from_millis(10))
}

/// Admits as many calls at once as there can be.
fn drain(ledger: &mut Ledger, rule: &Rule, now: Moment) -> u32 {
    let mut granted = 0;
    while let Ok(write) = ledger.plan(rule, now, 1) {
        assert!(ledger.apply(&write));
        granted += 1;
    }
    granted
}

#[test]
fn r115_a_burst_is_twice_the_rate_and_five_seconds_of_credit() {
    for (rate, first) in [(1, 2), (2, 4), (5, 10), (10, 20)] {
        let rule = rule(rate, 1_000);
        let mut ledger = Ledger::new(0);
        assert_eq!(drain(&mut ledger, &rule, NOW), first);
        // Twice the rate for the next seconds, then the rate alone.
        let mut granted = first;
        for millis in 1..=20_000 {
            granted += drain(&mut ledger, &rule, NOW.plus(millis));
        }
        assert!(granted <= 25 * rate, "{granted} in 20 s at {rate}/s");
        assert!(granted >= 25 * rate - 1, "{granted} in 20 s at {rate}/s");
    }
}

#[test]
fn a_lone_client_at_its_rate_is_never_refused() {
    for rate in [1, 2, 3, 5, 7, 10, 20, 50, 200] {
        let rule = rule(rate, 1_000_000);
        let mut ledger = Ledger::new(0);
        for number in 0..u64::from(rate) * 60 {
            let now = NOW.plus(number * 1_000 / u64::from(rate));
            let write = ledger.plan(&rule, now, 1);
            assert!(write.is_ok_and(|write| ledger.apply(&write)), "{rate}/s, call {number}");
        }
    }
}

#[test]
fn r111_the_quota_slides_over_midnight() {
    let rule = rule(10, 3);
    // 22:00, 23:59, 00:01.
    let mut ledger = Ledger::new(0);
    for minutes in [0, 119, 121] {
        let write = ledger.plan(&rule, NOW.plus(minutes * 60_000), 1).unwrap();
        assert!(ledger.apply(&write));
    }
    let denial = ledger.plan(&rule, NOW.plus(3 * HOUR_MILLIS), 1).unwrap_err();
    assert_eq!(denial.window, Window::Day);
    // The call of 22:00 leaves with its hour, at 23:00 of the next day.
    assert_eq!(denial.retry_at, NOW.plus(25 * HOUR_MILLIS + 10));
    assert!(ledger.plan(&rule, Moment::from_millis(denial.retry_at.millis() - 1), 1).is_err());
    assert!(ledger.plan(&rule, denial.retry_at, 1).is_ok());
}

#[test]
fn a_full_window_is_refused_from_memory_without_end() {
    let rule = rule(2, 4);
    let mut ledger = Ledger::new(0);
    assert_eq!(drain(&mut ledger, &rule, NOW), 4);
    let mut window = KeyWindow::new(rule, ledger.clone(), NOW);
    let mut reads = 0;
    for millis in 0..10_000 {
        let now = NOW.plus(millis);
        match window.decide(now, 1) {
            Decision::Deny(_) => {}
            Decision::Read => {
                reads += 1;
                window.read(rule, ledger.clone(), now);
            }
            Decision::Write(_) => panic!("a write for a full window"),
        }
    }
    assert!(reads <= 10, "{reads} reads in 10 s");
}

#[test]
fn three_refusals_in_a_row_make_it_hold() {
    let rule = rule(2, 1_000);
    let mut full = Ledger::new(0);
    drain(&mut full, &rule, NOW);
    // Meanwhile the item says that there is room again.
    let roomy = Ledger::new(4);
    let soon = NOW.plus(200);
    for (refusals, held) in [(2, false), (3, true)] {
        let mut window = KeyWindow::new(rule, Ledger::new(0), NOW);
        for _ in 0..refusals {
            window.refused(full.clone(), NOW, 1, 100);
        }
        window.read(rule, roomy.clone(), soon);
        let Decision::Deny(denial) = window.decide(soon, 1) else {
            assert!(!held, "no hold");
            continue;
        };
        assert!(held, "a hold after {refusals}");
        assert_eq!(denial.retry_at, NOW.plus(350));
        // It is over before the shortest `Retry-After` is, and an admission ends it at once.
        assert!(matches!(window.decide(NOW.plus(350), 1), Decision::Write(_)));
        window.admitted(roomy.clone(), soon);
        assert!(matches!(window.decide(soon, 1), Decision::Write(_)));
    }
}

#[test]
fn a_refusal_near_its_end_is_looked_at_again() {
    // Another instance, whose clock is a little ahead, has just admitted what became free.
    let rule = rule(1, 3);
    let mut table = Ledger::new(0);
    drain(&mut table, &rule, NOW);
    let mut window = KeyWindow::new(rule, table.clone(), NOW);
    drain(&mut table, &rule, NOW.plus(5_000));
    let free = table.plan(&rule, NOW.plus(5_000), 1).unwrap_err().retry_at;
    window.read(rule, table.clone(), Moment::from_millis(free.millis() - 500));
    assert!(drain(&mut table, &rule, free) > 0);
    let before = Moment::from_millis(free.millis() - 1);
    assert_eq!(window.decide(before, 1), Decision::Read);
    window.read(rule, table, before);
    let Decision::Deny(denial) = window.decide(before, 1) else {
        panic!("the windows are full");
    };
    assert!(denial.retry_at >= free.plus(900), "not in a millisecond, as the old copy would have it");
}

#[test]
fn leased_tokens_that_are_used_late_stay_within_the_windows() {
    let rule = rule(1_000, 1_000_000_000);
    let mut table = Ledger::new(0);
    let mut windows: Vec<KeyWindow> = (0..100).map(|_| KeyWindow::new(rule, table.clone(), NOW)).collect();
    let mut log = Vec::new();
    // A demand that deserves full leases.
    for window in &mut windows {
        for _ in 0..20 {
            assert!(!window.use_lease(Moment::from_millis(NOW.millis() - 1), 1));
        }
    }
    // All take a lease at once and use it as late as they may; from then on, everyone uses what there is at once.
    for tick in 0..100 {
        let now = NOW.plus(tick * 100);
        for window in &mut windows {
            window.read(rule, table.clone(), now);
            for _ in 0..21 {
                if window.use_lease(now, 1) {
                    log.push(now.millis());
                    continue;
                }
                let wanted = window.wanted(now, 1);
                let Decision::Write(write) = window.decide(now, wanted) else {
                    break;
                };
                assert!(table.apply(&write));
                window.admitted(table.clone(), now);
                window.lease(write.cost, 1, now);
                log.push(now.millis());
                if tick == 0 {
                    break;
                }
            }
        }
        if tick == 0 {
            for window in &mut windows {
                while window.use_lease(NOW.plus(LEASE_MILLIS - 1), 1) {
                    log.push(NOW.millis() + LEASE_MILLIS - 1);
                }
            }
        }
    }
    log.sort_unstable();
    assert_eq!(log.iter().filter(|at| **at <= NOW.millis() + LEASE_MILLIS).count(), 2_000);
    let (peak, over) = (model_tests::most_within(&log, 1_000), model_tests::overdraft(&log, 1_000));
    assert!(peak <= 2_000, "{peak} in a second");
    assert!(over <= 500, "over by {over} thousandths");
    assert!(log.len() >= 14_000, "{} in ten seconds", log.len());
}

#[test]
fn an_old_copy_refuses_too_much_and_never_admits_too_much() {
    let rule = rule(2, 1_000);
    let mut table = Ledger::new(0);
    let copy = table.clone();
    for second in 0..60 {
        drain(&mut table, &rule, NOW.plus(second * 1_000));
    }
    let late = NOW.plus(120_000);
    let blind = copy.plan(&rule, late, 1).unwrap();
    assert!(!table.clone().apply(&blind), "the copy is behind");
    assert!(table.clone().apply(&table.plan(&rule, late, 1).unwrap()), "the item itself allows it");
}

#[test]
fn a_large_burst_is_not_written_from_an_old_copy() {
    let window = KeyWindow::new(rule(50, 1_000), Ledger::new(0), NOW);
    assert!(matches!(window.decide(NOW.plus(900), 1), Decision::Write(_)));
    assert_eq!(window.decide(NOW.plus(1_001), 1), Decision::Read);
    let small = KeyWindow::new(rule(10, 1_000), Ledger::new(0), NOW);
    assert!(matches!(small.decide(NOW.plus(3_600_000), 1), Decision::Write(_)));
}

#[test]
fn a_clock_that_steps_back_asks_again_and_admits_no_more() {
    let rule = rule(2, 1_000);
    let mut ledger = Ledger::new(0);
    drain(&mut ledger, &rule, NOW);
    let mut window = KeyWindow::new(rule, ledger.clone(), NOW);
    let back = Moment::from_millis(NOW.millis() - 3 * HOUR_MILLIS);
    assert_eq!(window.decide(back, 1), Decision::Read);
    window.read(rule, ledger.clone(), back);
    assert!(matches!(window.decide(back, 1), Decision::Deny(_)));
    // Back on time it goes on as if nothing had been.
    window.read(rule, ledger.clone(), NOW.plus(3_000));
    assert!(matches!(window.decide(NOW.plus(3_000), 1), Decision::Write(_)));
}

#[test]
fn a_lost_answer_counts_once() {
    let rule = rule(2, 1_000);
    let mut table = Ledger::new(0);
    let window = KeyWindow::new(rule, table.clone(), NOW);
    let Decision::Write(write) = window.decide(NOW, 1) else {
        panic!("an empty window");
    };
    assert!(table.apply(&write), "and the answer is lost");
    assert_eq!(drain(&mut table, &rule, NOW), 3);
    assert_eq!(table.admitted(), 4);
}

#[test]
fn denials_are_never_counted() {
    let rule = rule(1, 1_000);
    let mut ledger = Ledger::new(0);
    drain(&mut ledger, &rule, NOW);
    for millis in 0..1_000 {
        assert!(ledger.plan(&rule, NOW.plus(millis), 1).is_err());
    }
    assert_eq!(ledger.admitted(), 2);
    assert!(ledger.plan(&rule, NOW.plus(1_060), 1).is_ok());
}

#[test]
fn a_cost_above_a_window_counts_as_a_window() {
    let rule = rule(2, 3);
    assert_eq!(rule.largest_cost(), 3);
    let mut ledger = Ledger::new(0);
    assert!(ledger.apply(&ledger.plan(&rule, NOW, 1_000).unwrap()));
    assert_eq!(ledger.admitted(), 3);
}

#[test]
fn snapshots_stay_bounded_when_every_copy_is_old() {
    // A thousand instances take turns: each writes from a copy that is a hundred seconds old or comes back to read.
    let rule = rule(10, 1_000_000);
    let mut table = Ledger::new(0);
    let mut windows: Vec<KeyWindow> = (0..1_000).map(|_| KeyWindow::new(rule, table.clone(), NOW)).collect();
    for number in 0..5_000_u64 {
        let now = NOW.plus(number * 100);
        let window = &mut windows[(number % 1_000) as usize];
        while let Decision::Write(write) = window.decide(now, 1) {
            let before = table.clone();
            if table.apply(&write) {
                window.admitted(table.clone(), now);
                break;
            }
            window.refused(before, now, 1, 0);
        }
        assert!(table.snapshots() <= 26, "{} snapshots", table.snapshots());
    }
    assert_eq!(table.admitted(), 5_000, "a client at its rate");
}

#[test]
fn headers_say_what_is_left() {
    let rule = Rule::new(Tier::Standard.limits(), Margin::from_millis(10));
    let mut ledger = Ledger::new(0);
    let fresh = KeyWindow::new(rule, ledger.clone(), NOW).headers(NOW);
    assert_eq!((fresh.limit, fresh.remaining), (4, 4));
    assert_eq!(fresh.reset, NOW.millis() / 1_000);
    assert_eq!(fresh.policy(), "\"burst\";q=4;w=1, \"day\";q=10000;w=86400");
    assert_eq!(fresh.rate_limit(), "\"burst\";r=4;t=0, \"day\";r=10000;t=0");

    let write = ledger.plan(&rule, NOW, 1).unwrap();
    ledger.apply(&write);
    let one = KeyWindow::new(rule, ledger.clone(), NOW).headers(NOW);
    assert_eq!(one.remaining, 3);
    assert_eq!(one.rate_limit(), "\"burst\";r=3;t=2, \"day\";r=9999;t=90001");

    drain(&mut ledger, &rule, NOW);
    let window = KeyWindow::new(rule, ledger, NOW);
    let Decision::Deny(denial) = window.decide(NOW, 1) else {
        panic!("a full window");
    };
    assert_eq!(denial.retry_after_seconds(&rule, NOW), 2);
    let full = window.headers_of(&denial, NOW);
    assert_eq!((full.limit, full.remaining), (4, 0));
    assert_eq!(full.reset, NOW.millis() / 1_000 + 2);
    assert_eq!(full.rate_limit(), "\"burst\";r=0;t=2, \"day\";r=9996;t=90001");
}

#[test]
fn thresholds_come_from_the_snapshots_inside_the_window() {
    let rule = rule(2, 100);
    let bucket = NOW.millis() / BUCKET_MILLIS;
    let mut ledger = Ledger::new(50);
    ledger.insert(Snapshot::Fine(bucket - 100), 40);
    ledger.insert(Snapshot::Fine(bucket - 10), 47);
    ledger.insert(Snapshot::Hour(NOW.millis() / HOUR_MILLIS - 30), 1);
    ledger.insert(Snapshot::Hour(NOW.millis() / HOUR_MILLIS - 20), 20);
    let threshold = ledger.threshold(&rule, NOW);
    assert_eq!(threshold.peak, 47 + 4);
    // 40 + 5 s at 2/s + 10 of credit; 47 + half a second + 10.
    assert_eq!(threshold.sustained, 58);
    assert_eq!(threshold.day, 20 + 100);
    assert_eq!(threshold.lowest(), 51);
}
