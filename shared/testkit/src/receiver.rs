//! A developer's endpoint: it remembers every delivery and answers as a test wants.

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::{HeaderValue, Response, StatusCode, header};
use serde_json::Value;
use url::Url;

use crate::loopback_server::{Answer, LoopbackServer, Received, lock};

/// How one delivery is answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Behaviour {
    /// This status with a short body.
    Status(u16),
    /// This status, and a wish to be left alone for so many seconds.
    RetryAfter(u16, u64),
    /// This status after so long.
    Late(u16, Duration),
    /// 200, then a byte of a body every so often, for ever.
    Drip(Duration),
    /// 200, then so many bytes.
    Huge(u64),
    /// 200, then less of a body than was announced.
    Cut,
    /// A redirect to another path of this endpoint.
    Redirect,
    /// No answer at all.
    Silence,
}

/// A delivery as it arrived.
#[derive(Debug, Clone)]
pub struct Arrived {
    /// The path that it came to.
    pub path: String,
    /// Headers by their names in lower case.
    pub headers: BTreeMap<String, String>,
    /// The raw body.
    pub body: Vec<u8>,
    /// How it is answered.
    pub behaviour: Behaviour,
}

impl Arrived {
    /// The event that it tells.
    #[must_use]
    pub fn event(&self) -> &str {
        self.headers.get("webhook-id").map_or("", String::as_str)
    }

    /// The body.
    ///
    /// # Panics
    /// If it is no JSON.
    #[must_use]
    pub fn json(&self) -> Value {
        #[expect(clippy::expect_used, reason = "a test's endpoint receives JSON or the test fails")]
        serde_json::from_slice(&self.body).expect("a delivery's body is JSON")
    }
}

#[derive(Debug)]
struct Script {
    next: VecDeque<Behaviour>,
    always: Behaviour,
    arrived: Vec<Arrived>,
}

/// A running endpoint; it stops when dropped.
#[derive(Debug)]
pub struct Receiver {
    server: LoopbackServer,
    script: Arc<Mutex<Script>>,
}

impl Receiver {
    /// An endpoint that takes everything.
    ///
    /// # Errors
    /// What the operating system says.
    pub async fn start() -> io::Result<Self> {
        let script = Script { next: VecDeque::new(), always: Behaviour::Status(200), arrived: Vec::new() };
        let script = Arc::new(Mutex::new(script));
        let shared = Arc::clone(&script);
        let server = LoopbackServer::start(0, move |received| {
            let behaviour = {
                let mut script = lock(&shared);
                let behaviour = script.next.pop_front().unwrap_or_else(|| script.always.clone());
                script.arrived.push(arrived(&received, behaviour.clone()));
                behaviour
            };
            answered(behaviour)
        });
        Ok(Self { server: server.await?, script })
    }

    /// Where deliveries go: a path of their own, so that a redirect leads elsewhere.
    #[must_use]
    pub fn url(&self) -> Url {
        let mut url = self.server.url().clone();
        url.set_path("/hooks");
        url
    }

    /// From now on answers everything like this.
    pub fn always(&self, behaviour: Behaviour) {
        lock(&self.script).always = behaviour;
    }

    /// Answers the next deliveries like these, one after another, and what follows as before.
    pub fn next(&self, behaviours: impl IntoIterator<Item = Behaviour>) {
        lock(&self.script).next.extend(behaviours);
    }

    /// Whether everything has been answered that [`Receiver::next`] said.
    #[must_use]
    pub fn is_through(&self) -> bool {
        lock(&self.script).next.is_empty()
    }

    /// What has arrived so far, in order.
    #[must_use]
    pub fn arrived(&self) -> Vec<Arrived> {
        lock(&self.script).arrived.clone()
    }

    /// Forgets what has arrived.
    pub fn clear(&self) {
        lock(&self.script).arrived.clear();
    }
}

fn arrived(received: &Received, behaviour: Behaviour) -> Arrived {
    let text = |value: &HeaderValue| value.to_str().unwrap_or_default().to_owned();
    Arrived {
        path: received.target.clone(),
        headers: received.headers.iter().map(|(name, value)| (name.as_str().to_owned(), text(value))).collect(),
        body: received.body.to_vec(),
        behaviour,
    }
}

async fn answered(behaviour: Behaviour) -> Response<Answer> {
    let with = |status: u16, body| {
        let mut answer = Response::new(body);
        *answer.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        answer
    };
    match behaviour {
        Behaviour::Status(status) => with(status, Answer::whole("ok")),
        Behaviour::RetryAfter(status, seconds) => {
            let mut answer = with(status, Answer::whole("later"));
            answer.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
            answer
        }
        Behaviour::Late(status, after) => {
            tokio::time::sleep(after).await;
            with(status, Answer::whole("late"))
        }
        Behaviour::Drip(interval) => with(200, Answer::drip(interval)),
        Behaviour::Huge(bytes) => with(200, Answer::Huge(bytes)),
        Behaviour::Cut => with(200, Answer::Cut("half".into())),
        Behaviour::Redirect => {
            let mut answer = with(307, Answer::whole(""));
            answer.headers_mut().insert(header::LOCATION, HeaderValue::from_static("/elsewhere"));
            answer
        }
        Behaviour::Silence => std::future::pending().await,
    }
}
