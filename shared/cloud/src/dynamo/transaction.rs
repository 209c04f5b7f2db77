//! Several facts that must agree are one transaction.
//!
//! Adapters hand out single writes as values; a handler gathers them here and makes them happen together or not at all. DynamoDB
//! takes at most [`LIMIT`] of them at once.

use std::time::Duration;

pub(crate) use super::call::Attributes;
pub use super::call::Part;
use super::{
    Unavailable,
    call::{self, AttributeValue, Client},
};
use crate::clock::jitter;

/// Writes of one transaction.
pub const LIMIT: usize = 100;
/// Attempts where something else holds one of the items. A key's item is written with every call of the key, so a transaction that
/// touches it meets such a write now and then; it passes within milliseconds.
const ATTEMPTS: u32 = 8;
const FIRST_WAIT: Duration = Duration::from_millis(20);

/// Why a transaction did not happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TransactionError {
    /// The condition of the part at this place did not hold. That is an answer, not a failure.
    #[error("the condition of part {0} does not hold")]
    Condition(usize),
    /// The table could not be asked, or something else held an item for too long.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

/// Makes all parts happen, or none.
///
/// # Errors
/// [`TransactionError::Condition`] with the place of the first part whose condition did not hold.
pub async fn write(client: &Client, parts: Vec<Part>) -> Result<(), TransactionError> {
    if parts.is_empty() {
        return Ok(());
    }
    for attempt in 0.. {
        let error = match client.transact(&parts).await {
            Ok(()) => return Ok(()),
            Err(error) => error,
        };
        let reasons = call::cancellations(&error);
        let place_of = |code: &str| reasons.iter().position(|reason| reason == code);
        if let Some(place) = place_of("ConditionalCheckFailed") {
            return Err(TransactionError::Condition(place));
        }
        let passing = place_of("TransactionConflict").or_else(|| place_of("ThrottlingError")).is_some();
        if passing && attempt + 1 < ATTEMPTS {
            tokio::time::sleep(jitter(FIRST_WAIT * 2u32.pow(attempt)) + Duration::from_millis(5)).await;
            continue;
        }
        return Err(super::unavailable("transaction", &error).into());
    }
    Err(Unavailable.into())
}

/// Makes all parts happen in their order, [`LIMIT`] at once. Where that is more than one transaction, a failure leaves the first of them
/// written: the parts must be such that doing them again does no harm.
///
/// # Errors
/// [`TransactionError::Condition`] with the place among all parts.
pub async fn write_in_order(client: &Client, parts: Vec<Part>) -> Result<(), TransactionError> {
    for (number, piece) in parts.chunks(LIMIT).enumerate() {
        write(client, piece.to_vec()).await.map_err(|error| match error {
            TransactionError::Condition(place) => TransactionError::Condition(number * LIMIT + place),
            unavailable @ TransactionError::Unavailable(_) => unavailable,
        })?;
    }
    Ok(())
}

/// A text as DynamoDB takes it.
pub(super) fn text(value: impl Into<String>) -> AttributeValue {
    AttributeValue::S(value.into())
}

/// A number as DynamoDB takes it.
pub(super) fn number(value: impl ToString) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

/// A put of our own item types, which always serialise.
///
/// # Panics
/// Never in practice: their keys are strings.
pub(super) fn put<T: serde::Serialize + personal_data::PersonalData>(table: &str, item: &T) -> Part {
    Part::put().table_name(table).item(attributes(item))
}

/// An item as it stands in a table.
///
/// # Panics
/// Never in practice: our item types always serialise.
pub(crate) fn attributes<T: serde::Serialize + personal_data::PersonalData>(item: &T) -> Attributes {
    #[expect(clippy::expect_used, reason = "our item types always serialise")]
    serde_dynamo::to_item(item).expect("an item serialises")
}

/// Puts one item that has to agree with nothing else.
pub(super) async fn put_alone<T: serde::Serialize + personal_data::PersonalData>(
    client: &Client,
    table: &str,
    what: &'static str,
    item: &T,
) -> Result<(), Unavailable> {
    let item = serde_dynamo::to_item(item).map_err(|error| super::unreadable(what, &error))?;
    let put = client.put_item().table_name(table).item(item).send().await;
    put.map(drop).map_err(|error| super::unavailable(what, &error))
}
