//! Lambda's Runtime API and Extensions API on loopback, for one function as a process: feeds it events, takes its answers, and tells in which
//! order things happened. With it a test sees when Lambda would freeze the sandbox.

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::{HeaderValue, Method, Response, StatusCode};
use serde_json::{Value, json};
use tokio::sync::Notify;

use crate::loopback_server::{Answer, LoopbackServer, Received, lock};

/// Something that the function did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Registered an extension under this name.
    Registered(String),
    /// The runtime is ready for the next event.
    RuntimeReady,
    /// The extension is ready for the next event.
    ExtensionReady,
    /// The runtime answered an event.
    Answered,
}

#[derive(Default)]
struct State {
    steps: Vec<Step>,
    for_runtime: VecDeque<(u64, Value)>,
    for_extension: usize,
    answers: VecDeque<Bytes>,
    invocations: u64,
}

struct Shared {
    state: Mutex<State>,
    changed: Notify,
    extensions: bool,
}

/// A running API; it stops when dropped.
pub struct RuntimeApi {
    server: LoopbackServer,
    shared: Arc<Shared>,
}

impl RuntimeApi {
    /// Starts the API on a free loopback port; without `extensions` it knows no Extensions API, like most emulators.
    ///
    /// # Errors
    /// What the operating system says.
    pub async fn start(extensions: bool) -> io::Result<Self> {
        let shared = Arc::new(Shared { state: Mutex::default(), changed: Notify::new(), extensions });
        let handling = Arc::clone(&shared);
        let server = LoopbackServer::start(0, move |received| answer(Arc::clone(&handling), received)).await?;
        Ok(Self { server, shared })
    }

    /// The value of `AWS_LAMBDA_RUNTIME_API`: host and port.
    #[must_use]
    pub fn address(&self) -> String {
        let url = self.server.url();
        format!("{}:{}", url.host_str().unwrap_or_default(), url.port().unwrap_or_default())
    }

    /// Gives the function an event and waits for its answer.
    pub async fn invoke(&self, event: Value) -> Value {
        {
            let mut state = lock(&self.shared.state);
            state.invocations += 1;
            let number = state.invocations;
            state.for_runtime.push_back((number, event));
            state.for_extension += 1;
        }
        self.shared.changed.notify_waiters();
        let answer = wait(&self.shared, |state| state.answers.pop_front()).await;
        serde_json::from_slice(&answer).unwrap_or(Value::Null)
    }

    /// Waits until the function did `step` for the `times`th time.
    pub async fn until(&self, step: &Step, times: usize) {
        wait(&self.shared, |state| (state.steps.iter().filter(|done| *done == step).count() >= times).then_some(()))
            .await;
    }

    /// What the function did so far, in order.
    #[must_use]
    pub fn steps(&self) -> Vec<Step> {
        lock(&self.shared.state).steps.clone()
    }
}

/// Waits until `look` finds something.
async fn wait<T>(shared: &Shared, mut look: impl FnMut(&mut State) -> Option<T>) -> T {
    loop {
        let changed = shared.changed.notified();
        tokio::pin!(changed);
        changed.as_mut().enable();
        if let Some(found) = look(&mut lock(&shared.state)) {
            return found;
        }
        changed.await;
    }
}

fn note(shared: &Shared, step: Step) {
    lock(&shared.state).steps.push(step);
    shared.changed.notify_waiters();
}

async fn answer(shared: Arc<Shared>, received: Received) -> Response<Answer> {
    let path = received.target.split('?').next().unwrap_or_default();
    match (&received.method, path) {
        (&Method::GET, "/2018-06-01/runtime/invocation/next") => {
            note(&shared, Step::RuntimeReady);
            let (number, event) = wait(&shared, |state| state.for_runtime.pop_front()).await;
            let mut answer = Response::new(Answer::whole(event.to_string()));
            let deadline = crate::loopback_server::unix_now() * 1_000 + 30_000;
            for (name, value) in [
                // Lambda's own client in C++ ends the process where this is missing.
                ("content-type", "application/json".to_owned()),
                ("lambda-runtime-aws-request-id", number.to_string()),
                ("lambda-runtime-deadline-ms", deadline.to_string()),
                ("lambda-runtime-invoked-function-arn", "arn:aws:lambda:eu-west-1:000000000000:function:it".to_owned()),
            ] {
                if let Ok(value) = HeaderValue::from_str(&value) {
                    answer.headers_mut().insert(name, value);
                }
            }
            answer
        }
        (&Method::POST, "/2020-01-01/extension/register") if shared.extensions => {
            let name = received.headers.get("lambda-extension-name").and_then(|name| name.to_str().ok());
            note(&shared, Step::Registered(name.unwrap_or_default().to_owned()));
            let body = json!({"functionName": "it", "functionVersion": "1", "handler": "bootstrap"});
            let mut answer = Response::new(Answer::whole(body.to_string()));
            answer.headers_mut().insert("lambda-extension-identifier", HeaderValue::from_static("extension-1"));
            answer
        }
        (&Method::GET, "/2020-01-01/extension/event/next") if shared.extensions => {
            note(&shared, Step::ExtensionReady);
            wait(&shared, |state| state.for_extension.checked_sub(1).map(|left| state.for_extension = left)).await;
            let body = json!({
                "eventType": "INVOKE", "deadlineMs": 0, "requestId": "1", "invokedFunctionArn": "arn",
                "tracing": {"type": "X-Amzn-Trace-Id", "value": "none"},
            });
            Response::new(Answer::whole(body.to_string()))
        }
        (&Method::POST, path) if path.ends_with("/response") || path.ends_with("/error") => {
            lock(&shared.state).answers.push_back(received.body);
            note(&shared, Step::Answered);
            status(StatusCode::ACCEPTED)
        }
        _ => status(StatusCode::NOT_FOUND),
    }
}

fn status(status: StatusCode) -> Response<Answer> {
    let mut answer = Response::new(Answer::whole(""));
    *answer.status_mut() = status;
    answer
}
