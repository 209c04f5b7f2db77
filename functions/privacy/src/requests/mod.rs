//! Requests of people about their own data: taken in, proven, shown, taken back, appealed, fetched (`privacy.md` D.3, D.4).
//!
//! What is answered, and what is done for it, is the same whether or not the address is known here: until the mailbox is proven no account is
//! looked for. What follows from a step is the kernel's to say ([`domain::request::step`]); what it owes is done by another function, which is told
//! after every write and reminded by a sweep.

pub(crate) mod form;
pub(crate) mod intake;
pub(crate) mod language;
pub(crate) mod receipt;
pub(crate) mod session;
pub(crate) mod shown;
pub(crate) mod steps;
pub(crate) mod verification;

use cloud::{
    dynamo::requests::AdvanceError,
    http::{Code, Problem},
    requests::RequestMessage,
};
use domain::{id::PrivacyRequestId, request::Refused};

use crate::App;

/// How often a step is tried again where the request was changed meanwhile.
const TRIES: u32 = 4;

/// Has done what the request owes. What cannot be said now a sweep says later.
async fn settle(app: &App, request: &PrivacyRequestId) {
    let message = RequestMessage { request: request.clone() };
    if app.request_messages.send(&message).await.is_err() {
        tracing::warn!(%request, "what a request owes waits for the sweep");
    }
}

/// "Could not check" is 503 (invariant 6).
fn unavailable(_: cloud::dynamo::Unavailable) -> Problem {
    Problem::unavailable()
}

/// Why a step was not taken, as its caller is told.
fn not_taken(error: AdvanceError) -> Problem {
    match error {
        AdvanceError::Refused(refused) => {
            let detail = match refused {
                Refused::Begun => "the erasure has begun and cannot be stopped any more",
                Refused::Late => "the time for this is over",
                Refused::State | Refused::Early | Refused::SameReviewer => "the request is not where this can be done",
            };
            Problem::new(Code::Conflict).detail(detail)
        }
        AdvanceError::Changed | AdvanceError::Unavailable(_) => Problem::unavailable(),
    }
}
