//! What the queues are asked, in SQS's own words, as `application/x-amz-json-1.0`.

use serde::{Deserialize, Serialize};

use crate::aws::{ATTEMPTS, Aws, CallError, Service};

const PROTOCOL: &str = "application/x-amz-json-1.0";

/// A client of SQS.
#[derive(Clone)]
pub(super) struct Client(Service);

/// A message to be sent.
#[derive(Clone, Copy, Serialize)]
pub(super) struct Entry<'a> {
    /// Its body.
    #[serde(rename = "MessageBody")]
    pub(super) body: &'a str,
    /// Its message group.
    #[serde(rename = "MessageGroupId", skip_serializing_if = "Option::is_none")]
    pub(super) group: Option<&'a str>,
    /// What a FIFO queue knows it by.
    #[serde(rename = "MessageDeduplicationId", skip_serializing_if = "Option::is_none")]
    pub(super) deduplication: Option<&'a str>,
}

/// An entry of a batch that was left out of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Failed {
    /// Its place in the batch.
    pub(super) place: usize,
    /// SQS's word for why.
    pub(super) code: String,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Single<'a> {
    queue_url: &'a str,
    #[serde(flatten)]
    entry: &'a Entry<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Batch<'a, E> {
    queue_url: &'a str,
    entries: Vec<Numbered<E>>,
}

/// An entry whose id is its place.
#[derive(Serialize)]
struct Numbered<E> {
    #[serde(rename = "Id")]
    id: String,
    #[serde(flatten)]
    entry: E,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Hidden<'a> {
    receipt_handle: &'a str,
    visibility_timeout: u64,
}

#[derive(Deserialize)]
struct BatchAnswer {
    #[serde(rename = "Failed", default)]
    failed: Vec<FailedEntry>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct FailedEntry {
    id: String,
    #[serde(default)]
    code: String,
}

impl Client {
    pub(super) fn new(aws: &Aws) -> Self {
        Self(aws.service("sqs", "sqs"))
    }

    /// `SendMessage`.
    pub(super) async fn send(&self, queue_url: &str, entry: &Entry<'_>) -> Result<(), CallError> {
        self.0.json_in("AmazonSQS.SendMessage", PROTOCOL, ATTEMPTS, &Single { queue_url, entry }).await.map(drop)
    }

    /// `SendMessageBatch`: 1 to 10 entries. What it leaves out it answers with.
    pub(super) async fn send_batch(&self, queue_url: &str, entries: &[Entry<'_>]) -> Result<Vec<Failed>, CallError> {
        self.batch("AmazonSQS.SendMessageBatch", queue_url, entries).await
    }

    /// `ChangeMessageVisibilityBatch`: 1 to 10 receipt handles, each with the seconds for which its message is hidden.
    pub(super) async fn hide_batch(&self, queue_url: &str, waits: &[(&str, u64)]) -> Result<Vec<Failed>, CallError> {
        let entries: Vec<_> = waits
            .iter()
            .map(|&(receipt_handle, visibility_timeout)| Hidden { receipt_handle, visibility_timeout })
            .collect();
        self.batch("AmazonSQS.ChangeMessageVisibilityBatch", queue_url, &entries).await
    }

    async fn batch<E: Serialize>(
        &self,
        target: &'static str,
        queue_url: &str,
        entries: &[E],
    ) -> Result<Vec<Failed>, CallError> {
        let numbered = |(place, entry)| Numbered { id: usize::to_string(&place), entry };
        let batch = Batch { queue_url, entries: entries.iter().enumerate().map(numbered).collect() };
        let answer: BatchAnswer = crate::aws::read(&self.0.json_in(target, PROTOCOL, ATTEMPTS, &batch).await?)?;
        answer
            .failed
            .into_iter()
            // An id that we did not give is no answer to what we sent.
            .map(|failed| {
                Ok(Failed { place: failed.id.parse().map_err(|_| CallError::Unreadable)?, code: failed.code })
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_written_as_sqs_documents_them() {
        let entry = Entry { body: "{}", group: Some("g"), deduplication: None };
        let queue_url = "http://q/1";
        assert_eq!(
            serde_json::to_value(Single { queue_url, entry: &entry }).unwrap(),
            serde_json::json!({ "QueueUrl": queue_url, "MessageBody": "{}", "MessageGroupId": "g" })
        );
        let entries =
            vec![Numbered { id: "0".to_owned(), entry: Hidden { receipt_handle: "r", visibility_timeout: 7 } }];
        assert_eq!(
            serde_json::to_value(Batch { queue_url, entries }).unwrap(),
            serde_json::json!({
                "QueueUrl": queue_url,
                "Entries": [{ "Id": "0", "ReceiptHandle": "r", "VisibilityTimeout": 7 }],
            })
        );
    }
}
