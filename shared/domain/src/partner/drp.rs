//! The Data Rights Protocol 1.0: what an authorised agent's signed message says, when it counts, and how a request of ours stands in its words.
//!
//! A message is the JSON document behind its Ed25519 signature (libsodium's combined mode). Whose key signed it is found out before this is asked.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    account::EmailAddress,
    request::{Ground, Kind, Regime, State},
};

/// Bytes of a signature.
pub const SIGNATURE: usize = 64;
/// The largest message that is read, in bytes of base64: a person's claims take a few hundred.
pub const LONGEST: usize = 64 * 1024;
/// The most characters of an agent's own name for a request.
const LONGEST_NAME: usize = 256;
/// The version of the protocol.
pub const VERSION: &str = "1.0";
/// What can be asked, as the directory of a network lists it. `sale:opt_in` is none of it: nothing is sold, so there is nothing to opt in to.
pub const ACTIONS: [&str; 5] = ["access", "access:categories", "access:specific", "deletion", "sale:opt_out"];
/// What an agent should tell of a person. Everything else we ask the person ourselves, where the request needs it.
pub const VERIFICATIONS: [&str; 1] = ["email"];

/// The signature and the document of a message; nothing for what is too short to be signed.
#[must_use]
pub fn split(signed: &[u8]) -> Option<(&[u8; SIGNATURE], &[u8])> {
    signed.split_first_chunk()
}

/// Why a message does not count. In the order in which the protocol has it checked, after the signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Forbidden {
    /// It does not say who asks whom, or when.
    #[error("the message has no envelope")]
    Unreadable,
    /// It is of another agent than who brings it.
    #[error("the message is of another agent")]
    OtherAgent,
    /// It is for another business.
    #[error("the message is for another business")]
    OtherBusiness,
    /// It was made in the future.
    #[error("the message is from the future")]
    Early,
    /// Its time is over.
    #[error("the message has expired")]
    Late,
}

/// What every signed message of an agent says beside what it is about, but for a revocation.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Envelope {
    agent_id: String,
    business_id: String,
    issued_at: Timestamp,
    /// When the message stops to count.
    pub expires_at: Timestamp,
}

impl Envelope {
    /// Reads the envelope of a message and checks it: that it is of `agent`, is for `business`, and counts now.
    ///
    /// # Errors
    /// [`Forbidden`] says the first thing that is wrong, in the protocol's order.
    pub fn check(message: &[u8], agent: &str, business: &str, now: Timestamp) -> Result<Self, Forbidden> {
        let envelope: Self = object(message).ok_or(Forbidden::Unreadable)?;
        if envelope.agent_id != agent {
            Err(Forbidden::OtherAgent)
        } else if envelope.business_id != business {
            Err(Forbidden::OtherBusiness)
        } else if envelope.issued_at > now {
            Err(Forbidden::Early)
        } else if envelope.expires_at <= now {
            Err(Forbidden::Late)
        } else {
            Ok(envelope)
        }
    }
}

/// serde would take a list for an object, field by field.
fn object<'a, T: Deserialize<'a>>(message: &'a [u8]) -> Option<T> {
    let is_object = message.trim_ascii_start().starts_with(b"{");
    is_object.then(|| serde_json::from_slice(message).ok()).flatten()
}

/// Why a request that counts cannot be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// A field is missing, stands twice or has the wrong type.
    #[error("The message lacks a field, or has one of the wrong type.")]
    Fields,
    /// It is none of [`ACTIONS`].
    #[error("Unsupported rights action.")]
    Action,
    /// There is no address, or none that can be written to.
    #[error("An e-mail address of the person is needed.")]
    Email,
    /// The agent's own name for it is empty or too long.
    #[error("The agent-request-id must have 1 to 256 characters.")]
    Name,
}

/// What an agent asks for a person. No `Debug`: it says who that is.
#[derive(PartialEq, Eq)]
pub struct Exercise {
    /// What is asked.
    pub kind: Kind,
    /// Under which law.
    pub regime: Regime,
    /// Where the person is written to. That the agent has verified it counts for nothing: the person confirms it.
    pub email: EmailAddress,
    /// What the agent calls the request.
    pub agent_request_id: Option<String>,
    /// Where the agent wants to be told of it.
    pub status_callback: Option<String>,
}

#[derive(Deserialize)]
struct Asked {
    exercise: String,
    regime: Option<String>,
    email: Option<String>,
    #[serde(rename = "agent-request-id")]
    agent_request_id: Option<String>,
    status_callback: Option<String>,
}

impl Exercise {
    /// Reads a request of an agent. Claims that we do not use are not read: they are forgotten with the message.
    ///
    /// # Errors
    /// [`Unfit`] says what is wrong, and repeats nothing of the message.
    pub fn read(message: &[u8]) -> Result<Self, Unfit> {
        let asked: Asked = object(message).ok_or(Unfit::Fields)?;
        let kind = match asked.exercise.as_str() {
            "access" => Kind::Access,
            "access:categories" => Kind::KnowCategories,
            "access:specific" => Kind::KnowSpecific,
            "deletion" => Kind::Erasure,
            // The protocol's own example writes it with a hyphen.
            "sale:opt_out" | "sale:opt-out" => Kind::OptOutSale,
            _ => return Err(Unfit::Action),
        };
        let regime = match asked.regime.as_deref() {
            Some("ccpa") => Regime::California,
            Some("gdpr") => Regime::Gdpr,
            // Voluntary, or a law that we do not know by this name: the policies promise as much.
            _ => Regime::Policies,
        };
        let email = asked.email.as_deref().and_then(|text| text.parse().ok()).ok_or(Unfit::Email)?;
        let name = asked.agent_request_id;
        if name.as_ref().is_some_and(|name| !(1..=LONGEST_NAME).contains(&name.chars().count())) {
            return Err(Unfit::Name);
        }
        Ok(Self { kind, regime, email, agent_request_id: name, status_callback: asked.status_callback })
    }
}

/// Where a request is, as the protocol has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// It came in, and nothing has happened yet.
    Open,
    /// It is being worked on, or waits for someone.
    InProgress,
    /// What was asked is done.
    Fulfilled,
    /// It was taken back.
    Revoked,
    /// It was refused.
    Denied,
    /// It was answered, and the answer cannot be fetched any more.
    Expired,
}

/// Why a request is where it is, as the protocol has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// The person has to confirm that it is theirs.
    NeedUserVerification,
    /// It is thought to be a fraud.
    SuspectedFraud,
    /// The person did not confirm it, or could not show enough.
    InsufVerification,
    /// Nothing is held of the person.
    NoMatch,
    /// The law does not give it for this.
    ClaimNotCovered,
    /// The law is not one that the person lives under. We never say so: who claims a law gets it.
    OutsideJurisdiction,
    /// More was asked than a law obliges to answer.
    TooManyRequests,
    /// Anything else.
    Other,
}

/// What is known of a request where its standing is told.
#[derive(Debug, Clone, Copy)]
pub struct Known {
    /// Where it is.
    pub state: State,
    /// What is asked.
    pub kind: Kind,
    /// On which ground it was refused.
    pub ground: Option<Ground>,
    /// Whether the answer was there, or all that was asked was done.
    pub delivered: bool,
    /// Whether it was ever written since it came in.
    pub touched: bool,
}

/// How a request stands, as the protocol has it. `details` tells the states apart that the protocol has one word for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Standing {
    /// Where it is.
    pub status: Status,
    /// Why.
    pub reason: Option<Reason>,
    /// The same in words, for the person.
    pub details: &'static str,
}

impl Standing {
    /// How a request stands. What is [`State::Merged`] stands as the request that answers it; asked for itself, it is under way.
    #[must_use]
    pub fn of(known: Known) -> Self {
        let Known { state, kind, ground, delivered, touched } = known;
        let at = |status, reason, details| Self { status, reason, details };
        let under_way = |details| at(Status::InProgress, None, details);
        match state {
            State::AwaitingVerification => at(
                Status::InProgress,
                Some(Reason::NeedUserVerification),
                "A link was mailed to the person, who has to follow it.",
            ),
            State::NeedsInfo => under_way("Something is missing, and the person was asked for it."),
            State::NeedsReview => under_way("A person of ours looks at it."),
            State::CoolingOff => under_way("The erasure begins soon; until then it can be stopped."),
            State::Running if touched => under_way("It is being carried out."),
            State::Running => at(Status::Open, None, "It came in."),
            State::Partial => under_way("Some of it is done, and the rest is being tried again."),
            State::NeedsOperator => under_way("Some of it is done, and an operator looks at the rest."),
            State::Confirming => under_way("Everything was erased and is being looked for once more."),
            State::AppealOpen => under_way("A refusal was appealed, and the appeal is open."),
            State::Merged => under_way("Another request of the same person answers it."),
            State::Delivered => at(Status::Fulfilled, None, "It is done."),
            State::Cancelled => at(Status::Revoked, None, "It was taken back."),
            State::Closed if delivered && kind.discloses() => {
                at(Status::Expired, None, "It was answered, and the answer is deleted.")
            }
            State::Closed if delivered => at(Status::Fulfilled, None, "It is done and closed."),
            State::Denied | State::Closed => at(Status::Denied, Some(reason(ground)), details(ground)),
        }
    }
}

const fn reason(ground: Option<Ground>) -> Reason {
    match ground {
        Some(Ground::Unverified) => Reason::InsufVerification,
        Some(Ground::FraudSuspected) => Reason::SuspectedFraud,
        Some(Ground::NoData) => Reason::NoMatch,
        Some(
            Ground::NotSubjectData
            | Ground::LegalRetention
            | Ground::LegalClaims
            | Ground::SecurityEvidence
            | Ground::Transaction
            | Ground::OthersRights,
        ) => Reason::ClaimNotCovered,
        Some(Ground::Excessive) => Reason::TooManyRequests,
        Some(Ground::ManifestlyUnfounded | Ground::ProcessorOnly) | None => Reason::Other,
    }
}

const fn details(ground: Option<Ground>) -> &'static str {
    match ground {
        Some(Ground::Unverified) => "The person did not confirm it, or could not show enough.",
        Some(Ground::FraudSuspected) => "It is suspected to be a fraud.",
        Some(Ground::NoData) => "Nothing is held of the person.",
        Some(Ground::NotSubjectData) => "What was asked for is not the person's.",
        Some(Ground::LegalRetention) => "A law obliges us to keep it for now.",
        Some(Ground::LegalClaims) => "It is needed for a legal claim.",
        Some(Ground::SecurityEvidence) => "It is evidence of abuse, or needed for security.",
        Some(Ground::Transaction) => "It is needed to do what the person has ordered.",
        Some(Ground::OthersRights) => "It would harm the rights of others.",
        Some(Ground::Excessive) => "It is excessive or repetitive.",
        Some(Ground::ManifestlyUnfounded) => "It is manifestly unfounded.",
        Some(Ground::ProcessorOnly) => "The data is held for others, who decide.",
        None => "It was refused.",
    }
}

/// A time as agents of every kind read it: in milliseconds and with the offset in digits. `Z` is more than some of them know.
#[must_use]
pub fn time(at: Timestamp) -> String {
    format!("{}.{:03}+00:00", at.strftime("%Y-%m-%dT%H:%M:%S"), at.subsec_millisecond())
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn checked(message: &str) -> Result<(), Forbidden> {
        Envelope::check(message.as_bytes(), "AGENT", "US", at("2026-11-22T12:00:00Z")).map(drop)
    }

    fn envelope(agent: &str, business: &str, issued: &str, expires: &str) -> String {
        format!(
            r#"{{"agent-id":"{agent}","business-id":"{business}","issued-at":"{issued}","expires-at":"{expires}"}}"#
        )
    }

    const BEFORE: &str = "2026-11-22T11:59:00.000+00:00";
    const AFTER: &str = "2026-11-22T12:10:00.000+00:00";

    #[test]
    fn an_envelope_counts_for_its_agent_and_business_and_in_its_time() {
        assert_eq!(checked(&envelope("AGENT", "US", BEFORE, AFTER)), Ok(()));
        assert_eq!(checked(&envelope("AGENT", "US", "2026-11-22T13:00:00+01:00", AFTER)), Ok(()), "issued just now");
        assert_eq!(checked(&envelope("AGENT", "US", BEFORE, "2026-11-22T12:00:00Z")), Err(Forbidden::Late));
    }

    /// The first thing that is wrong is told, whatever else is.
    #[test]
    fn an_envelope_is_checked_in_the_order_of_the_protocol() {
        for (agent, business, issued, expires, wrong) in [
            ("OTHER", "OTHER", AFTER, BEFORE, Forbidden::OtherAgent),
            ("AGENT", "OTHER", AFTER, BEFORE, Forbidden::OtherBusiness),
            ("AGENT", "US", AFTER, BEFORE, Forbidden::Early),
            ("AGENT", "US", BEFORE, BEFORE, Forbidden::Late),
        ] {
            assert_eq!(checked(&envelope(agent, business, issued, expires)), Err(wrong));
        }
    }

    #[test]
    fn what_is_no_envelope_is_refused() {
        let twice =
            envelope("AGENT", "US", BEFORE, AFTER).replace(r#"{"agent-id""#, r#"{"agent-id":"AGENT","agent-id""#);
        let naive = envelope("AGENT", "US", "2026-11-22T11:59:00", AFTER);
        let list = format!(r#"["AGENT","US","{BEFORE}","{AFTER}"]"#);
        for message in ["", "{", "{}", "null", "\u{feff}{}", &twice, &naive, &list] {
            assert_eq!(checked(message), Err(Forbidden::Unreadable), "{message}");
        }
    }

    #[test]
    fn a_request_is_read_and_its_claims_are_not_kept() {
        let read = |message: &str| Exercise::read(message.as_bytes());
        let person = r#""name":"Ann","email":"ann@example.com","email_verified":true,"address":{"country":"US"}"#;
        let exercise = read(&format!(
            r#"{{"exercise":"deletion","regime":"ccpa","relationships":["customer"],"agent-request-id":"7",{person}}}"#
        ));
        let expected = Exercise {
            kind: Kind::Erasure,
            regime: Regime::California,
            email: "ann@example.com".parse().unwrap(),
            agent_request_id: Some("7".to_owned()),
            status_callback: None,
        };
        assert!(exercise == Ok(expected));
        for action in ACTIONS {
            assert!(read(&format!(r#"{{"exercise":"{action}",{person}}}"#)).is_ok(), "{action}");
        }
        for (message, wrong) in [
            (format!(r#"{{"exercise":"sale:opt_in",{person}}}"#), Unfit::Action),
            (format!("{{{person}}}"), Unfit::Fields),
            (format!(r#"{{"exercise":"access",{person},"email":"eve@example.com"}}"#), Unfit::Fields),
            (r#"{"exercise":"access"}"#.to_owned(), Unfit::Email),
            (r#"{"exercise":"access","email":"a@example.com\r\nBcc: e@example.com"}"#.to_owned(), Unfit::Email),
            (format!(r#"{{"exercise":"access","agent-request-id":"",{person}}}"#), Unfit::Name),
        ] {
            assert_eq!(read(&message).err(), Some(wrong), "{message}");
        }
    }

    fn known(state: State, kind: Kind, ground: Option<Ground>, delivered: bool, touched: bool) -> Standing {
        Standing::of(Known { state, kind, ground, delivered, touched })
    }

    #[test]
    fn no_two_states_stand_the_same() {
        let mut seen = HashSet::new();
        for state in State::ALL.into_iter().filter(|state| !matches!(state, State::Denied | State::Closed)) {
            assert!(seen.insert(known(state, Kind::Access, None, state == State::Delivered, true)), "{state:?}");
        }
        assert!(seen.insert(known(State::Running, Kind::OptOutSale, None, false, false)));
        assert!(seen.insert(known(State::Closed, Kind::Access, None, true, true)));
        assert!(seen.insert(known(State::Closed, Kind::Erasure, None, true, true)));
    }

    #[test]
    fn a_request_has_the_status_that_the_protocol_has_for_it() {
        let status = |state, kind| known(state, kind, None, false, true).status;
        assert_eq!(known(State::Running, Kind::OptOutSale, None, false, false).status, Status::Open);
        assert_eq!(status(State::Running, Kind::Access), Status::InProgress);
        assert_eq!(status(State::Cancelled, Kind::Access), Status::Revoked);
        assert_eq!(status(State::Delivered, Kind::Erasure), Status::Fulfilled);
        let waiting = known(State::AwaitingVerification, Kind::Access, None, false, false);
        assert_eq!((waiting.status, waiting.reason), (Status::InProgress, Some(Reason::NeedUserVerification)));
        assert_eq!(known(State::Closed, Kind::Access, None, true, true).status, Status::Expired);
        assert_eq!(known(State::Closed, Kind::Erasure, None, true, true).status, Status::Fulfilled);
        // An appeal was granted: the ground is still there, and what was asked is done.
        let granted = known(State::Delivered, Kind::Erasure, Some(Ground::LegalClaims), true, true);
        assert_eq!((granted.status, granted.reason), (Status::Fulfilled, None));
        for (ground, reason) in [
            (Ground::Unverified, Reason::InsufVerification),
            (Ground::FraudSuspected, Reason::SuspectedFraud),
            (Ground::NoData, Reason::NoMatch),
            (Ground::LegalRetention, Reason::ClaimNotCovered),
            (Ground::Excessive, Reason::TooManyRequests),
            (Ground::ProcessorOnly, Reason::Other),
        ] {
            for state in [State::Denied, State::Closed] {
                let standing = known(state, Kind::Access, Some(ground), false, true);
                assert_eq!((standing.status, standing.reason), (Status::Denied, Some(reason)), "{ground:?}");
            }
        }
    }

    #[test]
    fn a_time_has_milliseconds_and_its_offset_in_digits() {
        assert_eq!(time(at("2026-11-22T12:00:00.0079Z")), "2026-11-22T12:00:00.007+00:00");
        assert_eq!(time(at("2026-11-22T12:00:00Z")), "2026-11-22T12:00:00.000+00:00");
    }
}
