//! What a subscription's deliveries are signed with: rotated, and shown once.

use std::time::Duration;

use cloud::{
    dynamo::{
        subscriptions::SubscriptionItem,
        transaction::{self, TransactionError},
    },
    http::{Answer, Call, Code, Problem},
    journal::SecurityEvent,
    signing::{LONGEST_OVERLAP, OVERLAP, RotateError},
};
use domain::id::SubscriptionId;
use http::StatusCode;

use super::{Shown, about, own};
use crate::serving::{Visit, unavailable};

const HOUR: u64 = 3_600;

/// How a secret is to be rotated.
#[derive(serde::Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "SecretRotation"))]
#[serde(deny_unknown_fields)]
pub(crate) struct Rotation {
    /// How long deliveries are signed with the old secret too: 24 hours where nothing is said, 72 at most; 0 ends every old one at once.
    #[cfg_attr(feature = "schema", schemars(range(max = 72)))]
    overlap_hours: Option<u32>,
}

/// `POST /v1/subscriptions/{subscription}/rotate-secret`
pub(crate) async fn rotate(visit: &Visit<'_>, id: &SubscriptionId) -> Result<Answer, Problem> {
    let overlap = overlap(visit.call)?;
    let item = own(visit, id).await?;
    let app = visit.app;
    let made = app.signing.rotate(&item, overlap).await.map_err(|error| match error {
        RotateError::Overlap => too_long(),
        RotateError::TooMany { until } => {
            let detail = format!(
                "too many secrets are good at once; the next one ends at {until}, or at once with an overlap of 0"
            );
            Problem::new(Code::Conflict).detail(detail)
        }
        RotateError::Unavailable => Problem::unavailable(),
    })?;
    let now = app.clock.now();
    let part = app.subscriptions.rotating(&item, &made.sealed, now);
    transaction::write(&app.tables, vec![part]).await.map_err(|error| match error {
        TransactionError::Condition(_) => {
            Problem::new(Code::Conflict).detail("the secret was rotated by another call meanwhile")
        }
        TransactionError::Unavailable(cause) => unavailable(cause),
    })?;
    visit.note(0, SecurityEvent::SubscriptionSecretRotated, about(&item));
    let rotated = SubscriptionItem { rotated_at: Some(now), ..item };
    Ok(Answer::json(StatusCode::OK, &Shown::with_secret(rotated, &made.secret)))
}

fn overlap(call: &Call) -> Result<Duration, Problem> {
    if call.body.is_empty() {
        return Ok(OVERLAP);
    }
    let body: Rotation = call.json()?;
    let overlap = body.overlap_hours.map_or(OVERLAP, |hours| Duration::from_secs(u64::from(hours) * HOUR));
    if overlap > LONGEST_OVERLAP { Err(too_long()) } else { Ok(overlap) }
}

fn too_long() -> Problem {
    Problem::field("/overlap_hours", format!("0 to {}", LONGEST_OVERLAP.as_secs() / HOUR))
}
