//! The five kinds of object that are read alike: what each is called, how a row is read and how the rest of its inner lists is added.

use std::borrow::Cow;

use domain::model::{Category, Customer, InventoryLevel, Product};
use domain::money::Currency;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::select::Part;
use super::wire::{self, Connection, PageInfo};
use super::{map, map_order};
use crate::connector::{Objects, ReadError};
use crate::upstream::{IdText, Item, item};

/// What an inner list has beyond the rows that came with its object.
pub(super) struct Rest {
    /// The place of the object among those read.
    pub(super) row: usize,
    /// The place of the variant in it, where the list is a variant's.
    pub(super) inner: usize,
    /// The global id of the object that has the list.
    pub(super) gid: String,
    /// Which list.
    pub(super) part: Part,
    /// Where the rest begins.
    pub(super) after: String,
}

/// What is needed to read a row beside its text.
#[derive(Clone, Copy)]
pub(super) struct Reader {
    /// The shop's currency, where it was asked for.
    pub(super) currency: Option<Currency>,
    pub(super) include_remote: bool,
}

/// A kind of object.
pub(super) trait Kind: 'static {
    /// One on the wire.
    type Wire<'a>: Deserialize<'a>;
    /// One that was read.
    type Row: Send + 'static;
    /// The field of the query root for a page.
    const MANY: &'static str;
    /// The field of the query root for one.
    const ONE: &'static str;
    /// The type's name in global ids.
    const GID: &'static str;

    /// Reads the object at place `row`, and notes which of its lists go on.
    fn read(
        item: Item<Self::Wire<'_>>,
        reader: Reader,
        row: usize,
        rests: &mut Vec<Rest>,
    ) -> Result<Self::Row, ReadError>;

    /// Adds more of a list of an object, and notes whether it still goes on.
    fn extend(
        object: &mut Self::Row,
        rest: Rest,
        list: &RawValue,
        reader: Reader,
        rests: &mut Vec<Rest>,
    ) -> Result<(), ReadError>;

    /// The objects of the answer.
    fn objects(rows: Vec<Self::Row>) -> Objects;
}

fn list<'a, T: Deserialize<'a>>(text: &'a RawValue) -> Result<Connection<T>, ReadError> {
    serde_json::from_str(text.get()).map_err(|_| ReadError::Unreadable("not the documented list"))
}

/// Notes that a list goes on, if it does.
fn note(rests: &mut Vec<Rest>, page_info: PageInfo, rest: Rest) {
    if let Some(after) = page_info.rest() {
        rests.push(Rest { after, ..rest });
    }
}

/// Notes which of an object's lists go on.
fn note_all(rests: &mut Vec<Rest>, row: usize, gid: &str, lists: Vec<(Part, &mut PageInfo)>) {
    for (part, page_info) in lists {
        let rest = Rest { row, inner: 0, gid: gid.to_owned(), part, after: String::new() };
        note(rests, std::mem::take(page_info), rest);
    }
}

pub(super) struct Products;

impl Kind for Products {
    type Wire<'a> = wire::Product<'a>;
    type Row = Product;
    const MANY: &'static str = "products";
    const ONE: &'static str = "product";
    const GID: &'static str = "Product";

    fn read(
        mut item: Item<Self::Wire<'_>>,
        reader: Reader,
        row: usize,
        rests: &mut Vec<Rest>,
    ) -> Result<Product, ReadError> {
        let wire = &mut item.wire;
        let lists = vec![
            (Part::Media, &mut wire.media.page_info),
            (Part::Collections, &mut wire.collections.page_info),
            (Part::Metafields, &mut wire.metafields.page_info),
            (Part::Variants, &mut wire.variants.page_info),
        ];
        note_all(rests, row, &wire.id, lists);
        for (inner, variant) in wire.variants.nodes.iter_mut().enumerate() {
            note_levels(rests, row, inner, variant);
        }
        Ok(map::product(item, reader.currency))
    }

    fn extend(
        product: &mut Product,
        rest: Rest,
        text: &RawValue,
        reader: Reader,
        rests: &mut Vec<Rest>,
    ) -> Result<(), ReadError> {
        let page_info = match rest.part {
            Part::Media => {
                let media: Connection<wire::Media<'_>> = list(text)?;
                let position = product.images.last().map_or(0, |image| image.position + 1);
                product.images.extend(map::images(media.nodes, position));
                media.page_info
            }
            Part::Collections => {
                let collections: Connection<wire::Reference<'_>> = list(text)?;
                product.categories.extend(collections.nodes.into_iter().map(|it| it.legacy_resource_id.into_string()));
                collections.page_info
            }
            Part::Metafields => {
                let fields: Connection<wire::Metafield<'_>> = list(text)?;
                product.meta.extend(map::meta(fields.nodes));
                fields.page_info
            }
            Part::Levels => {
                let levels: Connection<wire::Level<'_>> = list(text)?;
                if let Some(variant) = product.variants.get_mut(rest.inner) {
                    variant.inventory.locations.extend(levels.nodes.into_iter().map(map::stock_location));
                }
                levels.page_info
            }
            _ => {
                let variants: Connection<wire::Variant<'_>> = list(text)?;
                for mut variant in variants.nodes {
                    note_levels(rests, rest.row, product.variants.len(), &mut variant);
                    product.variants.push(map::variant(variant, &product.id, false, reader.currency));
                }
                variants.page_info
            }
        };
        note(rests, page_info, rest);
        Ok(())
    }

    fn objects(rows: Vec<Product>) -> Objects {
        Objects::Products(rows)
    }
}

/// Notes that a variant has stock at more locations than came with it.
fn note_levels(rests: &mut Vec<Rest>, row: usize, inner: usize, variant: &mut wire::Variant<'_>) {
    if let Some(item) = &mut variant.inventory_item {
        let rest = Rest { row, inner, gid: item.id.clone().into_owned(), part: Part::Levels, after: String::new() };
        note(rests, std::mem::take(&mut item.inventory_levels.page_info), rest);
    }
}

pub(super) struct Orders;

impl Kind for Orders {
    type Wire<'a> = wire::Order<'a>;
    type Row = map_order::Reading;
    const MANY: &'static str = "orders";
    const ONE: &'static str = "order";
    const GID: &'static str = "Order";

    fn read(
        mut item: Item<Self::Wire<'_>>,
        _: Reader,
        row: usize,
        rests: &mut Vec<Rest>,
    ) -> Result<map_order::Reading, ReadError> {
        let wire = &mut item.wire;
        let lists = vec![
            (Part::Lines, &mut wire.line_items.page_info),
            (Part::ShippingLines, &mut wire.shipping_lines.page_info),
            (Part::Metafields, &mut wire.metafields.page_info),
        ];
        note_all(rests, row, &wire.id, lists);
        Ok(map_order::order(item))
    }

    fn extend(
        reading: &mut map_order::Reading,
        rest: Rest,
        text: &RawValue,
        _: Reader,
        rests: &mut Vec<Rest>,
    ) -> Result<(), ReadError> {
        let page_info = match rest.part {
            Part::ShippingLines => {
                let lines: Connection<wire::ShippingLine<'_>> = list(text)?;
                reading.add_shipping(lines.nodes);
                lines.page_info
            }
            Part::Metafields => {
                let fields: Connection<wire::Metafield<'_>> = list(text)?;
                reading.order.meta.extend(map::meta(fields.nodes));
                fields.page_info
            }
            _ => {
                let lines: Connection<wire::Line<'_>> = list(text)?;
                reading.add_lines(lines.nodes);
                lines.page_info
            }
        };
        note(rests, page_info, rest);
        Ok(())
    }

    fn objects(rows: Vec<map_order::Reading>) -> Objects {
        Objects::Orders(rows.into_iter().map(|reading| reading.order).collect())
    }
}

pub(super) struct Customers;

impl Kind for Customers {
    type Wire<'a> = wire::Customer<'a>;
    type Row = Customer;
    const MANY: &'static str = "customers";
    const ONE: &'static str = "customer";
    const GID: &'static str = "Customer";

    fn read(
        mut item: Item<Self::Wire<'_>>,
        _: Reader,
        row: usize,
        rests: &mut Vec<Rest>,
    ) -> Result<Customer, ReadError> {
        let wire = &mut item.wire;
        let lists = vec![
            (Part::Addresses, &mut wire.addresses_v2.page_info),
            (Part::Metafields, &mut wire.metafields.page_info),
        ];
        note_all(rests, row, &wire.id, lists);
        Ok(map::customer(item))
    }

    fn extend(
        customer: &mut Customer,
        rest: Rest,
        text: &RawValue,
        _: Reader,
        rests: &mut Vec<Rest>,
    ) -> Result<(), ReadError> {
        let page_info = match rest.part {
            Part::Metafields => {
                let fields: Connection<wire::Metafield<'_>> = list(text)?;
                customer.meta.extend(map::meta(fields.nodes));
                fields.page_info
            }
            _ => {
                let addresses: Connection<wire::Address<'_>> = list(text)?;
                customer.addresses.extend(addresses.nodes.into_iter().filter_map(map::address));
                addresses.page_info
            }
        };
        note(rests, page_info, rest);
        Ok(())
    }

    fn objects(rows: Vec<Customer>) -> Objects {
        Objects::Customers(rows)
    }
}

/// Shopify's collections: flat, and a product may be in many.
pub(super) struct Collections;

impl Kind for Collections {
    type Wire<'a> = wire::Collection<'a>;
    type Row = Category;
    const MANY: &'static str = "collections";
    const ONE: &'static str = "collection";
    const GID: &'static str = "Collection";

    fn read(item: Item<Self::Wire<'_>>, _: Reader, _: usize, _: &mut Vec<Rest>) -> Result<Category, ReadError> {
        Ok(map::category(item))
    }

    fn extend(_: &mut Category, _: Rest, _: &RawValue, _: Reader, _: &mut Vec<Rest>) -> Result<(), ReadError> {
        Ok(())
    }

    fn objects(rows: Vec<Category>) -> Objects {
        Objects::Categories(rows)
    }
}

/// Stock: a row is a variant with a level for each location that it is stocked at.
pub(super) struct Stock;

/// A variant's levels.
pub(super) struct Levels {
    variant_id: String,
    tracked: bool,
    levels: Vec<InventoryLevel>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct StockWire<'a> {
    #[serde(borrow)]
    legacy_resource_id: IdText<'a>,
    #[serde(borrow)]
    inventory_item: StockItem<'a>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct StockItem<'a> {
    #[serde(borrow)]
    id: Cow<'a, str>,
    #[serde(default)]
    tracked: bool,
    #[serde(borrow, default)]
    inventory_levels: Connection<&'a RawValue>,
}

impl Levels {
    fn add(&mut self, levels: Vec<&RawValue>, reader: Reader) -> Result<(), ReadError> {
        for level in levels {
            let level: Item<wire::Level<'_>> = item(level.get().as_bytes(), reader.include_remote)?;
            self.levels.push(map::inventory_level(level, &self.variant_id, self.tracked));
        }
        Ok(())
    }
}

impl Kind for Stock {
    type Wire<'a> = StockWire<'a>;
    type Row = Levels;
    const MANY: &'static str = "productVariants";
    const ONE: &'static str = "productVariant";
    const GID: &'static str = "ProductVariant";

    fn read(
        item: Item<Self::Wire<'_>>,
        reader: Reader,
        row: usize,
        rests: &mut Vec<Rest>,
    ) -> Result<Levels, ReadError> {
        let StockWire { legacy_resource_id, mut inventory_item } = item.wire;
        note_all(rests, row, &inventory_item.id, vec![(Part::Levels, &mut inventory_item.inventory_levels.page_info)]);
        let variant_id = legacy_resource_id.into_string();
        let mut levels = Levels { variant_id, tracked: inventory_item.tracked, levels: Vec::new() };
        levels.add(inventory_item.inventory_levels.nodes, reader)?;
        Ok(levels)
    }

    fn extend(
        levels: &mut Levels,
        rest: Rest,
        text: &RawValue,
        reader: Reader,
        rests: &mut Vec<Rest>,
    ) -> Result<(), ReadError> {
        let more: Connection<&RawValue> = list(text)?;
        levels.add(more.nodes, reader)?;
        note(rests, more.page_info, rest);
        Ok(())
    }

    fn objects(rows: Vec<Levels>) -> Objects {
        Objects::Inventory(rows.into_iter().flat_map(|row| row.levels).collect())
    }
}
