//! What an account knows of the subscriptions of its applications: a pointer to each, and how many each application has.

use domain::{
    id::{AccountId, ApplicationId, SubscriptionId},
    subscription::MAX_SUBSCRIPTIONS,
};

use super::Accounts;
use crate::dynamo::{
    Unavailable, key,
    page::{List, Page, PageError, PageRequest, get},
    subscriptions::SubscriptionPointerItem,
    transaction::{Part, number, put, text},
};

impl Accounts {
    /// Which application of `account` a subscription belongs to, if it belongs to one of them.
    ///
    /// # Errors
    /// [`Unavailable`] where the table cannot be asked.
    pub async fn subscription(
        &self,
        account: &AccountId,
        subscription: &SubscriptionId,
    ) -> Result<Option<SubscriptionPointerItem>, Unavailable> {
        let (pk, sk) = (key::account(account), key::subscription(subscription));
        get(&self.client, &self.table, "subscriptions", pk, sk).await
    }

    /// A page of the subscriptions of an account's applications, oldest first.
    ///
    /// # Errors
    /// As [`PageError`] says.
    pub async fn subscriptions(
        &self,
        account: &AccountId,
        request: &PageRequest,
    ) -> Result<Page<SubscriptionPointerItem>, PageError> {
        let list = List { name: "subscriptions", of: account.as_str() };
        self.range(account, key::SUBSCRIPTIONS).page(&list, request).await
    }

    /// The writes that remember a subscription; the last fails where the application is gone, belongs to another account, or has
    /// [`MAX_SUBSCRIPTIONS`] already.
    #[must_use]
    pub fn adding_subscription(
        &self,
        account: &AccountId,
        application: &ApplicationId,
        subscription: &SubscriptionId,
    ) -> [Part; 2] {
        let pointer = SubscriptionPointerItem {
            pk: key::account(account),
            sk: key::subscription(subscription),
            v: 1,
            account: account.clone(),
            application: application.clone(),
            subscription: subscription.clone(),
        };
        let counting = Part::update()
            .table_name(&self.table)
            .key("pk", text(key::application(application)))
            .key("sk", text(key::OWNER))
            .update_expression("ADD subscriptions :one")
            .condition_expression(
                "#account = :account AND (attribute_not_exists(subscriptions) OR subscriptions < :most)",
            )
            .expression_attribute_names("#account", "account")
            .expression_attribute_values(":account", text(account.as_str()))
            .expression_attribute_values(":one", number(1))
            .expression_attribute_values(":most", number(MAX_SUBSCRIPTIONS));
        [put(&self.table, &pointer).condition_expression("attribute_not_exists(pk)"), counting]
    }

    /// The writes that forget subscriptions of one application.
    #[must_use]
    pub fn dropping_subscriptions(
        &self,
        account: &AccountId,
        application: &ApplicationId,
        subscriptions: &[&SubscriptionId],
    ) -> Vec<Part> {
        let mut parts: Vec<Part> = subscriptions
            .iter()
            .map(|subscription| {
                Part::delete()
                    .table_name(&self.table)
                    .key("pk", text(key::account(account)))
                    .key("sk", text(key::subscription(subscription)))
            })
            .collect();
        let uncounting = Part::update()
            .table_name(&self.table)
            .key("pk", text(key::application(application)))
            .key("sk", text(key::OWNER))
            .update_expression("ADD subscriptions :less")
            .condition_expression("subscriptions >= :some")
            .expression_attribute_values(":less", number(format!("-{}", subscriptions.len())))
            .expression_attribute_values(":some", number(subscriptions.len()));
        parts.push(uncounting);
        parts
    }
}
