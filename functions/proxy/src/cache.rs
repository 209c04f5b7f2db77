//! Reads that may be answered with what the store said minutes ago, where its owner wants that (R141–R143), and conditional reads.
//!
//! Who may read was decided before anything here is looked at. One entry serves every selection of fields, so with the cache on whole objects
//! are read and the fields are cut out of them.

use std::time::Duration;

use bytes::Bytes;
use cloud::{
    cache::{Found, Place},
    http::{Answer, Call, Code, Problem, tag},
    journal::Trace,
};
use connectors::{Fields, RawPath, Target};
use domain::{
    cache::{Caching, of, touched_by},
    model::Entity,
};
use http::{HeaderName, Method, StatusCode, header};

use crate::{
    App,
    access::Access,
    restriction,
    unified::{self, Asked},
};

/// What a caller's `Cache-Control` asks for (RFC 9111, 5.2.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wish {
    /// Nothing: an answer from the cache is welcome.
    Any,
    /// `no-cache`, or `max-age=0`: ask the store, and keep what it says.
    Fresh,
    /// `no-store`: ask the store, and keep nothing.
    Unkept,
}

/// How an answer came about, as `X-Cache` tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Came {
    /// From the cache.
    Hit(Duration),
    /// From the store, and into the cache.
    Miss(Duration),
    /// From the store, past the cache.
    Bypass,
}

/// Reads from the cache if it may, else from the store.
pub(crate) async fn read(
    app: &App,
    call: &Call,
    access: &Access,
    asked: &Asked<'_>,
    trace: &mut Trace,
) -> Result<Answer, Problem> {
    let wish = wish(call);
    // What a page leaves out changes from one moment to the next, and is another one for each application.
    let may_be_kept = access.cache && wish != Wish::Unkept && !access.is_restricted(Some(asked.entity));
    let caching = of(asked.entity).filter(|_| may_be_kept);
    let generation = match caching {
        Some(caching) => {
            let generation = app.cache.generation(&access.store, asked.entity).await.ok();
            generation.map(|generation| (caching, generation))
        }
        None => None,
    };
    // What is void cannot be told from what is not, where the count of changes cannot be read: then nothing is served from here.
    let Some((caching, generation)) = generation else {
        let unified::Fetched { body, omitted } = unified::fetch(app, call, access, asked, trace).await?;
        let answer = conditional(call, body, Came::Bypass, None);
        return Ok(restriction::tell(answer, omitted));
    };
    let place = place(access, asked);
    if wish == Wish::Any
        && let Some(found) = app.cache.find(&place, caching, generation).await
    {
        return hit(call, asked, found, caching, trace);
    }
    let waited = tokio::time::timeout(call.budget.left(), app.cache.turn(&place)).await;
    let _turn = waited.map_err(|_| {
        Problem::new(Code::UpstreamTimeout).detail("the same was being read for another call, which took too long")
    })?;
    // Whoever had the turn before has just asked the store for the same.
    if wish == Wish::Any
        && let Some(found) = app.cache.remembered(&place, caching, generation)
    {
        return hit(call, asked, found, caching, trace);
    }
    let fetched_at = app.clock.now();
    let whole = Asked { fields: None, ..*asked };
    let unified::Fetched { body, .. } = unified::fetch(app, call, access, &whole, trace).await?;
    let found = Found { body, rows: trace.rows, fetched_at, generation };
    app.cache.keep(&place, caching, found.clone()).await;
    let age = Duration::try_from(app.clock.now().duration_since(fetched_at)).unwrap_or_default();
    let came = if wish == Wish::Any { Came::Miss(age) } else { Came::Bypass };
    Ok(conditional(call, cut(asked, found.body)?, came, Some(caching)))
}

fn hit(
    call: &Call,
    asked: &Asked<'_>,
    (found, age): (Found, Duration),
    caching: Caching,
    trace: &mut Trace,
) -> Result<Answer, Problem> {
    trace.rows = found.rows;
    Ok(conditional(call, cut(asked, found.body)?, Came::Hit(age), Some(caching)))
}

/// A write has gone to the store, or may have: what was read before is void. A failure is in the log, and lasts as long as the time to live.
pub(crate) async fn written(app: &App, access: &Access, entity: Entity, trace: &Trace) {
    if access.cache && trace.upstream.calls > 0 {
        let _ = app.cache.invalidate(&access.store, touched_by(entity)).await;
    }
}

/// As [`written`], for a call of the platform's own API; where its path does not show what it changes, that may be anything.
pub(crate) async fn passed(app: &App, call: &Call, access: &Access, path: &RawPath, trace: &Trace) {
    let safe = matches!(call.method, Method::GET | Method::HEAD | Method::OPTIONS);
    if access.cache && !safe && trace.upstream.calls > 0 {
        let entities = access.connector.raw_scope(path).map_or(Entity::ALL.as_slice(), touched_by);
        let _ = app.cache.invalidate(&access.store, entities).await;
    }
}

fn wish(call: &Call) -> Wish {
    let mut wish = Wish::Any;
    for directive in call.header("cache-control").unwrap_or_default().split(',') {
        match directive.trim().to_ascii_lowercase().as_str() {
            "no-store" => return Wish::Unkept,
            "no-cache" | "max-age=0" => wish = Wish::Fresh,
            _ => {}
        }
    }
    wish
}

fn place(access: &Access, asked: &Asked<'_>) -> Place {
    let address = access.address.to_string();
    let mut parts = vec![access.connector.platform().name, address.as_str()];
    let (per_page, updated_after);
    match asked.target {
        Target::One(id) => parts.extend(["one", id]),
        Target::Page { per_page: rows, cursor, updated_after: after } => {
            per_page = rows.to_string();
            updated_after = after.map(|after| after.to_string()).unwrap_or_default();
            // No cursor is empty.
            parts.extend(["page", per_page.as_str(), cursor.unwrap_or_default(), updated_after.as_str()]);
        }
    }
    if asked.include_remote {
        parts.push("remote");
    }
    Place::new(&access.store, asked.entity, &parts)
}

fn cut(asked: &Asked<'_>, whole: Bytes) -> Result<Bytes, Problem> {
    let selected = |fields: &Fields| match asked.target {
        Target::One(_) => fields.cut_one(&whole),
        Target::Page { .. } => fields.cut_page(&whole),
    };
    match asked.fields {
        None => Ok(whole),
        Some(fields) => selected(fields).map(Bytes::from).map_err(|error| {
            tracing::error!(cause = %error, "a kept answer is no unified one");
            Code::Internal.into()
        }),
    }
}

/// The answer, or 304 where the caller has it already (RFC 9110, 13.1.2).
fn conditional(call: &Call, body: Bytes, came: Came, caching: Option<Caching>) -> Answer {
    let tag = tag::of(&body);
    let answer = if tag::is_known(call, &tag) { Answer::empty(StatusCode::NOT_MODIFIED) } else { unified::json(body) };
    let control = match caching {
        Some(caching) => format!("private, max-age={}", caching.time_to_live.as_secs()),
        None => "private, no-cache".to_owned(),
    };
    let x_cache = HeaderName::from_static("x-cache");
    let answer = answer.with(header::ETAG, &tag).with(header::CACHE_CONTROL, &control);
    // Rounded up: what a caller keeps by it is never older than allowed.
    let seconds = |age: Duration| age.as_millis().div_ceil(1_000).to_string();
    match came {
        Came::Hit(age) => answer.with(header::AGE, &seconds(age)).with(x_cache, "hit"),
        Came::Miss(age) => answer.with(header::AGE, &seconds(age)).with(x_cache, "miss"),
        Came::Bypass => answer.with(x_cache, "bypass"),
    }
}
