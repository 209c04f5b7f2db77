//! Calls that carry an `Idempotency-Key` happen once: what both planes do before and after such a call.

use domain::id::KeyId;
use http::HeaderName;

use crate::{
    dynamo::idempotency::{Claim, End, Found, Idempotency, Made, Operation},
    http::{Answer, Call, Code, Problem},
};

const IDEMPOTENCY_KEY: &str = "idempotency-key";
const LONGEST: usize = 255;
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// What is to be done with a call.
pub enum Begun {
    /// It carries no `Idempotency-Key`: carry it out.
    WithoutKey,
    /// Carry it out and [`end`] it.
    First(Claim),
    /// It was refused before with this problem, which is refused again.
    Refused(Answer),
    /// It was carried out before. What it made is to be shown as it stands now, marked with [`replayed`].
    Made {
        /// The status that was answered.
        status: u16,
        /// What was made.
        made: Vec<Made>,
    },
}

/// Looks up what became of a call. What is wrong with the call itself should have been refused before this: only one that can be carried
/// out takes a key.
///
/// # Errors
/// The key stands for another body, its first call is under way, or what that one did is not known; 503 where the table cannot be asked.
pub async fn begin(records: &Idempotency, call: &Call, key: &KeyId) -> Result<Begun, Problem> {
    let Some(token) = token(call)? else { return Ok(Begun::WithoutKey) };
    let target = if call.query.is_empty() { call.path.clone() } else { format!("{}?{}", call.path, call.query) };
    let operation = Operation { call: &call.id, key, method: &call.method, target: &target, token, body: &call.body };
    let found = records.begin(&operation, call.budget.left()).await.map_err(|_| Problem::unavailable())?;
    match found {
        Found::Nothing(claim) => Ok(Begun::First(claim)),
        Found::Ended { code: Some(code), .. } => {
            let problem = Problem::new(Code::named(&code).unwrap_or(Code::Internal));
            Ok(Begun::Refused(replayed(Answer::problem(&problem, call))))
        }
        Found::Ended { status, code: None, made } => Ok(Begun::Made { status, made }),
        Found::OtherBody => Err(Code::IdempotencyKeyReused.into()),
        Found::Running { wait } => Err(Problem::new(Code::IdempotencyInProgress).retry_after(wait)),
        Found::Unknown => {
            let detail = "it may or may not have been carried out; look, then use another key";
            Err(Problem::new(Code::IdempotencyOutcomeUnknown).detail(detail))
        }
    }
}

/// Ends a call before its answer goes out. What cannot be noted is answered all the same, because it has happened; it counts as unknown.
pub async fn end(records: &Idempotency, claim: Claim, end: End) {
    if records.end(claim, end).await.is_err() {
        tracing::error!("the end of a call with an Idempotency-Key could not be noted; its outcome counts as unknown");
    }
}

/// Marks an answer as one to a call that was carried out before.
#[must_use]
pub fn replayed(answer: Answer) -> Answer {
    answer.with(REPLAYED, "true")
}

fn token(call: &Call) -> Result<Option<&str>, Problem> {
    let mut all = call.headers.get_all(IDEMPOTENCY_KEY).iter();
    let Some(value) = all.next() else { return Ok(None) };
    match (value.to_str(), all.next()) {
        (Ok(token), None)
            if (1..=LONGEST).contains(&token.len()) && token.bytes().all(|byte| byte.is_ascii_graphic()) =>
        {
            Ok(Some(token))
        }
        _ => Err(Problem::field("Idempotency-Key", "one header of 1 to 255 visible ASCII characters")),
    }
}
