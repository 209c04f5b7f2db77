//! WooCommerce's one order status as three unified ones (`platforms.md` 4.4).

use domain::model::{FinancialStatus, FulfillmentStatus, OrderStatus};

/// Whether an order is not one yet: drafts that the checkout and the editor leave behind.
pub(super) fn is_hidden(status: &str) -> bool {
    matches!(status, "checkout-draft" | "auto-draft")
}

/// What else is known of an order and decides where the status alone does not.
pub(super) struct Facts {
    /// There is a time of payment.
    pub(super) is_paid: bool,
    /// There is a time of completion.
    pub(super) is_completed: bool,
    /// There are refunds.
    pub(super) has_refunds: bool,
}

/// The unified statuses. A status that a plugin added is open, and paid or fulfilled by its times.
pub(super) fn unified(status: &str, facts: &Facts) -> (OrderStatus, FinancialStatus, FulfillmentStatus) {
    let sent = if facts.is_completed { FulfillmentStatus::Fulfilled } else { FulfillmentStatus::Unfulfilled };
    let paid = if facts.has_refunds { FinancialStatus::PartiallyRefunded } else { FinancialStatus::Paid };
    match status {
        "pending" | "on-hold" => (OrderStatus::Open, FinancialStatus::Pending, FulfillmentStatus::Unfulfilled),
        "processing" => (OrderStatus::Open, paid, FulfillmentStatus::Unfulfilled),
        "completed" => (OrderStatus::Completed, paid, FulfillmentStatus::Fulfilled),
        "cancelled" | "trash" => (OrderStatus::Cancelled, FinancialStatus::Voided, sent),
        "refunded" => (OrderStatus::Completed, FinancialStatus::Refunded, sent),
        // A buyer may pay again for a failed order, so it is not over.
        "failed" => (OrderStatus::Open, FinancialStatus::Failed, FulfillmentStatus::Unfulfilled),
        _ if facts.is_paid => (OrderStatus::Open, paid, sent),
        _ => (OrderStatus::Open, FinancialStatus::Pending, sent),
    }
}
