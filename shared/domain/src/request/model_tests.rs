//! The life of requests, explored in full: two requests of one person and one kind, two places to work on, steps in every order, an instance that may
//! end between a place's work and the note of it, time that is over or not.
//!
//! What surrounds the rules here (the lock is written with the state, a place's note with the work's end) is what `cloud::dynamo::requests` and
//! `functions/dsar` do. In every state that can be reached:
//! - **nothing before proof**: no place of a request that must be proven was touched before it was;
//! - **one at a time**: at most one request works, and it is the one that holds the lock;
//! - **an answer means that all is done**: a request is delivered only when every place is;
//! - **the lock comes back**: an ended request holds none;
//! - **every path ends**: from every state an end can be reached, whatever happened before.

use std::collections::{HashMap, HashSet, VecDeque};

use jiff::Timestamp;
use stateright::{Checker, Model, Property, StateRecorder};

use super::{
    Facts, Ground, Kind, Level, State, Step,
    life::{Assessment, Lock, step},
};

const PLACES: u8 = 0b11;

fn now() -> Timestamp {
    Timestamp::from_second(1_000_000).unwrap()
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct One {
    state: State,
    approvals: u8,
    /// Until when it waits: over, or not, or without an end.
    waits: Option<bool>,
    proven: bool,
    /// A person of ours, who had not refused it, has granted its appeal.
    appealed: bool,
    /// Places whose effect is there.
    touched: u8,
    /// Places that are noted as done.
    done: u8,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct World {
    requests: [One; 2],
    lock: Option<usize>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Move {
    Take(usize, Step),
    /// Time passes for a request that waits.
    Pass(usize),
    /// A worker does a place, and ends before it notes that.
    Touch(usize, u8),
    /// A worker does a place and notes it.
    Do(usize, u8),
}

struct Life {
    kind: Kind,
    required: Level,
}

const STEPS: [Step; 18] = [
    Step::Prove(Assessment::Clear),
    Step::Prove(Assessment::Review),
    Step::Prove(Assessment::NothingHeld),
    Step::FailProof,
    Step::Ask,
    Step::Approve,
    Step::Deny(Ground::LegalRetention),
    Step::Cancel,
    Step::Stall,
    Step::Escalate,
    Step::Resume,
    Step::Finish,
    Step::FindAgain,
    Step::Confirm,
    Step::Appeal,
    Step::GrantAppeal { by_another: true },
    Step::RefuseAppeal { by_another: true },
    Step::TimeOver,
];

impl Life {
    fn facts(&self, one: &One) -> Facts {
        let second = |over: bool| Timestamp::from_second(if over { 1 } else { 2_000_000_000 }).unwrap();
        Facts {
            kind: self.kind,
            state: one.state,
            required: self.required,
            approvals: one.approvals,
            due: Timestamp::from_second(900_000_000).unwrap(),
            waits_until: one.waits.map(second),
        }
    }

    fn take(&self, world: &World, which: usize, wanted: Step) -> Option<World> {
        let one = &world.requests[which];
        // All places are done, and only then, says the worker.
        let ends = matches!(wanted, Step::Finish | Step::Confirm);
        if ends && one.done != PLACES {
            return None;
        }
        let mut next = step(&self.facts(one), wanted, now()).ok()?;
        if next.lock == Lock::Take && world.lock.is_some() {
            next = step(&self.facts(one), Step::Merge, now()).ok()?;
        }
        let mut world = world.clone();
        match next.lock {
            Lock::Keep => {}
            Lock::Take => world.lock = Some(which),
            Lock::Release => {
                assert_eq!(world.lock, Some(which), "a lock is given back by who holds it");
                world.lock = None;
            }
        }
        let one = &mut world.requests[which];
        one.proven |= matches!(wanted, Step::Prove(_));
        // An appeal is granted by people, who look at who asks: a refusal for want of proof is lifted by proof alone.
        one.appealed |= matches!(wanted, Step::GrantAppeal { .. });
        one.proven |= one.appealed;
        one.state = next.state;
        one.approvals = next.approvals;
        one.waits = next.waits_until.map(|until| until <= now());
        if next.begins {
            one.done = 0;
        }
        Some(world)
    }
}

impl Model for Life {
    type State = World;
    type Action = Move;

    fn init_states(&self) -> Vec<World> {
        let (state, waits, _) = super::life::begin(self.kind, Timestamp::MAX);
        let one = One {
            state,
            approvals: 0,
            waits: waits.map(|_| false),
            proven: false,
            appealed: false,
            touched: 0,
            done: 0,
        };
        vec![World { requests: [one.clone(), one], lock: None }]
    }

    fn actions(&self, world: &World, actions: &mut Vec<Move>) {
        for (which, one) in world.requests.iter().enumerate() {
            actions.extend(STEPS.into_iter().map(|step| Move::Take(which, step)));
            if one.waits == Some(false) {
                actions.push(Move::Pass(which));
            }
            if one.state.is_at_work() && one.state != State::Confirming {
                for place in [0b01, 0b10] {
                    actions.extend([Move::Touch(which, place), Move::Do(which, place)]);
                }
            }
        }
    }

    fn next_state(&self, world: &World, action: Move) -> Option<World> {
        let mut next = world.clone();
        match action {
            Move::Take(which, step) => return self.take(world, which, step),
            Move::Pass(which) => next.requests[which].waits = Some(true),
            Move::Touch(which, place) => next.requests[which].touched |= place,
            Move::Do(which, place) => {
                next.requests[which].touched |= place;
                next.requests[which].done |= place;
            }
        }
        (next != *world).then_some(next)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always("nothing before proof", |life: &Self, world: &World| {
                life.kind.is_at_once() || world.requests.iter().all(|one| one.proven || one.touched == 0)
            }),
            Property::always("one at a time", |life: &Self, world: &World| {
                let mut holders =
                    world.requests.iter().enumerate().filter(|(_, one)| one.state.holds_lock()).map(|(which, _)| which);
                life.kind.is_at_once() || (holders.next() == world.lock && holders.next().is_none())
            }),
            Property::always("an answer means that all is done", |_: &Self, world: &World| {
                world.requests.iter().all(|one| one.state != State::Delivered || one.done == PLACES)
            }),
            Property::always("two look at what is in doubt", |life: &Self, world: &World| {
                life.required != Level::Reviewed
                    || world.requests.iter().all(|one| one.touched == 0 || one.approvals >= 2 || one.appealed)
            }),
            Property::sometimes("a request is closed", |_: &Self, world: &World| {
                world.requests.iter().any(|one| one.state == State::Closed && one.done == PLACES)
            }),
            Property::sometimes("a request is merged", |life: &Self, world: &World| {
                life.kind.is_at_once() || world.requests.iter().any(|one| one.state == State::Merged)
            }),
        ]
    }
}

fn explore(kind: Kind, required: Level) {
    let (recorder, states) = StateRecorder::new_with_accessor();
    let checker = Life { kind, required }.checker().visitor(recorder).spawn_bfs().join();
    checker.assert_properties();
    let states: HashSet<World> = states().into_iter().collect();
    assert_eq!(states.len(), checker.unique_state_count());

    // Every path ends: walk backwards from the states in which both requests are at their end.
    let life = Life { kind, required };
    let mut before: HashMap<World, Vec<World>> = HashMap::new();
    let mut reached: HashSet<World> = HashSet::new();
    let mut queue = VecDeque::new();
    for state in &states {
        let mut actions = Vec::new();
        life.actions(state, &mut actions);
        for next in actions.into_iter().filter_map(|action| life.next_state(state, action)) {
            before.entry(next).or_default().push(state.clone());
        }
        if state.requests.iter().all(|one| one.state.is_end()) {
            assert_eq!(state.lock, None, "the lock comes back");
            reached.insert(state.clone());
            queue.push_back(state.clone());
        }
    }
    while let Some(state) = queue.pop_front() {
        for earlier in before.get(&state).into_iter().flatten() {
            if reached.insert(earlier.clone()) {
                queue.push_back(earlier.clone());
            }
        }
    }
    let stuck = states.iter().find(|state| !reached.contains(*state));
    assert!(stuck.is_none(), "no end can be reached from {stuck:?}");
}

#[test]
fn an_erasure_keeps_its_promises_whatever_happens() {
    explore(Kind::Erasure, Level::High);
}

#[test]
fn an_erasure_in_doubt_is_looked_at_by_two() {
    explore(Kind::Erasure, Level::Reviewed);
}

#[test]
fn an_access_keeps_its_promises_whatever_happens() {
    explore(Kind::Access, Level::High);
}

#[test]
fn what_is_done_at_once_ends_too() {
    explore(Kind::OptOutSale, Level::Unproven);
}
