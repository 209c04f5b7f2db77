//! A week of an endpoint's life in milliseconds: the rules of this room drive messages, endpoint and clock, and nothing else.

use std::collections::{BTreeMap, VecDeque};

use jiff::{SignedDuration, Timestamp};

use super::{
    AttemptError, Debt, DeliveryState, FailedBecause, Failure, Health, Notice,
    life::{Admission, Asked, Attempted, Claim, Endpoint, Met, Standing, admit, ail, claim, settle},
    schedule::Spread,
};
use crate::{id::EventId, subscription::Ordering};

const MINUTE: i64 = 60;
const HOUR: i64 = 3_600;
const DAY: i64 = 24 * HOUR;
const WEEK: i64 = 7 * DAY;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn event(number: usize) -> EventId {
    EventId::from_uuid(uuid::Uuid::from_u128(number as u128))
}

/// What an endpoint answers to an event at a second; nothing for no answer.
type Answers = Box<dyn Fn(i64, usize) -> Option<u16>>;

struct Week {
    answers: Answers,
    ordering: Ordering,
    health: Health,
    /// Why it was switched off, and when.
    off: Option<(FailedBecause, i64)>,
    records: BTreeMap<usize, Standing>,
    /// By the second in which they are to be seen, in the order in which they came.
    queue: BTreeMap<(i64, u64), (usize, i64)>,
    /// Where order matters, those that wait behind one that has not ended.
    behind: VecDeque<(usize, i64)>,
    blocked: bool,
    sent: u64,
    /// Each call of the endpoint: when, for which event, and whether it took it.
    calls: Vec<(i64, usize, bool)>,
    notices: Vec<(i64, Notice)>,
}

impl Week {
    fn new(ordering: Ordering, answers: impl Fn(i64, usize) -> Option<u16> + 'static) -> Self {
        Self {
            answers: Box::new(answers),
            ordering,
            health: Health::default(),
            off: None,
            records: BTreeMap::new(),
            queue: BTreeMap::new(),
            behind: VecDeque::new(),
            blocked: false,
            sent: 0,
            calls: Vec::new(),
            notices: Vec::new(),
        }
    }

    /// Events at these seconds, in order; then everything until nothing is left to do.
    fn run(mut self, events: impl IntoIterator<Item = i64>) -> Self {
        for (number, second) in events.into_iter().enumerate() {
            self.work_until(second);
            // All are events of one object: the ordered queue shows one of them at a time.
            if self.ordering == Ordering::Entity && self.blocked {
                self.behind.push_back((number, second));
            } else {
                self.blocked = true;
                self.show(second, number, second);
            }
        }
        self.work_until(i64::MAX);
        self
    }

    fn show(&mut self, second: i64, number: usize, begun: i64) {
        self.sent += 1;
        self.queue.insert((second, self.sent), (number, begun));
    }

    fn work_until(&mut self, end: i64) {
        while let Some((&(second, place), &(number, begun))) = self.queue.first_key_value() {
            if second > end {
                return;
            }
            self.queue.remove(&(second, place));
            match self.work(second, number, begun) {
                Some(until) => self.show(until.as_second().max(second + 1), number, begun),
                None if self.ordering == Ordering::Entity => match self.behind.pop_front() {
                    Some((next, its)) => self.show(second.max(its), next, its),
                    None => self.blocked = false,
                },
                None => {}
            }
        }
    }

    /// Works on one message; until when it is hidden, if it is to come again.
    fn work(&mut self, second: i64, number: usize, begun: i64) -> Option<Timestamp> {
        let now = at(second);
        let asked = Asked { event: event(number), replay: 0, begun_at: at(begun), ordering: self.ordering };
        let endpoint = Endpoint { enabled: self.off.is_none(), health: &self.health, allowed: true };
        let seen = self.records.get(&number).copied();
        let (early, then) = match admit(&asked, Some(endpoint), now) {
            Admission::Attempt => (false, None),
            Admission::Probe(health) => {
                self.health = health;
                (true, None)
            }
            Admission::Hold(until) => return Some(until),
            Admission::Relieve(health, until) => {
                self.health = health;
                return Some(until);
            }
            Admission::Park => (true, Some((DeliveryState::Parked, None))),
            Admission::End(because) => (true, Some((DeliveryState::Failed, Some(because)))),
        };
        let standing = match claim(seen.as_ref(), &asked, early, now) {
            Claim::Take(standing) => standing,
            Claim::Wait(until) => return Some(until),
            Claim::Done => return None,
        };
        if let Some((state, failed_because)) = then {
            let ended = Standing { state, failed_because, next_at: None, claimed_until: None, ..standing };
            self.records.insert(number, ended);
            if state == DeliveryState::Failed {
                self.release(&asked, second);
            }
            return None;
        }
        let answer = (self.answers)(second, number);
        let taken = answer.is_some_and(|status| (200..300).contains(&status));
        self.calls.push((second, number, taken));
        let failure = Failure { status: answer, error: answer.is_none().then_some(AttemptError::Timeout) };
        let met = if taken { Met::Taken } else { Met::Failure(failure, None) };
        let mut off = None;
        if !taken {
            let (health, because) = ail(&self.health, &asked, failure, now);
            self.health = health;
            off = because.filter(|_| self.off.is_none());
            self.off = self.off.or(off.map(|because| (because, second)));
        }
        let attempted = Attempted { met, probing: early, ended_at: now, spread: Spread::NONE };
        let settled = settle(&standing, &asked, attempted, &self.health, off);
        self.records.insert(number, settled);
        match settled.state {
            DeliveryState::Delivered => {
                self.health = self.health.succeeded().unwrap_or_else(|| self.health.clone());
                self.pay(second);
            }
            DeliveryState::Failed => self.release(&asked, second),
            _ => self.pay(second),
        }
        settled.next_at
    }

    fn release(&mut self, asked: &Asked, second: i64) {
        self.health = self.health.released(&asked.event).unwrap_or_else(|| self.health.clone());
        self.pay(second);
    }

    fn pay(&mut self, second: i64) {
        while let Some(debt) = self.health.debt(self.off.is_none()) {
            match debt {
                Debt::Tell(notice) => self.notices.push((second, notice)),
                Debt::Recover => {
                    let parked: Vec<_> =
                        self.records.iter().filter(|(_, record)| record.state == DeliveryState::Parked).collect();
                    let parked: Vec<usize> = parked.into_iter().map(|(number, _)| *number).collect();
                    for number in parked {
                        // The simulations give an event the number of its minute.
                        self.show(second + 1, number, i64::try_from(number).unwrap() * MINUTE);
                    }
                }
            }
            self.health = self.health.paid(debt);
        }
    }

    fn ended(&self, state: DeliveryState, because: Option<FailedBecause>) -> usize {
        self.records.values().filter(|record| record.state == state && record.failed_because == because).count()
    }

    fn delivered(&self) -> usize {
        self.ended(DeliveryState::Delivered, None)
    }
}

/// An event a minute, all week.
fn each_minute() -> impl Iterator<Item = i64> {
    (0..WEEK / MINUTE).map(|minute| minute * MINUTE)
}

fn between(second: i64, from: i64, to: i64) -> bool {
    (from..to).contains(&second)
}

#[test]
fn r139_an_endpoint_that_is_dead_is_switched_off_after_48_hours_and_costs_few_calls() {
    let week = Week::new(Ordering::Fastest, |_, _| None).run(each_minute());
    let (because, second) = week.off.unwrap();
    assert_eq!(because, FailedBecause::Disabled);
    assert!(between(second, 48 * HOUR, 48 * HOUR + 11 * MINUTE), "{second}");
    let told: Vec<i64> = week.notices.iter().map(|(second, _)| second / HOUR).collect();
    assert_eq!(told, [12, 24, 36, 48], "warned three times, then told");
    assert_eq!(week.notices.last().unwrap().1, Notice::Disabled);
    assert!(week.calls.len() < 330, "a call every ten minutes at most, and few to begin with: {}", week.calls.len());
    assert!(week.calls.iter().all(|(call, ..)| *call <= second), "nobody is called after that");
    assert_eq!(week.delivered(), 0);
    let waiting = week.ended(DeliveryState::Waiting, None);
    assert_eq!(waiting, 0, "nothing is stuck");
}

#[test]
fn an_outage_of_five_hours_loses_nothing() {
    let (from, to) = (DAY, DAY + 5 * HOUR);
    let week = Week::new(Ordering::Fastest, move |second, _| Some(if between(second, from, to) { 503 } else { 200 }));
    let week = week.run(each_minute());
    assert_eq!(week.delivered(), 7 * 24 * 60);
    assert!(week.off.is_none() && week.notices.is_empty());
    let during = week.calls.iter().filter(|(second, ..)| between(*second, from, to)).count();
    assert!(during < 60, "{during} calls of an endpoint that is out of order for 300 minutes");
    let first_after = week.calls.iter().find(|(second, _, taken)| *second >= to && *taken).unwrap().0;
    assert!(first_after - to <= 10 * MINUTE, "it is known to be back after {} s", first_after - to);
    let last_late = week.calls.iter().rfind(|(_, number, _)| (*number as i64) * MINUTE < to).unwrap().0;
    assert!(last_late - to <= 11 * MINUTE, "what was parked follows at once");
}

#[test]
fn r139_an_outage_of_30_hours_loses_what_is_older_than_a_day_and_switches_nothing_off() {
    let (from, to) = (DAY, DAY + 30 * HOUR);
    let week = Week::new(Ordering::Fastest, move |second, _| Some(if between(second, from, to) { 500 } else { 200 }));
    let week = week.run(each_minute());
    assert!(week.off.is_none());
    assert_eq!(week.notices.len(), 2, "warned after 12 and 24 hours: {:?}", week.notices);
    let expired =
        week.ended(DeliveryState::Failed, Some(FailedBecause::Expired)) + week.ended(DeliveryState::Parked, None);
    let older = usize::try_from((30 - 24) * 60).unwrap();
    assert!(between(expired as i64, older as i64 - 5, older as i64 + 12), "{expired} of about {older}");
    assert_eq!(week.delivered() + expired, 7 * 24 * 60);
}

#[test]
fn an_endpoint_that_comes_and_goes_all_week_gets_everything() {
    let week = Week::new(Ordering::Fastest, |second, _| (second / MINUTE % 30 < 10).then_some(204)).run(each_minute());
    assert_eq!(week.delivered(), 7 * 24 * 60);
    assert!(week.off.is_none() && week.notices.is_empty());
}

#[test]
fn one_event_that_an_endpoint_never_takes_switches_nothing_off() {
    let week = Week::new(Ordering::Fastest, |_, number| Some(if number == 100 { 500 } else { 200 })).run(each_minute());
    assert!(week.off.is_none() && week.notices.is_empty());
    assert_eq!(week.delivered(), 7 * 24 * 60 - 1);
    assert_eq!(week.calls.iter().filter(|(_, number, _)| *number == 100).count(), 10, "R139: ten attempts");
}

#[test]
fn an_idle_endpoint_is_not_switched_off_by_its_only_event() {
    let week = Week::new(Ordering::Fastest, |_, _| None).run([0]);
    assert!(week.off.is_none());
    let seconds: Vec<i64> = week.calls.iter().map(|(second, ..)| *second).collect();
    assert_eq!(seconds, [0, 10, 40, 130, 400, 1_210, 3_640, 10_930, 32_800, 86_100]);
    assert_eq!(week.ended(DeliveryState::Failed, Some(FailedBecause::Expired)), 1);
    assert_eq!(week.notices, [(86_100, Notice::Failing)], "its owner hears of it once");
}

#[test]
fn failures_that_are_more_than_a_day_apart_do_not_add_up() {
    let week = Week::new(Ordering::Fastest, |_, _| None).run([0, 2 * DAY + HOUR, 5 * DAY]);
    assert!(week.off.is_none());
    assert_eq!(week.calls.len(), 30);
}

#[test]
fn r139_two_events_a_day_are_enough_to_switch_a_dead_endpoint_off() {
    let week = Week::new(Ordering::Fastest, |_, _| Some(404)).run((0..14).map(|half| half * DAY / 2));
    let (because, second) = week.off.unwrap();
    assert!(because == FailedBecause::Disabled && between(second, 48 * HOUR, 61 * HOUR), "{second}");
}

#[test]
fn a_success_in_between_begins_the_count_anew() {
    // Dead for 47 hours, there for five minutes, dead again.
    let back = |second| between(second, 47 * HOUR, 47 * HOUR + 15 * MINUTE);
    let week = Week::new(Ordering::Fastest, move |second, _| back(second).then_some(200)).run(each_minute());
    let (_, second) = week.off.unwrap();
    assert!(second >= 95 * HOUR, "{second}");
}

#[test]
fn an_endpoint_that_says_it_is_gone_is_never_called_again() {
    let week = Week::new(Ordering::Fastest, |second, _| Some(if second < HOUR { 200 } else { 410 })).run(each_minute());
    assert_eq!(week.off, Some((FailedBecause::Gone, HOUR)));
    assert_eq!(week.calls.len(), 61);
    assert_eq!(week.notices, [(HOUR, Notice::Disabled)]);
    assert_eq!(week.ended(DeliveryState::Failed, Some(FailedBecause::Gone)), 1);
    assert_eq!(week.ended(DeliveryState::Failed, Some(FailedBecause::Disabled)), 7 * 24 * 60 - 61);
}

#[test]
fn the_events_of_one_object_never_overtake_each_other() {
    let down = |second: i64| between(second, DAY, DAY + 5 * HOUR) || second % 7 == 0;
    let week = Week::new(Ordering::Entity, move |second, _| Some(if down(second) { 500 } else { 200 }));
    let week = week.run(each_minute());
    let taken: Vec<usize> = week.calls.iter().filter(|(.., taken)| *taken).map(|(_, number, _)| *number).collect();
    assert!(taken.is_sorted(), "in their order");
    assert_eq!(taken.len() + week.ended(DeliveryState::Failed, Some(FailedBecause::Expired)), 7 * 24 * 60);
    assert!(taken.len() > 9_000 && week.off.is_none(), "{}", taken.len());
}

#[test]
fn a_call_that_takes_as_long_as_it_may_keeps_its_claim() {
    assert!(super::life::CLAIM > SignedDuration::from_secs(10) && super::health::PROBE > SignedDuration::from_secs(10));
}
