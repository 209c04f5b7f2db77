//! A store with its credential, ready to be asked.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use domain::model::Entity;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use serde::Serialize;

use super::read::path_of;
use crate::address::StoreAddress;
use crate::connector::{
    Context, Credential, CredentialError, InboundResponse, Outcome, ReadError, Refusal, Then, Turn,
};
use crate::request::{OutboundRequest, Signature};
use crate::upstream::success;

/// The credential's one field: the secret API key, made in the dashboard.
pub(super) const API_KEY: &str = "api_key";

/// A store with its credential.
#[derive(Clone)]
pub(super) struct Door {
    pub(super) address: StoreAddress,
    pub(super) credential: Credential,
    pub(super) basic: HeaderValue,
}

impl Door {
    pub(super) fn open(context: &Context<'_>) -> Result<Self, Refusal> {
        let malformed = || Refusal::Credential(CredentialError::Malformed(API_KEY.to_owned()));
        let key = context.credential.required(API_KEY)?;
        // A colon would move the border between user name and password (RFC 7617).
        if key.contains(':') {
            return Err(malformed());
        }
        let mut basic =
            HeaderValue::from_str(&format!("Basic {}", STANDARD.encode(format!("{key}:")))).map_err(|_| malformed())?;
        basic.set_sensitive(true);
        Ok(Self { address: context.address.clone(), credential: context.credential.clone(), basic })
    }

    pub(super) fn get(&self, path: &str, query: &[(&str, &str)]) -> OutboundRequest {
        self.request(Method::GET, path, query, Bytes::new())
    }

    /// A `POST` of a JSON body; Medusa changes by `POST` too.
    pub(super) fn post(&self, path: &str, query: &[(&str, &str)], body: &impl Serialize) -> OutboundRequest {
        // The bodies here are structs of texts and numbers: writing them cannot fail.
        let body = serde_json::to_vec(body).unwrap_or_default();
        self.request(Method::POST, path, query, Bytes::from(body))
    }

    pub(super) fn delete(&self, path: &str) -> OutboundRequest {
        self.request(Method::DELETE, path, &[], Bytes::new())
    }

    fn request(&self, method: Method, path: &str, query: &[(&str, &str)], body: Bytes) -> OutboundRequest {
        let mut url = self.address.with(&format!("/admin/{path}"), None);
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        let mut headers = HeaderMap::with_capacity(3);
        headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
        headers.insert(header::AUTHORIZATION, self.basic.clone());
        if !body.is_empty() {
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        OutboundRequest::new(method, url, headers, body, Signature::None)
    }

    /// Deletes one. Medusa answers with success for what is not there, so there is a look first: an id of nothing is told.
    pub(super) fn delete_one(self, entity: Entity, id: &str) -> Result<Turn, Refusal> {
        let path = format!("{}/{}", path_of(entity), checked_id(id)?);
        Ok(Turn::ask(self.get(&path, &[("fields", "id")]), move |answer| {
            success(&answer, &self.credential)?;
            Ok(Turn::ask(self.delete(&path), move |answer| {
                success(&answer, &self.credential)?;
                Ok(Turn::Done(Outcome::Deleted))
            }))
        }))
    }
}

/// Medusa's ids are a prefix and a ULID; merchants who import may have ids of their own making.
pub(super) fn checked_id(id: &str) -> Result<&str, Refusal> {
    let is_id =
        (1..=128).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
    if is_id { Ok(id) } else { Err(Refusal::Id) }
}

/// A turn of several requests that all must succeed.
pub(super) fn ask_all(
    door: &Door,
    requests: Vec<OutboundRequest>,
    then: impl FnOnce(Vec<InboundResponse>) -> Result<Turn, ReadError> + Send + 'static,
) -> Result<Turn, ReadError> {
    let (expected, credential) = (requests.len(), door.credential.clone());
    if expected == 0 {
        return then(Vec::new());
    }
    let then: Then = Box::new(move |answers: Vec<InboundResponse>| {
        if answers.len() != expected {
            return Err(ReadError::Unreadable("an answer is missing"));
        }
        for answer in &answers {
            success(answer, &credential)?;
        }
        then(answers)
    });
    Ok(Turn::Send { requests, then })
}

/// A field that the store's answer rules out.
pub(super) fn unfit(pointer: impl Into<String>, why: &'static str) -> ReadError {
    ReadError::Refused(Refusal::Field { pointer: pointer.into(), why })
}

/// What is not there, where the store answers with an empty list instead of 404.
pub(super) fn missing() -> ReadError {
    ReadError::Upstream { status: StatusCode::NOT_FOUND, retry_after: None, text: String::new() }
}
