//! Shopify: the Admin API in GraphQL, `https://{shop}.myshopify.com/admin/api/{version}/graphql.json`.
//!
//! Traps that are handled here: success is 200 whatever happens (errors, refused input and throttling stand in the body); limits count
//! points, not calls (`query.rs`); inner lists come in pages of their own (`pages.rs`); ids exist as numbers and as global ids, and both
//! are taken; prices of variants come without a currency; lists are read in order of id, because rows that share a date are lost or
//! repeated.
//!
//! What Shopify itself limits: lists end after 25,000 objects (a longer one is read in parts with `updated_after`), and without the scope
//! `read_all_orders` only the orders of the last 60 days are there at all.

mod answer;
mod hooks;
mod kind;
mod map;
mod map_order;
mod pages;
mod query;
mod select;
mod status;
mod wire;
mod write;

use bytes::Bytes;
use domain::model::Entity;
use http::{HeaderMap, HeaderName, HeaderValue, Method, header};

use self::answer::ask_one;
use self::kind::{Collections, Customers, Kind, Orders, Products, Stock};
use self::pages::Page;
use self::query::{Document, Selection};
use self::select::{Plan, Wanted};
use crate::address::{AddressError, Loopback, StoreAddress};
use crate::allowance::Allowance;
use crate::connector::{
    Connector, Context, Credential, CredentialError, CredentialField, EntitySupport, InboundResponse, Outcome,
    Platform, RawCall, Read, ReadError, Refusal, Target, Turn, Unsupported, Verb,
};
use crate::cursor::List;
use crate::headers;
use crate::hooks::Hooks;
use crate::raw::{ParameterRules, clean_query};
use crate::raw_path::RawPath;
use crate::request::{OutboundRequest, Signature};
use crate::write::Write;

const NAME: &str = "shopify";
const ACCESS_TOKEN: &str = "access_token";

/// The version of the Admin API that everything here is written for. Shopify brings one out every three months and serves it for at least
/// twelve (shopify.dev, "API versioning"): this one until October 2027. `fixtures/shopify/schema.graphql` is of the same version.
const VERSION: &str = "2026-10";

const TOKEN_HEADER: HeaderName = HeaderName::from_static("x-shopify-access-token");

const ALL: &[Verb] = &[Verb::List, Verb::Get, Verb::Create, Verb::Update, Verb::Delete];
const NO_BASKETS: &str = "Shopify's Admin API has no carts; they belong to the Storefront API.";
const NO_DELETED_ORDERS: &str = "Shopify deletes only orders that are archived or cancelled and were made by an app; cancel it with status, or use the raw route.";
const STOCK_IS_THERE: &str = "A variant has its stock from the start; set it with an update.";
const STOCK_STAYS: &str = "Stock goes with its variant; set it to 0 with an update.";

/// Not the tax class, the dimensions and the quantity of variants, which is by location.
const PRODUCT: &[&str] = &[
    "name",
    "sku",
    "description_html",
    "status",
    "brand",
    "categories",
    "tags",
    "images",
    "options",
    "variants.id",
    "variants.sku",
    "variants.barcode",
    "variants.options",
    "variants.price",
    "variants.compare_at",
    "variants.cost",
    "variants.weight",
    "variants.inventory.tracked",
    "variants.inventory.backorder",
    "price",
    "compare_at",
    "weight",
    "seo",
    "meta",
];

/// Shopify's addresses have no tax number.
const CUSTOMER: &[&str] = &[
    "email",
    "phone",
    "first_name",
    "last_name",
    "groups",
    "addresses.first_name",
    "addresses.last_name",
    "addresses.company",
    "addresses.line1",
    "addresses.line2",
    "addresses.city",
    "addresses.region",
    "addresses.postcode",
    "addresses.country",
    "addresses.phone",
    "marketing",
    "meta",
];

const ORDER: &[&str] = &[
    "status",
    "financial_status",
    "fulfillment_status",
    "currency",
    "customer",
    "billing.first_name",
    "billing.last_name",
    "billing.company",
    "billing.line1",
    "billing.line2",
    "billing.city",
    "billing.region",
    "billing.postcode",
    "billing.country",
    "billing.phone",
    "shipping.first_name",
    "shipping.last_name",
    "shipping.company",
    "shipping.line1",
    "shipping.line2",
    "shipping.city",
    "shipping.region",
    "shipping.postcode",
    "shipping.country",
    "shipping.phone",
    "lines",
    "shipping_lines",
    "note",
];

static PLATFORM: Platform = Platform {
    name: NAME,
    title: "Shopify",
    url: "https://{shop}.myshopify.com",
    credentials: &[
        CredentialField {
            name: ACCESS_TOKEN, label: "Admin API access token (shpat_…)", secret: true, required: true
        },
        CredentialField {
            name: hooks::CLIENT_SECRET,
            label: "Client secret of the app; without it, no webhooks",
            secret: true,
            required: false,
        },
    ],
    entities: &[
        EntitySupport { entity: Entity::Products, verbs: ALL, unsupported: &[], writable: PRODUCT },
        EntitySupport {
            entity: Entity::Orders,
            verbs: &[Verb::List, Verb::Get, Verb::Create, Verb::Update],
            unsupported: &[Unsupported { verb: Verb::Delete, reason: NO_DELETED_ORDERS }],
            writable: ORDER,
        },
        EntitySupport { entity: Entity::Customers, verbs: ALL, unsupported: &[], writable: CUSTOMER },
        EntitySupport { entity: Entity::Categories, verbs: ALL, unsupported: &[], writable: &["name", "slug"] },
        EntitySupport {
            entity: Entity::Inventory,
            verbs: &[Verb::List, Verb::Get, Verb::Update],
            unsupported: &[
                Unsupported { verb: Verb::Create, reason: STOCK_IS_THERE },
                Unsupported { verb: Verb::Delete, reason: STOCK_STAYS },
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

/// Rails takes `_method` in a form body for the method.
const PARAMETERS: ParameterRules =
    ParameterRules { dropped: &["access_token"], dropped_prefixes: &[], refused: &["_method"] };

/// The connector of Shopify.
pub(crate) struct Shopify;

impl Connector for Shopify {
    fn platform(&self) -> &'static Platform {
        &PLATFORM
    }

    fn address(&self, text: &str, loopback: Loopback) -> Result<StoreAddress, AddressError> {
        let address = StoreAddress::parse(text, loopback)?.without_path_suffix("/admin");
        let shop = address.host().strip_suffix(".myshopify.com");
        let is_shop = shop.is_some_and(|shop| !shop.is_empty() && !shop.contains('.'));
        // A shop's own domain answers with the storefront, and the token would be sent to it. The local stack's stand-in is no shop either.
        if !is_shop && (address.is_https() || loopback == Loopback::Denied) {
            return Err(AddressError::Platform(
                "the address must be https://{shop}.myshopify.com, not the shop's own domain",
            ));
        }
        if address.path().is_empty() { Ok(address) } else { Err(AddressError::Path) }
    }

    fn probe(&self, context: &Context<'_>) -> Result<Turn, Refusal> {
        let mut shop = Selection::default();
        shop.object("shop", &Selection::of("id"));
        Ok(ask_one(Door::open(context)?, &Document::query(shop), |data| {
            let data = pages::Data::read(&data)?;
            match data.field::<serde::de::IgnoredAny>("shop")? {
                Some(_) => Ok(Turn::Done(Outcome::Works)),
                None => Err(ReadError::Unreadable("not a shop")),
            }
        }))
    }

    fn read(&self, context: &Context<'_>, read: &Read<'_>) -> Result<Turn, Refusal> {
        let verb = if matches!(read.target, Target::One(_)) { Verb::Get } else { Verb::List };
        PLATFORM.supports(read.entity, verb).map_err(Refusal::NotSupported)?;
        let door = Door::open(context)?;
        let wanted = Wanted(read.fields);
        match read.entity {
            Entity::Products => read_kind::<Products>(door, select::product(wanted), read),
            Entity::Orders => read_kind::<Orders>(door, select::order(wanted), read),
            Entity::Customers => read_kind::<Customers>(door, select::customer(wanted), read),
            Entity::Categories => read_kind::<Collections>(door, select::category(wanted), read),
            Entity::Inventory => match read.target {
                Target::One(id) if id.contains(hooks::INVENTORY_ITEM) => {
                    let item = gid(hooks::INVENTORY_ITEM, id).ok_or(Refusal::Id)?;
                    Ok(hooks::stock_of_item(door, select::inventory(wanted), item, read.include_remote))
                }
                _ => read_kind::<Stock>(door, select::inventory(wanted), read),
            },
            Entity::Baskets => Err(Refusal::NotSupported(NO_BASKETS)),
        }
    }

    fn write(&self, context: &Context<'_>, write: Write<'_>) -> Result<Turn, Refusal> {
        PLATFORM.supports(write.entity, write.verb()).map_err(Refusal::NotSupported)?;
        write::write(Door::open(context)?, write)
    }

    fn allowance(&self, answer: &InboundResponse) -> Option<Allowance> {
        answer::allowance(answer)
    }

    fn hooks(&self) -> Option<&'static dyn Hooks> {
        Some(&hooks::ShopifyHooks)
    }

    fn existing(&self, context: &Context<'_>, entity: Entity, ids: &[&str]) -> Option<Result<Turn, Refusal>> {
        hooks::existing(context, entity, ids)
    }

    fn raw(&self, context: &Context<'_>, call: RawCall<'_>) -> Result<OutboundRequest, Refusal> {
        let door = Door::open(context)?;
        // Nothing but the Admin API gets its token.
        if !matches!(call.path.lenient_segments().as_slice(), [admin, api, ..] if admin == "admin" && api == "api") {
            return Err(Refusal::NotSupported("Only paths below admin/api/ are passed on."));
        }
        let query = clean_query(&call, &PARAMETERS)?;
        let mut headers = headers::for_upstream(call.headers)?;
        headers.insert(TOKEN_HEADER, door.token.clone());
        let url = door.address.with(&format!("/{}", call.path), query.as_deref());
        Ok(OutboundRequest::new(call.method, url, headers, call.body, Signature::None))
    }

    /// By the resources of the REST API. A GraphQL call may be of anything: its path shows nothing, and the scope `raw` is what it needs.
    fn raw_scope(&self, path: &RawPath) -> Option<Entity> {
        let segments = path.lenient_segments();
        // The last one decides: `customers/1/orders` is about orders.
        segments.iter().rev().find_map(|segment| match segment.strip_suffix(".json").unwrap_or(segment) {
            "products" | "variants" | "product_listings" => Some(Entity::Products),
            "orders" | "draft_orders" | "fulfillments" | "fulfillment_orders" | "refunds" | "transactions" => {
                Some(Entity::Orders)
            }
            "customers" | "customer_saved_searches" => Some(Entity::Customers),
            "custom_collections" | "smart_collections" | "collections" | "collects" | "collection_listings" => {
                Some(Entity::Categories)
            }
            "inventory_items" | "inventory_levels" | "locations" => Some(Entity::Inventory),
            "checkouts" | "carts" => Some(Entity::Baskets),
            _ => None,
        })
    }
}

fn read_kind<K: Kind>(door: Door, plan: Plan, read: &Read<'_>) -> Result<Turn, Refusal> {
    match read.target {
        Target::One(id) => {
            let gid = gid(K::GID, id).ok_or(Refusal::Id)?;
            Ok(pages::one::<K>(door, plan, gid, read.include_remote))
        }
        Target::Page { per_page, cursor, updated_after } => {
            let list = List { platform: NAME, entity: read.entity, per_page, updated_after };
            let after = list.token(cursor)?;
            if updated_after.is_some() && read.entity == Entity::Inventory {
                return Err(Refusal::FilterNotSupported("Shopify cannot list stock by the time of its last change."));
            }
            // Quoted, because a colon separates name and value in Shopify's search syntax.
            let filter = updated_after.map(|time| format!("updated_at:>'{}'", time.strftime("%Y-%m-%dT%H:%M:%SZ")));
            Ok(pages::page::<K>(door, plan, Page { list, after, filter }, read.include_remote))
        }
    }
}

/// The global id of an object, from the number or from itself.
fn gid(kind: &str, id: &str) -> Option<String> {
    let start = format!("gid://shopify/{kind}/");
    let number = id.strip_prefix(&start).unwrap_or(id);
    let is_number = (1..=20).contains(&number.len()) && number.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| format!("{start}{number}"))
}

/// A shop with its credential, ready to be asked.
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

    fn request(&self, document: &Document) -> OutboundRequest {
        let url = self.address.with(&format!("/admin/api/{VERSION}/graphql.json"), None);
        let mut headers = HeaderMap::with_capacity(3);
        headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(TOKEN_HEADER, self.token.clone());
        let body = Bytes::from(document.body());
        let request =
            OutboundRequest::new(Method::POST, url, headers, body, Signature::None).costing(document.points());
        if document.is_query() { request.that_reads() } else { request }
    }
}

#[cfg(test)]
pub(crate) mod tests;
