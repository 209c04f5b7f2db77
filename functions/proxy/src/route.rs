//! The data plane's routes.

use cloud::http::{Call, Code, Problem};
use connectors::{RawPath, Verb};
use domain::{id::StoreId, model::Entity};
use http::Method;

use crate::raw;

/// What a call asks for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Route<'a> {
    /// `GET /v1/platforms`
    Platforms,
    /// A call of a store.
    Store {
        /// Which store.
        store: StoreId,
        /// What of it.
        target: Target<'a>,
    },
}

/// What a call asks of a store.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Target<'a> {
    /// The unified interface.
    Unified {
        /// Of what.
        entity: Entity,
        /// To do what.
        verb: Verb,
        /// The object, for everything but listing and creating.
        id: Option<&'a str>,
    },
    /// Many writes of one entity.
    Batch(Entity),
    /// The platform's own API, below the store's address.
    Raw(RawPath),
}

impl Route<'_> {
    /// The route's template, for logs: a path names things, a template does not.
    pub(crate) fn template(&self) -> &'static str {
        match self {
            Self::Platforms => "GET /v1/platforms",
            Self::Store { target: Target::Raw(_), .. } => "ANY /v1/stores/{store}/raw/{path}",
            Self::Store { target: Target::Unified { entity, verb, .. }, .. } => unified_template(*entity, *verb),
            Self::Store { target: Target::Batch(entity), .. } => batch_template(*entity),
        }
    }
}

macro_rules! templates {
    ($entity:expr, $verb:expr, $($variant:ident $name:literal),+) => {
        match ($entity, $verb) {
            $(
                (Entity::$variant, Verb::List) => concat!("GET /v1/stores/{store}/", $name),
                (Entity::$variant, Verb::Get) => concat!("GET /v1/stores/{store}/", $name, "/{id}"),
                (Entity::$variant, Verb::Create) => concat!("POST /v1/stores/{store}/", $name),
                (Entity::$variant, Verb::Update) => concat!("PATCH /v1/stores/{store}/", $name, "/{id}"),
                (Entity::$variant, Verb::Delete) => concat!("DELETE /v1/stores/{store}/", $name, "/{id}"),
            )+
        }
    };
}

/// The template of a unified route.
pub(crate) fn unified_template(entity: Entity, verb: Verb) -> &'static str {
    templates!(
        entity, verb, Products "products", Orders "orders", Customers "customers", Categories "categories", Inventory "inventory",
        Baskets "baskets"
    )
}

/// The template of a batch.
pub(crate) fn batch_template(entity: Entity) -> &'static str {
    match entity {
        Entity::Products => "POST /v1/stores/{store}/products/batch",
        Entity::Orders => "POST /v1/stores/{store}/orders/batch",
        Entity::Customers => "POST /v1/stores/{store}/customers/batch",
        Entity::Categories => "POST /v1/stores/{store}/categories/batch",
        Entity::Inventory => "POST /v1/stores/{store}/inventory/batch",
        Entity::Baskets => "POST /v1/stores/{store}/baskets/batch",
    }
}

/// Reads the route of a call.
///
/// # Errors
/// 404 for what is not there, a store id that is not one included, 405 where only the method is wrong, and 400 for a raw path
/// that could mean something else to the store than to us.
pub(crate) fn parse(call: &Call) -> Result<Route<'_>, Problem> {
    let Some(path) = call.path.strip_prefix("/v1/") else { return Err(Code::NotFound.into()) };
    if path == "platforms" {
        return match call.method {
            Method::GET | Method::HEAD => Ok(Route::Platforms),
            _ => Err(Code::MethodNotAllowed.into()),
        };
    }
    let rest = path.strip_prefix("stores/").ok_or(Code::NotFound)?;
    let (store, rest) = rest.split_once('/').ok_or(Code::NotFound)?;
    let store = store.parse().map_err(|_| Code::NotFound)?;
    let target = match rest.split_once('/') {
        Some(("raw", path)) => Target::Raw(raw::path(path)?),
        None if rest == "raw" => Target::Raw(raw::path("")?),
        None => unified(call, rest, None)?,
        Some((entity, id)) if !id.contains('/') && !id.is_empty() => unified(call, entity, Some(id))?,
        Some((entity, "")) => unified(call, entity, None)?,
        Some(_) => return Err(Code::NotFound.into()),
    };
    Ok(Route::Store { store, target })
}

fn unified<'a>(call: &Call, entity: &str, id: Option<&'a str>) -> Result<Target<'a>, Problem> {
    let entity = entity.parse().map_err(|_| {
        let known: Vec<_> = Entity::ALL.iter().map(|entity| entity.as_str()).collect();
        Problem::new(Code::UnknownEntity).detail(format!("there are {} and raw", known.join(", ")))
    })?;
    let verb = match (&call.method, id) {
        (&Method::GET | &Method::HEAD, None) => Verb::List,
        (&Method::GET | &Method::HEAD, Some(_)) => Verb::Get,
        (&Method::POST, None) => Verb::Create,
        (&Method::PATCH, Some(_)) => Verb::Update,
        (&Method::DELETE, Some(_)) => Verb::Delete,
        (&Method::POST, Some("batch")) => return Ok(Target::Batch(entity)),
        _ => return Err(Code::MethodNotAllowed.into()),
    };
    Ok(Target::Unified { entity, verb, id })
}
