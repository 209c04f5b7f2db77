//! A credential as the vault keeps it: a JSON object of texts.

use std::collections::BTreeMap;

use connectors::Credential;
use secrecy::{SecretString, zeroize::Zeroizing};

use super::VaultError;

/// The text of a credential; wiped when dropped.
pub(super) fn written(credential: &Credential) -> Zeroizing<String> {
    let fields: BTreeMap<&str, &str> =
        credential.names().filter_map(|name| Some((name, credential.get(name)?))).collect();
    // A map of strings always serialises.
    Zeroizing::new(serde_json::to_string(&fields).unwrap_or_default())
}

/// Reads what [`written`] wrote.
pub(super) fn read(text: &[u8]) -> Result<Credential, VaultError> {
    let fields: BTreeMap<String, String> = serde_json::from_slice(text).map_err(|_| {
        // Without the cause: serde's message could quote the secret.
        tracing::error!("what the vault holds has not the form of a credential");
        VaultError::Unavailable
    })?;
    Ok(fields.into_iter().map(|(name, value)| (name, SecretString::from(value))).collect())
}
