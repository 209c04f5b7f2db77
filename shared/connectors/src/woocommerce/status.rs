//! WooCommerce's one order status as three unified ones (`platforms.md` 4.4).

use domain::model::input::Change;
use domain::model::{FinancialStatus, FulfillmentStatus, OrderStatus};

use crate::connector::Refusal;

/// Whether an order is not one yet, or no more: drafts that the checkout and the editor leave behind, and what was moved to the trash.
pub(super) fn is_hidden(status: &str) -> bool {
    matches!(status, "checkout-draft" | "auto-draft" | TRASH)
}

/// What was deleted and can be restored for 30 days.
pub(super) const TRASH: &str = "trash";

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
        "cancelled" => (OrderStatus::Cancelled, FinancialStatus::Voided, sent),
        "refunded" => (OrderStatus::Completed, FinancialStatus::Refunded, sent),
        // A buyer may pay again for a failed order, so it is not over.
        "failed" => (OrderStatus::Open, FinancialStatus::Failed, FulfillmentStatus::Unfulfilled),
        _ if facts.is_paid => (OrderStatus::Open, paid, sent),
        _ => (OrderStatus::Open, FinancialStatus::Pending, sent),
    }
}

/// The one status that stands for what a caller wants of the three; `None` when nothing was sent (`platforms.md` 4.4, read backwards).
///
/// # Errors
/// A [`Refusal::Field`] at the first of them that WooCommerce has no status for, alone or beside the others.
pub(super) fn wanted(
    status: Change<OrderStatus>,
    financial: Change<FinancialStatus>,
    fulfillment: Change<FulfillmentStatus>,
    is_new: bool,
) -> Result<Option<&'static str>, Refusal> {
    let refused = |name: &str| Refusal::Field {
        pointer: format!("/{name}"),
        why: "WooCommerce has one status for all three, and none that says this",
    };
    for (name, is_null) in [
        ("status", matches!(status, Change::Clear)),
        ("financial_status", matches!(financial, Change::Clear)),
        ("fulfillment_status", matches!(fulfillment, Change::Clear)),
    ] {
        if is_null {
            return Err(refused(name));
        }
    }
    use FinancialStatus::{Failed, Paid, Pending, Refunded, Voided};
    use FulfillmentStatus::{Fulfilled, Unfulfilled};
    use OrderStatus::{Cancelled, Completed, Open};
    Ok(Some(match (status.set(), financial.set(), fulfillment.set()) {
        (None, None, None) => return Ok(None),
        (Some(Cancelled), None | Some(Voided), None | Some(Unfulfilled)) => "cancelled",
        (None | Some(Completed), Some(Refunded), None) => "refunded",
        (None | Some(Open), Some(Failed), None | Some(Unfulfilled)) => "failed",
        (None | Some(Completed), None | Some(Paid), Some(Fulfilled)) | (Some(Completed), None | Some(Paid), None) => {
            "completed"
        }
        (None | Some(Open), Some(Paid), None | Some(Unfulfilled)) => "processing",
        (None | Some(Open), Some(Pending), None | Some(Unfulfilled)) => "pending",
        // A new order is open and unpaid unless more is said; of an old one, this alone says nothing about the money.
        (Some(Open), None, None | Some(Unfulfilled)) | (None, None, Some(Unfulfilled)) if is_new => "pending",
        (_, Some(_), _) => return Err(refused("financial_status")),
        (_, None, Some(_)) => return Err(refused("fulfillment_status")),
        (Some(_), None, None) => return Err(refused("status")),
    }))
}
