//! Customers whose data must not be used (GDPR Art. 18; `privacy.md` D.6): what is theirs is refused, and left out of pages.
//!
//! Unified calls are judged by the customer that an object names, before the store is asked where the call says who that is, else by what the store
//! answers. A change of an object that the call names by an id of its own is judged by the object as the store has it: in a store with restrictions
//! such a change costs one read more. Calls of the platform's own API are judged by everybody whom their address, body and answer name.

use cloud::{
    http::{Answer, Call, Code, Problem},
    journal::UpstreamUse,
};
use connectors::{Objects, Outcome, RawPath, Read, Target, Verb};
use domain::{model::Entity, restriction::Whose};
use http::HeaderName;

use crate::{App, access::Access, refusal};

/// How many objects of a page are left out.
const OMITTED: HeaderName = HeaderName::from_static("x-restricted-omitted");

fn refused() -> Problem {
    Problem::new(Code::ProcessingRestricted)
}

fn judge(app: &App, access: &Access, whose: &Whose) -> Result<(), Problem> {
    if access.forbids(whose, app.clock.now()) { Err(refused()) } else { Ok(()) }
}

/// Judges a call by the id in its path.
pub(crate) fn path(app: &App, access: &Access, entity: Entity, id: &str) -> Result<(), Problem> {
    match entity {
        Entity::Customers if access.is_restricted(Some(entity)) => judge(app, access, &Whose::customer(id)),
        _ => Ok(()),
    }
}

/// Judges what the store answered: one object is refused, a page goes on without what must not be used. How many that are.
pub(crate) fn outcome(app: &App, access: &Access, outcome: &mut Outcome) -> Result<usize, Problem> {
    if !access.is_restricted(None) {
        return Ok(0);
    }
    let now = app.clock.now();
    let allowed =
        |objects: &Objects| -> Vec<bool> { objects.whose().iter().map(|whose| !access.forbids(whose, now)).collect() };
    match outcome {
        Outcome::One(objects) if allowed(objects).contains(&false) => Err(refused()),
        Outcome::Page { objects, .. } => {
            let allowed = allowed(objects);
            objects.retain(&allowed);
            Ok(allowed.iter().filter(|allowed| !**allowed).count())
        }
        _ => Ok(0),
    }
}

/// Says how many objects a page leaves out.
pub(crate) fn tell(answer: Answer, omitted: usize) -> Answer {
    if omitted == 0 { answer } else { answer.with(OMITTED, &omitted.to_string()) }
}

/// Whether a write may be made, and what it took of the store to know.
pub(crate) struct Judged {
    pub(crate) result: Result<(), Problem>,
    pub(crate) used: UpstreamUse,
}

/// Judges a write by the id in its path, by whom its body names, and by whose the object is that it changes.
pub(crate) async fn write(
    app: &App,
    call: &Call,
    access: &Access,
    entity: Entity,
    id: Option<&str>,
    body: &[u8],
) -> Judged {
    let mut used = UpstreamUse::default();
    let result = judge_write(app, call, access, entity, id, body, &mut used).await;
    Judged { result, used }
}

async fn judge_write(
    app: &App,
    call: &Call,
    access: &Access,
    entity: Entity,
    id: Option<&str>,
    body: &[u8],
    used: &mut UpstreamUse,
) -> Result<(), Problem> {
    if !access.is_restricted(Some(entity)) {
        return Ok(());
    }
    if !body.is_empty() {
        judge(app, access, &Whose::in_body(body, false))?;
    }
    let Some(id) = id else { return Ok(()) };
    path(app, access, entity, id)?;
    if access.connector.platform().supports(entity, Verb::Get).is_err() {
        return Err(refused().detail("the platform does not tell whose it is"));
    }
    let read = Read { entity, target: Target::One(id), fields: None, include_remote: false };
    let turn = access.connector.read(&access.context(), &read).map_err(|refusal| refusal::problem(&refusal))?;
    let found = access.line(&app.egress, call.budget).drive(turn, used).await;
    outcome(app, access, &mut found.map_err(|failure| failure.problem())?).map(drop)
}

/// Judges a call of the platform's own API by whom its address and its body name.
pub(crate) fn raw_call(app: &App, call: &Call, access: &Access, path: &RawPath) -> Result<(), Problem> {
    let entity = access.connector.raw_scope(path);
    if !access.is_restricted(entity) {
        return Ok(());
    }
    let of_customers = entity == Some(Entity::Customers);
    let parameters: Vec<_> = call.parameters().collect();
    let parameters = parameters.iter().map(|(name, value)| (name.as_ref(), value.as_ref()));
    judge(app, access, &Whose::in_address(&path.decoded(), parameters, of_customers))?;
    if call.body.is_empty() { Ok(()) } else { judge(app, access, &Whose::in_body(&call.body, of_customers)) }
}

/// Judges the answer of the platform's own API. Its bytes are passed on as they are or not at all.
pub(crate) fn raw_answer(app: &App, access: &Access, path: &RawPath, body: &[u8]) -> Result<(), Problem> {
    let entity = access.connector.raw_scope(path);
    if body.is_empty() || !access.is_restricted(entity) {
        return Ok(());
    }
    judge(app, access, &Whose::in_body(body, entity == Some(Entity::Customers)))
}
