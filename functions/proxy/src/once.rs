//! Writes that carry an `Idempotency-Key` happen once: a second one with the same key is answered from the first one's record, and what was
//! written is read from the store again, since no body is ever kept.

use cloud::{
    dynamo::{
        admission::KeyRecord,
        idempotency::{Claim, End, Found, Made, Operation},
    },
    http::{Answer, Call, Code, Problem},
    journal::Trace,
    upstream::Done,
};
use connectors::Verb;
use domain::model::Entity;
use http::{HeaderName, StatusCode};

use crate::{App, access::Access, unified};

const IDEMPOTENCY_KEY: &str = "idempotency-key";
const LONGEST: usize = 255;
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// What a write came to: an answer with what was made, or a problem with what was done.
pub(crate) struct Written {
    pub(crate) result: Result<Answer, Problem>,
    pub(crate) made: Vec<Made>,
    pub(crate) done: Done,
}

impl Written {
    /// A write that worked: another one would be another write.
    pub(crate) fn made(answer: Answer, made: Vec<Made>) -> Self {
        Self { result: Ok(answer), made, done: Done::Refused }
    }

    /// A write that failed.
    pub(crate) fn failed(problem: Problem, done: Done) -> Self {
        Self { result: Err(problem), made: Vec::new(), done }
    }

    fn end(&self) -> End {
        match (&self.result, self.done) {
            (Ok(answer), Done::Refused) => {
                End::Answered { status: answer.status.as_u16(), code: None, made: self.made.clone() }
            }
            (Err(problem), Done::Refused) => End::Answered {
                status: problem.code.status().as_u16(),
                code: Some(problem.code.as_str()),
                made: Vec::new(),
            },
            (_, Done::Nothing) => End::Nothing,
            (_, Done::Unknown) => End::Unknown,
        }
    }
}

/// What is written.
pub(crate) struct Target<'a> {
    pub(crate) entity: Entity,
    /// `None` for a batch.
    pub(crate) verb: Option<Verb>,
    /// The id in the path, where one stands there.
    pub(crate) id: Option<&'a str>,
    pub(crate) include_remote: bool,
}

/// Carries `write` out, once if the call has an `Idempotency-Key`. What is wrong with the call itself is refused before this: only a call
/// that can be sent takes a key.
pub(crate) async fn write(
    app: &App,
    call: &Call,
    key: &KeyRecord,
    access: &Access,
    target: Target<'_>,
    trace: &mut Trace,
    write: impl AsyncFnOnce(&mut Trace) -> Written,
) -> Result<Answer, Problem> {
    let Some(token) = token(call)? else { return write(trace).await.result };
    let path = if call.query.is_empty() { call.path.clone() } else { format!("{}?{}", call.path, call.query) };
    let operation =
        Operation { call: &call.id, key: &key.id, method: &call.method, target: &path, token, body: &call.body };
    let found = app.idempotency.begin(&operation, call.budget.left()).await.map_err(|_| Problem::unavailable())?;
    match found {
        Found::Nothing(claim) => first(app, claim, write(trace).await).await,
        Found::Ended { status, code, made } => again(app, call, access, &target, trace, status, code, made).await,
        Found::OtherBody => Err(Code::IdempotencyKeyReused.into()),
        Found::Running { wait } => Err(Problem::new(Code::IdempotencyInProgress).retry_after(wait)),
        Found::Unknown => {
            let detail = "the store may or may not have carried it out; look there, then use another key";
            Err(Problem::new(Code::IdempotencyOutcomeUnknown).detail(detail))
        }
    }
}

/// The key of the call.
fn token(call: &Call) -> Result<Option<&str>, Problem> {
    let mut all = call.headers.get_all(IDEMPOTENCY_KEY).iter();
    let Some(value) = all.next() else { return Ok(None) };
    match (value.to_str(), all.next()) {
        (Ok(token), None) if (1..=LONGEST).contains(&token.len()) => Ok(Some(token)),
        _ => Err(Problem::field("Idempotency-Key", "one header of 1 to 255 visible ASCII characters")),
    }
}

/// Ends a claim before the answer goes out: what cannot be noted is answered all the same, because it has happened.
async fn first(app: &App, claim: Claim, written: Written) -> Result<Answer, Problem> {
    if app.idempotency.end(claim, written.end()).await.is_err() {
        tracing::error!("the end of a call with an Idempotency-Key could not be noted; its outcome counts as unknown");
    }
    written.result
}

#[expect(clippy::too_many_arguments, reason = "the record of the first call, taken apart")]
async fn again(
    app: &App,
    call: &Call,
    access: &Access,
    target: &Target<'_>,
    trace: &mut Trace,
    status: u16,
    code: Option<String>,
    made: Vec<Made>,
) -> Result<Answer, Problem> {
    if let Some(code) = code {
        let code = Code::named(&code).unwrap_or(Code::Internal);
        return Ok(replayed(Answer::problem(&Problem::new(code), call)));
    }
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::OK);
    let id = made.first().and_then(|made| made.id.as_deref()).or(target.id);
    let answer = match (target.verb, id) {
        (None, _) => Answer::json(status, &serde_json::json!({ "data": made })),
        (Some(Verb::Create | Verb::Update), Some(id)) => {
            let mut answer = unified::again(app, call, access, target.entity, id, target.include_remote, trace).await?;
            answer.status = status;
            answer
        }
        _ => Answer::empty(status),
    };
    Ok(replayed(answer))
}

fn replayed(answer: Answer) -> Answer {
    answer.with(REPLAYED, "true")
}
