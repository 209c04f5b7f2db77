//! Reading pages and single objects: as many rows at once as their cost allows, then what their inner lists have beyond the first rows.
//!
//! A page that costs too much for one query is asked for in several, one after another. The rest of inner lists is asked for together, as
//! many lists in a query as fit: no query per object.

use std::collections::BTreeMap;

use bytes::Bytes;
use domain::money::Currency;
use http::StatusCode;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::Door;
use super::answer::{Answers, ask, ask_one};
use super::kind::{Kind, Reader, Rest};
use super::query::{Document, MAX_COST, Selection, connection_cost, rows_at_once};
use super::select::{Part, Plan};
use super::wire::{PageInfo, Shop};
use crate::connector::{Objects, Outcome, ReadError, Turn};
use crate::cursor::List;
use crate::upstream::item;

/// The rows of an inner list in a follow-up, the most that Shopify gives.
const REST_ROWS: u32 = 250;

/// The fewest rows that are asked for in a follow-up before a list is given up as too expensive.
const FEWEST_ROWS: u32 = 10;

/// The most rounds of follow-ups: enough for the 2,048 variants that a product may have, even in small pieces.
const ROUNDS: u8 = 100;

/// A page to read.
pub(super) struct Page {
    pub(super) list: List,
    /// Where it starts.
    pub(super) after: Option<String>,
    /// Shopify's search text.
    pub(super) filter: Option<String>,
}

/// What has been read so far, and with what the rest is.
struct Reading<K: Kind> {
    door: Door,
    plan: Plan,
    reader: Reader,
    rows: Vec<K::Row>,
    rests: Vec<Rest>,
    /// How many rows of an inner list are asked for at once.
    rest_rows: u32,
}

/// What becomes of the rows when all is read.
type End<K> = Box<dyn FnOnce(Vec<<K as Kind>::Row>) -> Result<Outcome, ReadError> + Send>;

impl<K: Kind> Reading<K> {
    fn new(door: Door, plan: Plan, include_remote: bool) -> Self {
        let reader = Reader { currency: None, include_remote };
        Self { door, plan, reader, rows: Vec::new(), rests: Vec::new(), rest_rows: REST_ROWS }
    }

    /// The fields of the shop that are needed beside the objects.
    fn root(&self) -> Selection {
        let mut root = Selection::default();
        if self.plan.shop {
            root.object("shop", &Selection::of("currencyCode"));
        }
        root
    }

    fn take(&mut self, row: &RawValue) -> Result<(), ReadError> {
        let item = item(row.get().as_bytes(), self.reader.include_remote)?;
        let mut rests = Vec::new();
        let index = self.rows.len();
        self.rows.push(K::read(item, self.reader, index, &mut rests)?);
        self.note(rests);
        Ok(())
    }

    /// A list of which only a sample was asked for is not read on.
    fn note(&mut self, rests: Vec<Rest>) {
        let plan = &self.plan;
        self.rests.extend(rests.into_iter().filter(|rest| plan.part(rest.part).is_some()));
    }
}

/// Reads a page.
pub(super) fn page<K: Kind>(door: Door, plan: Plan, page: Page, include_remote: bool) -> Turn {
    let at_once = rows_at_once(u32::from(page.list.per_page), plan.row.cost());
    rows(Reading::<K>::new(door, plan, include_remote), page, at_once)
}

/// Asks for rows until the page is full or the list ends, at most `at_once` in a query.
fn rows<K: Kind>(mut reading: Reading<K>, mut page: Page, at_once: u32) -> Turn {
    let per_page = usize::from(page.list.per_page);
    let missing = u32::try_from(per_page.saturating_sub(reading.rows.len())).unwrap_or(1);
    let first = at_once.min(missing).max(1);
    let mut root = reading.root();
    let filter = if page.filter.is_some() { ", query: $query" } else { "" };
    root.connection(K::MANY, first, &format!(", after: $after, sortKey: ID{filter}"), &reading.plan.row);
    let mut document = Document::query(root).with("after", "String", page.after.clone());
    if let Some(filter) = &page.filter {
        document = document.with("query", "String", filter.clone());
    }
    let door = reading.door.clone();
    let next = move |answers: Answers| {
        if matches!(answers, Answers::TooExpensive) && first > 1 {
            // Our estimate was too low: half of it is asked for, from the same place.
            return Ok(rows(reading, page, first / 2));
        }
        let data = answers.data()?.pop().ok_or(ReadError::Unreadable("no answer"))?;
        let data = Data::read(&data)?;
        reading.reader.currency = data.currency()?;
        let list: Rows<'_> = data.field(K::MANY)?.ok_or(ReadError::Unreadable("the list is missing"))?;
        for row in &list.nodes {
            reading.take(row)?;
        }
        page.after = list.page_info.rest();
        if page.after.is_some() && reading.rows.len() < per_page && !list.nodes.is_empty() {
            return Ok(rows(reading, page, at_once));
        }
        let next_cursor = page.after.map(|after| page.list.token_cursor(&after));
        rests(reading, 1, Box::new(|rows| Ok(Outcome::Page { objects: K::objects(rows), next_cursor })))
    };
    ask(door, &[document], Box::new(next))
}

/// Reads one object by its global id.
pub(super) fn one<K: Kind>(door: Door, plan: Plan, gid: String, include_remote: bool) -> Turn {
    one_of::<K>(door, plan, gid, include_remote, Box::new(the_first))
}

/// What is taken of what was read.
pub(super) type Pick = Box<dyn FnOnce(Objects) -> Result<Outcome, ReadError> + Send>;

/// Reads one object by its global id and takes of it what `pick` says.
pub(super) fn one_of<K: Kind>(door: Door, plan: Plan, gid: String, include_remote: bool, pick: Pick) -> Turn {
    let mut reading = Reading::<K>::new(door.clone(), plan, include_remote);
    let mut root = reading.root();
    root.object(&format!("{}(id: $id)", K::ONE), &reading.plan.row);
    let document = Document::query(root).with("id", "ID!", gid);
    ask_one(door, &document, move |data| {
        let data = Data::read(&data)?;
        reading.reader.currency = data.currency()?;
        let row: &RawValue = data.field(K::ONE)?.ok_or_else(not_found)?;
        reading.take(row)?;
        rests(reading, 1, Box::new(|rows| pick(K::objects(rows))))
    })
}

/// An outcome of exactly one object. A variant that is stocked nowhere has no level.
fn the_first(mut objects: Objects) -> Result<Outcome, ReadError> {
    if let Objects::Inventory(levels) = &mut objects {
        levels.truncate(1);
    }
    if objects.is_empty() { Err(not_found()) } else { Ok(Outcome::One(objects)) }
}

pub(super) fn not_found() -> ReadError {
    ReadError::Upstream { status: StatusCode::NOT_FOUND, retry_after: None, text: String::new() }
}

/// Reads what inner lists have left, as many of them in a query as fit, until there is nothing left.
fn rests<K: Kind>(mut reading: Reading<K>, round: u8, end: End<K>) -> Result<Turn, ReadError> {
    let open = std::mem::take(&mut reading.rests);
    if open.is_empty() {
        return Ok(Turn::Done(end(reading.rows)?));
    }
    if round > ROUNDS {
        return Err(ReadError::Unreadable("an object has more parts than can be read"));
    }
    let (documents, open) = packed::<K>(&reading.plan, open, reading.rest_rows);
    let door = reading.door.clone();
    let next = move |answers: Answers| {
        if matches!(answers, Answers::TooExpensive) && reading.rest_rows > FEWEST_ROWS {
            // Our estimate was too low: the same lists again, each by itself and with half the rows.
            reading.rest_rows /= 2;
            reading.rests = open.into_iter().flatten().collect();
            return rests(reading, round, end);
        }
        for (text, open) in answers.data()?.iter().zip(open) {
            let data = Data::read(text)?;
            for (place, rest) in open.into_iter().enumerate() {
                // Null when it was deleted since its page was read.
                let Some(owner) = data.field::<Data<'_>>(&alias(place))? else { continue };
                let list: Option<&RawValue> = owner.field(rest.part.field())?;
                let (Some(list), Some(row)) = (list, reading.rows.get_mut(rest.row)) else { continue };
                let mut rests = Vec::new();
                K::extend(row, rest, list, reading.reader, &mut rests)?;
                reading.note(rests);
            }
        }
        rests(reading, round + 1, end)
    };
    Ok(ask(door, &documents, Box::new(next)))
}

/// Documents that ask for the rest of lists, at most `rows` of each, and which lists each of them asks for.
fn packed<K: Kind>(plan: &Plan, open: Vec<Rest>, rows: u32) -> (Vec<Document>, Vec<Vec<Rest>>) {
    let mut groups: Vec<Vec<Rest>> = Vec::new();
    let mut cost = f64::INFINITY;
    for rest in open {
        let row = plan.part(rest.part).map_or(0.0, Selection::cost);
        let more = 1.0 + connection_cost(rows_at_once(rows, row), row);
        if rows < REST_ROWS || cost + more > MAX_COST {
            groups.push(Vec::new());
            cost = 0.0;
        }
        cost += more;
        if let Some(group) = groups.last_mut() {
            group.push(rest);
        }
    }
    (groups.iter().map(|group| document::<K>(plan, group, rows)).collect(), groups)
}

fn document<K: Kind>(plan: &Plan, group: &[Rest], rows: u32) -> Document {
    let mut root = Selection::default();
    let mut variables = Vec::new();
    for (place, rest) in group.iter().enumerate() {
        let Some(row) = plan.part(rest.part) else { continue };
        let owner = if rest.part == Part::Levels { "inventoryItem" } else { K::ONE };
        let mut list = Selection::default();
        let rows = rows_at_once(rows, row.cost());
        list.connection(rest.part.field(), rows, &format!(", after: $after{place}"), row);
        root.object(&format!("{}: {owner}(id: $id{place})", alias(place)), &list);
        variables.push((format!("id{place}"), "ID!", rest.gid.clone()));
        variables.push((format!("after{place}"), "String", rest.after.clone()));
    }
    variables.into_iter().fold(Document::query(root), |document, (name, kind, value)| document.with(&name, kind, value))
}

/// What the answer calls the list at a place of a document.
fn alias(place: usize) -> String {
    format!("rest{place}")
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Rows<'a> {
    #[serde(borrow)]
    nodes: Vec<&'a RawValue>,
    #[serde(default)]
    page_info: PageInfo,
}

/// The fields of an answer by name.
#[derive(Deserialize)]
pub(super) struct Data<'a>(#[serde(borrow)] BTreeMap<String, Option<&'a RawValue>>);

impl<'a> Data<'a> {
    pub(super) fn read(text: &'a Bytes) -> Result<Self, ReadError> {
        serde_json::from_slice(text).map_err(|_| ReadError::Unreadable("the data is not an object"))
    }

    /// A field; `None` when it is null or absent.
    pub(super) fn field<T: Deserialize<'a>>(&self, name: &str) -> Result<Option<T>, ReadError> {
        let Some(Some(text)) = self.0.get(name) else { return Ok(None) };
        serde_json::from_str(text.get()).map(Some).map_err(|_| ReadError::Unreadable("not the documented object"))
    }

    fn currency(&self) -> Result<Option<Currency>, ReadError> {
        let shop: Option<Shop<'_>> = self.field("shop")?;
        Ok(shop.and_then(|shop| shop.currency_code).and_then(|code| code.parse().ok()))
    }
}
