//! A request comes in.

use cloud::{
    dynamo::{
        counts::Counted,
        requests::{NewRequest, SubjectRequestItem, VerificationItem},
        sign_ups::LinkToken,
    },
    http::{Answer, Call, Code, Problem},
};
use domain::{
    id::PrivacyRequestId,
    request::{Channel, Kind},
};
use http::StatusCode;
use jiff::Timestamp;
use secrecy::ExposeSecret;

use super::{form, language, session, settle, unavailable};
use crate::{
    App,
    centre::{self, is_page_wanted, pages},
};

/// What requests are counted as.
pub(super) const COUNTED: &str = "request";
/// Requests from one source within a quarter of an hour.
const PER_SOURCE: u32 = 10;
/// Letters that one source can have sent to one address within a day. Whoever asks in somebody else's name uses up no more than these: the
/// person's own request, from another source, has its letter.
pub(super) const PER_BOTH: u32 = 3;
/// Letters to one address within a day, from wherever: the last brake, for the mailbox's sake.
const PER_ADDRESS: u32 = 100;

/// What is answered to a request, known address or not.
#[derive(serde::Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "SubjectRequestReceived"))]
pub(crate) struct Received {
    pub(crate) id: PrivacyRequestId,
    pub(crate) kind: Kind,
    /// Opens the request, as the header `Privacy-Session`. A browser has it as a cookie. It is shown this once.
    #[cfg_attr(feature = "schema", schemars(regex(pattern = "^[A-Za-z0-9_-]{43}$")))]
    session: String,
    /// What the page behind the mailed link asks for where it is opened without the session. It is shown this once.
    #[cfg_attr(feature = "schema", schemars(regex(pattern = "^[0-9]{6}$")))]
    pub(crate) code: String,
    /// By when it must be answered.
    pub(crate) due_at: Timestamp,
    detail: &'static str,
}

/// `POST /privacy/requests`
pub(crate) async fn take(app: &App, call: &Call) -> Result<Answer, Problem> {
    let wish = match form::wish(call) {
        Err(problem) if call.is_form() && is_page_wanted(call) && problem.code == Code::ValidationFailed => {
            return Ok(centre::form::again(call, language::of(call), &problem).answer());
        }
        read => read?,
    };
    let now = app.clock.now();
    let source = Counted::by_source(COUNTED, call.source, now);
    if app.counts.add(&source).await.map_err(unavailable)? > PER_SOURCE {
        return Err(Problem::new(Code::RateLimited).retry_after(source.left(now)));
    }
    let both = app.counts.add(&Counted::by_both(COUNTED, call.source, &wish.email, now)).await.map_err(unavailable)?;
    let all = app.counts.add(&Counted::by_address(COUNTED, &wish.email, now)).await.map_err(unavailable)?;
    let is_mailed = both <= PER_BOTH && all <= PER_ADDRESS;

    let id = PrivacyRequestId::from_uuid(app.clock.new_id());
    let secrets = app.secrets.of(&id).await.map_err(unavailable)?;
    let (code, session) = (secrets.code(), secrets.session());
    let (kind, given) = (wish.kind, wish.given);
    let mut request = SubjectRequestItem::new(NewRequest {
        id: id.clone(),
        kind,
        channel: if call.is_form() { Channel::Page } else { Channel::Api },
        regime: wish.regime,
        language: wish.language,
        received_at: now,
        taken_at: now,
        email: wish.email,
        corrections: wish.corrections,
        partner: None,
    });
    if !is_mailed {
        // It is there all the same: its page can ask for the letter tomorrow, and the letter's time is told there.
        request = request.unanswered();
    }
    let mut proof = VerificationItem::new(&id, &secrets, Some(code.expose_secret()), request.link(), now);
    proof.declared = wish.declared;
    proof.factors = given.iter().filter_map(|(factor, text)| Some((*factor, secrets.factor(*factor, text)?))).collect();
    let due_at = request.due_at;
    // An id that is there already would be one that somebody else was given.
    if !app.requests.open(&request, Some(&proof), Vec::new()).await.map_err(unavailable)? {
        return Err(Problem::unavailable());
    }
    settle(app, &id).await;
    let received = Received {
        id,
        kind,
        session: session.reveal().to_owned(),
        code: code.expose_secret().to_owned(),
        due_at,
        detail: "A letter is on its way to the address.",
    };
    Ok(answer(call, &received, &session))
}

fn answer(call: &Call, received: &Received, session: &LinkToken) -> Answer {
    let answer = if is_page_wanted(call) {
        let Received { id, kind, code, due_at, .. } = received;
        pages::received(language::of(call), id, *kind, code, *due_at).status(StatusCode::ACCEPTED).answer()
    } else {
        Answer::json(StatusCode::ACCEPTED, received)
    };
    session::give(answer, &received.id, session)
}
