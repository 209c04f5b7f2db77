//! The requests of people about their own data, on their way between functions.
//!
//! A message says to look at a request and do what it owes: letters that are to be sent, work that is to be begun, time that is over. It says nothing
//! else, because the request's own record does; so every message may come twice, late, or from a sweep that only makes sure.

use domain::id::PrivacyRequestId;
use personal_data::PersonalData;

/// The key in the bucket `exports` of the file with what is held of a person. The request's own id: 128 bits that nobody can guess.
#[must_use]
pub fn export_key(request: &PrivacyRequestId) -> String {
    format!("exports/{}.zip", request.body())
}

/// One request that is to be looked at: a message of the `requests` queue.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize, PersonalData)]
#[serde(deny_unknown_fields)]
#[pd(store = "requests", subject = Nobody, role = Controller, region = Pinned)]
pub struct RequestMessage {
    /// Which request.
    #[pd(none)]
    pub request: PrivacyRequestId,
}
