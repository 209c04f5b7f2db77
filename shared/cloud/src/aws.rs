//! How Cartage talks to AWS: one HTTP client, one TLS configuration, one hand-built `SdkConfig`.
//!
//! The SDK's defaults read profile files, ask a metadata service, parse the system's certificates and bring a second TLS provider;
//! together they cost more CPU at a cold start than all the rest. A Lambda function has everything it needs in its environment.

use std::{sync::Arc, time::Duration};

use aws_credential_types::{Credentials, provider::SharedCredentialsProvider};
use aws_smithy_async::rt::sleep::TokioSleep;
use aws_smithy_runtime_api::client::{
    http::{
        HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector,
    },
    orchestrator::{HttpRequest, HttpResponse},
    result::ConnectorError,
    runtime_components::RuntimeComponents,
};
use aws_smithy_types::{body::SdkBody, retry::RetryConfig, timeout::TimeoutConfig};
use aws_types::{SdkConfig, region::Region};
use hyper_rustls::HttpsConnector;
use hyper_util::{client::legacy::Client, rt::TokioExecutor};

use crate::env::{EnvError, Environment, required};

/// How long one attempt of an AWS call may take. DynamoDB answers in single milliseconds; what takes longer is worth another try.
const ATTEMPT_TIMEOUT: Duration = Duration::from_millis(1_500);
/// How long an AWS call may take with all its attempts: well within the 29 s that API Gateway leaves a function.
const CALL_TIMEOUT: Duration = Duration::from_secs(4);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);
const ATTEMPTS: u32 = 3;

/// The TLS configuration that everything shares: rustls with ring, Mozilla's roots, TLS 1.2 and 1.3 (R116).
///
/// # Panics
/// Never in practice: ring supports the protocol versions that rustls enables.
#[must_use]
pub fn tls() -> rustls::ClientConfig {
    let roots = rustls::RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    #[expect(clippy::expect_used, reason = "a constant combination of provider and versions")]
    rustls::ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("ring supports TLS 1.2 and 1.3")
        .with_root_certificates(roots)
        .with_no_client_auth()
}

/// Builds the configuration of all AWS clients from the variables that Lambda sets.
///
/// # Errors
/// Names the variable that is missing.
pub fn sdk_config(from: &dyn Environment, tls: rustls::ClientConfig) -> Result<SdkConfig, EnvError> {
    let credentials = Credentials::new(
        required::<String>(from, "AWS_ACCESS_KEY_ID")?,
        required::<String>(from, "AWS_SECRET_ACCESS_KEY")?,
        from.get("AWS_SESSION_TOKEN").filter(|token| !token.is_empty()),
        // They hold as long as the sandbox lives; Lambda gives a new one new ones.
        None,
        "lambda",
    );
    let mut config = SdkConfig::builder()
        .behavior_version(aws_sdk_dynamodb::config::BehaviorVersion::latest())
        .region(Region::new(required::<String>(from, "AWS_REGION")?))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .http_client(SharedHttpClient::new(AwsHttp::new(tls)))
        .sleep_impl(aws_smithy_async::rt::sleep::SharedAsyncSleep::new(TokioSleep::new()))
        .time_source(aws_smithy_async::time::SystemTimeSource::new())
        .retry_config(
            RetryConfig::standard().with_max_attempts(ATTEMPTS).with_initial_backoff(Duration::from_millis(25)),
        )
        .timeout_config(
            TimeoutConfig::builder()
                .connect_timeout(CONNECT_TIMEOUT)
                .operation_attempt_timeout(ATTEMPT_TIMEOUT)
                .operation_timeout(CALL_TIMEOUT)
                .build(),
        );
    config.set_endpoint_url(from.get("AWS_ENDPOINT_URL").filter(|url| !url.is_empty()));
    Ok(config.build())
}

/// The SDK's HTTP client: hyper over the shared TLS configuration.
#[derive(Clone, Debug)]
struct AwsHttp(Client<HttpsConnector<hyper_util::client::legacy::connect::HttpConnector>, SdkBody>);

impl AwsHttp {
    fn new(tls: rustls::ClientConfig) -> Self {
        let mut tcp = hyper_util::client::legacy::connect::HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        tcp.set_connect_timeout(Some(CONNECT_TIMEOUT));
        let https = hyper_rustls::HttpsConnectorBuilder::new()
            .with_tls_config(tls)
            .https_or_http()
            .enable_http1()
            .wrap_connector(tcp);
        Self(Client::builder(TokioExecutor::new()).build(https))
    }
}

impl HttpConnector for AwsHttp {
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

impl HttpClient for AwsHttp {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}
