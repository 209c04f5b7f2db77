//! What the targets share: a store at an address, and a turn driven to its end with made-up answers.

use bytes::Bytes;
use connectors::{Connector, Context, Credential, InboundResponse, Loopback, OutboundRequest, Outcome, ReadError, StoreAddress, Turn};
use http::{HeaderMap, StatusCode};
use jiff::Timestamp;

/// The most rounds that a turn may take: a connector that asks on for ever is a defect.
const ROUNDS: usize = 64;

/// An address that a connector takes.
#[must_use]
pub fn address_of(connector: &dyn Connector) -> StoreAddress {
    ["https://shop.example", "https://shop.myshopify.com", "https://api.bigcommerce.com/stores/abc123"]
        .into_iter()
        .find_map(|address| connector.address(address, Loopback::Denied).ok())
        .expect("one of these is an address of every platform")
}

/// A credential with every field.
#[must_use]
pub fn credential_of(connector: &dyn Connector) -> Credential {
    let fields = connector.platform().credentials;
    fields.iter().map(|field| (field.name.to_owned(), format!("test-{}", field.name).into())).collect()
}

/// Calls `with` for a store of a platform.
pub fn at<T>(connector: &dyn Connector, with: impl FnOnce(&Context<'_>) -> T) -> T {
    let (address, credential) = (address_of(connector), credential_of(connector));
    with(&Context { address: &address, credential: &credential })
}

/// Drives a turn to its end; every answer has the next of these bodies, over and over.
pub fn drive(mut turn: Turn, status: StatusCode, headers: &HeaderMap, bodies: &[&[u8]]) -> Option<Result<Outcome, ReadError>> {
    let mut next = 0;
    for _ in 0..ROUNDS {
        match turn {
            Turn::Done(outcome) => return Some(Ok(outcome)),
            Turn::Wait { then, .. } => turn = *then,
            Turn::Send { requests, then } => {
                let answers = requests
                    .iter()
                    .map(|request| {
                        check(request);
                        next += 1;
                        let body = Bytes::copy_from_slice(bodies[(next - 1) % bodies.len()]);
                        InboundResponse { status, headers: headers.clone(), body }
                    })
                    .collect();
                match then(answers) {
                    Ok(following) => turn = following,
                    Err(error) => return Some(Err(error)),
                }
            }
        }
    }
    None
}

/// What holds for every request: it stays at its store, and can be signed.
fn check(request: &OutboundRequest) {
    let host = request.unsigned_url().host_str().unwrap_or_default();
    assert!(host.ends_with("shop.example") || host.ends_with("myshopify.com") || host == "api.bigcommerce.com", "{host}");
    let _ = request.url_for_attempt(Timestamp::UNIX_EPOCH, [7; 16]);
}
