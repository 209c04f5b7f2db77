//! The two things that KMS does for us: it makes data keys and unwraps them.

use base64::{Engine, engine::general_purpose::STANDARD};
use secrecy::{ExposeSecret, SecretString, zeroize::Zeroizing};
use serde::{Deserialize, Serialize};

use crate::{
    aws::{Aws, CallError, Service},
    dynamo::Unavailable,
};

/// A client of KMS.
#[derive(Clone)]
pub(crate) struct Kms(Service);

/// A data key: in the clear, and as only KMS can read it.
pub(crate) struct Made {
    pub(crate) plain: Zeroizing<Vec<u8>>,
    pub(crate) wrapped: Vec<u8>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Answer {
    plaintext: SecretString,
    #[serde(default)]
    ciphertext_blob: String,
}

/// What a wrapped key is bound to: one name and what it stands for. It is no secret.
pub(crate) type Context<'a> = (&'a str, &'a str);

impl Kms {
    pub(crate) fn new(aws: &Aws) -> Self {
        Self(aws.service("kms", "kms"))
    }

    /// Makes a key of 256 bits, wrapped by the key with this ARN.
    pub(crate) async fn generate(&self, key: &str, context: Context<'_>) -> Result<Made, Unavailable> {
        let input =
            serde_json::json!({ "KeyId": key, "KeySpec": "AES_256", "EncryptionContext": { context.0: context.1 } });
        let made = self.call("TrentService.GenerateDataKey", "make", &input).await?;
        let wrapped = STANDARD.decode(&made.ciphertext_blob).map_err(|_| unreadable("make"))?;
        Ok(Made { plain: plain(&made, "make")?, wrapped })
    }

    /// Unwraps what [`Kms::generate`] wrapped under the same key and context.
    pub(crate) async fn decrypt(
        &self,
        key: &str,
        context: Context<'_>,
        wrapped: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, Unavailable> {
        let input = serde_json::json!({
            "KeyId": key,
            "CiphertextBlob": STANDARD.encode(wrapped),
            "EncryptionContext": { context.0: context.1 },
        });
        plain(&self.call("TrentService.Decrypt", "unwrap", &input).await?, "unwrap")
    }

    async fn call(
        &self,
        target: &'static str,
        what: &'static str,
        input: &impl Serialize,
    ) -> Result<Answer, Unavailable> {
        self.0.json(target, input).await.map_err(|error: CallError| {
            tracing::error!(what, cause = %error, "KMS could not be asked");
            Unavailable
        })
    }
}

fn plain(answer: &Answer, what: &'static str) -> Result<Zeroizing<Vec<u8>>, Unavailable> {
    STANDARD.decode(answer.plaintext.expose_secret()).map(Zeroizing::new).map_err(|_| unreadable(what))
}

fn unreadable(what: &'static str) -> Unavailable {
    tracing::error!(what, "KMS's answer cannot be read");
    Unavailable
}
