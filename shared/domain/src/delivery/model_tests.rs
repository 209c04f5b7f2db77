//! The life cycle, explored in full: two events for one endpoint, two instances that may end between any two of their steps, a message that
//! comes twice, an endpoint that takes, refuses or is gone, an owner who switches it off, time that jumps.
//!
//! The rules are those of this room; what surrounds them here (the order of reads, writes and acknowledgements) is what `functions/deliver`
//! does. In every state that can be reached:
//! - **no event is lost**: a delivery that has not ended has a message, or is parked while somebody is bound to ask for it; and from every
//!   state in which nobody is at work, with an endpoint that takes everything from now on, everything that can still be delivered is;
//! - **no delivery after the switch**: who has seen that the subscription is off never calls its endpoint;
//! - **every path ends**: from every such state, nobody is left with anything to do.

use std::{
    collections::HashSet,
    sync::{Mutex, OnceLock},
};

use jiff::{SignedDuration, Timestamp};
use stateright::{Checker, Model, Property};

use super::{
    Debt, DeliveryState, FailedBecause, Failure, Health,
    life::{Admission, Asked, Attempted, Claim, Endpoint, Met, Standing, admit, ail, claim, settle},
    schedule::{LIFE, Spread},
};
use crate::{id::EventId, subscription::Ordering};

const START: i64 = 1_000_000;
const EVENTS: usize = 2;
const WORKERS: usize = 2;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn event(number: usize) -> EventId {
    EventId::from_uuid(uuid::Uuid::from_u128(number as u128))
}

/// A message in the queue.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Message {
    event: usize,
    visible_at: i64,
}

/// What an instance is about to do with the message that it holds.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Step {
    /// Read the subscription and be admitted.
    Admit,
    /// Claim the delivery, `probing` or not.
    Claim { probing: bool, seen_off: bool },
    /// Call the endpoint.
    Call { standing: Standing, probing: bool, seen_off: bool },
    /// Count a failure for the endpoint.
    Count { standing: Standing, probing: bool, failure: Failure },
    /// Record what became of the delivery.
    Settle { claimed: Standing, settled: Standing },
    /// The delivery is recorded as parked or failed.
    Write { state: DeliveryState, because: Option<FailedBecause> },
    /// See whether the breaker is still open after parking.
    Look,
    /// Tell the endpoint's health how it ended.
    Heal(DeliveryState),
    /// Do what is owed, then acknowledge, or leave the message until then.
    Pay(Option<i64>),
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Worker {
    message: Message,
    step: Step,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct World {
    now: i64,
    queue: Vec<Message>,
    records: [Option<Standing>; EVENTS],
    health: Health,
    off: bool,
    workers: [Option<Worker>; WORKERS],
    /// Messages that ask for what is parked.
    recoveries: u8,
    /// An endpoint was called by somebody who knew that the subscription was off.
    wronged: bool,
    crashes: u8,
    copies: u8,
    jumps: u8,
    switches: u8,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Action {
    Take(usize, usize),
    Go(usize, Answer),
    Crash(usize),
    Copy(usize),
    Jump,
    SwitchOff,
    Recover,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Answer {
    Takes,
    Fails,
    Gone,
}

/// How the endpoint has been doing before.
#[derive(Clone, Copy, Debug)]
struct Life {
    crashes: u8,
    copies: u8,
    jumps: u8,
    switches: u8,
}

impl World {
    fn asked(&self, message: &Message) -> Asked {
        Asked { event: event(message.event), replay: 0, begun_at: at(START), ordering: Ordering::Fastest }
    }

    /// One step of a worker. What it holds is put back, or acknowledged, by itself.
    fn go(&mut self, number: usize, answer: Answer) {
        let Some(Worker { message, step }) = self.workers[number].take() else { return };
        let (now, asked, place) = (at(self.now), self.asked(&message), message.event);
        let next = match step {
            Step::Admit => {
                let seen_off = self.off;
                let endpoint = Endpoint { enabled: !seen_off, health: &self.health, allowed: true };
                match admit(&asked, Some(endpoint), now) {
                    Admission::Attempt => Step::Claim { probing: false, seen_off },
                    Admission::Probe(health) => {
                        self.note(health);
                        Step::Claim { probing: true, seen_off }
                    }
                    Admission::Hold(until) => Step::Pay(Some(until.as_second())),
                    Admission::Relieve(health, until) => {
                        self.note(health);
                        Step::Pay(Some(until.as_second()))
                    }
                    Admission::Park => Step::Write { state: DeliveryState::Parked, because: None },
                    Admission::End(because) => Step::Write { state: DeliveryState::Failed, because: Some(because) },
                }
            }
            Step::Claim { probing, seen_off } => match claim(self.records[place].as_ref(), &asked, probing, now) {
                Claim::Take(standing) => {
                    self.records[place] = Some(standing);
                    Step::Call { standing, probing, seen_off }
                }
                Claim::Wait(until) => Step::Pay(Some(until.as_second())),
                Claim::Done => self.found_done(place, &asked),
            },
            Step::Call { standing, probing, seen_off } => {
                self.wronged |= seen_off;
                let attempted = |met| Attempted { met, probing, ended_at: now, spread: Spread::NONE };
                match answer {
                    Answer::Takes => {
                        let settled = settle(&standing, &asked, attempted(Met::Taken), &Health::default(), None);
                        Step::Settle { claimed: standing, settled }
                    }
                    Answer::Fails | Answer::Gone => {
                        let status = if answer == Answer::Gone { 410 } else { 500 };
                        Step::Count { standing, probing, failure: Failure { status: Some(status), error: None } }
                    }
                }
            }
            Step::Count { standing, probing, failure } => {
                let (health, because) = ail(&self.health, &asked, failure, now);
                self.note(health);
                self.off |= because.is_some();
                let off = self.off.then_some(because.unwrap_or(FailedBecause::Disabled));
                let attempted =
                    Attempted { met: Met::Failure(failure, None), probing, ended_at: now, spread: Spread::NONE };
                let settled = settle(&standing, &asked, attempted, &self.health, off);
                Step::Settle { claimed: standing, settled }
            }
            Step::Settle { claimed, settled } => {
                // Written if nobody took the claim over meanwhile; what was taken is written all the same.
                if self.records[place] == Some(claimed) || settled.state == DeliveryState::Delivered {
                    self.records[place] = Some(settled);
                }
                match settled.next_at {
                    Some(next) => Step::Pay(Some(next.as_second())),
                    None => Step::Heal(settled.state),
                }
            }
            Step::Write { state, because } => match claim(self.records[place].as_ref(), &asked, true, now) {
                Claim::Take(standing) => {
                    let ended =
                        Standing { state, failed_because: because, next_at: None, claimed_until: None, ..standing };
                    self.records[place] = Some(ended);
                    if state == DeliveryState::Parked { Step::Look } else { Step::Heal(state) }
                }
                Claim::Wait(until) => Step::Pay(Some(until.as_second())),
                Claim::Done => self.found_done(place, &asked),
            },
            Step::Look if self.health.open_until.is_none() => Step::Pay(Some(self.now)),
            Step::Look => Step::Pay(None),
            Step::Heal(state) => {
                let health = match state {
                    DeliveryState::Delivered => self.health.succeeded(),
                    _ => self.health.released(&asked.event),
                };
                if let Some(health) = health {
                    self.note(health);
                }
                Step::Pay(None)
            }
            Step::Pay(until) => match self.health.debt(!self.off) {
                Some(debt) => {
                    // It is done, and only then noted as done: here somebody may end in between.
                    self.recoveries += u8::from(debt == Debt::Recover && self.recoveries < 2);
                    self.note(self.health.paid(debt));
                    Step::Pay(until)
                }
                None => {
                    if let Some(until) = until {
                        self.put(Message { visible_at: until, ..message });
                    }
                    return;
                }
            },
        };
        self.workers[number] = Some(Worker { message, step: next });
    }

    fn found_done(&self, place: usize, asked: &Asked) -> Step {
        let state = self.records[place].map_or(DeliveryState::Failed, |record| record.state);
        let matters = state == DeliveryState::Failed || self.health.is_probe(&asked.event);
        if matters { Step::Heal(state) } else { Step::Pay(None) }
    }

    fn note(&mut self, health: Health) {
        self.health = health;
    }

    fn put(&mut self, message: Message) {
        self.queue.push(message);
        self.queue.sort();
    }

    fn recover(&mut self) {
        self.recoveries -= 1;
        for place in 0..EVENTS {
            if self.records[place].is_some_and(|record| record.state == DeliveryState::Parked) {
                self.put(Message { event: place, visible_at: self.now });
            }
        }
    }

    /// The next moment at which anything can change by itself.
    fn next_moment(&self) -> Option<i64> {
        let later = |second: &i64| *second > self.now;
        let queue = self.queue.iter().map(|message| message.visible_at);
        queue.chain(self.health.open_until.map(Timestamp::as_second)).filter(later).min()
    }

    fn is_ended(&self, place: usize) -> bool {
        let record = self.records[place];
        record.is_some_and(|record| matches!(record.state, DeliveryState::Delivered | DeliveryState::Failed))
    }

    fn has_message(&self, place: usize) -> bool {
        self.queue.iter().any(|message| message.event == place)
            || self.workers.iter().flatten().any(|worker| worker.message.event == place)
    }

    fn anybody_left(&self) -> bool {
        !self.queue.is_empty() || self.workers.iter().any(Option::is_some)
    }

    fn nothing_is_lost(&self) -> bool {
        (0..EVENTS).all(|place| {
            let parked = self.records[place].is_some_and(|record| record.state == DeliveryState::Parked);
            let asked_for = self.recoveries > 0 || (self.health.parked && (self.off || self.anybody_left()));
            self.is_ended(place) || self.has_message(place) || (parked && asked_for)
        })
    }

    /// Everybody works until nobody has anything left to do, and nothing goes wrong any more. Nothing where that does not come to an end.
    fn drained(mut self, answer: Answer) -> Option<Self> {
        for _ in 0..20_000 {
            if let Some(number) = self.workers.iter().position(Option::is_some) {
                self.go(number, answer);
            } else if self.recoveries > 0 {
                self.recover();
            } else if let Some(place) = self.queue.iter().position(|message| message.visible_at <= self.now) {
                let message = self.queue.remove(place);
                self.workers[0] = Some(Worker { message, step: Step::Admit });
            } else {
                match self.next_moment() {
                    Some(moment) if !self.queue.is_empty() => self.now = moment,
                    _ => return Some(self),
                }
            }
        }
        None
    }

    /// Whether an endpoint that takes everything from now on gets everything.
    fn is_delivered_in_the_end(&self) -> bool {
        let Some(end) = self.clone().drained(Answer::Takes) else { return false };
        (0..EVENTS).all(|place| {
            let record = end.records[place];
            let over = SignedDuration::from_secs(end.now - START) >= LIFE;
            record.is_some_and(|record| match record.state {
                DeliveryState::Delivered | DeliveryState::Failed => true,
                // Recovered once the owner switches it on, or shown as expired.
                DeliveryState::Parked => over || (end.off && end.health.parked),
                DeliveryState::Waiting => false,
            })
        })
    }
}

/// States that were looked at to their end already, by what matters for that.
static DRAINED: OnceLock<Mutex<HashSet<World>>> = OnceLock::new();

fn ends_well(world: &World) -> bool {
    if world.workers.iter().any(Option::is_some) {
        return true;
    }
    let bare = World { crashes: 0, copies: 0, jumps: 0, switches: 0, ..world.clone() };
    let number = {
        let mut drained = DRAINED.get_or_init(Mutex::default).lock().unwrap();
        if !drained.insert(bare) {
            return true;
        }
        drained.len()
    };
    // A day of failures is long: one state in a thousand.
    let sampled = number.is_multiple_of(1_000);
    let ends = || world.clone().drained(Answer::Fails).is_some_and(|end| !end.anybody_left());
    world.is_delivered_in_the_end() && (!sampled || ends())
}

struct LifeCycle {
    life: Life,
    healths: Vec<Health>,
}

impl Model for LifeCycle {
    type State = World;
    type Action = Action;

    fn init_states(&self) -> Vec<World> {
        let Life { crashes, copies, jumps, switches } = self.life;
        let queue: Vec<Message> = (0..EVENTS).map(|event| Message { event, visible_at: START }).collect();
        let world = |health: &Health| World {
            now: START,
            queue: queue.clone(),
            records: [None; EVENTS],
            health: health.clone(),
            off: false,
            workers: [const { None }; WORKERS],
            recoveries: 0,
            wronged: false,
            crashes,
            copies,
            jumps,
            switches,
        };
        self.healths.iter().map(world).collect()
    }

    fn actions(&self, world: &World, actions: &mut Vec<Action>) {
        let idle = world.workers.iter().position(Option::is_none);
        for (place, message) in world.queue.iter().enumerate() {
            if let Some(worker) = idle.filter(|_| message.visible_at <= world.now) {
                actions.push(Action::Take(worker, place));
            }
            if world.copies > 0 {
                actions.push(Action::Copy(place));
            }
        }
        for (number, worker) in world.workers.iter().enumerate() {
            let Some(worker) = worker else { continue };
            actions.push(Action::Go(number, Answer::Takes));
            if matches!(worker.step, Step::Call { .. }) {
                actions.extend([Action::Go(number, Answer::Fails), Action::Go(number, Answer::Gone)]);
            }
            if world.crashes > 0 {
                actions.push(Action::Crash(number));
            }
        }
        if world.jumps > 0 && world.next_moment().is_some() {
            actions.push(Action::Jump);
        }
        if world.switches > 0 && !world.off {
            actions.push(Action::SwitchOff);
        }
        if world.recoveries > 0 {
            actions.push(Action::Recover);
        }
    }

    fn next_state(&self, last: &World, action: Action) -> Option<World> {
        let mut world = last.clone();
        match action {
            Action::Take(number, place) => {
                let message = world.queue.remove(place);
                world.workers[number] = Some(Worker { message, step: Step::Admit });
            }
            Action::Go(number, answer) => world.go(number, answer),
            Action::Crash(number) => {
                world.crashes -= 1;
                let worker = world.workers[number].take()?;
                // Nobody acknowledged it: it is shown again when its time in hiding is over.
                let visible_at = world.now + 180;
                world.put(Message { visible_at, ..worker.message });
            }
            Action::Copy(place) => {
                world.copies -= 1;
                let message = world.queue[place].clone();
                world.put(message);
            }
            Action::Jump => {
                world.jumps -= 1;
                world.now = world.next_moment()?;
            }
            Action::SwitchOff => {
                world.switches -= 1;
                world.off = true;
            }
            Action::Recover => world.recover(),
        }
        Some(world)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always("no event is lost", |_, world: &World| world.nothing_is_lost()),
            Property::always("nobody calls an endpoint that he knows to be off", |_, world: &World| !world.wronged),
            Property::always("every path ends, and ends well", |_, world: &World| ends_well(world)),
            Property::sometimes("something is parked", |_, world: &World| {
                world.records.iter().flatten().any(|record| record.state == DeliveryState::Parked)
            }),
            Property::sometimes("both are delivered", |_, world: &World| {
                world.records.iter().all(|record| record.is_some_and(|record| record.state == DeliveryState::Delivered))
            }),
            Property::sometimes("what was parked is delivered", |_, world: &World| {
                world.recoveries == 0
                    && world.health == Health::default()
                    && (0..EVENTS).all(|place| world.is_ended(place))
            }),
        ]
    }
}

/// One failure from opening the breaker; open and due for a probe; one failure from switching the subscription off.
fn healths() -> Vec<Health> {
    let failing = Health {
        failing_since: Some(at(START - 60)),
        failures: 4,
        first_failed: Some(event(7)),
        recent: vec![at(START - 5); 4],
        ..Health::default()
    };
    let open = Health {
        open_until: Some(at(START - 1)),
        probe: Some(event(7)),
        opened: 1,
        parked: true,
        failures: 5,
        recent: vec![at(START - 31); 5],
        ..failing.clone()
    };
    let dying = Health {
        failing_since: Some(at(START - 48 * 3_600)),
        failures: 30,
        several_failed: true,
        warnings: 3,
        recent: vec![at(START - 600)],
        ..failing.clone()
    };
    vec![failing, open, dying]
}

fn explore(life: Life) {
    let checker = LifeCycle { life, healths: healths() }.checker().threads(2).spawn_bfs().join();
    checker.assert_properties();
    assert!(checker.unique_state_count() > 1_000, "{} states", checker.unique_state_count());
}

#[test]
fn two_instances_and_an_owner_lose_nothing() {
    explore(Life { crashes: 0, copies: 0, jumps: 2, switches: 1 });
}

#[test]
fn an_instance_may_end_at_any_step() {
    explore(Life { crashes: 1, copies: 0, jumps: 2, switches: 0 });
}

#[test]
fn a_message_may_come_twice() {
    explore(Life { crashes: 0, copies: 1, jumps: 1, switches: 0 });
}
