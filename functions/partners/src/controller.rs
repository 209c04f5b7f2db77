//! OpenDSR's routes: who calls, and how it is told (`privacy.md` B.2).
//!
//! A controller shows a token that an operator registered. Every answer of ours is signed with the stack's key, over the bytes of its body; errors are
//! in the protocol's own form. OpenGDPR's names, from before the protocol was renamed, are honoured (OpenDSR 10.1).

use cloud::{
    dynamo::{
        Unavailable,
        partners::{PartnerItem, Speaks},
    },
    http::{Answer, Call},
    partners::Bearer,
};
use domain::{id::AccountId, partner::opendsr};
use http::{HeaderName, HeaderValue, Method, StatusCode, header};
use serde::Serialize;

use crate::{App, instruction};

/// The headers that say whose signature it is, by the protocol's name and its old one.
const DOMAIN: [&str; 2] = ["x-opendsr-processor-domain", "x-opengdpr-processor-domain"];
/// The headers with the signature.
const SIGNATURE: [&str; 2] = ["x-opendsr-signature", "x-opengdpr-signature"];

/// Why a call is not answered as it wishes.
pub(crate) enum Refused {
    /// Whoever calls is not known to be a controller of ours.
    Stranger,
    /// What is asked cannot be taken.
    Told(StatusCode, &'static str),
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

/// A controller that has shown its token.
pub(crate) struct Controller {
    pub(crate) partner: PartnerItem,
    /// Whose stores its customers are customers of.
    pub(crate) account: AccountId,
}

/// Answers a call of `/opendsr/v2/…`.
pub(crate) async fn answer(app: &App, call: &Call, readable: bool, rest: &[&str]) -> Answer {
    let answered = match *rest {
        ["discovery"] => match call.method {
            Method::GET => discover(app).await,
            _ => Err(Refused::Method("GET")),
        },
        ["key.pem"] => match call.method {
            Method::GET => show_key(app).await,
            _ => Err(Refused::Method("GET")),
        },
        _ if !readable => Err(Refused::Told(StatusCode::BAD_REQUEST, "The call cannot be read.")),
        ["requests" | "opendsr_requests" | "opengdpr_requests"] => match call.method {
            Method::POST => instruction::take(app, call).await,
            _ => Err(Refused::Method("POST")),
        },
        ["requests" | "opendsr_requests" | "opengdpr_requests", name] => match call.method {
            Method::GET => instruction::show(app, call, name).await,
            Method::DELETE => instruction::cancel(app, call, name).await,
            _ => Err(Refused::Method("GET, DELETE")),
        },
        _ => Err(Refused::Told(StatusCode::NOT_FOUND, "There is no such route.")),
    };
    answered.unwrap_or_else(|refused| refusal(&refused, call))
}

/// The controller whose token came with a call.
pub(crate) async fn bearing(app: &App, call: &Call) -> Result<Controller, Refused> {
    let bearer = Bearer::of(&call.headers).ok_or(Refused::Stranger)?;
    let partner = app.partners.bearing(&bearer).await?.ok_or(Refused::Stranger)?;
    match &partner.speaks {
        Speaks::OpenDsr { account } => Ok(Controller { account: account.clone(), partner }),
        Speaks::Drp { .. } => Err(Refused::Stranger),
    }
}

/// An answer with the signature of its body.
pub(crate) async fn signed<T: Serialize>(app: &App, status: StatusCode, body: &T) -> Result<Answer, Refused> {
    let mut answer = Answer::json(status, body);
    let signature = app.signer.sign(&answer.body).await?;
    for (names, value) in [(DOMAIN, app.domain.as_str()), (SIGNATURE, signature.as_str())] {
        let value = HeaderValue::from_str(value).map_err(|_| Refused::Unavailable)?;
        for name in names {
            answer.headers.insert(HeaderName::from_static(name), value.clone());
        }
    }
    Ok(answer)
}

#[derive(Serialize)]
struct Discovery {
    api_version: &'static str,
    supported_identities: Vec<SupportedIdentity>,
    supported_subject_request_types: [&'static str; 3],
    processor_certificate: String,
}

#[derive(Serialize)]
struct SupportedIdentity {
    identity_type: &'static str,
    identity_format: &'static str,
}

/// `GET /opendsr/v2/discovery`
async fn discover(app: &App) -> Result<Answer, Refused> {
    let pairs = opendsr::IDENTITY_TYPES.iter().flat_map(|&identity_type| {
        opendsr::IDENTITY_FORMATS
            .iter()
            .map(move |&identity_format| SupportedIdentity { identity_type, identity_format })
    });
    let discovery = Discovery {
        api_version: opendsr::VERSION,
        supported_identities: pairs.collect(),
        supported_subject_request_types: opendsr::REQUEST_TYPES,
        processor_certificate: format!("{}/opendsr/v2/key.pem", app.public_url),
    };
    signed(app, StatusCode::OK, &discovery).await
}

/// `GET /opendsr/v2/key.pem`: what verifies our signatures. It is the public key itself: the private one is KMS's and never leaves it, so there is no
/// request for a certificate that it could have signed with anything but a call of its own.
async fn show_key(app: &App) -> Result<Answer, Refused> {
    let mut answer = Answer::empty(StatusCode::OK);
    answer.body = app.signer.public_key().await?.into();
    answer.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/x-pem-file"));
    Ok(answer.with(header::CACHE_CONTROL, "public, max-age=300"))
}

/// An error, as the protocol has it (7.6).
#[derive(Serialize)]
struct Failed<'a> {
    error: Failure<'a>,
}

#[derive(Serialize)]
struct Failure<'a> {
    code: u16,
    message: &'a str,
}

fn refusal(refused: &Refused, call: &Call) -> Answer {
    let (status, message) = match refused {
        Refused::Stranger => {
            tracing::warn!(call = %call.id, "a controller was refused");
            (StatusCode::UNAUTHORIZED, "The token is not one of ours.")
        }
        Refused::Told(status, message) => (*status, *message),
        Refused::Method(_) => (StatusCode::METHOD_NOT_ALLOWED, "The method is not allowed here."),
        Refused::Unavailable => (StatusCode::SERVICE_UNAVAILABLE, "We cannot answer now."),
    };
    let answer = Answer::json(status, &Failed { error: Failure { code: status.as_u16(), message } });
    match refused {
        Refused::Stranger => answer.with(header::WWW_AUTHENTICATE, "Bearer realm=\"opendsr\""),
        Refused::Method(allowed) => answer.with(header::ALLOW, allowed),
        Refused::Unavailable => answer.with(header::RETRY_AFTER, "5"),
        Refused::Told(..) => answer,
    }
}
