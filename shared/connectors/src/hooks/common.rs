//! What the connectors' hooks share.

use std::collections::{BTreeMap, BTreeSet};

use http::StatusCode;
use secrecy::SecretString;
use sha2::{Digest, Sha256};

use super::{HookError, Wanted};
use crate::connector::{Credential, InboundResponse, Outcome, ReadError, Turn};
use crate::request::OutboundRequest;
use crate::upstream::success;
use domain::hex::hex;

/// Whether an address that is registered with a platform is that of this store's webhooks: it, or one that ends as it does from `/hooks/` on,
/// which is where the webhooks came in before our own address changed.
pub(crate) fn leads_here(address: &str, url: &str) -> bool {
    let path = url.rfind("/hooks/").map_or(url, |start| &url[start..]);
    address.trim_end_matches('/').ends_with(path)
}

/// What stands in a header that was kept.
pub(crate) fn told<'a>(headers: &'a BTreeMap<String, String>, name: &str) -> Option<&'a str> {
    headers.get(name).map(String::as_str).filter(|text| !text.is_empty())
}

/// SHA-256 in lower-case hex.
pub(crate) fn digest(body: &[u8]) -> String {
    hex(&Sha256::digest(body))
}

/// Reads the JSON of a webhook.
pub(crate) fn parse<'a, T: serde::Deserialize<'a>>(body: &'a [u8]) -> Result<T, HookError> {
    serde_json::from_slice(body).map_err(|_| HookError("The body is not as the platform documents it."))
}

/// The end of a look at which objects exist. A store that answers with what was not asked for knows no such filter: then nothing can be
/// concluded of what is missing, and whoever did would tell of deletions that never were.
pub(crate) fn existing(asked: &BTreeSet<String>, found: Vec<String>) -> Result<Turn, ReadError> {
    if found.iter().all(|id| asked.contains(id)) {
        Ok(Turn::Done(Outcome::Existing(found)))
    } else {
        Err(ReadError::Unreadable("objects that were not asked for"))
    }
}

/// The ids that are asked for.
pub(crate) fn asked(ids: &[&str]) -> BTreeSet<String> {
    ids.iter().map(|id| (*id).to_owned()).collect()
}

/// What is to be registered, of its own: the steps of a turn outlive the call that asked for it.
pub(crate) struct Wish {
    /// [`Wanted::url`].
    pub(crate) url: String,
    /// [`Wanted::secret`].
    pub(crate) secret: SecretString,
    /// [`Wanted::new_secret`].
    pub(crate) new_secret: bool,
}

impl Wish {
    pub(crate) fn of(wanted: &Wanted<'_>) -> Self {
        Self { url: wanted.url.to_owned(), secret: wanted.secret.into(), new_secret: wanted.new_secret }
    }
}

/// Sends requests, if there are any, and goes on with their answers.
pub(crate) fn send_all(
    requests: Vec<OutboundRequest>,
    then: impl FnOnce(Vec<InboundResponse>) -> Result<Turn, ReadError> + Send + 'static,
) -> Result<Turn, ReadError> {
    let expected = requests.len();
    if expected == 0 {
        return then(Vec::new());
    }
    let then = move |answers: Vec<InboundResponse>| match answers.len() {
        found if found == expected => then(answers),
        _ => Err(ReadError::Unreadable("an answer is missing")),
    };
    Ok(Turn::Send { requests, then: Box::new(then) })
}

/// The answer to a removal: what somebody else removed before is gone too.
pub(crate) fn gone(answer: &InboundResponse, credential: &Credential) -> Result<(), ReadError> {
    if answer.status == StatusCode::NOT_FOUND { Ok(()) } else { success(answer, credential).map(|_| ()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_leads_here_whatever_our_host_is() {
        let url = "https://api.cartage.example/hooks/str_1";
        assert!(leads_here(url, url) && leads_here("https://api.cartage.example/hooks/str_1/", url));
        assert!(leads_here("https://old.cartage.example/v0/hooks/str_1", url));
        for other in ["https://api.cartage.example/hooks/str_12", "https://api.cartage.example/hooks/", "", "str_1"] {
            assert!(!leads_here(other, url), "{other}");
        }
    }
}
