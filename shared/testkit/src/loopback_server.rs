//! A small HTTP/1.1 server on loopback for stand-ins of stores: a handler, what it received, answers that can go wrong.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::io;
use std::net::Ipv4Addr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response};
use http_body_util::{BodyExt, Limited};
use hyper::body::{Body, Frame, Incoming, SizeHint};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpListener;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{Instant, Sleep};
use url::Url;

/// The largest request body that is read, in bytes; more than a gateway may ever pass on.
const MAX_BODY: usize = 32 * 1024 * 1024;

/// How many received requests are remembered.
const REMEMBERED: usize = 1000;

/// A request as it arrived.
#[derive(Clone, Debug)]
pub struct Received {
    /// The method.
    pub method: Method,
    /// Path and query, byte for byte.
    pub target: String,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
}

/// A running server. It stops, with all its connections, when this is dropped.
#[derive(Debug)]
pub struct LoopbackServer {
    url: Url,
    serving: JoinHandle<()>,
}

impl Drop for LoopbackServer {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl LoopbackServer {
    /// Listens on a loopback port (0 takes a free one) and answers with what `handler` makes of each request. Must be started inside a Tokio runtime.
    ///
    /// # Errors
    /// What the operating system says, [`io::ErrorKind::AddrInUse`] for a busy port.
    pub async fn start<H, F>(port: u16, handler: H) -> io::Result<Self>
    where
        H: Fn(Received) -> F + Clone + Send + 'static,
        F: Future<Output = Response<Answer>> + Send + 'static,
    {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
        let url = format!("http://127.0.0.1:{}", listener.local_addr()?.port());
        let url = url.parse().map_err(|_| io::Error::from(io::ErrorKind::InvalidInput))?;
        #[expect(clippy::disallowed_methods, reason = "a test's server lives beside the test, not inside a function")]
        let serving = tokio::spawn(serve(listener, handler));
        Ok(Self { url, serving })
    }

    /// Where it listens: `http://127.0.0.1:PORT/`.
    #[must_use]
    pub fn url(&self) -> &Url {
        &self.url
    }
}

async fn serve<H, F>(listener: TcpListener, handler: H)
where
    H: Fn(Received) -> F + Clone + Send + 'static,
    F: Future<Output = Response<Answer>> + Send + 'static,
{
    let mut connections = JoinSet::new();
    loop {
        let Ok((stream, _)) = listener.accept().await else { continue };
        let handler = handler.clone();
        let service = service_fn(move |request: Request<Incoming>| {
            let handler = handler.clone();
            async move {
                let answer = match received(request).await {
                    Some(received) => handler(received).await,
                    None => {
                        let mut answer = Response::new(Answer::whole("request body too large or cut\n"));
                        *answer.status_mut() = http::StatusCode::PAYLOAD_TOO_LARGE;
                        answer
                    }
                };
                Ok::<_, Infallible>(answer)
            }
        });
        connections
            .spawn(http1::Builder::new().timer(TokioTimer::new()).serve_connection(TokioIo::new(stream), service));
        while connections.try_join_next().is_some() {}
    }
}

async fn received(request: Request<Incoming>) -> Option<Received> {
    let (head, body) = request.into_parts();
    let body = Limited::new(body, MAX_BODY).collect().await.ok()?.to_bytes();
    let target = head.uri.path_and_query().map_or_else(|| "/".to_owned(), ToString::to_string);
    Some(Received { method: head.method, target, headers: head.headers, body })
}

/// The body of an answer: whole, or going wrong in one of the ways that bodies do.
#[derive(Debug)]
pub enum Answer {
    /// These bytes.
    Whole(Bytes),
    /// These bytes, then the connection is cut though more was announced.
    Cut(Bytes),
    /// So many bytes of spaces.
    Huge(u64),
    /// Spaces without end, as fast as they are read.
    Endless,
    /// A space every so often, without end.
    Drip(Duration, Pin<Box<Sleep>>),
}

impl Answer {
    /// A body of these bytes.
    pub fn whole(bytes: impl Into<Bytes>) -> Self {
        Self::Whole(bytes.into())
    }

    /// A body that gives a byte at every interval for ever.
    #[must_use]
    pub fn drip(interval: Duration) -> Self {
        Self::Drip(interval, Box::pin(tokio::time::sleep(interval)))
    }
}

static SPACES: [u8; 65_536] = [b' '; 65_536];

impl Body for Answer {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        let data = |bytes| Poll::Ready(Some(Ok(Frame::data(bytes))));
        match self.get_mut() {
            Self::Whole(bytes) if bytes.is_empty() => Poll::Ready(None),
            Self::Cut(bytes) if bytes.is_empty() => Poll::Ready(Some(Err(io::ErrorKind::ConnectionReset.into()))),
            Self::Whole(bytes) | Self::Cut(bytes) => data(std::mem::take(bytes)),
            Self::Huge(0) => Poll::Ready(None),
            Self::Huge(left) => {
                let now = usize::try_from(*left).unwrap_or(usize::MAX).min(SPACES.len());
                *left -= now as u64;
                data(Bytes::from_static(&SPACES[..now]))
            }
            Self::Endless => data(Bytes::from_static(&SPACES)),
            Self::Drip(interval, sleep) => {
                std::task::ready!(sleep.as_mut().poll(context));
                sleep.as_mut().reset(Instant::now() + *interval);
                data(Bytes::from_static(b" "))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        matches!(self, Self::Whole(bytes) if bytes.is_empty())
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Self::Cut(bytes) => SizeHint::with_exact(bytes.len() as u64 + 1000),
            Self::Huge(left) => SizeHint::with_exact(*left),
            Self::Endless | Self::Drip(..) => SizeHint::default(),
        }
    }
}

/// What a stand-in received: the number of all calls and the last of them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Record(Arc<Mutex<(usize, VecDeque<Received>)>>);

impl Record {
    pub(crate) fn add(&self, received: &Received) {
        let mut record = lock(&self.0);
        record.0 += 1;
        if record.1.len() == REMEMBERED {
            record.1.pop_front();
        }
        record.1.push_back(received.clone());
    }

    pub(crate) fn count(&self) -> usize {
        lock(&self.0).0
    }

    pub(crate) fn list(&self) -> Vec<Received> {
        lock(&self.0).1.iter().cloned().collect()
    }

    pub(crate) fn clear(&self) {
        *lock(&self.0) = (0, VecDeque::new());
    }
}

/// Locks; a handler that panicked while it held the lock changes nothing for the others.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Seconds since 1970 by the machine's clock.
pub(crate) fn unix_now() -> u64 {
    #[expect(clippy::disallowed_methods, reason = "a stand-in dates its answers as a real store does")]
    let now = std::time::SystemTime::now();
    now.duration_since(std::time::UNIX_EPOCH).map_or(0, |elapsed| elapsed.as_secs())
}

/// `name=value` of a query, decoded; the last one wins.
pub(crate) fn parameter(target: &str, name: &str) -> Option<String> {
    let query = target.split_once('?')?.1;
    url::form_urlencoded::parse(query.as_bytes())
        .filter(|(key, _)| key == name)
        .last()
        .map(|(_, value)| value.into_owned())
}

/// A time in RFC 3339, from seconds since 1970 (days to civil date by Howard Hinnant's algorithm).
pub(crate) fn rfc3339(unix: u64) -> String {
    let (days, second) = (unix / 86_400, unix % 86_400);
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted / 146_097, shifted % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_index = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_index + 2) / 5 + 1;
    let month = if month_index < 10 { month_index + 3 } else { month_index - 9 };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    let (hour, minute) = (second / 3600, second / 60 % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{:02}Z", second % 60)
}
