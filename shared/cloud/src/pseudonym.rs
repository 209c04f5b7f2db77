//! Names under which the audit chain knows people (`privacy.md` D.8): the same for the same person, and of no use to anybody who
//! cannot ask KMS.

use sha2::{Digest, Sha256};

use crate::{aws::Aws, dynamo::Unavailable, kms::Kms};
use domain::hex::hex;

/// For what a pseudonym is; those of different uses cannot be joined.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Use {
    /// The audit chain.
    Audit,
}

/// Makes pseudonyms.
#[derive(Clone)]
pub struct Pseudonyms {
    kms: Kms,
    key: String,
}

impl Pseudonyms {
    /// `key` is the ARN of a KMS key for HMAC-SHA256.
    #[must_use]
    pub fn new(aws: &Aws, key: String) -> Self {
        Self { kms: Kms::new(aws), key }
    }

    /// The pseudonym of a subject, in hexadecimal digits.
    ///
    /// # Errors
    /// [`Unavailable`] where KMS cannot be asked.
    pub async fn of(&self, what_for: Use, subject: &str) -> Result<String, Unavailable> {
        let form = match what_for {
            Use::Audit => "cartage-audit-1",
        };
        // Only a hash of it leaves us, and of what KMS makes of that only a hash stays.
        let subject = hex(&Sha256::digest(subject));
        let code = self.kms.mac(&self.key, &format!("{form}\n{subject}")).await?;
        Ok(hex(&Sha256::digest(&*code)))
    }
}
