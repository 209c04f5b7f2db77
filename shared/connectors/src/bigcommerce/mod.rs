//! BigCommerce: `https://api.bigcommerce.com/stores/{hash}`, a token in `X-Auth-Token`; v3 for catalogue, customers, stock and carts, v2 for
//! orders.
//!
//! Traps that are handled here (`platforms.md` 3.1, 4.3, 6; the vendor's OpenAPI documents in `bigcommerce/docs`): v2 answers an empty list
//! with 204 and no body; products and orders are read from an id on, so that what is created or deleted between two pages moves nothing
//! (`id:greater`, `min_id`); `include=options` would cut a page to ten products, so options are taken from the variants; an order's lines and
//! addresses come with the list (`include=consignments.line_items`) instead of two calls an order; a customer shows ten addresses at most; a
//! product shows its brand's id only; nothing but `/v2/store` tells the currency; a success may be a 207 in which something failed; `DELETE`
//! of an order archives it.

mod baskets;
mod hooks;
mod limits;
mod map;
mod order_writes;
mod orders;
mod product_writes;
mod products;
mod reads;
mod wire;
mod writes;

use bytes::Bytes;
use domain::model::Entity;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use serde::Serialize;

use crate::address::{AddressError, Loopback, StoreAddress};
use crate::allowance::Allowance;
use crate::connector::{
    Connector, Context, Credential, CredentialError, CredentialField, EntitySupport, InboundResponse, Outcome,
    Platform, RawCall, Read, ReadError, Refusal, Target, Turn, Unsupported, Verb,
};
use crate::headers;
use crate::hooks::Hooks;
use crate::raw::{ParameterRules, clean_query};
use crate::raw_path::RawPath;
use crate::request::{OutboundRequest, Signature};
use crate::upstream::{refused, success};
use crate::write::Write;

const NAME: &str = "bigcommerce";
const ACCESS_TOKEN: &str = "access_token";
const X_AUTH_TOKEN: HeaderName = HeaderName::from_static("x-auth-token");
const API: &str = "https://api.bigcommerce.com/stores/";

const ALL: &[Verb] = &[Verb::List, Verb::Get, Verb::Create, Verb::Update, Verb::Delete];
const NO_STOCK_OF_ITS_OWN: &str =
    "BigCommerce keeps a stock level as long as its variant: create or delete the variant.";
const NO_BASKET_LIST: &str = "BigCommerce gives a cart by its id only and has no list of carts.";

static PLATFORM: Platform = Platform {
    name: NAME,
    title: "BigCommerce",
    url: "https://api.bigcommerce.com/stores/{hash}, or the store's hash alone",
    credentials: &[
        CredentialField { name: ACCESS_TOKEN, label: "API account access token", secret: true, required: true },
        CredentialField {
            name: hooks::CLIENT_SECRET,
            label: "Client secret of the API account; without it, no webhooks",
            secret: true,
            required: false,
        },
    ],
    entities: &[
        EntitySupport {
            entity: Entity::Products,
            verbs: ALL,
            unsupported: &[],
            writable: &[
                "name",
                "sku",
                "description_html",
                "status",
                "brand",
                "categories",
                "images",
                "variants.id",
                "variants.sku",
                "variants.barcode",
                "variants.options",
                "variants.price",
                "variants.compare_at",
                "variants.cost",
                "variants.weight.value",
                "variants.inventory.quantity",
                "price",
                "compare_at",
                "tax_class",
                "weight.value",
                "dimensions.length",
                "dimensions.width",
                "dimensions.height",
                "seo",
            ],
        },
        EntitySupport {
            entity: Entity::Orders,
            verbs: ALL,
            unsupported: &[],
            writable: &[
                "status",
                "financial_status",
                "fulfillment_status",
                "currency",
                "customer.id",
                "customer.email",
                "billing",
                "shipping",
                "lines",
                "note",
            ],
        },
        EntitySupport {
            entity: Entity::Customers,
            verbs: ALL,
            unsupported: &[],
            writable: &["email", "phone", "first_name", "last_name", "groups", "addresses"],
        },
        EntitySupport {
            entity: Entity::Categories,
            verbs: ALL,
            unsupported: &[],
            writable: &["name", "parent_id", "slug", "position", "visible"],
        },
        EntitySupport {
            entity: Entity::Inventory,
            verbs: &[Verb::List, Verb::Get, Verb::Update],
            unsupported: &[
                Unsupported { verb: Verb::Create, reason: NO_STOCK_OF_ITS_OWN },
                Unsupported { verb: Verb::Delete, reason: NO_STOCK_OF_ITS_OWN },
            ],
            writable: &["available", "location_id"],
        },
        EntitySupport {
            entity: Entity::Baskets,
            verbs: &[Verb::Get, Verb::Create, Verb::Update, Verb::Delete],
            unsupported: &[Unsupported { verb: Verb::List, reason: NO_BASKET_LIST }],
            writable: &["lines"],
        },
    ],
};

/// BigCommerce knows no parameter that changes path or method; the names are refused all the same, should that change.
const PARAMETERS: ParameterRules = ParameterRules { dropped: &[], dropped_prefixes: &[], refused: &["_method"] };

/// The connector of BigCommerce.
pub(crate) struct BigCommerce;

impl Connector for BigCommerce {
    fn platform(&self) -> &'static Platform {
        &PLATFORM
    }

    /// Takes a store's hash or its API path, and no other host: the token of a merchant who mistyped goes nowhere else.
    fn address(&self, text: &str, loopback: Loopback) -> Result<StoreAddress, AddressError> {
        let text = text.trim();
        let address = if is_hash(text) {
            StoreAddress::parse(&format!("{API}{text}"), loopback)?
        } else {
            StoreAddress::parse(text, loopback)?.without_path_suffix("/v2").without_path_suffix("/v3")
        };
        let is_vendors = !address.is_https() || address.host() == "api.bigcommerce.com";
        match address.path().strip_prefix("/stores/") {
            Some(hash) if is_hash(hash) && is_vendors => Ok(address),
            _ => Err(AddressError::NotTheApi),
        }
    }

    fn probe(&self, context: &Context<'_>) -> Result<Turn, Refusal> {
        let door = Door::open(context)?;
        let request = door.get("v2/store", &[]);
        Ok(Turn::ask(request, move |answer| {
            // A valid token without the scope for settings gets 403 in BigCommerce's own words; a wrong one 401.
            if answer.status == StatusCode::FORBIDDEN && lacks_scope(&answer.body) {
                return Ok(Turn::Done(Outcome::Works));
            }
            let body = success(&answer, &door.credential)?;
            serde_json::from_slice::<wire::Store<'_>>(body).map_err(|_| ReadError::Unreadable("not a store"))?;
            Ok(Turn::Done(Outcome::Works))
        }))
    }

    fn read(&self, context: &Context<'_>, read: &Read<'_>) -> Result<Turn, Refusal> {
        let verb = if matches!(read.target, Target::One(_)) { Verb::Get } else { Verb::List };
        PLATFORM.supports(read.entity, verb).map_err(Refusal::NotSupported)?;
        reads::read(Door::open(context)?, read)
    }

    fn write(&self, context: &Context<'_>, write: Write<'_>) -> Result<Turn, Refusal> {
        PLATFORM.supports(write.entity, write.verb()).map_err(Refusal::NotSupported)?;
        writes::write(Door::open(context)?, write)
    }

    fn allowance(&self, answer: &InboundResponse) -> Option<Allowance> {
        limits::allowance(&answer.headers)
    }

    fn hooks(&self) -> Option<&'static dyn Hooks> {
        Some(&hooks::BigHooks)
    }

    fn existing(&self, context: &Context<'_>, entity: Entity, ids: &[&str]) -> Option<Result<Turn, Refusal>> {
        hooks::existing(context, entity, ids)
    }

    fn raw(&self, context: &Context<'_>, call: RawCall<'_>) -> Result<OutboundRequest, Refusal> {
        let door = Door::open(context)?;
        let query = clean_query(&call, &PARAMETERS)?;
        let mut headers = headers::for_upstream(call.headers)?;
        headers.insert(X_AUTH_TOKEN, door.token.clone());
        // The other half of a credential that is not the store's.
        headers.remove("x-auth-client");
        let url = door.address.with(&format!("/{}", call.path), query.as_deref());
        Ok(OutboundRequest::new(call.method, url, headers, call.body, Signature::None))
    }

    fn raw_scope(&self, path: &RawPath) -> Option<Entity> {
        let segments = path.lenient_segments();
        // The first that is known: `orders/1/products` is about orders.
        let first = segments.iter().find_map(|segment| match segment.as_str() {
            "trees" => Some(Entity::Categories),
            "variants" | "brands" | "pricelists" => Some(Entity::Products),
            "customer_groups" | "subscribers" | "wishlists" => Some(Entity::Customers),
            "carts" | "checkouts" | "abandoned-carts" => Some(Entity::Baskets),
            other => other.parse().ok(),
        });
        first.or_else(|| segments.iter().any(|segment| segment == "catalog").then_some(Entity::Products))
    }
}

/// Letters and digits, as BigCommerce makes them.
fn is_hash(text: &str) -> bool {
    (1..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

fn lacks_scope(body: &[u8]) -> bool {
    #[derive(serde::Deserialize)]
    struct Refused {
        title: String,
    }
    serde_json::from_slice::<Refused>(body).is_ok_and(|refused| refused.title.contains("scope"))
}

/// A store with its credential, ready to be asked.
#[derive(Clone)]
struct Door {
    address: StoreAddress,
    credential: Credential,
    token: HeaderValue,
}

impl Door {
    fn open(context: &Context<'_>) -> Result<Self, Refusal> {
        let mut token = HeaderValue::from_str(context.credential.required(ACCESS_TOKEN)?)
            .map_err(|_| Refusal::Credential(CredentialError::Malformed(ACCESS_TOKEN.to_owned())))?;
        token.set_sensitive(true);
        Ok(Self { address: context.address.clone(), credential: context.credential.clone(), token })
    }

    fn get(&self, path: &str, query: &[(&str, &str)]) -> OutboundRequest {
        self.request(Method::GET, path, query, Bytes::new())
    }

    fn delete(&self, path: &str, query: &[(&str, &str)]) -> OutboundRequest {
        self.request(Method::DELETE, path, query, Bytes::new())
    }

    /// A request with a JSON body. The bodies are types of this module, whose serialisation cannot fail; were it to, an empty body is
    /// refused by the platform.
    fn send<T: Serialize>(&self, method: Method, path: &str, query: &[(&str, &str)], body: &T) -> OutboundRequest {
        self.request(method, path, query, Bytes::from(serde_json::to_vec(body).unwrap_or_default()))
    }

    fn request(&self, method: Method, path: &str, query: &[(&str, &str)], body: Bytes) -> OutboundRequest {
        let mut url = self.address.with(&format!("/{path}"), None);
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        let mut headers = HeaderMap::with_capacity(3);
        headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
        headers.insert(X_AUTH_TOKEN, self.token.clone());
        if !body.is_empty() {
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        OutboundRequest::new(method, url, headers, body, Signature::None)
    }

    /// The `data` of a v3 answer with its `meta`. In a 207 (and in a 200 of category trees) something failed: that is an error here.
    fn envelope<'a>(&self, answer: &'a InboundResponse) -> Result<wire::Envelope<'a>, ReadError> {
        let body = success(answer, &self.credential)?;
        let envelope: wire::Envelope<'_> =
            serde_json::from_slice(body).map_err(|_| ReadError::Unreadable("not the documented envelope"))?;
        self.all_went_well(answer, envelope.meta.failed)?;
        Ok(envelope)
    }

    /// Refuses an answer in which a part of what was sent failed.
    fn all_went_well(&self, answer: &InboundResponse, failed: u32) -> Result<(), ReadError> {
        if answer.status != StatusCode::MULTI_STATUS && failed == 0 {
            return Ok(());
        }
        match refused(answer, &self.credential) {
            ReadError::Upstream { text, retry_after, .. } => {
                Err(ReadError::Upstream { status: StatusCode::UNPROCESSABLE_ENTITY, retry_after, text })
            }
            other => Err(other),
        }
    }
}

/// 404, for what a list by id does not hold.
fn not_found() -> ReadError {
    ReadError::Upstream { status: StatusCode::NOT_FOUND, retry_after: None, text: String::new() }
}

#[cfg(test)]
pub(crate) mod tests;

#[cfg(test)]
mod write_tests;
