//! The door of both planes: takes a call's key, authenticates and counts it in one write, and says what every answer must say of limits.

use domain::{
    id::StoreId,
    limit::RateHeaders,
    scope::{Scope, ScopeSet},
};
use http::{HeaderMap, HeaderName, HeaderValue};

use crate::{
    dynamo::{
        admission::{Admission, KeyRecord, Refused},
        guard::{FREE_FAILURES, Patience, SourceGuard, WINDOW},
    },
    http::{Answer, Call, Code, Problem, answer::GatewayAnswer, credentials},
    journal::{Concerning, Journal, SecurityEvent, Served, Trace},
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

impl Turned {
    /// What goes out.
    #[must_use]
    pub fn answer(self, call: &Call) -> (Answer, Rate) {
        (Answer::problem(&self.problem, call), self.rate)
    }
}

/// Gives an answer the headers that every answer has, and API Gateway's form.
#[must_use]
pub fn seal((mut answer, rate): (Answer, Rate), call: &Call) -> GatewayAnswer {
    rate.apply(&mut answer.headers);
    answer.finish(call);
    answer.into_event()
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

    /// Lets a call of a route in that asks for no key, and says what the answer says of limits.
    ///
    /// # Errors
    /// A key in the URL is exposed wherever the URL leads: the call is turned away and the key reported (R117).
    pub async fn open(&self, call: &Call) -> Result<Rate, Turned> {
        let rate = Rate::Source(self.guard.untouched());
        let Some(exposed) = credentials::in_url(call) else { return Ok(rate) };
        let code = Code::KeyInUrl;
        let concerning =
            Concerning { key: Some(exposed.id.clone()), code: Some(code.as_str()), ..Concerning::default() };
        self.note(call, SecurityEvent::KeyExposed, concerning);
        self.admission.report_exposed(&exposed).await;
        Err(Turned { problem: code.into(), rate })
    }

    /// Lets a call in, or says why not.
    ///
    /// # Errors
    /// The problem to answer with. A table that cannot be asked gives 503, never a guess (invariant 6).
    pub async fn enter(&self, call: &Call) -> Result<Entered, Turned> {
        let untouched = self.open(call).await?;
        let turned = |problem: Problem, rate| Turned { problem, rate };
        let presented = credentials::presented(call).map_err(|problem| turned(problem, untouched))?;
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

    /// Ends a call that was let in: writes its line and says what goes out.
    pub fn conclude(
        &self,
        call: &Call,
        entered: Entered,
        route: &'static str,
        store: Option<StoreId>,
        result: Result<Answer, Problem>,
        trace: Trace,
    ) -> (Answer, Rate) {
        let code = result.as_ref().err().map(|problem| problem.code.as_str());
        let answer = result.unwrap_or_else(|problem| Answer::problem(&problem, call));
        let Entered { key, rate } = entered;
        let served = Served {
            account: key.account,
            application: key.application,
            key: key.id,
            store,
            route,
            status: answer.status.as_u16(),
            code,
            bytes: answer.body.len(),
            trace,
        };
        self.journal.service(&call.id, call.received, served);
        (answer, rate)
    }

    fn note(&self, call: &Call, event: SecurityEvent, concerning: Concerning) {
        self.journal.security(&call.id, 0, call.source, event, concerning);
    }
}
