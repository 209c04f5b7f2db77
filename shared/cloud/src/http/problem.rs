//! The closed catalogue of problems: every error that the API can answer (RFC 9457).
//!
//! A code is a promise to callers: it never changes its meaning or its status. Internal causes never come into an answer; they are
//! logged once where they are met.

use http::StatusCode;

macro_rules! problems {
    ($($(#[$doc:meta])* $name:ident = $status:ident, $code:literal, $title:literal;)+) => {
        /// What went wrong, as callers see it.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Code { $($(#[$doc])* $name,)+ }

        impl Code {
            /// Every problem there is, in the order of the documentation.
            pub const ALL: &'static [Code] = &[$(Code::$name,)+];

            /// The HTTP status of the answer.
            #[must_use]
            pub const fn status(self) -> StatusCode {
                match self { $(Code::$name => StatusCode::$status,)+ }
            }

            /// The stable, machine-readable name.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Code::$name => $code,)+ }
            }

            /// The problem of a name.
            #[must_use]
            pub fn named(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|code| code.as_str() == name)
            }

            /// A short description that is the same for every occurrence.
            #[must_use]
            pub const fn title(self) -> &'static str {
                match self { $(Code::$name => $title,)+ }
            }
        }
    };
}

problems! {
    /// No key came with the call.
    KeyMissing = UNAUTHORIZED, "key_missing", "No API key was sent";
    /// What came as a key has not the form of one.
    KeyMalformed = UNAUTHORIZED, "key_malformed", "The API key is malformed";
    /// The check digits are wrong.
    KeyMistyped = UNAUTHORIZED, "key_mistyped", "The API key was mistyped or cut";
    /// No such key, or not its secret; the two are not told apart.
    KeyInvalid = UNAUTHORIZED, "key_invalid", "The API key is not valid";
    /// The key was revoked.
    KeyRevoked = UNAUTHORIZED, "key_revoked", "The API key was revoked";
    /// The key's own expiry has passed.
    KeyExpired = UNAUTHORIZED, "key_expired", "The API key has expired";
    /// A webhook that none of the store's secrets explains, or of a store that is not there; the two are not told apart.
    HookUnverified = UNAUTHORIZED, "hook_unverified", "The webhook is not signed by a connected store";
    /// The key is suspended by enforcement (R160).
    KeySuspended = FORBIDDEN, "key_suspended", "The API key is suspended";
    /// A key stood in the URL, where it ends up in logs and histories (R117).
    KeyInUrl = BAD_REQUEST, "key_in_url", "An API key must not be sent in the URL";
    /// A secret key came from a page in a browser, where anyone can read it (R117).
    KeyInBrowser = FORBIDDEN, "key_in_browser", "An API key must not be used from a browser";
    /// Two different keys came in two places.
    KeysConflict = BAD_REQUEST, "keys_conflict", "Different API keys were sent in one call";
    /// Too many failed authentications from one source.
    TooManyFailures = TOO_MANY_REQUESTS, "too_many_failed_authentications", "Too many failed authentications";
    /// The key's window is full (R114).
    RateLimited = TOO_MANY_REQUESTS, "rate_limited", "The rate limit is reached";
    /// The key, or the merchant's grant, lacks a scope.
    ScopeMissing = FORBIDDEN, "scope_missing", "The key or the grant lacks a scope";
    /// The merchant revoked, or never gave, permission (R121).
    StoreAccessRevoked = FORBIDDEN, "store_access_revoked", "The merchant has not granted access to this store";
    /// The merchant has restricted the use of a customer's data (GDPR Art. 18).
    ProcessingRestricted = FORBIDDEN, "processing_restricted", "The data of this customer must not be used";
    /// Nothing is here for this caller.
    NotFound = NOT_FOUND, "not_found", "There is no such thing";
    /// The path names no entity that the gateway knows.
    UnknownEntity = NOT_FOUND, "unknown_entity", "There is no such entity";
    /// The path is right and the method is not.
    MethodNotAllowed = METHOD_NOT_ALLOWED, "method_not_allowed", "The method is not allowed here";
    /// The thing changed, or exists, in a way that the call does not fit.
    Conflict = CONFLICT, "conflict", "The call does not fit the present state";
    /// The `Idempotency-Key` stands for a call with another body.
    IdempotencyKeyReused = UNPROCESSABLE_ENTITY, "idempotency_key_reused", "The Idempotency-Key was used for another call";
    /// The first call with this `Idempotency-Key` is still under way.
    IdempotencyInProgress = CONFLICT, "idempotency_in_progress", "The first call with this Idempotency-Key is still under way";
    /// Nobody knows what the first call with this `Idempotency-Key` did.
    IdempotencyOutcomeUnknown = CONFLICT, "idempotency_outcome_unknown", "What the first call with this Idempotency-Key did is not known";
    /// A one-time link was used or is too old.
    LinkExpired = GONE, "link_expired", "The link was used or has expired";
    /// The route was removed after its announced end (R146).
    RouteGone = GONE, "route_gone", "The route was removed";
    /// The body is larger than the route takes.
    BodyTooLarge = PAYLOAD_TOO_LARGE, "body_too_large", "The request body is too large";
    /// The body is not JSON, or has a key twice.
    BodyInvalid = BAD_REQUEST, "body_invalid", "The request body is not valid JSON";
    /// Fields, parameters or values are wrong; see `errors`.
    ValidationFailed = UNPROCESSABLE_ENTITY, "validation_failed", "The request has invalid fields";
    /// The cursor is not one of ours, or belongs to another query.
    CursorInvalid = UNPROCESSABLE_ENTITY, "cursor_invalid", "The cursor is not valid for this query";
    /// The raw path tries to leave the store's API.
    PathRefused = BAD_REQUEST, "path_refused", "The path is refused";
    /// A header would smuggle something.
    HeaderRefused = BAD_REQUEST, "header_refused", "A header is refused";
    /// The store lives in the other region's stack.
    Misdirected = MISDIRECTED_REQUEST, "misdirected", "The store lives in another region";
    /// The platform cannot do this.
    NotSupported = NOT_IMPLEMENTED, "not_supported_by_platform", "The platform does not support this";
    /// The store refused the credentials that were offered for it.
    CredentialRefused = UNPROCESSABLE_ENTITY, "credential_refused", "The store refused the credentials";
    /// The store could not be reached while it was being connected.
    StoreUnreachable = UNPROCESSABLE_ENTITY, "store_unreachable", "The store could not be reached";
    /// A number of things has its limit.
    QuotaReached = CONFLICT, "quota_reached", "The limit for this kind of thing is reached";
    /// The endpoint of a subscription did not take a test, so the subscription stays off.
    TestDeliveryFailed = FAILED_DEPENDENCY, "test_delivery_failed", "The endpoint did not take a test";
    /// The store refuses the credential that it once gave.
    UpstreamUnauthorized = FAILED_DEPENDENCY, "upstream_unauthorized", "The store refuses its credential";
    /// The store does not know the thing.
    UpstreamNotFound = NOT_FOUND, "upstream_not_found", "The store has no such thing";
    /// The store reports a conflict.
    UpstreamConflict = CONFLICT, "upstream_conflict", "The store reports a conflict";
    /// The store refused the call as invalid.
    UpstreamRejected = UNPROCESSABLE_ENTITY, "upstream_rejected", "The store rejected the call";
    /// The store's own rate limit is reached.
    UpstreamRateLimited = TOO_MANY_REQUESTS, "upstream_rate_limited", "The store's rate limit is reached";
    /// The store cannot be reached or fails.
    UpstreamUnavailable = BAD_GATEWAY, "upstream_unavailable", "The store is not available";
    /// The store answered with something that is not its API.
    UpstreamUnreadable = BAD_GATEWAY, "upstream_unreadable", "The store's answer cannot be read";
    /// The store's answer is larger than what can be passed on.
    UpstreamTooLarge = BAD_GATEWAY, "upstream_too_large", "The store's answer is too large";
    /// The store did not answer in time.
    UpstreamTimeout = GATEWAY_TIMEOUT, "upstream_timeout", "The store did not answer in time";
    /// Something could not be checked; neither yes nor no.
    Unavailable = SERVICE_UNAVAILABLE, "unavailable", "The gateway cannot answer now";
    /// A defect of ours.
    Internal = INTERNAL_SERVER_ERROR, "internal", "The gateway failed";
}

/// One wrong field of a request.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct FieldError {
    /// Where: a JSON pointer into the body, or `?name` for a query parameter.
    pub pointer: String,
    /// What is wrong, without repeating the value.
    pub detail: String,
}

impl FieldError {
    /// A wrong field.
    pub fn new(pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { pointer: pointer.into(), detail: detail.into() }
    }
}

/// An error on its way to the caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Which one.
    pub code: Code,
    /// What is special about this occurrence; never an internal cause, a secret or a personal datum.
    pub detail: Option<String>,
    /// Wrong fields, for [`Code::ValidationFailed`].
    pub errors: Vec<FieldError>,
    /// Seconds after which the call may be tried again; only sent with 429, 503 and [`Code::IdempotencyInProgress`].
    pub retry_after: Option<u64>,
    /// What the store said of it, bounded and without secrets.
    pub upstream: Option<Upstream>,
    /// The base URL that serves the store, for [`Code::Misdirected`].
    pub location: Option<String>,
}

/// What a store said when it refused a call.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Upstream {
    /// The store's HTTP status.
    pub status: u16,
    /// The store's own text, at most 1 KiB, with secrets removed.
    pub text: String,
}

impl Problem {
    /// A problem with nothing special about it.
    #[must_use]
    pub const fn new(code: Code) -> Self {
        Self { code, detail: None, errors: Vec::new(), retry_after: None, upstream: None, location: None }
    }

    /// Adds what is special about this occurrence.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    /// Adds when to try again.
    #[must_use]
    pub const fn retry_after(mut self, seconds: u64) -> Self {
        self.retry_after = Some(seconds);
        self
    }

    /// A request with wrong fields.
    #[must_use]
    pub fn fields(errors: Vec<FieldError>) -> Self {
        Self { errors, ..Self::new(Code::ValidationFailed) }
    }

    /// A request with one wrong field.
    pub fn field(pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::fields(vec![FieldError::new(pointer, detail)])
    }

    /// "Could not check": neither denied nor allowed (invariant 6).
    #[must_use]
    pub const fn unavailable() -> Self {
        Self::new(Code::Unavailable).retry_after(1)
    }

    /// The body of the answer.
    #[must_use]
    pub fn body(&self, instance: &str) -> Vec<u8> {
        let body = Body {
            kind: format!("urn:cartage:problem:{}", self.code.as_str()),
            title: self.code.title(),
            status: self.code.status().as_u16(),
            code: self.code.as_str(),
            detail: self.detail.as_deref(),
            instance,
            errors: &self.errors,
            upstream: self.upstream.as_ref(),
            location: self.location.as_deref(),
        };
        // Plain strings and numbers always serialise.
        serde_json::to_vec(&body).unwrap_or_default()
    }
}

/// The body of a problem (RFC 9457).
#[derive(serde::Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "Problem"))]
pub(super) struct Body<'a> {
    /// A URN that names the code.
    #[serde(rename = "type")]
    kind: String,
    /// What the code means.
    title: &'a str,
    /// The HTTP status.
    status: u16,
    /// From a closed list, and stable.
    code: &'a str,
    /// What is special about this occurrence.
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<&'a str>,
    /// The call's `X-Request-Id`.
    instance: &'a str,
    /// Wrong fields, each with its place.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    errors: &'a [FieldError],
    /// What the store said, with secrets removed.
    #[serde(skip_serializing_if = "Option::is_none")]
    upstream: Option<&'a Upstream>,
    /// The base URL that serves the store, with 421.
    #[serde(skip_serializing_if = "Option::is_none")]
    location: Option<&'a str>,
}

impl From<Code> for Problem {
    fn from(code: Code) -> Self {
        Self::new(code)
    }
}
