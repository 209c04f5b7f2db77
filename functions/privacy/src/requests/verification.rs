//! Who asks is proven (`privacy.md` D.4): by the mailbox, by things that match what we hold, by a declaration.
//!
//! Following the link with GET changes nothing and tells nothing, because mail scanners follow links too. What proves the mailbox is the link
//! together with what only the browser of who asked has: its session, or the six digits that it was shown.

use cloud::{
    dynamo::{
        accounts::AccountItem,
        counts::Counted,
        proofs::{ATTEMPTS, Shown as Tried, Try},
        requests::{AdvanceError, SubjectRequestItem, VerificationItem, With},
        sign_ups::LinkToken,
    },
    http::{Answer, Call, Code, Problem},
    request_secrets::{RequestSecrets, read_path, same},
};
use domain::{
    account::EmailAddress,
    id::PrivacyRequestId,
    request::{Doubt, Evidence, Factor, Level, Refused, Step, life::Assessment, required},
};
use http::{StatusCode, header};

use super::{TRIES, form::Proof, language, not_taken, session, settle, shown::Shown, steps, unavailable};
use crate::{
    App,
    centre::{is_page_wanted, pages},
};

/// What failed proofs are counted as.
const FAILED: &str = "request-failed";

/// What waits behind a link.
#[derive(serde::Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "RequestLink"))]
pub(crate) struct Pending {
    status: &'static str,
    detail: &'static str,
}

/// What came of a proof.
#[derive(serde::Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "SubjectRequestProven"))]
pub(crate) struct Proven {
    #[serde(flatten)]
    pub(crate) request: Shown,
    /// Opens the request, as when it was made: whoever has proven the mailbox may have done so in another browser.
    session: String,
}

/// `GET /privacy/verify/{token}`: asks nobody and changes nothing, whatever the token.
pub(crate) fn show(call: &Call) -> Answer {
    if is_page_wanted(call) {
        return pages::verify(language::of(call), &call.path, false).answer();
    }
    let body = Pending {
        status: "pending",
        detail: "POST here to prove the mailbox, with the session of the request or the six digits that were shown with it.",
    };
    // The address holds the token.
    Answer::json(StatusCode::OK, &body).with(header::REFERRER_POLICY, "no-referrer")
}

/// `POST /privacy/verify/{token}`
pub(crate) async fn prove(app: &App, call: &Call, token: &str) -> Result<Answer, Problem> {
    let (id, token) = read_path(token).ok_or(Code::LinkExpired)?;
    let given = Proof::of(call)?;
    let link = token.hash();
    let proof = match app.proofs.try_once(&id, Tried::Link(&link)).await.map_err(unavailable)? {
        Try::Counted(proof) => *proof,
        Try::TooMany => return Err(used_up()),
        Try::Unknown => return Err(Code::LinkExpired.into()),
    };
    let secrets = app.secrets.of(&id).await.map_err(unavailable)?;
    let shown = session::shown(call, &id).is_some_and(|session| same(&session.hash(), &proof.session));
    let knows = |hash: &String| given.code.as_ref().is_some_and(|code| same(hash, &secrets.code_hash(code.trim())));
    // Where an agent asked nobody was shown a code, and the link's letter says so.
    if !shown && !proof.code.as_ref().is_none_or(knows) {
        if proof.attempts >= ATTEMPTS {
            fail(app, call, &id).await?;
            return Err(used_up());
        }
        if is_page_wanted(call) {
            return Ok(pages::verify(language::of(call), &call.path, true)
                .status(StatusCode::UNPROCESSABLE_ENTITY)
                .answer());
        }
        return Err(Problem::field("/code", "is not the code that was shown when the request was made"));
    }
    if !app.proofs.follow(&id, &link).await.map_err(unavailable)? {
        return Err(Code::LinkExpired.into());
    }
    assess(app, call, &secrets, VerificationItem { mailbox: true, ..proof }, &id, &given).await
}

/// `POST /privacy/requests/{request}/confirm`: more that proves who asks, once the mailbox is proven.
pub(crate) async fn confirm(app: &App, call: &Call, id: &PrivacyRequestId) -> Result<Answer, Problem> {
    let visit = session::visit(app, call, id).await?;
    let given = Proof::of(call)?;
    if !visit.proof.mailbox {
        return Err(Problem::new(Code::Conflict).detail("the mailbox is proven first, by the link that was mailed"));
    }
    let proof = match app.proofs.try_once(id, Tried::Session(&visit.proof.session)).await.map_err(unavailable)? {
        Try::Counted(proof) => *proof,
        Try::TooMany => return Err(used_up()),
        Try::Unknown => return Err(Code::NotFound.into()),
    };
    let secrets = app.secrets.of(id).await.map_err(unavailable)?;
    assess(app, call, &secrets, proof, id, &given).await
}

fn used_up() -> Problem {
    Problem::new(Code::Conflict).detail("all tries to prove who asks are used up; the request can be made again")
}

/// Compares what is given with what is held and, where that is enough, proves the request.
async fn assess(
    app: &App,
    call: &Call,
    secrets: &RequestSecrets,
    proof: VerificationItem,
    id: &PrivacyRequestId,
    given: &Proof,
) -> Result<Answer, Problem> {
    for _ in 0..TRIES {
        let Some(mut request) = app.requests.get(id).await.map_err(unavailable)? else {
            return Err(Code::NotFound.into());
        };
        let Some(email) = request.email.clone() else { return Err(Code::LinkExpired.into()) };
        let account = app.accounts.of_address(&email).await.map_err(unavailable)?;
        let evidence = Evidence {
            mailbox: true,
            matched: account.as_ref().map_or(0, |account| matched(secrets, &proof, given, account, &request)),
            declared: proof.declared || given.declaration,
            reviewed: false,
        };
        request.required = required(request.kind, doubt(app, call, &email).await?);
        let assessment = match account {
            None => Assessment::NothingHeld,
            // A person of ours looks at it after the proof, not in place of it.
            Some(_) if evidence.level() < request.required.min(Level::High) => {
                if proof.attempts >= ATTEMPTS {
                    fail(app, call, id).await?;
                    return Err(used_up());
                }
                return Ok(answer(app, call, &request, &proof, &secrets.session()));
            }
            Some(_) => Assessment::Clear,
        };
        let with = With { proven: Some((account.map(|account| account.id), evidence)), ..With::default() };
        match app.requests.advance(&request, Step::Prove(assessment), with, app.clock.now()).await {
            Ok(proven) => {
                app.proofs.spend(id).await.map_err(unavailable)?;
                settle(app, id).await;
                return Ok(answer(app, call, &proven, &proof, &secrets.session()));
            }
            Err(AdvanceError::Changed) => {}
            Err(AdvanceError::Refused(Refused::Late)) => return Err(Code::LinkExpired.into()),
            Err(error) => return Err(not_taken(error)),
        }
    }
    Err(Problem::unavailable())
}

fn answer(
    app: &App,
    call: &Call,
    request: &SubjectRequestItem,
    proof: &VerificationItem,
    session: &LinkToken,
) -> Answer {
    let shown = Shown::new(request, Some(proof), app.clock.now());
    let answer = if is_page_wanted(call) {
        let told =
            request.verified_at.is_some().then_some(("Your request is confirmed.", "Votre demande est confirmée."));
        steps::page(app, call, &shown, told)
    } else {
        Answer::json(StatusCode::OK, &Proven { request: shown, session: session.reveal().to_owned() })
            .with(header::REFERRER_POLICY, "no-referrer")
    };
    session::give(answer, &request.id, session)
}

/// How many of the things that were given match what the account has: each is compared, whatever the others gave.
fn matched(
    secrets: &RequestSecrets,
    proof: &VerificationItem,
    given: &Proof,
    account: &AccountItem,
    request: &SubjectRequestItem,
) -> u8 {
    let now_given = given.given();
    let mut count = 0;
    for factor in Factor::ALL {
        let held = match factor {
            Factor::Name => account.name.as_str(),
            Factor::Phone => account.phone.as_str(),
            Factor::Company => account.company.as_str(),
            Factor::Website => account.website.as_str(),
            Factor::Account => account.id.as_str(),
        };
        let Some(held) = secrets.factor(factor, held) else { continue };
        let now = now_given.iter().filter(|(of, _)| *of == factor).filter_map(|(_, text)| secrets.factor(factor, text));
        let fits = now.chain(proof.factors.get(&factor).cloned()).fold(false, |fits, given| fits | same(&held, &given));
        let contested = request.corrections.iter().any(|wrong| factor.is_contested_by(wrong.field));
        count += u8::from(fits & !contested);
    }
    count
}

/// What speaks against who asks (R067). An account's address cannot be changed, so that none is new.
async fn doubt(app: &App, call: &Call, email: &EmailAddress) -> Result<Doubt, Problem> {
    let now = app.clock.now();
    let by_address = app.counts.get(&Counted::by_address(FAILED, email, now)).await.map_err(unavailable)?;
    let by_source = app.counts.get(&Counted::by_source(FAILED, call.source, now)).await.map_err(unavailable)?;
    Ok(Doubt { new_address: false, failed_before: by_address > 0 || by_source > 0 })
}

/// Proving has failed for good.
async fn fail(app: &App, call: &Call, id: &PrivacyRequestId) -> Result<(), Problem> {
    for _ in 0..TRIES {
        let Some(request) = app.requests.get(id).await.map_err(unavailable)? else { return Ok(()) };
        let now = app.clock.now();
        match app.requests.advance(&request, Step::FailProof, With::default(), now).await {
            Ok(_) => {
                if let Some(email) = &request.email {
                    app.counts.add(&Counted::by_address(FAILED, email, now)).await.map_err(unavailable)?;
                }
                app.counts.add(&Counted::by_source(FAILED, call.source, now)).await.map_err(unavailable)?;
                app.proofs.spend(id).await.map_err(unavailable)?;
                settle(app, id).await;
                return Ok(());
            }
            Err(AdvanceError::Changed) => {}
            // Somebody else was quicker.
            Err(AdvanceError::Refused(_)) => return Ok(()),
            Err(error) => return Err(not_taken(error)),
        }
    }
    Err(Problem::unavailable())
}
