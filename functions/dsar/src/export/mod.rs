//! The file with what is held of a person (`privacy.md` D.7; R036, R054, R059, R178, R181).
//!
//! A ZIP in the bucket `exports`: what the data map gives out of each place as JSON and as CSV, a schema, a manifest with the hash of every file,
//! and a summary to read in two languages. However much is held, an invocation holds one chunk of it and one part of the file; where its time ends,
//! another goes on from a checkpoint.

mod archive;
mod cells;
mod papers;

use cloud::{
    dynamo::{
        Unavailable,
        disclosed::{self, Extent, Row},
    },
    requests::export_key,
};
use domain::request::Kind;
use jiff::Timestamp;

use self::archive::Archive;
use crate::{
    erase::{Who, contact},
    plan::{self, Branches, Holding, Person},
    run::{Progress, Running, WORTHWHILE},
};

/// How much of a record is held at once, in bytes of its JSON.
const CHUNK: usize = 4 << 20;

/// How far the work on one place has come: the holding, the shelf, and the row after which it goes on.
#[derive(Clone, Default, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
struct Cursor {
    holding: usize,
    pk: String,
    sk: Option<String>,
}

/// Writes the file, or as much of it as there is time for.
pub(crate) async fn write(running: &mut Running<'_>) -> Result<Progress, Unavailable> {
    let app = running.app;
    let key = export_key(&running.request.id);
    let from = running.run.checkpoint;
    let all_written = !running.places.is_empty() && running.places.iter().all(|place| place.done_at.is_some());
    if all_written && (from == 0 || app.exports.exists(&key).await?) {
        // What was lost is the step, or the note that the file is there.
        return Ok(Progress::Done);
    }
    let (mut archive, resumed) = Archive::resume(&app.exports, &key, from).await?;
    if !resumed {
        // At the beginning, or the checkpoint is gone with its time.
        for place in &mut running.places {
            (place.cursor, place.done_at, place.found, place.acted) = (None, None, 0, 0);
        }
    }
    let extent = extent(running.request.kind);
    let places = plan::places(running.request.kind);
    for number in 0..running.places.len() {
        let row = &running.places[number];
        let Some(place) = places.iter().find(|place| place.name == row.place) else { continue };
        if row.done_at.is_some() {
            continue;
        }
        let mut cursor = row.cursor.as_deref().and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
        let written = holdings(running, &mut archive, place.holdings, extent, &mut cursor).await?;
        let row = &mut running.places[number];
        row.found += written.rows;
        row.acted += written.rows;
        if !written.all {
            row.cursor = serde_json::to_string(&cursor).ok();
            keep(running, &archive, from).await?;
            return Ok(Progress::More);
        }
        row.cursor = None;
        row.done_at = Some(app.clock.now());
    }
    if !all_written {
        papers::add(running, &mut archive, extent).await?;
        if archive.is_sent_in_parts() {
            // An object of parts is made once: who comes back must know that nothing but that is left.
            keep(running, &archive, from).await?;
        }
    }
    archive.finish().await?;
    if running.run.checkpoint > 0 {
        archive::forget(&app.exports, &key, running.run.checkpoint).await?;
        running.run.checkpoint = 0;
    }
    Ok(Progress::Done)
}

/// Lets another invocation go on from here.
async fn keep(running: &mut Running<'_>, archive: &Archive<'_>, from: u32) -> Result<(), Unavailable> {
    let next = from + 1;
    archive.checkpoint(next).await?;
    running.run.checkpoint = next;
    running.save_all().await?;
    if from > 0 {
        archive::forget(&running.app.exports, &export_key(&running.request.id), from).await?;
    }
    Ok(())
}

/// How much of each record the file has.
fn extent(kind: Kind) -> Extent {
    if kind == Kind::Portability { Extent::Provided } else { Extent::Everything }
}

struct Written {
    rows: u64,
    /// Whether that is all of the place.
    all: bool,
}

/// Writes what is left of a place, or as much as there is time for.
async fn holdings(
    running: &Running<'_>,
    archive: &mut Archive<'_>,
    holdings: &[Holding],
    extent: Extent,
    cursor: &mut Cursor,
) -> Result<Written, Unavailable> {
    let mut written = Written { rows: 0, all: true };
    let Some(account) = &running.account else { return Ok(written) };
    let app = running.app;
    let now = app.clock.now();
    let person = Person { request: &running.request.id, account };
    let branches = branches(running, account).await?;
    for (number, holding) in holdings.iter().enumerate().skip(cursor.holding) {
        if number > cursor.holding {
            *cursor = Cursor { holding: number, ..Cursor::default() };
        }
        let extent = holding.rests.extent(extent);
        let columns = disclosed::attributes(&holding.record, extent);
        if columns.is_empty() {
            continue;
        }
        let mut chunk = Chunk::default();
        let shelves = holding.rests.shelves(&app.config, &person, &branches, now);
        for shelf in &shelves {
            if shelf.pk < cursor.pk {
                continue;
            }
            let mut after = cursor.sk.take().filter(|_| shelf.pk == cursor.pk);
            cursor.pk.clone_from(&shelf.pk);
            loop {
                let page = app.disclosed.page(&holding.record, extent, shelf, after.as_deref(), now).await?;
                written.rows += page.rows.len() as u64;
                chunk.take(page.rows);
                after = page.next;
                if chunk.bytes >= CHUNK {
                    chunk.write(archive, holding.file, &columns).await?;
                }
                if running.budget.left() < WORTHWHILE {
                    chunk.write(archive, holding.file, &columns).await?;
                    if after.is_none() {
                        // The shelf is done: what sorts right behind it is the next.
                        cursor.pk.push('\0');
                    }
                    cursor.sk = after;
                    written.all = false;
                    return Ok(written);
                }
                if after.is_none() {
                    break;
                }
            }
        }
        chunk.write(archive, holding.file, &columns).await?;
    }
    Ok(written)
}

/// What of the person leads to further rows.
async fn branches(running: &Running<'_>, account: &domain::id::AccountId) -> Result<Branches, Unavailable> {
    let accounts = &running.app.accounts;
    let applications = accounts.all_applications(account).await?;
    let who = Who { account: account.clone(), email: running.request.email.clone() };
    Ok(Branches {
        applications: applications.into_iter().map(|application| application.id).collect(),
        stores: accounts.all_stores(account).await?,
        contact: contact(running.app, &who).await?.map(|contact| contact.id),
    })
}

/// Rows that are not written yet.
#[derive(Default)]
struct Chunk {
    rows: Vec<Row>,
    bytes: usize,
}

impl Chunk {
    fn take(&mut self, rows: Vec<Row>) {
        // A name and a value are about as long here as in JSON.
        let size = |row: &Row| -> usize { row.iter().map(|(name, value)| name.len() + length(value) + 6).sum() };
        self.bytes += rows.iter().map(size).sum::<usize>();
        self.rows.extend(rows);
    }

    /// Writes them as the next file of a record, in both forms.
    async fn write(
        &mut self,
        archive: &mut Archive<'_>,
        file: &str,
        columns: &[&'static str],
    ) -> Result<(), Unavailable> {
        if self.rows.is_empty() {
            return Ok(());
        }
        let rows = std::mem::take(self).rows;
        let is_one = |member: &archive::Member| {
            let rest = member.name.strip_prefix("data/").and_then(|name| name.strip_prefix(file));
            rest.is_some_and(|rest| rest.ends_with(".json") && (rest.starts_with('.') || rest.starts_with('-')))
        };
        let before = archive.members().iter().filter(|member| is_one(member)).count();
        // The first is called by its record alone: it is the only one for nearly everybody.
        let name = if before == 0 { format!("data/{file}") } else { format!("data/{file}-{:04}", before + 1) };
        archive.add(&format!("{name}.json"), &cells::json(&rows)).await?;
        archive.add(&format!("{name}.csv"), &cells::csv(columns, &rows)).await
    }
}

fn length(value: &serde_json::Value) -> usize {
    use serde_json::Value;
    match value {
        Value::String(text) => text.len(),
        Value::Array(values) => values.iter().map(length).sum(),
        Value::Object(members) => members.iter().map(|(name, value)| name.len() + length(value) + 6).sum(),
        Value::Null | Value::Bool(_) | Value::Number(_) => 8,
    }
}

/// The time over which the file reaches: everything that is held, whatever its age, up to now (`privacy.md` A.6, 6).
fn window(now: Timestamp) -> serde_json::Value {
    serde_json::json!({ "from": null, "to": now })
}
