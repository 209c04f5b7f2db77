//! What every function does once, before its first event.

use aws_types::SdkConfig;

use crate::{
    aws,
    clock::Clock,
    env::{EnvError, Environment},
};

/// The parts that all adapters of a function are built from.
#[derive(Clone)]
pub struct Boot {
    /// The machine's clock, or a steered one in tests.
    pub clock: Clock,
    /// Configuration of every AWS client.
    pub aws: SdkConfig,
    /// The TLS configuration that the SDK and `egress` share.
    pub tls: rustls::ClientConfig,
}

impl Boot {
    /// Reads what Lambda puts into the environment and builds the shared parts.
    ///
    /// # Errors
    /// Names the first variable that is missing or wrong.
    pub fn new(from: &dyn Environment, clock: Clock) -> Result<Self, EnvError> {
        let tls = aws::tls();
        Ok(Self { clock, aws: aws::sdk_config(from, tls.clone())?, tls })
    }
}

/// Turns on the wide JSON lines that CloudWatch takes in; see `docs/LOGGING.md`.
///
/// The level is fixed: a switch to `debug` in production is how credentials come to rest in logs.
pub fn tracing() {
    tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_current_span(false)
        .with_span_list(false)
        .with_target(false)
        .with_max_level(tracing::Level::INFO)
        .with_writer(std::io::stdout)
        .init();
}

/// How long the rest of an invocation may take; every outbound limit is bounded by it.
#[derive(Debug, Clone, Copy)]
pub struct Budget {
    ends: tokio::time::Instant,
}

impl Budget {
    /// A budget that ends `after` from now.
    #[must_use]
    pub fn ending_in(after: std::time::Duration) -> Self {
        Self { ends: tokio::time::Instant::now() + after }
    }

    /// The budget of an invocation whose deadline Lambda gives in milliseconds since 1970, less a second to answer in.
    #[must_use]
    pub fn of_invocation(context: &lambda_runtime::Context, clock: &Clock) -> Self {
        let now = u64::try_from(clock.now().as_millisecond()).unwrap_or(0);
        let left = context.deadline.saturating_sub(now).saturating_sub(1_000);
        Self::ending_in(std::time::Duration::from_millis(left))
    }

    /// What is left; zero when it is used up.
    #[must_use]
    pub fn left(&self) -> std::time::Duration {
        self.ends.saturating_duration_since(tokio::time::Instant::now())
    }
}
