//! The form `per-store`: one Secrets Manager secret a store.

use std::collections::HashMap;

use connectors::Credential;
use domain::{hex::hex, id::StoreId};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize, de::IgnoredAny};
use serde_json::json;

use super::{VaultError, fields};
use crate::{
    aws::{Aws, CallError, Service},
    clock::random_bytes,
};

const NOT_FOUND: &str = "ResourceNotFoundException";

/// Secrets of stores.
#[derive(Clone)]
pub(super) struct Secrets {
    service: Service,
    prefix: String,
}

impl Secrets {
    /// Secrets whose names start with `prefix`.
    pub(super) fn new(aws: &Aws, prefix: String) -> Self {
        Self { service: aws.service("secretsmanager", "secretsmanager"), prefix }
    }

    /// Reads the credential of a store.
    ///
    /// # Errors
    /// [`VaultError::Missing`] where there is none, [`VaultError::Unavailable`] where the vault does not answer.
    pub(super) async fn read(&self, store: &StoreId) -> Result<Credential, VaultError> {
        #[derive(Deserialize)]
        #[serde(rename_all = "PascalCase")]
        struct Value {
            secret_string: SecretString,
        }
        let input = json!({ "SecretId": self.name(store) });
        let value: Value =
            self.service.json("secretsmanager.GetSecretValue", &input).await.map_err(|error| match error.code() {
                Some(NOT_FOUND | "InvalidRequestException") => VaultError::Missing,
                _ => unavailable("read", &error),
            })?;
        fields::read(value.secret_string.expose_secret().as_bytes())
    }

    /// Keeps a credential for a store, in place of one that it had, which is not readable any more afterwards (`privacy.md` D.9).
    ///
    /// # Errors
    /// [`VaultError::Unavailable`] where the vault does not answer.
    pub(super) async fn keep(&self, store: &StoreId, credential: &Credential) -> Result<(), VaultError> {
        #[derive(Serialize)]
        #[serde(rename_all = "PascalCase")]
        struct Write<'a> {
            #[serde(skip_serializing_if = "Option::is_none")]
            name: Option<&'a str>,
            #[serde(skip_serializing_if = "Option::is_none")]
            secret_id: Option<&'a str>,
            secret_string: &'a str,
            client_request_token: &'a str,
        }
        let (name, text) = (self.name(store), fields::written(credential));
        // By it Secrets Manager knows an attempt that comes after a lost answer: 32 to 64 characters.
        let token = hex(&random_bytes());
        let create =
            Write { name: Some(&name), secret_id: None, secret_string: text.as_str(), client_request_token: &token };
        match self.service.json::<IgnoredAny>("secretsmanager.CreateSecret", &create).await {
            Ok(_) => Ok(()),
            Err(error) if error.is("ResourceExistsException") => {
                let put = Write { name: None, secret_id: Some(&name), ..create };
                let put = self.service.json::<IgnoredAny>("secretsmanager.PutSecretValue", &put).await;
                put.map_err(|error| unavailable("replace", &error))?;
                self.forget_previous(store).await
            }
            Err(error) => Err(unavailable("create", &error)),
        }
    }

    /// Secrets Manager keeps the value before this one under a label of its own, readable for as long as it stands; without the label it is deleted.
    async fn forget_previous(&self, store: &StoreId) -> Result<(), VaultError> {
        const LABEL: &str = "AWSPREVIOUS";
        #[derive(Deserialize)]
        #[serde(rename_all = "PascalCase")]
        struct Described {
            #[serde(default)]
            version_ids_to_stages: HashMap<String, Vec<String>>,
        }
        let name = self.name(store);
        let described = self.service.json("secretsmanager.DescribeSecret", &json!({ "SecretId": name })).await;
        let Described { version_ids_to_stages } = described.map_err(|error| unavailable("describe", &error))?;
        let labelled = |labels: &Vec<String>| labels.iter().any(|label| label == LABEL);
        let Some((previous, _)) = version_ids_to_stages.into_iter().find(|(_, labels)| labelled(labels)) else {
            return Ok(());
        };
        let strip = json!({ "SecretId": name, "VersionStage": LABEL, "RemoveFromVersionId": previous });
        let stripped = self.service.json::<IgnoredAny>("secretsmanager.UpdateSecretVersionStage", &strip).await;
        stripped.map(drop).map_err(|error| unavailable("forget", &error))
    }

    /// Destroys the credential of a store at once, without the recovery window in which it would live on (`privacy.md` D.9). One that is gone
    /// already counts as destroyed.
    ///
    /// # Errors
    /// [`VaultError::Unavailable`] where the vault does not answer.
    pub(super) async fn destroy(&self, store: &StoreId) -> Result<(), VaultError> {
        let input = json!({ "SecretId": self.name(store), "ForceDeleteWithoutRecovery": true });
        match self.service.json::<IgnoredAny>("secretsmanager.DeleteSecret", &input).await {
            Ok(_) => Ok(()),
            Err(error) if error.is(NOT_FOUND) => Ok(()),
            Err(error) => Err(unavailable("destroy", &error)),
        }
    }

    /// Whether there is a secret of a store, without reading it.
    pub(super) async fn exists(&self, store: &StoreId) -> Result<bool, VaultError> {
        let input = json!({ "SecretId": self.name(store) });
        match self.service.json::<IgnoredAny>("secretsmanager.DescribeSecret", &input).await {
            Ok(_) => Ok(true),
            Err(error) if error.is(NOT_FOUND) => Ok(false),
            Err(error) => Err(unavailable("describe", &error)),
        }
    }

    fn name(&self, store: &StoreId) -> String {
        format!("{}{}", self.prefix, store.as_str())
    }
}

fn unavailable(what: &'static str, error: &CallError) -> VaultError {
    tracing::error!(what, cause = %error, "the vault could not be asked");
    VaultError::Unavailable
}
