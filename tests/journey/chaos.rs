//! What goes wrong between functions, queues and tables: instances that end, freeze and disagree about the time, event sources that deliver
//! twice and in any order, calls that are cut, throttled, slow or never answered.

use std::{
    cell::{Cell, RefCell},
    collections::{BTreeMap, BTreeSet},
    rc::Rc,
    time::Duration,
};

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_sqs::types::{
    ChangeMessageVisibilityBatchRequestEntry, DeleteMessageBatchRequestEntry, Message, MessageSystemAttributeName,
    QueueAttributeName,
};
use cloud::clock::Clock;
use serde_json::{Value, json};
use testkit::{
    fault_proxy::{Calls, Fault, FaultProxy},
    receiver::{Behaviour, Receiver},
};

/// How long a message is hidden while it is worked on, in seconds: short, so that what was left lying is seen soon.
pub(super) const HIDDEN: &str = "8";
/// After so long without an end something is stuck; and so much longer for each event.
pub(super) const PATIENCE: Duration = Duration::from_secs(300);
const PATIENCE_EACH: Duration = Duration::from_millis(400);

/// Whether everything has ended within the time that it may take.
pub(super) fn is_in_time(began: tokio::time::Instant, events: u64) -> bool {
    began.elapsed() < PATIENCE + PATIENCE_EACH * u32::try_from(events).unwrap()
}

/// Numbers that look random, and are the same for the same seed.
pub(super) struct Dice(Cell<u64>);

impl Dice {
    pub(super) fn new(seed: u64) -> Self {
        Self(Cell::new(seed))
    }

    pub(super) fn roll(&self, below: u64) -> u64 {
        // SplitMix64.
        self.0.set(self.0.get().wrapping_add(0x9e37_79b9_7f4a_7c15));
        let mut value = self.0.get();
        value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (value ^ (value >> 31)) % below
    }

    pub(super) fn in_a_hundred(&self, chances: u64) -> bool {
        self.roll(100) < chances
    }

    pub(super) fn millis(&self, from: u64, to: u64) -> Duration {
        Duration::from_millis(from + self.roll(to - from))
    }
}

/// By how many seconds the clocks of all instances are ahead of the machine's.
#[derive(Clone, Default)]
pub(super) struct Ahead(Rc<Cell<i64>>);

impl Ahead {
    fn now(&self) -> jiff::Timestamp {
        Clock::system().now() + jiff::SignedDuration::from_secs(self.0.get())
    }
}

/// One function as several instances, each with a clock of its own.
pub(super) struct Instances<A> {
    make: Box<dyn Fn(Clock) -> A>,
    ahead: Ahead,
    running: RefCell<Vec<(Rc<A>, Clock, i64)>>,
}

impl<A> Instances<A> {
    pub(super) fn new(ahead: &Ahead, make: impl Fn(Clock) -> A + 'static) -> Self {
        Self { make: Box::new(make), ahead: ahead.clone(), running: RefCell::default() }
    }

    /// One of them, its clock turned to now and as much off as it is. Now and then one ends, and another takes its place with another clock.
    pub(super) fn any(&self, dice: &Dice) -> (Rc<A>, Clock) {
        let mut running = self.running.borrow_mut();
        if running.len() < 3 || dice.in_a_hundred(2) {
            let off = [0, 2, -2, 20, -15][usize::try_from(dice.roll(5)).unwrap()];
            let clock = Clock::steered(self.ahead.now() + jiff::SignedDuration::from_secs(off));
            if running.len() >= 3 {
                running.remove(0);
            }
            running.push(((self.make)(clock.clone()).into(), clock, off));
        }
        let (app, clock, off) = &running[usize::try_from(dice.roll(running.len() as u64)).unwrap()];
        let wanted = self.ahead.now() + jiff::SignedDuration::from_secs(*off);
        clock.advance(Duration::try_from(wanted.duration_since(clock.now())).unwrap_or_default());
        (app.clone(), clock.clone())
    }
}

/// What an event source does, badly.
pub(super) struct Courier<'a> {
    sqs: &'a aws_sdk_sqs::Client,
    url: String,
    source: &'static str,
    dice: &'a Dice,
    /// The receipts of what was handed over and not acknowledged.
    out: RefCell<BTreeMap<String, String>>,
}

impl<'a> Courier<'a> {
    pub(super) fn new(sqs: &'a aws_sdk_sqs::Client, url: &str, source: &'static str, dice: &'a Dice) -> Self {
        Self { sqs, url: url.to_owned(), source, dice, out: RefCell::default() }
    }

    /// Shows everything that is hidden, as if its time had come.
    async fn show(&self) {
        let out: Vec<String> = self.out.borrow().values().cloned().collect();
        for receipts in out.chunks(10) {
            let entries = receipts.iter().enumerate().map(|(number, receipt)| {
                let entry = ChangeMessageVisibilityBatchRequestEntry::builder().id(number.to_string());
                entry.receipt_handle(receipt).visibility_timeout(0).build().unwrap()
            });
            let show = self.sqs.change_message_visibility_batch().queue_url(&self.url);
            // What is gone meanwhile cannot be shown.
            let _ = show.set_entries(Some(entries.collect())).send().await;
        }
    }

    async fn receive(&self) -> Vec<Message> {
        let names = [MessageSystemAttributeName::ApproximateReceiveCount, MessageSystemAttributeName::MessageGroupId];
        let receive = self.sqs.receive_message().queue_url(&self.url).max_number_of_messages(10);
        let received = receive.set_message_system_attribute_names(Some(names.into())).send().await.unwrap();
        let mut messages = received.messages.unwrap_or_default();
        if self.dice.in_a_hundred(30) {
            messages.reverse();
        }
        for message in &messages {
            let (id, receipt) = (message.message_id.clone().unwrap(), message.receipt_handle.clone().unwrap());
            self.out.borrow_mut().insert(id, receipt);
        }
        messages
    }

    fn event(&self, messages: &[Message]) -> SqsEvent {
        let records: Vec<Value> = messages
            .iter()
            .map(|message| {
                let attributes: BTreeMap<&str, &String> =
                    message.attributes.iter().flatten().map(|(name, value)| (name.as_str(), value)).collect();
                json!({
                    "messageId": message.message_id, "receiptHandle": message.receipt_handle, "body": message.body,
                    "attributes": attributes, "eventSourceARN": self.source,
                })
            })
            .collect();
        serde_json::from_value(json!({ "Records": records })).unwrap()
    }

    async fn acknowledge(&self, messages: &[Message], answer: &SqsBatchResponse) {
        let failed: BTreeSet<&str> =
            answer.batch_item_failures.iter().map(|failure| failure.item_identifier.as_str()).collect();
        let done = messages.iter().filter(|message| !failed.contains(message.message_id.as_deref().unwrap()));
        let entries: Vec<_> = done
            .enumerate()
            .map(|(number, message)| {
                self.out.borrow_mut().remove(message.message_id.as_deref().unwrap());
                let entry = DeleteMessageBatchRequestEntry::builder().id(number.to_string());
                entry.receipt_handle(message.receipt_handle.as_deref().unwrap()).build().unwrap()
            })
            .collect();
        // Some are delivered again although they are done.
        if !entries.is_empty() && !self.dice.in_a_hundred(2) {
            let delete = self.sqs.delete_message_batch().queue_url(&self.url).set_entries(Some(entries));
            delete.send().await.unwrap();
        }
    }

    async fn copy(&self, message: &Message) {
        let group = message.attributes.as_ref().and_then(|all| all.get(&MessageSystemAttributeName::MessageGroupId));
        let send = self.sqs.send_message().queue_url(&self.url).set_message_body(message.body.clone());
        send.set_message_group_id(group.cloned()).send().await.unwrap();
    }

    /// Hands over batch after batch until everything is over.
    pub(super) async fn run<A, F>(&self, instances: &Instances<A>, over: &Cell<bool>, handle: F)
    where
        F: AsyncFn(&A, SqsEvent, &lambda_runtime::Context) -> SqsBatchResponse,
    {
        while !over.get() {
            let messages = self.receive().await;
            if messages.is_empty() {
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            }
            if let Some(message) = messages.first().filter(|_| self.dice.in_a_hundred(3)) {
                self.copy(message).await;
            }
            // Frozen: the batch is in somebody's hands and nothing happens to it.
            if self.dice.in_a_hundred(1) {
                continue;
            }
            let (app, clock) = instances.any(self.dice);
            let mut context = lambda_runtime::Context::default();
            context.deadline = u64::try_from(clock.now().as_millisecond()).unwrap() + 150_000;
            let ends = if self.dice.in_a_hundred(3) { self.dice.millis(5, 300) } else { PATIENCE };
            // An instance that ends is dropped wherever it happens to wait.
            if let Ok(answer) = tokio::time::timeout(ends, handle(&app, self.event(&messages), &context)).await {
                self.acknowledge(&messages, &answer).await;
            }
        }
    }

    /// How many messages there are, seen and unseen.
    pub(super) async fn left(&self) -> u64 {
        let names = [
            QueueAttributeName::ApproximateNumberOfMessages,
            QueueAttributeName::ApproximateNumberOfMessagesNotVisible,
        ];
        let asked = self.sqs.get_queue_attributes().queue_url(&self.url).set_attribute_names(Some(names.into()));
        let attributes = asked.send().await.unwrap().attributes.unwrap_or_default();
        attributes.values().map(|number| number.parse::<u64>().unwrap()).sum()
    }
}

/// Makes calls of AWS fail, one kind after another, until the store has sent everything and a little longer.
pub(super) async fn disturb(faults: &FaultProxy, dice: &Dice, calm: &Cell<bool>) {
    let targets = [
        "PutItem",
        "UpdateItem",
        "GetItem",
        "Query",
        "TransactWriteItems",
        "SendMessage",
        "SendMessageBatch",
        "ChangeMessageVisibilityBatch",
        "Decrypt",
    ];
    let mut turns = 0;
    while !calm.get() {
        tokio::time::sleep(dice.millis(50, 250)).await;
        turns += 1;
        if turns % 20 == 0 {
            faults.reset();
        }
        let target = targets[usize::try_from(dice.roll(targets.len() as u64)).unwrap()];
        let fault = match dice.roll(6) {
            0 => Fault::Cut,
            1 | 2 => Fault::CutAfter,
            3 => Fault::Throttle,
            4 => Fault::Delay(dice.millis(50, 900)),
            _ => Fault::Silence,
        };
        // Three attempts are one call's: more than that, and the call fails.
        faults.inject(Calls::Target(target), fault, u32::try_from(1 + dice.roll(6)).unwrap());
    }
    faults.reset();
}

/// An endpoint that fails now and then, is too slow twice, and is out of order for some seconds at times.
pub(super) async fn stumble(endpoint: &Receiver, dice: &Dice, calm: &Cell<bool>) {
    let slow = || Behaviour::Late(200, Duration::from_secs(11));
    endpoint.next([slow(), slow()]);
    while !calm.get() {
        tokio::time::sleep(dice.millis(200, 900)).await;
        let behaviour = match dice.roll(4) {
            0 => Behaviour::Status(500),
            1 => Behaviour::Cut,
            2 => Behaviour::RetryAfter(503, 1),
            _ => Behaviour::Redirect,
        };
        // While nobody calls, failures do not pile up.
        if endpoint.is_through() {
            endpoint.next([behaviour]);
        }
        // Long enough for the breaker to open.
        if dice.in_a_hundred(6) {
            endpoint.always(Behaviour::Status(502));
            tokio::time::sleep(dice.millis(500, 4_000)).await;
            endpoint.always(Behaviour::Status(200));
        }
    }
}

/// Lets time run: all clocks jump ahead, and what waits for its time is seen.
async fn hurry(couriers: &[Courier<'_>], ahead: &Ahead, seconds: i64) {
    ahead.0.set(ahead.0.get() + seconds);
    for courier in couriers {
        courier.show().await;
    }
}

/// Lets ten times as much time pass as passes, so that an endpoint that was left alone is tried again.
pub(super) async fn run_ahead(couriers: &[Courier<'_>], ahead: &Ahead, calm: &Cell<bool>) {
    while !calm.get() {
        tokio::time::sleep(Duration::from_secs(1)).await;
        hurry(couriers, ahead, 10).await;
    }
}

/// Waits until no queue holds anything any more, seen or unseen. What waits for a later attempt does not wait long.
pub(super) async fn until_empty(couriers: &[Courier<'_>], ahead: &Ahead, began: tokio::time::Instant, events: u64) {
    let mut empty = 0;
    while empty < 3 {
        tokio::time::sleep(Duration::from_secs(2)).await;
        hurry(couriers, ahead, 120).await;
        let mut left = BTreeMap::new();
        for courier in couriers {
            left.insert(courier.source, courier.left().await);
        }
        empty = if left.values().all(|left| *left == 0) { empty + 1 } else { 0 };
        assert!(is_in_time(began, events), "something is stuck after {:?}: {left:?}", began.elapsed());
    }
}

/// What the endpoint took: by the object's id the events that told of it.
pub(super) fn taken(endpoint: &Receiver) -> BTreeMap<String, BTreeSet<String>> {
    let mut taken: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for arrived in endpoint.arrived().iter().filter(|arrived| arrived.behaviour == Behaviour::Status(200)) {
        let object = arrived.json()["data"]["id"].as_str().unwrap().to_owned();
        taken.entry(object).or_default().insert(arrived.event().to_owned());
    }
    taken
}

/// All items of a partition.
pub(super) async fn partition(
    tables: &aws_sdk_dynamodb::Client,
    table: &str,
    pk: String,
) -> Vec<BTreeMap<String, String>> {
    let (mut items, mut start) = (Vec::new(), None);
    loop {
        let query = tables.query().table_name(table).key_condition_expression("pk = :pk").consistent_read(true);
        let query = query.expression_attribute_values(":pk", AttributeValue::S(pk.clone()));
        let page = query.set_exclusive_start_key(start).send().await.unwrap();
        let texts = |item: std::collections::HashMap<String, AttributeValue>| {
            item.into_iter().filter_map(|(name, value)| Some((name, value.as_s().ok()?.clone()))).collect()
        };
        items.extend(page.items.unwrap_or_default().into_iter().map(texts));
        start = page.last_evaluated_key;
        if start.is_none() {
            return items;
        }
    }
}
