//! The documents for people: what the routes of the same names answer, as tables.

use std::fmt::Write;

use privacy::records::Operator;

/// A stack is in one of two regions.
const REGION: &str = "the stack's own region: the European Union or the United States";

fn head(title: &str, route: &str, text: &str) -> String {
    format!(
        "# {title}\n\nMade by `cargo run -p privacy-documents` from the data map and the registry of processors (`shared/cloud/src/processors.rs`); a test compares. \
         `GET {route}` answers the same in JSON.\n\n{text}\n\n"
    )
}

/// A list in a cell.
fn list<'a>(of: impl IntoIterator<Item = &'a &'static str>) -> String {
    of.into_iter().copied().collect::<Vec<_>>().join("; ")
}

/// Writes a row. Writing to a string does not fail.
fn row(page: &mut String, cells: &[&str]) {
    let _ = writeln!(page, "| {} |", cells.join(" | "));
}

fn rows(page: &mut String, heads: &[&str]) {
    row(page, heads);
    row(page, &vec!["---"; heads.len()]);
}

/// Who works for the deployment.
pub(crate) fn processors() -> String {
    let published = privacy::processors::processors(REGION);
    let text = "Nothing is sold, and nothing is shared for anybody's own ends. Whoever runs a deployment adds a row for each service that gets data from it.";
    let mut page = head("Processors and other recipients", "/privacy/processors", text);
    rows(&mut page, &["processor", "kind", "task", "may get", "for", "where", "agreement", "transfers rest on"]);
    for works in &published.processors {
        let name = if works.enabled { works.name.to_owned() } else { format!("{} (off)", works.name) };
        let (agreement, transfer) = (works.agreement.unwrap_or("none"), works.transfer.unwrap_or("none"));
        let (data, purposes) = (list(works.data), list(&works.purposes));
        row(&mut page, &[&name, works.category, works.task, &data, &purposes, &works.region, agreement, transfer]);
    }
    let _ = writeln!(page, "\nEvery processor is of one of these kinds: {}.\n", published.categories.join("; "));
    rows(&mut page, &["recipients", "on the ground of"]);
    for kind in published.recipients {
        row(&mut page, &[kind.kind, kind.ground]);
    }
    page
}

/// The records of processing activities.
pub(crate) fn records() -> String {
    let operator = Operator {
        contact: "whoever runs the deployment; `/.well-known/security.txt` names the contact".to_owned(),
        region: REGION.to_owned(),
    };
    let records = privacy::records::records(&operator);
    let text = format!("Records of: {}.\n\nProcessed in: {}.", records.contact, records.region);
    let mut page = head("Records of processing activities (GDPR Art. 30)", "/privacy/records", &text);
    rows(&mut page, &["purpose", "role", "about", "data", "legal bases", "given to", "kept"]);
    for activity in &records.activities {
        let kept = activity.kept.iter().map(String::as_str).collect::<Vec<_>>().join("; ");
        let (about, data, bases) = (list(&activity.about), list(&activity.categories), list(&activity.bases));
        let given_to = list(&activity.given_to);
        row(&mut page, &[activity.purpose, activity.role, &about, &data, &bases, &given_to, &kept]);
    }
    page.push_str("\nTransfers out of the European Union:\n\n");
    for transfer in records.transfers {
        let _ = writeln!(page, "- {}: {}", transfer.to, transfer.rests_on);
    }
    page.push_str("\nWhat keeps data safe:\n\n");
    for measure in records.security {
        let _ = writeln!(page, "- {measure}");
    }
    page
}

/// How long what is kept.
pub(crate) fn retention() -> String {
    let text = "A copy in a backup lives so many days longer than what it is a copy of. What is counted in days has no backup.";
    let mut page = head("How long data is kept", "/privacy/retention", text);
    rows(&mut page, &["place", "kind", "class", "kept", "backup, days", "about", "data", "an erasure"]);
    for kept in privacy::retention::retention().data {
        let (about, data, erasure) = (list(&kept.about), list(&kept.categories), list(&kept.erasure));
        let backup = kept.backup_days.to_string();
        row(&mut page, &[kept.place, kept.kind, kept.class, &kept.kept, &backup, &about, &data, &erasure]);
    }
    page
}
