//! Magento 2 and Adobe Commerce: `https://{host}/rest/all/V1/`, an integration's token as Bearer or, where the store wants it signed, OAuth 1.0a
//! in the `Authorization` header (the default since 2.4.4).
//!
//! Products are addressed by their SKU, which may hold slashes and spaces and is therefore no part of a path here: our id is the numeric
//! entity id, found by a search, and the SKU goes into paths encoded. The store code is `all`: what is written there holds for every store
//! view, where `default` would set it for one.
//!
//! Traps that are handled here (`platforms.md` 3.1, 4.3, 6; Magento's own sources): a page past the end repeats the last page, so lists are
//! read on from the last entity id, and where that cannot be (stock) `total_count` ends them; a list shows no stock; a configurable
//! product has no price and names its children by id, so all children of a page come by one search, its options' labels by another and all
//! stock by a third; an order has two rows for one configurable product; discounts are below zero; times are UTC without saying so; an
//! empty PHP object is `[]`; at most 300 rows may be asked for.

mod map;
mod orders;
mod product_writes;
mod products;
mod reads;
mod search;
mod stock;
mod wire;
mod writes;

use bytes::Bytes;
use domain::model::Entity;
use http::{HeaderMap, HeaderValue, Method, header};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;

use crate::address::{AddressError, Loopback, StoreAddress};
use crate::connector::{
    Connector, Context, Credential, CredentialError, CredentialField, EntitySupport, InboundResponse, Outcome,
    Platform, RawCall, Read, ReadError, Refusal, Target, Turn, Unsupported, Verb,
};
use crate::headers;
use crate::oauth::Names;
use crate::raw::{ParameterRules, clean_query};
use crate::raw_path::RawPath;
use crate::request::{OutboundRequest, Signature};
use crate::upstream::success;
use crate::write::Write;

const NAME: &str = "magento";
const ACCESS_TOKEN: &str = "access_token";
const CONSUMER_KEY: &str = "consumer_key";
const CONSUMER_SECRET: &str = "consumer_secret";
const TOKEN_SECRET: &str = "access_token_secret";
const OAUTH: Names = Names { key: CONSUMER_KEY, secret: CONSUMER_SECRET, token: Some((ACCESS_TOKEN, TOKEN_SECRET)) };

/// What every path begins with.
const API: &str = "rest/all/V1";

const ALL: &[Verb] = &[Verb::List, Verb::Get, Verb::Create, Verb::Update, Verb::Delete];
const NO_NEW_ORDERS: &str = "Magento makes orders of carts; place one through the raw route.";
const NO_DELETED_ORDERS: &str = "Magento keeps its orders; cancel it instead.";
const NO_STOCK_OF_ITS_OWN: &str = "Magento keeps a stock level as long as its product: create or delete the product.";
const NO_BASKETS: &str = "Baskets are not offered for Magento; use the raw route (carts, guest-carts).";

static PLATFORM: Platform = Platform {
    name: NAME,
    title: "Magento 2 / Adobe Commerce",
    url: "https://{host}, with the path of the installation if it has one",
    credentials: &[
        CredentialField { name: ACCESS_TOKEN, label: "Integration access token", secret: true, required: true },
        CredentialField {
            name: TOKEN_SECRET,
            label: "Access token secret (for OAuth 1.0a)",
            secret: true,
            required: false,
        },
        CredentialField { name: CONSUMER_KEY, label: "Consumer key (for OAuth 1.0a)", secret: true, required: false },
        CredentialField {
            name: CONSUMER_SECRET,
            label: "Consumer secret (for OAuth 1.0a)",
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
                "categories",
                "variants.id",
                "variants.price",
                "variants.compare_at",
                "variants.cost",
                "variants.weight.value",
                "variants.inventory.quantity",
                "price",
                "compare_at",
                "tax_class",
                "weight.value",
                "seo",
                "meta",
            ],
        },
        EntitySupport {
            entity: Entity::Orders,
            verbs: &[Verb::List, Verb::Get, Verb::Update],
            unsupported: &[
                Unsupported { verb: Verb::Create, reason: NO_NEW_ORDERS },
                Unsupported { verb: Verb::Delete, reason: NO_DELETED_ORDERS },
            ],
            writable: &["status"],
        },
        EntitySupport {
            entity: Entity::Customers,
            verbs: ALL,
            unsupported: &[],
            writable: &["email", "first_name", "last_name", "groups", "addresses", "marketing.email"],
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
            verbs: &[],
            unsupported: &[
                Unsupported { verb: Verb::List, reason: NO_BASKETS },
                Unsupported { verb: Verb::Get, reason: NO_BASKETS },
                Unsupported { verb: Verb::Create, reason: NO_BASKETS },
                Unsupported { verb: Verb::Update, reason: NO_BASKETS },
                Unsupported { verb: Verb::Delete, reason: NO_BASKETS },
            ],
            writable: &[],
        },
    ],
};

/// Credentials in the query would compete with the store's.
const PARAMETERS: ParameterRules =
    ParameterRules { dropped: &[], dropped_prefixes: &["oauth_"], refused: &["_method"] };

/// A SKU in a path: everything but RFC 3986's unreserved characters is encoded, a slash above all.
const IN_PATH: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The connector of Magento 2.
pub(crate) struct Magento;

impl Connector for Magento {
    fn platform(&self) -> &'static Platform {
        &PLATFORM
    }

    fn address(&self, text: &str, loopback: Loopback) -> Result<StoreAddress, AddressError> {
        let address = StoreAddress::parse(text, loopback)?;
        let address = address.without_path_suffix("/V1").without_path_suffix("/all").without_path_suffix("/default");
        Ok(address.without_path_suffix("/rest").without_path_suffix("/index.php"))
    }

    fn probe(&self, context: &Context<'_>) -> Result<Turn, Refusal> {
        let door = Door::open(context)?;
        let search = search::Search::of(1).page(1).showing("id");
        let request = door.search("products", &search);
        Ok(Turn::ask(request, move |answer| {
            let body = success(&answer, &door.credential)?;
            // A themed page also comes with 200; only a search's answer is Magento.
            serde_json::from_slice::<wire::Found<'_>>(body).map_err(|_| ReadError::Unreadable("not a search"))?;
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

    fn raw(&self, context: &Context<'_>, call: RawCall<'_>) -> Result<OutboundRequest, Refusal> {
        let door = Door::open(context)?;
        let query = clean_query(&call, &PARAMETERS)?;
        let mut headers = headers::for_upstream(call.headers)?;
        if let Some(bearer) = &door.bearer {
            headers.insert(header::AUTHORIZATION, bearer.clone());
        }
        let url = door.address.with(&format!("/{}", call.path), query.as_deref());
        Ok(OutboundRequest::new(call.method, url, headers, call.body, door.signature()))
    }

    fn raw_scope(&self, path: &RawPath) -> Option<Entity> {
        path.lenient_segments().iter().find_map(|segment| match segment.as_str() {
            "configurable-products" | "bundle-products" | "products-render-info" => Some(Entity::Products),
            "invoices" | "invoice" | "shipments" | "shipment" | "creditmemos" | "creditmemo" | "order" => {
                Some(Entity::Orders)
            }
            "customergroups" => Some(Entity::Customers),
            "stockitems" | "stockstatuses" => Some(Entity::Inventory),
            "carts" | "guest-carts" => Some(Entity::Baskets),
            other => other.parse().ok(),
        })
    }
}

/// A store with its credential, ready to be asked.
#[derive(Clone)]
struct Door {
    address: StoreAddress,
    credential: Credential,
    /// Without OAuth's other three parts; with them calls are signed.
    bearer: Option<HeaderValue>,
}

impl Door {
    fn open(context: &Context<'_>) -> Result<Self, Refusal> {
        let token = context.credential.required(ACCESS_TOKEN)?;
        let parts = [CONSUMER_KEY, CONSUMER_SECRET, TOKEN_SECRET];
        let bearer = if parts.iter().any(|part| context.credential.get(part).is_some()) {
            // One of them without the others signs nothing.
            for part in parts {
                context.credential.required(part)?;
            }
            None
        } else {
            let mut value = HeaderValue::from_str(&format!("Bearer {token}"))
                .map_err(|_| Refusal::Credential(CredentialError::Malformed(ACCESS_TOKEN.to_owned())))?;
            value.set_sensitive(true);
            Some(value)
        };
        Ok(Self { address: context.address.clone(), credential: context.credential.clone(), bearer })
    }

    fn signature(&self) -> Signature {
        if self.bearer.is_some() { Signature::None } else { Signature::OAuthHeader(self.credential.clone(), &OAUTH) }
    }

    fn search(&self, path: &str, search: &search::Search) -> OutboundRequest {
        self.request(Method::GET, path, search.query(), Bytes::new())
    }

    fn get(&self, path: &str) -> OutboundRequest {
        self.request(Method::GET, path, &[], Bytes::new())
    }

    fn delete(&self, path: &str) -> OutboundRequest {
        self.request(Method::DELETE, path, &[], Bytes::new())
    }

    /// A request with a JSON body. The bodies are types of this module, whose serialisation cannot fail; were it to, an empty body is
    /// refused by the platform.
    fn send<T: Serialize>(&self, method: Method, path: &str, body: &T) -> OutboundRequest {
        self.request(method, path, &[], Bytes::from(serde_json::to_vec(body).unwrap_or_default()))
    }

    fn request(&self, method: Method, path: &str, query: &[(String, String)], body: Bytes) -> OutboundRequest {
        let mut url = self.address.with(&format!("/{API}/{path}"), None);
        if !query.is_empty() {
            // `%20` and not `+` for a space: OAuth's signature is over what Magento decodes, and older versions do not decode a plus.
            let pair = |(name, value): &(String, String)| format!("{}={}", encoded(name), encoded(value));
            url.set_query(Some(&query.iter().map(pair).collect::<Vec<_>>().join("&")));
        }
        let mut headers = HeaderMap::with_capacity(3);
        headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
        if let Some(bearer) = &self.bearer {
            headers.insert(header::AUTHORIZATION, bearer.clone());
        }
        if !body.is_empty() {
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        OutboundRequest::new(method, url, headers, body, self.signature())
    }

    /// What a search found: the JSON array of the rows, and how many there are in all.
    fn found<'a>(&self, answer: &'a InboundResponse) -> Result<(&'a [u8], usize), ReadError> {
        let body = success(answer, &self.credential)?;
        let found: wire::Found<'_> =
            serde_json::from_slice(body).map_err(|_| ReadError::Unreadable("not the documented search"))?;
        Ok((found.items.map_or(b"[]".as_slice(), |items| items.get().as_bytes()), found.total_count))
    }
}

fn encoded(text: &str) -> String {
    utf8_percent_encode(text, IN_PATH).to_string()
}

#[cfg(test)]
pub(crate) mod tests;
