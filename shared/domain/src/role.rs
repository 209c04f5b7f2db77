//! Roles: named sets of scopes for the people of an account and for the operator of a deployment.

use crate::scope::{Scope, ScopeSet};

/// What a person may do in an account. A management key carries exactly one role.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Everything in the account, closing it included.
    Owner,
    /// Everything but changing or closing the account.
    Admin,
    /// Builds applications: applications, keys, subscriptions.
    Developer,
    /// Looks, and changes nothing.
    Support,
    /// Decides data-subject requests and sees what the account holds.
    PrivacyOfficer,
    /// Runs the deployment; belongs to its operator, not to a customer.
    Operator,
}

impl Role {
    /// Every role, in the order of the documentation's table.
    pub const ALL: [Self; 6] =
        [Self::Owner, Self::Admin, Self::Developer, Self::Support, Self::PrivacyOfficer, Self::Operator];

    /// What the role may do. No role opens a store's data: that takes an application's key and a merchant's grant (R121).
    #[must_use]
    pub const fn scopes(self) -> ScopeSet {
        use Scope as S;
        const READ: ScopeSet = ScopeSet::of(&[
            S::AccountRead,
            S::ApplicationsRead,
            S::StoresRead,
            S::SubscriptionsRead,
            S::EventsRead,
            S::UsageRead,
        ]);
        const BUILD: ScopeSet = ScopeSet::of(&[S::ApplicationsWrite, S::KeysWrite, S::SubscriptionsWrite]);
        const STORES: ScopeSet = ScopeSet::of(&[S::StoresWrite, S::GrantsWrite]);
        match self {
            Self::Owner => READ.union(BUILD).union(STORES).union(ScopeSet::of(&[S::AccountWrite, S::PrivacyWrite])),
            Self::Admin => READ.union(BUILD).union(STORES),
            Self::Developer => READ.union(BUILD),
            Self::Support => READ,
            Self::PrivacyOfficer => {
                ScopeSet::of(&[S::AccountRead, S::ApplicationsRead, S::StoresRead, S::PrivacyWrite])
            }
            Self::Operator => ScopeSet::of(&[S::Operator]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_role_reads_a_stores_data() {
        for role in Role::ALL {
            assert!(role.scopes().iter().all(|scope| !scope.is_data_plane()), "{role:?}");
        }
    }

    #[test]
    fn only_the_owner_changes_the_account_and_only_the_operator_operates() {
        for role in Role::ALL {
            assert_eq!(role.scopes().contains(Scope::AccountWrite), role == Role::Owner, "{role:?}");
            assert_eq!(role.scopes().contains(Scope::Operator), role == Role::Operator, "{role:?}");
        }
    }
}
