//! What AWS says of the stack's own tables and queues, for the daily self-check (R029).

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::json;

use crate::{
    aws::{ATTEMPTS, Aws, CallError, Service, read},
    dynamo::Unavailable,
};

const PROTOCOL: &str = "application/x-amz-json-1.0";

/// The backups of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backups {
    /// Whether it can be restored to any second.
    pub enabled: bool,
    /// For how many days, where AWS says it.
    pub days: Option<u16>,
    /// The newest state that it can be restored to.
    pub restorable_until: Option<Timestamp>,
}

/// The resources of one stack, by their names in the data map.
#[derive(Clone)]
pub struct Resources {
    tables: Service,
    queues: Service,
    stack: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Described {
    continuous_backups_description: Continuous,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Continuous {
    #[serde(default)]
    point_in_time_recovery_description: PointInTime,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct PointInTime {
    #[serde(default)]
    point_in_time_recovery_status: String,
    #[serde(default)]
    recovery_period_in_days: Option<u16>,
    /// Unix seconds, with a fraction.
    #[serde(default)]
    latest_restorable_date_time: Option<f64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Found {
    queue_url: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Attributes {
    attributes: Depth,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Depth {
    approximate_number_of_messages: String,
    approximate_number_of_messages_not_visible: String,
}

impl Resources {
    /// The resources whose names start with `stack` and a hyphen.
    #[must_use]
    pub fn new(aws: &Aws, stack: String) -> Self {
        Self { tables: aws.service("dynamodb", "dynamodb"), queues: aws.service("sqs", "sqs"), stack }
    }

    /// The backups of a table.
    ///
    /// # Errors
    /// [`Unavailable`] where DynamoDB cannot be asked.
    pub async fn backups(&self, table: &str) -> Result<Backups, Unavailable> {
        let input = json!({ "TableName": self.name(table) });
        let target = "DynamoDB_20120810.DescribeContinuousBackups";
        let answer = self.tables.json_in(target, PROTOCOL, ATTEMPTS, &input).await;
        let Described { continuous_backups_description: Continuous { point_in_time_recovery_description: found } } =
            answer.and_then(|answer| read(&answer)).map_err(|error| unavailable(&error))?;
        #[expect(clippy::cast_possible_truncation, reason = "seconds of our time fit by far")]
        let restorable_until =
            found.latest_restorable_date_time.and_then(|seconds| Timestamp::from_second(seconds as i64).ok());
        Ok(Backups {
            enabled: found.point_in_time_recovery_status == "ENABLED",
            days: found.recovery_period_in_days,
            restorable_until,
        })
    }

    /// About how many messages are in a queue, those that somebody is working on included.
    ///
    /// # Errors
    /// [`Unavailable`] where SQS cannot be asked.
    pub async fn messages(&self, queue: &str) -> Result<u64, Unavailable> {
        let named = json!({ "QueueName": self.name(queue) });
        let answer = self.queues.json_in("AmazonSQS.GetQueueUrl", PROTOCOL, ATTEMPTS, &named).await;
        let Found { queue_url } = answer.and_then(|answer| read(&answer)).map_err(|error| unavailable(&error))?;
        let input = json!({
            "QueueUrl": queue_url,
            "AttributeNames": ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"],
        });
        let answer = self.queues.json_in("AmazonSQS.GetQueueAttributes", PROTOCOL, ATTEMPTS, &input).await;
        let Attributes { attributes: depth } =
            answer.and_then(|answer| read(&answer)).map_err(|error| unavailable(&error))?;
        let parts = [depth.approximate_number_of_messages, depth.approximate_number_of_messages_not_visible];
        parts.iter().map(|digits| digits.parse::<u64>()).sum::<Result<_, _>>().map_err(|_| {
            tracing::error!("a queue's depth is no number");
            Unavailable
        })
    }

    fn name(&self, name: &str) -> String {
        format!("{}-{name}", self.stack)
    }
}

fn unavailable(error: &CallError) -> Unavailable {
    tracing::error!(cause = %error, "a resource could not be described");
    Unavailable
}
