//! What a developer wishes for, read strictly: everything that is wrong is said at once, each with its pointer.

use std::{collections::BTreeMap, fmt};

use cloud::{dynamo::subscriptions::SubscriptionItem, http::FieldError};
use connectors::{Fields, Loopback};
use domain::{
    account::Line,
    event::Topic,
    id::StoreId,
    model::Entity,
    subscription::{MAX_FIELDS, MAX_FILTER_PATHS, MAX_FILTER_VALUE, MAX_FILTER_VALUES, MAX_STORES, Ordering, topics},
};
use url::{Host, Url};

use crate::sign_up::read;

/// Wishes for topics in one list; all there are can be named one by one.
const MAX_TOPICS: usize = 50;
/// Characters of an endpoint's address.
const MAX_URL: usize = 2_000;
/// Where a webhook may go (`gateway.md` E5).
const PORTS: [u16; 2] = [443, 8443];

/// A wish as it was sent, or as it stands with what was sent of a change.
pub(super) struct Wanted {
    pub(super) name: Option<String>,
    pub(super) url: String,
    pub(super) topics: Vec<String>,
    pub(super) stores: Option<Vec<String>>,
    pub(super) fields: Option<Vec<String>>,
    pub(super) filter: BTreeMap<String, Vec<String>>,
    pub(super) include_remote: bool,
    pub(super) ordering: Option<String>,
}

/// A wish that can be kept.
pub(super) struct Wish {
    pub(super) name: Option<Line>,
    pub(super) url: String,
    pub(super) topics: Vec<Topic>,
    pub(super) stores: Option<Vec<StoreId>>,
    pub(super) fields: Option<Vec<String>>,
    pub(super) filter: BTreeMap<String, Vec<String>>,
    pub(super) include_remote: bool,
    pub(super) ordering: Ordering,
}

impl From<&SubscriptionItem> for Wanted {
    fn from(item: &SubscriptionItem) -> Self {
        let ids = |ids: &Vec<StoreId>| ids.iter().map(ToString::to_string).collect();
        Self {
            name: item.name.as_ref().map(|name| name.as_str().to_owned()),
            url: item.url.clone(),
            topics: item.topics.iter().map(ToString::to_string).collect(),
            stores: item.stores.as_ref().map(ids),
            fields: item.fields.clone(),
            filter: item.filter.clone(),
            include_remote: item.include_remote,
            ordering: Some(written(item.ordering).to_owned()),
        }
    }
}

impl Wanted {
    /// Reads every field.
    pub(super) fn read(self, loopback: Loopback) -> Result<Wish, Vec<FieldError>> {
        let mut errors = Vec::new();
        let name = self.name.and_then(|text| read::<Line>(&mut errors, "/name", &text));
        let url = endpoint(&self.url, loopback).unwrap_or_else(|wrong| {
            errors.push(FieldError::new("/url", wrong));
            String::new()
        });
        let topics = told(&self.topics, &mut errors);
        let mut entities: Vec<Entity> = topics.iter().filter_map(|topic| topic.entity()).collect();
        entities.dedup();
        let stores = self.stores.map(|stores| named(&stores, &mut errors));
        if let Some(fields) = &self.fields {
            chosen(fields, &entities, &mut errors);
        }
        filtered(&self.filter, &entities, &mut errors);
        let ordering = match self.ordering.as_deref() {
            None => Ordering::default(),
            Some(text) => {
                let known = [Ordering::Fastest, Ordering::Entity];
                known.into_iter().find(|ordering| written(*ordering) == text).unwrap_or_else(|| {
                    errors.push(FieldError::new("/ordering", "`fastest` or `entity`"));
                    Ordering::default()
                })
            }
        };
        if !errors.is_empty() {
            return Err(errors);
        }
        let Self { fields, filter, include_remote, .. } = self;
        Ok(Wish { name, url, topics, stores, fields, filter, include_remote, ordering })
    }
}

const fn written(ordering: Ordering) -> &'static str {
    match ordering {
        Ordering::Fastest => "fastest",
        Ordering::Entity => "entity",
    }
}

/// An address that webhooks may go to, normalised. Where its name leads to is looked at with each delivery.
fn endpoint(text: &str, loopback: Loopback) -> Result<String, &'static str> {
    if text.len() > MAX_URL {
        return Err("has more than 2000 characters");
    }
    if text.contains(|c: char| c.is_whitespace() || c.is_control() || c == '\\') {
        return Err("is not a URL");
    }
    let url = Url::parse(text).map_err(|_| "is not a URL")?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err("must not hold a user name or password");
    }
    if url.fragment().is_some() {
        return Err("must not hold a fragment");
    }
    let here = match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => return Err("is not a URL"),
    };
    if here && loopback == Loopback::Allowed && matches!(url.scheme(), "http" | "https") {
        return Ok(url.into());
    }
    if url.scheme() != "https" {
        return Err("must begin with https://");
    }
    match url.host() {
        Some(Host::Domain(name)) if name.trim_end_matches('.').contains('.') => {}
        Some(Host::Domain(_)) | None => return Err("must name a host on the internet"),
        Some(Host::Ipv4(_) | Host::Ipv6(_)) => return Err("must name a host, not an address"),
    }
    if !url.port_or_known_default().is_some_and(|port| PORTS.contains(&port)) {
        return Err("must be at port 443 or 8443");
    }
    Ok(url.into())
}

/// The topics that are named, each once and in the order of the documentation.
fn told(given: &[String], errors: &mut Vec<FieldError>) -> Vec<Topic> {
    if given.is_empty() || given.len() > MAX_TOPICS {
        errors.push(FieldError::new("/topics", format!("1 to {MAX_TOPICS} topics")));
        return Vec::new();
    }
    let mut told = Vec::new();
    for (place, wish) in given.iter().enumerate() {
        match topics(wish) {
            Ok(named) => told.extend(named),
            Err(_) => errors.push(FieldError::new(format!("/topics/{place}"), "there is no such topic")),
        }
    }
    Topic::ALL.into_iter().filter(|topic| told.contains(topic)).collect()
}

fn named(given: &[String], errors: &mut Vec<FieldError>) -> Vec<StoreId> {
    if given.is_empty() || given.len() > MAX_STORES {
        let detail = format!("1 to {MAX_STORES} stores, or null for every store that is granted");
        errors.push(FieldError::new("/stores", detail));
        return Vec::new();
    }
    let mut stores: Vec<StoreId> = Vec::new();
    for (place, text) in given.iter().enumerate() {
        match text.parse() {
            Ok(store) if stores.contains(&store) => {
                errors.push(FieldError::new(format!("/stores/{place}"), "stands twice"));
            }
            Ok(store) => stores.push(store),
            Err(_) => errors.push(FieldError::new(format!("/stores/{place}"), "must be the id of a store")),
        }
    }
    stores
}

fn chosen(given: &[String], entities: &[Entity], errors: &mut Vec<FieldError>) {
    if given.is_empty() || given.len() > MAX_FIELDS {
        errors.push(FieldError::new("/fields", format!("1 to {MAX_FIELDS} fields, or null for all")));
        return;
    }
    for (place, path) in given.iter().enumerate() {
        if !is_field(path, entities) {
            errors.push(FieldError::new(format!("/fields/{place}"), NO_FIELD));
        }
    }
}

fn filtered(given: &BTreeMap<String, Vec<String>>, entities: &[Entity], errors: &mut Vec<FieldError>) {
    if given.len() > MAX_FILTER_PATHS {
        errors.push(FieldError::new("/filter", format!("at most {MAX_FILTER_PATHS} paths")));
        return;
    }
    for (path, values) in given {
        let shown: String = path.chars().filter(char::is_ascii_graphic).take(100).collect();
        let pointer = format!("/filter/{}", shown.replace('~', "~0").replace('/', "~1"));
        if !is_field(path, entities) || path == "remote" || path.starts_with("remote.") {
            errors.push(FieldError::new(&pointer, NO_FIELD));
        }
        if values.is_empty() || values.len() > MAX_FILTER_VALUES {
            errors.push(FieldError::new(&pointer, format!("1 to {MAX_FILTER_VALUES} values")));
        }
        for (place, value) in values.iter().enumerate() {
            if value.chars().count() > MAX_FILTER_VALUE {
                let detail = format!("has more than {MAX_FILTER_VALUE} characters");
                errors.push(FieldError::new(format!("{pointer}/{place}"), detail));
            }
        }
    }
}

const NO_FIELD: &str = "no object of these topics has such a field";

fn is_field(path: &str, entities: &[Entity]) -> bool {
    // A comma would be read as the end of one path and the beginning of another.
    !path.contains(',') && entities.iter().any(|entity| Fields::parse(*entity, path).is_ok_and(|_| path == path.trim()))
}

/// A filter as it is sent: lists of texts by path, none of which may stand twice.
#[derive(Default)]
pub(super) struct Filter(pub(super) BTreeMap<String, Vec<String>>);

impl<'de> serde::Deserialize<'de> for Filter {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Paths;
        impl<'de> serde::de::Visitor<'de> for Paths {
            type Value = Filter;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("an object of lists of texts")
            }

            fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<Filter, A::Error> {
                let mut paths = BTreeMap::new();
                while let Some((path, values)) = map.next_entry::<String, Vec<String>>()? {
                    // serde's own maps would let the last one win.
                    if paths.insert(path, values).is_some() {
                        return Err(serde::de::Error::custom("a path of the filter stands twice"));
                    }
                }
                Ok(Filter(paths))
            }
        }
        from.deserialize_map(Paths)
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for Filter {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "SubscriptionFilter".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "object",
            "description": "For each dotted path of a unified object the values that it may have there, as texts.",
            "maxProperties": MAX_FILTER_PATHS,
            "additionalProperties": {
                "type": "array",
                "minItems": 1,
                "maxItems": MAX_FILTER_VALUES,
                "items": { "type": "string", "maxLength": MAX_FILTER_VALUE },
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endpoints_are_https_on_the_internet_and_this_machine_only_where_that_is_allowed() {
        let denied = |text: &str| endpoint(text, Loopback::Denied);
        for (given, kept) in [
            ("https://hooks.example.com/in?x=1", "https://hooks.example.com/in?x=1"),
            ("https://Hooks.Example.com", "https://hooks.example.com/"),
            ("https://hooks.example.com:443/a", "https://hooks.example.com/a"),
            ("https://hooks.example.com:8443/a", "https://hooks.example.com:8443/a"),
        ] {
            assert_eq!(denied(given).as_deref(), Ok(kept));
        }
        for refused in [
            "",
            "hooks.example.com",
            "http://hooks.example.com",
            "ftp://hooks.example.com",
            "https://hooks.example.com:444/",
            "https://user@hooks.example.com/",
            "https://:secret@hooks.example.com/",
            "https://hooks.example.com/#a",
            "https://hooks.example.com/a b",
            "https://hooks.example.com\\@evil.example/",
            "https://93.184.216.34/",
            "https://0x5db8d822/",
            "https://[2606:2800:220:1::1]/",
            "https://localhost/",
            "https://intranet/",
            "https://127.0.0.1/",
            "http://127.0.0.1:3000/",
        ] {
            assert!(denied(refused).is_err(), "{refused}");
        }
        for here in ["http://127.0.0.1:3000/in", "http://localhost:1/", "https://[::1]:9/"] {
            assert!(endpoint(here, Loopback::Allowed).is_ok() && denied(here).is_err(), "{here}");
        }
        for refused in ["http://10.0.0.1/", "http://hooks.example.com/", "ftp://127.0.0.1/", "https://93.184.216.34/"] {
            assert!(endpoint(refused, Loopback::Allowed).is_err(), "{refused}");
        }
        assert!(denied(&format!("https://hooks.example.com/{}", "a".repeat(2_000))).is_err());
    }
}
