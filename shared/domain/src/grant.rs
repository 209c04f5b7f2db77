//! Grants: whether a key may reach a store at all, and with which scopes.

use crate::{id::AccountId, scope::ScopeSet};

/// A merchant's permission for one application on one store. A revoked grant is kept, so that its holder is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grant {
    /// What the merchant allows; only data-plane scopes count.
    pub scopes: ScopeSet,
    /// Whether the merchant took the permission back.
    pub revoked: bool,
}

/// Why a key may not reach a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AccessRefused {
    /// For this caller the store does not exist: it has another owner, who has never granted anything here.
    #[error("no such store")]
    NotFound,
    /// The merchant took the permission back, never gave it to this application, or the store is being disconnected.
    #[error("the merchant's permission is missing or revoked")]
    Revoked,
}

/// Decides whether a caller of account `caller` may reach a store of `owner`, and with which scopes (R121).
///
/// # Errors
/// [`AccessRefused::NotFound`] for another tenant's store, indistinguishable from one that does not exist;
/// [`AccessRefused::Revoked`] where the caller may know that the store exists.
pub fn reach(
    owner: &AccountId,
    caller: &AccountId,
    grant: Option<Grant>,
    connected: bool,
    key_scopes: ScopeSet,
) -> Result<ScopeSet, AccessRefused> {
    match grant {
        None if owner == caller => Err(AccessRefused::Revoked),
        None => Err(AccessRefused::NotFound),
        Some(Grant { revoked: true, .. }) => Err(AccessRefused::Revoked),
        Some(_) if !connected => Err(AccessRefused::Revoked),
        Some(grant) => Ok(key_scopes.intersection(grant.scopes)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scope::Scope;

    fn account(number: u128) -> AccountId {
        AccountId::from_uuid(uuid::Uuid::from_u128(number))
    }

    #[test]
    fn every_combination_has_one_answer() {
        let key = ScopeSet::of(&[Scope::ProductsRead, Scope::OrdersRead]);
        let live = Grant { scopes: ScopeSet::of(&[Scope::OrdersRead, Scope::Raw]), revoked: false };
        let gone = Grant { revoked: true, ..live };
        let (owner, other) = (account(1), account(2));
        let allowed = Ok(ScopeSet::of(&[Scope::OrdersRead]));
        let cases = [
            (&owner, None, true, Err(AccessRefused::Revoked)),
            (&other, None, true, Err(AccessRefused::NotFound)),
            (&other, None, false, Err(AccessRefused::NotFound)),
            (&owner, Some(live), true, allowed),
            (&other, Some(live), true, allowed),
            (&owner, Some(gone), true, Err(AccessRefused::Revoked)),
            (&other, Some(gone), true, Err(AccessRefused::Revoked)),
            (&owner, Some(live), false, Err(AccessRefused::Revoked)),
        ];
        for (caller, grant, connected, expected) in cases {
            assert_eq!(reach(&owner, caller, grant, connected, key), expected, "{grant:?} {connected}");
        }
    }
}
