//! OpenDSR 2.0: what a controller asks us as its processor, and how far it is.
//!
//! The controller has proven its customer and decides; we carry it out, as we do what stores' platforms pass on ([`crate::privacy`]). What we hold of
//! a controller's customers is the ids that its stores have for them and for their orders, and nothing else: a mail address or a device's id leads to
//! nothing here, in whichever form it is given. Such identities are taken, because a controller sends all that it knows, and kept nowhere.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{event::PrivacyTopic, id::StoreId, privacy::RequestState};

/// The version of the protocol.
pub const VERSION: &str = "2.0";
/// The largest request that is read, in bytes.
pub const LONGEST: usize = 64 * 1024;
/// The most identities, orders, stores or callback addresses of one request.
pub const MOST: usize = 50;
/// The most characters of an identity or an order's id.
const LONGEST_ID: usize = 512;
/// What an identity can be (OpenDSR 5.1).
pub const IDENTITY_TYPES: [&str; 11] = [
    "controller_customer_id",
    "android_advertising_id",
    "android_id",
    "email",
    "fire_advertising_id",
    "ios_advertising_id",
    "ios_vendor_id",
    "microsoft_advertising_id",
    "microsoft_publisher_id",
    "roku_publisher_id",
    "roku_advertising_id",
];
/// In which form an identity can be (OpenDSR 5.2).
pub const IDENTITY_FORMATS: [&str; 4] = ["raw", "sha1", "md5", "sha256"];
/// What can be asked (OpenDSR 6.2).
pub const REQUEST_TYPES: [&str; 3] = ["access", "portability", "erasure"];

/// Whether values of this form are never sent back: whoever has a list of addresses reverses these hashes in no time.
#[must_use]
pub fn is_weak(format: &str) -> bool {
    matches!(format, "sha1" | "md5")
}

/// A request that cannot be taken: what is wrong with it. It repeats nothing of the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unfit(pub &'static str);

/// What a controller asks. No `Debug`: it says of whom.
#[derive(PartialEq, Eq)]
pub struct Asked {
    /// The controller's name for the request: asked twice, it is one.
    pub id: Uuid,
    /// What is asked, in the words in which it is carried out.
    pub topic: PrivacyTopic,
    /// The ids that the controller's stores have for the customer.
    pub customers: Vec<String>,
    /// The ids that its stores have for the customer's orders.
    pub orders: Vec<String>,
    /// Which stores it is about; nothing for all of the controller's.
    pub stores: Option<Vec<StoreId>>,
    /// Where the controller wants to be told of it.
    pub callbacks: Vec<String>,
}

#[derive(Deserialize)]
struct Body {
    regulation: Option<String>,
    subject_request_id: Option<String>,
    subject_request_type: Option<String>,
    #[serde(default)]
    subject_identities: Vec<Identity>,
    submitted_time: Option<String>,
    #[serde(default)]
    status_callback_urls: Vec<String>,
    extensions: Option<serde_json::Map<String, serde_json::Value>>,
}

#[derive(Deserialize)]
struct Identity {
    identity_type: String,
    identity_value: String,
    identity_format: String,
}

/// What a request can say to us alone.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Extension {
    stores: Option<Vec<StoreId>>,
    #[serde(default)]
    orders: Vec<String>,
}

impl Asked {
    /// Reads a request that was sent to the processor of this domain.
    ///
    /// # Errors
    /// [`Unfit`] says the first thing that is wrong.
    pub fn read(body: &[u8], domain: &str) -> Result<Self, Unfit> {
        // serde would take a list for an object, field by field.
        let is_object = body.trim_ascii_start().starts_with(b"{");
        let body: Option<Body> = is_object.then(|| serde_json::from_slice(body).ok()).flatten();
        let body = body.ok_or(Unfit("The body is not a request in JSON."))?;
        // Required, and missing in the specification's own example.
        if body.regulation.is_some_and(|regulation| !["gdpr", "ccpa"].contains(&regulation.as_str())) {
            return Err(Unfit("regulation must be gdpr or ccpa."));
        }
        let id = body.subject_request_id.as_deref().and_then(uuid_v4);
        let id = id.ok_or(Unfit("subject_request_id must be a UUID of version 4 in lower case."))?;
        let topic = match body.subject_request_type.as_deref() {
            // What is held of a customer was not provided by the customer: there is nothing more to carry to another than there is to see.
            Some("access" | "portability") => PrivacyTopic::CustomerAccess,
            Some("erasure") => PrivacyTopic::CustomerErasure,
            _ => return Err(Unfit("subject_request_type must be access, portability or erasure.")),
        };
        // Checked and forgotten: our clock says when a request came in.
        if body.submitted_time.is_none_or(|time| time.parse::<Timestamp>().is_err()) {
            return Err(Unfit("submitted_time must be a time of RFC 3339."));
        }
        let extension = match body.extensions.and_then(|mut all| all.remove(domain)) {
            None => Extension::default(),
            Some(value) => {
                serde_json::from_value(value).map_err(|_| Unfit("The extension must hold stores or orders."))?
            }
        };
        if body.subject_identities.is_empty() && extension.orders.is_empty() {
            return Err(Unfit("subject_identities must name the person."));
        }
        let mut customers = Vec::new();
        for identity in body.subject_identities.iter().take(MOST + 1) {
            let Identity { identity_type, identity_value, identity_format } = identity;
            let known = IDENTITY_TYPES.contains(&identity_type.as_str())
                && IDENTITY_FORMATS.contains(&identity_format.as_str())
                && is_id(identity_value);
            if !known {
                return Err(Unfit("An identity has an unknown type or format, or no value."));
            }
            if identity_type == "controller_customer_id" && identity_format == "raw" {
                customers.push(identity_value.clone());
            }
        }
        let counts = [body.subject_identities.len(), extension.orders.len(), body.status_callback_urls.len()];
        let stores = extension.stores.as_ref().map_or(0, Vec::len);
        if counts.into_iter().chain([stores]).any(|count| count > MOST) {
            return Err(Unfit("At most 50 identities, orders, stores and callback addresses are taken."));
        }
        if !extension.orders.iter().all(|order| is_id(order)) {
            return Err(Unfit("An order's id is empty or too long."));
        }
        let Extension { stores, orders } = extension;
        Ok(Self { id, topic, customers, orders, stores, callbacks: body.status_callback_urls })
    }
}

fn is_id(text: &str) -> bool {
    (1..=LONGEST_ID).contains(&text.chars().count()) && !text.chars().any(char::is_control)
}

/// A UUID of version 4 as the protocol has it written: in lower case, with hyphens.
#[must_use]
pub fn uuid_v4(text: &str) -> Option<Uuid> {
    let uuid = Uuid::parse_str(text).ok()?;
    (uuid.get_version_num() == 4 && uuid.hyphenated().to_string() == text).then_some(uuid)
}

/// How far a request is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Nothing was done yet; it can be cancelled.
    Pending,
    /// It is being carried out.
    InProgress,
    /// It is done, in every store.
    Completed,
    /// The controller took it back before anything was done.
    Cancelled,
}

impl Status {
    /// How far a request is whose parts, one a store and customer, are so far; nothing for a part that was not begun.
    #[must_use]
    pub fn of(cancelled: bool, parts: &[Option<RequestState>]) -> Self {
        if cancelled {
            Self::Cancelled
        } else if parts.iter().all(|part| *part == Some(RequestState::Closed)) {
            Self::Completed
        } else if parts.iter().all(Option::is_none) {
            Self::Pending
        } else {
            Self::InProgress
        }
    }

    /// Whether nothing can follow.
    #[must_use]
    pub const fn is_end(self) -> bool {
        matches!(self, Self::Completed | Self::Cancelled)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const DOMAIN: &str = "api.example";

    fn request() -> Value {
        json!({
            "regulation": "gdpr",
            "subject_request_id": "a7551968-d5d6-44b2-9831-815ac9017798",
            "subject_request_type": "erasure",
            "submitted_time": "2018-10-02T15:00:00Z",
            "subject_identities": [
                { "identity_type": "email", "identity_value": "johndoe@example.com", "identity_format": "raw" },
                { "identity_type": "controller_customer_id", "identity_value": "191167", "identity_format": "raw" },
                { "identity_type": "controller_customer_id", "identity_value": "d41d8cd9", "identity_format": "md5" },
            ],
            "api_version": "2.0",
            "status_callback_urls": ["https://controller.example/callbacks"],
            "extensions": { "other.example": { "id": 1 }, DOMAIN: { "orders": ["299938"] } },
        })
    }

    fn read(request: &Value) -> Result<Asked, Unfit> {
        Asked::read(request.to_string().as_bytes(), DOMAIN)
    }

    #[test]
    fn the_specifications_example_is_read() {
        let asked = read(&request()).unwrap();
        assert_eq!(asked.topic, PrivacyTopic::CustomerErasure);
        assert_eq!(asked.customers, ["191167"], "a hash is no id of a store");
        assert_eq!((asked.orders, asked.stores), (vec!["299938".to_owned()], None));
        assert_eq!(asked.callbacks, ["https://controller.example/callbacks"]);
        let mut bare = request();
        for left_out in ["regulation", "api_version", "status_callback_urls", "extensions"] {
            bare.as_object_mut().unwrap().remove(left_out);
        }
        assert!(read(&bare).is_ok());
    }

    #[test]
    fn what_is_wrong_is_refused() {
        for (field, value) in [
            ("regulation", json!("hipaa")),
            ("subject_request_id", json!("A7551968-D5D6-44B2-9831-815AC9017798")),
            ("subject_request_id", json!("a7551968d5d644b29831815ac9017798")),
            ("subject_request_id", json!("01890a5d-ac96-774b-bcce-b302099a8057")),
            ("subject_request_id", json!(7)),
            ("subject_request_type", json!("rectification")),
            ("submitted_time", json!("yesterday")),
            ("subject_identities", json!([])),
            (
                "subject_identities",
                json!([{ "identity_type": "email", "identity_value": "x", "identity_format": "rot13" }]),
            ),
            (
                "subject_identities",
                json!([{ "identity_type": "email", "identity_value": "", "identity_format": "raw" }]),
            ),
            (
                "subject_identities",
                json!([{ "identity_type": "name", "identity_value": "x", "identity_format": "raw" }]),
            ),
            ("status_callback_urls", json!(vec!["https://a.example/"; 51])),
            ("extensions", json!({ DOMAIN: { "stores": ["x"] } })),
            ("extensions", json!({ DOMAIN: { "token": "x" } })),
        ] {
            let mut request = request();
            request[field] = value.clone();
            if field == "subject_identities" && value == json!([]) {
                request["extensions"] = json!({});
            }
            assert!(read(&request).is_err(), "{field} {value}");
        }
        for missing in ["subject_request_id", "subject_request_type", "submitted_time"] {
            let mut request = request();
            request.as_object_mut().unwrap().remove(missing);
            assert!(read(&request).is_err(), "{missing}");
        }
        for body in ["", "[]", "null", r#"{"regulation":"gdpr","regulation":"gdpr"}"#] {
            assert!(Asked::read(body.as_bytes(), DOMAIN).is_err(), "{body}");
        }
    }

    #[test]
    fn a_request_is_as_far_as_its_parts() {
        let (open, closed) = (Some(RequestState::Running), Some(RequestState::Closed));
        for (parts, status) in [
            (vec![], Status::Completed),
            (vec![None, None], Status::Pending),
            (vec![None, open], Status::InProgress),
            (vec![None, closed], Status::InProgress),
            (vec![open, closed], Status::InProgress),
            (vec![closed, closed], Status::Completed),
        ] {
            assert_eq!(Status::of(false, &parts), status, "{parts:?}");
            assert_eq!(Status::of(true, &parts), Status::Cancelled);
        }
        assert!(Status::Completed.is_end() && Status::Cancelled.is_end());
        assert!(!Status::Pending.is_end() && !Status::InProgress.is_end());
    }
}
