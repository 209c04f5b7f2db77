//! Queues: typed messages in, one disposition a message out.
//!
//! A queue delivers at least once, so every effect is idempotent, and a message is acknowledged only once its effect is durable
//! (invariant 7).

use std::{fmt, marker::PhantomData};

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use aws_sdk_sqs::{Client, error::DisplayErrorContext};
use personal_data::PersonalData;
use serde::{Serialize, de::DeserializeOwned};

use crate::dynamo::Unavailable;

/// The largest message that a queue takes, in bytes of UTF-8.
pub const MESSAGE_LIMIT: usize = 1_048_576;

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

impl<T: Serialize + PersonalData> Queue<T> {
    /// The queue at `url`.
    #[must_use]
    pub fn new(config: &aws_types::SdkConfig, url: String) -> Self {
        Self { client: Client::new(config), url, message: PhantomData }
    }

    /// Sends a message; when this returns, the queue has it.
    ///
    /// # Errors
    /// [`Unavailable`] where the queue does not take it. It may have taken it none the less.
    pub async fn send(&self, message: &T) -> Result<(), Unavailable> {
        // Our own message types always serialise.
        let body = serde_json::to_string(message).unwrap_or_default();
        self.send_written(body, None).await
    }

    /// Sends a message that is written already, as one of a group: of a standard queue's groups none that has many messages holds up another.
    ///
    /// # Errors
    /// [`Unavailable`] as for [`Queue::send`].
    pub async fn send_in_group(&self, body: String, group: &str) -> Result<(), Unavailable> {
        self.send_written(body, Some(group.to_owned())).await
    }

    async fn send_written(&self, body: String, group: Option<String>) -> Result<(), Unavailable> {
        let send = self.client.send_message().queue_url(&self.url).message_body(body).set_message_group_id(group);
        send.send().await.map(drop).map_err(|error| {
            tracing::error!(cause = %DisplayErrorContext(&error), "a message could not be sent");
            Unavailable
        })
    }
}

/// What became of one message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Disposition {
    /// Its effect is durable, now or since an earlier delivery.
    Done,
    /// It comes again, and after the queue's number of attempts it goes to the dead-letter queue.
    Retry(&'static str),
    /// Nothing will ever come of it, and nothing is lost by forgetting it.
    GiveUp(&'static str),
}

/// A message without an id: the queue could not be told which one failed, so the whole batch must fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a message has no id, so its batch fails as a whole")]
pub struct NoMessageId;

/// Handles each message of a batch on its own. One that cannot be read fails alone.
///
/// # Errors
/// [`NoMessageId`], before anything is handled.
pub async fn each<T, F>(event: SqsEvent, handle: F) -> Result<SqsBatchResponse, NoMessageId>
where
    T: DeserializeOwned,
    F: AsyncFn(T) -> Disposition,
{
    if event.records.iter().any(|record| record.message_id.as_deref().is_none_or(str::is_empty)) {
        return Err(NoMessageId);
    }
    let mut answer = SqsBatchResponse::default();
    for record in event.records {
        let id = record.message_id.unwrap_or_default();
        let disposition = match serde_json::from_str(record.body.as_deref().unwrap_or_default()) {
            // Boxed, because calls of several services nested in one future are more than the compiler lays out.
            Ok(message) => Box::pin(handle(message)).await,
            // Without serde's words, which may quote the message.
            Err(_) => Disposition::Retry("the body is not a message of this queue"),
        };
        match disposition {
            Disposition::Done => {}
            Disposition::Retry(cause) => {
                tracing::warn!(id = %Printable(&id), cause, "a message will be tried again");
                answer.add_failure(id);
            }
            Disposition::GiveUp(cause) => tracing::error!(id = %Printable(&id), cause, "a message was given up"),
        }
    }
    Ok(answer)
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
    async fn a_message_without_an_id_fails_its_batch_before_anything_happens() {
        let mut event = batch(&["1"]);
        event.records[0].message_id = None;
        let outcome = each(event, async |_: u32| unreachable!("nothing may be handled")).await;
        assert_eq!(outcome.err(), Some(NoMessageId));
    }
}
