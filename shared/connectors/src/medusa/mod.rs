//! Medusa v2: `{host}/admin/`, a secret key as the Basic user name, pages by `offset` and `limit`.
//!
//! What a running 2.15 taught, and is handled here: there is no cap on `limit` (ours is) and no order is promised unless one is asked for; a row's related objects come
//! in the same call, but asking for a relation that a version does not know is a 500; a price list that is sent replaces the old one; a
//! product without options is refused, and one without a sales channel is never on sale; deleting what is not there is a success; a refund
//! lowers an order's total. Customer addresses, tags and draft orders are resources of their own, so some writes take several calls.

mod body;
mod categories;
mod customers;
mod door;
mod hooks;
mod map;
mod orders;
mod prices;
mod products;
mod read;
mod selection;
mod stock;
mod wire;

use domain::model::Entity;
use http::header;

use crate::address::{AddressError, Loopback, StoreAddress};
use crate::connector::{
    Connector, Context, CredentialField, EntitySupport, Outcome, Platform, RawCall, Read, Refusal, Turn, Unsupported,
    Verb,
};
use crate::headers;
use crate::hooks::Hooks;
use crate::raw::{ParameterRules, clean_query};
use crate::raw_path::RawPath;
use crate::request::{OutboundRequest, Signature};
use crate::upstream::success;
use crate::write::{Action, Input, Write};
use door::Door;

const NAME: &str = "medusa";

const ALL: &[Verb] = &[Verb::List, Verb::Get, Verb::Create, Verb::Update, Verb::Delete];
const NO_BASKETS: &str = "Medusa shows carts to its shop window only, not to its admin API.";
const NO_ORDER_DELETION: &str = "Medusa keeps its orders; set the status to cancelled.";
const LEVELS_FOLLOW_VARIANTS: &str = "A stock level comes and goes with its variant; set `available` instead.";

static PLATFORM: Platform = Platform {
    name: NAME,
    title: "Medusa",
    url: "https://{host} of the Medusa server, with or without /admin",
    credentials: &[CredentialField {
        name: door::API_KEY,
        label: "Secret API key (sk_…)",
        secret: true,
        required: true,
    }],
    entities: &[
        EntitySupport {
            entity: Entity::Products,
            verbs: ALL,
            unsupported: &[],
            writable: &[
                "name",
                "description_html",
                "status",
                "categories",
                "tags",
                "images.url",
                "options",
                "variants.id",
                "variants.sku",
                "variants.barcode",
                "variants.options",
                "variants.price",
                "variants.weight.value",
                "variants.inventory.tracked",
                "variants.inventory.backorder",
                "weight.value",
                "dimensions.length",
                "dimensions.width",
                "dimensions.height",
                "seo.slug",
                "meta",
            ],
        },
        EntitySupport {
            entity: Entity::Orders,
            verbs: &[Verb::List, Verb::Get, Verb::Create, Verb::Update],
            unsupported: &[Unsupported { verb: Verb::Delete, reason: NO_ORDER_DELETION }],
            writable: &[
                "status",
                "currency",
                "customer.id",
                "customer.email",
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
                "lines.variant_id",
                "lines.name",
                "lines.quantity",
                "lines.unit_price",
                "shipping_lines",
                "meta",
            ],
        },
        EntitySupport {
            entity: Entity::Customers,
            verbs: ALL,
            unsupported: &[],
            writable: &[
                "email",
                "phone",
                "first_name",
                "last_name",
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
                "meta",
            ],
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
                Unsupported { verb: Verb::Create, reason: LEVELS_FOLLOW_VARIANTS },
                Unsupported { verb: Verb::Delete, reason: LEVELS_FOLLOW_VARIANTS },
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

/// Express reads no method or path from parameters; a key could come in none of them either.
const PARAMETERS: ParameterRules =
    ParameterRules { dropped: &["api_key", "token"], dropped_prefixes: &[], refused: &["_method"] };

/// The connector of Medusa.
pub(crate) struct Medusa;

impl Connector for Medusa {
    fn platform(&self) -> &'static Platform {
        &PLATFORM
    }

    /// The dashboard lives under `/app`, the API under `/admin`; merchants paste either.
    fn address(&self, text: &str, loopback: Loopback) -> Result<StoreAddress, AddressError> {
        let address = StoreAddress::parse(text, loopback)?;
        Ok(address.without_path_suffix("/admin").without_path_suffix("/app"))
    }

    fn probe(&self, context: &Context<'_>) -> Result<Turn, Refusal> {
        let door = Door::open(context)?;
        Ok(Turn::ask(door.get("products", &[("limit", "1"), ("fields", "id")]), move |answer| {
            let body = success(&answer, &door.credential)?;
            read::rows(body)?;
            Ok(Turn::Done(Outcome::Works))
        }))
    }

    fn read(&self, context: &Context<'_>, read: &Read<'_>) -> Result<Turn, Refusal> {
        read::turn(context, read)
    }

    fn write(&self, context: &Context<'_>, write: Write<'_>) -> Result<Turn, Refusal> {
        PLATFORM.supports(write.entity, write.verb()).map_err(Refusal::NotSupported)?;
        let door = Door::open(context)?;
        let remote = write.include_remote;
        match write.action {
            Action::Delete { id } => door.delete_one(write.entity, id),
            Action::Create(Input::Product(input)) => products::create(door, *input, remote),
            Action::Update { id, input: Input::Product(input) } => products::update(door, id, *input, remote),
            Action::Create(Input::Order(input)) => orders::create(door, *input, remote),
            Action::Update { id, input: Input::Order(input) } => orders::update(door, id, *input, remote),
            Action::Create(Input::Customer(input)) => customers::create(door, *input, remote),
            Action::Update { id, input: Input::Customer(input) } => customers::update(door, id, *input, remote),
            Action::Create(Input::Category(input)) => categories::create(door, input, remote),
            Action::Update { id, input: Input::Category(input) } => categories::update(door, id, input, remote),
            Action::Update { id, input: Input::Inventory(input) } => stock::update(door, id, &input, remote),
            Action::Create(Input::Inventory(_)) => Err(Refusal::NotSupported(LEVELS_FOLLOW_VARIANTS)),
            Action::Create(Input::Basket(_)) | Action::Update { input: Input::Basket(_), .. } => {
                Err(Refusal::NotSupported(NO_BASKETS))
            }
        }
    }

    fn hooks(&self) -> Option<&'static dyn Hooks> {
        Some(&hooks::MedusaHooks)
    }

    fn existing(&self, context: &Context<'_>, entity: Entity, ids: &[&str]) -> Option<Result<Turn, Refusal>> {
        hooks::existing(context, entity, ids)
    }

    fn raw(&self, context: &Context<'_>, call: RawCall<'_>) -> Result<OutboundRequest, Refusal> {
        let door = Door::open(context)?;
        let query = clean_query(&call, &PARAMETERS)?;
        let mut headers = headers::for_upstream(call.headers)?;
        headers.insert(header::AUTHORIZATION, door.basic.clone());
        let url = door.address.with(&format!("/{}", call.path), query.as_deref());
        Ok(OutboundRequest::new(call.method, url, headers, call.body, Signature::None))
    }

    /// Medusa's routes name what they are about, the admin's and the shop window's alike; the first name counts
    /// (`products/{id}/variants`, `customers/{id}/orders`).
    fn raw_scope(&self, path: &RawPath) -> Option<Entity> {
        path.lenient_segments().iter().find_map(|segment| match segment.as_str() {
            "products" | "product-variants" | "product-types" | "product-tags" | "product-options" | "collections"
            | "price-lists" => Some(Entity::Products),
            "product-categories" => Some(Entity::Categories),
            "orders"
            | "draft-orders"
            | "order-edits"
            | "order-changes"
            | "returns"
            | "exchanges"
            | "claims"
            | "fulfillments"
            | "payments"
            | "payment-collections" => Some(Entity::Orders),
            "customers" | "customer-groups" => Some(Entity::Customers),
            "inventory-items" | "reservations" | "stock-locations" => Some(Entity::Inventory),
            "carts" => Some(Entity::Baskets),
            _ => None,
        })
    }
}

#[cfg(test)]
pub(crate) mod tests;

#[cfg(test)]
mod write_tests;
