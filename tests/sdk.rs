//! AWS's own SDK, so that what our requests leave behind is looked at through other eyes than those that wrote it.

use aws_credential_types::{Credentials, provider::SharedCredentialsProvider};
use aws_sdk_dynamodb::config::{BehaviorVersion, Region};
use aws_sdk_sqs::types::{Message, MessageSystemAttributeName};
use aws_smithy_runtime_api::client::{
    http::{
        HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector,
    },
    orchestrator::{HttpRequest, HttpResponse},
    result::ConnectorError,
    runtime_components::RuntimeComponents,
};
use aws_smithy_types::body::SdkBody;
use aws_types::SdkConfig;
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector as Tcp},
    rt::TokioExecutor,
};
use serde_json::Value;
use testkit::stack::AWS_REGION;

/// The configuration of a client of the emulator at `endpoint`.
pub(crate) fn config(endpoint: &str) -> SdkConfig {
    let credentials = Credentials::new("test", "test", None, None, "tests");
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(AWS_REGION))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .http_client(SharedHttpClient::new(Plain(Client::builder(TokioExecutor::new()).build_http())))
        .sleep_impl(aws_smithy_async::rt::sleep::SharedAsyncSleep::new(aws_smithy_async::rt::sleep::TokioSleep::new()))
        .time_source(aws_smithy_async::time::SystemTimeSource::new())
        .endpoint_url(endpoint)
        .build()
}

/// The tables at `endpoint`.
pub(crate) fn tables(endpoint: &str) -> aws_sdk_dynamodb::Client {
    aws_sdk_dynamodb::Client::new(&config(endpoint))
}

/// Takes everything out of a queue.
pub(crate) async fn drain(sqs: &aws_sdk_sqs::Client, url: &str) -> Vec<Message> {
    let mut taken = Vec::new();
    loop {
        let receive = sqs.receive_message().queue_url(url).max_number_of_messages(10);
        let receive = receive.message_system_attribute_names(MessageSystemAttributeName::All);
        let messages = receive.send().await.unwrap().messages.unwrap_or_default();
        if messages.is_empty() {
            return taken;
        }
        for message in &messages {
            let handle = message.receipt_handle.clone();
            sqs.delete_message().queue_url(url).set_receipt_handle(handle).send().await.unwrap();
        }
        taken.extend(messages);
    }
}

/// The group of a message out of a fair queue.
pub(crate) fn group(message: &Message) -> Option<String> {
    message.attributes()?.get(&MessageSystemAttributeName::MessageGroupId).cloned()
}

/// Takes everything out of a queue, as it was sent.
pub(crate) async fn drain_as_text(sqs: &aws_sdk_sqs::Client, url: &str) -> Vec<String> {
    drain(sqs, url).await.into_iter().map(|message| message.body.unwrap()).collect()
}

/// Takes everything out of a queue whose messages are JSON.
pub(crate) async fn drain_as<T: serde::de::DeserializeOwned>(sqs: &aws_sdk_sqs::Client, url: &str) -> Vec<T> {
    let messages = drain(sqs, url).await;
    messages.iter().map(|message| serde_json::from_str(message.body().unwrap()).unwrap()).collect()
}

/// Takes all mails out of a queue, each once: a call that is made again because its answer got lost leaves two messages of the same mail.
pub(crate) async fn drain_mails(sqs: &aws_sdk_sqs::Client, url: &str) -> Vec<Value> {
    let mut mails: Vec<Value> = Vec::new();
    for mail in drain_as::<Value>(sqs, url).await {
        if !mails.contains(&mail) {
            mails.push(mail);
        }
    }
    mails
}

/// The SDK's HTTP client: hyper, without TLS, for loopback.
#[derive(Clone, Debug)]
struct Plain(Client<Tcp, SdkBody>);

impl HttpConnector for Plain {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let client = self.0.clone();
        HttpConnectorFuture::new(async move {
            let request = request.try_into_http1x().map_err(|error| ConnectorError::user(error.into()))?;
            let answer = client.request(request).await.map_err(|error| ConnectorError::io(error.into()))?;
            HttpResponse::try_from(answer.map(SdkBody::from_body_1_x))
                .map_err(|error| ConnectorError::other(error.into(), None))
        })
    }
}

impl HttpClient for Plain {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}
