//! What the stack signs, verified as somebody else would who has nothing but the public key.

use base64::{Engine, engine::general_purpose::STANDARD};
use cloud::{boot::Boot, clock::Clock, signature::Signer};
use ring::signature::{ECDSA_P256_SHA256_ASN1, UnparsedPublicKey};
use testkit::stack::Stack;

use crate::world::environment;

/// The signer of this stack.
pub(crate) fn signer() -> Signer {
    let stack = Stack::shared();
    let boot = Boot::new(&environment("sweep", stack.aws()), Clock::system()).unwrap();
    Signer::new(&boot.aws, stack.deployment().outputs["SigningKeyArn"].clone())
}

/// Whether `signature` is that of `bytes` by the key in `pem`.
pub(crate) fn verifies(pem: &str, bytes: &[u8], signature: &str) -> bool {
    let body = pem.strip_prefix("-----BEGIN PUBLIC KEY-----\n").unwrap();
    let body = body.strip_suffix("\n-----END PUBLIC KEY-----\n").unwrap();
    assert!(body.lines().all(|line| line.len() <= 64), "RFC 7468, 2");
    let der = STANDARD.decode(body.replace('\n', "")).unwrap();
    // What comes before the point names the algorithm and the curve (RFC 5480): the same 26 bytes for every key on P-256.
    let (names, point) = der.split_at(26);
    assert_eq!(&names[4..13], [0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01]);
    let signature = STANDARD.decode(signature).unwrap();
    UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, point).verify(bytes, &signature).is_ok()
}

#[tokio::test]
async fn what_is_signed_is_verified_with_the_public_key_alone() {
    let signer = signer();
    let pem = signer.public_key().await.unwrap();
    // More than KMS takes as it is.
    let document = vec![b'x'; 5_000];
    let signature = signer.sign(&document).await.unwrap();
    assert!(verifies(&pem, &document, &signature));
    assert!(!verifies(&pem, &document[1..], &signature), "another document");
    let other = signer.sign(b"another document").await.unwrap();
    assert!(!verifies(&pem, &document, &other), "another signature");
}
