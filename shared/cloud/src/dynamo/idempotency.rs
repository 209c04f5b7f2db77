//! What became of the calls that carry an `Idempotency-Key` (table `guards`), so that a call that comes twice happens once.
//!
//! A record holds a hash of the body, the status and the ids of what was made: never a body (decision (c) of `gateway.md`). It has an owner,
//! so that a call that was given up cannot write over the one that took its place. While the first call runs, for as long as its invocation
//! may take, a second one is told to wait; a first call that died, or whose store never answered, leaves an outcome that nobody knows, and a
//! second one is told that too: doing it again could do it twice.

use std::time::Duration;

use domain::{
    hex::hex,
    id::{KeyId, RequestId},
};
use http::Method;
use personal_data::PersonalData;
use sha2::{Digest, Sha256};

use super::{
    Unavailable,
    call::{AttributeValue, Client, ReturnValue, is_unmet, unmet_by},
    key, unavailable, unreadable,
};
use crate::clock::Clock;

/// How long a key stands for its call, in seconds: a day (api.md).
const KEPT: i64 = 86_400;

/// What an item says of its call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
enum State {
    /// It runs, or its function died.
    Running,
    /// It ended with this answer.
    Ended,
    /// What it did at the store is not known.
    Unknown,
    /// It did nothing: the next one may.
    Free,
}

/// The record of one call.
#[derive(serde::Serialize, serde::Deserialize, PersonalData)]
#[pd(store = "guards", subject = Shopper, link = "made", role = Processor, region = Pinned)]
pub struct IdempotencyItem {
    /// `idempotency#` and a hash of the API key, the route and the `Idempotency-Key`.
    #[pd(none)]
    pub pk: String,
    /// Always `-`.
    #[pd(none)]
    pub sk: String,
    /// Version of this form.
    #[pd(none)]
    pub v: u8,
    /// The call that may end it.
    #[pd(none)]
    pub owner: RequestId,
    /// Where it stands.
    #[pd(none)]
    state: State,
    /// A hash of the body that holds for this key and route only.
    #[pd(none)]
    pub body: String,
    /// While it runs: the end of its invocation, in milliseconds since 1970.
    #[pd(none)]
    pub until: i64,
    /// The status that was answered.
    #[pd(none)]
    #[serde(default)]
    pub status: Option<u16>,
    /// The problem that was answered, by its code.
    #[pd(none)]
    #[serde(default)]
    pub code: Option<String>,
    /// What was made, by item of a batch; one where it was no batch. The id of a customer stands for a person.
    #[pd(cat = "user.unique_id", origin = Observed, basis = Contract, purpose(Operation), retain = "guard", erase = Expire, export = Never)]
    #[serde(default)]
    pub made: Vec<Made>,
    /// When the item is deleted, in unix seconds.
    #[pd(none)]
    pub expires_at: i64,
}

/// What one write came to.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Made {
    /// Its status.
    pub status: u16,
    /// The id of what it wrote.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
}

/// One call and its `Idempotency-Key`.
pub struct Operation<'a> {
    /// Which call it is.
    pub call: &'a RequestId,
    /// Whose call it is.
    pub key: &'a KeyId,
    /// Its method.
    pub method: &'a Method,
    /// Its path and query.
    pub target: &'a str,
    /// The `Idempotency-Key`, 1 to 255 characters.
    pub token: &'a str,
    /// Its body.
    pub body: &'a [u8],
}

impl Operation<'_> {
    fn pk(&self) -> String {
        key::idempotency(&self.hash(&[]))
    }

    /// A JSON body counts by its meaning: spaces and the order of members do not matter.
    fn body(&self) -> String {
        match serde_json::from_slice::<serde_json::Value>(self.body) {
            Ok(value) => self.hash(value.to_string().as_bytes()),
            Err(_) => self.hash(self.body),
        }
    }

    /// Salted with what only the caller knows, so that a hash of a short body cannot be guessed back.
    fn hash(&self, of: &[u8]) -> String {
        let mut digest = Sha256::new();
        for part in [self.key.body().as_bytes(), self.method.as_str().as_bytes(), self.target.as_bytes()] {
            digest.update(part);
            digest.update(b"\n");
        }
        digest.update(self.token.len().to_be_bytes());
        digest.update(self.token);
        digest.update(of);
        hex(&digest.finalize())
    }
}

/// What a call finds under its key.
#[derive(Debug)]
pub enum Found {
    /// Nothing: it may be carried out, and must be ended.
    Nothing(Claim),
    /// It was carried out.
    Ended {
        /// The status that was answered.
        status: u16,
        /// The code of the problem that was answered, where it was one.
        code: Option<String>,
        /// What was made.
        made: Vec<Made>,
    },
    /// The key stands for a call with another body.
    OtherBody,
    /// The first call is still under way.
    Running {
        /// Whole seconds after which it is not any more, at least 1.
        wait: u64,
    },
    /// What the first call did is not known.
    Unknown,
}

/// The right to carry a call out.
#[derive(Debug)]
#[must_use = "a call that is not ended counts as one whose outcome nobody knows"]
pub struct Claim {
    pk: String,
    owner: RequestId,
}

/// How a call ended.
#[derive(Debug, PartialEq, Eq)]
pub enum End {
    /// With this answer, which a second call gets too.
    Answered {
        /// The status.
        status: u16,
        /// The problem's code, where it was one.
        code: Option<&'static str>,
        /// What was made.
        made: Vec<Made>,
    },
    /// It certainly did nothing: the next one may.
    Nothing,
    /// Nobody knows.
    Unknown,
}

/// The records.
#[derive(Clone)]
pub struct Idempotency {
    client: Client,
    table: String,
    clock: Clock,
}

impl Idempotency {
    /// Adapter over the `guards` table.
    #[must_use]
    pub fn new(client: Client, table: String, clock: Clock) -> Self {
        Self { client, table, clock }
    }

    /// Claims a call, which ends within `patience`, or says what became of the one before.
    ///
    /// # Errors
    /// [`Unavailable`] where the table cannot be asked: nothing may be carried out then.
    pub async fn begin(&self, operation: &Operation<'_>, patience: Duration) -> Result<Found, Unavailable> {
        let now = self.clock.now();
        let claim = Claim { pk: operation.pk(), owner: operation.call.clone() };
        let body = operation.body();
        let until = now.as_millisecond() + i64::try_from(patience.as_millis()).unwrap_or(i64::MAX / 2);
        let claimed = self
            .client
            .update_item()
            .table_name(&self.table)
            .key("pk", AttributeValue::S(claim.pk.clone()))
            .key("sk", AttributeValue::S(key::ALONE.to_owned()))
            .update_expression(
                "SET v = :v, #owner = :owner, #state = :running, body = :body, #until = :until, expires_at = :end \
                 REMOVE #status, code, made",
            )
            .condition_expression("attribute_not_exists(pk) OR expires_at <= :now OR #state = :free")
            .expression_attribute_names("#owner", "owner")
            .expression_attribute_names("#state", "state")
            .expression_attribute_names("#until", "until")
            .expression_attribute_names("#status", "status")
            .expression_attribute_values(":v", number(1))
            .expression_attribute_values(":owner", AttributeValue::S(claim.owner.as_str().to_owned()))
            .expression_attribute_values(":running", AttributeValue::S("running".to_owned()))
            .expression_attribute_values(":free", AttributeValue::S("free".to_owned()))
            .expression_attribute_values(":body", AttributeValue::S(body.clone()))
            .expression_attribute_values(":until", number(until))
            .expression_attribute_values(":end", number(now.as_second() + KEPT))
            .expression_attribute_values(":now", number(now.as_second()))
            .return_values_on_condition_check_failure(ReturnValue::AllOld)
            .send()
            .await;
        let error = match claimed {
            Ok(_) => return Ok(Found::Nothing(claim)),
            Err(error) => error,
        };
        let Some(before) = unmet_by(&error) else { return Err(unavailable("guards", &error)) };
        let before: IdempotencyItem = serde_dynamo::from_item(before).map_err(|error| unreadable("guards", &error))?;
        Ok(judge(before, &body, now.as_millisecond()))
    }

    /// Says how a call ended. One that took longer than it had said, and was replaced, changes nothing any more.
    ///
    /// # Errors
    /// [`Unavailable`] where the table cannot be asked: the outcome counts as unknown then.
    pub async fn end(&self, claim: Claim, end: End) -> Result<(), Unavailable> {
        let (state, answer) = match end {
            End::Answered { status, code, made } => ("ended", Some((status, code, made))),
            End::Nothing => ("free", None),
            End::Unknown => ("unknown", None),
        };
        let mut update = self
            .client
            .update_item()
            .table_name(&self.table)
            .key("pk", AttributeValue::S(claim.pk))
            .key("sk", AttributeValue::S(key::ALONE.to_owned()))
            .condition_expression("#owner = :owner")
            .expression_attribute_names("#owner", "owner")
            .expression_attribute_names("#state", "state")
            .expression_attribute_values(":owner", AttributeValue::S(claim.owner.as_str().to_owned()))
            .expression_attribute_values(":state", AttributeValue::S(state.to_owned()));
        let mut expression = "SET #state = :state".to_owned();
        if let Some((status, code, made)) = answer {
            let made = serde_dynamo::to_attribute_value(&made).map_err(|error| unreadable("guards", &error))?;
            expression.push_str(", #status = :status, made = :made");
            update = update
                .expression_attribute_names("#status", "status")
                .expression_attribute_values(":status", number(status.into()))
                .expression_attribute_values(":made", made);
            if let Some(code) = code {
                expression.push_str(", code = :code");
                update = update.expression_attribute_values(":code", AttributeValue::S(code.to_owned()));
            }
        }
        match update.update_expression(expression).send().await {
            Ok(_) => Ok(()),
            Err(error) if is_unmet(&error) => Ok(()),
            Err(error) => Err(unavailable("guards", &error)),
        }
    }
}

fn number(value: i64) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

fn judge(before: IdempotencyItem, body: &str, now: i64) -> Found {
    if before.body != body {
        return Found::OtherBody;
    }
    match before.state {
        State::Running if before.until > now => {
            let left = u64::try_from(before.until - now).unwrap_or(0);
            Found::Running { wait: left.div_ceil(1_000).max(1) }
        }
        State::Ended => match before.status {
            Some(status) => Found::Ended { status, code: before.code, made: before.made },
            None => Found::Unknown,
        },
        State::Running | State::Unknown | State::Free => Found::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use uuid::Uuid;

    use super::*;

    static CALL: LazyLock<RequestId> = LazyLock::new(|| RequestId::from_uuid(Uuid::from_u128(7)));

    fn operation<'a>(key: &'a KeyId, token: &'a str, body: &'a str) -> Operation<'a> {
        Operation {
            call: &CALL,
            key,
            method: &Method::POST,
            target: "/v1/stores/str_1/products",
            token,
            body: body.as_bytes(),
        }
    }

    #[test]
    fn a_body_counts_by_its_meaning_and_a_hash_by_its_key() {
        let key = KeyId::from_uuid(Uuid::from_u128(1));
        let one = operation(&key, "a", r#"{"a":1,"b":2}"#);
        assert_eq!(one.body(), operation(&key, "a", r#"{ "b": 2, "a": 1 }"#).body());
        assert_ne!(one.body(), operation(&key, "a", r#"{"a":1,"b":3}"#).body());
        assert_ne!(one.body(), operation(&key, "b", r#"{"a":1,"b":2}"#).body());
        assert_eq!(one.pk(), operation(&key, "a", "x").pk());
        for other in [operation(&key, "ab", ""), operation(&KeyId::from_uuid(Uuid::from_u128(2)), "a", "")] {
            assert_ne!(one.pk(), other.pk());
        }
    }

    #[test]
    fn a_call_under_way_is_waited_for_until_its_invocation_ends() {
        let item = |state, status| IdempotencyItem {
            pk: String::new(),
            sk: String::new(),
            v: 1,
            owner: CALL.clone(),
            state,
            body: "b".to_owned(),
            until: 5_000,
            status,
            code: None,
            made: Vec::new(),
            expires_at: 0,
        };
        assert!(matches!(judge(item(State::Running, None), "b", 3_500), Found::Running { wait: 2 }));
        assert!(matches!(judge(item(State::Running, None), "b", 5_000), Found::Unknown));
        assert!(matches!(judge(item(State::Unknown, None), "b", 0), Found::Unknown));
        assert!(matches!(judge(item(State::Ended, Some(201)), "b", 9_000), Found::Ended { status: 201, .. }));
        assert!(matches!(judge(item(State::Running, None), "other", 0), Found::OtherBody));
    }
}
