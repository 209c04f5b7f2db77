use base64::{Engine, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

const TOLERANCE: i64 = 300; // seconds that the sender's clock and yours may differ

/// Whether a delivery is ours. `secrets`: every secret that is good at present; `header`: a header by its name in lower case; `body`: the raw
/// bytes, before any parser; `now`: the unix second.
pub fn verify<'a>(secrets: &[&str], header: impl Fn(&str) -> Option<&'a str>, body: &[u8], now: i64) -> bool {
    let (Some(id), Some(timestamp), Some(signatures)) =
        (header("webhook-id"), header("webhook-timestamp"), header("webhook-signature"))
    else {
        return false;
    };
    let all_digits = timestamp.len() <= 12 && timestamp.bytes().all(|byte| byte.is_ascii_digit());
    if id.is_empty() || !all_digits || !timestamp.parse().is_ok_and(|at: i64| (now - at).abs() <= TOLERANCE) {
        return false;
    }
    secrets.iter().any(|secret| {
        let Ok(key) = STANDARD.decode(secret.trim_start_matches("whsec_")) else { return false };
        let Ok(mac) = Hmac::<Sha256>::new_from_slice(&key) else { return false };
        let mac = mac.chain_update(format!("{id}.{timestamp}.")).chain_update(body);
        signatures.split(' ').any(|signature| match signature.split_once(',') {
            // `verify_slice` compares in constant time.
            Some(("v1", text)) => STANDARD.decode(text).is_ok_and(|given| mac.clone().verify_slice(&given).is_ok()),
            _ => false,
        })
    })
}
