//! One message: how the request stands now, and whether its partner knows that.

use std::time::Duration;

use bytes::Bytes;
use cloud::{
    dynamo::{Unavailable, partners::PartnerItem},
    partners::{About, CallbackMessage, may_call_back},
    sqs::Disposition,
};
use domain::{
    id::PrivacyRequestId,
    partner::{drp, opendsr},
};
use http::{HeaderMap, HeaderName, HeaderValue, header};
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use crate::{App, LONGEST_WAIT, RENEWED_AFTER, SHORTEST_WAIT};

/// For how long a request may not be there yet: its message is sent before it is written.
const WRITTEN_WITHIN: SignedDuration = SignedDuration::from_mins(10);
/// How often a message is sent anew whose partner takes nothing: for nine days it is tried. The partner can still ask.
const RENEWALS: u8 = 2;

/// What is to be told.
struct News {
    /// By which it is known whether it was told.
    name: String,
    /// Whether nothing can follow.
    is_end: bool,
    /// Where to, and what.
    posts: Vec<(String, Bytes)>,
    /// Whether it is signed: a controller's protocol wants that, an agent's knows nothing of it.
    signed: bool,
}

/// See the module.
pub(crate) async fn work(app: &App, message: &CallbackMessage) -> Disposition {
    match tell(app, message).await {
        Ok(disposition) => disposition,
        Err(Unavailable) => Disposition::Retry("a table, a queue or a key could not be asked"),
    }
}

async fn tell(app: &App, message: &CallbackMessage) -> Result<Disposition, Unavailable> {
    let now = app.clock.now();
    let Some(partner) = app.partners.get(&message.partner).await? else {
        return Ok(Disposition::GiveUp("there is no such partner any more"));
    };
    let news = match &message.about {
        About::Request(request) => of_request(app, &partner, request).await?,
        About::Instruction(name) => of_instruction(app, &partner, name).await?,
    };
    let Some(news) = news else {
        if now.duration_since(message.begun_at) < WRITTEN_WITHIN {
            return Ok(Disposition::RetryAfter(SHORTEST_WAIT, "the request is not there yet"));
        }
        return Ok(Disposition::GiveUp("the request was never written"));
    };
    let known = message.told.as_ref() == Some(&news.name);
    if !known && !all_told(app, &partner, &news).await? {
        return wait(app, message, now, message.renewed + 1, "a partner did not take what it was told").await;
    }
    if news.is_end {
        return Ok(Disposition::Done);
    }
    if known {
        return wait(app, message, now, 0, "nothing has changed").await;
    }
    // What was told stands in a new message before the old one goes.
    let told = CallbackMessage { told: Some(news.name), sent_at: now, renewed: 0, ..message.clone() };
    app.callbacks.send(&told).await?;
    Ok(Disposition::Done)
}

/// Looks again later. A message that its queue would soon forget is sent anew, for the `renewed`th time that its partner takes nothing.
async fn wait(
    app: &App,
    message: &CallbackMessage,
    now: Timestamp,
    renewed: u8,
    why: &'static str,
) -> Result<Disposition, Unavailable> {
    let age = |since: Timestamp| Duration::try_from(now.duration_since(since)).unwrap_or_default();
    if age(message.sent_at) >= RENEWED_AFTER {
        if renewed > RENEWALS {
            return Ok(Disposition::GiveUp("a partner has not taken for days what it was told"));
        }
        app.callbacks.send(&CallbackMessage { sent_at: now, renewed, ..message.clone() }).await?;
        return Ok(Disposition::Done);
    }
    let wait = (age(message.begun_at) / 10).clamp(SHORTEST_WAIT, LONGEST_WAIT);
    Ok(Disposition::RetryAfter(wait, why))
}

/// How a request of an agent stands: the answer that it gets when it asks.
async fn of_request(app: &App, agent: &PartnerItem, request: &PrivacyRequestId) -> Result<Option<News>, Unavailable> {
    let Some(request) = app.requests.get(request).await? else { return Ok(None) };
    let standing = app.standings.of_request(&agent.id, &request).await?;
    // Statuses and reasons are single words.
    let name = serde_json::to_string(&(standing.status, standing.reason)).unwrap_or_default();
    let posts = standing.callback.iter().map(|url| (url.clone(), json(&standing))).collect();
    let is_end = !matches!(standing.status, drp::Status::Open | drp::Status::InProgress);
    Ok(Some(News { name, is_end, posts, signed: false }))
}

/// What a controller is told (OpenDSR 8.6).
#[derive(Serialize)]
struct Callback<'a> {
    controller_id: &'a str,
    status_callback_url: &'a str,
    subject_request_id: &'a str,
    request_status: opendsr::Status,
    expected_completion_time: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    results_count: Option<u32>,
}

async fn of_instruction(app: &App, controller: &PartnerItem, name: &str) -> Result<Option<News>, Unavailable> {
    let Some(name) = opendsr::uuid_v4(name) else { return Ok(None) };
    let Some(item) = app.partners.instruction(&controller.id, &name).await? else { return Ok(None) };
    let standing = app.standings.of_instruction(&item).await?;
    let posts = item.callbacks.iter().map(|url| {
        let callback = Callback {
            controller_id: controller.id.as_str(),
            status_callback_url: url,
            subject_request_id: &item.id,
            request_status: standing.status,
            expected_completion_time: item.due_at.to_string(),
            results_count: standing.results,
        };
        (url.clone(), json(&callback))
    });
    Ok(Some(News {
        name: serde_json::to_string(&standing.status).unwrap_or_default(),
        is_end: standing.status.is_end(),
        posts: posts.collect(),
        signed: true,
    }))
}

/// Calls every address once. One that is registered no more is left out: the partner's item decides, now as when the request was made.
async fn all_told(app: &App, partner: &PartnerItem, news: &News) -> Result<bool, Unavailable> {
    let mut all = true;
    for (address, body) in &news.posts {
        if !may_call_back(&partner.callback_origins, address, app.loopback) {
            continue;
        }
        let Ok(url) = address.parse() else { continue };
        let headers = headers(app, news, body).await?;
        let posted = app.egress.post(&url, headers, body.clone()).await;
        let taken = posted.status.is_some_and(|status| status.is_success());
        if !taken {
            let status = posted.status.map(|status| status.as_u16());
            tracing::warn!(partner = %partner.id, status, error = posted.error.map(tracing::field::display), "a callback was not taken");
        }
        all &= taken;
    }
    Ok(all)
}

async fn headers(app: &App, news: &News, body: &Bytes) -> Result<HeaderMap, Unavailable> {
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if news.signed {
        let signature = app.signer.sign(body).await?;
        for (name, value) in [
            ("x-opendsr-processor-domain", app.domain.as_str()),
            ("x-opengdpr-processor-domain", app.domain.as_str()),
            ("x-opendsr-signature", signature.as_str()),
            ("x-opengdpr-signature", signature.as_str()),
        ] {
            let value = HeaderValue::from_str(value).map_err(|_| Unavailable)?;
            headers.insert(HeaderName::from_static(name), value);
        }
    }
    Ok(headers)
}

/// Our own bodies always serialise.
fn json<T: Serialize>(body: &T) -> Bytes {
    serde_json::to_vec(body).unwrap_or_default().into()
}
