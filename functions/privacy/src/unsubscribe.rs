//! The link in the foot of a letter: a page with a button, and what the button does (R010, R090; RFC 8058).
//!
//! Looking at the link changes nothing and asks nothing, because mail scanners look at links too. Whoever has the link may use it: it proves
//! nothing more than that a letter was read, and ends nothing but letters. What is answered is the same for every link that could be one, so that
//! nobody learns from it which are.

use cloud::{
    dynamo::{
        consents::{Circumstances, UnsubscribeItem},
        sign_ups::LinkToken,
        transaction::{self, TransactionError},
    },
    http::{Answer, Call, Code, Problem, link},
};
use domain::{
    consent::{Change, Form, Source, Subject, UNTOUCHED},
    id::ConsentId,
};
use http::StatusCode;

use crate::{
    App,
    centre::{is_page_wanted, letters},
    consents,
    requests::language,
};

/// Bytes of a body with a token or the mail program's words and nothing else.
const BODY_LIMIT: usize = 2_000;
/// What a mail program posts (RFC 8058, 3.1), in either of the two forms that it may have.
const ONE_CLICK: (&str, &str) = ("List-Unsubscribe", "One-Click");

/// What is told about a link, and what it did.
#[derive(serde::Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct Unsubscription {
    /// `pending` before the button is pressed, `unsubscribed` after.
    status: &'static str,
    detail: &'static str,
    /// What does not change.
    not_affected: &'static str,
}

/// `GET /privacy/unsubscribe`
pub(crate) fn show(call: &Call) -> Result<Answer, Problem> {
    let token = link::followed(call).ok_or(Code::NotFound)?;
    if is_page_wanted(call) {
        return Ok(letters::unsubscribe(language::of(call), &token).answer());
    }
    let detail = "POST to this address to get no more letters of any kind.";
    Ok(Answer::json(StatusCode::OK, &Unsubscription { status: "pending", detail, not_affected: UNTOUCHED }))
}

/// `POST /privacy/unsubscribe`: by the page's button, or by a mail program's.
pub(crate) async fn unsubscribe(app: &App, call: &Call) -> Result<Answer, Problem> {
    let (token, source) = posted(call)?;
    if let Some(linked) = app.consents.linked(&token).await.map_err(consents::unavailable)? {
        end(app, call, &linked, source).await?;
    }
    if is_page_wanted(call) {
        return Ok(letters::unsubscribed(language::of(call)).answer());
    }
    let detail = "You get no more letters.";
    Ok(Answer::json(StatusCode::OK, &Unsubscription { status: "unsubscribed", detail, not_affected: UNTOUCHED }))
}

async fn end(app: &App, call: &Call, linked: &UnsubscribeItem, source: Source) -> Result<(), Problem> {
    let how = Circumstances {
        at: app.clock.now(),
        form: Form::Unsubscribe,
        source,
        policy_version: None,
        language: language::of(call),
    };
    let opts_out = consents::asks_not_to_sell(call);
    let flag = match &linked.subject {
        Subject::Account(account) => app.accounts.unsubscribing(account, opts_out, how.at),
        Subject::Contact(contact) => app.consents.unsubscribing(contact, opts_out, how.at),
    };
    let changes = [Some(Change::Unsubscribed), opts_out.then_some(Change::Gpc)];
    let new_id = || ConsentId::from_uuid(app.clock.new_id());
    let add = |change| app.consents.adding(&linked.subject, new_id(), change, &how);
    let parts = std::iter::once(flag).chain(changes.into_iter().flatten().map(add)).collect();
    match transaction::write(&app.tables, parts).await {
        // It was done before, or there is nobody to write to any more.
        Ok(()) | Err(TransactionError::Condition(0)) => Ok(()),
        Err(_) => Err(Problem::unavailable()),
    }
}

/// The token of a POST, and who posts: a mail program says its two words and has the token in the address, the page's form has it in the body.
/// A body that says neither is nobody's wish.
fn posted(call: &Call) -> Result<(LinkToken, Source), Problem> {
    if call.body.len() > BODY_LIMIT {
        return Err(Code::BodyTooLarge.into());
    }
    let kind = call.header("content-type").unwrap_or_default().to_ascii_lowercase();
    if kind.starts_with("multipart/form-data") {
        // One part with one word: nothing is gained by reading it by the book.
        let text = String::from_utf8_lossy(&call.body);
        let is_one_click = text.contains(&format!("name=\"{}\"", ONE_CLICK.0)) && text.contains(ONE_CLICK.1);
        return match (is_one_click, link::followed(call)) {
            (true, Some(token)) => Ok((token, Source::OneClick)),
            _ => Err(Code::NotFound.into()),
        };
    }
    for (name, value) in url::form_urlencoded::parse(&call.body) {
        if (&*name, &*value) == ONE_CLICK {
            return link::followed(call).map(|token| (token, Source::OneClick)).ok_or(Code::NotFound.into());
        }
        if name == "token" {
            return LinkToken::parse(&value).map(|token| (token, Source::MailedLink)).ok_or(Code::NotFound.into());
        }
    }
    Err(Problem::field(
        "/token",
        "the field is required, or `List-Unsubscribe=One-Click` with the token in the address",
    ))
}
