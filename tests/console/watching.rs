//! `tail`: calls as they are made.

use std::{
    io::{BufRead, BufReader},
    process::Command,
    sync::mpsc,
    time::Duration,
};

use domain::scope::{Scope, ScopeSet};
use serde_json::Value;

use super::{Terminal, piped};
use crate::control::house::House;

const PATIENCE: Duration = Duration::from_secs(40);

/// The lines that someone prints.
fn lines(of: impl std::io::Read + Send + 'static) -> mpsc::Receiver<String> {
    let (send, lines) = mpsc::channel();
    std::thread::spawn(move || {
        for line in BufReader::new(of).lines().map_while(Result::ok) {
            if send.send(line).is_err() {
                return;
            }
        }
    });
    lines
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_is_shown_when_it_is_made_and_ctrl_c_ends_it() {
    let house = House::new().await;
    let owner = house.owner().await;
    let holding = house.holding(&owner, ScopeSet::of(&[Scope::UsageRead])).await;
    let (watcher, caller) = (Terminal::with(&owner.key), Terminal::with(&holding.key));
    caller.run("usage --json").await.fine();

    let mut child = piped(&mut watcher.command("tail"));
    let (out, err) = (lines(child.stdout.take().unwrap()), lines(child.stderr.take().unwrap()));
    let ready = tokio::task::spawn_blocking(move || err.recv_timeout(PATIENCE)).await.unwrap().unwrap();
    assert!(ready.starts_with("Waiting for calls"), "{ready}");
    caller.run("usage --advice --json").await.fine();
    let line = tokio::task::spawn_blocking(move || out.recv_timeout(PATIENCE)).await.unwrap().unwrap();
    assert!(line.contains("  200  GET /v1/usage/advice  "), "what was made after it began, and first: {line}");
    assert!(line.contains(holding.key_id.as_str()), "{line}");

    let signalled = Command::new("kill").arg("-INT").arg(child.id().to_string()).status().unwrap();
    assert!(signalled.success());
    assert_eq!(child.wait().unwrap().code(), Some(130));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_begins_with_what_was_before_where_that_is_asked_for() {
    let house = House::new().await;
    let owner = house.owner().await;
    house.get(&owner, "/v1/account").await;
    house.get(&owner, "/v1/stores/str_00000000000000000000000000").await;
    house.app.journal().settle().await;
    let watcher = Terminal::with(&owner.key);
    let first = async |line: &'static str| {
        let mut child = piped(&mut watcher.command(line));
        let out = lines(child.stdout.take().unwrap());
        let read = tokio::task::spawn_blocking(move || out.recv_timeout(PATIENCE)).await.unwrap().unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
        serde_json::from_str::<Value>(&read).unwrap()
    };
    assert_eq!(first("tail --last 2 --json").await["route"], "GET /v1/account");
    let failed = first("tail --last 2 --failed --json").await;
    assert_eq!((&failed["route"], &failed["status"]), (&"GET /v1/stores/{store}".into(), &404.into()));
}
