//! How what partners asked stands, in the words of their protocols.

use domain::{
    id::PrivacyRequestId,
    partner::{
        PartnerId,
        drp::{Known, Reason, Standing, Status, time},
        opendsr,
    },
    privacy::Held,
};

use crate::dynamo::{
    Unavailable,
    partners::{InstructionItem, Partners},
    privacy::PrivacyRequests,
    requests::{Requests, SubjectRequestItem},
};

/// Where the standing of things is read.
#[derive(Clone)]
pub struct Standings {
    partners: Partners,
    requests: Requests,
    privacy: PrivacyRequests,
    public_url: String,
}

/// A request of an agent, as the Data Rights Protocol has it (3.03). What does not apply is left out.
#[derive(serde::Serialize)]
pub struct RequestStanding {
    request_id: PrivacyRequestId,
    received_at: String,
    expected_by: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    agent_request_id: Option<String>,
    processing_details: &'static str,
    /// Where it is.
    pub status: Status,
    /// Why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_verification_url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    results_url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<String>,
    /// Where the agent wants to be told of it.
    #[serde(skip)]
    pub callback: Option<String>,
}

/// How far a request of a controller is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InstructionStanding {
    /// How far it is.
    pub status: opendsr::Status,
    /// What was found, or found and erased; once all of it is done.
    pub results: Option<u32>,
}

impl Standings {
    /// Reads from these tables; the pages that people are sent to are under `public_url`.
    #[must_use]
    pub fn new(partners: Partners, requests: Requests, privacy: PrivacyRequests, public_url: String) -> Self {
        Self { partners, requests, privacy, public_url }
    }

    /// How a request stands, for its agent.
    ///
    /// # Errors
    /// [`Unavailable`] where a table cannot be asked.
    pub async fn of_request(
        &self,
        agent: &PartnerId,
        request: &SubjectRequestItem,
    ) -> Result<RequestStanding, Unavailable> {
        let exercised = self.partners.exercised(agent, &request.id).await?;
        let (agent_request_id, callback) =
            exercised.map(|item| (item.agent_request_id, item.callback)).unwrap_or_default();
        let answering = match &request.merged_into {
            Some(other) => self.requests.get(other).await?,
            None => None,
        };
        // Who asks was proven before a request is merged, so that the other one's standing is theirs to know.
        let Standing { status, reason, details } = Standing::of(known(answering.as_ref().unwrap_or(request)));
        let page = || format!("{}/privacy/requests/{}", self.public_url, request.id);
        let fetchable = status == Status::Fulfilled && request.kind.discloses();
        let unproven = reason == Some(Reason::NeedUserVerification);
        Ok(RequestStanding {
            request_id: request.id.clone(),
            received_at: time(request.received_at),
            expected_by: time(request.due_at),
            agent_request_id,
            processing_details: details,
            status,
            reason,
            user_verification_url: unproven.then(page),
            results_url: fetchable.then(page),
            expires_at: request.waits_until.filter(|_| fetchable || unproven).map(time),
            callback,
        })
    }

    /// How far a request of a controller is.
    ///
    /// # Errors
    /// [`Unavailable`] where the table cannot be asked.
    pub async fn of_instruction(&self, item: &InstructionItem) -> Result<InstructionStanding, Unavailable> {
        let (mut states, mut held) = (Vec::with_capacity(item.parts.len()), Held::default());
        for part in &item.parts {
            let begun = self.privacy.begun_by(&item.account, &part.event).await?;
            states.push(begun.map(|begun| {
                held = held.and(begun.held);
                begun.state
            }));
        }
        let status = opendsr::Status::of(item.cancelled_at.is_some(), &states);
        let Held { objects, events, deliveries } = held;
        let found = objects.saturating_add(events).saturating_add(deliveries);
        Ok(InstructionStanding { status, results: (status == opendsr::Status::Completed).then_some(found) })
    }
}

fn known(request: &SubjectRequestItem) -> Known {
    Known {
        state: request.state,
        kind: request.kind,
        ground: request.ground,
        delivered: request.delivered_at.is_some(),
        touched: request.version > 0,
    }
}
