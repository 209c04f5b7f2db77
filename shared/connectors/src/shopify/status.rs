//! Shopify's payment and delivery statuses as the three unified ones (`platforms.md` 4.4).

use domain::model::{FinancialStatus, FulfillmentStatus, OrderStatus};

use super::wire;

/// Where an order stands.
pub(super) struct Status {
    pub(super) order: OrderStatus,
    pub(super) financial: FinancialStatus,
    pub(super) fulfillment: FulfillmentStatus,
    /// Both of Shopify's own words, as `PAID/UNFULFILLED`.
    pub(super) remote: String,
}

pub(super) fn unified(wire: &wire::Order<'_>) -> Status {
    let paid = wire.display_financial_status.as_deref().unwrap_or("PENDING");
    let sent = wire.display_fulfillment_status.as_deref().unwrap_or("UNFULFILLED");
    let financial = match paid {
        "AUTHORIZED" => FinancialStatus::Authorized,
        "PAID" => FinancialStatus::Paid,
        "PARTIALLY_REFUNDED" => FinancialStatus::PartiallyRefunded,
        "REFUNDED" => FinancialStatus::Refunded,
        "VOIDED" => FinancialStatus::Voided,
        "EXPIRED" => FinancialStatus::Failed,
        // PENDING, and PARTIALLY_PAID: something is still owed.
        _ => FinancialStatus::Pending,
    };
    let fulfillment = match sent {
        _ if wire.return_status.as_deref() == Some("RETURNED") => FulfillmentStatus::Returned,
        "FULFILLED" | "FULFILLMENT_NOT_REQUIRED" => FulfillmentStatus::Fulfilled,
        "PARTIALLY_FULFILLED" => FulfillmentStatus::Partial,
        // OPEN, IN_PROGRESS, ON_HOLD, SCHEDULED, …: requested or waiting, and nothing was sent.
        _ => FulfillmentStatus::Unfulfilled,
    };
    let is_settled =
        matches!(financial, FinancialStatus::Paid | FinancialStatus::PartiallyRefunded | FinancialStatus::Refunded);
    let order = if wire.cancelled_at.is_some() || financial == FinancialStatus::Voided {
        OrderStatus::Cancelled
    } else if wire.closed_at.is_some()
        || financial == FinancialStatus::Refunded
        || (is_settled && fulfillment == FulfillmentStatus::Fulfilled)
    {
        OrderStatus::Completed
    } else {
        OrderStatus::Open
    };
    Status { order, financial, fulfillment, remote: format!("{paid}/{sent}") }
}
