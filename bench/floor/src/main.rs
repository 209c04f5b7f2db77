//! The floor under an intake of webhooks: what is left when everything is left out that can be. It takes Lambda's event, proves the body by its
//! HMAC under one fixed secret, and makes one signed call of the queue, in bare hyper. No store is looked up, nothing is noted, nothing that fails
//! is survived: to measure against, not to use.

use std::{borrow::Cow, error::Error};

use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use hmac::{Hmac, KeyInit, Mac};
use http::{Request, Response, header};
use http_body_util::{BodyExt, Full};
use hyper::{
    body::Incoming,
    client::conn::http1::{SendRequest, handshake},
};
use hyper_util::rt::TokioIo;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tokio::net::TcpStream;

type Sha = Hmac<Sha256>;
type Failure = Box<dyn Error>;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Event<'a> {
    raw_path: &'a str,
    #[serde(borrow)]
    headers: Headers<'a>,
    #[serde(borrow)]
    body: Cow<'a, str>,
}

#[derive(Deserialize)]
struct Headers<'a> {
    #[serde(rename = "x-shopify-hmac-sha256")]
    signature: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Send<'a> {
    queue_url: &'a str,
    message_body: &'a str,
    message_group_id: &'a str,
}

/// One kept connection.
struct Line {
    sender: SendRequest<Full<Bytes>>,
    host: String,
}

impl Line {
    async fn open(host: &str) -> Result<Self, Failure> {
        let (sender, connection) = handshake(TokioIo::new(TcpStream::connect(host).await?)).await?;
        #[expect(clippy::disallowed_methods, reason = "this is no function of ours, and nothing freezes it")]
        tokio::spawn(connection);
        Ok(Self { sender, host: host.to_owned() })
    }

    async fn send(&mut self, request: Request<Full<Bytes>>) -> Result<Response<Incoming>, Failure> {
        self.sender.ready().await?;
        Ok(self.sender.send_request(request).await?)
    }
}

fn variable(name: &str) -> Result<String, Failure> {
    #[expect(clippy::disallowed_methods, reason = "this is no function of ours, and has no Config")]
    let value = std::env::var(name);
    Ok(value?)
}

fn now(form: &str) -> String {
    #[expect(clippy::disallowed_methods, reason = "this is no function of ours, and has no clock to steer")]
    let now = Timestamp::now();
    now.strftime(form).to_string()
}

fn mac(key: &[u8], text: &[u8]) -> Result<Vec<u8>, Failure> {
    Ok(Sha::new_from_slice(key)?.chain_update(text).finalize().into_bytes().to_vec())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The queue, and what its calls are signed with: AWS's Signature Version 4, the key derived once.
struct Queue {
    line: Line,
    url: String,
    access_key: String,
    token: String,
    scope: String,
    key: Vec<u8>,
}

impl Queue {
    async fn open() -> Result<Self, Failure> {
        let endpoint = variable("AWS_ENDPOINT_URL")?;
        let host = endpoint.trim_start_matches("http://").trim_end_matches('/');
        let date = now("%Y%m%d");
        let region = variable("AWS_REGION")?;
        let mut key = format!("AWS4{}", variable("AWS_SECRET_ACCESS_KEY")?).into_bytes();
        for part in [date.as_str(), &region, "sqs", "aws4_request"] {
            key = mac(&key, part.as_bytes())?;
        }
        Ok(Self {
            line: Line::open(host).await?,
            url: variable("INCOMING_EVENTS_QUEUE_URL")?,
            access_key: variable("AWS_ACCESS_KEY_ID")?,
            token: variable("AWS_SESSION_TOKEN")?,
            scope: format!("{date}/{region}/sqs/aws4_request"),
            key,
        })
    }

    async fn send(&mut self, body: &str, group: &str) -> Result<bool, Failure> {
        let body = serde_json::to_vec(&Send { queue_url: &self.url, message_body: body, message_group_id: group })?;
        let time = now("%Y%m%dT%H%M%SZ");
        let names = "host;x-amz-date;x-amz-security-token;x-amz-target";
        let target = "AmazonSQS.SendMessage";
        let canonical = format!(
            "POST\n/\n\nhost:{}\nx-amz-date:{time}\nx-amz-security-token:{}\nx-amz-target:{target}\n\n{names}\n{}",
            self.line.host,
            self.token,
            hex(&Sha256::digest(&body))
        );
        let digest = hex(&Sha256::digest(canonical));
        let signature = mac(&self.key, format!("AWS4-HMAC-SHA256\n{time}\n{}\n{digest}", self.scope).as_bytes())?;
        let authorization = format!(
            "AWS4-HMAC-SHA256 Credential={}/{}, SignedHeaders={names}, Signature={}",
            self.access_key,
            self.scope,
            hex(&signature)
        );
        let request = Request::post("/")
            .header(header::HOST, &self.line.host)
            .header(header::CONTENT_TYPE, "application/x-amz-json-1.0")
            .header("x-amz-date", &time)
            .header("x-amz-security-token", &self.token)
            .header("x-amz-target", target)
            .header(header::AUTHORIZATION, authorization)
            .body(Full::new(body.into()))?;
        let answer = self.line.send(request).await?;
        let is_taken = answer.status().is_success();
        answer.into_body().collect().await?;
        Ok(is_taken)
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Failure> {
    let mut api = Line::open(&variable("AWS_LAMBDA_RUNTIME_API")?).await?;
    let mut queue = Queue::open().await?;
    let secret = variable("BENCH_HOOK_SECRET")?;
    loop {
        let next = Request::get("/2018-06-01/runtime/invocation/next").header(header::HOST, &api.host);
        let invocation = api.send(next.body(Full::default())?).await?;
        let id = invocation.headers().get("lambda-runtime-aws-request-id").ok_or("no id")?.to_str()?.to_owned();
        let event = invocation.into_body().collect().await?.to_bytes();
        let event: Event<'_> = serde_json::from_slice(&event)?;
        let signature = STANDARD.decode(event.headers.signature)?;
        let proven =
            Sha::new_from_slice(secret.as_bytes())?.chain_update(event.body.as_bytes()).verify_slice(&signature);
        let group = event.raw_path.rsplit('/').next().unwrap_or_default();
        let taken = proven.is_ok() && queue.send(&event.body, group).await?;
        let answer = if taken { r#"{"statusCode":200}"# } else { r#"{"statusCode":401}"# };
        let answered = Request::post(format!("/2018-06-01/runtime/invocation/{id}/response"))
            .header(header::HOST, &api.host)
            .body(Full::new(Bytes::from_static(answer.as_bytes())))?;
        api.send(answered).await?.into_body().collect().await?;
    }
}
