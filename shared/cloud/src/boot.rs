//! What every function does once, before its first event.

use std::time::Duration;

use crate::{
    aws::{self, Aws},
    clock::Clock,
    env::{EnvError, Environment},
};

/// The parts that all adapters of a function are built from.
#[derive(Clone)]
pub struct Boot {
    /// The machine's clock, or a steered one in tests.
    pub clock: Clock,
    /// What every AWS client is made from.
    pub aws: Aws,
    /// The TLS configuration that AWS clients and `egress` share.
    pub tls: rustls::ClientConfig,
}

impl Boot {
    /// Reads what Lambda puts into the environment and builds the shared parts.
    ///
    /// # Errors
    /// Names the first variable that is missing or wrong.
    pub fn new(from: &dyn Environment, clock: Clock) -> Result<Self, EnvError> {
        let tls = aws::tls();
        Ok(Self { clock, aws: Aws::new(from, tls.clone())?, tls })
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

/// How long an invocation may take whose deadline is not told: as long as API Gateway waits for one, less a second.
const UNTOLD: Duration = Duration::from_secs(28);

/// How long the rest of an invocation may take; every outbound limit is bounded by it.
#[derive(Debug, Clone, Copy)]
pub struct Budget {
    ends: tokio::time::Instant,
}

impl Budget {
    /// A budget that ends `after` from now.
    #[must_use]
    pub fn ending_in(after: Duration) -> Self {
        Self { ends: tokio::time::Instant::now() + after }
    }

    /// The budget of an invocation whose deadline Lambda gives in milliseconds since 1970, less a second to answer in.
    ///
    /// No invocation begins after its deadline: one that has passed already is none (`cargo lambda watch` sends a constant), and
    /// 28 seconds stand in for it.
    #[must_use]
    pub fn of_invocation(context: &lambda_runtime::Context, clock: &Clock) -> Self {
        let now = u64::try_from(clock.now().as_millisecond()).unwrap_or(0);
        let left = match context.deadline.checked_sub(now) {
            Some(left) => Duration::from_millis(left).saturating_sub(Duration::from_secs(1)),
            None => UNTOLD,
        };
        Self::ending_in(left)
    }

    /// What is left; zero when it is used up.
    #[must_use]
    pub fn left(&self) -> Duration {
        self.ends.saturating_duration_since(tokio::time::Instant::now())
    }
}
