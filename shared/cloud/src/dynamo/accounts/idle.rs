//! What an account knows of its own use: the last day of it, what its owner was told since, and that it is being closed (R022).
//!
//! Each change holds only for the account as it was read, so that activity that comes in between is never overlooked.

use domain::{id::AccountId, inactivity::Told};
use jiff::{Timestamp, civil::Date};

use super::{AccountItem, Accounts};
use crate::clock::day_of;
use crate::dynamo::{
    Unavailable, key,
    transaction::{Part, TransactionError, text, write},
};

/// Which mail its owner got.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mailed {
    /// The first one.
    First,
    /// The reminder.
    Again,
}

impl AccountItem {
    /// The last day on which it was used, as far as that is known: of days before `known_since` nothing is.
    #[must_use]
    pub fn last_active(&self, known_since: Date) -> Date {
        let made = day_of(self.created_at);
        self.active_on.unwrap_or(made).max(made).max(known_since)
    }

    /// What its owner was told since.
    #[must_use]
    pub fn told(&self) -> Told {
        Told { first: self.idle_told_on, again: self.idle_told_again_on }
    }
}

impl Accounts {
    /// Notes that an account was used on `day`, and forgets what its owner was told. False where that is known already, or the account is gone or
    /// being closed.
    ///
    /// # Errors
    /// [`Unavailable`] where the table cannot be asked.
    pub async fn note_active(&self, account: &AccountId, day: Date) -> Result<bool, Unavailable> {
        let update = self
            .account_item(account)
            .update_expression("SET active_on = :day REMOVE idle_told_on, idle_told_again_on")
            .condition_expression(
                "attribute_exists(pk) AND attribute_not_exists(closing_since) AND (attribute_not_exists(active_on) OR active_on < :day)",
            )
            .expression_attribute_values(":day", text(day.to_string()));
        self.holds(update).await
    }

    /// Notes that the owner of an account got a mail on `day`. False where the account is not as it was read any more.
    ///
    /// # Errors
    /// [`Unavailable`] where the table cannot be asked.
    pub async fn note_mailed(&self, read: &AccountItem, mailed: Mailed, day: Date) -> Result<bool, Unavailable> {
        let set = match mailed {
            Mailed::First => "SET idle_told_on = :day",
            Mailed::Again => "SET idle_told_again_on = :day",
        };
        let update = self.if_as_read(read).update_expression(set);
        self.holds(update.expression_attribute_values(":day", text(day.to_string()))).await
    }

    /// Begins to close an account because nobody uses it, or its owner declined what it would be bound to: from now on no activity keeps it. False
    /// where the account is not as it was read any more.
    ///
    /// # Errors
    /// [`Unavailable`] where the table cannot be asked.
    pub async fn begin_closing(&self, read: &AccountItem, now: Timestamp) -> Result<bool, Unavailable> {
        let update = self.if_as_read(read).update_expression("SET closing_since = :now");
        self.holds(update.expression_attribute_values(":now", text(now.to_string()))).await
    }

    /// A change of an account that is as idle as it was read.
    fn if_as_read(&self, read: &AccountItem) -> Part {
        let facts = [
            ("active_on", read.active_on),
            ("idle_told_on", read.idle_told_on),
            ("idle_told_again_on", read.idle_told_again_on),
        ];
        let mut condition = "attribute_exists(pk) AND attribute_not_exists(closing_since)".to_owned();
        let mut update = self.account_item(&read.id);
        for (name, value) in facts {
            match value {
                Some(day) => {
                    condition.push_str(&format!(" AND {name} = :{name}"));
                    update = update.expression_attribute_values(format!(":{name}"), text(day.to_string()));
                }
                None => condition.push_str(&format!(" AND attribute_not_exists({name})")),
            }
        }
        update.condition_expression(condition)
    }

    fn account_item(&self, account: &AccountId) -> Part {
        Part::update().table_name(&self.table).key("pk", text(key::account(account))).key("sk", text(key::ACCOUNT))
    }

    /// Whether the condition of a change held.
    pub(super) async fn holds(&self, part: Part) -> Result<bool, Unavailable> {
        match write(&self.client, vec![part]).await {
            Ok(()) => Ok(true),
            Err(TransactionError::Condition(_)) => Ok(false),
            Err(TransactionError::Unavailable(unavailable)) => Err(unavailable),
        }
    }
}
