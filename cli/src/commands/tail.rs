//! Calls as they are made.
//!
//! The service log is read again and again, newest first, until what is known. A line is written when its call ends and stands where its
//! call began, so a long call's line turns up behind newer ones: the last minute is looked at each time, and what was shown is remembered.

use std::{collections::HashSet, time::Duration};

use serde_json::Value;

use crate::{
    arguments::Tail,
    client::Client,
    failure::Failure,
    screen::{Screen, plain},
};

const ACTIVITY: &str = "/v1/account/activity";
/// What this program's own looking is called in the log.
const OWN_ROUTE: &str = "GET /v1/account/activity";
/// Lines a page.
const PAGE: usize = 100;
/// Pages at a look: what comes faster than this is more than anyone reads.
const PAGES: usize = 20;
/// Lines behind the newest that are looked at again. A call takes half a minute at most.
pub(super) const AGAIN: usize = 200;
/// Between two looks: soon where something happens, later where nothing does. The slowest tier has two calls a second.
pub(super) const SOON: Duration = Duration::from_secs(1);
pub(super) const LATEST: Duration = Duration::from_secs(8);

pub(crate) async fn run(tail: Tail, client: &Client, screen: &mut Screen) -> Result<(), Failure> {
    let own = client.key_id();
    let wanted = |line: &Value| {
        let is_own = line["route"] == OWN_ROUTE && line["key"].as_str() == own.as_deref();
        (tail.own || !is_own)
            && tail.store.as_ref().is_none_or(|store| line["store"] == store.as_str())
            && (!tail.failed || line["status"].as_u64().is_some_and(|status| status >= 400))
    };
    let mut shown = Shown::default();
    let before = look((ACTIVITY, &[]), client, screen, &shown, tail.last.max(AGAIN)).await?;
    shown.note(&before);
    let last: Vec<&Value> = before.iter().filter(|line| wanted(line)).take(tail.last).collect();
    for line in last.into_iter().rev() {
        print(line, screen)?;
    }
    screen.note("Waiting for calls; ctrl-c ends.");
    let mut pause = SOON;
    loop {
        tokio::time::sleep(pause).await;
        let lines = match look((ACTIVITY, &[]), client, screen, &shown, usize::MAX).await {
            Ok(lines) => lines,
            // The network comes and goes; whoever watches wants to see what follows.
            Err(Failure::NoAnswer(what)) => {
                screen.progress(&format!("no answer ({what}), trying again"), true);
                pause = LATEST;
                continue;
            }
            Err(failure) => return Err(failure),
        };
        screen.clear_progress();
        shown.note(&lines);
        let new: Vec<&Value> = lines.iter().filter(|line| wanted(line)).collect();
        pause = if new.is_empty() { (pause * 2).min(LATEST) } else { SOON };
        for line in new.into_iter().rev() {
            print(line, screen)?;
        }
    }
}

/// What was seen: the newest line and those close behind it.
#[derive(Default)]
pub(super) struct Shown {
    ids: HashSet<String>,
    /// The oldest id that is remembered. Ids sort by when their call came in; what is older was there before.
    floor: String,
}

impl Shown {
    pub(super) fn note(&mut self, lines: &[Value]) {
        self.ids.extend(lines.iter().filter_map(|line| line["id"].as_str()).map(str::to_owned));
        if self.ids.len() > AGAIN {
            let mut ids: Vec<String> = self.ids.drain().collect();
            ids.sort_unstable();
            let kept = ids.split_off(ids.len() - AGAIN);
            self.floor = kept.first().cloned().unwrap_or_default();
            self.ids = kept.into_iter().collect();
        }
    }

    fn knows(&self, id: &str) -> bool {
        self.ids.contains(id) || id < self.floor.as_str()
    }
}

/// The lines that were not seen yet, newest first: page after page until one has nothing new, `most` at most.
pub(super) async fn look(
    (path, filters): (&str, &[(&'static str, String)]),
    client: &Client,
    screen: &mut Screen,
    shown: &Shown,
    most: usize,
) -> Result<Vec<Value>, Failure> {
    let mut lines = Vec::new();
    let mut cursor: Option<String> = None;
    for _ in 0..PAGES {
        let mut query = filters.to_vec();
        query.push(("per_page", PAGE.to_string()));
        query.extend(cursor.take().map(|cursor| ("cursor", cursor)));
        let page = client.get(path, &query, screen).await?;
        let rows = page["data"].as_array().ok_or_else(|| Failure::Unreadable("a list without rows".to_owned()))?;
        let new: Vec<Value> =
            rows.iter().filter(|row| row["id"].as_str().is_some_and(|id| !shown.knows(id))).cloned().collect();
        let nothing_new = new.is_empty() && !rows.is_empty();
        lines.extend(new);
        cursor = page["next_cursor"].as_str().map(str::to_owned);
        if nothing_new || cursor.is_none() || lines.len() >= most {
            break;
        }
    }
    Ok(lines)
}

fn print(line: &Value, screen: &mut Screen) -> Result<(), Failure> {
    if screen.json() {
        return screen.line(&line.to_string());
    }
    let text = |name: &str| plain(line[name].as_str().unwrap_or("-"));
    let number = |name: &str| line[name].as_u64().unwrap_or(0);
    let at = text("at");
    // The time of day is what one looks for; the date stands in `--json`.
    let time = at.get(11..19).unwrap_or(&at).to_owned();
    let status = number("status");
    let upstream = match number("upstream_calls") {
        0 => String::new(),
        calls => format!("  upstream {calls}\u{d7} {}", line["upstream_status"]),
    };
    let code = line["code"].as_str().map(|code| format!("  {}", plain(code))).unwrap_or_default();
    let store = line["store"].as_str().map(|store| format!("  {}", plain(store))).unwrap_or_default();
    screen.line(&format!(
        "{}  {}  {}  {} ms{}{}{}",
        screen.dim(&time),
        screen.status(status, &format!("{status}{code}")),
        text("route"),
        number("duration_ms"),
        screen.dim(&upstream),
        screen.dim(&store),
        screen.dim(&format!("  {}", text("key"))),
    ))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_line_that_comes_late_is_new_and_one_from_before_is_not() {
        let lines = |numbers: std::ops::Range<usize>| -> Vec<Value> {
            numbers.map(|number| json!({ "id": format!("req_{number:06}") })).collect()
        };
        let mut shown = Shown::default();
        assert!(!shown.knows("req_000001"));
        shown.note(&lines(1_000..1_100));
        assert!(shown.knows("req_001050") && !shown.knows("req_001100"));
        shown.note(&lines(1_101..1_400));
        assert!(shown.knows("req_000999") && shown.knows("req_001399"), "what is long past counts as seen");
        assert!(!shown.knows("req_001400"));
        assert_eq!(shown.ids.len(), AGAIN);
    }
}
