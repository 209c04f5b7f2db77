//! Reads through the unified interface.

use bytes::Bytes;
use cloud::{
    http::{Answer, Call, FieldError, Problem},
    journal::Trace,
};
use connectors::{DEFAULT_PER_PAGE, Fields, MAX_PER_PAGE, Outcome, Read, Target, Verb};
use domain::model::Entity;
use http::{HeaderValue, StatusCode, header};
use jiff::Timestamp;

use crate::{App, access::Access, cache, refusal, restriction};

/// What a caller asks for in the query.
struct Query {
    per_page: u8,
    cursor: Option<String>,
    updated_after: Option<Timestamp>,
    fields: Option<Fields>,
    include_remote: bool,
}

/// Reads a page or one object.
pub(crate) async fn read(
    app: &App,
    call: &Call,
    access: &Access,
    entity: Entity,
    verb: Verb,
    id: Option<&str>,
    trace: &mut Trace,
) -> Result<Answer, Problem> {
    let platform = access.connector.platform();
    platform.supports(entity, verb).map_err(|why| Problem::new(cloud::http::Code::NotSupported).detail(why))?;
    let query = parse(call, entity, verb)?;
    if let Some(id) = id {
        restriction::path(app, access, entity, id)?;
    }
    let target = match id {
        Some(id) => Target::One(id),
        None => {
            trace.asked = Some(u16::from(query.per_page));
            Target::Page {
                per_page: query.per_page,
                cursor: query.cursor.as_deref(),
                updated_after: query.updated_after,
            }
        }
    };
    let asked = Asked { entity, target, fields: query.fields.as_ref(), include_remote: query.include_remote };
    cache::read(app, call, access, &asked, trace).await
}

/// Reads one object again that was written before.
pub(crate) async fn again(
    app: &App,
    call: &Call,
    access: &Access,
    entity: Entity,
    id: &str,
    include_remote: bool,
    trace: &mut Trace,
) -> Result<Answer, Problem> {
    let asked = Asked { entity, target: Target::One(id), fields: None, include_remote };
    let fetched = fetch(app, call, access, &asked, trace).await?;
    Ok(json(fetched.body))
}

/// What is read.
pub(crate) struct Asked<'a> {
    pub(crate) entity: Entity,
    pub(crate) target: Target<'a>,
    pub(crate) fields: Option<&'a Fields>,
    pub(crate) include_remote: bool,
}

/// What was read.
pub(crate) struct Fetched {
    /// The body of the answer.
    pub(crate) body: Bytes,
    /// How many objects of a page are left out, because their customers' data must not be used.
    pub(crate) omitted: usize,
}

/// Reads from the store what may be used of it.
pub(crate) async fn fetch(
    app: &App,
    call: &Call,
    access: &Access,
    asked: &Asked<'_>,
    trace: &mut Trace,
) -> Result<Fetched, Problem> {
    let &Asked { entity, target, fields, include_remote } = asked;
    // Whose data it is must be seen, whether the caller asks for that or not.
    let wanted = fields.filter(|_| !access.is_restricted(Some(entity)));
    let read = Read { entity, target, fields: wanted, include_remote };
    let turn = access.connector.read(&access.context(), &read).map_err(|refusal| refusal::problem(&refusal))?;
    let outcome = access.line(&app.egress, call.budget).drive(turn, &mut trace.upstream).await;
    let mut outcome = outcome.map_err(|failure| failure.problem())?;
    let omitted = restriction::outcome(app, access, &mut outcome)?;
    if let Outcome::Page { objects, .. } = &outcome {
        trace.rows = u16::try_from(objects.len()).ok();
    }
    Ok(Fetched { body: body(&outcome, fields)?.into(), omitted })
}

/// A body in JSON as an answer.
pub(crate) fn json(body: Bytes) -> Answer {
    let mut answer = Answer::empty(StatusCode::OK);
    answer.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    answer.body = body;
    answer
}

/// An outcome as the body of an answer.
pub(crate) fn body(outcome: &Outcome, fields: Option<&Fields>) -> Result<Vec<u8>, Problem> {
    outcome.to_json(fields).map_err(|error| {
        tracing::error!(cause = %error, "a unified object does not serialise");
        Problem::new(cloud::http::Code::Internal)
    })
}

fn parse(call: &Call, entity: Entity, verb: Verb) -> Result<Query, Problem> {
    let mut query =
        Query { per_page: DEFAULT_PER_PAGE, cursor: None, updated_after: None, fields: None, include_remote: false };
    let mut errors = Vec::new();
    let mut seen: Vec<String> = Vec::new();
    for (name, value) in call.parameters() {
        let mut wrong = |detail: String| errors.push(FieldError::new(format!("?{name}"), detail));
        if seen.iter().any(|other| *other == name) {
            wrong("stands twice".to_owned());
            continue;
        }
        seen.push(name.clone().into_owned());
        let lists = verb == Verb::List;
        match name.as_ref() {
            "per_page" if lists => match value.parse::<u8>() {
                Ok(rows) if (1..=MAX_PER_PAGE).contains(&rows) => query.per_page = rows,
                _ => wrong(format!("must be 1 to {MAX_PER_PAGE}")),
            },
            "cursor" if lists => query.cursor = Some(value.into_owned()),
            "updated_after" if lists => match value.parse::<Timestamp>() {
                Ok(time) => query.updated_after = Some(time),
                Err(_) => wrong("must be an RFC 3339 time such as 2026-11-21T00:00:00Z".to_owned()),
            },
            "fields" => match Fields::parse(entity, &value) {
                Ok(fields) => query.fields = Some(fields),
                Err(error) => wrong(error.to_string()),
            },
            "include" => match value.as_ref() {
                "remote" => query.include_remote = true,
                _ => wrong("must be `remote`".to_owned()),
            },
            _ => wrong("there is no such parameter here".to_owned()),
        }
    }
    if errors.is_empty() { Ok(query) } else { Err(Problem::fields(errors)) }
}
