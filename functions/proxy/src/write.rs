//! Writes through the unified interface: one object, or many of one entity in a batch.

use cloud::{
    dynamo::{admission::KeyRecord, idempotency::Made},
    http::{Answer, Call, Code, FieldError, Problem},
    journal::{Trace, UpstreamUse},
    upstream::{Done, Failure},
};
use connectors::{Action, EntitySupport, Input, InputError, Outcome, Verb, Write};
use domain::model::Entity;
use futures_util::{StreamExt, stream};
use http::{HeaderValue, StatusCode, header};
use serde_json::value::RawValue;

use crate::{
    App,
    access::Access,
    once::{self, Written},
    refusal, restriction, unified,
};

/// Most items in a batch.
pub(crate) const MAX_ITEMS: usize = 100;

/// Items of a batch that are under way at a time, where the platform takes no batches itself.
const AT_ONCE: usize = 4;

/// Writes one object.
#[expect(clippy::too_many_arguments, reason = "a route, taken apart")]
pub(crate) async fn one(
    app: &App,
    call: &Call,
    key: &KeyRecord,
    access: &Access,
    entity: Entity,
    verb: Verb,
    id: Option<&str>,
    trace: &mut Trace,
) -> Result<Answer, Problem> {
    let support = supported(access, entity, verb)?;
    let include_remote = query(call, verb != Verb::Delete)?;
    let action = action(support, verb, id, &call.body)?;
    let judged = restriction::write(app, call, access, entity, id, &call.body).await;
    trace.upstream.add(&judged.used);
    judged.result?;
    let write = Write { entity, action, include_remote };
    let turn = access.connector.write(&access.context(), write).map_err(|refusal| refusal::problem(&refusal))?;
    let target = once::Target { entity, verb: Some(verb), id, include_remote };
    once::write(app, call, key, access, target, trace, async |trace| {
        match access.line(&app.egress, call.budget).drive(turn, &mut trace.upstream).await {
            Ok(outcome) => match written(call, verb, &outcome) {
                Ok(answer) => Written::made(answer, vec![made(verb, &outcome)]),
                Err(problem) => Written::failed(problem, Done::Unknown),
            },
            Err(failure) => {
                let done = match failure.done(&trace.upstream) {
                    // Gone is gone: a second one does no harm.
                    Done::Unknown if verb == Verb::Delete => Done::Nothing,
                    done => done,
                };
                Written::failed(failure.problem(), done)
            }
        }
    })
    .await
}

fn written(call: &Call, verb: Verb, outcome: &Outcome) -> Result<Answer, Problem> {
    let answer = json(status(verb), unified::body(outcome, None)?);
    Ok(match outcome {
        Outcome::One(made) if verb == Verb::Create => match made.first_id() {
            Some(id) => answer.with(header::LOCATION, &format!("{}/{id}", call.path.trim_end_matches('/'))),
            None => answer,
        },
        _ => answer,
    })
}

fn made(verb: Verb, outcome: &Outcome) -> Made {
    let id = match outcome {
        Outcome::One(objects) => objects.first_id().map(str::to_owned),
        // What was deleted has none to read again, and a write comes to nothing else.
        _ => None,
    };
    Made { status: status(verb).as_u16(), id }
}

/// What can be done with an entity, if this can.
fn supported(access: &Access, entity: Entity, verb: Verb) -> Result<&'static EntitySupport, Problem> {
    let platform = access.connector.platform();
    platform.supports(entity, verb).map_err(|why| Problem::new(Code::NotSupported).detail(why))?;
    platform.support(entity).ok_or_else(|| Code::NotSupported.into())
}

fn action<'a>(support: &EntitySupport, verb: Verb, id: Option<&'a str>, body: &[u8]) -> Result<Action<'a>, Problem> {
    let input = || Input::parse(support, verb, body).map_err(problem);
    match (verb, id) {
        (Verb::Create, None) => Ok(Action::Create(input()?)),
        (Verb::Update, Some(id)) => Ok(Action::Update { id, input: input()? }),
        (Verb::Delete, Some(id)) => Ok(Action::Delete { id }),
        _ => Err(Code::MethodNotAllowed.into()),
    }
}

fn problem(error: InputError) -> Problem {
    match error {
        InputError::NotJson { line, column } => {
            Problem::new(Code::BodyInvalid).detail(format!("at line {line}, column {column}"))
        }
        InputError::Fields(wrong) => {
            Problem::fields(wrong.into_iter().map(|field| FieldError::new(field.pointer, field.detail)).collect())
        }
    }
}

/// Whether `include=remote` was asked for; nothing else can be.
fn query(call: &Call, has_answer: bool) -> Result<bool, Problem> {
    let mut include_remote = false;
    let mut errors = Vec::new();
    for (name, value) in call.parameters() {
        match (name.as_ref(), value.as_ref()) {
            ("include", "remote") if has_answer && !include_remote => include_remote = true,
            ("include", _) if has_answer => errors.push(FieldError::new("?include", "must be `remote`, once")),
            _ => errors.push(FieldError::new(format!("?{name}"), "there is no such parameter here")),
        }
    }
    if errors.is_empty() { Ok(include_remote) } else { Err(Problem::fields(errors)) }
}

/// The status that a write answers with when it worked.
pub(crate) fn status(verb: Verb) -> StatusCode {
    match verb {
        Verb::Create => StatusCode::CREATED,
        Verb::Delete => StatusCode::NO_CONTENT,
        Verb::List | Verb::Get | Verb::Update => StatusCode::OK,
    }
}

fn json(status: StatusCode, body: Vec<u8>) -> Answer {
    let mut answer = Answer::empty(status);
    if !body.is_empty() {
        answer.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    }
    answer.body = body.into();
    answer
}

/// `{"items": […]}`.
#[derive(serde::Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(crate) struct Batch {
    /// 1 to 100 writes, each with a result of its own.
    #[cfg_attr(feature = "schema", schemars(length(min = 1, max = 100)))]
    items: Vec<Item>,
}

/// One write of a batch.
#[derive(serde::Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "BatchItem"))]
#[serde(deny_unknown_fields)]
struct Item {
    method: Wanted,
    /// The object, for everything but `create`.
    #[serde(default)]
    id: Option<String>,
    /// What would be the body of the single write; nothing for `delete`.
    #[serde(default)]
    data: Option<Box<RawValue>>,
}

#[derive(Clone, Copy, serde::Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "BatchMethod"))]
#[serde(rename_all = "lowercase")]
enum Wanted {
    Create,
    Update,
    Delete,
}

impl Wanted {
    fn verb(self) -> Verb {
        match self {
            Self::Create => Verb::Create,
            Self::Update => Verb::Update,
            Self::Delete => Verb::Delete,
        }
    }
}

/// What one write of a batch came to.
type ItemResult = Result<Outcome, (Problem, Done)>;

/// Writes many objects of one entity. Each item has a result of its own; one that fails stops no other.
pub(crate) async fn batch(
    app: &App,
    call: &Call,
    key: &KeyRecord,
    access: &Access,
    entity: Entity,
    trace: &mut Trace,
) -> Result<Answer, Problem> {
    let include_remote = query(call, true)?;
    let Batch { items } = call.json()?;
    if !(1..=MAX_ITEMS).contains(&items.len()) {
        return Err(Problem::field("/items", "1 to 100 items"));
    }
    trace.asked = u16::try_from(items.len()).ok();
    let mut parsed: Vec<Result<Action<'_>, Problem>> = items.iter().map(|item| parse(access, entity, item)).collect();
    judge(app, call, access, entity, &items, &mut parsed, trace).await;
    let writes: Vec<(usize, Write<'_>)> = parsed
        .iter()
        .enumerate()
        .filter_map(|(index, action)| Some((index, Write { entity, action: action.clone().ok()?, include_remote })))
        .collect();
    let target = once::Target { entity, verb: None, id: None, include_remote };
    once::write(app, call, key, access, target, trace, async |trace| {
        let mut results: Vec<ItemResult> = parsed
            .iter()
            .map(|action| match action {
                Ok(_) => Err((not_tried(), Done::Nothing)),
                Err(problem) => Err((problem.clone(), Done::Refused)),
            })
            .collect();
        for (index, result) in send(app, call, access, &writes, trace).await {
            results[index] = result;
        }
        trace.rows = u16::try_from(results.iter().filter(|result| result.is_ok()).count()).ok();
        let made = items.iter().zip(&results).map(|(item, result)| match result {
            Ok(outcome) => made(item.method.verb(), outcome),
            Err((problem, _)) => Made { status: problem.code.status().as_u16(), id: None },
        });
        let made = made.collect();
        match answer(call, &items, &results) {
            Ok(body) => {
                let nothing = results.iter().all(|result| matches!(result, Err((_, Done::Nothing))));
                let written = Written::made(json(StatusCode::OK, body), made);
                if nothing { Written { done: Done::Nothing, ..written } } else { written }
            }
            Err(problem) => Written::failed(problem, Done::Unknown),
        }
    })
    .await
}

/// The deadline came first.
fn not_tried() -> Problem {
    Problem::new(Code::UpstreamTimeout)
        .detail("the time for the call ended before this item was sent; nothing was changed")
}

fn parse<'a>(access: &Access, entity: Entity, item: &'a Item) -> Result<Action<'a>, Problem> {
    let verb = item.method.verb();
    let support = supported(access, entity, verb)?;
    match (verb, &item.id, &item.data) {
        (Verb::Create, Some(_), _) => return Err(Problem::field("/id", "a new one has no id yet")),
        (Verb::Update | Verb::Delete, None, _) => return Err(Problem::field("/id", "the field is required")),
        (Verb::Delete, _, Some(_)) => return Err(Problem::field("/data", "nothing can be sent with a deletion")),
        (Verb::Create | Verb::Update, _, None) => return Err(Problem::field("/data", "the field is required")),
        _ => {}
    }
    let data = item.data.as_ref().map_or("", |data| data.get());
    action(support, verb, item.id.as_deref(), data.as_bytes()).map_err(inside)
}

/// The problem of an item's data, with pointers from the item on.
fn inside(mut problem: Problem) -> Problem {
    for error in problem.errors.iter_mut().filter(|error| !error.pointer.starts_with('?')) {
        error.pointer.insert_str(0, "/data");
    }
    problem
}

/// Refuses what is about customers whose data must not be used, as each single write would be refused.
async fn judge(
    app: &App,
    call: &Call,
    access: &Access,
    entity: Entity,
    items: &[Item],
    parsed: &mut [Result<Action<'_>, Problem>],
    trace: &mut Trace,
) {
    if !access.is_restricted(Some(entity)) {
        return;
    }
    let places: Vec<usize> = (0..items.len()).filter(|place| parsed[*place].is_ok()).collect();
    let judged: Vec<_> = stream::iter(places)
        .map(async |place| {
            let item = &items[place];
            let data = item.data.as_ref().map_or("", |data| data.get());
            (place, restriction::write(app, call, access, entity, item.id.as_deref(), data.as_bytes()).await)
        })
        .buffer_unordered(AT_ONCE)
        .collect()
        .await;
    for (place, judged) in judged {
        trace.upstream.add(&judged.used);
        if let Err(problem) = judged.result {
            parsed[place] = Err(problem);
        }
    }
}

/// Sends the writes in the platform's own batch where it has one, else one by one, a few at a time, for as long as the call may take.
async fn send(
    app: &App,
    call: &Call,
    access: &Access,
    writes: &[(usize, Write<'_>)],
    trace: &mut Trace,
) -> Vec<(usize, ItemResult)> {
    if writes.is_empty() {
        return Vec::new();
    }
    let line = access.line(&app.egress, call.budget);
    let all: Vec<Write<'_>> = writes.iter().map(|(_, write)| write.clone()).collect();
    if let Some(turn) = access.connector.bulk(&access.context(), &all) {
        let outcome = match turn {
            Ok(turn) => {
                let driven = line.drive(turn, &mut trace.upstream).await;
                driven.map_err(|failure| (failure.problem(), failure.done(&trace.upstream)))
            }
            Err(refusal) => Err((refusal::problem(&refusal), Done::Refused)),
        };
        let results: Vec<ItemResult> = match outcome {
            Ok(Outcome::Batch(results)) if results.len() == writes.len() => results
                .into_iter()
                .map(|result| {
                    result.map_err(|error| {
                        let failure = Failure::Answered(error);
                        (inside(failure.problem()), failure.done(&UpstreamUse::default()))
                    })
                })
                .collect(),
            Ok(_) => writes.iter().map(|_| Err((Code::UpstreamUnreadable.into(), Done::Unknown))).collect(),
            Err(failed) => writes.iter().map(|_| Err(failed.clone())).collect(),
        };
        return writes.iter().map(|(index, _)| *index).zip(results).collect();
    }
    let line = &line;
    let done: Vec<_> = stream::iter(writes)
        .map(async |(index, write)| {
            let mut used = UpstreamUse::default();
            let result = if call.budget.left().is_zero() {
                Err((not_tried(), Done::Nothing))
            } else {
                match access.connector.write(&access.context(), write.clone()) {
                    Ok(turn) => {
                        let driven = line.drive(turn, &mut used).await;
                        driven.map_err(|failure| (inside(failure.problem()), failure.done(&used)))
                    }
                    Err(refusal) => Err((inside(refusal::problem(&refusal)), Done::Refused)),
                }
            };
            (*index, result, used)
        })
        .buffer_unordered(AT_ONCE)
        .collect()
        .await;
    done.into_iter()
        .map(|(index, result, used)| {
            trace.upstream.add(&used);
            (index, result)
        })
        .collect()
}

/// `{"data": [{"status", "data"?, "problem"?}, …]}`, in the order of the items.
fn answer(call: &Call, items: &[Item], results: &[ItemResult]) -> Result<Vec<u8>, Problem> {
    let mut out = br#"{"data":["#.to_vec();
    for (index, (item, result)) in items.iter().zip(results).enumerate() {
        if index > 0 {
            out.push(b',');
        }
        let (status, name, part) = match result {
            Ok(outcome) => (status(item.method.verb()), "data", unified::body(outcome, None)?),
            Err((problem, _)) => (problem.code.status(), "problem", problem.body(call.id.as_str())),
        };
        out.extend(format!(r#"{{"status":{}"#, status.as_u16()).into_bytes());
        if !part.is_empty() {
            out.extend(format!(r#","{name}":"#).into_bytes());
            out.extend(part);
        }
        out.push(b'}');
    }
    out.extend(br#"]}"#);
    Ok(out)
}
