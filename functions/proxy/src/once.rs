//! Writes that carry an `Idempotency-Key` happen once: a second one with the same key is answered from the first one's record, and what was
//! written is read from the store again, since no body is ever kept.

use cloud::{
    dynamo::{
        admission::KeyRecord,
        idempotency::{End, Made},
    },
    http::{Answer, Call, Problem},
    journal::Trace,
    once::{self, Begun},
    upstream::Done,
};
use connectors::Verb;
use domain::model::Entity;
use http::StatusCode;

use crate::{App, access::Access, unified};

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

/// Carries `write` out, once if the call has an `Idempotency-Key`.
pub(crate) async fn write(
    app: &App,
    call: &Call,
    key: &KeyRecord,
    access: &Access,
    target: Target<'_>,
    trace: &mut Trace,
    write: impl AsyncFnOnce(&mut Trace) -> Written,
) -> Result<Answer, Problem> {
    match once::begin(&app.idempotency, call, &key.id).await? {
        Begun::WithoutKey => write(trace).await.result,
        Begun::First(claim) => {
            let written = write(trace).await;
            once::end(&app.idempotency, claim, written.end()).await;
            written.result
        }
        Begun::Refused(answer) => Ok(answer),
        Begun::Made { status, made } => again(app, call, access, &target, trace, status, &made).await,
    }
}

async fn again(
    app: &App,
    call: &Call,
    access: &Access,
    target: &Target<'_>,
    trace: &mut Trace,
    status: u16,
    made: &[Made],
) -> Result<Answer, Problem> {
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
    Ok(once::replayed(answer))
}
