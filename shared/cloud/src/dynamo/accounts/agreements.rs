//! What an account was told of policies and agreed to (R032, R033, R041, R102): one row a version, in the account's partition, apart from its
//! consents.

use domain::{
    agreement::{Beginning, Known, Manner},
    id::{AccountId, KeyId},
};
use jiff::Timestamp;
use personal_data::PersonalData;

use super::{AccountItem, Accounts};
use crate::dynamo::{
    Unavailable, key,
    transaction::{Part, number, put, text},
};

/// What an account was told of one version of a policy, and whether it agreed to it.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize, PersonalData)]
#[pd(store = "accounts", subject = AccountUser, link = "account", role = Controller, region = Pinned)]
pub struct AgreementItem {
    /// `account#` and the account's id.
    #[pd(none)]
    pub pk: String,
    /// `policy#`, the policy and the version.
    #[pd(none)]
    pub sk: String,
    /// Version of this form.
    #[pd(none)]
    pub v: u8,
    /// Whose it is.
    #[pd(none)]
    pub account: AccountId,
    /// The policy.
    #[pd(none)]
    pub policy: String,
    /// Its version.
    #[pd(none)]
    pub version: String,
    /// When notice of it was given to be mailed.
    #[pd(none)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub noticed_at: Option<Timestamp>,
    /// When the account agreed to it.
    #[pd(none)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agreed_at: Option<Timestamp>,
    /// How.
    #[pd(none)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agreed_how: Option<Manner>,
    /// With which of its keys; the first one where it was agreed to with the sign-up, none where it was agreed to by use.
    #[pd(none)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agreed_by: Option<KeyId>,
    /// When its owner declined it, and did not think better of it since.
    #[pd(none)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub declined_at: Option<Timestamp>,
}

impl AgreementItem {
    /// What decides whether the version binds the account.
    #[must_use]
    pub fn known(&self) -> Known {
        Known { noticed_at: self.noticed_at, agreed_at: self.agreed_at, declined_at: self.declined_at }
    }
}

impl AccountItem {
    /// How it began.
    #[must_use]
    pub fn beginning(&self) -> Beginning<'_> {
        Beginning { at: self.created_at, accepted: &self.policy_version }
    }
}

/// One version of one policy, by their names.
#[derive(Debug, Clone, Copy)]
pub struct VersionOf<'a> {
    /// The policy.
    pub policy: &'a str,
    /// Its version.
    pub version: &'a str,
}

impl Accounts {
    /// All that an account was told of policies and agreed to.
    ///
    /// # Errors
    /// [`Unavailable`] where the table cannot be asked.
    pub async fn agreements(&self, account: &AccountId) -> Result<Vec<AgreementItem>, Unavailable> {
        self.range(account, key::POLICIES).all().await
    }

    /// The write of what a new account agreed to with its sign-up.
    #[must_use]
    pub fn agreeing_at_first(&self, account: &AccountId, of: VersionOf<'_>, by: &KeyId, now: Timestamp) -> Part {
        let item = AgreementItem {
            pk: key::account(account),
            sk: key::policy(of.policy, of.version),
            v: 1,
            account: account.clone(),
            policy: of.policy.to_owned(),
            version: of.version.to_owned(),
            noticed_at: None,
            agreed_at: Some(now),
            agreed_how: Some(Manner::SignUp),
            agreed_by: Some(by.clone()),
            declined_at: None,
        };
        put(&self.table, &item)
    }

    /// Notes that an account's owner agrees to a version, with the key `by`. False where it agreed before: the first time counts.
    ///
    /// # Errors
    /// [`Unavailable`] where the table cannot be asked.
    pub async fn agree(
        &self,
        account: &AccountId,
        of: VersionOf<'_>,
        by: &KeyId,
        now: Timestamp,
    ) -> Result<bool, Unavailable> {
        let set = "agreed_at = :now, agreed_how = :how, agreed_by = :by REMOVE declined_at";
        let row = self
            .row(account, of, set)
            .condition_expression("attribute_not_exists(agreed_at)")
            .expression_attribute_values(":now", text(now.to_string()))
            .expression_attribute_values(":how", text(Manner::Said.as_str()))
            .expression_attribute_values(":by", text(by.as_str()));
        self.holds(row).await
    }

    /// Notes that an account was used under a version that has taken effect. False where it agreed before, or its owner has declined.
    ///
    /// # Errors
    /// [`Unavailable`] where the table cannot be asked.
    pub async fn agree_by_use(
        &self,
        account: &AccountId,
        of: VersionOf<'_>,
        now: Timestamp,
    ) -> Result<bool, Unavailable> {
        let row = self
            .row(account, of, "agreed_at = :now, agreed_how = :how")
            .condition_expression("attribute_not_exists(agreed_at) AND attribute_not_exists(declined_at)")
            .expression_attribute_values(":now", text(now.to_string()))
            .expression_attribute_values(":how", text(Manner::Use.as_str()));
        self.holds(row).await
    }

    /// Notes that an account's owner declines a version. False where the account agreed to it before.
    ///
    /// # Errors
    /// [`Unavailable`] where the table cannot be asked.
    pub async fn decline(&self, account: &AccountId, of: VersionOf<'_>, now: Timestamp) -> Result<bool, Unavailable> {
        let row = self
            .row(account, of, "declined_at = if_not_exists(declined_at, :now)")
            .condition_expression("attribute_not_exists(agreed_at)")
            .expression_attribute_values(":now", text(now.to_string()));
        self.holds(row).await
    }

    /// Notes that notice of a version was given to be mailed. The first one counts.
    ///
    /// # Errors
    /// [`Unavailable`] where the table cannot be asked.
    pub async fn note_notice(
        &self,
        account: &AccountId,
        of: VersionOf<'_>,
        now: Timestamp,
    ) -> Result<bool, Unavailable> {
        let row = self
            .row(account, of, "noticed_at = :now")
            .condition_expression("attribute_not_exists(noticed_at)")
            .expression_attribute_values(":now", text(now.to_string()));
        self.holds(row).await
    }

    /// The writes that forget all of it, for the transaction that erases the account.
    #[must_use]
    pub fn forgetting(&self, agreements: &[AgreementItem]) -> Vec<Part> {
        let forget = |item: &AgreementItem| {
            Part::delete().table_name(&self.table).key("pk", text(&item.pk)).key("sk", text(&item.sk))
        };
        agreements.iter().map(forget).collect()
    }

    /// The change of a row, made where it is not there yet.
    fn row(&self, account: &AccountId, VersionOf { policy, version }: VersionOf<'_>, set: &str) -> Part {
        Part::update()
            .table_name(&self.table)
            .key("pk", text(key::account(account)))
            .key("sk", text(key::policy(policy, version)))
            .update_expression(format!(
                "SET v = :v, #account = :account, #policy = :policy, #version = :version, {set}"
            ))
            .expression_attribute_names("#account", "account")
            .expression_attribute_names("#policy", "policy")
            .expression_attribute_names("#version", "version")
            .expression_attribute_values(":v", number(1))
            .expression_attribute_values(":account", text(account.as_str()))
            .expression_attribute_values(":policy", text(policy))
            .expression_attribute_values(":version", text(version))
    }
}
