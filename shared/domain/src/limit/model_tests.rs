//! The rule against a naive model: several instances with old copies, skewed clocks and slow writes, and a log of what the
//! table admitted, in which the windows are counted by hand.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BinaryHeap},
};

use proptest::prelude::*;

use super::{BUCKET_MILLIS, DAY_MILLIS, Decision, HOUR_MILLIS, KeyWindow, Ledger, Margin, Moment, Rule, Write};
use crate::tier::{Limits, PerDay, PerSecond};

/// 2026-11-21T22:00:00Z, so that a day's end and a midnight come up.
const START: u64 = 1_795_298_400_000;
const MARGIN: u64 = 50;

fn rule(rate: u32, day: u64) -> Rule {
    Rule::new(
        Limits { rate: PerSecond::new(rate).unwrap(), day: PerDay::new(day).unwrap() },
        Margin::from_millis(MARGIN),
    )
}

/// One call: after which pause, to which instance, how long its way to the table and back takes.
#[derive(Debug, Clone, Copy)]
struct Call {
    pause: u64,
    instance: usize,
    there: u64,
    back: u64,
}

/// What is on its way.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    Reply { instance: usize, call: usize },
    Arrive { call: usize },
    Apply { instance: usize, call: usize },
}

struct World {
    rule: Rule,
    table: Ledger,
    /// What the instance knows, and by how much its clock is ahead of the true time minus half the margin.
    instances: Vec<(Option<KeyWindow>, u64)>,
    calls: Vec<Call>,
    queue: BinaryHeap<Reverse<(u64, usize, Event)>>,
    sequence: usize,
    in_flight: BTreeMap<usize, (Write, bool, Ledger)>,
    /// When the table admitted a call (or, leased, when the token was used).
    log: Vec<u64>,
    writes: usize,
    largest: usize,
    /// When the last event was.
    now: u64,
}

impl World {
    fn new(rule: Rule, skews: &[u64], calls: &[Call]) -> Self {
        let mut world = Self {
            rule,
            table: Ledger::new(0),
            instances: skews.iter().map(|skew| (None, *skew)).collect(),
            calls: calls.to_vec(),
            queue: BinaryHeap::new(),
            sequence: 0,
            in_flight: BTreeMap::new(),
            log: Vec::new(),
            writes: 0,
            largest: 0,
            now: START,
        };
        let mut at = START;
        for (number, call) in calls.iter().enumerate() {
            at += call.pause;
            world.post(at, Event::Arrive { call: number });
        }
        world
    }

    fn post(&mut self, at: u64, event: Event) {
        self.sequence += 1;
        self.queue.push(Reverse((at, self.sequence, event)));
    }

    fn run(mut self) -> Self {
        while let Some(Reverse((at, _, event))) = self.queue.pop() {
            self.now = at;
            match event {
                Event::Arrive { call } => self.arrive(at, call),
                Event::Apply { instance, call } => self.apply(at, instance, call),
                Event::Reply { instance, call } => self.reply(at, instance, call),
            }
        }
        self
    }

    /// The time on an instance's clock: between a quarter of the margin behind and a quarter ahead.
    fn clock(&self, instance: usize, at: u64) -> Moment {
        Moment::from_millis(at + self.instances[instance].1 - MARGIN / 4)
    }

    fn arrive(&mut self, at: u64, call: usize) {
        let instance = self.calls[call].instance;
        let now = self.clock(instance, at);
        if self.instances[instance].0.is_none() || self.rule.leased() {
            self.read(instance, now);
        }
        if self.window(instance).use_lease(now, 1) && self.rule.leased() {
            self.log.push(at);
            return;
        }
        if self.window(instance).decide(now, 1) == Decision::Read {
            self.read(instance, now);
        }
        self.attempt(at, instance, call);
    }

    fn read(&mut self, instance: usize, now: Moment) {
        let (rule, table) = (self.rule, self.table.clone());
        match &mut self.instances[instance].0 {
            Some(window) => window.read(rule, table, now),
            empty => *empty = Some(KeyWindow::new(rule, table, now)),
        }
    }

    fn window(&mut self, instance: usize) -> &mut KeyWindow {
        self.instances[instance].0.as_mut().unwrap()
    }

    fn attempt(&mut self, at: u64, instance: usize, call: usize) {
        let now = self.clock(instance, at);
        let wanted = if self.rule.leased() { self.window(instance).wanted(now, 1) } else { 1 };
        if let Decision::Write(write) = self.window(instance).decide(now, wanted) {
            self.in_flight.insert(call, (write, false, Ledger::default()));
            let there = self.calls[call].there;
            self.post(at + there, Event::Apply { instance, call });
        }
    }

    fn apply(&mut self, at: u64, instance: usize, call: usize) {
        self.writes += 1;
        let before = self.table.clone();
        let (write, done, copy) = self.in_flight.get_mut(&call).unwrap();
        *done = self.table.apply(write);
        *copy = if *done { self.table.clone() } else { before };
        if *done {
            self.log.push(at);
        }
        self.largest = self.largest.max(self.table.snapshots());
        let back = self.calls[call].back;
        self.post(at + back, Event::Reply { instance, call });
    }

    fn reply(&mut self, at: u64, instance: usize, call: usize) {
        let (write, done, copy) = self.in_flight.remove(&call).unwrap();
        let now = self.clock(instance, at);
        let there = self.calls[call].there + self.calls[call].back;
        if done {
            let asked_at = self.clock(instance, at - there);
            self.window(instance).admitted(copy, now);
            self.window(instance).lease(write.cost, 1, asked_at);
            return;
        }
        self.window(instance).refused(copy, now, 1, at.wrapping_mul(7));
        self.attempt(at, instance, call);
    }
}

/// The most that the log holds in any window of `length`.
pub(super) fn most_within(log: &[u64], length: u64) -> usize {
    let mut start = 0;
    let mut most = 0;
    for (end, at) in log.iter().enumerate() {
        while log[start] + length <= *at {
            start += 1;
        }
        most = most.max(end + 1 - start);
    }
    most
}

/// By how many thousandths of a call the log exceeds `r·Δ + 5r` at worst.
pub(super) fn overdraft(log: &[u64], rate: u32) -> i128 {
    let rate = i128::from(rate);
    let mut lowest = i128::MAX;
    let mut worst = i128::MIN;
    for (number, at) in log.iter().enumerate() {
        let line = rate * i128::from(*at);
        lowest = lowest.min(1_000 * number as i128 - line);
        worst = worst.max(1_000 * (number as i128 + 1) - line - lowest - 5_000 * rate);
    }
    worst
}

fn rates() -> impl Strategy<Value = u32> {
    prop_oneof![Just(1_u32), Just(2), Just(5), Just(10), Just(20), 1_u32..200]
}

/// Calls at `load` percent of the rate in clumps, over instances whose writes take up to a quarter of the margin.
fn calls(instances: usize) -> impl Strategy<Value = Vec<Call>> {
    let call = (0_u64..=2_000, 0..instances, 0..=MARGIN / 4, 0_u64..=30, 0_u8..4);
    prop::collection::vec(call, 100..400).prop_map(|calls| {
        calls
            .into_iter()
            .map(|(pause, instance, there, back, clump)| Call {
                pause: if clump == 0 { 4 * pause } else { pause * u64::from(clump == 1) },
                instance,
                there,
                back,
            })
            .collect()
    })
}

/// Turns pauses in thousandths of the mean into milliseconds.
fn at_load(mut calls: Vec<Call>, rate: u32, percent: u64) -> Vec<Call> {
    for call in &mut calls {
        call.pause = call.pause * 100 / (u64::from(rate) * percent);
    }
    calls
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 192, ..ProptestConfig::default() })]

    #[test]
    fn no_trace_gets_more_than_a_window(
        rate in rates(),
        percent in 50_u64..1_000,
        skews in prop::collection::vec(0..=MARGIN / 2, 4),
        calls in calls(4),
    ) {
        let world = World::new(rule(rate, 1_000_000), &skews, &at_load(calls, rate, percent)).run();
        prop_assert!(most_within(&world.log, 1_000) <= 2 * rate as usize);
        let over = overdraft(&world.log, rate);
        prop_assert!(over <= 500, "over by {over} thousandths");
        prop_assert!(world.largest <= 30, "{} snapshots", world.largest);
    }

    #[test]
    fn no_trace_gets_more_than_a_day(
        rate in rates(),
        quota in 1_u64..40,
        skews in prop::collection::vec(0..=MARGIN / 2, 3),
        calls in calls(3),
    ) {
        // Pauses of up to two hours: some days' worth.
        let calls: Vec<Call> = calls.into_iter().map(|call| Call { pause: call.pause * 900, ..call }).collect();
        let world = World::new(rule(rate, quota), &skews, &calls).run();
        prop_assert!(most_within(&world.log, DAY_MILLIS) <= quota as usize);
        prop_assert!(world.largest <= 52, "{} snapshots", world.largest);
        // Every day that has enough calls is used up, later than a sliding day by an hour at most.
        let arrivals = calls.iter().scan(0, |at, call| { *at += call.pause; Some(START + *at) }).collect::<Vec<_>>();
        let span = arrivals.last().unwrap() - START;
        let fair = (span / (DAY_MILLIS + HOUR_MILLIS + 1_000)) * quota;
        let dense = calls.iter().all(|call| call.pause < HOUR_MILLIS / 2);
        prop_assert!(!dense || world.log.len() as u64 >= fair.min(calls.len() as u64 / 2).min(quota));
    }

    #[test]
    fn a_lone_client_is_never_refused_early(
        rate in rates(),
        quota in prop_oneof![Just(1_000_000_u64), 1_u64..60],
        percent in 50_u64..1_000,
        calls in calls(1),
    ) {
        let rule = rule(rate, quota);
        let mut table = Ledger::new(0);
        let mut window = KeyWindow::new(rule, table.clone(), Moment::from_millis(START));
        let mut log: Vec<u64> = Vec::new();
        let mut at = START;
        for call in at_load(calls, rate, percent) {
            at += call.pause;
            let expected = naive(&log, rate, quota, at);
            let granted = lone_call(&mut window, &mut table, at);
            prop_assert!(granted || !expected, "refused at {} after {} calls", at - START, log.len());
            if granted {
                log.push(at);
            }
        }
        prop_assert!(most_within(&log, 1_000) <= 2 * rate as usize);
        prop_assert!(overdraft(&log, rate) <= 500);
    }

    #[test]
    fn whoever_waits_as_told_gets_through(
        rate in rates(),
        quota in prop_oneof![Just(1_000_000_u64), 1_u64..60],
        percent in 100_u64..1_000,
        skews in prop::collection::vec(0..=MARGIN / 2, 3),
        calls in calls(3),
        next in 0_usize..3,
    ) {
        let rule = rule(rate, quota);
        let mut world = World::new(rule, &skews, &at_load(calls, rate, percent)).run();
        // Once the dust has settled: a storm at one instance until it refuses, then one call at any, as late as the refusal said.
        let mut at = world.now + 2 * MARGIN;
        let told = loop {
            at += 1;
            let now = world.clock(0, at);
            if world.instances[0].0.is_none() {
                world.read(0, now);
            }
            match world.window(0).decide(now, 1) {
                Decision::Deny(denial) => break denial.retry_after_seconds(&rule, now),
                Decision::Read => world.read(0, now),
                Decision::Write(write) => {
                    let before = world.table.clone();
                    if world.table.apply(&write) {
                        let copy = world.table.clone();
                        world.window(0).admitted(copy, now);
                    } else {
                        world.window(0).refused(before, now, 1, at);
                    }
                }
            }
        };
        at += told * 1_000;
        world.calls.push(Call { pause: 0, instance: next, there: 0, back: 0 });
        let before = world.log.len();
        world.post(at, Event::Arrive { call: world.calls.len() - 1 });
        let world = world.run();
        prop_assert_eq!(world.log.len(), before + 1, "told to wait {} s", told);
    }
}

proptest! {
    // Thousands of calls a case.
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn leases_get_no_more_than_a_window(
        rate in 201_u32..=1_500,
        percent in 50_u64..400,
        skews in prop::collection::vec(0..=MARGIN / 2, 3),
        calls in calls(3),
    ) {
        // Enough calls to fill windows of this size: every drawn call stands for twenty.
        let calls: Vec<Call> = calls.into_iter().flat_map(|call| {
            (0..20).map(move |number| if number == 0 { call } else { Call { pause: 0, ..call } })
        }).collect();
        let calls = at_load(calls, rate.div_ceil(20), percent);
        let mut world = World::new(rule(rate, 1_000_000), &skews, &calls).run();
        world.log.sort_unstable();
        prop_assert!(most_within(&world.log, 1_000) <= 2 * rate as usize);
        prop_assert!(overdraft(&world.log, rate) <= 500);
    }
}

/// What the log alone allows at `at`, with the documented margins.
fn naive(log: &[u64], rate: u32, quota: u64, at: u64) -> bool {
    let within = |length: u64| log.iter().filter(|past| **past + length > at).count() as u64;
    let rate = u64::from(rate);
    let late = (BUCKET_MILLIS + MARGIN).saturating_sub(500 / rate);
    let sustained = log.iter().enumerate().all(|(number, past)| {
        let since = (log.len() - number) as u64;
        since < rate * (at - past).saturating_sub(late) / 1_000 + 5 * rate
    });
    within(1_000 + BUCKET_MILLIS + MARGIN) < 2 * rate && sustained && within(DAY_MILLIS + HOUR_MILLIS + MARGIN) < quota
}

/// One call of the only client at the only instance, whose writes take no time.
fn lone_call(window: &mut KeyWindow, table: &mut Ledger, at: u64) -> bool {
    let now = Moment::from_millis(at);
    loop {
        match window.decide(now, 1) {
            Decision::Deny(_) => return false,
            Decision::Read => {
                let rule = *window.rule();
                window.read(rule, table.clone(), now);
            }
            Decision::Write(write) => {
                assert!(table.apply(&write), "a lone client's copy is never behind");
                window.admitted(table.clone(), now);
                return true;
            }
        }
    }
}

#[test]
fn overload_is_served_at_the_limit_and_not_below() {
    // 10x the rate at six instances for half a minute: the sustained bound binds, and is used up to 98 %.
    for rate in [2, 5, 10, 20] {
        let calls: Vec<Call> = (0..u64::from(rate) * 300)
            .map(|number| Call {
                pause: 100 / u64::from(rate),
                instance: (number * 7 % 6) as usize,
                there: number % 12,
                back: 3,
            })
            .collect();
        let seconds: u64 = calls.iter().map(|call| call.pause).sum::<u64>() / 1_000;
        let world = World::new(rule(rate, 1_000_000), &[0, 5, 10, 15, 20, 25], &calls).run();
        let most = u64::from(rate) * seconds + 5 * u64::from(rate);
        let granted = world.log.len() as u64;
        assert!(granted <= most + 1 && granted * 100 >= most * 97, "{granted} of {most} at {rate}/s");
    }
}

#[test]
fn an_attack_costs_little() {
    // 1,000 calls a second on a key of 10/s, spread over six instances: an eighth of what a partition can write.
    let calls: Vec<Call> =
        (0..20_000).map(|number| Call { pause: 1, instance: number * 7 % 6, there: 3, back: 3 }).collect();
    let world = World::new(rule(10, 1_000_000), &[0, 5, 10, 15, 20, 25], &calls).run();
    assert!(world.log.len() >= 245, "{} granted", world.log.len());
    assert!(world.writes <= 20 * 125, "{} writes in 20 s", world.writes);
}

#[test]
fn leases_of_a_steady_client_take_fifty_writes_a_second() {
    // One instance at 1,000 calls a second for five seconds.
    let calls = vec![Call { pause: 1, instance: 0, there: 0, back: 0 }; 5_000];
    let world = World::new(rule(1_000, 1_000_000_000), &[12], &calls).run();
    assert_eq!(world.log.len(), 5_000, "all are admitted");
    // Two lives pass before the demand is known.
    assert!(world.writes <= 5 * 50 + 2 * 20, "{} writes", world.writes);
}

#[test]
fn leases_that_expire_cost_little() {
    // 40 instances at 25 calls a second each make exactly the rate.
    let calls: Vec<Call> =
        (0..10_000).map(|number| Call { pause: 1, instance: number % 40, there: 2, back: 2 }).collect();
    let world = World::new(rule(1_000, 1_000_000_000), &[12; 40], &calls).run();
    assert!(world.log.len() >= 9_800, "{} of 10000", world.log.len());
    assert!(world.writes <= 10_000 / 4, "{} writes", world.writes);
}
