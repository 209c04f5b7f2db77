//! Queues: typed messages in, one disposition a message out.
//!
//! A queue delivers at least once, so every effect is idempotent, and a message is acknowledged only once its effect is durable
//! (invariant 7).

mod call;

use std::{fmt, marker::PhantomData, time::Duration};

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent, SqsMessage};
use futures_util::{StreamExt, stream};
use personal_data::PersonalData;
use serde::{Serialize, de::DeserializeOwned};

use self::call::{Client, Entry, Failed};
use crate::{
    aws::{Aws, CallError},
    dynamo::Unavailable,
};

/// Messages of one request (SQS's limit).
const AT_MOST: usize = 10;
/// Bytes of UTF-8 of one message, and of all messages of one request (SQS's limit).
pub const MESSAGE_LIMIT: usize = 1024 * 1024;
/// How often the messages are sent again that SQS took out of a request by itself; with a failure of the request as a whole `aws` deals.
const PARTS: u32 = 3;
/// The longest that a message can be hidden at a time (SQS's limit).
pub const LONGEST_HIDDEN: Duration = Duration::from_secs(12 * 3600);

/// A queue of messages `T`.
pub struct Queue<T> {
    client: Client,
    url: String,
    message: PhantomData<fn(T)>,
}

impl<T> Clone for Queue<T> {
    fn clone(&self) -> Self {
        Self { client: self.client.clone(), url: self.url.clone(), message: PhantomData }
    }
}

/// A message in its written form, with what the queue is told about it.
#[derive(Clone)]
pub struct Sending {
    body: String,
    group: Option<String>,
    deduplication: Option<String>,
}

impl Sending {
    /// A message that belongs to no group.
    #[must_use]
    pub fn new<T: Serialize + PersonalData>(message: &T) -> Self {
        // Our own message types always serialise.
        Self { body: serde_json::to_string(message).unwrap_or_default(), group: None, deduplication: None }
    }

    /// The same in a message group: in a standard queue groups have a fair share each, in a FIFO queue the messages of one keep their order.
    /// `group` is made of ids: 1 to 128 characters.
    #[must_use]
    pub fn in_group(self, group: &str) -> Self {
        Self { group: Some(group.to_owned()), ..self }
    }

    /// The same under a name that a FIFO queue takes only once in five minutes: 1 to 128 characters.
    #[must_use]
    pub fn once_as(self, name: String) -> Self {
        Self { deduplication: Some(name), ..self }
    }

    fn entry(&self) -> Entry<'_> {
        Entry { body: &self.body, group: self.group.as_deref(), deduplication: self.deduplication.as_deref() }
    }

    /// How long its body is, in bytes. Above [`MESSAGE_LIMIT`] no queue takes it.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.body.len()
    }
}

impl<T: Serialize + PersonalData> Queue<T> {
    /// The queue at `url`.
    #[must_use]
    pub fn new(aws: &Aws, url: String) -> Self {
        Self { client: Client::new(aws), url, message: PhantomData }
    }

    /// Sends a message; when this returns, the queue has it.
    ///
    /// # Errors
    /// [`Unavailable`] where the queue does not take it. It may have taken it none the less.
    pub async fn send(&self, message: &T) -> Result<(), Unavailable> {
        self.send_as(Sending::new(message)).await
    }

    /// Sends a message as [`Queue::send`], in a group.
    ///
    /// # Errors
    /// As for [`Queue::send`].
    pub async fn send_as(&self, sending: Sending) -> Result<(), Unavailable> {
        self.client.send(&self.url, &sending.entry()).await.map_err(|error| unavailable("sent", &error))
    }

    /// Sends messages, ten and a mebibyte at most in a request; when this returns, the queue has all of them. Those of a FIFO queue's group keep
    /// their order as long as nothing is refused.
    ///
    /// # Errors
    /// [`Unavailable`] where the queue does not take one of them. It may have taken any of them none the less.
    pub async fn send_all(&self, sendings: Vec<Sending>) -> Result<(), Unavailable> {
        for request in requests(sendings) {
            self.send_request(request).await?;
        }
        Ok(())
    }

    async fn send_request(&self, mut sendings: Vec<Sending>) -> Result<(), Unavailable> {
        for _ in 0..PARTS {
            let entries: Vec<Entry<'_>> = sendings.iter().map(Sending::entry).collect();
            let left_out = self.client.send_batch(&self.url, &entries).await;
            let left_out = left_out.map_err(|error| unavailable("sent", &error))?;
            if left_out.is_empty() {
                return Ok(());
            }
            note(&left_out, "the queue left a message out of a request");
            let refused = |place: usize| left_out.iter().any(|failed| failed.place == place);
            let mut place = 0..;
            sendings.retain(|_| place.next().is_some_and(refused));
        }
        Err(Unavailable)
    }
}

/// As many requests as it takes.
fn requests(sendings: Vec<Sending>) -> Vec<Vec<Sending>> {
    let mut requests: Vec<Vec<Sending>> = Vec::new();
    let mut bytes = 0;
    for sending in sendings {
        let length = sending.bytes();
        match requests.last_mut() {
            Some(request) if request.len() < AT_MOST && bytes + length <= MESSAGE_LIMIT => {
                bytes += length;
                request.push(sending);
            }
            _ => {
                bytes = length;
                requests.push(vec![sending]);
            }
        }
    }
    requests
}

impl<T> Queue<T> {
    /// Whether a batch comes from this queue, for a function that is given batches of several.
    #[must_use]
    pub fn sent(&self, event: &SqsEvent) -> bool {
        let name = |place: &str, separator: char| place.rsplit(separator).next().map(str::to_owned);
        let source = event.records.first().and_then(|record| name(record.event_source_arn.as_deref()?, ':'));
        source.is_some() && source == name(&self.url, '/')
    }

    /// Hides messages that were received for so long each, so that they come again then. One that cannot be hidden comes earlier or later.
    async fn hide(&self, waits: Vec<(String, Duration)>) {
        for request in waits.chunks(AT_MOST) {
            let hidden = request.iter().map(|(receipt, wait)| (receipt.as_str(), wait.min(&LONGEST_HIDDEN).as_secs()));
            match self.client.hide_batch(&self.url, &hidden.collect::<Vec<_>>()).await {
                Ok(left_out) => note(&left_out, "a message could not be hidden"),
                Err(error) => {
                    unavailable("hidden", &error);
                }
            }
        }
    }
}

fn note(left_out: &[Failed], what: &'static str) {
    for failed in left_out {
        tracing::warn!(code = %Printable(&failed.code), "{what}");
    }
}

fn unavailable(what: &'static str, error: &CallError) -> Unavailable {
    tracing::error!(what, cause = %error, "a message could not be");
    Unavailable
}

/// What became of one message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Disposition {
    /// Its effect is durable, now or since an earlier delivery.
    Done,
    /// It comes again, and after the queue's number of attempts it goes to the dead-letter queue.
    Retry(&'static str),
    /// It comes again after so long, [`LONGEST_HIDDEN`] at most; waiting costs nothing. Only [`each_received`] can do this: to [`each`] it is
    /// [`Disposition::Retry`].
    RetryAfter(Duration, &'static str),
    /// Nothing will ever come of it, and nothing is lost by forgetting it.
    GiveUp(&'static str),
}

/// A message without an id: the queue could not be told which one failed, so the whole batch must fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a message has no id, so its batch fails as a whole")]
pub struct NoMessageId;

/// A message as a queue handed it over.
pub struct Received<T> {
    /// What it says.
    pub message: T,
    /// How often it has been handed over, this time included; 1 where the queue does not tell.
    pub receives: u32,
    /// Its message group.
    pub group: Option<String>,
}

/// Handles each message of a batch on its own, one after the other. One that cannot be read fails alone.
///
/// # Errors
/// [`NoMessageId`], before anything is handled.
pub async fn each<T, F>(event: SqsEvent, handle: F) -> Result<SqsBatchResponse, NoMessageId>
where
    T: DeserializeOwned,
    F: AsyncFn(T) -> Disposition,
{
    let (answer, _) = dispose(event, 1, async |received: Received<T>| handle(received.message).await).await?;
    Ok(answer)
}

/// Handles each message of a batch on its own, `at_once` at a time, and hides in `queue`, where they came from, those that are to come again
/// later: one request for all of them. One that cannot be read fails alone.
///
/// # Errors
/// [`NoMessageId`], before anything is handled.
pub async fn each_received<T, F>(
    queue: &Queue<T>,
    event: SqsEvent,
    at_once: usize,
    handle: F,
) -> Result<SqsBatchResponse, NoMessageId>
where
    T: DeserializeOwned,
    F: AsyncFn(Received<T>) -> Disposition,
{
    let (answer, waits) = dispose(event, at_once, handle).await?;
    queue.hide(waits).await;
    Ok(answer)
}

/// What the queue is answered, and which messages are to be hidden for how long.
async fn dispose<T, F>(
    event: SqsEvent,
    at_once: usize,
    handle: F,
) -> Result<(SqsBatchResponse, Vec<(String, Duration)>), NoMessageId>
where
    T: DeserializeOwned,
    F: AsyncFn(Received<T>) -> Disposition,
{
    if event.records.iter().any(|record| record.message_id.as_deref().is_none_or(str::is_empty)) {
        return Err(NoMessageId);
    }
    let handle = &handle;
    let handled = stream::iter(event.records).map(|mut record| async move {
        let (id, receipt) = (record.message_id.take().unwrap_or_default(), record.receipt_handle.take());
        let disposition = match read(record) {
            // Boxed, because calls of several services nested in one future are more than the compiler lays out.
            Some(received) => Box::pin(handle(received)).await,
            // Without serde's words, which may quote the message.
            None => Disposition::Retry("the body is not a message of this queue"),
        };
        (id, receipt, disposition)
    });
    let mut handled = handled.buffer_unordered(at_once);
    let (mut answer, mut waits) = (SqsBatchResponse::default(), Vec::new());
    while let Some((id, receipt, disposition)) = handled.next().await {
        match disposition {
            Disposition::Done => {}
            Disposition::Retry(cause) => {
                tracing::warn!(id = %Printable(&id), cause, "a message will be tried again");
                answer.add_failure(id);
            }
            Disposition::RetryAfter(wait, cause) => {
                tracing::info!(id = %Printable(&id), cause, seconds = wait.as_secs(), "a message will be tried later");
                waits.extend(receipt.map(|receipt| (receipt, wait)));
                answer.add_failure(id);
            }
            Disposition::GiveUp(cause) => tracing::error!(id = %Printable(&id), cause, "a message was given up"),
        }
    }
    Ok((answer, waits))
}

fn read<T: DeserializeOwned>(record: SqsMessage) -> Option<Received<T>> {
    let message = serde_json::from_str(record.body.as_deref().unwrap_or_default()).ok()?;
    let receives = record.attributes.get("ApproximateReceiveCount").and_then(|count| count.parse().ok()).unwrap_or(1);
    Some(Received { message, receives, group: record.attributes.get("MessageGroupId").cloned() })
}

/// An id as it may stand in a log: what is not an id's character is left out.
struct Printable<'a>(&'a str);

impl fmt::Display for Printable<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').take(64).try_for_each(|c| write!(out, "{c}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn batch(bodies: &[&str]) -> SqsEvent {
        let records: Vec<_> = bodies
            .iter()
            .enumerate()
            .map(|(number, body)| serde_json::json!({ "messageId": format!("m{number}"), "body": body }))
            .collect();
        serde_json::from_value(serde_json::json!({ "Records": records })).unwrap()
    }

    #[tokio::test]
    async fn each_message_stands_for_itself() {
        let handle = async |message: u32| match message {
            1 => Disposition::Done,
            2 => Disposition::Retry("later"),
            _ => Disposition::GiveUp("never"),
        };
        let answer = each(batch(&["1", "2", "3", "{", "\"x\"", ""]), handle).await.unwrap();
        let failed: Vec<&str> =
            answer.batch_item_failures.iter().map(|failure| failure.item_identifier.as_str()).collect();
        assert_eq!(failed, ["m1", "m3", "m4", "m5"]);
    }

    #[tokio::test]
    async fn a_batch_is_handled_at_once_and_tells_how_often_it_came() {
        let mut event = batch(&["1", "2", "3"]);
        event.records[1].attributes.insert("ApproximateReceiveCount".to_owned(), "7".to_owned());
        event.records[1].attributes.insert("MessageGroupId".to_owned(), "a".to_owned());
        let together = tokio::sync::Barrier::new(3);
        let (answer, waits) = dispose(event, 3, async |received: Received<u32>| {
            together.wait().await;
            assert_eq!(
                (received.receives, received.group.is_some()),
                if received.message == 2 { (7, true) } else { (1, false) }
            );
            if received.message == 3 {
                Disposition::RetryAfter(Duration::from_secs(9), "later")
            } else {
                Disposition::Done
            }
        })
        .await
        .unwrap();
        assert_eq!(answer.batch_item_failures.len(), 1);
        assert!(waits.is_empty(), "without a receipt there is nothing to hide");
    }

    #[test]
    fn a_request_holds_ten_messages_and_a_mebibyte() {
        let sending = |length: usize| Sending { body: "x".repeat(length), group: None, deduplication: None };
        let lengths = |sendings: Vec<Sending>| requests(sendings).iter().map(Vec::len).collect::<Vec<_>>();
        assert!(lengths(Vec::new()).is_empty());
        assert_eq!(lengths(vec![sending(1); 23]), [10, 10, 3]);
        let half = MESSAGE_LIMIT / 2;
        assert_eq!(lengths([half, half, 1, half, half + 1].map(sending).into()), [2, 2, 1]);
        assert_eq!(lengths([MESSAGE_LIMIT, MESSAGE_LIMIT + 1].map(sending).into()), [1, 1]);
    }

    #[tokio::test]
    async fn a_message_without_an_id_fails_its_batch_before_anything_happens() {
        let mut event = batch(&["1"]);
        event.records[0].message_id = None;
        let outcome = each(event, async |_: u32| unreachable!("nothing may be handled")).await;
        assert_eq!(outcome.err(), Some(NoMessageId));
    }
}
