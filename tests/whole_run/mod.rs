//! What is left when everything else has run. Tests begin in the order of their names, so this one is the last to begin.

use std::{
    collections::BTreeSet,
    io::Write,
    path::Path,
    process::{Command, Stdio},
};

use cloud::data_map::DATA_MAP;
use personal_data::{Kind, Resource};
use serde_json::{Value, json};
use testkit::{
    marker,
    stack::{Stack, deploy::STACK, places::BuildPlace, tools::Tools},
};

use crate::data_map::flows::{Markers, walk};

/// A category that only a place has that may hold anything of a person.
const ANYTHING: &str = "user.financial";

/// The category of the data map under which a person whom Presidio finds has to be declared.
fn category(entity: &str) -> &'static str {
    match entity {
        "PERSON" => "user.name",
        "EMAIL_ADDRESS" => "user.contact.email",
        "PHONE_NUMBER" => "user.contact.phone_number",
        // Numbers of cards, accounts and documents: nowhere of ours.
        _ => ANYTHING,
    }
}

/// Where logs, messages and objects of one of the map's resources rest; nothing for what is of another kind.
fn place(resource: &Resource) -> Option<String> {
    match resource.kind {
        Kind::Queue { .. } | Kind::DeadLetter { .. } => Some(format!("sqs/{STACK}-{}", resource.name)),
        Kind::Bucket { .. } => Some(format!("s3/{STACK}-{}", resource.name)),
        _ => None,
    }
}

/// Whether the map declares such a datum of somebody at a place, by itself or in what may hold anything of a person.
fn is_declared(found_at: &str, wanted: &str) -> bool {
    DATA_MAP.resources.iter().filter(|resource| place(resource).is_some_and(|place| found_at.starts_with(&place))).any(
        |resource| {
            DATA_MAP.personal_of(resource).any(|held| {
                wanted.strip_prefix(held.personal.category).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
            })
        },
    )
}

/// Whom Presidio finds in these texts, as (place, entity, text).
fn found(names: &[&str], holdings: &[Value]) -> BTreeSet<(String, String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("whole_run");
    let home = BuildPlace::of_this_program().unwrap().target.join("presidio");
    let tools = Tools::pinned(&home, &folder.join("requirements.txt")).unwrap();
    let mut check = Command::new(tools.python);
    check.arg(folder.join("check.py")).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut check = check.spawn().unwrap();
    let mut lines = json!(names).to_string();
    for holding in holdings {
        lines.push('\n');
        lines.push_str(&holding.to_string());
    }
    let mut input = check.stdin.take().unwrap();
    let writing = std::thread::spawn(move || input.write_all(lines.as_bytes()));
    let output = check.wait_with_output().unwrap();
    writing.join().unwrap().unwrap();
    assert!(output.status.success());
    let text = |find: &Value, field: &str| find[field].as_str().unwrap().to_owned();
    let finds = String::from_utf8(output.stdout).unwrap();
    finds
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .map(|find| (text(&find, "place"), text(&find, "entity"), text(&find, "text")))
        .collect()
}

#[tokio::test]
async fn presidio_finds_nobody_in_logs_queues_and_buckets_but_where_the_map_says_so() {
    let stack = Stack::shared();
    let markers = Markers::new();
    walk(stack, &markers).await;
    let ours = |place: &str| {
        let stacks = ["sqs", "s3"].iter().any(|kind| place.starts_with(&format!("{kind}/{STACK}-")));
        // What is deployed, the deployment's own address for mail in it.
        let deployed = place.starts_with(&format!("s3/{STACK}-artifacts/"));
        (stacks && !deployed) || place.starts_with("logs/") || place == "mail"
    };
    let holdings: Vec<Value> = marker::holdings(stack.aws())
        .await
        .unwrap()
        .into_iter()
        // Where the map says that anything of a person may be, as in a file that somebody asked for, nothing can be found out.
        .filter(|holding| ours(&holding.place) && !is_declared(&holding.place, ANYTHING))
        .map(|holding| json!({ "place": holding.place, "content": String::from_utf8_lossy(&holding.content) }))
        .collect();
    let (mails, ours): (BTreeSet<_>, BTreeSet<_>) =
        found(&[&markers.name], &holdings).into_iter().partition(|(place, ..)| place == "mail");
    let stray: Vec<_> = ours.iter().filter(|(place, entity, _)| !is_declared(place, category(entity))).collect();
    assert!(stray.is_empty(), "{stray:#?}");

    // It sees people where there are any, or it would prove nothing.
    let whom = |entity: &str, text: &str| mails.iter().any(|(_, is, of)| is == entity && of == text);
    assert!(whom("EMAIL_ADDRESS", &markers.email), "the mailbox has the letter of whoever signed up");
    let planted = json!({ "place": "logs/planted", "content": format!("{} of {} at +49 30 901820", markers.name, markers.email) });
    let seen: Vec<String> = found(&[&markers.name], &[planted]).into_iter().map(|(_, entity, _)| entity).collect();
    assert_eq!(seen, ["EMAIL_ADDRESS", "PERSON", "PHONE_NUMBER"]);
}
