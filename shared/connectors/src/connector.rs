//! What a connector is: the interface between the proxy and one platform.
//!
//! Connectors do no I/O. A connector is asked for a [`Turn`]; the turn either is done or names the requests to send and what to do
//! with their answers. Whoever drives it sends them through the one HTTP client that may leave the function.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use domain::model::{Basket, Category, Customer, Entity, InventoryLevel, Order, Product, Remote};
use http::{HeaderMap, Method, StatusCode};
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;

use crate::address::{AddressError, Loopback, StoreAddress};
use crate::allowance::Allowance;
use crate::fields::Fields;
use crate::hooks::{Hooks, Registered};
use crate::raw_path::RawPath;
use crate::request::OutboundRequest;
use crate::write::Write;

/// The rows in a page when the caller names no number.
pub const DEFAULT_PER_PAGE: u8 = 25;

/// The most rows in a page, here and on every platform so far.
pub const MAX_PER_PAGE: u8 = 100;

/// Our code for one platform.
pub trait Connector: Sync {
    /// What the platform is called, needs and supports.
    fn platform(&self) -> &'static Platform;

    /// Normalises what a merchant typed as the store's address.
    ///
    /// # Errors
    /// [`AddressError`] says what is wrong with it.
    fn address(&self, text: &str, loopback: Loopback) -> Result<StoreAddress, AddressError>;

    /// A cheap authenticated read that proves the credential; its outcome is [`Outcome::Works`].
    ///
    /// # Errors
    /// [`Refusal::Credential`] when a field is missing or cannot be sent.
    fn probe(&self, context: &Context<'_>) -> Result<Turn, Refusal>;

    /// A unified read.
    ///
    /// # Errors
    /// A [`Refusal`] when it cannot be asked of this platform; no request has been made then.
    fn read(&self, context: &Context<'_>, read: &Read<'_>) -> Result<Turn, Refusal>;

    /// A unified write. The input's fields are among those that [`EntitySupport::writable`] names.
    ///
    /// # Errors
    /// A [`Refusal`] when it cannot be asked of this platform; no request has been made then.
    fn write(&self, context: &Context<'_>, write: Write<'_>) -> Result<Turn, Refusal>;

    /// Many writes of one entity in fewer calls than one each; the outcome is [`Outcome::Batch`] with a result for each write in its place.
    /// `None` when the platform has no such call for them: then each is sent by itself.
    ///
    /// # Errors
    /// A [`Refusal`] when they cannot be asked of this platform; no request has been made then.
    fn bulk(&self, context: &Context<'_>, writes: &[Write<'_>]) -> Option<Result<Turn, Refusal>> {
        let _ = (context, writes);
        None
    }

    /// What an answer says is left of the platform's own limit; `None` when it says nothing.
    fn allowance(&self, answer: &InboundResponse) -> Option<Allowance> {
        let _ = answer;
        None
    }

    /// What it knows of its platform's webhooks; `None` where the platform has none.
    fn hooks(&self) -> Option<&'static dyn Hooks> {
        None
    }

    /// Which of these objects exist; the outcome is [`Outcome::Existing`]. `ids` are 1 to 100. `None` when the platform has no call that looks
    /// for many at once.
    ///
    /// # Errors
    /// A [`Refusal`] when it cannot be asked of this platform; no request has been made then.
    fn existing(&self, context: &Context<'_>, entity: Entity, ids: &[&str]) -> Option<Result<Turn, Refusal>> {
        let _ = (context, entity, ids);
        None
    }

    /// A call of the platform's own API with the store's credential in place of whatever the caller sent.
    ///
    /// # Errors
    /// A [`Refusal`] when the call could mean something else to the platform than to us.
    fn raw(&self, context: &Context<'_>, call: RawCall<'_>) -> Result<OutboundRequest, Refusal>;

    /// The entity whose scope a raw call needs, where its path shows one.
    fn raw_scope(&self, path: &RawPath) -> Option<Entity>;
}

/// What a platform is called, needs and supports. `GET /v1/platforms` is made of it.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Platform {
    /// The name in requests: `cartos`, `woocommerce`.
    pub name: &'static str,
    /// The name for people.
    pub title: &'static str,
    /// What the store's address must look like, for people.
    pub url: &'static str,
    /// The fields of its credential.
    pub credentials: &'static [CredentialField],
    /// What can be done with each entity.
    pub entities: &'static [EntitySupport],
}

/// One field of a platform's credential.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CredentialField {
    /// The name in requests.
    pub name: &'static str,
    /// The name for people.
    pub label: &'static str,
    /// Whether it must be kept from sight.
    pub secret: bool,
    /// Whether a store cannot be connected without it.
    pub required: bool,
}

/// What can be done with an entity on a platform.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct EntitySupport {
    /// The entity.
    pub entity: Entity,
    /// What works.
    pub verbs: &'static [Verb],
    /// What does not, and why.
    pub unsupported: &'static [Unsupported],
    /// The input fields that can be set, as dotted paths; a path stands for all below it.
    pub writable: &'static [&'static str],
}

/// Something that does not work on a platform.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Unsupported {
    /// What.
    pub verb: Verb,
    /// Why, as a sentence for the caller.
    pub reason: &'static str,
}

/// What can be done with an entity through the unified interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Verb {
    /// Read a page.
    List,
    /// Read one.
    Get,
    /// Create one.
    Create,
    /// Change one.
    Update,
    /// Delete one.
    Delete,
}

impl Platform {
    /// What can be done with an entity.
    #[must_use]
    pub fn support(&self, entity: Entity) -> Option<&'static EntitySupport> {
        self.entities.iter().find(|support| support.entity == entity)
    }

    /// Whether the verb works on the entity; the reason when it does not.
    ///
    /// # Errors
    /// The reason, as a sentence for the caller.
    pub fn supports(&self, entity: Entity, verb: Verb) -> Result<(), &'static str> {
        let Some(support) = self.support(entity) else {
            return Err("The platform has no such objects.");
        };
        if support.verbs.contains(&verb) {
            return Ok(());
        }
        let reason = support.unsupported.iter().find(|unsupported| unsupported.verb == verb);
        Err(reason.map_or("The platform cannot do this.", |unsupported| unsupported.reason))
    }

    /// Checks that a credential has the required fields and no others, each fit to be sent in a header.
    ///
    /// # Errors
    /// The first field that is wrong.
    pub fn check_credential(&self, credential: &Credential) -> Result<(), CredentialError> {
        for field in self.credentials {
            match credential.get(field.name) {
                None if field.required => {
                    return Err(CredentialError::Missing(field.name.to_owned()));
                }
                Some(value) if !is_sendable(value) => {
                    return Err(CredentialError::Malformed(field.name.to_owned()));
                }
                _ => {}
            }
        }
        match credential.names().find(|name| !self.credentials.iter().any(|field| field.name == *name)) {
            Some(unknown) => Err(CredentialError::Unknown(unknown.to_owned())),
            None => Ok(()),
        }
    }
}

/// Visible ASCII, 1 to 512 characters: what every platform's keys are made of, and what cannot break a header.
fn is_sendable(value: &str) -> bool {
    (1..=512).contains(&value.len()) && value.bytes().all(|byte| byte.is_ascii_graphic())
}

/// What opens a store: values by field name. No `Debug`, no `Serialize`; the values are wiped when the last clone goes.
#[derive(Clone, Default)]
pub struct Credential(Arc<BTreeMap<String, SecretString>>);

/// What is wrong with a credential. The payload is the name of the field, never its value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CredentialError {
    /// A required field is missing.
    #[error("the credential field {0} is required")]
    Missing(String),
    /// The platform has no such field.
    #[error("the platform has no credential field {0}")]
    Unknown(String),
    /// The value is empty, too long or not visible ASCII.
    #[error("the credential field {0} must be 1 to 512 visible ASCII characters")]
    Malformed(String),
}

impl Credential {
    /// The value of a field.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(ExposeSecret::expose_secret)
    }

    /// The names of the fields that are there.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// The values, for taking them out of a text.
    pub(crate) fn values(&self) -> impl Iterator<Item = &str> {
        self.0.values().map(ExposeSecret::expose_secret)
    }

    pub(crate) fn required(&self, name: &'static str) -> Result<&str, Refusal> {
        match self.get(name) {
            Some(value) if is_sendable(value) => Ok(value),
            Some(_) => Err(Refusal::Credential(CredentialError::Malformed(name.to_owned()))),
            None => Err(Refusal::Credential(CredentialError::Missing(name.to_owned()))),
        }
    }
}

impl FromIterator<(String, SecretString)> for Credential {
    fn from_iter<I: IntoIterator<Item = (String, SecretString)>>(fields: I) -> Self {
        Self(Arc::new(fields.into_iter().collect()))
    }
}

/// The store that a call is for.
pub struct Context<'a> {
    /// Where it is.
    pub address: &'a StoreAddress,
    /// What opens it.
    pub credential: &'a Credential,
}

/// A unified read.
#[derive(Clone, Debug)]
pub struct Read<'a> {
    /// Of what.
    pub entity: Entity,
    /// Which of them.
    pub target: Target<'a>,
    /// The fields that the caller wants; `None` for all. A connector asks the platform for no more than these where it can (R122); what
    /// is answered is cut to them later.
    pub fields: Option<&'a Fields>,
    /// Whether to add the platform's own object to each.
    pub include_remote: bool,
}

/// Which objects to read.
#[derive(Clone, Copy, Debug)]
pub enum Target<'a> {
    /// A page of all.
    Page {
        /// Rows in a page, 1 to [`MAX_PER_PAGE`].
        per_page: u8,
        /// Where the page before ended; `None` for the first.
        cursor: Option<&'a str>,
        /// Only what changed after this moment.
        updated_after: Option<Timestamp>,
    },
    /// The one with this id.
    One(&'a str),
}

/// A call of the platform's own API, as the caller made it.
pub struct RawCall<'a> {
    /// The method.
    pub method: Method,
    /// The path below the store's address, checked.
    pub path: &'a RawPath,
    /// The query string as it came, without the question mark.
    pub query: Option<&'a str>,
    /// All headers as they came.
    pub headers: &'a HeaderMap,
    /// The body as it came.
    pub body: Bytes,
}

/// The answer to an [`OutboundRequest`].
pub struct InboundResponse {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The whole body.
    pub body: Bytes,
}

/// What to do with the answers to the requests of a turn; they come in the order of the requests.
pub type Then = Box<dyn FnOnce(Vec<InboundResponse>) -> Result<Turn, ReadError> + Send>;

/// One step of a read or a write.
pub enum Turn {
    /// Send these, at the same time if possible, and go on with their answers. There may be as many as rows in a page; how many
    /// travel at once is the sender's business.
    Send {
        /// The requests, at least one.
        requests: Vec<OutboundRequest>,
        /// What comes then.
        then: Then,
    },
    /// The platform said in a success that it is too busy: wait so long, then go on.
    Wait {
        /// How long.
        wait: Duration,
        /// What comes then.
        then: Box<Turn>,
    },
    /// Finished.
    Done(Outcome),
}

impl Turn {
    /// A turn of one request.
    pub(crate) fn ask(
        request: OutboundRequest,
        then: impl FnOnce(InboundResponse) -> Result<Turn, ReadError> + Send + 'static,
    ) -> Self {
        let then: Then = Box::new(move |mut answers| match answers.pop() {
            Some(answer) => then(answer),
            None => Err(ReadError::Unreadable("no answer")),
        });
        Self::Send { requests: vec![request], then }
    }
}

/// What a read or a write came to.
pub enum Outcome {
    /// The credential works.
    Works,
    /// A page.
    Page {
        /// The rows.
        objects: Objects,
        /// Where the next page starts; `None` after the last.
        next_cursor: Option<String>,
    },
    /// One object (exactly one is inside): what was read, or what a write made.
    One(Objects),
    /// What was to be deleted is gone.
    Deleted,
    /// A result for each write of a batch, in its place.
    Batch(Vec<Result<Outcome, ReadError>>),
    /// The ids of those objects, of those that were asked for, that exist.
    Existing(Vec<String>),
    /// The webhooks that are registered with the platform.
    Registered(Registered),
}

/// Unified objects of one kind. No `Debug`: some are personal data.
#[derive(Serialize)]
#[serde(untagged)]
pub enum Objects {
    /// Products.
    Products(Vec<Product>),
    /// Orders.
    Orders(Vec<Order>),
    /// Customers.
    Customers(Vec<Customer>),
    /// Categories.
    Categories(Vec<Category>),
    /// Stock levels.
    Inventory(Vec<InventoryLevel>),
    /// Baskets.
    Baskets(Vec<Basket>),
}

impl Objects {
    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::Products(objects) => objects.len(),
            Self::Orders(objects) => objects.len(),
            Self::Customers(objects) => objects.len(),
            Self::Categories(objects) => objects.len(),
            Self::Inventory(objects) => objects.len(),
            Self::Baskets(objects) => objects.len(),
        }
    }

    /// The id of the first; for a stock level, the variant's.
    #[must_use]
    pub fn first_id(&self) -> Option<&str> {
        match self {
            Self::Products(objects) => objects.first().map(|object| object.id.as_str()),
            Self::Orders(objects) => objects.first().map(|object| object.id.as_str()),
            Self::Customers(objects) => objects.first().map(|object| object.id.as_str()),
            Self::Categories(objects) => objects.first().map(|object| object.id.as_str()),
            Self::Inventory(objects) => objects.first().map(|object| object.variant_id.as_str()),
            Self::Baskets(objects) => objects.first().map(|object| object.id.as_str()),
        }
    }

    /// How new the first is by its platform's clock, where the platform tells.
    #[must_use]
    pub fn first_updated_at(&self) -> Option<Timestamp> {
        match self {
            Self::Products(objects) => objects.first()?.updated_at,
            Self::Orders(objects) => objects.first()?.updated_at,
            Self::Customers(objects) => objects.first()?.updated_at,
            Self::Inventory(objects) => objects.first()?.updated_at,
            Self::Categories(_) | Self::Baskets(_) => None,
        }
    }

    /// Takes the platform's own object out of the first, where it has it.
    pub fn take_remote(&mut self) -> Remote {
        match self {
            Self::Products(objects) => objects.first_mut()?.remote.take(),
            Self::Orders(objects) => objects.first_mut()?.remote.take(),
            Self::Customers(objects) => objects.first_mut()?.remote.take(),
            Self::Categories(objects) => objects.first_mut()?.remote.take(),
            Self::Inventory(objects) => objects.first_mut()?.remote.take(),
            Self::Baskets(objects) => objects.first_mut()?.remote.take(),
        }
    }

    /// Which they are, and how new.
    #[must_use]
    pub fn stamps(&self) -> Vec<Stamp> {
        let stamp = |id: &String, created_at, updated_at| Stamp { id: id.clone(), created_at, updated_at };
        match self {
            Self::Products(all) => all.iter().map(|one| stamp(&one.id, one.created_at, one.updated_at)).collect(),
            Self::Orders(all) => all.iter().map(|one| stamp(&one.id, one.placed_at, one.updated_at)).collect(),
            Self::Customers(all) => all.iter().map(|one| stamp(&one.id, one.created_at, one.updated_at)).collect(),
            Self::Categories(all) => all.iter().map(|one| stamp(&one.id, None, None)).collect(),
            Self::Inventory(all) => all.iter().map(|one| stamp(&one.variant_id, None, one.updated_at)).collect(),
            Self::Baskets(all) => all.iter().map(|one| stamp(&one.id, None, None)).collect(),
        }
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Which object one is, and how new.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// Its id; of a stock level the variant's.
    pub id: String,
    /// When it came into being, or an order was placed.
    pub created_at: Option<Timestamp>,
    /// When it was last changed.
    pub updated_at: Option<Timestamp>,
}

/// Why nothing was asked of the store.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The platform, or this connector, cannot do it; the sentence says why.
    #[error("{0}")]
    NotSupported(&'static str),
    /// The platform cannot filter this entity so; the sentence says why.
    #[error("{0}")]
    FilterNotSupported(&'static str),
    /// The cursor is not one of ours, or was made for another list.
    #[error("the cursor does not belong to this list")]
    Cursor,
    /// No such number of rows.
    #[error("per_page must be 1 to 100")]
    PerPage,
    /// A field's value cannot be set so on this platform.
    #[error("{why}")]
    Field {
        /// Where, as a JSON pointer into what was sent.
        pointer: String,
        /// Why, for the caller.
        why: &'static str,
    },
    /// The text cannot be an id on this platform.
    #[error("no object can have this id")]
    Id,
    /// The store's credential cannot be used.
    #[error(transparent)]
    Credential(CredentialError),
    /// A header of the raw call is not let through; the payload is its name or what is wrong.
    #[error("the header {0} is not let through")]
    Header(String),
    /// A query parameter or form field of the raw call is not let through; the payload is its name.
    #[error("the parameter {0} is not let through")]
    Parameter(&'static str),
    /// The query string holds characters that cannot stand in one.
    #[error("the query string is malformed")]
    Query,
}

/// What went wrong with the store's answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// The store answered with an error.
    #[error("the store answered {status}")]
    Upstream {
        /// Its status.
        status: StatusCode,
        /// How long it asked to wait.
        retry_after: Option<Duration>,
        /// Its own text, secrets removed, at most 500 characters.
        text: String,
    },
    /// The store answered with success, but not with what its platform documents.
    #[error("the store's answer cannot be read: {0}")]
    Unreadable(&'static str),
    /// From the store's answer it showed that what was asked cannot be done: the payload says why.
    #[error(transparent)]
    Refused(Refusal),
}
