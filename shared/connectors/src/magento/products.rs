//! Reading products: the page and the store's settings together; then all children of its configurable products, with the labels of their
//! options; then all stock. Four rounds at most, however many products there are.

use std::collections::{BTreeMap, BTreeSet};

use domain::model::Product;

use super::map::{self, Around, Settings};
use super::reads::{Place, one};
use super::search::{MOST, Search};
use super::{Door, encoded, stock, wire};
use crate::connector::{InboundResponse, Objects, Outcome, ReadError, Turn};
use crate::fields::Fields;
use crate::request::OutboundRequest;
use crate::upstream::{IdText, Item, items, success, time_of};

/// What our field needs of Magento's product (R122).
const FIELDS: &[(&str, &[&str])] = &[
    ("name", &["name"]),
    ("description_html", &["custom_attributes"]),
    ("status", &["status"]),
    ("remote_status", &["status"]),
    ("categories", &["extension_attributes"]),
    ("images", &["media_gallery_entries"]),
    ("options", &["extension_attributes"]),
    ("variants", &["price", "weight", "custom_attributes", "extension_attributes"]),
    ("price", &["price", "custom_attributes", "extension_attributes"]),
    ("compare_at", &["price", "custom_attributes", "extension_attributes"]),
    ("tax_class", &["custom_attributes"]),
    ("weight", &["weight"]),
    ("seo", &["custom_attributes"]),
    ("meta", &["custom_attributes"]),
    ("created_at", &["created_at"]),
    ("updated_at", &["updated_at"]),
];

/// The parts of products that a selection of fields needs.
#[derive(Clone)]
pub(super) struct Wanted {
    /// The members of a row; `None` for all.
    members: Option<String>,
    settings: bool,
    children: bool,
    labels: bool,
    stock: bool,
}

impl Wanted {
    pub(super) fn of(fields: Option<&Fields>, remote: bool) -> Self {
        // The platform's own object is asked for whole.
        let whole = fields.is_none() || remote;
        let wants = |ours: &[&str]| whole || ours.iter().any(|path| fields.is_some_and(|fields| fields.wants(path)));
        let members = fields.filter(|_| !whole).map(|_| {
            let needed = FIELDS.iter().filter(|(ours, _)| wants(&[ours])).flat_map(|(_, theirs)| *theirs).copied();
            let members: BTreeSet<&str> = needed.chain(["id", "sku", "type_id"]).collect();
            members.into_iter().collect::<Vec<_>>().join(",")
        });
        Self {
            members,
            settings: wants(&[
                "price",
                "compare_at",
                "weight",
                "images",
                "variants.price",
                "variants.compare_at",
                "variants.cost",
                "variants.weight",
            ]),
            children: wants(&["variants", "price", "compare_at"]),
            labels: wants(&["options", "variants.options"]),
            stock: wants(&["variants.inventory"]),
        }
    }
}

/// What was gathered of a page so far.
struct Gathered {
    door: Door,
    place: Place,
    wanted: Wanted,
    remote: bool,
    page: InboundResponse,
    around: Around,
    children: Vec<Children>,
}

/// An answer with children.
enum Children {
    /// Of a search for the children of all.
    Found(InboundResponse),
    /// A list of those of one product, by its id.
    Of(String, InboundResponse),
}

pub(super) fn read(door: Door, place: Place, wanted: Wanted, remote: bool) -> Turn {
    let mut search = place.search();
    // What is not visible by itself is a variant of something that is.
    if matches!(place, Place::After(..)) {
        search = search.filter("visibility", "in", "2,3,4");
    }
    if let Some(members) = &wanted.members {
        search = search.showing(members);
    }
    let mut requests = vec![door.search("products", &search)];
    if wanted.settings {
        requests.push(door.get("store/storeConfigs"));
    }
    let then = move |answers: Vec<InboundResponse>| {
        let mut answers = answers.into_iter();
        let page = answers.next().ok_or(ReadError::Unreadable("no answer"))?;
        let settings = answers.next().map_or_else(Settings::default, |answer| settings(&answer));
        let around = Around { settings, now: time_of(&page.headers), ..Around::default() };
        Gathered { door, place, wanted, remote, page, around, children: Vec::new() }.with_children()
    };
    Turn::Send { requests, then: Box::new(then) }
}

/// The first store view's settings; nothing when the token may not read them.
fn settings(answer: &InboundResponse) -> Settings {
    let configs = if answer.status.is_success() { answer.body.as_ref() } else { b"[]" };
    let configs: Vec<wire::StoreConfig<'_>> = serde_json::from_slice(configs).unwrap_or_default();
    configs.into_iter().next().map_or_else(Settings::default, Settings::from_config)
}

impl Gathered {
    fn rows(&self, remote: bool) -> Result<Vec<Item<wire::Product<'_>>>, ReadError> {
        items(self.door.found(&self.page)?.0, remote)
    }

    /// Asks for the children of all configurable products, and for what their options are called.
    fn with_children(mut self) -> Result<Turn, ReadError> {
        let (mut ids, mut thin, mut attributes) = (BTreeSet::new(), Vec::new(), BTreeSet::new());
        for row in self.rows(false)?.into_iter().map(|item| item.wire).filter(|row| row.type_id == "configurable") {
            let extension = row.extension_attributes;
            let links = extension.as_ref().and_then(|extension| extension.configurable_product_links.clone());
            let options = extension.and_then(|extension| extension.configurable_product_options);
            attributes.extend(options.into_iter().flatten().map(|option| option.attribute_id.into_string()));
            match links {
                Some(links) => ids.extend(links.into_iter().map(IdText::into_string)),
                None => thin.push((row.id.into_string(), row.sku.into_owned())),
            }
        }
        let (mut requests, mut owners) = (Vec::new(), Vec::new());
        if self.wanted.children {
            let ids: Vec<String> = ids.into_iter().collect();
            for chunk in ids.chunks(MOST) {
                requests.push(self.children_search(chunk));
                owners.push(None);
            }
            for (id, sku) in thin {
                requests.push(self.door.get(&format!("configurable-products/{}/children", encoded(&sku))));
                owners.push(Some(id));
            }
        }
        let has_labels = self.wanted.labels && !attributes.is_empty();
        if has_labels {
            let ids: Vec<String> = attributes.into_iter().collect();
            let search = Search::of(ids.len()).filter("attribute_id", "in", &ids.join(","));
            let search = search.showing("attribute_id,attribute_code,options[label,value]");
            requests.push(self.door.search("products/attributes", &search));
        }
        if requests.is_empty() {
            return self.with_stock();
        }
        let then = move |mut answers: Vec<InboundResponse>| {
            if has_labels && let Some(answer) = answers.pop() {
                self.around.attributes = attributes_of(&self.door, &answer)?;
            }
            let children = owners.into_iter().zip(answers).map(|(owner, answer)| match owner {
                Some(owner) => Children::Of(owner, answer),
                None => Children::Found(answer),
            });
            self.children = children.collect();
            self.with_stock()
        };
        Ok(Turn::Send { requests, then: Box::new(then) })
    }

    fn children_search(&self, ids: &[String]) -> OutboundRequest {
        let search = Search::of(ids.len()).filter("entity_id", "in", &ids.join(",")).sorted_by("entity_id");
        self.door.search("products", &search.showing("id,sku,type_id,price,weight,custom_attributes"))
    }

    /// All children, with the id of their parent where only the answer's request told it.
    fn all_children(&self) -> Result<Vec<(Option<&str>, wire::Product<'_>)>, ReadError> {
        let mut all = Vec::new();
        for children in &self.children {
            let (owner, rows): (_, Vec<Item<wire::Product<'_>>>) = match children {
                Children::Found(answer) => (None, items(self.door.found(answer)?.0, false)?),
                Children::Of(owner, answer) => {
                    (Some(owner.as_str()), items(success(answer, &self.door.credential)?, false)?)
                }
            };
            all.extend(rows.into_iter().map(|row| (owner, row.wire)));
        }
        Ok(all)
    }

    /// Asks for the stock of everything that has some.
    fn with_stock(mut self) -> Result<Turn, ReadError> {
        if !self.wanted.stock {
            return self.finish();
        }
        let mut skus: BTreeSet<String> =
            self.all_children()?.into_iter().map(|(_, child)| child.sku.into_owned()).collect();
        let own = self.rows(false)?.into_iter().map(|item| item.wire);
        let is_counted =
            |row: &wire::Product<'_>| !matches!(row.type_id.as_ref(), "configurable" | "bundle" | "grouped");
        skus.extend(own.filter(is_counted).map(|row| row.sku.into_owned()));
        if skus.is_empty() {
            return self.finish();
        }
        let door = self.door.clone();
        Ok(stock::of_skus(door, skus.into_iter().collect(), move |stocks| {
            self.around.stocks = stocks;
            self.finish()
        }))
    }

    fn finish(self) -> Result<Turn, ReadError> {
        let children = self.all_children()?;
        let by_id: BTreeMap<&str, &wire::Product<'_>> =
            children.iter().map(|(_, child)| (child.id.as_str(), child)).collect();
        let left = self.door.found(&self.page)?.1;
        let mut products: Vec<Product> = Vec::new();
        for row in self.rows(self.remote)? {
            let id = row.wire.id.as_str();
            let extension = row.wire.extension_attributes.as_ref();
            let links =
                extension.and_then(|extension| extension.configurable_product_links.as_deref()).unwrap_or_default();
            let linked = links.iter().filter_map(|link| by_id.get(link.as_str()).copied());
            let owned = children.iter().filter(|(owner, _)| *owner == Some(id)).map(|(_, child)| child);
            let own: Vec<&wire::Product<'_>> = linked.chain(owned).collect();
            products.push(map::product(row, &own, &self.around));
        }
        let Place::After(list, start) = &self.place else { return one(Objects::Products(products)) };
        let ids = products.iter().filter_map(|product| product.id.parse().ok());
        let next_cursor = Place::next(list, *start, ids, products.len(), left);
        Ok(Turn::Done(Outcome::Page { objects: Objects::Products(products), next_cursor }))
    }
}

fn attributes_of(door: &Door, answer: &InboundResponse) -> Result<map::Attributes, ReadError> {
    // A token may read products and not attributes: the values then stand for their labels.
    if !answer.status.is_success() {
        return Ok(map::Attributes::new());
    }
    let rows: Vec<Item<wire::AttributeType<'_>>> = items(door.found(answer)?.0, false)?;
    let labelled = |option: wire::AttributeOption<'_>| Some((option.value?.into_owned(), option.label?.into_owned()));
    let attribute = |row: Item<wire::AttributeType<'_>>| {
        let labels = row.wire.options.into_iter().flatten().filter_map(labelled).collect();
        (row.wire.attribute_id.into_string(), (row.wire.attribute_code.into_owned(), labels))
    };
    Ok(rows.into_iter().map(attribute).collect())
}
