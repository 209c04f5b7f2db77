//! What a person does with a request: looks at it, takes it back, appeals, fetches the answer, has the link mailed again.

use std::time::Duration;

use cloud::{
    dynamo::{
        counts::Counted,
        proofs::LINKS,
        requests::{AdvanceError, Debt, SubjectRequestItem, VerificationItem, With},
    },
    http::{Answer, Call, Code, Problem, link},
    request_secrets::same,
    requests::export_key,
};
use domain::{
    id::PrivacyRequestId,
    request::{Letter, State, Step},
};
use http::{StatusCode, header};
use jiff::Timestamp;

use super::{
    TRIES,
    intake::{COUNTED, PER_BOTH},
    language, not_taken,
    session::{self, Visit},
    settle,
    shown::Shown,
    unavailable,
};
use crate::{
    App,
    centre::{in_words, is_page_wanted, status},
};

/// For how long the address of a file holds.
const FETCHED_WITHIN: Duration = Duration::from_secs(5 * 60);

/// `GET /privacy/requests/{request}`
pub(crate) async fn show(app: &App, call: &Call, id: &PrivacyRequestId) -> Result<Answer, Problem> {
    let Visit { request, proof } = session::visit(app, call, id).await?;
    Ok(answer(app, call, StatusCode::OK, &Shown::new(&request, Some(&proof), app.clock.now()), None))
}

/// A request as JSON, or as its page, with what is told of it now in both languages.
fn answer(
    app: &App,
    call: &Call,
    status: StatusCode,
    shown: &Shown,
    told: Option<(&'static str, &'static str)>,
) -> Answer {
    if is_page_wanted(call) { page(app, call, shown, told) } else { Answer::json(status, shown) }
}

/// The page of a request.
pub(super) fn page(app: &App, call: &Call, shown: &Shown, told: Option<(&'static str, &'static str)>) -> Answer {
    let language = language::of(call);
    let told = told.map(|(english, french)| in_words(language, english, french));
    status::page(language, shown, told, link::followed(call).as_ref(), app.exports.origin()).answer()
}

/// `POST /privacy/requests/{request}/cancel`
pub(crate) async fn cancel(app: &App, call: &Call, id: &PrivacyRequestId) -> Result<Answer, Problem> {
    let told = ("Your request was taken back.", "Votre demande a été retirée.");
    take(app, call, id, Step::Cancel, told).await
}

/// `POST /privacy/requests/{request}/appeal`
pub(crate) async fn appeal(app: &App, call: &Call, id: &PrivacyRequestId) -> Result<Answer, Problem> {
    let Visit { request, .. } = session::visit(app, call, id).await?;
    if request.ground.is_some_and(|ground| !ground.may_be_appealed()) {
        return Err(Problem::new(Code::Conflict).detail("nothing was decided here that could be appealed"));
    }
    let told = ("Your appeal came in.", "Votre recours est arrivé.");
    take(app, call, id, Step::Appeal, told).await
}

async fn take(
    app: &App,
    call: &Call,
    id: &PrivacyRequestId,
    step: Step,
    told: (&'static str, &'static str),
) -> Result<Answer, Problem> {
    for _ in 0..TRIES {
        let Visit { request, proof } = session::visit(app, call, id).await?;
        let now = app.clock.now();
        match app.requests.advance(&request, step, With::default(), now).await {
            Ok(request) => {
                settle(app, id).await;
                return Ok(answer(app, call, StatusCode::OK, &Shown::new(&request, Some(&proof), now), Some(told)));
            }
            Err(AdvanceError::Changed) => {}
            Err(error) => return Err(not_taken(error)),
        }
    }
    Err(Problem::unavailable())
}

/// `POST /privacy/requests/{request}/link`: the letter is mailed again whose link is waited for. One that proves the mailbox has another link then.
pub(crate) async fn mail_link(app: &App, call: &Call, id: &PrivacyRequestId) -> Result<Answer, Problem> {
    for _ in 0..TRIES {
        let Visit { request, proof } = session::visit(app, call, id).await?;
        let now = app.clock.now();
        let (Some(letter), Some(email)) = (waited_for(&request, &proof, now), request.email.as_ref()) else {
            return Err(Problem::new(Code::Conflict).detail("no link of a letter is waited for"));
        };
        let proves = letter == Letter::Received;
        let both = Counted::by_both(COUNTED, call.source, email, now);
        if (proves && proof.links >= LINKS) || app.counts.add(&both).await.map_err(unavailable)? > PER_BOTH {
            return Err(Problem::new(Code::RateLimited).retry_after(both.left(now)));
        }
        let number = request.owed;
        match app.requests.note(&request, Some(Debt::Letter(letter)), now).await {
            Ok(request) => {
                if proves {
                    let secrets = app.secrets.of(id).await.map_err(unavailable)?;
                    app.proofs.another_link(id, &secrets.link(number).hash()).await.map_err(unavailable)?;
                }
                settle(app, id).await;
                let proof = app.requests.proof(id).await.map_err(unavailable)?;
                let told = ("Another letter is on its way.", "Une autre lettre est en route.");
                let shown = Shown::new(&request, proof.as_ref(), now);
                return Ok(answer(app, call, StatusCode::ACCEPTED, &shown, Some(told)));
            }
            Err(AdvanceError::Changed) => {}
            Err(error) => return Err(not_taken(error)),
        }
    }
    Err(Problem::unavailable())
}

/// The letter whose link a request waits for: the one that proves the mailbox, or the one with which the answer is fetched.
fn waited_for(request: &SubjectRequestItem, proof: &VerificationItem, now: Timestamp) -> Option<Letter> {
    if Shown::new(request, Some(proof), now).can_download {
        return Some(Letter::Ready);
    }
    let waits = request.waits_until.is_none_or(|until| until > now);
    (request.state == State::AwaitingVerification && waits && !proof.mailbox).then_some(Letter::Received)
}

/// `POST /privacy/requests/{request}/download`: an address for a few minutes, made on the click. The session may have been taken from a browser
/// since the request was made, so the mailbox is proven again: by the token of the letter that the answer is there (`privacy.md` D.7). The first
/// time is told by mail.
pub(crate) async fn download(app: &App, call: &Call, id: &PrivacyRequestId) -> Result<Answer, Problem> {
    for _ in 0..TRIES {
        let Visit { request, proof } = session::visit(app, call, id).await?;
        let now = app.clock.now();
        if !Shown::new(&request, Some(&proof), now).can_download {
            return Err(Problem::new(Code::Conflict).detail("there is no file to be fetched"));
        }
        let secrets = app.secrets.of(id).await.map_err(unavailable)?;
        if !same(&link::posted(call)?.hash(), &secrets.answer().hash()) {
            return Err(Code::LinkExpired.into());
        }
        let first = (request.downloads == 0).then_some(Debt::Letter(Letter::Downloaded));
        let counted = SubjectRequestItem { downloads: request.downloads.saturating_add(1), ..request };
        match app.requests.note(&counted, first, now).await {
            Ok(_) => {
                if first.is_some() {
                    settle(app, id).await;
                }
                let address = app.exports.presigned(&export_key(id), FETCHED_WITHIN, "your-data.zip");
                return Ok(Answer::empty(StatusCode::FOUND)
                    .with(header::LOCATION, &address)
                    .with(header::REFERRER_POLICY, "no-referrer"));
            }
            Err(AdvanceError::Changed) => {}
            Err(error) => return Err(not_taken(error)),
        }
    }
    Err(Problem::unavailable())
}
