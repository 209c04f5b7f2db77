//! Signatures of the stack: what proves to anybody who has its public key that a document is ours and is as we wrote it.
//!
//! The key is KMS's and never leaves it (`SigningKey` in the template): ECDSA on P-256 with SHA-256, which every common library verifies, as in
//! `openssl dgst -sha256 -verify key.pem -signature signature.der document.json`.

use base64::{Engine, engine::general_purpose::STANDARD};
use ring::signature::{ECDSA_P256_SHA256_ASN1, UnparsedPublicKey};

use crate::{aws::Aws, dynamo::Unavailable, kms::Kms};

/// Bytes of a point on P-256, which a public key ends with (RFC 5480, 2.2).
const POINT: usize = 65;

/// Signs with the stack's key.
#[derive(Clone)]
pub struct Signer {
    kms: Kms,
    key: String,
}

impl Signer {
    /// Signs with the KMS key that has this ARN.
    #[must_use]
    pub fn new(aws: &Aws, key: String) -> Self {
        Self { kms: Kms::new(aws), key }
    }

    /// The ARN of the key, which says beside a signature what to verify it with.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }

    /// The signature of bytes: DER (RFC 3279, 2.2.3), in base64.
    ///
    /// # Errors
    /// [`Unavailable`] where KMS cannot be asked.
    pub async fn sign(&self, bytes: &[u8]) -> Result<String, Unavailable> {
        self.kms.sign(&self.key, bytes).await
    }

    /// Whether a signature is this key's, of these bytes.
    ///
    /// # Errors
    /// [`Unavailable`] where KMS does not give its public half.
    pub async fn is_ours(&self, bytes: &[u8], signature: &str) -> Result<bool, Unavailable> {
        let key = STANDARD.decode(self.kms.public_key(&self.key).await?).unwrap_or_default();
        let (Some(point), Ok(signature)) = (key.last_chunk::<POINT>(), STANDARD.decode(signature)) else {
            return Ok(false);
        };
        Ok(UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, point).verify(bytes, &signature).is_ok())
    }

    /// The public key as PEM (RFC 7468).
    ///
    /// # Errors
    /// [`Unavailable`] where KMS cannot be asked.
    pub async fn public_key(&self) -> Result<String, Unavailable> {
        let base64 = self.kms.public_key(&self.key).await?;
        let lines: Vec<&str> = base64.as_bytes().chunks(64).filter_map(|line| std::str::from_utf8(line).ok()).collect();
        Ok(format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", lines.join("\n")))
    }
}
