//! Signatures of the stack: what proves to anybody who has its public key that a document is ours and is as we wrote it.
//!
//! The key is KMS's and never leaves it (`SigningKey` in the template): ECDSA on P-256 with SHA-256, which every common library verifies, as in
//! `openssl dgst -sha256 -verify key.pem -signature signature.der document.json`.

use crate::{aws::Aws, dynamo::Unavailable, kms::Kms};

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
