//! The door of both planes: takes a call's key, authenticates and counts it in one write, and says what every answer must say of limits.

use domain::{
    limit::RateHeaders,
    scope::{Scope, ScopeSet},
};
use http::{HeaderMap, HeaderName, HeaderValue};

use crate::{
    dynamo::{
        admission::{Admission, KeyRecord, Refused},
        guard::{FREE_FAILURES, Patience, SourceGuard, WINDOW},
    },
    http::{Call, Code, Problem, credentials},
    journal::{Concerning, Journal, SecurityEvent},
};

/// What an answer says of limits: the key's, or those of a source that shows no good key.
#[derive(Debug, Clone, Copy)]
pub enum Rate {
    /// The windows of the key.
    Key(RateHeaders),
    /// Failures that the source may still make.
    Source(Patience),
}

impl Rate {
    /// Puts the headers in place (R113, and the IETF's `RateLimit` fields).
    pub fn apply(&self, headers: &mut HeaderMap) {
        let (limit, remaining, reset, policy, state) = match self {
            Self::Key(rate) => (rate.limit, rate.remaining, rate.reset, rate.policy(), rate.rate_limit()),
            Self::Source(patience) => {
                let window = WINDOW.as_secs();
                (
                    u64::from(FREE_FAILURES),
                    u64::from(patience.left),
                    u64::try_from(patience.resets_at.as_second()).unwrap_or_default(),
                    format!("\"failures\";q={FREE_FAILURES};w={window}"),
                    format!("\"failures\";r={};t={}", patience.left, patience.wait),
                )
            }
        };
        let mut set = |name: &'static str, value: HeaderValue| {
            headers.insert(HeaderName::from_static(name), value);
        };
        set("x-ratelimit-limit", limit.into());
        set("x-ratelimit-remaining", remaining.into());
        set("x-ratelimit-reset", reset.into());
        for (name, text) in [("ratelimit-policy", policy), ("ratelimit", state)] {
            if let Ok(value) = HeaderValue::from_str(&text) {
                set(name, value);
            }
        }
    }
}

/// A call that came in.
pub struct Entered {
    /// Whose key it is, and what the key may do.
    pub key: KeyRecord,
    /// What the answer says of limits.
    pub rate: Rate,
}

/// A call that was turned away.
pub struct Turned {
    /// Why.
    pub problem: Problem,
    /// What the answer says of limits.
    pub rate: Rate,
}

/// The door.
pub struct Gate {
    admission: Admission,
    guard: SourceGuard,
    journal: Journal,
}

impl Gate {
    /// A door over the tables of keys and of failures.
    #[must_use]
    pub fn new(admission: Admission, guard: SourceGuard, journal: Journal) -> Self {
        Self { admission, guard, journal }
    }

    /// What an answer says of limits where no key is asked for.
    #[must_use]
    pub fn open(&self) -> Rate {
        Rate::Source(self.guard.untouched())
    }

    /// Lets a call in, or says why not.
    ///
    /// # Errors
    /// The problem to answer with. A table that cannot be asked gives 503, never a guess (invariant 6).
    pub async fn enter(&self, call: &Call) -> Result<Entered, Turned> {
        let untouched = self.open();
        let turned = |problem: Problem, rate| Turned { problem, rate };
        let presented = match credentials::presented(call) {
            Ok(presented) => presented,
            Err(problem) => {
                if let Some(exposed) = credentials::in_url(call) {
                    self.note(
                        call,
                        SecurityEvent::KeyExposed,
                        Concerning {
                            key: Some(exposed.id.clone()),
                            code: Some(problem.code.as_str()),
                            ..Concerning::default()
                        },
                    );
                    self.admission.report_exposed(&exposed).await;
                }
                return Err(turned(problem, untouched));
            }
        };
        if let Some(patience) = self.guard.pause(call.source)
            && !self.admission.knows(&presented)
        {
            return Err(turned(Problem::new(Code::TooManyFailures).retry_after(patience.wait), Rate::Source(patience)));
        }
        let refused = match self.admission.admit(&presented, 1).await {
            Ok(admitted) => return Ok(Entered { key: admitted.record, rate: Rate::Key(admitted.rate) }),
            Err(refused) => refused,
        };
        let code = match refused {
            Refused::Unavailable => return Err(turned(Problem::unavailable(), untouched)),
            Refused::Limited { retry_after, rate } => {
                return Err(turned(Problem::new(Code::RateLimited).retry_after(retry_after), Rate::Key(rate)));
            }
            Refused::Suspended => return Err(turned(Code::KeySuspended.into(), untouched)),
            Refused::Revoked => Code::KeyRevoked,
            Refused::Expired => Code::KeyExpired,
            Refused::Unknown => Code::KeyInvalid,
        };
        let patience = self.guard.failed(call.source).await;
        let concerning = Concerning { key: Some(presented.id), code: Some(code.as_str()), ..Concerning::default() };
        let event = if patience.wait > 0 { SecurityEvent::SourceSlowed } else { SecurityEvent::AuthenticationFailed };
        self.note(call, event, concerning);
        Err(turned(code.into(), Rate::Source(patience)))
    }

    /// Checks that the call may do `scope`, which the key (and the grant, where there is one) must have.
    ///
    /// # Errors
    /// [`Code::ScopeMissing`], and a line in the security log: asking for more than one may is how a stolen key behaves.
    pub fn require(&self, call: &Call, key: &KeyRecord, scopes: ScopeSet, scope: Scope) -> Result<(), Problem> {
        if scopes.contains(scope) {
            return Ok(());
        }
        let concerning = Concerning {
            account: Some(key.account.clone()),
            key: Some(key.id.clone()),
            application: key.application.clone(),
            code: Some(Code::ScopeMissing.as_str()),
            ..Concerning::default()
        };
        self.note(call, SecurityEvent::ScopeRefused, concerning);
        Err(Problem::new(Code::ScopeMissing).detail(format!("needs {scope}")))
    }

    fn note(&self, call: &Call, event: SecurityEvent, concerning: Concerning) {
        self.journal.security(&call.id, 0, call.source, event, concerning);
    }
}
