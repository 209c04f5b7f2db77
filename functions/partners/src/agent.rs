//! The Data Rights Protocol's routes: who brings a message, whether it counts, and the token for the next ones (`privacy.md` B.3).
//!
//! Whoever is not proven to be an agent of ours is told nothing: 403 without a body, for whatever reason. Everybody else is told in the protocol's own
//! form of an error.

use base64::{Engine, engine::general_purpose::STANDARD};
use cloud::{
    dynamo::{
        Unavailable,
        partners::{Message, PartnerItem, Speaks},
    },
    http::{Answer, Call},
    partners::{Bearer, is_signed},
};
use domain::partner::{PartnerId, drp, drp::Envelope};
use http::{Method, StatusCode, header};
use sha2::{Digest, Sha256};

use crate::{App, exercise};

/// Why a call is not answered as it wishes.
pub(crate) enum Refused {
    /// Whoever calls is not known to be an agent that may do this. The reason is for our log.
    Forbidden(&'static str),
    /// The message counts, and cannot be taken.
    Told(StatusCode, String),
    /// The path takes other methods.
    Method(&'static str),
    /// Something could not be checked.
    Unavailable,
}

impl From<Unavailable> for Refused {
    fn from(_: Unavailable) -> Self {
        Self::Unavailable
    }
}

/// An error, as the protocol has it (3.06).
#[derive(serde::Serialize)]
struct Told<'a> {
    code: &'a str,
    message: &'a str,
}

/// The answer to a handshake.
#[derive(serde::Serialize)]
#[serde(rename_all = "kebab-case")]
struct Shaken {
    agent_id: PartnerId,
    token: String,
}

/// An agent that has proven itself with a message.
pub(crate) struct Proven {
    pub(crate) agent: PartnerItem,
    /// The document that it signed.
    pub(crate) document: Vec<u8>,
}

/// Answers a call of `/drp/v1/…`.
pub(crate) async fn answer(app: &App, call: &Call, readable: bool, rest: &[&str]) -> Answer {
    let answered = match *rest {
        ["agent", agent] => match call.method {
            Method::POST => shake_hands(app, call, agent).await,
            Method::GET => know(app, call, agent).await,
            _ => Err(Refused::Method("GET, POST")),
        },
        // Who sends what cannot be read is not proven.
        _ if !readable => Err(Refused::Forbidden("the call cannot be read")),
        ["data-rights-request"] => match call.method {
            Method::POST => exercise::take(app, call).await,
            _ => Err(Refused::Method("POST")),
        },
        ["data-rights-request", request] => match call.method {
            Method::GET => exercise::show(app, call, request).await,
            Method::DELETE => exercise::revoke(app, call, request).await,
            _ => Err(Refused::Method("GET, DELETE")),
        },
        _ => Err(Refused::Told(StatusCode::NOT_FOUND, "There is no such route.".to_owned())),
    };
    answered.unwrap_or_else(|refused| refusal(refused, call))
}

fn refusal(refused: Refused, call: &Call) -> Answer {
    let (status, message) = match refused {
        Refused::Forbidden(why) => {
            tracing::warn!(call = %call.id, why, "an agent was refused");
            return Answer::empty(StatusCode::FORBIDDEN);
        }
        Refused::Told(status, message) => (status, message),
        Refused::Method(allowed) => {
            let told = Refused::Told(StatusCode::METHOD_NOT_ALLOWED, "The method is not allowed here.".to_owned());
            return refusal(told, call).with(header::ALLOW, allowed);
        }
        Refused::Unavailable => {
            let told = Refused::Told(StatusCode::SERVICE_UNAVAILABLE, "We cannot answer now.".to_owned());
            return refusal(told, call).with(header::RETRY_AFTER, "5");
        }
    };
    Answer::json(status, &Told { code: status.as_str(), message: &message })
}

/// `POST /drp/v1/agent/{id}`: a token for a signature. Every message gets one once.
async fn shake_hands(app: &App, call: &Call, agent: &str) -> Result<Answer, Refused> {
    let signed = signed(call).ok_or(Refused::Forbidden("no signed message"))?;
    let id: PartnerId = agent.parse().map_err(|_| Refused::Forbidden("no name of an agent"))?;
    let agent = app.partners.get(&id).await?.ok_or(Refused::Forbidden("no such agent"))?;
    let document = verified(&agent, &signed)?;
    let envelope = checked(app, &agent, document)?;
    let (token, bearer) = Bearer::mint(&agent.id);
    if !app.partners.give_token(&message(&agent, document, &envelope), &bearer).await? {
        return Err(Refused::Forbidden("the message was taken before"));
    }
    Ok(Answer::json(StatusCode::OK, &Shaken { agent_id: agent.id, token }))
}

/// `GET /drp/v1/agent/{id}`: whether a token still counts.
async fn know(app: &App, call: &Call, agent: &str) -> Result<Answer, Refused> {
    let bearing = bearing(app, call).await?;
    if bearing.id.as_str() != agent {
        return Err(Refused::Forbidden("the token is of another agent"));
    }
    Ok(Answer::json(StatusCode::OK, &serde_json::Map::new()))
}

/// The agent whose token came with a call.
pub(crate) async fn bearing(app: &App, call: &Call) -> Result<PartnerItem, Refused> {
    let bearer = Bearer::of(&call.headers).ok_or(Refused::Forbidden("no token"))?;
    let partner = app.partners.bearing(&bearer).await?.ok_or(Refused::Forbidden("no token of ours"))?;
    match partner.speaks {
        Speaks::Drp { .. } => Ok(partner),
        Speaks::OpenDsr { .. } => Err(Refused::Forbidden("the token is of a controller")),
    }
}

/// The agent whose token came with a call, with the document that it signed. Nothing of the document is known to count yet.
pub(crate) async fn proven(app: &App, call: &Call) -> Result<Proven, Refused> {
    if !is_text(call) {
        return Err(Refused::Told(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "A signed message is sent as text/plain.".to_owned(),
        ));
    }
    let signed = signed(call).ok_or(Refused::Forbidden("no signed message"))?;
    let agent = bearing(app, call).await?;
    let document = verified(&agent, &signed)?.to_vec();
    Ok(Proven { agent, document })
}

/// The bytes of a signed message: what stands in the body as base64.
fn signed(call: &Call) -> Option<Vec<u8>> {
    let fits = is_text(call) && call.body.len() <= drp::LONGEST;
    fits.then(|| STANDARD.decode(call.body.trim_ascii_end()).ok()).flatten()
}

fn is_text(call: &Call) -> bool {
    let kind = call.header("content-type").and_then(|kind| kind.split(';').next());
    kind.is_some_and(|kind| kind.trim().eq_ignore_ascii_case("text/plain"))
}

/// The document of a message that was signed with the agent's key.
fn verified<'a>(agent: &PartnerItem, signed: &'a [u8]) -> Result<&'a [u8], Refused> {
    let Speaks::Drp { verify_key, .. } = &agent.speaks else { return Err(Refused::Forbidden("it is no agent")) };
    let (signature, document) = drp::split(signed).ok_or(Refused::Forbidden("the message is too short"))?;
    if !is_signed(verify_key, signature, document) {
        return Err(Refused::Forbidden("the signature is wrong"));
    }
    Ok(document)
}

/// The envelope of a document that an agent signed, if it counts now.
pub(crate) fn checked(app: &App, agent: &PartnerItem, document: &[u8]) -> Result<Envelope, Refused> {
    let Speaks::Drp { business, .. } = &agent.speaks else { return Err(Refused::Forbidden("it is no agent")) };
    Envelope::check(document, agent.id.as_str(), business, app.clock.now()).map_err(|why| {
        Refused::Forbidden(match why {
            drp::Forbidden::Unreadable => "the message has no envelope",
            drp::Forbidden::OtherAgent => "the message is of another agent",
            drp::Forbidden::OtherBusiness => "the message is for another business",
            drp::Forbidden::Early => "the message is from the future",
            drp::Forbidden::Late => "the message has expired",
        })
    })
}

/// The name of a message, by which it is known when it comes again.
pub(crate) fn message<'a>(agent: &'a PartnerItem, document: &[u8], envelope: &Envelope) -> Message<'a> {
    Message { agent: &agent.id, digest: Sha256::digest(document).into(), expires_at: envelope.expires_at }
}
