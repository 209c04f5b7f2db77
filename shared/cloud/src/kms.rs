//! What KMS does for us: it makes data keys and unwraps them, it signs, and it makes codes that only it can make.

use base64::{Engine, engine::general_purpose::STANDARD};
use secrecy::{ExposeSecret, SecretString, zeroize::Zeroizing};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use sha2::{Digest, Sha256};

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

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Signed {
    signature: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Public {
    public_key: String,
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
        let made: Answer = self.call("TrentService.GenerateDataKey", "make", &input).await?;
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

    /// Signs bytes with an ECDSA key on P-256: the signature in DER, in base64. Only their hash is sent, so they may be of any length.
    pub(crate) async fn sign(&self, key: &str, bytes: &[u8]) -> Result<String, Unavailable> {
        let input = serde_json::json!({
            "KeyId": key,
            "Message": STANDARD.encode(Sha256::digest(bytes)),
            "MessageType": "DIGEST",
            "SigningAlgorithm": "ECDSA_SHA_256",
        });
        let Signed { signature } = self.call("TrentService.Sign", "sign", &input).await?;
        Ok(signature)
    }

    /// The public half of a key that signs: `SubjectPublicKeyInfo` (RFC 5280) in DER, in base64.
    pub(crate) async fn public_key(&self, key: &str) -> Result<String, Unavailable> {
        let input = serde_json::json!({ "KeyId": key });
        let Public { public_key } = self.call("TrentService.GetPublicKey", "show", &input).await?;
        Ok(public_key)
    }

    /// The HMAC-SHA256 of a message of at most 4,096 bytes under a key that never leaves KMS. Messages for different ends start differently.
    pub(crate) async fn mac(&self, key: &str, message: &str) -> Result<Zeroizing<Vec<u8>>, Unavailable> {
        #[derive(Deserialize)]
        #[serde(rename_all = "PascalCase")]
        struct Code {
            mac: SecretString,
        }
        let message = STANDARD.encode(message);
        let input = serde_json::json!({ "KeyId": key, "Message": message, "MacAlgorithm": "HMAC_SHA_256" });
        let code: Code = self.call("TrentService.GenerateMac", "code", &input).await?;
        STANDARD.decode(code.mac.expose_secret()).map(Zeroizing::new).map_err(|_| unreadable("code"))
    }

    async fn call<T: DeserializeOwned>(
        &self,
        target: &'static str,
        what: &'static str,
        input: &impl Serialize,
    ) -> Result<T, Unavailable> {
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
