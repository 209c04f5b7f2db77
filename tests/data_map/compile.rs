//! Gate 1: what is stored is annotated.
//!
//! That a field without an annotation does not compile is shown beside the derive (`shared/personal-data/derive`). Here:
//! there is no way around the derive, because only `cloud` reaches a table and everything that it stores derives it.

use std::path::{Path, PathBuf};

/// Rooms that may name the SDKs of what stores: `cloud`, and what is never deployed.
const MAY_REACH_A_STORE: &[&str] = &["shared/cloud/", "shared/testkit/", "infra/local/", "tests/", "bench/"];

/// The SDKs of what stores.
const STORES: &[&str] = &["dynamodb", "sqs", "secretsmanager", "s3", "sesv2", "cloudwatchlogs", "scheduler"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().unwrap()
}

/// Every source file and manifest of ours, with its path from the project's root.
pub(super) fn sources() -> Vec<(String, String)> {
    let root = root();
    let mut folders: Vec<PathBuf> =
        ["functions", "shared", "infra", "tests", "bench"].iter().map(|folder| root.join(folder)).collect();
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).into_iter().flatten() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if path.is_dir() && name != "target" && name != "node_modules" && !name.starts_with('.') {
                folders.push(path);
            } else if name.ends_with(".rs") || name == "Cargo.toml" {
                let relative = path.strip_prefix(&root).unwrap().to_string_lossy().into_owned();
                files.push((relative, std::fs::read_to_string(&path).unwrap()));
            }
        }
    }
    files
}

fn reaches_a_store(text: &str) -> bool {
    let names = STORES.iter().flat_map(|store| [format!("aws_sdk_{store}"), format!("aws-sdk-{store}")]);
    names.into_iter().any(|name| text.contains(&name))
}

#[test]
fn only_cloud_reaches_a_store() {
    let around: Vec<String> = sources()
        .into_iter()
        .filter(|(path, text)| {
            let allowed = MAY_REACH_A_STORE.iter().any(|room| path.starts_with(room));
            !allowed && reaches_a_store(text)
        })
        .map(|(path, _)| path)
        .collect();
    assert!(around.is_empty(), "these name an SDK that stores; only `cloud` may: {around:#?}");
    assert!(reaches_a_store("use aws_sdk_dynamodb::Client;") && reaches_a_store("aws-sdk-s3 = \"1\""));
}

/// The structs of a source text that are stored or look like it, each with whether it derives its annotations.
///
/// What is stored is called an item, a line or a message (`docs/ARCHITECTURE.md`); the recorder finds what is not.
fn stored_structs(text: &str) -> Vec<(String, bool)> {
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    let mut found = Vec::new();
    for (place, line) in lines.iter().enumerate() {
        let Some((before, rest)) = line.split_once("struct ") else {
            continue;
        };
        if !(before.is_empty() || before.starts_with("pub")) {
            continue;
        }
        let name: String = rest.chars().take_while(|letter| letter.is_alphanumeric()).collect();
        let above = lines.iter().take(place).rev();
        let attributes: Vec<&str> = above.copied().take_while(|line| !line.is_empty() && *line != "}").collect();
        let derives = |what: &str| attributes.iter().any(|line| line.starts_with("#[derive(") && line.contains(what));
        let named_so = ["Item", "Line", "Message"].iter().any(|end| name.ends_with(end));
        if derives("PersonalData") || (named_so && derives("Serialize")) {
            found.push((name, derives("PersonalData")));
        }
    }
    found
}

/// What [`stored_structs`] finds in `cloud`, with the file's path.
fn stored_by_cloud() -> Vec<(String, String, bool)> {
    let cloud = sources().into_iter().filter(|(path, _)| path.starts_with("shared/cloud/src/"));
    let structs = cloud.flat_map(|(path, text)| {
        stored_structs(&text).into_iter().map(move |(name, derives)| (path.clone(), name, derives))
    });
    structs.collect()
}

#[test]
fn everything_that_cloud_stores_derives_its_annotations() {
    let bare: Vec<_> = stored_by_cloud().into_iter().filter(|(_, _, derives)| !derives).collect();
    assert!(bare.is_empty(), "these are stored and do not derive PersonalData: {bare:#?}");
    let sample = "#[derive(Serialize, PersonalData)]\nstruct A {\n}\n\n#[derive(Serialize)]\npub struct BItem {\n}";
    assert_eq!(stored_structs(sample), [("A".to_owned(), true), ("BItem".to_owned(), false)]);
}

/// The lines of a source text that turn a value of any type into something stored without asking that the type is annotated.
/// `scope` starts the line that would ask: the function, or the implementation around it.
fn unasked(text: &str, call: &str, scope: &str) -> Vec<usize> {
    let shipped = text.split("#[cfg(test)]").next().unwrap_or_default();
    let lines: Vec<&str> = shipped.lines().collect();
    let calls = lines.iter().enumerate().filter(|(_, line)| line.contains(call));
    let unasked = calls.filter(|(place, _)| {
        let around = lines.iter().take(place + 1).rev().find(|line| line.contains(scope));
        !around.is_some_and(|around| around.contains("PersonalData"))
    });
    unasked.map(|(place, _)| place + 1).collect()
}

#[test]
fn only_annotated_types_are_stored_or_sent() {
    let mut met = 0;
    for (path, text) in sources().into_iter().filter(|(path, _)| path.starts_with("shared/cloud/src/")) {
        for (call, scope) in [("to_item(", "fn "), ("to_string(message)", "fn ")] {
            met += usize::from(text.contains(call));
            let lines = unasked(&text, call, scope);
            assert!(lines.is_empty(), "{path}, lines {lines:?}: `{call}` for a type that need not be `PersonalData`");
        }
    }
    assert!(met >= 3, "tables, journals and queues were found");
    assert_eq!(unasked("fn put<T: Serialize>(item: &T) {\n    to_item(item)\n}", "to_item(", "fn "), [2]);
}

#[test]
fn every_annotated_record_is_in_the_map() {
    let known = |name: &str| cloud::data_map::DATA_MAP.records.iter().any(|record| record.name == name);
    let missing: Vec<_> = stored_by_cloud().into_iter().filter(|(_, name, _)| !known(name)).collect();
    assert!(missing.is_empty(), "these are annotated and not in `cloud::data_map`: {missing:#?}");
}
