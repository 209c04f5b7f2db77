//! What a request owes: time that is over, letters, the beginning of the work (`privacy.md` D.3).
//!
//! What was written when a step was taken is carried out here, and struck out when it has happened. Whoever dies in between leaves it standing; the
//! message comes again, or the sweep sends another.

use cloud::{
    boot::Budget,
    dynamo::{
        Unavailable,
        requests::{AdvanceError, Debt, SubjectRequestItem, With},
    },
    requests::{RequestMessage, export_key},
    sqs::Disposition,
};
use domain::{id::PrivacyRequestId, request::Step};

use crate::{App, receipt, run};

/// Another copy of a message has changed the request since it was read.
pub(crate) const CHANGED: Disposition = Disposition::Retry("the request was changed meanwhile");

/// Does what a message says.
pub(crate) async fn work(app: &App, message: &RequestMessage, budget: Budget) -> Disposition {
    let done = settle(app, &message.request, budget).await;
    done.unwrap_or(Disposition::Retry("a table, a queue or the bucket could not be asked"))
}

async fn settle(app: &App, id: &PrivacyRequestId, budget: Budget) -> Result<Disposition, Unavailable> {
    let Some(request) = app.requests.get(id).await? else {
        return Ok(Disposition::GiveUp("there is no such request"));
    };
    let Some(request) = after_its_time(app, request).await? else { return Ok(CHANGED) };
    for owed in &request.outbox {
        // Before the letter that tells of it, so that whoever follows that finds the receipt.
        receipt::note(app, &request, *owed).await?;
        // The same one each time, so that one mail goes out. Nobody is left to be written to where the request has ended long ago. That work
        // begins owes nothing more than its link in the chain: its places say how far it is.
        if let Debt::Letter(letter) = owed.what
            && let Some(mail) = app.letters.write(&request, *owed, letter).await?
        {
            app.mails.send(&mail).await?;
        }
    }
    if request.state.is_end() && request.kind.discloses() {
        // The time in which it could be fetched is over. The bucket would forget it by itself, some day later.
        app.exports.delete(&export_key(&request.id)).await?;
    }
    if !request.outbox.is_empty() {
        match app.requests.settled(&request, &request.outbox, app.clock.now()).await {
            Ok(_) => {}
            Err(AdvanceError::Unavailable(unavailable)) => return Err(unavailable),
            Err(AdvanceError::Changed | AdvanceError::Refused(_)) => return Ok(CHANGED),
        }
    }
    if request.state.is_at_work() { run::go_on(app, id, budget).await } else { Ok(Disposition::Done) }
}

/// The request with the step that follows when the time of its state is over; nothing where it was changed meanwhile.
async fn after_its_time(app: &App, request: SubjectRequestItem) -> Result<Option<SubjectRequestItem>, Unavailable> {
    let now = app.clock.now();
    if request.waits_until.is_none_or(|until| until > now) {
        return Ok(Some(request));
    }
    match app.requests.advance(&request, Step::TimeOver, With::default(), now).await {
        Ok(after) => Ok(Some(after)),
        // Its state waits for somebody, and not for a time.
        Err(AdvanceError::Refused(_)) => Ok(Some(request)),
        Err(AdvanceError::Changed) => Ok(None),
        Err(AdvanceError::Unavailable(unavailable)) => Err(unavailable),
    }
}
