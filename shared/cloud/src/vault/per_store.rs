//! The form `per-store`: one Secrets Manager secret a store.

use aws_sdk_secretsmanager::{
    Client,
    error::{DisplayErrorContext, SdkError},
    operation::{
        create_secret::CreateSecretError, delete_secret::DeleteSecretError, get_secret_value::GetSecretValueError,
    },
};
use connectors::Credential;
use domain::id::StoreId;
use secrecy::{ExposeSecret, SecretString};

use super::{VaultError, fields};

/// Secrets of stores.
#[derive(Clone)]
pub(super) struct Secrets {
    client: Client,
    prefix: String,
}

impl Secrets {
    /// Secrets whose names start with `prefix`.
    pub(super) fn new(config: &aws_types::SdkConfig, prefix: String) -> Self {
        Self { client: Client::new(config), prefix }
    }

    /// Reads the credential of a store.
    ///
    /// # Errors
    /// [`VaultError::Missing`] where there is none, [`VaultError::Unavailable`] where the vault does not answer.
    pub(super) async fn read(&self, store: &StoreId) -> Result<Credential, VaultError> {
        let answer = self.client.get_secret_value().secret_id(self.name(store)).send().await.map_err(|error| {
            match error.as_service_error() {
                Some(
                    GetSecretValueError::ResourceNotFoundException(_) | GetSecretValueError::InvalidRequestException(_),
                ) => VaultError::Missing,
                _ => unavailable("read", &error),
            }
        })?;
        let text = SecretString::from(answer.secret_string.unwrap_or_default());
        fields::read(text.expose_secret().as_bytes())
    }

    /// Keeps a credential for a store, in place of one that it had, which is not readable any more afterwards (`privacy.md` D.9).
    ///
    /// # Errors
    /// [`VaultError::Unavailable`] where the vault does not answer.
    pub(super) async fn keep(&self, store: &StoreId, credential: &Credential) -> Result<(), VaultError> {
        let text = fields::written(credential);
        let created = self.client.create_secret().name(self.name(store)).secret_string(text.as_str()).send().await;
        match created {
            Ok(_) => Ok(()),
            Err(error) if matches!(error.as_service_error(), Some(CreateSecretError::ResourceExistsException(_))) => {
                let put = self
                    .client
                    .put_secret_value()
                    .secret_id(self.name(store))
                    .secret_string(text.as_str())
                    .send()
                    .await;
                put.map_err(|error| unavailable("replace", &error))?;
                self.forget_previous(store).await
            }
            Err(error) => Err(unavailable("create", &error)),
        }
    }

    /// Secrets Manager keeps the value before this one under a label of its own, readable for as long as it stands; without the label it is deleted.
    async fn forget_previous(&self, store: &StoreId) -> Result<(), VaultError> {
        const LABEL: &str = "AWSPREVIOUS";
        let described = self.client.describe_secret().secret_id(self.name(store)).send().await;
        let described = described.map_err(|error| unavailable("describe", &error))?;
        let versions = described.version_ids_to_stages.unwrap_or_default();
        let labelled = |labels: &Vec<String>| labels.iter().any(|label| label == LABEL);
        let Some((previous, _)) = versions.into_iter().find(|(_, labels)| labelled(labels)) else { return Ok(()) };
        let change = self.client.update_secret_version_stage().secret_id(self.name(store));
        let stripped = change.version_stage(LABEL).remove_from_version_id(previous).send().await;
        stripped.map(drop).map_err(|error| unavailable("forget", &error))
    }

    /// Destroys the credential of a store at once, without the recovery window in which it would live on (`privacy.md` D.9). One that is gone
    /// already counts as destroyed.
    ///
    /// # Errors
    /// [`VaultError::Unavailable`] where the vault does not answer.
    pub(super) async fn destroy(&self, store: &StoreId) -> Result<(), VaultError> {
        let gone =
            self.client.delete_secret().secret_id(self.name(store)).force_delete_without_recovery(true).send().await;
        match gone {
            Ok(_) => Ok(()),
            Err(error) if matches!(error.as_service_error(), Some(DeleteSecretError::ResourceNotFoundException(_))) => {
                Ok(())
            }
            Err(error) => Err(unavailable("destroy", &error)),
        }
    }

    fn name(&self, store: &StoreId) -> String {
        format!("{}{}", self.prefix, store.as_str())
    }
}

fn unavailable<E, R>(what: &'static str, error: &SdkError<E, R>) -> VaultError
where
    E: std::error::Error + 'static,
    R: std::fmt::Debug,
{
    tracing::error!(what, cause = %DisplayErrorContext(error), "the vault could not be asked");
    VaultError::Unavailable
}
