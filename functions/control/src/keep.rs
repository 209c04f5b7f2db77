//! The mailed link that keeps an account which nobody uses (R022). Looking at it changes nothing: mail scanners look at every link.

use cloud::{
    clock::day_of,
    http::{Answer, Call, Code, Problem, html, link},
};
use http::StatusCode;

use crate::{App, serving::unavailable, sign_up::Pending};

/// `GET /v1/accounts/keep`: asks nobody and changes nothing.
pub(crate) fn show_link(call: &Call) -> Result<Answer, Problem> {
    let token = link::followed(call).ok_or(Code::LinkExpired)?;
    if !html::is_wanted(call) {
        let body = Pending { status: "pending", detail: "POST the token here to keep the account." };
        return Ok(Answer::json(StatusCode::OK, &body));
    }
    // The token's alphabet needs no escaping, and nothing else of the call is repeated.
    let body = format!(
        "<p>Press the button to keep your account. It is deleted otherwise, as our mail says.</p>\
         <form method=\"post\" action=\"keep\"><input type=\"hidden\" name=\"token\" value=\"{}\"><button>Keep my account</button></form>",
        token.reveal()
    );
    Ok(html::page(StatusCode::OK, "Keep your account", &body))
}

/// An account that is kept.
#[derive(serde::Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "AccountKept"))]
pub(crate) struct Kept {
    status: &'static str,
    detail: &'static str,
}

/// `POST /v1/accounts/keep`: counts as a use of the account, like any call with one of its keys. It may be done again.
pub(crate) async fn follow_link(app: &App, call: &Call) -> Result<Answer, Problem> {
    let token = link::posted(call)?;
    let now = app.clock.now();
    let id = app.keep_links.find(&token, now).await.map_err(unavailable)?.ok_or(Code::LinkExpired)?;
    let today = day_of(now);
    if !app.accounts.note_active(&id, today).await.map_err(unavailable)? {
        // It was used today already, or there is nothing left to keep.
        let account = app.accounts.get(&id).await.map_err(unavailable)?;
        account.filter(|account| account.closing_since.is_none()).ok_or(Code::LinkExpired)?;
    }
    let detail = "The account is kept. We write again only when nobody has used it for another 90 days.";
    if html::is_wanted(call) {
        return Ok(html::page(StatusCode::OK, "Your account is kept", &format!("<p>{detail}</p>")));
    }
    Ok(Answer::json(StatusCode::OK, &Kept { status: "kept", detail }))
}
