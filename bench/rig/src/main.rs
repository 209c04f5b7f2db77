//! The bench's rig: runs one contender in a world where everything around it is the same for all and answers at once, calls it, and prints what
//! the calls cost as one line of JSON.
//!
//! A function speaks Lambda's own protocol with it (Runtime API and Extensions API); with `--http` the contender is a server that is called
//! directly. `bench/run.py` runs it for each contender in turn and makes the report.

mod aws;
mod case;
mod process;
mod tenant;
mod webhooks;

use std::{
    io::Write,
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use http::{HeaderValue, Request, Response, header};
use serde_json::{Value, json};
use testkit::{
    demo_store::{DemoStore, Setup},
    loopback_server::{Answer, LoopbackServer},
    plain_http::{PlainHttp, PlainHttpError},
    runtime_api::{RuntimeApi, Step},
};

use crate::{
    aws::Aws,
    case::{Case, UnknownCase},
    process::Contender,
    tenant::Tenant,
};

/// How long a contender may take to be ready, and for a call; under callgrind everything takes fifty times as long.
const PATIENCE: Duration = Duration::from_secs(60);

/// What the command line asks for.
struct Asked {
    case: Case,
    /// Calls before the measured ones.
    warm_up: u64,
    /// Measured calls; without any, the contender is ended as soon as it is ready.
    calls: u64,
    /// Messages of one invocation, for a function behind a queue.
    batch: usize,
    /// The port of a contender that is a server.
    http: Option<u16>,
    /// The port of the store, for a contender whose configuration names it; 0 takes a free one.
    store_port: u16,
    command: Vec<String>,
}

#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error(
        "usage: rig --case CASE [--warm-up N] [--calls N] [--batch N] [--http PORT] [--store-port PORT] -- COMMAND"
    )]
    Usage,
    #[error(transparent)]
    Case(#[from] UnknownCase),
    #[error(transparent)]
    Io(#[from] std::io::Error),
    #[error(transparent)]
    Http(#[from] PlainHttpError),
    #[error(transparent)]
    Request(#[from] http::Error),
    #[error(transparent)]
    Json(#[from] serde_json::Error),
    #[error("the contender ended or is not ready in time")]
    NotReady,
    #[error("the contender answered wrongly: {0}")]
    Wrong(String),
    #[error(transparent)]
    Webhooks(#[from] webhooks::Failure),
}

fn main() -> ExitCode {
    let outcome = arguments(std::env::args().skip(1)).and_then(|asked| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(run(&asked))
    });
    match outcome {
        Ok(figures) => {
            let _ = writeln!(std::io::stdout(), "{figures}");
            ExitCode::SUCCESS
        }
        Err(failure) => {
            let _ = writeln!(std::io::stderr(), "{failure}");
            ExitCode::FAILURE
        }
    }
}

fn arguments(mut words: impl Iterator<Item = String>) -> Result<Asked, Failure> {
    let mut case = None;
    let (mut warm_up, mut calls, mut batch, mut http, mut store_port) = (0, 0, 10, None, 0);
    while let Some(word) = words.next() {
        if word == "--" {
            break;
        }
        let value = words.next().ok_or(Failure::Usage)?;
        let number = || value.parse().map_err(|_| Failure::Usage);
        let port = || value.parse().map_err(|_| Failure::Usage);
        match word.as_str() {
            "--case" => case = Some(value.parse()?),
            "--warm-up" => warm_up = number()?,
            "--calls" => calls = number()?,
            "--batch" => batch = value.parse().map_err(|_| Failure::Usage)?,
            "--http" => http = Some(port()?),
            "--store-port" => store_port = port()?,
            _ => return Err(Failure::Usage),
        }
    }
    let asked =
        Asked { case: case.ok_or(Failure::Usage)?, warm_up, calls, batch, http, store_port, command: words.collect() };
    if asked.command.is_empty() { Err(Failure::Usage) } else { Ok(asked) }
}

async fn run(asked: &Asked) -> Result<Value, Failure> {
    let demo = DemoStore::start(Setup::default()).await?;
    let one = of_the_demo_store(&demo, "api/products/1001").await?;
    let page = of_the_demo_store(&demo, "api/products?page=1&per_page=25").await?;
    let store_bytes = if asked.case == Case::One { one.len() } else { page.len() };
    let store = LoopbackServer::start(asked.store_port, move |received| {
        let body = if received.target.starts_with("/api/products/") { &one } else { &page };
        let mut answer = Response::new(Answer::whole(body.clone()));
        answer.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        std::future::ready(answer)
    })
    .await?;
    let store_url = store.url().as_str().trim_end_matches('/').to_owned();
    let tenant = Arc::new(Tenant::new(store_url, demo.api_key().to_owned(), asked.case.platform()));
    let aws = Aws::start(asked.case, Arc::clone(&tenant)).await?;
    let order = of_the_demo_store(&demo, "api/orders/5001").await?;
    let event = match asked.case.target() {
        Some(target) => call(target, &tenant)?,
        // The endpoint of deliveries is the store's server: it answers 200 to everything.
        None => webhooks::event(asked.case, asked.batch, &tenant, &aws, &order).await?,
    };
    aws.settle();
    let mut figures = match asked.http {
        Some(port) => server(asked, &tenant, port).await?,
        None => function(asked, &aws, &event).await?,
    };
    figures["store_bytes"] = store_bytes.into();
    Ok(figures)
}

/// What the store answers: made once by the demo store, so that it costs nothing while calls are measured.
async fn of_the_demo_store(demo: &DemoStore, target: &str) -> Result<Bytes, Failure> {
    let request =
        Request::get(format!("{}{target}", demo.url())).header("x-api-key", demo.api_key()).body(Bytes::new())?;
    Ok(PlainHttp::default().send(request).await?.into_body())
}

/// Runs a Lambda function.
async fn function(asked: &Asked, aws: &Aws, event: &Value) -> Result<Value, Failure> {
    let api = RuntimeApi::start(true).await?;
    let began = Instant::now();
    let mut contender = Contender::start(&asked.command, &environment(&api.address(), aws.url()))?;
    let ready = tokio::time::timeout(PATIENCE, api.until(&Step::RuntimeReady, 1)).await;
    let start_wall = began.elapsed();
    if ready.is_err() || contender.has_ended() {
        return Err(Failure::NotReady);
    }
    let holds = matches!(api.steps().first(), Some(Step::Registered(_)));
    if holds {
        api.until(&Step::ExtensionReady, 1).await;
    }
    let start_cpu = contender.cpu()?;
    let mut answered: u64 = 0;
    let mut bytes = 0;
    let mut call = async || -> Result<(), Failure> {
        let answer = tokio::time::timeout(PATIENCE, api.invoke(event.clone())).await.map_err(|_| Failure::NotReady)?;
        if !asked.case.is_right(&answer) {
            return Err(Failure::Wrong(answer.to_string()));
        }
        bytes = answer["body"].as_str().map_or(0, str::len);
        answered += 1;
        // Lambda would freeze the sandbox now: what was done by then is what the call cost.
        let times = usize::try_from(answered + 1).unwrap_or(usize::MAX);
        api.until(&Step::RuntimeReady, times).await;
        if holds {
            api.until(&Step::ExtensionReady, times).await;
        }
        Ok(())
    };
    let mut first_cpu = start_cpu;
    if asked.warm_up + asked.calls > 0 {
        call().await?;
        first_cpu = contender.cpu()?;
    }
    for _ in 1..asked.warm_up {
        call().await?;
    }
    let (before, used, began) = (contender.cpu()?, aws.used(), Instant::now());
    for _ in 0..asked.calls {
        call().await?;
    }
    Ok(json!({
        "start_cpu_ns": start_cpu, "start_wall_ns": nanos(start_wall), "first_cpu_ns": first_cpu - start_cpu,
        "warm_cpu_ns": contender.cpu()? - before, "warm_wall_ns": nanos(began.elapsed()), "calls": asked.calls,
        "peak_bytes": contender.peak_memory()?, "answer_bytes": bytes, "used": aws.used().since(used),
    }))
}

/// Runs a server that is called directly.
async fn server(asked: &Asked, tenant: &Tenant, port: u16) -> Result<Value, Failure> {
    let began = Instant::now();
    let mut contender = Contender::start(&asked.command, &[("PATH", "/usr/sbin:/usr/bin:/bin".to_owned())])?;
    while tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_err() {
        if began.elapsed() > PATIENCE || contender.has_ended() {
            return Err(Failure::NotReady);
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let (start_wall, start_cpu) = (began.elapsed(), contender.cpu()?);
    let client = PlainHttp::default();
    let mut bytes = 0;
    let mut call = async || -> Result<(), Failure> {
        let request = Request::get(format!("http://127.0.0.1:{port}/api/products?page=1&per_page=25"))
            .header(header::AUTHORIZATION, format!("Bearer {}", tenant.key()))
            .body(Bytes::new())?;
        let answer = client.send(request).await?;
        if !answer.status().is_success() {
            return Err(Failure::Wrong(format!("{} {}", answer.status(), String::from_utf8_lossy(answer.body()))));
        }
        bytes = answer.body().len();
        Ok(())
    };
    let mut first_cpu = start_cpu;
    if asked.warm_up + asked.calls > 0 {
        call().await?;
        first_cpu = contender.cpu()?;
    }
    for _ in 1..asked.warm_up {
        call().await?;
    }
    let (before, began) = (contender.cpu()?, Instant::now());
    for _ in 0..asked.calls {
        call().await?;
    }
    Ok(json!({
        "start_cpu_ns": start_cpu, "start_wall_ns": nanos(start_wall), "first_cpu_ns": first_cpu - start_cpu,
        "warm_cpu_ns": contender.cpu()? - before, "warm_wall_ns": nanos(began.elapsed()), "calls": asked.calls,
        "peak_bytes": contender.peak_memory()?, "answer_bytes": bytes,
    }))
}

/// API Gateway's event of a call of the proxy, whole as it comes, from the file that the tests read too.
fn call((place, query): (&str, &str), tenant: &Tenant) -> Result<Value, Failure> {
    let mut event: Value = serde_json::from_slice(&std::fs::read(file("proxy/list-products.json"))?)?;
    let path = format!("/v1/stores/{}/{place}", tenant.store);
    event["rawQueryString"] = query.into();
    event["queryStringParameters"] = query
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .map(|(name, value)| (name, Value::from(value)))
        .collect();
    event["headers"]["authorization"] = format!("Bearer {}", tenant.key()).into();
    event["pathParameters"] = json!({ "store": tenant.store, "proxy": place });
    event["requestContext"]["http"]["path"] = path.clone().into();
    event["rawPath"] = path.into();
    Ok(event)
}

/// An event's file.
pub(crate) fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../events").join(name)
}

/// The variables that name queues.
const QUEUES: [(&str, &str); 8] = [
    ("INCOMING_EVENTS_QUEUE_URL", "bench-incoming-events"),
    ("OUTGOING_EVENTS_QUEUE_URL", "bench-outgoing-events"),
    ("ORDERED_EVENTS_QUEUE_URL", "bench-ordered-events.fifo"),
    ("DEAD_EVENTS_QUEUE_URL", "bench-dead-events"),
    ("REPLAYS_QUEUE_URL", "bench-replays"),
    ("PRIVACY_TOPICS_QUEUE_URL", "bench-privacy-topics"),
    ("OFFBOARDING_QUEUE_URL", "bench-offboarding"),
    ("MAIL_QUEUE_URL", "bench-mail"),
];

/// What Lambda and the template give the function. `aws` ends with a slash.
fn environment(runtime_api: &str, aws: &str) -> Vec<(&'static str, String)> {
    [
        ("AWS_LAMBDA_RUNTIME_API", runtime_api),
        ("AWS_LAMBDA_FUNCTION_NAME", "bench-proxy"),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256"),
        ("AWS_LAMBDA_FUNCTION_VERSION", "1"),
        ("AWS_LAMBDA_LOG_GROUP_NAME", "/aws/lambda/bench-proxy"),
        ("AWS_LAMBDA_LOG_STREAM_NAME", "2026/11/22/[1]00000000000000000000000000000000"),
        ("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE"),
        ("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
        ("AWS_SESSION_TOKEN", "bench"),
        ("AWS_REGION", "eu-central-1"),
        ("AWS_ENDPOINT_URL", aws),
        ("PATH", "/usr/bin:/bin"),
        ("BENCH_HOOK_SECRET", webhooks::SECRET),
        ("KEYS_TABLE", aws::KEYS),
        ("ACCOUNTS_TABLE", "bench-accounts"),
        ("DELIVERIES_TABLE", "bench-deliveries"),
        ("EVENTS_TABLE", "bench-events"),
        ("IDEMPOTENCY_TABLE", "bench-idempotency"),
        ("SUBSCRIPTIONS_TABLE", webhooks::SUBSCRIPTIONS),
        ("LARGE_HOOKS_BUCKET", "bench-large-hooks"),
        ("STORES_TABLE", aws::STORES),
        ("GUARDS_TABLE", "bench-guards"),
        ("SERVICE_LOG_TABLE", "bench-service-log"),
        ("SECURITY_LOG_TABLE", "bench-security-log"),
        ("STORE_KEYS_TABLE", webhooks::STORE_KEYS),
        ("CACHE_TABLE", "bench-cache"),
        ("DATA_KEY_ARN", "arn:aws:kms:eu-central-1:000000000000:key/00000000-0000-4000-8000-000000000000"),
        ("VAULT_PREFIX", "bench/store/"),
        ("STACK_REGION", "eu"),
        ("OTHER_REGION_URL", "https://us.api.example.com"),
        ("EGRESS_LOOPBACK", "allow"),
        ("CONTACT", "https://api.example.com/contact"),
    ]
    .map(|(name, value)| (name, value.to_owned()))
    .into_iter()
    // Node's client takes the queue's address for the service's.
    .chain(QUEUES.map(|(name, queue)| (name, format!("{aws}000000000000/{queue}"))))
    .collect()
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}
